/* fake_world.h: a messenger and a person for conversations, beside the server of fake_server.h. */
#ifndef FAM_TESTS_FAKE_WORLD_H
#define FAM_TESTS_FAKE_WORLD_H

#include "fake_server.h"

/* ---- the messenger ---- */

static enum fam_code put(const struct fam_outgoing *message, int64_t id, struct fam_status *status)
{
    if (w.send_code != FAM_OK)
        return fam_fail_reason(status, w.send_code, w.send_reason, 0, "fault");
    cr_assert_lt(w.sent_count, (size_t)WORLD_SENT);
    struct sent *sent = &w.sent[w.sent_count++];
    *sent = (struct sent){.message_id = id,
                          .is_edit = message->message_id != 0,
                          .protect = message->protect,
                          .reply_to = message->reply_to};
    snprintf(sent->text, sizeof(sent->text), "%s", message->html);
    if (message->keyboard)
        sent->keyboard = *message->keyboard;
    return FAM_OK;
}

static enum fam_code world_send(void *context, const struct fam_outgoing *message, int64_t *ret_message_id,
                                struct fam_status *status)
{
    (void)context;
    int64_t id = w.next_message_id++;
    *ret_message_id = id;
    return put(message, id, status);
}

static enum fam_code world_edit(void *context, const struct fam_outgoing *message, struct fam_status *status)
{
    (void)context;
    return put(message, message->message_id, status);
}

static enum fam_code world_remove(void *context, int64_t chat_id, int64_t message_id, struct fam_status *status)
{
    (void)context;
    (void)chat_id;
    (void)message_id;
    w.removed++;
    return w.removed == 1 ? FAM_OK : fam_fail_reason(status, FAM_NOT_FOUND, "NO_MESSAGE", 0, "gone");
}

static enum fam_code world_remove_all(void *context, int64_t chat_id, const int64_t *message_ids, size_t count,
                                      struct fam_status *status)
{
    (void)context;
    cr_assert_eq(chat_id, PERSON);
    cr_assert_leq(count, (size_t)FAM_REMOVE_MESSAGES);
    if (w.send_code != FAM_OK)
        return fam_fail_reason(status, w.send_code, w.send_reason, 0, "fault");
    for (size_t i = 0; i < count && w.removed_count < WORLD_REMOVED; i++)
        w.removed_ids[w.removed_count++] = message_ids[i];
    return FAM_OK;
}

static enum fam_code world_send_document(void *context, const struct fam_document *document, int64_t *ret_message_id,
                                         struct fam_status *status)
{
    (void)context;
    if (w.send_code != FAM_OK)
        return fam_fail_reason(status, w.send_code, w.send_reason, 0, "fault");
    cr_assert_lt(w.document_count, (size_t)WORLD_DOCUMENTS);
    struct world_document *sent = &w.documents[w.document_count++];
    snprintf(sent->name, sizeof(sent->name), "%s", document->file_name);
    snprintf(sent->content_type, sizeof(sent->content_type), "%s", document->content_type);
    snprintf(sent->start, sizeof(sent->start), "%.*s", (int)(document->size < 100 ? document->size : 100),
             (const char *)document->data);
    sent->size = document->size;
    *ret_message_id = w.next_message_id++;
    return FAM_OK;
}

static enum fam_code world_send_photo(void *context, const struct fam_photo *photo, int64_t *ret_message_id,
                                      struct fam_status *status)
{
    const struct fam_outgoing message = {
        .chat_id = photo->chat_id, .html = photo->html, .keyboard = photo->keyboard, .protect = photo->protect};
    (void)context;
    if (w.photo_code != FAM_OK)
        return fam_fail_reason(status, w.photo_code, "REJECTED", 0, "fault");
    cr_assert_gt(photo->size, 0);
    *ret_message_id = w.next_message_id++;
    enum fam_code code = put(&message, *ret_message_id, status);
    if (code == FAM_OK) {
        w.sent[w.sent_count - 1].is_photo = true;
        snprintf(w.sent[w.sent_count - 1].file_name, sizeof(w.sent[0].file_name), "%s", photo->file_name);
    }
    return code;
}

static void world_uploading(void *context, int64_t chat_id, bool is_photo)
{
    (void)context;
    (void)chat_id;
    (void)is_photo;
    w.uploading++;
}

static void world_answer_callback(void *context, const char *callback_id, const char *text, bool alert)
{
    (void)context;
    (void)callback_id;
    (void)alert;
    w.callbacks++;
    snprintf(w.callback_text, sizeof(w.callback_text), "%s", text);
}

static void world_typing(void *context, int64_t chat_id)
{
    (void)context;
    (void)chat_id;
    w.typing++;
}

/* ---- people ---- */

static int64_t world_wall(void)
{
    return w.wall_ms;
}

static void world_sleep(uint32_t ms)
{
    (void)ms;
}

static enum fam_code world_username(void *self, char ret_name[FAM_USERNAME_SIZE], struct fam_status *status)
{
    (void)self;
    (void)status;
    snprintf(ret_name, FAM_USERNAME_SIZE, "family_bot");
    return FAM_OK;
}

/* Other locales than those compiled in, when a test brings them. */
static struct fam_locales *(*world_locales)(struct fam_status *status);

static void world_start_with(const struct fam_lead *lead)
{
    static const char token[] = "123456:ABC";
    struct fam_secret secret = {0};
    struct fam_status status;
    memset(&w, 0, sizeof(w));
    if (lead)
        w.lead = *lead;
    w.processing = w.ai = w.notifications = w.reachability = -1;
    w.next_message_id = 1000;
    w.next_update_id = 1;
    w.wall_ms = 1795000000000; /* November 2026 */
    w.locales = world_locales ? world_locales(&status) : fam_locales_new(&status);
    cr_assert_not_null(w.locales, "%s", status.message);
    cr_assert(fam_secret_set(&secret, token, sizeof(token) - 1));
    cr_assert(fam_callback_init(&w.signer, &secret));
    fam_secret_done(&secret);
    w.backend = (struct fam_backend){.call = world_call, .is_connected = world_connected};
    w.messenger = (struct fam_messenger){.send = world_send,
                                         .edit = world_edit,
                                         .remove = world_remove,
                                         .remove_all = world_remove_all,
                                         .send_document = world_send_document,
                                         .send_photo = world_send_photo,
                                         .answer_callback = world_answer_callback,
                                         .typing = world_typing,
                                         .uploading = world_uploading};
    w.metrics = fam_metrics_new(2, "test", NULL, 0, &status);
    cr_assert_not_null(w.metrics);
    struct fam_dialog_options options = {.backend = &w.backend,
                                         .messenger = &w.messenger,
                                         .lead = w.lead.role ? &w.lead : NULL,
                                         .signer = &w.signer,
                                         .locales = w.locales,
                                         .default_language = FAM__V1__LANGUAGE__LANGUAGE_RU,
                                         .bot_id = "123456",
                                         .username = world_username,
                                         .metrics = w.metrics,
                                         .wall_ms = world_wall,
                                         .sleep_ms = world_sleep};
    w.dialog = fam_dialog_new(&options, &status);
    cr_assert_not_null(w.dialog);
}

static inline void world_start(void)
{
    world_start_with(NULL);
}

static void world_stop(void)
{
    fam_dialog_free(w.dialog);
    fam_metrics_free(w.metrics);
    fam_callback_done(&w.signer);
    fam_locales_free(w.locales);
}

/* Where the tables (dialog/states.h) let this update lead, besides leaving everything as it is. */
static inline fam_steps world_allowed(const struct fam_update *update, enum fam_step before)
{
    struct fam_callback pressed;
    if (update->kind == FAM_UPDATE_CALLBACK) {
        enum fam_callback_verdict verdict =
            fam_callback_verify(&w.signer, update->data, update->from_id, w.wall_ms, &pressed);
        const struct fam_action_row *action = verdict == FAM_CALLBACK_VALID ? fam_action_find(pressed.action) : NULL;
        return action ? action->to : 0;
    }
    if (update->text[0] == '/') {
        const struct fam_command_row *command = fam_command_find(update->text + 1, strcspn(update->text + 1, "@ "));
        return command ? command->to : 0;
    }
    return update->media == FAM_MEDIA_NONE ? fam_state_row(before)->text_to : 0;
}

static inline void world_assert_declared(const struct fam_update *update, enum fam_step before)
{
    struct fam_state after;
    fam_state_parse(w.state, w.state_size, &after);
    cr_assert(after.step == before || world_allowed(update, before) & (fam_steps)1 << after.step,
              "the tables don't say that \"%s\" leads from state \"%s\" to \"%s\"",
              update->kind == FAM_UPDATE_CALLBACK ? "a button" : update->text, fam_step_name(before),
              fam_step_name(after.step));
}

static inline const char *world_said(int64_t message_id)
{
    for (size_t i = w.said_count; message_id && i > 0 && i + WORLD_SAID > w.said_count; i--)
        if (w.said[(i - 1) % WORLD_SAID].message_id == message_id)
            return w.said[(i - 1) % WORLD_SAID].text;
    return "";
}

static inline void world_note(const struct fam_update *update)
{
    if (update->kind == FAM_UPDATE_MESSAGE || update->kind == FAM_UPDATE_EDITED) {
        w.said[w.said_count % WORLD_SAID].message_id = update->message_id;
        w.said[w.said_count++ % WORLD_SAID].text = update->text;
    }
}

static enum fam_handled world_handle(struct fam_update *update)
{
    uint32_t delay_ms;
    struct fam_state before;
    fam_state_parse(w.state, w.state_size, &before);
    world_note(update);
    struct fam_job job = {
        .update = update, .attempt = ++w.attempt, .notes = w.notes, .first_ms = w.long_ago ? 0 : fam_mono_ms()};
    enum fam_handled handled = fam_dialog_handle(w.dialog, &job, &delay_ms);
    w.notes = job.notes;
    if (handled == FAM_HANDLED)
        w.attempt = w.notes = 0;
    world_assert_declared(update, before.step);
    return handled;
}

static struct fam_update world_message(const char *text)
{
    return (struct fam_update){.update_id = w.next_update_id++,
                               .kind = FAM_UPDATE_MESSAGE,
                               .chat_type = FAM_CHAT_PRIVATE,
                               .chat_id = PERSON,
                               .from_id = PERSON,
                               .message_id = w.next_message_id++,
                               .language_code = "ru",
                               .text = text,
                               .callback_id = "",
                               .data = "",
                               .replied_text = ""};
}

/* Says something; returns the last message that came of it. */
static inline struct sent *say(const char *text)
{
    struct fam_update update = world_message(text);
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    cr_assert_gt(w.sent_count, 0);
    return &w.sent[w.sent_count - 1];
}

static struct sent *last(void)
{
    return &w.sent[w.sent_count - 1];
}

static const struct fam_button *find_button(const struct sent *sent, const char *label)
{
    for (size_t i = 0; i < sent->keyboard.count; i++)
        if (strstr(sent->keyboard.buttons[i].label, label))
            return &sent->keyboard.buttons[i];
    return NULL;
}

static enum fam_handled press_data(const char *data, int64_t message_id, int64_t person)
{
    struct fam_update update = world_message("");
    char copy[FAM_BUTTON_DATA];
    for (size_t i = 0; i < w.sent_count; i++)
        if (w.sent[i].message_id == message_id && !w.sent[i].is_edit)
            update.replied_id = w.sent[i].reply_to;
    update.replied_text = world_said(update.replied_id);
    snprintf(copy, sizeof(copy), "%s", data);
    update.kind = FAM_UPDATE_CALLBACK;
    update.from_id = update.chat_id = person;
    update.message_id = message_id;
    update.callback_id = "cb";
    update.data = copy;
    return world_handle(&update);
}

static inline struct sent *press_on(const struct sent *sent, const char *label)
{
    const struct fam_button *button = find_button(sent, label);
    cr_assert_not_null(button, "no button \"%s\" under: %s", label, sent->text);
    cr_assert_eq(press_data(button->data, sent->message_id, PERSON), FAM_HANDLED);
    return last();
}

static inline struct sent *press(const char *label)
{
    return press_on(last(), label);
}

/* A person with consent, a family and one child of 7. */
static void world_settled(void)
{
    w.language = FAM__V1__LANGUAGE__LANGUAGE_RU;
    strcpy(w.country, "RU");
    w.processing = w.ai = 1;
    w.family = true;
    w.children[0] = (struct world_child){.name = "Маша", .year = 2019};
    w.child_count = 1;
}

#endif
