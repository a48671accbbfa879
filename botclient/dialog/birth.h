/* birth.h: what parents type when they are asked for a child's name or birth. Pure; thread-safe. */
#ifndef FAM_DIALOG_BIRTH_H
#define FAM_DIALOG_BIRTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dialog/state.h"

struct fam_birth {
    int year;
    int month; /* 0: only the year is known */
    int day;
};

enum fam_birth_parse {
    FAM_BIRTH_GOOD,
    FAM_BIRTH_RANGE,   /* a date or an age, not of a child of 2 to 17 years */
    FAM_BIRTH_NO_DATE, /* a day that no calendar has */
    FAM_BIRTH_OTHER    /* no date at all */
};

/* "2019", "12.03.2019", "12/03/2019", "2019-03-12", "12 марта 2019", "March 12, 2019", "7", "7 лет", "семь
 * лет", "7 years old". `today_ms` is Unix time. A year alone is one of whose children nobody would be shown as older
 * than 17 (born on 1 July). */
enum fam_birth_parse fam_birth_parse(const char *text, int64_t today_ms, struct fam_birth *ret_birth);
/* The birth year that makes a child of `age` years today, when a year alone counts as born on 1 July. */
int fam_birth_year_of_age(int age, int64_t today_ms);

/* Is it a name: one or two words of letters, up to 40 characters, that read like no sentence and no verb? Signs such as
 * & < > and pictures may stand in it. Trimmed into ret_name. */
bool fam_name_parse(const char *text, char ret_name[FAM_NAME_SIZE]);

#endif
