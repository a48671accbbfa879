/* One entry of the history: shown, shown to the family or hidden again, erased. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "dialog/history.h"
#include "dialog/people.h"
#include "dialog/reading.h"
#include "dialog/when.h"

enum { SHOWN_PAGE = 0x80, PHRASE_CHARS = 600, NOTE_CHARS = 300 };

/* What the buttons of sharing say: on an answer or an entry, which stay; on our own question or word, which changes. */
enum share { SHARE_HIDE, SHARE_SHOW, SHARE_CONFIRMED, SHARE_LEAVE, SHARE_HIDE_HERE, SHARE_SHOW_HERE };
enum erase { ERASE_ASK, ERASE_YES, ERASE_NO };

static void add_filled(struct fam_html *html, const char *text, const char *name, const char *value)
{
    const struct fam_arg args[] = {{name, value}};
    fam_locale_add_html(html, text, args, 1);
}

static void add_phrase(struct fam_html *html, const struct fam_locale *locale, const char *phrase)
{
    char words[4 * PHRASE_CHARS + 8];
    size_t size = fam_utf8_offset(phrase, PHRASE_CHARS);
    snprintf(words, sizeof(words), "%.*s%s", (int)size, phrase, phrase[size] ? "…" : "");
    add_filled(html, T(locale, "reading.quote"), "text", words);
    fam_html_end_paragraph(html);
}

static void add_correction(struct fam_html *html, const struct fam_locale *locale,
                           const Fam__V1__Correction *correction)
{
    const char *emotion = fam_label_emotion(locale, correction->emotion);
    if (*emotion) {
        add_filled(html, T(locale, "entry.corrected"), "emotion", emotion);
        fam_html_end_line(html);
    }
    if (correction->note[0]) {
        char note[4 * NOTE_CHARS + 8];
        size_t size = fam_utf8_offset(correction->note, NOTE_CHARS);
        snprintf(note, sizeof(note), "%.*s%s", (int)size, correction->note, correction->note[size] ? "…" : "");
        add_filled(html, T(locale, "entry.note"), "text", note);
        fam_html_end_line(html);
    }
}

static const char *outcome(const struct fam_locale *locale, Fam__V1__Helped helped)
{
    switch ((int)helped) {
    case FAM__V1__HELPED__HELPED_YES:
        return T(locale, "rate.yes");
    case FAM__V1__HELPED__HELPED_A_LITTLE:
        return T(locale, "rate.a_little");
    case FAM__V1__HELPED__HELPED_NO:
        return T(locale, "rate.no");
    case FAM__V1__HELPED__HELPED_WORSE:
        return T(locale, "rate.worse");
    default:
        return "";
    }
}

/* What became of it, and who sees it. */
static void add_fate(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Entry *entry)
{
    fam_html_end_paragraph(html);
    if (!entry->own) {
        fam_html_add_italic(html, T(locale, "entry.read_only"));
        return;
    }
    if (entry->correction) {
        add_correction(html, locale, entry->correction);
    }
    if (entry->rating && *outcome(locale, entry->rating->helped)) {
        add_filled(html, T(locale, "entry.outcome"), "outcome", outcome(locale, entry->rating->helped));
        fam_html_end_line(html);
    }
    fam_html_add_italic(html, entry->shared ? T(locale, "entry.shared") : T(locale, "entry.private"));
}

static void add_start(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Entry *entry)
{
    char day[FAM_MOMENT_SIZE];
    fam_when_day(locale, "", entry->created_at_ms, day);
    fam_html_add_bold(html, day);
    if (!entry->own) {
        fam_html_add(html, " · ");
        add_filled(html, entry->author_name[0] ? T(locale, "history.by") : T(locale, "history.by_other"), "name",
                   entry->author_name);
    }
    fam_html_end_line(html);
    add_phrase(html, locale, entry->phrase);
}

/* Under a danger the help stands first, as in the answer itself. */
static void lay_out(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Entry *entry)
{
    bool shortened;
    if (entry->safety) {
        fam_reading_layout(html, locale, entry, NULL, &shortened);
        fam_html_end_paragraph(html);
        add_start(html, locale, entry);
    } else {
        add_start(html, locale, entry);
        if (entry->reading) {
            fam_reading_full(html, locale, entry->reading);
        }
    }
    add_fate(html, locale, entry);
}

/* Does anybody else belong to the family? False also when the server does not tell. */
static bool has_others(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    struct fam_status before = *turn->status;
    Fam__V1__Family *family = NULL;
    if (!turn->user->family_id[0] || turn->user->role == FAM__V1__PARENT_ROLE__PARENT_ROLE_READER) {
        return false;
    }
    bool is_told = fam_children_family(turn, &reply, &family) == FAM_OK;
    *turn->status = before;
    return is_told && family && family->n_parents > 1;
}

void fam_entry_share_button(struct fam_turn *turn, struct fam_keyboard *keyboard, const Fam__V1__Entry *entry)
{
    struct fam_uuid id;
    /* Its author can always hide it: also a relative, and who is alone by now. */
    if (!fam_uuid_parse(entry->entry_id, &id) || !(entry->shared || has_others(turn))) {
        return;
    }
    fam_turn_button(turn, keyboard, entry->shared ? T(turn->locale, "button.hide") : T(turn->locale, "button.share"),
                    FAM_ACTION_SHARE, entry->shared ? SHARE_HIDE : SHARE_SHOW, &id);
}

static void add_buttons(struct fam_turn *turn, struct fam_keyboard *keyboard, const Fam__V1__Entry *entry)
{
    const struct fam_uuid *id = &turn->pressed.entry;
    if (entry->own) {
        fam_turn_button(turn, keyboard, T(turn->locale, "button.not_so"), FAM_ACTION_CORRECT, 0, id);
        fam_turn_button(turn, keyboard, T(turn->locale, "button.helped"), FAM_ACTION_RATE, FAM__V1__HELPED__HELPED_YES,
                        id);
        fam_turn_button(turn, keyboard, T(turn->locale, "button.helped_not"), FAM_ACTION_RATE,
                        FAM__V1__HELPED__HELPED_NO, id);
        fam_keyboard_end_row(keyboard);
        fam_entry_share_button(turn, keyboard, entry);
        fam_turn_button(turn, keyboard, T(turn->locale, "button.erase"), FAM_ACTION_ERASE_ENTRY, ERASE_ASK, id);
    }
    fam_keyboard_end_row(keyboard);
    if (entry->safety) {
        fam_turn_button(turn, keyboard, T(turn->locale, "button.remove"), FAM_ACTION_REMOVE, 0, NULL);
    } else {
        fam_turn_button(turn, keyboard, T(turn->locale, "button.list"), FAM_ACTION_HISTORY, SHOWN_PAGE, NULL);
    }
}

/* An edit can't protect a message: what has a danger comes as one of its own. */
static enum fam_code send_protected(struct fam_turn *turn, const struct fam_html *html,
                                    const struct fam_keyboard *keyboard)
{
    const struct fam_messenger *messenger = &turn->messenger;
    int64_t message_id;
    const struct fam_outgoing message = {
        .chat_id = turn->update->chat_id, .html = fam_html_text(html), .keyboard = keyboard, .protect = true};
    return fam_html_failed(html) ? fam_fail_memory(turn->status)
                                 : messenger->send(messenger->context, &message, &message_id, turn->status);
}

enum fam_code fam_entry_open(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    Fam__V1__Entry *entry = NULL;
    if (fam_uuid_is_nil(&turn->pressed.entry)) {
        return FAM_OK;
    }
    enum fam_code code = fam_details_entry(turn, &reply, &entry);
    if (code != FAM_OK || !entry) {
        return code;
    }
    fam_html_init(&html);
    lay_out(&html, turn->locale, entry);
    add_buttons(turn, &keyboard, entry);
    return entry->safety ? send_protected(turn, &html, &keyboard) : fam_turn_show(turn, &html, &keyboard);
}

static enum fam_code show_word(struct fam_turn *turn, const char *text, const struct fam_keyboard *keyboard)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    fam_html_add(&html, text);
    return fam_turn_show(turn, &html, keyboard);
}

static enum fam_code ask_to_confirm(struct fam_turn *turn)
{
    struct fam_keyboard keyboard = {0};
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.share_anyway"), FAM_ACTION_SHARE, SHARE_CONFIRMED,
                    &turn->pressed.entry);
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.share_not"), FAM_ACTION_SHARE, SHARE_LEAVE,
                    &turn->pressed.entry);
    return show_word(turn, T(turn->locale, "share.confirm"), &keyboard);
}

static enum fam_code say_shared(struct fam_turn *turn, bool is_shared)
{
    struct fam_keyboard keyboard = {0};
    fam_turn_button(turn, &keyboard, is_shared ? T(turn->locale, "button.hide") : T(turn->locale, "button.share"),
                    FAM_ACTION_SHARE, is_shared ? SHARE_HIDE_HERE : SHARE_SHOW_HERE, &turn->pressed.entry);
    return show_word(turn, is_shared ? T(turn->locale, "share.done") : T(turn->locale, "share.hidden"), &keyboard);
}

enum fam_code fam_entry_share(struct fam_turn *turn)
{
    char id[FAM_UUID_TEXT_SIZE];
    unsigned what = turn->pressed.argument;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__ShareEntryRequest request = FAM__V1__SHARE_ENTRY_REQUEST__INIT;
    if (what > SHARE_SHOW_HERE || fam_uuid_is_nil(&turn->pressed.entry)) {
        return FAM_OK;
    }
    if (what == SHARE_LEAVE) {
        return show_word(turn, T(turn->locale, "share.left"), NULL);
    }
    turn->keep_pressed = what == SHARE_HIDE || what == SHARE_SHOW;
    fam_uuid_format(&turn->pressed.entry, id);
    request.entry_id = id;
    request.shared = what == SHARE_SHOW || what == SHARE_CONFIRMED || what == SHARE_SHOW_HERE;
    request.confirmed = what == SHARE_CONFIRMED;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_SHARE_ENTRY, "share", &request.base, &reply);
    if (code == FAM_FAILED_PRECONDITION && strcmp(turn->status->reason, "CONFIRM_SHARE") == 0) {
        return ask_to_confirm(turn);
    }
    if (code == FAM_FAILED_PRECONDITION && strcmp(turn->status->reason, "NO_FAMILY") == 0) {
        return show_word(turn, T(turn->locale, "share.nobody"), NULL);
    }
    if (code == FAM_NOT_FOUND || code == FAM_PERMISSION_DENIED) {
        return show_word(turn, T(turn->locale, "button.not_kept"), NULL);
    }
    return code == FAM_OK ? say_shared(turn, request.shared) : fam_people_refused(turn, code);
}

static enum fam_code ask_to_erase(struct fam_turn *turn)
{
    struct fam_keyboard keyboard = {0};
    turn->keep_pressed = true;
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.erase_yes"), FAM_ACTION_ERASE_ENTRY, ERASE_YES,
                    &turn->pressed.entry);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.erase_no"), FAM_ACTION_ERASE_ENTRY, ERASE_NO,
                    &turn->pressed.entry);
    return show_word(turn, T(turn->locale, "entry.erase_ask"), &keyboard);
}

/* The answer goes too, when Telegram lets us; what is not in this chat any more is no error. */
static void remove_answer(struct fam_turn *turn, int64_t message_id)
{
    const struct fam_messenger *messenger = &turn->messenger;
    struct fam_status status = {0};
    if (message_id != 0) {
        (void)messenger->remove(messenger->context, turn->update->chat_id, message_id, &status);
    }
}

static void forget(struct fam_turn *turn, const char *id)
{
    if (strcmp(turn->state.entry_id, id) == 0) {
        turn->state.entry_id[0] = '\0';
        turn->state.answer_id = turn->state.phrase_id = 0;
        fam_turn_set_draft(turn, NULL);
    }
}

/* Where its answer stands in this chat; 0: unknown, or the entry is gone. */
static enum fam_code find_answer(struct fam_turn *turn, char *id, int64_t *ret_message_id)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__GetEntryRequest request = FAM__V1__GET_ENTRY_REQUEST__INIT;
    *ret_message_id = 0;
    request.entry_id = id;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_GET_ENTRY, NULL, &request.base, &reply);
    if (code != FAM_OK) {
        return code == FAM_NOT_FOUND || code == FAM_PERMISSION_DENIED ? FAM_OK : code;
    }
    const Fam__V1__Entry *entry = ((const Fam__V1__GetEntryResponse *)reply.message)->entry;
    if (entry && entry->own && entry->delivery && entry->delivery->chat_id == turn->update->chat_id) {
        *ret_message_id = entry->delivery->message_id;
    }
    return FAM_OK;
}

enum fam_code fam_entry_erase(struct fam_turn *turn)
{
    char id[FAM_UUID_TEXT_SIZE];
    int64_t message_id;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__DeleteEntryRequest request = FAM__V1__DELETE_ENTRY_REQUEST__INIT;
    if (fam_uuid_is_nil(&turn->pressed.entry)) {
        return FAM_OK;
    }
    if (turn->pressed.argument != ERASE_YES) {
        return turn->pressed.argument == ERASE_NO ? show_word(turn, T(turn->locale, "entry.erase_left"), NULL)
                                                  : ask_to_erase(turn);
    }
    fam_uuid_format(&turn->pressed.entry, id);
    request.entry_id = id;
    enum fam_code code = find_answer(turn, id, &message_id);
    if (code == FAM_OK) {
        code = fam_turn_call(turn, FAM_BACKEND_DELETE_ENTRY, "erase_entry", &request.base, &reply);
    }
    if (code == FAM_PERMISSION_DENIED || code == FAM_NOT_FOUND) {
        return show_word(turn, T(turn->locale, "button.not_kept"), NULL);
    }
    if (code != FAM_OK) {
        return code;
    }
    remove_answer(turn, message_id);
    forget(turn, id);
    return show_word(turn, T(turn->locale, "entry.erased"), NULL);
}
