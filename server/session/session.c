/* session.c: see session.h. */
#include "session/session.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "session/session_private.h"
#include "session/session_scripts.h"

enum { KEY_SIZE = 96, ARGS_MAX = 12 };

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
    snprintf(sessions->ttl, sizeof(sessions->ttl), "%u", options->ttl_ms ? options->ttl_ms : FAM_SESSION_TTL_MS);
    snprintf(sessions->draft_ttl, sizeof(sessions->draft_ttl), "%u",
             options->draft_ttl_ms ? options->draft_ttl_ms : FAM_SESSION_DRAFT_TTL_MS);
    sessions->create.source = create_script;
    sessions->get.source = get_script;
    sessions->update.source = update_script;
    sessions->delete.source = delete_script;
    sessions->list.source = list_script;
    sessions->delete_all.source = delete_all_script;
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
    for (size_t i = 0; i < session->field_count; i++) {
        fam_secret_done(&session->fields[i].value);
    }
    free(session->fields);
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
    bytes[0] &= 0x7f; /* so that none begins with '-', and can stand on a command line */
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
                           "no such session; it ends a day after the last use, create a new one");
}

/* Runs a script with arguments of its own; *ret_reply is an array. */
static enum fam_code eval(struct fam_sessions *sessions, struct fam_redis_script *script, const struct fam_uuid *user,
                          const struct fam_redis_arg *own, size_t own_count, struct fam_redis_reply **ret_reply,
                          struct fam_status *status)
{
    struct keys keys = keys_of(user);
    const struct fam_redis_arg index = FAM_REDIS_ARG(keys.index);
    struct fam_redis_arg args[ARGS_MAX] = {FAM_REDIS_ARG(keys.prefix), FAM_REDIS_ARG(sessions->ttl)};
    if (own_count > 0) {
        memcpy(args + 2, own, own_count * sizeof(*own));
    }
    enum fam_code code = fam_redis_eval(sessions->redis, script, &index, 1, args, own_count + 2, ret_reply, status);
    return code ? code : fam_redis_reply_expect(*ret_reply, FAM_REDIS_ARRAY, status);
}

/* A script on one session: fills *ret_word with how it ended and *ret_session when there is one. */
static enum fam_code run(struct fam_sessions *sessions, struct fam_redis_script *script, const struct fam_uuid *user,
                         const struct fam_redis_arg *own, size_t own_count, char ret_word[FAM_SESSION_WORD_SIZE],
                         struct fam_session *ret_session, struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    enum fam_code code = eval(sessions, script, user, own, own_count, &reply, status);
    if (!code) {
        code = fam_session_parse_word(reply, ret_word, status);
    }
    if (!code) {
        code = fam_session_parse(sessions, user, reply, ret_session, status);
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
    char word[FAM_SESSION_WORD_SIZE];
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
    char id[FAM_SESSION_ID_SIZE], word[FAM_SESSION_WORD_SIZE] = "";
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
                               "this user has live sessions of %d other clients", FAM_SESSION_CLIENTS);
    }
    *ret_created = strcmp(word, "created") == 0;
    return FAM_OK;
}

enum fam_code fam_sessions_get(struct fam_sessions *sessions, const struct fam_uuid *user, const char *id,
                               struct fam_session *ret_session, struct fam_status *status)
{
    char word[FAM_SESSION_WORD_SIZE] = "";
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

static enum fam_code check_own(const struct fam_session_change *change, struct fam_status *status)
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

static enum fam_code check_change(const struct fam_session_change *change, struct fam_status *status)
{
    if (change->fence > FAM_SESSION_FENCE_MAX) {
        return fam_fail_field(status, "fence", "no lead has a fence that high");
    }
    enum fam_code code = fam_session_fields_check(change->fields, change->field_count, status);
    return code || change->merge ? code : check_own(change, status);
}

/* How the update script ended, in words for the caller. */
static enum fam_code judge(const char *word, struct fam_status *status)
{
    if (strcmp(word, "gone") == 0) {
        return fail_gone(status);
    }
    if (strcmp(word, "changed") == 0) {
        return fam_fail_reason(status, FAM_ABORTED, "VERSION_MISMATCH", 0,
                               "the session has changed since; get it and decide anew");
    }
    if (strcmp(word, "fenced") == 0) {
        return fam_fail_reason(status, FAM_ABORTED, "LEAD_LOST", 0,
                               "the session was changed under a newer lead; this one has been lost");
    }
    if (strcmp(word, "crowded") == 0) {
        return fam_fail_reason(status, FAM_RESOURCE_EXHAUSTED, "TOO_MANY_FIELDS", 0, "a session has %d fields at most",
                               FAM_SESSION_FIELDS);
    }
    return FAM_OK;
}

/* What is sealed, on its way. */
struct sealed {
    struct fam_buf fields, state, draft;
};

static void sealed_done(struct sealed *sealed)
{
    fam_buf_done(&sealed->fields);
    fam_buf_done(&sealed->state);
    fam_buf_done(&sealed->draft);
}

static enum fam_code seal_change(const struct fam_sessions *sessions, const struct fam_uuid *user, const char *id,
                                 const struct fam_session_change *change, const char *plan, struct sealed *ret_sealed,
                                 struct fam_status *status)
{
    enum fam_code code =
        fam_session_fields_pack(sessions, user, id, change->fields, change->field_count, &ret_sealed->fields, status);
    if (!code && !change->merge) {
        code = fam_session_seal(sessions, user, id, "session.state", change->state, change->state_size,
                                &ret_sealed->state, status);
    }
    if (!code && strcmp(plan, "set") == 0) {
        code = fam_session_seal(sessions, user, id, "session.draft", change->draft, strlen(change->draft),
                                &ret_sealed->draft, status);
    }
    return code;
}

static enum fam_code store_change(struct fam_sessions *sessions, const struct fam_uuid *user, const char *id,
                                  const struct fam_session_change *change, const char *plan,
                                  struct fam_session *ret_session, struct fam_status *status)
{
    fam_auto(sealed_done) struct sealed sealed = {0};
    char version[FAM_SESSION_NUMBER_SIZE], fence[FAM_SESSION_NUMBER_SIZE], last_update[FAM_SESSION_NUMBER_SIZE];
    char word[FAM_SESSION_WORD_SIZE] = "";
    enum fam_code code = seal_change(sessions, user, id, change, plan, &sealed, status);
    if (code) {
        return code;
    }
    snprintf(version, sizeof(version), "%" PRIu64, change->version);
    snprintf(fence, sizeof(fence), "%" PRIu64, change->fence);
    snprintf(last_update, sizeof(last_update), "%" PRId64, change->last_update_id);
    const struct fam_redis_arg own[] = {FAM_REDIS_ARG(id),
                                        change->merge ? FAM_REDIS_ARG("merge") : FAM_REDIS_ARG("set"),
                                        FAM_REDIS_ARG(version),
                                        FAM_REDIS_ARG(fence),
                                        {fam_buf_text(&sealed.fields), sealed.fields.size},
                                        {fam_buf_text(&sealed.state), sealed.state.size},
                                        FAM_REDIS_ARG(last_update),
                                        FAM_REDIS_ARG(plan),
                                        {fam_buf_text(&sealed.draft), sealed.draft.size},
                                        FAM_REDIS_ARG(sessions->draft_ttl)};
    _Static_assert(FAM_ARRAY_SIZE(own) + 2 <= ARGS_MAX, "room for the arguments of every script");
    code = run(sessions, &sessions->update, user, own, FAM_ARRAY_SIZE(own), word, ret_session, status);
    return code ? code : judge(word, status);
}

enum fam_code fam_sessions_update(struct fam_sessions *sessions, const struct fam_uuid *user, const char *id,
                                  const struct fam_session_change *change, struct fam_session *ret_session,
                                  struct fam_status *status)
{
    const char *plan = "drop";
    *ret_session = (struct fam_session){0};
    enum fam_code code = check_change(change, status);
    if (code) {
        return code;
    }
    if (!id_is_good(id)) {
        return fail_gone(status);
    }
    if (!change->merge) {
        code = plan_draft(sessions, user, id, change->draft, &plan, status);
    }
    if (!code) {
        code = store_change(sessions, user, id, change, plan, ret_session, status);
    }
    if (code == FAM_DATA_LOSS) { /* what it keeps beside this can't be opened any more */
        code = fam_sessions_delete(sessions, user, id, status);
        return code ? code : fail_gone(status);
    }
    return code;
}

/* ---- all of a user ---- */

static int newest_first(const void *a, const void *b)
{
    int64_t one = ((const struct fam_session_summary *)a)->last_activity_ms;
    int64_t other = ((const struct fam_session_summary *)b)->last_activity_ms;
    return (one < other) - (one > other);
}

enum fam_code fam_sessions_list(struct fam_sessions *sessions, const struct fam_uuid *user,
                                struct fam_session_summary **ret_list, size_t *ret_count, struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    struct fam_status damage;
    *ret_list = NULL;
    *ret_count = 0;
    enum fam_code code = eval(sessions, &sessions->list, user, NULL, 0, &reply, status);
    if (code) {
        return code;
    }
    size_t count = fam_redis_reply_count(reply);
    if (count > FAM_SESSION_CLIENTS + 1) {
        count = FAM_SESSION_CLIENTS + 1;
    }
    *ret_list = calloc(count + 1, sizeof(**ret_list));
    if (!*ret_list) {
        return fam_fail_memory(status);
    }
    for (size_t i = 1; i < count; i++) {
        const struct fam_redis_reply *one = fam_redis_reply_item(reply, i);
        *ret_count += fam_session_parse_summary(one, &(*ret_list)[*ret_count], &damage) == FAM_OK;
    }
    qsort(*ret_list, *ret_count, sizeof(**ret_list), newest_first);
    return FAM_OK;
}

enum fam_code fam_sessions_delete_all(struct fam_sessions *sessions, const struct fam_uuid *user, bool dry_run,
                                      size_t *ret_deleted, struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    const struct fam_redis_arg own[] = {dry_run ? FAM_REDIS_ARG("count") : FAM_REDIS_ARG("end")};
    *ret_deleted = 0;
    enum fam_code code = eval(sessions, &sessions->delete_all, user, own, 1, &reply, status);
    if (!code) {
        *ret_deleted = (size_t)fam_redis_reply_integer(fam_redis_reply_item(reply, 1));
    }
    return code;
}
