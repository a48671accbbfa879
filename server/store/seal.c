/* seal.c: the master keys; see seal.h. */
#include "store/seal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "store/seal_private.h"

/* One of "v2:BASE64,v1:BASE64". `position` counts from 1, for messages. */
static enum fam_code parse_one(struct fam_seal *seal, const char *text, size_t size, size_t position,
                               struct fam_status *status)
{
    uint32_t version = 0;
    size_t at = 1, written = 0;
    const char *end = NULL;
    if (size < 3 || text[0] != 'v') {
        return fam_fail(status, FAM_INVALID_ARGUMENT,
                        "FAM_MASTER_KEY: key number %zu does not start with a version such as v1:", position);
    }
    for (; at < size && text[at] >= '0' && text[at] <= '9' && version <= UINT16_MAX; at++) {
        version = version * 10 + (uint32_t)(text[at] - '0');
    }
    if (at == 1 || at >= size || text[at] != ':' || version < 1 || version > UINT16_MAX) {
        return fam_fail(status, FAM_INVALID_ARGUMENT,
                        "FAM_MASTER_KEY: key number %zu needs a version from v1 to v65535 and a colon", position);
    }
    for (size_t i = 0; i < seal->master_count; i++) {
        if (seal->master_versions[i] == version) {
            return fam_fail(status, FAM_INVALID_ARGUMENT, "FAM_MASTER_KEY: version v%u stands there twice", version);
        }
    }
    if (seal->master_count == FAM_MASTER_MAX) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "FAM_MASTER_KEY: more than %d keys", FAM_MASTER_MAX);
    }
    at++;
    struct fam_key *key = &seal->secrets->master[seal->master_count];
    if (sodium_base642bin(key->bytes, sizeof(key->bytes), text + at, size - at, NULL, &written, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        end != text + size || written != sizeof(key->bytes)) {
        return fam_fail(status, FAM_INVALID_ARGUMENT,
                        "FAM_MASTER_KEY: v%u is not the base64 of %d bytes (44 characters): make one with "
                        "`openssl rand -base64 32`",
                        version, FAM_KEY_SIZE);
    }
    seal->master_versions[seal->master_count++] = (uint16_t)version;
    return FAM_OK;
}

static enum fam_code parse_all(struct fam_seal *seal, const char *text, struct fam_status *status)
{
    if (!text || !text[0]) {
        return fam_fail(status, FAM_INVALID_ARGUMENT,
                        "FAM_MASTER_KEY is empty: it takes v1:BASE64 of 32 random bytes, newest first when there are "
                        "several, joined by commas");
    }
    for (size_t position = 1;; position++) {
        size_t size = strcspn(text, ",");
        enum fam_code code = parse_one(seal, text, size, position, status);
        if (code != FAM_OK) {
            return code;
        }
        if (!text[size]) {
            return FAM_OK;
        }
        text += size + 1;
    }
}

struct fam_seal *fam_seal_new(const char *master_key, struct fam_status *status)
{
    if (sodium_init() < 0) {
        (void)fam_fail(status, FAM_INTERNAL, "libsodium does not start");
        return NULL;
    }
    struct fam_seal *seal = calloc(1, sizeof(*seal));
    if (seal) {
        seal->secrets = sodium_malloc(sizeof(*seal->secrets));
    }
    if (!seal || !seal->secrets || pthread_mutex_init(&seal->mutex, NULL) != 0) {
        if (seal) {
            sodium_free(seal->secrets);
        }
        free(seal);
        (void)fam_fail_memory(status);
        return NULL;
    }
    sodium_memzero(seal->secrets, sizeof(*seal->secrets));
    atomic_init(&seal->loaded, false);
    if (parse_all(seal, master_key, status) == FAM_OK) {
        return seal;
    }
    fam_seal_free(seal);
    return NULL;
}

void fam_seal_free(struct fam_seal *seal)
{
    if (!seal) {
        return;
    }
    sodium_free(seal->secrets);
    pthread_mutex_destroy(&seal->mutex);
    free(seal);
}

void fam_seal_master_wrap(struct fam_seal *seal, const struct fam_place *place, const struct fam_key *key,
                          unsigned char ret_wrapped[FAM_WRAPPED_MAX])
{
    fam_seal_box_master(&seal->secrets->master[0], seal->master_versions[0], place, key, ret_wrapped);
}

enum fam_code fam_seal_master_unwrap(struct fam_seal *seal, const struct fam_place *place, const void *wrapped,
                                     size_t size, struct fam_key *ret_key, struct fam_status *status)
{
    uint16_t version = fam_seal_master_version(wrapped, size);
    if (version == 0) {
        return fam_fail_reason(status, FAM_DATA_LOSS, "SEAL", 0, "a wrapped key in %s is damaged", place->table);
    }
    for (size_t i = 0; i < seal->master_count; i++) {
        if (seal->master_versions[i] != version) {
            continue;
        }
        if (fam_seal_unbox_master(&seal->secrets->master[i], place, wrapped, ret_key)) {
            return FAM_OK;
        }
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "MASTER_KEY", 0,
                               "FAM_MASTER_KEY: v%u is not the key that wrapped the keys of this database (table %s)",
                               version, place->table);
    }
    return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "MASTER_KEY", 0,
                           "the keys of this database are wrapped by master key v%u, which FAM_MASTER_KEY lacks",
                           version);
}
