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
    static const struct {
        const char *key, *title, *metric, *with;
    } COUNTS[] = {
        {"calls", "Calls", M("rpc_requests_total"), NULL},
        {"calls_ok", "  ended well", M("rpc_requests_total"), "code=\"OK\""},
        {"calls_in_flight", "  in flight", M("rpc_in_flight"), NULL},
        {"translations", "Translations", M("translations_total"), NULL},
        {"readings_claude", "  by Claude", M("readings_total"), "engine=\"claude\""},
        {"safety_hits", "  with a danger", M("safety_hits_total"), NULL},
        {"claude_questions", "Questions to Claude", M("claude_answers_total"), NULL},
        {"db_connections_active", "Database connections", M("db_connections_active"), NULL},
        {"db_connections_max", "  at most", M("db_connections_max"), NULL},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(COUNTS); i++) {
        fam_out_field(out, COUNTS[i].key, COUNTS[i].title,
                      FAM_NUMBER(fam_samples_sum(samples, COUNTS[i].metric, COUNTS[i].with)));
    }
    fam_out_field(out, "claude_cost_micro_usd", "Claude's cost, micro-USD",
                  FAM_NUMBER(fam_samples_sum(samples, M("claude_cost_usd_total"), NULL) * 1e6));
}

/* What can be told without the database or a token is told in any case. */
enum fam_code fam_ctl_status(struct fam_ctl *ctl, struct fam_status *status)
{
    struct fam_samples samples;
    struct fam_status why = {.code = FAM_OK};
    enum fam_code code = add_server(ctl, status);
    if (code == FAM_OK && fam_samples_fetch(ctl, &samples, &why) == FAM_OK) {
        show_counts(&ctl->out, &samples);
        fam_samples_done(&samples);
    }
    if (code == FAM_OK) {
        code = fam_ctl_add_checks(ctl, status);
    }
    if (code == FAM_OK && why.code != FAM_OK) {
        fam_ctl_remark(ctl, "what the server did can't be told: %s", why.message);
    }
    return code;
}
