#include "fake_people.h"

#include <stdio.h>
#include <string.h>

#include "rpc/call.h"

/* Strings of messages are char *, and literals are const. */
static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

static void keep_reason(struct fake_scene *scene, const struct fam_call *call)
{
    snprintf(scene->people.reason, sizeof(scene->people.reason), "%s", fam_call_reason(call));
}

static void fake_get_family(Fam__V1__FamilyService_Service *service, const Fam__V1__GetFamilyRequest *request,
                            Fam__V1__GetFamilyResponse_Closure closure, void *closure_data)
{
    (void)request;
    Fam__V1__GetFamilyResponse response = FAM__V1__GET_FAMILY_RESPONSE__INIT;
    Fam__V1__Family family = FAM__V1__FAMILY__INIT;
    Fam__V1__Child child = FAM__V1__CHILD__INIT;
    Fam__V1__Child *children[] = {&child};
    Fam__V1__Date birth = FAM__V1__DATE__INIT;
    birth.year = 2019;
    birth.month = 3;
    birth.day = 12;
    child.child_id = text(FAKE_TOKEN_ID);
    child.name = text("Molly");
    child.birth = &birth;
    child.age_years = 7;
    child.special_needs = text("hears badly");
    family.family_id = text(FAKE_TOKEN_ID);
    family.children = children;
    family.n_children = 1;
    response.family = &family;
    keep_reason(((struct fake_people *)service)->scene, closure_data);
    closure(&response, closure_data);
}

/* Two chunks. */
static void fake_export_family(Fam__V1__FamilyService_Service *service, const Fam__V1__ExportFamilyRequest *request,
                               Fam__V1__ExportFamilyResponse_Closure closure, void *closure_data)
{
    struct fake_scene *scene = ((struct fake_people *)service)->scene;
    bool first = request->page_token[0] == '\0';
    bool json = request->format == FAM__V1__EXPORT_FORMAT__EXPORT_FORMAT_JSON;
    const char *chunk = first ? (json ? "{\"a\":" : "<p>") : (json ? "1}" : "</p>");
    Fam__V1__ExportFamilyResponse response = FAM__V1__EXPORT_FAMILY_RESPONSE__INIT;
    response.chunk.data = (uint8_t *)text(chunk);
    response.chunk.len = strlen(chunk);
    response.next_page_token = text(first ? "2" : "");
    keep_reason(scene, closure_data);
    if (scene->people.export_breaks && !first) {
        struct fam_status status = {0};
        (void)fam_fail(&status, FAM_INTERNAL, "the export broke");
        fam_call_fail(closure_data, &status);
        return;
    }
    closure(&response, closure_data);
}

FAKE_OPS_METHOD(list_entry_summaries, ListEntrySummaries)
{
    Fam__V1__ListEntrySummariesResponse response = FAM__V1__LIST_ENTRY_SUMMARIES_RESPONSE__INIT;
    Fam__V1__EntrySummary entry = FAM__V1__ENTRY_SUMMARY__INIT;
    Fam__V1__EntrySummary *entries[] = {&entry};
    struct fake_scene *scene = fake_ops_scene(service);
    snprintf(scene->people.family, sizeof(scene->people.family), "%s", request->family_id);
    entry.entry_id = text(FAKE_TOKEN_ID);
    entry.readings = 2;
    entry.shared = true;
    entry.created_at_ms = 1000;
    response.entries = entries;
    response.n_entries = 1;
    closure(&response, closure_data);
}

FAKE_OPS_METHOD(list_feedback, ListFeedback)
{
    Fam__V1__ListFeedbackResponse response = FAM__V1__LIST_FEEDBACK_RESPONSE__INIT;
    Fam__V1__Feedback feedback = FAM__V1__FEEDBACK__INIT;
    Fam__V1__Feedback *all[] = {&feedback};
    struct fake_scene *scene = fake_ops_scene(service);
    keep_reason(scene, closure_data);
    feedback.feedback_id = text(FAKE_TOKEN_ID);
    feedback.user_id = text(FAKE_TOKEN_ID);
    feedback.rating = scene->people.rating;
    feedback.text = text("please more about teenagers");
    feedback.created_at_ms = 1000;
    response.feedback = all;
    bool one = request->feedback_id[0] != '\0';
    bool first = !one && request->page_token[0] == '\0'; /* the second page alone has something */
    response.n_feedback = first || (one && strcmp(request->feedback_id, FAKE_TOKEN_ID) != 0) ? 0 : 1;
    response.next_page_token = text(first ? "2" : "");
    closure(&response, closure_data);
}

FAKE_OPS_METHOD(erase_family, EraseFamily)
{
    struct fake_scene *scene = fake_ops_scene(service);
    Fam__V1__EraseFamilyResponse response = FAM__V1__ERASE_FAMILY_RESPONSE__INIT;
    Fam__V1__Receipt receipt = FAM__V1__RECEIPT__INIT;
    Fam__V1__Recipient recipient = FAM__V1__RECIPIENT__INIT;
    Fam__V1__Recipient *recipients[] = {&recipient};
    recipient.name = text("anthropic");
    recipient.count = 21;
    recipient.first_ms = 2000;
    recipient.last_ms = 3000;
    receipt.receipt_id = text(FAKE_TOKEN_ID);
    receipt.erased_at_ms = 1000;
    receipt.copies_until_ms = 604801000;
    receipt.recipients = recipients;
    receipt.n_recipients = 1;
    response.people = 2;
    response.entries = 30;
    response.receipt = request->dry_run ? NULL : &receipt;
    keep_reason(scene, closure_data);
    scene->people.erased += request->dry_run ? 0 : 1;
    scene->people.counted += request->dry_run ? 1 : 0;
    closure(&response, closure_data);
}

FAKE_OPS_METHOD(get_retention, GetRetention)
{
    (void)service;
    (void)request;
    Fam__V1__GetRetentionResponse response = FAM__V1__GET_RETENTION_RESPONSE__INIT;
    response.default_days = 90;
    response.families_with_own = 5;
    response.oldest_personal_ms = 7776000000;
    response.overdue_rows = 3;
    response.last_sweep_ms = 1000;
    closure(&response, closure_data);
}

FAKE_OPS_METHOD(get_stats, GetStats)
{
    (void)service;
    (void)request;
    Fam__V1__GetStatsResponse response = FAM__V1__GET_STATS_RESPONSE__INIT;
    Fam__V1__SourceCount source = FAM__V1__SOURCE_COUNT__INIT;
    Fam__V1__SourceCount *sources[] = {&source};
    Fam__V1__DayCount day = FAM__V1__DAY_COUNT__INIT;
    Fam__V1__DayCount *days[] = {&day};
    source.source = FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_INVITE;
    source.count = 11;
    day.day = text("2026-11-23");
    day.count = 6;
    response.users = 17;
    response.active_families = 9;
    response.retention_day_7 = 0.425;
    response.registrations = sources;
    response.n_registrations = 1;
    response.registered = days;
    response.n_registered = 1;
    closure(&response, closure_data);
}

FAKE_OPS_METHOD(broadcast, Broadcast)
{
    struct fake_scene *scene = fake_ops_scene(service);
    Fam__V1__BroadcastResponse response = FAM__V1__BROADCAST_RESPONSE__INIT;
    response.recipients = 12;
    scene->people.broadcasts += request->dry_run ? 0 : 1;
    snprintf(scene->people.told, sizeof(scene->people.told), "%s|%s", request->text_ru, request->text_en);
    closure(&response, closure_data);
}

/* Methods that are no operator's, or that no command calls. */
#define FAKE_SILENT(name, Method)                                                                                      \
    static void fake_##name(Fam__V1__FamilyService_Service *service, const Fam__V1__##Method##Request *request,        \
                            Fam__V1__##Method##Response_Closure closure, void *closure_data)                           \
    {                                                                                                                  \
        (void)service;                                                                                                 \
        (void)request;                                                                                                 \
        closure(NULL, closure_data);                                                                                   \
    }
FAKE_SILENT(register_user, RegisterUser)
FAKE_SILENT(get_user, GetUser)
FAKE_SILENT(update_user, UpdateUser)
FAKE_SILENT(create_family, CreateFamily)
FAKE_SILENT(add_child, AddChild)
FAKE_SILENT(get_consents, GetConsents)
FAKE_SILENT(set_consent, SetConsent)
FAKE_SILENT(set_reachability, SetReachability)
FAKE_SILENT(update_family, UpdateFamily)
FAKE_SILENT(create_invite, CreateInvite)
FAKE_SILENT(list_invites, ListInvites)
FAKE_SILENT(revoke_invite, RevokeInvite)
FAKE_SILENT(preview_invite, PreviewInvite)
FAKE_SILENT(join_family, JoinFamily)
FAKE_SILENT(leave_family, LeaveFamily)
FAKE_SILENT(remove_parent, RemoveParent)
FAKE_SILENT(update_child, UpdateChild)
FAKE_SILENT(remove_child, RemoveChild)
FAKE_SILENT(get_privacy_report, GetPrivacyReport)
FAKE_SILENT(delete_family, DeleteFamily)
FAKE_SILENT(submit_feedback, SubmitFeedback)

void fake_people_init(struct fake_people *people, struct fake_scene *scene)
{
    static const Fam__V1__FamilyService_Service PEOPLE = FAM__V1__FAMILY_SERVICE__INIT(fake_);
    *people = (struct fake_people){.base = PEOPLE, .scene = scene};
}
