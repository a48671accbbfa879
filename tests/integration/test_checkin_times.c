/* CheckinService: times, reminder, quiet hours, pauses; and what the bot is handed of a check-in that is due. */
#include "checkin_world.h"

#include "metrics/metrics.h"
#include "store/checkin_due.h"

TestSuite(checkin_times, .init = world_start, .fini = world_stop, .timeout = 120);

#define MORNING FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_MORNING
#define EVENING FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_EVENING
#define OWN FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_OWN
#define SCHEDULES                                                                                                      \
    "SELECT string_agg(name || ' ' || to_char(local_time, 'HH24:MI'), ', ' ORDER BY name) FROM schedules "             \
    "WHERE job = 'send_checkin'"

/* "HH:MM times of slots", in the order of the day; "" none. */
static const char *times_of(const Fam__V1__CheckinSchedule *schedule, char ret_text[200])
{
    size_t size = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; i < schedule->n_times; i++) {
        size += (size_t)snprintf(ret_text + size, 200 - size, "%s%s %d", i == 0 ? "" : ", ",
                                 schedule->times[i]->local_time, (int)schedule->times[i]->slot);
    }
    return ret_text;
}

static enum fam_code set(const struct fam_uuid *user_id, Fam__V1__SetScheduleRequest *request, char ret_times[200],
                         struct fam_status *ret_status)
{
    struct world_call call;
    enum fam_code code = CALL(&call, user_id, set_schedule, request);
    *ret_status = call.status;
    if (code == FAM_OK) {
        (void)times_of(ANSWER(&call, SetSchedule)->schedule, ret_times);
    }
    fam_rpc_done(&call.rpc);
    return code;
}

static enum fam_code set_time(const struct fam_uuid *user_id, Fam__V1__CheckinSlot slot, const char *time,
                              struct fam_status *ret_status)
{
    Fam__V1__SetScheduleRequest request = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    Fam__V1__CheckinTime one = FAM__V1__CHECKIN_TIME__INIT, *list[] = {&one};
    char times[200];
    one.slot = slot;
    one.local_time = borrow(time);
    request.set_times = true;
    request.times = list;
    request.n_times = 1;
    return set(user_id, &request, times, ret_status);
}

Test(checkin_times, nobody_is_asked_who_did_not_choose_a_time_and_the_defaults_are_kind)
{
    Fam__V1__GetScheduleRequest request = FAM__V1__GET_SCHEDULE_REQUEST__INIT;
    struct world_call call;
    cr_assert_eq(CALL(&call, &c.anna, get_schedule, &request), FAM_OK, "%s", call.status.message);
    const Fam__V1__CheckinSchedule *schedule = ANSWER(&call, GetSchedule)->schedule;
    cr_expect_eq(schedule->n_times, 0);
    cr_expect_str_eq(schedule->time_zone, "Europe/Moscow");
    cr_expect_str_eq(schedule->quiet_from, "22:00");
    cr_expect_str_eq(schedule->quiet_until, "07:00");
    cr_expect_eq(schedule->reminder_minutes, 0);
    cr_expect(schedule->weekly_report);
    cr_expect(schedule->consents);
    fam_rpc_done(&call.rpc);
    /* What is told without a row is what a row would have. */
    expect_sql(c.f.pg.conninfo,
               "WITH r AS (INSERT INTO checkin_settings (user_id) SELECT user_id FROM users RETURNING *) "
               "SELECT quiet_from || ' ' || quiet_until || ' ' || reminder_minutes || ' ' || weekly_report FROM r",
               "22:00:00 07:00:00 0 true");
}

Test(checkin_times, times_replace_times_and_a_reminder_goes_with_each)
{
    Fam__V1__SetScheduleRequest request = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    Fam__V1__CheckinTime one = FAM__V1__CHECKIN_TIME__INIT, two = FAM__V1__CHECKIN_TIME__INIT, *list[] = {&two, &one};
    struct fam_status status;
    char times[200];
    one.slot = MORNING;
    two.slot = OWN;
    two.local_time = borrow("17:05");
    request.set_times = true;
    request.times = list;
    request.n_times = 2;
    request.set_reminder = true;
    request.reminder_minutes = 10;
    cr_assert_eq(set(&c.anna, &request, times, &status), FAM_OK, "%s", status.message);
    cr_expect_str_eq(times, "08:00 1, 17:05 4");
    expect_sql(c.f.pg.conninfo, SCHEDULES, "morning 08:00, own 17:05, remind:morning 07:50, remind:own 16:55");
    cr_assert_eq(set_time(&c.anna, EVENING, "", &status), FAM_OK, "%s", status.message);
    expect_sql(c.f.pg.conninfo, SCHEDULES, "evening 20:00, remind:evening 19:50");
    Fam__V1__SetScheduleRequest none = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    none.set_reminder = true;
    cr_assert_eq(set(&c.anna, &none, times, &status), FAM_OK, "%s", status.message);
    expect_sql(c.f.pg.conninfo, SCHEDULES, "evening 20:00");
    none.set_times = true;
    cr_assert_eq(set(&c.anna, &none, times, &status), FAM_OK, "%s", status.message);
    cr_expect_str_eq(times, "");
    expect_sql(c.f.pg.conninfo, "SELECT count(*) FROM schedules WHERE job = 'send_checkin'", "0");
}

Test(checkin_times, what_can_t_be_is_refused_and_changes_nothing)
{
    static const struct {
        Fam__V1__CheckinSlot slot;
        const char *time;
    } TIMES[] = {{OWN, ""},
                 {OWN, "25:00"},
                 {OWN, "12:61"},
                 {OWN, "12.30"},
                 {FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_QUICK, "12:00"},
                 {FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_UNSPECIFIED, "12:00"}};
    struct fam_status status;
    char times[200];
    for (size_t i = 0; i < sizeof(TIMES) / sizeof(TIMES[0]); i++) {
        cr_expect_eq(set_time(&c.anna, TIMES[i].slot, TIMES[i].time, &status), FAM_INVALID_ARGUMENT, "%zu", i);
    }
    Fam__V1__SetScheduleRequest request = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    request.set_reminder = true;
    request.reminder_minutes = 15;
    cr_expect_eq(set(&c.anna, &request, times, &status), FAM_INVALID_ARGUMENT);
    Fam__V1__SetScheduleRequest quiet = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    quiet.set_quiet = true;
    quiet.quiet_from = borrow("21:00");
    cr_expect_eq(set(&c.anna, &quiet, times, &status), FAM_INVALID_ARGUMENT);
    expect_sql(c.f.pg.conninfo,
               "SELECT (SELECT count(*) FROM schedules WHERE job = 'send_checkin') + (SELECT count(*) FROM "
               "checkin_settings)",
               "0");
}

Test(checkin_times, a_time_within_the_quiet_hours_is_refused_by_whichever_comes_second)
{
    struct fam_status status;
    char times[200];
    cr_assert_eq(set_time(&c.anna, OWN, "22:30", &status), FAM_INVALID_ARGUMENT);
    cr_expect_str_eq(status.reason, "QUIET_HOURS");
    cr_assert_eq(set_time(&c.anna, OWN, "06:59", &status), FAM_INVALID_ARGUMENT);
    cr_assert_eq(set_time(&c.anna, OWN, "07:00", &status), FAM_OK, "%s", status.message);
    Fam__V1__SetScheduleRequest quiet = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    quiet.set_quiet = true;
    quiet.quiet_from = borrow("21:00");
    quiet.quiet_until = borrow("07:30");
    cr_assert_eq(set(&c.anna, &quiet, times, &status), FAM_INVALID_ARGUMENT);
    cr_expect_str_eq(status.reason, "QUIET_HOURS");
    quiet.quiet_from = borrow("");
    quiet.quiet_until = borrow("");
    cr_assert_eq(set(&c.anna, &quiet, times, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(set_time(&c.anna, OWN, "22:30", &status), FAM_OK, "%s", status.message);
}

Test(checkin_times, times_need_consent_to_messages_and_not_now_needs_none)
{
    struct fam_uuid boris = make_user(c.f.store, 2);
    struct fam_status status;
    char times[200];
    give_consent(c.f.store, &boris, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, true);
    cr_assert_eq(set_time(&boris, EVENING, "", &status), FAM_FAILED_PRECONDITION);
    cr_expect_str_eq(status.reason, "CONSENT_REQUIRED");
    Fam__V1__SetScheduleRequest none = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    none.set_times = true;
    cr_assert_eq(set(&boris, &none, times, &status), FAM_OK, "%s", status.message);
}

Test(checkin_times, of_who_does_not_consent_neither_a_pause_nor_a_wish_is_kept)
{
    struct fam_uuid boris = make_user(c.f.store, 2);
    struct fam_status status;
    struct world_call call;
    char times[200];
    Fam__V1__PauseScheduleRequest pause = FAM__V1__PAUSE_SCHEDULE_REQUEST__INIT;
    Fam__V1__SetScheduleRequest off = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    pause.days = 7;
    cr_assert_eq(CALL(&call, &boris, pause_schedule, &pause), FAM_OK, "%s", call.status.message);
    cr_expect_eq(ANSWER(&call, PauseSchedule)->schedule->paused_until_ms, 0);
    fam_rpc_done(&call.rpc);
    off.weekly_report = FAM__V1__SWITCH_STATE__SWITCH_STATE_OFF;
    cr_expect_eq(set(&boris, &off, times, &status), FAM_OK, "%s", status.message);
    expect_sql(c.f.pg.conninfo, "SELECT count(*) FROM checkin_settings", "0");
    /* Who had wishes and withdrew may still switch off. */
    give_consent(c.f.store, &boris, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, true);
    off.weekly_report = FAM__V1__SWITCH_STATE__SWITCH_STATE_ON;
    (void)set(&boris, &off, times, &status);
    cr_assert_eq(CALL(&call, &boris, pause_schedule, &pause), FAM_OK, "%s", call.status.message);
    fam_rpc_done(&call.rpc);
    give_consent(c.f.store, &boris, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, false);
    off.weekly_report = FAM__V1__SWITCH_STATE__SWITCH_STATE_OFF;
    cr_expect_eq(set(&boris, &off, times, &status), FAM_OK, "%s", status.message);
    expect_sql(c.f.pg.conninfo, "SELECT count(*) || ' ' || count(*) FILTER (WHERE weekly_report) FROM checkin_settings",
               "1 0");
}

Test(checkin_times, a_pause_of_a_week_silences_everything_and_can_be_ended)
{
    Fam__V1__PauseScheduleRequest request = FAM__V1__PAUSE_SCHEDULE_REQUEST__INIT;
    struct world_call call;
    struct fam_status status;
    cr_assert_eq(set_time(&c.anna, EVENING, "", &status), FAM_OK);
    expect_sql(c.f.pg.conninfo,
               "INSERT INTO notifications (notification_id, user_id, lane, kind, expires_at) SELECT gen_random_uuid(), "
               "user_id, 1, 'weekly_report', now() + INTERVAL '1 day' FROM checkin_settings RETURNING state",
               "queued");
    request.days = 7;
    cr_assert_eq(CALL(&call, &c.anna, pause_schedule, &request), FAM_OK, "%s", call.status.message);
    const Fam__V1__CheckinSchedule *schedule = ANSWER(&call, PauseSchedule)->schedule;
    cr_expect_gt(schedule->paused_until_ms, 0);
    cr_expect_eq(schedule->times[0]->next_at_ms, 0);
    fam_rpc_done(&call.rpc);
    expect_sql(c.f.pg.conninfo,
               "SELECT paused_until BETWEEN now() + INTERVAL '6 days 23 hours' AND now() + INTERVAL '7 days' FROM "
               "checkin_settings",
               "t");
    expect_sql(c.f.pg.conninfo, "SELECT state FROM notifications WHERE kind = 'weekly_report'", "expired");
    request.days = 0;
    cr_assert_eq(CALL(&call, &c.anna, pause_schedule, &request), FAM_OK);
    cr_expect_eq(ANSWER(&call, PauseSchedule)->schedule->paused_until_ms, 0);
    cr_expect_gt(ANSWER(&call, PauseSchedule)->schedule->times[0]->next_at_ms, 0);
    fam_rpc_done(&call.rpc);
}

/* ---- delivery ---- */

struct sending {
    struct fam_checkin_prompt prompt;
    size_t sent;
};

static enum fam_code send_in_tx(struct fam_db *db, void *context, struct fam_status *status)
{
    struct sending *sending = context;
    return fam_checkin_send(db, &sending->prompt, 1, &sending->sent, status);
}

static size_t send_slot(Fam__V1__CheckinSlot slot, int64_t late_ms)
{
    int64_t due_ms = fam_wall_ms() - late_ms;
    struct sending sending = {.prompt = {.user_id = c.anna,
                                         .slot = slot,
                                         .question_set = "evening",
                                         .due_ms = due_ms,
                                         .expires_ms = due_ms + 7200000,
                                         .show_ms = due_ms,
                                         .until_ms = due_ms + 7200000}};
    struct fam_status status = {0};
    cr_assert_eq(fam_tx_run(fam_store_pool(c.f.store), send_in_tx, &sending, NULL, &status), FAM_OK, "%s",
                 status.message);
    return sending.sent;
}

static size_t send_one(int64_t late_ms)
{
    be_awake(c.f.store, &c.anna);
    return send_slot(EVENING, late_ms);
}

static double sent(const char *lateness)
{
    return fam_metrics_value(c.node.metrics, FAM_M_CHECKINS_SENT, FAM_LABELS(lateness));
}

Test(checkin_times, what_is_due_comes_with_its_first_question_and_how_late_it_was_is_counted)
{
    struct node_lease lease;
    struct world_step step = {.question = ""};
    cr_assert_eq(send_one(30000), 1);
    const Fam__V1__LeaseResponse *response = lease_now(&c.node, &lease);
    cr_assert_eq(response->n_notifications, 1);
    const Fam__V1__CheckinPrompt *prompt = response->notifications[0]->checkin;
    cr_assert_not_null(prompt);
    cr_expect_eq(response->notifications[0]->kind, FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_CHECKIN);
    cr_expect_eq(prompt->slot, EVENING);
    cr_expect_str_eq(prompt->question->question_id, "mood");
    cr_expect_str_eq(prompt->question->text, "Как прошёл день?");
    cr_expect_eq(prompt->question->n_options, 5);
    cr_expect_str_eq(prompt->question->options[0]->label, "Очень трудно");
    (void)snprintf(step.checkin_id, sizeof(step.checkin_id), "%s", prompt->checkin_id);
    node_ack(&c.node, response->notifications[0]);
    fam_rpc_done(&lease.rpc);
    cr_expect_eq(sent("in_time"), 1);
    say("mood", "5", &step, "good");
    expect_sql(c.f.pg.conninfo, "SELECT slot || ' ' || state FROM checkins", "evening started");
    cr_assert_eq(send_one(121000), 1);
    response = lease_now(&c.node, &lease);
    cr_assert_eq(response->n_notifications, 1);
    node_ack(&c.node, response->notifications[0]);
    fam_rpc_done(&lease.rpc);
    cr_expect_eq(sent("late"), 1);
    cr_expect_eq(sent("in_time"), 1);
}

Test(checkin_times, one_that_was_begun_by_hand_is_not_asked_again)
{
    struct world_step step;
    cr_assert_eq(send_one(0), 1);
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    expect_sql(c.f.pg.conninfo, "SELECT count(*) || ' ' || min(state) FROM checkins", "1 sent");
    expect_leased(&c.node, 0);
    expect_sql(c.f.pg.conninfo, "SELECT state FROM notifications", "expired");
    say("mood", "5", &step, "good");
}

Test(checkin_times, one_that_was_answered_or_left_out_meanwhile_is_not_asked_again)
{
    struct world_step step;
    cr_assert_eq(send_one(0), 1);
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    say("mood", "5", &step, "good");
    /* As one that was leased at that moment and comes back. */
    expect_sql(c.f.pg.conninfo, "UPDATE notifications SET state = 'queued', finished_at = NULL RETURNING 1", "1");
    expect_leased(&c.node, 0);
    expect_sql(c.f.pg.conninfo, "SELECT state || ' ' || reason FROM notifications", "failed CHECKIN_OVER");
}

Test(checkin_times, a_pause_takes_back_what_is_on_its_way)
{
    Fam__V1__PauseScheduleRequest request = FAM__V1__PAUSE_SCHEDULE_REQUEST__INIT;
    struct world_call call;
    cr_assert_eq(send_one(0), 1);
    request.days = 7;
    cr_assert_eq(CALL(&call, &c.anna, pause_schedule, &request), FAM_OK);
    fam_rpc_done(&call.rpc);
    expect_leased(&c.node, 0);
}

/* A weekly report on its way. */
static void send_report(void)
{
    const struct fam_notification_new notification = {.user_id = &c.anna,
                                                      .lane = FAM__V1__LANE__LANE_REPORTS,
                                                      .kind =
                                                          FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT,
                                                      .body = "",
                                                      .body_size = 0};
    cr_assert(add_notification(c.f.store, &notification));
}

Test(checkin_times, a_pause_takes_back_a_report_that_is_on_its_way)
{
    Fam__V1__PauseScheduleRequest request = FAM__V1__PAUSE_SCHEDULE_REQUEST__INIT;
    struct world_call call;
    send_report();
    request.days = 7;
    cr_assert_eq(CALL(&call, &c.anna, pause_schedule, &request), FAM_OK);
    fam_rpc_done(&call.rpc);
    expect_sql(c.f.pg.conninfo, "SELECT state FROM notifications", "expired");
    expect_leased(&c.node, 0);
}

Test(checkin_times, who_switches_the_report_off_gets_none_that_is_on_its_way_and_is_asked_all_the_same)
{
    Fam__V1__SetScheduleRequest request = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    struct fam_status status;
    char times[200];
    send_report();
    cr_assert_eq(send_one(0), 1);
    request.weekly_report = FAM__V1__SWITCH_STATE__SWITCH_STATE_ON;
    cr_assert_eq(set(&c.anna, &request, times, &status), FAM_OK, "%s", status.message);
    expect_sql(c.f.pg.conninfo, "SELECT count(*) FROM notifications WHERE state = 'queued'", "2");
    request.weekly_report = FAM__V1__SWITCH_STATE__SWITCH_STATE_OFF;
    cr_assert_eq(set(&c.anna, &request, times, &status), FAM_OK, "%s", status.message);
    expect_sql(c.f.pg.conninfo, "SELECT string_agg(kind || ' ' || state, ', ' ORDER BY kind) FROM notifications",
               "checkin queued, weekly_report expired");
}

/* ---- what is taken back ---- */

/* Reminders of what is set, on their way. */
#define REMIND                                                                                                         \
    "INSERT INTO notifications (notification_id, user_id, lane, kind, unique_key, expires_at) SELECT "                 \
    "gen_random_uuid(), user_id, 2, 'checkin_reminder', 'remind:' || schedule_id || ':1:' || user_id, now() + "        \
    "INTERVAL '10 minutes' FROM schedules WHERE name LIKE 'remind:%' RETURNING state"
#define STATES                                                                                                         \
    "SELECT string_agg(coalesce(c.slot, substr(s.name, 8)) || CASE WHEN c.slot IS NULL THEN ' reminder ' ELSE ' ' "    \
    "END || n.state, ', ' ORDER BY n.kind, c.slot, s.name) FROM notifications n LEFT JOIN checkins c USING "           \
    "(checkin_id) LEFT JOIN known s ON starts_with(n.unique_key, 'remind:' || s.schedule_id || ':')"

static void set_both(const char *morning, const char *evening)
{
    Fam__V1__SetScheduleRequest request = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    Fam__V1__CheckinTime one = FAM__V1__CHECKIN_TIME__INIT, two = FAM__V1__CHECKIN_TIME__INIT, *list[] = {&one, &two};
    struct fam_status status;
    char times[200];
    one.slot = MORNING;
    one.local_time = borrow(morning);
    two.slot = EVENING;
    two.local_time = borrow(evening);
    request.set_times = request.set_reminder = true;
    request.times = list;
    request.n_times = 2;
    request.reminder_minutes = 10;
    cr_assert_eq(set(&c.anna, &request, times, &status), FAM_OK, "%s", status.message);
}

/* Both are asked for, and a check-in and a reminder of each wait to be delivered. */
static void wait_with_everything(void)
{
    set_both("08:00", "20:00");
    expect_sql(c.f.pg.conninfo, "CREATE TABLE known AS SELECT schedule_id, name FROM schedules; SELECT 1", "1");
    cr_assert_eq(send_slot(MORNING, 0), 1);
    cr_assert_eq(send_slot(EVENING, 0), 1);
    expect_sql(c.f.pg.conninfo, REMIND, "queued");
    expect_sql(c.f.pg.conninfo, STATES,
               "evening queued, morning queued, evening reminder queued, morning reminder queued");
}

Test(checkin_times, who_wants_not_to_be_asked_gets_nothing_that_is_on_its_way)
{
    Fam__V1__SetScheduleRequest none = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    struct fam_status status;
    char times[200];
    wait_with_everything();
    none.set_times = true;
    cr_assert_eq(set(&c.anna, &none, times, &status), FAM_OK, "%s", status.message);
    expect_sql(c.f.pg.conninfo, STATES,
               "evening expired, morning expired, evening reminder expired, morning reminder expired");
    expect_leased(&c.node, 0);
}

Test(checkin_times, a_time_that_is_given_up_takes_its_own_back_alone)
{
    struct fam_status status;
    wait_with_everything();
    cr_assert_eq(set_time(&c.anna, MORNING, "08:00", &status), FAM_OK, "%s", status.message);
    expect_sql(c.f.pg.conninfo, STATES,
               "evening expired, morning queued, evening reminder expired, morning reminder queued");
}

Test(checkin_times, a_reminder_of_a_time_that_has_changed_would_be_wrong)
{
    wait_with_everything();
    set_both("08:00", "20:30");
    expect_sql(c.f.pg.conninfo, STATES,
               "evening queued, morning queued, evening reminder expired, morning reminder queued");
}

Test(checkin_times, who_wants_no_reminders_gets_none_that_is_on_its_way)
{
    Fam__V1__SetScheduleRequest none = FAM__V1__SET_SCHEDULE_REQUEST__INIT;
    struct fam_status status;
    char times[200];
    wait_with_everything();
    none.set_reminder = true;
    cr_assert_eq(set(&c.anna, &none, times, &status), FAM_OK, "%s", status.message);
    expect_sql(c.f.pg.conninfo, STATES,
               "evening queued, morning queued, evening reminder expired, morning reminder expired");
}

Test(checkin_times, what_an_operator_sends_of_a_time_that_was_never_set_stays)
{
    struct fam_status status;
    cr_assert_eq(send_slot(EVENING, 0), 1);
    cr_assert_eq(set_time(&c.anna, MORNING, "08:00", &status), FAM_OK, "%s", status.message);
    expect_sql(c.f.pg.conninfo, "SELECT state FROM notifications", "queued");
}

/* ---- what was in a bot's hands at that moment ---- */

/* One that waits for Telegram, while `sql` changes the wishes; then it is due again. */
static void change_while_leased(const char *sql)
{
    struct node_lease lease;
    const Fam__V1__LeaseResponse *response = lease_now(&c.node, &lease);
    cr_assert_eq(response->n_notifications, 1);
    expect_sql(c.f.pg.conninfo, sql, "1");
    node_nack(&c.node, response->notifications[0], FAM__V1__NACK_REASON__NACK_REASON_LATER);
    fam_rpc_done(&lease.rpc);
    expect_leased(&c.node, 0);
}

#define PAUSE "UPDATE checkin_settings SET paused_until = now() + INTERVAL '1 day' RETURNING 1"
#define BE_QUIET                                                                                                       \
    "UPDATE checkin_settings SET quiet_from = ((now() - INTERVAL '2 hours') AT TIME ZONE 'Europe/Moscow')::time, "     \
    "quiet_until = ((now() + INTERVAL '2 hours') AT TIME ZONE 'Europe/Moscow')::time RETURNING 1"
#define END "SELECT state || ' ' || reason FROM notifications"

static void remind_one(void)
{
    Fam__V1__CheckinReminder reminder = FAM__V1__CHECKIN_REMINDER__INIT;
    unsigned char packed[32];
    reminder.slot = EVENING;
    reminder.minutes = 10;
    const struct fam_notification_new notification = {
        .user_id = &c.anna,
        .lane = FAM__V1__LANE__LANE_CHECKINS,
        .kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_CHECKIN_REMINDER,
        .body = packed,
        .body_size = fam__v1__checkin_reminder__pack(&reminder, packed)};
    be_awake(c.f.store, &c.anna);
    cr_assert(add_notification(c.f.store, &notification));
}

Test(checkin_times, a_check_in_that_comes_back_within_a_pause_is_not_shown)
{
    cr_assert_eq(send_one(0), 1);
    change_while_leased(PAUSE);
    expect_sql(c.f.pg.conninfo, END, "failed PAUSED");
}

Test(checkin_times, a_check_in_that_comes_back_within_quiet_hours_is_not_shown)
{
    cr_assert_eq(send_one(0), 1);
    change_while_leased(BE_QUIET);
    expect_sql(c.f.pg.conninfo, END, "failed QUIET_HOURS");
}

Test(checkin_times, a_reminder_that_comes_back_within_a_pause_or_quiet_hours_is_not_shown)
{
    remind_one();
    change_while_leased(PAUSE);
    expect_sql(c.f.pg.conninfo, END, "failed PAUSED");
    expect_sql(c.f.pg.conninfo, "DELETE FROM notifications RETURNING 1", "1");
    expect_sql(c.f.pg.conninfo, "UPDATE checkin_settings SET paused_until = NULL RETURNING 1", "1");
    remind_one();
    change_while_leased(BE_QUIET);
    expect_sql(c.f.pg.conninfo, END, "failed QUIET_HOURS");
}

Test(checkin_times, a_report_that_comes_back_within_a_pause_or_quiet_hours_or_unwanted_is_not_shown)
{
    static const char *const WAYS[][2] = {
        {PAUSE, "failed PAUSED"},
        {BE_QUIET, "failed QUIET_HOURS"},
        {"UPDATE checkin_settings SET weekly_report = false RETURNING 1", "failed SWITCHED_OFF"}};
    for (size_t i = 0; i < sizeof(WAYS) / sizeof(WAYS[0]); i++) {
        add_report(c.f.store, &c.anna, 3);
        change_while_leased(WAYS[i][0]);
        expect_sql(c.f.pg.conninfo, END, WAYS[i][1]);
        expect_sql(c.f.pg.conninfo, "DELETE FROM notifications RETURNING 1", "1");
        expect_sql(c.f.pg.conninfo, "DELETE FROM checkin_settings RETURNING 1", "1");
    }
}

/* A bot's clock and the database's differ: what waited for the end of quiet hours is not refused for a moment. */
Test(checkin_times, the_last_moments_of_quiet_hours_are_their_end)
{
    cr_assert_eq(send_one(0), 1);
    expect_sql(c.f.pg.conninfo,
               "UPDATE checkin_settings SET quiet_from = ((now() - INTERVAL '2 hours') AT TIME ZONE "
               "'Europe/Moscow')::time, quiet_until = ((now() + INTERVAL '20 seconds') AT TIME ZONE "
               "'Europe/Moscow')::time RETURNING 1",
               "1");
    expect_leased(&c.node, 1);
}
