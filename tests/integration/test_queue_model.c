/* test_queue_model.c: random operations on the queue against a small model of what must be: no task is lost, no effect
 * happens twice, priorities are strict, and a stale holder writes nothing.
 *
 * FAM_TEST_STEPS operations (10,000) from FAM_TEST_SEED (a random one, which every message names). Time does not pass
 * by waiting: the seam moves both servers' clocks, a little with most steps, and by an hour forth or back now and then.
 */
#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "queue_model.h"

/* ---- operations ---- */

static void add(void)
{
    static const char *const types[TYPES] = {"first_type", "second_type"};
    if (live_count >= LIVE_MAX || task_count >= task_room)
        return;
    const struct fam_task_new new = {.type = types[draw(TYPES)],
                                     .priority = (enum fam_priority)(1 + draw(4)),
                                     .delay_ms = draw(3) ? 0 : draw(20000)};
    struct fam_task_ref ref;
    bool added = false;
    ok(try_add(world.fixture.store, &new, &ref, &added, &why));
    tasks[task_count] = (struct model_task){.id = ref.task_id, .priority = new.priority};
    slots[slot_of(&ref.task_id)] = (uint32_t)task_count + 1;
    task_count++;
    live_count++;
    if (draw(20)) /* else the server died after the COMMIT */
        fam_queue_push(world.queue, &ref, 1);
}

/* Nothing more urgent was ready when `priority` was claimed. */
static void expect_strict(enum fam_priority priority)
{
    struct fam_queue_sizes now = sizes(&world);
    for (unsigned p = (unsigned)priority + 1; p <= 4; p++) {
        char due[24];
        snprintf(due, sizeof(due), "%lld", (long long)now_ms() - 100);
        const struct fam_redis_arg count[] = {FAM_REDIS_ARG("ZCOUNT"), FAM_REDIS_ARG(fam_queue_keys[3 + p]),
                                              FAM_REDIS_ARG("-inf"), FAM_REDIS_ARG(due)};
        fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
        ok(fam_redis_call(world.redis, count, 4, &reply, &why));
        must(now.ready[p - 1] == 0 && fam_redis_reply_integer(reply) == 0, "claimed %u while %u was ready",
             (unsigned)priority, p);
    }
}

static void claim_some(struct worker *worker)
{
    struct fam_queue_claim got;
    size_t max = 1 + draw(FAM_TASK_CLAIM_MAX);
    if (worker->count >= HELD_MAX / 4)
        return;
    if (draw(4) == 0)
        ok(fam_queue_wait_claim(world.queue, "model", max, 0, LEASE, 1, &got, &why));
    else
        ok(fam_queue_claim(world.queue, "model", max, LEASE, &got, &why));
    must(got.count <= max, "%zu claimed of %zu", got.count, max);
    for (size_t i = 0; i < got.count; i++) {
        size_t task = find(&got.ids[i]);
        must(tasks[task].priority == got.priority, "a claim of priority %u holds one of %u", (unsigned)got.priority,
             (unsigned)tasks[task].priority);
        worker->held[worker->count++] = (struct held){.task = task, .token = got.token, .priority = got.priority};
    }
    seen.claims += got.count;
    if (got.count)
        expect_strict(got.priority);
}

static void check_begun(struct held *held, const struct fam_task_begun *begun)
{
    struct model_task *task = &tasks[held->task];
    bool is_ours = task->is_begun && same_id(&task->token, &held->token);
    switch (begun->verdict) {
    case FAM_TASK_GO:
        must(task->state == QUEUED, "a task that is over is begun");
        must(is_ours || !task->is_begun || now_ms() >= task->until_ms - SLACK, "begun while another holds it");
        must(begun->attempts == task->attempts, "%u attempts, not %u", begun->attempts, task->attempts);
        must(begun->deaths <= task->starts, "%u deaths after %u starts", begun->deaths, task->starts);
        task->is_begun = held->is_begun = true;
        task->token = held->token;
        task->until_ms = now_ms() + LEASE;
        break;
    case FAM_TASK_DONE:
        must(task->state == DONE, "refused as done");
        break;
    case FAM_TASK_DEAD:
        must(task->state == DEAD || task->starts >= FAM_TASK_DEATHS, "refused as dead");
        break;
    case FAM_TASK_HELD:
        must(task->is_begun && !is_ours, "refused as held by nobody");
        break;
    case FAM_TASK_WAITS:
    case FAM_TASK_PAUSED:
        must(task->state == QUEUED, "refused as waiting");
        break;
    case FAM_TASK_GONE:
        must(false, "refused as gone");
    }
    seen.refused += begun->verdict != FAM_TASK_GO;
}

static void let_go(struct worker *worker, size_t at)
{
    stale[stale_count++ % STALE] = worker->held[at];
    worker->held[at] = worker->held[--worker->count];
}

/* A random one of those, or any when there is none; mostly what the step is meant for, sometimes what it is not. */
static size_t pick(const struct worker *worker, bool is_begun, bool is_started)
{
    size_t from = draw(worker->count);
    for (size_t i = 0; i < worker->count && draw(10); i++) {
        size_t at = (from + i) % worker->count;
        if (worker->held[at].is_begun == is_begun && worker->held[at].is_started == is_started)
            return at;
    }
    return from;
}

static void begin_one(struct worker *worker)
{
    struct fam_task_times times = fam_queue_times(world.queue);
    struct fam_task_begun begun;
    if (!worker->count)
        return;
    size_t at = pick(worker, false, false);
    struct held *held = &worker->held[at];
    ok(fam_task_begin(world.fixture.store, &times, &tasks[held->task].id, 1, &held->token, "model", LEASE, &begun,
                      &why));
    check_begun(held, &begun);
    if (begun.verdict != FAM_TASK_GO) {
        ok(fam_queue_settle(world.queue, &held->token, &begun, 1, &why));
        let_go(worker, at);
    }
    fam_task_begun_done(&begun);
}

static void start_one(struct worker *worker)
{
    enum fam_queue_turn turn;
    if (!worker->count)
        return;
    size_t at = pick(worker, true, false);
    struct held *held = &worker->held[at];
    struct model_task *task = &tasks[held->task];
    if (!held->is_begun || held->is_started)
        return;
    ok(fam_queue_start(world.queue, &held->token, &task->id, 1, &turn, NULL, &why));
    if (turn == FAM_QUEUE_TURN_YOURS) {
        held->is_started = true;
        task->starts++;
    } else if (turn == FAM_QUEUE_TURN_HIGHER) {
        struct fam_queue_sizes now = sizes(&world);
        must(held->priority < FAM_PRIORITY_CRITICAL, "nothing is above critical: %d", (int)now.leases);
        ok(fam_task_release(world.fixture.store, &task->id, 1, &held->token, &why));
        task->is_begun = task->is_begun && !same_id(&task->token, &held->token);
        ok(fam_queue_return(world.queue, &held->token, &task->id, 1, &why));
        let_go(worker, at);
        seen.higher++;
    } else {
        let_go(worker, at);
    }
}

static const struct fam_statement insert_effect = {"model_effect", "INSERT INTO effects (task_id) VALUES ($1)",
                                                   "insert", "other"};

static enum fam_code effect(struct fam_db *db, void *context, struct fam_status *status)
{
    const struct held *held = context;
    struct fam_params params = {0};
    fam_param_uuid(&params, &tasks[held->task].id);
    enum fam_code code = fam_db_exec(db, &insert_effect, &params, NULL, status);
    return code ? code : fam_task_complete(db, &tasks[held->task].id, &held->token, status);
}

/* What a holder's write must say: the row's token decides. */
static bool expect_write(const struct held *held, enum fam_code code)
{
    struct model_task *task = &tasks[held->task];
    bool is_ours = task->is_begun && same_id(&task->token, &held->token);
    must(code == FAM_OK || code == FAM_ABORTED, "code %d", (int)code);
    if (code == FAM_OK) {
        must(is_ours && task->state == QUEUED, "a stale holder wrote");
        task->is_begun = false;
        return true;
    }
    must(!is_ours || now_ms() >= task->until_ms - SLACK, "a good holder was refused");
    seen.lost++;
    return false;
}

static void finish_one(const struct held *held)
{
    struct fam_status status = {0};
    struct model_task *task = &tasks[held->task];
    if (!expect_write(held,
                      fam_tx_run(fam_store_pool(world.fixture.store), effect, (void *)(uintptr_t)held, NULL, &status)))
        return;
    task->state = DONE;
    task->effects++;
    live_count--;
    seen.done++;
    if (draw(20)) /* else the worker died after the COMMIT */
        ok(fam_queue_finish(world.queue, &held->token, &task->id, 1, &why));
}

static void fail_one(const struct held *held, bool is_snooze)
{
    struct fam_task_times times = fam_queue_times(world.queue);
    struct fam_status status = {0};
    struct fam_task_end end;
    struct model_task *task = &tasks[held->task];
    enum fam_code code =
        is_snooze
            ? fam_task_snooze(world.fixture.store, &times, &task->id, &held->token, draw(9000), "later", &end, &status)
            : fam_task_fail(world.fixture.store, &times, &task->id, &held->token, false, "no", 1, &end, &status);
    if (!expect_write(held, code))
        return;
    task->attempts += !is_snooze;
    must(end.attempts == task->attempts, "%u attempts, not %u", end.attempts, task->attempts);
    must(end.is_dead == (task->attempts >= FAM_TASK_ATTEMPTS), "dead after %u", end.attempts);
    seen.failed += !is_snooze;
    seen.snoozed += is_snooze;
    if (end.is_dead) {
        task->state = DEAD;
        live_count--;
    }
    if (!draw(20))
        return;
    if (end.is_dead)
        ok(fam_queue_finish(world.queue, &held->token, &task->id, 1, &why));
    else
        ok(fam_queue_delay(world.queue, &held->token, &end.ref, 1, &why));
}

static void end_one(struct worker *worker)
{
    if (!worker->count)
        return;
    size_t at = pick(worker, true, true);
    const struct held held = worker->held[at];
    if (!held.is_started && draw(10)) /* a tenth writes without asking for its turn: the row's token must do */
        return;
    if (!held.is_begun)
        return;
    let_go(worker, at);
    uint64_t way = draw(10);
    if (way < 6)
        finish_one(&held);
    else
        fail_one(&held, way == 9);
}

static void extend_one(struct worker *worker)
{
    struct fam_task_times times = fam_queue_times(world.queue);
    bool held_still = false;
    if (!worker->count)
        return;
    const struct held *held = &worker->held[draw(worker->count)];
    struct model_task *task = &tasks[held->task];
    bool is_ours = task->is_begun && same_id(&task->token, &held->token);
    if (!held->is_begun)
        return;
    ok(fam_task_extend(world.fixture.store, &times, &task->id, 1, &held->token, LEASE, &held_still, &why));
    must(is_ours || !held_still, "a stale holder extended its lease");
    must(held_still || !is_ours || now_ms() >= task->until_ms - SLACK, "a good holder could not extend its lease");
    if (held_still) {
        task->until_ms = now_ms() + LEASE;
        ok(fam_queue_extend(world.queue, &held->token, &task->id, 1, LEASE, NULL, &why));
    }
}

static void return_one(struct worker *worker)
{
    if (!worker->count)
        return;
    size_t at = draw(worker->count);
    const struct held held = worker->held[at];
    struct model_task *task = &tasks[held.task];
    if (held.is_started)
        return;
    ok(fam_task_release(world.fixture.store, &task->id, 1, &held.token, &why));
    task->is_begun = task->is_begun && !same_id(&task->token, &held.token);
    ok(fam_queue_return(world.queue, &held.token, &task->id, 1, &why));
    let_go(worker, at);
}

/* One that was given up long ago wakes and tells Redis what it thinks: it may change its own claim alone. */
static void wake_stale(void)
{
    struct fam_queue_look before, after;
    int64_t unused = 0;
    if (!stale_count)
        return;
    const struct held *held = &stale[draw(stale_count < STALE ? stale_count : STALE)];
    const struct fam_uuid *id = &tasks[held->task].id;
    const struct fam_task_ref ref = {*id, held->priority, draw(2) ? now_ms() + 5000 : 0};
    ok(fam_queue_look(world.queue, id, sizeof(*id), 1, &before, &unused, &why));
    if (before.has_token && same_id(&before.token, &held->token))
        return;
    uint64_t way = draw(4);
    if (way == 0)
        ok(fam_queue_finish(world.queue, &held->token, id, 1, &why));
    else if (way == 1)
        ok(fam_queue_return(world.queue, &held->token, id, 1, &why));
    else if (way == 2)
        ok(fam_queue_delay(world.queue, &held->token, &ref, 1, &why));
    else
        ok(fam_queue_extend(world.queue, &held->token, id, 1, LEASE, NULL, &why));
    ok(fam_queue_look(world.queue, id, sizeof(*id), 1, &after, &unused, &why));
    must(before.places == after.places && before.lease_ms == after.lease_ms && before.delayed_ms == after.delayed_ms &&
             same_id(&before.token, &after.token),
         "a stale holder changed Redis");
}

static void reap_some(void)
{
    size_t count = 0;
    ok(fam_queue_reap(world.queue, &count, &why));
}

/* After a sweep the row's holder is Redis's too. */
static void expect_kept(const struct held *held)
{
    const struct model_task *task = &tasks[held->task];
    struct fam_queue_look look;
    int64_t unused = 0;
    if (!task->is_begun || !same_id(&task->token, &held->token) || now_ms() >= task->until_ms - SLACK)
        return;
    ok(fam_queue_look(world.queue, &task->id, sizeof(task->id), 1, &look, &unused, &why));
    must(look.places == (FAM_PLACE_LEASE | FAM_PLACE_HOLD) && same_id(&look.token, &task->token),
         "a lease that Redis does not know after a sweep: in %u", look.places);
}

static void sweep_once(void)
{
    (void)sweep(&world);
    struct fam_sweep_report again = sweep(&world);
    uint64_t repairs = again.pushed + again.leased + again.moved + again.removed;
    /* A due time or a lease may pass between the two. */
    must(repairs <= 3, "a second sweep repairs %d", (int)repairs);
    for (size_t i = 0; i < WORKERS; i++)
        for (size_t k = 0; k < workers[i].count; k++)
            expect_kept(&workers[i].held[k]);
    seen.sweeps++;
}

/* ---- disasters ---- */

static void restart_redis(void)
{
    redis_server_kill(&world.server);
    struct fam_queue_claim got;
    struct fam_status status = {0};
    cr_assert_neq(fam_queue_claim(world.queue, "model", 1, LEASE, &got, &status), FAM_OK);
    add(); /* nobody hears of it */
    cr_assert(redis_server_restart(&world.server));
    cr_assert(proc_wait_until(world_redis_is_up, world.redis, 20000));
    seen.restarts++;
}

static void go_back_to_yesterday(void)
{
    if (!yesterday.is_taken) {
        snapshot_take(&world, &yesterday);
        return;
    }
    snapshot_restore(&world, &yesterday);
    seen.restores++;
}

static void jump(void)
{
    int64_t by = draw(2) ? HOUR : -HOUR;
    if (offset_ms + by > 3 * HOUR || offset_ms + by < -3 * HOUR)
        by = -by;
    move_clock(by);
    seen.jumps++;
}

static void pause_or_resume(void)
{
    static const char *const types[] = {"first_type", "*"};
    const char *type = types[draw(2)];
    size_t count = 0;
    bool was = false;
    ok(fam_pause_end(world.fixture.store, type, &was, &why));
    if (!was)
        ok(fam_pause_set(world.fixture.store, type, 0, "model", "model", &why));
    ok(fam_queue_resume(world.queue, type, &count, &why));
    seen.pauses++;
    if (!was && type[0] == '*') { /* that nothing moves is tested elsewhere: a short pause, felt by those who begin */
        for (size_t i = 0; i < WORKERS; i++)
            begin_one(&workers[i]);
        ok(fam_pause_end(world.fixture.store, type, &was, &why));
        ok(fam_queue_resume(world.queue, type, &count, &why));
    }
}

static void disaster(void)
{
    uint64_t kind = draw(200);
    if (kind < 60) {
        struct worker *worker = &workers[draw(WORKERS)];
        while (worker->count)
            let_go(worker, worker->count - 1);
        seen.kills++;
    } else if (kind < 110) {
        jump();
    } else if (kind < 150) {
        pause_or_resume();
    } else if (kind < 165) {
        redis_do(&world, "FLUSHALL");
        seen.wipes++;
    } else if (kind < 185) {
        go_back_to_yesterday();
    } else if (kind < 188) {
        restart_redis();
    } else {
        snapshot_take(&world, &yesterday);
    }
}

static void act(void)
{
    struct worker *worker = &workers[draw(WORKERS)];
    uint64_t what = draw(1000);
    if (what < 230)
        add();
    else if (what < 300)
        claim_some(worker);
    else if (what < 530)
        begin_one(worker);
    else if (what < 730)
        start_one(worker);
    else if (what < 930)
        end_one(worker);
    else if (what < 945)
        extend_one(worker);
    else if (what < 955)
        return_one(worker);
    else if (what < 965)
        wake_stale();
    else if (what < 980)
        reap_some();
    else if (what < 988)
        sweep_once();
    else
        disaster();
    move_clock((int64_t)draw(400));
}

/* ---- the end ---- */

/* Everything that is left is run: with time passing, all of it must come. */
static void drain(void)
{
    size_t count = 0;
    bool was = false;
    memset(workers, 0, sizeof(workers));
    ok(fam_pause_end(world.fixture.store, "first_type", &was, &why));
    ok(fam_queue_resume(world.queue, "*", &count, &why));
    for (int round = 0; round < 400; round++) {
        struct worker *worker = &workers[0];
        size_t before = seen.claims;
        claim_some(worker);
        while (worker->count) {
            struct held *held = &worker->held[0];
            struct fam_task_times times = fam_queue_times(world.queue);
            struct fam_task_begun begun;
            ok(fam_task_begin(world.fixture.store, &times, &tasks[held->task].id, 1, &held->token, "model", LEASE,
                              &begun, &why));
            check_begun(held, &begun);
            ok(fam_queue_settle(world.queue, &held->token, &begun, 1, &why));
            if (begun.verdict == FAM_TASK_GO)
                finish_one(held);
            fam_task_begun_done(&begun);
            let_go(worker, 0);
        }
        if (seen.claims == before) {
            (void)sweep(&world);
            move_clock(LEASE / 2);
        }
    }
}

static void expect_nothing_lost(void)
{
    char text[64];
    for (size_t i = 0; i < task_count; i++) {
        bool may_be_poison = tasks[i].starts >= FAM_TASK_DEATHS;
        must(tasks[i].state != QUEUED || may_be_poison, "task %zu is lost", i);
        must(tasks[i].effects == (tasks[i].state == DONE), "task %zu had %zu effects", i, tasks[i].effects);
    }
    sql(&world, "SELECT count(*) FROM tasks WHERE state = 'queued'", "0");
    sql(&world, "SELECT count(*) FROM (SELECT task_id FROM effects GROUP BY task_id HAVING count(*) > 1) t", "0");
    sql(&world,
        "SELECT count(*) FROM tasks LEFT JOIN effects USING (task_id) "
        "WHERE (state = 'done') <> (effects.task_id IS NOT NULL)",
        "0");
    sql(&world, "SELECT count(*) FROM tasks WHERE state = 'dead' AND NOT (attempts >= 3 OR reason = 'poison')", "0");
    snprintf(text, sizeof(text), "%zu", seen.done);
    sql(&world, "SELECT count(*) FROM effects", text);
    (void)sweep(&world);
    expect_sizes(&world, 0, 0, 0);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

TestSuite(queue_model, .timeout = 7200);

Test(queue_model, random_operations_lose_no_task_double_no_effect_and_keep_priorities_strict)
{
    size_t steps = number_of("FAM_TEST_STEPS", 10000);
    cr_assert_geq(sodium_init(), 0);
    seed = state = number_of("FAM_TEST_SEED", randombytes_random());
    task_room = steps / 3 + 100;
    slot_count = 4 * task_room + 7;
    tasks = calloc(task_room, sizeof(*tasks));
    slots = calloc(slot_count, sizeof(*slots));
    cr_assert(tasks && slots);
    world_start(&world);
    sql(&world, "CREATE TABLE effects (task_id uuid NOT NULL)", NULL);
    (void)sweep(&world);
    for (step = 0; step < steps; step++)
        act();
    drain();
    expect_nothing_lost();
    /* The run met what it is about. */
    must(seen.done > steps / 50 && seen.lost && seen.refused && seen.failed && seen.snoozed, "few tasks ran");
    must(seen.kills && seen.jumps && seen.wipes && seen.restores && seen.sweeps && seen.pauses && seen.higher,
         "few disasters");
    printf(
        "seed %llu: %zu steps, %zu tasks, %zu claims, %zu done, %zu failed, %zu snoozed, %zu refused, %zu lost leases, "
        "%zu kills, %zu jumps, %zu wipes, %zu restores, %zu restarts, %zu sweeps, %zu pauses, %zu returned\n",
        (unsigned long long)seed, steps, task_count, seen.claims, seen.done, seen.failed, seen.snoozed, seen.refused,
        seen.lost, seen.kills, seen.jumps, seen.wipes, seen.restores, seen.restarts, seen.sweeps, seen.pauses,
        seen.higher);
    snapshot_done(&yesterday);
    world_stop(&world);
    free(tasks);
    free(slots);
}
