/* /delete: everything of a person is erased, after a word typed by hand; then a receipt that is true.
 *
 * Which of our answers Telegram still lets us delete is asked of the server before, because afterwards nobody knows it:
 * so whether they are to go is chosen beside the question. Nothing is written for the person once they are erased: the
 * session is not touched again, and whoever writes next is somebody new. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/text.h"
#include "dialog/privacy.h"
#include "dialog/when.h"

enum { PAGE = 100, PAGES_MOST = 5, RECEIPT_ATTEMPTS = 8, RECEIPT_WAIT_MS = 2000, WORD_SIZE = 64 };
/* Telegram deletes messages of the last 48 hours; some minutes are left for the way there. */
static const int64_t deletable_ms = (int64_t)48 * 3600000 - 600000;

/* What the buttons say. */
enum erase { ERASE_ASK, ERASE_WITH_ANSWERS, ERASE_WITHOUT_ANSWERS, ERASE_LEAVE };

/* Our messages in the chat that can still be deleted. */
struct answers {
    int64_t ids[PAGE * PAGES_MOST];
    size_t count;
};

enum fam_code fam_erase_ask(struct fam_turn *turn)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    bool with_answers = turn->state.erases_answers;
    if (!turn->has_session) {
        return fam_turn_say(turn, T(turn->locale, "error.later_general"));
    }
    turn->state.step = FAM_STEP_ERASE;
    const struct fam_arg args[] = {{"word", T(turn->locale, "erase.word")}};
    fam_html_init(&html);
    fam_html_add(&html, T(turn->locale, "erase.explain"));
    fam_html_end_paragraph(&html);
    fam_html_add(&html,
                 with_answers ? T(turn->locale, "erase.with_answers") : T(turn->locale, "erase.without_answers"));
    fam_html_end_paragraph(&html);
    fam_locale_add_html(&html, T(turn->locale, "erase.type"), args, 1);
    fam_turn_button(turn, &keyboard,
                    with_answers ? T(turn->locale, "button.keep_answers") : T(turn->locale, "button.erase_answers"),
                    FAM_ACTION_ERASE, with_answers ? ERASE_WITHOUT_ANSWERS : ERASE_WITH_ANSWERS, NULL);
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.export"), FAM_ACTION_EXPORT, 0, NULL);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.erase_leave"), FAM_ACTION_ERASE, ERASE_LEAVE, NULL);
    return fam_turn_show(turn, &html, &keyboard);
}

enum fam_code fam_erase_start(struct fam_turn *turn)
{
    fam_state_leave(&turn->state);
    return fam_erase_ask(turn);
}

enum fam_code fam_erase_press(struct fam_turn *turn)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    unsigned what = turn->pressed.argument;
    if (what == ERASE_LEAVE) {
        fam_state_leave(&turn->state);
        fam_html_init(&html);
        fam_html_add(&html, T(turn->locale, "erase.left"));
        return fam_turn_show(turn, &html, NULL);
    }
    if (what == ERASE_ASK) { /* from another message, which stays */
        turn->keep_pressed = true;
        return fam_erase_start(turn);
    }
    if (what > ERASE_LEAVE || turn->state.step != FAM_STEP_ERASE) {
        return FAM_OK; /* a button of a question that was left */
    }
    turn->state.erases_answers = what == ERASE_WITH_ANSWERS;
    return fam_erase_ask(turn);
}

/* The word as it is written on the question; case does not matter. */
static bool is_word(const struct fam_turn *turn)
{
    if (strlen(turn->update->text) >= WORD_SIZE) {
        return false;
    }
    char *said = fam_text_normalise(turn->update->text);
    char *wanted = fam_text_normalise(T(turn->locale, "erase.word"));
    bool same = said && wanted && strcmp(said, wanted) == 0;
    free(said);
    free(wanted);
    return same;
}

static enum fam_code find_answers(struct fam_turn *turn, struct answers *ret_answers)
{
    char token[FAM_TOKEN_SIZE] = "";
    for (int page = 0; page < PAGES_MOST; page++) {
        fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
        Fam__V1__ListEntriesRequest request = FAM__V1__LIST_ENTRIES_REQUEST__INIT;
        request.page_size = PAGE;
        request.page_token = token;
        request.from_ms = turn->dialog->options.wall_ms() - deletable_ms;
        request.scope = FAM__V1__ENTRY_SCOPE__ENTRY_SCOPE_OWN;
        enum fam_code code = fam_turn_call(turn, FAM_BACKEND_LIST_ENTRIES, NULL, &request.base, &reply);
        if (code != FAM_OK) {
            return code;
        }
        const Fam__V1__ListEntriesResponse *response = (const Fam__V1__ListEntriesResponse *)reply.message;
        for (size_t i = 0; i < response->n_entries && i < PAGE; i++) {
            const Fam__V1__Delivery *delivery = response->entries[i]->delivery;
            if (delivery && delivery->chat_id == turn->update->chat_id && delivery->message_id > 0) {
                ret_answers->ids[ret_answers->count++] = delivery->message_id;
            }
        }
        if (!response->next_page_token[0] || strlen(response->next_page_token) >= sizeof(token)) {
            return FAM_OK;
        }
        memcpy(token, response->next_page_token, strlen(response->next_page_token) + 1);
    }
    return FAM_OK;
}

/* How many of them are gone from the chat. What Telegram keeps stays, and the receipt says so. */
static size_t remove_answers(struct fam_turn *turn, const struct answers *answers)
{
    size_t removed = 0;
    const struct fam_messenger *messenger = &turn->messenger;
    for (size_t i = 0; i < answers->count; i += FAM_REMOVE_MESSAGES) {
        struct fam_status status = {0};
        size_t count = answers->count - i < FAM_REMOVE_MESSAGES ? answers->count - i : FAM_REMOVE_MESSAGES;
        if (messenger->remove_all(messenger->context, turn->update->chat_id, answers->ids + i, count, &status) ==
            FAM_OK) {
            removed += count;
        } else {
            FAM_LOG(turn->dialog->options.log, FAM_LOG_WARN, "dialog", "answers could not be removed",
                    FAM_STR("request_id", turn->request_id), FAM_STR("reason", status.reason));
        }
    }
    return removed;
}

static void lay_out_receipt(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Receipt *receipt,
                            bool had_family, size_t removed)
{
    char erased[FAM_MOMENT_SIZE], until[FAM_MOMENT_SIZE], number[24];
    fam_when_day(locale, "", receipt->erased_at_ms, erased);
    fam_when_day(locale, "", receipt->copies_until_ms, until);
    snprintf(number, sizeof(number), "%zu", removed);
    const struct fam_arg args[] = {{"day", erased}, {"until", until}, {"number", receipt->receipt_id}, {"n", number}};
    fam_html_add_bold(html, T(locale, "receipt.title"));
    fam_html_end_line(html);
    fam_locale_add_html(html, T(locale, "receipt.erased"), args, FAM_ARRAY_SIZE(args));
    fam_html_end_line(html);
    fam_locale_add_html(html, T(locale, "receipt.copies"), args, FAM_ARRAY_SIZE(args));
    if (had_family) {
        fam_html_end_line(html);
        fam_html_add(html, receipt->family_erased ? T(locale, "receipt.family") : T(locale, "receipt.others"));
    }
    fam_html_end_paragraph(html);
    fam_privacy_add_recipients(html, locale, receipt->recipients, receipt->n_recipients);
    if (receipt->n_recipients > 0) {
        fam_html_add(html, T(locale, "receipt.recipients"));
        fam_html_end_line(html);
    }
    fam_html_end_paragraph(html);
    if (removed > 0) {
        fam_locale_add_html(html, T(locale, "receipt.removed"), args, FAM_ARRAY_SIZE(args));
        fam_html_end_line(html);
    }
    fam_html_add(html, T(locale, "receipt.telegram"));
    fam_html_end_paragraph(html);
    fam_locale_add_html(html, T(locale, "receipt.number"), args, FAM_ARRAY_SIZE(args));
}

static void rest(const struct fam_turn *turn, uint32_t wait_ms)
{
    struct timespec pause = {.tv_sec = wait_ms / 1000, .tv_nsec = (long)(wait_ms % 1000) * 1000000};
    if (turn->dialog->options.sleep_ms) {
        turn->dialog->options.sleep_ms(wait_ms);
    } else {
        nanosleep(&pause, NULL);
    }
}

/* Now or never: a later attempt of this update would meet somebody new. */
static void give_receipt(struct fam_turn *turn, const Fam__V1__Receipt *receipt, bool had_family, size_t removed)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    lay_out_receipt(&html, turn->locale, receipt, had_family, removed);
    for (int attempt = 0; attempt < RECEIPT_ATTEMPTS; attempt++) {
        enum fam_code code = fam_turn_send(turn, &html, NULL, NULL);
        bool may_work_later = code == FAM_UNAVAILABLE || code == FAM_RESOURCE_EXHAUSTED;
        if (code == FAM_OK) {
            return;
        }
        if (!may_work_later) {
            break;
        }
        rest(turn, RECEIPT_WAIT_MS);
    }
    FAM_LOG(turn->dialog->options.log, FAM_LOG_WARN, "dialog", "a receipt could not be delivered",
            FAM_STR("request_id", turn->request_id), FAM_STR("reason", turn->status->reason));
    *turn->status = (struct fam_status){0};
}

static enum fam_code erase(struct fam_turn *turn)
{
    struct answers answers = {.count = 0};
    bool had_family = turn->user->family_id[0] != '\0';
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__DeleteFamilyRequest request = FAM__V1__DELETE_FAMILY_REQUEST__INIT;
    request.confirm = (char *)(uintptr_t) "DELETE";
    enum fam_code code = turn->state.erases_answers ? find_answers(turn, &answers) : FAM_OK;
    if (code == FAM_OK) {
        code = fam_turn_call(turn, FAM_BACKEND_DELETE_FAMILY, "erase", &request.base, &reply);
    }
    if (code == FAM_FAILED_PRECONDITION) {
        fam_state_leave(&turn->state);
        return fam_turn_say(turn, T(turn->locale, "erase.failed"));
    }
    if (code != FAM_OK) {
        return code;
    }
    turn->has_session = false;
    turn->state = (struct fam_state){0};
    fam_turn_set_draft(turn, NULL);
    const Fam__V1__Receipt *receipt = ((const Fam__V1__DeleteFamilyResponse *)reply.message)->receipt;
    if (!receipt) {
        return fam_turn_say(turn, T(turn->locale, "erase.already")); /* a second attempt would meet somebody new */
    }
    give_receipt(turn, receipt, had_family, remove_answers(turn, &answers));
    return FAM_OK;
}

enum fam_code fam_erase_text(struct fam_turn *turn, bool *ret_taken)
{
    *ret_taken = is_word(turn);
    return *ret_taken ? erase(turn) : FAM_OK;
}

enum fam_code fam_erase_text_again(struct fam_turn *turn, bool *ret_taken)
{
    *ret_taken = is_word(turn) && turn->user->n_consents == 0 && !turn->user->family_id[0];
    return *ret_taken ? fam_turn_say(turn, T(turn->locale, "erase.already")) : FAM_OK;
}
