#include "dialog/when.h"

#include <stdio.h>
#include <time.h>

#include "base/compiler.h"

void fam_when_day(const struct fam_locale *locale, int64_t at_ms, char ret_text[FAM_DAY_SIZE])
{
    char year[16], month[16], day[16];
    struct tm broken;
    time_t at = (time_t)(at_ms / 1000);
    ret_text[0] = '\0';
    if (at_ms <= 0 || !gmtime_r(&at, &broken)) {
        return;
    }
    snprintf(year, sizeof(year), "%04d", broken.tm_year + 1900);
    snprintf(month, sizeof(month), "%02d", broken.tm_mon + 1);
    snprintf(day, sizeof(day), "%02d", broken.tm_mday);
    const struct fam_arg args[] = {{"y", year}, {"m", month}, {"d", day}};
    fam_locale_format(ret_text, FAM_DAY_SIZE, T(locale, "when.day"), args, FAM_ARRAY_SIZE(args));
}
