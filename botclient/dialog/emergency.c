/* Calls for help where no phrase is read: in the answer to a question, in a message that is edited, and while the
 * server can't tell who writes. The server is asked for nobody, so nothing of the words is stored. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialog/answer.h"
#include "dialog/reading.h"

#define SPACES " \t\r\n"

/* What is asked for, part by part; also of a call that is repeated. */
struct question {
    const char *names[FAM_ANSWER_PARTS]; /* for the idempotency keys */
    Fam__V1__Language language;
    Fam__V1__WhoseWords whose;
    char country[3]; /* where help is looked for; "" for anywhere */
};

/* The help for these words in *ret_entry; NULL with FAM_OK: no emergency. Another code: nobody can tell. */
static enum fam_code look_at_part(struct fam_turn *turn, const struct question *question, const char *text, size_t size,
                                  int part, struct fam_backend_reply *ret_reply, Fam__V1__Entry **ret_entry)
{
    *ret_entry = NULL;
    Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
    char *phrase = strndup(text, size);
    if (!phrase) {
        return fam_fail_memory(turn->status);
    }
    request.phrase = phrase;
    request.language = question->language;
    request.whose = question->whose;
    request.country = (char *)(uintptr_t)question->country;
    enum fam_code code =
        fam_turn_call_for_nobody(turn, FAM_BACKEND_TRANSLATE, question->names[part], &request.base, ret_reply);
    explicit_bzero(phrase, strlen(phrase));
    free(phrase);
    if (code == FAM_INVALID_ARGUMENT) { /* only an emergency is answered to nobody */
        return FAM_OK;
    }
    Fam__V1__Entry *entry =
        code == FAM_OK ? ((Fam__V1__TranslateResponse *)(uintptr_t)ret_reply->message)->entry : NULL;
    *ret_entry = entry && entry->safety ? entry : NULL;
    return code;
}

/* The same for the words of this update, in the parts in which they would be answered: the first that is an emergency.
 */
static enum fam_code look(struct fam_turn *turn, const struct question *question, struct fam_backend_reply *ret_reply,
                          Fam__V1__Entry **ret_entry)
{
    const char *text = turn->update->text;
    struct fam_status before = *turn->status;
    enum fam_code code = FAM_OK;
    *ret_entry = NULL;
    for (int part = 0; part < FAM_ANSWER_PARTS && code == FAM_OK && !*ret_entry && text[strspn(text, SPACES)]; part++) {
        size_t size = fam_answer_part_size(text);
        fam_backend_reply_done(ret_reply);
        code = look_at_part(turn, question, text, size, part, ret_reply, ret_entry);
        text += size;
    }
    if (code == FAM_OK) {
        *turn->status = before; /* "only an emergency is answered to nobody" is no failure */
    }
    return code;
}

static Fam__V1__Language language_of(const struct fam_turn *turn)
{
    return turn->user ? turn->user->language : fam_locale_language_of(turn->update->language_code);
}

enum fam_code fam_emergency_check(struct fam_turn *turn, bool *ret_has)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    const struct question question = {.names = {"emergency", "emergency_2", "emergency_3"},
                                      .language = language_of(turn)};
    Fam__V1__Entry *entry = NULL;
    enum fam_code code = look(turn, &question, &reply, &entry);
    *ret_has = code == FAM_OK && entry;
    return code;
}

/* The person's own country, else the family's, as the server chooses it for an entry. Help must not wait for it. */
static void find_country(struct fam_turn *turn, char ret_country[3])
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__Family *family = NULL;
    struct fam_status before = *turn->status;
    const char *country = turn->user ? turn->user->country : "";
    if (turn->user && !country[0] && turn->user->family_id[0] && fam_children_family(turn, &reply, &family) == FAM_OK &&
        family) {
        country = family->country;
    }
    snprintf(ret_country, 3, "%s", strlen(country) == 2 ? country : "");
    *turn->status = before;
}

/* Help alone: no reading, and no button that an entry would need. */
static enum fam_code show(struct fam_turn *turn, const Fam__V1__Entry *entry)
{
    const struct fam_messenger *messenger = &turn->messenger;
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    bool shortened = false;
    int64_t message_id = 0;
    Fam__V1__Entry help_alone = *entry;
    help_alone.reading = NULL;
    fam_html_init(&html);
    fam_reading_layout(&html, turn->locale, &help_alone, NULL, &shortened);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.remove"), FAM_ACTION_REMOVE, 0, NULL);
    const struct fam_outgoing message = {
        .chat_id = turn->update->chat_id, .html = fam_html_text(&html), .keyboard = &keyboard, .protect = true};
    if (fam_html_failed(&html)) {
        return fam_fail_memory(turn->status);
    }
    enum fam_code code = messenger->send(messenger->context, &message, &message_id, turn->status);
    if (code == FAM_OK) {
        fam_turn_count_help(turn, "shown");
    }
    return code;
}

enum fam_code fam_emergency_answer(struct fam_turn *turn, Fam__V1__WhoseWords whose, bool *ret_answered)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    struct question question = {.names = {"help", "help_2", "help_3"}, .language = language_of(turn), .whose = whose};
    Fam__V1__Entry *entry = NULL;
    *ret_answered = false;
    find_country(turn, question.country);
    enum fam_code code = look(turn, &question, &reply, &entry);
    if (code != FAM_OK || !entry) {
        return code;
    }
    turn->owes_help = true;
    code = show(turn, entry);
    if (code == FAM_OK) {
        turn->owes_help = false;
        *ret_answered = true;
    }
    return code;
}

bool fam_emergency_meanwhile(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    const struct question question = {.names = {"emergency", "emergency_2", "emergency_3"},
                                      .language = language_of(turn)};
    Fam__V1__Entry *entry = NULL;
    return look(turn, &question, &reply, &entry) == FAM_OK && entry && show(turn, entry) == FAM_OK;
}
