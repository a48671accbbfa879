/* app_hooks.c: what famserver gives to the rooms below: RPC interceptors, the sealer of sessions, gauges. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app_private.h"
#include "base/buf.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "rpc/call.h"
#include "services/services_private.h"
#include "store/audit_store.h"
#include "store/idempotency_store.h"
#include "store/seal.h"

static enum fam_code authenticate(void *context, const char *token, bool may_block, bool *ret_would_block,
                                  struct fam_principal *ret_principal, struct fam_status *status)
{
    struct fam_app *app = context;
    return fam_auth_authenticate(app->auth, token, may_block, ret_would_block, ret_principal, status);
}

static enum fam_code admit(void *context, const struct fam_call *call, struct fam_status *status)
{
    struct fam_app *app = context;
    return fam_limiter_take(app->limiter, &fam_call_principal(call)->token_id, status);
}

/* While the database is only away, calls find that out by themselves: an emergency is answered all the same. */
static enum fam_code ready(void *context, struct fam_status *status)
{
    struct fam_app *app = context;
    switch ((enum fam_database_state)atomic_load(&app->database)) {
    case FAM_DATABASE_SCHEMA_BEHIND:
        return fam_fail_reason(status, FAM_UNAVAILABLE, "SCHEMA_BEHIND", 5000,
                               "the database's schema is behind this server: run famctl db migrate");
    case FAM_DATABASE_LOCKED:
        return fam_fail_reason(status, FAM_UNAVAILABLE, "KEYS", 5000,
                               "the database's keys can't be used: they are missing, or FAM_MASTER_KEY is another one");
    default:
        return FAM_OK;
    }
}

static enum fam_code look_up(void *context, struct fam_call *call, struct fam_status *status)
{
    struct fam_app *app = context;
    bool found = false;
    struct fam_outcome outcome;
    const struct fam_mutation mutation = fam_service_mutation(call);
    enum fam_code code = fam_idempotency_find(app->store, &mutation, &found, &outcome, status);
    if (code == FAM_UNAVAILABLE) {
        return FAM_OK; /* the effect's own transaction looks again, and fails if it still can't */
    }
    if (code == FAM_OK && found && !fam_call_set_replay(call, outcome.ids, outcome.ids_size)) {
        return fam_fail(status, FAM_INTERNAL, "the remembered answer is too large");
    }
    return code;
}

/* What the call is about, where its request names one thing. */
static bool find_target(const struct fam_call *call, struct fam_uuid *ret_target)
{
    static const struct {
        const char *method;
        const ProtobufCMessageDescriptor *request;
        const char *field;
    } NAMED[] = {
        {"fam.v1.TranslationService/GetEntry", &fam__v1__get_entry_request__descriptor, "entry_id"},
        {"fam.v1.CheckinService/ListCheckins", &fam__v1__list_checkins_request__descriptor, "checkin_id"},
        {"fam.v1.CheckinService/GetReport", &fam__v1__get_report_request__descriptor, "report_id"},
    };
    size_t size = 0, at = 0;
    const void *payload = fam_call_payload(call, &size);
    while (at < FAM_ARRAY_SIZE(NAMED) && strcmp(fam_call_method(call)->name, NAMED[at].method) != 0) {
        at++;
    }
    if (at == FAM_ARRAY_SIZE(NAMED)) {
        return false;
    }
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(NAMED[at].request, NAMED[at].field);
    ProtobufCMessage *request = protobuf_c_message_unpack(NAMED[at].request, NULL, size, payload);
    bool found = false;
    if (request != NULL && field != NULL) {
        const char *value = NULL;
        memcpy(&value, (const char *)request + field->offset, sizeof(value)); /* a string field */
        found = fam_uuid_parse(value, ret_target);
    }
    protobuf_c_message_free_unpacked(request, NULL);
    return found;
}

static enum fam_code audit(void *context, const struct fam_call *call, struct fam_status *status)
{
    struct fam_app *app = context;
    struct fam_uuid target;
    const struct fam_audit entry = {
        .principal = fam_call_principal(call)->scope,
        .method = fam_call_method(call)->name,
        .user_id = fam_call_acting_user(call),
        .target_id = find_target(call, &target) ? &target : NULL,
        .reason = fam_call_reason(call),
        .request_id = fam_call_request_id(call),
    };
    bool opens = (fam_call_method(call)->flags & FAM_METHOD_PERSONAL) != 0 && entry.user_id != NULL, told = false;
    enum fam_code code =
        opens ? fam_audit_look(app->store, &entry, &told, status) : fam_audit_append(app->store, &entry, status);
    if (told) {
        fam_bell_ring(app->bell);
    }
    return code;
}

struct fam_server_hooks fam_app_hooks(struct fam_app *app)
{
    return (struct fam_server_hooks){.context = app,
                                     .authenticate = authenticate,
                                     .admit = admit,
                                     .ready = ready,
                                     .look_up = look_up,
                                     .audit = audit};
}

/* Of one token: one caller in a loop can't take the server from the others. */
struct fam_limiter *fam_app_limiter(const struct fam_config *config, struct fam_status *status)
{
    const struct fam_limiter_options options = {.per_second = config->limit_calls_second,
                                                .burst = config->limit_calls_burst};
    return fam_limiter_new(&options, status);
}

enum { PLACE_COLUMN_SIZE = 64 };

static struct fam_place session_place(const struct fam_uuid *user, const char *row, const char *column,
                                      char ret_column[PLACE_COLUMN_SIZE])
{
    (void)snprintf(ret_column, PLACE_COLUMN_SIZE, "%s:%s", column, row);
    return (struct fam_place){.table = "redis", .column = ret_column, .row = *user, .owner = *user};
}

static enum fam_code seal_session(void *context, const struct fam_uuid *user, const char *row, const char *column,
                                  const void *plain, size_t size, struct fam_buf *ret_sealed, struct fam_status *status)
{
    struct fam_app *app = context;
    fam_auto(fam_key_done) struct fam_key key;
    char name[PLACE_COLUMN_SIZE];
    const struct fam_place place = session_place(user, row, column, name);
    unsigned char *sealed = NULL;
    size_t sealed_size = 0;
    enum fam_code code = fam_store_user_key(app->store, user, &key, status);
    if (code == FAM_OK) {
        code = fam_seal_close(&key, &place, plain, size, &sealed, &sealed_size, status);
    }
    if (code == FAM_OK) {
        fam_buf_add(ret_sealed, sealed, sealed_size);
        free(sealed);
    }
    return code;
}

static enum fam_code open_session(void *context, const struct fam_uuid *user, const char *row, const char *column,
                                  const void *sealed, size_t size, struct fam_buf *ret_plain, struct fam_status *status)
{
    struct fam_app *app = context;
    fam_auto(fam_key_done) struct fam_key key;
    fam_auto(fam_secret_done) struct fam_secret plain = {.data = NULL};
    char name[PLACE_COLUMN_SIZE];
    const struct fam_place place = session_place(user, row, column, name);
    enum fam_code code = fam_store_user_key(app->store, user, &key, status);
    if (code == FAM_NOT_FOUND) {
        return fam_fail(status, FAM_DATA_LOSS, "the key of this session's user is gone");
    }
    if (code == FAM_OK) {
        code = fam_seal_open(&key, &place, sealed, size, &plain, status);
    }
    if (code == FAM_OK) {
        fam_buf_add(ret_plain, plain.data, plain.size);
    }
    return code;
}

struct fam_session_sealer fam_app_session_sealer(struct fam_app *app)
{
    return (struct fam_session_sealer){.context = app, .seal = seal_session, .open = open_session};
}

void fam_app_on_scrape(struct fam_metrics *metrics, void *context)
{
    struct fam_app *app = context;
    struct fam_health_report report;
    fam_metrics_set(metrics, FAM_M_LOG_DROPPED, NULL, (double)fam_log_dropped(app->log));
    fam_health_snapshot(app->health, &report);
    for (size_t i = 0; i < report.count; i++) {
        if (strcmp(report.results[i].name, "database") == 0) {
            fam_metrics_set(metrics, FAM_M_DB_UP, NULL, report.results[i].state == FAM_HEALTH_HEALTHY ? 1 : 0);
        }
    }
    if (app->claude != NULL) {
        struct fam_claude_state claude;
        fam_claude_get_state(app->claude, &claude);
        fam_metrics_set(metrics, FAM_M_CLAUDE_BUDGET, NULL, (double)claude.budget_micro_usd / 1e6);
        fam_metrics_set(metrics, FAM_M_CLAUDE_SPENT, NULL, (double)claude.today.cost_micro_usd / 1e6);
    }
}
