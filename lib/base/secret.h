/* secret.h: bytes that must not be seen: tokens, keys, a child's words.
 *
 * There is no way to print one: no formatter, no log field type. Whoever needs the bytes reads .data and .size on
 * purpose. Memory is wiped (sodium_memzero) before it is freed. Not thread-safe; one owner at a time. */
#ifndef FAM_BASE_SECRET_H
#define FAM_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct fam_secret {
    unsigned char *data; /* NULL when empty; otherwise followed by a NUL that `size` does not count */
    size_t size;
};

/* Copies; false when memory is short (then *secret is empty). Frees what *secret held before. */
bool fam_secret_set(struct fam_secret *secret, const void *data, size_t size) FAM_MUST_CHECK;
/* Wipes and frees; *secret is empty afterwards. Takes an empty one too. */
void fam_secret_done(struct fam_secret *secret);
bool fam_secret_is_empty(const struct fam_secret *secret);
/* The bytes as a C string; "" when empty. Valid until the secret changes. */
const char *fam_secret_text(const struct fam_secret *secret);
/* In constant time for equal sizes. */
bool fam_secret_equal(const struct fam_secret *a, const struct fam_secret *b);

#endif
