/* sentry_dsn.h: where errors go, scheme://KEY@HOST[:PORT][/PATH]/PROJECT.
 *
 * Knows no library, so that a program can judge its setting without one. Thread-safe; no state. */
#ifndef FAM_NET_SENTRY_DSN_H
#define FAM_NET_SENTRY_DSN_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "base/status.h"

struct fam_sentry_dsn {
    struct fam_secret url; /* of the envelopes: scheme://HOST[:PORT][/PATH]/api/PROJECT/envelope/ */
    struct fam_secret key;
};

/* Strict: the public key alone (an old DSN's second key is refused), a project's number, no query. http:// only to this
 * machine, or where `allow_plain_http`. INVALID_ARGUMENT names the fault and repeats nothing of the DSN. Free with
 * fam_sentry_dsn_done. */
enum fam_code fam_sentry_dsn_parse(const char *text, bool allow_plain_http, struct fam_sentry_dsn *ret_dsn,
                                   struct fam_status *status) FAM_MUST_CHECK;
void fam_sentry_dsn_done(struct fam_sentry_dsn *dsn);
/* The same without an answer; an empty DSN is good, too: nothing is reported. */
enum fam_code fam_sentry_dsn_check(const char *text, bool allow_plain_http, struct fam_status *status) FAM_MUST_CHECK;

#endif
