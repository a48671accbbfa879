/* telegram_sim_main.c: the program telegram-sim. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pthread.h>

#include "sim/telegram_sim.h"

static const char help_text[] =
    "Usage: telegram-sim [OPTION]…\n"
    "A simulator of the Telegram Bot API on 127.0.0.1, for tests and for trying the bot without Telegram.\n"
    "\n"
    "  --port PORT        listen there (default 0: any free port)\n"
    "  --token TOKEN      the one bot token that it knows (default 123456:TEST)\n"
    "  --limits           enforce Telegram's flood limits: 30 messages a second, one a second in a chat\n"
    "  --ready-file PATH  write the port there, too, once it listens\n"
    "  --help             this text\n"
    "\n"
    "Once it listens it prints its port. SIGTERM or SIGINT ends it, exit 0. Nothing is logged or kept.\n"
    "The bot's base URL is http://127.0.0.1:PORT; docs/testing.md lists the calls under /control/.\n"
    "\n"
    "Examples:\n"
    "  telegram-sim --port 8081 --token 123456:TEST\n"
    "  curl -d '{\"chat_id\":7,\"text\":\"/start\"}' http://127.0.0.1:8081/control/update\n"
    "  curl 'http://127.0.0.1:8081/control/wait?chat_id=7&after=0&timeout_ms=5000'\n";

struct arguments {
    struct telegram_sim_options options;
    const char *ready_file;
    int exit_code; /* when there is nothing to run; -1: run */
};

static struct arguments read_arguments(int argc, char **argv)
{
    static const struct option longs[] = {
        {"port", required_argument, NULL, 'p'}, {"token", required_argument, NULL, 't'},
        {"limits", no_argument, NULL, 'l'},     {"ready-file", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0}};
    struct arguments arguments = {.options = {.token = "123456:TEST"}, .exit_code = -1};
    for (int option; (option = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        char *end = NULL;
        long port = 0;
        switch (option) {
        case 'p':
            port = strtol(optarg, &end, 10);
            if (*end || end == optarg || port < 0 || port > 65535) {
                fprintf(stderr, "telegram-sim: --port takes a number from 0 to 65535\n");
                arguments.exit_code = 2;
            }
            arguments.options.port = (uint16_t)port;
            break;
        case 't':
            arguments.options.token = optarg;
            break;
        case 'l':
            arguments.options.limits = true;
            break;
        case 'r':
            arguments.ready_file = optarg;
            break;
        case 'h':
            fputs(help_text, stdout);
            arguments.exit_code = 0;
            return arguments;
        default:
            fprintf(stderr, "Try telegram-sim --help\n");
            arguments.exit_code = 2;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "telegram-sim: it takes options only; try --help\n");
        arguments.exit_code = 2;
    }
    return arguments;
}

/* Under another name first, so that whoever waits for the file never reads half of it. */
static bool write_ready_file(const char *path, uint16_t port)
{
    char draft[4096];
    int length = snprintf(draft, sizeof(draft), "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof(draft))
        return false;
    FILE *file = fopen(draft, "we");
    if (!file)
        return false;
    bool written = fprintf(file, "%" PRIu16 "\n", port) > 0;
    written = fclose(file) == 0 && written;
    return written && rename(draft, path) == 0;
}

struct watcher {
    struct telegram_sim *sim;
    sigset_t signals;
};

static void *await_signal(void *context)
{
    struct watcher *watcher = context;
    int signal_number;
    sigwait(&watcher->signals, &signal_number);
    telegram_sim_stop(watcher->sim);
    return NULL;
}

int main(int argc, char **argv)
{
    struct arguments arguments = read_arguments(argc, argv);
    struct watcher watcher = {0};
    pthread_t thread;
    if (arguments.exit_code >= 0)
        return arguments.exit_code;
    sigemptyset(&watcher.signals);
    sigaddset(&watcher.signals, SIGTERM);
    sigaddset(&watcher.signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &watcher.signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    watcher.sim = telegram_sim_new(&arguments.options);
    if (!watcher.sim) {
        fprintf(stderr, "telegram-sim: can't listen on 127.0.0.1:%u: %s\n", arguments.options.port,
                errno == EINVAL ? "the token must look like 123456:TEST" : strerror(errno));
        return 1;
    }
    uint16_t port = telegram_sim_port(watcher.sim);
    if (pthread_create(&thread, NULL, await_signal, &watcher) != 0) {
        telegram_sim_free(watcher.sim);
        return 1;
    }
    bool good = !arguments.ready_file || write_ready_file(arguments.ready_file, port);
    if (!good)
        fprintf(stderr, "telegram-sim: can't write the ready file: %s\n", strerror(errno));
    printf("%" PRIu16 "\n", port);
    fflush(stdout);
    good = good && telegram_sim_run(watcher.sim);
    if (!good)
        kill(getpid(), SIGTERM);
    pthread_join(thread, NULL);
    telegram_sim_free(watcher.sim);
    return good ? 0 : 1;
}
