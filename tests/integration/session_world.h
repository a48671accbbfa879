/* session_world.h: a private Redis, sessions in it, and a sealer like the store's; for the tests of sessions. One file
 * includes it once; its functions and variables belong to that test program. */
#ifndef FAM_TESTS_SESSION_WORLD_H
#define FAM_TESTS_SESSION_WORLD_H

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "redis/redis.h"
#include "redis_server.h"
#include "session/session.h"

static struct redis_server server;
static struct fam_redis *redis;
static struct fam_sessions *sessions;
static struct fam_uuid user;
static _Atomic(int) key_is_gone; /* a code for the sealer's open to fail with */

static inline void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/* XChaCha20-Poly1305 under a fixed key with user, row and column bound in: what the store's key room does. */
static inline size_t associated(const struct fam_uuid *who, const char *row, const char *column, char ret_text[160])
{
    char text[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(who, text);
    return (size_t)snprintf(ret_text, 160, "%s|%s|%s", text, row, column);
}

static const unsigned char key[crypto_aead_xchacha20poly1305_ietf_KEYBYTES] = "not a secret";

static inline enum fam_code seal(void *context, const struct fam_uuid *who, const char *row, const char *column,
                                 const void *plain, size_t size, struct fam_buf *ret_sealed, struct fam_status *status)
{
    unsigned char nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES], sealed[20000];
    char bound[160];
    unsigned long long sealed_size = 0;
    (void)context;
    if (size > 16000)
        return fam_fail(status, FAM_INTERNAL, "too large");
    randombytes_buf(nonce, sizeof(nonce));
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, &sealed_size, plain, size, (unsigned char *)bound,
                                               associated(who, row, column, bound), NULL, nonce, key);
    fam_buf_add(ret_sealed, nonce, sizeof(nonce));
    fam_buf_add(ret_sealed, sealed, (size_t)sealed_size);
    return FAM_OK;
}

static inline enum fam_code open_sealed(void *context, const struct fam_uuid *who, const char *row, const char *column,
                                        const void *sealed, size_t size, struct fam_buf *ret_plain,
                                        struct fam_status *status)
{
    const unsigned char *bytes = sealed;
    const size_t head = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
    unsigned char plain[20000];
    char bound[160];
    unsigned long long plain_size = 0;
    (void)context;
    if (key_is_gone)
        return fam_fail(status, (enum fam_code)key_is_gone, "no key");
    if (size < head || crypto_aead_xchacha20poly1305_ietf_decrypt(plain, &plain_size, NULL, bytes + head, size - head,
                                                                  (unsigned char *)bound,
                                                                  associated(who, row, column, bound), bytes, key))
        return fam_fail(status, FAM_DATA_LOSS, "can't be opened");
    fam_buf_add(ret_plain, plain, (size_t)plain_size);
    return FAM_OK;
}

static inline struct fam_sessions *sessions_of(uint32_t ttl_ms, uint32_t draft_ttl_ms)
{
    struct fam_status status = {0};
    const struct fam_sessions_options options = {
        .redis = redis, .sealer = {.seal = seal, .open = open_sealed}, .ttl_ms = ttl_ms, .draft_ttl_ms = draft_ttl_ms};
    struct fam_sessions *made = fam_sessions_new(&options, &status);
    cr_assert_not_null(made, "%s", status.message);
    return made;
}

static inline bool is_up(void *context)
{
    return fam_redis_is_up(context);
}

static inline void set_up(void)
{
    struct fam_status status = {0};
    signal(SIGPIPE, SIG_IGN);
    cr_assert(redis_server_start(&server, false));
    const struct fam_redis_options options = {.url = server.url, .connections = 8, .probe_ms = 50};
    redis = fam_redis_new(&options, &status);
    cr_assert_not_null(redis, "%s", status.message);
    cr_assert(proc_wait_until(is_up, redis, 5000));
    sessions = sessions_of(0, 0);
    user = fam_uuid_v7();
}

static inline void tear_down(void)
{
    fam_sessions_free(sessions);
    fam_redis_free(redis);
    redis_server_stop(&server);
}

static inline struct fam_session created(struct fam_sessions *in, const char *client)
{
    struct fam_session session;
    struct fam_status status = {0};
    bool is_new = false;
    cr_assert_eq(fam_sessions_create(in, &user, client, &session, &is_new, &status), FAM_OK, "%s", status.message);
    return session;
}

/* The answer to VERB fam:{USER}:KIND ID REST, all but the first without blanks between. */
static inline long long server_integer(const char *verb, const char *kind, const char *id, const char *rest)
{
    char text[FAM_UUID_TEXT_SIZE], command[256];
    fam_uuid_format(&user, text);
    snprintf(command, sizeof(command), "%s fam:{%s}:%s%s%s", verb, text, kind, id, rest);
    redisReply *reply = redis_server_command(&server, command);
    long long value = reply && reply->type == REDIS_REPLY_INTEGER ? reply->integer : -99;
    if (reply)
        freeReplyObject(reply);
    return value;
}

#endif
