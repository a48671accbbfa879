/* task_due.c: see task_due.h. */
#include "queue/task_due.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "notify/bell.h"
#include "store/checkin_settings.h"
#include "store/notification_store.h"
#include "store/store.h"

enum { KEY_SIZE = 129 };

void fam_due_fail(struct fam_due_run *due, const struct fam_status *status)
{
    fam_log_status(due->context->log, FAM_LOG_WARN, "queue", "a due time could not be served", status);
    fam_run_retry(due->run, status->reason[0] == '\0' ? fam_code_name(status->code) : status->reason);
}

bool fam_due_open(struct fam_handlers *context, struct fam_run *run, struct fam_due_run *ret_due)
{
    struct fam_status status;
    size_t size = 0;
    const void *payload = fam_run_payload(run, &size);
    memset(ret_due, 0, sizeof(*ret_due));
    ret_due->context = context;
    ret_due->run = run;
    if (!fam_schedule_payload_read(payload, size, &ret_due->due)) {
        fam_run_bury(run, "the payload is not a due time of a schedule");
        return false;
    }
    bool found = false;
    enum fam_code code =
        fam_recipient_schedule(context->store, &ret_due->due.schedule_id, ret_due->name, &found, &status);
    if (code == FAM_OK && found) {
        code = fam_recipients(context->store, &ret_due->due.subject_id, ret_due->people, &ret_due->count, &status);
    }
    if (code != FAM_OK) {
        fam_due_fail(ret_due, &status);
        return false;
    }
    if (ret_due->count == 0) {
        fam_run_done(run); /* the schedule is gone, nobody wants it, or nobody can be reached */
    }
    return ret_due->count > 0;
}

struct sending {
    struct fam_due_run *due;
    const char *word;
    const struct fam_due_message *messages;
    size_t count;
};

static void make_key(const struct sending *sending, const struct fam_uuid *user_id, char ret_key[KEY_SIZE])
{
    char schedule[FAM_UUID_TEXT_SIZE];
    char user[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&sending->due->due.schedule_id, schedule);
    fam_uuid_format(user_id, user);
    (void)snprintf(ret_key, KEY_SIZE, "%s:%s:%lld:%s", sending->word, schedule, (long long)sending->due->due.due_ms,
                   user);
}

/* Whoever changes it waits for this transaction, or came first. */
static enum fam_code is_still_wanted(struct fam_db *db, const struct fam_due_message *message, bool *ret_wanted,
                                     struct fam_status *status)
{
    struct fam_quiet quiet = {.is_paused = false};
    *ret_wanted = true;
    if (message->kind != FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT) {
        return FAM_OK;
    }
    enum fam_code code = fam_quiet_at(db, message->user_id, fam_wall_ms(), &quiet, status);
    *ret_wanted = code == FAM_OK && !quiet.is_paused && quiet.weekly_report;
    return code;
}

/* Who withdrew since, paused, switched it off or is gone, is told nothing. */
static enum fam_code add(struct fam_db *db, const struct sending *sending, const struct fam_due_message *message,
                         struct fam_status *status)
{
    static const Fam__V1__ConsentPurpose PURPOSES[] = {FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING,
                                                       FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS};
    char key[KEY_SIZE];
    bool granted = false, is_wanted = false, added = false;
    make_key(sending, message->user_id, key);
    const struct fam_notification_new notification = {
        .user_id = message->user_id,
        .lane = message->lane,
        .kind = message->kind,
        .body = message->body,
        .body_size = message->size,
        .unique_key = key,
        .delay_ms = message->delay_ms,
        .lifetime_ms = message->lifetime_ms,
    };
    enum fam_code code = fam_consents_hold(db, message->user_id, PURPOSES, FAM_ARRAY_SIZE(PURPOSES), &granted, status);
    if (code == FAM_OK && granted) {
        code = is_still_wanted(db, message, &is_wanted, status);
    }
    if (code != FAM_OK || !is_wanted) {
        return code;
    }
    return fam_notification_add(sending->due->context->store, db, &notification, &added, status);
}

static enum fam_code send_all(struct fam_db *db, void *context, struct fam_status *status)
{
    const struct sending *sending = context;
    enum fam_code code = FAM_OK;
    for (size_t i = 0; code == FAM_OK && i < sending->count; i++) {
        code = add(db, sending, &sending->messages[i], status);
    }
    return code == FAM_OK ? fam_run_finish(sending->due->run, db, status) : code;
}

void fam_due_discard(struct fam_due_message *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (messages[i].body != NULL) {
            sodium_memzero(messages[i].body, messages[i].size);
            free(messages[i].body);
        }
    }
}

void fam_due_send(struct fam_due_run *due, const char *word, struct fam_due_message *messages, size_t count)
{
    struct fam_status status;
    struct sending sending = {.due = due, .word = word, .messages = messages, .count = count};
    enum fam_code code = fam_tx_run(fam_store_pool(due->context->store), send_all, &sending, NULL, &status);
    fam_due_discard(messages, count);
    if (code != FAM_OK) {
        fam_due_fail(due, &status);
    } else if (count > 0) {
        fam_bell_ring(due->context->bell);
    }
}
