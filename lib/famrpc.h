/* famrpc.h: everything that other services need to call a server. Link with -lfamrpc (pkg-config famrpc).
 *
 * rpc/client.h makes calls, rpc/json_codec.h turns messages into JSON and back, fam/v1/ has the messages and services.
 * docs/rpc.md is the manual. */
#ifndef FAMRPC_H
#define FAMRPC_H

#include "base/buf.h"
#include "base/status.h"
#include "base/uuid.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/notification.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "fam/v1/session.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "rpc/client.h"
#include "rpc/json_codec.h"

#endif
