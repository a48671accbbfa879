/* sentry.h: error lines of the log become events at Sentry (https://develop.sentry.dev/sdk/data-model/envelopes/).
 *
 * What goes out of a line is in sentry_event.h. At most one event a minute for each kind of line (program, source,
 * event, code, reason); the next one says how many were left out. At most 8 requests are under way, each for 5 s at
 * most; what comes when all are busy is dropped. While Sentry asks for silence (429 with Retry-After,
 * X-Sentry-Rate-Limits) nothing is sent. Nothing is ever repeated, and nothing waits: an outage of Sentry costs nobody
 * anything.
 *
 * Without a DSN there is no fam_sentry: all functions take NULL and do nothing. One thread, that of its HTTP client.
 * Thread-safe. */
#ifndef FAM_NET_SENTRY_H
#define FAM_NET_SENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/log.h"
#include "base/status.h"
#include "net/sentry_event.h"

struct fam_sentry;
struct fam_metrics;

struct fam_sentry_options {
    const char *dsn; /* "": nothing is reported */
    bool allow_plain_http;
    struct fam_sentry_origin origin; /* its texts are borrowed */
    /* For tests: monotonic milliseconds; NULL: fam_mono_ms. */
    uint64_t (*now_ms)(void *context);
    void *now_context;
};

/* Events by what became of them. */
struct fam_sentry_stats {
    uint64_t sent;
    uint64_t repeated;     /* left out, because one of its kind was sent within the minute */
    uint64_t rate_limited; /* refused by Sentry, or kept back because it asked for silence */
    uint64_t dropped;      /* too many at once */
    uint64_t failed;       /* no answer, or another one */
};

/* *ret_sentry is NULL when the DSN is empty. INVALID_ARGUMENT: the DSN (not repeated). */
enum fam_code fam_sentry_new(const struct fam_sentry_options *options, struct fam_sentry **ret_sentry,
                             struct fam_status *status) FAM_MUST_CHECK;
/* Waits for what is under way, 2 s at most. */
void fam_sentry_flush(struct fam_sentry *sentry);
/* Flushes, ends what is still under way, frees. Nobody may capture any more. */
void fam_sentry_free(struct fam_sentry *sentry);

/* A fam_log_observer; the context is the fam_sentry. */
void fam_sentry_capture(void *sentry, enum fam_log_level level, const char *source, const char *event,
                        const struct fam_field *fields, size_t field_count);
void fam_sentry_stats(struct fam_sentry *sentry, struct fam_sentry_stats *ret_stats);
/* For fam_metrics_on_scrape; the context is the fam_sentry. */
void fam_sentry_on_scrape(struct fam_metrics *metrics, void *sentry);

/* For a program that has one crash to tell and then ends: sends it and waits, `timeout_ms` at most. */
enum fam_code fam_sentry_send_crash(const struct fam_sentry_options *options, const struct fam_sentry_crash *crash,
                                    uint32_t timeout_ms, struct fam_status *status) FAM_MUST_CHECK;

/* X-Sentry-Rate-Limits: for how many milliseconds no error may be sent; 0: they may. Anything unreadable, and what is
 * behind the cut of a header that filled `size`, counts as about errors. For tests. */
uint32_t fam_sentry_limit_ms(const char *header, size_t size);

#endif
