#include "dialog/deliver.h"

#include <stdio.h>
#include <string.h>

#include "dialog/answer.h"
#include "dialog/checkin.h"
#include "dialog/reading.h"
#include "dialog/report.h"
#include "dialog/times.h"
#include "dialog/when.h"

enum { LIST_SIZE = 256 };

/* A turn without an update: who it is for is all that is known. */
struct stage {
    struct fam_turn turn;
    struct fam_update update;
    Fam__V1__User user;
    Fam__V1__Consent consent;
    Fam__V1__Consent *consents[1];
    const struct fam_notice *notice;
};

static char *text(const char *constant)
{
    return (char *)(uintptr_t)constant; /* protobuf-c knows no const, and nothing writes to it */
}

static void set_stage(struct stage *stage, struct fam_dialog *dialog, const struct fam_notice *notice,
                      struct fam_status *status)
{
    const Fam__V1__Notification *notification = notice->notification;
    memset(stage, 0, sizeof(*stage));
    stage->notice = notice;
    stage->update = (struct fam_update){.chat_type = FAM_CHAT_PRIVATE,
                                        .chat_id = notification->chat_id,
                                        .from_id = notification->chat_id,
                                        .text = "",
                                        .callback_id = "",
                                        .data = "",
                                        .replied_text = ""};
    fam__v1__user__init(&stage->user);
    fam__v1__consent__init(&stage->consent);
    /* What is told of was stored, so it was agreed to. */
    stage->consent.purpose = FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING;
    stage->consent.granted = true;
    stage->consents[0] = &stage->consent;
    stage->user.consents = stage->consents;
    stage->user.n_consents = 1;
    stage->user.family_id = text("some");
    stage->turn = (struct fam_turn){.dialog = dialog,
                                    .update = &stage->update,
                                    .locale = fam_locales_get(dialog->options.locales, notification->language),
                                    .user = &stage->user,
                                    .messenger = *notice->messenger,
                                    .status = status};
    if (notice->guard) {
        stage->turn.guard = *notice->guard;
    }
    snprintf(stage->turn.user_id, sizeof(stage->turn.user_id), "%s", notification->user_id);
    snprintf(stage->turn.request_id, sizeof(stage->turn.request_id), "n-%.40s", notification->notification_id);
}

/* An entry of a child has a family; for others the server is asked, for the buttons depend on it. */
static enum fam_code learn_family(struct stage *stage, const Fam__V1__Entry *entry)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Family *family = NULL;
    if (entry->child_id[0]) {
        return FAM_OK;
    }
    enum fam_code code = fam_children_family(&stage->turn, &reply, &family);
    if (code == FAM_OK && !family) {
        stage->user.family_id = text("");
    }
    return code;
}

/* As a message of its own. Where the help stands in the chat already (`help_stands`) it is not repeated: a line says
 * that it stays as it is, and begins the message as neutrally as the help did. */
static void lay_out_new(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__BetterReading *better,
                        bool help_stands, bool *ret_shortened)
{
    Fam__V1__Entry entry = *better->entry;
    const char *heading =
        better->advice_changed || better->new_danger ? T(locale, "better.changed") : T(locale, "better.again");
    if (help_stands) {
        entry.safety = NULL;
        heading = T(locale, "better.after_help");
    }
    fam_reading_layout(html, locale, &entry, heading, ret_shortened);
}

/* `is_gone`: the message that showed the answer is not there any more. */
static enum fam_code send_new(struct stage *stage, const Fam__V1__BetterReading *better, bool is_gone,
                              int64_t *ret_message_id)
{
    struct fam_turn *turn = &stage->turn;
    const struct fam_messenger *messenger = &turn->messenger;
    const Fam__V1__Entry *entry = better->entry;
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    bool shortened;
    bool has_shown = entry->delivery && entry->delivery->chat_id == turn->update->chat_id;
    fam_html_init(&html);
    lay_out_new(&html, turn->locale, better, entry->safety && has_shown && !is_gone && !better->new_danger, &shortened);
    enum fam_code code = fam_answer_keyboard(turn, entry, shortened, &keyboard);
    if (code != FAM_OK) {
        return code;
    }
    if (fam_html_failed(&html)) {
        return fam_fail_memory(turn->status);
    }
    const struct fam_outgoing message = {.chat_id = turn->update->chat_id,
                                         .reply_to = has_shown ? entry->delivery->message_id : 0,
                                         .html = fam_html_text(&html),
                                         .keyboard = &keyboard,
                                         .protect = entry->safety != NULL,
                                         .guard = stage->notice->guard};
    code = messenger->send(messenger->context, &message, ret_message_id, turn->status);
    if (better->new_danger && entry->safety) {
        if (code == FAM_OK) {
            fam_turn_count_help(turn, "shown");
        } else if (code == FAM_PERMISSION_DENIED || code == FAM_INVALID_ARGUMENT) {
            fam_turn_count_help(turn, code == FAM_PERMISSION_DENIED ? "blocked" : "missed");
        }
    }
    return code;
}

/* Does that message show another entry by now (the parent corrected the phrase, or tapped an age)? The session knows it
 * of the newest answer; without a session nobody does. */
static enum fam_code is_renewed(struct stage *stage, const Fam__V1__BetterReading *better, bool *ret_is)
{
    struct fam_turn *turn = &stage->turn;
    struct fam_state state;
    Fam__V1__CreateSessionRequest request = FAM__V1__CREATE_SESSION_REQUEST__INIT;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    *ret_is = false;
    request.client = text("telegram");
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_CREATE_SESSION, NULL, &request.base, &reply);
    if (code != FAM_OK) {
        return code == FAM_ABORTED ? code : FAM_OK;
    }
    const Fam__V1__Session *session = ((const Fam__V1__CreateSessionResponse *)reply.message)->session;
    if (session) {
        fam_state_parse(session->state.data, session->state.len, &state);
        *ret_is =
            state.answer_id == better->replace->message_id && strcmp(state.entry_id, better->entry->entry_id) != 0;
    }
    return FAM_OK;
}

/* In place: the same layout as the answer that stands there. NOT_FOUND and INVALID_ARGUMENT: it can't be. */
static enum fam_code replace(struct stage *stage, const Fam__V1__BetterReading *better, int64_t *ret_message_id)
{
    struct fam_turn *turn = &stage->turn;
    const struct fam_messenger *messenger = &turn->messenger;
    struct fam_keyboard keyboard = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    bool shortened;
    fam_html_init(&html);
    fam_reading_layout(&html, turn->locale, better->entry, NULL, &shortened);
    enum fam_code code = fam_answer_keyboard(turn, better->entry, shortened, &keyboard);
    if (code != FAM_OK) {
        return code;
    }
    if (fam_html_failed(&html)) {
        return fam_fail_memory(turn->status);
    }
    const struct fam_outgoing message = {.chat_id = better->replace->chat_id,
                                         .message_id = better->replace->message_id,
                                         .html = fam_html_text(&html),
                                         .keyboard = &keyboard,
                                         .guard = stage->notice->guard};
    *ret_message_id = better->replace->message_id;
    return messenger->edit(messenger->context, &message, turn->status);
}

static enum fam_code show_reading(struct stage *stage, int64_t *ret_message_id)
{
    const Fam__V1__BetterReading *better = stage->notice->notification->better_reading;
    if (!better || !better->entry || !better->entry->reading) {
        return fam_fail_reason(stage->turn.status, FAM_INVALID_ARGUMENT, "REJECTED", 0,
                               "a notification without a reading");
    }
    enum fam_code code = learn_family(stage, better->entry);
    if (code != FAM_OK) {
        return code;
    }
    bool is_gone = false;
    /* A new danger must reach a phone that is in a pocket, and an edit rings nowhere. */
    if (better->replace && better->replace->message_id != 0 && !better->new_danger) {
        bool is_old = false;
        code = is_renewed(stage, better, &is_old);
        if (code != FAM_OK || is_old) {
            *ret_message_id = better->replace->message_id; /* what stands there is newer, and stays */
            return code;
        }
        *stage->turn.status = (struct fam_status){0};
        code = replace(stage, better, ret_message_id);
        is_gone = strcmp(stage->turn.status->reason, "NO_MESSAGE") == 0 ||
                  strcmp(stage->turn.status->reason, "REJECTED") == 0;
        if (code == FAM_OK || !is_gone) {
            return code;
        }
    }
    return send_new(stage, better, is_gone, ret_message_id);
}

static enum fam_code send_plain(struct stage *stage, const struct fam_html *html, const struct fam_keyboard *keyboard,
                                int64_t *ret_message_id)
{
    const struct fam_messenger *messenger = &stage->turn.messenger;
    const struct fam_outgoing message = {.chat_id = stage->turn.update->chat_id,
                                         .html = fam_html_text(html),
                                         .keyboard = keyboard,
                                         .guard = stage->notice->guard};
    if (fam_html_failed(html)) {
        return fam_fail_memory(stage->turn.status);
    }
    return messenger->send(messenger->context, &message, ret_message_id, stage->turn.status);
}

static enum fam_code show_checkin(struct stage *stage, int64_t *ret_message_id)
{
    const Fam__V1__CheckinPrompt *prompt = stage->notice->notification->checkin;
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    if (!prompt || !prompt->question) {
        return fam_fail_reason(stage->turn.status, FAM_INVALID_ARGUMENT, "REJECTED", 0,
                               "a notification without a question");
    }
    const struct fam_checkin_page page = {.checkin_id = prompt->checkin_id,
                                          .question = prompt->question,
                                          .greeting = fam_checkin_greeting(stage->turn.locale, prompt->slot)};
    fam_html_init(&html);
    fam_checkin_lay_out(&stage->turn, &page, &html, &keyboard);
    return send_plain(stage, &html, &keyboard, ret_message_id);
}

static enum fam_code show_reminder(struct stage *stage, int64_t *ret_message_id)
{
    char minutes[32];
    const Fam__V1__CheckinReminder *reminder = stage->notice->notification->reminder;
    const struct fam_locale *locale = stage->turn.locale;
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    if (!reminder) {
        return fam_fail_reason(stage->turn.status, FAM_INVALID_ARGUMENT, "REJECTED", 0,
                               "a notification without a reminder");
    }
    snprintf(minutes, sizeof(minutes), "%d", reminder->minutes);
    const struct fam_arg args[] = {{"n", minutes}};
    fam_html_init(&html);
    fam_locale_add_html(&html, fam_locale_plural(locale, "checkin.reminder", reminder->minutes), args, 1);
    fam_turn_button(&stage->turn, &keyboard, T(locale, "button.pause"), FAM_ACTION_CHECKIN, FAM_CHECKIN_PAUSE, NULL);
    fam_turn_button(&stage->turn, &keyboard, T(locale, "button.times"), FAM_ACTION_TIMES, FAM_TIMES_SHOW, NULL);
    return send_plain(stage, &html, &keyboard, ret_message_id);
}

static void add_emotions(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__WeekSummary *week)
{
    char list[LIST_SIZE] = "";
    for (size_t i = 0; i < week->n_emotions; i++) {
        const char *label = fam_label_emotion(locale, week->emotions[i]->emotion);
        size_t used = strlen(list);
        if (*label && used + strlen(label) + 3 < sizeof(list)) {
            snprintf(list + used, sizeof(list) - used, "%s%s", used > 0 ? ", " : "", label);
        }
    }
    if (*list) {
        const struct fam_arg args[] = {{"list", list}};
        fam_locale_add_html(html, T(locale, "week.emotions"), args, 1);
        fam_html_end_line(html);
    }
}

static void lay_out_week(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__WeekSummary *week)
{
    char entries[32], rated[32], helped[32];
    snprintf(entries, sizeof(entries), "%d", week->entries);
    snprintf(rated, sizeof(rated), "%d", week->rated);
    snprintf(helped, sizeof(helped), "%d", week->helped);
    const struct fam_arg args[] = {{"n", entries}, {"rated", rated}, {"helped", helped}};
    fam_html_add_bold(html, T(locale, "week.title"));
    fam_html_end_line(html);
    if (week->entries <= 0) {
        fam_html_add(html, T(locale, "week.none"));
        return;
    }
    fam_locale_add_html(html, fam_locale_plural(locale, "week.entries", week->entries), args, FAM_ARRAY_SIZE(args));
    fam_html_end_line(html);
    add_emotions(html, locale, week);
    if (week->rated > 0) {
        fam_locale_add_html(html, T(locale, "week.helped"), args, FAM_ARRAY_SIZE(args));
        fam_html_end_line(html);
    }
    fam_html_end_paragraph(html);
    fam_html_add(html, T(locale, "week.thanks"));
}

static enum fam_code show_week(struct stage *stage, int64_t *ret_message_id)
{
    const Fam__V1__WeekSummary *week = stage->notice->notification->week;
    const Fam__V1__Report *report = stage->notice->notification->report;
    fam_auto(fam_html_done) struct fam_html html = {0};
    if (report) {
        return fam_report_deliver(&stage->turn, report, ret_message_id);
    }
    if (!week) {
        return fam_fail_reason(stage->turn.status, FAM_INVALID_ARGUMENT, "REJECTED", 0,
                               "a notification without a week");
    }
    fam_html_init(&html);
    lay_out_week(&html, stage->turn.locale, week);
    return send_plain(stage, &html, NULL, ret_message_id);
}

/* That an operator looked, and nothing of what they saw; that a membership ended, and not whose doing it was; that
 * somebody came: a locked phone shows this. */
static enum fam_code show_notice(struct stage *stage, int64_t *ret_message_id)
{
    char day[FAM_MOMENT_SIZE];
    const Fam__V1__Notice *notice = stage->notice->notification->notice;
    const struct fam_locale *locale = stage->turn.locale;
    fam_auto(fam_html_done) struct fam_html html = {0};
    int kind = notice ? (int)notice->kind : 0;
    bool has_name = notice && notice->name[0];
    const char *text = kind == FAM__V1__NOTICE_KIND__NOTICE_KIND_REMOVED  ? T(locale, "notice.removed")
                       : kind != FAM__V1__NOTICE_KIND__NOTICE_KIND_JOINED ? T(locale, "notice.operator")
                       : has_name                                         ? T(locale, "notice.joined")
                                                                          : T(locale, "notice.joined_unnamed");
    fam_when_day(locale, "", notice ? notice->at_ms : stage->notice->notification->created_at_ms, day);
    const struct fam_arg args[] = {{"day", day}, {"name", has_name ? notice->name : ""}};
    fam_html_init(&html);
    fam_locale_add_html(&html, text, args, FAM_ARRAY_SIZE(args));
    return send_plain(stage, &html, NULL, ret_message_id);
}

/* After a danger the question says nothing of what it was, and each answer to it ends it. */
static void add_follow_up_buttons(const struct fam_turn *turn, struct fam_keyboard *keyboard,
                                  const struct fam_uuid *entry, bool after_danger)
{
    const struct fam_locale *locale = turn->locale;
    const char *const plain[] = {T(locale, "rate.yes"), T(locale, "rate.a_little"), T(locale, "rate.no"),
                                 T(locale, "rate.worse")};
    const char *const wordless[] = {T(locale, "follow_up.better"), T(locale, "follow_up.a_little"),
                                    T(locale, "follow_up.same"), T(locale, "follow_up.harder")};
    for (unsigned i = 0; i < FAM_ARRAY_SIZE(plain); i++) {
        if (i % 2 == 0) {
            fam_keyboard_end_row(keyboard);
        }
        fam_turn_button(turn, keyboard, after_danger ? wordless[i] : plain[i],
                        after_danger ? FAM_ACTION_FOLLOW_UP : FAM_ACTION_RATE_MORE, (uint8_t)(i + 1), entry);
    }
    fam_keyboard_end_row(keyboard);
    if (!after_danger) {
        fam_turn_button(turn, keyboard, T(locale, "follow_up.no_more"), FAM_ACTION_FOLLOW_UP, FAM_FOLLOW_UP_NO_MORE,
                        NULL);
    }
}

static enum fam_code show_follow_up(struct stage *stage, int64_t *ret_message_id)
{
    const Fam__V1__FollowUp *question = stage->notice->notification->follow_up;
    const struct fam_locale *locale = stage->turn.locale;
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    struct fam_uuid entry;
    if (!question || !fam_uuid_parse(question->entry_id, &entry)) {
        return fam_fail_reason(stage->turn.status, FAM_INVALID_ARGUMENT, "REJECTED", 0,
                               "a notification without an entry");
    }
    fam_html_init(&html);
    fam_html_add(&html, question->after_danger ? T(locale, "follow_up.after_danger") : T(locale, "follow_up.question"));
    add_follow_up_buttons(&stage->turn, &keyboard, &entry, question->after_danger);
    return send_plain(stage, &html, &keyboard, ret_message_id);
}

static enum fam_code show_broadcast(struct stage *stage, int64_t *ret_message_id)
{
    const Fam__V1__Broadcast *broadcast = stage->notice->notification->broadcast;
    fam_auto(fam_html_done) struct fam_html html = {0};
    if (!broadcast || !broadcast->text[0]) {
        return fam_fail_reason(stage->turn.status, FAM_INVALID_ARGUMENT, "REJECTED", 0,
                               "a notification without a text");
    }
    fam_html_init(&html);
    fam_html_add(&html, broadcast->text);
    return send_plain(stage, &html, NULL, ret_message_id);
}

enum fam_code fam_dialog_deliver(struct fam_dialog *dialog, const struct fam_notice *notice, int64_t *ret_message_id,
                                 struct fam_status *status)
{
    struct stage stage;
    *ret_message_id = 0;
    *status = (struct fam_status){0};
    set_stage(&stage, dialog, notice, status);
    switch ((int)notice->notification->kind) {
    case FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_BETTER_READING:
        return show_reading(&stage, ret_message_id);
    case FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_CHECKIN:
        return show_checkin(&stage, ret_message_id);
    case FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_CHECKIN_REMINDER:
        return show_reminder(&stage, ret_message_id);
    case FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT:
        return show_week(&stage, ret_message_id);
    case FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_NOTICE:
        return show_notice(&stage, ret_message_id);
    case FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_FOLLOW_UP:
        return show_follow_up(&stage, ret_message_id);
    case FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_BROADCAST:
        return show_broadcast(&stage, ret_message_id);
    default:
        return fam_fail(status, FAM_UNIMPLEMENTED, "a kind of notification that this bot does not know");
    }
}
