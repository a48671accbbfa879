/* translate_reread.c: see translate_reread.h. */
#include "services/translate_reread.h"

#include <stdio.h>
#include <string.h>

/* What failed just now is not asked for again at once; and entries of one outage come together in a batch. */
enum { LATER_MS = 10000 };

bool fam_reread_plan(const struct fam_job *job, struct fam_reread *ret_reread)
{
    if (job->context->reader == NULL || job->author == NULL || !job->limited || job->entry.reading == NULL ||
        job->entry.reading->engine != FAM__V1__ENGINE__ENGINE_OFFLINE ||
        !fam_user_consents(&job->user, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING) ||
        !fam_user_consents(&job->user, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI)) {
        return false;
    }
    char id[FAM_UUID_TEXT_SIZE];
    char task_id[FAM_UUID_TEXT_SIZE];
    bool urgent = job->hit.count > 0 || job->slow;
    ret_reread->task_id = fam_uuid_v7();
    fam_uuid_format(&job->entry_id, id);
    fam_uuid_format(&ret_reread->task_id, task_id);
    /* Words that changed are read again whatever became of the task for the words before. */
    bool anew = job->again != NULL;
    (void)snprintf(ret_reread->unique_key, sizeof(ret_reread->unique_key), "reread:%s%s%s", id, anew ? ":" : "",
                   anew ? task_id : "");
    ret_reread->task = (struct fam_task_new){
        .type = "process_emotion_batch",
        .priority = urgent ? FAM_PRIORITY_HIGH : FAM_PRIORITY_NORMAL,
        .payload = job->entry_id.bytes,
        .payload_size = sizeof(job->entry_id.bytes),
        .user_id = job->author,
        .unique_key = ret_reread->unique_key,
        .delay_ms = urgent ? 0 : LATER_MS,
    };
    return true;
}
