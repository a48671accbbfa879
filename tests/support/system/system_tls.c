/* system_tls.c: certificates and TLS; see system.h. */
#include "system.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STOP_MS = 40000 };

static void run(const char *command)
{
    const char *const argv[] = {"sh", "-c", command, NULL};
    char out[256];
    cr_assert_eq(proc_run(argv, NULL, NULL, out, sizeof(out)), 0, "%s", command);
}

void system_make_certificates(const char *dir)
{
    static const char *const NAMES[] = {"server", "client"};
    char command[1024];
    (void)snprintf(command, sizeof(command),
                   "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=ca "
                   "-keyout %s/ca.key -out %s/ca.crt 2>/dev/null",
                   dir, dir);
    run(command);
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(command, sizeof(command),
                       "cd %s && echo 'subjectAltName=DNS:%s.test' >names && "
                       "openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=%s.test "
                       "-keyout %s.key -out %s.csr 2>/dev/null && openssl x509 -req -in %s.csr -CA ca.crt "
                       "-CAkey ca.key -CAcreateserial -days 2 -extfile names -out %s.crt 2>/dev/null",
                       dir, NAMES[i], NAMES[i], NAMES[i], NAMES[i], NAMES[i], NAMES[i]);
        run(command);
    }
}

uint16_t system_serve_tls(struct system *system, const char *dir)
{
    uint16_t port = proc_free_port();
    size_t count = 0;
    cr_assert_eq(proc_stop(&system->server, SIGTERM, STOP_MS), 0);
    for (; system->server_env[count] != NULL; count++) {
        if (strncmp(system->server_env[count], "FAM_LISTEN=", strlen("FAM_LISTEN=")) == 0) {
            free(system->server_env[count]);
            cr_assert_geq(asprintf(&system->server_env[count], "FAM_LISTEN=tcp://127.0.0.1:%u,tls+tcp://127.0.0.1:%u",
                                   system->rpc_port, port),
                          0);
        }
    }
    cr_assert_lt(count + 3, SYSTEM_ENV_MAX);
    cr_assert_geq(asprintf(&system->server_env[count], "FAM_TLS_CERT_FILE=%s/server.crt", dir), 0);
    cr_assert_geq(asprintf(&system->server_env[count + 1], "FAM_TLS_KEY_FILE=%s/server.key", dir), 0);
    cr_assert_geq(asprintf(&system->server_env[count + 2], "FAM_TLS_CA_FILE=%s/ca.crt", dir), 0);
    system_run_server(system);
    cr_assert(system_wait_ready(system, SYSTEM_READY_MS));
    return port;
}
