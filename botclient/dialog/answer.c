/* A phrase and its answer: translate, lay out, send, record what was delivered. */
#include "dialog/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "dialog/history.h"
#include "dialog/people.h"
#include "dialog/reading.h"
#include "dialog/states.h"

enum { HELPED_YES = 1, HELPED_NO = 3 };
/* A text up to these is no phrase where a question waits for a short answer. */
enum { SHORT_CHARS = 40, SHORT_WORDS = 4 };
#define SPACES " \t\r\n"

/* What one translation is asked for. */
struct question {
    const char *phrase;
    const char *child_id;
    const char *heading; /* above the reading; NULL: none */
    Fam__V1__AgeBand age_band;
    const char *name; /* for the idempotency key */
    int64_t replaces; /* message to edit; 0: a new one */
    int64_t reply_to;
    bool renews;   /* another reading of an entry that was shown before */
    bool is_asked; /* by a button under words that were offered to be read: the answer takes the offer's place */
    bool was_read; /* out: there is an answer */
};

static bool entry_uuid(const Fam__V1__Entry *entry, struct fam_uuid *ret_uuid)
{
    *ret_uuid = (struct fam_uuid){0};
    return entry->entry_id[0] && fam_uuid_parse(entry->entry_id, ret_uuid);
}

static void add_detail_buttons(const struct fam_turn *turn, struct fam_keyboard *keyboard,
                               const Fam__V1__Reading *reading, const struct fam_uuid *id, bool shortened)
{
    for (size_t i = 0; i < reading->n_responses && i < 3; i++) {
        char label[FAM_BUTTON_LABEL], number[32];
        snprintf(number, sizeof(number), "%zu", i + 1);
        const struct fam_arg args[] = {{"n", number}};
        fam_locale_format(label, sizeof(label), T(turn->locale, "button.why"), args, 1);
        fam_turn_button(turn, keyboard, label, FAM_ACTION_WHY, (uint8_t)(i + 1), id);
    }
    fam_keyboard_end_row(keyboard);
    if (reading->activity[0]) {
        fam_turn_button(turn, keyboard, T(turn->locale, "button.activity"), FAM_ACTION_ACTIVITY, 0, id);
    }
    if (shortened) {
        fam_turn_button(turn, keyboard, T(turn->locale, "button.more"), FAM_ACTION_MORE, 0, id);
    }
}

static void add_age_buttons(const struct fam_turn *turn, struct fam_keyboard *keyboard, const struct fam_uuid *id)
{
    fam_keyboard_end_row(keyboard);
    for (int band = FAM__V1__AGE_BAND__AGE_BAND_2_3; band <= FAM__V1__AGE_BAND__AGE_BAND_16_17; band++) {
        fam_turn_button(turn, keyboard, fam_label_age(turn->locale, (Fam__V1__AgeBand)band), FAM_ACTION_AGE,
                        (uint8_t)band, id);
    }
}

static void add_child_buttons(const struct fam_turn *turn, struct fam_keyboard *keyboard, const Fam__V1__Family *family,
                              const struct fam_uuid *id)
{
    fam_keyboard_end_row(keyboard);
    for (size_t i = 0; i < family->n_children; i++) {
        char label[FAM_BUTTON_LABEL];
        fam_children_describe(turn->locale, family, family->children[i], label, sizeof(label));
        fam_turn_button(turn, keyboard, label, FAM_ACTION_CHILD, (uint8_t)i, id);
    }
}

/* Whose age is it? A family with children is shown their names, everybody else the ages. */
static enum fam_code add_who_buttons(struct fam_turn *turn, struct fam_keyboard *keyboard, const struct fam_uuid *id)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Family *family = NULL;
    if (turn->user->family_id[0]) {
        enum fam_code code = fam_children_family(turn, &reply, &family);
        if (code != FAM_OK) {
            return code;
        }
    }
    if (family && family->n_children > 0) {
        add_child_buttons(turn, keyboard, family, id);
    } else {
        add_age_buttons(turn, keyboard, id);
    }
    return FAM_OK;
}

enum fam_code fam_answer_keyboard(struct fam_turn *turn, const Fam__V1__Entry *entry, bool shortened,
                                  struct fam_keyboard *keyboard)
{
    struct fam_uuid id;
    bool stored = entry_uuid(entry, &id);
    if (entry->reading && (stored || turn->has_session)) {
        add_detail_buttons(turn, keyboard, entry->reading, &id, shortened);
    }
    if (stored) {
        fam_keyboard_end_row(keyboard);
        fam_turn_button(turn, keyboard, T(turn->locale, "button.helped"), FAM_ACTION_RATE, HELPED_YES, &id);
        fam_turn_button(turn, keyboard, T(turn->locale, "button.helped_not"), FAM_ACTION_RATE, HELPED_NO, &id);
        fam_turn_button(turn, keyboard, T(turn->locale, "button.not_so"), FAM_ACTION_CORRECT, 0, &id);
        if (!entry->safety || entry->shared) {
            fam_keyboard_end_row(keyboard);
            fam_entry_share_button(turn, keyboard, entry);
        }
    }
    if (entry->safety) {
        fam_keyboard_end_row(keyboard);
        if (stored) {
            fam_turn_button(turn, keyboard, T(turn->locale, "button.ask_tomorrow"), FAM_ACTION_FOLLOW_UP,
                            FAM_FOLLOW_UP_AGREE, &id);
        }
        fam_turn_button(turn, keyboard, T(turn->locale, "button.remove"), FAM_ACTION_REMOVE, 0, NULL);
    }
    enum fam_code code = FAM_OK;
    if (entry->age_unknown && (stored || turn->has_session)) {
        code = add_who_buttons(turn, keyboard, &id);
    }
    if (code == FAM_OK && fam_turn_is_new(turn)) {
        fam_keyboard_end_row(keyboard);
        fam_turn_button(turn, keyboard, T(turn->locale, "button.onboarding"), FAM_ACTION_ONBOARDING, 0, NULL);
    }
    return code;
}

static enum fam_code record(struct fam_turn *turn, const Fam__V1__Entry *entry, const char *name, int64_t message_id)
{
    char key[64];
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__RecordDeliveryRequest request = FAM__V1__RECORD_DELIVERY_REQUEST__INIT;
    if (!entry->entry_id[0]) {
        return FAM_OK;
    }
    request.entry_id = entry->entry_id;
    request.chat_id = turn->update->chat_id;
    request.message_id = message_id;
    request.reading_version = entry->reading ? entry->reading->version : 1;
    snprintf(key, sizeof(key), "deliver_%s", name);
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_RECORD_DELIVERY, key, &request.base, &reply);
    /* The entry may have been erased meanwhile: what was shown stays shown. */
    return code == FAM_NOT_FOUND || code == FAM_PERMISSION_DENIED ? FAM_OK : code;
}

static enum fam_code put(struct fam_turn *turn, const struct question *question, const struct fam_html *html,
                         const struct fam_keyboard *keyboard, bool protect, int64_t *ret_message_id)
{
    const struct fam_messenger *messenger = &turn->messenger;
    struct fam_outgoing message = {
        .chat_id = turn->update->chat_id, .html = fam_html_text(html), .keyboard = keyboard, .protect = protect};
    if (fam_html_failed(html)) {
        return fam_fail_memory(turn->status);
    }
    bool rings = question->is_asked && protect; /* help is a message of its own, which reaches a phone in a pocket */
    if (question->replaces && !rings) {
        message.message_id = *ret_message_id = question->replaces;
        enum fam_code code = messenger->edit(messenger->context, &message, turn->status);
        if (code != FAM_NOT_FOUND && code != FAM_INVALID_ARGUMENT) {
            return code;
        }
        message.message_id = 0;
    }
    message.reply_to = question->reply_to;
    return messenger->send(messenger->context, &message, ret_message_id, turn->status);
}

/* Shows an entry, unless it was shown before; remembers where. */
static enum fam_code show(struct fam_turn *turn, const struct question *question, const Fam__V1__Entry *entry)
{
    bool shortened;
    int64_t message_id = entry->delivery ? entry->delivery->message_id : 0;
    if (entry->safety) {
        turn->owes_help = message_id == 0 || question->renews;
    }
    if (message_id == 0 || question->renews) {
        struct fam_keyboard keyboard = {0};
        fam_auto(fam_html_done) struct fam_html html = {0};
        fam_html_init(&html);
        fam_reading_layout(&html, turn->locale, entry, question->heading, &shortened);
        enum fam_code code = fam_answer_keyboard(turn, entry, shortened, &keyboard);
        if (code == FAM_OK) {
            code = put(turn, question, &html, &keyboard, entry->safety != NULL, &message_id);
        }
        if (code == FAM_OK) {
            if (entry->safety) {
                fam_turn_count_help(turn, "shown");
                turn->owes_help = false;
            }
            code = record(turn, entry, question->name, message_id);
        }
        if (code != FAM_OK) {
            return code;
        }
    }
    turn->state.answer_id = message_id;
    turn->state.had_safety = entry->safety != NULL;
    snprintf(turn->state.entry_id, sizeof(turn->state.entry_id), "%s", entry->entry_id);
    return FAM_OK;
}

enum fam_code fam_answer_renew(struct fam_turn *turn, const Fam__V1__Entry *entry, const char *name, bool *ret_in_place)
{
    bool has_shown = entry->delivery && entry->delivery->chat_id == turn->update->chat_id;
    int64_t shown = has_shown ? entry->delivery->message_id : 0;
    const struct question question = {
        .name = name, .replaces = entry->safety ? 0 : shown, .reply_to = shown, .renews = true};
    struct fam_state before = turn->state;
    enum fam_code code = show(turn, &question, entry);
    *ret_in_place = code == FAM_OK && shown != 0 && turn->state.answer_id == shown;
    if (before.answer_id != shown) { /* the last phrase is another one, and an edit of it renews its own answer */
        turn->state.answer_id = before.answer_id;
        turn->state.had_safety = before.had_safety;
        memcpy(turn->state.entry_id, before.entry_id, sizeof(turn->state.entry_id));
    }
    return code;
}

typedef enum fam_code caller(struct fam_turn *turn, enum fam_backend_method method, const char *name,
                             const ProtobufCMessage *request, struct fam_backend_reply *ret_reply);

static enum fam_code translate(struct fam_turn *turn, caller *call, const struct question *question,
                               struct fam_backend_reply *ret_reply, Fam__V1__Entry **ret_entry)
{
    Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
    *ret_entry = NULL;
    request.phrase = (char *)(uintptr_t)question->phrase;
    request.child_id = (char *)(uintptr_t)question->child_id;
    request.age_band = question->age_band;
    enum fam_code code = call(turn, FAM_BACKEND_TRANSLATE, question->name, &request.base, ret_reply);
    if (code == FAM_RESOURCE_EXHAUSTED && strncmp(turn->status->reason, "LIMIT_", 6) == 0) {
        return fam_people_say_limit(turn, turn->status->retry_after_ms);
    }
    if (code != FAM_OK) {
        return code;
    }
    *ret_entry = ((const Fam__V1__TranslateResponse *)ret_reply->message)->entry;
    return *ret_entry ? FAM_OK : fam_fail(turn->status, FAM_INTERNAL, "Translate answers without an entry");
}

enum fam_code fam_answer_translate(struct fam_turn *turn, const char *phrase, const char *child_id,
                                   Fam__V1__AgeBand age_band, const char *name, struct fam_backend_reply *ret_reply,
                                   Fam__V1__Entry **ret_entry)
{
    const struct question question = {.phrase = phrase, .child_id = child_id, .age_band = age_band, .name = name};
    return translate(turn, fam_turn_call, &question, ret_reply, ret_entry);
}

static enum fam_code ask(struct fam_turn *turn, struct question *question)
{
    const struct fam_messenger *messenger = &turn->messenger;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Entry *entry;
    messenger->typing(messenger->context, turn->update->chat_id);
    enum fam_code code =
        translate(turn, question->is_asked ? fam_turn_call_once : fam_turn_call, question, &reply, &entry);
    if (code != FAM_OK || !entry) {
        return code;
    }
    question->was_read = true;
    return show(turn, question, entry);
}

/* Without consent nothing is stored, and the session keeps the phrase for an hour. */
static void keep_draft(struct fam_turn *turn, const char *phrase)
{
    fam_turn_set_draft(turn, turn->state.entry_id[0] ? NULL : phrase);
}

size_t fam_answer_part_size(const char *text)
{
    size_t most = fam_utf8_offset(text, FAM_PHRASE_CHARS);
    if (!text[most]) {
        return most;
    }
    for (const char *stops = "\n "; *stops; stops++) {
        for (size_t size = most; size > most / 2; size--) {
            if (text[size - 1] == *stops) {
                return size;
            }
        }
    }
    return most;
}

/* Reads a text in parts; `message_id` is the message that an edit of it will name. */
static enum fam_code read_text(struct fam_turn *turn, const char *text, int64_t message_id,
                               const char *const names[FAM_ANSWER_PARTS], struct question *question)
{
    enum fam_code code = FAM_OK;
    for (int part = 0; part < FAM_ANSWER_PARTS && code == FAM_OK && text[strspn(text, SPACES)]; part++) {
        size_t size = fam_answer_part_size(text);
        char *phrase = strndup(text, size);
        if (!phrase) {
            return fam_fail_memory(turn->status);
        }
        fam_text_trim(phrase);
        if (*phrase) {
            question->phrase = phrase;
            question->name = names[part];
            code = ask(turn, question);
            if (code == FAM_OK) {
                keep_draft(turn, phrase);
            }
            question->replaces = 0;
        }
        explicit_bzero(phrase, strlen(phrase));
        free(phrase);
        text += size;
    }
    question->phrase = NULL;
    if (question->was_read) { /* else the answer that is remembered is still that of the phrase before */
        turn->state.phrase_id = message_id;
    }
    return code;
}

enum fam_code fam_answer_phrase(struct fam_turn *turn)
{
    static const char *const names[FAM_ANSWER_PARTS] = {"translate", "translate_2", "translate_3"};
    struct question question = {.child_id = "", .age_band = (Fam__V1__AgeBand)turn->state.age_band};
    return read_text(turn, turn->update->text, turn->update->message_id, names, &question);
}

enum fam_code fam_answer_offered(struct fam_turn *turn)
{
    static const char *const names[FAM_ANSWER_PARTS] = {"read", "read_2", "read_3"};
    const struct fam_update *update = turn->update;
    struct question question = {.child_id = "",
                                .age_band = (Fam__V1__AgeBand)turn->state.age_band,
                                .replaces = update->message_id,
                                .reply_to = update->replied_id,
                                .is_asked = true};
    return read_text(turn, update->replied_text, update->replied_id, names, &question);
}

enum fam_code fam_answer_draft(struct fam_turn *turn, const Fam__V1__Child *child)
{
    char who[300], heading[400];
    fam_children_describe(turn->locale, NULL, child, who, sizeof(who));
    const struct fam_arg args[] = {{"child", who}};
    fam_locale_format(heading, sizeof(heading), T(turn->locale, "reading.now_for"), args, 1);
    char *draft = strdup(turn->draft);
    if (!draft) {
        return fam_fail_memory(turn->status);
    }
    struct question question = {
        .phrase = draft, .child_id = child->child_id, .heading = heading, .name = "translate_draft"};
    enum fam_code code = ask(turn, &question);
    if (code == FAM_OK) {
        keep_draft(turn, draft);
    }
    explicit_bzero(draft, strlen(draft));
    free(draft);
    return code;
}

bool fam_answer_is_short(const char *text)
{
    size_t words = 0;
    if (fam_utf8_length(text) > SHORT_CHARS) {
        return false;
    }
    for (text += strspn(text, SPACES); *text; text += strspn(text, SPACES)) {
        words++;
        text += strcspn(text, SPACES);
    }
    return words <= SHORT_WORDS;
}

/* The same entry with other words. *ret_entry is NULL when there is none to be revised (it is gone, or the server does
 * not know how): then the words are a phrase of their own; or when the limit is reached, with *ret_told. */
static enum fam_code revise(struct fam_turn *turn, const char *phrase, struct fam_backend_reply *ret_reply,
                            Fam__V1__Entry **ret_entry, bool *ret_told)
{
    Fam__V1__ReviseEntryRequest request = FAM__V1__REVISE_ENTRY_REQUEST__INIT;
    *ret_entry = NULL;
    *ret_told = false;
    if (!turn->state.entry_id[0]) {
        return FAM_OK;
    }
    request.entry_id = turn->state.entry_id;
    request.phrase = (char *)(uintptr_t)phrase;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_REVISE_ENTRY, "revise", &request.base, ret_reply);
    if (code == FAM_RESOURCE_EXHAUSTED && strncmp(turn->status->reason, "LIMIT_", 6) == 0) {
        *ret_told = true;
        return fam_people_say_limit(turn, turn->status->retry_after_ms);
    }
    if (code == FAM_NOT_FOUND || code == FAM_PERMISSION_DENIED || code == FAM_UNIMPLEMENTED ||
        code == FAM_FAILED_PRECONDITION) {
        return FAM_OK;
    }
    if (code == FAM_OK) {
        *ret_entry = ((const Fam__V1__ReviseEntryResponse *)ret_reply->message)->entry;
    }
    return code;
}

/* The edited message is the last phrase, and its answer is remembered. */
static enum fam_code read_edited(struct fam_turn *turn, struct question *question)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply revised = {0}, translated = {0};
    Fam__V1__Entry *entry = NULL;
    bool told = false;
    enum fam_code code = revise(turn, question->phrase, &revised, &entry, &told);
    question->renews = entry != NULL;
    if (code == FAM_OK && !entry && !told) {
        code = translate(turn, fam_turn_call, question, &translated, &entry);
    }
    if (code != FAM_OK || !entry) {
        return code;
    }
    /* A safety block is never edited away, and a new one must reach a phone that is in a pocket. */
    if (!entry->safety && !turn->state.had_safety) {
        question->replaces = turn->state.answer_id;
    }
    code = show(turn, question, entry);
    if (code == FAM_OK) {
        keep_draft(turn, question->phrase);
    }
    return code;
}

enum fam_code fam_answer_edited(struct fam_turn *turn)
{
    bool known = turn->state.answer_id != 0 && turn->state.phrase_id == turn->update->message_id;
    const char *text = turn->update->text;
    if (text[0] == '/') {
        return FAM_OK;
    }
    if (!known) {
        return fam_offer_edited(turn);
    }
    char *phrase = strndup(text, fam_utf8_offset(text, FAM_PHRASE_CHARS));
    if (!phrase) {
        return fam_fail_memory(turn->status);
    }
    struct question question = {.phrase = phrase,
                                .child_id = "",
                                .age_band = (Fam__V1__AgeBand)turn->state.age_band,
                                .name = "translate",
                                .reply_to = turn->update->message_id};
    enum fam_code code = read_edited(turn, &question);
    explicit_bzero(phrase, strlen(phrase));
    free(phrase);
    return code;
}

/* The phrase of the pressed answer again, with what is now known. */
static enum fam_code ask_again(struct fam_turn *turn, const char *child_id, Fam__V1__AgeBand age_band)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Entry *entry = NULL;
    struct question question = {
        .child_id = child_id, .age_band = age_band, .name = "translate_age", .replaces = turn->update->message_id};
    if (fam_details_is_draft(turn)) {
        question.phrase = turn->draft;
        return ask(turn, &question);
    }
    enum fam_code code = fam_details_entry(turn, &reply, &entry);
    if (code != FAM_OK || !entry) {
        return code;
    }
    question.phrase = entry->phrase;
    return ask(turn, &question);
}

enum fam_code fam_answer_age(struct fam_turn *turn)
{
    if (turn->pressed.argument < FAM__V1__AGE_BAND__AGE_BAND_2_3 ||
        turn->pressed.argument > FAM__V1__AGE_BAND__AGE_BAND_16_17) {
        return FAM_OK;
    }
    turn->state.age_band = turn->pressed.argument;
    return ask_again(turn, "", (Fam__V1__AgeBand)turn->pressed.argument);
}

enum fam_code fam_answer_child(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Family *family = NULL;
    enum fam_code code = fam_children_family(turn, &reply, &family);
    if (code != FAM_OK || !family || turn->pressed.argument >= family->n_children) {
        return code;
    }
    return ask_again(turn, family->children[turn->pressed.argument]->child_id, FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED);
}
