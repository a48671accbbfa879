/* command.h: the one table of famctl's commands, and what is made from it: parsing, help, checks.
 *
 * A command is a name of one or two words ("health", "db status"), arguments, flags, examples and a function. Options
 * may stand anywhere; "--" ends them. Nothing here touches the network. Tables are constants; no state. */
#ifndef FAM_CTL_COMMAND_H
#define FAM_CTL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/compiler.h"
#include "base/status.h"

struct fam_buf;
struct fam_ctl;

enum fam_value_type { FAM_VALUE_NONE, FAM_VALUE_WORD, FAM_VALUE_NUMBER, FAM_VALUE_CHOICE, FAM_VALUE_UUID };

struct fam_flag {
    const char *name; /* "--fail-on"; NULL ends a list */
    char letter;      /* 'o' for -o; 0: none */
    enum fam_value_type type;
    const char *value;          /* what the help calls the value; NULL with FAM_VALUE_NONE */
    const char *const *choices; /* NULL-terminated, with FAM_VALUE_CHOICE */
    uint32_t min, max;          /* with FAM_VALUE_NUMBER */
    bool repeated;
    bool required;
    const char *help;
};

struct fam_argument {
    const char *name; /* "ROLE"; NULL ends a list */
    enum fam_value_type type;
    const char *const *choices;
    bool optional;
    bool repeated; /* the last one only: takes all the words that follow */
    bool personal; /* may hold a child's words: never named in a message */
    const char *help;
};

struct fam_example {
    const char *line; /* as typed; NULL ends a list */
    const char *meaning;
};

enum fam_command_kind {
    FAM_COMMAND_CHANGES = 1,        /* changes something, here or at the server: has --dry-run */
    FAM_COMMAND_LOCAL = 2,          /* calls no server and reads no configuration */
    FAM_COMMAND_DIAGNOSES = 4,      /* runs even when the configuration is wrong, and makes its own clients */
    FAM_COMMAND_CALLS_NO_SERVER = 8 /* reads the configuration, and asks somebody else */
};

struct fam_command {
    const char *group; /* "db", or the whole name; NULL ends the table */
    const char *verb;  /* "status"; NULL for a name of one word */
    const char *summary;
    const char *detail;
    unsigned kind; /* of enum fam_command_kind */
    const struct fam_argument *arguments;
    const struct fam_flag *flags;
    const struct fam_example *examples;
    uint32_t timeout_ms; /* of its calls, unless --timeout says otherwise */
    enum fam_code (*run)(struct fam_ctl *ctl, struct fam_status *status);
};

/* Ended by an entry without a group. */
extern const struct fam_command fam_commands[];
/* Options that every command takes. */
extern const struct fam_flag fam_global_flags[];

enum { FAM_CTL_ARGUMENTS = 32, FAM_CTL_VALUES = 64 };

struct fam_parsed {
    const struct fam_command *command; /* NULL with `version`, or when help is asked of famctl or of a group */
    const char *group;                 /* of which help is asked; NULL: famctl */
    bool help, version;
    char *arguments[FAM_CTL_ARGUMENTS]; /* borrowed from argv */
    size_t argument_count;
    struct {
        const struct fam_flag *flag;
        const char *value; /* borrowed from argv; "" without a value */
    } values[FAM_CTL_VALUES];
    size_t value_count;
};

/* Reads the command line and checks every word of it against the table. On failure *status names the wrong word and
 * what is allowed. argv is not changed. */
enum fam_code fam_command_parse(int argc, char *const argv[], struct fam_parsed *ret_parsed,
                                struct fam_status *status) FAM_MUST_CHECK;
/* The last value of a flag, NULL when it was not given. */
const char *fam_parsed_value(const struct fam_parsed *parsed, const char *flag);
/* The same for a checked number; `fallback` when it was not given. */
uint32_t fam_parsed_number(const struct fam_parsed *parsed, const char *flag, uint32_t fallback);
/* All values of a repeated flag; returns how many. */
size_t fam_parsed_values(const struct fam_parsed *parsed, const char *flag, const char *ret_values[FAM_CTL_VALUES]);

/* Help for what was asked: famctl, a group, or a command. */
void fam_command_help(const struct fam_parsed *parsed, struct fam_buf *buf);

/* A mistake on the command line: exit code 2. Returns FAM_INVALID_ARGUMENT. */
#define FAM_USAGE_REASON "USAGE"
#define fam_usage(status, ...) fam_fail_reason((status), FAM_INVALID_ARGUMENT, FAM_USAGE_REASON, 0, __VA_ARGS__)

#endif
