/* raw_peer.h: a REQ peer by hand, over a plain socket: what a foreign or a hostile client sends.
 * The wire format is described in docs/rpc.md. */
#ifndef FAM_TESTS_RAW_PEER_H
#define FAM_TESTS_RAW_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fam/rpc/v1/envelope.pb-c.h"

/* Connects to tcp://127.0.0.1:PORT and shakes hands. -1 on failure. */
int raw_peer_connect(const char *url);
/* Sends `size` bytes as one request (length, request id, bytes). */
bool raw_peer_send(int fd, uint32_t request_id, const void *data, size_t size);
/* Sends an envelope. */
bool raw_peer_call(int fd, uint32_t request_id, const Fam__Rpc__V1__Request *request);
/* Reads one reply's envelope within five seconds; NULL when the connection ended or it is none. Free with
 * fam__rpc__v1__response__free_unpacked. */
Fam__Rpc__V1__Response *raw_peer_reply(int fd, uint32_t *ret_request_id);

#endif
