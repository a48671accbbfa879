/* output.h: what a command answers: fields and tables, shown as text for people or as JSON for programs.
 *
 * A command describes its answer once, by keys, titles and cells, and never prints. Fields become "Title  value" lines
 * or members of the JSON object; a table becomes aligned columns or an array of objects. Ids are text, so JSON has them
 * as strings; times are RFC 3339 in JSON, null when there is none.
 *
 * Texts are copied; keys, titles and columns are constants that outlive the answer. An answer holds at most 16 parts
 * and 65,536 cells; past that, or when memory is short, it is `failed` and fam_out_render says so. Not thread-safe. */
#ifndef FAM_CTL_OUTPUT_H
#define FAM_CTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct fam_buf;

enum fam_out_format { FAM_OUT_TABLE, FAM_OUT_JSON };
/* Shown as a colour on a terminal; never the only carrier of a meaning. */
enum fam_tone { FAM_TONE_PLAIN, FAM_TONE_GOOD, FAM_TONE_WARN, FAM_TONE_BAD };
enum fam_cell_type { FAM_CELL_TEXT, FAM_CELL_NUMBER, FAM_CELL_BOOL, FAM_CELL_TIME, FAM_CELL_WORDS };

struct fam_cell {
    enum fam_cell_type type;
    enum fam_tone tone;
    const char *text;         /* TEXT; NULL counts as "" */
    const char *const *words; /* WORDS: `number` of them */
    int64_t number;           /* NUMBER; BOOL as 0 or 1; TIME as Unix milliseconds, 0: none */
};

#define FAM_TEXT(v) ((struct fam_cell){.type = FAM_CELL_TEXT, .text = (v)})
#define FAM_TONED(v, tone_) ((struct fam_cell){.type = FAM_CELL_TEXT, .tone = (tone_), .text = (v)})
#define FAM_NUMBER(v) ((struct fam_cell){.type = FAM_CELL_NUMBER, .number = (int64_t)(v)})
#define FAM_YES_NO(v) ((struct fam_cell){.type = FAM_CELL_BOOL, .number = (v) ? 1 : 0})
#define FAM_NONE FAM_TIME(0) /* "-" for people, null in JSON */
#define FAM_TIME(v) ((struct fam_cell){.type = FAM_CELL_TIME, .number = (v)})
#define FAM_WORDS(v, count)                                                                                            \
    ((struct fam_cell){.type = FAM_CELL_WORDS, .words = (const char *const *)(v), .number = (int64_t)(count)})

struct fam_column {
    const char *key;   /* in JSON: "duration_us" */
    const char *title; /* for people: "DURATION, US" */
};

/* COLUMNS: one line a row. STACKED: one block a row, for cells that hold sentences. VERBATIM: one cell as it is. */
enum fam_layout { FAM_LAYOUT_COLUMNS, FAM_LAYOUT_STACKED, FAM_LAYOUT_VERBATIM };

struct fam_out_cell {
    struct fam_column column;
    enum fam_cell_type type;
    enum fam_tone tone;
    char *text; /* WORDS: joined by '\n' */
    int64_t number;
};

struct fam_out_part {
    const char *key; /* NULL: fields; "": a remark */
    enum fam_layout layout;
    const struct fam_column *columns;
    size_t column_count;
    struct fam_out_cell *cells;
    size_t cell_count;
};

enum { FAM_OUT_PARTS = 16, FAM_OUT_CELLS = 65536 };

struct fam_out {
    struct fam_out_part parts[FAM_OUT_PARTS];
    size_t part_count;
    size_t cell_count;
    char *document; /* see fam_out_document */
    bool streamed;  /* the answer is out already: nothing is rendered */
    bool dry_run;   /* JSON begins with "dry_run": true, for nothing was done */
    bool failed;
};

struct fam_out_style {
    bool colour;
    size_t width; /* of the terminal, for sentences; 0: 100 */
};

void fam_out_init(struct fam_out *out);
void fam_out_done(struct fam_out *out);
void fam_out_field(struct fam_out *out, const char *key, const char *title, struct fam_cell cell);
/* Starts a table; the cells that follow fill it row by row. */
void fam_out_table(struct fam_out *out, const char *key, const struct fam_column *columns, size_t column_count,
                   enum fam_layout layout);
void fam_out_cell(struct fam_out *out, struct fam_cell cell);
/* A sentence for people; programs don't get it. */
void fam_out_note(struct fam_out *out, const char *text);
/* Text that is shown as it is: a script, a manual page. In JSON the member `key`. At most one, and alone. */
void fam_out_verbatim(struct fam_out *out, const char *key, const char *text);
/* A JSON document that is the whole answer, for people and programs alike. Copied. */
void fam_out_document(struct fam_out *out, const char *json);
/* Appends the whole answer. False when it is too large or memory is short; nothing usable is in *buf then. */
bool fam_out_render(const struct fam_out *out, enum fam_out_format format, const struct fam_out_style *style,
                    struct fam_buf *buf) FAM_MUST_CHECK;

/* The two back ends; fam_out_render picks. */
void fam_out_render_table(const struct fam_out *out, const struct fam_out_style *style, struct fam_buf *buf);
bool fam_out_render_json(const struct fam_out *out, struct fam_buf *buf) FAM_MUST_CHECK;

#endif
