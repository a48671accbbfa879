#include "poller.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "lanes.h"
#include "metrics/metrics.h"
#include "telegram/api.h"
#include "telegram/update.h"

enum {
    BATCH = 100,
    POLL_S = 50,
    POLL_TIMEOUT_MS = 65000,
    REPEAT_MS = 600, /* between polls that bring nothing at all */
    /* While updates are in hand Telegram answers every poll at once and repeats them. So a poll waits until the mark
     * has moved and little is left to do; or for a pause that doubles while the answers bring nothing new. */
    FEW_IN_HAND = 8,
    PAUSE_MS = 10,
    PAUSE_MAX_MS = 320,
    BACKOFF_MS = 500, /* first wait after a failure */
    BACKOFF_MAX_MS = 15000,
    REVOKED_MS = 60000, /* the token is wrong: somebody has to act */
    FLOOD_MAX_MS = 3600000,
    BROKEN_BEFORE_ISOLATION = 2,
    ISOLATED_POLLS = 10,
    STEP_MS = 50,
    REST_MS = 50
};
static const uint64_t quiet_ms = 6u * 86400000u; /* Telegram numbers anew after seven days without updates */

struct fam_poller {
    struct fam_poller_options options;
    unsigned failures;             /* in a row */
    unsigned broken;               /* answers in a row whose outline was broken */
    unsigned isolated;             /* polls left that ask for one update only */
    int64_t asked;                 /* offset of the last poll */
    uint32_t wait_ms;              /* until the next poll while updates are in hand */
    enum fam_api_outcome reported; /* the last failure that was logged; OK: none */
    uint64_t last_update_ms;
    bool is_rested; /* nothing was polled for a while: the next poll only looks, so that it is soon known to be well */
    _Atomic uint64_t last_poll_ms; /* monotonic; 0: none */
};

static bool is_stopping(const struct fam_poller *poller)
{
    return atomic_load(poller->options.stop);
}

static bool may_poll(const struct fam_poller *poller)
{
    return !poller->options.may_poll || poller->options.may_poll(poller->options.lead);
}

static void pause_ms(const struct fam_poller *poller, uint32_t wait_ms)
{
    if (poller->options.sleep_ms) {
        poller->options.sleep_ms(wait_ms);
        return;
    }
    while (wait_ms > 0 && !is_stopping(poller)) {
        uint32_t step_ms = wait_ms < STEP_MS ? wait_ms : STEP_MS;
        struct timespec step = {.tv_nsec = (long)step_ms * 1000000};
        nanosleep(&step, NULL);
        wait_ms -= step_ms;
    }
}

/* first_ms, doubled with every failure in a row up to 15 s; the second half is jitter. */
static uint32_t backoff_ms(const struct fam_poller *poller, uint32_t first_ms)
{
    unsigned doublings = poller->failures > 6 ? 6 : poller->failures;
    uint32_t full_ms = first_ms << doublings;
    if (full_ms > BACKOFF_MAX_MS) {
        full_ms = BACKOFF_MAX_MS;
    }
    return full_ms / 2 + randombytes_uniform(full_ms / 2 + 1);
}

static void report(struct fam_poller *poller, const struct fam_api_result *result)
{
    static const struct {
        enum fam_api_outcome outcome;
        enum fam_log_level level;
        const char *event;
    } events[] = {
        {FAM_API_CONFLICT, FAM_LOG_ERROR, "another bot polls with this token, or a webhook is set: waiting"},
        {FAM_API_UNAUTHORIZED, FAM_LOG_ERROR, "Telegram refuses the token: check TELEGRAM_BOT_TOKEN"},
        {FAM_API_FLOOD, FAM_LOG_WARN, "Telegram asks to poll less"},
        {FAM_API_UNAVAILABLE, FAM_LOG_WARN, "Telegram does not answer"},
        {FAM_API_REJECTED, FAM_LOG_ERROR, "Telegram refuses to be polled"},
    };
    if (poller->reported == result->outcome) {
        return;
    }
    poller->reported = result->outcome;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(events); i++) {
        if (events[i].outcome == result->outcome) {
            FAM_LOG(poller->options.log, events[i].level, "poller", events[i].event,
                    FAM_U64("http_status", result->http_status));
        }
    }
}

static void wait_after_failure(struct fam_poller *poller, const struct fam_api_result *result)
{
    uint32_t wait_ms = backoff_ms(poller, BACKOFF_MS);
    report(poller, result);
    if (result->outcome == FAM_API_CONFLICT) {
        wait_ms = backoff_ms(poller, 2000);
        if (poller->options.conflict) {
            poller->options.conflict(poller->options.lead);
        }
    } else if (result->outcome == FAM_API_UNAUTHORIZED) {
        wait_ms = REVOKED_MS;
    } else if (result->outcome == FAM_API_FLOOD) {
        uint64_t asked_ms = (uint64_t)result->retry_after_s * 1000;
        wait_ms = asked_ms > FLOOD_MAX_MS ? FLOOD_MAX_MS : (uint32_t)asked_ms;
    }
    poller->failures++;
    pause_ms(poller, wait_ms);
}

/* No poll was answered yet. */
static bool is_first(const struct fam_poller *poller)
{
    return atomic_load(&poller->last_poll_ms) == 0;
}

static void count(struct fam_poller *poller, const char *kind, const char *result)
{
    fam_metrics_add(poller->options.metrics, FAM_M_BOT_UPDATES, FAM_LABELS(kind, result), 1);
}

/* An update that can't be read: its id is all that is told of it. */
static bool skip_poison(struct fam_poller *poller, const char *text, size_t size)
{
    int64_t id;
    if (!fam_update_scan_id(text, size, &id)) {
        FAM_LOG0(poller->options.log, FAM_LOG_ERROR, "poller", "an update without an id");
        return false;
    }
    if (fam_lanes_skip(poller->options.lanes, id) != FAM_LANES_TAKEN) {
        return false;
    }
    FAM_LOG(poller->options.log, FAM_LOG_ERROR, "poller", "an update that can't be read was skipped",
            FAM_I64("update_id", id));
    count(poller, "other", "poison");
    return true;
}

/* Puts the updates into their lanes; returns how many were new. */
static size_t take_updates(struct fam_poller *poller, const struct fam_span *spans, size_t span_count)
{
    size_t fresh = 0;
    for (size_t i = 0; i < span_count; i++) {
        int64_t id;
        if (fam_update_scan_id(spans[i].start, spans[i].size, &id) && fam_lanes_knows(poller->options.lanes, id)) {
            continue;
        }
        struct fam_update *update = fam_update_parse(spans[i].start, spans[i].size);
        if (!update) {
            fresh += skip_poison(poller, spans[i].start, spans[i].size);
            continue;
        }
        enum fam_lanes_put put = fam_lanes_put(poller->options.lanes, update);
        if (put == FAM_LANES_FULL) {
            break;
        }
        fresh += put == FAM_LANES_TAKEN;
    }
    return fresh;
}

/* The outline is broken although HTTP says that all is well. After two of these updates are fetched one at a time, and
 * the one that stays broken is skipped by its id. */
static void handle_broken(struct fam_poller *poller, const struct fam_buf *body, bool was_single)
{
    poller->broken++;
    if (was_single && skip_poison(poller, fam_buf_text(body), body->size)) {
        poller->broken = 0;
        poller->isolated = 0;
        return;
    }
    if (poller->broken >= BROKEN_BEFORE_ISOLATION) {
        poller->isolated = ISOLATED_POLLS;
    }
    FAM_LOG(poller->options.log, FAM_LOG_WARN, "poller", "an answer of getUpdates that can't be read",
            FAM_U64("bytes", body->size));
    pause_ms(poller, backoff_ms(poller, BACKOFF_MS));
    poller->failures++;
}

static void handle_answer(struct fam_poller *poller, const struct fam_buf *body, bool was_single, uint64_t started_ms)
{
    struct fam_span spans[BATCH];
    size_t span_count, fresh;
    if (!fam_updates_split(fam_buf_text(body), body->size, spans, BATCH, &span_count)) {
        handle_broken(poller, body, was_single);
        return;
    }
    if (poller->reported != FAM_API_OK || is_first(poller)) {
        FAM_LOG0(poller->options.log, FAM_LOG_INFO, "poller",
                 is_first(poller) ? "Telegram answers" : "Telegram answers again");
    }
    poller->reported = FAM_API_OK;
    poller->failures = 0;
    poller->broken = 0;
    if (poller->isolated > 0) {
        poller->isolated = span_count > 0 ? poller->isolated - 1 : 0;
    }
    atomic_store(&poller->last_poll_ms, fam_mono_ms());
    fam_metrics_set(poller->options.metrics, FAM_M_BOT_LAST_POLL, NULL, (double)fam_wall_ms() / 1000.0);
    if (!may_poll(poller)) {
        return; /* they come again, to the process that leads now */
    }
    fresh = take_updates(poller, spans, span_count);
    if (fresh > 0) {
        poller->last_update_ms = fam_mono_ms();
        poller->wait_ms = PAUSE_MS;
    } else if (span_count > 0) {
        poller->wait_ms = poller->wait_ms < PAUSE_MAX_MS ? 2 * poller->wait_ms : PAUSE_MAX_MS;
    } else if (fam_mono_ms() - started_ms < REPEAT_MS) {
        pause_ms(poller, REPEAT_MS);
    }
}

/* The first poll does not wait for updates, so that the health page soon knows whether Telegram takes the token. */
static void poll_once(struct fam_poller *poller)
{
    char json[256];
    bool single = poller->isolated > 0;
    uint64_t started_ms = fam_mono_ms();
    struct fam_api_result result;
    poller->asked = fam_lanes_offset(poller->options.lanes);
    snprintf(json, sizeof(json),
             "{\"offset\":%" PRId64 ",\"limit\":%d,\"timeout\":%d,\"allowed_updates\":[\"message\",\"edited_message\","
             "\"callback_query\",\"my_chat_member\"]}",
             poller->asked, single ? 1 : BATCH, is_first(poller) || poller->is_rested ? 0 : POLL_S);
    poller->is_rested = false;
    fam_api_call(poller->options.api, "getUpdates", json, POLL_TIMEOUT_MS,
                 poller->options.cut ? poller->options.cut : poller->options.stop, &result);
    if (result.outcome == FAM_API_OK) {
        handle_answer(poller, &result.body, single, started_ms);
    } else if (result.outcome != FAM_API_ABORTED) {
        wait_after_failure(poller, &result);
    }
    fam_api_result_done(&result);
}

/* Waits for the moment of the next poll. False: not yet, look again. */
static bool wait_for_turn(struct fam_poller *poller)
{
    struct fam_lanes *lanes = poller->options.lanes;
    if (poller->isolated > 0) {
        return fam_lanes_wait_idle(lanes, REPEAT_MS);
    }
    (void)fam_lanes_wait_progress(lanes, poller->asked, FEW_IN_HAND, poller->wait_ms);
    return fam_lanes_room(lanes) > 0 || fam_lanes_wait_progress(lanes, poller->asked, SIZE_MAX, REPEAT_MS);
}

void fam_poller_run(struct fam_poller *poller)
{
    struct fam_lanes *lanes = poller->options.lanes;
    poller->last_update_ms = fam_mono_ms();
    while (!is_stopping(poller)) {
        bool turn = wait_for_turn(poller);
        if (is_stopping(poller)) {
            break;
        }
        if (!may_poll(poller)) {
            poller->is_rested = true;
            pause_ms(poller, REST_MS);
            continue;
        }
        if (!turn) {
            continue;
        }
        if (fam_lanes_pending(lanes) == 0 && fam_mono_ms() - poller->last_update_ms > quiet_ms) {
            fam_lanes_forget(lanes);
        }
        poll_once(poller);
    }
}

struct fam_poller *fam_poller_new(const struct fam_poller_options *options, struct fam_status *status)
{
    struct fam_poller *poller = calloc(1, sizeof(*poller));
    if (!poller) {
        fam_fail_memory(status);
        return NULL;
    }
    poller->options = *options;
    poller->reported = FAM_API_OK;
    poller->wait_ms = PAUSE_MS;
    return poller;
}

uint64_t fam_poller_age_ms(const struct fam_poller *poller)
{
    uint64_t last_ms = atomic_load(&poller->last_poll_ms), now_ms = fam_mono_ms();
    return last_ms == 0 ? UINT64_MAX : now_ms > last_ms ? now_ms - last_ms : 0;
}

void fam_poller_free(struct fam_poller *poller)
{
    free(poller);
}
