/* What one family looks at costs the same, however many others there are. It counts the rows that PostgreSQL touches,
 * and so tells the same on every machine. As `scripts/bench scale` runs it, with FAM_SCALE_FAMILIES (10000) and
 * FAM_SCALE_ENTRIES of each (104: two a week for a year), it takes the time of each visit, too, and holds it to the
 * bar. */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "support/scale_world.h"

enum { FEW = 100, MANY = 1500, ENTRIES = 20, PAGE = 20, SESSIONS = 8, ROUNDS = 40 };
static const double BAR = 1.3;

enum visit { VISIT_FAMILY, VISIT_LIST, VISIT_HISTORY, VISIT_SEARCH, VISITS };
static const char *const VISIT_NAMES[VISITS] = {"GetFamily", "ListEntries", "whole history", "SearchEntries"};

static void pay(struct fam_store *store, const struct scale_person *person, enum visit visit)
{
    switch (visit) {
    case VISIT_FAMILY:
        scale_get_family(store, person);
        return;
    case VISIT_LIST:
        scale_list(store, person, PAGE);
        return;
    case VISIT_HISTORY:
        scale_walk(store, person, PAGE);
        return;
    case VISIT_SEARCH:
        scale_walk(store, person, FAM_ENTRY_PAGE_MAX);
        return;
    default:
        cr_assert_fail("no such visit");
    }
}

/* Statistics reach everybody when a session ends. */
static double rows_touched(const char *conninfo)
{
    char value[64] = "";
    for (int i = 0; i < 600; i++) {
        cr_assert(pg_server_sql(conninfo,
                                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' "
                                "AND datname = current_database() AND pid <> pg_backend_pid()",
                                value, sizeof(value)));
        if (strcmp(value, "0") == 0) {
            break;
        }
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    cr_assert_str_eq(value, "0", "sessions end");
    cr_assert(pg_server_sql(conninfo,
                            "SELECT sum(coalesce(idx_tup_fetch, 0) + seq_tup_read)::bigint FROM pg_stat_user_tables",
                            value, sizeof(value)));
    return strtod(value, NULL);
}

/* The visits ten times, in a session of their own. */
static double cost(struct scale_world *world)
{
    scale_world_stop(world);
    double before = rows_touched(world->conninfo);
    struct fam_store *store = store_open(world->conninfo, KEY_V1, 1);
    for (int i = 0; i < 10; i++) {
        for (int visit = 0; visit < VISITS; visit++) {
            pay(store, &world->person, (enum visit)visit);
        }
    }
    fam_store_free(store);
    return rows_touched(world->conninfo) - before;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

/* The lower quartiles in microseconds: what it takes when nothing else is in the way. One and the other by turns, and
 * sessions anew now and then: whatever else the machine does, and wherever it puts them, it does to both. */
static void take_times(const struct scale_world worlds[2], enum visit visit, double ret_us[2])
{
    static double us[2][SESSIONS * ROUNDS];
    for (int session = 0; session < SESSIONS; session++) {
        struct fam_store *stores[2];
        for (int w = 0; w < 2; w++) {
            stores[w] = store_open(worlds[w].conninfo, KEY_V1, 1);
            pay(stores[w], &worlds[w].person, visit);
        }
        for (int i = 0; i < ROUNDS; i++) {
            for (int w = 0; w < 2; w++) {
                uint64_t began = fam_mono_us();
                pay(stores[w], &worlds[w].person, visit);
                us[w][session * ROUNDS + i] = (double)(fam_mono_us() - began);
            }
        }
        fam_store_free(stores[0]);
        fam_store_free(stores[1]);
    }
    for (int w = 0; w < 2; w++) {
        qsort(us[w], SESSIONS * ROUNDS, sizeof(us[w][0]), by_size);
        ret_us[w] = us[w][SESSIONS * ROUNDS / 4];
    }
}

static int setting(const char *name, int otherwise)
{
    const char *value = getenv(name);
    return value == NULL ? otherwise : atoi(value);
}

Test(store_scale, what_a_family_looks_at_does_not_cost_more_among_many_others, .timeout = 3000)
{
    static struct pg_server pg;
    static struct scale_world worlds[2];
    const bool timed = getenv("FAM_SCALE_FAMILIES") != NULL;
    const int many_families = setting("FAM_SCALE_FAMILIES", MANY), entries = setting("FAM_SCALE_ENTRIES", ENTRIES);
    double us[VISITS][2] = {{0}};
    signal(SIGPIPE, SIG_IGN);
    cr_assert(pg_server_start(&pg, false), "PostgreSQL does not start");
    uint64_t began = fam_mono_us();
    scale_world_start(&worlds[0], &pg, "few", (struct scale_size){.others = FEW, .entries = entries});
    scale_world_start(&worlds[1], &pg, "many", (struct scale_size){.others = many_families, .entries = entries});
    if (timed) {
        printf("filled in %.0f s; the family sees %zu entries of its own\n", (double)(fam_mono_us() - began) / 1e6,
               worlds[1].person.seen);
        (void)fflush(stdout);
    }
    double few = cost(&worlds[0]), many = cost(&worlds[1]);
    for (int visit = 0; timed && visit < VISITS; visit++) {
        take_times(worlds, (enum visit)visit, us[visit]);
        printf("%-14s %8.0f us among %d families, %8.0f among %d: %.2f\n", VISIT_NAMES[visit], us[visit][0], FEW,
               us[visit][1], many_families, us[visit][1] / us[visit][0]);
        (void)fflush(stdout);
    }
    pg_server_stop(&pg);
    cr_assert_gt(few, 100, "the rows are counted: %.0f", few);
    cr_assert(many <= BAR * few, "%.0f rows among %d families, %.0f among %d", few, FEW, many, many_families);
    for (int visit = 0; timed && visit < VISITS; visit++) {
        cr_assert(us[visit][1] <= BAR * us[visit][0], "%s: %.2f", VISIT_NAMES[visit], us[visit][1] / us[visit][0]);
    }
}
