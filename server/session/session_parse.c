/* session_parse.c: what the scripts of session.c answer, see session_private.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session/session_private.h"

/* Of an answer with a session; of one in the list. */
enum { WORD, ID, CLIENT, VERSION, CREATED, LAST_ACTIVITY, STATE, LAST_UPDATE, DRAFT, FIELDS, ANSWER_SIZE };
enum { LIST_ID, LIST_CLIENT, LIST_VERSION, LIST_CREATED, LIST_ACTIVITY, LIST_UPDATE, LIST_NAMES };

static enum fam_code fail_damaged(struct fam_status *status)
{
    return fam_fail(status, FAM_DATA_LOSS, "a session in Redis is damaged");
}

static enum fam_code parse_number(const struct fam_redis_reply *reply, size_t index, int64_t *ret_value,
                                  struct fam_status *status)
{
    char *end = NULL;
    const char *text = fam_redis_reply_text(fam_redis_reply_item(reply, index), NULL);
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end) {
        return fail_damaged(status);
    }
    *ret_value = value;
    return FAM_OK;
}

static enum fam_code parse_version(const struct fam_redis_reply *reply, size_t index, uint64_t *ret_version,
                                   struct fam_status *status)
{
    int64_t version = 0;
    enum fam_code code = parse_number(reply, index, &version, status);
    *ret_version = (uint64_t)version;
    return code;
}

static enum fam_code parse_name(const struct fam_redis_reply *reply, size_t index, char *ret_text, size_t size,
                                struct fam_status *status)
{
    size_t length = 0;
    const char *text = fam_redis_reply_text(fam_redis_reply_item(reply, index), &length);
    if (length == 0 || length >= size || strlen(text) != length) {
        return fail_damaged(status);
    }
    memcpy(ret_text, text, length + 1);
    return FAM_OK;
}

enum fam_code fam_session_parse_word(const struct fam_redis_reply *reply, char ret_word[FAM_SESSION_WORD_SIZE],
                                     struct fam_status *status)
{
    return parse_name(reply, WORD, ret_word, FAM_SESSION_WORD_SIZE, status);
}

static enum fam_code open_value(const struct fam_sessions *sessions, const struct fam_session *session,
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

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct fam_session_field *)a)->name, ((const struct fam_session_field *)b)->name);
}

static enum fam_code parse_fields(const struct fam_sessions *sessions, const struct fam_redis_reply *list,
                                  struct fam_session *session, struct fam_status *status)
{
    size_t count = fam_redis_reply_count(list) / 2;
    if (count == 0) {
        return FAM_OK;
    }
    if (count > FAM_SESSION_FIELDS) {
        return fail_damaged(status);
    }
    session->fields = calloc(count, sizeof(*session->fields));
    if (!session->fields) {
        return fam_fail_memory(status);
    }
    session->field_count = count;
    for (size_t i = 0; i < count; i++) {
        struct fam_session_field *field = &session->fields[i];
        char column[FAM_SESSION_COLUMN_SIZE];
        enum fam_code code = parse_name(list, 2 * i, field->name, sizeof(field->name), status);
        if (!code && !fam_session_name_is_good(field->name)) {
            code = fail_damaged(status);
        }
        if (!code) {
            fam_session_column(field->name, column);
            code = open_value(sessions, session, column, fam_redis_reply_item(list, 2 * i + 1), &field->value, status);
        }
        if (code) {
            return code;
        }
    }
    qsort(session->fields, count, sizeof(*session->fields), by_name);
    return FAM_OK;
}

enum fam_code fam_session_parse(const struct fam_sessions *sessions, const struct fam_uuid *user,
                                const struct fam_redis_reply *reply, struct fam_session *session,
                                struct fam_status *status)
{
    if (fam_redis_reply_count(reply) != ANSWER_SIZE) {
        return FAM_OK;
    }
    session->user = *user;
    enum fam_code code = parse_name(reply, ID, session->id, sizeof(session->id), status);
    if (!code) {
        code = parse_name(reply, CLIENT, session->client, sizeof(session->client), status);
    }
    if (!code) {
        code = parse_version(reply, VERSION, &session->version, status);
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
            open_value(sessions, session, "session.state", fam_redis_reply_item(reply, STATE), &session->state, status);
    }
    if (!code) {
        code =
            open_value(sessions, session, "session.draft", fam_redis_reply_item(reply, DRAFT), &session->draft, status);
    }
    if (!code) {
        code = parse_fields(sessions, fam_redis_reply_item(reply, FIELDS), session, status);
    }
    return code;
}

static int as_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

enum fam_code fam_session_parse_summary(const struct fam_redis_reply *reply, struct fam_session_summary *summary,
                                        struct fam_status *status)
{
    size_t count = fam_redis_reply_count(reply);
    *summary = (struct fam_session_summary){0};
    if (count < LIST_NAMES || count > LIST_NAMES + FAM_SESSION_FIELDS) {
        return fail_damaged(status);
    }
    enum fam_code code = parse_name(reply, LIST_ID, summary->id, sizeof(summary->id), status);
    if (!code) {
        code = parse_name(reply, LIST_CLIENT, summary->client, sizeof(summary->client), status);
    }
    if (!code) {
        code = parse_version(reply, LIST_VERSION, &summary->version, status);
    }
    if (!code) {
        code = parse_number(reply, LIST_CREATED, &summary->created_at_ms, status);
    }
    if (!code) {
        code = parse_number(reply, LIST_ACTIVITY, &summary->last_activity_ms, status);
    }
    if (!code) {
        code = parse_number(reply, LIST_UPDATE, &summary->last_update_id, status);
    }
    for (size_t i = LIST_NAMES; !code && i < count; i++) {
        code = parse_name(reply, i, summary->names[summary->name_count], FAM_SESSION_NAME_SIZE, status);
        summary->name_count += code == FAM_OK;
    }
    qsort(summary->names, summary->name_count, sizeof(summary->names[0]), as_text);
    return code;
}
