/* PersonalRowOverdue from its cause to its rule: a family's rows grow too old while the sweep is held up, famserver
 * counts them, and what its page then says makes the shipped rule fire; what it says before does not. promtool, which
 * runs the rule over twenty minutes at once, stands for Prometheus; that such an alert reaches its receiver is
 * test_e2e_alerts's. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system.h"

enum { PAGE_BYTES = 1 << 20, DAY_S = 86400, OUT_BYTES = 16384 };

static const char METRIC[] = "family_emotions_overdue_personal_row_seconds";

static struct system s;
static char page[PAGE_BYTES], out[OUT_BYTES];

/* The metric's line without its value; "" when the page lacks it. Its value is in *ret_value. */
static void read_metric(char ret_series[128], double *ret_value)
{
    ret_series[0] = '\0';
    cr_assert_eq(system_get(s.http_port, "/metrics", page, sizeof(page)), 200);
    for (const char *line = page; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n' ? 1 : 0;
        const char *blank = strchr(line, ' ');
        if (strncmp(line, METRIC, strlen(METRIC)) == 0 && blank != NULL) {
            snprintf(ret_series, 128, "%.*s", (int)(blank - line), line);
            *ret_value = strtod(blank, NULL);
            return;
        }
    }
}

static bool is_counted(void *context)
{
    char series[128];
    double value = -1;
    read_metric(series, &value);
    return series[0] != '\0' && value >= *(const double *)context;
}

/* The number that famserver shows once it has counted, which must become `least` seconds or more. */
static double count_anew(double least)
{
    char series[128];
    double value = -1;
    cr_assert(
        pg_server_sql(s.pg.conninfo, "UPDATE schedules SET next_at = now() WHERE job = 'refresh_metrics'", NULL, 0));
    cr_assert(proc_wait_until(is_counted, &least, SYSTEM_READY_MS), "it is not counted:\n%.4000s",
              strstr(page, METRIC) != NULL ? strstr(page, METRIC) : "");
    read_metric(series, &value);
    return value;
}

/* Is this what the rule does when the page says `value` for twenty minutes? Names and labels are the page's own. */
static bool rule_does(bool fire, double value)
{
    char path[128], series[128];
    double now = 0;
    read_metric(series, &now);
    cr_assert_str_eq(series, METRIC);
    snprintf(path, sizeof(path), "%s/overdue.test.yml", s.dir);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    fprintf(file,
            "rule_files: [" FAM_SOURCE_DIR "/alerts/rules/resources.rules.yml]\n"
            "evaluation_interval: 1m\n"
            "tests:\n"
            "  - interval: 1m\n"
            "    input_series: [{series: '%s{job=\"famserver\",instance=\"a\"}', values: '%.0fx20'}]\n"
            "    promql_expr_test:\n"
            "      - expr: count(ALERTS{alertname=\"PersonalRowOverdue\",alertstate=\"firing\"})\n"
            "        eval_time: 20m\n"
            "        exp_samples: [%s]\n",
            series, value, fire ? "{labels: '{}', value: 1}" : "");
    cr_assert_eq(fclose(file), 0);
    const char *const argv[] = {"promtool", "test", "rules", path, NULL};
    return proc_run(argv, NULL, NULL, out, sizeof(out)) == 0;
}

static void age_entries(int days)
{
    char sql[160];
    snprintf(sql, sizeof(sql), "UPDATE emotion_entries SET created_at = now() - INTERVAL '%d days'", days);
    cr_assert(pg_server_sql(s.pg.conninfo, sql, NULL, 0));
}

Test(e2e_overdue, rows_that_a_family_does_not_want_kept_any_more_are_told, .timeout = 240)
{
    const char *const promtool[] = {"promtool", "--version", NULL};
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    if (proc_run(promtool, NULL, NULL, page, sizeof(page)) != 0) {
        cr_skip_test("promtool is not installed");
    }
    system_start(&s, NULL);
    cr_assert(pg_server_sql(s.pg.conninfo,
                            "INSERT INTO queue_pauses (type, paused_by) VALUES ('retention_sweep', 'test')", NULL, 0));
    struct person parent = system_family(&s, 7001, 7);
    cr_assert_eq(system_translate(&s, &parent, "Ненавижу тебя!", "t1", &rpc, &status), FAM_OK, "%s", status.message);
    fam_rpc_done(&rpc);
    cr_expect(rule_does(false, count_anew(0)), "all is young: %s", out);
    age_entries(91);
    double late = count_anew(DAY_S - 3600);
    cr_expect_lt(late, 2.0 * DAY_S, "of 90 days that the family has by default");
    cr_expect(rule_does(false, late), "a night that failed is no alarm: %s", out);
    /* The family wants a month: what was late by a day is late by two months. */
    cr_assert(pg_server_sql(s.pg.conninfo, "UPDATE families SET retention_days = 30", NULL, 0));
    late = count_anew(60.0 * DAY_S);
    cr_expect(rule_does(true, late), "%.0f seconds: %s", late, out);
    system_stop(&s);
}
