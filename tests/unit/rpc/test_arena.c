/* test_arena.c: bounded memory for unpacking (lib/rpc/arena.h). */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "fam/test/v1/echo.pb-c.h"
#include "rpc/arena.h"

Test(arena, pieces_are_aligned_and_do_not_overlap)
{
    enum { PIECES = 200 };
    struct fam_arena arena;
    unsigned char *pieces[PIECES];
    fam_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < PIECES; i++) { /* beyond the inline bytes and over several chunks */
        pieces[i] = fam_arena_alloc(&arena, i * 5);
        cr_assert_not_null(pieces[i], "piece %zu", i);
        cr_assert_eq((uintptr_t)pieces[i] % 16, 0, "piece %zu", i);
        memset(pieces[i], (int)i, i * 5);
    }
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t j = 0; j < i * 5; j++) {
            cr_assert_eq(pieces[i][j], (unsigned char)i, "piece %zu", i);
        }
    }
    fam_arena_done(&arena);
}

Test(arena, above_its_limit_it_refuses_and_goes_on_with_what_fits)
{
    struct fam_arena arena;
    fam_arena_init(&arena, 64);
    cr_assert_not_null(fam_arena_alloc(&arena, 48));
    cr_assert_null(fam_arena_alloc(&arena, 17));
    cr_assert_eq(arena.used, 48);
    cr_assert_not_null(fam_arena_alloc(&arena, 16));
    cr_assert_null(fam_arena_alloc(&arena, 1));
    cr_assert_null(fam_arena_alloc(&arena, 0));
    fam_arena_done(&arena);
    cr_assert_eq(arena.used, 0);
}

Test(arena, absurd_sizes_are_refused)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 14, SIZE_MAX - 15, SIZE_MAX / 2, 1 << 20};
    struct fam_arena arena;
    fam_arena_init(&arena, (1 << 20) - 1);
    cr_assert_not_null(fam_arena_alloc(&arena, 1));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        cr_assert_null(fam_arena_alloc(&arena, sizes[i]), "row %zu", i);
    }
    cr_assert_eq(arena.used, 16);
    fam_arena_done(&arena);
    fam_arena_init(&arena, SIZE_MAX);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_null(fam_arena_alloc(&arena, sizes[i]), "without a limit, row %zu", i);
    }
    fam_arena_done(&arena);
}

Test(arena, a_large_piece_gets_a_chunk_of_its_own_and_small_ones_go_on)
{
    struct fam_arena arena;
    fam_arena_init(&arena, 4 << 20);
    unsigned char *large = fam_arena_alloc(&arena, 1 << 20);
    cr_assert_not_null(large);
    memset(large, 1, 1 << 20);
    unsigned char *small = fam_arena_alloc(&arena, 100);
    cr_assert_not_null(small);
    memset(small, 2, 100);
    cr_assert_eq(large[(1 << 20) - 1], 1);
    fam_arena_done(&arena);
}

Test(arena, what_was_in_the_inline_bytes_is_wiped)
{
    struct fam_arena arena;
    fam_arena_init(&arena, 4096);
    char *words = fam_arena_alloc(&arena, 32);
    cr_assert_not_null(words);
    memcpy(words, "words of a child", 17);
    fam_arena_done(&arena);
    for (size_t i = 0; i < 32; i++) {
        cr_assert_eq(arena.inline_bytes[i], 0, "byte %zu", i);
    }
}

Test(arena, a_message_is_unpacked_into_it_or_refused_whole)
{
    Fam__Test__V1__Inner inner[40];
    Fam__Test__V1__Inner *more[40];
    Fam__Test__V1__EchoRequest request = FAM__TEST__V1__ECHO_REQUEST__INIT;
    for (size_t i = 0; i < 40; i++) {
        fam__test__v1__inner__init(&inner[i]);
        inner[i].year = (int32_t)i;
        more[i] = &inner[i];
    }
    request.text = (char *)(uintptr_t) "мама";
    request.more = more;
    request.n_more = 40;
    uint8_t bytes[1024];
    size_t size = fam__test__v1__echo_request__pack(&request, bytes);
    cr_assert_lt(size, sizeof(bytes));
    bool refused = false;
    bool taken = false;
    for (size_t limit = 16; limit < 8192; limit += 16) {
        struct fam_arena arena;
        fam_arena_init(&arena, limit);
        const Fam__Test__V1__EchoRequest *back = fam__test__v1__echo_request__unpack(&arena.allocator, size, bytes);
        cr_assert_leq(arena.used, limit);
        refused = refused || back == NULL;
        taken = taken || back != NULL;
        cr_assert(back != NULL || !taken, "taken with less than %zu", limit);
        cr_assert(back == NULL ||
                  (back->n_more == 40 && back->more[39]->year == 39 && strcmp(back->text, "мама") == 0));
        fam_arena_done(&arena);
    }
    cr_assert(refused && taken);
}
