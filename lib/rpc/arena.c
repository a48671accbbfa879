#include "rpc/arena.h"

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>

enum { CHUNK_BYTES = 16384 };

struct fam_arena_chunk {
    struct fam_arena_chunk *next;
    size_t size;
    _Alignas(16) unsigned char bytes[];
};

static void *allocate(void *data, size_t size)
{
    return fam_arena_alloc(data, size);
}

static void release(void *data, void *pointer)
{
    (void)data;
    (void)pointer; /* all at once, by fam_arena_done */
}

void fam_arena_init(struct fam_arena *arena, size_t limit)
{
    arena->allocator = (ProtobufCAllocator){.alloc = allocate, .free = release, .allocator_data = arena};
    arena->limit = limit;
    arena->used = 0;
    arena->inline_used = 0;
    arena->chunks = NULL;
    arena->chunk_used = 0;
}

static void *from_chunk(struct fam_arena *arena, size_t size)
{
    struct fam_arena_chunk *chunk = arena->chunks;
    if (chunk == NULL || chunk->size - arena->chunk_used < size) {
        size_t bytes = size > CHUNK_BYTES ? size : CHUNK_BYTES;
        chunk = malloc(sizeof(*chunk) + bytes);
        if (chunk == NULL) {
            return NULL;
        }
        chunk->size = bytes;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->chunk_used = 0;
    }
    void *pointer = chunk->bytes + arena->chunk_used;
    arena->chunk_used += size;
    return pointer;
}

void *fam_arena_alloc(struct fam_arena *arena, size_t size)
{
    if (size > arena->limit || size > SIZE_MAX / 2) { /* the rounding below must not wrap around */
        return NULL;
    }
    size_t rounded = (size + 15) & ~(size_t)15;
    if (rounded == 0) {
        rounded = 16;
    }
    if (rounded > arena->limit || arena->used > arena->limit - rounded) {
        return NULL;
    }
    void *pointer = NULL;
    if (FAM_ARENA_INLINE_BYTES - arena->inline_used >= rounded) {
        pointer = arena->inline_bytes + arena->inline_used;
        arena->inline_used += rounded;
    } else {
        pointer = from_chunk(arena, rounded);
    }
    if (pointer != NULL) {
        arena->used += rounded;
    }
    return pointer;
}

void fam_arena_done(struct fam_arena *arena)
{
    sodium_memzero(arena->inline_bytes, arena->inline_used);
    while (arena->chunks != NULL) {
        struct fam_arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        sodium_memzero(chunk->bytes, chunk->size);
        free(chunk);
    }
    arena->inline_used = 0;
    arena->used = 0;
}
