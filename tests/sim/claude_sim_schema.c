/* claude_sim_schema.c: would the service compile this schema? See claude_sim_state.h.
 *
 * Taken are the types, properties, required, additionalProperties (false alone), items, enum, const, anyOf, allOf, $ref
 * within the schema, $defs, description, title, default, format, and minItems 0 or 1. Everything else is refused. */
#include <string.h>

#include "base/json.h"
#include "sim/claude_sim_state.h"

#define WHERE "output_config.format.schema: "

struct visit {
    const cJSON *root;
    const cJSON *open[CS_MAX_DEPTH]; /* the schemas that we are in, for recursion */
    int depth;
    int steps; /* shared definitions are walked again: bound what they may multiply to */
    struct cs_error *error;
};

static bool check(struct visit *visit, const cJSON *schema);

const cJSON *cs_schema_resolve(const cJSON *root, const char *reference)
{
    static const char *const homes[] = {"$defs", "definitions"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(homes); i++) {
        size_t length = strlen(homes[i]);
        if (strncmp(reference, "#/", 2) == 0 && strncmp(reference + 2, homes[i], length) == 0 &&
            reference[2 + length] == '/') {
            return fam_json_get(fam_json_get(root, homes[i]), reference + 3 + length);
        }
    }
    return NULL;
}

static bool check_keywords(struct visit *visit, const cJSON *schema)
{
    static const char *const taken[] = {
        "type", "properties", "required",    "additionalProperties", "items", "enum",    "const",  "anyOf",    "allOf",
        "$ref", "$defs",      "definitions", "description",          "title", "default", "format", "minItems", NULL};
    const cJSON *keyword;
    cJSON_ArrayForEach(keyword, schema)
    {
        size_t i = 0;
        while (taken[i] && strcmp(taken[i], keyword->string) != 0) {
            i++;
        }
        if (!taken[i]) {
            const char *type = fam_json_string(schema, "type");
            return cs_refuse(visit->error, WHERE "For '%.20s' type, property '%.40s' is not supported",
                             type ? type : "any", keyword->string);
        }
    }
    return true;
}

static bool is_type_name(const cJSON *name)
{
    static const char *const names[] = {"object", "array", "string", "integer", "number", "boolean", "null"};
    for (size_t i = 0; cJSON_IsString(name) && i < FAM_ARRAY_SIZE(names); i++) {
        if (strcmp(names[i], name->valuestring) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_type(const cJSON *schema, const char *wanted)
{
    const cJSON *type = fam_json_get(schema, "type");
    const cJSON *item;
    if (cJSON_IsString(type)) {
        return strcmp(type->valuestring, wanted) == 0;
    }
    cJSON_ArrayForEach(item, type)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, wanted) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_type(struct visit *visit, const cJSON *schema)
{
    const cJSON *type = fam_json_get(schema, "type");
    const cJSON *item;
    if (!type) {
        static const char *const others[] = {"$ref", "anyOf", "allOf", "enum", "const"};
        for (size_t i = 0; i < FAM_ARRAY_SIZE(others); i++) {
            if (fam_json_get(schema, others[i])) {
                return true;
            }
        }
        return cs_refuse(visit->error, WHERE "Schema type is required");
    }
    if (cJSON_IsArray(type) && cJSON_GetArraySize(type) > 0) {
        cJSON_ArrayForEach(item, type)
        {
            if (!is_type_name(item)) {
                return cs_refuse(visit->error, WHERE "a type is not known");
            }
        }
        return true;
    }
    return is_type_name(type) || cs_refuse(visit->error, WHERE "a type is not known");
}

static bool check_object(struct visit *visit, const cJSON *schema)
{
    const cJSON *properties = fam_json_get(schema, "properties");
    const cJSON *required = fam_json_get(schema, "required");
    const cJSON *item;
    if (!cJSON_IsFalse(fam_json_get(schema, "additionalProperties"))) {
        return cs_refuse(visit->error,
                         WHERE "For 'object' type, 'additionalProperties' must be explicitly set to false");
    }
    if (!cJSON_IsArray(required)) {
        return cs_refuse(visit->error, WHERE "For 'object' type, 'required' must be given");
    }
    cJSON_ArrayForEach(item, required)
    {
        if (!cJSON_IsString(item) || !fam_json_get(properties, item->valuestring)) {
            return cs_refuse(visit->error, WHERE "'required' names a property that is not there");
        }
    }
    cJSON_ArrayForEach(item, properties)
    {
        if (!check(visit, item)) {
            return false;
        }
    }
    return true;
}

static bool check_array(struct visit *visit, const cJSON *schema)
{
    int64_t least = 0;
    const cJSON *items = fam_json_get(schema, "items");
    if (fam_json_get(schema, "minItems") && (!fam_json_i64(schema, "minItems", &least) || least < 0 || least > 1)) {
        return cs_refuse(visit->error, WHERE "For 'array' type, 'minItems' values other than 0 or 1 are not supported");
    }
    if (!cJSON_IsObject(items)) {
        return cs_refuse(visit->error, WHERE "For 'array' type, 'items' must be a schema");
    }
    return check(visit, items);
}

static bool check_values(struct visit *visit, const cJSON *schema)
{
    static const char *const formats[] = {"date-time", "time", "date", "duration", "email", "hostname",
                                          "uri",       "ipv4", "ipv6", "uuid",     NULL};
    const cJSON *values = fam_json_get(schema, "enum");
    const cJSON *item;
    const char *format = fam_json_string(schema, "format");
    if (values && cJSON_GetArraySize(values) == 0) {
        return cs_refuse(visit->error, WHERE "'enum' must hold a value");
    }
    cJSON_ArrayForEach(item, values)
    {
        if (cJSON_IsObject(item) || cJSON_IsArray(item)) {
            return cs_refuse(visit->error, WHERE "'enum' takes strings, numbers, booleans and null only");
        }
    }
    for (size_t i = 0; format; i++) {
        if (!formats[i]) {
            return cs_refuse(visit->error, WHERE "format '%.40s' is not supported", format);
        }
        if (strcmp(formats[i], format) == 0) {
            break;
        }
    }
    return true;
}

static bool check_unions(struct visit *visit, const cJSON *schema)
{
    static const char *const unions[] = {"anyOf", "allOf"};
    const cJSON *item;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(unions); i++) {
        const cJSON *list = fam_json_get(schema, unions[i]);
        if (list && cJSON_GetArraySize(list) == 0) {
            return cs_refuse(visit->error, WHERE "'%s' must hold a schema", unions[i]);
        }
        cJSON_ArrayForEach(item, list)
        {
            if (!check(visit, item)) {
                return false;
            }
        }
    }
    return true;
}

static bool check_reference(struct visit *visit, const cJSON *schema)
{
    const cJSON *reference = fam_json_get(schema, "$ref");
    if (!reference) {
        return true;
    }
    const cJSON *target = cJSON_IsString(reference) ? cs_schema_resolve(visit->root, reference->valuestring) : NULL;
    if (!target) {
        return cs_refuse(visit->error, WHERE "a $ref leads nowhere; only \"#/$defs/…\" is supported");
    }
    for (int i = 0; i < visit->depth; i++) {
        if (visit->open[i] == target) {
            return cs_refuse(visit->error, WHERE "Recursive schemas are not supported");
        }
    }
    return check(visit, target);
}

static bool check(struct visit *visit, const cJSON *schema)
{
    if (!cJSON_IsObject(schema)) {
        return cs_refuse(visit->error, WHERE "a schema must be an object");
    }
    if (visit->depth == CS_MAX_DEPTH || ++visit->steps > CS_MAX_STEPS) {
        return cs_refuse(visit->error, WHERE "Schema is too complex");
    }
    visit->open[visit->depth++] = schema;
    bool good = check_keywords(visit, schema) && check_type(visit, schema) && check_values(visit, schema) &&
                check_reference(visit, schema) && check_unions(visit, schema) &&
                (!has_type(schema, "object") || check_object(visit, schema)) &&
                (!has_type(schema, "array") || check_array(visit, schema));
    visit->depth--;
    return good;
}

bool cs_check_schema(const cJSON *schema, struct cs_error *error)
{
    struct visit visit = {.root = schema, .error = error};
    return check(&visit, schema);
}
