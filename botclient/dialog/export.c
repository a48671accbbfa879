/* /export: everything as two files, JSON for programs and one HTML page for people. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialog/privacy.h"

enum { CHUNKS_MOST = 4096 };

struct fam_exports {
    atomic_int running;
};

struct fam_exports *fam_exports_new(void)
{
    return calloc(1, sizeof(struct fam_exports));
}

void fam_exports_free(struct fam_exports *exports)
{
    free(exports);
}

/* What became of one file. */
enum result { RESULT_SENT, RESULT_EMPTY, RESULT_TOO_LARGE };

static const struct format {
    Fam__V1__ExportFormat format;
    const char *content_type;
    const char *file_name; /* when the server gives none */
} formats[] = {
    {FAM__V1__EXPORT_FORMAT__EXPORT_FORMAT_JSON, "application/json", "family-emotions.json"},
    {FAM__V1__EXPORT_FORMAT__EXPORT_FORMAT_HTML, "text/html", "family-emotions.html"},
};

enum { NAME_SIZE = 128, TOKEN_SIZE = 1024 };

/* One chunk behind the others; *ret_more: there is another. */
static enum fam_code read_chunk(struct fam_turn *turn, const struct format *format, char token[TOKEN_SIZE],
                                char name[NAME_SIZE], struct fam_buf *file, bool *ret_more)
{
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__ExportFamilyRequest request = FAM__V1__EXPORT_FAMILY_REQUEST__INIT;
    request.format = format->format;
    request.page_token = token;
    enum fam_code code = fam_turn_call(turn, FAM_BACKEND_EXPORT_FAMILY, NULL, &request.base, &reply);
    if (code != FAM_OK) {
        return code;
    }
    const Fam__V1__ExportFamilyResponse *response = (const Fam__V1__ExportFamilyResponse *)reply.message;
    fam_buf_add(file, response->chunk.data, response->chunk.len);
    if (response->file_name[0]) {
        snprintf(name, NAME_SIZE, "%s", response->file_name);
    }
    *ret_more = response->next_page_token[0] != '\0';
    if (strlen(response->next_page_token) >= TOKEN_SIZE) {
        return fam_fail(turn->status, FAM_INTERNAL, "ExportFamily answers with an endless token");
    }
    memcpy(token, response->next_page_token, strlen(response->next_page_token) + 1);
    return FAM_OK;
}

static enum fam_code read_file(struct fam_turn *turn, const struct format *format, char name[NAME_SIZE],
                               struct fam_buf *file)
{
    char token[TOKEN_SIZE] = "";
    bool more = true;
    const struct fam_messenger *messenger = &turn->messenger;
    snprintf(name, NAME_SIZE, "%s", format->file_name);
    for (int chunk = 0; more && !file->failed; chunk++) {
        if (chunk == CHUNKS_MOST) {
            return fam_fail(turn->status, FAM_INTERNAL, "ExportFamily never ends");
        }
        if (chunk % 8 == 0) { /* the sign lasts five seconds */
            messenger->uploading(messenger->context, turn->update->chat_id, false);
        }
        enum fam_code code = read_chunk(turn, format, token, name, file, &more);
        if (code != FAM_OK) {
            return code;
        }
    }
    return FAM_OK;
}

static enum fam_code send_file(struct fam_turn *turn, const struct format *format, enum result *ret_result)
{
    char name[NAME_SIZE];
    int64_t message_id;
    fam_auto(fam_buf_done) struct fam_buf file = {0};
    const struct fam_messenger *messenger = &turn->messenger;
    fam_buf_init(&file, FAM_DOCUMENT_BYTES);
    enum fam_code code = read_file(turn, format, name, &file);
    if (code != FAM_OK) {
        return code;
    }
    *ret_result = file.failed ? RESULT_TOO_LARGE : file.size == 0 ? RESULT_EMPTY : RESULT_SENT;
    if (*ret_result != RESULT_SENT) {
        return FAM_OK;
    }
    const struct fam_document document = {.chat_id = turn->update->chat_id,
                                          .file_name = name,
                                          .content_type = format->content_type,
                                          .data = file.data,
                                          .size = file.size};
    return messenger->send_document(messenger->context, &document, &message_id, turn->status);
}

static enum fam_code send_files(struct fam_turn *turn)
{
    enum result worst = RESULT_SENT;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(formats); i++) {
        enum result result = RESULT_SENT;
        enum fam_code code = send_file(turn, &formats[i], &result);
        if (code != FAM_OK) {
            return code;
        }
        worst = result > worst ? result : worst;
    }
    return fam_turn_say(turn, worst == RESULT_SENT    ? T(turn->locale, "export.done")
                              : worst == RESULT_EMPTY ? T(turn->locale, "export.empty")
                                                      : T(turn->locale, "export.too_large"));
}

static enum fam_code ask(struct fam_turn *turn)
{
    fam_auto(fam_html_done) struct fam_html html = {0};
    struct fam_keyboard keyboard = {0};
    fam_html_init(&html);
    fam_html_add(&html, T(turn->locale, "export.ask"));
    fam_turn_button(turn, &keyboard, T(turn->locale, "button.export_yes"), FAM_ACTION_EXPORT, 1, NULL);
    return fam_turn_show(turn, &html, &keyboard);
}

enum fam_code fam_export_start(struct fam_turn *turn)
{
    fam_state_leave(&turn->state);
    return ask(turn);
}

/* Two files of some megabytes: a second tap does not send them once more. */
static bool was_pressed(const struct fam_turn *turn)
{
    return turn->state.view.kind == FAM_VIEW_EXPORTED && turn->state.view.message_id == turn->update->message_id;
}

enum fam_code fam_export_press(struct fam_turn *turn)
{
    struct fam_exports *exports = turn->dialog->exports;
    if (turn->pressed.argument != 1) {
        turn->keep_pressed = true;
        return ask(turn);
    }
    if (was_pressed(turn)) {
        return FAM_OK;
    }
    if (atomic_fetch_add(&exports->running, 1) >= FAM_EXPORTS) {
        atomic_fetch_sub(&exports->running, 1);
        return fam_fail(turn->status, FAM_UNAVAILABLE, "enough files are being put together");
    }
    enum fam_code code = send_files(turn);
    atomic_fetch_sub(&exports->running, 1);
    if (code == FAM_OK) {
        turn->state.view = (struct fam_view){.kind = FAM_VIEW_EXPORTED, .message_id = turn->update->message_id};
    }
    return code;
}
