/* app_schedule.c: the schedule's thread, in processes that work. */
#include "app_private.h"
#include "queue/schedule.h"

static bool may_run(void *context)
{
    const char *reason = NULL;
    return fam_app_is_ready(context, &reason);
}

enum fam_code fam_app_start_schedule(struct fam_app *app, struct fam_status *status)
{
    const struct fam_scheduler_options options = {
        .store = app->store, .may_run = may_run, .context = app, .metrics = app->metrics, .log = app->log};
    app->scheduler = fam_scheduler_new(&options, status);
    return app->scheduler == NULL ? status->code : FAM_OK;
}

void fam_app_stop_schedule(struct fam_app *app)
{
    fam_scheduler_free(app->scheduler);
    app->scheduler = NULL;
}
