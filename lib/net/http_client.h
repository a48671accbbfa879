/* http_client.h: HTTP requests to services on the internet, by libcurl. The only room that knows it.
 *
 * One thread a client runs all transfers (a libcurl multi handle): callers hand requests over through a bounded queue
 * and wait for the answer (fam_http_perform) or are called back (fam_http_start). Each request has a deadline, which
 * covers its time in the queue, and can be cut short from any thread. HTTP/1.1, one connection a transfer, so that a
 * cancelled request closes its socket; idle connections are kept and used again. No redirects, no proxy but the one
 * given, no protocol but HTTP(S). A POST with a body is sent once at most: when a kept connection breaks before the
 * answer, the caller learns it and decides.
 *
 * URLs and headers may hold tokens: they are secrets, and no error or log line repeats one. Thread-safe. */
#ifndef FAM_NET_HTTP_CLIENT_H
#define FAM_NET_HTTP_CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/secret.h"
#include "base/status.h"

struct fam_http_client;
struct fam_http_call;

enum { FAM_HTTP_WANTED_MAX = 16, FAM_HTTP_VALUE_SIZE = 64 };

struct fam_http_client_options {
    const char *user_agent; /* "fambot/0.1.0" */
    const char *proxy;      /* http://, https:// or socks5://…; NULL or "": none, whatever the environment says */
    bool allow_plain_http;  /* http:// too; else https:// only */
    size_t handles;         /* idle connections that are kept, 1 to 64; 0: 8 */
    size_t max_transfers;   /* at once, 1 to 2,048; more wait in the queue; 0: 256 */
    size_t queue;           /* requests that wait for a transfer, 1 to 65,536; 0: 256 */
    /* Names of the answer's headers to keep, at most FAM_HTTP_WANTED_MAX; borrowed for the life of the client. */
    const char *const *wanted;
    size_t wanted_count;
    /* Runs on the client's thread after each round of events, and again after the milliseconds that it returns
     * (UINT32_MAX: with the next event or fam_http_client_wake). Must not block. May be NULL. */
    uint32_t (*tick)(void *context);
    void *tick_context;
};

struct fam_http_request {
    const struct fam_secret *url;
    const char *content_type; /* of the body */
    const void *body;         /* NULL: GET; else POST */
    size_t body_size;
    const char *const *headers; /* "Name: value"; may be NULL */
    size_t header_count;
    uint32_t timeout_ms;         /* of the whole; not 0 */
    uint32_t connect_timeout_ms; /* 0: 10,000 */
    uint32_t stall_timeout_ms;   /* no byte for so long ends it; 0: never */
    size_t response_bytes;       /* largest body; 0: 1 MiB */
    const atomic_bool *abort;    /* ends the request within a second when it becomes true; may be NULL; borrowed */
};

/* Start with {0}; free with fam_http_response_done. */
struct fam_http_response {
    unsigned http_status;
    struct fam_buf body;
    uint32_t retry_after_ms;              /* 0: none; a date counts from now; at most 24 h */
    char request_id[FAM_HTTP_VALUE_SIZE]; /* header request-id; "" when absent */
    /* Values of the client's wanted headers, in their order: printable ASCII, cut to size; "" when absent. */
    char wanted[FAM_HTTP_WANTED_MAX][FAM_HTTP_VALUE_SIZE];
};

/* INVALID_ARGUMENT: the proxy's scheme. */
struct fam_http_client *fam_http_client_new(const struct fam_http_client_options *options,
                                            struct fam_status *status) FAM_MUST_CHECK;
/* Cancels what is queued or running, waits until each `done` has returned, and ends the thread; later requests are
 * UNAVAILABLE. Not from `done`. */
void fam_http_client_stop(struct fam_http_client *client);
/* Stops. No thread may be in fam_http_perform, every call must be freed. Takes NULL. */
void fam_http_client_free(struct fam_http_client *client);
/* Makes `tick` run soon. */
void fam_http_client_wake(struct fam_http_client *client);

/* FAM_OK: an answer came, whole, whatever its HTTP status. UNAVAILABLE: no connection, a broken or truncated answer
 * (the request may have been carried out, unless reason is "NOT_SENT"); DEADLINE_EXCEEDED ("NOT_SENT" as before);
 * CANCELLED by `abort`; OUT_OF_RANGE: the answer is too large; INVALID_ARGUMENT: the URL; RESOURCE_EXHAUSTED: the
 * queue is full. Blocks; not from `done` or `tick`. */
enum fam_code fam_http_perform(struct fam_http_client *client, const struct fam_http_request *request,
                               struct fam_http_response *ret_response, struct fam_status *status) FAM_MUST_CHECK;
void fam_http_response_done(struct fam_http_response *response);
/* What fam_http_perform returned, as a label of the metric API_REQUESTS: "success", "rate_limited", "timeout"… */
const char *fam_http_outcome(enum fam_code code, unsigned http_status);

/* `done` gets what fam_http_perform would have returned, exactly once, on the client's one thread, and must not block;
 * the response is borrowed while it runs, but the body may be moved out (leave {0}); it is NULL unless `code` is
 * FAM_OK. It may start and cancel calls. */
typedef void fam_http_done(void *context, enum fam_code code, struct fam_http_response *response,
                           const struct fam_status *status);

/* Starts `request`; url, headers and body are copied, and wiped afterwards. *ret_call is valid until
 * fam_http_call_free. RESOURCE_EXHAUSTED: the queue is full; then, as with any failure here, `done` is not called. */
enum fam_code fam_http_start(struct fam_http_client *client, const struct fam_http_request *request,
                             fam_http_done *done, void *context, struct fam_http_call **ret_call,
                             struct fam_status *status) FAM_MUST_CHECK;
/* From any thread: the socket is closed at once, `done` follows with CANCELLED unless something else was first. */
void fam_http_call_cancel(struct fam_http_call *call);
/* Waits until `done` has returned (cancel first to make it soon). Not from the call's own `done`. Takes NULL. */
void fam_http_call_free(struct fam_http_call *call);

#endif
