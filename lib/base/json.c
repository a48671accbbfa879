#include "base/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"

enum { DEPTH_MAX = 64 };

/* Levels of nesting, and control bytes inside strings, which cJSON lets pass. */
static bool is_plain(const char *text, size_t size)
{
    bool in_string = false;
    int depth = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (in_string) {
            if (c < 0x20) {
                return false;
            }
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX) {
                return false;
            }
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return true;
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
