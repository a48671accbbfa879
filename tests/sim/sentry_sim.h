/* sentry_sim.h: a simulator of Sentry's envelope endpoint, POST /api/PROJECT/envelope/, for tests.
 *
 * It checks what arrives as Sentry would: content type, X-Sentry-Auth, the envelope's lines and the item's length,
 * strict JSON, the fields that an event needs and those of its stack. What is good is kept and answered with {"id":…};
 * what is bad is answered with 400 and counted, with the reason. It misbehaves on demand.
 *
 * A thread of its own serves on 127.0.0.1. All functions may be called from any thread. */
#ifndef FAM_SIM_SENTRY_SIM_H
#define FAM_SIM_SENTRY_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SENTRY_SIM_KEPT = 256, SENTRY_SIM_PROBLEM_SIZE = 160 };

#define SENTRY_SIM_KEY "0123456789abcdef0123456789abcdef"
#define SENTRY_SIM_PROJECT "42"

struct sentry_sim;

/* How the next answers are spoiled. Start with {0}; `times` 0: until another weather comes. */
struct sentry_weather {
    unsigned times;
    int status;          /* 429, 500, …; 0: the good answer */
    const char *headers; /* more header lines of the answer, each with its CRLF; borrowed; may be NULL */
    bool hang;           /* say nothing until the peer goes */
    bool cut;            /* close without a byte */
};

/* NULL when it can't listen. */
struct sentry_sim *sentry_sim_start(void);
/* Stops and frees. Takes NULL. */
void sentry_sim_stop(struct sentry_sim *sim);
uint16_t sentry_sim_port(const struct sentry_sim *sim);
/* Its DSN, http://KEY@127.0.0.1:PORT/PROJECT. */
void sentry_sim_dsn(const struct sentry_sim *sim, char *ret_dsn, size_t size);
void sentry_sim_weather(struct sentry_sim *sim, struct sentry_weather weather);

/* Requests that arrived; good events, also those that the weather spoiled; envelopes that Sentry would refuse. */
size_t sentry_sim_requests(struct sentry_sim *sim);
size_t sentry_sim_events(struct sentry_sim *sim);
size_t sentry_sim_refused(struct sentry_sim *sim);
/* Why the last one was refused; "" when none was. */
void sentry_sim_problem(struct sentry_sim *sim, char ret_problem[SENTRY_SIM_PROBLEM_SIZE]);
/* Until so many good events came; false when the time was over. */
bool sentry_sim_wait(struct sentry_sim *sim, size_t events, int timeout_ms);
bool sentry_sim_wait_requests(struct sentry_sim *sim, size_t requests, int timeout_ms);
/* An event's JSON, the first is 0; malloc'ed; NULL when there is none. */
char *sentry_sim_event(struct sentry_sim *sim, size_t index);
/* Does any byte that arrived, headers and all, hold the text? */
bool sentry_sim_saw(struct sentry_sim *sim, const char *text);

#endif
