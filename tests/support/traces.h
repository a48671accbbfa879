/* traces.h: is anything of somebody left in a database? The tables and columns are taken from the schema, so that none
 * is forgotten: every column of the types uuid, text, text[], bytea of every table is looked into. */
#ifndef FAM_TESTS_TRACES_H
#define FAM_TESTS_TRACES_H

#include <stddef.h>

#include "base/uuid.h"

/* "table.column table.column …" of all columns that hold the id: as it is, as text, or inside of text or bytes. ""
 * when there is none. Asserts that the database answers. */
void traces_of(const char *conninfo, const struct fam_uuid *id, char *ret_places, size_t size);
/* Tables that may hold something of a person and hold nothing of this one; for a test that wants to have seen each. */
void traces_missing(const char *conninfo, const struct fam_uuid *user_id, char *ret_tables, size_t size);

#endif
