#include "context.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "command.h"

enum { LINE_SIZE = 2048 };

const struct fam_context_key fam_context_keys[] = {
    {"servers", "FAM_SERVERS"},        {"token-file", "FAM_TOKEN_FILE"}, {"tls-ca", "FAM_TLS_CA_FILE"},
    {"tls-cert", "FAM_TLS_CERT_FILE"}, {"tls-key", "FAM_TLS_KEY_FILE"},  {"tls-server-name", "FAM_TLS_SERVER_NAME"},
};
_Static_assert(FAM_ARRAY_SIZE(fam_context_keys) == FAM_CONTEXT_KEYS, "the table and its size");

void fam_contexts_done(struct fam_contexts *contexts)
{
    for (size_t i = 0; i < contexts->count; i++) {
        for (size_t key = 0; key < FAM_CONTEXT_KEYS; key++) {
            free(contexts->list[i].values[key]);
        }
    }
    *contexts = (struct fam_contexts){.count = 0};
}

const char *fam_environ_get(char *const *environ_, const char *name)
{
    size_t size = strlen(name);
    for (char *const *entry = environ_; *entry != NULL; entry++) {
        if (strncmp(*entry, name, size) == 0 && (*entry)[size] == '=') {
            return (*entry)[size + 1] == '\0' ? NULL : *entry + size + 1;
        }
    }
    return NULL;
}

void fam_contexts_path(char *const *environ_, char ret_path[FAM_CONTEXT_PATH_SIZE])
{
    const char *path = fam_environ_get(environ_, "FAM_CTL_CONTEXTS");
    const char *folder = fam_environ_get(environ_, "XDG_CONFIG_HOME");
    const char *home = fam_environ_get(environ_, "HOME");
    int size = 0;
    ret_path[0] = '\0';
    if (path != NULL) {
        size = snprintf(ret_path, FAM_CONTEXT_PATH_SIZE, "%s", path);
    } else if (folder != NULL) {
        size = snprintf(ret_path, FAM_CONTEXT_PATH_SIZE, "%s/famctl/contexts", folder);
    } else if (home != NULL) {
        size = snprintf(ret_path, FAM_CONTEXT_PATH_SIZE, "%s/.config/famctl/contexts", home);
    }
    if (size < 0 || size >= FAM_CONTEXT_PATH_SIZE) {
        ret_path[0] = '\0';
    }
}

static bool is_name(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t size = strlen(text);
    return size > 0 && size < FAM_CONTEXT_NAME_SIZE && strspn(text, allowed) == size;
}

/* Where a line of the file stands, for messages. */
struct place {
    const char *path;
    unsigned line;
};

static enum fam_code fail_line(const struct place *at, const char *what, struct fam_status *status)
{
    return fam_usage(status, "%.120s, line %u: %s", at->path, at->line, what);
}

static enum fam_code open_section(char *line, const struct place *at, struct fam_contexts *contexts,
                                  struct fam_status *status)
{
    size_t size = strlen(line);
    if (line[size - 1] != ']') {
        return fail_line(at, "a context starts with its name in brackets: [production]", status);
    }
    line[size - 1] = '\0';
    if (!is_name(line + 1)) {
        return fail_line(at, "a context's name is 1 to 32 characters of A-Z a-z 0-9 _ . -", status);
    }
    if (fam_contexts_find(contexts, line + 1) != NULL) {
        return fail_line(at, "there are two contexts of this name", status);
    }
    if (contexts->count == FAM_CONTEXTS_MAX) {
        return fail_line(at, "there are too many contexts", status);
    }
    snprintf(contexts->list[contexts->count++].name, FAM_CONTEXT_NAME_SIZE, "%s", line + 1);
    return FAM_OK;
}

static enum fam_code set_value(const char *key, const char *value, const struct place *at,
                               struct fam_contexts *contexts, struct fam_status *status)
{
    if (contexts->count == 0) {
        if (strcmp(key, "current") != 0 || !is_name(value)) {
            return fail_line(at, "before the first context there is nothing but: current = NAME", status);
        }
        snprintf(contexts->current, sizeof(contexts->current), "%s", value);
        return FAM_OK;
    }
    struct fam_context *context = &contexts->list[contexts->count - 1];
    for (size_t i = 0; i < FAM_CONTEXT_KEYS; i++) {
        if (strcmp(fam_context_keys[i].key, key) != 0) {
            continue;
        }
        if (context->values[i] != NULL) {
            return fail_line(at, "this is given twice", status);
        }
        context->values[i] = strdup(value);
        return context->values[i] == NULL ? fam_fail_memory(status) : FAM_OK;
    }
    return fail_line(at, "a context has: servers, token-file, tls-ca, tls-cert, tls-key, tls-server-name", status);
}

static enum fam_code take_line(char *line, const struct place *at, struct fam_contexts *contexts,
                               struct fam_status *status)
{
    fam_text_trim(line);
    if (line[0] == '\0' || line[0] == '#') {
        return FAM_OK;
    }
    if (line[0] == '[') {
        return open_section(line, at, contexts, status);
    }
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        return fail_line(at, "a line is [NAME], KEY = VALUE, or a # and a remark", status);
    }
    *equals = '\0';
    fam_text_trim(line);
    fam_text_trim(equals + 1);
    if (equals[1] == '\0') {
        return fail_line(at, "the value is missing", status);
    }
    return set_value(line, equals + 1, at, contexts, status);
}

enum fam_code fam_contexts_parse(const char *text, size_t size, const char *path, struct fam_contexts *ret_contexts,
                                 struct fam_status *status)
{
    struct place at = {.path = path};
    enum fam_code code = FAM_OK;
    *ret_contexts = (struct fam_contexts){.count = 0};
    if (size > FAM_CONTEXTS_BYTES || !fam_utf8_valid(text, size)) {
        return fam_usage(status, "%.120s: is over 64 KiB, or no UTF-8 text", path);
    }
    for (size_t i = 0; code == FAM_OK && i < size;) {
        char line[LINE_SIZE];
        const char *end = memchr(text + i, '\n', size - i);
        size_t length = end == NULL ? size - i : (size_t)(end - (text + i));
        at.line++;
        if (length >= sizeof(line)) {
            code = fail_line(&at, "the line is too long", status);
            break;
        }
        memcpy(line, text + i, length);
        line[length] = '\0';
        code = take_line(line, &at, ret_contexts, status);
        i += length + 1;
    }
    if (code == FAM_OK && ret_contexts->current[0] != '\0' &&
        fam_contexts_find(ret_contexts, ret_contexts->current) == NULL) {
        code = fam_usage(status, "%.120s: the current context, \"%s\", is not there", path, ret_contexts->current);
    }
    if (code != FAM_OK) {
        fam_contexts_done(ret_contexts);
    }
    return code;
}

/* The whole file into text (FAM_CONTEXTS_BYTES + 1 bytes); 0 bytes when it is not there. */
static enum fam_code read_file(const char *path, char *text, size_t *ret_size, struct fam_status *status)
{
    struct stat info;
    size_t size = 0;
    *ret_size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR
                   ? FAM_OK
                   : fam_usage(status, "%.120s: can't be read: %s", path, strerror(errno));
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        (void)close(fd);
        return fam_usage(status, "%.120s: must be a regular file that only its owner can write: chmod go-w", path);
    }
    ssize_t got = 0;
    while (size <= FAM_CONTEXTS_BYTES && (got = read(fd, text + size, FAM_CONTEXTS_BYTES + 1 - size)) > 0) {
        size += (size_t)got;
    }
    (void)close(fd);
    if (got < 0) {
        return fam_usage(status, "%.120s: can't be read", path);
    }
    *ret_size = size;
    return FAM_OK;
}

enum fam_code fam_contexts_load(const char *path, struct fam_contexts *ret_contexts, struct fam_status *status)
{
    *ret_contexts = (struct fam_contexts){.count = 0};
    if (path[0] == '\0') {
        return FAM_OK;
    }
    char *text = malloc(FAM_CONTEXTS_BYTES + 1);
    if (text == NULL) {
        return fam_fail_memory(status);
    }
    size_t size = 0;
    enum fam_code code = read_file(path, text, &size, status);
    if (code == FAM_OK) {
        code = fam_contexts_parse(text, size, path, ret_contexts, status);
    }
    free(text);
    return code;
}

const struct fam_context *fam_contexts_find(const struct fam_contexts *contexts, const char *name)
{
    for (size_t i = 0; i < contexts->count; i++) {
        if (strcmp(contexts->list[i].name, name) == 0) {
            return &contexts->list[i];
        }
    }
    return NULL;
}

/* The old text without the line that chose before. */
static void copy_rest(const char *text, size_t size, FILE *out)
{
    bool in_context = false;
    for (size_t i = 0; i < size;) {
        const char *end = memchr(text + i, '\n', size - i);
        size_t length = end == NULL ? size - i : (size_t)(end - (text + i)) + 1;
        size_t start = i;
        while (start < i + length && (text[start] == ' ' || text[start] == '\t')) {
            start++;
        }
        in_context = in_context || text[start] == '[';
        if (in_context || size - start < 7 || strncmp(text + start, "current", 7) != 0) {
            (void)fwrite(text + i, 1, length, out);
        }
        i += length;
    }
}

/* Beside the old file, then over it, so that there is always a whole one. */
static enum fam_code replace(const char *path, const char *name, const char *text, size_t size,
                             struct fam_status *status)
{
    char fresh[FAM_CONTEXT_PATH_SIZE + 8];
    snprintf(fresh, sizeof(fresh), "%s.XXXXXX", path);
    int fd = mkstemp(fresh); /* mode 0600 */
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (out == NULL) {
        int error = errno;
        if (fd >= 0) {
            (void)close(fd);
            (void)unlink(fresh);
        }
        return fam_fail(status, FAM_UNKNOWN, "%.120s can't be written: %s", path, strerror(error));
    }
    fprintf(out, "current = %s\n", name);
    copy_rest(text, size, out);
    bool written = fflush(out) == 0 && fsync(fd) == 0 && !ferror(out);
    written = fclose(out) == 0 && written;
    if (!written || rename(fresh, path) != 0) {
        int error = errno;
        (void)unlink(fresh);
        return fam_fail(status, FAM_UNKNOWN, "%.120s can't be written: %s", path, strerror(error));
    }
    return FAM_OK;
}

enum fam_code fam_contexts_use(const char *path, const char *name, struct fam_status *status)
{
    char *text = malloc(FAM_CONTEXTS_BYTES + 1);
    if (text == NULL) {
        return fam_fail_memory(status);
    }
    size_t size = 0;
    enum fam_code code = read_file(path, text, &size, status);
    if (code == FAM_OK) {
        code = replace(path, name, text, size, status);
    }
    free(text);
    return code;
}

/* Is the setting there, as itself or as the name of a file? FAM_TOKEN and FAM_TOKEN_FILE are one. */
static bool is_set(char *const *environ_, const char *setting)
{
    char name[64];
    snprintf(name, sizeof(name), "%s", setting);
    char *suffix = strstr(name, "_FILE");
    if (fam_environ_get(environ_, name) != NULL) {
        return true;
    }
    if (suffix != NULL) {
        *suffix = '\0';
        return fam_environ_get(environ_, name) != NULL;
    }
    return false;
}

char **fam_context_environ(char *const *environ_, const struct fam_context *context)
{
    size_t count = 0;
    while (environ_[count] != NULL) {
        count++;
    }
    char **made = calloc(count + FAM_CONTEXT_KEYS + 1, sizeof(*made));
    size_t used = 0;
    for (size_t i = 0; made != NULL && i < count; i++) {
        made[used] = strdup(environ_[i]);
        if (made[used++] == NULL) {
            fam_context_environ_free(made);
            return NULL;
        }
    }
    for (size_t i = 0; made != NULL && context != NULL && i < FAM_CONTEXT_KEYS; i++) {
        if (context->values[i] == NULL || is_set(environ_, fam_context_keys[i].setting)) {
            continue;
        }
        if (asprintf(&made[used], "%s=%s", fam_context_keys[i].setting, context->values[i]) < 0) {
            made[used] = NULL;
            fam_context_environ_free(made);
            return NULL;
        }
        used++;
    }
    return made;
}

void fam_context_environ_free(char **environ_)
{
    for (size_t i = 0; environ_ != NULL && environ_[i] != NULL; i++) {
        free(environ_[i]);
    }
    free(environ_);
}

enum fam_code fam_context_check_token_file(const char *path, struct fam_status *status)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return fam_fail(status, FAM_FAILED_PRECONDITION, "the token file %.120s can't be looked at: %s", path,
                        strerror(errno));
    }
    if ((info.st_mode & (S_IWGRP | S_IXGRP | S_IRWXO)) != 0) {
        return fam_fail(status, FAM_FAILED_PRECONDITION,
                        "the token file %.120s is open to others (mode %03o): chmod 600 it", path,
                        (unsigned)(info.st_mode & 0777U));
    }
    return FAM_OK;
}
