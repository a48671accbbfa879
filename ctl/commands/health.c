/* health and info: is the server well, and which one is it? */
#include <poll.h>
#include <string.h>

#include "base/buf.h"
#include "commands/commands.h"
#include "ctl.h"
#include "fam/v1/ops.pb-c.h"
#include "words.h"

enum { WATCH_S = 2 };

static enum fam_tone tone_of(Fam__V1__HealthStatus health)
{
    switch (health) {
    case FAM__V1__HEALTH_STATUS__HEALTH_STATUS_HEALTHY:
        return FAM_TONE_GOOD;
    case FAM__V1__HEALTH_STATUS__HEALTH_STATUS_DEGRADED:
        return FAM_TONE_WARN;
    default:
        return FAM_TONE_BAD;
    }
}

static void show_status(struct fam_out *out, bool in_table, Fam__V1__HealthStatus health)
{
    char word[FAM_WORD_SIZE];
    fam_word_from_enum(&fam__v1__health_status__descriptor, (int)health, word);
    struct fam_cell cell = FAM_TONED(word[0] == '\0' ? "unknown" : word, tone_of(health));
    if (in_table) {
        fam_out_cell(out, cell);
    } else {
        fam_out_field(out, "status", "Status", cell);
    }
}

static void show_table(struct fam_out *out, const Fam__V1__HealthResponse *response)
{
    static const struct fam_column columns[] = {{"name", "CHECK"},
                                                {"status", "STATUS"},
                                                {"duration_us", "TOOK, US"},
                                                {"age_ms", "AGE, MS"},
                                                {"reason", "REASON"}};
    fam_out_table(out, "checks", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_checks; i++) {
        const Fam__V1__HealthCheck *check = response->checks[i];
        fam_out_cell(out, FAM_TEXT(check->name));
        show_status(out, true, check->status);
        fam_out_cell(out, FAM_NUMBER(check->duration_us));
        fam_out_cell(out, FAM_NUMBER(check->age_ms));
        fam_out_cell(out, FAM_TEXT(check->reason));
    }
}

static void show_checks(struct fam_out *out, const Fam__V1__HealthResponse *response)
{
    show_status(out, false, response->status);
    show_table(out, response);
}

static void show_health(struct fam_out *out, const Fam__V1__HealthResponse *response)
{
    show_status(out, false, response->status);
    fam_out_field(out, "version", "Version", FAM_TEXT(response->version));
    fam_out_field(out, "uptime_ms", "Uptime, ms", FAM_NUMBER(response->uptime_ms));
    fam_out_field(out, "checked_at", "Checked at", FAM_TEXT(response->checked_at));
    show_table(out, response);
}

/* Anything that is neither healthy nor degraded counts as unhealthy, also what this version does not know. */
static int health_exit(Fam__V1__HealthStatus health, const char *fail_on)
{
    bool degraded = health == FAM__V1__HEALTH_STATUS__HEALTH_STATUS_DEGRADED;
    if (health == FAM__V1__HEALTH_STATUS__HEALTH_STATUS_HEALTHY) {
        return FAM_EXIT_DONE;
    }
    if (degraded && (fail_on == NULL || strcmp(fail_on, "degraded") != 0)) {
        return FAM_EXIT_DONE;
    }
    return FAM_EXIT_UNHEALTHY;
}

/* One look, shown by `show`. */
static enum fam_code look(struct fam_ctl *ctl, struct fam_out *out,
                          void (*show)(struct fam_out *out, const Fam__V1__HealthResponse *response),
                          struct fam_status *status)
{
    Fam__V1__HealthRequest request = FAM__V1__HEALTH_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, health, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__HealthResponse *response = (const Fam__V1__HealthResponse *)fam_rpc_response(&rpc);
        show(out, response);
        ctl->exit_code = health_exit(response->status, fam_parsed_value(ctl->parsed, "--fail-on"));
    }
    fam_rpc_done(&rpc);
    return code;
}

enum fam_code fam_ctl_add_checks(struct fam_ctl *ctl, struct fam_status *status)
{
    return look(ctl, &ctl->out, show_checks, status);
}

static enum fam_code write_look(struct fam_ctl *ctl, const struct fam_out *out, struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf buf = {0};
    const char *format = fam_parsed_value(ctl->parsed, "--output");
    bool json = format != NULL && strcmp(format, "json") == 0;
    if (!json && ctl->io->style.colour) {
        fam_buf_add_text(&buf, "\033[H\033[2J");
    }
    if (!fam_out_render(out, json ? FAM_OUT_JSON : FAM_OUT_TABLE, &ctl->io->style, &buf)) {
        return fam_fail_memory(status);
    }
    if (!json) {
        fam_buf_add_char(&buf, '\n');
    }
    return fam_ctl_write(ctl, fam_buf_text(&buf), buf.size, status);
}

/* Again and again; a server that is away is said and looked for again. */
static enum fam_code watch(struct fam_ctl *ctl, uint32_t interval_s, uint32_t count, struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    for (uint32_t shown = 0; code == FAM_OK && (count == 0 || shown < count); shown++) {
        struct fam_out out;
        fam_out_init(&out);
        if (shown > 0) {
            (void)poll(NULL, 0, (int)(interval_s * 1000));
        }
        if (look(ctl, &out, show_health, status) == FAM_OK) {
            code = write_look(ctl, &out, status);
        } else if (status->code == FAM_UNAVAILABLE || status->code == FAM_DEADLINE_EXCEEDED) {
            fam_ctl_remark(ctl, "%s", status->message);
            ctl->exit_code = FAM_EXIT_UNREACHABLE;
        } else {
            code = status->code;
        }
        fam_out_done(&out);
    }
    ctl->out.streamed = true;
    return code;
}

enum fam_code fam_ctl_health(struct fam_ctl *ctl, struct fam_status *status)
{
    if (fam_parsed_value(ctl->parsed, "--watch") == NULL) {
        return look(ctl, &ctl->out, show_health, status);
    }
    return watch(ctl, fam_parsed_number(ctl->parsed, "--interval", WATCH_S),
                 fam_parsed_number(ctl->parsed, "--count", 0), status);
}

static enum fam_code show_ready(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__ReadyRequest request = FAM__V1__READY_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, ready, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__ReadyResponse *response = (const Fam__V1__ReadyResponse *)fam_rpc_response(&rpc);
        fam_out_field(&ctl->out, "ready", "Ready", FAM_YES_NO(response->ready));
        fam_out_field(&ctl->out, "ready_reason", "Not ready because", FAM_TEXT(response->reason));
    }
    fam_rpc_done(&rpc);
    return code;
}

static void show_info(struct fam_out *out, const Fam__V1__ServerInfoResponse *info)
{
    bool behind = info->schema_version != info->schema_version_wanted;
    fam_out_field(out, "version", "Version", FAM_TEXT(info->version));
    fam_out_field(out, "revision", "Revision", FAM_TEXT(info->revision));
    fam_out_field(out, "compiler", "Compiler", FAM_TEXT(info->compiler));
    fam_out_field(out, "environment", "Environment", FAM_TEXT(info->environment));
    fam_out_field(out, "started_at", "Started at", FAM_TIME(info->started_at_ms));
    fam_out_field(out, "schema_version", "Schema", FAM_NUMBER(info->schema_version));
    fam_out_field(out, "schema_version_wanted", "Schema wanted", FAM_NUMBER(info->schema_version_wanted));
    fam_out_field(out, "schema_behind", "Schema differs", FAM_YES_NO(behind));
    fam_out_field(out, "calls_in_flight", "Calls in flight", FAM_NUMBER(info->calls_in_flight));
    fam_out_field(out, "calls_bound", "Calls at most", FAM_NUMBER(info->calls_bound));
    fam_out_field(out, "draining", "Stopping", FAM_YES_NO(info->draining));
}

enum fam_code fam_ctl_info(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__ServerInfoRequest request = FAM__V1__SERVER_INFO_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, server_info, &rpc, &request, status);
    if (code == FAM_OK) {
        show_info(&ctl->out, (const Fam__V1__ServerInfoResponse *)fam_rpc_response(&rpc));
        code = show_ready(ctl, status);
    }
    fam_rpc_done(&rpc);
    return code;
}
