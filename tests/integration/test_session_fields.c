/* test_session_fields.c: what clients keep by name in a session: merged, bounded, sealed one by one; the fence of the
 * lead; lists, and ending all of a user. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_world.h"

TestSuite(session_fields, .init = set_up, .fini = tear_down, .timeout = 90);

static struct fam_session_field_change field(const char *name, const char *value)
{
    return (struct fam_session_field_change){.name = name, .value = value, .size = strlen(value)};
}

/* Merges one field; *session is replaced by what it became. */
static enum fam_code merge(struct fam_session *session, const char *name, const char *value, struct fam_status *status)
{
    struct fam_session after;
    const struct fam_session_field_change one = field(name, value);
    const struct fam_session_change change = {.merge = true, .fields = &one, .field_count = 1};
    enum fam_code code = fam_sessions_update(sessions, &user, session->id, &change, &after, status);
    if (!code) {
        fam_session_done(session);
        *session = after;
    }
    return code;
}

static void merge_well(struct fam_session *session, const char *name, const char *value)
{
    struct fam_status status = {0};
    cr_assert_eq(merge(session, name, value, &status), FAM_OK, "%s", status.message);
}

/* The field's value; NULL when the session has none of this name. */
static const char *value_of(const struct fam_session *session, const char *name)
{
    for (size_t i = 0; i < session->field_count; i++)
        if (strcmp(session->fields[i].name, name) == 0)
            return fam_secret_text(&session->fields[i].value);
    return NULL;
}

static struct fam_session read_well(const char *id)
{
    struct fam_session read;
    struct fam_status status = {0};
    cr_assert_eq(fam_sessions_get(sessions, &user, id, &read, &status), FAM_OK, "%s", status.message);
    return read;
}

/* ---- merging ---- */

Test(session_fields, a_merge_sets_and_removes_what_it_names_and_leaves_all_else)
{
    struct fam_session session = created(sessions, "telegram"), read;
    struct fam_status status = {0};
    const struct fam_session_change whole = {
        .version = 1, .state = "state", .state_size = 5, .last_update_id = 7, .draft = "a draft"};
    cr_assert_eq(fam_sessions_update(sessions, &user, session.id, &whole, &read, &status), FAM_OK, "%s",
                 status.message);
    cr_assert_eq(read.field_count, 0);
    fam_session_done(&read);
    merge_well(&session, "wizard.step", "child");
    merge_well(&session, "hint", "shown");
    const struct fam_session_field_change both[] = {field("hint", ""), field("wizard.step", "birth")};
    const struct fam_session_change change = {.merge = true,
                                              .version = 99, /* not looked at, like all that follows but the fields */
                                              .state = "other",
                                              .state_size = 5,
                                              .last_update_id = 1,
                                              .draft = "another",
                                              .fields = both,
                                              .field_count = 2};
    cr_assert_eq(fam_sessions_update(sessions, &user, session.id, &change, &read, &status), FAM_OK, "%s",
                 status.message);
    fam_session_done(&read);
    read = read_well(session.id);
    cr_assert_str_eq(value_of(&read, "wizard.step"), "birth");
    cr_assert_null(value_of(&read, "hint"));
    cr_assert_eq(read.field_count, 1);
    cr_assert_eq(read.version, 5, "each of four updates counts");
    cr_assert_str_eq(fam_secret_text(&read.state), "state");
    cr_assert_str_eq(fam_secret_text(&read.draft), "a draft");
    cr_assert_eq(read.last_update_id, 7);
    fam_session_done(&read);
    fam_session_done(&session);
}

Test(session_fields, a_whole_update_sets_fields_too_under_its_version)
{
    struct fam_session session = created(sessions, "telegram"), read;
    struct fam_status status = {0};
    const struct fam_session_field_change one = field("kept", "by the update");
    struct fam_session_change change = {.version = 1, .state = "s", .state_size = 1, .fields = &one, .field_count = 1};
    merge_well(&session, "earlier", "stays");
    cr_assert_eq(fam_sessions_update(sessions, &user, session.id, &change, &read, &status), FAM_ABORTED);
    cr_assert_str_eq(status.reason, "VERSION_MISMATCH");
    read = read_well(session.id);
    cr_assert_null(value_of(&read, "kept"), "a refused update sets none of its fields");
    cr_assert_eq(read.version, 2);
    fam_session_done(&read);
    change.version = 2;
    cr_assert_eq(fam_sessions_update(sessions, &user, session.id, &change, &read, &status), FAM_OK);
    cr_assert_str_eq(value_of(&read, "kept"), "by the update");
    cr_assert_str_eq(value_of(&read, "earlier"), "stays");
    cr_assert_eq(read.version, 3);
    fam_session_done(&read);
    fam_session_done(&session);
}

Test(session_fields, values_are_any_bytes_and_come_in_order_of_their_names)
{
    char bytes[FAM_SESSION_VALUE_BYTES];
    struct fam_session session = created(sessions, "telegram"), read;
    struct fam_status status = {0};
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 7);
    const struct fam_session_field_change fields[] = {
        field("z", "last"), {.name = "bytes", .value = bytes, .size = sizeof(bytes)}, field("a.0_", "first")};
    const struct fam_session_change change = {.merge = true, .fields = fields, .field_count = 3};
    cr_assert_eq(fam_sessions_update(sessions, &user, session.id, &change, &read, &status), FAM_OK);
    fam_session_done(&read);
    read = read_well(session.id);
    cr_assert_eq(read.field_count, 3);
    cr_assert_str_eq(read.fields[0].name, "a.0_");
    cr_assert_str_eq(read.fields[1].name, "bytes");
    cr_assert_str_eq(read.fields[2].name, "z");
    cr_assert_eq(read.fields[1].value.size, sizeof(bytes));
    cr_assert_eq(memcmp(read.fields[1].value.data, bytes, sizeof(bytes)), 0);
    fam_session_done(&read);
    fam_session_done(&session);
}

/* ---- bounds ---- */

Test(session_fields, names_and_values_that_break_a_rule_change_nothing)
{
    static char large[FAM_SESSION_VALUE_BYTES + 1];
    static const char *const names[] = {
        "", "Step", "a b", "a:b", "a-b", "\xd1\x8f", "012345678901234567890123456789012"};
    struct fam_session session = created(sessions, "telegram"), none;
    struct fam_status status = {0};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(names); i++) {
        cr_assert_eq(merge(&session, names[i], "x", &status), FAM_INVALID_ARGUMENT, "row %zu", i);
        cr_assert_str_eq(status.field, "fields", "row %zu", i);
    }
    struct fam_session_field_change fields[FAM_SESSION_FIELDS + 1] = {
        {.name = "large", .value = large, .size = sizeof(large)}};
    struct fam_session_change change = {.merge = true, .fields = fields, .field_count = 1};
    cr_assert_eq(fam_sessions_update(sessions, &user, session.id, &change, &none, &status), FAM_INVALID_ARGUMENT);
    fields[0] = field("twice", "x");
    fields[1] = field("twice", "");
    change.field_count = 2;
    cr_assert_eq(fam_sessions_update(sessions, &user, session.id, &change, &none, &status), FAM_INVALID_ARGUMENT);
    change.field_count = FAM_SESSION_FIELDS + 1;
    cr_assert_eq(fam_sessions_update(sessions, &user, session.id, &change, &none, &status), FAM_INVALID_ARGUMENT);
    change.field_count = 0;
    change.fence = FAM_SESSION_FENCE_MAX + 1;
    cr_assert_eq(fam_sessions_update(sessions, &user, session.id, &change, &none, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.field, "fence");
    struct fam_session read = read_well(session.id);
    cr_assert_eq(read.version, 1);
    cr_assert_eq(read.field_count, 0);
    fam_session_done(&read);
    fam_session_done(&session);
}

Test(session_fields, a_session_holds_thirty_two_and_one_that_goes_makes_room)
{
    struct fam_session session = created(sessions, "telegram"), read;
    struct fam_status status = {0};
    char names[FAM_SESSION_FIELDS][8];
    struct fam_session_field_change fields[FAM_SESSION_FIELDS];
    for (size_t i = 0; i < FAM_SESSION_FIELDS; i++) {
        snprintf(names[i], sizeof(names[i]), "f%zu", i);
        fields[i] = field(names[i], "value");
    }
    const struct fam_session_change change = {.merge = true, .fields = fields, .field_count = FAM_SESSION_FIELDS};
    cr_assert_eq(fam_sessions_update(sessions, &user, session.id, &change, &read, &status), FAM_OK, "%s",
                 status.message);
    cr_assert_eq(read.field_count, FAM_SESSION_FIELDS);
    fam_session_done(&read);
    cr_assert_eq(merge(&session, "late", "x", &status), FAM_RESOURCE_EXHAUSTED);
    cr_assert_str_eq(status.reason, "TOO_MANY_FIELDS");
    merge_well(&session, "f7", "another value");
    const struct fam_session_field_change swap[] = {field("late", "x"), field("f0", "")};
    const struct fam_session_change both = {.merge = true, .fields = swap, .field_count = 2};
    cr_assert_eq(fam_sessions_update(sessions, &user, session.id, &both, &read, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(read.field_count, FAM_SESSION_FIELDS);
    cr_assert_str_eq(value_of(&read, "late"), "x");
    cr_assert_eq(read.version, 4, "the refused one did not count");
    fam_session_done(&read);
    fam_session_done(&session);
}

/* ---- sealed ---- */

Test(session_fields, values_can_not_be_read_in_redis_nor_put_under_another_name)
{
    struct fam_session session = created(sessions, "telegram"), read;
    struct fam_status status = {0};
    struct fam_redis_script swap = {
        .source = "return redis.call('HSET', KEYS[1], 'f:two', redis.call('HGET', KEYS[1], 'f:one'))"};
    struct fam_redis_reply *reply = NULL;
    char text[FAM_UUID_TEXT_SIZE], name[96];
    merge_well(&session, "one", "Zoryana Quillfeather");
    cr_assert(redis_server_contains(&server, session.id), "the look into the files works");
    cr_assert_not(redis_server_contains(&server, "Zoryana"));
    merge_well(&session, "two", "of two");
    fam_uuid_format(&user, text);
    snprintf(name, sizeof(name), "fam:{%s}:session:%s", text, session.id);
    const struct fam_redis_arg keys[] = {FAM_REDIS_ARG(name)};
    cr_assert_eq(fam_redis_eval(redis, &swap, keys, 1, NULL, 0, &reply, &status), FAM_OK);
    fam_redis_reply_free(reply);
    cr_assert_eq(fam_sessions_get(sessions, &user, session.id, &read, &status), FAM_NOT_FOUND);
    cr_assert_eq(merge(&session, "three", "x", &status), FAM_NOT_FOUND);
    fam_session_done(&session);
}

Test(session_fields, an_update_of_one_that_can_not_be_opened_any_more_finds_it_gone)
{
    struct fam_session session = created(sessions, "telegram");
    struct fam_status status = {0};
    merge_well(&session, "one", "value");
    key_is_gone = FAM_DATA_LOSS;
    cr_assert_eq(merge(&session, "two", "value", &status), FAM_NOT_FOUND);
    key_is_gone = 0;
    cr_assert_eq(server_integer("EXISTS", "session:", session.id, ""), 0);
    fam_session_done(&session);
}

/* ---- the fence ---- */

static enum fam_code update_under(const char *id, bool is_merge, uint64_t version, uint64_t fence,
                                  struct fam_status *status)
{
    struct fam_session after;
    const struct fam_session_change change = {
        .merge = is_merge, .version = version, .fence = fence, .state = "s", .state_size = 1};
    enum fam_code code = fam_sessions_update(sessions, &user, id, &change, &after, status);
    fam_session_done(&after);
    return code;
}

Test(session_fields, a_lower_fence_than_the_stored_one_is_refused_and_none_does_not_lower_it)
{
    struct fam_session session = created(sessions, "telegram");
    struct fam_status status = {0};
    cr_assert_eq(update_under(session.id, false, 1, 5, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(update_under(session.id, false, 2, 4, &status), FAM_ABORTED);
    cr_assert_str_eq(status.reason, "LEAD_LOST");
    cr_assert_eq(update_under(session.id, false, 1, 4, &status), FAM_ABORTED);
    cr_assert_str_eq(status.reason, "LEAD_LOST", "who has lost the lead has nothing to decide anew");
    cr_assert_eq(update_under(session.id, true, 0, 4, &status), FAM_ABORTED, "a merge is fenced as well");
    cr_assert_eq(update_under(session.id, false, 2, 0, &status), FAM_OK, "who has no lead is not fenced");
    cr_assert_eq(update_under(session.id, false, 3, 4, &status), FAM_ABORTED);
    cr_assert_str_eq(status.reason, "LEAD_LOST");
    cr_assert_eq(update_under(session.id, false, 3, 5, &status), FAM_OK);
    cr_assert_eq(update_under(session.id, true, 0, FAM_SESSION_FENCE_MAX, &status), FAM_OK);
    cr_assert_eq(update_under(session.id, true, 0, FAM_SESSION_FENCE_MAX - 1, &status), FAM_ABORTED);
    fam_session_done(&session);
}

/* ---- together ---- */

enum { CLIENTS = 50, ROUNDS = 5 };

/* As many as a session has fields merge one of their own, round after round; the others add to the state by compare and
 * set. */
struct client {
    const char *id;
    int number;
    int accepted;
    bool done;
};

static bool merge_rounds(struct client *client)
{
    char name[24], value[24];
    struct fam_status status = {0};
    snprintf(name, sizeof(name), "client.%d", client->number);
    for (int i = 0; i < ROUNDS; i++) {
        struct fam_session after;
        snprintf(value, sizeof(value), "round %d", i);
        const struct fam_session_field_change one = field(name, value);
        const struct fam_session_change change = {.merge = true, .fields = &one, .field_count = 1};
        if (fam_sessions_update(sessions, &user, client->id, &change, &after, &status))
            return false;
        const char *mine = value_of(&after, name);
        bool kept = mine != NULL && strcmp(mine, value) == 0;
        fam_session_done(&after);
        client->accepted++;
        if (!kept)
            return false;
    }
    return true;
}

static bool replace_state(struct client *client)
{
    struct fam_status status = {0};
    for (int tries = 0; tries < 20000; tries++) {
        struct fam_session now, after;
        char state[256];
        if (fam_sessions_get(sessions, &user, client->id, &now, &status))
            return false;
        snprintf(state, sizeof(state), "%sx", fam_secret_text(&now.state));
        const struct fam_session_change change = {.version = now.version, .state = state, .state_size = strlen(state)};
        enum fam_code code = fam_sessions_update(sessions, &user, client->id, &change, &after, &status);
        fam_session_done(&now);
        fam_session_done(&after);
        if (!code) {
            client->accepted++;
            return true;
        }
        if (code != FAM_ABORTED)
            return false;
    }
    return false;
}

static void *work(void *argument)
{
    struct client *client = argument;
    client->done = client->number < FAM_SESSION_FIELDS ? merge_rounds(client) : replace_state(client);
    return NULL;
}

Test(session_fields, fifty_clients_that_merge_and_replace_at_once_lose_no_field)
{
    pthread_t threads[CLIENTS];
    struct client clients[CLIENTS];
    struct fam_session session = created(sessions, "telegram");
    uint64_t accepted = 0;
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){.id = session.id, .number = i};
        cr_assert_eq(pthread_create(&threads[i], NULL, work, &clients[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(threads[i], NULL);
        cr_assert(clients[i].done, "client %d", i);
        accepted += (uint64_t)clients[i].accepted;
    }
    struct fam_session read = read_well(session.id);
    cr_assert_eq(read.field_count, FAM_SESSION_FIELDS);
    for (int i = 0; i < FAM_SESSION_FIELDS; i++) {
        char name[24], value[24];
        snprintf(name, sizeof(name), "client.%d", i);
        snprintf(value, sizeof(value), "round %d", ROUNDS - 1);
        cr_assert_not_null(value_of(&read, name), "client %d", i);
        cr_assert_str_eq(value_of(&read, name), value, "client %d", i);
    }
    cr_assert_eq(read.state.size, CLIENTS - FAM_SESSION_FIELDS);
    cr_assert_eq(read.version, 1 + accepted);
    fam_session_done(&read);
    fam_session_done(&session);
}

/* ---- lists ---- */

Test(session_fields, a_list_tells_everything_but_what_is_kept_and_is_no_use)
{
    struct fam_session telegram = created(sessions, "telegram"), other = created(sessions, "other");
    struct fam_session_summary *list = NULL;
    size_t count = 0;
    struct fam_status status = {0};
    pause_ms(2);
    merge_well(&telegram, "step", "child");
    merge_well(&telegram, "hint", "shown");
    long long before = server_integer("PEXPIRETIME", "session:", telegram.id, "");
    pause_ms(5);
    cr_assert_eq(fam_sessions_list(sessions, &user, &list, &count, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(count, 2);
    cr_assert_str_eq(list[0].id, telegram.id, "the last active one comes first");
    cr_assert_str_eq(list[0].client, "telegram");
    cr_assert_eq(list[0].version, 3);
    cr_assert_eq(list[0].created_at_ms, telegram.created_at_ms);
    cr_assert_geq(list[0].last_activity_ms, telegram.created_at_ms);
    cr_assert_eq(list[0].name_count, 2);
    cr_assert_str_eq(list[0].names[0], "hint");
    cr_assert_str_eq(list[0].names[1], "step");
    cr_assert_str_eq(list[1].id, other.id);
    cr_assert_eq(list[1].name_count, 0);
    cr_assert_eq(server_integer("PEXPIRETIME", "session:", telegram.id, ""), before);
    free(list);
    cr_assert_geq(server_integer("HSET", "session:", other.id, " version nonsense"), 0);
    cr_assert_eq(fam_sessions_list(sessions, &user, &list, &count, &status), FAM_OK);
    cr_assert_eq(count, 1, "a damaged one is left out");
    free(list);
    fam_session_done(&telegram);
    fam_session_done(&other);
}

Test(session_fields, a_user_without_sessions_has_an_empty_list_and_nothing_to_end)
{
    struct fam_session_summary *list = NULL;
    size_t count = 1;
    struct fam_status status = {0};
    cr_assert_eq(fam_sessions_list(sessions, &user, &list, &count, &status), FAM_OK);
    cr_assert_eq(count, 0);
    free(list);
    count = 1;
    cr_assert_eq(fam_sessions_delete_all(sessions, &user, false, &count, &status), FAM_OK);
    cr_assert_eq(count, 0);
}

/* ---- ending ---- */

Test(session_fields, all_of_a_user_end_at_once_with_their_drafts_and_nobody_elses)
{
    struct fam_session one = created(sessions, "one"), two = created(sessions, "two"), read;
    struct fam_status status = {0};
    const struct fam_uuid mine = user;
    size_t deleted = 0;
    const struct fam_session_change draft = {.version = 1, .draft = "a draft"};
    cr_assert_eq(fam_sessions_update(sessions, &user, one.id, &draft, &read, &status), FAM_OK);
    fam_session_done(&read);
    user = fam_uuid_v7();
    struct fam_session others = created(sessions, "one");
    user = mine;
    cr_assert_eq(fam_sessions_delete_all(sessions, &user, true, &deleted, &status), FAM_OK);
    cr_assert_eq(deleted, 2);
    read = read_well(one.id);
    fam_session_done(&read);
    cr_assert_eq(fam_sessions_delete_all(sessions, &user, false, &deleted, &status), FAM_OK);
    cr_assert_eq(deleted, 2);
    cr_assert_eq(fam_sessions_get(sessions, &user, one.id, &read, &status), FAM_NOT_FOUND);
    cr_assert_eq(fam_sessions_get(sessions, &user, two.id, &read, &status), FAM_NOT_FOUND);
    cr_assert_eq(server_integer("EXISTS", "session:", one.id, ":draft"), 0);
    cr_assert_eq(server_integer("EXISTS", "sessions", "", ""), 0);
    user = others.user;
    read = read_well(others.id);
    fam_session_done(&read);
    fam_session_done(&others);
    fam_session_done(&one);
    fam_session_done(&two);
}

struct merger {
    const char *id;
    atomic_bool *stop;
    enum fam_code code;
};

static void *merge_until_gone(void *argument)
{
    struct merger *merger = argument;
    struct fam_status status = {0};
    while (!atomic_load(merger->stop) && merger->code == FAM_OK) {
        struct fam_session after;
        const struct fam_session_field_change one = field("step", "value");
        const struct fam_session_change change = {.merge = true, .fields = &one, .field_count = 1};
        merger->code = fam_sessions_update(sessions, &user, merger->id, &change, &after, &status);
        fam_session_done(&after);
    }
    return NULL;
}

Test(session_fields, updates_on_their_way_never_bring_an_ended_session_back)
{
    pthread_t threads[8];
    struct merger mergers[8];
    atomic_bool stop = false;
    struct fam_session session = created(sessions, "telegram");
    struct fam_status status = {0};
    size_t deleted = 0;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(threads); i++) {
        mergers[i] = (struct merger){.id = session.id, .stop = &stop};
        cr_assert_eq(pthread_create(&threads[i], NULL, merge_until_gone, &mergers[i]), 0);
    }
    pause_ms(20);
    cr_assert_eq(fam_sessions_delete_all(sessions, &user, false, &deleted, &status), FAM_OK);
    cr_assert_eq(deleted, 1);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(threads); i++) {
        pthread_join(threads[i], NULL);
        cr_assert_eq(mergers[i].code, FAM_NOT_FOUND, "merger %zu", i);
    }
    cr_assert_eq(server_integer("EXISTS", "session:", session.id, ""), 0);
    fam_session_done(&session);
}

Test(session_fields, the_index_lives_as_long_as_the_longest_session)
{
    struct fam_sessions *brief = sessions_of(2000, 0);
    struct fam_session lasting = created(sessions, "lasting"), passing = created(brief, "passing");
    cr_assert_gt(server_integer("PTTL", "sessions", "", ""), 3000000);
    fam_session_done(&passing);
    fam_session_done(&lasting);
    fam_sessions_free(brief);
}

Test(session_fields, without_redis_lists_and_endings_are_unavailable)
{
    struct fam_session_summary *list = NULL;
    size_t count = 0;
    struct fam_status status = {0};
    struct fam_session session = created(sessions, "telegram");
    redis_server_kill(&server);
    cr_assert_eq(fam_sessions_list(sessions, &user, &list, &count, &status), FAM_UNAVAILABLE);
    cr_assert_null(list);
    cr_assert_eq(fam_sessions_delete_all(sessions, &user, true, &count, &status), FAM_UNAVAILABLE);
    cr_assert_eq(fam_sessions_delete_all(sessions, &user, false, &count, &status), FAM_UNAVAILABLE);
    cr_assert_eq(merge(&session, "step", "x", &status), FAM_UNAVAILABLE);
    fam_session_done(&session);
}
