/* completion and man: scripts and pages made from the table, so that they can't be out of step with it. */
#include <string.h>

#include "base/buf.h"
#include "commands/commands.h"
#include "ctl.h"

static bool is_first_of_group(const struct fam_command *command)
{
    return command == fam_commands || strcmp(command[-1].group, command->group) != 0;
}

static void add_choices(struct fam_buf *buf, const char *const *choices)
{
    for (size_t i = 0; choices != NULL && choices[i] != NULL; i++) {
        fam_buf_addf(buf, "%s%s", i > 0 ? " " : "", choices[i]);
    }
}

/* Words that may follow the command: its verbs, or its first argument's choices, and its options. */
static void add_words(struct fam_buf *buf, const struct fam_command *command)
{
    if (command->arguments != NULL && command->arguments[0].choices != NULL) {
        add_choices(buf, command->arguments[0].choices);
        fam_buf_add_char(buf, ' ');
    }
    for (const struct fam_flag *flag = command->flags; flag != NULL && flag->name != NULL; flag++) {
        fam_buf_addf(buf, "%s ", flag->name);
    }
}

static void add_groups(struct fam_buf *buf)
{
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        if (is_first_of_group(command)) {
            fam_buf_addf(buf, "%s ", command->group);
        }
    }
}

static void add_verbs(struct fam_buf *buf, const char *group)
{
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        if (command->verb != NULL && strcmp(command->group, group) == 0) {
            fam_buf_addf(buf, "%s ", command->verb);
        }
    }
}

/* "case" arms for the values of an option, each once. */
static void bash_values(struct fam_buf *buf, const struct fam_flag *flags)
{
    for (const struct fam_flag *flag = flags; flag != NULL && flag->name != NULL; flag++) {
        if (flag->choices == NULL) {
            continue;
        }
        fam_buf_addf(buf, "    %s) values=\"", flag->name);
        add_choices(buf, flag->choices);
        fam_buf_add_text(buf, "\" ;;\n");
    }
}

static void bash(struct fam_buf *buf)
{
    fam_buf_add_text(buf, "# bash completion for famctl\n"
                          "_famctl() {\n"
                          "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
                          "  local i group= verb= values= words=\n"
                          "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                          "    case ${COMP_WORDS[i]} in\n"
                          "    -*) ;;\n"
                          "    *) if [[ -z $group ]]; then group=${COMP_WORDS[i]}; "
                          "elif [[ -z $verb ]]; then verb=${COMP_WORDS[i]}; fi ;;\n"
                          "    esac\n"
                          "  done\n"
                          "  case $previous in\n"
                          "    -o|--output) values=\"table json\" ;;\n");
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        bash_values(buf, command->flags);
    }
    fam_buf_add_text(buf,
                     "  esac\n"
                     "  if [[ -n $values ]]; then COMPREPLY=($(compgen -W \"$values\" -- \"$current\")); return; fi\n"
                     "  case $group:$verb in\n"
                     "  :*) words=\"");
    add_groups(buf);
    fam_buf_add_text(buf, "\" ;;\n");
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        if (command->verb != NULL && is_first_of_group(command)) {
            fam_buf_addf(buf, "  %s:) words=\"", command->group);
            add_verbs(buf, command->group);
            fam_buf_add_text(buf, "\" ;;\n");
        }
        fam_buf_addf(buf, "  %s:%s) words=\"", command->group, command->verb == NULL ? "*" : command->verb);
        add_words(buf, command);
        fam_buf_add_text(buf, "\" ;;\n");
    }
    fam_buf_add_text(buf, "  esac\n  if [[ $current == -* ]]; then words+=\" ");
    for (const struct fam_flag *flag = fam_global_flags; flag->name != NULL; flag++) {
        fam_buf_addf(buf, "%s ", flag->name);
    }
    fam_buf_add_text(buf, "\"; fi\n"
                          "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
                          "}\n"
                          "complete -o default -F _famctl famctl\n");
}

/* Inside single quotes, which end and start again around one of their own. */
static void add_quoted(struct fam_buf *buf, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\'') {
            fam_buf_add_text(buf, "'\\''");
        } else if (*at == ':' || *at == '[' || *at == ']') {
            fam_buf_addf(buf, "\\%c", *at);
        } else {
            fam_buf_add_char(buf, *at);
        }
    }
}

static void zsh_flags(struct fam_buf *buf, const struct fam_flag *flags)
{
    for (const struct fam_flag *flag = flags; flag != NULL && flag->name != NULL; flag++) {
        fam_buf_addf(buf, " \\\n      '%s%s%s[", flag->repeated ? "*" : "", flag->name, flag->value == NULL ? "" : "=");
        add_quoted(buf, flag->help);
        fam_buf_add_char(buf, ']');
        if (flag->choices != NULL) {
            fam_buf_addf(buf, ":%s:(", flag->value);
            add_choices(buf, flag->choices);
            fam_buf_add_char(buf, ')');
        } else if (flag->value != NULL) {
            fam_buf_addf(buf, ":%s:", flag->value);
        }
        fam_buf_add_char(buf, '\'');
    }
}

static void zsh_command(struct fam_buf *buf, const struct fam_command *command)
{
    /* _arguments counts from the word that it takes for the command's name. */
    int words = command->verb == NULL ? 1 : 2;
    fam_buf_addf(buf, "  %s:%s)\n    shift %d words; (( CURRENT -= %d ))\n    _arguments", command->group,
                 command->verb == NULL ? "*" : command->verb, words, words);
    zsh_flags(buf, command->flags);
    zsh_flags(buf, fam_global_flags);
    for (const struct fam_argument *a = command->arguments; a != NULL && a->name != NULL; a++) {
        fam_buf_addf(buf, " \\\n      '%s%s%s:", a->repeated ? "*:" : "", a->optional && !a->repeated ? ":" : "",
                     a->name);
        if (a->choices != NULL) {
            fam_buf_add_char(buf, '(');
            add_choices(buf, a->choices);
            fam_buf_add_char(buf, ')');
        } else {
            fam_buf_add_text(buf, a->repeated ? "_files" : "");
        }
        fam_buf_add_char(buf, '\'');
    }
    fam_buf_add_text(buf, "\n    ;;\n");
}

static void zsh(struct fam_buf *buf)
{
    fam_buf_add_text(buf, "#compdef famctl\n"
                          "_famctl() {\n"
                          "  local group=${words[2]} verb=${words[3]}\n"
                          "  if (( CURRENT == 2 )); then compadd -- ");
    add_groups(buf);
    fam_buf_add_text(buf, "; return; fi\n  if (( CURRENT == 3 )); then\n    case $group in\n");
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        if (command->verb != NULL && is_first_of_group(command)) {
            fam_buf_addf(buf, "    %s) compadd -- ", command->group);
            add_verbs(buf, command->group);
            fam_buf_add_text(buf, "; return ;;\n");
        }
    }
    fam_buf_add_text(buf, "    esac\n  fi\n  case $group:$verb in\n");
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        zsh_command(buf, command);
    }
    fam_buf_add_text(buf, "  esac\n}\n_famctl \"$@\"\n");
}

static void fish_quoted(struct fam_buf *buf, const char *text)
{
    fam_buf_add_char(buf, '\'');
    for (const char *at = text; *at != '\0'; at++) {
        fam_buf_addf(buf, *at == '\'' || *at == '\\' ? "\\%c" : "%c", *at);
    }
    fam_buf_add_char(buf, '\'');
}

static void fish_flags(struct fam_buf *buf, const struct fam_flag *flags, const char *condition)
{
    for (const struct fam_flag *flag = flags; flag != NULL && flag->name != NULL; flag++) {
        fam_buf_addf(buf, "complete -c famctl%s -l %s", condition, flag->name + 2);
        if (flag->letter != '\0') {
            fam_buf_addf(buf, " -s %c", flag->letter);
        }
        if (flag->value != NULL) {
            fam_buf_add_text(buf, " -x");
        }
        if (flag->choices != NULL) {
            fam_buf_add_text(buf, " -a '");
            add_choices(buf, flag->choices);
            fam_buf_add_char(buf, '\'');
        }
        fam_buf_add_text(buf, " -d ");
        fish_quoted(buf, flag->help);
        fam_buf_add_char(buf, '\n');
    }
}

static void fish(struct fam_buf *buf)
{
    fam_buf_add_text(buf, "# fish completion for famctl\n");
    fish_flags(buf, fam_global_flags, "");
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        char condition[160];
        if (is_first_of_group(command)) {
            fam_buf_addf(buf, "complete -c famctl -n __fish_use_subcommand -f -a %s", command->group);
            if (command->verb == NULL) {
                fam_buf_add_text(buf, " -d ");
                fish_quoted(buf, command->summary);
            }
            fam_buf_add_char(buf, '\n');
        }
        snprintf(condition, sizeof(condition), " -n '__fish_seen_subcommand_from %s'", command->group);
        if (command->verb != NULL) {
            fam_buf_addf(buf, "complete -c famctl%s -f -a %s -d ", condition, command->verb);
            fish_quoted(buf, command->summary);
            fam_buf_add_char(buf, '\n');
            snprintf(condition, sizeof(condition),
                     " -n '__fish_seen_subcommand_from %s; and __fish_seen_subcommand_from %s'", command->group,
                     command->verb);
        }
        fish_flags(buf, command->flags, condition);
    }
}

enum fam_code fam_ctl_completion(struct fam_ctl *ctl, struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf text = {0};
    const char *shell = ctl->parsed->arguments[0];
    if (strcmp(shell, "bash") == 0) {
        bash(&text);
    } else if (strcmp(shell, "zsh") == 0) {
        zsh(&text);
    } else {
        fish(&text);
    }
    if (text.failed) {
        return fam_fail_memory(status);
    }
    fam_out_verbatim(&ctl->out, "script", fam_buf_text(&text));
    return FAM_OK;
}

/* Text for roff: no line starts with what roff would obey, backslashes and dashes stay what they are. */
static void roff(struct fam_buf *buf, const char *text)
{
    bool start = true;
    for (const char *at = text; *at != '\0'; at++) {
        if (start && (*at == '.' || *at == '\'')) {
            fam_buf_add_text(buf, "\\&");
        }
        if (*at == '\\') {
            fam_buf_add_text(buf, "\\e");
        } else if (*at == '-') {
            fam_buf_add_text(buf, "\\-");
        } else {
            fam_buf_add_char(buf, *at);
        }
        start = *at == '\n';
    }
}

static void man_flags(struct fam_buf *buf, const struct fam_flag *flags)
{
    for (const struct fam_flag *flag = flags; flag != NULL && flag->name != NULL; flag++) {
        fam_buf_add_text(buf, ".TP\n\\fB");
        if (flag->letter != '\0') {
            fam_buf_addf(buf, "\\-%c\\fR, \\fB", flag->letter);
        }
        roff(buf, flag->name);
        fam_buf_addf(buf, "\\fR%s%s\n", flag->value == NULL ? "" : " ", flag->value == NULL ? "" : flag->value);
        roff(buf, flag->help);
        if (flag->choices != NULL) {
            fam_buf_add_text(buf, ": ");
            add_choices(buf, flag->choices);
        }
        fam_buf_add_char(buf, '\n');
    }
}

static void man_command(struct fam_buf *buf, const struct fam_command *command)
{
    fam_buf_addf(buf, ".SS \"famctl %s%s%s", command->group, command->verb == NULL ? "" : " ",
                 command->verb == NULL ? "" : command->verb);
    for (const struct fam_argument *a = command->arguments; a != NULL && a->name != NULL; a++) {
        fam_buf_addf(buf, a->optional ? " [%s]%s" : " %s%s", a->name, a->repeated ? "..." : "");
    }
    fam_buf_add_text(buf, "\"\n");
    roff(buf, command->summary);
    fam_buf_add_text(buf, ".\n");
    if (command->detail != NULL) {
        fam_buf_add_text(buf, ".PP\n");
        roff(buf, command->detail);
        fam_buf_add_char(buf, '\n');
    }
    for (const struct fam_argument *a = command->arguments; a != NULL && a->name != NULL; a++) {
        fam_buf_addf(buf, ".TP\n\\fI%s\\fR\n", a->name);
        roff(buf, a->help);
        fam_buf_add_char(buf, '\n');
    }
    man_flags(buf, command->flags);
    fam_buf_add_text(buf, ".PP\nExamples:\n");
    for (const struct fam_example *example = command->examples; example->line != NULL; example++) {
        fam_buf_add_text(buf, ".TP\n\\fB");
        roff(buf, example->line);
        fam_buf_add_text(buf, "\\fR\n");
        roff(buf, example->meaning);
        fam_buf_add_char(buf, '\n');
    }
}

static void man_page(struct fam_buf *buf, const char *group)
{
    fam_buf_addf(
        buf, ".TH FAMCTL%s%s 1 \"\" \"family\\-emotions " FAM_VERSION "\" \"Family Emotions\"\n.SH NAME\nfamctl%s%s",
        group == NULL ? "" : "\\-", group == NULL ? "" : group, group == NULL ? "" : "\\-", group == NULL ? "" : group);
    fam_buf_addf(buf,
                 " \\- the operators' tool of Family Emotions\n.SH SYNOPSIS\n.B famctl\n[\\fIOPTIONS\\fR] %s "
                 "[\\fIARGUMENTS\\fR]\n.SH COMMANDS\n",
                 group == NULL ? "\\fICOMMAND\\fR" : group);
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        if (group == NULL || strcmp(group, command->group) == 0) {
            man_command(buf, command);
        }
    }
    fam_buf_add_text(buf, ".SH OPTIONS\n");
    man_flags(buf, fam_global_flags);
    fam_buf_add_text(buf, ".SH EXIT STATUS\n"
                          ".TP\n0\ndone\n.TP\n1\nfailed\n.TP\n2\nwrong usage or configuration\n"
                          ".TP\n3\nunhealthy, or degraded with \\fB\\-\\-fail\\-on degraded\\fR\n"
                          ".TP\n4\nnot reachable\n.TP\n5\ndenied\n");
}

enum fam_code fam_ctl_man(struct fam_ctl *ctl, struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf text = {0};
    const char *group = ctl->parsed->argument_count > 0 ? ctl->parsed->arguments[0] : NULL;
    bool known = group == NULL;
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        known = known || strcmp(command->group, group) == 0;
    }
    if (!known) {
        return fam_usage(status, "there is no command \"%.32s\"; 'famctl --help' lists them", group);
    }
    man_page(&text, group);
    if (text.failed) {
        return fam_fail_memory(status);
    }
    fam_out_verbatim(&ctl->out, "page", fam_buf_text(&text));
    return FAM_OK;
}
