/* queue_words.h: what the queue's commands share: filters from flags, spans of time, numbers of the queue. */
#ifndef FAM_CTL_QUEUE_WORDS_H
#define FAM_CTL_QUEUE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "ctl.h"
#include "fam/v1/ops.pb-c.h"
#include "fam/v1/queue.pb-c.h"

/* "90s", "30m", "2h", "3d", up to a year; a usage error names `flag`. */
enum fam_code fam_span_ms(const char *text, const char *flag, int64_t *ret_ms,
                          struct fam_status *status) FAM_MUST_CHECK;
/* The flags --state, --type, --priority, --failure and --older, and the ids that are the command's arguments. Borrowed
 * from the parsed line. */
enum fam_code fam_task_filter_read(const struct fam_ctl *ctl, Fam__V1__TaskFilter *ret_filter,
                                   struct fam_status *status) FAM_MUST_CHECK;
/* Does it choose anything at all? */
bool fam_task_filter_is_empty(const Fam__V1__TaskFilter *filter);
/* "3.2 s", "14 min", "5 h", "2 d". */
enum { FAM_AGE_SIZE = 24 };
void fam_age_words(int64_t ms, char ret_words[FAM_AGE_SIZE]);

/* Asks for the numbers; the answer belongs to *rpc, which is to be freed in any case. */
enum fam_code fam_queue_stats_fetch(struct fam_ctl *ctl, struct fam_rpc *rpc, const struct fam_rpc_options *options,
                                    const Fam__V1__GetQueueStatsResponse **ret_stats,
                                    struct fam_status *status) FAM_MUST_CHECK;
int64_t fam_queue_running(const Fam__V1__GetQueueStatsResponse *stats);

#endif
