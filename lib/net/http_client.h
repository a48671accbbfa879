/* http_client.h: HTTP requests to services on the internet, by libcurl. The only room that knows it.
 *
 * A request blocks its thread, with a deadline, and can be cut short from another thread. Connections are kept and
 * used again: each belongs to an easy handle of a small pool, and a handle to one thread at a time, for libcurl must
 * not share connections between threads. No redirects, no proxy but the one given, no protocol but HTTP(S).
 * A POST is sent once at most: when a kept connection breaks before the answer, the caller learns it and decides.
 *
 * URLs may hold tokens (the Bot API's do): they are secrets, and no error or log line repeats one. Thread-safe. */
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

struct fam_http_client_options {
    const char *user_agent; /* "fambot/0.1.0" */
    const char *proxy;      /* http://, https:// or socks5://…; NULL or "": none, whatever the environment says */
    bool allow_plain_http;  /* http:// too; else https:// only */
    size_t handles;         /* kept when idle, 1 to 64; 0: 8 */
};

struct fam_http_request {
    const struct fam_secret *url;
    const char *content_type; /* of the body */
    const void *body;         /* NULL: GET; else POST */
    size_t body_size;
    const char *const *headers; /* "Name: value"; borrowed; may be NULL */
    size_t header_count;
    uint32_t timeout_ms;         /* of the whole; not 0 */
    uint32_t connect_timeout_ms; /* 0: 10,000 */
    uint32_t stall_timeout_ms;   /* no byte for so long ends it; 0: never */
    size_t response_bytes;       /* largest body; 0: 1 MiB */
    const atomic_bool *abort;    /* ends the request within a second when it becomes true; may be NULL */
};

/* Start with {0}; free with fam_http_response_done. */
struct fam_http_response {
    unsigned http_status;
    struct fam_buf body;
    uint32_t retry_after_ms; /* 0: none; a date counts from now; at most 24 h */
    char request_id[64];     /* header request-id; "" when absent */
};

struct fam_http_client *fam_http_client_new(const struct fam_http_client_options *options,
                                            struct fam_status *status) FAM_MUST_CHECK;
/* No request may be running. Takes NULL. */
void fam_http_client_free(struct fam_http_client *client);

/* FAM_OK: an answer came, whole, whatever its HTTP status. UNAVAILABLE: no connection, a broken or truncated answer
 * (the request may have been carried out, unless reason is "NOT_SENT"); DEADLINE_EXCEEDED; CANCELLED by `abort`;
 * OUT_OF_RANGE: the answer is too large; INVALID_ARGUMENT: the URL. */
enum fam_code fam_http_perform(struct fam_http_client *client, const struct fam_http_request *request,
                               struct fam_http_response *ret_response, struct fam_status *status) FAM_MUST_CHECK;
void fam_http_response_done(struct fam_http_response *response);

#endif
