/* redis.h: the only room that knows hiredis: a small pool of connections, scripts, pipelines, and a breaker.
 *
 * Redis may be away at any time and the service goes on without it. Any failed connection opens the breaker: from then
 * on every command fails with UNAVAILABLE at once, without I/O, while one thread of ours tries a connection and a PING
 * each second; when that succeeds the breaker closes. A connection that failed in any way is closed and never used
 * again, for a late reply would answer the next command.
 *
 * Everything goes out with its length (binary safe). A command takes `command_timeout_ms` at most, waiting for a free
 * connection included, though a reply that trickles in may take twice as long; no command is ever sent twice. Programs
 * ignore SIGPIPE. Thread-safe. */
#ifndef FAM_REDIS_REDIS_H
#define FAM_REDIS_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

struct fam_log;
struct fam_metrics;
struct fam_redis;

enum { FAM_REDIS_MAX_CONNECTIONS = 64 };

struct fam_redis_options {
    /* redis://[user:password@]host[:port][/db] or unix://[user:password@]/path[?db=N]; user and password
     * percent-encoded. rediss:// is refused. NULL or "": not configured, every command is UNAVAILABLE. Copied. */
    const char *url;
    const char *client_name;     /* shown by CLIENT LIST: 1 to 32 of [A-Za-z0-9_-]; NULL: "famserver". Copied. */
    size_t connections;          /* 1 to FAM_REDIS_MAX_CONNECTIONS; 0: 8 */
    uint32_t connect_timeout_ms; /* 0: 500. The resolver of host names has a time of its own. */
    uint32_t command_timeout_ms; /* 0: 1000 */
    uint32_t probe_ms;           /* between two tries while Redis is away; 0: 1000 */
    struct fam_metrics *metrics; /* REDIS_UP; may be NULL */
    struct fam_log *log;         /* one line when Redis goes and when it comes back; may be NULL */
};

/* INVALID_ARGUMENT names what is wrong with the URL (never the URL itself). A Redis that is away is no failure; waits
 * for the first connection for 300 ms at most. */
struct fam_redis *fam_redis_new(const struct fam_redis_options *options, struct fam_status *status) FAM_MUST_CHECK;
/* No call may be running any more. Takes NULL. */
void fam_redis_free(struct fam_redis *redis);
bool fam_redis_is_configured(const struct fam_redis *redis);
/* The breaker's view; no I/O. */
bool fam_redis_is_up(struct fam_redis *redis);
/* For health: a PING. While Redis is away UNAVAILABLE at once, with what the last try found ("Redis timed out"). */
enum fam_code fam_redis_ping(struct fam_redis *redis, struct fam_status *status) FAM_MUST_CHECK;

/* ---- replies ---- */

enum fam_redis_type {
    FAM_REDIS_NIL,
    FAM_REDIS_TEXT, /* any bytes; also a simple string like "OK" */
    FAM_REDIS_INTEGER,
    FAM_REDIS_ARRAY,
    FAM_REDIS_ERROR,
};

struct fam_redis_reply;

/* Takes NULL. Not for items of an array: they belong to it. */
void fam_redis_reply_free(struct fam_redis_reply *reply);
/* For fam_auto: frees *reply. */
void fam_redis_reply_done(struct fam_redis_reply **reply);
enum fam_redis_type fam_redis_reply_type(const struct fam_redis_reply *reply);
/* 0 for anything but an integer. */
int64_t fam_redis_reply_integer(const struct fam_redis_reply *reply);
/* NUL-terminated bytes of a text, borrowed; "" and 0 for anything but a text. `ret_size` may be NULL. */
const char *fam_redis_reply_text(const struct fam_redis_reply *reply, size_t *ret_size);
/* Items of an array; 0 for anything else. */
size_t fam_redis_reply_count(const struct fam_redis_reply *reply);
/* NULL when there is no such item. Borrowed. */
const struct fam_redis_reply *fam_redis_reply_item(const struct fam_redis_reply *reply, size_t index);
/* FAM_OK when the reply has this type. An error reply becomes a status: UNAVAILABLE when Redis can't serve at the
 * moment (memory full: reason REDIS_FULL; loading, read-only, disk full), else INTERNAL with the first word of Redis's
 * error and no more, for the rest may quote the arguments. Another type, or NULL: INTERNAL. */
enum fam_code fam_redis_reply_expect(const struct fam_redis_reply *reply, enum fam_redis_type type,
                                     struct fam_status *status) FAM_MUST_CHECK;

/* ---- commands ---- */

struct fam_redis_arg {
    const void *data;
    size_t size;
};

/* A NUL-terminated string, evaluated twice. */
#define FAM_REDIS_ARG(text) ((struct fam_redis_arg){.data = (text), .size = strlen(text)})

struct fam_redis_command {
    const struct fam_redis_arg *args; /* args[0] is the command's name */
    size_t count;                     /* 1 to 64 */
};

enum { FAM_REDIS_MAX_ARGS = 64, FAM_REDIS_MAX_PIPELINE = 128 };

/* One command. An error reply fails as fam_redis_reply_expect says; any other reply is *ret_reply, to be freed. After
 * UNAVAILABLE it is not known whether Redis has carried the command out. */
enum fam_code fam_redis_call(struct fam_redis *redis, const struct fam_redis_arg *args, size_t count,
                             struct fam_redis_reply **ret_reply, struct fam_status *status) FAM_MUST_CHECK;
/* Several commands in one round trip; not atomic. On FAM_OK each of ret_replies[0 … count-1] is set, error replies
 * too: look at each with fam_redis_reply_expect, and free each. On failure none is. */
enum fam_code fam_redis_pipeline(struct fam_redis *redis, const struct fam_redis_command *commands, size_t count,
                                 struct fam_redis_reply **ret_replies, struct fam_status *status) FAM_MUST_CHECK;

/* ---- scripts ---- */

/* A Lua script, in the caller's memory, for one fam_redis: {.source = "…"}. The rest is the room's own. */
struct fam_redis_script {
    const char *source; /* borrowed */
    bool known;         /* guarded by the pool's lock, like the name */
    char sha1[41];      /* the name that Redis gave it */
};

/* Runs the script by its name, and by its source when Redis does not know it (any more). Keys and arguments: 60
 * together at most. Keys of one script share a hash tag. Otherwise like fam_redis_call. */
enum fam_code fam_redis_eval(struct fam_redis *redis, struct fam_redis_script *script, const struct fam_redis_arg *keys,
                             size_t key_count, const struct fam_redis_arg *args, size_t arg_count,
                             struct fam_redis_reply **ret_reply, struct fam_status *status) FAM_MUST_CHECK;

#endif
