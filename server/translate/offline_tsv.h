/* offline_tsv.h: reads the data files of the built-in engine line by line.
 *
 * UTF-8, one record a line, columns split by tabs; empty lines and lines that begin with "# " or are "#" are comments.
 * Bounded; no state beyond the reader; used at start only. */
#ifndef FAM_TRANSLATE_OFFLINE_TSV_H
#define FAM_TRANSLATE_OFFLINE_TSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

enum { FAM_OFFLINE_LINE_MAX = 1024, FAM_OFFLINE_COLUMNS_MAX = 10 };

struct fam_offline_tsv {
    const char *file; /* for messages */
    const char *at;
    const char *end;
    unsigned line;
    char text[FAM_OFFLINE_LINE_MAX]; /* the current line, cut into columns */
    char *columns[FAM_OFFLINE_COLUMNS_MAX];
    size_t column_count;
};

void fam_offline_tsv_init(struct fam_offline_tsv *tsv, const char *file, const unsigned char *data, size_t size);
/* The next record; *ret_more is false at the end. INTERNAL: a line is too long, has too many columns or bad UTF-8. */
enum fam_code fam_offline_tsv_next(struct fam_offline_tsv *tsv, bool *ret_more,
                                   struct fam_status *status) FAM_MUST_CHECK;
/* INTERNAL with file and line; returns the code. `detail` may be "". */
enum fam_code fam_offline_tsv_fail(const struct fam_offline_tsv *tsv, const char *what, const char *detail,
                                   struct fam_status *status);

/* "*" (any age, also an unknown one), or ranges of years at the borders of the bands, split by commas, with "?" for an
 * unknown age: "2-6", "7-12,?", "13-17". Bit n of the result stands for the band of number n, bit 0 for unknown.
 * False when it is neither. */
bool fam_offline_parse_ages(const char *text, uint8_t *ret_bands);

/* Cuts `text` at spaces: returns the next word and moves *text behind it; NULL at the end. Changes the text. */
char *fam_offline_next_word(char **text);

/* A value of a closed list by its lower-case name without the prefix ("anger"); 0 when there is none. */
int fam_offline_emotion_named(const char *name);
int fam_offline_need_named(const char *name);

#endif
