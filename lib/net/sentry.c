#include "net/sentry.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "metrics/metrics.h"
#include "net/http_client.h"
#include "net/sentry_dsn.h"

enum {
    IN_FLIGHT_MAX = 8,
    KINDS_MAX = 64,
    KIND_PAUSE_MS = 60000,
    SILENCE_DEFAULT_MS = 60000, /* 429 without a word on how long */
    SILENCE_MAX_S = 24 * 60 * 60,
    REQUEST_MS = 5000,
    CONNECT_MS = 3000,
    FLUSH_MS = 2000,
    ANSWER_BYTES = 16 * 1024,
    AUTH_SIZE = 256,
};

static const char *const WANTED[] = {"x-sentry-rate-limits"};

/* A kind of line, and when it was last sent. */
struct kind {
    uint64_t key;
    uint64_t sent_ms;
    uint64_t repeats;
    bool used;
};

/* One request. FREE → BUSY → OVER → FREE; an old call is freed by whoever takes the slot next. */
struct slot {
    struct fam_sentry *sentry;
    struct fam_http_call *call;
    enum { SLOT_FREE, SLOT_BUSY, SLOT_OVER } state;
};

struct fam_sentry {
    struct fam_sentry_origin origin;
    uint64_t (*now_ms)(void *context);
    void *now_context;
    struct fam_sentry_dsn dsn;
    struct fam_http_client *http;
    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t idle;
    struct kind kinds[KINDS_MAX];
    struct slot slots[IN_FLIGHT_MAX];
    size_t in_flight;
    uint64_t silent_until_ms;
    struct fam_sentry_stats stats;
};

/* ---- a sentry's life ---- */

static struct fam_http_client *new_client(const struct fam_sentry_options *options, struct fam_status *status)
{
    char agent[96];
    (void)snprintf(agent, sizeof(agent), "%s/%s", options->origin.program, options->origin.version);
    const struct fam_http_client_options http = {.user_agent = agent,
                                                 .allow_plain_http = true, /* the DSN was judged */
                                                 .handles = 2,
                                                 .max_transfers = IN_FLIGHT_MAX,
                                                 .queue = IN_FLIGHT_MAX,
                                                 .wanted = WANTED,
                                                 .wanted_count = FAM_ARRAY_SIZE(WANTED)};
    return fam_http_client_new(&http, status);
}

static bool make_locks(struct fam_sentry *sentry)
{
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0) {
        return false;
    }
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    bool good = pthread_cond_init(&sentry->idle, &monotonic) == 0;
    (void)pthread_condattr_destroy(&monotonic);
    if (good && pthread_mutex_init(&sentry->lock, NULL) != 0) {
        (void)pthread_cond_destroy(&sentry->idle);
        good = false;
    }
    return good;
}

enum fam_code fam_sentry_new(const struct fam_sentry_options *options, struct fam_sentry **ret_sentry,
                             struct fam_status *status)
{
    *ret_sentry = NULL;
    if (options->dsn[0] == '\0') {
        return FAM_OK;
    }
    struct fam_sentry *sentry = calloc(1, sizeof(*sentry));
    if (sentry == NULL) {
        return fam_fail_memory(status);
    }
    sentry->origin = options->origin;
    sentry->now_ms = options->now_ms;
    sentry->now_context = options->now_context;
    if (!make_locks(sentry)) {
        free(sentry);
        return fam_fail_memory(status);
    }
    for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
        sentry->slots[i].sentry = sentry;
    }
    enum fam_code code = fam_sentry_dsn_parse(options->dsn, options->allow_plain_http, &sentry->dsn, status);
    if (code == FAM_OK) {
        sentry->http = new_client(options, status);
        code = sentry->http == NULL ? status->code : FAM_OK;
    }
    if (code != FAM_OK) {
        fam_sentry_free(sentry);
        return code;
    }
    *ret_sentry = sentry;
    return FAM_OK;
}

void fam_sentry_flush(struct fam_sentry *sentry)
{
    if (sentry == NULL) {
        return;
    }
    uint64_t until_ns = fam_mono_ns() + FLUSH_MS * UINT64_C(1000000);
    const struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000u),
                                   .tv_nsec = (long)(until_ns % 1000000000u)};
    int error = 0;
    pthread_mutex_lock(&sentry->lock);
    while (error == 0 && sentry->in_flight > 0) {
        error = pthread_cond_timedwait(&sentry->idle, &sentry->lock, &until);
    }
    pthread_mutex_unlock(&sentry->lock);
}

void fam_sentry_free(struct fam_sentry *sentry)
{
    if (sentry == NULL) {
        return;
    }
    if (sentry->http != NULL) {
        fam_sentry_flush(sentry);
        fam_http_client_stop(sentry->http);
        for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
            fam_http_call_free(sentry->slots[i].call);
        }
        fam_http_client_free(sentry->http);
    }
    fam_sentry_dsn_done(&sentry->dsn);
    (void)pthread_cond_destroy(&sentry->idle);
    (void)pthread_mutex_destroy(&sentry->lock);
    free(sentry);
}

void fam_sentry_stats(struct fam_sentry *sentry, struct fam_sentry_stats *ret_stats)
{
    *ret_stats = (struct fam_sentry_stats){.sent = 0};
    if (sentry != NULL) {
        pthread_mutex_lock(&sentry->lock);
        *ret_stats = sentry->stats;
        pthread_mutex_unlock(&sentry->lock);
    }
}

void fam_sentry_on_scrape(struct fam_metrics *metrics, void *context)
{
    struct fam_sentry_stats stats;
    fam_sentry_stats(context, &stats);
    fam_metrics_set(metrics, FAM_M_SENTRY_EVENTS, FAM_LABELS("sent"), (double)stats.sent);
    fam_metrics_set(metrics, FAM_M_SENTRY_EVENTS, FAM_LABELS("repeated"), (double)stats.repeated);
    fam_metrics_set(metrics, FAM_M_SENTRY_EVENTS, FAM_LABELS("rate_limited"), (double)stats.rate_limited);
    fam_metrics_set(metrics, FAM_M_SENTRY_EVENTS, FAM_LABELS("dropped"), (double)stats.dropped);
    fam_metrics_set(metrics, FAM_M_SENTRY_EVENTS, FAM_LABELS("failed"), (double)stats.failed);
}

/* ---- what Sentry answers ---- */

/* "60:error;transaction:organization:reason:namespaces": is it about errors? No category is about all. */
static bool is_about_errors(const char *categories, size_t size)
{
    if (size == 0) {
        return true;
    }
    for (size_t at = 0; at < size;) {
        size_t end = at;
        while (end < size && categories[end] != ';') {
            end++;
        }
        if (end - at == strlen("error") && strncmp(categories + at, "error", end - at) == 0) {
            return true;
        }
        at = end + 1;
    }
    return false;
}

static uint32_t clamp_ms(double seconds)
{
    if (!(seconds > 0)) {
        return 0;
    }
    return (uint32_t)((seconds > SILENCE_MAX_S ? SILENCE_MAX_S : seconds) * 1000);
}

/* One limit of `size` bytes. */
static uint32_t one_limit_ms(const char *text, size_t size, bool cut)
{
    char *end = NULL;
    double seconds = strtod(text, &end);
    if (end == text || end > text + size || (*end != ':' && end != text + size)) {
        return SILENCE_DEFAULT_MS;
    }
    const char *categories = end < text + size ? end + 1 : end;
    size_t left = (size_t)(text + size - categories);
    const char *colon = memchr(categories, ':', left);
    bool about = is_about_errors(categories, colon == NULL ? left : (size_t)(colon - categories));
    return about || (cut && colon == NULL) ? clamp_ms(seconds) : 0;
}

uint32_t fam_sentry_limit_ms(const char *header, size_t size)
{
    uint32_t longest_ms = 0;
    bool cut = strlen(header) + 1 >= size;
    for (const char *at = header + strspn(header, ", "); *at != '\0'; at += strspn(at, ", ")) {
        size_t length = strcspn(at, ",");
        uint32_t limit_ms = one_limit_ms(at, length, cut && at[length] == '\0');
        longest_ms = limit_ms > longest_ms ? limit_ms : longest_ms;
        at += length;
    }
    /* What was cut off may be about errors. */
    return cut && longest_ms == 0 ? SILENCE_DEFAULT_MS : longest_ms;
}

static uint64_t now_ms(const struct fam_sentry *sentry)
{
    return sentry->now_ms == NULL ? fam_mono_ms() : sentry->now_ms(sentry->now_context);
}

/* Under the lock. */
static void obey(struct fam_sentry *sentry, const struct fam_http_response *response)
{
    uint32_t silence_ms = fam_sentry_limit_ms(response->wanted[0], FAM_HTTP_VALUE_SIZE);
    if (response->http_status == 429 && response->wanted[0][0] == '\0') {
        silence_ms = response->retry_after_ms > 0 ? response->retry_after_ms : SILENCE_DEFAULT_MS;
    }
    uint64_t until_ms = now_ms(sentry) + silence_ms;
    if (silence_ms > 0 && until_ms > sentry->silent_until_ms) {
        sentry->silent_until_ms = until_ms;
    }
}

/* Under the lock. */
static void end_slot(struct slot *slot, int state)
{
    slot->state = state == SLOT_OVER ? SLOT_OVER : SLOT_FREE;
    slot->sentry->in_flight--;
    pthread_cond_broadcast(&slot->sentry->idle);
}

static void on_done(void *context, enum fam_code code, struct fam_http_response *response,
                    const struct fam_status *status)
{
    struct slot *slot = context;
    struct fam_sentry *sentry = slot->sentry;
    (void)status; /* an outage of Sentry is no news; the metric shows it */
    pthread_mutex_lock(&sentry->lock);
    if (code != FAM_OK) {
        sentry->stats.failed++;
    } else {
        obey(sentry, response);
        bool good = response->http_status >= 200 && response->http_status < 300;
        sentry->stats.sent += good ? 1 : 0;
        sentry->stats.rate_limited += response->http_status == 429 ? 1 : 0;
        sentry->stats.failed += good || response->http_status == 429 ? 0 : 1;
    }
    end_slot(slot, SLOT_OVER);
    pthread_mutex_unlock(&sentry->lock);
}

/* ---- sending ---- */

static struct fam_http_request request_of(const struct fam_sentry_dsn *dsn, const struct fam_buf *body,
                                          const char *const *headers, uint32_t timeout_ms)
{
    return (struct fam_http_request){.url = &dsn->url,
                                     .content_type = "application/x-sentry-envelope",
                                     .body = body->data,
                                     .body_size = body->size,
                                     .headers = headers,
                                     .header_count = 1,
                                     .timeout_ms = timeout_ms,
                                     .connect_timeout_ms = CONNECT_MS,
                                     .response_bytes = ANSWER_BYTES};
}

static void write_auth(const struct fam_sentry_dsn *dsn, const struct fam_sentry_origin *origin,
                       char ret_auth[AUTH_SIZE])
{
    (void)snprintf(ret_auth, AUTH_SIZE,
                   "X-Sentry-Auth: Sentry sentry_version=7, sentry_client=family-emotions/%.32s, sentry_key=%s",
                   origin->version, fam_secret_text(&dsn->key));
}

/* False: nothing is on its way. */
static bool start(struct slot *slot, const struct fam_sentry_line *line)
{
    struct fam_sentry *sentry = slot->sentry;
    struct fam_status status = {.code = FAM_OK};
    char auth[AUTH_SIZE];
    const char *const headers[] = {auth};
    fam_auto(fam_buf_done) struct fam_buf body = {0};
    fam_buf_init(&body, FAM_SENTRY_BODY_BYTES + 1024);
    fam_sentry_line_envelope(&sentry->origin, line, &body);
    if (body.failed) {
        return false;
    }
    write_auth(&sentry->dsn, &sentry->origin, auth);
    const struct fam_http_request request = request_of(&sentry->dsn, &body, headers, REQUEST_MS);
    enum fam_code code = fam_http_start(sentry->http, &request, on_done, slot, &slot->call, &status);
    sodium_memzero(auth, sizeof(auth));
    return code == FAM_OK;
}

/* Under the lock: the kind's place, a new one when need be; NULL: all are taken by kinds of the last minute. */
static struct kind *find_kind(struct fam_sentry *sentry, uint64_t key, uint64_t now)
{
    struct kind *room = NULL;
    for (size_t i = 0; i < KINDS_MAX; i++) {
        struct kind *kind = &sentry->kinds[i];
        if (kind->used && kind->key == key) {
            return kind;
        }
        bool over = !kind->used || now - kind->sent_ms >= KIND_PAUSE_MS;
        if (over && (room == NULL || (room->used && (!kind->used || kind->sent_ms < room->sent_ms)))) {
            room = kind;
        }
    }
    if (room != NULL) {
        *room = (struct kind){.key = key};
    }
    return room;
}

static struct slot *find_slot(struct fam_sentry *sentry)
{
    for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
        if (sentry->slots[i].state != SLOT_BUSY) {
            return &sentry->slots[i];
        }
    }
    return NULL;
}

/* Under the lock: a slot for the line, which then must be started; or NULL, and it is counted. */
static struct slot *admit(struct fam_sentry *sentry, struct fam_sentry_line *line)
{
    uint64_t now = now_ms(sentry);
    struct kind *kind = find_kind(sentry, fam_sentry_line_key(&sentry->origin, line), now);
    struct slot *slot = find_slot(sentry);
    if (kind != NULL && kind->used && now - kind->sent_ms < KIND_PAUSE_MS) {
        kind->repeats++;
        sentry->stats.repeated++;
        return NULL;
    }
    if (now < sentry->silent_until_ms) {
        sentry->stats.rate_limited++;
        return NULL;
    }
    if (kind == NULL || slot == NULL) {
        sentry->stats.dropped++;
        return NULL;
    }
    line->repeats = kind->repeats;
    kind->used = true;
    kind->repeats = 0;
    kind->sent_ms = now;
    slot->state = SLOT_BUSY;
    sentry->in_flight++;
    return slot;
}

void fam_sentry_capture(void *context, enum fam_log_level level, const char *source, const char *event,
                        const struct fam_field *fields, size_t field_count)
{
    struct fam_sentry *sentry = context;
    struct fam_sentry_line line = {
        .source = source, .event = event, .level = level, .fields = fields, .field_count = field_count};
    if (sentry == NULL) {
        return;
    }
    pthread_mutex_lock(&sentry->lock);
    struct slot *slot = admit(sentry, &line);
    struct fam_http_call *old = slot == NULL ? NULL : slot->call;
    pthread_mutex_unlock(&sentry->lock);
    if (slot == NULL) {
        return;
    }
    fam_http_call_free(old); /* it is over, and the thread that said so holds none of our locks */
    slot->call = NULL;
    if (!start(slot, &line)) {
        pthread_mutex_lock(&sentry->lock);
        sentry->stats.dropped++;
        end_slot(slot, SLOT_FREE);
        pthread_mutex_unlock(&sentry->lock);
    }
}

enum fam_code fam_sentry_send_crash(const struct fam_sentry_options *options, const struct fam_sentry_crash *crash,
                                    uint32_t timeout_ms, struct fam_status *status)
{
    struct fam_sentry_dsn dsn;
    char auth[AUTH_SIZE];
    const char *const headers[] = {auth};
    struct fam_http_response response = {.http_status = 0};
    fam_auto(fam_buf_done) struct fam_buf body = {0};
    fam_buf_init(&body, FAM_SENTRY_BODY_BYTES + 1024);
    enum fam_code code = fam_sentry_dsn_parse(options->dsn, options->allow_plain_http, &dsn, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_sentry_crash_envelope(&options->origin, crash, &body);
    struct fam_http_client *http = body.failed ? NULL : new_client(options, status);
    if (http == NULL) {
        fam_sentry_dsn_done(&dsn);
        return fam_fail_memory(status);
    }
    write_auth(&dsn, &options->origin, auth);
    const struct fam_http_request request = request_of(&dsn, &body, headers, timeout_ms);
    code = fam_http_perform(http, &request, &response, status);
    if (code == FAM_OK && (response.http_status < 200 || response.http_status >= 300)) {
        code = fam_fail(status, FAM_UNAVAILABLE, "Sentry answered %u", response.http_status);
    }
    fam_http_response_done(&response);
    fam_http_client_free(http);
    fam_sentry_dsn_done(&dsn);
    sodium_memzero(auth, sizeof(auth));
    return code;
}
