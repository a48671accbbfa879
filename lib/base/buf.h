/* buf.h: a growing byte string with a bound.
 *
 * Once memory is short or the bound is passed, the buffer is `failed`, appends do nothing, and one check at the end is
 * enough. .data is always NUL-terminated (and "" before the first append). Not thread-safe. */
#ifndef FAM_BASE_BUF_H
#define FAM_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

FAM_BEGIN_DECLS

struct fam_buf {
    char *data;
    size_t size; /* without the NUL */
    size_t capacity;
    size_t limit; /* bytes; 0: 16 MiB */
    bool failed;
};

/* An empty buffer is {0}, or this one with a limit of its own. */
void fam_buf_init(struct fam_buf *buf, size_t limit);
/* Frees (after wiping) and leaves {0}; keeps nothing, not even the limit. */
void fam_buf_done(struct fam_buf *buf);
/* Empties for reuse, wiping what was there; `failed` becomes false. */
void fam_buf_clear(struct fam_buf *buf);
void fam_buf_add(struct fam_buf *buf, const void *data, size_t size);
void fam_buf_add_text(struct fam_buf *buf, const char *text);
void fam_buf_add_char(struct fam_buf *buf, char c);
void fam_buf_addf(struct fam_buf *buf, const char *format, ...) FAM_PRINTF(2, 3);
/* The text; never NULL. */
const char *fam_buf_text(const struct fam_buf *buf);
/* Hands the memory to the caller (free()); NULL when failed. The buffer is empty afterwards. */
char *fam_buf_take(struct fam_buf *buf);

FAM_END_DECLS

#endif
