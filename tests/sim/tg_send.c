/* tg_send.c: what a bot says; see tg_state.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "sim/tg_state.h"

enum { LONGEST_RAW_TEXT = 1 << 15 };

struct tg_chat *tg_writable_chat(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    char id[32];
    tg_arg_text(args, "chat_id", id, sizeof(id));
    struct tg_chat *chat = tg_chat_find(sim, tg_arg_i64(args, "chat_id", 0));
    if (!id[0])
        tg_fail(error, 400, "Bad Request: chat_id is empty");
    else if (!chat)
        tg_fail(error, 400, "Bad Request: chat not found");
    else if (chat->migrated_to) {
        tg_fail(error, 400, "Bad Request: group chat was upgraded to a supergroup chat");
        error->parameter = "migrate_to_chat_id";
        error->value = chat->migrated_to;
    } else if (chat->blocked && chat->id > 0)
        tg_fail(error, 403, "Forbidden: bot was blocked by the user");
    else if (chat->blocked)
        tg_fail(error, 403, "Forbidden: bot was kicked from the group chat");
    else
        return chat;
    return NULL;
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

static void trim_end(char *text)
{
    size_t size = strlen(text);
    while (size && strchr(" \t\r\n", text[size - 1]))
        text[--size] = '\0';
}

/* `raw` as the call's parse_mode has it: plain text (malloc'ed) and entities, either of which a person may see. */
static bool read_mode(const cJSON *args, const char *raw, const char *entities_key, char **ret_text,
                      cJSON **ret_entities, struct tg_error *error)
{
    char mode[16];
    tg_arg_text(args, "parse_mode", mode, sizeof(mode));
    if (strcasecmp(mode, "html") == 0) {
        tg_fail(error, 500, "Internal Server Error: not enough memory");
        return tg_html_parse(raw, ret_text, ret_entities, error);
    }
    if (mode[0] && strcasecmp(mode, "none") != 0)
        return tg_fail(error, 400, "Bad Request: unsupported parse_mode");
    *ret_text = strdup(raw);
    if (*ret_text && tg_arg_json(args, entities_key, ret_entities))
        return true;
    free(*ret_text);
    *ret_text = NULL;
    return tg_fail(error, 400, "Bad Request: can't parse entities JSON object");
}

bool tg_read_text(const cJSON *args, const char *too_long, char **ret_text, cJSON **ret_entities,
                  struct tg_error *error)
{
    const char *text = tg_arg_string(args, "text");
    *ret_entities = NULL;
    if (!text || !text[0])
        return tg_fail(error, 400, "Bad Request: message text is empty");
    if (strlen(text) > LONGEST_RAW_TEXT)
        return tg_fail(error, 400, "Bad Request: text is too long");
    if (!read_mode(args, text, "entities", ret_text, ret_entities, error))
        return false;
    bool good = true;
    trim_end(*ret_text);
    if (is_blank(*ret_text))
        good = tg_fail(error, 400, "Bad Request: text must be non-empty");
    else if (fam_utf16_length(*ret_text) > TG_MAX_TEXT_UTF16)
        good = tg_fail(error, 400, "Bad Request: %s", too_long);
    if (good)
        return true;
    free(*ret_text);
    cJSON_Delete(*ret_entities);
    *ret_text = NULL;
    *ret_entities = NULL;
    return false;
}

/* The caption of a file, "" without one. */
static bool read_caption(const cJSON *args, char **ret_text, cJSON **ret_entities, struct tg_error *error)
{
    const char *caption = tg_arg_string(args, "caption");
    *ret_entities = NULL;
    if (caption && strlen(caption) > LONGEST_RAW_TEXT)
        return tg_fail(error, 400, "Bad Request: message caption is too long");
    if (!read_mode(args, caption ? caption : "", "caption_entities", ret_text, ret_entities, error))
        return false;
    trim_end(*ret_text);
    if (fam_utf16_length(*ret_text) <= TG_MAX_CAPTION_UTF16)
        return true;
    free(*ret_text);
    cJSON_Delete(*ret_entities);
    *ret_text = NULL;
    *ret_entities = NULL;
    return tg_fail(error, 400, "Bad Request: message caption is too long");
}

static bool check_button(const cJSON *button, struct tg_error *error)
{
    const char *text = fam_json_string(button, "text");
    const cJSON *data = fam_json_get(button, "callback_data");
    if (!cJSON_IsObject(button))
        return tg_fail(error, 400,
                       "Bad Request: can't parse inline keyboard button: InlineKeyboardButton must be an Object");
    if (!text)
        return tg_fail(error, 400, "Bad Request: can't parse inline keyboard button: Can't find field \"text\"");
    if (!text[0])
        return tg_fail(error, 400, "Bad Request: BUTTON_TEXT_INVALID");
    if (fam_json_string(button, "url"))
        return fam_json_string(button, "url")[0] || tg_fail(error, 400, "Bad Request: BUTTON_URL_INVALID");
    if (!data)
        return tg_fail(error, 400,
                       "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline "
                       "keyboard");
    if (!cJSON_IsString(data) || !data->valuestring[0] || strlen(data->valuestring) > TG_MAX_BUTTON_DATA)
        return tg_fail(error, 400, "Bad Request: BUTTON_DATA_INVALID");
    return true;
}

bool tg_read_markup(const cJSON *args, cJSON **ret_markup, struct tg_error *error)
{
    const cJSON *row;
    const cJSON *button;
    int count = 0;
    bool good = true;
    if (!tg_arg_json(args, "reply_markup", ret_markup))
        return tg_fail(error, 400, "Bad Request: can't parse reply keyboard markup JSON object");
    if (!*ret_markup)
        return true;
    const cJSON *keyboard = fam_json_get(*ret_markup, "inline_keyboard");
    if (!cJSON_IsObject(*ret_markup))
        good = tg_fail(error, 400, "Bad Request: object expected as reply markup");
    else if (keyboard && !cJSON_IsArray(keyboard))
        good =
            tg_fail(error, 400,
                    "Bad Request: field \"inline_keyboard\" of the InlineKeyboardMarkup should be an Array of Arrays");
    cJSON_ArrayForEach(row, keyboard)
    {
        if (good && !cJSON_IsArray(row))
            good = tg_fail(error, 400,
                           "Bad Request: can't parse inline keyboard button: field \"inline_keyboard\" of the "
                           "InlineKeyboardMarkup should be an Array of Arrays");
        cJSON_ArrayForEach(button, row)
        {
            good = good && check_button(button, error);
            count++;
        }
    }
    if (good && count > TG_MAX_BUTTONS)
        good = tg_fail(error, 400, "Bad Request: reply markup is too long");
    if (!good) {
        cJSON_Delete(*ret_markup);
        *ret_markup = NULL;
    }
    return good;
}

/* The wait in seconds before `window` may take one more, 0: now. Its entries are the last `count` sends. */
static int64_t wait_s(const uint64_t *window, uint64_t window_ms, uint64_t now_ms)
{
    uint64_t free_ms = window[0] + window_ms;
    if (window[0] == 0 || now_ms >= free_ms)
        return 0;
    return (int64_t)((free_ms - now_ms + 999) / 1000);
}

static void note_send(uint64_t *window, size_t count, uint64_t now_ms)
{
    memmove(window, window + 1, (count - 1) * sizeof(window[0]));
    window[count - 1] = now_ms;
}

static bool within_limits(struct telegram_sim *sim, struct tg_chat *chat, struct tg_error *error)
{
    uint64_t now_ms = fam_mono_ms();
    int64_t overall_s = wait_s(sim->overall_sends, 1000, now_ms);
    int64_t chat_s = wait_s(chat->sends, TG_CHAT_WINDOW_MS, now_ms);
    int64_t retry_s = overall_s > chat_s ? overall_s : chat_s;
    if (sim->limits && retry_s) {
        tg_fail(error, 429, "Too Many Requests: retry after %lld", (long long)retry_s);
        error->parameter = "retry_after";
        error->value = retry_s;
        return false;
    }
    note_send(sim->overall_sends, TG_OVERALL_PER_S, now_ms);
    note_send(chat->sends, TG_CHAT_PER_WINDOW, now_ms);
    return true;
}

/* A copy of the message that this one answers, NULL when it answers none: reply_parameters.message_id, or the older
 * reply_to_message_id. */
static bool find_reply(struct telegram_sim *sim, const struct tg_chat *chat, const cJSON *args, cJSON **ret_reply,
                       struct tg_error *error)
{
    cJSON *parameters = NULL;
    struct tg_message *found = NULL;
    *ret_reply = NULL;
    if (!tg_arg_json(args, "reply_parameters", &parameters))
        return tg_fail(error, 400, "Bad Request: can't parse reply parameters JSON object");
    int64_t id = parameters ? tg_arg_i64(parameters, "message_id", 0) : tg_arg_i64(args, "reply_to_message_id", 0);
    bool must = !tg_arg_bool(parameters ? parameters : args, "allow_sending_without_reply");
    bool wanted = id != 0 || parameters;
    cJSON_Delete(parameters);
    if (wanted)
        found = tg_message_find(sim, chat->id, id);
    if (found)
        *ret_reply = cJSON_Duplicate(found->json, 1);
    return found || !wanted || !must || tg_fail(error, 400, "Bad Request: message to be replied not found");
}

/* The message that an update waited for. */
static void note_answer(struct telegram_sim *sim, struct tg_chat *chat)
{
    uint64_t now_us = fam_mono_us();
    if (chat->handed_us && sim->latency_count < TG_MAX_LATENCIES)
        sim->latencies[sim->latency_count++] =
            (struct tg_latency){(uint32_t)(now_us - chat->queued_us), (uint32_t)(now_us - chat->handed_us)};
    chat->handed_us = 0;
}

cJSON *tg_send_message(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    struct tg_chat *chat = tg_writable_chat(sim, args, error);
    cJSON *reply = NULL;
    struct tg_message *message = NULL;
    cJSON *entities = NULL;
    cJSON *markup = NULL;
    char *text = NULL;
    if (!chat || !tg_read_markup(args, &markup, error))
        return NULL;
    if (tg_read_text(args, "message is too long", &text, &entities, error)) {
        tg_fail(error, 500, "Internal Server Error: not enough memory");
        if (find_reply(sim, chat, args, &reply, error) && within_limits(sim, chat, error))
            message = tg_message_make(sim, chat, NULL);
    }
    if (message) {
        tg_put_copy(message->json, "reply_to_message", reply);
        tg_put_text(message->json, "text", text);
        if (cJSON_GetArraySize(entities) > 0)
            tg_put_copy(message->json, "entities", entities);
        if (fam_json_get(markup, "inline_keyboard"))
            tg_put_copy(message->json, "reply_markup", markup);
        message->is_protected = tg_arg_bool(args, "protect_content");
        if (message->is_protected)
            cJSON_AddBoolToObject(message->json, "has_protected_content", 1);
        chat->typing_until_ms = 0;
        note_answer(sim, chat);
        tg_message_changed(sim, message, "sent");
    }
    free(text);
    cJSON_Delete(reply);
    cJSON_Delete(entities);
    cJSON_Delete(markup);
    return message ? cJSON_Duplicate(message->json, 1) : NULL;
}

/* The file of a call, or NULL with *error filled. A file_id or a URL in its place is more than this simulator does. */
static const cJSON *read_file(const cJSON *args, const char *what, struct tg_error *error)
{
    int64_t size = 0;
    const cJSON *file = fam_json_get(args, what);
    if (!cJSON_IsObject(file))
        tg_fail(error, 400, "Bad Request: there is no %s in the request", what);
    else if (!fam_json_i64(file, "file_size", &size) || size == 0)
        tg_fail(error, 400, "Bad Request: file must be non-empty");
    else if (strcmp(what, "photo") == 0 && size > TG_MAX_PHOTO)
        tg_fail(error, 400, "Bad Request: file is too big");
    else if (strcmp(what, "photo") == 0 && !fam_json_bool(file, "is_image"))
        tg_fail(error, 400, "Bad Request: IMAGE_PROCESS_FAILED");
    else
        return file;
    return NULL;
}

static void put_document(cJSON *json, const cJSON *file, const char *id)
{
    cJSON *sent = cJSON_AddObjectToObject(json, "document");
    tg_put_text(sent, "file_id", id);
    tg_put_text(sent, "file_unique_id", id);
    tg_put_copy(sent, "file_name", fam_json_get(file, "file_name"));
    tg_put_copy(sent, "mime_type", fam_json_get(file, "mime_type"));
    tg_put_copy(sent, "file_size", fam_json_get(file, "file_size"));
}

/* The service makes pictures of several sizes of it; one is enough here. */
static void put_photo(cJSON *json, const cJSON *file, const char *id)
{
    cJSON *sizes = cJSON_AddArrayToObject(json, "photo");
    cJSON *sent = cJSON_CreateObject();
    tg_put_text(sent, "file_id", id);
    tg_put_text(sent, "file_unique_id", id);
    tg_put_copy(sent, "width", fam_json_get(file, "width"));
    tg_put_copy(sent, "height", fam_json_get(file, "height"));
    tg_put_copy(sent, "file_size", fam_json_get(file, "file_size"));
    cJSON_AddItemToArray(sizes, sent);
}

static void put_said(struct tg_message *message, const cJSON *args, const char *caption, const cJSON *entities,
                     const cJSON *markup)
{
    if (caption[0])
        tg_put_text(message->json, "caption", caption);
    if (cJSON_GetArraySize(entities) > 0)
        tg_put_copy(message->json, "caption_entities", entities);
    if (fam_json_get(markup, "inline_keyboard"))
        tg_put_copy(message->json, "reply_markup", markup);
    message->is_protected = tg_arg_bool(args, "protect_content");
    if (message->is_protected)
        cJSON_AddBoolToObject(message->json, "has_protected_content", 1);
}

/* A file as a message, with its caption and buttons. */
static cJSON *send_file(struct telegram_sim *sim, const cJSON *args, const char *what, struct tg_error *error)
{
    char id[32];
    cJSON *entities = NULL, *markup = NULL;
    char *caption = NULL;
    struct tg_message *message = NULL;
    struct tg_chat *chat = tg_writable_chat(sim, args, error);
    const cJSON *file = chat ? read_file(args, what, error) : NULL;
    if (!file || !tg_read_markup(args, &markup, error))
        return NULL;
    if (read_caption(args, &caption, &entities, error) && within_limits(sim, chat, error)) {
        tg_fail(error, 500, "Internal Server Error: not enough memory");
        message = tg_message_make(sim, chat, NULL);
    }
    if (message) {
        message->file = cJSON_Duplicate(file, 1);
        message->is_photo = strcmp(what, "photo") == 0;
        snprintf(id, sizeof(id), "file%lld", (long long)message->id);
        (message->is_photo ? put_photo : put_document)(message->json, file, id);
        put_said(message, args, caption, entities, markup);
        chat->typing_until_ms = 0;
        note_answer(sim, chat);
        tg_message_changed(sim, message, "sent");
    }
    free(caption);
    cJSON_Delete(entities);
    cJSON_Delete(markup);
    return message ? cJSON_Duplicate(message->json, 1) : NULL;
}

cJSON *tg_send_document(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    return send_file(sim, args, "document", error);
}

cJSON *tg_send_photo(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    return send_file(sim, args, "photo", error);
}

cJSON *tg_send_chat_action(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    static const char *const actions[] = {"typing",        "upload_photo",      "record_video",      "upload_video",
                                          "record_voice",  "upload_voice",      "upload_document",   "choose_sticker",
                                          "find_location", "record_video_note", "upload_video_note", "cancel"};
    char action[32];
    bool known = false;
    tg_arg_text(args, "action", action, sizeof(action));
    for (size_t i = 0; i < FAM_ARRAY_SIZE(actions); i++)
        known = known || strcasecmp(actions[i], action) == 0;
    if (!known) {
        tg_fail(error, 400, "Bad Request: wrong parameter action in request");
        return NULL;
    }
    struct tg_chat *chat = tg_writable_chat(sim, args, error);
    if (!chat)
        return NULL;
    chat->typing_until_ms = strcasecmp(action, "cancel") == 0 ? 0 : fam_mono_ms() + TG_TYPING_MS;
    sim->seq++;
    return cJSON_CreateTrue();
}
