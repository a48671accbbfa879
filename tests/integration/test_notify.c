/* NotificationService, SetReachability and AcquireLead through the real server: what a notification tells, and what
 * becomes of it. */
#include <criterion/criterion.h>
#include <time.h>

#include "store/audit_store.h"
#include "support/notify_node.h"

static struct store_fixture f;
static struct notify_node node;
static struct fam_uuid anna, boris;

static void start(void)
{
    store_fixture_start(&f);
    anna = make_person(f.store, 1);
    boris = make_person(f.store, 2);
    node_start(&node, f.pg.conninfo, 200);
}

static void stop(void)
{
    node_stop(&node);
    store_fixture_stop(&f);
}

TestSuite(notify, .init = start, .fini = stop, .timeout = 120);

static void sql(const char *text, const char *expected)
{
    expect_sql(f.pg.conninfo, text, expected);
}

static double counted(const char *lane, const char *result)
{
    return fam_metrics_value(node.metrics, FAM_M_NOTIFICATIONS, FAM_LABELS(lane, result));
}

static double lost(const char *reason)
{
    return fam_metrics_value(node.metrics, FAM_M_CHECKINS_LOST, FAM_LABELS(reason));
}

/* A reading by Claude with this first feeling and need, and three things to say of kinds 1 to 3. */
struct made {
    Fam__V1__Reading reading;
    Fam__V1__EmotionScore primary;
    Fam__V1__Need needs[1];
    Fam__V1__SuggestedResponse responses[3];
    Fam__V1__SuggestedResponse *list[3];
};

static void make_reading(struct made *made, Fam__V1__Emotion emotion, Fam__V1__Need need)
{
    fam__v1__reading__init(&made->reading);
    fam__v1__emotion_score__init(&made->primary);
    made->primary.emotion = emotion;
    made->primary.intensity = 3;
    made->needs[0] = need;
    made->reading.engine = FAM__V1__ENGINE__ENGINE_CLAUDE;
    made->reading.language = FAM__V1__LANGUAGE__LANGUAGE_RU;
    made->reading.primary = &made->primary;
    made->reading.n_needs = 1;
    made->reading.needs = made->needs;
    made->reading.going_on = (char *)(uintptr_t) "Ему обидно.";
    made->reading.n_responses = 3;
    made->reading.responses = made->list;
    for (size_t i = 0; i < 3; i++) {
        fam__v1__suggested_response__init(&made->responses[i]);
        made->responses[i].kind = (Fam__V1__ResponseKind)(i + 1);
        made->list[i] = &made->responses[i];
    }
}

/* An entry without dangers whose reading 1 was shown in message 5, and a reading 2, whose notification is due. */
static struct fam_uuid better_entry(const struct made *first, const struct made *second)
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    struct fam_uuid entry_id = {{0}};
    const struct fam_entry_new entry = {
        .user_id = &anna, .phrase = "Нет!", .language = FAM__V1__LANGUAGE__LANGUAGE_RU, .reading = &first->reading};
    cr_assert_eq(fam_entry_add(f.store, NULL, &entry, 0, &outcome, &status), FAM_OK, "%s", status.message);
    cr_assert(fam_ids_uuid(outcome.ids, outcome.ids_size, 0, &entry_id));
    deliver_entry(f.store, &anna, &entry_id, 5, 1);
    add_reading(f.store, &anna, &entry_id, 2, &second->reading);
    add_better(f.store, &anna, &entry_id, 2);
    return entry_id;
}

static const Fam__V1__Notification *the_one(struct node_lease *lease)
{
    const Fam__V1__LeaseResponse *response = lease_now(&node, lease);
    cr_assert_eq(response->n_notifications, 1, "%zu", response->n_notifications);
    return response->notifications[0];
}

Test(notify, a_better_reading_replaces_a_young_answer_in_place)
{
    struct made first, second;
    struct node_lease lease;
    make_reading(&first, FAM__V1__EMOTION__EMOTION_ANGER, (Fam__V1__Need)1);
    make_reading(&second, FAM__V1__EMOTION__EMOTION_ANGER, (Fam__V1__Need)1);
    second.reading.going_on = (char *)(uintptr_t) "Он злится на себя.";
    struct fam_uuid entry_id = better_entry(&first, &second);
    const Fam__V1__Notification *notification = the_one(&lease);
    char text[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&entry_id, text);
    cr_assert_eq(notification->kind, FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_BETTER_READING);
    cr_assert_eq(notification->lane, FAM__V1__LANE__LANE_ANSWERS);
    cr_assert_eq(notification->chat_id, 1);
    cr_assert_eq(notification->language, FAM__V1__LANGUAGE__LANGUAGE_RU);
    cr_assert_eq(notification->attempt, 1);
    cr_assert_not(notification->maybe_shown);
    cr_assert_eq(notification->lease_ms, 60000);
    const Fam__V1__BetterReading *better = notification->better_reading;
    cr_assert_str_eq(better->entry->entry_id, text);
    cr_assert_str_eq(better->entry->phrase, "Нет!");
    cr_assert_eq(better->entry->reading->version, 2);
    cr_assert_str_eq(better->entry->reading->going_on, "Он злится на себя.");
    cr_assert_null(better->entry->safety);
    cr_assert(better->replace != NULL && better->replace->message_id == 5 && better->replace->chat_id == 77);
    cr_assert(!better->advice_changed && !better->new_danger);
    node_ack(&node, notification);
    fam_rpc_done(&lease.rpc);
    sql("SELECT max(reading_version) FROM deliveries", "2");
    cr_assert_eq(counted("answers", "delivered"), 1);
    cr_assert_eq(fam_metrics_value(node.metrics, FAM_M_NOTIFICATION_SECONDS, NULL), 1);
}

Test(notify, other_advice_comes_as_a_new_message)
{
    struct made first, second;
    struct node_lease lease;
    make_reading(&first, FAM__V1__EMOTION__EMOTION_ANGER, (Fam__V1__Need)1);
    make_reading(&second, FAM__V1__EMOTION__EMOTION_FEAR, (Fam__V1__Need)1);
    (void)better_entry(&first, &second);
    const Fam__V1__BetterReading *better = the_one(&lease)->better_reading;
    cr_assert(better->advice_changed && better->replace == NULL);
    fam_rpc_done(&lease.rpc);
}

Test(notify, an_answer_older_than_ten_minutes_is_left_alone)
{
    struct made first;
    struct node_lease lease;
    make_reading(&first, FAM__V1__EMOTION__EMOTION_ANGER, (Fam__V1__Need)1);
    sql("CREATE FUNCTION age() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.created_at = now() - INTERVAL "
        "'601 seconds'; RETURN NEW; END $$; CREATE TRIGGER age BEFORE INSERT ON deliveries FOR EACH ROW EXECUTE "
        "FUNCTION age()",
        NULL);
    (void)better_entry(&first, &first);
    const Fam__V1__BetterReading *better = the_one(&lease)->better_reading;
    cr_assert(!better->advice_changed && better->replace == NULL);
    fam_rpc_done(&lease.rpc);
}

Test(notify, a_danger_that_nobody_was_shown_comes_as_a_new_message_with_help)
{
    struct made first;
    struct node_lease lease;
    const Fam__V1__SafetyKind kinds[] = {FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE};
    make_reading(&first, FAM__V1__EMOTION__EMOTION_ANGER, (Fam__V1__Need)1);
    struct fam_uuid entry_id = better_entry(&first, &first);
    set_dangers(f.store, &anna, &entry_id, kinds, 1);
    const Fam__V1__Notification *notification = the_one(&lease);
    const Fam__V1__BetterReading *better = notification->better_reading;
    cr_assert(better->new_danger && !better->advice_changed && better->replace == NULL);
    cr_assert(better->entry->safety != NULL && better->entry->safety->n_lines > 0);
    node_ack(&node, notification);
    fam_rpc_done(&lease.rpc);
    add_reading(f.store, &anna, &entry_id, 3, &first.reading);
    add_better(f.store, &anna, &entry_id, 3);
    better = the_one(&lease)->better_reading;
    cr_assert(!better->new_danger && better->replace != NULL, "this danger was shown");
    cr_assert_not_null(better->entry->safety);
    fam_rpc_done(&lease.rpc);
}

Test(notify, the_newest_reading_is_shown_once)
{
    struct made first;
    struct node_lease lease;
    make_reading(&first, FAM__V1__EMOTION__EMOTION_ANGER, (Fam__V1__Need)1);
    struct fam_uuid entry_id = better_entry(&first, &first);
    add_reading(f.store, &anna, &entry_id, 3, &first.reading);
    add_better(f.store, &anna, &entry_id, 3);
    const Fam__V1__Notification *notification = the_one(&lease);
    cr_assert_eq(notification->better_reading->entry->reading->version, 3);
    node_ack(&node, notification);
    fam_rpc_done(&lease.rpc);
    expect_leased(&node, 0);
    sql("SELECT string_agg(state || ' ' || reason, ', ' ORDER BY notification_id) FROM notifications",
        "delivered , failed SUPERSEDED");
    add_better(f.store, &anna, &entry_id, 3);
    expect_leased(&node, 0);
    sql("SELECT reason FROM notifications ORDER BY notification_id DESC LIMIT 1", "SHOWN_ALREADY");
    cr_assert_eq(counted("answers", "failed"), 1);
}

Test(notify, what_nobody_may_be_told_any_more_is_finished_and_what_is_behind_it_comes)
{
    struct node_lease lease;
    add_checkin(f.store, &anna, "evening", 0, 0);
    add_report(f.store, &boris, 4);
    give_consent(f.store, &anna, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS, false);
    const Fam__V1__Notification *notification = the_one(&lease);
    cr_assert_eq(notification->kind, FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT);
    cr_assert_eq(notification->week->entries, 4);
    fam_rpc_done(&lease.rpc);
    sql("SELECT state || ' ' || reason FROM notifications WHERE lane = 2", "failed CONSENT_WITHDRAWN");
    cr_assert_eq(counted("checkins", "failed"), 1);
}

Test(notify, a_better_reading_needs_the_consent_to_processing_alone)
{
    struct made first;
    struct node_lease lease;
    make_reading(&first, FAM__V1__EMOTION__EMOTION_ANGER, (Fam__V1__Need)1);
    (void)better_entry(&first, &first);
    give_consent(f.store, &anna, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS, false);
    const Fam__V1__Notification *notification = the_one(&lease);
    node_nack(&node, notification, FAM__V1__NACK_REASON__NACK_REASON_LATER);
    fam_rpc_done(&lease.rpc);
    give_consent(f.store, &anna, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, false);
    expect_leased(&node, 0);
    sql("SELECT state || ' ' || reason FROM notifications", "failed CONSENT_WITHDRAWN");
}

Test(notify, who_withdrew_everything_is_still_told_that_an_operator_looked)
{
    const struct fam_audit look = {.principal = "admin:olga",
                                   .method = "fam.v1.CheckinService/ListCheckins",
                                   .user_id = &anna,
                                   .reason = "support case 4711",
                                   .request_id = "1"};
    struct node_lease lease;
    struct fam_status failure;
    bool told = false;
    give_consent(f.store, &anna, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS, false);
    give_consent(f.store, &anna, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, false);
    cr_assert_eq(fam_audit_look(f.store, &look, &told, &failure), FAM_OK, "%s", failure.message);
    cr_assert(told);
    const Fam__V1__Notification *notification = the_one(&lease);
    cr_assert_eq(notification->kind, FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_NOTICE);
    cr_assert_gt(notification->notice->at_ms, 0);
    fam_rpc_done(&lease.rpc);
}

Test(notify, an_entry_whose_key_is_gone_is_not_shown)
{
    struct made first;
    make_reading(&first, FAM__V1__EMOTION__EMOTION_ANGER, (Fam__V1__Need)1);
    (void)better_entry(&first, &first);
    sql("DELETE FROM keys.entry_keys", NULL);
    expect_leased(&node, 0);
    sql("SELECT state || ' ' || reason FROM notifications", "failed ENTRY_GONE");
}

Test(notify, a_lease_that_ended_comes_again_as_maybe_shown_and_is_counted)
{
    struct node_lease lease;
    add_checkin(f.store, &anna, "evening", 0, 0);
    expect_leased(&node, 1);
    cr_assert_eq(fam_metrics_value(node.metrics, FAM_M_NOTIFICATIONS_TWICE, NULL), 0);
    sql("UPDATE notifications SET leased_until = now() - INTERVAL '1 second'", NULL);
    lease_begin(&node, &lease, 50000, 8);
    const Fam__V1__LeaseResponse *response = lease_end(&lease);
    cr_assert_eq(response->n_notifications, 1);
    cr_assert_eq(response->notifications[0]->attempt, 2);
    cr_assert(response->notifications[0]->maybe_shown);
    fam_rpc_done(&lease.rpc);
    cr_assert_eq(fam_metrics_value(node.metrics, FAM_M_NOTIFICATIONS_TWICE, NULL), 1);
}

Test(notify, who_comes_back_gets_what_was_held)
{
    struct node_lease lease;
    struct fam_rpc rpc;
    struct fam_status status = {0};
    add_checkin(f.store, &anna, "evening", 0, 0);
    const Fam__V1__Notification *notification = the_one(&lease);
    node_nack(&node, notification, FAM__V1__NACK_REASON__NACK_REASON_BLOCKED);
    fam_rpc_done(&lease.rpc);
    cr_assert_eq(counted("checkins", "blocked"), 1);
    expect_leased(&node, 0);
    lease_begin(&node, &lease, 50000, 8);
    NODE_WAIT(fam_leases_waiting(node.leases) == 1);
    Fam__V1__RegisterUserRequest request = FAM__V1__REGISTER_USER_REQUEST__INIT;
    request.telegram_id = 1;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(node.bot, fam__v1__family_service, register_user, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    fam_rpc_done(&rpc);
    cr_assert_eq(lease_end(&lease)->n_notifications, 1);
    fam_rpc_done(&lease.rpc);
}

static bool set_reachable(const struct fam_uuid *user_id, bool reachable, const char *key)
{
    Fam__V1__SetReachabilityRequest request = FAM__V1__SET_REACHABILITY_REQUEST__INIT;
    struct fam_status status = {0};
    struct fam_rpc rpc;
    request.reachable = reachable;
    fam_rpc_init(&rpc, &(struct fam_rpc_options){.acting_user = user_id, .idempotency_key = key});
    cr_assert_eq(FAM_RPC(node.bot, fam__v1__family_service, set_reachability, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    bool changed = ((const Fam__V1__SetReachabilityResponse *)fam_rpc_response(&rpc))->changed;
    fam_rpc_done(&rpc);
    return changed;
}

Test(notify, reachability_changes_once_and_a_repeat_tells_the_same)
{
    cr_assert(set_reachable(&anna, false, "k1"));
    cr_assert(set_reachable(&anna, false, "k1"), "the same call again");
    cr_assert_not(set_reachable(&anna, false, "k2"));
    add_checkin(f.store, &anna, "evening", 0, 0);
    expect_leased(&node, 0);
    cr_assert(set_reachable(&anna, true, "k3"));
    expect_leased(&node, 1);
}

Test(notify, the_gauges_tell_what_is_due)
{
    add_checkin(f.store, &anna, "evening", 0, 0);
    sql("UPDATE notifications SET not_before = now() - INTERVAL '1 minute'", NULL);
    NODE_WAIT(fam_metrics_value(node.metrics, FAM_M_NOTIFICATIONS_DUE, FAM_LABELS("checkins")) > 0);
    NODE_WAIT(fam_metrics_value(node.metrics, FAM_M_NOTIFICATION_OLDEST, FAM_LABELS("checkins")) > 59);
    cr_assert_eq(fam_metrics_value(node.metrics, FAM_M_NOTIFICATIONS_DUE, FAM_LABELS("answers")), 0);
}

Test(notify, what_expires_is_counted)
{
    add_checkin(f.store, &anna, "evening", 0, 1);
    NODE_WAIT(counted("checkins", "expired") > 0);
    sql("SELECT state FROM notifications", "expired");
    NODE_WAIT(lost("expired") > 0);
}

Test(notify, a_reminder_and_a_later_question_that_nobody_was_shown_are_no_lost_check_ins)
{
    add_checkin(f.store, &anna, "evening", 0, 0);
    add_checkin(f.store, &boris, "evening", 0, 0);
    sql("UPDATE notifications SET expires_at = now(), kind = CASE WHEN user_id = (SELECT min(user_id::text)::uuid FROM "
        "users) "
        "THEN 'checkin_reminder' ELSE 'follow_up' END RETURNING 1",
        "1");
    NODE_WAIT(counted("checkins", "expired") == 2);
    cr_expect_eq(lost("expired"), 0);
}

Test(notify, a_check_in_that_telegram_refuses_is_lost)
{
    struct node_lease lease;
    add_checkin(f.store, &anna, "evening", 0, 0);
    sql("UPDATE notifications SET due_at = now() RETURNING 1", "1");
    const Fam__V1__Notification *notification = the_one(&lease);
    node_nack(&node, notification, FAM__V1__NACK_REASON__NACK_REASON_UNAVAILABLE);
    cr_expect_eq(lost("rejected"), 0);
    sql("UPDATE notifications SET not_before = now() RETURNING 1", "1");
    fam_rpc_done(&lease.rpc);
    notification = the_one(&lease);
    node_nack(&node, notification, FAM__V1__NACK_REASON__NACK_REASON_REJECTED);
    node_nack(&node, notification, FAM__V1__NACK_REASON__NACK_REASON_REJECTED);
    cr_expect_eq(lost("rejected"), 1);
    fam_rpc_done(&lease.rpc);
}

Test(notify, a_wrong_token_or_id_is_said_and_changes_nothing)
{
    struct node_lease lease;
    struct fam_rpc rpc;
    struct fam_status status = {0};
    Fam__V1__AckRequest request = FAM__V1__ACK_REQUEST__INIT;
    add_checkin(f.store, &anna, "evening", 0, 0);
    const Fam__V1__Notification *notification = the_one(&lease);
    request.notification_id = notification->notification_id;
    request.chat_id = request.message_id = 1;
    request.lease_token = (char *)(uintptr_t) "01935f6e-7c1a-7000-8000-00000000002a";
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(node.bot, fam__v1__notification_service, ack, &rpc, &request, &status), FAM_ABORTED);
    cr_assert_str_eq(status.reason, "LEASE_LOST");
    fam_rpc_done(&rpc);
    request.lease_token = (char *)(uintptr_t) "no-uuid-but-as-long-as-one-would-be.";
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(node.bot, fam__v1__notification_service, ack, &rpc, &request, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.field, "lease_token");
    fam_rpc_done(&rpc);
    fam_rpc_done(&lease.rpc);
    sql("SELECT state FROM notifications", "queued");
}

static int64_t resend(const struct node_lease *lease, bool dry_run, const char *key)
{
    Fam__V1__ResendRequest request = FAM__V1__RESEND_REQUEST__INIT;
    struct fam_status status = {0};
    struct fam_rpc rpc;
    (void)lease;
    request.dry_run = dry_run;
    fam_rpc_init(&rpc, &(struct fam_rpc_options){.idempotency_key = key});
    cr_assert_eq(FAM_RPC(node.admin, fam__v1__notification_service, resend, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    int64_t count = ((const Fam__V1__ResendResponse *)fam_rpc_response(&rpc))->resent;
    fam_rpc_done(&rpc);
    return count;
}

Test(notify, an_operator_sees_what_failed_and_sends_it_again)
{
    struct node_lease lease;
    struct fam_rpc rpc;
    struct fam_status status = {0};
    Fam__V1__ListNotificationsRequest request = FAM__V1__LIST_NOTIFICATIONS_REQUEST__INIT;
    add_checkin(f.store, &anna, "evening", 0, 0);
    add_checkin(f.store, &boris, "evening", 60000, 0);
    const Fam__V1__Notification *notification = the_one(&lease);
    node_nack(&node, notification, FAM__V1__NACK_REASON__NACK_REASON_REJECTED);
    request.page_size = 1;
    request.state = FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_FAILED;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(node.admin, fam__v1__notification_service, list_notifications, &rpc, &request, &status),
                 FAM_OK, "%s", status.message);
    const Fam__V1__ListNotificationsResponse *list = (const Fam__V1__ListNotificationsResponse *)fam_rpc_response(&rpc);
    cr_assert_eq(list->n_notifications, 1);
    cr_assert_str_eq(list->notifications[0]->notification_id, notification->notification_id);
    cr_assert_str_eq(list->notifications[0]->reason, "REJECTED");
    cr_assert_gt(list->notifications[0]->finished_at_ms, 0);
    cr_assert_str_eq(list->next_page_token, "");
    fam_rpc_done(&rpc);
    fam_rpc_done(&lease.rpc);
    request.state = FAM__V1__NOTIFICATION_STATE__NOTIFICATION_STATE_UNSPECIFIED;
    size_t seen = 0;
    char token[64] = "";
    do {
        request.page_token = token;
        fam_rpc_init(&rpc, NULL);
        cr_assert_eq(FAM_RPC(node.admin, fam__v1__notification_service, list_notifications, &rpc, &request, &status),
                     FAM_OK, "%s", status.message);
        list = (const Fam__V1__ListNotificationsResponse *)fam_rpc_response(&rpc);
        seen += list->n_notifications;
        snprintf(token, sizeof(token), "%s", list->next_page_token);
        fam_rpc_done(&rpc);
    } while (token[0] != '\0' && seen < 10);
    cr_assert_eq(seen, 2);
    cr_assert_eq(resend(&lease, true, "dry"), 1);
    expect_leased(&node, 0);
    cr_assert_eq(resend(&lease, false, "wet"), 1);
    cr_assert_eq(resend(&lease, false, "wet"), 1, "the same call again");
    expect_leased(&node, 1);
    cr_assert_eq(resend(&lease, true, "none"), 0);
}

static Fam__V1__AcquireLeadResponse lead(const char *holder, uint32_t ttl_ms, bool release, enum fam_code expected)
{
    Fam__V1__AcquireLeadRequest request = FAM__V1__ACQUIRE_LEAD_REQUEST__INIT;
    Fam__V1__AcquireLeadResponse copy = FAM__V1__ACQUIRE_LEAD_RESPONSE__INIT;
    struct fam_status status = {0};
    struct fam_rpc rpc;
    request.holder = (char *)(uintptr_t)holder;
    request.ttl_ms = ttl_ms;
    request.release = release;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(node.bot, fam__v1__session_service, acquire_lead, &rpc, &request, &status), expected, "%s",
                 status.message);
    if (expected == FAM_OK) {
        const Fam__V1__AcquireLeadResponse *response = (const Fam__V1__AcquireLeadResponse *)fam_rpc_response(&rpc);
        copy.granted = response->granted;
        copy.fence = response->fence;
        copy.expires_in_ms = response->expires_in_ms;
    }
    fam_rpc_done(&rpc);
    return copy;
}

Test(notify, the_lead_goes_from_one_process_of_a_bot_to_the_next)
{
    cr_assert(lead("bot-1", 30000, false, FAM_OK).granted);
    cr_assert(lead("bot-1", 30000, false, FAM_OK).granted);
    cr_assert_not(lead("bot-2", 30000, false, FAM_OK).granted);
    cr_assert_not(lead("bot-1", 0, true, FAM_OK).granted);
    Fam__V1__AcquireLeadResponse response = lead("bot-2", 30000, false, FAM_OK);
    cr_assert(response.granted && response.fence == 2 && response.expires_in_ms == 30000);
    cr_assert_eq(fam_metrics_value(node.metrics, FAM_M_LEAD_CHANGES, NULL), 2);
    (void)lead("bot-2", 0, false, FAM_INVALID_ARGUMENT);
    (void)lead("bot 2", 30000, false, FAM_INVALID_ARGUMENT);
    (void)lead("bot-2", 100, false, FAM_INVALID_ARGUMENT);
    sql("SELECT scope FROM leads", "bot:100");
}
