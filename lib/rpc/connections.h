/* connections.h: the open connections of a server: how many there may be, and when each was last used.
 *
 * Thread-safe. Fixed memory; touching a connection takes no lock. */
#ifndef FAM_RPC_CONNECTIONS_H
#define FAM_RPC_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct fam_connections;

/* NULL when memory is short. `max` is at least 1. */
struct fam_connections *fam_connections_new(size_t max) FAM_MUST_CHECK;
/* Takes NULL. */
void fam_connections_free(struct fam_connections *connections);
/* False, and counted as refused, when there are `max` already. `id` is not 0. */
bool fam_connections_add(struct fam_connections *connections, uint32_t id, uint64_t now_ms);
/* False when it was refused or is gone. */
bool fam_connections_remove(struct fam_connections *connections, uint32_t id);
/* It was used; nothing happens when it is gone. */
void fam_connections_touch(struct fam_connections *connections, uint32_t id, uint64_t now_ms);
size_t fam_connections_count(const struct fam_connections *connections);
uint64_t fam_connections_refused(const struct fam_connections *connections);
/* Up to `max` ids of those that were last used at `before_ms` or earlier. *ret_oldest_ms: the earliest use of all
 * others; UINT64_MAX when there are none. */
size_t fam_connections_idle(struct fam_connections *connections, uint64_t before_ms, uint32_t *ret_ids, size_t max,
                            uint64_t *ret_oldest_ms);

#endif
