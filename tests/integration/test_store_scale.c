/* What one family looks at costs the same, however many others there are. It counts the rows that PostgreSQL touches,
 * and so tells the same on every machine. As `scripts/bench scale` runs it, with FAM_SCALE_FAMILIES (10000) and
 * FAM_SCALE_ENTRIES of each (104: two a week for a year), it takes the time of each visit, too, and holds it to the
 * bar. */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "support/scale_world.h"

enum { FEW = 100, MANY = 1500, ENTRIES = 20, OWN_ENTRIES = 60, CHUNK = 500, ROUNDS = 41 };
static const double BAR = 1.3;

/* Statistics reach everybody when a session ends. */
static double rows_touched(const char *conninfo)
{
    char value[64] = "";
    for (int i = 0; i < 600; i++) {
        cr_assert(pg_server_sql(conninfo,
                                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' "
                                "AND pid <> pg_backend_pid()",
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

/* The same visits, in a session of their own. */
static double cost(struct store_fixture *f, const struct scale_person *person)
{
    double before = rows_touched(f->pg.conninfo);
    struct fam_store *store = store_open(f->pg.conninfo, KEY_V1, 1);
    for (int i = 0; i < 10; i++) {
        scale_get_family(store, person);
        scale_list(store, person, 20);
        scale_search(store, person);
    }
    fam_store_free(store);
    return rows_touched(f->pg.conninfo) - before;
}

static int setting(const char *name, int otherwise)
{
    const char *value = getenv(name);
    return value == NULL ? otherwise : atoi(value);
}

static void fill(struct store_fixture *f, int from, int to, int entries)
{
    for (; from <= to; from += CHUNK) {
        scale_fill(f->pg.conninfo, from, from + CHUNK - 1 < to ? from + CHUNK - 1 : to, entries);
    }
}

enum visit { VISIT_FAMILY, VISIT_LIST, VISIT_SEARCH, VISITS };
static const char *const VISIT_NAMES[VISITS] = {"GetFamily", "ListEntries", "SearchEntries"};

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

/* The median of each visit, in microseconds. */
static void take_times(struct store_fixture *f, const struct scale_person *person, double ret_us[VISITS])
{
    struct fam_store *store = store_open(f->pg.conninfo, KEY_V1, 1);
    for (int visit = 0; visit < VISITS; visit++) {
        double us[ROUNDS];
        for (int i = 0; i < ROUNDS; i++) {
            uint64_t began = fam_mono_us();
            if (visit == VISIT_FAMILY) {
                scale_get_family(store, person);
            } else if (visit == VISIT_LIST) {
                scale_list(store, person, 20);
            } else {
                scale_search(store, person);
            }
            us[i] = (double)(fam_mono_us() - began);
        }
        qsort(us, ROUNDS, sizeof(us[0]), by_size);
        ret_us[visit] = us[ROUNDS / 2];
    }
    fam_store_free(store);
}

Test(store_scale, what_a_family_looks_at_does_not_cost_more_among_many_others, .timeout = 3000)
{
    struct store_fixture f;
    const bool timed = getenv("FAM_SCALE_FAMILIES") != NULL;
    const int many_families = setting("FAM_SCALE_FAMILIES", MANY), entries = setting("FAM_SCALE_ENTRIES", ENTRIES);
    double us_few[VISITS], us_many[VISITS];
    store_fixture_start(&f);
    const struct scale_person person = scale_family(&f, OWN_ENTRIES);
    fam_store_free(f.store);
    f.store = NULL;
    fill(&f, 1, FEW, entries);
    double few = cost(&f, &person);
    take_times(&f, &person, us_few);
    fill(&f, FEW + 1, many_families, entries);
    double many = cost(&f, &person);
    take_times(&f, &person, us_many);
    cr_assert_gt(few, 100, "the rows are counted: %.0f", few);
    cr_assert(many <= BAR * few, "%.0f rows among %d families, %.0f among %d", few, FEW, many, many_families);
    for (int visit = 0; timed && visit < VISITS; visit++) {
        printf("%-14s %8.0f us among %d families, %8.0f among %d: %.2f\n", VISIT_NAMES[visit], us_few[visit], FEW,
               us_many[visit], many_families, us_many[visit] / us_few[visit]);
    }
    (void)fflush(stdout);
    for (int visit = 0; timed && visit < VISITS; visit++) {
        cr_assert(us_many[visit] <= BAR * us_few[visit], "%s: %.2f", VISIT_NAMES[visit],
                  us_many[visit] / us_few[visit]);
    }
    store_fixture_stop(&f);
}
