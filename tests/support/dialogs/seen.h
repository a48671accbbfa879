/* seen.h: what a person sees, as lines of a script. What is different each time stands there as a place: dates, times,
 * how long to wait, ids, codes of invitations. Pure but for memory; no thread shares one. */
#ifndef FAM_TESTS_SEEN_H
#define FAM_TESTS_SEEN_H

#include <regex.h>
#include <stddef.h>
#include <stdio.h>

#include "sim/sim_client.h"

enum { SEEN_RULES = 14 };

struct seen_rules {
    regex_t patterns[SEEN_RULES];
    size_t count;
};

void seen_rules_init(struct seen_rules *rules);
void seen_rules_done(struct seen_rules *rules);
/* The text with its places; to be freed. The code of the last invitation in it goes to ret_code (kept when there is
 * none). */
char *seen_settle(const struct seen_rules *rules, const char *text, char *ret_code, size_t size);
/* One event as lines; `who` as in script.h. */
void seen_write(const struct seen_rules *rules, const struct sim_event *event, char who, char *ret_code, size_t size,
                FILE *out);
/* Each line of the text with `mark` in front of the first and "|" of the others. */
void seen_write_text(const char *text, char who, char mark, FILE *out);

#endif
