/* test_http_peers.c: pages beside peers that stop halfway, and over IPv6 (lib/net/http_server.h). */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "net/http_server.h"

enum { LARGE_BYTES = 2 << 20, SLOW_PEERS = 20 };

static unsigned make_hello(void *context, struct fam_buf *out)
{
    (void)context;
    fam_buf_add_text(out, "hello\n");
    return 200;
}

/* More than the buffers of two sockets take. */
static unsigned make_large(void *context, struct fam_buf *out)
{
    (void)context;
    for (int i = 0; i < LARGE_BYTES / 16; i++) {
        fam_buf_add_text(out, "0123456789abcdef");
    }
    return 200;
}

static const struct fam_http_page pages[] = {
    {.path = "/hello", .content_type = "text/plain", .make = make_hello},
    {.path = "/large", .content_type = "text/plain", .make = make_large},
};

static struct fam_http_server *serve(const char *address, struct fam_status *status)
{
    const struct fam_http_server_options options = {
        .address = address, .setting = "FAM_HTTP_LISTEN", .pages = pages, .page_count = FAM_ARRAY_SIZE(pages)};
    signal(SIGPIPE, SIG_IGN);
    return fam_http_server_new(&options, status);
}

/* A connection that has sent the text. */
static int dial(int family, uint16_t port, const char *text)
{
    struct sockaddr_in four = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT, .sin6_port = htons(port)};
    const struct timeval limit = {.tv_sec = 20};
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_geq(fd, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    int result = family == AF_INET6 ? connect(fd, (struct sockaddr *)&six, sizeof(six))
                                    : connect(fd, (struct sockaddr *)&four, sizeof(four));
    cr_assert_eq(result, 0);
    cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
    return fd;
}

static size_t read_all(int fd, struct fam_buf *out)
{
    char block[4096];
    ssize_t got = 0;
    while ((got = recv(fd, block, sizeof(block), 0)) > 0) {
        fam_buf_add(out, block, (size_t)got);
    }
    close(fd);
    return out->size;
}

static void expect_good(int family, uint16_t port)
{
    fam_auto(fam_buf_done) struct fam_buf answer = {0};
    read_all(dial(family, port, "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), &answer);
    cr_assert_not_null(strstr(fam_buf_text(&answer), "\r\n\r\nhello\n"), "%s", fam_buf_text(&answer));
}

Test(http_peers, peers_that_stop_halfway_do_not_hold_up_others, .timeout = 60)
{
    struct fam_status status = {0};
    struct fam_http_server *server = serve("127.0.0.1:0", &status);
    cr_assert_not_null(server, "%s", status.message);
    uint16_t port = fam_http_server_port(server);
    int slow[SLOW_PEERS];
    for (size_t i = 0; i < SLOW_PEERS; i++) { /* half of them ask for much and read nothing */
        slow[i] = dial(AF_INET, port, i % 2 == 0 ? "GET /hel" : "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    uint64_t started_ms = fam_mono_ms();
    expect_good(AF_INET, port);
    cr_assert_lt(fam_mono_ms() - started_ms, 5000);
    for (size_t i = 0; i < SLOW_PEERS; i++) {
        close(slow[i]);
    }
    expect_good(AF_INET, port);
    fam_http_server_free(server);
}

Test(http_peers, a_large_page_comes_whole, .timeout = 60)
{
    struct fam_status status = {0};
    struct fam_http_server *server = serve("127.0.0.1:0", &status);
    cr_assert_not_null(server, "%s", status.message);
    fam_auto(fam_buf_done) struct fam_buf answer = {0};
    int fd = dial(AF_INET, fam_http_server_port(server), "GET /large HTTP/1.0\r\n\r\n");
    cr_assert_gt(read_all(fd, &answer), LARGE_BYTES);
    const char *body = strstr(fam_buf_text(&answer), "\r\n\r\n");
    cr_assert_not_null(body);
    cr_assert_eq(strlen(body + 4), LARGE_BYTES);
    fam_http_server_free(server);
}

Test(http_peers, ipv6_is_written_in_brackets, .timeout = 60)
{
    struct fam_status status = {0};
    struct fam_http_server *server = serve("[::1]:0", &status);
    if (server == NULL) {
        cr_assert_eq(status.code, FAM_FAILED_PRECONDITION);
        cr_skip_test("no IPv6 here");
    }
    expect_good(AF_INET6, fam_http_server_port(server));
    fam_http_server_free(server);
}
