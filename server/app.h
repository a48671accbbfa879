/* app.h: famserver's one context: everything that it holds, how it starts, drains and stops.
 *
 * running → draining → stopped: fam_app_new → fam_app_start → (calls) → fam_app_stop → fam_app_free. */
#ifndef FAM_APP_H
#define FAM_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/config.h"
#include "base/status.h"

struct fam_app;
struct fam_log;
struct fam_sentry;

enum fam_app_role {
    FAM_APP_SERVES = 1, /* RPC */
    FAM_APP_WORKS = 2,  /* runs tasks of the queue */
};

/* `config`, `log` and `sentry` (NULL: none; for its metric) are borrowed. Needs neither PostgreSQL nor Redis to be up.
 */
struct fam_app *fam_app_new(const struct fam_config *config, struct fam_log *log, struct fam_sentry *sentry,
                            struct fam_status *status) FAM_MUST_CHECK;
/* Does what `roles` say (bits of enum fam_app_role), and listens for HTTP. */
enum fam_code fam_app_start(struct fam_app *app, unsigned roles, struct fam_status *status) FAM_MUST_CHECK;
/* No new calls and tasks; waits for those in flight, FAM_DRAIN_MS at most. True when all have ended. */
bool fam_app_stop(struct fam_app *app);
/* After fam_app_stop: a task's handler has not returned. Then the process must end without freeing anything. */
bool fam_app_is_stuck(const struct fam_app *app);
void fam_app_free(struct fam_app *app);

/* --migrate: applies what is missing and prints a line for each migration. Waits up to 30 s for the database. */
enum fam_code fam_app_migrate(struct fam_app *app, struct fam_status *status) FAM_MUST_CHECK;
/* --create-token ROLE NAME: prints the token to stdout. */
enum fam_code fam_app_create_token(struct fam_app *app, const char *role, const char *name,
                                   struct fam_status *status) FAM_MUST_CHECK;

#endif
