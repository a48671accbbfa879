/* main.c: famserver: arguments and signals. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app.h"
#include "base/config.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/signals.h"
#include "net/sentry.h"

enum { EXIT_USAGE = 2, STUCK_MOMENT_MS = 100 };

enum command { RUN, CHECK_CONFIG, MIGRATE, CREATE_TOKEN, SHOW_HELP, SHOW_VERSION, BAD_USAGE };

struct arguments {
    enum command command;
    unsigned roles; /* bits of enum fam_app_role */
    const char *token_role;
    const char *name;
};

/* --role WORD; 0: no such role. */
static unsigned parse_roles(const char *word)
{
    static const struct {
        const char *word;
        unsigned roles;
    } ROLES[] = {{"all", FAM_APP_SERVES | FAM_APP_WORKS}, {"server", FAM_APP_SERVES}, {"worker", FAM_APP_WORKS}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(ROLES); i++) {
        if (strcmp(word, ROLES[i].word) == 0) {
            return ROLES[i].roles;
        }
    }
    fprintf(stderr, "famserver: %s is no role; a role is one of all, server, worker\n", word);
    return 0;
}

static struct arguments parse(int argc, char **argv)
{
    struct arguments arguments = {.command = RUN, .roles = FAM_APP_SERVES | FAM_APP_WORKS};
    if (argc >= 3 && strcmp(argv[1], "--role") == 0) {
        arguments.roles = parse_roles(argv[2]);
        arguments.command = arguments.roles == 0 ? BAD_USAGE : RUN;
        argc -= 2;
        argv += 2;
    }
    if (argc == 1 || arguments.command == BAD_USAGE) {
        return arguments;
    }
    const char *first = argv[1];
    if (argc == 2 && (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)) {
        arguments.command = SHOW_HELP;
    } else if (argc == 2 && strcmp(first, "--version") == 0) {
        arguments.command = SHOW_VERSION;
    } else if (argc == 2 && strcmp(first, "--check-config") == 0) {
        arguments.command = CHECK_CONFIG;
    } else if (argc == 2 && strcmp(first, "--migrate") == 0) {
        arguments.command = MIGRATE;
    } else if (argc == 4 && strcmp(first, "--create-token") == 0) {
        arguments.command = CREATE_TOKEN;
        arguments.token_role = argv[2];
        arguments.name = argv[3];
    } else {
        arguments.command = BAD_USAGE;
        fprintf(stderr, "famserver: %s: unknown, or with the wrong number of words; famserver --help tells more\n",
                first);
    }
    return arguments;
}

static void print_help(void)
{
    printf("famserver: the RPC server and the workers of Family Emotions\n\n"
           "  famserver                           serve, and run tasks, until SIGTERM\n"
           "  famserver --role server             serve alone; tasks are run elsewhere\n"
           "  famserver --role worker             run tasks alone: no RPC, FAM_LISTEN is not looked at;\n"
           "                                      beside a server it needs an FAM_HTTP_LISTEN of its own\n"
           "  famserver --check-config            print the effective settings, secrets redacted\n"
           "  famserver --migrate                 bring the database's schema up to date\n"
           "  famserver --create-token ROLE NAME  print a new token once; ROLE is bot, admin or metrics\n"
           "  famserver --version | --help\n\n"
           "Examples:\n"
           "  DATABASE_URL=postgresql:///family FAM_MASTER_KEY_FILE=/etc/family-emotions/master famserver --migrate\n"
           "  FAM_HTTP_LISTEN=127.0.0.1:8002 famserver --role worker\n"
           "  famserver --create-token bot 123456789    # the digits before the colon of the Telegram token\n\n");
    fam_config_help(FAM_PROGRAM_SERVER, stdout);
}

static struct fam_log *open_log(const struct fam_config *config, struct fam_status *status)
{
    bool text =
        strcmp(config->log_format, "text") == 0 || (strcmp(config->log_format, "auto") == 0 && isatty(STDERR_FILENO));
    struct fam_log_options options = {.program = "famserver",
                                      .format = text ? FAM_LOG_TEXT : FAM_LOG_JSON,
                                      .fd = STDERR_FILENO,
                                      .flood = (uint32_t)config->log_flood,
                                      .level = FAM_LOG_INFO};
    (void)fam_log_level_parse(config->log_level, &options.level);
    return fam_log_new(&options, status);
}

/* Errors and crashes are reported from here on; *ret_sentry stays NULL without SENTRY_DSN. */
static enum fam_code open_sentry(const struct fam_config *config, struct fam_log *log, struct fam_sentry **ret_sentry,
                                 struct fam_status *status)
{
    const struct fam_sentry_options options = {.dsn = fam_secret_text(&config->sentry_dsn),
                                               .allow_plain_http = strcmp(config->environment, "production") != 0,
                                               .origin = {.program = "famserver",
                                                          .version = FAM_VERSION,
                                                          .revision = FAM_REVISION,
                                                          .environment = config->environment}};
    struct fam_status no_crash = {.code = FAM_OK};
    if (fam_crash_install("famserver", &no_crash) != FAM_OK) {
        fam_log_status(log, FAM_LOG_WARN, "app", "crashes are not reported", &no_crash);
    }
    enum fam_code code = fam_sentry_new(&options, ret_sentry, status);
    if (*ret_sentry != NULL) {
        fam_log_observe(log, FAM_LOG_ERROR, fam_sentry_capture, *ret_sentry);
    }
    return code;
}

/* What a handler that does not return still uses must not be freed: the log's writer gets a moment, and we are gone. */
static void leave_stuck(void)
{
    const struct timespec moment = {.tv_nsec = STUCK_MOMENT_MS * 1000000L};
    (void)nanosleep(&moment, NULL);
    _exit(EXIT_FAILURE);
}

static int serve(struct fam_app *app, unsigned roles, struct fam_log *log, const sigset_t *signals,
                 struct fam_status *status)
{
    if (fam_app_start(app, roles, status) != FAM_OK) {
        return EXIT_FAILURE;
    }
    fam_signals_wait_end(signals, log);
    (void)fam_app_stop(app);
    if (fam_app_is_stuck(app)) {
        leave_stuck();
    }
    return EXIT_SUCCESS;
}

static int run(const struct arguments *arguments, const struct fam_config *config, const sigset_t *signals)
{
    struct fam_status status = {.code = FAM_OK};
    struct fam_sentry *sentry = NULL;
    struct fam_log *log = open_log(config, &status);
    bool ready = log != NULL && open_sentry(config, log, &sentry, &status) == FAM_OK;
    struct fam_app *app = ready ? fam_app_new(config, log, sentry, &status) : NULL;
    int exit_code = EXIT_FAILURE;
    if (app != NULL) {
        switch (arguments->command) {
        case CHECK_CONFIG: /* every room has taken its settings */
            exit_code = EXIT_SUCCESS;
            break;
        case MIGRATE:
            exit_code = fam_app_migrate(app, &status) == FAM_OK ? EXIT_SUCCESS : EXIT_FAILURE;
            break;
        case CREATE_TOKEN:
            exit_code = fam_app_create_token(app, arguments->token_role, arguments->name, &status) == FAM_OK
                            ? EXIT_SUCCESS
                            : EXIT_FAILURE;
            break;
        default:
            exit_code = serve(app, arguments->roles, log, signals, &status);
            break;
        }
    }
    fam_app_free(app);
    if (sentry != NULL) {
        fam_log_observe(log, FAM_LOG_OFF, NULL, NULL);
    }
    fam_sentry_free(sentry);
    fam_log_free(log);
    if (status.code != FAM_OK && exit_code != EXIT_SUCCESS) {
        fprintf(stderr, "famserver: %s\n", status.message);
    }
    return exit_code;
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0) {
        fprintf(stderr, "famserver: libsodium can't be initialised\n");
        return EXIT_FAILURE;
    }
    struct arguments arguments = parse(argc, argv);
    if (arguments.command == BAD_USAGE) {
        return EXIT_USAGE;
    }
    if (arguments.command == SHOW_HELP) {
        print_help();
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (arguments.command == SHOW_VERSION) {
        printf("famserver %s (%s)\n", FAM_VERSION, FAM_REVISION);
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    sigset_t signals;
    fam_signals_block(&signals);
    struct fam_config config;
    struct fam_status status;
    if (fam_config_load(FAM_PROGRAM_SERVER, environ, &config, &status) != FAM_OK) {
        fprintf(stderr, "famserver: %s\n", status.message);
        return EXIT_FAILURE;
    }
    if (arguments.command == CHECK_CONFIG) {
        fam_config_print(FAM_PROGRAM_SERVER, &config, stdout);
        if (strcmp(config.claude, "on") == 0 && fam_secret_is_empty(&config.anthropic_api_key)) {
            printf("# Claude is off: ANTHROPIC_API_KEY is empty\n");
        }
    }
    int exit_code = run(&arguments, &config, &signals);
    fam_config_done(&config);
    return fflush(stdout) == 0 ? exit_code : EXIT_FAILURE;
}
