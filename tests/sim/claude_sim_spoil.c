/* claude_sim_spoil.c: answers that are wrong on purpose; see claude_sim_state.h.
 *
 * What can't be said in JSON by cJSON goes in as the character U+0001 and is exchanged for its bytes in the printed
 * text. A spoil that finds no place in the data (a number out of range where there is no number) changes nothing. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "sim/claude_sim_state.h"

enum { LONG_TEXT_CHARACTERS = 10000, DEEP_LEVELS = 5000, SHARE_DEPTH = 16 };

#define HOLE "\\u0001"

enum wanted { A_TEXT, AN_ENUM, A_LIST, AN_INTEGER };

static bool is_wanted(const cJSON *value, const cJSON *schema, enum wanted wanted)
{
    bool is_enum = fam_json_get(schema, "enum") || fam_json_get(schema, "const");
    switch (wanted) {
    case A_TEXT:
        return cJSON_IsString(value) && !is_enum && value->valuestring[0];
    case AN_ENUM:
        return cJSON_IsString(value) && is_enum;
    case A_LIST:
        return cJSON_IsArray(value) && value->child;
    case AN_INTEGER:
        return cJSON_IsNumber(value);
    }
    return false;
}

struct search {
    const cJSON *root;
    enum wanted wanted;
    cJSON *parent; /* of what was found */
};

/* The first value of that sort, depth first, along its schema. */
static cJSON *find(struct search *search, cJSON *value, const cJSON *schema, int depth)
{
    const char *reference = fam_json_string(schema, "$ref");
    const cJSON *target = reference ? cs_schema_resolve(search->root, reference) : schema;
    cJSON *item;
    if (is_wanted(value, target, search->wanted)) {
        return value;
    }
    for (item = depth < SHARE_DEPTH ? value->child : NULL; item; item = item->next) {
        const cJSON *inner = cJSON_IsArray(value) ? fam_json_get(target, "items")
                                                  : fam_json_get(fam_json_get(target, "properties"), item->string);
        cJSON *found = find(search, item, inner, depth + 1);
        if (found) {
            search->parent = search->parent ? search->parent : value;
            return found;
        }
    }
    return NULL;
}

static void set_text(cJSON *data, const cJSON *schema, const char *text)
{
    struct search search = {.root = schema, .wanted = A_TEXT};
    cJSON *found = find(&search, data, schema, 0);
    if (found) {
        cJSON_SetValuestring(found, text);
    }
}

static void append_to_text(cJSON *data, const cJSON *schema, const char *more)
{
    struct search search = {.root = schema, .wanted = A_TEXT};
    cJSON *found = find(&search, data, schema, 0);
    fam_auto(fam_buf_done) struct fam_buf text = {0};
    if (found) {
        fam_buf_addf(&text, "%s %s", found->valuestring, more);
        cJSON_SetValuestring(found, fam_buf_text(&text));
    }
}

static void set_number(cJSON *data, const cJSON *schema, double value)
{
    struct search search = {.root = schema, .wanted = AN_INTEGER};
    cJSON *found = find(&search, data, schema, 0);
    if (found) {
        cJSON_SetNumberValue(found, value);
    }
}

static void set_enum(cJSON *data, const cJSON *schema)
{
    struct search search = {.root = schema, .wanted = AN_ENUM};
    cJSON *found = find(&search, data, schema, 0);
    if (found) {
        cJSON_SetValuestring(found, "never_heard_of");
    }
}

/* The longest list of objects that have a kind, or else the longest list. */
static cJSON *main_list(cJSON *data)
{
    cJSON *best = NULL;
    cJSON *item;
    int best_weight = 0;
    cJSON_ArrayForEach(item, data)
    {
        bool has_kind = cJSON_IsArray(item) && fam_json_get(item->child, "kind");
        int weight = cJSON_IsArray(item) ? 2 * cJSON_GetArraySize(item) + (has_kind ? 1000 : 0) : 0;
        if (weight > best_weight) {
            best = item;
            best_weight = weight;
        }
    }
    return best;
}

/* A list of plain values gets its first once more. */
static void double_item(cJSON *data)
{
    cJSON *item;
    cJSON_ArrayForEach(item, data)
    {
        if (cJSON_IsArray(item) && cJSON_IsString(item->child)) {
            if (cJSON_GetArraySize(item) > 1) {
                cJSON_DeleteItemFromArray(item, cJSON_GetArraySize(item) - 1);
            }
            cJSON_AddItemToArray(item, cJSON_Duplicate(item->child, 1));
            return;
        }
    }
}

/* The last text of the object says what the one before it says. */
static void double_text(cJSON *data)
{
    cJSON *item;
    cJSON *last = NULL;
    cJSON *before = NULL;
    cJSON_ArrayForEach(item, data)
    {
        if (cJSON_IsString(item)) {
            before = last;
            last = item;
        }
    }
    if (before) {
        cJSON_SetValuestring(last, before->valuestring);
    }
}

static void change_list(enum cs_spoil spoil, cJSON *data)
{
    cJSON *list = main_list(data);
    cJSON *first = list ? list->child : NULL;
    if (!first) {
        return;
    }
    if (spoil == CS_SPOIL_TOO_FEW) {
        while (list->child) {
            cJSON_DeleteItemFromArray(list, 0);
        }
        return;
    }
    if (spoil == CS_SPOIL_TOO_MANY) {
        for (int i = 0; i < 100; i++) {
            cJSON_AddItemToArray(list, cJSON_Duplicate(first, 1));
        }
        return;
    }
    for (cJSON *item = first->next; item; item = item->next) { /* the same kinds */
        cJSON *kind = cJSON_GetObjectItemCaseSensitive(item, "kind");
        const char *of_first = fam_json_string(first, "kind");
        if (kind && of_first) {
            cJSON_SetValuestring(kind, of_first);
        }
    }
}

/* The first member of the answer, or the first item of a list. */
static void change_member(enum cs_spoil spoil, cJSON *data)
{
    const char *name = data->child ? data->child->string : NULL;
    if (!name) {
        return;
    }
    if (spoil == CS_SPOIL_MISSING_MEMBER) {
        cJSON_DeleteItemFromObjectCaseSensitive(data, name);
    } else if (spoil == CS_SPOIL_EXTRA_MEMBER) {
        cJSON_AddStringToObject(data, "surprise", "one more");
    } else {
        bool is_null = spoil == CS_SPOIL_NULL_MEMBER;
        cJSON *value = is_null                       ? cJSON_CreateNull()
                       : cJSON_IsString(data->child) ? cJSON_CreateNumber(7)
                                                     : cJSON_CreateString("7");
        if (!value || !cJSON_ReplaceItemInObjectCaseSensitive(data, name, value)) {
            cJSON_Delete(value);
        }
    }
}

/* The first text over and over. */
static void make_long(cJSON *data, const cJSON *schema)
{
    struct search search = {.root = schema, .wanted = A_TEXT};
    cJSON *found = find(&search, data, schema, 0);
    fam_auto(fam_buf_done) struct fam_buf text = {0};
    size_t length = found ? fam_utf8_length(found->valuestring) + 1 : 0;
    for (size_t written = 0; found && written < LONG_TEXT_CHARACTERS; written += length) {
        fam_buf_addf(&text, "%s ", found->valuestring);
    }
    if (found) {
        cJSON_SetValuestring(found, fam_buf_text(&text));
    }
}

void cs_spoil_data(enum cs_spoil spoil, cJSON *data, const cJSON *schema)
{
    static const struct {
        enum cs_spoil spoil;
        const char *text;
    } texts[] = {
        {CS_SPOIL_HTML, "<b>Важно</b> <script>alert(1)</script>"},
        {CS_SPOIL_MARKDOWN, "**Важно** и [сюда](https://example.com), `код`, # заголовок"},
        {CS_SPOIL_LINK, "Читайте https://example.com/help?id=1"},
        {CS_SPOIL_BARE_LINK, "Читайте на example.com"},
        {CS_SPOIL_MENTION, "Напишите @best_helper"},
        {CS_SPOIL_PHONE, "Позвоните 8 (900) 123-45-67"},
        {CS_SPOIL_EMAIL, "Пишите на help@example.com"},
        {CS_SPOIL_EMOJI, "Обнимите \xf0\x9f\xa4\x97"},
        {CS_SPOIL_LINE_BREAK, "Раз.\n\n- Два."},
        {CS_SPOIL_BLAME, "Это вы виноваты; it is your fault, the child is spoilt and manipulative."},
        {CS_SPOIL_HARM, "Проверьте, не хочет ли ребёнок наглотаться таблеток или порезать вены."},
        {CS_SPOIL_DIAGNOSIS, "Похоже на депрессию и СДВГ; this looks like ADHD and autism."},
        {CS_SPOIL_CONTROL_CHARACTERS, "Раз\a два\x1b[31m три"},
        {CS_SPOIL_DIRECTION_MARKS, "Раз \xe2\x80\xae\xd0\xb4\xd0\xb2\xd0\xb0\xe2\x80\x8b три"},
        {CS_SPOIL_UNKNOWN_PLACEHOLDER, "Поговорите с {TEACHER_9}."},
        {CS_SPOIL_BROKEN_PLACEHOLDER, "Поговорите с {CHILD и {}."},
        {CS_SPOIL_LEAKED_PROMPT, "As an AI language model I follow my system prompt; мои инструкции: отвечать JSON."},
        {CS_SPOIL_NUL, "\x01"},
        {CS_SPOIL_SURROGATE, "\x01"},
        {CS_SPOIL_INVALID_UTF8, "\x01"},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(texts); i++) {
        if (texts[i].spoil == spoil) {
            append_to_text(data, schema, texts[i].text);
            return;
        }
    }
    if (spoil >= CS_SPOIL_MISSING_MEMBER && spoil <= CS_SPOIL_WRONG_TYPE) {
        change_member(spoil, data);
    } else if (spoil >= CS_SPOIL_TOO_FEW && spoil <= CS_SPOIL_SAME_KINDS) {
        change_list(spoil, data);
    } else if (spoil == CS_SPOIL_SAME_ITEMS) {
        double_item(data);
    } else if (spoil == CS_SPOIL_SAME_TEXTS) {
        double_text(data);
    } else if (spoil == CS_SPOIL_UNKNOWN_ENUM) {
        set_enum(data, schema);
    } else if (spoil == CS_SPOIL_OUT_OF_RANGE || spoil == CS_SPOIL_FRACTION || spoil == CS_SPOIL_HUGE_NUMBER) {
        set_number(data, schema, spoil == CS_SPOIL_FRACTION ? 2.5 : spoil == CS_SPOIL_OUT_OF_RANGE ? 9 : 1e300);
    } else if (spoil == CS_SPOIL_EMPTY_TEXT) {
        set_text(data, schema, "");
    } else if (spoil == CS_SPOIL_LONG_TEXT) {
        make_long(data, schema);
    }
}

static void replace(struct fam_buf *text, const char *bytes, size_t size)
{
    fam_buf_clear(text);
    fam_buf_add(text, bytes, size);
}

/* Exchanges the hole for bytes. */
static void fill_hole(struct fam_buf *text, const char *hole, const char *bytes, size_t size)
{
    fam_auto(fam_buf_done) struct fam_buf whole = {0};
    const char *at = strstr(fam_buf_text(text), hole);
    if (!at) {
        return;
    }
    size_t before = (size_t)(at - text->data);
    fam_buf_add(&whole, text->data, before);
    fam_buf_add(&whole, bytes, size);
    fam_buf_add(&whole, at + strlen(hole), text->size - before - strlen(hole));
    replace(text, fam_buf_text(&whole), whole.size);
}

static void surround(struct fam_buf *text, const char *before, const char *after)
{
    fam_auto(fam_buf_done) struct fam_buf whole = {0};
    fam_buf_addf(&whole, "%s%s%s", before, fam_buf_text(text), after);
    replace(text, fam_buf_text(&whole), whole.size);
}

/* {"a":1,…} becomes {"a":1,"a":1,…}, with the whole object's first member twice. */
static void double_first_key(struct fam_buf *text)
{
    cJSON *data = cJSON_Parse(fam_buf_text(text));
    const cJSON *first = cJSON_IsObject(data) ? data->child : NULL;
    char *value = first ? cJSON_PrintUnformatted(first) : NULL;
    if (value) {
        fam_auto(fam_buf_done) struct fam_buf whole = {0};
        fam_buf_add_char(&whole, '{');
        fam_json_add_string(&whole, first->string);
        fam_buf_addf(&whole, ":%s,%s", value, fam_buf_text(text) + 1);
        replace(text, fam_buf_text(&whole), whole.size);
        free(value);
    }
    cJSON_Delete(data);
}

static void make_deep(struct fam_buf *text)
{
    fam_buf_clear(text);
    for (int i = 0; i < DEEP_LEVELS; i++) {
        fam_buf_add_text(text, "{\"a\":[");
    }
    for (int i = 0; i < DEEP_LEVELS; i++) {
        fam_buf_add_text(text, "]}");
    }
}

void cs_spoil_text(enum cs_spoil spoil, struct fam_buf *text)
{
    static const char prose[] = "I think that the child is tired, and no JSON is needed.";
    if (spoil == CS_SPOIL_NOT_JSON) {
        replace(text, prose, sizeof(prose) - 1);
    } else if (spoil == CS_SPOIL_HALF_JSON) {
        text->size = fam_utf8_cut(text->data, text->size / 2);
        text->data[text->size] = '\0';
    } else if (spoil == CS_SPOIL_PROSE) {
        surround(text, "Here is the reading: ", " I hope this helps.");
    } else if (spoil == CS_SPOIL_FENCED) {
        surround(text, "```json\n", "\n```");
    } else if (spoil == CS_SPOIL_EMPTY_ANSWER) {
        replace(text, "", 0);
    } else if (spoil == CS_SPOIL_NOT_AN_OBJECT) {
        surround(text, "[", "]");
    } else if (spoil == CS_SPOIL_DUPLICATE_KEYS) {
        double_first_key(text);
    } else if (spoil == CS_SPOIL_DEEP) {
        make_deep(text);
    } else if (spoil == CS_SPOIL_NUL) {
        fill_hole(text, HOLE, "\\u0000", 6);
    } else if (spoil == CS_SPOIL_SURROGATE) {
        fill_hole(text, HOLE, "\\ud800", 6);
    }
}

void cs_spoil_body(enum cs_spoil spoil, struct fam_buf *body)
{
    static const char error[] =
        "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"Internal server error\"}}";
    if (spoil == CS_SPOIL_INVALID_JSON && body->size) {
        body->data[body->size - 1] = ','; /* instead of the last brace */
    } else if (spoil == CS_SPOIL_EMPTY_BODY) {
        replace(body, "", 0);
    } else if (spoil == CS_SPOIL_BODY_ARRAY) {
        surround(body, "[", "]");
    } else if (spoil == CS_SPOIL_TRAILING_BYTES) {
        surround(body, "", "garbage");
    } else if (spoil == CS_SPOIL_INVALID_UTF8) {
        fill_hole(body, "\\" HOLE, "\xff\xfe", 2);
    } else if (spoil == CS_SPOIL_ERROR_AS_200) {
        replace(body, error, sizeof(error) - 1);
    }
}
