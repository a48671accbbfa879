/* task_broadcast.c: see task_broadcast.h. */
#include "queue/task_broadcast.h"

#include <string.h>

#include "base/log.h"
#include "notify/bell.h"
#include "queue/handlers.h"
#include "store/broadcast_store.h"

static void send(const struct fam_handlers *context, struct fam_run *run)
{
    struct fam_status status;
    struct fam_uuid broadcast_id, cursor = {{0}};
    size_t size = 0;
    bool more = true;
    enum fam_code code = FAM_OK;
    const void *payload = fam_run_payload(run, &size);
    if (payload == NULL || size != sizeof(broadcast_id.bytes)) {
        fam_run_bury(run, "the payload names no broadcast");
        return;
    }
    memcpy(broadcast_id.bytes, payload, size);
    while (code == FAM_OK && more) {
        if (fam_run_is_cancelled(run)) {
            return;
        }
        code = fam_broadcast_chunk(context->store, &broadcast_id, &cursor, &more, &status);
        if (code == FAM_OK) {
            fam_bell_ring(context->bell);
        }
    }
    if (code == FAM_OK) {
        fam_run_done(run);
    } else if (code == FAM_NOT_FOUND) {
        fam_run_bury(run, "no such broadcast");
    } else {
        fam_log_status(context->log, FAM_LOG_WARN, "queue", "a broadcast is not complete yet", &status);
        fam_run_retry(run, status.reason[0] == '\0' ? fam_code_name(code) : status.reason);
    }
}

void fam_task_broadcast(void *context, struct fam_run *const *runs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        send(context, runs[i]);
    }
}
