/* pacer.h: Telegram's limits, kept before Telegram enforces them: about 30 messages a second over all, one a second in
 * a chat (three at once at most), twenty a minute in a group. Telegram lets bots that pay for it send more over all.
 *
 * What nobody waits for (check-ins, reports) gets four fifths of the rate over all, so that an answer always finds
 * room; and reports give way to check-ins: see enum fam_pace.
 *
 * A fixed table remembers the chats; the one that was quiet for longest makes room. Time is a parameter. Thread-safe.
 */
#ifndef FAM_BOT_PACER_H
#define FAM_BOT_PACER_H

#include <stdint.h>

#include "base/compiler.h"

struct fam_pacer;

enum fam_pace {
    FAM_PACE_ANSWERS,  /* the whole rate */
    FAM_PACE_CHECKINS, /* 80 % of it, with reports */
    FAM_PACE_REPORTS,  /* the same, without a burst: what a check-in leaves */
};

/* `per_second`: messages over all, 1 to 1000; 0: 25. NULL when memory is short. */
struct fam_pacer *fam_pacer_new(uint32_t per_second) FAM_MUST_CHECK;
void fam_pacer_free(struct fam_pacer *pacer);
/* 0: send now (it is counted). Otherwise nothing is counted: ask again after so many milliseconds. Groups have
 * negative ids. */
uint32_t fam_pacer_take(struct fam_pacer *pacer, int64_t chat_id, enum fam_pace pace, uint64_t now_ms);
/* How long this chat still has to wait for an answer; counts nothing. */
uint32_t fam_pacer_wait_ms(struct fam_pacer *pacer, int64_t chat_id, uint64_t now_ms);
/* Telegram answered 429 for this chat: nothing goes there before `until_ms`. A second chat that is told so within the
 * same time shows that all are meant: then nothing goes anywhere. */
void fam_pacer_flood(struct fam_pacer *pacer, int64_t chat_id, uint64_t now_ms, uint64_t until_ms);

#endif
