/* top: what a server is doing, every few seconds: rates and latencies between two reads of its metrics. */
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "commands/commands.h"
#include "ctl.h"
#include "fam/v1/ops.pb-c.h"
#include "samples.h"
#include "words.h"

#define M(name) "family_emotions_" name

enum { INTERVAL_S = 2, BYTES_IN_MIB = 1024 * 1024 };

/* The figures of one interval, in the order in which they are shown. */
enum figure_id {
    RPC_RATE,
    RPC_ERRORS,
    RPC_P50,
    RPC_P99,
    RPC_IN_FLIGHT,
    RPC_QUEUED,
    TRANSLATIONS,
    TRANSLATION_P95,
    SAFETY_HITS,
    DB_ACTIVE,
    DB_MAX,
    REDIS_UP,
    CLAUDE_RATE,
    CLAUDE_IN_FLIGHT,
    CLAUDE_QUEUED,
    CLAUDE_BREAKER,
    CLAUDE_COST,
    CACHE_HITS,
    CPU,
    MEMORY,
    FIGURES
};

static const struct {
    const char *key;
    const char *row; /* begins a row; NULL: goes on in it */
    const char *before;
    int decimals;
    const char *after;
} LOOKS[FIGURES] = {
    [RPC_RATE] = {"rpc_per_second", "RPC", "", 1, "/s"},
    [RPC_ERRORS] = {"rpc_errors_per_second", NULL, "errors ", 1, "/s"},
    [RPC_P50] = {"rpc_p50_ms", NULL, "p50 ", 1, " ms"},
    [RPC_P99] = {"rpc_p99_ms", NULL, "p99 ", 1, " ms"},
    [RPC_IN_FLIGHT] = {"rpc_in_flight", NULL, "in flight ", 0, ""},
    [RPC_QUEUED] = {"rpc_queued", NULL, "queued ", 0, ""},
    [TRANSLATIONS] = {"translations_per_second", "Translations", "", 1, "/s"},
    [TRANSLATION_P95] = {"translation_p95_ms", NULL, "p95 ", 0, " ms"},
    [SAFETY_HITS] = {"safety_hits", NULL, "dangers ", 0, ""},
    [DB_ACTIVE] = {"db_connections_active", "Database", "connections ", 0, ""},
    [DB_MAX] = {"db_connections_max", NULL, "of ", 0, ""},
    [REDIS_UP] = {"redis_up", NULL, "Redis up ", 0, ""},
    [CLAUDE_RATE] = {"claude_per_second", "Claude", "", 1, "/s"},
    [CLAUDE_IN_FLIGHT] = {"claude_in_flight", NULL, "in flight ", 0, ""},
    [CLAUDE_QUEUED] = {"claude_queued", NULL, "queued ", 0, ""},
    [CLAUDE_BREAKER] = {"claude_breaker", NULL, "breaker ", 0, ""},
    [CLAUDE_COST] = {"claude_cost_usd", NULL, "cost $", 4, ""},
    [CACHE_HITS] = {"cache_hit_percent", NULL, "cache hits ", 0, " %"},
    [CPU] = {"cpu_percent", "Process", "CPU ", 0, " %"},
    [MEMORY] = {"memory_mib", NULL, "memory ", 0, " MiB"},
};

/* What a counter gained; after a restart it counts from zero. */
static double gain(const struct fam_samples *before, const struct fam_samples *now, const char *name, const char *with)
{
    double was = fam_samples_sum(before, name, with), is = fam_samples_sum(now, name, with);
    return is >= was ? is - was : is;
}

static void measure_rates(const struct fam_samples *before, const struct fam_samples *now, double seconds,
                          double ret_figures[FIGURES])
{
    double calls = gain(before, now, M("rpc_requests_total"), NULL);
    double good = gain(before, now, M("rpc_requests_total"), "code=\"OK\"");
    double hits = gain(before, now, M("cache_lookups_total"), "result=\"hit\"");
    double lookups = hits + gain(before, now, M("cache_lookups_total"), "result=\"miss\"");
    ret_figures[RPC_RATE] = calls / seconds;
    ret_figures[RPC_ERRORS] = (calls - good) / seconds;
    ret_figures[RPC_P50] = fam_samples_quantile(before, now, M("rpc_request_duration_seconds"), 0.5) * 1000;
    ret_figures[RPC_P99] = fam_samples_quantile(before, now, M("rpc_request_duration_seconds"), 0.99) * 1000;
    ret_figures[TRANSLATIONS] = gain(before, now, M("translations_total"), NULL) / seconds;
    ret_figures[TRANSLATION_P95] = fam_samples_quantile(before, now, M("translation_duration_seconds"), 0.95) * 1000;
    ret_figures[SAFETY_HITS] = gain(before, now, M("safety_hits_total"), NULL);
    ret_figures[CLAUDE_RATE] = gain(before, now, M("claude_answers_total"), NULL) / seconds;
    ret_figures[CACHE_HITS] = lookups > 0 ? hits * 100 / lookups : NAN;
    ret_figures[CPU] = gain(before, now, "process_cpu_seconds_total", NULL) * 100 / seconds;
}

static void measure(const struct fam_samples *before, const struct fam_samples *now, double seconds,
                    double ret_figures[FIGURES])
{
    measure_rates(before, now, seconds, ret_figures);
    ret_figures[RPC_IN_FLIGHT] = fam_samples_sum(now, M("rpc_in_flight"), NULL);
    ret_figures[RPC_QUEUED] = fam_samples_sum(now, M("rpc_queued"), NULL);
    ret_figures[DB_ACTIVE] = fam_samples_sum(now, M("db_connections_active"), NULL);
    ret_figures[DB_MAX] = fam_samples_sum(now, M("db_connections_max"), NULL);
    ret_figures[REDIS_UP] = fam_samples_sum(now, M("redis_up"), NULL);
    ret_figures[CLAUDE_IN_FLIGHT] = fam_samples_sum(now, M("claude_in_flight"), NULL);
    ret_figures[CLAUDE_QUEUED] = fam_samples_sum(now, M("claude_queued"), NULL);
    ret_figures[CLAUDE_BREAKER] = fam_samples_sum(now, M("claude_breaker_state"), NULL);
    ret_figures[CLAUDE_COST] = fam_samples_sum(now, M("claude_cost_usd_total"), NULL);
    ret_figures[MEMORY] = fam_samples_sum(now, "process_resident_memory_bytes", NULL) / BYTES_IN_MIB;
}

/* How the bot is doing, as it reports to the server: the state of the check "telegram", "" when it can't be told. */
static void read_bot(struct fam_ctl *ctl, char ret_state[FAM_WORD_SIZE])
{
    Fam__V1__HealthRequest request = FAM__V1__HEALTH_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    struct fam_status ignored; /* the other figures are shown all the same */
    ret_state[0] = '\0';
    options.read_only = true;
    fam_rpc_init(&rpc, &options);
    if (FAM_RPC(ctl->client, fam__v1__ops_service, health, &rpc, &request, &ignored) == FAM_OK) {
        const Fam__V1__HealthResponse *response = (const Fam__V1__HealthResponse *)fam_rpc_response(&rpc);
        for (size_t i = 0; i < response->n_checks; i++) {
            if (strcmp(response->checks[i]->name, "telegram") == 0) {
                fam_word_from_enum(&fam__v1__health_status__descriptor, (int)response->checks[i]->status, ret_state);
            }
        }
    }
    fam_rpc_done(&rpc);
}

static void add_json(struct fam_buf *buf, const double figures[FIGURES], const char *bot)
{
    fam_buf_add_char(buf, '{');
    for (size_t i = 0; i < FIGURES; i++) {
        fam_buf_addf(buf, "%s\"%s\":", i == 0 ? "" : ",", LOOKS[i].key);
        if (isfinite(figures[i])) {
            fam_buf_addf(buf, "%.6g", figures[i]);
        } else {
            fam_buf_add_text(buf, "null");
        }
    }
    fam_buf_addf(buf, ",\"bot\":\"%s\"}\n", bot);
}

/* What could not be measured, for nothing happened, is left out. */
static void add_text(struct fam_buf *buf, const struct fam_ctl *ctl, const double figures[FIGURES], const char *bot)
{
    char now[FAM_RFC3339_SIZE];
    fam_rfc3339(fam_wall_ms(), now);
    if (ctl->io->style.colour) {
        fam_buf_add_text(buf, "\033[H\033[2J"); /* on a terminal the last figures make room */
    }
    fam_buf_addf(buf, "%s  %s", now, fam_ctl_servers(ctl));
    for (size_t i = 0; i < FIGURES; i++) {
        if (LOOKS[i].row != NULL) {
            fam_buf_addf(buf, "\n%-13s", LOOKS[i].row);
        }
        if (isfinite(figures[i])) {
            fam_buf_addf(buf, "  %s%.*f%s", LOOKS[i].before, LOOKS[i].decimals, figures[i], LOOKS[i].after);
        }
    }
    fam_buf_addf(buf, "\n%-13s  %s\n\n", "Bot", bot[0] == '\0' ? "not known" : bot);
}

static enum fam_code show(struct fam_ctl *ctl, const double figures[FIGURES], struct fam_status *status)
{
    char bot[FAM_WORD_SIZE];
    read_bot(ctl, bot);
    fam_auto(fam_buf_done) struct fam_buf buf = {0};
    const char *format = fam_parsed_value(ctl->parsed, "--output");
    if (format != NULL && strcmp(format, "json") == 0) {
        add_json(&buf, figures, bot);
    } else {
        add_text(&buf, ctl, figures, bot);
    }
    return buf.failed ? fam_fail_memory(status) : fam_ctl_write(ctl, fam_buf_text(&buf), buf.size, status);
}

enum fam_code fam_ctl_top(struct fam_ctl *ctl, struct fam_status *status)
{
    uint32_t interval_s = fam_parsed_number(ctl->parsed, "--interval", INTERVAL_S);
    uint32_t count = fam_parsed_number(ctl->parsed, "--count", 0);
    struct fam_samples before, now;
    enum fam_code code = fam_samples_fetch(ctl, &before, status);
    uint64_t before_us = fam_mono_us();
    for (uint32_t shown = 0; code == FAM_OK && (count == 0 || shown < count); shown++) {
        double figures[FIGURES];
        (void)poll(NULL, 0, (int)(interval_s * 1000));
        code = fam_samples_fetch(ctl, &now, status);
        uint64_t now_us = fam_mono_us();
        if (code != FAM_OK) {
            break;
        }
        measure(&before, &now, (double)(now_us - before_us) / 1e6, figures);
        fam_samples_done(&before);
        before = now;
        before_us = now_us;
        code = show(ctl, figures, status);
    }
    fam_samples_done(&before);
    ctl->out.streamed = true;
    return code;
}
