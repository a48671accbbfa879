/* services.h: the RPC services of fam.v1. They check who asks, call the rooms below, and fill the answer; no SQL, no
 * Redis, no HTTP here. Handlers run on the RPC server's worker threads; but for Translate and TranslateBatch, which may
 * wait for Claude without a thread, they answer before they return. */
#ifndef FAM_SERVICES_SERVICES_H
#define FAM_SERVICES_SERVICES_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "fam/v1/types.pb-c.h"

struct fam_bell;
struct fam_bot_watch;
struct fam_checkin_questions;
struct fam_health;
struct fam_leases;
struct fam_limits;
struct fam_log;
struct fam_metrics;
struct fam_ops_sources;
struct fam_queue;
struct fam_server;
struct fam_sessions;
struct fam_store;
struct fam_translate;

enum { FAM_INVITE_GUESSES_HOUR = 10 };

/* What the services work with; everything is borrowed and outlives them. */
struct fam_services_context {
    struct fam_store *store;
    struct fam_sessions *sessions;
    struct fam_limits *limits;
    struct fam_queue *queue;    /* NULL: tasks wait for the sweep */
    struct fam_limits *guesses; /* wrong codes of invitations: FAM_INVITE_GUESSES_HOUR an hour, and no less a day */
    struct fam_translate *translate;
    const struct fam_checkin_questions *questions; /* the services' own: fam_services_new reads them */
    struct fam_reader *reader;                     /* NULL: Claude is off */
    struct fam_health *health;
    struct fam_bot_watch *bots;
    struct fam_leases *leases; /* where Lease calls wait */
    struct fam_bell *bell;     /* rung after notifications became due; NULL: nobody hears */
    struct fam_server *server;
    struct fam_metrics *metrics;
    struct fam_log *log;
    const struct fam_ops_sources *sources; /* of the cache and Claude, see ops_claude.h; NULL: neither is there */
    const char *ledger_file;               /* FAM_LEDGER_FILE */
    uint32_t retention_days;               /* FAM_RETENTION_DAYS: for families without a time of their own */
    Fam__V1__Language default_language;
    const char *version;
    const char *environment;
    int64_t started_at_ms;
    size_t calls_bound;
    /* The applied schema version that was seen last (0: none yet), without I/O. */
    uint32_t (*schema_applied)(void *app);
    /* Looks again, at once, whether the schema is current: after a migration. */
    void (*recheck)(void *app);
    /* No new calls from now on, and not ready. */
    void (*drain)(void *app);
    void *app;
};

struct fam_services;

/* `context` is copied. */
struct fam_services *fam_services_new(const struct fam_services_context *context,
                                      struct fam_status *status) FAM_MUST_CHECK;
void fam_services_free(struct fam_services *services);
/* Adds all of them to context.server, before it is started. */
enum fam_code fam_services_register(struct fam_services *services, struct fam_status *status) FAM_MUST_CHECK;

#endif
