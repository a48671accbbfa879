/* report.c: a health report as an RPC message and as JSON. */
#include <inttypes.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "health/health.h"

const char *fam_health_state_name(enum fam_health_state state)
{
    switch (state) {
    case FAM_HEALTH_HEALTHY:
        return "healthy";
    case FAM_HEALTH_DEGRADED:
        return "degraded";
    case FAM_HEALTH_UNHEALTHY:
        break;
    }
    return "unhealthy";
}

void fam_health_to_message(struct fam_health_report *report, struct fam_health_message *ret_message)
{
    fam__v1__health_response__init(&ret_message->response);
    for (size_t i = 0; i < report->count; i++) {
        struct fam_health_result *result = &report->results[i];
        Fam__V1__HealthCheck *check = &ret_message->checks[i];
        fam__v1__health_check__init(check);
        check->name = (char *)result->name;
        check->status = (Fam__V1__HealthStatus)result->state;
        check->reason = result->reason;
        check->duration_us = result->duration_us;
        check->age_ms = result->age_ms;
        ret_message->pointers[i] = check;
    }
    fam_rfc3339(report->checked_at_ms, ret_message->checked_at);
    ret_message->response.status = (Fam__V1__HealthStatus)report->state;
    ret_message->response.n_checks = report->count;
    ret_message->response.checks = ret_message->pointers;
    ret_message->response.version = (char *)report->version;
    ret_message->response.uptime_ms = report->uptime_ms;
    ret_message->response.checked_at = ret_message->checked_at;
}

void fam_health_to_json(const struct fam_health_report *report, struct fam_buf *out)
{
    char checked_at[FAM_RFC3339_SIZE];
    fam_rfc3339(report->checked_at_ms, checked_at);
    fam_buf_addf(out, "{\"status\":\"%s\",\"checks\":{", fam_health_state_name(report->state));
    for (size_t i = 0; i < report->count; i++) {
        const struct fam_health_result *result = &report->results[i];
        if (i) {
            fam_buf_add_char(out, ',');
        }
        fam_json_add_string(out, result->name);
        fam_buf_addf(out, ":{\"status\":\"%s\",\"reason\":", fam_health_state_name(result->state));
        fam_json_add_string(out, result->reason);
        fam_buf_addf(out, ",\"duration_ms\":%" PRIu32 ".%03" PRIu32 ",\"age_ms\":%" PRIu32 "}",
                     result->duration_us / 1000, result->duration_us % 1000, result->age_ms);
    }
    fam_buf_add_text(out, "},\"version\":");
    fam_json_add_string(out, report->version);
    fam_buf_addf(out, ",\"uptime_s\":%" PRId64 ".%03" PRId64 ",\"checked_at\":\"%s\"}", report->uptime_ms / 1000,
                 report->uptime_ms % 1000, checked_at);
}
