/* tls+tcp:// with certificates of both sides. The openssl command makes them. */
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "echo_calls.h"

extern char **environ;

static char dir[] = "/tmp/fam-tls-XXXXXX";

static void openssl(char *const argv[])
{
    pid_t pid = 0;
    int state = 0;
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", 2 /* O_RDWR */, 0);
    cr_assert_eq(posix_spawnp(&pid, argv[0], &quiet, NULL, argv, environ), 0, "the openssl command is needed");
    posix_spawn_file_actions_destroy(&quiet);
    cr_assert_eq(waitpid(pid, &state, 0), pid);
    cr_assert_eq(state, 0, "openssl %s fails", argv[1]);
}

static char *path(const char *name)
{
    static char paths[16][64];
    static int next;
    char *made = paths[next++ % 16];
    snprintf(made, sizeof(paths[0]), "%s/%s", dir, name);
    return made;
}

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* NAME.crt and NAME.key, signed by itself. */
static void make_ca(const char *name)
{
    char subject[64], key[32], cert[32];
    snprintf(subject, sizeof(subject), "/CN=%s", name);
    snprintf(key, sizeof(key), "%s.key", name);
    snprintf(cert, sizeof(cert), "%s.crt", name);
    openssl((char *[]){borrow("openssl"), borrow("req"), borrow("-x509"), borrow("-newkey"), borrow("ec"),
                       borrow("-pkeyopt"), borrow("ec_paramgen_curve:prime256v1"), borrow("-nodes"), borrow("-days"),
                       borrow("2"), borrow("-subj"), subject, borrow("-keyout"), path(key), borrow("-out"), path(cert),
                       NULL});
}

static void make_certificate(const char *name, const char *ca)
{
    char subject[64], key[32], request[32], cert[32], ca_key[32], ca_cert[32];
    snprintf(subject, sizeof(subject), "/CN=%s.test", name);
    snprintf(key, sizeof(key), "%s.key", name);
    snprintf(request, sizeof(request), "%s.csr", name);
    snprintf(cert, sizeof(cert), "%s.crt", name);
    snprintf(ca_key, sizeof(ca_key), "%s.key", ca);
    snprintf(ca_cert, sizeof(ca_cert), "%s.crt", ca);
    openssl((char *[]){borrow("openssl"), borrow("req"), borrow("-newkey"), borrow("ec"), borrow("-pkeyopt"),
                       borrow("ec_paramgen_curve:prime256v1"), borrow("-nodes"), borrow("-subj"), subject,
                       borrow("-keyout"), path(key), borrow("-out"), path(request), NULL});
    openssl((char *[]){borrow("openssl"), borrow("x509"), borrow("-req"), borrow("-in"), path(request), borrow("-CA"),
                       path(ca_cert), borrow("-CAkey"), path(ca_key), borrow("-CAcreateserial"), borrow("-days"),
                       borrow("2"), borrow("-out"), path(cert), NULL});
}

static void make_all(void)
{
    cr_assert_not_null(mkdtemp(dir));
    make_ca("ca");
    make_ca("other-ca");
    make_certificate("server", "ca");
    make_certificate("client", "ca");
    make_certificate("stranger", "other-ca");
}

static void remove_all(void)
{
    static const char *const names[] = {"ca", "other-ca", "server", "client", "stranger"};
    static const char *const ends[] = {"key", "crt", "csr", "srl"};
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 4; j++) {
            char name[32];
            snprintf(name, sizeof(name), "%s.%s", names[i], ends[j]);
            unlink(path(name));
        }
    }
    unlink(path("rubbish"));
    rmdir(dir);
}

TestSuite(rpc_tls, .init = make_all, .fini = remove_all, .timeout = 120);

static struct echo_server *tls_server(enum fam_tls_client_auth auth)
{
    const struct fam_tls_options tls = {.cert_file = path("server.crt"),
                                        .key_file = path("server.key"),
                                        .ca_file = path("ca.crt"),
                                        .client_auth = auth};
    return echo_server_start_with(
        &(struct echo_options){.calls = 16, .workers = 2, .url = "tls+tcp://127.0.0.1:0", .tls = &tls});
}

static struct fam_client *tls_client(const struct echo_server *echo, const struct fam_tls_options *tls)
{
    return client_of(&(struct fam_client_options){
        .urls = echo_server_url(echo), .token = "fam_bot", .version = "test/1", .tls = tls});
}

static const struct fam_rpc_options BRIEF = {.timeout_ms = 2500, .read_only = true};

static void assert_refused(const struct echo_server *echo, const struct fam_tls_options *tls)
{
    struct fam_client *client = tls_client(echo, tls);
    struct fam_status status;
    cr_assert_eq(echo_with(client, 0, &BRIEF, &status), FAM_UNAVAILABLE, "%s", status.message);
    cr_assert_not_null(strstr(status.message, "TLS failed"), "%s", status.message);
    cr_assert_not(fam_client_is_connected(client));
    fam_client_free(client);
}

Test(rpc_tls, both_sides_show_a_certificate_and_calls_go_on)
{
    struct echo_server *echo = tls_server(FAM_TLS_AUTH_REQUIRED);
    const struct fam_tls_options tls = {.ca_file = path("ca.crt"),
                                        .cert_file = path("client.crt"),
                                        .key_file = path("client.key"),
                                        .server_name = "server.test"};
    struct fam_client *client = tls_client(echo, &tls);
    for (int i = 0; i < 50; i++) {
        assert_serves(client);
    }
    /* Who calls is still the token's word. */
    struct fam_client *nobody = client_of(&(struct fam_client_options){
        .urls = echo_server_url(echo), .token = "fam_wrong", .version = "test/1", .tls = &tls});
    struct fam_status status;
    cr_assert_eq(echo_with(nobody, 0, &BRIEF, &status), FAM_UNAUTHENTICATED);
    fam_client_free(nobody);
    fam_client_free(client);
    echo_server_stop(echo);
}

Test(rpc_tls, a_client_without_a_good_certificate_is_refused_where_one_is_required)
{
    struct echo_server *echo = tls_server(FAM_TLS_AUTH_REQUIRED);
    const struct fam_tls_options good = {.ca_file = path("ca.crt"),
                                         .cert_file = path("client.crt"),
                                         .key_file = path("client.key"),
                                         .server_name = "server.test"};
    struct fam_client *client = tls_client(echo, &good);
    assert_serves(client);
    assert_refused(echo, &(struct fam_tls_options){.ca_file = path("ca.crt"), .server_name = "server.test"});
    assert_refused(echo, &(struct fam_tls_options){.ca_file = path("ca.crt"),
                                                   .cert_file = path("stranger.crt"),
                                                   .key_file = path("stranger.key"),
                                                   .server_name = "server.test"});
    assert_serves(client);
    fam_client_free(client);
    echo_server_stop(echo);
}

Test(rpc_tls, where_none_or_an_optional_one_is_asked_clients_come_without)
{
    for (int auth = FAM_TLS_AUTH_NONE; auth <= FAM_TLS_AUTH_OPTIONAL; auth++) {
        struct echo_server *echo = tls_server((enum fam_tls_client_auth)auth);
        const struct fam_tls_options tls = {.ca_file = path("ca.crt"), .server_name = "server.test"};
        struct fam_client *client = tls_client(echo, &tls);
        assert_serves(client);
        fam_client_free(client);
        echo_server_stop(echo);
    }
}

Test(rpc_tls, a_server_of_another_ca_or_another_name_is_refused)
{
    struct echo_server *echo = tls_server(FAM_TLS_AUTH_NONE);
    assert_refused(echo, &(struct fam_tls_options){.ca_file = path("other-ca.crt"), .server_name = "server.test"});
    assert_refused(echo, &(struct fam_tls_options){.ca_file = path("ca.crt"), .server_name = "elsewhere.test"});
    assert_refused(echo, &(struct fam_tls_options){.ca_file = path("ca.crt")}); /* the URL's host is 127.0.0.1 */
    struct fam_client *client =
        tls_client(echo, &(struct fam_tls_options){.ca_file = path("ca.crt"), .server_name = "server.test"});
    assert_serves(client);
    fam_client_free(client);
    echo_server_stop(echo);
}

Test(rpc_tls, who_speaks_no_tls_is_refused_and_disturbs_nobody)
{
    struct echo_server *echo = tls_server(FAM_TLS_AUTH_NONE);
    const struct fam_tls_options tls = {.ca_file = path("ca.crt"), .server_name = "server.test"};
    struct fam_client *client = tls_client(echo, &tls);
    assert_serves(client);
    char url[64];
    snprintf(url, sizeof(url), "tcp%s", strstr(echo_server_url(echo), "://"));
    struct fam_client *plain =
        client_of(&(struct fam_client_options){.urls = url, .token = "fam_bot", .version = "test/1"});
    struct fam_status status;
    cr_assert_neq(echo_with(plain, 0, &(struct fam_rpc_options){.timeout_ms = 700}, &status), FAM_OK);
    assert_serves(client);
    fam_client_free(plain);
    fam_client_free(client);
    echo_server_stop(echo);
}

Test(rpc_tls, what_is_missing_or_wrong_is_named)
{
    FILE *rubbish = fopen(path("rubbish"), "w");
    cr_assert_not_null(rubbish);
    fputs("no certificate\n", rubbish);
    fclose(rubbish);
    const struct {
        struct fam_tls_options tls;
        const char *named;
    } servers[] = {
        {{.client_auth = FAM_TLS_AUTH_NONE}, "FAM_TLS_CERT_FILE"},
        {{.cert_file = path("server.crt"), .client_auth = FAM_TLS_AUTH_NONE}, "FAM_TLS_KEY_FILE"},
        {{.cert_file = path("server.crt"), .key_file = path("server.key"), .client_auth = FAM_TLS_AUTH_REQUIRED},
         "FAM_TLS_CA_FILE"},
        {{.cert_file = path("missing"), .key_file = path("server.key")}, "FAM_TLS_CERT_FILE"},
        {{.cert_file = path("server.crt"), .key_file = path("rubbish")}, "FAM_TLS_KEY_FILE"},
        {{.cert_file = path("server.crt"),
          .key_file = path("server.key"),
          .ca_file = path("rubbish"),
          .client_auth = FAM_TLS_AUTH_REQUIRED},
         "FAM_TLS_CA_FILE"},
    };
    for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
        struct fam_status status = {.message = ""};
        cr_assert_null(echo_server_try(
            &(struct echo_options){.calls = 4, .workers = 1, .url = "tls+tcp://127.0.0.1:0", .tls = &servers[i].tls},
            &status));
        cr_assert_eq(status.code, FAM_INVALID_ARGUMENT, "%zu", i);
        cr_assert_not_null(strstr(status.message, servers[i].named), "%zu: %s", i, status.message);
    }
    struct fam_status status;
    cr_assert_null(fam_client_new(&(struct fam_client_options){.urls = "tls+tcp://localhost:1"}, &status));
    cr_assert_not_null(strstr(status.message, "FAM_TLS_CA_FILE"), "%s", status.message);
}
