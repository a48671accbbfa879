#include "watch.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READY_MS = 60000, STOP_MS = 20000, ALERT_MS = 90000, ANSWER_BYTES = 1 << 20, ARGS_MAX = 12 };

/* How long a series without new samples is still there: 5 minutes, divided by 60. How soon Alertmanager is told again
 * what it was told already, or could not be told because Prometheus did not know it yet: 1 minute, divided by 12. */
static const char LOOKBACK[] = "--query.lookback-delta=5s", RESEND[] = "--rules.alert.resend-delay=5s";

bool watch_is_there(void)
{
    char path[256];
    return proc_find_program("prometheus", path, sizeof(path)) &&
           proc_find_program("prometheus-alertmanager", path, sizeof(path));
}

static void write_key(const struct watch *watch)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/pagerduty_key", watch->dir);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(ALERT_SIM_KEY "\n", file), 0);
    cr_assert_eq(fclose(file), 0);
}

static void run(const char *const argv[], const char *const env[], char *ret_out, size_t size)
{
    int code = proc_run(argv, env, NULL, ret_out, size);
    cr_assert_eq(code, 0, "%s exits with %d: %.500s", argv[0], code, ret_out);
}

/* Rules and Alertmanager's configuration, as an installation gets them, and then in a hurry. */
static void render(const struct watch *watch)
{
    char path[64 + 256], key[128], info[96], watchdog[96], pagerduty[96], telegram[96], out[4096];
    uint16_t port = alert_sim_port(watch->sim);
    snprintf(path, sizeof(path), "PATH=%.250s", getenv("PATH"));
    snprintf(key, sizeof(key), "FAM_ALERT_PAGERDUTY_KEY_FILE=%s/pagerduty_key", watch->dir);
    snprintf(info, sizeof(info), "FAM_ALERT_WEBHOOK_URL=http://127.0.0.1:%u/info", port);
    snprintf(watchdog, sizeof(watchdog), "FAM_ALERT_WATCHDOG_URL=http://127.0.0.1:%u/watchdog", port);
    snprintf(pagerduty, sizeof(pagerduty), "FAM_ALERT_PAGERDUTY_API=http://127.0.0.1:%u/v2/enqueue", port);
    snprintf(telegram, sizeof(telegram), "FAM_ALERT_TELEGRAM_API=http://127.0.0.1:%u", port);
    const char *const env[] = {path,
                               key,
                               info,
                               watchdog,
                               pagerduty,
                               telegram,
                               "FAM_ALERT_TELEGRAM_TOKEN=" ALERT_SIM_TOKEN,
                               "FAM_ALERT_TELEGRAM_CHAT=" ALERT_SIM_CHAT,
                               NULL};
    write_key(watch);
    run((const char *const[]){FAM_SOURCE_DIR "/alerts/render", watch->dir, NULL}, env, out, sizeof(out));
    run((const char *const[]){FAM_SOURCE_DIR "/alerts/tests/hasten", watch->dir, NULL}, env, out, sizeof(out));
}

static void replace(char *text, size_t size, const char *old, const char *new)
{
    char *at = strstr(text, old);
    cr_assert_not_null(at, "deploy/prometheus.yml has no %s", old);
    size_t tail = strlen(at + strlen(old)) + 1;
    cr_assert_lt(strlen(text) + strlen(new), size);
    memmove(at + strlen(new), at + strlen(old), tail);
    memcpy(at, new, strlen(new));
}

static void configure_prometheus(const struct watch *watch, const struct system *system)
{
    char text[8192], path[128], value[128];
    char *shipped = proc_read_file(FAM_SOURCE_DIR "/deploy/prometheus.yml");
    cr_assert_not_null(shipped);
    snprintf(text, sizeof(text), "%s", shipped);
    free(shipped);
    const struct {
        const char *old;
        uint16_t port;
    } ports[] = {{"127.0.0.1:8000", system->http_port},
                 {"127.0.0.1:8001", system->bot_http_port},
                 {"127.0.0.1:9093", watch->alertmanager_port}};
    for (size_t i = 0; i < 3; i++) {
        snprintf(value, sizeof(value), "127.0.0.1:%u", ports[i].port);
        replace(text, sizeof(text), ports[i].old, value);
    }
    snprintf(value, sizeof(value), "%s/rules", watch->dir);
    replace(text, sizeof(text), "/etc/prometheus/family-emotions/rules", value);
    replace(text, sizeof(text), "scrape_interval: 15s", "scrape_interval: 500ms");
    replace(text, sizeof(text), "evaluation_interval: 15s", "evaluation_interval: 500ms");
    replace(text, sizeof(text), "scrape_timeout: 10s", "scrape_timeout: 500ms");
    replace(text, sizeof(text), "scrape_timeout: 10s", "scrape_timeout: 500ms");
    snprintf(path, sizeof(path), "%s/prometheus.yml", watch->dir);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

struct address {
    struct proc *proc;
    uint16_t port;
};

static bool is_ready_or_dead(void *context)
{
    const struct address *address = context;
    char body[1024];
    return system_get(address->port, "/-/ready", body, sizeof(body)) == 200 || !proc_is_running(address->proc);
}

static void start(const struct watch *watch, struct proc *proc, uint16_t port, const char *const argv[])
{
    cr_assert(proc_start(proc, watch->dir, argv[0], argv, NULL, NULL), "%s does not start", argv[0]);
    struct address address = {proc, port};
    char body[1024];
    bool ready = proc_wait_until(is_ready_or_dead, &address, READY_MS) &&
                 system_get(port, "/-/ready", body, sizeof(body)) == 200;
    char *log = ready ? NULL : proc_read_file(proc->err_path);
    cr_assert(ready, "%s is not ready: %.2000s", argv[0], log != NULL ? log : "");
    free(log);
}

void watch_start(struct watch *watch, const struct system *system)
{
    memset(watch, 0, sizeof(*watch));
    cr_assert(proc_tmpdir(watch->dir, sizeof(watch->dir)));
    watch->prometheus_port = proc_free_port();
    watch->alertmanager_port = proc_free_port();
    snprintf(watch->url, sizeof(watch->url), "http://127.0.0.1:%u", watch->prometheus_port);
    watch->sim = alert_sim_start();
    cr_assert_not_null(watch->sim);
    render(watch);
    configure_prometheus(watch, system);
    char file[128], listen[64], storage[128];
    snprintf(file, sizeof(file), "--config.file=%s/alertmanager.yml", watch->dir);
    snprintf(listen, sizeof(listen), "--web.listen-address=127.0.0.1:%u", watch->alertmanager_port);
    snprintf(storage, sizeof(storage), "--storage.path=%s/alertmanager", watch->dir);
    start(watch, &watch->alertmanager, watch->alertmanager_port,
          (const char *const[]){"prometheus-alertmanager", file, listen, storage, "--cluster.listen-address=", NULL});
    snprintf(file, sizeof(file), "--config.file=%s/prometheus.yml", watch->dir);
    snprintf(listen, sizeof(listen), "--web.listen-address=127.0.0.1:%u", watch->prometheus_port);
    snprintf(storage, sizeof(storage), "--storage.tsdb.path=%s/prometheus", watch->dir);
    start(watch, &watch->prometheus, watch->prometheus_port,
          (const char *const[]){"prometheus", file, listen, storage, LOOKBACK, RESEND, NULL});
}

void watch_stop(struct watch *watch)
{
    char problem[ALERT_SIM_PROBLEM_SIZE];
    (void)proc_stop(&watch->prometheus, SIGTERM, STOP_MS);
    (void)proc_stop(&watch->alertmanager, SIGTERM, STOP_MS);
    alert_sim_problem(watch->sim, problem);
    cr_expect_eq(alert_sim_refused(watch->sim), 0, "a receiver refuses: %s", problem);
    alert_sim_stop(watch->sim);
    proc_rmtree(watch->dir);
}

/* What Prometheus answers to the expression; NULL when it does not. The caller frees it with cJSON_Delete. */
static cJSON *ask(const struct watch *watch, const char *expression)
{
    char path[1024] = "/api/v1/query?query=";
    size_t used = strlen(path);
    for (const char *at = expression; *at != '\0'; at++) {
        cr_assert_lt(used + 4, sizeof(path));
        used += (size_t)snprintf(path + used, sizeof(path) - used, "%%%02X", (unsigned)(unsigned char)*at);
    }
    char *body = malloc(ANSWER_BYTES);
    cr_assert_not_null(body);
    cJSON *answer = system_get(watch->prometheus_port, path, body, ANSWER_BYTES) == 200 ? cJSON_Parse(body) : NULL;
    free(body);
    return answer;
}

static const cJSON *result_of(const cJSON *answer)
{
    return cJSON_GetObjectItem(cJSON_GetObjectItem(answer, "data"), "result");
}

double watch_ask(const struct watch *watch, const char *expression)
{
    cJSON *answer = ask(watch, expression);
    const cJSON *first = cJSON_GetArrayItem(result_of(answer), 0);
    const cJSON *number = cJSON_GetArrayItem(cJSON_GetObjectItem(first, "value"), 1);
    double value = cJSON_IsString(number) ? strtod(number->valuestring, NULL) : NAN;
    cJSON_Delete(answer);
    return value;
}

void watch_names(const struct watch *watch, const char *expression, char *ret_names, size_t size)
{
    cJSON *answer = ask(watch, expression);
    const cJSON *series = NULL;
    ret_names[0] = '\0';
    cJSON_ArrayForEach(series, result_of(answer))
    {
        const cJSON *name = cJSON_GetObjectItem(cJSON_GetObjectItem(series, "metric"), "alertname");
        size_t used = strlen(ret_names);
        if (cJSON_IsString(name)) {
            snprintf(ret_names + used, size - used, "%s%s", used > 0 ? " " : "", name->valuestring);
        }
    }
    cJSON_Delete(answer);
}

struct wish {
    const struct watch *watch;
    const char *expression;
    bool there;
};

static bool is_so(void *context)
{
    const struct wish *wish = context;
    return !isnan(watch_ask(wish->watch, wish->expression)) == wish->there;
}

bool watch_wait(const struct watch *watch, const char *expression, bool there, int timeout_ms)
{
    struct wish wish = {watch, expression, there};
    return proc_wait_until(is_so, &wish, timeout_ms);
}

void watch_expect(struct watch *watch, size_t after, enum alert_receiver receiver, const char *name, bool resolved)
{
    static const char *const RECEIVERS[] = {"PagerDuty", "Telegram", "Telegram (mute)", "the webhook", "the watchdog"};
    struct alert_notice wanted = {.receiver = receiver, .resolved = resolved};
    char fired[1024], alerts[2048];
    snprintf(wanted.name, sizeof(wanted.name), "%s", name);
    bool came = alert_sim_wait(watch->sim, after, &wanted, ALERT_MS);
    alert_sim_fired(watch->sim, after, fired, sizeof(fired));
    watch_names(watch, "ALERTS", alerts, sizeof(alerts));
    cr_assert(came, "%s %s does not reach %s; what came: %s; alerts now: %s", name,
              resolved ? "(resolved)" : "(firing)", RECEIVERS[receiver], fired, alerts);
}
