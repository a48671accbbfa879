/* notify_show.h: what a leased notification tells its bot. Nothing of it is stored twice: content comes from the rows
 * as they are now. */
#ifndef FAM_SERVICES_NOTIFY_SHOW_H
#define FAM_SERVICES_NOTIFY_SHOW_H

#include "services/reply.h"
#include "services/services_private.h"
#include "store/notification_store.h"

/* A message whose shown answer is younger is replaced in place. */
enum { FAM_REPLACE_WITHIN_MS = 10 * 60 * 1000 };

struct fam_shown {
    Fam__V1__Notification *notification; /* NULL: it is not handed out, for `reason` */
    const char *reason;                  /* an upper-case word: it never will be, so finish it as failed; NULL: the
                                            lease is lost */
};

/* `ret_entry` is zeroed; what is shown lives as long as it and the reply. Fails only when it could succeed later. */
enum fam_code fam_notify_show(struct fam_services_context *context, struct fam_reply *reply,
                              const struct fam_leased *leased, uint32_t lease_ms, struct fam_entry *ret_entry,
                              struct fam_shown *ret_shown, struct fam_status *status) FAM_MUST_CHECK;

/* Does the parent read another advice: another first feeling, another first need, other kinds of things to say? */
bool fam_advice_differs(const Fam__V1__Reading *a, const Fam__V1__Reading *b);

#endif
