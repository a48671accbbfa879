/* config_check.c: is a value of config.def allowed, and is a name known? */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/config_private.h"
#include "base/text.h"

enum { NAME_MAX_SIZE = 64, ADDRESS_SIZE = 300 };

/* Edits (insert, delete, replace) between two names of less than NAME_MAX_SIZE characters. */
static size_t distance(const char *a, const char *b)
{
    size_t previous[NAME_MAX_SIZE + 1];
    size_t b_size = strlen(b);
    if (strlen(a) >= NAME_MAX_SIZE || b_size >= NAME_MAX_SIZE) {
        return NAME_MAX_SIZE;
    }
    for (size_t j = 0; j <= b_size; j++) {
        previous[j] = j;
    }
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = previous[0];
        previous[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            size_t drop = previous[j] + 1;
            size_t insert = previous[j - 1] + 1;
            diagonal = previous[j];
            size_t best = replace < drop ? replace : drop;
            previous[j] = best < insert ? best : insert;
        }
    }
    return previous[b_size];
}

static bool is_known(const char *name)
{
    for (size_t i = 0; i < fam_config_row_count; i++) {
        const struct fam_config_row *row = &fam_config_rows[i];
        size_t size = strlen(row->name);
        if (strncmp(name, row->name, size) == 0 &&
            (name[size] == '\0' || (row->type == FAM_CFG_SECRET && strcmp(name + size, "_FILE") == 0))) {
            return true;
        }
    }
    return false;
}

static enum fam_code fail_unknown(const char *name, struct fam_status *status)
{
    const char *nearest = NULL;
    size_t least = 4; /* farther away is no typing error */
    for (size_t i = 0; i < fam_config_row_count; i++) {
        size_t edits = distance(name, fam_config_rows[i].name);
        if (edits < least) {
            least = edits;
            nearest = fam_config_rows[i].name;
        }
    }
    if (nearest != NULL) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "%s is no setting; do you mean %s?", name, nearest);
    }
    return fam_fail(status, FAM_INVALID_ARGUMENT, "%s is no setting; --help lists them", name);
}

enum fam_code fam_config_check_names(char *const *environ_, struct fam_status *status)
{
    for (char *const *entry = environ_; *entry != NULL; entry++) {
        const char *equals = strchr(*entry, '=');
        if (equals == NULL || strncmp(*entry, "FAM_", 4) != 0) {
            continue;
        }
        char name[NAME_MAX_SIZE];
        (void)snprintf(name, sizeof(name), "%.*s", (int)(equals - *entry), *entry);
        if (!is_known(name)) {
            return fail_unknown(name, status);
        }
    }
    return FAM_OK;
}

/* `word` among the words after "one of: " in the help, which end at a semicolon or with the text. */
static bool is_listed(const char *help, const char *word)
{
    const char *at = strstr(help, "one of: ");
    if (at == NULL) {
        return false;
    }
    at += strlen("one of: ");
    size_t end = strcspn(at, ";");
    size_t size = strlen(word);
    for (size_t i = 0; i < end;) {
        size_t length = strcspn(at + i, " ;");
        if (length == size && strncmp(at + i, word, size) == 0) {
            return true;
        }
        i += length + 1;
    }
    return false;
}

static enum fam_code check_enum(const struct fam_config_row *row, const char *value, struct fam_status *status)
{
    if (is_listed(row->help, value)) {
        return FAM_OK;
    }
    const char *words = strstr(row->help, "one of: ");
    return fam_fail(status, FAM_INVALID_ARGUMENT, "%s must be %.*s", row->name, (int)strcspn(words, ";"), words);
}

/* --check-config and errors show the address, so it must not hold a password. */
static enum fam_code check_url(const struct fam_config_row *row, const char *url, struct fam_status *status)
{
    size_t scheme = strncasecmp(url, "https://", 8) == 0 ? 8 : strncasecmp(url, "http://", 7) == 0 ? 7 : 0;
    size_t host = strcspn(url + scheme, "/?#");
    if (scheme == 0 || host == 0 || strpbrk(url, " \t\r\n") != NULL) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "%s must be http://HOST… or https://HOST…", row->name);
    }
    if (memchr(url + scheme, '@', host) != NULL) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "%s must not hold a name and password", row->name);
    }
    return FAM_OK;
}

static enum fam_code check_rpc_url(const struct fam_config_row *row, const char *url, size_t size,
                                   struct fam_status *status)
{
    if (size >= 6 && strncmp(url, "ipc://", 6) == 0) {
        return fam_fail(
            status, FAM_INVALID_ARGUMENT,
            "%s: ipc:// is refused because a rude peer wedges it on nng below 1.6; use tcp://127.0.0.1:PORT",
            row->name);
    }
    char address[ADDRESS_SIZE] = "";
    char host[ADDRESS_SIZE];
    uint16_t port = 0;
    size_t scheme = strncmp(url, "tls+tcp://", 10) == 0 ? 10 : strncmp(url, "tcp://", 6) == 0 ? 6 : size;
    if (scheme < size && size - scheme < sizeof(address)) {
        memcpy(address, url + scheme, size - scheme);
    }
    if (!fam_config_split_address(address, host, sizeof(host), &port)) {
        return fam_fail(status, FAM_INVALID_ARGUMENT,
                        "%s must be a comma-separated list of tcp://HOST:PORT or tls+tcp://HOST:PORT", row->name);
    }
    return FAM_OK;
}

static enum fam_code check_urls(const struct fam_config_row *row, const char *value, struct fam_status *status)
{
    for (const char *at = value;; at++) {
        size_t size = strcspn(at, ",");
        enum fam_code code = check_rpc_url(row, at, size, status);
        if (code != FAM_OK) {
            return code;
        }
        at += size;
        if (*at == '\0') {
            return FAM_OK;
        }
    }
}

enum fam_code fam_config_check_text(const struct fam_config_row *row, const char *value, struct fam_status *status)
{
    char host[256];
    uint16_t port = 0;
    if (!fam_utf8_valid(value, strlen(value))) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "%s is not valid UTF-8", row->name);
    }
    switch (row->type) {
    case FAM_CFG_ENUM:
        return check_enum(row, value, status);
    case FAM_CFG_URLS:
        return check_urls(row, value, status);
    case FAM_CFG_URL:
        return check_url(row, value, status);
    case FAM_CFG_ADDRESS:
        return fam_config_split_address(value, host, sizeof(host), &port)
                   ? FAM_OK
                   : fam_fail(status, FAM_INVALID_ARGUMENT, "%s must be HOST:PORT, port 0 to 65535", row->name);
    case FAM_CFG_STRING: {
        int64_t length = (int64_t)fam_utf8_length(value);
        if (row->max > 0 && (length < row->min || length > row->max)) {
            return fam_fail(status, FAM_INVALID_ARGUMENT, "%s must be %" PRId64 " to %" PRId64 " characters long",
                            row->name, row->min, row->max);
        }
        return FAM_OK;
    }
    default:
        return FAM_OK;
    }
}

enum fam_code fam_config_check_secret(const struct fam_config_row *row, const char *value, struct fam_status *status)
{
    if (strcmp(row->name, "REDIS_URL") == 0 && strncmp(value, "rediss://", 9) == 0) {
        return fam_fail(
            status, FAM_INVALID_ARGUMENT,
            "REDIS_URL: rediss:// is refused because hiredis 0.14 has no TLS; put a tunnel in front of Redis");
    }
    return FAM_OK;
}

enum fam_code fam_config_parse_number(const struct fam_config_row *row, const char *value, uint32_t *ret_number,
                                      struct fam_status *status)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    bool digits = value[0] >= '0' && value[0] <= '9' && *end == '\0' && errno == 0;
    if (!digits || number < row->min || number > row->max) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "%s must be a whole number from %" PRId64 " to %" PRId64 "%s",
                        row->name, row->min, row->max, row->type == FAM_CFG_DURATION_MS ? " (milliseconds)" : "");
    }
    *ret_number = (uint32_t)number;
    return FAM_OK;
}

enum fam_code fam_config_parse_money(const struct fam_config_row *row, const char *value, uint64_t *ret_micro_usd,
                                     struct fam_status *status)
{
    enum { MILLION = 1000000 };
    uint64_t micro_usd = 0;
    bool good =
        value[0] == '\0' || (fam_text_millionths(value, &micro_usd) && micro_usd >= (uint64_t)row->min * MILLION &&
                             micro_usd <= (uint64_t)row->max * MILLION);
    if (!good) {
        return fam_fail(status, FAM_INVALID_ARGUMENT,
                        "%s must be US dollars from %" PRId64 " to %" PRId64 ", as in 5.00", row->name, row->min,
                        row->max);
    }
    *ret_micro_usd = micro_usd;
    return FAM_OK;
}

bool fam_config_split_address(const char *address, char *ret_host, size_t host_size, uint16_t *ret_port)
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon[1] < '0' || colon[1] > '9') {
        return false;
    }
    char *end = NULL;
    unsigned long port = strtoul(colon + 1, &end, 10);
    const char *host = address;
    size_t size = (size_t)(colon - address);
    bool brackets = size >= 2 && host[0] == '[' && host[size - 1] == ']';
    if (brackets) {
        host++;
        size -= 2;
    }
    /* Without brackets nobody can tell the colons of IPv6 from the port's. */
    bool plain = strcspn(host, brackets ? " []" : " []:") >= size;
    if (*end != '\0' || port > 65535 || !plain || size == 0 || size >= host_size) {
        return false;
    }
    memcpy(ret_host, host, size);
    ret_host[size] = '\0';
    *ret_port = (uint16_t)port;
    return true;
}
