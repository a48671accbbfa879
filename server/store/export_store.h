/* export_store.h: everything that one person may see, row by row, opened, as JSON objects.
 *
 * Tables come in a fixed order; within a table rows are ordered by their ids, so that a cursor of two values goes on
 * where a page ended. The person's own rows of every table, the family's, and of others what they share with the
 * family. Tables that are left out, and why, stand in docs/privacy.md. Thread-safe. */
#ifndef FAM_STORE_EXPORT_STORE_H
#define FAM_STORE_EXPORT_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"

struct fam_store;

enum { FAM_EXPORT_PAGE = 50 };

size_t fam_export_table_count(void);
/* Its name in the export: that of the table, but for shared_entries and shared_readings. */
const char *fam_export_table_name(size_t table);

/* Where a page ended; zeros: before the first row. */
struct fam_export_cursor {
    struct fam_uuid id;
    int32_t number;
};

struct fam_export_row {
    struct fam_export_cursor cursor; /* of this row */
    char *json;                      /* an object; NULL: its key is gone, it can't be opened any more */
};
/* The next rows behind `cursor`, FAM_EXPORT_PAGE at most; *ret_count: fewer when there are no more. Free with
 * fam_export_rows_free. NOT_FOUND: no such person. */
enum fam_code fam_export_rows(struct fam_store *store, const struct fam_uuid *user_id, size_t table,
                              const struct fam_export_cursor *cursor, struct fam_export_row **ret_rows,
                              size_t *ret_count, struct fam_status *status) FAM_MUST_CHECK;
/* Wipes. Takes NULL and 0. */
void fam_export_rows_free(struct fam_export_row *rows, size_t count);

#endif
