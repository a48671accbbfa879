/* claude_run.c: what the client's thread does: it sends what may be sent, and judges what came back. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "translate/claude_private.h"
#include "translate/claude_wire.h"

enum {
    PAUSE_MOST_MS = 600000,
    PAUSE_LEAST_MS = 100, /* jitter alone could say "at once", and an answer 429 never means that */
    RETRY_LEAST_MS = 100, /* a question with less time left is not sent again */
    CONNECT_TIMEOUT_MS = 5000,
    STATUS_OK = 200,
    STATUS_TIMEOUT = 408,
    STATUS_CONFLICT = 409,
    STATUS_RATE_LIMITED = 429,
    STATUS_OVERLOADED = 529,
};

void fam_claude_list_add(struct fam_claude_list *list, struct fam_claude_call *call)
{
    call->next = NULL;
    call->previous = list->last;
    if (list->last != NULL) {
        list->last->next = call;
    } else {
        list->first = call;
    }
    list->last = call;
    list->size++;
}

static void list_remove(struct fam_claude_list *list, struct fam_claude_call *call)
{
    if (call->previous != NULL) {
        call->previous->next = call->next;
    } else {
        list->first = call->next;
    }
    if (call->next != NULL) {
        call->next->previous = call->previous;
    } else {
        list->last = call->previous;
    }
    call->previous = NULL;
    call->next = NULL;
    list->size--;
}

static void set_gauges(struct fam_claude *claude)
{
    static const double BREAKER[] = {[FAM_BREAKER_CLOSED] = 0, [FAM_BREAKER_HALF_OPEN] = 1, [FAM_BREAKER_OPEN] = 2};
    struct fam_metrics *metrics = claude->options.metrics;
    struct fam_breaker_view view;
    fam_breaker_read(claude->breaker, &view);
    pthread_mutex_lock(&claude->lock);
    double in_flight = claude->in_flight;
    double queued = (double)claude->waiting.size;
    bool paused = claude->paused_until_ms > claude->options.now_ms();
    pthread_mutex_unlock(&claude->lock);
    fam_metrics_set(metrics, FAM_M_CLAUDE_BREAKER, NULL, BREAKER[view.state]);
    fam_metrics_set(metrics, FAM_M_CLAUDE_IN_FLIGHT, NULL, in_flight);
    fam_metrics_set(metrics, FAM_M_CLAUDE_QUEUED, NULL, queued);
    fam_metrics_set(metrics, FAM_M_CLAUDE_PAUSED, NULL, paused ? 1 : 0);
}

/* ---- the end of a question ---- */

void fam_claude_count_result(struct fam_claude *claude, enum fam_code code, const struct fam_status *status)
{
    static const char *const RESULTS[][2] = {
        {"REFUSAL", "refusal"},
        {"MAX_TOKENS", "max_tokens"},
        {"CONTEXT", "context"},
        {"INVALID_ANSWER", "invalid_answer"},
        {"RATE_LIMITED", "rate_limited"},
        {"OVERLOADED", "overloaded"},
        {"SERVER_ERROR", "server_error"},
        {"TIMEOUT", "timeout"},
        {"QUEUE_TIMEOUT", "queue_timeout"},
        {"CONNECTION", "connection"},
        {"BREAKER_OPEN", "breaker_open"},
        {"BUDGET", "budget"},
        {"QUEUE_FULL", "queue_full"},
        {"CANCELLED", "cancelled"},
    };
    const char *result = code == FAM_OK ? "success" : code == FAM_FAILED_PRECONDITION ? "rejected" : "other";
    for (size_t i = 0; code != FAM_OK && i < FAM_ARRAY_SIZE(RESULTS); i++) {
        if (strcmp(status->reason, RESULTS[i][0]) == 0) {
            result = RESULTS[i][1];
        }
    }
    fam_metrics_add(claude->options.metrics, FAM_M_CLAUDE_ANSWERS, FAM_LABELS(result), 1);
}

/* The call is in no list any more. After this it belongs to whoever frees it. */
static void end_call(struct fam_claude_call *call, const struct fam_claude_answer *answer)
{
    struct fam_claude *claude = call->claude;
    fam_claude_count_result(claude, call->code, &call->status);
    call->done(call->context, call->code, call->code == FAM_OK ? answer : NULL, &call->status);
    pthread_mutex_lock(&claude->lock);
    call->over = true;
    pthread_cond_broadcast(&claude->changed);
    pthread_mutex_unlock(&claude->lock);
}

/* ---- what comes back ---- */

/* How one attempt went. */
struct attempt {
    enum fam_code code;
    struct fam_status status;
    enum fam_breaker_result breaker;
    bool retry;        /* worth another attempt */
    bool rate_limited; /* everybody waits */
    uint32_t retry_after_ms;
};

static void note_limits(struct fam_claude *claude, const struct fam_http_response *response)
{
    for (size_t i = 0; i < FAM_CLAUDE_LIMITS; i++) {
        const char *limit = response->wanted[3 * i];
        const char *remaining = response->wanted[3 * i + 1];
        const char *reset = response->wanted[3 * i + 2];
        if (limit[0] != '\0' || remaining[0] != '\0' || reset[0] != '\0') {
            struct fam_claude_limit *kept = &claude->limits[i];
            (void)snprintf(kept->limit, sizeof(kept->limit), "%.*s", (int)sizeof(kept->limit) - 1, limit);
            (void)snprintf(kept->remaining, sizeof(kept->remaining), "%.*s", (int)sizeof(kept->remaining) - 1,
                           remaining);
            (void)snprintf(kept->reset, sizeof(kept->reset), "%.*s", (int)sizeof(kept->reset) - 1, reset);
        }
    }
}

/* No answer came. */
static void judge_failure(struct attempt *attempt, enum fam_code code, const struct fam_status *status)
{
    attempt->code = code;
    attempt->breaker = FAM_BREAKER_NEUTRAL;
    switch (code) {
    case FAM_CANCELLED:
        (void)fam_fail_reason(&attempt->status, code, "CANCELLED", 0, "the question was cancelled");
        break;
    case FAM_DEADLINE_EXCEEDED: /* an early one is the connection's: there may be time for another */
        (void)fam_fail_reason(&attempt->status, code, "TIMEOUT", 0, "Claude did not answer in time");
        attempt->breaker = FAM_BREAKER_FAILURE;
        attempt->retry = true;
        break;
    case FAM_UNAVAILABLE:
        (void)fam_fail_reason(&attempt->status, code, "CONNECTION", 0, "Claude: %s", status->message);
        attempt->breaker = FAM_BREAKER_FAILURE;
        attempt->retry = true;
        break;
    case FAM_OUT_OF_RANGE:
        attempt->code = fam_fail_reason(&attempt->status, FAM_INTERNAL, "INVALID_ANSWER", 0,
                                        "Claude's answer is of no use: it is too large");
        break;
    default:
        attempt->status = *status;
        break;
    }
}

static bool read_should_retry(const struct fam_http_response *response, bool otherwise)
{
    const char *told = response->wanted[FAM_CLAUDE_HEADER_SHOULD_RETRY];
    return strcmp(told, "true") == 0 || (otherwise && strcmp(told, "false") != 0);
}

/* An answer came, and it is an error. The API's own words are not repeated: they may quote the question. */
static void judge_error(struct attempt *attempt, const struct fam_http_response *response)
{
    unsigned http_status = response->http_status;
    const char *id = response->request_id[0] != '\0' ? response->request_id : "no request id";
    attempt->rate_limited = http_status == STATUS_RATE_LIMITED;
    attempt->breaker = attempt->rate_limited                                 ? FAM_BREAKER_NEUTRAL
                       : http_status >= 500 || http_status == STATUS_TIMEOUT ? FAM_BREAKER_FAILURE
                                                                             : FAM_BREAKER_SUCCESS; /* it works */
    attempt->retry_after_ms = response->retry_after_ms;
    attempt->retry = read_should_retry(response, http_status == STATUS_TIMEOUT || http_status == STATUS_CONFLICT ||
                                                     http_status == STATUS_RATE_LIMITED || http_status >= 500);
    if (attempt->rate_limited) {
        attempt->code = fam_fail_reason(&attempt->status, FAM_RESOURCE_EXHAUSTED, "RATE_LIMITED", 0,
                                        "Claude asks to wait (HTTP 429, %s)", id);
    } else if (http_status == STATUS_OVERLOADED) {
        attempt->code = fam_fail_reason(&attempt->status, FAM_UNAVAILABLE, "OVERLOADED", 0,
                                        "Claude is overloaded (HTTP 529, %s)", id);
    } else if (http_status >= 500) {
        attempt->code = fam_fail_reason(&attempt->status, FAM_UNAVAILABLE, "SERVER_ERROR", 0,
                                        "Claude failed (HTTP %u, %s)", http_status, id);
    } else if (http_status == STATUS_TIMEOUT) {
        attempt->code = fam_fail_reason(&attempt->status, FAM_DEADLINE_EXCEEDED, "TIMEOUT", 0,
                                        "Claude did not answer in time (HTTP 408, %s)", id);
    } else {
        attempt->code = fam_fail_reason(&attempt->status, FAM_FAILED_PRECONDITION,
                                        fam_claude_wire_error(fam_buf_text(&response->body), response->body.size), 0,
                                        "Claude rejects the request (HTTP %u, %s)", http_status, id);
    }
}

static void count_usage(struct fam_claude *claude, const struct fam_claude_usage *usage)
{
    struct fam_metrics *metrics = claude->options.metrics;
    if (usage->input_tokens + usage->cache_write_tokens + usage->cache_read_tokens + usage->output_tokens == 0) {
        return;
    }
    pthread_mutex_lock(&claude->lock);
    fam_claude_count_spent(claude, claude->model.id, 1, usage);
    pthread_mutex_unlock(&claude->lock);
    fam_metrics_add(metrics, FAM_M_CLAUDE_TOKENS, FAM_LABELS("input"), (double)usage->input_tokens);
    fam_metrics_add(metrics, FAM_M_CLAUDE_TOKENS, FAM_LABELS("cache_write"), (double)usage->cache_write_tokens);
    fam_metrics_add(metrics, FAM_M_CLAUDE_TOKENS, FAM_LABELS("cache_read"), (double)usage->cache_read_tokens);
    fam_metrics_add(metrics, FAM_M_CLAUDE_TOKENS, FAM_LABELS("output"), (double)usage->output_tokens);
    fam_metrics_add(metrics, FAM_M_CLAUDE_COST, NULL, (double)usage->cost_micro_usd / 1e6);
    if (claude->options.on_usage != NULL) {
        claude->options.on_usage(claude->options.context, claude->model.id, usage);
    }
}

static void judge(struct fam_claude *claude, enum fam_code code, const struct fam_http_response *response,
                  const struct fam_status *status, struct attempt *attempt, struct fam_claude_answer *answer)
{
    if (code != FAM_OK) {
        judge_failure(attempt, code, status);
    } else if (response->http_status != STATUS_OK) {
        judge_error(attempt, response);
    } else {
        attempt->breaker = FAM_BREAKER_SUCCESS;
        attempt->code = fam_claude_wire_answer(&claude->model, fam_buf_text(&response->body), response->body.size,
                                               answer, &attempt->status);
        count_usage(claude, &answer->usage);
    }
}

static uint32_t left_ms(const struct fam_claude_call *call, uint64_t now_ms)
{
    return call->deadline_ms > now_ms ? (uint32_t)(call->deadline_ms - now_ms) : 0;
}

static uint32_t patience_ms(const struct fam_claude_call *call, uint64_t now_ms)
{
    return call->patient_until_ms > now_ms ? (uint32_t)(call->patient_until_ms - now_ms) : 0;
}

/* Nothing is sent until the wait is over. With the lock held. */
static void pause_all(struct fam_claude *claude, uint32_t retry_after_ms, uint64_t now_ms)
{
    uint32_t wait_ms = 0;
    claude->rate_limited++;
    (void)fam_backoff_wait(&claude->backoff, claude->rate_limited, retry_after_ms, UINT32_MAX, &wait_ms);
    wait_ms = wait_ms < PAUSE_LEAST_MS ? PAUSE_LEAST_MS : wait_ms > PAUSE_MOST_MS ? PAUSE_MOST_MS : wait_ms;
    uint64_t until_ms = now_ms + wait_ms + 1; /* the clock's own millisecond */
    if (until_ms > claude->paused_until_ms) {
        claude->paused_until_ms = until_ms;
    }
}

/* Puts the call back, to be sent again when it is time; false when that can't be in time, or not any more. With the
 * lock held. */
static bool plan_retry(struct fam_claude_call *call, struct attempt *attempt, uint64_t now_ms)
{
    struct fam_claude *claude = call->claude;
    uint32_t wait_ms = 0;
    if (attempt->rate_limited) {
        wait_ms = (uint32_t)(claude->paused_until_ms - now_ms);
        attempt->status.retry_after_ms = wait_ms;
    } else if (attempt->retry) {
        (void)fam_backoff_wait(&claude->backoff, call->attempts, attempt->retry_after_ms, UINT32_MAX, &wait_ms);
    }
    if (!attempt->retry || call->attempts == FAM_CLAUDE_ATTEMPTS || call->cancelled || claude->stopping ||
        (uint64_t)wait_ms + RETRY_LEAST_MS >= patience_ms(call, now_ms)) {
        return false;
    }
    call->not_before_ms = now_ms + wait_ms;
    fam_claude_list_add(&claude->waiting, call);
    return true;
}

static void log_changes(struct fam_claude *claude, const struct attempt *attempt, const struct fam_breaker_view *before)
{
    struct fam_breaker_view after;
    fam_breaker_read(claude->breaker, &after);
    if (after.state != before->state) {
        FAM_LOG(claude->options.log, FAM_LOG_WARN, "claude", "breaker changed",
                FAM_STR("state", fam_breaker_state_name(after.state)), FAM_U64("failures", after.failures));
    }
    if (attempt->rate_limited) {
        FAM_LOG(claude->options.log, FAM_LOG_WARN, "claude", "paused",
                FAM_U64("wait_ms", attempt->status.retry_after_ms));
    }
}

static void on_http_done(void *context, enum fam_code code, struct fam_http_response *response,
                         const struct fam_status *status)
{
    struct fam_claude_call *call = context;
    struct fam_claude *claude = call->claude;
    struct attempt attempt = {.code = FAM_OK};
    struct fam_claude_answer answer = {.model = ""};
    struct fam_breaker_view before;
    fam_metrics_add(claude->options.metrics, FAM_M_API_REQUESTS,
                    FAM_LABELS("claude", fam_http_outcome(code, code == FAM_OK ? response->http_status : 0)), 1);
    fam_metrics_observe(claude->options.metrics, FAM_M_API_SECONDS, FAM_LABELS("claude"),
                        (double)(fam_mono_us() - call->started_us) / 1e6);
    judge(claude, code, response, status, &attempt, &answer);
    fam_breaker_read(claude->breaker, &before);
    fam_breaker_report(claude->breaker, call->ticket, attempt.breaker);
    pthread_mutex_lock(&claude->lock);
    uint64_t now_ms = claude->options.now_ms();
    call->in_flight = false;
    claude->in_flight--;
    if (code == FAM_OK) {
        note_limits(claude, response);
    }
    if (attempt.rate_limited) {
        pause_all(claude, attempt.retry_after_ms, now_ms);
    } else if (attempt.breaker == FAM_BREAKER_SUCCESS) {
        claude->rate_limited = 0;
    }
    call->code = attempt.code;
    bool again = plan_retry(call, &attempt, now_ms);
    call->status = attempt.status;
    pthread_mutex_unlock(&claude->lock);
    set_gauges(claude);
    log_changes(claude, &attempt, &before);
    if (again) {
        fam_metrics_add(claude->options.metrics, FAM_M_CLAUDE_RETRIES, NULL, 1);
    } else {
        end_call(call, &answer);
    }
    fam_secret_done(&answer.text);
}

/* ---- what is sent ---- */

enum fam_code fam_claude_check_pause(const struct fam_claude *claude, uint64_t now_ms, uint64_t deadline_ms,
                                     struct fam_status *status)
{
    if (claude->paused_until_ms > now_ms && claude->paused_until_ms >= deadline_ms) {
        return fam_fail_reason(status, FAM_RESOURCE_EXHAUSTED, "RATE_LIMITED",
                               (uint32_t)(claude->paused_until_ms - now_ms),
                               "Claude has asked to wait longer than the question can");
    }
    return FAM_OK;
}

/* With the lock held; `done` comes on this thread, later. */
static enum fam_code send_call(struct fam_claude_call *call, uint64_t now_ms, struct fam_status *status)
{
    struct fam_claude *claude = call->claude;
    const char *const headers[] = {fam_secret_text(&claude->key_header), claude->version_header};
    const struct fam_http_request request = {.url = &claude->url,
                                             .content_type = "application/json",
                                             .body = call->body.data,
                                             .body_size = call->body.size,
                                             .headers = headers,
                                             .header_count = FAM_ARRAY_SIZE(headers),
                                             .timeout_ms = left_ms(call, now_ms),
                                             .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                             .response_bytes = FAM_CLAUDE_RESPONSE_BYTES};
    call->started_us = fam_mono_us();
    enum fam_code code =
        fam_http_start(claude->http, &request, on_http_done, call, &call->http[call->attempts], status);
    if (code == FAM_OK) {
        call->attempts++;
        call->in_flight = true;
        claude->in_flight++;
    } else {
        fam_breaker_report(claude->breaker, call->ticket, FAM_BREAKER_NEUTRAL);
    }
    return code;
}

enum turn { TURN_WAIT, TURN_SENT, TURN_OVER };

/* A retry that can't be sent ends as its last attempt did, which says more. */
static enum turn refuse(struct fam_claude_call *call, const struct fam_status *status)
{
    if (call->attempts == 0) {
        call->code = status->code;
        call->status = *status;
    }
    return TURN_OVER;
}

/* Why a call that waits need not wait longer, or whether it is its turn. With the lock held. */
static enum turn take_turn(struct fam_claude_call *call, uint64_t now_ms)
{
    struct fam_claude *claude = call->claude;
    struct fam_status *status = &call->status;
    struct fam_status refusal = {.code = FAM_OK};
    if (call->cancelled || claude->stopping) {
        call->code = fam_fail_reason(status, FAM_CANCELLED, "CANCELLED", 0, "the question was cancelled");
        return TURN_OVER;
    }
    if (now_ms >= call->deadline_ms) {
        (void)fam_fail_reason(&refusal, FAM_DEADLINE_EXCEEDED, "QUEUE_TIMEOUT", 0,
                              "the question's time was up before it could be sent");
        return refuse(call, &refusal);
    }
    if (fam_claude_check_budget(claude, &refusal) != FAM_OK ||
        fam_claude_check_pause(claude, now_ms, call->patient_until_ms, &refusal) != FAM_OK) {
        return refuse(call, &refusal);
    }
    if (claude->paused_until_ms > now_ms || call->not_before_ms > now_ms ||
        claude->in_flight >= claude->options.concurrency) {
        return TURN_WAIT;
    }
    if (!fam_breaker_try(claude->breaker, &call->ticket, &refusal)) {
        return refuse(call, &refusal);
    }
    if (send_call(call, now_ms, &refusal) != FAM_OK) {
        call->code = refusal.code;
        *status = refusal;
        return TURN_OVER;
    }
    return TURN_SENT;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When the waiting call next needs a look; a free place is no matter of time. With the lock held. */
static uint64_t next_look_ms(const struct fam_claude_call *call, uint64_t now_ms)
{
    const struct fam_claude *claude = call->claude;
    uint64_t ready_ms = call->not_before_ms > claude->paused_until_ms ? call->not_before_ms : claude->paused_until_ms;
    return ready_ms > now_ms ? earlier(ready_ms, call->deadline_ms) : call->deadline_ms;
}

uint32_t fam_claude_tick(void *context)
{
    struct fam_claude *claude = context;
    struct fam_claude_list over = {.size = 0};
    struct fam_claude_call *next = NULL;
    pthread_mutex_lock(&claude->lock);
    uint64_t now_ms = claude->options.now_ms();
    /* The end of a pause is worth a look for the gauge's sake. */
    uint64_t look_ms = claude->paused_until_ms > now_ms ? claude->paused_until_ms : UINT64_MAX;
    for (struct fam_claude_call *call = claude->waiting.first; call != NULL; call = next) {
        next = call->next;
        enum turn turn = take_turn(call, now_ms);
        if (turn == TURN_WAIT) {
            look_ms = earlier(look_ms, next_look_ms(call, now_ms));
            continue;
        }
        list_remove(&claude->waiting, call);
        if (turn == TURN_OVER) {
            fam_claude_list_add(&over, call);
        }
    }
    pthread_mutex_unlock(&claude->lock);
    set_gauges(claude);
    while (over.first != NULL) {
        struct fam_claude_call *call = over.first;
        list_remove(&over, call);
        end_call(call, NULL);
    }
    if (look_ms == UINT64_MAX) {
        return UINT32_MAX;
    }
    uint64_t wait_ms = look_ms > now_ms ? look_ms - now_ms : 0;
    return wait_ms < UINT32_MAX ? (uint32_t)wait_ms : UINT32_MAX - 1;
}
