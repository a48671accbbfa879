/* checkin_private.h: between the files of checkin_store.h. */
#ifndef FAM_STORE_CHECKIN_PRIVATE_H
#define FAM_STORE_CHECKIN_PRIVATE_H

#include "base/secret.h"
#include "store/checkin_store.h"
#include "store/seal.h"

/* Columns of a row of `checkins c`, as fam_checkin_fill reads them. */
#define FAM_CHECKIN_COLUMNS                                                                                            \
    "c.checkin_id, c.slot, c.question_set, "                                                                           \
    "CASE WHEN c.finished_at IS NULL AND c.expires_at <= now() THEN 'missed' ELSE c.state END, "                       \
    "(extract(epoch FROM c.due_at) * 1000)::bigint, (extract(epoch FROM c.expires_at) * 1000)::bigint, "               \
    "(extract(epoch FROM coalesce(c.finished_at, CASE WHEN c.expires_at <= now() THEN c.expires_at END)) "             \
    "* 1000)::bigint, c.expires_at <= now(), c.counted "
void fam_checkin_fill(const struct fam_rows *rows, size_t row, struct fam_checkin *ret_checkin);

/* Where an answer's seal stands; its question is inside, too. */
struct fam_place fam_checkin_place(const struct fam_uuid *checkin_id, const struct fam_uuid *user_id);
/* The answers to the `count` check-ins, all of this person, on a connection. */
enum fam_code fam_checkin_load_answers(struct fam_store *store, struct fam_db *db, const struct fam_uuid *user_id,
                                       struct fam_checkin *list, size_t count,
                                       struct fam_status *status) FAM_MUST_CHECK;

#endif
