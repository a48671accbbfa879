/* Reads a command line by the table. */
#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"

enum { NAME_MAX_COMPARED = 24, CLOSE_ENOUGH = 2 };

/* Optimal string alignment distance of two short names, so that a slip of the finger counts as one. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][NAME_MAX_COMPARED + 1];
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    if (a_size > NAME_MAX_COMPARED || b_size > NAME_MAX_COMPARED) {
        return NAME_MAX_COMPARED;
    }
    for (size_t j = 0; j <= b_size; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t best = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && two_above[j - 2] + 1 < best) {
                best = two_above[j - 2] + 1;
            }
            row[j] = best;
        }
    }
    return rows[a_size % 3][b_size];
}

/* Keeps the closer of two names. */
static void consider(const char *word, const char *name, const char **closest, size_t *best)
{
    size_t d = distance(word, name);
    if (d < *best) {
        *best = d;
        *closest = name;
    }
}

static enum fam_code fail_unknown_command(const char *word, struct fam_status *status)
{
    const char *closest = NULL;
    size_t best = CLOSE_ENOUGH + 1;
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        consider(word, command->group, &closest, &best);
    }
    if (closest != NULL) {
        return fam_usage(status, "there is no command \"%.32s\"; did you mean \"%s\"?", word, closest);
    }
    return fam_usage(status, "there is no command \"%.32s\"; 'famctl --help' lists them", word);
}

static enum fam_code fail_verb(const char *group, const char *word, struct fam_status *status)
{
    char verbs[128] = "";
    size_t used = 0;
    const char *closest = NULL;
    size_t best = CLOSE_ENOUGH + 1;
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        if (strcmp(command->group, group) == 0 && command->verb != NULL) {
            int n = snprintf(verbs + used, sizeof(verbs) - used, "%s%s", used > 0 ? ", " : "", command->verb);
            used = n < 0 || used + (size_t)n >= sizeof(verbs) ? sizeof(verbs) - 1 : used + (size_t)n;
            if (word != NULL) {
                consider(word, command->verb, &closest, &best);
            }
        }
    }
    if (word == NULL) {
        return fam_usage(status, "\"%s\" needs one of: %s", group, verbs);
    }
    if (closest != NULL) {
        return fam_usage(status, "\"%s\" has no \"%.32s\"; did you mean \"%s\"?", group, word, closest);
    }
    return fam_usage(status, "\"%s\" has no \"%.32s\"; it has: %s", group, word, verbs);
}

static enum fam_code fail_option(const struct fam_command *command, const char *word, size_t size,
                                 struct fam_status *status)
{
    char name[NAME_MAX_COMPARED + 1];
    const char *closest = NULL;
    size_t best = CLOSE_ENOUGH + 1;
    int shown = size > 32 ? 32 : (int)size;
    if (command == NULL) {
        return fam_usage(status, "there is no option \"%.*s\" before a command; 'famctl --help' lists them", shown,
                         word);
    }
    snprintf(name, sizeof(name), "%.*s", size > NAME_MAX_COMPARED ? NAME_MAX_COMPARED : (int)size, word);
    for (const struct fam_flag *flag = command->flags; flag != NULL && flag->name != NULL; flag++) {
        consider(name, flag->name, &closest, &best);
    }
    for (const struct fam_flag *flag = fam_global_flags; flag->name != NULL; flag++) {
        consider(name, flag->name, &closest, &best);
    }
    const char *gap = command->verb == NULL ? "" : " ";
    const char *verb = command->verb == NULL ? "" : command->verb;
    if (closest != NULL && size > 2) {
        return fam_usage(status, "\"%s%s%s\" has no option \"%.*s\"; did you mean %s?", command->group, gap, verb,
                         shown, word, closest);
    }
    return fam_usage(status, "\"%s%s%s\" has no option \"%.*s\"; its --help lists them", command->group, gap, verb,
                     shown, word);
}

static const struct fam_flag *find_flag(const struct fam_flag *flags, const char *name, size_t size, char letter)
{
    for (const struct fam_flag *flag = flags; flag != NULL && flag->name != NULL; flag++) {
        if (letter != '\0' ? flag->letter == letter
                           : strlen(flag->name) == size && memcmp(flag->name, name, size) == 0) {
            return flag;
        }
    }
    return NULL;
}

static void list_choices(const char *const *choices, char *ret_text, size_t size)
{
    size_t used = 0;
    ret_text[0] = '\0';
    for (const char *const *choice = choices; *choice != NULL && used < size; choice++) {
        int n = snprintf(ret_text + used, size - used, "%s%s", used > 0 ? ", " : "", *choice);
        used += n < 0 ? 0 : (size_t)n;
    }
}

static bool parse_number(const char *text, uint32_t min, uint32_t max)
{
    char *end = NULL;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && value >= min && value <= max;
}

static enum fam_code check_value(const char *name, enum fam_value_type type, const char *const *choices, uint32_t min,
                                 uint32_t max, const char *value, struct fam_status *status)
{
    char allowed[128];
    struct fam_uuid uuid;
    switch (type) {
    case FAM_VALUE_NUMBER:
        if (!parse_number(value, min, max)) {
            return fam_usage(status, "%s \"%.32s\" is not a number from %u to %u", name, value, min, max);
        }
        return FAM_OK;
    case FAM_VALUE_UUID:
        if (!fam_uuid_parse(value, &uuid)) {
            return fam_usage(status, "%s \"%.40s\" is not an id; ids look like 01935f6e-7c1a-7000-8000-00000000002a",
                             name, value);
        }
        return FAM_OK;
    case FAM_VALUE_CHOICE:
        for (const char *const *choice = choices; *choice != NULL; choice++) {
            if (strcmp(*choice, value) == 0) {
                return FAM_OK;
            }
        }
        list_choices(choices, allowed, sizeof(allowed));
        return fam_usage(status, "%s \"%.32s\" is none of: %s", name, value, allowed);
    case FAM_VALUE_WORD:
        if (value[0] == '\0') {
            return fam_usage(status, "%s must not be empty", name);
        }
        return FAM_OK;
    case FAM_VALUE_NONE:
        return FAM_OK;
    }
    return FAM_OK;
}

static enum fam_code keep_value(struct fam_parsed *parsed, const struct fam_flag *flag, const char *value,
                                struct fam_status *status)
{
    if (!flag->repeated && fam_parsed_value(parsed, flag->name) != NULL) {
        return fam_usage(status, "%s is given twice", flag->name);
    }
    if (parsed->value_count == FAM_CTL_VALUES) {
        return fam_usage(status, "too many options: %d at most", FAM_CTL_VALUES);
    }
    enum fam_code code = check_value(flag->name, flag->type, flag->choices, flag->min, flag->max, value, status);
    if (code != FAM_OK) {
        return code;
    }
    parsed->help = parsed->help || strcmp(flag->name, "--help") == 0;
    parsed->version = parsed->version || strcmp(flag->name, "--version") == 0;
    parsed->values[parsed->value_count].flag = flag;
    parsed->values[parsed->value_count++].value = value;
    return FAM_OK;
}

/* Takes the option at argv[*at] and its value, which may be the next word. */
static enum fam_code take_option(int argc, char *const argv[], int *at, struct fam_parsed *parsed,
                                 struct fam_status *status)
{
    const char *word = argv[*at];
    char letter = word[1] == '-' ? '\0' : word[1];
    size_t size = letter == '\0' ? strcspn(word, "=") : 2;
    const struct fam_flag *flag = find_flag(fam_global_flags, word, size, letter);
    if (flag == NULL && parsed->command != NULL) {
        flag = find_flag(parsed->command->flags, word, size, letter);
    }
    if (flag == NULL) {
        return fail_option(parsed->command, word, size, status);
    }
    const char *value = word[size] == '\0' ? NULL : word + size + (letter == '\0' ? 1 : 0);
    if (flag->type == FAM_VALUE_NONE) {
        if (value != NULL) {
            return fam_usage(status, "%s takes no value", flag->name);
        }
        return keep_value(parsed, flag, "", status);
    }
    if (value == NULL) {
        if (*at + 1 >= argc) {
            return fam_usage(status, "%s needs a value: %s", flag->name, flag->value);
        }
        value = argv[++*at];
    }
    return keep_value(parsed, flag, value, status);
}

/* The first words name the command: one, or a group and a verb. */
static enum fam_code take_name(const char *word, struct fam_parsed *parsed, struct fam_status *status)
{
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        if (parsed->group == NULL && strcmp(command->group, word) == 0) {
            parsed->group = command->group;
            parsed->command = command->verb == NULL ? command : NULL;
            return FAM_OK;
        }
        if (parsed->group != NULL && strcmp(command->group, parsed->group) == 0 && command->verb != NULL &&
            strcmp(command->verb, word) == 0) {
            parsed->command = command;
            return FAM_OK;
        }
    }
    if (parsed->group == NULL) {
        return fail_unknown_command(word, status);
    }
    return fail_verb(parsed->group, word, status);
}

static enum fam_code take_argument(char *word, struct fam_parsed *parsed, struct fam_status *status)
{
    const struct fam_argument *expected = parsed->command->arguments;
    size_t count = 0;
    bool personal = false;
    while (expected != NULL && expected[count].name != NULL) {
        personal = personal || expected[count].personal;
        count++;
    }
    bool repeated = count > 0 && expected[count - 1].repeated;
    if (repeated && parsed->argument_count >= FAM_CTL_ARGUMENTS) {
        return fam_usage(status, "too many words: %s can be given %d times at most", expected[count - 1].name,
                         FAM_CTL_ARGUMENTS);
    }
    if ((parsed->argument_count >= count && !repeated) || parsed->argument_count >= FAM_CTL_ARGUMENTS) {
        if (personal) {
            return fam_usage(status, "the %s is more than one word: give it on standard input, or in quotes",
                             strcmp(expected[count - 1].name, "PHRASE") == 0 ? "phrase" : expected[count - 1].name);
        }
        return fam_usage(status, "\"%.32s\" is one word too many; its --help shows what it takes", word);
    }
    const struct fam_argument *argument =
        &expected[parsed->argument_count < count ? parsed->argument_count : count - 1];
    enum fam_code code = check_value(argument->name, argument->type, argument->choices, 0, 0, word, status);
    if (code != FAM_OK) {
        return code;
    }
    parsed->arguments[parsed->argument_count++] = word;
    return FAM_OK;
}

static enum fam_code check_complete(const struct fam_parsed *parsed, struct fam_status *status)
{
    if (parsed->help || parsed->version) {
        return FAM_OK;
    }
    if (parsed->group == NULL) {
        return fam_usage(status, "a command is missing; 'famctl --help' lists them");
    }
    if (parsed->command == NULL) {
        return fail_verb(parsed->group, NULL, status);
    }
    const struct fam_argument *argument = parsed->command->arguments;
    for (size_t i = 0; argument != NULL && argument[i].name != NULL; i++) {
        if (i >= parsed->argument_count && !argument[i].optional) {
            return fam_usage(status, "%s is missing: %s", argument[i].name, argument[i].help);
        }
    }
    for (const struct fam_flag *flag = parsed->command->flags; flag != NULL && flag->name != NULL; flag++) {
        if (flag->required && fam_parsed_value(parsed, flag->name) == NULL) {
            return fam_usage(status, "%s is missing: %s", flag->name, flag->help);
        }
    }
    return FAM_OK;
}

enum fam_code fam_command_parse(int argc, char *const argv[], struct fam_parsed *ret_parsed, struct fam_status *status)
{
    struct fam_parsed parsed = {0};
    bool options = true;
    for (int i = 1; i < argc; i++) {
        enum fam_code code = FAM_OK;
        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
        } else if (options && argv[i][0] == '-' && argv[i][1] != '\0') {
            code = take_option(argc, argv, &i, &parsed, status);
        } else if (parsed.command == NULL) {
            code = take_name(argv[i], &parsed, status);
        } else {
            code = take_argument(argv[i], &parsed, status);
        }
        if (code != FAM_OK) {
            return code;
        }
    }
    enum fam_code code = check_complete(&parsed, status);
    if (code == FAM_OK) {
        *ret_parsed = parsed;
    }
    return code;
}

const char *fam_parsed_value(const struct fam_parsed *parsed, const char *flag)
{
    for (size_t i = parsed->value_count; i > 0; i--) {
        if (strcmp(parsed->values[i - 1].flag->name, flag) == 0) {
            return parsed->values[i - 1].value;
        }
    }
    return NULL;
}

uint32_t fam_parsed_number(const struct fam_parsed *parsed, const char *flag, uint32_t fallback)
{
    const char *value = fam_parsed_value(parsed, flag);
    return value == NULL ? fallback : (uint32_t)strtoul(value, NULL, 10);
}

size_t fam_parsed_values(const struct fam_parsed *parsed, const char *flag, const char *ret_values[FAM_CTL_VALUES])
{
    size_t count = 0;
    for (size_t i = 0; i < parsed->value_count; i++) {
        if (strcmp(parsed->values[i].flag->name, flag) == 0) {
            ret_values[count++] = parsed->values[i].value;
        }
    }
    return count;
}
