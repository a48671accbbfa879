#include "base/secret.h"

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool fam_secret_set(struct fam_secret *secret, const void *data, size_t size)
{
    if (size == 0) {
        fam_secret_done(secret);
        return true;
    }
    /* The old bytes go after the copy is made: `data` may be part of them. */
    unsigned char *copy = size == SIZE_MAX ? NULL : malloc(size + 1);
    if (copy != NULL) {
        memcpy(copy, data, size);
        copy[size] = '\0';
    }
    fam_secret_done(secret);
    if (copy == NULL) {
        return false;
    }
    secret->data = copy;
    secret->size = size;
    return true;
}

void fam_secret_done(struct fam_secret *secret)
{
    if (secret->data != NULL) {
        sodium_memzero(secret->data, secret->size);
        free(secret->data);
    }
    secret->data = NULL;
    secret->size = 0;
}

bool fam_secret_is_empty(const struct fam_secret *secret)
{
    return secret->size == 0;
}

const char *fam_secret_text(const struct fam_secret *secret)
{
    return secret->data == NULL ? "" : (const char *)secret->data;
}

bool fam_secret_equal(const struct fam_secret *a, const struct fam_secret *b)
{
    return a->size == b->size && (a->size == 0 || sodium_memcmp(a->data, b->data, a->size) == 0);
}
