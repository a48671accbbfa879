/* recipient_store.c: see recipient_store.h. */
#include "store/recipient_store.h"

#include <stdio.h>

#include "store/store.h"
#include "store/words.h"

static const struct fam_statement select_recipients = {
    "recipient_select",
    "SELECT u.user_id FROM users u LEFT JOIN parents p ON p.user_id = u.user_id AND p.family_id = $1 "
    "WHERE (u.user_id = $1 OR p.family_id = $1) AND u.reachable "
    "AND (SELECT count(*) FROM (SELECT DISTINCT ON (purpose) granted FROM consents c WHERE c.user_id = u.user_id "
    "AND c.purpose IN ('processing', 'notifications') ORDER BY purpose, changed_at DESC, consent_id DESC) latest "
    "WHERE granted) = 2 ORDER BY p.created_at, u.user_id LIMIT $2::bigint",
    "select", "users"};
/* A decision takes a stronger lock of this row. */
static const struct fam_statement hold_user = {
    "recipient_hold", "SELECT 1 FROM users WHERE user_id = $1 AND erased_at IS NULL FOR SHARE", "select", "users"};
static const struct fam_statement select_consents = {
    "recipient_consents",
    "SELECT DISTINCT ON (purpose) purpose, granted FROM consents WHERE user_id = $1 "
    "ORDER BY purpose, changed_at DESC, consent_id DESC",
    "select", "consents"};
static const struct fam_statement select_schedule = {
    "recipient_schedule", "SELECT name FROM schedules WHERE schedule_id = $1 AND enabled", "select", "schedules"};

enum fam_code fam_recipients(struct fam_store *store, const struct fam_uuid *id,
                             struct fam_uuid ret_user_ids[FAM_RECIPIENTS_MAX], size_t *ret_count,
                             struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    *ret_count = 0;
    enum fam_code code = fam_store_get(store, &db, status);
    fam_param_uuid(&params, id);
    fam_param_i64(&params, FAM_RECIPIENTS_MAX);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &select_recipients, &params, &rows, status);
    }
    for (size_t i = 0; code == FAM_OK && i < fam_rows_count(&rows) && i < FAM_RECIPIENTS_MAX; i++) {
        ret_user_ids[(*ret_count)++] = fam_rows_uuid(&rows, i, 0);
    }
    fam_store_put(store, db);
    return code;
}

static bool is_granted(const struct fam_rows *rows, Fam__V1__ConsentPurpose purpose)
{
    for (size_t i = 0; i < fam_rows_count(rows); i++) {
        if (fam_purpose_of_word(fam_rows_text(rows, i, 0)) == purpose) {
            return fam_rows_i64(rows, i, 1) != 0;
        }
    }
    return false;
}

enum fam_code fam_consents_hold(struct fam_db *db, const struct fam_uuid *user_id,
                                const Fam__V1__ConsentPurpose *purposes, size_t count, bool *ret_granted,
                                struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows user = {0};
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, user_id);
    enum fam_code code = fam_db_exec(db, &hold_user, &params, &user, status);
    *ret_granted = code == FAM_OK && fam_rows_count(&user) == 1;
    if (code == FAM_OK) {
        code = fam_db_exec(db, &select_consents, &params, &rows, status);
    }
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        *ret_granted = *ret_granted && is_granted(&rows, purposes[i]);
    }
    return code;
}

enum fam_code fam_processing_hold(struct fam_db *db, const struct fam_uuid *user_id, struct fam_status *status)
{
    static const Fam__V1__ConsentPurpose PROCESSING = FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING;
    bool granted = false;
    enum fam_code code = fam_consents_hold(db, user_id, &PROCESSING, 1, &granted, status);
    return code == FAM_OK && !granted
               ? fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CONSENT_REQUIRED", 0,
                                 "this stores personal data: the user must consent to processing first (SetConsent)")
               : code;
}

enum fam_code fam_recipient_schedule(struct fam_store *store, const struct fam_uuid *schedule_id,
                                     char ret_name[FAM_SCHEDULE_NAME_SIZE], bool *ret_found, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    *ret_found = false;
    enum fam_code code = fam_store_get(store, &db, status);
    fam_param_uuid(&params, schedule_id);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &select_schedule, &params, &rows, status);
    }
    if (code == FAM_OK && fam_rows_count(&rows) == 1) {
        *ret_found = true;
        (void)snprintf(ret_name, FAM_SCHEDULE_NAME_SIZE, "%s", fam_rows_text(&rows, 0, 0));
    }
    fam_store_put(store, db);
    return code;
}
