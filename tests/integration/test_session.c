/* test_session.c: sessions in Redis: one a client, compare and set, expiry, sealed, never lost between writers. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_world.h"

TestSuite(session, .init = set_up, .fini = tear_down, .timeout = 90);

/* An update with texts; *session is replaced by what it became. */
static enum fam_code update(struct fam_sessions *in, struct fam_session *session, const char *state, const char *draft,
                            struct fam_status *status)
{
    struct fam_session after;
    const struct fam_session_change change = {.version = session->version,
                                              .state = state,
                                              .state_size = strlen(state),
                                              .last_update_id = session->last_update_id + 1,
                                              .draft = draft};
    enum fam_code code = fam_sessions_update(in, &user, session->id, &change, &after, status);
    if (!code) {
        fam_session_done(session);
        *session = after;
    }
    return code;
}

static void update_well(struct fam_sessions *in, struct fam_session *session, const char *state, const char *draft)
{
    struct fam_status status = {0};
    cr_assert_eq(update(in, session, state, draft, &status), FAM_OK, "%s", status.message);
}

Test(session, a_new_one_is_empty_and_the_same_client_gets_it_again)
{
    struct fam_session first, again;
    struct fam_status status = {0};
    bool is_new = false;
    cr_assert_eq(fam_sessions_create(sessions, &user, "telegram", &first, &is_new, &status), FAM_OK);
    cr_assert(is_new);
    cr_assert_eq(strlen(first.id), FAM_SESSION_ID_SIZE - 1);
    cr_assert_str_eq(first.client, "telegram");
    cr_assert_eq(first.version, 1);
    cr_assert_eq(first.state.size + first.draft.size, 0);
    cr_assert_eq(first.last_update_id, 0);
    cr_assert_gt(first.created_at_ms, 1700000000000);
    cr_assert_eq(fam_sessions_create(sessions, &user, "telegram", &again, &is_new, &status), FAM_OK);
    cr_assert_not(is_new);
    cr_assert_str_eq(again.id, first.id);
    cr_assert_eq(again.created_at_ms, first.created_at_ms);
    cr_assert_geq(again.last_activity_ms, first.last_activity_ms);
    fam_session_done(&first);
    fam_session_done(&again);
}

Test(session, an_update_replaces_state_draft_and_update_id_and_counts_the_version)
{
    struct fam_session session = created(sessions, "telegram"), read;
    struct fam_status status = {0};
    update_well(sessions, &session, "step=child", "Ненавижу тебя!");
    cr_assert_eq(session.version, 2);
    cr_assert_eq(fam_sessions_get(sessions, &user, session.id, &read, &status), FAM_OK);
    cr_assert_str_eq(fam_secret_text(&read.state), "step=child");
    cr_assert_str_eq(fam_secret_text(&read.draft), "Ненавижу тебя!");
    cr_assert_eq(read.last_update_id, 1);
    cr_assert_eq(read.version, 2);
    fam_session_done(&read);
    update_well(sessions, &session, "", NULL);
    cr_assert_eq(fam_sessions_get(sessions, &user, session.id, &read, &status), FAM_OK);
    cr_assert_eq(read.state.size + read.draft.size, 0);
    cr_assert_eq(read.version, 3);
    fam_session_done(&read);
    fam_session_done(&session);
}

Test(session, state_is_any_bytes_up_to_its_bound)
{
    static char bytes[FAM_SESSION_STATE_BYTES + 1];
    struct fam_session session = created(sessions, "telegram"), after;
    struct fam_status status = {0};
    struct fam_session_change change = {.version = 1, .state = bytes, .state_size = FAM_SESSION_STATE_BYTES};
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 7);
    cr_assert_eq(fam_sessions_update(sessions, &user, session.id, &change, &after, &status), FAM_OK);
    cr_assert_eq(after.state.size, FAM_SESSION_STATE_BYTES);
    cr_assert_eq(memcmp(after.state.data, bytes, after.state.size), 0);
    fam_session_done(&after);
    change.version = 2;
    change.state_size++;
    cr_assert_eq(fam_sessions_update(sessions, &user, session.id, &change, &after, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.field, "state");
    fam_session_done(&session);
}

Test(session, a_draft_is_bounded_in_characters)
{
    char draft[FAM_SESSION_DRAFT_CHARS * 4 + 8] = "";
    struct fam_session session = created(sessions, "telegram");
    struct fam_status status = {0};
    for (int i = 0; i < FAM_SESSION_DRAFT_CHARS; i++)
        memcpy(draft + i * 4, "😀", 5);
    update_well(sessions, &session, "s", draft);
    memcpy(draft + (size_t)FAM_SESSION_DRAFT_CHARS * 4, "x", 2);
    cr_assert_eq(update(sessions, &session, "s", draft, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.field, "draft");
    update_well(sessions, &session, "s", "short");
    fam_session_done(&session);
}

Test(session, an_old_version_is_aborted_and_changes_nothing)
{
    struct fam_session session = created(sessions, "telegram"), read;
    struct fam_status status = {0};
    uint64_t old = session.version;
    update_well(sessions, &session, "new", "draft");
    session.version = old;
    cr_assert_eq(update(sessions, &session, "late", "late", &status), FAM_ABORTED);
    cr_assert_str_eq(status.reason, "VERSION_MISMATCH");
    cr_assert_eq(update(sessions, &session, "late", NULL, &status), FAM_ABORTED);
    cr_assert_eq(fam_sessions_get(sessions, &user, session.id, &read, &status), FAM_OK);
    cr_assert_str_eq(fam_secret_text(&read.state), "new");
    cr_assert_str_eq(fam_secret_text(&read.draft), "draft");
    cr_assert_eq(read.version, 2);
    fam_session_done(&read);
    fam_session_done(&session);
}

Test(session, an_id_is_good_only_with_its_user)
{
    struct fam_session session = created(sessions, "telegram"), read;
    struct fam_status status = {0};
    struct fam_uuid other = fam_uuid_v7();
    const struct fam_session_change change = {.version = 1};
    cr_assert_eq(fam_sessions_get(sessions, &other, session.id, &read, &status), FAM_NOT_FOUND);
    cr_assert_eq(fam_sessions_update(sessions, &other, session.id, &change, &read, &status), FAM_NOT_FOUND);
    cr_assert_eq(fam_sessions_delete(sessions, &other, session.id, &status), FAM_OK);
    cr_assert_eq(fam_sessions_get(sessions, &user, session.id, &read, &status), FAM_OK);
    fam_session_done(&read);
    fam_session_done(&session);
}

Test(session, what_is_no_id_or_no_client_never_becomes_a_key)
{
    static const char *const ids[] = {
        "", "x", "{}", "*", "0123456789012345678901x", "01234567890123456789:1", "0123456789012345678\n01"};
    static const char *const clients[] = {"", "Telegram", "a b", "a:b", "0123456789012345678901234567890123"};
    struct fam_session read;
    struct fam_status status = {0};
    bool is_new = false;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(ids); i++) {
        cr_assert_eq(fam_sessions_get(sessions, &user, ids[i], &read, &status), FAM_NOT_FOUND, "row %zu", i);
        cr_assert_eq(fam_sessions_delete(sessions, &user, ids[i], &status), FAM_OK, "row %zu", i);
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(clients); i++)
        cr_assert_eq(fam_sessions_create(sessions, &user, clients[i], &read, &is_new, &status), FAM_INVALID_ARGUMENT,
                     "row %zu", i);
    struct fam_session session = created(sessions, "telegram");
    fam_session_done(&session);
}

Test(session, delete_removes_it_with_its_draft_and_a_new_one_starts_empty)
{
    struct fam_session session = created(sessions, "telegram"), read;
    struct fam_status status = {0};
    update_well(sessions, &session, "state", "draft");
    cr_assert_eq(fam_sessions_delete(sessions, &user, session.id, &status), FAM_OK);
    cr_assert_eq(fam_sessions_get(sessions, &user, session.id, &read, &status), FAM_NOT_FOUND);
    cr_assert_eq(server_integer("EXISTS", "session:", session.id, ":draft"), 0);
    cr_assert_eq(fam_sessions_delete(sessions, &user, session.id, &status), FAM_OK);
    struct fam_session next = created(sessions, "telegram");
    cr_assert_str_neq(next.id, session.id);
    cr_assert_eq(next.state.size, 0);
    fam_session_done(&next);
    fam_session_done(&session);
}

/* ---- time ---- */

Test(session, every_key_expires_by_itself_and_the_phrase_before_consent_first)
{
    struct fam_session session = created(sessions, "telegram");
    update_well(sessions, &session, "state", "draft");
    const struct {
        long long left_ms, most_ms;
    } keys[] = {{server_integer("PTTL", "session:", session.id, ""), 86400000},
                {server_integer("PTTL", "sessions", "", ""), 86400000},
                {server_integer("PTTL", "session:", session.id, ":draft"), 3600000}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(keys); i++) {
        cr_assert_gt(keys[i].left_ms, keys[i].most_ms - 100000, "row %zu", i);
        cr_assert_leq(keys[i].left_ms, keys[i].most_ms, "row %zu", i);
    }
    fam_session_done(&session);
}

static bool is_gone(void *id)
{
    return server_integer("EXISTS", "session:", id, "") == 0;
}

Test(session, use_keeps_it_alive_and_rest_ends_it)
{
    struct fam_sessions *brief = sessions_of(400, 0);
    struct fam_session session = created(brief, "telegram"), read;
    struct fam_status status = {0};
    for (int i = 0; i < 30; i++) {
        pause_ms(20);
        cr_assert_eq(fam_sessions_get(brief, &user, session.id, &read, &status), FAM_OK, "after %d ms", i * 20);
        fam_session_done(&read);
    }
    cr_assert(proc_wait_until(is_gone, session.id, 5000));
    cr_assert_eq(fam_sessions_get(brief, &user, session.id, &read, &status), FAM_NOT_FOUND);
    cr_assert_eq(update(brief, &session, "late", NULL, &status), FAM_NOT_FOUND);
    cr_assert(is_gone(session.id));
    fam_session_done(&session);
    fam_sessions_free(brief);
}

static bool draft_is_gone(void *id)
{
    return server_integer("EXISTS", "session:", id, ":draft") == 0;
}

Test(session, a_draft_ends_by_its_own_clock_which_the_same_text_does_not_wind_up)
{
    struct fam_sessions *brief = sessions_of(0, 400);
    struct fam_session session = created(brief, "telegram");
    update_well(brief, &session, "one", "a draft");
    long long first = server_integer("PEXPIRETIME", "session:", session.id, ":draft");
    pause_ms(20);
    update_well(brief, &session, "two", "a draft");
    cr_assert_eq(server_integer("PEXPIRETIME", "session:", session.id, ":draft"), first);
    update_well(brief, &session, "three", "another draft");
    cr_assert_gt(server_integer("PEXPIRETIME", "session:", session.id, ":draft"), first);
    cr_assert(proc_wait_until(draft_is_gone, session.id, 5000));
    update_well(brief, &session, "four", NULL);
    cr_assert_str_eq(fam_secret_text(&session.state), "four");
    cr_assert_eq(session.draft.size, 0);
    fam_session_done(&session);
    fam_sessions_free(brief);
}

/* ---- together ---- */

struct creator {
    char id[FAM_SESSION_ID_SIZE];
    bool is_new;
    enum fam_code code;
};

static void *create_one(void *argument)
{
    struct creator *creator = argument;
    struct fam_session session;
    struct fam_status status = {0};
    creator->code = fam_sessions_create(sessions, &user, "telegram", &session, &creator->is_new, &status);
    memcpy(creator->id, session.id, sizeof(creator->id));
    fam_session_done(&session);
    return NULL;
}

Test(session, creators_at_once_get_one_session)
{
    pthread_t threads[50];
    struct creator creators[50] = {0};
    size_t new_ones = 0;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(threads); i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, create_one, &creators[i]), 0);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(threads); i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(creators); i++) {
        cr_assert_eq(creators[i].code, FAM_OK);
        cr_assert_str_eq(creators[i].id, creators[0].id);
        new_ones += creators[i].is_new;
    }
    cr_assert_eq(new_ones, 1);
}

/* Adds one letter to the state, again until it was in time. */
static void *add_letter(void *argument)
{
    const char *id = argument;
    struct fam_status status = {0};
    for (int tries = 0; tries < 2000; tries++) {
        struct fam_session now, after;
        char state[256];
        if (fam_sessions_get(sessions, &user, id, &now, &status))
            return NULL;
        snprintf(state, sizeof(state), "%sx", fam_secret_text(&now.state));
        const struct fam_session_change change = {
            .version = now.version, .state = state, .state_size = strlen(state), .draft = "a draft"};
        enum fam_code code = fam_sessions_update(sessions, &user, id, &change, &after, &status);
        fam_session_done(&now);
        fam_session_done(&after);
        if (!code)
            return argument;
        if (code != FAM_ABORTED)
            return NULL;
    }
    return NULL;
}

Test(session, fifty_writers_at_once_lose_nothing)
{
    pthread_t threads[50];
    struct fam_session session = created(sessions, "telegram"), read;
    struct fam_status status = {0};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(threads); i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, add_letter, session.id), 0);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(threads); i++) {
        void *done = NULL;
        pthread_join(threads[i], &done);
        cr_assert_not_null(done, "writer %zu", i);
    }
    cr_assert_eq(fam_sessions_get(sessions, &user, session.id, &read, &status), FAM_OK);
    cr_assert_eq(read.state.size, 50);
    cr_assert_eq(read.version, 51);
    fam_session_done(&read);
    fam_session_done(&session);
}

Test(session, one_user_holds_sixteen_clients_and_dead_ones_make_room)
{
    struct fam_sessions *brief = sessions_of(300, 0);
    struct fam_session session = {0};
    struct fam_status status = {0};
    char client[16], last_brief[FAM_SESSION_ID_SIZE] = "";
    bool is_new = false;
    for (int i = 0; i < 16; i++) {
        snprintf(client, sizeof(client), "c%d", i);
        session = created(i < 8 ? brief : sessions, client);
        if (i < 8)
            memcpy(last_brief, session.id, sizeof(last_brief));
        fam_session_done(&session);
    }
    enum fam_code code = FAM_RESOURCE_EXHAUSTED;
    for (int i = 0; i < 500 && code == FAM_RESOURCE_EXHAUSTED; i++) {
        code = fam_sessions_create(sessions, &user, "late", &session, &is_new, &status);
        pause_ms(10);
    }
    cr_assert_eq(code, FAM_OK, "%s", status.message);
    fam_session_done(&session);
    cr_assert(proc_wait_until(is_gone, last_brief, 5000));
    for (int i = 0; i < 7; i++) {
        snprintf(client, sizeof(client), "d%d", i);
        session = created(sessions, client);
        fam_session_done(&session);
    }
    cr_assert_eq(fam_sessions_create(sessions, &user, "too-many", &session, &is_new, &status), FAM_RESOURCE_EXHAUSTED);
    cr_assert_str_eq(status.reason, "TOO_MANY_SESSIONS");
    session = created(sessions, "late");
    fam_session_done(&session);
    fam_sessions_free(brief);
}

/* ---- sealed ---- */

Test(session, nothing_personal_can_be_read_in_redis)
{
    struct fam_session session = created(sessions, "telegram");
    update_well(sessions, &session, "name=Zoryana Quillfeather", "Vombatus said the seeded phrase");
    cr_assert(redis_server_contains(&server, session.id), "the look into the files works");
    cr_assert_not(redis_server_contains(&server, "Zoryana"));
    cr_assert_not(redis_server_contains(&server, "Vombatus"));
    cr_assert_not(redis_server_contains(&server, "seeded phrase"));
    cr_assert_str_eq(fam_secret_text(&session.state), "name=Zoryana Quillfeather");
    fam_session_done(&session);
}

Test(session, one_that_can_not_be_opened_any_more_is_gone_and_a_new_one_starts)
{
    struct fam_session session = created(sessions, "telegram"), read;
    struct fam_status status = {0};
    bool is_new = false;
    update_well(sessions, &session, "state", NULL);
    key_is_gone = FAM_DATA_LOSS;
    cr_assert_eq(fam_sessions_get(sessions, &user, session.id, &read, &status), FAM_NOT_FOUND);
    fam_session_done(&session);
    key_is_gone = 0;
    session = created(sessions, "telegram");
    update_well(sessions, &session, "state", NULL);
    key_is_gone = FAM_DATA_LOSS;
    cr_assert_eq(fam_sessions_create(sessions, &user, "telegram", &read, &is_new, &status), FAM_OK);
    cr_assert(is_new);
    cr_assert_str_neq(read.id, session.id);
    fam_session_done(&read);
    fam_session_done(&session);
}

Test(session, keys_that_are_away_for_a_moment_lose_no_session)
{
    struct fam_session session = created(sessions, "telegram"), read;
    struct fam_status status = {0};
    bool is_new = false;
    update_well(sessions, &session, "state", NULL);
    key_is_gone = FAM_UNAVAILABLE;
    cr_assert_eq(fam_sessions_get(sessions, &user, session.id, &read, &status), FAM_UNAVAILABLE);
    cr_assert_eq(fam_sessions_create(sessions, &user, "telegram", &read, &is_new, &status), FAM_UNAVAILABLE);
    key_is_gone = 0;
    cr_assert_eq(fam_sessions_get(sessions, &user, session.id, &read, &status), FAM_OK);
    cr_assert_str_eq(fam_secret_text(&read.state), "state");
    fam_session_done(&read);
    fam_session_done(&session);
}

Test(session, a_sealed_value_put_into_another_session_is_refused)
{
    struct fam_session one = created(sessions, "one"), two = created(sessions, "two"), read;
    struct fam_redis_script swap = {
        .source = "return redis.call('HSET', KEYS[2], 'state', redis.call('HGET', KEYS[1], 'state'))"};
    struct fam_redis_reply *reply = NULL;
    struct fam_status status = {0};
    char text[FAM_UUID_TEXT_SIZE], from[96], to[96];
    update_well(sessions, &one, "of one", NULL);
    update_well(sessions, &two, "of two", NULL);
    fam_uuid_format(&user, text);
    snprintf(from, sizeof(from), "fam:{%s}:session:%s", text, one.id);
    snprintf(to, sizeof(to), "fam:{%s}:session:%s", text, two.id);
    const struct fam_redis_arg keys[] = {FAM_REDIS_ARG(from), FAM_REDIS_ARG(to)};
    cr_assert_eq(fam_redis_eval(redis, &swap, keys, 2, NULL, 0, &reply, &status), FAM_OK);
    fam_redis_reply_free(reply);
    cr_assert_eq(fam_sessions_get(sessions, &user, two.id, &read, &status), FAM_NOT_FOUND);
    cr_assert_eq(fam_sessions_get(sessions, &user, one.id, &read, &status), FAM_OK);
    fam_session_done(&read);
    fam_session_done(&one);
    fam_session_done(&two);
}

/* ---- away ---- */

Test(session, without_redis_all_are_unavailable_and_the_session_is_there_again_afterwards)
{
    struct fam_session session = created(sessions, "telegram"), read;
    struct fam_status status = {0};
    bool is_new = false;
    const struct fam_session_change change = {.version = 2};
    update_well(sessions, &session, "state", "draft");
    redis_server_kill(&server);
    cr_assert_eq(fam_sessions_get(sessions, &user, session.id, &read, &status), FAM_UNAVAILABLE);
    cr_assert_eq(fam_sessions_create(sessions, &user, "telegram", &read, &is_new, &status), FAM_UNAVAILABLE);
    cr_assert_eq(fam_sessions_update(sessions, &user, session.id, &change, &read, &status), FAM_UNAVAILABLE);
    cr_assert_eq(fam_sessions_delete(sessions, &user, session.id, &status), FAM_UNAVAILABLE);
    cr_assert(redis_server_restart(&server));
    cr_assert(proc_wait_until(is_up, redis, 5000));
    cr_assert_eq(fam_sessions_get(sessions, &user, session.id, &read, &status), FAM_OK, "%s", status.message);
    cr_assert_str_eq(fam_secret_text(&read.draft), "draft");
    fam_session_done(&read);
    fam_session_done(&session);
}

Test(session, a_damaged_one_is_replaced)
{
    struct fam_session session = created(sessions, "telegram"), read;
    struct fam_status status = {0};
    cr_assert_geq(server_integer("HSET", "session:", session.id, " version nonsense"), 0);
    cr_assert_eq(fam_sessions_get(sessions, &user, session.id, &read, &status), FAM_NOT_FOUND);
    struct fam_session next = created(sessions, "telegram");
    cr_assert_eq(next.version, 1);
    fam_session_done(&next);
    fam_session_done(&session);
}

Test(session, a_key_of_another_type_is_an_error_and_harms_no_other)
{
    struct fam_session session = created(sessions, "telegram"), read;
    struct fam_status status = {0};
    cr_assert_eq(server_integer("DEL", "session:", session.id, ""), 1);
    cr_assert_eq(server_integer("LPUSH", "session:", session.id, " x"), 1);
    cr_assert_eq(fam_sessions_get(sessions, &user, session.id, &read, &status), FAM_INTERNAL, "%s", status.message);
    struct fam_session other = created(sessions, "other");
    cr_assert_eq(fam_sessions_get(sessions, &user, other.id, &read, &status), FAM_OK);
    fam_session_done(&read);
    fam_session_done(&other);
    fam_session_done(&session);
}
