/* Ways into a family. */
#include <criterion/criterion.h>

#include "store/invite_store.h"
#include "support/notices.h"
#include "support/store_fixture.h"

enum { AT_ONCE = 6 };

static const Fam__V1__ParentRole PARENT = FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT,
                                 READER = FAM__V1__PARENT_ROLE__PARENT_ROLE_READER;

static struct store_fixture f;
static struct fam_uuid anna, boris, family_id;
static struct fam_status status;
static struct fam_outcome outcome;

static void start(void)
{
    store_fixture_start(&f);
    anna = make_user(f.store, 1);
    boris = make_user(f.store, 2);
    family_id = make_family(f.store, &anna);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(invites, .init = start, .fini = stop, .timeout = 120);

static struct fam_uuid invite(const struct fam_uuid *who, Fam__V1__ParentRole role, char ret_code[FAM_INVITE_CODE_SIZE])
{
    struct fam_uuid invite_id = {{0}};
    cr_assert_eq(fam_invite_code(f.store, NULL, ret_code, &status), FAM_OK);
    cr_assert_eq(fam_invite_create(f.store, NULL, who, role, ret_code, &outcome, &status), FAM_OK, "%s",
                 status.message);
    cr_assert(fam_ids_uuid(outcome.ids, outcome.ids_size, 0, &invite_id));
    return invite_id;
}

static enum fam_code join(const struct fam_uuid *who, const char *code)
{
    return fam_invite_join(f.store, NULL, who, code, &outcome, &status);
}

static size_t open_count(void)
{
    struct fam_invite invites[FAM_INVITES_MAX];
    size_t count = 0;
    cr_assert_eq(fam_invite_list(f.store, &anna, invites, &count, &status), FAM_OK, "%s", status.message);
    return count;
}

Test(invites, a_code_makes_one_person_a_member_in_the_role_that_it_gives)
{
    char code[FAM_INVITE_CODE_SIZE];
    struct fam_user user;
    struct fam_user_change name = {.name = "Анна"};
    struct fam_invite_preview preview;
    cr_assert_eq(fam_user_update(f.store, NULL, &anna, &name, &outcome, &status), FAM_OK);
    (void)invite(&anna, READER, code);
    cr_assert_eq(strlen(code), 22);
    cr_assert_eq(strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"), 22);
    cr_assert_eq(fam_invite_look(f.store, code, &preview, &status), FAM_OK, "%s", status.message);
    cr_assert_str_eq(preview.family_name, "Кошкины");
    cr_assert_str_eq(preview.inviter_name, "Анна");
    cr_assert_eq(preview.role, READER);
    fam_invite_preview_done(&preview);
    cr_assert_eq(join(&boris, code), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_user_get(f.store, &boris, &user, &status), FAM_OK);
    cr_assert(user.has_family && fam_uuid_equal(&user.family_id, &family_id));
    cr_assert_eq(user.role, READER);
    fam_user_done(&user);
    cr_assert_eq(open_count(), 0);
}

Test(invites, the_code_stands_nowhere_and_a_repeat_gives_the_same)
{
    char first[FAM_INVITE_CODE_SIZE], second[FAM_INVITE_CODE_SIZE], other[FAM_INVITE_CODE_SIZE], sql[256];
    struct fam_mutation mutation = mutation_of("invite-1", "role"), next = mutation_of("invite-2", "role");
    struct fam_uuid made = {{0}}, again = {{0}};
    cr_assert_eq(fam_invite_code(f.store, &mutation, first, &status), FAM_OK);
    cr_assert_eq(fam_invite_create(f.store, &mutation, &anna, PARENT, first, &outcome, &status), FAM_OK);
    cr_assert(fam_ids_uuid(outcome.ids, outcome.ids_size, 0, &made));
    cr_assert_eq(fam_invite_code(f.store, &mutation, second, &status), FAM_OK);
    cr_assert_eq(fam_invite_create(f.store, &mutation, &anna, PARENT, second, &outcome, &status), FAM_OK);
    cr_assert(outcome.replayed && fam_ids_uuid(outcome.ids, outcome.ids_size, 0, &again));
    cr_assert(fam_uuid_equal(&made, &again));
    cr_assert_str_eq(first, second);
    cr_assert_eq(fam_invite_code(f.store, &next, other, &status), FAM_OK);
    cr_assert_str_neq(first, other);
    cr_assert_eq(open_count(), 1);
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM invites WHERE invites::text LIKE '%%%s%%'", first);
    expect_sql(f.pg.conninfo, sql, "0");
    /* Nor can a code be tried against a dump of the rows alone. */
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM invites WHERE code_hash IN (sha256('%s'), sha256('invite:%s'))",
             first, first);
    expect_sql(f.pg.conninfo, sql, "0");
}

Test(invites, whatever_is_wrong_with_a_code_looks_the_same)
{
    char used[FAM_INVITE_CODE_SIZE], revoked[FAM_INVITE_CODE_SIZE], expired[FAM_INVITE_CODE_SIZE];
    char gone[FAM_INVITE_CODE_SIZE], message[sizeof(status.message)] = "";
    struct fam_uuid carla = make_user(f.store, 3), dora = make_user(f.store, 4), invite_id;
    bool ended = false;
    (void)invite(&anna, PARENT, used);
    cr_assert_eq(join(&boris, used), FAM_OK);
    invite_id = invite(&anna, PARENT, revoked);
    cr_assert_eq(fam_invite_revoke(f.store, NULL, &anna, &invite_id, &ended, &outcome, &status), FAM_OK);
    cr_assert(ended);
    (void)invite(&anna, PARENT, expired);
    expect_sql(f.pg.conninfo, "UPDATE invites SET expires_at = now() WHERE used_at IS NULL AND revoked_at IS NULL",
               NULL);
    (void)make_family(f.store, &dora);
    (void)invite(&dora, PARENT, gone);
    expect_sql(f.pg.conninfo,
               "UPDATE families SET erased_at = now() WHERE family_id IN (SELECT family_id FROM invites "
               "WHERE used_at IS NULL AND revoked_at IS NULL AND expires_at > now())",
               NULL);
    const char *const wrong[] = {"AAAAAAAAAAAAAAAAAAAAAA",
                                 used,
                                 revoked,
                                 expired,
                                 gone,
                                 "",
                                 "x",
                                 "1234567890123456789012345678901234567890123456789012345678901234",
                                 "' OR 1=1 --"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(wrong); i++) {
        struct fam_invite_preview preview;
        cr_expect_eq(join(&carla, wrong[i]), FAM_NOT_FOUND, "%zu: %s", i, status.message);
        if (i == 0)
            snprintf(message, sizeof(message), "%s", status.message);
        cr_expect_str_eq(status.message, message);
        cr_expect_eq(fam_invite_look(f.store, wrong[i], &preview, &status), FAM_NOT_FOUND, "%zu", i);
        cr_expect_str_eq(status.message, message);
        cr_expect_str_eq(status.reason, "");
    }
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM parents", "3");
}

struct attempt {
    struct fam_uuid who;
    const char *code;
    enum fam_code result;
};

static void *run_attempt(void *context)
{
    struct attempt *attempt = context;
    struct fam_status own = {0};
    struct fam_outcome ignored;
    attempt->result = fam_invite_join(f.store, NULL, &attempt->who, attempt->code, &ignored, &own);
    return NULL;
}

Test(invites, of_those_who_use_one_code_at_once_one_comes_in)
{
    char code[FAM_INVITE_CODE_SIZE];
    struct attempt attempts[AT_ONCE];
    int in = 0;
    (void)invite(&anna, PARENT, code);
    for (int i = 0; i < AT_ONCE; i++)
        attempts[i] = (struct attempt){.who = make_user(f.store, 10 + i), .code = code};
    run_at_once(run_attempt, attempts, sizeof(attempts[0]), AT_ONCE);
    for (int i = 0; i < AT_ONCE; i++) {
        in += attempts[i].result == FAM_OK;
        cr_expect(attempts[i].result == FAM_OK || attempts[i].result == FAM_NOT_FOUND, "%s",
                  fam_code_name(attempts[i].result));
    }
    cr_assert_eq(in, 1);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM parents", "2");
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM invites WHERE used_at IS NOT NULL", "1");
}

Test(invites, one_person_with_two_codes_at_once_is_in_one_family)
{
    char first[FAM_INVITE_CODE_SIZE], second[FAM_INVITE_CODE_SIZE];
    struct fam_uuid dora = make_user(f.store, 4);
    (void)make_family(f.store, &dora);
    (void)invite(&anna, PARENT, first);
    (void)invite(&dora, PARENT, second);
    struct attempt attempts[] = {{.who = boris, .code = first}, {.who = boris, .code = second}};
    run_at_once(run_attempt, attempts, sizeof(attempts[0]), 2);
    cr_assert_eq((attempts[0].result == FAM_OK) + (attempts[1].result == FAM_OK), 1);
    cr_assert_eq((attempts[0].result == FAM_FAILED_PRECONDITION) + (attempts[1].result == FAM_FAILED_PRECONDITION), 1);
    /* The other code is not used up. */
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM invites WHERE used_at IS NULL", "1");
}

Test(invites, who_is_in_a_family_uses_none_up)
{
    char code[FAM_INVITE_CODE_SIZE];
    (void)make_family(f.store, &boris);
    (void)make_child(f.store, &boris, "Миша");
    (void)invite(&anna, PARENT, code);
    cr_assert_eq(join(&boris, code), FAM_FAILED_PRECONDITION);
    cr_assert_str_eq(status.reason, "HAS_FAMILY");
    cr_assert_eq(join(&boris, "AAAAAAAAAAAAAAAAAAAAAA"), FAM_FAILED_PRECONDITION, "and learns nothing of a code");
    cr_assert_eq(join(&anna, code), FAM_FAILED_PRECONDITION, "nor of the own one");
    cr_assert_eq(open_count(), 1);
}

/* Such a family is there as soon as somebody looks at a list of children: nobody chose it. */
Test(invites, who_is_alone_in_a_family_without_children_leaves_it_by_coming_in)
{
    char code[FAM_INVITE_CODE_SIZE], own[FAM_INVITE_CODE_SIZE];
    struct fam_uuid old_family = make_family(f.store, &boris), gone = make_child(f.store, &boris, "Миша");
    struct fam_uuid entry_id = make_entry(f.store, &boris, &gone, "Не хочу!");
    struct fam_user user;
    struct fam_entry entry;
    cr_assert_eq(fam_child_remove(f.store, NULL, &boris, &gone, &outcome, &status), FAM_OK);
    (void)invite(&boris, PARENT, own);
    (void)invite(&anna, PARENT, code);
    cr_assert_eq(join(&boris, "AAAAAAAAAAAAAAAAAAAAAA"), FAM_NOT_FOUND);
    cr_assert_eq(fam_user_get(f.store, &boris, &user, &status), FAM_OK);
    cr_assert(user.has_family && fam_uuid_equal(&user.family_id, &old_family), "a wrong code changes nothing");
    fam_user_done(&user);
    cr_assert_eq(join(&boris, own), FAM_FAILED_PRECONDITION, "the way into the own family leads nowhere");
    cr_assert_str_eq(status.reason, "HAS_FAMILY");
    cr_assert_eq(join(&boris, code), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_user_get(f.store, &boris, &user, &status), FAM_OK);
    cr_assert(user.has_family && fam_uuid_equal(&user.family_id, &family_id));
    fam_user_done(&user);
    /* The old family is on its way out as any other that ends, without whoever was in it. */
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM families WHERE erased_at IS NULL", "1");
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM keys.family_keys", "1");
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM tasks WHERE type = 'erase_person'", "1");
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM users WHERE erased_at IS NULL", "2");
    cr_assert_eq(fam_entry_get(f.store, &boris, &entry_id, &entry, &status), FAM_OK, "%s", status.message);
    cr_assert_str_eq(entry.phrase, "Не хочу!");
    fam_entry_done(&entry);
}

/* The times were chosen by the person, not by the family that ends. */
Test(invites, who_comes_from_an_empty_family_keeps_the_times_and_they_go_by_the_new_clock)
{
    char code[FAM_INVITE_CODE_SIZE], sql[512], id[FAM_UUID_TEXT_SIZE];
    (void)make_family(f.store, &boris);
    fam_uuid_format(&boris, id);
    snprintf(
        sql, sizeof(sql),
        "INSERT INTO schedules (schedule_id, job, name, family_id, user_id, local_time, next_at) SELECT "
        "gen_random_uuid(), 'send_checkin', 'evening', family_id, user_id, '20:00', now() + INTERVAL '1 hour' FROM "
        "parents WHERE user_id = '%s' RETURNING 1",
        id);
    expect_sql(f.pg.conninfo, sql, "1");
    expect_sql(f.pg.conninfo, "UPDATE families SET time_zone = 'Asia/Tokyo'", NULL);
    (void)invite(&anna, PARENT, code);
    cr_assert_eq(join(&boris, code), FAM_OK, "%s", status.message);
    fam_uuid_format(&family_id, id);
    snprintf(sql, sizeof(sql),
             "SELECT string_agg(name || ' ' || (family_id = '%s') || ' ' || (time_zone IS NULL) || ' ' || "
             "to_char(next_at AT TIME ZONE 'Asia/Tokyo', 'HH24:MI'), ', ') FROM schedules WHERE job = 'send_checkin'",
             id);
    expect_sql(f.pg.conninfo, sql, "evening true true 20:00");
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM schedules WHERE job = 'generate_weekly_report'", "1");
}

Test(invites, who_is_not_alone_in_a_family_without_children_stays_in_it)
{
    char code[FAM_INVITE_CODE_SIZE], way[FAM_INVITE_CODE_SIZE];
    struct fam_uuid carla = make_user(f.store, 3);
    (void)make_family(f.store, &boris);
    (void)invite(&boris, READER, way);
    cr_assert_eq(join(&carla, way), FAM_OK);
    (void)invite(&anna, PARENT, code);
    cr_assert_eq(join(&boris, code), FAM_FAILED_PRECONDITION);
    cr_assert_eq(join(&carla, code), FAM_FAILED_PRECONDITION);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM families WHERE erased_at IS NULL", "2");
}

/* ---- who is told ---- */

Test(invites, who_invited_is_told_that_somebody_came_and_by_what_name)
{
    char code[FAM_INVITE_CODE_SIZE];
    struct fam_user_change name = {.name = "Борис"};
    struct fam_uuid carla = make_user(f.store, 3);
    cr_assert_eq(fam_user_update(f.store, NULL, &boris, &name, &outcome, &status), FAM_OK);
    (void)invite(&anna, PARENT, code);
    cr_assert_eq(join(&boris, code), FAM_OK);
    Fam__V1__Notice *notice = take_notice(f.store, &anna);
    cr_assert_eq(notice->kind, FAM__V1__NOTICE_KIND__NOTICE_KIND_JOINED);
    cr_assert_str_eq(notice->name, "Борис");
    fam__v1__notice__free_unpacked(notice, NULL);
    (void)invite(&boris, READER, code);
    cr_assert_eq(join(&carla, code), FAM_OK);
    notice = take_notice(f.store, &boris);
    cr_assert_eq(notice->kind, FAM__V1__NOTICE_KIND__NOTICE_KIND_JOINED);
    cr_assert_str_eq(notice->name, "", "Carla told no name");
    fam__v1__notice__free_unpacked(notice, NULL);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM notifications", "0");
}

struct creation {
    Fam__V1__ParentRole role;
    enum fam_code code;
};

static void *run_create(void *context)
{
    struct creation *creation = context;
    struct fam_status own = {0};
    struct fam_outcome ignored;
    char code[FAM_INVITE_CODE_SIZE];
    creation->code = fam_invite_code(f.store, NULL, code, &own);
    if (creation->code == FAM_OK)
        creation->code = fam_invite_create(f.store, NULL, &anna, creation->role, code, &ignored, &own);
    return NULL;
}

Test(invites, twenty_are_open_at_a_time_however_many_are_made_at_once)
{
    char code[FAM_INVITE_CODE_SIZE];
    struct creation creations[AT_ONCE];
    struct fam_uuid last = {{0}};
    int made = 0;
    bool ended = false;
    for (int i = 0; i < FAM_INVITES_MAX - 2; i++)
        last = invite(&anna, PARENT, code);
    for (int i = 0; i < AT_ONCE; i++)
        creations[i].role = READER;
    run_at_once(run_create, creations, sizeof(creations[0]), AT_ONCE);
    for (int i = 0; i < AT_ONCE; i++) {
        made += creations[i].code == FAM_OK;
        cr_expect(creations[i].code == FAM_OK || creations[i].code == FAM_FAILED_PRECONDITION);
    }
    cr_assert_eq(made, 2);
    cr_assert_eq(open_count(), FAM_INVITES_MAX);
    cr_assert_eq(fam_invite_revoke(f.store, NULL, &anna, &last, &ended, &outcome, &status), FAM_OK);
    (void)invite(&anna, PARENT, code);
    expect_sql(f.pg.conninfo, "UPDATE invites SET expires_at = now()", NULL);
    cr_assert_eq(open_count(), 0);
    (void)invite(&anna, PARENT, code);
}

Test(invites, the_list_has_the_newest_first_and_says_who_invites_and_until_when)
{
    char code[FAM_INVITE_CODE_SIZE];
    struct fam_invite invites[FAM_INVITES_MAX], one;
    size_t count = 0;
    struct fam_uuid first = invite(&anna, PARENT, code), second = invite(&anna, READER, code);
    cr_assert_eq(fam_invite_list(f.store, &anna, invites, &count, &status), FAM_OK);
    cr_assert_eq(count, 2);
    cr_assert(fam_uuid_equal(&invites[0].invite_id, &second) && fam_uuid_equal(&invites[1].invite_id, &first));
    cr_assert_eq(invites[0].role, READER);
    cr_assert(fam_uuid_equal(&invites[0].created_by, &anna));
    cr_assert_eq(invites[0].expires_at_ms - invites[0].created_at_ms, INT64_C(72) * 3600 * 1000);
    cr_assert_eq(fam_invite_get(f.store, &anna, &first, &one, &status), FAM_OK);
    cr_assert(fam_uuid_equal(&one.invite_id, &first));
    cr_assert_eq(fam_invite_get(f.store, &boris, &first, &one, &status), FAM_NOT_FOUND);
}

Test(invites, one_that_has_ended_is_revoked_without_an_error_and_one_of_others_is_not_found)
{
    char code[FAM_INVITE_CODE_SIZE];
    struct fam_uuid dora = make_user(f.store, 4), invite_id = invite(&anna, PARENT, code);
    bool ended = false;
    (void)make_family(f.store, &dora);
    cr_assert_eq(fam_invite_revoke(f.store, NULL, &dora, &invite_id, &ended, &outcome, &status), FAM_NOT_FOUND);
    cr_assert_eq(open_count(), 1);
    cr_assert_eq(join(&boris, code), FAM_OK);
    cr_assert_eq(fam_invite_revoke(f.store, NULL, &boris, &invite_id, &ended, &outcome, &status), FAM_OK);
    cr_assert(!ended);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM invites WHERE revoked_at IS NOT NULL", "0");
}

Test(invites, ended_ones_go_after_thirty_days)
{
    char code[FAM_INVITE_CODE_SIZE];
    size_t deleted = 0;
    (void)invite(&anna, PARENT, code);
    (void)invite(&anna, PARENT, code);
    expect_sql(f.pg.conninfo, "UPDATE invites SET expires_at = now() - INTERVAL '29 days'", NULL);
    cr_assert_eq(fam_invite_sweep(f.store, 100, &deleted, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(deleted, 0);
    expect_sql(f.pg.conninfo, "UPDATE invites SET expires_at = now() - INTERVAL '31 days'", NULL);
    cr_assert_eq(fam_invite_sweep(f.store, 1, &deleted, &status), FAM_OK);
    cr_assert_eq(deleted, 1);
    cr_assert_eq(fam_invite_sweep(f.store, 100, &deleted, &status), FAM_OK);
    cr_assert_eq(deleted, 1);
}
