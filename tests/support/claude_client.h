/* claude_client.h: the simulator of the Messages API from a test's side: start it, order its faults, read its records.
 *
 *     cr_assert(cl_sim_start(&sim, dir, NULL));
 *     cl_spoil(&sim, "refusal", 1);
 *     … the program under test asks, with ANTHROPIC_BASE_URL sim.base_url …
 *     cr_assert(cl_wait(&sim, "{\"answered\":1}", 5000));
 *     cr_expect_eq(cl_stat(&sim, "requests"), 1);
 *
 * docs/testing.md lists the faults and the counts. A struct cl_sim belongs to one thread; other threads may connect to
 * the same simulator with cl_sim_connect(). */
#ifndef FAM_TESTS_CLAUDE_CLIENT_H
#define FAM_TESTS_CLAUDE_CLIENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "proc.h"
#include "sim/sim_client.h"

struct cl_sim {
    struct proc proc; /* pid 0 when only connected */
    uint16_t port;
    char base_url[64]; /* "http://127.0.0.1:PORT", for ANTHROPIC_BASE_URL */
    struct sim_client *client;
};

struct cl_options {
    const char *key;         /* the only key that it takes; NULL: any */
    const char *latency_ms;  /* "50"; NULL: none */
    const char *record_file; /* NULL: none */
};

/* Starts bin/claude-sim on a free port; its files go to `dir`. options may be NULL. */
bool cl_sim_start(struct cl_sim *sim, const char *dir, const struct cl_options *options);
/* For a simulator that runs already. */
bool cl_sim_connect(struct cl_sim *sim, uint16_t port);
/* SIGTERM; its exit status (0 when all is well), -1 when it was only connected. Frees the connection. */
int cl_sim_stop(struct cl_sim *sim);

/* The weather: {"status":529,"times":2}; see docs/testing.md. False when the simulator does not understand it. */
bool cl_fault(struct cl_sim *sim, const char *json);
/* The next `times` answers are spoiled in that way ("refusal", "unknown_enum", …). */
bool cl_spoil(struct cl_sim *sim, const char *answer, int times);
/* These bytes are the next answer's body. */
bool cl_raw_answer(struct cl_sim *sim, const void *bytes, size_t size);
bool cl_clear_faults(struct cl_sim *sim);
/* Forgets faults, records, counts and the cache of prompts. */
bool cl_reset(struct cl_sim *sim);
bool cl_latency(struct cl_sim *sim, int ms);

/* A count of /control/stats: "requests", "most_in_flight", "closed_early", …; -1 when there is none. */
int64_t cl_stat(struct cl_sim *sim, const char *name);
/* Answers that left with this HTTP status; 0: nothing whole, or the peer left first. */
int64_t cl_status_count(struct cl_sim *sim, int status);
/* Until every count of the wish is reached: {"requests":5} or {"idle":true}. False when the time was over. */
bool cl_wait(struct cl_sim *sim, const char *wish, int timeout_ms);
/* The records after an id, at most 1,000, with their bodies: {"requests":[…],"next","more"}. The caller frees it. */
cJSON *cl_requests(struct cl_sim *sim, uint64_t after);
/* In how many of the bodies does the text stand? -1 when it can't be told. */
int64_t cl_found(struct cl_sim *sim, const char *text);

/* A call of the API itself, for tests of the simulator. */
struct cl_reply {
    int status;          /* 0: no whole answer */
    struct fam_buf head; /* the header lines */
    struct fam_buf body;
    cJSON *json; /* the body; NULL: it is no JSON */
};

/* `headers` are "name: value" lines, NULL at the end; NULL: a good key and version 2026-10-21. `body` NULL: a GET.
 * Release the reply with cl_reply_done(). */
void cl_call(const struct cl_sim *sim, const char *path, const char *const *headers, const char *body, long timeout_ms,
             struct cl_reply *ret_reply);
void cl_reply_done(struct cl_reply *reply);
/* A header's value, cut to size; false, with "", when absent. */
bool cl_reply_header(const struct cl_reply *reply, const char *name, char *ret_value, size_t size);

#endif
