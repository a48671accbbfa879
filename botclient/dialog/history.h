/* history.h: see turn.h; entries that were stored: the list, one of them, correcting, sharing and erasing it. */
#ifndef FAM_DIALOG_HISTORY_H
#define FAM_DIALOG_HISTORY_H

#include "dialog/turn.h"

enum { FAM_EMOTION_GROUPS = 4, FAM_EMOTION_GROUP_SIZE = 6 };

/* The closed list of emotions by kinship, each in one group, 0 behind the last of a group. `group` is below
 * FAM_EMOTION_GROUPS. */
const Fam__V1__Emotion *fam_emotion_group(size_t group);
const char *fam_emotion_group_name(const struct fam_locale *locale, size_t group);

/* history.c: the command, pages, filters, the search. */
enum fam_code fam_history_start(struct fam_turn *turn);
enum fam_code fam_history_page(struct fam_turn *turn);
enum fam_code fam_history_filter(struct fam_turn *turn);
enum fam_code fam_history_ask_words(struct fam_turn *turn);
enum fam_code fam_history_words_text(struct fam_turn *turn, bool *ret_taken);

/* history_list.c: one page of the session's view. */
enum fam_code fam_history_list(struct fam_turn *turn);

/* entry.c */
enum fam_code fam_entry_open(struct fam_turn *turn);
enum fam_code fam_entry_share(struct fam_turn *turn);
enum fam_code fam_entry_erase(struct fam_turn *turn);
/* A button that shows the entry to the family or hides it, when it is the person's own and there is somebody to see
 * it. Best effort: without an answer of the server there is none. */
void fam_entry_share_button(struct fam_turn *turn, struct fam_keyboard *keyboard, const Fam__V1__Entry *entry);

/* correct.c */
enum fam_code fam_correct(struct fam_turn *turn);
enum fam_code fam_correct_ask_note(struct fam_turn *turn);
enum fam_code fam_correct_note_text(struct fam_turn *turn, bool *ret_taken);

/* Shows a list where the pressed list stood, else as a message, and remembers it as the one on show. */
enum fam_code fam_view_show(struct fam_turn *turn, const struct fam_html *html, const struct fam_keyboard *keyboard,
                            enum fam_view_kind kind);
/* Is the pressed button on the list that is on show? */
bool fam_view_is_on_show(const struct fam_turn *turn, enum fam_view_kind kind);
/* Where a button for page `page` (modulo 128) leads in this view; false: nowhere, begin anew. */
bool fam_view_turn_page(struct fam_view *view, unsigned page);
/* The token of the page behind this one; one that is too long to be kept ends the list. */
void fam_view_set_next(struct fam_view *view, const char *token);
/* The parts of a keyboard that every list has: newest, older. */
void fam_view_add_pages(const struct fam_turn *turn, struct fam_keyboard *keyboard, char action, uint8_t base);

#endif
