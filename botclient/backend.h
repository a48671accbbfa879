/* backend.h: the RPC server as conversations see it (dialog/port.h), over lib/rpc. Thread-safe. */
#ifndef FAM_BOT_BACKEND_H
#define FAM_BOT_BACKEND_H

#include "base/compiler.h"
#include "dialog/port.h"

struct fam_client;

/* The table lives as long as `client`, which is borrowed: context of *ret_backend. */
void fam_backend_init(struct fam_backend *ret_backend, struct fam_client *client);

#endif
