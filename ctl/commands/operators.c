/* feedback, retention, stats, broadcast: the service as a whole. Only feedback is personal, and needs a reason. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "ctl.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "words.h"

enum { DAY_MS = 86400000 };

static char *text_flag(const struct fam_ctl *ctl, const char *flag)
{
    static char nothing[] = "";
    const char *value = fam_parsed_value(ctl->parsed, flag);
    return value == NULL ? nothing : (char *)(uintptr_t)value;
}

/* ---- feedback ---- */

static struct fam_cell rating(const Fam__V1__Feedback *feedback)
{
    return feedback->rating == 0 ? FAM_NONE : FAM_NUMBER(feedback->rating);
}

static void show_feedback_list(struct fam_out *out, const Fam__V1__ListFeedbackResponse *response)
{
    static const struct fam_column columns[] = {
        {"feedback_id", "ID"}, {"user_id", "USER"}, {"rating", "RATING"}, {"created_at", "CREATED AT"}};
    fam_out_table(out, "feedback", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_feedback; i++) {
        const Fam__V1__Feedback *feedback = response->feedback[i];
        fam_out_cell(out, FAM_TEXT(feedback->feedback_id));
        fam_out_cell(out, FAM_TEXT(feedback->user_id));
        fam_out_cell(out, rating(feedback));
        fam_out_cell(out, FAM_TIME(feedback->created_at_ms));
    }
    if (response->next_page_token[0] != '\0') {
        fam_out_field(out, "next", "More with --after", FAM_TEXT(response->next_page_token));
    }
}

/* A page of all, or the one of that id, and then nobody else's is opened. */
static enum fam_code get_feedback(struct fam_ctl *ctl, const Fam__V1__ListFeedbackRequest *request,
                                  struct fam_rpc_options *options, struct fam_rpc *rpc, struct fam_status *status)
{
    *options = fam_ctl_call(ctl);
    options->read_only = true;
    options->reason = fam_parsed_value(ctl->parsed, "--reason");
    fam_rpc_init(rpc, options);
    return FAM_RPC(ctl->client, fam__v1__ops_service, list_feedback, rpc, request, status);
}

enum fam_code fam_ctl_feedback_list(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__ListFeedbackRequest request = FAM__V1__LIST_FEEDBACK_REQUEST__INIT;
    struct fam_rpc_options options;
    struct fam_rpc rpc;
    request.page_size = (int32_t)fam_parsed_number(ctl->parsed, "--limit", 20);
    request.page_token = text_flag(ctl, "--after");
    enum fam_code code = get_feedback(ctl, &request, &options, &rpc, status);
    if (code == FAM_OK) {
        show_feedback_list(&ctl->out, (const Fam__V1__ListFeedbackResponse *)fam_rpc_response(&rpc));
    }
    fam_rpc_done(&rpc);
    return code;
}

static bool show_feedback(struct fam_out *out, const Fam__V1__ListFeedbackResponse *response, const char *id)
{
    for (size_t i = 0; i < response->n_feedback; i++) {
        const Fam__V1__Feedback *feedback = response->feedback[i];
        if (strcmp(feedback->feedback_id, id) != 0) {
            continue;
        }
        fam_out_field(out, "feedback_id", "Id", FAM_TEXT(feedback->feedback_id));
        fam_out_field(out, "user_id", "User", FAM_TEXT(feedback->user_id));
        fam_out_field(out, "rating", "Rating", rating(feedback));
        fam_out_field(out, "created_at", "Created at", FAM_TIME(feedback->created_at_ms));
        fam_out_field(out, "text", "Text", FAM_TEXT(feedback->text));
        return true;
    }
    return false;
}

enum fam_code fam_ctl_feedback_show(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__ListFeedbackRequest request = FAM__V1__LIST_FEEDBACK_REQUEST__INIT;
    struct fam_rpc_options options;
    struct fam_rpc rpc;
    request.feedback_id = ctl->parsed->arguments[0];
    enum fam_code code = get_feedback(ctl, &request, &options, &rpc, status);
    if (code == FAM_OK &&
        !show_feedback(&ctl->out, (const Fam__V1__ListFeedbackResponse *)fam_rpc_response(&rpc), request.feedback_id)) {
        code = fam_fail(status, FAM_NOT_FOUND, "there is no feedback %s", request.feedback_id);
    }
    fam_rpc_done(&rpc);
    return code;
}

/* ---- retention ---- */

enum fam_code fam_ctl_retention(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__GetRetentionRequest request = FAM__V1__GET_RETENTION_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, get_retention, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__GetRetentionResponse *response = (const Fam__V1__GetRetentionResponse *)fam_rpc_response(&rpc);
        fam_out_field(&ctl->out, "default_days", "Days, unless a family chose", FAM_NUMBER(response->default_days));
        fam_out_field(&ctl->out, "families_with_own", "Families that chose", FAM_NUMBER(response->families_with_own));
        fam_out_field(&ctl->out, "oldest_personal_days", "Oldest personal row, days",
                      FAM_NUMBER(response->oldest_personal_ms / DAY_MS));
        fam_out_field(&ctl->out, "overdue_rows", "Entries kept too long", FAM_NUMBER(response->overdue_rows));
        fam_out_field(&ctl->out, "last_sweep_at", "Last sweep at", FAM_TIME(response->last_sweep_ms));
    }
    fam_rpc_done(&rpc);
    return code;
}

/* ---- stats ---- */

static int64_t percent(double part)
{
    return (int64_t)(part * 100 + 0.5);
}

static void show_stats(struct fam_out *out, const Fam__V1__GetStatsResponse *stats)
{
    static const struct fam_column sources[] = {{"source", "CAME FROM"}, {"count", "USERS"}};
    static const struct fam_column days[] = {{"day", "DAY"}, {"count", "REGISTERED"}};
    char word[FAM_WORD_SIZE];
    fam_out_field(out, "users", "Users", FAM_NUMBER(stats->users));
    fam_out_field(out, "families", "Families", FAM_NUMBER(stats->families));
    fam_out_field(out, "active_families", "Active within 30 days", FAM_NUMBER(stats->active_families));
    fam_out_field(out, "children", "Children", FAM_NUMBER(stats->children));
    fam_out_field(out, "entries", "Entries", FAM_NUMBER(stats->entries));
    fam_out_field(out, "retention_day_1_percent", "Back after a day, %", FAM_NUMBER(percent(stats->retention_day_1)));
    fam_out_field(out, "retention_day_7_percent", "Back after a week, %", FAM_NUMBER(percent(stats->retention_day_7)));
    fam_out_field(out, "retention_day_30_percent", "Back after 30 days, %",
                  FAM_NUMBER(percent(stats->retention_day_30)));
    fam_out_table(out, "registrations", sources, FAM_ARRAY_SIZE(sources), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < stats->n_registrations; i++) {
        fam_word_from_enum(&fam__v1__registration_source__descriptor, (int)stats->registrations[i]->source, word);
        fam_out_cell(out, FAM_TEXT(word));
        fam_out_cell(out, FAM_NUMBER(stats->registrations[i]->count));
    }
    fam_out_table(out, "registered", days, FAM_ARRAY_SIZE(days), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < stats->n_registered; i++) {
        fam_out_cell(out, FAM_TEXT(stats->registered[i]->day));
        fam_out_cell(out, FAM_NUMBER(stats->registered[i]->count));
    }
}

enum fam_code fam_ctl_stats(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__GetStatsRequest request = FAM__V1__GET_STATS_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, get_stats, &rpc, &request, status);
    if (code == FAM_OK) {
        show_stats(&ctl->out, (const Fam__V1__GetStatsResponse *)fam_rpc_response(&rpc));
    }
    fam_rpc_done(&rpc);
    return code;
}

/* ---- broadcast ---- */

static enum fam_code broadcast(struct fam_ctl *ctl, bool dry_run, int64_t *ret_recipients, struct fam_status *status)
{
    Fam__V1__BroadcastRequest request = FAM__V1__BROADCAST_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    char key[FAM_CTL_KEY_SIZE];
    struct fam_rpc rpc;
    fam_ctl_key(key);
    options.idempotency_key = key;
    request.text_ru = text_flag(ctl, "--ru");
    request.text_en = text_flag(ctl, "--en");
    request.dry_run = dry_run;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, broadcast, &rpc, &request, status);
    if (code == FAM_OK) {
        *ret_recipients = ((const Fam__V1__BroadcastResponse *)fam_rpc_response(&rpc))->recipients;
    }
    fam_rpc_done(&rpc);
    return code;
}

/* Counted first: whoever asks for too many says no. */
enum fam_code fam_ctl_broadcast(struct fam_ctl *ctl, struct fam_status *status)
{
    int64_t recipients = 0;
    char question[128];
    enum fam_code code = broadcast(ctl, true, &recipients, status);
    if (code == FAM_OK && fam_ctl_is_dry_run(ctl)) {
        fam_out_field(&ctl->out, "would_tell", "Would be told", FAM_NUMBER(recipients));
        fam_out_note(&ctl->out, "Nothing was sent.");
        return FAM_OK;
    }
    if (code == FAM_OK) {
        (void)snprintf(question, sizeof(question), "%" PRId64 " people are told?", recipients);
        code = fam_ctl_confirm(ctl, question, "nobody was told", status);
    }
    if (code == FAM_OK) {
        code = broadcast(ctl, false, &recipients, status);
    }
    if (code == FAM_OK) {
        fam_out_field(&ctl->out, "recipients", "On its way to", FAM_NUMBER(recipients));
    }
    return code;
}
