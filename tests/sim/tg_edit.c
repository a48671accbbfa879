/* tg_edit.c: what a bot changes of what it has said, and the answer to a pressed button; see tg_state.h. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "sim/tg_state.h"

static struct tg_message *editable(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    struct tg_chat *chat = tg_writable_chat(sim, args, error);
    if (!chat)
        return NULL;
    int64_t id = tg_arg_i64(args, "message_id", 0);
    struct tg_message *message = id > 0 ? tg_message_find(sim, chat->id, id) : NULL;
    if (id <= 0 && !fam_json_get(args, "message_id"))
        tg_fail(error, 400, "Bad Request: message identifier is not specified");
    else if (!message)
        tg_fail(error, 400, "Bad Request: message to edit not found");
    else if (!message->from_bot)
        tg_fail(error, 400, "Bad Request: message can't be edited");
    else
        return message;
    return NULL;
}

static bool same(const cJSON *a, const cJSON *b)
{
    int size_a = cJSON_GetArraySize(a);
    int size_b = cJSON_GetArraySize(b);
    if (size_a == 0 || size_b == 0)
        return size_a == size_b;
    char *left = cJSON_PrintUnformatted(a);
    char *right = cJSON_PrintUnformatted(b);
    bool equal = left && right && strcmp(left, right) == 0;
    free(left);
    free(right);
    return equal;
}

static const cJSON *keyboard_of(const cJSON *object)
{
    return fam_json_get(object, "inline_keyboard");
}

static void set_member(cJSON *object, const char *key, const cJSON *value)
{
    cJSON_DeleteItemFromObjectCaseSensitive(object, key);
    if (cJSON_GetArraySize(value) > 0)
        tg_put_copy(object, key, value);
}

static void mark_edited(struct telegram_sim *sim, struct tg_message *message, const char *kind)
{
    cJSON_DeleteItemFromObjectCaseSensitive(message->json, "edit_date");
    tg_put_i64(message->json, "edit_date", fam_wall_ms() / 1000);
    tg_message_changed(sim, message, kind);
}

static bool fail_unmodified(struct tg_error *error)
{
    return tg_fail(error, 400,
                   "Bad Request: message is not modified: specified new message content and reply markup are exactly "
                   "the same as a current content and reply markup of the message");
}

/* An edit without reply_markup removes the buttons, as in the real service. */
static void set_markup(struct tg_message *message, const cJSON *markup)
{
    set_member(message->json, "reply_markup", cJSON_GetArraySize(keyboard_of(markup)) > 0 ? markup : NULL);
}

cJSON *tg_edit_text(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    struct tg_message *message = editable(sim, args, error);
    cJSON *entities = NULL;
    cJSON *markup = NULL;
    char *text = NULL;
    if (message && message->file) {
        tg_fail(error, 400, "Bad Request: there is no text in the message to edit");
        return NULL;
    }
    if (!message || !tg_read_markup(args, &markup, error))
        return NULL;
    if (!tg_read_text(args, "MESSAGE_TOO_LONG", &text, &entities, error)) {
        cJSON_Delete(markup);
        return NULL;
    }
    const char *before = fam_json_string(message->json, "text");
    bool done = true;
    if (before && strcmp(before, text) == 0 && same(fam_json_get(message->json, "entities"), entities) &&
        same(keyboard_of(fam_json_get(message->json, "reply_markup")), keyboard_of(markup))) {
        done = fail_unmodified(error);
    } else {
        bool new_text = !before || strcmp(before, text) != 0;
        cJSON_DeleteItemFromObjectCaseSensitive(message->json, "text");
        tg_put_text(message->json, "text", text);
        set_member(message->json, "entities", entities);
        set_markup(message, markup);
        mark_edited(sim, message, new_text ? "text" : "buttons");
        tg_chat_find(sim, message->chat_id)->typing_until_ms = 0;
    }
    free(text);
    cJSON_Delete(entities);
    cJSON_Delete(markup);
    return done ? cJSON_Duplicate(message->json, 1) : NULL;
}

cJSON *tg_edit_markup(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    struct tg_message *message = editable(sim, args, error);
    cJSON *markup = NULL;
    bool done = true;
    if (!message || !tg_read_markup(args, &markup, error))
        return NULL;
    if (same(keyboard_of(fam_json_get(message->json, "reply_markup")), keyboard_of(markup))) {
        done = fail_unmodified(error);
    } else {
        set_markup(message, markup);
        mark_edited(sim, message, "buttons");
    }
    cJSON_Delete(markup);
    return done ? cJSON_Duplicate(message->json, 1) : NULL;
}

static bool is_deletable(const struct tg_message *message)
{
    return fam_wall_ms() - message->sent_ms <= (int64_t)48 * 3600 * 1000;
}

/* Those that are not found or too old are passed over, as the service does. */
cJSON *tg_delete_messages(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    struct tg_chat *chat = tg_writable_chat(sim, args, error);
    cJSON *ids = NULL;
    const cJSON *item;
    if (!chat)
        return NULL;
    int count = tg_arg_json(args, "message_ids", &ids) && cJSON_IsArray(ids) ? cJSON_GetArraySize(ids) : 0;
    if (count < 1 || count > TG_MAX_DELETED) {
        cJSON_Delete(ids);
        tg_fail(error, 400, "Bad Request: %s",
                count > 0 ? "too many message identifiers specified" : "message identifiers are not specified");
        return NULL;
    }
    cJSON_ArrayForEach(item, ids)
    {
        struct tg_message *message = tg_message_find(sim, chat->id, (int64_t)cJSON_GetNumberValue(item));
        if (message && is_deletable(message)) {
            message->deleted = true;
            message->seq = ++sim->seq;
        }
    }
    cJSON_Delete(ids);
    return cJSON_CreateTrue();
}

cJSON *tg_delete_message(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    struct tg_chat *chat = tg_writable_chat(sim, args, error);
    if (!chat)
        return NULL;
    if (!fam_json_get(args, "message_id")) {
        tg_fail(error, 400, "Bad Request: message identifier is not specified");
        return NULL;
    }
    struct tg_message *message = tg_message_find(sim, chat->id, tg_arg_i64(args, "message_id", 0));
    if (!message) {
        tg_fail(error, 400, "Bad Request: message to delete not found");
        return NULL;
    }
    if (!is_deletable(message)) {
        tg_fail(error, 400, "Bad Request: message can't be deleted");
        return NULL;
    }
    message->deleted = true;
    message->seq = ++sim->seq;
    return cJSON_CreateTrue();
}

cJSON *tg_answer_callback(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    char id[32];
    const char *text = tg_arg_string(args, "text");
    tg_arg_text(args, "callback_query_id", id, sizeof(id));
    for (size_t i = 0; i < sim->callback_count; i++) {
        struct tg_callback *callback = &sim->callbacks[i];
        if (strcmp(callback->id, id) != 0 || callback->answered ||
            fam_mono_ms() - callback->created_ms > TG_CALLBACK_MS)
            continue;
        if (text && text[0]) {
            callback->text = strdup(text);
            callback->alert = tg_arg_bool(args, "show_alert");
        }
        callback->answered = true;
        callback->seq = ++sim->seq;
        return cJSON_CreateTrue();
    }
    tg_fail(error, 400, "Bad Request: query is too old and response timeout expired or query ID is invalid");
    return NULL;
}
