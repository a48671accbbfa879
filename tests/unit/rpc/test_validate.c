/* test_validate.c: checks of messages by their descriptors (lib/rpc/validate.h). */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "fam/rpc/v1/envelope.pb-c.h"
#include "fam/test/v1/echo.pb-c.h"
#include "rpc/validate.h"

#define ECHO_TYPE (&fam__test__v1__echo_request__descriptor)

static enum fam_code check_wire(const void *bytes, size_t size, struct fam_status *status)
{
    *status = (struct fam_status){0};
    return fam_validate_wire(ECHO_TYPE, bytes, size, status);
}

static void assert_good(void)
{
    static const uint8_t good[] = {0x0a, 2, 'o', 'k', 0x10, 5, 0x2a, 3, 0x0a, 1, 'x', 0x3a, 2, 0xff, 0x00};
    struct fam_status status;
    cr_assert_eq(check_wire(good, sizeof(good), &status), FAM_OK, "%s", status.message);
    cr_assert_eq(check_wire(NULL, 0, &status), FAM_OK);
}

struct bytes {
    size_t size;
    uint8_t data[24];
};

Test(validate, well_formed_bytes_are_taken)
{
    static const struct bytes rows[] = {
        {0, {0}},
        {4, {0x0a, 2, 0xd1, 0x8f}},                                               /* text я */
        {4, {0x0a, 0, 0x0a, 0}},                                                  /* twice: the last counts */
        {4, {0x3a, 2, 0xff, 0}},                                                  /* bytes may be anything */
        {6, {0x2a, 4, 0x0a, 2, 'o', 'k'}},                                        /* inner.name */
        {4, {0x32, 0, 0x32, 0}},                                                  /* more: two empty ones */
        {11, {0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}}, /* number -1 */
        {3, {0xa0, 0x06, 1}},                                                     /* unknown field 100, a number */
        {5, {0xa2, 0x06, 2, 0xff, 0xfe}},                                         /* unknown field 100, bytes */
        {6, {0xa5, 0x06, 1, 2, 3, 4}},                                            /* unknown field 100, 32 bits */
        {10, {0xa1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8}},                               /* unknown field 100, 64 bits */
        {6, {0xf8, 0xff, 0xff, 0xff, 0x0f, 0}},                                   /* the largest field number */
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        struct fam_status status;
        cr_assert_eq(check_wire(rows[i].data, rows[i].size, &status), FAM_OK, "row %zu: %s", i, status.message);
    }
}

Test(validate, malformed_bytes_are_refused_with_the_types_name)
{
    static const struct bytes rows[] = {
        {1, {0x0a}},                                                                    /* no length */
        {2, {0x0a, 1}},                                                                 /* a byte is missing */
        {3, {0x0a, 0xff, 0xff}},                                                        /* the length is cut */
        {11, {0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}},       /* a length of 2^64 - 1 */
        {12, {0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}}, /* a number of 11 bytes */
        {1, {0x10}},                                                                    /* no number */
        {2, {0x00, 0}},                                                                 /* field 0 */
        {7, {0x80, 0x80, 0x80, 0x80, 0x10, 0, 0}},                                      /* field 2^29 */
        {4, {0xa5, 0x06, 1, 2}},                                                        /* 32 bits cut */
        {5, {0xa1, 0x06, 1, 2, 3}},                                                     /* 64 bits cut */
        {2, {0x0b, 0x0c}},                                                              /* a group */
        {1, {0x0e}},                                                                    /* wire type 6 */
        {1, {0x0f}},                                                                    /* wire type 7 */
        {3, {0x2a, 1, 0x0a}},                                                           /* inner is cut */
        {5, {0x2a, 3, 0x0a, 5, 'x'}},                                                   /* inner.name is longer */
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        struct fam_status status;
        cr_assert_eq(check_wire(rows[i].data, rows[i].size, &status), FAM_INVALID_ARGUMENT, "row %zu", i);
        cr_assert_not_null(strstr(status.message, "fam.test.v1."), "row %zu: %s", i, status.message);
        assert_good();
    }
}

Test(validate, text_must_be_utf8_without_nul_at_every_level)
{
    static const struct {
        struct bytes bytes;
        const char *field;
    } rows[] = {{{3, {0x0a, 1, 0xff}}, "text"},
                {{5, {0x0a, 3, 'a', 0, 'b'}}, "text"},
                {{3, {0x0a, 1, 0xd1}}, "text"},
                {{5, {0x2a, 3, 0x0a, 1, 0xff}}, "name"},
                {{7, {0x32, 0, 0x32, 3, 0x0a, 1, 0x80}}, "name"},
                {{6, {0x0a, 1, 0xff, 0x0a, 1, 'x'}}, "text"}}; /* also one that a later value replaces */
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        struct fam_status status;
        cr_assert_eq(check_wire(rows[i].bytes.data, rows[i].bytes.size, &status), FAM_INVALID_ARGUMENT, "row %zu", i);
        cr_assert_str_eq(status.field, rows[i].field, "row %zu", i);
        assert_good();
    }
}

/* A message type that holds itself in several fields. */
static void make_recursive(ProtobufCMessageDescriptor *message, ProtobufCFieldDescriptor *fields, unsigned *sorted,
                           unsigned count, ProtobufCIntRange *ranges)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    for (unsigned i = 0; i < count; i++) {
        fields[i] = (ProtobufCFieldDescriptor){.name = names[i],
                                               .id = i + 1,
                                               .label = PROTOBUF_C_LABEL_REPEATED,
                                               .type = PROTOBUF_C_TYPE_MESSAGE,
                                               .descriptor = message};
        sorted[i] = i;
    }
    ranges[0] = (ProtobufCIntRange){.start_value = 1, .orig_index = 0};
    ranges[1] = (ProtobufCIntRange){.start_value = 0, .orig_index = count};
    *message = (ProtobufCMessageDescriptor){.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
                                            .name = "test.Recursive",
                                            .n_fields = count,
                                            .fields = fields,
                                            .fields_sorted_by_name = sorted,
                                            .n_field_ranges = 1,
                                            .field_ranges = ranges};
}

Test(validate, nesting_on_the_wire_is_bounded)
{
    ProtobufCMessageDescriptor type;
    ProtobufCFieldDescriptor fields[1];
    ProtobufCIntRange ranges[2];
    unsigned sorted[1];
    uint8_t bytes[64];
    size_t size = 0;
    struct fam_status status = {0};
    make_recursive(&type, fields, sorted, 1, ranges);
    for (unsigned levels = 1; levels <= 30; levels++) {
        cr_assert_eq(fam_validate_wire(&type, bytes + sizeof(bytes) - size, size, &status),
                     levels <= FAM_MESSAGE_DEPTH_MAX ? FAM_OK : FAM_INVALID_ARGUMENT, "%u levels", levels);
        size += 2; /* one more around it */
        bytes[sizeof(bytes) - size] = 0x0a;
        bytes[sizeof(bytes) - size + 1] = (uint8_t)(size - 2);
    }
}

Test(validate, the_depth_of_a_type_counts_its_levels)
{
    cr_assert_eq(fam_message_depth(&fam__test__v1__ping_request__descriptor), 1);
    cr_assert_eq(fam_message_depth(ECHO_TYPE), 2);
    cr_assert_eq(fam_message_depth(&fam__rpc__v1__response__descriptor), 2);
}

Test(validate, a_type_that_holds_itself_is_found_out_quickly, .timeout = 60)
{
    ProtobufCMessageDescriptor type;
    ProtobufCFieldDescriptor fields[8];
    ProtobufCIntRange ranges[2];
    unsigned sorted[8];
    for (unsigned count = 1; count <= 8; count++) {
        make_recursive(&type, fields, sorted, count, ranges);
        uint64_t before = fam_mono_ms();
        cr_assert_eq(fam_message_depth(&type), FAM_MESSAGE_DEPTH_MAX + 1);
        cr_assert_lt(fam_mono_ms() - before, 5000, "%u fields", count);
    }
}

static struct fam_rules *rules_of(const struct fam_field_rule *rules, size_t count)
{
    const ProtobufCMessageDescriptor *messages[] = {&fam__test__v1__ping_request__descriptor, ECHO_TYPE};
    struct fam_status status = {0};
    struct fam_rules *made = fam_rules_new(rules, count, messages, FAM_ARRAY_SIZE(messages), &status);
    cr_assert_not_null(made, "%s", status.message);
    return made;
}

Test(validate, a_rule_without_a_field_is_refused_by_name)
{
    static const char *const names[] = {
        "fam.test.v1.EchoRequest.none", "fam.test.v1.None.text",        "text", "", "fam.test.v1.EchoRequest.", ".text",
        "fam.test.v1.PingRequest.text", "fam.test.v1.EchoResponse.text"};
    const ProtobufCMessageDescriptor *messages[] = {&fam__test__v1__ping_request__descriptor, ECHO_TYPE};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(names); i++) {
        const struct fam_field_rule rules[] = {{.field = "fam.test.v1.EchoRequest.text"}, {.field = names[i]}};
        struct fam_status status = {0};
        cr_assert_null(fam_rules_new(rules, 2, messages, 2, &status), "%s", names[i]);
        cr_assert_eq(status.code, FAM_INTERNAL);
        cr_assert_not_null(strstr(status.message, names[i]), "%s", status.message);
    }
    fam_rules_free(rules_of(NULL, 0));
    fam_rules_free(NULL);
}

/* Every kind of field has its rule. */
static const struct fam_field_rule RULES[] = {
    {.field = "fam.test.v1.EchoRequest.text", .required = true, .min = 2, .max = 4},
    {.field = "fam.test.v1.EchoRequest.park_ms", .max = 100},
    {.field = "fam.test.v1.EchoRequest.number", .min = -5, .max = 5},
    {.field = "fam.test.v1.EchoRequest.inner", .required = true},
    {.field = "fam.test.v1.EchoRequest.more", .max = 2},
    {.field = "fam.test.v1.EchoRequest.blob", .min = 2, .max = 3},
    {.field = "fam.test.v1.Inner.name", .max = 3},
    {.field = "fam.test.v1.Inner.year", .required = true, .min = 2000, .max = 2026},
};

struct request {
    Fam__Test__V1__Inner inner;
    Fam__Test__V1__Inner one, two, three;
    Fam__Test__V1__Inner *more[3];
    Fam__Test__V1__EchoRequest message;
};

static void fill(struct request *request)
{
    Fam__Test__V1__Inner *const parts[] = {&request->inner, &request->one, &request->two, &request->three};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(parts); i++) {
        fam__test__v1__inner__init(parts[i]);
        parts[i]->year = 2020;
    }
    for (size_t i = 0; i < 3; i++) {
        request->more[i] = parts[i + 1];
    }
    fam__test__v1__echo_request__init(&request->message);
    request->message.text = (char *)(uintptr_t) "мама";
    request->message.inner = &request->inner;
    request->message.more = request->more;
    request->message.n_more = 2;
}

/* `field` NULL: it is taken. */
static void assert_checked(const struct fam_rules *rules, const struct request *request, const char *field)
{
    struct fam_status status = {0};
    enum fam_code code = fam_validate_message(rules, &request->message.base, &status);
    if (field == NULL) {
        cr_assert_eq(code, FAM_OK, "%s", status.message);
        return;
    }
    cr_assert_eq(code, FAM_INVALID_ARGUMENT, "%s is not refused", field);
    cr_assert_str_eq(status.field, field);
    cr_assert_str_eq(status.reason, "FIELD_VIOLATION");
    cr_assert_not_null(strstr(status.message, field), "%s", status.message);
}

Test(validate, texts_are_required_and_measured_in_characters)
{
    static const char *const wrong[] = {"", "я", "мамам", NULL};
    struct fam_rules *rules = rules_of(RULES, FAM_ARRAY_SIZE(RULES));
    struct request request;
    fill(&request);
    assert_checked(rules, &request, NULL);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(wrong); i++) {
        request.message.text = (char *)(uintptr_t)wrong[i];
        assert_checked(rules, &request, "text");
    }
    fill(&request);
    request.inner.name = (char *)(uintptr_t) "four";
    assert_checked(rules, &request, "inner.name");
    request.inner.name = (char *)(uintptr_t) ""; /* optional: may be empty */
    assert_checked(rules, &request, NULL);
    fam_rules_free(rules);
}

Test(validate, numbers_are_within_their_range)
{
    struct fam_rules *rules = rules_of(RULES, FAM_ARRAY_SIZE(RULES));
    struct request request;
    fill(&request);
    request.message.park_ms = 100;
    request.message.number = -5;
    assert_checked(rules, &request, NULL);
    request.message.park_ms = 101;
    assert_checked(rules, &request, "park_ms");
    request.message.park_ms = UINT32_MAX;
    assert_checked(rules, &request, "park_ms");
    request.message.park_ms = 0;
    request.message.number = 6;
    assert_checked(rules, &request, "number");
    request.message.number = INT32_MIN;
    assert_checked(rules, &request, "number");
    request.message.number = 0;
    request.inner.year = 0;
    assert_checked(rules, &request, "inner.year");
    request.inner.year = 2027;
    assert_checked(rules, &request, "inner.year");
    fam_rules_free(rules);
}

Test(validate, an_unknown_enum_value_is_refused_without_a_rule)
{
    struct fam_rules *rules = rules_of(NULL, 0);
    struct request request;
    fill(&request);
    request.message.colour = FAM__TEST__V1__COLOUR__COLOUR_RED;
    assert_checked(rules, &request, NULL);
    request.message.colour = (Fam__Test__V1__Colour)77;
    assert_checked(rules, &request, "colour");
    request.message.colour = (Fam__Test__V1__Colour)-1;
    assert_checked(rules, &request, "colour");
    fam_rules_free(rules);
}

Test(validate, messages_are_required_and_repeated_ones_counted_and_looked_into)
{
    struct fam_rules *rules = rules_of(RULES, FAM_ARRAY_SIZE(RULES));
    struct request request;
    fill(&request);
    request.message.inner = NULL;
    assert_checked(rules, &request, "inner");
    fill(&request);
    request.message.n_more = 3;
    assert_checked(rules, &request, "more");
    request.message.n_more = 0;
    request.message.more = NULL;
    assert_checked(rules, &request, NULL);
    fill(&request);
    request.two.year = 1;
    assert_checked(rules, &request, "more.year");
    fam_rules_free(rules);
}

Test(validate, items_that_are_checked_one_by_one_are_counted_and_not_looked_into)
{
    const struct fam_field_rule rules_[] = {
        {.field = "fam.test.v1.EchoRequest.more", .required = true, .max = 2, .per_item = true},
        {.field = "fam.test.v1.Inner.year", .required = true, .min = 2000, .max = 2026},
    };
    struct fam_rules *rules = rules_of(rules_, FAM_ARRAY_SIZE(rules_));
    struct request request;
    struct fam_status status = {0};
    fill(&request);
    request.two.year = 1;
    assert_checked(rules, &request, NULL);
    cr_assert_eq(fam_validate_message(rules, &request.two.base, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.field, "year", "the path begins at the item");
    cr_assert_eq(fam_validate_message(rules, &request.one.base, &status), FAM_OK);
    request.message.n_more = 3;
    assert_checked(rules, &request, "more");
    request.message.n_more = 0;
    assert_checked(rules, &request, "more");
    fill(&request);
    request.inner.year = 1; /* the same type in another field */
    assert_checked(rules, &request, "inner.year");
    fam_rules_free(rules);
}

Test(validate, bytes_are_measured)
{
    uint8_t data[4] = {0};
    struct fam_rules *rules = rules_of(RULES, FAM_ARRAY_SIZE(RULES));
    struct request request;
    for (size_t size = 0; size <= sizeof(data); size++) {
        fill(&request);
        request.message.blob = (ProtobufCBinaryData){.len = size, .data = data};
        assert_checked(rules, &request, size == 1 || size == 4 ? "blob" : NULL);
    }
    fam_rules_free(rules);
}
