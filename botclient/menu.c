#include "menu.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "dialog/states.h"
#include "locale.h"
#include "telegram/api.h"

enum { CALL_MS = 10000, ANSWER_MAX = 256 * 1024 };

/* The next command of the menu from *index on; NULL behind the last. */
static const char *next_command(size_t *index)
{
    for (const struct fam_command_row *row; (row = fam_command_at(*index)); (*index)++) {
        if (row->in_menu) {
            (*index)++;
            return row->name;
        }
    }
    return NULL;
}

static const char *text_of(const struct fam_locale *locale, const char *command)
{
    char key[32];
    snprintf(key, sizeof(key), "menu.%s", command);
    return fam_locale_text(locale, key);
}

/* Calls and returns the member `result`; the document in *ret_root (cJSON_Delete). NULL when it failed. */
static const cJSON *call(struct fam_api *api, const char *method, const char *json, cJSON **ret_root)
{
    struct fam_api_result result;
    *ret_root = NULL;
    fam_api_call(api, method, json, CALL_MS, NULL, &result);
    if (result.outcome == FAM_API_OK) {
        *ret_root = fam_json_parse(fam_buf_text(&result.body), result.body.size, ANSWER_MAX);
    }
    fam_api_result_done(&result);
    return fam_json_get(*ret_root, "result");
}

static bool is_same_commands(const cJSON *list, const struct fam_locale *locale)
{
    size_t index = 0;
    int place = 0;
    if (!cJSON_IsArray(list)) {
        return false;
    }
    for (const char *wanted; (wanted = next_command(&index)); place++) {
        const cJSON *item = cJSON_GetArrayItem(list, place);
        const char *command = fam_json_string(item, "command"), *text = fam_json_string(item, "description");
        if (!command || !text || strcmp(command, wanted) != 0 || strcmp(text, text_of(locale, wanted)) != 0) {
            return false;
        }
    }
    return cJSON_GetArraySize(list) == place;
}

static bool set_commands(struct fam_api *api, const struct fam_locale *locale, const char *code)
{
    fam_auto(fam_buf_done) struct fam_buf json = {0};
    cJSON *root;
    fam_buf_add_text(&json, "{\"language_code\":");
    fam_json_add_string(&json, code);
    fam_buf_add_text(&json, ",\"commands\":[");
    const char *separator = "";
    size_t index = 0;
    for (const char *command; (command = next_command(&index)); separator = ",") {
        fam_buf_addf(&json, "%s{\"command\":\"%s\",\"description\":", separator, command);
        fam_json_add_string(&json, text_of(locale, command));
        fam_buf_add_char(&json, '}');
    }
    fam_buf_add_text(&json, "]}");
    bool done = !json.failed && call(api, "setMyCommands", json.data, &root);
    if (!json.failed) {
        cJSON_Delete(root);
    }
    return done;
}

static bool publish_commands(struct fam_api *api, const struct fam_locale *locale, const char *code)
{
    char json[64];
    cJSON *root;
    snprintf(json, sizeof(json), "{\"language_code\":\"%s\"}", code);
    const cJSON *list = call(api, "getMyCommands", json, &root);
    bool asked = list != NULL, same = asked && is_same_commands(list, locale);
    cJSON_Delete(root);
    return asked && (same || set_commands(api, locale, code));
}

/* One of the two texts that people see before they write. */
static bool publish_text(struct fam_api *api, const char *what, const char *member, const char *text, const char *code)
{
    char method[40];
    cJSON *root;
    fam_auto(fam_buf_done) struct fam_buf json = {0};
    fam_buf_addf(&json, "{\"language_code\":\"%s\"}", code);
    snprintf(method, sizeof(method), "getMy%s", what);
    const char *now = fam_json_string(call(api, method, fam_buf_text(&json), &root), member);
    bool asked = now != NULL, same = asked && strcmp(now, text) == 0;
    cJSON_Delete(root);
    if (!asked || same) {
        return asked;
    }
    fam_buf_clear(&json);
    fam_buf_addf(&json, "{\"language_code\":\"%s\",\"%s\":", code, member);
    fam_json_add_string(&json, text);
    fam_buf_add_char(&json, '}');
    if (json.failed) {
        return false;
    }
    snprintf(method, sizeof(method), "setMy%s", what);
    bool done = call(api, method, json.data, &root) != NULL;
    cJSON_Delete(root);
    return done;
}

static bool publish(struct fam_api *api, const struct fam_locale *locale, const char *code)
{
    return publish_commands(api, locale, code) &&
           publish_text(api, "Description", "description", T(locale, "menu.description"), code) &&
           publish_text(api, "ShortDescription", "short_description", T(locale, "menu.short_description"), code);
}

bool fam_menu_publish(struct fam_api *api, const struct fam_locales *locales, Fam__V1__Language default_language,
                      struct fam_log *log)
{
    bool done = publish(api, fam_locales_get(locales, default_language), "");
    for (size_t i = 0; i < fam_locale_count() && done; i++) {
        done = publish(api, fam_locales_get(locales, fam_locale_language(i)), fam_locale_code(i));
    }
    if (!done) {
        FAM_LOG0(log, FAM_LOG_DEBUG, "menu", "commands could not be compared with Telegram's");
    }
    return done;
}
