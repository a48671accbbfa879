/* What is told about a child, and what stays of one that was removed. */
#include <criterion/criterion.h>

#include "store/disclosure_store.h"
#include "store/feedback_store.h"
#include "store/person_store.h"
#include "support/store_fixture.h"

static struct store_fixture f;
static struct fam_uuid anna, family_id, child_id;
static struct fam_status status;
static struct fam_outcome outcome;

static void start(void)
{
    store_fixture_start(&f);
    anna = make_user(f.store, 1);
    family_id = make_family(f.store, &anna);
    child_id = make_child(f.store, &anna, "Миша");
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(children, .init = start, .fini = stop, .timeout = 120);

static struct fam_family get(void)
{
    struct fam_family family;
    cr_assert_eq(fam_family_of_user(f.store, &anna, &family, &status), FAM_OK, "%s", status.message);
    return family;
}

static enum fam_code change(struct fam_child_change wanted)
{
    return fam_child_update(f.store, NULL, &anna, &child_id, &wanted, &outcome, &status);
}

static const Fam__V1__Trait TRAITS[] = {FAM__V1__TRAIT__TRAIT_STUBBORN, FAM__V1__TRAIT__TRAIT_ACTIVE};

Test(children, what_is_told_changes_counts_up_and_the_rest_stays)
{
    const struct fam_date birth = {2017, 0, 0};
    struct fam_family family = get();
    cr_assert_eq(family.children[0].trait_count, 0);
    cr_assert_str_eq(family.children[0].special_needs, "");
    fam_family_done(&family);
    cr_assert_eq(
        change((struct fam_child_change){
            .set_profile = true, .traits = TRAITS, .trait_count = 2, .special_needs = "носит слуховой аппарат"}),
        FAM_OK, "%s", status.message);
    cr_assert_eq(change((struct fam_child_change){.name = "Михаил"}), FAM_OK);
    cr_assert_eq(change((struct fam_child_change){.birth = &birth}), FAM_OK);
    family = get();
    const struct fam_child *child = &family.children[0];
    cr_assert_str_eq(child->name, "Михаил");
    cr_assert(child->birth.year == 2017 && child->birth.month == 0);
    cr_assert_eq(child->profile_version, 4);
    cr_assert_eq(child->trait_count, 2);
    cr_assert_eq(child->traits[0], FAM__V1__TRAIT__TRAIT_ACTIVE, "in the order of the list");
    cr_assert_eq(child->traits[1], FAM__V1__TRAIT__TRAIT_STUBBORN);
    cr_assert_str_eq(child->special_needs, "носит слуховой аппарат");
    fam_family_done(&family);
    /* Nothing of it stands in clear, and what is taken back is gone. */
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM children WHERE position('слуховой'::bytea IN profile) > 0", "0");
    cr_assert_eq(change((struct fam_child_change){.set_profile = true}), FAM_OK);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM children WHERE profile IS NULL", "1");
}

Test(children, whoever_asks_about_a_person_sees_the_same_profile_and_switches)
{
    struct fam_user user;
    struct fam_family family;
    struct fam_family_change set = {.no_ai = FAM__V1__SWITCH__SWITCH_ON, .retention_days = 7};
    struct fam_user_change share = {.share_entries = FAM__V1__SWITCH__SWITCH_ON,
                                    .no_follow_up = FAM__V1__SWITCH__SWITCH_ON};
    cr_assert_eq(fam_person_load(f.store, &anna, &user, &family, &status), FAM_OK);
    cr_assert(!user.share_entries && !user.no_follow_up && !family.no_ai);
    cr_assert_eq(family.retention_days, 0);
    fam_user_done(&user);
    fam_family_done(&family);
    cr_assert_eq(change((struct fam_child_change){
                     .set_profile = true, .traits = TRAITS, .trait_count = 2, .special_needs = "x"}),
                 FAM_OK);
    cr_assert_eq(fam_family_update(f.store, NULL, &anna, &set, &outcome, &status), FAM_OK);
    cr_assert_eq(fam_user_update(f.store, NULL, &anna, &share, &outcome, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_person_load(f.store, &anna, &user, &family, &status), FAM_OK, "%s", status.message);
    cr_assert(user.share_entries && user.no_follow_up && family.no_ai);
    cr_assert_eq(family.retention_days, 7);
    cr_assert_eq(family.children[0].trait_count, 2);
    cr_assert_str_eq(family.children[0].special_needs, "x");
    cr_assert_eq(family.children[0].profile_version, 2);
    fam_user_done(&user);
    fam_family_done(&family);
    struct fam_user_change back = {.share_entries = FAM__V1__SWITCH__SWITCH_OFF};
    cr_assert_eq(fam_user_update(f.store, NULL, &anna, &back, &outcome, &status), FAM_OK);
    cr_assert_eq(fam_user_get(f.store, &anna, &user, &status), FAM_OK);
    cr_assert(!user.share_entries && user.no_follow_up, "what is not told stays");
    fam_user_done(&user);
}

Test(children, traits_are_of_the_list_and_none_is_there_twice)
{
    const Fam__V1__Trait twice[] = {FAM__V1__TRAIT__TRAIT_SHY, FAM__V1__TRAIT__TRAIT_SHY};
    const Fam__V1__Trait unknown[] = {FAM__V1__TRAIT__TRAIT_UNSPECIFIED};
    cr_assert_eq(change((struct fam_child_change){.set_profile = true, .traits = twice, .trait_count = 2}),
                 FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.field, "traits");
    cr_assert_eq(change((struct fam_child_change){.set_profile = true, .traits = unknown, .trait_count = 1}),
                 FAM_INVALID_ARGUMENT);
    expect_sql(f.pg.conninfo, "SELECT profile_version FROM children", "1");
}

Test(children, a_profile_moved_to_another_child_is_data_loss)
{
    struct fam_family family;
    (void)make_child(f.store, &anna, "Аня");
    cr_assert_eq(change((struct fam_child_change){.set_profile = true, .special_needs = "x"}), FAM_OK);
    expect_sql(f.pg.conninfo, "UPDATE children SET profile = (SELECT profile FROM children WHERE profile IS NOT NULL)",
               NULL);
    cr_assert_eq(fam_family_of_user(f.store, &anna, &family, &status), FAM_DATA_LOSS);
}

Test(children, a_child_of_others_or_of_nobody_is_not_found)
{
    struct fam_uuid boris = make_user(f.store, 2), nobody = fam_uuid_v7();
    struct fam_child_change name = {.name = "x"};
    (void)make_family(f.store, &boris);
    cr_assert_eq(fam_child_update(f.store, NULL, &boris, &child_id, &name, &outcome, &status), FAM_NOT_FOUND);
    cr_assert_eq(fam_child_remove(f.store, NULL, &boris, &child_id, &outcome, &status), FAM_NOT_FOUND);
    cr_assert_eq(fam_child_update(f.store, NULL, &anna, &nobody, &name, &outcome, &status), FAM_NOT_FOUND);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM children WHERE removed_at IS NULL AND profile_version = 1", "1");
}

/* ---- removing ---- */

static const char EMPTY_ROWS[] = "SELECT count(*) FROM children WHERE removed_at IS NOT NULL AND name IS NULL "
                                 "AND birth IS NULL AND profile IS NULL";

static void make_old(void)
{
    expect_sql(f.pg.conninfo, "UPDATE children SET removed_at = removed_at - INTERVAL '2 hours'", NULL);
}

static size_t sweep(void)
{
    size_t deleted = 0;
    cr_assert_eq(fam_child_sweep(f.store, 100, &deleted, &status), FAM_OK, "%s", status.message);
    return deleted;
}

Test(children, of_a_removed_child_an_empty_row_stays_and_entries_name_it)
{
    struct fam_uuid entry_id = make_entry(f.store, &anna, &child_id, "Не хочу!");
    struct fam_entry entry;
    cr_assert_eq(change((struct fam_child_change){.set_profile = true, .special_needs = "x"}), FAM_OK);
    cr_assert_eq(fam_child_remove(f.store, NULL, &anna, &child_id, &outcome, &status), FAM_OK, "%s", status.message);
    struct fam_family family = get();
    cr_assert_eq(family.child_count, 0);
    fam_family_done(&family);
    expect_sql(f.pg.conninfo, EMPTY_ROWS, "1");
    cr_assert_eq(fam_entry_get(f.store, &anna, &entry_id, &entry, &status), FAM_OK);
    cr_assert(entry.has_child && fam_uuid_equal(&entry.child_id, &child_id));
    fam_entry_done(&entry);
    /* It is nobody's any more: no change, no entry, no second removal. */
    cr_assert_eq(change((struct fam_child_change){.name = "x"}), FAM_NOT_FOUND);
    cr_assert_eq(fam_child_remove(f.store, NULL, &anna, &child_id, &outcome, &status), FAM_NOT_FOUND);
    cr_assert_eq(add_entry(f.store, NULL, &anna, &child_id, "x", &outcome, &status), FAM_NOT_FOUND);
    make_old();
    cr_assert_eq(sweep(), 0, "an entry names it");
    expect_sql(f.pg.conninfo, "DELETE FROM emotion_entries", NULL);
    expect_sql(f.pg.conninfo,
               "INSERT INTO corrections (correction_id, user_id, child_id, body) SELECT gen_random_uuid(), "
               "user_id, child_id, '' FROM users, children",
               NULL);
    cr_assert_eq(sweep(), 0, "a correction does");
    expect_sql(f.pg.conninfo, "DELETE FROM corrections", NULL);
    cr_assert_eq(sweep(), 1);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM children", "0");
}

Test(children, the_row_of_a_child_that_nothing_names_stays_as_long_as_one_that_has_entries)
{
    cr_assert_eq(fam_child_remove(f.store, NULL, &anna, &child_id, &outcome, &status), FAM_OK);
    expect_sql(f.pg.conninfo, EMPTY_ROWS, "1");
    cr_assert_eq(sweep(), 0, "nobody learns at once that nothing names it");
    make_old();
    cr_assert_eq(sweep(), 1);
}

/* ---- what was sent of a child that is removed ---- */

static void send(const struct fam_uuid *author, const struct fam_uuid *entry_id, const char *body)
{
    const struct fam_disclosure_new sent = {.user_id = author,
                                            .entry_id = entry_id,
                                            .recipient = "anthropic",
                                            .model = "m-1",
                                            .prompt_version = "p-1",
                                            .body = body};
    cr_assert_eq(fam_disclosure_add(f.store, &sent, NULL, &status), FAM_OK, "%s", status.message);
}

/* What was sent by `who` and is still known; some of one millisecond have no order. */
static void expect_sent(const struct fam_uuid *who, const char *const *bodies, size_t wanted)
{
    struct fam_disclosure *list = NULL;
    size_t count = 0;
    bool more = false;
    cr_assert_eq(fam_disclosure_list(f.store, who, NULL, 50, &list, &count, &more, &status), FAM_OK, "%s",
                 status.message);
    cr_assert_eq(count, wanted);
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t k = 0; !found && k < wanted; k++) {
            found = strcmp(list[i].body, bodies[k]) == 0;
        }
        cr_expect(found, "%s is not what was to stay", list[i].body);
        cr_expect_str_eq(list[i].model, "m-1");
        cr_expect_str_eq(list[i].prompt_version, "p-1");
    }
    fam_disclosures_free(list, count);
}

#define PROFILE "\"child\":{\"traits\":[\"shy\"],\"special_needs\":\"слуховой аппарат, \\\"правый\\\"\"},"

Test(children, the_profile_of_a_removed_child_goes_out_of_what_was_sent)
{
    struct fam_uuid second = make_child(f.store, &anna, "Аня"), boris = make_user(f.store, 2), lost = fam_uuid_v7();
    struct fam_uuid of_child = make_entry(f.store, &anna, &child_id, "Не хочу!");
    struct fam_uuid of_second = make_entry(f.store, &anna, &second, "Не хочу!");
    (void)make_family(f.store, &boris);
    send(&anna, &of_child, "{\"place\":\"home\"," PROFILE "\"phrase\":\"Не \\\"хочу\\\"!\"}");
    send(&anna, &of_second, "{" PROFILE "\"phrase\":\"a\"}");
    send(&anna, &lost, "{" PROFILE "\"phrase\":\"b\"}");
    send(&anna, &of_child, "{\"phrase\":\"\\\"child\\\":{}\"}");
    send(&boris, NULL, "{" PROFILE "\"phrase\":\"c\"}");
    expect_sql(f.pg.conninfo,
               "CREATE TABLE sent AS SELECT disclosure_id, entry_id, created_at FROM disclosures ORDER BY 1", NULL);
    cr_assert_eq(fam_child_remove(f.store, NULL, &anna, &child_id, &outcome, &status), FAM_OK, "%s", status.message);
    const char *const annas[] = {"{\"place\":\"home\",\"phrase\":\"Не \\\"хочу\\\"!\"}",
                                 "{" PROFILE "\"phrase\":\"a\"}", "{\"phrase\":\"b\"}",
                                 "{\"phrase\":\"\\\"child\\\":{}\"}"};
    const char *const others[] = {"{" PROFILE "\"phrase\":\"c\"}"};
    expect_sent(&anna, annas, 4);
    expect_sent(&boris, others, 1);
    expect_sql(f.pg.conninfo,
               "SELECT count(*) FROM sent s JOIN disclosures d USING (disclosure_id, created_at) "
               "WHERE d.entry_id IS NOT DISTINCT FROM s.entry_id",
               "5");
}

Test(children, what_was_sent_long_ago_and_often_loses_the_profile_of_a_removed_child_page_by_page)
{
    enum { SENT = 205 };
    static const char *bodies[SENT];
    struct fam_uuid of_child = make_entry(f.store, &anna, &child_id, "Не хочу!");
    for (size_t i = 0; i < SENT; i++) {
        send(&anna, &of_child, "{" PROFILE "\"phrase\":\"a\"}");
        bodies[i] = "{\"phrase\":\"a\"}";
    }
    cr_assert_eq(fam_child_remove(f.store, NULL, &anna, &child_id, &outcome, &status), FAM_OK, "%s", status.message);
    expect_sql(f.pg.conninfo,
               "DELETE FROM disclosures WHERE disclosure_id NOT IN (SELECT disclosure_id FROM disclosures "
               "ORDER BY disclosure_id DESC LIMIT 50)",
               NULL);
    expect_sent(&anna, bodies, 50);
}

/* ---- words to the operators ---- */

Test(children, ten_words_a_day_reach_the_operators_and_no_clear_text_is_stored)
{
    struct fam_uuid boris = make_user(f.store, 2), nobody = fam_uuid_v7();
    for (int i = 0; i < FAM_FEEDBACK_DAY; i++) {
        cr_assert_eq(fam_feedback_add(f.store, NULL, &anna, "Очень помогло", 5, &outcome, &status), FAM_OK, "%s",
                     status.message);
    }
    cr_assert_eq(fam_feedback_add(f.store, NULL, &anna, "Ещё", 0, &outcome, &status), FAM_RESOURCE_EXHAUSTED);
    cr_assert_str_eq(status.reason, "LIMIT_DAY");
    cr_assert_gt(status.retry_after_ms, 0);
    cr_assert_leq(status.retry_after_ms, 86400000);
    cr_assert_eq(fam_feedback_add(f.store, NULL, &boris, "И мне", 0, &outcome, &status), FAM_OK);
    cr_assert_eq(fam_feedback_add(f.store, NULL, &nobody, "x", 0, &outcome, &status), FAM_NOT_FOUND);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM feedback WHERE position('помогло'::bytea IN body) > 0", "0");
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM feedback WHERE rating = 5", "10");
    expect_sql(f.pg.conninfo, "UPDATE feedback SET created_at = created_at - INTERVAL '1 day'", NULL);
    cr_assert_eq(fam_feedback_add(f.store, NULL, &anna, "Снова", 0, &outcome, &status), FAM_OK);
}

Test(children, a_word_to_the_operators_opens_with_its_authors_key_in_its_own_place)
{
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_secret_done) struct fam_secret text = {0};
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    static const struct fam_statement select_body = {"test_feedback", "SELECT body FROM feedback", "select",
                                                     "feedback"};
    struct fam_uuid feedback_id = {{0}};
    struct fam_db *db = NULL;
    size_t size = 0;
    cr_assert_eq(fam_feedback_add(f.store, NULL, &anna, "Спасибо", 0, &outcome, &status), FAM_OK);
    cr_assert(fam_ids_uuid(outcome.ids, outcome.ids_size, 0, &feedback_id));
    cr_assert_eq(fam_store_get(f.store, &db, &status), FAM_OK);
    cr_assert_eq(fam_db_exec(db, &select_body, NULL, &rows, &status), FAM_OK);
    fam_store_put(f.store, db);
    cr_assert_eq(fam_store_user_key(f.store, &anna, &key, &status), FAM_OK);
    const unsigned char *body = fam_rows_bytes(&rows, 0, 0, &size);
    const struct fam_place place = fam_feedback_place(&feedback_id, &anna);
    cr_assert_eq(fam_seal_open(&key, &place, body, size, &text, &status), FAM_OK, "%s", status.message);
    cr_assert_str_eq(fam_secret_text(&text), "Спасибо");
}
