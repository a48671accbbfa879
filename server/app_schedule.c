/* app_schedule.c: the schedule's thread, in processes that work. */
#include "app_private.h"
#include "queue/schedule.h"

/* Not only when calls may be sent here: what is due is written down whether Redis answers or not. */
static bool may_run(void *context)
{
    struct fam_app *app = context;
    return !atomic_load(&app->draining) && atomic_load(&app->database) == FAM_DATABASE_READY;
}

enum fam_code fam_app_start_schedule(struct fam_app *app, struct fam_status *status)
{
    const struct fam_scheduler_options options = {.store = app->store,
                                                  .queue = app->queue,
                                                  .may_run = may_run,
                                                  .context = app,
                                                  .metrics = app->metrics,
                                                  .log = app->log};
    app->scheduler = fam_scheduler_new(&options, status);
    return app->scheduler == NULL ? status->code : FAM_OK;
}

void fam_app_stop_schedule(struct fam_app *app)
{
    fam_scheduler_free(app->scheduler);
    app->scheduler = NULL;
}
