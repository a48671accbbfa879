/* fake_server.h: a server for conversations: one person, in memory. Idempotency keys work as they do on the server;
 * faults can be put before or after an effect. One world a test program. */
#ifndef FAM_TESTS_FAKE_SERVER_H
#define FAM_TESTS_FAKE_SERVER_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "callback.h"
#include "dialog/dialog.h"
#include "dialog/states.h"
#include "fam/v1/checkin.pb-c.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/notification.pb-c.h"
#include "fam/v1/session.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "locale.h"
#include "metrics/metrics.h"
#include "telegram/update.h"

enum {
    WORLD_SENT = 200,
    WORLD_ENTRIES = 50,
    WORLD_REMOVED = 500,
    WORLD_DOCUMENTS = 8,
    WORLD_SAID = 16,
    WORLD_TIMES = 4,
    PERSON = 77
};

#define TXT(text) ((char *)(uintptr_t)(text))

struct sent {
    int64_t message_id;
    bool is_edit;
    bool protect;
    int64_t reply_to;
    bool is_photo;
    char file_name[64];
    char text[9000];
    struct fam_keyboard keyboard;
};

struct world_checkin {
    int number;
    char id[37];
    Fam__V1__CheckinSlot slot;
    Fam__V1__CheckinState state;
    bool is_over; /* a complete one can't be changed any more */
    bool answered[4];
    char answers[4][1200];
};

struct world_entry {
    char id[37];
    char key[100];
    char phrase[9000];
    int64_t message_id;
    int age_band;
    int helped, used;
    bool safety;
    bool is_own;                   /* the help is for the writer */
    bool erased, shared, is_other; /* another parent's, who shares it */
    bool is_of_family;             /* it speaks of somebody of the family: sharing asks */
    int emotion;                   /* 0: anger */
    int corrected;
    char note[600];
    int version;
    int64_t created_at_ms;
};

struct world_document {
    char name[100], content_type[40], start[101];
    size_t size;
};

struct world_child {
    char name[100];
    int year, month;
    int traits[10];
    size_t trait_count;
    char needs[2100];
    bool removed;
};

/* Another member of the person's family. */
struct world_parent {
    char name[100];
    Fam__V1__ParentRole role;
    bool removed;
};

struct world_invite {
    char key[100];
    Fam__V1__ParentRole role;
    bool ended;
};

enum { WORLD_PARENTS = 30, WORLD_INVITES = 25 };

struct world {
    Fam__V1__Language language;
    char country[3];
    int processing, ai, notifications; /* -1: never asked */
    bool family;
    Fam__V1__ParentRole role; /* unspecified: parent */
    char name[200], family_name[200], family_country[3], zone[70];
    bool share_entries, no_follow_up, no_ai;
    int retention_days;
    struct world_parent parents[WORLD_PARENTS];
    size_t parent_count;
    struct world_invite invites[WORLD_INVITES];
    size_t invite_count;
    const char *offered; /* a code that leads into a family */
    Fam__V1__ParentRole offered_role;
    char feedback[9000];
    int rating, feedback_count;
    Fam__V1__RegistrationSource source;
    struct world_child children[12];
    size_t child_count;
    char child_keys[12][100];
    char state[8192];
    size_t state_size;
    int64_t last_update_id;
    uint64_t version;
    char draft[9000];
    struct world_entry entries[WORLD_ENTRIES];
    size_t entry_count;
    struct sent sent[WORLD_SENT];
    size_t sent_count;
    int typing, callbacks, removed, uploading;
    int64_t removed_ids[WORLD_REMOVED];
    size_t removed_count;
    struct world_document documents[WORLD_DOCUMENTS];
    size_t document_count;
    size_t export_chunks; /* of each file, of export_bytes each */
    size_t export_bytes;
    bool erased; /* the person was erased; who writes then is somebody new */
    struct world_checkin checkin;
    char times[WORLD_TIMES][8]; /* by slot, from morning on; "" for off */
    int reminder_minutes, pause_days;
    char quiet_from[8], quiet_until[8];
    bool weekly_report, report_is_long, report_is_empty, report_is_gone, report_has_no_picture, reports_have_days;
    bool report_tells_trends, report_has_even_mood, report_has_three_children;
    int report_count;
    int disclosures;      /* how many were sent to the AI */
    char last_query[300]; /* of ListEntries or SearchEntries: "child/emotion/days/words" */
    char callback_text[300];
    int calls[FAM_BACKEND_METHODS];
    /* Faults: the method fails this many times, before its effect or after it. */
    enum fam_code fail_code;
    const char *fail_reason;
    uint32_t fail_retry_ms;
    enum fam_backend_method fail_method;
    int fail_before, fail_after;
    bool redis_away;
    enum fam_code send_code; /* FAM_OK: sending works */
    const char *send_reason;
    enum fam_code photo_code; /* the same of pictures */
    int64_t next_message_id, next_update_id;
    struct { /* what the person wrote last, as it stands in the chat; the texts are the tests' own */
        int64_t message_id;
        const char *text;
    } said[WORLD_SAID];
    size_t said_count;
    int64_t wall_ms;
    struct fam_locales *locales;
    struct fam_callback_signer signer;
    struct fam_backend backend;
    struct fam_messenger messenger;
    struct fam_lead lead; /* none: this process always leads */
    struct fam_dialog *dialog;
    struct fam_metrics *metrics;
    unsigned notes;
    unsigned attempt;
    bool long_ago;                 /* the first attempt was long ago */
    int reachability;              /* what SetReachability said: 1, 0; -1: nothing */
    uint64_t fence, highest_fence; /* of the last UpdateSession; the server refuses lower ones than the second */
};

static struct world w;

/* ---- the server ---- */

static void release_message(void *owner)
{
    protobuf_c_message_free_unpacked(owner, NULL);
}

/* A copy that the caller of the port may keep: answers are built on the stack. */
static void answer(struct fam_backend_reply *reply, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(size + 1);
    protobuf_c_message_pack(message, bytes);
    ProtobufCMessage *copy = protobuf_c_message_unpack(message->descriptor, NULL, size, bytes);
    cr_assert_not_null(copy);
    free(bytes);
    *reply = (struct fam_backend_reply){.message = copy, .owner = copy, .release = release_message};
}

static void make_user(Fam__V1__User *user, Fam__V1__Consent consents[3], Fam__V1__Consent *pointers[3])
{
    static char user_id[] = "00000000-0000-7000-8000-000000000001",
                family_id[] = "00000000-0000-7000-8000-0000000000f1";
    fam__v1__user__init(user);
    user->user_id = user_id;
    user->language = w.language;
    user->country = w.country;
    user->family_id = w.family ? family_id : TXT("");
    user->consents = pointers;
    user->name = w.name;
    user->share_entries = w.share_entries;
    user->no_follow_up = w.no_follow_up;
    const int decided[3] = {w.processing, w.ai, w.notifications};
    for (int i = 0; i < 3; i++) {
        fam__v1__consent__init(&consents[i]);
        if (decided[i] < 0)
            continue;
        consents[i].purpose = (Fam__V1__ConsentPurpose)(i + 1);
        consents[i].granted = decided[i];
        pointers[user->n_consents++] = &consents[i];
    }
}

static void answer_user(struct fam_backend_reply *reply, bool registered)
{
    Fam__V1__User user;
    Fam__V1__Consent consents[3], *pointers[3];
    make_user(&user, consents, pointers);
    Fam__V1__RegisterUserResponse created = FAM__V1__REGISTER_USER_RESPONSE__INIT;
    Fam__V1__UpdateUserResponse updated = FAM__V1__UPDATE_USER_RESPONSE__INIT;
    created.user = updated.user = &user;
    answer(reply, registered ? &created.base : &updated.base);
}

static void make_child(size_t index, Fam__V1__Child *child, char id[37])
{
    fam__v1__child__init(child);
    snprintf(id, 37, "00000000-0000-7000-8000-0000000000c%zx", index);
    child->child_id = id;
    child->name = w.children[index].name;
    child->age_years = 2026 - w.children[index].year;
    child->traits = (Fam__V1__Trait *)w.children[index].traits;
    child->n_traits = w.children[index].trait_count;
    child->special_needs = w.children[index].needs;
}

#include "fake_family.h"

static enum fam_code add_child(const Fam__V1__AddChildRequest *request, const char *key,
                               struct fam_backend_reply *reply, struct fam_status *status)
{
    size_t index = w.child_count;
    for (size_t i = 0; i < w.child_count; i++)
        if (strcmp(w.child_keys[i], key) == 0)
            index = i;
    if (index == 10)
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CHILDREN_MAX", 0, "ten");
    if (index == w.child_count) {
        snprintf(w.children[index].name, sizeof(w.children[index].name), "%s", request->name);
        w.children[index].year = request->birth->year;
        w.children[index].month = request->birth->month;
        snprintf(w.child_keys[index], sizeof(w.child_keys[index]), "%s", key);
        w.child_count++;
    }
    Fam__V1__Child child;
    char id[37];
    make_child(index, &child, id);
    Fam__V1__AddChildResponse response = FAM__V1__ADD_CHILD_RESPONSE__INIT;
    response.child = &child;
    answer(reply, &response.base);
    return FAM_OK;
}

static bool is_danger(const char *phrase)
{
    return strstr(phrase, "не хочу больше жить") || strstr(phrase, "want to die") ||
           strcmp(phrase, "Самоубийство") == 0 || strcmp(phrase, "Suicidal") == 0;
}

static struct world_entry *find_entry(const char *id, const char *key)
{
    for (size_t i = 0; i < w.entry_count; i++)
        if (!w.entries[i].erased &&
            ((id && strcmp(w.entries[i].id, id) == 0) || (key && strcmp(w.entries[i].key, key) == 0)))
            return &w.entries[i];
    return NULL;
}

enum answered_as { AS_TRANSLATE, AS_GET, AS_RATE, AS_CORRECT, AS_REVISE, AS_SHARE };

/* As the answer of the method that was called. */
static void wrap_entry(struct fam_backend_reply *reply, Fam__V1__Entry *entry, enum answered_as as)
{
    Fam__V1__TranslateResponse translated = FAM__V1__TRANSLATE_RESPONSE__INIT;
    Fam__V1__GetEntryResponse got = FAM__V1__GET_ENTRY_RESPONSE__INIT;
    Fam__V1__RateEntryResponse rated = FAM__V1__RATE_ENTRY_RESPONSE__INIT;
    Fam__V1__CorrectEntryResponse corrected = FAM__V1__CORRECT_ENTRY_RESPONSE__INIT;
    Fam__V1__ReviseEntryResponse revised = FAM__V1__REVISE_ENTRY_RESPONSE__INIT;
    Fam__V1__ShareEntryResponse shown = FAM__V1__SHARE_ENTRY_RESPONSE__INIT;
    translated.entry = got.entry = rated.entry = corrected.entry = revised.entry = shown.entry = entry;
    const ProtobufCMessage *const answers[] = {
        [AS_TRANSLATE] = &translated.base, [AS_GET] = &got.base,        [AS_RATE] = &rated.base,
        [AS_CORRECT] = &corrected.base,    [AS_REVISE] = &revised.base, [AS_SHARE] = &shown.base};
    answer(reply, answers[as]);
}

static void answer_entry(struct fam_backend_reply *reply, struct world_entry *stored, bool has_id, enum answered_as as)
{
    Fam__V1__Entry entry = FAM__V1__ENTRY__INIT;
    Fam__V1__Reading reading = FAM__V1__READING__INIT;
    Fam__V1__EmotionScore primary = FAM__V1__EMOTION_SCORE__INIT;
    Fam__V1__SuggestedResponse responses[3], *pointers[3];
    Fam__V1__SafetyHelp safety = FAM__V1__SAFETY_HELP__INIT;
    Fam__V1__HelpLine line = FAM__V1__HELP_LINE__INIT, *lines[1] = {&line};
    Fam__V1__Delivery delivery = FAM__V1__DELIVERY__INIT;
    char going_on[100];
    snprintf(going_on, sizeof(going_on), "reading of %.40s for band %d", stored->phrase, stored->age_band);
    primary.emotion = stored->corrected ? (Fam__V1__Emotion)stored->corrected
                      : stored->emotion ? (Fam__V1__Emotion)stored->emotion
                                        : FAM__V1__EMOTION__EMOTION_ANGER;
    reading.version = stored->version + 1;
    reading.engine = FAM__V1__ENGINE__ENGINE_OFFLINE;
    reading.certainty = FAM__V1__CERTAINTY__CERTAINTY_MEDIUM;
    reading.primary = &primary;
    reading.going_on = going_on;
    reading.activity = TXT("draw together");
    for (int i = 0; i < 3; i++) {
        fam__v1__suggested_response__init(&responses[i]);
        responses[i].kind = (Fam__V1__ResponseKind)(i + 1);
        responses[i].text = TXT("say this");
        responses[i].why = TXT("because it works");
        pointers[i] = &responses[i];
    }
    reading.responses = pointers;
    reading.n_responses = 3;
    line.name = TXT("line");
    line.number = TXT("8-800-2000-122");
    safety.opening = TXT("First the most important:");
    safety.first_step = TXT("Stay near.");
    safety.lines = lines;
    safety.n_lines = 1;
    char *child_steps[] = {TXT("Ask the child.")};
    if (stored->is_own) {
        safety.first_step = TXT("Call for yourself.");
        safety.child_steps = child_steps;
        safety.n_child_steps = 1;
    }
    delivery.message_id = stored->message_id;
    delivery.chat_id = PERSON;
    Fam__V1__Correction correction = FAM__V1__CORRECTION__INIT;
    correction.emotion = (Fam__V1__Emotion)stored->corrected;
    correction.note = stored->note;
    entry.correction = stored->corrected || stored->note[0] ? &correction : NULL;
    Fam__V1__Rating rating = FAM__V1__RATING__INIT;
    rating.helped = (Fam__V1__Helped)stored->helped;
    entry.rating = stored->helped ? &rating : NULL;
    entry.own = !stored->is_other;
    entry.author_name = stored->is_other ? TXT("Аня <3") : TXT("");
    entry.shared = stored->shared;
    entry.created_at_ms = stored->created_at_ms;
    entry.entry_id = has_id ? stored->id : TXT("");
    entry.phrase = stored->phrase;
    entry.age_band = (Fam__V1__AgeBand)stored->age_band;
    entry.age_unknown = stored->age_band == 0 && w.child_count != 1;
    entry.reading = &reading;
    entry.safety = stored->safety ? &safety : NULL;
    entry.delivery = stored->message_id ? &delivery : NULL;
    wrap_entry(reply, &entry, as);
}

static void translate(const Fam__V1__TranslateRequest *request, const char *key, struct fam_backend_reply *reply)
{
    bool store = w.processing == 1;
    static struct world_entry unstored;
    struct world_entry *entry = store ? find_entry(NULL, key) : &unstored;
    if (!entry) {
        cr_assert_lt(w.entry_count, (size_t)WORLD_ENTRIES);
        entry = &w.entries[w.entry_count++];
    }
    if (!store || !entry->id[0]) {
        memset(entry, 0, sizeof(*entry));
        snprintf(entry->id, sizeof(entry->id), "00000000-0000-7000-8000-0000000001%02zx", w.entry_count);
        snprintf(entry->key, sizeof(entry->key), "%s", key);
        snprintf(entry->phrase, sizeof(entry->phrase), "%s", request->phrase);
        entry->age_band = request->child_id[0] ? 3 : (int)request->age_band;
        entry->safety = is_danger(request->phrase);
        entry->created_at_ms = w.wall_ms;
    }
    answer_entry(reply, entry, store, AS_TRANSLATE);
}

static void answer_session(struct fam_backend_reply *reply, bool created)
{
    Fam__V1__Session session = FAM__V1__SESSION__INIT;
    session.session_id = TXT("session-1");
    session.version = w.version;
    session.state.data = (uint8_t *)w.state;
    session.state.len = w.state_size;
    session.last_update_id = w.last_update_id;
    session.draft = w.draft;
    Fam__V1__CreateSessionResponse response = FAM__V1__CREATE_SESSION_RESPONSE__INIT;
    Fam__V1__UpdateSessionResponse updated = FAM__V1__UPDATE_SESSION_RESPONSE__INIT;
    response.session = updated.session = &session;
    answer(reply, created ? &response.base : &updated.base);
}

static enum fam_code update_session(const Fam__V1__UpdateSessionRequest *request, struct fam_backend_reply *reply,
                                    struct fam_status *status)
{
    w.fence = request->fence;
    if (request->fence < w.highest_fence)
        return fam_fail_reason(status, FAM_ABORTED, "LEAD_LOST", 0, "a higher fence");
    if (request->version != w.version)
        return fam_fail(status, FAM_ABORTED, "version");
    cr_assert_leq(request->state.len, sizeof(w.state));
    memcpy(w.state, request->state.data, request->state.len);
    w.state_size = request->state.len;
    w.last_update_id = request->last_update_id;
    snprintf(w.draft, sizeof(w.draft), "%s", request->draft);
    w.version++;
    answer_session(reply, false);
    return FAM_OK;
}

static enum fam_code entry_method(const struct fam_backend_call *call, struct fam_backend_reply *reply,
                                  struct fam_status *status)
{
    if (call->method == FAM_BACKEND_TRANSLATE && (call->user_id == NULL || call->user_id[0] == '\0')) {
        const Fam__V1__TranslateRequest *asked = (const Fam__V1__TranslateRequest *)call->request;
        struct world_entry help = {.safety = true, .is_own = asked->whose == FAM__V1__WHOSE_WORDS__WHOSE_WORDS_OWN};
        if (is_danger(asked->phrase)) {
            answer_entry(reply, &help, false, AS_TRANSLATE);
            return FAM_OK;
        }
        return fam_fail_field(status, "acting_user_id", "only an emergency needs nobody");
    }
    if (call->method == FAM_BACKEND_TRANSLATE) {
        translate((const Fam__V1__TranslateRequest *)call->request, call->idempotency_key, reply);
        return FAM_OK;
    }
    const char *id = call->method == FAM_BACKEND_GET_ENTRY ? ((const Fam__V1__GetEntryRequest *)call->request)->entry_id
                     : call->method == FAM_BACKEND_RATE_ENTRY
                         ? ((const Fam__V1__RateEntryRequest *)call->request)->entry_id
                         : ((const Fam__V1__RecordDeliveryRequest *)call->request)->entry_id;
    struct world_entry *entry = find_entry(id, NULL);
    if (!entry)
        return fam_fail(status, FAM_PERMISSION_DENIED, "unknown");
    if (call->method == FAM_BACKEND_RATE_ENTRY) {
        entry->helped = (int)((const Fam__V1__RateEntryRequest *)call->request)->helped;
        entry->used = ((const Fam__V1__RateEntryRequest *)call->request)->used_response;
    }
    if (call->method == FAM_BACKEND_RECORD_DELIVERY) {
        Fam__V1__RecordDeliveryResponse response = FAM__V1__RECORD_DELIVERY_RESPONSE__INIT;
        entry->message_id = ((const Fam__V1__RecordDeliveryRequest *)call->request)->message_id;
        answer(reply, &response.base);
    } else {
        answer_entry(reply, entry, true, call->method == FAM_BACKEND_GET_ENTRY ? AS_GET : AS_RATE);
    }
    return FAM_OK;
}

static void update_user(const Fam__V1__UpdateUserRequest *request)
{
    if (request->language)
        w.language = request->language;
    if (request->country[0])
        snprintf(w.country, sizeof(w.country), "%s", request->country);
    if (request->name[0])
        snprintf(w.name, sizeof(w.name), "%s", request->name);
    if (request->share_entries)
        w.share_entries = request->share_entries == FAM__V1__SWITCH__SWITCH_ON;
    if (request->no_follow_up)
        w.no_follow_up = request->no_follow_up == FAM__V1__SWITCH__SWITCH_ON;
}

#include "fake_checkins.h"
#include "fake_history.h"

static enum fam_code perform(const struct fam_backend_call *call, struct fam_backend_reply *reply,
                             struct fam_status *status)
{
    Fam__V1__CreateFamilyResponse family = FAM__V1__CREATE_FAMILY_RESPONSE__INIT;
    Fam__V1__SetConsentResponse consent = FAM__V1__SET_CONSENT_RESPONSE__INIT;
    Fam__V1__SetReachabilityResponse reached = FAM__V1__SET_REACHABILITY_RESPONSE__INIT;
    const Fam__V1__SetConsentRequest *decision = (const Fam__V1__SetConsentRequest *)call->request;
    if (call->method >= FAM_BACKEND_GET_SCHEDULE && call->method <= FAM_BACKEND_LIST_REPORTS)
        return checkin_method(call, reply, status);
    switch (call->method) {
    case FAM_BACKEND_REGISTER_USER:
        w.source = ((const Fam__V1__RegisterUserRequest *)call->request)->source;
        if (!w.language)
            w.language = ((const Fam__V1__RegisterUserRequest *)call->request)->language
                             ? ((const Fam__V1__RegisterUserRequest *)call->request)->language
                             : FAM__V1__LANGUAGE__LANGUAGE_RU;
        answer_user(reply, true);
        return FAM_OK;
    case FAM_BACKEND_UPDATE_USER:
        update_user((const Fam__V1__UpdateUserRequest *)call->request);
        answer_user(reply, false);
        return FAM_OK;
    case FAM_BACKEND_CREATE_FAMILY:
        if (w.processing != 1)
            return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CONSENT_REQUIRED", 0, "consent");
        w.family = true;
        answer(reply, &family.base);
        return FAM_OK;
    case FAM_BACKEND_GET_FAMILY:
        return get_family(reply, status);
    case FAM_BACKEND_ADD_CHILD:
        return add_child((const Fam__V1__AddChildRequest *)call->request, call->idempotency_key, reply, status);
    case FAM_BACKEND_SET_CONSENT:
        *(decision->purpose == FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI              ? &w.ai
          : decision->purpose == FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS ? &w.notifications
                                                                                         : &w.processing) =
            decision->granted;
        answer(reply, &consent.base);
        return FAM_OK;
    case FAM_BACKEND_SET_REACHABILITY:
        w.reachability = ((const Fam__V1__SetReachabilityRequest *)call->request)->reachable;
        answer(reply, &reached.base);
        return FAM_OK;
    case FAM_BACKEND_CREATE_SESSION:
        answer_session(reply, true);
        return FAM_OK;
    case FAM_BACKEND_UPDATE_SESSION:
        return update_session((const Fam__V1__UpdateSessionRequest *)call->request, reply, status);
    case FAM_BACKEND_LIST_ENTRIES:
    case FAM_BACKEND_SEARCH_ENTRIES:
    case FAM_BACKEND_CORRECT_ENTRY:
    case FAM_BACKEND_REVISE_ENTRY:
    case FAM_BACKEND_SHARE_ENTRY:
    case FAM_BACKEND_DELETE_ENTRY:
    case FAM_BACKEND_AGREE_FOLLOW_UP:
    case FAM_BACKEND_PRIVACY_REPORT:
    case FAM_BACKEND_EXPORT_FAMILY:
    case FAM_BACKEND_DELETE_FAMILY:
        return perform_history(call, reply, status);
    default:
        return family_method(call, reply, status) ? status->code : entry_method(call, reply, status);
    }
}

static enum fam_code world_call(void *context, const struct fam_backend_call *call, struct fam_backend_reply *reply,
                                struct fam_status *status)
{
    (void)context;
    bool mutates = call->method != FAM_BACKEND_LIST_ENTRIES && call->method != FAM_BACKEND_SEARCH_ENTRIES &&
                   call->method != FAM_BACKEND_PRIVACY_REPORT && call->method != FAM_BACKEND_EXPORT_FAMILY &&
                   call->method != FAM_BACKEND_REGISTER_USER && call->method != FAM_BACKEND_GET_FAMILY &&
                   call->method != FAM_BACKEND_GET_ENTRY && call->method != FAM_BACKEND_CREATE_SESSION &&
                   call->method != FAM_BACKEND_UPDATE_SESSION && call->method != FAM_BACKEND_LIST_INVITES &&
                   call->method != FAM_BACKEND_PREVIEW_INVITE && call->method != FAM_BACKEND_GET_SCHEDULE &&
                   call->method != FAM_BACKEND_GET_REPORT && call->method != FAM_BACKEND_LIST_REPORTS;
    w.calls[call->method]++;
    cr_assert_eq(mutates, call->idempotency_key != NULL, "method %d and its key", (int)call->method);
    if (mutates)
        cr_assert_leq(strlen(call->idempotency_key), 64);
    bool is_session = call->method == FAM_BACKEND_CREATE_SESSION || call->method == FAM_BACKEND_UPDATE_SESSION;
    if (w.redis_away && is_session)
        return fam_fail(status, FAM_UNAVAILABLE, "no Redis");
    if (w.fail_before > 0 && call->method == w.fail_method) {
        w.fail_before--;
        return fam_fail_reason(status, w.fail_code, w.fail_reason ? w.fail_reason : "", w.fail_retry_ms, "fault");
    }
    enum fam_code code = perform(call, reply, status);
    if (code == FAM_OK && w.fail_after > 0 && call->method == w.fail_method) {
        w.fail_after--;
        fam_backend_reply_done(reply);
        return fam_fail(status, w.fail_code, "fault");
    }
    return code;
}

static bool world_connected(void *context)
{
    (void)context;
    return true;
}

#endif
