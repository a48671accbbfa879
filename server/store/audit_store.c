/* audit_store.c: see audit_store.h. */
#include "store/audit_store.h"

#include <string.h>

#include "base/text.h"
#include "store/store.h"

enum { REASON_BYTES = 2000 };

static const struct fam_statement insert_audit = {
    "audit_insert",
    "INSERT INTO audit_log (audit_id, principal, method, user_id, target_id, reason, request_id) "
    "VALUES ($1, $2, $3, $4, $5, left($6, 500), $7)",
    "insert", "audit_log"};

enum fam_code fam_audit_append(struct fam_store *store, const struct fam_audit *audit, struct fam_status *status)
{
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    struct fam_uuid audit_id = fam_uuid_v7();
    char reason[REASON_BYTES + 1];
    const char *text = audit->reason ? audit->reason : "";
    size_t size = fam_utf8_cut(text, REASON_BYTES);
    memcpy(reason, text, size);
    reason[size] = '\0';
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, &audit_id);
    fam_param_text(&params, audit->principal);
    fam_param_text(&params, audit->method);
    fam_param_uuid(&params, audit->user_id);
    fam_param_uuid(&params, audit->target_id);
    fam_param_text(&params, reason);
    fam_param_text(&params, audit->request_id ? audit->request_id : "");
    code = fam_db_exec(db, &insert_audit, &params, NULL, status);
    fam_store_put(store, db);
    return code;
}
