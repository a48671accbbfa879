/* callback.h: what stands in a button: an action, its argument, an entry, an expiry, signed for one person.
 *
 * 24 bytes and a MAC of 16 (BLAKE2b under a key derived from the bot's token, the owner's Telegram id included) in
 * base64url: 54 of the 64 characters that Telegram allows. So a button can't be forged, can't be pressed by somebody
 * else, and says nothing to who reads it. Buttons of the older form, 22 bytes without a detail, are understood too.
 * Thread-safe; the signer is read-only after fam_callback_init. */
#ifndef FAM_BOT_CALLBACK_H
#define FAM_BOT_CALLBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "base/uuid.h"

enum { FAM_CALLBACK_SIZE = 55, FAM_CALLBACK_DAYS = 30 };

struct fam_callback_signer {
    struct fam_secret key;
};

struct fam_callback {
    char action;           /* one of enum fam_action, dialog/dialog.h */
    uint8_t argument;      /* meaning by action */
    struct fam_uuid entry; /* nil: none */
    uint16_t detail;       /* meaning by action; 0: none */
};

enum fam_callback_verdict {
    FAM_CALLBACK_VALID,
    FAM_CALLBACK_STALE,  /* genuine, too old */
    FAM_CALLBACK_FORGED, /* not ours, somebody else's, or changed */
};

/* False when memory is short. */
bool fam_callback_init(struct fam_callback_signer *signer, const struct fam_secret *bot_token) FAM_MUST_CHECK;
void fam_callback_done(struct fam_callback_signer *signer);
/* Valid for FAM_CALLBACK_DAYS from `now_ms` (Unix time). */
void fam_callback_sign(const struct fam_callback_signer *signer, const struct fam_callback *callback, int64_t owner_id,
                       int64_t now_ms, char ret_data[FAM_CALLBACK_SIZE]);
enum fam_callback_verdict fam_callback_verify(const struct fam_callback_signer *signer, const char *data,
                                              int64_t owner_id, int64_t now_ms, struct fam_callback *ret_callback);

#endif
