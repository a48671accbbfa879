/* test_queue_roll.c: which workers are alive: who announces itself, who is forgotten, and what an operator is told. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "queue/roll.h"
#include "queue/worker.h"
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

TestSuite(queue_roll, .init = set_up, .fini = tear_down, .timeout = 120);

static struct fam_roll_entry entry_of(const char *name)
{
    struct fam_roll_entry entry = {
        .role = "worker", .version = "1.2.3", .threads = 4, .started_ms = 1700000000123, .type_count = 2};
    snprintf(entry.name, sizeof(entry.name), "%s", name);
    snprintf(entry.types[0], sizeof(entry.types[0]), "send_checkin");
    snprintf(entry.types[1], sizeof(entry.types[1]), "broadcast");
    return entry;
}

static void announce(const char *name)
{
    const struct fam_roll_entry entry = entry_of(name);
    ok(fam_roll_announce(world.queue, &entry, &why));
}

static size_t roll(struct fam_roll_entry *ret_first)
{
    struct fam_roll_entry *list = NULL;
    size_t count = 0;
    ok(fam_roll_call(world.queue, &list, &count, &why));
    if (count > 0)
        *ret_first = list[0];
    free(list);
    return count;
}

static struct fam_roll_entry first;

Test(queue_roll, who_announces_itself_is_told_of_with_all_it_said)
{
    cr_assert_eq(roll(&first), 0);
    announce("host-b:2");
    announce("host-a:1");
    cr_assert_eq(roll(&first), 2);
    struct fam_roll_entry expected = entry_of("host-a:1");
    cr_assert(strcmp(first.name, "host-a:1") == 0 && strcmp(first.role, expected.role) == 0 &&
              strcmp(first.version, expected.version) == 0);
    cr_assert(first.threads == 4 && first.started_ms == 1700000000123 && !first.is_stopping);
    cr_assert(first.type_count == 2 && strcmp(first.types[0], "send_checkin") == 0 &&
              strcmp(first.types[1], "broadcast") == 0);
    announce("host-a:1");
    cr_assert_eq(roll(&first), 2, "again is not twice");
}

Test(queue_roll, who_leaves_is_forgotten_at_once)
{
    announce("host-a:1");
    announce("host-b:2");
    ok(fam_roll_leave(world.queue, "host-a:1", &why));
    cr_assert_eq(roll(&first), 1);
    cr_assert_str_eq(first.name, "host-b:2");
    ok(fam_roll_leave(world.queue, "nobody", &why));
}

Test(queue_roll, who_has_been_silent_for_too_long_is_not_believed_and_leaves_no_trace)
{
    announce("host-a:1");
    fam_queue_set_clock_offset(world.queue, FAM_ROLL_BELIEVED_MS - 5000);
    announce("host-b:2");
    cr_assert_eq(roll(&first), 2);
    fam_queue_set_clock_offset(world.queue, FAM_ROLL_BELIEVED_MS + 5000);
    cr_assert_eq(roll(&first), 1);
    cr_assert_str_eq(first.name, "host-b:2");
    announce("host-b:2");
    redisReply *reply = redis_server_command(&world.server, "HLEN fam:{queue}:workers");
    cr_assert(reply && reply->integer == 1);
    freeReplyObject(reply);
    reply = redis_server_command(&world.server, "PTTL fam:{queue}:workers");
    cr_assert(reply && reply->integer > 0, "the key ends with its last worker");
    freeReplyObject(reply);
}

Test(queue_roll, what_another_version_says_is_left_out)
{
    freeReplyObject(redis_server_command(
        &world.server, "HSET fam:{queue}:workers new 9999999999999992worker old 999999999999999 short 9"));
    announce("host-a:1");
    cr_assert_eq(roll(&first), 1);
}

Test(queue_roll, a_worker_announces_itself_and_takes_its_word_back_when_it_ends)
{
    static struct fam_task_table table;
    struct fam_status status = {0};
    const struct fam_worker_options options = {
        .queue = world.queue, .store = world.fixture.store, .table = &table, .threads = 2, .role = "all"};
    struct fam_worker *worker = fam_worker_new(&options, &status);
    cr_assert_not_null(worker, "%s", status.message);
    uint64_t end_ms = fam_mono_ms() + 30000;
    while (roll(&first) == 0) {
        cr_assert_lt(fam_mono_ms(), end_ms);
        pause_ms(5);
    }
    struct fam_worker_view view;
    fam_worker_read(worker, &view);
    cr_assert_str_eq(first.name, view.name);
    cr_assert(strcmp(first.role, "all") == 0 && strcmp(first.version, FAM_VERSION) == 0 && first.threads == 2);
    cr_assert(fam_worker_stop(worker, 10000));
    fam_worker_free(worker);
    cr_assert_eq(roll(&first), 0);
}
