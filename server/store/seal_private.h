/* seal_private.h: between the files of the seal: boxes (seal_box.c), master keys (seal.c), stored keys
 * (seal_keys.c). */
#ifndef FAM_STORE_SEAL_PRIVATE_H
#define FAM_STORE_SEAL_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/seal.h"

enum { FAM_MASTER_MAX = 16, FAM_KEY_SLOTS = 256, FAM_KEY_CACHE_MS = 30000 };

/* One cached user or family key. */
struct fam_key_slot {
    struct fam_uuid id;
    enum fam_key_kind kind;
    uint64_t until_ms; /* 0: empty */
    struct fam_key key;
};

/* In memory from sodium_malloc: locked, guarded, wiped when freed. */
struct fam_seal_secrets {
    struct fam_key master[FAM_MASTER_MAX];
    struct fam_key hmac[FAM_HMAC_PURPOSES];
    struct fam_key_slot slots[FAM_KEY_SLOTS];
};

struct fam_seal {
    struct fam_seal_secrets *secrets;
    size_t master_count;
    uint16_t master_versions[FAM_MASTER_MAX]; /* newest first */
    pthread_mutex_t mutex;                    /* guards slots */
    atomic_bool loaded;                       /* hmac is complete and constant */
};

void fam_seal_box_master(const struct fam_key *master, uint16_t version, const struct fam_place *place,
                         const struct fam_key *key, unsigned char ret_wrapped[FAM_WRAPPED_MAX]);
/* 0: not of this format. */
uint16_t fam_seal_master_version(const void *wrapped, size_t size);
bool fam_seal_unbox_master(const struct fam_key *master, const struct fam_place *place,
                           const unsigned char wrapped[FAM_WRAPPED_MAX], struct fam_key *ret_key);

#endif
