/* claude_sim_state.h: what the simulated service knows, shared by the claude_sim_*.c files. One thread.
 *
 * The way of a request: claude_sim.c (routes) → _check, _schema (is it valid) → _faults (is it to be spoiled) →
 * _answer, _reading, _texts, _spoil, _usage (the message) → _records, _bodies (what is remembered). */
#ifndef FAM_SIM_CLAUDE_SIM_STATE_H
#define FAM_SIM_CLAUDE_SIM_STATE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "sim/claude_sim.h"
#include "sim/http_sim.h"

enum {
    CS_MAX_FAULTS = 256,
    CS_MAX_WAITERS = 64,
    CS_MAX_RECORDS = 65536,
    CS_MAX_BODY_BYTES = 256 * 1024 * 1024, /* of all bodies kept, after what they share was taken away */
    CS_MAX_RECORD_FILE = 1024 * 1024 * 1024,
    CS_BASES = 8,
    CS_CACHE_ENTRIES = 1024,
    CS_MAX_DEPTH = 32,   /* of a schema */
    CS_MAX_STEPS = 5000, /* through a schema */
    CS_REQUESTS_A_MINUTE = 4000,
    CS_INPUT_TOKENS_A_MINUTE = 2000000,
    CS_OUTPUT_TOKENS_A_MINUTE = 400000,
};

/* ---- models: claude_sim_models.c ---- */

enum cs_trait {
    CS_SAMPLES = 1 << 0,        /* takes temperature, top_p, top_k under the version 2023-06-01 */
    CS_PREFILLS = 1 << 1,       /* takes a last turn of the assistant */
    CS_BUDGETS = 1 << 2,        /* thinking: enabled, with budget_tokens */
    CS_ADAPTS = 1 << 3,         /* thinking: adaptive */
    CS_THINKS = 1 << 4,         /* by default */
    CS_ALWAYS_THINKS = 1 << 5,  /* "disabled" is refused */
    CS_BETWEEN_TOOLS = 1 << 10, /* thinking: between_tools, which is none where there are no tools */
    CS_FORCES_TOOLS = 1 << 6,   /* tool_choice any and tool, while thinking is off */
    CS_EFFORT = 1 << 7,         /* output_config.effort low to high */
    CS_EFFORT_MAX = 1 << 8,     /* max, too */
    CS_EFFORT_XHIGH = 1 << 9,   /* xhigh, too */
};

struct cs_model {
    const char *id;
    const char *name;
    int64_t context;        /* tokens that go in */
    int64_t most_output;    /* the largest max_tokens */
    int64_t least_to_cache; /* tokens; a shorter prefix is silently not cached */
    unsigned traits;        /* enum cs_trait */
};

const struct cs_model *cs_model_find(const char *id);
const struct cs_model *cs_model_at(size_t index); /* NULL after the last */

/* ---- errors and requests: claude_sim_check.c, claude_sim_schema.c ---- */

struct cs_error {
    int status;
    const char *type;
    char message[512];
};

/* A request that was understood, as far as it goes. */
struct cs_request {
    cJSON *json;
    const struct cs_model *model;
    bool is_new; /* version 2026-10-21 */
    bool bearer; /* the key came by Authorization */
    bool thinks;
    const char *effort; /* "high" unless told */
    int64_t max_tokens;
    const cJSON *schema;  /* of output_config.format; NULL: plain text is asked for */
    struct fam_buf asked; /* the texts of the last turn of the user */
};

/* Fill the error and return false. */
bool cs_fail(struct cs_error *error, int status, const char *type, const char *format, ...) FAM_PRINTF(4, 5);
bool cs_refuse(struct cs_error *error, const char *format, ...) FAM_PRINTF(2, 3);
/* Key, version and content type; fills is_new and bearer. */
bool cs_check_headers(const struct claude_sim *sim, const struct http_sim_request *request, bool has_body,
                      struct cs_request *ret_request, struct cs_error *error);
/* The body of /v1/messages. What was understood before it failed is filled in, too. */
bool cs_check_body(const struct http_sim_request *request, struct cs_request *ret_request, struct cs_error *error);
void cs_request_done(struct cs_request *request);
/* claude_sim_output.c: thinking, tools and output_config, which depend on the model. */
bool cs_check_thinking(struct cs_request *request, struct cs_error *error);
bool cs_check_tools(const struct cs_request *request, struct cs_error *error);
bool cs_check_output_config(struct cs_request *request, struct cs_error *error);
/* No other members than these (NULL ends the list). */
bool cs_check_members(const cJSON *object, const char *path, const char *const *known, struct cs_error *error);
bool cs_check_cache_control(const cJSON *holder, const char *path, struct cs_error *error);
bool cs_check_schema(const cJSON *schema, struct cs_error *error);
/* What "#/$defs/name" leads to; NULL: nothing. */
const cJSON *cs_schema_resolve(const cJSON *root, const char *reference);

/* ---- faults: claude_sim_faults.c ---- */

enum cs_spoil {
#define CS_SPOIL(id, name) CS_SPOIL_##id,
#include "sim/claude_sim_spoils.def"
#undef CS_SPOIL
    CS_SPOIL_COUNT
};

struct cs_fault {
    cJSON *wish; /* owns the strings */
    char *raw;   /* the answer's bytes, when a test gave them */
    size_t raw_size;
    const char *path;
    const char *contains; /* in the user's text; NULL: any */
    double probability;
    int64_t skip;
    int64_t times; /* left; -1: for ever */
    enum cs_spoil spoil;
    int status;
    const char *error_type;
    const char *message;
    const char *body;
    const char *answer_text; /* in place of what the model would say */
    bool html;
    struct http_sim_reply transport; /* its misbehaviour only */
};

/* POST /control/fault. `raw` (may be NULL) is taken over when it succeeds. */
bool cs_fault_add(struct claude_sim *sim, const cJSON *wish, char *raw, size_t raw_size, struct cs_error *error);
/* The next fault that fits, counted down; NULL: none. It lives until the faults are cleared. */
const struct cs_fault *cs_fault_take(struct claude_sim *sim, const char *path, const char *asked);
void cs_faults_clear(struct claude_sim *sim);
int64_t cs_faults_left(const struct claude_sim *sim);
/* Header lines that the fault wants. */
void cs_fault_headers(const struct cs_fault *fault, struct fam_buf *headers);
const char *cs_spoil_name(enum cs_spoil spoil);
/* The type that the service gives to a status. */
const char *cs_error_type(int status);

/* ---- the answer: claude_sim_answer.c and what it uses ---- */

struct cs_usage {
    int64_t input;
    int64_t written_5m;
    int64_t written_1h;
    int64_t read;
    int64_t output;
};

/* The message's JSON; the spoil may break it on purpose. False when memory is short. */
bool cs_answer(struct claude_sim *sim, const struct cs_request *request, const struct cs_fault *fault,
               struct fam_buf *ret_body);
/* Counts input tokens, and reads and writes the cache of prompts. */
void cs_usage_count(struct claude_sim *sim, const struct cs_request *request, struct cs_usage *ret_usage);
int64_t cs_tokens(const char *text);

/* How a reading is made. */
struct cs_style {
    bool russian;
    bool at_risk; /* something dangerous is reported */
    bool denied;  /* the texts say that there is no danger */
};

/* Data that fits the request's schema; NULL when memory is short or the schema can't be followed. */
cJSON *cs_reading(const struct cs_request *request, const struct cs_style *style);
/* The language that the prompt wants the answer in. */
bool cs_wants_russian(const struct cs_request *request);
uint64_t cs_hash(uint64_t seed, const void *data, size_t size);
/* claude_sim_texts.c: a sentence for a property; `kind` is the enum value beside it, or "". "{}" in it stands for the
 * child's name. NULL: none is known. */
const char *cs_text(const char *property, const char *kind, bool russian, uint64_t seed);

/* claude_sim_spoil.c: changes the data, then its text, then the whole body. */
void cs_spoil_data(enum cs_spoil spoil, cJSON *data, const cJSON *schema);
void cs_spoil_text(enum cs_spoil spoil, struct fam_buf *text);
void cs_spoil_body(enum cs_spoil spoil, struct fam_buf *body);

struct cs_cached {
    uint64_t key; /* 0: free */
    uint64_t until_ms;
    uint64_t life_ms;
};

/* ---- records: claude_sim_records.c, claude_sim_bodies.c ---- */

enum cs_ending { CS_FLYING, CS_ANSWERED, CS_LEFT };

/* A body without what it shares with one of the bases. */
struct cs_body {
    bool kept;
    int base; /* -1: none */
    size_t prefix;
    size_t suffix;
    size_t size;
    char *middle;
};

struct cs_record {
    uint64_t id;
    uint64_t at_ms;
    uint64_t over_ms;
    enum cs_ending ending;
    int status; /* sent or about to be; 0: nothing whole */
    bool is_new;
    bool bearer;
    bool is_json;
    const struct cs_model *model;
    enum cs_spoil spoil;
    bool faulty;
    char *problem; /* what the check found, though a fault may have hidden it; NULL: nothing */
    struct cs_body body;
};

struct cs_store {
    char *bases[CS_BASES];
    size_t base_sizes[CS_BASES];
    size_t bytes;
};

void cs_body_keep(struct cs_store *store, const char *data, size_t size, struct cs_body *ret_body);
void cs_body_drop(struct cs_store *store, struct cs_body *body);
/* Appends the body as it was. */
void cs_body_restore(const struct cs_store *store, const struct cs_body *body, struct fam_buf *buf);
void cs_store_done(struct cs_store *store);

struct cs_stats {
    uint64_t requests;
    uint64_t answered;
    uint64_t closed_early;
    uint64_t invalid;
    uint64_t faulty;
    uint64_t others; /* calls of other paths than /v1/messages */
    uint64_t cache_writes;
    uint64_t cache_reads;
    uint64_t bodies_dropped;
    uint64_t input_tokens;
    uint64_t output_tokens;
    uint64_t statuses[600];
};

struct cs_waiter {
    struct http_sim_exchange *exchange;
    cJSON *wish;
    uint64_t deadline_ms;
};

struct claude_sim {
    struct http_sim *http;
    char *key;
    uint32_t default_latency_ms;
    uint32_t latency_ms;
    uint32_t jitter_ms;
    uint64_t random;
    struct cs_fault faults[CS_MAX_FAULTS];
    size_t fault_count;
    struct cs_cached cache[CS_CACHE_ENTRIES];
    struct cs_record *records; /* a ring by id */
    uint64_t last_id;
    uint64_t first_id;      /* of the records that are kept */
    uint64_t first_body_id; /* bodies before it were dropped */
    struct cs_store store;
    struct cs_stats stats;
    uint64_t in_flight;
    uint64_t most_in_flight;
    FILE *record_file;
    uint64_t record_bytes;
    uint64_t minute_ends_ms; /* of the limits that the headers tell */
    int64_t minute_requests;
    int64_t minute_input;
    int64_t minute_output;
    int64_t requests_a_minute;
    bool enforce;
    struct cs_waiter waiters[CS_MAX_WAITERS];
    size_t waiter_count;
};

bool cs_records_open(struct claude_sim *sim, const char *record_file);
void cs_records_done(struct claude_sim *sim);
/* Forgets what is over; what is under way goes on under its id. */
void cs_records_reset(struct claude_sim *sim);
/* A request has come. The record stays valid during the handler's call. */
struct cs_record *cs_record_new(struct claude_sim *sim, const struct cs_request *request,
                                const struct http_sim_request *http);
struct cs_record *cs_record_find(struct claude_sim *sim, uint64_t id);
void cs_record_over(struct claude_sim *sim, uint64_t id, bool answered);
/* Splits a new value off a generator (splitmix64). */
uint64_t cs_random(struct claude_sim *sim);

/* ---- control: claude_sim_control.c ---- */

void cs_control(struct claude_sim *sim, struct http_sim_exchange *exchange, const struct http_sim_request *request);
int cs_control_tick(struct claude_sim *sim, uint64_t now_ms);
void cs_control_gone(struct claude_sim *sim, const struct http_sim_exchange *exchange);
void cs_control_done(struct claude_sim *sim);
/* claude_sim_views.c: what is told about requests and counts. */
cJSON *cs_view_stats(const struct claude_sim *sim);
void cs_view_requests(struct claude_sim *sim, uint64_t after, int64_t limit, bool bodies, struct fam_buf *ret_json);
void cs_view_found(struct claude_sim *sim, const cJSON *texts, struct fam_buf *ret_json);

#endif
