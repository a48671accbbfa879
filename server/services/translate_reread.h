/* translate_reread.h: which new entries Claude reads again later, and how soon. */
#ifndef FAM_SERVICES_TRANSLATE_REREAD_H
#define FAM_SERVICES_TRANSLATE_REREAD_H

#include "base/compiler.h"
#include "services/translate_job.h"
#include "store/task_store.h"

/* The task and what it points to; borrowed from the job's entry id. */
struct fam_reread {
    struct fam_task_new task;
    struct fam_uuid task_id;
    char unique_key[2 * FAM_UUID_TEXT_SIZE + 8];
};

/* True: the entry that the job is about to store is to be read again, and *ret_reread is the task for it. That is so
 * when the built-in engine answered somebody whom Claude may answer: at once and HIGH after a danger or when Claude was
 * slow, a little later and NORMAL when Claude could not be asked or its answer was of no use. Not for an author whose
 * limit is used up. */
bool fam_reread_plan(const struct fam_job *job, struct fam_reread *ret_reread) FAM_MUST_CHECK;

#endif
