/* record.h: what a crashing program says of itself on our standard input (lib/base/crash.h), read with bounds: the
 * program is broken, and may send anything. */
#ifndef FAM_CRASH_RECORD_H
#define FAM_CRASH_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/crash.h"

struct fam_crash_record {
    struct fam_crash_head head; /* its names end with a NUL and are words of printable ASCII */
    char *maps;                 /* /proc/PID/maps; "" when it did not come */
    size_t maps_size;
    uint64_t addresses[FAM_CRASH_ADDRESSES_MAX]; /* return addresses, newest first */
    size_t address_count;
};

/* Reads `fd` to its end. False: there is no head. Free with fam_crash_record_done. */
bool fam_crash_record_read(int fd, struct fam_crash_record *ret_record) FAM_MUST_CHECK;
void fam_crash_record_done(struct fam_crash_record *record);

/* "SIGSEGV"; "SIGNAL" for one that is none of ours. */
const char *fam_crash_signal_name(int signal_number);
/* "SEGV_MAPERR", "SI_USER"; "" when it is not known. */
const char *fam_crash_code_name(int signal_number, int code);

#endif
