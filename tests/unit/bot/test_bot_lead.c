/* Conversations under a lead: what a process that leads no more leaves alone. */
#include "fake_world.h"

static struct {
    enum fam_lead_role role;
    uint64_t fence;
    int checks_left; /* so often it is still held; -1: always */
    int doubts;
} lead;

static enum fam_lead_role role_of(void *context, uint64_t *ret_fence)
{
    (void)context;
    if (ret_fence)
        *ret_fence = lead.role == FAM_LEAD_HELD ? lead.fence : 0;
    return lead.role;
}

static bool holds(void *context, uint64_t fence)
{
    (void)context;
    if (lead.checks_left == 0) {
        lead.role = FAM_LEAD_NONE;
        return false;
    }
    lead.checks_left -= lead.checks_left > 0 ? 1 : 0;
    return lead.role == FAM_LEAD_HELD && fence == lead.fence;
}

static void doubt(void *context)
{
    (void)context;
    lead.doubts++;
}

static void set_up(void)
{
    static const struct fam_lead table = {.role = role_of, .holds = holds, .doubt = doubt};
    lead.role = FAM_LEAD_HELD;
    lead.fence = 7;
    lead.checks_left = -1;
    lead.doubts = 0;
    world_start_with(&table);
    world_settled();
}

TestSuite(bot_lead, .init = set_up, .fini = world_stop);

Test(bot_lead, the_session_is_stored_with_the_fence_of_the_lead)
{
    say("Ненавижу тебя!");
    cr_assert_eq(w.fence, 7);
}

Test(bot_lead, without_the_lead_an_update_is_not_begun_and_comes_again)
{
    lead.role = FAM_LEAD_NONE;
    struct fam_update update = world_message("Ненавижу тебя!");
    cr_assert_eq(world_handle(&update), FAM_HANDLE_AGAIN);
    cr_assert_eq(w.sent_count, 0);
    for (int i = 0; i < FAM_BACKEND_METHODS; i++)
        cr_assert_eq(w.calls[i], 0);
}

/* Stopped after any number of steps, it does no further one. */
Test(bot_lead, an_update_whose_lead_ended_midway_is_dropped_silently_at_any_step)
{
    bool finished = false;
    world_stop();
    for (int steps = 0; steps < 12; steps++) {
        set_up();
        lead.checks_left = steps;
        struct fam_update update = world_message("Ненавижу тебя!");
        enum fam_handled handled = world_handle(&update);
        finished |= handled == FAM_HANDLED;
        int calls = 0;
        for (int i = 0; i < FAM_BACKEND_METHODS; i++)
            calls += w.calls[i];
        cr_assert_leq(calls + (int)w.sent_count + w.typing, steps, "something was done without the lead");
        if (handled != FAM_HANDLED)
            cr_assert_eq(w.last_update_id, 0, "it is not marked as handled");
        /* The next leader does it once more, and nothing is shown or stored twice. */
        size_t shown = w.sent_count;
        lead.role = FAM_LEAD_HELD;
        lead.fence = 8;
        lead.checks_left = -1;
        w.attempt = w.notes = 0;
        cr_assert_eq(world_handle(&update), FAM_HANDLED);
        cr_assert_eq(w.entry_count, 1);
        cr_assert_geq(w.sent_count, 1);
        cr_assert(w.sent_count == 1 || (shown == 1 && w.entries[0].message_id != 0), "%zu", w.sent_count);
        world_stop();
    }
    cr_assert(finished, "a dozen steps are enough");
    set_up();
}

Test(bot_lead, a_fence_that_the_server_refuses_is_a_doubt_and_no_failure)
{
    w.highest_fence = 8;
    struct fam_update update = world_message("Ненавижу тебя!");
    cr_assert_eq(world_handle(&update), FAM_HANDLE_AGAIN);
    cr_assert_eq(lead.doubts, 1);
    cr_assert_eq(w.sent_count, 1, "the answer, and no excuse");
    lead.fence = 9;
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_eq(w.sent_count, 1, "it had been shown");
}

Test(bot_lead, leads_that_were_set_back_stop_nobody_for_ever)
{
    w.highest_fence = 1000;
    struct fam_update update = world_message("Ненавижу тебя!");
    int attempts = 1;
    while (world_handle(&update) == FAM_HANDLE_AGAIN && attempts < 50)
        attempts++;
    cr_assert_lt(attempts, 20);
}

Test(bot_lead, nobody_tells_who_leads_and_an_emergency_is_helped_all_the_same)
{
    lead.role = FAM_LEAD_ALONE;
    struct fam_update update = world_message("Ненавижу тебя!");
    cr_assert_eq(world_handle(&update), FAM_HANDLE_AGAIN);
    cr_assert_eq(w.calls[FAM_BACKEND_REGISTER_USER], 0);
    cr_assert_eq(w.calls[FAM_BACKEND_TRANSLATE], 1, "is it one?");
    cr_assert_eq(w.sent_count, 0);
    w.long_ago = true;
    cr_assert_eq(world_handle(&update), FAM_HANDLE_AGAIN);
    cr_assert_eq(w.sent_count, 1, "after a while: one moment");
    cr_assert_not_null(strstr(last()->text, "112"));
    lead.role = FAM_LEAD_HELD;
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_eq(w.entry_count, 1);
}

static enum fam_handled become(enum fam_membership membership, enum fam_chat_type type)
{
    struct fam_update update = world_message("");
    update.kind = FAM_UPDATE_MEMBER;
    update.chat_type = type;
    update.membership = membership;
    return world_handle(&update);
}

Test(bot_lead, who_blocks_the_bot_is_not_reachable_until_they_are_back)
{
    cr_assert_eq(become(FAM_MEMBERSHIP_REMOVED, FAM_CHAT_PRIVATE), FAM_HANDLED);
    cr_assert_eq(w.reachability, 0);
    cr_assert_eq(become(FAM_MEMBERSHIP_ADDED, FAM_CHAT_PRIVATE), FAM_HANDLED);
    cr_assert_eq(w.reachability, 1);
    cr_assert_eq(w.sent_count, 0, "nobody is told");
    w.reachability = -1;
    cr_assert_eq(become(FAM_MEMBERSHIP_REMOVED, FAM_CHAT_GROUP), FAM_HANDLED);
    cr_assert_eq(become(FAM_MEMBERSHIP_SAME, FAM_CHAT_PRIVATE), FAM_HANDLED);
    cr_assert_eq(w.reachability, -1, "a group is no person");
}
