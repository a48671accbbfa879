/* Asking later how it went: which question is written, when it comes, and what takes it back. */
#include <criterion/criterion.h>

#include "store/family_store.h"
#include "store/follow_up_store.h"
#include "support/notify_node.h"

static struct store_fixture f;
static struct notify_node node;
static struct fam_uuid anna;

static void start(void)
{
    store_fixture_start(&f);
    anna = make_person(f.store, 1);
    node_start(&node, f.pg.conninfo, 200);
}

static void stop(void)
{
    node_stop(&node);
    store_fixture_stop(&f);
}

TestSuite(follow_up, .init = start, .fini = stop, .timeout = 120);

static void sql(const char *text, const char *expected)
{
    expect_sql(f.pg.conninfo, text, expected);
}

#define QUESTIONS "SELECT count(*) FROM notifications WHERE kind = 'follow_up' AND state = 'queued'"

static struct fam_uuid plain_entry(const struct fam_uuid *user_id)
{
    struct fam_uuid entry_id = make_entry(f.store, user_id, NULL, "Нет!");
    set_dangers(f.store, user_id, &entry_id, NULL, 0);
    return entry_id;
}

static void answered(const struct fam_uuid *user_id, const struct fam_uuid *entry_id)
{
    const struct fam_delivery delivery = {.chat_id = 77, .message_id = 5, .reading_version = 1, .is_answer = true};
    struct fam_outcome outcome;
    struct fam_status status = {0};
    cr_assert_eq(fam_entry_deliver(f.store, NULL, user_id, entry_id, &delivery, &outcome, &status), FAM_OK, "%s",
                 status.message);
}

/* An answer of a moment ago, with its question. */
static struct fam_uuid asked_about(void)
{
    struct fam_uuid entry_id = plain_entry(&anna);
    answered(&anna, &entry_id);
    sql(QUESTIONS, "1");
    return entry_id;
}

static void rate(const struct fam_uuid *entry_id)
{
    const struct fam_rating rating = {.helped = FAM__V1__HELPED__HELPED_YES, .comment = ""};
    struct fam_outcome outcome;
    struct fam_status status = {0};
    cr_assert_eq(fam_entry_rate(f.store, NULL, &anna, entry_id, &rating, &outcome, &status), FAM_OK, "%s",
                 status.message);
}

static void turn_off(void)
{
    const struct fam_user_change change = {.no_follow_up = FAM__V1__SWITCH__SWITCH_ON};
    struct fam_outcome outcome;
    struct fam_status status = {0};
    cr_assert_eq(fam_user_update(f.store, NULL, &anna, &change, &outcome, &status), FAM_OK, "%s", status.message);
}

static enum fam_code agree(const struct fam_uuid *entry_id, struct fam_status *status)
{
    struct fam_outcome outcome;
    return fam_follow_up_agree(f.store, NULL, &anna, entry_id, &outcome, status);
}

static void agreed(const struct fam_uuid *entry_id)
{
    struct fam_status status = {0};
    cr_assert_eq(agree(entry_id, &status), FAM_OK, "%s", status.message);
}

static void time_passes(void)
{
    sql("UPDATE notifications SET not_before = now() - INTERVAL '1 second', created_at = created_at - INTERVAL '1 day' "
        "WHERE state = 'queued'",
        NULL);
}

/* What a bot is given; the caller frees the lease's call. */
static const Fam__V1__FollowUp *question_now(struct node_lease *lease, const Fam__V1__Notification **ret_notification)
{
    const Fam__V1__LeaseResponse *response = lease_now(&node, lease);
    cr_assert_eq(response->n_notifications, 1, "%zu", response->n_notifications);
    cr_assert_eq(response->notifications[0]->kind, FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_FOLLOW_UP);
    cr_assert_not_null(response->notifications[0]->follow_up);
    *ret_notification = response->notifications[0];
    return response->notifications[0]->follow_up;
}

Test(follow_up, four_hours_after_an_answer_its_author_is_asked_once_how_it_went)
{
    struct node_lease lease;
    const Fam__V1__Notification *notification = NULL;
    char text[FAM_UUID_TEXT_SIZE];
    struct fam_uuid entry_id = asked_about();
    sql("SELECT bool_and(not_before - created_at BETWEEN INTERVAL '239 minutes' AND INTERVAL '241 minutes') "
        "FROM notifications",
        "t");
    expect_leased(&node, 0);
    time_passes();
    const Fam__V1__FollowUp *question = question_now(&lease, &notification);
    fam_uuid_format(&entry_id, text);
    cr_assert_str_eq(question->entry_id, text);
    cr_assert_not(question->after_danger);
    cr_assert_eq(notification->lane, FAM__V1__LANE__LANE_CHECKINS);
    node_ack(&node, notification);
    fam_rpc_done(&lease.rpc);
    sql("SELECT state FROM notifications", "delivered");
    sql("SELECT count(*) FROM deliveries", "1"); /* the question is not the answer's message */
    expect_leased(&node, 0);
}

Test(follow_up, a_question_comes_by_day_by_the_clock_of_the_family)
{
    static const char *const zones[2] = {"Asia/Tokyo", "America/Sao_Paulo"}; /* twelve hours apart, all the year */
    for (int i = 0; i < 2; i++) {
        struct fam_uuid person = make_person(f.store, 10 + i);
        struct fam_family_new family = {.name = "", .country = "RU", .time_zone = zones[i]};
        struct fam_outcome outcome;
        struct fam_status status = {0};
        cr_assert_eq(fam_family_create(f.store, NULL, &person, &family, &outcome, &status), FAM_OK, "%s",
                     status.message);
        struct fam_uuid entry_id = plain_entry(&person);
        answered(&person, &entry_id);
    }
    sql("SELECT bool_and(extract(hour FROM n.not_before AT TIME ZONE f.time_zone) BETWEEN 9 AND 20) AND "
        "bool_and(n.not_before - n.created_at BETWEEN INTERVAL '4 hours' AND INTERVAL '18 hours') AND count(*) = 2 "
        "FROM notifications n JOIN parents p USING (user_id) JOIN families f USING (family_id)",
        "t");
    sql("SELECT count(*) FROM notifications WHERE not_before - created_at > INTERVAL '245 minutes'", "1");
}

Test(follow_up, there_is_one_question_a_day_for_a_person)
{
    struct fam_uuid first = asked_about(), boris = make_person(f.store, 2);
    (void)asked_about(); /* still the one of before */
    struct fam_uuid theirs = plain_entry(&boris);
    answered(&boris, &theirs);
    sql(QUESTIONS, "2");
    answered(&anna, &first);
    sql(QUESTIONS, "2");
    sql("UPDATE notifications SET created_at = created_at - INTERVAL '25 hours', unique_key = unique_key || 'y'", NULL);
    struct fam_uuid next = plain_entry(&anna);
    answered(&anna, &next);
    sql(QUESTIONS, "3");
}

Test(follow_up, nobody_is_asked_without_consent_to_messages_with_the_switch_off_or_after_a_danger)
{
    struct fam_uuid dangerous = make_entry(f.store, &anna, NULL, "не хочу жить"), rated = plain_entry(&anna);
    answered(&anna, &dangerous);
    rate(&rated);
    answered(&anna, &rated);
    struct fam_uuid newcomer = make_user(f.store, 3);
    struct fam_uuid theirs = plain_entry(&newcomer);
    answered(&newcomer, &theirs);
    turn_off();
    struct fam_uuid entry_id = plain_entry(&anna);
    answered(&anna, &entry_id);
    sql(QUESTIONS, "0");
}

Test(follow_up, what_a_better_reading_shows_brings_no_question_and_takes_none_away)
{
    Fam__V1__Reading reading;
    Fam__V1__EmotionScore primary = FAM__V1__EMOTION_SCORE__INIT;
    struct node_lease lease;
    struct fam_uuid entry_id = asked_about();
    primary.emotion = FAM__V1__EMOTION__EMOTION_SADNESS;
    primary.intensity = 3;
    fill_reading(&reading);
    reading.version = 2;
    reading.primary = &primary;
    add_reading(f.store, &anna, &entry_id, 2, &reading);
    add_better(f.store, &anna, &entry_id, 2);
    const Fam__V1__LeaseResponse *response = lease_now(&node, &lease);
    cr_assert_eq(response->n_notifications, 1);
    cr_assert_eq(response->notifications[0]->kind, FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_BETTER_READING);
    node_ack(&node, response->notifications[0]);
    fam_rpc_done(&lease.rpc);
    sql(QUESTIONS, "1");
    sql("SELECT count(*) FROM deliveries", "2");
}

Test(follow_up, a_rating_the_switch_a_withdrawal_and_a_deletion_take_the_question_back)
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    struct fam_uuid entry_id = asked_about();
    rate(&entry_id);
    sql(QUESTIONS, "0");
    (void)asked_about();
    give_consent(f.store, &anna, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, false);
    sql(QUESTIONS, "1");
    give_consent(f.store, &anna, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS, false);
    sql(QUESTIONS, "0");
    give_consent(f.store, &anna, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS, true);
    entry_id = asked_about();
    cr_assert_eq(fam_entry_delete(f.store, NULL, &anna, &entry_id, &outcome, &status), FAM_OK, "%s", status.message);
    sql(QUESTIONS, "0");
    (void)asked_about();
    turn_off();
    sql(QUESTIONS, "0");
}

Test(follow_up, what_changed_while_nobody_looked_is_seen_when_the_question_is_due)
{
    const Fam__V1__SafetyKind danger[] = {FAM__V1__SAFETY_KIND__SAFETY_KIND_BULLYING};
    struct fam_uuid entry_id = asked_about();
    set_dangers(f.store, &anna, &entry_id, danger, 1);
    time_passes();
    expect_leased(&node, 0);
    sql("SELECT state || ' ' || reason FROM notifications", "failed DANGER");
    sql("DELETE FROM notifications", NULL);
    (void)asked_about();
    sql("UPDATE users SET follow_up = false", NULL);
    time_passes();
    expect_leased(&node, 0);
    sql("SELECT state || ' ' || reason FROM notifications", "failed SWITCHED_OFF");
    sql("DELETE FROM notifications; UPDATE users SET follow_up = true", NULL);
    struct fam_uuid rated = asked_about();
    sql("CREATE TABLE kept AS SELECT * FROM notifications", NULL);
    rate(&rated); /* as if it had been rated while a bot had the question in hand */
    sql("INSERT INTO notifications SELECT * FROM kept", NULL);
    time_passes();
    expect_leased(&node, 0);
    sql("SELECT state || ' ' || reason FROM notifications", "failed RATED");
}

Test(follow_up, after_a_danger_the_author_is_asked_a_day_later_when_they_agreed_and_once)
{
    struct node_lease lease;
    const Fam__V1__Notification *notification = NULL;
    struct fam_uuid entry_id = make_entry(f.store, &anna, NULL, "не хочу жить");
    agreed(&entry_id);
    agreed(&entry_id);
    sql("SELECT count(*)::text || ' ' || bool_and(not_before - created_at BETWEEN INTERVAL '1439 minutes' AND "
        "INTERVAL '1441 minutes')::text FROM notifications",
        "1 true");
    time_passes();
    const Fam__V1__FollowUp *question = question_now(&lease, &notification);
    cr_assert(question->after_danger);
    node_ack(&node, notification);
    fam_rpc_done(&lease.rpc);
    sql("SELECT count(*) FROM deliveries", "0");
    struct fam_status status = {0};
    cr_assert_eq(agree(&entry_id, &status), FAM_FAILED_PRECONDITION);
    cr_assert_str_eq(status.reason, "ASKED_ALREADY");
    expect_leased(&node, 0);
    sql("SELECT count(*) FROM notifications", "1"); /* no third message */
}

Test(follow_up, an_agreement_needs_no_other_consent_and_ends_with_a_later_withdrawal_or_the_switch)
{
    struct fam_uuid entry_id = make_entry(f.store, &anna, NULL, "не хочу жить");
    struct node_lease lease;
    const Fam__V1__Notification *notification = NULL;
    turn_off();
    give_consent(f.store, &anna, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS, false);
    agreed(&entry_id);
    give_consent(f.store, &anna, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS, false);
    sql(QUESTIONS, "0");
    agreed(&entry_id);
    turn_off();
    sql(QUESTIONS, "0");
    agreed(&entry_id);
    rate(&entry_id);
    sql(QUESTIONS, "0");
    agreed(&entry_id);
    time_passes();
    cr_assert(question_now(&lease, &notification)->after_danger);
    node_ack(&node, notification);
    fam_rpc_done(&lease.rpc);
}

Test(follow_up, only_a_young_entry_of_ones_own_with_a_danger_can_be_agreed_to)
{
    struct fam_status status = {0};
    struct fam_uuid boris = make_person(f.store, 2), plain = plain_entry(&anna), missing = fam_uuid_v7();
    struct fam_uuid theirs = make_entry(f.store, &boris, NULL, "x"), old = make_entry(f.store, &anna, NULL, "x");
    cr_assert_eq(agree(&theirs, &status), FAM_NOT_FOUND);
    cr_assert_eq(agree(&missing, &status), FAM_NOT_FOUND);
    cr_assert_eq(agree(&plain, &status), FAM_FAILED_PRECONDITION);
    cr_assert_str_eq(status.reason, "NO_DANGER");
    sql("UPDATE emotion_entries SET created_at = now() - INTERVAL '73 hours'", NULL);
    cr_assert_eq(agree(&old, &status), FAM_FAILED_PRECONDITION);
    cr_assert_str_eq(status.reason, "TOO_LATE");
    sql("SELECT count(*) FROM notifications", "0");
}
