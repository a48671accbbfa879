/* facts.h: what a report is made of: everything of a period, and of the one before it, that its reader may see.
 *
 * These are the reader's own check-ins; their own entries; and the entries that others share with the reader's family
 * now. Ratings, corrections and check-ins are the reader's alone. Nothing else is read, so nothing else can show: not
 * in a count, not in an order, not in a time. Thread-safe; no state. */
#ifndef FAM_REPORT_FACTS_H
#define FAM_REPORT_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/checkin.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "store/checkin_store.h"
#include "store/family_store.h"
#include "store/report_store.h"
#include "store/user_store.h"

struct fam_store;

enum {
    FAM_FACTS_ENTRIES_MAX = 10000, /* the newest: more say nothing new */
    FAM_FACTS_WORKED_DAYS = 91,    /* so far back it is looked what kinds of answers worked */
    FAM_FACTS_ZONE_SIZE = 65,
};

struct fam_fact_entry {
    int64_t at_ms;
    int child;                /* index in children; -1: of none that is in the family now */
    bool has_danger;          /* some kind was found in it: it counts in the totals alone, and nothing more is told */
    Fam__V1__Emotion emotion; /* as its author corrected it, else as it was read; may be unspecified */
    int intensity;            /* 1 to 5; 0: not told */
    bool is_rated;            /* by the reader, of an own entry */
    Fam__V1__Helped helped;
    Fam__V1__ResponseKind used; /* the kind that the rating is about; unspecified: not told */
};

struct fam_fact_child {
    struct fam_uuid child_id;
    char *name; /* never NULL */
};

/* Zeroed, then fam_facts_gather; fam_facts_done fits fam_auto. */
struct fam_facts {
    Fam__V1__ReportPeriod period;
    Fam__V1__Language language; /* RU or EN */
    char time_zone[FAM_FACTS_ZONE_SIZE];
    size_t day_count;                                 /* of each period */
    struct fam_local_day days[FAM_REPORT_DAYS_MAX];   /* the first first */
    struct fam_local_day before[FAM_REPORT_DAYS_MAX]; /* of the period before */
    int64_t before_ms, from_ms, until_ms;             /* the period before begins, the period begins, and ends */
    struct fam_fact_entry *entries;                   /* newest first; older ones than the period before too */
    size_t entry_count;
    struct fam_checkin_mood *moods; /* of both periods, the oldest first */
    size_t mood_count;
    struct fam_fact_child children[FAM_CHILDREN_MAX]; /* in the order of the family */
    size_t child_count;
};
void fam_facts_done(struct fam_facts *facts);

/* Which report. */
struct fam_report_order {
    const struct fam_uuid *user_id; /* the reader */
    Fam__V1__ReportPeriod period;
    int64_t at_ms;   /* now, or when it was due */
    bool with_today; /* the day of at_ms is the period's last one; else the day before it, the last whole one */
};
/* Days of a period: 7, 30, 91; 0 for what is none. */
size_t fam_report_days(Fam__V1__ReportPeriod period);
/* `user` and `family` as fam_person_load gives them. INVALID_ARGUMENT (field period): there is no such period. */
enum fam_code fam_facts_gather(struct fam_store *store, const struct fam_report_order *order,
                               const struct fam_user *user, const struct fam_family *family,
                               struct fam_facts *ret_facts, struct fam_status *status) FAM_MUST_CHECK;

#endif
