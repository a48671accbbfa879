/* age.h: a child's age from a birth date, and its band.
 *
 * Ages are never stored: they are computed on the day asked for, in calendar days of the family's time zone. A birth
 * date of which only the year is known counts as 1 July. Thread-safe; no state. */
#ifndef FAM_FAMILY_AGE_H
#define FAM_FAMILY_AGE_H

#include <stdbool.h>

#include "fam/v1/types.pb-c.h"
#include "store/family_store.h"

/* A day of the proleptic Gregorian calendar, or a year alone; years 1900 to 2200. */
bool fam_date_is_valid(const struct fam_date *date);
/* Whole years on `today`; negative for a birth in the future. */
int fam_age_years(const struct fam_date *birth, const struct fam_date *today);
/* 2 to 17 and above; unspecified for a younger one. */
Fam__V1__AgeBand fam_age_band(int years);
/* Years in the middle of a band, for engines that want a number; 8 when unspecified. */
int fam_age_band_years(Fam__V1__AgeBand band);
/* Label value of the metrics: "child" (under 13), "teen", "other" when unspecified. */
const char *fam_age_group(Fam__V1__AgeBand band);

#endif
