#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "translate/safety.h"
#include "translate/safety_rules.h"

extern const unsigned char fam_data_safety_ru_tsv[], fam_data_safety_en_tsv[], fam_data_safety_idioms_ru_tsv[],
    fam_data_safety_idioms_en_tsv[];
extern const size_t fam_data_safety_ru_tsv_size, fam_data_safety_en_tsv_size, fam_data_safety_idioms_ru_tsv_size,
    fam_data_safety_idioms_en_tsv_size;

static struct fam_status status;

static struct fam_safety *detector(void)
{
    struct fam_safety *safety = fam_safety_new(&status);
    cr_assert_not_null(safety, "%s", status.message);
    return safety;
}

static bool finds(const struct fam_safety *safety, const char *text, Fam__V1__SafetyKind kind)
{
    struct fam_safety_hit hit;
    cr_assert_eq((int)fam_safety_check(safety, text, &hit, &status), (int)FAM_OK);
    for (size_t i = 0; i < hit.count; i++) {
        if (hit.kinds[i] == kind) {
            return true;
        }
    }
    return false;
}

static size_t kinds_in(const struct fam_safety *safety, const char *text)
{
    struct fam_safety_hit hit;
    cr_assert_eq((int)fam_safety_check(safety, text, &hit, &status), (int)FAM_OK);
    return hit.count;
}

/* Every rule's own example is found as its kind, every idiom's example is left alone. */
static void check_examples(const struct fam_safety *safety, const char *name, const unsigned char *data, size_t size)
{
    char *copy = strndup((const char *)data, size), *rest = copy;
    cr_assert_not_null(copy);
    size_t line = 0, rules = 0;
    for (char *row = strsep(&rest, "\n"); row != NULL; row = strsep(&rest, "\n")) {
        line++;
        char *columns = row;
        char *what = strsep(&columns, "\t");
        (void)strsep(&columns, "\t");
        what[strcspn(what, "!")] = '\0'; /* said plainly */
        Fam__V1__SafetyKind kind = fam_safety_kind_named(what);
        bool idiom = strcmp(what, "idiom") == 0;
        if (columns == NULL || (kind == FAM__V1__SAFETY_KIND__SAFETY_KIND_UNSPECIFIED && !idiom)) {
            continue;
        }
        rules++;
        cr_expect(idiom ? kinds_in(safety, columns) == 0 : finds(safety, columns, kind), "%s, line %zu: %s", name, line,
                  columns);
    }
    cr_assert_gt(rules, (size_t)40);
    free(copy);
}

Test(safety_data, every_rule_finds_its_example_and_every_idiom_silences_its_own)
{
    struct fam_safety *safety = detector();
    check_examples(safety, "safety_ru.tsv", fam_data_safety_ru_tsv, fam_data_safety_ru_tsv_size);
    check_examples(safety, "safety_en.tsv", fam_data_safety_en_tsv, fam_data_safety_en_tsv_size);
    check_examples(safety, "safety_idioms_ru.tsv", fam_data_safety_idioms_ru_tsv, fam_data_safety_idioms_ru_tsv_size);
    check_examples(safety, "safety_idioms_en.tsv", fam_data_safety_idioms_en_tsv, fam_data_safety_idioms_en_tsv_size);
    fam_safety_free(safety);
}

Test(safety, a_real_sign_beside_an_idiom_is_found)
{
    static const char *const texts[] = {
        "умираю со смеху, а вообще я хочу умереть",
        "убью тебя в майнкрафте, а потом убью себя",
        "this homework is killing me and I want to kill myself",
        "I'm dead tired, I don't want to live anymore",
        "сначала играл в роблокс и смеялся, потом сказал, что не хочет жить",
    };
    struct fam_safety *safety = detector();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect(finds(safety, texts[i], FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE), "%s", texts[i]);
    }
    fam_safety_free(safety);
}

/* Whatever was said before it or after it: no idiom reaches over a comma and takes a plain wish to die away. */
static void check_wishes(const struct fam_safety *safety, const unsigned char *data, size_t size,
                         const char *const wishes[], const char *and)
{
    char *copy = strndup((const char *)data, size), *rest = copy;
    size_t idioms = 0;
    cr_assert_not_null(copy);
    for (char *row = strsep(&rest, "\n"); row != NULL; row = strsep(&rest, "\n")) {
        char *columns = row;
        const char *what = strsep(&columns, "\t");
        (void)strsep(&columns, "\t");
        if (columns == NULL || strcmp(what, "idiom") != 0) {
            continue;
        }
        idioms++;
        for (size_t i = 0; wishes[i] != NULL; i++) {
            char texts[3][512];
            snprintf(texts[0], sizeof(texts[0]), "%s, %s", columns, wishes[i]);
            snprintf(texts[1], sizeof(texts[1]), "%s, %s", wishes[i], columns);
            snprintf(texts[2], sizeof(texts[2]), "%s %s %s", columns, and, wishes[i]);
            for (size_t j = 0; j < 3; j++) {
                cr_expect(finds(safety, texts[j], FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE), "%s", texts[j]);
            }
        }
    }
    cr_assert_gt(idioms, (size_t)40);
    free(copy);
}

Test(safety, a_plain_wish_to_die_is_found_beside_every_idiom)
{
    static const char *const russian[] = {"хочу умереть",
                                          "я хочу умереть",
                                          "не хочу жить",
                                          "я убью себя",
                                          "хочу въехать в дерево",
                                          "думаю со всем покончить",
                                          NULL};
    static const char *const english[] = {"I want to die", "I don't want to live anymore", "I want to kill myself",
                                          "I want to drive into a tree", NULL};
    struct fam_safety *safety = detector();
    check_wishes(safety, fam_data_safety_idioms_ru_tsv, fam_data_safety_idioms_ru_tsv_size, russian, "и");
    check_wishes(safety, fam_data_safety_idioms_en_tsv, fam_data_safety_idioms_en_tsv_size, english, "and");
    fam_safety_free(safety);
}

Test(safety, a_plain_wish_to_die_is_found_beside_whatever_else_is_said)
{
    static const char *const texts[] = {
        "I don't want to live, I want to die",
        "I don't want to live and I want to die",
        "You don't love me, I want to die",
        "I don't care, I want to die",
        "I don't know, I just want to die",
        "Mom doesn't care, I want to die",
        "You didn't come, I want to die",
        "I'm scared, I want to die",
        "I'm so worried, I want to die",
        "I don't want to be here, I want to die",
        "I never want to come home, I want to die",
        "I hope I die, I don't care",
        "she doesn't eat, she wants to die",
        "I don't even want to die anymore, I just want to be dead",
        "Не хочу жить, хочу умереть",
        "Больше не хочу жить, хочу умереть",
        "Не хочу жить и хочу умереть",
        "не хочу жить хочу умереть",
        "Мне страшно, я хочу умереть",
        "Боюсь всего, хочу умереть",
        "Не хочу так, лучше умереть",
        "Не хочу быть, хочу умереть",
        "не хочу учиться, хочу умереть",
        "не хочу в школу, лучше умру",
        "ей страшно, она хочет умереть",
        "чтобы не мучиться, хочу умереть",
    };
    struct fam_safety *safety = detector();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect(finds(safety, texts[i], FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE), "%s", texts[i]);
    }
    fam_safety_free(safety);
}

Test(safety, a_denial_clears_nothing)
{
    static const char *const texts[] = {
        "нет, всё хорошо, я пошутил, но я не хочу жить",
        "Она сказала, что хочет умереть. Потом сказала: нет, всё хорошо, я не серьёзно.",
        "я не буду резать себя, обещаю. я хочу умереть",
        "I'm fine, I was joking, I don't want to live",
    };
    struct fam_safety *safety = detector();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect(finds(safety, texts[i], FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE), "%s", texts[i]);
    }
    fam_safety_free(safety);
}

Test(safety, ordinary_words_of_children_are_left_alone)
{
    static const char *const texts[] = {"",         "   ", "ок",    "Ненавижу тебя!", "I hate you!",
                                        "не хочу!", "123", "😭😭😭😭😭", "уходи",          "leave me alone"};
    struct fam_safety *safety = detector();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect_eq(kinds_in(safety, texts[i]), (size_t)0, "%s", texts[i]);
    }
    fam_safety_free(safety);
}

Test(safety, spelling_alphabets_and_stretching_do_not_hide)
{
    static const char *const texts[] = {
        "Я НЕ ХОЧУ ЖИТЬ", "я не   хочу\nжить", "я не хочу жиииииить",  "я нехочу жыть",         "ya ne hochu zhit",
        "я нe xoчу жить", "я хчоу умереть",    "хочу у м е р е т ь",   "хочу... умереть",       "😭я не хочу жить😭",
        "I w@nt to d1e",  "i wаnt tо diе",     "ＷＡＮＴ ＴＯ ＤＩＥ", "к.и.л.л. хочу умиреть", "хочу умере\xcc\x81ть"};
    struct fam_safety *safety = detector();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_expect(finds(safety, texts[i], FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE), "%s", texts[i]);
    }
    fam_safety_free(safety);
}

Test(safety, the_gravest_kind_comes_first_and_each_once)
{
    struct fam_safety *safety = detector();
    struct fam_safety_hit hit;
    const char *text = "в школе его травят, он режет себя, сказал, что не хочет жить, и съел пачку таблеток";
    cr_assert_eq((int)fam_safety_check(safety, text, &hit, &status), (int)FAM_OK);
    cr_assert_geq(hit.count, (size_t)4);
    cr_assert_eq((int)hit.kinds[0], (int)FAM__V1__SAFETY_KIND__SAFETY_KIND_MEDICAL_EMERGENCY);
    cr_assert_eq((int)hit.kinds[1], (int)FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE);
    for (size_t i = 0; i < hit.count; i++) {
        for (size_t k = i + 1; k < hit.count; k++) {
            cr_assert_neq((int)hit.kinds[i], (int)hit.kinds[k]);
        }
    }
    fam_safety_free(safety);
}

static char *repeated(const char *part, size_t size, const char *end)
{
    size_t length = strlen(part), count = size / length;
    char *text = malloc(count * length + strlen(end) + 1);
    cr_assert_not_null(text);
    for (size_t i = 0; i < count; i++) {
        memcpy(text + i * length, part, length);
    }
    memcpy(text + count * length, end, strlen(end) + 1);
    return text;
}

Test(safety, a_sign_at_the_end_of_the_longest_text_is_found, .timeout = 60)
{
    static const char *const parts[] = {"обычный день ", "хочу ",      "не ",      "а",  "ну ", "я ",      "x4x ",
                                        "умереть не ",   "папа меня ", "want to ", ". ", "💥",   "а б в г "};
    struct fam_safety *safety = detector();
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char *text = repeated(parts[i], 64000, ". Вчера сын сказал, что не хочет больше жить");
        cr_expect(finds(safety, text, FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE), "%s", parts[i]);
        free(text);
    }
    fam_safety_free(safety);
}

static const char *fault_of(const char *text)
{
    const struct fam_safety_file file = {.name = "rules.tsv", .text = text, .size = strlen(text)};
    struct fam_safety *safety = fam_safety_new_from(&file, 1, &status);
    cr_assert_null(safety, "%s", text);
    cr_assert_eq((int)status.code, (int)FAM_INTERNAL);
    return status.message;
}

Test(safety_rules, a_fault_is_named_with_file_and_line)
{
    static const char *const faulty[] = {
        "# ok\nsuicide\tword\n",
        "# ok\nfire\tword\texample\n",
        "# ok\nsuicide\tone two\t\n",
        "# ok\nsuicide\t.. two\texample\n",
        "# ok\nsuicide\tone ..\texample\n",
        "# ok\nsuicide\tone ..99 two\texample\n",
        "# ok\nsuicide\tone ..x two\texample\n",
        "# ok\nsuicide\tone !a !b two\texample\n",
        "# ok\nsuicide\t@missing\texample\n",
        "# ok\nsuicide\tone|\texample\n",
        "# ok\nsuicide\tone-two\texample\n",
        "# ok\nsuicide\ta b c d e f g h i j\texample\n",
        "# ok\nsuicide\ta_b_c_d_e_f_g\texample\n",
        "# ok\nclass\tname\n",
        "# ok\nclass\tname\t@missing\n",
        "# ok\nfiller\ta b\textra\n",
        "# ok\nsuicide\t$ one\texample\n",
        "# ok\nsuicide\tone $ two\texample\n",
    };
    for (size_t i = 0; i < sizeof faulty / sizeof faulty[0]; i++) {
        cr_expect_not_null(strstr(fault_of(faulty[i]), "rules.tsv, line 2:"), "%zu: %s", i, status.message);
    }
}

Test(safety_rules, a_rule_may_ask_that_the_clause_ends_behind_it)
{
    const char *text = "filler\tnow\nsuicide\tmay ..1 fall $\tI may fall\n";
    const struct fam_safety_file file = {.name = "rules.tsv", .text = text, .size = strlen(text)};
    static const char *const ends[] = {"I may fall", "I may fall now.", "may fall, on what", "I may fall and you know",
                                       "may fall (over there)"};
    static const char *const goes_on[] = {"I may fall on what", "may fall now on what", "fall I may"};
    struct fam_safety *safety = fam_safety_new_from(&file, 1, &status);
    cr_assert_not_null(safety, "%s", status.message);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        cr_expect(finds(safety, ends[i], FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE), "%s", ends[i]);
    }
    for (size_t i = 0; i < sizeof goes_on / sizeof goes_on[0]; i++) {
        cr_expect_eq(kinds_in(safety, goes_on[i]), (size_t)0, "%s", goes_on[i]);
    }
    fam_safety_free(safety);
}

/* What parents write of themselves, in words of their own, and what stands next to it in everyday life. */
Test(safety, a_parent_s_own_danger_is_found_and_its_innocent_neighbours_are_left_alone)
{
    static const struct {
        const char *danger, *neighbour;
    } pairs[] = {
        {"I have pills and I am going to take them all", "I have pills for my cough"},
        {"I bought a rope", "I bought a rope for the swing"},
        {"I want to drive into a tree", "I want to drive into a tree-lined street"},
        {"I'm going to jump", "I'm going to jump on the trampoline"},
        {"I can't go on", "I can't go on the swing"},
        {"my partner strangled me", "my scarf is strangling me"},
        {"I hear voices telling me to drown the baby", "I hear voices in the hallway"},
        {"у меня есть таблетки и я выпью их все", "у меня есть таблетки от кашля"},
        {"купила верёвку", "купила верёвку для белья"},
        {"думаю со всем покончить", "надо покончить со всем этим бардаком"},
        {"хочу въехать в дерево", "хочу въехать в новую квартиру"},
        {"сейчас прыгну", "сейчас прыгну в бассейн"},
        {"слышу голоса, они говорят утопить ребёнка", "слышу голоса соседей"},
        {"мой партнёр меня душил", "шарф меня душил"},
    };
    struct fam_safety *safety = detector();
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        cr_expect_gt(kinds_in(safety, pairs[i].danger), (size_t)0, "%s", pairs[i].danger);
        cr_expect_eq(kinds_in(safety, pairs[i].neighbour), (size_t)0, "%s", pairs[i].neighbour);
    }
    fam_safety_free(safety);
}

Test(safety, voices_that_tell_to_harm_are_an_emergency)
{
    struct fam_safety *safety = detector();
    cr_expect(finds(safety, "слышу голоса, они говорят утопить ребёнка",
                    FAM__V1__SAFETY_KIND__SAFETY_KIND_MEDICAL_EMERGENCY));
    cr_expect(finds(safety, "voices tell me to hurt my child", FAM__V1__SAFETY_KIND__SAFETY_KIND_MEDICAL_EMERGENCY));
    fam_safety_free(safety);
}

Test(safety_rules, a_text_that_is_not_utf8_is_refused_and_good_rules_are_read_after_it)
{
    (void)fault_of("suicide\t\xff\xfe\texample\n");
    const char *text = "class\tdo\tsing dance\nsuicide\tnever ..2 @do !again\tnever sing\nidiom\tnever sing out\tx\n";
    const struct fam_safety_file file = {.name = "rules.tsv", .text = text, .size = strlen(text)};
    struct fam_safety *safety = fam_safety_new_from(&file, 1, &status);
    cr_assert_not_null(safety, "%s", status.message);
    cr_expect(finds(safety, "we never ever dance", FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE));
    cr_expect(finds(safety, "never in my dance", FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE));
    cr_expect_eq(kinds_in(safety, "never in all my dance"), (size_t)0);
    cr_expect_eq(kinds_in(safety, "never dance again"), (size_t)0);
    cr_expect_eq(kinds_in(safety, "never sing out"), (size_t)0);
    cr_expect(finds(safety, "never sing out, never dance", FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE));
    cr_expect_eq(kinds_in(safety, "never. dance"), (size_t)1);
    cr_expect_eq(kinds_in(safety, "never here. Dance"), (size_t)0);
    fam_safety_free(safety);
}
