/* test_redis.c: the Redis room against a private server that stops, hangs, refuses, is full, or is none at all. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "metrics/metrics.h"
#include "redis/redis.h"
#include "redis_server.h"

static struct redis_server server;
static struct fam_redis *redis;

static struct fam_redis *redis_at(const char *url, size_t connections)
{
    struct fam_status status = {0};
    const struct fam_redis_options options = {
        .url = url, .client_name = "fam-test", .connections = connections, .command_timeout_ms = 300, .probe_ms = 50};
    struct fam_redis *made = fam_redis_new(&options, &status);
    cr_assert_not_null(made, "%s", status.message);
    return made;
}

static bool is_up(void *context)
{
    return fam_redis_is_up(context);
}

static bool is_down(void *context)
{
    return !fam_redis_is_up(context);
}

static void set_up(void)
{
    signal(SIGPIPE, SIG_IGN);
    cr_assert(redis_server_start(&server, true));
    redis = redis_at(server.url, 4);
    cr_assert(proc_wait_until(is_up, redis, 5000));
}

static void tear_down(void)
{
    fam_redis_free(redis);
    redis_server_stop(&server);
}

TestSuite(redis, .init = set_up, .fini = tear_down, .timeout = 60);

/* One command from words separated by blanks. */
static enum fam_code run(struct fam_redis *at, const char *text, struct fam_redis_reply **ret_reply,
                         struct fam_status *status)
{
    char copy[256];
    struct fam_redis_arg args[16];
    size_t count = 0;
    char *rest = NULL;
    snprintf(copy, sizeof(copy), "%s", text);
    for (char *word = strtok_r(copy, " ", &rest); word && count < 16; word = strtok_r(NULL, " ", &rest))
        args[count++] = FAM_REDIS_ARG(word);
    return fam_redis_call(at, args, count, ret_reply, status);
}

static enum fam_code run_only(struct fam_redis *at, const char *text, struct fam_status *status)
{
    struct fam_redis_reply *reply = NULL;
    enum fam_code code = run(at, text, &reply, status);
    fam_redis_reply_free(reply);
    return code;
}

static void expect_ok(struct fam_redis *at, const char *text)
{
    struct fam_status status = {0};
    cr_assert_eq(run_only(at, text, &status), FAM_OK, "%s: %s", text, status.message);
}

static void expect_text(struct fam_redis *at, const char *command, const char *expected)
{
    struct fam_redis_reply *reply = NULL;
    struct fam_status status = {0};
    cr_assert_eq(run(at, command, &reply, &status), FAM_OK, "%s: %s", command, status.message);
    cr_assert_str_eq(fam_redis_reply_text(reply, NULL), expected);
    fam_redis_reply_free(reply);
}

static void tell_server(const char *command)
{
    redisReply *reply = redis_server_command(&server, command);
    cr_assert(reply && reply->type != REDIS_REPLY_ERROR, "%s: %s", command, reply ? reply->str : "no answer");
    freeReplyObject(reply);
}

/* ---- URLs ---- */

/* 110 bytes: a socket's path holds 107. */
#define TEN "0123456789"
#define LONG_PATH "unix:///" TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const char *const bad_urls[] = {
    "rediss://:topsecret@host/0",
    "http://host",
    "redis://",
    "redis://:topsecret@",
    "redis://user@host",
    "redis://user:@host",
    "redis://:topsecret%2@host",
    "redis://:topsecret%zz@host",
    "redis://host:0",
    "redis://host:65536",
    "redis://host:12x",
    "redis://host/x",
    "redis://host/-1",
    "redis://host/123456",
    "redis://host?db=1",
    "redis://[::1",
    "unix://relative/path",
    "unix:///path?base=1",
    "unix:///path?db=",
    LONG_PATH,
};

Test(redis_url, wrong_ones_are_refused_and_never_quoted)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(bad_urls); i++) {
        struct fam_status status = {0};
        const struct fam_redis_options options = {.url = bad_urls[i]};
        cr_assert_null(fam_redis_new(&options, &status), "row %zu", i);
        cr_assert_eq(status.code, FAM_INVALID_ARGUMENT, "row %zu", i);
        cr_assert_null(strstr(status.message, "topsecret"), "row %zu: %s", i, status.message);
    }
}

Test(redis_url, encrypted_connections_are_refused_with_the_reason)
{
    struct fam_status status = {0};
    const struct fam_redis_options options = {.url = "rediss://host"};
    cr_assert_null(fam_redis_new(&options, &status));
    cr_assert_not_null(strstr(status.message, "TLS"));
}

Test(redis_url, none_means_not_configured_and_always_unavailable)
{
    static const char *const none[] = {NULL, ""};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(none); i++) {
        struct fam_status status = {0};
        struct fam_redis *made = redis_at(none[i], 0);
        cr_assert_not(fam_redis_is_configured(made));
        cr_assert_not(fam_redis_is_up(made));
        cr_assert_eq(fam_redis_ping(made, &status), FAM_UNAVAILABLE);
        cr_assert_str_eq(status.message, "Redis is not configured");
        fam_redis_free(made);
    }
    fam_redis_free(NULL);
}

Test(redis, is_reached_by_tcp_too)
{
    struct fam_redis *tcp = redis_at(server.tcp_url, 1);
    cr_assert(proc_wait_until(is_up, tcp, 5000));
    expect_ok(tcp, "SET a 1");
    expect_text(redis, "GET a", "1");
    fam_redis_free(tcp);
}

Test(redis, a_database_of_the_url_is_selected)
{
    char url[160];
    snprintf(url, sizeof(url), "unix://%s?db=3", server.socket_path);
    struct fam_redis *third = redis_at(url, 1);
    cr_assert(proc_wait_until(is_up, third, 5000));
    expect_ok(third, "SET where third");
    expect_text(redis, "GET where", "");
    expect_text(third, "GET where", "third");
    fam_redis_free(third);
}

Test(redis, a_database_that_is_not_there_is_reported)
{
    char url[160];
    struct fam_status status = {0};
    snprintf(url, sizeof(url), "unix://%s?db=999", server.socket_path);
    struct fam_redis *none = redis_at(url, 1);
    cr_assert_eq(fam_redis_ping(none, &status), FAM_UNAVAILABLE);
    cr_assert_str_eq(status.message, "Redis has no database of that number");
    fam_redis_free(none);
}

Test(redis, user_and_password_come_from_the_url_decoded)
{
    char url[160];
    tell_server("ACL SETUSER anna on >p@ss:w/rd ~* +@all");
    tell_server("CONFIG SET requirepass other");
    snprintf(url, sizeof(url), "redis://anna:p%%40ss:w%%2Frd@127.0.0.1:%u/0", (unsigned)server.port);
    struct fam_redis *named = redis_at(url, 1);
    cr_assert(proc_wait_until(is_up, named, 5000));
    expect_text(named, "ACL WHOAMI", "anna");
    fam_redis_free(named);
    snprintf(url, sizeof(url), "unix://:other@%s", server.socket_path);
    named = redis_at(url, 1);
    cr_assert(proc_wait_until(is_up, named, 5000));
    expect_text(named, "ACL WHOAMI", "default");
    fam_redis_free(named);
}

Test(redis, a_missing_or_wrong_password_is_reported_without_quoting_it)
{
    char url[160];
    struct fam_status status = {0};
    tell_server("CONFIG SET requirepass other");
    struct fam_redis *without = redis_at(server.tcp_url, 1);
    cr_assert_eq(fam_redis_ping(without, &status), FAM_UNAVAILABLE);
    cr_assert_not_null(strstr(status.message, "password"), "%s", status.message);
    fam_redis_free(without);
    snprintf(url, sizeof(url), "redis://:topsecret@127.0.0.1:%u/0", (unsigned)server.port);
    struct fam_redis *wrong = redis_at(url, 1);
    cr_assert_eq(fam_redis_ping(wrong, &status), FAM_UNAVAILABLE);
    cr_assert_str_eq(status.message, "Redis refused the password");
    fam_redis_free(wrong);
}

/* ---- commands ---- */

Test(redis, values_are_binary_safe)
{
    static const char value[] = "a\0b\r\n%s$5\xff";
    struct fam_redis_reply *reply = NULL;
    struct fam_status status = {0};
    size_t size = 0;
    const struct fam_redis_arg set[] = {FAM_REDIS_ARG("SET"), {"k\0k", 3}, {value, sizeof(value)}};
    const struct fam_redis_arg get[] = {FAM_REDIS_ARG("GET"), {"k\0k", 3}};
    cr_assert_eq(fam_redis_call(redis, set, 3, &reply, &status), FAM_OK);
    fam_redis_reply_free(reply);
    cr_assert_eq(fam_redis_call(redis, get, 2, &reply, &status), FAM_OK);
    const char *text = fam_redis_reply_text(reply, &size);
    cr_assert_eq(size, sizeof(value));
    cr_assert_eq(memcmp(text, value, size), 0);
    fam_redis_reply_free(reply);
}

Test(redis, a_reply_of_another_type_is_an_error_and_not_a_crash)
{
    struct fam_redis_reply *reply = NULL;
    struct fam_status status = {0};
    cr_assert_eq(run(redis, "INCR n", &reply, &status), FAM_OK);
    cr_assert_eq(fam_redis_reply_expect(reply, FAM_REDIS_INTEGER, &status), FAM_OK);
    cr_assert_eq(fam_redis_reply_expect(reply, FAM_REDIS_ARRAY, &status), FAM_INTERNAL);
    cr_assert_str_eq(fam_redis_reply_text(reply, NULL), "");
    cr_assert_null(fam_redis_reply_item(reply, 0));
    cr_assert_eq(fam_redis_reply_expect(NULL, FAM_REDIS_ARRAY, &status), FAM_INTERNAL);
    fam_redis_reply_free(reply);
}

Test(redis, an_error_reply_fails_the_command_without_quoting_it_and_leaves_the_connection_good)
{
    struct fam_status status = {0};
    expect_ok(redis, "HSET h f v");
    cr_assert_eq(run_only(redis, "INCR h", &status), FAM_INTERNAL);
    cr_assert_not_null(strstr(status.message, "WRONGTYPE"), "%s", status.message);
    cr_assert_eq(run_only(redis, "NONSENSE topsecret", &status), FAM_INTERNAL);
    cr_assert_null(strstr(status.message, "topsecret"), "%s", status.message);
    cr_assert_null(strstr(status.message, "NONSENSE"), "%s", status.message);
    cr_assert(fam_redis_is_up(redis));
    expect_text(redis, "HGET h f", "v");
}

Test(redis, commands_out_of_range_are_refused_before_they_leave)
{
    struct fam_redis_arg args[FAM_REDIS_MAX_ARGS + 1];
    struct fam_redis_reply *reply = NULL;
    struct fam_status status = {0};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(args); i++)
        args[i] = FAM_REDIS_ARG("x");
    cr_assert_eq(fam_redis_call(redis, args, 0, &reply, &status), FAM_INVALID_ARGUMENT);
    cr_assert_eq(fam_redis_call(redis, args, FAM_ARRAY_SIZE(args), &reply, &status), FAM_INVALID_ARGUMENT);
    cr_assert_eq(fam_redis_pipeline(redis, NULL, 0, &reply, &status), FAM_INVALID_ARGUMENT);
    cr_assert(fam_redis_is_up(redis));
    cr_assert_eq(fam_redis_ping(redis, &status), FAM_OK);
}

Test(redis, a_pipeline_answers_each_command_in_its_place)
{
    const struct fam_redis_arg set[] = {FAM_REDIS_ARG("SET"), FAM_REDIS_ARG("a"), FAM_REDIS_ARG("x")};
    const struct fam_redis_arg incr[] = {FAM_REDIS_ARG("INCR"), FAM_REDIS_ARG("a")};
    const struct fam_redis_arg get[] = {FAM_REDIS_ARG("GET"), FAM_REDIS_ARG("a")};
    const struct fam_redis_command commands[] = {{set, 3}, {incr, 2}, {get, 2}};
    struct fam_redis_reply *replies[3] = {NULL};
    struct fam_status status = {0};
    cr_assert_eq(fam_redis_pipeline(redis, commands, 3, replies, &status), FAM_OK);
    cr_assert_str_eq(fam_redis_reply_text(replies[0], NULL), "OK");
    cr_assert_eq(fam_redis_reply_type(replies[1]), FAM_REDIS_ERROR);
    cr_assert_str_eq(fam_redis_reply_text(replies[2], NULL), "x");
    for (size_t i = 0; i < 3; i++)
        fam_redis_reply_done(&replies[i]);
}

Test(redis, a_script_runs_again_after_the_server_forgot_it)
{
    struct fam_redis_script script = {.source = "return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}"};
    const struct fam_redis_arg key = FAM_REDIS_ARG("count"), arg = {"a\0b", 3};
    for (int i = 1; i <= 6; i++) {
        struct fam_redis_reply *reply = NULL;
        struct fam_status status = {0};
        size_t size = 0;
        cr_assert_eq(fam_redis_eval(redis, &script, &key, 1, &arg, 1, &reply, &status), FAM_OK, "%s", status.message);
        cr_assert_eq(fam_redis_reply_count(reply), 3);
        (void)fam_redis_reply_text(fam_redis_reply_item(reply, 1), &size);
        cr_assert_eq(size, 3);
        cr_assert_eq(fam_redis_reply_integer(fam_redis_reply_item(reply, 2)), i, "each call runs it once");
        fam_redis_reply_free(reply);
        if (i % 2 == 0)
            tell_server("SCRIPT FLUSH");
    }
}

Test(redis, a_script_that_fails_is_an_error_and_a_good_one_follows)
{
    struct fam_redis_script bad = {.source = "return redis.call('INCR'"};
    struct fam_redis_script good = {.source = "return 7"};
    struct fam_redis_reply *reply = NULL;
    struct fam_status status = {0};
    cr_assert_eq(fam_redis_eval(redis, &bad, NULL, 0, NULL, 0, &reply, &status), FAM_INTERNAL);
    cr_assert_null(reply);
    cr_assert_eq(fam_redis_eval(redis, &good, NULL, 0, NULL, 0, &reply, &status), FAM_OK);
    cr_assert_eq(fam_redis_reply_integer(reply), 7);
    fam_redis_reply_free(reply);
}

/* ---- the pool ---- */

static void *count_up(void *argument)
{
    struct fam_status status = {0};
    size_t failures = 0;
    for (int i = 0; i < 200; i++)
        failures += run_only(argument, "INCR total", &status) != FAM_OK;
    return failures ? argument : NULL;
}

Test(redis, many_threads_share_few_connections)
{
    pthread_t threads[20];
    struct fam_redis *small = redis_at(server.url, 2);
    void *failed = NULL;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(threads); i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, count_up, small), 0);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(threads); i++) {
        pthread_join(threads[i], &failed);
        cr_assert_null(failed);
    }
    expect_text(small, "GET total", "4000");
    redisReply *list = redis_server_command(&server, "CLIENT LIST");
    size_t ours = 0;
    for (const char *at = list->str; (at = strstr(at, "name=fam-test")); at++)
        ours++;
    freeReplyObject(list);
    cr_assert_leq(ours, 2 + 4, "ours and those of the fixture");
    fam_redis_free(small);
}

Test(redis, a_connection_that_the_server_closed_while_idle_is_noticed)
{
    expect_ok(redis, "SET a 1");
    tell_server("CLIENT KILL TYPE normal SKIPME yes");
    expect_text(redis, "GET a", "1");
    redis_server_kill(&server);
    cr_assert(redis_server_restart(&server));
    cr_assert(proc_wait_until(is_up, redis, 5000));
    expect_text(redis, "GET a", "1");
}

/* ---- away ---- */

Test(redis, a_stopped_server_costs_nothing_per_call_and_its_return_is_noticed)
{
    struct fam_status status = {0};
    expect_ok(redis, "SET a 1");
    redis_server_kill(&server);
    cr_assert_eq(fam_redis_ping(redis, &status), FAM_UNAVAILABLE);
    cr_assert(proc_wait_until(is_down, redis, 5000));
    uint64_t before = fam_mono_ms();
    for (int i = 0; i < 10000; i++)
        cr_assert_eq(run_only(redis, "GET a", &status), FAM_UNAVAILABLE);
    cr_assert_lt(fam_mono_ms() - before, 2000);
    cr_assert_gt(status.retry_after_ms, 0);
    cr_assert(redis_server_restart(&server));
    cr_assert(proc_wait_until(is_up, redis, 5000));
    expect_text(redis, "GET a", "1");
}

Test(redis, one_that_is_away_at_the_start_is_found_later)
{
    struct fam_status status = {0};
    redis_server_kill(&server);
    uint64_t before = fam_mono_ms();
    struct fam_redis *early = redis_at(server.tcp_url, 2);
    cr_assert_lt(fam_mono_ms() - before, 1500);
    cr_assert_eq(fam_redis_ping(early, &status), FAM_UNAVAILABLE);
    cr_assert_str_eq(status.message, "Redis is not reachable");
    cr_assert(redis_server_restart(&server));
    cr_assert(proc_wait_until(is_up, early, 5000));
    expect_ok(early, "SET a 1");
    fam_redis_free(early);
}

Test(redis, one_that_hangs_costs_one_time_out_and_no_late_reply_is_taken_for_another)
{
    struct fam_status status = {0};
    expect_ok(redis, "SET a first");
    expect_ok(redis, "SET b second");
    redis_server_pause(&server);
    uint64_t before = fam_mono_ms();
    cr_assert_eq(run_only(redis, "GET a", &status), FAM_UNAVAILABLE);
    cr_assert_str_eq(status.message, "Redis timed out");
    cr_assert_eq(run_only(redis, "GET a", &status), FAM_UNAVAILABLE);
    cr_assert_eq(run_only(redis, "GET a", &status), FAM_UNAVAILABLE);
    cr_assert_lt(fam_mono_ms() - before, 2000);
    redis_server_resume(&server);
    cr_assert(proc_wait_until(is_up, redis, 5000));
    expect_text(redis, "GET b", "second");
    expect_text(redis, "GET a", "first");
}

Test(redis, a_slow_command_times_out_and_the_next_ones_are_right)
{
    struct fam_status status = {0};
    expect_ok(redis, "SET a 1");
    cr_assert_eq(run_only(redis, "DEBUG SLEEP 0.6", &status), FAM_UNAVAILABLE);
    cr_assert(proc_wait_until(is_up, redis, 10000));
    expect_text(redis, "GET a", "1");
}

Test(redis, full_memory_refuses_writes_serves_reads_and_passes)
{
    struct fam_status status = {0};
    expect_ok(redis, "SET a 1");
    tell_server("CONFIG SET maxmemory 1");
    cr_assert_eq(run_only(redis, "SET b 2", &status), FAM_UNAVAILABLE);
    cr_assert_str_eq(status.reason, "REDIS_FULL");
    cr_assert(fam_redis_is_up(redis));
    expect_text(redis, "GET a", "1");
    tell_server("CONFIG SET maxmemory 0");
    expect_ok(redis, "SET b 2");
}

static void *talk_nonsense(void *argument)
{
    int listener = *(int *)argument;
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd))
        if (write(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28) != 28)
            continue;
    return NULL;
}

Test(redis, a_stranger_at_the_address_is_told_apart_and_redis_is_found_when_it_is_back)
{
    pthread_t thread;
    struct fam_status status = {0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    redis_server_kill(&server);
    address.sin_port = htons(server.port);
    cr_assert_eq(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), 0);
    cr_assert_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    cr_assert_eq(listen(listener, 8), 0);
    cr_assert_eq(pthread_create(&thread, NULL, talk_nonsense, &listener), 0);
    struct fam_redis *stranger = redis_at(server.tcp_url, 2);
    cr_assert_eq(fam_redis_ping(stranger, &status), FAM_UNAVAILABLE);
    cr_assert_str_eq(status.message, "what answers at REDIS_URL is no Redis");
    shutdown(listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(listener);
    cr_assert(redis_server_restart(&server));
    cr_assert(proc_wait_until(is_up, stranger, 5000));
    expect_ok(stranger, "SET a 1");
    fam_redis_free(stranger);
}

Test(redis, a_metric_says_whether_it_is_there)
{
    struct fam_status status = {0};
    struct fam_metrics *metrics = fam_metrics_new(1, "test", NULL, 0, &status);
    cr_assert_not_null(metrics, "%s", status.message);
    const struct fam_redis_options options = {.url = server.url, .metrics = metrics, .probe_ms = 50};
    struct fam_redis *counted = fam_redis_new(&options, &status);
    cr_assert(proc_wait_until(is_up, counted, 5000));
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_REDIS_UP, NULL), 1);
    redis_server_kill(&server);
    cr_assert_eq(fam_redis_ping(counted, &status), FAM_UNAVAILABLE);
    cr_assert_eq(fam_metrics_value(metrics, FAM_M_REDIS_UP, NULL), 0);
    fam_redis_free(counted);
    fam_metrics_free(metrics);
}
