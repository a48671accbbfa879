/* seal_box.c: sealed values and keys under keys; see seal.h. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "store/seal.h"
#include "store/seal_private.h"

enum {
    FORMAT_VALUE = 1,
    FORMAT_MASTER = 2,
    NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    HEAD_VALUE = 1 + NONCE_SIZE,
    HEAD_MASTER = 3 + NONCE_SIZE,
    PLACE_MAX = 2 + 64 + 64 + 16 + 4 + 16
};
_Static_assert(FAM_SEAL_OVERHEAD == HEAD_VALUE + TAG_SIZE, "the header's sum of a sealed value");
_Static_assert(FAM_WRAPPED_MAX == HEAD_MASTER + FAM_KEY_SIZE + TAG_SIZE, "the header's sum of a wrapped key");
_Static_assert(FAM_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "size of a key");

void fam_key_random(struct fam_key *ret_key)
{
    randombytes_buf(ret_key->bytes, sizeof(ret_key->bytes));
}

void fam_key_done(struct fam_key *key)
{
    sodium_memzero(key, sizeof(*key));
}

static size_t add_name(unsigned char *out, const char *name)
{
    size_t length = strlen(name);
    if (length > 64) {
        abort(); /* a constant of ours */
    }
    out[0] = (unsigned char)length;
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes with a size, no text */
    memcpy(out + 1, name, length);
    return length + 1;
}

/* Associated data: each name with its length, so that no two places read the same. */
static size_t encode_place(const struct fam_place *place, unsigned char out[PLACE_MAX])
{
    size_t at = add_name(out, place->table);
    at += add_name(out + at, place->column);
    memcpy(out + at, place->row.bytes, 16);
    at += 16;
    for (int shift = 24; shift >= 0; shift -= 8) {
        out[at++] = (unsigned char)(place->part >> shift);
    }
    memcpy(out + at, place->owner.bytes, 16);
    return at + 16;
}

/* Nonce, ciphertext and tag into `out`, which has room for them. */
static void box(const struct fam_key *key, const struct fam_place *place, const void *data, size_t size,
                unsigned char *out)
{
    static const unsigned char nothing[1];
    unsigned char associated[PLACE_MAX];
    unsigned long long written = 0;
    size_t associated_size = encode_place(place, associated);
    randombytes_buf(out, NONCE_SIZE);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_SIZE, &written, data ? data : nothing, size,
                                                     associated, associated_size, NULL, out, key->bytes);
}

static bool unbox(const struct fam_key *key, const struct fam_place *place, const unsigned char *in, size_t size,
                  unsigned char *out)
{
    unsigned char associated[PLACE_MAX];
    unsigned long long written = 0;
    size_t associated_size = encode_place(place, associated);
    return size >= NONCE_SIZE + TAG_SIZE &&
           crypto_aead_xchacha20poly1305_ietf_decrypt(out, &written, NULL, in + NONCE_SIZE, size - NONCE_SIZE,
                                                      associated, associated_size, in, key->bytes) == 0;
}

static enum fam_code damaged(const struct fam_place *place, struct fam_status *status)
{
    return fam_fail_reason(status, FAM_DATA_LOSS, "SEAL", 0,
                           "a sealed value of %s.%s does not authenticate: it is damaged, moved, or of another key",
                           place->table, place->column);
}

enum fam_code fam_seal_close(const struct fam_key *key, const struct fam_place *place, const void *data, size_t size,
                             unsigned char **ret_sealed, size_t *ret_size, struct fam_status *status)
{
    unsigned char *sealed = size <= SIZE_MAX - FAM_SEAL_OVERHEAD ? malloc(size + FAM_SEAL_OVERHEAD) : NULL;
    if (!sealed) {
        return fam_fail_memory(status);
    }
    sealed[0] = FORMAT_VALUE;
    box(key, place, data, size, sealed + 1);
    *ret_sealed = sealed;
    *ret_size = size + FAM_SEAL_OVERHEAD;
    return FAM_OK;
}

enum fam_code fam_seal_open(const struct fam_key *key, const struct fam_place *place, const void *sealed, size_t size,
                            struct fam_secret *ret_text, struct fam_status *status)
{
    const unsigned char *in = sealed;
    if (!in || size < FAM_SEAL_OVERHEAD || in[0] != FORMAT_VALUE) {
        return damaged(place, status);
    }
    size_t text_size = size - FAM_SEAL_OVERHEAD;
    unsigned char *text = malloc(text_size + 1);
    if (!text) {
        return fam_fail_memory(status);
    }
    enum fam_code code = FAM_OK;
    if (!unbox(key, place, in + 1, size - 1, text)) {
        code = damaged(place, status);
    } else if (!fam_secret_set(ret_text, text, text_size)) {
        code = fam_fail_memory(status);
    }
    sodium_memzero(text, text_size + 1);
    free(text);
    return code;
}

void fam_seal_wrap(const struct fam_key *outer, const struct fam_place *place, const struct fam_key *inner,
                   unsigned char ret_wrapped[FAM_ENTRY_WRAP_SIZE])
{
    ret_wrapped[0] = FORMAT_VALUE;
    box(outer, place, inner->bytes, sizeof(inner->bytes), ret_wrapped + 1);
}

enum fam_code fam_seal_unwrap(const struct fam_key *outer, const struct fam_place *place, const void *wrapped,
                              size_t size, struct fam_key *ret_inner, struct fam_status *status)
{
    const unsigned char *in = wrapped;
    struct fam_key key = {{0}};
    if (!in || size != FAM_ENTRY_WRAP_SIZE || in[0] != FORMAT_VALUE ||
        !unbox(outer, place, in + 1, size - 1, key.bytes)) {
        return damaged(place, status);
    }
    *ret_inner = key;
    fam_key_done(&key);
    return FAM_OK;
}

void fam_seal_box_master(const struct fam_key *master, uint16_t version, const struct fam_place *place,
                         const struct fam_key *key, unsigned char ret_wrapped[FAM_WRAPPED_MAX])
{
    ret_wrapped[0] = FORMAT_MASTER;
    ret_wrapped[1] = (unsigned char)(version >> 8);
    ret_wrapped[2] = (unsigned char)version;
    box(master, place, key->bytes, sizeof(key->bytes), ret_wrapped + 3);
}

uint16_t fam_seal_master_version(const void *wrapped, size_t size)
{
    const unsigned char *in = wrapped;
    if (!in || size != FAM_WRAPPED_MAX || in[0] != FORMAT_MASTER) {
        return 0;
    }
    return (uint16_t)(in[1] << 8 | in[2]);
}

bool fam_seal_unbox_master(const struct fam_key *master, const struct fam_place *place,
                           const unsigned char wrapped[FAM_WRAPPED_MAX], struct fam_key *ret_key)
{
    struct fam_key key = {{0}};
    bool good = unbox(master, place, wrapped + 3, FAM_WRAPPED_MAX - 3, key.bytes);
    if (good) {
        *ret_key = key;
    }
    fam_key_done(&key);
    return good;
}
