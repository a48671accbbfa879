/* chat.c: see chat.h. */
#include "sim/chat.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "sim/tg_state.h"

bool chat_open(struct chat *chat, const struct chat_options *options)
{
    cJSON *state = NULL;
    int64_t seq = 0;
    *chat = (struct chat){.options = *options, .client = sim_client_new(options->url)};
    cJSON *person = cJSON_CreateObject();
    cJSON *from = cJSON_AddObjectToObject(person, "from");
    tg_put_i64(person, "chat_id", options->chat_id);
    tg_put_i64(from, "id", options->chat_id);
    tg_put_text(from, "first_name", options->name);
    tg_put_text(from, "language_code", options->language);
    int status = 0;
    if (chat->client)
        status = sim_client_post_json(chat->client, "/control/chat", person, NULL);
    else
        cJSON_Delete(person);
    if (status == 200)
        status = sim_client_get(chat->client, "/control/state", 10000, &state);
    bool good = status == 200 && fam_json_i64(state, "seq", &seq);
    cJSON_Delete(state);
    if (!good)
        fprintf(stderr, "famchat: no simulator answers at %s\n", options->url);
    chat->seen = (uint64_t)seq;
    return good;
}

void chat_close(struct chat *chat)
{
    sim_client_free(chat->client);
    chat->client = NULL;
}

static enum chat_said post(struct chat *chat, cJSON *update, const char *label, int64_t *ret_update_id)
{
    cJSON *answer = NULL;
    tg_put_i64(update, "chat_id", chat->options.chat_id);
    int status = sim_client_post_json(chat->client, "/control/update", update, &answer);
    bool good = status == 200 && fam_json_i64(answer, "update_id", ret_update_id);
    const char *reason = fam_json_string(answer, "error");
    if (good) {
        cJSON_Delete(answer);
        return CHAT_SAID;
    }
    chat->failed = true;
    if (status == 404 && label)
        fprintf(stderr, "famchat: no such button: [%s]\n", label);
    else
        fprintf(stderr, "famchat: %s\n", status ? reason ? reason : "the simulator refused" : "the simulator is gone");
    cJSON_Delete(answer);
    return status ? CHAT_NO_BUTTON : CHAT_UNREACHABLE;
}

enum chat_said chat_say(struct chat *chat, char *line, int64_t *ret_update_id)
{
    *ret_update_id = 0;
    line[strcspn(line, "\r\n")] = '\0';
    if (!fam_utf8_valid(line, strlen(line))) {
        fprintf(stderr, "famchat: a line is not valid UTF-8\n");
        chat->failed = true;
        return CHAT_BAD_LINE;
    }
    fam_text_trim(line);
    size_t size = strlen(line);
    if (size == 0)
        return CHAT_NOTHING;
    if (fam_utf16_length(line) > TG_MAX_TEXT_UTF16) {
        fprintf(stderr, "famchat: a line is longer than %d characters, Telegram's limit\n", TG_MAX_TEXT_UTF16);
        chat->failed = true;
        return CHAT_BAD_LINE;
    }
    cJSON *update = cJSON_CreateObject();
    if (line[0] != '[' || line[size - 1] != ']' || size < 3) {
        tg_put_text(update, "text", line);
        return post(chat, update, NULL, ret_update_id);
    }
    line[size - 1] = '\0';
    tg_put_text(update, "kind", "press");
    tg_put_text(update, "button", line + 1);
    return post(chat, update, line + 1, ret_update_id);
}

void chat_print_text(FILE *out, const char *text, const char *indent)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        bool empty = true;
        for (size_t i = 0; i < length; i++)
            empty = empty && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r');
        if (!empty) {
            fputs(indent, out);
            for (size_t i = 0; i < length; i++)
                if ((unsigned char)text[i] >= ' ' && text[i] != 0x7f)
                    fputc(text[i], out);
            fputc('\n', out);
        }
        text += length;
        if (*text)
            text++;
    }
}
