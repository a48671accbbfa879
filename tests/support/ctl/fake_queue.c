#include "fake_queue.h"

#include <stdio.h>
#include <string.h>

#include "rpc/call.h"

enum { AT_ONCE = 10000 };

/* Strings of messages are char *, and literals are const. */
static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

static Fam__V1__Task make_task(void)
{
    Fam__V1__Task task = FAM__V1__TASK__INIT;
    task.task_id = text(FAKE_TOKEN_ID);
    task.type = text("send_checkin");
    task.priority = FAM__V1__PRIORITY__PRIORITY_HIGH;
    task.state = FAM__V1__TASK_STATE__TASK_STATE_DEAD;
    task.attempts = 3;
    task.max_attempts = 3;
    task.created_at_ms = 1000;
    task.finished_at_ms = 9000;
    task.reason = text("no answer");
    return task;
}

static void keep_filter(struct fake_queue_scene *scene, const Fam__V1__TaskFilter *filter)
{
    scene->state = filter->state;
    scene->priority = filter->priority;
    scene->ids = filter->n_task_ids;
    scene->older_than_ms = filter->older_than_ms;
    snprintf(scene->type, sizeof(scene->type), "%s", filter->type);
    snprintf(scene->reason, sizeof(scene->reason), "%s", filter->reason);
}

/* How many tasks of those that match a call reaches. */
static int64_t reach(struct fake_queue_scene *scene, const Fam__V1__TaskFilter *filter, bool dry_run,
                     const struct fam_call *call)
{
    int64_t count = scene->matches > AT_ONCE ? AT_ONCE : scene->matches;
    keep_filter(scene, filter);
    if (!dry_run) {
        scene->matches -= count;
        scene->changes++;
        scene->had_a_key = fam_call_idempotency_key(call)[0] != '\0';
    }
    return count;
}

FAKE_QUEUE_METHOD(get_queue_stats, GetQueueStats)
{
    struct fake_queue_scene *scene = &fake_ops_scene(service)->queue;
    (void)request;
    Fam__V1__GetQueueStatsResponse response = FAM__V1__GET_QUEUE_STATS_RESPONSE__INIT;
    Fam__V1__QueueTypeStats type = FAM__V1__QUEUE_TYPE_STATS__INIT;
    Fam__V1__QueuePriorityStats priority = FAM__V1__QUEUE_PRIORITY_STATS__INIT;
    Fam__V1__QueueWorker worker = FAM__V1__QUEUE_WORKER__INIT;
    Fam__V1__QueuePause pause = FAM__V1__QUEUE_PAUSE__INIT;
    Fam__V1__QueueTypeStats *types[] = {&type};
    Fam__V1__QueuePriorityStats *priorities[] = {&priority};
    Fam__V1__QueueWorker *workers[] = {&worker};
    char *worker_types[] = {text("send_checkin")};
    Fam__V1__QueuePause *pauses[] = {&pause};
    type.type = text("send_checkin");
    type.ready = 5;
    type.waiting = 2;
    type.running = scene->running;
    type.dead = 1;
    type.done_minute = 30;
    type.done_hour = 1800;
    type.oldest_ready_ms = 3200;
    priority.priority = FAM__V1__PRIORITY__PRIORITY_HIGH;
    priority.ready = 5;
    worker.name = text("host-1:77");
    worker.running = scene->running;
    worker.alive = !scene->is_idle;
    worker.role = text("worker");
    worker.version = text(FAM_VERSION);
    worker.threads = 4;
    worker.started_at_ms = 4000;
    worker.types = worker_types;
    worker.n_types = scene->knows_nothing ? 0 : 1;
    pause.type = text("process_emotion_batch");
    pause.reason = text("case 4711");
    pause.paused_by = text("admin:olga");
    pause.paused_at_ms = 5000;
    response.types = types;
    response.n_types = 1;
    response.priorities = priorities;
    response.n_priorities = 1;
    response.workers = workers;
    response.n_workers = 1;
    response.pauses = pauses;
    response.n_pauses = 1;
    response.redis_up = !scene->lacks_redis;
    response.redis_ready = 5;
    scene->running -= scene->running > 0;
    scene->looks++;
    closure(&response, closure_data);
}

FAKE_QUEUE_METHOD(list_tasks, ListTasks)
{
    struct fake_queue_scene *scene = &fake_ops_scene(service)->queue;
    Fam__V1__ListTasksResponse response = FAM__V1__LIST_TASKS_RESPONSE__INIT;
    Fam__V1__Task task = make_task();
    Fam__V1__Task *tasks[] = {&task};
    keep_filter(scene, request->filter);
    snprintf(scene->page, sizeof(scene->page), "%d %s", request->page_size, request->page_token);
    if (scene->task_state != FAM__V1__TASK_STATE__TASK_STATE_UNSPECIFIED) {
        task.state = scene->task_state;
    }
    response.tasks = tasks;
    response.n_tasks = scene->lists_nothing ? 0 : 1;
    response.next_page_token = text(FAKE_TOKEN_ID);
    closure(&response, closure_data);
}

FAKE_QUEUE_METHOD(get_task, GetTask)
{
    struct fam_status status;
    (void)service;
    if (strcmp(request->task_id, FAKE_TOKEN_ID) != 0) {
        (void)fam_fail(&status, FAM_NOT_FOUND, "no such task");
        fam_call_fail(closure_data, &status);
        return;
    }
    Fam__V1__GetTaskResponse response = FAM__V1__GET_TASK_RESPONSE__INIT;
    Fam__V1__Task task = make_task();
    Fam__V1__TaskAttempt first = FAM__V1__TASK_ATTEMPT__INIT, last = FAM__V1__TASK_ATTEMPT__INIT;
    Fam__V1__TaskAttempt *attempts[] = {&first, &last};
    first.ended_at_ms = 2000;
    first.worker = text("host-1:77");
    first.outcome = text("failed");
    first.reason = text("no answer");
    first.duration_ms = 150;
    last.ended_at_ms = 9000;
    last.worker = text("host-2:5");
    last.outcome = text("dead");
    last.reason = text("no answer");
    response.task = &task;
    response.attempts = attempts;
    response.n_attempts = 2;
    closure(&response, closure_data);
}

FAKE_QUEUE_METHOD(retry_tasks, RetryTasks)
{
    struct fake_queue_scene *scene = &fake_ops_scene(service)->queue;
    Fam__V1__RetryTasksResponse response = FAM__V1__RETRY_TASKS_RESPONSE__INIT;
    response.retried = reach(scene, request->filter, request->dry_run, closure_data);
    scene->retried += request->dry_run ? 0 : response.retried;
    closure(&response, closure_data);
}

FAKE_QUEUE_METHOD(delete_tasks, DeleteTasks)
{
    struct fake_queue_scene *scene = &fake_ops_scene(service)->queue;
    Fam__V1__DeleteTasksResponse response = FAM__V1__DELETE_TASKS_RESPONSE__INIT;
    response.deleted = reach(scene, request->filter, request->dry_run, closure_data);
    scene->deleted += request->dry_run ? 0 : response.deleted;
    closure(&response, closure_data);
}

FAKE_QUEUE_METHOD(pause_queue, PauseQueue)
{
    struct fake_queue_scene *scene = &fake_ops_scene(service)->queue;
    Fam__V1__PauseQueueResponse response = FAM__V1__PAUSE_QUEUE_RESPONSE__INIT;
    Fam__V1__QueuePause pause = FAM__V1__QUEUE_PAUSE__INIT, old = FAM__V1__QUEUE_PAUSE__INIT;
    pause.type = request->type;
    pause.reason = request->reason;
    pause.until_ms = request->for_ms;
    pause.paused_by = text("admin:olga");
    response.pause = &pause;
    response.running = scene->running;
    if (scene->paused_until_ms != 0 && !request->replace) {
        response.kept = true;
    }
    if (scene->paused_until_ms != 0) {
        Fam__V1__QueuePause *before = request->replace ? &old : &pause;
        before->type = request->type;
        before->until_ms = scene->paused_until_ms;
        before->reason = text("the database moves");
        before->paused_by = text("admin:anna");
        response.replaced = request->replace ? before : NULL;
    }
    scene->replaced = request->replace;
    snprintf(scene->type, sizeof(scene->type), "%s", request->type);
    snprintf(scene->reason, sizeof(scene->reason), "%s", request->reason);
    scene->for_ms = request->for_ms;
    scene->pauses += !request->dry_run;
    closure(&response, closure_data);
}

FAKE_QUEUE_METHOD(resume_queue, ResumeQueue)
{
    struct fake_queue_scene *scene = &fake_ops_scene(service)->queue;
    Fam__V1__ResumeQueueResponse response = FAM__V1__RESUME_QUEUE_RESPONSE__INIT;
    snprintf(scene->type, sizeof(scene->type), "%s", request->type);
    response.was_paused = true;
    scene->resumes += !request->dry_run;
    closure(&response, closure_data);
}

FAKE_QUEUE_METHOD(list_schedules, ListSchedules)
{
    struct fake_queue_scene *scene = &fake_ops_scene(service)->queue;
    Fam__V1__ListSchedulesResponse response = FAM__V1__LIST_SCHEDULES_RESPONSE__INIT;
    Fam__V1__Schedule often = FAM__V1__SCHEDULE__INIT, weekly = FAM__V1__SCHEDULE__INIT;
    Fam__V1__Schedule *schedules[] = {&often, &weekly};
    snprintf(scene->type, sizeof(scene->type), "%s", request->job);
    often.schedule_id = text(FAKE_TOKEN_ID);
    often.job = text("refresh_metrics");
    often.every_ms = 300000;
    often.enabled = true;
    often.next_at_ms = 4000;
    often.last_outcome = text("queued");
    weekly.schedule_id = text(FAKE_TOKEN_ID);
    weekly.job = text("generate_weekly_report");
    weekly.family_id = text(FAKE_TOKEN_ID);
    weekly.local_time = text("10:00");
    weekly.weekday = 7;
    weekly.time_zone = text("Europe/Moscow");
    weekly.next_at_ms = 5000;
    response.schedules = schedules;
    response.n_schedules = 2;
    closure(&response, closure_data);
}
