/* test_http_client.c: requests to a server that misbehaves on demand (lib/net/http_client.h).
 *
 * The server is a thread with plain sockets; what it does with a request depends on the path. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/http_client.h"

enum { REQUEST_BYTES = 65536 };

struct server {
    int listener;
    uint16_t port;
    pthread_t thread;
    atomic_uint accepted;
    char request[REQUEST_BYTES]; /* the last one, head and body; read it after the answer came */
};

struct script {
    const char *path;
    const char *answer;
    bool hang; /* after the answer, until the client leaves; else the connection is closed or, when whole, kept */
    bool keep;
};

#define HEAD(status, length) "HTTP/1.1 " status "\r\nContent-Type: text/plain\r\nContent-Length: " length "\r\n"

static const struct script SCRIPTS[] = {
    {.path = "/ok", .answer = HEAD("200 OK", "5") "request-id: req_42\r\n\r\nhello", .keep = true},
    {.path = "/empty", .answer = "HTTP/1.1 204 No Content\r\n\r\n", .keep = true},
    {.path = "/bad", .answer = HEAD("400 Bad Request", "7") "\r\nbecause", .keep = true},
    {.path = "/busy", .answer = HEAD("429 Too Many Requests", "2") "Retry-After: 3\r\n\r\n{}", .keep = true},
    {.path = "/busy-absurd", .answer = HEAD("429 Slow", "0") "Retry-After: 99999999999999999999\r\n\r\n", .keep = true},
    {.path = "/busy-long", .answer = HEAD("429 Slow", "0") "Retry-After: 4000000\r\n\r\n", .keep = true},
    {.path = "/busy-never", .answer = HEAD("503 Slow", "0") "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n\r\n"},
    {.path = "/busy-past", .answer = HEAD("503 Slow", "0") "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\n"},
    {.path = "/busy-words", .answer = HEAD("503 Slow", "0") "Retry-After: soon\r\n\r\n"},
    {.path = "/busy-minus", .answer = HEAD("503 Slow", "0") "Retry-After: -5\r\n\r\n"},
    {.path = "/truncated", .answer = HEAD("200 OK", "500") "\r\nhalf"},
    {.path = "/chunk-cut", .answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nhe"},
    {.path = "/head-cut", .answer = "HTTP/1.1 200 OK\r\nContent-"},
    {.path = "/cut", .answer = ""},
    {.path = "/noise", .answer = "\x16\x03\x01 this is no HTTP\r\n\r\n"},
    {.path = "/hang", .answer = "", .hang = true},
    {.path = "/stall", .answer = HEAD("200 OK", "500") "\r\nhalf", .hang = true},
    {.path = "/moved", .answer = HEAD("302 Found", "0") "Location: /ok\r\n\r\n", .keep = true},
    {.path = "/to-file", .answer = HEAD("302 Found", "0") "Location: file:///etc/passwd\r\n\r\n", .keep = true},
    {.path = "/big", .answer = HEAD("200 OK", "2000000000") "\r\n0123456789", .hang = true},
    {.path = "/eleven", .answer = HEAD("200 OK", "11") "\r\n01234567890", .keep = true},
    {.path = "/long-id",
     .answer = HEAD("200 OK", "0") "Request-ID: "
                                   "123456789012345678901234567890123456789012345678901234567890"
                                   "123456789012345678901234567890\r\n\r\n"},
};

/* Until the whole request is there; false when the client has left. */
static bool read_request(struct server *server, int fd)
{
    size_t size = 0;
    for (;;) {
        ssize_t got = recv(fd, server->request + size, sizeof(server->request) - 1 - size, 0);
        if (got <= 0) {
            return false;
        }
        size += (size_t)got;
        server->request[size] = '\0';
        const char *end = strstr(server->request, "\r\n\r\n");
        const char *length = strstr(server->request, "Content-Length: ");
        size_t body = length == NULL ? 0 : (size_t)strtoul(length + 16, NULL, 10);
        if (end != NULL && size >= (size_t)(end + 4 - server->request) + body) {
            return true;
        }
    }
}

/* A Retry-After five seconds from now, as a date. */
static void answer_date(int fd)
{
    char date[64];
    char answer[256];
    time_t then = time(NULL) + 5;
    struct tm utc;
    gmtime_r(&then, &utc);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
    int size = snprintf(answer, sizeof(answer), HEAD("429 Slow", "0") "Retry-After: %s\r\n\r\n", date);
    (void)send(fd, answer, (size_t)size, MSG_NOSIGNAL);
}

/* False: the connection is to be closed. */
static bool answer(const struct server *server, int fd)
{
    char path[128] = "";
    (void)sscanf(server->request, "%*s %127[^ ?]", path);
    if (strcmp(path, "/busy-date") == 0) {
        answer_date(fd);
        return true;
    }
    const char *absolute = strstr(path, "://"); /* we are the proxy */
    const char *wanted = absolute == NULL ? path : strchr(absolute + 3, '/');
    for (size_t i = 0; i < FAM_ARRAY_SIZE(SCRIPTS); i++) {
        if (strcmp(SCRIPTS[i].path, wanted) == 0) {
            (void)send(fd, SCRIPTS[i].answer, strlen(SCRIPTS[i].answer), MSG_NOSIGNAL);
            char rest[16];
            while (SCRIPTS[i].hang && recv(fd, rest, sizeof(rest), 0) > 0) {
            }
            return SCRIPTS[i].keep;
        }
    }
    return false;
}

static void *serve(void *argument)
{
    struct server *server = argument;
    for (;;) {
        int fd = accept(server->listener, NULL, NULL);
        if (fd < 0) {
            return NULL;
        }
        atomic_fetch_add(&server->accepted, 1);
        while (read_request(server, fd) && answer(server, fd)) {
        }
        close(fd);
    }
}

static struct server *start_server(void)
{
    struct server *server = calloc(1, sizeof(*server));
    cr_assert_not_null(server);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(server->listener, 0);
    cr_assert_eq(bind(server->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    cr_assert_eq(listen(server->listener, 16), 0);
    cr_assert_eq(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    cr_assert_eq(pthread_create(&server->thread, NULL, serve, server), 0);
    return server;
}

/* Ends when no client is connected any more: free the client first. */
static void stop_server(struct server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    free(server);
}

static struct fam_http_client *client_of(const struct fam_http_client_options *options)
{
    struct fam_status status = {0};
    struct fam_http_client *client = fam_http_client_new(options, &status);
    cr_assert_not_null(client, "%s", status.message);
    return client;
}

static struct fam_http_client *plain_client(void)
{
    signal(SIGPIPE, SIG_IGN);
    return client_of(&(struct fam_http_client_options){.user_agent = "test/1", .allow_plain_http = true});
}

/* Performs `request` on http://127.0.0.1:PORT/PATH?hunter2, and sees to it that no error repeats the URL. */
static enum fam_code perform(struct fam_http_client *client, uint16_t port, const char *path,
                             struct fam_http_request request, struct fam_http_response *ret_response,
                             struct fam_status *status)
{
    char text[200];
    struct fam_secret url = {0};
    snprintf(text, sizeof(text), "http://127.0.0.1:%u%s?hunter2", port, path);
    cr_assert(fam_secret_set(&url, text, strlen(text)));
    request.url = &url;
    request.timeout_ms = request.timeout_ms == 0 ? 20000 : request.timeout_ms;
    *ret_response = (struct fam_http_response){0};
    *status = (struct fam_status){0};
    enum fam_code code = fam_http_perform(client, &request, ret_response, status);
    cr_assert_eq(code, status->code, "%d is not %d", code, status->code);
    cr_assert_null(strstr(status->message, "hunter2"), "%s", status->message);
    cr_assert_null(strstr(status->message, "127.0.0.1"), "%s", status->message);
    fam_secret_done(&url);
    return code;
}

/* After any trouble the same client still gets a good answer. */
static void assert_good(struct fam_http_client *client, uint16_t port)
{
    struct fam_http_response response;
    struct fam_status status;
    cr_assert_eq(perform(client, port, "/ok", (struct fam_http_request){0}, &response, &status), FAM_OK, "%s",
                 status.message);
    cr_assert_eq(response.http_status, 200);
    cr_assert_str_eq(fam_buf_text(&response.body), "hello");
    fam_http_response_done(&response);
}

static void assert_fails(const char *path, struct fam_http_request request, enum fam_code code, const char *reason)
{
    struct server *server = start_server();
    struct fam_http_client *client = plain_client();
    struct fam_http_response response;
    struct fam_status status;
    cr_assert_eq(perform(client, server->port, path, request, &response, &status), code, "%s: %s %s", path,
                 fam_code_name(status.code), status.message);
    cr_assert_str_eq(status.reason, reason, "%s", path);
    cr_assert_eq(response.http_status, 0);
    cr_assert_null(response.body.data);
    assert_good(client, server->port);
    fam_http_client_free(client);
    stop_server(server);
}

Test(http_client, a_good_answer_comes_with_status_body_and_request_id, .timeout = 60)
{
    struct server *server = start_server();
    struct fam_http_client *client = plain_client();
    struct fam_http_response response;
    struct fam_status status;
    cr_assert_eq(perform(client, server->port, "/ok", (struct fam_http_request){0}, &response, &status), FAM_OK);
    cr_assert_eq(response.http_status, 200);
    cr_assert_eq(response.body.size, 5);
    cr_assert_str_eq(response.request_id, "req_42");
    cr_assert_eq(response.retry_after_ms, 0);
    cr_assert(strncmp(server->request, "GET /ok?hunter2 HTTP/1.1\r\n", 26) == 0);
    cr_assert_not_null(strstr(server->request, "User-Agent: test/1\r\n"));
    fam_http_response_done(&response);
    cr_assert_eq(perform(client, server->port, "/empty", (struct fam_http_request){0}, &response, &status), FAM_OK);
    cr_assert_eq(response.http_status, 204);
    cr_assert_str_eq(fam_buf_text(&response.body), "");
    fam_http_response_done(&response);
    cr_assert_eq(perform(client, server->port, "/long-id", (struct fam_http_request){0}, &response, &status), FAM_OK);
    cr_assert_eq(strlen(response.request_id), 63);
    fam_http_response_done(&response);
    fam_http_client_free(client);
    stop_server(server);
}

Test(http_client, a_body_is_posted_with_its_type_and_the_headers_given, .timeout = 60)
{
    struct server *server = start_server();
    struct fam_http_client *client = plain_client();
    struct fam_http_response response;
    struct fam_status status;
    const char *const headers[] = {"X-One: 1", "X-Two: 2"};
    struct fam_http_request request = {
        .content_type = "application/json", .body = "{\"a\":1}", .body_size = 7, .headers = headers, .header_count = 2};
    cr_assert_eq(perform(client, server->port, "/ok", request, &response, &status), FAM_OK, "%s", status.message);
    cr_assert(strncmp(server->request, "POST /ok", 8) == 0);
    cr_assert_not_null(strstr(server->request, "Content-Type: application/json\r\n"));
    cr_assert_not_null(strstr(server->request, "Content-Length: 7\r\n"));
    cr_assert_not_null(strstr(server->request, "X-One: 1\r\nX-Two: 2\r\n"));
    cr_assert_null(strstr(server->request, "Expect"));
    cr_assert_not_null(strstr(server->request, "\r\n\r\n{\"a\":1}"));
    fam_http_response_done(&response);
    request = (struct fam_http_request){.content_type = "text/plain", .body = "", .body_size = 0};
    cr_assert_eq(perform(client, server->port, "/ok", request, &response, &status), FAM_OK, "%s", status.message);
    cr_assert(strncmp(server->request, "POST /ok", 8) == 0);
    fam_http_response_done(&response);
    /* The handle is used again, and nothing of the body stays with it. */
    cr_assert_eq(perform(client, server->port, "/ok", (struct fam_http_request){0}, &response, &status), FAM_OK);
    cr_assert(strncmp(server->request, "GET /ok", 7) == 0);
    cr_assert_null(strstr(server->request, "X-One"));
    fam_http_response_done(&response);
    fam_http_client_free(client);
    stop_server(server);
}

Test(http_client, an_answer_of_4xx_keeps_its_body, .timeout = 60)
{
    struct server *server = start_server();
    struct fam_http_client *client = plain_client();
    struct fam_http_response response;
    struct fam_status status;
    cr_assert_eq(perform(client, server->port, "/bad", (struct fam_http_request){0}, &response, &status), FAM_OK);
    cr_assert_eq(response.http_status, 400);
    cr_assert_str_eq(fam_buf_text(&response.body), "because");
    cr_assert_str_eq(response.request_id, "");
    fam_http_response_done(&response);
    fam_http_client_free(client);
    stop_server(server);
}

Test(http_client, retry_after_is_read_as_seconds_or_date_and_bounded_by_a_day, .timeout = 60)
{
    static const struct {
        const char *path;
        unsigned http_status;
        uint32_t least_ms, most_ms;
    } rows[] = {{"/busy", 429, 3000, 3000},
                {"/busy-date", 429, 3000, 6000},
                {"/busy-long", 429, 86400000, 86400000},
                {"/busy-never", 503, 86400000, 86400000},
                {"/busy-past", 503, 0, 0},
                {"/busy-words", 503, 0, 0},
                {"/busy-minus", 503, 0, 0},
                {"/ok", 200, 0, 0}};
    struct server *server = start_server();
    struct fam_http_client *client = plain_client();
    struct fam_http_response response;
    struct fam_status status;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        cr_assert_eq(perform(client, server->port, rows[i].path, (struct fam_http_request){0}, &response, &status),
                     FAM_OK, "%s: %s", rows[i].path, status.message);
        cr_assert_eq(response.http_status, rows[i].http_status);
        cr_assert(response.retry_after_ms >= rows[i].least_ms && response.retry_after_ms <= rows[i].most_ms,
                  "%s: %u ms", rows[i].path, response.retry_after_ms);
        fam_http_response_done(&response);
    }
    /* A number that does not fit anywhere is taken for the longest wait or none. */
    cr_assert_eq(perform(client, server->port, "/busy-absurd", (struct fam_http_request){0}, &response, &status),
                 FAM_OK);
    cr_assert(response.retry_after_ms == 0 || response.retry_after_ms == 86400000, "%u", response.retry_after_ms);
    fam_http_response_done(&response);
    fam_http_client_free(client);
    stop_server(server);
}

Test(http_client, half_an_answer_is_no_answer, .timeout = 60)
{
    static const char *const paths[] = {"/truncated", "/chunk-cut", "/cut", "/noise"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(paths); i++) {
        assert_fails(paths[i], (struct fam_http_request){0}, FAM_UNAVAILABLE, "");
    }
}

Test(http_client, half_a_head_is_no_answer, .timeout = 60)
{
    assert_fails("/head-cut", (struct fam_http_request){0}, FAM_UNAVAILABLE, "");
}

Test(http_client, a_server_that_says_nothing_costs_the_deadline_and_no_more, .timeout = 60)
{
    uint64_t before = fam_mono_ms();
    assert_fails("/hang", (struct fam_http_request){.timeout_ms = 300}, FAM_DEADLINE_EXCEEDED, "");
    assert_fails("/stall", (struct fam_http_request){.timeout_ms = 300}, FAM_DEADLINE_EXCEEDED, "");
    cr_assert_lt(fam_mono_ms() - before, 10000);
}

Test(http_client, a_stalled_answer_ends_before_the_deadline, .timeout = 60)
{
    uint64_t before = fam_mono_ms();
    assert_fails("/stall", (struct fam_http_request){.stall_timeout_ms = 1000, .timeout_ms = 60000},
                 FAM_DEADLINE_EXCEEDED, "");
    cr_assert_lt(fam_mono_ms() - before, 20000);
}

static void *set_after_a_moment(void *argument)
{
    atomic_bool *abort = argument;
    struct timespec moment = {.tv_nsec = 200 * 1000000};
    nanosleep(&moment, NULL);
    atomic_store(abort, true);
    return NULL;
}

Test(http_client, another_thread_can_cut_a_request_short, .timeout = 60)
{
    atomic_bool abort = false;
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, set_after_a_moment, &abort), 0);
    uint64_t before = fam_mono_ms();
    assert_fails("/hang", (struct fam_http_request){.abort = &abort, .timeout_ms = 50000}, FAM_CANCELLED, "");
    cr_assert_lt(fam_mono_ms() - before, 5000);
    pthread_join(thread, NULL);
}

Test(http_client, an_answer_that_is_too_large_is_refused, .timeout = 60)
{
    assert_fails("/eleven", (struct fam_http_request){.response_bytes = 10}, FAM_OUT_OF_RANGE, "");
    assert_fails("/big", (struct fam_http_request){.response_bytes = 4}, FAM_OUT_OF_RANGE, "");
    struct server *server = start_server();
    struct fam_http_client *client = plain_client();
    struct fam_http_response response;
    struct fam_status status;
    cr_assert_eq(
        perform(client, server->port, "/eleven", (struct fam_http_request){.response_bytes = 11}, &response, &status),
        FAM_OK);
    cr_assert_eq(response.body.size, 11);
    fam_http_response_done(&response);
    fam_http_client_free(client);
    stop_server(server);
}

Test(http_client, redirects_are_answers_and_not_followed, .timeout = 60)
{
    static const char *const paths[] = {"/moved", "/to-file"};
    struct server *server = start_server();
    struct fam_http_client *client = plain_client();
    for (size_t i = 0; i < FAM_ARRAY_SIZE(paths); i++) {
        struct fam_http_response response;
        struct fam_status status;
        cr_assert_eq(perform(client, server->port, paths[i], (struct fam_http_request){0}, &response, &status), FAM_OK);
        cr_assert_eq(response.http_status, 302);
        cr_assert_str_eq(fam_buf_text(&response.body), "");
        fam_http_response_done(&response);
    }
    fam_http_client_free(client);
    stop_server(server);
}

static void assert_url_refused(struct fam_http_client *client, const char *text)
{
    struct fam_secret url = {0};
    struct fam_http_response response = {0};
    struct fam_status status = {0};
    cr_assert(fam_secret_set(&url, text, strlen(text)));
    const struct fam_http_request request = {.url = &url, .timeout_ms = 5000};
    cr_assert_eq(fam_http_perform(client, &request, &response, &status), FAM_INVALID_ARGUMENT, "%s: %s", text,
                 status.message);
    cr_assert_null(strstr(status.message, "hunter2"));
    fam_secret_done(&url);
}

Test(http_client, only_http_is_spoken_and_plain_http_only_when_allowed, .timeout = 60)
{
    struct server *server = start_server();
    struct fam_http_client *client = plain_client();
    assert_url_refused(client, "file:///etc/hunter2");
    assert_url_refused(client, "ftp://127.0.0.1/hunter2");
    assert_url_refused(client, "gopher://127.0.0.1/hunter2");
    assert_url_refused(client, "");
    assert_url_refused(client, "http://");
    assert_url_refused(client, "http://127.0.0.1:99999/hunter2");
    assert_url_refused(client, "http://127.0.0.1/hunter2 hunter2\r\n");
    assert_good(client, server->port);
    fam_http_client_free(client);
    client = client_of(&(struct fam_http_client_options){.user_agent = "test/1"});
    assert_url_refused(client, "http://127.0.0.1/hunter2");
    fam_http_client_free(client);
    stop_server(server);
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

Test(http_client, a_request_that_was_never_sent_says_so, .timeout = 60)
{
    int fd = -1;
    struct server *server = start_server();
    struct fam_http_client *client = plain_client();
    struct fam_http_response response;
    struct fam_status status;
    uint16_t port = dead_port(&fd);
    assert_good(client, server->port); /* what the handle did before must not matter */
    cr_assert_eq(perform(client, port, "/ok", (struct fam_http_request){0}, &response, &status), FAM_UNAVAILABLE);
    cr_assert_str_eq(status.reason, "NOT_SENT");
    assert_good(client, server->port);
    close(fd);
    fam_http_client_free(client);
    stop_server(server);
}

Test(http_client, a_proxy_that_is_down_makes_the_service_unavailable, .timeout = 60)
{
    static const char *const schemes[] = {"http", "socks5"};
    int fd = -1;
    struct server *server = start_server();
    uint16_t port = dead_port(&fd);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(schemes); i++) {
        char proxy[80];
        snprintf(proxy, sizeof(proxy), "%s://name:hunter2@127.0.0.1:%u", schemes[i], port);
        struct fam_http_client *client =
            client_of(&(struct fam_http_client_options){.proxy = proxy, .allow_plain_http = true});
        struct fam_http_response response;
        struct fam_status status;
        cr_assert_eq(perform(client, server->port, "/ok", (struct fam_http_request){0}, &response, &status),
                     FAM_UNAVAILABLE);
        cr_assert_str_eq(status.reason, "NOT_SENT");
        fam_http_client_free(client);
    }
    cr_assert_eq(atomic_load(&server->accepted), 0);
    close(fd);
    stop_server(server);
}

Test(http_client, the_environments_proxy_is_ignored, .timeout = 60)
{
    int fd = -1;
    char proxy[80];
    struct server *server = start_server();
    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", dead_port(&fd));
    setenv("http_proxy", proxy, 1);
    setenv("all_proxy", proxy, 1);
    setenv("ALL_PROXY", proxy, 1);
    struct fam_http_client *client = plain_client();
    assert_good(client, server->port);
    close(fd);
    fam_http_client_free(client);
    stop_server(server);
}

Test(http_client, the_environment_cannot_take_the_proxy_away, .timeout = 60)
{
    char proxy[80];
    struct server *server = start_server();
    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", server->port);
    setenv("no_proxy", "*", 1);
    setenv("NO_PROXY", "*", 1);
    struct fam_http_client *client =
        client_of(&(struct fam_http_client_options){.proxy = proxy, .allow_plain_http = true});
    struct fam_http_response response;
    struct fam_status status;
    int fd = -1;
    cr_assert_eq(perform(client, dead_port(&fd), "/ok", (struct fam_http_request){0}, &response, &status), FAM_OK, "%s",
                 status.message);
    cr_assert(strncmp(server->request, "GET http://127.0.0.1:", 21) == 0);
    fam_http_response_done(&response);
    close(fd);
    fam_http_client_free(client);
    stop_server(server);
}

Test(http_client, requests_in_a_row_share_a_connection, .timeout = 60)
{
    struct server *server = start_server();
    struct fam_http_client *client = plain_client();
    for (int i = 0; i < 20; i++) {
        assert_good(client, server->port);
    }
    cr_assert_eq(atomic_load(&server->accepted), 1);
    fam_http_client_free(client);
    stop_server(server);
}

struct crowd {
    struct fam_http_client *client;
    uint16_t port;
    atomic_uint good;
};

static void *ask_often(void *argument)
{
    struct crowd *crowd = argument;
    for (int i = 0; i < 20; i++) {
        struct fam_http_response response;
        struct fam_status status;
        if (perform(crowd->client, crowd->port, "/busy-past", (struct fam_http_request){0}, &response, &status) ==
                FAM_OK &&
            response.http_status == 503) {
            atomic_fetch_add(&crowd->good, 1);
        }
        fam_http_response_done(&response);
    }
    return NULL;
}

Test(http_client, many_threads_share_a_client_with_few_handles, .timeout = 60)
{
    struct server *server = start_server();
    pthread_t threads[12];
    struct crowd crowd = {.client =
                              client_of(&(struct fam_http_client_options){.allow_plain_http = true, .handles = 2}),
                          .port = server->port};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(threads); i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, ask_often, &crowd), 0);
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(threads); i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    }
    cr_assert_eq(atomic_load(&crowd.good), 20 * FAM_ARRAY_SIZE(threads));
    fam_http_client_free(crowd.client);
    fam_http_client_free(NULL);
    stop_server(server);
}
