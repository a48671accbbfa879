/* reply.h: building a response message: memory that is freed, wiped, all at once, and the conversions from what the
 * stores return to what the API says. Belongs to one call on one thread.
 *
 * When memory is short `failed` is set, pointers may be NULL, and the caller checks once, by fam_reply_check. */
#ifndef FAM_SERVICES_REPLY_H
#define FAM_SERVICES_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "fam/v1/family.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "rpc/arena.h"
#include "store/entry_store.h"
#include "store/family_store.h"
#include "store/invite_store.h"
#include "store/token_store.h"
#include "store/user_store.h"

enum { FAM_REPLY_KEPT_MAX = FAM_ENTRY_PAGE_MAX };

struct fam_reply {
    bool failed;
    ProtobufCMessage *kept[FAM_REPLY_KEPT_MAX]; /* freed with the reply */
    size_t kept_count;
    struct fam_arena arena;
};

void fam_reply_init(struct fam_reply *reply);
void fam_reply_done(struct fam_reply *reply);
/* RESOURCE_EXHAUSTED when any step ran out of memory. */
enum fam_code fam_reply_check(const struct fam_reply *reply, struct fam_status *status) FAM_MUST_CHECK;

/* Zeroed; NULL sets `failed`. */
void *fam_reply_alloc(struct fam_reply *reply, size_t size);
/* Copies; never NULL ("" when memory is short). */
char *fam_reply_text(struct fam_reply *reply, const char *text);
char *fam_reply_uuid(struct fam_reply *reply, const struct fam_uuid *uuid);
/* Takes a malloc'ed message and frees it with the reply. */
void fam_reply_keep(struct fam_reply *reply, ProtobufCMessage *message);

/* The sources are borrowed until the answer is sent. */
Fam__V1__User *fam_reply_user(struct fam_reply *reply, const struct fam_user *user);
Fam__V1__Consent **fam_reply_consents(struct fam_reply *reply, const struct fam_consent *consents, size_t count);
Fam__V1__Family *fam_reply_family(struct fam_reply *reply, const struct fam_family *family);
Fam__V1__Child *fam_reply_child(struct fam_reply *reply, const struct fam_child *child, struct fam_date today);
Fam__V1__Invite *fam_reply_invite(struct fam_reply *reply, const struct fam_invite *invite);
/* Without help: the translation service adds it. As its author sees it: own. */
Fam__V1__Entry *fam_reply_entry(struct fam_reply *reply, const struct fam_entry *entry);
Fam__V1__Token *fam_reply_token(struct fam_reply *reply, const struct fam_token *token);

#endif
