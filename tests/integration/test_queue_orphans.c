/* test_queue_orphans.c: whatever places a task is in, one sweep puts it where it belongs; also while workers and other
 * sweeps run. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "queue/queue_private.h"
#include "queue_world.h"

static struct queue_world world;

static void set_up(void)
{
    world_start(&world);
}

static void tear_down(void)
{
    world_stop(&world);
}

TestSuite(queue_orphans, .init = set_up, .fini = tear_down, .timeout = 200);

/* ---- every combination ---- */

enum row { MISSING, DUE, WAITING, LEASED, LEASE_OVER, DONE, DEAD, ROWS };
enum { READY_RIGHT = 1, READY_WRONG = 2, DELAYED_PLACE = 4, LEASE_PLACE = 8, HOLD_PLACE = 16, SUBSETS = 32 };
enum { VARIANTS = 4 }; /* bit 0: the hold is the row's holder's; bit 1: the lease in Redis has not run out */
enum { CASES = ROWS * SUBSETS * VARIANTS };

struct orphan {
    struct fam_uuid id;
    enum row row;
    unsigned subset;
    bool is_holders;
    bool is_running;
};
static struct orphan orphans[CASES];
static const struct fam_uuid holder = {{0xaa, 1}}, stranger = {{0xbb, 2}};
static const char *const row_words[] = {"missing", "due", "waiting", "leased", "lease over", "done", "dead"};

static void insert_row(struct fam_buf *text, const struct orphan *orphan)
{
    static const char *const states[] = {"", "queued", "queued", "queued", "queued", "done", "dead"};
    char id[FAM_UUID_TEXT_SIZE], token[FAM_UUID_TEXT_SIZE];
    bool has_lease = orphan->row == LEASED || orphan->row == LEASE_OVER;
    fam_uuid_format(&orphan->id, id);
    fam_uuid_format(&holder, token);
    if (orphan->row == MISSING)
        return;
    fam_buf_addf(text,
                 "INSERT INTO tasks (task_id, type, priority, state, waits_for, not_before, lease_token, leased_until, "
                 "worker, finished_at) VALUES ('%s', 't', 2, '%s', '%s', now() + interval '%d minutes', ",
                 id, states[orphan->row], orphan->row == WAITING ? "retry" : "", orphan->row == WAITING ? 30 : 0);
    if (has_lease)
        fam_buf_addf(text, "'%s', now() + interval '%d minutes', 'w', ", token, orphan->row == LEASED ? 5 : -5);
    else
        fam_buf_add_text(text, "NULL, NULL, NULL, ");
    fam_buf_add_text(text, orphan->row == DONE || orphan->row == DEAD ? "now()); " : "NULL); ");
}

static void redis_put(const char *command, size_t key, const char *value, const struct fam_uuid *id, bool id_first,
                      size_t value_size)
{
    const struct fam_redis_arg member = {id->bytes, 16}, other = {value, value_size};
    const struct fam_redis_arg args[] = {FAM_REDIS_ARG(command), FAM_REDIS_ARG(fam_queue_keys[key]),
                                         id_first ? member : other, id_first ? other : member};
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    ok(fam_redis_call(world.redis, args, 4, &reply, &why));
}

static void put_in_redis(const struct orphan *orphan)
{
    char until[24], due[24], hold[64];
    int64_t now_ms = fam_wall_ms();
    snprintf(until, sizeof(until), "%lld", (long long)(now_ms + (orphan->is_running ? 300000 : -300000)));
    snprintf(due, sizeof(due), "%lld", (long long)(now_ms + 7200000));
    memcpy(hold, orphan->is_holders ? holder.bytes : stranger.bytes, 16);
    int tail = snprintf(hold + 16, sizeof(hold) - 16, "21%015lldw", (long long)now_ms - 1000);
    if (orphan->subset & READY_RIGHT)
        redis_put("ZADD", 1, "5", &orphan->id, false, 1);
    if (orphan->subset & READY_WRONG)
        redis_put("ZADD", 3, "5", &orphan->id, false, 1);
    if (orphan->subset & DELAYED_PLACE)
        redis_put("ZADD", 5, due, &orphan->id, false, strlen(due));
    if (orphan->subset & LEASE_PLACE)
        redis_put("ZADD", FAM_QUEUE_LEASES, until, &orphan->id, false, strlen(until));
    if (orphan->subset & HOLD_PLACE)
        redis_put("HSET", FAM_QUEUE_HOLDS, hold, &orphan->id, true, 16 + (size_t)tail);
}

static void build(void)
{
    fam_auto(fam_buf_done) struct fam_buf text = {0};
    for (size_t i = 0; i < CASES; i++) {
        size_t variant = i % VARIANTS;
        orphans[i] = (struct orphan){.id = fam_uuid_v7(),
                                     .row = (enum row)(i / VARIANTS / SUBSETS),
                                     .subset = (unsigned)(i / VARIANTS % SUBSETS),
                                     .is_holders = variant & 1,
                                     .is_running = variant & 2};
        insert_row(&text, &orphans[i]);
        put_in_redis(&orphans[i]);
    }
    sql(&world, fam_buf_text(&text), NULL);
}

/* Where it belongs, told without the sweep's code: the row decides; but a claim that has both halves and time left, by
 * a worker that may still begin the task, is left alone. */
static unsigned expected_places(const struct orphan *orphan, struct fam_uuid *ret_token)
{
    bool has_both = (orphan->subset & LEASE_PLACE) && (orphan->subset & HOLD_PLACE);
    bool may_begin = has_both && orphan->is_running && !(orphan->row == LEASE_OVER && orphan->is_holders);
    *ret_token = orphan->is_holders ? holder : stranger;
    switch (orphan->row) {
    case LEASED:
        *ret_token = holder;
        return FAM_PLACE_LEASE | FAM_PLACE_HOLD;
    case DUE:
    case LEASE_OVER:
        return may_begin ? FAM_PLACE_LEASE | FAM_PLACE_HOLD : FAM_PLACE_READY << 1;
    case WAITING:
        return may_begin ? FAM_PLACE_LEASE | FAM_PLACE_HOLD : FAM_PLACE_DELAYED << 1;
    default:
        return 0;
    }
}

static void check(const struct orphan *orphan)
{
    struct fam_queue_look look;
    struct fam_uuid token;
    int64_t now_ms = 0;
    unsigned expected = expected_places(orphan, &token);
    ok(fam_queue_look(world.queue, &orphan->id, sizeof(orphan->id), 1, &look, &now_ms, &why));
    cr_assert_eq(look.places, expected, "%s, in %u of Redis (%s, %s): in %u, not %u", row_words[orphan->row],
                 orphan->subset, orphan->is_holders ? "holder's" : "stranger's",
                 orphan->is_running ? "running" : "run out", look.places, expected);
    if (expected & FAM_PLACE_HOLD)
        cr_assert(same_id(&look.token, &token) && look.lease_ms > now_ms && look.lease_ms <= now_ms + 300000);
    if (expected & (FAM_PLACE_DELAYED << 1))
        cr_assert(look.delayed_ms > now_ms + 1700000 && look.delayed_ms <= now_ms + 1800000);
}

Test(queue_orphans, every_combination_of_places_is_healed_by_one_sweep)
{
    build();
    struct fam_sweep_report report = sweep(&world);
    cr_assert_eq(report.rows, (ROWS - 3) * SUBSETS * VARIANTS);
    for (size_t i = 0; i < CASES; i++)
        check(&orphans[i]);
    report = sweep(&world);
    cr_assert_eq(report.pushed + report.leased + report.moved + report.removed + report.returned + report.clamped, 0,
                 "a second sweep finds nothing");
    /* A death counts once, where the holder had started it and its lease was known to Redis. */
    char expected[16];
    snprintf(expected, sizeof(expected), "%d", 8 * 2);
    sql(&world, "SELECT sum(deaths) FROM tasks", expected);
    sql(&world, "SELECT count(*) FROM tasks WHERE attempts > 0", "0");
}

Test(queue_orphans, a_wiped_redis_is_rebuilt_in_the_order_in_which_tasks_came)
{
    struct fam_task_ref refs[30];
    for (size_t i = 0; i < 30; i++) {
        refs[i] = push_task(&world, FAM_PRIORITY_NORMAL, 0);
        pause_ms(2); /* the order within a millisecond is nobody's promise */
    }
    redis_do(&world, "FLUSHALL");
    cr_assert_eq(sweep(&world).pushed, 30);
    for (size_t at = 0; at < 30;) {
        struct fam_queue_claim got = claim(&world, "w", 10, LEASE_MS);
        cr_assert_eq(got.count, 10);
        for (size_t i = 0; i < 10; i++)
            cr_assert(same_id(&got.ids[i], &refs[at++].task_id));
    }
}

Test(queue_orphans, a_redis_of_yesterday_forgets_what_was_done_since_and_learns_what_is_new)
{
    struct fam_task_ref refs[3];
    for (size_t i = 0; i < 3; i++)
        refs[i] = push_task(&world, FAM_PRIORITY_LOW, 0);
    (void)push_task(&world, FAM_PRIORITY_HIGH, 0);
    struct fam_queue_claim got = claim(&world, "w", 1, LEASE_MS);
    bool done = false;
    cr_assert_eq(begin(&world, &got, LEASE_MS).verdict, FAM_TASK_GO);
    ok(fam_task_complete_all(world.fixture.store, got.ids, 1, &got.token, &done, &why));
    /* As before: claimed, and three that are ready; one is deleted meanwhile and one added. */
    sql(&world, "DELETE FROM tasks WHERE task_id = (SELECT task_id FROM tasks WHERE priority = 1 LIMIT 1)", NULL);
    (void)add_row(&world, FAM_PRIORITY_CRITICAL, 0);
    struct fam_sweep_report report = sweep(&world);
    cr_assert(report.removed == 2 && report.pushed == 1, "%d, %d", (int)report.removed, (int)report.pushed);
    expect_sizes(&world, 3, 0, 0);
    cr_assert(refs[0].priority == FAM_PRIORITY_LOW);
}

Test(queue_orphans, what_is_changed_between_the_look_and_the_repair_is_left_alone)
{
    struct fam_task_ref ref = push_task(&world, FAM_PRIORITY_LOW, 0);
    struct fam_queue_look look;
    int64_t now_ms = 0;
    size_t done = 9;
    ok(fam_queue_look(world.queue, &ref.task_id, sizeof(ref.task_id), 1, &look, &now_ms, &why));
    struct fam_queue_claim got = claim(&world, "w", 1, LEASE_MS);
    struct fam_queue_repair repair = {
        .task_id = ref.task_id, .seen_places = look.places, .target = FAM_QUEUE_NOWHERE, .priority = FAM_PRIORITY_LOW};
    ok(fam_queue_repair(world.queue, &repair, 1, &done, &why));
    cr_assert_eq(done, 0);
    expect_sizes(&world, 0, 0, 1);
    repair.seen_places = FAM_PLACE_LEASE | FAM_PLACE_HOLD;
    repair.seen_token = holder;
    ok(fam_queue_repair(world.queue, &repair, 1, &done, &why));
    cr_assert_eq(done, 0);
    repair.seen_token = got.token;
    ok(fam_queue_repair(world.queue, &repair, 1, &done, &why));
    cr_assert_eq(done, 1);
    expect_sizes(&world, 0, 0, 0);
}

/* ---- at once ---- */

enum { CROWD = 1500, WORKERS = 4, SWEEPERS = 2 };
static _Atomic(size_t) done_count;
static _Atomic(bool) crowd_is_done;

static void *work(void *context)
{
    const char *name = context;
    while (atomic_load(&done_count) < CROWD) {
        struct fam_queue_claim got = claim(&world, name, 10, LEASE_MS);
        struct fam_task_begun begun[FAM_TASK_CLAIM_MAX];
        bool done[FAM_TASK_CLAIM_MAX];
        if (got.count == 0) {
            pause_ms(5);
            continue;
        }
        ok(fam_task_begin(world.fixture.store, NULL, got.ids, got.count, &got.token, name, LEASE_MS, begun, &why));
        ok(fam_queue_settle(world.queue, &got.token, begun, got.count, &why));
        ok(fam_task_complete_all(world.fixture.store, got.ids, got.count, &got.token, done, &why));
        for (size_t i = 0; i < got.count; i++)
            atomic_fetch_add(&done_count, done[i]);
        ok(fam_queue_finish(world.queue, &got.token, got.ids, got.count, &why));
    }
    return NULL;
}

static void *keep_sweeping(void *unused)
{
    while (!atomic_load(&crowd_is_done))
        (void)sweep(&world);
    return unused;
}

Test(queue_orphans, sweeps_that_run_among_workers_and_each_other_lose_nothing_and_double_nothing)
{
    pthread_t workers[WORKERS], sweepers[SWEEPERS];
    static char names[WORKERS][8];
    for (size_t i = 0; i < SWEEPERS; i++)
        cr_assert_eq(pthread_create(&sweepers[i], NULL, keep_sweeping, NULL), 0);
    for (size_t i = 0; i < WORKERS; i++) {
        snprintf(names[i], sizeof(names[i]), "w%d", (int)i);
        cr_assert_eq(pthread_create(&workers[i], NULL, work, names[i]), 0);
    }
    /* Each third task is only a row: the sweeps bring it. */
    for (size_t i = 0; i < CROWD; i++) {
        if (i % 3)
            (void)push_task(&world, (enum fam_priority)(1 + i % 4), 0);
        else
            (void)add_row(&world, (enum fam_priority)(1 + i % 4), 0);
    }
    for (size_t i = 0; i < WORKERS; i++)
        pthread_join(workers[i], NULL);
    atomic_store(&crowd_is_done, true);
    for (size_t i = 0; i < SWEEPERS; i++)
        pthread_join(sweepers[i], NULL);
    cr_assert_eq(atomic_load(&done_count), CROWD, "a task's end counts once");
    sql(&world, "SELECT count(*) FROM tasks WHERE state = 'done' AND attempts = 0 AND deaths = 0", "1500");
    (void)sweep(&world);
    expect_sizes(&world, 0, 0, 0);
}
