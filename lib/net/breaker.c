#include "net/breaker.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"

enum { FAILURES_DEFAULT = 5, OPEN_DEFAULT_MS = 60000, PROBE_RETRY_MS = 1000 };

struct fam_breaker {
    unsigned failures_most;
    uint32_t open_ms;
    uint64_t (*now_ms)(void);
    pthread_mutex_t lock; /* guards what follows */
    enum fam_breaker_state state;
    unsigned failures;
    uint64_t opened_ms;
    uint64_t generation; /* of the state: the ticket of who tries under it */
};

struct fam_breaker *fam_breaker_new(const struct fam_breaker_options *options, struct fam_status *status)
{
    struct fam_breaker *breaker = calloc(1, sizeof(*breaker));
    if (breaker == NULL || pthread_mutex_init(&breaker->lock, NULL) != 0) {
        free(breaker);
        (void)fam_fail_memory(status);
        return NULL;
    }
    breaker->failures_most = options->failures == 0 ? FAILURES_DEFAULT : options->failures;
    breaker->open_ms = options->open_ms == 0 ? OPEN_DEFAULT_MS : options->open_ms;
    breaker->now_ms = options->now_ms == NULL ? fam_mono_ms : options->now_ms;
    return breaker;
}

void fam_breaker_free(struct fam_breaker *breaker)
{
    if (breaker != NULL) {
        (void)pthread_mutex_destroy(&breaker->lock);
        free(breaker);
    }
}

static void enter(struct fam_breaker *breaker, enum fam_breaker_state state)
{
    breaker->state = state;
    breaker->generation++;
}

static uint32_t retry_in_ms(const struct fam_breaker *breaker)
{
    uint64_t since_ms = breaker->now_ms() - breaker->opened_ms;
    return since_ms < breaker->open_ms ? (uint32_t)(breaker->open_ms - since_ms) : 0;
}

/* With the lock held. */
static bool allows(const struct fam_breaker *breaker, struct fam_status *status)
{
    uint32_t wait_ms = breaker->state == FAM_BREAKER_OPEN ? retry_in_ms(breaker) : 0;
    if (breaker->state == FAM_BREAKER_HALF_OPEN) {
        wait_ms = PROBE_RETRY_MS; /* another's probe is on its way */
    }
    if (wait_ms > 0) {
        (void)fam_fail_reason(status, FAM_UNAVAILABLE, "BREAKER_OPEN", wait_ms,
                              "too many failures in a row; the service is left alone for a while");
    }
    return wait_ms == 0;
}

bool fam_breaker_try(struct fam_breaker *breaker, uint64_t *ret_ticket, struct fam_status *status)
{
    pthread_mutex_lock(&breaker->lock);
    bool allowed = allows(breaker, status);
    if (allowed && breaker->state == FAM_BREAKER_OPEN) {
        enter(breaker, FAM_BREAKER_HALF_OPEN);
    }
    *ret_ticket = breaker->generation;
    pthread_mutex_unlock(&breaker->lock);
    return allowed;
}

bool fam_breaker_would_allow(struct fam_breaker *breaker, struct fam_status *status)
{
    pthread_mutex_lock(&breaker->lock);
    bool allowed = allows(breaker, status);
    pthread_mutex_unlock(&breaker->lock);
    return allowed;
}

static void count_failure(struct fam_breaker *breaker)
{
    breaker->failures++;
    if (breaker->state == FAM_BREAKER_HALF_OPEN || breaker->failures >= breaker->failures_most) {
        breaker->opened_ms = breaker->now_ms();
        enter(breaker, FAM_BREAKER_OPEN);
    }
}

void fam_breaker_report(struct fam_breaker *breaker, uint64_t ticket, enum fam_breaker_result result)
{
    pthread_mutex_lock(&breaker->lock);
    if (ticket != breaker->generation) {
        pthread_mutex_unlock(&breaker->lock);
        return;
    }
    switch (result) {
    case FAM_BREAKER_SUCCESS:
        breaker->failures = 0;
        if (breaker->state == FAM_BREAKER_HALF_OPEN) {
            enter(breaker, FAM_BREAKER_CLOSED);
        }
        break;
    case FAM_BREAKER_FAILURE:
        count_failure(breaker);
        break;
    case FAM_BREAKER_NEUTRAL:
        if (breaker->state == FAM_BREAKER_HALF_OPEN) { /* its time has come already: the next one is the probe */
            enter(breaker, FAM_BREAKER_OPEN);
        }
        break;
    }
    pthread_mutex_unlock(&breaker->lock);
}

void fam_breaker_read(struct fam_breaker *breaker, struct fam_breaker_view *ret_view)
{
    pthread_mutex_lock(&breaker->lock);
    ret_view->state = breaker->state;
    ret_view->failures = breaker->failures;
    ret_view->retry_in_ms = breaker->state == FAM_BREAKER_OPEN ? retry_in_ms(breaker) : 0;
    pthread_mutex_unlock(&breaker->lock);
}

void fam_breaker_reset(struct fam_breaker *breaker)
{
    pthread_mutex_lock(&breaker->lock);
    breaker->failures = 0;
    enter(breaker, FAM_BREAKER_CLOSED);
    pthread_mutex_unlock(&breaker->lock);
}

const char *fam_breaker_state_name(enum fam_breaker_state state)
{
    static const char *const NAMES[] = {"closed", "open", "half_open"};
    return (unsigned)state < FAM_ARRAY_SIZE(NAMES) ? NAMES[state] : "closed";
}
