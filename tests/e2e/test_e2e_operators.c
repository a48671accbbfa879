/* What operators may know, and who is told that they looked. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fam/v1/notification.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "system.h"

static struct system s;

TestSuite(e2e_operators, .timeout = 240);

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

static enum fam_code look(struct fam_client *admin, const struct person *person, const char *reason)
{
    Fam__V1__GetFamilyRequest request = FAM__V1__GET_FAMILY_REQUEST__INIT;
    const struct fam_rpc_options options = {.acting_user = &person->user_id, .reason = reason};
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(admin, fam__v1__family_service, get_family, &rpc, &request, &status);
    fam_rpc_done(&rpc);
    return code;
}

static int64_t notices_of(const struct person *person)
{
    char sql[256], user[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&person->user_id, user);
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM notifications WHERE kind = 'notice' AND user_id = '%s'", user);
    return system_count(&s, sql);
}

Test(e2e_operators, whoever_is_looked_at_is_told_once_an_hour_for_each_operator)
{
    system_start(&s, NULL);
    struct person parent = system_family(&s, 7001, 7), other = system_family(&s, 7002, 7);
    struct fam_client *admin = system_client(&s, s.admin_token);
    cr_expect_eq(look(admin, &parent, NULL), FAM_PERMISSION_DENIED);
    cr_expect_eq(notices_of(&parent), 0);
    cr_assert_eq(look(admin, &parent, "they asked for help"), FAM_OK);
    cr_assert_eq(look(admin, &parent, "they asked for help again"), FAM_OK);
    /* The hour may have changed in between. */
    cr_expect_geq(notices_of(&parent), 1);
    cr_expect_leq(notices_of(&parent), 2);
    cr_expect_eq(notices_of(&other), 0);
    cr_expect_eq(system_count(&s, "SELECT count(*) FROM audit_log WHERE method LIKE '%/GetFamily'"), 2);
    fam_client_free(admin);
    system_stop(&s);
}

Test(e2e_operators, a_notice_is_leased_with_its_time_even_without_consent_to_messages)
{
    system_start(&s, NULL);
    struct person parent = system_family(&s, 7001, 7);
    struct fam_client *admin = system_client(&s, s.admin_token);
    cr_assert_eq(look(admin, &parent, "they asked for help"), FAM_OK);
    Fam__V1__LeaseRequest request = FAM__V1__LEASE_REQUEST__INIT;
    const struct fam_rpc_options options = {.timeout_ms = 30000};
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    request.holder = borrow("bot-1");
    request.max = 4;
    request.max_others = 4;
    request.wait_ms = 20000;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(s.client, fam__v1__notification_service, lease, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    const Fam__V1__LeaseResponse *leased = (const Fam__V1__LeaseResponse *)fam_rpc_response(&rpc);
    cr_assert_eq(leased->n_notifications, 1);
    cr_expect_eq(leased->notifications[0]->kind, FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_NOTICE);
    cr_assert_not_null(leased->notifications[0]->notice);
    cr_expect_gt(leased->notifications[0]->notice->at_ms, 0);
    cr_expect_eq(leased->notifications[0]->chat_id, 7001);
    fam_rpc_done(&rpc);
    fam_client_free(admin);
    system_stop(&s);
}

static void say(const struct person *person, const char *text, const char *key)
{
    Fam__V1__SubmitFeedbackRequest request = FAM__V1__SUBMIT_FEEDBACK_REQUEST__INIT;
    const struct fam_rpc_options options = {.acting_user = &person->user_id, .idempotency_key = key};
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    request.text = borrow(text);
    request.rating = 4;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(s.client, fam__v1__family_service, submit_feedback, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    fam_rpc_done(&rpc);
}

Test(e2e_operators, feedback_is_read_by_pages_with_a_reason_and_its_authors_are_told)
{
    system_start(&s, NULL);
    struct person first = system_family(&s, 7001, 7), second = system_family(&s, 7002, 7);
    struct fam_client *admin = system_client(&s, s.admin_token);
    say(&first, "Очень помогает", "f1");
    say(&second, "Слишком длинно", "f2");
    Fam__V1__ListFeedbackRequest request = FAM__V1__LIST_FEEDBACK_REQUEST__INIT;
    struct fam_rpc_options options = {.reason = NULL};
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    char token[64];
    fam_rpc_init(&rpc, &options);
    cr_expect_eq(FAM_RPC(admin, fam__v1__ops_service, list_feedback, &rpc, &request, &status), FAM_PERMISSION_DENIED);
    fam_rpc_done(&rpc);
    options.reason = "reading what people say";
    request.page_size = 1;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(admin, fam__v1__ops_service, list_feedback, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    const Fam__V1__ListFeedbackResponse *page = (const Fam__V1__ListFeedbackResponse *)fam_rpc_response(&rpc);
    cr_assert_eq(page->n_feedback, 1);
    cr_expect_str_eq(page->feedback[0]->text, "Слишком длинно");
    cr_expect_eq(page->feedback[0]->rating, 4);
    snprintf(token, sizeof(token), "%s", page->next_page_token);
    fam_rpc_done(&rpc);
    cr_expect_geq(notices_of(&second), 1);
    cr_expect_eq(notices_of(&first), 0);
    request.page_token = token;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(admin, fam__v1__ops_service, list_feedback, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    page = (const Fam__V1__ListFeedbackResponse *)fam_rpc_response(&rpc);
    cr_assert_eq(page->n_feedback, 1);
    cr_expect_str_eq(page->feedback[0]->text, "Очень помогает");
    cr_expect_str_eq(page->next_page_token, "");
    fam_rpc_done(&rpc);
    cr_expect_geq(notices_of(&first), 1);
    fam_client_free(admin);
    system_stop(&s);
}

Test(e2e_operators, entries_are_listed_in_ids_and_numbers_are_counted)
{
    system_start(&s, NULL);
    struct person parent = system_family(&s, 7001, 7), other = system_family(&s, 7002, 7);
    struct fam_client *admin = system_client(&s, s.admin_token);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    char user[FAM_UUID_TEXT_SIZE];
    cr_assert_eq(system_translate(&s, &parent, "Ненавижу тебя!", "t1", &rpc, &status), FAM_OK, "%s", status.message);
    fam_rpc_done(&rpc);
    cr_assert_eq(system_translate(&s, &other, "Уходи!", "t2", &rpc, &status), FAM_OK, "%s", status.message);
    fam_rpc_done(&rpc);
    Fam__V1__ListEntrySummariesRequest list = FAM__V1__LIST_ENTRY_SUMMARIES_REQUEST__INIT;
    fam_uuid_format(&parent.user_id, user);
    list.user_id = user;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(admin, fam__v1__ops_service, list_entry_summaries, &rpc, &list, &status), FAM_OK, "%s",
                 status.message);
    const Fam__V1__ListEntrySummariesResponse *listed =
        (const Fam__V1__ListEntrySummariesResponse *)fam_rpc_response(&rpc);
    cr_assert_eq(listed->n_entries, 1);
    cr_expect_str_eq(listed->entries[0]->user_id, user);
    cr_expect_eq(listed->entries[0]->engine, FAM__V1__ENGINE__ENGINE_OFFLINE);
    cr_expect_eq(listed->entries[0]->readings, 1);
    cr_expect_not(listed->entries[0]->shared);
    fam_rpc_done(&rpc);
    cr_expect_eq(notices_of(&parent), 0);
    Fam__V1__GetStatsRequest stats_request = FAM__V1__GET_STATS_REQUEST__INIT;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(admin, fam__v1__ops_service, get_stats, &rpc, &stats_request, &status), FAM_OK, "%s",
                 status.message);
    const Fam__V1__GetStatsResponse *stats = (const Fam__V1__GetStatsResponse *)fam_rpc_response(&rpc);
    cr_expect_eq(stats->users, 2);
    cr_expect_eq(stats->families, 2);
    cr_expect_eq(stats->children, 2);
    cr_expect_eq(stats->entries, 2);
    cr_expect_eq(stats->active_families, 2);
    cr_assert_eq(stats->n_registrations, 1);
    cr_expect_eq(stats->registrations[0]->count, 2);
    fam_rpc_done(&rpc);
    /* One family wants to be forgotten after a day, and the sweep has not been there. */
    cr_assert(pg_server_sql(s.pg.conninfo,
                            "UPDATE families SET retention_days = 1 WHERE family_id IN (SELECT family_id FROM parents "
                            "ORDER BY parent_id LIMIT 1); UPDATE emotion_entries SET created_at = now() - INTERVAL '4 "
                            "days'",
                            NULL, 0));
    Fam__V1__GetRetentionRequest retention_request = FAM__V1__GET_RETENTION_REQUEST__INIT;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(admin, fam__v1__ops_service, get_retention, &rpc, &retention_request, &status), FAM_OK, "%s",
                 status.message);
    const Fam__V1__GetRetentionResponse *retention = (const Fam__V1__GetRetentionResponse *)fam_rpc_response(&rpc);
    cr_expect_eq(retention->default_days, 90);
    cr_expect_eq(retention->families_with_own, 1);
    cr_expect_eq(retention->overdue_rows, 1);
    fam_rpc_done(&rpc);
    fam_client_free(admin);
    system_stop(&s);
}

Test(e2e_operators, a_person_sees_what_is_stored_and_until_when)
{
    system_start(&s, NULL);
    struct person parent = system_family(&s, 7001, 7);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    cr_assert_eq(system_translate(&s, &parent, "Ненавижу тебя!", "t1", &rpc, &status), FAM_OK, "%s", status.message);
    fam_rpc_done(&rpc);
    cr_assert(pg_server_sql(s.pg.conninfo, "UPDATE families SET retention_days = 30, no_ai = true", NULL, 0));
    cr_assert(
        pg_server_sql(s.pg.conninfo,
                      "DELETE FROM notifications; INSERT INTO notifications (notification_id, user_id, lane, kind, "
                      "state, not_before, expires_at, finished_at) SELECT gen_random_uuid(), user_id, 3, 'notice', "
                      "s, now() + interval '1 day', now() + interval '2 days', CASE s WHEN 'queued' THEN NULL ELSE "
                      "now() END FROM users, unnest(ARRAY['queued', 'delivered', 'delivered', 'failed']) s",
                      NULL, 0));
    Fam__V1__GetPrivacyReportRequest request = FAM__V1__GET_PRIVACY_REPORT_REQUEST__INIT;
    const struct fam_rpc_options options = {.acting_user = &parent.user_id};
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(s.client, fam__v1__family_service, get_privacy_report, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    const Fam__V1__GetPrivacyReportResponse *report = (const Fam__V1__GetPrivacyReportResponse *)fam_rpc_response(&rpc);
    cr_expect_eq(report->retention_days, 30);
    cr_expect(report->no_ai);
    cr_expect_eq(report->backup_days, 7);
    cr_expect_eq(report->n_consents, 2);
    cr_expect_eq(report->n_recipients, 0);
    cr_assert_eq(report->n_stored, 12);
    for (size_t i = 0; i < report->n_stored; i++) {
        const Fam__V1__StoredItem *item = report->stored[i];
        if (item->kind == FAM__V1__STORED_KIND__STORED_KIND_ENTRIES) {
            cr_expect_eq(item->count, 1);
            cr_expect_eq(item->kept_until_ms, item->oldest_ms + INT64_C(30) * 86400000);
        }
        if (item->kind == FAM__V1__STORED_KIND__STORED_KIND_NOTIFICATIONS) {
            cr_expect_eq(item->count, 1, "what was sent does not wait to be sent");
        }
        if (item->kind == FAM__V1__STORED_KIND__STORED_KIND_ENDED_NOTIFICATIONS) {
            cr_expect_eq(item->count, 3);
            cr_expect_gt(item->kept_until_ms, item->oldest_ms);
        }
        if (item->kind == FAM__V1__STORED_KIND__STORED_KIND_CHILDREN) {
            cr_expect_eq(item->count, 1);
            cr_expect_eq(item->kept_until_ms, 0);
        }
    }
    fam_rpc_done(&rpc);
    system_stop(&s);
}

static int64_t broadcast(struct fam_client *admin, const char *key, bool dry_run)
{
    Fam__V1__BroadcastRequest request = FAM__V1__BROADCAST_REQUEST__INIT;
    const struct fam_rpc_options options = {.idempotency_key = key};
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    request.text_ru = borrow("Завтра ночью нас не будет час.");
    request.text_en = borrow("We are away for an hour tomorrow night.");
    request.dry_run = dry_run;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(admin, fam__v1__ops_service, broadcast, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    int64_t recipients = ((const Fam__V1__BroadcastResponse *)fam_rpc_response(&rpc))->recipients;
    fam_rpc_done(&rpc);
    return recipients;
}

static bool is_told(void *context)
{
    (void)context;
    return system_count(&s, "SELECT count(*) FROM tasks WHERE type = 'broadcast' AND state = 'done'") == 1;
}

Test(e2e_operators, a_broadcast_reaches_those_who_agreed_once)
{
    system_start(&s, NULL);
    struct person wants = system_family(&s, 7001, 7), silent = system_family(&s, 7002, 7);
    struct fam_client *admin = system_client(&s, s.admin_token);
    system_consent(&s, &wants, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS, true);
    system_consent(&s, &silent, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS, true);
    system_consent(&s, &silent, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS, false);
    cr_expect_eq(broadcast(admin, "dry", true), 1);
    cr_expect_eq(system_count(&s, "SELECT count(*) FROM broadcasts"), 0);
    cr_expect_eq(broadcast(admin, "real", false), 1);
    cr_expect_eq(broadcast(admin, "real", false), 1);
    cr_assert(proc_wait_until(is_told, NULL, SYSTEM_READY_MS));
    cr_expect_eq(system_count(&s, "SELECT count(*) FROM broadcasts"), 1);
    cr_expect_eq(system_count(&s, "SELECT count(*) FROM notifications WHERE kind = 'broadcast'"), 1);
    fam_client_free(admin);
    system_stop(&s);
}
