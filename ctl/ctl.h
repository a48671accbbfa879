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

struct fam_ctl {
    const struct fam_ctl_io *io;
    const struct fam_parsed *parsed;
    struct fam_client *client;
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
/* The options that every call of this run shares. */
struct fam_rpc_options fam_ctl_call(const struct fam_ctl *ctl);

enum { FAM_CTL_KEY_SIZE = 48 };
/* A fresh idempotency key. */
void fam_ctl_key(char ret_key[FAM_CTL_KEY_SIZE]);

#endif
