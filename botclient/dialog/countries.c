#include "dialog/countries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Never reordered: old buttons name countries by their place. */
static const char *const named[] = {"RU", "BY", "KZ", "UA", "GE", "AM", "IL", "DE", "US", "GB", "CA", "AU", "IE",
                                    "FR", "ES", "IT", "PL", "NL", "KG", "UZ", "AZ", "MD", "LV", "LT", "EE", "RS",
                                    "TR", "AE", "FI", "CZ", "NZ", "IN", "AT", "CH", "SE", "NO", "PT", "CY"};

static const unsigned char choices_ru[FAM_COUNTRY_BUTTONS] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
static const unsigned char choices_en[FAM_COUNTRY_BUTTONS] = {8, 9, 10, 11, 12, 7, 13, 31, 6};

static const char iso[] =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA "
    "CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA "
    "GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP "
    "KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS "
    "MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS "
    "RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW "
    "TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

const char *fam_country_at(size_t index)
{
    return index < FAM_ARRAY_SIZE(named) ? named[index] : NULL;
}

const unsigned char *fam_country_choices(Fam__V1__Language language)
{
    return language == FAM__V1__LANGUAGE__LANGUAGE_RU ? choices_ru : choices_en;
}

const char *fam_country_name(const struct fam_locale *locale, const char *code)
{
    char key[16];
    snprintf(key, sizeof(key), "country.%s", code);
    const char *name = fam_locale_text(locale, key);
    return name == key ? code : name;
}

static bool is_code(const char *text, bool any_case, char ret_code[3])
{
    if (strlen(text) != 2) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        char c = text[i];
        if (any_case && c >= 'a' && c <= 'z') {
            c = (char)(c - ('a' - 'A'));
        }
        if (c < 'A' || c > 'Z') {
            return false;
        }
        ret_code[i] = c;
    }
    ret_code[2] = '\0';
    return strstr(iso, ret_code) != NULL;
}

static bool is_name(const struct fam_locale *locale, const char *code, const char *wanted)
{
    char *name = fam_text_normalise(fam_country_name(locale, code));
    bool same = name && strcmp(name, wanted) == 0;
    free(name);
    return same;
}

bool fam_country_parse(const struct fam_locales *locales, const char *text, bool any_case, char ret_code[3])
{
    if (is_code(text, any_case, ret_code)) {
        return true;
    }
    if (fam_utf8_length(text) > 40) {
        return false;
    }
    char *wanted = fam_text_normalise(text);
    bool found = false;
    for (size_t l = 0; wanted && l < fam_locale_count() && !found; l++) {
        for (size_t i = 0; i < FAM_ARRAY_SIZE(named) && !found; i++) {
            found = is_name(fam_locales_get(locales, fam_locale_language(l)), named[i], wanted);
            if (found) {
                snprintf(ret_code, 3, "%s", named[i]);
            }
        }
    }
    free(wanted);
    return found;
}
