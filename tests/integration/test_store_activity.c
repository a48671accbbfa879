/* Who is active, and who stays. */
#include <criterion/criterion.h>

#include "store/activity_store.h"
#include "support/store_fixture.h"

static struct store_fixture f;

static void start(void)
{
    store_fixture_start(&f);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(activity, .init = start, .fini = stop, .timeout = 120);

static struct fam_activity read_activity(void)
{
    struct fam_activity activity;
    struct fam_status status = {0};
    cr_assert_eq(fam_activity_read(f.store, &activity, &status), FAM_OK, "%s", status.message);
    return activity;
}

/* A change that touches as many rows as it says. */
static void run_sql(const char *sql, const char *rows)
{
    expect_sql(f.pg.conninfo, sql, rows);
}

Test(activity, an_empty_database_has_nobody)
{
    struct fam_activity activity = read_activity();
    cr_assert_eq(activity.active_families, 0);
    for (size_t i = 0; i < FAM_RETENTION_PERIODS; i++) {
        cr_assert_eq(activity.retention[i].came, 0);
        cr_assert_eq(activity.retention[i].stayed, 0);
    }
}

Test(activity, a_family_is_active_while_one_of_its_parents_is_seen)
{
    struct fam_uuid user = make_user(f.store, 1001), family = make_family(f.store, &user);
    struct fam_uuid other = make_user(f.store, 1002), elsewhere = make_family(f.store, &other);
    (void)family, (void)elsewhere;
    cr_assert_eq(read_activity().active_families, 2);
    run_sql("UPDATE users SET last_seen_at = now() - INTERVAL '31 days' WHERE user_id IN "
            "(SELECT user_id FROM users ORDER BY user_id LIMIT 1) RETURNING 1",
            "1");
    cr_assert_eq(read_activity().active_families, 1);
}

Test(activity, who_was_seen_so_many_days_later_has_stayed)
{
    /* came 10 days ago and was seen 8 days later; came 10 days ago and never again; came 40 days ago, seen 35 later */
    (void)make_user(f.store, 2001);
    (void)make_user(f.store, 2002);
    (void)make_user(f.store, 2003);
    run_sql("WITH u AS (SELECT user_id, row_number() OVER (ORDER BY user_id) AS n FROM users) "
            "UPDATE users SET created_at = now() - CASE n WHEN 3 THEN 40 ELSE 10 END * INTERVAL '1 day', "
            "last_seen_at = now() - CASE n WHEN 1 THEN 2 WHEN 2 THEN 10 ELSE 5 END * INTERVAL '1 day' "
            "FROM u WHERE u.user_id = users.user_id RETURNING 1",
            "1");
    struct fam_activity activity = read_activity();
    cr_assert_eq(activity.retention[0].came, 2, "the third came more than 31 days ago");
    cr_assert_eq(activity.retention[0].stayed, 1);
    cr_assert_eq(activity.retention[1].came, 2);
    cr_assert_eq(activity.retention[1].stayed, 1);
    cr_assert_eq(activity.retention[2].came, 1);
    cr_assert_eq(activity.retention[2].stayed, 1);
}
