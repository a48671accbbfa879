/* DeleteFamily against running programs: what is left of a person afterwards is nothing, and what the receipt says is
 * true. */
#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fam/v1/ops.pb-c.h"
#include "fam/v1/session.pb-c.h"
#include "system.h"
#include "traces.h"

enum { STOP_MS = 60000, PLACES = 8192, DAY_MS = 86400000 };

static struct system s;
static char places[PLACES];

TestSuite(e2e_erase, .timeout = 240);

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* The SQL with the id in the place of :id. */
static void put_id(const char *sql, const struct fam_uuid *id, char ret_sql[2048])
{
    char text[FAM_UUID_TEXT_SIZE];
    const char *at = strstr(sql, ":id");
    cr_assert_not_null(at);
    fam_uuid_format(id, text);
    snprintf(ret_sql, 2048, "%.*s'%s'%s", (int)(at - sql), sql, text, at + strlen(":id"));
}

static void run_sql(const char *sql, const struct fam_uuid *id)
{
    char whole[2048], answer[512] = "";
    put_id(sql, id, whole);
    cr_assert(pg_server_sql(s.pg.conninfo, whole, answer, sizeof(answer)), "%s: %s", whole, answer);
}

static int64_t count_sql(const char *sql, const struct fam_uuid *id)
{
    char whole[2048];
    put_id(sql, id, whole);
    return system_count(&s, whole);
}

static struct fam_uuid tell(const struct person *person, const char *phrase, const char *key)
{
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    struct fam_uuid entry_id = {{0}};
    cr_assert_eq(system_translate(&s, person, phrase, key, &rpc, &status), FAM_OK, "%s", status.message);
    cr_assert(fam_uuid_parse(system_entry(&rpc)->entry_id, &entry_id));
    fam_rpc_done(&rpc);
    return entry_id;
}

static void open_session(const struct person *person)
{
    Fam__V1__CreateSessionRequest request = FAM__V1__CREATE_SESSION_REQUEST__INIT;
    const struct fam_rpc_options options = {.acting_user = &person->user_id};
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    request.client = borrow("telegram");
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(s.client, fam__v1__session_service, create_session, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    fam_rpc_done(&rpc);
}

/* Another parent, or a reader, of the first one's family. */
static void join(struct person *person, const struct person *first, const char *role)
{
    char sql[512], user[FAM_UUID_TEXT_SIZE], family[FAM_UUID_TEXT_SIZE], answer[256];
    fam_uuid_format(&person->user_id, user);
    fam_uuid_format(&first->family_id, family);
    person->family_id = first->family_id;
    person->child_id = first->child_id;
    snprintf(sql, sizeof(sql),
             "INSERT INTO parents (parent_id, family_id, user_id, role) VALUES (gen_random_uuid(), '%s', '%s', '%s')",
             family, user, role);
    cr_assert(pg_server_sql(s.pg.conninfo, sql, answer, sizeof(answer)), "%s", answer);
}

/* A row of the person in every table that may hold one. */
static void fill_tables(const struct person *person)
{
    const struct fam_uuid *id = &person->user_id;
    run_sql("INSERT INTO disclosures (disclosure_id, user_id, recipient, model, prompt_version, body, created_at) "
            "SELECT gen_random_uuid(), :id, 'anthropic', 'm', 'p', 'x', now() - n * INTERVAL '1 day' "
            "FROM generate_series(1, 1201) n",
            id);
    run_sql("INSERT INTO feedback (feedback_id, user_id, body) VALUES (gen_random_uuid(), :id, 'x')", id);
    run_sql("INSERT INTO corrections (correction_id, user_id, child_id, body) "
            "SELECT gen_random_uuid(), user_id, child_id, 'x' FROM emotion_entries WHERE user_id = :id LIMIT 1",
            id);
    run_sql("INSERT INTO ratings (entry_id, user_id, body) SELECT entry_id, user_id, 'x' FROM emotion_entries "
            "WHERE user_id = :id LIMIT 1",
            id);
    run_sql("INSERT INTO invites (invite_id, family_id, created_by, role, code_hash, expires_at) "
            "SELECT gen_random_uuid(), family_id, user_id, 'parent', sha256('x'), now() FROM parents "
            "WHERE user_id = :id",
            id);
    run_sql("INSERT INTO notifications (notification_id, user_id, lane, kind, not_before, expires_at) "
            "VALUES (gen_random_uuid(), :id, 3, 'notice', now() + INTERVAL '1 day', now() + INTERVAL '2 days')",
            id);
    run_sql("INSERT INTO checkin_settings (user_id) VALUES (:id)", id);
    run_sql("WITH c AS (INSERT INTO checkins (checkin_id, user_id, slot, question_set, due_at, expires_at, answered) "
            "SELECT gen_random_uuid(), :id, 'own', 'moment', now() - n * INTERVAL '1 day', now(), 1 "
            "FROM generate_series(1, 601) n RETURNING checkin_id) "
            "INSERT INTO checkin_answers (checkin_id, question_id, position, body) SELECT checkin_id, 'mood', 0, 'x' "
            "FROM c",
            id);
    run_sql("INSERT INTO reports (report_id, user_id, period, from_at, until_at, body) "
            "VALUES (gen_random_uuid(), :id, 'week', now() - INTERVAL '7 days', now(), 'x')",
            id);
    run_sql("INSERT INTO schedules (schedule_id, job, user_id, every_ms, next_at) "
            "VALUES (gen_random_uuid(), 'send_checkin', :id, 86400000, now() + INTERVAL '1 day')",
            id);
    run_sql("INSERT INTO tasks (task_id, type, priority, user_id, not_before, waits_for) "
            "VALUES (gen_random_uuid(), 'process_emotion_batch', 2, :id, now() + INTERVAL '1 day', 'due')",
            id);
    run_sql("INSERT INTO audit_log (audit_id, principal, method, user_id) VALUES (gen_random_uuid(), 'admin:olga', "
            "'fam.v1.FamilyService/GetUser', :id)",
            id);
}

/* The answer belongs to *rpc. */
static enum fam_code erase(const struct person *person, const char *confirm, const char *key, struct fam_rpc *rpc,
                           struct fam_status *status)
{
    static struct fam_rpc_options options;
    Fam__V1__DeleteFamilyRequest request = FAM__V1__DELETE_FAMILY_REQUEST__INIT;
    options = (struct fam_rpc_options){.acting_user = &person->user_id, .idempotency_key = key};
    request.confirm = borrow(confirm);
    fam_rpc_init(rpc, &options);
    return FAM_RPC(s.client, fam__v1__family_service, delete_family, rpc, &request, status);
}

static Fam__V1__Receipt *receipt_of(const struct fam_rpc *rpc)
{
    return ((const Fam__V1__DeleteFamilyResponse *)fam_rpc_response(rpc))->receipt;
}

static void erase_well(const struct person *person)
{
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    cr_assert_eq(erase(person, "DELETE", "erase", &rpc, &status), FAM_OK, "%s", status.message);
    fam_rpc_done(&rpc);
}

static bool is_traceless(void *context)
{
    traces_of(s.pg.conninfo, context, places, sizeof(places));
    return places[0] == '\0';
}

static void expect_gone(const struct fam_uuid *id, const char *what)
{
    struct fam_uuid copy = *id;
    cr_assert(proc_wait_until(is_traceless, &copy, SYSTEM_READY_MS), "%s is left in %s", what, places);
}

/* No key of Redis names the id. */
static void expect_no_key_of(const struct fam_uuid *id)
{
    char command[128], text[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(id, text);
    snprintf(command, sizeof(command), "KEYS *%s*", text);
    redisReply *reply = redis_server_command(&s.redis, command);
    cr_assert_not_null(reply);
    cr_expect_eq(reply->elements, 0, "%s", reply->elements > 0 ? reply->element[0]->str : "");
    freeReplyObject(reply);
}

static char *read_ledger(void)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/erasure.ledger", s.dir);
    return proc_read_file(path);
}

Test(e2e_erase, nothing_of_the_last_parent_and_the_family_is_left)
{
    system_start(&s, NULL);
    struct person parent = system_family(&s, 7001, 7), other = system_family(&s, 7002, 7);
    const struct fam_uuid entry = tell(&parent, "Ненавижу тебя!", "t1"), kept = tell(&other, "Уходи!", "t2");
    open_session(&parent);
    fill_tables(&parent);
    traces_missing(s.pg.conninfo, &parent.user_id, places, sizeof(places));
    cr_expect_str_eq(places, "", "this test knows no row of the person in: %s", places);
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    int64_t before_ms = fam_wall_ms();
    cr_assert_eq(erase(&parent, "DELETE", "erase", &rpc, &status), FAM_OK, "%s", status.message);
    const Fam__V1__Receipt *receipt = receipt_of(&rpc);
    cr_expect(receipt->family_erased);
    cr_expect_geq(receipt->erased_at_ms, before_ms - 1000);
    cr_expect_leq(receipt->erased_at_ms, fam_wall_ms() + 1000);
    cr_expect_eq(receipt->copies_until_ms, receipt->erased_at_ms + (int64_t)7 * DAY_MS);
    cr_assert_eq(receipt->n_recipients, 1);
    cr_expect_str_eq(receipt->recipients[0]->name, "anthropic");
    cr_expect_eq(receipt->recipients[0]->count, 1201);
    cr_expect_lt(receipt->recipients[0]->first_ms, receipt->recipients[0]->last_ms);
    fam_rpc_done(&rpc);
    expect_gone(&parent.user_id, "the person");
    expect_gone(&parent.family_id, "the family");
    expect_gone(&parent.child_id, "the child");
    expect_gone(&entry, "the entry");
    expect_no_key_of(&parent.user_id);
    /* Others are as they were. */
    cr_expect_eq(count_sql("SELECT count(*) FROM keys.entry_keys WHERE entry_id = :id", &kept), 1);
    cr_expect_eq(count_sql("SELECT count(*) FROM keys.family_keys WHERE family_id = :id", &other.family_id), 1);
    cr_expect_eq(system_count(&s, "SELECT count(*) FROM users"), 1);
    cr_expect_eq(system_count(&s, "SELECT count(*) FROM audit_log WHERE principal = 'admin:olga'"), 1);
    /* The same account is somebody new. */
    struct person again = system_person(&s, 7001);
    cr_expect_not(fam_uuid_equal(&again.user_id, &parent.user_id));
    system_stop(&s);
}

Test(e2e_erase, the_ledger_has_a_line_for_each_and_no_id_in_it)
{
    system_start(&s, NULL);
    struct person parent = system_family(&s, 7001, 7);
    char user[FAM_UUID_TEXT_SIZE], family[FAM_UUID_TEXT_SIZE];
    erase_well(&parent);
    char *ledger = read_ledger();
    cr_assert_not_null(ledger);
    size_t lines = 0;
    for (const char *at = ledger; *at != '\0'; at++) {
        lines += *at == '\n';
    }
    cr_expect_eq(lines, 2);
    cr_expect_not_null(strstr(ledger, " user "));
    cr_expect_not_null(strstr(ledger, " family "));
    cr_expect_eq(strncmp(ledger, "fam1 erase 20", 13), 0, "%s", ledger);
    fam_uuid_format(&parent.user_id, user);
    fam_uuid_format(&parent.family_id, family);
    cr_expect_null(strstr(ledger, user));
    cr_expect_null(strstr(ledger, family));
    free(ledger);
    system_stop(&s);
}

Test(e2e_erase, without_a_ledger_nothing_is_erased)
{
    const char *const extra[] = {"FAM_LEDGER_FILE=/proc/nobody/writes/here", NULL};
    system_start(&s, extra);
    struct person parent = system_family(&s, 7001, 7);
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    cr_expect_eq(erase(&parent, "DELETE", "erase", &rpc, &status), FAM_FAILED_PRECONDITION);
    cr_expect_str_eq(status.reason, "LEDGER");
    fam_rpc_done(&rpc);
    cr_expect_eq(count_sql("SELECT count(*) FROM keys.user_keys WHERE user_id = :id", &parent.user_id), 1);
    cr_expect_eq(system_count(&s, "SELECT count(*) FROM users WHERE erased_at IS NULL"), 1);
    cr_expect_eq(system_count(&s, "SELECT count(*) FROM idempotency_keys WHERE key = 'erase'"), 0);
    system_stop(&s);
}

Test(e2e_erase, it_takes_the_word_and_a_repeat_gives_the_same_receipt)
{
    system_start(&s, NULL);
    struct person parent = system_family(&s, 7001, 7);
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    char receipt_id[64];
    cr_expect_eq(erase(&parent, "delete", "wrong", &rpc, &status), FAM_INVALID_ARGUMENT);
    fam_rpc_done(&rpc);
    /* The rows stay for now, and with them the key of the call. */
    cr_assert(pg_server_sql(s.pg.conninfo, "INSERT INTO queue_pauses (type, paused_by) VALUES ('erase_person', 'test')",
                            NULL, 0));
    cr_assert_eq(erase(&parent, "DELETE", "erase", &rpc, &status), FAM_OK, "%s", status.message);
    snprintf(receipt_id, sizeof(receipt_id), "%s", receipt_of(&rpc)->receipt_id);
    fam_rpc_done(&rpc);
    cr_assert_eq(erase(&parent, "DELETE", "erase", &rpc, &status), FAM_OK, "%s", status.message);
    cr_expect_str_eq(receipt_of(&rpc)->receipt_id, receipt_id);
    fam_rpc_done(&rpc);
    cr_expect_eq(erase(&parent, "DELETE", "another", &rpc, &status), FAM_PERMISSION_DENIED, "%s", status.message);
    fam_rpc_done(&rpc);
    system_stop(&s);
}

Test(e2e_erase, one_of_two_parents_leaves_with_what_is_theirs)
{
    system_start(&s, NULL);
    struct person first = system_family(&s, 7001, 7), second = system_person(&s, 7002);
    system_consent(&s, &second, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, true);
    join(&second, &first, "parent");
    const struct fam_uuid theirs = tell(&second, "Уходи!", "t2"), entry = tell(&first, "Ненавижу тебя!", "t1");
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    cr_assert_eq(erase(&first, "DELETE", "erase", &rpc, &status), FAM_OK, "%s", status.message);
    cr_expect_not(receipt_of(&rpc)->family_erased);
    fam_rpc_done(&rpc);
    expect_gone(&first.user_id, "the person");
    expect_gone(&entry, "the entry");
    cr_expect_eq(count_sql("SELECT count(*) FROM emotion_entries JOIN keys.entry_keys USING (entry_id) "
                           "WHERE entry_id = :id AND child_id IS NOT NULL",
                           &theirs),
                 1);
    cr_expect_eq(count_sql("SELECT count(*) FROM keys.family_keys WHERE family_id = :id", &first.family_id), 1);
    cr_expect_eq(count_sql("SELECT count(*) FROM children WHERE family_id = :id", &first.family_id), 1);
    /* The last one takes it along. */
    cr_assert_eq(erase(&second, "DELETE", "erase-2", &rpc, &status), FAM_OK, "%s", status.message);
    cr_expect(receipt_of(&rpc)->family_erased);
    fam_rpc_done(&rpc);
    expect_gone(&second.user_id, "the second parent");
    expect_gone(&first.family_id, "the family");
    system_stop(&s);
}

Test(e2e_erase, a_reader_stays_with_what_is_theirs_when_the_family_goes)
{
    system_start(&s, NULL);
    struct person parent = system_family(&s, 7001, 7), reader = system_person(&s, 7002);
    system_consent(&s, &reader, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, true);
    join(&reader, &parent, "reader");
    const struct fam_uuid theirs = tell(&reader, "Уходи!", "t2");
    erase_well(&parent);
    expect_gone(&parent.family_id, "the family");
    expect_gone(&parent.child_id, "the child");
    expect_gone(&parent.user_id, "the parent");
    cr_expect_eq(count_sql("SELECT count(*) FROM emotion_entries JOIN keys.entry_keys USING (entry_id) "
                           "WHERE entry_id = :id",
                           &theirs),
                 1);
    Fam__V1__GetEntryRequest request = FAM__V1__GET_ENTRY_REQUEST__INIT;
    const struct fam_rpc_options options = {.acting_user = &reader.user_id};
    char text[FAM_UUID_TEXT_SIZE];
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    fam_uuid_format(&theirs, text);
    request.entry_id = text;
    fam_rpc_init(&rpc, &options);
    cr_expect_eq(FAM_RPC(s.client, fam__v1__translation_service, get_entry, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    fam_rpc_done(&rpc);
    system_stop(&s);
}

Test(e2e_erase, a_server_that_is_killed_at_once_ends_it_after_its_restart)
{
    system_start(&s, NULL);
    struct person parent = system_family(&s, 7001, 7);
    const struct fam_uuid entry = tell(&parent, "Ненавижу тебя!", "t1");
    fill_tables(&parent);
    erase_well(&parent);
    (void)proc_stop(&s.server, SIGKILL, STOP_MS);
    cr_expect_eq(count_sql("SELECT count(*) FROM keys.user_keys WHERE user_id = :id", &parent.user_id), 0);
    cr_expect_eq(count_sql("SELECT count(*) FROM keys.entry_keys WHERE entry_id = :id", &entry), 0);
    system_run_server(&s);
    cr_assert(system_wait_ready(&s, SYSTEM_READY_MS));
    expect_gone(&parent.user_id, "the person");
    expect_gone(&parent.family_id, "the family");
    expect_gone(&entry, "the entry");
    system_stop(&s);
}

Test(e2e_erase, an_operator_counts_first_and_needs_a_reason)
{
    system_start(&s, NULL);
    struct person parent = system_family(&s, 7001, 7), second = system_person(&s, 7002);
    join(&second, &parent, "parent");
    (void)tell(&parent, "Ненавижу тебя!", "t1");
    struct fam_client *admin = system_client(&s, s.admin_token);
    char family[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&parent.family_id, family);
    Fam__V1__EraseFamilyRequest request = FAM__V1__ERASE_FAMILY_REQUEST__INIT;
    struct fam_rpc_options options = {.idempotency_key = "dry"};
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    request.family_id = family;
    request.dry_run = true;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(admin, fam__v1__ops_service, erase_family, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    const Fam__V1__EraseFamilyResponse *counted = (const Fam__V1__EraseFamilyResponse *)fam_rpc_response(&rpc);
    cr_expect_eq(counted->people, 2);
    cr_expect_eq(counted->entries, 1);
    cr_expect_null(counted->receipt);
    fam_rpc_done(&rpc);
    cr_expect_eq(system_count(&s, "SELECT count(*) FROM users WHERE erased_at IS NULL"), 2);
    request.dry_run = false;
    options.idempotency_key = "without";
    fam_rpc_init(&rpc, &options);
    cr_expect_eq(FAM_RPC(admin, fam__v1__ops_service, erase_family, &rpc, &request, &status), FAM_PERMISSION_DENIED);
    fam_rpc_done(&rpc);
    options = (struct fam_rpc_options){.idempotency_key = "with", .reason = "they asked by letter"};
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(admin, fam__v1__ops_service, erase_family, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    cr_expect_not_null(((const Fam__V1__EraseFamilyResponse *)fam_rpc_response(&rpc))->receipt);
    fam_rpc_done(&rpc);
    expect_gone(&parent.user_id, "the first parent");
    expect_gone(&second.user_id, "the second parent");
    expect_gone(&parent.family_id, "the family");
    cr_expect_eq(system_count(&s, "SELECT count(*) FROM audit_log WHERE reason = 'they asked by letter' "
                                  "AND method = 'fam.v1.OpsService/EraseFamily'"),
                 1);
    fam_client_free(admin);
    system_stop(&s);
}
