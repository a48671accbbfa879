/* Calls through the generated stubs against a server of lib/rpc. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "echo_server.h"
#include "fam/test/v1/echo.pb-c.h"

static enum fam_code echo_call(struct fam_client *client, const char *text, uint32_t park_ms, uint32_t timeout_ms,
                               char *ret_text, struct fam_status *status)
{
    const struct fam_rpc_options options = {.timeout_ms = timeout_ms};
    Fam__Test__V1__EchoRequest request = FAM__TEST__V1__ECHO_REQUEST__INIT;
    request.text = (char *)(uintptr_t)text;
    request.park_ms = park_ms;
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(client, fam__test__v1__echo_service, echo, &rpc, &request, status);
    const Fam__Test__V1__EchoResponse *response = (const Fam__Test__V1__EchoResponse *)fam_rpc_response(&rpc);
    if (code == FAM_OK) {
        snprintf(ret_text, 64, "%s", response->text);
    }
    fam_rpc_done(&rpc);
    return code;
}

static void assert_still_serves(struct fam_client *client)
{
    struct fam_status status = {.message = ""};
    char text[64] = "";
    cr_assert_eq(echo_call(client, "still here", 0, 5000, text, &status), FAM_OK, "%s", status.message);
    cr_assert_str_eq(text, "still here");
}

Test(rpc_calls, a_call_comes_back_with_its_answer)
{
    struct echo_server *echo = echo_server_start(16, 2);
    struct fam_client *client = echo_client(echo, "fam_bot");
    assert_still_serves(client);
    fam_client_free(client);
    echo_server_stop(echo);
}

Test(rpc_calls, an_answer_may_come_later_from_another_thread)
{
    struct echo_server *echo = echo_server_start(16, 1);
    struct fam_client *client = echo_client(echo, "fam_bot");
    struct fam_status status;
    char text[64];
    uint64_t start = fam_mono_ms();
    cr_assert_eq(echo_call(client, "later", 100, 5000, text, &status), FAM_OK);
    cr_assert_str_eq(text, "later");
    cr_assert_geq(fam_mono_ms() - start, 95);
    fam_client_free(client);
    echo_server_stop(echo);
}

Test(rpc_calls, an_unknown_token_is_unauthenticated_and_none_too)
{
    struct echo_server *echo = echo_server_start(16, 2);
    struct fam_client *wrong = echo_client(echo, "fam_wrong");
    struct fam_client *none = echo_client(echo, "");
    struct fam_client *good = echo_client(echo, "fam_bot");
    struct fam_status status;
    char text[64];
    cr_assert_eq(echo_call(wrong, "x", 0, 5000, text, &status), FAM_UNAUTHENTICATED);
    cr_assert_eq(echo_call(none, "x", 0, 5000, text, &status), FAM_UNAUTHENTICATED);
    assert_still_serves(good);
    fam_client_free(wrong);
    fam_client_free(none);
    fam_client_free(good);
    echo_server_stop(echo);
}

Test(rpc_calls, a_role_that_may_not_call_is_denied)
{
    struct echo_server *echo = echo_server_start(16, 2);
    struct fam_client *bot = echo_client(echo, "fam_bot");
    struct fam_client *service = echo_client(echo, "fam_service");
    Fam__Test__V1__PingRequest ping = FAM__TEST__V1__PING_REQUEST__INIT;
    Fam__Test__V1__FailRequest fail = FAM__TEST__V1__FAIL_REQUEST__INIT;
    struct fam_status status;
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(bot, fam__test__v1__echo_service, secret, &rpc, &ping, &status), FAM_PERMISSION_DENIED);
    fam_rpc_done(&rpc);
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(service, fam__test__v1__echo_service, fail, &rpc, &fail, &status), FAM_PERMISSION_DENIED);
    fam_rpc_done(&rpc);
    assert_still_serves(service);
    fam_client_free(bot);
    fam_client_free(service);
    echo_server_stop(echo);
}

Test(rpc_calls, a_change_needs_an_acting_user_and_a_key)
{
    struct echo_server *echo = echo_server_start(16, 2);
    struct fam_client *client = echo_client(echo, "fam_bot");
    Fam__Test__V1__PingRequest ping = FAM__TEST__V1__PING_REQUEST__INIT;
    struct fam_uuid user = fam_uuid_v7();
    struct fam_rpc_options options = {.idempotency_key = "k-1"};
    struct fam_status status;
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(client, fam__test__v1__echo_service, change, &rpc, &ping, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.field, "acting_user_id");
    fam_rpc_done(&rpc);
    options = (struct fam_rpc_options){.acting_user = &user};
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(client, fam__test__v1__echo_service, change, &rpc, &ping, &status), FAM_INVALID_ARGUMENT);
    cr_assert_str_eq(status.field, "idempotency_key");
    fam_rpc_done(&rpc);
    options.idempotency_key = "k-1";
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(client, fam__test__v1__echo_service, change, &rpc, &ping, &status), FAM_OK);
    fam_rpc_done(&rpc);
    fam_client_free(client);
    echo_server_stop(echo);
}

Test(rpc_calls, a_deadline_ends_a_parked_call_and_the_handler_learns_it)
{
    struct echo_server *echo = echo_server_start(16, 2);
    struct fam_client *client = echo_client(echo, "fam_bot");
    struct fam_status status;
    char text[64];
    uint64_t start = fam_mono_ms();
    cr_assert_eq(echo_call(client, "slow", 20000, 1000, text, &status), FAM_DEADLINE_EXCEEDED);
    cr_assert_lt(fam_mono_ms() - start, 15000);
    while (echo_server_cancels(echo) == 0 && fam_mono_ms() - start < 20000) {
        usleep(5000);
    }
    cr_assert_eq(echo_server_cancels(echo), 1);
    assert_still_serves(client);
    fam_client_free(client);
    echo_server_stop(echo);
}

struct cancel_arg {
    struct fam_client *client;
    struct fam_rpc rpc;
    enum fam_code code;
};

static void *parked_call(void *arg)
{
    struct cancel_arg *cancel = arg;
    struct fam_status status;
    cancel->code = fam_rpc_wait(&cancel->rpc, &status);
    return NULL;
}

Test(rpc_calls, a_cancel_reaches_the_handler)
{
    struct echo_server *echo = echo_server_start(16, 2);
    struct cancel_arg arg = {.client = echo_client(echo, "fam_bot")};
    Fam__Test__V1__EchoRequest request = FAM__TEST__V1__ECHO_REQUEST__INIT;
    request.text = (char *)(uintptr_t) "parked";
    request.park_ms = 30000;
    fam_rpc_init(&arg.rpc, NULL);
    fam__test__v1__echo_service__echo(fam_client_service(arg.client, &fam__test__v1__echo_service__descriptor),
                                      &request, NULL, &arg.rpc);
    uint64_t start = fam_mono_ms();
    while (fam_server_calls_in_flight(echo_server_rpc(echo)) == 0 && fam_mono_ms() - start < 20000) {
        usleep(2000);
    }
    pthread_t thread;
    pthread_create(&thread, NULL, parked_call, &arg);
    fam_rpc_cancel(&arg.rpc);
    pthread_join(thread, NULL);
    cr_assert_eq(arg.code, FAM_CANCELLED);
    while (echo_server_cancels(echo) == 0 && fam_mono_ms() - start < 20000) {
        usleep(2000);
    }
    cr_assert_eq(echo_server_cancels(echo), 1);
    fam_rpc_done(&arg.rpc);
    assert_still_serves(arg.client);
    fam_client_free(arg.client);
    echo_server_stop(echo);
}

Test(rpc_calls, above_the_bound_calls_are_refused_while_inline_methods_answer)
{
    struct echo_server *echo = echo_server_start(2, 2);
    struct fam_client *client = echo_client(echo, "fam_bot");
    Fam__Test__V1__EchoRequest request = FAM__TEST__V1__ECHO_REQUEST__INIT;
    request.text = (char *)(uintptr_t) "parked";
    request.park_ms = 4000;
    struct fam_rpc parked[2];
    for (int i = 0; i < 2; i++) {
        fam_rpc_init(&parked[i], NULL);
        fam__test__v1__echo_service__echo(fam_client_service(client, &fam__test__v1__echo_service__descriptor),
                                          &request, NULL, &parked[i]);
    }
    uint64_t start = fam_mono_ms();
    while (fam_server_calls_in_flight(echo_server_rpc(echo)) < 2 && fam_mono_ms() - start < 20000) {
        usleep(2000);
    }
    struct fam_status status;
    char text[64];
    cr_assert_eq(echo_call(client, "third", 0, 4000, text, &status), FAM_RESOURCE_EXHAUSTED);
    cr_assert_gt(status.retry_after_ms, 0);
    Fam__Test__V1__PingRequest ping = FAM__TEST__V1__PING_REQUEST__INIT;
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(client, fam__test__v1__echo_service, ping, &rpc, &ping, &status), FAM_OK);
    fam_rpc_done(&rpc);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(fam_rpc_wait(&parked[i], &status), FAM_OK);
        fam_rpc_done(&parked[i]);
    }
    assert_still_serves(client);
    fam_client_free(client);
    echo_server_stop(echo);
}

Test(rpc_calls, unavailable_is_retried_only_with_a_key_or_when_read_only)
{
    struct echo_server *echo = echo_server_start(16, 2);
    struct fam_client *client = echo_client(echo, "fam_bot");
    Fam__Test__V1__FailRequest request = FAM__TEST__V1__FAIL_REQUEST__INIT;
    request.code = FAM_UNAVAILABLE;
    struct fam_status status;
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(client, fam__test__v1__echo_service, fail, &rpc, &request, &status), FAM_UNAVAILABLE);
    cr_assert_str_eq(status.reason, "ASKED_FOR");
    cr_assert_eq(echo_server_fails(echo), 1);
    fam_rpc_done(&rpc);
    request.times = 3; /* one is spent: two more fail, the third attempt succeeds */
    fam_rpc_init(&rpc, &(struct fam_rpc_options){.idempotency_key = "again"});
    cr_assert_eq(FAM_RPC(client, fam__test__v1__echo_service, fail, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    cr_assert_eq(echo_server_fails(echo), 4);
    fam_rpc_done(&rpc);
    fam_client_free(client);
    echo_server_stop(echo);
}

Test(rpc_calls, no_server_is_unavailable_within_the_deadline)
{
    struct fam_status status = {.message = ""};
    struct fam_client *client = fam_client_new(
        &(struct fam_client_options){.urls = "tcp://127.0.0.1:9", .token = "fam_bot", .version = "test/1"}, &status);
    cr_assert_not_null(client);
    char text[64];
    uint64_t start = fam_mono_ms();
    cr_assert_eq(echo_call(client, "x", 0, 300, text, &status), FAM_UNAVAILABLE);
    cr_assert_lt(fam_mono_ms() - start, 10000);
    fam_client_free(client);
}

Test(rpc_calls, ipc_addresses_are_refused_with_the_reason)
{
    struct fam_status status;
    cr_assert_null(fam_client_new(&(struct fam_client_options){.urls = "ipc:///tmp/x", .token = ""}, &status));
    cr_assert_eq(status.code, FAM_INVALID_ARGUMENT);
    cr_assert_not_null(strstr(status.message, "tcp://"));
}

Test(rpc_calls, drain_lets_calls_finish_and_refuses_new_ones)
{
    struct echo_server *echo = echo_server_start(16, 2);
    struct fam_client *client = echo_client(echo, "fam_bot");
    Fam__Test__V1__EchoRequest request = FAM__TEST__V1__ECHO_REQUEST__INIT;
    request.text = (char *)(uintptr_t) "parked";
    request.park_ms = 400;
    struct fam_rpc parked;
    fam_rpc_init(&parked, NULL);
    fam__test__v1__echo_service__echo(fam_client_service(client, &fam__test__v1__echo_service__descriptor), &request,
                                      NULL, &parked);
    uint64_t start = fam_mono_ms();
    while (fam_server_calls_in_flight(echo_server_rpc(echo)) < 1 && fam_mono_ms() - start < 20000) {
        usleep(2000);
    }
    cr_assert(fam_server_drain(echo_server_rpc(echo), 10000));
    struct fam_status status;
    char text[64];
    cr_assert_eq(echo_call(client, "new", 0, 5000, text, &status), FAM_UNAVAILABLE);
    cr_assert_str_eq(status.reason, "DRAINING");
    cr_assert_eq(fam_rpc_wait(&parked, &status), FAM_OK);
    fam_rpc_done(&parked);
    fam_client_free(client);
    echo_server_stop(echo);
}

struct load_arg {
    struct fam_client *client;
    unsigned failures;
};

static void *load(void *arg)
{
    struct load_arg *load = arg;
    for (int i = 0; i < 500; i++) {
        struct fam_status status;
        char text[64];
        char want[16];
        snprintf(want, sizeof(want), "n%d", i);
        if (echo_call(load->client, want, 0, 10000, text, &status) != FAM_OK || strcmp(text, want) != 0) {
            load->failures++;
        }
    }
    return NULL;
}

Test(rpc_calls, many_threads_share_one_client, .timeout = 300)
{
    struct echo_server *echo = echo_server_start(64, 4);
    struct fam_client *client = echo_client(echo, "fam_bot");
    pthread_t threads[16];
    struct load_arg args[16];
    for (int i = 0; i < 16; i++) {
        args[i] = (struct load_arg){.client = client};
        pthread_create(&threads[i], NULL, load, &args[i]);
    }
    for (int i = 0; i < 16; i++) {
        pthread_join(threads[i], NULL);
        cr_assert_eq(args[i].failures, 0);
    }
    fam_client_free(client);
    echo_server_stop(echo);
}

Test(rpc_calls, the_log_tells_of_each_call_and_never_of_its_content)
{
    char path[] = "/tmp/fam-log-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    struct echo_server *echo = echo_server_start_logged(16, 2, fd);
    struct fam_client *client = echo_client(echo, "fam_bot");
    struct fam_status status;
    char text[64];
    cr_assert_eq(echo_call(client, "quokka", 0, 5000, text, &status), FAM_OK);
    fam_client_free(client);
    echo_server_stop(echo);
    char log[8192] = "";
    cr_assert_gt(pread(fd, log, sizeof(log) - 1, 0), 0);
    cr_assert_not_null(strstr(log, "fam.test.v1.EchoService/Echo"));
    cr_assert_not_null(strstr(log, "\"code\":\"OK\""), "%s", log);
    cr_assert_null(strstr(log, "quokka"));
    cr_assert_null(strstr(log, "fam_bot"));
    close(fd);
    unlink(path);
}
