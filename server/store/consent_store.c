/* consent_store.c: consents; see user_store.h. */
#include <stdio.h>
#include <string.h>

#include "store/follow_up_private.h"
#include "store/store.h"
#include "store/user_store.h"
#include "store/words.h"

static const struct fam_statement lock_user = {
    "consent_lock", "SELECT 1 FROM users WHERE user_id = $1 AND erased_at IS NULL FOR NO KEY UPDATE", "select",
    "users"};
#define TAKE_BACK FAM_FOLLOW_UP_CANCEL("user_id = $2 AND $3 IN ('processing', 'notifications') AND NOT $4::boolean")
/* clock_timestamp(): two decisions that follow each other must not carry the same time. */
static const struct fam_statement insert_consent = {
    "consent_insert",
    "WITH q AS (" TAKE_BACK ") "
    "INSERT INTO consents (consent_id, user_id, purpose, granted, text_version, changed_at) "
    "VALUES ($1, $2, $3, $4, $5, clock_timestamp())",
    "insert", "consents"};
static const struct fam_statement select_consents = {
    "consent_select",
    "SELECT DISTINCT ON (purpose) purpose, granted, text_version, (extract(epoch FROM changed_at) * 1000)::bigint "
    "FROM consents WHERE user_id = $1 ORDER BY purpose, changed_at DESC, consent_id DESC",
    "select", "consents"};

/* What a decision is about. */
struct decision {
    const struct fam_uuid *user_id;
    const char *purpose;
    bool granted;
    const char *text_version;
};

static enum fam_code decide(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                            struct fam_status *status)
{
    const struct decision *decision = context;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params user = {0}, params = {0};
    struct fam_uuid consent_id = fam_uuid_v7();
    (void)store;
    /* One decision of a person at a time, so that the order of the times is the order of the commits. */
    fam_param_uuid(&user, decision->user_id);
    enum fam_code code = fam_db_exec(db, &lock_user, &user, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND, "no such user");
    }
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, &consent_id);
    fam_param_uuid(&params, decision->user_id);
    fam_param_text(&params, decision->purpose);
    fam_param_bool(&params, decision->granted);
    fam_param_text(&params, decision->text_version);
    code = fam_db_exec(db, &insert_consent, &params, NULL, status);
    if (code == FAM_OK) {
        fam_outcome_add(outcome, decision->user_id);
    }
    return code;
}

enum fam_code fam_consent_set(struct fam_store *store, const struct fam_mutation *mutation,
                              const struct fam_uuid *user_id, Fam__V1__ConsentPurpose purpose, bool granted,
                              const char *text_version, struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct decision decision = {.user_id = user_id,
                                .purpose = fam_purpose_word(purpose),
                                .granted = granted,
                                .text_version = text_version ? text_version : ""};
    memset(ret_outcome, 0, sizeof(*ret_outcome));
    if (!decision.purpose) {
        return fam_fail_field(status, "purpose", "is not one of the list");
    }
    return fam_mutate(store, mutation, decide, &decision, ret_outcome, status);
}

void fam_consent_take(const struct fam_rows *rows, size_t row, int column, struct fam_consent *ret_consent)
{
    ret_consent->purpose = fam_purpose_of_word(fam_rows_text(rows, row, column));
    ret_consent->granted = fam_rows_i64(rows, row, column + 1) != 0;
    snprintf(ret_consent->text_version, sizeof(ret_consent->text_version), "%s", fam_rows_text(rows, row, column + 2));
    ret_consent->changed_at_ms = fam_rows_i64(rows, row, column + 3);
}

enum fam_code fam_consent_list(struct fam_store *store, const struct fam_uuid *user_id,
                               struct fam_consent ret_consents[FAM_CONSENT_PURPOSES], size_t *ret_count,
                               struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    *ret_count = 0;
    enum fam_code code = fam_store_get(store, &db, status);
    if (code == FAM_OK) {
        fam_param_uuid(&params, user_id);
        code = fam_db_exec(db, &select_consents, &params, &rows, status);
    }
    fam_store_put(store, db);
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows) && row < FAM_CONSENT_PURPOSES; row++) {
        fam_consent_take(&rows, row, 0, &ret_consents[(*ret_count)++]);
    }
    return code;
}
