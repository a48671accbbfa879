/* pages.h: famserver's pages: /metrics, /health, /health/ready, /health/live. */
#ifndef FAM_HTTP_PAGES_H
#define FAM_HTTP_PAGES_H

#include "base/compiler.h"
#include "base/status.h"

struct fam_health;
struct fam_http_server;
struct fam_metrics;
struct fam_pages;

/* Serves on `address` (FAM_HTTP_LISTEN) until fam_pages_free. Borrows health and metrics. */
struct fam_pages *fam_pages_new(const char *address, struct fam_health *health, struct fam_metrics *metrics,
                                struct fam_status *status) FAM_MUST_CHECK;
struct fam_http_server *fam_pages_server(struct fam_pages *pages);
/* Takes NULL. */
void fam_pages_free(struct fam_pages *pages);

#endif
