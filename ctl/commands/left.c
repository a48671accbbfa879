#include "commands/left.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "words.h"

void fam_left_note(struct fam_left *left, const struct fam_ctl *ctl, const char *id, int state)
{
    for (size_t i = 0; i < ctl->parsed->argument_count && i < FAM_LEFT_MAX; i++) {
        if (strcasecmp(ctl->parsed->arguments[i], id) == 0) {
            left->states[i] = state;
        }
    }
}

static const char *why_of(const struct fam_left_words *words, int state)
{
    return state >= 0 && state < FAM_LEFT_STATES ? words->why[state] : NULL;
}

void fam_left_show(struct fam_ctl *ctl, const struct fam_left *left, const struct fam_left_words *words, int64_t done)
{
    static const struct fam_column COLUMNS[] = {{"id", "LEFT ALONE"}, {"state", "STATE"}, {"why", "WHY"}};
    int64_t missing = (int64_t)ctl->parsed->argument_count - done;
    if (missing <= 0) {
        return;
    }
    fam_out_table(&ctl->out, "left", COLUMNS, FAM_ARRAY_SIZE(COLUMNS), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < ctl->parsed->argument_count && i < FAM_LEFT_MAX; i++) {
        char word[FAM_WORD_SIZE] = "";
        int state = left->states[i];
        const char *why = why_of(words, state);
        if (why == NULL) {
            continue;
        }
        if (state != 0) {
            fam_word_from_enum(words->states, state, word);
        }
        fam_out_cell(&ctl->out, FAM_TEXT(ctl->parsed->arguments[i]));
        fam_out_cell(&ctl->out, FAM_TEXT(word));
        fam_out_cell(&ctl->out, FAM_TEXT(why));
        missing--;
        if (words->already == 0 || state != words->already) {
            ctl->exit_code = FAM_EXIT_FAILED;
        }
    }
    if (missing > 0) {
        char text[200];
        (void)snprintf(text, sizeof(text), "%" PRId64 " more were left alone: %s.", missing, words->rest);
        fam_out_note(&ctl->out, text);
        ctl->exit_code = FAM_EXIT_FAILED;
    }
}
