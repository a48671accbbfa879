/* The simulated Messages API misbehaves on order, and remembers what came. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "claude_sim_world.h"

TestSuite(claude_weather, .init = set_up, .fini = tear_down);

static void ask_plainly(const char *phrase, struct cl_reply *ret_reply)
{
    ask(new_question(phrase), NULL, ret_reply);
}

static int status_of(const char *phrase)
{
    struct cl_reply reply;
    ask_plainly(phrase, &reply);
    int status = reply.status;
    cl_reply_done(&reply);
    return status;
}

/* ---- errors ---- */

Test(claude_weather, every_error_has_its_type_and_headers)
{
    static const struct {
        int status;
        const char *type;
    } errors[] = {{400, "invalid_request_error"},
                  {401, "authentication_error"},
                  {403, "permission_error"},
                  {404, "not_found_error"},
                  {413, "request_too_large"},
                  {429, "rate_limit_error"},
                  {500, "api_error"},
                  {529, "overloaded_error"}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(errors); i++) {
        char json[64];
        struct cl_reply reply;
        snprintf(json, sizeof(json), "{\"status\":%d}", errors[i].status);
        cr_assert(cl_fault(&world.sim, json));
        ask_plainly("hello", &reply);
        expect_error(&reply, errors[i].status, errors[i].type, "");
        cl_reply_done(&reply);
        cr_expect_eq(cl_status_count(&world.sim, errors[i].status), 1);
    }
    cr_expect_eq(status_of("hello"), 200, "a fault strikes once");
}

Test(claude_weather, an_error_may_say_anything)
{
    struct cl_reply reply;
    char value[64];
    cr_assert(cl_fault(&world.sim, "{\"status\":503,\"error_type\":\"tea_error\",\"message\":\"no tea\","
                                   "\"should_retry\":false,\"headers\":{\"x-one\":\"two\"}}"));
    ask_plainly("hello", &reply);
    expect_error(&reply, 503, "tea_error", "no tea");
    cr_expect(cl_reply_header(&reply, "x-should-retry", value, sizeof(value)));
    cr_expect_str_eq(value, "false");
    cr_expect(cl_reply_header(&reply, "x-one", value, sizeof(value)));
    cl_reply_done(&reply);
}

Test(claude_weather, retry_after_comes_in_seconds_as_a_date_absurd_or_not_at_all)
{
    static const struct {
        const char *json;
        const char *value;
    } cases[] = {{"{\"status\":429}", ""},
                 {"{\"status\":429,\"retry_after\":2}", "2"},
                 {"{\"status\":429,\"retry_after\":\"date:30\"}", " GMT"},
                 {"{\"status\":429,\"retry_after\":\"99999999999999999999\"}", "99999999999999999999"},
                 {"{\"status\":429,\"retry_after\":\"-5\"}", "-5"},
                 {"{\"status\":429,\"retry_after\":\"soon\"}", "soon"}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(cases); i++) {
        struct cl_reply reply;
        char value[64];
        cr_assert(cl_fault(&world.sim, cases[i].json));
        ask_plainly("hello", &reply);
        cr_expect_eq(reply.status, 429);
        cr_expect_eq(cl_reply_header(&reply, "retry-after", value, sizeof(value)), cases[i].value[0] != '\0');
        cr_expect(strstr(value, cases[i].value), "%s", value);
        cl_reply_done(&reply);
    }
}

Test(claude_weather, a_gateway_answers_with_a_page)
{
    struct cl_reply reply;
    char type[64];
    cr_assert(cl_fault(&world.sim, "{\"html\":true}"));
    ask_plainly("hello", &reply);
    cr_expect_eq(reply.status, 502);
    cr_expect(cl_reply_header(&reply, "content-type", type, sizeof(type)));
    cr_expect_str_eq(type, "text/html");
    cr_expect_null(reply.json);
    cl_reply_done(&reply);
}

Test(claude_weather, the_limit_of_a_minute_can_be_enforced)
{
    struct cl_reply reply;
    char value[32];
    const char *limits = "{\"on\":true,\"requests_a_minute\":2}";
    cr_assert_eq(sim_client_post(world.sim.client, "/control/limits", limits, strlen(limits), NULL), 200);
    cr_expect_eq(status_of("one"), 200);
    cr_expect_eq(status_of("two"), 200);
    ask_plainly("three", &reply);
    expect_error(&reply, 429, "rate_limit_error", "rate limit");
    cr_expect(cl_reply_header(&reply, "retry-after", value, sizeof(value)) && strtol(value, NULL, 10) > 0);
    cl_reply_done(&reply);
}

/* ---- whom a fault strikes ---- */

Test(claude_weather, a_fault_passes_over_strikes_and_ends)
{
    cr_assert(cl_fault(&world.sim, "{\"status\":500,\"skip\":1,\"times\":2}"));
    cr_expect_eq(status_of("a"), 200);
    cr_expect_eq(status_of("b"), 500);
    cr_expect_eq(status_of("c"), 500);
    cr_expect_eq(status_of("d"), 200);
}

Test(claude_weather, a_fault_may_wait_for_a_word_of_the_question)
{
    cr_assert(cl_fault(&world.sim, "{\"status\":529,\"contains\":\"STORM\"}"));
    cr_expect_eq(status_of("calm"), 200);
    cr_expect_eq(status_of("a STORM here"), 529);
    cr_expect_eq(status_of("another STORM"), 529, "until the faults are cleared");
    cr_assert(cl_clear_faults(&world.sim));
    cr_expect_eq(status_of("a STORM here"), 200);
}

Test(claude_weather, a_fault_may_strike_by_chance)
{
    int struck = 0;
    cr_assert(cl_fault(&world.sim, "{\"status\":500,\"probability\":0.5}"));
    for (int i = 0; i < 100; i++) {
        struck += status_of("hello") == 500 ? 1 : 0;
    }
    cr_expect(struck > 25 && struck < 75, "%d of 100", struck);
}

Test(claude_weather, a_fault_that_is_not_understood_is_refused)
{
    cr_expect_not(cl_fault(&world.sim, "{\"answer\":\"poem\"}"));
    cr_expect_not(cl_fault(&world.sim, "{\"stauts\":500}"));
    cr_expect_not(cl_fault(&world.sim, "{\"cut\":\"twice\"}"));
    cr_expect_not(cl_fault(&world.sim, "{\"headers\":{\"a\":\"b\\r\\nc: d\"}}"));
    cr_expect_not(cl_fault(&world.sim, "[]"));
}

/* ---- the way of the answer ---- */

Test(claude_weather, an_answer_may_be_late_or_slow)
{
    uint64_t start_ms = fam_mono_ms();
    cr_assert(cl_latency(&world.sim, 300));
    cr_expect_eq(status_of("hello"), 200);
    cr_expect_geq(fam_mono_ms() - start_ms, 300u);
    cr_assert(cl_latency(&world.sim, 0));
    cr_assert(cl_fault(&world.sim, "{\"drip_bytes\":100,\"drip_interval_ms\":10}"));
    start_ms = fam_mono_ms();
    cr_expect_eq(status_of("hello"), 200);
    cr_expect_geq(fam_mono_ms() - start_ms, 100u, "more than ten drips");
}

Test(claude_weather, an_answer_may_be_cut_anywhere)
{
    static const char *const faults[] = {"{\"cut\":true}", "{\"cut\":\"in_headers\"}", "{\"cut\":\"after_headers\"}",
                                         "{\"cut\":\"reset\"}", "{\"truncate\":20}"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(faults); i++) {
        cr_assert(cl_fault(&world.sim, faults[i]));
        cr_expect_eq(status_of("hello"), 0, "%s", faults[i]);
    }
    cr_assert(cl_wait(&world.sim, "{\"idle\":true}", WAIT_MS));
    cr_expect_eq(cl_status_count(&world.sim, 0), (int64_t)FAM_ARRAY_SIZE(faults));
    cr_expect_eq(cl_stat(&world.sim, "closed_early"), 0, "it was the simulator that closed");
}

Test(claude_weather, whoever_leaves_a_hanging_call_is_counted)
{
    struct cl_reply reply;
    cJSON *body = new_question("hello");
    char *text = cJSON_PrintUnformatted(body);
    cr_assert(cl_fault(&world.sim, "{\"hang\":true}"));
    cl_call(&world.sim, "/v1/messages", NULL, text, 300, &reply);
    cr_expect_eq(reply.status, 0);
    cl_reply_done(&reply);
    cr_assert(cl_wait(&world.sim, "{\"closed_early\":1,\"idle\":true}", WAIT_MS));
    cJSON *records = cl_requests(&world.sim, 0);
    const cJSON *record = cJSON_GetArrayItem(fam_json_get(records, "requests"), 0);
    int64_t at_ms = 0;
    int64_t over_ms = 0;
    cr_expect_str_eq(fam_json_string(record, "ending"), "closed_early");
    cr_expect(fam_json_i64(record, "at_ms", &at_ms) && fam_json_i64(record, "over_ms", &over_ms));
    cr_expect_geq(over_ms, at_ms);
    cJSON_Delete(records);
    free(text);
    cJSON_Delete(body);
}

/* ---- the answer itself ---- */

Test(claude_weather, every_spoil_changes_the_answer)
{
    cJSON *faults = NULL;
    const cJSON *name;
    struct cl_reply good;
    ask_plainly("hello", &good);
    cr_assert_eq(sim_client_get(world.sim.client, "/control/faults", WAIT_MS, &faults), 200);
    cr_expect_gt(cJSON_GetArraySize(fam_json_get(faults, "answers")), 50);
    cJSON_ArrayForEach(name, fam_json_get(faults, "answers"))
    {
        struct cl_reply reply;
        cr_assert(cl_spoil(&world.sim, name->valuestring, 1), "%s", name->valuestring);
        ask_plainly("hello", &reply);
        cr_expect_eq(reply.status, 200, "%s", name->valuestring);
        const cJSON *content = fam_json_get(reply.json, "content");
        bool same = cJSON_Compare(content, fam_json_get(good.json, "content"), 1) &&
                    cJSON_Compare(fam_json_get(reply.json, "stop_reason"), fam_json_get(good.json, "stop_reason"), 1) &&
                    fam_json_get(reply.json, "usage");
        bool harmless = strcmp(name->valuestring, "none") == 0 || strcmp(name->valuestring, "thinking_first") == 0;
        cr_expect(same == harmless, "%s", name->valuestring);
        cl_reply_done(&reply);
    }
    cJSON_Delete(faults);
    cl_reply_done(&good);
}

struct spoil_case {
    const char *spoil;
    const char *part;
};

Test(claude_weather, spoils_show_in_the_body)
{
    static const struct spoil_case cases[] = {
        {"refusal", "\"content\":[],\"stop_reason\":\"refusal\""},
        {"max_tokens", "\"stop_reason\":\"max_tokens\""},
        {"model_context_window_exceeded", "\"stop_reason\":\"model_context_window_exceeded\""},
        {"no_stop_reason", "\"stop_reason\":null"},
        {"redacted_thinking_first", "[{\"type\":\"redacted_thinking\""},
        {"no_text", "\"signature\":\"c2ltdWxhdGVk\"}],"},
        {"nul", "\\\\u0000"},
        {"lone_surrogate", "\\\\ud800"},
        {"duplicate_keys", "{\\\"risk\\\":[],\\\"risk\\\":[],"},
        {"unknown_placeholder", "{TEACHER_9}"},
        {"out_of_range", "\\\"intensity\\\":9"},
        {"fraction", "\\\"intensity\\\":2.5"},
        {"unknown_enum", "never_heard_of"},
        {"extra_member", "surprise"},
        {"html", "<script>"},
        {"link", "https://example.com"},
        {"mention", "@best_helper"},
        {"diagnosis", "ADHD"},
        {"wrong_language", "(имитация)"},
        {"safety_denied", "There is no danger here."},
        {"text_fenced", "```json"},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(cases); i++) {
        struct cl_reply reply;
        cr_assert(cl_spoil(&world.sim, cases[i].spoil, 1));
        ask_plainly("hello", &reply);
        cr_expect(strstr(fam_buf_text(&reply.body), cases[i].part), "%s: %s", cases[i].spoil,
                  fam_buf_text(&reply.body));
        cl_reply_done(&reply);
    }
}

Test(claude_weather, a_long_text_has_ten_thousand_characters)
{
    struct cl_reply reply;
    cr_assert(cl_spoil(&world.sim, "long_text", 1));
    ask_plainly("hello", &reply);
    cJSON *data = answer_data(&reply);
    cr_expect_geq(fam_utf8_length(fam_json_string(data, "going_on")), 10000u);
    cJSON_Delete(data);
    cl_reply_done(&reply);
}

Test(claude_weather, danger_may_be_reported)
{
    struct cl_reply reply;
    cr_assert(cl_spoil(&world.sim, "safety_risk", 1));
    ask_plainly("hello", &reply);
    cJSON *data = answer_data(&reply);
    cr_expect_eq(cJSON_GetArraySize(fam_json_get(data, "risk")), 1);
    cJSON_Delete(data);
    cl_reply_done(&reply);
}

Test(claude_weather, a_body_that_is_broken_is_no_json)
{
    static const char *const spoils[] = {"invalid_json", "empty_body", "trailing_bytes", "invalid_utf8"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(spoils); i++) {
        struct cl_reply reply;
        cr_assert(cl_spoil(&world.sim, spoils[i], 1));
        ask_plainly("hello", &reply);
        cr_expect_eq(reply.status, 200);
        cr_expect_null(reply.json, "%s", spoils[i]);
        cl_reply_done(&reply);
    }
}

Test(claude_weather, a_test_may_give_the_answer_s_text_or_bytes)
{
    struct cl_reply reply;
    cr_assert(cl_fault(&world.sim, "{\"answer_text\":\"{\\\"mine\\\":1}\"}"));
    ask_plainly("hello", &reply);
    cr_expect_str_eq(answer_text(&reply), "{\"mine\":1}");
    cl_reply_done(&reply);
    cr_assert(cl_raw_answer(&world.sim, "\0\xff{", 3));
    ask_plainly("hello", &reply);
    cr_expect_eq(reply.body.size, 3u);
    cr_expect_eq(memcmp(fam_buf_text(&reply.body), "\0\xff{", 3), 0);
    cl_reply_done(&reply);
}

/* ---- records ---- */

Test(claude_weather, requests_are_remembered_with_their_bodies)
{
    char long_phrase[3000];
    memset(long_phrase, 'x', sizeof(long_phrase));
    long_phrase[sizeof(long_phrase) - 1] = '\0';
    cr_expect_eq(status_of(long_phrase), 200);
    cr_expect_eq(status_of("Anna said no"), 200);
    cr_expect_eq(status_of("Boris said yes"), 200);
    cJSON *records = cl_requests(&world.sim, 1);
    const cJSON *list = fam_json_get(records, "requests");
    cJSON *sent = new_question("Anna said no");
    cr_assert_eq(cJSON_GetArraySize(list), 2);
    cr_expect(cJSON_Compare(fam_json_get(cJSON_GetArrayItem(list, 0), "body"), sent, 1), "as it was sent");
    cr_expect_eq(cl_found(&world.sim, "Anna"), 1);
    cr_expect_eq(cl_found(&world.sim, "said"), 2);
    cr_expect_eq(cl_found(&world.sim, "Clara"), 0);
    cJSON_Delete(sent);
    cJSON_Delete(records);
}

Test(claude_weather, a_bad_question_is_remembered_though_a_fault_hides_it)
{
    cJSON *body = new_question("hello");
    struct cl_reply reply;
    set_member(body, "temperature", "0");
    cr_assert(cl_fault(&world.sim, "{\"status\":529}"));
    ask(body, NULL, &reply);
    cr_expect_eq(reply.status, 529);
    cl_reply_done(&reply);
    cJSON *records = cl_requests(&world.sim, 0);
    const char *problem = fam_json_string(cJSON_GetArrayItem(fam_json_get(records, "requests"), 0), "problem");
    cr_expect(problem && strstr(problem, "temperature"));
    cr_expect_eq(cl_stat(&world.sim, "invalid"), 1);
    cJSON_Delete(records);
}

Test(claude_weather, a_reset_forgets_everything)
{
    cr_assert(cl_fault(&world.sim, "{\"status\":500,\"times\":9}"));
    cr_expect_eq(status_of("hello"), 500);
    cr_assert(cl_reset(&world.sim));
    cr_expect_eq(cl_stat(&world.sim, "requests"), 0);
    cr_expect_eq(cl_stat(&world.sim, "faults_left"), 0);
    cr_expect_eq(cl_found(&world.sim, "hello"), 0);
    cr_expect_eq(status_of("hello"), 200);
    cr_expect_eq(cl_stat(&world.sim, "requests"), 1);
}

Test(claude_weather, requests_can_be_written_to_a_file)
{
    char dir[256];
    char path[300];
    struct cl_sim sim;
    struct cl_reply reply;
    cr_assert(proc_tmpdir(dir, sizeof(dir)));
    snprintf(path, sizeof(path), "%s/requests", dir);
    struct cl_options options = {.record_file = path};
    cr_assert(cl_sim_start(&sim, dir, &options));
    cl_call(&sim, "/v1/messages", NULL, "{\"messages\":[\n\"\\u041d\\u0435\\u0442\"]}", WAIT_MS, &reply);
    cl_reply_done(&reply);
    cl_call(&sim, "/v1/messages", NULL, "no \"JSON\"\n", WAIT_MS, &reply);
    cl_reply_done(&reply);
    cr_expect_eq(cl_sim_stop(&sim), 0);
    char *text = proc_read_file(path);
    cr_assert_not_null(text);
    cr_expect(strstr(text, "\"body\":{\"messages\":[\"Нет\"]}}\n"), "%s", text);
    cr_expect(strstr(text, "\"raw\":\"no \\\"JSON\\\"\\n\"}\n"), "%s", text);
    free(text);
    proc_rmtree(dir);
}

/* ---- many at once ---- */

enum { HANGING = 1500, WORKERS = 32, QUESTIONS = 4000 };

static int connect_to_sim(void)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(world.sim.port)};
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(connect(fd, (const struct sockaddr *)&where, sizeof(where)), 0);
    return fd;
}

static void send_question(int fd, int number)
{
    char phrase[64];
    fam_auto(fam_buf_done) struct fam_buf request = {0};
    snprintf(phrase, sizeof(phrase), "question %d", number);
    cJSON *body = new_question(phrase);
    char *text = cJSON_PrintUnformatted(body);
    fam_buf_addf(&request,
                 "POST /v1/messages HTTP/1.1\r\nHost: a\r\nx-api-key: k\r\nanthropic-version: 2026-10-21\r\n"
                 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                 strlen(text), text);
    cr_assert_eq(send(fd, fam_buf_text(&request), request.size, MSG_NOSIGNAL), (ssize_t)request.size);
    free(text);
    cJSON_Delete(body);
}

Test(claude_weather, fifteen_hundred_may_hang_at_once, .timeout = 60)
{
    static int fds[HANGING];
    struct rlimit limit = {.rlim_cur = HANGING + 200, .rlim_max = HANGING + 200};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < HANGING + 200) {
        limit.rlim_cur = HANGING + 200;
        if (limit.rlim_max < HANGING + 200 || setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            cr_skip_test("too few descriptors are allowed");
        }
    }
    cr_assert(cl_fault(&world.sim, "{\"hang\":true,\"times\":1500}"));
    for (int i = 0; i < HANGING; i++) {
        fds[i] = connect_to_sim();
        send_question(fds[i], i);
    }
    cr_assert(cl_wait(&world.sim, "{\"in_flight\":1500}", WAIT_MS));
    cr_expect_eq(cl_stat(&world.sim, "most_in_flight"), HANGING);
    cr_expect_eq(status_of("still there?"), 200, "the others are answered meanwhile");
    for (int i = 0; i < HANGING; i++) {
        close(fds[i]);
    }
    cr_assert(cl_wait(&world.sim, "{\"closed_early\":1500,\"idle\":true}", WAIT_MS));
}

/* Reads one answer; the simulator keeps the connection open. */
static void read_answer(int fd)
{
    char bytes[16384];
    size_t used = 0;
    for (;;) {
        ssize_t got = recv(fd, bytes + used, sizeof(bytes) - 1 - used, 0);
        cr_assert_gt(got, 0);
        used += (size_t)got;
        bytes[used] = '\0';
        const char *length = strstr(bytes, "Content-Length: ");
        const char *body = strstr(bytes, "\r\n\r\n");
        if (length && body && used >= (size_t)(body + 4 - bytes) + strtoul(length + 16, NULL, 10)) {
            cr_assert_eq(strncmp(bytes, "HTTP/1.1 200 ", 13), 0, "%s", bytes);
            return;
        }
    }
}

Test(claude_weather, thousands_are_answered_and_remembered, .timeout = 60)
{
    int fds[WORKERS];
    int sent = 0;
    for (int i = 0; i < WORKERS; i++) {
        fds[i] = connect_to_sim();
    }
    while (sent < QUESTIONS) {
        for (int i = 0; i < WORKERS; i++) {
            send_question(fds[i], sent++);
        }
        for (int i = 0; i < WORKERS; i++) {
            read_answer(fds[i]);
        }
    }
    cr_expect_eq(cl_stat(&world.sim, "requests"), QUESTIONS);
    cr_expect_leq(cl_stat(&world.sim, "most_in_flight"), WORKERS);
    cr_expect_eq(cl_stat(&world.sim, "bodies_dropped"), 0);
    cr_expect_eq(cl_found(&world.sim, "question 3999"), 1);
    for (int i = 0; i < WORKERS; i++) {
        close(fds[i]);
    }
}
