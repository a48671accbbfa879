#include "record.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BYTES_MAX = sizeof(struct fam_crash_head) + FAM_CRASH_MAPS_MAX + 1 + FAM_CRASH_ADDRESSES_MAX * sizeof(uint64_t)
};

/* All that comes, up to `size`. */
static size_t read_all(int fd, char *data, size_t size)
{
    size_t used = 0;
    while (used < size) {
        ssize_t got = read(fd, data + used, size - used);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        used += (size_t)got;
    }
    return used;
}

static void clean_name(char name[FAM_CRASH_NAME_SIZE])
{
    name[FAM_CRASH_NAME_SIZE - 1] = '\0';
    for (char *at = name; *at != '\0'; at++) {
        if (*at <= ' ' || *at > '~') {
            *at = '_';
        }
    }
}

bool fam_crash_record_read(int fd, struct fam_crash_record *ret_record)
{
    struct fam_crash_record *record = ret_record;
    *record = (struct fam_crash_record){.maps = NULL};
    char *data = malloc(BYTES_MAX + 1);
    if (data == NULL) {
        return false;
    }
    size_t size = read_all(fd, data, BYTES_MAX);
    if (size < sizeof(record->head) || memcmp(data, FAM_CRASH_MAGIC, strlen(FAM_CRASH_MAGIC)) != 0) {
        free(data);
        return false;
    }
    memcpy(&record->head, data, sizeof(record->head));
    clean_name(record->head.program);
    clean_name(record->head.thread);
    char *maps = data + sizeof(record->head);
    size_t left = size - sizeof(record->head);
    maps[left] = '\0';
    record->maps_size = strlen(maps);
    if (record->maps_size < left) {
        const char *addresses = maps + record->maps_size + 1;
        record->address_count = (left - record->maps_size - 1) / sizeof(uint64_t);
        if (record->address_count > FAM_CRASH_ADDRESSES_MAX) {
            record->address_count = FAM_CRASH_ADDRESSES_MAX;
        }
        memcpy(record->addresses, addresses, record->address_count * sizeof(uint64_t));
    }
    memmove(data, maps, record->maps_size + 1);
    record->maps = data;
    return true;
}

void fam_crash_record_done(struct fam_crash_record *record)
{
    free(record->maps);
    *record = (struct fam_crash_record){.maps = NULL};
}

/* ---- names ---- */

const char *fam_crash_signal_name(int signal_number)
{
    switch (signal_number) {
    case SIGSEGV:
        return "SIGSEGV";
    case SIGBUS:
        return "SIGBUS";
    case SIGFPE:
        return "SIGFPE";
    case SIGILL:
        return "SIGILL";
    case SIGABRT:
        return "SIGABRT";
    default:
        return "SIGNAL";
    }
}

struct code_name {
    int signal_number; /* 0: any */
    int code;
    const char *name;
};

static const struct code_name CODES[] = {
    {0, SI_USER, "SI_USER"},
    {0, SI_TKILL, "SI_TKILL"},
    {0, SI_QUEUE, "SI_QUEUE"},
    {0, SI_KERNEL, "SI_KERNEL"},
    {SIGSEGV, SEGV_MAPERR, "SEGV_MAPERR"},
    {SIGSEGV, SEGV_ACCERR, "SEGV_ACCERR"},
    {SIGBUS, BUS_ADRALN, "BUS_ADRALN"},
    {SIGBUS, BUS_ADRERR, "BUS_ADRERR"},
    {SIGBUS, BUS_OBJERR, "BUS_OBJERR"},
    {SIGFPE, FPE_INTDIV, "FPE_INTDIV"},
    {SIGFPE, FPE_INTOVF, "FPE_INTOVF"},
    {SIGFPE, FPE_FLTDIV, "FPE_FLTDIV"},
    {SIGFPE, FPE_FLTINV, "FPE_FLTINV"},
    {SIGILL, ILL_ILLOPC, "ILL_ILLOPC"},
    {SIGILL, ILL_ILLOPN, "ILL_ILLOPN"},
    {SIGILL, ILL_PRVOPC, "ILL_PRVOPC"},
};

const char *fam_crash_code_name(int signal_number, int code)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(CODES); i++) {
        if (CODES[i].code == code && (CODES[i].signal_number == 0 || CODES[i].signal_number == signal_number)) {
            return CODES[i].name;
        }
    }
    return "";
}
