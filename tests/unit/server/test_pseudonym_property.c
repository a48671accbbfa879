#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "translate/pseudonym.h"

/* Texts made from seeded names, phones, schools, addresses and handles: none of them leaves, all of them come back. */

enum { TEXTS = 10000, SEEDS_MAX = 16, TEXT_BYTES = 4096, SEED_BYTES = 96 };

struct text {
    char bytes[TEXT_BYTES];
    size_t size;
    char seeds[SEEDS_MAX][SEED_BYTES]; /* what must not leave */
    size_t seed_count;
    uint64_t state;
};

static struct fam_status status;

static uint64_t next(struct text *text)
{
    text->state ^= text->state << 13;
    text->state ^= text->state >> 7;
    text->state ^= text->state << 17;
    return text->state;
}

static size_t pick(struct text *text, size_t count)
{
    return (size_t)(next(text) % count);
}

static void put(struct text *text, const char *bytes)
{
    size_t size = strlen(bytes);
    cr_assert_lt(text->size + size, (size_t)TEXT_BYTES);
    memcpy(text->bytes + text->size, bytes, size + 1);
    text->size += size;
}

static void seed(struct text *text, const char *secret)
{
    cr_assert_lt(text->seed_count, (size_t)SEEDS_MAX);
    (void)snprintf(text->seeds[text->seed_count++], SEED_BYTES, "%s", secret);
}

static void put_seed(struct text *text, const char *secret)
{
    put(text, secret);
    seed(text, secret);
}

static const char *const filler_ru[] = {" опять плачет и говорит, что ", " не хочет есть, потому что ",
                                        " сказал: «уходи», а потом ",    ", когда я вошла, крикнул: нет! ",
                                        " - я ненавижу школу, и ",       "... В 7 лет так бывает. А ",
                                        "\nпотом мы помирились, но ",    " в 19:30 лёг спать, и "};
static const char *const filler_en[] = {" cries again and says that ", " won't eat because ",
                                        " said \"go away\" and then ", ", when I came in, shouted no! So ",
                                        " - I hate school, and ",      "... At 7 that happens. And ",
                                        "\nlater we made up, but ",    " went to bed at 19:30, and "};
/* Nominative and a case, both as they are typed. */
static const char *const names_ru[][2] = {{"Маша", "Машей"},
                                          {"Катя", "Катеньке"},
                                          {"Петя", "Петю"},
                                          {"Арсений", "Арсения"},
                                          {"Мирон", "Мирону"},
                                          {"Дима", "диму"},
                                          {"Ксюша", "Ксюшей"},
                                          {"Тимофей", "Тимофеем"},
                                          {"Варвара", "Варварой"},
                                          {"Лёша", "Лёшке"},
                                          {"Айгуль", "Айгуль"},
                                          {"Ярослав", "Ярослава"},
                                          {"Степан", "Степаном"},
                                          {"Полина", "Полиночку"},
                                          {"Амина", "Амине Каримовой"},
                                          {"Глеб", "Глебом"},
                                          {"Юля", "Юлькой"},
                                          {"Захар", "Захару"},
                                          {"Есения", "Есении"},
                                          {"Ольга Павловна", "Ольгой Павловной"}};
static const char *const names_en[][2] = {{"Emma", "emma"},
                                          {"Noah", "noah"},
                                          {"Aiden", "Aiden Miller"},
                                          {"Olivia", "Livvy"},
                                          {"Sophia", "Sophie"},
                                          {"Liam", "liam"},
                                          {"Ethan", "ETHAN"},
                                          {"Charlotte", "Lottie"},
                                          {"Benjamin", "Benji"},
                                          {"Amelia", "amelia"},
                                          {"Lucas", "Lucas"},
                                          {"Hannah", "hannah"},
                                          {"Zoe", "Zoë"},
                                          {"Samantha", "Sam"},
                                          {"Mrs. Johnson", "Mrs. Johnson"},
                                          {"Nathan", "Nate"},
                                          {"Isabella", "Izzy"},
                                          {"Dylan", "dylan"},
                                          {"Kayla", "Kayla O'Neil"},
                                          {"Uncle Walter", "Uncle Walter"}};

/* The given name alone, without title, in a place where its capital says something. */
static void put_name(struct text *text, bool russian)
{
    const char *const *row =
        russian ? names_ru[pick(text, FAM_ARRAY_SIZE(names_ru))] : names_en[pick(text, FAM_ARRAY_SIZE(names_en))];
    const char *name = row[pick(text, 2)];
    put(text, name);
    const char *last = strrchr(name, ' ');
    seed(text, last == NULL ? name : last + 1);
}

static void put_phone(struct text *text, bool russian)
{
    static const char *const ru[] = {"+7 (9%02u) %03u-%02u-%02u", "8 9%02u %03u %02u %02u", "89%02u%03u%02u%02u",
                                     "+79%02u%03u%02u%02u", "8-9%02u-%03u-%02u-%02u"};
    static const char *const en[] = {"(5%02u) %03u-%02u%02u", "+1 5%02u %03u %02u%02u", "5%02u-%03u-%02u%02u",
                                     "+44 79%02u %03u%02u%02u", "+4915%02u%03u%02u%02u"};
    char phone[64];
    unsigned parts[4] = {(unsigned)pick(text, 90) + 10, (unsigned)pick(text, 900) + 100, (unsigned)pick(text, 90) + 10,
                         (unsigned)pick(text, 90) + 10};
    const char *const *formats = russian ? ru : en;
    size_t format = pick(text, FAM_ARRAY_SIZE(ru));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(phone, sizeof(phone), formats[format], parts[0], parts[1], parts[2], parts[3]);
#pragma GCC diagnostic pop
    put_seed(text, phone);
}

static void put_number_of(struct text *text, const char *before, const char *after)
{
    char number[16];
    (void)snprintf(number, sizeof(number), "%u", (unsigned)pick(text, 8000) + 1100);
    put(text, before);
    put_seed(text, number);
    put(text, after);
}

static void put_school(struct text *text, bool russian)
{
    static const char *const own_ru[] = {"садик «Ромашка-плюс»", "лицей имени Лобачевского", "гимназия \"Перспектива\"",
                                         "школа Эврика"};
    static const char *const own_en[] = {"Lincoln Elementary School", "Oakwood Academy", "St. Mary's School",
                                         "riverside elementary school"};
    switch (pick(text, 3)) {
    case 0:
        put_number_of(text, russian ? "школа №" : "School No. ", "");
        break;
    case 1:
        put_number_of(text, russian ? "гимназия " : "PS ", russian ? " далеко" : " far");
        break;
    default:
        put_seed(text,
                 russian ? own_ru[pick(text, FAM_ARRAY_SIZE(own_ru))] : own_en[pick(text, FAM_ARRAY_SIZE(own_en))]);
        break;
    }
}

static void put_address(struct text *text, bool russian)
{
    static const char *const ru[] = {"ул. Ленина, д. 5, кв. 12", "улица Гагарина 3", "проспект Мира, 15",
                                     "Тверская улица, 7", "г. Казань, ул. Баумана, д. 9"};
    static const char *const en[] = {"12 Baker Street", "221b baker street, apt 4B",
                                     "742 Evergreen Terrace, Springfield, IL 62704", "5 Oak Ave, Apt 3",
                                     "10 Downing Street, SW1A 2AA"};
    put_seed(text, russian ? ru[pick(text, FAM_ARRAY_SIZE(ru))] : en[pick(text, FAM_ARRAY_SIZE(en))]);
}

static void put_account(struct text *text)
{
    char account[64];
    static const char *const forms[] = {"@kid_%u", "kid.%u@mail.ru", "t.me/kid%u", "https://vk.com/id%u", "kid_%u"};
    size_t form = pick(text, FAM_ARRAY_SIZE(forms));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(account, sizeof(account), forms[form], (unsigned)pick(text, 90000) + 10000);
#pragma GCC diagnostic pop
    put_seed(text, account);
}

static void make(struct text *text, uint64_t state, bool russian)
{
    text->state = state * 0x9e3779b97f4a7c15u + 1;
    text->size = text->seed_count = 0;
    text->bytes[0] = '\0';
    put(text, russian ? "Он и " : "He and ");
    put_name(text, russian);
    for (size_t parts = 2 + pick(text, 6); parts > 0; parts--) {
        const char *const *filler = russian ? filler_ru : filler_en;
        put(text, filler[pick(text, FAM_ARRAY_SIZE(filler_ru))]);
        switch (pick(text, 6)) {
        case 0:
            put_phone(text, russian);
            break;
        case 1:
            put_school(text, russian);
            break;
        case 2:
            put_address(text, russian);
            break;
        case 3:
            put_account(text);
            break;
        default:
            put(text, russian ? "он и " : "he and ");
            put_name(text, russian);
            break;
        }
    }
    put(text, russian ? " и {конец}." : " and {end}.");
}

static void check(const struct fam_pseudonymiser *pseudonymiser, const struct text *text,
                  const struct fam_known_name *known, size_t known_count)
{
    struct fam_secret hidden = {0};
    char *restored = NULL;
    struct fam_pseudonyms *pseudonyms = fam_pseudonyms_new(pseudonymiser, known, known_count, &status);
    cr_assert_not_null(pseudonyms);
    cr_assert_eq(fam_pseudonyms_hide(pseudonyms, text->bytes, &hidden, &status), FAM_OK, "%s", status.message);
    for (size_t i = 0; i < text->seed_count; i++) {
        cr_assert_null(strstr(fam_secret_text(&hidden), text->seeds[i]), "\"%s\" left in: %s\nfrom: %s", text->seeds[i],
                       fam_secret_text(&hidden), text->bytes);
    }
    cr_assert_eq(fam_pseudonyms_restore(pseudonyms, fam_secret_text(&hidden), &restored, &status), FAM_OK);
    cr_assert_str_eq(restored, text->bytes);
    free(restored);
    fam_secret_done(&hidden);
    fam_pseudonyms_free(pseudonyms);
}

static void check_many(bool russian)
{
    const struct fam_known_name ru[] = {
        {FAM_KNOWN_CHILD, "Маша"}, {FAM_KNOWN_OTHER_CHILD, "Глеб"}, {FAM_KNOWN_PARENT, "Юлия Каримова"}};
    const struct fam_known_name en[] = {
        {FAM_KNOWN_CHILD, "Emma"}, {FAM_KNOWN_OTHER_CHILD, "Noah"}, {FAM_KNOWN_PARENT, "Sam Miller"}};
    struct fam_pseudonymiser *pseudonymiser = fam_pseudonymiser_new(&status);
    struct text *text = calloc(1, sizeof(*text));
    cr_assert_not_null(pseudonymiser);
    cr_assert_not_null(text);
    for (uint64_t i = 0; i < TEXTS / 2; i++) {
        make(text, i + 1, russian);
        check(pseudonymiser, text, russian ? ru : en, i % 2 == 0 ? FAM_ARRAY_SIZE(ru) : 0);
    }
    free(text);
    fam_pseudonymiser_free(pseudonymiser);
}

Test(pseudonym_property, nothing_seeded_leaves_a_russian_text_and_all_of_it_comes_back, .timeout = 110)
{
    check_many(true);
}

Test(pseudonym_property, nothing_seeded_leaves_an_english_text_and_all_of_it_comes_back, .timeout = 110)
{
    check_many(false);
}
