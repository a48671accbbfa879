/* tg_html.c: see tg_state.h. The tags and the errors are those of the Bot API's "HTML style". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"
#include "sim/tg_state.h"

enum { DEEPEST_TAG = 64, LONGEST_TAG = 32 };

struct open_tag {
    char name[LONGEST_TAG];
    const char *type; /* of the entity; NULL: makes none */
    size_t text_at;   /* bytes of output before it */
    size_t offset;    /* UTF-16 units before it */
    char url[2048];
};

struct html_parser {
    const char *html;
    size_t at;
    struct fam_buf text;
    cJSON *entities;
    struct open_tag *open;
    size_t depth;
    struct tg_error *error;
};

static const char *entity_type(const char *tag)
{
    static const char *const types[][2] = {
        {"b", "bold"},
        {"strong", "bold"},
        {"i", "italic"},
        {"em", "italic"},
        {"u", "underline"},
        {"ins", "underline"},
        {"s", "strikethrough"},
        {"strike", "strikethrough"},
        {"del", "strikethrough"},
        {"tg-spoiler", "spoiler"},
        {"span", "spoiler"},
        {"a", "text_link"},
        {"code", "code"},
        {"pre", "pre"},
        {"blockquote", "blockquote"},
        {"tg-emoji", "custom_emoji"},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(types); i++)
        if (strcmp(types[i][0], tag) == 0)
            return types[i][1];
    return NULL;
}

/* The four named entities and numbers; anything else stays as it is written. */
static void add_character(struct html_parser *parser)
{
    static const struct {
        const char *name;
        char c;
    } named[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}};
    const char *here = parser->html + parser->at;
    for (size_t i = 0; *here == '&' && i < FAM_ARRAY_SIZE(named); i++) {
        size_t length = strlen(named[i].name);
        if (strncmp(here, named[i].name, length) == 0) {
            fam_buf_add_char(&parser->text, named[i].c);
            parser->at += length;
            return;
        }
    }
    if (here[0] == '&' && here[1] == '#') {
        char *end;
        bool hex = here[2] == 'x';
        unsigned long code = strtoul(here + (hex ? 3 : 2), &end, hex ? 16 : 10);
        if (*end == ';' && code >= 32 && code < 128) {
            fam_buf_add_char(&parser->text, (char)code);
            parser->at = (size_t)(end + 1 - parser->html);
            return;
        }
    }
    fam_buf_add_char(&parser->text, *here);
    parser->at++;
}

/* Letters of a tag's name, lower case. */
static void read_name(struct html_parser *parser, char name[LONGEST_TAG])
{
    size_t used = 0;
    for (;; parser->at++) {
        char c = parser->html[parser->at];
        if (c == '\0' || c == '>' || c == ' ' || c == '\n' || c == '\t' || c == '/')
            break;
        if (used + 1 < LONGEST_TAG)
            name[used++] = (char)(c >= 'A' && c <= 'Z' ? c | 32 : c);
    }
    name[used] = '\0';
}

/* Attributes up to '>'; href and class are kept. */
static bool read_attributes(struct html_parser *parser, struct open_tag *tag, size_t began)
{
    const char *html = parser->html;
    for (;;) {
        char name[LONGEST_TAG];
        while (html[parser->at] == ' ' || html[parser->at] == '\n' || html[parser->at] == '\t' ||
               html[parser->at] == '/')
            parser->at++;
        if (html[parser->at] == '>') {
            parser->at++;
            return true;
        }
        size_t used = 0;
        while (html[parser->at] && !strchr(" \n\t=>/\"'", html[parser->at])) {
            if (used + 1 < sizeof(name))
                name[used++] = html[parser->at];
            parser->at++;
        }
        name[used] = '\0';
        if (html[parser->at] == '\0')
            return tg_fail(parser->error, 400,
                           "Bad Request: can't parse entities: Unclosed start tag at byte offset %zu", began);
        if (used == 0)
            return tg_fail(
                parser->error, 400,
                "Bad Request: can't parse entities: Empty attribute name in the tag \"%s\" at byte offset %zu",
                tag->name, began);
        if (html[parser->at] != '=') {
            if (strcasecmp(name, "expandable") == 0)
                continue;
            return tg_fail(parser->error, 400,
                           "Bad Request: can't parse entities: Expected equal sign in declaration of an attribute of "
                           "the tag \"%s\" at byte offset %zu",
                           tag->name, began);
        }
        char quote = html[++parser->at];
        bool quoted = quote == '"' || quote == '\'';
        size_t value = parser->at + (quoted ? 1 : 0);
        size_t length = quoted ? strcspn(html + value, quote == '"' ? "\"" : "'") : strcspn(html + value, " \n\t>");
        if (html[value + length] == '\0')
            return tg_fail(parser->error, 400,
                           "Bad Request: can't parse entities: Unclosed start tag at byte offset %zu", began);
        if (strcasecmp(name, "href") == 0 || strcasecmp(name, "class") == 0)
            snprintf(tag->url, sizeof(tag->url), "%.*s", (int)(length < 2000 ? length : 2000), html + value);
        parser->at = value + length + (quoted ? 1 : 0);
    }
}

static bool open_one(struct html_parser *parser)
{
    size_t began = parser->at++;
    if (parser->depth == DEEPEST_TAG)
        return tg_fail(parser->error, 400, "Bad Request: can't parse entities: too many nested tags");
    struct open_tag *tag = &parser->open[parser->depth];
    memset(tag, 0, sizeof(*tag));
    read_name(parser, tag->name);
    if (parser->html[parser->at] == '\0')
        return tg_fail(parser->error, 400, "Bad Request: can't parse entities: Unclosed start tag at byte offset %zu",
                       began);
    tag->type = entity_type(tag->name);
    if (!tag->type)
        return tg_fail(parser->error, 400,
                       "Bad Request: can't parse entities: Unsupported start tag \"%s\" at byte offset %zu", tag->name,
                       began);
    if (!read_attributes(parser, tag, began))
        return false;
    if (strcmp(tag->name, "span") == 0 && strcmp(tag->url, "tg-spoiler") != 0)
        return tg_fail(parser->error, 400,
                       "Bad Request: can't parse entities: Tag \"span\" must have class \"tg-spoiler\" at byte offset "
                       "%zu",
                       began);
    if (strcmp(tag->name, "a") == 0 && !tag->url[0])
        tag->type = NULL;
    tag->text_at = parser->text.size;
    tag->offset = fam_utf16_length(fam_buf_text(&parser->text));
    parser->depth++;
    return true;
}

static bool close_one(struct html_parser *parser)
{
    char name[LONGEST_TAG];
    size_t began = parser->at;
    parser->at += 2;
    if (parser->depth == 0)
        return tg_fail(parser->error, 400, "Bad Request: can't parse entities: Unexpected end tag at byte offset %zu",
                       began);
    read_name(parser, name);
    while (parser->html[parser->at] == ' ' || parser->html[parser->at] == '\n')
        parser->at++;
    if (parser->html[parser->at] != '>')
        return tg_fail(parser->error, 400, "Bad Request: can't parse entities: Unclosed end tag at byte offset %zu",
                       began);
    parser->at++;
    struct open_tag *tag = &parser->open[--parser->depth];
    if (name[0] && strcmp(name, tag->name) != 0)
        return tg_fail(parser->error, 400,
                       "Bad Request: can't parse entities: Unmatched end tag at byte offset %zu, expected \"</%s>\", "
                       "found \"</%s>\"",
                       began, tag->name, name);
    size_t length = fam_utf16_length(fam_buf_text(&parser->text) + tag->text_at);
    if (!tag->type || length == 0)
        return true;
    cJSON *entity = cJSON_CreateObject();
    tg_put_i64(entity, "offset", (int64_t)tag->offset);
    tg_put_i64(entity, "length", (int64_t)length);
    tg_put_text(entity, "type", tag->type);
    if (strcmp(tag->type, "text_link") == 0)
        tg_put_text(entity, "url", tag->url);
    return cJSON_AddItemToArray(parser->entities, entity);
}

bool tg_html_parse(const char *html, char **ret_text, cJSON **ret_entities, struct tg_error *error)
{
    struct html_parser parser = {.html = html, .error = error, .entities = cJSON_CreateArray()};
    bool good = true;
    parser.open = calloc(DEEPEST_TAG, sizeof(*parser.open));
    if (!parser.open || !parser.entities) {
        free(parser.open);
        cJSON_Delete(parser.entities);
        return tg_fail(error, 500, "Internal Server Error: not enough memory");
    }
    while (good && html[parser.at]) {
        if (html[parser.at] != '<')
            add_character(&parser);
        else if (html[parser.at + 1] == '/')
            good = close_one(&parser);
        else
            good = open_one(&parser);
    }
    if (good && parser.depth)
        good = tg_fail(error, 400,
                       "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"%s\"",
                       parser.open[parser.depth - 1].name);
    free(parser.open);
    fam_buf_add_text(&parser.text, "");
    char *text = good ? fam_buf_take(&parser.text) : NULL;
    if (good && !text)
        text = strdup("");
    fam_buf_done(&parser.text);
    if (!text) {
        cJSON_Delete(parser.entities);
        return false;
    }
    *ret_text = text;
    *ret_entities = parser.entities;
    return true;
}
