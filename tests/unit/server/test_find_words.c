/* Which texts a search finds, and which of them speak of a grown-up of the family. */
#include <criterion/criterion.h>

#include "translate/find_words.h"
#include "translate/mention.h"

static bool finds(const char *query, const char *first, const char *second)
{
    fam_auto(fam_find_done) struct fam_find find = {.count = 0};
    struct fam_status status = {0};
    const char *texts[] = {first, second};
    bool match = false;
    cr_assert_eq(fam_find_init(&find, query, &status), FAM_OK, "%s: %s", query, status.message);
    cr_assert_eq(fam_find_match(&find, texts, 2, &match, &status), FAM_OK, "%s", status.message);
    return match;
}

Test(find_words, a_word_is_found_in_every_form)
{
    cr_assert(finds("школа", "Не пойду в школу!", ""));
    cr_assert(finds("школы", "Опять про школе", ""));
    cr_assert(finds("красивый", "Красивая, красивые", ""));
    cr_assert(finds("hate", "He hates school", ""));
    cr_assert(finds("friends", "", "no friend at all"));
}

Test(find_words, case_and_the_dots_of_yo_make_no_difference)
{
    cr_assert(finds("ЁЛКА", "наряжали елку", ""));
    cr_assert(finds("елка", "Ёлки зелёные", ""));
    cr_assert(finds("HATE", "i hate it", ""));
}

Test(find_words, all_words_must_stand_somewhere)
{
    cr_assert(finds("школа друзья", "про школу", "и про друзей"));
    cr_assert_not(finds("школа море", "про школу", "и про друзей"));
    cr_assert(finds("school друзья", "school", "про друзей"));
    cr_assert(finds("2 класс", "во 2 классе", ""));
    cr_assert_not(finds("3 класс", "во 2 классе", ""));
}

Test(find_words, a_part_of_a_word_is_not_the_word)
{
    cr_assert_not(finds("кот", "котлета", ""));
    cr_assert_not(finds("art", "party", ""));
}

Test(find_words, a_query_has_words_but_not_too_many)
{
    const char *const bad[] = {"", "  ", "?!", "…", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fam_auto(fam_find_done) struct fam_find find = {.count = 0};
        struct fam_status status = {0};
        cr_assert_eq(fam_find_init(&find, bad[i], &status), FAM_INVALID_ARGUMENT, "query %zu", i);
        cr_assert_str_eq(status.field, "query");
    }
}

static bool mentions(const char *text)
{
    const char *const names[] = {"Анна", "", "Серёжа", "Оля Петрова", "Kate"};
    struct fam_status status = {0};
    bool found = false;
    cr_assert_eq(fam_mention_find(text, names, sizeof(names) / sizeof(names[0]), &found, &status), FAM_OK);
    return found;
}

Test(mention, a_grown_up_of_the_family_is_found_in_every_case)
{
    const char *const texts[] = {
        "папа меня бьёт",       "Боюсь ПАПУ",     "не пойду к папе",     "мамочка злая",      "Мамина вина",
        "отчим орёт",           "его отец",       "бабушка сказала нет", "с дедом не хочу",   "дядя Витя трогал",
        "муж накричал на него", "my dad hits me", "Mom's always angry",  "I hate my stepdad", "grandma said no",
        "uncle was here",       "папаааа уйди",   "пап, уйди",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cr_assert(mentions(texts[i]), "%s", texts[i]);
    }
}

Test(mention, the_names_of_members_are_found_in_every_case)
{
    const char *const texts[] = {"Анна ушла",  "у Анны",         "с Анной",     "Сережу не люблю", "Сереже скажи",
                                 "Олю позови", "Петровой скажу", "I want Kate", "Kate's fault"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cr_assert(mentions(texts[i]), "%s", texts[i]);
    }
}

Test(mention, other_words_and_people_are_none)
{
    const char *const texts[] = {"Нет!",
                                 "Ненавижу тебя!",
                                 "дай мою папку",
                                 "учительница ругала",
                                 "Маша забрала мяч",
                                 "I hate you",
                                 "party at school",
                                 "маманты",
                                 "олень в лесу",
                                 "аналогия",
                                 "2",
                                 ""};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cr_assert_not(mentions(texts[i]), "%s", texts[i]);
    }
}
