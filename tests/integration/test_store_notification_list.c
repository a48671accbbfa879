/* Notifications as operators see them: lists, sending again, what is due. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "support/notification_fixture.h"

static struct store_fixture f;
static struct fam_uuid anna, boris;

static void start(void)
{
    store_fixture_start(&f);
    anna = make_person(f.store, 1);
    boris = make_person(f.store, 2);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(notification_list, .init = start, .fini = stop, .timeout = 120);

static void sql(const char *text, const char *expected)
{
    expect_sql(f.pg.conninfo, text, expected);
}

static void expect_count(size_t max, size_t max_others, size_t count)
{
    fam_auto(batch_done) struct batch batch = lease_batch(f.store, max, max_others);
    cr_assert_eq(batch.count, count, "%zu, not %zu", batch.count, count);
}

static size_t listed(const struct fam_notification_filter *filter, Fam__V1__NotificationState *ret_first)
{
    struct fam_notification_summary *list = NULL;
    size_t count = 0;
    bool more = false;
    struct fam_status status = {0};
    cr_assert_eq(fam_notification_list(f.store, filter, NULL, 100, &list, &count, &more, &status), FAM_OK, "%s",
                 status.message);
    cr_assert_not(more);
    if (count > 0)
        *ret_first = list[0].state;
    free(list);
    return count;
}

Test(notification_list, a_list_says_what_is_leased_and_what_is_held_and_can_be_filtered)
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    Fam__V1__NotificationState state = FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_UNSPECIFIED;
    struct fam_notification_filter all = {0}, of_anna = {.user_id = &anna},
                                   held = {.state = FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_HELD},
                                   reports = {.kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT};
    add_checkin(f.store, &anna, "first", 0, 0);
    cr_assert_eq(listed(&all, &state), 1);
    cr_assert_eq(state, FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_QUEUED);
    expect_count(8, 8, 1);
    cr_assert_eq(listed(&of_anna, &state), 1);
    cr_assert_eq(state, FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_LEASED);
    cr_assert_eq(fam_user_set_reachable(f.store, NULL, &boris, false, &outcome, &status), FAM_OK);
    add_report(f.store, &boris, 3);
    cr_assert_eq(listed(&held, &state), 1);
    cr_assert_eq(listed(&reports, &state), 1);
    cr_assert_eq(listed(&all, &state), 2);
    cr_assert_eq(state, FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_HELD, "the newest first");
    cr_assert_eq(listed(&of_anna, &state), 1);
    struct fam_uuid none = fam_uuid_v7();
    struct fam_notification_filter named = {.ids = &none, .id_count = 1};
    cr_assert_eq(listed(&named, &state), 0, "by their ids");
}

Test(notification_list, failed_and_expired_ones_are_sent_again_as_if_new_and_counted_before)
{
    struct fam_resend all = {.dry_run = true};
    struct fam_outcome outcome;
    struct fam_status status = {0};
    int64_t count = 0;
    add_checkin(f.store, &anna, "first", 0, 0);
    add_checkin(f.store, &boris, "second", 0, 1);
    sql("SELECT pg_sleep(0.01)", NULL);
    (void)sweep_notifications(f.store);
    fam_auto(batch_done) struct batch batch = lease_batch(f.store, 8, 8);
    struct fam_lease_key key = key_of(&batch, 0);
    struct fam_lease_end end;
    cr_assert_eq(
        fam_notification_nack(f.store, &key, FAM__V1__NACK_REASON__NACK_REASON_REJECTED, 0, false, &end, &status),
        FAM_OK, "%s", status.message);
    cr_assert_eq(fam_notification_resend(f.store, NULL, &all, &outcome, &count, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(count, 2);
    expect_count(8, 8, 0);
    struct fam_mutation mutation = mutation_of("again", "one");
    struct fam_resend one = {.ids = &key.notification_id, .id_count = 1};
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(fam_notification_resend(f.store, &mutation, &one, &outcome, &count, &status), FAM_OK, "%s",
                     status.message);
        cr_assert_eq(count, 1, "the same key tells the same count");
        cr_assert_eq(outcome.replayed, i == 1);
    }
    fam_auto(batch_done) struct batch again = lease_batch(f.store, 8, 8);
    cr_assert_eq(again.count, 1);
    cr_assert_eq(again.list[0].attempt, 1);
    cr_assert_eq(fam_notification_ack(f.store, &key, 1, 1, &end, &status), FAM_ABORTED, "the old lease is void");
    struct fam_resend expired = {.filter = {.state = FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_EXPIRED}};
    cr_assert_eq(fam_notification_resend(f.store, NULL, &expired, &outcome, &count, &status), FAM_OK);
    cr_assert_eq(count, 1);
    sql("SELECT count(*) FROM notifications WHERE state = 'queued' AND expires_at > now() + INTERVAL '23 hours'", "2");
}

Test(notification_list, what_is_due_is_counted_by_lane_without_people_who_are_not_reached)
{
    struct fam_notification_backlog backlog;
    struct fam_outcome outcome;
    struct fam_status status = {0};
    struct fam_db *db = NULL;
    add_checkin(f.store, &anna, "first", 0, 0);
    add_checkin(f.store, &anna, "second", 60000, 0);
    add_report(f.store, &boris, 3);
    cr_assert_eq(fam_user_set_reachable(f.store, NULL, &boris, false, &outcome, &status), FAM_OK);
    sql("UPDATE notifications SET not_before = not_before - INTERVAL '1 minute' WHERE not_before <= now()", NULL);
    cr_assert_eq(fam_store_get(f.store, &db, &status), FAM_OK);
    cr_assert_eq(fam_notification_count(db, &backlog, &status), FAM_OK, "%s", status.message);
    fam_store_put(f.store, db);
    cr_assert(backlog.due[0] == 0 && backlog.due[1] == 1 && backlog.due[2] == 0);
    cr_assert_geq(backlog.oldest_ms[1], 60000);
}
