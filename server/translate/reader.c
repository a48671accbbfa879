/* reader.c: what is asked, and what becomes of the answer; reader_flight.c knows who waits. */
#include "translate/reader.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "store/correction_store.h"
#include "store/disclosure_store.h"
#include "translate/reader_private.h"

enum {
    ELSEWHERE_AGAIN_MS = 1000, /* that server may have died; then its claim ends soon */
    CLAIM_SPARE_MS = 2000,     /* an answer that comes at the last moment is still stored under the claim */
    /* How old a call may be that asks without a claim. A client takes a call to another server when a ping has had no
     * answer for so long: this process was stopped, has just gone on, and found its connections to Redis timed out. */
    UNCLAIMED_MS = 1500,
};

static enum fam_code make_rooms(struct fam_reader *reader, struct fam_status *status)
{
    reader->pseudonymiser = fam_pseudonymiser_new(status);
    reader->prompts = reader->pseudonymiser == NULL ? NULL : fam_prompts_new(status);
    reader->guard = reader->prompts == NULL ? NULL : fam_guard_new(status);
    return reader->guard == NULL ? status->code : fam_flights_start(reader, status);
}

struct fam_reader *fam_reader_new(const struct fam_reader_options *options, struct fam_status *status)
{
    struct fam_reader *reader = calloc(1, sizeof(*reader));
    if (reader == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    size_t size = strlen(options->model) + 1;
    reader->options = *options;
    if (size > sizeof(reader->model)) {
        (void)fam_fail(status, FAM_INVALID_ARGUMENT, "the name of the model is too long");
        free(reader);
        return NULL;
    }
    memcpy(reader->model, options->model, size);
    reader->claimant = fam_uuid_v7();
    if (make_rooms(reader, status) != FAM_OK) {
        fam_reader_free(reader);
        return NULL;
    }
    return reader;
}

void fam_reader_free(struct fam_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    fam_flights_stop(reader);
    fam_guard_free(reader->guard);
    fam_prompts_free(reader->prompts);
    fam_pseudonymiser_free(reader->pseudonymiser);
    free(reader);
}

struct fam_reader_wait *fam_reader_wait_new(struct fam_reader *reader, void (*ready)(void *context), void *context,
                                            struct fam_status *status)
{
    struct fam_reader_wait *wait = calloc(1, sizeof(*wait));
    if (wait == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    wait->reader = reader;
    wait->ready = ready;
    wait->context = context;
    return wait;
}

void fam_reader_wait_free(struct fam_reader_wait *wait)
{
    if (wait == NULL) {
        return;
    }
    fam_wait_leave(wait);
    fam_pseudonyms_free(wait->pseudonyms);
    free(wait);
}

/* The question without anything personal. */
struct hidden {
    struct fam_secret phrase;
    struct fam_secret happened_before;
    struct fam_secret special_needs;
    struct fam_secret notes[FAM_CORRECTIONS_MAX + 1]; /* the last one is of this very phrase */
    struct fam_prompt_correction corrections[FAM_CORRECTIONS_MAX + 1];
    struct fam_prompt prompt;
    struct fam_cache_key key;
};

static void hidden_done(struct hidden *hidden)
{
    fam_secret_done(&hidden->phrase);
    fam_secret_done(&hidden->happened_before);
    fam_secret_done(&hidden->special_needs);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(hidden->notes); i++) {
        fam_secret_done(&hidden->notes[i]);
    }
    fam_prompt_done(&hidden->prompt);
}

static enum fam_code hide_correction(struct fam_reader_wait *wait, const struct fam_correction *correction, size_t at,
                                     struct hidden *hidden, struct fam_status *status)
{
    enum fam_code code = fam_pseudonyms_hide(wait->pseudonyms, correction->note, &hidden->notes[at], status);
    hidden->corrections[at] = (struct fam_prompt_correction){.emotion = correction->emotion,
                                                             .instead_of = correction->instead_of,
                                                             .note = fam_secret_text(&hidden->notes[at])};
    return code;
}

/* What the author said, without anything personal. */
static enum fam_code hide_learned(struct fam_reader_wait *wait, const struct fam_reader_question *question,
                                  struct hidden *hidden, struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    if (question->correction_count > FAM_CORRECTIONS_MAX) {
        return fam_fail(status, FAM_INTERNAL, "more corrections than a question holds");
    }
    for (size_t i = 0; code == FAM_OK && i < question->correction_count; i++) {
        code = hide_correction(wait, &question->corrections[i], i, hidden, status);
    }
    if (code == FAM_OK && question->it_was != NULL) {
        code = hide_correction(wait, question->it_was, FAM_CORRECTIONS_MAX, hidden, status);
    }
    return code;
}

static enum fam_code hide(struct fam_reader_wait *wait, const struct fam_reader_question *question,
                          struct hidden *ret_hidden, struct fam_status *status)
{
    const struct fam_reading_input *input = question->input;
    wait->language = input->language;
    wait->pseudonyms = fam_pseudonyms_new(wait->reader->pseudonymiser, question->names, question->name_count, status);
    if (wait->pseudonyms == NULL) {
        return status->code;
    }
    enum fam_code code = fam_pseudonyms_hide(wait->pseudonyms, input->phrase, &ret_hidden->phrase, status);
    if (code == FAM_OK) {
        code = fam_pseudonyms_hide(wait->pseudonyms, input->happened_before, &ret_hidden->happened_before, status);
    }
    if (code == FAM_OK) {
        code = fam_pseudonyms_hide(wait->pseudonyms, question->special_needs == NULL ? "" : question->special_needs,
                                   &ret_hidden->special_needs, status);
    }
    if (code == FAM_OK) {
        code = hide_learned(wait, question, ret_hidden, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    const struct fam_prompt_input prompt = {
        .phrase = fam_secret_text(&ret_hidden->phrase),
        .happened_before = fam_secret_text(&ret_hidden->happened_before),
        .place = input->place,
        .age_band = input->age_band,
        .language = input->language,
        .traits = question->traits,
        .trait_count = question->trait_count,
        .special_needs = fam_secret_text(&ret_hidden->special_needs),
        .corrections = ret_hidden->corrections,
        .correction_count = question->correction_count,
        .it_was = question->it_was == NULL ? NULL : &ret_hidden->corrections[FAM_CORRECTIONS_MAX],
    };
    return fam_prompt_build(wait->reader->prompts, &prompt, &ret_hidden->prompt, status);
}

/* Of all that this author and this child's profile add to the prompt; 0: nothing. */
static uint32_t version_of(const struct fam_reader_question *question)
{
    uint32_t version = question->profile_version;
    if (question->corrections_version != 0) {
        version = (version ^ question->corrections_version) | 1U;
    }
    if (question->it_was != NULL) {
        version = (version ^ (uint32_t)question->it_was->emotion) * 16777619U;
        for (const char *at = question->it_was->note; *at != '\0'; at++) {
            version = (version ^ (unsigned char)*at) * 16777619U;
        }
        version |= 1U;
    }
    return version;
}

/* A reading in whose prompt stand only phrase, age and language may serve everybody, if its author lives with nobody
 * who could learn from that what was asked before. */
static bool is_own(const struct fam_reader_question *question)
{
    const struct fam_reading_input *input = question->input;
    return question->apart || input->happened_before[0] != '\0' || input->place != FAM__V1__PLACE__PLACE_UNSPECIFIED ||
           version_of(question) != 0;
}

static enum fam_code make_key(struct fam_reader *reader, const struct fam_reader_question *question,
                              struct hidden *hidden, struct fam_status *status)
{
    const struct fam_reading_input *input = question->input;
    const struct fam_cache_question asked = {
        .phrase = fam_secret_text(&hidden->phrase),
        .happened_before = fam_secret_text(&hidden->happened_before),
        .place = input->place,
        .age_band = input->age_band,
        .language = input->language,
        .model = reader->model,
        .prompt_version = hidden->prompt.version,
        .profile_version = version_of(question),
        .profile_child = question->child_id,
        .owner = is_own(question) ? question->author : NULL,
    };
    return fam_reading_cache_key(reader->options.cache, &asked, &hidden->key, status);
}

enum fam_code fam_reader_forget(struct fam_reader *reader, const struct fam_reader_question *question,
                                struct fam_status *status)
{
    fam_auto(hidden_done) struct hidden hidden;
    struct fam_reader_wait asker = {.reader = reader}; /* never starts: only the placeholders are wanted */
    memset(&hidden, 0, sizeof(hidden));
    if (!is_own(question)) {
        return FAM_OK;
    }
    enum fam_code code = hide(&asker, question, &hidden, status);
    if (code == FAM_OK) {
        code = make_key(reader, question, &hidden, status);
    }
    if (code == FAM_OK) {
        code = fam_reading_cache_remove(reader->options.cache, &hidden.key, status);
    }
    fam_pseudonyms_free(asker.pseudonyms);
    return code;
}

/* On Claude's thread. */
static void on_claude_done(void *context, enum fam_code code, const struct fam_claude_answer *answer,
                           const struct fam_status *status)
{
    struct fam_flight *flight = context;
    struct fam_status failure;
    if (code == FAM_OK && !fam_secret_set(&flight->text, answer->text.data, answer->text.size)) {
        code = fam_fail_memory(&failure);
        status = &failure;
    }
    fam_flight_end(flight, code == FAM_OK ? NULL : status);
    fam_flight_release(flight);
}

/* What leaves, to be shown to the person: all but the constant part of the prompt. */
static enum fam_code disclose(struct fam_reader *reader, const struct fam_reader_question *question,
                              const struct hidden *hidden, struct fam_status *status)
{
    const struct fam_disclosure_new disclosure = {
        .user_id = question->author,
        .entry_id = question->entry_id,
        .recipient = "anthropic",
        .model = reader->model,
        .prompt_version = hidden->prompt.version,
        .body = hidden->prompt.user,
    };
    return fam_disclosure_add(reader->options.store, &disclosure, NULL, status);
}

static uint32_t least(uint64_t one, uint32_t other)
{
    return one < other ? (uint32_t)one : other;
}

static enum fam_code ask(struct fam_flight *flight, const struct fam_reader_question *question,
                         const struct hidden *hidden, const struct fam_flight_terms *terms, struct fam_status *status)
{
    struct fam_reader *reader = flight->reader;
    enum fam_code code = disclose(reader, question, hidden, status);
    uint64_t now_ms = fam_mono_ms();
    if (code == FAM_OK && (now_ms >= flight->deadline_ms || !fam_flight_is_wanted(flight))) {
        code = fam_fail_reason(status, FAM_DEADLINE_EXCEEDED, "TIMEOUT", 0, "no time is left to ask Claude");
    }
    if (code != FAM_OK) {
        return code;
    }
    uint64_t left_ms = flight->deadline_ms - now_ms;
    const struct fam_claude_prompt prompt = {.system = hidden->prompt.system,
                                             .user = hidden->prompt.user,
                                             .schema = hidden->prompt.schema,
                                             .patience_ms = terms->timeout_ms};
    struct fam_claude_call *call = NULL;
    pthread_mutex_lock(&reader->lock);
    flight->references++; /* Claude's */
    flight->state = FAM_FLIGHT_ASKING;
    pthread_mutex_unlock(&reader->lock);
    code = fam_claude_ask(reader->options.claude, &prompt, least(left_ms, terms->total_ms), on_claude_done, flight,
                          &call, status);
    if (code != FAM_OK) {
        fam_flight_release(flight);
        return code;
    }
    pthread_mutex_lock(&reader->lock);
    flight->call = call;
    if (flight->waiters == NULL && !flight->goes_on && flight->state == FAM_FLIGHT_ASKING) {
        fam_claude_call_cancel(call); /* they left while the call had no name yet */
    }
    pthread_mutex_unlock(&reader->lock);
    return FAM_OK;
}

/* The first who asks looks into the cache, and asks Claude when nobody else does. */
static void start_flight(struct fam_flight *flight, const struct fam_reader_question *question,
                         const struct hidden *hidden, const struct fam_flight_terms *terms)
{
    struct fam_reader *reader = flight->reader;
    struct fam_status status;
    struct fam_cached_reading cached = {.reading = NULL};
    enum fam_cache_outcome outcome = FAM_CACHE_CLAIMED;
    enum fam_code looked = fam_reading_cache_get_or_claim(reader->options.cache, &hidden->key, 1, &reader->claimant,
                                                          terms->total_ms + CLAIM_SPARE_MS, &cached, &outcome, &status);
    if (looked == FAM_OK && outcome == FAM_CACHE_HIT) {
        pthread_mutex_lock(&flight->settling);
        flight->cached = cached;
        flight->settled = true;
        pthread_mutex_unlock(&flight->settling);
        fam_flight_end(flight, NULL);
        fam_flight_untable(flight);
        return;
    }
    if (looked == FAM_OK && outcome == FAM_CACHE_ELSEWHERE) {
        fam_flight_wait_elsewhere(flight);
        return;
    }
    flight->claimed = looked == FAM_OK; /* nobody else looks before the watcher frees the flight */
    if (!flight->claimed && fam_mono_ms() - question->began_ms > UNCLAIMED_MS) {
        (void)fam_fail_reason(&status, FAM_UNAVAILABLE, "UNCLAIMED", 0,
                              "another server may have asked Claude already, and Redis can't tell");
        fam_flight_end(flight, &status);
    } else if (ask(flight, question, hidden, terms, &status) != FAM_OK) {
        fam_flight_end(flight, &status);
    }
}

/* How long the question waits, and how long Claude may take. */
static struct fam_flight_terms terms_of(const struct fam_reader *reader, const struct fam_reader_question *question)
{
    uint32_t patience_ms = reader->options.patience_ms;
    uint32_t longest_ms = reader->options.timeout_ms > patience_ms ? reader->options.timeout_ms : patience_ms;
    uint32_t timeout_ms = least(question->timeout_ms, question->has_time ? longest_ms : patience_ms);
    return (struct fam_flight_terms){.timeout_ms = timeout_ms, .total_ms = question->goes_on ? longest_ms : timeout_ms};
}

enum fam_code fam_reader_start(struct fam_reader_wait *wait, const struct fam_reader_question *question,
                               bool *ret_ready, struct fam_status *status)
{
    struct fam_reader *reader = wait->reader;
    fam_auto(hidden_done) struct hidden hidden;
    memset(&hidden, 0, sizeof(hidden));
    struct fam_flight *flight = NULL;
    bool first = false;
    struct fam_flight_terms terms = terms_of(reader, question);
    wait->goes_on = question->goes_on;
    enum fam_code code = hide(wait, question, &hidden, status);
    if (code == FAM_OK) {
        code = make_key(reader, question, &hidden, status);
    }
    if (code == FAM_OK) {
        terms.version = hidden.prompt.version;
        code = fam_flight_join(wait, &hidden.key, &terms, &flight, &first, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    if (first) {
        start_flight(flight, question, &hidden, &terms);
    } else {
        fam_metrics_add(reader->options.metrics, FAM_M_CACHE_LOOKUPS, FAM_LABELS("shared"), 1);
    }
    /* From here on `ready` may free the wait, unless it has ended already. */
    *ret_ready = fam_wait_started(wait);
    if (first) {
        fam_flight_release(flight);
    }
    return FAM_OK;
}

/* A copy for one who waits, with its own names. */
static enum fam_code copy_reading(const struct fam_pseudonyms *pseudonyms, const struct fam_cached_reading *cached,
                                  struct fam_reader_result *ret_result, struct fam_status *status)
{
    size_t size = fam__v1__reading__get_packed_size(cached->reading);
    unsigned char *packed = malloc(size + 1);
    if (packed == NULL) {
        return fam_fail_memory(status);
    }
    (void)fam__v1__reading__pack(cached->reading, packed);
    Fam__V1__Reading *reading = fam__v1__reading__unpack(NULL, size, packed);
    sodium_memzero(packed, size);
    free(packed);
    if (reading == NULL) {
        return fam_fail_memory(status);
    }
    enum fam_code code = fam_pseudonyms_restore_reading(pseudonyms, reading, status);
    if (code != FAM_OK) {
        fam__v1__reading__free_unpacked(reading, NULL);
        return code;
    }
    ret_result->reading = reading;
    ret_result->risk_count = cached->risk_count;
    memcpy(ret_result->risk, cached->risk, sizeof(cached->risk));
    return FAM_OK;
}

/* Can the placeholders of the reading be replaced? All who wait for it have the same ones. */
static enum fam_code check_placeholders(const struct fam_pseudonyms *pseudonyms, const struct fam_cached_reading *made,
                                        struct fam_status *status)
{
    struct fam_reader_result tried = {.reading = NULL};
    enum fam_code code = copy_reading(pseudonyms, made, &tried, status);
    if (code == FAM_OK) {
        fam__v1__reading__free_unpacked(tried.reading, NULL);
    }
    return code;
}

void fam_flight_settle(struct fam_flight *flight, const struct fam_pseudonyms *pseudonyms, Fam__V1__Language language)
{
    struct fam_reader *reader = flight->reader;
    struct fam_cached_reading made = {.reading = NULL};
    struct fam_cached_reading earlier = {.reading = NULL};
    struct fam_status ignored; /* a reading that can't be cached is shown all the same */
    flight->settled_code =
        fam_guard_check(reader->guard, fam_secret_text(&flight->text), flight->text.size, language, flight->version,
                        &made.reading, made.risk, &made.risk_count, &flight->settled_status);
    fam_secret_done(&flight->text);
    if (flight->settled_code == FAM_OK) {
        flight->settled_code = check_placeholders(pseudonyms, &made, &flight->settled_status);
    }
    if (flight->settled_code != FAM_OK) {
        FAM_LOG(reader->options.log, FAM_LOG_WARN, "translate", "an answer of Claude is not fit to show",
                FAM_STR("reason", flight->settled_status.reason), FAM_STR("field", flight->settled_status.field));
        fam_cached_reading_done(&made);
        fam_reading_cache_unclaim(reader->options.cache, &flight->key, 1, &reader->claimant);
    } else if (fam_reading_cache_get_or_set(reader->options.cache, &flight->key, 1, &made, &earlier, &ignored) ==
                   FAM_OK &&
               earlier.reading != NULL) {
        fam_cached_reading_done(&made);
        made = earlier;
    }
    flight->cached = made;
    flight->settled = true;
    fam_flight_untable(flight);
    if (flight->settled_code != FAM_OK) { /* last: who sees it counted finds nothing of it any more */
        fam_metrics_add(reader->options.metrics, FAM_M_GUARD_REFUSALS, FAM_LABELS(flight->settled_status.reason), 1);
    }
}

enum fam_code fam_reader_take(struct fam_reader_wait *wait, struct fam_reader_result *ret_result,
                              struct fam_status *status)
{
    struct fam_flight *flight = wait->flight;
    if (wait->code == FAM_CANCELLED) {
        return fam_fail_reason(status, FAM_CANCELLED, "CANCELLED", 0, "nobody waits for the reading any more");
    }
    pthread_mutex_lock(&flight->reader->lock);
    enum fam_flight_state state = flight->state;
    pthread_mutex_unlock(&flight->reader->lock);
    if (wait->code != FAM_OK && state == FAM_FLIGHT_ELSEWHERE) {
        return fam_fail_reason(status, wait->code, "ELSEWHERE", ELSEWHERE_AGAIN_MS,
                               "another server was asking Claude, and no answer came of it");
    }
    if (wait->code != FAM_OK) {
        return fam_fail_reason(status, wait->code, "TIMEOUT", 0, "Claude did not answer in time");
    }
    if (state == FAM_FLIGHT_FAILED) {
        *status = flight->status;
        return flight->code;
    }
    pthread_mutex_lock(&flight->settling);
    if (!flight->settled) {
        fam_flight_settle(flight, wait->pseudonyms, wait->language);
    }
    enum fam_code code = flight->settled_code;
    *status = code == FAM_OK ? *status : flight->settled_status;
    if (code == FAM_OK) {
        code = copy_reading(wait->pseudonyms, &flight->cached, ret_result, status);
    }
    pthread_mutex_unlock(&flight->settling);
    return code;
}
