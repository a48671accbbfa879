/* commit.c: the queue and its threads; see commit.h. */
#include "store/commit.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "store/commit_private.h"
#include "store/store.h"

enum { SLOW_THREADS = 4, THREADS = FAM_COMMIT_CONNECTIONS + SLOW_THREADS };

struct list {
    struct fam_commit_item *first;
    struct fam_commit_item *last;
};

struct fam_committer {
    struct fam_store *store;
    struct fam_pool *pool;
    pthread_mutex_t mutex;
    pthread_cond_t fast_work;
    pthread_cond_t slow_work;

    /* under mutex */
    bool stopping;
    bool drained; /* the fast threads are gone: the slow way gets nothing more */
    size_t fast_threads, slow_threads;
    pthread_t threads[THREADS]; /* the fast ones, then the slow ones */
    size_t waiting;             /* in both lists */
    size_t fast_idle;
    struct list fast;
    struct list slow;
    const struct fam_commit_item *being_slow[SLOW_THREADS]; /* what each slow thread has in hand; NULL: nothing */
};

static void append(struct list *list, struct fam_commit_item *item)
{
    item->next = NULL;
    if (list->last) {
        list->last->next = item;
    } else {
        list->first = item;
    }
    list->last = item;
}

/* Takes out what follows `before` (NULL: the first). */
static struct fam_commit_item *take_after(struct list *list, struct fam_commit_item *before)
{
    struct fam_commit_item *item = before ? before->next : list->first;
    if (before) {
        before->next = item->next;
    } else {
        list->first = item->next;
    }
    if (list->last == item) {
        list->last = before;
    }
    return item;
}

static void answer(struct fam_commit_item *item, enum fam_code code, const struct fam_outcome *outcome,
                   const struct fam_status *status)
{
    item->done(item->context, code, outcome, status);
    free(item);
}

static void answer_failure(struct fam_commit_item *item, const struct fam_status *status)
{
    static const struct fam_outcome nothing;
    answer(item, status->code, &nothing, status);
}

static bool is_late(const struct fam_commit_item *item)
{
    return item->deadline_ms && fam_mono_ms() >= item->deadline_ms;
}

static void answer_late(struct fam_commit_item *item)
{
    struct fam_status status = {0};
    (void)fam_fail(&status, FAM_DEADLINE_EXCEEDED, "the deadline passed before the entry was written");
    answer_failure(item, &status);
}

/* Under mutex: is a row of this user in a slow thread's hand? */
static bool is_being_slow(const struct fam_committer *committer, const struct fam_uuid *user_id)
{
    for (size_t i = 0; i < SLOW_THREADS; i++) {
        if (committer->being_slow[i] && fam_uuid_equal(&committer->being_slow[i]->user_id, user_id)) {
            return true;
        }
    }
    return false;
}

static bool holds_user(const struct list *list, const struct fam_uuid *user_id)
{
    for (const struct fam_commit_item *item = list->first; item; item = item->next) {
        if (fam_uuid_equal(&item->user_id, user_id)) {
            return true;
        }
    }
    return false;
}

static void *run_slow(void *context);

/* Under mutex. A thread more when all are busy. */
static void to_slow_way(struct fam_committer *committer, struct fam_commit_item *item)
{
    append(&committer->slow, item);
    committer->waiting++;
    size_t busy = 0;
    for (size_t i = 0; i < committer->slow_threads; i++) {
        busy += committer->being_slow[i] != NULL;
    }
    if (busy == committer->slow_threads && committer->slow_threads < SLOW_THREADS &&
        pthread_create(&committer->threads[FAM_COMMIT_CONNECTIONS + committer->slow_threads], NULL, run_slow,
                       committer) == 0) {
        committer->slow_threads++;
    }
    pthread_cond_broadcast(&committer->slow_work);
}

/* Under mutex: the oldest whose user is in nobody's hand, so that one blocked user keeps one thread busy. */
static struct fam_commit_item *take_slow(struct fam_committer *committer)
{
    struct fam_commit_item *before = NULL;
    for (struct fam_commit_item *item = committer->slow.first; item; before = item, item = item->next) {
        if (!is_being_slow(committer, &item->user_id)) {
            committer->waiting--;
            return take_after(&committer->slow, before);
        }
    }
    return NULL;
}

/* Under mutex: all waiting rows of a user, as a chain. */
static struct fam_commit_item *take_slow_of(struct fam_committer *committer, const struct fam_uuid *user_id)
{
    struct list taken = {NULL, NULL};
    struct fam_commit_item *before = NULL, *item = committer->slow.first;
    while (item) {
        struct fam_commit_item *next = item->next;
        if (fam_uuid_equal(&item->user_id, user_id)) {
            (void)take_after(&committer->slow, before);
            committer->waiting--;
            append(&taken, item);
        } else {
            before = item;
        }
        item = next;
    }
    return taken.first;
}

/* Without mutex. Those who waited behind a lock have waited as long as it was waited for: they share the answer. */
static void do_slowly(struct fam_committer *committer, size_t hand, struct fam_commit_item *item)
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    struct fam_commit_item *others = NULL;
    memset(&outcome, 0, sizeof(outcome));
    bool late = is_late(item);
    enum fam_code code = late ? FAM_DEADLINE_EXCEEDED : fam_commit_slowly(committer->store, item, &outcome, &status);
    pthread_mutex_lock(&committer->mutex);
    committer->being_slow[hand] = NULL;
    if (code == FAM_ABORTED) {
        others = take_slow_of(committer, &item->user_id);
    }
    pthread_cond_broadcast(&committer->slow_work);
    pthread_mutex_unlock(&committer->mutex);
    if (late) {
        answer_late(item);
    } else {
        answer(item, code, &outcome, &status);
    }
    while (others) {
        struct fam_commit_item *next = others->next;
        answer_failure(others, &status);
        others = next;
    }
}

static void *run_slow(void *context)
{
    struct fam_committer *committer = context;
    pthread_mutex_lock(&committer->mutex);
    for (;;) {
        struct fam_commit_item *item = take_slow(committer);
        if (!item && committer->drained && !committer->slow.first) {
            break;
        }
        if (!item) {
            pthread_cond_wait(&committer->slow_work, &committer->mutex);
            continue;
        }
        size_t hand = 0;
        while (committer->being_slow[hand]) {
            hand++;
        }
        committer->being_slow[hand] = item;
        pthread_mutex_unlock(&committer->mutex);
        do_slowly(committer, hand, item);
        pthread_mutex_lock(&committer->mutex);
    }
    pthread_mutex_unlock(&committer->mutex);
    return NULL;
}

/* What a fast thread has in hand. */
struct batch {
    struct fam_commit_item *items[FAM_COMMIT_BATCH];
    enum fam_commit_row rows[FAM_COMMIT_BATCH];
    size_t count;
};

/* Under mutex: fills the batch; what belongs on the slow way goes there. */
static void take_batch(struct fam_committer *committer, struct batch *batch)
{
    bool any_slow = committer->slow.first != NULL;
    for (size_t i = 0; i < SLOW_THREADS; i++) {
        any_slow = any_slow || committer->being_slow[i];
    }
    batch->count = 0;
    while (committer->fast.first && batch->count < FAM_COMMIT_BATCH) {
        struct fam_commit_item *item = take_after(&committer->fast, NULL);
        committer->waiting--;
        if (any_slow && (is_being_slow(committer, &item->user_id) || holds_user(&committer->slow, &item->user_id))) {
            to_slow_way(committer, item);
        } else {
            batch->items[batch->count++] = item;
        }
    }
}

/* Those whose time is over are answered and leave the batch. */
static void drop_late(struct batch *batch)
{
    size_t kept = 0;
    for (size_t i = 0; i < batch->count; i++) {
        if (is_late(batch->items[i])) {
            answer_late(batch->items[i]);
        } else {
            batch->items[kept++] = batch->items[i];
        }
    }
    batch->count = kept;
}

/* One row of a batch that was committed. A replay costs a look-up of its own. */
static void answer_row(struct fam_db *db, struct fam_commit_item *item, enum fam_commit_row row, const char *lsn)
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    enum fam_code code = FAM_OK;
    memset(&outcome, 0, sizeof(outcome));
    if (row == FAM_COMMIT_STORED) {
        fam_outcome_add(&outcome, &item->entry_id);
        memcpy(outcome.lsn, lsn, sizeof(outcome.lsn));
    } else {
        code = fam_commit_explain(db, item, row, &outcome, &status);
    }
    answer(item, code, &outcome, &status);
}

/* Does trying again, row by row, promise anything? When nobody knows the outcome it must not be tried, and when the
 * database is full or behind every row would fail alike. */
static bool is_worth_another_way(enum fam_code code)
{
    return code != FAM_UNAVAILABLE && code != FAM_RESOURCE_EXHAUSTED && code != FAM_FAILED_PRECONDITION;
}

static void send_slow_way(struct fam_committer *committer, struct fam_commit_item *item)
{
    pthread_mutex_lock(&committer->mutex);
    to_slow_way(committer, item);
    bool stuck = committer->slow_threads == 0;
    if (stuck) {
        (void)take_after(&committer->slow, NULL);
        committer->waiting--;
    }
    pthread_mutex_unlock(&committer->mutex);
    if (stuck) {
        struct fam_status status = {0};
        (void)fam_fail_reason(&status, FAM_RESOURCE_EXHAUSTED, "THREADS", 1000, "no thread could be made");
        answer_failure(item, &status);
    }
}

static bool user_has_failed(const struct batch *batch, const bool *failed, size_t count, const struct fam_uuid *user_id)
{
    for (size_t i = 0; i < count; i++) {
        if (failed[i] && fam_uuid_equal(&batch->items[i]->user_id, user_id)) {
            return true;
        }
    }
    return false;
}

/* Each row alone. A user whose row fails is not tried again, so that a lock costs 50 ms once. */
static void write_one_by_one(struct fam_committer *committer, struct fam_db *db, struct batch *batch)
{
    bool failed[FAM_COMMIT_BATCH] = {false};
    char lsn[FAM_LSN_SIZE];
    struct fam_status status = {0};
    for (size_t i = 0; i < batch->count; i++) {
        failed[i] = batch->count == 1 || user_has_failed(batch, failed, i, &batch->items[i]->user_id);
        enum fam_code code = FAM_ABORTED;
        if (!failed[i]) {
            code = fam_commit_rows(db, &batch->items[i], 1, &batch->rows[i], lsn, &status);
        }
        if (code == FAM_OK) {
            answer_row(db, batch->items[i], batch->rows[i], lsn);
        } else if (is_worth_another_way(code)) {
            failed[i] = true;
        } else {
            answer_failure(batch->items[i], &status);
        }
    }
    /* Only now, since a slow thread frees what it answers. */
    for (size_t i = 0; i < batch->count; i++) {
        if (failed[i]) {
            send_slow_way(committer, batch->items[i]);
        }
    }
}

static void write_batch(struct fam_committer *committer, struct batch *batch)
{
    char lsn[FAM_LSN_SIZE];
    struct fam_status status = {0};
    struct fam_db *db = NULL;
    drop_late(batch);
    if (batch->count == 0) {
        return;
    }
    enum fam_code code = fam_pool_get(committer->pool, &db, &status);
    if (code == FAM_OK) {
        code = fam_commit_rows(db, batch->items, batch->count, batch->rows, lsn, &status);
    }
    if (code == FAM_OK) {
        for (size_t i = 0; i < batch->count; i++) {
            answer_row(db, batch->items[i], batch->rows[i], lsn);
        }
    } else if (db && is_worth_another_way(code)) {
        write_one_by_one(committer, db, batch);
    } else {
        for (size_t i = 0; i < batch->count; i++) {
            answer_failure(batch->items[i], &status);
        }
    }
    fam_pool_put(committer->pool, db);
}

static void *run_fast(void *context)
{
    struct fam_committer *committer = context;
    struct batch batch;
    pthread_mutex_lock(&committer->mutex);
    for (;;) {
        if (!committer->fast.first && committer->stopping) {
            break;
        }
        if (!committer->fast.first) {
            committer->fast_idle++;
            pthread_cond_wait(&committer->fast_work, &committer->mutex);
            committer->fast_idle--;
            continue;
        }
        take_batch(committer, &batch);
        pthread_mutex_unlock(&committer->mutex);
        write_batch(committer, &batch);
        pthread_mutex_lock(&committer->mutex);
    }
    pthread_mutex_unlock(&committer->mutex);
    return NULL;
}

static bool make_sync(struct fam_committer *committer)
{
    if (pthread_mutex_init(&committer->mutex, NULL) != 0) {
        return false;
    }
    if (pthread_cond_init(&committer->fast_work, NULL) != 0) {
        pthread_mutex_destroy(&committer->mutex);
        return false;
    }
    if (pthread_cond_init(&committer->slow_work, NULL) != 0) {
        pthread_cond_destroy(&committer->fast_work);
        pthread_mutex_destroy(&committer->mutex);
        return false;
    }
    return true;
}

struct fam_committer *fam_committer_new(struct fam_store *store, const struct fam_pool_options *pool,
                                        struct fam_status *status)
{
    struct fam_pool_options options = *pool;
    struct fam_committer *committer = calloc(1, sizeof(*committer));
    if (!committer || !make_sync(committer)) {
        free(committer);
        (void)fam_fail_memory(status);
        return NULL;
    }
    committer->store = store;
    options.size = FAM_COMMIT_CONNECTIONS;
    options.lock_timeout_ms = FAM_COMMIT_LOCK_MS;
    options.uncounted = true;
    /* A plan for batches of any size: planning the statement anew costs more than a better plan could save. */
    options.settings = "-c plan_cache_mode=force_generic_plan";
    committer->pool = fam_pool_new(&options, status);
    if (committer->pool) {
        return committer;
    }
    fam_committer_free(committer);
    return NULL;
}

void fam_committer_free(struct fam_committer *committer)
{
    if (!committer) {
        return;
    }
    pthread_mutex_lock(&committer->mutex);
    committer->stopping = true;
    pthread_cond_broadcast(&committer->fast_work);
    pthread_mutex_unlock(&committer->mutex);
    for (size_t i = 0; i < committer->fast_threads; i++) {
        (void)pthread_join(committer->threads[i], NULL);
    }
    pthread_mutex_lock(&committer->mutex);
    committer->drained = true;
    pthread_cond_broadcast(&committer->slow_work);
    pthread_mutex_unlock(&committer->mutex);
    for (size_t i = 0; i < committer->slow_threads; i++) {
        (void)pthread_join(committer->threads[FAM_COMMIT_CONNECTIONS + i], NULL);
    }
    fam_pool_free(committer->pool);
    pthread_cond_destroy(&committer->slow_work);
    pthread_cond_destroy(&committer->fast_work);
    pthread_mutex_destroy(&committer->mutex);
    free(committer);
}

/* Under mutex. One more while there is room and everybody is busy: a quiet server keeps one. */
static void grow(struct fam_committer *committer)
{
    if (committer->fast_idle == 0 && committer->fast_threads < FAM_COMMIT_CONNECTIONS &&
        pthread_create(&committer->threads[committer->fast_threads], NULL, run_fast, committer) == 0) {
        committer->fast_threads++;
    }
}

enum fam_code fam_commit_add(struct fam_committer *committer, const struct fam_commit_entry *entry,
                             fam_commit_done_fn *done, void *context, struct fam_status *status)
{
    struct fam_commit_item *item = fam_commit_item_new(committer->store, entry, status);
    enum fam_code code = FAM_OK;
    if (!item) {
        return status->code;
    }
    item->done = done;
    item->context = context;
    pthread_mutex_lock(&committer->mutex);
    if (committer->stopping || committer->waiting >= FAM_COMMIT_QUEUE) {
        code = fam_fail_reason(status, FAM_RESOURCE_EXHAUSTED, "DATABASE_BUSY", 500, "too many entries wait");
    } else {
        grow(committer);
        if (committer->fast_threads == 0) {
            code = fam_fail_reason(status, FAM_RESOURCE_EXHAUSTED, "THREADS", 1000, "no thread could be made");
        }
    }
    if (code == FAM_OK) {
        append(&committer->fast, item);
        committer->waiting++;
        pthread_cond_signal(&committer->fast_work);
    }
    pthread_mutex_unlock(&committer->mutex);
    if (code != FAM_OK) {
        free(item);
    }
    return code;
}
