/* transport_close.h: an nng socket's end within a bound. Private to the transport. Thread-safe. */
#ifndef FAM_RPC_TRANSPORT_CLOSE_H
#define FAM_RPC_TRANSPORT_CLOSE_H

#include <nng/nng.h>
#include <stdbool.h>

/* nng_close() waits until all connections of the socket are taken down. In nng 1.5 that may never come: when a
 * message's length has been read and its body not yet, a close between the two drops the read of the body without an
 * end to it (tcptran_pipe_recv_cb in src/sp/transport/tcp/tcp.c, and alike in tls.c), and the one thread that takes
 * connections down waits for that end for ever. So the wait is bounded. False: the bound has passed; nng still refers
 * to the socket and to the arguments of its callbacks, which its owner must not free. */
bool fam_socket_close(nng_socket socket);

#endif
