#include "services/auth.h"

#include <pthread.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "services/methods.h"
#include "store/token_store.h"

enum { UNKNOWN_FRESH_MS = 1000, WAYS = 4 };

struct cached {
    unsigned char hash[crypto_generichash_BYTES]; /* of the token, under a key of this process */
    bool used;
    bool good;
    uint64_t checked_ms;
    struct fam_principal principal;
};

struct fam_auth {
    struct fam_store *store;
    unsigned char key[crypto_generichash_KEYBYTES];
    pthread_mutex_t lock;
    struct cached entries[FAM_AUTH_ENTRIES]; /* sets of WAYS, by hash */
};

struct fam_auth *fam_auth_new(struct fam_store *store, struct fam_status *status)
{
    struct fam_auth *auth = calloc(1, sizeof(*auth));
    if (auth == NULL || pthread_mutex_init(&auth->lock, NULL) != 0) {
        free(auth);
        (void)fam_fail_memory(status);
        return NULL;
    }
    auth->store = store;
    randombytes_buf(auth->key, sizeof(auth->key));
    return auth;
}

void fam_auth_free(struct fam_auth *auth)
{
    if (auth != NULL) {
        (void)pthread_mutex_destroy(&auth->lock);
        sodium_memzero(auth, sizeof(*auth));
        free(auth);
    }
}

static struct cached *set_of(struct fam_auth *auth, const unsigned char *hash)
{
    size_t sets = FAM_AUTH_ENTRIES / WAYS;
    size_t index = ((size_t)hash[0] | (size_t)hash[1] << 8) % sets;
    return &auth->entries[index * WAYS];
}

/* Copies the entry for `hash`; false when there is none. */
static bool cache_get(struct fam_auth *auth, const unsigned char *hash, struct cached *ret_entry)
{
    bool found = false;
    pthread_mutex_lock(&auth->lock);
    struct cached *set = set_of(auth, hash);
    for (size_t i = 0; i < WAYS && !found; i++) {
        if (set[i].used && memcmp(set[i].hash, hash, sizeof(set[i].hash)) == 0) {
            *ret_entry = set[i];
            found = true;
        }
    }
    pthread_mutex_unlock(&auth->lock);
    return found;
}

/* Replaces the entry of the same token, an empty one, a bad one, or the oldest, in this order. */
static void cache_put(struct fam_auth *auth, const struct cached *entry)
{
    pthread_mutex_lock(&auth->lock);
    struct cached *set = set_of(auth, entry->hash);
    struct cached *victim = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].used && memcmp(set[i].hash, entry->hash, sizeof(entry->hash)) == 0) {
            victim = &set[i];
            break;
        }
        bool freer = !set[i].used && victim->used;
        bool worse = set[i].used && victim->used && victim->good && !set[i].good;
        bool older =
            set[i].used && victim->used && victim->good == set[i].good && set[i].checked_ms < victim->checked_ms;
        if (freer || worse || older) {
            victim = &set[i];
        }
    }
    *victim = *entry;
    pthread_mutex_unlock(&auth->lock);
}

static unsigned role_bit(Fam__V1__Role role)
{
    switch (role) {
    case FAM__V1__ROLE__ROLE_BOT:
        return FAM_ROLE_BOT;
    case FAM__V1__ROLE__ROLE_SERVICE:
        return FAM_ROLE_SERVICE;
    case FAM__V1__ROLE__ROLE_ADMIN:
        return FAM_ROLE_ADMIN;
    case FAM__V1__ROLE__ROLE_METRICS:
        return FAM_ROLE_METRICS;
    default:
        return 0;
    }
}

static void fill_principal(const struct fam_token *token, struct fam_principal *principal)
{
    *principal = (struct fam_principal){.token_id = token->token_id, .role = role_bit(token->role)};
    (void)snprintf(principal->name, sizeof(principal->name), "%s", token->name);
    (void)snprintf(principal->scope, sizeof(principal->scope), "%s", token->scope);
    principal->personal_text = token->personal_text;
    for (size_t i = 0; i < token->method_count; i++) {
        size_t index = fam_method_index(token->methods[i]);
        if (index < FAM_METHODS_MAX) {
            principal->may_call[index / 64] |= UINT64_C(1) << (index % 64);
        }
    }
}

static enum fam_code look_up(struct fam_auth *auth, const char *secret, struct cached *entry, struct fam_status *status)
{
    struct fam_token token;
    memset(&token, 0, sizeof(token));
    enum fam_code code = fam_token_find(auth->store, secret, &token, status);
    if (code != FAM_OK && code != FAM_UNAUTHENTICATED) {
        return code;
    }
    entry->used = true;
    entry->good = code == FAM_OK;
    entry->checked_ms = fam_mono_ms();
    if (entry->good) {
        fill_principal(&token, &entry->principal);
        struct fam_status ignored; /* "last used" is a hint for operators */
        (void)!fam_token_touch(auth->store, &token.token_id, &ignored);
        fam_token_done(&token);
    }
    cache_put(auth, entry);
    return code;
}

static enum fam_code refuse(struct fam_status *status)
{
    return fam_fail(status, FAM_UNAUTHENTICATED,
                    "this token is unknown or revoked; famctl token list shows the valid ones");
}

enum fam_code fam_auth_authenticate(void *context, const char *token, bool may_block, bool *ret_would_block,
                                    struct fam_principal *ret_principal, struct fam_status *status)
{
    struct fam_auth *auth = context;
    struct cached entry;
    unsigned char hash[crypto_generichash_BYTES];
    (void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)token, strlen(token), auth->key,
                             sizeof(auth->key));
    bool known = cache_get(auth, hash, &entry);
    uint64_t age_ms = known ? fam_mono_ms() - entry.checked_ms : 0;
    bool fresh = known && age_ms < (entry.good ? FAM_AUTH_FRESH_MS : UNKNOWN_FRESH_MS);
    if (!fresh && !may_block) {
        *ret_would_block = true;
        return FAM_OK;
    }
    if (!fresh) {
        struct cached looked = {.used = true};
        memcpy(looked.hash, hash, sizeof(hash));
        enum fam_code code = look_up(auth, token, &looked, status);
        if (code == FAM_OK || code == FAM_UNAUTHENTICATED) {
            entry = looked;
        } else if (!(known && entry.good && code == FAM_UNAVAILABLE)) {
            return code;
        }
    }
    if (!entry.good) {
        return refuse(status);
    }
    *ret_principal = entry.principal;
    return FAM_OK;
}
