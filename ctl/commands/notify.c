/* notify list|resend: what is on its way to people, in ids, kinds and times; no content. */
#include <inttypes.h>
#include <stdio.h>

#include "commands/commands.h"
#include "ctl.h"
#include "fam/v1/notification.pb-c.h"
#include "words.h"

enum { AT_ONCE = 10000, ROUNDS_MAX = 1000, IDS_MAX = 100 };

static char *text_flag(const struct fam_ctl *ctl, const char *flag)
{
    static char nothing[] = "";
    const char *value = fam_parsed_value(ctl->parsed, flag);
    return value == NULL ? nothing : (char *)(uintptr_t)value;
}

/* The table has checked the word. */
static int word_flag(const struct fam_ctl *ctl, const char *flag, const ProtobufCEnumDescriptor *descriptor)
{
    int value = 0;
    const char *word = fam_parsed_value(ctl->parsed, flag);
    if (word == NULL || !fam_word_to_enum(descriptor, word, &value)) {
        return 0;
    }
    return value;
}

static Fam__V1__NotificationState state_flag(const struct fam_ctl *ctl)
{
    return (Fam__V1__NotificationState)word_flag(ctl, "--state", &fam__v1__notification_state__descriptor);
}

static Fam__V1__NotificationKind kind_flag(const struct fam_ctl *ctl)
{
    return (Fam__V1__NotificationKind)word_flag(ctl, "--kind", &fam__v1__notification_kind__descriptor);
}

static void word_cell(struct fam_out *out, const ProtobufCEnumDescriptor *descriptor, int value)
{
    char word[FAM_WORD_SIZE];
    fam_word_from_enum(descriptor, value, word);
    fam_out_cell(out, FAM_TEXT(word));
}

static void show(struct fam_out *out, const Fam__V1__ListNotificationsResponse *response)
{
    static const struct fam_column columns[] = {
        {"notification_id", "ID"},    {"user_id", "USER"},          {"kind", "KIND"},
        {"state", "STATE"},           {"attempts", "ATTEMPTS"},     {"holder", "HOLDER"},
        {"reason", "REASON"},         {"created_at", "CREATED AT"}, {"not_before", "DUE AT"},
        {"expires_at", "EXPIRES AT"}, {"finished_at", "ENDED AT"},  {"entry_id", "ENTRY"}};
    fam_out_table(out, "notifications", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_notifications; i++) {
        const Fam__V1__NotificationSummary *summary = response->notifications[i];
        fam_out_cell(out, FAM_TEXT(summary->notification_id));
        fam_out_cell(out, FAM_TEXT(summary->user_id));
        word_cell(out, &fam__v1__notification_kind__descriptor, (int)summary->kind);
        word_cell(out, &fam__v1__notification_state__descriptor, (int)summary->state);
        fam_out_cell(out, FAM_NUMBER(summary->attempts));
        fam_out_cell(out, FAM_TEXT(summary->holder));
        fam_out_cell(out, FAM_TEXT(summary->reason));
        fam_out_cell(out, FAM_TIME(summary->created_at_ms));
        fam_out_cell(out, FAM_TIME(summary->not_before_ms));
        fam_out_cell(out, FAM_TIME(summary->expires_at_ms));
        fam_out_cell(out, FAM_TIME(summary->finished_at_ms));
        fam_out_cell(out, FAM_TEXT(summary->entry_id));
    }
    if (response->next_page_token[0] != '\0') {
        fam_out_field(out, "next", "More with --after", FAM_TEXT(response->next_page_token));
    }
}

enum fam_code fam_ctl_notify_list(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__ListNotificationsRequest request = FAM__V1__LIST_NOTIFICATIONS_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    request.page_size = (int32_t)fam_parsed_number(ctl->parsed, "--limit", 20);
    request.page_token = text_flag(ctl, "--after");
    request.user_id = text_flag(ctl, "--user");
    request.state = state_flag(ctl);
    request.kind = kind_flag(ctl);
    fam_rpc_init(&rpc, &options);
    enum fam_code code =
        FAM_RPC(ctl->client, fam__v1__notification_service, list_notifications, &rpc, &request, status);
    if (code == FAM_OK) {
        show(&ctl->out, (const Fam__V1__ListNotificationsResponse *)fam_rpc_response(&rpc));
    }
    fam_rpc_done(&rpc);
    return code;
}

static enum fam_code call(struct fam_ctl *ctl, Fam__V1__ResendRequest *request, bool dry_run, int64_t *ret_count,
                          struct fam_status *status)
{
    char key[FAM_CTL_KEY_SIZE];
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    fam_ctl_key(key);
    options.idempotency_key = key;
    request->dry_run = dry_run;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__notification_service, resend, &rpc, request, status);
    if (code == FAM_OK) {
        *ret_count = ((const Fam__V1__ResendResponse *)fam_rpc_response(&rpc))->resent;
    }
    fam_rpc_done(&rpc);
    return code;
}

/* By ten thousands, until a round finds fewer. */
static enum fam_code resend_all(struct fam_ctl *ctl, Fam__V1__ResendRequest *request, int64_t *ret_total,
                                struct fam_status *status)
{
    int64_t count = AT_ONCE;
    enum fam_code code = FAM_OK;
    for (int round = 0; code == FAM_OK && count >= AT_ONCE && round < ROUNDS_MAX; round++) {
        count = 0;
        code = call(ctl, request, false, &count, status);
        *ret_total += count;
    }
    if (code != FAM_OK && *ret_total > 0) {
        fam_ctl_remark(ctl, "%" PRId64 " are due again, then it failed", *ret_total);
    }
    return code;
}

static enum fam_code read_request(struct fam_ctl *ctl, Fam__V1__ResendRequest *ret_request, struct fam_status *status)
{
    fam__v1__resend_request__init(ret_request);
    ret_request->n_notification_ids = ctl->parsed->argument_count;
    ret_request->notification_ids = (char **)(uintptr_t)ctl->parsed->arguments;
    ret_request->user_id = text_flag(ctl, "--user");
    ret_request->state = state_flag(ctl);
    ret_request->kind = kind_flag(ctl);
    bool filtered = ret_request->user_id[0] != '\0' || fam_parsed_value(ctl->parsed, "--state") != NULL ||
                    fam_parsed_value(ctl->parsed, "--kind") != NULL;
    if (ret_request->n_notification_ids > IDS_MAX) {
        return fam_usage(status, "at most %d ids at once", (int)IDS_MAX);
    }
    if (ret_request->n_notification_ids == 0 && !filtered && fam_parsed_value(ctl->parsed, "--all") == NULL) {
        return fam_usage(status, "say which: ids, --user, --state, --kind, or --all");
    }
    return FAM_OK;
}

/* What is named is no risk; what is chosen by flags is counted and asked about first. */
enum fam_code fam_ctl_notify_resend(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__ResendRequest request;
    int64_t count = 0, total = 0;
    bool dry_run = fam_ctl_is_dry_run(ctl);
    enum fam_code code = read_request(ctl, &request, status);
    bool asks = request.n_notification_ids == 0 && fam_parsed_value(ctl->parsed, "--yes") == NULL;
    if (code == FAM_OK && (dry_run || asks)) {
        code = call(ctl, &request, true, &count, status);
    }
    if (code == FAM_OK && dry_run) {
        fam_out_field(&ctl->out, "resent", "Would be sent again", FAM_NUMBER(count));
        fam_out_note(&ctl->out, count >= AT_ONCE ? "There may be more. Nothing was changed." : "Nothing was changed.");
        return FAM_OK;
    }
    if (code == FAM_OK && asks && count > 0) {
        char question[128];
        (void)snprintf(question, sizeof(question), "%s%" PRId64 " notifications are sent again?",
                       count >= AT_ONCE ? "At least " : "", count);
        code = fam_ctl_confirm(ctl, question, "nothing was sent again", status);
    }
    if (code == FAM_OK && (!asks || count > 0)) {
        code = resend_all(ctl, &request, &total, status);
    }
    if (code == FAM_OK) {
        fam_out_field(&ctl->out, "resent", "Sent again", FAM_NUMBER(total));
    }
    return code;
}
