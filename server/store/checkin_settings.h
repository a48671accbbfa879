/* checkin_settings.h: when a person is asked, and when not: times, reminder, quiet hours, pause.
 *
 * The times are rows of `schedules` of the job FAM_JOB_CHECKIN, named as their slots ("morning" …); a reminder is one
 * more, FAM_CHECKIN_REMIND before the name. They go by the clock of the person's family, wherever it lives then, by UTC
 * without a family. All else is a row of `checkin_settings`; without one the defaults count. */
#ifndef FAM_STORE_CHECKIN_SETTINGS_H
#define FAM_STORE_CHECKIN_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/checkin.pb-c.h"
#include "store/idempotency_store.h"

struct fam_store;

#define FAM_CHECKIN_REMIND "remind:"
/* By the name of its schedule. */
bool fam_checkin_is_reminder(const char *name);

enum { FAM_CHECKIN_TIMES_MAX = 4, FAM_LOCAL_TIME_SIZE = 6 };

struct fam_checkin_time {
    Fam__V1__CheckinSlot slot;
    char local_time[FAM_LOCAL_TIME_SIZE]; /* "HH:MM" */
    int64_t next_at_ms;                   /* 0: nothing is due, there is a pause */
};
struct fam_checkin_settings {
    size_t time_count;
    struct fam_checkin_time times[FAM_CHECKIN_TIMES_MAX]; /* the earliest of the day first */
    char time_zone[4 * 64 + 1];
    int reminder_minutes;                                                   /* 0, 10 or 30 */
    char quiet_from[FAM_LOCAL_TIME_SIZE], quiet_until[FAM_LOCAL_TIME_SIZE]; /* "": no quiet hours */
    int64_t paused_until_ms;                                                /* 0: no pause, or it is over */
    bool weekly_report;
    bool consents;   /* to processing and to notifications */
    bool has_family; /* without one there is no weekly report */
};
/* NOT_FOUND: no such person. */
enum fam_code fam_checkin_settings_get(struct fam_store *store, const struct fam_uuid *user_id,
                                       struct fam_checkin_settings *ret_settings,
                                       struct fam_status *status) FAM_MUST_CHECK;

/* What is not set stays. */
struct fam_checkin_settings_change {
    /* These replace all that there are; each slot at most once; local times are complete. What waits to be delivered of
     * a slot that goes expires, and so do reminders that would be wrong. */
    bool set_times;
    size_t time_count;
    struct fam_checkin_time times[FAM_CHECKIN_TIMES_MAX];
    bool set_reminder;
    int reminder_minutes;
    bool set_quiet;
    char quiet_from[FAM_LOCAL_TIME_SIZE], quiet_until[FAM_LOCAL_TIME_SIZE]; /* both "": no quiet hours */
    Fam__V1__SwitchState weekly_report; /* switched off: one that waits to be delivered expires */
};
/* INVALID_ARGUMENT (field times, reminder_minutes, quiet_from); INVALID_ARGUMENT with reason "QUIET_HOURS": a time is
 * within the quiet hours, by what both are after the change; FAILED_PRECONDITION with reason "CONSENT_REQUIRED": times
 * are set without consent to processing and to notifications. ids: the user. NOT_FOUND. */
enum fam_code fam_checkin_settings_set(struct fam_store *store, const struct fam_mutation *mutation,
                                       const struct fam_uuid *user_id, const struct fam_checkin_settings_change *change,
                                       struct fam_outcome *ret_outcome, struct fam_status *status) FAM_MUST_CHECK;
/* For so many days from now; 0 ends it. Check-ins and reports that wait to be delivered expire. ids: the user.
 * NOT_FOUND. */
enum fam_code fam_checkin_pause(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_uuid *user_id, int days, struct fam_outcome *ret_outcome,
                                struct fam_status *status) FAM_MUST_CHECK;

/* May something that nobody asked for reach the person at a moment? */
struct fam_quiet {
    bool is_paused;     /* then the others are 0 */
    bool weekly_report; /* wanted */
    int64_t until_ms;   /* within quiet hours: Unix time of their end; 0: not within */
    int64_t next_ms;    /* when the next ones begin, within some after until_ms; 0: there are none */
    int reminder_minutes;
};
/* On a connection, also in a transaction, by the clock of the person's family. `moment_ms` is Unix time. NOT_FOUND. */
enum fam_code fam_quiet_at(struct fam_db *db, const struct fam_uuid *user_id, int64_t moment_ms,
                           struct fam_quiet *ret_quiet, struct fam_status *status) FAM_MUST_CHECK;
/* For the stores: the same as a part of a statement over `users u`; `moment` is the parameter, such as "$2". Within
 * quiet hours their end comes before their next beginning. */
#define FAM_QUIET_COLUMNS                                                                                              \
    "coalesce(s.reminder_minutes, 0), coalesce(s.weekly_report, true), coalesce(s.paused_until > m.moment, false), "   \
    "(extract(epoch FROM coalesce(next_local_time(m.moment, q.f, NULL, f.time_zone), "                                 \
    "next_local_time(m.moment, q.f, NULL, 'UTC'))) * 1000)::bigint, "                                                  \
    "(extract(epoch FROM coalesce(next_local_time(m.moment, q.u, NULL, f.time_zone), "                                 \
    "next_local_time(m.moment, q.u, NULL, 'UTC'))) * 1000)::bigint "
#define FAM_QUIET_JOINS(moment)                                                                                        \
    "LEFT JOIN checkin_settings s ON s.user_id = u.user_id " FAM_FAMILY_OF_USER                                        \
    "CROSS JOIN (SELECT TIMESTAMPTZ 'epoch' + " moment "::bigint * INTERVAL '1 millisecond' AS moment) m "             \
    "CROSS JOIN LATERAL (SELECT CASE WHEN s.user_id IS NULL THEN TIME '22:00' ELSE s.quiet_from END AS f, "            \
    "CASE WHEN s.user_id IS NULL THEN TIME '07:00' ELSE s.quiet_until END AS u) q "
#define FAM_FAMILY_OF_USER                                                                                             \
    "LEFT JOIN LATERAL (SELECT f.family_id, f.time_zone FROM parents p JOIN families f USING (family_id) "             \
    "WHERE p.user_id = u.user_id ORDER BY p.created_at, p.parent_id LIMIT 1) f ON true "
void fam_quiet_fill(const struct fam_rows *rows, size_t row, int column, struct fam_quiet *ret_quiet);

#endif
