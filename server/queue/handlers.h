/* handlers.h: the types of tasks that famserver knows, and what their handlers work with.
 *
 *   process_emotion_batch   an entry that the built-in engine answered is read by Claude; payload: the entry's id (16)
 *   retention_sweep         what is kept no longer is deleted, in chunks; no payload
 *   refresh_metrics         numbers of the whole database; no payload
 *   send_checkin            a check-in is due; payload: store/schedule_store.h
 *   generate_weekly_report  a report of the week is due; payload: store/schedule_store.h
 *   erase_person            what is left of somebody who is erased is deleted; payload: store/erase_store.h
 *   broadcast               operators tell everybody something; payload: the broadcast's id (16)
 *
 * What each does is told at its handler. */
#ifndef FAM_QUEUE_HANDLERS_H
#define FAM_QUEUE_HANDLERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "queue/tasks.h"

struct fam_bell;
struct fam_limits;
struct fam_log;
struct fam_metrics;
struct fam_reader;
struct fam_reading_cache;
struct fam_sessions;
struct fam_store;

/* Borrowed, and outlives the workers. */
struct fam_handlers {
    struct fam_store *store;
    struct fam_reader *reader;     /* NULL: Claude is off */
    struct fam_bell *bell;         /* rung after a COMMIT that wrote notifications; may be NULL */
    struct fam_sessions *sessions; /* this and the next three: what is kept in Redis; NULL: nothing */
    struct fam_limits *limits;
    struct fam_limits *guesses;
    struct fam_reading_cache *cache;
    struct fam_metrics *metrics; /* may be NULL */
    struct fam_log *log;         /* may be NULL */
    uint32_t reading_ms;         /* FAM_CLAUDE_TIMEOUT_MS */
    uint32_t retention_days;     /* FAM_RETENTION_DAYS */
    uint32_t workers;            /* threads that run handlers in this process */
};

/* Adds all types to the table. `handlers` is borrowed like what it names. */
enum fam_code fam_handlers_add(struct fam_handlers *handlers, struct fam_task_table *table,
                               struct fam_status *status) FAM_MUST_CHECK;

#endif
