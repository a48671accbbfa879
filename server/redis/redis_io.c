/* redis_io.c: one connection: opening it, and one exchange of commands and replies with a bound on time and size. */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "redis/redis_private.h"

enum { LARGEST_REPLY = 16 << 20 };

static struct timeval timeval_of_ms(uint32_t ms)
{
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

static enum fam_code fail_connection(struct fam_status *status, const char *what)
{
    return fam_fail_reason(status, FAM_UNAVAILABLE, "REDIS_UNAVAILABLE", 1000, "%s", what);
}

static enum fam_code fail_io(const redisContext *connection, struct fam_status *status)
{
    /* hiredis reports SO_RCVTIMEO as EAGAIN. */
    if (connection->err == REDIS_ERR_IO && (errno == EAGAIN || errno == ETIMEDOUT)) {
        return fail_connection(status, "Redis timed out");
    }
    if (connection->err == REDIS_ERR_PROTOCOL) {
        return fail_connection(status, "what answers at REDIS_URL is no Redis");
    }
    if (connection->err == REDIS_ERR_OOM) {
        return fam_fail_memory(status);
    }
    return fail_connection(status, "the connection to Redis broke");
}

/* Its count has been checked. */
static enum fam_code append(redisContext *connection, const struct fam_redis_command *command,
                            struct fam_status *status)
{
    const char *argv[FAM_REDIS_MAX_ARGS];
    size_t sizes[FAM_REDIS_MAX_ARGS];
    for (size_t i = 0; i < command->count; i++) {
        argv[i] = command->args[i].data ? command->args[i].data : "";
        sizes[i] = command->args[i].size;
    }
    if (redisAppendCommandArgv(connection, (int)command->count, argv, sizes) != REDIS_OK) {
        return fail_io(connection, status);
    }
    return FAM_OK;
}

/* One reply, or a failure. Every read waits for the socket's time-out at most, and the sum is looked at between. */
static enum fam_code read_reply(redisContext *connection, uint64_t end_ms, void **ret_reply, struct fam_status *status)
{
    for (;;) {
        if (redisGetReplyFromReader(connection, ret_reply) != REDIS_OK) {
            return fail_io(connection, status);
        }
        if (*ret_reply) {
            return FAM_OK;
        }
        if (fam_mono_ms() >= end_ms) {
            return fail_connection(status, "Redis timed out");
        }
        if (connection->reader->len > LARGEST_REPLY) {
            return fail_connection(status, "Redis answered more than we read");
        }
        errno = 0;
        if (redisBufferRead(connection) != REDIS_OK) {
            return fail_io(connection, status);
        }
    }
}

static enum fam_code flush(redisContext *connection, uint64_t end_ms, struct fam_status *status)
{
    int done = 0;
    while (!done) {
        errno = 0;
        if (redisBufferWrite(connection, &done) != REDIS_OK) {
            return fail_io(connection, status);
        }
        if (!done && fam_mono_ms() >= end_ms) {
            return fail_connection(status, "Redis timed out");
        }
    }
    return FAM_OK;
}

enum fam_code fam_redis_exchange(redisContext *connection, uint32_t timeout_ms,
                                 const struct fam_redis_command *commands, size_t count,
                                 struct fam_redis_reply **ret_replies, struct fam_status *status)
{
    uint64_t end_ms = fam_mono_ms() + timeout_ms;
    enum fam_code code = FAM_OK;
    size_t read = 0;
    if (redisSetTimeout(connection, timeval_of_ms(timeout_ms ? timeout_ms : 1)) != REDIS_OK) {
        return fail_io(connection, status);
    }
    for (size_t i = 0; i < count && !code; i++) {
        code = append(connection, &commands[i], status);
    }
    if (!code) {
        code = flush(connection, end_ms, status);
    }
    while (read < count && !code) {
        void *reply = NULL;
        code = read_reply(connection, end_ms, &reply, status);
        if (!code) {
            ret_replies[read++] = reply;
        }
    }
    if (code) {
        while (read > 0) {
            fam_redis_reply_done(&ret_replies[--read]);
        }
    }
    return code;
}

bool fam_redis_is_stale(const redisContext *connection)
{
    struct pollfd fd = {.fd = connection->fd, .events = POLLIN};
    return connection->err != 0 || poll(&fd, 1, 0) != 0;
}

/* One command of the greeting. `what` is for the reader when Redis refuses it. */
static enum fam_code greet(redisContext *connection, uint32_t timeout_ms, const struct fam_redis_arg *args,
                           size_t count, const char *what, struct fam_status *status)
{
    struct fam_redis_reply *reply = NULL;
    enum fam_code code =
        fam_redis_exchange(connection, timeout_ms, &(struct fam_redis_command){args, count}, 1, &reply, status);
    if (code) {
        return code;
    }
    if (fam_redis_reply_type(reply) != FAM_REDIS_TEXT) {
        code = fam_redis_reply_is_error(reply, "LOADING") ? fail_connection(status, "Redis is loading its data")
                                                          : fail_connection(status, what);
    }
    fam_redis_reply_free(reply);
    return code;
}

static enum fam_code log_in(redisContext *connection, const struct fam_redis_address *address, uint32_t timeout_ms,
                            struct fam_status *status)
{
    const struct fam_redis_arg user = {address->user.data, address->user.size};
    const struct fam_redis_arg password = {address->password.data, address->password.size};
    const struct fam_redis_arg named[] = {FAM_REDIS_ARG("AUTH"), user, password};
    const struct fam_redis_arg plain[] = {FAM_REDIS_ARG("AUTH"), password};
    if (fam_secret_is_empty(&address->password)) {
        return FAM_OK;
    }
    if (fam_secret_is_empty(&address->user)) {
        return greet(connection, timeout_ms, plain, 2, "Redis refused the password", status);
    }
    return greet(connection, timeout_ms, named, 3, "Redis refused the user or the password", status);
}

static enum fam_code introduce(redisContext *connection, const struct fam_redis_address *address,
                               const char *client_name, uint32_t timeout_ms, struct fam_status *status)
{
    char db[16];
    snprintf(db, sizeof(db), "%u", address->db);
    const struct fam_redis_arg select_db[] = {FAM_REDIS_ARG("SELECT"), FAM_REDIS_ARG(db)};
    const struct fam_redis_arg name[] = {FAM_REDIS_ARG("CLIENT"), FAM_REDIS_ARG("SETNAME"), FAM_REDIS_ARG(client_name)};
    const struct fam_redis_arg ping[] = {FAM_REDIS_ARG("PING")};
    enum fam_code code = log_in(connection, address, timeout_ms, status);
    /* PING first: it tells a missing password, loading and a stranger apart. */
    if (!code) {
        code = greet(connection, timeout_ms, ping, 1, "Redis refused a PING; does it want a password?", status);
    }
    if (!code && address->db) {
        code = greet(connection, timeout_ms, select_db, 2, "Redis has no database of that number", status);
    }
    if (!code) {
        code = greet(connection, timeout_ms, name, 3, "Redis refused CLIENT SETNAME", status);
    }
    return code;
}

redisContext *fam_redis_connect(const struct fam_redis_address *address, const char *client_name,
                                struct fam_redis_times times, struct fam_status *status)
{
    struct timeval limit = timeval_of_ms(times.connect_ms);
    redisContext *connection = address->path[0] ? redisConnectUnixWithTimeout(address->path, limit)
                                                : redisConnectWithTimeout(address->host, address->port, limit);
    if (!connection) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    if (connection->err) {
        (void)fail_connection(status, "Redis is not reachable");
    } else if (introduce(connection, address, client_name, times.command_ms, status) == FAM_OK) {
        if (!address->path[0]) {
            (void)redisEnableKeepAlive(connection);
        }
        return connection;
    }
    redisFree(connection);
    return NULL;
}
