/* erase_call.c: see erase_call.h. */
#include "services/erase_call.h"

#include <string.h>

#include "base/log.h"
#include "family/ledger.h"
#include "queue/queue.h"
#include "services/privacy_call.h"
#include "session/session.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

static enum fam_code record(void *context, const struct fam_uuid *receipt_id, const struct fam_erase_subject *subjects,
                            size_t count, struct fam_status *status)
{
    return fam_ledger_erase(context, receipt_id, subjects, count, status);
}

/* Nothing was erased, and the ledger says that it was. */
static void take_back(struct fam_services_context *context, const struct fam_ledger *ledger,
                      const struct fam_uuid *receipt_id)
{
    struct fam_status status;
    if (fam_ledger_void(ledger, receipt_id, &status) != FAM_OK) {
        fam_log_status(context->log, FAM_LOG_ERROR, "erase", "the ledger holds an erasure that did not happen",
                       &status);
    }
}

/* The task does it again, for as long as Redis is away. */
static void end_sessions(struct fam_services_context *context, const struct fam_erase *erase)
{
    for (size_t i = 0; i < erase->count; i++) {
        size_t deleted = 0;
        struct fam_status status;
        if (!erase->subjects[i].is_family &&
            fam_sessions_delete_all(context->sessions, &erase->subjects[i].id, false, &deleted, &status) != FAM_OK) {
            fam_log_status(context->log, FAM_LOG_WARN, "erase", "sessions are left to the task", &status);
        }
    }
}

enum fam_code fam_service_erase(struct fam_services_context *context, struct fam_call *call, struct fam_erase *erase,
                                struct fam_erased *ret_erased, struct fam_status *status)
{
    struct fam_ledger ledger = {.path = context->ledger_file, .store = context->store};
    const struct fam_mutation mutation = fam_service_mutation(call);
    struct fam_outcome outcome;
    size_t replay_size = 0;
    const void *replay = fam_call_replay(call, &replay_size);
    if (replay != NULL) {
        return fam_erased_read(replay, replay_size, ret_erased)
                   ? FAM_OK
                   : fam_fail(status, FAM_INTERNAL, "the remembered answer is no receipt");
    }
    erase->receipt_id = fam_uuid_v7();
    erase->record = record;
    erase->context = &ledger;
    enum fam_code code = fam_erase(context->store, &mutation, erase, &outcome, status);
    erase->context = NULL; /* the ledger is ours */
    /* UNAVAILABLE may mean that only the answer to COMMIT was lost. */
    if (code != FAM_OK && code != FAM_UNAVAILABLE && erase->recorded && strcmp(status->reason, "LEDGER") != 0) {
        take_back(context, &ledger, &erase->receipt_id);
    }
    if (code != FAM_OK) {
        return code;
    }
    if (!outcome.replayed && !erase->dry_run) {
        fam_queue_push(context->queue, erase->tasks, erase->count);
        end_sessions(context, erase);
    }
    fam_call_set_consistency_token(call, outcome.lsn);
    return fam_erased_read(outcome.ids, outcome.ids_size, ret_erased)
               ? FAM_OK
               : fam_fail(status, FAM_INTERNAL, "an erasure left no receipt");
}

Fam__V1__Receipt *fam_reply_receipt(struct fam_reply *reply, const struct fam_erased *erased)
{
    Fam__V1__Receipt *receipt = fam_reply_alloc(reply, sizeof(*receipt));
    Fam__V1__Recipient **list = fam_reply_alloc(reply, sizeof(*list));
    if (receipt == NULL || list == NULL) {
        return NULL;
    }
    fam__v1__receipt__init(receipt);
    receipt->receipt_id = fam_reply_uuid(reply, &erased->receipt_id);
    receipt->erased_at_ms = erased->erased_at_ms;
    receipt->copies_until_ms = erased->erased_at_ms + (int64_t)FAM_ERASE_COPIES_DAYS * DAY_MS;
    receipt->family_erased = erased->family_erased;
    if (erased->sent_count > 0) {
        list[0] =
            fam_reply_recipient(reply, "anthropic", erased->sent_count, erased->sent_first_ms, erased->sent_last_ms);
        receipt->recipients = list;
        receipt->n_recipients = list[0] != NULL ? 1 : 0;
    }
    return receipt;
}

void fam_service_delete_family(struct fam_services_context *context, const Fam__V1__DeleteFamilyRequest *request,
                               Fam__V1__DeleteFamilyResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct fam_erased erased = {.people = 0};
    struct fam_erase erase = {.user_id = fam_call_acting_user(call)};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__DeleteFamilyResponse response = FAM__V1__DELETE_FAMILY_RESPONSE__INIT;
    enum fam_code code = strcmp(request->confirm, "DELETE") == 0
                             ? fam_service_erase(context, call, &erase, &erased, &status)
                             : fam_fail_field(&status, "confirm", "confirm must be DELETE");
    if (code != FAM_OK) {
        code = fam_service_hide(&status);
    } else {
        response.receipt = fam_reply_receipt(&reply, &erased);
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

void fam_ops_erase_family(struct fam_services_context *context, const Fam__V1__EraseFamilyRequest *request,
                          Fam__V1__EraseFamilyResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    struct fam_uuid family_id;
    struct fam_erased erased = {.people = 0};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__EraseFamilyResponse response = FAM__V1__ERASE_FAMILY_RESPONSE__INIT;
    struct fam_erase erase = {.family_id = &family_id, .dry_run = request->dry_run};
    enum fam_code code = fam_service_uuid(request->family_id, "family_id", &family_id, &status);
    if (code == FAM_OK && !request->dry_run && fam_call_reason(call)[0] == '\0') {
        /* With one the call stands in the audit log already. */
        code = fam_fail_reason(&status, FAM_PERMISSION_DENIED, "REASON_REQUIRED", 0, "erasing a family needs a reason");
    }
    if (code == FAM_OK) {
        code = fam_service_erase(context, call, &erase, &erased, &status);
    }
    if (code == FAM_OK) {
        response.people = erased.people;
        response.entries = erased.entries;
        response.receipt = request->dry_run ? NULL : fam_reply_receipt(&reply, &erased);
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
