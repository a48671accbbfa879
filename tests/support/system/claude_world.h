/* claude_world.h: the whole system with the simulator of Claude in it, and many calls of Translate at once.
 *
 *     struct claude_world world;
 *     claude_world_start(&world, settings);
 *     struct person parent = system_family(&world.system, 1, 7);
 *     struct crowd *crowd = crowd_new(&world.system, 100);
 *     for (size_t i = 0; i < 100; i++)
 *         crowd_translate(crowd, &parent, i, &requests[i]);
 *     for (struct errand *done; (done = crowd_next(crowd)) != NULL; crowd_release(done))
 *         … done->number, done->code, crowd_entry(done) …
 *     crowd_free(crowd);
 *     claude_world_stop(&world);
 *
 * A crowd needs no thread for each call; it belongs to the thread that made it. Whatever does not come up, or does not
 * end in its time, fails the test. */
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

struct crowd;

/* One call in flight. */
struct errand {
    struct crowd *crowd;
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
struct crowd *crowd_new(struct system *system, size_t size);
/* All must have ended and be released. */
void crowd_free(struct crowd *crowd);
bool crowd_is_full(const struct crowd *crowd);
/* Begins a call under an idempotency key of its own; there must be room. The request is needed no longer afterwards. */
void crowd_translate(struct crowd *crowd, const struct person *person, size_t number,
                     const Fam__V1__TranslateRequest *request);
/* The next call that has ended; NULL when none is in flight. */
struct errand *crowd_next(struct crowd *crowd);
/* The answer; the call must be OK. */
const Fam__V1__Entry *crowd_entry(const struct errand *errand);
void crowd_release(struct errand *errand);
/* Gives up all that are in flight; they are still to be taken by crowd_next. */
void crowd_cancel(struct crowd *crowd);

#endif
