/* claude.h: Anthropic's Messages API (https://platform.claude.com/docs/en/api/messages), one question at a time.
 *
 * A question is a constant system text, a user text and a JSON schema; the answer is the one JSON document that the
 * model wrote. Questions wait in a bounded queue, `concurrency` at most are with Anthropic at once. One thread, that of
 * the HTTP client inside, does all the work; a question that waits holds no thread.
 *
 * What is retried, twice at most and only inside the question's time: connection failures, 408, 409, 429, 5xx (529
 * too), with exponential backoff and full jitter, or as long as retry-after says; x-should-retry has the last word.
 * After a 429 nothing is sent by this process before its retry-after (at most 10 minutes). A breaker opens after five
 * failures in a row (5xx, 408, time-outs, connections) for a minute. A budget a day in micro-dollars, UTC, bounds the
 * cost; questions that are with Anthropic when it is used up are finished, so it may be passed by their cost.
 *
 * The API key and all texts are secrets: no message, log line or metric repeats them. Thread-safe. */
#ifndef FAM_TRANSLATE_CLAUDE_H
#define FAM_TRANSLATE_CLAUDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "base/status.h"
#include "net/breaker.h"

struct fam_claude;
struct fam_claude_call;
struct fam_log;
struct fam_metrics;

enum {
    FAM_CLAUDE_MODEL_SIZE = 64,
    FAM_CLAUDE_MODELS_MAX = 8, /* of which usage is told apart in one day */
    FAM_CLAUDE_REQUEST_BYTES = 64 * 1024,
    FAM_CLAUDE_RESPONSE_BYTES = 256 * 1024,
};

struct fam_claude_prompt {
    const char *system; /* constant bytes: they are cached by Anthropic */
    const char *user;
    const char *schema; /* a JSON schema document */
    /* How long somebody waits: a pause that ends later than that, or a retry that would come later, ends the question
     * at once; a call that is merely slow may go on until the question's time is up. 0: as long as that. */
    uint32_t patience_ms;
};

struct fam_claude_usage {
    uint64_t input_tokens; /* neither written to nor read from the cache; the whole input is the sum of three */
    uint64_t cache_write_tokens, cache_read_tokens;
    uint64_t output_tokens;
    uint64_t cost_micro_usd;
};

struct fam_claude_answer {
    struct fam_secret text;            /* the one text block: a JSON object, not checked against the schema */
    char model[FAM_CLAUDE_MODEL_SIZE]; /* as the API names it */
    struct fam_claude_usage usage;
};

struct fam_claude_options {
    const char *base_url;             /* "https://api.anthropic.com" */
    const struct fam_secret *api_key; /* copied */
    const char *model;                /* a row of data/claude_models.tsv, or any other: then the row "*" counts */
    const char *user_agent;           /* "famserver/0.1.0" */
    const char *proxy;                /* http://, https://, socks5://; NULL or "": none */
    uint32_t concurrency;             /* 1 to 1,024; 0: 5 */
    uint32_t queue;                   /* 1 to 65,536; 0: 256 */
    uint64_t budget_micro_usd;        /* a day; 0: none */
    bool allow_plain_http;            /* http:// to any host; else only to this machine */
    struct fam_metrics *metrics;      /* may be NULL */
    struct fam_log *log;              /* may be NULL */
    /* After each answer that costs something, also one that is of no use; on the client's thread, must not block. May
     * be NULL. */
    void (*on_usage)(void *context, const char *model, const struct fam_claude_usage *usage);
    void *context;
    /* Seams for tests: NULL means the real thing. */
    uint64_t (*now_ms)(void);               /* monotonic */
    int64_t (*wall_ms)(void);               /* Unix time */
    uint32_t (*random_below)(uint32_t end); /* of the backoff */
};

/* INVALID_ARGUMENT: the address, the proxy, an empty key, a number out of range. */
struct fam_claude *fam_claude_new(const struct fam_claude_options *options, struct fam_status *status) FAM_MUST_CHECK;
/* Cancels what is queued or running; each `done` has returned afterwards; later questions are UNAVAILABLE. Not from
 * `done`. */
void fam_claude_stop(struct fam_claude *claude);
/* Stops. Every call must be freed. Takes NULL. */
void fam_claude_free(struct fam_claude *claude);

/* Exactly once, on the client's thread; must not block. The answer is borrowed, and NULL unless `code` is FAM_OK.
 * Failures by status->reason: REFUSAL (FAILED_PRECONDITION), MAX_TOKENS, CONTEXT (OUT_OF_RANGE), INVALID_ANSWER
 * (INTERNAL): an answer of no use; TIMEOUT, QUEUE_TIMEOUT (DEADLINE_EXCEEDED); CANCELLED (CANCELLED); RATE_LIMITED
 * (RESOURCE_EXHAUSTED, with retry_after_ms); BUDGET (RESOURCE_EXHAUSTED); BREAKER_OPEN, CONNECTION, OVERLOADED (529),
 * SERVER_ERROR (UNAVAILABLE); the API's error type in capitals, or REJECTED (FAILED_PRECONDITION): the request or the
 * key is wrong. */
typedef void fam_claude_done(void *context, enum fam_code code, const struct fam_claude_answer *answer,
                             const struct fam_status *status);

/* `timeout_ms` (not 0) covers queueing, retries and the answer. The prompt is copied. *ret_call is valid until
 * fam_claude_call_free. When this fails, `done` is not called: RESOURCE_EXHAUSTED with reason QUEUE_FULL, BUDGET, or
 * RATE_LIMITED (the pause outlasts the question's time); UNAVAILABLE, BREAKER_OPEN; INVALID_ARGUMENT: a text is no
 * UTF-8 or the schema no JSON object; OUT_OF_RANGE: over FAM_CLAUDE_REQUEST_BYTES. Never blocks. */
enum fam_code fam_claude_ask(struct fam_claude *claude, const struct fam_claude_prompt *prompt, uint32_t timeout_ms,
                             fam_claude_done *done, void *context, struct fam_claude_call **ret_call,
                             struct fam_status *status) FAM_MUST_CHECK;
/* From any thread, in the queue, between retries and in flight: the socket is closed, `done` follows with CANCELLED
 * unless something else was first. */
void fam_claude_call_cancel(struct fam_claude_call *call);
/* Waits until `done` has returned. Not from the call's own `done`. Takes NULL. */
void fam_claude_call_free(struct fam_claude_call *call);

/* "anthropic-ratelimit-…" of the last answer, as the API wrote them; "" when absent. */
struct fam_claude_limit {
    char limit[32], remaining[32];
    char reset[40]; /* RFC 3339 */
};

struct fam_claude_model_usage {
    char model[FAM_CLAUDE_MODEL_SIZE];
    struct fam_claude_usage usage;
    uint64_t answers;
};

struct fam_claude_state {
    char model[FAM_CLAUDE_MODEL_SIZE]; /* as configured */
    struct fam_breaker_view breaker;
    uint32_t in_flight, queued, concurrency, queue;
    uint32_t paused_ms; /* after a 429; 0: not */
    struct fam_claude_limit requests, tokens, input_tokens, output_tokens;
    /* Of today, UTC. The last of the models stands for all that had no place. */
    size_t model_count;
    struct fam_claude_model_usage models[FAM_CLAUDE_MODELS_MAX];
    struct fam_claude_usage today;
    uint64_t budget_micro_usd; /* 0: none */
};

void fam_claude_get_state(struct fam_claude *claude, struct fam_claude_state *ret_state);
void fam_claude_reset_breaker(struct fam_claude *claude);
/* What was used today before this process started, from wherever the program keeps it. No on_usage, no metric. */
void fam_claude_add_spent(struct fam_claude *claude, const char *model, uint64_t answers,
                          const struct fam_claude_usage *usage);

#endif
