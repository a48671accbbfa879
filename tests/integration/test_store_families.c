/* Families, parents and children. */
#include <criterion/criterion.h>

#include "support/store_fixture.h"

enum { AT_ONCE = 6 };

static struct store_fixture f;
static struct fam_uuid user_id;

static void start(void)
{
    store_fixture_start(&f);
    user_id = make_user(f.store, 1);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(families, .init = start, .fini = stop, .timeout = 120);

static enum fam_code create(const struct fam_uuid *who, const char *time_zone, struct fam_status *status)
{
    struct fam_family_new family = {.name = "", .country = "", .time_zone = time_zone};
    struct fam_outcome outcome;
    return fam_family_create(f.store, NULL, who, &family, &outcome, status);
}

static struct fam_family get(const struct fam_uuid *who)
{
    struct fam_family family;
    struct fam_status status = {0};
    cr_assert_eq(fam_family_of_user(f.store, who, &family, &status), FAM_OK, "%s", status.message);
    return family;
}

Test(families, a_family_has_its_first_parent_and_its_children)
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    struct fam_user_change name = {.name = "Ольга"};
    struct fam_uuid family_id = make_family(f.store, &user_id);
    struct fam_uuid first = make_child(f.store, &user_id, "Миша"), second = make_child(f.store, &user_id, "");
    cr_assert_eq(fam_user_update(f.store, NULL, &user_id, &name, &outcome, &status), FAM_OK);
    struct fam_family family = get(&user_id);
    cr_assert(fam_uuid_equal(&family.family_id, &family_id));
    cr_assert_str_eq(family.name, "Кошкины");
    cr_assert_str_eq(family.country, "RU");
    cr_assert_str_eq(family.time_zone, "Europe/Moscow");
    cr_assert(family.today.year >= 2024 && family.today.month >= 1 && family.today.day >= 1);
    cr_assert_eq(family.parent_count, 1);
    cr_assert(fam_uuid_equal(&family.parents[0].user_id, &user_id));
    cr_assert_eq(family.parents[0].role, FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT);
    cr_assert_str_eq(family.parents[0].name, "Ольга");
    cr_assert_eq(family.child_count, 2);
    cr_assert(fam_uuid_equal(&family.children[0].child_id, &first));
    cr_assert(fam_uuid_equal(&family.children[1].child_id, &second));
    cr_assert_str_eq(family.children[0].name, "Миша");
    cr_assert_str_eq(family.children[1].name, "");
    cr_assert(family.children[0].birth.year == 2019 && family.children[0].birth.month == 5 &&
              family.children[0].birth.day == 17);
    cr_assert_eq(family.children[0].profile_version, 1);
    fam_family_done(&family);
    struct fam_user user;
    cr_assert_eq(fam_user_get(f.store, &user_id, &user, &status), FAM_OK);
    cr_assert(user.has_family && fam_uuid_equal(&user.family_id, &family_id));
    cr_assert_eq(user.role, FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT);
    fam_user_done(&user);
}

Test(families, today_is_the_familys_own_day)
{
    struct fam_status status = {0};
    char expected[16], actual[32];
    cr_assert_eq(create(&user_id, "Pacific/Kiritimati", &status), FAM_OK, "%s", status.message);
    struct fam_family family = get(&user_id);
    snprintf(actual, sizeof(actual), "%04d-%02d-%02d", family.today.year, family.today.month, family.today.day);
    cr_assert(pg_server_sql(f.pg.conninfo, "SELECT (now() AT TIME ZONE 'Pacific/Kiritimati')::date", expected,
                            sizeof(expected)));
    cr_assert_str_eq(actual, expected);
    fam_family_done(&family);
}

Test(families, nothing_of_names_and_births_stands_in_clear)
{
    (void)make_family(f.store, &user_id);
    (void)make_child(f.store, &user_id, "Миша");
    expect_sql(f.pg.conninfo,
               "SELECT (SELECT count(*) FROM families WHERE position('Кошкины'::bytea IN name) > 0) + "
               "(SELECT count(*) FROM children WHERE position('Миша'::bytea IN name) > 0 OR "
               "position('\\x07e30511'::bytea IN birth) > 0)",
               "0");
}

Test(families, a_second_family_is_refused)
{
    struct fam_status status = {0};
    (void)make_family(f.store, &user_id);
    cr_assert_eq(create(&user_id, "UTC", &status), FAM_FAILED_PRECONDITION);
    cr_assert_str_eq(status.reason, "HAS_FAMILY");
    expect_sql(f.pg.conninfo, "SELECT (SELECT count(*) FROM families) || ' ' || count(*) FROM keys.family_keys", "1 1");
}

static void *race_create(void *context)
{
    struct fam_status status = {0};
    *(enum fam_code *)context = create(&user_id, "UTC", &status);
    return NULL;
}

Test(families, families_made_at_once_are_one)
{
    enum fam_code codes[AT_ONCE];
    int good = 0;
    run_at_once(race_create, codes, sizeof(codes[0]), AT_ONCE);
    for (int i = 0; i < AT_ONCE; i++) {
        good += codes[i] == FAM_OK;
        cr_assert(codes[i] == FAM_OK || codes[i] == FAM_FAILED_PRECONDITION, "%s", fam_code_name(codes[i]));
    }
    cr_assert_eq(good, 1);
    expect_sql(f.pg.conninfo, "SELECT count(*) FROM families", "1");
}

Test(families, what_is_no_time_zone_is_named)
{
    static const char *const wrong[] = {"",    "Mars/Olympus",  "EST5EDT",  "+03",  "Europe/Moscow; DROP",
                                        "MSK", "../etc/passwd", "Foo/Bar3", "/UTC", "<a>3"};
    struct fam_status status = {0};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        cr_expect_eq(create(&user_id, wrong[i], &status), FAM_INVALID_ARGUMENT, "%s", wrong[i]);
        cr_expect_str_eq(status.field, "time_zone", "%s", wrong[i]);
    }
    cr_assert_eq(create(&user_id, "America/Argentina/Buenos_Aires", &status), FAM_OK, "%s", status.message);
}

Test(families, nobody_gets_a_family_and_no_family_no_child)
{
    struct fam_uuid nobody = fam_uuid_v7();
    struct fam_status status = {0};
    struct fam_outcome outcome;
    struct fam_family family;
    cr_assert_eq(create(&nobody, "UTC", &status), FAM_NOT_FOUND);
    cr_assert_eq(fam_family_of_user(f.store, &user_id, &family, &status), FAM_NOT_FOUND);
    cr_assert_eq(fam_child_add(f.store, NULL, &user_id, "Миша", (struct fam_date){2019, 0, 0}, &outcome, &status),
                 FAM_NOT_FOUND);
}

static void *race_child(void *context)
{
    struct fam_status status = {0};
    struct fam_outcome outcome;
    *(enum fam_code *)context =
        fam_child_add(f.store, NULL, &user_id, "x", (struct fam_date){2019, 0, 0}, &outcome, &status);
    return NULL;
}

Test(families, ten_children_fit_however_many_are_added_at_once)
{
    enum fam_code codes[AT_ONCE];
    int good = 0;
    (void)make_family(f.store, &user_id);
    for (int i = 0; i < FAM_CHILDREN_MAX - 2; i++)
        (void)make_child(f.store, &user_id, "x");
    run_at_once(race_child, codes, sizeof(codes[0]), AT_ONCE);
    for (int i = 0; i < AT_ONCE; i++) {
        good += codes[i] == FAM_OK;
        cr_assert(codes[i] == FAM_OK || codes[i] == FAM_FAILED_PRECONDITION, "%s", fam_code_name(codes[i]));
    }
    cr_assert_eq(good, 2);
    struct fam_family family = get(&user_id);
    cr_assert_eq(family.child_count, FAM_CHILDREN_MAX);
    cr_assert_eq(family.children[9].birth.month, 0, "a year alone stays a year alone");
    fam_family_done(&family);
    /* A removed child makes room. */
    expect_sql(
        f.pg.conninfo,
        "UPDATE children SET removed_at = now(), name = NULL, birth = NULL WHERE child_id = (SELECT child_id FROM "
        "children LIMIT 1)",
        NULL);
    (void)make_child(f.store, &user_id, "y");
}

Test(families, a_relative_who_reads_only_adds_no_child)
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    (void)make_family(f.store, &user_id);
    expect_sql(f.pg.conninfo, "UPDATE parents SET role = 'reader'", NULL);
    cr_assert_eq(fam_child_add(f.store, NULL, &user_id, "x", (struct fam_date){2019, 0, 0}, &outcome, &status),
                 FAM_PERMISSION_DENIED);
}

Test(families, a_familys_name_moved_to_another_row_is_data_loss)
{
    struct fam_uuid other_user = make_user(f.store, 2);
    struct fam_family family;
    struct fam_status status = {0};
    (void)make_family(f.store, &user_id);
    struct fam_uuid other = make_family(f.store, &other_user);
    char id[FAM_UUID_TEXT_SIZE], sql[256];
    fam_uuid_format(&other, id);
    snprintf(sql, sizeof(sql), "UPDATE families SET name = (SELECT name FROM families WHERE family_id = '%s')", id);
    expect_sql(f.pg.conninfo, sql, NULL);
    cr_assert_eq(fam_family_of_user(f.store, &user_id, &family, &status), FAM_DATA_LOSS);
    family = get(&other_user);
    fam_family_done(&family);
}
