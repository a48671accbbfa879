/* task_checkin.c: see task_checkin.h. */
#include "queue/task_checkin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "checkin/questions.h"
#include "metrics/metrics.h"
#include "notify/bell.h"
#include "queue/handlers.h"
#include "store/checkin_due.h"
#include "store/checkin_store.h"
#include "store/notification_store.h"
#include "store/schedule_store.h"
#include "store/store.h"
#include "store/words.h"

/* Where a batch is full a crowd is due, and many more follow: parents who type meanwhile come first. So workers rest so
 * long that all of them together work half of the time of one, REST_MS at most; and not any more once those who are due
 * wait for IMPATIENT_MS. */
enum { KEY_SIZE = 129, MINUTE_MS = 60000, REST_MS = 150, IMPATIENT_MS = 45000 };

enum drop { DROP_LATE, DROP_QUIET, DROP_PAUSED, DROPS };
static const char *const DROP_LABELS[DROPS] = {"late", "quiet", "paused"};

/* Runs that are handled together, and what came of them. */
struct batch {
    struct fam_handlers *context;
    struct fam_run *runs[FAM_CHECKIN_DUE_MAX];
    struct fam_checkin_due dues[FAM_CHECKIN_DUE_MAX];
    size_t count;
    int64_t now_ms;
    size_t sent, lost, dropped[DROPS]; /* set anew when the transaction is tried again */
};

static Fam__V1__CheckinSlot slot_of(const char *name)
{
    Fam__V1__CheckinSlot slot = fam_checkin_slot_of_word(name);
    bool is_known =
        slot >= FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_MORNING && slot <= FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_OWN;
    return is_known ? slot : FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_OWN;
}

/* False: it is left out, and counted. */
static bool plan(struct batch *batch, const struct fam_checkin_guest *guest, struct fam_checkin_prompt *ret_prompt)
{
    int64_t due_ms = batch->dues[guest->index].due_ms, expires_ms = due_ms + FAM_CHECKIN_LIFETIME_MS;
    int64_t show_ms = guest->quiet.until_ms > 0 ? guest->quiet.until_ms : due_ms;
    int64_t quiet_ms = guest->quiet.next_ms > 0 ? guest->quiet.next_ms : expires_ms;
    if (guest->quiet.is_paused) {
        batch->dropped[DROP_PAUSED]++;
        return false;
    }
    if (batch->now_ms >= expires_ms) {
        batch->dropped[DROP_LATE]++;
        batch->lost++;
        return false;
    }
    if (show_ms >= expires_ms) {
        batch->dropped[DROP_QUIET]++;
        return false;
    }
    Fam__V1__CheckinSlot slot = slot_of(guest->name);
    *ret_prompt = (struct fam_checkin_prompt){.user_id = guest->user_id,
                                              .slot = slot,
                                              .question_set = fam_checkin_slot_set(slot),
                                              .due_ms = due_ms,
                                              .expires_ms = expires_ms,
                                              .show_ms = show_ms,
                                              .until_ms = quiet_ms < expires_ms ? quiet_ms : expires_ms};
    return true;
}

static void make_key(const struct batch *batch, const struct fam_checkin_guest *guest, char ret_key[KEY_SIZE])
{
    const struct fam_checkin_due *due = &batch->dues[guest->index];
    char schedule[FAM_UUID_TEXT_SIZE];
    char user[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&due->schedule_id, schedule);
    fam_uuid_format(&guest->user_id, user);
    (void)snprintf(ret_key, KEY_SIZE, "remind:%s:%lld:%s", schedule, (long long)due->due_ms, user);
}

/* So many minutes before the check-in; it goes when that comes. In the nights in which clocks change the check-in may
 * come sooner than so, or an hour later: the words would be wrong. */
static enum fam_code remind(struct batch *batch, struct fam_db *db, const struct fam_checkin_guest *guest,
                            struct fam_status *status)
{
    int64_t checkin_ms = batch->dues[guest->index].due_ms + (int64_t)guest->quiet.reminder_minutes * MINUTE_MS;
    int64_t left_ms = checkin_ms - batch->now_ms;
    bool is_wrong = guest->checkin_ms > 0 && guest->checkin_ms != checkin_ms;
    enum drop drop = guest->quiet.is_paused ? DROP_PAUSED : guest->quiet.until_ms > 0 ? DROP_QUIET : DROP_LATE;
    if (drop != DROP_LATE || left_ms <= 0 || is_wrong) {
        batch->dropped[drop]++;
        return FAM_OK;
    }
    unsigned char body[64];
    char key[KEY_SIZE];
    bool added = false;
    Fam__V1__CheckinReminder reminder = FAM__V1__CHECKIN_REMINDER__INIT;
    reminder.slot = slot_of(guest->name + strlen(FAM_CHECKIN_REMIND));
    reminder.minutes = guest->quiet.reminder_minutes;
    make_key(batch, guest, key);
    const struct fam_notification_new notification = {
        .user_id = &guest->user_id,
        .lane = FAM__V1__LANE__LANE_CHECKINS,
        .kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_CHECKIN_REMINDER,
        .body = body,
        .body_size = fam__v1__checkin_reminder__pack(&reminder, body), /* two small numbers */
        .unique_key = key,
        .lifetime_ms = (uint64_t)left_ms};
    enum fam_code code = fam_notification_add(batch->context->store, db, &notification, &added, status);
    batch->sent += added ? 1 : 0;
    return code == FAM_NOT_FOUND ? FAM_OK : code; /* erased since */
}

static enum fam_code tell_all(struct batch *batch, struct fam_db *db, const struct fam_checkin_guest *guests,
                              size_t count, struct fam_status *status)
{
    struct fam_checkin_prompt *prompts = calloc(count + 1, sizeof(*prompts));
    size_t planned = 0, sent = 0;
    enum fam_code code = prompts == NULL ? fam_fail_memory(status) : FAM_OK;
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        if (fam_checkin_is_reminder(guests[i].name)) {
            code = remind(batch, db, &guests[i], status);
        } else {
            planned += plan(batch, &guests[i], &prompts[planned]) ? 1 : 0;
        }
    }
    if (code == FAM_OK) {
        code = fam_checkin_send(db, prompts, planned, &sent, status);
        batch->sent += sent;
    }
    free(prompts);
    return code;
}

static enum fam_code send_all(struct fam_db *db, void *context, struct fam_status *status)
{
    struct batch *batch = context;
    struct fam_checkin_guest *guests = NULL;
    size_t count = 0;
    batch->sent = batch->lost = 0;
    memset(batch->dropped, 0, sizeof(batch->dropped));
    enum fam_code code = fam_checkin_guests(db, batch->dues, batch->count, batch->now_ms, &guests, &count, status);
    if (code == FAM_OK) {
        code = tell_all(batch, db, guests, count, status);
    }
    free(guests);
    for (size_t i = 0; code == FAM_OK && i < batch->count; i++) {
        code = fam_run_finish(batch->runs[i], db, status);
    }
    return code;
}

static enum fam_code try_batch(struct batch *batch, struct fam_status *status)
{
    batch->now_ms = fam_wall_ms();
    enum fam_code code = fam_tx_run(fam_store_pool(batch->context->store), send_all, batch, NULL, status);
    if (code != FAM_OK) {
        return code;
    }
    for (size_t i = 0; i < DROPS; i++) {
        if (batch->dropped[i] > 0) {
            fam_metrics_add(batch->context->metrics, FAM_M_CHECKINS_DROPPED, FAM_LABELS(DROP_LABELS[i]),
                            (double)batch->dropped[i]);
        }
    }
    if (batch->lost > 0) {
        fam_metrics_add(batch->context->metrics, FAM_M_CHECKINS_LOST, FAM_LABELS("late"), (double)batch->lost);
    }
    if (batch->sent > 0) {
        fam_bell_ring(batch->context->bell);
    }
    return FAM_OK;
}

/* One that can't be done keeps nobody else's back. */
static void try_each(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct batch one = {.context = batch->context, .count = 1};
        struct fam_status status;
        one.runs[0] = batch->runs[i];
        one.dues[0] = batch->dues[i];
        if (try_batch(&one, &status) != FAM_OK) {
            fam_log_status(batch->context->log, FAM_LOG_WARN, "queue", "a due time could not be served", &status);
            fam_run_retry(batch->runs[i], status.reason[0] == '\0' ? fam_code_name(status.code) : status.reason);
        }
    }
}

static void rest(const struct batch *batch, uint64_t worked_us)
{
    uint64_t times = batch->context->workers > 0 ? 2 * (uint64_t)batch->context->workers - 1 : 1;
    uint64_t rest_us = worked_us * times;
    rest_us = rest_us < (uint64_t)REST_MS * 1000 ? rest_us : (uint64_t)REST_MS * 1000;
    (void)nanosleep(&(struct timespec){.tv_nsec = (long)rest_us * 1000}, NULL);
}

static void run_batch(struct batch *batch)
{
    struct fam_status status;
    uint64_t began_us = fam_mono_us();
    if (batch->count > 0 && try_batch(batch, &status) != FAM_OK) {
        try_each(batch);
    }
    if (batch->count == FAM_CHECKIN_DUE_MAX && fam_wall_ms() - batch->dues[0].due_ms < IMPATIENT_MS) {
        rest(batch, fam_mono_us() - began_us);
    }
    batch->count = 0;
}

void fam_task_checkin(void *context, struct fam_run *const *runs, size_t count)
{
    struct batch batch = {.context = context};
    for (size_t i = 0; i < count; i++) {
        struct fam_schedule_payload payload;
        size_t size = 0;
        const void *bytes = fam_run_payload(runs[i], &size);
        if (!fam_schedule_payload_read(bytes, size, &payload)) {
            fam_run_bury(runs[i], "the payload is not a due time of a schedule");
            continue;
        }
        batch.runs[batch.count] = runs[i];
        batch.dues[batch.count++] = (struct fam_checkin_due){
            .schedule_id = payload.schedule_id, .subject_id = payload.subject_id, .due_ms = payload.due_ms};
        if (batch.count == FAM_CHECKIN_DUE_MAX) {
            run_batch(&batch);
        }
    }
    run_batch(&batch);
}
