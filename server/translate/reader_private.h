/* reader_private.h: what reader.c and reader_flight.c share. Private to the reader.
 *
 * Locks: reader.lock guards the table, the lists and the states; flight.settling is held across the guard and Redis,
 * and reader.lock may be taken inside it, never the reverse. `ready` is called without a lock of ours. */
#ifndef FAM_TRANSLATE_READER_PRIVATE_H
#define FAM_TRANSLATE_READER_PRIVATE_H

#include <pthread.h>

#include "base/secret.h"
#include "translate/claude.h"
#include "translate/guard.h"
#include "translate/prompt.h"
#include "translate/reader.h"
#include "translate/reading_cache.h"

enum { FAM_FLIGHT_BUCKETS = 256 };

enum fam_flight_state {
    FAM_FLIGHT_STARTING,  /* its first waiter looks into the cache and asks Claude */
    FAM_FLIGHT_ASKING,    /* Claude has the question */
    FAM_FLIGHT_ELSEWHERE, /* another server has */
    FAM_FLIGHT_ANSWERED,  /* an answer is there: `cached`, or `text` that nobody has looked at */
    FAM_FLIGHT_FAILED,
};

struct fam_reader_wait {
    struct fam_reader *reader;
    void (*ready)(void *context);
    void *context;
    struct fam_pseudonyms *pseudonyms;
    Fam__V1__Language language;
    /* under reader.lock */
    struct fam_flight *flight; /* NULL before it started */
    struct fam_reader_wait *previous, *next;
    bool listed; /* among the flight's waiters: not ended yet */
    bool cancelled;
    bool goes_on;       /* as the question said */
    bool starting;      /* fam_reader_start is at work: it tells, and not `ready` */
    enum fam_code code; /* why it ended by itself; FAM_OK: the flight tells */
    uint64_t deadline_ms;
};

/* One question that is on its way, and who waits for it. */
struct fam_flight {
    struct fam_reader *reader;
    struct fam_cache_key key;
    char version[64]; /* of the prompt */
    /* under reader.lock */
    size_t references; /* waits that name it, its starter, Claude */
    enum fam_flight_state state;
    bool tabled;
    struct fam_flight *bucket_next;
    struct fam_flight *list_next; /* of the dead, or of the unsettled: never of both */
    struct fam_reader_wait *waiters;
    struct fam_claude_call *call;
    uint64_t deadline_ms;
    enum fam_code code;
    struct fam_status status;          /* of a failure */
    struct fam_secret text;            /* Claude's document */
    bool claimed;                      /* in Redis, by us */
    bool goes_on;                      /* though nobody may wait for it any more; counted in the reader's `going_on` */
    struct fam_pseudonyms *pseudonyms; /* then: of the first whose patience ended */
    Fam__V1__Language language;        /* and the language of its answer */
    /* under settling */
    pthread_mutex_t settling;
    bool settled;
    enum fam_code settled_code;
    struct fam_status settled_status;
    struct fam_cached_reading cached;
};

struct fam_reader {
    struct fam_reader_options options;
    char model[FAM_CLAUDE_MODEL_SIZE];
    struct fam_uuid claimant; /* this process */
    struct fam_pseudonymiser *pseudonymiser;
    struct fam_prompts *prompts;
    struct fam_guard *guard;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct fam_flight *buckets[FAM_FLIGHT_BUCKETS];
    struct fam_flight *dead;      /* nobody names them; the watcher frees them, for it may wait for Claude's thread */
    struct fam_flight *unsettled; /* answered after patience ended, each with a reference: the watcher settles them */
    size_t going_on;
    uint64_t next_ms; /* when the watcher looks next */
    pthread_t watcher;
    bool watching, stop;
};

/* reader.c: under flight->settling: the answer through the guard, and into the cache. */
void fam_flight_settle(struct fam_flight *flight, const struct fam_pseudonyms *pseudonyms, Fam__V1__Language language);

/* reader_flight.c */

/* Starts and ends the thread that looks after patience, other servers' claims and dead flights. */
enum fam_code fam_flights_start(struct fam_reader *reader, struct fam_status *status);
void fam_flights_stop(struct fam_reader *reader);
/* Joins the flight of this key, or makes one, which then has `total_ms`; the wait has `timeout_ms`. *ret_first: it is
 * new, and the caller starts it (with a reference of its own). CANCELLED when the wait was cancelled already. */
struct fam_flight_terms {
    const char *version;
    uint32_t timeout_ms, total_ms;
};
enum fam_code fam_flight_join(struct fam_reader_wait *wait, const struct fam_cache_key *key,
                              const struct fam_flight_terms *terms, struct fam_flight **ret_flight, bool *ret_first,
                              struct fam_status *status);
/* Ends the flight for all who wait: `status` of a failure, or NULL: its `cached` or `text` is there. */
void fam_flight_end(struct fam_flight *flight, const struct fam_status *failure);
void fam_flight_wait_elsewhere(struct fam_flight *flight);
/* Out of the table: who comes now asks the cache. */
void fam_flight_untable(struct fam_flight *flight);
void fam_flight_release(struct fam_flight *flight);
/* Does anybody still wait, or does it go on without? */
bool fam_flight_is_wanted(struct fam_flight *flight);
/* fam_reader_start is done with the wait: true when it has ended already. */
bool fam_wait_started(struct fam_reader_wait *wait);
void fam_wait_leave(struct fam_reader_wait *wait);

#endif
