/* dialog.h: conversations: one update in, everything that follows from it out.
 *
 * The order is always: effects by RPC (each with an idempotency key made of the update's id) → messages → what was
 * delivered → the session with the update's id. So a bot that is killed at any point repeats what is harmless to repeat
 * and nothing else. A dialog holds no state of a conversation. Thread-safe. */
#ifndef FAM_DIALOG_DIALOG_H
#define FAM_DIALOG_DIALOG_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "callback.h"
#include "dialog/port.h"
#include "fam/v1/types.pb-c.h"
#include "lanes.h"
#include "locale.h"

struct fam_dialog;
struct fam_log;
struct fam_metrics;

/* The first byte of a button. Never given a new meaning: old buttons stay in chats. */
enum fam_action {
    FAM_ACTION_LANGUAGE = 'l',   /* row of the locale table; 0x80: then go on with the onboarding */
    FAM_ACTION_ONBOARDING = 'o', /* go on where it stands */
    FAM_ACTION_COUNTRY = 'c',    /* row of the country table; COUNTRY_OTHER, COUNTRY_NONE */
    FAM_ACTION_CONSENT = 'p',    /* processing: 1 yes, 0 not now */
    FAM_ACTION_CONSENT_AI = 'i',
    FAM_ACTION_NO_NAME = 'n',
    FAM_ACTION_BIRTH = 'b', /* age in years */
    FAM_ACTION_ADD_CHILD = 'd',
    FAM_ACTION_AGE = 'a',   /* age band for an answer */
    FAM_ACTION_CHILD = 'k', /* place of the child in the family's list, for an answer */
    FAM_ACTION_WHY = 'w',   /* which thing to say, 1 to 3 */
    FAM_ACTION_ACTIVITY = 't',
    FAM_ACTION_MORE = 'm',
    FAM_ACTION_RATE = 'r',      /* helped + 8 × used response */
    FAM_ACTION_RATE_MORE = 'R', /* the same, on the question that the first tap brought */
    FAM_ACTION_REMOVE = 'x',
    FAM_ACTION_HISTORY = 'H',     /* page modulo 128; 0x80: the page that was on show */
    FAM_ACTION_FILTER = 'F',      /* enum in history.c; a child: its id */
    FAM_ACTION_ENTRY = 'E',       /* opens an entry of the history */
    FAM_ACTION_CORRECT = 'O',     /* "not like that": enum in correct.c */
    FAM_ACTION_SHARE = 'A',       /* enum in entry.c */
    FAM_ACTION_ERASE_ENTRY = 'J', /* 0 asks, 1 erases, 2 leaves it */
    FAM_ACTION_PRIVACY = 'P',     /* enum in privacy.c */
    FAM_ACTION_EXPORT = 'U',      /* 0 asks, 1 sends the files */
    FAM_ACTION_ERASE = 'Z',       /* enum in erase.c */
    FAM_ACTION_FOLLOW_UP = 'W'    /* helped, after a danger; 0x80: never asks again */
};

enum { FAM_FOLLOW_UP_NO_MORE = 0x80 };

struct fam_dialog_options {
    const struct fam_backend *backend; /* borrowed, like all that follows */
    const struct fam_messenger *messenger;
    const struct fam_lead *lead; /* NULL: this process is the only one, and always leads */
    const struct fam_callback_signer *signer;
    const struct fam_locales *locales;
    Fam__V1__Language default_language;
    const char *bot_id;
    struct fam_log *log;           /* may be NULL */
    struct fam_metrics *metrics;   /* may be NULL */
    int64_t (*wall_ms)(void);      /* NULL: fam_wall_ms */
    void (*sleep_ms)(uint32_t ms); /* NULL: sleeps */
};

struct fam_dialog *fam_dialog_new(const struct fam_dialog_options *options, struct fam_status *status) FAM_MUST_CHECK;
void fam_dialog_free(struct fam_dialog *dialog);
/* A handler for lanes; `dialog` is a struct fam_dialog. */
enum fam_handled fam_dialog_handle(void *dialog, struct fam_job *job, uint32_t *ret_delay_ms);

#endif
