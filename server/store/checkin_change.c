/* checkin_change.c: answers, and how check-ins end; see checkin_store.h. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "store/checkin_private.h"
#include "store/column.h"
#include "store/entry_private.h"
#include "store/recipient_store.h"
#include "store/store.h"
#include "store/words.h"

static const struct fam_statement lock_checkin = {
    "checkin_lock",
    "SELECT " FAM_CHECKIN_COLUMNS ", c.asked, c.answered FROM checkins c JOIN users u USING (user_id) "
    "WHERE c.checkin_id = $1 AND c.user_id = $2 AND u.erased_at IS NULL FOR UPDATE OF c",
    "select", "checkins"};
static const struct fam_statement upsert_answer = {
    "checkin_answer",
    "INSERT INTO checkin_answers (checkin_id, question_id, position, body) VALUES ($1, $2, $3::smallint, $4) "
    "ON CONFLICT (checkin_id, question_id) DO UPDATE SET position = excluded.position, body = excluded.body, "
    "answered_at = now()",
    "insert", "checkin_answers"};
static const struct fam_statement forget_answers = {
    "checkin_forget", "DELETE FROM checkin_answers WHERE checkin_id = $1 AND NOT question_id = ANY($2::text[])",
    "delete", "checkin_answers"};
static const struct fam_statement update_checkin = {
    "checkin_update",
    "UPDATE checkins SET asked = $2::smallint, answered = $3::smallint, "
    "state = CASE WHEN $4::boolean THEN 'completed' ELSE 'started' END, "
    "finished_at = CASE WHEN $4::boolean THEN now() END, counted = counted OR $4::boolean WHERE checkin_id = $1",
    "update", "checkins"};
static const struct fam_statement skip_checkin = {
    "checkin_skip", "UPDATE checkins SET state = 'skipped', finished_at = now(), counted = true WHERE checkin_id = $1",
    "update", "checkins"};
static const struct fam_statement sweep_missed = {
    "checkin_sweep",
    "UPDATE checkins c SET state = 'missed', finished_at = c.expires_at, counted = true FROM "
    "(SELECT checkin_id, counted FROM checkins WHERE finished_at IS NULL AND expires_at <= now() "
    "ORDER BY expires_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED) old WHERE c.checkin_id = old.checkin_id "
    "RETURNING c.slot, NOT old.counted, c.asked, c.answered",
    "update", "checkins"};

enum { COLUMN_ASKED = 9, COLUMN_ANSWERED };

/* Which one, and what is to become of it. */
struct step {
    const struct fam_uuid *user_id;
    const struct fam_uuid *checkin_id;
    fam_checkin_decide_fn *decide;
    void *context;
    struct fam_checkin_end *end;
};

static enum fam_code lock(struct fam_db *db, const struct step *step, struct fam_checkin *ret_checkin,
                          struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    *step->end = (struct fam_checkin_end){.counts = false};
    fam_param_uuid(&params, step->checkin_id);
    fam_param_uuid(&params, step->user_id);
    enum fam_code code = fam_db_exec(db, &lock_checkin, &params, &rows, status);
    if (code == FAM_OK && fam_rows_count(&rows) == 0) {
        return fam_fail(status, FAM_NOT_FOUND, "no such check-in");
    }
    if (code == FAM_OK) {
        fam_checkin_fill(&rows, 0, ret_checkin);
        step->end->slot = ret_checkin->slot;
        step->end->asked = (size_t)fam_rows_i64(&rows, 0, COLUMN_ASKED);
        step->end->answered = (size_t)fam_rows_i64(&rows, 0, COLUMN_ANSWERED);
    }
    return code;
}

/* The answer, packed and sealed, as a parameter. */
static enum fam_code add_body(struct fam_store *store, struct fam_db *db, const struct step *step,
                              const struct fam_checkin_change *change, struct fam_params *params,
                              struct fam_sealed *ret_sealed, struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    const struct fam_place place = fam_checkin_place(step->checkin_id, step->user_id);
    Fam__V1__CheckinAnswer answer = FAM__V1__CHECKIN_ANSWER__INIT;
    answer.question_id = (char *)(uintptr_t)change->question_id;
    answer.option_id = (char *)(uintptr_t)change->option_id;
    answer.answer = (char *)(uintptr_t)change->text;
    enum fam_code code = fam_entry_author_key(store, db, step->user_id, &key, status);
    if (code != FAM_OK) {
        return code;
    }
    size_t size = fam__v1__checkin_answer__get_packed_size(&answer);
    unsigned char *body = malloc(size + 1);
    if (body == NULL) {
        return fam_fail_memory(status);
    }
    (void)fam__v1__checkin_answer__pack(&answer, body);
    code = fam_column_bytes(params, &key, &place, body, size, ret_sealed, status);
    sodium_memzero(body, size);
    free(body);
    return code;
}

static enum fam_code write_answer(struct fam_store *store, struct fam_db *db, const struct step *step,
                                  const struct fam_checkin_change *change, struct fam_status *status)
{
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    struct fam_params params = {0};
    fam_param_uuid(&params, step->checkin_id);
    fam_param_text(&params, change->question_id);
    fam_param_i64(&params, (int64_t)change->position);
    enum fam_code code = add_body(store, db, step, change, &params, &sealed, status);
    return code == FAM_OK ? fam_db_exec(db, &upsert_answer, &params, NULL, status) : code;
}

/* What followed from an earlier answer alone. */
static enum fam_code forget_others(struct fam_db *db, const struct step *step, const struct fam_checkin_change *change,
                                   struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf keep = {0};
    struct fam_params params = {0};
    fam_buf_add_char(&keep, '{');
    for (size_t i = 0; i < change->keep_count; i++) {
        fam_buf_addf(&keep, "%s%s", i == 0 ? "" : ",", change->keep[i]); /* a-z, 0-9, _ */
    }
    fam_buf_add_char(&keep, '}');
    if (keep.failed) {
        return fam_fail_memory(status);
    }
    fam_param_uuid(&params, step->checkin_id);
    fam_param_text(&params, fam_buf_text(&keep));
    return fam_db_exec(db, &forget_answers, &params, NULL, status);
}

static enum fam_code write_change(struct fam_store *store, struct fam_db *db, const struct step *step,
                                  const struct fam_checkin_change *change, struct fam_status *status)
{
    struct fam_params params = {0};
    enum fam_code code = write_answer(store, db, step, change, status);
    if (code == FAM_OK) {
        code = forget_others(db, step, change, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, step->checkin_id);
    fam_param_i64(&params, (int64_t)change->asked);
    fam_param_i64(&params, (int64_t)change->answered);
    fam_param_bool(&params, change->is_complete);
    return fam_db_exec(db, &update_checkin, &params, NULL, status);
}

static enum fam_code answer(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                            struct fam_status *status)
{
    struct step *step = context;
    fam_auto(fam_checkin_done) struct fam_checkin checkin = {.said_count = 0};
    struct fam_checkin_change change = {.question_id = NULL};
    enum fam_code code = fam_processing_hold(db, step->user_id, status); /* people before what is theirs */
    if (code == FAM_OK) {
        code = lock(db, step, &checkin, status);
    }
    if (code == FAM_OK && (checkin.is_over || checkin.state == FAM__V1__CHECKIN_STATE__CHECKIN_STATE_SKIPPED)) {
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CHECKIN_OVER", 0,
                               "this check-in was skipped, or its time is over");
    }
    if (code == FAM_OK) {
        code = fam_checkin_load_answers(store, db, step->user_id, &checkin, 1, status);
    }
    if (code == FAM_OK) {
        code = step->decide(step->context, &checkin, &change, status);
    }
    if (code == FAM_OK) {
        code = write_change(store, db, step, &change, status);
    }
    if (code == FAM_OK) {
        step->end->asked = change.asked;
        step->end->answered = change.answered;
        step->end->counts = change.is_complete && !checkin.is_counted;
        fam_outcome_add(outcome, step->checkin_id);
    }
    return code;
}

enum fam_code fam_checkin_answer(struct fam_store *store, const struct fam_mutation *mutation,
                                 const struct fam_uuid *user_id, const struct fam_uuid *checkin_id,
                                 fam_checkin_decide_fn *decide, void *context, struct fam_checkin_end *ret_end,
                                 struct fam_outcome *ret_outcome, struct fam_status *status)
{
    struct step step = {
        .user_id = user_id, .checkin_id = checkin_id, .decide = decide, .context = context, .end = ret_end};
    *ret_end = (struct fam_checkin_end){.counts = false};
    return fam_mutate(store, mutation, answer, &step, ret_outcome, status);
}

static enum fam_code skip(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                          struct fam_status *status)
{
    struct step *step = context;
    fam_auto(fam_checkin_done) struct fam_checkin checkin = {.said_count = 0};
    struct fam_params params = {0};
    (void)store;
    enum fam_code code = lock(db, step, &checkin, status);
    bool is_open = checkin.state == FAM__V1__CHECKIN_STATE__CHECKIN_STATE_SENT ||
                   checkin.state == FAM__V1__CHECKIN_STATE__CHECKIN_STATE_STARTED;
    if (code == FAM_OK && is_open) {
        fam_param_uuid(&params, step->checkin_id);
        code = fam_db_exec(db, &skip_checkin, &params, NULL, status);
        step->end->counts = code == FAM_OK && !checkin.is_counted;
    }
    if (code == FAM_OK) {
        fam_outcome_add(outcome, step->checkin_id);
    }
    return code;
}

enum fam_code fam_checkin_skip(struct fam_store *store, const struct fam_mutation *mutation,
                               const struct fam_uuid *user_id, const struct fam_uuid *checkin_id,
                               struct fam_checkin_end *ret_end, struct fam_outcome *ret_outcome,
                               struct fam_status *status)
{
    struct step step = {.user_id = user_id, .checkin_id = checkin_id, .end = ret_end};
    *ret_end = (struct fam_checkin_end){.counts = false};
    return fam_mutate(store, mutation, skip, &step, ret_outcome, status);
}

enum fam_code fam_checkin_sweep(struct fam_store *store, struct fam_checkin_end ret_ends[FAM_CHECKIN_SWEEP_MAX],
                                size_t *ret_count, struct fam_status *status)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    struct fam_db *db = NULL;
    *ret_count = 0;
    enum fam_code code = fam_store_get(store, &db, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_i64(&params, FAM_CHECKIN_SWEEP_MAX);
    code = fam_db_exec(db, &sweep_missed, &params, &rows, status);
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows) && row < FAM_CHECKIN_SWEEP_MAX; row++) {
        ret_ends[(*ret_count)++] =
            (struct fam_checkin_end){.slot = fam_checkin_slot_of_word(fam_rows_text(&rows, row, 0)),
                                     .counts = fam_rows_i64(&rows, row, 1) != 0,
                                     .asked = (size_t)fam_rows_i64(&rows, row, 2),
                                     .answered = (size_t)fam_rows_i64(&rows, row, 3)};
    }
    fam_store_put(store, db);
    return code;
}
