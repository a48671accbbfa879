#include "rpc/connections.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct entry {
    atomic_uint id; /* 0: free */
    atomic_uint_fast64_t used_ms;
};

struct fam_connections {
    size_t max;
    size_t
        mask; /* entries - 1; the entries are four times as many as connections, so that most stand where they belong */
    pthread_mutex_t lock; /* of adding and removing */
    atomic_size_t count;
    atomic_uint_fast64_t refused;
    struct entry entries[];
};

struct fam_connections *fam_connections_new(size_t max)
{
    size_t capacity = 8;
    while (capacity < max * 4) {
        capacity *= 2;
    }
    struct fam_connections *connections = calloc(1, sizeof(*connections) + capacity * sizeof(struct entry));
    if (connections == NULL || pthread_mutex_init(&connections->lock, NULL) != 0) {
        free(connections);
        return NULL;
    }
    connections->max = max;
    connections->mask = capacity - 1;
    return connections;
}

void fam_connections_free(struct fam_connections *connections)
{
    if (connections != NULL) {
        (void)pthread_mutex_destroy(&connections->lock);
        free(connections);
    }
}

/* The transport numbers connections one after the other, so the number itself is a good place to begin. */
static struct entry *find(struct fam_connections *connections, uint32_t id, uint32_t wanted)
{
    for (size_t i = 0; i <= connections->mask; i++) {
        struct entry *entry = &connections->entries[(id + i) & connections->mask];
        if (atomic_load_explicit(&entry->id, memory_order_acquire) == wanted) {
            return entry;
        }
    }
    return NULL;
}

bool fam_connections_add(struct fam_connections *connections, uint32_t id, uint64_t now_ms)
{
    pthread_mutex_lock(&connections->lock);
    bool fits = atomic_load(&connections->count) < connections->max;
    if (fits) {
        struct entry *entry = find(connections, id, 0);
        atomic_store(&entry->used_ms, now_ms);
        atomic_store_explicit(&entry->id, id, memory_order_release);
        atomic_fetch_add(&connections->count, 1);
    } else {
        atomic_fetch_add(&connections->refused, 1);
    }
    pthread_mutex_unlock(&connections->lock);
    return fits;
}

bool fam_connections_remove(struct fam_connections *connections, uint32_t id)
{
    pthread_mutex_lock(&connections->lock);
    struct entry *entry = find(connections, id, id);
    if (entry != NULL) {
        atomic_store(&entry->id, 0);
        atomic_fetch_sub(&connections->count, 1);
    }
    pthread_mutex_unlock(&connections->lock);
    return entry != NULL;
}

void fam_connections_touch(struct fam_connections *connections, uint32_t id, uint64_t now_ms)
{
    struct entry *entry = find(connections, id, id);
    if (entry != NULL) {
        atomic_store_explicit(&entry->used_ms, now_ms, memory_order_relaxed);
    }
}

size_t fam_connections_count(const struct fam_connections *connections)
{
    return atomic_load(&connections->count);
}

uint64_t fam_connections_refused(const struct fam_connections *connections)
{
    return atomic_load(&connections->refused);
}

size_t fam_connections_idle(struct fam_connections *connections, uint64_t before_ms, uint32_t *ret_ids, size_t max,
                            uint64_t *ret_oldest_ms)
{
    size_t count = 0;
    *ret_oldest_ms = UINT64_MAX;
    pthread_mutex_lock(&connections->lock);
    for (size_t i = 0; i <= connections->mask; i++) {
        uint32_t id = atomic_load(&connections->entries[i].id);
        uint64_t used_ms = atomic_load(&connections->entries[i].used_ms);
        if (id == 0) {
            continue;
        }
        if (used_ms <= before_ms && count < max) {
            ret_ids[count++] = id;
        } else if (used_ms < *ret_oldest_ms) {
            *ret_oldest_ms = used_ms;
        }
    }
    pthread_mutex_unlock(&connections->lock);
    return count;
}
