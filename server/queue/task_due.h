/* task_due.h: for whom a due time is, and a notification for each of them.
 * Private to the handlers. */
#ifndef FAM_QUEUE_TASK_DUE_H
#define FAM_QUEUE_TASK_DUE_H

#include "fam/v1/notification.pb-c.h"
#include "queue/handlers.h"
#include "store/recipient_store.h"
#include "store/schedule_store.h"

struct fam_due_run {
    struct fam_handlers *context;
    struct fam_run *run;
    struct fam_schedule_payload due;
    char name[FAM_SCHEDULE_NAME_SIZE]; /* of the schedule */
    struct fam_uuid people[FAM_RECIPIENTS_MAX];
    size_t count;
};

/* False: there is nobody to be told, and the run has ended. */
bool fam_due_open(struct fam_handlers *context, struct fam_run *run, struct fam_due_run *ret_due) FAM_MUST_CHECK;

/* One notification for a person; the body is packed. */
struct fam_due_message {
    const struct fam_uuid *user_id;
    Fam__V1__Lane lane;
    Fam__V1__NotificationKind kind;
    void *body; /* malloc'ed; freed by fam_due_send and fam_due_discard */
    size_t size;
    uint64_t delay_ms;    /* not shown before */
    uint64_t lifetime_ms; /* behind the delay */
};
/* Writes all and ends the run, in one transaction; a failure is a failed attempt. `word` begins the unique keys. */
void fam_due_send(struct fam_due_run *due, const char *word, struct fam_due_message *messages, size_t count);
void fam_due_discard(struct fam_due_message *messages, size_t count);
/* The run failed. */
void fam_due_fail(struct fam_due_run *due, const struct fam_status *status);

#endif
