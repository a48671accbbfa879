/* notify_show.c: see notify_show.h. */
#include "services/notify_show.h"

#include "base/clock.h"
#include "report/report.h"
#include "services/checkin_view.h"
#include "services/translate_call.h"
#include "store/checkin_settings.h"
#include "store/store.h"
#include "store/words.h"

enum { QUIET_EDGE_MS = 60000 };

static bool has_kind(const Fam__V1__Reading *reading, Fam__V1__ResponseKind kind)
{
    for (size_t i = 0; i < reading->n_responses; i++) {
        if (reading->responses[i]->kind == kind) {
            return true;
        }
    }
    return false;
}

bool fam_advice_differs(const Fam__V1__Reading *a, const Fam__V1__Reading *b)
{
    Fam__V1__Emotion first_a = a->primary != NULL ? a->primary->emotion : FAM__V1__EMOTION__EMOTION_UNSPECIFIED;
    Fam__V1__Emotion first_b = b->primary != NULL ? b->primary->emotion : FAM__V1__EMOTION__EMOTION_UNSPECIFIED;
    Fam__V1__Need need_a = a->n_needs > 0 ? a->needs[0] : FAM__V1__NEED__NEED_UNSPECIFIED;
    Fam__V1__Need need_b = b->n_needs > 0 ? b->needs[0] : FAM__V1__NEED__NEED_UNSPECIFIED;
    if (first_a != first_b || need_a != need_b || a->n_responses != b->n_responses) {
        return true;
    }
    for (size_t i = 0; i < a->n_responses; i++) {
        if (!has_kind(b, a->responses[i]->kind)) {
            return true;
        }
    }
    return false;
}

/* A danger that the message in the chat does not tell of; with no message, any. */
static bool brings_danger(const struct fam_entry *entry)
{
    for (size_t i = 0; i < entry->safety_count; i++) {
        bool known = false;
        for (size_t j = 0; j < entry->shown_count; j++) {
            known = known || entry->shown[j] == entry->safety[i];
        }
        if (!known) {
            return true;
        }
    }
    return false;
}

/* *ret_changed compared with the reading that the chat shows; false when it shows none. */
static enum fam_code compare(struct fam_services_context *context, const struct fam_entry *entry, bool *ret_changed,
                             struct fam_status *status)
{
    Fam__V1__Reading *before = NULL;
    *ret_changed = false;
    if (!entry->has_delivery) {
        return FAM_OK;
    }
    enum fam_code code =
        fam_entry_reading(context->store, &entry->user_id, &entry->entry_id, entry->delivered_version, &before, status);
    if (code == FAM_OK) {
        *ret_changed = fam_advice_differs(before, entry->reading);
        fam__v1__reading__free_unpacked(before, NULL);
    }
    return code;
}

static enum fam_code make_better(struct fam_services_context *context, struct fam_reply *reply,
                                 const struct fam_leased *leased, const struct fam_entry *entry,
                                 Fam__V1__BetterReading **ret_better, struct fam_status *status)
{
    bool changed = false;
    Fam__V1__BetterReading *better = fam_reply_alloc(reply, sizeof(*better));
    enum fam_code code = fam_reply_check(reply, status);
    if (code == FAM_OK) {
        code = compare(context, entry, &changed, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    fam__v1__better_reading__init(better);
    better->advice_changed = changed;
    better->new_danger = brings_danger(entry);
    code = fam_translate_show(context, reply, entry, leased->country, &better->entry, status);
    /* Nobody is called by an edit: what must be seen comes as a message of its own. */
    if (code == FAM_OK && entry->has_delivery && entry->delivery_age_ms < FAM_REPLACE_WITHIN_MS && !changed &&
        !better->new_danger) {
        better->replace = better->entry->delivery;
    }
    *ret_better = better;
    return code;
}

/* The newest reading, unless the chat shows it already. */
static enum fam_code show_better(struct fam_services_context *context, struct fam_reply *reply,
                                 const struct fam_leased *leased, struct fam_entry *ret_entry, struct fam_shown *shown,
                                 struct fam_status *status)
{
    const struct fam_lease_key key = {.notification_id = leased->notification_id, .token = leased->token};
    enum fam_code code = fam_entry_get(context->store, &leased->user_id, &leased->entry_id, ret_entry, status);
    if (code == FAM_NOT_FOUND || code == FAM_DATA_LOSS) {
        shown->notification = NULL;
        shown->reason = "ENTRY_GONE";
        return FAM_OK;
    }
    if (code != FAM_OK) {
        return code;
    }
    int32_t newest = ret_entry->reading->version;
    if (ret_entry->has_delivery && ret_entry->delivered_version >= newest) {
        shown->notification = NULL;
        shown->reason = "SHOWN_ALREADY";
        return FAM_OK;
    }
    if (newest > leased->reading_version) {
        code = fam_notification_shows(context->store, &key, newest, status);
    }
    if (code == FAM_ABORTED) {
        shown->notification = NULL;
        return FAM_OK;
    }
    return code == FAM_OK ? make_better(context, reply, leased, ret_entry, &shown->notification->better_reading, status)
                          : code;
}

/* The message of a kind, into its field; false: it can't be understood. */
static bool unpack_body(struct fam_reply *reply, const struct fam_leased *leased, Fam__V1__Notification *made)
{
    const ProtobufCMessageDescriptor *descriptor = NULL;
    switch (leased->kind) {
    case FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_CHECKIN:
        descriptor = &fam__v1__checkin_prompt__descriptor;
        break;
    case FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_CHECKIN_REMINDER:
        descriptor = &fam__v1__checkin_reminder__descriptor;
        break;
    case FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT:
        descriptor = &fam__v1__week_summary__descriptor;
        break;
    case FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_NOTICE:
        descriptor = &fam__v1__notice__descriptor;
        break;
    case FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_FOLLOW_UP:
        descriptor = &fam__v1__follow_up__descriptor;
        break;
    case FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_BROADCAST:
        descriptor = &fam__v1__broadcast__descriptor;
        break;
    default:
        return false;
    }
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, NULL, leased->body.size, leased->body.data);
    if (message == NULL) {
        return false;
    }
    fam_reply_keep(reply, message);
    void *kept = message;
    made->checkin = descriptor == &fam__v1__checkin_prompt__descriptor ? kept : NULL;
    made->reminder = descriptor == &fam__v1__checkin_reminder__descriptor ? kept : NULL;
    made->week = descriptor == &fam__v1__week_summary__descriptor ? kept : NULL;
    made->notice = descriptor == &fam__v1__notice__descriptor ? kept : NULL;
    made->follow_up = descriptor == &fam__v1__follow_up__descriptor ? kept : NULL;
    made->broadcast = descriptor == &fam__v1__broadcast__descriptor ? kept : NULL;
    return true;
}

static void show_body(struct fam_reply *reply, const struct fam_leased *leased, struct fam_shown *shown)
{
    if (!unpack_body(reply, leased, shown->notification)) {
        shown->notification = NULL;
        shown->reason = "CONTENT_GONE";
    }
}

/* An ordinary question has no body: it is put together from the entry as it is now. */
static enum fam_code show_question(struct fam_services_context *context, struct fam_reply *reply,
                                   const struct fam_leased *leased, struct fam_entry *ret_entry,
                                   struct fam_shown *shown, struct fam_status *status)
{
    Fam__V1__FollowUp *question = fam_reply_alloc(reply, sizeof(*question));
    enum fam_code code = fam_reply_check(reply, status);
    if (code == FAM_OK) {
        code = fam_entry_get(context->store, &leased->user_id, &leased->entry_id, ret_entry, status);
    }
    if (code == FAM_NOT_FOUND || code == FAM_DATA_LOSS) {
        shown->reason = "ENTRY_GONE";
    } else if (code != FAM_OK) {
        return code;
    } else if (ret_entry->has_rating) {
        shown->reason = "RATED";
    } else if (ret_entry->safety_count > 0) {
        shown->reason = "DANGER"; /* found since: only who agreed to it is asked */
    }
    if (shown->reason != NULL) {
        shown->notification = NULL;
        return FAM_OK;
    }
    fam__v1__follow_up__init(question);
    question->entry_id = fam_reply_uuid(reply, &leased->entry_id);
    shown->notification->follow_up = question;
    return fam_reply_check(reply, status);
}

/* A check-in with its first question, in the language of the moment; what was begun or left out meanwhile is not asked
 * again. */
static enum fam_code show_checkin(struct fam_services_context *context, struct fam_reply *reply,
                                  const struct fam_leased *leased, struct fam_shown *shown, struct fam_status *status)
{
    fam_auto(fam_checkin_done) struct fam_checkin checkin = {.said_count = 0};
    const struct fam_checkin_person person = {.questions = context->questions, .language = leased->language};
    enum fam_code code = fam_checkin_get(context->store, &leased->user_id, &leased->checkin_id, &checkin, status);
    if (code != FAM_OK && code != FAM_NOT_FOUND && code != FAM_DATA_LOSS) {
        return code;
    }
    const struct fam_checkin_set *set =
        code == FAM_OK ? fam_checkin_set_find(context->questions, checkin.question_set) : NULL;
    if (set == NULL || checkin.state != FAM__V1__CHECKIN_STATE__CHECKIN_STATE_SENT) {
        shown->notification = NULL;
        shown->reason = "CHECKIN_OVER";
        return FAM_OK;
    }
    Fam__V1__CheckinPrompt *prompt = fam_reply_alloc(reply, sizeof(*prompt));
    if (prompt != NULL) {
        fam__v1__checkin_prompt__init(prompt);
        prompt->name = fam_reply_text(reply, fam_checkin_slot_word(checkin.slot));
        prompt->checkin_id = fam_reply_uuid(reply, &checkin.checkin_id);
        prompt->slot = checkin.slot;
        prompt->question = fam_reply_question(reply, &person, &set->questions[0], NULL);
        prompt->expires_at_ms = checkin.expires_at_ms;
        shown->notification->checkin = prompt;
    }
    return fam_reply_check(reply, status);
}

/* The report that a weekly one names, from the archive. One of before there was an archive is its summary alone. */
static enum fam_code show_report(struct fam_services_context *context, struct fam_reply *reply,
                                 const struct fam_leased *leased, struct fam_shown *shown, struct fam_status *status)
{
    struct fam_uuid report_id;
    Fam__V1__Report *report = NULL;
    show_body(reply, leased, shown);
    if (shown->notification == NULL || shown->notification->week == NULL ||
        !fam_uuid_parse(shown->notification->week->report_id, &report_id)) {
        return fam_reply_check(reply, status);
    }
    enum fam_code code = fam_report_show(context->store, &leased->user_id, &report_id, &report, status);
    if (code == FAM_NOT_FOUND || code == FAM_DATA_LOSS) {
        shown->notification = NULL;
        shown->reason = "REPORT_GONE";
        return FAM_OK;
    }
    if (code == FAM_OK) {
        fam_reply_keep(reply, &report->base);
        shown->notification->report = report;
        code = fam_reply_check(reply, status);
    }
    return code;
}

/* What nobody asked for at this moment, and what a pause and quiet hours therefore silence. */
static bool is_silenced(const struct fam_leased *leased)
{
    return leased->kind == FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_CHECKIN ||
           leased->kind == FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_CHECKIN_REMINDER ||
           leased->kind == FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT;
}

/* Whoever made it looked at the same wishes, and a change takes back what waits: this is for what was in a bot's hands
 * then, and for what is sent again. Clocks of servers differ, so the last minute of quiet hours is none. */
static enum fam_code ask_wishes(struct fam_services_context *context, const struct fam_leased *leased,
                                const char **ret_reason, struct fam_status *status)
{
    struct fam_quiet quiet = {.is_paused = false};
    struct fam_db *db = NULL;
    int64_t now_ms = fam_wall_ms();
    enum fam_code code = fam_store_get(context->store, &db, status);
    if (code == FAM_OK) {
        code = fam_quiet_at(db, &leased->user_id, now_ms, &quiet, status);
    }
    fam_store_put(context->store, db);
    if (code != FAM_OK) {
        return code;
    }
    bool is_report = leased->kind == FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT;
    *ret_reason = quiet.is_paused                           ? "PAUSED"
                  : is_report && !quiet.weekly_report       ? "SWITCHED_OFF"
                  : quiet.until_ms > now_ms + QUIET_EDGE_MS ? "QUIET_HOURS"
                                                            : NULL;
    return FAM_OK;
}

static Fam__V1__Notification *make_notification(struct fam_reply *reply, const struct fam_leased *leased,
                                                uint32_t lease_ms)
{
    Fam__V1__Notification *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__notification__init(made);
    made->notification_id = fam_reply_uuid(reply, &leased->notification_id);
    made->lease_token = fam_reply_uuid(reply, &leased->token);
    made->lease_ms = lease_ms;
    made->kind = leased->kind;
    made->lane = leased->lane;
    made->user_id = fam_reply_uuid(reply, &leased->user_id);
    made->chat_id = leased->chat_id;
    made->language = leased->language;
    made->attempt = leased->attempt;
    made->maybe_shown = leased->began;
    made->created_at_ms = leased->created_at_ms;
    return made;
}

enum fam_code fam_notify_show(struct fam_services_context *context, struct fam_reply *reply,
                              const struct fam_leased *leased, uint32_t lease_ms, struct fam_entry *ret_entry,
                              struct fam_shown *ret_shown, struct fam_status *status)
{
    *ret_shown = (struct fam_shown){.notification = NULL};
    if (leased->is_gone) {
        ret_shown->reason = "KEY_GONE";
        return FAM_OK;
    }
    bool is_question =
        leased->kind == FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_FOLLOW_UP && leased->body.size == 0;
    /* That somebody looked is told to whoever stores something here, with or without consent to messages; what was
     * agreed to by itself comes, too: withdrawing the consent takes it out of the table. */
    bool is_owed = leased->lane == FAM__V1__LANE__LANE_ANSWERS ||
                   leased->kind == FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_NOTICE ||
                   (leased->kind == FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_FOLLOW_UP && !is_question);
    /* Who has withdrawn that, too, is still told when an operator looks at what is left. */
    bool may_process = leased->may_process || leased->kind == FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_NOTICE;
    if (!may_process || (!is_owed && !leased->may_notify)) {
        ret_shown->reason = "CONSENT_WITHDRAWN";
        return FAM_OK;
    }
    if (is_question && !leased->may_ask) {
        ret_shown->reason = "SWITCHED_OFF";
        return FAM_OK;
    }
    enum fam_code code = is_silenced(leased) ? ask_wishes(context, leased, &ret_shown->reason, status) : FAM_OK;
    if (code != FAM_OK || ret_shown->reason != NULL) {
        return code;
    }
    ret_shown->notification = make_notification(reply, leased, lease_ms);
    code = fam_reply_check(reply, status);
    if (code == FAM_OK && leased->kind == FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_BETTER_READING) {
        code = show_better(context, reply, leased, ret_entry, ret_shown, status);
    } else if (code == FAM_OK && is_question) {
        code = show_question(context, reply, leased, ret_entry, ret_shown, status);
    } else if (code == FAM_OK && leased->has_checkin) {
        code = show_checkin(context, reply, leased, ret_shown, status);
    } else if (code == FAM_OK && leased->kind == FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT) {
        code = show_report(context, reply, leased, ret_shown, status);
    } else if (code == FAM_OK) {
        show_body(reply, leased, ret_shown);
        code = fam_reply_check(reply, status);
    }
    return code;
}
