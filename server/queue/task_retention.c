/* task_retention.c: see task_retention.h. */
#include "queue/task_retention.h"

#include "base/log.h"
#include "metrics/metrics.h"
#include "queue/handlers.h"
#include "store/business_store.h"
#include "store/retention_store.h"
#include "store/store.h"

enum { SPARE_MS = 15000, GO_ON_MS = 1000 };

static void count_rows(struct fam_handlers *context, const struct fam_retention_chunk *chunk)
{
    for (size_t i = 0; i < FAM_RETENTION_TABLES; i++) {
        if (chunk->deleted[i] > 0) {
            fam_metrics_add(context->metrics, FAM_M_RETENTION_DELETED, FAM_LABELS(fam_retention_tables[i]),
                            (double)chunk->deleted[i]);
        }
    }
}

static bool has_time(const struct fam_run *run)
{
    return !fam_run_is_cancelled(run) && fam_run_remaining_ms(run) > SPARE_MS;
}

/* One part to its end. *ret_complete is false when the time was over before. */
static enum fam_code sweep(struct fam_handlers *context, const struct fam_run *run, enum fam_retention_part part,
                           bool *ret_complete, struct fam_status *status)
{
    struct fam_retention_chunk chunk = {.found = FAM_RETENTION_CHUNK};
    while (chunk.found == FAM_RETENTION_CHUNK) {
        if (!has_time(run)) {
            *ret_complete = false;
            return FAM_OK;
        }
        enum fam_code code = fam_retention_sweep(context->store, part, context->retention_days, &chunk, status);
        if (code != FAM_OK) {
            return code;
        }
        count_rows(context, &chunk);
    }
    *ret_complete = true;
    return FAM_OK;
}

static enum fam_code write_oldest(struct fam_db *db, void *context, struct fam_status *status)
{
    struct fam_run *run = context;
    double oldest = 0;
    enum fam_code code = fam_retention_oldest(db, &oldest, status);
    if (code == FAM_OK) {
        code = fam_business_write(db, FAM_BUSINESS_OLDEST_PERSONAL_ROW, oldest, status);
    }
    return code == FAM_OK ? fam_run_finish(run, db, status) : code;
}

static void sweep_all(struct fam_handlers *context, struct fam_run *run)
{
    struct fam_status status;
    bool complete = true;
    enum fam_code code = FAM_OK;
    for (int part = 0; code == FAM_OK && complete && part < FAM_RETENTION_PARTS; part++) {
        code = sweep(context, run, (enum fam_retention_part)part, &complete, &status);
    }
    if (code == FAM_OK && !complete) {
        fam_run_snooze(run, GO_ON_MS, "there is more to delete");
        return;
    }
    if (code == FAM_OK) {
        code = fam_tx_run(fam_store_pool(context->store), write_oldest, run, NULL, &status);
    }
    if (code != FAM_OK) {
        fam_log_status(context->log, FAM_LOG_WARN, "queue", "the retention sweep failed", &status);
        fam_run_retry(run, status.reason[0] == '\0' ? fam_code_name(code) : status.reason);
    }
}

void fam_task_retention(void *context, struct fam_run *const *runs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fam_metrics_job_started(((struct fam_handlers *)context)->metrics, "retention_sweep");
        sweep_all(context, runs[i]);
    }
}
