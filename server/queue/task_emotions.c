/* task_emotions.c: see task_emotions.h. Of a batch, all questions are with Claude at once; each entry is finished as
 * its answer comes. */
#include "queue/task_emotions.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "notify/bell.h"
#include "queue/handlers.h"
#include "store/entry_store.h"
#include "store/notification_store.h"
#include "store/person_store.h"
#include "store/recipient_store.h"
#include "store/store.h"
#include "store/task_store.h"
#include "translate/reader.h"
#include "translate/reader_names.h"

enum {
    BATCH_MAX = 10,
    LOOK_MS = 200,        /* between two looks whether a run was cancelled */
    SPARE_MS = 5000,      /* of the type's time-out, to write down what came */
    SNOOZE_MS = 60000,    /* when nobody says how long */
    SNOOZE_MIN_MS = 1000, /* a pause that ends now has not quite ended */
    HOUR_MS = 3600000,
    DAY_MS = 24 * HOUR_MS,
    GIVE_UP_DAYS = 7,
    LIFETIME_MS = DAY_MS /* of the notification */
};

struct batch;

/* One entry. */
struct item {
    struct batch *batch;
    struct fam_run *run;
    struct fam_uuid entry_id;
    struct fam_entry entry;
    struct fam_user author;
    struct fam_family family;
    struct fam_corrections learned; /* of this child, by this author */
    struct fam_reader_wait *wait;   /* NULL: nothing is asked */
    bool asked, cancelled;
    bool ready; /* under the batch's lock */
};

struct batch {
    struct fam_handlers *context;
    struct item items[BATCH_MAX];
    size_t count;
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

static void count_result(const struct item *item, const char *result)
{
    fam_metrics_add(item->batch->context->metrics, FAM_M_REREADS, FAM_LABELS(result), 1);
}

/* There is nothing to be done (any more). */
static void end_done(struct item *item)
{
    count_result(item, "needless");
    fam_run_done(item->run);
}

static void end_snoozed(struct item *item, uint64_t delay_ms, const char *reason)
{
    count_result(item, "later");
    if (item->entry.created_at_ms != 0 && fam_wall_ms() - item->entry.created_at_ms > (int64_t)GIVE_UP_DAYS * DAY_MS) {
        fam_run_bury(item->run, "Claude could not be asked for a week");
    } else {
        fam_run_snooze(item->run, delay_ms < SNOOZE_MIN_MS ? SNOOZE_MIN_MS : delay_ms, reason);
    }
}

/* Claude does not read this phrase, or not fit to be shown: that is life, and the built-in reading stays. */
static void end_unreadable(struct item *item)
{
    count_result(item, "failed");
    fam_run_done(item->run);
}

static void end_failed(struct item *item, const char *reason)
{
    count_result(item, "failed");
    fam_run_retry(item->run, reason);
}

static uint64_t until_tomorrow_ms(void)
{
    uint64_t left_ms = DAY_MS - (uint64_t)fam_wall_ms() % DAY_MS;
    return left_ms < HOUR_MS ? left_ms : HOUR_MS;
}

/* The question was not answered: whose fault is that? */
static void end_unanswered(struct item *item, const struct fam_status *status)
{
    static const char *const NOT_ITS_FAULT[] = {"BREAKER_OPEN",  "RATE_LIMITED", "QUEUE_FULL",
                                                "QUEUE_TIMEOUT", "CONNECTION",   "OVERLOADED",
                                                "UNCLAIMED",     "CANCELLED",    "ELSEWHERE"};
    const char *reason = status->reason[0] == '\0' ? fam_code_name(status->code) : status->reason;
    FAM_LOG(item->batch->context->log, FAM_LOG_INFO, "queue", "an entry could not be read again",
            FAM_STR("code", fam_code_name(status->code)), FAM_STR("reason", reason));
    if (strcmp(reason, "BUDGET") == 0) {
        end_snoozed(item, until_tomorrow_ms(), reason);
        return;
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(NOT_ITS_FAULT); i++) {
        if (strcmp(reason, NOT_ITS_FAULT[i]) == 0) {
            end_snoozed(item, status->retry_after_ms == 0 ? SNOOZE_MS : status->retry_after_ms, reason);
            return;
        }
    }
    bool is_last = fam_run_attempts(item->run) + 1 >= FAM_TASK_ATTEMPTS;
    if (strcmp(reason, "REFUSAL") == 0 || (strncmp(reason, "GUARD_", 6) == 0 && is_last)) {
        end_unreadable(item);
        return;
    }
    end_failed(item, reason);
}

static bool consents(const struct item *item)
{
    return !item->family.no_ai &&
           fam_user_consents(&item->author, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING) &&
           fam_user_consents(&item->author, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI);
}

/* True: Claude is to be asked. Otherwise the run has ended. */
static bool load(struct item *item)
{
    struct fam_store *store = item->batch->context->store;
    struct fam_status status;
    size_t size = 0;
    const void *payload = fam_run_payload(item->run, &size);
    const struct fam_uuid *author_id = fam_run_user_id(item->run);
    if (size != sizeof(item->entry_id.bytes) || author_id == NULL) {
        fam_run_bury(item->run, "the payload is not an entry of somebody");
        return false;
    }
    if (item->batch->context->reader == NULL) {
        end_done(item);
        return false;
    }
    memcpy(item->entry_id.bytes, payload, size);
    enum fam_code code = fam_entry_get(store, author_id, &item->entry_id, &item->entry, &status);
    if (code == FAM_OK) {
        code = fam_person_load(store, author_id, &item->author, &item->family, &status);
    }
    if (code == FAM_OK) {
        code = fam_corrections_load(store, author_id, item->entry.has_child ? &item->entry.child_id : NULL,
                                    &item->learned, &status);
    }
    if (code == FAM_OK && consents(item) && item->entry.reading->engine != FAM__V1__ENGINE__ENGINE_CLAUDE) {
        return true;
    }
    if (code == FAM_OK || code == FAM_NOT_FOUND) {
        end_done(item);
    } else {
        end_failed(item, fam_code_name(code));
    }
    return false;
}

/* On a thread that must not block. */
static void on_ready(void *context)
{
    struct item *item = context;
    pthread_mutex_lock(&item->batch->lock);
    item->ready = true;
    pthread_cond_signal(&item->batch->changed);
    pthread_mutex_unlock(&item->batch->lock);
}

static const struct fam_child *child_of(const struct item *item)
{
    for (size_t i = 0; item->entry.has_child && i < item->family.child_count; i++) {
        if (fam_uuid_equal(&item->family.children[i].child_id, &item->entry.child_id)) {
            return &item->family.children[i];
        }
    }
    return NULL;
}

/* The same question as the author's call had, so that it finds its answer in the cache, or joins it on its way. */
static void ask(struct item *item)
{
    struct fam_handlers *context = item->batch->context;
    struct fam_known_name names[FAM_READER_NAMES_MAX];
    struct fam_status status;
    uint32_t left_ms = fam_run_remaining_ms(item->run);
    const struct fam_reading_input input = {
        .phrase = item->entry.phrase,
        .happened_before = item->entry.happened_before,
        .place = item->entry.place,
        .age_band = item->entry.age_band,
        .language = item->entry.language,
        .child_name = "",
    };
    struct fam_reader_question question = {
        .input = &input,
        .names = names,
        .name_count = fam_reader_names(&item->author, &item->family, child_of(item), names),
        .author = &item->entry.user_id,
        .entry_id = &item->entry_id,
        .apart = fam_reader_apart(&item->family),
        .timeout_ms = left_ms > SPARE_MS ? left_ms - SPARE_MS : 1,
        .began_ms = fam_mono_ms(),
        .has_time = true,
    };
    const struct fam_correction it_was = {.emotion = item->entry.corrected, .note = item->entry.correction};
    fam_reader_profile(&question, &item->family, child_of(item));
    fam_reader_corrections(&question, &item->learned, item->entry.has_correction ? &it_was : NULL);
    bool ready = false;
    item->wait = fam_reader_wait_new(context->reader, on_ready, item, &status);
    if (item->wait == NULL || fam_reader_start(item->wait, &question, &ready, &status) != FAM_OK) {
        end_unanswered(item, &status);
        return;
    }
    item->asked = true;
    if (ready) {
        on_ready(item);
    }
}

/* What is written in one transaction. */
struct better {
    struct item *item;
    const struct fam_reader_result *result;
    int32_t version;
    bool new_danger;
};

static enum fam_code notify(struct fam_db *db, const struct better *better, struct fam_status *status)
{
    const struct item *item = better->item;
    char id[FAM_UUID_TEXT_SIZE];
    char key[FAM_UUID_TEXT_SIZE + 24];
    bool added = false;
    fam_uuid_format(&item->entry_id, id);
    (void)snprintf(key, sizeof(key), "reading:%s:%d", id, (int)better->version);
    const struct fam_notification_new notification = {
        .user_id = &item->entry.user_id,
        .lane = FAM__V1__LANE__LANE_ANSWERS,
        .kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_BETTER_READING,
        .entry_id = &item->entry_id,
        .reading_version = better->version,
        .unique_key = key,
        .lifetime_ms = LIFETIME_MS,
    };
    return fam_notification_add(item->batch->context->store, db, &notification, &added, status);
}

static enum fam_code write_better(struct fam_db *db, void *context, struct fam_status *status)
{
    static const Fam__V1__ConsentPurpose PURPOSES[] = {FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING,
                                                       FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI};
    struct better *better = context;
    struct item *item = better->item;
    const struct fam_entry_better reading = {
        .user_id = &item->entry.user_id,
        .entry_id = &item->entry_id,
        .after_version = item->entry.reading->version,
        .reading = better->result->reading,
        .risk_count = better->result->risk_count,
        .risk = better->result->risk,
    };
    bool granted = false;
    enum fam_code code = fam_consents_hold(db, reading.user_id, PURPOSES, FAM_ARRAY_SIZE(PURPOSES), &granted, status);
    if (code == FAM_OK && !granted) {
        return fam_fail_reason(status, FAM_NOT_FOUND, "CONSENT", 0, "the author has withdrawn a consent");
    }
    if (code == FAM_OK) {
        code = fam_entry_add_reading(item->batch->context->store, db, &reading, &better->version, &better->new_danger,
                                     status);
    }
    if (code == FAM_OK) {
        code = notify(db, better, status);
    }
    return code == FAM_OK ? fam_run_finish(item->run, db, status) : code;
}

static void store_better(struct item *item, const struct fam_reader_result *result)
{
    struct fam_handlers *context = item->batch->context;
    struct better better = {.item = item, .result = result};
    struct fam_status status;
    enum fam_code code = fam_tx_run(fam_store_pool(context->store), write_better, &better, NULL, &status);
    if (code == FAM_OK) {
        fam_bell_ring(context->bell);
        count_result(item, "better");
        fam_metrics_add(context->metrics, FAM_M_READINGS, FAM_LABELS("claude"), 1);
        FAM_LOG(context->log, FAM_LOG_INFO, "queue", "an entry was read again",
                FAM_U64("version", (uint64_t)better.version), FAM_STR("new_danger", better.new_danger ? "yes" : "no"));
        return;
    }
    if (code == FAM_NOT_FOUND || (code == FAM_ABORTED && strcmp(status.reason, "READING_VERSION") == 0)) {
        end_done(item); /* it is gone, may not be, or was read by another meanwhile */
        return;
    }
    /* After a lost lease this is told as it was, and changes nothing. */
    end_failed(item, status.reason[0] == '\0' ? fam_code_name(code) : status.reason);
}

static void finish(struct item *item)
{
    struct fam_reader_result result = {.reading = NULL};
    struct fam_status status;
    item->asked = false;
    enum fam_code code = fam_reader_take(item->wait, &result, &status);
    if (code == FAM_OK) {
        store_better(item, &result);
        fam__v1__reading__free_unpacked(result.reading, NULL);
    } else if (item->cancelled && fam_run_remaining_ms(item->run) == 0) {
        end_failed(item, "TIMEOUT");
    } else {
        end_unanswered(item, &status);
    }
}

/* Waits until something changes, for a moment at most. */
static void wait_a_moment(struct batch *batch)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)LOOK_MS * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    bool any = false;
    pthread_mutex_lock(&batch->lock);
    for (size_t i = 0; i < batch->count; i++) {
        any = any || (batch->items[i].asked && batch->items[i].ready);
    }
    if (!any) {
        (void)pthread_cond_timedwait(&batch->changed, &batch->lock, &until);
    }
    pthread_mutex_unlock(&batch->lock);
}

/* True: some are still with Claude. */
static bool finish_ready(struct batch *batch)
{
    bool left = false;
    for (size_t i = 0; i < batch->count; i++) {
        struct item *item = &batch->items[i];
        if (!item->asked) {
            continue;
        }
        pthread_mutex_lock(&batch->lock);
        bool ready = item->ready;
        pthread_mutex_unlock(&batch->lock);
        if (ready) {
            finish(item);
            continue;
        }
        left = true;
        if (!item->cancelled && fam_run_is_cancelled(item->run)) {
            item->cancelled = true;
            fam_reader_cancel(item->wait); /* `ready` follows */
        }
    }
    return left;
}

static bool batch_init(struct batch *batch)
{
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0) {
        return false;
    }
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    bool good = pthread_cond_init(&batch->changed, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    return good && pthread_mutex_init(&batch->lock, NULL) == 0;
}

static void item_done(struct item *item)
{
    fam_reader_wait_free(item->wait);
    fam_entry_done(&item->entry);
    fam_user_done(&item->author);
    fam_corrections_done(&item->learned);
    fam_family_done(&item->family);
}

void fam_task_emotions(void *context, struct fam_run *const *runs, size_t count)
{
    struct batch batch = {.context = context};
    if (!batch_init(&batch)) {
        return; /* unended: counted as failed */
    }
    batch.count = count < BATCH_MAX ? count : BATCH_MAX;
    for (size_t i = 0; i < batch.count; i++) {
        batch.items[i].batch = &batch;
        batch.items[i].run = runs[i];
        if (load(&batch.items[i])) {
            ask(&batch.items[i]);
        }
    }
    while (finish_ready(&batch)) {
        wait_a_moment(&batch);
    }
    for (size_t i = 0; i < batch.count; i++) {
        item_done(&batch.items[i]);
    }
    (void)pthread_cond_destroy(&batch.changed);
    (void)pthread_mutex_destroy(&batch.lock);
}
