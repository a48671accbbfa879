/* when.h: days as people of a language write them, in UTC. Thread-safe. */
#ifndef FAM_DIALOG_WHEN_H
#define FAM_DIALOG_WHEN_H

#include <stdint.h>

#include "locale.h"

enum { FAM_DAY_SIZE = 32 };

/* "12.03.2026", "2026-03-12"; Unix time. "" for 0 and for what is no time. */
void fam_when_day(const struct fam_locale *locale, int64_t at_ms, char ret_text[FAM_DAY_SIZE]);

#endif
