/* raw_server.h: a REP peer by hand, over plain sockets: a server that can stop answering without closing, as a stopped
 * process does. It answers every request with an empty message and code OK, whatever was asked. */
#ifndef FAM_TESTS_RAW_SERVER_H
#define FAM_TESTS_RAW_SERVER_H

#include <stdbool.h>

struct raw_server;

/* On a free port; ends the test's process when it can't start. */
struct raw_server *raw_server_start(void);
void raw_server_stop(struct raw_server *server);
const char *raw_server_url(const struct raw_server *server);
/* Takes effect before it returns. True: requests are left in the connection, unread. False: what waits there is
 * answered, and what comes. */
void raw_server_mute(struct raw_server *server, bool mute);
/* Requests answered whose method has this name. */
unsigned raw_server_answered(struct raw_server *server, const char *method);

#endif
