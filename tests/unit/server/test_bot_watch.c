/* What the bots tell of themselves becomes the check "telegram". */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "health/bot_watch.h"

static uint64_t clock_ms;

static uint64_t now_ms(void)
{
    return clock_ms;
}

static struct fam_bot_watch *make(void)
{
    struct fam_status status;
    clock_ms = 1000;
    struct fam_bot_watch *watch = fam_bot_watch_new(now_ms, &status);
    cr_assert_not_null(watch, "%s", status.message);
    return watch;
}

static void report(struct fam_bot_watch *watch, const char *name, bool polled, uint32_t age_ms)
{
    const struct fam_bot_report report = {.polled = polled, .poll_age_ms = age_ms};
    (void)fam_bot_watch_report(watch, name, &report);
}

static void expect(struct fam_bot_watch *watch, enum fam_health_state wanted, const char *part)
{
    char reason[FAM_HEALTH_REASON_SIZE] = "";
    cr_expect_eq(fam_bot_watch_state(watch, reason), wanted, "%s", reason);
    cr_expect(part[0] == '\0' ? reason[0] == '\0' : strstr(reason, part) != NULL, "\"%s\" says nothing of \"%s\"",
              reason, part);
}

Test(bot_watch, nothing_is_held_against_a_bot_that_has_not_reported_in_the_first_minute)
{
    struct fam_bot_watch *watch = make();
    expect(watch, FAM_HEALTH_HEALTHY, "");
    clock_ms += FAM_BOT_SILENT_MS;
    expect(watch, FAM_HEALTH_HEALTHY, "");
    clock_ms += 1;
    expect(watch, FAM_HEALTH_DEGRADED, "no bot has reported");
    fam_bot_watch_free(watch);
}

Test(bot_watch, a_bot_that_polls_is_well_until_it_falls_silent)
{
    struct fam_bot_watch *watch = make();
    report(watch, "1", true, 50000);
    expect(watch, FAM_HEALTH_HEALTHY, "");
    clock_ms += FAM_BOT_SILENT_MS;
    expect(watch, FAM_HEALTH_HEALTHY, "");
    clock_ms += 1;
    expect(watch, FAM_HEALTH_UNHEALTHY, "has not reported");
    report(watch, "1", true, 0);
    expect(watch, FAM_HEALTH_HEALTHY, "");
    fam_bot_watch_free(watch);
}

Test(bot_watch, a_bot_without_answers_of_telegram_is_not_well)
{
    struct fam_bot_watch *watch = make();
    report(watch, "1", false, 0);
    expect(watch, FAM_HEALTH_UNHEALTHY, "no completed poll");
    report(watch, "1", true, FAM_BOT_POLL_MS);
    expect(watch, FAM_HEALTH_HEALTHY, "");
    clock_ms += 1; /* the age at the report goes on growing */
    expect(watch, FAM_HEALTH_UNHEALTHY, "no completed poll");
    fam_bot_watch_free(watch);
}

Test(bot_watch, one_that_stands_by_beside_one_that_polls_is_no_fault_and_one_that_polls_for_all_is_enough)
{
    struct fam_bot_watch *watch = make();
    const struct fam_bot_report standby = {.is_standby = true};
    report(watch, "bot one", true, 0);
    cr_expect(fam_bot_watch_report(watch, "bot two", &standby));
    expect(watch, FAM_HEALTH_HEALTHY, "");
    clock_ms += FAM_BOT_SILENT_MS + 1;
    (void)fam_bot_watch_report(watch, "bot two", &standby);
    expect(watch, FAM_HEALTH_UNHEALTHY, "bot");
    report(watch, "bot two", true, 0);
    expect(watch, FAM_HEALTH_HEALTHY, "");
    fam_bot_watch_free(watch);
}

Test(bot_watch, bots_that_all_stand_by_are_not_well)
{
    struct fam_bot_watch *watch = make();
    const struct fam_bot_report standby = {.is_standby = true, .polled = true};
    (void)fam_bot_watch_report(watch, "bot one", &standby);
    (void)fam_bot_watch_report(watch, "bot two", &standby);
    expect(watch, FAM_HEALTH_UNHEALTHY, "stand by");
    fam_bot_watch_free(watch);
}

Test(bot_watch, a_bot_that_is_behind_lowers_health_and_no_more)
{
    struct fam_bot_watch *watch = make();
    struct fam_bot_report report = {.polled = true, .unhandled = FAM_BOT_BEHIND - 1};
    cr_expect(fam_bot_watch_report(watch, "1", &report), "it is new");
    expect(watch, FAM_HEALTH_HEALTHY, "");
    report.unhandled = FAM_BOT_BEHIND;
    cr_expect_not(fam_bot_watch_report(watch, "1", &report), "it is known");
    expect(watch, FAM_HEALTH_DEGRADED, "behind");
    clock_ms += FAM_BOT_SILENT_MS + 1;
    cr_expect(fam_bot_watch_report(watch, "1", &report), "it is back after a silence");
    fam_bot_watch_free(watch);
}

Test(bot_watch, one_bot_that_is_well_is_enough)
{
    struct fam_bot_watch *watch = make();
    report(watch, "1", false, 0);
    report(watch, "2", true, 0);
    expect(watch, FAM_HEALTH_HEALTHY, "");
    fam_bot_watch_free(watch);
}

Test(bot_watch, the_silent_ones_are_forgotten_first)
{
    struct fam_bot_watch *watch = make();
    report(watch, "well", true, 0);
    for (int i = 0; i < 20; i++) {
        char name[16];
        clock_ms += 10;
        snprintf(name, sizeof(name), "bot-%d", i);
        report(watch, name, false, 0);
        report(watch, "well", true, 0);
    }
    expect(watch, FAM_HEALTH_HEALTHY, "");
    fam_bot_watch_free(watch);
}
