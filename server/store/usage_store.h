/* usage_store.h: calls, tokens and cost of Claude, by day and model. Days are UTC by PostgreSQL's clock, so that all
 * servers count into the same one. */
#ifndef FAM_STORE_USAGE_STORE_H
#define FAM_STORE_USAGE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

struct fam_store;

enum { FAM_USAGE_MODEL_SIZE = 65, FAM_USAGE_DAYS_MAX = 400, FAM_USAGE_ROWS_MAX = 2000 };

struct fam_usage {
    char day[11]; /* "2026-03-01" */
    char model[FAM_USAGE_MODEL_SIZE];
    int64_t requests;
    int64_t input_tokens; /* without those of the cache */
    int64_t cache_write_tokens;
    int64_t cache_read_tokens;
    int64_t output_tokens;
    int64_t cost_micro_usd; /* millionths of a dollar */
};

/* Adds the numbers of `delta` (none negative) to today's row of its model; `day` is not looked at. */
enum fam_code fam_usage_add(struct fam_store *store, const struct fam_usage *delta,
                            struct fam_status *status) FAM_MUST_CHECK;
/* The last `days` days (1: today alone; FAM_USAGE_DAYS_MAX at most), newest first, then by model; days without calls
 * have no row, and beyond FAM_USAGE_ROWS_MAX the oldest are left out. *ret_list is an array of *ret_count; free(). */
enum fam_code fam_usage_list(struct fam_store *store, size_t days, struct fam_usage **ret_list, size_t *ret_count,
                             struct fam_status *status) FAM_MUST_CHECK;

#endif
