/* update.h: one update of the Telegram Bot API, read strictly into the few things that the bot acts on.
 *
 * The answer of getUpdates is first cut into its elements without parsing them, so that one element that is no proper
 * JSON (a lone surrogate, say) harms no other. An update owns one block of memory that also holds its texts.
 * Thread-safe; no state. */
#ifndef FAM_TELEGRAM_UPDATE_H
#define FAM_TELEGRAM_UPDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum fam_update_kind {
    FAM_UPDATE_OTHER, /* nothing that the bot acts on: a channel post, a message of a bot … */
    FAM_UPDATE_MESSAGE,
    FAM_UPDATE_EDITED,
    FAM_UPDATE_CALLBACK,
    FAM_UPDATE_MEMBER
};

enum fam_chat_type { FAM_CHAT_UNKNOWN, FAM_CHAT_PRIVATE, FAM_CHAT_GROUP, FAM_CHAT_CHANNEL };

/* What a message carries beside text. */
enum fam_media {
    FAM_MEDIA_NONE,
    FAM_MEDIA_PHOTO,
    FAM_MEDIA_VOICE,
    FAM_MEDIA_VIDEO,
    FAM_MEDIA_STICKER,
    FAM_MEDIA_LOCATION,
    FAM_MEDIA_CONTACT,
    FAM_MEDIA_FILE,
    FAM_MEDIA_OTHER,  /* a poll, a dice, a game … */
    FAM_MEDIA_SERVICE /* "joined the group", "pinned a message": nothing that anybody said */
};

/* What became of the bot's membership in a chat. */
enum fam_membership { FAM_MEMBERSHIP_SAME, FAM_MEMBERSHIP_ADDED, FAM_MEMBERSHIP_REMOVED };

struct fam_update {
    int64_t update_id;
    enum fam_update_kind kind;
    enum fam_chat_type chat_type;
    enum fam_media media;
    enum fam_membership membership;
    int64_t chat_id;
    int64_t from_id;       /* 0: nobody (a channel) */
    int64_t message_id;    /* of a callback: the message that carries the button; 0: too old */
    char language_code[9]; /* of the person's Telegram, lower case: "ru", "en-gb"; "" when not told */
    const char *text;      /* the text, or the caption of media; "" when there is none */
    const char *callback_id;
    const char *data; /* callback data, "" when absent */
    /* Of a callback whose message answers one of the person's own, as that stands in the chat now; else 0 and "". */
    int64_t replied_id;
    const char *replied_text;
};

/* One element. NULL when it is no update: no valid JSON, no update_id. Free with fam_update_free. */
struct fam_update *fam_update_parse(const char *json, size_t size) FAM_MUST_CHECK;
void fam_update_free(struct fam_update *update);
/* "message", "edited_message", "callback_query", "my_chat_member", "other": for metrics and logs. */
const char *fam_update_kind_name(enum fam_update_kind kind);

struct fam_span {
    const char *start;
    size_t size;
};

/* Cuts {"ok":true,"result":[…]} into the elements of result; *ret_count of them, `capacity` at most (the rest is left
 * for the next poll). False when the document's outline is broken: cut off, no array, ok not true. */
bool fam_updates_split(const char *body, size_t size, struct fam_span *ret_spans, size_t capacity,
                       size_t *ret_count) FAM_MUST_CHECK;
/* The number behind the first "update_id" of an element that does not parse. False when there is none. */
bool fam_update_scan_id(const char *json, size_t size, int64_t *ret_update_id) FAM_MUST_CHECK;

#endif
