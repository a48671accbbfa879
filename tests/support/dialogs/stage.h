/* stage.h: plays conversations (script.h) on a running system, end to end, and says what people saw.
 *
 * Each conversation has chats of its own, so that many can be played at once, each by a thread of its own. After each
 * deed the stage waits until the bot has confirmed it to Telegram; then all that it sends for it is there. Deeds that
 * touch everybody (a restart) are for the main thread, while nobody else plays. */
#ifndef FAM_TESTS_STAGE_H
#define FAM_TESTS_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "script.h"
#include "support/claude_client.h"
#include "system.h"

enum { STAGE_SCRIPTS_MAX = 256 };

struct stage {
    struct system *system;
    uint16_t claude_port;    /* 0: Claude is away */
    struct script **scripts; /* those that may be named by ": given" */
    size_t count;
    bool renew; /* a label that is gone is replaced by the one that stands in its place now */
    /* Called before each deed of the conversation itself, with `context`; NULL: nothing. What was made due comes before
     * the next call. The people are others than without it. Any thread that plays calls it. */
    void (*before_deed)(void *context);
    void *context;
};

/* Plays the conversation with that number. Returns the whole file as it would have to be, to be freed; NULL, with the
 * reason in ret_error, when a deed could not be done. Deeds in `script` change where labels were renewed. */
char *stage_play(struct stage *stage, size_t number, char *ret_error, size_t size);

#endif
