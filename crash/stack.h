/* stack.h: addresses become functions, files and lines, by the programs' own debug information (libdw of elfutils). The
 * only room that knows it: it takes memory that the servers need not have.
 *
 * Functions that the compiler put into others are frames of their own. Paths are relative to the source's root; of any
 * other path the file's name alone remains, so that nothing of a machine is told. Reads files, asks no network. */
#ifndef FAM_CRASH_STACK_H
#define FAM_CRASH_STACK_H

#include "net/sentry_event.h"
#include "record.h"

enum { FAM_STACK_NAME_SIZE = 128 };

struct fam_stack_names {
    char function[FAM_STACK_NAME_SIZE];
    char file[FAM_STACK_NAME_SIZE];
    char module[FAM_STACK_NAME_SIZE];
};

struct fam_stack {
    struct fam_sentry_frame frames[FAM_SENTRY_FRAMES_MAX]; /* newest first; they point into `names` */
    struct fam_stack_names names[FAM_SENTRY_FRAMES_MAX];
    size_t count;
};

/* What can be found of it; the addresses at least. */
void fam_stack_find(const struct fam_crash_record *record, struct fam_stack *ret_stack);

#endif
