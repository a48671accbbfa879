/* when.h: days in lists and reports. Thread-safe. */
#ifndef FAM_DIALOG_WHEN_H
#define FAM_DIALOG_WHEN_H

#include <stdint.h>

#include "dialog/zones.h"

/* As fam_zone_day; "" for a time that is none (0). A zone of "" is UTC. */
void fam_when_day(const struct fam_locale *locale, const char *zone, int64_t at_ms, char ret_text[FAM_MOMENT_SIZE]);

#endif
