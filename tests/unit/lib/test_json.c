/* test_json.c: strict JSON (lib/base/json.h). */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

static cJSON *parse(const char *text)
{
    /* A copy of the exact size, so that a read beyond it is seen by the sanitizer. */
    size_t size = strlen(text);
    char *copy = malloc(size == 0 ? 1 : size);
    cr_assert_not_null(copy);
    memcpy(copy, text, size);
    cJSON *root = fam_json_parse(copy, size, 1 << 20);
    free(copy);
    return root;
}

static void assert_taken(const char *text)
{
    cJSON *root = parse(text);
    cr_assert_not_null(root, "%s", text);
    cJSON_Delete(root);
}

static void assert_refused(const char *text)
{
    cJSON *root = parse(text);
    cr_assert_null(root, "taken: %s", text);
}

Test(json, values_of_the_standard_are_taken)
{
    static const char *const good[] = {
        "{}",
        "[]",
        "null",
        "true",
        "\"\"",
        "0",
        "-0",
        "-1.5e+3",
        "1E2",
        " [ 1 , 2 ]\r\n\t",
        "{\"a\":[]}",
        "0.5",
        "10",
        "-0.0",
        "\"\\u0441\\ud83d\\ude00\\n\\/\"",
        "123456789012345678901234567890",
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(good); i++) {
        assert_taken(good[i]);
    }
}

Test(json, what_is_no_json_is_refused)
{
    static const char *const bad[] = {
        "",         " ",     "{",     "[1,]",     "{\"a\":1,}", "{a:1}",   "'a'",      "nul",
        "[1] x",    "{}{}",  "[1]\f", "\"\x01\"", "\"a\nb\"",   "\"\\x\"", "\"\xff\"", "[\"\xc3\"]",
        "\"open",   "01",    "-01",   "1.",       "[1.]",       "-.5",     ".5",       "+1",
        "-",        "1e",    "1e+",   "0x10",     "1E400",      "-1E400",  "[1E999]",  "NaN",
        "Infinity", "[1 2]", "]",     "{\"a\"}",  "\"\\u12\"",  "[00]",    "{\"a\":-}"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(bad); i++) {
        assert_refused(bad[i]);
    }
    cr_assert_null(fam_json_parse(NULL, 0, 10));
    cr_assert_null(fam_json_parse("[]\0", 3, 10));
    assert_taken("[]");
}

/* cJSON would end the string at the NUL without a word. */
Test(json, an_escape_that_no_text_can_hold_is_refused)
{
    static const char *const bad[] = {"\"a\\u0000b\"", "{\"a\\u0000\":1}", "\"\\ud83d\"", "\"\\ude00\"",
                                      "\"\\ud83d\\ud83d\""};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(bad); i++) {
        assert_refused(bad[i]);
    }
    cJSON *root = parse("{\"t\":\"\\\\u0000\\uD83D\\uDE00\\u0001\"}");
    cr_assert_str_eq(fam_json_string(root, "t"), "\\u0000😀\x01");
    cJSON_Delete(root);
}

Test(json, the_size_is_bounded)
{
    cJSON *root = fam_json_parse("[1,2]", 5, 5);
    cr_assert_not_null(root);
    cJSON_Delete(root);
    cr_assert_null(fam_json_parse("[1,2]", 5, 4));
}

static cJSON *nested(size_t levels)
{
    struct fam_buf buf = {0};
    for (size_t i = 0; i < levels; i++) {
        fam_buf_add_text(&buf, i % 2 == 0 ? "[" : "{\"a\":");
    }
    fam_buf_add_text(&buf, "1");
    for (size_t i = levels; i-- > 0;) {
        fam_buf_add_char(&buf, i % 2 == 0 ? ']' : '}');
    }
    cJSON *root = parse(fam_buf_text(&buf));
    fam_buf_done(&buf);
    return root;
}

Test(json, sixty_four_levels_are_taken_and_no_more)
{
    cJSON *root = nested(64);
    cr_assert_not_null(root);
    cJSON_Delete(root);
    cr_assert_null(nested(65));
    cr_assert_null(nested(5000));
    assert_refused("]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]][1]");
    assert_taken("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"");
}

Test(json, a_number_out_of_range_is_found_wherever_it_is)
{
    assert_refused("{\"a\":[{\"b\":1},{\"c\":[1,2,1E400]}],\"d\":1}");
    assert_refused("[[],[],{},-1E999]");
    assert_taken("{\"a\":[{\"b\":1},{\"c\":[1,2,1E300]}],\"d\":1}");
}

Test(json, keys_are_compared_exactly)
{
    cJSON *root = parse("{\"Key\":\"upper\",\"key\":\"lower\",\"key\":\"second\"}");
    cr_assert_str_eq(fam_json_string(root, "key"), "lower");
    cr_assert_str_eq(fam_json_string(root, "Key"), "upper");
    cr_assert_null(fam_json_string(root, "KEY"));
    cr_assert_null(fam_json_get(NULL, "key"));
    cr_assert_null(fam_json_get(fam_json_get(root, "key"), "key"));
    cJSON_Delete(root);
}

Test(json, getters_check_the_type)
{
    cJSON *root = parse("{\"s\":\"text\",\"n\":7,\"t\":true,\"f\":false,\"o\":{},\"z\":null}");
    int64_t number = -5;
    cr_assert_null(fam_json_string(root, "n"));
    cr_assert_null(fam_json_string(root, "z"));
    cr_assert_not(fam_json_i64(root, "s", &number));
    cr_assert_not(fam_json_i64(root, "t", &number));
    cr_assert_not(fam_json_i64(root, "none", &number));
    cr_assert_eq(number, -5);
    cr_assert(fam_json_i64(root, "n", &number));
    cr_assert_eq(number, 7);
    cr_assert(fam_json_bool(root, "t"));
    cr_assert_not(fam_json_bool(root, "f"));
    cr_assert_not(fam_json_bool(root, "n"));
    cr_assert_not(fam_json_bool(root, "none"));
    cr_assert_not_null(fam_json_get(root, "o"));
    cJSON_Delete(root);
}

Test(json, integers_are_exact_up_to_53_bits)
{
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } rows[] = {{"{\"n\":-1001234567890}", true, -1001234567890},
                {"{\"n\":9007199254740991}", true, 9007199254740991},
                {"{\"n\":-9007199254740991}", true, -9007199254740991},
                {"{\"n\":9007199254740992}", false, 0},
                {"{\"n\":-9007199254740992}", false, 0},
                {"{\"n\":1e300}", false, 0},
                {"{\"n\":1.5}", false, 0},
                {"{\"n\":1e3}", true, 1000},
                {"{\"n\":-0}", true, 0}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        cJSON *root = parse(rows[i].text);
        int64_t value = 0;
        cr_assert_eq(fam_json_i64(root, "n", &value), rows[i].good, "%s", rows[i].text);
        cr_assert_eq(value, rows[i].value, "%s", rows[i].text);
        cJSON_Delete(root);
    }
}

Test(json, a_written_string_reads_back_as_it_was)
{
    char text[300];
    size_t size = 0;
    for (int c = 1; c < 128; c++) {
        text[size++] = (char)c;
    }
    memcpy(text + size, "мама 😀", sizeof("мама 😀"));
    struct fam_buf buf = {0};
    fam_buf_add_text(&buf, "{\"t\":");
    fam_json_add_string(&buf, text);
    fam_buf_add_char(&buf, '}');
    cJSON *root = fam_json_parse(buf.data, buf.size, buf.size);
    cr_assert_not_null(root);
    cr_assert_str_eq(fam_json_string(root, "t"), text);
    cJSON_Delete(root);
    fam_buf_done(&buf);
}
