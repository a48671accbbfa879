/* translate_call.c: the method Translate; translate_job.c knows what becomes of a phrase. */
#include "services/translate_call.h"

#include <stdlib.h>
#include <string.h>

#include "services/translate_job.h"
#include "translate/translate.h"

static enum fam_code show(struct fam_services_context *context, struct fam_reply *reply, const struct fam_entry *entry,
                          const char *country, bool own, Fam__V1__Entry **ret_shown, struct fam_status *status)
{
    Fam__V1__Entry *shown = fam_reply_entry(reply, entry);
    enum fam_code code = fam_reply_check(reply, status);
    if (code == FAM_OK && entry->safety_count > 0) {
        struct fam_safety_hit hit = {.count = entry->safety_count};
        memcpy(hit.kinds, entry->safety, entry->safety_count * sizeof(hit.kinds[0]));
        Fam__V1__SafetyHelp *help = NULL;
        code = own ? fam_translate_help_own(context->translate, &hit, country, entry->language, &help, status)
                   : fam_translate_help(context->translate, &hit, country, entry->language, entry->age_band, &help,
                                        status);
        if (code == FAM_OK) {
            shown->safety = help;
            fam_reply_keep(reply, &help->base);
            code = fam_reply_check(reply, status);
        }
    }
    if (code == FAM_OK) {
        *ret_shown = shown;
    }
    return code;
}

enum fam_code fam_translate_show(struct fam_services_context *context, struct fam_reply *reply,
                                 const struct fam_entry *entry, const char *country, Fam__V1__Entry **ret_shown,
                                 struct fam_status *status)
{
    return show(context, reply, entry, country, false, ret_shown, status);
}

enum fam_code fam_translate_show_own(struct fam_services_context *context, struct fam_reply *reply,
                                     const struct fam_entry *entry, const char *country, Fam__V1__Entry **ret_shown,
                                     struct fam_status *status)
{
    return show(context, reply, entry, country, true, ret_shown, status);
}

struct single {
    struct fam_job job;
    Fam__V1__TranslateResponse_Closure closure;
};

static void single_free(struct single *single)
{
    fam_job_done(&single->job);
    free(single);
}

static void fail(struct single *single, const struct fam_status *status)
{
    fam_job_failed(&single->job, status->code);
    fam_call_fail(single->job.call, status);
    single_free(single);
}

static void finish(struct single *single)
{
    struct fam_status status;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__TranslateResponse response = FAM__V1__TRANSLATE_RESPONSE__INIT;
    if (fam_job_finish(&single->job, &reply, &response.entry, &status) != FAM_OK) {
        fail(single, &status);
        return;
    }
    single->closure(&response, single->job.call);
    single_free(single);
}

static void on_step(void *context)
{
    finish(context);
}

/* On a thread that must not block. */
static void on_ready(void *context)
{
    struct single *single = context;
    fam_call_resume(single->job.call, on_step, single);
}

void fam_translate_call(struct fam_services_context *context, const Fam__V1__TranslateRequest *request,
                        Fam__V1__TranslateResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct single *single = malloc(sizeof(*single));
    if (single == NULL) {
        (void)fam_fail_memory(&status);
        fam_call_fail(call, &status);
        return;
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    fam_job_init(&single->job, context, call, request, &mutation);
    single->closure = closure;
    size_t replay_size = 0;
    const void *replay = fam_call_replay(call, &replay_size);
    if (replay != NULL) {
        fam_job_replay(&single->job, replay, replay_size);
    }
    bool ask = false;
    if (fam_job_prepare(&single->job, &ask, &status) != FAM_OK) {
        fail(single, &status);
        return;
    }
    if (ask && fam_job_open(&single->job, on_ready, single)) {
        fam_call_on_cancel(call, fam_reader_cancel, single->job.wait);
        if (fam_job_ask(&single->job)) {
            return; /* on_ready follows, or has come already */
        }
    }
    finish(single);
}
