#include "logs.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool fam_log_since(const char *text, char ret_since[32])
{
    char *end = NULL;
    size_t size = strlen(text);
    if (size >= 20 && size < 32 && text[4] == '-' && text[10] == 'T' && text[size - 1] == 'Z' && is_digit(text[0])) {
        memcpy(ret_since, text, size + 1);
        return true;
    }
    if (size < 2 || size > 9 || !is_digit(text[0])) {
        return false;
    }
    int64_t count = strtoll(text, &end, 10);
    static const char units[] = "smhd";
    static const int64_t seconds[] = {1, 60, 3600, 86400};
    const char *unit = end[0] == '\0' || end[1] != '\0' ? NULL : strchr(units, end[0]);
    if (unit == NULL) {
        return false;
    }
    fam_rfc3339(fam_wall_ms() - count * seconds[unit - units] * 1000, ret_since);
    return true;
}

/* Both are UTC in one form, so bytes compare; fractions may be longer or shorter. */
static bool is_before(const char *ts, const char *since)
{
    size_t a = strcspn(ts, "Z");
    size_t b = strcspn(since, "Z");
    size_t common = a < b ? a : b;
    return strncmp(ts, since, common) < 0;
}

static bool takes(const struct fam_log_filter *filter, const cJSON *entry, enum fam_log_level level)
{
    const char *ts = fam_json_string(entry, "ts");
    const char *request_id = fam_json_string(entry, "request_id");
    if (level < filter->level) {
        return false;
    }
    if (filter->request_id[0] != '\0' && (request_id == NULL || strcmp(request_id, filter->request_id) != 0)) {
        return false;
    }
    return filter->since[0] == '\0' || ts == NULL || !is_before(ts, filter->since);
}

/* What a terminal would obey becomes a space. */
static void add_safe(struct fam_buf *buf, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        bool c1 =
            byte == 0xc2 && i + 1 < size && (unsigned char)text[i + 1] >= 0x80 && (unsigned char)text[i + 1] < 0xa0;
        fam_buf_add_char(buf, byte < 0x20 || byte == 0x7f || c1 ? ' ' : text[i]);
        i += c1 ? 1 : 0;
    }
}

static void add_text(struct fam_buf *buf, const char *text)
{
    add_safe(buf, text == NULL ? "-" : text, text == NULL ? 1 : strlen(text));
}

static void add_value(struct fam_buf *buf, const cJSON *value)
{
    if (cJSON_IsString(value)) {
        add_text(buf, value->valuestring);
        return;
    }
    char *text = cJSON_PrintUnformatted(value);
    add_text(buf, text);
    cJSON_free(text);
}

static bool is_head(const char *key)
{
    static const char *const heads[] = {"ts", "level", "program", "source", "event"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(heads); i++) {
        if (strcmp(key, heads[i]) == 0) {
            return true;
        }
    }
    return false;
}

static const char *colour_of(enum fam_log_level level)
{
    switch (level) {
    case FAM_LOG_ERROR:
        return "\033[31m";
    case FAM_LOG_WARN:
        return "\033[33m";
    case FAM_LOG_DEBUG:
        return "\033[2m";
    default:
        return "";
    }
}

static void show_entry(const cJSON *entry, enum fam_log_level level, bool colour, struct fam_buf *buf)
{
    static const char *const words[] = {"DEBUG", "INFO ", "WARN ", "ERROR"};
    const char *start = colour ? colour_of(level) : "";
    add_text(buf, fam_json_string(entry, "ts"));
    fam_buf_addf(buf, " %s%s%s ", start, words[level], start[0] == '\0' ? "" : "\033[0m");
    add_text(buf, fam_json_string(entry, "program"));
    fam_buf_add_char(buf, '/');
    add_text(buf, fam_json_string(entry, "source"));
    fam_buf_add_text(buf, ": ");
    add_text(buf, fam_json_string(entry, "event"));
    for (const cJSON *member = entry == NULL ? NULL : entry->child; member != NULL; member = member->next) {
        if (!is_head(member->string)) {
            fam_buf_add_char(buf, ' ');
            add_text(buf, member->string);
            fam_buf_add_char(buf, '=');
            add_value(buf, member);
        }
    }
    fam_buf_add_char(buf, '\n');
}

void fam_log_show(const char *line, size_t size, const struct fam_log_filter *filter, bool raw, bool colour,
                  struct fam_buf *buf)
{
    enum fam_log_level level = FAM_LOG_OFF;
    cJSON *entry = size > FAM_LOG_LINE_MAX ? NULL : fam_json_parse(line, size, FAM_LOG_LINE_MAX);
    const char *word = cJSON_IsObject(entry) ? fam_json_string(entry, "level") : NULL;
    bool known = word != NULL && fam_log_level_parse(word, &level) && level < FAM_LOG_OFF;
    if (!known) {
        if (raw) {
            fam_buf_add(buf, line, size);
        } else {
            add_safe(buf, line, size);
        }
        fam_buf_add_char(buf, '\n');
    } else if (takes(filter, entry, level) && raw) {
        fam_buf_add(buf, line, size);
        fam_buf_add_char(buf, '\n');
    } else if (takes(filter, entry, level)) {
        show_entry(entry, level, colour, buf);
    }
    cJSON_Delete(entry);
}
