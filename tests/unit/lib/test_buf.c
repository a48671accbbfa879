/* test_buf.c: the growing byte string (lib/base/buf.h). */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

Test(buf, an_empty_one_reads_as_empty_text)
{
    struct fam_buf buf = {0};
    cr_assert_str_eq(fam_buf_text(&buf), "");
    cr_assert_eq(buf.size, 0);
    fam_buf_done(&buf);
    fam_buf_done(&buf);
}

Test(buf, appends_are_joined_and_always_terminated)
{
    struct fam_buf buf = {0};
    fam_buf_add(&buf, "a\0b", 3);
    cr_assert_eq(buf.data[3], '\0');
    fam_buf_add_text(&buf, "cd");
    fam_buf_add_char(&buf, 'e');
    fam_buf_addf(&buf, "%d-%s", 42, "x");
    fam_buf_add(&buf, NULL, 0);
    cr_assert_eq(buf.size, 10);
    cr_assert(memcmp(buf.data, "a\0bcde42-x", 11) == 0);
    cr_assert_not(buf.failed);
    fam_buf_done(&buf);
}

Test(buf, what_was_there_survives_growth)
{
    struct fam_buf buf = {0};
    for (int i = 0; i < 20000; i++) {
        fam_buf_addf(&buf, "%05d", i);
    }
    cr_assert_eq(buf.size, 100000);
    cr_assert_eq(strlen(buf.data), 100000);
    cr_assert(memcmp(buf.data + 12345 * 5, "12345", 5) == 0);
    fam_buf_done(&buf);
}

Test(buf, the_limit_counts_bytes_without_the_terminator)
{
    struct fam_buf buf;
    fam_buf_init(&buf, 4);
    fam_buf_add_text(&buf, "1234");
    cr_assert_not(buf.failed);
    cr_assert_str_eq(buf.data, "1234");
    fam_buf_add_char(&buf, '5');
    cr_assert(buf.failed);
    cr_assert_str_eq(buf.data, "1234");
    fam_buf_done(&buf);
}

Test(buf, after_a_failure_appends_do_nothing_until_it_is_cleared)
{
    struct fam_buf buf;
    fam_buf_init(&buf, 4);
    fam_buf_addf(&buf, "%s", "too long");
    cr_assert(buf.failed);
    cr_assert_str_eq(fam_buf_text(&buf), "");
    fam_buf_add_char(&buf, 'x');
    cr_assert_eq(buf.size, 0);
    fam_buf_clear(&buf);
    cr_assert_not(buf.failed);
    fam_buf_add_text(&buf, "good");
    cr_assert_str_eq(fam_buf_text(&buf), "good");
    fam_buf_done(&buf);
    cr_assert_eq(buf.limit, 0);
}

Test(buf, clearing_wipes_what_was_there)
{
    struct fam_buf buf = {0};
    fam_buf_add_text(&buf, "secret words");
    fam_buf_clear(&buf);
    for (size_t i = 0; i < 12; i++) {
        cr_assert_eq(buf.data[i], 0, "byte %zu", i);
    }
    fam_buf_done(&buf);
}

Test(buf, without_a_limit_it_ends_at_16_mib)
{
    struct fam_buf buf = {0};
    enum { BLOCK = 1 << 20 };
    char *block = calloc(1, BLOCK);
    cr_assert_not_null(block);
    for (int i = 0; i < 16; i++) {
        fam_buf_add(&buf, block, BLOCK);
    }
    cr_assert_not(buf.failed);
    fam_buf_add_char(&buf, 'x');
    cr_assert(buf.failed);
    free(block);
    fam_buf_done(&buf);
}

Test(buf, a_size_that_no_memory_has_fails_instead_of_wrapping_around)
{
    struct fam_buf buf;
    fam_buf_init(&buf, SIZE_MAX);
    fam_buf_add(&buf, "x", SIZE_MAX);
    cr_assert(buf.failed);
    cr_assert_eq(buf.size, 0);
    fam_buf_done(&buf);
}

Test(buf, taking_hands_over_the_memory)
{
    struct fam_buf buf = {0};
    fam_buf_add_text(&buf, "mine");
    char *text = fam_buf_take(&buf);
    cr_assert_str_eq(text, "mine");
    free(text);
    cr_assert_eq(buf.size, 0);
    cr_assert_str_eq(fam_buf_text(&buf), "");
    text = fam_buf_take(&buf);
    cr_assert_str_eq(text, "");
    free(text);
}

Test(buf, nothing_can_be_taken_from_a_failed_one)
{
    struct fam_buf buf;
    fam_buf_init(&buf, 2);
    fam_buf_add_text(&buf, "ab");
    fam_buf_add_char(&buf, 'c');
    cr_assert_null(fam_buf_take(&buf));
    cr_assert_not(buf.failed);
    cr_assert_str_eq(fam_buf_text(&buf), "");
}
