/* claude_private.h: what claude.c (what others call), claude_run.c (the client's thread) and claude_spent.c (usage of
 * the day) share. The lock guards everything that changes; it may be held while the HTTP client's is taken, never the
 * other way round, and never while a caller's function runs. */
#ifndef FAM_TRANSLATE_CLAUDE_PRIVATE_H
#define FAM_TRANSLATE_CLAUDE_PRIVATE_H

#include <pthread.h>

#include "net/backoff.h"
#include "net/breaker.h"
#include "net/http_client.h"
#include "translate/claude.h"
#include "translate/claude_models.h"

enum { FAM_CLAUDE_ATTEMPTS = 3 };

/* The headers that are kept of each answer, in the order of HEADERS in claude.c. */
enum {
    FAM_CLAUDE_LIMITS = 4,
    FAM_CLAUDE_HEADER_SHOULD_RETRY = 3 * FAM_CLAUDE_LIMITS,
    FAM_CLAUDE_HEADERS,
};

struct fam_claude_call {
    struct fam_claude *claude;
    struct fam_claude_call *previous, *next; /* in the one list it is in */
    fam_claude_done *done;
    void *context;
    struct fam_secret body;
    uint64_t deadline_ms;
    uint64_t patient_until_ms; /* deadline_ms at most */
    uint64_t not_before_ms;    /* a retry's time */
    unsigned attempts;         /* begun */
    struct fam_http_call *http[FAM_CLAUDE_ATTEMPTS];
    uint64_t ticket; /* of the breaker, for the attempt in flight */
    uint64_t started_us;
    bool in_flight, cancelled, over;
    enum fam_code code; /* how it ends */
    struct fam_status status;
};

struct fam_claude_list {
    struct fam_claude_call *first, *last;
    size_t size;
};

struct fam_claude_day {
    int64_t number; /* days since 1970, UTC */
    size_t model_count;
    struct fam_claude_model_usage models[FAM_CLAUDE_MODELS_MAX];
    struct fam_claude_usage all;
};

struct fam_claude {
    struct fam_claude_options options; /* seams filled in; strings are not kept */
    struct fam_claude_model model;
    struct fam_secret url;
    struct fam_secret key_header; /* "x-api-key: …" */
    char version_header[64];
    struct fam_http_client *http;
    struct fam_breaker *breaker;
    struct fam_backoff backoff;

    pthread_mutex_t lock;
    pthread_cond_t changed;         /* a call is over */
    struct fam_claude_list waiting; /* for their turn or for a retry's time, in the order of asking */
    uint32_t in_flight;
    uint64_t paused_until_ms;                          /* 0: not */
    unsigned rate_limited;                             /* answers 429 in a row */
    struct fam_claude_limit limits[FAM_CLAUDE_LIMITS]; /* requests, tokens, input tokens, output tokens */
    struct fam_claude_day day;
    bool stopping;
};

/* claude_run.c */
uint32_t fam_claude_tick(void *claude);
void fam_claude_list_add(struct fam_claude_list *list, struct fam_claude_call *call);
/* With the lock held: RATE_LIMITED when the pause lasts beyond the deadline. */
enum fam_code fam_claude_check_pause(const struct fam_claude *claude, uint64_t now_ms, uint64_t deadline_ms,
                                     struct fam_status *status);
void fam_claude_count_result(struct fam_claude *claude, enum fam_code code, const struct fam_status *status);

/* claude_spent.c, with the lock held. */
enum fam_code fam_claude_check_budget(struct fam_claude *claude, struct fam_status *status);
void fam_claude_count_spent(struct fam_claude *claude, const char *model, uint64_t answers,
                            const struct fam_claude_usage *usage);

#endif
