/* redis_reply.c: what Redis answered, without hiredis's types. struct fam_redis_reply is a redisReply in disguise. */
#include <string.h>

#include "redis/redis_private.h"

static const redisReply *raw(const struct fam_redis_reply *reply)
{
    return (const redisReply *)reply;
}

void fam_redis_reply_free(struct fam_redis_reply *reply)
{
    if (reply) {
        freeReplyObject(reply);
    }
}

void fam_redis_reply_done(struct fam_redis_reply **reply)
{
    fam_redis_reply_free(*reply);
    *reply = NULL;
}

enum fam_redis_type fam_redis_reply_type(const struct fam_redis_reply *reply)
{
    switch (raw(reply)->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        return FAM_REDIS_TEXT;
    case REDIS_REPLY_INTEGER:
        return FAM_REDIS_INTEGER;
    case REDIS_REPLY_ARRAY:
        return FAM_REDIS_ARRAY;
    case REDIS_REPLY_NIL:
        return FAM_REDIS_NIL;
    default:
        return FAM_REDIS_ERROR;
    }
}

int64_t fam_redis_reply_integer(const struct fam_redis_reply *reply)
{
    return reply && raw(reply)->type == REDIS_REPLY_INTEGER ? raw(reply)->integer : 0;
}

const char *fam_redis_reply_text(const struct fam_redis_reply *reply, size_t *ret_size)
{
    bool is_text = reply && fam_redis_reply_type(reply) == FAM_REDIS_TEXT;
    if (ret_size) {
        *ret_size = is_text ? (size_t)raw(reply)->len : 0;
    }
    return is_text ? raw(reply)->str : "";
}

size_t fam_redis_reply_count(const struct fam_redis_reply *reply)
{
    return reply && raw(reply)->type == REDIS_REPLY_ARRAY ? raw(reply)->elements : 0;
}

const struct fam_redis_reply *fam_redis_reply_item(const struct fam_redis_reply *reply, size_t index)
{
    return index < fam_redis_reply_count(reply) ? (const struct fam_redis_reply *)raw(reply)->element[index] : NULL;
}

bool fam_redis_reply_is_error(const struct fam_redis_reply *reply, const char *word)
{
    size_t length = strlen(word);
    if (raw(reply)->type != REDIS_REPLY_ERROR || strncmp(raw(reply)->str, word, length) != 0) {
        return false;
    }
    return raw(reply)->str[length] == ' ' || raw(reply)->str[length] == '\0';
}

bool fam_redis_reply_is_outage(const struct fam_redis_reply *reply)
{
    static const char *const words[] = {"LOADING", "NOAUTH", "MASTERDOWN", "CLUSTERDOWN"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(words); i++) {
        if (fam_redis_reply_is_error(reply, words[i])) {
            return true;
        }
    }
    return false;
}

static enum fam_code fail_error(const struct fam_redis_reply *reply, struct fam_status *status)
{
    static const char *const passing[] = {"READONLY", "MISCONF", "BUSY", "TRYAGAIN", "NOREPLICAS", "UNBLOCKED"};
    char word[24];
    size_t length = 0;
    if (fam_redis_reply_is_error(reply, "OOM")) {
        return fam_fail_reason(status, FAM_UNAVAILABLE, "REDIS_FULL", 1000, "Redis has no memory left");
    }
    /* The first word is Redis's own; what follows may quote arguments. */
    while (length + 1 < sizeof(word) && raw(reply)->str[length] >= 'A' && raw(reply)->str[length] <= 'Z') {
        word[length] = raw(reply)->str[length];
        length++;
    }
    word[length] = '\0';
    bool passes = fam_redis_reply_is_outage(reply);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(passing); i++) {
        passes = passes || strcmp(word, passing[i]) == 0;
    }
    if (passes) {
        return fam_fail_reason(status, FAM_UNAVAILABLE, "REDIS_UNAVAILABLE", 1000, "Redis can't serve now: %s", word);
    }
    return fam_fail(status, FAM_INTERNAL, "Redis refused a command: %s", length ? word : "ERR");
}

enum fam_code fam_redis_reply_expect(const struct fam_redis_reply *reply, enum fam_redis_type type,
                                     struct fam_status *status)
{
    if (!reply) {
        return fam_fail(status, FAM_INTERNAL, "Redis answered less than expected");
    }
    enum fam_redis_type actual = fam_redis_reply_type(reply);
    if (actual == type) {
        return FAM_OK;
    }
    if (actual == FAM_REDIS_ERROR) {
        return fail_error(reply, status);
    }
    return fam_fail(status, FAM_INTERNAL, "Redis answered with another type than expected");
}
