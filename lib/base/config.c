#include "base/config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config_private.h"

enum { SECRET_FILE_BYTES_MAX = 64 * 1024, NAME_SIZE = 64 };

#define S FAM_PROGRAM_SERVER
#define B FAM_PROGRAM_BOT
#define C FAM_PROGRAM_CTL
const struct fam_config_row fam_config_rows[] = {
#define FAM_CFG(member_, name_, type_, fallback_, min_, max_, programs_, help_)                                        \
    {.name = (name_),                                                                                                  \
     .type = FAM_CFG_##type_,                                                                                          \
     .fallback = (fallback_),                                                                                          \
     .min = (min_),                                                                                                    \
     .max = (max_),                                                                                                    \
     .programs = (programs_),                                                                                          \
     .help = (help_),                                                                                                  \
     .offset = offsetof(struct fam_config, member_)},
#include "base/config.def"
#undef FAM_CFG
};
#undef S
#undef B
#undef C
const size_t fam_config_row_count = FAM_ARRAY_SIZE(fam_config_rows);

static void *member_of(struct fam_config *config, const struct fam_config_row *row)
{
    return (char *)config + row->offset;
}

static const char *find(char *const *environ_, const char *name, const char *suffix)
{
    size_t name_size = strlen(name);
    size_t suffix_size = strlen(suffix);
    for (char *const *entry = environ_; *entry != NULL; entry++) {
        const char *at = *entry;
        if (strncmp(at, name, name_size) == 0 && strncmp(at + name_size, suffix, suffix_size) == 0 &&
            at[name_size + suffix_size] == '=') {
            const char *value = at + name_size + suffix_size + 1;
            return value[0] == '\0' ? NULL : value; /* empty is not set */
        }
    }
    return NULL;
}

static enum fam_code read_secret_file(const char *name, const char *path, struct fam_secret *ret_secret,
                                      struct fam_status *status)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        int error = fd < 0 ? errno : EINVAL;
        if (fd >= 0) {
            (void)close(fd);
        }
        return fam_fail(status, FAM_INVALID_ARGUMENT, "%s_FILE: the file can't be read (%s); it must be a regular file",
                        name, strerror(error));
    }
    char text[SECRET_FILE_BYTES_MAX + 1];
    size_t size = 0;
    ssize_t got = 0;
    while (size < sizeof(text) && (got = read(fd, text + size, sizeof(text) - size)) > 0) {
        size += (size_t)got;
    }
    (void)close(fd);
    enum fam_code code = FAM_OK;
    if (got < 0 || size > SECRET_FILE_BYTES_MAX) {
        code = fam_fail(status, FAM_INVALID_ARGUMENT, "%s_FILE: the file is over 64 KiB or can't be read", name);
    } else {
        if (size > 0 && text[size - 1] == '\n') {
            size--;
        }
        if (size > 0 && text[size - 1] == '\r') {
            size--;
        }
        if (memchr(text, '\0', size) != NULL) {
            code = fam_fail(status, FAM_INVALID_ARGUMENT, "%s_FILE: the file holds a NUL byte", name);
        } else if (!fam_secret_set(ret_secret, text, size)) {
            code = fam_fail_memory(status);
        }
    }
    sodium_memzero(text, sizeof(text));
    return code;
}

enum fam_code fam_config_secret(const char *name, char *const *environ_, struct fam_secret *ret_secret,
                                struct fam_status *status)
{
    const char *value = find(environ_, name, "");
    const char *path = find(environ_, name, "_FILE");
    if (value != NULL && path != NULL) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "%s and %s_FILE are both set; keep one", name, name);
    }
    if (path != NULL) {
        return read_secret_file(name, path, ret_secret, status);
    }
    if (value != NULL && !fam_secret_set(ret_secret, value, strlen(value))) {
        return fam_fail_memory(status);
    }
    return FAM_OK;
}

static enum fam_code load_secret(const struct fam_config_row *row, char *const *environ_, struct fam_secret *secret,
                                 struct fam_status *status)
{
    enum fam_code code = fam_config_secret(row->name, environ_, secret, status);
    return code == FAM_OK ? fam_config_check_secret(row, fam_secret_text(secret), status) : code;
}

static enum fam_code load_row(const struct fam_config_row *row, char *const *environ_, struct fam_config *config,
                              struct fam_status *status)
{
    void *member = member_of(config, row);
    if (row->type == FAM_CFG_SECRET) {
        return load_secret(row, environ_, member, status);
    }
    const char *value = find(environ_, row->name, "");
    value = value != NULL ? value : row->fallback != NULL ? row->fallback : "";
    if (row->type == FAM_CFG_COUNT || row->type == FAM_CFG_DURATION_MS) {
        return fam_config_parse_number(row, value, member, status);
    }
    if (row->type == FAM_CFG_MONEY) {
        return fam_config_parse_money(row, value, member, status);
    }
    enum fam_code code = fam_config_check_text(row, value, status);
    if (code == FAM_OK) {
        char **text = member;
        *text = strdup(value);
        if (*text == NULL) {
            code = fam_fail_memory(status);
        }
    }
    return code;
}

enum fam_code fam_config_load(enum fam_program program, char *const *environ_, struct fam_config *ret_config,
                              struct fam_status *status)
{
    memset(ret_config, 0, sizeof(*ret_config));
    enum fam_code code = fam_config_check_names(environ_, status);
    for (size_t i = 0; code == FAM_OK && i < fam_config_row_count; i++) {
        const struct fam_config_row *row = &fam_config_rows[i];
        /* What belongs to another program alone is not judged here; its member holds the default. */
        static char *const NOTHING[] = {NULL};
        bool ours = (row->programs & (unsigned)program) != 0;
        code = load_row(row, ours ? environ_ : NOTHING, ret_config, status);
    }
    if (code != FAM_OK) {
        fam_config_done(ret_config);
    }
    return code;
}

void fam_config_done(struct fam_config *config)
{
    for (size_t i = 0; i < fam_config_row_count; i++) {
        const struct fam_config_row *row = &fam_config_rows[i];
        void *member = member_of(config, row);
        if (row->type == FAM_CFG_SECRET) {
            fam_secret_done(member);
        } else if (row->type == FAM_CFG_MONEY) {
            *(uint64_t *)member = 0;
        } else if (row->type != FAM_CFG_COUNT && row->type != FAM_CFG_DURATION_MS) {
            char **text = member;
            free(*text);
            *text = NULL;
        }
    }
}

/* "5.00", with more digits only where they say something; nothing when there is none. */
static void print_money(const char *name, uint64_t micro_usd, FILE *out)
{
    enum { MILLION = 1000000, SHORTEST = 3 };
    char parts[16] = "";
    if (micro_usd == 0) {
        fprintf(out, "%s=\n", name);
        return;
    }
    (void)snprintf(parts, sizeof(parts), ".%06" PRIu64, micro_usd % MILLION);
    size_t size = strlen(parts);
    while (size > SHORTEST && parts[size - 1] == '0') {
        size--;
    }
    fprintf(out, "%s=%" PRIu64 "%.*s\n", name, micro_usd / MILLION, (int)size, parts);
}

void fam_config_print(enum fam_program program, const struct fam_config *config, FILE *out)
{
    for (size_t i = 0; i < fam_config_row_count; i++) {
        const struct fam_config_row *row = &fam_config_rows[i];
        const void *member = (const char *)config + row->offset;
        if ((row->programs & (unsigned)program) == 0) {
            continue;
        }
        if (row->type == FAM_CFG_SECRET) {
            const struct fam_secret *secret = member;
            fprintf(out, "%s=%s\n", row->name, fam_secret_is_empty(secret) ? "(empty)" : "(set)");
        } else if (row->type == FAM_CFG_COUNT || row->type == FAM_CFG_DURATION_MS) {
            fprintf(out, "%s=%" PRIu32 "\n", row->name, *(const uint32_t *)member);
        } else if (row->type == FAM_CFG_MONEY) {
            print_money(row->name, *(const uint64_t *)member, out);
        } else {
            fprintf(out, "%s=%s\n", row->name, *(char *const *)member);
        }
    }
}

void fam_config_help(enum fam_program program, FILE *out)
{
    fprintf(out, "Environment:\n");
    for (size_t i = 0; i < fam_config_row_count; i++) {
        const struct fam_config_row *row = &fam_config_rows[i];
        if ((row->programs & (unsigned)program) == 0) {
            continue;
        }
        fprintf(out, "  %s\n      %s", row->name, row->help);
        if (row->type == FAM_CFG_SECRET) {
            fprintf(out, " (secret; also from the file named in %s_FILE)", row->name);
        } else if (row->type == FAM_CFG_COUNT || row->type == FAM_CFG_DURATION_MS) {
            fprintf(out, " (%" PRId64 " to %" PRId64 "%s)", row->min, row->max,
                    row->type == FAM_CFG_DURATION_MS ? " ms" : "");
        } else if (row->type == FAM_CFG_MONEY) {
            fprintf(out, " (%" PRId64 " to %" PRId64 " US dollars)", row->min, row->max);
        }
        if (row->fallback != NULL) {
            fprintf(out, " [%s]", row->fallback);
        }
        fprintf(out, "\n");
    }
}
