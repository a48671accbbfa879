/* People by calls: invitations and guesses, who may do what, and what of whom goes to Claude or into the database. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "claude_world.h"

enum { OFFLINE = FAM__V1__ENGINE__ENGINE_OFFLINE, CLAUDE = FAM__V1__ENGINE__ENGINE_CLAUDE };

static struct claude_world world;
static struct fam_rpc rpc;
static struct fam_rpc_options options;
static struct fam_status status;
static char made_key[64];

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* Each call has a key of its own; `rpc` holds its answer until the next. */
static void begin(const struct person *person)
{
    static int counter;
    (void)snprintf(made_key, sizeof(made_key), "people-%d", counter++);
    options = (struct fam_rpc_options){
        .acting_user = &person->user_id, .idempotency_key = made_key, .retry = {.attempts = 1}};
    fam_rpc_done(&rpc);
    fam_rpc_init(&rpc, &options);
    status = (struct fam_status){.code = FAM_OK};
}

#define CALL(person, name, request)                                                                                    \
    (begin(person), FAM_RPC(world.system.client, fam__v1__family_service, name, &rpc, request, &status))
#define EXPECT_OK(call)                                                                                                \
    do {                                                                                                               \
        enum fam_code code_ = (call);                                                                                  \
        cr_assert_eq(code_, FAM_OK, "%s", status.message);                                                             \
    } while (0)
#define EXPECT_REASON(call, code, wanted)                                                                              \
    do {                                                                                                               \
        enum fam_code code_ = (call);                                                                                  \
        cr_expect_eq(code_, code, "%s, not %s: %s", fam_code_name(code_), fam_code_name(code), status.message);        \
        cr_expect_str_eq(status.reason, wanted);                                                                       \
    } while (0)

static void start(void)
{
    claude_world_start(&world, NULL);
    begin(&(struct person){.telegram_id = 0});
}

static void stop(void)
{
    fam_rpc_done(&rpc);
    claude_world_stop(&world);
}

TestSuite(e2e_people, .init = start, .fini = stop, .timeout = 240);

static double invites(const char *result)
{
    char name[96];
    (void)snprintf(name, sizeof(name), "family_emotions_invites_total{result=\"%s\"}", result);
    return claude_world_metric(&world, name);
}

static void invite(const struct person *host, Fam__V1__ParentRole role, char ret_code[23])
{
    Fam__V1__CreateInviteRequest request = FAM__V1__CREATE_INVITE_REQUEST__INIT;
    request.role = role;
    EXPECT_OK(CALL(host, create_invite, &request));
    const Fam__V1__CreateInviteResponse *response = (const void *)fam_rpc_response(&rpc);
    cr_assert_eq(strlen(response->code), 22);
    (void)snprintf(ret_code, 23, "%s", response->code);
}

static enum fam_code join(const struct person *who, const char *code)
{
    Fam__V1__JoinFamilyRequest request = FAM__V1__JOIN_FAMILY_REQUEST__INIT;
    request.code = borrow(code);
    return CALL(who, join_family, &request);
}

static enum fam_code preview(const struct person *who, const char *code)
{
    Fam__V1__PreviewInviteRequest request = FAM__V1__PREVIEW_INVITE_REQUEST__INIT;
    request.code = borrow(code);
    return CALL(who, preview_invite, &request);
}

static void consent_to_all(const struct person *person)
{
    system_consent(&world.system, person, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, true);
    system_consent(&world.system, person, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, true);
}

/* Somebody with both consents in the family of `host`. */
static struct person member(const struct person *host, int64_t telegram_id, Fam__V1__ParentRole role)
{
    char code[23];
    struct person person = system_person(&world.system, telegram_id);
    consent_to_all(&person);
    invite(host, role, code);
    EXPECT_OK(join(&person, code));
    return person;
}

Test(e2e_people, a_link_brings_one_person_in_after_consent)
{
    struct person anna = system_family(&world.system, 6000, 7), boris = system_person(&world.system, 6001);
    struct person carla = system_person(&world.system, 6002);
    char code[23];
    invite(&anna, FAM__V1__PARENT_ROLE__PARENT_ROLE_READER, code);
    /* The same call again gives the same code and makes no second invitation. */
    Fam__V1__CreateInviteRequest again = FAM__V1__CREATE_INVITE_REQUEST__INIT;
    again.role = FAM__V1__PARENT_ROLE__PARENT_ROLE_READER;
    char key[64];
    (void)snprintf(key, sizeof(key), "%s", made_key);
    begin(&anna);
    options.idempotency_key = key;
    EXPECT_OK(FAM_RPC(world.system.client, fam__v1__family_service, create_invite, &rpc, &again, &status));
    cr_expect_str_eq(((const Fam__V1__CreateInviteResponse *)fam_rpc_response(&rpc))->code, code);
    cr_expect_eq(system_count(&world.system, "SELECT count(*) FROM invites"), 1);

    EXPECT_OK(preview(&boris, code));
    cr_expect_eq(((const Fam__V1__PreviewInviteResponse *)fam_rpc_response(&rpc))->role,
                 FAM__V1__PARENT_ROLE__PARENT_ROLE_READER);
    EXPECT_REASON(join(&boris, code), FAM_FAILED_PRECONDITION, "CONSENT_REQUIRED");
    consent_to_all(&boris);
    consent_to_all(&carla);
    EXPECT_OK(join(&boris, code));
    const Fam__V1__Family *family = ((const Fam__V1__JoinFamilyResponse *)fam_rpc_response(&rpc))->family;
    cr_expect_eq(family->n_parents, 2);
    cr_expect_eq(family->n_children, 1);
    cr_expect_eq(family->retention_days, 90);
    EXPECT_REASON(join(&boris, code), FAM_FAILED_PRECONDITION, "HAS_FAMILY");
    EXPECT_REASON(join(&carla, code), FAM_NOT_FOUND, "");
    EXPECT_REASON(preview(&carla, code), FAM_NOT_FOUND, "");
    cr_expect_eq(invites("created"), 1);
    cr_expect_eq(invites("joined"), 1);
    cr_expect_eq(invites("refused"), 2);
    /* The code is in no file, neither of the database nor of Redis nor of the log. */
    char where[256] = "";
    cr_expect(!system_contains(&world.system, code, where, sizeof(where)), "the code stands in %s", where);
}

static int wrong_codes(const struct person *person, int most)
{
    for (int i = 0; i < most; i++) {
        char code[23];
        (void)snprintf(code, sizeof(code), "wrong-code-%011d", i);
        enum fam_code result = i % 2 == 0 ? preview(person, code) : join(person, code);
        if (result == FAM_RESOURCE_EXHAUSTED) {
            cr_expect_str_eq(status.reason, "LIMIT_HOUR");
            cr_expect_gt(status.retry_after_ms, 0);
            cr_expect_leq(status.retry_after_ms, 3600000);
            return i;
        }
        cr_expect_eq(result, FAM_NOT_FOUND, "%s", status.message);
    }
    return most;
}

Test(e2e_people, ten_wrong_codes_an_hour_and_right_ones_cost_nothing)
{
    struct person anna = system_family(&world.system, 6010, 7), boris = system_person(&world.system, 6011);
    struct person carla = system_person(&world.system, 6012);
    char code[23];
    consent_to_all(&boris);
    consent_to_all(&carla);
    invite(&anna, FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT, code);
    for (int i = 0; i < 15; i++) {
        EXPECT_OK(preview(&boris, code));
    }
    cr_expect_eq(wrong_codes(&boris, 20), 10);
    cr_expect_eq(join(&boris, code), FAM_RESOURCE_EXHAUSTED, "not even the right one");
    cr_expect_eq(wrong_codes(&carla, 3), 3, "somebody else is not kept waiting");
    /* Without Redis each server counts by itself. */
    redis_server_stop(&world.system.redis);
    cr_expect_eq(wrong_codes(&carla, 20), 7);
    cr_expect_eq(wrong_codes(&boris, 1), 0);
}

/* ---- who may do what ---- */

static struct fam_uuid some_child, some_invite, some_parent;
static char text_id[FAM_UUID_TEXT_SIZE];

static char *id_of(const struct fam_uuid *uuid)
{
    fam_uuid_format(uuid, text_id);
    return text_id;
}

static enum fam_code update_family(const struct person *who)
{
    Fam__V1__UpdateFamilyRequest request = FAM__V1__UPDATE_FAMILY_REQUEST__INIT;
    request.name = borrow("x");
    return CALL(who, update_family, &request);
}

static enum fam_code add_child(const struct person *who)
{
    Fam__V1__AddChildRequest request = FAM__V1__ADD_CHILD_REQUEST__INIT;
    Fam__V1__Date birth = FAM__V1__DATE__INIT;
    birth.year = 2019;
    request.birth = &birth;
    return CALL(who, add_child, &request);
}

static enum fam_code update_child(const struct person *who)
{
    Fam__V1__UpdateChildRequest request = FAM__V1__UPDATE_CHILD_REQUEST__INIT;
    request.child_id = id_of(&some_child);
    request.name = borrow("x");
    return CALL(who, update_child, &request);
}

static enum fam_code remove_child(const struct person *who)
{
    Fam__V1__RemoveChildRequest request = FAM__V1__REMOVE_CHILD_REQUEST__INIT;
    request.child_id = id_of(&some_child);
    return CALL(who, remove_child, &request);
}

static enum fam_code create_invite(const struct person *who)
{
    Fam__V1__CreateInviteRequest request = FAM__V1__CREATE_INVITE_REQUEST__INIT;
    request.role = FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT;
    enum fam_code code = CALL(who, create_invite, &request);
    if (code == FAM_OK) {
        const Fam__V1__CreateInviteResponse *response = (const void *)fam_rpc_response(&rpc);
        cr_assert(fam_uuid_parse(response->invite->invite_id, &some_invite));
    }
    return code;
}

static enum fam_code list_invites(const struct person *who)
{
    Fam__V1__ListInvitesRequest request = FAM__V1__LIST_INVITES_REQUEST__INIT;
    return CALL(who, list_invites, &request);
}

static enum fam_code revoke_invite(const struct person *who)
{
    Fam__V1__RevokeInviteRequest request = FAM__V1__REVOKE_INVITE_REQUEST__INIT;
    request.invite_id = id_of(&some_invite);
    return CALL(who, revoke_invite, &request);
}

static enum fam_code remove_parent(const struct person *who)
{
    Fam__V1__RemoveParentRequest request = FAM__V1__REMOVE_PARENT_REQUEST__INIT;
    request.parent_id = id_of(&some_parent);
    return CALL(who, remove_parent, &request);
}

static enum fam_code get_family(const struct person *who)
{
    Fam__V1__GetFamilyRequest request = FAM__V1__GET_FAMILY_REQUEST__INIT;
    return CALL(who, get_family, &request);
}

static enum fam_code rename_user(const struct person *who)
{
    Fam__V1__UpdateUserRequest request = FAM__V1__UPDATE_USER_REQUEST__INIT;
    request.name = borrow("Ольга");
    request.share_entries = FAM__V1__SWITCH__SWITCH_ON;
    return CALL(who, update_user, &request);
}

static enum fam_code tell_operators(const struct person *who)
{
    Fam__V1__SubmitFeedbackRequest request = FAM__V1__SUBMIT_FEEDBACK_REQUEST__INIT;
    request.text = borrow("Спасибо");
    request.rating = 5;
    return CALL(who, submit_feedback, &request);
}

static enum fam_code leave_family(const struct person *who)
{
    Fam__V1__LeaveFamilyRequest request = FAM__V1__LEAVE_FAMILY_REQUEST__INIT;
    return CALL(who, leave_family, &request);
}

/* What a reader, a stranger with a family of their own, and somebody with none get; a parent gets OK, in this order. */
static const struct {
    const char *name;
    enum fam_code (*call)(const struct person *who);
    enum fam_code reader, other_parent, nobody;
    bool stores; /* wants consent to processing */
} methods[] = {
    {"GetFamily", get_family, FAM_OK, FAM_OK, FAM_NOT_FOUND, false},
    {"UpdateFamily", update_family, FAM_PERMISSION_DENIED, FAM_OK, FAM_NOT_FOUND, true},
    {"AddChild", add_child, FAM_PERMISSION_DENIED, FAM_OK, FAM_NOT_FOUND, true},
    {"UpdateChild", update_child, FAM_PERMISSION_DENIED, FAM_PERMISSION_DENIED, FAM_PERMISSION_DENIED, true},
    {"RemoveChild", remove_child, FAM_PERMISSION_DENIED, FAM_PERMISSION_DENIED, FAM_PERMISSION_DENIED, false},
    {"ListInvites", list_invites, FAM_PERMISSION_DENIED, FAM_OK, FAM_NOT_FOUND, false},
    {"RevokeInvite", revoke_invite, FAM_PERMISSION_DENIED, FAM_PERMISSION_DENIED, FAM_PERMISSION_DENIED, false},
    {"RemoveParent", remove_parent, FAM_PERMISSION_DENIED, FAM_PERMISSION_DENIED, FAM_PERMISSION_DENIED, false},
    {"UpdateUser", rename_user, FAM_OK, FAM_OK, FAM_OK, true},
    {"SubmitFeedback", tell_operators, FAM_OK, FAM_OK, FAM_OK, true},
};

Test(e2e_people, each_may_what_the_role_says)
{
    struct person anna = system_family(&world.system, 6020, 7), other = system_family(&world.system, 6021, 7);
    struct person nobody = system_person(&world.system, 6022);
    struct person boris = member(&anna, 6023, FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT);
    struct person reader = member(&anna, 6024, FAM__V1__PARENT_ROLE__PARENT_ROLE_READER);
    consent_to_all(&nobody);
    some_child = anna.child_id;
    EXPECT_OK(get_family(&anna));
    const Fam__V1__Family *family = ((const Fam__V1__GetFamilyResponse *)fam_rpc_response(&rpc))->family;
    cr_assert(fam_uuid_parse(family->parents[1]->parent_id, &some_parent));
    EXPECT_REASON(create_invite(&reader), FAM_PERMISSION_DENIED, "READS_ONLY");
    EXPECT_OK(create_invite(&anna));
    for (size_t i = 0; i < FAM_ARRAY_SIZE(methods); i++) {
        cr_expect_eq(methods[i].call(&reader), methods[i].reader, "reader: %s: %s", methods[i].name, status.message);
        if (methods[i].reader == FAM_PERMISSION_DENIED) {
            cr_expect_str_eq(status.reason, "READS_ONLY", "%s", methods[i].name);
        }
        cr_expect_eq(methods[i].call(&other), methods[i].other_parent, "other: %s: %s", methods[i].name,
                     status.message);
        cr_expect_eq(methods[i].call(&nobody), methods[i].nobody, "nobody: %s: %s", methods[i].name, status.message);
    }
    cr_expect_eq(claude_world_ask(&world, &reader, "Не хочу суп!", "reader"), CLAUDE, "a reader may ask");
    for (size_t i = 0; i < FAM_ARRAY_SIZE(methods); i++) {
        cr_expect_eq(methods[i].call(&anna), FAM_OK, "parent: %s: %s", methods[i].name, status.message);
    }
    cr_expect_eq(invites("revoked"), 1);
    EXPECT_REASON(get_family(&boris), FAM_NOT_FOUND, "");
    EXPECT_REASON(leave_family(&anna), FAM_FAILED_PRECONDITION, "LAST_PARENT");
    EXPECT_OK(leave_family(&reader));
    EXPECT_REASON(get_family(&reader), FAM_NOT_FOUND, "");
}

/* A button in an old message still asks for it. */
Test(e2e_people, nothing_is_shared_where_nobody_else_is)
{
    struct person anna = system_family(&world.system, 6080, 7);
    Fam__V1__ShareEntryRequest request = FAM__V1__SHARE_ENTRY_REQUEST__INIT;
    struct fam_rpc told;
    char entry_id[FAM_UUID_TEXT_SIZE];
    EXPECT_OK(system_translate(&world.system, &anna, "Не хочу!", "alone", &told, &status));
    (void)snprintf(entry_id, sizeof(entry_id), "%s", system_entry(&told)->entry_id);
    fam_rpc_done(&told);
    request.entry_id = entry_id;
    request.shared = true;
    begin(&anna);
    EXPECT_REASON(FAM_RPC(world.system.client, fam__v1__translation_service, share_entry, &rpc, &request, &status),
                  FAM_FAILED_PRECONDITION, "NO_FAMILY");
    (void)member(&anna, 6081, FAM__V1__PARENT_ROLE__PARENT_ROLE_READER);
    begin(&anna);
    EXPECT_OK(FAM_RPC(world.system.client, fam__v1__translation_service, share_entry, &rpc, &request, &status));
}

/* ---- what goes to Claude ---- */

static void set_no_ai(const struct person *who, Fam__V1__Switch value)
{
    Fam__V1__UpdateFamilyRequest request = FAM__V1__UPDATE_FAMILY_REQUEST__INIT;
    request.no_ai = value;
    EXPECT_OK(CALL(who, update_family, &request));
    const Fam__V1__UpdateFamilyResponse *response = (const void *)fam_rpc_response(&rpc);
    cr_expect_eq(response->family->no_ai, value == FAM__V1__SWITCH__SWITCH_ON);
}

/* The engine of the batch's two items, which must be one. */
static int ask_batch(const struct person *person, const char *first, const char *second)
{
    Fam__V1__TranslateRequest items[2] = {FAM__V1__TRANSLATE_REQUEST__INIT, FAM__V1__TRANSLATE_REQUEST__INIT};
    Fam__V1__TranslateRequest *list[2] = {&items[0], &items[1]};
    Fam__V1__TranslateBatchRequest request = FAM__V1__TRANSLATE_BATCH_REQUEST__INIT;
    items[0].phrase = borrow(first);
    items[1].phrase = borrow(second);
    request.items = list;
    request.n_items = 2;
    begin(person);
    EXPECT_OK(FAM_RPC(world.system.client, fam__v1__translation_service, translate_batch, &rpc, &request, &status));
    const Fam__V1__TranslateBatchResponse *response = (const void *)fam_rpc_response(&rpc);
    cr_assert_eq(response->n_results, 2);
    cr_assert_eq(response->results[0]->code, 0);
    cr_assert_eq(response->results[1]->code, 0);
    cr_expect_eq(response->results[0]->entry->reading->engine, response->results[1]->entry->reading->engine);
    return (int)response->results[0]->entry->reading->engine;
}

Test(e2e_people, a_family_without_ai_asks_nothing_whatever_its_members_consented_to)
{
    struct person anna = system_family(&world.system, 6030, 7), other = system_family(&world.system, 6031, 7);
    struct person boris = member(&anna, 6032, FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT);
    cr_expect_eq(claude_world_ask(&world, &boris, "Ненавижу тебя!", "before"), CLAUDE);
    set_no_ai(&anna, FAM__V1__SWITCH__SWITCH_ON);
    int64_t asked = claude_world_asked(&world);
    cr_expect_eq(claude_world_ask(&world, &boris, "Отстань!", "b-1"), OFFLINE);
    cr_expect_eq(claude_world_ask(&world, &anna, "Ненавижу тебя!", "a-1"), OFFLINE, "not from the cache either");
    cr_expect_eq(ask_batch(&boris, "Не пойду!", "Мне скучно"), OFFLINE);
    cr_expect_eq(claude_world_asked(&world), asked);
    cr_expect_eq(system_count(&world.system, "SELECT count(*) FROM disclosures"), 1);
    cr_expect_eq(claude_world_ask(&world, &other, "Отстань!", "o-1"), CLAUDE, "others are not concerned");
    cr_expect_eq(system_count(&world.system, "SELECT count(*) FROM consents WHERE NOT granted"), 0);
    /* Who has left decides alone again. */
    EXPECT_OK(leave_family(&boris));
    cr_expect_eq(claude_world_ask(&world, &boris, "Я сам!", "b-2"), CLAUDE);
    set_no_ai(&anna, FAM__V1__SWITCH__SWITCH_OFF);
    cr_expect_eq(ask_batch(&anna, "Не пойду!", "Мне скучно"), CLAUDE);
}

static int64_t stored(void)
{
    return system_count(&world.system,
                        "SELECT (SELECT count(*) FROM emotion_entries) + (SELECT count(*) FROM readings) + "
                        "(SELECT count(*) FROM disclosures) + (SELECT count(*) FROM children) + "
                        "(SELECT count(*) FROM feedback) + (SELECT count(*) FROM ratings) + "
                        "(SELECT count(*) FROM invites) + (SELECT count(*) FROM users WHERE name IS NOT NULL)");
}

Test(e2e_people, from_the_call_after_a_withdrawal_on_nothing_is_sent_or_stored)
{
    struct person anna = system_family(&world.system, 6040, 7);
    Fam__V1__RateEntryRequest rate = FAM__V1__RATE_ENTRY_REQUEST__INIT;
    char entry_id[FAM_UUID_TEXT_SIZE];
    struct fam_rpc first;
    EXPECT_OK(system_translate(&world.system, &anna, "Ненавижу тебя!", "before", &first, &status));
    (void)snprintf(entry_id, sizeof(entry_id), "%s", system_entry(&first)->entry_id);
    fam_rpc_done(&first);
    some_child = anna.child_id;
    /* AI: answered and stored, and not sent. */
    int64_t asked = claude_world_asked(&world);
    system_consent(&world.system, &anna, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, false);
    cr_expect_eq(claude_world_ask(&world, &anna, "Отстань!", "no-ai"), OFFLINE);
    cr_expect_eq(ask_batch(&anna, "Не пойду!", "Мне скучно"), OFFLINE);
    cr_expect_eq(claude_world_asked(&world), asked);
    cr_expect_eq(system_count(&world.system, "SELECT count(*) FROM emotion_entries"), 4);
    cr_expect_eq(system_count(&world.system, "SELECT count(*) FROM disclosures"), 1);
    /* Processing: answered, and neither sent nor stored, though AI is consented to. */
    system_consent(&world.system, &anna, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, true);
    system_consent(&world.system, &anna, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, false);
    int64_t before = stored();
    cr_expect_eq(claude_world_ask(&world, &anna, "Уходи!", "no-processing"), OFFLINE);
    cr_expect_eq(ask_batch(&anna, "Останься!", "Мне грустно"), OFFLINE);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(methods); i++) {
        if (methods[i].stores) {
            EXPECT_REASON(methods[i].call(&anna), FAM_FAILED_PRECONDITION, "CONSENT_REQUIRED");
        }
    }
    EXPECT_REASON(create_invite(&anna), FAM_FAILED_PRECONDITION, "CONSENT_REQUIRED");
    rate.entry_id = entry_id;
    rate.helped = FAM__V1__HELPED__HELPED_YES;
    begin(&anna);
    EXPECT_REASON(FAM_RPC(world.system.client, fam__v1__translation_service, rate_entry, &rpc, &rate, &status),
                  FAM_FAILED_PRECONDITION, "CONSENT_REQUIRED");
    cr_expect_eq(stored(), before);
    cr_expect_eq(claude_world_asked(&world), asked);
    /* What makes less of it goes on working. */
    set_no_ai(&anna, FAM__V1__SWITCH__SWITCH_ON);
    EXPECT_OK(remove_child(&anna));
}

/* ---- the profile of a child ---- */

static void tell_profile(const struct person *who, const struct fam_uuid *child, Fam__V1__Trait trait,
                         const char *needs)
{
    Fam__V1__UpdateChildRequest request = FAM__V1__UPDATE_CHILD_REQUEST__INIT;
    Fam__V1__Trait traits[] = {trait};
    request.child_id = id_of(child);
    request.set_profile = true;
    request.traits = traits;
    request.n_traits = 1;
    request.special_needs = borrow(needs);
    EXPECT_OK(CALL(who, update_child, &request));
    const Fam__V1__UpdateChildResponse *response = (const void *)fam_rpc_response(&rpc);
    cr_expect_eq(response->child->n_traits, 1);
    cr_expect_eq(response->child->traits[0], trait);
    cr_expect_str_eq(response->child->special_needs, needs);
}

static int ask_about(const struct person *person, const struct fam_uuid *child, const char *phrase)
{
    Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
    request.phrase = borrow(phrase);
    request.child_id = id_of(child);
    begin(person);
    EXPECT_OK(FAM_RPC(world.system.client, fam__v1__translation_service, translate, &rpc, &request, &status));
    return (int)system_entry(&rpc)->reading->engine;
}

Test(e2e_people, a_profile_is_asked_with_placeholders_and_shared_with_nobody)
{
    struct person anna = system_family(&world.system, 6050, 7), other = system_family(&world.system, 6051, 7);
    struct fam_uuid second;
    /* A twin, so that age and version of the profiles are the same. */
    Fam__V1__AddChildRequest twin = FAM__V1__ADD_CHILD_REQUEST__INIT;
    EXPECT_OK(get_family(&anna));
    Fam__V1__Date birth = *((const Fam__V1__GetFamilyResponse *)fam_rpc_response(&rpc))->family->children[0]->birth;
    twin.birth = &birth;
    EXPECT_OK(CALL(&anna, add_child, &twin));
    cr_assert(fam_uuid_parse(((const Fam__V1__AddChildResponse *)fam_rpc_response(&rpc))->child->child_id, &second));

    cr_expect_eq(ask_about(&other, &other.child_id, "Ненавижу тебя!"), CLAUDE);
    cr_expect_eq(ask_about(&anna, &anna.child_id, "Ненавижу тебя!"), CLAUDE);
    cr_expect_eq(claude_world_asked(&world), 1, "without a profile families share a reading");
    tell_profile(&anna, &anna.child_id, FAM__V1__TRAIT__TRAIT_DREAMY,
                 "заикается, занимается с Зинаидой Петровной, школа 1543");
    cr_expect_eq(ask_about(&anna, &anna.child_id, "Ненавижу тебя!"), CLAUDE);
    cr_expect_eq(claude_world_asked(&world), 2, "with a profile it is asked anew");
    cr_expect_eq(ask_about(&anna, &anna.child_id, "Ненавижу тебя!"), CLAUDE);
    cr_expect_eq(claude_world_asked(&world), 2, "and kept for its author");
    cr_expect_eq(cl_found(&world.claude, "dreamy"), 1);
    cr_expect_eq(cl_found(&world.claude, "заикается"), 1);
    static const char *const SEEDED[] = {"Зинаид", "Петровн", "1543"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(SEEDED); i++) {
        cr_expect_eq(cl_found(&world.claude, SEEDED[i]), 0, "\"%s\" has left", SEEDED[i]);
    }
    tell_profile(&anna, &second, FAM__V1__TRAIT__TRAIT_STUBBORN, "");
    cr_expect_eq(ask_about(&anna, &second, "Ненавижу тебя!"), CLAUDE);
    cr_expect_eq(claude_world_asked(&world), 3, "another child of the same author is another question");
    cr_expect_eq(cl_found(&world.claude, "stubborn"), 1);
    tell_profile(&anna, &anna.child_id, FAM__V1__TRAIT__TRAIT_CURIOUS, "");
    cr_expect_eq(ask_about(&anna, &anna.child_id, "Ненавижу тебя!"), CLAUDE);
    cr_expect_eq(claude_world_asked(&world), 4, "a changed profile ends what was kept");
    /* What left is written down for the parent, the profile with it. */
    cr_expect_eq(system_count(&world.system, "SELECT count(*) FROM disclosures"), 4);
}

/* Nobody knows which of the parents wrote a profile. */
Test(e2e_people, a_profile_leaves_only_while_every_parent_consents_to_ai)
{
    struct person anna = system_family(&world.system, 6070, 7);
    struct person boris = member(&anna, 6071, FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT);
    struct person grandma = member(&anna, 6072, FAM__V1__PARENT_ROLE__PARENT_ROLE_READER);
    system_consent(&world.system, &grandma, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, false);
    system_consent(&world.system, &boris, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, false);
    tell_profile(&boris, &anna.child_id, FAM__V1__TRAIT__TRAIT_DREAMY, "заикается");
    cr_expect_eq(ask_about(&anna, &anna.child_id, "Ненавижу тебя!"), CLAUDE, "the words are Anna's, and go");
    cr_expect_eq(cl_found(&world.claude, "dreamy"), 0, "Boris refused, and a trait has left");
    cr_expect_eq(cl_found(&world.claude, "заикается"), 0, "Boris refused, and special needs have left");
    system_consent(&world.system, &boris, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, true);
    cr_expect_eq(ask_about(&anna, &anna.child_id, "Ненавижу тебя!"), CLAUDE);
    cr_expect_eq(cl_found(&world.claude, "dreamy"), 1, "both consent; a relative writes no profile and is not asked");
    cr_expect_eq(cl_found(&world.claude, "заикается"), 1);
}

Test(e2e_people, who_comes_by_a_link_is_counted_so)
{
    Fam__V1__RegisterUserRequest request = FAM__V1__REGISTER_USER_REQUEST__INIT;
    struct fam_rpc registration;
    const struct fam_rpc_options none = {.read_only = true};
    request.telegram_id = 6060;
    request.source = FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_INVITE;
    for (int i = 0; i < 2; i++) {
        fam_rpc_init(&registration, &none);
        EXPECT_OK(
            FAM_RPC(world.system.client, fam__v1__family_service, register_user, &registration, &request, &status));
        fam_rpc_done(&registration);
    }
    cr_expect_eq(claude_world_metric(&world, "family_emotions_user_registrations_total{source=\"invite\"}"), 1);
}
