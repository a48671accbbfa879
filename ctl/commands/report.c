/* report list|show|render|send: what a person was told of a week, a month or a quarter; opened with a reason only. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/uuid.h"
#include "commands/commands.h"
#include "commands/not_sent.h"
#include "commands/shared.h"
#include "ctl.h"
#include "fam/v1/checkin.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "words.h"

static struct fam_uuid user_flag(const struct fam_ctl *ctl)
{
    struct fam_uuid user_id = {{0}};
    (void)fam_uuid_parse(fam_parsed_value(ctl->parsed, "--user"), &user_id);
    return user_id;
}

/* ---- list ---- */

static void show_list(struct fam_out *out, const Fam__V1__ListReportsResponse *response)
{
    static const struct fam_column columns[] = {
        {"report_id", "ID"}, {"period", "PERIOD"}, {"from", "FROM"}, {"until", "UNTIL"}, {"created_at", "MADE AT"}};
    fam_out_table(out, "reports", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_reports; i++) {
        const Fam__V1__ReportSummary *report = response->reports[i];
        fam_out_cell(out, FAM_TEXT(report->report_id));
        fam_ctl_word_cell(out, &fam__v1__report_period__descriptor, (int)report->period);
        fam_out_cell(out, FAM_TIME(report->from_ms));
        fam_out_cell(out, FAM_TIME(report->until_ms));
        fam_out_cell(out, FAM_TIME(report->created_at_ms));
    }
    fam_ctl_show_next(out, response->next_page_token);
}

enum fam_code fam_ctl_report_list(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__ListReportsRequest request = FAM__V1__LIST_REPORTS_REQUEST__INIT;
    const struct fam_uuid user_id = user_flag(ctl);
    const struct fam_rpc_options options = fam_ctl_opening_call(ctl, &user_id);
    struct fam_rpc rpc;
    request.page_size = (int32_t)fam_parsed_number(ctl->parsed, "--limit", 20);
    request.page_token = fam_ctl_flag_text(ctl, "--after");
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__checkin_service, list_reports, &rpc, &request, status);
    if (code == FAM_OK) {
        show_list(&ctl->out, (const Fam__V1__ListReportsResponse *)fam_rpc_response(&rpc));
    }
    fam_rpc_done(&rpc);
    return code;
}

/* ---- one report ---- */

/* One of the archive, or the one of --period until now; the caller ends *rpc. */
static enum fam_code get(struct fam_ctl *ctl, bool picture, struct fam_rpc *rpc,
                         const Fam__V1__GetReportResponse **ret_response, struct fam_status *status)
{
    Fam__V1__GetReportRequest request = FAM__V1__GET_REPORT_REQUEST__INIT;
    const struct fam_uuid user_id = user_flag(ctl);
    const struct fam_rpc_options options = fam_ctl_opening_call(ctl, &user_id);
    request.period = (Fam__V1__ReportPeriod)fam_ctl_flag_enum(ctl, "--period", &fam__v1__report_period__descriptor);
    if (request.period == FAM__V1__REPORT_PERIOD__REPORT_PERIOD_UNSPECIFIED) {
        request.period = FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK;
    }
    if (ctl->parsed->argument_count > 0) {
        request.report_id = ctl->parsed->arguments[0];
    }
    request.picture = picture;
    fam_rpc_init(rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__checkin_service, get_report, rpc, &request, status);
    *ret_response = code == FAM_OK ? (const Fam__V1__GetReportResponse *)fam_rpc_response(rpc) : NULL;
    if (code == FAM_OK && (*ret_response)->report == NULL) {
        code = fam_fail(status, FAM_INTERNAL, "the server left the report out");
    }
    return code;
}

/* "6.4"; "" when there is none. */
static void mood_words(double mood, char ret_words[16])
{
    ret_words[0] = '\0';
    if (mood > 0) {
        (void)snprintf(ret_words, 16, "%.1f", mood);
    }
}

static void word_field(struct fam_out *out, const char *key, const char *title,
                       const ProtobufCEnumDescriptor *descriptor, int value)
{
    char word[FAM_WORD_SIZE];
    fam_word_from_enum(descriptor, value, word);
    fam_out_field(out, key, title, FAM_TEXT(word));
}

static void show_fields(struct fam_out *out, const Fam__V1__Report *report)
{
    char mood[16];
    mood_words(report->mood, mood);
    fam_out_field(out, "report_id", "Id", FAM_TEXT(report->report_id));
    word_field(out, "period", "Period", &fam__v1__report_period__descriptor, (int)report->period);
    fam_out_field(out, "from", "From", FAM_TIME(report->from_ms));
    fam_out_field(out, "until", "Until", FAM_TIME(report->until_ms));
    fam_out_field(out, "created_at", "Made at", FAM_TIME(report->created_at_ms));
    fam_out_field(out, "time_zone", "Time zone", FAM_TEXT(report->time_zone));
    word_field(out, "language", "Language", &fam__v1__language__descriptor, (int)report->language);
    fam_out_field(out, "entries", "Entries", FAM_NUMBER(report->entries));
    fam_out_field(out, "checkins", "Check-ins answered", FAM_NUMBER(report->checkins));
    fam_out_field(out, "mood", "Mood, 2 to 10", FAM_TEXT(mood));
    word_field(out, "trend", "Trend", &fam__v1__trend__descriptor, (int)report->trend);
    fam_out_field(out, "is_empty", "Empty", FAM_YES_NO(report->is_empty));
    fam_out_field(out, "attention", "Needs attention", FAM_WORDS(report->attention, report->n_attention));
    fam_out_field(out, "positive", "Good moments", FAM_WORDS(report->positive, report->n_positive));
    fam_out_field(out, "steps", "Steps", FAM_WORDS(report->steps, report->n_steps));
    fam_out_field(out, "kind_words", "Kind words", FAM_TEXT(report->kind_words));
}

static void show_days(struct fam_out *out, const Fam__V1__Report *report)
{
    static const struct fam_column columns[] = {
        {"date", "DAY"}, {"mood", "MOOD"}, {"checkins", "CHECK-INS"}, {"entries", "ENTRIES"}};
    fam_out_table(out, "days", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < report->n_days; i++) {
        const Fam__V1__ReportDay *day = report->days[i];
        char date[40] = "", mood[16];
        if (day->date != NULL) {
            (void)snprintf(date, sizeof(date), "%04d-%02d-%02d", day->date->year, day->date->month, day->date->day);
        }
        mood_words(day->mood, mood);
        fam_out_cell(out, FAM_TEXT(date));
        fam_out_cell(out, FAM_TEXT(mood));
        fam_out_cell(out, FAM_NUMBER(day->checkins));
        fam_out_cell(out, FAM_NUMBER(day->entries));
    }
}

/* Of all, then of each child: "anger 4". */
static void show_emotions(struct fam_out *out, const Fam__V1__Report *report)
{
    static const struct fam_column columns[] = {{"child_id", "CHILD"}, {"emotion", "EMOTION"}, {"count", "COUNT"}};
    fam_out_table(out, "emotions", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t c = 0; c <= report->n_children; c++) {
        const Fam__V1__ReportChild *child = c == 0 ? NULL : report->children[c - 1];
        size_t count = child == NULL ? report->n_emotions : child->n_emotions;
        Fam__V1__ReportEmotion *const *emotions = child == NULL ? report->emotions : child->emotions;
        for (size_t i = 0; i < count; i++) {
            fam_out_cell(out, FAM_TEXT(child == NULL ? "" : child->child_id));
            fam_ctl_word_cell(out, &fam__v1__emotion__descriptor, (int)emotions[i]->emotion);
            fam_out_cell(out, FAM_NUMBER(emotions[i]->count));
        }
    }
}

static void show_children(struct fam_out *out, const Fam__V1__Report *report)
{
    static const struct fam_column children[] = {
        {"child_id", "CHILD"}, {"name", "NAME"}, {"entries", "ENTRIES"}, {"trend", "TREND"}};
    static const struct fam_column worked[] = {
        {"child_id", "CHILD"}, {"kind", "ANSWER"}, {"helped", "HELPED"}, {"rated", "RATED"}};
    fam_out_table(out, "children", children, FAM_ARRAY_SIZE(children), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < report->n_children; i++) {
        fam_out_cell(out, FAM_TEXT(report->children[i]->child_id));
        fam_out_cell(out, FAM_TEXT(report->children[i]->name));
        fam_out_cell(out, FAM_NUMBER(report->children[i]->entries));
        fam_ctl_word_cell(out, &fam__v1__trend__descriptor, (int)report->children[i]->trend);
    }
    fam_out_table(out, "worked", worked, FAM_ARRAY_SIZE(worked), FAM_LAYOUT_COLUMNS);
    for (size_t c = 0; c < report->n_children; c++) {
        for (size_t i = 0; i < report->children[c]->n_worked; i++) {
            const Fam__V1__ReportWorked *kind = report->children[c]->worked[i];
            fam_out_cell(out, FAM_TEXT(report->children[c]->child_id));
            fam_ctl_word_cell(out, &fam__v1__response_kind__descriptor, (int)kind->kind);
            fam_out_cell(out, FAM_NUMBER(kind->helped));
            fam_out_cell(out, FAM_NUMBER(kind->rated));
        }
    }
}

enum fam_code fam_ctl_report_show(struct fam_ctl *ctl, struct fam_status *status)
{
    const Fam__V1__GetReportResponse *response = NULL;
    struct fam_rpc rpc;
    enum fam_code code = get(ctl, false, &rpc, &response, status);
    if (code == FAM_OK) {
        show_fields(&ctl->out, response->report);
        show_days(&ctl->out, response->report);
        show_emotions(&ctl->out, response->report);
        show_children(&ctl->out, response->report);
    }
    fam_rpc_done(&rpc);
    return code;
}

/* ---- the picture ---- */

/* A file that is not whole does not stay. */
static enum fam_code write_picture(const char *path, const ProtobufCBinaryData *picture, struct fam_status *status)
{
    FILE *file = NULL;
    enum fam_code code = fam_ctl_new_file(path, &file, status);
    if (code != FAM_OK) {
        return code;
    }
    bool whole = fwrite(picture->data, 1, picture->len, file) == picture->len;
    int error = errno;
    if (fclose(file) != 0 && whole) {
        whole = false;
        error = errno;
    }
    if (!whole) {
        (void)unlink(path);
        return fam_fail(status, FAM_UNKNOWN, "%s can't be written: %s", path, strerror(error));
    }
    return FAM_OK;
}

enum fam_code fam_ctl_report_render(struct fam_ctl *ctl, struct fam_status *status)
{
    const char *path = fam_parsed_value(ctl->parsed, "--out");
    const Fam__V1__GetReportResponse *response = NULL;
    struct fam_rpc rpc;
    enum fam_code code = get(ctl, true, &rpc, &response, status);
    if (code == FAM_OK && response->picture.len == 0) {
        code = fam_fail(status, FAM_INTERNAL, "the server left the picture out");
    }
    if (code == FAM_OK) {
        code = write_picture(path, &response->picture, status);
    }
    if (code == FAM_OK) {
        fam_out_field(&ctl->out, "report_id", "Report", FAM_TEXT(response->report->report_id));
        fam_out_field(&ctl->out, "file", "File", FAM_TEXT(path));
        fam_out_field(&ctl->out, "bytes", "Bytes", FAM_NUMBER(response->picture.len));
    }
    fam_rpc_done(&rpc);
    return code;
}

/* ---- send ---- */

enum fam_code fam_ctl_report_send(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__SendReportRequest request = FAM__V1__SEND_REPORT_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    char key[FAM_CTL_KEY_SIZE];
    struct fam_rpc rpc;
    fam_ctl_key(key);
    options.idempotency_key = key;
    options.reason = fam_parsed_value(ctl->parsed, "--reason");
    request.user_id = ctl->parsed->arguments[0];
    request.dry_run = fam_ctl_is_dry_run(ctl);
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, send_report, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__SendReportResponse *response = (const Fam__V1__SendReportResponse *)fam_rpc_response(&rpc);
        fam_ctl_show_sent(ctl, response->not_sent, response->notification_id);
        fam_out_field(&ctl->out, "report_id", "Report", FAM_TEXT(response->report_id));
    }
    fam_rpc_done(&rpc);
    return code;
}
