/* Many threads count while others read values and make pages; nothing is lost. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/config.h"
#include "metrics/metrics.h"

enum { THREADS = 4, ROUNDS = 3000, PAGES = 10 };

static void count_queue(struct fam_metrics *metrics, void *context)
{
    (void)context;
    fam_metrics_set(metrics, FAM_M_RPC_QUEUED, NULL, 1);
}

static void *count(void *metrics)
{
    for (int i = 0; i < ROUNDS; i++) {
        fam_metrics_add(metrics, FAM_M_USER_REGISTRATIONS, FAM_LABELS("telegram"), 1);
        fam_metrics_rpc(metrics, 0, FAM_OK, 0.01);
        fam_metrics_observe(metrics, FAM_M_DB_SECONDS, FAM_LABELS("select", "users"), 0.001);
        fam_metrics_set(metrics, FAM_M_RPC_IN_FLIGHT, NULL, i);
    }
    return NULL;
}

static void *read_pages(void *metrics)
{
    for (int i = 0; i < PAGES; i++) {
        struct fam_buf page = {0};
        fam_metrics_write(metrics, &page);
        (void)fam_metrics_value(metrics, FAM_M_RPC_SECONDS, NULL);
        fam_buf_done(&page);
    }
    return NULL;
}

static int check(const struct fam_metrics *metrics)
{
    double registrations = fam_metrics_value(metrics, FAM_M_USER_REGISTRATIONS, FAM_LABELS("telegram"));
    double calls = fam_metrics_value(metrics, FAM_M_RPC_REQUESTS, FAM_LABELS("OpsService", "Health", "OK"));
    double statements = fam_metrics_value(metrics, FAM_M_DB_SECONDS, FAM_LABELS("select", "users"));
    printf("%.0f registrations, %.0f calls, %.0f statements\n", registrations, calls, statements);
    const double expected = THREADS * ROUNDS;
    return registrations < expected || calls < expected || statements < expected ? 1 : 0;
}

int main(void)
{
    static const char *const methods[] = {"fam.v1.OpsService/Health"};
    pthread_t threads[THREADS + 2];
    struct fam_status status = {0};
    struct fam_metrics *metrics = fam_metrics_new(FAM_PROGRAM_SERVER, "0.1.0", methods, 1, &status);
    if (metrics == NULL) {
        return 2;
    }
    fam_metrics_on_scrape(metrics, count_queue, NULL);
    for (int i = 0; i < THREADS + 2; i++) {
        if (pthread_create(&threads[i], NULL, i < THREADS ? count : read_pages, metrics) != 0) {
            return 2;
        }
    }
    for (int i = 0; i < THREADS + 2; i++) {
        pthread_join(threads[i], NULL);
    }
    int result = check(metrics);
    fam_metrics_free(metrics);
    return result;
}
