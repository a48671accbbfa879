#include "base/buf.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t LIMIT_DEFAULT = (size_t)16 << 20;
static const size_t SIZE_LIMIT = SIZE_MAX / 4; /* so that no sum of sizes wraps around */

void fam_buf_init(struct fam_buf *buf, size_t limit)
{
    *buf = (struct fam_buf){.limit = limit};
}

void fam_buf_done(struct fam_buf *buf)
{
    if (buf->data != NULL) {
        sodium_memzero(buf->data, buf->capacity);
        free(buf->data);
    }
    *buf = (struct fam_buf){.data = NULL};
}

void fam_buf_clear(struct fam_buf *buf)
{
    if (buf->data != NULL) {
        sodium_memzero(buf->data, buf->size + 1);
    }
    buf->size = 0;
    buf->failed = false;
}

/* Room for `more` bytes and the NUL. Never realloc: the old copy must be wiped. */
static bool reserve(struct fam_buf *buf, size_t more)
{
    size_t limit = buf->limit == 0 ? LIMIT_DEFAULT : buf->limit;
    limit = limit < SIZE_LIMIT ? limit : SIZE_LIMIT;
    if (buf->failed || more > limit - (buf->size < limit ? buf->size : limit)) {
        buf->failed = true;
        return false;
    }
    size_t needed = buf->size + more + 1;
    if (needed <= buf->capacity) {
        return true;
    }
    size_t capacity = buf->capacity < 64 ? 64 : buf->capacity * 2;
    capacity = capacity < needed ? needed : capacity;
    char *data = malloc(capacity);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    data[0] = '\0';
    if (buf->data != NULL) {
        memcpy(data, buf->data, buf->size + 1);
        sodium_memzero(buf->data, buf->capacity);
        free(buf->data);
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

void fam_buf_add(struct fam_buf *buf, const void *data, size_t size)
{
    if (!reserve(buf, size)) {
        return;
    }
    if (size > 0) {
        memcpy(buf->data + buf->size, data, size);
    }
    buf->size += size;
    buf->data[buf->size] = '\0';
}

void fam_buf_add_text(struct fam_buf *buf, const char *text)
{
    fam_buf_add(buf, text, strlen(text));
}

void fam_buf_add_char(struct fam_buf *buf, char c)
{
    fam_buf_add(buf, &c, 1);
}

void fam_buf_addf(struct fam_buf *buf, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) {
        buf->failed = true;
    } else if (reserve(buf, (size_t)length)) {
        (void)vsnprintf(buf->data + buf->size, (size_t)length + 1, format, again);
        buf->size += (size_t)length;
    }
    va_end(again);
}

const char *fam_buf_text(const struct fam_buf *buf)
{
    return buf->data == NULL ? "" : buf->data;
}

char *fam_buf_take(struct fam_buf *buf)
{
    if (buf->failed || !reserve(buf, 0)) {
        fam_buf_done(buf);
        return NULL;
    }
    char *data = buf->data;
    *buf = (struct fam_buf){.data = NULL};
    return data;
}
