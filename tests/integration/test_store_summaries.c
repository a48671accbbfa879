/* Lists for operators: counts are right however rows join, pages fit together, and no name can come out. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "store/audit_store.h"
#include "store/summary_store.h"
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

TestSuite(summaries, .init = start, .fini = stop, .timeout = 120);

static void add(const struct fam_uuid *user_id, const struct fam_uuid *child_id)
{
    struct fam_outcome outcome;
    struct fam_status status = {0};
    cr_assert_eq(add_entry(f.store, NULL, user_id, child_id, "Я тебя ненавижу", &outcome, &status), FAM_OK, "%s",
                 status.message);
}

Test(summaries, children_parents_and_entries_are_counted_each_on_their_own)
{
    struct fam_status status = {0};
    struct fam_family_summary *families = NULL;
    struct fam_user_summary *users = NULL;
    char sql[512], text[FAM_UUID_TEXT_SIZE], family_text[FAM_UUID_TEXT_SIZE];
    size_t count = 0;
    bool more = true;
    struct fam_uuid olga = make_user(f.store, 1);
    struct fam_uuid oleg = make_user(f.store, 2);
    struct fam_uuid family_id = make_family(f.store, &olga);
    struct fam_uuid child = make_child(f.store, &olga, "Маша");
    (void)make_child(f.store, &olga, "Петя");
    (void)make_child(f.store, &olga, "Вова");
    fam_uuid_format(&oleg, text);
    fam_uuid_format(&family_id, family_text);
    snprintf(sql, sizeof(sql),
             "INSERT INTO parents (parent_id, family_id, user_id, role) VALUES ('%s', '%s', '%s', 'parent')", text,
             family_text, text);
    cr_assert(pg_server_sql(f.pg.conninfo, sql, NULL, 0));
    struct fam_uuid grandma = make_user(f.store, 3);
    char reader[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&grandma, reader);
    snprintf(sql, sizeof(sql),
             "INSERT INTO parents (parent_id, family_id, user_id, role) VALUES ('%s', '%s', '%s', 'reader')", reader,
             family_text, reader);
    cr_assert(pg_server_sql(f.pg.conninfo, sql, NULL, 0));
    for (int i = 0; i < 4; i++) {
        add(&olga, &child);
    }
    add(&oleg, &child);
    cr_assert_eq(fam_family_summaries(f.store, NULL, 10, &families, &count, &more, &status), FAM_OK, "%s",
                 status.message);
    cr_assert_eq(count, 1);
    cr_assert_not(more);
    cr_assert(fam_uuid_equal(&families[0].family_id, &family_id));
    cr_assert_eq(families[0].parents, 2);
    cr_assert_eq(families[0].readers, 1);
    cr_assert_eq(families[0].children, 3);
    cr_assert_eq(families[0].entries, 5);
    cr_assert_str_eq(families[0].country, "RU");
    cr_assert_str_eq(families[0].time_zone, "Europe/Moscow");
    cr_assert_eq(families[0].user_count, 3);
    cr_assert(fam_uuid_equal(&families[0].user_ids[0], &olga), "the oldest membership comes first");
    free(families);
    cr_assert_eq(fam_user_summaries(f.store, NULL, 10, &users, &count, &more, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(count, 3);
    cr_assert(fam_uuid_equal(&users[0].user_id, &grandma), "newest first");
    cr_assert_eq(users[0].entries, 0);
    cr_assert_eq(users[1].entries, 1);
    cr_assert_eq(users[2].entries, 4);
    cr_assert(users[0].has_family && fam_uuid_equal(&users[0].family_id, &family_id));
    cr_assert_eq(users[0].language, FAM__V1__LANGUAGE__LANGUAGE_RU);
    cr_assert_eq(users[0].source, FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_TELEGRAM);
    cr_assert(users[0].created_at_ms > 1600000000000 && users[0].last_seen_at_ms > 1600000000000);
    free(users);
}

Test(summaries, pages_fit_together)
{
    struct fam_status status = {0};
    struct fam_uuid made[5];
    struct fam_user_summary *page = NULL;
    size_t count = 0;
    bool more = false;
    for (int i = 0; i < 5; i++) {
        struct timespec pause = {.tv_nsec = 2000000}; /* ids of one millisecond have no order */
        made[i] = make_user(f.store, 100 + i);
        nanosleep(&pause, NULL);
    }
    cr_assert_eq(fam_user_summaries(f.store, NULL, 3, &page, &count, &more, &status), FAM_OK, "%s", status.message);
    cr_assert(count == 3 && more);
    cr_assert(fam_uuid_equal(&page[0].user_id, &made[4]));
    struct fam_uuid last = page[2].user_id;
    cr_assert_not(page[0].has_family);
    free(page);
    cr_assert_eq(fam_user_summaries(f.store, &last, 3, &page, &count, &more, &status), FAM_OK, "%s", status.message);
    cr_assert(count == 2 && !more);
    cr_assert(fam_uuid_equal(&page[1].user_id, &made[0]));
    free(page);
    cr_assert_eq(fam_user_summaries(f.store, NULL, 0, &page, &count, &more, &status), FAM_INVALID_ARGUMENT);
    cr_assert_eq(fam_user_summaries(f.store, NULL, 101, &page, &count, &more, &status), FAM_INVALID_ARGUMENT);
}

Test(summaries, the_audit_is_read_newest_first_and_by_user)
{
    struct fam_status status = {0};
    struct fam_audit_record *list = NULL;
    struct fam_uuid user_id = fam_uuid_v7();
    struct fam_uuid target_id = fam_uuid_v7();
    size_t count = 0;
    bool more = true;
    struct fam_audit audit = {.principal = "admin:olga",
                              .method = "fam.v1.TranslationService/GetEntry",
                              .user_id = &user_id,
                              .target_id = &target_id,
                              .reason = "ticket 42",
                              .request_id = "req-1"};
    cr_assert_eq(fam_audit_append(f.store, &audit, &status), FAM_OK, "%s", status.message);
    struct timespec pause = {.tv_nsec = 2000000}; /* ids of one millisecond have no order */
    nanosleep(&pause, NULL);
    audit.user_id = NULL;
    audit.target_id = NULL;
    audit.reason = "ticket 43";
    cr_assert_eq(fam_audit_append(f.store, &audit, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_audit_list(f.store, NULL, NULL, 1, &list, &count, &more, &status), FAM_OK, "%s", status.message);
    cr_assert(count == 1 && more);
    cr_assert_str_eq(list[0].reason, "ticket 43");
    cr_assert(fam_uuid_is_nil(&list[0].user_id));
    free(list);
    cr_assert_eq(fam_audit_list(f.store, &user_id, NULL, 10, &list, &count, &more, &status), FAM_OK);
    cr_assert(count == 1 && !more);
    cr_assert_str_eq(list[0].principal, "admin:olga");
    cr_assert_str_eq(list[0].request_id, "req-1");
    cr_assert(fam_uuid_equal(&list[0].target_id, &target_id));
    cr_assert_gt(list[0].at_ms, 1600000000000);
    free(list);
}
