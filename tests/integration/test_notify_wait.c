/* Lease as a long poll: who waits is woken at once, here and in other servers, holds no thread, and has a bound. */
#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <time.h>

#include "support/notify_node.h"

/* The slow look never comes within a test: whoever is woken was woken by the bell. */
enum { NEVER_MS = 3600000, WAIT_MS = 50000 };

static struct store_fixture f;
static struct fam_uuid anna, boris;

static void start(void)
{
    store_fixture_start(&f);
    anna = make_person(f.store, 1);
    boris = make_person(f.store, 2);
}

static void stop(void)
{
    store_fixture_stop(&f);
}

TestSuite(notify_wait, .init = start, .fini = stop, .timeout = 200);

/* Begins to wait, and does. */
static void park(struct notify_node *node, struct node_lease *lease)
{
    size_t before = fam_leases_waiting(node->leases);
    lease_begin(node, lease, WAIT_MS, 8);
    NODE_WAIT(fam_leases_waiting(node->leases) == before + 1);
}

static void expect_one(struct node_lease *lease, const struct fam_uuid *user_id)
{
    char text[FAM_UUID_TEXT_SIZE];
    const Fam__V1__LeaseResponse *response = lease_end(lease);
    cr_assert_eq(response->n_notifications, 1);
    fam_uuid_format(user_id, text);
    cr_assert_str_eq(response->notifications[0]->user_id, text);
    fam_rpc_done(&lease->rpc);
}

/* Counts what is notified, without being one who waits. */
static PGconn *listener(void)
{
    PGconn *conn = PQconnectdb(f.pg.conninfo);
    cr_assert_eq(PQstatus(conn), CONNECTION_OK);
    PQclear(PQexec(conn, "LISTEN fam_notifications"));
    return conn;
}

static size_t notices(PGconn *conn)
{
    size_t count = 0;
    PQclear(PQexec(conn, "SELECT 1"));
    for (PGnotify *notice = PQnotifies(conn); notice != NULL; notice = PQnotifies(conn)) {
        count++;
        PQfreemem(notice);
    }
    return count;
}

/* The number in the SQL's one cell. */
static long number(const char *sql)
{
    char value[64];
    cr_assert(pg_server_sql(f.pg.conninfo, sql, value, sizeof(value)), "%s: %s", sql, value);
    return strtol(value, NULL, 10);
}

static long lock_holders(void)
{
    return number("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7020002 AND granted");
}

Test(notify_wait, a_lease_that_waits_is_woken_by_a_ring_in_its_own_server)
{
    struct notify_node node;
    struct node_lease lease;
    node_start(&node, f.pg.conninfo, NEVER_MS);
    park(&node, &lease);
    add_checkin(f.store, &anna, "evening", 0, 0);
    fam_bell_ring(node.bell);
    expect_one(&lease, &anna);
    NODE_WAIT(fam_leases_waiting(node.leases) == 0);
    node_stop(&node);
}

Test(notify_wait, a_lease_that_waits_at_another_server_is_woken_by_one_notice)
{
    struct notify_node near, far;
    struct node_lease lease;
    node_start(&near, f.pg.conninfo, NEVER_MS);
    node_start(&far, f.pg.conninfo, NEVER_MS);
    PGconn *conn = listener();
    park(&far, &lease);
    NODE_WAIT(lock_holders() == 1);
    add_checkin(f.store, &anna, "evening", 0, 0);
    fam_bell_ring(near.bell);
    expect_one(&lease, &anna);
    size_t seen = 0; /* the lease may be woken before this connection hears of it */
    NODE_WAIT((seen += notices(conn)) > 0);
    cr_assert_eq(seen + notices(conn), 1);
    PQfinish(conn);
    node_stop(&far);
    node_stop(&near);
}

/* Rings until the thread behind the bell has surely asked whether others wait. */
static void ring_and_see(struct notify_node *node)
{
    static const char *const asked[] = {"select", "notifications"};
    for (int i = 0; i < 5; i++) {
        double before = fam_metrics_value(node->metrics, FAM_M_DB_SECONDS, asked);
        fam_bell_ring(node->bell);
        NODE_WAIT(fam_metrics_value(node->metrics, FAM_M_DB_SECONDS, asked) > before);
    }
}

Test(notify_wait, nobody_is_notified_while_nobody_else_waits)
{
    struct notify_node near, far;
    struct node_lease mine, theirs;
    node_start(&near, f.pg.conninfo, NEVER_MS);
    node_start(&far, f.pg.conninfo, NEVER_MS);
    PGconn *conn = listener();
    ring_and_see(&near);
    cr_assert_eq(notices(conn), 0);
    park(&near, &mine);
    NODE_WAIT(lock_holders() == 1);
    ring_and_see(&near);
    cr_assert_eq(notices(conn), 0, "one's own waiting is no reason");
    NODE_WAIT(fam_leases_waiting(near.leases) == 1);
    ring_and_see(&far);
    cr_assert_geq(notices(conn), 1);
    fam_leases_drain(near.leases);
    cr_assert_eq(lease_end(&mine)->n_notifications, 0);
    fam_rpc_done(&mine.rpc);
    NODE_WAIT(lock_holders() == 0);
    (void)notices(conn);
    ring_and_see(&far);
    cr_assert_eq(notices(conn), 0);
    park(&far, &theirs);
    NODE_WAIT(lock_holders() == 1);
    add_checkin(f.store, &anna, "evening", 0, 0);
    fam_bell_ring(near.bell);
    expect_one(&theirs, &anna);
    cr_assert_eq(notices(conn), 1);
    PQfinish(conn);
    node_stop(&far);
    node_stop(&near);
}

Test(notify_wait, after_a_lost_connection_others_are_heard_again)
{
    struct notify_node near, far;
    struct node_lease lease;
    node_start(&near, f.pg.conninfo, NEVER_MS);
    node_start(&far, f.pg.conninfo, NEVER_MS);
    park(&far, &lease);
    NODE_WAIT(lock_holders() == 1);
    cr_assert_eq(number("SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' "
                        "AND objid = 7020002"),
                 1);
    NODE_WAIT(lock_holders() == 1);
    add_checkin(f.store, &anna, "evening", 0, 0);
    fam_bell_ring(near.bell);
    expect_one(&lease, &anna);
    node_stop(&far);
    node_stop(&near);
}

Test(notify_wait, what_was_written_while_the_connection_was_lost_is_found_by_a_look)
{
    struct notify_node node;
    struct node_lease lease;
    node_start(&node, f.pg.conninfo, NEVER_MS);
    park(&node, &lease);
    NODE_WAIT(lock_holders() == 1);
    add_checkin(f.store, &anna, "evening", 0, 0); /* nobody rings */
    cr_assert_eq(number("SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' "
                        "AND objid = 7020002"),
                 1);
    expect_one(&lease, &anna);
    node_stop(&node);
}

Test(notify_wait, the_slow_look_finds_what_nobody_rang_for)
{
    struct notify_node node;
    struct node_lease lease;
    node_start(&node, f.pg.conninfo, 100);
    park(&node, &lease);
    add_checkin(f.store, &anna, "evening", 0, 0);
    expect_one(&lease, &anna);
    node_stop(&node);
}

Test(notify_wait, what_is_due_in_the_future_wakes_a_lease_at_its_time)
{
    struct notify_node node;
    struct node_lease lease;
    node_start(&node, f.pg.conninfo, NEVER_MS);
    park(&node, &lease);
    uint64_t began_ms = fam_mono_ms();
    add_checkin(f.store, &anna, "evening", 700, 0);
    fam_bell_ring(node.bell);
    expect_one(&lease, &anna);
    cr_assert_geq(fam_mono_ms() - began_ms, 600);
    node_stop(&node);
}

Test(notify_wait, what_was_there_before_a_lease_waits_for_its_time_too)
{
    struct notify_node node;
    struct node_lease lease;
    node_start(&node, f.pg.conninfo, NEVER_MS);
    add_checkin(f.store, &anna, "evening", 1500, 0);
    lease_begin(&node, &lease, WAIT_MS, 8);
    expect_one(&lease, &anna);
    node_stop(&node);
}

Test(notify_wait, many_who_wait_share_what_comes_at_once)
{
    enum { COUNT = 12 };
    struct notify_node node;
    struct node_lease leases[COUNT];
    node_start(&node, f.pg.conninfo, NEVER_MS);
    for (size_t i = 0; i < COUNT; i++)
        park(&node, &leases[i]);
    for (int64_t i = 0; i < 8 * COUNT; i++) {
        struct fam_uuid user_id = make_person(f.store, 1000 + i);
        add_checkin(f.store, &user_id, "x", 0, 0);
    }
    fam_bell_ring(node.bell);
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert_eq(lease_end(&leases[i])->n_notifications, 8);
        fam_rpc_done(&leases[i].rpc);
    }
    node_stop(&node);
}

Test(notify_wait, who_takes_only_answers_does_not_hide_the_rest_from_others)
{
    struct notify_node node;
    struct node_lease answers, all;
    node_start(&node, f.pg.conninfo, NEVER_MS);
    lease_begin(&node, &answers, WAIT_MS, 0);
    NODE_WAIT(fam_leases_waiting(node.leases) == 1);
    park(&node, &all);
    add_checkin(f.store, &anna, "evening", 0, 0);
    fam_bell_ring(node.bell);
    expect_one(&all, &anna);
    NODE_WAIT(fam_leases_waiting(node.leases) == 1);
    fam_leases_drain(node.leases);
    cr_assert_eq(lease_end(&answers)->n_notifications, 0);
    fam_rpc_done(&answers.rpc);
    node_stop(&node);
}

Test(notify_wait, the_next_of_a_person_follows_at_once_after_the_first_was_acknowledged)
{
    struct notify_node node;
    struct node_lease first, second;
    node_start(&node, f.pg.conninfo, NEVER_MS);
    add_checkin(f.store, &anna, "one", 0, 0);
    add_checkin(f.store, &anna, "two", 0, 0);
    const Fam__V1__LeaseResponse *response = lease_now(&node, &first);
    cr_assert_eq(response->n_notifications, 1);
    cr_assert_str_eq(response->notifications[0]->checkin->name, "one");
    park(&node, &second);
    node_ack(&node, response->notifications[0]);
    fam_rpc_done(&first.rpc);
    response = lease_end(&second);
    cr_assert_eq(response->n_notifications, 1);
    cr_assert_str_eq(response->notifications[0]->checkin->name, "two");
    fam_rpc_done(&second.rpc);
    node_stop(&node);
}

Test(notify_wait, waiting_ends_with_its_time_with_a_cancel_and_with_a_drain)
{
    struct notify_node node;
    struct node_lease over, cancelled, drained;
    struct fam_status status = {0};
    node_start(&node, f.pg.conninfo, NEVER_MS);
    lease_begin(&node, &over, 100, 8);
    cr_assert_eq(lease_end(&over)->n_notifications, 0);
    fam_rpc_done(&over.rpc);
    park(&node, &cancelled);
    fam_rpc_cancel(&cancelled.rpc);
    NODE_WAIT(fam_leases_waiting(node.leases) == 0);
    cr_assert_eq(fam_rpc_wait(&cancelled.rpc, &status), FAM_CANCELLED);
    fam_rpc_done(&cancelled.rpc);
    park(&node, &drained);
    fam_server_start_drain(node.server);
    fam_leases_drain(node.leases);
    cr_assert(fam_server_drain(node.server, 30000), "a lease that waits does not hold a stop up");
    cr_assert_eq(lease_end(&drained)->n_notifications, 0);
    fam_rpc_done(&drained.rpc);
    node_stop(&node);
}

Test(notify_wait, a_caller_that_went_away_leaves_nothing_leased)
{
    struct notify_node node;
    struct node_lease lease;
    node_start(&node, f.pg.conninfo, NEVER_MS);
    park(&node, &lease);
    fam_rpc_cancel(&lease.rpc);
    add_checkin(f.store, &anna, "evening", 0, 0);
    fam_bell_ring(node.bell);
    struct fam_status status = {0};
    (void)!fam_rpc_wait(&lease.rpc, &status);
    fam_rpc_done(&lease.rpc);
    NODE_WAIT(fam_leases_waiting(node.leases) == 0);
    NODE_WAIT(number("SELECT count(*) FROM notifications WHERE leased") == 0);
    expect_leased(&node, 1);
    node_stop(&node);
}

Test(notify_wait, leases_have_a_bound_of_their_own_and_leave_other_calls_their_place)
{
    enum { BOUND = 64 };
    struct notify_node node;
    struct node_lease *leases = calloc(BOUND + 1, sizeof(*leases));
    struct fam_status status = {0};
    cr_assert(leases);
    node_start(&node, f.pg.conninfo, NEVER_MS);
    for (size_t i = 0; i < BOUND; i++)
        lease_begin(&node, &leases[i], WAIT_MS, 8);
    NODE_WAIT(fam_leases_waiting(node.leases) == BOUND);
    cr_assert_eq(fam_metrics_value(node.metrics, FAM_M_LEASES_WAITING, NULL), BOUND);
    lease_begin(&node, &leases[BOUND], WAIT_MS, 8);
    cr_assert_eq(fam_rpc_wait(&leases[BOUND].rpc, &status), FAM_RESOURCE_EXHAUSTED);
    cr_assert_str_eq(status.reason, "LONG_POLLS");
    fam_rpc_done(&leases[BOUND].rpc);
    cr_assert_eq(fam_server_calls_in_flight(node.server), 0);
    Fam__V1__ListNotificationsRequest list = FAM__V1__LIST_NOTIFICATIONS_REQUEST__INIT;
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(node.admin, fam__v1__notification_service, list_notifications, &rpc, &list, &status), FAM_OK,
                 "%s", status.message);
    fam_rpc_done(&rpc);
    fam_leases_drain(node.leases);
    for (size_t i = 0; i < BOUND; i++) {
        cr_assert_eq(lease_end(&leases[i])->n_notifications, 0);
        fam_rpc_done(&leases[i].rpc);
    }
    free(leases);
    node_stop(&node);
}

Test(notify_wait, while_the_database_is_away_a_lease_says_so_and_later_works_again)
{
    struct notify_node node;
    struct node_lease lease;
    struct fam_status status = {0};
    node_start(&node, f.pg.conninfo, NEVER_MS);
    expect_leased(&node, 0);
    pg_server_kill(&f.pg);
    lease_begin(&node, &lease, 1000, 8);
    enum fam_code code = fam_rpc_wait(&lease.rpc, &status);
    cr_assert(code == FAM_UNAVAILABLE || code == FAM_DEADLINE_EXCEEDED, "%d", (int)code);
    fam_rpc_done(&lease.rpc);
    cr_assert(pg_server_restart(&f.pg));
    add_checkin(f.store, &anna, "evening", 0, 0);
    for (bool leased = false; !leased;) {
        lease_begin(&node, &lease, 1000, 8);
        code = fam_rpc_wait(&lease.rpc, &status);
        leased = code == FAM_OK && ((const Fam__V1__LeaseResponse *)fam_rpc_response(&lease.rpc))->n_notifications == 1;
        fam_rpc_done(&lease.rpc);
    }
    node_stop(&node);
}
