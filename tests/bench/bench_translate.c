/* bench-translate: load on Translate, from parents who each say one thing again and again, so that after the first time
 * it is answered from the cache where there is one, and its entry is stored.
 *
 *   FAM_SERVERS=… FAM_TOKEN=<of a bot> bench-translate seed FIRST COUNT
 *   FAM_SERVERS=… FAM_TOKEN=<of a bot> bench-translate run FIRST COUNT SECONDS IN_FLIGHT [RATE]
 *
 * `seed` makes COUNT parents with consents, a family and a child each, as the Telegram accounts FIRST and following,
 * and prints their user ids. `run` lets them talk: without RATE as fast as IN_FLIGHT calls at a time go, else RATE
 * calls a second at times fixed beforehand, whose latency counts from those times on. It prints one line of JSON. */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/uuid.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "rpc/client.h"

enum {
    WAIT_MS = 30000,
    KEY_SIZE = 96,
    PARENTS_MAX = 4096,
    IN_FLIGHT_MAX = 256,
    SAMPLES_MAX = 4000000,
    CONNECTIONS = 4
};

static const char *const phrases[] = {
    "Ненавижу тебя!",
    "Я не пойду в школу",
    "Отстань от меня",
    "Ты меня не любишь",
    "У меня ничего не получается",
    "Все дети злые",
    "Не хочу спать",
    "Это нечестно!",
    "Я боюсь темноты",
    "Почему брату можно, а мне нет?",
    "Мне скучно",
    "Не буду делать уроки",
    "Оставь меня в покое",
    "Я хочу к бабушке",
    "Никто со мной не играет",
    "Ты обещала!",
};

struct bench {
    struct fam_client *clients[CONNECTIONS];
    int64_t first;
    size_t count;
    struct fam_uuid *users;
    uint64_t run; /* keys of this run */
    uint64_t started_us, until_us;
    double rate; /* 0: as fast as it goes */
    atomic_size_t next;
    atomic_size_t errors, from_claude;
    atomic_size_t samples;
    uint32_t *times_us;
    char error[256];
    pthread_mutex_t mutex;
};

/* One parent who is being made. */
struct seed {
    struct fam_client *client;
    int64_t telegram_id;
    struct fam_uuid *user_id;
    struct fam_rpc rpc;
    struct fam_rpc_options options;
    char key[KEY_SIZE];
};

/* Begins a step; `what` makes its idempotency key. */
static void step(struct seed *seed, const char *what)
{
    (void)snprintf(seed->key, sizeof(seed->key), "bench:%" PRId64 ":%s", seed->telegram_id, what);
    seed->options.idempotency_key = seed->key;
    fam_rpc_init(&seed->rpc, &seed->options);
}

static enum fam_code register_user(struct seed *seed, bool *ret_in_family, struct fam_status *status)
{
    Fam__V1__RegisterUserRequest request = FAM__V1__REGISTER_USER_REQUEST__INIT;
    request.telegram_id = seed->telegram_id;
    request.language = FAM__V1__LANGUAGE__LANGUAGE_RU;
    request.source = FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_TELEGRAM;
    step(seed, "user");
    enum fam_code code = FAM_RPC(seed->client, fam__v1__family_service, register_user, &seed->rpc, &request, status);
    const Fam__V1__RegisterUserResponse *response = (const Fam__V1__RegisterUserResponse *)fam_rpc_response(&seed->rpc);
    const Fam__V1__User *user = response ? response->user : NULL;
    if (code == FAM_OK && (!user || !fam_uuid_parse(user->user_id, seed->user_id)))
        code = fam_fail(status, FAM_INTERNAL, "the server registered nobody");
    *ret_in_family = code == FAM_OK && user->family_id[0];
    fam_rpc_done(&seed->rpc);
    return code;
}

static enum fam_code consent(struct seed *seed, Fam__V1__ConsentPurpose purpose, const char *what,
                             struct fam_status *status)
{
    static char version[] = "1";
    Fam__V1__SetConsentRequest request = FAM__V1__SET_CONSENT_REQUEST__INIT;
    request.purpose = purpose;
    request.granted = true;
    request.text_version = version;
    step(seed, what);
    enum fam_code code = FAM_RPC(seed->client, fam__v1__family_service, set_consent, &seed->rpc, &request, status);
    fam_rpc_done(&seed->rpc);
    return code;
}

static enum fam_code set_country(struct seed *seed, struct fam_status *status)
{
    static char country[] = "RU";
    Fam__V1__UpdateUserRequest request = FAM__V1__UPDATE_USER_REQUEST__INIT;
    request.country = country;
    step(seed, "country");
    enum fam_code code = FAM_RPC(seed->client, fam__v1__family_service, update_user, &seed->rpc, &request, status);
    fam_rpc_done(&seed->rpc);
    return code;
}

static enum fam_code create_family(struct seed *seed, struct fam_status *status)
{
    Fam__V1__CreateFamilyRequest request = FAM__V1__CREATE_FAMILY_REQUEST__INIT;
    step(seed, "family");
    enum fam_code code = FAM_RPC(seed->client, fam__v1__family_service, create_family, &seed->rpc, &request, status);
    fam_rpc_done(&seed->rpc);
    return code;
}

/* Seven years old. */
static enum fam_code add_child(struct seed *seed, struct fam_status *status)
{
    Fam__V1__AddChildRequest request = FAM__V1__ADD_CHILD_REQUEST__INIT;
    Fam__V1__Date birth = FAM__V1__DATE__INIT;
    struct tm today;
    time_t now = time(NULL);
    if (!gmtime_r(&now, &today))
        return fam_fail(status, FAM_INTERNAL, "the clock can't be read");
    birth.year = today.tm_year + 1900 - 7;
    birth.month = today.tm_mon + 1;
    birth.day = today.tm_mday > 28 ? 28 : today.tm_mday;
    request.birth = &birth;
    step(seed, "child");
    enum fam_code code = FAM_RPC(seed->client, fam__v1__family_service, add_child, &seed->rpc, &request, status);
    fam_rpc_done(&seed->rpc);
    return code;
}

static enum fam_code seed_one(struct bench *bench, size_t index)
{
    struct seed seed = {.client = bench->clients[index % CONNECTIONS],
                        .telegram_id = bench->first + (int64_t)index,
                        .user_id = &bench->users[index],
                        .options = {.timeout_ms = WAIT_MS, .request_id = "bench"}};
    struct fam_status status = {0};
    bool in_family = false;
    enum fam_code code = register_user(&seed, &in_family, &status);
    seed.options.acting_user = seed.user_id;
    if (code == FAM_OK && in_family)
        return FAM_OK;
    if (code == FAM_OK)
        code = set_country(&seed, &status);
    if (code == FAM_OK)
        code = consent(&seed, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, "processing", &status);
    if (code == FAM_OK)
        code = consent(&seed, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, "ai", &status);
    if (code == FAM_OK)
        code = create_family(&seed, &status);
    if (code == FAM_OK)
        code = add_child(&seed, &status);
    if (code != FAM_OK)
        fprintf(stderr, "bench-translate: a parent can't be made: %s\n", status.message);
    return code;
}

/* A call on its way. */
struct turn {
    struct fam_rpc rpc;
    struct fam_rpc_options options;
    char key[KEY_SIZE];
    uint64_t begun_us;
};

static void begin(struct bench *bench, struct turn *turn, size_t number, uint64_t begun_us)
{
    size_t parent = number % bench->count;
    Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
    request.phrase = (char *)(uintptr_t)phrases[parent % FAM_ARRAY_SIZE(phrases)];
    request.language = FAM__V1__LANGUAGE__LANGUAGE_RU;
    (void)snprintf(turn->key, sizeof(turn->key), "b:%" PRIx64 ":%zu", bench->run, number);
    turn->options = (struct fam_rpc_options){.timeout_ms = WAIT_MS,
                                             .acting_user = &bench->users[parent],
                                             .idempotency_key = turn->key,
                                             .request_id = "bench"};
    turn->begun_us = begun_us;
    fam_rpc_init(&turn->rpc, &turn->options);
    struct fam_client *client = bench->clients[number % CONNECTIONS];
    fam__v1__translation_service__translate(fam_client_service(client, &fam__v1__translation_service__descriptor),
                                            &request, NULL, &turn->rpc);
}

static void finish(struct bench *bench, struct turn *turn)
{
    struct fam_status status = {0};
    enum fam_code code = fam_rpc_wait(&turn->rpc, &status);
    const Fam__V1__TranslateResponse *response = (const Fam__V1__TranslateResponse *)fam_rpc_response(&turn->rpc);
    if (code != FAM_OK || !response || !response->entry || !response->entry->entry_id[0]) {
        if (atomic_fetch_add(&bench->errors, 1) == 0) {
            pthread_mutex_lock(&bench->mutex);
            (void)snprintf(bench->error, sizeof(bench->error), "%s",
                           code == FAM_OK ? "the entry was not stored" : status.message);
            pthread_mutex_unlock(&bench->mutex);
        }
    } else {
        const Fam__V1__Reading *reading = response->entry->reading;
        if (reading && reading->engine == FAM__V1__ENGINE__ENGINE_CLAUDE)
            atomic_fetch_add(&bench->from_claude, 1);
        size_t at = atomic_fetch_add(&bench->samples, 1);
        if (at < SAMPLES_MAX)
            bench->times_us[at] = (uint32_t)(fam_mono_us() - turn->begun_us);
    }
    fam_rpc_done(&turn->rpc);
}

struct worker {
    pthread_t thread;
    struct bench *bench;
    size_t depth; /* calls that it keeps in flight */
};

/* Keeps `depth` calls in flight and waits for the oldest. */
static void run_closed(struct worker *worker)
{
    struct bench *bench = worker->bench;
    struct turn turns[IN_FLIGHT_MAX];
    size_t begun = 0, finished = 0;
    while (fam_mono_us() < bench->until_us || finished < begun) {
        if (begun - finished < worker->depth && fam_mono_us() < bench->until_us) {
            begin(bench, &turns[begun++ % worker->depth], atomic_fetch_add(&bench->next, 1), fam_mono_us());
        } else {
            finish(bench, &turns[finished++ % worker->depth]);
        }
    }
}

/* Takes the next moment of the plan, waits for it, and makes its call. */
static void run_open(struct worker *worker)
{
    struct bench *bench = worker->bench;
    struct turn turn;
    for (;;) {
        size_t number = atomic_fetch_add(&bench->next, 1);
        uint64_t due_us = bench->started_us + (uint64_t)((double)number * 1e6 / bench->rate);
        if (due_us >= bench->until_us)
            return;
        uint64_t now_us = fam_mono_us();
        if (due_us > now_us) {
            uint64_t wait_us = due_us - now_us;
            struct timespec wait = {.tv_sec = (time_t)(wait_us / 1000000), .tv_nsec = (long)(wait_us % 1000000) * 1000};
            nanosleep(&wait, NULL);
        }
        begin(bench, &turn, number, due_us);
        finish(bench, &turn);
    }
}

static void *work(void *context)
{
    struct worker *worker = context;
    if (worker->bench->rate > 0)
        run_open(worker);
    else
        run_closed(worker);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void print_result(struct bench *bench, double seconds)
{
    size_t calls = atomic_load(&bench->samples), kept = calls < SAMPLES_MAX ? calls : SAMPLES_MAX;
    if (kept)
        qsort(bench->times_us, kept, sizeof(bench->times_us[0]), compare);
    printf("{\"calls\":%zu,\"seconds\":%.3f,\"rate\":%.1f,\"p50_us\":%u,\"p99_us\":%u,\"errors\":%zu,"
           "\"from_claude\":%zu}\n",
           calls, seconds, (double)calls / seconds, kept ? bench->times_us[kept / 2] : 0,
           kept ? bench->times_us[kept * 99 / 100] : 0, atomic_load(&bench->errors), atomic_load(&bench->from_claude));
    if (bench->error[0])
        fprintf(stderr, "bench-translate: %s\n", bench->error);
}

static int run(struct bench *bench, double seconds, size_t in_flight)
{
    static struct worker workers[IN_FLIGHT_MAX];
    /* A call that is timed from a plan needs a thread to be late on; others share a few. */
    size_t threads = bench->rate > 0 ? in_flight : in_flight < 4 ? in_flight : 4;
    bench->times_us = calloc(SAMPLES_MAX, sizeof(bench->times_us[0]));
    if (!bench->times_us)
        return EXIT_FAILURE;
    bench->run = (uint64_t)fam_wall_ms();
    bench->started_us = fam_mono_us();
    bench->until_us = bench->started_us + (uint64_t)(seconds * 1e6);
    for (size_t i = 0; i < threads; i++) {
        workers[i] = (struct worker){.bench = bench, .depth = in_flight / threads};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            fprintf(stderr, "bench-translate: no thread\n");
            exit(EXIT_FAILURE);
        }
    }
    for (size_t i = 0; i < threads; i++)
        (void)pthread_join(workers[i].thread, NULL);
    print_result(bench, (double)(fam_mono_us() - bench->started_us) / 1e6);
    return atomic_load(&bench->errors) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static bool connect_all(struct bench *bench)
{
    const char *servers = getenv("FAM_SERVERS"), *token = getenv("FAM_TOKEN");
    struct fam_status status = {0};
    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct fam_client_options options = {
            .urls = servers ? servers : "", .token = token ? token : "", .version = "bench-translate"};
        bench->clients[i] = fam_client_new(&options, &status);
        if (!bench->clients[i]) {
            fprintf(stderr, "bench-translate: FAM_SERVERS: %s\n", status.message);
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct bench bench = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    bool seed = argc == 4 && strcmp(argv[1], "seed") == 0;
    bool load = (argc == 6 || argc == 7) && strcmp(argv[1], "run") == 0;
    signal(SIGPIPE, SIG_IGN);
    if (seed || load) {
        bench.first = strtoll(argv[2], NULL, 10);
        bench.count = strtoul(argv[3], NULL, 10);
    }
    double seconds = load ? strtod(argv[4], NULL) : 0;
    size_t in_flight = load ? strtoul(argv[5], NULL, 10) : 1;
    bench.rate = argc == 7 ? strtod(argv[6], NULL) : 0;
    if (bench.first < 1 || bench.count < 1 || bench.count > PARENTS_MAX || in_flight < 1 || in_flight > IN_FLIGHT_MAX ||
        (load && !(seconds > 0 && seconds < 3600))) {
        fprintf(stderr, "usage: bench-translate seed FIRST COUNT | run FIRST COUNT SECONDS IN_FLIGHT [RATE]\n");
        return 2;
    }
    bench.users = calloc(bench.count, sizeof(bench.users[0]));
    if (!bench.users || !connect_all(&bench))
        return EXIT_FAILURE;
    int result = EXIT_SUCCESS;
    for (size_t i = 0; i < bench.count && result == EXIT_SUCCESS; i++) {
        char text[FAM_UUID_TEXT_SIZE];
        result = seed_one(&bench, i) == FAM_OK ? EXIT_SUCCESS : EXIT_FAILURE;
        fam_uuid_format(&bench.users[i], text);
        if (seed)
            printf("%s\n", text);
    }
    if (load && result == EXIT_SUCCESS)
        result = run(&bench, seconds, in_flight);
    for (size_t i = 0; i < CONNECTIONS; i++)
        fam_client_free(bench.clients[i]);
    free(bench.times_us);
    free(bench.users);
    return result;
}
