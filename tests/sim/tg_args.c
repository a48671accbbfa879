/* tg_args.c: see tg_state.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"
#include "sim/tg_state.h"

enum { MOST_PAIRS = 256 };

/* a=1&b=2 into `args`; the first of a name wins. */
static bool add_pairs(cJSON *args, const char *text, size_t size)
{
    const char *end = text + size;
    for (int count = 0; text < end; count++) {
        const char *stop = memchr(text, '&', (size_t)(end - text));
        if (!stop)
            stop = end;
        const char *equals = memchr(text, '=', (size_t)(stop - text));
        const char *key_end = equals ? equals : stop;
        char *key = http_sim_decode(text, (size_t)(key_end - text));
        char *value = equals ? http_sim_decode(equals + 1, (size_t)(stop - equals - 1)) : strdup("");
        bool good = key && value && count < MOST_PAIRS && fam_utf8_valid(key, strlen(key)) &&
                    fam_utf8_valid(value, strlen(value));
        if (good && key[0] && !fam_json_get(args, key))
            good = cJSON_AddStringToObject(args, key, value) != NULL;
        free(key);
        free(value);
        if (!good)
            return false;
        text = stop + 1;
    }
    return true;
}

cJSON *tg_args_query(const char *query)
{
    cJSON *args = cJSON_CreateObject();
    if (args && add_pairs(args, query, strlen(query)))
        return args;
    cJSON_Delete(args);
    return NULL;
}

/* Members of a JSON body come after those of the query, whose names win. */
static bool add_json(cJSON *args, const struct http_sim_request *request, struct tg_error *error)
{
    cJSON *body = fam_json_parse(request->body, request->body_size, HTTP_SIM_MAX_BODY);
    if (!cJSON_IsObject(body)) {
        cJSON_Delete(body);
        return tg_fail(error, 400, "Bad Request: can't parse JSON object");
    }
    for (cJSON *member = body->child; member;) {
        cJSON *next = member->next;
        if (!fam_json_get(args, member->string)) {
            cJSON_DetachItemViaPointer(body, member);
            cJSON_AddItemToObject(args, member->string, member);
        }
        member = next;
    }
    cJSON_Delete(body);
    return true;
}

cJSON *tg_args_read(const struct http_sim_request *request, struct tg_error *error)
{
    char type[160];
    bool good = true;
    cJSON *args = tg_args_query(request->query);
    if (!args) {
        tg_fail(error, 400, "Bad Request: strings must be encoded in UTF-8");
        return NULL;
    }
    http_sim_header(request, "Content-Type", type, sizeof(type));
    if (request->body_size == 0)
        good = true;
    else if (strncasecmp(type, "application/json", 16) == 0)
        good = add_json(args, request, error);
    else if (strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0)
        good = add_pairs(args, request->body, request->body_size) ||
               tg_fail(error, 400, "Bad Request: strings must be encoded in UTF-8");
    else if (strncasecmp(type, "multipart/form-data", 19) == 0)
        good = tg_args_multipart(args, type, request->body, request->body_size, error);
    else
        good = tg_fail(error, 400, "Bad Request: unsupported content type");
    if (good)
        return args;
    cJSON_Delete(args);
    return NULL;
}

const char *tg_arg_string(const cJSON *args, const char *key)
{
    return fam_json_string(args, key);
}

void tg_arg_text(const cJSON *args, const char *key, char *ret_text, size_t size)
{
    int64_t number;
    const char *string = fam_json_string(args, key);
    ret_text[0] = '\0';
    if (string)
        snprintf(ret_text, size, "%s", string);
    else if (fam_json_i64(args, key, &number))
        snprintf(ret_text, size, "%" PRId64, number);
}

int64_t tg_arg_i64(const cJSON *args, const char *key, int64_t fallback)
{
    char text[32];
    char *end;
    tg_arg_text(args, key, text, sizeof(text));
    if (!text[0])
        return fallback;
    long long value = strtoll(text, &end, 10);
    return *end ? fallback : (int64_t)value;
}

bool tg_arg_bool(const cJSON *args, const char *key)
{
    const cJSON *value = fam_json_get(args, key);
    if (cJSON_IsBool(value))
        return cJSON_IsTrue(value);
    char text[16];
    tg_arg_text(args, key, text, sizeof(text));
    return strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0 || strcmp(text, "1") == 0;
}

bool tg_arg_json(const cJSON *args, const char *key, cJSON **ret_value)
{
    const cJSON *value = fam_json_get(args, key);
    *ret_value = NULL;
    if (!value || cJSON_IsNull(value) || (cJSON_IsString(value) && !value->valuestring[0]))
        return true;
    if (cJSON_IsString(value))
        *ret_value = fam_json_parse(value->valuestring, strlen(value->valuestring), HTTP_SIM_MAX_BODY);
    else
        *ret_value = cJSON_Duplicate(value, 1);
    return *ret_value != NULL;
}
