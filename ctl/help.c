/* Help text, made from the table. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/config.h"
#include "base/status.h"
#include "command.h"

enum { NAME_COLUMN = 28 };

static void add_entry(struct fam_buf *buf, const char *name, const char *help)
{
    size_t size = strlen(name);
    if (size + 2 > NAME_COLUMN) {
        fam_buf_addf(buf, "  %s\n  %*s%s", name, NAME_COLUMN, "", help);
    } else {
        fam_buf_addf(buf, "  %-*s%s", NAME_COLUMN, name, help);
    }
}

static void add_choices(struct fam_buf *buf, const char *const *choices)
{
    for (size_t i = 0; choices != NULL && choices[i] != NULL; i++) {
        fam_buf_addf(buf, "%s%s", i == 0 ? ": " : ", ", choices[i]);
    }
    fam_buf_add_char(buf, '\n');
}

static void add_flags(struct fam_buf *buf, const struct fam_flag *flags)
{
    for (const struct fam_flag *flag = flags; flag != NULL && flag->name != NULL; flag++) {
        char name[64];
        char letter[5] = "";
        if (flag->letter != '\0') {
            snprintf(letter, sizeof(letter), "-%c, ", flag->letter);
        }
        snprintf(name, sizeof(name), "%s%s%s%s%s", letter, flag->name, flag->value == NULL ? "" : " ",
                 flag->value == NULL ? "" : flag->value, flag->repeated ? " ..." : "");
        add_entry(buf, name, flag->help);
        if (flag->type == FAM_VALUE_NUMBER) {
            fam_buf_addf(buf, ": %u to %u", flag->min, flag->max);
        }
        add_choices(buf, flag->choices);
    }
}

static void add_name(struct fam_buf *buf, const struct fam_command *command)
{
    fam_buf_addf(buf, "%s%s%s", command->group, command->verb == NULL ? "" : " ",
                 command->verb == NULL ? "" : command->verb);
}

static void add_usage(struct fam_buf *buf, const struct fam_command *command)
{
    fam_buf_add_text(buf, "Usage: famctl ");
    add_name(buf, command);
    for (const struct fam_flag *flag = command->flags; flag != NULL && flag->name != NULL; flag++) {
        fam_buf_addf(buf, flag->required ? " %s%s%s%s" : " [%s%s%s]%s", flag->name, flag->value == NULL ? "" : " ",
                     flag->value == NULL ? "" : flag->value, flag->repeated ? "..." : "");
    }
    for (const struct fam_argument *a = command->arguments; a != NULL && a->name != NULL; a++) {
        fam_buf_addf(buf, a->optional ? " [%s]%s" : " %s%s", a->name, a->repeated ? "..." : "");
    }
    fam_buf_add_char(buf, '\n');
}

static void add_examples(struct fam_buf *buf, const struct fam_command *command, bool all)
{
    for (const struct fam_example *example = command->examples; example->line != NULL; example++) {
        fam_buf_addf(buf, "  %s\n      %s\n", example->line, example->meaning);
        if (!all) {
            return;
        }
    }
}

static void help_command(const struct fam_command *command, struct fam_buf *buf)
{
    add_usage(buf, command);
    fam_buf_addf(buf, "\n%s\n", command->summary);
    if (command->detail != NULL) {
        fam_buf_addf(buf, "\n%s\n", command->detail);
    }
    if (command->arguments != NULL) {
        fam_buf_add_text(buf, "\nArguments:\n");
        for (const struct fam_argument *a = command->arguments; a->name != NULL; a++) {
            add_entry(buf, a->name, a->help);
            add_choices(buf, a->choices);
        }
    }
    fam_buf_add_text(buf, "\nOptions:\n");
    add_flags(buf, command->flags);
    add_flags(buf, fam_global_flags);
    if ((command->kind & FAM_COMMAND_LOCAL) == 0) {
        fam_buf_addf(buf, "\nIts calls may take %u ms.\n", command->timeout_ms);
    }
    fam_buf_add_text(buf, "\nExamples:\n");
    add_examples(buf, command, true);
}

static void help_group(const char *group, struct fam_buf *buf)
{
    fam_buf_addf(buf, "Usage: famctl %s COMMAND [OPTIONS]\n\nCommands:\n", group);
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        if (strcmp(command->group, group) == 0) {
            add_entry(buf, command->verb, command->summary);
            fam_buf_add_char(buf, '\n');
        }
    }
    fam_buf_add_text(buf, "\nExamples:\n");
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        if (strcmp(command->group, group) == 0) {
            add_examples(buf, command, false);
        }
    }
}

static void add_environment(struct fam_buf *buf)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (memory == NULL) {
        buf->failed = true;
        return;
    }
    fam_config_help(FAM_PROGRAM_CTL, memory);
    if (fclose(memory) != 0) {
        buf->failed = true;
    } else {
        fam_buf_add(buf, text, size);
    }
    free(text);
}

static void help_all(struct fam_buf *buf)
{
    fam_buf_add_text(buf, "famctl: the operators' tool of Family Emotions\n\n"
                          "Usage: famctl [OPTIONS] COMMAND [ARGUMENTS]\n\nCommands:\n");
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        char name[64];
        snprintf(name, sizeof(name), "%s%s%s", command->group, command->verb == NULL ? "" : " ",
                 command->verb == NULL ? "" : command->verb);
        add_entry(buf, name, command->summary);
        fam_buf_add_char(buf, '\n');
    }
    fam_buf_add_text(buf, "\nOptions:\n");
    add_flags(buf, fam_global_flags);
    fam_buf_add_text(buf, "\nEnvironment:\n");
    add_environment(buf);
    fam_buf_add_text(buf, "\nExit codes:\n"
                          "  0  done\n"
                          "  1  failed\n"
                          "  2  wrong usage or configuration\n"
                          "  3  unhealthy, or degraded with --fail-on degraded\n"
                          "  4  not reachable\n"
                          "  5  denied\n"
                          "\nExamples:\n");
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        add_examples(buf, command, false);
    }
    fam_buf_add_text(buf, "\n'famctl COMMAND --help' says more about one command.\n");
}

void fam_command_help(const struct fam_parsed *parsed, struct fam_buf *buf)
{
    if (parsed->command != NULL) {
        help_command(parsed->command, buf);
    } else if (parsed->group != NULL) {
        help_group(parsed->group, buf);
    } else {
        help_all(buf);
    }
}
