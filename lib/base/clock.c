#include "base/clock.h"

#include <stdio.h>
#include <time.h>

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
    int64_t ms = unix_ms % 1000;
    time_t seconds = (time_t)(unix_ms / 1000);
    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    struct tm utc;
    if (gmtime_r(&seconds, &utc) == NULL) {
        seconds = 0;
        (void)gmtime_r(&seconds, &utc);
    }
    char whole[24];
    (void)strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(ret_text, FAM_RFC3339_SIZE, "%s.%03dZ", whole, (int)ms);
}
