/* claude_sim_reading.c: data that fits a schema, made from what was asked; see claude_sim_state.h.
 *
 * The same question gives the same data. Within one answer no two values of the same enum are equal while there are
 * others, so lists hold different emotions, needs and kinds. Placeholders of the question come back in the texts. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "sim/claude_sim_state.h"

enum { FAMILIES = 16, MOST_PLACEHOLDERS = 3, PLACEHOLDER_SIZE = 48 };

struct maker {
    const struct cs_request *request;
    const struct cs_style *style;
    uint64_t seed;
    struct {
        uint64_t key; /* of the enum's values */
        uint64_t used;
    } families[FAMILIES];
    char child[PLACEHOLDER_SIZE]; /* "" when the question has none */
    char others[MOST_PLACEHOLDERS][PLACEHOLDER_SIZE];
    int other_count;
    int texts; /* made so far */
    int depth;
    int steps;
    bool is_marked; /* some text says that all is simulated */
};

/* What surrounds a value. */
struct place {
    const char *property;
    const char *kind; /* an enum's value beside it; "" */
    bool about_risk;
};

static cJSON *make(struct maker *maker, const cJSON *schema, struct place place);

uint64_t cs_hash(uint64_t seed, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t hash = seed ^ 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    }
    hash ^= hash >> 32;
    hash *= 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 29);
}

static uint64_t draw(const struct maker *maker, const char *property)
{
    return cs_hash(maker->seed, property, strlen(property));
}

/* "{CHILD}", "{SCHOOL_1}", "{CHILD.2}": the size, 0: none starts here that an answer may use. *ret_size_plain is the
 * size without what stands behind the dot, a spelling of the same thing. */
static size_t placeholder_at(const char *text, size_t *ret_size_plain)
{
    static const char *const kinds[] = {"CHILD", "PARENT", "PERSON", "SCHOOL"};
    size_t size = 1;
    if (text[0] != '{' || text[1] < 'A' || text[1] > 'Z') {
        return 0;
    }
    size += strspn(text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.");
    if (text[size] != '}' || size + 2 > PLACEHOLDER_SIZE) {
        return 0;
    }
    *ret_size_plain = 1 + strcspn(text + 1, ".}");
    for (size_t i = 0; i < FAM_ARRAY_SIZE(kinds); i++) {
        size_t length = strlen(kinds[i]);
        if (strncmp(text + 1, kinds[i], length) == 0 && strchr("_.}", text[1 + length])) {
            return size + 1;
        }
    }
    return 0;
}

static void keep_placeholder(struct maker *maker, const char *text, size_t size)
{
    char plain[PLACEHOLDER_SIZE];
    snprintf(plain, sizeof(plain), "%.*s}", (int)size, text);
    if (strcmp(plain, "{CHILD}") == 0) {
        memcpy(maker->child, plain, sizeof(plain));
        return;
    }
    for (int i = 0; i < maker->other_count; i++) {
        if (strcmp(maker->others[i], plain) == 0) {
            return;
        }
    }
    if (maker->other_count < MOST_PLACEHOLDERS) {
        memcpy(maker->others[maker->other_count++], plain, sizeof(plain));
    }
}

static void read_placeholders(struct maker *maker, const char *text)
{
    while (*text) {
        size_t size_plain = 0;
        size_t size = placeholder_at(text, &size_plain);
        if (size) {
            keep_placeholder(maker, text, size_plain);
        }
        text += size ? size : 1;
    }
}

static size_t count_cyrillic(const char *text, size_t *ret_latin)
{
    size_t cyrillic = 0;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        cyrillic += c == 0xd0 || c == 0xd1 ? 1 : 0;
        *ret_latin += (c | 32) >= 'a' && (c | 32) <= 'z' ? 1 : 0;
    }
    return cyrillic;
}

/* The prompt's own language: that of its system text, and of the question where there is none. */
bool cs_wants_russian(const struct cs_request *request)
{
    size_t latin = 0;
    size_t cyrillic = 0;
    const cJSON *block;
    const cJSON *system = fam_json_get(request->json, "system");
    if (cJSON_IsString(system)) {
        cyrillic = count_cyrillic(system->valuestring, &latin);
    }
    cJSON_ArrayForEach(block, system)
    {
        const char *text = fam_json_string(block, "text");
        cyrillic += text ? count_cyrillic(text, &latin) : 0;
    }
    if (latin + cyrillic == 0) {
        cyrillic = count_cyrillic(fam_buf_text(&request->asked), &latin);
    }
    return cyrillic > latin;
}

/* ---- texts ---- */

static void add_filled(struct fam_buf *text, const char *pattern, const char *name)
{
    for (const char *at = pattern; *at; at++) {
        if (at[0] == '{' && at[1] == '}') {
            fam_buf_add_text(text, name);
            at++;
        } else {
            fam_buf_add_char(text, *at);
        }
    }
}

static void add_denial(struct maker *maker, struct fam_buf *text)
{
    if (maker->style->denied) {
        fam_buf_add_text(text, maker->style->russian ? " Опасности здесь нет." : " There is no danger here.");
    }
}

static cJSON *make_text(struct maker *maker, struct place place)
{
    bool russian = maker->style->russian;
    fam_auto(fam_buf_done) struct fam_buf text = {0};
    bool is_main = strcmp(place.property, "going_on") == 0;
    const char *pattern = cs_text(place.property, place.kind, russian, draw(maker, place.property));
    const char *name = maker->child[0] ? maker->child : russian ? "ребёнок" : "your child";
    if (place.about_risk && !maker->style->at_risk) {
        return cJSON_CreateString("");
    }
    if (is_main || (!pattern && !maker->is_marked)) {
        fam_buf_add_text(&text, russian ? "(имитация) " : "(simulated) ");
        maker->is_marked = true;
    }
    if (pattern) {
        add_filled(&text, pattern, name);
    } else {
        fam_buf_addf(&text, russian ? "Пояснение номер %d." : "Remark number %d.", ++maker->texts);
    }
    if (is_main) {
        add_denial(maker, &text);
    }
    for (int i = 0; i < maker->other_count && strcmp(place.property, "activity") == 0; i++) {
        const char *lead = russian ? " Вспомните и о другом: " : " Keep in mind, too: ";
        fam_buf_addf(&text, "%s%s%s", i ? ", " : lead, maker->others[i], i + 1 == maker->other_count ? "." : "");
    }
    return cJSON_CreateString(fam_buf_text(&text));
}

/* ---- values ---- */

static bool is_none(const char *value)
{
    static const char *const nothings[] = {"none",    "no",      "nothing", "unspecified",
                                           "unknown", "no_risk", "safe",    "other"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(nothings); i++) {
        if (strcasecmp(value, nothings[i]) == 0) {
            return true;
        }
    }
    return false;
}

static uint64_t family_key(const cJSON *values)
{
    const cJSON *item;
    uint64_t key = 1;
    cJSON_ArrayForEach(item, values)
    {
        const char *text = cJSON_IsString(item) ? item->valuestring : "";
        key = cs_hash(key, text, strlen(text));
    }
    return key;
}

/* How often a value of this enum was drawn already. */
static uint64_t next_in_family(struct maker *maker, uint64_t key)
{
    for (int i = 0; i < FAMILIES; i++) {
        if (maker->families[i].key == key || maker->families[i].key == 0) {
            maker->families[i].key = key;
            return maker->families[i].used++;
        }
    }
    return 0;
}

static const cJSON *find_nothing(const cJSON *values)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, values)
    {
        if (cJSON_IsNull(item) || (cJSON_IsString(item) && is_none(item->valuestring))) {
            return item;
        }
    }
    return NULL;
}

static cJSON *make_enum(struct maker *maker, const cJSON *values, struct place place)
{
    const cJSON *item;
    const cJSON *nothing = find_nothing(values);
    uint64_t meaningful = 0;
    if (strcmp(place.property, "input_kind") == 0) { /* the usual one stands first */
        return cJSON_Duplicate(values->child, 1);
    }
    if (strcmp(place.property, "language") == 0) {
        cJSON_ArrayForEach(item, values)
        {
            if (cJSON_IsString(item) && strcasecmp(item->valuestring, maker->style->russian ? "ru" : "en") == 0) {
                return cJSON_Duplicate(item, 1);
            }
        }
    }
    if (nothing && place.about_risk && !maker->style->at_risk) {
        return cJSON_Duplicate(nothing, 1);
    }
    cJSON_ArrayForEach(item, values)
    {
        meaningful += !cJSON_IsString(item) || !is_none(item->valuestring) ? 1 : 0;
    }
    if (meaningful == 0) {
        return cJSON_Duplicate(values->child, 1);
    }
    uint64_t key = family_key(values);
    uint64_t chosen = (cs_hash(maker->seed, &key, sizeof(key)) + next_in_family(maker, key)) % meaningful;
    cJSON_ArrayForEach(item, values)
    {
        if (cJSON_IsString(item) && is_none(item->valuestring)) {
            continue;
        }
        if (chosen-- == 0) {
            return cJSON_Duplicate(item, 1);
        }
    }
    return NULL;
}

static int count_for(const struct maker *maker, const cJSON *schema, struct place place)
{
    int64_t least = 0;
    uint64_t chance = draw(maker, place.property);
    if (!fam_json_i64(schema, "minItems", &least)) {
        least = 0;
    }
    if (place.about_risk) {
        return maker->style->at_risk ? 1 : (int)least;
    }
    if (strstr(place.property, "response") || strstr(place.property, "say")) {
        return 3;
    }
    if (strstr(place.property, "need")) {
        return 1 + (int)(chance % 3);
    }
    return strstr(place.property, "secondary") ? (int)(chance % 3) + (chance % 3 < (uint64_t)least ? 1 : 0) : 1;
}

static cJSON *make_array(struct maker *maker, const cJSON *schema, struct place place)
{
    cJSON *list = cJSON_CreateArray();
    int count = count_for(maker, schema, place);
    for (int i = 0; list && i < count; i++) {
        struct place inner = {.property = place.property, .kind = "", .about_risk = place.about_risk};
        cJSON *item = make(maker, fam_json_get(schema, "items"), inner);
        if (!item || !cJSON_AddItemToArray(list, item)) {
            cJSON_Delete(item);
            cJSON_Delete(list);
            return NULL;
        }
    }
    return list;
}

static bool is_about_risk(const char *property)
{
    return strstr(property, "safety") || strstr(property, "risk") || strstr(property, "danger");
}

/* The kind comes first, because the texts beside it follow it. */
static cJSON *make_object(struct maker *maker, const cJSON *schema, struct place place)
{
    cJSON *object = cJSON_CreateObject();
    const cJSON *properties = fam_json_get(schema, "properties");
    const cJSON *property;
    cJSON *kind = fam_json_get(properties, "kind") && object
                      ? make(maker, fam_json_get(properties, "kind"),
                             (struct place){.property = "kind", .kind = "", .about_risk = place.about_risk})
                      : NULL;
    const char *kind_text = kind && cJSON_IsString(kind) ? kind->valuestring : "";
    bool good = object != NULL;
    cJSON_ArrayForEach(property, properties)
    {
        bool is_kind = kind && strcmp(property->string, "kind") == 0;
        struct place inner = {.property = property->string,
                              .kind = kind_text,
                              .about_risk = place.about_risk || is_about_risk(property->string)};
        cJSON *value = is_kind ? cJSON_Duplicate(kind, 1) : make(maker, property, inner);
        if (!good || !value || !cJSON_AddItemToObject(object, property->string, value)) {
            cJSON_Delete(value);
            good = false;
        }
    }
    cJSON_Delete(kind);
    if (!good) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

static bool may_be_null(const cJSON *type)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, type)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, "null") == 0) {
            return true;
        }
    }
    return false;
}

static const char *main_type(const cJSON *schema)
{
    const cJSON *type = fam_json_get(schema, "type");
    const cJSON *item;
    if (cJSON_IsString(type)) {
        return type->valuestring;
    }
    cJSON_ArrayForEach(item, type)
    {
        if (cJSON_IsString(item) && strcmp(item->valuestring, "null") != 0) {
            return item->valuestring;
        }
    }
    return "null";
}

static cJSON *make_typed(struct maker *maker, const cJSON *schema, struct place place)
{
    const char *type = main_type(schema);
    if (place.about_risk && !maker->style->at_risk && may_be_null(fam_json_get(schema, "type"))) {
        return cJSON_CreateNull();
    }
    if (strcmp(type, "object") == 0) {
        return make_object(maker, schema, place);
    }
    if (strcmp(type, "array") == 0) {
        return make_array(maker, schema, place);
    }
    if (strcmp(type, "string") == 0) {
        return make_text(maker, place);
    }
    if (strcmp(type, "boolean") == 0) {
        return cJSON_CreateBool(place.about_risk && maker->style->at_risk);
    }
    if (strcmp(type, "integer") == 0) {
        bool scale = strcmp(place.property, "intensity") == 0;
        return cJSON_CreateNumber(scale ? (double)(1 + draw(maker, place.property) % 5) : 1);
    }
    return strcmp(type, "number") == 0 ? cJSON_CreateNumber(0.5) : cJSON_CreateNull();
}

/* The first of several schemas; where nothing is to be reported, the one that says nothing. */
static const cJSON *choose(const struct maker *maker, const cJSON *choices, struct place place)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, choices)
    {
        const char *type = fam_json_string(item, "type");
        if (place.about_risk && !maker->style->at_risk && type && strcmp(type, "null") == 0) {
            return item;
        }
    }
    return choices->child;
}

static cJSON *make(struct maker *maker, const cJSON *schema, struct place place)
{
    const cJSON *reference = fam_json_get(schema, "$ref");
    const cJSON *choices = fam_json_get(schema, "anyOf");
    const cJSON *constant = fam_json_get(schema, "const");
    const cJSON *values = fam_json_get(schema, "enum");
    cJSON *made = NULL;
    if (!schema || maker->depth == CS_MAX_DEPTH || ++maker->steps > CS_MAX_STEPS) {
        return NULL;
    }
    maker->depth++;
    choices = choices ? choices : fam_json_get(schema, "allOf");
    if (cJSON_IsString(reference)) {
        made = make(maker, cs_schema_resolve(maker->request->schema, reference->valuestring), place);
    } else if (constant) {
        made = cJSON_Duplicate(constant, 1);
    } else if (values) {
        made = make_enum(maker, values, place);
    } else if (choices) {
        made = make(maker, choose(maker, choices, place), place);
    } else {
        made = make_typed(maker, schema, place);
    }
    maker->depth--;
    return made;
}

cJSON *cs_reading(const struct cs_request *request, const struct cs_style *style)
{
    const char *asked = fam_buf_text(&request->asked);
    struct maker maker = {.request = request, .style = style, .seed = cs_hash(1, asked, strlen(asked))};
    read_placeholders(&maker, asked);
    return make(&maker, request->schema, (struct place){.property = "", .kind = ""});
}
