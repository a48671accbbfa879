#include "net/sentry_dsn.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/config.h"

enum { DSN_BYTES_MAX = 512, KEY_BYTES_MAX = 64, PROJECT_DIGITS_MAX = 20, HOST_SIZE = 256 };

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* What a DSN consists of, all of it within the text. */
struct parts {
    size_t scheme;         /* bytes of "https://" */
    const char *key;       /* up to the '@' */
    const char *authority; /* host and port */
    const char *path;      /* up to `project`, with its slash */
    const char *project;   /* to the end */
    size_t key_size, authority_size, path_size;
};

static enum fam_code refuse(struct fam_status *status, const char *fault)
{
    return fam_fail(status, FAM_INVALID_ARGUMENT, "SENTRY_DSN must be https://KEY@HOST/PROJECT: %s", fault);
}

static bool is_host(const char *authority, size_t size, char ret_host[HOST_SIZE])
{
    char address[HOST_SIZE + 8];
    uint16_t port = 0;
    bool bracket = size > 0 && authority[0] == '[';
    const char *port_colon = memrchr(authority, ':', size);
    bool has_port = port_colon != NULL && (!bracket || port_colon > authority + strcspn(authority, "]"));
    if (size == 0 || size >= HOST_SIZE) {
        return false;
    }
    (void)snprintf(address, sizeof(address), "%.*s%s", (int)size, authority, has_port ? "" : ":1");
    if (!fam_config_split_address(address, ret_host, HOST_SIZE, &port) || port == 0) {
        return false;
    }
    return strspn(ret_host, bracket ? DIGITS "abcdefABCDEF:." : DIGITS LETTERS "-.") == strlen(ret_host);
}

static bool is_this_machine(const char *host)
{
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 || strcmp(host, "::1") == 0;
}

/* False: it has not even the shape. */
static bool cut(const char *text, struct parts *ret_parts)
{
    struct parts *parts = ret_parts;
    parts->scheme = strncasecmp(text, "https://", 8) == 0 ? 8 : strncasecmp(text, "http://", 7) == 0 ? 7 : 0;
    parts->key = text + parts->scheme;
    const char *at = strchr(parts->key, '@');
    if (parts->scheme == 0 || at == NULL) {
        return false;
    }
    parts->key_size = (size_t)(at - parts->key);
    parts->authority = at + 1;
    parts->authority_size = strcspn(parts->authority, "/");
    parts->path = parts->authority + parts->authority_size;
    const char *slash = strrchr(parts->path, '/');
    if (slash == NULL) {
        return false;
    }
    parts->project = slash + 1;
    parts->path_size = (size_t)(parts->project - parts->path);
    return true;
}

static enum fam_code judge(const struct parts *parts, bool allow_plain_http, struct fam_status *status)
{
    char host[HOST_SIZE];
    size_t digits = strspn(parts->project, DIGITS);
    if (parts->key_size == 0 || parts->key_size > KEY_BYTES_MAX ||
        strspn(parts->key, DIGITS LETTERS "-_") != parts->key_size) {
        return refuse(status, "KEY is the public key alone, letters and digits");
    }
    if (!is_host(parts->authority, parts->authority_size, host)) {
        return refuse(status, "HOST is no host, or its port none from 1 to 65535");
    }
    if (strspn(parts->path, DIGITS LETTERS "-_.~/") < parts->path_size || strstr(parts->path, "//") != NULL) {
        return refuse(status, "the path before PROJECT holds letters, digits and - _ . ~ only");
    }
    if (digits == 0 || digits > PROJECT_DIGITS_MAX || parts->project[digits] != '\0') {
        return refuse(status, "PROJECT is a number, and nothing follows it");
    }
    if (parts->scheme == strlen("http://") && !allow_plain_http && !is_this_machine(host)) {
        return refuse(status, "http:// is for this machine, or where FAM_ENVIRONMENT is not production");
    }
    return FAM_OK;
}

enum fam_code fam_sentry_dsn_parse(const char *text, bool allow_plain_http, struct fam_sentry_dsn *ret_dsn,
                                   struct fam_status *status)
{
    struct parts parts = {.scheme = 0};
    *ret_dsn = (struct fam_sentry_dsn){.url = {.data = NULL}};
    if (strlen(text) > DSN_BYTES_MAX) {
        return refuse(status, "it is longer than 512 bytes");
    }
    if (!cut(text, &parts)) {
        return refuse(status, "it has not this form");
    }
    enum fam_code code = judge(&parts, allow_plain_http, status);
    if (code != FAM_OK) {
        return code;
    }
    char url[DSN_BYTES_MAX + 32];
    int size = snprintf(url, sizeof(url), "%s%.*s%.*sapi/%s/envelope/", parts.scheme == 8 ? "https://" : "http://",
                        (int)parts.authority_size, parts.authority, (int)parts.path_size, parts.path, parts.project);
    bool copied =
        fam_secret_set(&ret_dsn->url, url, (size_t)size) && fam_secret_set(&ret_dsn->key, parts.key, parts.key_size);
    sodium_memzero(url, sizeof(url));
    if (!copied) {
        fam_sentry_dsn_done(ret_dsn);
        return fam_fail_memory(status);
    }
    return FAM_OK;
}

void fam_sentry_dsn_done(struct fam_sentry_dsn *dsn)
{
    fam_secret_done(&dsn->url);
    fam_secret_done(&dsn->key);
}

enum fam_code fam_sentry_dsn_check(const char *text, bool allow_plain_http, struct fam_status *status)
{
    struct fam_sentry_dsn dsn;
    if (text[0] == '\0') {
        return FAM_OK;
    }
    enum fam_code code = fam_sentry_dsn_parse(text, allow_plain_http, &dsn, status);
    if (code == FAM_OK) {
        fam_sentry_dsn_done(&dsn);
    }
    return code;
}
