/* The command table: complete, consistent, and what its examples say works. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "command.h"

enum { WORDS = 24 };

/* Splits a line of an example as a shell would: spaces, and single quotes around one word. */
static int split(char *line, char *ret_words[WORDS])
{
    int count = 0;
    char *at = line;
    while (*at != '\0' && count < WORDS) {
        if (*at == ' ') {
            at++;
            continue;
        }
        const char *end = *at == '\'' ? "'" : " ";
        at += *at == '\'' ? 1 : 0;
        ret_words[count++] = at;
        at += strcspn(at, end);
        if (*at != '\0') {
            *at++ = '\0';
        }
    }
    return count;
}

static enum fam_code parse_line(const char *line, char *copy, size_t size, struct fam_parsed *parsed,
                                struct fam_status *status)
{
    char *words[WORDS];
    cr_assert_lt(strlen(line), size);
    strcpy(copy, line);
    int count = split(copy, words);
    return fam_command_parse(count, words, parsed, status);
}

static void assert_usage(const char *line, const char *message)
{
    char copy[256];
    struct fam_parsed parsed;
    struct fam_status status = {0};
    enum fam_code code = parse_line(line, copy, sizeof(copy), &parsed, &status);
    cr_assert_eq(code, FAM_INVALID_ARGUMENT, "%s was taken", line);
    cr_assert_str_eq(status.reason, FAM_USAGE_REASON);
    cr_assert_str_eq(status.message, message);
}

static void assert_help(const char *line, const char *text)
{
    char copy[256];
    struct fam_parsed parsed;
    struct fam_status status = {0};
    fam_auto(fam_buf_done) struct fam_buf buf = {0};
    cr_assert_eq(parse_line(line, copy, sizeof(copy), &parsed, &status), FAM_OK, "%s", status.message);
    cr_assert(parsed.help);
    fam_command_help(&parsed, &buf);
    cr_assert_str_eq(fam_buf_text(&buf), text);
}

Test(ctl_command, every_command_has_help_and_an_example_that_parses)
{
    size_t count = 0;
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++, count++) {
        cr_assert_not_null(command->summary, "%s", command->group);
        cr_assert_not_null(command->run, "%s", command->group);
        cr_assert_gt(command->timeout_ms, 0);
        cr_assert_not_null(command->examples, "%s", command->group);
        cr_assert_not_null(command->examples[0].line, "%s", command->group);
        for (const struct fam_example *example = command->examples; example->line != NULL; example++) {
            char copy[256];
            struct fam_parsed parsed;
            struct fam_status status = {0};
            cr_assert_eq(parse_line(example->line, copy, sizeof(copy), &parsed, &status), FAM_OK, "%s: %s",
                         example->line, status.message);
            cr_assert_eq(parsed.command, command, "%s", example->line);
            cr_assert_not_null(example->meaning);
        }
    }
    cr_assert_geq(count, 8);
}

static bool has_flag(const struct fam_command *command, const char *name)
{
    for (const struct fam_flag *flag = command->flags; flag != NULL && flag->name != NULL; flag++) {
        if (strcmp(flag->name, name) == 0) {
            return true;
        }
    }
    return false;
}

Test(ctl_command, whatever_changes_something_can_be_tried_first)
{
    static const char *const changing[] = {"create", "revoke", "migrate", "clear", "reset",
                                           "use",    "call",   "drain",   "level"};
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        bool changes = (command->kind & FAM_COMMAND_CHANGES) != 0;
        cr_assert_eq(has_flag(command, "--dry-run"), changes, "%s", command->summary);
        for (size_t i = 0; i < sizeof(changing) / sizeof(changing[0]); i++) {
            const char *word = command->verb == NULL ? command->group : command->verb;
            cr_assert(strcmp(word, changing[i]) != 0 || changes, "%s changes something", word);
        }
    }
}

Test(ctl_command, the_last_argument_may_be_repeated)
{
    char copy[256];
    struct fam_parsed parsed;
    struct fam_status status = {0};
    cr_assert_eq(parse_line("famctl logs a b c -f d", copy, sizeof(copy), &parsed, &status), FAM_OK, "%s",
                 status.message);
    cr_assert_eq(parsed.argument_count, 4);
    cr_assert_str_eq(parsed.arguments[3], "d");
}

Test(ctl_command, every_flag_and_argument_explains_itself)
{
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        for (const struct fam_flag *flag = command->flags; flag != NULL && flag->name != NULL; flag++) {
            cr_assert_eq(strncmp(flag->name, "--", 2), 0, "%s", flag->name);
            cr_assert_not_null(flag->help);
            cr_assert_eq(flag->type == FAM_VALUE_NONE, flag->value == NULL, "%s", flag->name);
            cr_assert_eq(flag->type == FAM_VALUE_CHOICE, flag->choices != NULL, "%s", flag->name);
        }
        for (const struct fam_argument *a = command->arguments; a != NULL && a->name != NULL; a++) {
            cr_assert_not_null(a->help, "%s", a->name);
            cr_assert_eq(a->type == FAM_VALUE_CHOICE, a->choices != NULL, "%s", a->name);
        }
    }
}

Test(ctl_command, every_help_text_names_usage_options_and_examples)
{
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        struct fam_parsed parsed = {.command = command, .group = command->group, .help = true};
        fam_auto(fam_buf_done) struct fam_buf buf = {0};
        fam_command_help(&parsed, &buf);
        cr_assert_not_null(strstr(fam_buf_text(&buf), "Usage: famctl "));
        cr_assert_not_null(strstr(fam_buf_text(&buf), "--output FORMAT"));
        cr_assert_not_null(strstr(fam_buf_text(&buf), command->examples[0].line));
    }
}

Test(ctl_command, options_may_stand_anywhere_until_two_dashes)
{
    char copy[256];
    struct fam_parsed parsed;
    struct fam_status status = {0};
    cr_assert_eq(parse_line("famctl -o json translate --age=7 -- -x", copy, sizeof(copy), &parsed, &status), FAM_OK,
                 "%s", status.message);
    cr_assert_str_eq(fam_parsed_value(&parsed, "--output"), "json");
    cr_assert_eq(fam_parsed_number(&parsed, "--age", 0), 7);
    cr_assert_eq(fam_parsed_number(&parsed, "--timeout", 42), 42);
    cr_assert_eq(parsed.argument_count, 1);
    cr_assert_str_eq(parsed.arguments[0], "-x");
}

Test(ctl_command, a_letter_takes_its_value_attached_or_as_the_next_word)
{
    char copy[256];
    struct fam_parsed parsed;
    struct fam_status status = {0};
    cr_assert_eq(parse_line("famctl health -ojson", copy, sizeof(copy), &parsed, &status), FAM_OK);
    cr_assert_str_eq(fam_parsed_value(&parsed, "--output"), "json");
    cr_assert_eq(parse_line("famctl health -o table", copy, sizeof(copy), &parsed, &status), FAM_OK);
    cr_assert_str_eq(fam_parsed_value(&parsed, "--output"), "table");
}

Test(ctl_command, a_repeated_flag_keeps_every_value_in_order)
{
    char copy[256];
    const char *values[FAM_CTL_VALUES];
    struct fam_parsed parsed;
    struct fam_status status = {0};
    cr_assert_eq(
        parse_line("famctl token create service x --method a --method b", copy, sizeof(copy), &parsed, &status),
        FAM_OK);
    cr_assert_eq(fam_parsed_values(&parsed, "--method", values), 2);
    cr_assert_str_eq(values[0], "a");
    cr_assert_str_eq(values[1], "b");
}

Test(ctl_command, more_values_than_there_is_room_for_are_refused)
{
    char start[] = "famctl token create service";
    char option[] = "--method=m";
    char *words[WORDS + FAM_CTL_VALUES + 1];
    int count = split(start, words);
    struct fam_parsed parsed;
    struct fam_status status = {0};
    for (int i = 0; i < FAM_CTL_VALUES + 1; i++) {
        words[count++] = option;
    }
    cr_assert_eq(fam_command_parse(count, words, &parsed, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.message, "too many options: 64 at most");
}

Test(ctl_command, wrong_usage_names_the_wrong_word)
{
    assert_usage("famctl", "a command is missing; 'famctl --help' lists them");
    assert_usage("famctl helth", "there is no command \"helth\"; did you mean \"health\"?");
    assert_usage("famctl xyzzy", "there is no command \"xyzzy\"; 'famctl --help' lists them");
    assert_usage("famctl db", "\"db\" needs one of: status, migrate");
    assert_usage("famctl db stats", "\"db\" has no \"stats\"; did you mean \"status\"?");
    assert_usage("famctl db xyzzy", "\"db\" has no \"xyzzy\"; it has: status, migrate");
    assert_usage("famctl --fail-on degraded health",
                 "there is no option \"--fail-on\" before a command; 'famctl --help' lists them");
    assert_usage("famctl health --bogus=1", "\"health\" has no option \"--bogus\"; its --help lists them");
    assert_usage("famctl health --fail-onn=degraded",
                 "\"health\" has no option \"--fail-onn\"; did you mean --fail-on?");
    assert_usage("famctl family show", "--user is missing: whose; from 'famctl user list'");
    assert_usage("famctl health --fail-on worse", "--fail-on \"worse\" is none of: degraded, unhealthy");
    assert_usage("famctl health --fail-on", "--fail-on needs a value: LEVEL");
    assert_usage("famctl health now", "\"now\" is one word too many; its --help shows what it takes");
    assert_usage("famctl health -o json -o table", "--output is given twice");
    assert_usage("famctl db migrate --dry-run=yes", "--dry-run takes no value");
    assert_usage("famctl token create king x", "ROLE \"king\" is none of: bot, service, admin, metrics");
    assert_usage("famctl token revoke 12",
                 "ID \"12\" is not an id; ids look like 01935f6e-7c1a-7000-8000-00000000002a");
}

Test(ctl_command, numbers_outside_their_range_are_refused)
{
    assert_usage("famctl translate --age 1", "--age \"1\" is not a number from 2 to 17");
    assert_usage("famctl translate --age 18", "--age \"18\" is not a number from 2 to 17");
    assert_usage("famctl translate --age 7y", "--age \"7y\" is not a number from 2 to 17");
    assert_usage("famctl health --timeout -5", "--timeout \"-5\" is not a number from 1 to 600000");
    assert_usage("famctl health --timeout 99999999999999999999",
                 "--timeout \"99999999999999999999\" is not a number from 1 to 600000");
}

Test(ctl_command, a_childs_words_are_never_named_in_a_message)
{
    assert_usage("famctl translate first second",
                 "the phrase is more than one word: give it on standard input, or in quotes");
}

Test(ctl_command, a_missing_argument_is_explained)
{
    assert_usage("famctl token revoke", "ID is missing: of the token, from 'famctl token list'");
    assert_usage("famctl token create", "ROLE is missing: what the bearer may do");
}

Test(ctl_command, help_and_version_need_no_arguments)
{
    char copy[256];
    struct fam_parsed parsed;
    struct fam_status status = {0};
    cr_assert_eq(parse_line("famctl token revoke --help", copy, sizeof(copy), &parsed, &status), FAM_OK);
    cr_assert(parsed.help);
    cr_assert_eq(parse_line("famctl --version", copy, sizeof(copy), &parsed, &status), FAM_OK);
    cr_assert(parsed.version);
}

Test(ctl_command, help_of_a_command_reads_like_this)
{
    assert_help("famctl db migrate -h",
                "Usage: famctl db migrate [--dry-run]\n"
                "\n"
                "apply the migrations that the database lacks\n"
                "\n"
                "Forward only, one transaction each. Waits for a migration that another process runs.\n"
                "\n"
                "Options:\n"
                "  --dry-run                   say what would happen, change nothing\n"
                "  -o, --output FORMAT         for people, or for programs: table, json\n"
                "  --server URL                server to call, tcp://HOST:PORT; several are separated by commas; "
                "instead of FAM_SERVERS\n"
                "  --context NAME              named servers, token file and TLS files, from 'famctl context list'\n"
                "  --timeout MS                how long the calls of the command may take: 1 to 600000\n"
                "  -h, --help                  this text\n"
                "  --version                   the version of famctl\n"
                "\n"
                "Its calls may take 600000 ms.\n"
                "\n"
                "Examples:\n"
                "  famctl db migrate --dry-run\n"
                "      what is missing\n"
                "  famctl db migrate\n"
                "      apply it\n");
}

Test(ctl_command, help_of_a_group_lists_its_commands)
{
    assert_help("famctl db --help", "Usage: famctl db COMMAND [OPTIONS]\n"
                                    "\n"
                                    "Commands:\n"
                                    "  status                      which migrations the database has and lacks\n"
                                    "  migrate                     apply the migrations that the database lacks\n"
                                    "\n"
                                    "Examples:\n"
                                    "  famctl db status\n"
                                    "      every migration and when it was applied\n"
                                    "  famctl db migrate --dry-run\n"
                                    "      what is missing\n");
}

Test(ctl_command, help_of_famctl_lists_every_command_and_exit_code)
{
    struct fam_parsed parsed = {.help = true};
    fam_auto(fam_buf_done) struct fam_buf buf = {0};
    fam_command_help(&parsed, &buf);
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        cr_assert_not_null(strstr(fam_buf_text(&buf), command->summary), "%s", command->summary);
        cr_assert_not_null(strstr(fam_buf_text(&buf), command->examples[0].line));
    }
    cr_assert_not_null(strstr(fam_buf_text(&buf), "FAM_SERVERS"));
    cr_assert_not_null(strstr(fam_buf_text(&buf), "  4  not reachable\n"));
}
