#include "dialog/turn.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "dialog/people.h"
#include "metrics/metrics.h"

enum { COMMIT_ATTEMPTS = 12, COMMIT_ATTEMPTS_CONNECTED = 4, COMMIT_STEP_MS = 100, COMMIT_STEP_MAX_MS = 3000 };

static enum fam_code call_as(struct fam_turn *turn, const char *user_id, enum fam_backend_method method,
                             const char *key, const ProtobufCMessage *request, struct fam_backend_reply *ret_reply)
{
    const struct fam_backend *backend = turn->dialog->options.backend;
    struct fam_backend_call call = {.method = method,
                                    .user_id = user_id,
                                    .idempotency_key = key,
                                    .request_id = turn->request_id,
                                    .request = request};
    *ret_reply = (struct fam_backend_reply){0};
    enum fam_code code = fam_turn_check_lead(turn, turn->status);
    return code == FAM_OK ? backend->call(backend->context, &call, ret_reply, turn->status) : code;
}

enum fam_code fam_turn_call(struct fam_turn *turn, enum fam_backend_method method, const char *name,
                            const ProtobufCMessage *request, struct fam_backend_reply *ret_reply)
{
    char key[128];
    snprintf(key, sizeof(key), "tg:%s:%" PRId64 ":%s", turn->dialog->options.bot_id, turn->update->update_id,
             name ? name : "");
    return call_as(turn, turn->user_id, method, name ? key : NULL, request, ret_reply);
}

enum fam_code fam_turn_call_once(struct fam_turn *turn, enum fam_backend_method method, const char *name,
                                 const ProtobufCMessage *request, struct fam_backend_reply *ret_reply)
{
    char key[128];
    if (turn->update->kind != FAM_UPDATE_CALLBACK || turn->update->message_id == 0) {
        return fam_turn_call(turn, method, name, request, ret_reply);
    }
    unsigned char hash[crypto_generichash_BYTES_MIN];
    char text[2 * sizeof(hash) + 1];
    int size = snprintf(key, sizeof(key), "%s:%" PRId64, turn->user_id, turn->update->message_id);
    crypto_generichash(hash, sizeof(hash), (const unsigned char *)key, (unsigned long long)size, NULL, 0);
    sodium_bin2hex(text, sizeof(text), hash, sizeof(hash));
    snprintf(key, sizeof(key), "tg:%s:%s:%s", turn->dialog->options.bot_id, text, name);
    return call_as(turn, turn->user_id, method, key, request, ret_reply);
}

enum fam_code fam_turn_call_for_nobody(struct fam_turn *turn, enum fam_backend_method method, const char *name,
                                       const ProtobufCMessage *request, struct fam_backend_reply *ret_reply)
{
    char key[128];
    snprintf(key, sizeof(key), "tg:%s:%" PRId64 ":%s", turn->dialog->options.bot_id, turn->update->update_id, name);
    return call_as(turn, "", method, key, request, ret_reply);
}

static void adopt_user(struct fam_turn *turn, struct fam_backend_reply *reply, const Fam__V1__User *user)
{
    fam_backend_reply_done(&turn->user_reply);
    turn->user_reply = *reply;
    turn->user = user;
    turn->locale = fam_locales_get(turn->dialog->options.locales, user->language);
    snprintf(turn->user_id, sizeof(turn->user_id), "%s", user->user_id);
}

static enum fam_code register_user(struct fam_turn *turn)
{
    Fam__V1__RegisterUserRequest request = FAM__V1__REGISTER_USER_REQUEST__INIT;
    struct fam_backend_reply reply;
    request.telegram_id = turn->update->from_id;
    request.language = fam_locale_language_of(turn->update->language_code);
    struct fam_uuid invite;
    request.source = fam_invite_in_text(turn->update->text, &invite)
                         ? FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_INVITE
                         : FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_TELEGRAM;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_REGISTER_USER, NULL, &request.base, &reply);
    if (code != FAM_OK) {
        return code;
    }
    const Fam__V1__RegisterUserResponse *response = (const Fam__V1__RegisterUserResponse *)reply.message;
    if (!response->user) {
        fam_backend_reply_done(&reply);
        return fam_fail(turn->status, FAM_INTERNAL, "RegisterUser answers without a user");
    }
    adopt_user(turn, &reply, response->user);
    return FAM_OK;
}

enum fam_code fam_turn_begin_again(struct fam_turn *turn)
{
    return register_user(turn);
}

static enum fam_code load_session(struct fam_turn *turn)
{
    Fam__V1__CreateSessionRequest request = FAM__V1__CREATE_SESSION_REQUEST__INIT;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    request.client = (char *)(uintptr_t) "telegram";
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_CREATE_SESSION, NULL, &request.base, &reply);
    if (code == FAM_UNAVAILABLE || code == FAM_DEADLINE_EXCEEDED || code == FAM_RESOURCE_EXHAUSTED) {
        /* The server registered the person a moment ago: what is away is the place where it keeps sessions. */
        FAM_LOG(turn->dialog->options.log, FAM_LOG_WARN, "dialog", "no session: going on without",
                FAM_STR("request_id", turn->request_id), FAM_STR("code", fam_code_name(code)));
        return FAM_OK;
    }
    if (code != FAM_OK) {
        return code;
    }
    const Fam__V1__Session *session = ((const Fam__V1__CreateSessionResponse *)reply.message)->session;
    if (!session || strlen(session->session_id) >= sizeof(turn->session_id)) {
        return fam_fail(turn->status, FAM_INTERNAL, "CreateSession answers without a session");
    }
    turn->has_session = true;
    memcpy(turn->session_id, session->session_id, strlen(session->session_id) + 1);
    turn->version = session->version;
    turn->last_update_id = session->last_update_id;
    turn->is_old = turn->update->update_id <= session->last_update_id;
    fam_state_parse(session->state.data, session->state.len, &turn->state);
    if (session->draft && *session->draft) {
        turn->draft = strdup(session->draft);
    }
    return FAM_OK;
}

enum fam_code fam_turn_begin(struct fam_turn *turn)
{
    enum fam_code code = register_user(turn);
    return code == FAM_OK ? load_session(turn) : code;
}

static void rest(const struct fam_turn *turn, uint32_t wait_ms)
{
    struct timespec pause = {.tv_sec = wait_ms / 1000, .tv_nsec = (long)(wait_ms % 1000) * 1000000};
    if (turn->dialog->options.sleep_ms) {
        turn->dialog->options.sleep_ms(wait_ms);
    } else {
        nanosleep(&pause, NULL);
    }
}

enum fam_code fam_turn_commit(struct fam_turn *turn)
{
    char text[FAM_STATE_BYTES];
    const struct fam_backend *backend = turn->dialog->options.backend;
    if (!turn->has_session) {
        return FAM_OK;
    }
    Fam__V1__UpdateSessionRequest request = FAM__V1__UPDATE_SESSION_REQUEST__INIT;
    turn->state.used_ms = turn->dialog->options.wall_ms();
    request.session_id = turn->session_id;
    request.version = turn->version;
    request.state.len = fam_state_format(&turn->state, text);
    request.state.data = (uint8_t *)text;
    request.last_update_id = turn->update->update_id;
    request.fence = turn->fence;
    if (turn->draft) {
        request.draft = turn->draft;
    }
    enum fam_code code = FAM_UNAVAILABLE;
    int connected = 0;
    for (int attempt = 0; attempt < COMMIT_ATTEMPTS; attempt++) {
        fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
        code = fam_turn_call(turn, FAM_BACKEND_UPDATE_SESSION, NULL, &request.base, &reply);
        if (code != FAM_UNAVAILABLE && code != FAM_DEADLINE_EXCEEDED) {
            break;
        }
        /* A server that answers but keeps no session: Redis went away. What was done is done. */
        if (backend->is_connected(backend->context) && ++connected >= COMMIT_ATTEMPTS_CONNECTED) {
            return FAM_OK;
        }
        uint32_t wait_ms = (uint32_t)COMMIT_STEP_MS << (attempt > 5 ? 5 : attempt);
        rest(turn, wait_ms > COMMIT_STEP_MAX_MS ? COMMIT_STEP_MAX_MS : wait_ms);
    }
    /* A session that expired meanwhile has nothing to be compared with. */
    if (code == FAM_NOT_FOUND || code == FAM_PERMISSION_DENIED) {
        return FAM_OK;
    }
    return code;
}

void fam_turn_done(struct fam_turn *turn)
{
    fam_backend_reply_done(&turn->user_reply);
    fam_turn_set_draft(turn, NULL);
    explicit_bzero(&turn->state, sizeof(turn->state));
}

enum fam_code fam_turn_change_user(struct fam_turn *turn, const Fam__V1__UpdateUserRequest *request)
{
    struct fam_backend_reply reply;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_UPDATE_USER, "update_user", &request->base, &reply);
    if (code != FAM_OK) {
        return code;
    }
    const Fam__V1__UpdateUserResponse *response = (const Fam__V1__UpdateUserResponse *)reply.message;
    if (response->user) {
        adopt_user(turn, &reply, response->user);
    } else {
        fam_backend_reply_done(&reply);
    }
    return FAM_OK;
}

enum fam_code fam_turn_update_user(struct fam_turn *turn, Fam__V1__Language language, const char *country)
{
    Fam__V1__UpdateUserRequest request = FAM__V1__UPDATE_USER_REQUEST__INIT;
    request.language = language;
    request.country = (char *)(uintptr_t)country;
    return fam_turn_change_user(turn, &request);
}

int fam_turn_consent(const struct fam_turn *turn, Fam__V1__ConsentPurpose purpose)
{
    for (size_t i = 0; i < turn->user->n_consents; i++) {
        if (turn->user->consents[i]->purpose == purpose) {
            return turn->user->consents[i]->granted ? 1 : 0;
        }
    }
    return -1;
}

bool fam_turn_may_store(const struct fam_turn *turn)
{
    return fam_turn_consent(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING) == 1;
}

bool fam_turn_is_new(const struct fam_turn *turn)
{
    int processing = fam_turn_consent(turn, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING);
    return processing < 0 || (processing == 1 && !turn->user->family_id[0]);
}

void fam_turn_set_draft(struct fam_turn *turn, const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    if (turn->draft) {
        explicit_bzero(turn->draft, strlen(turn->draft));
        free(turn->draft);
    }
    turn->draft = copy;
}

enum fam_code fam_turn_send(struct fam_turn *turn, const struct fam_html *html, const struct fam_keyboard *keyboard,
                            int64_t *ret_message_id)
{
    const struct fam_messenger *messenger = &turn->messenger;
    int64_t message_id = 0;
    struct fam_outgoing message = {.chat_id = turn->update->chat_id, .html = fam_html_text(html), .keyboard = keyboard};
    if (fam_html_failed(html)) {
        return fam_fail_memory(turn->status);
    }
    return messenger->send(messenger->context, &message, ret_message_id ? ret_message_id : &message_id, turn->status);
}

enum fam_code fam_turn_show(struct fam_turn *turn, const struct fam_html *html, const struct fam_keyboard *keyboard)
{
    const struct fam_messenger *messenger = &turn->messenger;
    struct fam_outgoing message = {.chat_id = turn->update->chat_id,
                                   .message_id = turn->update->message_id,
                                   .html = fam_html_text(html),
                                   .keyboard = keyboard};
    if (turn->update->kind != FAM_UPDATE_CALLBACK || message.message_id == 0 || turn->keep_pressed) {
        return fam_turn_send(turn, html, keyboard, NULL);
    }
    if (fam_html_failed(html)) {
        return fam_fail_memory(turn->status);
    }
    enum fam_code code = messenger->edit(messenger->context, &message, turn->status);
    if (code == FAM_NOT_FOUND || code == FAM_INVALID_ARGUMENT) {
        return fam_turn_send(turn, html, keyboard, NULL);
    }
    return code;
}

void fam_turn_count_help(const struct fam_turn *turn, const char *result)
{
    fam_metrics_add(turn->dialog->options.metrics, FAM_M_BOT_SAFETY, FAM_LABELS(result), 1);
}

enum fam_code fam_turn_say(struct fam_turn *turn, const char *text)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    fam_html_init(&html);
    fam_html_add(&html, text);
    return fam_turn_send(turn, &html, NULL, NULL);
}

void fam_turn_button(const struct fam_turn *turn, struct fam_keyboard *keyboard, const char *label, char action,
                     uint8_t argument, const struct fam_uuid *entry)
{
    struct fam_callback callback = {.action = action, .argument = argument};
    if (entry) {
        callback.entry = *entry;
    }
    fam_turn_button_for(turn, keyboard, label, &callback);
}

void fam_turn_button_for(const struct fam_turn *turn, struct fam_keyboard *keyboard, const char *label,
                         const struct fam_callback *callback)
{
    const struct fam_dialog_options *options = &turn->dialog->options;
    if (keyboard->count == FAM_KEYBOARD_BUTTONS) {
        return;
    }
    struct fam_button *button = &keyboard->buttons[keyboard->count];
    size_t in_row = 0;
    while (in_row < keyboard->count && !keyboard->buttons[keyboard->count - 1 - in_row].starts_row) {
        in_row++;
    }
    button->starts_row = keyboard->count == 0 || keyboard->ends_row || in_row + 1 >= FAM_BUTTONS_A_ROW;
    keyboard->ends_row = false;
    keyboard->count++;
    size_t size = fam_utf8_cut(label, sizeof(button->label) - 1);
    memcpy(button->label, label, size);
    button->label[size] = '\0';
    fam_callback_sign(options->signer, callback, turn->update->from_id, options->wall_ms(), button->data);
}

void fam_keyboard_end_row(struct fam_keyboard *keyboard)
{
    keyboard->ends_row = true;
}

void fam_backend_reply_done(struct fam_backend_reply *reply)
{
    if (reply->release) {
        reply->release(reply->owner);
    }
    *reply = (struct fam_backend_reply){0};
}
