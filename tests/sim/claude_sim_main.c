/* claude_sim_main.c: the program claude-sim. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sim/claude_sim.h"
#include "sim/http_sim.h"

enum { LONGEST_LATENCY_MS = 600000 };

static const char help_text[] =
    "Usage: claude-sim [OPTION]…\n"
    "A simulator of Anthropic's Messages API on 127.0.0.1, for tests and for trying the server without Anthropic.\n"
    "\n"
    "  --port PORT        listen there (default 0: any free port)\n"
    "  --key KEY          the one API key that it takes (default: any that is not empty)\n"
    "  --latency-ms MS    answer so late\n"
    "  --record FILE      append every request to it, one JSON a line; it then holds what people wrote\n"
    "  --ready-file PATH  write the port there, too, once it listens\n"
    "  --help             this text\n"
    "\n"
    "Once it listens it prints its port. SIGTERM or SIGINT ends it, exit 0. Nothing is logged.\n"
    "The server's ANTHROPIC_BASE_URL is http://127.0.0.1:PORT; docs/testing.md lists the calls under /control/.\n"
    "\n"
    "Examples:\n"
    "  claude-sim --port 8082\n"
    "  curl -d '{\"status\":529,\"times\":3}' http://127.0.0.1:8082/control/fault\n"
    "  curl http://127.0.0.1:8082/control/stats\n";

struct arguments {
    struct claude_sim_options options;
    const char *ready_file;
    int exit_code; /* when there is nothing to run; -1: run */
};

static long read_number(struct arguments *arguments, const char *name, long most)
{
    char *end = NULL;
    long value = strtol(optarg, &end, 10);
    if (*end || end == optarg || value < 0 || value > most) {
        fprintf(stderr, "claude-sim: --%s takes a number from 0 to %ld\n", name, most);
        arguments->exit_code = 2;
        return 0;
    }
    return value;
}

static struct arguments read_arguments(int argc, char **argv)
{
    static const struct option longs[] = {{"port", required_argument, NULL, 'p'},
                                          {"key", required_argument, NULL, 'k'},
                                          {"latency-ms", required_argument, NULL, 'l'},
                                          {"record", required_argument, NULL, 'o'},
                                          {"ready-file", required_argument, NULL, 'r'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct arguments arguments = {.exit_code = -1};
    for (int option; (option = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        switch (option) {
        case 'p':
            arguments.options.port = (uint16_t)read_number(&arguments, "port", 65535);
            break;
        case 'k':
            arguments.options.key = optarg;
            break;
        case 'l':
            arguments.options.latency_ms = (uint32_t)read_number(&arguments, "latency-ms", LONGEST_LATENCY_MS);
            break;
        case 'o':
            arguments.options.record_file = optarg;
            break;
        case 'r':
            arguments.ready_file = optarg;
            break;
        case 'h':
            fputs(help_text, stdout);
            arguments.exit_code = 0;
            return arguments;
        default:
            fprintf(stderr, "Try claude-sim --help\n");
            arguments.exit_code = 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "claude-sim: it takes options only; try --help\n");
        arguments.exit_code = 2;
    }
    return arguments;
}

/* Under another name first, so that whoever waits for the file never reads half of it. */
static bool write_ready_file(const char *path, uint16_t port)
{
    char draft[4096];
    int length = snprintf(draft, sizeof(draft), "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof(draft)) {
        return false;
    }
    FILE *file = fopen(draft, "we");
    if (!file) {
        return false;
    }
    bool written = fprintf(file, "%" PRIu16 "\n", port) > 0;
    written = fclose(file) == 0 && written;
    return written && rename(draft, path) == 0;
}

/* A descriptor for each connection: the usual soft limit of 1,024 is too small. */
static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        rlim_t wanted = HTTP_SIM_MAX_CONNECTIONS + 64;
        if (limit.rlim_cur < wanted) {
            limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
            (void)setrlimit(RLIMIT_NOFILE, &limit); /* with fewer it serves fewer at once */
        }
    }
}

struct watcher {
    struct claude_sim *sim;
    sigset_t signals;
};

static void *await_signal(void *context)
{
    struct watcher *watcher = context;
    int signal_number;
    sigwait(&watcher->signals, &signal_number);
    claude_sim_stop(watcher->sim);
    return NULL;
}

int main(int argc, char **argv)
{
    struct arguments arguments = read_arguments(argc, argv);
    struct watcher watcher = {0};
    pthread_t thread;
    if (arguments.exit_code >= 0) {
        return arguments.exit_code;
    }
    sigemptyset(&watcher.signals);
    sigaddset(&watcher.signals, SIGTERM);
    sigaddset(&watcher.signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &watcher.signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    raise_limit();
    watcher.sim = claude_sim_new(&arguments.options);
    if (!watcher.sim) {
        fprintf(stderr, "claude-sim: can't listen on 127.0.0.1:%u, or can't open the record file: %s\n",
                arguments.options.port, strerror(errno));
        return 1;
    }
    uint16_t port = claude_sim_port(watcher.sim);
    if (pthread_create(&thread, NULL, await_signal, &watcher) != 0) {
        claude_sim_free(watcher.sim);
        return 1;
    }
    bool good = !arguments.ready_file || write_ready_file(arguments.ready_file, port);
    if (!good) {
        fprintf(stderr, "claude-sim: can't write the ready file: %s\n", strerror(errno));
    }
    printf("%" PRIu16 "\n", port);
    fflush(stdout);
    good = good && claude_sim_run(watcher.sim);
    if (!good) {
        kill(getpid(), SIGTERM);
    }
    pthread_join(thread, NULL);
    claude_sim_free(watcher.sim);
    return good ? 0 : 1;
}
