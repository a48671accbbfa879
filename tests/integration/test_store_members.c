/* What a family is set to, who may change it, and who goes. */
#include <criterion/criterion.h>

#include "store/invite_store.h"
#include "store/person_store.h"
#include "support/notices.h"
#include "support/store_fixture.h"

static struct store_fixture f;
static struct fam_uuid anna, boris, grandma, family_id;
static struct fam_status status;
static struct fam_outcome outcome;

/* `who` comes into the family of `host`. */
static void bring(const struct fam_uuid *host, const struct fam_uuid *who, Fam__V1__ParentRole role)
{
    char code[FAM_INVITE_CODE_SIZE];
    cr_assert_eq(fam_invite_code(f.store, NULL, code, &status), FAM_OK);
    cr_assert_eq(fam_invite_create(f.store, NULL, host, role, code, &outcome, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_invite_join(f.store, NULL, who, code, &outcome, &status), FAM_OK, "%s", status.message);
}

static void start(void)
{
    store_fixture_start(&f);
    anna = make_user(f.store, 1);
    boris = make_user(f.store, 2);
    grandma = make_user(f.store, 3);
    family_id = make_family(f.store, &anna);
    bring(&anna, &boris, FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT);
    bring(&anna, &grandma, FAM__V1__PARENT_ROLE__PARENT_ROLE_READER);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(members, .init = start, .fini = stop, .timeout = 120);

static struct fam_family get(const struct fam_uuid *who)
{
    struct fam_family family;
    cr_assert_eq(fam_family_of_user(f.store, who, &family, &status), FAM_OK, "%s", status.message);
    return family;
}

/* The membership of `who`, as `asks` sees it. */
static struct fam_uuid membership(const struct fam_uuid *asks, const struct fam_uuid *who)
{
    struct fam_family family = get(asks);
    struct fam_uuid found = {{0}};
    for (size_t i = 0; i < family.parent_count; i++) {
        if (fam_uuid_equal(&family.parents[i].user_id, who))
            found = family.parents[i].parent_id;
    }
    fam_family_done(&family);
    return found;
}

static enum fam_code set(const struct fam_uuid *who, struct fam_family_change change)
{
    return fam_family_update(f.store, NULL, who, &change, &outcome, &status);
}

Test(members, what_is_told_changes_and_the_rest_stays)
{
    struct fam_family family = get(&anna);
    cr_assert(!family.no_ai);
    cr_assert_eq(family.retention_days, 0, "nobody said otherwise: the setting counts");
    fam_family_done(&family);
    cr_assert_eq(set(&boris, (struct fam_family_change){.name = "Мышкины", .retention_days = 30}), FAM_OK);
    cr_assert_eq(set(&anna, (struct fam_family_change){.country = "DE", .time_zone = "Europe/Berlin"}), FAM_OK);
    cr_assert_eq(set(&anna, (struct fam_family_change){.no_ai = FAM__V1__SWITCH__SWITCH_ON}), FAM_OK);
    cr_assert_eq(set(&anna, (struct fam_family_change){.name = ""}), FAM_OK);
    family = get(&grandma);
    cr_assert_str_eq(family.name, "Мышкины");
    cr_assert_str_eq(family.country, "DE");
    cr_assert_str_eq(family.time_zone, "Europe/Berlin");
    cr_assert_eq(family.retention_days, 30);
    cr_assert(family.no_ai);
    fam_family_done(&family);
    cr_assert_eq(set(&anna, (struct fam_family_change){.no_ai = FAM__V1__SWITCH__SWITCH_OFF}), FAM_OK);
    family = get(&anna);
    cr_assert(!family.no_ai);
    fam_family_done(&family);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM families WHERE position('Мышкины'::bytea IN name) > 0", "0");
}

/* How the help lines of somebody are chosen: by everything that looks a person up. */
static void expect_help(const struct fam_uuid *who, const char *country)
{
    struct fam_user user;
    struct fam_family family;
    cr_assert_eq(fam_user_get(f.store, who, &user, &status), FAM_OK);
    cr_expect_str_eq(user.help_country, country);
    fam_user_done(&user);
    cr_assert_eq(fam_person_load(f.store, who, &user, &family, &status), FAM_OK);
    cr_expect_str_eq(user.help_country, country);
    fam_user_done(&user);
    fam_family_done(&family);
}

Test(members, help_follows_the_familys_country_until_a_person_tells_an_own_one)
{
    struct fam_user_change own = {.country = "GB"};
    struct fam_uuid stranger = make_user(f.store, 9);
    expect_help(&boris, "RU");
    cr_assert_eq(set(&anna, (struct fam_family_change){.country = "US"}), FAM_OK);
    expect_help(&boris, "US");
    cr_assert_eq(fam_user_update(f.store, NULL, &boris, &own, &outcome, &status), FAM_OK);
    expect_help(&boris, "GB");
    expect_help(&stranger, "");
}

Test(members, what_is_no_time_zone_changes_nothing_else_either)
{
    cr_assert_eq(set(&anna, (struct fam_family_change){.country = "DE", .time_zone = "Mars/Olympus"}),
                 FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.field, "time_zone");
    struct fam_family family = get(&anna);
    cr_assert_str_eq(family.country, "RU");
    fam_family_done(&family);
}

Test(members, there_may_be_any_number_of_them)
{
    for (int i = 0; i < 15; i++) {
        struct fam_uuid more = make_user(f.store, 100 + i);
        bring(&boris, &more, FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT);
    }
    struct fam_family family = get(&anna);
    cr_assert_eq(family.parent_count, 18);
    fam_family_done(&family);
}

/* ---- a relative who reads only ---- */

static enum fam_code try_update(const struct fam_uuid *who)
{
    return set(who, (struct fam_family_change){.name = "x"});
}

static enum fam_code try_add_child(const struct fam_uuid *who)
{
    return fam_child_add(f.store, NULL, who, "x", (struct fam_date){2019, 0, 0}, &outcome, &status);
}

static struct fam_uuid some_child, some_invite, some_parent;

static enum fam_code try_update_child(const struct fam_uuid *who)
{
    struct fam_child_change change = {.name = "y"};
    return fam_child_update(f.store, NULL, who, &some_child, &change, &outcome, &status);
}

static enum fam_code try_remove_child(const struct fam_uuid *who)
{
    return fam_child_remove(f.store, NULL, who, &some_child, &outcome, &status);
}

static enum fam_code try_invite(const struct fam_uuid *who)
{
    return fam_invite_create(f.store, NULL, who, FAM__V1__PARENT_ROLE__PARENT_ROLE_READER, "AAAAAAAAAAAAAAAAAAAAAA",
                             &outcome, &status);
}

static enum fam_code try_list_invites(const struct fam_uuid *who)
{
    struct fam_invite invites[FAM_INVITES_MAX];
    size_t count = 0;
    return fam_invite_list(f.store, who, invites, &count, &status);
}

static enum fam_code try_revoke(const struct fam_uuid *who)
{
    bool ended = false;
    return fam_invite_revoke(f.store, NULL, who, &some_invite, &ended, &outcome, &status);
}

static enum fam_code try_remove_parent(const struct fam_uuid *who)
{
    return fam_parent_remove(f.store, NULL, who, &some_parent, &outcome, &status);
}

static enum fam_code try_read(const struct fam_uuid *who)
{
    struct fam_family family;
    enum fam_code code = fam_family_of_user(f.store, who, &family, &status);
    if (code == FAM_OK)
        fam_family_done(&family);
    return code;
}

static enum fam_code try_leave(const struct fam_uuid *who)
{
    return fam_family_leave(f.store, NULL, who, &outcome, &status);
}

/* In an order in which each can be done by a parent after those before it. */
static const struct {
    const char *name;
    enum fam_code (*act)(const struct fam_uuid *who);
    enum fam_code reader, stranger;
} rights[] = {
    {"read", try_read, FAM_OK, FAM_NOT_FOUND},
    {"update family", try_update, FAM_PERMISSION_DENIED, FAM_NOT_FOUND},
    {"add child", try_add_child, FAM_PERMISSION_DENIED, FAM_NOT_FOUND},
    {"update child", try_update_child, FAM_PERMISSION_DENIED, FAM_NOT_FOUND},
    {"remove child", try_remove_child, FAM_PERMISSION_DENIED, FAM_NOT_FOUND},
    {"create invite", try_invite, FAM_PERMISSION_DENIED, FAM_NOT_FOUND},
    {"list invites", try_list_invites, FAM_PERMISSION_DENIED, FAM_NOT_FOUND},
    {"revoke invite", try_revoke, FAM_PERMISSION_DENIED, FAM_NOT_FOUND},
    {"remove parent", try_remove_parent, FAM_PERMISSION_DENIED, FAM_NOT_FOUND},
    {"leave", try_leave, FAM_OK, FAM_NOT_FOUND},
};

Test(members, each_may_what_the_role_says)
{
    struct fam_uuid stranger = make_user(f.store, 9), fourth = make_user(f.store, 4);
    bring(&anna, &fourth, FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT);
    some_child = make_child(f.store, &anna, "Миша");
    some_parent = membership(&anna, &fourth);
    cr_assert_eq(fam_invite_create(f.store, NULL, &anna, FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT,
                                   "BBBBBBBBBBBBBBBBBBBBBB", &outcome, &status),
                 FAM_OK);
    cr_assert(fam_ids_uuid(outcome.ids, outcome.ids_size, 0, &some_invite));
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rights); i++) {
        cr_expect_eq(rights[i].act(&stranger), rights[i].stranger, "stranger: %s", rights[i].name);
        cr_expect_eq(rights[i].act(&grandma), rights[i].reader, "reader: %s", rights[i].name);
        if (rights[i].reader == FAM_PERMISSION_DENIED)
            cr_expect_str_eq(status.reason, "READS_ONLY", "%s", rights[i].name);
        cr_expect_eq(rights[i].act(&boris), FAM_OK, "parent: %s: %s", rights[i].name, status.message);
    }
    struct fam_family family = get(&anna);
    cr_assert_eq(family.parent_count, 1, "the reader and one parent have left, one was removed");
    fam_family_done(&family);
}

Test(members, a_reader_writes_entries_of_their_own)
{
    struct fam_uuid child = make_child(f.store, &anna, "Миша");
    struct fam_uuid entry_id = make_entry(f.store, &grandma, &child, "Не хочу суп");
    struct fam_entry entry;
    cr_assert_eq(fam_entry_get(f.store, &grandma, &entry_id, &entry, &status), FAM_OK, "%s", status.message);
    fam_entry_done(&entry);
    cr_assert_eq(fam_entry_get(f.store, &anna, &entry_id, &entry, &status), FAM_NOT_FOUND);
}

/* ---- who goes ---- */

/* As ShareEntry leaves it: the key is there for the family too. */
static void share_all(const struct fam_uuid *author)
{
    char id[FAM_UUID_TEXT_SIZE], family[FAM_UUID_TEXT_SIZE], sql[256];
    fam_uuid_format(author, id);
    fam_uuid_format(&family_id, family);
    snprintf(sql, sizeof(sql),
             "UPDATE keys.entry_keys SET family_id = '%s', wrapped_family = wrapped_user WHERE user_id = '%s'", family,
             id);
    expect_sql(f.pg.conninfo, sql, NULL);
}

Test(members, who_leaves_takes_along_what_they_wrote_and_nothing_else)
{
    struct fam_uuid child = make_child(f.store, &anna, "Миша");
    struct fam_uuid hers = make_entry(f.store, &boris, &child, "Ненавижу тебя!");
    struct fam_uuid another = make_entry(f.store, &anna, &child, "Не пойду!");
    struct fam_entry entry;
    share_all(&boris);
    share_all(&anna);
    char code[FAM_INVITE_CODE_SIZE];
    cr_assert_eq(fam_invite_code(f.store, NULL, code, &status), FAM_OK);
    cr_assert_eq(
        fam_invite_create(f.store, NULL, &boris, FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT, code, &outcome, &status),
        FAM_OK);
    cr_assert_eq(try_leave(&boris), FAM_OK, "%s", status.message);
    cr_assert_eq(try_read(&boris), FAM_NOT_FOUND);
    /* The author's own, with the child it was about. */
    cr_assert_eq(fam_entry_get(f.store, &boris, &hers, &entry, &status), FAM_OK, "%s", status.message);
    cr_assert_str_eq(entry.phrase, "Ненавижу тебя!");
    cr_assert(entry.has_child && fam_uuid_equal(&entry.child_id, &child));
    fam_entry_done(&entry);
    /* Shared no longer; what others share stays shared. */
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM keys.entry_keys WHERE family_id IS NOT NULL", "1");
    char id[FAM_UUID_TEXT_SIZE], sql[256];
    fam_uuid_format(&another, id);
    snprintf(sql, sizeof(sql), "SELECT wrapped_family IS NOT NULL FROM keys.entry_keys WHERE entry_id = '%s'", id);
    expect_sql(f.pg.conninfo, sql, "t");
    /* Nobody comes in by the way that the leaver opened. */
    struct fam_uuid friend = make_user(f.store, 50);
    cr_assert_eq(fam_invite_join(f.store, NULL, &friend, code, &outcome, &status), FAM_NOT_FOUND);
    /* And no new entry is about a child of others. */
    cr_assert_eq(add_entry(f.store, NULL, &boris, &child, "x", &outcome, &status), FAM_NOT_FOUND);
    cr_assert_eq(try_leave(&boris), FAM_NOT_FOUND, "twice");
}

Test(members, who_is_removed_keeps_their_entries_and_does_not_come_back_by_an_own_invitation)
{
    struct fam_uuid child = make_child(f.store, &anna, "Миша");
    struct fam_uuid private_entry = make_entry(f.store, &boris, &child, "папа меня бьёт");
    char code[FAM_INVITE_CODE_SIZE];
    struct fam_entry entry;
    share_all(&boris);
    cr_assert_eq(fam_invite_code(f.store, NULL, code, &status), FAM_OK);
    cr_assert_eq(
        fam_invite_create(f.store, NULL, &boris, FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT, code, &outcome, &status),
        FAM_OK);
    some_parent = membership(&anna, &boris);
    cr_assert_eq(try_remove_parent(&anna), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_entry_get(f.store, &boris, &private_entry, &entry, &status), FAM_OK);
    fam_entry_done(&entry);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM keys.entry_keys WHERE family_id IS NOT NULL", "0");
    cr_assert_eq(fam_invite_join(f.store, NULL, &boris, code, &outcome, &status), FAM_NOT_FOUND);
    cr_assert_eq(try_remove_parent(&anna), FAM_NOT_FOUND, "there is no such member any more");
    /* Who was removed may be a parent of another family. */
    (void)make_family(f.store, &boris);
}

Test(members, who_is_removed_is_told_once_and_may_be_invited_again)
{
    expect_sql(f.pg.conninfo, "DELETE FROM notifications", NULL);
    some_parent = membership(&anna, &boris);
    cr_assert_eq(try_remove_parent(&anna), FAM_OK, "%s", status.message);
    Fam__V1__Notice *notice = take_notice(f.store, &boris);
    cr_assert_eq(notice->kind, FAM__V1__NOTICE_KIND__NOTICE_KIND_REMOVED);
    cr_assert_str_eq(notice->name, "", "not by whom");
    cr_assert_gt(notice->at_ms, 0);
    fam__v1__notice__free_unpacked(notice, NULL);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM notifications", "0");
    /* What the bot makes for whoever goes on is no obstacle. */
    (void)make_family(f.store, &boris);
    bring(&anna, &boris, FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT);
    struct fam_uuid back = membership(&anna, &boris);
    cr_assert(!fam_uuid_is_nil(&back));
}

Test(members, who_leaves_needs_no_notice)
{
    expect_sql(f.pg.conninfo, "DELETE FROM notifications", NULL);
    cr_assert_eq(try_leave(&boris), FAM_OK);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM notifications", "0");
}

Test(members, nobody_removes_themselves_or_a_member_of_others)
{
    struct fam_uuid stranger = make_user(f.store, 9);
    (void)make_family(f.store, &stranger);
    some_parent = membership(&anna, &anna);
    cr_assert_eq(try_remove_parent(&anna), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.field, "parent_id");
    some_parent = membership(&stranger, &stranger);
    cr_assert_eq(try_remove_parent(&anna), FAM_NOT_FOUND);
    cr_assert_eq(try_read(&stranger), FAM_OK);
}

Test(members, the_last_parent_stays_while_a_reader_may_go)
{
    cr_assert_eq(try_leave(&boris), FAM_OK);
    cr_assert_eq(try_leave(&anna), FAM_FAILED_PRECONDITION, "a reader is no parent");
    cr_assert_str_eq(status.reason, "LAST_PARENT");
    cr_assert_eq(try_leave(&grandma), FAM_OK);
    cr_assert_eq(try_leave(&anna), FAM_FAILED_PRECONDITION);
    cr_assert_eq(try_read(&anna), FAM_OK);
}

struct act {
    const struct fam_uuid *who;
    struct fam_uuid parent_id; /* to remove; nil: leaves */
    enum fam_code code;
};

static void *run_act(void *context)
{
    struct act *act = context;
    struct fam_status own = {0};
    struct fam_outcome ignored;
    act->code = fam_uuid_is_nil(&act->parent_id)
                    ? fam_family_leave(f.store, NULL, act->who, &ignored, &own)
                    : fam_parent_remove(f.store, NULL, act->who, &act->parent_id, &ignored, &own);
    return NULL;
}

Test(members, of_two_parents_who_leave_at_once_one_stays)
{
    struct act acts[] = {{.who = &anna}, {.who = &boris}};
    run_at_once(run_act, acts, sizeof(acts[0]), 2);
    cr_assert_eq((acts[0].code == FAM_OK) + (acts[1].code == FAM_OK), 1);
    cr_assert_eq((acts[0].code == FAM_FAILED_PRECONDITION) + (acts[1].code == FAM_FAILED_PRECONDITION), 1);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM parents WHERE role = 'parent'", "1");
}

Test(members, of_two_who_remove_each_other_at_once_the_first_stays)
{
    struct act acts[] = {{.who = &anna, .parent_id = membership(&anna, &boris)},
                         {.who = &boris, .parent_id = membership(&anna, &anna)}};
    run_at_once(run_act, acts, sizeof(acts[0]), 2);
    cr_assert_eq((acts[0].code == FAM_OK) + (acts[1].code == FAM_OK), 1);
    cr_assert_eq((acts[0].code == FAM_NOT_FOUND) + (acts[1].code == FAM_NOT_FOUND), 1, "is no member any more");
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM parents WHERE role = 'parent'", "1");
}

Test(members, a_repeated_call_ends_nothing_twice)
{
    struct fam_mutation mutation = mutation_of("leave-1", "leave");
    cr_assert_eq(fam_family_leave(f.store, &mutation, &boris, &outcome, &status), FAM_OK);
    bring(&anna, &boris, FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT);
    cr_assert_eq(fam_family_leave(f.store, &mutation, &boris, &outcome, &status), FAM_OK);
    cr_assert(outcome.replayed);
    cr_assert_eq(try_read(&boris), FAM_OK, "is in it again since");
}
