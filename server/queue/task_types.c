/* task_types.c: see task_types.h. */
#include "queue/task_types.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"

static const char *const NAMES[] = {"process_emotion_batch",  "retention_sweep", "refresh_metrics", "send_checkin",
                                    "generate_weekly_report", "erase_person",    "broadcast"};

bool fam_task_types_know(const char *type)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(NAMES); i++) {
        if (strcmp(NAMES[i], type) == 0) {
            return true;
        }
    }
    return false;
}

void fam_task_types_list(char ret_names[FAM_TASK_TYPES_LIST_SIZE])
{
    size_t size = 0;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(NAMES); i++) {
        int more = snprintf(ret_names + size, FAM_TASK_TYPES_LIST_SIZE - size, "%s%s", i == 0 ? "" : ", ", NAMES[i]);
        assert(more > 0 && (size_t)more < FAM_TASK_TYPES_LIST_SIZE - size);
        size += (size_t)more;
    }
}
