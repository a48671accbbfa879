/* privacy.h: see turn.h; what is stored and what was sent to whom, the files of everything, erasure. */
#ifndef FAM_DIALOG_PRIVACY_H
#define FAM_DIALOG_PRIVACY_H

#include "dialog/turn.h"

/* privacy.c */
enum fam_code fam_privacy_start(struct fam_turn *turn);
enum fam_code fam_privacy_press(struct fam_turn *turn);
/* "Anthropic (Claude): 3, last on 12.03.2026" for each, or that nothing was sent. */
void fam_privacy_add_recipients(struct fam_html *html, const struct fam_locale *locale,
                                Fam__V1__Recipient *const *recipients, size_t count);

/* export.c: at most FAM_EXPORTS files at a time are put together in memory, each of FAM_DOCUMENT_BYTES at most; who
 * comes third is tried again in a moment. */
enum { FAM_EXPORTS = 2 };
struct fam_exports *fam_exports_new(void) FAM_MUST_CHECK;
void fam_exports_free(struct fam_exports *exports);
enum fam_code fam_export_start(struct fam_turn *turn);
enum fam_code fam_export_press(struct fam_turn *turn);

/* erase.c */
enum fam_code fam_erase_start(struct fam_turn *turn);
enum fam_code fam_erase_press(struct fam_turn *turn);
enum fam_code fam_erase_ask(struct fam_turn *turn);
enum fam_code fam_erase_text(struct fam_turn *turn, bool *ret_taken);
/* The word of erasure from somebody of whom nothing is stored: it was erased a moment ago. */
enum fam_code fam_erase_text_again(struct fam_turn *turn, bool *ret_taken);

#endif
