/* ledger.h: the erasure ledger: who was erased, written down outside the database.
 *
 * A restored backup brings back rows of people who had been erased since. The ledger tells which: one line for each,
 * appended and on the disk before the first key is destroyed. It holds no id that anybody could use elsewhere:
 *
 *     fam1 erase 2026-07-25T10:00:00.000Z RECEIPT user HMAC
 *     fam1 erase 2026-07-25T10:00:00.000Z RECEIPT family HMAC
 *     fam1 void 2026-07-25T10:00:01.000Z RECEIPT
 *
 * HMAC is 64 hexadecimal digits: HMAC-SHA-256 under the database's look-up key over "ledger:user:" or "ledger:family:"
 * and the 16 bytes of the id. `void` takes the lines of its receipt back: nothing was erased after all.
 *
 * Appending holds a lock on the file (flock), so several processes of one machine share a ledger. Thread-safe. */
#ifndef FAM_FAMILY_LEDGER_H
#define FAM_FAMILY_LEDGER_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/status.h"
#include "base/uuid.h"
#include "store/erase_store.h"

struct fam_store;

/* Borrowed. */
struct fam_ledger {
    const char *path; /* FAM_LEDGER_FILE */
    struct fam_store *store;
};

/* Made when it is not there, readable by the owner alone. FAILED_PRECONDITION, reason "LEDGER", when it can't be
 * written: then nothing of these lines is in it. */
enum fam_code fam_ledger_erase(const struct fam_ledger *ledger, const struct fam_uuid *receipt_id,
                               const struct fam_erase_subject *subjects, size_t count,
                               struct fam_status *status) FAM_MUST_CHECK;
/* The same errors. */
enum fam_code fam_ledger_void(const struct fam_ledger *ledger, const struct fam_uuid *receipt_id,
                              struct fam_status *status) FAM_MUST_CHECK;
/* What stands in the place of HMAC. */
enum { FAM_LEDGER_HMAC_SIZE = 65 };
enum fam_code fam_ledger_hmac(struct fam_store *store, const struct fam_erase_subject *subject,
                              char ret_text[FAM_LEDGER_HMAC_SIZE], struct fam_status *status) FAM_MUST_CHECK;

#endif
