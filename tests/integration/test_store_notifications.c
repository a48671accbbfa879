/* Notifications as rows: lanes, one at a time for each person, leases and their ends. */
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

TestSuite(notifications, .init = start, .fini = stop, .timeout = 120);

static struct batch lease(size_t max, size_t max_others)
{
    return lease_batch(f.store, max, max_others);
}

static struct fam_lease_end ack(const struct fam_lease_key *key)
{
    struct fam_lease_end end;
    struct fam_status status = {0};
    cr_assert_eq(fam_notification_ack(f.store, key, 77, 500, &end, &status), FAM_OK, "%s", status.message);
    return end;
}

static struct fam_lease_end nack(const struct fam_lease_key *key, Fam__V1__NackReason reason, uint32_t retry_after_ms,
                                 bool maybe_shown)
{
    struct fam_lease_end end;
    struct fam_status status = {0};
    cr_assert_eq(fam_notification_nack(f.store, key, reason, retry_after_ms, maybe_shown, &end, &status), FAM_OK, "%s",
                 status.message);
    return end;
}

static void sql(const char *text, const char *expected)
{
    expect_sql(f.pg.conninfo, text, expected);
}

static void expect_count(size_t max, size_t max_others, size_t count)
{
    fam_auto(batch_done) struct batch batch = lease(max, max_others);
    cr_assert_eq(batch.count, count, "%zu, not %zu", batch.count, count);
}

Test(notifications, what_is_added_comes_out_whole_and_nothing_of_it_stands_in_clear)
{
    add_checkin(f.store, &anna, "evening", 0, 0);
    fam_auto(batch_done) struct batch batch = lease(8, 8);
    cr_assert_eq(batch.count, 1);
    const struct fam_leased *leased = &batch.list[0];
    cr_assert(fam_uuid_equal(&leased->user_id, &anna));
    cr_assert_eq(leased->lane, FAM__V1__LANE__LANE_CHECKINS);
    cr_assert_eq(leased->kind, FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_CHECKIN);
    cr_assert_eq(leased->chat_id, 1);
    cr_assert_eq(leased->language, FAM__V1__LANGUAGE__LANGUAGE_RU);
    cr_assert_eq(leased->attempt, 1);
    cr_assert(!leased->began && !leased->is_gone && !leased->has_entry);
    cr_assert(leased->may_process && leased->may_notify);
    Fam__V1__CheckinPrompt *prompt = fam__v1__checkin_prompt__unpack(NULL, leased->body.size, leased->body.data);
    cr_assert(prompt != NULL);
    cr_assert_str_eq(prompt->name, "evening");
    fam__v1__checkin_prompt__free_unpacked(prompt, NULL);
    sql("SELECT count(*) FROM notifications WHERE position('evening'::bytea IN body) > 0", "0");
}

Test(notifications, answers_go_before_checkins_and_these_before_reports)
{
    struct fam_uuid people[3];
    for (size_t i = 0; i < 3; i++)
        people[i] = make_person(f.store, (int64_t)(10 + i));
    add_report(f.store, &people[0], 3);
    add_checkin(f.store, &people[1], "morning", 0, 0);
    struct fam_uuid entry_id = make_entry(f.store, &people[2], NULL, "Нет!");
    deliver_entry(f.store, &people[2], &entry_id, 5, 1);
    add_better(f.store, &people[2], &entry_id, 1);
    for (int lane = 1; lane <= 3; lane++) {
        fam_auto(batch_done) struct batch batch = lease(1, 1);
        cr_assert_eq(batch.count, 1);
        cr_assert_eq((int)batch.list[0].lane, lane);
    }
    expect_count(1, 1, 0);
}

Test(notifications, a_share_stays_free_for_answers)
{
    for (int64_t i = 0; i < 6; i++) {
        struct fam_uuid user_id = make_person(f.store, 20 + i);
        add_checkin(f.store, &user_id, "morning", 0, 0);
    }
    expect_count(4, 0, 0);
    expect_count(4, 2, 2);
    expect_count(3, 32, 3);
    expect_count(32, 32, 1);
}

Test(notifications, one_person_has_one_at_a_time_in_the_order_of_their_making)
{
    add_checkin(f.store, &anna, "first", 0, 0);
    add_checkin(f.store, &anna, "second", 0, 0);
    add_checkin(f.store, &boris, "other", 0, 0);
    fam_auto(batch_done) struct batch batch = lease(8, 8);
    cr_assert_eq(batch.count, 2);
    cr_assert(fam_uuid_equal(&batch.list[0].user_id, &anna) && fam_uuid_equal(&batch.list[1].user_id, &boris));
    expect_count(8, 8, 0);
    struct fam_lease_key key = key_of(&batch, 0);
    struct fam_lease_end end = ack(&key);
    cr_assert(end.more_due && !end.is_repeat);
    cr_assert_eq(end.lane, FAM__V1__LANE__LANE_CHECKINS);
    fam_auto(batch_done) struct batch next = lease(8, 8);
    cr_assert_eq(next.count, 1);
    cr_assert(memcmp(next.list[0].body.data + 2, "second", 6) == 0);
    key = key_of(&next, 0);
    cr_assert_not(ack(&key).more_due);
}

struct racer {
    struct fam_store *store;
    size_t leased;
    bool twice;
};

/* Leases and acknowledges until nothing is left for a while; sees whether two of one person are out at once. */
static void *race(void *context)
{
    struct racer *racer = context;
    for (int empty = 0; empty < 20;) {
        const struct fam_lease_request request = {.holder = "racer", .max = 4, .max_others = 4, .lease_ms = 60000};
        struct fam_leased *list = NULL;
        size_t count = 0;
        char value[64];
        struct fam_status status = {0};
        enum fam_code code = fam_notification_lease(racer->store, &request, &list, &count, &status);
        cr_assert(code == FAM_OK || code == FAM_ABORTED, "%s", status.message);
        cr_assert(pg_server_sql(f.pg.conninfo,
                                "SELECT count(*) FROM (SELECT 1 FROM notifications WHERE leased GROUP BY user_id "
                                "HAVING count(*) > 1) t",
                                value, sizeof(value)));
        racer->twice = racer->twice || strcmp(value, "0") != 0;
        for (size_t i = 0; i < count; i++) {
            struct fam_lease_key key = {list[i].notification_id, list[i].token};
            struct fam_lease_end end;
            cr_assert_eq(fam_notification_ack(racer->store, &key, 1, 1, &end, &status), FAM_OK, "%s", status.message);
            cr_assert_not(end.is_repeat);
        }
        racer->leased += count;
        empty = count == 0 ? empty + 1 : 0;
        fam_leased_free(list, count);
    }
    return NULL;
}

Test(notifications, several_servers_at_once_lease_each_once_and_never_two_of_one_person)
{
    enum { PEOPLE = 6, EACH = 8, SERVERS = 4 };
    struct racer racers[SERVERS];
    for (int64_t i = 0; i < PEOPLE; i++) {
        struct fam_uuid user_id = make_person(f.store, 100 + i);
        for (int j = 0; j < EACH; j++)
            add_checkin(f.store, &user_id, "x", 0, 0);
    }
    for (size_t i = 0; i < SERVERS; i++)
        racers[i] = (struct racer){.store = store_open(f.pg.conninfo, KEY_V1, 2)};
    run_at_once(race, racers, sizeof(racers[0]), SERVERS);
    size_t leased = 0;
    for (size_t i = 0; i < SERVERS; i++) {
        leased += racers[i].leased;
        cr_assert_not(racers[i].twice);
        fam_store_free(racers[i].store);
    }
    cr_assert_eq(leased, PEOPLE * EACH);
    sql("SELECT count(*) FROM notifications WHERE state = 'delivered'", "48");
}

Test(notifications, who_blocked_the_bot_keeps_what_waits_and_gets_it_after_coming_back)
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    add_checkin(f.store, &anna, "first", 0, 0);
    add_checkin(f.store, &anna, "second", 0, 0);
    fam_auto(batch_done) struct batch batch = lease(8, 8);
    struct fam_lease_key key = key_of(&batch, 0);
    (void)nack(&key, FAM__V1__NACK_REASON__NACK_REASON_BLOCKED, 0, false);
    expect_count(8, 8, 0);
    sql("SELECT count(*) FROM notifications WHERE state = 'queued' AND NOT leased", "2");
    cr_assert_eq(fam_user_set_reachable(f.store, NULL, &anna, true, &outcome, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(outcome.ids_size, 16);
    cr_assert_eq(fam_user_set_reachable(f.store, NULL, &anna, true, &outcome, &status), FAM_OK);
    cr_assert_eq(outcome.ids_size, 0, "nothing has changed the second time");
    fam_auto(batch_done) struct batch again = lease(8, 8);
    cr_assert_eq(again.count, 1);
    cr_assert(fam_uuid_equal(&again.list[0].notification_id, &key.notification_id));
    cr_assert_eq(again.list[0].attempt, 1, "being blocked is no attempt");
}

Test(notifications, an_update_from_a_person_who_could_not_be_reached_makes_them_reachable)
{
    struct fam_outcome outcome;
    struct fam_user user;
    bool created = false;
    struct fam_status status = {0};
    cr_assert_eq(fam_user_set_reachable(f.store, NULL, &anna, false, &outcome, &status), FAM_OK, "%s", status.message);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(fam_user_register(f.store, 1, FAM__V1__LANGUAGE__LANGUAGE_RU,
                                       FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_TELEGRAM, &user, &created,
                                       NULL, &status),
                     FAM_OK, "%s", status.message);
        cr_assert(user.is_reachable);
        cr_assert_eq(user.has_returned, i == 0);
        fam_user_done(&user);
    }
    struct fam_uuid nobody = fam_uuid_v7();
    cr_assert_eq(fam_user_set_reachable(f.store, NULL, &nobody, true, &outcome, &status), FAM_NOT_FOUND);
}

Test(notifications, a_late_word_of_a_block_does_not_undo_a_return)
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    add_checkin(f.store, &anna, "first", 0, 0);
    fam_auto(batch_done) struct batch batch = lease(8, 8);
    struct fam_lease_key key = key_of(&batch, 0);
    cr_assert_eq(fam_user_set_reachable(f.store, NULL, &anna, false, &outcome, &status), FAM_OK);
    cr_assert_eq(fam_user_set_reachable(f.store, NULL, &anna, true, &outcome, &status), FAM_OK);
    (void)nack(&key, FAM__V1__NACK_REASON__NACK_REASON_BLOCKED, 0, false);
    sql("SELECT count(*) FROM users WHERE NOT reachable", "0");
}

Test(notifications, a_lease_that_ends_without_a_word_comes_again_as_maybe_shown)
{
    add_checkin(f.store, &anna, "first", 0, 0);
    fam_auto(batch_done) struct batch batch = lease(8, 8);
    cr_assert_eq(sweep_notifications(f.store).returned, 0);
    sql("UPDATE notifications SET leased_until = now() - INTERVAL '1 second'", NULL);
    expect_count(8, 8, 0);
    cr_assert_eq(sweep_notifications(f.store).returned, 1);
    fam_auto(batch_done) struct batch again = lease(8, 8);
    cr_assert_eq(again.count, 1);
    cr_assert_eq(again.list[0].attempt, 2);
    cr_assert(again.list[0].began);
    struct fam_lease_key stale = key_of(&batch, 0);
    struct fam_lease_end end;
    struct fam_status status = {0};
    cr_assert_eq(fam_notification_ack(f.store, &stale, 1, 1, &end, &status), FAM_ABORTED);
    cr_assert_str_eq(status.reason, "LEASE_LOST");
    cr_assert_eq(
        fam_notification_nack(f.store, &stale, FAM__V1__NACK_REASON__NACK_REASON_REJECTED, 0, false, &end, &status),
        FAM_ABORTED);
    sql("SELECT state || ' ' || leased FROM notifications", "queued true");
}

Test(notifications, a_late_word_counts_until_somebody_else_has_the_lease)
{
    add_checkin(f.store, &anna, "first", 0, 0);
    fam_auto(batch_done) struct batch batch = lease(8, 8);
    sql("UPDATE notifications SET leased_until = now() - INTERVAL '1 second'", NULL);
    cr_assert_eq(sweep_notifications(f.store).returned, 1);
    struct fam_lease_key key = key_of(&batch, 0);
    cr_assert_not(ack(&key).is_repeat);
    cr_assert(ack(&key).is_repeat, "a repeat is no error");
    expect_count(8, 8, 0);
    sql("SELECT state FROM notifications", "delivered");
}

Test(notifications, a_word_about_what_is_not_there_is_not_found)
{
    struct fam_lease_key key = {fam_uuid_v7(), fam_uuid_v7()};
    struct fam_lease_end end;
    struct fam_status status = {0};
    cr_assert_eq(fam_notification_ack(f.store, &key, 1, 1, &end, &status), FAM_NOT_FOUND);
    cr_assert_eq(fam_notification_nack(f.store, &key, FAM__V1__NACK_REASON__NACK_REASON_LATER, 0, false, &end, &status),
                 FAM_NOT_FOUND);
}

Test(notifications, later_costs_no_attempt_and_holds_the_whole_person_back_in_order)
{
    add_checkin(f.store, &anna, "first", 0, 0);
    add_checkin(f.store, &anna, "second", 0, 0);
    fam_auto(batch_done) struct batch batch = lease(8, 8);
    struct fam_lease_key key = key_of(&batch, 0);
    (void)nack(&key, FAM__V1__NACK_REASON__NACK_REASON_LATER, 3600000, false);
    expect_count(8, 8, 0);
    sql("SELECT count(DISTINCT not_before) || ' ' || max(attempts) FROM notifications", "1 0");
    sql("UPDATE notifications SET not_before = not_before - INTERVAL '1 hour'", NULL);
    fam_auto(batch_done) struct batch again = lease(8, 8);
    cr_assert_eq(again.count, 1);
    cr_assert(memcmp(again.list[0].body.data + 2, "first", 5) == 0, "the order is kept");
    cr_assert_eq(again.list[0].attempt, 1);
    cr_assert_not(again.list[0].began);
}

Test(notifications, without_a_delay_later_is_due_again_at_once)
{
    add_checkin(f.store, &anna, "first", 0, 0);
    fam_auto(batch_done) struct batch batch = lease(8, 8);
    struct fam_lease_key key = key_of(&batch, 0);
    cr_assert(nack(&key, FAM__V1__NACK_REASON__NACK_REASON_LATER, 0, false).more_due);
    expect_count(8, 8, 1);
}

/* Asserts that it waits for so long, a quarter more or less; on a slow machine half a minute of it may be over. */
static void expect_wait(int64_t ms)
{
    char check[240];
    snprintf(check, sizeof(check),
             "SELECT state = 'queued' AND not_before - now() BETWEEN interval '%lld ms' - interval '30 s' "
             "AND interval '%lld ms' FROM notifications",
             (long long)(ms - ms / 4), (long long)(ms + ms / 4));
    sql(check, "t");
}

/* Telegram is away for as many attempts; the last wait is `most_ms`. */
static void be_away(int attempts, bool maybe_shown, int64_t most_ms)
{
    for (int i = 1; i <= attempts; i++) {
        fam_auto(batch_done) struct batch batch = lease(8, 8);
        cr_assert_eq(batch.count, 1, "attempt %d", i);
        cr_assert_eq(batch.list[0].attempt, i);
        cr_assert_eq(batch.list[0].began, maybe_shown && i > 1, "only what was said to be maybe shown");
        struct fam_lease_key key = key_of(&batch, 0);
        struct fam_lease_end end = nack(&key, FAM__V1__NACK_REASON__NACK_REASON_UNAVAILABLE, 0, maybe_shown);
        cr_assert_not(end.is_failed);
        cr_assert_not(end.is_repeat);
        cr_assert(nack(&key, FAM__V1__NACK_REASON__NACK_REASON_UNAVAILABLE, 0, false).is_repeat);
        int64_t growing_ms = i < 12 ? INT64_C(1000) << (i - 1) : most_ms;
        expect_wait(growing_ms < most_ms ? growing_ms : most_ms);
        sql("UPDATE notifications SET not_before = now()", NULL);
    }
}

Test(notifications, unavailable_waits_longer_each_time_up_to_a_minute_and_never_gives_up_before_it_expires)
{
    add_checkin(f.store, &anna, "first", 0, 0);
    be_away(40, false, FAM_NOTIFICATION_AGAIN_MS);
    sql("UPDATE notifications SET expires_at = now()", NULL);
    cr_assert_eq(sweep_notifications(f.store).expired[1], 1);
    sql("SELECT state || ' ' || reason FROM notifications", "expired UNAVAILABLE");
}

Test(notifications, what_may_have_been_shown_each_time_is_tried_less_often)
{
    add_checkin(f.store, &anna, "first", 0, 0);
    be_away(20, true, FAM_NOTIFICATION_MAYBE_AGAIN_MS);
    fam_auto(batch_done) struct batch batch = lease(8, 8);
    struct fam_lease_key key = key_of(&batch, 0);
    (void)ack(&key);
    sql("SELECT state FROM notifications", "delivered");
}

Test(notifications, what_telegram_refuses_fails_with_the_reason)
{
    add_checkin(f.store, &anna, "first", 0, 0);
    fam_auto(batch_done) struct batch batch = lease(8, 8);
    struct fam_lease_key key = key_of(&batch, 0);
    cr_assert(nack(&key, FAM__V1__NACK_REASON__NACK_REASON_REJECTED, 0, false).is_failed);
    sql("SELECT state || ' ' || reason FROM notifications", "failed REJECTED");
    expect_count(8, 8, 0);
}

Test(notifications, what_is_too_old_expires_unsent)
{
    add_checkin(f.store, &anna, "first", 0, 1);
    add_checkin(f.store, &boris, "second", 0, 0);
    sql("SELECT pg_sleep(0.01)", NULL);
    struct fam_notification_swept swept = sweep_notifications(f.store);
    cr_assert_eq(swept.expired[1], 1);
    cr_assert_eq(swept.expired[0] + swept.expired[2], 0);
    cr_assert_eq(swept.expired_checkins, 1);
    fam_auto(batch_done) struct batch batch = lease(8, 8);
    cr_assert_eq(batch.count, 1);
    cr_assert(fam_uuid_equal(&batch.list[0].user_id, &boris));
    sql("SELECT count(*) FROM notifications WHERE state = 'expired' AND finished_at IS NOT NULL", "1");
}

Test(notifications, what_expires_for_somebody_who_blocked_the_bot_is_no_failure_of_ours)
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    add_checkin(f.store, &anna, "first", 0, 1);
    cr_assert_eq(fam_user_set_reachable(f.store, NULL, &anna, false, &outcome, &status), FAM_OK, "%s", status.message);
    sql("SELECT pg_sleep(0.01)", NULL);
    cr_assert_eq(sweep_notifications(f.store).expired[1], 0);
    sql("SELECT count(*) FROM notifications WHERE state = 'expired'", "1");
}

Test(notifications, what_is_due_later_waits_and_its_time_is_known)
{
    uint32_t ms = 0;
    struct fam_status status = {0};
    struct fam_db *db = NULL;
    add_checkin(f.store, &anna, "first", 60000, 0);
    expect_count(8, 8, 0);
    cr_assert_eq(fam_store_get(f.store, &db, &status), FAM_OK);
    cr_assert_eq(fam_notification_next(db, 2000, &ms, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(ms, 2000);
    cr_assert_eq(fam_notification_next(db, 3600000, &ms, &status), FAM_OK);
    cr_assert(ms > 1000 && ms <= 60000, "%u", ms);
    fam_store_put(f.store, db);
}

Test(notifications, a_key_that_must_be_unique_gives_one_for_ever)
{
    struct fam_notification_new notification = {.user_id = &anna,
                                                .lane = FAM__V1__LANE__LANE_REPORTS,
                                                .kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT,
                                                .unique_key = "week:2026-48"};
    cr_assert(add_notification(f.store, &notification));
    cr_assert_not(add_notification(f.store, &notification));
    fam_auto(batch_done) struct batch batch = lease(8, 8);
    struct fam_lease_key key = key_of(&batch, 0);
    (void)ack(&key);
    cr_assert_not(add_notification(f.store, &notification));
    sql("SELECT count(*) FROM notifications", "1");
}

Test(notifications, a_better_reading_waits_for_the_direct_answer_or_ten_seconds)
{
    struct fam_uuid first = make_entry(f.store, &anna, NULL, "Нет!"), second = make_entry(f.store, &boris, NULL, "Да");
    add_better(f.store, &anna, &first, 1);
    add_better(f.store, &boris, &second, 1);
    expect_count(8, 8, 0);
    deliver_entry(f.store, &anna, &first, 5, 1);
    expect_count(8, 8, 1);
    sql("UPDATE notifications SET created_at = created_at - INTERVAL '10 seconds'", NULL);
    expect_count(8, 8, 1);
    sql("SELECT count(*) FROM notifications WHERE leased", "2");
}

Test(notifications, an_acknowledged_better_reading_leaves_its_delivery_with_it)
{
    struct fam_uuid entry_id = make_entry(f.store, &anna, NULL, "Нет!");
    Fam__V1__Reading reading;
    struct fam_entry entry;
    struct fam_status status = {0};
    deliver_entry(f.store, &anna, &entry_id, 5, 1);
    fill_reading(&reading);
    add_reading(f.store, &anna, &entry_id, 2, &reading);
    add_better(f.store, &anna, &entry_id, 2);
    fam_auto(batch_done) struct batch batch = lease(8, 8);
    struct fam_lease_key key = key_of(&batch, 0);
    cr_assert(ack(&key).waited_ms >= 0);
    (void)ack(&key);
    cr_assert_eq(fam_entry_get(f.store, &anna, &entry_id, &entry, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(entry.delivered_version, 2);
    cr_assert_eq(entry.message_id, 500);
    cr_assert_eq(entry.chat_id, 77);
    cr_assert_eq(entry.shown_count, entry.safety_count);
    cr_assert_lt(entry.delivery_age_ms, 60000);
    fam_entry_done(&entry);
    sql("SELECT (SELECT count(*) FROM deliveries) || ' ' || state || ' ' || (message IS NOT NULL) FROM notifications",
        "2 delivered true");
    sql("SELECT count(*) FROM notifications WHERE octet_length(message) = 16", "0");
}

Test(notifications, dangers_that_came_with_a_newer_reading_are_not_taken_for_shown)
{
    const Fam__V1__SafetyKind kinds[] = {FAM__V1__SAFETY_KIND__SAFETY_KIND_BULLYING};
    struct fam_uuid entry_id = make_entry(f.store, &anna, NULL, "Нет!");
    Fam__V1__Reading reading;
    struct fam_entry entry;
    struct fam_status status = {0};
    fill_reading(&reading);
    set_dangers(f.store, &anna, &entry_id, kinds, 1);
    add_reading(f.store, &anna, &entry_id, 2, &reading);
    for (int32_t version = 1; version <= 2; version++) {
        deliver_entry(f.store, &anna, &entry_id, 5, version);
        cr_assert_eq(fam_entry_get(f.store, &anna, &entry_id, &entry, &status), FAM_OK, "%s", status.message);
        cr_assert_eq(entry.shown_count, version == 2 ? 1 : 0);
        fam_entry_done(&entry);
    }
}

Test(notifications, a_newer_reading_takes_the_place_of_older_notifications)
{
    struct fam_uuid entry_id = make_entry(f.store, &anna, NULL, "Нет!");
    Fam__V1__Reading reading;
    struct fam_status status = {0};
    deliver_entry(f.store, &anna, &entry_id, 5, 1);
    fill_reading(&reading);
    for (int32_t version = 2; version <= 3; version++) {
        add_reading(f.store, &anna, &entry_id, version, &reading);
        add_better(f.store, &anna, &entry_id, version);
    }
    fam_auto(batch_done) struct batch batch = lease(8, 8);
    cr_assert_eq(batch.list[0].reading_version, 2);
    struct fam_lease_key key = key_of(&batch, 0), foreign = {key.notification_id, fam_uuid_v7()};
    cr_assert_eq(fam_notification_shows(f.store, &foreign, 3, &status), FAM_ABORTED);
    cr_assert_eq(fam_notification_shows(f.store, &key, 3, &status), FAM_OK, "%s", status.message);
    sql("SELECT string_agg(state || reading_version || reason, ' ' ORDER BY notification_id) FROM notifications",
        "queued3 failed3SUPERSEDED");
    (void)ack(&key);
    sql("SELECT max(reading_version) FROM deliveries", "3");
}

Test(notifications, the_end_of_an_entry_or_of_a_key_is_told_with_the_row)
{
    struct fam_uuid entry_id = make_entry(f.store, &anna, NULL, "Нет!");
    deliver_entry(f.store, &anna, &entry_id, 5, 1);
    add_better(f.store, &anna, &entry_id, 1);
    add_checkin(f.store, &boris, "first", 0, 0);
    sql("DELETE FROM emotion_entries", NULL);
    sql("SELECT count(*) FROM notifications", "1");
    /* A store of its own: this one remembers keys for a while. */
    struct fam_store *other = store_open(f.pg.conninfo, KEY_V1, 2);
    sql("DELETE FROM keys.user_keys", NULL);
    fam_auto(batch_done) struct batch batch = lease_batch(other, 8, 8);
    cr_assert_eq(batch.count, 1);
    cr_assert(batch.list[0].is_gone);
    struct fam_lease_key key = key_of(&batch, 0);
    struct fam_lease_end end;
    struct fam_status status = {0};
    cr_assert_eq(fam_notification_fail(other, &key, "KEY_GONE", &end, &status), FAM_OK, "%s", status.message);
    cr_assert(end.is_failed);
    sql("SELECT state || ' ' || reason FROM notifications", "failed KEY_GONE");
    fam_store_free(other);
}
