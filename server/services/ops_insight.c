/* ops_insight.c: see ops_insight.h. */
#include "services/ops_insight.h"

#include <stdlib.h>

#include "base/clock.h"
#include "notify/bell.h"
#include "services/reply.h"
#include "store/activity_store.h"
#include "store/audit_store.h"
#include "store/business_store.h"
#include "store/feedback_store.h"
#include "store/retention_store.h"
#include "store/stats_store.h"

static char *reply_id(struct fam_reply *reply, const struct fam_uuid *id)
{
    return fam_uuid_is_nil(id) ? fam_reply_text(reply, "") : fam_reply_uuid(reply, id);
}

/* ---- entries ---- */

static Fam__V1__EntrySummary *reply_summary(struct fam_reply *reply, const struct fam_entry_summary *summary)
{
    Fam__V1__EntrySummary *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__entry_summary__init(made);
    made->entry_id = fam_reply_uuid(reply, &summary->entry_id);
    made->user_id = fam_reply_uuid(reply, &summary->user_id);
    made->family_id = reply_id(reply, &summary->family_id);
    made->child_id = reply_id(reply, &summary->child_id);
    made->language = summary->language;
    made->engine = summary->engine;
    made->readings = summary->readings;
    made->created_at_ms = summary->created_at_ms;
    made->shared = summary->shared;
    return made;
}

/* An id that may be left out. */
static enum fam_code read_id(const char *text, const char *field, struct fam_uuid *id, const struct fam_uuid **ret_id,
                             struct fam_status *status)
{
    *ret_id = NULL;
    if (text[0] == '\0') {
        return FAM_OK;
    }
    *ret_id = id;
    return fam_service_uuid(text, field, id, status);
}

struct summaries {
    struct fam_entry_summary *list;
    size_t count;
    bool more;
};

static void summaries_done(struct summaries *summaries)
{
    free(summaries->list);
}

void fam_ops_list_entry_summaries(struct fam_services_context *context,
                                  const Fam__V1__ListEntrySummariesRequest *request,
                                  Fam__V1__ListEntrySummariesResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct fam_service_page page = {.limit = 0};
    struct fam_uuid user, family;
    const struct fam_uuid *user_id = NULL, *family_id = NULL;
    fam_auto(summaries_done) struct summaries found = {.list = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ListEntrySummariesResponse response = FAM__V1__LIST_ENTRY_SUMMARIES_RESPONSE__INIT;
    enum fam_code code = fam_service_read_page(request->page_size, request->page_token, &page, &status);
    if (code == FAM_OK) {
        code = read_id(request->user_id, "user_id", &user, &user_id, &status);
    }
    if (code == FAM_OK) {
        code = read_id(request->family_id, "family_id", &family, &family_id, &status);
    }
    if (code == FAM_OK) {
        code = fam_entry_summaries(context->store, user_id, family_id, page.before, page.limit, &found.list,
                                   &found.count, &found.more, &status);
    }
    if (code == FAM_OK) {
        response.entries = fam_reply_alloc(&reply, (found.count + 1) * sizeof(*response.entries));
        for (size_t i = 0; response.entries != NULL && i < found.count; i++) {
            response.entries[i] = reply_summary(&reply, &found.list[i]);
        }
        response.n_entries = found.count;
        response.next_page_token = found.more && found.count > 0
                                       ? fam_reply_uuid(&reply, &found.list[found.count - 1].entry_id)
                                       : fam_reply_text(&reply, "");
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

/* ---- feedback ---- */

struct words {
    struct fam_feedback *list;
    size_t count;
    bool more;
};

static void words_done(struct words *words)
{
    fam_feedback_free(words->list, words->count);
}

/* Before anything is shown: a line in the audit for each, and its author is told. */
static enum fam_code tell_authors(struct fam_services_context *context, const struct fam_call *call,
                                  const struct words *words, struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    bool any = false;
    for (size_t i = 0; code == FAM_OK && i < words->count; i++) {
        bool told = false;
        const struct fam_audit audit = {.principal = fam_call_principal(call)->scope,
                                        .method = fam_call_method(call)->name,
                                        .user_id = &words->list[i].user_id,
                                        .target_id = &words->list[i].feedback_id,
                                        .reason = fam_call_reason(call),
                                        .request_id = fam_call_request_id(call)};
        code = fam_audit_look(context->store, &audit, &told, status);
        any = any || told;
    }
    if (any) {
        fam_bell_ring(context->bell);
    }
    return code;
}

static Fam__V1__Feedback *reply_feedback(struct fam_reply *reply, const struct fam_feedback *feedback)
{
    Fam__V1__Feedback *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__feedback__init(made);
    made->feedback_id = fam_reply_uuid(reply, &feedback->feedback_id);
    made->user_id = fam_reply_uuid(reply, &feedback->user_id);
    made->rating = feedback->rating;
    made->text = fam_reply_text(reply, feedback->text);
    made->created_at_ms = feedback->created_at_ms;
    return made;
}

void fam_ops_list_feedback(struct fam_services_context *context, const Fam__V1__ListFeedbackRequest *request,
                           Fam__V1__ListFeedbackResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct fam_service_page page = {.limit = 0};
    struct fam_uuid only = {{0}};
    fam_auto(words_done) struct words words = {.list = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ListFeedbackResponse response = FAM__V1__LIST_FEEDBACK_RESPONSE__INIT;
    enum fam_code code = fam_call_reason(call)[0] != '\0'
                             ? fam_service_read_page(request->page_size, request->page_token, &page, &status)
                             : fam_fail_reason(&status, FAM_PERMISSION_DENIED, "REASON_REQUIRED", 0,
                                               "what people told is personal: say why; it is audited");
    if (code == FAM_OK && request->feedback_id[0] != '\0') {
        code = fam_service_uuid(request->feedback_id, "feedback_id", &only, &status);
    }
    if (code == FAM_OK) {
        code = fam_feedback_list(context->store, fam_uuid_is_nil(&only) ? NULL : &only, page.before, page.limit,
                                 &words.list, &words.count, &words.more, &status);
    }
    if (code == FAM_OK) {
        code = tell_authors(context, call, &words, &status);
    }
    if (code == FAM_OK) {
        response.feedback = fam_reply_alloc(&reply, (words.count + 1) * sizeof(*response.feedback));
        for (size_t i = 0; response.feedback != NULL && i < words.count; i++) {
            response.feedback[i] = reply_feedback(&reply, &words.list[i]);
        }
        response.n_feedback = words.count;
        response.next_page_token =
            words.more ? fam_reply_uuid(&reply, &words.list[words.count - 1].feedback_id) : fam_reply_text(&reply, "");
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

/* ---- numbers ---- */

void fam_ops_get_retention(struct fam_services_context *context, const Fam__V1__GetRetentionRequest *request,
                           Fam__V1__GetRetentionResponse_Closure closure, struct fam_call *call)
{
    (void)request;
    struct fam_status status;
    struct fam_retention_overdue overdue;
    struct fam_business_value values[FAM_BUSINESS_COUNT];
    Fam__V1__GetRetentionResponse response = FAM__V1__GET_RETENTION_RESPONSE__INIT;
    enum fam_code code = fam_retention_overdue(context->store, context->retention_days, &overdue, &status);
    if (code == FAM_OK) {
        code = fam_business_read(context->store, values, &status);
    }
    if (code == FAM_OK) {
        const struct fam_business_value *oldest = &values[FAM_BUSINESS_OLDEST_PERSONAL_ROW];
        int64_t age_ms = fam_wall_ms() - (int64_t)(oldest->value * 1000);
        response.default_days = (int32_t)context->retention_days;
        response.families_with_own = overdue.families_with_own;
        response.overdue_rows = overdue.rows;
        response.oldest_personal_ms = oldest->value > 0 && age_ms > 0 ? age_ms : 0;
        response.last_sweep_ms = oldest->computed_at_ms;
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

static void reply_stats(struct fam_reply *reply, const struct fam_stats *stats, Fam__V1__GetStatsResponse *response)
{
    response->users = stats->users;
    response->families = stats->families;
    response->children = stats->children;
    response->entries = stats->entries;
    response->registrations = fam_reply_alloc(reply, (stats->source_count + 1) * sizeof(*response->registrations));
    response->registered = fam_reply_alloc(reply, (stats->day_count + 1) * sizeof(*response->registered));
    for (size_t i = 0; response->registrations != NULL && i < stats->source_count; i++) {
        Fam__V1__SourceCount *made = fam_reply_alloc(reply, sizeof(*made));
        if (made == NULL) {
            return;
        }
        fam__v1__source_count__init(made);
        made->source = stats->sources[i].source;
        made->count = stats->sources[i].count;
        response->registrations[response->n_registrations++] = made;
    }
    for (size_t i = 0; response->registered != NULL && i < stats->day_count; i++) {
        Fam__V1__DayCount *made = fam_reply_alloc(reply, sizeof(*made));
        if (made == NULL) {
            return;
        }
        fam__v1__day_count__init(made);
        made->day = fam_reply_text(reply, stats->days[i].day);
        made->count = stats->days[i].count;
        response->registered[response->n_registered++] = made;
    }
}

static double share(const struct fam_activity *activity, size_t period)
{
    double came = (double)activity->retention[period].came;
    return came > 0 ? (double)activity->retention[period].stayed / came : 0;
}

void fam_ops_get_stats(struct fam_services_context *context, const Fam__V1__GetStatsRequest *request,
                       Fam__V1__GetStatsResponse_Closure closure, struct fam_call *call)
{
    (void)request;
    struct fam_status status;
    struct fam_stats stats;
    struct fam_activity activity;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__GetStatsResponse response = FAM__V1__GET_STATS_RESPONSE__INIT;
    enum fam_code code = fam_stats_read(context->store, &stats, &status);
    if (code == FAM_OK) {
        code = fam_activity_read(context->store, &activity, &status);
    }
    if (code == FAM_OK) {
        reply_stats(&reply, &stats, &response);
        response.active_families = activity.active_families;
        response.retention_day_1 = share(&activity, 0);
        response.retention_day_7 = share(&activity, 1);
        response.retention_day_30 = share(&activity, 2);
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
