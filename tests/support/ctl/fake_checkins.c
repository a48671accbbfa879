#include "fake_checkins.h"

#include <stdio.h>
#include <string.h>

#include "rpc/call.h"

/* Strings of messages are char *, and literals are const. */
static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

static struct fake_checkin_scene *scene_of(Fam__V1__CheckinService_Service *service)
{
    return &((struct fake_checkins *)service)->scene->checkin;
}

static void keep_call(struct fake_checkin_scene *scene, const struct fam_call *call)
{
    snprintf(scene->reason, sizeof(scene->reason), "%s", fam_call_reason(call));
    scene->had_a_key = fam_call_idempotency_key(call)[0] != '\0';
}

/* The evening's, with a pause. */
static void fake_get_schedule(Fam__V1__CheckinService_Service *service, const Fam__V1__GetScheduleRequest *request,
                              Fam__V1__GetScheduleResponse_Closure closure, void *closure_data)
{
    (void)request;
    Fam__V1__GetScheduleResponse response = FAM__V1__GET_SCHEDULE_RESPONSE__INIT;
    Fam__V1__CheckinSchedule schedule = FAM__V1__CHECKIN_SCHEDULE__INIT;
    Fam__V1__CheckinTime evening = FAM__V1__CHECKIN_TIME__INIT, own = FAM__V1__CHECKIN_TIME__INIT;
    Fam__V1__CheckinTime *times[] = {&evening, &own};
    keep_call(scene_of(service), closure_data);
    evening.slot = FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_EVENING;
    evening.local_time = text("20:00");
    evening.next_at_ms = 9000;
    own.slot = FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_OWN;
    own.local_time = text("06:45");
    own.next_at_ms = 4000;
    schedule.times = times;
    schedule.n_times = 2;
    schedule.time_zone = text("Europe/Moscow");
    schedule.reminder_minutes = 10;
    schedule.quiet_from = text("22:00");
    schedule.quiet_until = text("07:00");
    schedule.paused_until_ms = 86400000;
    schedule.weekly_report = true;
    schedule.consents = true;
    response.schedule = &schedule;
    closure(&response, closure_data);
}

static void fake_list_checkins(Fam__V1__CheckinService_Service *service, const Fam__V1__ListCheckinsRequest *request,
                               Fam__V1__ListCheckinsResponse_Closure closure, void *closure_data)
{
    Fam__V1__ListCheckinsResponse response = FAM__V1__LIST_CHECKINS_RESPONSE__INIT;
    Fam__V1__Checkin checkin = FAM__V1__CHECKIN__INIT;
    Fam__V1__Checkin *checkins[] = {&checkin};
    Fam__V1__CheckinAnswer answer = FAM__V1__CHECKIN_ANSWER__INIT;
    Fam__V1__CheckinAnswer *answers[] = {&answer};
    bool one = request->checkin_id[0] != '\0', first = !one && request->page_token[0] == '\0';
    keep_call(scene_of(service), closure_data);
    answer.question_id = text("mood");
    answer.question = text("How was the day?");
    answer.option_id = text("2");
    answer.answer = text("It was hard");
    checkin.checkin_id = text(first ? FAKE_TOKEN_ID : FAKE_CHECKIN_ID);
    checkin.slot = FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_EVENING;
    checkin.state =
        first ? FAM__V1__CHECKIN_STATE__CHECKIN_STATE_MISSED : FAM__V1__CHECKIN_STATE__CHECKIN_STATE_COMPLETED;
    checkin.due_at_ms = 1000;
    checkin.answers = answers;
    checkin.n_answers = first ? 0 : 1;
    checkin.asked = 3;
    response.checkins = checkins;
    response.n_checkins = one && strcmp(request->checkin_id, FAKE_CHECKIN_ID) != 0 ? 0 : 1;
    response.next_page_token = text(first ? FAKE_TOKEN_ID : "");
    closure(&response, closure_data);
}

static void fill_child(Fam__V1__ReportChild *child, Fam__V1__ReportEmotion **emotions, Fam__V1__ReportWorked **worked)
{
    child->child_id = text(FAKE_TOKEN_ID);
    child->name = text("Molly");
    child->entries = 5;
    child->trend = FAM__V1__TREND__TREND_BETTER;
    child->emotions = emotions;
    child->n_emotions = 1;
    child->worked = worked;
    child->n_worked = 1;
}

static void fake_get_report(Fam__V1__CheckinService_Service *service, const Fam__V1__GetReportRequest *request,
                            Fam__V1__GetReportResponse_Closure closure, void *closure_data)
{
    struct fake_checkin_scene *scene = scene_of(service);
    Fam__V1__GetReportResponse response = FAM__V1__GET_REPORT_RESPONSE__INIT;
    Fam__V1__Report report = FAM__V1__REPORT__INIT;
    Fam__V1__Date date = FAM__V1__DATE__INIT;
    Fam__V1__ReportDay day = FAM__V1__REPORT_DAY__INIT;
    Fam__V1__ReportDay *days[] = {&day};
    Fam__V1__ReportEmotion emotion = FAM__V1__REPORT_EMOTION__INIT;
    Fam__V1__ReportEmotion *emotions[] = {&emotion};
    Fam__V1__ReportWorked kind = FAM__V1__REPORT_WORKED__INIT;
    Fam__V1__ReportWorked *worked[] = {&kind};
    Fam__V1__ReportChild child = FAM__V1__REPORT_CHILD__INIT;
    Fam__V1__ReportChild *children[] = {&child};
    char *steps[] = {text("Go for a walk together.")};
    keep_call(scene, closure_data);
    snprintf(scene->report, sizeof(scene->report), "%s", request->report_id);
    scene->period = request->period;
    scene->picture = request->picture;
    date.year = 2026;
    date.month = 11;
    date.day = 29;
    day.date = &date;
    day.mood = 6.25;
    day.checkins = 2;
    emotion.emotion = FAM__V1__EMOTION__EMOTION_ANGER;
    emotion.count = 4;
    kind.kind = FAM__V1__RESPONSE_KIND__RESPONSE_KIND_GIVE_SPACE;
    kind.helped = 3;
    kind.rated = 4;
    fill_child(&child, emotions, worked);
    report.report_id = text(FAKE_TOKEN_ID);
    report.period = request->period;
    report.mood = 6.25;
    report.days = days;
    report.n_days = 1;
    report.emotions = emotions;
    report.n_emotions = 1;
    report.children = children;
    report.n_children = 1;
    report.steps = steps;
    report.n_steps = 1;
    response.report = &report;
    if (request->picture && !scene->without_picture) {
        response.picture = (ProtobufCBinaryData){.data = (uint8_t *)text(FAKE_PICTURE), .len = FAKE_PICTURE_SIZE};
    }
    closure(&response, closure_data);
}

static void fake_list_reports(Fam__V1__CheckinService_Service *service, const Fam__V1__ListReportsRequest *request,
                              Fam__V1__ListReportsResponse_Closure closure, void *closure_data)
{
    Fam__V1__ListReportsResponse response = FAM__V1__LIST_REPORTS_RESPONSE__INIT;
    Fam__V1__ReportSummary summary = FAM__V1__REPORT_SUMMARY__INIT;
    Fam__V1__ReportSummary *summaries[] = {&summary};
    keep_call(scene_of(service), closure_data);
    summary.report_id = text(FAKE_TOKEN_ID);
    summary.period = FAM__V1__REPORT_PERIOD__REPORT_PERIOD_QUARTER;
    summary.created_at_ms = 1000;
    response.reports = summaries;
    response.n_reports = 1;
    response.next_page_token = text(request->page_size == 1 ? FAKE_TOKEN_ID : "");
    closure(&response, closure_data);
}

FAKE_OPS_METHOD(send_checkin, SendCheckin)
{
    struct fake_checkin_scene *scene = &fake_ops_scene(service)->checkin;
    Fam__V1__SendCheckinResponse response = FAM__V1__SEND_CHECKIN_RESPONSE__INIT;
    bool sends = !request->dry_run && scene->not_sent == FAM__V1__NOT_SENT__NOT_SENT_UNSPECIFIED;
    keep_call(scene, closure_data);
    scene->slot = request->slot;
    scene->sent += sends ? 1 : 0;
    response.not_sent = scene->not_sent;
    response.slot = FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_MORNING;
    response.notification_id = text(sends ? FAKE_TOKEN_ID : "");
    closure(&response, closure_data);
}

FAKE_OPS_METHOD(send_report, SendReport)
{
    struct fake_checkin_scene *scene = &fake_ops_scene(service)->checkin;
    Fam__V1__SendReportResponse response = FAM__V1__SEND_REPORT_RESPONSE__INIT;
    bool sends = !request->dry_run && scene->not_sent == FAM__V1__NOT_SENT__NOT_SENT_UNSPECIFIED;
    keep_call(scene, closure_data);
    scene->sent += sends ? 1 : 0;
    response.not_sent = scene->not_sent;
    response.notification_id = text(sends ? FAKE_TOKEN_ID : "");
    response.report_id = text(sends ? FAKE_CHECKIN_ID : "");
    closure(&response, closure_data);
}

/* Methods that no command calls. */
#define FAKE_SILENT(name, Method)                                                                                      \
    static void fake_##name(Fam__V1__CheckinService_Service *service, const Fam__V1__##Method##Request *request,       \
                            Fam__V1__##Method##Response_Closure closure, void *closure_data)                           \
    {                                                                                                                  \
        (void)service;                                                                                                 \
        (void)request;                                                                                                 \
        closure(NULL, closure_data);                                                                                   \
    }
FAKE_SILENT(set_schedule, SetSchedule)
FAKE_SILENT(pause_schedule, PauseSchedule)
FAKE_SILENT(start_checkin, StartCheckin)
FAKE_SILENT(answer_question, AnswerQuestion)
FAKE_SILENT(skip_checkin, SkipCheckin)

void fake_checkins_init(struct fake_checkins *checkins, struct fake_scene *scene)
{
    static const Fam__V1__CheckinService_Service CHECKINS = FAM__V1__CHECKIN_SERVICE__INIT(fake_);
    *checkins = (struct fake_checkins){.base = CHECKINS, .scene = scene};
}
