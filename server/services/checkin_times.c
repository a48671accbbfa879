/* checkin_times.c: when a person is asked: GetSchedule, SetSchedule, PauseSchedule. */
#include <stdio.h>
#include <string.h>

#include "checkin/questions.h"
#include "services/checkin_call.h"
#include "services/reply.h"
#include "store/checkin_settings.h"

static Fam__V1__CheckinTime *reply_time(struct fam_reply *reply, const struct fam_checkin_time *time)
{
    Fam__V1__CheckinTime *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__checkin_time__init(made);
    made->slot = time->slot;
    made->local_time = fam_reply_text(reply, time->local_time);
    made->next_at_ms = time->next_at_ms;
    return made;
}

/* As it is now. */
static enum fam_code show(struct fam_services_context *context, const struct fam_call *call, struct fam_reply *reply,
                          Fam__V1__CheckinSchedule **ret_schedule, struct fam_status *status)
{
    struct fam_checkin_settings settings;
    enum fam_code code = fam_checkin_settings_get(context->store, fam_call_acting_user(call), &settings, status);
    if (code != FAM_OK) {
        return fam_service_hide(status);
    }
    Fam__V1__CheckinSchedule *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return fam_reply_check(reply, status);
    }
    fam__v1__checkin_schedule__init(made);
    made->times = fam_reply_alloc(reply, FAM_CHECKIN_TIMES_MAX * sizeof(*made->times));
    for (size_t i = 0; made->times != NULL && i < settings.time_count; i++) {
        made->times[made->n_times++] = reply_time(reply, &settings.times[i]);
    }
    made->time_zone = fam_reply_text(reply, settings.time_zone);
    made->reminder_minutes = settings.reminder_minutes;
    made->quiet_from = fam_reply_text(reply, settings.quiet_from);
    made->quiet_until = fam_reply_text(reply, settings.quiet_until);
    made->paused_until_ms = settings.paused_until_ms;
    made->weekly_report = settings.weekly_report;
    made->consents = settings.consents;
    made->has_family = settings.has_family;
    *ret_schedule = made;
    return fam_reply_check(reply, status);
}

FAM_CHECKIN_METHOD(get_schedule, GetSchedule)
{
    (void)request;
    struct fam_status status;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__GetScheduleResponse response = FAM__V1__GET_SCHEDULE_RESPONSE__INIT;
    enum fam_code code = show(context, call, &reply, &response.schedule, &status);
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

/* A slot's own hour where none is told. */
static enum fam_code read_time(const Fam__V1__CheckinTime *from, struct fam_checkin_time *ret_time,
                               struct fam_status *status)
{
    const char *own = fam_checkin_slot_time(from->slot);
    const char *time = from->local_time[0] != '\0' ? from->local_time : own;
    if (time == NULL) {
        return fam_fail_field(status, "times", "an own time needs a local_time such as 21:30");
    }
    ret_time->slot = from->slot;
    (void)snprintf(ret_time->local_time, sizeof(ret_time->local_time), "%s", time);
    return FAM_OK;
}

static enum fam_code read_change(const Fam__V1__SetScheduleRequest *request,
                                 struct fam_checkin_settings_change *ret_change, struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    *ret_change = (struct fam_checkin_settings_change){.set_times = request->set_times,
                                                       .set_reminder = request->set_reminder,
                                                       .reminder_minutes = request->reminder_minutes,
                                                       .set_quiet = request->set_quiet,
                                                       .weekly_report = request->weekly_report};
    for (size_t i = 0; code == FAM_OK && i < request->n_times && i < FAM_CHECKIN_TIMES_MAX; i++) {
        code = read_time(request->times[i], &ret_change->times[ret_change->time_count++], status);
    }
    (void)snprintf(ret_change->quiet_from, sizeof(ret_change->quiet_from), "%s", request->quiet_from);
    (void)snprintf(ret_change->quiet_until, sizeof(ret_change->quiet_until), "%s", request->quiet_until);
    return code;
}

static enum fam_code change_once(struct fam_services_context *context, struct fam_call *call,
                                 const Fam__V1__SetScheduleRequest *request, struct fam_status *status)
{
    size_t replay_size = 0;
    struct fam_checkin_settings_change change;
    struct fam_outcome outcome;
    if (fam_call_replay(call, &replay_size) != NULL) {
        return FAM_OK;
    }
    enum fam_code code = read_change(request, &change, status);
    if (code != FAM_OK) {
        return code;
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    code = fam_checkin_settings_set(context->store, &mutation, fam_call_acting_user(call), &change, &outcome, status);
    if (code == FAM_OK) {
        fam_call_set_consistency_token(call, outcome.lsn);
    }
    return code == FAM_OK ? FAM_OK : fam_service_hide(status);
}

FAM_CHECKIN_METHOD(set_schedule, SetSchedule)
{
    struct fam_status status;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__SetScheduleResponse response = FAM__V1__SET_SCHEDULE_RESPONSE__INIT;
    enum fam_code code = change_once(context, call, request, &status);
    if (code == FAM_OK) {
        code = show(context, call, &reply, &response.schedule, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

FAM_CHECKIN_METHOD(pause_schedule, PauseSchedule)
{
    struct fam_status status;
    struct fam_outcome outcome;
    size_t replay_size = 0;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__PauseScheduleResponse response = FAM__V1__PAUSE_SCHEDULE_RESPONSE__INIT;
    enum fam_code code = FAM_OK;
    if (fam_call_replay(call, &replay_size) == NULL) {
        const struct fam_mutation mutation = fam_service_mutation(call);
        code =
            fam_checkin_pause(context->store, &mutation, fam_call_acting_user(call), request->days, &outcome, &status);
        if (code == FAM_OK) {
            fam_call_set_consistency_token(call, outcome.lsn);
        } else {
            code = fam_service_hide(&status);
        }
    }
    if (code == FAM_OK) {
        code = show(context, call, &reply, &response.schedule, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
