/* task_checkin.c: see task_checkin.h. */
#include "queue/task_checkin.h"

#include <stdlib.h>

#include "base/clock.h"
#include "queue/task_due.h"

enum { LIFETIME_MS = 2 * 60 * 60 * 1000 };

static bool pack(const struct fam_due_run *due, struct fam_due_message *message)
{
    Fam__V1__CheckinPrompt prompt = FAM__V1__CHECKIN_PROMPT__INIT;
    prompt.name = (char *)(uintptr_t)due->name;
    message->size = fam__v1__checkin_prompt__get_packed_size(&prompt);
    message->body = malloc(message->size + 1);
    if (message->body != NULL) {
        (void)fam__v1__checkin_prompt__pack(&prompt, message->body);
    }
    return message->body != NULL;
}

static void send(struct fam_handlers *context, struct fam_run *run)
{
    struct fam_due_run due;
    struct fam_due_message messages[FAM_RECIPIENTS_MAX];
    size_t count = 0;
    if (!fam_due_open(context, run, &due)) {
        return;
    }
    int64_t left_ms = due.due.due_ms + LIFETIME_MS - fam_wall_ms();
    if (left_ms <= 0) {
        fam_run_done(run); /* nobody wants to be asked about the morning at night */
        return;
    }
    for (; count < due.count; count++) {
        messages[count] = (struct fam_due_message){
            .user_id = &due.people[count],
            .lane = FAM__V1__LANE__LANE_CHECKINS,
            .kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_CHECKIN,
            .lifetime_ms = left_ms < LIFETIME_MS ? (uint64_t)left_ms : LIFETIME_MS,
        };
        if (!pack(&due, &messages[count])) {
            struct fam_status status;
            (void)fam_fail_memory(&status);
            fam_due_discard(messages, count);
            fam_due_fail(&due, &status);
            return;
        }
    }
    fam_due_send(&due, "checkin", messages, count);
}

void fam_task_checkin(void *context, struct fam_run *const *runs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        send(context, runs[i]);
    }
}
