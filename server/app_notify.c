/* app_notify.c: where leases wait, and the bell that wakes them, here and in other processes. */
#include "app_private.h"

enum fam_code fam_app_make_bell(struct fam_app *app, struct fam_status *status)
{
    const struct fam_pool_options pool = {.conninfo = fam_secret_text(&app->config->database_url),
                                          .statement_timeout_ms = app->config->statement_timeout_ms,
                                          .metrics = app->metrics,
                                          .log = NULL}; /* the store's pool tells of outages */
    app->leases = fam_leases_new(app->metrics, status);
    if (app->leases == NULL) {
        return status->code;
    }
    const struct fam_bell_options options = {
        .pool = &pool, .leases = app->leases, .metrics = app->metrics, .log = app->log};
    app->bell = fam_bell_new(&options, status);
    return app->bell == NULL ? status->code : FAM_OK;
}

void fam_app_free_bell(struct fam_app *app)
{
    fam_bell_free(app->bell);
    app->bell = NULL;
    fam_leases_free(app->leases);
    app->leases = NULL;
}
