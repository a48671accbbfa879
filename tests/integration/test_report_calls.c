/* Reports by RPC: GetReport, ListReports, and the weekly one as a bot leases it. */
#include "checkin_world.h"
#include "report/report.h"
#include "store/report_store.h"

TestSuite(report_calls, .init = world_start, .fini = world_stop, .timeout = 120);

#define WEEK FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK
#define QUARTER FAM__V1__REPORT_PERIOD__REPORT_PERIOD_QUARTER

static enum fam_code get(struct world_call *call, const struct fam_uuid *user_id, Fam__V1__ReportPeriod period,
                         const char *report_id, bool picture)
{
    Fam__V1__GetReportRequest request = FAM__V1__GET_REPORT_REQUEST__INIT;
    request.period = period;
    request.report_id = borrow(report_id);
    request.picture = picture;
    return CALL(call, user_id, get_report, &request);
}

/* The id of a report that is made now. */
static void make(const struct fam_uuid *user_id, Fam__V1__ReportPeriod period, char ret_id[FAM_UUID_TEXT_SIZE])
{
    struct world_call call;
    cr_assert_eq(get(&call, user_id, period, "", false), FAM_OK, "%s", call.status.message);
    (void)snprintf(ret_id, FAM_UUID_TEXT_SIZE, "%s", ANSWER(&call, GetReport)->report->report_id);
    fam_rpc_done(&call.rpc);
}

static void expect_failure(const struct fam_uuid *user_id, Fam__V1__ReportPeriod period, const char *report_id,
                           enum fam_code code, const char *reason)
{
    struct world_call call;
    cr_expect_eq(get(&call, user_id, period, report_id, false), code, "%s", call.status.message);
    cr_expect_str_eq(call.status.reason, reason);
    fam_rpc_done(&call.rpc);
}

Test(report_calls, a_report_of_the_week_until_now_comes_with_its_picture_when_asked)
{
    struct world_call call;
    struct world_step step;
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    say("mood", "4", &step, "good");
    (void)make_child(c.f.store, &c.anna, "Миша");
    cr_assert_eq(get(&call, &c.anna, WEEK, "", true), FAM_OK, "%s", call.status.message);
    const Fam__V1__GetReportResponse *answer = ANSWER(&call, GetReport);
    cr_expect_eq(answer->report->checkins, 1);
    cr_expect_eq(answer->report->n_days, 7);
    cr_expect_eq(answer->report->days[6]->mood, 8);
    cr_expect_str_eq(answer->report->children[0]->name, "Миша");
    cr_assert_gt(answer->picture.len, 8u);
    cr_expect_leq(answer->picture.len, (size_t)512 * 1024);
    cr_expect_arr_eq(answer->picture.data, "\x89PNG\r\n\x1a\n", 8);
    fam_rpc_done(&call.rpc);
    cr_assert_eq(get(&call, &c.anna, WEEK, "", false), FAM_OK, "%s", call.status.message);
    cr_expect_eq(ANSWER(&call, GetReport)->picture.len, 0);
    fam_rpc_done(&call.rpc);
    cr_expect_eq(fam_metrics_value(c.node.metrics, FAM_M_REPORTS, FAM_LABELS("week", "asked")), 2);
}

Test(report_calls, the_archive_is_listed_by_pages_and_shown_again_to_its_reader_alone)
{
    char week[FAM_UUID_TEXT_SIZE], quarter[FAM_UUID_TEXT_SIZE];
    struct world_call call;
    struct fam_uuid boris = make_person(c.f.store, 2);
    Fam__V1__ListReportsRequest request = FAM__V1__LIST_REPORTS_REQUEST__INIT;
    make(&c.anna, WEEK, week);
    make(&c.anna, QUARTER, quarter);
    request.page_size = 1;
    cr_assert_eq(CALL(&call, &c.anna, list_reports, &request), FAM_OK, "%s", call.status.message);
    cr_assert_eq(ANSWER(&call, ListReports)->n_reports, 1);
    cr_expect_str_eq(ANSWER(&call, ListReports)->reports[0]->report_id, quarter);
    cr_expect_eq(ANSWER(&call, ListReports)->reports[0]->period, QUARTER);
    char token[FAM_UUID_TEXT_SIZE];
    (void)snprintf(token, sizeof(token), "%s", ANSWER(&call, ListReports)->next_page_token);
    fam_rpc_done(&call.rpc);
    request.page_token = token;
    cr_assert_eq(CALL(&call, &c.anna, list_reports, &request), FAM_OK, "%s", call.status.message);
    cr_assert_eq(ANSWER(&call, ListReports)->n_reports, 1);
    cr_expect_str_eq(ANSWER(&call, ListReports)->reports[0]->report_id, week);
    cr_expect_str_eq(ANSWER(&call, ListReports)->next_page_token, "");
    fam_rpc_done(&call.rpc);
    cr_assert_eq(get(&call, &c.anna, 0, quarter, true), FAM_OK, "%s", call.status.message);
    cr_expect_eq(ANSWER(&call, GetReport)->report->n_days, 91);
    cr_expect_gt(ANSWER(&call, GetReport)->picture.len, 8u);
    fam_rpc_done(&call.rpc);
    char none[FAM_UUID_TEXT_SIZE];
    struct fam_uuid nobodys = fam_uuid_v7();
    fam_uuid_format(&nobodys, none);
    expect_failure(&boris, 0, week, FAM_PERMISSION_DENIED, "");
    expect_failure(&boris, 0, none, FAM_PERMISSION_DENIED, "");
    request.page_token = borrow("");
    cr_assert_eq(CALL(&call, &boris, list_reports, &request), FAM_OK, "%s", call.status.message);
    cr_expect_eq(ANSWER(&call, ListReports)->n_reports, 0);
    fam_rpc_done(&call.rpc);
}

/* The notification of generate_weekly_report about this report. */
static void add_weekly(const char *report_id)
{
    Fam__V1__WeekSummary week = FAM__V1__WEEK_SUMMARY__INIT;
    unsigned char packed[128];
    week.report_id = borrow(report_id);
    const struct fam_notification_new notification = {.user_id = &c.anna,
                                                      .lane = FAM__V1__LANE__LANE_REPORTS,
                                                      .kind =
                                                          FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT,
                                                      .body = packed,
                                                      .body_size = fam__v1__week_summary__pack(&week, packed)};
    cr_assert(add_notification(c.f.store, &notification));
}

/* Does what the archive shows of this report say this? */
static bool archive_says(const char *report_id, const char *words)
{
    struct world_call call;
    bool found = false;
    cr_assert_eq(get(&call, &c.anna, 0, report_id, false), FAM_OK, "%s", call.status.message);
    const Fam__V1__Report *report = ANSWER(&call, GetReport)->report;
    for (size_t i = 0; i < report->n_positive; i++)
        found = found || strstr(report->positive[i], words) != NULL;
    cr_expect_eq(report->checkins, 1, "counts stay");
    fam_rpc_done(&call.rpc);
    return found;
}

/* Anna told of a good moment, and looked at her quarter. */
static void tell_of_pancakes(struct world_step *step, char ret_report[FAM_UUID_TEXT_SIZE])
{
    cr_assert_eq(begin(&c.anna, "", step), FAM_OK, "%s", step->words);
    say("mood", "5", step, "good");
    say("good", "=пекли блины", step, "");
    make(&c.anna, QUARTER, ret_report);
}

Test(report_calls, a_good_moment_is_quoted_while_its_check_in_is_there)
{
    struct world_step step;
    char quarter[FAM_UUID_TEXT_SIZE];
    tell_of_pancakes(&step, quarter);
    cr_expect(archive_says(quarter, "«пекли блины»"));
    expect_sql(c.f.pg.conninfo, "DELETE FROM checkins; SELECT 1", "1");
    cr_expect_not(archive_says(quarter, "блины"), "a report of the archive keeps words longer than their check-in");
}

Test(report_calls, a_good_moment_is_quoted_as_it_was_told_last)
{
    struct world_step step;
    char quarter[FAM_UUID_TEXT_SIZE];
    tell_of_pancakes(&step, quarter);
    say("good", "=гуляли", &step, "");
    cr_expect(archive_says(quarter, "«гуляли»"));
    cr_expect_not(archive_says(quarter, "блины"));
    say("mood", "1", &step, "about");
    cr_expect_not(archive_says(quarter, "гуляли"), "the answer is gone with its question");
}

Test(report_calls, a_weekly_report_quotes_what_is_still_there_when_it_is_leased)
{
    struct node_lease lease;
    struct world_step step;
    char quarter[FAM_UUID_TEXT_SIZE];
    tell_of_pancakes(&step, quarter);
    add_weekly(quarter);
    const Fam__V1__LeaseResponse *leased = lease_now(&c.node, &lease);
    cr_assert_eq(leased->n_notifications, 1);
    cr_assert_not_null(leased->notifications[0]->report);
    cr_assert_eq(leased->notifications[0]->report->n_positive, 1);
    cr_expect(strstr(leased->notifications[0]->report->positive[0], "«пекли блины»") != NULL);
    node_ack(&c.node, leased->notifications[0]);
    fam_rpc_done(&lease.rpc);
    expect_sql(c.f.pg.conninfo, "DELETE FROM checkins; SELECT 1", "1");
    add_weekly(quarter);
    leased = lease_now(&c.node, &lease);
    cr_assert_eq(leased->n_notifications, 1);
    cr_expect_eq(leased->notifications[0]->report->n_positive, 0);
    node_ack(&c.node, leased->notifications[0]);
    fam_rpc_done(&lease.rpc);
}

/* The first and the last day of the newest report, as the archive lists it: "2026-11-23 2026-11-29". */
static void list_days(char ret_days[64])
{
    struct world_call call;
    Fam__V1__ListReportsRequest request = FAM__V1__LIST_REPORTS_REQUEST__INIT;
    cr_assert_eq(CALL(&call, &c.anna, list_reports, &request), FAM_OK, "%s", call.status.message);
    cr_assert_eq(ANSWER(&call, ListReports)->n_reports, 1);
    const Fam__V1__Date *first = ANSWER(&call, ListReports)->reports[0]->first_day;
    const Fam__V1__Date *last = ANSWER(&call, ListReports)->reports[0]->last_day;
    (void)snprintf(ret_days, 64, "none");
    if (first != NULL && last != NULL)
        (void)snprintf(ret_days, 64, "%d-%02d-%02d %d-%02d-%02d", first->year, first->month, first->day, last->year,
                       last->month, last->day);
    fam_rpc_done(&call.rpc);
}

Test(report_calls, a_report_keeps_the_days_of_its_time_when_the_family_moves)
{
    char week[FAM_UUID_TEXT_SIZE], here[64], there[64];
    expect_sql(c.f.pg.conninfo, "UPDATE families SET time_zone = 'Pacific/Kiritimati'; SELECT 1", "1");
    make(&c.anna, WEEK, week);
    list_days(here);
    expect_sql(c.f.pg.conninfo, "UPDATE families SET time_zone = 'Pacific/Pago_Pago'; SELECT 1", "1");
    list_days(there);
    cr_expect_str_eq(there, here);
    expect_sql(c.f.pg.conninfo,
               "SELECT to_char(from_at AT TIME ZONE 'Pacific/Kiritimati', 'YYYY-MM-DD') || ' ' || "
               "to_char((until_at - INTERVAL '1 second') AT TIME ZONE 'Pacific/Kiritimati', 'YYYY-MM-DD') FROM reports",
               here);
}

Test(report_calls, a_damaged_report_hides_none_of_the_archive)
{
    char week[FAM_UUID_TEXT_SIZE], days[64];
    make(&c.anna, WEEK, week);
    expect_sql(c.f.pg.conninfo,
               "UPDATE reports SET body = set_byte(body, length(body) - 1, "
               "get_byte(body, length(body) - 1) # 1); SELECT 1",
               "1");
    list_days(days);
    cr_expect_str_eq(days, "none");
}

Test(report_calls, a_new_one_needs_a_period_and_consent_and_an_old_one_needs_neither)
{
    char week[FAM_UUID_TEXT_SIZE];
    struct world_call call;
    expect_failure(&c.anna, 0, "", FAM_INVALID_ARGUMENT, "FIELD_VIOLATION");
    make(&c.anna, WEEK, week);
    give_consent(c.f.store, &c.anna, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, false);
    expect_failure(&c.anna, WEEK, "", FAM_FAILED_PRECONDITION, "CONSENT_REQUIRED");
    cr_expect_eq(get(&call, &c.anna, 0, week, false), FAM_OK, "%s", call.status.message);
    fam_rpc_done(&call.rpc);
}

Test(report_calls, a_weekly_report_is_put_in_from_the_archive_when_it_is_leased)
{
    struct node_lease lease;
    char week[FAM_UUID_TEXT_SIZE];
    make(&c.anna, WEEK, week);
    add_weekly(week);
    const Fam__V1__LeaseResponse *leased = lease_now(&c.node, &lease);
    cr_assert_eq(leased->n_notifications, 1);
    cr_assert_not_null(leased->notifications[0]->report);
    cr_expect_str_eq(leased->notifications[0]->report->report_id, week);
    cr_expect(leased->notifications[0]->report->is_empty);
    node_ack(&c.node, leased->notifications[0]);
    fam_rpc_done(&lease.rpc);
}

Test(report_calls, a_weekly_report_that_is_gone_is_shown_to_nobody)
{
    char week[FAM_UUID_TEXT_SIZE];
    make(&c.anna, WEEK, week);
    add_weekly(week);
    expect_sql(c.f.pg.conninfo, "DELETE FROM reports; SELECT 1", "1");
    expect_leased(&c.node, 0);
    expect_sql(c.f.pg.conninfo, "SELECT state || ' ' || reason FROM notifications", "failed REPORT_GONE");
}

Test(report_calls, a_summary_of_before_there_was_an_archive_is_still_shown)
{
    struct node_lease lease;
    add_report(c.f.store, &c.anna, 4);
    const Fam__V1__LeaseResponse *leased = lease_now(&c.node, &lease);
    cr_assert_eq(leased->n_notifications, 1);
    cr_expect_null(leased->notifications[0]->report);
    cr_expect_eq(leased->notifications[0]->week->entries, 4);
    node_ack(&c.node, leased->notifications[0]);
    fam_rpc_done(&lease.rpc);
}
