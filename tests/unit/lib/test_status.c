/* test_status.c: codes and the one error type (lib/base/status.h). */
#include <criterion/criterion.h>
#include <string.h>

#include "base/status.h"
#include "base/text.h"

Test(status, codes_have_the_names_and_numbers_of_google_rpc)
{
    static const char *const names[FAM_CODE_COUNT] = {
        "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
        "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
        "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
        "DATA_LOSS", "UNAUTHENTICATED"};
    for (uint32_t i = 0; i < FAM_CODE_COUNT; i++) {
        cr_assert_str_eq(fam_code_name((enum fam_code)i), names[i]);
        cr_assert_eq(fam_code_from_number(i), i);
    }
}

Test(status, http_statuses_are_those_of_the_connect_protocol)
{
    static const int statuses[FAM_CODE_COUNT] = {200, 499, 500, 400, 504, 404, 409, 403, 429,
                                                 400, 409, 400, 501, 500, 503, 500, 401};
    for (int i = 0; i < FAM_CODE_COUNT; i++) {
        cr_assert_eq(fam_code_http_status((enum fam_code)i), statuses[i], "code %d", i);
    }
}

Test(status, exit_codes_tell_unreachable_and_refused_from_the_rest)
{
    cr_assert_eq(fam_code_exit_code(FAM_OK), 0);
    cr_assert_eq(fam_code_exit_code(FAM_UNAVAILABLE), 4);
    cr_assert_eq(fam_code_exit_code(FAM_UNAUTHENTICATED), 5);
    cr_assert_eq(fam_code_exit_code(FAM_PERMISSION_DENIED), 5);
    cr_assert_eq(fam_code_exit_code(FAM_NOT_FOUND), 1);
}

Test(status, only_passing_trouble_is_retryable)
{
    for (int i = 0; i < FAM_CODE_COUNT; i++) {
        bool passing =
            i == FAM_DEADLINE_EXCEEDED || i == FAM_RESOURCE_EXHAUSTED || i == FAM_ABORTED || i == FAM_UNAVAILABLE;
        cr_assert_eq(fam_code_retryable((enum fam_code)i), passing, "code %d", i);
    }
}

Test(status, a_number_out_of_range_is_unknown)
{
    cr_assert_eq(fam_code_from_number(17), FAM_UNKNOWN);
    cr_assert_eq(fam_code_from_number(UINT32_MAX), FAM_UNKNOWN);
    cr_assert_str_eq(fam_code_name((enum fam_code)99), "UNKNOWN");
    cr_assert_str_eq(fam_code_name((enum fam_code) - 1), "UNKNOWN");
    cr_assert_eq(fam_code_http_status((enum fam_code)99), 500);
}

Test(status, failing_fills_every_member_and_returns_the_code)
{
    struct fam_status status;
    memset(&status, 0x55, sizeof(status));
    cr_assert_eq(fam_fail(&status, FAM_NOT_FOUND, "no family %d", 7), FAM_NOT_FOUND);
    cr_assert_eq(status.code, FAM_NOT_FOUND);
    cr_assert_str_eq(status.message, "no family 7");
    cr_assert_str_eq(status.reason, "");
    cr_assert_str_eq(status.field, "");
    cr_assert_eq(status.retry_after_ms, 0);
}

Test(status, a_field_at_fault_is_named)
{
    struct fam_status status = {.retry_after_ms = 9};
    cr_assert_eq(fam_fail_field(&status, "child.birth.year", "must be %d to %d", 2000, 2026), FAM_INVALID_ARGUMENT);
    cr_assert_eq(status.code, FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.field, "child.birth.year");
    cr_assert_str_eq(status.reason, "FIELD_VIOLATION");
    cr_assert_str_eq(status.message, "must be 2000 to 2026");
    cr_assert_eq(status.retry_after_ms, 0);
}

Test(status, a_reason_and_advice_on_when_to_return_are_kept)
{
    struct fam_status status = {0};
    cr_assert_eq(fam_fail_reason(&status, FAM_RESOURCE_EXHAUSTED, "LIMIT_REACHED", 1500, "wait"),
                 FAM_RESOURCE_EXHAUSTED);
    cr_assert_str_eq(status.reason, "LIMIT_REACHED");
    cr_assert_eq(status.retry_after_ms, 1500);
    cr_assert_str_eq(status.message, "wait");
}

Test(status, lack_of_memory_is_resource_exhausted)
{
    struct fam_status status = {0};
    cr_assert_eq(fam_fail_memory(&status), FAM_RESOURCE_EXHAUSTED);
    cr_assert_eq(status.code, FAM_RESOURCE_EXHAUSTED);
    cr_assert_str_neq(status.message, "");
}

Test(status, an_error_can_be_wrapped_in_itself)
{
    struct fam_status status = {0};
    (void)fam_fail_reason(&status, FAM_UNAVAILABLE, "NOT_SENT", 5, "no connection");
    (void)fam_fail_reason(&status, FAM_UNAVAILABLE, status.reason, 5, "database: %s", status.message);
    cr_assert_str_eq(status.message, "database: no connection");
    cr_assert_str_eq(status.reason, "NOT_SENT");
    (void)fam_fail_field(&status, "a.b", "x");
    (void)fam_fail_field(&status, status.field, "%s is required", status.field);
    cr_assert_str_eq(status.field, "a.b");
    cr_assert_str_eq(status.message, "a.b is required");
}

Test(status, a_long_message_is_cut_between_characters)
{
    char text[600];
    for (size_t shift = 0; shift < 4; shift++) { /* so that the cut falls on each byte of a four-byte character */
        memset(text, 'x', shift);
        size_t at = shift;
        for (; at + 4 < sizeof(text); at += 4) {
            memcpy(text + at, "\xf0\x9f\x98\x80", 4);
        }
        text[at] = '\0';
        struct fam_status status = {0};
        (void)fam_fail(&status, FAM_INTERNAL, "%s", text);
        size_t size = strlen(status.message);
        cr_assert(fam_utf8_valid(status.message, size), "shift %zu", shift);
        cr_assert_eq(size, shift + (255 - shift) / 4 * 4, "shift %zu: %zu", shift, size);
    }
}

Test(status, a_message_of_exactly_the_size_is_whole)
{
    char text[256];
    memset(text, 'y', 255);
    text[255] = '\0';
    struct fam_status status = {0};
    (void)fam_fail(&status, FAM_INTERNAL, "%s", text);
    cr_assert_str_eq(status.message, text);
}

Test(status, bytes_that_are_no_text_do_not_get_into_the_message)
{
    struct fam_status status = {0};
    (void)fam_fail(&status, FAM_INTERNAL, "%s is no setting", "FAM_\xff\xc3-");
    cr_assert(fam_utf8_valid(status.message, strlen(status.message)));
    cr_assert_str_eq(status.message, "FAM_?\?- is no setting");
}

Test(status, long_names_are_cut)
{
    char name[200];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    struct fam_status status = {0};
    (void)fam_fail_field(&status, name, "bad");
    cr_assert_eq(strlen(status.field), sizeof(status.field) - 1);
    (void)fam_fail_reason(&status, FAM_ABORTED, name, 0, "bad");
    cr_assert_eq(strlen(status.reason), sizeof(status.reason) - 1);
}
