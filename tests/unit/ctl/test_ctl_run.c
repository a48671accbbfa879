/* A run of famctl without a server: exit codes and messages. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "fam/v1/ops.pb-c.h"
#include "fam/v1/types.pb-c.h"
#include "words.h"

enum { ARGUMENTS = 16 };

struct run {
    int exit_code;
    char *out, *err;
};

/* Argument words are copied: famctl wipes a phrase. */
static struct run run_in(const char *const arguments[], const char *input, char *const environ_[])
{
    static char *nothing[] = {NULL};
    struct run run = {0};
    size_t out_size = 0;
    size_t err_size = 0;
    char *argv[ARGUMENTS] = {0};
    int argc = 0;
    for (; arguments[argc] != NULL; argc++) {
        argv[argc] = strdup(arguments[argc]);
    }
    struct fam_ctl_io io = {.in = input == NULL ? fopen("/dev/null", "r") : fmemopen((char *)input, strlen(input), "r"),
                            .out = open_memstream(&run.out, &out_size),
                            .err = open_memstream(&run.err, &err_size)};
    run.exit_code = fam_ctl_run(argc, argv, environ_ == NULL ? nothing : environ_, &io);
    fclose(io.in);
    fclose(io.out);
    fclose(io.err);
    for (int i = 0; i < argc; i++) {
        free(argv[i]);
    }
    return run;
}

static void run_done(struct run *run)
{
    free(run->out);
    free(run->err);
}

#define RUN(input, env, ...) run_in((const char *const[]){"famctl", __VA_ARGS__, NULL}, (input), (env))

Test(ctl_run, exit_codes_follow_the_status_table)
{
    struct fam_status status = {.code = FAM_UNAVAILABLE};
    cr_assert_eq(fam_ctl_exit_code(&status), FAM_EXIT_UNREACHABLE);
    status.code = FAM_PERMISSION_DENIED;
    cr_assert_eq(fam_ctl_exit_code(&status), FAM_EXIT_DENIED);
    status.code = FAM_UNAUTHENTICATED;
    cr_assert_eq(fam_ctl_exit_code(&status), FAM_EXIT_DENIED);
    status.code = FAM_NOT_FOUND;
    cr_assert_eq(fam_ctl_exit_code(&status), FAM_EXIT_FAILED);
    status.code = FAM_INVALID_ARGUMENT;
    cr_assert_eq(fam_ctl_exit_code(&status), FAM_EXIT_FAILED, "the server refused it: not our command line");
    (void)fam_usage(&status, "wrong");
    cr_assert_eq(fam_ctl_exit_code(&status), FAM_EXIT_USAGE);
}

Test(ctl_run, help_and_version_go_to_standard_output_and_need_no_server)
{
    struct run run = RUN(NULL, NULL, "--help");
    cr_assert_eq(run.exit_code, 0);
    cr_assert_not_null(strstr(run.out, "Usage: famctl"));
    cr_assert_str_empty(run.err);
    run_done(&run);
    run = RUN(NULL, NULL, "--version");
    cr_assert_eq(run.exit_code, 0);
    cr_assert_eq(strncmp(run.out, "famctl ", 7), 0);
    run_done(&run);
}

Test(ctl_run, wrong_usage_exits_2_with_one_line_on_standard_error)
{
    struct run run = RUN(NULL, NULL, "helth");
    cr_assert_eq(run.exit_code, FAM_EXIT_USAGE);
    cr_assert_str_empty(run.out);
    cr_assert_str_eq(run.err, "famctl: there is no command \"helth\"; did you mean \"health\"?\n");
    run_done(&run);
}

Test(ctl_run, a_wrong_setting_exits_2_and_is_named)
{
    char setting[] = "FAM_LOG_LEVEL=loud";
    char *environment[] = {setting, NULL};
    struct run run = RUN(NULL, environment, "health");
    cr_assert_eq(run.exit_code, FAM_EXIT_USAGE);
    cr_assert_not_null(strstr(run.err, "FAM_LOG_LEVEL"), "%s", run.err);
    run_done(&run);
}

Test(ctl_run, a_server_url_that_is_none_exits_2)
{
    struct run run = RUN(NULL, NULL, "health", "--server", "ipc:///tmp/x");
    cr_assert_eq(run.exit_code, FAM_EXIT_USAGE, "%s", run.err);
    cr_assert_not_null(strstr(run.err, "ipc"), "%s", run.err);
    run_done(&run);
}

Test(ctl_run, nobody_there_exits_4_and_says_what_to_do, .timeout = 20)
{
    struct run run = RUN(NULL, NULL, "health", "--server", "tcp://127.0.0.1:1", "--timeout", "500");
    cr_assert_eq(run.exit_code, FAM_EXIT_UNREACHABLE, "%d %s", run.exit_code, run.err);
    cr_assert_str_empty(run.out);
    cr_assert_not_null(strstr(run.err, "(UNAVAILABLE)\n"), "%s", run.err);
    cr_assert_not_null(strstr(run.err, "FAM_SERVERS"), "%s", run.err);
    run_done(&run);
}

Test(ctl_run, an_empty_a_broken_and_a_long_phrase_exit_2)
{
    static char longer[8200 + 1];
    struct run run = RUN(" \n", NULL, "translate");
    cr_assert_eq(run.exit_code, FAM_EXIT_USAGE);
    cr_assert_str_eq(run.err, "famctl: the phrase is empty: give it on standard input\n");
    run_done(&run);
    run = RUN("\xff\xfe", NULL, "translate", "-");
    cr_assert_eq(run.exit_code, FAM_EXIT_USAGE);
    cr_assert_str_eq(run.err, "famctl: the phrase is not UTF-8 text\n");
    run_done(&run);
    memset(longer, 'a', sizeof(longer) - 1);
    run = RUN(longer, NULL, "translate");
    cr_assert_eq(run.exit_code, FAM_EXIT_USAGE);
    cr_assert_str_eq(run.err, "famctl: the phrase is longer than 2000 characters\n");
    run_done(&run);
}

Test(ctl_run, flags_that_contradict_each_other_exit_2)
{
    static const char id[] = "01935f6e-7c1a-7000-8000-00000000002a";
    struct run run = RUN("x", NULL, "translate", "--child", id, "--age", "7");
    cr_assert_str_eq(run.err, "famctl: --child and --age are given: the child's age is known\n");
    run_done(&run);
    run = RUN("x", NULL, "translate", "--child", id);
    cr_assert_str_eq(run.err, "famctl: --child needs --user, whose child it is\n");
    run_done(&run);
    run = RUN("x", NULL, "translate", "--user", id);
    cr_assert_str_eq(run.err, "famctl: --user needs --reason: acting for a user is audited\n");
    run_done(&run);
    run = RUN(NULL, NULL, "token", "create", "bot", "1", "--method", "x");
    cr_assert_str_eq(run.err, "famctl: --method is for the role service; \"bot\" has its methods by its role\n");
    run_done(&run);
    run = RUN(NULL, NULL, "token", "create", "service", "x");
    cr_assert_eq(run.exit_code, FAM_EXIT_USAGE);
    cr_assert_str_eq(run.err, "famctl: a service needs at least one --method\n");
    run_done(&run);
}

Test(ctl_run, revoking_without_a_terminal_needs_yes)
{
    struct run run = RUN(NULL, NULL, "token", "revoke", "01935f6e-7c1a-7000-8000-00000000002a");
    cr_assert_eq(run.exit_code, FAM_EXIT_USAGE);
    cr_assert_str_eq(run.err, "famctl: there is no terminal to ask on: --yes says that you are sure\n");
    run_done(&run);
}

Test(ctl_run, a_reader_that_has_gone_exits_1_without_a_word)
{
    int ends[2];
    char *err = NULL;
    size_t err_size = 0;
    char name[] = "famctl";
    char option[] = "--help";
    char *argv[] = {name, option, NULL};
    char *environment[] = {NULL};
    signal(SIGPIPE, SIG_IGN);
    cr_assert_eq(pipe(ends), 0);
    close(ends[0]);
    struct fam_ctl_io io = {
        .in = fopen("/dev/null", "r"), .out = fdopen(ends[1], "w"), .err = open_memstream(&err, &err_size)};
    cr_assert_eq(fam_ctl_run(2, argv, environment, &io), FAM_EXIT_FAILED);
    fclose(io.in);
    fclose(io.out);
    fclose(io.err);
    cr_assert_str_empty(err);
    free(err);
}

Test(ctl_run, a_full_disk_is_said)
{
    char *err = NULL;
    size_t err_size = 0;
    char name[] = "famctl";
    char option[] = "--help";
    char *argv[] = {name, option, NULL};
    char *environment[] = {NULL};
    struct fam_ctl_io io = {
        .in = fopen("/dev/null", "r"), .out = fopen("/dev/full", "w"), .err = open_memstream(&err, &err_size)};
    cr_assert_eq(fam_ctl_run(2, argv, environment, &io), FAM_EXIT_FAILED);
    fclose(io.in);
    fclose(io.out);
    fclose(io.err);
    cr_assert_not_null(strstr(err, "No space left"), "%s", err);
    free(err);
}

Test(ctl_words, enum_values_are_words_and_back)
{
    char word[FAM_WORD_SIZE];
    int value = 0;
    fam_word_from_enum(&fam__v1__age_band__descriptor, FAM__V1__AGE_BAND__AGE_BAND_10_12, word);
    cr_assert_str_eq(word, "10_12");
    fam_word_from_enum(&fam__v1__language__descriptor, 0, word);
    cr_assert_str_empty(word);
    fam_word_from_enum(&fam__v1__language__descriptor, 77, word);
    cr_assert_str_eq(word, "77");
    cr_assert(fam_word_to_enum(&fam__v1__role__descriptor, "metrics", &value));
    cr_assert_eq(value, FAM__V1__ROLE__ROLE_METRICS);
    cr_assert_not(fam_word_to_enum(&fam__v1__role__descriptor, "unspecified", &value));
    cr_assert_not(fam_word_to_enum(&fam__v1__role__descriptor, "king", &value));
}
