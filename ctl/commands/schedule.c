/* schedule list: what is due when. */
#include <string.h>

#include "commands/commands.h"
#include "ctl.h"
#include "fam/v1/ops.pb-c.h"

static char *flag_text(const struct fam_ctl *ctl, const char *flag)
{
    static char nothing[] = "";
    const char *value = fam_parsed_value(ctl->parsed, flag);
    return value == NULL ? nothing : (char *)(uintptr_t)value;
}

/* "each 300 s", "10:00 Europe/Moscow", "Sun 10:00 Europe/Moscow". */
static void rule_words(const Fam__V1__Schedule *schedule, char *ret_words, size_t size)
{
    static const char *const DAYS[] = {"", "Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun "};
    size_t day =
        schedule->weekday >= 0 && (size_t)schedule->weekday < FAM_ARRAY_SIZE(DAYS) ? (size_t)schedule->weekday : 0;
    if (schedule->every_ms > 0) {
        (void)snprintf(ret_words, size, "each %.6g s", (double)schedule->every_ms / 1000);
    } else {
        (void)snprintf(ret_words, size, "%s%s %s", DAYS[day], schedule->local_time, schedule->time_zone);
    }
}

static void show(struct fam_out *out, const Fam__V1__ListSchedulesResponse *response)
{
    static const struct fam_column COLUMNS[] = {{"next_at", "NEXT AT"},
                                                {"job", "JOB"},
                                                {"name", "NAME"},
                                                {"rule", "WHEN"},
                                                {"enabled", "ON"},
                                                {"last_due_at", "LAST DUE AT"},
                                                {"last_outcome", "OUTCOME"},
                                                {"family_id", "FAMILY"},
                                                {"user_id", "USER"},
                                                {"schedule_id", "ID"}};
    fam_out_table(out, "schedules", COLUMNS, FAM_ARRAY_SIZE(COLUMNS), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_schedules; i++) {
        const Fam__V1__Schedule *schedule = response->schedules[i];
        char rule[320];
        rule_words(schedule, rule, sizeof(rule));
        fam_out_cell(out, FAM_TIME(schedule->next_at_ms));
        fam_out_cell(out, FAM_TEXT(schedule->job));
        fam_out_cell(out, FAM_TEXT(schedule->name));
        fam_out_cell(out, FAM_TEXT(rule));
        fam_out_cell(out, FAM_YES_NO(schedule->enabled));
        fam_out_cell(out, FAM_TIME(schedule->last_due_at_ms));
        fam_out_cell(out, FAM_TEXT(schedule->last_outcome));
        fam_out_cell(out, FAM_TEXT(schedule->family_id));
        fam_out_cell(out, FAM_TEXT(schedule->user_id));
        fam_out_cell(out, FAM_TEXT(schedule->schedule_id));
    }
    if (response->next_page_token[0] != '\0') {
        fam_out_field(out, "next", "More with --after", FAM_TEXT(response->next_page_token));
    }
}

enum fam_code fam_ctl_schedule_list(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__ListSchedulesRequest request = FAM__V1__LIST_SCHEDULES_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    request.page_size = (int32_t)fam_parsed_number(ctl->parsed, "--limit", 20);
    request.page_token = flag_text(ctl, "--after");
    request.job = flag_text(ctl, "--job");
    request.family_id = flag_text(ctl, "--family");
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, list_schedules, &rpc, &request, status);
    if (code == FAM_OK) {
        show(&ctl->out, (const Fam__V1__ListSchedulesResponse *)fam_rpc_response(&rpc));
    }
    fam_rpc_done(&rpc);
    return code;
}
