/* /report: which period, and the report itself: a picture with its words, one message. */
#include "dialog/report.h"

#include <stdio.h>
#include <string.h>

#include "dialog/history.h"
#include "dialog/people.h"

static char *text(const char *constant)
{
    return (char *)(uintptr_t)constant; /* protobuf-c knows no const, and nothing writes to it */
}

static const char *file_name(Fam__V1__ReportPeriod period)
{
    switch ((int)period) {
    case FAM__V1__REPORT_PERIOD__REPORT_PERIOD_MONTH:
        return "report-month.png";
    case FAM__V1__REPORT_PERIOD__REPORT_PERIOD_QUARTER:
        return "report-quarter.png";
    default:
        return "report-week.png";
    }
}

/* The choice of a period; `passed`: the one that was just shown. */
static enum fam_code show_choice(struct fam_turn *turn, unsigned passed, const char *words)
{
    struct fam_keyboard keyboard = {0};
    for (unsigned period = 1; period <= FAM__V1__REPORT_PERIOD__REPORT_PERIOD_QUARTER; period++) {
        if (period != passed) {
            fam_turn_button(turn, &keyboard, fam_report_period(turn->locale, (Fam__V1__ReportPeriod)period),
                            FAM_ACTION_REPORT, (uint8_t)period, NULL);
        }
    }
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.reports"), FAM_ACTION_REPORTS, 0, NULL);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.times"), FAM_ACTION_TIMES, 0, NULL);
    return fam_people_show(turn, words, &keyboard);
}

enum fam_code fam_report_command(struct fam_turn *turn)
{
    fam_state_leave(&turn->state);
    return show_choice(turn, 0, T(turn->locale, "report.ask"));
}

/* What a family of several reads may tell one of another: it can't be passed on with a tap. */
static enum fam_code is_of_several(struct fam_turn *turn, bool *ret_is)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Family *family = NULL;
    *ret_is = false;
    if (!turn->user->family_id[0]) {
        return FAM_OK;
    }
    enum fam_code code = fam_children_family(turn, &reply, &family);
    *ret_is = code == FAM_OK && family && family->n_parents > 1;
    return code;
}

static void add_buttons(const struct fam_turn *turn, const Fam__V1__Report *report, bool is_shortened, bool protect,
                        struct fam_keyboard *keyboard)
{
    struct fam_uuid id;
    if (is_shortened && fam_uuid_parse(report->report_id, &id)) {
        fam_turn_button(turn, keyboard, T(turn->locale, "button.more"), FAM_ACTION_REPORT_OPEN, 1, &id);
    }
    if (protect) {
        fam_turn_button(turn, keyboard, T(turn->locale, "button.remove"), FAM_ACTION_REMOVE, 0, NULL);
    }
}

/* In words alone, however many messages that takes. */
static enum fam_code send_words(struct fam_turn *turn, const Fam__V1__Report *report, bool protect,
                                int64_t *ret_message_id)
{
    bool is_shortened;
    struct fam_keyboard keyboard = {0};
    const struct fam_messenger *messenger = &turn->messenger;
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    fam_report_lay_out(turn->locale, report, 0, &html, &is_shortened);
    if (fam_html_failed(&html)) {
        return fam_fail_memory(turn->status);
    }
    add_buttons(turn, report, false, protect, &keyboard);
    const struct fam_outgoing message = {.chat_id = turn->update->chat_id,
                                         .html = fam_html_text(&html),
                                         .keyboard = &keyboard,
                                         .protect = protect,
                                         .guard = turn->guard.may ? &turn->guard : NULL};
    return messenger->send(messenger->context, &message, ret_message_id, turn->status);
}

static enum fam_code send_picture(struct fam_turn *turn, const Fam__V1__GetReportResponse *response, bool protect,
                                  int64_t *ret_message_id)
{
    bool is_shortened;
    struct fam_keyboard keyboard = {0};
    const struct fam_messenger *messenger = &turn->messenger;
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    fam_report_lay_out(turn->locale, response->report, FAM_CAPTION_UNITS, &html, &is_shortened);
    if (fam_html_failed(&html)) {
        return fam_fail_memory(turn->status);
    }
    add_buttons(turn, response->report, is_shortened, protect, &keyboard);
    const struct fam_photo photo = {.chat_id = turn->update->chat_id,
                                    .file_name = file_name(response->report->period),
                                    .content_type = "image/png",
                                    .data = response->picture.data,
                                    .size = response->picture.len,
                                    .html = fam_html_text(&html),
                                    .keyboard = &keyboard,
                                    .protect = protect,
                                    .guard = turn->guard.may ? &turn->guard : NULL};
    return messenger->send_photo(messenger->context, &photo, ret_message_id, turn->status);
}

/* A picture that Telegram does not take costs nobody the words. */
static enum fam_code send_report(struct fam_turn *turn, const Fam__V1__GetReportResponse *response,
                                 int64_t *ret_message_id)
{
    bool protect;
    enum fam_code code = is_of_several(turn, &protect);
    if (code != FAM_OK) {
        return code;
    }
    if (response->picture.len > 0 && response->picture.len <= FAM_PHOTO_BYTES) {
        code = send_picture(turn, response, protect, ret_message_id);
        if (code != FAM_INVALID_ARGUMENT) {
            return code;
        }
        *turn->status = (struct fam_status){0};
    }
    return send_words(turn, response->report, protect, ret_message_id);
}

/* `report_id`: one of the archive; "": one of `period`, until now. */
static enum fam_code get(struct fam_turn *turn, const char *report_id, Fam__V1__ReportPeriod period, bool picture,
                         struct fam_backend_reply *ret_reply, const Fam__V1__GetReportResponse **ret_response)
{
    Fam__V1__GetReportRequest request = FAM__V1__GET_REPORT_REQUEST__INIT;
    request.report_id = text(report_id);
    request.period = period;
    request.picture = picture;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_GET_REPORT, NULL, &request.base, ret_reply);
    if (code != FAM_OK) {
        return code;
    }
    *ret_response = (const Fam__V1__GetReportResponse *)ret_reply->message;
    return (*ret_response)->report ? FAM_OK
                                   : fam_fail(turn->status, FAM_INTERNAL, "GetReport answers without a report");
}

static bool is_gone(enum fam_code code)
{
    return code == FAM_NOT_FOUND || code == FAM_PERMISSION_DENIED;
}

static enum fam_code refused(struct fam_turn *turn, enum fam_code code)
{
    return is_gone(code) ? fam_people_show(turn, T(turn->locale, "report.gone"), NULL) : fam_people_refused(turn, code);
}

static void show_uploading(const struct fam_turn *turn)
{
    turn->messenger.uploading(turn->messenger.context, turn->update->chat_id, true);
}

/* The button of a period that was just shown is gone from its message; a second tap came before that was seen. */
static bool was_shown(const struct fam_turn *turn, unsigned period)
{
    return fam_view_is_on_show(turn, FAM_VIEW_REPORTED) && turn->state.view.page == (int64_t)period;
}

static enum fam_code make(struct fam_turn *turn, Fam__V1__ReportPeriod period)
{
    char words[256];
    int64_t message_id;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    const Fam__V1__GetReportResponse *response = NULL;
    show_uploading(turn);
    enum fam_code code = get(turn, "", period, true, &reply, &response);
    if (code != FAM_OK) {
        return refused(turn, code);
    }
    code = send_report(turn, response, &message_id);
    if (code != FAM_OK) {
        return code;
    }
    turn->state.view =
        (struct fam_view){.kind = FAM_VIEW_REPORTED, .message_id = turn->update->message_id, .page = (int64_t)period};
    const struct fam_arg args[] = {{"period", fam_report_period(turn->locale, period)}};
    fam_locale_format(words, sizeof(words), T(turn->locale, "report.shown"), args, 1);
    return show_choice(turn, (unsigned)period, words);
}

enum fam_code fam_report_press(struct fam_turn *turn)
{
    unsigned period = turn->pressed.argument;
    if (period == FAM__V1__REPORT_PERIOD__REPORT_PERIOD_UNSPECIFIED ||
        period > FAM__V1__REPORT_PERIOD__REPORT_PERIOD_QUARTER) {
        return show_choice(turn, 0, T(turn->locale, "report.ask"));
    }
    return was_shown(turn, period) ? FAM_OK : make(turn, (Fam__V1__ReportPeriod)period);
}

enum fam_code fam_report_open(struct fam_turn *turn)
{
    bool protect = false, in_words = turn->pressed.argument == 1;
    char id[FAM_UUID_TEXT_SIZE];
    int64_t message_id;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    const Fam__V1__GetReportResponse *response = NULL;
    if (fam_uuid_is_nil(&turn->pressed.entry)) {
        return FAM_OK;
    }
    turn->keep_pressed = true; /* the archive, or the picture, stays */
    fam_uuid_format(&turn->pressed.entry, id);
    if (!in_words) {
        show_uploading(turn);
    }
    enum fam_code code = get(turn, id, FAM__V1__REPORT_PERIOD__REPORT_PERIOD_UNSPECIFIED, !in_words, &reply, &response);
    if (code != FAM_OK) {
        return refused(turn, code);
    }
    if (!in_words) {
        return send_report(turn, response, &message_id);
    }
    code = is_of_several(turn, &protect);
    return code == FAM_OK ? send_words(turn, response->report, protect, &message_id) : code;
}

/* Without its picture it is still worth reading; a server that is away is waited for. */
enum fam_code fam_report_deliver(struct fam_turn *turn, const Fam__V1__Report *report, int64_t *ret_message_id)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    const Fam__V1__GetReportResponse *response = NULL;
    Fam__V1__GetReportResponse in_words = FAM__V1__GET_REPORT_RESPONSE__INIT;
    enum fam_code code =
        get(turn, report->report_id, FAM__V1__REPORT_PERIOD__REPORT_PERIOD_UNSPECIFIED, true, &reply, &response);
    if (code == FAM_UNAVAILABLE || code == FAM_DEADLINE_EXCEEDED || code == FAM_RESOURCE_EXHAUSTED ||
        code == FAM_ABORTED || code == FAM_CANCELLED) {
        return code;
    }
    if (code != FAM_OK) {
        *turn->status = (struct fam_status){0};
        in_words.report = (Fam__V1__Report *)(uintptr_t)report;
        response = &in_words;
    }
    return send_report(turn, response, ret_message_id);
}
