/* Long polling against a Telegram that misbehaves: nothing is lost, nothing spins. */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "fake_http.h"
#include "lanes.h"
#include "poller.h"

static atomic_bool stop;
static atomic_int handled;
static size_t stop_after;
static uint64_t slept;
static int64_t ids[64];
static const char empty[] = "{\"ok\":true,\"result\":[]}";

#define UPDATE(id)                                                                                                     \
    "{\"update_id\":" #id                                                                                              \
    ",\"message\":{\"message_id\":1,\"from\":{\"id\":5},\"chat\":{\"id\":5,\"type\":\"private\"},"                     \
    "\"text\":\"x\"}}"

static enum fam_handled handle(void *context, struct fam_job *job, uint32_t *ret_delay_ms)
{
    (void)context;
    (void)ret_delay_ms;
    ids[atomic_fetch_add(&handled, 1)] = job->update->update_id;
    return FAM_HANDLED;
}

static enum fam_handled wait_for_stop(void *context, struct fam_job *job, uint32_t *ret_delay_ms)
{
    while (!atomic_load(&stop))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return handle(context, job, ret_delay_ms);
}

static enum fam_handled (*handler)(void *context, struct fam_job *job, uint32_t *ret_delay_ms) = handle;

/* The second poll is held until this many updates were handled (0: it is not), so that the third can't be too early
 * to confirm them. */
static int handled_by_second;

static void on_call(size_t call)
{
    uint64_t until_ms = fam_mono_ms() + 10000;
    while (call == 1 && atomic_load(&handled) < handled_by_second && fam_mono_ms() < until_ms)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    if (call + 1 >= stop_after)
        atomic_store(&stop, true);
}

static bool may_poll_now = true;
static int conflicts;
static size_t rests; /* looks while it may not poll */

static bool may_poll(void *lead)
{
    (void)lead;
    return may_poll_now;
}

static void note_conflict(void *lead)
{
    (void)lead;
    conflicts++;
}

static void fake_sleep(uint32_t ms)
{
    slept += ms;
    if (!may_poll_now && ++rests >= 20)
        atomic_store(&stop, true);
}

static void (*on_call_instead)(size_t call);

/* Polls until `calls` requests were made. */
static void run(size_t calls)
{
    struct fam_status status;
    struct fam_lanes_options lanes_options = {.workers = 2, .capacity = 100, .handle = handler};
    struct fam_lanes *lanes = fam_lanes_new(&lanes_options, &status);
    struct fam_api *api = fake_http_api(&stop);
    struct fam_poller_options options = {.api = api,
                                         .lanes = lanes,
                                         .stop = &stop,
                                         .may_poll = may_poll,
                                         .conflict = note_conflict,
                                         .sleep_ms = fake_sleep};
    struct fam_poller *poller = fam_poller_new(&options, &status);
    cr_assert(lanes && poller);
    stop_after = calls;
    fake_http.on_call = on_call_instead ? on_call_instead : on_call;
    if (!fake_http.otherwise.body)
        fake_http.otherwise = (struct fake_answer){200, empty};
    fam_poller_run(poller);
    cr_assert(fam_lanes_stop(lanes, 5000));
    fam_poller_free(poller);
    fam_lanes_free(lanes);
    fam_api_free(api);
}

static bool asked(size_t call, const char *part)
{
    return strstr(fake_http.bodies[call], part) != NULL;
}

Test(bot_poller, an_update_is_confirmed_by_the_next_poll_after_it_was_handled)
{
    fake_http_answer(200, "{\"ok\":true,\"result\":[" UPDATE(7) "," UPDATE(8) "]}");
    handled_by_second = 2;
    run(5);
    cr_assert_eq(atomic_load(&handled), 2);
    cr_assert(asked(0, "\"offset\":0,\"limit\":100,\"timeout\":0,"), "the first poll only looks");
    cr_assert(asked(1, "\"timeout\":50,"));
    cr_assert(asked(0, "\"my_chat_member\"]"));
    cr_assert(asked(4, "\"offset\":9,"), "%s", fake_http.bodies[4]);
}

Test(bot_poller, a_poisoned_update_is_skipped_and_its_neighbours_are_handled)
{
    fake_http_answer(200, "{\"ok\":true,\"result\":[" UPDATE(
                              1) ",{\"update_id\":2,\"message\":{\"text\":\"\\ud800\"}}," UPDATE(3) "]}");
    handled_by_second = 2;
    run(5);
    cr_assert_eq(atomic_load(&handled), 2);
    cr_assert_eq(ids[0], 1);
    cr_assert_eq(ids[1], 3);
    cr_assert(asked(4, "\"offset\":4,"), "%s", fake_http.bodies[4]);
}

Test(bot_poller, an_answer_that_stays_broken_is_fetched_one_by_one_and_skipped)
{
    static const char broken[] = "{\"ok\":true,\"result\":[" UPDATE(1) ",{\"update_id\":2,\"message\":\"";
    static const char alone[] = "{\"ok\":true,\"result\":[{\"update_id\":2,\"message\":\"";
    fake_http_answer(200, broken);
    fake_http_answer(200, broken);
    fake_http_answer(200, "{\"ok\":true,\"result\":[" UPDATE(1) "]}");
    fake_http_answer(200, alone);
    fake_http_answer(200, "{\"ok\":true,\"result\":[" UPDATE(3) "]}");
    run(6);
    cr_assert_eq(atomic_load(&handled), 2);
    cr_assert(asked(2, "\"limit\":1,"), "%s", fake_http.bodies[2]);
    cr_assert(asked(3, "\"offset\":2,\"limit\":1,"), "%s", fake_http.bodies[3]);
    cr_assert(asked(4, "\"offset\":3,\"limit\":100,"), "%s", fake_http.bodies[4]);
    cr_assert_eq(ids[1], 3);
}

Test(bot_poller, failures_back_off_and_end)
{
    fake_http_answer(409, "{\"ok\":false,\"error_code\":409,\"description\":\"Conflict: terminated by other getUpdates "
                          "request\"}");
    fake_http_answer(502, "<html>Bad Gateway</html>");
    fake_http_answer(0, NULL);
    fake_http_answer(429, "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests\",\"parameters\":"
                          "{\"retry_after\":1}}");
    fake_http_answer(200, "{\"ok\":true,\"result\":[" UPDATE(9) "]}");
    run(7);
    cr_assert_eq(atomic_load(&handled), 1, "it goes on after all of them");
    cr_assert_geq(slept, 3000);
    cr_assert_leq(slept, 15000);
}

Test(bot_poller, a_409_is_told_to_who_knows_of_the_lead)
{
    fake_http_answer(409, "{\"ok\":false,\"error_code\":409,\"description\":\"Conflict\"}");
    run(3);
    cr_assert_eq(conflicts, 1);
}

Test(bot_poller, without_the_lead_nothing_is_polled)
{
    may_poll_now = false;
    run(1000);
    cr_assert_eq(fake_http.calls, 0);
}

static void lose_the_lead(size_t call)
{
    may_poll_now = call == 0;
}

Test(bot_poller, what_a_poll_brings_after_the_lead_has_ended_is_left_to_the_next_leader)
{
    fake_http_answer(200, empty);
    fake_http_answer(200, "{\"ok\":true,\"result\":[" UPDATE(7) "]}");
    on_call_instead = lose_the_lead;
    run(1000);
    cr_assert_eq(fake_http.calls, 2);
    cr_assert_eq(atomic_load(&handled), 0);
}

Test(bot_poller, empty_answers_are_asked_for_at_most_twice_a_second)
{
    run(6);
    cr_assert_geq(slept, 5 * 500);
}

/* The update with id 1 is held until another one was handled, or for ten seconds. */
static enum fam_handled hold_first(void *context, struct fam_job *job, uint32_t *ret_delay_ms)
{
    if (job->update->update_id == 1) {
        uint64_t until_ms = fam_mono_ms() + 10000;
        while (atomic_load(&handled) == 0 && fam_mono_ms() < until_ms)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return handle(context, job, ret_delay_ms);
}

#define UPDATE_OF_CHAT(id, chat)                                                                                       \
    "{\"update_id\":" #id ",\"message\":{\"message_id\":1,\"from\":{\"id\":" #chat "},\"chat\":{\"id\":" #chat         \
    ",\"type\":\"private\"},\"text\":\"x\"}}"

Test(bot_poller, a_slow_update_holds_up_no_new_one_of_another_chat_and_is_not_confirmed)
{
    handler = hold_first;
    fake_http_answer(200, "{\"ok\":true,\"result\":[" UPDATE_OF_CHAT(1, 5) "]}");
    fake_http_answer(200, "{\"ok\":true,\"result\":[" UPDATE_OF_CHAT(1, 5) "," UPDATE_OF_CHAT(2, 6) "]}");
    uint64_t started_ms = fam_mono_ms();
    run(8);
    cr_assert_lt(fam_mono_ms() - started_ms, 5000);
    cr_assert_eq(atomic_load(&handled), 2);
    cr_assert_eq(ids[0], 2);
    cr_assert_eq(ids[1], 1);
    cr_assert(asked(1, "\"offset\":0,"), "%s", fake_http.bodies[1]);
    cr_assert(asked(7, "\"offset\":3,"), "%s", fake_http.bodies[7]);
}

Test(bot_poller, while_one_update_stays_unhandled_the_polls_become_rare)
{
    fake_http.otherwise = (struct fake_answer){200, "{\"ok\":true,\"result\":[" UPDATE(1) "]}"};
    handler = wait_for_stop;
    uint64_t started_ms = fam_mono_ms();
    run(8);
    cr_assert_geq(fam_mono_ms() - started_ms, 20 + 40 + 80 + 160 + 320);
}

Test(bot_poller, known_updates_are_not_handled_twice_while_telegram_repeats_them)
{
    for (int i = 0; i < 3; i++)
        fake_http_answer(200, "{\"ok\":true,\"result\":[" UPDATE(7) "]}");
    run(5);
    cr_assert_eq(atomic_load(&handled), 1);
}
