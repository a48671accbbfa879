#include "base/clock.h"

#include <string.h>
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

static void put_digits(char *text, unsigned value, size_t count)
{
    for (; count > 0; count--, value /= 10) {
        text[count - 1] = (char)('0' + value % 10);
    }
}

/* The civil date of a day, counted from 1970-01-01, in the Gregorian calendar without end: years that begin in March
 * have their leap day last, and 400 of them have 146,097 days. (No gmtime_r: this runs for every line of the log.) */
static void date_of(int64_t day, unsigned *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    enum { DAYS_400 = 146097, DAYS_100 = 36524, DAYS_4 = 1461, MARCH_0000 = 719468 };
    int64_t from_march = day + MARCH_0000;
    int64_t era = (from_march >= 0 ? from_march : from_march - (DAYS_400 - 1)) / DAYS_400;
    unsigned of_era = (unsigned)(from_march - era * DAYS_400);
    unsigned year = (of_era - of_era / (DAYS_4 - 1) + of_era / DAYS_100 - of_era / (DAYS_400 - 1)) / 365;
    unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * of_year + 2) / 153; /* March is 0; five months have 153 days */
    *ret_day = of_year - (153 * month + 2) / 5 + 1;
    *ret_month = month < 10 ? month + 3 : month - 9;
    *ret_year = (unsigned)(year + era * 400 + (month < 10 ? 0 : 1));
}

void fam_rfc3339(int64_t unix_ms, char ret_text[FAM_RFC3339_SIZE])
{
    enum { DAY_MS = 86400000 };
    unix_ms = unix_ms < YEAR_0000_MS ? YEAR_0000_MS : unix_ms > YEAR_9999_MS ? YEAR_9999_MS : unix_ms;
    int64_t day = unix_ms / DAY_MS;
    int64_t of_day = unix_ms % DAY_MS;
    if (of_day < 0) {
        of_day += DAY_MS;
        day--;
    }
    unsigned year = 0, month = 0, day_of_month = 0;
    date_of(day, &year, &month, &day_of_month);
    unsigned ms = (unsigned)of_day;
    static const char SHAPE[] = "0000-00-00T00:00:00.000Z";
    memcpy(ret_text, SHAPE, sizeof(SHAPE));
    put_digits(ret_text, year, 4);
    put_digits(ret_text + 5, month, 2);
    put_digits(ret_text + 8, day_of_month, 2);
    put_digits(ret_text + 11, ms / 3600000, 2);
    put_digits(ret_text + 14, ms / 60000 % 60, 2);
    put_digits(ret_text + 17, ms / 1000 % 60, 2);
    put_digits(ret_text + 20, ms % 1000, 3);
}
