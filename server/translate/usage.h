/* usage.h: what Claude was used for, on its way from the client's thread to the database.
 *
 * Counting never blocks; a thread writes the sums every two seconds and at the end. While the database is away they
 * wait in memory. Before anything else the thread reads what was used today, by all servers, and tells the client, so
 * that a restart does not open the day's budget anew. Thread-safe. */
#ifndef FAM_TRANSLATE_USAGE_H
#define FAM_TRANSLATE_USAGE_H

#include "base/compiler.h"
#include "base/status.h"
#include "translate/claude.h"

struct fam_log;
struct fam_metrics;
struct fam_store;
struct fam_usage_keeper;

/* `metrics` may be NULL. */
struct fam_usage_keeper *fam_usage_keeper_new(struct fam_store *store, struct fam_metrics *metrics, struct fam_log *log,
                                              struct fam_status *status) FAM_MUST_CHECK;
/* Fits fam_claude_options.on_usage. */
void fam_usage_keeper_count(void *keeper, const char *model, const struct fam_claude_usage *usage);
/* Starts the thread; `claude` is told what was used today. */
enum fam_code fam_usage_keeper_start(struct fam_usage_keeper *keeper, struct fam_claude *claude,
                                     struct fam_status *status) FAM_MUST_CHECK;
/* Writes what is left, and ends the thread. After fam_claude_stop, before fam_claude_free. */
void fam_usage_keeper_stop(struct fam_usage_keeper *keeper);
/* Takes NULL. */
void fam_usage_keeper_free(struct fam_usage_keeper *keeper);

#endif
