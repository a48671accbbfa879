/* reading_codec.c: inside the seal stand
 *     format byte 1 · flags (1: deflated) · size when inflated (4, big-endian) · body
 * and the body is: number of risks (1) · risks (1 each) · packed fam.v1.Reading. */
#include "translate/reading_codec.h"

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { FORMAT = 1, DEFLATED = 1, HEAD = 6 };

static struct fam_place place_of(const struct fam_cache_key *key)
{
    struct fam_place place = {.table = "cache", .column = "reading"};
    memcpy(place.row.bytes, key->bytes, sizeof(place.row.bytes));
    memcpy(place.owner.bytes, key->bytes + sizeof(place.row.bytes), sizeof(place.owner.bytes));
    return place;
}

static enum fam_code pack(const struct fam_cached_reading *cached, unsigned char **ret_body, size_t *ret_size,
                          struct fam_status *status)
{
    size_t packed = fam__v1__reading__get_packed_size(cached->reading);
    size_t size = 1 + cached->risk_count + packed;
    if (size > FAM_CACHE_VALUE_BYTES || cached->risk_count > FAM_SAFETY_MAX_KINDS) {
        return fam_fail(status, FAM_OUT_OF_RANGE, "the reading is too large for the cache");
    }
    unsigned char *body = malloc(size);
    if (body == NULL) {
        return fam_fail_memory(status);
    }
    body[0] = (unsigned char)cached->risk_count;
    for (size_t i = 0; i < cached->risk_count; i++) {
        body[1 + i] = (unsigned char)cached->risk[i];
    }
    (void)fam__v1__reading__pack(cached->reading, body + 1 + cached->risk_count);
    *ret_body = body;
    *ret_size = size;
    return FAM_OK;
}

static void put_size(unsigned char *at, size_t size)
{
    at[0] = (unsigned char)(size >> 24);
    at[1] = (unsigned char)(size >> 16);
    at[2] = (unsigned char)(size >> 8);
    at[3] = (unsigned char)size;
}

/* Takes the body; *ret_plain holds head and body, deflated when that is worth it. */
static enum fam_code frame(unsigned char *body, size_t size, unsigned char **ret_plain, size_t *ret_size,
                           bool *ret_compressed, struct fam_status *status)
{
    uLongf room = compressBound((uLong)size);
    unsigned char *plain = malloc(HEAD + (room > size ? room : size));
    if (plain == NULL) {
        sodium_memzero(body, size);
        free(body);
        return fam_fail_memory(status);
    }
    bool deflated =
        size > FAM_CACHE_COMPRESS_ABOVE && compress(plain + HEAD, &room, body, (uLong)size) == Z_OK && room < size;
    if (!deflated) {
        memcpy(plain + HEAD, body, size);
        room = (uLongf)size;
    }
    plain[0] = FORMAT;
    plain[1] = deflated ? DEFLATED : 0;
    put_size(plain + 2, size);
    sodium_memzero(body, size);
    free(body);
    *ret_plain = plain;
    *ret_size = HEAD + room;
    *ret_compressed = deflated;
    return FAM_OK;
}

enum fam_code fam_reading_encode(const struct fam_key *key, const struct fam_cache_key *place,
                                 const struct fam_cached_reading *cached, unsigned char **ret_data, size_t *ret_size,
                                 bool *ret_compressed, struct fam_status *status)
{
    unsigned char *body = NULL;
    unsigned char *plain = NULL;
    size_t size = 0;
    enum fam_code code = pack(cached, &body, &size, status);
    if (code == FAM_OK && body != NULL) {
        code = frame(body, size, &plain, &size, ret_compressed, status);
    }
    if (code != FAM_OK || plain == NULL) {
        return code;
    }
    const struct fam_place where = place_of(place);
    code = fam_seal_close(key, &where, plain, size, ret_data, ret_size, status);
    sodium_memzero(plain, size);
    free(plain);
    return code;
}

static enum fam_code unknown(struct fam_status *status)
{
    (void)fam_fail(status, FAM_DATA_LOSS, "the cached reading is of an unknown format");
    return FAM_DATA_LOSS;
}

static enum fam_code unpack(const unsigned char *body, size_t size, struct fam_cached_reading *ret_cached,
                            struct fam_status *status)
{
    size_t risks = size == 0 ? SIZE_MAX : body[0];
    if (risks > FAM_SAFETY_MAX_KINDS || size < 1 + risks) {
        return unknown(status);
    }
    Fam__V1__Reading *reading = fam__v1__reading__unpack(NULL, size - 1 - risks, body + 1 + risks);
    if (reading == NULL) {
        return unknown(status);
    }
    *ret_cached = (struct fam_cached_reading){.reading = reading, .risk_count = risks};
    for (size_t i = 0; i < risks; i++) {
        ret_cached->risk[i] = (Fam__V1__SafetyKind)body[1 + i];
    }
    return FAM_OK;
}

static enum fam_code open_plain(const struct fam_secret *plain, struct fam_cached_reading *ret_cached,
                                struct fam_status *status)
{
    if (plain->size < HEAD || plain->data[0] != FORMAT || plain->data[1] > DEFLATED) {
        return unknown(status);
    }
    size_t size = (size_t)plain->data[2] << 24 | (size_t)plain->data[3] << 16 | (size_t)plain->data[4] << 8 |
                  (size_t)plain->data[5];
    if (plain->data[1] == 0) {
        return size == plain->size - HEAD ? unpack(plain->data + HEAD, size, ret_cached, status) : unknown(status);
    }
    if (size == 0 || size > FAM_CACHE_VALUE_BYTES) {
        return unknown(status);
    }
    unsigned char *body = malloc(size);
    if (body == NULL) {
        return fam_fail_memory(status);
    }
    uLongf inflated = (uLongf)size;
    bool good =
        uncompress(body, &inflated, plain->data + HEAD, (uLong)(plain->size - HEAD)) == Z_OK && inflated == size;
    enum fam_code code = good ? unpack(body, size, ret_cached, status) : unknown(status);
    sodium_memzero(body, size);
    free(body);
    return code;
}

enum fam_code fam_reading_decode(const struct fam_key *key, const struct fam_cache_key *place, const void *data,
                                 size_t size, struct fam_cached_reading *ret_cached, struct fam_status *status)
{
    const struct fam_place where = place_of(place);
    fam_auto(fam_secret_done) struct fam_secret plain = {.data = NULL};
    enum fam_code code = fam_seal_open(key, &where, data, size, &plain, status);
    return code == FAM_OK ? open_plain(&plain, ret_cached, status) : code;
}

void fam_cached_reading_done(struct fam_cached_reading *cached)
{
    if (cached->reading != NULL) {
        fam__v1__reading__free_unpacked(cached->reading, NULL);
    }
    *cached = (struct fam_cached_reading){.reading = NULL};
}
