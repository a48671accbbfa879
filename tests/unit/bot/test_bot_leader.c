/* Who leads: granted, renewed, lost, taken over, given back; by a clock and a server of the test's own. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fam/v1/session.pb-c.h"
#include "leader.h"

enum { TTL_MS = 6000, EVENTS = 32 };

/* The one lead that there is, as the server keeps it. */
static struct {
    char holder[64];
    uint64_t fence, until_ms;
    bool is_away;
    uint32_t slow_ms; /* each call takes so long */
    int calls;
} server;

static uint64_t clock_ms;

struct process {
    struct fam_backend backend;
    struct fam_leader *leader;
    enum fam_lead_event events[EVENTS];
    size_t event_count;
    bool was_held; /* the role while TAKEN was told */
};

static uint64_t now_ms(void)
{
    return clock_ms;
}

static void release_message(void *owner)
{
    free(owner);
}

static enum fam_code call_server(void *context, const struct fam_backend_call *call, struct fam_backend_reply *reply,
                                 struct fam_status *status)
{
    (void)context;
    const Fam__V1__AcquireLeadRequest *request = (const Fam__V1__AcquireLeadRequest *)call->request;
    cr_assert_eq(call->method, FAM_BACKEND_ACQUIRE_LEAD);
    server.calls++;
    clock_ms += server.slow_ms;
    if (server.is_away)
        return fam_fail(status, FAM_UNAVAILABLE, "away");
    Fam__V1__AcquireLeadResponse *response = malloc(sizeof(*response));
    fam__v1__acquire_lead_response__init(response);
    bool is_ours = strcmp(server.holder, request->holder) == 0, has_ended = clock_ms >= server.until_ms;
    if (request->release) {
        if (is_ours)
            server.until_ms = 0;
    } else if (is_ours || has_ended) {
        server.fence += is_ours ? 0 : 1;
        snprintf(server.holder, sizeof(server.holder), "%s", request->holder);
        server.until_ms = clock_ms + request->ttl_ms;
        response->granted = true;
    }
    response->fence = server.fence;
    response->expires_in_ms = server.until_ms > clock_ms ? (uint32_t)(server.until_ms - clock_ms) : 0;
    *reply = (struct fam_backend_reply){.message = &response->base, .owner = response, .release = release_message};
    return FAM_OK;
}

static void note(void *context, enum fam_lead_event event)
{
    struct process *process = context;
    cr_assert_lt(process->event_count, (size_t)EVENTS);
    process->events[process->event_count++] = event;
    process->was_held = fam_leader_role(process->leader, NULL) == FAM_LEAD_HELD;
}

static void start(struct process *process, const char *holder)
{
    struct fam_status status;
    memset(process, 0, sizeof(*process));
    process->backend.call = call_server;
    const struct fam_leader_options options = {.backend = &process->backend,
                                               .holder = holder,
                                               .ttl_ms = TTL_MS,
                                               .changed = note,
                                               .context = process,
                                               .now_ms = now_ms};
    process->leader = fam_leader_new(&options, &status);
    cr_assert_not_null(process->leader);
}

static void set_up(void)
{
    memset(&server, 0, sizeof(server));
    clock_ms = 1000000;
}

TestSuite(bot_leader, .init = set_up);

static enum fam_lead_role role(struct process *process)
{
    return fam_leader_role(process->leader, NULL);
}

static enum fam_lead_event last_event(const struct process *process)
{
    cr_assert_gt(process->event_count, 0);
    return process->events[process->event_count - 1];
}

/* Both live for `ms`: each asks when it said that it would. Returns when `b` got the lead; 0: never. */
static uint64_t live(struct process *a, struct process *b, uint64_t ms)
{
    uint64_t end_ms = clock_ms + ms, a_ms = clock_ms, b_ms = clock_ms;
    for (; clock_ms < end_ms; clock_ms += 10) {
        if (a && clock_ms >= a_ms)
            a_ms = clock_ms + fam_leader_step(a->leader);
        if (b && clock_ms >= b_ms)
            b_ms = clock_ms + fam_leader_step(b->leader);
        cr_assert(!a || !b || role(a) != FAM_LEAD_HELD || role(b) != FAM_LEAD_HELD, "two lead");
        if (b && role(b) == FAM_LEAD_HELD)
            return clock_ms;
    }
    return 0;
}

Test(bot_leader, the_first_gets_the_lead_and_keeps_it_and_the_other_stands_by)
{
    struct process a, b;
    uint64_t fence = 0;
    start(&a, "a");
    start(&b, "b");
    cr_assert_eq(role(&a), FAM_LEAD_NONE);
    cr_assert_eq(fam_leader_step(a.leader), TTL_MS / 3);
    cr_assert_eq(fam_leader_role(a.leader, &fence), FAM_LEAD_HELD);
    cr_assert_eq(fence, 1);
    cr_assert_eq(last_event(&a), FAM_LEAD_TAKEN);
    cr_assert_not(a.was_held, "what was left from before is gone when the first update is begun");
    cr_assert_eq(live(&a, &b, 60000), 0);
    cr_assert_eq(a.event_count, 1, "a renewal changes nothing");
    cr_assert_eq(b.event_count, 0);
    cr_assert(fam_leader_holds(a.leader, 1));
    cr_assert_not(fam_leader_holds(b.leader, 1));
    fam_leader_free(a.leader);
    fam_leader_free(b.leader);
}

Test(bot_leader, a_dead_leader_is_followed_within_ten_seconds)
{
    struct process a, b;
    start(&a, "a");
    start(&b, "b");
    cr_assert_eq(live(&a, &b, 7000), 0);
    uint64_t died_ms = clock_ms, taken_ms = live(NULL, &b, 20000);
    cr_assert_neq(taken_ms, 0);
    cr_assert_leq(taken_ms - died_ms, 7000);
    cr_assert_eq(server.fence, 2);
    fam_leader_free(a.leader);
    fam_leader_free(b.leader);
}

Test(bot_leader, one_that_ends_properly_gives_the_lead_back)
{
    struct process a, b;
    start(&a, "a");
    start(&b, "b");
    cr_assert_eq(live(&a, &b, 7000), 0);
    uint64_t ended_ms = clock_ms;
    fam_leader_release(a.leader);
    cr_assert_eq(role(&a), FAM_LEAD_NONE);
    uint64_t taken_ms = live(NULL, &b, 20000);
    cr_assert_neq(taken_ms, 0);
    cr_assert_leq(taken_ms - ended_ms, TTL_MS / 3);
    fam_leader_free(a.leader);
    fam_leader_free(b.leader);
}

Test(bot_leader, one_that_was_stopped_knows_by_its_clock_that_its_lead_has_ended)
{
    struct process a, b;
    uint64_t fence;
    start(&a, "a");
    start(&b, "b");
    (void)fam_leader_step(a.leader);
    clock_ms += TTL_MS - TTL_MS / 12; /* SIGSTOP */
    cr_assert_eq(fam_leader_role(a.leader, &fence), FAM_LEAD_NONE);
    cr_assert_eq(fence, 0);
    (void)fam_leader_step(b.leader);
    cr_assert_eq(role(&b), FAM_LEAD_NONE, "not before the server's end, which is later");
    clock_ms += TTL_MS;
    (void)fam_leader_step(b.leader);
    cr_assert_eq(role(&b), FAM_LEAD_HELD);
    (void)fam_leader_step(a.leader);
    cr_assert_eq(role(&a), FAM_LEAD_NONE);
    cr_assert_eq(last_event(&a), FAM_LEAD_LOST);
    cr_assert_not(fam_leader_holds(a.leader, 1));
    fam_leader_free(a.leader);
    fam_leader_free(b.leader);
}

Test(bot_leader, a_lead_that_nobody_took_meanwhile_goes_on)
{
    struct process a;
    start(&a, "a");
    (void)fam_leader_step(a.leader);
    clock_ms += 60000;
    cr_assert_eq(role(&a), FAM_LEAD_NONE);
    (void)fam_leader_step(a.leader);
    cr_assert_eq(role(&a), FAM_LEAD_HELD);
    cr_assert_eq(last_event(&a), FAM_LEAD_KEPT);
    cr_assert(fam_leader_holds(a.leader, 1), "turns of that lead go on");
    fam_leader_free(a.leader);
}

Test(bot_leader, the_time_that_the_answer_took_belongs_to_the_lead)
{
    struct process a;
    start(&a, "a");
    server.slow_ms = 3000;
    (void)fam_leader_step(a.leader);
    clock_ms += TTL_MS - TTL_MS / 12 - 3000 - 1;
    cr_assert_eq(role(&a), FAM_LEAD_HELD);
    clock_ms += 1;
    cr_assert_eq(role(&a), FAM_LEAD_NONE);
    fam_leader_free(a.leader);
}

Test(bot_leader, while_the_server_is_away_it_is_alone_and_telegram_is_the_arbiter)
{
    struct process a;
    start(&a, "a");
    (void)fam_leader_step(a.leader);
    server.is_away = true;
    (void)fam_leader_step(a.leader);
    cr_assert_eq(role(&a), FAM_LEAD_HELD, "the lead lasts to its end");
    clock_ms += TTL_MS;
    cr_assert_eq(role(&a), FAM_LEAD_NONE, "no question was asked after the end: it may have been stopped");
    (void)fam_leader_step(a.leader);
    cr_assert_eq(role(&a), FAM_LEAD_ALONE);
    cr_assert_eq(last_event(&a), FAM_LEAD_LEFT_ALONE);
    cr_assert_not(fam_leader_holds(a.leader, 1), "what is shown under a lead waits for one");
    fam_leader_conflict(a.leader);
    cr_assert_eq(role(&a), FAM_LEAD_NONE, "somebody else polls");
    clock_ms += 3600000;
    (void)fam_leader_step(a.leader);
    cr_assert_eq(role(&a), FAM_LEAD_NONE);
    server.is_away = false;
    (void)fam_leader_step(a.leader);
    cr_assert_eq(role(&a), FAM_LEAD_HELD);
    fam_leader_free(a.leader);
}

Test(bot_leader, one_that_starts_while_the_server_is_away_is_alone_after_ten_seconds)
{
    struct process a;
    start(&a, "a");
    server.is_away = true;
    (void)fam_leader_step(a.leader);
    cr_assert_eq(role(&a), FAM_LEAD_NONE);
    clock_ms += FAM_LEADER_ALONE_MS;
    (void)fam_leader_step(a.leader);
    cr_assert_eq(role(&a), FAM_LEAD_ALONE);
    fam_leader_free(a.leader);
}

Test(bot_leader, one_that_was_refused_is_alone_a_minute_after_the_other_s_end_at_the_earliest)
{
    struct process a, b;
    start(&a, "a");
    start(&b, "b");
    (void)fam_leader_step(a.leader);
    (void)fam_leader_step(b.leader);
    server.is_away = true;
    clock_ms += TTL_MS + FAM_LEADER_REFUSED_ALONE_MS - 1;
    (void)fam_leader_step(b.leader);
    cr_assert_eq(role(&b), FAM_LEAD_NONE);
    clock_ms += 1;
    (void)fam_leader_step(b.leader);
    cr_assert_eq(role(&b), FAM_LEAD_ALONE);
    fam_leader_free(a.leader);
    fam_leader_free(b.leader);
}

Test(bot_leader, a_doubt_stops_everything_until_the_server_was_asked)
{
    struct process a;
    start(&a, "a");
    (void)fam_leader_step(a.leader);
    fam_leader_doubt(a.leader);
    cr_assert_eq(role(&a), FAM_LEAD_NONE);
    (void)fam_leader_step(a.leader);
    cr_assert_eq(role(&a), FAM_LEAD_HELD);
    fam_leader_conflict(a.leader);
    cr_assert_eq(role(&a), FAM_LEAD_NONE, "409: look at the lead first");
    (void)fam_leader_step(a.leader);
    cr_assert_eq(role(&a), FAM_LEAD_HELD);
    fam_leader_free(a.leader);
}

Test(bot_leader, holders_are_random_names)
{
    char one[FAM_HOLDER_SIZE], other[FAM_HOLDER_SIZE];
    fam_holder_make(one);
    fam_holder_make(other);
    cr_assert_eq(strlen(one), FAM_HOLDER_SIZE - 1);
    cr_assert_str_neq(one, other);
}
