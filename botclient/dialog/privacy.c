/* /privacy: what is stored, for how long, what was sent to whom, word for word; the policy. */
#include "dialog/privacy.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "dialog/history.h"
#include "dialog/when.h"

enum { BODY_CHARS = 3000 };

/* What the buttons say. */
enum privacy { PRIVACY_REPORT, PRIVACY_POLICY, PRIVACY_SENT = 0x80 /* + page modulo 128 */ };

static enum fam_code get_report(struct fam_turn *turn, int page_size, const char *token,
                                struct fam_backend_reply *ret_reply)
{
    Fam__V1__GetPrivacyReportRequest request = FAM__V1__GET_PRIVACY_REPORT_REQUEST__INIT;
    request.page_size = page_size;
    request.page_token = (char *)(uintptr_t)token;
    return fam_turn_call(turn, FAM_BACKEND_PRIVACY_REPORT, NULL, &request.base, ret_reply);
}

static const char *stored_name(const struct fam_locale *locale, Fam__V1__StoredKind kind)
{
    switch ((int)kind) {
    case FAM__V1__STORED_KIND__STORED_KIND_PROFILE:
        return T(locale, "stored.profile");
    case FAM__V1__STORED_KIND__STORED_KIND_CONSENTS:
        return T(locale, "stored.consents");
    case FAM__V1__STORED_KIND__STORED_KIND_CHILDREN:
        return T(locale, "stored.children");
    case FAM__V1__STORED_KIND__STORED_KIND_ENTRIES:
        return T(locale, "stored.entries");
    case FAM__V1__STORED_KIND__STORED_KIND_RATINGS:
        return T(locale, "stored.ratings");
    case FAM__V1__STORED_KIND__STORED_KIND_CORRECTIONS:
        return T(locale, "stored.corrections");
    case FAM__V1__STORED_KIND__STORED_KIND_DISCLOSURES:
        return T(locale, "stored.disclosures");
    case FAM__V1__STORED_KIND__STORED_KIND_NOTIFICATIONS:
        return T(locale, "stored.notifications");
    case FAM__V1__STORED_KIND__STORED_KIND_ENDED_NOTIFICATIONS:
        return T(locale, "stored.ended_notifications");
    case FAM__V1__STORED_KIND__STORED_KIND_FEEDBACK:
        return T(locale, "stored.feedback");
    case FAM__V1__STORED_KIND__STORED_KIND_CHECKINS:
        return T(locale, "stored.checkins");
    case FAM__V1__STORED_KIND__STORED_KIND_REPORTS:
        return T(locale, "stored.reports");
    default:
        return T(locale, "stored.other");
    }
}

static void add_stored(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__StoredItem *item)
{
    char count[24], oldest[FAM_MOMENT_SIZE], until[FAM_MOMENT_SIZE];
    snprintf(count, sizeof(count), "%" PRId64, item->count);
    fam_when_day(locale, "", item->oldest_ms, oldest);
    fam_when_day(locale, "", item->kept_until_ms, until);
    const struct fam_arg args[] = {
        {"what", stored_name(locale, item->kind)}, {"n", count}, {"oldest", oldest}, {"until", until}};
    const char *text = *oldest && *until ? T(locale, "privacy.item_until")
                       : *oldest         ? T(locale, "privacy.item_since")
                                         : T(locale, "privacy.item");
    fam_html_add(html, "— ");
    fam_locale_add_html(html, text, args, FAM_ARRAY_SIZE(args));
    fam_html_end_line(html);
}

static const char *recipient_name(const struct fam_locale *locale, const char *name)
{
    return strcmp(name, "anthropic") == 0 ? T(locale, "privacy.anthropic") : name;
}

void fam_privacy_add_recipients(struct fam_html *html, const struct fam_locale *locale,
                                Fam__V1__Recipient *const *recipients, size_t count)
{
    if (count == 0) {
        fam_html_add(html, T(locale, "privacy.sent_nothing"));
        fam_html_end_line(html);
        return;
    }
    fam_html_add(html, T(locale, "privacy.sent"));
    fam_html_end_line(html);
    for (size_t i = 0; i < count; i++) {
        char times[24], last[FAM_MOMENT_SIZE];
        snprintf(times, sizeof(times), "%" PRId64, recipients[i]->count);
        fam_when_day(locale, "", recipients[i]->last_ms, last);
        const struct fam_arg args[] = {
            {"name", recipient_name(locale, recipients[i]->name)}, {"n", times}, {"last", last}};
        fam_html_add(html, "— ");
        fam_locale_add_html(html, fam_locale_plural(locale, "privacy.recipient", recipients[i]->count), args,
                            FAM_ARRAY_SIZE(args));
        fam_html_end_line(html);
    }
}

static void add_consent(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Consent *consent)
{
    char day[FAM_MOMENT_SIZE];
    const char *what =
        consent->purpose == FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING ? T(locale, "privacy.for_processing")
        : consent->purpose == FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI       ? T(locale, "privacy.for_ai")
                                                                           : T(locale, "privacy.for_notifications");
    fam_when_day(locale, "", consent->changed_at_ms, day);
    const struct fam_arg args[] = {{"what", what}, {"day", day}};
    fam_html_add(html, "— ");
    fam_locale_add_html(html, consent->granted ? T(locale, "privacy.granted") : T(locale, "privacy.refused"), args, 2);
    fam_html_end_line(html);
}

static void add_days(struct fam_html *html, const struct fam_locale *locale, const char *key_text, int days)
{
    char number[16], text[64];
    snprintf(number, sizeof(number), "%d", days);
    const struct fam_arg count[] = {{"n", number}};
    fam_locale_format(text, sizeof(text), fam_locale_plural(locale, "days", days), count, 1);
    const struct fam_arg args[] = {{"days", text}};
    fam_locale_add_html(html, key_text, args, 1);
    fam_html_end_line(html);
}

static void lay_out(struct fam_html *html, const struct fam_locale *locale,
                    const Fam__V1__GetPrivacyReportResponse *report)
{
    fam_html_add_bold(html, T(locale, "privacy.title"));
    fam_html_end_line(html);
    bool is_empty = true;
    for (size_t i = 0; i < report->n_stored; i++) {
        if (report->stored[i]->count > 0) {
            add_stored(html, locale, report->stored[i]);
            is_empty = false;
        }
    }
    if (is_empty) {
        fam_html_add(html, T(locale, "privacy.nothing"));
    }
    fam_html_end_paragraph(html);
    if (report->retention_days > 0) {
        add_days(html, locale, T(locale, "privacy.retention"), report->retention_days);
    }
    if (report->backup_days > 0) {
        add_days(html, locale, T(locale, "privacy.copies"), report->backup_days);
    }
    fam_html_end_paragraph(html);
    fam_privacy_add_recipients(html, locale, report->recipients, report->n_recipients);
    fam_html_add(html, report->no_ai ? T(locale, "privacy.no_ai") : "");
    fam_html_end_paragraph(html);
    for (size_t i = 0; i < report->n_consents; i++) {
        add_consent(html, locale, report->consents[i]);
    }
}

static enum fam_code show_report(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    enum fam_code code = get_report(turn, 1, "", &reply);
    if (code != FAM_OK) {
        return code;
    }
    const Fam__V1__GetPrivacyReportResponse *report = (const Fam__V1__GetPrivacyReportResponse *)reply.message;
    fam_html_init(&html);
    lay_out(&html, turn->locale, report);
    if (report->n_disclosures > 0) {
        fam_turn_button(turn, &keyboard, T(turn->locale, "button.sent"), FAM_ACTION_PRIVACY, PRIVACY_SENT, NULL);
    }
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.policy"), FAM_ACTION_PRIVACY, PRIVACY_POLICY, NULL);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.consents"), FAM_ACTION_CONSENTS, 0, NULL);
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.export"), FAM_ACTION_EXPORT, 0, NULL);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.erase_all"), FAM_ACTION_ERASE, 0, NULL);
    return fam_turn_show(turn, &html, &keyboard);
}

static enum fam_code show_policy(struct fam_turn *turn)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    fam_html_init(&html);
    fam_html_add_bold(&html, T(turn->locale, "policy.title"));
    fam_html_end_line(&html);
    fam_html_add(&html, T(turn->locale, "policy.text"));
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.back"), FAM_ACTION_PRIVACY, PRIVACY_REPORT, NULL);
    return fam_turn_show(turn, &html, &keyboard);
}

static void lay_out_disclosure(struct fam_html *html, const struct fam_locale *locale,
                               const Fam__V1__Disclosure *disclosure)
{
    char day[FAM_MOMENT_SIZE];
    size_t size = fam_utf8_offset(disclosure->body, BODY_CHARS);
    fam_when_day(locale, "", disclosure->at_ms, day);
    const struct fam_arg args[] = {
        {"name", recipient_name(locale, disclosure->recipient)}, {"model", disclosure->model}, {"day", day}};
    fam_locale_add_html(html, T(locale, "privacy.sent_one"), args, FAM_ARRAY_SIZE(args));
    fam_html_end_paragraph(html);
    fam_html_add_size(html, disclosure->body, size);
    if (disclosure->body[size]) {
        fam_html_add(html, "…");
        fam_html_end_line(html);
        fam_html_add_italic(html, T(locale, "privacy.sent_cut"));
    }
}

/* The words of a danger may be among what was sent, and an edit can't protect a message: so it is one of its own, which
 * later pages change. */
static enum fam_code send_sent(struct fam_turn *turn, const struct fam_html *html, const struct fam_keyboard *keyboard)
{
    const struct fam_messenger *messenger = &turn->messenger;
    const struct fam_outgoing message = {
        .chat_id = turn->update->chat_id, .html = fam_html_text(html), .keyboard = keyboard, .protect = true};
    if (fam_html_failed(html)) {
        return fam_fail_memory(turn->status);
    }
    turn->state.view.kind = FAM_VIEW_DISCLOSURES;
    return messenger->send(messenger->context, &message, &turn->state.view.message_id, turn->status);
}

/* What was sent, one at a time, as it was sent. */
static enum fam_code show_sent(struct fam_turn *turn, unsigned page)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    struct fam_view *view = &turn->state.view;
    bool is_on_show = fam_view_is_on_show(turn, FAM_VIEW_DISCLOSURES);
    if (!is_on_show) {
        *view = (struct fam_view){0};
    } else if (!fam_view_turn_page(view, page)) {
        fam_view_rewind(view);
    }
    enum fam_code code = get_report(turn, 1, view->token, &reply);
    if (code == FAM_INVALID_ARGUMENT && view->token[0]) {
        fam_view_rewind(view);
        code = get_report(turn, 1, "", &reply);
    }
    if (code != FAM_OK) {
        return code;
    }
    const Fam__V1__GetPrivacyReportResponse *report = (const Fam__V1__GetPrivacyReportResponse *)reply.message;
    fam_view_set_next(view, report->next_page_token);
    fam_html_init(&html);
    if (report->n_disclosures > 0) {
        lay_out_disclosure(&html, turn->locale, report->disclosures[0]);
    } else {
        fam_html_add(&html, T(turn->locale, "privacy.sent_nothing"));
    }
    fam_view_add_pages(turn, &keyboard, FAM_ACTION_PRIVACY, PRIVACY_SENT);
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.remove"), FAM_ACTION_REMOVE, 0, NULL);
    return is_on_show ? fam_view_show(turn, &html, &keyboard, FAM_VIEW_DISCLOSURES) : send_sent(turn, &html, &keyboard);
}

enum fam_code fam_privacy_start(struct fam_turn *turn)
{
    fam_state_leave(&turn->state);
    return show_report(turn);
}

enum fam_code fam_privacy_press(struct fam_turn *turn)
{
    if (turn->pressed.argument >= PRIVACY_SENT) {
        return show_sent(turn, turn->pressed.argument - PRIVACY_SENT);
    }
    return turn->pressed.argument == PRIVACY_POLICY ? show_policy(turn) : show_report(turn);
}
