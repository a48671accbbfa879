/* alert_scene.h: a watched system with people in it, for the tests of alerts.
 *
 * The whole system, the simulator of Claude, Prometheus and Alertmanager (watch.h), and parents on a thread of their
 * own who write to the bot all the time: each second somebody new comes, and a phrase is translated twice. They go on
 * while things are broken, and hold nobody up. */
#ifndef FAM_TESTS_ALERT_SCENE_H
#define FAM_TESTS_ALERT_SCENE_H

#include <pthread.h>
#include <stdatomic.h>

#include "support/claude_client.h"
#include "system.h"
#include "watch.h"

/* The programs are tested under sanitizers elsewhere; durations that are divided leave no room for these. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ALERT_SCENE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ALERT_SCENE_SANITIZED 1
#endif
#endif
#ifndef ALERT_SCENE_SANITIZED
#define ALERT_SCENE_SANITIZED 0
#endif

/* The bot sends each chat a message a second; with so many nobody waits for that. */
enum { ALERT_SCENE_PARENTS = 24 };

struct alert_scene {
    struct system system;
    struct cl_sim claude;
    struct watch watch;
    char dir[64];
    struct person parents[ALERT_SCENE_PARENTS]; /* who have families and write in turn */
    pthread_t people;
    atomic_bool stop;
    atomic_bool nobody_new; /* nobody comes for the first time */
    atomic_int pause_ms;    /* between two phrases; 500 */
};

/* Skips the test where it can't be run. */
void alert_scene_start(struct alert_scene *scene);
void alert_scene_stop(struct alert_scene *scene);
/* Ends famserver by SIGKILL. */
void alert_scene_kill_server(struct alert_scene *scene);
/* Starts it again with another budget of the day for Claude, in dollars, and waits until it is ready. */
void alert_scene_run_server(struct alert_scene *scene, const char *budget);
/* So many parents agree to messages, and are asked how it goes once a day, at no hour that is quiet for them: first at
 * the last full minute within `within_s` seconds. Returns that moment in Unix milliseconds. */
int64_t alert_scene_ask_parents(struct alert_scene *scene, size_t count, int within_s);
/* How many check-ins wait to be shown. */
int64_t alert_scene_waiting_checkins(struct alert_scene *scene);
/* famctl with the admin's token; what it prints is in ret_out. Its exit code. */
int alert_scene_famctl(struct alert_scene *scene, const char *const words[], char *ret_out, size_t size);
/* Counts from here on what alerts say; for alert_scene_fires and alert_scene_clears. */
size_t alert_scene_mark(struct alert_scene *scene);
/* It reaches the receivers of its severity ("critical", "warning", "info") after the mark; and says there that it is
 * over. */
void alert_scene_fires(struct alert_scene *scene, size_t mark, const char *severity, const char *name);
void alert_scene_clears(struct alert_scene *scene, size_t mark, const char *severity, const char *name);

#endif
