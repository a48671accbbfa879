/* claude_sim.h: a simulator of Anthropic's Messages API, faithful where a client with structured output touches it.
 *
 * POST /v1/messages is checked as the service checks it and answered with data that fits the schema asked for; GET
 * /v1/models and /v1/models/ID tell the models that it knows. Under /control/ tests order the weather and read the
 * records; docs/testing.md lists the calls. What was asked stays in memory, unless a record file is wished for.
 *
 * One thread; not thread-safe, but for claude_sim_stop(). */
#ifndef FAM_SIM_CLAUDE_SIM_H
#define FAM_SIM_CLAUDE_SIM_H

#include <stdbool.h>
#include <stdint.h>

struct claude_sim;

struct claude_sim_options {
    uint16_t port;           /* 0: any free one */
    const char *key;         /* the one API key that it takes; NULL: any that is not empty */
    const char *record_file; /* every request is appended here, one JSON a line; NULL: none */
    uint32_t latency_ms;     /* before each good answer */
};

/* Listens on 127.0.0.1. NULL with errno set when it can't. The options are copied. */
struct claude_sim *claude_sim_new(const struct claude_sim_options *options);
void claude_sim_free(struct claude_sim *sim);
uint16_t claude_sim_port(const struct claude_sim *sim);
/* Serves until claude_sim_stop(). False when it fails. */
bool claude_sim_run(struct claude_sim *sim);
/* From any thread or signal handler. */
void claude_sim_stop(struct claude_sim *sim);

#endif
