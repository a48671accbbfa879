/* export_html.c: see export_html.h. */
#include "services/export_html.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"

enum { KEY_SIZE = 80, DEPTH_MAX = 8, ROW_BYTES = 1 << 20 };
#define MOMENT_MS_MAX 253402300800000.0 /* the year 10000 */

extern const unsigned char fam_data_export_ru_locale[], fam_data_export_en_locale[];
extern const size_t fam_data_export_ru_locale_size, fam_data_export_en_locale_size;

static const char STYLE[] =
    "body{font:1rem/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}"
    "h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem;border-bottom:1px solid #bbb}"
    "article{margin:1rem 0;padding:.5rem 1rem;border:1px solid #ccc;border-radius:.3rem;break-inside:avoid}"
    "dl{display:grid;grid-template-columns:minmax(8rem,1fr) 3fr;gap:.2rem 1rem;margin:0}dt{color:#555}"
    "dd{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}ul{margin:0;padding-left:1.2rem}"
    "@media print{body{margin:0;max-width:none}article{border-color:#999}}";

static void add_escaped_part(struct fam_buf *html, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        switch (text[i]) {
        case '&':
            fam_buf_add_text(html, "&amp;");
            break;
        case '<':
            fam_buf_add_text(html, "&lt;");
            break;
        case '>':
            fam_buf_add_text(html, "&gt;");
            break;
        case '"':
            fam_buf_add_text(html, "&quot;");
            break;
        case '\'':
            fam_buf_add_text(html, "&#39;");
            break;
        default:
            fam_buf_add_char(html, text[i]);
        }
    }
}

static void add_escaped(struct fam_buf *html, const char *text)
{
    add_escaped_part(html, text, strlen(text));
}

/* The text of "kind.name", as a part of the file; NULL when it has none. */
static const char *find_text(Fam__V1__Language language, const char *kind, const char *name, size_t *ret_size)
{
    bool english = language == FAM__V1__LANGUAGE__LANGUAGE_EN;
    const char *at = (const char *)(english ? fam_data_export_en_locale : fam_data_export_ru_locale);
    const char *end = at + (english ? fam_data_export_en_locale_size : fam_data_export_ru_locale_size);
    char key[KEY_SIZE];
    int size = snprintf(key, sizeof(key), "%s%s%s = ", kind, kind[0] != '\0' ? "." : "", name);
    if (size <= 0 || (size_t)size >= sizeof(key)) {
        return NULL;
    }
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        line_end = line_end == NULL ? end : line_end;
        if ((size_t)(line_end - at) > (size_t)size && memcmp(at, key, (size_t)size) == 0) {
            *ret_size = (size_t)(line_end - at) - (size_t)size;
            return at + size;
        }
        at = line_end + 1;
    }
    return NULL;
}

/* What has no text of its own is shown as it is. */
static void add_text(struct fam_buf *html, Fam__V1__Language language, const char *kind, const char *name)
{
    size_t size = 0;
    const char *text = find_text(language, kind, name, &size);
    if (text != NULL) {
        add_escaped_part(html, text, size);
    } else {
        add_escaped(html, name);
    }
}

/* Values of these columns are words of ours; those of all others are people's, or texts. */
static bool has_words(const char *column)
{
    static const char *const COLUMNS[] = {"language",   "purpose", "role",      "engine", "inputKind", "certainty",
                                          "emotion",    "needs",   "traits",    "safety", "told_of",   "helped",
                                          "instead_of", "place",   "age_band",  "kind",   "state",     "source",
                                          "job",        "method",  "recipient", "slot",   "period",    "trend"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(COLUMNS); i++) {
        if (strcmp(column, COLUMNS[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Ids of the check-ins' questions and answers have texts of their own, "optionId.2"; a child's id has none. */
static bool has_names(const char *column)
{
    return strcmp(column, "questionId") == 0 || strcmp(column, "optionId") == 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* Of the database. What people wrote is shown as they wrote it, even when it looks like a time. */
static bool has_times(const char *column)
{
    return ends_with(column, "_at") || strcmp(column, "at") == 0 || strcmp(column, "not_before") == 0;
}

/* "2026-12-01T09:30:00.123456+00:00", as the database writes a time, is "2026-12-01 09:30 UTC". */
static bool add_time(struct fam_buf *html, const char *text)
{
    static const char FORM[] = "dddd-dd-ddTdd:dd:dd";
    for (size_t i = 0; i < sizeof(FORM) - 1; i++) {
        bool is_digit = text[i] >= '0' && text[i] <= '9';
        if (FORM[i] == 'd' ? !is_digit : text[i] != FORM[i]) {
            return false;
        }
    }
    if (!ends_with(text, "+00:00")) {
        return false;
    }
    fam_buf_addf(html, "%.10s %.5s UTC", text, text + sizeof("dddd-dd-ddT") - 1);
    return true;
}

/* Milliseconds since 1970, in the columns that end with Ms. */
static void add_moment(struct fam_buf *html, const cJSON *item)
{
    char text[sizeof("2026-12-01 09:30 UTC") + 16];
    double ms = cJSON_IsString(item) ? strtod(item->valuestring, NULL) : item->valuedouble;
    time_t at = ms > 0 && ms < MOMENT_MS_MAX ? (time_t)(ms / 1000) : 0;
    struct tm utc;
    if (at > 0 && gmtime_r(&at, &utc) != NULL && strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &utc) > 0) {
        fam_buf_add_text(html, text);
    } else {
        fam_buf_add_text(html, "—");
    }
}

/* Milliseconds that last, in the columns that end with _ms: "1 h 30 min". */
static void add_duration(struct fam_buf *html, Fam__V1__Language language, double ms)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } UNITS[] = {{"day", 86400}, {"hour", 3600}, {"minute", 60}, {"second", 1}};
    int64_t rest = ms > 0 && ms < MOMENT_MS_MAX ? (int64_t)ms / 1000 : 0;
    bool is_empty = true;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(UNITS); i++) {
        int64_t count = rest / UNITS[i].seconds;
        rest %= UNITS[i].seconds;
        if (count > 0) {
            fam_buf_addf(html, "%s%" PRId64 " ", is_empty ? "" : " ", count);
            add_text(html, language, "unit", UNITS[i].name);
            is_empty = false;
        }
    }
    if (is_empty) {
        fam_buf_add_text(html, "0");
    }
}

static void add_number(struct fam_buf *html, Fam__V1__Language language, const char *column, double value)
{
    char text[32];
    (void)snprintf(text, sizeof(text), "%.17g", value);
    if (ends_with(column, "_ms")) {
        add_duration(html, language, value);
    } else {
        add_text(html, language, column, text); /* "weekday.7" has a name */
    }
}

static bool is_shown(const cJSON *item)
{
    bool empty_text = cJSON_IsString(item) && item->valuestring[0] == '\0';
    bool empty_list = (cJSON_IsArray(item) || cJSON_IsObject(item)) && item->child == NULL;
    return !cJSON_IsNull(item) && !empty_text && !empty_list;
}

static void add_value(struct fam_buf *html, Fam__V1__Language language, const char *column, const cJSON *item,
                      int depth);

static void add_members(struct fam_buf *html, Fam__V1__Language language, const cJSON *object, int depth)
{
    fam_buf_add_text(html, "<dl>");
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, object)
    {
        if (is_shown(item)) {
            fam_buf_add_text(html, "<dt>");
            add_text(html, language, "column", item->string);
            fam_buf_add_text(html, "</dt><dd>");
            add_value(html, language, item->string, item, depth + 1);
            fam_buf_add_text(html, "</dd>");
        }
    }
    fam_buf_add_text(html, "</dl>");
}

static void add_items(struct fam_buf *html, Fam__V1__Language language, const char *column, const cJSON *list,
                      int depth)
{
    fam_buf_add_text(html, "<ul>");
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, list)
    {
        fam_buf_add_text(html, "<li>");
        add_value(html, language, column, item, depth + 1);
        fam_buf_add_text(html, "</li>");
    }
    fam_buf_add_text(html, "</ul>");
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as DEPTH_MAX */
static void add_value(struct fam_buf *html, Fam__V1__Language language, const char *column, const cJSON *item,
                      int depth)
{
    if (depth > DEPTH_MAX) {
        fam_buf_add_text(html, "…");
    } else if (cJSON_IsObject(item)) {
        add_members(html, language, item, depth);
    } else if (cJSON_IsArray(item)) {
        add_items(html, language, column, item, depth);
    } else if (ends_with(column, "Ms") && (cJSON_IsString(item) || cJSON_IsNumber(item))) {
        add_moment(html, item);
    } else if (cJSON_IsString(item) && has_words(column)) {
        add_text(html, language, "word", item->valuestring);
    } else if (cJSON_IsString(item) && has_names(column)) {
        add_text(html, language, column, item->valuestring);
    } else if (cJSON_IsString(item)) {
        if (!has_times(column) || !add_time(html, item->valuestring)) {
            add_escaped(html, item->valuestring);
        }
    } else if (cJSON_IsBool(item)) {
        add_text(html, language, "", cJSON_IsTrue(item) ? "yes" : "no");
    } else if (cJSON_IsNumber(item)) {
        add_number(html, language, column, item->valuedouble);
    }
}

void fam_export_html_head(struct fam_buf *html, Fam__V1__Language language, const char *made)
{
    const char *code = language == FAM__V1__LANGUAGE__LANGUAGE_EN ? "en" : "ru";
    fam_buf_addf(html, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n", code);
    fam_buf_add_text(html, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                           "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    add_text(html, language, "", "title");
    fam_buf_addf(html, "</title>\n<style>%s</style>\n</head>\n<body>\n<h1>", STYLE);
    add_text(html, language, "", "title");
    fam_buf_add_text(html, "</h1>\n<p>");
    add_text(html, language, "", "made");
    fam_buf_addf(html, ": %s</p>\n<p>", made);
    add_text(html, language, "", "intro");
    fam_buf_add_text(html, "</p>\n");
}

void fam_export_html_table(struct fam_buf *html, Fam__V1__Language language, const char *table)
{
    fam_buf_addf(html, "<section id=\"%s\">\n<h2>", table);
    add_text(html, language, "table", table);
    fam_buf_add_text(html, "</h2>\n");
}

enum fam_code fam_export_html_row(struct fam_buf *html, Fam__V1__Language language, const char *json,
                                  struct fam_status *status)
{
    cJSON *row = fam_json_parse(json, strlen(json), ROW_BYTES);
    if (!cJSON_IsObject(row)) {
        cJSON_Delete(row);
        return fam_fail(status, FAM_INTERNAL, "a row of the export is no object");
    }
    fam_buf_add_text(html, "<article>");
    add_members(html, language, row, 0);
    fam_buf_add_text(html, "</article>\n");
    cJSON_Delete(row);
    return FAM_OK;
}

void fam_export_html_table_end(struct fam_buf *html, Fam__V1__Language language, bool is_empty)
{
    if (is_empty) {
        fam_buf_add_text(html, "<p>");
        add_text(html, language, "", "nothing");
        fam_buf_add_text(html, "</p>\n");
    }
    fam_buf_add_text(html, "</section>\n");
}

void fam_export_html_foot(struct fam_buf *html)
{
    fam_buf_add_text(html, "</body>\n</html>\n");
}
