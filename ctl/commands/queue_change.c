/* queue retry|delete|pause|resume|drain: what changes the queue. */
#include <inttypes.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "commands/commands.h"
#include "commands/queue_words.h"
#include "ctl.h"

enum { AT_ONCE = 10000, ROUNDS_MAX = 1000, LOOK_MS = 500, WAIT_S = 600 };

/* The words of one of the two changes. */
struct change {
    bool deletes;
    const char *would, *done, *question, *refused;
};
static const struct change RETRY = {false, "Would be retried", "Retried", "tasks begin anew?", "nothing was retried"};
static const struct change DELETE = {true, "Would be deleted", "Deleted", "tasks are deleted? This can't be undone.",
                                     "nothing was deleted"};

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

static enum fam_code change_tasks(struct fam_ctl *ctl, const struct change *change, struct fam_status *status)
{
    Fam__V1__TaskFilter filter;
    int64_t count = 0, total = 0;
    bool dry_run = fam_ctl_is_dry_run(ctl);
    enum fam_code code = fam_task_filter_read(ctl, &filter, status);
    if (code == FAM_OK && fam_task_filter_is_empty(&filter) && fam_parsed_value(ctl->parsed, "--all") == NULL) {
        return fam_usage(status, "say which: ids, --state, --type, --priority, --failure, --older, or --all");
    }
    bool asks = change->deletes || filter.n_task_ids == 0; /* to retry what is named is no risk */
    bool counts = dry_run || (asks && fam_parsed_value(ctl->parsed, "--yes") == NULL);
    if (code == FAM_OK && counts) {
        code = call(ctl, change, &filter, true, &count, status);
    }
    if (code == FAM_OK && dry_run) {
        fam_out_field(&ctl->out, change->deletes ? "deleted" : "retried", change->would, FAM_NUMBER(count));
        fam_out_note(&ctl->out, count >= AT_ONCE ? "There may be more. Nothing was changed." : "Nothing was changed.");
        return FAM_OK;
    }
    if (code == FAM_OK && counts && count > 0) {
        code = confirm(ctl, change, count, status);
    }
    if (code == FAM_OK && (!counts || count > 0)) {
        code = change_all(ctl, change, &filter, &total, status);
    }
    if (code == FAM_OK) {
        fam_out_field(&ctl->out, change->deletes ? "deleted" : "retried", change->done, FAM_NUMBER(total));
    }
    return code;
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
    }
    fam_out_field(out, "running", "Still run", FAM_NUMBER(response->running));
}

static enum fam_code pause(struct fam_ctl *ctl, char *type, int64_t for_ms, struct fam_status *status)
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
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, pause_queue, &rpc, &request, status);
    if (code == FAM_OK) {
        show_pause(&ctl->out, (const Fam__V1__PauseQueueResponse *)fam_rpc_response(&rpc));
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
        code = pause(ctl, type_argument(ctl), for_ms, status);
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
    enum fam_code code = pause(ctl, all, 0, status);
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
