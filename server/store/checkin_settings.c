/* checkin_settings.c: see checkin_settings.h. */
#include "store/checkin_settings.h"

#include <stdio.h>
#include <string.h>

#include "store/checkin_store.h"
#include "store/recipient_store.h"
#include "store/schedule_store.h"
#include "store/store.h"
#include "store/words.h"

enum { DAY_MINUTES = 24 * 60, MINUTE_MS = 60000, NAME_SIZE = 32 };

/* A person without a row has the defaults of the table: these say them once more, and a test compares them. */
#define SETTINGS                                                                                                       \
    "coalesce(s.reminder_minutes, 0), CASE WHEN s.user_id IS NULL THEN '22:00' ELSE coalesce(to_char(s.quiet_from, "   \
    "'HH24:MI'), '') END, CASE WHEN s.user_id IS NULL THEN '07:00' ELSE coalesce(to_char(s.quiet_until, 'HH24:MI'), "  \
    "'') END, coalesce(s.weekly_report, true) "
#define CONSENT(purpose)                                                                                               \
    "coalesce((SELECT granted FROM consents c WHERE c.user_id = u.user_id AND c.purpose = '" purpose "' "              \
    "ORDER BY changed_at DESC, consent_id DESC LIMIT 1), false)"

static const struct fam_statement select_settings = {
    "checkin_settings",
    "SELECT " SETTINGS ", coalesce(f.time_zone, 'UTC'), "
    "CASE WHEN s.paused_until > now() THEN (extract(epoch FROM s.paused_until) * 1000)::bigint ELSE 0 END, " CONSENT(
        "notifications") " AND " CONSENT("processing") ", f.family_id IS NOT NULL FROM users u LEFT JOIN "
                                                       "checkin_settings s ON s.user_id = u.user_id " FAM_FAMILY_OF_USER
                                                       "WHERE u.user_id = $1 AND u.erased_at IS NULL",
    "select", "checkin_settings"};
static const struct fam_statement select_times = {
    "checkin_times",
    "SELECT name, to_char(local_time, 'HH24:MI'), (extract(epoch FROM next_at) * 1000)::bigint FROM schedules "
    "WHERE user_id = $1 AND job = '" FAM_JOB_CHECKIN
    "' AND local_time IS NOT NULL AND enabled ORDER BY local_time, name",
    "select", "schedules"};
/* First of all, and people before what is theirs, as everywhere: it is the lock of the change. */
static const struct fam_statement hold_person = {
    "checkin_settings_person", "SELECT 1 FROM users WHERE user_id = $1 AND erased_at IS NULL FOR NO KEY UPDATE",
    "select", "users"};
/* Nothing is kept of who does not consent; who withdrew may still switch off. */
static const struct fam_statement make_row = {
    "checkin_settings_make",
    "INSERT INTO checkin_settings (user_id) SELECT u.user_id FROM users u WHERE u.user_id = $1 AND (" CONSENT(
        "processing") " OR EXISTS (SELECT FROM checkin_settings s WHERE s.user_id = $1)) "
                      "ON CONFLICT (user_id) DO UPDATE SET updated_at = now()",
    "insert", "checkin_settings"};
static const struct fam_statement update_row = {
    "checkin_settings_set",
    "UPDATE checkin_settings SET reminder_minutes = coalesce($2::smallint, reminder_minutes), "
    "quiet_from = CASE WHEN $3::boolean THEN $4::text::time ELSE quiet_from END, "
    "quiet_until = CASE WHEN $3::boolean THEN $5::text::time ELSE quiet_until END, "
    "weekly_report = coalesce($6::boolean, weekly_report) WHERE user_id = $1",
    "update", "checkin_settings"};
static const struct fam_statement set_pause = {"checkin_settings_pause",
                                               "UPDATE checkin_settings SET paused_until = CASE WHEN $2::bigint > 0 "
                                               "THEN now() + $2::bigint * INTERVAL '1 day' END "
                                               "WHERE user_id = $1",
                                               "update", "checkin_settings"};
/* What is on its way and waits: all that a pause silences, or the reports alone. */
static const struct fam_statement hold_back = {
    "checkin_settings_quiet",
    "UPDATE notifications SET state = 'expired', finished_at = now() WHERE user_id = $1 AND state = 'queued' "
    "AND NOT leased AND (kind = 'weekly_report' OR NOT $2::boolean AND kind IN ('checkin', 'checkin_reminder'))",
    "update", "notifications"};
/* Before the schedules of a slot become what they are to be ($3: the reminder's time; NULL: none; $4: the check-in's
 * goes): what waits of them. A reminder is known by its key: the schedule's id is its second word. */
static const struct fam_statement take_back = {
    "checkin_settings_take_back",
    "UPDATE notifications n SET state = 'expired', finished_at = now() FROM schedules s WHERE n.user_id = $1 "
    "AND n.state = 'queued' AND NOT n.leased AND s.user_id = $1 AND s.job = '" FAM_JOB_CHECKIN "' AND (("
    "n.kind = 'checkin' AND $4::boolean AND s.name = $2 AND EXISTS (SELECT 1 FROM checkins c "
    "WHERE c.checkin_id = n.checkin_id AND c.slot = $2)) OR (n.kind = 'checkin_reminder' "
    "AND s.name = '" FAM_CHECKIN_REMIND "' || $2 AND s.local_time IS DISTINCT FROM $3::text::time "
    "AND starts_with(n.unique_key, 'remind:' || s.schedule_id || ':')))",
    "update", "notifications"};
/* Who leaves the family waits, and then takes the schedules away. */
static const struct fam_statement hold_family = {
    "checkin_settings_family", "SELECT family_id FROM parents WHERE user_id = $1 FOR SHARE", "select", "parents"};
static const struct fam_statement select_quiet = {
    "checkin_quiet", "SELECT " FAM_QUIET_COLUMNS "FROM users u " FAM_QUIET_JOINS("$2") "WHERE u.user_id = $1", "select",
    "checkin_settings"};

bool fam_checkin_is_reminder(const char *name)
{
    return strncmp(name, FAM_CHECKIN_REMIND, strlen(FAM_CHECKIN_REMIND)) == 0;
}

static void copy_time(char ret_time[FAM_LOCAL_TIME_SIZE], const char *from)
{
    (void)snprintf(ret_time, FAM_LOCAL_TIME_SIZE, "%s", from);
}

static enum fam_code read_times(struct fam_db *db, const struct fam_uuid *user_id,
                                struct fam_checkin_settings *settings, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, user_id);
    enum fam_code code = fam_db_exec(db, &select_times, &params, &rows, status);
    for (size_t i = 0; code == FAM_OK && i < fam_rows_count(&rows); i++) {
        Fam__V1__CheckinSlot slot = fam_checkin_slot_of_word(fam_rows_text(&rows, i, 0));
        if (slot != FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_UNSPECIFIED && settings->time_count < FAM_CHECKIN_TIMES_MAX) {
            struct fam_checkin_time *time = &settings->times[settings->time_count++];
            time->slot = slot;
            copy_time(time->local_time, fam_rows_text(&rows, i, 1));
            time->next_at_ms = settings->paused_until_ms == 0 && settings->consents ? fam_rows_i64(&rows, i, 2) : 0;
        }
    }
    return code;
}

static enum fam_code read_settings(struct fam_db *db, const struct fam_uuid *user_id,
                                   struct fam_checkin_settings *ret_settings, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    memset(ret_settings, 0, sizeof(*ret_settings));
    fam_param_uuid(&params, user_id);
    enum fam_code code = fam_db_exec(db, &select_settings, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such user");
    }
    if (code != FAM_OK) {
        return code;
    }
    ret_settings->reminder_minutes = (int)fam_rows_i64(&rows, 0, 0);
    copy_time(ret_settings->quiet_from, fam_rows_text(&rows, 0, 1));
    copy_time(ret_settings->quiet_until, fam_rows_text(&rows, 0, 2));
    ret_settings->weekly_report = fam_rows_i64(&rows, 0, 3) != 0;
    (void)snprintf(ret_settings->time_zone, sizeof(ret_settings->time_zone), "%s", fam_rows_text(&rows, 0, 4));
    ret_settings->paused_until_ms = fam_rows_i64(&rows, 0, 5);
    ret_settings->consents = fam_rows_i64(&rows, 0, 6) != 0;
    ret_settings->has_family = fam_rows_i64(&rows, 0, 7) != 0;
    return read_times(db, user_id, ret_settings, status);
}

enum fam_code fam_checkin_settings_get(struct fam_store *store, const struct fam_uuid *user_id,
                                       struct fam_checkin_settings *ret_settings, struct fam_status *status)
{
    struct fam_db *db = NULL;
    enum fam_code code = fam_store_get(store, &db, status);
    if (code == FAM_OK) {
        code = read_settings(db, user_id, ret_settings, status);
    }
    fam_store_put(store, db);
    return code;
}

/* Minutes since midnight of "HH:MM"; -1: it is none. */
static int minutes_of(const char *text)
{
    static const size_t DIGITS[] = {0, 1, 3, 4};
    if (strlen(text) != 5 || text[2] != ':') {
        return -1;
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(DIGITS); i++) {
        if (text[DIGITS[i]] < '0' || text[DIGITS[i]] > '9') {
            return -1;
        }
    }
    int hours = (text[0] - '0') * 10 + text[1] - '0', minutes = (text[3] - '0') * 10 + text[4] - '0';
    return hours < 24 && minutes < 60 ? hours * 60 + minutes : -1;
}

static enum fam_code check_times(const struct fam_checkin_settings_change *change, struct fam_status *status)
{
    bool seen[FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_QUICK] = {false};
    for (size_t i = 0; i < change->time_count; i++) {
        size_t slot = (size_t)change->times[i].slot;
        if (slot == 0 || slot >= FAM_ARRAY_SIZE(seen) || seen[slot]) {
            return fam_fail_field(status, "times", "times hold each of morning, afternoon, evening and own once");
        }
        seen[slot] = true;
        if (minutes_of(change->times[i].local_time) < 0) {
            return fam_fail_field(status, "times", "a local_time is a time of day such as 08:30");
        }
    }
    return FAM_OK;
}

static enum fam_code check(const struct fam_checkin_settings_change *change, struct fam_status *status)
{
    int from = minutes_of(change->quiet_from), until = minutes_of(change->quiet_until);
    bool is_none = change->quiet_from[0] == '\0' && change->quiet_until[0] == '\0';
    if (change->set_reminder && change->reminder_minutes != 0 && change->reminder_minutes != 10 &&
        change->reminder_minutes != 30) {
        return fam_fail_field(status, "reminder_minutes", "reminder_minutes is 0, 10 or 30");
    }
    if (change->set_quiet && !is_none && (from < 0 || until < 0 || from == until)) {
        return fam_fail_field(status, "quiet_from",
                              "quiet hours are two different times of day such as 22:00, or none");
    }
    return change->set_times ? check_times(change, status) : FAM_OK;
}

static bool is_within(const char *time, const char *from_text, const char *until_text)
{
    int at = minutes_of(time), from = minutes_of(from_text), until = minutes_of(until_text);
    if (from < 0 || until < 0) {
        return false;
    }
    return from < until ? at >= from && at < until : at >= from || at < until;
}

/* What was asked for at a time at which nothing may be sent would never come, and nobody would know why. */
static enum fam_code check_quiet(const struct fam_checkin_settings *settings, struct fam_status *status)
{
    for (size_t i = 0; i < settings->time_count; i++) {
        if (is_within(settings->times[i].local_time, settings->quiet_from, settings->quiet_until)) {
            return fam_fail_reason(status, FAM_INVALID_ARGUMENT, "QUIET_HOURS", 0,
                                   "a check-in is within the quiet hours");
        }
    }
    return FAM_OK;
}

static enum fam_code expire(struct fam_db *db, const struct fam_uuid *user_id, bool reports_alone,
                            struct fam_status *status)
{
    struct fam_params params = {0};
    fam_param_uuid(&params, user_id);
    fam_param_bool(&params, reports_alone);
    return fam_db_exec(db, &hold_back, &params, NULL, status);
}

struct edit {
    const struct fam_uuid *user_id;
    const struct fam_checkin_settings_change *change;
};

static enum fam_code make(struct fam_db *db, const struct fam_uuid *user_id, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, user_id);
    enum fam_code code = fam_db_exec(db, &hold_person, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        return fam_fail(status, FAM_NOT_FOUND, "no such user");
    }
    return code == FAM_OK ? fam_db_exec(db, &make_row, &params, NULL, status) : code;
}

static enum fam_code write_row(struct fam_db *db, const struct edit *edit, struct fam_status *status)
{
    const struct fam_checkin_settings_change *change = edit->change;
    struct fam_params params = {0};
    fam_param_uuid(&params, edit->user_id);
    if (change->set_reminder) {
        fam_param_i64(&params, change->reminder_minutes);
    } else {
        fam_param_null(&params);
    }
    fam_param_bool(&params, change->set_quiet);
    fam_param_text(&params, change->quiet_from[0] == '\0' ? NULL : change->quiet_from);
    fam_param_text(&params, change->quiet_until[0] == '\0' ? NULL : change->quiet_until);
    if (change->weekly_report == FAM__V1__SWITCH_STATE__SWITCH_STATE_UNCHANGED) {
        fam_param_null(&params);
    } else {
        fam_param_bool(&params, change->weekly_report == FAM__V1__SWITCH_STATE__SWITCH_STATE_ON);
    }
    enum fam_code code = fam_db_exec(db, &update_row, &params, NULL, status);
    return code == FAM_OK && change->weekly_report == FAM__V1__SWITCH_STATE__SWITCH_STATE_OFF
               ? expire(db, edit->user_id, true, status)
               : code;
}

static enum fam_code require_consents(struct fam_db *db, const struct edit *edit, struct fam_status *status)
{
    static const Fam__V1__ConsentPurpose PURPOSES[] = {FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING,
                                                       FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS};
    bool granted = true;
    if (!edit->change->set_times || edit->change->time_count == 0) {
        return FAM_OK;
    }
    enum fam_code code = fam_consents_hold(db, edit->user_id, PURPOSES, FAM_ARRAY_SIZE(PURPOSES), &granted, status);
    return code == FAM_OK && !granted
               ? fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CONSENT_REQUIRED", 0,
                                 "check-ins are messages: the user must consent to notifications first (SetConsent)")
               : code;
}

/* Whose schedules they are: of the family, or by UTC. */
struct owner {
    const struct fam_uuid *user_id;
    bool has_family;
    struct fam_uuid family_id;
};

static enum fam_code find_owner(struct fam_db *db, const struct fam_uuid *user_id, struct owner *ret_owner,
                                struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    *ret_owner = (struct owner){.user_id = user_id};
    fam_param_uuid(&params, user_id);
    enum fam_code code = fam_db_exec(db, &hold_family, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) > 0) {
        ret_owner->has_family = true;
        ret_owner->family_id = fam_rows_uuid(&rows, 0, 0);
    }
    return code;
}

/* So many minutes after midnight, or before. */
static void write_time(char ret_time[FAM_LOCAL_TIME_SIZE], int minutes)
{
    unsigned at = (unsigned)((minutes + DAY_MINUTES) % DAY_MINUTES);
    (void)snprintf(ret_time, FAM_LOCAL_TIME_SIZE, "%02u:%02u", at / 60 % 24, at % 60);
}

static enum fam_code put(struct fam_db *db, const struct owner *owner, const char *name, const char *time,
                         uint64_t late_ms, struct fam_status *status)
{
    const struct fam_schedule_rule rule = {.family_id = owner->has_family ? &owner->family_id : NULL,
                                           .user_id = owner->user_id,
                                           .job = FAM_JOB_CHECKIN,
                                           .name = name,
                                           .local_time = time,
                                           .time_zone = owner->has_family ? NULL : "UTC",
                                           .late_ms = late_ms};
    return fam_schedule_set(db, &rule, NULL, status);
}

/* `remind_at` is NULL without a reminder. */
static enum fam_code take_back_slot(struct fam_db *db, const struct fam_uuid *user_id, const char *word,
                                    const char *remind_at, bool is_going, struct fam_status *status)
{
    struct fam_params params = {0};
    fam_param_uuid(&params, user_id);
    fam_param_text(&params, word);
    fam_param_text(&params, remind_at);
    fam_param_bool(&params, is_going);
    return fam_db_exec(db, &take_back, &params, NULL, status);
}

/* The schedule of a slot and the one of its reminder, as they are to be; NULL: neither. */
static enum fam_code put_slot(struct fam_db *db, const struct owner *owner, const char *word,
                              const struct fam_checkin_time *time, int reminder_minutes, struct fam_status *status)
{
    char reminder[NAME_SIZE], remind_at[FAM_LOCAL_TIME_SIZE];
    bool removed = false, has_reminder = time != NULL && reminder_minutes != 0;
    (void)snprintf(reminder, sizeof(reminder), FAM_CHECKIN_REMIND "%s", word);
    write_time(remind_at, has_reminder ? minutes_of(time->local_time) - reminder_minutes : 0);
    enum fam_code code =
        take_back_slot(db, owner->user_id, word, has_reminder ? remind_at : NULL, time == NULL, status);
    if (code != FAM_OK) {
        return code;
    }
    if (time == NULL) {
        code = fam_schedule_remove(db, NULL, owner->user_id, FAM_JOB_CHECKIN, word, &removed, status);
    } else {
        code = put(db, owner, word, time->local_time, FAM_CHECKIN_LIFETIME_MS, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    if (!has_reminder) {
        return fam_schedule_remove(db, NULL, owner->user_id, FAM_JOB_CHECKIN, reminder, &removed, status);
    }
    return put(db, owner, reminder, remind_at, (uint64_t)reminder_minutes * MINUTE_MS, status);
}

static enum fam_code put_all(struct fam_db *db, const struct fam_uuid *user_id,
                             const struct fam_checkin_settings *settings, struct fam_status *status)
{
    struct owner owner;
    enum fam_code code = find_owner(db, user_id, &owner, status);
    for (int slot = FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_MORNING;
         code == FAM_OK && slot <= FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_OWN; slot++) {
        const struct fam_checkin_time *time = NULL;
        for (size_t i = 0; i < settings->time_count; i++) {
            time = (int)settings->times[i].slot == slot ? &settings->times[i] : time;
        }
        code = put_slot(db, &owner, fam_checkin_slot_word((Fam__V1__CheckinSlot)slot), time, settings->reminder_minutes,
                        status);
    }
    return code;
}

static enum fam_code set(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                         struct fam_status *status)
{
    const struct edit *edit = context;
    struct fam_checkin_settings settings;
    (void)store;
    enum fam_code code = make(db, edit->user_id, status);
    fam_outcome_add(outcome, edit->user_id);
    if (code == FAM_OK) {
        code = require_consents(db, edit, status);
    }
    if (code == FAM_OK) {
        code = write_row(db, edit, status);
    }
    if (code == FAM_OK) {
        code = read_settings(db, edit->user_id, &settings, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    if (edit->change->set_times) {
        settings.time_count = edit->change->time_count;
        memcpy(settings.times, edit->change->times, sizeof(settings.times));
    }
    code = check_quiet(&settings, status);
    return code == FAM_OK && (edit->change->set_times || edit->change->set_reminder)
               ? put_all(db, edit->user_id, &settings, status)
               : code;
}

enum fam_code fam_checkin_settings_set(struct fam_store *store, const struct fam_mutation *mutation,
                                       const struct fam_uuid *user_id, const struct fam_checkin_settings_change *change,
                                       struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct edit edit = {.user_id = user_id, .change = change};
    memset(ret_outcome, 0, sizeof(*ret_outcome));
    enum fam_code code = check(change, status);
    return code == FAM_OK ? fam_mutate(store, mutation, set, &edit, ret_outcome, status) : code;
}

struct pause {
    const struct fam_uuid *user_id;
    int days;
};

static enum fam_code pause_now(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                               struct fam_status *status)
{
    const struct pause *pause = context;
    struct fam_params params = {0};
    (void)store;
    enum fam_code code = make(db, pause->user_id, status);
    fam_outcome_add(outcome, pause->user_id);
    fam_param_uuid(&params, pause->user_id);
    fam_param_i64(&params, pause->days);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &set_pause, &params, NULL, status);
    }
    return code == FAM_OK && pause->days > 0 ? expire(db, pause->user_id, false, status) : code;
}

enum fam_code fam_checkin_pause(struct fam_store *store, const struct fam_mutation *mutation,
                                const struct fam_uuid *user_id, int days, struct fam_outcome *ret_outcome,
                                struct fam_status *status)
{
    struct pause pause = {.user_id = user_id, .days = days};
    return fam_mutate(store, mutation, pause_now, &pause, ret_outcome, status);
}

enum fam_code fam_quiet_at(struct fam_db *db, const struct fam_uuid *user_id, int64_t moment_ms,
                           struct fam_quiet *ret_quiet, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    *ret_quiet = (struct fam_quiet){.is_paused = false};
    fam_param_uuid(&params, user_id);
    fam_param_i64(&params, moment_ms);
    enum fam_code code = fam_db_exec(db, &select_quiet, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        return fam_fail(status, FAM_NOT_FOUND, "no such user");
    }
    if (code != FAM_OK) {
        return code;
    }
    fam_quiet_fill(&rows, 0, 0, ret_quiet);
    return FAM_OK;
}

void fam_quiet_fill(const struct fam_rows *rows, size_t row, int column, struct fam_quiet *ret_quiet)
{
    *ret_quiet = (struct fam_quiet){.reminder_minutes = (int)fam_rows_i64(rows, row, column),
                                    .weekly_report = fam_rows_i64(rows, row, column + 1) != 0,
                                    .is_paused = fam_rows_i64(rows, row, column + 2) != 0};
    int64_t begins_ms = fam_rows_i64(rows, row, column + 3), ends_ms = fam_rows_i64(rows, row, column + 4);
    if (!ret_quiet->is_paused) {
        ret_quiet->until_ms = ends_ms < begins_ms ? ends_ms : 0;
        ret_quiet->next_ms = begins_ms;
    }
}
