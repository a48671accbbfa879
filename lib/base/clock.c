#include "base/clock.h"

#include <stdio.h>
#include <time.h>

/* The years that RFC 3339 can write: 0000-01-01 to the last millisecond of 9999. */
static const int64_t YEAR_0000_MS = -62167219200000;
static const int64_t YEAR_9999_MS = 253402300799999;

uint64_t fam_mono_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t fam_mono_us(void)
{
    return fam_mono_ns() / 1000u;
}

uint64_t fam_mono_ms(void)
{
    return fam_mono_ns() / 1000000u;
}

int64_t fam_wall_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void fam_rfc3339(int64_t unix_ms, char ret_text[FAM_RFC3339_SIZE])
{
    unix_ms = unix_ms < YEAR_0000_MS ? YEAR_0000_MS : unix_ms > YEAR_9999_MS ? YEAR_9999_MS : unix_ms;
    int64_t ms = unix_ms % 1000;
    time_t seconds = (time_t)(unix_ms / 1000);
    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    struct tm utc = {.tm_mday = 1};
    (void)gmtime_r(&seconds, &utc); /* within the years above it can't fail */
    char whole[24] = "";
    size_t size = strftime(whole, sizeof(whole), "-%m-%dT%H:%M:%S", &utc); /* its %Y has no zeros in front */
    (void)snprintf(ret_text, FAM_RFC3339_SIZE, "%04d%.*s.%03dZ", utc.tm_year + 1900, (int)size, whole, (int)ms);
}
