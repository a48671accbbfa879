/* redis_server.h: a private redis-server for tests: a unix socket in a folder of its own, append-only file on,
 * noeviction, DEBUG allowed; optionally a TCP port on 127.0.0.1. Not thread-safe. */
#ifndef FAM_TESTS_REDIS_SERVER_H
#define FAM_TESTS_REDIS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proc.h"

struct redisReply;

struct redis_server {
    struct proc proc;
    char dir[64];
    char socket_path[96];
    uint16_t port;     /* 0: no TCP */
    char url[128];     /* unix://SOCKET?db=0, what REDIS_URL takes */
    char tcp_url[128]; /* redis://127.0.0.1:PORT/0; "" without a port */
};

/* Starts and waits until it answers. False (nothing is left behind) when it does not within 10 s. */
bool redis_server_start(struct redis_server *server, bool with_tcp);
/* Stops and removes the folder. Takes a zeroed struct. */
void redis_server_stop(struct redis_server *server);
/* Kills the process; the folder, the addresses and the append-only file stay. */
void redis_server_kill(struct redis_server *server);
/* Starts it again on the same addresses and data. */
bool redis_server_restart(struct redis_server *server);
/* SIGSTOP and SIGCONT: a server that takes connections and never answers. */
void redis_server_pause(struct redis_server *server);
void redis_server_resume(struct redis_server *server);
/* One command on a connection of its own, words separated by blanks. NULL when the server does not answer within 10 s.
 * Free with freeReplyObject. */
struct redisReply *redis_server_command(struct redis_server *server, const char *command);
/* Does any key, field or value of the database hold these bytes? Looks into the append-only files too. */
bool redis_server_contains(struct redis_server *server, const char *text);

#endif
