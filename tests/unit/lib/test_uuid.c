/* test_uuid.c: UUIDs of version 7 (lib/base/uuid.h). */
#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "base/uuid.h"

Test(uuid, a_new_one_has_version_7_its_variant_and_the_time)
{
    int64_t before = fam_wall_ms();
    struct fam_uuid uuid = fam_uuid_v7();
    int64_t after = fam_wall_ms();
    int64_t stamp = 0;
    for (int i = 0; i < 6; i++) {
        stamp = stamp << 8 | uuid.bytes[i];
    }
    cr_assert_eq(uuid.bytes[6] >> 4, 7);
    cr_assert_eq(uuid.bytes[8] >> 6, 2);
    cr_assert(stamp >= before && stamp <= after);
    cr_assert_not(fam_uuid_is_nil(&uuid));
}

Test(uuid, ten_thousand_are_all_different)
{
    enum { COUNT = 10000 };
    static struct fam_uuid made[COUNT];
    size_t same = 0;
    for (size_t i = 0; i < COUNT; i++) {
        made[i] = fam_uuid_v7();
        for (size_t back = 1; back <= 64 && back <= i; back++) {
            same += fam_uuid_equal(&made[i], &made[i - back]) ? 1 : 0;
        }
    }
    cr_assert_eq(same, 0);
}

Test(uuid, text_and_bytes_are_inverse)
{
    const struct fam_uuid uuid = {{0x01, 0x9a, 0xbc, 0xde, 0xf0, 0x12, 0x73, 0x45, 0x86, 0x78, 0x90, 1, 2, 3, 4, 5}};
    char text[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&uuid, text);
    cr_assert_str_eq(text, "019abcde-f012-7345-8678-900102030405");
    struct fam_uuid back = {{0}};
    cr_assert(fam_uuid_parse(text, &back));
    cr_assert(fam_uuid_equal(&uuid, &back));
    cr_assert(fam_uuid_parse("019ABCDE-F012-7345-8678-900102030405", &back));
    cr_assert(fam_uuid_equal(&uuid, &back));
}

Test(uuid, anything_else_is_refused_and_leaves_the_result_alone)
{
    static const char *const wrong[] = {"",
                                        "019abcde-f012-7345-8678-90010203040",
                                        "019abcde-f012-7345-8678-9001020304056",
                                        "019abcdef012-7345-8678-9001020304055",
                                        "{19abcde-f012-7345-8678-90010203040}",
                                        "019abcde-f012-7345-8678-90010203040g",
                                        "019abcde_f012_7345_8678_900102030405",
                                        " 19abcde-f012-7345-8678-900102030405",
                                        "019abcde-f012-7345-8678-9001020304-5",
                                        "019abcdef01273458678900102030405"};
    const struct fam_uuid before = {{9, 9, 9}};
    struct fam_uuid uuid = before;
    cr_assert_not(fam_uuid_parse(NULL, &uuid));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        cr_assert_not(fam_uuid_parse(wrong[i], &uuid), "row %zu", i);
        cr_assert(fam_uuid_equal(&uuid, &before), "row %zu", i);
    }
    cr_assert(fam_uuid_parse("00000000-0000-0000-0000-000000000000", &uuid));
    cr_assert(fam_uuid_is_nil(&uuid));
}
