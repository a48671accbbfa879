/* famcrash: is started by a program of ours that crashes, and tells where. See lib/base/crash.h and docs/errors.md. */
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "net/sentry.h"
#include "record.h"
#include "report.h"
#include "stack.h"

/* Less than the program waits for us; the alarm is for what can't be interrupted otherwise. */
enum { TOTAL_MS = 8000, LEAST_SEND_MS = 500, ALARM_S = 9, EXIT_USAGE = 2 };

static struct fam_log *open_log(const char *program)
{
    const char *format = getenv("FAM_LOG_FORMAT");
    const char *level = getenv("FAM_LOG_LEVEL");
    bool is_auto = format == NULL || strcmp(format, "auto") == 0;
    bool text = is_auto ? isatty(STDERR_FILENO) == 1 : strcmp(format, "text") == 0;
    struct fam_log_options options = {
        .program = program, .level = FAM_LOG_ERROR, .format = text ? FAM_LOG_TEXT : FAM_LOG_JSON, .fd = STDERR_FILENO};
    struct fam_status status = {.code = FAM_OK};
    if (level != NULL && strcmp(level, "off") == 0) {
        options.level = FAM_LOG_OFF;
    }
    return fam_log_new(&options, &status);
}

/* With no DSN, or a wrong one, nothing is sent. */
static void send_event(struct fam_log *log, const struct fam_crash_record *record, const struct fam_stack *stack,
                       uint32_t timeout_ms)
{
    struct fam_status status = {.code = FAM_OK};
    fam_auto(fam_secret_done) struct fam_secret dsn = {.data = NULL};
    const char *environment = getenv("FAM_ENVIRONMENT");
    environment = environment == NULL || environment[0] == '\0' ? "production" : environment;
    enum fam_code code = fam_config_secret("SENTRY_DSN", environ, &dsn, &status);
    if (code == FAM_OK && fam_secret_is_empty(&dsn)) {
        return;
    }
    const struct fam_sentry_options options = {.dsn = fam_secret_text(&dsn),
                                               .allow_plain_http = strcmp(environment, "production") != 0,
                                               .origin = {.program = record->head.program,
                                                          .version = FAM_VERSION,
                                                          .revision = FAM_REVISION,
                                                          .environment = environment}};
    const struct fam_sentry_crash crash = {.signal = fam_crash_signal_name(record->head.signal),
                                           .cause = fam_crash_code_name(record->head.signal, record->head.code),
                                           .signal_number = record->head.signal,
                                           .cause_number = record->head.code,
                                           .thread = record->head.thread,
                                           .frames = stack->frames,
                                           .frame_count = stack->count};
    if (code == FAM_OK) {
        code = fam_sentry_send_crash(&options, &crash, timeout_ms, &status);
    }
    if (code != FAM_OK) {
        fam_log_status(log, FAM_LOG_ERROR, "crash", "the crash was not reported to Sentry", &status);
    }
}

static uint32_t left_ms(uint64_t until_ms)
{
    uint64_t now = fam_mono_ms();
    return now + LEAST_SEND_MS < until_ms ? (uint32_t)(until_ms - now) : LEAST_SEND_MS;
}

int main(int argc, char **argv)
{
    static struct fam_stack stack; /* too large for the stack */
    struct fam_crash_record record;
    uint64_t until_ms = fam_mono_ms() + TOTAL_MS;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)alarm(ALARM_S);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("famcrash %s (%s)\n", FAM_VERSION, FAM_REVISION);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (argc > 1 || isatty(STDIN_FILENO) == 1) {
        fprintf(stderr, "famcrash: famserver, fambot and famctl start it when they crash; it has no other use\n");
        return EXIT_USAGE;
    }
    if (sodium_init() < 0 || !fam_crash_record_read(STDIN_FILENO, &record)) {
        fprintf(stderr, "famcrash: what came is no record of a crash\n");
        return EXIT_FAILURE;
    }
    struct fam_log *log = open_log(record.head.program);
    fam_stack_find(&record, &stack);
    fam_crash_report(log, &record, &stack);
    send_event(log, &record, &stack, left_ms(until_ms));
    fam_log_free(log);
    fam_crash_record_done(&record);
    return EXIT_SUCCESS;
}
