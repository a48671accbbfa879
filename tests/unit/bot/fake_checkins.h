/* fake_checkins.h: the part of fake_server.h about check-ins, their hours and reports. Included by it alone.
 *
 * The questions: mood (1 to 5); after "1" or "2": about (school, sleep), then note (words, may be left out); after any
 * other: good (words, may be left out). A complete check-in can be changed. */
#ifndef FAM_TESTS_FAKE_CHECKINS_H
#define FAM_TESTS_FAKE_CHECKINS_H

#include "dialog/hours.h"
#include "fake_server.h"

enum { FAKE_QUESTIONS = 4, FAKE_OPTIONS = 5 };

static const struct fake_question {
    const char *id;
    Fam__V1__QuestionKind kind;
    const char *text;
    size_t option_count;
    const char *option_ids[FAKE_OPTIONS], *labels[FAKE_OPTIONS];
} fake_questions[FAKE_QUESTIONS] = {
    {"mood",
     FAM__V1__QUESTION_KIND__QUESTION_KIND_SCALE,
     "Каким был день?",
     5,
     {"1", "2", "3", "4", "5"},
     {"Очень трудным", "Трудным", "Обычным", "Хорошим", "Очень хорошим"}},
    {"about",
     FAM__V1__QUESTION_KIND__QUESTION_KIND_CHOICE,
     "Что было труднее всего?",
     2,
     {"school", "sleep"},
     {"Школа <1>", "Сон"}},
    {"note", FAM__V1__QUESTION_KIND__QUESTION_KIND_TEXT, "Хотите добавить пару слов?", 0, {0}, {0}},
    {"good", FAM__V1__QUESTION_KIND__QUESTION_KIND_TEXT, "Что было хорошего?", 0, {0}, {0}},
};

static bool fake_is_hard(void)
{
    return strcmp(w.checkin.answers[0], "1") == 0 || strcmp(w.checkin.answers[0], "2") == 0;
}

/* Is it on the way that was taken? */
static bool fake_is_asked(size_t question)
{
    switch (question) {
    case 0:
        return true;
    case 1:
        return w.checkin.answered[0] && fake_is_hard();
    case 2:
        return fake_is_asked(1) && w.checkin.answered[1];
    default:
        return w.checkin.answered[0] && !fake_is_hard();
    }
}

/* The next one without an answer; FAKE_QUESTIONS: there is none. */
static size_t fake_next(void)
{
    for (size_t i = 0; i < FAKE_QUESTIONS; i++)
        if (fake_is_asked(i) && !w.checkin.answered[i])
            return i;
    return FAKE_QUESTIONS;
}

static size_t fake_find(const char *question_id)
{
    size_t i = 0;
    while (i < FAKE_QUESTIONS && strcmp(fake_questions[i].id, question_id) != 0)
        i++;
    return i;
}

static void fake_make_question(size_t index, Fam__V1__Question *question, Fam__V1__QuestionOption *options,
                               Fam__V1__QuestionOption **pointers)
{
    const struct fake_question *from = &fake_questions[index];
    fam__v1__question__init(question);
    question->question_id = TXT(from->id);
    question->kind = from->kind;
    question->text = TXT(from->text);
    question->may_skip = from->kind == FAM__V1__QUESTION_KIND__QUESTION_KIND_TEXT;
    question->options = pointers;
    for (size_t i = 0; i < from->option_count; i++) {
        fam__v1__question_option__init(&options[i]);
        options[i].option_id = TXT(from->option_ids[i]);
        options[i].label = TXT(from->labels[i]);
        pointers[question->n_options++] = &options[i];
    }
    if (w.checkin.answered[index]) {
        question->answer_option = from->option_count > 0 ? w.checkin.answers[index] : TXT("");
        question->answer_text = from->option_count > 0 ? TXT("") : w.checkin.answers[index];
    }
}

static const char *fake_label(size_t question, const char *option_id)
{
    for (size_t i = 0; i < fake_questions[question].option_count; i++)
        if (strcmp(fake_questions[question].option_ids[i], option_id) == 0)
            return fake_questions[question].labels[i];
    return option_id;
}

/* Where it stands; `shown`: the question, FAKE_QUESTIONS for none. */
static void answer_checkin(struct fam_backend_reply *reply, size_t shown, enum fam_backend_method method)
{
    Fam__V1__Checkin checkin = FAM__V1__CHECKIN__INIT;
    Fam__V1__CheckinAnswer answers[FAKE_QUESTIONS], *answer_pointers[FAKE_QUESTIONS];
    Fam__V1__Question question;
    Fam__V1__QuestionOption options[FAKE_OPTIONS], *option_pointers[FAKE_OPTIONS];
    checkin.checkin_id = w.checkin.id;
    checkin.slot = w.checkin.slot;
    checkin.state = w.checkin.state;
    checkin.answers = answer_pointers;
    for (size_t i = 0; i < FAKE_QUESTIONS; i++) {
        if (!fake_is_asked(i) || !w.checkin.answered[i])
            continue;
        Fam__V1__CheckinAnswer *one = &answers[checkin.n_answers];
        fam__v1__checkin_answer__init(one);
        one->question_id = TXT(fake_questions[i].id);
        one->option_id = fake_questions[i].option_count > 0 ? w.checkin.answers[i] : TXT("");
        one->answer = TXT(fake_label(i, w.checkin.answers[i]));
        answer_pointers[checkin.n_answers++] = one;
    }
    Fam__V1__StartCheckinResponse started = FAM__V1__START_CHECKIN_RESPONSE__INIT;
    Fam__V1__AnswerQuestionResponse answered = FAM__V1__ANSWER_QUESTION_RESPONSE__INIT;
    started.checkin = answered.checkin = &checkin;
    if (shown < FAKE_QUESTIONS) {
        fake_make_question(shown, &question, options, option_pointers);
        started.question = answered.question = &question;
    } else {
        started.kind_words = answered.kind_words = TXT("Спасибо, что остановились на минуту.");
    }
    answer(reply, method == FAM_BACKEND_START_CHECKIN ? &started.base : &answered.base);
}

static bool fake_is_open(void)
{
    return w.checkin.state == FAM__V1__CHECKIN_STATE__CHECKIN_STATE_SENT ||
           w.checkin.state == FAM__V1__CHECKIN_STATE__CHECKIN_STATE_STARTED;
}

/* A check-in that was sent at that hour, or begun. */
static inline void fake_begin(Fam__V1__CheckinSlot slot)
{
    int number = w.checkin.number + 1;
    w.checkin =
        (struct world_checkin){.number = number, .slot = slot, .state = FAM__V1__CHECKIN_STATE__CHECKIN_STATE_SENT};
    snprintf(w.checkin.id, sizeof(w.checkin.id), "00000000-0000-7000-8000-0000000003%02x", (unsigned char)number);
}

static enum fam_code start_checkin(const Fam__V1__StartCheckinRequest *request, struct fam_backend_reply *reply,
                                   struct fam_status *status)
{
    if (w.processing != 1)
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CONSENT_REQUIRED", 0, "consent");
    if (request->checkin_id[0] && strcmp(request->checkin_id, w.checkin.id) != 0)
        return fam_fail(status, FAM_NOT_FOUND, "no such check-in");
    if (!request->checkin_id[0] && (!w.checkin.id[0] || !fake_is_open()))
        fake_begin(FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_QUICK);
    size_t asked = fake_find(request->question_id);
    bool is_again = asked < FAKE_QUESTIONS && fake_is_asked(asked) && w.checkin.answered[asked];
    bool is_complete = w.checkin.state == FAM__V1__CHECKIN_STATE__CHECKIN_STATE_COMPLETED && !w.checkin.is_over;
    size_t shown = (fake_is_open() || is_complete) && is_again ? asked : fake_is_open() ? fake_next() : FAKE_QUESTIONS;
    answer_checkin(reply, shown, FAM_BACKEND_START_CHECKIN);
    return FAM_OK;
}

static enum fam_code answer_question(const Fam__V1__AnswerQuestionRequest *request, struct fam_backend_reply *reply,
                                     struct fam_status *status)
{
    size_t question = fake_find(request->question_id);
    if (strcmp(request->checkin_id, w.checkin.id) != 0)
        return fam_fail(status, FAM_NOT_FOUND, "no such check-in");
    if (!fake_is_open() && w.checkin.state != FAM__V1__CHECKIN_STATE__CHECKIN_STATE_COMPLETED)
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CHECKIN_OVER", 0, "over");
    if (question == FAKE_QUESTIONS || !fake_is_asked(question))
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "NOT_ASKED", 0, "not asked");
    bool has_options = fake_questions[question].option_count > 0;
    snprintf(w.checkin.answers[question], sizeof(w.checkin.answers[question]), "%s",
             has_options ? request->option_id : request->text);
    w.checkin.answered[question] = true;
    w.checkin.state = FAM__V1__CHECKIN_STATE__CHECKIN_STATE_STARTED;
    for (size_t i = 0; i < FAKE_QUESTIONS; i++)
        w.checkin.answered[i] = w.checkin.answered[i] && fake_is_asked(i);
    if (fake_next() == FAKE_QUESTIONS)
        w.checkin.state = FAM__V1__CHECKIN_STATE__CHECKIN_STATE_COMPLETED;
    answer_checkin(reply, fake_next(), FAM_BACKEND_ANSWER_QUESTION);
    return FAM_OK;
}

static enum fam_code skip_checkin(const Fam__V1__SkipCheckinRequest *request, struct fam_backend_reply *reply,
                                  struct fam_status *status)
{
    Fam__V1__SkipCheckinResponse response = FAM__V1__SKIP_CHECKIN_RESPONSE__INIT;
    if (strcmp(request->checkin_id, w.checkin.id) != 0)
        return fam_fail(status, FAM_NOT_FOUND, "no such check-in");
    if (!fake_is_open())
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CHECKIN_OVER", 0, "over");
    w.checkin.state = FAM__V1__CHECKIN_STATE__CHECKIN_STATE_SKIPPED;
    answer(reply, &response.base);
    return FAM_OK;
}

/* ---- hours ---- */

static void answer_schedule(struct fam_backend_reply *reply, enum fam_backend_method method)
{
    Fam__V1__CheckinSchedule schedule = FAM__V1__CHECKIN_SCHEDULE__INIT;
    Fam__V1__CheckinTime times[WORLD_TIMES], *pointers[WORLD_TIMES];
    schedule.times = pointers;
    for (size_t i = 0; i < WORLD_TIMES; i++) {
        if (!w.times[i][0])
            continue;
        Fam__V1__CheckinTime *time = &times[schedule.n_times];
        fam__v1__checkin_time__init(time);
        time->slot = (Fam__V1__CheckinSlot)(i + 1);
        time->local_time = w.times[i];
        pointers[schedule.n_times++] = time;
    }
    schedule.time_zone = TXT("Europe/Moscow");
    schedule.reminder_minutes = w.reminder_minutes;
    schedule.quiet_from = w.quiet_from;
    schedule.quiet_until = w.quiet_until;
    schedule.paused_until_ms = w.pause_days > 0 ? w.wall_ms + (int64_t)w.pause_days * 86400000 : 0;
    schedule.weekly_report = w.weekly_report;
    schedule.consents = w.notifications == 1 && w.processing == 1;
    schedule.has_family = w.family;
    Fam__V1__GetScheduleResponse got = FAM__V1__GET_SCHEDULE_RESPONSE__INIT;
    Fam__V1__SetScheduleResponse set = FAM__V1__SET_SCHEDULE_RESPONSE__INIT;
    Fam__V1__PauseScheduleResponse paused = FAM__V1__PAUSE_SCHEDULE_RESPONSE__INIT;
    got.schedule = set.schedule = paused.schedule = &schedule;
    answer(reply, method == FAM_BACKEND_GET_SCHEDULE   ? &got.base
                  : method == FAM_BACKEND_SET_SCHEDULE ? &set.base
                                                       : &paused.base);
}

static enum fam_code set_schedule(const Fam__V1__SetScheduleRequest *request, struct fam_backend_reply *reply,
                                  struct fam_status *status)
{
    if (w.notifications != 1 && request->n_times > 0)
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CONSENT_REQUIRED", 0, "consent");
    for (size_t i = 0; i < request->n_times; i++)
        if (fam_hour_is_within(request->times[i]->local_time, w.quiet_from, w.quiet_until))
            return fam_fail_reason(status, FAM_INVALID_ARGUMENT, "QUIET_HOURS", 0, "quiet");
    for (size_t i = 0; request->set_quiet && i < WORLD_TIMES; i++)
        if (fam_hour_is_within(w.times[i], request->quiet_from, request->quiet_until))
            return fam_fail_reason(status, FAM_INVALID_ARGUMENT, "QUIET_HOURS", 0, "quiet");
    if (request->set_times) {
        memset(w.times, 0, sizeof(w.times));
        for (size_t i = 0; i < request->n_times; i++)
            snprintf(w.times[request->times[i]->slot - 1], sizeof(w.times[0]), "%s", request->times[i]->local_time);
    }
    if (request->set_reminder)
        w.reminder_minutes = request->reminder_minutes;
    if (request->set_quiet) {
        snprintf(w.quiet_from, sizeof(w.quiet_from), "%s", request->quiet_from);
        snprintf(w.quiet_until, sizeof(w.quiet_until), "%s", request->quiet_until);
    }
    if (request->weekly_report)
        w.weekly_report = request->weekly_report == FAM__V1__SWITCH_STATE__SWITCH_STATE_ON;
    answer_schedule(reply, FAM_BACKEND_SET_SCHEDULE);
    return FAM_OK;
}

/* ---- reports ---- */

/* A day of November 2026. */
static Fam__V1__Date fake_date(int day)
{
    Fam__V1__Date date = FAM__V1__DATE__INIT;
    date.year = 2026;
    date.month = 11;
    date.day = day;
    return date;
}

/* Маша of five entries; with report_has_three_children two more without any, and many entries of nobody. */
static void fake_children(Fam__V1__Report *report, Fam__V1__ReportEmotion **emotions)
{
    static Fam__V1__ReportWorked worked_one, *worked[1] = {&worked_one};
    static Fam__V1__ReportChild child, second, third, *children[3] = {&child, &second, &third};
    fam__v1__report_worked__init(&worked_one);
    fam__v1__report_child__init(&child);
    worked_one.kind = FAM__V1__RESPONSE_KIND__RESPONSE_KIND_GIVE_SPACE;
    worked_one.helped = 3;
    worked_one.rated = 4;
    child.name = TXT("Маша");
    child.entries = 5;
    child.trend = FAM__V1__TREND__TREND_BETTER;
    child.trend_is_told = w.report_tells_trends;
    child.emotions = emotions;
    child.worked = worked;
    child.n_emotions = child.n_worked = 1;
    report->children = children;
    report->n_children = 1;
    if (w.report_has_three_children) {
        fam__v1__report_child__init(&second);
        fam__v1__report_child__init(&third);
        second.name = TXT("Константин");
        third.name = TXT("Саша");
        report->n_children = 3;
        report->entries = 46;
        report->checkins = 0;
    }
}

/* Seven days from a Monday on; with `long_words` too much for a caption. */
static void fake_make_report(Fam__V1__Report *report, const char *id, Fam__V1__ReportPeriod period)
{
    static char good[] = "Радость была <чаще> грусти.";
    static char *positive[] = {good}, *steps[3], *attention[3];
    static char long_words[400];
    static Fam__V1__ReportEmotion anger, *emotions[1] = {&anger};
    static Fam__V1__Date dates[2];
    static Fam__V1__ReportDay first, last, *days[2] = {&first, &last};
    fam__v1__report__init(report);
    fam__v1__report_emotion__init(&anger);
    anger.emotion = FAM__V1__EMOTION__EMOTION_ANGER;
    anger.count = 4;
    memset(long_words, 'a', sizeof(long_words) - 1);
    for (int i = 0; i < 3; i++)
        steps[i] = attention[i] = w.report_is_long ? long_words : TXT("Пора лечь пораньше.");
    report->report_id = TXT(id);
    report->period = period;
    report->from_ms = w.wall_ms - (int64_t)7 * 86400000;
    report->until_ms = w.wall_ms;
    report->time_zone = TXT("Europe/Moscow");
    if (w.reports_have_days) {
        fam__v1__report_day__init(&first);
        fam__v1__report_day__init(&last);
        dates[0] = fake_date(23);
        dates[1] = fake_date(29);
        first.date = &dates[0];
        last.date = &dates[1];
        report->days = days;
        report->n_days = 2;
    }
    report->kind_words = TXT("Вы многое замечаете.");
    report->is_empty = w.report_is_empty;
    if (report->is_empty)
        return;
    report->entries = 6;
    report->checkins = 5;
    report->mood = 6.44;
    report->trend = FAM__V1__TREND__TREND_HARDER;
    report->emotions = emotions;
    report->n_emotions = 1;
    report->trend_is_told = w.report_tells_trends;
    report->mood = w.report_has_even_mood ? 5 : report->mood;
    fake_children(report, emotions);
    report->positive = positive;
    report->n_positive = 1;
    report->steps = steps;
    report->attention = attention;
    report->n_steps = report->n_attention = w.report_is_long ? 2 : 1;
}

static enum fam_code get_report(const Fam__V1__GetReportRequest *request, struct fam_backend_reply *reply,
                                struct fam_status *status)
{
    static uint8_t picture[] = {0x89, 'P', 'N', 'G'};
    Fam__V1__GetReportResponse response = FAM__V1__GET_REPORT_RESPONSE__INIT;
    Fam__V1__Report report;
    if (w.report_is_gone && request->report_id[0])
        return fam_fail(status, FAM_NOT_FOUND, "no such report");
    fake_make_report(&report, "00000000-0000-7000-8000-000000000401",
                     request->report_id[0] ? FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK : request->period);
    response.report = &report;
    if (request->picture && !w.report_has_no_picture) {
        response.picture.data = picture;
        response.picture.len = sizeof(picture);
    }
    answer(reply, &response.base);
    return FAM_OK;
}

/* Pages of two. */
static void list_reports(const Fam__V1__ListReportsRequest *request, struct fam_backend_reply *reply)
{
    Fam__V1__ListReportsResponse response = FAM__V1__LIST_REPORTS_RESPONSE__INIT;
    Fam__V1__ReportSummary summaries[2], *pointers[2];
    Fam__V1__Date first_day = fake_date(23), last_day = fake_date(29);
    char ids[2][37], next[16];
    int first = request->page_token[0] ? atoi(request->page_token) : 0;
    response.reports = pointers;
    for (int i = first; i < w.report_count && i < first + 2; i++) {
        Fam__V1__ReportSummary *one = &summaries[i - first];
        fam__v1__report_summary__init(one);
        snprintf(ids[i - first], 37, "00000000-0000-7000-8000-0000000004%02x", (unsigned char)i);
        one->report_id = ids[i - first];
        one->period =
            i % 2 == 0 ? FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK : FAM__V1__REPORT_PERIOD__REPORT_PERIOD_MONTH;
        one->until_ms = w.wall_ms - (int64_t)i * 7 * 86400000;
        one->from_ms = one->until_ms - (int64_t)7 * 86400000;
        one->first_day = w.reports_have_days ? &first_day : NULL;
        one->last_day = w.reports_have_days ? &last_day : NULL;
        pointers[response.n_reports++] = one;
    }
    snprintf(next, sizeof(next), "%d", first + 2);
    response.next_page_token = first + 2 < w.report_count ? next : TXT("");
    answer(reply, &response.base);
}

static enum fam_code checkin_method(const struct fam_backend_call *call, struct fam_backend_reply *reply,
                                    struct fam_status *status)
{
    switch (call->method) {
    case FAM_BACKEND_GET_SCHEDULE:
        answer_schedule(reply, call->method);
        return FAM_OK;
    case FAM_BACKEND_SET_SCHEDULE:
        return set_schedule((const Fam__V1__SetScheduleRequest *)call->request, reply, status);
    case FAM_BACKEND_PAUSE_SCHEDULE:
        w.pause_days = ((const Fam__V1__PauseScheduleRequest *)call->request)->days;
        answer_schedule(reply, call->method);
        return FAM_OK;
    case FAM_BACKEND_START_CHECKIN:
        return start_checkin((const Fam__V1__StartCheckinRequest *)call->request, reply, status);
    case FAM_BACKEND_ANSWER_QUESTION:
        return answer_question((const Fam__V1__AnswerQuestionRequest *)call->request, reply, status);
    case FAM_BACKEND_SKIP_CHECKIN:
        return skip_checkin((const Fam__V1__SkipCheckinRequest *)call->request, reply, status);
    case FAM_BACKEND_GET_REPORT:
        return get_report((const Fam__V1__GetReportRequest *)call->request, reply, status);
    default:
        list_reports((const Fam__V1__ListReportsRequest *)call->request, reply);
        return FAM_OK;
    }
}

#endif
