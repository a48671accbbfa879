/* hours.h: times of the day as people write and read them: "8", "8:30", "20.15", "9 pm" in, "8:30" out. The server
 * knows them as "HH:MM". Thread-safe; no state. */
#ifndef FAM_DIALOG_HOURS_H
#define FAM_DIALOG_HOURS_H

#include <stdbool.h>
#include <stddef.h>

enum { FAM_HOUR_SIZE = 6, FAM_DAY_MINUTES = 1440 };

/* The whole text is a time. False: it is none. */
bool fam_hour_parse(const char *text, char ret_hour[FAM_HOUR_SIZE]);
/* "22:00-7:00", "22 – 7", "с 22 до 7", "from 22:00 to 7:00"; two times that differ. False: it is none. */
bool fam_hours_parse(const char *text, char ret_from[FAM_HOUR_SIZE], char ret_until[FAM_HOUR_SIZE]);
/* Minutes since midnight of "HH:MM"; -1: it is none. */
int fam_hour_minutes(const char *hour);
/* "HH:MM" of minutes since midnight, 0 to 1439. */
void fam_hour_format(int minutes, char ret_hour[FAM_HOUR_SIZE]);
/* "8:30" of "08:30"; as it is when that is no time. Points into `hour`. */
const char *fam_hour_shown(const char *hour);
/* Does `hour` lie from `from` on and before `until`, over midnight too? False when one of them is no time. */
bool fam_hour_is_within(const char *hour, const char *from, const char *until);

#endif
