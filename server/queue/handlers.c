/* handlers.c: see handlers.h. */
#include "queue/handlers.h"

#include <assert.h>

#include "queue/task_broadcast.h"
#include "queue/task_checkin.h"
#include "queue/task_emotions.h"
#include "queue/task_erase.h"
#include "queue/task_metrics.h"
#include "queue/task_report.h"
#include "queue/task_retention.h"
#include "queue/task_types.h"

enum {
    EMOTIONS_BATCH = 10,
    EMOTIONS_SPARE_MS = 60000, /* beside Claude: what stands in the queue before it, and PostgreSQL */
    CHECKIN_BATCH = 10,
    CHECKIN_MS = 60000,
    REPORT_MS = 120000,
    METRICS_MS = 60000,
    RETENTION_MS = 300000,
    ERASE_MS = 300000,
    BROADCAST_MS = 600000
};

enum fam_code fam_handlers_add(struct fam_handlers *handlers, struct fam_task_table *table, struct fam_status *status)
{
    const struct fam_task_type types[] = {
        {"process_emotion_batch", EMOTIONS_BATCH, handlers->reading_ms + EMOTIONS_SPARE_MS, fam_task_emotions,
         handlers},
        {"retention_sweep", 1, RETENTION_MS, fam_task_retention, handlers},
        {"refresh_metrics", 1, METRICS_MS, fam_task_metrics, handlers},
        {"send_checkin", CHECKIN_BATCH, CHECKIN_MS, fam_task_checkin, handlers},
        {"generate_weekly_report", 1, REPORT_MS, fam_task_report, handlers},
        {"erase_person", 1, ERASE_MS, fam_task_erase, handlers},
        {"broadcast", 1, BROADCAST_MS, fam_task_broadcast, handlers},
    };
    enum fam_code code = FAM_OK;
    for (size_t i = 0; code == FAM_OK && i < FAM_ARRAY_SIZE(types); i++) {
        assert(fam_task_types_know(types[i].type));
        code = fam_task_table_add(table, &types[i], status);
    }
    return code;
}
