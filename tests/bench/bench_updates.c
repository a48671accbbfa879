/* bench-updates: people who write to the bot through telegram-sim, at a steady rate.
 *
 *   bench-updates SIM_URL FIRST COUNT UPDATES RATE
 *
 * Posts UPDATES messages, one after the other from the Telegram accounts FIRST to FIRST + COUNT - 1, RATE a second, and
 * waits until all are confirmed. Prints one line of JSON with how long the bot took, as the simulator saw it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "sim/sim_client.h"

enum { PATIENCE_MS = 60000, ANSWER_MS = 20000 };

static bool post(struct sim_client *sim, int64_t chat_id)
{
    cJSON *wish = cJSON_CreateObject();
    cJSON_AddNumberToObject(wish, "chat_id", (double)chat_id);
    cJSON_AddStringToObject(wish, "text", "Мне скучно");
    return sim_client_post_json(sim, "/control/update", wish, NULL) == 200;
}

static void sleep_until(uint64_t due_us)
{
    uint64_t now_us = fam_mono_us();
    if (due_us > now_us) {
        struct timespec wait = {.tv_sec = (time_t)((due_us - now_us) / 1000000),
                                .tv_nsec = (long)((due_us - now_us) % 1000000) * 1000};
        nanosleep(&wait, NULL);
    }
}

static double number_of(const cJSON *object, const char *name)
{
    const cJSON *item = fam_json_get(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

/* True when the bot has confirmed everything. */
static bool await_confirmed(struct sim_client *sim)
{
    uint64_t until_ms = fam_mono_ms() + PATIENCE_MS;
    bool all = false;
    while (!all && fam_mono_ms() < until_ms) {
        cJSON *state = NULL;
        if (sim_client_get(sim, "/control/state", ANSWER_MS, &state) == 200)
            all = number_of(state, "confirmed") >= number_of(state, "last_update_id");
        cJSON_Delete(state);
        if (!all)
            nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    return all;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of a list of numbers; 0 when there are none. */
static double percentile(const cJSON *list, double part, size_t *ret_count)
{
    int count = cJSON_GetArraySize(list);
    double *values = calloc((size_t)count + 1, sizeof(double)), result = 0;
    const cJSON *item;
    size_t n = 0;
    if (values) {
        cJSON_ArrayForEach(item, list)
        {
            values[n++] = item->valuedouble;
        }
        qsort(values, n, sizeof(double), compare);
        result = n ? values[(size_t)((double)(n - 1) * part)] : 0;
    }
    free(values);
    *ret_count = n;
    return result;
}

int main(int argc, char **argv)
{
    int64_t first = argc == 6 ? strtoll(argv[2], NULL, 10) : 0, count = argc == 6 ? strtoll(argv[3], NULL, 10) : 0;
    long updates = argc == 6 ? strtol(argv[4], NULL, 10) : 0;
    double rate = argc == 6 ? strtod(argv[5], NULL) : 0;
    if (first < 1 || count < 1 || updates < 1 || updates > 15000 || !(rate > 0 && rate <= 1000)) {
        fprintf(stderr, "usage: bench-updates SIM_URL FIRST COUNT UPDATES RATE\n");
        return 2;
    }
    struct sim_client *sim = sim_client_new(argv[1]);
    cJSON *latency = NULL;
    size_t answers = 0;
    if (!sim || sim_client_get(sim, "/control/latency?clear=1", ANSWER_MS, NULL) != 200) {
        fprintf(stderr, "bench-updates: the simulator does not answer\n");
        return EXIT_FAILURE;
    }
    uint64_t start_us = fam_mono_us();
    for (long i = 0; i < updates; i++) {
        sleep_until(start_us + (uint64_t)((double)i * 1e6 / rate));
        if (!post(sim, first + i % count)) {
            fprintf(stderr, "bench-updates: an update was refused\n");
            return EXIT_FAILURE;
        }
    }
    double seconds = (double)(fam_mono_us() - start_us) / 1e6;
    bool confirmed = await_confirmed(sim);
    if (!confirmed || sim_client_get(sim, "/control/latency", ANSWER_MS, &latency) != 200) {
        fprintf(stderr, "bench-updates: the bot did not confirm all updates\n");
        return EXIT_FAILURE;
    }
    const cJSON *handed = fam_json_get(latency, "handed_us"), *queued = fam_json_get(latency, "queued_us");
    double p50 = percentile(handed, 0.5, &answers), p99 = percentile(handed, 0.99, &answers);
    double from_queue = percentile(queued, 0.5, &answers), from_queue99 = percentile(queued, 0.99, &answers);
    printf("{\"updates\":%ld,\"answers\":%zu,\"rate\":%.1f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"queued_p50_us\":%.0f,"
           "\"queued_p99_us\":%.0f}\n",
           updates, answers, (double)updates / seconds, p50, p99, from_queue, from_queue99);
    cJSON_Delete(latency);
    sim_client_free(sim);
    return EXIT_SUCCESS;
}
