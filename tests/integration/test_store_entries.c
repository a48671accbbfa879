/* Entries, readings, deliveries, ratings. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "support/store_fixture.h"

static struct store_fixture f;
static struct fam_uuid author, stranger, child_id;

static void start(void)
{
    store_fixture_start(&f);
    author = make_user(f.store, 1);
    stranger = make_user(f.store, 2);
    (void)make_family(f.store, &author);
    child_id = make_child(f.store, &author, "Миша");
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(entries, .init = start, .fini = stop, .timeout = 120);

static struct fam_entry get(const struct fam_uuid *entry_id)
{
    struct fam_entry entry;
    struct fam_status status = {0};
    cr_assert_eq(fam_entry_get(f.store, &author, entry_id, &entry, &status), FAM_OK, "%s", status.message);
    return entry;
}

Test(entries, an_entry_comes_back_as_it_was_stored)
{
    struct fam_uuid entry_id = make_entry(f.store, &author, &child_id, "Ненавижу тебя!");
    struct fam_entry entry = get(&entry_id);
    cr_assert(fam_uuid_equal(&entry.entry_id, &entry_id) && fam_uuid_equal(&entry.user_id, &author));
    cr_assert(entry.has_family && entry.has_child && fam_uuid_equal(&entry.child_id, &child_id));
    cr_assert_str_eq(entry.phrase, "Ненавижу тебя!");
    cr_assert_str_eq(entry.happened_before, "Поссорились из-за планшета");
    cr_assert_eq(entry.place, FAM__V1__PLACE__PLACE_SCHOOL);
    cr_assert_eq(entry.age_band, FAM__V1__AGE_BAND__AGE_BAND_7_9);
    cr_assert_not(entry.age_unknown);
    cr_assert_eq(entry.language, FAM__V1__LANGUAGE__LANGUAGE_RU);
    cr_assert_eq(entry.safety_count, 2);
    cr_assert_eq(entry.safety[0], FAM__V1__SAFETY_KIND__SAFETY_KIND_BULLYING);
    cr_assert_eq(entry.safety[1], FAM__V1__SAFETY_KIND__SAFETY_KIND_SELF_HARM);
    cr_assert_gt(entry.created_at_ms, 1600000000000);
    cr_assert_eq(entry.reading->version, 1);
    cr_assert_eq(entry.reading->engine, FAM__V1__ENGINE__ENGINE_OFFLINE);
    cr_assert_str_eq(entry.reading->going_on, "Ему одиноко и обидно.");
    cr_assert_gt(entry.reading->created_at_ms, 1600000000000);
    cr_assert_not(entry.has_delivery);
    cr_assert_not(entry.has_rating);
    cr_assert_str_eq(entry.comment, "");
    fam_entry_done(&entry);
}

Test(entries, nothing_that_was_said_stands_in_clear)
{
    char dump[200];
    (void)make_entry(f.store, &author, &child_id, "Ненавижу тебя!");
    cr_assert(
        pg_server_sql(f.pg.conninfo,
                      "SELECT (SELECT count(*) FROM emotion_entries WHERE position('Ненавижу'::bytea IN phrase) > "
                      "0 OR position('планшета'::bytea IN context) > 0) + (SELECT count(*) FROM readings WHERE "
                      "position('одиноко'::bytea IN body) > 0)",
                      dump, sizeof(dump)));
    cr_assert_str_eq(dump, "0");
}

Test(entries, with_and_without_a_danger_the_sealed_kinds_are_of_one_length)
{
    Fam__V1__Reading reading;
    struct fam_outcome outcome;
    struct fam_status status = {0};
    fill_reading(&reading);
    struct fam_entry_new calm = {
        .user_id = &author, .phrase = "Да", .language = FAM__V1__LANGUAGE__LANGUAGE_RU, .reading = &reading};
    (void)make_entry(f.store, &author, NULL, "Нет!");
    cr_assert_eq(fam_entry_add(f.store, NULL, &calm, 0, &outcome, &status), FAM_OK, "%s", status.message);
    expect_sql(f.pg.conninfo, "SELECT count(DISTINCT octet_length(safety)) FROM emotion_entries", "1");
}

Test(entries, whoever_waits_for_an_entry_waits_no_longer_than_its_deadline)
{
    Fam__V1__Reading reading;
    struct fam_outcome outcome;
    struct fam_status status = {0};
    fill_reading(&reading);
    struct fam_entry_new late = {
        .user_id = &author, .phrase = "Да", .language = FAM__V1__LANGUAGE__LANGUAGE_RU, .reading = &reading};
    cr_assert_eq(fam_entry_add(f.store, NULL, &late, 1, &outcome, &status), FAM_DEADLINE_EXCEEDED);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM emotion_entries", "0");
    cr_assert_eq(fam_entry_add(f.store, NULL, &late, fam_mono_ms() + 60000, &outcome, &status), FAM_OK, "%s",
                 status.message);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM emotion_entries", "1");
}

Test(entries, an_entry_of_no_child_belongs_to_the_authors_family_if_there_is_one)
{
    struct fam_uuid mine = make_entry(f.store, &author, NULL, "Нет!");
    struct fam_uuid theirs = make_entry(f.store, &stranger, NULL, "No!");
    struct fam_entry entry = get(&mine);
    cr_assert(entry.has_family && !entry.has_child);
    fam_entry_done(&entry);
    struct fam_status status = {0};
    cr_assert_eq(fam_entry_get(f.store, &stranger, &theirs, &entry, &status), FAM_OK);
    cr_assert(!entry.has_family && !entry.has_child);
    fam_entry_done(&entry);
}

Test(entries, another_authors_entry_and_a_missing_one_look_the_same)
{
    struct fam_uuid entry_id = make_entry(f.store, &author, &child_id, "Нет!"), missing = fam_uuid_v7();
    struct fam_entry entry;
    struct fam_status foreign = {0}, absent = {0};
    struct fam_outcome outcome;
    struct fam_rating rating = {.helped = FAM__V1__HELPED__HELPED_YES};
    struct fam_delivery delivery = {.chat_id = 1, .message_id = 2, .reading_version = 1};
    cr_assert_eq(fam_entry_get(f.store, &stranger, &entry_id, &entry, &foreign), FAM_NOT_FOUND);
    cr_assert_eq(fam_entry_get(f.store, &stranger, &missing, &entry, &absent), FAM_NOT_FOUND);
    cr_assert_str_eq(foreign.message, absent.message);
    cr_assert_eq(fam_entry_rate(f.store, NULL, &stranger, &entry_id, &rating, &outcome, &foreign), FAM_NOT_FOUND);
    cr_assert_eq(fam_entry_rate(f.store, NULL, &stranger, &missing, &rating, &outcome, &absent), FAM_NOT_FOUND);
    cr_assert_str_eq(foreign.message, absent.message);
    cr_assert_eq(fam_entry_deliver(f.store, NULL, &stranger, &entry_id, &delivery, &outcome, &foreign), FAM_NOT_FOUND);
    cr_assert_eq(fam_entry_deliver(f.store, NULL, &stranger, &missing, &delivery, &outcome, &absent), FAM_NOT_FOUND);
    cr_assert_str_eq(foreign.message, absent.message);
    expect_sql(f.pg.conninfo, "SELECT (SELECT count(*) FROM ratings) + (SELECT count(*) FROM deliveries)", "0");
}

Test(entries, a_child_of_another_family_is_not_found_and_nothing_is_stored)
{
    struct fam_outcome outcome;
    struct fam_status foreign = {0}, absent = {0};
    struct fam_uuid missing = fam_uuid_v7();
    (void)make_family(f.store, &stranger);
    cr_assert_eq(add_entry(f.store, NULL, &stranger, &child_id, "Нет!", &outcome, &foreign), FAM_NOT_FOUND);
    cr_assert_eq(add_entry(f.store, NULL, &stranger, &missing, "Нет!", &outcome, &absent), FAM_NOT_FOUND);
    cr_assert_str_eq(foreign.message, absent.message);
    expect_sql(f.pg.conninfo, "SELECT (SELECT count(*) FROM emotion_entries) + (SELECT count(*) FROM keys.entry_keys)",
               "0");
}

Test(entries, a_list_is_newest_first_in_pages_and_by_child)
{
    enum { COUNT = 7 };
    struct fam_uuid ids[COUNT];
    struct fam_entry *page = NULL;
    struct fam_status status = {0};
    size_t count = 0, seen = 0;
    bool more = true;
    struct fam_uuid before;
    for (int i = 0; i < COUNT; i++) {
        char phrase[16];
        snprintf(phrase, sizeof(phrase), "%d", i);
        ids[i] = make_entry(f.store, &author, i % 2 ? &child_id : NULL, phrase);
        /* Ids of one millisecond have no order among them. */
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    (void)make_entry(f.store, &stranger, NULL, "not mine");
    while (more) {
        cr_assert_eq(fam_entry_list(f.store, &author, NULL, seen ? &before : NULL, 3, &page, &count, &more, &status),
                     FAM_OK, "%s", status.message);
        cr_assert(count > 0 && count <= 3);
        for (size_t i = 0; i < count; i++, seen++)
            cr_assert(fam_uuid_equal(&page[i].entry_id, &ids[COUNT - 1 - seen]), "entry %zu", seen);
        before = page[count - 1].entry_id;
        fam_entries_free(page, count);
    }
    cr_assert_eq(seen, (size_t)COUNT);
    cr_assert_eq(fam_entry_list(f.store, &author, &child_id, NULL, 100, &page, &count, &more, &status), FAM_OK);
    cr_assert_eq(count, 3);
    cr_assert_not(more);
    cr_assert_str_eq(page[0].phrase, "5");
    fam_entries_free(page, count);
    cr_assert_eq(fam_entry_list(f.store, &stranger, &child_id, NULL, 100, &page, &count, &more, &status), FAM_OK);
    cr_assert_eq(count, 0);
    fam_entries_free(page, count);
    cr_assert_eq(fam_entry_list(f.store, &author, NULL, NULL, 0, &page, &count, &more, &status), FAM_INVALID_ARGUMENT);
    cr_assert_eq(fam_entry_list(f.store, &author, NULL, NULL, 101, &page, &count, &more, &status),
                 FAM_INVALID_ARGUMENT);
}

Test(entries, the_last_rating_counts)
{
    struct fam_uuid entry_id = make_entry(f.store, &author, &child_id, "Нет!");
    struct fam_outcome outcome;
    struct fam_status status = {0};
    struct fam_rating first = {FAM__V1__HELPED__HELPED_WORSE, 0, "хуже"}, second = {FAM__V1__HELPED__HELPED_YES, 2, ""};
    cr_assert_eq(fam_entry_rate(f.store, NULL, &author, &entry_id, &first, &outcome, &status), FAM_OK, "%s",
                 status.message);
    struct fam_entry entry = get(&entry_id);
    cr_assert(entry.has_rating && entry.helped == FAM__V1__HELPED__HELPED_WORSE && entry.used_response == 0);
    cr_assert_str_eq(entry.comment, "хуже");
    fam_entry_done(&entry);
    cr_assert_eq(fam_entry_rate(f.store, NULL, &author, &entry_id, &second, &outcome, &status), FAM_OK);
    entry = get(&entry_id);
    cr_assert(entry.has_rating && entry.helped == FAM__V1__HELPED__HELPED_YES && entry.used_response == 2);
    cr_assert_str_eq(entry.comment, "");
    fam_entry_done(&entry);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM ratings", "1");
}

Test(entries, the_last_delivery_counts)
{
    struct fam_uuid entry_id = make_entry(f.store, &author, &child_id, "Нет!");
    struct fam_outcome outcome;
    struct fam_status status = {0};
    struct fam_delivery delivery = {.chat_id = 4503599627370495, .message_id = 10, .reading_version = 1};
    struct fam_delivery wrong = {.chat_id = 1, .message_id = 10, .reading_version = 2};
    cr_assert_eq(fam_entry_deliver(f.store, NULL, &author, &entry_id, &delivery, &outcome, &status), FAM_OK, "%s",
                 status.message);
    delivery.message_id = 11;
    cr_assert_eq(fam_entry_deliver(f.store, NULL, &author, &entry_id, &delivery, &outcome, &status), FAM_OK);
    cr_assert_eq(fam_entry_deliver(f.store, NULL, &author, &entry_id, &wrong, &outcome, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.field, "reading_version");
    struct fam_entry entry = get(&entry_id);
    cr_assert(entry.has_delivery && entry.chat_id == 4503599627370495 && entry.message_id == 11);
    cr_assert_eq(entry.delivered_version, 1);
    fam_entry_done(&entry);
}

Test(entries, the_newest_reading_is_shown_and_none_is_changed)
{
    struct fam_uuid entry_id = make_entry(f.store, &author, &child_id, "Нет!");
    struct fam_entry entry;
    struct fam_status status = {0};
    cr_assert_not(pg_server_sql(f.pg.conninfo, "UPDATE readings SET version = 2", NULL, 0), "append-only");
    /* The body of version 1 does not pass for a version 2. */
    expect_sql(f.pg.conninfo,
               "INSERT INTO readings SELECT entry_id, 2, engine, prompt_version, body, created_at FROM readings", NULL);
    cr_assert_eq(fam_entry_get(f.store, &author, &entry_id, &entry, &status), FAM_DATA_LOSS);
    cr_assert_str_eq(status.reason, "SEAL");
}

Test(entries, phrases_swapped_between_two_entries_of_one_author_are_refused)
{
    struct fam_uuid a = make_entry(f.store, &author, &child_id, "Первая");
    struct fam_uuid b = make_entry(f.store, &author, &child_id, "Вторая"), c = make_entry(f.store, &author, NULL, "3");
    char sql[400], id_a[FAM_UUID_TEXT_SIZE], id_b[FAM_UUID_TEXT_SIZE];
    struct fam_entry entry;
    struct fam_status status = {0};
    fam_uuid_format(&a, id_a);
    fam_uuid_format(&b, id_b);
    snprintf(sql, sizeof(sql),
             "UPDATE emotion_entries e SET phrase = o.phrase FROM emotion_entries o WHERE (e.entry_id, o.entry_id) IN "
             "(('%s', '%s'), ('%s', '%s'))",
             id_a, id_b, id_b, id_a);
    expect_sql(f.pg.conninfo, sql, NULL);
    cr_assert_eq(fam_entry_get(f.store, &author, &a, &entry, &status), FAM_DATA_LOSS);
    cr_assert_eq(fam_entry_get(f.store, &author, &b, &entry, &status), FAM_DATA_LOSS);
    /* Not even together with the wrapped key. */
    snprintf(sql, sizeof(sql),
             "UPDATE keys.entry_keys e SET wrapped_user = o.wrapped_user FROM keys.entry_keys o WHERE (e.entry_id, "
             "o.entry_id) IN (('%s', '%s'), ('%s', '%s'))",
             id_a, id_b, id_b, id_a);
    expect_sql(f.pg.conninfo, sql, NULL);
    cr_assert_eq(fam_entry_get(f.store, &author, &a, &entry, &status), FAM_DATA_LOSS);
    cr_assert(!strstr(status.message, "Перв") && !strstr(status.message, "Втор"));
    entry = get(&c);
    fam_entry_done(&entry);
}

Test(entries, another_column_of_the_same_entry_is_refused)
{
    struct fam_uuid a = make_entry(f.store, &author, &child_id, "Первая");
    struct fam_entry entry;
    struct fam_status status = {0};
    expect_sql(f.pg.conninfo, "UPDATE emotion_entries SET phrase = context", NULL);
    cr_assert_eq(fam_entry_get(f.store, &author, &a, &entry, &status), FAM_DATA_LOSS);
}
