/* claude_sim_bodies.c: keeps many bodies that are nearly equal; see claude_sim_state.h.
 *
 * Requests share a long prompt and differ in a short question. The first of a sort is kept whole, as a base; of the
 * others only what stands between the start and the end that they share with it. */
#include <stdlib.h>
#include <string.h>

#include "sim/claude_sim_state.h"

enum { SMALLEST_BASE = 1024, STRIDE = 64 };

static size_t common_prefix(const char *a, const char *b, size_t limit)
{
    size_t size = 0;
    while (size + STRIDE <= limit && memcmp(a + size, b + size, STRIDE) == 0) {
        size += STRIDE;
    }
    while (size < limit && a[size] == b[size]) {
        size++;
    }
    return size;
}

static size_t common_suffix(const char *a_end, const char *b_end, size_t limit)
{
    size_t size = 0;
    while (size + STRIDE <= limit && memcmp(a_end - size - STRIDE, b_end - size - STRIDE, STRIDE) == 0) {
        size += STRIDE;
    }
    while (size < limit && a_end[-(ptrdiff_t)size - 1] == b_end[-(ptrdiff_t)size - 1]) {
        size++;
    }
    return size;
}

static char *copy_bytes(const char *data, size_t size)
{
    char *copy = malloc(size + 1);
    if (copy) {
        memcpy(copy, data, size);
        copy[size] = '\0';
    }
    return copy;
}

/* The first base that saves half of the body. */
static void find_base(const struct cs_store *store, const char *data, size_t size, struct cs_body *body)
{
    for (int i = 0; i < CS_BASES && store->bases[i]; i++) {
        size_t base_size = store->base_sizes[i];
        size_t limit = size < base_size ? size : base_size;
        size_t prefix = common_prefix(store->bases[i], data, limit);
        size_t suffix = common_suffix(store->bases[i] + base_size, data + size, limit - prefix);
        if (prefix + suffix >= size / 2) {
            body->base = i;
            body->prefix = prefix;
            body->suffix = suffix;
            return;
        }
    }
}

static void add_base(struct cs_store *store, const char *data, size_t size, struct cs_body *body)
{
    int free_slot = 0;
    while (free_slot < CS_BASES && store->bases[free_slot]) {
        free_slot++;
    }
    if (size < SMALLEST_BASE || free_slot == CS_BASES) {
        return;
    }
    store->bases[free_slot] = copy_bytes(data, size);
    if (store->bases[free_slot]) {
        store->base_sizes[free_slot] = size;
        store->bytes += size;
        body->base = free_slot;
        body->prefix = size;
    }
}

static size_t middle_size(const struct cs_body *body)
{
    return body->size - body->prefix - body->suffix;
}

void cs_body_keep(struct cs_store *store, const char *data, size_t size, struct cs_body *ret_body)
{
    *ret_body = (struct cs_body){.base = -1, .size = size};
    find_base(store, data, size, ret_body);
    if (ret_body->base < 0) {
        add_base(store, data, size, ret_body);
    }
    ret_body->middle = copy_bytes(data + ret_body->prefix, middle_size(ret_body));
    ret_body->kept = ret_body->middle != NULL;
    store->bytes += ret_body->kept ? middle_size(ret_body) : 0;
}

void cs_body_drop(struct cs_store *store, struct cs_body *body)
{
    store->bytes -= body->kept ? middle_size(body) : 0;
    free(body->middle);
    *body = (struct cs_body){.base = -1};
}

void cs_body_restore(const struct cs_store *store, const struct cs_body *body, struct fam_buf *buf)
{
    if (!body->kept) {
        return;
    }
    if (body->base < 0) {
        fam_buf_add(buf, body->middle, body->size);
        return;
    }
    const char *base = store->bases[body->base];
    fam_buf_add(buf, base, body->prefix);
    fam_buf_add(buf, body->middle, middle_size(body));
    fam_buf_add(buf, base + store->base_sizes[body->base] - body->suffix, body->suffix);
}

void cs_store_done(struct cs_store *store)
{
    for (int i = 0; i < CS_BASES; i++) {
        free(store->bases[i]);
    }
    *store = (struct cs_store){0};
}
