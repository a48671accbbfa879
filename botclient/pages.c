#include "pages.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "leader.h"
#include "metrics/metrics.h"
#include "net/http_server.h"
#include "poller.h"
#include "rpc/client.h"

enum { HTTP_OK = 200, HTTP_UNAVAILABLE = 503, POLL_MAX_MS = 120000, WORD_MAX_MS = 30000 };

struct fam_bot_pages {
    struct fam_bot_pages_options options;
    uint64_t started_ms;
    struct fam_http_page table[4];
    struct fam_http_server *server;
};

struct report {
    bool server;
    bool telegram;
    uint64_t poll_age_ms; /* UINT64_MAX: no poll yet */
    enum fam_lead_role role;
    const char *reason; /* of an unhealthy Telegram */
};

static struct report look(const struct fam_bot_pages *pages)
{
    struct report report = {.server = fam_client_is_connected(pages->options.client),
                            .poll_age_ms = fam_poller_age_ms(pages->options.poller)};
    report.role = fam_leader_role(pages->options.leader, NULL);
    if (report.role == FAM_LEAD_NONE) {
        report.telegram = fam_leader_age_ms(pages->options.leader) <= WORD_MAX_MS;
        report.reason = "no server tells who polls";
    } else {
        report.telegram = report.poll_age_ms <= POLL_MAX_MS;
        report.reason = "no completed poll within two minutes";
    }
    return report;
}

static const char *role_name(enum fam_lead_role role)
{
    return role == FAM_LEAD_HELD ? "leading" : role == FAM_LEAD_ALONE ? "alone" : "standby";
}

static unsigned metrics_page(void *context, struct fam_buf *out)
{
    struct fam_bot_pages *pages = context;
    fam_metrics_write(pages->options.metrics, out);
    return HTTP_OK;
}

static void add_check(struct fam_buf *out, const char *name, bool good, const char *reason)
{
    fam_buf_addf(out, "\"%s\":{\"status\":\"%s\",\"reason\":", name, good ? "healthy" : "unhealthy");
    fam_json_add_string(out, good ? "" : reason);
    fam_buf_add_char(out, '}');
}

static unsigned health_page(void *context, struct fam_buf *out)
{
    struct fam_bot_pages *pages = context;
    struct report report = look(pages);
    bool healthy = report.server && report.telegram;
    char checked_at[FAM_RFC3339_SIZE];
    fam_rfc3339(fam_wall_ms(), checked_at);
    fam_buf_addf(out, "{\"status\":\"%s\",\"checks\":{", healthy ? "healthy" : "unhealthy");
    add_check(out, "server", report.server, "no RPC server is connected");
    fam_buf_add_char(out, ',');
    add_check(out, "telegram", report.telegram, report.reason);
    fam_buf_addf(out, "},\"role\":\"%s\",\"poll_age_ms\":%" PRId64 ",\"version\":", role_name(report.role),
                 report.poll_age_ms == UINT64_MAX ? (int64_t)-1 : (int64_t)report.poll_age_ms);
    fam_json_add_string(out, pages->options.version);
    uint64_t uptime_ms = fam_mono_ms() - pages->started_ms;
    fam_buf_addf(out, ",\"uptime_s\":%" PRIu64 ".%03" PRIu64 ",\"checked_at\":\"%s\"}\n", uptime_ms / 1000,
                 uptime_ms % 1000, checked_at);
    return healthy ? HTTP_OK : HTTP_UNAVAILABLE;
}

static unsigned ready_page(void *context, struct fam_buf *out)
{
    struct report report = look(context);
    if (report.server && report.telegram) {
        fam_buf_add_text(out, "{\"ready\":true}\n");
        return HTTP_OK;
    }
    fam_buf_addf(out, "{\"ready\":false,\"reason\":\"%s\"}\n",
                 report.server ? report.reason : "no RPC server is connected");
    return HTTP_UNAVAILABLE;
}

static unsigned live_page(void *context, struct fam_buf *out)
{
    (void)context;
    fam_buf_add_text(out, "{\"alive\":true}\n");
    return HTTP_OK;
}

struct fam_bot_pages *fam_bot_pages_new(const struct fam_bot_pages_options *options, struct fam_status *status)
{
    static const char json[] = "application/json", text[] = "text/plain; version=0.0.4; charset=utf-8";
    struct fam_bot_pages *pages = calloc(1, sizeof(*pages));
    if (!pages) {
        fam_fail_memory(status);
        return NULL;
    }
    pages->options = *options;
    pages->started_ms = fam_mono_ms();
    pages->table[0] = (struct fam_http_page){"/metrics", text, metrics_page, pages};
    pages->table[1] = (struct fam_http_page){"/health", json, health_page, pages};
    pages->table[2] = (struct fam_http_page){"/health/ready", json, ready_page, pages};
    pages->table[3] = (struct fam_http_page){"/health/live", json, live_page, pages};
    struct fam_http_server_options server = {.address = options->address,
                                             .setting = "FAM_BOT_HTTP_LISTEN",
                                             .pages = pages->table,
                                             .page_count = FAM_ARRAY_SIZE(pages->table),
                                             .metrics = options->metrics};
    pages->server = fam_http_server_new(&server, status);
    if (pages->server) {
        return pages;
    }
    free(pages);
    return NULL;
}

uint16_t fam_bot_pages_port(const struct fam_bot_pages *pages)
{
    return fam_http_server_port(pages->server);
}

void fam_bot_pages_free(struct fam_bot_pages *pages)
{
    if (!pages) {
        return;
    }
    fam_http_server_free(pages->server);
    free(pages);
}
