/* run_ctl.h: famctl within the test's process, with its own arguments, environment and streams. */
#ifndef FAM_TESTS_RUN_CTL_H
#define FAM_TESTS_RUN_CTL_H

/* What came out; the texts are freed by assert_run, or by the test. */
struct run {
    int exit_code;
    char *out, *err;
};

/* `servers` is the whole setting, FAM_SERVERS=…; `input` NULL: nothing, and not from a terminal. `arguments` begin with
 * the program's name and end with NULL; 15 at most. */
struct run run_ctl(const char *servers, const char *token, const char *input, const char *const arguments[]);
/* The exit code is this one, and the texts are found in what came out; frees it. */
void assert_run(struct run run, int exit_code, const char *out, const char *err);

#endif
