/* tg_json.c: see tg_state.h. */
#include <inttypes.h>
#include <stdio.h>

#include "sim/tg_state.h"

void tg_put_i64(cJSON *object, const char *key, int64_t value)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%" PRId64, value);
    cJSON_AddRawToObject(object, key, digits);
}

void tg_put_text(cJSON *object, const char *key, const char *text)
{
    if (text)
        cJSON_AddStringToObject(object, key, text);
}

void tg_put_copy(cJSON *object, const char *key, const cJSON *value)
{
    cJSON *copy = value ? cJSON_Duplicate(value, 1) : NULL;
    if (copy && !cJSON_AddItemToObject(object, key, copy))
        cJSON_Delete(copy);
}

cJSON *tg_parse(const char *text, size_t size)
{
    const char *end = NULL;
    cJSON *value = cJSON_ParseWithLengthOpts(text, size + 1, &end, 0);
    if (!value)
        return NULL;
    while (end < text + size && (*end == ' ' || *end == '\n' || *end == '\r' || *end == '\t'))
        end++;
    if (end == text + size)
        return value;
    cJSON_Delete(value);
    return NULL;
}
