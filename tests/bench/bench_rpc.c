/* bench-rpc: what does a call cost above the transport? An empty call of lib/rpc (token checked, metrics, a line of the
 * log at INFO into a file, all interceptors) against a raw REQ/REP echo of nng with messages of the same size, the same
 * number of contexts and the same affinity. Server and client are processes of their own in both. Short rounds of both
 * alternate, so that noise of the machine hits both; the medians are compared.
 *
 *   bench-rpc [--json] [--rounds N] [--ms N] [--only DEPTH]
 *
 * Exit 1 when the ratio at 64 in flight, server pinned (FAM_RPC_AFFINITY=core0), is below 0.85. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "bench_rpc.h"

enum { ROUNDS_MAX = 101, WARM_UP_MS = 100, CLAIMED_DEPTH = 64 };
static const double BAR = 0.85;
static const size_t DEPTHS[] = {1, 8, 64, 256};

extern char **environ;

struct server {
    pid_t pid;
    int stop; /* its standard input: closing it ends the server */
    int dropped;
    uint16_t port;
};

struct result {
    double calls_second, p50_us, p99_us, cpu_us;
};

struct settings {
    bool json;
    unsigned rounds, ms;
    size_t only;
    const char *self;
};

static void die(const char *what)
{
    fprintf(stderr, "bench-rpc: %s\n", what);
    exit(EXIT_FAILURE);
}

static struct server start_server(const char *self, const char *kind, bool pin, const char *log_path)
{
    struct server server = {0};
    int in[2], out[2], err[2];
    /* Closed in whoever else is started: a server ends when the last end of its input is closed. */
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) {
        die("no pipe");
    }
    posix_spawn_file_actions_t actions;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    (void)posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
    char words[3][128];
    (void)snprintf(words[0], sizeof(words[0]), "--serve-%s", kind);
    (void)snprintf(words[1], sizeof(words[1]), "%s", pin ? "core0" : "none");
    (void)snprintf(words[2], sizeof(words[2]), "%s", log_path);
    char name[] = "bench-rpc";
    char *argv[] = {name, words[0], words[1], words[2], NULL};
    if (posix_spawn(&server.pid, self, &actions, NULL, argv, environ) != 0) {
        die("can't start a server");
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(in[0]);
    (void)close(out[1]);
    (void)close(err[1]);
    char line[32] = "";
    if (read(out[0], line, sizeof(line) - 1) <= 0) {
        die("a server does not start");
    }
    (void)close(out[0]);
    server.port = (uint16_t)strtoul(line, NULL, 10);
    server.stop = in[1];
    server.dropped = err[0];
    return server;
}

/* Lines of the log that were dropped. */
static unsigned long stop_server(const struct server *server)
{
    char line[32] = "";
    (void)close(server->stop);
    ssize_t got = read(server->dropped, line, sizeof(line) - 1);
    (void)close(server->dropped);
    while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    return got > 0 ? strtoul(line, NULL, 10) : 0;
}

static double cpu_us(pid_t pid)
{
    clockid_t clock;
    struct timespec used;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        return 0;
    }
    return (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
}

static int by_time(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(values[0]), by_value);
    return values[count / 2];
}

static struct result run_round(struct bench_client *client, const struct server *server, size_t depth, unsigned ms)
{
    static uint32_t samples[BENCH_SAMPLES_MAX];
    struct bench_round round = {.samples = samples};
    double before_us = cpu_us(server->pid);
    bench_client_run(client, depth, ms, &round);
    double used_us = cpu_us(server->pid) - before_us;
    if (round.failed > 0 || round.sample_count == 0) {
        die("calls failed");
    }
    qsort(samples, round.sample_count, sizeof(samples[0]), by_time);
    return (struct result){.calls_second = (double)round.calls / round.seconds,
                           .p50_us = (double)samples[round.sample_count / 2] / 1e3,
                           .p99_us = (double)samples[round.sample_count * 99 / 100] / 1e3,
                           .cpu_us = used_us / (double)round.calls};
}

static struct result middle(const struct result *rounds, size_t count)
{
    double values[4][ROUNDS_MAX];
    for (size_t i = 0; i < count; i++) {
        values[0][i] = rounds[i].calls_second;
        values[1][i] = rounds[i].p50_us;
        values[2][i] = rounds[i].p99_us;
        values[3][i] = rounds[i].cpu_us;
    }
    return (struct result){.calls_second = median(values[0], count),
                           .p50_us = median(values[1], count),
                           .p99_us = median(values[2], count),
                           .cpu_us = median(values[3], count)};
}

static void print_row(const struct settings *settings, bool pin, size_t depth, const struct result *rpc,
                      const struct result *raw, double ratio, double least, double most)
{
    const char *affinity = pin ? "core0" : "none";
    if (settings->json) {
        printf(
            "{\"bench\":\"rpc\",\"affinity\":\"%s\",\"in_flight\":%zu,\"rpc_per_second\":%.0f,\"raw_per_second\":%.0f,"
            "\"ratio\":%.3f,\"ratio_min\":%.3f,\"ratio_max\":%.3f,\"rpc_p50_us\":%.0f,\"rpc_p99_us\":%.0f,"
            "\"raw_p50_us\":%.0f,\"raw_p99_us\":%.0f,\"rpc_server_cpu_us\":%.2f,\"raw_server_cpu_us\":%.2f}\n",
            affinity, depth, rpc->calls_second, raw->calls_second, ratio, least, most, rpc->p50_us, rpc->p99_us,
            raw->p50_us, raw->p99_us, rpc->cpu_us, raw->cpu_us);
    } else {
        printf("%-6s %9zu %9.0f %9.0f %6.2f %5.2f-%4.2f %8.0f %8.0f %8.0f %8.0f %9.1f %9.1f\n", affinity, depth,
               rpc->calls_second, raw->calls_second, ratio, least, most, rpc->p50_us, rpc->p99_us, raw->p50_us,
               raw->p99_us, rpc->cpu_us, raw->cpu_us);
    }
    (void)fflush(stdout);
}

struct pair {
    struct server rpc_server, raw_server;
    struct bench_client *rpc, *raw;
};

/* The median of the ratios of neighbouring rounds. */
static double compare(const struct settings *settings, const struct pair *pair, bool pin, size_t depth)
{
    static struct result rpc[ROUNDS_MAX], raw[ROUNDS_MAX];
    double ratios[ROUNDS_MAX];
    (void)run_round(pair->rpc, &pair->rpc_server, depth, WARM_UP_MS);
    (void)run_round(pair->raw, &pair->raw_server, depth, WARM_UP_MS);
    for (unsigned i = 0; i < settings->rounds; i++) {
        if (i % 2 == 0) {
            rpc[i] = run_round(pair->rpc, &pair->rpc_server, depth, settings->ms);
            raw[i] = run_round(pair->raw, &pair->raw_server, depth, settings->ms);
        } else {
            raw[i] = run_round(pair->raw, &pair->raw_server, depth, settings->ms);
            rpc[i] = run_round(pair->rpc, &pair->rpc_server, depth, settings->ms);
        }
        ratios[i] = rpc[i].calls_second / raw[i].calls_second;
    }
    struct result middle_rpc = middle(rpc, settings->rounds);
    struct result middle_raw = middle(raw, settings->rounds);
    double ratio = median(ratios, settings->rounds);
    print_row(settings, pin, depth, &middle_rpc, &middle_raw, ratio, ratios[0], ratios[settings->rounds - 1]);
    return ratio;
}

static double run_affinity(const struct settings *settings, bool pin, const char *log_path)
{
    struct pair pair = {.rpc_server = start_server(settings->self, "rpc", pin, log_path),
                        .raw_server = start_server(settings->self, "raw", pin, "")};
    double claimed = 0;
    pair.rpc = bench_client_rpc(pair.rpc_server.port);
    pair.raw = bench_client_raw(pair.raw_server.port);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(DEPTHS); i++) {
        if (settings->only == 0 || settings->only == DEPTHS[i]) {
            double ratio = compare(settings, &pair, pin, DEPTHS[i]);
            claimed = DEPTHS[i] == CLAIMED_DEPTH ? ratio : claimed;
        }
    }
    bench_client_free(pair.rpc);
    bench_client_free(pair.raw);
    unsigned long dropped = stop_server(&pair.rpc_server);
    (void)stop_server(&pair.raw_server);
    if (dropped > 0) {
        fprintf(stderr, "bench-rpc: the log dropped %lu lines: the writer was behind\n", dropped);
    }
    return claimed;
}

static struct settings parse(int argc, char **argv)
{
    struct settings settings = {.rounds = 11, .ms = 400, .self = "/proc/self/exe"};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "0";
        if (strcmp(argv[i], "--json") == 0) {
            settings.json = true;
            continue;
        }
        unsigned long number = strtoul(value, NULL, 10);
        i++;
        if (strcmp(argv[i - 1], "--rounds") == 0 && number > 0 && number <= ROUNDS_MAX) {
            settings.rounds = (unsigned)number;
        } else if (strcmp(argv[i - 1], "--ms") == 0 && number >= 50 && number <= 10000) {
            settings.ms = (unsigned)number;
        } else if (strcmp(argv[i - 1], "--only") == 0 && number > 0) {
            settings.only = number;
        } else {
            die("usage: bench-rpc [--json] [--rounds 1..101] [--ms 50..10000] [--only DEPTH]");
        }
    }
    return settings;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--serve-rpc") == 0) {
        return bench_serve_rpc(strcmp(argv[2], "core0") == 0, argv[3]);
    }
    if (argc == 4 && strcmp(argv[1], "--serve-raw") == 0) {
        return bench_serve_raw(strcmp(argv[2], "core0") == 0);
    }
    struct settings settings = parse(argc, argv);
    char log_path[] = "/tmp/fam-bench-XXXXXX";
    int fd = mkstemp(log_path);
    if (fd < 0) {
        die("no temporary file");
    }
    (void)close(fd);
    if (!settings.json) {
        printf("server in_flight  calls/s     raw/s  ratio  min-max  p50 us   p99 us  raw p50  raw p99   cpu us   raw "
               "cpu\n");
    }
    double pinned = run_affinity(&settings, true, log_path);
    (void)run_affinity(&settings, false, log_path);
    (void)unlink(log_path);
    if (settings.only != 0 && settings.only != CLAIMED_DEPTH) {
        return EXIT_SUCCESS;
    }
    if (!settings.json) {
        printf("bar: %.2f at %d in flight, server pinned: %.2f, %s\n", BAR, CLAIMED_DEPTH, pinned,
               pinned >= BAR ? "reached" : "missed");
    }
    return pinned >= BAR ? EXIT_SUCCESS : EXIT_FAILURE;
}
