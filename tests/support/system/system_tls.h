/* system_tls.h: certificates for a test, and famserver behind TLS that asks for them. The openssl command makes them.
 */
#ifndef FAM_TESTS_SYSTEM_TLS_H
#define FAM_TESTS_SYSTEM_TLS_H

#include "system.h"

/* In `dir`: ca.crt, and signed by it server.crt (for server.test) and client.crt, each with its .key. */
void system_make_certificates(const char *dir);
/* Starts famserver anew: plain on its old port, and with tls+tcp:// on the port that is returned, where it wants a
 * certificate of ca.crt. */
uint16_t system_serve_tls(struct system *system, const char *dir);

#endif
