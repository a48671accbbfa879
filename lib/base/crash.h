/* crash.h: a program that crashes tells where, and dies as it would have without us.
 *
 * On SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT the handler stops the other threads, starts the program famcrash
 * (beside this one), hands it a record of where the program stood, waits for it (10 s at most: the end of the main
 * process is the end of a container, and of a service's helpers) and lets the signal's default action follow: the exit
 * by the signal, the core dump. (Process 1 of a container, which such signals do not end, exits with 128 + its number.)
 * famcrash finds the functions' names, writes one line to the log, and one event to
 * Sentry.
 *
 * The record holds addresses of code and the names of thread and program, nothing else of the process: no memory, no
 * registers, no arguments, no environment. famcrash gets of the environment what it reads (FAM_CRASH_ENVIRONMENT), so
 * no other secret travels.
 *
 * The state is global, as signal handlers are: the one exception to the rule that there is none. */
#ifndef FAM_BASE_CRASH_H
#define FAM_BASE_CRASH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

/* What famcrash is told of the environment: each name, when it is set. */
#define FAM_CRASH_ENVIRONMENT                                                                                          \
    "SENTRY_DSN", "SENTRY_DSN_FILE", "FAM_ENVIRONMENT", "FAM_LOG_FORMAT", "FAM_LOG_LEVEL", "NO_COLOR"

/* Once, from main, before other threads. NOT_FOUND: there is no famcrash beside the program; crashes are then not
 * reported. Does nothing in a build with sanitizers, which have handlers of their own. */
enum fam_code fam_crash_install(const char *program, struct fam_status *status) FAM_MUST_CHECK;
/* A thread whose stack runs out can tell so only on another stack. The main thread has one; any other asks for it at
 * its beginning and gives it back at its end. NULL: nothing was installed, or no memory. Its pages are untouched until
 * then, so it costs none. */
void *fam_crash_thread_begin(void) FAM_MUST_CHECK;
void fam_crash_thread_end(void *stack);

/* ---- what the handler writes to famcrash's standard input ----
 * The head; the text of /proc/self/maps; one NUL; the return addresses, newest first, to the end. Whatever is missing
 * at the end could not be had: the head alone tells of a crash. */

enum {
    FAM_CRASH_ADDRESSES_MAX = 64,
    FAM_CRASH_MAPS_MAX = 1 << 20,
    FAM_CRASH_NAME_SIZE = 16,
    FAM_CRASH_WAIT_MS = 10000
};

#define FAM_CRASH_MAGIC "famcrsh1"

struct fam_crash_head {
    char magic[8];
    int32_t signal;
    int32_t code;     /* si_code */
    uint64_t address; /* si_addr; 0 when somebody sent the signal */
    uint64_t pc;      /* of the instruction that was interrupted */
    char program[FAM_CRASH_NAME_SIZE];
    char thread[FAM_CRASH_NAME_SIZE];
};

#endif
