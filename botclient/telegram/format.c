#include "telegram/format.h"

#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

enum { HTML_MAX = 64 * 1024 };

void fam_html_init(struct fam_html *html)
{
    fam_buf_init(&html->buf, HTML_MAX);
    html->units = 0;
}

void fam_html_done(struct fam_html *html)
{
    fam_buf_done(&html->buf);
    html->units = 0;
}

void fam_html_clear(struct fam_html *html)
{
    fam_buf_clear(&html->buf);
    html->units = 0;
}

/* One code point with its escape. */
static void add_point(struct fam_html *html, const char *bytes, size_t size, int32_t point)
{
    switch (point) {
    case '<':
        fam_buf_add_text(&html->buf, "&lt;");
        break;
    case '>':
        fam_buf_add_text(&html->buf, "&gt;");
        break;
    case '&':
        fam_buf_add_text(&html->buf, "&amp;");
        break;
    case '"':
        fam_buf_add_text(&html->buf, "&quot;");
        break;
    default:
        fam_buf_add(&html->buf, bytes, size);
    }
    html->units += point > 0xFFFF ? 2 : 1;
}

static void add_text(struct fam_html *html, const char *text, size_t size, bool one_line)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
    const utf8proc_uint8_t *end = at + size;
    while (at < end) {
        utf8proc_int32_t point = 0;
        utf8proc_ssize_t used = utf8proc_iterate(at, end - at, &point);
        if (used <= 0) {
            add_point(html, "\xEF\xBF\xBD", 3, 0xFFFD);
            at++;
            continue;
        }
        if (point == '\n' && one_line) {
            add_point(html, " ", 1, ' ');
        } else if (point == '\n' || point == '\t' || (point >= 0x20 && !(point >= 0x7F && point < 0xA0))) {
            add_point(html, (const char *)at, (size_t)used, point);
        }
        at += used;
    }
}

void fam_html_add_size(struct fam_html *html, const char *text, size_t size)
{
    add_text(html, text, size, false);
}

void fam_html_add(struct fam_html *html, const char *text)
{
    add_text(html, text, strlen(text), false);
}

static void add_tagged(struct fam_html *html, const char *open, const char *text, const char *close)
{
    if (!*text) {
        return;
    }
    fam_buf_add_text(&html->buf, open);
    add_text(html, text, strlen(text), true);
    fam_buf_add_text(&html->buf, close);
}

void fam_html_add_bold(struct fam_html *html, const char *text)
{
    add_tagged(html, "<b>", text, "</b>");
}

void fam_html_add_italic(struct fam_html *html, const char *text)
{
    add_tagged(html, "<i>", text, "</i>");
}

static size_t line_ends(const struct fam_html *html)
{
    const char *text = fam_buf_text(&html->buf);
    size_t size = html->buf.size, count = 0;
    while (count < size && text[size - 1 - count] == '\n') {
        count++;
    }
    return count;
}

void fam_html_end_line(struct fam_html *html)
{
    if (html->buf.size > 0 && line_ends(html) == 0) {
        fam_html_add(html, "\n");
    }
}

void fam_html_end_paragraph(struct fam_html *html)
{
    if (html->buf.size == 0) {
        return;
    }
    for (size_t have = line_ends(html); have < 2; have++) {
        fam_html_add(html, "\n");
    }
}

void fam_html_append(struct fam_html *html, const struct fam_html *other)
{
    if (other->buf.failed) {
        html->buf.failed = true;
    }
    fam_buf_add(&html->buf, fam_buf_text(&other->buf), other->buf.size);
    html->units += other->units;
}

bool fam_html_failed(const struct fam_html *html)
{
    return html->buf.failed;
}

const char *fam_html_text(const struct fam_html *html)
{
    return fam_buf_text(&html->buf);
}

/* The next thing that must not be torn: a tag (no units), an entity, or a character. */
static size_t next_piece(const char *text, size_t *ret_units)
{
    unsigned char c = (unsigned char)*text;
    *ret_units = 1;
    if (c == '<' || c == '&') {
        const char *stop = strchr(text, c == '<' ? '>' : ';');
        if (stop) {
            *ret_units = c == '<' ? 0 : 1;
            return (size_t)(stop - text) + 1;
        }
        return 1;
    }
    if (c < 0x80) {
        return 1;
    }
    size_t size = 1;
    while (((unsigned char)text[size] & 0xC0) == 0x80) {
        size++;
    }
    if (c >= 0xF0) {
        *ret_units = 2;
    }
    return size;
}

bool fam_html_next_message(const char **text, size_t max_units, const char **ret_start, size_t *ret_size)
{
    const char *start = *text + strspn(*text, "\n ");
    if (!*start) {
        return false;
    }
    size_t at = 0, units = 0, open = 0;
    size_t paragraph = 0, line = 0, space = 0, outside = 0;
    while (start[at]) {
        size_t piece_units, size = next_piece(start + at, &piece_units);
        if (units + piece_units > max_units) {
            break;
        }
        if (start[at] == '<') {
            open = start[at + 1] != '/';
        }
        if (start[at] == '\n') {
            line = at;
            if (start[at + 1] == '\n' && units >= max_units / 2) {
                paragraph = at;
            }
        } else if (start[at] == ' ' && !open) {
            space = at;
        }
        at += size;
        units += piece_units;
        if (!open) {
            outside = at;
        }
    }
    if (start[at]) {
        at = paragraph ? paragraph : line ? line : space ? space : outside ? outside : at;
    }
    *ret_start = start;
    *ret_size = at;
    *text = start + at;
    return true;
}
