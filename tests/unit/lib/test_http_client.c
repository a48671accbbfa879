/* test_http_client.c: requests to a server that behaves as its path says, well or badly (lib/net/http_client.h). */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/http_client.h"

#define TOKEN "7001:a-token-that-no-error-repeats"

enum { PEERS_MAX = 64, HEAD_BYTES = 8192, LARGE_BYTES = 100 * 1024, POST_BYTES = 2 << 20 };

static struct {
    int fd;
    uint16_t port;
    atomic_bool stops;
    atomic_int connections, requests;
    pthread_t accepter;
    pthread_t peers[PEERS_MAX];
    size_t peer_count; /* of the accepter until it is joined */
    pthread_mutex_t lock;
    char head[HEAD_BYTES]; /* of the last request; under the lock, like the next */
    size_t body_size;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct fam_http_client *client;

static void send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t wrote = send(fd, data, size, MSG_NOSIGNAL);
        if (wrote <= 0) {
            return;
        }
        data += wrote;
        size -= (size_t)wrote;
    }
}

static void send_text(int fd, const char *text)
{
    send_all(fd, text, strlen(text));
}

/* Until the peer goes or the test ends. */
static void hang(int fd)
{
    char byte;
    while (!atomic_load(&server.stops)) {
        struct pollfd entry = {.fd = fd, .events = POLLIN};
        if (poll(&entry, 1, 20) > 0 && recv(fd, &byte, 1, 0) <= 0) {
            return;
        }
    }
}

static void send_large(int fd)
{
    char head[128];
    char block[1024];
    memset(block, 'x', sizeof(block));
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", LARGE_BYTES);
    send_text(fd, head);
    for (int i = 0; i < LARGE_BYTES / 1024; i++) {
        send_all(fd, block, sizeof(block));
    }
}

static void send_endless(int fd)
{
    send_text(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    static const char chunk[] = "10\r\n0123456789abcdef\r\n";
    while (!atomic_load(&server.stops) && send(fd, chunk, sizeof(chunk) - 1, MSG_NOSIGNAL) > 0) {
    }
}

static const struct {
    const char *path;
    const char *text; /* what is sent */
    bool closes;      /* afterwards */
} ANSWERS[] = {
    {"/ok", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nRequest-Id: req-42\r\n\r\nhello", false},
    {"/busy", "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy", false},
    {"/later", "HTTP/1.1 429 No\r\nRetry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n", false},
    {"/moved", "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 5\r\n\r\nmoved", false},
    {"/truncated", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ok\":tr", true},
    {"/cut-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nhello", true},
    {"/cut-head", "HTTP/1.1 200 OK\r\nContent-Le", true},
    {"/close", "", true},
    {"/garbage", "220 mail.example ESMTP\r\nwhat is HTTP?\r\n", true},
};

/* False when the connection is to be closed. */
static bool answer(int fd, const char *path)
{
    if (strcmp(path, "/hang") == 0) {
        hang(fd);
        return false;
    }
    if (strcmp(path, "/stall") == 0) {
        send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello");
        hang(fd);
        return false;
    }
    if (strcmp(path, "/large") == 0) {
        send_large(fd);
        return true;
    }
    if (strcmp(path, "/endless") == 0) {
        send_endless(fd);
        return false;
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(ANSWERS); i++) {
        if (strcmp(ANSWERS[i].path, path) == 0) {
            send_text(fd, ANSWERS[i].text);
            return !ANSWERS[i].closes;
        }
    }
    send_text(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    return true;
}

/* One request; its head without the empty line in ret_head. False when the peer went. */
static bool take_request(int fd, char ret_head[HEAD_BYTES], size_t *ret_body_size)
{
    size_t size = 0;
    while (size < 4 || memcmp(ret_head + size - 4, "\r\n\r\n", 4) != 0) {
        if (size + 1 >= HEAD_BYTES || recv(fd, ret_head + size, 1, 0) <= 0) {
            return false;
        }
        size++;
    }
    ret_head[size] = '\0';
    const char *length = strcasestr(ret_head, "\r\ncontent-length:");
    size_t left = length == NULL ? 0 : strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
    *ret_body_size = 0;
    while (left > 0) {
        char block[4096];
        ssize_t got = recv(fd, block, left < sizeof(block) ? left : sizeof(block), 0);
        if (got <= 0) {
            return false;
        }
        left -= (size_t)got;
        *ret_body_size += (size_t)got;
    }
    return true;
}

static void *serve_peer(void *context)
{
    int fd = (int)(intptr_t)context;
    char head[HEAD_BYTES];
    char path[256] = "";
    size_t body_size = 0;
    bool goes_on = true;
    while (goes_on && take_request(fd, head, &body_size)) {
        atomic_fetch_add(&server.requests, 1);
        pthread_mutex_lock(&server.lock);
        memcpy(server.head, head, sizeof(head));
        server.body_size = body_size;
        pthread_mutex_unlock(&server.lock);
        /* "GET /bot<token>/ok HTTP/1.1", through a proxy "GET http://host/ok HTTP/1.1": the last part counts. */
        const char *end = strstr(head, " HTTP/");
        const char *start = end;
        while (start != NULL && start > head && *start != '/') {
            start--;
        }
        snprintf(path, sizeof(path), "%.*s", end == NULL ? 0 : (int)(end - start), start == NULL ? "" : start);
        goes_on = answer(fd, path);
    }
    close(fd);
    return NULL;
}

static void *accept_peers(void *context)
{
    (void)context;
    while (!atomic_load(&server.stops)) {
        struct pollfd entry = {.fd = server.fd, .events = POLLIN};
        if (poll(&entry, 1, 20) <= 0) {
            continue;
        }
        int fd = accept4(server.fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0 || server.peer_count == PEERS_MAX) {
            continue;
        }
        atomic_fetch_add(&server.connections, 1);
        cr_assert_eq(pthread_create(&server.peers[server.peer_count++], NULL, serve_peer, (void *)(intptr_t)fd), 0);
    }
    return NULL;
}

static void set_up(void)
{
    struct fam_status status = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    signal(SIGPIPE, SIG_IGN);
    server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(server.fd, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(server.fd, 32), 0);
    cr_assert_eq(getsockname(server.fd, (struct sockaddr *)&address, &size), 0);
    server.port = ntohs(address.sin_port);
    cr_assert_eq(pthread_create(&server.accepter, NULL, accept_peers, NULL), 0);
    const struct fam_http_client_options options = {.user_agent = "fambot/1.2.3", .allow_plain_http = true};
    client = fam_http_client_new(&options, &status);
    cr_assert_not_null(client, "%s", status.message);
}

/* The client goes first: its kept connections end the server's threads. */
static void tear_down(void)
{
    fam_http_client_free(client);
    atomic_store(&server.stops, true);
    pthread_join(server.accepter, NULL);
    for (size_t i = 0; i < server.peer_count; i++) {
        pthread_join(server.peers[i], NULL);
    }
    close(server.fd);
}

TestSuite(http_client, .init = set_up, .fini = tear_down, .timeout = 60);

static struct fam_secret url_of(const char *path)
{
    char text[256];
    struct fam_secret url = {0};
    snprintf(text, sizeof(text), "http://127.0.0.1:%u/bot" TOKEN "%s", server.port, path);
    cr_assert(fam_secret_set(&url, text, strlen(text)));
    return url;
}

static enum fam_code perform(const char *path, struct fam_http_request request, struct fam_http_response *ret_response,
                             struct fam_status *status)
{
    fam_auto(fam_secret_done) struct fam_secret url = url_of(path);
    request.url = &url;
    request.timeout_ms = request.timeout_ms == 0 ? 20000 : request.timeout_ms;
    return fam_http_perform(client, &request, ret_response, status);
}

static void expect_good(void)
{
    struct fam_status status = {0};
    struct fam_http_response response = {0};
    enum fam_code code = perform("/ok", (struct fam_http_request){.timeout_ms = 0}, &response, &status);
    cr_assert_eq(code, FAM_OK, "%s", status.message);
    cr_assert_eq(response.http_status, 200);
    cr_assert_str_eq(fam_buf_text(&response.body), "hello");
    fam_http_response_done(&response);
}

/* The path fails with the code, the error does not tell the URL, nothing is handed out, and the client goes on. */
static void expect_failure(const char *path, struct fam_http_request request, enum fam_code expected)
{
    struct fam_status status = {0};
    struct fam_http_response response = {0};
    enum fam_code code = perform(path, request, &response, &status);
    cr_assert_eq(code, expected, "%s: %s: %s", path, fam_code_name(code), status.message);
    cr_assert_eq(status.code, expected);
    cr_assert_str_not_empty(status.message);
    cr_assert_null(strstr(status.message, TOKEN), "%s", status.message);
    cr_assert_null(strstr(status.message, "127.0.0.1"), "%s", status.message);
    cr_assert_eq(response.http_status, 0);
    cr_assert_eq(response.body.size, 0);
    fam_http_response_done(&response);
    expect_good();
}

/* The last request's head has the text. */
static void expect_sent(const char *text, bool expected)
{
    pthread_mutex_lock(&server.lock);
    bool found = strcasestr(server.head, text) != NULL;
    pthread_mutex_unlock(&server.lock);
    cr_assert_eq(found, expected, "%s in %s", text, server.head);
}

Test(http_client, an_answer_comes_with_status_body_and_request_id)
{
    struct fam_status status = {0};
    struct fam_http_response response = {0};
    cr_assert_eq(perform("/ok", (struct fam_http_request){.timeout_ms = 0}, &response, &status), FAM_OK);
    cr_assert_eq(response.http_status, 200);
    cr_assert_str_eq(fam_buf_text(&response.body), "hello");
    cr_assert_str_eq(response.request_id, "req-42");
    cr_assert_eq(response.retry_after_ms, 0);
    expect_sent("GET /bot" TOKEN "/ok HTTP/1.1", true);
    expect_sent("User-Agent: fambot/1.2.3", true);
    fam_http_response_done(&response);
}

Test(http_client, a_large_body_is_posted_whole_without_asking_first)
{
    struct fam_status status = {0};
    struct fam_http_response response = {0};
    static const char *const headers[] = {"anthropic-version: 1", "X-Two: 2"};
    char *body = malloc(POST_BYTES);
    cr_assert_not_null(body);
    memset(body, 'b', POST_BYTES);
    const struct fam_http_request request = {.body = body,
                                             .body_size = POST_BYTES,
                                             .content_type = "application/json",
                                             .headers = headers,
                                             .header_count = FAM_ARRAY_SIZE(headers)};
    enum fam_code code = perform("/ok", request, &response, &status);
    free(body);
    cr_assert_eq(code, FAM_OK, "%s", status.message);
    cr_assert_eq(server.body_size, POST_BYTES);
    expect_sent("POST /bot", true);
    expect_sent("Content-Type: application/json\r\n", true);
    expect_sent("anthropic-version: 1\r\n", true);
    expect_sent("X-Two: 2\r\n", true);
    expect_sent("Expect:", false);
    fam_http_response_done(&response);
}

Test(http_client, an_http_error_is_an_answer_with_its_body_and_retry_after)
{
    struct fam_status status = {0};
    struct fam_http_response response = {0};
    cr_assert_eq(perform("/busy", (struct fam_http_request){.timeout_ms = 0}, &response, &status), FAM_OK);
    cr_assert_eq(response.http_status, 503);
    cr_assert_str_eq(fam_buf_text(&response.body), "busy");
    cr_assert_eq(response.retry_after_ms, 7000);
    cr_assert_str_empty(response.request_id);
    fam_http_response_done(&response);
    expect_good();
}

Test(http_client, a_retry_after_far_in_the_future_is_a_day_at_most)
{
    struct fam_status status = {0};
    struct fam_http_response response = {0};
    cr_assert_eq(perform("/later", (struct fam_http_request){.timeout_ms = 0}, &response, &status), FAM_OK);
    cr_assert_eq(response.http_status, 429);
    cr_assert_eq(response.retry_after_ms, 24u * 60 * 60 * 1000);
    fam_http_response_done(&response);
}

Test(http_client, redirects_are_not_followed)
{
    struct fam_status status = {0};
    struct fam_http_response response = {0};
    cr_assert_eq(perform("/moved", (struct fam_http_request){.timeout_ms = 0}, &response, &status), FAM_OK);
    cr_assert_eq(response.http_status, 302);
    cr_assert_str_eq(fam_buf_text(&response.body), "moved");
    cr_assert_eq(atomic_load(&server.requests), 1);
    fam_http_response_done(&response);
}

Test(http_client, an_answer_that_breaks_off_is_unavailable)
{
    static const char *const paths[] = {"/truncated", "/cut-chunk", "/cut-head", "/close", "/garbage"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(paths); i++) {
        expect_failure(paths[i], (struct fam_http_request){.timeout_ms = 0}, FAM_UNAVAILABLE);
    }
}

Test(http_client, a_server_that_never_answers_costs_the_timeout)
{
    uint64_t started_ms = fam_mono_ms();
    expect_failure("/hang", (struct fam_http_request){.timeout_ms = 300}, FAM_DEADLINE_EXCEEDED);
    cr_assert_geq(fam_mono_ms() - started_ms, 290);
    cr_assert_lt(fam_mono_ms() - started_ms, 10000);
}

Test(http_client, an_answer_that_stalls_ends_long_before_the_timeout)
{
    uint64_t started_ms = fam_mono_ms();
    const struct fam_http_request request = {.timeout_ms = 50000, .stall_timeout_ms = 1000};
    expect_failure("/stall", request, FAM_DEADLINE_EXCEEDED);
    cr_assert_lt(fam_mono_ms() - started_ms, 15000);
}

static void *set_after_a_request(void *context)
{
    while (atomic_load(&server.requests) == 0) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    atomic_store((atomic_bool *)context, true);
    return NULL;
}

Test(http_client, a_running_request_is_cut_short_from_another_thread)
{
    atomic_bool abort_now = false;
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, set_after_a_request, &abort_now), 0);
    uint64_t started_ms = fam_mono_ms();
    expect_failure("/hang", (struct fam_http_request){.timeout_ms = 50000, .abort = &abort_now}, FAM_CANCELLED);
    cr_assert_lt(fam_mono_ms() - started_ms, 10000);
    pthread_join(thread, NULL);
}

Test(http_client, an_answer_over_the_limit_is_refused_with_and_without_a_length)
{
    const struct fam_http_request request = {.response_bytes = 1000};
    expect_failure("/large", request, FAM_OUT_OF_RANGE);
    expect_failure("/endless", request, FAM_OUT_OF_RANGE);
    struct fam_status status = {0};
    struct fam_http_response response = {0};
    cr_assert_eq(perform("/large", (struct fam_http_request){.timeout_ms = 0}, &response, &status), FAM_OK);
    cr_assert_eq(response.body.size, LARGE_BYTES);
    fam_http_response_done(&response);
}

static enum fam_code perform_url(struct fam_http_client *with, const char *text, struct fam_status *status)
{
    fam_auto(fam_secret_done) struct fam_secret url = {0};
    struct fam_http_response response = {0};
    cr_assert(fam_secret_set(&url, text, strlen(text)));
    const struct fam_http_request request = {.url = &url, .timeout_ms = 10000};
    enum fam_code code = fam_http_perform(with, &request, &response, status);
    fam_http_response_done(&response);
    return code;
}

Test(http_client, only_http_is_spoken_and_only_https_unless_allowed)
{
    static const char *const bad[] = {
        "file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "http://", "http://[::1", ""};
    struct fam_status status = {0};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(bad); i++) {
        cr_assert_eq(perform_url(client, bad[i], &status), FAM_INVALID_ARGUMENT, "%s: %s", bad[i], status.message);
    }
    const struct fam_http_client_options options = {.user_agent = "x"};
    struct fam_http_client *strict = fam_http_client_new(&options, &status);
    cr_assert_not_null(strict);
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/ok", server.port);
    cr_assert_eq(perform_url(strict, url, &status), FAM_INVALID_ARGUMENT);
    cr_assert_eq(atomic_load(&server.requests), 0);
    fam_http_client_free(strict);
    expect_good();
}

Test(http_client, nobody_listening_is_unavailable_and_surely_not_sent)
{
    struct fam_status status = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* bound, not listening: refused, and nobody else's */
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/ok", ntohs(address.sin_port));
    cr_assert_eq(perform_url(client, url, &status), FAM_UNAVAILABLE);
    cr_assert_str_eq(status.reason, "NOT_SENT");
    close(fd);
}

Test(http_client, a_request_that_was_sent_is_not_called_unsent)
{
    struct fam_status status = {0};
    struct fam_http_response response = {0};
    cr_assert_eq(perform("/truncated", (struct fam_http_request){.timeout_ms = 0}, &response, &status),
                 FAM_UNAVAILABLE);
    cr_assert_str_empty(status.reason);
}

Test(http_client, proxies_of_the_environment_are_ignored)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(names); i++) {
        cr_assert_eq(setenv(names[i], "http://127.0.0.1:9", 1), 0);
    }
    expect_good();
}

Test(http_client, the_proxy_given_is_used_whatever_no_proxy_says)
{
    struct fam_status status = {0};
    char proxy[64];
    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", server.port);
    cr_assert_eq(setenv("no_proxy", "*", 1), 0);
    cr_assert_eq(setenv("NO_PROXY", "*", 1), 0);
    const struct fam_http_client_options options = {.user_agent = "x", .proxy = proxy, .allow_plain_http = true};
    struct fam_http_client *through = fam_http_client_new(&options, &status);
    cr_assert_not_null(through);
    cr_assert_eq(perform_url(through, "http://telegram.invalid/ok", &status), FAM_OK, "%s", status.message);
    expect_sent("GET http://telegram.invalid/ok HTTP/1.1", true);
    fam_http_client_free(through);
}

/* libcurl sends again what a kept connection swallowed; a message to a parent must not arrive twice. */
Test(http_client, a_post_is_sent_once_even_when_a_kept_connection_breaks)
{
    struct fam_status status = {0};
    struct fam_http_response response = {0};
    expect_good();
    const struct fam_http_request request = {.body = "{}", .body_size = 2, .content_type = "application/json"};
    cr_assert_eq(perform("/close", request, &response, &status), FAM_UNAVAILABLE);
    cr_assert_str_empty(status.reason);
    cr_assert_eq(atomic_load(&server.requests), 2);
    cr_assert_eq(atomic_load(&server.connections), 1);
    expect_good();
}

Test(http_client, a_post_without_a_body_is_a_post)
{
    struct fam_status status = {0};
    struct fam_http_response response = {0};
    cr_assert_eq(perform("/ok", (struct fam_http_request){.body = ""}, &response, &status), FAM_OK);
    expect_sent("POST /bot", true);
    expect_sent("Content-Length: 0\r\n", true);
    fam_http_response_done(&response);
}

Test(http_client, a_connection_is_used_again)
{
    for (int i = 0; i < 5; i++) {
        expect_good();
    }
    cr_assert_eq(atomic_load(&server.requests), 5);
    cr_assert_eq(atomic_load(&server.connections), 1);
}

static void *make_requests(void *context)
{
    atomic_int *good = context;
    for (int i = 0; i < 20; i++) {
        struct fam_status status = {0};
        struct fam_http_response response = {0};
        enum fam_code code = perform("/ok", (struct fam_http_request){.timeout_ms = 0}, &response, &status);
        if (code == FAM_OK && strcmp(fam_buf_text(&response.body), "hello") == 0) {
            atomic_fetch_add(good, 1);
        }
        fam_http_response_done(&response);
    }
    return NULL;
}

Test(http_client, many_threads_use_one_client)
{
    pthread_t threads[12]; /* more than the handles that are kept */
    atomic_int good = 0;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(threads); i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, make_requests, &good), 0);
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    cr_assert_eq(atomic_load(&good), 240);
}
