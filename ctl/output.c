#include "output.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

void fam_out_init(struct fam_out *out)
{
    *out = (struct fam_out){0};
}

void fam_out_done(struct fam_out *out)
{
    for (size_t i = 0; i < out->part_count; i++) {
        struct fam_out_part *part = &out->parts[i];
        for (size_t j = 0; j < part->cell_count; j++) {
            free(part->cells[j].text);
        }
        free(part->cells);
    }
    free(out->document);
    *out = (struct fam_out){0};
}

static struct fam_out_part *add_part(struct fam_out *out, const char *key)
{
    if (out->failed || out->part_count == FAM_OUT_PARTS) {
        out->failed = true;
        return NULL;
    }
    struct fam_out_part *part = &out->parts[out->part_count++];
    *part = (struct fam_out_part){.key = key};
    return part;
}

static char *join_words(const struct fam_cell *cell)
{
    fam_auto(fam_buf_done) struct fam_buf joined = {0};
    for (int64_t i = 0; i < cell->number; i++) {
        if (i > 0) {
            fam_buf_add_char(&joined, '\n');
        }
        fam_buf_add_text(&joined, cell->words[i]);
    }
    if (joined.size == 0) {
        return strdup("");
    }
    return fam_buf_take(&joined);
}

static void add_cell(struct fam_out *out, struct fam_out_part *part, struct fam_column column, struct fam_cell cell)
{
    if (out->failed || out->cell_count == FAM_OUT_CELLS) {
        out->failed = true;
        return;
    }
    /* Grows at each power of two. */
    if ((part->cell_count & (part->cell_count - 1)) == 0) {
        size_t capacity = part->cell_count == 0 ? 1 : part->cell_count * 2;
        struct fam_out_cell *cells = realloc(part->cells, capacity * sizeof(*cells));
        if (cells == NULL) {
            out->failed = true;
            return;
        }
        part->cells = cells;
    }
    char *text = NULL;
    if (cell.type == FAM_CELL_TEXT || cell.type == FAM_CELL_WORDS) {
        text = cell.type == FAM_CELL_WORDS ? join_words(&cell) : strdup(cell.text == NULL ? "" : cell.text);
        if (text == NULL) {
            out->failed = true;
            return;
        }
    }
    part->cells[part->cell_count++] = (struct fam_out_cell){
        .column = column, .type = cell.type, .tone = cell.tone, .text = text, .number = cell.number};
    out->cell_count++;
}

void fam_out_field(struct fam_out *out, const char *key, const char *title, struct fam_cell cell)
{
    struct fam_out_part *part = out->part_count == 0 ? NULL : &out->parts[out->part_count - 1];
    if (part == NULL || part->key != NULL) {
        part = add_part(out, NULL);
    }
    if (part != NULL) {
        add_cell(out, part, (struct fam_column){key, title}, cell);
    }
}

void fam_out_table(struct fam_out *out, const char *key, const struct fam_column *columns, size_t column_count,
                   enum fam_layout layout)
{
    struct fam_out_part *part = column_count == 0 ? NULL : add_part(out, key);
    if (part == NULL) {
        out->failed = true;
    } else {
        part->columns = columns;
        part->column_count = column_count;
        part->layout = layout;
    }
}

void fam_out_cell(struct fam_out *out, struct fam_cell cell)
{
    if (out->part_count == 0 || out->parts[out->part_count - 1].column_count == 0) {
        out->failed = true;
        return;
    }
    struct fam_out_part *part = &out->parts[out->part_count - 1];
    add_cell(out, part, part->columns[part->cell_count % part->column_count], cell);
}

void fam_out_note(struct fam_out *out, const char *text)
{
    struct fam_out_part *part = add_part(out, "");
    if (part != NULL) {
        add_cell(out, part, (struct fam_column){"", ""}, FAM_TEXT(text));
    }
}

void fam_out_verbatim(struct fam_out *out, const char *key, const char *text)
{
    struct fam_out_part *part = add_part(out, key);
    if (part != NULL) {
        part->layout = FAM_LAYOUT_VERBATIM;
        add_cell(out, part, (struct fam_column){key, ""}, FAM_TEXT(text));
    }
}

void fam_out_document(struct fam_out *out, const char *json)
{
    free(out->document);
    out->document = strdup(json);
    out->failed = out->failed || out->document == NULL;
}

bool fam_out_render(const struct fam_out *out, enum fam_out_format format, const struct fam_out_style *style,
                    struct fam_buf *buf)
{
    if (out->failed) {
        return false;
    }
    if (out->streamed) {
        return true;
    }
    if (out->document != NULL) {
        fam_buf_add_text(buf, out->document);
        fam_buf_add_char(buf, '\n');
        return !buf->failed;
    }
    if (format == FAM_OUT_JSON) {
        return fam_out_render_json(out, buf) && !buf->failed;
    }
    fam_out_render_table(out, style, buf);
    return !buf->failed;
}
