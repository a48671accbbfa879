/* Sealed values and master keys, without a database. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/seal.h"

static const char key_v1[] = "v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
static const char key_v2[] = "v2:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";
static const char both[] = "v2:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=,"
                           "v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
static const char other_v1[] = "v1:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=";

static struct fam_key key_of(unsigned char byte)
{
    struct fam_key key;
    memset(key.bytes, byte, sizeof(key.bytes));
    return key;
}

static struct fam_place place_of(const char *column)
{
    struct fam_place place = {.table = "emotion_entries", .column = column, .part = 0};
    memset(place.row.bytes, 1, 16);
    memset(place.owner.bytes, 2, 16);
    return place;
}

static struct fam_seal *seal_of(const char *text)
{
    struct fam_status status = {0};
    struct fam_seal *seal = fam_seal_new(text, &status);
    cr_assert(seal, "%s", status.message);
    return seal;
}

struct sealed {
    unsigned char *data;
    size_t size;
};

static struct sealed close_text(const struct fam_key *key, const struct fam_place *place, const char *text)
{
    struct sealed sealed = {0};
    struct fam_status status = {0};
    cr_assert_eq(fam_seal_close(key, place, text, strlen(text), &sealed.data, &sealed.size, &status), FAM_OK);
    return sealed;
}

static enum fam_code open_code(const struct fam_key *key, const struct fam_place *place, const void *data, size_t size)
{
    struct fam_secret text = {0};
    struct fam_status status = {0};
    enum fam_code code = fam_seal_open(key, place, data, size, &text, &status);
    fam_secret_done(&text);
    return code;
}

Test(seal, a_sealed_value_opens_at_its_place_with_its_key)
{
    struct fam_key key = key_of(7);
    struct fam_place place = place_of("phrase");
    struct fam_secret text = {0};
    struct fam_status status = {0};
    struct sealed sealed = close_text(&key, &place, "Нет!");
    cr_assert_eq(sealed.size, strlen("Нет!") + FAM_SEAL_OVERHEAD);
    cr_assert_eq(sealed.data[0], 1, "the format byte");
    cr_assert_eq(fam_seal_open(&key, &place, sealed.data, sealed.size, &text, &status), FAM_OK);
    cr_assert_str_eq(fam_secret_text(&text), "Нет!");
    fam_secret_done(&text);
    free(sealed.data);
}

Test(seal, an_empty_value_is_sealed_too)
{
    struct fam_key key = key_of(7);
    struct fam_place place = place_of("phrase");
    struct sealed sealed = close_text(&key, &place, "");
    cr_assert_eq(sealed.size, (size_t)FAM_SEAL_OVERHEAD);
    cr_assert_eq(open_code(&key, &place, sealed.data, sealed.size), FAM_OK);
    free(sealed.data);
}

Test(seal, the_same_text_twice_gives_different_bytes)
{
    struct fam_key key = key_of(7);
    struct fam_place place = place_of("phrase");
    struct sealed a = close_text(&key, &place, "Нет!"), b = close_text(&key, &place, "Нет!");
    cr_assert_neq(memcmp(a.data, b.data, a.size), 0);
    free(a.data);
    free(b.data);
}

Test(seal, a_value_of_another_place_is_data_loss)
{
    struct fam_key key = key_of(7);
    struct fam_place home = place_of("phrase");
    struct sealed sealed = close_text(&key, &home, "Нет!");
    for (int i = 0; i < 5; i++) {
        struct fam_place other = home;
        if (i == 0)
            other.table = "readings";
        if (i == 1)
            other.column = "context";
        if (i == 2)
            other.row.bytes[15] ^= 1;
        if (i == 3)
            other.part = 1;
        if (i == 4)
            other.owner.bytes[0] ^= 1;
        cr_expect_eq(open_code(&key, &other, sealed.data, sealed.size), FAM_DATA_LOSS, "difference %d", i);
    }
    cr_assert_eq(open_code(&key, &home, sealed.data, sealed.size), FAM_OK);
    free(sealed.data);
}

Test(seal, names_of_table_and_column_do_not_run_together)
{
    struct fam_key key = key_of(7);
    struct fam_place a = place_of("bc"), b = place_of("c");
    a.table = "a";
    b.table = "ab";
    struct sealed sealed = close_text(&key, &a, "x");
    cr_assert_eq(open_code(&key, &b, sealed.data, sealed.size), FAM_DATA_LOSS);
    free(sealed.data);
}

Test(seal, every_changed_byte_and_every_cut_is_data_loss)
{
    struct fam_key key = key_of(7), wrong = key_of(8);
    struct fam_place place = place_of("phrase");
    struct sealed sealed = close_text(&key, &place, "Нет!");
    for (size_t i = 0; i < sealed.size; i++) {
        sealed.data[i] ^= 0x20;
        cr_expect_eq(open_code(&key, &place, sealed.data, sealed.size), FAM_DATA_LOSS, "byte %zu", i);
        sealed.data[i] ^= 0x20;
        cr_expect_eq(open_code(&key, &place, sealed.data, i), FAM_DATA_LOSS, "cut at %zu", i);
    }
    cr_assert_eq(open_code(&key, &place, NULL, 0), FAM_DATA_LOSS);
    cr_assert_eq(open_code(&wrong, &place, sealed.data, sealed.size), FAM_DATA_LOSS);
    cr_assert_eq(open_code(&key, &place, sealed.data, sealed.size), FAM_OK);
    free(sealed.data);
}

Test(seal, a_key_under_a_key_opens_at_its_place_only)
{
    struct fam_key outer = key_of(7), inner = key_of(9), opened = key_of(0);
    struct fam_place place = place_of("wrapped_user"), other = place_of("wrapped_family");
    struct fam_status status = {0};
    unsigned char wrapped[FAM_ENTRY_WRAP_SIZE];
    fam_seal_wrap(&outer, &place, &inner, wrapped);
    cr_assert_eq(fam_seal_unwrap(&outer, &other, wrapped, sizeof(wrapped), &opened, &status), FAM_DATA_LOSS);
    cr_assert_eq(fam_seal_unwrap(&inner, &place, wrapped, sizeof(wrapped), &opened, &status), FAM_DATA_LOSS);
    cr_assert_eq(fam_seal_unwrap(&outer, &place, wrapped, sizeof(wrapped) - 1, &opened, &status), FAM_DATA_LOSS);
    cr_assert_eq(fam_seal_unwrap(&outer, &place, wrapped, sizeof(wrapped), &opened, &status), FAM_OK);
    cr_assert_eq(memcmp(&opened, &inner, sizeof(inner)), 0);
}

Test(master, a_key_wrapped_by_an_old_version_opens_while_the_version_is_there)
{
    struct fam_seal *old = seal_of(key_v1), *rotated = seal_of(both), *new = seal_of(key_v2);
    struct fam_place place = place_of("wrapped");
    struct fam_key key = key_of(9), opened = key_of(0);
    struct fam_status status = {0};
    unsigned char wrapped[FAM_WRAPPED_MAX];
    fam_seal_master_wrap(old, &place, &key, wrapped);
    cr_assert_eq(fam_seal_master_unwrap(rotated, &place, wrapped, sizeof(wrapped), &opened, &status), FAM_OK);
    cr_assert_eq(memcmp(&opened, &key, sizeof(key)), 0);
    cr_assert_eq(fam_seal_master_unwrap(new, &place, wrapped, sizeof(wrapped), &opened, &status),
                 FAM_FAILED_PRECONDITION);
    cr_assert_str_eq(status.reason, "MASTER_KEY");
    cr_assert(strstr(status.message, "v1"), "%s", status.message);
    /* What the rotated one wraps is under the newest. */
    fam_seal_master_wrap(rotated, &place, &key, wrapped);
    cr_assert_eq(fam_seal_master_unwrap(new, &place, wrapped, sizeof(wrapped), &opened, &status), FAM_OK);
    fam_seal_free(old);
    fam_seal_free(rotated);
    fam_seal_free(new);
}

Test(master, the_wrong_key_of_the_right_version_is_named)
{
    struct fam_seal *right = seal_of(key_v1), *wrong = seal_of(other_v1);
    struct fam_place place = place_of("wrapped");
    struct fam_key key = key_of(9), opened = key_of(0);
    struct fam_status status = {0};
    unsigned char wrapped[FAM_WRAPPED_MAX];
    fam_seal_master_wrap(right, &place, &key, wrapped);
    cr_assert_eq(fam_seal_master_unwrap(wrong, &place, wrapped, sizeof(wrapped), &opened, &status),
                 FAM_FAILED_PRECONDITION);
    cr_assert_str_eq(status.reason, "MASTER_KEY");
    cr_assert_eq(fam_seal_master_unwrap(right, &place, wrapped, sizeof(wrapped) - 1, &opened, &status), FAM_DATA_LOSS);
    cr_assert_eq(fam_seal_master_unwrap(right, &place, wrapped, sizeof(wrapped), &opened, &status), FAM_OK);
    fam_seal_free(right);
    fam_seal_free(wrong);
}

Test(master, a_faulty_text_is_refused_without_repeating_it)
{
    static const char *const faulty[] = {
        "",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "v1",
        "v1:",
        "v:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "v0:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "v65536:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "v99999999999:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==",
        "v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ==",
        "v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,",
        "v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= ",
        "v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,v1:QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI=",
    };
    for (size_t i = 0; i < sizeof(faulty) / sizeof(faulty[0]); i++) {
        struct fam_status status = {0};
        struct fam_seal *seal = fam_seal_new(faulty[i], &status);
        cr_expect(!seal, "row %zu", i);
        cr_expect_eq(status.code, FAM_INVALID_ARGUMENT, "row %zu", i);
        cr_expect(strstr(status.message, "FAM_MASTER_KEY"), "row %zu: %s", i, status.message);
        cr_expect(!strstr(status.message, "AAECAw") && !strstr(status.message, "QkJC"), "row %zu", i);
        fam_seal_free(seal);
    }
    fam_seal_free(seal_of(key_v1));
}

Test(master, sixteen_versions_fit_and_a_seventeenth_does_not)
{
    char text[17 * 52] = "";
    for (int i = 17; i >= 1; i--) {
        char one[64];
        snprintf(one, sizeof(one), "%sv%d:%s", i == 17 ? "" : ",", i, key_v1 + 3);
        strcat(text, one);
    }
    struct fam_status status = {0};
    cr_assert(!fam_seal_new(text, &status));
    cr_assert_eq(status.code, FAM_INVALID_ARGUMENT);
    *strrchr(text, ',') = '\0';
    fam_seal_free(seal_of(text));
}
