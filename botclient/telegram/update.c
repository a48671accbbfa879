#include "telegram/update.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

enum { ELEMENT_MAX = 256 * 1024, TEXTS = 4 };

static enum fam_chat_type chat_type_of(const cJSON *chat)
{
    const char *type = fam_json_string(chat, "type");
    if (!type) {
        return FAM_CHAT_UNKNOWN;
    }
    if (strcmp(type, "private") == 0) {
        return FAM_CHAT_PRIVATE;
    }
    if (strcmp(type, "group") == 0 || strcmp(type, "supergroup") == 0) {
        return FAM_CHAT_GROUP;
    }
    return strcmp(type, "channel") == 0 ? FAM_CHAT_CHANNEL : FAM_CHAT_UNKNOWN;
}

static enum fam_media media_of(const cJSON *message)
{
    static const struct {
        const char *member;
        enum fam_media media;
    } kinds[] = {
        {"photo", FAM_MEDIA_PHOTO},       {"voice", FAM_MEDIA_VOICE},      {"audio", FAM_MEDIA_VOICE},
        {"video", FAM_MEDIA_VIDEO},       {"video_note", FAM_MEDIA_VIDEO}, {"animation", FAM_MEDIA_VIDEO},
        {"story", FAM_MEDIA_VIDEO},       {"sticker", FAM_MEDIA_STICKER},  {"venue", FAM_MEDIA_LOCATION},
        {"location", FAM_MEDIA_LOCATION}, {"contact", FAM_MEDIA_CONTACT},  {"document", FAM_MEDIA_FILE},
        {"poll", FAM_MEDIA_OTHER},        {"dice", FAM_MEDIA_OTHER},       {"game", FAM_MEDIA_OTHER},
        {"paid_media", FAM_MEDIA_OTHER},  {"invoice", FAM_MEDIA_OTHER},    {"giveaway", FAM_MEDIA_OTHER},
        {"checklist", FAM_MEDIA_OTHER},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(kinds); i++) {
        if (fam_json_get(message, kinds[i].member)) {
            return kinds[i].media;
        }
    }
    return FAM_MEDIA_SERVICE;
}

/* Was the bot in the chat, with this status of a ChatMember? */
static bool is_inside(const cJSON *member)
{
    const char *status = fam_json_string(member, "status");
    if (!status) {
        return false;
    }
    if (strcmp(status, "restricted") == 0) {
        return fam_json_bool(member, "is_member");
    }
    return strcmp(status, "left") != 0 && strcmp(status, "kicked") != 0;
}

static void read_sender(struct fam_update *update, const cJSON *from, bool *ret_is_bot)
{
    const char *code = fam_json_string(from, "language_code");
    int64_t id = 0;
    *ret_is_bot = fam_json_bool(from, "is_bot");
    if (fam_json_i64(from, "id", &id) && id > 0) {
        update->from_id = id;
    }
    if (!code || strlen(code) >= sizeof(update->language_code)) {
        return;
    }
    for (size_t i = 0; code[i]; i++) {
        char c = code[i];
        update->language_code[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
}

/* Chat and message id. False when the message names no chat. */
static bool read_place(struct fam_update *update, const cJSON *message)
{
    const cJSON *chat = fam_json_get(message, "chat");
    if (!fam_json_i64(chat, "id", &update->chat_id) || update->chat_id == 0) {
        return false;
    }
    update->chat_type = chat_type_of(chat);
    int64_t id = 0;
    if (fam_json_i64(message, "message_id", &id) && id > 0) {
        update->message_id = id;
    }
    return true;
}

struct texts {
    const char *text;
    const char *callback_id;
    const char *data;
    const char *replied;
};

static void read_message(struct fam_update *update, const cJSON *message, enum fam_update_kind kind,
                         struct texts *texts)
{
    bool is_bot = false;
    read_sender(update, fam_json_get(message, "from"), &is_bot);
    if (!read_place(update, message) || is_bot || update->from_id == 0 || update->chat_type == FAM_CHAT_CHANNEL) {
        return;
    }
    update->kind = kind;
    texts->text = fam_json_string(message, "text");
    if (texts->text) {
        return;
    }
    update->media = media_of(message);
    texts->text = fam_json_string(message, "caption");
}

/* Only what the person wrote: nobody else's words are read for theirs. */
static void read_replied(struct fam_update *update, const cJSON *message, struct texts *texts)
{
    const cJSON *replied = fam_json_get(message, "reply_to_message");
    int64_t from_id = 0, id = 0;
    if (!fam_json_i64(fam_json_get(replied, "from"), "id", &from_id) || from_id != update->from_id ||
        !fam_json_i64(replied, "message_id", &id) || id <= 0) {
        return;
    }
    update->replied_id = id;
    texts->replied = fam_json_string(replied, "text");
    if (!texts->replied) {
        texts->replied = fam_json_string(replied, "caption");
    }
}

static void read_callback(struct fam_update *update, const cJSON *callback, struct texts *texts)
{
    bool is_bot = false;
    texts->callback_id = fam_json_string(callback, "id");
    texts->data = fam_json_string(callback, "data");
    read_sender(update, fam_json_get(callback, "from"), &is_bot);
    if (!texts->callback_id || update->from_id == 0) {
        return;
    }
    update->kind = FAM_UPDATE_CALLBACK;
    if (read_place(update, fam_json_get(callback, "message"))) {
        read_replied(update, fam_json_get(callback, "message"), texts);
        return;
    }
    /* A button of a message that Telegram no longer shows us: the answer goes to the person. */
    update->chat_type = FAM_CHAT_PRIVATE;
    update->chat_id = update->from_id;
}

static void read_member(struct fam_update *update, const cJSON *member)
{
    bool is_bot = false;
    read_sender(update, fam_json_get(member, "from"), &is_bot);
    if (!read_place(update, member) || update->from_id == 0) {
        return;
    }
    bool before = is_inside(fam_json_get(member, "old_chat_member"));
    bool after = is_inside(fam_json_get(member, "new_chat_member"));
    update->kind = FAM_UPDATE_MEMBER;
    update->membership = before == after ? FAM_MEMBERSHIP_SAME : after ? FAM_MEMBERSHIP_ADDED : FAM_MEMBERSHIP_REMOVED;
}

static void read_body(struct fam_update *update, const cJSON *root, struct texts *texts)
{
    const cJSON *part;
    if ((part = fam_json_get(root, "message"))) {
        read_message(update, part, FAM_UPDATE_MESSAGE, texts);
    } else if ((part = fam_json_get(root, "edited_message"))) {
        read_message(update, part, FAM_UPDATE_EDITED, texts);
    } else if ((part = fam_json_get(root, "callback_query"))) {
        read_callback(update, part, texts);
    } else if ((part = fam_json_get(root, "my_chat_member"))) {
        read_member(update, part);
    }
}

/* Moves the update and its texts into one block. */
static struct fam_update *pack(const struct fam_update *update, const struct texts *texts)
{
    const char *parts[TEXTS] = {texts->text, texts->callback_id, texts->data, texts->replied};
    size_t sizes[TEXTS], total = sizeof(*update);
    for (size_t i = 0; i < TEXTS; i++) {
        sizes[i] = parts[i] ? strlen(parts[i]) + 1 : 1;
        total += sizes[i];
    }
    struct fam_update *packed = malloc(total);
    if (!packed) {
        return NULL;
    }
    *packed = *update;
    char *at = (char *)(packed + 1);
    const char **slots[TEXTS] = {&packed->text, &packed->callback_id, &packed->data, &packed->replied_text};
    for (size_t i = 0; i < TEXTS; i++) {
        memcpy(at, parts[i] ? parts[i] : "", sizes[i]);
        *slots[i] = at;
        at += sizes[i];
    }
    return packed;
}

struct fam_update *fam_update_parse(const char *json, size_t size)
{
    cJSON *root = fam_json_parse(json, size, ELEMENT_MAX);
    struct fam_update update = {0};
    struct texts texts = {0};
    struct fam_update *packed = NULL;
    if (root && fam_json_i64(root, "update_id", &update.update_id) && update.update_id >= 0) {
        read_body(&update, root, &texts);
        packed = pack(&update, &texts);
    }
    cJSON_Delete(root);
    return packed;
}

void fam_update_free(struct fam_update *update)
{
    if (!update) {
        return;
    }
    explicit_bzero((char *)update->text, strlen(update->text));
    explicit_bzero((char *)update->replied_text, strlen(update->replied_text));
    free(update);
}

const char *fam_update_kind_name(enum fam_update_kind kind)
{
    switch (kind) {
    case FAM_UPDATE_MESSAGE:
        return "message";
    case FAM_UPDATE_EDITED:
        return "edited_message";
    case FAM_UPDATE_CALLBACK:
        return "callback_query";
    case FAM_UPDATE_MEMBER:
        return "my_chat_member";
    case FAM_UPDATE_OTHER:
        break;
    }
    return "other";
}

/* A place in JSON text whose strings and brackets are followed, nothing else. */
struct cursor {
    const char *at;
    const char *end;
};

static void skip_space(struct cursor *cursor)
{
    while (cursor->at < cursor->end && strchr(" \t\r\n", *cursor->at) && *cursor->at) {
        cursor->at++;
    }
}

static bool take(struct cursor *cursor, char c)
{
    skip_space(cursor);
    if (cursor->at == cursor->end || *cursor->at != c) {
        return false;
    }
    cursor->at++;
    return true;
}

/* Behind the string that starts here. */
static bool skip_string(struct cursor *cursor)
{
    if (!take(cursor, '"')) {
        return false;
    }
    for (; cursor->at < cursor->end; cursor->at++) {
        if (*cursor->at == '\\') {
            cursor->at++;
        } else if (*cursor->at == '"') {
            cursor->at++;
            return true;
        }
    }
    cursor->at = cursor->end;
    return false;
}

/* Behind the value that starts here, whatever it is. */
static bool skip_value(struct cursor *cursor)
{
    size_t depth = 0;
    skip_space(cursor);
    const char *start = cursor->at;
    while (cursor->at < cursor->end) {
        char c = *cursor->at;
        if (c == '"') {
            if (!skip_string(cursor)) {
                return false;
            }
            if (depth == 0) {
                return true;
            }
            continue;
        }
        if (depth == 0 && (c == ',' || c == ']' || c == '}')) {
            return cursor->at > start;
        }
        cursor->at++;
        if (c == '{' || c == '[') {
            depth++;
        } else if ((c == '}' || c == ']') && --depth == 0) {
            return true;
        }
    }
    return false;
}

static bool split_array(struct cursor *cursor, struct fam_span *ret_spans, size_t capacity, size_t *ret_count)
{
    size_t count = 0;
    if (!take(cursor, '[')) {
        return false;
    }
    if (take(cursor, ']')) {
        *ret_count = 0;
        return true;
    }
    do {
        skip_space(cursor);
        const char *start = cursor->at;
        if (!skip_value(cursor)) {
            return false;
        }
        if (count < capacity) {
            ret_spans[count++] = (struct fam_span){start, (size_t)(cursor->at - start)};
        }
    } while (take(cursor, ','));
    if (!take(cursor, ']')) {
        return false;
    }
    *ret_count = count;
    return true;
}

static bool span_is(const char *start, const char *end, const char *text)
{
    size_t size = strlen(text);
    return (size_t)(end - start) == size && memcmp(start, text, size) == 0;
}

bool fam_updates_split(const char *body, size_t size, struct fam_span *ret_spans, size_t capacity, size_t *ret_count)
{
    struct cursor cursor = {body, body + size};
    bool is_ok = false, has_result = false;
    if (!take(&cursor, '{') || take(&cursor, '}')) {
        return false;
    }
    do {
        skip_space(&cursor);
        const char *key = cursor.at;
        if (!skip_string(&cursor)) {
            return false;
        }
        const char *key_end = cursor.at;
        if (!take(&cursor, ':')) {
            return false;
        }
        if (span_is(key, key_end, "\"result\"") && !has_result) {
            has_result = split_array(&cursor, ret_spans, capacity, ret_count);
            if (!has_result) {
                return false;
            }
            continue;
        }
        skip_space(&cursor);
        const char *value = cursor.at;
        if (!skip_value(&cursor)) {
            return false;
        }
        if (span_is(key, key_end, "\"ok\"")) {
            is_ok = cursor.at - value >= 4 && memcmp(value, "true", 4) == 0;
        }
    } while (take(&cursor, ','));
    if (!take(&cursor, '}')) {
        return false;
    }
    skip_space(&cursor);
    return is_ok && has_result && cursor.at == cursor.end;
}

bool fam_update_scan_id(const char *json, size_t size, int64_t *ret_update_id)
{
    static const char name[] = "\"update_id\"";
    const char *found = memmem(json, size, name, sizeof(name) - 1);
    if (!found) {
        return false;
    }
    struct cursor cursor = {found + sizeof(name) - 1, json + size};
    if (!take(&cursor, ':')) {
        return false;
    }
    skip_space(&cursor);
    int64_t value = 0;
    size_t digits = 0;
    for (; cursor.at < cursor.end && *cursor.at >= '0' && *cursor.at <= '9' && digits < 16; cursor.at++, digits++) {
        value = value * 10 + (*cursor.at - '0');
    }
    if (digits == 0 || digits > 15) {
        return false;
    }
    *ret_update_id = value;
    return true;
}
