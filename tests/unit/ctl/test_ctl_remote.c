/* famctl against a server of lib/rpc with the services that fake_server.h made for this test. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "fake_server.h"
#include "run_ctl.h"

static struct fake_scene scene;
static struct fake_server *fake;

static void start(void)
{
    fake = fake_server_start(&scene);
}

static void stop(void)
{
    fake_server_stop(fake);
}

TestSuite(ctl_remote, .init = start, .fini = stop, .timeout = 30);

#define RUN_AS(token, input, ...)                                                                                      \
    run_ctl(scene.setting, (token), (input), (const char *const[]){"famctl", __VA_ARGS__, NULL})

Test(ctl_remote, health_exits_3_at_the_chosen_level)
{
    assert_run(RUN_AS("admin", NULL, "health"), 0, "redis  healthy       120        0  -\n", "");
    scene.health = FAM__V1__HEALTH_STATUS__HEALTH_STATUS_DEGRADED;
    assert_run(RUN_AS("admin", NULL, "health"), 0, "no answer", "");
    assert_run(RUN_AS("admin", NULL, "health", "--fail-on", "degraded"), 3, "degraded", "");
    scene.health = FAM__V1__HEALTH_STATUS__HEALTH_STATUS_UNHEALTHY;
    assert_run(RUN_AS("admin", NULL, "health", "-o", "json"), 3, "\"status\":\t\"unhealthy\"", "");
    scene.health = (Fam__V1__HealthStatus)9;
    assert_run(RUN_AS("admin", NULL, "health"), 3, "9", "");
}

Test(ctl_remote, health_needs_no_token)
{
    assert_run(RUN_AS("", NULL, "health"), 0, "healthy", "");
}

Test(ctl_remote, info_shows_readiness_and_the_schema)
{
    assert_run(RUN_AS("admin", NULL, "info"), 0, "Not ready because  the schema is behind\n", "");
    assert_run(RUN_AS("admin", NULL, "info", "-o", "json"), 0, "\"schema_behind\":\ttrue", "");
}

Test(ctl_remote, a_wrong_token_and_a_lacking_role_exit_5)
{
    assert_run(RUN_AS("wrong", NULL, "token", "list"), 5, "", "the token is not known (UNAUTHENTICATED)\n");
    assert_run(RUN_AS("metrics", NULL, "token", "list"), 5, "", "(PERMISSION_DENIED)\n");
}

Test(ctl_remote, db_status_and_a_dry_run_tell_what_is_missing)
{
    assert_run(RUN_AS("admin", NULL, "db", "status"), 0, "      1  people   2026-11-23T18:00:00Z\n", "");
    struct run run = RUN_AS("admin", NULL, "db", "migrate", "--dry-run");
    cr_assert_null(strstr(run.out, "people"));
    assert_run(run, 0, "      2  entries  -\n", "");
}

Test(ctl_remote, what_the_server_can_not_do_now_exits_4)
{
    assert_run(RUN_AS("admin", NULL, "db", "migrate", "--timeout", "2000"), 4, "",
               "the database is away (UNAVAILABLE)\n");
}

Test(ctl_remote, a_created_token_is_shown_with_its_secret)
{
    assert_run(RUN_AS("admin", NULL, "token", "create", "bot", "123456789", "-o", "json"), 0,
               "\"secret\":\t\"fam_secret\"", "");
    cr_assert(scene.had_a_key);
}

Test(ctl_remote, revoking_asks_and_takes_only_yes)
{
    assert_run(RUN_AS("admin", "n\n", "token", "revoke", FAKE_TOKEN_ID), 1, "", "the token was not revoked");
    assert_run(RUN_AS("admin", "", "token", "revoke", FAKE_TOKEN_ID), 1, "", "the token was not revoked");
    cr_assert_eq(scene.revoked, 0);
    assert_run(RUN_AS("admin", "y\n", "token", "revoke", FAKE_TOKEN_ID), 0, "1970-01-01T00:00:02.000Z", "[y/N]");
    assert_run(RUN_AS("admin", NULL, "token", "revoke", FAKE_TOKEN_ID, "--yes"), 0, "1970-01-01T00:00:02.000Z", "");
    cr_assert_eq(scene.revoked, 2);
}

Test(ctl_remote, a_dry_run_revokes_nothing)
{
    assert_run(RUN_AS("admin", NULL, "token", "revoke", FAKE_TOKEN_ID, "--dry-run"), 0, "Nothing was changed.", "");
    assert_run(RUN_AS("admin", NULL, "token", "revoke", "01935f6e-7c1a-7000-8000-000000000000", "--dry-run"), 1, "",
               "there is no token");
    cr_assert_eq(scene.revoked, 0);
}

Test(ctl_remote, a_phrase_from_standard_input_is_trimmed_and_sent_with_its_age)
{
    assert_run(RUN_AS("admin", " Ненавижу тебя!\n", "translate", "--age", "7"), 0, "Emotion         anger\n", "");
    cr_assert_str_eq(scene.phrase, "Ненавижу тебя!");
    cr_assert_eq(scene.band, FAM__V1__AGE_BAND__AGE_BAND_7_9);
    cr_assert_not(scene.acted_for_a_user);
    cr_assert(scene.had_a_key);
}

Test(ctl_remote, acting_for_a_user_is_sent_along)
{
    assert_run(
        RUN_AS("admin", "x", "translate", "--user", FAKE_TOKEN_ID, "--reason", "support case 4711", "-o", "json"), 0,
        "\"emotion\":\t\"anger\"", "");
    cr_assert(scene.acted_for_a_user);
}

Test(ctl_remote, a_phrase_in_the_arguments_is_wiped_there)
{
    char name[] = "famctl";
    char command[] = "translate";
    char phrase[] = "secret words";
    char *argv[] = {name, command, phrase, NULL};
    char setting[] = "FAM_TOKEN=admin";
    char *environment[] = {scene.setting, setting, NULL};
    char *out = NULL;
    size_t size = 0;
    struct fam_ctl_io io = {.in = fopen("/dev/null", "r"), .out = open_memstream(&out, &size), .err = stderr};
    cr_assert_eq(fam_ctl_run(3, argv, environment, &io), 0);
    fclose(io.in);
    fclose(io.out);
    free(out);
    cr_assert_str_eq(scene.phrase, "secret words");
    for (size_t i = 0; i < sizeof(phrase); i++) {
        cr_assert_eq(phrase[i], '\0');
    }
}

Test(ctl_remote, after_a_denied_call_the_next_one_is_served)
{
    assert_run(RUN_AS("wrong", "x", "translate"), 5, "", "(UNAUTHENTICATED)");
    assert_run(RUN_AS("admin", "x", "translate"), 0, "anger", "");
}

Test(ctl_remote, people_are_listed_by_page_and_the_audit_says_who_and_why)
{
    assert_run(RUN_AS("admin", NULL, "user", "list"), 0, "telegram", "");
    assert_run(RUN_AS("admin", NULL, "user", "list", "-o", "json"), 0, "\"next\":", "");
    assert_run(RUN_AS("admin", NULL, "family", "list"), 0, "CHILDREN", "");
    assert_run(RUN_AS("admin", NULL, "audit", "list"), 0, "support case 4711", "");
}

Test(ctl_remote, the_cache_is_cleared_only_without_dry_run)
{
    assert_run(RUN_AS("admin", NULL, "cache", "stats"), 0, "75", "");
    assert_run(RUN_AS("admin", NULL, "cache", "clear", "--dry-run"), 0, "Would be forgotten  7", "");
    cr_assert_eq(scene.cleared, 0);
    assert_run(RUN_AS("admin", NULL, "cache", "clear"), 0, "Forgotten  7", "");
    cr_assert_eq(scene.cleared, 1);
}

Test(ctl_remote, claude_is_looked_at_and_its_breaker_reset)
{
    assert_run(RUN_AS("admin", NULL, "claude", "usage"), 0, "1234567", "");
    assert_run(RUN_AS("admin", NULL, "claude", "limits", "-o", "json"), 0, "\"requests\"", "");
    assert_run(RUN_AS("admin", NULL, "claude", "breaker"), 0, "open", "");
    assert_run(RUN_AS("admin", NULL, "claude", "breaker", "reset", "--dry-run"), 0, "Nothing was changed", "");
    cr_assert_eq(scene.reset, 0);
    assert_run(RUN_AS("admin", NULL, "claude", "breaker", "reset"), 0, "closed now", "");
    cr_assert_eq(scene.reset, 1);
}

Test(ctl_remote, any_method_is_called_by_its_name_and_json)
{
    assert_run(RUN_AS("admin", NULL, "call", "OpsService/ListUsers", "{\"pageSize\": 5}"), 0, "\"userId\": ", "");
    assert_run(RUN_AS("admin", NULL, "call", "ClearCache", "{\"dryRun\": true}"), 0, "\"deleted\": \"7\"", "");
    assert_run(RUN_AS("admin", "{\"page_size\": 5}", "call", "ListUsers", "-"), 0, "LANGUAGE_RU", "");
    assert_run(RUN_AS("admin", NULL, "call", "ListUsers", "{\"pageSiez\": 5}"), 2, "", "ListUsersRequest");
    assert_run(RUN_AS("admin", NULL, "call", "NoService/NoMethod"), 2, "", "NoService/NoMethod");
    assert_run(RUN_AS("admin", NULL, "call", "ClearCache", "--dry-run"), 0, "Nothing was sent", "");
    cr_assert_eq(scene.cleared, 0);
}

Test(ctl_remote, the_server_tells_about_its_methods_and_messages)
{
    assert_run(RUN_AS("admin", NULL, "methods"), 0, "bot, admin", "");
    assert_run(RUN_AS("admin", NULL, "methods", "OpsService", "-o", "json"), 0, "All checks.", "");
    assert_run(RUN_AS("admin", NULL, "methods", "NoService"), 2, "", "NoService");
    assert_run(RUN_AS("admin", NULL, "describe", "TranslateRequest"), 0, "required, 1 to 2000 characters", "");
    assert_run(RUN_AS("admin", NULL, "describe", "TranslateRequest"), 0, "fam.v1.TranslateRequest", "");
}

Test(ctl_remote, a_metric_is_shown_with_all_its_series)
{
    assert_run(RUN_AS("admin", NULL, "metrics", "get", "rpc_requests_total"), 0, "code=\"INTERNAL\"", "");
    assert_run(RUN_AS("admin", NULL, "metrics", "get", "family_emotions_rpc_in_flight"), 0, "3", "");
    assert_run(RUN_AS("admin", NULL, "metrics", "get", "rpc_request_duration_seconds"), 0, "le=\"+Inf\"", "");
    assert_run(RUN_AS("admin", NULL, "metrics", "get", "rpc"), 1, "", "no metric \"rpc\"");
}

Test(ctl_remote, top_shows_what_happened_between_two_looks)
{
    assert_run(RUN_AS("admin", NULL, "top", "--interval", "1", "--count", "1"), 0, "p50 1.0 ms", "");
    assert_run(RUN_AS("admin", NULL, "top", "--interval", "1", "-n", "2", "-o", "json"), 0, "\"rpc_in_flight\":3,", "");
    assert_run(RUN_AS("admin", NULL, "top", "--count", "0"), 2, "", "--count");
}

Test(ctl_remote, status_is_one_screen_and_health_can_be_watched)
{
    assert_run(RUN_AS("admin", NULL, "status"), 0, "in flight", "");
    assert_run(RUN_AS("admin", NULL, "health", "--watch", "--interval", "1", "--count", "2"), 0, "redis", "");
}

Test(ctl_remote, the_log_of_one_named_server_gets_another_level)
{
    assert_run(RUN_AS("admin", NULL, "log", "level", "debug", "--dry-run"), 0, "Nothing was changed", "");
    assert_run(RUN_AS("admin", NULL, "log", "level", "loud"), 2, "", "loud");
    assert_run(RUN_AS("admin", NULL, "log", "level", "debug", "--server", "tcp://127.0.0.1:1,tcp://127.0.0.1:2"), 2, "",
               "several");
    cr_assert_str_empty(scene.log_level);
    assert_run(RUN_AS("admin", NULL, "log", "level", "debug"), 0, "Until now  info", "");
    cr_assert_str_eq(scene.log_level, "debug");
}

Test(ctl_remote, one_named_server_is_drained)
{
    assert_run(RUN_AS("admin", NULL, "drain", "--dry-run"), 0, "Nothing was changed", "");
    assert_run(RUN_AS("admin", NULL, "drain", "--server", "tcp://127.0.0.1:1,tcp://127.0.0.1:2"), 2, "", "several");
    cr_assert_eq(scene.drained, 0);
    assert_run(RUN_AS("admin", NULL, "drain"), 0, "refuses new calls", "");
    cr_assert_eq(scene.drained, 1);
}

Test(ctl_remote, sessions_are_listed_and_shown_without_what_they_keep)
{
    assert_run(RUN_AS("admin", NULL, "session", "list", FAKE_TOKEN_ID), 0, "hint, wizard.step", "");
    assert_run(RUN_AS("admin", NULL, "session", "list", FAKE_TOKEN_ID, "-o", "json"), 0,
               "\"session_id\":\t\"" FAKE_SESSION_ID "\"", "");
    assert_run(RUN_AS("admin", NULL, "session", "show", FAKE_SESSION_ID, "--user", FAKE_TOKEN_ID), 0,
               "Last activity at  1970-01-01T00:00:02.000Z\n", "");
    assert_run(RUN_AS("admin", NULL, "session", "show", FAKE_SESSION_ID, "--user", FAKE_TOKEN_ID, "-o", "json"), 0,
               "\"version\":\t7", "");
    assert_run(RUN_AS("admin", NULL, "session", "show", "unknown", "--user", FAKE_TOKEN_ID), 1, "",
               "this user has no session unknown");
    assert_run(RUN_AS("admin", NULL, "session", "show", FAKE_SESSION_ID), 2, "", "--user");
    assert_run(RUN_AS("admin", NULL, "session", "list", "nobody"), 2, "", "USER");
}

Test(ctl_remote, one_session_is_ended_when_it_is_there)
{
    assert_run(RUN_AS("admin", NULL, "session", "revoke", FAKE_SESSION_ID, "--user", FAKE_TOKEN_ID, "--dry-run"), 0,
               "Nothing was changed", "");
    assert_run(RUN_AS("admin", NULL, "session", "revoke", "unknown", "--user", FAKE_TOKEN_ID), 1, "", "no session");
    cr_assert_eq(scene.sessions_ended, 0);
    assert_run(RUN_AS("admin", NULL, "session", "revoke", FAKE_SESSION_ID, "--user", FAKE_TOKEN_ID), 0, "ended now",
               "");
    cr_assert_eq(scene.sessions_ended, 1);
}

Test(ctl_remote, ending_all_sessions_of_a_user_asks_and_takes_only_yes)
{
    assert_run(RUN_AS("admin", NULL, "session", "revoke", "--all", FAKE_TOKEN_ID, "--dry-run"), 0, "Would be ended  3",
               "");
    assert_run(RUN_AS("admin", NULL, "session", "revoke", "--all", FAKE_TOKEN_ID), 2, "", "--yes");
    assert_run(RUN_AS("admin", "n\n", "session", "revoke", "--all", FAKE_TOKEN_ID), 1, "", "no session was ended");
    cr_assert_eq(scene.sessions_ended, 0);
    assert_run(RUN_AS("admin", "y\n", "session", "revoke", "--all", FAKE_TOKEN_ID), 0, "Ended  3", "[y/N]");
    assert_run(RUN_AS("admin", NULL, "session", "revoke", "--all", FAKE_TOKEN_ID, "--yes", "-o", "json"), 0,
               "\"deleted\":\t3", "");
    cr_assert_eq(scene.sessions_ended, 6);
}

Test(ctl_remote, what_is_to_be_ended_is_said_in_one_way)
{
    assert_run(RUN_AS("admin", NULL, "session", "revoke"), 2, "", "--all");
    assert_run(RUN_AS("admin", NULL, "session", "revoke", FAKE_SESSION_ID), 2, "", "--user");
    assert_run(RUN_AS("admin", NULL, "session", "revoke", FAKE_SESSION_ID, "--all", FAKE_TOKEN_ID), 2, "", "--all");
    assert_run(RUN_AS("admin", NULL, "session", "revoke", "--user", FAKE_TOKEN_ID), 2, "", "SESSION");
}

Test(ctl_remote, notifications_are_listed_without_their_content)
{
    assert_run(RUN_AS("admin", NULL, "notify", "list"), 0, "weekly_report  failed        10", "");
    assert_run(RUN_AS("admin", NULL, "notify", "list", "--limit", "1"), 0, "More with --after  " FAKE_TOKEN_ID, "");
    assert_run(RUN_AS("admin", NULL, "notify", "list", "--state", "failed", "-o", "json"), 0,
               "\"reason\":\t\"UNAVAILABLE\"", "");
    assert_run(RUN_AS("admin", NULL, "notify", "list", "--state", "held", "-o", "json"), 0, "\"notifications\":\t[]",
               "");
    assert_run(RUN_AS("admin", NULL, "notify", "list", "--state", "lost"), 2, "", "--state");
}

Test(ctl_remote, one_notification_is_sent_again_at_once_and_many_after_a_question)
{
    assert_run(RUN_AS("admin", NULL, "notify", "resend"), 2, "", "say which");
    assert_run(RUN_AS("admin", NULL, "notify", "resend", "--all", "--dry-run"), 0, "Would be sent again  5", "");
    assert_run(RUN_AS("admin", NULL, "notify", "resend", "--all"), 2, "", "--yes");
    assert_run(RUN_AS("admin", "n\n", "notify", "resend", "--state", "failed"), 1, "", "nothing was sent again");
    assert_run(RUN_AS("admin", NULL, "notify", "resend", "--state", "held", "--yes"), 2, "", "--state");
    cr_assert_eq(scene.resent, 0);
    assert_run(RUN_AS("admin", NULL, "notify", "resend", FAKE_TOKEN_ID), 0, "Sent again  1", "");
    cr_assert_eq(scene.resent, 1);
    cr_assert(scene.had_a_key);
    assert_run(RUN_AS("admin", "y\n", "notify", "resend", "--kind", "checkin"), 0, "Sent again  5",
               "5 notifications are sent again? [y/N]");
    assert_run(RUN_AS("admin", NULL, "notify", "resend", "--all", "--yes", "-o", "json"), 0, "\"resent\":\t5", "");
    cr_assert_eq(scene.resent, 11);
}

Test(ctl_remote, what_is_not_sent_again_is_told_with_the_reason)
{
    scene.resends_nothing = true;
    assert_run(RUN_AS("admin", NULL, "notify", "resend", FAKE_TOKEN_ID), 1, "it was delivered", "");
    assert_run(RUN_AS("admin", NULL, "notify", "resend", "01935f6e-7c1a-7000-8000-0000000000aa", "-o", "json"), 1,
               "\"why\":\t\"there is no such notification\"", "");
    assert_run(RUN_AS("admin", NULL, "notify", "resend", "--all", "--yes"), 0, "none of those that match failed", "");
}
