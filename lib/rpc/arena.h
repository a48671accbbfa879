/* arena.h: bounded memory for unpacking one message: counts, refuses above its limit, and frees all at once, wiped.
 *
 * protobuf-c allocates up to fifty times a message's size; with this a hostile message costs at most `limit` bytes.
 * Not thread-safe; one owner at a time. */
#ifndef FAM_RPC_ARENA_H
#define FAM_RPC_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

enum { FAM_ARENA_INLINE_BYTES = 4096 };

struct fam_arena_chunk;

struct fam_arena {
    ProtobufCAllocator allocator; /* give this to …__unpack; never call …__free_unpacked */
    size_t limit;
    size_t used; /* in all chunks */
    size_t inline_used;
    struct fam_arena_chunk *chunks;
    size_t chunk_used;
    _Alignas(16) unsigned char inline_bytes[FAM_ARENA_INLINE_BYTES];
};

void fam_arena_init(struct fam_arena *arena, size_t limit);
/* 16-byte aligned; NULL above the limit or when memory is short. */
void *fam_arena_alloc(struct fam_arena *arena, size_t size);
/* Wipes and frees everything. */
void fam_arena_done(struct fam_arena *arena);

#endif
