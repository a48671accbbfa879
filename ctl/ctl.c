#include "ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/uuid.h"
#include "context.h"
#include "net/sentry_dsn.h"

/* Marks a failure that is not worth a word. */
#define READER_GONE "READER_GONE"

enum { HELP_BYTES = 64 * 1024, ANSWER_BYTES = 64 * 1024 * 1024 };

/* A reader that has gone away is no news; a full disk is. */
static int write_out(const struct fam_ctl_io *io, const struct fam_buf *buf)
{
    errno = 0;
    if (fwrite(fam_buf_text(buf), 1, buf->size, io->out) == buf->size && fflush(io->out) == 0) {
        return FAM_EXIT_DONE;
    }
    if (errno != EPIPE && errno != EBADF) {
        fprintf(io->err, "famctl: the answer can't be written: %s\n", strerror(errno));
    }
    return FAM_EXIT_FAILED;
}

static const char *advice(const struct fam_status *status)
{
    if (strcmp(status->reason, FAM_USAGE_REASON) == 0) {
        return NULL;
    }
    if (strcmp(status->reason, "REASON_REQUIRED") == 0) {
        return "--reason TEXT says why, in 8 to 200 characters";
    }
    switch (status->code) {
    case FAM_UNAUTHENTICATED:
        return "set FAM_TOKEN or FAM_TOKEN_FILE; on the server, 'famserver --create-token admin NAME' makes a token";
    case FAM_PERMISSION_DENIED:
        return "'famctl token list' shows what a token's role is; an admin token may do more";
    case FAM_DEADLINE_EXCEEDED:
        return "--timeout gives it longer";
    default:
        return NULL;
    }
}

static int report(const struct fam_ctl_io *io, const struct fam_status *status)
{
    int exit_code = fam_ctl_exit_code(status);
    if (strcmp(status->reason, READER_GONE) == 0) {
        return exit_code;
    }
    if (exit_code == FAM_EXIT_USAGE) {
        fprintf(io->err, "famctl: %s\n", status->message);
    } else {
        fprintf(io->err, "famctl: %s (%s)\n", status->message, fam_code_name(status->code));
    }
    const char *line = advice(status);
    if (line != NULL) {
        fprintf(io->err, "famctl: %s\n", line);
    }
    return exit_code;
}

int fam_ctl_exit_code(const struct fam_status *status)
{
    if (strcmp(status->reason, FAM_USAGE_REASON) == 0) {
        return FAM_EXIT_USAGE;
    }
    /* Whether it was waited for to the end of the call's time or not: it can't be reached. */
    bool stalled = strcmp(status->reason, "PEER_STALLED") == 0;
    return fam_code_exit_code(stalled ? FAM_UNAVAILABLE : status->code);
}

struct fam_rpc_options fam_ctl_call(const struct fam_ctl *ctl)
{
    return (struct fam_rpc_options){.timeout_ms = ctl->timeout_ms};
}

void fam_ctl_key(char ret_key[FAM_CTL_KEY_SIZE])
{
    char text[FAM_UUID_TEXT_SIZE];
    struct fam_uuid uuid = fam_uuid_v7();
    fam_uuid_format(&uuid, text);
    snprintf(ret_key, FAM_CTL_KEY_SIZE, "famctl:%s", text);
}

static int print_text(const struct fam_parsed *parsed, const struct fam_ctl_io *io)
{
    fam_auto(fam_buf_done) struct fam_buf text = {0};
    fam_buf_init(&text, HELP_BYTES);
    if (parsed->help) {
        fam_command_help(parsed, &text);
    } else {
        fam_buf_add_text(&text, "famctl " FAM_VERSION "\n");
    }
    if (text.failed) {
        struct fam_status status;
        (void)fam_fail_memory(&status);
        return report(io, &status);
    }
    return write_out(io, &text);
}

static int print_answer(const struct fam_ctl *ctl)
{
    fam_auto(fam_buf_done) struct fam_buf text = {0};
    const char *format = fam_parsed_value(ctl->parsed, "--output");
    bool json = format != NULL && strcmp(format, "json") == 0;
    fam_buf_init(&text, ANSWER_BYTES);
    if (!fam_out_render(&ctl->out, json ? FAM_OUT_JSON : FAM_OUT_TABLE, &ctl->io->style, &text)) {
        struct fam_status status;
        (void)fam_fail_memory(&status);
        return report(ctl->io, &status);
    }
    int exit_code = write_out(ctl->io, &text);
    return exit_code != FAM_EXIT_DONE ? exit_code : ctl->exit_code;
}

const char *fam_ctl_servers(const struct fam_ctl *ctl)
{
    const char *server = fam_parsed_value(ctl->parsed, "--server");
    if (server != NULL) {
        return server;
    }
    return ctl->config == NULL ? "" : ctl->config->servers; /* doctor runs with wrong settings too */
}

enum fam_code fam_ctl_check_one_server(const struct fam_ctl *ctl, struct fam_status *status)
{
    if (strchr(fam_ctl_servers(ctl), ',') != NULL) {
        return fam_usage(status, "several servers are named; --server URL says which one is meant");
    }
    return FAM_OK;
}

struct fam_client *fam_ctl_client(const struct fam_ctl *ctl, const char *urls, struct fam_status *status)
{
    if (ctl->config == NULL) {
        (void)fam_fail(status, FAM_INVALID_ARGUMENT, "no server can be called: the settings are wrong");
        return NULL;
    }
    const struct fam_tls_options tls = {.cert_file = ctl->config->tls_cert_file,
                                        .key_file = ctl->config->tls_key_file,
                                        .ca_file = ctl->config->tls_ca_file,
                                        .server_name = ctl->config->tls_server_name};
    const struct fam_client_options options = {
        .urls = urls, .token = fam_secret_text(&ctl->config->token), .version = "famctl/" FAM_VERSION, .tls = &tls};
    return fam_client_new(&options, status);
}

bool fam_ctl_is_dry_run(const struct fam_ctl *ctl)
{
    return fam_parsed_value(ctl->parsed, "--dry-run") != NULL;
}

enum fam_code fam_ctl_confirm(const struct fam_ctl *ctl, const char *question, const char *refused,
                              struct fam_status *status)
{
    char line[16] = "";
    if (fam_parsed_value(ctl->parsed, "--yes") != NULL) {
        return FAM_OK;
    }
    if (!ctl->io->in_terminal) {
        return fam_usage(status, "there is no terminal to ask on: --yes says that you are sure");
    }
    fprintf(ctl->io->err, "%s [y/N] ", question);
    fflush(ctl->io->err);
    if (fgets(line, sizeof(line), ctl->io->in) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
    }
    if (strcasecmp(line, "y") != 0 && strcasecmp(line, "yes") != 0) {
        return fam_fail(status, FAM_CANCELLED, "%s", refused);
    }
    return FAM_OK;
}

enum fam_code fam_ctl_confirm_typed(const struct fam_ctl *ctl, const char *question, const char *word,
                                    const char *refused, struct fam_status *status)
{
    char line[128] = "";
    const char *given = fam_parsed_value(ctl->parsed, "--confirm");
    if (given == NULL && !ctl->io->in_terminal) {
        return fam_usage(status, "there is no terminal to ask on: say --confirm %s", word);
    }
    if (given == NULL) {
        fprintf(ctl->io->err, "%s ", question);
        fflush(ctl->io->err);
        if (fgets(line, sizeof(line), ctl->io->in) != NULL) {
            line[strcspn(line, "\r\n")] = '\0';
        }
        given = line;
    }
    if (strcmp(given, word) != 0) {
        return fam_fail(status, FAM_CANCELLED, "%s", refused);
    }
    return FAM_OK;
}

enum fam_code fam_ctl_write(const struct fam_ctl *ctl, const char *text, size_t size, struct fam_status *status)
{
    errno = 0;
    if (fwrite(text, 1, size, ctl->io->out) == size && fflush(ctl->io->out) == 0) {
        return FAM_OK;
    }
    if (errno == EPIPE) {
        return fam_fail_reason(status, FAM_CANCELLED, READER_GONE, 0, "the reader has gone away");
    }
    return fam_fail(status, FAM_UNKNOWN, "the answer can't be written: %s", strerror(errno));
}

void fam_ctl_remark(const struct fam_ctl *ctl, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("famctl: ", ctl->io->err);
    vfprintf(ctl->io->err, format, arguments);
    fputc('\n', ctl->io->err);
    va_end(arguments);
}

/* A setting that is wrong is wrong usage, whoever found out. */
static enum fam_code as_usage(struct fam_status *status)
{
    snprintf(status->reason, sizeof(status->reason), "%s", FAM_USAGE_REASON);
    return status->code;
}

static bool is(const struct fam_ctl *ctl, enum fam_command_kind kind)
{
    return (ctl->parsed->command->kind & (unsigned)kind) != 0;
}

/* Runs the command, with a client when it needs one; the answer is in ctl->out. */
static enum fam_code run_command(struct fam_ctl *ctl, struct fam_status *status)
{
    if (!is(ctl, FAM_COMMAND_LOCAL) && !is(ctl, FAM_COMMAND_DIAGNOSES) && !is(ctl, FAM_COMMAND_CALLS_NO_SERVER)) {
        ctl->client = fam_ctl_client(ctl, fam_ctl_servers(ctl), status);
        if (ctl->client == NULL) {
            return status->code == FAM_INVALID_ARGUMENT ? as_usage(status) : status->code;
        }
    }
    enum fam_code code = ctl->parsed->command->run(ctl, status);
    fam_client_free(ctl->client);
    ctl->client = NULL;
    return code;
}

/* The chosen context's settings below those of the environment. *ret_settings is NULL when there is no context. */
static enum fam_code apply_context(struct fam_ctl *ctl, const struct fam_contexts *contexts, char ***ret_settings,
                                   struct fam_status *status)
{
    const char *wanted = fam_parsed_value(ctl->parsed, "--context");
    const char *name = wanted != NULL ? wanted : contexts->current;
    if (name[0] == '\0') {
        return FAM_OK;
    }
    const struct fam_context *context = fam_contexts_find(contexts, name);
    if (context == NULL) {
        return fam_usage(status, "there is no context \"%.32s\"; 'famctl context list' shows them", name);
    }
    *ret_settings = fam_context_environ(ctl->environ_, context);
    if (*ret_settings == NULL) {
        return fam_fail_memory(status);
    }
    ctl->settings = *ret_settings;
    ctl->context = context->name;
    const char *path = fam_environ_get(ctl->settings, "FAM_TOKEN_FILE");
    if (path != NULL && fam_environ_get(ctl->environ_, "FAM_TOKEN_FILE") == NULL &&
        fam_context_check_token_file(path, status) != FAM_OK) {
        return as_usage(status);
    }
    return FAM_OK;
}

/* famctl sends no errors, its crashes alone; a DSN that is wrong would keep them here in silence. */
static enum fam_code check_sentry(const struct fam_config *config, struct fam_status *status)
{
    bool plain = strcmp(config->environment, "production") != 0;
    return fam_sentry_dsn_check(fam_secret_text(&config->sentry_dsn), plain, status);
}

/* Runs a command that reads settings. */
static enum fam_code run_with_settings(struct fam_ctl *ctl, struct fam_status *status)
{
    char path[FAM_CONTEXT_PATH_SIZE];
    char **settings = NULL;
    struct fam_config config;
    fam_auto(fam_contexts_done) struct fam_contexts contexts = {.count = 0};
    fam_contexts_path(ctl->environ_, path);
    enum fam_code code = fam_contexts_load(path, &contexts, status);
    if (code == FAM_OK) {
        code = apply_context(ctl, &contexts, &settings, status);
    }
    if (code == FAM_OK) {
        code = fam_config_load(FAM_PROGRAM_CTL, ctl->settings, &config, status);
        ctl->config = code == FAM_OK ? &config : NULL;
        code = code == FAM_OK ? check_sentry(&config, status) : code;
        code = code == FAM_OK ? FAM_OK : as_usage(status);
    }
    if (code != FAM_OK && is(ctl, FAM_COMMAND_DIAGNOSES)) {
        ctl->config_status = *status;
        code = FAM_OK;
    }
    if (code == FAM_OK) {
        code = run_command(ctl, status);
    }
    if (ctl->config != NULL) {
        fam_config_done(&config);
        ctl->config = NULL;
    }
    fam_context_environ_free(settings);
    return code;
}

int fam_ctl_run(int argc, char *const argv[], char *const *environ_, const struct fam_ctl_io *io)
{
    struct fam_status status = {0};
    struct fam_parsed parsed;
    if (fam_command_parse(argc, argv, &parsed, &status) != FAM_OK) {
        return report(io, &status);
    }
    if (parsed.help || parsed.version) {
        return print_text(&parsed, io);
    }
    struct fam_ctl ctl = {.io = io,
                          .parsed = &parsed,
                          .environ_ = environ_,
                          .settings = environ_,
                          .context = "",
                          .timeout_ms = fam_parsed_number(&parsed, "--timeout", parsed.command->timeout_ms)};
    fam_out_init(&ctl.out);
    ctl.out.dry_run = fam_ctl_is_dry_run(&ctl);
    enum fam_code code = is(&ctl, FAM_COMMAND_LOCAL) ? run_command(&ctl, &status) : run_with_settings(&ctl, &status);
    int exit_code = code == FAM_OK ? print_answer(&ctl) : report(io, &status);
    fam_out_done(&ctl.out);
    return exit_code;
}
