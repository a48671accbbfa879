/* logs: lines of files, of standard input, or of the journal; on and on with --follow. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "commands/commands.h"
#include "context.h"
#include "ctl.h"
#include "logs.h"

enum { PIECE = 64 * 1024, LOOK_AGAIN_MS = 200 };

struct tail {
    struct fam_ctl *ctl;
    struct fam_log_filter filter;
    char since[32];
    bool raw;
    char line[FAM_LOG_LINE_MAX + 1];
    size_t size;
    struct fam_buf shown;
};

/* One file that is followed: it may grow, shrink, or be replaced by another one of its name. */
struct source {
    const char *path;
    int fd;
    struct stat info;
};

static void end_line(struct tail *tail)
{
    fam_log_show(tail->line, tail->size, &tail->filter, tail->raw, tail->ctl->io->style.colour, &tail->shown);
    tail->size = 0;
}

static enum fam_code feed(struct tail *tail, const char *data, size_t size, struct fam_status *status)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\n') {
            end_line(tail);
            continue;
        }
        if (tail->size == FAM_LOG_LINE_MAX) {
            end_line(tail);
        }
        tail->line[tail->size++] = data[i];
    }
    if (tail->shown.failed) {
        return fam_fail_memory(status);
    }
    enum fam_code code = fam_ctl_write(tail->ctl, fam_buf_text(&tail->shown), tail->shown.size, status);
    fam_buf_clear(&tail->shown);
    return code;
}

/* Everything that is there now. From a pipe that is until its writer ends: the operator at the terminal decides how
 * long. */
static enum fam_code drain(struct tail *tail, int fd, struct fam_status *status)
{
    char piece[PIECE];
    for (;;) {
        ssize_t got = read(fd, piece, sizeof(piece));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fam_fail(status, FAM_UNKNOWN, "the log can't be read: %s", strerror(errno));
        }
        if (got == 0) {
            return FAM_OK;
        }
        enum fam_code code = feed(tail, piece, (size_t)got, status);
        if (code != FAM_OK) {
            return code;
        }
    }
}

static enum fam_code finish(struct tail *tail, struct fam_status *status)
{
    return tail->size > 0 ? feed(tail, "\n", 1, status) : FAM_OK;
}

static enum fam_code open_source(struct source *source, struct fam_status *status)
{
    source->fd = open(source->path, O_RDONLY | O_CLOEXEC);
    if (source->fd < 0 || fstat(source->fd, &source->info) != 0) {
        return fam_usage(status, "the file %.160s can't be read: %s", source->path, strerror(errno));
    }
    return FAM_OK;
}

/* After a rotation goes on with the new file, after a truncation from the start. */
static void look_again(struct source *source)
{
    struct stat now;
    off_t at = lseek(source->fd, 0, SEEK_CUR);
    if (fstat(source->fd, &now) == 0 && S_ISREG(now.st_mode) && at > now.st_size) {
        (void)lseek(source->fd, 0, SEEK_SET);
    }
    if (stat(source->path, &now) == 0 && (now.st_ino != source->info.st_ino || now.st_dev != source->info.st_dev)) {
        int fd = open(source->path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            (void)close(source->fd);
            source->fd = fd;
            source->info = now;
        }
    }
}

static enum fam_code read_files(struct tail *tail, struct source *sources, size_t count, bool follow,
                                struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        code = drain(tail, sources[i].fd, status);
        if (code == FAM_OK && (!follow || count > 1)) {
            code = finish(tail, status);
        }
    }
    while (code == FAM_OK && follow) {
        (void)poll(NULL, 0, LOOK_AGAIN_MS);
        for (size_t i = 0; code == FAM_OK && i < count; i++) {
            code = drain(tail, sources[i].fd, status);
            look_again(&sources[i]);
        }
        if (code == FAM_OK && ferror(tail->ctl->io->out)) {
            code = fam_fail(status, FAM_CANCELLED, "the answer can't be written");
        }
    }
    return code;
}

static enum fam_code run_files(struct tail *tail, char *const *paths, size_t count, bool follow,
                               struct fam_status *status)
{
    struct source sources[FAM_CTL_ARGUMENTS];
    size_t opened = 0;
    enum fam_code code = FAM_OK;
    for (; code == FAM_OK && opened < count; opened++) {
        sources[opened] = (struct source){.path = paths[opened], .fd = -1};
        code = open_source(&sources[opened], status);
    }
    if (code == FAM_OK) {
        code = read_files(tail, sources, count, follow, status);
    }
    for (size_t i = 0; i < opened; i++) {
        if (sources[i].fd >= 0) {
            (void)close(sources[i].fd);
        }
    }
    return code;
}

static enum fam_code run_stream(struct tail *tail, FILE *in, struct fam_status *status)
{
    char *line = NULL;
    size_t room = 0;
    enum fam_code code = FAM_OK;
    int fd = fileno(in);
    if (fd >= 0) {
        code = drain(tail, fd, status);
    } else {
        ssize_t got = 0;
        while (code == FAM_OK && (got = getline(&line, &room, in)) > 0) {
            code = feed(tail, line, (size_t)got, status);
        }
        free(line);
    }
    return code == FAM_OK ? finish(tail, status) : code;
}

/* Starts journalctl with its output in *ret_fd. The journal's own lines are ours: -o cat leaves them as they are. */
static enum fam_code start_journal(bool follow, pid_t *ret_child, int *ret_fd, struct fam_status *status)
{
    int ends[2];
    posix_spawn_file_actions_t actions;
    char follow_word[] = "-f";
    char *const words[] = {(char[]){"journalctl"},
                           (char[]){"-o"},
                           (char[]){"cat"},
                           (char[]){"--no-pager"},
                           (char[]){"-u"},
                           (char[]){"famserver"},
                           follow ? follow_word : NULL,
                           NULL};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return fam_fail(status, FAM_UNKNOWN, "journalctl can't be started: %s", strerror(errno));
    }
    int error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        error = error != 0 ? error : posix_spawnp(ret_child, "journalctl", &actions, NULL, words, environ);
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    (void)close(ends[1]);
    if (error != 0) {
        (void)close(ends[0]);
        return error == ENOENT
                   ? fam_usage(status, "there is no journalctl here: name a FILE, or give the log on standard input")
                   : fam_fail(status, FAM_UNKNOWN, "journalctl can't be started: %s", strerror(error));
    }
    *ret_fd = ends[0];
    return FAM_OK;
}

static enum fam_code run_journal(struct tail *tail, bool follow, struct fam_status *status)
{
    int fd = -1;
    int ended = 0;
    pid_t child = 0;
    enum fam_code code = start_journal(follow, &child, &fd, status);
    if (code != FAM_OK) {
        return code;
    }
    code = drain(tail, fd, status);
    (void)close(fd);
    /* It may still be following, for a reader that has gone, or hang. It only reads: nothing is lost, and what can't be
     * caught is waited for in vain by nobody. */
    (void)kill(child, SIGKILL);
    while (waitpid(child, &ended, 0) < 0 && errno == EINTR) {
    }
    return code == FAM_OK ? finish(tail, status) : code;
}

static enum fam_code read_flags(struct tail *tail, struct fam_status *status)
{
    const struct fam_parsed *parsed = tail->ctl->parsed;
    const char *level = fam_parsed_value(parsed, "--level");
    const char *request_id = fam_parsed_value(parsed, "--request");
    const char *since = fam_parsed_value(parsed, "--since");
    const char *format = fam_parsed_value(parsed, "--output");
    tail->filter.level = FAM_LOG_DEBUG;
    if (level != NULL) {
        (void)fam_log_level_parse(level, &tail->filter.level);
    }
    tail->filter.request_id = request_id == NULL ? "" : request_id;
    if (since != NULL && !fam_log_since(since, tail->since)) {
        return fam_usage(status, "--since \"%.32s\" is no time: 2026-07-25T10:00:00Z, or 90s, 15m, 2h, 3d ago", since);
    }
    tail->filter.since = tail->since;
    tail->raw = format != NULL && strcmp(format, "json") == 0;
    return FAM_OK;
}

enum fam_code fam_ctl_logs(struct fam_ctl *ctl, struct fam_status *status)
{
    struct tail *tail = calloc(1, sizeof(*tail));
    if (tail == NULL) {
        return fam_fail_memory(status);
    }
    tail->ctl = ctl;
    bool follow = fam_parsed_value(ctl->parsed, "--follow") != NULL;
    size_t count = ctl->parsed->argument_count;
    bool dash = count == 1 && strcmp(ctl->parsed->arguments[0], "-") == 0;
    enum fam_code code = read_flags(tail, status);
    if (code == FAM_OK && count > 0 && !dash) {
        code = run_files(tail, ctl->parsed->arguments, count, follow, status);
    } else if (code == FAM_OK && (dash || !ctl->io->in_terminal)) {
        code = run_stream(tail, ctl->io->in, status);
    } else if (code == FAM_OK) {
        code = run_journal(tail, follow, status);
    }
    fam_buf_done(&tail->shown);
    free(tail);
    ctl->out.streamed = true;
    return code;
}
