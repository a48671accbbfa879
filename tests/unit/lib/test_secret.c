/* test_secret.c: bytes that must not be seen (lib/base/secret.h). */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "base/secret.h"

Test(secret, it_holds_a_copy_that_also_reads_as_text)
{
    char source[] = "key\0more";
    struct fam_secret secret = {0};
    cr_assert(fam_secret_is_empty(&secret));
    cr_assert_str_eq(fam_secret_text(&secret), "");
    cr_assert(fam_secret_set(&secret, source, 8));
    memset(source, 0, sizeof(source));
    cr_assert_eq(secret.size, 8);
    cr_assert(memcmp(secret.data, "key\0more", 9) == 0);
    cr_assert_str_eq(fam_secret_text(&secret), "key");
    cr_assert_not(fam_secret_is_empty(&secret));
    fam_secret_done(&secret);
    cr_assert(fam_secret_is_empty(&secret));
    cr_assert_null(secret.data);
    fam_secret_done(&secret);
}

Test(secret, setting_replaces_even_with_a_part_of_itself)
{
    struct fam_secret secret = {0};
    cr_assert(fam_secret_set(&secret, "abcdef", 6));
    cr_assert(fam_secret_set(&secret, secret.data + 2, 3));
    cr_assert_str_eq(fam_secret_text(&secret), "cde");
    fam_secret_done(&secret);
}

Test(secret, no_bytes_make_an_empty_one)
{
    struct fam_secret secret = {0};
    cr_assert(fam_secret_set(&secret, "x", 1));
    cr_assert(fam_secret_set(&secret, "", 0));
    cr_assert(fam_secret_is_empty(&secret));
    cr_assert_null(secret.data);
    cr_assert(fam_secret_set(&secret, NULL, 0));
    cr_assert_null(secret.data);
}

Test(secret, a_size_that_no_memory_has_fails_and_leaves_it_empty)
{
    struct fam_secret secret = {0};
    cr_assert(fam_secret_set(&secret, "x", 1));
    cr_assert_not(fam_secret_set(&secret, "x", SIZE_MAX));
    cr_assert(fam_secret_is_empty(&secret));
    cr_assert_null(secret.data);
}

Test(secret, equal_means_the_same_bytes)
{
    struct fam_secret a = {0};
    struct fam_secret b = {0};
    cr_assert(fam_secret_equal(&a, &b));
    cr_assert(fam_secret_set(&a, "one", 3));
    cr_assert_not(fam_secret_equal(&a, &b));
    cr_assert(fam_secret_set(&b, "two", 3));
    cr_assert_not(fam_secret_equal(&a, &b));
    cr_assert(fam_secret_set(&b, "one", 3));
    cr_assert(fam_secret_equal(&a, &b));
    cr_assert(fam_secret_set(&b, "ones", 4));
    cr_assert_not(fam_secret_equal(&a, &b));
    fam_secret_done(&a);
    fam_secret_done(&b);
}
