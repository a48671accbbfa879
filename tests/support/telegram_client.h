/* telegram_client.h: the simulator of Telegram from a test's side: start it, be the person, watch the bot.
 *
 * What the bot does is a sequence of numbered events; "after" is a number, and a wait returns the first event after it,
 * so a test reads them one by one and needs no sleeps:
 *
 *     uint64_t after = tg_now(&sim);
 *     tg_say(&sim, 7, "/start");
 *     cr_assert(tg_wait_message(&sim, 7, after, 5000, &shown));
 *     after = shown.seq;
 *
 * A struct tg_sim belongs to one thread; other threads may connect to the same simulator with tg_sim_connect(). */
#ifndef FAM_TESTS_TELEGRAM_CLIENT_H
#define FAM_TESTS_TELEGRAM_CLIENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proc.h"
#include "sim/sim_client.h"

#define TG_TEST_TOKEN "123456:TEST"

struct tg_sim {
    struct proc proc; /* pid 0 when only connected */
    uint16_t port;
    char base_url[64]; /* "http://127.0.0.1:PORT", for TELEGRAM_API_URL */
    struct sim_client *client;
    int64_t last_message_id; /* of the person's last message, to edit it or to reply to it */
};

/* What a person sees of one event. */
struct tg_shown {
    uint64_t seq;
    enum sim_event_kind kind;
    int64_t message_id;
    bool is_protected;
    int button_count;
    char buttons[4096]; /* "[label] [label]" */
    char text[20000];
};

/* Starts bin/telegram-sim on a free port with TG_TEST_TOKEN; its files go to `dir`. */
bool tg_sim_start(struct tg_sim *sim, const char *dir, bool limits);
/* For a simulator that runs already. */
bool tg_sim_connect(struct tg_sim *sim, uint16_t port);
/* SIGTERM; its exit status (0 when all is well), -1 when it was only connected. Frees the connection. */
int tg_sim_stop(struct tg_sim *sim);

/* People's deeds. Each returns the update's id, 0 when the simulator refused or the bot does not want such updates. */
int64_t tg_say(struct tg_sim *sim, int64_t chat_id, const char *text);
/* The newest button with that label. */
int64_t tg_press(struct tg_sim *sim, int64_t chat_id, const char *label);
/* Any data from any message, as an old client may send it. */
int64_t tg_press_data(struct tg_sim *sim, int64_t chat_id, int64_t message_id, const char *data);
int64_t tg_edit(struct tg_sim *sim, int64_t chat_id, int64_t message_id, const char *text);
/* photo, voice, sticker, location, document, video, video_note, contact, block, unblock, join, kick. */
int64_t tg_do(struct tg_sim *sim, int64_t chat_id, const char *kind);
/* Any deed, in the control API's own JSON; sets last_message_id. */
int64_t tg_update(struct tg_sim *sim, const char *json);
/* Bytes in place of an update; $UPDATE_ID in them becomes its id. */
int64_t tg_raw_update(struct tg_sim *sim, const void *bytes, size_t size);

/* The weather: {"method":"sendMessage","times":2,"status":429,"retry_after":1}; see docs/testing.md. */
bool tg_fault(struct tg_sim *sim, const char *json);
bool tg_clear_faults(struct tg_sim *sim);
bool tg_limits(struct tg_sim *sim, bool on);

/* The number of the last event so far. */
uint64_t tg_now(struct tg_sim *sim);
/* The first event in the chat after `after`. False when none came in time. */
bool tg_wait_event(struct tg_sim *sim, int64_t chat_id, uint64_t after, int timeout_ms, struct tg_shown *ret_shown);
/* The first new or replaced text after `after`; other events are passed over. */
bool tg_wait_message(struct tg_sim *sim, int64_t chat_id, uint64_t after, int timeout_ms, struct tg_shown *ret_shown);
/* The first new or replaced text that holds `part`. */
bool tg_wait_text(struct tg_sim *sim, int64_t chat_id, uint64_t after, const char *part, int timeout_ms,
                  struct tg_shown *ret_shown);
/* Until the bot has confirmed the update. */
bool tg_wait_confirmed(struct tg_sim *sim, int64_t update_id, int timeout_ms);
/* Until the method was called at least `count` times since the start. */
bool tg_wait_calls(struct tg_sim *sim, const char *method, int count, int timeout_ms);

/* How often a method was called, and how often a status was answered (0: none reached the bot), since the start. */
int tg_call_count(struct tg_sim *sim, const char *method);
int tg_status_count(struct tg_sim *sim, int status);
/* A number of /control/state: "pending", "confirmed", "pollers", "conflicts", "faults_left"; -1 when unknown. */
int64_t tg_state(struct tg_sim *sim, const char *name);
/* The answers of /control/calls and /control/messages as they are; NULL on failure. Free with cJSON_Delete. */
cJSON *tg_calls(struct tg_sim *sim);
cJSON *tg_messages(struct tg_sim *sim, int64_t chat_id, uint64_t after);

#endif
