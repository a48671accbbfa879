/* schedule_list.h: schedules for operators, the next one due first, by pages. */
#ifndef FAM_STORE_SCHEDULE_LIST_H
#define FAM_STORE_SCHEDULE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "store/task_store.h"

struct fam_store;

enum { FAM_SCHEDULE_PAGE_MAX = 100 };

struct fam_schedule_view {
    struct fam_uuid schedule_id;
    char job[FAM_TASK_TYPE_SIZE];
    char name[4 * 64 + 1];
    struct fam_uuid family_id;  /* nil: none */
    struct fam_uuid user_id;    /* nil: none */
    int64_t every_ms;           /* 0: at local_time */
    char local_time[6];         /* "HH:MM"; "" with every_ms */
    int weekday;                /* 1 Monday to 7 Sunday; 0: each day */
    char time_zone[4 * 64 + 1]; /* its own, else the family's; "" with every_ms */
    bool is_on;
    int64_t next_at_us;     /* Unix time in microseconds, as exact as the database has it: for the next page */
    int64_t last_due_at_ms; /* 0: never */
    char last_outcome[16];  /* "" or a word of fam_schedule_outcome_word */
};

struct fam_schedule_filter {
    const char *job;                  /* "": all */
    const struct fam_uuid *family_id; /* NULL: all */
};
/* Those after (after_us, after_id) in the order of the next due time; after_id NULL: from the first. `limit` is 1 to
 * FAM_SCHEDULE_PAGE_MAX. *ret_list is an array of *ret_count; free() it. *ret_more: there are later ones. */
enum fam_code fam_schedule_list(struct fam_store *store, const struct fam_schedule_filter *filter, int64_t after_us,
                                const struct fam_uuid *after_id, size_t limit, struct fam_schedule_view **ret_list,
                                size_t *ret_count, bool *ret_more, struct fam_status *status) FAM_MUST_CHECK;

#endif
