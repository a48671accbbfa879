/* queue stats|list|dead|show: what there is to do, and what became of it. */
#include <string.h>

#include "commands/commands.h"
#include "commands/queue_words.h"
#include "ctl.h"
#include "words.h"

static void word_cell(struct fam_out *out, const ProtobufCEnumDescriptor *descriptor, int value)
{
    char word[FAM_WORD_SIZE];
    fam_word_from_enum(descriptor, value, word);
    fam_out_cell(out, FAM_TEXT(word));
}

static void show_types(struct fam_out *out, const Fam__V1__GetQueueStatsResponse *stats)
{
    static const struct fam_column COLUMNS[] = {{"type", "TYPE"},
                                                {"ready", "READY"},
                                                {"waiting", "WAITING"},
                                                {"running", "RUNNING"},
                                                {"dead", "DEAD"},
                                                {"done_minute", "DONE, MINUTE"},
                                                {"done_hour", "DONE, HOUR"},
                                                {"oldest_ready_ms", "OLDEST READY, MS"}};
    fam_out_table(out, "types", COLUMNS, FAM_ARRAY_SIZE(COLUMNS), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < stats->n_types; i++) {
        const Fam__V1__QueueTypeStats *type = stats->types[i];
        fam_out_cell(out, FAM_TEXT(type->type));
        fam_out_cell(out, FAM_NUMBER(type->ready));
        fam_out_cell(out, FAM_NUMBER(type->waiting));
        fam_out_cell(out, FAM_NUMBER(type->running));
        fam_out_cell(out, FAM_NUMBER(type->dead));
        fam_out_cell(out, FAM_NUMBER(type->done_minute));
        fam_out_cell(out, FAM_NUMBER(type->done_hour));
        fam_out_cell(out, FAM_NUMBER(type->oldest_ready_ms));
    }
}

static void show_rest(struct fam_out *out, const Fam__V1__GetQueueStatsResponse *stats)
{
    static const struct fam_column PRIORITIES[] = {{"priority", "PRIORITY"}, {"ready", "READY"}};
    static const struct fam_column WORKERS[] = {
        {"name", "WORKER"},      {"alive", "ALIVE"},     {"role", "ROLE"},
        {"version", "VERSION"},  {"running", "RUNNING"}, {"threads", "OF THREADS"},
        {"started_at", "SINCE"}, {"stopping", "STOPS"},  {"types", "TYPES"}};
    static const struct fam_column PAUSES[] = {
        {"type", "PAUSED"}, {"until", "UNTIL"}, {"paused_by", "BY"}, {"paused_at", "SINCE"}, {"reason", "REASON"}};
    fam_out_table(out, "priorities", PRIORITIES, FAM_ARRAY_SIZE(PRIORITIES), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < stats->n_priorities; i++) {
        word_cell(out, &fam__v1__priority__descriptor, (int)stats->priorities[i]->priority);
        fam_out_cell(out, FAM_NUMBER(stats->priorities[i]->ready));
    }
    fam_out_table(out, "workers", WORKERS, FAM_ARRAY_SIZE(WORKERS), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < stats->n_workers; i++) {
        const Fam__V1__QueueWorker *worker = stats->workers[i];
        fam_out_cell(out, FAM_TEXT(worker->name));
        fam_out_cell(out, FAM_YES_NO(worker->alive));
        fam_out_cell(out, FAM_TEXT(worker->role));
        fam_out_cell(out, FAM_TEXT(worker->version));
        fam_out_cell(out, FAM_NUMBER(worker->running));
        fam_out_cell(out, FAM_NUMBER(worker->threads));
        fam_out_cell(out, FAM_TIME(worker->started_at_ms));
        fam_out_cell(out, FAM_YES_NO(worker->stopping));
        fam_out_cell(out, FAM_WORDS(worker->types, worker->n_types));
    }
    fam_out_table(out, "pauses", PAUSES, FAM_ARRAY_SIZE(PAUSES), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < stats->n_pauses; i++) {
        fam_out_cell(out, FAM_TONED(stats->pauses[i]->type, FAM_TONE_WARN));
        fam_out_cell(out, FAM_TIME(stats->pauses[i]->until_ms));
        fam_out_cell(out, FAM_TEXT(stats->pauses[i]->paused_by));
        fam_out_cell(out, FAM_TIME(stats->pauses[i]->paused_at_ms));
        fam_out_cell(out, FAM_TEXT(stats->pauses[i]->reason));
    }
    fam_out_field(out, "redis_up", "Redis answers", FAM_YES_NO(stats->redis_up));
    fam_out_field(out, "redis_ready", "Ready in Redis", FAM_NUMBER(stats->redis_ready));
    fam_out_field(out, "redis_delayed", "Delayed in Redis", FAM_NUMBER(stats->redis_delayed));
    fam_out_field(out, "redis_leased", "Leased in Redis", FAM_NUMBER(stats->redis_leased));
}

enum fam_code fam_ctl_queue_stats(struct fam_ctl *ctl, struct fam_status *status)
{
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    const Fam__V1__GetQueueStatsResponse *stats = NULL;
    options.read_only = true;
    enum fam_code code = fam_queue_stats_fetch(ctl, &rpc, &options, &stats, status);
    if (code == FAM_OK) {
        show_types(&ctl->out, stats);
        show_rest(&ctl->out, stats);
    }
    fam_rpc_done(&rpc);
    return code;
}

static void show_tasks(struct fam_out *out, const Fam__V1__ListTasksResponse *response)
{
    static const struct fam_column COLUMNS[] = {{"task_id", "ID"},
                                                {"type", "TYPE"},
                                                {"priority", "PRIORITY"},
                                                {"state", "STATE"},
                                                {"waits_for", "WAITS FOR"},
                                                {"attempts", "ATTEMPTS"},
                                                {"deaths", "DEATHS"},
                                                {"created_at", "CREATED AT"},
                                                {"not_before", "NOT BEFORE"},
                                                {"worker", "WORKER"},
                                                {"user_id", "USER"},
                                                {"reason", "LAST FAILURE"}};
    fam_out_table(out, "tasks", COLUMNS, FAM_ARRAY_SIZE(COLUMNS), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_tasks; i++) {
        const Fam__V1__Task *task = response->tasks[i];
        fam_out_cell(out, FAM_TEXT(task->task_id));
        fam_out_cell(out, FAM_TEXT(task->type));
        word_cell(out, &fam__v1__priority__descriptor, (int)task->priority);
        word_cell(out, &fam__v1__task_state__descriptor, (int)task->state);
        fam_out_cell(out, FAM_TEXT(task->waits_for));
        fam_out_cell(out, FAM_NUMBER(task->attempts));
        fam_out_cell(out, FAM_NUMBER(task->deaths));
        fam_out_cell(out, FAM_TIME(task->created_at_ms));
        fam_out_cell(out, FAM_TIME(task->not_before_ms));
        fam_out_cell(out, FAM_TEXT(task->worker));
        fam_out_cell(out, FAM_TEXT(task->user_id));
        fam_out_cell(out, FAM_TEXT(task->reason));
    }
}

static void show_dead(struct fam_out *out, const Fam__V1__ListTasksResponse *response)
{
    static const struct fam_column COLUMNS[] = {{"task_id", "ID"},          {"type", "TYPE"},
                                                {"attempts", "ATTEMPTS"},   {"deaths", "DEATHS"},
                                                {"finished_at", "DIED AT"}, {"reason", "REASON"}};
    fam_out_table(out, "tasks", COLUMNS, FAM_ARRAY_SIZE(COLUMNS), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_tasks; i++) {
        const Fam__V1__Task *task = response->tasks[i];
        fam_out_cell(out, FAM_TEXT(task->task_id));
        fam_out_cell(out, FAM_TEXT(task->type));
        fam_out_cell(out, FAM_NUMBER(task->attempts));
        fam_out_cell(out, FAM_NUMBER(task->deaths));
        fam_out_cell(out, FAM_TIME(task->finished_at_ms));
        fam_out_cell(out, FAM_TONED(task->reason, FAM_TONE_BAD));
    }
}

static enum fam_code list(struct fam_ctl *ctl, Fam__V1__TaskFilter *filter,
                          void (*view)(struct fam_out *out, const Fam__V1__ListTasksResponse *response),
                          struct fam_status *status)
{
    static char nothing[] = "";
    Fam__V1__ListTasksRequest request = FAM__V1__LIST_TASKS_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    const char *after = fam_parsed_value(ctl->parsed, "--after");
    options.read_only = true;
    request.filter = filter;
    request.page_size = (int32_t)fam_parsed_number(ctl->parsed, "--limit", 20);
    request.page_token = after == NULL ? nothing : (char *)(uintptr_t)after;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, list_tasks, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__ListTasksResponse *response = (const Fam__V1__ListTasksResponse *)fam_rpc_response(&rpc);
        view(&ctl->out, response);
        if (response->next_page_token[0] != '\0') {
            fam_out_field(&ctl->out, "next", "More with --after", FAM_TEXT(response->next_page_token));
        }
    }
    fam_rpc_done(&rpc);
    return code;
}

enum fam_code fam_ctl_queue_list(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__TaskFilter filter;
    enum fam_code code = fam_task_filter_read(ctl, &filter, status);
    return code == FAM_OK ? list(ctl, &filter, show_tasks, status) : code;
}

enum fam_code fam_ctl_queue_dead(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__TaskFilter filter;
    enum fam_code code = fam_task_filter_read(ctl, &filter, status);
    filter.state = FAM__V1__TASK_STATE__TASK_STATE_DEAD;
    return code == FAM_OK ? list(ctl, &filter, show_dead, status) : code;
}

static void show_task(struct fam_out *out, const Fam__V1__Task *task)
{
    char word[FAM_WORD_SIZE];
    fam_out_field(out, "task_id", "Id", FAM_TEXT(task->task_id));
    fam_out_field(out, "type", "Type", FAM_TEXT(task->type));
    fam_word_from_enum(&fam__v1__priority__descriptor, (int)task->priority, word);
    fam_out_field(out, "priority", "Priority", FAM_TEXT(word));
    fam_word_from_enum(&fam__v1__task_state__descriptor, (int)task->state, word);
    bool dead = task->state == FAM__V1__TASK_STATE__TASK_STATE_DEAD;
    fam_out_field(out, "state", "State", FAM_TONED(word, dead ? FAM_TONE_BAD : FAM_TONE_PLAIN));
    fam_out_field(out, "waits_for", "Waits for", FAM_TEXT(task->waits_for));
    fam_out_field(out, "user_id", "User", FAM_TEXT(task->user_id));
    fam_out_field(out, "unique_key", "Unique key", FAM_TEXT(task->unique_key));
    fam_out_field(out, "attempts", "Failed attempts", FAM_NUMBER(task->attempts));
    fam_out_field(out, "max_attempts", "Of at most", FAM_NUMBER(task->max_attempts));
    fam_out_field(out, "deaths", "Workers that died", FAM_NUMBER(task->deaths));
    fam_out_field(out, "created_at", "Created at", FAM_TIME(task->created_at_ms));
    fam_out_field(out, "not_before", "Not before", FAM_TIME(task->not_before_ms));
    fam_out_field(out, "worker", "Worker", FAM_TEXT(task->worker));
    fam_out_field(out, "leased_until", "Leased until", FAM_TIME(task->leased_until_ms));
    fam_out_field(out, "reason", "Last failure", FAM_TEXT(task->reason));
    fam_out_field(out, "finished_at", "Finished at", FAM_TIME(task->finished_at_ms));
}

/* Its past from the first line to the last: made, tried, and how it is now. */
static void show_past(struct fam_out *out, const Fam__V1__GetTaskResponse *response)
{
    static const struct fam_column COLUMNS[] = {
        {"at", "AT"}, {"event", "EVENT"}, {"worker", "WORKER"}, {"duration_ms", "TOOK, MS"}, {"reason", "REASON"}};
    const Fam__V1__Task *task = response->task;
    fam_out_table(out, "timeline", COLUMNS, FAM_ARRAY_SIZE(COLUMNS), FAM_LAYOUT_COLUMNS);
    fam_out_cell(out, FAM_TIME(task->created_at_ms));
    fam_out_cell(out, FAM_TEXT("created"));
    fam_out_cell(out, FAM_TEXT(""));
    fam_out_cell(out, FAM_NUMBER(0));
    fam_out_cell(out, FAM_TEXT(""));
    for (size_t i = 0; i < response->n_attempts; i++) {
        const Fam__V1__TaskAttempt *attempt = response->attempts[i];
        fam_out_cell(out, FAM_TIME(attempt->ended_at_ms));
        fam_out_cell(out, FAM_TEXT(attempt->outcome));
        fam_out_cell(out, FAM_TEXT(attempt->worker));
        fam_out_cell(out, FAM_NUMBER(attempt->duration_ms));
        fam_out_cell(out, FAM_TEXT(attempt->reason));
    }
    if (task->state == FAM__V1__TASK_STATE__TASK_STATE_DONE) {
        fam_out_cell(out, FAM_TIME(task->finished_at_ms));
        fam_out_cell(out, FAM_TONED("done", FAM_TONE_GOOD));
        fam_out_cell(out, FAM_TEXT(""));
        fam_out_cell(out, FAM_NUMBER(0));
        fam_out_cell(out, FAM_TEXT(""));
    }
}

enum fam_code fam_ctl_queue_show(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__GetTaskRequest request = FAM__V1__GET_TASK_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    request.task_id = ctl->parsed->arguments[0];
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, get_task, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__GetTaskResponse *response = (const Fam__V1__GetTaskResponse *)fam_rpc_response(&rpc);
        if (response->task != NULL) {
            show_task(&ctl->out, response->task);
            show_past(&ctl->out, response);
        }
    }
    fam_rpc_done(&rpc);
    return code;
}
