/* What famctl can do. Parsing, help and the tests read this table; docs/famctl.md is checked against it. */
#include "command.h"
#include "commands/commands.h"

static const char *const formats[] = {"table", "json", NULL};
static const char *const levels[] = {"degraded", "unhealthy", NULL};
static const char *const roles[] = {"bot", "service", "admin", "metrics", NULL};
static const char *const languages[] = {"ru", "en", NULL};
static const char *const places[] = {"home", "school", "friends", "other", NULL};

const struct fam_flag fam_global_flags[] = {
    {.name = "--output",
     .letter = 'o',
     .type = FAM_VALUE_CHOICE,
     .value = "FORMAT",
     .choices = formats,
     .help = "for people, or for programs"},
    {.name = "--server",
     .type = FAM_VALUE_WORD,
     .value = "URL",
     .help = "server to call, tcp://HOST:PORT; several are separated by commas; instead of FAM_SERVERS"},
    {.name = "--timeout",
     .type = FAM_VALUE_NUMBER,
     .value = "MS",
     .min = 1,
     .max = 600000,
     .help = "how long the calls of the command may take"},
    {.name = "--help", .letter = 'h', .help = "this text"},
    {.name = "--version", .help = "the version of famctl"},
    {.name = NULL},
};

static const struct fam_flag dry_run_flags[] = {
    {.name = "--dry-run", .help = "say what would happen, change nothing"},
    {.name = NULL},
};

static const struct fam_flag health_flags[] = {
    {.name = "--fail-on",
     .type = FAM_VALUE_CHOICE,
     .value = "LEVEL",
     .choices = levels,
     .help = "exit with 3 at this level or worse (default: unhealthy)"},
    {.name = NULL},
};

static const struct fam_flag token_create_flags[] = {
    {.name = "--method",
     .type = FAM_VALUE_WORD,
     .value = "M",
     .repeated = true,
     .help = "full name of a method that a service may call, like fam.v1.TranslationService/Translate"},
    {.name = "--personal-text", .help = "a service may call methods that answer with personal text"},
    {.name = NULL},
};

static const struct fam_argument token_create_arguments[] = {
    {.name = "ROLE", .type = FAM_VALUE_CHOICE, .choices = roles, .help = "what the bearer may do"},
    {.name = "NAME",
     .type = FAM_VALUE_WORD,
     .help = "1 to 64 characters of A-Z a-z 0-9 _ . -; of a bot: the digits before the colon of its Telegram token"},
    {.name = NULL},
};

static const struct fam_argument token_revoke_arguments[] = {
    {.name = "ID", .type = FAM_VALUE_UUID, .help = "of the token, from 'famctl token list'"},
    {.name = NULL},
};

static const struct fam_flag token_revoke_flags[] = {
    {.name = "--dry-run", .help = "show the token that would be revoked, change nothing"},
    {.name = "--yes", .letter = 'y', .help = "do not ask; needed when there is no terminal"},
    {.name = NULL},
};

static const struct fam_argument translate_arguments[] = {
    {.name = "PHRASE",
     .type = FAM_VALUE_WORD,
     .optional = true,
     .personal = true,
     .help = "up to 2,000 characters; '-' or nothing reads it from standard input"},
    {.name = NULL},
};

static const struct fam_flag translate_flags[] = {
    {.name = "--age", .type = FAM_VALUE_NUMBER, .value = "N", .min = 2, .max = 17, .help = "of the child, in years"},
    {.name = "--child",
     .type = FAM_VALUE_UUID,
     .value = "ID",
     .help = "a child of the user's family, instead of --age"},
    {.name = "--language",
     .type = FAM_VALUE_CHOICE,
     .value = "LANGUAGE",
     .choices = languages,
     .help = "of the answer (default: the user's, else the server's)"},
    {.name = "--place", .type = FAM_VALUE_CHOICE, .value = "PLACE", .choices = places, .help = "where it was said"},
    {.name = "--user",
     .type = FAM_VALUE_UUID,
     .value = "ID",
     .help = "act for this user: the entry is stored as theirs; needs --reason"},
    {.name = "--reason",
     .type = FAM_VALUE_WORD,
     .value = "TEXT",
     .help = "why, 8 to 200 characters; kept in the audit log; no personal text"},
    {.name = NULL},
};

const struct fam_command fam_commands[] = {
    {.group = "health",
     .summary = "how the server and what it depends on are doing",
     .detail = "Shows every check with its age. The exit code is 3 when the result is as bad as --fail-on.",
     .flags = health_flags,
     .examples = (const struct fam_example[]){{"famctl health", "all checks"},
                                              {"famctl health --fail-on degraded -o json", "for a probe"},
                                              {NULL, NULL}},
     .timeout_ms = 10000,
     .run = fam_ctl_health},
    {.group = "info",
     .summary = "version, schema, load and readiness of the server",
     .examples = (const struct fam_example[]){{"famctl info", "the server that FAM_SERVERS names"},
                                              {"famctl info --server tcp://10.0.0.5:7000", "another one"},
                                              {NULL, NULL}},
     .timeout_ms = 10000,
     .run = fam_ctl_info},
    {.group = "db",
     .verb = "status",
     .summary = "which migrations the database has and lacks",
     .examples =
         (const struct fam_example[]){{"famctl db status", "every migration and when it was applied"}, {NULL, NULL}},
     .timeout_ms = 10000,
     .run = fam_ctl_db_status},
    {.group = "db",
     .verb = "migrate",
     .summary = "apply the migrations that the database lacks",
     .detail = "Forward only, one transaction each. Waits for a migration that another process runs.",
     .flags = dry_run_flags,
     .examples = (const struct fam_example[]){{"famctl db migrate --dry-run", "what is missing"},
                                              {"famctl db migrate", "apply it"},
                                              {NULL, NULL}},
     .timeout_ms = 600000,
     .run = fam_ctl_db_migrate},
    {.group = "token",
     .verb = "create",
     .summary = "make a bearer token; its secret is shown once",
     .detail =
         "The server keeps a hash only, so a lost secret is replaced by a new token. The first admin token of an\n"
         "installation comes from 'famserver --create-token admin NAME'.",
     .arguments = token_create_arguments,
     .flags = token_create_flags,
     .examples =
         (const struct fam_example[]){
             {"famctl token create bot 123456789", "for the bot whose Telegram token starts with 123456789:"},
             {"famctl token create service school-app --method fam.v1.TranslationService/Translate --personal-text",
              "a program that may only translate"},
             {"famctl token create metrics prometheus -o json", "the secret as JSON"},
             {NULL, NULL}},
     .timeout_ms = 10000,
     .run = fam_ctl_token_create},
    {.group = "token",
     .verb = "list",
     .summary = "all tokens, without their secrets, newest first",
     .examples = (const struct fam_example[]){{"famctl token list", "valid and revoked ones"}, {NULL, NULL}},
     .timeout_ms = 10000,
     .run = fam_ctl_token_list},
    {.group = "token",
     .verb = "revoke",
     .summary = "refuse a token from now on",
     .detail = "Every server refuses it within five seconds. This can't be undone.",
     .arguments = token_revoke_arguments,
     .flags = token_revoke_flags,
     .examples =
         (const struct fam_example[]){
             {"famctl token revoke 01935f6e-7c1a-7000-8000-00000000002a --dry-run", "look first"},
             {"famctl token revoke 01935f6e-7c1a-7000-8000-00000000002a --yes", "without a question"},
             {NULL, NULL}},
     .timeout_ms = 10000,
     .run = fam_ctl_token_revoke},
    {.group = "translate",
     .summary = "what a child said, and what to say now",
     .detail =
         "Give the phrase on standard input: a child's words in the arguments of a program can be read by everyone\n"
         "on the machine and stay in the shell's history. Without --user nothing is stored.",
     .arguments = translate_arguments,
     .flags = translate_flags,
     .examples =
         (const struct fam_example[]){
             {"famctl translate --age 7", "type the phrase, end with Ctrl-D"},
             {"famctl translate --age 15 --language en --place school -o json -", "from a pipe, for a program"},
             {"famctl translate --user 01935f6e-7c1a-7000-8000-00000000002a --reason 'support case 4711'",
              "on behalf of a user; audited"},
             {NULL, NULL}},
     .timeout_ms = 30000,
     .run = fam_ctl_translate},
    {.group = NULL},
};
