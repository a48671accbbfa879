/* session.c: see session.h. */
#include "session/session.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "redis/redis.h"
#include "session/session_scripts.h"

enum { HOUR_MS = 3600000, NUMBER_SIZE = 24, KEY_SIZE = 96 };

/* Of the scripts' answer. */
enum { WORD, ID, CLIENT, VERSION, CREATED, LAST_ACTIVITY, STATE, LAST_UPDATE, DRAFT, ANSWER_SIZE };

struct fam_sessions {
    struct fam_redis *redis;
    struct fam_session_sealer sealer;
    char ttl[NUMBER_SIZE];
    char draft_ttl[NUMBER_SIZE];
    struct fam_redis_script create, get, update, delete;
};

/* What every script takes first. */
struct keys {
    char index[KEY_SIZE];
    char prefix[KEY_SIZE];
};

struct fam_sessions *fam_sessions_new(const struct fam_sessions_options *options, struct fam_status *status)
{
    struct fam_sessions *sessions = calloc(1, sizeof(*sessions));
    if (!sessions || sodium_init() < 0) {
        free(sessions);
        (void)fam_fail_memory(status);
        return NULL;
    }
    sessions->redis = options->redis;
    sessions->sealer = options->sealer;
    snprintf(sessions->ttl, sizeof(sessions->ttl), "%u", options->ttl_ms ? options->ttl_ms : HOUR_MS);
    snprintf(sessions->draft_ttl, sizeof(sessions->draft_ttl), "%u",
             options->draft_ttl_ms ? options->draft_ttl_ms : HOUR_MS);
    sessions->create.source = create_script;
    sessions->get.source = get_script;
    sessions->update.source = update_script;
    sessions->delete.source = delete_script;
    return sessions;
}

void fam_sessions_free(struct fam_sessions *sessions)
{
    free(sessions);
}

void fam_session_done(struct fam_session *session)
{
    fam_secret_done(&session->state);
    fam_secret_done(&session->draft);
    *session = (struct fam_session){0};
}

static struct keys keys_of(const struct fam_uuid *user)
{
    struct keys keys;
    char text[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(user, text);
    snprintf(keys.index, sizeof(keys.index), "fam:{%s}:sessions", text);
    snprintf(keys.prefix, sizeof(keys.prefix), "fam:{%s}:session:", text);
    return keys;
}

static void new_id(char ret_id[FAM_SESSION_ID_SIZE])
{
    unsigned char bytes[16];
    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2base64(ret_id, FAM_SESSION_ID_SIZE, bytes, sizeof(bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static bool id_is_good(const char *id)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    return id && strnlen(id, FAM_SESSION_ID_SIZE) == FAM_SESSION_ID_SIZE - 1 &&
           strspn(id, allowed) == FAM_SESSION_ID_SIZE - 1;
}

static bool client_is_good(const char *client)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t length = client ? strnlen(client, FAM_SESSION_CLIENT_SIZE) : 0;
    return length > 0 && length < FAM_SESSION_CLIENT_SIZE && strspn(client, allowed) == length;
}

static enum fam_code fail_gone(struct fam_status *status)
{
    return fam_fail_reason(status, FAM_NOT_FOUND, "SESSION_GONE", 0,
                           "no such session; it ends an hour after the last use, create a new one");
}

/* ---- from Redis ---- */

static enum fam_code parse_number(const struct fam_redis_reply *reply, size_t index, int64_t *ret_value,
                                  struct fam_status *status)
{
    char *end = NULL;
    const char *text = fam_redis_reply_text(fam_redis_reply_item(reply, index), NULL);
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end) {
        return fam_fail(status, FAM_DATA_LOSS, "a session in Redis is damaged");
    }
    *ret_value = value;
    return FAM_OK;
}

static enum fam_code parse_name(const struct fam_redis_reply *reply, size_t index, char *ret_text, size_t size,
                                struct fam_status *status)
{
    size_t length = 0;
    const char *text = fam_redis_reply_text(fam_redis_reply_item(reply, index), &length);
    if (length == 0 || length >= size || strlen(text) != length) {
        return fam_fail(status, FAM_DATA_LOSS, "a session in Redis is damaged");
    }
    memcpy(ret_text, text, length + 1);
    return FAM_OK;
}

static enum fam_code open_field(const struct fam_sessions *sessions, const struct fam_session *session,
                                const char *column, const struct fam_redis_reply *item, struct fam_secret *ret_plain,
                                struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf plain = {0};
    const struct fam_session_sealer *sealer = &sessions->sealer;
    size_t size = 0;
    const char *sealed = fam_redis_reply_text(item, &size);
    if (size == 0) {
        return FAM_OK;
    }
    enum fam_code code =
        sealer->open(sealer->context, &session->user, session->id, column, sealed, size, &plain, status);
    if (code) {
        return code;
    }
    if (plain.failed || !fam_secret_set(ret_plain, fam_buf_text(&plain), plain.size)) {
        return fam_fail_memory(status);
    }
    return FAM_OK;
}

static enum fam_code parse_session(const struct fam_sessions *sessions, const struct fam_uuid *user,
                                   const struct fam_redis_reply *reply, struct fam_session *session,
                                   struct fam_status *status)
{
    int64_t version = 0;
    session->user = *user;
    enum fam_code code = parse_name(reply, ID, session->id, sizeof(session->id), status);
    if (!code) {
        code = parse_name(reply, CLIENT, session->client, sizeof(session->client), status);
    }
    if (!code) {
        code = parse_number(reply, VERSION, &version, status);
    }
    if (!code) {
        code = parse_number(reply, CREATED, &session->created_at_ms, status);
    }
    if (!code) {
        code = parse_number(reply, LAST_ACTIVITY, &session->last_activity_ms, status);
    }
    if (!code) {
        code = parse_number(reply, LAST_UPDATE, &session->last_update_id, status);
    }
    if (!code) {
        code =
            open_field(sessions, session, "session.state", fam_redis_reply_item(reply, STATE), &session->state, status);
    }
    if (!code) {
        code =
            open_field(sessions, session, "session.draft", fam_redis_reply_item(reply, DRAFT), &session->draft, status);
    }
    session->version = (uint64_t)version;
    return code;
}

/* Runs a script; fills *ret_word with how it ended and *ret_session when there is one. */
static enum fam_code run(struct fam_sessions *sessions, struct fam_redis_script *script, const struct fam_uuid *user,
                         const struct fam_redis_arg *own, size_t own_count, char ret_word[16],
                         struct fam_session *ret_session, struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    struct keys keys = keys_of(user);
    const struct fam_redis_arg index = FAM_REDIS_ARG(keys.index);
    struct fam_redis_arg args[10] = {FAM_REDIS_ARG(keys.prefix), FAM_REDIS_ARG(sessions->ttl)};
    memcpy(args + 2, own, own_count * sizeof(*own));
    enum fam_code code = fam_redis_eval(sessions->redis, script, &index, 1, args, own_count + 2, &reply, status);
    if (!code) {
        code = fam_redis_reply_expect(reply, FAM_REDIS_ARRAY, status);
    }
    if (!code) {
        code = parse_name(reply, WORD, ret_word, 16, status);
    }
    if (!code && fam_redis_reply_count(reply) == ANSWER_SIZE) {
        code = parse_session(sessions, user, reply, ret_session, status);
    }
    if (code) {
        fam_session_done(ret_session);
    }
    return code;
}

/* ---- operations ---- */

enum fam_code fam_sessions_delete(struct fam_sessions *sessions, const struct fam_uuid *user, const char *id,
                                  struct fam_status *status)
{
    struct fam_session none = {0};
    char word[16];
    if (!id_is_good(id)) {
        return FAM_OK;
    }
    const struct fam_redis_arg own[] = {FAM_REDIS_ARG(id)};
    return run(sessions, &sessions->delete, user, own, 1, word, &none, status);
}

/* The live session of the client can't be opened: makes room for a new one. */
static enum fam_code drop_live(struct fam_sessions *sessions, const struct fam_uuid *user, const char *client,
                               struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    struct keys keys = keys_of(user);
    const struct fam_redis_arg words[] = {FAM_REDIS_ARG("HGET"), FAM_REDIS_ARG(keys.index), FAM_REDIS_ARG(client)};
    enum fam_code code = fam_redis_call(sessions->redis, words, 3, &reply, status);
    return code ? code : fam_sessions_delete(sessions, user, fam_redis_reply_text(reply, NULL), status);
}

enum fam_code fam_sessions_create(struct fam_sessions *sessions, const struct fam_uuid *user, const char *client,
                                  struct fam_session *ret_session, bool *ret_created, struct fam_status *status)
{
    char id[FAM_SESSION_ID_SIZE], word[16] = "";
    *ret_session = (struct fam_session){0};
    *ret_created = false;
    if (!client_is_good(client)) {
        return fam_fail_field(status, "client", "client takes 1 to 32 characters of a-z, 0-9, _ and -");
    }
    new_id(id);
    const struct fam_redis_arg own[] = {FAM_REDIS_ARG(client), FAM_REDIS_ARG(id)};
    enum fam_code code = run(sessions, &sessions->create, user, own, 2, word, ret_session, status);
    if (code == FAM_DATA_LOSS) {
        code = drop_live(sessions, user, client, status);
        if (!code) {
            code = run(sessions, &sessions->create, user, own, 2, word, ret_session, status);
        }
    }
    if (code) {
        return code;
    }
    if (strcmp(word, "full") == 0) {
        return fam_fail_reason(status, FAM_RESOURCE_EXHAUSTED, "TOO_MANY_SESSIONS", 0,
                               "this user has live sessions of 16 other clients");
    }
    *ret_created = strcmp(word, "created") == 0;
    return FAM_OK;
}

enum fam_code fam_sessions_get(struct fam_sessions *sessions, const struct fam_uuid *user, const char *id,
                               struct fam_session *ret_session, struct fam_status *status)
{
    char word[16] = "";
    *ret_session = (struct fam_session){0};
    if (!id_is_good(id)) {
        return fail_gone(status);
    }
    const struct fam_redis_arg own[] = {FAM_REDIS_ARG(id)};
    enum fam_code code = run(sessions, &sessions->get, user, own, 1, word, ret_session, status);
    if (code == FAM_DATA_LOSS) {
        code = fam_sessions_delete(sessions, user, id, status);
        return code ? code : fail_gone(status);
    }
    if (code) {
        return code;
    }
    return strcmp(word, "gone") == 0 ? fail_gone(status) : FAM_OK;
}

/* What happens to the draft: "drop", "keep" (the same text: its clock runs on) or "set". Sealing is not repeatable, so
 * the stored one is opened and compared; the version check of the update covers the time between. */
static enum fam_code plan_draft(struct fam_sessions *sessions, const struct fam_uuid *user, const char *id,
                                const char *draft, const char **ret_plan, struct fam_status *status)
{
    struct fam_session now = {0};
    *ret_plan = draft && *draft ? "set" : "drop";
    if (!draft || !*draft) {
        return FAM_OK;
    }
    enum fam_code code = fam_sessions_get(sessions, user, id, &now, status);
    if (!code && strcmp(fam_secret_text(&now.draft), draft) == 0) {
        *ret_plan = "keep";
    }
    fam_session_done(&now);
    return code;
}

static enum fam_code seal_field(const struct fam_sessions *sessions, const struct fam_uuid *user, const char *id,
                                const char *column, const void *plain, size_t size, struct fam_buf *ret_sealed,
                                struct fam_status *status)
{
    const struct fam_session_sealer *sealer = &sessions->sealer;
    if (size == 0) {
        return FAM_OK;
    }
    enum fam_code code = sealer->seal(sealer->context, user, id, column, plain, size, ret_sealed, status);
    if (!code && ret_sealed->failed) {
        code = fam_fail_memory(status);
    }
    return code;
}

static enum fam_code check_change(const struct fam_session_change *change, struct fam_status *status)
{
    const char *draft = change->draft ? change->draft : "";
    if (change->state_size > FAM_SESSION_STATE_BYTES) {
        return fam_fail_field(status, "state", "state takes %d bytes at most", FAM_SESSION_STATE_BYTES);
    }
    if (strnlen(draft, FAM_SESSION_DRAFT_CHARS * 4 + 1) > FAM_SESSION_DRAFT_CHARS * 4 ||
        fam_utf8_length(draft) > FAM_SESSION_DRAFT_CHARS) {
        return fam_fail_field(status, "draft", "draft takes %d characters at most", FAM_SESSION_DRAFT_CHARS);
    }
    return FAM_OK;
}

static enum fam_code store_change(struct fam_sessions *sessions, const struct fam_uuid *user, const char *id,
                                  const struct fam_session_change *change, const char *plan, char ret_word[16],
                                  struct fam_session *ret_session, struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf state = {0};
    fam_auto(fam_buf_done) struct fam_buf draft = {0};
    char version[NUMBER_SIZE], last_update[NUMBER_SIZE];
    enum fam_code code =
        seal_field(sessions, user, id, "session.state", change->state, change->state_size, &state, status);
    if (!code && strcmp(plan, "set") == 0) {
        code = seal_field(sessions, user, id, "session.draft", change->draft, strlen(change->draft), &draft, status);
    }
    if (code) {
        return code;
    }
    snprintf(version, sizeof(version), "%" PRIu64, change->version);
    snprintf(last_update, sizeof(last_update), "%" PRId64, change->last_update_id);
    const struct fam_redis_arg own[] = {FAM_REDIS_ARG(id),
                                        FAM_REDIS_ARG(version),
                                        {fam_buf_text(&state), state.size},
                                        FAM_REDIS_ARG(last_update),
                                        FAM_REDIS_ARG(plan),
                                        {fam_buf_text(&draft), draft.size},
                                        FAM_REDIS_ARG(sessions->draft_ttl)};
    return run(sessions, &sessions->update, user, own, FAM_ARRAY_SIZE(own), ret_word, ret_session, status);
}

enum fam_code fam_sessions_update(struct fam_sessions *sessions, const struct fam_uuid *user, const char *id,
                                  const struct fam_session_change *change, struct fam_session *ret_session,
                                  struct fam_status *status)
{
    const char *plan = "drop";
    char word[16] = "";
    *ret_session = (struct fam_session){0};
    enum fam_code code = check_change(change, status);
    if (code) {
        return code;
    }
    if (!id_is_good(id)) {
        return fail_gone(status);
    }
    code = plan_draft(sessions, user, id, change->draft, &plan, status);
    if (!code) {
        code = store_change(sessions, user, id, change, plan, word, ret_session, status);
    }
    if (code) {
        return code;
    }
    if (strcmp(word, "gone") == 0) {
        return fail_gone(status);
    }
    if (strcmp(word, "changed") == 0) {
        return fam_fail_reason(status, FAM_ABORTED, "VERSION_MISMATCH", 0,
                               "the session has changed since; get it and decide anew");
    }
    return FAM_OK;
}
