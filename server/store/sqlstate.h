/* sqlstate.h: what an error of PostgreSQL means to us. Thread-safe; no state.
 * Codes: https://www.postgresql.org/docs/15/errcodes-appendix.html */
#ifndef FAM_STORE_SQLSTATE_H
#define FAM_STORE_SQLSTATE_H

#include <stdbool.h>

#include "base/status.h"

/* Fills *status as db.h describes; `constraint` (may be NULL) is a name of the schema and goes into the message. */
enum fam_code fam_sqlstate_fail(const char *sqlstate, const char *constraint, struct fam_status *status);
/* Did this statement fail with `sqlstate`? */
bool fam_sqlstate_is(const struct fam_status *status, const char *sqlstate);

#endif
