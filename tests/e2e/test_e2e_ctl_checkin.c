/* famctl checkin, schedule show and report against a running server, its PostgreSQL and its Redis. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "fam/v1/checkin.pb-c.h"
#include "system.h"

#define WHY "--reason", "support case 4711"

struct ctl {
    struct system system;
    struct person person;
    char servers[64], token[96], user[FAM_UUID_TEXT_SIZE];
    const char *env[8];
    char out[65536];
};

static void sql(struct ctl *ctl, const char *text)
{
    char value[512];
    cr_assert(pg_server_sql(ctl->system.pg.conninfo, text, value, sizeof(value)), "%s: %s", text, value);
}

/* A family whose one parent has no quiet hours, whatever the clock of the test says. */
static void start(struct ctl *ctl)
{
    system_start(&ctl->system, NULL);
    snprintf(ctl->servers, sizeof(ctl->servers), "FAM_SERVERS=tcp://127.0.0.1:%u", ctl->system.rpc_port);
    snprintf(ctl->token, sizeof(ctl->token), "FAM_TOKEN=%s", ctl->system.admin_token);
    const char *env[] = {ctl->servers, ctl->token, "LC_ALL=C.UTF-8", "ASAN_OPTIONS=detect_leaks=0"};
    memcpy(ctl->env, env, sizeof(env));
    ctl->person = system_family(&ctl->system, 501, 7);
    fam_uuid_format(&ctl->person.user_id, ctl->user);
    sql(ctl, "INSERT INTO checkin_settings (user_id, quiet_from, quiet_until) SELECT user_id, NULL, NULL FROM users "
             "RETURNING 1");
}

static void consent(struct ctl *ctl)
{
    system_consent(&ctl->system, &ctl->person, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS, true);
}

static int run(struct ctl *ctl, const char *const words[])
{
    const char *argv[24] = {FAM_BIN_DIR "/famctl"};
    for (size_t i = 0; words[i] != NULL; i++) {
        argv[i + 1] = words[i];
    }
    return proc_run(argv, ctl->env, NULL, ctl->out, sizeof(ctl->out));
}
#define RUN(ctl, ...) run((ctl), (const char *const[]){__VA_ARGS__, NULL})
#define EXPECT(ctl, code, text, ...)                                                                                   \
    do {                                                                                                               \
        cr_assert_eq(RUN((ctl), __VA_ARGS__), (code), "%s", (ctl)->out);                                               \
        cr_assert_not_null(strstr((ctl)->out, (text)), "%s", (ctl)->out);                                              \
    } while (0)

#define COUNT_CHECKINS "SELECT count(*) FROM checkins"
#define COUNT_SENT(kind) "SELECT count(*) FROM notifications WHERE kind = '" kind "'"
#define FIRST_TIME_ZONE "(SELECT now() AT TIME ZONE time_zone FROM families LIMIT 1)"

/* The person begins the check-in that waits, and says that it was hard. */
static void answer(struct ctl *ctl, char ret_checkin_id[FAM_UUID_TEXT_SIZE])
{
    struct fam_rpc_options options = {.acting_user = &ctl->person.user_id, .idempotency_key = "begin-1"};
    Fam__V1__StartCheckinRequest begin = FAM__V1__START_CHECKIN_REQUEST__INIT;
    Fam__V1__AnswerQuestionRequest say = FAM__V1__ANSWER_QUESTION_REQUEST__INIT;
    struct fam_status status = {0};
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(ctl->system.client, fam__v1__checkin_service, start_checkin, &rpc, &begin, &status), FAM_OK,
                 "%s", status.message);
    const Fam__V1__StartCheckinResponse *begun = (const Fam__V1__StartCheckinResponse *)fam_rpc_response(&rpc);
    snprintf(ret_checkin_id, FAM_UUID_TEXT_SIZE, "%s", begun->checkin->checkin_id);
    fam_rpc_done(&rpc);
    static char mood[] = "mood", hard[] = "1";
    say.checkin_id = ret_checkin_id;
    say.question_id = mood;
    say.option_id = hard;
    options.idempotency_key = "say-1";
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(ctl->system.client, fam__v1__checkin_service, answer_question, &rpc, &say, &status), FAM_OK,
                 "%s", status.message);
    fam_rpc_done(&rpc);
}

Test(e2e_ctl_checkin, a_check_in_is_sent_once_and_found_in_the_audit, .timeout = 180)
{
    static struct ctl ctl;
    start(&ctl);
    EXPECT(&ctl, 1, "has not consented", "checkin", "send", ctl.user);
    consent(&ctl);
    EXPECT(&ctl, 0, "Nothing was changed.", "checkin", "send", ctl.user, "--dry-run");
    cr_assert_eq(system_count(&ctl.system, COUNT_CHECKINS), 0);
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM audit_log WHERE method LIKE '%SendCheckin'"), 0);
    EXPECT(&ctl, 0, "evening", "checkin", "send", ctl.user, "--slot", "evening", WHY);
    cr_assert_eq(system_count(&ctl.system, COUNT_CHECKINS " WHERE slot = 'evening' AND state = 'sent'"), 1);
    cr_assert_eq(system_count(&ctl.system, COUNT_SENT("checkin") " AND lane = 2 AND due_at IS NOT NULL"), 1);
    EXPECT(&ctl, 1, "waits for this person", "checkin", "send", ctl.user, "--slot", "morning");
    cr_assert_eq(system_count(&ctl.system, COUNT_CHECKINS), 1);
    EXPECT(&ctl, 0, "checkin", "notify", "list", "--user", ctl.user);
    EXPECT(&ctl, 0, "support case 4711", "audit", "list", "--user", ctl.user);
    cr_assert_not_null(strstr(ctl.out, "OpsService/SendCheckin"), "%s", ctl.out);
    EXPECT(&ctl, 1, "", "checkin", "send", "01935f6e-7c1a-7000-8000-0000000000ff");
    system_stop(&ctl.system);
}

/* The id that stands behind "notificationId" in the last answer. */
static void notification_id(const struct ctl *ctl, char ret_id[FAM_UUID_TEXT_SIZE])
{
    static const char before[] = "\"notificationId\": \"";
    const char *at = strstr(ctl->out, before);
    cr_assert_not_null(at, "%s", ctl->out);
    snprintf(ret_id, FAM_UUID_TEXT_SIZE, "%s", at + strlen(before));
}

Test(e2e_ctl_checkin, a_repeated_call_sends_nothing_more_and_answers_the_same, .timeout = 180)
{
    static struct ctl ctl;
    static const char *const methods[] = {"OpsService/SendCheckin", "OpsService/SendReport"};
    char request[128], first[FAM_UUID_TEXT_SIZE], second[FAM_UUID_TEXT_SIZE];
    start(&ctl);
    consent(&ctl);
    snprintf(request, sizeof(request), "{\"userId\": \"%s\"}", ctl.user);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(methods); i++) {
        EXPECT(&ctl, 0, "notificationId", "call", methods[i], request, "--idempotency-key", "once");
        notification_id(&ctl, first);
        EXPECT(&ctl, 0, "notificationId", "call", methods[i], request, "--idempotency-key", "once");
        notification_id(&ctl, second);
        cr_assert_str_eq(first, second);
    }
    cr_assert_eq(system_count(&ctl.system, COUNT_CHECKINS), 1);
    cr_assert_eq(system_count(&ctl.system, COUNT_SENT("weekly_report")), 1);
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM audit_log WHERE method LIKE '%OpsService/Send%'"), 2);
    snprintf(request, sizeof(request), "{\"userId\": \"%s\", \"slot\": \"CHECKIN_SLOT_QUICK\"}", ctl.user);
    cr_assert_eq(RUN(&ctl, "call", methods[0], request, "--idempotency-key", "other"), 1, "%s", ctl.out);
    system_stop(&ctl.system);
}

Test(e2e_ctl_checkin, wishes_of_the_person_hold_for_operators_too, .timeout = 180)
{
    static struct ctl ctl;
    start(&ctl);
    consent(&ctl);
    sql(&ctl, "UPDATE users SET reachable = false RETURNING 1");
    EXPECT(&ctl, 1, "blocked the bot", "checkin", "send", ctl.user);
    EXPECT(&ctl, 1, "blocked the bot", "report", "send", ctl.user);
    sql(&ctl, "UPDATE users SET reachable = true RETURNING 1");
    sql(&ctl, "UPDATE checkin_settings SET paused_until = now() + INTERVAL '1 day' RETURNING 1");
    EXPECT(&ctl, 1, "a pause", "checkin", "send", ctl.user);
    EXPECT(&ctl, 1, "a pause", "report", "send", ctl.user);
    sql(&ctl,
        "UPDATE checkin_settings SET paused_until = NULL, quiet_from = (" FIRST_TIME_ZONE
        " - INTERVAL '2 hours')::time, quiet_until = (" FIRST_TIME_ZONE " + INTERVAL '2 hours')::time RETURNING 1");
    EXPECT(&ctl, 1, "quiet hours", "checkin", "send", ctl.user);
    EXPECT(&ctl, 0, "\"not_sent\":\t\"quiet\"", "report", "send", ctl.user, "--dry-run", "-o", "json");
    cr_assert_eq(system_count(&ctl.system, COUNT_CHECKINS), 0);
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM reports"), 0);
    cr_assert_eq(system_count(&ctl.system, COUNT_SENT("checkin") " OR kind = 'weekly_report'"), 0);
    system_stop(&ctl.system);
}

Test(e2e_ctl_checkin, answers_are_opened_with_a_reason_alone, .timeout = 180)
{
    static struct ctl ctl;
    char checkin_id[FAM_UUID_TEXT_SIZE];
    start(&ctl);
    consent(&ctl);
    EXPECT(&ctl, 0, "morning", "checkin", "send", ctl.user, "--slot", "morning", WHY);
    answer(&ctl, checkin_id);
    cr_assert_eq(system_count(&ctl.system, COUNT_CHECKINS " WHERE state IN ('started', 'completed')"), 1,
                 "it was the one that waited");
    EXPECT(&ctl, 5, "", "checkin", "list", "--user", ctl.user);
    EXPECT(&ctl, 0, checkin_id, "checkin", "list", "--user", ctl.user, WHY);
    EXPECT(&ctl, 5, "", "checkin", "show", checkin_id, "--user", ctl.user);
    EXPECT(&ctl, 0, "mood", "checkin", "show", checkin_id, "--user", ctl.user, WHY);
    EXPECT(&ctl, 0, "\"option_id\":\t\"1\"", "checkin", "show", checkin_id, "--user", ctl.user, WHY, "-o", "json");
    /* The audit names the one that was opened, the list of them none. */
    EXPECT(&ctl, 0, checkin_id, "audit", "list", "--user", ctl.user, "-o", "json");
    EXPECT(&ctl, 0, "CheckinService/ListCheckins", "audit", "list", "--user", ctl.user);
    system_stop(&ctl.system);
}

Test(e2e_ctl_checkin, a_schedule_shows_what_each_member_wants, .timeout = 180)
{
    static struct ctl ctl;
    char family[FAM_UUID_TEXT_SIZE];
    start(&ctl);
    consent(&ctl);
    fam_uuid_format(&ctl.person.family_id, family);
    EXPECT(&ctl, 0, "generate_weekly_report", "schedule", "show", family);
    cr_assert_not_null(strstr(ctl.out, ctl.user), "%s", ctl.out);
    EXPECT(&ctl, 0, "\"weekly_report\":\ttrue", "schedule", "show", family, "-o", "json");
    EXPECT(&ctl, 1, "", "schedule", "show", "01935f6e-7c1a-7000-8000-0000000000ff");
    system_stop(&ctl.system);
}

Test(e2e_ctl_checkin, a_report_is_made_sent_listed_shown_and_drawn, .timeout = 180)
{
    static struct ctl ctl;
    char path[128];
    unsigned char head[8] = {0};
    start(&ctl);
    consent(&ctl);
    EXPECT(&ctl, 0, "Nothing was changed.", "report", "send", ctl.user, "--dry-run");
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM reports"), 0);
    EXPECT(&ctl, 0, "Notification", "report", "send", ctl.user, WHY);
    cr_assert_eq(system_count(&ctl.system, "SELECT count(*) FROM reports WHERE period = 'week'"), 1);
    cr_assert_eq(system_count(&ctl.system, COUNT_SENT("weekly_report") " AND lane = 3"), 1);
    EXPECT(&ctl, 1, "waits for this person", "report", "send", ctl.user);
    EXPECT(&ctl, 0, "week", "report", "list", "--user", ctl.user);
    EXPECT(&ctl, 5, "", "report", "show", "--user", ctl.user);
    EXPECT(&ctl, 0, "\"is_empty\":\ttrue", "report", "show", "--user", ctl.user, "--period", "month", WHY, "-o",
           "json");
    snprintf(path, sizeof(path), "%s/report.png", ctl.system.dir);
    EXPECT(&ctl, 0, path, "report", "render", "--user", ctl.user, "--out", path, WHY);
    FILE *file = fopen(path, "re");
    cr_assert_not_null(file);
    cr_assert_eq(fread(head, 1, sizeof(head), file), sizeof(head));
    fclose(file);
    cr_assert_arr_eq(head, "\x89PNG\r\n\x1a\n", sizeof(head));
    EXPECT(&ctl, 0, "OpsService/SendReport", "audit", "list", "--user", ctl.user);
    system_stop(&ctl.system);
}
