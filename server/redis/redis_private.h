/* redis_private.h: what the files of this room share. */
#ifndef FAM_REDIS_REDIS_PRIVATE_H
#define FAM_REDIS_REDIS_PRIVATE_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/secret.h"
#include "base/status.h"
#include "redis/redis.h"

/* Where Redis is and who we are there. */
struct fam_redis_address {
    bool configured;
    char path[108]; /* of a unix socket; "" for TCP */
    char host[256];
    uint16_t port;
    uint32_t db;
    struct fam_secret user; /* may be empty with a password: the default user */
    struct fam_secret password;
};

/* NULL or "" is not configured. On failure *ret_address is empty. */
enum fam_code fam_redis_address_parse(const char *url, struct fam_redis_address *ret_address,
                                      struct fam_status *status) FAM_MUST_CHECK;
void fam_redis_address_done(struct fam_redis_address *address);

struct fam_redis_times {
    uint32_t connect_ms;
    uint32_t command_ms;
};

/* Connects, logs in, selects the database, says its name, and hears a PONG. NULL on failure: UNAVAILABLE with a short
 * reason. Free with redisFree. */
redisContext *fam_redis_connect(const struct fam_redis_address *address, const char *client_name,
                                struct fam_redis_times times, struct fam_status *status) FAM_MUST_CHECK;
/* The same with what the pool was made of: a connection that is the caller's alone and does not count among the pool's.
 */
redisContext *fam_redis_open(const struct fam_redis *redis, struct fam_status *status) FAM_MUST_CHECK;
/* Has the other side closed, or spoken out of turn, while the connection lay idle? No I/O that waits. */
bool fam_redis_is_stale(const redisContext *connection);
/* Sends the commands and reads as many replies. After a failure the connection must be freed. */
enum fam_code fam_redis_exchange(redisContext *connection, uint32_t timeout_ms,
                                 const struct fam_redis_command *commands, size_t count,
                                 struct fam_redis_reply **ret_replies, struct fam_status *status) FAM_MUST_CHECK;

/* The name of the script, once Redis has told it. */
bool fam_redis_script_name(struct fam_redis *redis, const struct fam_redis_script *script, char ret_sha1[41]);
/* Is this an error reply that begins with the word? */
bool fam_redis_reply_is_error(const struct fam_redis_reply *reply, const char *word);
/* An error reply after which no command makes sense for now (loading, not logged in, without its primary). */
bool fam_redis_reply_is_outage(const struct fam_redis_reply *reply);

#endif
