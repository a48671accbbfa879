/* crash.c: see crash.h. Everything below on_crash is async-signal-safe: system calls, and backtrace(), which was made
 * ready at the start (it loads libgcc once) and takes no lock since glibc 2.35. */
#include "base/crash.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum {
    PATH_SIZE = 4096,
    STACK_SIZE = 64 * 1024,
    ENVIRONMENT_MAX = 16,
    CHUNK_SIZE = 4096,
    POLL_MS = 5,
    TRACE_EXTRA = 16
};

static const int SIGNALS[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static struct {
    atomic_int thread; /* the one that crashed first; 0: none */
    char helper[PATH_SIZE];
    char program[FAM_CRASH_NAME_SIZE];
    char *arguments[2];
    char *environment[ENVIRONMENT_MAX + 1];
    int freeze_signal;
    bool installed; /* written before other threads are there */
    _Alignas(16) char stack[STACK_SIZE];
} crash;

/* ---- in the handler ---- */

static uint64_t now_ms(void)
{
    struct timespec now = {.tv_sec = 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static pid_t thread_id(void)
{
    return (pid_t)syscall(SYS_gettid);
}

/* For ever: whoever comes here must not go on with what may be broken. The process ends by the thread that crashed. */
static void stand_still(void)
{
    for (;;) {
        (void)pause();
    }
}

static void on_freeze(int signal_number)
{
    (void)signal_number;
    stand_still();
}

/* getdents64's record, which no header has. */
struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short size;
    unsigned char type;
    char name[];
};

static pid_t number_of(const char *name)
{
    pid_t number = 0;
    for (; *name >= '0' && *name <= '9' && number < 100000000; name++) {
        number = number * 10 + (*name - '0');
    }
    return *name == '\0' ? number : 0;
}

/* Tells the other threads to stand still. One that blocks all signals (libraries have such) goes on. */
static void freeze_others(pid_t self)
{
    _Alignas(struct entry) char entries[CHUNK_SIZE];
    int fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long got = 0;
    while (fd >= 0 && (got = syscall(SYS_getdents64, fd, entries, sizeof(entries))) > 0) {
        for (long at = 0; at < got;) {
            const struct entry *entry = (const struct entry *)(const void *)(entries + at);
            pid_t thread = number_of(entry->name);
            if (thread > 0 && thread != self) {
                (void)syscall(SYS_tgkill, getpid(), thread, crash.freeze_signal);
            }
            at += entry->size;
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

static uint64_t pc_of(const void *context)
{
    const ucontext_t *interrupted = context;
#if defined(__x86_64__)
    return (uint64_t)interrupted->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return (uint64_t)interrupted->uc_mcontext.pc;
#else
    (void)interrupted;
    return 0;
#endif
}

/* A call to where no code is (through a NULL, say) can't be unwound: the word on top of the stack is then the caller.
 * famcrash drops it unless it points into code. */
static uint64_t caller_of(const void *context)
{
    uint64_t word = 0;
#if defined(__x86_64__)
    const ucontext_t *interrupted = context;
    struct iovec ours = {.iov_base = &word, .iov_len = sizeof(word)};
    struct iovec theirs = {.iov_base = (void *)(uintptr_t)interrupted->uc_mcontext.gregs[REG_RSP],
                           .iov_len = sizeof(word)};
    if (process_vm_readv(getpid(), &ours, 1, &theirs, 1, 0) != (ssize_t)sizeof(word)) {
        return 0;
    }
#elif defined(__aarch64__)
    word = ((const ucontext_t *)context)->uc_mcontext.regs[30];
#else
    (void)context;
#endif
    return word;
}

/* In the child: becomes famcrash, with the pipe as its input and our standard error. */
static void become_helper(int input)
{
    sigset_t none;
    (void)sigemptyset(&none);
    if (dup2(input, STDIN_FILENO) == STDIN_FILENO && syscall(SYS_close_range, 3u, ~0u, 0u) == 0) {
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)execve(crash.helper, crash.arguments, crash.environment);
    }
    _exit(127);
}

/* False when the helper does not read, or the time is over. */
static bool send(int fd, const void *data, size_t size, uint64_t until_ms)
{
    const char *at = data;
    while (size > 0) {
        ssize_t wrote = write(fd, at, size);
        if (wrote > 0) {
            at += wrote;
            size -= (size_t)wrote;
            continue;
        }
        uint64_t now = now_ms();
        struct pollfd writable = {.fd = fd, .events = POLLOUT};
        if (wrote == 0 || (errno != EAGAIN && errno != EINTR) || now >= until_ms ||
            poll(&writable, 1, (int)(until_ms - now)) < 0) {
            return false;
        }
    }
    return true;
}

static bool send_maps(int pipe_end, uint64_t until_ms)
{
    char chunk[CHUNK_SIZE];
    size_t sent = 0;
    ssize_t got = 0;
    bool good = true;
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    while (good && fd >= 0 && sent < FAM_CRASH_MAPS_MAX - sizeof(chunk) && (got = read(fd, chunk, sizeof(chunk))) > 0) {
        good = send(pipe_end, chunk, (size_t)got, until_ms);
        sent += (size_t)got;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return good && send(pipe_end, "", 1, until_ms);
}

/* The last step, for a stack that is broken may end the process here; by then the helper knows the rest. What lies
 * above the interrupted instruction is this handler. */
static void send_addresses(int pipe_end, uint64_t pc, const void *context, uint64_t until_ms)
{
    void *found[FAM_CRASH_ADDRESSES_MAX + TRACE_EXTRA];
    uint64_t addresses[FAM_CRASH_ADDRESSES_MAX];
    int count = backtrace(found, FAM_CRASH_ADDRESSES_MAX + TRACE_EXTRA);
    int first = 0;
    while (first < count && (uint64_t)(uintptr_t)found[first] != pc) {
        first++;
    }
    size_t size = 0;
    if (first == count) {
        addresses[size++] = caller_of(context);
    }
    for (int i = first + 1; i < count && size < FAM_CRASH_ADDRESSES_MAX; i++) {
        addresses[size++] = (uint64_t)(uintptr_t)found[i];
    }
    (void)send(pipe_end, addresses, size * sizeof(addresses[0]), until_ms);
}

static void fill_head(struct fam_crash_head *head, int signal_number, const siginfo_t *info, const void *context)
{
    memset(head, 0, sizeof(*head));
    memcpy(head->magic, FAM_CRASH_MAGIC, sizeof(head->magic));
    head->signal = signal_number;
    head->code = info->si_code;
    head->address = info->si_code > 0 ? (uint64_t)(uintptr_t)info->si_addr : 0;
    head->pc = pc_of(context);
    memcpy(head->program, crash.program, sizeof(head->program));
    (void)prctl(PR_GET_NAME, head->thread);
}

static void await(pid_t helper, uint64_t until_ms)
{
    const struct timespec step = {.tv_nsec = POLL_MS * 1000000L};
    int status = 0;
    pid_t ended = 0;
    while ((ended = waitpid(helper, &status, WNOHANG)) == 0 && now_ms() < until_ms) {
        (void)nanosleep(&step, NULL);
    }
    if (ended == 0) {
        (void)kill(helper, SIGKILL);
        (void)waitpid(helper, &status, 0);
    }
}

static void report(int signal_number, const siginfo_t *info, const void *context)
{
    struct fam_crash_head head;
    int ends[2];
    uint64_t until_ms = now_ms() + FAM_CRASH_WAIT_MS;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return;
    }
    pid_t helper = _Fork(); /* without the handlers of pthread_atfork, which are anything but safe here */
    if (helper == 0) {
        become_helper(ends[0]);
    }
    (void)close(ends[0]);
    if (helper > 0) {
        fill_head(&head, signal_number, info, context);
        (void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
        if (send(ends[1], &head, sizeof(head), until_ms) && send_maps(ends[1], until_ms)) {
            send_addresses(ends[1], head.pc, context, until_ms);
        }
    }
    (void)close(ends[1]);
    if (helper > 0) {
        await(helper, until_ms);
    }
}

static void on_crash(int signal_number, siginfo_t *info, void *context)
{
    int nobody = 0;
    int error = errno;
    pid_t self = thread_id();
    if (!atomic_compare_exchange_strong(&crash.thread, &nobody, self)) {
        stand_still();
    }
    freeze_others(self);
    report(signal_number, info, context);
    if (getpid() == 1) {
        _exit(128 + signal_number); /* a container's first process ignores what has no handler, and would go on */
    }
    struct sigaction fallback = {.sa_handler = SIG_DFL};
    (void)sigaction(signal_number, &fallback, NULL);
    /* Waits while we are here, and strikes where the program was interrupted: the core shows that place. */
    (void)syscall(SYS_tgkill, getpid(), self, signal_number);
    errno = error;
}

/* ---- at the start ---- */

static bool find_helper(void)
{
    ssize_t size = readlink("/proc/self/exe", crash.helper, sizeof(crash.helper) - sizeof("famcrash"));
    if (size <= 0 || (size_t)size >= sizeof(crash.helper) - sizeof("famcrash")) {
        return false;
    }
    crash.helper[size] = '\0';
    char *slash = strrchr(crash.helper, '/');
    if (slash == NULL) {
        return false;
    }
    memcpy(slash + 1, "famcrash", sizeof("famcrash"));
    return access(crash.helper, X_OK) == 0;
}

/* "NAME=value" of what famcrash reads. False: no memory. */
static bool copy_environment(void)
{
    static const char *const NAMES[] = {FAM_CRASH_ENVIRONMENT};
    _Static_assert(FAM_ARRAY_SIZE(NAMES) <= ENVIRONMENT_MAX, "room for all of them");
    size_t count = 0;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(NAMES); i++) {
        const char *value = getenv(NAMES[i]);
        size_t name_size = strlen(NAMES[i]);
        size_t value_size = value == NULL ? 0 : strlen(value);
        char *entry = value == NULL ? NULL : malloc(name_size + value_size + 2);
        if (value != NULL && entry == NULL) {
            return false;
        }
        if (entry != NULL) {
            memcpy(entry, NAMES[i], name_size);
            entry[name_size] = '=';
            memcpy(entry + name_size + 1, value, value_size + 1);
            crash.environment[count++] = entry;
        }
    }
    crash.environment[count] = NULL;
    return true;
}

static bool set_handlers(void)
{
    const stack_t stack = {.ss_sp = crash.stack, .ss_size = sizeof(crash.stack)};
    struct sigaction freeze = {.sa_handler = on_freeze, .sa_flags = SA_RESTART};
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    (void)sigfillset(&freeze.sa_mask);
    (void)sigfillset(&action.sa_mask); /* a fault within the handler ends the process at once */
    crash.freeze_signal = SIGRTMAX - 1;
    bool good = sigaltstack(&stack, NULL) == 0 && sigaction(crash.freeze_signal, &freeze, NULL) == 0;
    for (size_t i = 0; good && i < FAM_ARRAY_SIZE(SIGNALS); i++) {
        good = sigaction(SIGNALS[i], &action, NULL) == 0;
    }
    return good;
}

enum fam_code fam_crash_install(const char *program, struct fam_status *status)
{
    void *primed[4];
    if (SANITIZED) {
        return FAM_OK;
    }
    size_t size = strnlen(program, sizeof(crash.program) - 1);
    memcpy(crash.program, program, size);
    crash.arguments[0] = crash.helper;
    if (!find_helper()) {
        return fam_fail(status, FAM_NOT_FOUND, "famcrash is not beside the program: crashes are not reported");
    }
    if (!copy_environment()) {
        return fam_fail_memory(status);
    }
    if (backtrace(primed, (int)FAM_ARRAY_SIZE(primed)) <= 0 || !set_handlers()) {
        return fam_fail(status, FAM_INTERNAL, "the handlers for crashes can't be set");
    }
    crash.installed = true;
    return FAM_OK;
}

void *fam_crash_thread_begin(void)
{
    if (!crash.installed) {
        return NULL;
    }
    void *memory = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    const stack_t stack = {.ss_sp = memory, .ss_size = STACK_SIZE};
    if (sigaltstack(&stack, NULL) != 0) {
        (void)munmap(memory, STACK_SIZE);
        return NULL;
    }
    return memory;
}

void fam_crash_thread_end(void *stack)
{
    const stack_t none = {.ss_flags = SS_DISABLE};
    if (stack != NULL && sigaltstack(&none, NULL) == 0) {
        (void)munmap(stack, STACK_SIZE);
    }
}
