/* claude_world.h: the whole system with the simulator of Claude in it, and many calls of Translate at once.
 *
 *     struct claude_world world;
 *     claude_world_start(&world, settings);
 *     struct person parent = system_family(&world.system, 1, 7);
 *     struct errands *errands = errands_new(&world.system, 100);
 *     for (size_t i = 0; i < 100; i++)
 *         errands_translate(errands, &parent, i, &requests[i]);
 *     for (struct errand *done; (done = errands_next(errands)) != NULL; errand_release(done))
 *         … done->number, done->code, errand_entry(done) …
 *     errands_free(errands);
 *     claude_world_stop(&world);
 *
 * Errands need no thread for each call; they belong to the thread that made them. Whatever does not come up, or does
 * not end in its time, fails the test. */
#ifndef FAM_TESTS_CLAUDE_WORLD_H
#define FAM_TESTS_CLAUDE_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/claude_client.h"
#include "system.h"

/* A heavy test does less under a sanitizer, which takes five to ten times as long. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CLAUDE_WORLD_SANITIZED 1
#else
#define CLAUDE_WORLD_SANITIZED 0
#endif

enum { CLAUDE_WORLD_SETTINGS_MAX = 12 };

struct claude_world {
    struct system system;
    struct cl_sim claude;
    char dir[64];
    char base_url[128];
};

/* `settings` are further settings of famserver, NULL-terminated, or NULL. Authors' limits are raised out of the way. */
void claude_world_start(struct claude_world *world, const char *const *settings);
void claude_world_stop(struct claude_world *world);

/* The engine that answered; the call must be OK. */
Fam__V1__Engine claude_world_ask(struct claude_world *world, const struct person *person, const char *phrase,
                                 const char *key);
/* Questions that the simulator got. */
int64_t claude_world_asked(struct claude_world *world);
/* A number on famserver's page, by the name with its labels:
 * "family_emotions_claude_answers_total{result=\"success\"}"; -1 when it is not there. */
double claude_world_metric(struct claude_world *world, const char *name);
/* Until the number is `least` or more; false when it does not come to that in time. */
bool claude_world_wait_metric(struct claude_world *world, const char *name, double least);
/* Is `needle` in any text that a parent sees of it? Case matters. */
bool claude_world_shows(const Fam__V1__Reading *reading, const char *needle);

/* ---- many calls ---- */

struct errands;

/* One call in flight. */
struct errand {
    struct errands *home;
    struct errand *next;
    struct fam_rpc rpc;
    struct fam_rpc_options options;
    struct fam_uuid user_id;
    char key[48];
    size_t number; /* the caller's */
    bool begun;
    enum fam_code code;
    struct fam_status status;
};

/* At most `size` calls at once. */
struct errands *errands_new(struct system *system, size_t size);
/* All must have ended and be released. */
void errands_free(struct errands *errands);
bool errands_is_full(const struct errands *errands);
/* Begins a call under an idempotency key of its own; there must be room. The request is needed no longer afterwards. */
void errands_translate(struct errands *errands, const struct person *person, size_t number,
                       const Fam__V1__TranslateRequest *request);
/* The next call that has ended; NULL when none is in flight. */
struct errand *errands_next(struct errands *errands);
/* The answer; the call must be OK. */
const Fam__V1__Entry *errand_entry(const struct errand *errand);
void errand_release(struct errand *errand);
/* Gives up all that are in flight; they are still to be taken by errands_next. */
void errands_cancel(struct errands *errands);

#endif
