#include "ctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/uuid.h"

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
    return fam_code_exit_code(status->code);
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

/* Runs the command with a client; the answer is in ctl->out. */
static enum fam_code run_command(struct fam_ctl *ctl, const struct fam_config *config, struct fam_status *status)
{
    const char *server = fam_parsed_value(ctl->parsed, "--server");
    const struct fam_tls_options tls = {.cert_file = config->tls_cert_file,
                                        .key_file = config->tls_key_file,
                                        .ca_file = config->tls_ca_file,
                                        .server_name = config->tls_server_name};
    struct fam_client_options options = {.urls = server != NULL ? server : config->servers,
                                         .token = fam_secret_text(&config->token),
                                         .version = "famctl/" FAM_VERSION,
                                         .tls = &tls};
    ctl->client = fam_client_new(&options, status);
    if (ctl->client == NULL) {
        if (status->code == FAM_INVALID_ARGUMENT) {
            snprintf(status->reason, sizeof(status->reason), "%s", FAM_USAGE_REASON);
        }
        return status->code;
    }
    enum fam_code code = ctl->parsed->command->run(ctl, status);
    fam_client_free(ctl->client);
    ctl->client = NULL;
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
    struct fam_config config;
    if (fam_config_load(FAM_PROGRAM_CTL, environ_, &config, &status) != FAM_OK) {
        snprintf(status.reason, sizeof(status.reason), "%s", FAM_USAGE_REASON);
        return report(io, &status);
    }
    struct fam_ctl ctl = {
        .io = io, .parsed = &parsed, .timeout_ms = fam_parsed_number(&parsed, "--timeout", parsed.command->timeout_ms)};
    fam_out_init(&ctl.out);
    enum fam_code code = run_command(&ctl, &config, &status);
    int exit_code = code == FAM_OK ? print_answer(&ctl) : report(io, &status);
    fam_out_done(&ctl.out);
    fam_config_done(&config);
    return exit_code;
}
