#include "dialog/when.h"

void fam_when_day(const struct fam_locale *locale, const char *zone, int64_t at_ms, char ret_text[FAM_MOMENT_SIZE])
{
    ret_text[0] = '\0';
    if (at_ms > 0) {
        fam_zone_day(locale, zone, at_ms, ret_text);
    }
}
