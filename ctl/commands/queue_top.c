/* queue top: what the queue is doing, every few seconds. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "commands/commands.h"
#include "commands/queue_words.h"
#include "ctl.h"

enum { INTERVAL_S = 2 };

static bool is_json(const struct fam_ctl *ctl)
{
    const char *format = fam_parsed_value(ctl->parsed, "--output");
    return format != NULL && strcmp(format, "json") == 0;
}

static Fam__V1__QueueTypeStats sum_of(const Fam__V1__GetQueueStatsResponse *stats)
{
    Fam__V1__QueueTypeStats sum = FAM__V1__QUEUE_TYPE_STATS__INIT;
    for (size_t i = 0; i < stats->n_types; i++) {
        const Fam__V1__QueueTypeStats *type = stats->types[i];
        sum.ready += type->ready;
        sum.waiting += type->waiting;
        sum.running += type->running;
        sum.dead += type->dead;
        sum.done_minute += type->done_minute;
        sum.done_hour += type->done_hour;
        sum.oldest_ready_ms = type->oldest_ready_ms > sum.oldest_ready_ms ? type->oldest_ready_ms : sum.oldest_ready_ms;
    }
    return sum;
}

/* Names come from the server: what a terminal would obey becomes a question mark. */
static void add_name(struct fam_buf *buf, const char *name)
{
    char safe[40];
    size_t size = 0;
    for (; size < sizeof(safe) - 1 && name[size] != '\0'; size++) {
        safe[size] = name[size] > ' ' && name[size] < 0x7f ? name[size] : '?';
    }
    safe[size] = '\0';
    fam_buf_addf(buf, "\n%-24s", safe);
}

static void add_row(struct fam_buf *buf, const char *name, const Fam__V1__QueueTypeStats *type)
{
    char age[FAM_AGE_SIZE];
    fam_age_words(type->oldest_ready_ms, age);
    add_name(buf, name);
    fam_buf_addf(buf, "  %8" PRId64 "  %8" PRId64 "  %8" PRId64 "  %8" PRId64 "  %8.1f  %8" PRId64 "  %9s", type->ready,
                 type->waiting, type->running, type->dead, (double)type->done_minute / 60, type->done_hour, age);
}

static void add_text(struct fam_buf *buf, const struct fam_ctl *ctl, const Fam__V1__GetQueueStatsResponse *stats)
{
    char now[FAM_RFC3339_SIZE];
    const Fam__V1__QueueTypeStats sum = sum_of(stats);
    fam_rfc3339(fam_wall_ms(), now);
    if (ctl->io->style.colour) {
        fam_buf_add_text(buf, "\033[H\033[2J"); /* on a terminal the last figures make room */
    }
    fam_buf_addf(buf, "%s  %s  Redis %s", now, fam_ctl_servers(ctl), stats->redis_up ? "answers" : "is away");
    fam_buf_addf(buf, "\n%-24s  %8s  %8s  %8s  %8s  %8s  %8s  %9s", "TYPE", "READY", "WAITING", "RUNNING", "DEAD",
                 "DONE/S", "DONE/H", "OLDEST");
    for (size_t i = 0; i < stats->n_types; i++) {
        add_row(buf, stats->types[i]->type, stats->types[i]);
    }
    add_row(buf, "all", &sum);
    for (size_t i = 0; i < stats->n_workers; i++) {
        add_name(buf, stats->workers[i]->name);
        fam_buf_addf(buf, "  runs %" PRId64, stats->workers[i]->running);
    }
    for (size_t i = 0; i < stats->n_pauses; i++) {
        add_name(buf, stats->pauses[i]->type);
        fam_buf_add_text(buf, "  paused");
    }
    fam_buf_add_text(buf, "\n\n");
}

static bool add_numbers(cJSON *object, const Fam__V1__QueueTypeStats *type)
{
    return cJSON_AddNumberToObject(object, "ready", (double)type->ready) != NULL &&
           cJSON_AddNumberToObject(object, "waiting", (double)type->waiting) != NULL &&
           cJSON_AddNumberToObject(object, "running", (double)type->running) != NULL &&
           cJSON_AddNumberToObject(object, "dead", (double)type->dead) != NULL &&
           cJSON_AddNumberToObject(object, "done_minute", (double)type->done_minute) != NULL &&
           cJSON_AddNumberToObject(object, "done_hour", (double)type->done_hour) != NULL &&
           cJSON_AddNumberToObject(object, "oldest_ready_ms", (double)type->oldest_ready_ms) != NULL;
}

/* The array `key` of `parent`, with one more object that has a name. */
static cJSON *add_named(cJSON *parent, const char *key, const char *member, const char *name)
{
    cJSON *array = cJSON_GetObjectItemCaseSensitive(parent, key);
    cJSON *object = cJSON_CreateObject();
    if (!cJSON_AddItemToArray(array, object)) {
        cJSON_Delete(object);
        return NULL;
    }
    return cJSON_AddStringToObject(object, member, name) == NULL ? NULL : object;
}

static bool fill_json(cJSON *line, const Fam__V1__GetQueueStatsResponse *stats)
{
    char now[FAM_RFC3339_SIZE];
    const Fam__V1__QueueTypeStats sum = sum_of(stats);
    fam_rfc3339(fam_wall_ms(), now);
    bool good = cJSON_AddStringToObject(line, "at", now) != NULL && add_numbers(line, &sum) &&
                cJSON_AddBoolToObject(line, "redis_up", stats->redis_up) != NULL &&
                cJSON_AddArrayToObject(line, "types") != NULL && cJSON_AddArrayToObject(line, "workers") != NULL &&
                cJSON_AddArrayToObject(line, "paused") != NULL;
    for (size_t i = 0; good && i < stats->n_types; i++) {
        cJSON *type = add_named(line, "types", "type", stats->types[i]->type);
        good = type != NULL && add_numbers(type, stats->types[i]);
    }
    for (size_t i = 0; good && i < stats->n_workers; i++) {
        cJSON *worker = add_named(line, "workers", "name", stats->workers[i]->name);
        good = worker != NULL && cJSON_AddNumberToObject(worker, "running", (double)stats->workers[i]->running) != NULL;
    }
    for (size_t i = 0; good && i < stats->n_pauses; i++) {
        good = add_named(line, "paused", "type", stats->pauses[i]->type) != NULL;
    }
    return good;
}

static bool add_json(struct fam_buf *buf, const Fam__V1__GetQueueStatsResponse *stats)
{
    cJSON *line = cJSON_CreateObject();
    char *text = line != NULL && fill_json(line, stats) ? cJSON_PrintUnformatted(line) : NULL;
    cJSON_Delete(line);
    if (text == NULL) {
        return false;
    }
    fam_buf_addf(buf, "%s\n", text);
    cJSON_free(text);
    return true;
}

static enum fam_code show(struct fam_ctl *ctl, const Fam__V1__GetQueueStatsResponse *stats, struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf buf = {0};
    bool good = true;
    if (is_json(ctl)) {
        good = add_json(&buf, stats);
    } else {
        add_text(&buf, ctl, stats);
    }
    return !good || buf.failed ? fam_fail_memory(status) : fam_ctl_write(ctl, fam_buf_text(&buf), buf.size, status);
}

enum fam_code fam_ctl_queue_top(struct fam_ctl *ctl, struct fam_status *status)
{
    uint32_t interval_s = fam_parsed_number(ctl->parsed, "--interval", INTERVAL_S);
    uint32_t count = fam_parsed_number(ctl->parsed, "--count", 0);
    enum fam_code code = FAM_OK;
    for (uint32_t shown = 0; code == FAM_OK && (count == 0 || shown < count); shown++) {
        struct fam_rpc_options options = fam_ctl_call(ctl);
        struct fam_rpc rpc;
        const Fam__V1__GetQueueStatsResponse *stats = NULL;
        if (shown > 0) {
            (void)poll(NULL, 0, (int)(interval_s * 1000));
        }
        options.read_only = true;
        code = fam_queue_stats_fetch(ctl, &rpc, &options, &stats, status);
        if (code == FAM_OK) {
            code = show(ctl, stats, status);
        }
        fam_rpc_done(&rpc);
    }
    ctl->out.streamed = true;
    return code;
}
