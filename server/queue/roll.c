/* roll.c: see roll.h. What a worker says is text: "1 ROLE VERSION THREADS STARTED_MS STOPPING TYPE TYPE …". */
#include "queue/roll.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "queue/queue_private.h"

enum { SAID_MAX = 4096 };

static enum fam_code say(struct fam_queue *queue, const char *name, const char *said, struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    char believed[16];
    (void)snprintf(believed, sizeof(believed), "%d", FAM_ROLL_BELIEVED_MS);
    const struct fam_redis_arg args[] = {FAM_REDIS_ARG(name), FAM_REDIS_ARG(said), FAM_REDIS_ARG(believed)};
    return fam_queue_eval(queue, FAM_QUEUE_ANNOUNCE, args, FAM_ARRAY_SIZE(args), 1, &reply, status);
}

enum fam_code fam_roll_announce(struct fam_queue *queue, const struct fam_roll_entry *entry, struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf said = {0};
    fam_buf_init(&said, SAID_MAX);
    fam_buf_addf(&said, "1 %s %s %" PRIu32 " %" PRId64 " %d", entry->role, entry->version, entry->threads,
                 entry->started_ms, entry->is_stopping ? 1 : 0);
    for (size_t i = 0; i < entry->type_count; i++) {
        fam_buf_addf(&said, " %s", entry->types[i]);
    }
    return said.failed ? fam_fail_memory(status) : say(queue, entry->name, fam_buf_text(&said), status);
}

enum fam_code fam_roll_leave(struct fam_queue *queue, const char *name, struct fam_status *status)
{
    return say(queue, name, "", status);
}

/* The next word of *at as at most `size` - 1 bytes; false at the end, or when it is longer. */
static bool next_word(const char **at, char *ret_word, size_t size)
{
    const char *start = *at + strspn(*at, " ");
    size_t length = strcspn(start, " ");
    if (length == 0 || length >= size) {
        return false;
    }
    memcpy(ret_word, start, length);
    ret_word[length] = '\0';
    *at = start + length;
    return true;
}

static bool next_number(const char **at, int64_t *ret_number)
{
    char word[24], *end = NULL;
    if (!next_word(at, word, sizeof(word))) {
        return false;
    }
    *ret_number = strtoll(word, &end, 10);
    return *end == '\0';
}

static bool read_entry(const char *name, const char *said, struct fam_roll_entry *entry)
{
    char format[4];
    int64_t threads = 0, stopping = 0;
    memset(entry, 0, sizeof(*entry));
    bool good = strlen(name) <= FAM_TASK_WORKER_MAX && next_word(&said, format, sizeof(format)) &&
                strcmp(format, "1") == 0 && next_word(&said, entry->role, sizeof(entry->role)) &&
                next_word(&said, entry->version, sizeof(entry->version)) && next_number(&said, &threads) &&
                next_number(&said, &entry->started_ms) && next_number(&said, &stopping) && threads >= 0 &&
                threads <= UINT16_MAX;
    if (!good) {
        return false;
    }
    (void)snprintf(entry->name, sizeof(entry->name), "%s", name);
    entry->threads = (uint32_t)threads;
    entry->is_stopping = stopping != 0;
    while (entry->type_count < FAM_TASK_TYPES_MAX &&
           next_word(&said, entry->types[entry->type_count], sizeof(entry->types[0]))) {
        entry->type_count++;
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct fam_roll_entry *)a)->name, ((const struct fam_roll_entry *)b)->name);
}

enum fam_code fam_roll_call(struct fam_queue *queue, struct fam_roll_entry **ret_list, size_t *ret_count,
                            struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    char most[16];
    *ret_list = NULL;
    *ret_count = 0;
    (void)snprintf(most, sizeof(most), "%d", FAM_ROLL_MAX);
    const struct fam_redis_arg args[] = {FAM_REDIS_ARG(most)};
    enum fam_code code = fam_queue_eval(queue, FAM_QUEUE_ROLL, args, 1, 0, &reply, status);
    if (code != FAM_OK) {
        return code;
    }
    size_t count = fam_redis_reply_count(reply) / 2;
    *ret_list = calloc(count + 1, sizeof(**ret_list));
    if (*ret_list == NULL) {
        return fam_fail_memory(status);
    }
    for (size_t i = 0; i < count && i < FAM_ROLL_MAX; i++) {
        const char *name = fam_redis_reply_text(fam_redis_reply_item(reply, 2 * i), NULL);
        const char *said = fam_redis_reply_text(fam_redis_reply_item(reply, 2 * i + 1), NULL);
        *ret_count += read_entry(name, said, &(*ret_list)[*ret_count]) ? 1 : 0;
    }
    qsort(*ret_list, *ret_count, sizeof(**ret_list), by_name);
    return FAM_OK;
}
