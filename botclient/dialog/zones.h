/* zones.h: time zones as people choose and read them: by a city, by a distance from UTC; and what a clock on the wall
 * shows there. The server knows zones by their IANA names; the names of cities are in the locales. Offsets come from
 * the machine's own time zone files. Thread-safe; no state. */
#ifndef FAM_DIALOG_ZONES_H
#define FAM_DIALOG_ZONES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "locale.h"

enum { FAM_ZONES_A_PAGE = 9, FAM_ZONE_SIZE = 65, FAM_MOMENT_SIZE = 64 };

/* IANA names in a fixed order; buttons name them by place. NULL behind the last. */
const char *fam_zone_at(size_t index);
size_t fam_zone_pages(void);
/* The page that people of this language see first. */
size_t fam_zone_first_page(Fam__V1__Language language);
/* "Москва", "UTC+3", or the IANA name when the locales have none. */
void fam_zone_name(const struct fam_locale *locale, const char *zone, char ret_name[FAM_ZONE_SIZE]);
/* A listed city in any of our languages, "+3", "UTC-5", or what looks like an IANA name (the server decides whether it
 * is one). False: none of these. */
bool fam_zone_parse(const struct fam_locales *locales, const char *text, char ret_zone[FAM_ZONE_SIZE]);

/* Seconds to add to UTC at that moment. False when the zone is not known on this machine. */
bool fam_zone_offset(const char *zone, int64_t unix_ms, int32_t *ret_offset_s);
/* "18:40" there. False as above. */
bool fam_zone_clock(const char *zone, int64_t unix_ms, char ret_text[FAM_MOMENT_SIZE]);
/* "03.12.2026, 18:40"; in UTC, and said so, when the zone is not known. */
void fam_zone_moment(const struct fam_locale *locale, const char *zone, int64_t unix_ms,
                     char ret_text[FAM_MOMENT_SIZE]);
/* "03.12.2026" there, else in UTC. */
void fam_zone_day(const struct fam_locale *locale, const char *zone, int64_t unix_ms, char ret_text[FAM_MOMENT_SIZE]);
/* The same of a date that the server reckoned. */
void fam_zone_date(const struct fam_locale *locale, int year, int month, int day, char ret_text[FAM_MOMENT_SIZE]);

#endif
