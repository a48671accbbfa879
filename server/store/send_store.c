/* send_store.c: see send_store.h. */
#include "store/send_store.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/checkin_due.h"
#include "store/checkin_settings.h"
#include "store/checkin_store.h"
#include "store/notification_store.h"
#include "store/recipient_store.h"
#include "store/store.h"
#include "store/words.h"

enum { KEY_SIZE = 64, REPORT_LIFETIME_MS = 24 * 60 * 60 * 1000 };

/* The row is held, so that of two who send at the same time the second sees what the first has sent. The hours since
 * midnight are wrong by one on the days when clocks change: near enough. */
static const struct fam_statement hold_person = {
    "send_person",
    "SELECT u.reachable, extract(epoch FROM now() - coalesce(last_local_time(now(), '00:00', NULL, f.time_zone), "
    "last_local_time(now(), '00:00', NULL, 'UTC')))::bigint FROM users u " FAM_FAMILY_OF_USER
    "WHERE u.user_id = $1 AND u.erased_at IS NULL FOR NO KEY UPDATE OF u",
    "select", "users"};
/* On its way, or begun and not missed yet. */
static const struct fam_statement find_checkin = {
    "send_checkin_waits",
    "SELECT 1 FROM checkins WHERE user_id = $1 AND finished_at IS NULL AND expires_at > now() LIMIT 1", "select",
    "checkins"};
static const struct fam_statement find_report = {
    "send_report_waits",
    "SELECT 1 FROM notifications WHERE user_id = $1 AND kind = 'weekly_report' AND state = 'queued' LIMIT 1", "select",
    "notifications"};
static const struct fam_statement sent_checkin = {
    "send_checkin_id",
    "SELECT n.notification_id FROM checkins c JOIN notifications n USING (checkin_id) WHERE c.user_id = $1 "
    "AND c.slot = $2 AND c.due_at = TIMESTAMPTZ 'epoch' + $3::bigint * INTERVAL '1 millisecond'",
    "select", "notifications"};
static const struct fam_statement sent_report = {
    "send_report_id", "SELECT notification_id FROM notifications WHERE unique_key = $1", "select", "notifications"};

enum { HOUR_S = 3600, MORNING_FROM = 2, AFTERNOON_FROM = 11, EVENING_FROM = 17 };

/* 8:00, 14:00 and 20:00: which is nearest? */
static Fam__V1__CheckinSlot nearest(int64_t seconds)
{
    int64_t hour = seconds / HOUR_S;
    if (hour < MORNING_FROM || hour >= EVENING_FROM) {
        return FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_EVENING;
    }
    return hour < AFTERNOON_FROM ? FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_MORNING
                                 : FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_AFTERNOON;
}

/* What is known of the person at this moment. */
struct look {
    Fam__V1__NotSent not_sent;
    Fam__V1__CheckinSlot nearest;
    struct fam_quiet quiet;
};

static enum fam_code look_at_wishes(struct fam_db *db, const struct fam_uuid *user_id, int64_t now_ms,
                                    struct look *look, struct fam_status *status)
{
    static const Fam__V1__ConsentPurpose PURPOSES[] = {FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING,
                                                       FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS};
    bool granted = false;
    enum fam_code code = fam_consents_hold(db, user_id, PURPOSES, FAM_ARRAY_SIZE(PURPOSES), &granted, status);
    if (code == FAM_OK) {
        code = fam_quiet_at(db, user_id, now_ms, &look->quiet, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    if (!granted) {
        look->not_sent = FAM__V1__NOT_SENT__NOT_SENT_NO_CONSENT;
    } else if (look->not_sent == FAM__V1__NOT_SENT__NOT_SENT_UNSPECIFIED && look->quiet.is_paused) {
        look->not_sent = FAM__V1__NOT_SENT__NOT_SENT_PAUSED;
    } else if (look->not_sent == FAM__V1__NOT_SENT__NOT_SENT_UNSPECIFIED && look->quiet.until_ms > 0) {
        look->not_sent = FAM__V1__NOT_SENT__NOT_SENT_QUIET;
    }
    return FAM_OK;
}

/* In the caller's transaction, and until its end. `waits` finds what waits already. */
static enum fam_code look_at(struct fam_db *db, const struct fam_uuid *user_id, int64_t now_ms,
                             const struct fam_statement *waits, struct look *ret_look, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows person = {0};
    fam_auto(fam_rows_done) struct fam_rows waiting = {0};
    struct fam_params params = {0};
    *ret_look = (struct look){.not_sent = FAM__V1__NOT_SENT__NOT_SENT_UNSPECIFIED};
    fam_param_uuid(&params, user_id);
    enum fam_code code = fam_db_exec(db, &hold_person, &params, &person, status);
    if (code == FAM_OK && fam_rows_count(&person) == 0) {
        return fam_fail(status, FAM_NOT_FOUND, "no such user");
    }
    if (code == FAM_OK) {
        ret_look->nearest = nearest(fam_rows_i64(&person, 0, 1));
        if (fam_rows_i64(&person, 0, 0) == 0) {
            ret_look->not_sent = FAM__V1__NOT_SENT__NOT_SENT_UNREACHABLE;
        }
        code = look_at_wishes(db, user_id, now_ms, ret_look, status);
    }
    if (code == FAM_OK && ret_look->not_sent == FAM__V1__NOT_SENT__NOT_SENT_UNSPECIFIED) {
        code = fam_db_exec(db, waits, &params, &waiting, status);
        ret_look->not_sent = fam_rows_count(&waiting) > 0 ? FAM__V1__NOT_SENT__NOT_SENT_WAITS : ret_look->not_sent;
    }
    return code;
}

/* ---- the outcome ---- */

static void keep(struct fam_outcome *outcome, const struct fam_sent *sent)
{
    struct fam_uuid words = {{0}};
    words.bytes[0] = (unsigned char)sent->not_sent;
    words.bytes[1] = (unsigned char)sent->slot;
    fam_outcome_add(outcome, &words);
    fam_outcome_add(outcome, &sent->notification_id);
    fam_outcome_add(outcome, &sent->report_id);
}

bool fam_sent_read(const void *ids, size_t size, struct fam_sent *ret_sent)
{
    struct fam_uuid words;
    *ret_sent = (struct fam_sent){.not_sent = FAM__V1__NOT_SENT__NOT_SENT_UNSPECIFIED};
    if (!fam_ids_uuid(ids, size, 0, &words) || !fam_ids_uuid(ids, size, 1, &ret_sent->notification_id) ||
        !fam_ids_uuid(ids, size, 2, &ret_sent->report_id)) {
        return false;
    }
    ret_sent->not_sent = (Fam__V1__NotSent)words.bytes[0];
    ret_sent->slot = (Fam__V1__CheckinSlot)words.bytes[1];
    return true;
}

static enum fam_code read_outcome(enum fam_code code, const struct fam_outcome *outcome, struct fam_sent *ret_sent,
                                  struct fam_status *status)
{
    if (code == FAM_OK && !fam_sent_read(outcome->ids, outcome->ids_size, ret_sent)) {
        return fam_fail(status, FAM_INTERNAL, "what was sent left no ids");
    }
    return code;
}

static enum fam_code take_id(const struct fam_rows *rows, struct fam_sent *sent, struct fam_status *status)
{
    if (fam_rows_count(rows) != 1) {
        return fam_fail(status, FAM_INTERNAL, "what was sent is not there");
    }
    sent->notification_id = fam_rows_uuid(rows, 0, 0);
    return FAM_OK;
}

/* ---- check-ins ---- */

struct checkin_send {
    const struct fam_send_checkin *send;
    struct fam_sent sent;
};

static enum fam_code add_checkin(struct fam_db *db, const struct checkin_send *context, int64_t now_ms,
                                 const struct look *look, struct fam_sent *sent, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    int64_t expires_ms = now_ms + FAM_CHECKIN_LIFETIME_MS, quiet_ms = look->quiet.next_ms;
    const struct fam_checkin_prompt prompt = {.user_id = *context->send->user_id,
                                              .slot = sent->slot,
                                              .question_set = context->send->set_of(sent->slot),
                                              .due_ms = now_ms,
                                              .expires_ms = expires_ms,
                                              .show_ms = now_ms,
                                              .until_ms =
                                                  quiet_ms > 0 && quiet_ms < expires_ms ? quiet_ms : expires_ms};
    struct fam_params params = {0};
    size_t count = 0;
    enum fam_code code = fam_checkin_send(db, &prompt, 1, &count, status);
    if (code == FAM_OK) {
        code = fam_audit_write(db, context->send->audit, status);
    }
    fam_param_uuid(&params, &prompt.user_id);
    fam_param_text(&params, fam_checkin_slot_word(prompt.slot));
    fam_param_i64(&params, now_ms);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &sent_checkin, &params, &rows, status);
    }
    return code == FAM_OK ? take_id(&rows, sent, status) : code;
}

static enum fam_code look_for_checkin(struct fam_db *db, const struct fam_send_checkin *send, int64_t now_ms,
                                      struct look *look, struct fam_sent *sent, struct fam_status *status)
{
    enum fam_code code = look_at(db, send->user_id, now_ms, &find_checkin, look, status);
    *sent = (struct fam_sent){.not_sent = look->not_sent, .slot = send->slot};
    if (send->slot == FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_UNSPECIFIED) {
        sent->slot = look->nearest;
    }
    return code;
}

static enum fam_code checkin_effect(struct fam_store *store, struct fam_db *db, void *context,
                                    struct fam_outcome *outcome, struct fam_status *status)
{
    struct checkin_send *checkin = context;
    int64_t now_ms = fam_wall_ms();
    struct look look;
    (void)store;
    enum fam_code code = look_for_checkin(db, checkin->send, now_ms, &look, &checkin->sent, status);
    if (code == FAM_OK && look.not_sent == FAM__V1__NOT_SENT__NOT_SENT_UNSPECIFIED) {
        code = add_checkin(db, checkin, now_ms, &look, &checkin->sent, status);
    }
    keep(outcome, &checkin->sent);
    return code;
}

enum fam_code fam_send_checkin(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_send_checkin *send, struct fam_outcome *ret_outcome,
                               struct fam_sent *ret_sent, struct fam_status *status)
{
    struct checkin_send context = {.send = send};
    enum fam_code code = fam_mutate(store, mutation, checkin_effect, &context, ret_outcome, status);
    return read_outcome(code, ret_outcome, ret_sent, status);
}

static enum fam_code checkin_look(struct fam_db *db, void *context, struct fam_status *status)
{
    struct checkin_send *checkin = context;
    struct look look;
    return look_for_checkin(db, checkin->send, fam_wall_ms(), &look, &checkin->sent, status);
}

enum fam_code fam_send_checkin_look(struct fam_store *store, const struct fam_send_checkin *send,
                                    struct fam_sent *ret_sent, struct fam_status *status)
{
    struct checkin_send context = {.send = send};
    enum fam_code code = fam_tx_run(fam_store_pool(store), checkin_look, &context, NULL, status);
    *ret_sent = context.sent;
    return code;
}

/* ---- reports ---- */

/* Before the next quiet hours begin. */
static enum fam_code add_report(struct fam_store *store, struct fam_db *db, const struct fam_send_report *send,
                                const struct look *look, struct fam_sent *sent, struct fam_status *status)
{
    const int64_t ends_ms = look->quiet.next_ms - fam_wall_ms(); /* without quiet hours long ago */
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    const struct fam_uuid once = fam_uuid_v7();
    struct fam_params params = {0};
    char key[KEY_SIZE], id[FAM_UUID_TEXT_SIZE];
    bool added = false;
    fam_uuid_format(&once, id);
    (void)snprintf(key, sizeof(key), "report-sent:%s", id);
    const struct fam_notification_new notification = {
        .user_id = send->user_id,
        .lane = FAM__V1__LANE__LANE_REPORTS,
        .kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT,
        .body = send->body,
        .body_size = send->body_size,
        .unique_key = key,
        .lifetime_ms = ends_ms > 0 && ends_ms < REPORT_LIFETIME_MS ? (uint64_t)ends_ms : REPORT_LIFETIME_MS,
    };
    enum fam_code code = fam_notification_add(store, db, &notification, &added, status);
    if (code == FAM_OK) {
        code = fam_audit_write(db, send->audit, status);
    }
    fam_param_text(&params, key);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &sent_report, &params, &rows, status);
    }
    sent->report_id = send->report_id;
    return code == FAM_OK ? take_id(&rows, sent, status) : code;
}

static enum fam_code report_effect(struct fam_store *store, struct fam_db *db, void *context,
                                   struct fam_outcome *outcome, struct fam_status *status)
{
    const struct fam_send_report *send = context;
    struct look look;
    enum fam_code code = look_at(db, send->user_id, fam_wall_ms(), &find_report, &look, status);
    struct fam_sent sent = {.not_sent = look.not_sent};
    if (code == FAM_OK && look.not_sent == FAM__V1__NOT_SENT__NOT_SENT_UNSPECIFIED) {
        code = add_report(store, db, send, &look, &sent, status);
    }
    keep(outcome, &sent);
    return code;
}

enum fam_code fam_send_report(struct fam_store *store, const struct fam_mutation *mutation,
                              const struct fam_send_report *send, struct fam_outcome *ret_outcome,
                              struct fam_sent *ret_sent, struct fam_status *status)
{
    enum fam_code code = fam_mutate(store, mutation, report_effect, (void *)(uintptr_t)send, ret_outcome, status);
    return read_outcome(code, ret_outcome, ret_sent, status);
}

struct report_look {
    const struct fam_uuid *user_id;
    struct look look;
};

static enum fam_code report_look(struct fam_db *db, void *context, struct fam_status *status)
{
    struct report_look *report = context;
    return look_at(db, report->user_id, fam_wall_ms(), &find_report, &report->look, status);
}

enum fam_code fam_send_report_look(struct fam_store *store, const struct fam_uuid *user_id, struct fam_sent *ret_sent,
                                   struct fam_status *status)
{
    struct report_look context = {.user_id = user_id};
    enum fam_code code = fam_tx_run(fam_store_pool(store), report_look, &context, NULL, status);
    *ret_sent = (struct fam_sent){.not_sent = context.look.not_sent};
    return code;
}
