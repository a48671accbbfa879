/* checkin_due.h: check-ins that are due, many at once: who wants them now, and the rows that hand them to delivery.
 * For the handler of send_checkin and for operators; all in the caller's transaction. */
#ifndef FAM_STORE_CHECKIN_DUE_H
#define FAM_STORE_CHECKIN_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/checkin.pb-c.h"
#include "store/checkin_settings.h"
#include "store/recipient_store.h"

/* A due time of a schedule, of a person or of all members of a family. */
struct fam_checkin_due {
    struct fam_uuid schedule_id;
    struct fam_uuid subject_id;
    int64_t due_ms;
};
enum { FAM_CHECKIN_DUE_MAX = 10 };

/* Somebody it is for. */
struct fam_checkin_guest {
    size_t index; /* into the due times */
    struct fam_uuid user_id;
    char name[FAM_SCHEDULE_NAME_SIZE]; /* of the schedule */
    struct fam_quiet quiet;            /* at `moment_ms` */
    int64_t checkin_ms;                /* of a reminder: Unix time that its check-in is due at; 0: unknown */
};
/* Everybody who consents to processing and notifications and can be reached, by schedules that are there and on, at
 * most FAM_RECIPIENTS_MAX of each. Nobody of them can withdraw before the transaction ends. *ret_list is an array of
 * *ret_count; free() it. */
enum fam_code fam_checkin_guests(struct fam_db *db, const struct fam_checkin_due *dues, size_t count, int64_t moment_ms,
                                 struct fam_checkin_guest **ret_list, size_t *ret_count,
                                 struct fam_status *status) FAM_MUST_CHECK;

/* A check-in with its notification. */
struct fam_checkin_prompt {
    struct fam_uuid user_id;
    Fam__V1__CheckinSlot slot;
    const char *question_set;
    int64_t due_ms;     /* the same slot and time of a person is there once: again is nothing */
    int64_t expires_ms; /* missed then */
    int64_t show_ms;    /* not delivered before */
    int64_t until_ms;   /* nor from then on */
};
/* *ret_sent: those that were not there before. */
enum fam_code fam_checkin_send(struct fam_db *db, const struct fam_checkin_prompt *prompts, size_t count,
                               size_t *ret_sent, struct fam_status *status) FAM_MUST_CHECK;

#endif
