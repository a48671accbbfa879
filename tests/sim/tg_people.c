/* tg_people.c: POST /control/update: what people do; see tg_state.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "sim/tg_state.h"

struct deed {
    const cJSON *wish;
    const char *kind;
    struct tg_chat *chat;
    int64_t age_ms;
    cJSON *answer; /* what the test gets */
};

/* Returns an HTTP status, 200 when done; `error` says why not. */
typedef int deed_fn(struct telegram_sim *sim, struct deed *deed, struct tg_error *error);

static void send_update(struct telegram_sim *sim, struct deed *deed, const char *kind, cJSON *body)
{
    tg_put_i64(deed->answer, "update_id", tg_update_add(sim, kind, body, deed->age_ms));
}

/* Commands, as Telegram marks them. */
static void add_entities(cJSON *message, const cJSON *given, const char *text)
{
    if (given) {
        tg_put_copy(message, "entities", given);
        return;
    }
    if (text[0] != '/' || text[1] == '\0')
        return;
    cJSON *list = cJSON_AddArrayToObject(message, "entities");
    cJSON *entity = cJSON_CreateObject();
    tg_put_i64(entity, "offset", 0);
    tg_put_i64(entity, "length", (int64_t)strcspn(text, " \n"));
    tg_put_text(entity, "type", "bot_command");
    if (!cJSON_AddItemToArray(list, entity))
        cJSON_Delete(entity);
}

static void add_file(cJSON *object, const char *id, int64_t size)
{
    char unique[40];
    snprintf(unique, sizeof(unique), "AQAD%s", id);
    tg_put_text(object, "file_id", id);
    tg_put_text(object, "file_unique_id", unique);
    tg_put_i64(object, "file_size", size);
}

static void add_photo(cJSON *message)
{
    cJSON *sizes = cJSON_AddArrayToObject(message, "photo");
    for (int i = 1; i <= 2; i++) {
        cJSON *size = cJSON_CreateObject();
        add_file(size, i == 1 ? "photo-small" : "photo-large", (int64_t)i * 9000);
        tg_put_i64(size, "width", (int64_t)i * 320);
        tg_put_i64(size, "height", (int64_t)i * 240);
        cJSON_AddItemToArray(sizes, size);
    }
}

/* The content that each kind of message carries instead of text. */
static bool add_content(cJSON *message, const char *kind)
{
    if (strcmp(kind, "photo") == 0) {
        add_photo(message);
        return true;
    }
    static const char *const kinds[] = {"voice", "sticker", "location", "document", "video", "video_note", "contact"};
    bool known = false;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(kinds); i++)
        known = known || strcmp(kinds[i], kind) == 0;
    if (!known)
        return false;
    cJSON *content = cJSON_AddObjectToObject(message, kind);
    if (strcmp(kind, "location") == 0) {
        cJSON_AddNumberToObject(content, "latitude", 55.75);
        cJSON_AddNumberToObject(content, "longitude", 37.5);
    } else if (strcmp(kind, "contact") == 0) {
        tg_put_text(content, "phone_number", "+10000000000");
        tg_put_text(content, "first_name", "Test");
    } else {
        add_file(content, kind, 12345);
        if (strcmp(kind, "sticker") == 0) {
            tg_put_text(content, "type", "regular");
            cJSON_AddBoolToObject(content, "is_animated", 0);
            cJSON_AddBoolToObject(content, "is_video", 0);
        } else if (strcmp(kind, "document") == 0) {
            tg_put_text(content, "file_name", "file.pdf");
        } else {
            tg_put_i64(content, "duration", 3);
        }
    }
    return true;
}

static void add_forward(cJSON *message, const cJSON *user)
{
    cJSON *origin = cJSON_AddObjectToObject(message, "forward_origin");
    tg_put_text(origin, "type", "user");
    tg_put_copy(origin, "sender_user", user);
    tg_put_i64(origin, "date", fam_wall_ms() / 1000 - 60);
}

/* A message of any kind: text, media, forwarded, a reply. */
static int do_message(struct telegram_sim *sim, struct deed *deed, struct tg_error *error)
{
    const char *text = fam_json_string(deed->wish, "text");
    bool forwarded = strcmp(deed->kind, "forward") == 0;
    bool plain = forwarded || strcmp(deed->kind, "text") == 0;
    int64_t reply_to = tg_arg_i64(deed->wish, "reply_to", 0);
    struct tg_message *reply = reply_to ? tg_message_find(sim, deed->chat->id, reply_to) : NULL;
    if ((plain && (!text || !text[0])) || (reply_to && !reply)) {
        tg_fail(error, 400, reply_to ? "no such message to reply to" : "a text message needs a text");
        return error->code;
    }
    /* A copy: a full store drops its oldest message for a new one. */
    cJSON *reply_json = reply ? cJSON_Duplicate(reply->json, 1) : NULL;
    struct tg_message *message = tg_message_make(sim, deed->chat, deed->chat->user);
    if (!message) {
        cJSON_Delete(reply_json);
        tg_fail(error, 500, "not enough memory");
        return error->code;
    }
    if (forwarded)
        add_forward(message->json, deed->chat->user);
    if (reply_json)
        cJSON_AddItemToObject(message->json, "reply_to_message", reply_json);
    if (plain) {
        tg_put_text(message->json, "text", text);
        add_entities(message->json, fam_json_get(deed->wish, "entities"), text);
    } else {
        add_content(message->json, deed->kind);
        tg_put_text(message->json, "caption", text);
    }
    tg_message_changed(sim, message, "sent");
    tg_put_i64(deed->answer, "message_id", message->id);
    send_update(sim, deed, "message", cJSON_Duplicate(message->json, 1));
    return 200;
}

static int do_edit(struct telegram_sim *sim, struct deed *deed, struct tg_error *error)
{
    const char *text = fam_json_string(deed->wish, "text");
    struct tg_message *message = tg_message_find(sim, deed->chat->id, tg_arg_i64(deed->wish, "message_id", 0));
    if (!message || message->from_bot || !text || !text[0]) {
        tg_fail(error, 404, "no such message of a person, or no text");
        return error->code;
    }
    cJSON_DeleteItemFromObjectCaseSensitive(message->json, "text");
    cJSON_DeleteItemFromObjectCaseSensitive(message->json, "entities");
    cJSON_DeleteItemFromObjectCaseSensitive(message->json, "edit_date");
    tg_put_i64(message->json, "edit_date", fam_wall_ms() / 1000);
    tg_put_text(message->json, "text", text);
    add_entities(message->json, fam_json_get(deed->wish, "entities"), text);
    tg_message_changed(sim, message, "text");
    tg_put_i64(deed->answer, "message_id", message->id);
    send_update(sim, deed, "edited_message", cJSON_Duplicate(message->json, 1));
    return 200;
}

/* The button of a message by its label or data; NULL when it has none. */
static const cJSON *find_button(const struct tg_message *message, const char *label, const char *data)
{
    const cJSON *row;
    const cJSON *button;
    cJSON_ArrayForEach(row, fam_json_get(fam_json_get(message->json, "reply_markup"), "inline_keyboard"))
    {
        cJSON_ArrayForEach(button, row)
        {
            const char *its_label = fam_json_string(button, "text");
            const char *its_data = fam_json_string(button, "callback_data");
            if (label ? its_label && strcmp(its_label, label) == 0 : its_data && strcmp(its_data, data) == 0)
                return button;
        }
    }
    return NULL;
}

/* In message_id when given, else in the newest message that has such a button. */
static struct tg_message *find_message(struct telegram_sim *sim, const struct deed *deed, const char *label,
                                       const char *data)
{
    int64_t id = tg_arg_i64(deed->wish, "message_id", 0);
    if (id)
        return tg_message_find(sim, deed->chat->id, id);
    for (size_t i = sim->message_count; i-- > 0;) {
        struct tg_message *message = sim->messages[i];
        if (message->chat_id == deed->chat->id && message->from_bot && !message->deleted &&
            find_button(message, label, data))
            return message;
    }
    return NULL;
}

static struct tg_callback *new_callback(struct telegram_sim *sim, const struct tg_message *message)
{
    if (sim->callback_count == TG_MAX_CALLBACKS) {
        free(sim->callbacks[0].text);
        memmove(sim->callbacks, sim->callbacks + 1, --sim->callback_count * sizeof(struct tg_callback));
    }
    struct tg_callback *callback = &sim->callbacks[sim->callback_count++];
    *callback =
        (struct tg_callback){.chat_id = message->chat_id, .message_id = message->id, .created_ms = fam_mono_ms()};
    snprintf(callback->id, sizeof(callback->id), "7%015" PRIu64, sim->next_callback++);
    return callback;
}

/* The message with the button. The one that it answers comes along as it stands in the chat now, or not at all. */
static void add_pressed(struct telegram_sim *sim, const struct tg_message *message, cJSON *query)
{
    cJSON *copy = cJSON_Duplicate(message->json, 1);
    const cJSON *id = fam_json_get(fam_json_get(copy, "reply_to_message"), "message_id"); /* raw: see tg_put_i64 */
    const struct tg_message *replied =
        id && cJSON_IsRaw(id) ? tg_message_find(sim, message->chat_id, strtoll(id->valuestring, NULL, 10)) : NULL;
    cJSON_DeleteItemFromObjectCaseSensitive(copy, "reply_to_message");
    if (replied)
        tg_put_copy(copy, "reply_to_message", replied->json);
    cJSON_AddItemToObject(query, "message", copy);
}

/* With "data" and no label, any data may be sent, as an old or forged client can: the button need not exist when
 * message_id is given. */
static int do_press(struct telegram_sim *sim, struct deed *deed, struct tg_error *error)
{
    const char *label = fam_json_string(deed->wish, "button");
    const char *data = fam_json_string(deed->wish, "data");
    struct tg_message *message = label || data ? find_message(sim, deed, label, data) : NULL;
    const cJSON *button = message ? find_button(message, label, data) : NULL;
    const char *sent = label ? fam_json_string(button, "callback_data") : data;
    if (!message || !sent) {
        tg_fail(error, 404, button ? "that button opens a link" : "no such button");
        return error->code;
    }
    struct tg_callback *callback = new_callback(sim, message);
    if (tg_arg_bool(deed->wish, "expired"))
        callback->created_ms -= TG_CALLBACK_MS + 1;
    cJSON *query = cJSON_CreateObject();
    tg_put_text(query, "id", callback->id);
    tg_put_copy(query, "from", deed->chat->user);
    add_pressed(sim, message, query);
    tg_put_text(query, "chat_instance", "-1234567890123456789");
    tg_put_text(query, "data", sent);
    tg_put_i64(deed->answer, "message_id", message->id);
    tg_put_text(deed->answer, "callback_query_id", callback->id);
    send_update(sim, deed, "callback_query", query);
    callback->update_id = sim->next_update_id - 1;
    return 200;
}

static cJSON *member_json(struct telegram_sim *sim, const char *status)
{
    cJSON *member = cJSON_CreateObject();
    tg_put_copy(member, "user", sim->bot);
    tg_put_text(member, "status", status);
    if (strcmp(status, "kicked") == 0)
        tg_put_i64(member, "until_date", 0);
    return member;
}

/* block, unblock in a private chat; join, kick in a group. */
static int do_membership(struct telegram_sim *sim, struct deed *deed, struct tg_error *error)
{
    (void)error;
    bool leaves = strcmp(deed->kind, "block") == 0 || strcmp(deed->kind, "kick") == 0;
    bool in_group = deed->chat->id < 0;
    const char *outside = in_group && !leaves ? "left" : "kicked";
    deed->chat->blocked = leaves;
    cJSON *change = cJSON_CreateObject();
    tg_put_copy(change, "chat", deed->chat->json);
    tg_put_copy(change, "from", deed->chat->user);
    tg_put_i64(change, "date", fam_wall_ms() / 1000);
    cJSON_AddItemToObject(change, "old_chat_member", member_json(sim, leaves ? "member" : outside));
    cJSON_AddItemToObject(change, "new_chat_member", member_json(sim, leaves ? outside : "member"));
    send_update(sim, deed, "my_chat_member", change);
    return 200;
}

/* A group becomes a supergroup with another id. */
static int do_migrate(struct telegram_sim *sim, struct deed *deed, struct tg_error *error)
{
    int64_t to = tg_arg_i64(deed->wish, "to", 0);
    struct tg_chat *new_chat = to < 0 && deed->chat->id < 0 ? tg_chat_make(sim, to, deed->chat->user, "supergroup",
                                                                           fam_json_string(deed->chat->json, "title"))
                                                            : NULL;
    struct tg_message *last = new_chat ? tg_message_make(sim, deed->chat, deed->chat->user) : NULL;
    struct tg_message *first = last ? tg_message_make(sim, new_chat, deed->chat->user) : NULL;
    if (!first) {
        tg_fail(error, 400, "to migrate, a group needs \"to\", a negative id");
        return error->code;
    }
    deed->chat->migrated_to = to;
    tg_put_i64(last->json, "migrate_to_chat_id", to);
    tg_put_i64(first->json, "migrate_from_chat_id", deed->chat->id);
    tg_update_add(sim, "message", cJSON_Duplicate(last->json, 1), 0);
    send_update(sim, deed, "message", cJSON_Duplicate(first->json, 1));
    return 200;
}

static deed_fn *find_deed(const char *kind)
{
    static const struct {
        const char *kind;
        deed_fn *run;
    } deeds[] = {{"text", do_message},     {"forward", do_message},   {"edit", do_edit},
                 {"press", do_press},      {"block", do_membership},  {"unblock", do_membership},
                 {"join", do_membership},  {"kick", do_membership},   {"migrate", do_migrate},
                 {"photo", do_message},    {"voice", do_message},     {"sticker", do_message},
                 {"location", do_message}, {"document", do_message},  {"video", do_message},
                 {"contact", do_message},  {"video_note", do_message}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(deeds); i++)
        if (strcmp(deeds[i].kind, kind) == 0)
            return deeds[i].run;
    return NULL;
}

void tg_control_update(struct telegram_sim *sim, struct http_sim_exchange *exchange, const cJSON *wish)
{
    struct tg_error error = {.code = 500, .text = "not enough memory"};
    const char *kind = fam_json_string(wish, "kind");
    struct deed deed = {.wish = wish, .kind = kind ? kind : "text", .age_ms = tg_arg_i64(wish, "age_ms", 0)};
    int64_t chat_id = tg_arg_i64(wish, "chat_id", 0);
    deed_fn *run = find_deed(deed.kind);
    if (!chat_id || !run) {
        tg_control_refuse(exchange, 400, chat_id ? "unknown kind" : "chat_id is missing");
        return;
    }
    deed.chat = tg_chat_make(sim, chat_id, fam_json_get(wish, "from"), fam_json_string(wish, "chat_type"),
                             fam_json_string(wish, "title"));
    deed.answer = cJSON_CreateObject();
    int status = deed.chat && deed.answer ? run(sim, &deed, &error) : 500;
    if (status != 200) {
        cJSON_Delete(deed.answer);
        tg_control_refuse(exchange, status, error.text);
        return;
    }
    tg_put_i64(deed.answer, "seq", (int64_t)sim->seq);
    tg_control_answer(exchange, 200, deed.answer);
}
