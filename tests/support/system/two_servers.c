#include "two_servers.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

enum { EXTRA_MAX = 12, STOP_MS = 40000, CONNECT_MS = 20000 };

static bool second_is_ready(void *context)
{
    char body[1024];
    return system_get(((struct two *)context)->second_http, "/health/ready", body, sizeof(body)) == 200;
}

struct fam_client *two_client_of(const char *urls, const char *token, const struct fam_tls_options *tls)
{
    struct fam_status status = {.message = ""};
    struct fam_client *client = fam_client_new(
        &(struct fam_client_options){.urls = urls, .token = token, .version = "test/1", .tls = tls}, &status);
    cr_assert_not_null(client, "%s", status.message);
    return client;
}

/* The first one's settings, with other addresses. */
static void start_second(struct two *two)
{
    two->second_rpc = proc_free_port();
    two->second_http = proc_free_port();
    char listen[64], http[64];
    snprintf(listen, sizeof(listen), "FAM_LISTEN=tcp://127.0.0.1:%u", two->second_rpc);
    snprintf(http, sizeof(http), "FAM_HTTP_LISTEN=127.0.0.1:%u", two->second_http);
    const char *env[SYSTEM_ENV_MAX + 1] = {NULL};
    for (size_t i = 0; two->system.server_env[i] != NULL; i++) {
        const char *setting = two->system.server_env[i];
        env[i] = strncmp(setting, "FAM_LISTEN=", 11) == 0        ? listen
                 : strncmp(setting, "FAM_HTTP_LISTEN=", 16) == 0 ? http
                                                                 : setting;
    }
    const char *argv[] = {FAM_BIN_DIR "/famserver", NULL};
    cr_assert(proc_start(&two->second, two->system.dir, "famserver-second", argv, env, NULL));
    cr_assert(proc_wait_until(second_is_ready, two, SYSTEM_READY_MS), "the second famserver is not ready");
}

void two_start(struct two *two, const char *const *extra)
{
    const char *settings[EXTRA_MAX + 1] = {"FAM_LIMIT_TRANSLATIONS_HOUR=100000", "FAM_LIMIT_TRANSLATIONS_DAY=100000"};
    for (size_t count = 2; extra != NULL && *extra != NULL; extra++) {
        cr_assert_lt(count, EXTRA_MAX);
        settings[count++] = *extra;
    }
    system_start(&two->system, settings);
    start_second(two);
    for (int i = 0; i < TWO_PEOPLE; i++) {
        two->people[i] = system_family(&two->system, 3000 + i, 7);
    }
    fam_client_free(two->system.client);
    char urls[128];
    snprintf(urls, sizeof(urls), "tcp://127.0.0.1:%u,tcp://127.0.0.1:%u", two->system.rpc_port, two->second_rpc);
    two->system.client = two_client_of(urls, two->system.bot_token, NULL);
    two_wait_connected(two, 2);
}

void two_stop(struct two *two)
{
    if (proc_is_running(&two->second)) {
        cr_expect_eq(proc_stop(&two->second, SIGTERM, STOP_MS), 0);
    }
    system_stop(&two->system);
}

void two_wait_connected(struct two *two, unsigned servers)
{
    struct fam_client_stats stats = {0};
    for (uint64_t until_ms = fam_mono_ms() + CONNECT_MS; fam_mono_ms() < until_ms; usleep(2000)) {
        fam_client_stats(two->system.client, &stats);
        if (stats.connected == servers) {
            return;
        }
    }
    cr_assert_eq(stats.connected, servers);
}
