#include "leader.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "fam/v1/session.pb-c.h"
#include "metrics/metrics.h"

enum {
    RENEWALS = 3,      /* in the life of a lead */
    MARGIN_PARTS = 12, /* of that life: for clocks that run apart, and for what is on its way */
    SOON_MS = 100,     /* after doubt, and after a lead that is about to end */
    FAILED_MS = 500,   /* the server did not answer */
    HOLDER_BYTES = (FAM_HOLDER_SIZE - 1) / 2,
};

struct fam_leader {
    struct fam_leader_options options;
    struct fam_lead lead;
    pthread_mutex_t mutex;
    pthread_cond_t told; /* the server was asked, or somebody wants it to be */
    uint64_t fence;      /* of the last lead; 0: none */
    uint64_t until_ms;   /* it ends then; 0: none */
    bool is_alone;
    uint64_t alone_from_ms; /* not before; UINT64_MAX: never */
    uint64_t told_ms;       /* when the server last told; 0: never */
    bool wants_word;        /* ask at once */
    enum fam_code failure;  /* logged; OK: none */
};

void fam_holder_make(char ret_holder[FAM_HOLDER_SIZE])
{
    uint8_t bytes[HOLDER_BYTES];
    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2hex(ret_holder, FAM_HOLDER_SIZE, bytes, sizeof(bytes));
}

static enum fam_lead_role role_of(void *context, uint64_t *ret_fence)
{
    return fam_leader_role(context, ret_fence);
}

static bool holds(void *context, uint64_t fence)
{
    return fam_leader_holds(context, fence);
}

static void doubt(void *context)
{
    fam_leader_doubt(context);
}

struct fam_leader *fam_leader_new(const struct fam_leader_options *options, struct fam_status *status)
{
    struct fam_leader *leader = calloc(1, sizeof(*leader));
    if (!leader) {
        fam_fail_memory(status);
        return NULL;
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&leader->mutex, NULL);
    pthread_cond_init(&leader->told, &monotonic);
    pthread_condattr_destroy(&monotonic);
    leader->options = *options;
    if (!leader->options.now_ms) {
        leader->options.now_ms = fam_mono_ms;
    }
    leader->alone_from_ms = leader->options.now_ms() + FAM_LEADER_ALONE_MS;
    leader->lead = (struct fam_lead){.context = leader, .role = role_of, .holds = holds, .doubt = doubt};
    return leader;
}

void fam_leader_free(struct fam_leader *leader)
{
    if (!leader) {
        return;
    }
    pthread_cond_destroy(&leader->told);
    pthread_mutex_destroy(&leader->mutex);
    free(leader);
}

const struct fam_lead *fam_leader_lead(const struct fam_leader *leader)
{
    return &leader->lead;
}

static bool is_held(const struct fam_leader *leader, uint64_t now_ms)
{
    return leader->fence != 0 && now_ms < leader->until_ms;
}

enum fam_lead_role fam_leader_role(struct fam_leader *leader, uint64_t *ret_fence)
{
    pthread_mutex_lock(&leader->mutex);
    bool held = is_held(leader, leader->options.now_ms()) && !leader->wants_word;
    enum fam_lead_role role = held ? FAM_LEAD_HELD : leader->is_alone ? FAM_LEAD_ALONE : FAM_LEAD_NONE;
    if (ret_fence) {
        *ret_fence = held ? leader->fence : 0;
    }
    pthread_mutex_unlock(&leader->mutex);
    return role;
}

/* Until somebody signals, `wait_ms` at most; the mutex is held. */
static void wait_told(struct fam_leader *leader, uint32_t wait_ms)
{
    uint64_t until_ms = fam_mono_ms() + wait_ms;
    struct timespec until = {.tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000};
    pthread_cond_timedwait(&leader->told, &leader->mutex, &until);
}

bool fam_leader_holds(struct fam_leader *leader, uint64_t fence)
{
    uint64_t give_up_ms = fam_mono_ms() + FAM_LEADER_WORD_MS;
    pthread_mutex_lock(&leader->mutex);
    bool held = false;
    while (leader->fence == fence && !leader->is_alone) {
        held = is_held(leader, leader->options.now_ms()) && !leader->wants_word;
        if (held || fam_mono_ms() >= give_up_ms) {
            break;
        }
        wait_told(leader, SOON_MS);
    }
    pthread_mutex_unlock(&leader->mutex);
    return held;
}

void fam_leader_wake(struct fam_leader *leader)
{
    pthread_mutex_lock(&leader->mutex);
    pthread_cond_broadcast(&leader->told);
    pthread_mutex_unlock(&leader->mutex);
}

void fam_leader_doubt(struct fam_leader *leader)
{
    pthread_mutex_lock(&leader->mutex);
    leader->wants_word = true;
    pthread_cond_broadcast(&leader->told);
    pthread_mutex_unlock(&leader->mutex);
}

void fam_leader_conflict(struct fam_leader *leader)
{
    pthread_mutex_lock(&leader->mutex);
    bool was_alone = leader->is_alone;
    if (was_alone) {
        leader->is_alone = false;
        leader->alone_from_ms = UINT64_MAX;
    }
    leader->wants_word = true;
    pthread_cond_broadcast(&leader->told);
    pthread_mutex_unlock(&leader->mutex);
    if (was_alone) {
        FAM_LOG0(leader->options.log, FAM_LOG_WARN, "leader", "another process polls: standing by");
    }
}

uint64_t fam_leader_age_ms(struct fam_leader *leader)
{
    pthread_mutex_lock(&leader->mutex);
    uint64_t told_ms = leader->told_ms, now_ms = leader->options.now_ms();
    pthread_mutex_unlock(&leader->mutex);
    return told_ms == 0 ? UINT64_MAX : now_ms > told_ms ? now_ms - told_ms : 0;
}

/* What the server says. */
struct word {
    bool is_granted;
    uint64_t fence;
    uint32_t expires_in_ms;
};

static enum fam_code ask(struct fam_leader *leader, bool release, struct word *ret_word, struct fam_status *status)
{
    const struct fam_backend *backend = leader->options.backend;
    Fam__V1__AcquireLeadRequest request = FAM__V1__ACQUIRE_LEAD_REQUEST__INIT;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    request.holder = (char *)(uintptr_t)leader->options.holder;
    request.ttl_ms = leader->options.ttl_ms;
    request.release = release;
    const struct fam_backend_call call = {.method = FAM_BACKEND_ACQUIRE_LEAD, .request = &request.base};
    enum fam_code code = backend->call(backend->context, &call, &reply, status);
    if (code != FAM_OK) {
        return code;
    }
    const Fam__V1__AcquireLeadResponse *response = (const Fam__V1__AcquireLeadResponse *)reply.message;
    *ret_word = (struct word){
        .is_granted = response->granted, .fence = response->fence, .expires_in_ms = response->expires_in_ms};
    return FAM_OK;
}

static void tell(struct fam_leader *leader, enum fam_lead_event event)
{
    static const char *const texts[] = {
        [FAM_LEAD_TAKEN] = "this process leads: it polls Telegram",
        [FAM_LEAD_KEPT] = "the lead was kept",
        [FAM_LEAD_LOST] = "another process leads: standing by",
        [FAM_LEAD_LEFT_ALONE] = "nobody tells who leads: polling on, for emergencies alone",
    };
    FAM_LOG(leader->options.log, event == FAM_LEAD_LEFT_ALONE ? FAM_LOG_WARN : FAM_LOG_INFO, "leader", texts[event],
            FAM_STR("holder", leader->options.holder));
    if (event == FAM_LEAD_TAKEN || event == FAM_LEAD_LOST) {
        fam_metrics_add(leader->options.metrics, FAM_M_BOT_LEAD_CHANGES, NULL, 1);
    }
    if (leader->options.changed) {
        leader->options.changed(leader->options.context, event);
    }
}

static void note_word(struct fam_leader *leader)
{
    leader->told_ms = leader->options.now_ms();
    leader->wants_word = false;
    leader->is_alone = false;
    leader->failure = FAM_OK;
    pthread_cond_broadcast(&leader->told);
}

static void take_grant(struct fam_leader *leader, const struct word *word, uint64_t sent_ms)
{
    uint32_t margin_ms = leader->options.ttl_ms / MARGIN_PARTS;
    pthread_mutex_lock(&leader->mutex);
    bool is_new = leader->fence != word->fence;
    /* The thread may have been away between the end and now: what was cut or held then goes on. */
    bool had_ended = leader->is_alone || leader->until_ms <= leader->options.now_ms() || leader->wants_word;
    pthread_mutex_unlock(&leader->mutex);
    if (is_new) {
        tell(leader, FAM_LEAD_TAKEN);
    }
    pthread_mutex_lock(&leader->mutex);
    leader->fence = word->fence;
    leader->until_ms = sent_ms + word->expires_in_ms > margin_ms ? sent_ms + word->expires_in_ms - margin_ms : 0;
    leader->alone_from_ms = 0;
    note_word(leader);
    pthread_mutex_unlock(&leader->mutex);
    if (!is_new && had_ended) {
        tell(leader, FAM_LEAD_KEPT);
    }
}

static void take_refusal(struct fam_leader *leader, const struct word *word)
{
    pthread_mutex_lock(&leader->mutex);
    bool had = leader->fence != 0 || leader->is_alone;
    leader->fence = 0;
    leader->until_ms = 0;
    leader->alone_from_ms = leader->options.now_ms() + word->expires_in_ms + FAM_LEADER_REFUSED_ALONE_MS;
    note_word(leader);
    pthread_mutex_unlock(&leader->mutex);
    if (had) {
        tell(leader, FAM_LEAD_LOST);
    }
}

static void take_failure(struct fam_leader *leader, uint64_t sent_ms, enum fam_code code)
{
    pthread_mutex_lock(&leader->mutex);
    bool was_logged = leader->failure == code;
    leader->failure = code;
    /* A question asked while the lead lasted proves nothing: the process may have been stopped since. */
    bool is_left = !leader->is_alone && sent_ms >= leader->until_ms && sent_ms >= leader->alone_from_ms;
    if (is_left) {
        leader->is_alone = true;
        leader->wants_word = false;
    }
    pthread_cond_broadcast(&leader->told);
    pthread_mutex_unlock(&leader->mutex);
    if (!was_logged) {
        FAM_LOG(leader->options.log, FAM_LOG_WARN, "leader", "the server does not tell who leads",
                FAM_STR("code", fam_code_name(code)));
    }
    if (is_left) {
        tell(leader, FAM_LEAD_LEFT_ALONE);
    }
}

uint32_t fam_leader_step(struct fam_leader *leader)
{
    struct word word = {0};
    struct fam_status status = {0};
    uint32_t renew_ms = leader->options.ttl_ms / RENEWALS;
    uint64_t sent_ms = leader->options.now_ms();
    enum fam_code code = ask(leader, false, &word, &status);
    if (code != FAM_OK) {
        take_failure(leader, sent_ms, code);
        return FAILED_MS < renew_ms ? FAILED_MS : renew_ms;
    }
    if (!word.is_granted) {
        take_refusal(leader, &word);
        /* The other one's lead ends before the next renewal: be there. */
        uint32_t end_ms = word.expires_in_ms + SOON_MS;
        return word.expires_in_ms > 0 && end_ms < renew_ms ? end_ms : renew_ms;
    }
    take_grant(leader, &word, sent_ms);
    return renew_ms;
}

void fam_leader_run(struct fam_leader *leader, const atomic_bool *stop)
{
    while (!atomic_load(stop)) {
        pthread_mutex_lock(&leader->mutex);
        bool was_wanted = leader->wants_word;
        pthread_mutex_unlock(&leader->mutex);
        uint64_t next_ms = fam_mono_ms() + fam_leader_step(leader);
        pthread_mutex_lock(&leader->mutex);
        /* Doubt that arose meanwhile is cleared at once; one that the server could not clear waits like everything. */
        while (!atomic_load(stop) && fam_mono_ms() < next_ms && (was_wanted || !leader->wants_word)) {
            uint64_t left_ms = next_ms - fam_mono_ms();
            wait_told(leader, left_ms < SOON_MS ? (uint32_t)left_ms + 1 : SOON_MS);
            was_wanted = was_wanted && leader->wants_word;
        }
        pthread_mutex_unlock(&leader->mutex);
    }
}

void fam_leader_release(struct fam_leader *leader)
{
    struct word word = {0};
    struct fam_status status = {0};
    pthread_mutex_lock(&leader->mutex);
    bool has = is_held(leader, leader->options.now_ms());
    leader->fence = 0;
    leader->until_ms = 0;
    leader->is_alone = false;
    leader->alone_from_ms = UINT64_MAX;
    pthread_cond_broadcast(&leader->told);
    pthread_mutex_unlock(&leader->mutex);
    if (has && ask(leader, true, &word, &status) != FAM_OK) {
        FAM_LOG(leader->options.log, FAM_LOG_WARN, "leader", "the lead could not be given back: it ends by itself",
                FAM_STR("code", fam_code_name(status.code)));
    }
}
