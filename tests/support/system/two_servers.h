/* two_servers.h: the system with a second famserver on the same database and Redis, and a client that knows both. */
#ifndef FAM_TESTS_TWO_SERVERS_H
#define FAM_TESTS_TWO_SERVERS_H

#include "system.h"

enum { TWO_PEOPLE = 4 };

struct two {
    struct system system; /* with the first server, and a client of both */
    struct proc second;
    uint16_t second_rpc, second_http;
    struct person people[TWO_PEOPLE];
};

/* Both ready and connected, and people with families who may translate as often as they like. `extra` as in
 * system_start. */
void two_start(struct two *two, const char *const *extra);
/* The second must end with 0 like the first, unless it has ended. */
void two_stop(struct two *two);
/* Waits until so many servers answer the client; fails the test when they do not. */
void two_wait_connected(struct two *two, unsigned servers);
struct fam_client *two_client_of(const char *urls, const char *token, const struct fam_tls_options *tls);

#endif
