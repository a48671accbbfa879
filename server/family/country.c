#include "family/country.h"

#include <stddef.h>
#include <string.h>

/* Source: zone.tab of the IANA time zone database; where a country has several zones, the one of its capital or
 * largest city. A family can choose another. */
static const struct {
    char country[3];
    const char *zone;
} ZONES[] = {
    {"AM", "Asia/Yerevan"},      {"AT", "Europe/Vienna"},     {"AU", "Australia/Sydney"},  {"AZ", "Asia/Baku"},
    {"BE", "Europe/Brussels"},   {"BG", "Europe/Sofia"},      {"BY", "Europe/Minsk"},      {"CA", "America/Toronto"},
    {"CH", "Europe/Zurich"},     {"CY", "Asia/Nicosia"},      {"CZ", "Europe/Prague"},     {"DE", "Europe/Berlin"},
    {"DK", "Europe/Copenhagen"}, {"EE", "Europe/Tallinn"},    {"ES", "Europe/Madrid"},     {"FI", "Europe/Helsinki"},
    {"FR", "Europe/Paris"},      {"GB", "Europe/London"},     {"GE", "Asia/Tbilisi"},      {"GR", "Europe/Athens"},
    {"HR", "Europe/Zagreb"},     {"HU", "Europe/Budapest"},   {"IE", "Europe/Dublin"},     {"IL", "Asia/Jerusalem"},
    {"IN", "Asia/Kolkata"},      {"IT", "Europe/Rome"},       {"KG", "Asia/Bishkek"},      {"KZ", "Asia/Almaty"},
    {"LT", "Europe/Vilnius"},    {"LU", "Europe/Luxembourg"}, {"LV", "Europe/Riga"},       {"MD", "Europe/Chisinau"},
    {"ME", "Europe/Podgorica"},  {"MN", "Asia/Ulaanbaatar"},  {"MT", "Europe/Malta"},      {"NL", "Europe/Amsterdam"},
    {"NO", "Europe/Oslo"},       {"NP", "Asia/Kathmandu"},    {"NZ", "Pacific/Auckland"},  {"PL", "Europe/Warsaw"},
    {"PT", "Europe/Lisbon"},     {"RO", "Europe/Bucharest"},  {"RS", "Europe/Belgrade"},   {"RU", "Europe/Moscow"},
    {"SE", "Europe/Stockholm"},  {"SI", "Europe/Ljubljana"},  {"SK", "Europe/Bratislava"}, {"TJ", "Asia/Dushanbe"},
    {"TM", "Asia/Ashgabat"},     {"TR", "Europe/Istanbul"},   {"UA", "Europe/Kyiv"},       {"US", "America/New_York"},
    {"UZ", "Asia/Tashkent"},
};

bool fam_country_is_valid(const char *country)
{
    return strlen(country) == 2 && country[0] >= 'A' && country[0] <= 'Z' && country[1] >= 'A' && country[1] <= 'Z';
}

const char *fam_country_time_zone(const char *country)
{
    for (size_t i = 0; i < sizeof(ZONES) / sizeof(ZONES[0]); i++) {
        if (strcmp(ZONES[i].country, country) == 0) {
            return ZONES[i].zone;
        }
    }
    return "Etc/UTC";
}
