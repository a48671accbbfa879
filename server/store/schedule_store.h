/* schedule_store.h: when which task is due: each so many milliseconds, or at a local time.
 *
 * A schedule is of the service, of a family, or of a person. Local times are PostgreSQL's business alone (functions of
 * migration 0003): a time that clocks skip in spring is due when they go on, one that they show twice is due the first
 * time. A zone that PostgreSQL does not know (any more) counts as UTC and is told.
 *
 * Any process claims what is due; each due time is handled once, by a task that is written in the same transaction as
 * its row in job_runs. What was missed while nobody looked is one due time, the last of them. */
#ifndef FAM_STORE_SCHEDULE_STORE_H
#define FAM_STORE_SCHEDULE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "store/db.h"
#include "store/task_store.h"

struct fam_store;

/* The jobs that exist; a job is the type of its tasks. */
#define FAM_JOB_CHECKIN "send_checkin"
#define FAM_JOB_WEEKLY_REPORT "generate_weekly_report"
#define FAM_JOB_METRICS "refresh_metrics"
#define FAM_JOB_RETENTION "retention_sweep"

/* ---- due times of families and people: in the caller's transaction ---- */

/* Borrowed. One of family_id and user_id is there, or both: a person's schedule by the clock of the family. */
struct fam_schedule_rule {
    const struct fam_uuid *family_id;
    const struct fam_uuid *user_id;
    const char *job;        /* a-z, 0-9, _ */
    const char *name;       /* tells several of one job apart; up to 64 characters; NULL: "" */
    const char *local_time; /* "HH:MM" */
    unsigned weekday;       /* 1 Monday to 7 Sunday; 0: each day */
    const char *time_zone;  /* IANA name; NULL: the family's, wherever it lives then */
    uint64_t late_ms;       /* later than this it is left out; 0: it is done however late */
    bool is_off;            /* kept, but never due */
};
/* Makes it, or changes the one of the same family or person, job and name. The next due time is after now; one that
 * waits to be claimed stays unless the rule changes. INVALID_ARGUMENT (field local_time, weekday or time_zone);
 * NOT_FOUND: no such family or person. ret_schedule_id may be NULL. */
enum fam_code fam_schedule_set(struct fam_db *db, const struct fam_schedule_rule *rule,
                               struct fam_uuid *ret_schedule_id, struct fam_status *status) FAM_MUST_CHECK;
/* Of the person, or (user_id NULL) of the family itself. What it has put into the queue already stays there. */
enum fam_code fam_schedule_remove(struct fam_db *db, const struct fam_uuid *family_id, const struct fam_uuid *user_id,
                                  const char *job, const char *name, bool *ret_removed,
                                  struct fam_status *status) FAM_MUST_CHECK;
/* After an UPDATE of families.time_zone, in its transaction: all that is due by the family's clock is due by the new
 * one, and no sooner than half a period after it was last done, so that a move makes no day have two. */
enum fam_code fam_schedule_family_moved(struct fam_db *db, const struct fam_uuid *family_id,
                                        struct fam_status *status) FAM_MUST_CHECK;
/* After somebody has become a member, in its transaction: what was due to them by a clock of its own, for they had no
 * family, goes by the family's from now on; no sooner than half a day after it was last done. */
enum fam_code fam_schedule_person_joined(struct fam_db *db, const struct fam_uuid *family_id,
                                         const struct fam_uuid *user_id, struct fam_status *status) FAM_MUST_CHECK;
/* What each family has from the start: a report on Sundays at 10:00. */
enum fam_code fam_schedule_family_created(struct fam_db *db, const struct fam_uuid *family_id,
                                          struct fam_status *status) FAM_MUST_CHECK;

/* ---- what a task of a schedule holds ---- */

enum { FAM_SCHEDULE_PAYLOAD_SIZE = 40 };
struct fam_schedule_payload {
    struct fam_uuid schedule_id;
    int64_t due_ms;             /* Unix time that it was due at */
    struct fam_uuid subject_id; /* the person, else the family; nil: of the service */
};
/* False for what is no such payload. */
bool fam_schedule_payload_read(const void *payload, size_t size, struct fam_schedule_payload *ret_payload);

/* ---- for the scheduler ---- */

/* The recurring jobs of the service, where they are missing: what operators have changed stays. */
enum fam_code fam_schedule_ensure(struct fam_store *store, struct fam_status *status) FAM_MUST_CHECK;
/* Milliseconds until something is due; negative: since how long; INT64_MAX: nothing ever is. `offset_ms` is added to
 * the database's clock, here and below: for tests. */
enum fam_code fam_schedule_next(struct fam_store *store, int64_t offset_ms, int64_t *ret_in_ms,
                                struct fam_status *status) FAM_MUST_CHECK;

enum { FAM_SCHEDULE_BATCH = 500 };
enum fam_schedule_outcome {
    FAM_SCHEDULE_QUEUED,
    FAM_SCHEDULE_LATE,     /* than late_ms: left out */
    FAM_SCHEDULE_RUNNING,  /* the task of the time before is not done */
    FAM_SCHEDULE_REPEATED, /* this due time was handled before: its row was set back by hand */
};
const char *fam_schedule_outcome_word(enum fam_schedule_outcome outcome);

struct fam_schedule_run {
    char job[FAM_TASK_TYPE_SIZE];
    bool is_reminder; /* of a check-in, not the check-in itself */
    enum fam_schedule_outcome outcome;
};
/* Large: not for the stack. */
struct fam_schedule_claim {
    size_t count;
    struct fam_schedule_run runs[FAM_SCHEDULE_BATCH];
    size_t ref_count; /* of the tasks that were added: for fam_queue_push */
    struct fam_task_ref refs[FAM_SCHEDULE_BATCH];
    size_t unknown_zones; /* runs whose zone PostgreSQL does not know */
};
/* Up to `limit` (1 to FAM_SCHEDULE_BATCH) of what is due and no other process has at hand, in one transaction. A count
 * of 0: nothing is. */
enum fam_code fam_schedule_claim(struct fam_store *store, int64_t offset_ms, size_t limit,
                                 struct fam_schedule_claim *ret_claim, struct fam_status *status) FAM_MUST_CHECK;
/* Deletes rows of job_runs that were handled `days` ago or earlier, but for the last one of each schedule; `limit` at
 * most. For the retention sweep. */
enum fam_code fam_schedule_sweep(struct fam_store *store, unsigned days, size_t limit, size_t *ret_deleted,
                                 struct fam_status *status) FAM_MUST_CHECK;

#endif
