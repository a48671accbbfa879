/* test_http_post.c: what is sent to a service is sent whole and once, and broken answers are told as such without the
 * URL (lib/net/http_client.h). The server answers as the path says. */
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
#include <unistd.h>

#include "net/http_client.h"

#define TOKEN "7001:a-token-that-no-error-repeats"

enum { PEERS_MAX = 64, HEAD_BYTES = 8192, POST_BYTES = 2 << 20 };

static struct {
    int fd;
    uint16_t port;
    atomic_bool stops;
    atomic_int requests;
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

static const struct {
    const char *path;
    const char *text; /* what is sent */
    bool closes;      /* afterwards */
} ANSWERS[] = {
    {"/ok", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nRequest-Id: req-42\r\n\r\nhello", false},
    {"/truncated", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ok\":tr", true},
    {"/cut-chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\nhello", true},
    {"/cut-head", "HTTP/1.1 200 OK\r\nContent-Le", true},
    {"/close", "", true},
    {"/garbage", "220 mail.example ESMTP\r\nwhat is HTTP?\r\n", true},
};

/* False when the connection is to be closed. */
static bool answer(int fd, const char *path)
{
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

TestSuite(http_post, .init = set_up, .fini = tear_down, .timeout = 60);

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

Test(http_post, a_large_body_is_posted_whole_without_asking_first)
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

Test(http_post, an_answer_that_breaks_off_is_unavailable)
{
    static const char *const paths[] = {"/truncated", "/cut-chunk", "/cut-head", "/close", "/garbage"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(paths); i++) {
        expect_failure(paths[i], (struct fam_http_request){.timeout_ms = 0}, FAM_UNAVAILABLE);
    }
}

Test(http_post, a_request_that_was_sent_is_not_called_unsent)
{
    struct fam_status status = {0};
    struct fam_http_response response = {0};
    cr_assert_eq(perform("/truncated", (struct fam_http_request){.timeout_ms = 0}, &response, &status),
                 FAM_UNAVAILABLE);
    cr_assert_str_empty(status.reason);
}

/* libcurl sends again what a kept connection swallowed; a message to a parent must not arrive twice. */
Test(http_post, a_post_is_sent_once_even_when_a_kept_connection_breaks)
{
    struct fam_status status = {0};
    struct fam_http_response response = {0};
    expect_good();
    const struct fam_http_request request = {.body = "{}", .body_size = 2, .content_type = "application/json"};
    cr_assert_eq(perform("/close", request, &response, &status), FAM_UNAVAILABLE);
    cr_assert_str_empty(status.reason);
    cr_assert_eq(atomic_load(&server.requests), 2);
    expect_good();
}

Test(http_post, a_post_without_a_body_is_a_post)
{
    struct fam_status status = {0};
    struct fam_http_response response = {0};
    cr_assert_eq(perform("/ok", (struct fam_http_request){.body = ""}, &response, &status), FAM_OK);
    expect_sent("POST /bot", true);
    expect_sent("Content-Length: 0\r\n", true);
    fam_http_response_done(&response);
}
