/* tg_state.c: see tg_state.h. */
#include "sim/tg_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

bool tg_fail(struct tg_error *error, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    /* clang-tidy 14 does not know va_start of this libc. */
    vsnprintf(error->text, sizeof(error->text), format, arguments); /* NOLINT(clang-analyzer-valist.Uninitialized) */
    va_end(arguments);
    error->text[fam_utf8_cut(error->text, sizeof(error->text) - 1)] = '\0';
    error->code = code;
    error->parameter = NULL;
    return false;
}

struct tg_chat *tg_chat_find(struct telegram_sim *sim, int64_t id)
{
    for (size_t i = 0; i < sim->chat_count; i++)
        if (sim->chats[i]->id == id)
            return sim->chats[i];
    return NULL;
}

/* A private chat carries the person's names, a group its title. */
static cJSON *chat_json(int64_t id, const cJSON *from, const char *type, const char *title)
{
    cJSON *json = cJSON_CreateObject();
    tg_put_i64(json, "id", id);
    if (id < 0) {
        tg_put_text(json, "title", title ? title : "A group");
    } else {
        tg_put_text(json, "first_name", fam_json_string(from, "first_name"));
        tg_put_text(json, "last_name", fam_json_string(from, "last_name"));
        tg_put_text(json, "username", fam_json_string(from, "username"));
    }
    tg_put_text(json, "type", type ? type : id < 0 ? "group" : "private");
    return json;
}

static cJSON *user_json(int64_t id, const cJSON *from)
{
    cJSON *user = cJSON_CreateObject();
    tg_put_i64(user, "id", tg_arg_i64(from, "id", id > 0 ? id : -id));
    cJSON_AddBoolToObject(user, "is_bot", 0);
    const char *name = fam_json_string(from, "first_name");
    tg_put_text(user, "first_name", name ? name : "Test");
    tg_put_text(user, "last_name", fam_json_string(from, "last_name"));
    tg_put_text(user, "username", fam_json_string(from, "username"));
    const char *language = fam_json_string(from, "language_code");
    tg_put_text(user, "language_code", language ? language : "ru");
    return user;
}

struct tg_chat *tg_chat_make(struct telegram_sim *sim, int64_t id, const cJSON *from, const char *type,
                             const char *title)
{
    struct tg_chat *chat = tg_chat_find(sim, id);
    if (!chat) {
        chat = sim->chat_count < TG_MAX_CHATS ? calloc(1, sizeof(*chat)) : NULL;
        if (!chat)
            return NULL;
        chat->id = id;
        sim->chats[sim->chat_count++] = chat;
    }
    if (from || !chat->user) {
        cJSON_Delete(chat->user);
        chat->user = user_json(id, from);
    }
    if (!chat->json || (from && id > 0) || title) {
        cJSON_Delete(chat->json);
        chat->json = chat_json(id, chat->user, type, title);
    }
    return chat;
}

struct tg_message *tg_message_find(struct telegram_sim *sim, int64_t chat_id, int64_t id)
{
    size_t low = 0;
    size_t high = sim->message_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sim->messages[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == sim->message_count || sim->messages[low]->id != id || sim->messages[low]->chat_id != chat_id ||
        sim->messages[low]->deleted)
        return NULL;
    return sim->messages[low];
}

static void message_free(struct tg_message *message)
{
    cJSON_Delete(message->json);
    cJSON_Delete(message->history);
    cJSON_Delete(message->file);
    free(message);
}

struct tg_message *tg_message_make(struct telegram_sim *sim, struct tg_chat *chat, const cJSON *from)
{
    struct tg_message *message = calloc(1, sizeof(*message));
    if (!message)
        return NULL;
    if (sim->message_count == TG_MAX_MESSAGES) {
        message_free(sim->messages[0]);
        memmove(sim->messages, sim->messages + 1, --sim->message_count * sizeof(struct tg_message *));
    }
    message->chat_id = chat->id;
    message->id = sim->next_message_id++;
    message->from_bot = from == NULL;
    message->sent_ms = fam_wall_ms();
    message->history = cJSON_CreateArray();
    message->json = cJSON_CreateObject();
    tg_put_i64(message->json, "message_id", message->id);
    tg_put_copy(message->json, "from", from ? from : sim->bot);
    tg_put_copy(message->json, "chat", chat->json);
    tg_put_i64(message->json, "date", message->sent_ms / 1000);
    sim->messages[sim->message_count++] = message;
    return message;
}

/* Rows of {text, data | url}. */
static cJSON *buttons_view(const cJSON *json)
{
    cJSON *rows = cJSON_CreateArray();
    const cJSON *keyboard = fam_json_get(fam_json_get(json, "reply_markup"), "inline_keyboard");
    const cJSON *row;
    const cJSON *button;
    cJSON_ArrayForEach(row, keyboard)
    {
        cJSON *out = cJSON_CreateArray();
        cJSON_ArrayForEach(button, row)
        {
            cJSON *item = cJSON_CreateObject();
            tg_put_text(item, "text", fam_json_string(button, "text"));
            tg_put_text(item, "data", fam_json_string(button, "callback_data"));
            tg_put_text(item, "url", fam_json_string(button, "url"));
            cJSON_AddItemToArray(out, item);
        }
        cJSON_AddItemToArray(rows, out);
    }
    return rows;
}

/* What a person sees: the text, or a line for a file with what is said of it below. */
static void put_shown(cJSON *view, const struct tg_message *message)
{
    char line[400 + 4 * TG_MAX_CAPTION_UTF16];
    int64_t size;
    const char *name = fam_json_string(message->file, "file_name");
    const char *caption = fam_json_string(message->json, "caption");
    if (!message->file) {
        tg_put_text(view, "text", fam_json_string(message->json, "text"));
        return;
    }
    if (!fam_json_i64(message->file, "file_size", &size))
        size = 0;
    snprintf(line, sizeof(line), "(%s %.255s, %lld bytes)%s%s", message->is_photo ? "picture" : "file",
             name ? name : "", (long long)size, caption ? "\n" : "", caption ? caption : "");
    tg_put_text(view, "text", line);
}

void tg_message_changed(struct telegram_sim *sim, struct tg_message *message, const char *kind)
{
    message->seq = ++sim->seq;
    cJSON *version = cJSON_CreateObject();
    tg_put_i64(version, "seq", (int64_t)message->seq);
    tg_put_text(version, "kind", kind);
    tg_put_i64(version, "at_ms", fam_wall_ms());
    put_shown(version, message);
    tg_put_copy(version, "entities", fam_json_get(message->json, "entities"));
    cJSON_AddItemToObject(version, "buttons", buttons_view(message->json));
    cJSON_AddItemToArray(message->history, version);
}

cJSON *tg_message_view(const struct tg_message *message)
{
    cJSON *view = cJSON_CreateObject();
    tg_put_i64(view, "message_id", message->id);
    tg_put_i64(view, "chat_id", message->chat_id);
    tg_put_i64(view, "seq", (int64_t)message->seq);
    cJSON_AddBoolToObject(view, "from_bot", message->from_bot);
    cJSON_AddBoolToObject(view, "deleted", message->deleted);
    cJSON_AddBoolToObject(view, "protected", message->is_protected);
    tg_put_i64(view, "sent_ms", message->sent_ms);
    put_shown(view, message);
    tg_put_copy(view, message->is_photo ? "photo" : "document", message->file);
    tg_put_copy(view, "entities", fam_json_get(message->json, "entities"));
    tg_put_copy(view, "reply_to", fam_json_get(fam_json_get(message->json, "reply_to_message"), "message_id"));
    cJSON_AddItemToObject(view, "buttons", buttons_view(message->json));
    tg_put_copy(view, "history", message->history);
    return view;
}

void tg_state_done(struct telegram_sim *sim)
{
    for (size_t i = 0; i < sim->chat_count; i++) {
        cJSON_Delete(sim->chats[i]->json);
        cJSON_Delete(sim->chats[i]->user);
        free(sim->chats[i]);
    }
    for (size_t i = 0; i < sim->message_count; i++)
        message_free(sim->messages[i]);
    for (size_t i = 0; i < sim->update_count; i++)
        free(sim->updates[i].text);
    for (size_t i = 0; i < sim->callback_count; i++)
        free(sim->callbacks[i].text);
    free(sim->messages);
    free(sim->updates);
    free(sim->callbacks);
    free(sim->calls);
    free(sim->latencies);
    cJSON_Delete(sim->bot);
    cJSON_Delete(sim->allowed);
    cJSON_Delete(sim->settings);
    tg_faults_done(sim);
}
