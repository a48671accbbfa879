/* tg_methods.c: the smaller methods, and the table of all; see tg_state.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "sim/tg_state.h"

static cJSON *get_me(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    (void)args;
    (void)error;
    cJSON *me = cJSON_Duplicate(sim->bot, 1);
    cJSON_AddBoolToObject(me, "can_join_groups", 1);
    cJSON_AddBoolToObject(me, "can_read_all_group_messages", 0);
    cJSON_AddBoolToObject(me, "supports_inline_queries", 0);
    cJSON_AddBoolToObject(me, "can_connect_to_business", 0);
    cJSON_AddBoolToObject(me, "has_main_web_app", 0);
    return me;
}

static cJSON *get_chat(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    struct tg_chat *chat = tg_chat_find(sim, tg_arg_i64(args, "chat_id", 0));
    if (!chat) {
        tg_fail(error, 400, "Bad Request: chat not found");
        return NULL;
    }
    cJSON *json = cJSON_Duplicate(chat->json, 1);
    tg_put_i64(json, "accent_color_id", 0);
    tg_put_i64(json, "max_reaction_count", 11);
    return json;
}

static cJSON *get_webhook_info(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    (void)args;
    (void)error;
    cJSON *info = cJSON_CreateObject();
    tg_put_text(info, "url", "");
    cJSON_AddBoolToObject(info, "has_custom_certificate", 0);
    tg_put_i64(info, "pending_update_count", (int64_t)sim->update_count);
    tg_put_copy(info, "allowed_updates", sim->allowed);
    return info;
}

static cJSON *delete_webhook(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    (void)error;
    if (tg_arg_bool(args, "drop_pending_updates")) {
        for (size_t i = 0; i < sim->update_count; i++)
            free(sim->updates[i].text);
        sim->update_count = 0;
    }
    return cJSON_CreateTrue();
}

/* "commands//ru": what is set separately for each scope and language. */
static void setting_key(const cJSON *args, const char *name, char *ret_key, size_t size)
{
    char language[16];
    cJSON *scope = NULL;
    tg_arg_text(args, "language_code", language, sizeof(language));
    if (!tg_arg_json(args, "scope", &scope))
        scope = NULL;
    const char *type = fam_json_string(scope, "type");
    snprintf(ret_key, size, "%s/%s/%s", name, type ? type : "default", language);
    cJSON_Delete(scope);
}

static void store_setting(struct telegram_sim *sim, const char *key, cJSON *value)
{
    cJSON_DeleteItemFromObjectCaseSensitive(sim->settings, key);
    if (!cJSON_AddItemToObject(sim->settings, key, value))
        cJSON_Delete(value);
}

static bool check_command(const cJSON *item, struct tg_error *error)
{
    const char *command = fam_json_string(item, "command");
    const char *description = fam_json_string(item, "description");
    if (!command || !description)
        return tg_fail(error, 400, "Bad Request: can't parse BotCommand: Can't find field \"%s\"",
                       command ? "description" : "command");
    if (command[0] == '/')
        command++;
    size_t length = strlen(command);
    if (length < 1 || length > 32 || command[strspn(command, "abcdefghijklmnopqrstuvwxyz0123456789_")])
        return tg_fail(error, 400, "Bad Request: BOT_COMMAND_INVALID");
    if (!description[0] || fam_utf8_length(description) > 256)
        return tg_fail(error, 400, "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID");
    return true;
}

static cJSON *set_my_commands(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    char key[80];
    cJSON *commands = NULL;
    const cJSON *item;
    if (!tg_arg_json(args, "commands", &commands) || !cJSON_IsArray(commands)) {
        cJSON_Delete(commands);
        tg_fail(error, 400, "Bad Request: can't parse commands JSON object");
        return NULL;
    }
    bool good = cJSON_GetArraySize(commands) <= 100 || tg_fail(error, 400, "Bad Request: BOT_COMMANDS_TOO_MUCH");
    cJSON_ArrayForEach(item, commands)
    {
        good = good && check_command(item, error);
    }
    if (!good) {
        cJSON_Delete(commands);
        return NULL;
    }
    setting_key(args, "commands", key, sizeof(key));
    store_setting(sim, key, commands);
    return cJSON_CreateTrue();
}

static cJSON *get_my_commands(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    char key[80];
    (void)error;
    setting_key(args, "commands", key, sizeof(key));
    const cJSON *commands = fam_json_get(sim->settings, key);
    return commands ? cJSON_Duplicate(commands, 1) : cJSON_CreateArray();
}

static cJSON *delete_my_commands(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    char key[80];
    (void)error;
    setting_key(args, "commands", key, sizeof(key));
    cJSON_DeleteItemFromObjectCaseSensitive(sim->settings, key);
    return cJSON_CreateTrue();
}

static cJSON *set_text(struct telegram_sim *sim, const cJSON *args, const char *name, size_t longest,
                       struct tg_error *error)
{
    char key[80];
    const char *text = tg_arg_string(args, name);
    if (text && fam_utf8_length(text) > longest) {
        tg_fail(error, 400, "Bad Request: %s is too long", name);
        return NULL;
    }
    setting_key(args, name, key, sizeof(key));
    store_setting(sim, key, cJSON_CreateString(text ? text : ""));
    return cJSON_CreateTrue();
}

static cJSON *get_text(struct telegram_sim *sim, const cJSON *args, const char *name)
{
    char key[80];
    cJSON *result = cJSON_CreateObject();
    setting_key(args, name, key, sizeof(key));
    const char *text = fam_json_string(sim->settings, key);
    tg_put_text(result, name, text ? text : "");
    return result;
}

static cJSON *set_my_description(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    return set_text(sim, args, "description", 512, error);
}

static cJSON *set_my_short_description(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    return set_text(sim, args, "short_description", 120, error);
}

static cJSON *set_my_name(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    return set_text(sim, args, "name", 64, error);
}

static cJSON *get_my_description(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    (void)error;
    return get_text(sim, args, "description");
}

static cJSON *get_my_short_description(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    (void)error;
    return get_text(sim, args, "short_description");
}

static cJSON *get_my_name(struct telegram_sim *sim, const cJSON *args, struct tg_error *error)
{
    (void)error;
    return get_text(sim, args, "name");
}

tg_method_fn *tg_method_find(const char *method)
{
    static const struct {
        const char *name;
        tg_method_fn *run;
    } methods[] = {
        {"getme", get_me},
        {"getchat", get_chat},
        {"sendmessage", tg_send_message},
        {"senddocument", tg_send_document},
        {"sendphoto", tg_send_photo},
        {"sendchataction", tg_send_chat_action},
        {"editmessagetext", tg_edit_text},
        {"editmessagereplymarkup", tg_edit_markup},
        {"deletemessage", tg_delete_message},
        {"deletemessages", tg_delete_messages},
        {"answercallbackquery", tg_answer_callback},
        {"setmycommands", set_my_commands},
        {"getmycommands", get_my_commands},
        {"deletemycommands", delete_my_commands},
        {"setmydescription", set_my_description},
        {"getmydescription", get_my_description},
        {"setmyshortdescription", set_my_short_description},
        {"getmyshortdescription", get_my_short_description},
        {"setmyname", set_my_name},
        {"getmyname", get_my_name},
        {"deletewebhook", delete_webhook},
        {"getwebhookinfo", get_webhook_info},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(methods); i++)
        if (strcmp(methods[i].name, method) == 0)
            return methods[i].run;
    return NULL;
}
