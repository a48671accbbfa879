/* What a check-in looks like: what was marked so far, the question, its answers as buttons, and the ways out. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "dialog/checkin.h"

enum { OPTIONS_MOST = 24, SHORT_LABEL = 12, MIDDLE_LABEL = 17, MARKS_SIZE = 400 };

uint16_t fam_checkin_detail(const char *question_id)
{
    uint32_t hash = 2166136261u; /* FNV-1a, folded */
    for (const char *c = question_id; *c; c++) {
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    }
    uint16_t folded = (uint16_t)(hash ^ hash >> 16);
    return folded ? folded : 1;
}

const char *fam_checkin_greeting(const struct fam_locale *locale, Fam__V1__CheckinSlot slot)
{
    switch ((int)slot) {
    case FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_MORNING:
        return T(locale, "checkin.morning");
    case FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_AFTERNOON:
        return T(locale, "checkin.afternoon");
    case FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_EVENING:
        return T(locale, "checkin.evening");
    case FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_QUICK:
        return T(locale, "checkin.quick");
    default:
        return T(locale, "checkin.own");
    }
}

void fam_checkin_add_marks(const struct fam_turn *turn, const Fam__V1__Checkin *checkin, size_t count,
                           struct fam_html *html)
{
    char list[MARKS_SIZE] = "", line[MARKS_SIZE + 100];
    for (size_t i = 0; checkin && i < checkin->n_answers && i < count; i++) {
        const Fam__V1__CheckinAnswer *answer = checkin->answers[i];
        size_t used = strlen(list);
        if (answer->option_id[0] && answer->answer[0] && used + strlen(answer->answer) + sizeof(" · ") < MARKS_SIZE) {
            snprintf(list + used, sizeof(list) - used, "%s%s", used > 0 ? " · " : "", answer->answer);
        }
    }
    if (!*list) {
        return;
    }
    const struct fam_arg args[] = {{"list", list}};
    fam_locale_format(line, sizeof(line), T(turn->locale, "checkin.marked"), args, 1);
    fam_html_add_italic(html, line);
    fam_html_end_paragraph(html);
}

/* How many answers of this length stand side by side on a phone. */
static size_t options_a_row(const Fam__V1__Question *question)
{
    size_t longest = 0;
    for (size_t i = 0; i < question->n_options; i++) {
        size_t length = fam_utf8_length(question->options[i]->label);
        longest = length > longest ? length : longest;
    }
    return longest <= SHORT_LABEL ? FAM_BUTTONS_A_ROW : longest <= MIDDLE_LABEL ? 2 : 1;
}

static void add_option(const struct fam_turn *turn, const struct fam_checkin_page *page,
                       const struct fam_callback *button, const Fam__V1__QuestionOption *option,
                       struct fam_keyboard *keyboard)
{
    char label[FAM_BUTTON_LABEL];
    const char *chosen = page->question->answer_option;
    bool is_chosen = chosen[0] && strcmp(chosen, option->option_id) == 0;
    const struct fam_arg args[] = {{"value", option->label[0] ? option->label : T(turn->locale, "children.no_name")}};
    fam_locale_format(label, sizeof(label), is_chosen ? T(turn->locale, "button.chosen") : "{value}", args, 1);
    fam_turn_button_for(turn, keyboard, label, button);
}

static void add_verb(const struct fam_turn *turn, const struct fam_checkin_page *page, enum fam_checkin_verb verb,
                     const char *label, struct fam_keyboard *keyboard)
{
    struct fam_callback button = {.action = FAM_ACTION_CHECKIN,
                                  .argument = (uint8_t)verb,
                                  .detail = fam_checkin_detail(page->question->question_id)};
    if (fam_uuid_parse(page->checkin_id, &button.entry)) {
        fam_turn_button_for(turn, keyboard, label, &button);
    }
}

/* Whoever has not begun can leave it, without a word; later one just stops. */
static void add_ways(const struct fam_turn *turn, const struct fam_checkin_page *page, struct fam_keyboard *keyboard)
{
    const struct fam_locale *locale = turn->locale;
    bool is_text = page->question->kind == FAM__V1__QUESTION_KIND__QUESTION_KIND_TEXT;
    fam_keyboard_end_row(keyboard);
    if (is_text && !page->waits_for_words) {
        add_verb(turn, page, FAM_CHECKIN_OPEN, T(locale, "button.in_words"), keyboard);
    }
    if (page->question->may_skip) {
        bool erases = page->is_change && page->question->answer_text[0];
        add_verb(turn, page, FAM_CHECKIN_LEAVE_OUT,
                 erases ? T(locale, "button.needs_none") : T(locale, "button.leave_out"), keyboard);
    }
    if (page->position > 0) {
        add_verb(turn, page, FAM_CHECKIN_BACK, T(locale, "button.back"), keyboard);
    }
    if (page->is_change) {
        add_verb(turn, page, FAM_CHECKIN_OPEN, T(locale, "button.go_on"), keyboard);
    } else if (page->position == 0) {
        add_verb(turn, page, FAM_CHECKIN_NOT_NOW, T(locale, "button.not_now"), keyboard);
        add_verb(turn, page, FAM_CHECKIN_PAUSE, T(locale, "button.pause"), keyboard);
    }
}

static void add_options(const struct fam_turn *turn, const struct fam_checkin_page *page, struct fam_keyboard *keyboard)
{
    const Fam__V1__Question *question = page->question;
    struct fam_callback button = {.action = FAM_ACTION_CHECKIN_OPTION,
                                  .detail = fam_checkin_detail(question->question_id)};
    size_t a_row = options_a_row(question);
    if (!fam_uuid_parse(page->checkin_id, &button.entry)) {
        return;
    }
    for (size_t i = 0; i < question->n_options && i < OPTIONS_MOST; i++) {
        if (i % a_row == 0) {
            fam_keyboard_end_row(keyboard);
        }
        button.argument = (uint8_t)i;
        add_option(turn, page, &button, question->options[i], keyboard);
    }
}

void fam_checkin_lay_out(const struct fam_turn *turn, const struct fam_checkin_page *page, struct fam_html *html,
                         struct fam_keyboard *keyboard)
{
    const Fam__V1__Question *question = page->question;
    if (page->greeting) {
        fam_html_add(html, page->greeting);
        fam_html_end_paragraph(html);
    }
    fam_checkin_add_marks(turn, page->checkin, page->position, html);
    fam_html_add(html, question->text);
    if (page->is_change && question->answer_text[0]) {
        const struct fam_arg args[] = {{"text", question->answer_text}};
        fam_html_end_paragraph(html);
        fam_locale_add_html(html, T(turn->locale, "checkin.written"), args, 1);
    }
    if (page->waits_for_words) {
        fam_html_end_paragraph(html);
        fam_html_add_italic(html, T(turn->locale, "checkin.in_words"));
    }
    add_options(turn, page, keyboard);
    add_ways(turn, page, keyboard);
}
