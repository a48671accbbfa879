/* status: everything that an operator wants to know first, on one screen. */
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "ctl.h"
#include "fam/v1/ops.pb-c.h"
#include "samples.h"
#include "words.h"

#define M(name) "family_emotions_" name

static void show_server(struct fam_out *out, const Fam__V1__ServerInfoResponse *info)
{
    bool behind = info->schema_version != info->schema_version_wanted;
    fam_out_field(out, "version", "Version", FAM_TEXT(info->version));
    fam_out_field(out, "environment", "Environment", FAM_TEXT(info->environment));
    fam_out_field(out, "started_at", "Started at", FAM_TIME(info->started_at_ms));
    if (behind) {
        fam_out_field(out, "schema", "Schema", FAM_TONED("behind: famctl db migrate", FAM_TONE_BAD));
    }
    if (info->draining) {
        fam_out_field(out, "draining", "Stopping", FAM_TONED("refuses new calls", FAM_TONE_WARN));
    }
}

static enum fam_code add_server(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__ServerInfoRequest request = FAM__V1__SERVER_INFO_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, server_info, &rpc, &request, status);
    if (code == FAM_OK) {
        show_server(&ctl->out, (const Fam__V1__ServerInfoResponse *)fam_rpc_response(&rpc));
    }
    fam_rpc_done(&rpc);
    return code;
}

/* Counts since the server's start. */
static void show_counts(struct fam_out *out, const struct fam_samples *samples)
{
    char text[96];
    double calls = fam_samples_sum(samples, M("rpc_requests_total"), NULL);
    double failed = calls - fam_samples_sum(samples, M("rpc_requests_total"), "code=\"OK\"");
    (void)snprintf(text, sizeof(text), "%.0f, of which %.0f failed; %.0f in flight", calls, failed,
                   fam_samples_sum(samples, M("rpc_in_flight"), NULL));
    fam_out_field(out, "calls", "Calls", FAM_TEXT(text));
    (void)snprintf(text, sizeof(text), "%.0f, by Claude %.0f; dangers seen %.0f",
                   fam_samples_sum(samples, M("translations_total"), NULL),
                   fam_samples_sum(samples, M("readings_total"), "engine=\"claude\""),
                   fam_samples_sum(samples, M("safety_hits_total"), NULL));
    fam_out_field(out, "translations", "Translations", FAM_TEXT(text));
    (void)snprintf(text, sizeof(text), "%.0f of %.0f connections in use",
                   fam_samples_sum(samples, M("db_connections_active"), NULL),
                   fam_samples_sum(samples, M("db_connections_max"), NULL));
    fam_out_field(out, "database", "Database", FAM_TEXT(text));
    (void)snprintf(text, sizeof(text), "$%.4f, %.0f questions",
                   fam_samples_sum(samples, M("claude_cost_usd_total"), NULL),
                   fam_samples_sum(samples, M("claude_answers_total"), NULL));
    fam_out_field(out, "claude", "Claude, this process", FAM_TEXT(text));
}

enum fam_code fam_ctl_status(struct fam_ctl *ctl, struct fam_status *status)
{
    struct fam_samples samples;
    enum fam_code code = add_server(ctl, status);
    if (code == FAM_OK) {
        code = fam_samples_fetch(ctl, &samples, status);
        if (code == FAM_OK) {
            show_counts(&ctl->out, &samples);
            fam_samples_done(&samples);
        }
    }
    return code == FAM_OK ? fam_ctl_add_checks(ctl, status) : code;
}
