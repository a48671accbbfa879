#include "family/age.h"

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : DAYS[month - 1];
}

bool fam_date_is_valid(const struct fam_date *date)
{
    if (date->year < 1900 || date->year > 2200) {
        return false;
    }
    if (date->month == 0) {
        return date->day == 0;
    }
    return date->month >= 1 && date->month <= 12 && date->day >= 1 &&
           date->day <= days_in_month(date->year, date->month);
}

int fam_age_years(const struct fam_date *birth, const struct fam_date *today)
{
    int month = birth->month == 0 ? 7 : birth->month;
    int day = birth->month == 0 ? 1 : birth->day;
    int years = today->year - birth->year;
    if (today->month < month || (today->month == month && today->day < day)) {
        years--;
    }
    return years;
}

Fam__V1__AgeBand fam_age_band(int years)
{
    static const struct {
        int up_to;
        Fam__V1__AgeBand band;
    } BANDS[] = {
        {1, FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED}, {3, FAM__V1__AGE_BAND__AGE_BAND_2_3},
        {6, FAM__V1__AGE_BAND__AGE_BAND_4_6},         {9, FAM__V1__AGE_BAND__AGE_BAND_7_9},
        {12, FAM__V1__AGE_BAND__AGE_BAND_10_12},      {15, FAM__V1__AGE_BAND__AGE_BAND_13_15},
    };
    for (unsigned i = 0; i < sizeof(BANDS) / sizeof(BANDS[0]); i++) {
        if (years <= BANDS[i].up_to) {
            return BANDS[i].band;
        }
    }
    return FAM__V1__AGE_BAND__AGE_BAND_16_17;
}

int fam_age_band_years(Fam__V1__AgeBand band)
{
    static const int YEARS[] = {8, 3, 5, 8, 11, 14, 16};
    int index = (int)band;
    return index < 0 || index > 6 ? YEARS[0] : YEARS[index];
}

const char *fam_age_group(Fam__V1__AgeBand band)
{
    switch (band) {
    case FAM__V1__AGE_BAND__AGE_BAND_2_3:
    case FAM__V1__AGE_BAND__AGE_BAND_4_6:
    case FAM__V1__AGE_BAND__AGE_BAND_7_9:
    case FAM__V1__AGE_BAND__AGE_BAND_10_12:
        return "child";
    case FAM__V1__AGE_BAND__AGE_BAND_13_15:
    case FAM__V1__AGE_BAND__AGE_BAND_16_17:
        return "teen";
    default:
        return "other";
    }
}
