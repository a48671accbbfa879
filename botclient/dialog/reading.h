/* reading.h: the layout of an answer.
 *
 * Without danger: what is going on, "it may also be", how sure, the need, three things to say, what to avoid, who made
 * it: 1,500 characters at most, whatever is too much left out from the end of the list and shortened last of all.
 * With a safety block: its opening (60 characters, says nothing of the topic), the first step and the first help line
 * come first and fit into 300 characters; the block is never cut; the reading gets what room is left.
 *
 * Characters are UTF-16 units as Telegram counts them. Pure; thread-safe. */
#ifndef FAM_DIALOG_READING_H
#define FAM_DIALOG_READING_H

#include <stdbool.h>

#include "fam/v1/translation.pb-c.h"
#include "locale.h"
#include "telegram/format.h"

enum { FAM_ANSWER_UNITS = 1500, FAM_SAFETY_HEAD_UNITS = 300 };

/* `heading` ("for Masha, 7") stands above the reading, below a safety block; NULL: none. *ret_shortened: something of
 * the reading is left out. `html` is empty before. An entry without a reading gives its safety block alone. */
void fam_reading_layout(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Entry *entry,
                        const char *heading, bool *ret_shortened);
/* The reading in full, without the safety block and without a bound of our own. */
void fam_reading_full(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Reading *reading);
/* One thing to say with why it works and what to expect; `index` from 0. Empty when there is none. */
void fam_reading_why(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Reading *reading,
                     size_t index);
void fam_reading_activity(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Reading *reading);

#endif
