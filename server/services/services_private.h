/* services_private.h: what the services share. Private to services/. */
#ifndef FAM_SERVICES_PRIVATE_H
#define FAM_SERVICES_PRIVATE_H

#include "fam/v1/checkin.pb-c.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/notification.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "fam/v1/session.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "rpc/call.h"
#include "services/services.h"
#include "store/entry_store.h"
#include "store/family_store.h"
#include "store/idempotency_store.h"
#include "store/user_store.h"

/* A generated service and where its handlers find everything; `base` comes first. */
struct fam_translation_service {
    Fam__V1__TranslationService_Service base;
    struct fam_services_context *context;
};
struct fam_family_service {
    Fam__V1__FamilyService_Service base;
    struct fam_services_context *context;
};
struct fam_checkin_service {
    Fam__V1__CheckinService_Service base;
    struct fam_services_context *context;
};
struct fam_notification_service {
    Fam__V1__NotificationService_Service base;
    struct fam_services_context *context;
};
struct fam_session_service {
    Fam__V1__SessionService_Service base;
    struct fam_services_context *context;
};
struct fam_ops_service {
    Fam__V1__OpsService_Service base;
    struct fam_services_context *context;
};

void fam_translation_service_init(struct fam_translation_service *service, struct fam_services_context *context);
void fam_family_service_init(struct fam_family_service *service, struct fam_services_context *context);
void fam_checkin_service_init(struct fam_checkin_service *service, struct fam_services_context *context);
void fam_notification_service_init(struct fam_notification_service *service, struct fam_services_context *context);
void fam_session_service_init(struct fam_session_service *service, struct fam_services_context *context);
void fam_ops_service_init(struct fam_ops_service *service, struct fam_services_context *context);

/* The end of a handler: its answer, or what went wrong. Evaluates each argument once. */
#define FAM_SERVICE_ANSWER(code, status, closure, response, call)                                                      \
    ((code) == FAM_OK ? (closure)((response), (call)) : fam_call_fail((call), (status)))

/* A page of a list by ids, the newest first. */
enum { FAM_SERVICE_PAGE_DEFAULT = 20 };
struct fam_service_page {
    struct fam_uuid last;
    const struct fam_uuid *before; /* NULL: from the newest */
    size_t limit;
};
/* Of a request that passed validation. INVALID_ARGUMENT for a page_token that is none. */
enum fam_code fam_service_read_page(int32_t size, const char *token, struct fam_service_page *ret_page,
                                    struct fam_status *status);

/* The call as the stores want it; borrowed from the call. */
struct fam_mutation fam_service_mutation(const struct fam_call *call);

/* What is not there and what belongs to somebody else look the same: turns NOT_FOUND into one PERMISSION_DENIED.
 * Returns the code that *status then has. */
enum fam_code fam_service_hide(struct fam_status *status);
/* A user that the caller acts for must exist; one that does not looks like a foreign one. Free with fam_user_done. */
enum fam_code fam_service_load_user(struct fam_services_context *context, const struct fam_call *call,
                                    struct fam_user *ret_user, struct fam_status *status) FAM_MUST_CHECK;
/* FAILED_PRECONDITION (reason "CONSENT_REQUIRED") unless the user consents to processing: before anything personal is
 * stored, in each call anew. */
enum fam_code fam_service_require_processing(const struct fam_user *user, struct fam_status *status) FAM_MUST_CHECK;
/* Both for the acting user. */
enum fam_code fam_service_may_store(struct fam_services_context *context, const struct fam_call *call,
                                    struct fam_status *status) FAM_MUST_CHECK;
/* An id of a request that passed validation by length but may be no UUID: INVALID_ARGUMENT names `field`. */
enum fam_code fam_service_uuid(const char *text, const char *field, struct fam_uuid *ret_uuid,
                               struct fam_status *status);
/* A name of a process in a request: only of [A-Za-z0-9_.-], else INVALID_ARGUMENT names `field`. Its length is checked
 * already. */
enum fam_code fam_service_name(const char *text, const char *field, struct fam_status *status);

#endif
