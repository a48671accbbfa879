/* proc.c: see proc.h. */
#include "proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { POLL_MS = 10, RUN_LIMIT_MS = 600000, LONGEST_TMPDIR = 40 };
enum { PORT_FIRST = 10240, PORT_END = 32768 };

/* Everything that the child needs, prepared before vfork, so that it makes system calls only. */
enum { ARGUMENTS_MAX = 64 };

struct launch {
    const char *path;
    char *const *argv;
    char *const *env;
    int in, out, err; /* -1: stays as it is */
    bool drop;
    uid_t uid;
    gid_t gid;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void sleep_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static const char *tmp_root(void)
{
    const char *root = getenv("TMPDIR");
    return root && root[0] == '/' && strlen(root) <= LONGEST_TMPDIR ? root : "/tmp";
}

bool proc_tmpdir(char *ret_path, size_t size)
{
    int length = snprintf(ret_path, size, "%s/fam-XXXXXX", tmp_root());
    if (length < 0 || (size_t)length >= size || !mkdtemp(ret_path))
        return false;
    if (chmod(ret_path, 0711) == 0)
        return true;
    rmdir(ret_path);
    return false;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)walk;
    if (type == FTW_DP || type == FTW_DNR)
        (void)rmdir(path);
    else
        (void)unlink(path);
    return 0;
}

void proc_rmtree(const char *path)
{
    const char *name = path ? strrchr(path, '/') : NULL;
    size_t root = strlen(tmp_root());
    if (!name || strncmp(name, "/fam-", 5) != 0 || strlen(name) != strlen("/fam-XXXXXX"))
        return;
    if ((size_t)(name - path) != root || strncmp(path, tmp_root(), root) != 0)
        return;
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Runs in the child of a vfork: the memory is the parent's, so nothing but system calls; raw ones for the ids, because
 * glibc's would change every thread of the parent. */
static void __attribute__((noreturn)) become(const struct launch *launch, pid_t parent)
{
    static const gid_t no_groups[1];
    sigset_t none;
    sigemptyset(&none);
    if ((launch->in >= 0 && dup2(launch->in, 0) < 0) || (launch->out >= 0 && dup2(launch->out, 1) < 0) ||
        (launch->err >= 0 && dup2(launch->err, 2) < 0))
        _exit(127);
    if (launch->drop && (syscall(SYS_setgroups, 0, no_groups) != 0 || syscall(SYS_setgid, launch->gid) != 0 ||
                         syscall(SYS_setuid, launch->uid) != 0))
        _exit(127);
    /* After the ids: changing them clears it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(127);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* The test's sockets and the runner's pipes are none of its business. */
    syscall(SYS_close_range, 3U, ~0U, 0U);
    execve(launch->path, launch->argv, launch->env);
    _exit(127);
}

/* vfork and not fork: nng's fork handler aborts the child of a process that has used it. */
static pid_t __attribute__((noinline)) launch_child(const struct launch *launch)
{
    pid_t parent = getpid();
    pid_t pid = vfork();
    if (pid == 0)
        become(launch, parent);
    return pid;
}

static bool user_of(const char *as_user, struct launch *launch)
{
    struct passwd entry, *found = NULL;
    char text[4096];
    if (!as_user || geteuid() != 0)
        return true;
    if (getpwnam_r(as_user, &entry, text, sizeof(text), &found) != 0 || !found)
        return false;
    launch->drop = true;
    launch->uid = entry.pw_uid;
    launch->gid = entry.pw_gid;
    return true;
}

/* The first of name.out, name-2.out, … that is not there, so that a restart keeps what was written before. */
static int open_log(const char *dir, const char *name, const char *kind, const struct launch *launch,
                    char ret_path[256])
{
    for (int i = 1; i <= 1000; i++) {
        char number[16] = "";
        if (i > 1)
            snprintf(number, sizeof(number), "-%d", i);
        int length = snprintf(ret_path, 256, "%s/%s%s.%s", dir, name, number, kind);
        if (length < 0 || length >= 256)
            return -1;
        int fd = open(ret_path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
        if (fd < 0 && errno == EEXIST)
            continue;
        if (fd >= 0 && launch->drop && fchown(fd, launch->uid, launch->gid) != 0) {
            close(fd);
            return -1;
        }
        return fd;
    }
    return -1;
}

static bool find_in(const char *folder, size_t length, const char *name, char *ret_path, size_t size)
{
    struct stat info;
    int written = snprintf(ret_path, size, "%.*s/%s", (int)length, folder, name);
    return written > 0 && (size_t)written < size && access(ret_path, X_OK) == 0 && stat(ret_path, &info) == 0 &&
           S_ISREG(info.st_mode);
}

static bool find_postgres_program(const char *name, char *ret_path, size_t size)
{
    DIR *dir = opendir("/usr/lib/postgresql");
    long newest = 0;
    if (!dir)
        return false;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        char folder[64], path[256];
        long version = strtol(entry->d_name, NULL, 10);
        int length = snprintf(folder, sizeof(folder), "/usr/lib/postgresql/%ld/bin", version);
        if (version > newest && find_in(folder, (size_t)length, name, path, sizeof(path)) && strlen(path) < size) {
            newest = version;
            memcpy(ret_path, path, strlen(path) + 1);
        }
    }
    closedir(dir);
    return newest > 0;
}

bool proc_find_program(const char *name, char *ret_path, size_t size)
{
    const char *path = getenv("PATH");
    if (strchr(name, '/')) {
        int length = snprintf(ret_path, size, "%s", name);
        return length > 0 && (size_t)length < size && access(name, X_OK) == 0;
    }
    for (const char *at = path ? path : "/usr/local/bin:/usr/bin:/bin:/usr/sbin"; *at;) {
        size_t length = strcspn(at, ":");
        if (length && find_in(at, length, name, ret_path, size))
            return true;
        at += length + (at[length] == ':');
    }
    return find_postgres_program(name, ret_path, size);
}

bool proc_start(struct proc *proc, const char *dir, const char *name, const char *const argv[], const char *const env[],
                const char *as_user)
{
    char path[512];
    /* The whole path as argv[0]: initdb looks for postgres beside itself. */
    const char *words[ARGUMENTS_MAX + 1] = {path};
    for (size_t i = 1; argv[i - 1]; i++) {
        if (i > ARGUMENTS_MAX)
            return false;
        words[i] = argv[i];
    }
    struct launch launch = {.path = path, .argv = (char *const *)words, .env = env ? (char *const *)env : environ};
    memset(proc, 0, sizeof(*proc));
    if (!proc_find_program(argv[0], path, sizeof(path)) || !user_of(as_user, &launch))
        return false;
    launch.in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    launch.out = open_log(dir, name, "out", &launch, proc->out_path);
    launch.err = open_log(dir, name, "err", &launch, proc->err_path);
    pid_t pid = launch.in < 0 || launch.out < 0 || launch.err < 0 ? -1 : launch_child(&launch);
    if (launch.in >= 0)
        close(launch.in);
    if (launch.out >= 0)
        close(launch.out);
    if (launch.err >= 0)
        close(launch.err);
    proc->pid = pid > 0 ? pid : 0;
    return pid > 0;
}

static int exit_code(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Reaps within `timeout_ms`. False when it still runs. */
static bool reap(pid_t pid, int timeout_ms, int *ret_code)
{
    uint64_t end = now_ms() + (uint64_t)timeout_ms;
    for (;;) {
        int status = 0;
        pid_t got = waitpid(pid, &status, WNOHANG);
        if (got == pid || (got < 0 && errno != EINTR)) {
            *ret_code = got == pid ? exit_code(status) : -1;
            return true;
        }
        if (now_ms() >= end)
            return false;
        sleep_ms(5);
    }
}

int proc_stop(struct proc *proc, int signal_number, int timeout_ms)
{
    int code = -1;
    pid_t pid = proc->pid;
    if (pid <= 0)
        return -1;
    proc->pid = 0;
    kill(pid, signal_number);
    /* A stopped process takes only SIGKILL. */
    if (signal_number != SIGKILL)
        kill(pid, SIGCONT);
    if (!reap(pid, timeout_ms, &code)) {
        kill(pid, SIGKILL);
        (void)reap(pid, 10000, &code);
    }
    return code;
}

bool proc_is_running(struct proc *proc)
{
    siginfo_t info = {0};
    if (proc->pid <= 0)
        return false;
    /* WNOWAIT leaves the exit status for proc_stop. */
    return waitid(P_PID, (id_t)proc->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
}

/* The talk with a child of proc_run. */
struct pipes {
    int in;  /* write end; -1: closed */
    int out; /* read end; -1: at its end */
    const char *input;
    size_t input_left;
    char *text;
    size_t used, size;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Moves what can be moved within `timeout_ms`. Returns whether something was read. */
static bool pump(struct pipes *pipes, int timeout_ms)
{
    struct pollfd fds[2] = {{.fd = pipes->out, .events = POLLIN}, {.fd = pipes->in, .events = POLLOUT}};
    char chunk[8192];
    if (poll(fds, 2, timeout_ms) <= 0)
        return false;
    if (fds[1].revents) {
        ssize_t n = write(pipes->in, pipes->input, pipes->input_left);
        if (n > 0) {
            pipes->input += n;
            pipes->input_left -= (size_t)n;
        }
        if ((n < 0 && errno != EAGAIN) || pipes->input_left == 0)
            close_fd(&pipes->in);
    }
    if (!fds[0].revents)
        return false;
    ssize_t n = read(pipes->out, chunk, sizeof(chunk));
    if (n == 0 || (n < 0 && errno != EAGAIN))
        close_fd(&pipes->out);
    if (n <= 0)
        return false;
    size_t take = (size_t)n < pipes->size - pipes->used ? (size_t)n : pipes->size - pipes->used;
    memcpy(pipes->text + pipes->used, chunk, take);
    pipes->used += take;
    return true;
}

static int talk(struct pipes *pipes, pid_t pid)
{
    uint64_t end = now_ms() + RUN_LIMIT_MS;
    int code = -1;
    if (pipes->input_left == 0)
        close_fd(&pipes->in);
    while (!reap(pid, 0, &code)) {
        if (now_ms() >= end)
            kill(pid, SIGKILL);
        if (pipes->in < 0 && pipes->out < 0)
            sleep_ms(POLL_MS);
        else
            (void)pump(pipes, POLL_MS);
    }
    /* What is in the pipe, and no waiting for a grandchild that holds it. */
    close_fd(&pipes->in);
    while (pipes->out >= 0 && pump(pipes, 0))
        ;
    return code;
}

int proc_run(const char *const argv[], const char *const env[], const char *input, char *ret_out, size_t size)
{
    char path[512], nowhere[1];
    int in[2] = {-1, -1}, out[2] = {-1, -1}, code = -1;
    struct launch launch = {
        .path = path, .argv = (char *const *)argv, .env = env ? (char *const *)env : environ, .err = -1};
    struct pipes pipes = {.input = input, .input_left = input ? strlen(input) : 0};
    pipes.text = ret_out ? ret_out : nowhere;
    pipes.size = ret_out && size ? size - 1 : 0;
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    if (proc_find_program(argv[0], path, sizeof(path)) && pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0) {
        launch.in = in[0];
        launch.out = out[1];
        fcntl(in[1], F_SETFL, O_NONBLOCK);
        fcntl(out[0], F_SETFL, O_NONBLOCK);
        pid_t pid = launch_child(&launch);
        close_fd(&in[0]);
        close_fd(&out[1]);
        pipes.in = in[1];
        pipes.out = out[0];
        if (pid > 0)
            code = talk(&pipes, pid);
        in[1] = pipes.in;
        out[0] = pipes.out;
    }
    for (int i = 0; i < 2; i++) {
        close_fd(&in[i]);
        close_fd(&out[i]);
    }
    signal(SIGPIPE, before);
    if (ret_out && size)
        ret_out[pipes.used] = '\0';
    return code;
}

bool proc_wait_until(bool (*ready)(void *context), void *context, int timeout_ms)
{
    uint64_t end = now_ms() + (uint64_t)timeout_ms;
    for (;;) {
        if (ready(context))
            return true;
        if (now_ms() >= end)
            return false;
        sleep_ms(POLL_MS);
    }
}

/* An abstract socket's name is this process's until it ends, without a file to leave behind: two tests that run at once
 * never get the same port. Its fd stays open for that; CLOEXEC keeps it from the programs under test. */
static bool reserve_port(uint16_t port)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int length = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "fam-test-port-%u", port);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    if (bind(fd, (struct sockaddr *)&name, size) == 0)
        return true;
    close(fd);
    return false;
}

static bool can_bind(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool is_free = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return is_free;
}

uint16_t proc_free_port(void)
{
    enum { TRIES = 1000 };
    for (int i = 0; i < TRIES; i++) {
        uint16_t random = 0;
        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
            return 0;
        uint16_t port = (uint16_t)(PORT_FIRST + random % (PORT_END - PORT_FIRST));
        if (can_bind(port) && reserve_port(port))
            return port;
    }
    return 0;
}

char *proc_read_file(const char *path)
{
    enum { LARGEST = 64 << 20 };
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t used = 0, size = 4096;
    if (!file)
        return NULL;
    for (;;) {
        char *larger = size <= LARGEST ? realloc(text, size + 1) : NULL;
        if (!larger)
            break;
        text = larger;
        used += fread(text + used, 1, size - used, file);
        if (used < size && !ferror(file)) {
            fclose(file);
            text[used] = '\0';
            return text;
        }
        if (ferror(file))
            break;
        size *= 2;
    }
    fclose(file);
    free(text);
    return NULL;
}
