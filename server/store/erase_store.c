/* erase_store.c: the one transaction after which a person is not there any more; see erase_store.h. */
#include "store/erase_store.h"

#include <sodium.h>
#include <string.h>

#include "store/column.h"
#include "store/store.h"

enum { TASK_ATTEMPTS = 100 };

/* The person's row first, then the family's: as everywhere. */
static const struct fam_statement lock_person = {
    "erase_lock_person", "SELECT 1 FROM users WHERE user_id = $1 AND erased_at IS NULL FOR UPDATE", "select", "users"};
static const struct fam_statement lock_family_of = {
    "erase_lock_family_of",
    "SELECT f.family_id, p.role = 'parent' FROM parents p JOIN families f USING (family_id) WHERE p.user_id = $1 "
    "ORDER BY p.created_at, p.parent_id LIMIT 1 FOR UPDATE OF f",
    "select", "families"};
static const struct fam_statement other_members = {
    "erase_other_members",
    "SELECT count(*) FILTER (WHERE role = 'parent'), count(*) FROM parents WHERE family_id = $1 AND user_id <> $2",
    "select", "parents"};
static const struct fam_statement lock_members = {
    "erase_lock_members",
    "SELECT u.user_id FROM parents p JOIN users u USING (user_id) WHERE p.family_id = $1 AND u.erased_at IS NULL "
    "ORDER BY u.user_id LIMIT $2::bigint FOR UPDATE OF u",
    "select", "users"};
static const struct fam_statement lock_family = {
    "erase_lock_family", "SELECT 1 FROM families WHERE family_id = $1 AND erased_at IS NULL FOR UPDATE", "select",
    "families"};
static const struct fam_statement count_members = {
    "erase_count_members", "SELECT count(*) FROM parents WHERE family_id = $1", "select", "parents"};
static const struct fam_statement count_person = {
    "erase_count",
    "SELECT count(*), coalesce((extract(epoch FROM min(created_at)) * 1000)::bigint, 0), "
    "coalesce((extract(epoch FROM max(created_at)) * 1000)::bigint, 0), "
    "(SELECT count(*) FROM emotion_entries WHERE user_id = $1) FROM disclosures WHERE user_id = $1",
    "select", "disclosures"};

/* In this order, each with the person's id. What would be sent, run or used goes now; the rest is noise without the
 * keys. */
static const struct fam_statement PERSON[] = {
    {"erase_entry_keys", "DELETE FROM keys.entry_keys WHERE user_id = $1", "delete", "keys"},
    {"erase_user_key", "DELETE FROM keys.user_keys WHERE user_id = $1", "delete", "keys"},
    {"erase_notifications", "DELETE FROM notifications WHERE user_id = $1", "delete", "notifications"},
    {"erase_tasks", "DELETE FROM tasks WHERE user_id = $1", "delete", "tasks"},
    {"erase_checkin_settings", "DELETE FROM checkin_settings WHERE user_id = $1", "delete", "checkin_settings"},
    {"erase_schedules", "DELETE FROM schedules WHERE user_id = $1", "delete", "schedules"},
    {"erase_invites", "DELETE FROM invites WHERE created_by = $1", "delete", "invites"},
    {"erase_memberships", "DELETE FROM parents WHERE user_id = $1", "delete", "parents"},
};
/* Whoever writes again with the same account is somebody new. */
static const struct fam_statement mark_person = {
    "erase_mark_person",
    "UPDATE users SET erased_at = clock_timestamp(), telegram_hmac = $2, telegram_sealed = ''::bytea, name = NULL, "
    "country = '', reachable = false WHERE user_id = $1 RETURNING (extract(epoch FROM erased_at) * 1000)::bigint",
    "update", "users"};
static const struct fam_statement FAMILY[] = {
    {"erase_family_key", "DELETE FROM keys.family_keys WHERE family_id = $1", "delete", "keys"},
    {"erase_family_wraps", "UPDATE keys.entry_keys SET family_id = NULL, wrapped_family = NULL WHERE family_id = $1",
     "update", "keys"},
    {"erase_family_invites", "DELETE FROM invites WHERE family_id = $1", "delete", "invites"},
    {"erase_family_schedules", "DELETE FROM schedules WHERE family_id = $1", "delete", "schedules"},
    {"erase_family_members", "DELETE FROM parents WHERE family_id = $1", "delete", "parents"},
    {"erase_mark_family",
     "UPDATE families SET erased_at = clock_timestamp(), name = ''::bytea, country = '' WHERE family_id = $1", "update",
     "families"},
};

bool fam_erase_subject_read(const void *payload, size_t size, struct fam_erase_subject *ret_subject)
{
    const unsigned char *bytes = payload;
    if (bytes == NULL || size != FAM_ERASE_PAYLOAD_SIZE || (bytes[0] != 'u' && bytes[0] != 'f')) {
        return false;
    }
    ret_subject->is_family = bytes[0] == 'f';
    memcpy(ret_subject->id.bytes, bytes + 1, sizeof(ret_subject->id.bytes));
    return true;
}

/* ---- the outcome: receipt · time and count · first and last · family erased, people (4), entries (8) ---- */

static void add_pair(struct fam_outcome *outcome, int64_t first, int64_t second)
{
    struct fam_uuid pair;
    fam_put_i64(pair.bytes, first);
    fam_put_i64(pair.bytes + 8, second);
    fam_outcome_add(outcome, &pair);
}

static void keep(const struct fam_erased *erased, struct fam_outcome *outcome)
{
    fam_outcome_add(outcome, &erased->receipt_id);
    add_pair(outcome, erased->erased_at_ms, erased->sent_count);
    add_pair(outcome, erased->sent_first_ms, erased->sent_last_ms);
    add_pair(outcome, (int64_t)erased->people << 1 | (erased->family_erased ? 1 : 0), erased->entries);
}

bool fam_erased_read(const void *ids, size_t size, struct fam_erased *ret_erased)
{
    struct fam_uuid pairs[3];
    memset(ret_erased, 0, sizeof(*ret_erased));
    bool found = fam_ids_uuid(ids, size, 0, &ret_erased->receipt_id);
    for (size_t i = 0; found && i < FAM_ARRAY_SIZE(pairs); i++) {
        found = fam_ids_uuid(ids, size, i + 1, &pairs[i]);
    }
    if (!found) {
        return false;
    }
    int64_t packed = fam_get_i64(pairs[2].bytes);
    ret_erased->erased_at_ms = fam_get_i64(pairs[0].bytes);
    ret_erased->sent_count = fam_get_i64(pairs[0].bytes + 8);
    ret_erased->sent_first_ms = fam_get_i64(pairs[1].bytes);
    ret_erased->sent_last_ms = fam_get_i64(pairs[1].bytes + 8);
    ret_erased->family_erased = (packed & 1) != 0;
    ret_erased->people = (uint32_t)(packed >> 1);
    ret_erased->entries = fam_get_i64(pairs[2].bytes + 8);
    return true;
}

/* ---- who goes ---- */

static enum fam_code not_there(struct fam_status *status)
{
    return fam_fail(status, FAM_NOT_FOUND, "there is nobody and nothing to erase");
}

/* One person, and the family when nobody else is its parent. */
static enum fam_code find_person(struct fam_db *db, struct fam_erase *erase, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows person = {0}, family = {0}, others = {0};
    struct fam_params params = {0}, both = {0};
    fam_param_uuid(&params, erase->user_id);
    enum fam_code code = fam_db_exec(db, &lock_person, &params, &person, status);
    if (code == FAM_OK && fam_rows_count(&person) == 0) {
        return not_there(status);
    }
    if (code == FAM_OK) {
        code = fam_db_exec(db, &lock_family_of, &params, &family, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    erase->subjects[erase->count++] = (struct fam_erase_subject){.id = *erase->user_id};
    if (fam_rows_count(&family) == 0) {
        return FAM_OK;
    }
    const struct fam_uuid family_id = fam_rows_uuid(&family, 0, 0);
    fam_param_uuid(&both, &family_id);
    fam_param_uuid(&both, erase->user_id);
    code = fam_db_exec(db, &other_members, &both, &others, status);
    if (code != FAM_OK) {
        return code;
    }
    bool is_parent = fam_rows_i64(&family, 0, 1) != 0;
    if (fam_rows_i64(&others, 0, is_parent ? 0 : 1) == 0) {
        erase->subjects[erase->count++] = (struct fam_erase_subject){.is_family = true, .id = family_id};
    }
    return FAM_OK;
}

static enum fam_code find_family(struct fam_db *db, struct fam_erase *erase, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows members = {0}, family = {0}, count = {0};
    struct fam_params params = {0}, only = {0};
    fam_param_uuid(&params, erase->family_id);
    fam_param_i64(&params, FAM_ERASE_PEOPLE_MAX + 1);
    fam_param_uuid(&only, erase->family_id);
    enum fam_code code = fam_db_exec(db, &lock_members, &params, &members, status);
    if (code == FAM_OK) {
        code = fam_db_exec(db, &lock_family, &only, &family, status);
    }
    if (code == FAM_OK && fam_rows_count(&family) == 0) {
        return not_there(status);
    }
    /* Nobody joins from here on; who joined while we waited for the lock was not locked. */
    if (code == FAM_OK) {
        code = fam_db_exec(db, &count_members, &only, &count, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    if (fam_rows_count(&members) > FAM_ERASE_PEOPLE_MAX) {
        return fam_fail(status, FAM_RESOURCE_EXHAUSTED, "a family of more than %d people is not erased at once",
                        FAM_ERASE_PEOPLE_MAX);
    }
    if (fam_rows_i64(&count, 0, 0) != (int64_t)fam_rows_count(&members)) {
        return fam_fail_reason(status, FAM_ABORTED, "MEMBERS", 100, "the family's members changed at this moment");
    }
    for (size_t i = 0; i < fam_rows_count(&members); i++) {
        erase->subjects[erase->count++] = (struct fam_erase_subject){.id = fam_rows_uuid(&members, i, 0)};
    }
    erase->subjects[erase->count++] = (struct fam_erase_subject){.is_family = true, .id = *erase->family_id};
    return FAM_OK;
}

/* What the receipt says of one person. */
static enum fam_code count(struct fam_db *db, const struct fam_erase_subject *subject, struct fam_erased *erased,
                           struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    if (subject->is_family) {
        erased->family_erased = true;
        return FAM_OK;
    }
    fam_param_uuid(&params, &subject->id);
    enum fam_code code = fam_db_exec(db, &count_person, &params, &rows, status);
    if (code != FAM_OK) {
        return code;
    }
    int64_t sent = fam_rows_i64(&rows, 0, 0), first_ms = fam_rows_i64(&rows, 0, 1), last_ms = fam_rows_i64(&rows, 0, 2);
    if (sent > 0) {
        bool is_first = erased->sent_count == 0 || first_ms < erased->sent_first_ms;
        erased->sent_first_ms = is_first ? first_ms : erased->sent_first_ms;
        erased->sent_last_ms = last_ms > erased->sent_last_ms ? last_ms : erased->sent_last_ms;
        erased->sent_count += sent;
    }
    erased->entries += fam_rows_i64(&rows, 0, 3);
    erased->people++;
    return FAM_OK;
}

/* ---- what happens to them ---- */

static enum fam_code run_all(struct fam_db *db, const struct fam_statement *statements, size_t count,
                             const struct fam_uuid *id, struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        struct fam_params params = {0};
        fam_param_uuid(&params, id);
        code = fam_db_exec(db, &statements[i], &params, NULL, status);
    }
    return code;
}

static enum fam_code end_person(struct fam_db *db, const struct fam_uuid *user_id, int64_t *ret_at_ms,
                                struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    unsigned char nobody[FAM_HMAC_SIZE];
    enum fam_code code = run_all(db, PERSON, FAM_ARRAY_SIZE(PERSON), user_id, status);
    if (code != FAM_OK) {
        return code;
    }
    randombytes_buf(nobody, sizeof(nobody));
    fam_param_uuid(&params, user_id);
    fam_param_bytes(&params, nobody, sizeof(nobody));
    code = fam_db_exec(db, &mark_person, &params, &rows, status);
    if (code == FAM_OK) {
        *ret_at_ms = fam_rows_i64(&rows, 0, 0);
    }
    return code;
}

static enum fam_code add_task(struct fam_db *db, const struct fam_erase_subject *subject, struct fam_task_ref *ret_ref,
                              struct fam_status *status)
{
    unsigned char payload[FAM_ERASE_PAYLOAD_SIZE] = {subject->is_family ? 'f' : 'u'};
    bool added = false;
    memcpy(payload + 1, subject->id.bytes, sizeof(subject->id.bytes));
    /* Nobody's: a task of the person would go with the person. */
    const struct fam_task_new task = {.type = FAM_ERASE_TASK,
                                      .priority = FAM_PRIORITY_HIGH,
                                      .payload = payload,
                                      .payload_size = sizeof(payload),
                                      .max_attempts = TASK_ATTEMPTS};
    return fam_task_add(db, &task, ret_ref, &added, status);
}

static enum fam_code end_all(struct fam_db *db, struct fam_erase *erase, struct fam_erased *erased,
                             struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    for (size_t i = 0; code == FAM_OK && i < erase->count; i++) {
        const struct fam_erase_subject *subject = &erase->subjects[i];
        code = subject->is_family ? run_all(db, FAMILY, FAM_ARRAY_SIZE(FAMILY), &subject->id, status)
                                  : end_person(db, &subject->id, &erased->erased_at_ms, status);
        if (code == FAM_OK) {
            code = add_task(db, subject, &erase->tasks[i], status);
        }
    }
    return code;
}

enum fam_code fam_erase_family(struct fam_db *db, const struct fam_uuid *family_id, struct fam_status *status)
{
    const struct fam_erase_subject subject = {.is_family = true, .id = *family_id};
    struct fam_task_ref task;
    enum fam_code code = run_all(db, FAMILY, FAM_ARRAY_SIZE(FAMILY), family_id, status);
    return code == FAM_OK ? add_task(db, &subject, &task, status) : code;
}

static enum fam_code effect(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                            struct fam_status *status)
{
    struct fam_erase *erase = context;
    struct fam_erased erased = {.receipt_id = erase->receipt_id};
    (void)store;
    erase->count = 0;
    erase->recorded = false;
    enum fam_code code = erase->user_id != NULL ? find_person(db, erase, status) : find_family(db, erase, status);
    for (size_t i = 0; code == FAM_OK && i < erase->count; i++) {
        code = count(db, &erase->subjects[i], &erased, status);
    }
    if (code == FAM_OK && !erase->dry_run) {
        erase->recorded = true;
        code = erase->record(erase->context, &erase->receipt_id, erase->subjects, erase->count, status);
        if (code == FAM_OK) {
            code = end_all(db, erase, &erased, status);
        }
    }
    if (code == FAM_OK) {
        keep(&erased, outcome);
    }
    return code;
}

enum fam_code fam_erase(struct fam_store *store, const struct fam_mutation *mutation, struct fam_erase *erase,
                        struct fam_outcome *ret_outcome, struct fam_status *status)
{
    enum fam_code code = fam_mutate(store, erase->dry_run ? NULL : mutation, effect, erase, ret_outcome, status);
    for (size_t i = 0; code == FAM_OK && !erase->dry_run && !ret_outcome->replayed && i < erase->count; i++) {
        fam_seal_forget(fam_store_seal(store), erase->subjects[i].is_family ? FAM_KEY_FAMILY : FAM_KEY_USER,
                        &erase->subjects[i].id);
    }
    return code;
}
