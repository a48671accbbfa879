/* test_http_engine.c: many requests in flight on one thread (lib/net/http_client.h). */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_client.h"
#include "net_world.h"

enum { MANY = 500 };

static const char *const WANTED[] = {"anthropic-ratelimit-requests-limit", "x-should-retry"};
static struct fam_http_client *client;

static void set_up(void)
{
    struct fam_status status = {0};
    const struct fam_http_client_options options = {.user_agent = "test/1",
                                                    .allow_plain_http = true,
                                                    .max_transfers = MANY,
                                                    .queue = MANY,
                                                    .wanted = WANTED,
                                                    .wanted_count = FAM_ARRAY_SIZE(WANTED)};
    net_start();
    client = fam_http_client_new(&options, &status);
    cr_assert_not_null(client, "%s", status.message);
}

static void tear_down(void)
{
    fam_http_client_free(client);
    net_stop();
}

TestSuite(http_engine, .init = set_up, .fini = tear_down, .timeout = 60);

struct outcome {
    atomic_uint done;
    enum fam_code code;
    unsigned http_status;
    char body[64];
    char wanted[FAM_HTTP_WANTED_MAX][FAM_HTTP_VALUE_SIZE];
    uint32_t retry_after_ms;
    struct fam_status status;
};

static atomic_uint all_done;

static void on_done(void *context, enum fam_code code, struct fam_http_response *response,
                    const struct fam_status *status)
{
    struct outcome *outcome = context;
    outcome->code = code;
    outcome->status = *status;
    cr_assert_eq(response == NULL, code != FAM_OK);
    if (response != NULL) {
        outcome->http_status = response->http_status;
        outcome->retry_after_ms = response->retry_after_ms;
        memcpy(outcome->wanted, response->wanted, sizeof(outcome->wanted));
        snprintf(outcome->body, sizeof(outcome->body), "%s", fam_buf_text(&response->body));
    }
    atomic_fetch_add(&outcome->done, 1);
    atomic_fetch_add(&all_done, 1);
}

static struct fam_http_call *start_with(struct fam_http_client *with, struct fam_http_request request,
                                        struct outcome *outcome)
{
    char text[128];
    struct fam_http_call *call = NULL;
    struct fam_status status = {0};
    fam_auto(fam_secret_done) struct fam_secret url = {0};
    snprintf(text, sizeof(text), "%s/v1?hunter2", net.base_url);
    net_secret(&url, text);
    request.url = &url;
    request.timeout_ms = request.timeout_ms == 0 ? 30000 : request.timeout_ms;
    cr_assert_eq(fam_http_start(with, &request, on_done, outcome, &call, &status), FAM_OK, "%s", status.message);
    return call;
}

static struct fam_http_call *start(struct outcome *outcome)
{
    return start_with(client, (struct fam_http_request){.timeout_ms = 0}, outcome);
}

/* Runs one request to its end. */
static void run(struct fam_http_client *with, struct fam_http_request request, struct outcome *outcome)
{
    *outcome = (struct outcome){.code = FAM_OK};
    fam_http_call_free(start_with(with, request, outcome));
    cr_assert_eq(atomic_load(&outcome->done), 1);
    cr_assert_null(strstr(outcome->status.message, "hunter2"), "%s", outcome->status.message);
}

Test(http_engine, the_answer_is_handed_over_once_with_the_headers_that_are_wanted)
{
    struct outcome outcome;
    net_answer_always(net_text(200, "Anthropic-RateLimit-Requests-Limit: 50\r\nX-Other: 1\r\n", "hello"));
    run(client, (struct fam_http_request){.body = "{}", .body_size = 2}, &outcome);
    cr_assert_eq(outcome.code, FAM_OK);
    cr_assert_eq(outcome.http_status, 200);
    cr_assert_str_eq(outcome.body, "hello");
    cr_assert_str_eq(outcome.wanted[0], "50");
    cr_assert_str_eq(outcome.wanted[1], "");
    cr_assert_str_eq(net.body, "{}");
}

Test(http_engine, the_request_is_copied)
{
    struct outcome outcome = {.code = FAM_OK};
    char body[] = "first";
    char header[] = "X-Key: first";
    const char *headers[] = {header};
    atomic_store(&net.hold, true);
    net_answer_always(net_text(200, NULL, "ok"));
    struct fam_http_call *call = start_with(
        client, (struct fam_http_request){.body = body, .body_size = 5, .headers = headers, .header_count = 1},
        &outcome);
    memset(body, 'x', 5);
    memset(header, 'x', sizeof(header) - 1);
    atomic_store(&net.hold, false);
    fam_http_call_free(call);
    cr_assert_str_eq(net.body, "first");
    cr_assert_not_null(strstr(net.headers, "X-Key: first\r\n"));
}

Test(http_engine, one_thread_carries_hundreds_and_they_are_cut_at_once)
{
    static struct outcome outcomes[MANY];
    static struct fam_http_call *calls[MANY];
    net_answer_always(net_text(200, NULL, "ok"));
    atomic_store(&net.hold, true);
    for (size_t i = 0; i < MANY; i++) {
        calls[i] = start(&outcomes[i]);
    }
    cr_assert(net_wait(&net.in_flight, MANY), "%u in flight", atomic_load(&net.in_flight));
    uint64_t before_ms = fam_mono_ms();
    for (size_t i = 0; i < MANY; i++) {
        fam_http_call_cancel(calls[i]);
    }
    cr_assert(net_wait(&net.gone, MANY), "%u cut", atomic_load(&net.gone));
    uint64_t took_ms = fam_mono_ms() - before_ms;
    cr_assert_lt(took_ms, 1000, "%u ms", (unsigned)took_ms);
    for (size_t i = 0; i < MANY; i++) {
        fam_http_call_free(calls[i]);
        cr_assert_eq(outcomes[i].code, FAM_CANCELLED);
        cr_assert_eq(atomic_load(&outcomes[i].done), 1);
    }
}

Test(http_engine, no_more_transfers_than_allowed_and_no_more_waiting_than_the_queue_holds)
{
    enum { AT_ONCE = 2, WAITING = 3 };
    struct fam_status status = {0};
    const struct fam_http_client_options options = {
        .allow_plain_http = true, .max_transfers = AT_ONCE, .queue = WAITING};
    struct fam_http_client *narrow = fam_http_client_new(&options, &status);
    cr_assert_not_null(narrow);
    struct outcome outcomes[AT_ONCE + WAITING] = {{.code = FAM_OK}};
    struct fam_http_call *calls[AT_ONCE + WAITING];
    struct fam_http_call *none = NULL;
    fam_auto(fam_secret_done) struct fam_secret url = {0};
    net_answer_always(net_text(200, NULL, "ok"));
    net_secret(&url, net.base_url);
    atomic_store(&net.hold, true);
    for (unsigned i = 0; i < AT_ONCE; i++) {
        calls[i] = start_with(narrow, (struct fam_http_request){.timeout_ms = 0}, &outcomes[i]);
        cr_assert(net_wait(&net.requests, i + 1));
    }
    for (unsigned i = AT_ONCE; i < AT_ONCE + WAITING; i++) {
        calls[i] = start_with(narrow, (struct fam_http_request){.timeout_ms = 0}, &outcomes[i]);
    }
    const struct fam_http_request request = {.url = &url, .timeout_ms = 1000};
    cr_assert_eq(fam_http_start(narrow, &request, on_done, &outcomes[0], &none, &status), FAM_RESOURCE_EXHAUSTED);
    cr_assert_str_eq(status.reason, "QUEUE_FULL");
    atomic_store(&net.hold, false);
    for (unsigned i = 0; i < AT_ONCE + WAITING; i++) {
        fam_http_call_free(calls[i]);
        cr_assert_eq(outcomes[i].code, FAM_OK, "%s", outcomes[i].status.message);
    }
    cr_assert_leq(atomic_load(&net.peak), AT_ONCE);
    fam_http_client_free(narrow);
}

Test(http_engine, the_deadline_and_a_cancel_reach_what_waits_in_the_queue)
{
    struct fam_status status = {0};
    const struct fam_http_client_options options = {.allow_plain_http = true, .max_transfers = 1};
    struct fam_http_client *narrow = fam_http_client_new(&options, &status);
    cr_assert_not_null(narrow);
    struct outcome first = {.code = FAM_OK};
    struct outcome late = {.code = FAM_OK};
    struct outcome cancelled = {.code = FAM_OK};
    atomic_store(&net.hold, true);
    net_answer_always(net_text(200, NULL, "ok"));
    struct fam_http_call *call = start_with(narrow, (struct fam_http_request){.timeout_ms = 0}, &first);
    cr_assert(net_wait(&net.in_flight, 1));
    struct fam_http_call *waiting = start_with(narrow, (struct fam_http_request){.timeout_ms = 0}, &cancelled);
    fam_http_call_free(start_with(narrow, (struct fam_http_request){.timeout_ms = 100}, &late));
    cr_assert_eq(late.code, FAM_DEADLINE_EXCEEDED);
    cr_assert_str_eq(late.status.reason, "NOT_SENT");
    fam_http_call_cancel(waiting);
    fam_http_call_free(waiting);
    cr_assert_eq(cancelled.code, FAM_CANCELLED);
    cr_assert_eq(atomic_load(&net.requests), 1);
    atomic_store(&net.hold, false);
    fam_http_call_free(call);
    cr_assert_eq(first.code, FAM_OK);
    fam_http_client_free(narrow);
}

Test(http_engine, stopping_cancels_everything_and_refuses_what_comes_later)
{
    struct outcome outcomes[8] = {{.code = FAM_OK}};
    struct fam_http_call *calls[8];
    struct fam_http_call *none = NULL;
    struct fam_status status = {0};
    fam_auto(fam_secret_done) struct fam_secret url = {0};
    net_answer_always(net_text(200, NULL, "ok"));
    atomic_store(&net.hold, true);
    for (size_t i = 0; i < 8; i++) {
        calls[i] = start(&outcomes[i]);
    }
    cr_assert(net_wait(&net.in_flight, 8));
    fam_http_client_stop(client);
    for (size_t i = 0; i < 8; i++) {
        cr_assert_eq(atomic_load(&outcomes[i].done), 1);
        cr_assert_eq(outcomes[i].code, FAM_CANCELLED);
        fam_http_call_free(calls[i]);
    }
    net_secret(&url, net.base_url);
    const struct fam_http_request request = {.url = &url, .timeout_ms = 1000};
    cr_assert_eq(fam_http_start(client, &request, on_done, &outcomes[0], &none, &status), FAM_UNAVAILABLE);
}

struct chain {
    struct outcome outcome;
    struct fam_http_call *second;
};

static void start_another(void *context, enum fam_code code, struct fam_http_response *response,
                          const struct fam_status *status)
{
    struct chain *chain = context;
    (void)response;
    (void)status;
    cr_assert_eq(code, FAM_OK);
    chain->second = start(&chain->outcome);
    atomic_fetch_add(&all_done, 1);
}

Test(http_engine, a_callback_may_start_the_next_request)
{
    struct chain chain = {.second = NULL};
    struct fam_status status = {0};
    struct fam_http_call *call = NULL;
    fam_auto(fam_secret_done) struct fam_secret url = {0};
    net_answer_always(net_text(200, NULL, "ok"));
    net_secret(&url, net.base_url);
    const struct fam_http_request request = {.url = &url, .timeout_ms = 20000};
    cr_assert_eq(fam_http_start(client, &request, start_another, &chain, &call, &status), FAM_OK);
    fam_http_call_free(call);
    fam_http_call_free(chain.second);
    cr_assert_eq(chain.outcome.code, FAM_OK);
}

Test(http_engine, misbehaving_answers_fail_as_what_they_are)
{
    static const struct {
        const char *name;
        struct http_sim_reply reply;
        struct fam_http_request request;
        enum fam_code code;
    } rows[] = {
        {"cut at once", {.cut = HTTP_SIM_CUT_AT_ONCE}, {.timeout_ms = 0}, FAM_UNAVAILABLE},
        {"cut in the headers", {.cut = HTTP_SIM_CUT_IN_HEADERS}, {.timeout_ms = 0}, FAM_UNAVAILABLE},
        {"cut body",
         {.body = "0123456789", .body_size = 10, .truncate = true, .truncate_at = 4},
         {.timeout_ms = 0},
         FAM_UNAVAILABLE},
        {"too large", {.body = "0123456789", .body_size = 10}, {.response_bytes = 9}, FAM_OUT_OF_RANGE},
        {"hang", {.hang = true}, {.timeout_ms = 200}, FAM_DEADLINE_EXCEEDED},
        {"slow drip",
         {.body = "0123456789", .body_size = 10, .drip_bytes = 1, .drip_interval_ms = 100},
         {.timeout_ms = 300},
         FAM_DEADLINE_EXCEEDED},
        {"drip in time",
         {.body = "0123456789", .body_size = 10, .drip_bytes = 3, .drip_interval_ms = 10},
         {.timeout_ms = 0},
         FAM_OK},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        struct outcome outcome;
        net_answer_always(rows[i].reply);
        run(client, rows[i].request, &outcome);
        cr_assert_eq(outcome.code, rows[i].code, "%s: %s", rows[i].name, outcome.status.message);
    }
}

Test(http_engine, retry_after_as_a_date_counts_from_now_and_absurd_ones_are_clamped)
{
    struct outcome outcome;
    char header[128];
    time_t then = time(NULL) + 5;
    struct tm utc;
    gmtime_r(&then, &utc);
    strftime(header, sizeof(header), "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
    net_answer_always(net_text(429, header, ""));
    run(client, (struct fam_http_request){.timeout_ms = 0}, &outcome);
    cr_assert(outcome.retry_after_ms >= 3000 && outcome.retry_after_ms <= 6000, "%u", outcome.retry_after_ms);
    net_answer_always(net_text(429, "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n", ""));
    run(client, (struct fam_http_request){.timeout_ms = 0}, &outcome);
    cr_assert_eq(outcome.retry_after_ms, 86400000);
}

/* A port where nobody listens: bound, so that nobody else takes it. */
static uint16_t dead_port(int *ret_fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    *ret_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(*ret_fd, (struct sockaddr *)&address, sizeof(address)), 0);
    cr_assert_eq(getsockname(*ret_fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

Test(http_engine, a_proxy_that_is_down_is_named_as_the_reason_without_its_address)
{
    static const char *const schemes[] = {"http", "https", "socks5"};
    int fd = -1;
    uint16_t port = dead_port(&fd);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(schemes); i++) {
        char proxy[96];
        struct outcome outcome;
        struct fam_status status = {0};
        snprintf(proxy, sizeof(proxy), "%s://joe:hunter2@127.0.0.1:%u", schemes[i], port);
        const struct fam_http_client_options options = {.allow_plain_http = true, .proxy = proxy};
        struct fam_http_client *proxied = fam_http_client_new(&options, &status);
        cr_assert_not_null(proxied, "%s", status.message);
        run(proxied, (struct fam_http_request){.timeout_ms = 10000}, &outcome);
        cr_assert_eq(outcome.code, FAM_UNAVAILABLE, "%s: %s", schemes[i], outcome.status.message);
        cr_assert_not_null(strstr(outcome.status.message, "proxy"), "%s: %s", schemes[i], outcome.status.message);
        cr_assert_null(strstr(outcome.status.message, "127.0.0.1"));
        cr_assert_str_eq(outcome.status.reason, "NOT_SENT");
        fam_http_client_free(proxied);
    }
    cr_assert_eq(atomic_load(&net.requests), 0);
    close(fd);
}

Test(http_engine, a_proxy_of_another_kind_is_refused_at_the_start)
{
    static const char *const proxies[] = {"ftp://hunter2", "hunter2:3128", "socks4://hunter2", "http://"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(proxies); i++) {
        struct fam_status status = {0};
        const struct fam_http_client_options options = {.proxy = proxies[i]};
        cr_assert_null(fam_http_client_new(&options, &status));
        cr_assert_eq(status.code, FAM_INVALID_ARGUMENT);
        cr_assert_null(strstr(status.message, "hunter2"));
    }
}

Test(http_engine, the_outcome_has_a_word_of_a_closed_set)
{
    cr_assert_str_eq(fam_http_outcome(FAM_OK, 200), "success");
    cr_assert_str_eq(fam_http_outcome(FAM_OK, 302), "rejected");
    cr_assert_str_eq(fam_http_outcome(FAM_OK, 401), "rejected");
    cr_assert_str_eq(fam_http_outcome(FAM_OK, 429), "rate_limited");
    cr_assert_str_eq(fam_http_outcome(FAM_OK, 502), "server_error");
    cr_assert_str_eq(fam_http_outcome(FAM_OK, 529), "overloaded");
    cr_assert_str_eq(fam_http_outcome(FAM_DEADLINE_EXCEEDED, 0), "timeout");
    cr_assert_str_eq(fam_http_outcome(FAM_UNAVAILABLE, 0), "connection");
    cr_assert_str_eq(fam_http_outcome(FAM_CANCELLED, 0), "cancelled");
    cr_assert_str_eq(fam_http_outcome(FAM_OUT_OF_RANGE, 0), "invalid");
}
