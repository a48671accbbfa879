/* test_sentry.c: errors become events (lib/net/sentry.h): what they hold, and what never gets into one. */
#include "net/sentry_dsn.h"
#include "sentry_world.h"

TestSuite(sentry, .init = set_up, .fini = tear_down, .timeout = 60);

/* ---- the DSN ---- */

struct dsn_row {
    const char *text, *url, *key; /* url NULL: refused */
    bool plain;
};

static const struct dsn_row DSN_ROWS[] = {
    {"https://abc@o1.ingest.sentry.io/42", "https://o1.ingest.sentry.io/api/42/envelope/", "abc", false},
    {"https://abc@sentry.example:9000/7", "https://sentry.example:9000/api/7/envelope/", "abc", false},
    {"https://abc@sentry.example/deep/path/7", "https://sentry.example/deep/path/api/7/envelope/", "abc", false},
    {"https://abc@[2001:db8::1]:9000/7", "https://[2001:db8::1]:9000/api/7/envelope/", "abc", false},
    {"https://abc@[2001:db8::1]/7", "https://[2001:db8::1]/api/7/envelope/", "abc", false},
    {"HTTPS://abc@sentry.example/7", "https://sentry.example/api/7/envelope/", "abc", false},
    {"http://abc@127.0.0.1:9000/7", "http://127.0.0.1:9000/api/7/envelope/", "abc", false},
    {"http://abc@localhost/7", "http://localhost/api/7/envelope/", "abc", false},
    {"http://abc@[::1]:9000/7", "http://[::1]:9000/api/7/envelope/", "abc", false},
    {"http://abc@sentry.example/7", "http://sentry.example/api/7/envelope/", "abc", true},
    {"http://abc@sentry.example/7", NULL, NULL, false},
    {"http://abc@localhost.example/7", NULL, NULL, false},
    {"http://abc@127.0.0.1@sentry.example/7", NULL, NULL, false},
    {"", NULL, NULL, false},
    {"sentry.example/7", NULL, NULL, false},
    {"ftp://abc@sentry.example/7", NULL, NULL, true},
    {"https://sentry.example/7", NULL, NULL, false},
    {"https://@sentry.example/7", NULL, NULL, false},
    {"https://abc:secret@sentry.example/7", NULL, NULL, false},
    {"https://ab\r\nX: y@sentry.example/7", NULL, NULL, false},
    {"https://abc@/7", NULL, NULL, false},
    {"https://abc@sentry.example", NULL, NULL, false},
    {"https://abc@sentry.example/", NULL, NULL, false},
    {"https://abc@sentry.example/seven", NULL, NULL, false},
    {"https://abc@sentry.example/7/", NULL, NULL, false},
    {"https://abc@sentry.example/7?x=1", NULL, NULL, false},
    {"https://abc@sentry.example/a?b/7", NULL, NULL, false},
    {"https://abc@sentry.example//7", NULL, NULL, false},
    {"https://abc@sentry.example:0/7", NULL, NULL, false},
    {"https://abc@sentry.example:65536/7", NULL, NULL, false},
    {"https://abc@sentry.example:/7", NULL, NULL, false},
    {"https://abc@sen try.example/7", NULL, NULL, false},
    {"https://abc@sentry.example/123456789012345678901", NULL, NULL, false},
};

Test(sentry_dsn, a_dsn_is_read_or_refused_as_the_table_says)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(DSN_ROWS); i++) {
        const struct dsn_row *row = &DSN_ROWS[i];
        struct fam_sentry_dsn dsn;
        struct fam_status status = {.code = FAM_OK};
        enum fam_code code = fam_sentry_dsn_parse(row->text, row->plain, &dsn, &status);
        if (row->url == NULL) {
            cr_expect_eq(code, FAM_INVALID_ARGUMENT, "'%s' was taken", row->text);
            continue;
        }
        cr_expect_eq(code, FAM_OK, "'%s': %s", row->text, status.message);
        cr_expect_str_eq(fam_secret_text(&dsn.url), row->url);
        cr_expect_str_eq(fam_secret_text(&dsn.key), row->key);
        fam_sentry_dsn_done(&dsn);
    }
}

Test(sentry_dsn, a_refusal_names_the_setting_and_never_the_key)
{
    static const char *const BAD[] = {"https://topsecretkey@sentry.example/x", "https://topsecretkey@:1/7",
                                      "https://topsecretkey:x@sentry.example/7", "topsecretkey",
                                      "http://topsecretkey@sentry.example/7"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(BAD); i++) {
        struct fam_status status = {.code = FAM_OK};
        cr_expect_eq(fam_sentry_dsn_check(BAD[i], false, &status), FAM_INVALID_ARGUMENT, "%s", BAD[i]);
        cr_expect_not_null(strstr(status.message, "SENTRY_DSN"), "%s", status.message);
        cr_expect_null(strstr(status.message, "topsecretkey"), "%s", status.message);
    }
    struct fam_status status = {.code = FAM_OK};
    cr_expect_eq(fam_sentry_dsn_check("", false, &status), FAM_OK);
}

Test(sentry_dsn, without_a_dsn_there_is_nothing_and_nothing_happens)
{
    struct fam_status status = {.code = FAM_OK};
    struct fam_sentry_stats stats = {.sent = 5};
    struct fam_sentry *sentry = (struct fam_sentry *)&stats;
    const struct fam_sentry_options options = {.dsn = "", .origin = {"famserver", "1", "r", "test"}};
    cr_assert_eq(fam_sentry_new(&options, &sentry, &status), FAM_OK);
    cr_assert_null(sentry);
    fam_sentry_capture(NULL, FAM_LOG_ERROR, "room", "event", NULL, 0);
    fam_sentry_flush(NULL);
    fam_sentry_stats(NULL, &stats);
    cr_assert_eq(stats.sent, 0);
    fam_sentry_free(NULL);
}

/* ---- what an event holds ---- */

static const char *tag(const cJSON *event, const char *name)
{
    const char *value = fam_json_string(fam_json_get(event, "tags"), name);
    return value == NULL ? "" : value;
}

Test(sentry, an_event_says_what_where_and_of_which_release)
{
    CAPTURE("call finished", FAM_STR("code", "INTERNAL"), FAM_STR("reason", "NO_DATABASE"),
            FAM_STR("method", "fam.v1.OpsService/Health"), FAM_STR("request_id", "0198f2a1-77"), FAM_I64("attempt", -3),
            FAM_BOOL("late", true), FAM_DBL("seconds", 0.25));
    cJSON *event = world_event(0);
    cr_expect_str_eq(fam_json_string(event, "level"), "error");
    cr_expect_str_eq(fam_json_string(event, "platform"), "native");
    cr_expect_str_eq(fam_json_string(event, "logger"), "store");
    cr_expect_str_eq(fam_json_string(event, "release"), "family-emotions@0.1.0+abcdef012345");
    cr_expect_str_eq(fam_json_string(event, "environment"), "test");
    cr_expect_str_eq(fam_json_string(fam_json_get(event, "logentry"), "formatted"), "call finished");
    cr_expect_str_eq(tag(event, "program"), "famserver");
    cr_expect_str_eq(tag(event, "code"), "INTERNAL");
    cr_expect_str_eq(tag(event, "reason"), "NO_DATABASE");
    cr_expect_str_eq(tag(event, "method"), "fam.v1.OpsService/Health");
    cr_expect_str_eq(tag(event, "request_id"), "0198f2a1-77");
    int64_t attempt = 0;
    const cJSON *extra = fam_json_get(event, "extra");
    cr_expect(fam_json_i64(extra, "attempt", &attempt) && attempt == -3);
    cr_expect(fam_json_bool(extra, "late"));
    cJSON_Delete(event);
}

Test(sentry, an_event_asks_that_nobodys_address_is_inferred)
{
    CAPTURE("call finished", FAM_I64("n", 1));
    cJSON *event = world_event(0);
    const cJSON *settings = fam_json_get(fam_json_get(event, "sdk"), "settings");
    cr_expect_str_eq(fam_json_string(settings, "infer_ip"), "never");
    cr_expect_null(fam_json_get(event, "user"));
    cr_expect_null(fam_json_get(event, "server_name"));
    cJSON_Delete(event);
}

Test(sentry, the_fingerprint_is_program_source_event_code_and_reason)
{
    static const char *const EXPECTED[] = {"famserver", "store", "call finished", "INTERNAL", ""};
    CAPTURE("call finished", FAM_STR("code", "INTERNAL"));
    cJSON *event = world_event(0);
    const cJSON *fingerprint = fam_json_get(event, "fingerprint");
    cr_assert_eq(cJSON_GetArraySize(fingerprint), 5);
    for (int i = 0; i < 5; i++) {
        cr_expect_str_eq(cJSON_GetArrayItem(fingerprint, i)->valuestring, EXPECTED[i]);
    }
    cJSON_Delete(event);
}

/* Words that must stay here, in every field that a line might have. */
Test(sentry, no_personal_word_of_any_field_leaves)
{
    static const char *const WORDS[] = {"Ненавижу", "Zebulon", "tg_4711", "4242424242", "5353535353", "6464646464"};
    CAPTURE("call finished", FAM_STR("message", "Ненавижу Zebulon"), FAM_STR("detail", "Zebulon"),
            FAM_STR("principal", "Zebulon"), FAM_STR("field", "Zebulon"), FAM_STR("phrase", "Zebulon"),
            FAM_STR("reason", "Zebulon said so"), FAM_STR("code", "Ненавижу"), FAM_STR("method", "a Zebulon"),
            FAM_STR("service", "Zebulon?"), FAM_STR("state", "Zebulon was here"),
            FAM_STR("request_id", "Zebulon tg_4711"), FAM_STR("chat", "tg_4711"), FAM_I64("chat_id", 4242424242),
            FAM_U64("update_id", 5353535353), FAM_I64("id", 6464646464), FAM_I64("kept", 77));
    cJSON *event = world_event(0);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(WORDS); i++) {
        cr_expect_not(sentry_sim_saw(world.sim, WORDS[i]), "%s was sent", WORDS[i]);
    }
    cr_expect(sentry_sim_saw(world.sim, "\"kept\":77"), "the simulator sees nothing at all");
    cJSON_Delete(event);
}

Test(sentry, a_number_that_json_has_not_is_left_out)
{
    CAPTURE("call finished", FAM_DBL("none", 0.0 / 0.0), FAM_U64("large", UINT64_MAX));
    cJSON *event = world_event(0);
    cr_expect_null(fam_json_get(fam_json_get(event, "extra"), "none"));
    cr_expect(sentry_sim_saw(world.sim, "\"large\":18446744073709551615"));
    cJSON_Delete(event);
}

/* ---- a crash's event ---- */

Test(sentry, a_crash_is_a_fatal_event_with_its_frames_oldest_first)
{
    static const struct fam_sentry_frame FRAMES[] = {
        {0x7f001, "raise", "", "libc.so.6", 0, false},
        {0x401, "fam_inner", "server/inner.c", "famserver", 12, true},
        {0x402, "main", "server/main.c", "famserver", 99, true},
    };
    const struct fam_sentry_crash crash = {.signal = "SIGSEGV",
                                           .cause = "SEGV_MAPERR",
                                           .signal_number = 11,
                                           .cause_number = 1,
                                           .thread = "worker",
                                           .frames = FRAMES,
                                           .frame_count = FAM_ARRAY_SIZE(FRAMES)};
    const struct fam_sentry_options options = {.dsn = world.dsn, .origin = {"famserver", "0.1.0", "unknown", "test"}};
    struct fam_status status = {.code = FAM_OK};
    cr_assert_eq(fam_sentry_send_crash(&options, &crash, WAIT_MS, &status), FAM_OK, "%s", status.message);
    cJSON *event = world_event(0);
    const cJSON *value = cJSON_GetArrayItem(fam_json_get(fam_json_get(event, "exception"), "values"), 0);
    const cJSON *mechanism = fam_json_get(value, "mechanism");
    const cJSON *frames = fam_json_get(fam_json_get(value, "stacktrace"), "frames");
    int64_t line = 0;
    cr_expect_str_eq(fam_json_string(event, "level"), "fatal");
    cr_expect_str_eq(fam_json_string(event, "release"), "family-emotions@0.1.0");
    cr_expect_str_eq(fam_json_string(value, "type"), "SIGSEGV");
    cr_expect_str_eq(fam_json_string(value, "value"), "SEGV_MAPERR in fam_inner (server/inner.c:12)");
    cr_expect_str_eq(fam_json_string(mechanism, "type"), "signalhandler");
    cr_expect(cJSON_IsFalse(fam_json_get(mechanism, "handled")));
    cr_assert_eq(cJSON_GetArraySize(frames), 3);
    const cJSON *oldest = cJSON_GetArrayItem(frames, 0);
    cr_expect_str_eq(fam_json_string(oldest, "function"), "main");
    cr_expect_str_eq(fam_json_string(oldest, "instruction_addr"), "0x402");
    cr_expect(fam_json_i64(oldest, "lineno", &line) && line == 99);
    cr_expect_str_eq(fam_json_string(cJSON_GetArrayItem(frames, 2), "package"), "libc.so.6");
    cJSON_Delete(event);
}
