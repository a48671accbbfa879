/* test_text.c: UTF-8 and Unicode (lib/base/text.h). */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/core.h"
#include "base/text.h"

Test(text, well_formed_utf8_is_valid_up_to_the_last_code_point)
{
    static const char *const good[] = {"",
                                       "plain",
                                       "мама",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(good); i++) {
        cr_assert(fam_utf8_valid(good[i], strlen(good[i])), "row %zu", i);
    }
    cr_assert(fam_utf8_valid(NULL, 0));
}

Test(text, malformed_utf8_is_refused)
{
    static const char *const bad[] = {"\x80",
                                      "a\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc3",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xe2\x82",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xfe",
                                      "\xe2\x28\xa1",
                                      "\xf0\x9f\x98",
                                      "\xc3\xc3\xa9",
                                      "\xf0\x28\x8c\xbc"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(bad); i++) {
        cr_assert_not(fam_utf8_valid(bad[i], strlen(bad[i])), "row %zu", i);
    }
}

Test(text, a_nul_inside_is_no_text)
{
    cr_assert_not(fam_utf8_valid("a\0b", 3));
    cr_assert_not(fam_utf8_valid("", 1));
}

Test(text, lengths_are_counted_in_code_points_and_in_utf16_units)
{
    cr_assert_eq(fam_utf8_length(""), 0);
    cr_assert_eq(fam_utf8_length("мама €"), 6);
    cr_assert_eq(fam_utf16_length("мама €"), 6);
    cr_assert_eq(fam_utf8_length("😀a"), 2);
    cr_assert_eq(fam_utf16_length("😀a"), 3);
}

Test(text, a_cut_never_splits_a_character)
{
    const char *text = "aя€😀";
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10, 10};
    for (size_t max = 0; max < FAM_ARRAY_SIZE(expected); max++) {
        cr_assert_eq(fam_utf8_cut(text, max), expected[max], "max %zu", max);
    }
}

Test(text, an_offset_counts_characters)
{
    const char *text = "aя€😀";
    static const size_t expected[] = {0, 1, 3, 6, 10, 10};
    for (size_t chars = 0; chars < FAM_ARRAY_SIZE(expected); chars++) {
        cr_assert_eq(fam_utf8_offset(text, chars), expected[chars], "chars %zu", chars);
    }
}

static void assert_normal(const char *text, const char *expected)
{
    char *normal = fam_text_normalise(text);
    cr_assert_not_null(normal);
    cr_assert_str_eq(normal, expected);
    char *again = fam_text_normalise(normal);
    cr_assert_str_eq(again, expected, "a second time: '%s'", again);
    free(again);
    free(normal);
}

Test(text, normal_form_folds_case_and_width)
{
    assert_normal("", "");
    assert_normal("Я НЕ ХОЧУ", "я не хочу");
    assert_normal("STRASSE Straße", "strasse strasse");
    assert_normal("ＡＢＣ１２３", "abc123");
    assert_normal("ﬁnal ①", "final 1");
}

Test(text, normal_form_has_no_yo_however_it_is_written)
{
    assert_normal("Ёлка ещё", "елка еще");
    assert_normal("\xd0\xb5\xcc\x88лка", "елка");
    assert_normal("\xd0\x95\xcc\x88лка", "елка");
    assert_normal("ё\xcc\x88ж", "еж");
    assert_normal("ё\xcc\xa3\xcc\x88ж", "е\xcc\xa3ж");
    assert_normal("й", "й");
    assert_normal("\xd0\xb8\xcc\x86", "й");
}

Test(text, normal_form_has_single_spaces_and_none_at_the_ends)
{
    assert_normal("  one \t\r\n two\xc2\xa0\xe2\x80\x83three\xe2\x80\xa8 ", "one two three");
    assert_normal(" \n\t", "");
    assert_normal("a\x0b"
                  "b\x0c"
                  "c",
                  "a b c");
}

Test(text, what_cannot_be_seen_does_not_split_a_word)
{
    assert_normal("у\xe2\x80\x8bм\xe2\x80\x8dе\xef\xbb\xbfр\xc2\xadе\xe2\x81\xa0ть", "умереть");
    assert_normal("a\x01"
                  "b\x7f"
                  "c",
                  "abc");
    assert_normal("ум\xcd\x8fереть", "умереть");
    assert_normal("\xe2\x9d\xa4\xef\xb8\x8f", "\xe2\x9d\xa4");
    assert_normal("\xd0\xb5\xe2\x80\x8d\xcc\x88ж", "еж");
    assert_normal("a\x01\xcc\x81", "á");
}

Test(text, bytes_that_are_no_text_have_no_normal_form)
{
    cr_assert_null(fam_text_normalise("\xff"));
    cr_assert_null(fam_text_normalise("мама\xd0"));
    assert_normal("Мама", "мама");
}

Test(text, trimming_takes_white_space_of_any_script_from_both_ends_only)
{
    static const char *const rows[][2] = {{"", ""},
                                          {"  ", ""},
                                          {"a", "a"},
                                          {" \t\xc2\xa0мама  мыла\xe3\x80\x80\n", "мама  мыла"},
                                          {"\xe2\x80\x8b x", "\xe2\x80\x8b x"},
                                          {" \xff ", "\xff"}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        char text[64];
        memcpy(text, rows[i][0], strlen(rows[i][0]) + 1);
        fam_text_trim(text);
        cr_assert_str_eq(text, rows[i][1], "row %zu", i);
    }
}

Test(text, decimals_become_millionths)
{
    static const struct {
        const char *text;
        uint64_t millionths;
    } rows[] = {{"0", 0},
                {"5", 5000000},
                {"5.00", 5000000},
                {"0.125", 125000},
                {"0.000001", 1},
                {"007", 7000000},
                {"999999999999.999999", UINT64_C(999999999999999999)}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        uint64_t millionths = 1;
        cr_assert(fam_text_millionths(rows[i].text, &millionths), "%s", rows[i].text);
        cr_assert_eq(millionths, rows[i].millionths, "%s", rows[i].text);
    }
}

Test(text, what_is_no_decimal_is_refused)
{
    static const char *const rows[] = {
        "", ".", "5.", ".5", "-1", "+1", "1e3", "1,5", "1 ", " 1", "1.2.3", "5.0000001", "5$", "1234567890123", "0x10"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        uint64_t millionths = 77;
        cr_assert_not(fam_text_millionths(rows[i], &millionths), "%s", rows[i]);
        cr_assert_eq(millionths, 77);
    }
}

Test(text, the_core_of_a_text_is_what_it_says)
{
    static const struct {
        const char *text, *core;
    } rows[] = {
        {"Очень хорошо", "очень хорошо"},
        {"  «ОЧЕНЬ   ХОРОШО!!» 🙂", "очень хорошо"},
        {"Всё", "все"},
        {"5/5.", "5/5"},
        {"4️⃣", "4"},
        {"🙂", ""},
        {"—", ""},
        {"", ""},
        {"й", "й"},
        {"don't", "don't"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *core = fam_text_core(rows[i].text);
        cr_assert_str_eq(core, rows[i].core, "\"%s\"", rows[i].text);
        free(core);
    }
    cr_assert_null(fam_text_core("\xff"));
}
