/* proc.h: child processes and temporary folders for tests.
 *
 * A child dies with the test (PR_SET_PDEATHSIG) and is reaped by proc_stop. Waiting is always for a condition with a
 * bound, never for a fixed time. Children die with the thread that started them: start them from the main thread. */
#ifndef FAM_TESTS_PROC_H
#define FAM_TESTS_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc {
    pid_t pid;          /* 0: not running */
    char out_path[256]; /* what it wrote to stdout */
    char err_path[256]; /* and to stderr */
};

/* A new folder with a short path (/tmp/fam-XXXXXX, honouring TMPDIR when short), mode 0711. False on failure. */
bool proc_tmpdir(char *ret_path, size_t size);
/* Removes it and all below; only paths that proc_tmpdir made. */
void proc_rmtree(const char *path);
/* Starts argv[0] (searched in PATH) with exactly `env` (NULL: the test's own environment), stdout and stderr into files
 * in `dir` named after `name`. As root, `as_user` (NULL: nobody else) drops to that user. False when it can't start. */
bool proc_start(struct proc *proc, const char *dir, const char *name, const char *const argv[], const char *const env[],
                const char *as_user);
/* Sends `signal`, waits up to `timeout_ms`, then SIGKILL. Returns the exit status, 128+n for a signal, -1 when it was
 * not running. */
int proc_stop(struct proc *proc, int signal, int timeout_ms);
bool proc_is_running(struct proc *proc);
/* Starts, waits, returns the exit status (or -1), stdout in ret_out (cut to size). Input may be NULL. */
int proc_run(const char *const argv[], const char *const env[], const char *input, char *ret_out, size_t size);
/* Polls `ready(context)` every 10 ms until it is true. False when `timeout_ms` passed. */
bool proc_wait_until(bool (*ready)(void *context), void *context, int timeout_ms);
/* A TCP port on 127.0.0.1 that is free and kept from other tests until this process ends. It lies below the range of
 * outgoing connections (Linux's ip_local_port_range begins at 32768), so that none takes it meanwhile. 0: none found.
 */
uint16_t proc_free_port(void);
/* The whole file, malloc'ed and NUL-terminated; NULL when it can't be read. */
char *proc_read_file(const char *path);
/* Finds a program in PATH or in Debian's PostgreSQL folders (/usr/lib/postgresql/N/bin, newest first). */
bool proc_find_program(const char *name, char *ret_path, size_t size);

#endif
