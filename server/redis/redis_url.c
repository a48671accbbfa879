/* redis_url.c: REDIS_URL into its parts. Messages never quote the URL: it may hold a password. */
#include <stdlib.h>
#include <string.h>

#include "redis/redis_private.h"

enum { LONGEST_URL = 2048, LONGEST_NAME = 512 };

void fam_redis_address_done(struct fam_redis_address *address)
{
    fam_secret_done(&address->user);
    fam_secret_done(&address->password);
    *address = (struct fam_redis_address){0};
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decodes `size` bytes. */
static enum fam_code decode(const char *text, size_t size, struct fam_secret *ret_secret, struct fam_status *status)
{
    char plain[LONGEST_NAME];
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        int high = -1, low = -1;
        if (used == sizeof(plain)) {
            return fam_fail(status, FAM_INVALID_ARGUMENT, "REDIS_URL: user or password is too long");
        }
        if (text[i] != '%') {
            plain[used++] = text[i];
            continue;
        }
        if (i + 2 < size) {
            high = hex_value(text[i + 1]);
            low = hex_value(text[i + 2]);
        }
        if (high < 0 || low < 0) {
            return fam_fail(status, FAM_INVALID_ARGUMENT,
                            "REDIS_URL: a %% in user or password must be followed by two hexadecimal digits");
        }
        plain[used++] = (char)(high * 16 + low);
        i += 2;
    }
    bool stored = fam_secret_set(ret_secret, plain, used);
    explicit_bzero(plain, sizeof(plain));
    return stored ? FAM_OK : fam_fail_memory(status);
}

/* "user:password@" in front of *rest, if it is there; moves *rest behind it. */
static enum fam_code take_credentials(const char **rest, struct fam_redis_address *address, struct fam_status *status)
{
    const char *end = *rest + strcspn(*rest, "/?");
    const char *at = memrchr(*rest, '@', (size_t)(end - *rest));
    if (!at) {
        return FAM_OK;
    }
    const char *colon = memchr(*rest, ':', (size_t)(at - *rest));
    if (!colon || colon + 1 == at) {
        return fam_fail(status, FAM_INVALID_ARGUMENT,
                        "REDIS_URL: user without password; write user:password@ or :password@");
    }
    enum fam_code code = decode(*rest, (size_t)(colon - *rest), &address->user, status);
    if (!code) {
        code = decode(colon + 1, (size_t)(at - colon - 1), &address->password, status);
    }
    *rest = at + 1;
    return code;
}

/* A decimal number of at most `max`, the whole text. */
static bool parse_number(const char *text, size_t size, uint32_t max, uint32_t *ret_value)
{
    uint32_t value = 0;
    if (size == 0 || size > 5) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = value * 10 + (uint32_t)(text[i] - '0');
    }
    if (value > max) {
        return false;
    }
    *ret_value = value;
    return true;
}

static enum fam_code set_db(const char *text, struct fam_redis_address *address, struct fam_status *status)
{
    if (!parse_number(text, strlen(text), 65535, &address->db)) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "REDIS_URL: the database must be a number from 0 to 65535");
    }
    return FAM_OK;
}

static enum fam_code parse_unix(const char *rest, struct fam_redis_address *address, struct fam_status *status)
{
    size_t length = strcspn(rest, "?");
    if (rest[0] != '/') {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "REDIS_URL: unix:// needs an absolute path, unix:///path");
    }
    if (length >= sizeof(address->path)) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "REDIS_URL: the socket's path is longer than 107 bytes");
    }
    memcpy(address->path, rest, length);
    address->path[length] = '\0';
    if (!rest[length]) {
        return FAM_OK;
    }
    if (strncmp(rest + length, "?db=", 4) != 0) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "REDIS_URL: after the path only ?db=N is allowed");
    }
    return set_db(rest + length + 4, address, status);
}

static enum fam_code parse_tcp(const char *rest, struct fam_redis_address *address, struct fam_status *status)
{
    bool bracket = rest[0] == '[';
    size_t length = strcspn(rest + bracket, bracket ? "]" : ":/?");
    const char *after = rest + bracket + length;
    uint32_t port = 6379;
    if (length == 0 || length >= sizeof(address->host) || (bracket && *after != ']')) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "REDIS_URL: no host; write redis://host:port/db");
    }
    memcpy(address->host, rest + bracket, length);
    address->host[length] = '\0';
    after += bracket;
    if (*after == ':') {
        length = strcspn(++after, "/?");
        if (!parse_number(after, length, 65535, &port) || port == 0) {
            return fam_fail(status, FAM_INVALID_ARGUMENT, "REDIS_URL: the port must be a number from 1 to 65535");
        }
        after += length;
    }
    address->port = (uint16_t)port;
    if (*after == '\0' || strcmp(after, "/") == 0) {
        return FAM_OK;
    }
    if (*after != '/') {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "REDIS_URL: after the host only :port and /db are allowed");
    }
    return set_db(after + 1, address, status);
}

static enum fam_code parse(const char *url, struct fam_redis_address *address, struct fam_status *status)
{
    bool is_unix = strncmp(url, "unix://", 7) == 0;
    if (strnlen(url, LONGEST_URL + 1) > LONGEST_URL) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "REDIS_URL is longer than %d bytes", LONGEST_URL);
    }
    if (strncmp(url, "rediss://", 9) == 0) {
        return fam_fail(
            status, FAM_INVALID_ARGUMENT,
            "REDIS_URL: rediss:// is refused, hiredis 0.14 has no TLS; use redis:// on a private network or "
            "through a tunnel");
    }
    if (!is_unix && strncmp(url, "redis://", 8) != 0) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "REDIS_URL must begin with redis:// or unix://");
    }
    const char *rest = url + (is_unix ? 7 : 8);
    enum fam_code code = take_credentials(&rest, address, status);
    if (code) {
        return code;
    }
    address->configured = true;
    return is_unix ? parse_unix(rest, address, status) : parse_tcp(rest, address, status);
}

enum fam_code fam_redis_address_parse(const char *url, struct fam_redis_address *ret_address, struct fam_status *status)
{
    *ret_address = (struct fam_redis_address){0};
    if (!url || !*url) {
        return FAM_OK;
    }
    enum fam_code code = parse(url, ret_address, status);
    if (code) {
        fam_redis_address_done(ret_address);
    }
    return code;
}
