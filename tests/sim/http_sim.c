/* http_sim.c: see http_sim.h. */
#include "sim/http_sim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "sim/http_parse.h"

enum connection_state {
    READING,  /* a request, or waiting for the next */
    WAITING,  /* the handler has it */
    SENDING,  /* from send_at_ms on */
    HANGING,  /* silent until the peer goes */
    FINISHED, /* to be closed and freed */
};

/* A connection is its own exchange: it has one request under way at a time. */
struct http_sim_exchange {
    struct http_sim *sim;
    int fd;
    enum connection_state state;
    bool keep_alive;
    bool continued; /* "100 Continue" went out for the request that is being read */
    uint64_t idle_since_ms;
    struct fam_buf in;
    struct fam_buf out;
    size_t sent;
    size_t drip_bytes;
    uint32_t drip_interval_ms;
    uint64_t send_at_ms;
    uint64_t tag; /* of the reply under way; 0: none that anybody wants to hear of */
    bool reset;   /* close by a reset */
};

struct http_sim {
    struct http_sim_handler handler;
    int listener;
    int wake; /* eventfd of http_sim_stop() */
    uint16_t port;
    size_t count;
    uint64_t accepted;
    struct http_sim_exchange *connections[HTTP_SIM_MAX_CONNECTIONS];
};

static const char *status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {{100, "Continue"},
                 {200, "OK"},
                 {400, "Bad Request"},
                 {401, "Unauthorized"},
                 {402, "Payment Required"},
                 {403, "Forbidden"},
                 {404, "Not Found"},
                 {405, "Method Not Allowed"},
                 {408, "Request Timeout"},
                 {409, "Conflict"},
                 {413, "Request Entity Too Large"},
                 {429, "Too Many Requests"},
                 {431, "Request Header Fields Too Large"},
                 {500, "Internal Server Error"},
                 {501, "Not Implemented"},
                 {502, "Bad Gateway"},
                 {503, "Service Unavailable"},
                 {504, "Gateway Timeout"},
                 {529, "Overloaded"}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Status";
}

bool http_sim_header(const struct http_sim_request *request, const char *name, char *ret_value, size_t size)
{
    const char *value;
    size_t length;
    ret_value[0] = '\0';
    if (!http_parse_header(request->headers, name, &value, &length))
        return false;
    if (length >= size)
        length = size - 1;
    memcpy(ret_value, value, length);
    ret_value[length] = '\0';
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *http_sim_decode(const char *text, size_t size)
{
    char *out = malloc(size + 1);
    size_t used = 0;
    if (!out)
        return NULL;
    for (size_t i = 0; i < size; i++) {
        char c = text[i] == '+' ? ' ' : text[i];
        if (c == '%') {
            int high = i + 2 < size ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < size ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                free(out);
                return NULL;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0') {
            free(out);
            return NULL;
        }
        out[used++] = c;
    }
    out[used] = '\0';
    return out;
}

static int listen_on(const char *address, uint16_t port, uint16_t *ret_port)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t size = sizeof(where);
    int on = 1;
    if (inet_pton(AF_INET, address, &where.sin_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, (const struct sockaddr *)&where, sizeof(where)) != 0 || listen(fd, HTTP_SIM_MAX_CONNECTIONS) != 0 ||
        getsockname(fd, (struct sockaddr *)&where, &size) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    *ret_port = ntohs(where.sin_port);
    return fd;
}

struct http_sim *http_sim_new(const char *address, uint16_t port, const struct http_sim_handler *handler)
{
    struct http_sim *sim = calloc(1, sizeof(*sim));
    if (!sim)
        return NULL;
    sim->handler = *handler;
    sim->wake = -1;
    sim->listener = listen_on(address, port, &sim->port);
    if (sim->listener >= 0)
        sim->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (sim->wake < 0) {
        int error = errno;
        http_sim_free(sim);
        errno = error;
        return NULL;
    }
    return sim;
}

uint16_t http_sim_port(const struct http_sim *sim)
{
    return sim->port;
}

size_t http_sim_connections(const struct http_sim *sim)
{
    return sim->count;
}

uint64_t http_sim_accepted(const struct http_sim *sim)
{
    return sim->accepted;
}

void http_sim_stop(struct http_sim *sim)
{
    uint64_t one = 1;
    ssize_t written = write(sim->wake, &one, sizeof(one));
    (void)written; /* fails only when the counter is full: it is set then */
}

static void connection_free(struct http_sim_exchange *connection)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    if (connection->reset)
        (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(connection->fd);
    fam_buf_done(&connection->in);
    fam_buf_done(&connection->out);
    free(connection);
}

void http_sim_free(struct http_sim *sim)
{
    if (!sim)
        return;
    for (size_t i = 0; i < sim->count; i++)
        connection_free(sim->connections[i]);
    if (sim->listener >= 0)
        close(sim->listener);
    if (sim->wake >= 0)
        close(sim->wake);
    free(sim);
}

/* Tells once how the reply under way ended. */
static void tell_over(struct http_sim_exchange *connection, bool done)
{
    const struct http_sim_handler *handler = &connection->sim->handler;
    uint64_t tag = connection->tag;
    connection->tag = 0;
    if (tag && handler->over)
        handler->over(handler->context, tag, done);
}

/* The headers alone up to the body; the length is what the reply promises, not what it sends. */
static void add_headers(struct http_sim_exchange *connection, const struct http_sim_reply *reply, bool keep_alive)
{
    int status = reply->status ? reply->status : 200;
    fam_buf_addf(&connection->out,
                 "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: %s\r\n%s\r\n", status,
                 status_text(status), reply->content_type ? reply->content_type : "application/json", reply->body_size,
                 keep_alive ? "keep-alive" : "close", reply->headers ? reply->headers : "");
}

void http_sim_reply(struct http_sim_exchange *connection, const struct http_sim_reply *reply)
{
    fam_buf_clear(&connection->out);
    connection->sent = 0;
    connection->tag = reply->tag;
    if (reply->hang) {
        connection->state = HANGING;
        return;
    }
    bool broken = reply->cut != HTTP_SIM_WHOLE || reply->truncate;
    add_headers(connection, reply, connection->keep_alive);
    connection->reset = reply->cut == HTTP_SIM_RESET;
    if (reply->cut == HTTP_SIM_CUT_AT_ONCE || connection->reset)
        fam_buf_clear(&connection->out);
    else if (reply->cut == HTTP_SIM_CUT_IN_HEADERS)
        connection->out.size /= 2;
    else if (reply->cut == HTTP_SIM_WHOLE)
        fam_buf_add(&connection->out, reply->body ? reply->body : "",
                    reply->truncate && reply->truncate_at < reply->body_size ? reply->truncate_at : reply->body_size);
    if (broken || connection->out.failed)
        connection->keep_alive = false;
    connection->drip_bytes = reply->drip_bytes;
    connection->drip_interval_ms = reply->drip_interval_ms;
    connection->send_at_ms = fam_mono_ms() + reply->delay_ms;
    connection->state = SENDING;
}

static void refuse(struct http_sim_exchange *connection, int status)
{
    connection->keep_alive = false;
    http_sim_reply(connection, &(struct http_sim_reply){.status = status, .content_type = "text/plain"});
}

/* Hands the next complete request to the handler. A later one on the same connection waits in `in`. */
static void take_request(struct http_sim_exchange *connection)
{
    struct http_parsed parsed;
    struct http_sim *sim = connection->sim;
    enum http_parse_result result = http_parse(fam_buf_text(&connection->in), connection->in.size, &parsed);
    if (result == HTTP_PARSE_ERROR) {
        refuse(connection, parsed.error_status);
        return;
    }
    if (result == HTTP_PARSE_MORE) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        if (parsed.expects_continue && !connection->continued)
            connection->continued = send(connection->fd, go_on, sizeof(go_on) - 1, MSG_NOSIGNAL) > 0;
        return;
    }
    connection->in.size -= parsed.consumed;
    memmove(connection->in.data, connection->in.data + parsed.consumed, connection->in.size);
    connection->continued = false;
    connection->keep_alive = parsed.keep_alive;
    connection->state = WAITING;
    struct http_sim_request request = {.method = parsed.method,
                                       .path = parsed.path,
                                       .query = parsed.query,
                                       .headers = parsed.headers,
                                       .body = parsed.body,
                                       .body_size = parsed.body_size};
    sim->handler.request(sim->handler.context, connection, &request);
    http_parse_done(&parsed);
}

static void receive(struct http_sim_exchange *connection)
{
    char chunk[64 * 1024];
    ssize_t got = recv(connection->fd, chunk, sizeof(chunk), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got > 0)
        fam_buf_add(&connection->in, chunk, (size_t)got);
    if (got <= 0 || connection->in.failed) {
        connection->state = FINISHED;
        return;
    }
    connection->idle_since_ms = fam_mono_ms();
    take_request(connection);
}

static void transmit(struct http_sim_exchange *connection, uint64_t now_ms)
{
    size_t left = connection->out.size - connection->sent;
    if (connection->drip_bytes && left > connection->drip_bytes)
        left = connection->drip_bytes;
    ssize_t put = left ? send(connection->fd, connection->out.data + connection->sent, left, MSG_NOSIGNAL) : 0;
    if (put < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            tell_over(connection, false);
            connection->state = FINISHED;
        }
        return;
    }
    connection->sent += (size_t)put;
    connection->send_at_ms = now_ms + connection->drip_interval_ms;
    if (connection->sent < connection->out.size)
        return;
    tell_over(connection, true);
    if (!connection->keep_alive) {
        connection->state = FINISHED;
        return;
    }
    connection->state = READING;
    connection->idle_since_ms = now_ms;
    if (connection->in.size)
        take_request(connection);
}

static void accept_all(struct http_sim *sim)
{
    while (sim->count < HTTP_SIM_MAX_CONNECTIONS) {
        int on = 1;
        int fd = accept4(sim->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        struct http_sim_exchange *connection = calloc(1, sizeof(*connection));
        if (!connection) {
            close(fd);
            return;
        }
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        sim->accepted++;
        connection->sim = sim;
        connection->fd = fd;
        connection->idle_since_ms = fam_mono_ms();
        fam_buf_init(&connection->in, HTTP_SIM_MAX_BODY * 2 + HTTP_SIM_MAX_HEADERS);
        fam_buf_init(&connection->out, HTTP_SIM_MAX_BODY * 2 + HTTP_SIM_MAX_HEADERS);
        sim->connections[sim->count++] = connection;
    }
}

static short wanted_events(const struct http_sim_exchange *connection, uint64_t now_ms)
{
    switch (connection->state) {
    case READING:
        return POLLIN;
    case SENDING:
        return now_ms >= connection->send_at_ms ? POLLOUT : POLLRDHUP;
    case WAITING:
    case HANGING:
    case FINISHED:
        break;
    }
    return POLLRDHUP;
}

static void serve_events(struct http_sim_exchange *connection, short events, uint64_t now_ms)
{
    struct http_sim *sim = connection->sim;
    if (connection->state == READING && (events & (POLLIN | POLLHUP | POLLERR)))
        receive(connection);
    else if (connection->state == SENDING && (events & POLLOUT))
        transmit(connection, now_ms);
    else if (events & (POLLRDHUP | POLLHUP | POLLERR)) {
        if (connection->state == WAITING && sim->handler.gone)
            sim->handler.gone(sim->handler.context, connection);
        tell_over(connection, false);
        connection->state = FINISHED;
    }
    if (connection->state == READING && now_ms > connection->idle_since_ms + HTTP_SIM_IDLE_MS)
        connection->state = FINISHED;
}

static void sweep(struct http_sim *sim)
{
    size_t kept = 0;
    for (size_t i = 0; i < sim->count; i++) {
        if (sim->connections[i]->state == FINISHED)
            connection_free(sim->connections[i]);
        else
            sim->connections[kept++] = sim->connections[i];
    }
    sim->count = kept;
}

/* The shortest of what the handler wants and what delayed replies need. */
static int poll_timeout_ms(struct http_sim *sim, uint64_t now_ms)
{
    int wait_ms = sim->handler.tick ? sim->handler.tick(sim->handler.context, now_ms) : -1;
    if (wait_ms < 0 || wait_ms > 1000)
        wait_ms = 1000;
    for (size_t i = 0; i < sim->count; i++) {
        const struct http_sim_exchange *connection = sim->connections[i];
        if (connection->state != SENDING)
            continue;
        if (connection->send_at_ms <= now_ms)
            continue;
        if (connection->send_at_ms - now_ms < (uint64_t)wait_ms)
            wait_ms = (int)(connection->send_at_ms - now_ms);
    }
    return wait_ms;
}

bool http_sim_run(struct http_sim *sim)
{
    struct pollfd fds[HTTP_SIM_MAX_CONNECTIONS + 2];
    for (;;) {
        int wait_ms = poll_timeout_ms(sim, fam_mono_ms());
        uint64_t before_ms = fam_mono_ms();
        size_t count = sim->count;
        fds[0] = (struct pollfd){.fd = sim->wake, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = count < HTTP_SIM_MAX_CONNECTIONS ? sim->listener : -1, .events = POLLIN};
        for (size_t i = 0; i < count; i++)
            fds[i + 2] =
                (struct pollfd){.fd = sim->connections[i]->fd, .events = wanted_events(sim->connections[i], before_ms)};
        if (poll(fds, count + 2, wait_ms) < 0 && errno != EINTR)
            return false;
        if (fds[0].revents)
            return true;
        uint64_t now_ms = fam_mono_ms();
        for (size_t i = 0; i < count; i++)
            serve_events(sim->connections[i], fds[i + 2].revents, now_ms);
        if (fds[1].revents)
            accept_all(sim);
        sweep(sim);
    }
}
