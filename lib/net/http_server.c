#include "net/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/config.h"
#include "metrics/metrics.h"

enum { CONNECTIONS_MAX = 64, IDLE_SECONDS = 10, BODY_BYTES_MAX = 4 << 20, BACKLOG = 64 };

struct fam_http_server {
    struct fam_http_server_options options;
    struct MHD_Daemon *daemon;
    uint16_t port;
};

static const struct fam_http_page *find_page(const struct fam_http_server *server, const char *path)
{
    for (size_t i = 0; i < server->options.page_count; i++) {
        if (strcmp(server->options.pages[i].path, path) == 0) {
            return &server->options.pages[i];
        }
    }
    return NULL;
}

static void account(const struct fam_http_server *server, const char *method, const char *path, unsigned http_status,
                    uint64_t started_us)
{
    char text[16];
    (void)snprintf(text, sizeof(text), "%u", http_status);
    fam_metrics_add(server->options.metrics, FAM_M_HTTP_REQUESTS, FAM_LABELS(method, path, text), 1);
    fam_metrics_observe(server->options.metrics, FAM_M_HTTP_SECONDS, FAM_LABELS(method, path),
                        (double)(fam_mono_us() - started_us) / 1e6);
}

static enum MHD_Result send_body(struct MHD_Connection *connection, unsigned http_status, const char *content_type,
                                 const struct fam_buf *body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body->size, (void *)(uintptr_t)fam_buf_text(body), MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        return MHD_NO; /* closes the connection */
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (http_status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    enum MHD_Result result = MHD_queue_response(connection, http_status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer(const struct fam_http_server *server, struct MHD_Connection *connection, const char *path,
                              const char *method)
{
    uint64_t started_us = fam_mono_us();
    const struct fam_http_page *page = find_page(server, path);
    bool reads = strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    unsigned http_status = MHD_HTTP_NOT_FOUND;
    const char *content_type = "text/plain; charset=utf-8";
    struct fam_buf body;
    fam_buf_init(&body, BODY_BYTES_MAX);
    if (page == NULL) {
        fam_buf_add_text(&body, "404: there is no such page\n");
    } else if (!reads) {
        http_status = MHD_HTTP_METHOD_NOT_ALLOWED;
        fam_buf_add_text(&body, "405: this page takes GET and HEAD\n");
    } else {
        content_type = page->content_type;
        http_status = page->make(page->context, &body);
    }
    if (body.failed) {
        fam_buf_clear(&body);
        http_status = MHD_HTTP_SERVICE_UNAVAILABLE;
        content_type = "text/plain; charset=utf-8";
        fam_buf_add_text(&body, "503: the page is too large or memory is short\n");
    }
    enum MHD_Result result = send_body(connection, http_status, content_type, &body);
    fam_buf_done(&body);
    account(server, method, path, http_status, started_us);
    return result;
}

static bool announces_body(struct MHD_Connection *connection)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH) != NULL ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
}

/* Called when the head is there, and again when the request is. No page takes a body: an answer to the first call makes
 * libmicrohttpd close the connection without reading it, however long it is. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **request)
{
    (void)version;
    (void)upload;
    (void)upload_size;
    if (*request == NULL && !announces_body(connection)) {
        *request = context; /* anything but NULL */
        return MHD_YES;
    }
    return answer(context, connection, url, method);
}

/* -1 with errno set. At the start only; a host name takes as long as the system's resolver does. */
static int listen_on(const char *host, uint16_t port)
{
    char service[8];
    (void)snprintf(service, sizeof(service), "%u", port);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, service, &hints, &found) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *at = found; at != NULL && fd < 0; at = at->ai_next) {
        fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);
        if (fd < 0) {
            continue;
        }
        int yes = 1;
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
        if (bind(fd, at->ai_addr, at->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
            int error = errno;
            (void)close(fd);
            errno = error;
            fd = -1;
        }
    }
    int error = errno;
    freeaddrinfo(found);
    errno = error;
    return fd;
}

static uint16_t bound_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    socklen_t size = sizeof(address);
    memset(&address, 0, sizeof(address));
    if (getsockname(fd, &address.any, &size) != 0) {
        return 0;
    }
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

struct fam_http_server *fam_http_server_new(const struct fam_http_server_options *options, struct fam_status *status)
{
    char host[256];
    uint16_t port = 0;
    if (!fam_config_split_address(options->address, host, sizeof(host), &port)) {
        (void)fam_fail(status, FAM_INVALID_ARGUMENT, "%s must be HOST:PORT", options->setting);
        return NULL;
    }
    struct fam_http_server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    server->options = *options;
    int fd = listen_on(host, port);
    if (fd < 0) {
        (void)fam_fail(status, FAM_FAILED_PRECONDITION,
                       "can't listen on %s: %s; set %s to a free address (port 0 takes one)", options->address,
                       strerror(errno), options->setting);
        free(server);
        return NULL;
    }
    server->port = bound_port(fd);
    server->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, 0, NULL, NULL, on_request, server,
                                      MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                                      (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
                                      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384, MHD_OPTION_END);
    if (server->daemon == NULL) {
        (void)close(fd);
        free(server);
        (void)fam_fail(status, FAM_INTERNAL, "can't start the HTTP server");
        return NULL;
    }
    return server;
}

uint16_t fam_http_server_port(const struct fam_http_server *server)
{
    return server->port;
}

void fam_http_server_free(struct fam_http_server *server)
{
    if (server != NULL) {
        MHD_stop_daemon(server->daemon); /* closes the listening socket too */
        free(server);
    }
}
