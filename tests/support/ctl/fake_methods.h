/* fake_methods.h: who may call what of fake_server.h. For fake_server.c alone. */
#ifndef FAM_TESTS_FAKE_CTL_METHODS_H
#define FAM_TESTS_FAKE_CTL_METHODS_H

#include "rpc/server.h"

#define ADMIN(method)                                                                                                  \
    {                                                                                                                  \
        .name = "fam.v1." method, .roles = FAM_ROLE_ADMIN                                                              \
    }
#define PUBLIC(method)                                                                                                 \
    {                                                                                                                  \
        .name = "fam.v1." method, .roles = 15, .flags = FAM_METHOD_PUBLIC                                              \
    }

static const struct fam_method METHODS[] = {
    PUBLIC("OpsService/Health"),
    PUBLIC("OpsService/Ready"),
    PUBLIC("OpsService/Live"),
    PUBLIC("OpsService/ServerInfo"),
    ADMIN("OpsService/ListMethods"),
    ADMIN("OpsService/Describe"),
    ADMIN("OpsService/MigrationStatus"),
    ADMIN("OpsService/Migrate"),
    ADMIN("OpsService/CreateToken"),
    ADMIN("OpsService/ListTokens"),
    ADMIN("OpsService/RevokeToken"),
    ADMIN("OpsService/Drain"),
    ADMIN("OpsService/ListUsers"),
    ADMIN("OpsService/ListFamilies"),
    ADMIN("OpsService/ListAudit"),
    ADMIN("OpsService/GetCacheStats"),
    ADMIN("OpsService/ClearCache"),
    ADMIN("OpsService/GetClaude"),
    ADMIN("OpsService/SetLogLevel"),
    ADMIN("OpsService/ReportBot"),
    ADMIN("OpsService/GetMetrics"),
    ADMIN("OpsService/ResetBreaker"),
    ADMIN("OpsService/GetQueueStats"),
    ADMIN("OpsService/ListTasks"),
    ADMIN("OpsService/GetTask"),
    ADMIN("OpsService/RetryTasks"),
    ADMIN("OpsService/DeleteTasks"),
    ADMIN("OpsService/PauseQueue"),
    ADMIN("OpsService/ResumeQueue"),
    ADMIN("OpsService/ListSchedules"),
    ADMIN("TranslationService/Translate"),
    ADMIN("TranslationService/TranslateBatch"),
    ADMIN("TranslationService/GetEntry"),
    ADMIN("TranslationService/ListEntries"),
    ADMIN("TranslationService/RateEntry"),
    ADMIN("NotificationService/RecordDelivery"),
    ADMIN("NotificationService/Lease"),
    ADMIN("NotificationService/Ack"),
    ADMIN("NotificationService/Nack"),
    ADMIN("NotificationService/ListNotifications"),
    ADMIN("NotificationService/Resend"),
    ADMIN("SessionService/CreateSession"),
    ADMIN("SessionService/GetSession"),
    ADMIN("SessionService/UpdateSession"),
    ADMIN("SessionService/DeleteSession"),
    ADMIN("SessionService/ListSessions"),
    ADMIN("SessionService/DeleteAllSessions"),
    ADMIN("SessionService/AcquireLead"),
    ADMIN("FamilyService/RegisterUser"),
    ADMIN("FamilyService/GetUser"),
    ADMIN("FamilyService/UpdateUser"),
    ADMIN("FamilyService/CreateFamily"),
    ADMIN("FamilyService/GetFamily"),
    ADMIN("FamilyService/AddChild"),
    ADMIN("FamilyService/GetConsents"),
    ADMIN("FamilyService/SetConsent"),
    ADMIN("FamilyService/SetReachability"),
    ADMIN("FamilyService/UpdateFamily"),
    ADMIN("FamilyService/CreateInvite"),
    ADMIN("FamilyService/ListInvites"),
    ADMIN("FamilyService/RevokeInvite"),
    ADMIN("FamilyService/PreviewInvite"),
    ADMIN("FamilyService/JoinFamily"),
    ADMIN("FamilyService/LeaveFamily"),
    ADMIN("FamilyService/RemoveParent"),
    ADMIN("FamilyService/UpdateChild"),
    ADMIN("FamilyService/RemoveChild"),
    ADMIN("FamilyService/GetPrivacyReport"),
    ADMIN("FamilyService/ExportFamily"),
    ADMIN("FamilyService/DeleteFamily"),
    ADMIN("FamilyService/SubmitFeedback"),
};

#endif
