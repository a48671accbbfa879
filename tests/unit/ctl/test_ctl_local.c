/* What famctl does without a server: contexts, log lines, completion scripts, manual pages, and the lines of its docs.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "command.h"
#include "context.h"
#include "ctl.h"
#include "logs.h"
#include "registry.h"

enum { WORDS = 24 };

struct run {
    int exit_code;
    char *out, *err;
};

static struct run run_in(const char *const arguments[], char *const environ_[])
{
    struct run run = {0};
    size_t out_size = 0;
    size_t err_size = 0;
    char *argv[WORDS] = {0};
    int argc = 0;
    for (; arguments[argc] != NULL; argc++) {
        argv[argc] = strdup(arguments[argc]);
    }
    struct fam_ctl_io io = {.in = fopen("/dev/null", "r"),
                            .out = open_memstream(&run.out, &out_size),
                            .err = open_memstream(&run.err, &err_size)};
    run.exit_code = fam_ctl_run(argc, argv, environ_, &io);
    fclose(io.in);
    fclose(io.out);
    fclose(io.err);
    for (int i = 0; i < argc; i++) {
        free(argv[i]);
    }
    return run;
}
#define RUN(env, ...) run_in((const char *const[]){"famctl", __VA_ARGS__, NULL}, (env))

static void run_done(struct run *run)
{
    free(run->out);
    free(run->err);
}

static char *const nothing[] = {NULL};

static void write_file(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    cr_assert_eq(chmod(path, mode), 0);
}

static void make_folder(char folder[32])
{
    strcpy(folder, "/tmp/fam-ctl-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void parse_fails(const char *text, const char *message)
{
    struct fam_contexts contexts;
    struct fam_status status = {0};
    cr_assert_eq(fam_contexts_parse(text, strlen(text), "f", &contexts, &status), FAM_INVALID_ARGUMENT, "%s", text);
    cr_assert_not_null(strstr(status.message, message), "%s", status.message);
}

Test(ctl_contexts, a_file_is_read_and_faults_name_their_line)
{
    static const char text[] =
        "# mine\ncurrent = b\n\n[a]\nservers = tcp://10.0.0.1:7000\n[b]\nservers=tcp://10.0.0.2:7000"
        "\ntoken-file = /x\n";
    struct fam_contexts contexts;
    struct fam_status status = {0};
    cr_assert_eq(fam_contexts_parse(text, strlen(text), "f", &contexts, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(contexts.count, 2);
    cr_assert_str_eq(contexts.current, "b");
    cr_assert_str_eq(fam_contexts_find(&contexts, "b")->values[1], "/x");
    cr_assert_null(fam_contexts_find(&contexts, "c"));
    fam_contexts_done(&contexts);
    parse_fails("[a]\ntoken = secret\n", "line 2: a context has");
    parse_fails("servers = x\n", "line 1: before the first context");
    parse_fails("[a]\n[a]\n", "line 2: there are two");
    parse_fails("[a\n", "line 1: a context starts");
    parse_fails("[a]\nservers =\n", "line 2: the value is missing");
    parse_fails("[a]\nservers = x\nservers = y\n", "line 3: this is given twice");
    parse_fails("current = z\n[a]\nservers = x\n", "\"z\", is not there");
    parse_fails("[a b]\n", "line 1: a context's name");
}

Test(ctl_contexts, flags_win_over_the_environment_and_that_over_the_context)
{
    struct fam_context context = {.name = "a"};
    static char server[] = "FAM_SERVERS=tcp://env:1";
    static char token[] = "FAM_TOKEN=t";
    char *const environ_[] = {server, token, NULL};
    context.values[0] = (char *)(uintptr_t) "tcp://context:1";
    context.values[1] = (char *)(uintptr_t) "/context/token";
    char **merged = fam_context_environ(environ_, &context);
    cr_assert_not_null(merged);
    cr_assert_str_eq(fam_environ_get(merged, "FAM_SERVERS"), "tcp://env:1");
    cr_assert_null(fam_environ_get(merged, "FAM_TOKEN_FILE"), "FAM_TOKEN is given already");
    fam_context_environ_free(merged);
    merged = fam_context_environ(nothing, &context);
    cr_assert_str_eq(fam_environ_get(merged, "FAM_SERVERS"), "tcp://context:1");
    cr_assert_str_eq(fam_environ_get(merged, "FAM_TOKEN_FILE"), "/context/token");
    fam_context_environ_free(merged);
}

Test(ctl_contexts, one_is_chosen_for_good_and_a_dry_run_changes_nothing)
{
    char folder[32], path[64], setting[96];
    make_folder(folder);
    snprintf(path, sizeof(path), "%s/contexts", folder);
    snprintf(setting, sizeof(setting), "FAM_CTL_CONTEXTS=%s", path);
    char *environ_[] = {setting, NULL};
    write_file(path, "# kept\ncurrent = a\n[a]\nservers = tcp://127.0.0.1:1\n[b]\nservers = tcp://127.0.0.1:2\n", 0600);
    struct run run = RUN(environ_, "context", "use", "b", "--dry-run");
    cr_assert_eq(run.exit_code, 0, "%s", run.err);
    run_done(&run);
    run = RUN(environ_, "context", "show");
    cr_assert_not_null(strstr(run.out, "127.0.0.1:1"), "%s", run.out);
    run_done(&run);
    run = RUN(environ_, "context", "use", "b");
    cr_assert_eq(run.exit_code, 0, "%s", run.err);
    run_done(&run);
    run = RUN(environ_, "context", "list", "-o", "json");
    cr_assert_not_null(strstr(run.out, "127.0.0.1:2"), "%s", run.out);
    run_done(&run);
    run = RUN(environ_, "health", "--timeout", "100");
    cr_assert_eq(run.exit_code, FAM_EXIT_UNREACHABLE, "%s", run.err);
    run_done(&run);
    run = RUN(environ_, "health", "--context", "c");
    cr_assert_eq(run.exit_code, FAM_EXIT_USAGE);
    cr_assert_not_null(strstr(run.err, "\"c\""), "%s", run.err);
    run_done(&run);
    cr_assert_eq(chmod(path, 0666), 0);
    run = RUN(environ_, "context", "list");
    cr_assert_eq(run.exit_code, FAM_EXIT_USAGE, "a file that others may write is refused");
    run_done(&run);
    (void)unlink(path);
    (void)rmdir(folder);
}

Test(ctl_contexts, a_token_file_that_others_can_read_is_refused)
{
    char folder[32], path[64], token[64], text[192], setting[96];
    make_folder(folder);
    snprintf(path, sizeof(path), "%s/contexts", folder);
    snprintf(token, sizeof(token), "%s/token", folder);
    snprintf(text, sizeof(text), "current = a\n[a]\nservers = tcp://127.0.0.1:1\ntoken-file = %s\n", token);
    snprintf(setting, sizeof(setting), "FAM_CTL_CONTEXTS=%s", path);
    char *environ_[] = {setting, NULL};
    write_file(path, text, 0600);
    write_file(token, "fam_secret\n", 0644);
    struct run run = RUN(environ_, "health", "--timeout", "100");
    cr_assert_eq(run.exit_code, FAM_EXIT_USAGE, "%s", run.err);
    cr_assert_not_null(strstr(run.err, "chmod 600"), "%s", run.err);
    cr_assert_null(strstr(run.err, "fam_secret"));
    run_done(&run);
    cr_assert_eq(chmod(token, 0600), 0);
    run = RUN(environ_, "health", "--timeout", "100");
    cr_assert_eq(run.exit_code, FAM_EXIT_UNREACHABLE, "%s", run.err);
    run_done(&run);
    (void)unlink(path);
    (void)unlink(token);
    (void)rmdir(folder);
}

static void assert_shown(const char *line, struct fam_log_filter filter, const char *shown)
{
    fam_auto(fam_buf_done) struct fam_buf buf = {0};
    filter.request_id = filter.request_id == NULL ? "" : filter.request_id;
    filter.since = filter.since == NULL ? "" : filter.since;
    fam_log_show(line, strlen(line), &filter, false, false, &buf);
    cr_assert_str_eq(fam_buf_text(&buf), shown);
}

Test(ctl_logs, an_entry_is_one_readable_line_and_anything_else_passes)
{
    static const char line[] =
        "{\"ts\":\"2026-07-25T10:00:00.000Z\",\"level\":\"warn\",\"program\":\"famserver\",\"source\":"
        "\"rpc\",\"event\":\"call finished\",\"request_id\":\"r1\",\"ms\":3,\"cut\":true}";
    static const char shown[] =
        "2026-07-25T10:00:00.000Z WARN  famserver/rpc: call finished request_id=r1 ms=3 cut=true\n";
    assert_shown(line, (struct fam_log_filter){.level = FAM_LOG_DEBUG}, shown);
    assert_shown(line, (struct fam_log_filter){.level = FAM_LOG_WARN, .request_id = "r1"}, shown);
    assert_shown(line, (struct fam_log_filter){.level = FAM_LOG_ERROR}, "");
    assert_shown(line, (struct fam_log_filter){.request_id = "r2"}, "");
    assert_shown(line, (struct fam_log_filter){.since = "2026-07-25T10:00:00Z"}, shown);
    assert_shown(line, (struct fam_log_filter){.since = "2026-07-25T10:00:01Z"}, "");
    assert_shown("Segmentation\033[31m fault", (struct fam_log_filter){.level = FAM_LOG_ERROR},
                 "Segmentation [31m fault\n");
    assert_shown("{\"level\":7}", (struct fam_log_filter){.level = FAM_LOG_ERROR}, "{\"level\":7}\n");
    assert_shown("[1]", (struct fam_log_filter){.level = FAM_LOG_ERROR}, "[1]\n");
}

Test(ctl_logs, a_time_is_a_date_or_so_long_ago)
{
    char since[32];
    cr_assert(fam_log_since("2026-07-25T10:00:00Z", since));
    cr_assert_str_eq(since, "2026-07-25T10:00:00Z");
    cr_assert(fam_log_since("15m", since));
    cr_assert_eq(since[4], '-');
    cr_assert_not(fam_log_since("yesterday", since));
    cr_assert_not(fam_log_since("15", since));
    cr_assert_not(fam_log_since("15mm", since));
    cr_assert_not(fam_log_since("", since));
}

Test(ctl_logs, files_are_read_and_a_missing_one_is_named)
{
    char folder[32], path[64];
    make_folder(folder);
    snprintf(path, sizeof(path), "%s/log", folder);
    write_file(path, "{\"ts\":\"t\",\"level\":\"info\",\"event\":\"started\"}\nno end of line", 0600);
    struct run run = RUN(nothing, "logs", path);
    cr_assert_eq(run.exit_code, 0, "%s", run.err);
    cr_assert_str_eq(run.out, "t INFO  -/-: started\nno end of line\n");
    run_done(&run);
    run = RUN(nothing, "logs", "-o", "json", "--level", "error", path);
    cr_assert_str_eq(run.out, "no end of line\n");
    run_done(&run);
    run = RUN(nothing, "logs", "/nowhere/log");
    cr_assert_eq(run.exit_code, FAM_EXIT_USAGE);
    cr_assert_not_null(strstr(run.err, "/nowhere/log"));
    run_done(&run);
    (void)unlink(path);
    (void)rmdir(folder);
}

/* Runs a program of the machine on the text; true when it is missing or content, with nothing to say. */
static bool accepts(const char *program, const char *arguments, const char *text)
{
    char folder[32], path[64], command[512];
    make_folder(folder);
    snprintf(path, sizeof(path), "%s/generated", folder);
    write_file(path, text, 0600);
    snprintf(command, sizeof(command),
             "command -v %s >/dev/null || exit 0; out=$(%s %s %s 2>&1 >/dev/null) || exit 1; "
             "test -z \"$out\" || { echo \"$out\" >&2; exit 1; }",
             program, program, arguments, path);
    int code = system(command); /* NOLINT(cert-env33-c): fixed programs, a path of our own */
    (void)unlink(path);
    (void)rmdir(folder);
    return code == 0;
}

Test(ctl_generated, every_shell_accepts_its_script, .timeout = 60)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(shells); i++) {
        struct run run = RUN(nothing, "completion", shells[i]);
        cr_assert_eq(run.exit_code, 0, "%s", run.err);
        for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
            cr_assert_not_null(strstr(run.out, command->group), "%s lacks %s", shells[i], command->group);
        }
        cr_assert(accepts(shells[i], "-n", run.out), "%s", shells[i]);
        run_done(&run);
    }
}

Test(ctl_generated, manual_pages_are_good_roff, .timeout = 120)
{
    struct run run = RUN(nothing, "man");
    cr_assert_eq(run.exit_code, 0, "%s", run.err);
    cr_assert(accepts("groff", "-man -Tutf8 -ww", run.out));
    run_done(&run);
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        run = RUN(nothing, "man", command->group);
        cr_assert_eq(run.exit_code, 0, "%s", run.err);
        cr_assert_not_null(strstr(run.out, ".SH NAME"));
        run_done(&run);
    }
    run = RUN(nothing, "man", "nothing");
    cr_assert_eq(run.exit_code, FAM_EXIT_USAGE);
    run_done(&run);
}

static char *read_docs(const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), FAM_SOURCE_DIR "/%s", name);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    char *text = calloc(1, 256 * 1024);
    cr_assert_not_null(text);
    (void)!fread(text, 1, 256 * 1024 - 1, file);
    fclose(file);
    return text;
}

Test(ctl_generated, a_manual_page_of_every_command_is_installed)
{
    char *list = read_docs("ctl/CMakeLists.txt");
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        cr_assert_not_null(strstr(list, command->group), "%s", command->group);
    }
    free(list);
}

/* Words as a shell sees them: spaces, single and double quotes, a # or a pipe ends the line. */
static int split(char *line, char *ret_words[WORDS])
{
    int count = 0;
    char *at = line;
    while (*at != '\0' && count < WORDS) {
        at += strspn(at, " ");
        if (*at == '\0' || *at == '#' || *at == '|' || *at == '>' || *at == '<') {
            break;
        }
        const char *end = *at == '\'' ? "'" : *at == '"' ? "\"" : " ";
        at += *end == ' ' ? 0 : 1;
        ret_words[count++] = at;
        at += strcspn(at, end);
        if (*at != '\0') {
            *at++ = '\0';
        }
    }
    return count;
}

Test(ctl_docs, every_command_line_of_the_page_is_one)
{
    char *page = read_docs("docs/famctl.md");
    char *rest = NULL;
    size_t lines = 0;
    for (char *line = strtok_r(page, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char *words[WORDS];
        char shown[256];
        struct fam_parsed parsed;
        struct fam_status status = {0};
        char *piped = strstr(line, "| famctl ");
        if (strncmp(line, "    ", 4) != 0 || line[4] == '$' ||
            (piped == NULL && strncmp(line + 4, "famctl ", 7) != 0)) {
            continue;
        }
        char *start = piped == NULL ? line + 4 : piped + 2;
        snprintf(shown, sizeof(shown), "%s", start);
        int count = split(start, words);
        cr_assert_eq(fam_command_parse(count, words, &parsed, &status), FAM_OK, "%s: %s", shown, status.message);
        lines++;
    }
    cr_assert_geq(lines, 25);
    free(page);
}

Test(ctl_docs, the_page_names_every_command)
{
    char *page = read_docs("docs/famctl.md");
    for (const struct fam_command *command = fam_commands; command->group != NULL; command++) {
        char name[64];
        snprintf(name, sizeof(name), "`famctl %s%s%s", command->group, command->verb == NULL ? "" : " ",
                 command->verb == NULL ? "" : command->verb);
        cr_assert_not_null(strstr(page, name), "%s", name);
    }
    free(page);
}

Test(ctl_registry, every_method_and_message_is_found_by_each_of_its_names)
{
    cr_assert_not_null(fam_registry_find_method("fam.v1.OpsService/Health").method);
    cr_assert_not_null(fam_registry_find_method("OpsService/Health").method);
    cr_assert_str_eq(fam_registry_find_method("Health").method->name, "Health");
    cr_assert_null(fam_registry_find_method("Ops/Health").method);
    cr_assert_null(fam_registry_find_method("").method);
    cr_assert_not_null(fam_registry_find_message("Entry"));
    cr_assert_not_null(fam_registry_find_message("fam.v1.Reading"));
    cr_assert_null(fam_registry_find_message("fam.v1."));
    cr_assert_not_null(fam_registry_find_enum("Emotion"));
}
