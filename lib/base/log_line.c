#include "base/log_line.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"

enum {
    VALUE_BYTES_MAX = 512,
    LINE_END_BYTES = 32, /* for what follows the last field */
};

static void add(struct fam_log_line *line, const char *data, size_t size)
{
    if (line->failed || size > sizeof(line->data) - 1 - line->size) {
        line->failed = true;
        return;
    }
    memcpy(line->data + line->size, data, size);
    line->size += size;
}

static void add_text(struct fam_log_line *line, const char *text)
{
    add(line, text, strlen(text));
}

static void add_u64(struct fam_log_line *line, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    add(line, digits + at, sizeof(digits) - at);
}

static void add_i64(struct fam_log_line *line, int64_t value)
{
    if (value < 0) {
        add(line, "-", 1);
    }
    add_u64(line, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

static void add_double(struct fam_log_line *line, double value)
{
    char text[32];
    if (isfinite(value)) {
        (void)snprintf(text, sizeof(text), "%.6g", value);
        add_text(line, text);
    } else {
        add_text(line, "null");
    }
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f && c != '"' && c != '\\';
}

/* RFC 8259; `text` is valid UTF-8. */
static void add_json_string(struct fam_log_line *line, const char *text)
{
    add(line, "\"", 1);
    while (*text != '\0') {
        size_t plain = 0;
        while (text[plain] != '\0' && (is_plain(text[plain]) || (unsigned char)text[plain] >= 0x80)) {
            plain++;
        }
        add(line, text, plain);
        text += plain;
        if (*text == '\0') {
            break;
        }
        char c = *text++;
        const char *special = c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : NULL;
        char escape[8];
        if (c == '"' || c == '\\') {
            (void)snprintf(escape, sizeof(escape), "\\%c", c);
        } else {
            (void)snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)(unsigned char)c);
        }
        add_text(line, special != NULL ? special : escape);
    }
    add(line, "\"", 1);
}

/* Valid UTF-8 of at most VALUE_BYTES_MAX bytes: bytes that are none become '?'. */
static void clean_value(const char *text, size_t size, char ret_value[VALUE_BYTES_MAX + 1])
{
    memcpy(ret_value, text, size);
    ret_value[size] = '\0';
    if (text[size] != '\0') {
        while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80) {
            size--;
        }
        ret_value[size] = '\0';
    }
    if (!fam_utf8_valid(ret_value, size)) {
        for (size_t i = 0; i < size; i++) {
            if ((unsigned char)ret_value[i] >= 0x80) {
                ret_value[i] = '?';
            }
        }
    }
}

/* Can it stand in a text line without quotes? Control bytes would reach the terminal. */
static bool is_word(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at <= ' ' || *at == '"' || *at == '=' || *at == '\\' || *at == 0x7f) {
            return false;
        }
    }
    return text[0] != '\0';
}

static void add_string(struct fam_log_line *line, const char *text, bool json)
{
    char clean[VALUE_BYTES_MAX + 1];
    size_t size = 0;
    bool plain = true;
    for (text = text == NULL ? "" : text; size < VALUE_BYTES_MAX && text[size] != '\0'; size++) {
        plain = plain && is_plain(text[size]);
    }
    if (!plain || text[size] != '\0') {
        clean_value(text, size, clean);
        text = clean;
    } else if (json) { /* what nearly every value is */
        add(line, "\"", 1);
        add(line, text, size);
        add(line, "\"", 1);
        return;
    }
    if (json || !is_word(text)) {
        add_json_string(line, text);
    } else {
        add_text(line, text);
    }
}

static void add_value(struct fam_log_line *line, const struct fam_field *field, bool json)
{
    switch (field->type) {
    case FAM_FIELD_STRING:
        add_string(line, field->value.string, json);
        break;
    case FAM_FIELD_I64:
        add_i64(line, field->value.i64);
        break;
    case FAM_FIELD_U64:
        add_u64(line, field->value.u64);
        break;
    case FAM_FIELD_DOUBLE:
        add_double(line, field->value.number);
        break;
    case FAM_FIELD_BOOL:
        add_text(line, field->value.boolean ? "true" : "false");
        break;
    default:
        add_text(line, "null");
        break;
    }
}

/* As many as fit, and a mark when it is not all. */
static void add_fields(struct fam_log_line *line, const struct fam_field *fields, size_t field_count, bool json)
{
    for (size_t i = 0; i < field_count; i++) {
        size_t before = line->size;
        add_text(line, json ? ",\"" : " ");
        add_text(line, fields[i].name);
        add_text(line, json ? "\":" : "=");
        add_value(line, &fields[i], json);
        if (line->failed || line->size > FAM_LOG_LINE_MAX - LINE_END_BYTES) {
            line->failed = false;
            line->size = before;
            add_text(line, json ? ",\"cut\":true" : " cut=true");
            return;
        }
    }
}

static void add_json(struct fam_log_line *line, const struct fam_log_head *head, enum fam_log_level level,
                     const char *source, const char *event)
{
    char now[FAM_RFC3339_SIZE];
    fam_rfc3339(fam_wall_ms(), now);
    add_text(line, "{\"ts\":\"");
    add_text(line, now);
    add_text(line, "\",\"level\":\"");
    add_text(line, fam_log_level_name(level));
    add_text(line, "\",\"program\":\"");
    add_text(line, head->program);
    add_text(line, "\",\"source\":\"");
    add_text(line, source);
    add_text(line, "\",\"event\":");
    add_json_string(line, event);
}

static void add_words(struct fam_log_line *line, const struct fam_log_head *head, enum fam_log_level level,
                      const char *source, const char *event)
{
    static const char *const COLOURS[] = {"\033[2m", "", "\033[33m", "\033[31m", ""};
    static const char *const WORDS[] = {"DEBUG", "INFO ", "WARN ", "ERROR", ""};
    char now[FAM_RFC3339_SIZE];
    fam_rfc3339(fam_wall_ms(), now);
    add_text(line, head->colour ? COLOURS[level] : "");
    add_text(line, now);
    add_text(line, " ");
    add_text(line, WORDS[level]);
    add_text(line, " ");
    add_text(line, source);
    add_text(line, ": ");
    add_text(line, event);
}

void fam_log_line_format(struct fam_log_line *line, const struct fam_log_head *head, enum fam_log_level level,
                         const char *source, const char *event, const struct fam_field *fields, size_t field_count)
{
    bool json = head->format == FAM_LOG_JSON;
    line->size = 0;
    line->failed = false;
    if (json) {
        add_json(line, head, level, source, event);
    } else {
        add_words(line, head, level, source, event);
    }
    add_fields(line, fields, field_count > FAM_LOG_FIELDS_MAX ? FAM_LOG_FIELDS_MAX : field_count, json);
    add_text(line, json ? "}\n" : head->colour ? "\033[0m\n" : "\n");
}
