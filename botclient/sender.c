#include "sender.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "telegram/api.h"
#include "telegram/format.h"

enum {
    ATTEMPTS = 4,
    SEND_TIMEOUT_MS = 20000,
    UPLOAD_TIMEOUT_MS = 60000,
    QUICK_TIMEOUT_MS = 3000,
    STEP_MS = 50,
    BODY_MAX = 64 * 1024
};

/* How something goes out; the context of a messenger. */
struct way {
    struct fam_sender *sender;
    enum fam_pace pace;
    bool is_once; /* one attempt, no wait */
    struct fam_messenger messenger;
};

enum { NOTIFIERS = FAM_PACE_REPORTS + 1 };

struct fam_sender {
    struct fam_sender_options options;
    struct fam_pacer *pacer;
    struct way answers;
    struct way notifiers[NOTIFIERS];
};

static bool is_aborted(const struct fam_sender *sender)
{
    return sender->options.abort && atomic_load(sender->options.abort);
}

static void pause_ms(struct fam_sender *sender, uint32_t wait_ms)
{
    if (sender->options.sleep_ms) {
        sender->options.sleep_ms(wait_ms);
        return;
    }
    while (wait_ms > 0 && !is_aborted(sender)) {
        uint32_t step_ms = wait_ms < STEP_MS ? wait_ms : STEP_MS;
        struct timespec step = {.tv_nsec = (long)step_ms * 1000000};
        nanosleep(&step, NULL);
        wait_ms -= step_ms;
    }
}

static enum fam_code give_up(enum fam_api_outcome outcome, uint32_t retry_after_ms, struct fam_status *status)
{
    switch (outcome) {
    case FAM_API_BLOCKED:
        return fam_fail_reason(status, FAM_PERMISSION_DENIED, "BLOCKED", 0, "the chat does not take messages");
    case FAM_API_NO_MESSAGE:
        return fam_fail_reason(status, FAM_NOT_FOUND, "NO_MESSAGE", 0, "the message is gone");
    case FAM_API_FLOOD:
        return fam_fail_reason(status, FAM_RESOURCE_EXHAUSTED, "FLOOD", retry_after_ms, "Telegram asks to wait");
    case FAM_API_ABORTED:
        return fam_fail_reason(status, FAM_CANCELLED, "STOPPING", 0, "the bot is stopping");
    case FAM_API_REJECTED:
    case FAM_API_MIGRATED:
        return fam_fail_reason(status, FAM_INVALID_ARGUMENT, "REJECTED", 0, "Telegram refuses the message");
    case FAM_API_OK:
    case FAM_API_UNCHANGED:
    case FAM_API_CONFLICT:
    case FAM_API_UNAUTHORIZED:
    case FAM_API_UNAVAILABLE:
        break;
    }
    return fam_fail_reason(status, FAM_UNAVAILABLE, "TELEGRAM", 0, "Telegram does not answer");
}

/* Waits until the pacer lets a message to this chat go. False: stopping, or the wait is too long for a thread. */
static bool wait_turn(const struct way *way, int64_t chat_id, uint32_t *ret_wait_ms)
{
    struct fam_sender *sender = way->sender;
    uint64_t start_ms = sender->options.now_ms();
    for (;;) {
        uint64_t now_ms = sender->options.now_ms();
        uint32_t wait_ms = fam_pacer_take(sender->pacer, chat_id, way->pace, now_ms);
        *ret_wait_ms = wait_ms;
        if (wait_ms == 0) {
            return true;
        }
        if (way->is_once || is_aborted(sender) || now_ms - start_ms + wait_ms > FAM_SENDER_PATIENCE_MS) {
            return false;
        }
        pause_ms(sender, wait_ms);
    }
}

/* What became of one attempt: true when it is final. */
static bool settle(const struct way *way, int64_t chat_id, unsigned attempt, const struct fam_api_result *result)
{
    struct fam_sender *sender = way->sender;
    uint64_t now_ms = sender->options.now_ms();
    if (result->outcome == FAM_API_FLOOD) {
        fam_pacer_flood(sender->pacer, chat_id, now_ms, now_ms + (uint64_t)result->retry_after_s * 1000);
        fam_log_write(sender->options.log, FAM_LOG_WARN, "sender", "flood wait",
                      &FAM_U64("retry_after_s", result->retry_after_s), 1);
        return false;
    }
    if (result->outcome != FAM_API_UNAVAILABLE && result->outcome != FAM_API_CONFLICT &&
        result->outcome != FAM_API_UNAUTHORIZED) {
        return true;
    }
    if (!way->is_once && attempt + 1 < ATTEMPTS) {
        uint32_t cap_ms = 250u << attempt;
        pause_ms(sender, cap_ms + randombytes_uniform(cap_ms));
    }
    return false;
}

/* A file with what is said of it: name and value in turn. */
struct upload {
    struct fam_api_file file;
    const char *const *fields;
    size_t field_count; /* pairs */
};

/* What is sent: a method with its body, to a chat, as long as the guard allows it. */
struct parcel {
    const char *method;
    int64_t chat_id;
    const char *json;
    const struct upload *upload;   /* goes instead of the JSON; may be NULL */
    const struct fam_guard *guard; /* may be NULL */
};

static void call_once(struct fam_sender *sender, const struct parcel *parcel, struct fam_api_result *ret_result)
{
    const struct upload *upload = parcel->upload;
    if (upload) {
        fam_api_upload(sender->options.api, parcel->method, upload->fields, upload->field_count, &upload->file,
                       UPLOAD_TIMEOUT_MS, ret_result);
    } else {
        fam_api_call(sender->options.api, parcel->method, parcel->json, SEND_TIMEOUT_MS, NULL, ret_result);
    }
}

static bool is_refused(const struct fam_guard *guard)
{
    return guard && !guard->may(guard->context);
}

static enum fam_code fail_lost(struct fam_status *status)
{
    return fam_fail_reason(status, FAM_ABORTED, "LEAD_LOST", 0, "it is another process's to send now");
}

static enum fam_code fail_unclear(struct fam_status *status)
{
    return fam_fail_reason(status, FAM_UNAVAILABLE, "UNCLEAR", 0, "nobody knows whether Telegram took it");
}

/* A notification: what can't be known is told, and what has to wait is given back. */
static enum fam_code give_back(struct fam_sender *sender, int64_t chat_id, enum fam_api_outcome outcome, bool is_unsent,
                               struct fam_status *status)
{
    if (outcome == FAM_API_UNAVAILABLE && !is_unsent) {
        return fail_unclear(status);
    }
    uint32_t wait_ms =
        outcome == FAM_API_FLOOD ? fam_pacer_wait_ms(sender->pacer, chat_id, sender->options.now_ms()) : 0;
    return give_up(outcome, wait_ms, status);
}

/* One parcel, to the end. */
static enum fam_code deliver(const struct way *way, const struct parcel *parcel, int64_t *ret_message_id,
                             int64_t *ret_migrate_to, struct fam_status *status)
{
    struct fam_sender *sender = way->sender;
    enum fam_api_outcome outcome = FAM_API_UNAVAILABLE;
    bool is_unsent = false;
    uint32_t wait_ms = 0;
    for (unsigned attempt = 0; attempt < (way->is_once ? 1u : ATTEMPTS); attempt++) {
        if (!wait_turn(way, parcel->chat_id, &wait_ms)) {
            return give_up(is_aborted(sender) ? FAM_API_ABORTED : FAM_API_FLOOD, wait_ms, status);
        }
        if (is_refused(parcel->guard)) {
            return fail_lost(status);
        }
        struct fam_api_result result;
        call_once(sender, parcel, &result);
        outcome = result.outcome;
        is_unsent = result.is_unsent;
        *ret_migrate_to = result.migrate_to;
        if (ret_message_id) {
            *ret_message_id = result.message_id;
        }
        bool final = settle(way, parcel->chat_id, attempt, &result);
        fam_api_result_done(&result);
        if (final) {
            break;
        }
    }
    if (outcome == FAM_API_OK || outcome == FAM_API_UNCHANGED) {
        return FAM_OK;
    }
    if (way->is_once) {
        return give_back(sender, parcel->chat_id, outcome, is_unsent, status);
    }
    wait_ms =
        outcome == FAM_API_FLOOD ? fam_pacer_wait_ms(sender->pacer, parcel->chat_id, sender->options.now_ms()) : 0;
    return give_up(outcome, wait_ms, status);
}

static void add_keyboard(struct fam_buf *json, const struct fam_keyboard *keyboard)
{
    fam_buf_add_text(json, "{\"inline_keyboard\":[");
    for (size_t i = 0; keyboard && i < keyboard->count; i++) {
        const struct fam_button *button = &keyboard->buttons[i];
        if (i > 0) {
            fam_buf_add_text(json, button->starts_row ? "]," : ",");
        }
        if (i == 0 || button->starts_row) {
            fam_buf_add_char(json, '[');
        }
        fam_buf_add_text(json, "{\"text\":");
        fam_json_add_string(json, button->label);
        fam_buf_add_text(json, ",\"callback_data\":");
        fam_json_add_string(json, button->data);
        fam_buf_add_char(json, '}');
    }
    fam_buf_add_text(json, keyboard && keyboard->count > 0 ? "]]}" : "]}");
}

static void add_body(struct fam_buf *json, const struct fam_outgoing *message, int64_t chat_id, const char *text,
                     size_t text_size, bool last)
{
    fam_auto(fam_buf_done) struct fam_buf part = {0};
    fam_buf_add(&part, text, text_size);
    fam_buf_addf(json, "{\"chat_id\":%" PRId64 ",\"parse_mode\":\"HTML\",\"text\":", chat_id);
    fam_json_add_string(json, fam_buf_text(&part));
    fam_buf_add_text(json, ",\"link_preview_options\":{\"is_disabled\":true}");
    if (message->message_id) {
        fam_buf_addf(json, ",\"message_id\":%" PRId64, message->message_id);
    }
    if (message->protect && !message->message_id) {
        fam_buf_add_text(json, ",\"protect_content\":true");
    }
    if (message->reply_to) {
        fam_buf_addf(json, ",\"reply_parameters\":{\"message_id\":%" PRId64 ",\"allow_sending_without_reply\":true}",
                     message->reply_to);
    }
    if (last && ((message->keyboard && message->keyboard->count > 0) || message->message_id)) {
        fam_buf_add_text(json, ",\"reply_markup\":");
        add_keyboard(json, message->keyboard);
    }
    fam_buf_add_char(json, '}');
    json->failed |= part.failed;
}

/* One part of a message; a group that moved is followed once. */
static enum fam_code send_part(const struct way *way, const struct fam_outgoing *message, int64_t *chat_id,
                               const char *text, size_t size, bool last, int64_t *ret_message_id,
                               struct fam_status *status)
{
    struct parcel parcel = {.method = message->message_id ? "editMessageText" : "sendMessage", .guard = message->guard};
    enum fam_code code = FAM_OK;
    for (int moves = 0; moves < 2; moves++) {
        int64_t migrate_to = 0;
        fam_auto(fam_buf_done) struct fam_buf json = {0};
        fam_buf_init(&json, BODY_MAX);
        add_body(&json, message, *chat_id, text, size, last);
        if (json.failed) {
            return fam_fail_memory(status);
        }
        parcel.chat_id = *chat_id;
        parcel.json = json.data;
        code = deliver(way, &parcel, ret_message_id, &migrate_to, status);
        if (code == FAM_OK || migrate_to == 0) {
            break;
        }
        *chat_id = migrate_to;
    }
    return code;
}

static enum fam_code send_message(void *context, const struct fam_outgoing *message, int64_t *ret_message_id,
                                  struct fam_status *status)
{
    const char *rest = message->html, *start, *next_start;
    size_t size, next_size;
    int64_t chat_id = message->chat_id;
    struct fam_outgoing part = *message;
    const struct way *way = context;
    bool has_begun = false;
    if (!fam_html_next_message(&rest, FAM_MESSAGE_UNITS, &start, &size)) {
        return fam_fail_reason(status, FAM_INVALID_ARGUMENT, "REJECTED", 0, "an empty message");
    }
    for (;;) {
        bool more = fam_html_next_message(&rest, FAM_MESSAGE_UNITS, &next_start, &next_size);
        enum fam_code code = send_part(way, &part, &chat_id, start, size, !more, ret_message_id, status);
        if (code != FAM_OK || !more) {
            return way->is_once && has_begun && code == FAM_UNAVAILABLE ? fail_unclear(status) : code;
        }
        has_begun = true;
        part.reply_to = 0;
        start = next_start;
        size = next_size;
    }
}

static enum fam_code edit_message(void *context, const struct fam_outgoing *message, struct fam_status *status)
{
    const char *rest = message->html, *start;
    size_t size;
    int64_t chat_id = message->chat_id;
    if (!fam_html_next_message(&rest, FAM_MESSAGE_UNITS, &start, &size)) {
        return fam_fail_reason(status, FAM_INVALID_ARGUMENT, "REJECTED", 0, "an empty message");
    }
    return send_part(context, message, &chat_id, start, size, true, NULL, status);
}

static enum fam_code remove_message(void *context, int64_t chat_id, int64_t message_id, struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf json = {0};
    int64_t migrate_to;
    fam_buf_addf(&json, "{\"chat_id\":%" PRId64 ",\"message_id\":%" PRId64 "}", chat_id, message_id);
    if (json.failed) {
        return fam_fail_memory(status);
    }
    const struct parcel parcel = {.method = "deleteMessage", .chat_id = chat_id, .json = json.data};
    return deliver(context, &parcel, NULL, &migrate_to, status);
}

static enum fam_code remove_all(void *context, int64_t chat_id, const int64_t *message_ids, size_t count,
                                struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf json = {0};
    int64_t migrate_to;
    if (count == 0 || count > FAM_REMOVE_MESSAGES) {
        return fam_fail_reason(status, FAM_INVALID_ARGUMENT, "REJECTED", 0, "1 to %d messages", FAM_REMOVE_MESSAGES);
    }
    fam_buf_addf(&json, "{\"chat_id\":%" PRId64 ",\"message_ids\":[", chat_id);
    for (size_t i = 0; i < count; i++) {
        fam_buf_addf(&json, "%s%" PRId64, i > 0 ? "," : "", message_ids[i]);
    }
    fam_buf_add_text(&json, "]}");
    if (json.failed) {
        return fam_fail_memory(status);
    }
    const struct parcel parcel = {.method = "deleteMessages", .chat_id = chat_id, .json = json.data};
    return deliver(context, &parcel, NULL, &migrate_to, status);
}

static enum fam_code send_document(void *context, const struct fam_document *document, int64_t *ret_message_id,
                                   struct fam_status *status)
{
    int64_t migrate_to;
    if (document->size == 0 || document->size > FAM_DOCUMENT_BYTES) {
        return fam_fail_reason(status, FAM_INVALID_ARGUMENT, "REJECTED", 0, "a file of 1 to %d bytes",
                               FAM_DOCUMENT_BYTES);
    }
    char chat_id[24];
    snprintf(chat_id, sizeof(chat_id), "%" PRId64, document->chat_id);
    const char *const fields[] = {"chat_id", chat_id};
    const struct upload upload = {.file = {.field = "document",
                                           .file_name = document->file_name,
                                           .content_type = document->content_type,
                                           .data = document->data,
                                           .size = document->size},
                                  .fields = fields,
                                  .field_count = 1};
    const struct parcel parcel = {
        .method = "sendDocument", .chat_id = document->chat_id, .upload = &upload, .guard = document->guard};
    return deliver(context, &parcel, ret_message_id, &migrate_to, status);
}

/* What is said of a picture, in the fields of its form. */
struct caption {
    char chat_id[24];
    struct fam_buf text, keyboard;
    const char *fields[10];
    size_t count;
};

static void caption_done(struct caption *caption)
{
    fam_buf_done(&caption->text);
    fam_buf_done(&caption->keyboard);
}

static void add_field(struct caption *caption, const char *name, const char *value)
{
    caption->fields[2 * caption->count] = name;
    caption->fields[2 * caption->count + 1] = value;
    caption->count++;
}

static void fill_caption(struct caption *caption, const struct fam_photo *photo)
{
    const char *rest = photo->html, *start;
    size_t size;
    snprintf(caption->chat_id, sizeof(caption->chat_id), "%" PRId64, photo->chat_id);
    add_field(caption, "chat_id", caption->chat_id);
    if (fam_html_next_message(&rest, FAM_CAPTION_UNITS, &start, &size)) {
        fam_buf_add(&caption->text, start, size);
        add_field(caption, "parse_mode", "HTML");
        add_field(caption, "caption", fam_buf_text(&caption->text));
    }
    if (photo->protect) {
        add_field(caption, "protect_content", "true");
    }
    if (photo->keyboard && photo->keyboard->count > 0) {
        add_keyboard(&caption->keyboard, photo->keyboard);
        add_field(caption, "reply_markup", fam_buf_text(&caption->keyboard));
    }
}

static enum fam_code send_photo(void *context, const struct fam_photo *photo, int64_t *ret_message_id,
                                struct fam_status *status)
{
    int64_t migrate_to;
    fam_auto(caption_done) struct caption caption = {0};
    if (photo->size == 0 || photo->size > FAM_PHOTO_BYTES) {
        return fam_fail_reason(status, FAM_INVALID_ARGUMENT, "REJECTED", 0, "a picture of 1 to %d bytes",
                               FAM_PHOTO_BYTES);
    }
    fill_caption(&caption, photo);
    if (caption.text.failed || caption.keyboard.failed) {
        return fam_fail_memory(status);
    }
    const struct upload upload = {.file = {.field = "photo",
                                           .file_name = photo->file_name,
                                           .content_type = photo->content_type,
                                           .data = photo->data,
                                           .size = photo->size},
                                  .fields = caption.fields,
                                  .field_count = caption.count};
    const struct parcel parcel = {
        .method = "sendPhoto", .chat_id = photo->chat_id, .upload = &upload, .guard = photo->guard};
    return deliver(context, &parcel, ret_message_id, &migrate_to, status);
}

/* Once, quickly, whatever comes of it. */
static void try_once(const struct way *way, const char *method, const struct fam_buf *json)
{
    struct fam_api_result result;
    if (json->failed) {
        return;
    }
    fam_api_call(way->sender->options.api, method, json->data, QUICK_TIMEOUT_MS, NULL, &result);
    fam_api_result_done(&result);
}

static void answer_callback(void *context, const char *callback_id, const char *text, bool alert)
{
    fam_auto(fam_buf_done) struct fam_buf json = {0};
    fam_buf_add_text(&json, "{\"callback_query_id\":");
    fam_json_add_string(&json, callback_id);
    if (*text) {
        fam_buf_add_text(&json, ",\"text\":");
        fam_json_add_string(&json, text);
    }
    fam_buf_add_text(&json, alert ? ",\"show_alert\":true}" : "}");
    try_once(context, "answerCallbackQuery", &json);
}

static void show_action(void *context, int64_t chat_id, const char *action)
{
    fam_auto(fam_buf_done) struct fam_buf json = {0};
    fam_buf_addf(&json, "{\"chat_id\":%" PRId64 ",\"action\":\"%s\"}", chat_id, action);
    try_once(context, "sendChatAction", &json);
}

static void typing(void *context, int64_t chat_id)
{
    show_action(context, chat_id, "typing");
}

static void uploading(void *context, int64_t chat_id, bool is_photo)
{
    show_action(context, chat_id, is_photo ? "upload_photo" : "upload_document");
}

static void open_way(struct fam_sender *sender, struct way *way, enum fam_pace pace, bool is_once)
{
    way->sender = sender;
    way->pace = pace;
    way->is_once = is_once;
    way->messenger = (struct fam_messenger){.context = way,
                                            .send = send_message,
                                            .edit = edit_message,
                                            .remove = remove_message,
                                            .remove_all = remove_all,
                                            .send_document = send_document,
                                            .send_photo = send_photo,
                                            .answer_callback = answer_callback,
                                            .typing = typing,
                                            .uploading = uploading};
}

struct fam_sender *fam_sender_new(const struct fam_sender_options *options, struct fam_status *status)
{
    struct fam_sender *sender = calloc(1, sizeof(*sender));
    struct fam_pacer *pacer = fam_pacer_new(options->per_second);
    if (!sender || !pacer) {
        free(sender);
        fam_pacer_free(pacer);
        fam_fail_memory(status);
        return NULL;
    }
    sender->options = *options;
    sender->pacer = pacer;
    if (!sender->options.now_ms) {
        sender->options.now_ms = fam_mono_ms;
    }
    open_way(sender, &sender->answers, FAM_PACE_ANSWERS, false);
    for (int pace = 0; pace < NOTIFIERS; pace++) {
        open_way(sender, &sender->notifiers[pace], (enum fam_pace)pace, true);
    }
    return sender;
}

void fam_sender_free(struct fam_sender *sender)
{
    if (!sender) {
        return;
    }
    fam_pacer_free(sender->pacer);
    free(sender);
}

const struct fam_messenger *fam_sender_messenger(const struct fam_sender *sender)
{
    return &sender->answers.messenger;
}

const struct fam_messenger *fam_sender_notifier(const struct fam_sender *sender, enum fam_pace pace)
{
    return &sender->notifiers[pace].messenger;
}
