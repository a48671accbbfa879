/* Two worlds that differ only in what A keeps to herself: what B, the other parent, and C, a relative, get to see is
 * the same in both, byte for byte, once ids, times and tokens are made equal. Every method that they may call is
 * called; one that has no case in two_worlds_cases.h fails the test. Each world has servers of its own, so that the
 * cache of one can't help the other; with Claude A has asked in private what B asks later. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "claude_world.h"
#include "fam/v1/notification.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "fam/v1/session.pb-c.h"
#include "rpc/json_codec.h"
#include "system.h"
#include "two_worlds_cases.h"

enum { ANSWER_MAX = 262144, IDS_MAX = 400, A = 1001, B = 1002, C = 1003 };

struct world {
    struct claude_world claude;
    struct system *system; /* the one in it */
    struct person a, b, c;
    char a_parent[40], shared[40], hidden[40], deleted[40], own_b[40], own_c[40];
};

static int keys;

/* ---- calls by name ---- */

static const ProtobufCServiceDescriptor *const SERVICES[] = {
    &fam__v1__translation_service__descriptor, &fam__v1__family_service__descriptor,
    &fam__v1__notification_service__descriptor, &fam__v1__session_service__descriptor,
    &fam__v1__ops_service__descriptor};

static const ProtobufCServiceDescriptor *find_method(const char *method, unsigned *ret_index)
{
    const char *slash = strchr(method, '/');
    for (size_t i = 0; slash != NULL && i < sizeof(SERVICES) / sizeof(SERVICES[0]); i++) {
        if (strlen(SERVICES[i]->short_name) != (size_t)(slash - method) ||
            strncmp(SERVICES[i]->short_name, method, (size_t)(slash - method)) != 0) {
            continue;
        }
        for (unsigned j = 0; j < SERVICES[i]->n_methods; j++) {
            if (strcmp(SERVICES[i]->methods[j].name, slash + 1) == 0) {
                *ret_index = j;
                return SERVICES[i];
            }
        }
    }
    cr_assert_fail("no such method: %s", method);
    return NULL;
}

/* The answer as JSON, or the error with all that a client gets to know of it. */
static void call(struct system *system, const struct fam_uuid *user, const char *method, const char *json,
                 char ret_answer[ANSWER_MAX])
{
    struct fam_status status = {.message = ""};
    unsigned index = 0;
    const ProtobufCServiceDescriptor *service = find_method(method, &index);
    ProtobufCMessage *request = NULL;
    cr_assert_eq(fam_json_to_message(service->methods[index].input, json, strlen(json), &request, &status), FAM_OK,
                 "%s %s: %s", method, json, status.message);
    char key[32];
    snprintf(key, sizeof(key), "w%d", keys++);
    const struct fam_rpc_options options = {.acting_user = user, .idempotency_key = key, .timeout_ms = 60000};
    struct fam_rpc rpc;
    ProtobufCService *stub = fam_client_service(system->client, service);
    fam_rpc_init(&rpc, &options);
    stub->invoke(stub, index, request, NULL, &rpc);
    if (fam_rpc_wait(&rpc, &status) == FAM_OK) {
        struct fam_buf text = {0};
        struct fam_status ignored;
        fam_buf_init(&text, ANSWER_MAX - 1);
        cr_assert_eq(fam_json_from_message(fam_rpc_response(&rpc), NULL, &text, &ignored), FAM_OK);
        snprintf(ret_answer, ANSWER_MAX, "%s", fam_buf_text(&text));
        fam_buf_done(&text);
    } else {
        snprintf(ret_answer, ANSWER_MAX, "%s|%s|%s|%s|%s", fam_code_name(status.code), status.reason, status.field,
                 status.message, status.retry_after_ms > 0 ? "retry" : "");
    }
    fam_rpc_done(&rpc);
    protobuf_c_message_free_unpacked(request, NULL);
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL); /* ids of one millisecond have no order among them */
}

/* ---- what may differ ---- */

static bool is_uuid(const char *at)
{
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? at[i] != '-' : !isxdigit((unsigned char)at[i])) {
            return false;
        }
    }
    return true;
}

/* "2026-07-25", with the time of the day behind it, if there is one; its length, or 0. */
static size_t length_of_date(const char *at)
{
    static const char SHAPE[] = "dddd-dd-dd";
    for (size_t i = 0; i < sizeof(SHAPE) - 1; i++) {
        if (SHAPE[i] == 'd' ? !isdigit((unsigned char)at[i]) : at[i] != SHAPE[i]) {
            return 0;
        }
    }
    size_t size = sizeof(SHAPE) - 1;
    return (at[size] == 'T' || at[size] == ' ') && isdigit((unsigned char)at[size + 1])
               ? size + 1 + strspn(at + size + 1, "0123456789:.Z")
               : size;
}

/* Ids become their number in the order in which they are seen first; numbers of 13 digits are times. */
static void normalise(const char *answer, char ret_text[ANSWER_MAX])
{
    static char ids[IDS_MAX][37];
    size_t count = 0, size = 0;
    for (const char *at = answer; *at != '\0' && size + 32 < ANSWER_MAX;) {
        size_t digits = strspn(at, "0123456789"), date = length_of_date(at);
        if (is_uuid(at)) {
            size_t id = 0;
            while (id < count && strncmp(ids[id], at, 36) != 0) {
                id++;
            }
            if (id == count && count < IDS_MAX) {
                snprintf(ids[count++], sizeof(ids[0]), "%.36s", at);
            }
            size += (size_t)snprintf(ret_text + size, 32, "<id %zu>", id);
            at += 36;
        } else if (digits == 13 || date > 0) {
            size += (size_t)snprintf(ret_text + size, 32, "<time>");
            at += date > 0 ? date : digits;
        } else {
            size_t step = digits > 0 ? digits : 1;
            memcpy(ret_text + size, at, step);
            size += step;
            at += step;
        }
    }
    ret_text[size] = '\0';
}

/* Secrets that are made at random, by the name of their member. */
static void blank_members(char *text)
{
    static const char *const MEMBERS[] = {"\"code\":\"", "\"sessionId\":\"", "\"data\":\""};
    for (size_t i = 0; i < sizeof(MEMBERS) / sizeof(MEMBERS[0]); i++) {
        for (char *at = strstr(text, MEMBERS[i]); at != NULL; at = strstr(at, MEMBERS[i])) {
            at += strlen(MEMBERS[i]);
            char *end = strchr(at, '"');
            memmove(at, end == NULL ? at : end, strlen(end == NULL ? at : end) + 1);
        }
    }
}

/* The words of an exported file, in the place of its base64. */
static void open_chunk(char text[ANSWER_MAX])
{
    static const char MEMBER[] = "\"chunk\":\"";
    static const char LETTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *at = strstr(text, MEMBER);
    if (at == NULL) {
        return;
    }
    at += sizeof(MEMBER) - 1;
    char *to = at;
    unsigned bits = 0, have = 0;
    for (; *at != '"' && *at != '='; at++) {
        const char *letter = strchr(LETTERS, *at);
        cr_assert(*at != '\0' && letter != NULL, "no base64: %.20s", at);
        bits = bits << 6 | (unsigned)(letter - LETTERS);
        have += 6;
        if (have >= 8) {
            have -= 8;
            *to++ = (char)(bits >> have & 0xff);
        }
    }
    at += strspn(at, "=");
    memmove(to, at, strlen(at) + 1);
}

/* ---- the two worlds ---- */

static void act(struct world *world, const struct person *person, const char *method, const char *json)
{
    char answer[ANSWER_MAX];
    call(world->system, &person->user_id, method, json, answer);
    cr_assert_eq(answer[0], '{', "%s %s: %s", method, json, answer);
}

static void say(struct world *world, const struct person *person, const char *phrase, char ret_id[40])
{
    char key[32];
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    snprintf(key, sizeof(key), "s%d", keys++);
    cr_assert_eq(system_translate(world->system, person, phrase, key, &rpc, &status), FAM_OK, "%s", status.message);
    snprintf(ret_id, 40, "%s", system_entry(&rpc)->entry_id);
    fam_rpc_done(&rpc);
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static void with_entry(struct world *world, const struct person *person, const char *method, const char *id,
                       const char *more)
{
    char json[600];
    snprintf(json, sizeof(json), "{\"entryId\": \"%s\"%s}", id, more);
    act(world, person, method, json);
}

static void join(struct world *world, struct person *person, const char *role)
{
    char sql[400], parent[FAM_UUID_TEXT_SIZE], family[FAM_UUID_TEXT_SIZE], user[FAM_UUID_TEXT_SIZE];
    const struct fam_uuid parent_id = fam_uuid_v7(); /* orders the members in an export */
    fam_uuid_format(&parent_id, parent);
    fam_uuid_format(&world->a.family_id, family);
    fam_uuid_format(&person->user_id, user);
    snprintf(sql, sizeof(sql),
             "INSERT INTO parents (parent_id, family_id, user_id, role) VALUES ('%s', '%s', '%s', '%s')", parent,
             family, user, role);
    cr_assert(pg_server_sql(world->system->pg.conninfo, sql, NULL, 0));
    person->family_id = world->a.family_id;
    person->child_id = world->a.child_id;
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* What A does in both worlds before and after what she keeps to herself. */
static void begin(struct world *world, bool with_claude)
{
    static const char *const WITHOUT[] = {"FAM_CLAUDE=off", NULL};
    struct system *system = &world->claude.system;
    memset(world, 0, sizeof(*world));
    claude_world_start(&world->claude, with_claude ? NULL : WITHOUT);
    world->system = system;
    system_pause_rereads(system); /* when they come is chance */
    world->a = system_family(system, A, 7);
    world->b = system_person(system, B);
    world->c = system_person(system, C);
    const struct person *const others[] = {&world->b, &world->c};
    for (size_t i = 0; i < 2; i++) {
        system_consent(system, others[i], FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, true);
        system_consent(system, others[i], FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, true);
    }
    join(world, &world->b, "parent");
    join(world, &world->c, "reader");
    say(world, &world->b, "Скучно мне в школе", world->own_b);
    say(world, &world->c, "Мне грустно", world->own_c);
    say(world, &world->a, "Ненавижу школу!", world->shared);
    with_entry(world, &world->a, "TranslationService/ShareEntry", world->shared, ", \"shared\": true");
}

static void keep_secrets(struct world *world)
{
    char id[40];
    const struct person *a = &world->a;
    say(world, a, "Не хочу к нему", id); /* while nothing is learned: a reading that would do for everybody */
    say(world, a, "папа меня бьёт", world->hidden);
    with_entry(world, a, "TranslationService/RateEntry", world->hidden,
               ", \"helped\": \"HELPED_WORSE\", \"comment\": \"он опять\"");
    with_entry(world, a, "TranslationService/AgreeFollowUp", world->hidden, "");
    with_entry(world, a, "TranslationService/ReviseEntry", world->hidden, ", \"phrase\": \"папа меня очень бьёт\"");
    say(world, a, "Ненавижу тебя!", id);
    with_entry(world, a, "TranslationService/CorrectEntry", id,
               ", \"emotion\": \"EMOTION_JEALOUSY\", \"note\": \"ревнует к папе\"");
    say(world, a, "Боюсь папу", world->deleted);
    with_entry(world, a, "TranslationService/DeleteEntry", world->deleted, "");
    for (int i = 0; i < 5; i++) {
        say(world, a, "Не хочу к нему", id);
    }
}

static void keep_none(struct world *world)
{
    struct fam_uuid a = fam_uuid_v7(), b = fam_uuid_v7();
    fam_uuid_format(&a, world->hidden);
    fam_uuid_format(&b, world->deleted);
}

/* From now on A shows what is new: what she learned from what she keeps must not show in it. */
static void go_on(struct world *world)
{
    char sql[300], id[40], user[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&world->a.user_id, user);
    snprintf(sql, sizeof(sql), "UPDATE users SET share_entries = true WHERE user_id = '%s'", user);
    cr_assert(pg_server_sql(world->system->pg.conninfo, sql, NULL, 0));
    say(world, &world->a, "Ненавижу тебя!", id);
    say(world, &world->a, "Опять эта школа", id);
    snprintf(sql, sizeof(sql), "SELECT parent_id FROM parents WHERE user_id = '%s'", user);
    cr_assert(pg_server_sql(world->system->pg.conninfo, sql, world->a_parent, sizeof(world->a_parent)));
}

static void fill(const struct world *world, const struct person *person, const char *request, char *ret_json,
                 size_t max)
{
    char family[40], child[40], telegram[24];
    fam_uuid_format(&world->a.family_id, family);
    fam_uuid_format(&world->a.child_id, child);
    snprintf(telegram, sizeof(telegram), "%lld", (long long)person->telegram_id);
    const char *const variables[][2] = {
        {"${FAMILY}", family},
        {"${CHILD}", child},
        {"${A_PARENT}", world->a_parent},
        {"${SHARED}", world->shared},
        {"${PRIVATE}", world->hidden},
        {"${DELETED}", world->deleted},
        {"${TELEGRAM}", telegram},
        {"${OWN}", person == &world->b ? world->own_b : world->own_c},
    };
    size_t size = 0;
    while (*request != '\0' && size + 64 < max) {
        bool found = false;
        for (size_t i = 0; !found && i < sizeof(variables) / sizeof(variables[0]); i++) {
            size_t length = strlen(variables[i][0]);
            if (strncmp(request, variables[i][0], length) == 0) {
                size += (size_t)snprintf(ret_json + size, 64, "%s", variables[i][1]);
                request += length;
                found = true;
            }
        }
        if (!found) {
            ret_json[size++] = *request++;
        }
    }
    ret_json[size] = '\0';
}

static void answer_of(const struct world *world, const struct person *person, const struct two_worlds_case *one,
                      char ret_answer[ANSWER_MAX])
{
    static char raw[ANSWER_MAX];
    char json[2000];
    fill(world, person, one->request, json, sizeof(json));
    call(world->system, &person->user_id, one->method, json, raw);
    blank_members(raw);
    open_chunk(raw);
    normalise(raw, ret_answer);
}

static bool has_case(const char *method)
{
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        if (strcmp(CASES[i].method, method) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof(NOT_FOR_PEOPLE) / sizeof(NOT_FOR_PEOPLE[0]); i++) {
        if (strncmp(method, NOT_FOR_PEOPLE[i], strlen(NOT_FOR_PEOPLE[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Every method that a bot may call for a person has a case. */
static void expect_complete(struct system *system)
{
    struct fam_client *admin = system_client(system, system->admin_token);
    Fam__V1__ListMethodsRequest request = FAM__V1__LIST_METHODS_REQUEST__INIT;
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(admin, fam__v1__ops_service, list_methods, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    const Fam__V1__ListMethodsResponse *list = (const Fam__V1__ListMethodsResponse *)fam_rpc_response(&rpc);
    size_t for_bots = 0;
    for (size_t i = 0; i < list->n_methods; i++) {
        bool for_bot = false;
        for (size_t j = 0; j < list->methods[i]->n_roles; j++) {
            for_bot = for_bot || list->methods[i]->roles[j] == FAM__V1__ROLE__ROLE_BOT;
        }
        for_bots += for_bot;
        cr_assert(!for_bot || has_case(list->methods[i]->name + strlen("fam.v1.")), "%s has no case",
                  list->methods[i]->name);
    }
    cr_assert_gt(for_bots, 20);
    fam_rpc_done(&rpc);
    fam_client_free(admin);
}

static void expect_equal(struct world *secret, struct world *plain, const struct two_worlds_case *one, bool of_c,
                         size_t *answered)
{
    static char with[ANSWER_MAX], without[ANSWER_MAX];
    answer_of(secret, of_c ? &secret->c : &secret->b, one, with);
    answer_of(plain, of_c ? &plain->c : &plain->b, one, without);
    size_t same = 0;
    while (with[same] != '\0' && with[same] == without[same]) {
        same++;
    }
    size_t from = same > 60 ? same - 60 : 0;
    cr_assert(with[same] == without[same], "%c asks %s %s:\n…%.160s\nand without A's secrets:\n…%.160s",
              of_c ? 'C' : 'B', one->method, one->request, with + from, without + from);
    *answered += with[0] == '{';
}

/* One question twice, by B: nothing in the second answer says that it was there already. */
static void expect_cache_is_silent(struct world *world)
{
    static const struct two_worlds_case ONE = {T "Translate",
                                               "{\"phrase\": \"Не буду есть кашу\", \"childId\": \"${CHILD}\"}"};
    static const char HITS[] = "family_emotions_cache_lookups_total{result=\"hit\"}";
    static char fresh[ANSWER_MAX], cached[ANSWER_MAX];
    answer_of(world, &world->b, &ONE, fresh);
    double hits = claude_world_metric(&world->claude, HITS);
    answer_of(world, &world->b, &ONE, cached);
    cr_assert_eq(claude_world_metric(&world->claude, HITS), hits + 1);
    cr_assert_not_null(strstr(fresh, "ENGINE_CLAUDE"), "%s", fresh);
    cr_assert_str_eq(cached, fresh);
}

static void compare_worlds(bool with_claude)
{
    static struct world secret, plain;
    size_t answered = 0;
    begin(&secret, with_claude);
    begin(&plain, with_claude);
    expect_complete(secret.system);
    keep_secrets(&secret);
    keep_none(&plain);
    go_on(&secret);
    go_on(&plain);
    if (with_claude) {
        expect_cache_is_silent(&secret);
        expect_cache_is_silent(&plain);
    }
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        expect_equal(&secret, &plain, &CASES[i], false, &answered);
        expect_equal(&secret, &plain, &CASES[i], true, &answered);
    }
    cr_assert_gt(answered, 60, "most calls are answered, else equal answers mean nothing: %zu", answered);
    if (with_claude) {
        cr_assert_gt(claude_world_asked(&secret.claude), claude_world_asked(&plain.claude), "A's secrets were read");
        cr_assert_gt(claude_world_asked(&plain.claude), 4, "Claude reads what they say");
    }
    claude_world_stop(&plain.claude);
    claude_world_stop(&secret.claude);
}

Test(e2e_two_worlds, what_one_parent_keeps_to_herself_changes_nothing_for_the_others, .timeout = 300)
{
    compare_worlds(false);
}

Test(e2e_two_worlds, nor_does_it_when_claude_answers_and_answers_are_cached, .timeout = 300)
{
    compare_worlds(true);
}
