/* notices.h: what a person is to be told by a notice, for tests of the store. */
#ifndef FAM_TESTS_NOTICES_H
#define FAM_TESTS_NOTICES_H

#include <criterion/criterion.h>

#include "fam/v1/notification.pb-c.h"
#include "store/column.h"
#include "store/notification_private.h"
#include "store/store.h"

/* The one notification that waits for the user, opened; it is deleted. Free with fam__v1__notice__free_unpacked. */
static inline Fam__V1__Notice *take_notice(struct fam_store *store, const struct fam_uuid *user_id)
{
    static const struct fam_statement take = {
        "test_take_notice",
        "DELETE FROM notifications WHERE user_id = $1 AND kind = 'notice' AND state = 'queued' "
        "RETURNING notification_id, body",
        "delete", "notifications"};
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    fam_auto(fam_secret_done) struct fam_secret body = {0};
    struct fam_params params = {0};
    struct fam_status status = {.message = ""};
    struct fam_db *db = NULL;
    fam_param_uuid(&params, user_id);
    cr_assert_eq(fam_store_get(store, &db, &status), FAM_OK);
    cr_assert_eq(fam_db_exec(db, &take, &params, &rows, &status), FAM_OK, "%s", status.message);
    fam_store_put(store, db);
    cr_assert_eq(fam_rows_count(&rows), 1, "one is told, once");
    cr_assert_eq(fam_store_user_key(store, user_id, &key, &status), FAM_OK);
    const struct fam_uuid id = fam_rows_uuid(&rows, 0, 0);
    const struct fam_place place = fam_notification_place("body", &id, user_id);
    cr_assert_eq(fam_column_open(&rows, 0, 1, &key, &place, &body, &status), FAM_OK, "%s", status.message);
    Fam__V1__Notice *notice = fam__v1__notice__unpack(NULL, body.size, body.data);
    cr_assert_not_null(notice);
    return notice;
}

#endif
