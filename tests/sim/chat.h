/* chat.h: the terminal chat: one person in one private chat with the bot, by the simulator's control API. */
#ifndef FAM_SIM_CHAT_H
#define FAM_SIM_CHAT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/sim_client.h"

enum { CHAT_MAX_LINE = 64 * 1024, CHAT_MAX_BUTTONS = 8 * 1024 };

struct chat_options {
    const char *url;
    int64_t chat_id;
    const char *name;
    const char *language;
    long patience_ms; /* how long the bot may take to answer */
    long settle_ms;   /* how long it must be quiet before an answer counts as whole */
};

struct chat {
    struct chat_options options;
    struct sim_client *client;
    uint64_t seen; /* sequence number up to which everything was shown */
    bool failed;   /* something went wrong that the exit code must tell */
};

/* Makes the person known and starts from now on. False with a sentence on stderr. */
bool chat_open(struct chat *chat, const struct chat_options *options);
void chat_close(struct chat *chat);

enum chat_said { CHAT_SAID, CHAT_NO_BUTTON, CHAT_BAD_LINE, CHAT_UNREACHABLE, CHAT_NOTHING };

/* One line of the person: a message, a /command, or a [label] to press. *ret_update_id is the update it became. Tells
 * on stderr what is wrong with a line; sets chat->failed. */
enum chat_said chat_say(struct chat *chat, char *line, int64_t *ret_update_id);

/* Reads lines of `in` to the end and prints each answer to `out`. Returns the exit code. */
int chat_run_pipe(struct chat *chat, FILE *in, FILE *out);
/* A conversation on a terminal, until Ctrl-D or /quit. Returns the exit code. */
int chat_run_terminal(struct chat *chat, bool colours);

/* Prints text without empty lines and without control characters, each line after `indent`. */
void chat_print_text(FILE *out, const char *text, const char *indent);

#endif
