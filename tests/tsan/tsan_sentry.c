/* Many threads write errors, which become events at a simulated Sentry that misbehaves meanwhile; a scrape reads the
 * counts. Each line is counted once. */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "net/sentry.h"
#include "sim/sentry_sim.h"

enum { THREADS = 4, LINES = 400 };

static void *write_errors(void *context)
{
    struct fam_log *log = context;
    char event[32];
    for (int i = 0; i < LINES; i++) {
        (void)snprintf(event, sizeof(event), "kind %d", i % 80);
        FAM_LOG(log, FAM_LOG_ERROR, "test", event, FAM_I64("number", i), FAM_STR("code", "INTERNAL"));
    }
    return NULL;
}

static uint64_t sum(struct fam_sentry *sentry)
{
    struct fam_sentry_stats stats;
    fam_sentry_stats(sentry, &stats);
    return stats.sent + stats.repeated + stats.rate_limited + stats.dropped + stats.failed;
}

static int run(struct sentry_sim *sim, struct fam_log *log)
{
    char dsn[128];
    pthread_t threads[THREADS];
    struct fam_status status = {.code = FAM_OK};
    struct fam_sentry *sentry = NULL;
    sentry_sim_dsn(sim, dsn, sizeof(dsn));
    const struct fam_sentry_options options = {.dsn = dsn, .origin = {"test", "1", "r", "test"}};
    if (fam_sentry_new(&options, &sentry, &status) != FAM_OK) {
        return 2;
    }
    fam_log_observe(log, FAM_LOG_ERROR, fam_sentry_capture, sentry);
    sentry_sim_weather(sim, (struct sentry_weather){.times = 3, .status = 500});
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, write_errors, log) != 0) {
            return 2;
        }
    }
    for (int i = 0; i < 20; i++) {
        (void)sum(sentry);
        (void)usleep(1000);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    fam_sentry_flush(sentry);
    fam_log_observe(log, FAM_LOG_OFF, NULL, NULL);
    uint64_t counted = sum(sentry);
    fam_sentry_free(sentry);
    if (counted != THREADS * LINES) {
        fprintf(stderr, "%llu of %d lines were counted\n", (unsigned long long)counted, THREADS * LINES);
        return 1;
    }
    return 0;
}

int main(void)
{
    struct fam_status status = {.code = FAM_OK};
    FILE *file = tmpfile();
    (void)signal(SIGPIPE, SIG_IGN);
    if (file == NULL) {
        return 2;
    }
    const struct fam_log_options options = {
        .program = "test", .level = FAM_LOG_INFO, .format = FAM_LOG_JSON, .fd = fileno(file)};
    struct fam_log *log = fam_log_new(&options, &status);
    struct sentry_sim *sim = sentry_sim_start();
    int result = log == NULL || sim == NULL ? 2 : run(sim, log);
    sentry_sim_stop(sim);
    fam_log_free(log);
    (void)fclose(file);
    return result;
}
