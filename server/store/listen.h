/* listen.h: a connection of its own that hears what other sessions notify on one channel.
 *
 * A notice is a hint: none is kept for who was not listening, so after each new connection (*ret_fresh) look at the
 * table. Belongs to one thread. */
#ifndef FAM_STORE_LISTEN_H
#define FAM_STORE_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "store/db.h"
#include "store/pool.h"

struct fam_listen;

/* `pool` as a store's own; its size is replaced. `channel` is a constant name of [a-z_]. Needs no database. */
struct fam_listen *fam_listen_new(const struct fam_pool_options *pool, const char *channel,
                                  struct fam_status *status) FAM_MUST_CHECK;
/* Takes NULL. */
void fam_listen_free(struct fam_listen *listen);
/* The connection, for other statements of this thread; connects when there is none (*ret_fresh), within the pool's
 * bounds. What the session held before (locks) is gone with it. UNAVAILABLE while the database is away. */
enum fam_code fam_listen_get(struct fam_listen *listen, struct fam_db **ret_db, bool *ret_fresh,
                             struct fam_status *status) FAM_MUST_CHECK;
/* Waits until somebody else has notified, `wake_fd` (an eventfd, emptied here) is written to, the connection breaks, or
 * timeout_ms are over. True: notified by another session, maybe several times. Works without a connection, too. */
bool fam_listen_wait(struct fam_listen *listen, int wake_fd, uint32_t timeout_ms);

#endif
