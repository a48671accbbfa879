/* ctl.h: one run of famctl: its streams, its parsed command line, its client, its answer.
 *
 * fam_ctl_run does everything that main() would, without touching process-wide state, so that tests call it too. */
#ifndef FAM_CTL_CTL_H
#define FAM_CTL_CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/compiler.h"
#include "base/status.h"
#include "command.h"
#include "output.h"
#include "rpc/client.h"

struct fam_ctl_io {
    FILE *in, *out, *err;
    bool in_terminal; /* somebody can be asked */
    struct fam_out_style style;
};

struct fam_config;

struct fam_ctl {
    const struct fam_ctl_io *io;
    const struct fam_parsed *parsed;
    char *const *environ_;           /* as the program got it */
    char *const *settings;           /* the same, filled from the context; equal for a local command */
    const char *context;             /* its name, "" without */
    const struct fam_config *config; /* NULL for a local command, and when wrong settings are diagnosed */
    struct fam_status config_status; /* why it is NULL */
    struct fam_client *client;       /* NULL for commands that make their own, or need none */
    uint32_t timeout_ms;
    struct fam_out out;
    int exit_code; /* of a command that succeeded */
};

enum fam_exit {
    FAM_EXIT_DONE = 0,
    FAM_EXIT_FAILED = 1,
    FAM_EXIT_USAGE = 2,
    FAM_EXIT_UNHEALTHY = 3,
    FAM_EXIT_UNREACHABLE = 4,
    FAM_EXIT_DENIED = 5
};

/* Parses, connects, runs, prints; returns the exit code. SIGPIPE must be ignored. `environ_` as in config.h. */
int fam_ctl_run(int argc, char *const argv[], char *const *environ_, const struct fam_ctl_io *io) FAM_MUST_CHECK;
/* 2 for a mistake on the command line, else what status.h's table says. */
int fam_ctl_exit_code(const struct fam_status *status);
/* Servers to call: --server, else the setting. */
const char *fam_ctl_servers(const struct fam_ctl *ctl);
/* INVALID_ARGUMENT when several are named: for what is meant for one of them. */
enum fam_code fam_ctl_check_one_server(const struct fam_ctl *ctl, struct fam_status *status) FAM_MUST_CHECK;
/* A client for these servers with the token of this run; NULL on failure. */
struct fam_client *fam_ctl_client(const struct fam_ctl *ctl, const char *urls,
                                  struct fam_status *status) FAM_MUST_CHECK;
/* Was --dry-run given? */
bool fam_ctl_is_dry_run(const struct fam_ctl *ctl);
/* Asks `question` on the terminal, unless --yes was given; anything but "y" or "yes" is no: CANCELLED, with `refused`
 * as its message. Without a terminal and --yes a mistake in usage. */
enum fam_code fam_ctl_confirm(const struct fam_ctl *ctl, const char *question, const char *refused,
                              struct fam_status *status) FAM_MUST_CHECK;
/* For what can't be undone: the word itself must be typed on the terminal, or stand behind --confirm. */
enum fam_code fam_ctl_confirm_typed(const struct fam_ctl *ctl, const char *question, const char *word,
                                    const char *refused, struct fam_status *status) FAM_MUST_CHECK;
/* For commands whose answer has no end: shows text at once. FAM_CANCELLED when the reader has gone away. */
enum fam_code fam_ctl_write(const struct fam_ctl *ctl, const char *text, size_t size,
                            struct fam_status *status) FAM_MUST_CHECK;
/* A remark on standard error, beside the answer: "famctl: …". */
void fam_ctl_remark(const struct fam_ctl *ctl, const char *format, ...) FAM_PRINTF(2, 3);
/* The options that every call of this run shares. */
struct fam_rpc_options fam_ctl_call(const struct fam_ctl *ctl);

enum { FAM_CTL_KEY_SIZE = 48 };
/* A fresh idempotency key. */
void fam_ctl_key(char ret_key[FAM_CTL_KEY_SIZE]);

#endif
