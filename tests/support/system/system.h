/* system.h: the whole system for end-to-end tests: private PostgreSQL and Redis, the simulator of Telegram, and the
 * programs as they are built. Everything runs on free ports and in one temporary folder. One struct a test. */
#ifndef FAM_TESTS_SYSTEM_H
#define FAM_TESTS_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/uuid.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "pg_server.h"
#include "proc.h"
#include "redis_server.h"
#include "rpc/client.h"
#include "telegram_client.h"

enum { SYSTEM_ENV_MAX = 32 };
enum { SYSTEM_READY_MS = 60000 }; /* a bound for a sanitized build on a busy machine */

struct system {
    char dir[64];
    struct pg_server pg;
    struct redis_server redis;
    struct tg_sim telegram;
    struct proc server;
    struct proc bot;
    uint16_t rpc_port, http_port, bot_http_port;
    char bot_token[64], admin_token[64];
    char *server_env[SYSTEM_ENV_MAX];
    char *bot_env[SYSTEM_ENV_MAX];
    int server_starts, bot_starts;
    struct fam_client *client; /* with the bot's token; made by system_start */
};

/* PostgreSQL (migrated), Redis, famserver, a client; fails the test when anything does not come up. `extra` are further
 * settings of famserver, NULL-terminated, or NULL. */
void system_start(struct system *system, const char *const *extra);
/* The simulator and the bot beside it. */
void system_start_bot(struct system *system);
/* Stops everything that runs, and checks that famserver and fambot, when still running, end with 0. */
void system_stop(struct system *system);

void system_run_server(struct system *system);
void system_run_bot(struct system *system);
bool system_wait_ready(struct system *system, int timeout_ms);
/* A client with another token, "" for none. */
struct fam_client *system_client(const struct system *system, const char *token);
/* GET from famserver's (or the bot's) HTTP port; the HTTP status, 0 without an answer. Body cut to size. */
int system_get(uint16_t port, const char *path, char *ret_body, size_t size);
/* What this famserver logged, to stderr. It holds nothing personal: tests of their own look for that. */
void system_print_log(const struct proc *server, const char *why);
/* What the built-in engine answered is not read again: for tests that count questions to Claude. */
void system_pause_rereads(struct system *system);
/* The number in column 0 of the SQL's one row. */
int64_t system_count(struct system *system, const char *sql);
/* Every file below the folder, PostgreSQL's and Redis's too, and the processes' arguments and environments are searched
 * for the bytes. Writes the first place into ret_where; false when nowhere. */
bool system_contains(struct system *system, const char *text, char *ret_where, size_t size);

/* ---- TLS ---- */

/* In `dir`: ca.crt, and signed by it server.crt (for server.test) and client.crt, each with its .key. The openssl
 * command makes them. */
void system_make_certificates(const char *dir);
/* Starts famserver anew: plain on its old port, and with tls+tcp:// on the port that is returned, where it wants a
 * certificate of ca.crt. */
uint16_t system_serve_tls(struct system *system, const char *dir);

/* ---- people ---- */

struct person {
    int64_t telegram_id;
    struct fam_uuid user_id;
    struct fam_uuid family_id, child_id; /* when made by system_family */
};

/* RegisterUser. */
struct person system_person(struct system *system, int64_t telegram_id);
/* A person with both consents, country RU, a family and one child of `age` years. */
struct person system_family(struct system *system, int64_t telegram_id, int age);
void system_consent(struct system *system, const struct person *person, Fam__V1__ConsentPurpose purpose, bool granted);

/* Calls; the caller frees by fam_rpc_done(rpc). Keys must be unique in the test. */
enum fam_code system_translate(struct system *system, const struct person *person, const char *phrase, const char *key,
                               struct fam_rpc *rpc, struct fam_status *status);
const Fam__V1__Entry *system_entry(const struct fam_rpc *rpc);

#endif
