/* reader_flight.c: the table of questions on their way: who waits for which, when patience ends, and what goes on then.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "translate/reader_private.h"

enum {
    POLL_MS = 100,  /* between two looks for what other servers made */
    GRACE_MS = 250, /* Claude's own time-out comes first, and tells more */
    IDLE_MS = 3600000,
};

static size_t bucket_of(const struct fam_cache_key *key)
{
    return ((size_t)key->bytes[0] | (size_t)key->bytes[1] << 8) % FAM_FLIGHT_BUCKETS;
}

/* Under the lock. */
static void look_by(struct fam_reader *reader, uint64_t at_ms)
{
    if (at_ms < reader->next_ms) {
        reader->next_ms = at_ms;
        pthread_cond_signal(&reader->changed);
    }
}

static struct fam_flight *flight_new(struct fam_reader *reader, const struct fam_cache_key *key, const char *version)
{
    struct fam_flight *flight = calloc(1, sizeof(*flight));
    size_t size = strlen(version) + 1;
    if (flight == NULL || size > sizeof(flight->version) || pthread_mutex_init(&flight->settling, NULL) != 0) {
        free(flight);
        return NULL;
    }
    flight->reader = reader;
    flight->key = *key;
    memcpy(flight->version, version, size);
    flight->references = 1; /* its starter's */
    return flight;
}

/* Under the lock. */
static void add_waiter(struct fam_flight *flight, struct fam_reader_wait *wait)
{
    wait->flight = flight;
    wait->listed = true;
    wait->previous = NULL;
    wait->next = flight->waiters;
    if (wait->next != NULL) {
        wait->next->previous = wait;
    }
    flight->waiters = wait;
    flight->references++;
}

/* Under the lock. */
static void remove_waiter(struct fam_reader_wait *wait)
{
    wait->listed = false;
    if (wait->previous != NULL) {
        wait->previous->next = wait->next;
    } else {
        wait->flight->waiters = wait->next;
    }
    if (wait->next != NULL) {
        wait->next->previous = wait->previous;
    }
}

/* Under the lock. */
static struct fam_flight *find(struct fam_reader *reader, const struct fam_cache_key *key)
{
    struct fam_flight *flight = reader->buckets[bucket_of(key)];
    while (flight != NULL && memcmp(flight->key.bytes, key->bytes, sizeof(key->bytes)) != 0) {
        flight = flight->bucket_next;
    }
    return flight;
}

/* Under the lock. */
static void untable(struct fam_flight *flight)
{
    if (!flight->tabled) {
        return;
    }
    struct fam_flight **at = &flight->reader->buckets[bucket_of(&flight->key)];
    while (*at != flight) {
        at = &(*at)->bucket_next;
    }
    *at = flight->bucket_next;
    flight->tabled = false;
}

/* Under the lock. */
static void release(struct fam_flight *flight)
{
    struct fam_reader *reader = flight->reader;
    if (--flight->references > 0) {
        return;
    }
    untable(flight);
    flight->list_next = reader->dead;
    reader->dead = flight;
    look_by(reader, 0);
}

enum fam_code fam_flight_join(struct fam_reader_wait *wait, const struct fam_cache_key *key,
                              const struct fam_flight_terms *terms, struct fam_flight **ret_flight, bool *ret_first,
                              struct fam_status *status)
{
    struct fam_reader *reader = wait->reader;
    struct fam_flight *spare = flight_new(reader, key, terms->version);
    if (spare == NULL) {
        return fam_fail_memory(status);
    }
    pthread_mutex_lock(&reader->lock);
    bool cancelled = wait->cancelled;
    struct fam_flight *flight = cancelled ? NULL : find(reader, key);
    *ret_first = flight == NULL;
    if (!cancelled && flight == NULL) {
        flight = spare;
        spare = NULL;
        flight->tabled = true;
        flight->bucket_next = reader->buckets[bucket_of(key)];
        reader->buckets[bucket_of(key)] = flight;
        flight->deadline_ms = fam_mono_ms() + terms->total_ms;
    }
    if (!cancelled) {
        wait->starting = true;
        wait->deadline_ms = fam_mono_ms() + terms->timeout_ms + GRACE_MS;
        add_waiter(flight, wait);
        look_by(reader, wait->deadline_ms);
        if (flight->state == FAM_FLIGHT_ANSWERED) {
            remove_waiter(wait); /* nobody has stored the answer yet; it can be taken all the same */
        }
    }
    pthread_mutex_unlock(&reader->lock);
    if (spare != NULL) {
        (void)pthread_mutex_destroy(&spare->settling);
        free(spare);
    }
    if (cancelled) {
        return fam_fail_reason(status, FAM_CANCELLED, "CANCELLED", 0, "nobody waits for the reading any more");
    }
    *ret_flight = flight;
    return FAM_OK;
}

bool fam_wait_started(struct fam_reader_wait *wait)
{
    pthread_mutex_lock(&wait->reader->lock);
    wait->starting = false;
    bool ended = !wait->listed;
    pthread_mutex_unlock(&wait->reader->lock);
    return ended;
}

/* Under the lock: the wait ends. True: `ready` must be called for it. */
static bool end_wait(struct fam_reader_wait *wait, enum fam_code code)
{
    remove_waiter(wait);
    wait->code = code;
    return !wait->starting;
}

/* Waits that have ended, told one after the other without the lock. Each may be freed as soon as it is told. */
static void tell(struct fam_reader_wait *ended)
{
    while (ended != NULL) {
        struct fam_reader_wait *next = ended->next;
        ended->ready(ended->context);
        ended = next;
    }
}

void fam_flight_end(struct fam_flight *flight, const struct fam_status *failure)
{
    struct fam_reader *reader = flight->reader;
    struct fam_reader_wait *ended = NULL;
    pthread_mutex_lock(&reader->lock);
    if (failure != NULL) {
        flight->state = FAM_FLIGHT_FAILED;
        flight->code = failure->code;
        flight->status = *failure;
        untable(flight);
    } else {
        flight->state = FAM_FLIGHT_ANSWERED;
    }
    bool had_none = flight->waiters == NULL;
    struct fam_reader_wait *following = NULL;
    for (struct fam_reader_wait *wait = flight->waiters; wait != NULL; wait = following) {
        following = wait->next;
        if (end_wait(wait, FAM_OK)) {
            wait->next = ended;
            ended = wait;
        }
    }
    if (flight->state == FAM_FLIGHT_ANSWERED && had_none && flight->pseudonyms != NULL) {
        flight->references++; /* nobody will take it: the watcher's */
        flight->list_next = reader->unsettled;
        reader->unsettled = flight;
        look_by(reader, 0);
    }
    pthread_mutex_unlock(&reader->lock);
    tell(ended);
}

void fam_flight_wait_elsewhere(struct fam_flight *flight)
{
    pthread_mutex_lock(&flight->reader->lock);
    flight->state = FAM_FLIGHT_ELSEWHERE;
    look_by(flight->reader, fam_mono_ms() + POLL_MS);
    pthread_mutex_unlock(&flight->reader->lock);
}

void fam_flight_untable(struct fam_flight *flight)
{
    pthread_mutex_lock(&flight->reader->lock);
    untable(flight);
    pthread_mutex_unlock(&flight->reader->lock);
}

void fam_flight_release(struct fam_flight *flight)
{
    struct fam_reader *reader = flight->reader;
    pthread_mutex_lock(&reader->lock);
    release(flight);
    pthread_mutex_unlock(&reader->lock);
}

bool fam_flight_is_wanted(struct fam_flight *flight)
{
    pthread_mutex_lock(&flight->reader->lock);
    bool wanted = flight->waiters != NULL || flight->goes_on;
    pthread_mutex_unlock(&flight->reader->lock);
    return wanted;
}

/* Under the lock: nobody waits for the flight any more. */
static void abandon(struct fam_flight *flight)
{
    untable(flight);
    if (flight->call != NULL) {
        fam_claude_call_cancel(flight->call);
    }
}

void fam_reader_cancel(void *context)
{
    struct fam_reader_wait *wait = context;
    struct fam_reader *reader = wait->reader;
    bool told = false;
    pthread_mutex_lock(&reader->lock);
    wait->cancelled = true;
    if (wait->listed) {
        told = end_wait(wait, FAM_CANCELLED);
        if (wait->flight->waiters == NULL && !wait->flight->goes_on) {
            abandon(wait->flight);
        }
    }
    pthread_mutex_unlock(&reader->lock);
    if (told) {
        wait->ready(wait->context);
    }
}

void fam_wait_leave(struct fam_reader_wait *wait)
{
    struct fam_reader *reader = wait->reader;
    pthread_mutex_lock(&reader->lock);
    assert(!wait->listed);
    if (wait->flight != NULL) {
        release(wait->flight);
    }
    pthread_mutex_unlock(&reader->lock);
}

/* ---- the watcher ---- */

static void flight_free(struct fam_flight *flight)
{
    struct fam_reader *reader = flight->reader;
    fam_claude_call_free(flight->call);
    if (flight->claimed && !flight->settled) {
        fam_reading_cache_unclaim(reader->options.cache, &flight->key, 1, &reader->claimant);
    }
    if (flight->goes_on) {
        pthread_mutex_lock(&reader->lock);
        reader->going_on--;
        pthread_mutex_unlock(&reader->lock);
    }
    fam_pseudonyms_free(flight->pseudonyms);
    fam_secret_done(&flight->text);
    fam_cached_reading_done(&flight->cached);
    (void)pthread_mutex_destroy(&flight->settling);
    free(flight);
}

/* Under the lock: this wait's patience has ended, and Claude has not answered. What is with another server, or will be
 * asked there, goes on there. */
static void go_on(struct fam_reader_wait *wait)
{
    struct fam_flight *flight = wait->flight;
    struct fam_reader *reader = flight->reader;
    if (!wait->goes_on || flight->goes_on || reader->going_on >= reader->options.going_on_max ||
        (flight->state != FAM_FLIGHT_STARTING && flight->state != FAM_FLIGHT_ASKING)) {
        return;
    }
    flight->goes_on = true;
    reader->going_on++;
    flight->pseudonyms = wait->pseudonyms; /* a wait that ended so needs them no more */
    flight->language = wait->language;
    wait->pseudonyms = NULL;
}

/* Under the lock: ends the waits whose time is up; returns those to be told and when to look next. */
static struct fam_reader_wait *collect_overdue(struct fam_reader *reader, uint64_t now_ms, uint64_t *ret_next_ms)
{
    struct fam_reader_wait *ended = NULL;
    for (size_t i = 0; i < FAM_FLIGHT_BUCKETS; i++) {
        struct fam_flight *after = NULL;
        for (struct fam_flight *flight = reader->buckets[i]; flight != NULL; flight = after) {
            after = flight->bucket_next;
            struct fam_reader_wait *following = NULL;
            for (struct fam_reader_wait *wait = flight->waiters; wait != NULL; wait = following) {
                following = wait->next;
                if (wait->deadline_ms > now_ms) {
                    *ret_next_ms = wait->deadline_ms < *ret_next_ms ? wait->deadline_ms : *ret_next_ms;
                    continue;
                }
                go_on(wait);
                if (end_wait(wait, FAM_DEADLINE_EXCEEDED)) {
                    wait->next = ended;
                    ended = wait;
                }
            }
            if (flight->waiters == NULL && flight->state != FAM_FLIGHT_ANSWERED &&
                flight->state != FAM_FLIGHT_STARTING && !(flight->goes_on && flight->state == FAM_FLIGHT_ASKING)) {
                abandon(flight);
            } else if (flight->state == FAM_FLIGHT_ELSEWHERE && now_ms + POLL_MS < *ret_next_ms) {
                *ret_next_ms = now_ms + POLL_MS;
            }
        }
    }
    return ended;
}

/* Under the lock: some flights that another server makes, each with a reference. */
static size_t collect_elsewhere(struct fam_reader *reader, size_t *from, struct fam_flight **ret_flights)
{
    size_t count = 0;
    for (; *from < FAM_FLIGHT_BUCKETS; (*from)++) {
        size_t in_bucket = 0;
        for (struct fam_flight *flight = reader->buckets[*from]; flight != NULL; flight = flight->bucket_next) {
            in_bucket += flight->state == FAM_FLIGHT_ELSEWHERE ? 1 : 0;
        }
        if (in_bucket > FAM_CACHE_BATCH - count && count > 0) {
            break; /* this bucket with the next batch */
        }
        for (struct fam_flight *flight = reader->buckets[*from]; flight != NULL && count < FAM_CACHE_BATCH;
             flight = flight->bucket_next) {
            if (flight->state == FAM_FLIGHT_ELSEWHERE) {
                flight->references++;
                ret_flights[count++] = flight;
            }
        }
    }
    return count;
}

static void look_elsewhere(struct fam_reader *reader)
{
    struct fam_flight *flights[FAM_CACHE_BATCH];
    struct fam_cache_key keys[FAM_CACHE_BATCH];
    size_t from = 0;
    for (;;) {
        struct fam_cached_reading readings[FAM_CACHE_BATCH] = {{.reading = NULL}};
        struct fam_status ignored; /* Redis is away: patience ends these waits */
        pthread_mutex_lock(&reader->lock);
        size_t count = collect_elsewhere(reader, &from, flights);
        pthread_mutex_unlock(&reader->lock);
        if (count == 0) {
            return;
        }
        for (size_t i = 0; i < count; i++) {
            keys[i] = flights[i]->key;
        }
        bool good = fam_reading_cache_get_multiple(reader->options.cache, keys, count, readings, &ignored) == FAM_OK;
        for (size_t i = 0; i < count; i++) {
            if (good && readings[i].reading != NULL) {
                pthread_mutex_lock(&flights[i]->settling);
                flights[i]->cached = readings[i];
                flights[i]->settled = true;
                pthread_mutex_unlock(&flights[i]->settling);
                fam_flight_end(flights[i], NULL);
                fam_flight_untable(flights[i]);
            }
            fam_flight_release(flights[i]);
        }
    }
}

/* Answers that nobody takes: for the cache, where who asks again finds them. */
static void settle_all(struct fam_flight *unsettled)
{
    while (unsettled != NULL) {
        struct fam_flight *next = unsettled->list_next;
        pthread_mutex_lock(&unsettled->settling);
        if (!unsettled->settled) {
            fam_flight_settle(unsettled, unsettled->pseudonyms, unsettled->language);
        }
        pthread_mutex_unlock(&unsettled->settling);
        fam_flight_release(unsettled);
        unsettled = next;
    }
}

static void *watch(void *arg)
{
    struct fam_reader *reader = arg;
    pthread_mutex_lock(&reader->lock);
    while (!reader->stop || reader->dead != NULL || reader->unsettled != NULL) {
        uint64_t now_ms = fam_mono_ms();
        if (now_ms < reader->next_ms && reader->dead == NULL && reader->unsettled == NULL) {
            struct timespec until = {.tv_sec = (time_t)(reader->next_ms / 1000),
                                     .tv_nsec = (long)(reader->next_ms % 1000) * 1000000};
            (void)pthread_cond_timedwait(&reader->changed, &reader->lock, &until);
            continue;
        }
        struct fam_flight *dead = reader->dead;
        struct fam_flight *unsettled = reader->unsettled;
        reader->dead = NULL;
        reader->unsettled = NULL;
        reader->next_ms = now_ms + IDLE_MS;
        struct fam_reader_wait *ended = collect_overdue(reader, now_ms, &reader->next_ms);
        pthread_mutex_unlock(&reader->lock);
        tell(ended);
        while (dead != NULL) {
            struct fam_flight *next = dead->list_next;
            flight_free(dead);
            dead = next;
        }
        settle_all(unsettled);
        look_elsewhere(reader);
        pthread_mutex_lock(&reader->lock);
    }
    pthread_mutex_unlock(&reader->lock);
    return NULL;
}

enum fam_code fam_flights_start(struct fam_reader *reader, struct fam_status *status)
{
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0) {
        return fam_fail_memory(status);
    }
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    bool ready = pthread_mutex_init(&reader->lock, NULL) == 0 && pthread_cond_init(&reader->changed, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    reader->next_ms = fam_mono_ms() + IDLE_MS;
    if (!ready || pthread_create(&reader->watcher, NULL, watch, reader) != 0) {
        return fam_fail(status, FAM_RESOURCE_EXHAUSTED, "can't start the thread that watches over readings");
    }
    reader->watching = true;
    return FAM_OK;
}

void fam_flights_stop(struct fam_reader *reader)
{
    if (!reader->watching) {
        return;
    }
    pthread_mutex_lock(&reader->lock);
    reader->stop = true;
    reader->next_ms = 0;
    pthread_cond_signal(&reader->changed);
    pthread_mutex_unlock(&reader->lock);
    (void)pthread_join(reader->watcher, NULL);
    (void)pthread_cond_destroy(&reader->changed);
    (void)pthread_mutex_destroy(&reader->lock);
    reader->watching = false;
}
