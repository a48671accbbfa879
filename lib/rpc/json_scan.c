/* json_scan.c: the tokens of JSON (RFC 8259), and paths. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "rpc/json_private.h"

size_t fam_json_path_field(struct fam_json_path *path, const char *name)
{
    size_t before = path->size;
    int more = snprintf(path->text + before, sizeof(path->text) - before, "%s%s", before == 0 ? "" : ".", name);
    size_t size = before + (more > 0 ? (size_t)more : 0);
    path->size = size < sizeof(path->text) ? size : sizeof(path->text) - 1;
    return before;
}

size_t fam_json_path_index(struct fam_json_path *path, size_t index)
{
    size_t before = path->size;
    int more = snprintf(path->text + before, sizeof(path->text) - before, "[%zu]", index);
    size_t size = before + (more > 0 ? (size_t)more : 0);
    path->size = size < sizeof(path->text) ? size : sizeof(path->text) - 1;
    return before;
}

void fam_json_path_cut(struct fam_json_path *path, size_t size)
{
    path->size = size;
    path->text[size] = '\0';
}

void fam_json_skip_space(struct fam_json_scan *scan)
{
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\r' || *scan->at == '\t')) {
        scan->at++;
    }
}

bool fam_json_next_is(struct fam_json_scan *scan, char c)
{
    fam_json_skip_space(scan);
    return scan->at < scan->end && *scan->at == c;
}

bool fam_json_take(struct fam_json_scan *scan, char c)
{
    bool is_next = fam_json_next_is(scan, c);
    scan->at += is_next ? 1 : 0;
    return is_next;
}

bool fam_json_take_word(struct fam_json_scan *scan, const char *word)
{
    fam_json_skip_space(scan);
    size_t size = strlen(word);
    if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, word, size) != 0) {
        return false;
    }
    scan->at += size;
    return true;
}

/* The four digits at `at`, or -1. */
static int32_t hex4(const char *at, const char *end)
{
    int32_t value = 0;
    if (end - at < 4) {
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int32_t digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

static void add_utf8(struct fam_buf *text, uint32_t c)
{
    if (c < 0x80) {
        fam_buf_add_char(text, (char)c);
        return;
    }
    if (c < 0x800) {
        fam_buf_add_char(text, (char)(0xc0 | c >> 6));
    } else {
        if (c < 0x10000) {
            fam_buf_add_char(text, (char)(0xe0 | c >> 12));
        } else {
            fam_buf_add_char(text, (char)(0xf0 | c >> 18));
            fam_buf_add_char(text, (char)(0x80 | (c >> 12 & 0x3f)));
        }
        fam_buf_add_char(text, (char)(0x80 | (c >> 6 & 0x3f)));
    }
    fam_buf_add_char(text, (char)(0x80 | (c & 0x3f)));
}

/* After "\u". */
static const char *scan_unicode(struct fam_json_scan *scan, struct fam_buf *text)
{
    int32_t c = hex4(scan->at, scan->end);
    if (c < 0) {
        return "has an escape \\u without four digits";
    }
    scan->at += 4;
    if (c == 0) {
        return "must not hold the character U+0000";
    }
    if (c >= 0xd800 && c <= 0xdfff) {
        bool pair = c <= 0xdbff && scan->end - scan->at >= 6 && scan->at[0] == '\\' && scan->at[1] == 'u';
        int32_t low = pair ? hex4(scan->at + 2, scan->end) : -1;
        if (low < 0xdc00 || low > 0xdfff) {
            return "has half of a surrogate pair";
        }
        scan->at += 6;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    add_utf8(text, (uint32_t)c);
    return NULL;
}

/* After the backslash. */
static const char *scan_escape(struct fam_json_scan *scan, struct fam_buf *text)
{
    static const char FROM[] = "\"\\/bfnrt";
    static const char TO[] = "\"\\/\b\f\n\r\t";
    if (scan->at == scan->end) {
        return "is a string without an end";
    }
    char c = *scan->at++;
    if (c == 'u') {
        return scan_unicode(scan, text);
    }
    const char *found = c == '\0' ? NULL : strchr(FROM, c);
    if (found == NULL) {
        return "has an unknown escape";
    }
    fam_buf_add_char(text, TO[found - FROM]);
    return NULL;
}

const char *fam_json_scan_string(struct fam_json_scan *scan, struct fam_buf *ret_text)
{
    if (!fam_json_take(scan, '"')) {
        return "must be a string";
    }
    for (;;) {
        const char *plain = scan->at;
        while (scan->at < scan->end && (unsigned char)*scan->at >= 0x20 && *scan->at != '"' && *scan->at != '\\') {
            scan->at++;
        }
        size_t size = (size_t)(scan->at - plain);
        if (!fam_utf8_valid(plain, size)) {
            return "must be valid UTF-8";
        }
        fam_buf_add(ret_text, plain, size);
        if (scan->at == scan->end) {
            return "is a string without an end";
        }
        char c = *scan->at++;
        if (c == '"') {
            return NULL;
        }
        const char *wrong = c == '\\' ? scan_escape(scan, ret_text) : "has a control character that is not escaped";
        if (wrong != NULL) {
            return wrong;
        }
    }
}

static bool skip_digits(struct fam_json_scan *scan)
{
    const char *first = scan->at;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9') {
        scan->at++;
    }
    return scan->at > first;
}

static bool take_raw(struct fam_json_scan *scan, char c)
{
    bool is_next = scan->at < scan->end && *scan->at == c;
    scan->at += is_next ? 1 : 0;
    return is_next;
}

static bool skip_number(struct fam_json_scan *scan)
{
    (void)take_raw(scan, '-');
    bool good = take_raw(scan, '0') || skip_digits(scan);
    if (good && take_raw(scan, '.')) {
        good = skip_digits(scan);
    }
    if (good && (take_raw(scan, 'e') || take_raw(scan, 'E'))) {
        if (!take_raw(scan, '+')) {
            (void)take_raw(scan, '-');
        }
        good = skip_digits(scan);
    }
    /* "01" is no number, and neither is what runs on in a letter. */
    char next = scan->at < scan->end ? *scan->at : '\0';
    char lower = (char)(next | 0x20);
    bool runs_on = (next >= '0' && next <= '9') || (lower >= 'a' && lower <= 'z');
    return good && !runs_on;
}

bool fam_json_scan_number(struct fam_json_scan *scan, char ret_number[FAM_JSON_NUMBER_MAX + 1])
{
    fam_json_skip_space(scan);
    const char *first = scan->at;
    if (!skip_number(scan) || scan->at - first > FAM_JSON_NUMBER_MAX) {
        scan->at = first;
        return false;
    }
    size_t size = (size_t)(scan->at - first);
    memcpy(ret_number, first, size);
    ret_number[size] = '\0';
    return true;
}

/* The exponent of a number; what is beyond any use is cut to ±10,000. */
static int exponent_of(const char *at)
{
    at += *at == 'e' || *at == 'E' ? 1 : 0;
    bool negative = *at == '-';
    at += *at == '-' || *at == '+' ? 1 : 0;
    int value = 0;
    for (; *at != '\0'; at++) {
        value = value < 1000 ? value * 10 + (*at - '0') : 10000;
    }
    return negative ? -value : value;
}

bool fam_json_whole(const char *number, bool *ret_negative, uint64_t *ret_magnitude)
{
    char digits[FAM_JSON_NUMBER_MAX + 1];
    size_t count = 0;
    int scale = 0; /* the value is digits × 10^scale */
    bool fraction = false;
    *ret_negative = *number == '-';
    const char *at = number + (*number == '-' ? 1 : 0);
    for (; (*at >= '0' && *at <= '9') || *at == '.'; at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        scale -= fraction ? 1 : 0;
        if ((count > 0 || *at != '0') && count < FAM_JSON_NUMBER_MAX) {
            digits[count++] = *at;
        }
    }
    scale += exponent_of(at);
    for (; count > 0 && digits[count - 1] == '0'; count--) {
        scale++;
    }
    if (count > 0 && (scale < 0 || (int)count + scale > 20)) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 0; count > 0 && i < count + (size_t)scale; i++) {
        uint64_t digit = i < count ? (uint64_t)(digits[i] - '0') : 0;
        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *ret_magnitude = value;
    return true;
}
