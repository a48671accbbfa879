#include "run_ctl.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

enum { ARGUMENTS = 16 };

struct run run_ctl(const char *servers, const char *token, const char *input, const char *const arguments[])
{
    struct run run = {0};
    size_t out_size = 0;
    size_t err_size = 0;
    char *argv[ARGUMENTS] = {0};
    char setting[64];
    char *environment[] = {(char *)(uintptr_t)servers, setting, NULL};
    int argc = 0;
    for (; arguments[argc] != NULL; argc++) {
        argv[argc] = strdup(arguments[argc]);
    }
    snprintf(setting, sizeof(setting), "FAM_TOKEN=%s", token);
    struct fam_ctl_io io = {.in = input == NULL ? fopen("/dev/null", "r")
                                                : fmemopen((char *)(uintptr_t)input, strlen(input), "r"),
                            .out = open_memstream(&run.out, &out_size),
                            .err = open_memstream(&run.err, &err_size),
                            .in_terminal = input != NULL};
    run.exit_code = fam_ctl_run(argc, argv, environment, &io);
    fclose(io.in);
    fclose(io.out);
    fclose(io.err);
    for (int i = 0; i < argc; i++) {
        free(argv[i]);
    }
    return run;
}

void assert_run(struct run run, int exit_code, const char *out, const char *err)
{
    cr_assert_eq(run.exit_code, exit_code, "exit code %d: %s", run.exit_code, run.err);
    cr_assert_not_null(strstr(run.out, out), "%s", run.out);
    cr_assert_not_null(strstr(run.err, err), "%s", run.err);
    free(run.out);
    free(run.err);
}
