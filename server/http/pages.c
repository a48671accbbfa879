#include "http/pages.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"
#include "health/health.h"
#include "metrics/metrics.h"
#include "net/http_server.h"

enum { HTTP_OK = 200, HTTP_UNAVAILABLE = 503 };

struct fam_pages {
    struct fam_health *health;
    struct fam_metrics *metrics;
    struct fam_http_page table[4];
    struct fam_http_server *server;
};

static unsigned metrics_page(void *context, struct fam_buf *out)
{
    struct fam_pages *pages = context;
    fam_metrics_write(pages->metrics, out);
    return HTTP_OK;
}

/* Degraded is 200: a load balancer must not take out a server that goes on without Redis. */
static unsigned health_page(void *context, struct fam_buf *out)
{
    struct fam_pages *pages = context;
    struct fam_health_report report;
    fam_health_snapshot(pages->health, &report);
    fam_health_to_json(&report, out);
    fam_buf_add_char(out, '\n');
    return report.state == FAM_HEALTH_UNHEALTHY ? HTTP_UNAVAILABLE : HTTP_OK;
}

static unsigned ready_page(void *context, struct fam_buf *out)
{
    struct fam_pages *pages = context;
    char reason[FAM_HEALTH_REASON_SIZE] = "";
    if (fam_health_ready(pages->health, reason)) {
        fam_buf_add_text(out, "{\"ready\":true}\n");
        return HTTP_OK;
    }
    fam_buf_add_text(out, "{\"ready\":false,\"reason\":");
    fam_json_add_string(out, reason);
    fam_buf_add_text(out, "}\n");
    return HTTP_UNAVAILABLE;
}

static unsigned live_page(void *context, struct fam_buf *out)
{
    (void)context;
    fam_buf_add_text(out, "{\"alive\":true}\n");
    return HTTP_OK;
}

struct fam_pages *fam_pages_new(const char *address, struct fam_health *health, struct fam_metrics *metrics,
                                struct fam_status *status)
{
    static const char JSON[] = "application/json";
    static const char TEXT[] = "text/plain; version=0.0.4; charset=utf-8";
    struct fam_pages *pages = calloc(1, sizeof(*pages));
    if (pages == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    pages->health = health;
    pages->metrics = metrics;
    pages->table[0] = (struct fam_http_page){"/metrics", TEXT, metrics_page, pages};
    pages->table[1] = (struct fam_http_page){"/health", JSON, health_page, pages};
    pages->table[2] = (struct fam_http_page){"/health/ready", JSON, ready_page, pages};
    pages->table[3] = (struct fam_http_page){"/health/live", JSON, live_page, pages};
    const struct fam_http_server_options options = {.address = address,
                                                    .setting = "FAM_HTTP_LISTEN",
                                                    .pages = pages->table,
                                                    .page_count = FAM_ARRAY_SIZE(pages->table),
                                                    .metrics = metrics};
    pages->server = fam_http_server_new(&options, status);
    if (pages->server == NULL) {
        free(pages);
        return NULL;
    }
    return pages;
}

struct fam_http_server *fam_pages_server(struct fam_pages *pages)
{
    return pages->server;
}

void fam_pages_free(struct fam_pages *pages)
{
    if (pages != NULL) {
        fam_http_server_free(pages->server);
        free(pages);
    }
}
