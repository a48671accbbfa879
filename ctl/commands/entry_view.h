/* entry_view.h: one entry as fields and blocks of an answer. The phrase itself is left to the caller: whoever
 * translates has just typed it. No state. */
#ifndef FAM_CTL_COMMANDS_ENTRY_VIEW_H
#define FAM_CTL_COMMANDS_ENTRY_VIEW_H

#include "fam/v1/translation.pb-c.h"

struct fam_out;

void fam_entry_show(struct fam_out *out, const Fam__V1__Entry *entry);

#endif
