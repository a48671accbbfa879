/* The options and arguments that the table of commands names. */
#include "command_words.h"

#include "command.h"

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
    {.name = "--context",
     .type = FAM_VALUE_WORD,
     .value = "NAME",
     .help = "named servers, token file and TLS files, from 'famctl context list'"},
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

#define INTERVAL                                                                                                       \
    {                                                                                                                  \
        .name = "--interval", .type = FAM_VALUE_NUMBER, .value = "S", .min = 1, .max = 3600,                           \
        .help = "seconds from one look to the next (default: 2)"                                                       \
    }
#define COUNT                                                                                                          \
    {                                                                                                                  \
        .name = "--count", .letter = 'n', .type = FAM_VALUE_NUMBER, .value = "N", .min = 1, .max = 1000000,            \
        .help = "end after so many looks"                                                                              \
    }

const struct fam_flag fam_dry_run_flags[] = {
    {.name = "--dry-run", .help = "say what would happen, change nothing"},
    {.name = NULL},
};

const struct fam_flag fam_health_flags[] = {
    {.name = "--fail-on",
     .type = FAM_VALUE_CHOICE,
     .value = "LEVEL",
     .choices = levels,
     .help = "exit with 3 at this level or worse (default: unhealthy)"},
    {.name = "--watch", .letter = 'w', .help = "again and again, until Ctrl-C; the exit code is that of the last look"},
    INTERVAL,
    COUNT,
    {.name = NULL},
};

const struct fam_flag fam_status_flags[] = {
    {.name = "--fail-on",
     .type = FAM_VALUE_CHOICE,
     .value = "LEVEL",
     .choices = levels,
     .help = "exit with 3 at this level or worse (default: unhealthy)"},
    {.name = NULL},
};

const struct fam_flag fam_top_flags[] = {INTERVAL, COUNT, {.name = NULL}};

const struct fam_argument fam_metrics_arguments[] = {
    {.name = "NAME", .type = FAM_VALUE_WORD, .help = "of a metric; family_emotions_ may be left out"},
    {.name = NULL},
};

const struct fam_flag fam_token_create_flags[] = {
    {.name = "--method",
     .type = FAM_VALUE_WORD,
     .value = "M",
     .repeated = true,
     .help = "full name of a method that a service may call, like fam.v1.TranslationService/Translate"},
    {.name = "--personal-text", .help = "a service may call methods that answer with personal text"},
    {.name = "--dry-run", .help = "check what is asked for, make nothing"},
    {.name = NULL},
};

const struct fam_argument fam_token_create_arguments[] = {
    {.name = "ROLE", .type = FAM_VALUE_CHOICE, .choices = roles, .help = "what the bearer may do"},
    {.name = "NAME",
     .type = FAM_VALUE_WORD,
     .help = "1 to 64 characters of A-Z a-z 0-9 _ . -; of a bot: the digits before the colon of its Telegram token"},
    {.name = NULL},
};

const struct fam_argument fam_token_revoke_arguments[] = {
    {.name = "ID", .type = FAM_VALUE_UUID, .help = "of the token, from 'famctl token list'"},
    {.name = NULL},
};

const struct fam_flag fam_token_revoke_flags[] = {
    {.name = "--dry-run", .help = "show the token that would be revoked, change nothing"},
    {.name = "--yes", .letter = 'y', .help = "do not ask; needed when there is no terminal"},
    {.name = NULL},
};

const struct fam_argument fam_translate_arguments[] = {
    {.name = "PHRASE",
     .type = FAM_VALUE_WORD,
     .optional = true,
     .personal = true,
     .help = "up to 2,000 characters; '-' or nothing reads it from standard input"},
    {.name = NULL},
};

const struct fam_flag fam_translate_flags[] = {
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

static const char *const log_levels[] = {"debug", "info", "warn", "error", NULL};
static const char *const server_log_levels[] = {"debug", "info", "warn", "error", "off", NULL};
static const char *const shells[] = {"bash", "zsh", "fish", NULL};
static const char *const breaker_actions[] = {"reset", NULL};

#define REASON                                                                                                         \
    {                                                                                                                  \
        .name = "--reason", .type = FAM_VALUE_WORD, .value = "TEXT",                                                   \
        .help = "why, 8 to 200 characters; kept in the audit log; no personal text"                                    \
    }
#define USER                                                                                                           \
    {                                                                                                                  \
        .name = "--user", .type = FAM_VALUE_UUID, .value = "ID", .required = true,                                     \
        .help = "whose; from 'famctl user list'"                                                                       \
    }
#define LIMIT                                                                                                          \
    {                                                                                                                  \
        .name = "--limit", .type = FAM_VALUE_NUMBER, .value = "N", .min = 1, .max = 100,                               \
        .help = "how many at once (default: 20)"                                                                       \
    }
#define AFTER                                                                                                          \
    {                                                                                                                  \
        .name = "--after", .type = FAM_VALUE_WORD, .value = "TOKEN", .help = "go on where the list before ended"       \
    }

const struct fam_flag fam_list_flags[] = {LIMIT, AFTER, {.name = NULL}};
const struct fam_flag fam_show_flags[] = {REASON, {.name = NULL}};
const struct fam_flag fam_show_user_flags[] = {USER, REASON, {.name = NULL}};
const struct fam_flag fam_entry_list_flags[] = {
    {.name = "--user", .type = FAM_VALUE_UUID, .value = "ID", .help = "of this user only; needs --reason"},
    REASON,
    {.name = "--child", .type = FAM_VALUE_UUID, .value = "ID", .help = "with --user: of this child only"},
    {.name = "--family", .type = FAM_VALUE_UUID, .value = "ID", .help = "without --user: of this family only"},
    LIMIT,
    AFTER,
    {.name = NULL}};
const struct fam_argument fam_family_arguments[] = {
    {.name = "FAMILY", .type = FAM_VALUE_UUID, .help = "from 'famctl family list'"},
    {.name = NULL},
};
const struct fam_argument fam_child_arguments[] = {
    {.name = "CHILD", .type = FAM_VALUE_UUID, .help = "from 'famctl child list'"},
    {.name = NULL},
};
const struct fam_argument fam_feedback_arguments[] = {
    {.name = "ID", .type = FAM_VALUE_UUID, .help = "from 'famctl feedback list'"},
    {.name = NULL},
};
const struct fam_flag fam_family_export_flags[] = {{.name = "--out",
                                                    .type = FAM_VALUE_WORD,
                                                    .value = "DIR",
                                                    .required = true,
                                                    .help = "folder for the files; made when it is not there"},
                                                   REASON,
                                                   {.name = NULL}};
const struct fam_flag fam_family_delete_flags[] = {
    {.name = "--reason",
     .type = FAM_VALUE_WORD,
     .value = "TEXT",
     .required = true,
     .help = "why, 8 to 200 characters; kept in the audit log; no personal text"},
    {.name = "--dry-run", .help = "count what would be erased, change nothing"},
    {.name = "--confirm",
     .type = FAM_VALUE_UUID,
     .value = "FAMILY",
     .help = "the family's id once more, where there is no terminal to type it on"},
    {.name = NULL}};
const struct fam_flag fam_feedback_flags[] = {REASON, LIMIT, AFTER, {.name = NULL}};
const struct fam_flag fam_broadcast_flags[] = {
    {.name = "--ru", .type = FAM_VALUE_WORD, .value = "TEXT", .required = true, .help = "what Russian speakers read"},
    {.name = "--en", .type = FAM_VALUE_WORD, .value = "TEXT", .required = true, .help = "what all others read"},
    {.name = "--dry-run", .help = "count who would be told, send nothing"},
    {.name = "--yes", .letter = 'y', .help = "do not ask; needed when there is no terminal"},
    {.name = NULL}};
const struct fam_flag fam_audit_flags[] = {
    {.name = "--user", .type = FAM_VALUE_UUID, .value = "ID", .help = "only what was done for this user"},
    LIMIT,
    AFTER,
    {.name = NULL}};

const struct fam_flag fam_call_flags[] = {
    {.name = "--acting-user", .type = FAM_VALUE_UUID, .value = "ID", .help = "for whom the call is made"},
    REASON,
    {.name = "--idempotency-key",
     .type = FAM_VALUE_WORD,
     .value = "KEY",
     .help = "made and shown on standard error when the method needs one and none is given"},
    {.name = "--dry-run", .help = "check the request, send nothing"},
    {.name = NULL},
};

const struct fam_argument fam_call_arguments[] = {
    {.name = "METHOD", .type = FAM_VALUE_WORD, .help = "like OpsService/Health, from 'famctl methods'"},
    {.name = "JSON",
     .type = FAM_VALUE_WORD,
     .optional = true,
     .personal = true,
     .help = "the request: JSON, @FILE, or - for standard input (default: {})"},
    {.name = NULL},
};

const struct fam_argument fam_service_arguments[] = {
    {.name = "SERVICE", .type = FAM_VALUE_WORD, .optional = true, .help = "only this one, like OpsService"},
    {.name = NULL},
};

const struct fam_argument fam_describe_arguments[] = {
    {.name = "NAME",
     .type = FAM_VALUE_WORD,
     .help = "of a method, a message or an enum, like OpsService/Health or Entry"},
    {.name = NULL},
};

const struct fam_argument fam_user_arguments[] = {
    {.name = "ID", .type = FAM_VALUE_UUID, .help = "of the user, from 'famctl user list'"},
    {.name = NULL},
};

const struct fam_argument fam_entry_arguments[] = {
    {.name = "ID", .type = FAM_VALUE_UUID, .help = "of the entry, from 'famctl entry list'"},
    {.name = NULL},
};

const struct fam_argument fam_session_list_arguments[] = {
    {.name = "USER", .type = FAM_VALUE_UUID, .help = "whose; from 'famctl user list'"},
    {.name = NULL},
};

const struct fam_argument fam_session_arguments[] = {
    {.name = "SESSION", .type = FAM_VALUE_WORD, .help = "its id, from 'famctl session list'"},
    {.name = NULL},
};

const struct fam_argument fam_session_revoke_arguments[] = {
    {.name = "SESSION", .type = FAM_VALUE_WORD, .optional = true, .help = "its id, from 'famctl session list'"},
    {.name = NULL},
};

const struct fam_flag fam_session_show_flags[] = {USER, {.name = NULL}};
const struct fam_flag fam_session_revoke_flags[] = {
    {.name = "--user", .type = FAM_VALUE_UUID, .value = "ID", .help = "whose session it is"},
    {.name = "--all", .type = FAM_VALUE_UUID, .value = "USER", .help = "instead of a SESSION: all of this user"},
    REASON,
    {.name = "--dry-run", .help = "show what would be ended, change nothing"},
    {.name = "--yes", .letter = 'y', .help = "do not ask; needed with --all when there is no terminal"},
    {.name = NULL},
};

const struct fam_argument fam_breaker_arguments[] = {
    {.name = "ACTION",
     .type = FAM_VALUE_CHOICE,
     .choices = breaker_actions,
     .optional = true,
     .help = "close it, so that the next call is tried"},
    {.name = NULL},
};

static const char *const task_states[] = {"ready", "waiting", "running", "done", "dead", NULL};
static const char *const priorities[] = {"low", "normal", "high", "critical", NULL};

#define TYPE                                                                                                           \
    {                                                                                                                  \
        .name = "--type", .type = FAM_VALUE_WORD, .value = "TYPE", .help = "only this type, like send_checkin"         \
    }
#define PRIORITY                                                                                                       \
    {                                                                                                                  \
        .name = "--priority", .type = FAM_VALUE_CHOICE, .value = "P", .choices = priorities, .help = "only this one"   \
    }
#define STATE                                                                                                          \
    {                                                                                                                  \
        .name = "--state", .type = FAM_VALUE_CHOICE, .value = "STATE", .choices = task_states, .help = "only this one" \
    }
#define FAILURE                                                                                                        \
    {                                                                                                                  \
        .name = "--failure", .type = FAM_VALUE_WORD, .value = "TEXT",                                                  \
        .help = "only those whose last failure says this, in part; up to 100 characters"                               \
    }
#define OLDER                                                                                                          \
    {                                                                                                                  \
        .name = "--older", .type = FAM_VALUE_WORD, .value = "TIME",                                                    \
        .help = "made so long ago or longer: 90s, 15m, 2h, 3d"                                                         \
    }
#define DRY_RUN                                                                                                        \
    {                                                                                                                  \
        .name = "--dry-run", .help = "say what would happen, change nothing"                                           \
    }
#define YES                                                                                                            \
    {                                                                                                                  \
        .name = "--yes", .letter = 'y', .help = "do not ask; needed when there is no terminal"                         \
    }
#define WHY                                                                                                            \
    {                                                                                                                  \
        .name = "--reason", .type = FAM_VALUE_WORD, .value = "TEXT",                                                   \
        .help = "why, up to 200 characters; shown with the pause; no personal text"                                    \
    }

const struct fam_argument fam_task_arguments[] = {
    {.name = "ID", .type = FAM_VALUE_UUID, .help = "of the task, from 'famctl queue list'"},
    {.name = NULL},
};
const struct fam_argument fam_tasks_arguments[] = {
    {.name = "ID",
     .type = FAM_VALUE_UUID,
     .optional = true,
     .repeated = true,
     .help = "of tasks, from 'famctl queue list'"},
    {.name = NULL},
};
const struct fam_argument fam_queue_type_arguments[] = {
    {.name = "TYPE",
     .type = FAM_VALUE_WORD,
     .optional = true,
     .help = "of tasks, like send_checkin (default: all, however they are called)"},
    {.name = NULL},
};
const struct fam_flag fam_queue_list_flags[] = {STATE, TYPE, PRIORITY, FAILURE, OLDER, LIMIT, AFTER, {.name = NULL}};
const struct fam_flag fam_queue_dead_flags[] = {TYPE, PRIORITY, FAILURE, OLDER, LIMIT, AFTER, {.name = NULL}};
const struct fam_flag fam_queue_change_flags[] = {
    STATE,         TYPE,  PRIORITY,
    FAILURE,       OLDER, {.name = "--all", .help = "every task, when nothing else says which"},
    DRY_RUN,       YES,   REASON,
    {.name = NULL}};
const struct fam_flag fam_queue_pause_flags[] = {{.name = "--for",
                                                  .type = FAM_VALUE_WORD,
                                                  .value = "TIME",
                                                  .help = "90s, 30m, 2h, 3d (default: until it is resumed)"},
                                                 {.name = "--replace", .help = "also a pause that lasts longer"},
                                                 WHY,
                                                 DRY_RUN,
                                                 {.name = NULL}};
const struct fam_flag fam_queue_drain_flags[] = {{.name = "--wait",
                                                  .type = FAM_VALUE_NUMBER,
                                                  .value = "S",
                                                  .min = 1,
                                                  .max = 86400,
                                                  .help = "seconds until it gives up; the pause stays (default: 600)"},
                                                 WHY,
                                                 DRY_RUN,
                                                 {.name = NULL}};
const struct fam_flag fam_schedule_flags[] = {
    {.name = "--job", .type = FAM_VALUE_WORD, .value = "JOB", .help = "only this one, like send_checkin"},
    {.name = "--family", .type = FAM_VALUE_UUID, .value = "ID", .help = "only of this family"},
    LIMIT,
    AFTER,
    {.name = NULL}};

const struct fam_flag fam_log_flags[] = {
    {.name = "--follow", .letter = 'f', .help = "go on as lines come, also after a rotation"},
    {.name = "--request", .type = FAM_VALUE_WORD, .value = "ID", .help = "only lines of this request"},
    {.name = "--level", .type = FAM_VALUE_CHOICE, .value = "L", .choices = log_levels, .help = "this level or graver"},
    {.name = "--since",
     .type = FAM_VALUE_WORD,
     .value = "TIME",
     .help = "2026-07-25T10:00:00Z, or 90s, 15m, 2h, 3d before now"},
    {.name = NULL},
};

const struct fam_argument fam_log_level_arguments[] = {
    {.name = "LEVEL", .type = FAM_VALUE_CHOICE, .choices = server_log_levels, .help = "lines of this level and above"},
    {.name = NULL},
};
const struct fam_argument fam_log_arguments[] = {
    {.name = "FILE",
     .type = FAM_VALUE_WORD,
     .optional = true,
     .repeated = true,
     .help = "of JSON lines; - is standard input; without one: standard input, or the journal on a terminal"},
    {.name = NULL},
};

const struct fam_argument fam_context_arguments[] = {
    {.name = "NAME", .type = FAM_VALUE_WORD, .help = "of the context, from 'famctl context list'"},
    {.name = NULL},
};

const struct fam_argument fam_context_show_arguments[] = {
    {.name = "NAME", .type = FAM_VALUE_WORD, .optional = true, .help = "of the context (default: the current one)"},
    {.name = NULL},
};

const struct fam_argument fam_completion_arguments[] = {
    {.name = "SHELL", .type = FAM_VALUE_CHOICE, .choices = shells, .help = "whose script"},
    {.name = NULL},
};

const struct fam_argument fam_man_arguments[] = {
    {.name = "COMMAND", .type = FAM_VALUE_WORD, .optional = true, .help = "only this one, like token"},
    {.name = NULL},
};

static const char *const notification_states[] = {"queued", "leased", "delivered", "failed", "expired", "held", NULL};
static const char *const ended_states[] = {"failed", "expired", NULL};
static const char *const notification_kinds[] = {"better_reading", "checkin", "weekly_report", NULL};

#define ONLY_USER                                                                                                      \
    {                                                                                                                  \
        .name = "--user", .type = FAM_VALUE_UUID, .value = "ID", .help = "only of this user"                           \
    }
#define KIND                                                                                                           \
    {                                                                                                                  \
        .name = "--kind", .type = FAM_VALUE_CHOICE, .value = "KIND", .choices = notification_kinds,                    \
        .help = "only this one"                                                                                        \
    }

const struct fam_argument fam_notify_arguments[] = {
    {.name = "ID",
     .type = FAM_VALUE_UUID,
     .optional = true,
     .repeated = true,
     .help = "of notifications, from 'famctl notify list'"},
    {.name = NULL},
};
const struct fam_flag fam_notify_list_flags[] = {
    ONLY_USER,
    {.name = "--state",
     .type = FAM_VALUE_CHOICE,
     .value = "STATE",
     .choices = notification_states,
     .help = "only this one; held: due, but the person has blocked the bot"},
    KIND,
    LIMIT,
    AFTER,
    {.name = NULL}};
const struct fam_flag fam_notify_resend_flags[] = {
    ONLY_USER,
    {.name = "--state",
     .type = FAM_VALUE_CHOICE,
     .value = "STATE",
     .choices = ended_states,
     .help = "only this one (default: both)"},
    KIND,
    {.name = "--all", .help = "every one that failed or expired, when nothing else says which"},
    DRY_RUN,
    YES,
    {.name = NULL}};
