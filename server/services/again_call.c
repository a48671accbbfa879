/* again_call.c: see again_call.h; translate_job.c knows what becomes of the words. */
#include "services/again_call.h"

#include <stdlib.h>
#include <string.h>

#include "services/translate_job.h"

/* A call on its way. Of the closures one is set. */
struct again_call {
    struct fam_job job;
    struct fam_again again;
    Fam__V1__TranslateRequest request; /* borrows from the entry as it was, or from the call's request */
    Fam__V1__CorrectEntryResponse_Closure corrected;
    Fam__V1__ReviseEntryResponse_Closure revised;
};

static void again_free(struct again_call *again)
{
    fam_job_done(&again->job);
    fam_entry_done(&again->again.before);
    free(again);
}

static void fail(struct again_call *again, const struct fam_status *status)
{
    fam_job_failed(&again->job, status->code);
    fam_call_fail(again->job.call, status);
    again_free(again);
}

static void finish(struct again_call *again)
{
    struct fam_status status;
    Fam__V1__Entry *shown = NULL;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    if (fam_job_finish(&again->job, &reply, &shown, &status) != FAM_OK) {
        fail(again, &status);
        return;
    }
    if (again->corrected != NULL) {
        Fam__V1__CorrectEntryResponse response = FAM__V1__CORRECT_ENTRY_RESPONSE__INIT;
        response.entry = shown;
        again->corrected(&response, again->job.call);
    } else {
        Fam__V1__ReviseEntryResponse response = FAM__V1__REVISE_ENTRY_RESPONSE__INIT;
        response.entry = shown;
        again->revised(&response, again->job.call);
    }
    again_free(again);
}

static void on_step(void *context)
{
    finish(context);
}

/* On a thread that must not block. */
static void on_ready(void *context)
{
    struct again_call *again = context;
    fam_call_resume(again->job.call, on_step, again);
}

/* The request as it would be for a new entry. */
static void make_request(struct again_call *again, char *phrase)
{
    struct fam_entry *before = &again->again.before;
    fam__v1__translate_request__init(&again->request);
    again->request.phrase = phrase == NULL ? before->phrase : phrase;
    again->request.happened_before = before->happened_before;
    again->request.place = before->place;
    again->request.age_band = before->age_band;
    again->request.language = before->language;
}

static void start(struct again_call *again, struct fam_services_context *context, struct fam_call *call,
                  const char *entry_id, char *phrase)
{
    struct fam_status status;
    struct fam_uuid id;
    const struct fam_mutation mutation = fam_service_mutation(call);
    enum fam_code code = fam_service_uuid(entry_id, "entry_id", &id, &status);
    if (code == FAM_OK) {
        code = fam_entry_get(context->store, fam_call_acting_user(call), &id, &again->again.before, &status);
        code = code == FAM_OK ? FAM_OK : fam_service_hide(&status);
    }
    if (code != FAM_OK) {
        fam_call_fail(call, &status);
        again_free(again);
        return;
    }
    make_request(again, phrase);
    fam_job_init_again(&again->job, context, call, &again->request, &mutation, &again->again);
    size_t replay_size = 0;
    const void *replay = fam_call_replay(call, &replay_size);
    if (replay != NULL) {
        fam_job_replay(&again->job, replay, replay_size);
    }
    bool ask = false;
    if (fam_job_prepare(&again->job, &ask, &status) != FAM_OK) {
        fail(again, &status);
        return;
    }
    if (ask && fam_job_open(&again->job, on_ready, again)) {
        fam_call_on_cancel(call, fam_reader_cancel, again->job.wait);
        if (fam_job_ask(&again->job)) {
            return; /* on_ready follows, or has come already */
        }
    }
    finish(again);
}

static struct again_call *make(struct fam_call *call)
{
    struct again_call *again = calloc(1, sizeof(*again));
    if (again == NULL) {
        struct fam_status status;
        (void)fam_fail_memory(&status);
        fam_call_fail(call, &status);
    }
    return again;
}

void fam_correct_call(struct fam_services_context *context, const Fam__V1__CorrectEntryRequest *request,
                      Fam__V1__CorrectEntryResponse_Closure closure, struct fam_call *call)
{
    if (request->emotion == FAM__V1__EMOTION__EMOTION_UNSPECIFIED && request->note[0] == '\0') {
        struct fam_status status;
        (void)fam_fail_field(&status, "emotion", "emotion or note is required: what was it?");
        fam_call_fail(call, &status);
        return;
    }
    struct again_call *again = make(call);
    if (again != NULL) {
        again->corrected = closure;
        again->again.correction = request;
        start(again, context, call, request->entry_id, NULL);
    }
}

void fam_revise_call(struct fam_services_context *context, const Fam__V1__ReviseEntryRequest *request,
                     Fam__V1__ReviseEntryResponse_Closure closure, struct fam_call *call)
{
    struct again_call *again = make(call);
    if (again != NULL) {
        again->revised = closure;
        again->again.revision = request;
        start(again, context, call, request->entry_id, request->phrase);
    }
}
