/* checkin_change.c: answers, and how check-ins end; see checkin_store.h. */
#include <stdio.h>
#include <string.h>

#include "store/checkin_private.h"
#include "store/entry_private.h"
#include "store/recipient_store.h"
#include "store/store.h"
#include "store/words.h"

static const struct fam_statement lock_checkin = {
    "checkin_lock",
    "SELECT " FAM_CHECKIN_COLUMNS "FROM checkins c JOIN users u USING (user_id) WHERE c.checkin_id = $1 "
    "AND c.user_id = $2 AND u.erased_at IS NULL FOR UPDATE OF c",
    "select", "checkins"};
static const struct fam_statement forget_apart = {"checkin_forget", "DELETE FROM checkin_answers WHERE checkin_id = $1",
                                                  "delete", "checkin_answers"};
static const struct fam_statement update_checkin = {
    "checkin_update",
    "UPDATE checkins SET answers = $2, asked = 0, answered = 0, "
    "state = CASE WHEN $3::boolean THEN 'completed' ELSE 'started' END, "
    "finished_at = CASE WHEN $3::boolean THEN now() END, counted = counted OR $3::boolean WHERE checkin_id = $1",
    "update", "checkins"};
static const struct fam_statement skip_checkin = {
    "checkin_skip", "UPDATE checkins SET state = 'skipped', finished_at = now(), counted = true WHERE checkin_id = $1",
    "update", "checkins"};
static const struct fam_statement sweep_missed = {
    "checkin_sweep",
    "UPDATE checkins c SET state = 'missed', finished_at = c.expires_at, counted = true FROM "
    "(SELECT checkin_id, counted FROM checkins WHERE finished_at IS NULL AND expires_at <= now() "
    "ORDER BY expires_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED) old WHERE c.checkin_id = old.checkin_id "
    "RETURNING c.slot, NOT old.counted, c.checkin_id, c.user_id, c.answers, c.asked, c.answered",
    "update", "checkins"};

enum { SWEPT_SLOT, SWEPT_COUNTS, SWEPT_CHECKIN, SWEPT_USER, SWEPT_ANSWERS, SWEPT_ASKED, SWEPT_ANSWERED };

/* Which one, and what is to become of it. */
struct step {
    const struct fam_uuid *user_id;
    const struct fam_uuid *checkin_id;
    fam_checkin_decide_fn *decide;
    void *context;
    struct fam_checkin_end *end;
};

/* As it is, with its answers; *ret_apart: these stand in rows of their own. */
static enum fam_code lock(struct fam_store *store, struct fam_db *db, const struct step *step,
                          struct fam_checkin *ret_checkin, bool *ret_apart, struct fam_status *status)
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
        *ret_apart = fam_rows_i64(&rows, 0, FAM_CHECKIN_COLUMN_APART) != 0;
        code = fam_checkin_load_answers(store, db, step->user_id, &rows, ret_checkin, 1, status);
    }
    if (code == FAM_OK) {
        step->end->slot = ret_checkin->slot;
        step->end->asked = ret_checkin->asked;
        step->end->answered = ret_checkin->said_count;
    }
    return code;
}

/* What stays of the answers, and the new one, in the order of the questions. The texts are borrowed. */
static void put_together(const struct fam_checkin *checkin, const struct fam_checkin_change *change,
                         struct fam_checkin *ret_after)
{
    *ret_after = *checkin;
    ret_after->asked = change->asked;
    ret_after->said_count = 0;
    for (size_t i = 0; i < change->keep_count; i++) {
        struct fam_checkin_said *said = &ret_after->said[ret_after->said_count];
        if (strcmp(change->keep[i], change->question_id) == 0) {
            (void)snprintf(said->question_id, sizeof(said->question_id), "%s", change->question_id);
            (void)snprintf(said->option_id, sizeof(said->option_id), "%s", change->option_id);
            said->text = (char *)(uintptr_t)change->text;
            ret_after->said_count++;
            continue;
        }
        for (size_t k = 0; k < checkin->said_count; k++) {
            if (strcmp(checkin->said[k].question_id, change->keep[i]) == 0) {
                *said = checkin->said[k];
                ret_after->said_count++;
                break;
            }
        }
    }
}

static enum fam_code write_change(struct fam_store *store, struct fam_db *db, const struct step *step,
                                  const struct fam_checkin *after, bool is_complete, struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    struct fam_params params = {0};
    enum fam_code code = fam_entry_author_key(store, db, step->user_id, &key, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_param_uuid(&params, step->checkin_id);
    code = fam_checkin_close(after, &key, step->user_id, &params, &sealed, status);
    fam_param_bool(&params, is_complete);
    return code == FAM_OK ? fam_db_exec(db, &update_checkin, &params, NULL, status) : code;
}

static enum fam_code forget(struct fam_db *db, const struct step *step, struct fam_status *status)
{
    struct fam_params params = {0};
    fam_param_uuid(&params, step->checkin_id);
    return fam_db_exec(db, &forget_apart, &params, NULL, status);
}

static enum fam_code change_it(struct fam_store *store, struct fam_db *db, struct step *step,
                               const struct fam_checkin *checkin, bool is_apart, struct fam_status *status)
{
    struct fam_checkin_change change = {.question_id = NULL};
    struct fam_checkin after;
    enum fam_code code = step->decide(step->context, checkin, &change, status);
    if (code != FAM_OK) {
        return code;
    }
    put_together(checkin, &change, &after);
    code = write_change(store, db, step, &after, change.is_complete, status);
    if (code == FAM_OK && is_apart) {
        code = forget(db, step, status);
    }
    step->end->asked = change.asked;
    step->end->answered = change.answered;
    step->end->counts = code == FAM_OK && change.is_complete && !checkin->is_counted;
    return code;
}

static enum fam_code answer(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                            struct fam_status *status)
{
    struct step *step = context;
    fam_auto(fam_checkin_done) struct fam_checkin checkin = {.said_count = 0};
    bool is_apart = false;
    enum fam_code code = fam_processing_hold(db, step->user_id, status); /* people before what is theirs */
    if (code == FAM_OK) {
        code = lock(store, db, step, &checkin, &is_apart, status);
    }
    if (code == FAM_OK && (checkin.is_over || checkin.state == FAM__V1__CHECKIN_STATE__CHECKIN_STATE_SKIPPED)) {
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CHECKIN_OVER", 0,
                               "this check-in was skipped, or its time is over");
    }
    if (code == FAM_OK) {
        code = change_it(store, db, step, &checkin, is_apart, status);
    }
    if (code == FAM_OK) {
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
    bool is_apart = false;
    enum fam_code code = lock(store, db, step, &checkin, &is_apart, status);
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

struct sweep {
    struct fam_checkin_end *ends;
    size_t count;
};

/* How far it went stands inside the seal. What can't be opened, as of a person who is being erased, counts as nothing:
 * it keeps no other from being swept. */
static enum fam_code open_end(struct fam_store *store, struct fam_db *db, const struct fam_rows *rows, size_t row,
                              struct fam_checkin *checkin, struct fam_status *status)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    const struct fam_uuid user_id = fam_rows_uuid(rows, row, SWEPT_USER);
    checkin->checkin_id = fam_rows_uuid(rows, row, SWEPT_CHECKIN);
    if (fam_rows_is_null(rows, row, SWEPT_ANSWERS)) {
        return FAM_OK;
    }
    enum fam_code code = fam_entry_author_key(store, db, &user_id, &key, status);
    if (code == FAM_OK) {
        code = fam_checkin_open(rows, row, SWEPT_ANSWERS, &key, &user_id, checkin, status);
    }
    return code == FAM_NOT_FOUND || code == FAM_DATA_LOSS || code == FAM_FAILED_PRECONDITION ? FAM_OK : code;
}

static enum fam_code take_end(struct fam_store *store, struct fam_db *db, const struct fam_rows *rows, size_t row,
                              struct fam_checkin_end *ret_end, struct fam_status *status)
{
    fam_auto(fam_checkin_done) struct fam_checkin checkin = {.said_count = 0};
    enum fam_code code = FAM_OK;
    *ret_end = (struct fam_checkin_end){.slot = fam_checkin_slot_of_word(fam_rows_text(rows, row, SWEPT_SLOT)),
                                        .counts = fam_rows_i64(rows, row, SWEPT_COUNTS) != 0,
                                        .asked = (size_t)fam_rows_i64(rows, row, SWEPT_ASKED),
                                        .answered = (size_t)fam_rows_i64(rows, row, SWEPT_ANSWERED)};
    if (ret_end->answered == 0) { /* else they stand apart, and that many */
        code = open_end(store, db, rows, row, &checkin, status);
        ret_end->asked = checkin.asked;
        ret_end->answered = checkin.said_count;
    }
    return code;
}

static enum fam_code sweep(struct fam_store *store, struct fam_db *db, void *context, struct fam_outcome *outcome,
                           struct fam_status *status)
{
    struct sweep *sweep = context;
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    struct fam_params params = {0};
    (void)outcome;
    sweep->count = 0;
    fam_param_i64(&params, FAM_CHECKIN_SWEEP_MAX);
    enum fam_code code = fam_db_exec(db, &sweep_missed, &params, &rows, status);
    for (size_t row = 0; code == FAM_OK && row < fam_rows_count(&rows) && row < FAM_CHECKIN_SWEEP_MAX; row++) {
        code = take_end(store, db, &rows, row, &sweep->ends[sweep->count++], status);
    }
    return code;
}

enum fam_code fam_checkin_sweep(struct fam_store *store, struct fam_checkin_end ret_ends[FAM_CHECKIN_SWEEP_MAX],
                                size_t *ret_count, struct fam_status *status)
{
    struct sweep swept = {.ends = ret_ends};
    struct fam_outcome outcome;
    enum fam_code code = fam_mutate(store, NULL, sweep, &swept, &outcome, status);
    *ret_count = code == FAM_OK ? swept.count : 0;
    return code;
}
