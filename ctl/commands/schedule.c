/* schedule list|show: what is due when; of a family with what each member wants. */
#include <stdio.h>
#include <string.h>

#include "base/uuid.h"
#include "commands/commands.h"
#include "commands/shared.h"
#include "ctl.h"
#include "fam/v1/checkin.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "words.h"

enum { ALL = 100, TIMES_MAX = 8, TIME_SIZE = 64 };

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
    fam_ctl_show_next(out, response->next_page_token);
}

static enum fam_code list(struct fam_ctl *ctl, const char *job, const char *family_id, int32_t limit,
                          struct fam_status *status)
{
    Fam__V1__ListSchedulesRequest request = FAM__V1__LIST_SCHEDULES_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    request.page_size = limit;
    request.page_token = fam_ctl_flag_text(ctl, "--after");
    request.job = (char *)(uintptr_t)job;
    request.family_id = (char *)(uintptr_t)family_id;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, list_schedules, &rpc, &request, status);
    if (code == FAM_OK) {
        show(&ctl->out, (const Fam__V1__ListSchedulesResponse *)fam_rpc_response(&rpc));
    }
    fam_rpc_done(&rpc);
    return code;
}

enum fam_code fam_ctl_schedule_list(struct fam_ctl *ctl, struct fam_status *status)
{
    return list(ctl, fam_ctl_flag_text(ctl, "--job"), fam_ctl_flag_text(ctl, "--family"),
                (int32_t)fam_parsed_number(ctl->parsed, "--limit", 20), status);
}

/* ---- of a family ---- */

/* "morning 08:00", the earliest due one first as the server has them. */
static void times_cell(struct fam_out *out, const Fam__V1__CheckinSchedule *schedule)
{
    char words[TIMES_MAX][TIME_SIZE], slot[FAM_WORD_SIZE];
    const char *times[TIMES_MAX];
    size_t count = schedule->n_times < TIMES_MAX ? schedule->n_times : TIMES_MAX;
    for (size_t i = 0; i < count; i++) {
        fam_word_from_enum(&fam__v1__checkin_slot__descriptor, (int)schedule->times[i]->slot, slot);
        (void)snprintf(words[i], sizeof(words[i]), "%s %s", slot, schedule->times[i]->local_time);
        times[i] = words[i];
    }
    fam_out_cell(out, FAM_WORDS(times, count));
}

static int64_t next_checkin(const Fam__V1__CheckinSchedule *schedule)
{
    int64_t next_ms = 0;
    for (size_t i = 0; i < schedule->n_times; i++) {
        int64_t at_ms = schedule->times[i]->next_at_ms;
        next_ms = at_ms > 0 && (next_ms == 0 || at_ms < next_ms) ? at_ms : next_ms;
    }
    return next_ms;
}

static void show_person(struct fam_out *out, const struct fam_uuid *user_id, const Fam__V1__CheckinSchedule *schedule)
{
    char user[FAM_UUID_TEXT_SIZE], quiet[32] = "";
    fam_uuid_format(user_id, user);
    if (schedule->quiet_from[0] != '\0') {
        (void)snprintf(quiet, sizeof(quiet), "%.5s-%.5s", schedule->quiet_from, schedule->quiet_until);
    }
    fam_out_cell(out, FAM_TEXT(user));
    fam_out_cell(out, FAM_YES_NO(schedule->consents));
    times_cell(out, schedule);
    fam_out_cell(out, FAM_TIME(next_checkin(schedule)));
    fam_out_cell(out, FAM_NUMBER(schedule->reminder_minutes));
    fam_out_cell(out, FAM_TEXT(quiet));
    fam_out_cell(out, FAM_TIME(schedule->paused_until_ms));
    fam_out_cell(out, FAM_YES_NO(schedule->weekly_report));
}

static enum fam_code add_person(struct fam_ctl *ctl, const struct fam_uuid *user_id, struct fam_status *status)
{
    Fam__V1__GetScheduleRequest request = FAM__V1__GET_SCHEDULE_REQUEST__INIT;
    const struct fam_rpc_options options = fam_ctl_opening_call(ctl, user_id);
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__checkin_service, get_schedule, &rpc, &request, status);
    const Fam__V1__CheckinSchedule *schedule =
        code == FAM_OK ? ((const Fam__V1__GetScheduleResponse *)fam_rpc_response(&rpc))->schedule : NULL;
    if (schedule != NULL) {
        show_person(&ctl->out, user_id, schedule);
    } else if (code == FAM_OK) {
        code = fam_fail(status, FAM_INTERNAL, "the server left the schedule out");
    }
    fam_rpc_done(&rpc);
    return code;
}

enum fam_code fam_ctl_schedule_show(struct fam_ctl *ctl, struct fam_status *status)
{
    static const struct fam_column COLUMNS[] = {{"user_id", "USER"},
                                                {"consents", "CONSENTS"},
                                                {"times", "CHECK-INS"},
                                                {"next_checkin_at", "NEXT AT"},
                                                {"reminder_minutes", "REMINDER, MIN"},
                                                {"quiet_hours", "QUIET HOURS"},
                                                {"paused_until", "PAUSED UNTIL"},
                                                {"weekly_report", "WEEKLY REPORT"}};
    const char *family_id = ctl->parsed->arguments[0];
    struct fam_ctl_people people;
    enum fam_code code = fam_ctl_find_people(ctl, family_id, &people, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_out_field(&ctl->out, "time_zone", "Time zone", FAM_TEXT(people.time_zone));
    fam_out_table(&ctl->out, "people", COLUMNS, FAM_ARRAY_SIZE(COLUMNS), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < people.count && code == FAM_OK; i++) {
        code = add_person(ctl, &people.ids[i], status);
    }
    return code == FAM_OK ? list(ctl, "", family_id, ALL, status) : code;
}
