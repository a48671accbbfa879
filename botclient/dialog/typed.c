#include "dialog/typed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core.h"
#include "base/text.h"

enum { TYPED_CHARS = 100, OPTIONS_MOST = 24, LIST_SIZE = 600 };

/* Labels of buttons, and lists of words that say the same, split by commas. */
static const struct {
    const char *key;
    enum fam_typed_means means;
} words[] = {
    {FAM_KEY("button.back"), FAM_TYPED_BACK},           {FAM_KEY("typed.back"), FAM_TYPED_BACK},
    {FAM_KEY("button.leave_out"), FAM_TYPED_LEAVE_OUT}, {FAM_KEY("typed.leave_out"), FAM_TYPED_LEAVE_OUT},
    {FAM_KEY("button.go_on"), FAM_TYPED_GO_ON},         {FAM_KEY("button.needs_none"), FAM_TYPED_ERASE},
    {FAM_KEY("button.not_now"), FAM_TYPED_NOT_NOW},     {FAM_KEY("typed.not_now"), FAM_TYPED_NOT_NOW},
    {FAM_KEY("button.pause"), FAM_TYPED_PAUSE},         {FAM_KEY("typed.nothing"), FAM_TYPED_NOTHING},
};

/* 1 when `label` says what `said` (a core) says, 0 when not, -1: no memory. */
static int says(const char *label, const char *said)
{
    char *core = fam_text_core(label);
    int same = !core ? -1 : *core && strcmp(core, said) == 0;
    free(core);
    return same;
}

/* The same of one of a list that is split by commas. */
static int is_among(const char *list, const char *said)
{
    char one[LIST_SIZE];
    int found = 0;
    while (found == 0 && *list) {
        size_t size = strcspn(list, ",");
        snprintf(one, sizeof(one), "%.*s", (int)size, list);
        found = says(one, said);
        list += size + (list[size] == ',');
    }
    return found;
}

/* "5" and the other ways to write that of 5, in any language. */
static int is_number(const struct fam_turn *turn, size_t number, size_t most, const char *said)
{
    char n[32], of[32], list[LIST_SIZE];
    int found = 0;
    snprintf(n, sizeof(n), "%zu", number);
    snprintf(of, sizeof(of), "%zu", most);
    const struct fam_arg args[] = {{"n", n}, {"most", of}};
    for (size_t l = 0; l < fam_locale_count() && found == 0; l++) {
        const struct fam_locale *locale = fam_locales_get(turn->dialog->options.locales, fam_locale_language(l));
        fam_locale_format(list, sizeof(list), T(locale, "typed.scale"), args, 2);
        found = is_among(list, said);
    }
    return found;
}

/* Of two answers with the same label nobody can tell which is meant: then it is neither. */
static int find_option(const struct fam_turn *turn, const Fam__V1__Question *question, const char *said,
                       struct fam_typed *ret_typed)
{
    size_t count = question->n_options < OPTIONS_MOST ? question->n_options : OPTIONS_MOST, matches = 0;
    bool is_scale = question->kind == FAM__V1__QUESTION_KIND__QUESTION_KIND_SCALE;
    for (size_t i = 0; i < count; i++) {
        const char *label = question->options[i]->label;
        int same = says(*label ? label : T(turn->locale, "children.no_name"), said);
        if (same == 0 && is_scale) {
            same = is_number(turn, i + 1, count, said);
        }
        if (same < 0) {
            return -1;
        }
        if (same > 0) {
            matches++;
            ret_typed->option = (uint8_t)i;
        }
    }
    ret_typed->means = matches == 1 ? FAM_TYPED_OPTION : FAM_TYPED_OTHER;
    return matches > 0;
}

static int find_words(const struct fam_turn *turn, const char *said, struct fam_typed *ret_typed)
{
    int found = 0;
    for (size_t l = 0; l < fam_locale_count(); l++) {
        const struct fam_locale *locale = fam_locales_get(turn->dialog->options.locales, fam_locale_language(l));
        for (size_t i = 0; i < FAM_ARRAY_SIZE(words); i++) {
            found = is_among(fam_locale_text(locale, words[i].key), said);
            if (found != 0) {
                ret_typed->means = found > 0 ? words[i].means : FAM_TYPED_OTHER;
                return found;
            }
        }
    }
    return 0;
}

/* A text of dashes and dots alone. A lone emoji is an answer. */
static bool is_dash(const char *text)
{
    static const char *const signs[] = {"-", "–", "—", ".", "…", "_", " ", "\n"};
    while (*text) {
        size_t size = 0;
        for (size_t i = 0; i < FAM_ARRAY_SIZE(signs) && size == 0; i++) {
            size = strncmp(text, signs[i], strlen(signs[i])) == 0 ? strlen(signs[i]) : 0;
        }
        if (size == 0) {
            return false;
        }
        text += size;
    }
    return true;
}

enum fam_code fam_typed_read(const struct fam_turn *turn, const char *text, const Fam__V1__Question *question,
                             struct fam_typed *ret_typed)
{
    *ret_typed = (struct fam_typed){0};
    if (fam_utf8_length(text) > TYPED_CHARS) {
        return FAM_OK;
    }
    if (is_dash(text)) {
        ret_typed->means = FAM_TYPED_NOTHING;
        return FAM_OK;
    }
    char *said = fam_text_core(text);
    int found = said ? 0 : -1;
    if (said && *said) {
        found = question ? find_option(turn, question, said, ret_typed) : 0;
        found = found == 0 ? find_words(turn, said, ret_typed) : found;
    }
    if (said) {
        explicit_bzero(said, strlen(said));
    }
    free(said);
    return found < 0 ? fam_fail_memory(turn->status) : FAM_OK;
}
