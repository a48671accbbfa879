/* transport_nng.h: what the parts of transport.h share. Private to the transport. */
#ifndef FAM_RPC_TRANSPORT_NNG_H
#define FAM_RPC_TRANSPORT_NNG_H

#include <nng/nng.h>
#include <nng/supplemental/tls/tls.h>
#include <stdbool.h>

#include "base/status.h"
#include "rpc/tls.h"

/* INVALID_ARGUMENT, with the reason, for what is neither tcp:// nor tls+tcp://. */
enum fam_code fam_transport_check_url(const char *url, struct fam_status *status);
bool fam_transport_is_tls(const char *url);
/* An nng error number as a status: RESOURCE_EXHAUSTED for memory, else INTERNAL. */
enum fam_code fam_transport_fail(struct fam_status *status, const char *what, int error);

/* transport_tls.c: the settings as nng's; INVALID_ARGUMENT names the file at fault. `options` may be NULL. */
enum fam_code fam_tls_server(const struct fam_tls_options *options, nng_tls_config **ret_config,
                             struct fam_status *status);
enum fam_code fam_tls_client(const struct fam_tls_options *options, const char *url, nng_tls_config **ret_config,
                             struct fam_status *status);

#endif
