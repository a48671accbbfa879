/* make.c: a report from the database to the archive; see report.h. */
#include <stdlib.h>

#include "report/report.h"
#include "store/person_store.h"
#include "store/report_store.h"

/* Sentences, names and 91 days fit many times. */
enum { ARENA_BYTES = 1024 * 1024 };

/* Makes it in the arena, and keeps it. */
static enum fam_code make_and_keep(struct fam_store *store, const struct fam_report_order *order,
                                   const struct fam_facts *facts, struct fam_arena *arena,
                                   struct fam_uuid *ret_report_id, struct fam_status *status)
{
    Fam__V1__Report *report = NULL;
    int64_t created_at_ms = 0;
    enum fam_code code = fam_report_of(facts, arena, &report, status);
    return code == FAM_OK ? fam_report_put(store, order->user_id, report, ret_report_id, &created_at_ms, status) : code;
}

enum fam_code fam_report_make(struct fam_store *store, const struct fam_report_order *order,
                              Fam__V1__Report **ret_report, struct fam_status *status)
{
    struct fam_user user;
    struct fam_family family;
    struct fam_uuid report_id;
    *ret_report = NULL;
    enum fam_code code = fam_person_load(store, order->user_id, &user, &family, status);
    if (code != FAM_OK) {
        return code;
    }
    struct fam_facts *facts = calloc(1, sizeof(*facts));
    struct fam_arena *arena = malloc(sizeof(*arena));
    code = facts != NULL && arena != NULL ? fam_facts_gather(store, order, &user, &family, facts, status)
                                          : fam_fail_memory(status);
    if (code == FAM_OK) {
        fam_arena_init(arena, ARENA_BYTES);
        code = make_and_keep(store, order, facts, arena, &report_id, status);
        fam_arena_done(arena);
    }
    if (facts != NULL) {
        fam_facts_done(facts);
    }
    free(facts);
    free(arena);
    fam_user_done(&user);
    fam_family_done(&family);
    return code == FAM_OK ? fam_report_show(store, order->user_id, &report_id, ret_report, status) : code;
}
