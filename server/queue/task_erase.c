/* task_erase.c: see task_erase.h. */
#include "queue/task_erase.h"

#include <string.h>

#include "base/log.h"
#include "queue/handlers.h"
#include "session/limits.h"
#include "session/session.h"
#include "store/erase_store.h"
#include "store/store.h"
#include "translate/reading_cache.h"

enum { SPARE_MS = 15000, GO_ON_MS = 500 };

static enum fam_code forget_in_redis(const struct fam_handlers *context, const struct fam_uuid *user_id,
                                     struct fam_status *status)
{
    size_t deleted = 0;
    enum fam_code code = FAM_OK;
    if (context->sessions != NULL) {
        code = fam_sessions_delete_all(context->sessions, user_id, false, &deleted, status);
    }
    if (code == FAM_OK && context->limits != NULL) {
        code = fam_limits_forget(context->limits, user_id, status);
    }
    if (code == FAM_OK && context->guesses != NULL) {
        code = fam_limits_forget(context->guesses, user_id, status);
    }
    if (code == FAM_OK && context->cache != NULL) {
        code = fam_reading_cache_forget(context->cache, user_id, status);
    }
    return code;
}

/* *ret_complete is false when the time was over before. */
static enum fam_code delete_rows(const struct fam_handlers *context, const struct fam_run *run,
                                 const struct fam_erase_subject *subject, bool *ret_complete, struct fam_status *status)
{
    bool more = true;
    *ret_complete = false;
    while (more) {
        if (fam_run_is_cancelled(run) || fam_run_remaining_ms(run) < SPARE_MS) {
            return FAM_OK;
        }
        enum fam_code code = fam_erase_chunk(context->store, subject, &more, status);
        if (code != FAM_OK) {
            return code;
        }
    }
    *ret_complete = true;
    return FAM_OK;
}

/* The end of it, in one transaction. */
struct last {
    struct fam_run *run;
    const struct fam_erase_subject *subject;
};

static enum fam_code delete_last(struct fam_db *db, void *context, struct fam_status *status)
{
    const struct last *last = context;
    enum fam_code code = fam_erase_last(db, last->subject, status);
    if (code == FAM_OK) {
        code = fam_run_finish(last->run, db, status);
    }
    return code == FAM_OK ? fam_erase_task_row(db, fam_run_task_id(last->run), status) : code;
}

static void erase(const struct fam_handlers *context, struct fam_run *run)
{
    struct fam_status status;
    struct fam_erase_subject subject;
    struct last last = {.run = run, .subject = &subject};
    size_t size = 0;
    bool complete = false;
    const void *payload = fam_run_payload(run, &size);
    if (!fam_erase_subject_read(payload, size, &subject)) {
        fam_run_bury(run, "the payload names nobody");
        return;
    }
    enum fam_code code = subject.is_family ? FAM_OK : forget_in_redis(context, &subject.id, &status);
    if (code == FAM_OK) {
        code = delete_rows(context, run, &subject, &complete, &status);
    }
    if (code == FAM_OK && complete) {
        code = fam_tx_run(fam_store_pool(context->store), delete_last, &last, NULL, &status);
    }
    bool again = code == FAM_ABORTED && strcmp(status.reason, "ERASE_AGAIN") == 0;
    if ((code == FAM_OK && !complete) || again) {
        fam_run_snooze(run, GO_ON_MS, "there is more to delete");
    } else if (code != FAM_OK) {
        fam_log_status(context->log, FAM_LOG_WARN, "queue", "an erasure is not complete yet", &status);
        fam_run_retry(run, status.reason[0] == '\0' ? fam_code_name(code) : status.reason);
    }
}

void fam_task_erase(void *context, struct fam_run *const *runs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        erase(context, runs[i]);
    }
}
