/* schedule_store.c: see schedule_store.h: making, changing and removing. schedule_claim.c has what the scheduler does.
 */
#include "store/schedule_store.h"

#include <string.h>

#include "store/family_private.h"
#include "store/store.h"

enum { NAME_MAX_BYTES = 64 };

/* A family's clock is read in the statement itself, so that it is that of the moment. */
#define INSERT_RULE                                                                                                    \
    "INSERT INTO schedules AS s (schedule_id, job, name, family_id, user_id, local_time, weekday, time_zone, "         \
    "late_ms, "                                                                                                        \
    "enabled, next_at) SELECT $1, $2, $3, $4::uuid, $5::uuid, $6::text::time, $7::smallint, $8::text, $9::bigint, "    \
    "$10::boolean, coalesce(next_local_time(now(), $6::text::time, $7::smallint, zone), "                              \
    "next_local_time(now(), $6::text::time, $7::smallint, 'UTC')) "                                                    \
    "FROM (SELECT coalesce($8::text, (SELECT time_zone FROM families WHERE family_id = $4::uuid)) AS zone) z "
#define CHANGE_RULE                                                                                                    \
    "DO UPDATE SET family_id = excluded.family_id, local_time = excluded.local_time, weekday = excluded.weekday, "     \
    "time_zone = excluded.time_zone, late_ms = excluded.late_ms, enabled = excluded.enabled, every_ms = NULL, "        \
    "next_at = CASE WHEN (s.family_id, s.local_time, s.weekday, s.time_zone, s.enabled) IS NOT DISTINCT FROM "         \
    "(excluded.family_id, excluded.local_time, excluded.weekday, excluded.time_zone, excluded.enabled) "               \
    "THEN s.next_at ELSE excluded.next_at END RETURNING s.schedule_id"

static const struct fam_statement set_of_family = {
    "schedule_set_family",
    INSERT_RULE "ON CONFLICT (family_id, job, name) WHERE family_id IS NOT NULL AND user_id IS NULL " CHANGE_RULE,
    "insert", "schedules"};
static const struct fam_statement set_of_person = {
    "schedule_set_person", INSERT_RULE "ON CONFLICT (user_id, job, name) WHERE user_id IS NOT NULL " CHANGE_RULE,
    "insert", "schedules"};
static const struct fam_statement remove_of_family = {
    "schedule_remove_family",
    "DELETE FROM schedules WHERE family_id = $1 AND user_id IS NULL AND job = $2 AND name = $3", "delete", "schedules"};
static const struct fam_statement remove_of_person = {
    "schedule_remove_person", "DELETE FROM schedules WHERE user_id = $1 AND job = $2 AND name = $3", "delete",
    "schedules"};
/* Half a period: 12 hours of a day, 84 of a week. */
static const struct fam_statement move_family = {
    "schedule_family_moved",
    "WITH ours AS (SELECT s.schedule_id, s.local_time, s.weekday, f.time_zone, greatest(now(), "
    "(SELECT max(due_at) FROM job_runs j WHERE j.schedule_id = s.schedule_id AND j.outcome = 'queued') "
    "+ CASE WHEN s.weekday IS NULL THEN INTERVAL '12 hours' ELSE INTERVAL '84 hours' END) AS after "
    "FROM schedules s JOIN families f USING (family_id) "
    "WHERE s.family_id = $1 AND s.local_time IS NOT NULL AND s.time_zone IS NULL) "
    "UPDATE schedules s SET next_at = coalesce(next_local_time(ours.after, ours.local_time, ours.weekday, "
    "ours.time_zone), next_local_time(ours.after, ours.local_time, ours.weekday, 'UTC')) "
    "FROM ours WHERE ours.schedule_id = s.schedule_id",
    "update", "schedules"};

static const struct fam_statement bind_person = {
    "schedule_person_joined",
    "UPDATE schedules s SET family_id = f.family_id, time_zone = NULL, "
    "next_at = coalesce(next_local_time(o.after, s.local_time, s.weekday, f.time_zone), "
    "next_local_time(o.after, s.local_time, s.weekday, 'UTC')) FROM families f, "
    "(SELECT s.schedule_id, greatest(now(), (SELECT max(due_at) FROM job_runs j WHERE j.schedule_id = s.schedule_id "
    "AND j.outcome = 'queued') + INTERVAL '12 hours') AS after FROM schedules s WHERE s.user_id = $2) o "
    "WHERE f.family_id = $1 AND s.user_id = $2 AND s.family_id IS NULL AND s.local_time IS NOT NULL "
    "AND o.schedule_id = s.schedule_id",
    "update", "schedules"};

static bool is_local_time(const char *text)
{
    if (text == NULL || strlen(text) != 5 || text[2] != ':') {
        return false;
    }
    static const int DIGITS[] = {0, 1, 3, 4};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(DIGITS); i++) {
        if (text[DIGITS[i]] < '0' || text[DIGITS[i]] > '9') {
            return false;
        }
    }
    return (text[0] - '0') * 10 + (text[1] - '0') < 24 && text[3] < '6';
}

static enum fam_code check(struct fam_db *db, const struct fam_schedule_rule *rule, struct fam_status *status)
{
    if (!is_local_time(rule->local_time)) {
        return fam_fail_field(status, "local_time", "is no time of day such as 08:30");
    }
    if (rule->weekday > 7) {
        return fam_fail_field(status, "weekday", "is 1 for Monday to 7 for Sunday, or 0 for each day");
    }
    if (rule->name != NULL && strlen(rule->name) > NAME_MAX_BYTES) {
        return fam_fail_field(status, "name", "has more than %d bytes", NAME_MAX_BYTES);
    }
    if (rule->family_id == NULL && (rule->user_id == NULL || rule->time_zone == NULL)) {
        return fam_fail_field(status, "time_zone", "is needed where there is no family to take it from");
    }
    return rule->time_zone == NULL ? FAM_OK : fam_time_zone_check(db, rule->time_zone, status);
}

enum fam_code fam_schedule_set(struct fam_db *db, const struct fam_schedule_rule *rule,
                               struct fam_uuid *ret_schedule_id, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_uuid schedule_id = fam_uuid_v7();
    enum fam_code code = check(db, rule, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, &schedule_id);
    fam_param_text(&params, rule->job);
    fam_param_text(&params, rule->name == NULL ? "" : rule->name);
    fam_param_uuid(&params, rule->family_id);
    fam_param_uuid(&params, rule->user_id);
    fam_param_text(&params, rule->local_time);
    if (rule->weekday == 0) {
        fam_param_null(&params);
    } else {
        fam_param_i64(&params, rule->weekday);
    }
    fam_param_text(&params, rule->time_zone);
    fam_param_i64(&params, (int64_t)rule->late_ms);
    fam_param_bool(&params, !rule->is_off);
    code = fam_db_exec(db, rule->user_id == NULL ? &set_of_family : &set_of_person, &params, &rows, status);
    if (code == FAM_OK && ret_schedule_id != NULL) {
        *ret_schedule_id = fam_rows_uuid(&rows, 0, 0);
    }
    return code;
}

enum fam_code fam_schedule_remove(struct fam_db *db, const struct fam_uuid *family_id, const struct fam_uuid *user_id,
                                  const char *job, const char *name, bool *ret_removed, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    *ret_removed = false;
    fam_param_uuid(&params, user_id == NULL ? family_id : user_id);
    fam_param_text(&params, job);
    fam_param_text(&params, name == NULL ? "" : name);
    enum fam_code code =
        fam_db_exec(db, user_id == NULL ? &remove_of_family : &remove_of_person, &params, &rows, status);
    if (code == FAM_OK) {
        *ret_removed = fam_rows_affected(&rows) > 0;
    }
    return code;
}

enum fam_code fam_schedule_family_moved(struct fam_db *db, const struct fam_uuid *family_id, struct fam_status *status)
{
    struct fam_params params = {0};
    fam_param_uuid(&params, family_id);
    return fam_db_exec(db, &move_family, &params, NULL, status);
}

enum fam_code fam_schedule_person_joined(struct fam_db *db, const struct fam_uuid *family_id,
                                         const struct fam_uuid *user_id, struct fam_status *status)
{
    struct fam_params params = {0};
    fam_param_uuid(&params, family_id);
    fam_param_uuid(&params, user_id);
    return fam_db_exec(db, &bind_person, &params, NULL, status);
}

enum fam_code fam_schedule_family_created(struct fam_db *db, const struct fam_uuid *family_id,
                                          struct fam_status *status)
{
    const struct fam_schedule_rule rule = {
        .family_id = family_id, .job = FAM_JOB_WEEKLY_REPORT, .local_time = "10:00", .weekday = 7};
    return fam_schedule_set(db, &rule, NULL, status);
}
