/* telegram_sim.h: a simulator of the Telegram Bot API, faithful where a chat bot touches it.
 *
 * Under /bot<token>/<method> it speaks the Bot API: getMe, getUpdates, sendMessage, editMessageText,
 * editMessageReplyMarkup, answerCallbackQuery, sendChatAction, deleteMessage, getChat, the webhook methods, and those
 * for commands and descriptions, with the service's own error texts. Under /control/ tests play the people and the
 * weather; docs/testing.md lists its calls. What people write stays in memory: nothing is logged or written to disk.
 *
 * One thread; not thread-safe, but for telegram_sim_stop(). */
#ifndef FAM_SIM_TELEGRAM_SIM_H
#define FAM_SIM_TELEGRAM_SIM_H

#include <stdbool.h>
#include <stdint.h>

struct telegram_sim;

struct telegram_sim_options {
    const char *token; /* "123456:TEST": digits, a colon, letters; the number becomes the bot's id */
    uint16_t port;     /* 0: any free one */
    bool limits;       /* enforce the flood limits from the start */
    int64_t update_id; /* of the first update; 0: random */
};

/* Listens on 127.0.0.1. NULL with errno set when it can't. The options are copied. */
struct telegram_sim *telegram_sim_new(const struct telegram_sim_options *options);
void telegram_sim_free(struct telegram_sim *sim);
uint16_t telegram_sim_port(const struct telegram_sim *sim);
/* Serves until telegram_sim_stop(). False when it fails. */
bool telegram_sim_run(struct telegram_sim *sim);
/* From any thread or signal handler. */
void telegram_sim_stop(struct telegram_sim *sim);

#endif
