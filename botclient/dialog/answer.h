/* answer.h: see turn.h; what answer.c offers to details.c, deliver.c, emergency.c and offer.c. */
#ifndef FAM_DIALOG_ANSWER_H
#define FAM_DIALOG_ANSWER_H

#include "dialog/turn.h"
#include "fam/v1/notification.pb-c.h"

enum { FAM_ANSWER_PARTS = 3 /* of one message, each a phrase */ };

/* Where a text of more than FAM_PHRASE_CHARS is cut: after a line, else after a word. */
size_t fam_answer_part_size(const char *text);

/* Translate. FAM_OK with *ret_entry NULL: the author's limit is reached, and the author was told. */
enum fam_code fam_answer_translate(struct fam_turn *turn, const char *phrase, const char *child_id,
                                   Fam__V1__AgeBand age_band, const char *name, struct fam_backend_reply *ret_reply,
                                   Fam__V1__Entry **ret_entry);

/* The buttons of an answer. An entry of the session's draft has no id: its buttons work while the draft is kept. */
enum fam_code fam_answer_keyboard(struct fam_turn *turn, const Fam__V1__Entry *entry, bool shortened,
                                  struct fam_keyboard *keyboard);

/* Reads the words of the message that the pressed one answers, in the place of the pressed one: once, however often it
 * is tapped. */
enum fam_code fam_answer_offered(struct fam_turn *turn);

/* A new reading of an entry whose answer stands in the chat: in its place, or as a new message when it can't be edited,
 * is gone, or has a safety block (which is never edited away). `name` is for the idempotency key. */
enum fam_code fam_answer_renew(struct fam_turn *turn, const Fam__V1__Entry *entry, const char *name,
                               bool *ret_in_place);

#endif
