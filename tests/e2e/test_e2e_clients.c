/* Other programs' clients against a running famserver: examples/python and examples/c, each by the same vectors
 * (tests/e2e/vectors/run), the installed package, and the bytes that docs/rpc.md shows. */
#include <criterion/criterion.h>
#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system.h"

/* Debian's: python3-protobuf belongs to no other. */
#define PYTHON "/usr/bin/python3"

struct clients {
    struct system system;
    char python_path[128], path[512], package_path[256], library_path[128];
    char flags[128], link_flags[160];
    char servers[64], token[96], user[96];
    const char *env[16];
    char out[65536];
};

static struct clients clients;

static void add_env(const char *text)
{
    size_t at = 0;
    while (clients.env[at] != NULL) {
        at++;
    }
    cr_assert_lt(at + 1, sizeof(clients.env) / sizeof(clients.env[0]));
    clients.env[at] = text;
}

static int run(const char *first, ...)
{
    const char *argv[24] = {first};
    va_list args;
    va_start(args, first);
    for (size_t i = 1; i < 24 && argv[i - 1] != NULL; i++) {
        argv[i] = va_arg(args, const char *);
    }
    va_end(args);
    return proc_run(argv, clients.env, NULL, clients.out, sizeof(clients.out));
}
#define RUN(...) cr_assert_eq(run(__VA_ARGS__, NULL), 0, "%s", clients.out)
/* With both outputs in clients.out. */
#define SHELL(script, ...) RUN("sh", "-c", "exec 2>&1; " script, "sh", __VA_ARGS__)

static void set_up(void)
{
    memset(&clients, 0, sizeof(clients));
    system_start(&clients.system, NULL);
    const char *dir = clients.system.dir;
    snprintf(clients.path, sizeof(clients.path), "PATH=%s", getenv("PATH"));
    snprintf(clients.servers, sizeof(clients.servers), "FAM_SERVERS=tcp://127.0.0.1:%u", clients.system.rpc_port);
    snprintf(clients.token, sizeof(clients.token), "FAM_TOKEN=%s", clients.system.bot_token);
    snprintf(clients.python_path, sizeof(clients.python_path), "PYTHONPATH=%s/generated", dir);
    snprintf(clients.package_path, sizeof(clients.package_path), "PKG_CONFIG_PATH=%s/installed/lib/pkgconfig", dir);
    snprintf(clients.library_path, sizeof(clients.library_path), "LD_LIBRARY_PATH=%s/installed/lib", dir);
    /* What a sanitized library needs of the program. */
    const char *option = FAM_SANITIZE[0] == '\0' ? "" : "-fsanitize=";
    snprintf(clients.flags, sizeof(clients.flags), "CFLAGS=%s%s", option, FAM_SANITIZE);
    snprintf(clients.link_flags, sizeof(clients.link_flags), "LDFLAGS=%s%s", option, FAM_SANITIZE);
    add_env(clients.flags);
    add_env(clients.link_flags);
    add_env(clients.path);
    add_env(clients.servers);
    add_env(clients.token);
    add_env(clients.python_path);
    add_env(clients.package_path);
    add_env(clients.library_path);
    add_env("PYTHONDONTWRITEBYTECODE=1");
    add_env("ASAN_OPTIONS=detect_leaks=0"); /* of the servers alone */
    SHELL("mkdir \"$2/generated\" && cd \"$1/proto\" && protoc --python_out=\"$2/generated\" fam/rpc/v1/*.proto "
          "fam/v1/*.proto",
          FAM_SOURCE_DIR, dir);
}

static void tear_down(void)
{
    system_stop(&clients.system);
}

TestSuite(e2e_clients, .init = set_up, .fini = tear_down);

/* The vectors, with whatever command stands in the words; NULL at their end. */
static void run_vectors(const char *name, bool makes_keys, const char *const words[])
{
    char path[128];
    snprintf(path, sizeof(path), "%s/context.json", clients.system.dir);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fprintf(file,
            "{\"server\": \"%s\", \"tokens\": {\"bot\": \"%s\", \"admin\": \"%s\"},"
            " \"variables\": {\"RUN\": \"%s\", \"TELEGRAM\": \"5550001\"}, \"makesKeys\": %s}",
            clients.servers + strlen("FAM_SERVERS="), clients.system.bot_token, clients.system.admin_token, name,
            makes_keys ? "true" : "false");
    fclose(file);
    const char *argv[24] = {"sh", "-c", "exec 2>&1; \"$@\"", "sh", PYTHON, FAM_SOURCE_DIR "/tests/e2e/vectors/run",
                            path};
    for (size_t i = 0; words[i] != NULL; i++) {
        cr_assert_lt(7 + i + 1, 24);
        argv[7 + i] = words[i];
    }
    int code = proc_run(argv, clients.env, NULL, clients.out, sizeof(clients.out));
    cr_assert_eq(code, 0, "%s", clients.out);
    printf("%s: %s", name, clients.out);
}
#define RUN_VECTORS(name, makes_keys, ...) run_vectors((name), (makes_keys), (const char *const[]){__VA_ARGS__, NULL})

Test(e2e_clients, the_python_client_passes_the_vectors, .timeout = 240)
{
    RUN_VECTORS("python", false, PYTHON, FAM_SOURCE_DIR "/examples/python/fam_client.py", "call", "{method}",
                "@{file}");
}

Test(e2e_clients, famctl_passes_the_vectors, .timeout = 240)
{
    RUN_VECTORS("famctl", true, FAM_BIN_DIR "/famctl", "--timeout={timeout}", "call", "{method}", "@{file}",
                "--acting-user={user}", "--idempotency-key={key}", "--reason={reason}");
}

static void add_user(const struct person *person)
{
    char user_id[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&person->user_id, user_id);
    snprintf(clients.user, sizeof(clients.user), "FAM_ACTING_USER=%s", user_id);
    add_env(clients.user);
}

Test(e2e_clients, the_python_client_keeps_its_promises, .timeout = 240)
{
    struct person parent = system_family(&clients.system, 4001, 7);
    add_user(&parent);
    SHELL("\"$@\"", PYTHON, FAM_SOURCE_DIR "/tests/e2e/python/client_test.py", "Calls");
    PGconn *other = PQconnectdb(clients.system.pg.conninfo);
    PQclear(PQexec(other, "BEGIN; LOCK TABLE emotion_entries IN ACCESS EXCLUSIVE MODE"));
    cr_assert_eq(PQtransactionStatus(other), PQTRANS_INTRANS, "%s", PQerrorMessage(other));
    int code = run("sh", "-c", "exec 2>&1; \"$@\"", "sh", PYTHON, FAM_SOURCE_DIR "/tests/e2e/python/client_test.py",
                   "Blocked", NULL);
    PQfinish(other);
    cr_assert_eq(code, 0, "%s", clients.out);
}

Test(e2e_clients, the_python_client_speaks_tls_and_shows_its_certificate, .timeout = 240)
{
    const char *dir = clients.system.dir;
    char ca[128];
    char cert[128];
    char key[128];
    struct person parent = system_family(&clients.system, 4003, 7);
    system_make_certificates(dir);
    snprintf(clients.servers, sizeof(clients.servers), "FAM_SERVERS=tls+tcp://127.0.0.1:%u",
             system_serve_tls(&clients.system, dir));
    snprintf(ca, sizeof(ca), "FAM_TLS_CA_FILE=%s/ca.crt", dir);
    snprintf(cert, sizeof(cert), "FAM_TLS_CERT_FILE=%s/client.crt", dir);
    snprintf(key, sizeof(key), "FAM_TLS_KEY_FILE=%s/client.key", dir);
    add_env(ca);
    add_env(cert);
    add_env(key);
    add_env("FAM_TLS_SERVER_NAME=server.test");
    add_user(&parent);
    SHELL("\"$@\"", PYTHON, FAM_SOURCE_DIR "/tests/e2e/python/client_test.py", "Tls");
    RUN_VECTORS("python-tls", false, PYTHON, FAM_SOURCE_DIR "/examples/python/fam_client.py", "call", "{method}",
                "@{file}");
}

Test(e2e_clients, the_bytes_of_the_page_are_those_of_the_server, .timeout = 240)
{
    char port[8];
    snprintf(port, sizeof(port), "%u", clients.system.rpc_port);
    SHELL("\"$@\"", PYTHON, FAM_SOURCE_DIR "/tests/e2e/python/page_bytes.py", FAM_SOURCE_DIR "/docs/rpc.md",
          "127.0.0.1", port);
}

Test(e2e_clients, the_installed_package_builds_the_c_example_which_passes_the_vectors, .timeout = 240)
{
    const char *dir = clients.system.dir;
    char program[128];
    char include[128];
    SHELL("cmake --install \"$1\" --prefix \"$2/installed\" --component famrpc", FAM_BUILD_DIR, dir);

    snprintf(include, sizeof(include), "%s/installed/include/famrpc", dir);
    SHELL("cd \"$1\" && for header in $(find . -name '*.h'); do"
          "  echo 'int alone;' | cc -std=c17 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I. -include \"$header\" "
          "-x c - &&"
          "  echo 'int alone;' | clang -std=c++17 -Wall -Wextra -Werror -fsyntax-only -I. -include \"$header\" -x c++ "
          "- ||"
          "  exit 1; done",
          include);

    SHELL("cp -r \"$1/examples/c\" \"$2/example\" && make -C \"$2/example\"", FAM_SOURCE_DIR, dir);
    snprintf(program, sizeof(program), "%s/example/fam-client", dir);
    RUN(program, "methods");
    cr_assert_not_null(strstr(clients.out, "fam.v1.TranslationService/Translate"), "%s", clients.out);
    cr_assert_not_null(strstr(clients.out, "Reads a phrase."), "%s", clients.out);
    cr_assert_eq(run(program, "nonsense", NULL), 2);
    RUN_VECTORS("c", false, program, "call", "{method}", "@{file}");

    struct person parent = system_family(&clients.system, 4002, 7);
    add_user(&parent);
    RUN(program, "translate", "Ненавижу школу!");
    cr_assert_not_null(strstr(clients.out, "\n3. "), "%s", clients.out);
}

Test(e2e_clients, the_installed_package_also_serves_cmake_and_static_programs_and_shows_only_its_interface,
     .timeout = 240)
{
    const char *dir = clients.system.dir;
    char program[128];
    SHELL("cmake --install \"$1\" --prefix \"$2/installed\" --component famrpc", FAM_BUILD_DIR, dir);
    SHELL("cmake -S \"$1/examples/c\" -B \"$2/by-cmake\" && cmake --build \"$2/by-cmake\"", FAM_SOURCE_DIR, dir);
    snprintf(program, sizeof(program), "%s/by-cmake/fam-client", dir);
    RUN(program, "call", "fam.v1.OpsService/Live");

    SHELL("rm \"$2\"/installed/lib/*.so* && cd \"$2\" && cc -std=gnu17 $CFLAGS $(pkg-config --cflags famrpc)"
          " -o static-client \"$1/examples/c/fam-client.c\" $(pkg-config --static --libs famrpc)",
          FAM_SOURCE_DIR, dir);
    snprintf(program, sizeof(program), "%s/static-client", dir);
    RUN(program, "call", "fam.v1.OpsService/Ready", "{}");
    cr_assert_not_null(strstr(clients.out, "\"ready\": true"), "%s", clients.out);

    SHELL("nm --defined-only --extern-only \"$1/installed/lib/libfamrpc.a\" | awk '$2 ~ /^[A-Z]$/ { print $3 }' |"
          " grep -vE '^fam_(client|rpc|json|status|uuid|buf|code|fail)_?|^fam__' ; test $? = 1",
          dir);
    SHELL("test -f \"$1/installed/share/family-emotions/proto/fam/v1/ops.proto\"", dir);
}
