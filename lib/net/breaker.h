/* breaker.h: a circuit breaker: who fails too often in a row is left alone for a while.
 *
 * CLOSED: everybody may try. After `failures` failures in a row OPEN: nobody may, for `open_ms`. Then HALF_OPEN: one
 * may, the probe; its success closes the breaker, its failure opens it for another `open_ms`. A result that was
 * obtained under an earlier state (its ticket is old) counts for nothing. Thread-safe. */
#ifndef FAM_NET_BREAKER_H
#define FAM_NET_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

struct fam_breaker;

enum fam_breaker_state { FAM_BREAKER_CLOSED, FAM_BREAKER_OPEN, FAM_BREAKER_HALF_OPEN };
enum fam_breaker_result {
    FAM_BREAKER_SUCCESS,
    FAM_BREAKER_FAILURE,
    FAM_BREAKER_NEUTRAL, /* says nothing about the service: cancelled, told to wait; a probe's turn is given back */
};

struct fam_breaker_options {
    unsigned failures;        /* in a row; 0: 5 */
    uint32_t open_ms;         /* 0: 60,000 */
    uint64_t (*now_ms)(void); /* monotonic; NULL: fam_mono_ms */
};

struct fam_breaker_view {
    enum fam_breaker_state state; /* OPEN until somebody asks for the probe, even when its time has come */
    unsigned failures;            /* in a row */
    uint32_t retry_in_ms;         /* OPEN: until a probe is let through; else 0 */
};

/* NULL when memory is short. */
struct fam_breaker *fam_breaker_new(const struct fam_breaker_options *options,
                                    struct fam_status *status) FAM_MUST_CHECK;
/* Takes NULL. */
void fam_breaker_free(struct fam_breaker *breaker);
/* May I try? True: report the result with the ticket, exactly once. False: UNAVAILABLE, reason BREAKER_OPEN, with
 * retry_after_ms (1,000 while another's probe is on its way). */
bool fam_breaker_try(struct fam_breaker *breaker, uint64_t *ret_ticket, struct fam_status *status) FAM_MUST_CHECK;
/* Would fam_breaker_try say yes? Takes no turn. */
bool fam_breaker_would_allow(struct fam_breaker *breaker, struct fam_status *status) FAM_MUST_CHECK;
void fam_breaker_report(struct fam_breaker *breaker, uint64_t ticket, enum fam_breaker_result result);
void fam_breaker_read(struct fam_breaker *breaker, struct fam_breaker_view *ret_view);
/* Closes it at once: an operator knows better. */
void fam_breaker_reset(struct fam_breaker *breaker);
/* "closed", "open", "half_open". */
const char *fam_breaker_state_name(enum fam_breaker_state state);

#endif
