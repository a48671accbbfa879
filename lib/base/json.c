#include "base/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

enum { DEPTH_MAX = 64 };

/* After the digits at `at`, or NULL when there is none. */
static const char *skip_digits(const char *at, const char *end)
{
    const char *first = at;
    while (at < end && *at >= '0' && *at <= '9') {
        at++;
    }
    return at == first ? NULL : at;
}

/* After the number at `at`, or NULL when it is none of RFC 8259: cJSON takes what strtod does, "01", "1." and "-.5". */
static const char *skip_number(const char *at, const char *end)
{
    at += *at == '-' ? 1 : 0;
    bool zero = at < end && *at == '0';
    at = zero ? at + 1 : skip_digits(at, end);
    if (at != NULL && at < end && *at == '.') {
        at = skip_digits(at + 1, end);
    }
    if (at != NULL && at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '+' || *at == '-') ? 1 : 0;
        at = skip_digits(at, end);
    }
    return at != NULL && at < end && *at >= '0' && *at <= '9' ? NULL : at; /* "01" */
}

/* After the string whose quote is before `at`, or NULL: control bytes, which cJSON lets pass, and \u0000, at which it
 * would end the string silently. */
static const char *skip_string(const char *at, const char *end)
{
    for (; at < end && *at != '"'; at++) {
        if ((unsigned char)*at < 0x20) {
            return NULL;
        }
        if (*at == '\\') {
            if (end - at >= 6 && memcmp(at, "\\u0000", 6) == 0) {
                return NULL;
            }
            at += end - at > 1 ? 1 : 0;
        }
    }
    return at < end ? at + 1 : NULL;
}

/* What cJSON does not look at: levels of nesting, the letters of numbers and strings. */
static bool is_plain(const char *text, size_t size)
{
    int depth = 0;
    const char *end = text + size;
    for (const char *at = text; at != NULL && at < end;) {
        if (*at == '"') {
            at = skip_string(at + 1, end);
        } else if (*at == '-' || (*at >= '0' && *at <= '9')) {
            at = skip_number(at, end);
        } else {
            depth += *at == '{' || *at == '[' ? 1 : 0;
            depth -= *at == '}' || *at == ']' ? 1 : 0;
            at = depth < 0 || depth > DEPTH_MAX ? NULL : at + 1;
        }
        if (at == NULL) {
            return false;
        }
    }
    return depth == 0;
}

/* Every number finite (1E400 becomes infinity). Iterative: children first, then the next sibling on the way up. */
static bool numbers_are_finite(const cJSON *root)
{
    const cJSON *stack[DEPTH_MAX + 2];
    size_t depth = 0;
    stack[0] = root;
    for (;;) {
        const cJSON *item = stack[depth];
        if (item == NULL) {
            if (depth == 0) {
                return true;
            }
            depth--;
            stack[depth] = depth == 0 ? NULL : stack[depth]->next;
            continue;
        }
        if (cJSON_IsNumber(item) && !isfinite(item->valuedouble)) {
            return false;
        }
        if (item->child != NULL && depth <= DEPTH_MAX) {
            stack[++depth] = item->child;
        } else {
            stack[depth] = depth == 0 ? NULL : item->next;
        }
    }
}

struct cJSON *fam_json_parse(const char *text, size_t size, size_t max_size)
{
    if (text == NULL || size == 0 || size > max_size || !fam_utf8_valid(text, size) || !is_plain(text, size)) {
        return NULL;
    }
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(text, size, &end, 0);
    if (root == NULL) {
        return NULL;
    }
    bool clean = numbers_are_finite(root);
    for (; clean && end < text + size; end++) {
        clean = *end == ' ' || *end == '\n' || *end == '\r' || *end == '\t';
    }
    if (!clean) {
        cJSON_Delete(root);
        return NULL;
    }
    return root;
}

struct cJSON *fam_json_get(const struct cJSON *object, const char *key)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

const char *fam_json_string(const struct cJSON *object, const char *key)
{
    return cJSON_GetStringValue(fam_json_get(object, key));
}

bool fam_json_i64(const struct cJSON *object, const char *key, int64_t *ret_value)
{
    const cJSON *item = fam_json_get(object, key);
    if (!cJSON_IsNumber(item)) {
        return false;
    }
    double value = item->valuedouble;
    if (!(fabs(value) < 9007199254740992.0)) { /* 2^53; also refuses NaN */
        return false;
    }
    int64_t whole = (int64_t)value;
    if ((double)whole < value || (double)whole > value) {
        return false;
    }
    *ret_value = whole;
    return true;
}

bool fam_json_bool(const struct cJSON *object, const char *key)
{
    return cJSON_IsTrue(fam_json_get(object, key)) != 0;
}

void fam_json_add_string(struct fam_buf *buf, const char *text)
{
    fam_buf_add_char(buf, '"');
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        switch (c) {
        case '"':
            fam_buf_add_text(buf, "\\\"");
            break;
        case '\\':
            fam_buf_add_text(buf, "\\\\");
            break;
        case '\n':
            fam_buf_add_text(buf, "\\n");
            break;
        case '\r':
            fam_buf_add_text(buf, "\\r");
            break;
        case '\t':
            fam_buf_add_text(buf, "\\t");
            break;
        default:
            if (c < 0x20 || c == 0x7f) {
                fam_buf_addf(buf, "\\u%04x", c);
            } else {
                fam_buf_add_char(buf, (char)c);
            }
            break;
        }
    }
    fam_buf_add_char(buf, '"');
}
