/* Lists in messages: where one stands, and the buttons between its pages. */
#include <string.h>

#include "dialog/history.h"

enum { PAGES = 128 };

bool fam_view_is_on_show(const struct fam_turn *turn, enum fam_view_kind kind)
{
    return turn->state.view.kind == kind && turn->update->kind == FAM_UPDATE_CALLBACK &&
           turn->state.view.message_id == turn->update->message_id;
}

enum fam_code fam_view_show(struct fam_turn *turn, const struct fam_html *html, const struct fam_keyboard *keyboard,
                            enum fam_view_kind kind)
{
    const struct fam_messenger *messenger = &turn->messenger;
    struct fam_view *view = &turn->state.view;
    enum fam_code code = FAM_NOT_FOUND;
    if (fam_html_failed(html)) {
        return fam_fail_memory(turn->status);
    }
    view->kind = kind;
    if (turn->update->kind == FAM_UPDATE_CALLBACK && turn->update->message_id != 0 && !turn->keep_pressed) {
        const struct fam_outgoing message = {.chat_id = turn->update->chat_id,
                                             .message_id = turn->update->message_id,
                                             .html = fam_html_text(html),
                                             .keyboard = keyboard};
        view->message_id = turn->update->message_id;
        code = messenger->edit(messenger->context, &message, turn->status);
    }
    if (code == FAM_NOT_FOUND || code == FAM_INVALID_ARGUMENT) {
        code = fam_turn_send(turn, html, keyboard, &view->message_id);
    }
    return code;
}

bool fam_view_turn_page(struct fam_view *view, unsigned page)
{
    if (page == (unsigned)(view->page % PAGES)) {
        return true; /* a second tap, or back from an entry */
    }
    if (page != (unsigned)((view->page + 1) % PAGES) || !view->next[0]) {
        return false;
    }
    view->page++;
    memcpy(view->token, view->next, sizeof(view->token));
    view->next[0] = '\0';
    return true;
}

void fam_view_set_next(struct fam_view *view, const char *token)
{
    view->next[0] = '\0';
    if (token && strlen(token) < sizeof(view->next)) {
        memcpy(view->next, token, strlen(token) + 1);
    }
}

void fam_view_add_pages(const struct fam_turn *turn, struct fam_keyboard *keyboard, char action, uint8_t base)
{
    const struct fam_view *view = &turn->state.view;
    fam_keyboard_end_row(keyboard);
    if (view->page > 0) {
        fam_turn_button(turn, keyboard, T(turn->locale, "button.newest"), action, base, NULL);
    }
    if (view->next[0] && turn->has_session) {
        fam_turn_button(turn, keyboard, T(turn->locale, "button.older"), action,
                        (uint8_t)(base + (view->page + 1) % PAGES), NULL);
    }
}
