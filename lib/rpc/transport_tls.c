/* transport_tls.c: certificates and keys for tls+tcp://. */
#include <nng/nng.h>
#include <nng/supplemental/tls/tls.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/transport_nng.h"

enum { FILE_BYTES_MAX = 1 << 20, HOST_SIZE = 256 };

static bool given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* The whole file as a string; `what` is the setting that names it. Free with free_file: it may be a key. */
static char *read_file(const char *path, const char *what, struct fam_status *status)
{
    FILE *file = fopen(path, "re");
    char *text = file == NULL ? NULL : calloc(1, FILE_BYTES_MAX + 1);
    if (text == NULL) {
        (void)fam_fail(status, FAM_INVALID_ARGUMENT, "%s: the file can't be read", what);
        if (file != NULL) {
            (void)fclose(file);
        }
        return NULL;
    }
    size_t size = fread(text, 1, FILE_BYTES_MAX, file);
    bool whole = ferror(file) == 0 && fgetc(file) == EOF;
    (void)fclose(file);
    if (!whole || size == 0 || strlen(text) != size) {
        (void)fam_fail(status, FAM_INVALID_ARGUMENT, "%s: the file is no PEM text of at most 1 MiB", what);
        sodium_memzero(text, size);
        free(text);
        return NULL;
    }
    return text;
}

static void free_file(char *text)
{
    if (text != NULL) {
        sodium_memzero(text, strlen(text));
        free(text);
    }
}

static enum fam_code set_own(const struct fam_tls_options *options, nng_tls_config *config, struct fam_status *status)
{
    if (!given(options->cert_file) || !given(options->key_file)) {
        return fam_fail(status, FAM_INVALID_ARGUMENT,
                        "FAM_TLS_CERT_FILE and FAM_TLS_KEY_FILE go together: one is unset");
    }
    char *cert = read_file(options->cert_file, "FAM_TLS_CERT_FILE", status);
    char *key = cert == NULL ? NULL : read_file(options->key_file, "FAM_TLS_KEY_FILE", status);
    enum fam_code code = key == NULL ? status->code : FAM_OK;
    if (code == FAM_OK && nng_tls_config_own_cert(config, cert, key, NULL) != 0) {
        code = fam_fail(status, FAM_INVALID_ARGUMENT,
                        "FAM_TLS_CERT_FILE, FAM_TLS_KEY_FILE: no certificate and its unencrypted key in PEM");
    }
    free_file(cert);
    free_file(key);
    return code;
}

static enum fam_code set_ca(const struct fam_tls_options *options, nng_tls_config *config, struct fam_status *status)
{
    char *ca = read_file(options->ca_file, "FAM_TLS_CA_FILE", status);
    enum fam_code code = ca == NULL ? status->code : FAM_OK;
    if (code == FAM_OK && nng_tls_config_ca_chain(config, ca, NULL) != 0) {
        code = fam_fail(status, FAM_INVALID_ARGUMENT, "FAM_TLS_CA_FILE: no certificates in PEM");
    }
    free_file(ca);
    return code;
}

static enum fam_code make_config(nng_tls_mode mode, nng_tls_config **ret_config, struct fam_status *status)
{
    int error = nng_tls_config_alloc(ret_config, mode);
    if (error == 0) {
        error = nng_tls_config_version(*ret_config, NNG_TLS_1_2, NNG_TLS_1_2);
    }
    return error == 0 ? FAM_OK : fam_transport_fail(status, "can't set up TLS", error);
}

static enum fam_code finish(enum fam_code code, nng_tls_config *config, nng_tls_config **ret_config)
{
    if (code == FAM_OK) {
        *ret_config = config;
    } else if (config != NULL) {
        nng_tls_config_free(config);
    }
    return code;
}

enum fam_code fam_tls_server(const struct fam_tls_options *options, nng_tls_config **ret_config,
                             struct fam_status *status)
{
    if (options == NULL || !given(options->cert_file)) {
        return fam_fail(status, FAM_INVALID_ARGUMENT,
                        "tls+tcp:// needs a certificate: set FAM_TLS_CERT_FILE and FAM_TLS_KEY_FILE");
    }
    bool asks = options->client_auth != FAM_TLS_AUTH_NONE;
    if (asks && !given(options->ca_file)) {
        return fam_fail(status, FAM_INVALID_ARGUMENT,
                        "clients must show a certificate: set FAM_TLS_CA_FILE to the CAs that sign them, or "
                        "FAM_TLS_CLIENT_AUTH=none");
    }
    nng_tls_config *config = NULL;
    enum fam_code code = make_config(NNG_TLS_MODE_SERVER, &config, status);
    if (code == FAM_OK) {
        code = set_own(options, config, status);
    }
    if (code == FAM_OK && asks) {
        code = set_ca(options, config, status);
    }
    if (code == FAM_OK) {
        int error = nng_tls_config_auth_mode(config, (nng_tls_auth_mode)options->client_auth);
        code = error == 0 ? FAM_OK : fam_transport_fail(status, "can't set up TLS", error);
    }
    return finish(code, config, ret_config);
}

/* "tls+tcp://host:port" and "tls+tcp://[::1]:port". */
static void host_of(const char *url, char ret_host[HOST_SIZE])
{
    const char *host = strstr(url, "://") + 3;
    const char *end = strrchr(host, ':');
    size_t size = end == NULL ? strlen(host) : (size_t)(end - host);
    if (size >= 2 && host[0] == '[' && host[size - 1] == ']') {
        host++;
        size -= 2;
    }
    (void)snprintf(ret_host, HOST_SIZE, "%.*s", (int)(size < HOST_SIZE ? size : HOST_SIZE - 1), host);
}

enum fam_code fam_tls_client(const struct fam_tls_options *options, const char *url, nng_tls_config **ret_config,
                             struct fam_status *status)
{
    if (options == NULL || !given(options->ca_file)) {
        return fam_fail(status, FAM_INVALID_ARGUMENT,
                        "tls+tcp:// needs the CA that signed the server's certificate: set FAM_TLS_CA_FILE");
    }
    char host[HOST_SIZE];
    host_of(url, host);
    nng_tls_config *config = NULL;
    enum fam_code code = make_config(NNG_TLS_MODE_CLIENT, &config, status);
    if (code == FAM_OK) {
        code = set_ca(options, config, status);
    }
    if (code == FAM_OK && (given(options->cert_file) || given(options->key_file))) {
        code = set_own(options, config, status);
    }
    if (code == FAM_OK) {
        int error = nng_tls_config_server_name(config, given(options->server_name) ? options->server_name : host);
        if (error == 0) {
            error = nng_tls_config_auth_mode(config, NNG_TLS_AUTH_MODE_REQUIRED);
        }
        code = error == 0 ? FAM_OK : fam_transport_fail(status, "can't set up TLS", error);
    }
    return finish(code, config, ret_config);
}
