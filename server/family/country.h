/* country.h: what follows from a country: is it one, and which time zone do most of its people live in?
 * Thread-safe; no state. */
#ifndef FAM_FAMILY_COUNTRY_H
#define FAM_FAMILY_COUNTRY_H

#include <stdbool.h>

/* Two upper-case letters (ISO 3166-1 alpha-2 by shape). */
bool fam_country_is_valid(const char *country);
/* IANA name; "Etc/UTC" for countries that are not listed. */
const char *fam_country_time_zone(const char *country);

#endif
