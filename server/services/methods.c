#include "services/methods.h"

#include <stdint.h>
#include <string.h>

#include "base/compiler.h"

enum {
    EVERYBODY = FAM_ROLE_BOT | FAM_ROLE_SERVICE | FAM_ROLE_ADMIN | FAM_ROLE_METRICS,
    CALLERS = FAM_ROLE_BOT | FAM_ROLE_SERVICE | FAM_ROLE_ADMIN,
    FOR_USER = FAM_METHOD_ACTING_USER,
    CHANGE = FAM_METHOD_ACTING_USER | FAM_METHOD_IDEMPOTENT_KEY,
    PROBE = FAM_METHOD_INLINE | FAM_METHOD_WITHOUT_SCHEMA,
};

/*  METHOD(name, roles, flags, default time-out in ms; 0: 30,000)
 * RegisterUser and OpsService act for nobody. Translate acts for nobody when an operator or a service tries a phrase,
 * and for a bot in an emergency while nobody can be looked up (translate_call.c): then nothing is stored. CreateSession
 * makes nothing twice and sessions live in Redis: no idempotency keys there. */
#define METHODS(METHOD)                                                                                                \
    METHOD("TranslationService/Translate", CALLERS, FAM_METHOD_IDEMPOTENT_KEY | FAM_METHOD_PERSONAL, 30000)            \
    METHOD("TranslationService/TranslateBatch", CALLERS, FAM_METHOD_IDEMPOTENT_KEY | FAM_METHOD_PERSONAL, 60000)       \
    METHOD("TranslationService/GetEntry", CALLERS, FOR_USER | FAM_METHOD_PERSONAL, 0)                                  \
    METHOD("TranslationService/ListEntries", CALLERS, FOR_USER | FAM_METHOD_PERSONAL, 0)                               \
    METHOD("TranslationService/RateEntry", CALLERS, CHANGE | FAM_METHOD_PERSONAL, 0)                                   \
    METHOD("TranslationService/AgreeFollowUp", CALLERS, CHANGE, 0)                                                     \
    METHOD("TranslationService/CorrectEntry", CALLERS, CHANGE | FAM_METHOD_PERSONAL, 30000)                            \
    METHOD("TranslationService/ReviseEntry", CALLERS, CHANGE | FAM_METHOD_PERSONAL, 30000)                             \
    METHOD("TranslationService/ShareEntry", CALLERS, CHANGE | FAM_METHOD_PERSONAL, 0)                                  \
    METHOD("TranslationService/DeleteEntry", CALLERS, CHANGE, 0)                                                       \
    METHOD("TranslationService/SearchEntries", CALLERS, FOR_USER | FAM_METHOD_PERSONAL, 0)                             \
    METHOD("FamilyService/RegisterUser", FAM_ROLE_BOT | FAM_ROLE_SERVICE, 0, 0)                                        \
    METHOD("FamilyService/GetUser", FAM_ROLE_ADMIN, FOR_USER | FAM_METHOD_PERSONAL, 0)                                 \
    METHOD("FamilyService/UpdateUser", CALLERS, CHANGE | FAM_METHOD_PERSONAL, 0)                                       \
    METHOD("FamilyService/CreateFamily", CALLERS, CHANGE | FAM_METHOD_PERSONAL, 0)                                     \
    METHOD("FamilyService/GetFamily", CALLERS, FOR_USER | FAM_METHOD_PERSONAL, 0)                                      \
    METHOD("FamilyService/AddChild", CALLERS, CHANGE | FAM_METHOD_PERSONAL, 0)                                         \
    METHOD("FamilyService/GetConsents", CALLERS, FOR_USER, 0)                                                          \
    METHOD("FamilyService/SetConsent", FAM_ROLE_BOT | FAM_ROLE_SERVICE, CHANGE, 0)                                     \
    METHOD("FamilyService/SetReachability", FAM_ROLE_BOT, CHANGE, 0)                                                   \
    METHOD("FamilyService/UpdateFamily", CALLERS, CHANGE | FAM_METHOD_PERSONAL, 0)                                     \
    METHOD("FamilyService/CreateInvite", FAM_ROLE_BOT | FAM_ROLE_SERVICE, CHANGE, 0)                                   \
    METHOD("FamilyService/ListInvites", FAM_ROLE_BOT | FAM_ROLE_SERVICE, FOR_USER, 0)                                  \
    METHOD("FamilyService/RevokeInvite", FAM_ROLE_BOT | FAM_ROLE_SERVICE, CHANGE, 0)                                   \
    METHOD("FamilyService/PreviewInvite", FAM_ROLE_BOT | FAM_ROLE_SERVICE, FOR_USER | FAM_METHOD_PERSONAL, 0)          \
    METHOD("FamilyService/JoinFamily", FAM_ROLE_BOT | FAM_ROLE_SERVICE, CHANGE | FAM_METHOD_PERSONAL, 0)               \
    METHOD("FamilyService/LeaveFamily", FAM_ROLE_BOT | FAM_ROLE_SERVICE, CHANGE, 0)                                    \
    METHOD("FamilyService/RemoveParent", FAM_ROLE_BOT | FAM_ROLE_SERVICE, CHANGE | FAM_METHOD_PERSONAL, 0)             \
    METHOD("FamilyService/UpdateChild", CALLERS, CHANGE | FAM_METHOD_PERSONAL, 0)                                      \
    METHOD("FamilyService/RemoveChild", CALLERS, CHANGE | FAM_METHOD_PERSONAL, 0)                                      \
    METHOD("FamilyService/GetPrivacyReport", CALLERS, FOR_USER | FAM_METHOD_PERSONAL, 0)                               \
    METHOD("FamilyService/ExportFamily", CALLERS, FOR_USER | FAM_METHOD_PERSONAL, 0)                                   \
    METHOD("FamilyService/DeleteFamily", CALLERS, CHANGE, 0)                                                           \
    METHOD("FamilyService/SubmitFeedback", FAM_ROLE_BOT | FAM_ROLE_SERVICE, CHANGE, 0)                                 \
    METHOD("CheckinService/GetSchedule", CALLERS, FOR_USER, 0)                                                         \
    METHOD("CheckinService/SetSchedule", CALLERS, CHANGE, 0)                                                           \
    METHOD("CheckinService/PauseSchedule", CALLERS, CHANGE, 0)                                                         \
    METHOD("CheckinService/StartCheckin", FAM_ROLE_BOT | FAM_ROLE_SERVICE, CHANGE | FAM_METHOD_PERSONAL, 0)            \
    METHOD("CheckinService/AnswerQuestion", FAM_ROLE_BOT | FAM_ROLE_SERVICE, CHANGE | FAM_METHOD_PERSONAL, 0)          \
    METHOD("CheckinService/SkipCheckin", FAM_ROLE_BOT | FAM_ROLE_SERVICE, CHANGE, 0)                                   \
    METHOD("CheckinService/ListCheckins", CALLERS, FOR_USER | FAM_METHOD_PERSONAL, 0)                                  \
    METHOD("CheckinService/GetReport", CALLERS, FOR_USER | FAM_METHOD_PERSONAL, 0)                                     \
    METHOD("CheckinService/ListReports", CALLERS, FOR_USER, 0)                                                         \
    METHOD("NotificationService/RecordDelivery", FAM_ROLE_BOT, CHANGE, 0)                                              \
    METHOD("NotificationService/Lease", FAM_ROLE_BOT, FAM_METHOD_PERSONAL | FAM_METHOD_LONG_POLL, 60000)               \
    METHOD("NotificationService/Ack", FAM_ROLE_BOT, 0, 0)                                                              \
    METHOD("NotificationService/Nack", FAM_ROLE_BOT, 0, 0)                                                             \
    METHOD("NotificationService/ListNotifications", FAM_ROLE_ADMIN, 0, 0)                                              \
    METHOD("NotificationService/Resend", FAM_ROLE_ADMIN, FAM_METHOD_IDEMPOTENT_KEY, 0)                                 \
    METHOD("SessionService/CreateSession", FAM_ROLE_BOT, FOR_USER, 0)                                                  \
    METHOD("SessionService/GetSession", FAM_ROLE_BOT, FOR_USER, 0)                                                     \
    METHOD("SessionService/UpdateSession", FAM_ROLE_BOT, FOR_USER, 0)                                                  \
    METHOD("SessionService/DeleteSession", FAM_ROLE_BOT | FAM_ROLE_ADMIN, FOR_USER, 0)                                 \
    METHOD("SessionService/ListSessions", FAM_ROLE_BOT | FAM_ROLE_ADMIN, FOR_USER, 0)                                  \
    METHOD("SessionService/DeleteAllSessions", FAM_ROLE_BOT | FAM_ROLE_ADMIN, FOR_USER, 0)                             \
    METHOD("SessionService/AcquireLead", FAM_ROLE_BOT, 0, 5000)                                                        \
    METHOD("OpsService/Health", EVERYBODY, PROBE | FAM_METHOD_PUBLIC, 6000)                                            \
    METHOD("OpsService/Ready", EVERYBODY, PROBE | FAM_METHOD_PUBLIC, 6000)                                             \
    METHOD("OpsService/Live", EVERYBODY, PROBE | FAM_METHOD_PUBLIC, 6000)                                              \
    METHOD("OpsService/ServerInfo", EVERYBODY, PROBE | FAM_METHOD_PUBLIC, 6000)                                        \
    METHOD("OpsService/ListMethods", CALLERS, FAM_METHOD_WITHOUT_SCHEMA, 0)                                            \
    METHOD("OpsService/Describe", CALLERS, FAM_METHOD_WITHOUT_SCHEMA, 0)                                               \
    METHOD("OpsService/MigrationStatus", FAM_ROLE_ADMIN, FAM_METHOD_WITHOUT_SCHEMA, 0)                                 \
    METHOD("OpsService/Migrate", FAM_ROLE_ADMIN, FAM_METHOD_WITHOUT_SCHEMA, 600000)                                    \
    METHOD("OpsService/CreateToken", FAM_ROLE_ADMIN, FAM_METHOD_IDEMPOTENT_KEY, 0)                                     \
    METHOD("OpsService/ListTokens", FAM_ROLE_ADMIN, 0, 0)                                                              \
    METHOD("OpsService/RevokeToken", FAM_ROLE_ADMIN, FAM_METHOD_IDEMPOTENT_KEY, 0)                                     \
    METHOD("OpsService/Drain", FAM_ROLE_ADMIN, PROBE, 6000)                                                            \
    METHOD("OpsService/ListUsers", FAM_ROLE_ADMIN, 0, 0)                                                               \
    METHOD("OpsService/ListFamilies", FAM_ROLE_ADMIN, 0, 0)                                                            \
    METHOD("OpsService/ListAudit", FAM_ROLE_ADMIN, 0, 0)                                                               \
    METHOD("OpsService/GetCacheStats", FAM_ROLE_ADMIN, FAM_METHOD_WITHOUT_SCHEMA, 0)                                   \
    METHOD("OpsService/ClearCache", FAM_ROLE_ADMIN, FAM_METHOD_WITHOUT_SCHEMA, 0)                                      \
    METHOD("OpsService/GetClaude", FAM_ROLE_ADMIN, FAM_METHOD_WITHOUT_SCHEMA, 0)                                       \
    METHOD("OpsService/ResetBreaker", FAM_ROLE_ADMIN, FAM_METHOD_WITHOUT_SCHEMA, 0)                                    \
    METHOD("OpsService/SetLogLevel", FAM_ROLE_ADMIN, PROBE, 6000)                                                      \
    METHOD("OpsService/GetMetrics", FAM_ROLE_ADMIN | FAM_ROLE_METRICS, FAM_METHOD_WITHOUT_SCHEMA, 6000)                \
    METHOD("OpsService/ReportBot", FAM_ROLE_BOT, PROBE, 6000)                                                          \
    METHOD("OpsService/GetQueueStats", FAM_ROLE_ADMIN, 0, 0)                                                           \
    METHOD("OpsService/ListTasks", FAM_ROLE_ADMIN, 0, 0)                                                               \
    METHOD("OpsService/GetTask", FAM_ROLE_ADMIN, 0, 0)                                                                 \
    METHOD("OpsService/RetryTasks", FAM_ROLE_ADMIN, FAM_METHOD_IDEMPOTENT_KEY, 0)                                      \
    METHOD("OpsService/DeleteTasks", FAM_ROLE_ADMIN, FAM_METHOD_IDEMPOTENT_KEY, 0)                                     \
    METHOD("OpsService/PauseQueue", FAM_ROLE_ADMIN, FAM_METHOD_IDEMPOTENT_KEY, 0)                                      \
    METHOD("OpsService/ResumeQueue", FAM_ROLE_ADMIN, FAM_METHOD_IDEMPOTENT_KEY, 0)                                     \
    METHOD("OpsService/ListSchedules", FAM_ROLE_ADMIN, 0, 0)                                                           \
    METHOD("OpsService/ListEntrySummaries", FAM_ROLE_ADMIN, 0, 0)                                                      \
    METHOD("OpsService/ListFeedback", FAM_ROLE_ADMIN, FAM_METHOD_PERSONAL, 0)                                          \
    METHOD("OpsService/EraseFamily", FAM_ROLE_ADMIN, FAM_METHOD_IDEMPOTENT_KEY, 0)                                     \
    METHOD("OpsService/GetRetention", FAM_ROLE_ADMIN, 0, 0)                                                            \
    METHOD("OpsService/GetStats", FAM_ROLE_ADMIN, 0, 0)                                                                \
    METHOD("OpsService/Broadcast", FAM_ROLE_ADMIN, FAM_METHOD_IDEMPOTENT_KEY, 0)                                       \
    METHOD("OpsService/SendCheckin", FAM_ROLE_ADMIN, FAM_METHOD_IDEMPOTENT_KEY, 0)                                     \
    METHOD("OpsService/SendReport", FAM_ROLE_ADMIN, FAM_METHOD_IDEMPOTENT_KEY, 0)

#define ENTRY(name_, roles_, flags_, timeout_ms_)                                                                      \
    {.name = "fam.v1." name_, .roles = (roles_), .flags = (flags_), .timeout_ms = (timeout_ms_)},
const struct fam_method fam_methods[] = {METHODS(ENTRY)};
const size_t fam_method_count = FAM_ARRAY_SIZE(fam_methods);

#define NAME(name_, roles_, flags_, timeout_ms_) "fam.v1." name_,
static const char *const NAMES[] = {METHODS(NAME)};

#define RULE(field_, required_, min_, max_)                                                                            \
    {                                                                                                                  \
        .field = "fam.v1." field_, .required = (required_), .min = (min_), .max = (max_)                               \
    }
#define REQUIRED true
#define OPTIONAL false
#define ID_MAX (INT64_C(1) << 52)
#define AGE_MAX (INT64_C(366) * 24 * 3600 * 1000) /* a year, in milliseconds */
const struct fam_field_rule fam_field_rules[] = {
    /* field, presence, least, most; per_item: translate_batch.c checks each */
    RULE("TranslateRequest.phrase", REQUIRED, 1, 2000),
    {.field = "fam.v1.TranslateBatchRequest.items", .required = REQUIRED, .min = 1, .max = 16, .per_item = true},
    RULE("TranslateRequest.child_id", OPTIONAL, 36, 36),
    RULE("TranslateRequest.happened_before", OPTIONAL, 0, 1000),
    RULE("TranslateRequest.country", OPTIONAL, 2, 2),
    RULE("GetEntryRequest.entry_id", REQUIRED, 36, 36),
    RULE("ListEntriesRequest.page_size", OPTIONAL, 1, 100),
    RULE("ListEntriesRequest.page_token", OPTIONAL, 0, 128),
    RULE("ListEntriesRequest.child_id", OPTIONAL, 36, 36),
    RULE("ListEntriesRequest.from_ms", OPTIONAL, 0, ID_MAX),
    RULE("ListEntriesRequest.until_ms", OPTIONAL, 0, ID_MAX),
    RULE("ShareEntryRequest.entry_id", REQUIRED, 36, 36),
    RULE("DeleteEntryRequest.entry_id", REQUIRED, 36, 36),
    RULE("CorrectEntryRequest.entry_id", REQUIRED, 36, 36),
    RULE("CorrectEntryRequest.note", OPTIONAL, 0, 500),
    RULE("ReviseEntryRequest.entry_id", REQUIRED, 36, 36),
    RULE("ReviseEntryRequest.phrase", REQUIRED, 1, 2000),
    RULE("SearchEntriesRequest.query", REQUIRED, 2, 100),
    RULE("SearchEntriesRequest.page_size", OPTIONAL, 1, 50),
    RULE("SearchEntriesRequest.page_token", OPTIONAL, 0, 128),
    RULE("SearchEntriesRequest.child_id", OPTIONAL, 36, 36),
    RULE("RateEntryRequest.entry_id", REQUIRED, 36, 36),
    RULE("RateEntryRequest.helped", REQUIRED, 1, 4),
    RULE("RateEntryRequest.used_response", OPTIONAL, 0, 3),
    RULE("RateEntryRequest.comment", OPTIONAL, 0, 500),
    RULE("AgreeFollowUpRequest.entry_id", REQUIRED, 36, 36),
    RULE("RegisterUserRequest.telegram_id", REQUIRED, 1, ID_MAX),
    RULE("UpdateUserRequest.country", OPTIONAL, 2, 2),
    RULE("UpdateUserRequest.name", OPTIONAL, 0, 64),
    RULE("CreateFamilyRequest.name", OPTIONAL, 0, 64),
    RULE("CreateFamilyRequest.time_zone", OPTIONAL, 0, 64),
    RULE("AddChildRequest.name", OPTIONAL, 0, 64),
    RULE("AddChildRequest.birth", REQUIRED, 0, 0),
    RULE("UpdateFamilyRequest.name", OPTIONAL, 0, 64),
    RULE("UpdateFamilyRequest.country", OPTIONAL, 2, 2),
    RULE("UpdateFamilyRequest.time_zone", OPTIONAL, 0, 64),
    RULE("UpdateFamilyRequest.retention_days", OPTIONAL, 1, 3650),
    RULE("CreateInviteRequest.role", REQUIRED, 1, 2),
    RULE("RevokeInviteRequest.invite_id", REQUIRED, 36, 36),
    RULE("PreviewInviteRequest.code", REQUIRED, 1, 64),
    RULE("JoinFamilyRequest.code", REQUIRED, 1, 64),
    RULE("RemoveParentRequest.parent_id", REQUIRED, 36, 36),
    RULE("UpdateChildRequest.child_id", REQUIRED, 36, 36),
    RULE("UpdateChildRequest.name", OPTIONAL, 0, 64),
    RULE("UpdateChildRequest.traits", OPTIONAL, 0, 10),
    RULE("UpdateChildRequest.special_needs", OPTIONAL, 0, 500),
    RULE("RemoveChildRequest.child_id", REQUIRED, 36, 36),
    RULE("SubmitFeedbackRequest.text", REQUIRED, 1, 2000),
    RULE("SubmitFeedbackRequest.rating", OPTIONAL, 1, 5),
    RULE("Date.year", REQUIRED, 1900, 2200),
    RULE("Date.month", OPTIONAL, 1, 12),
    RULE("Date.day", OPTIONAL, 1, 31),
    RULE("SetConsentRequest.purpose", REQUIRED, 1, 3),
    RULE("DeleteFamilyRequest.confirm", REQUIRED, 1, 16),
    RULE("GetPrivacyReportRequest.page_size", OPTIONAL, 1, 50),
    RULE("GetPrivacyReportRequest.page_token", OPTIONAL, 0, 128),
    RULE("ExportFamilyRequest.format", REQUIRED, 1, 2),
    RULE("ExportFamilyRequest.page_token", OPTIONAL, 0, 512),
    RULE("EraseFamilyRequest.family_id", REQUIRED, 36, 36),
    RULE("ListFeedbackRequest.page_size", OPTIONAL, 1, 100),
    RULE("ListFeedbackRequest.page_token", OPTIONAL, 0, 128),
    RULE("ListFeedbackRequest.feedback_id", OPTIONAL, 36, 36),
    RULE("ListEntrySummariesRequest.page_size", OPTIONAL, 1, 100),
    RULE("ListEntrySummariesRequest.page_token", OPTIONAL, 0, 128),
    RULE("ListEntrySummariesRequest.user_id", OPTIONAL, 36, 36),
    RULE("ListEntrySummariesRequest.family_id", OPTIONAL, 36, 36),
    RULE("BroadcastRequest.text_ru", REQUIRED, 1, 2000),
    RULE("BroadcastRequest.text_en", REQUIRED, 1, 2000),
    RULE("SetConsentRequest.text_version", OPTIONAL, 0, 32),
    RULE("CheckinTime.local_time", OPTIONAL, 5, 5),
    RULE("SetScheduleRequest.times", OPTIONAL, 0, 4),
    RULE("SetScheduleRequest.reminder_minutes", OPTIONAL, 0, 30),
    RULE("SetScheduleRequest.quiet_from", OPTIONAL, 5, 5),
    RULE("SetScheduleRequest.quiet_until", OPTIONAL, 5, 5),
    RULE("PauseScheduleRequest.days", OPTIONAL, 0, 31),
    RULE("StartCheckinRequest.checkin_id", OPTIONAL, 36, 36),
    RULE("StartCheckinRequest.question_id", OPTIONAL, 0, 32),
    RULE("AnswerQuestionRequest.checkin_id", REQUIRED, 36, 36),
    RULE("AnswerQuestionRequest.question_id", REQUIRED, 1, 32),
    RULE("AnswerQuestionRequest.option_id", OPTIONAL, 0, 36),
    RULE("AnswerQuestionRequest.text", OPTIONAL, 0, 1000),
    RULE("SkipCheckinRequest.checkin_id", REQUIRED, 36, 36),
    RULE("ListCheckinsRequest.page_size", OPTIONAL, 1, 50),
    RULE("ListCheckinsRequest.page_token", OPTIONAL, 0, 128),
    RULE("ListCheckinsRequest.checkin_id", OPTIONAL, 36, 36),
    RULE("GetReportRequest.report_id", OPTIONAL, 36, 36),
    RULE("ListReportsRequest.page_size", OPTIONAL, 1, 50),
    RULE("ListReportsRequest.page_token", OPTIONAL, 0, 128),
    RULE("SendCheckinRequest.user_id", REQUIRED, 36, 36),
    RULE("SendReportRequest.user_id", REQUIRED, 36, 36),
    RULE("RecordDeliveryRequest.entry_id", REQUIRED, 36, 36),
    RULE("RecordDeliveryRequest.chat_id", REQUIRED, 1, ID_MAX),
    RULE("RecordDeliveryRequest.message_id", REQUIRED, 1, ID_MAX),
    RULE("RecordDeliveryRequest.reading_version", REQUIRED, 1, 1000000),
    RULE("LeaseRequest.holder", REQUIRED, 1, 64),
    RULE("LeaseRequest.max", REQUIRED, 1, 32),
    RULE("LeaseRequest.max_others", OPTIONAL, 0, 32),
    RULE("LeaseRequest.wait_ms", OPTIONAL, 0, 50000),
    RULE("LeaseRequest.lease_ms", OPTIONAL, 5000, 300000),
    RULE("AckRequest.notification_id", REQUIRED, 36, 36),
    RULE("AckRequest.lease_token", REQUIRED, 36, 36),
    RULE("AckRequest.chat_id", REQUIRED, 1, ID_MAX),
    RULE("AckRequest.message_id", REQUIRED, 1, ID_MAX),
    RULE("NackRequest.notification_id", REQUIRED, 36, 36),
    RULE("NackRequest.lease_token", REQUIRED, 36, 36),
    RULE("NackRequest.reason", REQUIRED, 1, 4),
    RULE("NackRequest.retry_after_ms", OPTIONAL, 0, 86400000),
    RULE("ListNotificationsRequest.page_size", OPTIONAL, 1, 100),
    RULE("ListNotificationsRequest.page_token", OPTIONAL, 0, 128),
    RULE("ListNotificationsRequest.user_id", OPTIONAL, 36, 36),
    RULE("ListNotificationsRequest.notification_ids", OPTIONAL, 0, 100),
    RULE("ResendRequest.notification_ids", OPTIONAL, 0, 100),
    RULE("ResendRequest.user_id", OPTIONAL, 36, 36),
    RULE("AcquireLeadRequest.holder", REQUIRED, 1, 64),
    RULE("AcquireLeadRequest.ttl_ms", OPTIONAL, 1000, 60000),
    RULE("CreateSessionRequest.client", REQUIRED, 1, 32),
    RULE("GetSessionRequest.session_id", REQUIRED, 1, 64),
    RULE("UpdateSessionRequest.session_id", REQUIRED, 1, 64),
    RULE("UpdateSessionRequest.state", OPTIONAL, 0, 8192),
    RULE("UpdateSessionRequest.draft", OPTIONAL, 0, 2000),
    RULE("UpdateSessionRequest.fields", OPTIONAL, 0, 32),
    RULE("UpdateSessionRequest.fence", OPTIONAL, 0, ID_MAX),
    RULE("SessionField.name", REQUIRED, 1, 32),
    RULE("SessionField.value", OPTIONAL, 0, 1024),
    RULE("DeleteSessionRequest.session_id", REQUIRED, 1, 64),
    RULE("CreateTokenRequest.role", REQUIRED, 1, 4),
    RULE("CreateTokenRequest.name", REQUIRED, 1, 64),
    RULE("CreateTokenRequest.methods", OPTIONAL, 0, 100),
    RULE("RevokeTokenRequest.token_id", REQUIRED, 36, 36),
    RULE("ListUsersRequest.page_size", OPTIONAL, 1, 100),
    RULE("ListUsersRequest.page_token", OPTIONAL, 0, 128),
    RULE("ListFamiliesRequest.page_size", OPTIONAL, 1, 100),
    RULE("ListFamiliesRequest.page_token", OPTIONAL, 0, 128),
    RULE("ListAuditRequest.page_size", OPTIONAL, 1, 100),
    RULE("ListAuditRequest.page_token", OPTIONAL, 0, 128),
    RULE("ListAuditRequest.user_id", OPTIONAL, 36, 36),
    RULE("DescribeRequest.name", REQUIRED, 1, 128),
    RULE("SetLogLevelRequest.level", REQUIRED, 1, 8),
    RULE("ReportBotRequest.version", OPTIONAL, 0, 64),
    RULE("ReportBotRequest.instance", OPTIONAL, 0, 64),
    RULE("TaskFilter.task_ids", OPTIONAL, 0, 100),
    RULE("TaskFilter.type", OPTIONAL, 0, 64),
    RULE("TaskFilter.reason", OPTIONAL, 0, 100),
    RULE("TaskFilter.older_than_ms", OPTIONAL, 0, AGE_MAX),
    RULE("ListTasksRequest.page_size", OPTIONAL, 1, 100),
    RULE("ListTasksRequest.page_token", OPTIONAL, 0, 128),
    RULE("GetTaskRequest.task_id", REQUIRED, 36, 36),
    RULE("PauseQueueRequest.type", REQUIRED, 1, 64),
    RULE("PauseQueueRequest.for_ms", OPTIONAL, 0, AGE_MAX),
    RULE("PauseQueueRequest.reason", OPTIONAL, 0, 200),
    RULE("ResumeQueueRequest.type", REQUIRED, 1, 64),
    RULE("ListSchedulesRequest.page_size", OPTIONAL, 1, 100),
    RULE("ListSchedulesRequest.page_token", OPTIONAL, 0, 128),
    RULE("ListSchedulesRequest.job", OPTIONAL, 0, 64),
    RULE("ListSchedulesRequest.family_id", OPTIONAL, 36, 36),
};
const size_t fam_field_rule_count = FAM_ARRAY_SIZE(fam_field_rules);

const char *const *fam_method_names(size_t *ret_count)
{
    *ret_count = FAM_ARRAY_SIZE(NAMES);
    return NAMES;
}

size_t fam_method_index(const char *name)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(NAMES); i++) {
        if (strcmp(NAMES[i], name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}
