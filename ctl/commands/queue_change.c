/* queue retry|delete|pause|resume|drain: what changes the queue. */
#include <inttypes.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "commands/commands.h"
#include "commands/left.h"
#include "commands/queue_words.h"
#include "ctl.h"

enum { AT_ONCE = 10000, ROUNDS_MAX = 1000, LOOK_MS = 500, WAIT_S = 600 };

/* The words of one of the two changes. */
struct change {
    bool deletes;
    const char *key, *would_key; /* in JSON */
    const char *would, *done, *question, *refused;
    const char *none; /* why what matches was left alone */
    struct fam_left_words left;
};
static const struct change RETRY = {
    .key = "retried",
    .would_key = "would_retry",
    .would = "Would be retried",
    .done = "Retried",
    .question = "tasks begin anew?",
    .refused = "nothing was retried",
    .none = "what matches is ready, running or done; dead and waiting tasks are retried",
    .left = {.states = &fam__v1__task_state__descriptor,
             .why = {[0] = "there is no such task",
                     [FAM__V1__TASK_STATE__TASK_STATE_READY] = "it is ready already",
                     [FAM__V1__TASK_STATE__TASK_STATE_RUNNING] = "a worker holds it",
                     [FAM__V1__TASK_STATE__TASK_STATE_DONE] = "it is done"},
             .already = FAM__V1__TASK_STATE__TASK_STATE_READY,
             .rest = "they do not match the flags, or another task has their unique key"}};
static const struct change DELETE = {
    .deletes = true,
    .key = "deleted",
    .would_key = "would_delete",
    .would = "Would be deleted",
    .done = "Deleted",
    .question = "tasks are deleted? This can't be undone.",
    .refused = "nothing was deleted",
    .none = "workers hold all that matches; a task is deleted when no worker holds it",
    .left = {.states = &fam__v1__task_state__descriptor,
             .why = {[0] = "there is no such task", [FAM__V1__TASK_STATE__TASK_STATE_RUNNING] = "a worker holds it"},
             .rest = "they do not match the flags"}};

static enum fam_code call_retry(struct fam_ctl *ctl, Fam__V1__TaskFilter *filter, bool dry_run, struct fam_rpc *rpc,
                                int64_t *ret_count, struct fam_status *status)
{
    Fam__V1__RetryTasksRequest request = FAM__V1__RETRY_TASKS_REQUEST__INIT;
    request.filter = filter;
    request.dry_run = dry_run;
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, retry_tasks, rpc, &request, status);
    if (code == FAM_OK) {
        *ret_count = ((const Fam__V1__RetryTasksResponse *)fam_rpc_response(rpc))->retried;
    }
    return code;
}

static enum fam_code call_delete(struct fam_ctl *ctl, Fam__V1__TaskFilter *filter, bool dry_run, struct fam_rpc *rpc,
                                 int64_t *ret_count, struct fam_status *status)
{
    Fam__V1__DeleteTasksRequest request = FAM__V1__DELETE_TASKS_REQUEST__INIT;
    request.filter = filter;
    request.dry_run = dry_run;
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, delete_tasks, rpc, &request, status);
    if (code == FAM_OK) {
        *ret_count = ((const Fam__V1__DeleteTasksResponse *)fam_rpc_response(rpc))->deleted;
    }
    return code;
}

static enum fam_code call(struct fam_ctl *ctl, const struct change *change, Fam__V1__TaskFilter *filter, bool dry_run,
                          int64_t *ret_count, struct fam_status *status)
{
    char key[FAM_CTL_KEY_SIZE];
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    fam_ctl_key(key);
    options.idempotency_key = key;
    options.reason = dry_run ? NULL : fam_parsed_value(ctl->parsed, "--reason");
    fam_rpc_init(&rpc, &options);
    enum fam_code code = change->deletes ? call_delete(ctl, filter, dry_run, &rpc, ret_count, status)
                                         : call_retry(ctl, filter, dry_run, &rpc, ret_count, status);
    fam_rpc_done(&rpc);
    return code;
}

static enum fam_code confirm(struct fam_ctl *ctl, const struct change *change, int64_t count, struct fam_status *status)
{
    char question[128];
    (void)snprintf(question, sizeof(question), "%s%" PRId64 " %s", count >= AT_ONCE ? "At least " : "", count,
                   change->question);
    return fam_ctl_confirm(ctl, question, change->refused, status);
}

/* By ten thousands, until a round finds fewer. */
static enum fam_code change_all(struct fam_ctl *ctl, const struct change *change, Fam__V1__TaskFilter *filter,
                                int64_t *ret_total, struct fam_status *status)
{
    int64_t count = AT_ONCE;
    enum fam_code code = FAM_OK;
    for (int round = 0; code == FAM_OK && count >= AT_ONCE && round < ROUNDS_MAX; round++) {
        count = 0;
        code = call(ctl, change, filter, false, &count, status);
        *ret_total += count;
        if (code == FAM_OK && count >= AT_ONCE) {
            fam_ctl_remark(ctl, "%" PRId64 " so far", *ret_total);
        }
    }
    if (code != FAM_OK && *ret_total > 0) {
        fam_ctl_remark(ctl, "%" PRId64 " were changed before it failed", *ret_total);
    }
    return code;
}

/* The tasks of the filter, `limit` at most; the answer belongs to *rpc. */
static enum fam_code look(struct fam_ctl *ctl, Fam__V1__TaskFilter *filter, int32_t limit, struct fam_rpc *rpc,
                          const Fam__V1__ListTasksResponse **ret_found, struct fam_status *status)
{
    static char nothing[] = "";
    Fam__V1__ListTasksRequest request = FAM__V1__LIST_TASKS_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    options.read_only = true;
    request.filter = filter;
    request.page_size = limit;
    request.page_token = nothing;
    fam_rpc_init(rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, list_tasks, rpc, &request, status);
    *ret_found = code == FAM_OK ? (const Fam__V1__ListTasksResponse *)fam_rpc_response(rpc) : NULL;
    return code;
}

/* How those that are named are before the change. */
static enum fam_code note_named(struct fam_ctl *ctl, const Fam__V1__TaskFilter *filter, struct fam_left *left,
                                struct fam_status *status)
{
    Fam__V1__TaskFilter named = *filter;
    const Fam__V1__ListTasksResponse *found = NULL;
    struct fam_rpc rpc;
    if (filter->n_task_ids == 0) {
        return FAM_OK;
    }
    named.state = FAM__V1__TASK_STATE__TASK_STATE_UNSPECIFIED;
    named.priority = FAM__V1__PRIORITY__PRIORITY_UNSPECIFIED;
    named.type = named.reason = (char[]){""};
    named.older_than_ms = 0;
    enum fam_code code = look(ctl, &named, FAM_LEFT_MAX, &rpc, &found, status);
    for (size_t i = 0; code == FAM_OK && i < found->n_tasks; i++) {
        fam_left_note(left, ctl, found->tasks[i]->task_id, (int)found->tasks[i]->state);
    }
    fam_rpc_done(&rpc);
    return code;
}

/* The count, and why it is not what was asked for. */
static enum fam_code show_change(struct fam_ctl *ctl, const struct change *change, Fam__V1__TaskFilter *filter,
                                 const struct fam_left *left, int64_t count, struct fam_status *status)
{
    bool dry_run = fam_ctl_is_dry_run(ctl);
    const Fam__V1__ListTasksResponse *found = NULL;
    struct fam_rpc rpc;
    enum fam_code code = FAM_OK;
    fam_out_field(&ctl->out, dry_run ? change->would_key : change->key, dry_run ? change->would : change->done,
                  FAM_NUMBER(count));
    if (filter->n_task_ids > 0) {
        fam_left_show(ctl, left, &change->left, count);
    } else if (count == 0) {
        code = look(ctl, filter, 1, &rpc, &found, status);
        if (code == FAM_OK) {
            fam_out_field(&ctl->out, "why", "Why", FAM_TEXT(found->n_tasks == 0 ? "no task matches" : change->none));
        }
        fam_rpc_done(&rpc);
    }
    if (dry_run) {
        fam_out_note(&ctl->out, count >= AT_ONCE ? "There may be more. Nothing was changed." : "Nothing was changed.");
    }
    return code;
}

static enum fam_code change_tasks(struct fam_ctl *ctl, const struct change *change, struct fam_status *status)
{
    Fam__V1__TaskFilter filter;
    struct fam_left left = {.states = {0}};
    int64_t count = 0, total = 0;
    bool dry_run = fam_ctl_is_dry_run(ctl);
    enum fam_code code = fam_task_filter_read(ctl, &filter, status);
    if (code == FAM_OK && fam_task_filter_is_empty(&filter) && fam_parsed_value(ctl->parsed, "--all") == NULL) {
        return fam_usage(status, "say which: ids, --state, --type, --priority, --failure, --older, or --all");
    }
    if (code == FAM_OK && filter.n_task_ids > FAM_LEFT_MAX) {
        return fam_usage(status, "at most %d ids at once", FAM_LEFT_MAX);
    }
    bool asks = change->deletes || filter.n_task_ids == 0; /* to retry what is named is no risk */
    bool counts = dry_run || (asks && fam_parsed_value(ctl->parsed, "--yes") == NULL);
    code = code == FAM_OK ? note_named(ctl, &filter, &left, status) : code;
    if (code == FAM_OK && counts) {
        code = call(ctl, change, &filter, true, &count, status);
    }
    if (code == FAM_OK && !dry_run && counts && count > 0) {
        code = confirm(ctl, change, count, status);
    }
    if (code == FAM_OK && !dry_run && (!counts || count > 0)) {
        code = change_all(ctl, change, &filter, &total, status);
    }
    return code == FAM_OK ? show_change(ctl, change, &filter, &left, dry_run ? count : total, status) : code;
}

enum fam_code fam_ctl_queue_retry(struct fam_ctl *ctl, struct fam_status *status)
{
    return change_tasks(ctl, &RETRY, status);
}

enum fam_code fam_ctl_queue_delete(struct fam_ctl *ctl, struct fam_status *status)
{
    return change_tasks(ctl, &DELETE, status);
}

/* ---- pauses ---- */

static char *type_argument(const struct fam_ctl *ctl)
{
    static char all[] = "*";
    return ctl->parsed->argument_count == 0 ? all : ctl->parsed->arguments[0];
}

static void show_pause(struct fam_out *out, const Fam__V1__PauseQueueResponse *response)
{
    if (response->pause != NULL) {
        fam_out_field(out, "type", "Paused", FAM_TEXT(response->pause->type));
        fam_out_field(out, "until", "Until", FAM_TIME(response->pause->until_ms));
        fam_out_field(out, "reason", "Reason", FAM_TEXT(response->pause->reason));
        fam_out_field(out, "paused_by", "By", FAM_TEXT(response->pause->paused_by));
        fam_out_field(out, "kept", "As before", FAM_YES_NO(response->kept));
    }
    if (response->replaced != NULL) {
        fam_out_field(out, "replaced_until", "In place of one until", FAM_TIME(response->replaced->until_ms));
        fam_out_field(out, "replaced_reason", "With the reason", FAM_TEXT(response->replaced->reason));
        fam_out_field(out, "replaced_by", "Of", FAM_TEXT(response->replaced->paused_by));
    }
    fam_out_field(out, "running", "Still run", FAM_NUMBER(response->running));
}

static enum fam_code fail_kept(const Fam__V1__QueuePause *pause, struct fam_status *status)
{
    char until[FAM_RFC3339_SIZE] = "it is resumed";
    bool all = strcmp(pause->type, "*") == 0;
    if (pause->until_ms != 0) {
        fam_rfc3339(pause->until_ms, until);
    }
    return fam_fail(status, FAM_FAILED_PRECONDITION,
                    "%.64s is paused until %s already, by %.64s%s%.100s; --replace puts the new pause in its place",
                    all ? "everything" : pause->type, until, pause->paused_by, pause->reason[0] == '\0' ? "" : ": ",
                    pause->reason);
}

/* `longest`: a pause that is in force and lasts as long will do. */
static enum fam_code pause(struct fam_ctl *ctl, char *type, int64_t for_ms, bool longest, struct fam_status *status)
{
    static char nothing[] = "";
    Fam__V1__PauseQueueRequest request = FAM__V1__PAUSE_QUEUE_REQUEST__INIT;
    char key[FAM_CTL_KEY_SIZE];
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    const char *reason = fam_parsed_value(ctl->parsed, "--reason");
    fam_ctl_key(key);
    options.idempotency_key = key;
    request.type = type;
    request.for_ms = for_ms;
    request.reason = reason == NULL ? nothing : (char *)(uintptr_t)reason;
    request.dry_run = fam_ctl_is_dry_run(ctl);
    request.replace = fam_parsed_value(ctl->parsed, "--replace") != NULL;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, pause_queue, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__PauseQueueResponse *response = (const Fam__V1__PauseQueueResponse *)fam_rpc_response(&rpc);
        if (response->kept && !longest && response->pause != NULL) {
            code = fail_kept(response->pause, status);
        } else {
            show_pause(&ctl->out, response);
        }
    }
    fam_rpc_done(&rpc);
    return code;
}

enum fam_code fam_ctl_queue_pause(struct fam_ctl *ctl, struct fam_status *status)
{
    int64_t for_ms = 0;
    const char *span = fam_parsed_value(ctl->parsed, "--for");
    enum fam_code code = span == NULL ? FAM_OK : fam_span_ms(span, "--for", &for_ms, status);
    if (code == FAM_OK) {
        code = pause(ctl, type_argument(ctl), for_ms, false, status);
    }
    if (code == FAM_OK && fam_ctl_is_dry_run(ctl)) {
        fam_out_note(&ctl->out, "This pause would begin. Nothing was changed.");
    }
    return code;
}

enum fam_code fam_ctl_queue_resume(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__ResumeQueueRequest request = FAM__V1__RESUME_QUEUE_REQUEST__INIT;
    char key[FAM_CTL_KEY_SIZE];
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    fam_ctl_key(key);
    options.idempotency_key = key;
    request.type = type_argument(ctl);
    request.dry_run = fam_ctl_is_dry_run(ctl);
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, resume_queue, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__ResumeQueueResponse *response = (const Fam__V1__ResumeQueueResponse *)fam_rpc_response(&rpc);
        fam_out_field(&ctl->out, "type", "Type", FAM_TEXT(request.type));
        fam_out_field(&ctl->out, "was_paused", "Was paused", FAM_YES_NO(response->was_paused));
        if (request.dry_run) {
            fam_out_note(&ctl->out, "Nothing was changed.");
        }
    }
    fam_rpc_done(&rpc);
    return code;
}

/* ---- drain ---- */

static enum fam_code count_running(struct fam_ctl *ctl, int64_t *ret_running, struct fam_status *status)
{
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    const Fam__V1__GetQueueStatsResponse *stats = NULL;
    options.read_only = true;
    enum fam_code code = fam_queue_stats_fetch(ctl, &rpc, &options, &stats, status);
    if (code == FAM_OK) {
        *ret_running = fam_queue_running(stats);
    }
    fam_rpc_done(&rpc);
    return code;
}

/* Workers notice a pause within half a second, so what is seen to rest must rest twice. */
static enum fam_code wait_for_rest(struct fam_ctl *ctl, uint64_t wait_ms, int64_t *ret_running,
                                   struct fam_status *status)
{
    uint64_t end_ms = fam_mono_ms() + wait_ms;
    int64_t told = -1;
    enum fam_code code = FAM_OK;
    for (int rests = 0; code == FAM_OK && rests < 3;) {
        code = count_running(ctl, ret_running, status);
        if (code == FAM_OK && *ret_running != told) {
            fam_ctl_remark(ctl, "%" PRId64 " tasks run", *ret_running);
            told = *ret_running;
        }
        rests = *ret_running == 0 ? rests + 1 : 0;
        if (fam_mono_ms() >= end_ms) {
            break;
        }
        (void)poll(NULL, 0, LOOK_MS);
    }
    return code;
}

enum fam_code fam_ctl_queue_drain(struct fam_ctl *ctl, struct fam_status *status)
{
    static char all[] = "*";
    int64_t running = 0;
    uint64_t began_ms = fam_mono_ms();
    enum fam_code code = pause(ctl, all, 0, true, status);
    if (code == FAM_OK && fam_ctl_is_dry_run(ctl)) {
        fam_out_note(&ctl->out, "All would be paused, and what runs waited for. Nothing was changed.");
        return FAM_OK;
    }
    if (code == FAM_OK) {
        uint64_t wait_ms = (uint64_t)fam_parsed_number(ctl->parsed, "--wait", WAIT_S) * 1000;
        code = wait_for_rest(ctl, wait_ms, &running, status);
    }
    if (code == FAM_OK && running > 0) {
        return fam_fail(status, FAM_FAILED_PRECONDITION, "%" PRId64 " tasks still run; the pause stays", running);
    }
    if (code == FAM_OK) {
        fam_out_field(&ctl->out, "waited_ms", "Waited, ms", FAM_NUMBER(fam_mono_ms() - began_ms));
        fam_out_note(&ctl->out, "No task runs, and none begins until 'famctl queue resume'.");
    }
    return code;
}
