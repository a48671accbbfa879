/* crash_world.h: the whole system twice over, and SIGKILL for any part of it: two famservers, a worker of its own, two
 * fambots of one token, on one PostgreSQL and one Redis, with the simulators of Telegram and Claude.
 *
 *     crash_world_start(&world, settings);
 *     crash_kill(&world, CRASH_REDIS);
 *     crash_revive(&world, CRASH_REDIS);
 *     crash_world_stop(&world);
 *
 * Parts are started and killed by the main thread. Whatever does not come up, or does not end with 0 when it is asked
 * to, fails the test. */
#ifndef FAM_TESTS_CRASH_WORLD_H
#define FAM_TESTS_CRASH_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "support/claude_client.h"
#include "system.h"

enum crash_part { CRASH_BOT_1, CRASH_BOT_2, CRASH_WORKER, CRASH_SERVER_1, CRASH_SERVER_2, CRASH_REDIS, CRASH_PARTS };

/* A program that is run again and again with the same words. */
struct crash_program {
    struct proc proc;
    char *env[SYSTEM_ENV_MAX]; /* each its own memory */
    uint16_t http_port;
    int starts;
};

struct crash_world {
    struct system system; /* its server is stopped; its client knows both servers */
    struct cl_sim claude;
    struct crash_program programs[CRASH_REDIS]; /* by part */
    bool is_down[CRASH_PARTS];
    int kills[CRASH_PARTS];
    char claude_dir[64];
};

/* `settings` are further settings of the servers and the worker, NULL-terminated. All parts are up when it returns. */
void crash_world_start(struct crash_world *world, const char *const *settings);
/* All parts must be up. */
void crash_world_stop(struct crash_world *world);
const char *crash_name(enum crash_part part);
void crash_kill(struct crash_world *world, enum crash_part part);
void crash_revive(struct crash_world *world, enum crash_part part);
/* A number on the page of a program, summed over all series whose name with labels begins so; 0 when there is none. */
double crash_metric(const struct crash_world *world, enum crash_part part, const char *begins);

#endif
