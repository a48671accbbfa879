/* http_server.h: a small HTTP server for pages that are made at once: metrics and health. The only room that knows
 * libmicrohttpd.
 *
 * GET and HEAD of a fixed table of paths; anything else is 404 or 405. One thread serves all connections (64 at most,
 * idle for 10 s at most), so handlers must not block. Each request is counted in the metrics, unknown paths as "other".
 */
#ifndef FAM_NET_HTTP_SERVER_H
#define FAM_NET_HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

struct fam_buf;
struct fam_metrics;
struct fam_http_server;

struct fam_http_page {
    const char *path;         /* "/metrics" */
    const char *content_type; /* "text/plain; version=0.0.4; charset=utf-8" */
    /* Writes the body and returns the HTTP status. On the server's thread; must not block. */
    unsigned (*make)(void *context, struct fam_buf *out);
    void *context;
};

struct fam_http_server_options {
    const char *address;               /* host:port; port 0 takes a free one */
    const char *setting;               /* its name, for the error: "FAM_HTTP_LISTEN" */
    const struct fam_http_page *pages; /* borrowed until fam_http_server_free */
    size_t page_count;
    struct fam_metrics *metrics; /* may be NULL */
};

/* Listens and serves. FAILED_PRECONDITION names the address and the setting when it can't be had. */
struct fam_http_server *fam_http_server_new(const struct fam_http_server_options *options,
                                            struct fam_status *status) FAM_MUST_CHECK;
uint16_t fam_http_server_port(const struct fam_http_server *server);
/* Takes NULL. */
void fam_http_server_free(struct fam_http_server *server);

#endif
