/* pg_server.h: a private PostgreSQL for tests: a unix socket in a folder of its own, UTF-8, trust, no fsync; optionally
 * a TCP port on 127.0.0.1. As root it runs as the user postgres. initdb runs once: its result is kept beside the
 * programs of the build, by user and version, and copied. Not thread-safe. */
#ifndef FAM_TESTS_PG_SERVER_H
#define FAM_TESTS_PG_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/proc.h"

struct pg_server {
    struct proc proc;
    char dir[64];       /* socket and log */
    char data[96];      /* DIR/data */
    uint16_t port;      /* 0: no TCP */
    char conninfo[192]; /* key=value form, socket, database postgres */
    char url[192];      /* postgresql:// form of the same, what DATABASE_URL takes */
    char tcp_url[160];  /* "" without a port */
};

/* Starts and waits until it answers. False (nothing is left behind) when it does not within 30 s. */
bool pg_server_start(struct pg_server *server, bool with_tcp);
/* The same, without TCP, with the migrations of the source tree done (*ret_found), if pg_server_keep_migrated has been
 * here before; else the caller does them, and calls it. */
bool pg_server_start_migrated(struct pg_server *server, bool *ret_found);
/* Keeps what was migrated, and nothing more, for the next tests: the server starts anew. No database can be created
 * there any more. */
bool pg_server_keep_migrated(struct pg_server *server);
/* Stops and removes the folder. Takes a zeroed struct. */
void pg_server_stop(struct pg_server *server);
/* Fast shutdown (SIGINT); folder, addresses and data stay. */
void pg_server_halt(struct pg_server *server);
/* The same with SIGKILL to all its processes: a crash. */
void pg_server_kill(struct pg_server *server);
/* Starts it again on the same addresses and data. */
bool pg_server_restart(struct pg_server *server);
/* SIGSTOP and SIGCONT to all its processes: a server that takes connections and never answers. */
void pg_server_pause(struct pg_server *server);
void pg_server_resume(struct pg_server *server);
/* Creates an empty database and writes its connection string (socket). Not on what pg_server_start_migrated began. */
bool pg_server_create_db(struct pg_server *server, const char *name, char *ret_conninfo, size_t size);
/* Runs SQL (several statements) on `conninfo`; the first column of the first row of the last result is in ret_value
 * (may be NULL; cut to size; "" when there is no row). False when it fails; ret_value then holds the message. */
bool pg_server_sql(const char *conninfo, const char *sql, char *ret_value, size_t size);

#endif
