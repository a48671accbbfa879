/* transport_nng.h: what the two halves of transport.h share. Private to the transport. */
#ifndef FAM_RPC_TRANSPORT_NNG_H
#define FAM_RPC_TRANSPORT_NNG_H

#include "base/status.h"

/* INVALID_ARGUMENT, with the reason, for what is not tcp://. */
enum fam_code fam_transport_check_url(const char *url, struct fam_status *status);
/* An nng error number as a status: RESOURCE_EXHAUSTED for memory, else INTERNAL. */
enum fam_code fam_transport_fail(struct fam_status *status, const char *what, int error);

#endif
