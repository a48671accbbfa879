/* notify list|resend: what is on its way to people, in ids, kinds and times; no content. */
#include <inttypes.h>
#include <stdio.h>

#include "commands/commands.h"
#include "commands/left.h"
#include "ctl.h"
#include "fam/v1/notification.pb-c.h"
#include "words.h"

enum { AT_ONCE = 10000, ROUNDS_MAX = 1000 };

static const struct fam_left_words LEFT = {
    .states = &fam__v1__notification_state__descriptor,
    .why = {[0] = "there is no such notification",
            [FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_QUEUED] = "it is on its way",
            [FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_LEASED] = "a bot is sending it",
            [FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_DELIVERED] = "it was delivered",
            [FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_HELD] = "it waits until the person can be reached"},
    .rest = "they do not match the flags"};

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
    if (ret_request->n_notification_ids > FAM_LEFT_MAX) {
        return fam_usage(status, "at most %d ids at once", FAM_LEFT_MAX);
    }
    if (ret_request->n_notification_ids == 0 && !filtered && fam_parsed_value(ctl->parsed, "--all") == NULL) {
        return fam_usage(status, "say which: ids, --user, --state, --kind, or --all");
    }
    return FAM_OK;
}

/* Calls ListNotifications for those that are named, or with none for one of those that match. */
static enum fam_code look(struct fam_ctl *ctl, const Fam__V1__ResendRequest *resend, struct fam_left *left,
                          size_t *ret_count, struct fam_status *status)
{
    Fam__V1__ListNotificationsRequest request = FAM__V1__LIST_NOTIFICATIONS_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    bool named = resend->n_notification_ids > 0;
    options.read_only = true;
    request.page_size = named ? FAM_LEFT_MAX : 1;
    request.notification_ids = resend->notification_ids;
    request.n_notification_ids = resend->n_notification_ids;
    request.user_id = named ? request.user_id : resend->user_id;
    request.kind = named ? request.kind : resend->kind;
    fam_rpc_init(&rpc, &options);
    enum fam_code code =
        FAM_RPC(ctl->client, fam__v1__notification_service, list_notifications, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__ListNotificationsResponse *response =
            (const Fam__V1__ListNotificationsResponse *)fam_rpc_response(&rpc);
        *ret_count = response->n_notifications;
        for (size_t i = 0; i < response->n_notifications; i++) {
            fam_left_note(left, ctl, response->notifications[i]->notification_id,
                          (int)response->notifications[i]->state);
        }
    }
    fam_rpc_done(&rpc);
    return code;
}

/* The count, and why it is not what was asked for. */
static enum fam_code show_resend(struct fam_ctl *ctl, const Fam__V1__ResendRequest *request, struct fam_left *left,
                                 int64_t count, struct fam_status *status)
{
    bool dry_run = fam_ctl_is_dry_run(ctl);
    size_t found = 0;
    enum fam_code code = FAM_OK;
    fam_out_field(&ctl->out, dry_run ? "would_resend" : "resent", dry_run ? "Would be sent again" : "Sent again",
                  FAM_NUMBER(count));
    if (request->n_notification_ids > 0) {
        fam_left_show(ctl, left, &LEFT, count);
    } else if (count == 0) {
        code = look(ctl, request, left, &found, status);
        if (code == FAM_OK) {
            fam_out_field(&ctl->out, "why", "Why",
                          FAM_TEXT(found == 0
                                       ? "no notification matches"
                                       : "none of those that match failed or expired; others are not sent again"));
        }
    }
    if (dry_run) {
        fam_out_note(&ctl->out, count >= AT_ONCE ? "There may be more. Nothing was changed." : "Nothing was changed.");
    }
    return code;
}

/* What is named is no risk; what is chosen by flags is counted and asked about first. */
enum fam_code fam_ctl_notify_resend(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__ResendRequest request;
    struct fam_left left = {.states = {0}};
    int64_t count = 0, total = 0;
    size_t found = 0;
    bool dry_run = fam_ctl_is_dry_run(ctl);
    enum fam_code code = read_request(ctl, &request, status);
    bool asks = request.n_notification_ids == 0 && fam_parsed_value(ctl->parsed, "--yes") == NULL;
    if (code == FAM_OK && request.n_notification_ids > 0) {
        code = look(ctl, &request, &left, &found, status);
    }
    if (code == FAM_OK && (dry_run || asks)) {
        code = call(ctl, &request, true, &count, status);
    }
    if (code == FAM_OK && !dry_run && asks && count > 0) {
        char question[128];
        (void)snprintf(question, sizeof(question), "%s%" PRId64 " notifications are sent again?",
                       count >= AT_ONCE ? "At least " : "", count);
        code = fam_ctl_confirm(ctl, question, "nothing was sent again", status);
    }
    if (code == FAM_OK && !dry_run && (!asks || count > 0)) {
        code = resend_all(ctl, &request, &total, status);
    }
    return code == FAM_OK ? show_resend(ctl, &request, &left, dry_run ? count : total, status) : code;
}
