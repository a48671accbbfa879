/* checkin_private.h: between the files of checkin_store.h. */
#ifndef FAM_STORE_CHECKIN_PRIVATE_H
#define FAM_STORE_CHECKIN_PRIVATE_H

#include "base/secret.h"
#include "store/checkin_store.h"
#include "store/column.h"
#include "store/seal.h"

/* Columns of a row of `checkins c`, as fam_checkin_fill reads them. */
#define FAM_CHECKIN_COLUMNS                                                                                            \
    "c.checkin_id, c.slot, c.question_set, "                                                                           \
    "CASE WHEN c.finished_at IS NULL AND c.expires_at <= now() THEN 'missed' ELSE c.state END, "                       \
    "(extract(epoch FROM c.due_at) * 1000)::bigint, (extract(epoch FROM c.expires_at) * 1000)::bigint, "               \
    "(extract(epoch FROM coalesce(c.finished_at, CASE WHEN c.expires_at <= now() THEN c.expires_at END)) "             \
    "* 1000)::bigint, c.expires_at <= now(), c.counted, c.answers, c.answered > 0 "
/* Apart: a program before checkins.answers wrote rows in checkin_answers. These are the later ones where there are
 * both, as when two versions run side by side. */
enum { FAM_CHECKIN_COLUMN_ANSWERS = 9, FAM_CHECKIN_COLUMN_APART };
void fam_checkin_fill(const struct fam_rows *rows, size_t row, struct fam_checkin *ret_checkin);

/* What is sealed is padded to a multiple of this (sodium_pad). The longest way without words fits into one: a size
 * tells at most how long a note is, by half a kilobyte. */
enum { FAM_CHECKIN_BLOCK = 512 };

/* The answers to the `count` check-ins of these rows, all of this person, on a connection. */
enum fam_code fam_checkin_load_answers(struct fam_store *store, struct fam_db *db, const struct fam_uuid *user_id,
                                       const struct fam_rows *rows, struct fam_checkin *list, size_t count,
                                       struct fam_status *status) FAM_MUST_CHECK;
/* Opens the column of a row into `checkin`, whose id is known and which has no answers yet. NULL in the row: none.
 * DATA_LOSS. */
enum fam_code fam_checkin_open(const struct fam_rows *rows, size_t row, int column, const struct fam_key *key,
                               const struct fam_uuid *user_id, struct fam_checkin *checkin,
                               struct fam_status *status) FAM_MUST_CHECK;
/* What was said in `checkin`, and `asked`, as a parameter; *ret_sealed must live until the statement ran. */
enum fam_code fam_checkin_close(const struct fam_checkin *checkin, const struct fam_key *key,
                                const struct fam_uuid *user_id, struct fam_params *params,
                                struct fam_sealed *ret_sealed, struct fam_status *status) FAM_MUST_CHECK;

#endif
