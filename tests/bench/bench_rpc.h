/* bench_rpc.h: what the parts of bench-rpc share: the servers that it starts, and the loads that it puts on them. */
#ifndef FAM_BENCH_RPC_H
#define FAM_BENCH_RPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BENCH_DEPTH_MAX = 256,
    /* The raw echo's messages are as large as an empty call's: method 30, time-out 4, token 49, call id 9, version 9;
     * in the answer a request id of 14 digits. bench_client_rpc checks the first. */
    BENCH_REQUEST_BYTES = 101,
    BENCH_REPLY_BYTES = 16,
    BENCH_SLOTS = 288, /* contexts of both servers: what famserver has by default */
    BENCH_SAMPLES_MAX = 1 << 20,
};

#define BENCH_TOKEN "fam_4vXh2mQ9TzR7bKpW3sYc8LdF6gJn1aEu5oHiB0rVxZk"

/* bench_rpc_servers.c. Serve until standard input ends; the port goes to standard output. Exit code. */
int bench_serve_rpc(bool pin, const char *log_path);
int bench_serve_raw(bool pin);

/* What one round found. Latencies of all calls in nanoseconds, in no order. */
struct bench_round {
    uint64_t calls;
    uint64_t failed;
    double seconds;
    uint32_t *samples; /* BENCH_SAMPLES_MAX of them; the caller's */
    size_t sample_count;
};

/* bench_rpc_clients.c. A client is opened once and used for many rounds. */
struct bench_client;
struct bench_client *bench_client_rpc(uint16_t port);
struct bench_client *bench_client_raw(uint16_t port);
/* Keeps `depth` calls in flight for `ms`. */
void bench_client_run(struct bench_client *client, size_t depth, unsigned ms, struct bench_round *ret_round);
void bench_client_free(struct bench_client *client);

#endif
