/* The back end for people: "Title  value" lines, aligned columns, and blocks for rows that hold sentences. */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"
#include "output.h"

enum { DEFAULT_WIDTH = 100, NARROWEST = 24, COLUMNS_MAX = 16, GAP = 2 };

static const char *tone_code(enum fam_tone tone)
{
    switch (tone) {
    case FAM_TONE_GOOD:
        return "\033[32m";
    case FAM_TONE_WARN:
        return "\033[33m";
    case FAM_TONE_BAD:
        return "\033[31m";
    case FAM_TONE_PLAIN:
        break;
    }
    return "";
}

/* Control characters could drive the terminal; each becomes a space. */
static void add_shown(struct fam_buf *buf, const char *text, char joint)
{
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '\n' && joint != '\0') {
            fam_buf_add_char(buf, joint);
            fam_buf_add_char(buf, ' ');
        } else if (byte < 0x20 || byte == 0x7f) {
            fam_buf_add_char(buf, ' ');
        } else if (byte == 0xc2 && (unsigned char)at[1] >= 0x80 && (unsigned char)at[1] < 0xa0) {
            fam_buf_add_char(buf, ' ');
            at++;
        } else {
            fam_buf_add_char(buf, *at);
        }
    }
}

static void cell_text(const struct fam_out_cell *cell, struct fam_buf *text)
{
    char time[FAM_RFC3339_SIZE];
    fam_buf_clear(text);
    switch (cell->type) {
    case FAM_CELL_TEXT:
        add_shown(text, cell->text, '\0');
        break;
    case FAM_CELL_WORDS:
        add_shown(text, cell->text, ',');
        break;
    case FAM_CELL_NUMBER:
        fam_buf_addf(text, "%" PRId64, cell->number);
        break;
    case FAM_CELL_BOOL:
        fam_buf_add_text(text, cell->number != 0 ? "yes" : "no");
        break;
    case FAM_CELL_TIME:
        if (cell->number != 0) {
            fam_rfc3339(cell->number, time);
            fam_buf_add_text(text, time);
        }
        break;
    }
    if (text->size == 0) {
        fam_buf_add_char(text, '-');
    }
}

static void add_spaces(struct fam_buf *buf, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fam_buf_add_char(buf, ' ');
    }
}

static void add_toned(struct fam_buf *buf, const char *text, enum fam_tone tone, const struct fam_out_style *style)
{
    bool coloured = style->colour && tone != FAM_TONE_PLAIN;
    if (coloured) {
        fam_buf_add_text(buf, tone_code(tone));
    }
    fam_buf_add_text(buf, text);
    if (coloured) {
        fam_buf_add_text(buf, "\033[0m");
    }
}

/* Bytes of `text` that fit a line of `width` characters: up to the last space, or a hard cut inside a long word. */
static size_t line_bytes(const char *text, size_t width)
{
    size_t end = fam_utf8_offset(text, width);
    if (text[end] == '\0' || text[end] == ' ') {
        return end;
    }
    for (size_t at = end; at > 0; at--) {
        if (text[at - 1] == ' ') {
            return at - 1 > 0 ? at - 1 : end;
        }
    }
    return end;
}

static void add_wrapped(struct fam_buf *buf, const char *text, size_t indent, size_t width)
{
    size_t room = width > indent + NARROWEST ? width - indent : NARROWEST;
    const char *at = text;
    for (;;) {
        size_t bytes = line_bytes(at, room);
        fam_buf_add(buf, at, bytes);
        at += bytes;
        while (*at == ' ') {
            at++;
        }
        if (*at == '\0') {
            return;
        }
        fam_buf_add_char(buf, '\n');
        add_spaces(buf, indent);
    }
}

static void render_fields(const struct fam_out_cell *cells, size_t count, size_t indent,
                          const struct fam_out_style *style, struct fam_buf *buf)
{
    fam_auto(fam_buf_done) struct fam_buf text = {0};
    size_t widest = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = fam_utf8_length(cells[i].column.title);
        widest = length > widest ? length : widest;
    }
    size_t width = style->width == 0 ? DEFAULT_WIDTH : style->width;
    for (size_t i = 0; i < count; i++) {
        size_t start = indent + widest + GAP;
        cell_text(&cells[i], &text);
        add_spaces(buf, indent);
        fam_buf_add_text(buf, cells[i].column.title);
        add_spaces(buf, start - indent - fam_utf8_length(cells[i].column.title));
        if (cells[i].tone != FAM_TONE_PLAIN) {
            add_toned(buf, fam_buf_text(&text), cells[i].tone, style);
        } else {
            add_wrapped(buf, fam_buf_text(&text), start, width);
        }
        fam_buf_add_char(buf, '\n');
    }
}

static void render_stacked(const struct fam_out_part *part, const struct fam_out_style *style, struct fam_buf *buf)
{
    for (size_t i = 0; i + part->column_count <= part->cell_count; i += part->column_count) {
        fam_buf_addf(buf, "%s%s %zu\n", i > 0 ? "\n" : "", part->key, i / part->column_count + 1);
        render_fields(&part->cells[i], part->column_count, GAP, style, buf);
    }
}

static void measure(const struct fam_out_part *part, size_t ret_widths[COLUMNS_MAX])
{
    fam_auto(fam_buf_done) struct fam_buf text = {0};
    for (size_t i = 0; i < part->column_count; i++) {
        ret_widths[i] = fam_utf8_length(part->columns[i].title);
    }
    for (size_t i = 0; i < part->cell_count; i++) {
        size_t column = i % part->column_count;
        cell_text(&part->cells[i], &text);
        size_t length = fam_utf8_length(fam_buf_text(&text));
        ret_widths[column] = length > ret_widths[column] ? length : ret_widths[column];
    }
}

static void render_columns(const struct fam_out_part *part, const struct fam_out_style *style, struct fam_buf *buf)
{
    fam_auto(fam_buf_done) struct fam_buf text = {0};
    size_t widths[COLUMNS_MAX];
    if (part->column_count == 0 || part->column_count > COLUMNS_MAX) {
        buf->failed = true;
        return;
    }
    measure(part, widths);
    for (size_t i = 0; i < part->column_count; i++) {
        bool last = i + 1 == part->column_count;
        fam_buf_add_text(buf, part->columns[i].title);
        add_spaces(buf, last ? 0 : widths[i] + GAP - fam_utf8_length(part->columns[i].title));
    }
    fam_buf_add_char(buf, '\n');
    for (size_t i = 0; i < part->cell_count; i++) {
        size_t column = i % part->column_count;
        bool last = column + 1 == part->column_count;
        cell_text(&part->cells[i], &text);
        size_t padding = widths[column] - fam_utf8_length(fam_buf_text(&text));
        if (part->cells[i].type == FAM_CELL_NUMBER) {
            add_spaces(buf, padding);
            padding = 0;
        }
        add_toned(buf, fam_buf_text(&text), part->cells[i].tone, style);
        add_spaces(buf, last ? 0 : padding + GAP);
        if (last) {
            fam_buf_add_char(buf, '\n');
        }
    }
}

void fam_out_render_table(const struct fam_out *out, const struct fam_out_style *style, struct fam_buf *buf)
{
    for (size_t i = 0; i < out->part_count; i++) {
        const struct fam_out_part *part = &out->parts[i];
        if (part->layout == FAM_LAYOUT_STACKED && part->cell_count == 0) {
            continue;
        }
        if (buf->size > 0) {
            fam_buf_add_char(buf, '\n');
        }
        if (part->layout == FAM_LAYOUT_VERBATIM) {
            fam_buf_add_text(buf, part->cells[0].text);
        } else if (part->key == NULL) {
            render_fields(part->cells, part->cell_count, 0, style, buf);
        } else if (part->key[0] == '\0') {
            add_shown(buf, part->cells[0].text, '\0');
            fam_buf_add_char(buf, '\n');
        } else if (part->layout == FAM_LAYOUT_STACKED) {
            render_stacked(part, style, buf);
        } else {
            render_columns(part, style, buf);
        }
    }
}
