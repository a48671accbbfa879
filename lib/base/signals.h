/* signals.h: the signals of a long-running program: SIGTERM and SIGINT end it, SIGUSR1 switches debug lines on and off.
 *
 * All threads leave them to the one that waits. Not thread-safe: for main(). */
#ifndef FAM_BASE_SIGNALS_H
#define FAM_BASE_SIGNALS_H

#include <signal.h>

#include "base/log.h"

/* Before any thread is made: blocks them, in this thread and in those that it makes. Writing to a closed pipe becomes
 * an error instead of a signal. */
void fam_signals_block(sigset_t *ret_signals);
/* Waits for SIGTERM or SIGINT. Afterwards a second one ends the process at once. SIGUSR1 meanwhile sets the log's level
 * to debug, and the next one back to what it was. */
void fam_signals_wait_end(const sigset_t *signals, struct fam_log *log);

#endif
