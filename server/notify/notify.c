/* notify.c: see notify.h. Locks: the room's is taken inside the RPC registry's (by the cancel hook) and takes the RPC
 * queue's (to resume); nothing is asked of a call that would take the registry's while it is held. */
#include "notify/notify.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "metrics/metrics.h"
#include "notify/bell.h"
#include "rpc/call.h"

enum { IDLE_MS = 60000 };

struct fam_leases {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t clock; /* ends waits whose time is over */
    struct fam_metrics *metrics;
    struct fam_bell *bell;
    /* under lock */
    bool is_drained, stops;
    uint64_t rung;         /* counts up with each ring */
    uint64_t settled;      /* all rings up to here found nothing more */
    struct fam_wait *turn; /* who looks now because of a ring; one at a time */
    struct fam_wait *first, *last;
    size_t count;
};

/* Under the lock. */
static void unlink_wait(struct fam_leases *leases, struct fam_wait *wait)
{
    *(wait->previous != NULL ? &wait->previous->next : &leases->first) = wait->next;
    *(wait->next != NULL ? &wait->next->previous : &leases->last) = wait->previous;
    wait->previous = wait->next = NULL;
    wait->is_parked = false;
    leases->count--;
    fam_metrics_set(leases->metrics, FAM_M_LEASES_WAITING, NULL, (double)leases->count);
}

/* Under the lock. */
static void link_wait(struct fam_leases *leases, struct fam_wait *wait)
{
    wait->next = NULL;
    wait->previous = leases->last;
    *(leases->last != NULL ? &leases->last->next : &leases->first) = wait;
    leases->last = wait;
    wait->is_parked = true;
    leases->count++;
    fam_metrics_set(leases->metrics, FAM_M_LEASES_WAITING, NULL, (double)leases->count);
}

/* Under the lock: the first who has not looked since the last ring looks, unless somebody does. */
static void pass_turn(struct fam_leases *leases)
{
    if (leases->turn != NULL || leases->settled >= leases->rung) {
        return;
    }
    for (struct fam_wait *wait = leases->first; wait != NULL; wait = wait->next) {
        if (wait->seen < leases->rung) {
            unlink_wait(leases, wait);
            wait->has_turn = true;
            leases->turn = wait;
            fam_call_resume(wait->call, wait->step, wait->context);
            return;
        }
    }
}

/* Under the lock. */
static void give_up_turn(struct fam_leases *leases, struct fam_wait *wait, bool found_nothing)
{
    if (found_nothing && wait->takes_all && wait->seen > leases->settled) {
        leases->settled = wait->seen;
    }
    if (wait->has_turn) {
        wait->has_turn = false;
        leases->turn = NULL;
    }
    pass_turn(leases);
}

/* Under the lock: ends waits whose time is over; when to come again. */
static uint64_t end_overdue(struct fam_leases *leases, uint64_t now_ms)
{
    uint64_t next_ms = now_ms + IDLE_MS;
    struct fam_wait *following = NULL;
    for (struct fam_wait *wait = leases->first; wait != NULL; wait = following) {
        following = wait->next;
        if (wait->is_over || leases->is_drained || wait->until_ms <= now_ms) {
            wait->is_over = true;
            unlink_wait(leases, wait);
            fam_call_resume(wait->call, wait->step, wait->context);
        } else if (wait->until_ms < next_ms) {
            next_ms = wait->until_ms;
        }
    }
    return next_ms;
}

static void *run_clock(void *arg)
{
    struct fam_leases *leases = arg;
    pthread_mutex_lock(&leases->lock);
    while (!leases->stops) {
        uint64_t until_ms = end_overdue(leases, fam_mono_ms());
        const struct timespec until = {.tv_sec = (time_t)(until_ms / 1000),
                                       .tv_nsec = (long)(until_ms % 1000) * 1000000};
        (void)pthread_cond_timedwait(&leases->changed, &leases->lock, &until);
    }
    pthread_mutex_unlock(&leases->lock);
    return NULL;
}

struct fam_leases *fam_leases_new(struct fam_metrics *metrics, struct fam_status *status)
{
    struct fam_leases *leases = calloc(1, sizeof(*leases));
    pthread_condattr_t monotonic;
    if (leases == NULL || pthread_condattr_init(&monotonic) != 0) {
        free(leases);
        (void)fam_fail_memory(status);
        return NULL;
    }
    leases->metrics = metrics;
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    bool ready = pthread_mutex_init(&leases->lock, NULL) == 0 && pthread_cond_init(&leases->changed, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    if (!ready || pthread_create(&leases->clock, NULL, run_clock, leases) != 0) {
        free(leases);
        (void)fam_fail(status, FAM_RESOURCE_EXHAUSTED, "can't start the thread that ends waiting leases");
        return NULL;
    }
    return leases;
}

void fam_leases_free(struct fam_leases *leases)
{
    if (leases == NULL) {
        return;
    }
    pthread_mutex_lock(&leases->lock);
    leases->stops = true;
    pthread_cond_signal(&leases->changed);
    pthread_mutex_unlock(&leases->lock);
    (void)pthread_join(leases->clock, NULL);
    (void)pthread_cond_destroy(&leases->changed);
    (void)pthread_mutex_destroy(&leases->lock);
    free(leases);
}

void fam_leases_set_bell(struct fam_leases *leases, struct fam_bell *bell)
{
    pthread_mutex_lock(&leases->lock);
    leases->bell = bell;
    pthread_mutex_unlock(&leases->lock);
}

/* The cancel hook: on a thread that must not block. The clock resumes the call. */
static void on_cancel(void *context)
{
    struct fam_wait *wait = context;
    struct fam_leases *leases = wait->leases;
    pthread_mutex_lock(&leases->lock);
    wait->is_over = true;
    pthread_cond_signal(&leases->changed);
    pthread_mutex_unlock(&leases->lock);
}

bool fam_leases_begin(struct fam_leases *leases, struct fam_wait *wait)
{
    if (!wait->has_hook) {
        wait->has_hook = true;
        wait->leases = leases;
        fam_call_on_cancel(wait->call, on_cancel, wait);
    }
    pthread_mutex_lock(&leases->lock);
    bool goes_on = !wait->is_over;
    wait->seen = leases->rung;
    if (!goes_on) {
        give_up_turn(leases, wait, false);
    }
    pthread_mutex_unlock(&leases->lock);
    return goes_on;
}

/* Under the lock: a caller that left without its cancel being heard asks anew. The clock answers the older call. */
static void displace(struct fam_leases *leases, const struct fam_wait *newer)
{
    for (struct fam_wait *wait = leases->first; wait != NULL; wait = wait->next) {
        wait->is_over = wait->is_over || strcmp(wait->asker, newer->asker) == 0;
    }
}

bool fam_leases_park(struct fam_leases *leases, struct fam_wait *wait)
{
    uint64_t now_ms = fam_mono_ms();
    pthread_mutex_lock(&leases->lock);
    bool waits = !wait->is_over && !leases->is_drained && now_ms < wait->until_ms;
    if (waits) {
        displace(leases, wait);
        link_wait(leases, wait);
        pthread_cond_signal(&leases->changed); /* its time may be the next to end */
        fam_bell_wake(leases->bell);
    }
    give_up_turn(leases, wait, true);
    pthread_mutex_unlock(&leases->lock);
    return waits;
}

void fam_leases_end(struct fam_leases *leases, struct fam_wait *wait)
{
    pthread_mutex_lock(&leases->lock);
    give_up_turn(leases, wait, false);
    pthread_mutex_unlock(&leases->lock);
}

void fam_leases_look(struct fam_leases *leases)
{
    if (leases == NULL) {
        return;
    }
    pthread_mutex_lock(&leases->lock);
    leases->rung++;
    pass_turn(leases);
    pthread_mutex_unlock(&leases->lock);
}

size_t fam_leases_waiting(struct fam_leases *leases)
{
    if (leases == NULL) {
        return 0;
    }
    pthread_mutex_lock(&leases->lock);
    size_t count = leases->count;
    pthread_mutex_unlock(&leases->lock);
    return count;
}

void fam_leases_drain(struct fam_leases *leases)
{
    if (leases == NULL) {
        return;
    }
    pthread_mutex_lock(&leases->lock);
    leases->is_drained = true;
    (void)end_overdue(leases, fam_mono_ms());
    pthread_mutex_unlock(&leases->lock);
}
