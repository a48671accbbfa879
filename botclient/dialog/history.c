/* /history: which entries are listed, by child, feeling, time or words. The choice is kept in the session (view.h). */
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "base/text.h"
#include "dialog/history.h"

enum { SHOWN_PAGE = 0x80, QUERY_LEAST = 2 };

/* What the buttons of the choice say. */
enum filter {
    FILTER_MENU,
    FILTER_CLEAR,
    FILTER_WORDS,
    FILTER_CHILD, /* with its id; without: all */
    FILTER_EMOTIONS,
    FILTER_PERIOD,       /* + enum fam_view_period */
    FILTER_EMOTION = 64, /* + enum Emotion; 0: all */
};

/* Without consent nothing was stored, and without a session no list can be turned over. */
static bool may_list(struct fam_turn *turn, enum fam_code *ret_code)
{
    *ret_code = FAM_OK;
    if (!turn->has_session) {
        *ret_code = fam_turn_say(turn, T(turn->locale, "error.later_general"));
        return false;
    }
    return true;
}

enum fam_code fam_history_start(struct fam_turn *turn)
{
    enum fam_code code;
    fam_state_leave(&turn->state);
    turn->state.view = (struct fam_view){0};
    return may_list(turn, &code) ? fam_history_list(turn) : code;
}

enum fam_code fam_history_page(struct fam_turn *turn)
{
    enum fam_code code;
    struct fam_view *view = &turn->state.view;
    if (!may_list(turn, &code)) {
        return code;
    }
    if (!fam_view_is_on_show(turn, FAM_VIEW_HISTORY)) {
        *view = (struct fam_view){0};
    } else if (!(turn->pressed.argument & SHOWN_PAGE) && !fam_view_turn_page(view, turn->pressed.argument)) {
        fam_view_rewind(view);
    }
    return fam_history_list(turn);
}

static void add_choice(const struct fam_turn *turn, struct fam_keyboard *keyboard, const char *label, bool is_chosen,
                       uint8_t argument, const struct fam_uuid *child)
{
    char text[FAM_BUTTON_LABEL];
    const struct fam_arg args[] = {{"value", label}};
    if (is_chosen) {
        fam_locale_format(text, sizeof(text), T(turn->locale, "button.chosen"), args, 1);
    }
    fam_turn_button(turn, keyboard, is_chosen ? text : label, FAM_ACTION_FILTER, argument, child);
}

static void add_children(const struct fam_turn *turn, struct fam_keyboard *keyboard, const Fam__V1__Family *family)
{
    const struct fam_view *view = &turn->state.view;
    if (!family || family->n_children < 2) {
        return;
    }
    fam_keyboard_end_row(keyboard);
    add_choice(turn, keyboard, T(turn->locale, "history.all_children"), !view->child_id[0], FILTER_CHILD, NULL);
    for (size_t i = 0; i < family->n_children; i++) {
        char label[FAM_BUTTON_LABEL];
        struct fam_uuid id;
        fam_children_describe(turn->locale, family, family->children[i], label, sizeof(label));
        if (fam_uuid_parse(family->children[i]->child_id, &id)) {
            add_choice(turn, keyboard, label, strcmp(view->child_id, family->children[i]->child_id) == 0, FILTER_CHILD,
                       &id);
        }
    }
}

static enum fam_code show_menu(struct fam_turn *turn)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    const struct fam_view *view = &turn->state.view;
    Fam__V1__Family *family = NULL;
    enum fam_code code = turn->user->family_id[0] ? fam_children_family(turn, &reply, &family) : FAM_OK;
    if (code != FAM_OK) {
        return code;
    }
    fam_html_init(&html);
    fam_html_add(&html, T(turn->locale, "history.choose"));
    add_choice(turn, &keyboard, T(turn->locale, "history.week"), view->period == FAM_PERIOD_WEEK,
               FILTER_PERIOD + FAM_PERIOD_WEEK, NULL);
    add_choice(turn, &keyboard, T(turn->locale, "history.month"), view->period == FAM_PERIOD_MONTH,
               FILTER_PERIOD + FAM_PERIOD_MONTH, NULL);
    add_choice(turn, &keyboard, T(turn->locale, "history.all"), view->period == FAM_PERIOD_ALL,
               FILTER_PERIOD + FAM_PERIOD_ALL, NULL);
    add_children(turn, &keyboard, family);
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.emotion"), FAM_ACTION_FILTER, FILTER_EMOTIONS, NULL);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.words"), FAM_ACTION_FILTER, FILTER_WORDS, NULL);
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.clear"), FAM_ACTION_FILTER, FILTER_CLEAR, NULL);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.list"), FAM_ACTION_HISTORY, SHOWN_PAGE, NULL);
    return fam_view_show(turn, &html, &keyboard, FAM_VIEW_HISTORY);
}

static enum fam_code show_emotions(struct fam_turn *turn)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    const struct fam_view *view = &turn->state.view;
    fam_html_init(&html);
    fam_html_add(&html, T(turn->locale, "history.choose_emotion"));
    for (size_t group = 0; group < FAM_EMOTION_GROUPS; group++) {
        const Fam__V1__Emotion *emotions = fam_emotion_group(group);
        for (size_t i = 0; i < FAM_EMOTION_GROUP_SIZE && emotions[i]; i++) {
            add_choice(turn, &keyboard, fam_label_emotion(turn->locale, emotions[i]), view->emotion == (int)emotions[i],
                       (uint8_t)(FILTER_EMOTION + (int)emotions[i]), NULL);
        }
    }
    fam_keyboard_end_row(&keyboard);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.any"), FAM_ACTION_FILTER, FILTER_EMOTION, NULL);
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.back"), FAM_ACTION_FILTER, FILTER_MENU, NULL);
    return fam_view_show(turn, &html, &keyboard, FAM_VIEW_HISTORY);
}

/* What a button of the choice changes; false: it changes nothing. Words and a choice of feeling or time exclude each
 * other. */
static bool choose(struct fam_view *view, unsigned what, const struct fam_uuid *child)
{
    if (what == FILTER_CLEAR) {
        *view = (struct fam_view){.kind = FAM_VIEW_HISTORY, .message_id = view->message_id};
    } else if (what == FILTER_CHILD) {
        view->child_id[0] = '\0';
        if (!fam_uuid_is_nil(child)) {
            fam_uuid_format(child, view->child_id);
        }
    } else if (what >= FILTER_PERIOD && what < FILTER_PERIOD + FAM_PERIODS) {
        view->period = (enum fam_view_period)(what - FILTER_PERIOD);
        view->query[0] = '\0';
    } else if (what >= FILTER_EMOTION && what <= FILTER_EMOTION + FAM__V1__EMOTION__EMOTION_OVERWHELM) {
        view->emotion = (int)(what - FILTER_EMOTION);
        view->query[0] = '\0';
    } else {
        return false;
    }
    fam_view_rewind(view);
    return true;
}

enum fam_code fam_history_filter(struct fam_turn *turn)
{
    enum fam_code code;
    struct fam_view *view = &turn->state.view;
    unsigned what = turn->pressed.argument;
    if (!may_list(turn, &code)) {
        return code;
    }
    if (!fam_view_is_on_show(turn, FAM_VIEW_HISTORY)) {
        *view = (struct fam_view){0};
    }
    if (what == FILTER_WORDS) {
        turn->keep_pressed = true;
        return fam_history_ask_words(turn);
    }
    if (what == FILTER_EMOTIONS) {
        return show_emotions(turn);
    }
    return choose(view, what, &turn->pressed.entry) ? fam_history_list(turn) : show_menu(turn);
}

enum fam_code fam_history_ask_words(struct fam_turn *turn)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    fam_html_add(&html, T(turn->locale, "history.ask_words"));
    turn->state.step = FAM_STEP_SEARCH;
    return fam_turn_show(turn, &html, NULL);
}

/* Is there anything that can be looked for: two letters or digits, at least? "!!!" is nothing. */
static bool has_words(const char *text)
{
    size_t count = 0;
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
    while (*at && count < QUERY_LEAST) {
        utf8proc_int32_t point;
        utf8proc_ssize_t used = utf8proc_iterate(at, -1, &point);
        if (used <= 0) {
            return false;
        }
        utf8proc_category_t category = utf8proc_category(point);
        count += (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
                 (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
        at += used;
    }
    return count == QUERY_LEAST;
}

enum fam_code fam_history_words_text(struct fam_turn *turn, bool *ret_taken)
{
    char words[FAM_QUERY_SIZE];
    struct fam_view *view = &turn->state.view;
    *ret_taken = true;
    size_t size = strlen(turn->update->text);
    snprintf(words, sizeof(words), "%s", size < sizeof(words) ? turn->update->text : "");
    fam_text_trim(words);
    if (size >= sizeof(words) || fam_utf8_length(words) > FAM_QUERY_CHARS) {
        return fam_turn_say(turn, T(turn->locale, "history.words_long"));
    }
    if (!has_words(words)) {
        return fam_turn_say(turn, T(turn->locale, "history.no_words"));
    }
    view->emotion = 0;
    view->period = FAM_PERIOD_ALL;
    memcpy(view->query, words, strlen(words) + 1);
    fam_view_rewind(view);
    fam_state_leave(&turn->state);
    return fam_history_list(turn);
}
