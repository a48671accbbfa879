/* tg_state.h: what the simulated service knows, shared by the tg_*.c files. One thread.
 *
 * Every change that a person would see (a message, an edit, a removal, the answer to a pressed button) takes the next
 * number of one sequence, `seq`; tests ask for what changed after a number. */
#ifndef FAM_SIM_TG_STATE_H
#define FAM_SIM_TG_STATE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "sim/http_sim.h"
#include "sim/telegram_sim.h"

enum {
    TG_MAX_CHATS = 4096,
    TG_MAX_MESSAGES = 65536,
    TG_MAX_UPDATES = 20000,
    TG_MAX_CALLS = 50000,
    TG_MAX_LATENCIES = 20000,
    TG_MAX_CALLBACKS = 4096,
    TG_MAX_FAULTS = 256,
    TG_MAX_WAITERS = 256,
    TG_MAX_TEXT_UTF16 = 4096,
    TG_MAX_BUTTON_DATA = 64,
    TG_MAX_BUTTONS = 100,
    TG_KEPT_FILE = 1024 * 1024,
    TG_MAX_CAPTION_UTF16 = 1024,
    TG_MAX_PHOTO = 10 * 1024 * 1024,
    TG_MAX_DELETED = 100,
    TG_LONGEST_POLL_S = 50,
    TG_TYPING_MS = 5000,
    TG_CALLBACK_MS = 15000,
    TG_UPDATE_LIFE_MS = 24 * 3600 * 1000,
    TG_CONFLICT_PAUSE_MS = 3000,
};

/* Telegram's limits as they are enforced: 30 sends a second over all, one a second in a chat averaged over 3 s. */
enum { TG_OVERALL_PER_S = 30, TG_CHAT_WINDOW_MS = 3000, TG_CHAT_PER_WINDOW = 3 };

struct tg_chat {
    int64_t id;
    cJSON *json; /* as in a message's "chat" */
    cJSON *user; /* who talks there; the last one of a group */
    bool blocked;
    int64_t migrated_to;
    uint64_t sends[TG_CHAT_PER_WINDOW]; /* when the last ones were sent, oldest first */
    uint64_t typing_until_ms;
    uint64_t queued_us, handed_us; /* the oldest update that waits for a message, once handed out; 0: none */
};

struct tg_message {
    int64_t chat_id;
    int64_t id;
    bool from_bot;
    bool deleted;
    bool is_protected;
    bool is_photo; /* `file` is one */
    uint64_t seq;  /* of the last change */
    int64_t sent_ms;
    cJSON *json;    /* the Message as the service gives it now */
    cJSON *file;    /* a document or photo: {file_name, mime_type, file_size, text, is_image …}; NULL: none */
    cJSON *history; /* [{seq, kind: sent|text|buttons, at_ms, text, entities, buttons}] */
};

struct tg_update {
    int64_t id;
    uint64_t queued_ms;
    uint64_t queued_us;
    int64_t chat_id; /* 0: unknown */
    bool handed;
    char *text; /* JSON of the Update, or whatever bytes a test wants there */
    size_t size;
};

struct tg_callback {
    char id[24];
    int64_t chat_id;
    int64_t message_id;
    int64_t update_id;
    uint64_t created_ms;
    bool answered;
    uint64_t seq; /* of the answer */
    bool alert;
    char *text;
};

struct tg_call {
    char method[40];
    int64_t chat_id;
    uint64_t at_ms;
    int status; /* 0: not answered, or cut */
};

/* How long the bot took from an update to the next message in its chat. */
struct tg_latency {
    uint32_t queued_us; /* since the update was there */
    uint32_t handed_us; /* since it was first handed out */
};

/* What a fault does to a reply, beside its status. */
struct tg_damage {
    bool on;
    int status;
    uint32_t retry_after_s;
    bool html;
    bool truncate;
    size_t truncate_at;
    enum http_sim_cut cut;
    bool hang;
    bool apply; /* the call takes effect, only its answer is lost */
    uint32_t delay_ms;
    size_t drip_bytes;
    uint32_t drip_interval_ms;
    const char *description; /* borrowed from the fault, which lives as long as the simulator */
    const char *body;
};

struct tg_fault {
    char method[40]; /* lower case; "*": any */
    int64_t chat_id; /* 0: any */
    int64_t skip;    /* so many calls pass first */
    int64_t times;   /* left; 0: used up */
    cJSON *owner;    /* holds the strings of `damage` */
    struct tg_damage damage;
};

/* Whom to answer, and how badly. */
struct tg_caller {
    struct http_sim_exchange *exchange;
    size_t call; /* index into the log of calls; SIZE_MAX: not logged */
    struct tg_damage damage;
};

struct tg_poll {
    struct tg_caller caller;
    int64_t offset;
    int64_t limit;
    uint64_t deadline_ms;
};

/* A poller that lost against another, to be told at `at_ms`. */
struct tg_loser {
    struct tg_caller caller;
    uint64_t at_ms;
};

struct tg_waiter {
    struct http_sim_exchange *exchange;
    int64_t chat_id;
    uint64_t after;
    int64_t confirmed; /* also answer once this update is confirmed; 0: no */
    uint64_t deadline_ms;
};

struct tg_error {
    int code;
    char text[320];
    const char *parameter; /* "retry_after", "migrate_to_chat_id" or NULL */
    int64_t value;
};

struct telegram_sim {
    struct http_sim *http;
    char token[80];
    int64_t bot_id;
    cJSON *bot;
    bool limits;
    uint64_t seq;

    struct tg_chat *chats[TG_MAX_CHATS];
    size_t chat_count;
    int64_t next_message_id;
    struct tg_message **messages; /* in order of their ids */
    size_t message_count;

    struct tg_update *updates; /* in order of their ids */
    size_t update_count;
    int64_t next_update_id;
    int64_t confirmed; /* the highest update id that was confirmed */
    cJSON *allowed;    /* NULL: the default */
    struct tg_poll poll;
    bool polling;
    struct tg_loser losers[8];
    size_t loser_count;
    uint64_t next_conflict_ms;
    uint64_t conflicts;
    int64_t last_offset; /* of the last getUpdates, and when it came */
    uint64_t last_poll_ms;

    struct tg_callback *callbacks;
    size_t callback_count;
    uint64_t next_callback;

    struct tg_call *calls;
    size_t call_count;
    struct tg_latency *latencies;
    size_t latency_count;
    uint64_t overall_sends[TG_OVERALL_PER_S];
    struct tg_fault faults[TG_MAX_FAULTS];
    size_t fault_count;
    struct tg_waiter waiters[TG_MAX_WAITERS];
    size_t waiter_count;
    cJSON *settings; /* what set* methods stored, by "name/scope/language" */
};

/* tg_json.c: building. Numbers are exact up to 64 bits. */
void tg_put_i64(cJSON *object, const char *key, int64_t value);
void tg_put_text(cJSON *object, const char *key, const char *text);
/* Copies `value` (may be NULL: nothing). */
void tg_put_copy(cJSON *object, const char *key, const cJSON *value);
/* Parses our own or a test's JSON with fewer restrictions than outside input. NULL when it is none. */
cJSON *tg_parse(const char *text, size_t size) FAM_MUST_CHECK;

/* tg_args.c: the parameters of a call from query, form or JSON body, as one object. NULL with *error filled. */
cJSON *tg_args_read(const struct http_sim_request *request, struct tg_error *error) FAM_MUST_CHECK;
/* tg_multipart.c: the fields of a multipart form into `args`; a file becomes an object {file_name, mime_type,
 * file_size, text}, text only while it is valid UTF-8 of at most TG_KEPT_FILE bytes; of a PNG also is_image, width and
 * height. False with *error filled. */
bool tg_args_multipart(cJSON *args, const char *content_type, const char *body, size_t size,
                       struct tg_error *error) FAM_MUST_CHECK;
/* The query alone, as an object of strings; NULL when it can't be decoded. */
cJSON *tg_args_query(const char *query) FAM_MUST_CHECK;
/* A parameter of any JSON type as text into a buffer; "" when absent. */
void tg_arg_text(const cJSON *args, const char *key, char *ret_text, size_t size);
/* Borrowed string parameter; NULL when absent or no string. */
const char *tg_arg_string(const cJSON *args, const char *key);
int64_t tg_arg_i64(const cJSON *args, const char *key, int64_t fallback);
bool tg_arg_bool(const cJSON *args, const char *key);
/* An object or array, given as such or as a string of JSON. False when it is there but is none. Free *ret_value. */
bool tg_arg_json(const cJSON *args, const char *key, cJSON **ret_value) FAM_MUST_CHECK;

/* tg_html.c: parse_mode HTML into plain text (malloc'ed) and entities. False with the service's text in `error`. */
bool tg_html_parse(const char *html, char **ret_text, cJSON **ret_entities, struct tg_error *error) FAM_MUST_CHECK;

/* tg_state.c */
bool tg_fail(struct tg_error *error, int code, const char *format, ...) FAM_PRINTF(3, 4); /* always false */
struct tg_chat *tg_chat_find(struct telegram_sim *sim, int64_t id);
/* Finds or makes; NULL when there are too many. `from`, `title`, `type` may be NULL. */
struct tg_chat *tg_chat_make(struct telegram_sim *sim, int64_t id, const cJSON *from, const char *type,
                             const char *title);
struct tg_message *tg_message_find(struct telegram_sim *sim, int64_t chat_id, int64_t id);
/* A new message of the chat, by the bot (from NULL) or a person. NULL when memory is short. */
struct tg_message *tg_message_make(struct telegram_sim *sim, struct tg_chat *chat, const cJSON *from);
/* Adds the present state to the message's history and moves the sequence on. */
void tg_message_changed(struct telegram_sim *sim, struct tg_message *message, const char *kind);
/* For the control API. */
cJSON *tg_message_view(const struct tg_message *message);
void tg_state_done(struct telegram_sim *sim);

/* tg_updates.c */
/* Queues an Update {update_id, kind: body} and takes `body`. Returns its id, 0 when the bot did not ask for the kind
 * or the queue is full. */
int64_t tg_update_add(struct telegram_sim *sim, const char *kind, cJSON *body, int64_t age_ms);
/* Queues bytes as they are; $UPDATE_ID in them is replaced by the id. */
int64_t tg_update_add_raw(struct telegram_sim *sim, const char *bytes, size_t size);
void tg_get_updates(struct telegram_sim *sim, const struct tg_caller *caller, const cJSON *args);
/* Answers what is due; returns ms until the next deadline, -1: none. */
int tg_updates_tick(struct telegram_sim *sim, uint64_t now_ms);
/* The peer of an exchange went. */
void tg_updates_gone(struct telegram_sim *sim, const struct http_sim_exchange *exchange);

/* tg_send.c, tg_edit.c, tg_methods.c: methods. NULL with *error filled on failure. */
typedef cJSON *tg_method_fn(struct telegram_sim *sim, const cJSON *args, struct tg_error *error);
tg_method_fn tg_send_message, tg_send_document, tg_send_photo, tg_send_chat_action, tg_edit_text, tg_edit_markup,
    tg_delete_message, tg_delete_messages, tg_answer_callback;
/* The chat of a call that writes to it, or NULL with *error filled. */
struct tg_chat *tg_writable_chat(struct telegram_sim *sim, const cJSON *args, struct tg_error *error);
/* text, parse_mode and entities of a call; malloc'ed text. */
bool tg_read_text(const cJSON *args, const char *too_long, char **ret_text, cJSON **ret_entities,
                  struct tg_error *error) FAM_MUST_CHECK;
/* reply_markup of a call (NULL when absent), checked. */
bool tg_read_markup(const cJSON *args, cJSON **ret_markup, struct tg_error *error) FAM_MUST_CHECK;
/* `method` in lower case; NULL when there is none of that name. */
tg_method_fn *tg_method_find(const char *method);

/* telegram_sim.c: answers. Each takes its JSON. */
void tg_answer_ok(struct telegram_sim *sim, const struct tg_caller *caller, cJSON *result);
void tg_answer_error(struct telegram_sim *sim, const struct tg_caller *caller, const struct tg_error *error);
void tg_answer_bytes(struct telegram_sim *sim, const struct tg_caller *caller, int status, const char *body,
                     size_t size);

/* tg_control.c */
void tg_control(struct telegram_sim *sim, struct http_sim_exchange *exchange, const struct http_sim_request *request);
int tg_control_tick(struct telegram_sim *sim, uint64_t now_ms);
void tg_control_gone(struct telegram_sim *sim, const struct http_sim_exchange *exchange);
void tg_control_answer(struct http_sim_exchange *exchange, int status, cJSON *body);
void tg_control_refuse(struct http_sim_exchange *exchange, int status, const char *reason);
/* tg_people.c: POST /control/update. */
void tg_control_update(struct telegram_sim *sim, struct http_sim_exchange *exchange, const cJSON *wish);
/* tg_faults.c: POST /control/fault; and the next fault that fits a call, counted down. */
bool tg_fault_add(struct telegram_sim *sim, const cJSON *wish, struct tg_error *error);
struct tg_damage tg_fault_take(struct telegram_sim *sim, const char *method, int64_t chat_id);
void tg_faults_done(struct telegram_sim *sim);

#endif
