/* Sessions against running programs: fifty clients at once over two servers, what an operator may see and end, and what
 * goes on without Redis. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fam/v1/family.pb-c.h"
#include "fam/v1/session.pb-c.h"
#include "two_servers.h"

static const char secret[] = "Zoryana Quillfeather";

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

static ProtobufCBinaryData bytes(const char *text)
{
    return (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)borrow(text)};
}

static struct fam_rpc_options acting_for(const struct person *person)
{
    return (struct fam_rpc_options){.acting_user = &person->user_id};
}

static void create(struct fam_client *client, const struct person *person, char ret_id[64])
{
    Fam__V1__CreateSessionRequest request = FAM__V1__CREATE_SESSION_REQUEST__INIT;
    const struct fam_rpc_options options = acting_for(person);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    request.client = borrow("telegram");
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(client, fam__v1__session_service, create_session, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    snprintf(ret_id, 64, "%s", ((const Fam__V1__CreateSessionResponse *)fam_rpc_response(&rpc))->session->session_id);
    fam_rpc_done(&rpc);
}

/* The answer belongs to *rpc, to be ended whatever comes; *options must outlive it. */
static enum fam_code get(struct fam_client *client, const char *id, struct fam_rpc *rpc,
                         const struct fam_rpc_options *options, struct fam_status *status)
{
    Fam__V1__GetSessionRequest request = FAM__V1__GET_SESSION_REQUEST__INIT;
    request.session_id = borrow(id);
    fam_rpc_init(rpc, options);
    return FAM_RPC(client, fam__v1__session_service, get_session, rpc, &request, status);
}

static const Fam__V1__Session *got(const struct fam_rpc *rpc)
{
    return ((const Fam__V1__GetSessionResponse *)fam_rpc_response(rpc))->session;
}

static enum fam_code update(struct fam_client *client, const struct person *person,
                            const Fam__V1__UpdateSessionRequest *request, struct fam_status *status)
{
    const struct fam_rpc_options options = acting_for(person);
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(client, fam__v1__session_service, update_session, &rpc, request, status);
    fam_rpc_done(&rpc);
    return code;
}

static enum fam_code merge(struct fam_client *client, const struct person *person, const char *id, const char *name,
                           const char *value, struct fam_status *status)
{
    Fam__V1__UpdateSessionRequest request = FAM__V1__UPDATE_SESSION_REQUEST__INIT;
    Fam__V1__SessionField field = FAM__V1__SESSION_FIELD__INIT;
    Fam__V1__SessionField *fields[] = {&field};
    field.name = borrow(name);
    field.value = bytes(value);
    request.session_id = borrow(id);
    request.merge = true;
    request.fields = fields;
    request.n_fields = 1;
    return update(client, person, &request, status);
}

/* ---- fifty at once ---- */

enum { CLIENTS = 50, MERGERS = 32, ROUNDS = 3 };

struct caller {
    struct fam_client *client;
    const struct person *person;
    const char *id;
    int number;
    unsigned accepted;
    bool done;
    struct fam_status status;
};

static bool merge_rounds(struct caller *caller)
{
    char name[24], value[24];
    snprintf(name, sizeof(name), "client.%d", caller->number);
    for (int i = 0; i < ROUNDS; i++) {
        snprintf(value, sizeof(value), "round %d", i);
        if (merge(caller->client, caller->person, caller->id, name, value, &caller->status) != FAM_OK) {
            return false;
        }
        caller->accepted++;
    }
    return true;
}

/* Compare and set: adds to the state what nobody else may have written over. */
static enum fam_code add_to_state(struct caller *caller)
{
    const struct fam_rpc_options options = acting_for(caller->person);
    struct fam_rpc rpc;
    enum fam_code code = get(caller->client, caller->id, &rpc, &options, &caller->status);
    if (code == FAM_OK) {
        char state[128];
        Fam__V1__UpdateSessionRequest request = FAM__V1__UPDATE_SESSION_REQUEST__INIT;
        snprintf(state, sizeof(state), "%.*sx", (int)got(&rpc)->state.len, (const char *)got(&rpc)->state.data);
        request.session_id = borrow(caller->id);
        request.version = got(&rpc)->version;
        request.state = bytes(state);
        code = update(caller->client, caller->person, &request, &caller->status);
    }
    fam_rpc_done(&rpc);
    return code;
}

static bool replace_state(struct caller *caller)
{
    enum fam_code code = FAM_ABORTED;
    for (int tries = 0; tries < 3000 && code == FAM_ABORTED; tries++) {
        code = add_to_state(caller);
    }
    caller->accepted += code == FAM_OK;
    return code == FAM_OK;
}

static void *call(void *argument)
{
    struct caller *caller = argument;
    caller->done = caller->number < MERGERS ? merge_rounds(caller) : replace_state(caller);
    return NULL;
}

static void assert_nothing_is_lost(struct fam_client *client, const struct person *person, const char *id,
                                   unsigned accepted)
{
    const struct fam_rpc_options options = acting_for(person);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    bool seen[MERGERS] = {false};
    char last[16];
    cr_assert_eq(get(client, id, &rpc, &options, &status), FAM_OK, "%s", status.message);
    const Fam__V1__Session *session = got(&rpc);
    snprintf(last, sizeof(last), "round %d", ROUNDS - 1);
    cr_assert_eq(session->n_fields, MERGERS);
    for (size_t i = 0; i < session->n_fields; i++) {
        int number = -1;
        cr_assert_eq(sscanf(session->fields[i]->name, "client.%d", &number), 1);
        cr_assert(number >= 0 && number < MERGERS && !seen[number], "client %d", number);
        seen[number] = true;
        cr_assert_eq(session->fields[i]->value.len, strlen(last));
        cr_assert_eq(memcmp(session->fields[i]->value.data, last, strlen(last)), 0, "client %d", number);
    }
    cr_assert_eq(session->state.len, CLIENTS - MERGERS);
    cr_assert_eq(session->version, 1 + accepted);
    fam_rpc_done(&rpc);
}

Test(e2e_sessions, fifty_clients_of_two_servers_at_once_lose_no_field, .timeout = 240)
{
    static struct two two;
    static struct caller callers[CLIENTS];
    pthread_t threads[CLIENTS];
    char id[64], urls[128];
    unsigned accepted = 0;
    two_start(&two, NULL);
    snprintf(urls, sizeof(urls), "tcp://127.0.0.1:%u,tcp://127.0.0.1:%u", two.system.rpc_port, two.second_rpc);
    create(two.system.client, &two.people[0], id);
    for (int i = 0; i < CLIENTS; i++) {
        callers[i] = (struct caller){
            .client = two_client_of(urls, two.system.bot_token, NULL), .person = &two.people[0], .id = id, .number = i};
    }
    for (int i = 0; i < CLIENTS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, call, &callers[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        cr_assert(callers[i].done, "client %d: %s", i, callers[i].status.message);
        accepted += callers[i].accepted;
        fam_client_free(callers[i].client);
    }
    assert_nothing_is_lost(two.system.client, &two.people[0], id, accepted);
    two_stop(&two);
}

/* ---- operators ---- */

struct desk {
    struct two two;
    char servers[64], token[96];
    char user[FAM_UUID_TEXT_SIZE];
    char out[65536];
};

/* famctl talks to the second server; the bot's client to the first alone. */
static void desk_start(struct desk *desk)
{
    two_start(&desk->two, NULL);
    snprintf(desk->servers, sizeof(desk->servers), "FAM_SERVERS=tcp://127.0.0.1:%u", desk->two.second_rpc);
    snprintf(desk->token, sizeof(desk->token), "FAM_TOKEN=%s", desk->two.system.admin_token);
    fam_uuid_format(&desk->two.people[0].user_id, desk->user);
    fam_client_free(desk->two.system.client);
    desk->two.system.client = system_client(&desk->two.system, desk->two.system.bot_token);
}

static int run(struct desk *desk, const char *const words[])
{
    const char *argv[16] = {FAM_BIN_DIR "/famctl"};
    const char *env[] = {desk->servers, desk->token, "LC_ALL=C.UTF-8", "ASAN_OPTIONS=detect_leaks=0", NULL};
    for (size_t i = 0; words[i] != NULL; i++) {
        argv[i + 1] = words[i];
    }
    return proc_run(argv, env, NULL, desk->out, sizeof(desk->out));
}
#define RUN(desk, ...) run((desk), (const char *const[]){__VA_ARGS__, NULL})

/* One with everything in it. */
static void fill(struct desk *desk, const char *id)
{
    const struct person *person = &desk->two.people[0];
    struct fam_status status = {.message = ""};
    Fam__V1__UpdateSessionRequest request = FAM__V1__UPDATE_SESSION_REQUEST__INIT;
    request.session_id = borrow(id);
    request.version = 1;
    request.state = bytes(secret);
    request.draft = borrow(secret);
    cr_assert_eq(update(desk->two.system.client, person, &request, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(merge(desk->two.system.client, person, id, "wizard.name", secret, &status), FAM_OK, "%s",
                 status.message);
}

static enum fam_code get_code(struct desk *desk, const char *id)
{
    const struct fam_rpc_options options = acting_for(&desk->two.people[0]);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    enum fam_code code = get(desk->two.system.client, id, &rpc, &options, &status);
    fam_rpc_done(&rpc);
    return code;
}

#define AUDITED                                                                                                        \
    "SELECT count(*) FROM audit_log WHERE principal = 'admin:tester' AND user_id IS NOT NULL AND method LIKE "

Test(e2e_sessions, an_operator_sees_times_and_names_and_ends_one_at_once_on_every_server, .timeout = 240)
{
    static struct desk desk;
    char id[64];
    desk_start(&desk);
    create(desk.two.system.client, &desk.two.people[0], id);
    fill(&desk, id);
    for (int json = 0; json < 2; json++) {
        cr_assert_eq(RUN(&desk, "session", "list", desk.user, "-o", json ? "json" : "table"), 0, "%s", desk.out);
        cr_assert_not_null(strstr(desk.out, id), "%s", desk.out);
        cr_assert_not_null(strstr(desk.out, "wizard.name"), "%s", desk.out);
        cr_assert_null(strstr(desk.out, "Zoryana"), "%s", desk.out);
        cr_assert_eq(RUN(&desk, "session", "show", id, "--user", desk.user, "-o", json ? "json" : "table"), 0, "%s",
                     desk.out);
        cr_assert_not_null(strstr(desk.out, "wizard.name"), "%s", desk.out);
        cr_assert_null(strstr(desk.out, "Zoryana"), "%s", desk.out);
    }
    cr_assert_eq(RUN(&desk, "call", "SessionService/GetSession", "{}", "--acting-user", desk.user), 5,
                 "no operator reads what a session keeps: %s", desk.out);
    cr_assert_eq(RUN(&desk, "session", "revoke", id, "--user", desk.user, "--dry-run"), 0, "%s", desk.out);
    cr_assert_eq(get_code(&desk, id), FAM_OK);
    cr_assert_eq(system_count(&desk.two.system, AUDITED "'%Session%'"), 0, "looking is not written down");
    cr_assert_eq(RUN(&desk, "session", "revoke", id, "--user", desk.user), 0, "%s", desk.out);
    cr_assert_eq(get_code(&desk, id), FAM_NOT_FOUND);
    cr_assert_eq(system_count(&desk.two.system, AUDITED "'%SessionService/DeleteSession'"), 1);
    two_stop(&desk.two);
}

Test(e2e_sessions, all_of_a_user_are_ended_by_one_word_and_written_down_once, .timeout = 240)
{
    static struct desk desk;
    char id[64];
    desk_start(&desk);
    create(desk.two.system.client, &desk.two.people[0], id);
    cr_assert_eq(RUN(&desk, "session", "revoke", "--all", desk.user, "--dry-run"), 0, "%s", desk.out);
    cr_assert_not_null(strstr(desk.out, "Would be ended  1"), "%s", desk.out);
    cr_assert_eq(get_code(&desk, id), FAM_OK);
    cr_assert_eq(RUN(&desk, "session", "revoke", "--all", desk.user), 2, "nobody can be asked: %s", desk.out);
    cr_assert_eq(get_code(&desk, id), FAM_OK);
    cr_assert_eq(system_count(&desk.two.system, AUDITED "'%Session%'"), 0);
    cr_assert_eq(RUN(&desk, "session", "revoke", "--all", desk.user, "--yes"), 0, "%s", desk.out);
    cr_assert_eq(get_code(&desk, id), FAM_NOT_FOUND);
    cr_assert_eq(system_count(&desk.two.system, AUDITED "'%SessionService/DeleteAllSessions' AND reason = ''"), 1);
    cr_assert_eq(RUN(&desk, "session", "revoke", "--all", desk.user, "-y", "--reason", "support case 4711"), 0, "%s",
                 desk.out);
    cr_assert_eq(system_count(&desk.two.system, AUDITED "'%SessionService/DeleteAllSessions'"), 2);
    cr_assert_eq(system_count(&desk.two.system, AUDITED "'%Session%' AND reason = 'support case 4711'"), 1);
    two_stop(&desk.two);
}

/* ---- without Redis ---- */

static enum fam_code list_code(struct system *system, const struct person *person)
{
    Fam__V1__ListSessionsRequest request = FAM__V1__LIST_SESSIONS_REQUEST__INIT;
    const struct fam_rpc_options options = acting_for(person);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(system->client, fam__v1__session_service, list_sessions, &rpc, &request, &status);
    fam_rpc_done(&rpc);
    return code;
}

static enum fam_code delete_all_code(struct system *system, const struct person *person)
{
    Fam__V1__DeleteAllSessionsRequest request = FAM__V1__DELETE_ALL_SESSIONS_REQUEST__INIT;
    const struct fam_rpc_options options = acting_for(person);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    enum fam_code code =
        FAM_RPC(system->client, fam__v1__session_service, delete_all_sessions, &rpc, &request, &status);
    fam_rpc_done(&rpc);
    return code;
}

static void assert_family_is_read(struct system *system, const struct person *person)
{
    Fam__V1__GetFamilyRequest request = FAM__V1__GET_FAMILY_REQUEST__INIT;
    const struct fam_rpc_options options = acting_for(person);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(system->client, fam__v1__family_service, get_family, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    fam_rpc_done(&rpc);
}

static void assert_entries_are_listed(struct system *system, const struct person *person, size_t count)
{
    Fam__V1__ListEntriesRequest request = FAM__V1__LIST_ENTRIES_REQUEST__INIT;
    const struct fam_rpc_options options = acting_for(person);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    request.page_size = 10;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(system->client, fam__v1__translation_service, list_entries, &rpc, &request, &status), FAM_OK,
                 "%s", status.message);
    cr_assert_eq(((const Fam__V1__ListEntriesResponse *)fam_rpc_response(&rpc))->n_entries, count);
    fam_rpc_done(&rpc);
}

Test(e2e_sessions, without_redis_sessions_are_unavailable_and_what_needs_none_goes_on, .timeout = 180)
{
    struct system system;
    char id[64];
    system_start(&system, NULL);
    struct person parent = system_family(&system, 4100, 7);
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    create(system.client, &parent, id);
    cr_assert_eq(merge(system.client, &parent, id, "step", "1", &status), FAM_OK, "%s", status.message);
    redis_server_kill(&system.redis);
    const struct fam_rpc_options options = acting_for(&parent);
    cr_assert_eq(get(system.client, id, &rpc, &options, &status), FAM_UNAVAILABLE);
    fam_rpc_done(&rpc);
    cr_assert_eq(merge(system.client, &parent, id, "step", "2", &status), FAM_UNAVAILABLE);
    cr_assert_eq(list_code(&system, &parent), FAM_UNAVAILABLE);
    cr_assert_eq(delete_all_code(&system, &parent), FAM_UNAVAILABLE);
    cr_assert_eq(system_translate(&system, &parent, "Нет!", "away", &rpc, &status), FAM_OK, "%s", status.message);
    fam_rpc_done(&rpc);
    assert_entries_are_listed(&system, &parent, 1);
    assert_family_is_read(&system, &parent);
    struct person other = system_family(&system, 4101, 9); /* five methods that change something */
    cr_assert_not(fam_uuid_is_nil(&other.child_id));
    cr_assert(redis_server_restart(&system.redis));
    enum fam_code code = FAM_UNAVAILABLE;
    for (int i = 0; i < 400 && code == FAM_UNAVAILABLE; i++) {
        (void)usleep(50000);
        code = merge(system.client, &parent, id, "step", "3", &status);
    }
    cr_assert_eq(code, FAM_OK, "%s", status.message);
    system_stop(&system);
}
