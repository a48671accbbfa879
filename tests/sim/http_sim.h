/* http_sim.h: a small HTTP/1.1 server for simulators, which can misbehave on demand.
 *
 * One thread runs everything: http_sim_run() reads requests (Content-Length and chunked bodies, keep-alive, bounded
 * sizes) and hands each to the handler, which answers at once or later, from its tick. So a simulator needs no locks.
 * What a reply may do wrong is part of the reply: wait, drip, promise more than it sends, cut the connection, hang.
 *
 * Not thread-safe, but for http_sim_stop(). */
#ifndef FAM_SIM_HTTP_SIM_H
#define FAM_SIM_HTTP_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HTTP_SIM_MAX_CONNECTIONS = 4096, /* the rest waits in the listener's queue; a descriptor each */
    HTTP_SIM_MAX_HEADERS = 32 * 1024,
    HTTP_SIM_MAX_BODY = 8 * 1024 * 1024,
    HTTP_SIM_IDLE_MS = 120000, /* a connection that asks nothing for so long is closed */
};

struct http_sim;
struct http_sim_exchange; /* one request that waits for its reply */

/* Valid during the handler's call only. Strings are NUL-terminated; none is NULL. */
struct http_sim_request {
    const char *method;
    const char *path;    /* as sent, without the query */
    const char *query;   /* what follows '?', or "" */
    const char *headers; /* the raw header lines, each with its CRLF; see http_sim_header() */
    const char *body;    /* chunks joined; followed by a NUL that body_size does not count */
    size_t body_size;
};

enum http_sim_cut {
    HTTP_SIM_WHOLE,          /* no cut */
    HTTP_SIM_CUT_AT_ONCE,    /* close without a byte */
    HTTP_SIM_CUT_IN_HEADERS, /* close in the middle of the headers */
    HTTP_SIM_CUT_AFTER_HEADERS,
    HTTP_SIM_RESET, /* close without a byte, by a reset */
};

struct http_sim_reply {
    int status;               /* 0: 200 */
    const char *content_type; /* NULL: application/json */
    const char *headers;      /* more header lines, each with its CRLF; may be NULL */
    const void *body;
    size_t body_size;
    /* Misbehaviour; all zero: a good answer. */
    uint32_t delay_ms;         /* before the first byte */
    size_t drip_bytes;         /* so many bytes at a time, 0: all at once, */
    uint32_t drip_interval_ms; /* so long apart */
    bool truncate;             /* send truncate_at bytes of the body, though Content-Length says all, then close */
    size_t truncate_at;
    enum http_sim_cut cut;
    bool hang;    /* say nothing until the peer goes */
    uint64_t tag; /* what `over` is told about this reply; 0: it is not called */
};

struct http_sim_handler {
    void *context;
    /* Calls http_sim_reply() now, or keeps the exchange and calls it later. */
    void (*request)(void *context, struct http_sim_exchange *exchange, const struct http_sim_request *request);
    /* The peer left before the reply: the exchange is no longer valid. May be NULL if every reply comes at once. */
    void (*gone)(void *context, struct http_sim_exchange *exchange);
    /* A reply with a tag has come to its end: all that it ordered was done, or the peer left before that. May be NULL.
     */
    void (*over)(void *context, uint64_t tag, bool done);
    /* Runs after every round of events; returns in how many ms it wants to run again, -1: with the next event. May be
     * NULL. */
    int (*tick)(void *context, uint64_t now_ms);
};

/* Listens on `address`, an IPv4 address ("127.0.0.1"), and `port` (0: any free one). NULL with errno set on failure. */
struct http_sim *http_sim_new(const char *address, uint16_t port, const struct http_sim_handler *handler);
/* Closes what is open, without a word to the handler. Takes NULL. */
void http_sim_free(struct http_sim *sim);
/* The port it listens on. */
uint16_t http_sim_port(const struct http_sim *sim);
/* Connections open now. */
size_t http_sim_connections(const struct http_sim *sim);
/* Connections accepted so far. */
uint64_t http_sim_accepted(const struct http_sim *sim);
/* Serves until http_sim_stop(). False when polling fails. */
bool http_sim_run(struct http_sim *sim);
/* From any thread or signal handler. */
void http_sim_stop(struct http_sim *sim);

/* Answers; everything is copied. The exchange is no longer valid afterwards. */
void http_sim_reply(struct http_sim_exchange *exchange, const struct http_sim_reply *reply);
/* A request's header (any case of the name) copied into `ret_value`, cut to size. False, with "", when absent. */
bool http_sim_header(const struct http_sim_request *request, const char *name, char *ret_value, size_t size);
/* Percent-decodes (and '+' as space) `size` bytes; malloc'ed, NUL-terminated; NULL when memory is short, a %-sequence
 * is broken, or it holds a NUL. */
char *http_sim_decode(const char *text, size_t size);

#endif
