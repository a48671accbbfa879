/* test_json_codec.c: messages as JSON and back (lib/rpc/json_codec.h). */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fam/rpc/v1/envelope.pb-c.h"
#include "fam/test/v1/everything.pb-c.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/notification.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "fam/v1/session.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "rpc/fields.h"
#include "rpc/json_codec.h"
#include "rpc/validate.h"

#define EVERYTHING (&fam__test__v1__everything__descriptor)

static enum fam_code read_as(const ProtobufCMessageDescriptor *type, const char *json, ProtobufCMessage **ret_message,
                             struct fam_status *status)
{
    *status = (struct fam_status){.message = ""};
    *ret_message = NULL;
    return fam_json_to_message(type, json, strlen(json), ret_message, status);
}

/* Reads, and writes again with the options. */
static void assert_becomes(const char *json, const struct fam_json_codec_options *options, const char *expected)
{
    struct fam_status status;
    ProtobufCMessage *message = NULL;
    cr_assert_eq(read_as(EVERYTHING, json, &message, &status), FAM_OK, "%s: %s", json, status.message);
    struct fam_buf buf = {0};
    cr_assert_eq(fam_json_from_message(message, options, &buf, &status), FAM_OK, "%s", status.message);
    cr_assert_str_eq(fam_buf_text(&buf), expected);
    fam_buf_done(&buf);
    protobuf_c_message_free_unpacked(message, NULL);
}

static void assert_refused(const ProtobufCMessageDescriptor *type, const char *json, const char *field)
{
    struct fam_status status;
    ProtobufCMessage *message = NULL;
    cr_assert_eq(read_as(type, json, &message, &status), FAM_INVALID_ARGUMENT, "%s is taken", json);
    cr_assert_null(message);
    cr_assert_str_eq(status.field, field, "%s: %s", json, status.message);
    cr_assert_str_not_empty(status.message);
}

Test(json_codec, names_are_camel_case_and_read_both_ways)
{
    assert_becomes("{\"anInt32\": 5}", NULL, "{\"anInt32\":5}");
    assert_becomes("{\"an_int32\": 5}", NULL, "{\"anInt32\":5}");
    assert_becomes("{\"oddName2\": \"x\"}", NULL, "{\"oddName2\":\"x\"}");
    assert_becomes(" \n\t{ } \r\n", NULL, "{}");
}

struct row {
    const char *json;
    const char *result; /* what is written, or the field at fault */
};

Test(json_codec, every_kind_of_value_is_read_and_written_by_the_mapping)
{
    static const struct row rows[] = {
        {"{\"anInt32\":-2147483648}", NULL},
        {"{\"aSint32\":2147483647}", NULL},
        {"{\"aUint32\":4294967295}", NULL},
        {"{\"anInt64\":\"-9223372036854775808\"}", NULL},
        {"{\"anInt64\":-9223372036854775808}", "{\"anInt64\":\"-9223372036854775808\"}"},
        {"{\"aUint64\":18446744073709551615}", "{\"aUint64\":\"18446744073709551615\"}"},
        {"{\"aFixed64\":\"9007199254740993\"}", NULL},
        {"{\"anInt64\":9007199254740993}", "{\"anInt64\":\"9007199254740993\"}"},
        {"{\"anInt32\":\"17\"}", "{\"anInt32\":17}"},
        {"{\"anInt32\":1.50e1}", "{\"anInt32\":15}"},
        {"{\"anInt32\":100e-2}", "{\"anInt32\":1}"},
        {"{\"anInt32\":-0}", "{}"},
        {"{\"aUint32\":-0.0e5}", "{}"},
        {"{\"aDouble\":0.1}", NULL},
        {"{\"aDouble\":\"2.5\"}", "{\"aDouble\":2.5}"},
        {"{\"aDouble\":1e308}", "{\"aDouble\":1e+308}"},
        {"{\"aDouble\":-0.0}", "{\"aDouble\":-0}"},
        {"{\"aDouble\":5e-324}", "{\"aDouble\":4.94065645841247e-324}"},
        {"{\"aDouble\":\"NaN\"}", NULL},
        {"{\"aDouble\":\"-Infinity\"}", NULL},
        {"{\"aFloat\":\"Infinity\"}", NULL},
        {"{\"aFloat\":0.1}", NULL},
        {"{\"aFloat\":3.4028235e38}", "{\"aFloat\":3.4028235e+38}"},
        {"{\"aBool\":true}", NULL},
        {"{\"aBool\":false}", "{}"},
        {"{\"aString\":\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u042f\\ud83d\\ude00\"}",
         "{\"aString\":\"a\\\"\\\\/\\u0008\\u000c\\n\\r\\tЯ😀\"}"},
        {"{\"someBytes\":\"/+8=\"}", NULL},
        {"{\"someBytes\":\"_-8\"}", "{\"someBytes\":\"/+8=\"}"},
        {"{\"someBytes\":\"AA==\"}", NULL},
        {"{\"someBytes\":\"\"}", "{}"},
        {"{\"shade\":\"SHADE_LIGHT\"}", NULL},
        {"{\"shade\":1}", "{\"shade\":\"SHADE_DARK\"}"},
        {"{\"shade\":77}", NULL},
        {"{\"below\":{\"name\":\"x\",\"deeper\":{\"ids\":[\"1\",\"2\"]}}}", NULL},
        {"{\"below\":{}}", NULL},
        {"{\"numbers\":[1,0,-1]}", NULL},
        {"{\"bigNumbers\":[1,\"2\"]}", "{\"bigNumbers\":[\"1\",\"2\"]}"},
        {"{\"doubles\":[0,1.5,\"NaN\"]}", NULL},
        {"{\"bools\":[true,false]}", NULL},
        {"{\"strings\":[\"\",\"a\",\"b\",\"c\",\"d\"]}", NULL},
        {"{\"blobs\":[\"\",\"AQI=\"]}", NULL},
        {"{\"shades\":[\"SHADE_UNSPECIFIED\",\"SHADE_DARK\"]}", NULL},
        {"{\"belows\":[{},{\"year\":7}]}", NULL},
        {"{\"numbers\":[]}", "{}"},
        {"{\"chosenNumber\":0}", NULL},
        {"{\"chosenString\":\"\"}", NULL},
        {"{\"chosenBelow\":{\"year\":1}}", NULL},
        {"{\"byName\":{\"\":0,\"two\":2}}", NULL},
        {"{\"byNumber\":{\"-5\":\"x\",\"0\":\"\"}}", NULL},
        {"{\"byTruth\":{\"true\":{\"year\":1},\"false\":{}}}", NULL},
        {"{\"byName\":{}}", "{}"},
        {"{\"aString\":null,\"below\":null,\"numbers\":null,\"byName\":null,\"chosenNumber\":null,\"shade\":null}",
         "{}"},
        {"{\"chosenNumber\":null,\"chosenString\":\"x\"}", "{\"chosenString\":\"x\"}"},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        assert_becomes(rows[i].json, NULL, rows[i].result == NULL ? rows[i].json : rows[i].result);
    }
}

Test(json_codec, what_is_wrong_is_named_by_its_path)
{
    static const struct row rows[] = {
        {"{\"nothing\":1}", "nothing"},
        {"{\"below\":{\"nothing\":1}}", "below.nothing"},
        {"{\"AnInt32\":1}", "AnInt32"},
        {"{\"an int32\":1}", ""},
        {"{\"below\":{\"\\u0007\":1}}", "below"},
        {"{\"anInt32\":1,\"an_int32\":2}", "an_int32"},
        {"{\"anInt32\":2147483648}", "an_int32"},
        {"{\"anInt32\":1.5}", "an_int32"},
        {"{\"anInt32\":1e400}", "an_int32"},
        {"{\"anInt32\":\" 1\"}", "an_int32"},
        {"{\"anInt32\":\"1 \"}", "an_int32"},
        {"{\"anInt32\":\"\"}", "an_int32"},
        {"{\"anInt32\":\"0x1\"}", "an_int32"},
        {"{\"anInt32\":01}", "an_int32"},
        {"{\"anInt32\":+1}", "an_int32"},
        {"{\"anInt32\":true}", "an_int32"},
        {"{\"aUint32\":-1}", "a_uint32"},
        {"{\"aUint64\":18446744073709551616}", "a_uint64"},
        {"{\"aUint64\":\"-1\"}", "a_uint64"},
        {"{\"anInt64\":9223372036854775808}", "an_int64"},
        {"{\"aDouble\":1e400}", "a_double"},
        {"{\"aDouble\":NaN}", "a_double"},
        {"{\"aDouble\":\"nan\"}", "a_double"},
        {"{\"aFloat\":1e39}", "a_float"},
        {"{\"aBool\":1}", "a_bool"},
        {"{\"aBool\":\"true\"}", "a_bool"},
        {"{\"aString\":5}", "a_string"},
        {"{\"aString\":\"a\\u0000b\"}", "a_string"},
        {"{\"aString\":\"\\ud800\"}", "a_string"},
        {"{\"aString\":\"\\udc00\\ud800\"}", "a_string"},
        {"{\"aString\":\"\\x\"}", "a_string"},
        {"{\"aString\":\"\\u12g4\"}", "a_string"},
        {"{\"aString\":\"a\nb\"}", "a_string"},
        {"{\"aString\":\"\xff\"}", "a_string"},
        {"{\"aString\":\"\xed\xa0\x80\"}", "a_string"},
        {"{\"aString\":\"open", "a_string"},
        {"{\"someBytes\":\"a\"}", "some_bytes"},
        {"{\"someBytes\":\"AA=\"}", "some_bytes"},
        {"{\"someBytes\":\"A*==\"}", "some_bytes"},
        {"{\"someBytes\":\"AQ==AQ==\"}", "some_bytes"},
        {"{\"shade\":\"DARK\"}", "shade"},
        {"{\"shade\":\"shade_dark\"}", "shade"},
        {"{\"shade\":1.5}", "shade"},
        {"{\"below\":[]}", "below"},
        {"{\"below\":{\"deeper\":{\"ids\":[1,\"x\"]}}}", "below.deeper.ids[1]"},
        {"{\"belows\":[{},{\"year\":\"x\"}]}", "belows[1].year"},
        {"{\"belows\":[null]}", "belows[0]"},
        {"{\"numbers\":{}}", "numbers"},
        {"{\"numbers\":1}", "numbers"},
        {"{\"chosenNumber\":1,\"chosenString\":\"x\"}", "chosen_string"},
        {"{\"byName\":[]}", "by_name"},
        {"{\"byName\":{\"a\":1,\"a\":2}}", "by_name"},
        {"{\"byName\":{\"a\":null}}", "by_name"},
        {"{\"byNumber\":{\"x\":\"\"}}", "by_number"},
        {"{\"byTruth\":{\"yes\":{}}}", "by_truth"},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        assert_refused(EVERYTHING, rows[i].json, rows[i].result);
    }
}

Test(json_codec, what_is_no_json_is_refused)
{
    static const char *const rows[] = {
        "",
        "null",
        "[]",
        "1",
        "\"x\"",
        "{",
        "}",
        "{}x",
        "{} {}",
        "{,}",
        "{\"anInt32\"}",
        "{\"anInt32\":}",
        "{anInt32:1}",
        "{\"anInt32\":1,}",
        "{\"numbers\":[1,]}",
        "{\"numbers\":[1}",
        "{\"numbers\":[,]}",
        "{\"below\":nul}",
        "{'anInt32':1}",
        "{\"anInt32\":1 \"aBool\":true}",
        "// x\n{}",
        "\xef\xbb\xbf{}",
        "{\"byName\":{1:1}}",
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        struct fam_status status;
        ProtobufCMessage *message = NULL;
        cr_assert_eq(read_as(EVERYTHING, rows[i], &message, &status), FAM_INVALID_ARGUMENT, "%s is taken", rows[i]);
    }
    static const char nul[] = "{}\0";
    struct fam_status status;
    ProtobufCMessage *message = NULL;
    cr_assert_eq(fam_json_to_message(EVERYTHING, nul, 3, &message, &status), FAM_INVALID_ARGUMENT);
    cr_assert_eq(fam_json_to_message(EVERYTHING, "{\"aBool\":true}", 9, &message, &status), FAM_INVALID_ARGUMENT,
                 "what follows the given size does not count");
}

Test(json_codec, a_message_of_an_error_repeats_no_value_and_no_odd_name)
{
    static const char *const rows[] = {"{\"aString\":{\"x\":\"Zanzibarka\"}}", "{\"Zanzibarka is sad\":1}",
                                       "{\"anInt32\":\"Zanzibarka\"}", "{\"shade\":\"Zanzibarka\"}"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        struct fam_status status;
        ProtobufCMessage *message = NULL;
        cr_assert_eq(read_as(EVERYTHING, rows[i], &message, &status), FAM_INVALID_ARGUMENT);
        cr_assert_null(strstr(status.message, "Zanzibarka"), "%s", status.message);
        cr_assert_null(strstr(status.field, "Zanzibarka"));
    }
}

Test(json_codec, options_print_lines_and_defaults)
{
    static const struct fam_json_codec_options pretty = {.pretty = true};
    assert_becomes("{\"belows\":[{\"year\":1},{}],\"byName\":{\"a\":1},\"aBool\":true}", &pretty,
                   "{\n  \"aBool\": true,\n  \"belows\": [\n    {\n      \"year\": 1\n    },\n    {}\n  ],\n"
                   "  \"byName\": {\n    \"a\": 1\n  }\n}");
    static const struct fam_json_codec_options defaults = {.defaults = true};
    struct fam_status status;
    struct fam_buf buf = {0};
    Fam__Test__V1__Everything message = FAM__TEST__V1__EVERYTHING__INIT;
    cr_assert_eq(fam_json_from_message(&message.base, &defaults, &buf, &status), FAM_OK);
    cr_assert_str_eq(fam_buf_text(&buf),
                     "{\"anInt32\":0,\"aSint32\":0,\"aSfixed32\":0,\"aUint32\":0,\"aFixed32\":0,\"anInt64\":\"0\","
                     "\"aSint64\":\"0\",\"aSfixed64\":\"0\",\"aUint64\":\"0\",\"aFixed64\":\"0\",\"aFloat\":0,"
                     "\"aDouble\":0,\"aBool\":false,\"aString\":\"\",\"someBytes\":\"\",\"shade\":"
                     "\"SHADE_UNSPECIFIED\",\"numbers\":[],\"bigNumbers\":[],\"doubles\":[],\"bools\":[],"
                     "\"strings\":[],\"blobs\":[],\"shades\":[],\"belows\":[],\"byName\":{},\"byNumber\":{},"
                     "\"byTruth\":{},\"oddName2\":\"\"}");
    fam_buf_done(&buf);
}

Test(json_codec, nesting_and_sizes_are_bounded_both_ways)
{
    char json[400];
    size_t at = 0;
    for (size_t i = 0; i < FAM_MESSAGE_DEPTH_MAX; i++) {
        at += (size_t)snprintf(json + at, sizeof(json) - at, "{\"again\":");
    }
    snprintf(json + at, sizeof(json) - at, "{}");
    memset(json + strlen(json), '}', FAM_MESSAGE_DEPTH_MAX);
    json[at + 2 + FAM_MESSAGE_DEPTH_MAX] = '\0';
    struct fam_status status;
    ProtobufCMessage *message = NULL;
    cr_assert_eq(read_as(&fam__test__v1__loop__descriptor, json, &message, &status), FAM_INVALID_ARGUMENT);
    cr_assert_not_null(strstr(status.message, "nested too deep"), "%s", status.message);

    Fam__Test__V1__Loop loop = FAM__TEST__V1__LOOP__INIT;
    loop.again = &loop;
    struct fam_buf buf = {0};
    cr_assert_eq(fam_json_from_message(&loop.base, NULL, &buf, &status), FAM_INVALID_ARGUMENT);
    fam_buf_done(&buf);

    fam_buf_init(&buf, 16);
    Fam__Test__V1__Below below = FAM__TEST__V1__BELOW__INIT;
    below.name = (char[]){"longer than sixteen bytes"};
    cr_assert_eq(fam_json_from_message(&below.base, NULL, &buf, &status), FAM_RESOURCE_EXHAUSTED);
    fam_buf_done(&buf);
    below.name = (char[]){"\xff"};
    cr_assert_eq(fam_json_from_message(&below.base, NULL, &buf, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.field, "name");
    fam_buf_done(&buf);
}

static char *many(const char *before, const char *element, size_t size)
{
    char *text = malloc(size + 64);
    cr_assert_not_null(text);
    size_t at = (size_t)sprintf(text, "%s", before);
    while (at < size) {
        at += (size_t)sprintf(text + at, "%s", element);
    }
    sprintf(text + at, "{}]}");
    return text;
}

Test(json_codec, small_json_makes_no_large_message)
{
    struct fam_status status;
    ProtobufCMessage *message = NULL;
    char *text = many("{\"belows\":[", "{},", FAM_JSON_BYTES_MAX - 8);
    cr_assert_leq(strlen(text), FAM_JSON_BYTES_MAX);
    uint64_t start_ms = fam_mono_ms();
    cr_assert_eq(read_as(EVERYTHING, text, &message, &status), FAM_INVALID_ARGUMENT);
    cr_assert_not_null(strstr(status.message, "too large"), "%s", status.message);
    cr_assert_lt(fam_mono_ms() - start_ms, 10000);
    free(text);
    text = many("{\"belows\":[", "{},", FAM_JSON_BYTES_MAX + 8);
    cr_assert_eq(read_as(EVERYTHING, text, &message, &status), FAM_INVALID_ARGUMENT);
    free(text);
    char key[32];
    struct fam_buf keys = {0};
    fam_buf_add_text(&keys, "{\"byName\":{");
    for (int i = 0; i < 2000; i++) {
        snprintf(key, sizeof(key), "%s\"k%d\":1", i == 0 ? "" : ",", i);
        fam_buf_add_text(&keys, key);
    }
    fam_buf_add_text(&keys, "}}");
    cr_assert_eq(read_as(EVERYTHING, fam_buf_text(&keys), &message, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.field, "by_name");
    fam_buf_done(&keys);
}

/* ---- every message of the API ---- */

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void *make(size_t size)
{
    void *made = calloc(1, size);
    cr_assert_not_null(made);
    return made;
}

static ProtobufCMessage *filled(const ProtobufCMessageDescriptor *type, uint32_t *state);

static void fill_value(const ProtobufCFieldDescriptor *field, void *member, uint32_t *state)
{
    static const char *const TEXTS[] = {"", "a", "Я ненавижу \"школу\"\n", "😀\\", "x\ty\x7f"};
    uint32_t random = next_random(state);
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        const char *text = TEXTS[random % FAM_ARRAY_SIZE(TEXTS)];
        *(char **)member = strcpy(make(strlen(text) + 1), text);
        break;
    }
    case PROTOBUF_C_TYPE_BYTES: {
        ProtobufCBinaryData *bytes = member;
        bytes->len = random % 7;
        bytes->data = bytes->len == 0 ? NULL : make(bytes->len);
        for (size_t i = 0; i < bytes->len; i++) {
            bytes->data[i] = (uint8_t)next_random(state);
        }
        break;
    }
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)member = filled(field->descriptor, state);
        break;
    case PROTOBUF_C_TYPE_ENUM: {
        const ProtobufCEnumDescriptor *values = field->descriptor;
        *(int32_t *)member = values->values[random % values->n_values].value;
        break;
    }
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)member = random % 2 == 0;
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        *(float *)member = (float)random / 7.0f;
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        *(double *)member = (double)random / 7.0;
        break;
    default: {
        uint64_t wide = (uint64_t)next_random(state) << 40 ^ (uint64_t)next_random(state) << 16 ^ random;
        memcpy(member, &wide, fam_field_size(field));
        break;
    }
    }
}

static void fill_field(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, uint32_t *state)
{
    char *member = (char *)message + field->offset;
    char *quantifier = (char *)message + field->quantifier_offset;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = fam_field_is_map(message->descriptor, field) ? 1 : next_random(state) % 4;
        *(size_t *)(void *)quantifier = count;
        *(void **)(void *)member = make((count + 1) * fam_field_size(field));
        for (size_t i = 0; i < count; i++) {
            fill_value(field, *(char **)(void *)member + i * fam_field_size(field), state);
        }
        return;
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        if (*(uint32_t *)(void *)quantifier != 0) {
            return;
        }
        *(uint32_t *)(void *)quantifier = field->id;
    }
    if (field->type != PROTOBUF_C_TYPE_MESSAGE || next_random(state) % 4 != 0) {
        fill_value(field, member, state);
    } else if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        *(uint32_t *)(void *)quantifier = 0;
    }
}

static ProtobufCMessage *filled(const ProtobufCMessageDescriptor *type, uint32_t *state)
{
    ProtobufCMessage *message = make(type->sizeof_message);
    type->message_init(message);
    /* In JSON an entry of a map has its value; absent and empty are the same there. */
    bool entry = type->n_fields == 2 && strcmp(type->fields[0].name, "key") == 0;
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (entry) {
            fill_value(&type->fields[i], (char *)message + type->fields[i].offset, state);
        } else if (next_random(state) % 5 != 0) {
            fill_field(message, &type->fields[i], state);
        }
    }
    return message;
}

static void assert_same(const ProtobufCMessage *a, const ProtobufCMessage *b)
{
    size_t size = protobuf_c_message_get_packed_size(a);
    cr_assert_eq(protobuf_c_message_get_packed_size(b), size, "%s", a->descriptor->name);
    uint8_t *x = make(size + 1);
    uint8_t *y = make(size + 1);
    protobuf_c_message_pack(a, x);
    protobuf_c_message_pack(b, y);
    cr_assert_eq(memcmp(x, y, size), 0, "%s", a->descriptor->name);
    free(x);
    free(y);
}

static void assert_round_trip(const ProtobufCMessageDescriptor *type, uint32_t seed)
{
    uint32_t state = seed;
    ProtobufCMessage *message = filled(type, &state);
    struct fam_json_codec_options options = {.pretty = seed % 2 == 0, .defaults = seed % 3 == 0};
    struct fam_status status = {.message = ""};
    struct fam_buf json = {0};
    ProtobufCMessage *again = NULL;
    cr_assert_eq(fam_json_from_message(message, &options, &json, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_json_to_message(type, json.data, json.size, &again, &status), FAM_OK, "%s: %s\n%s", type->name,
                 status.message, json.data);
    assert_same(message, again);
    protobuf_c_message_free_unpacked(again, NULL);
    protobuf_c_message_free_unpacked(message, NULL);
    fam_buf_done(&json);
}

Test(json_codec, every_message_of_the_api_comes_back_as_it_was, .timeout = 60)
{
    static const ProtobufCServiceDescriptor *const services[] = {
        &fam__v1__translation_service__descriptor,  &fam__v1__family_service__descriptor,
        &fam__v1__notification_service__descriptor, &fam__v1__session_service__descriptor,
        &fam__v1__ops_service__descriptor,
    };
    for (uint32_t seed = 1; seed <= 40; seed++) {
        for (size_t i = 0; i < FAM_ARRAY_SIZE(services); i++) {
            for (unsigned j = 0; j < services[i]->n_methods; j++) {
                assert_round_trip(services[i]->methods[j].input, seed);
                assert_round_trip(services[i]->methods[j].output, seed);
            }
        }
        assert_round_trip(&fam__rpc__v1__request__descriptor, seed);
        assert_round_trip(&fam__rpc__v1__response__descriptor, seed);
        assert_round_trip(EVERYTHING, seed);
    }
}
