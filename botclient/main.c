/* main.c: fambot: arguments and signals. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/signals.h"
#include "bot.h"
#include "net/sentry.h"
#include "net/sentry_dsn.h"

enum { EXIT_USAGE = 2 };

enum command { RUN, CHECK_CONFIG, SHOW_HELP, SHOW_VERSION, BAD_USAGE };

static enum command parse(int argc, char **argv)
{
    if (argc == 1) {
        return RUN;
    }
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        return SHOW_HELP;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        return SHOW_VERSION;
    }
    if (argc == 2 && strcmp(argv[1], "--check-config") == 0) {
        return CHECK_CONFIG;
    }
    fprintf(stderr, "fambot: %s: unknown, or with the wrong number of words; fambot --help tells more\n", argv[1]);
    return BAD_USAGE;
}

static void print_help(void)
{
    printf(
        "fambot: the Telegram bot of Family Emotions\n\n"
        "  fambot                     answer people until SIGTERM\n"
        "  fambot --check-config      print the effective settings, secrets redacted\n"
        "  fambot --version | --help\n\n"
        "Example:\n"
        "  TELEGRAM_BOT_TOKEN_FILE=/etc/family-emotions/telegram FAM_TOKEN_FILE=/etc/family-emotions/bot fambot\n\n");
    fam_config_help(FAM_PROGRAM_BOT, stdout);
}

static struct fam_log *open_log(const struct fam_config *config, struct fam_status *status)
{
    bool text =
        strcmp(config->log_format, "text") == 0 || (strcmp(config->log_format, "auto") == 0 && isatty(STDERR_FILENO));
    struct fam_log_options options = {.program = "fambot",
                                      .format = text ? FAM_LOG_TEXT : FAM_LOG_JSON,
                                      .fd = STDERR_FILENO,
                                      .flood = (uint32_t)config->log_flood,
                                      .level = FAM_LOG_INFO,
                                      .ring_bytes = 64 * 1024};
    (void)fam_log_level_parse(config->log_level, &options.level);
    return fam_log_new(&options, status);
}

static bool is_plain_http_allowed(const struct fam_config *config)
{
    return strcmp(config->environment, "production") != 0;
}

/* Errors and crashes are reported from here on; *ret_sentry stays NULL without SENTRY_DSN. */
static enum fam_code open_sentry(const struct fam_config *config, struct fam_log *log, struct fam_sentry **ret_sentry,
                                 struct fam_status *status)
{
    const struct fam_sentry_options options = {
        .dsn = fam_secret_text(&config->sentry_dsn),
        .allow_plain_http = is_plain_http_allowed(config),
        .origin = {
            .program = "fambot", .version = FAM_VERSION, .revision = FAM_REVISION, .environment = config->environment}};
    struct fam_status no_crash = {.code = FAM_OK};
    if (fam_crash_install("fambot", &no_crash) != FAM_OK) {
        fam_log_status(log, FAM_LOG_WARN, "bot", "crashes are not reported", &no_crash);
    }
    enum fam_code code = fam_sentry_new(&options, ret_sentry, status);
    if (*ret_sentry) {
        fam_log_observe(log, FAM_LOG_ERROR, fam_sentry_capture, *ret_sentry);
    }
    return code;
}

/* The bot is gone, and with it all who write to the log. */
static void close_sentry(struct fam_sentry *sentry, struct fam_log *log)
{
    if (sentry) {
        fam_log_observe(log, FAM_LOG_OFF, NULL, NULL);
    }
    fam_sentry_free(sentry);
}

static int run(const struct fam_config *config, const sigset_t *signals)
{
    struct fam_status status = {0};
    struct fam_sentry *sentry = NULL;
    struct fam_log *log = open_log(config, &status);
    bool ready = log && open_sentry(config, log, &sentry, &status) == FAM_OK;
    struct fam_bot *bot = ready ? fam_bot_new(config, log, sentry, &status) : NULL;
    if (!bot || fam_bot_start(bot, &status) != FAM_OK) {
        fam_bot_free(bot);
        close_sentry(sentry, log);
        fam_log_free(log);
        fprintf(stderr, "fambot: %s\n", status.message);
        return EXIT_FAILURE;
    }
    fam_signals_wait_end(signals, log);
    bool drained = fam_bot_stop(bot);
    if (!drained) {
        /* A handler hangs in a call: what it holds can't be freed, and its update comes again. */
        fam_sentry_flush(sentry);
        fam_log_free(log);
        _exit(EXIT_SUCCESS);
    }
    fam_bot_free(bot);
    close_sentry(sentry, log);
    fam_log_free(log);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0) {
        fprintf(stderr, "fambot: libsodium can't be initialised\n");
        return EXIT_FAILURE;
    }
    enum command command = parse(argc, argv);
    if (command == BAD_USAGE) {
        return EXIT_USAGE;
    }
    if (command == SHOW_HELP) {
        print_help();
    }
    if (command == SHOW_VERSION) {
        printf("fambot %s (%s)\n", FAM_VERSION, FAM_REVISION);
    }
    if (command == SHOW_HELP || command == SHOW_VERSION) {
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    sigset_t signals;
    fam_signals_block(&signals);
    struct fam_config config;
    struct fam_status status;
    if (fam_config_load(FAM_PROGRAM_BOT, environ, &config, &status) != FAM_OK) {
        fprintf(stderr, "fambot: %s\n", status.message);
        return EXIT_FAILURE;
    }
    int exit_code = EXIT_SUCCESS;
    if (command == CHECK_CONFIG) {
        fam_config_print(FAM_PROGRAM_BOT, &config, stdout);
        if (fam_sentry_dsn_check(fam_secret_text(&config.sentry_dsn), is_plain_http_allowed(&config), &status) !=
            FAM_OK) {
            fprintf(stderr, "fambot: %s\n", status.message);
            exit_code = EXIT_FAILURE;
        }
    } else {
        exit_code = run(&config, &signals);
    }
    fam_config_done(&config);
    return fflush(stdout) == 0 ? exit_code : EXIT_FAILURE;
}
