/* translate_call.c: one phrase: who asks and about whom, safety, limit, reading, storage, answer.
 *
 * What is never given up: a phrase with a safety hit is answered with help, whether the author's limit is reached or
 * the database is away. */
#include "services/translate_call.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "family/age.h"
#include "metrics/metrics.h"
#include "session/limits.h"
#include "translate/translate.h"

struct job {
    struct fam_services_context *context;
    const Fam__V1__TranslateRequest *request;
    struct fam_call *call;
    const struct fam_uuid *author; /* NULL: an operator or a service tries a phrase */
    struct fam_user user;
    struct fam_family family;
    const struct fam_child *child; /* of family; NULL: of no particular child */
    struct fam_reading_input input;
    bool age_unknown;
    struct fam_safety_hit hit;
    struct fam_entry entry;
    uint64_t started_us;
};

static void job_done(struct job *job)
{
    fam_entry_done(&job->entry);
    fam_family_done(&job->family);
    fam_user_done(&job->user);
}

static const char *safety_label(Fam__V1__SafetyKind kind)
{
    static const char *const LABELS[] = {"other",        "suicide",           "self_harm",       "violence_at_home",
                                         "sexual_abuse", "bullying",          "eating_disorder", "substances",
                                         "running_away", "medical_emergency", "parent_crisis"};
    return (size_t)kind < FAM_ARRAY_SIZE(LABELS) ? LABELS[kind] : LABELS[0];
}

static const char *language_label(Fam__V1__Language language)
{
    switch (language) {
    case FAM__V1__LANGUAGE__LANGUAGE_RU:
        return "ru";
    case FAM__V1__LANGUAGE__LANGUAGE_EN:
        return "en";
    default:
        return "other";
    }
}

static void count(const struct job *job, const char *success)
{
    struct fam_metrics *metrics = job->context->metrics;
    fam_metrics_add(metrics, FAM_M_TRANSLATIONS,
                    FAM_LABELS(fam_age_group(job->input.age_band), language_label(job->input.language), success), 1);
    fam_metrics_observe(metrics, FAM_M_TRANSLATION_SECONDS, NULL, (double)(fam_mono_us() - job->started_us) / 1e6);
}

static enum fam_code load_family(struct job *job, struct fam_status *status)
{
    if (job->author == NULL || !job->user.has_family) {
        return FAM_OK;
    }
    return fam_family_of_user(job->context->store, job->author, &job->family, status);
}

static enum fam_code choose_child(struct job *job, struct fam_status *status)
{
    const char *wanted = job->request->child_id;
    if (wanted[0] == '\0') {
        job->child = job->family.child_count == 1 ? &job->family.children[0] : NULL;
        return FAM_OK;
    }
    struct fam_uuid child_id;
    enum fam_code code = fam_service_uuid(wanted, "child_id", &child_id, status);
    if (code != FAM_OK) {
        return code;
    }
    for (size_t i = 0; i < job->family.child_count; i++) {
        if (fam_uuid_equal(&job->family.children[i].child_id, &child_id)) {
            job->child = &job->family.children[i];
            return FAM_OK;
        }
    }
    (void)fam_fail(status, FAM_NOT_FOUND, "no such child");
    return fam_service_hide(status);
}

/* Who asks, about whom, in which language. */
static enum fam_code prepare(struct job *job, struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    if (job->author != NULL) {
        code = fam_user_get(job->context->store, job->author, &job->user, status);
        code = code == FAM_OK ? FAM_OK : fam_service_hide(status);
    }
    if (code == FAM_OK) {
        code = load_family(job, status);
    }
    if (code == FAM_OK) {
        code = choose_child(job, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    struct fam_reading_input *input = &job->input;
    if (job->child != NULL) {
        input->age_band = fam_age_band(fam_age_years(&job->child->birth, &job->family.today));
        input->child_name = job->child->name;
    }
    if (input->language == FAM__V1__LANGUAGE__LANGUAGE_UNSPECIFIED && job->author != NULL) {
        input->language = job->user.language;
    }
    return FAM_OK;
}

static void start(struct job *job)
{
    const Fam__V1__TranslateRequest *request = job->request;
    job->started_us = fam_mono_us();
    job->author = fam_call_acting_user(job->call);
    job->input = (struct fam_reading_input){
        .phrase = request->phrase,
        .happened_before = request->happened_before,
        .place = request->place,
        .age_band = request->age_band,
        .language = request->language,
        .child_name = "",
    };
}

static void settle_defaults(struct job *job)
{
    if (job->input.language == FAM__V1__LANGUAGE__LANGUAGE_UNSPECIFIED) {
        job->input.language = job->context->default_language;
    }
    job->age_unknown = job->input.age_band == FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED;
}

/* Counts once an entry. A safety hit is answered all the same. */
static enum fam_code take_limit(struct job *job, bool *ret_taken, struct fam_status *status)
{
    *ret_taken = false;
    if (job->author == NULL) {
        return FAM_OK;
    }
    uint32_t retry_after_ms = 0;
    enum fam_limit_window window = FAM_LIMIT_NONE;
    enum fam_code code = fam_limits_take(job->context->limits, job->author, &retry_after_ms, &window, status);
    *ret_taken = code == FAM_OK;
    return job->hit.count > 0 ? FAM_OK : code;
}

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* The answer as an entry that was never stored: entry_id stays nil. The texts are the request's: only borrowed. */
static void describe(struct job *job)
{
    struct fam_entry *entry = &job->entry;
    entry->has_child = job->child != NULL;
    if (job->child != NULL) {
        entry->child_id = job->child->child_id;
    }
    entry->phrase = borrow(job->request->phrase);
    entry->happened_before = borrow(job->request->happened_before);
    entry->place = job->input.place;
    entry->age_band = job->input.age_band;
    entry->age_unknown = job->age_unknown;
    entry->language = job->input.language;
    entry->safety_count = job->hit.count;
    memcpy(entry->safety, job->hit.kinds, job->hit.count * sizeof(job->hit.kinds[0]));
    entry->created_at_ms = fam_wall_ms();
    if (entry->reading != NULL) {
        entry->reading->version = 1;
        entry->reading->created_at_ms = entry->created_at_ms;
    }
}

static void undescribe(struct job *job)
{
    job->entry.phrase = NULL;
    job->entry.happened_before = NULL;
}

/* With consent: the first reading is stored before it is answered. *ret_stored tells whether the entry now is what the
 * database holds (its id known, its texts its own). */
static enum fam_code store(struct job *job, bool *ret_replayed, struct fam_status *status)
{
    *ret_replayed = false;
    bool consented =
        job->author != NULL && fam_user_consents(&job->user, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING);
    if (!consented) {
        return FAM_OK;
    }
    const struct fam_entry_new entry = {
        .user_id = job->author,
        .child_id = job->child == NULL ? NULL : &job->child->child_id,
        .phrase = job->request->phrase,
        .happened_before = job->request->happened_before,
        .place = job->input.place,
        .age_band = job->input.age_band,
        .age_unknown = job->age_unknown,
        .language = job->input.language,
        .safety_count = job->hit.count,
        .safety = job->hit.kinds,
        .reading = job->entry.reading,
    };
    const struct fam_mutation mutation = fam_service_mutation(job->call);
    struct fam_outcome outcome;
    enum fam_code code = fam_entry_add(job->context->store, &mutation, &entry, &outcome, status);
    if (code != FAM_OK) {
        return fam_service_hide(status);
    }
    *ret_replayed = outcome.replayed;
    (void)fam_ids_uuid(outcome.ids, outcome.ids_size, 0, &job->entry.entry_id);
    fam_call_set_consistency_token(job->call, outcome.lsn);
    return FAM_OK;
}

enum fam_code fam_translate_show(struct fam_services_context *context, struct fam_reply *reply,
                                 const struct fam_entry *entry, const char *country, Fam__V1__Entry **ret_shown,
                                 struct fam_status *status)
{
    Fam__V1__Entry *shown = fam_reply_entry(reply, entry);
    enum fam_code code = fam_reply_check(reply, status);
    if (code == FAM_OK && entry->safety_count > 0) {
        struct fam_safety_hit hit = {.count = entry->safety_count};
        memcpy(hit.kinds, entry->safety, entry->safety_count * sizeof(hit.kinds[0]));
        Fam__V1__SafetyHelp *help = NULL;
        code = fam_translate_help(context->translate, &hit, country, entry->language, entry->age_band, &help, status);
        if (code == FAM_OK) {
            shown->safety = help;
            fam_reply_keep(reply, &help->base);
            code = fam_reply_check(reply, status);
        }
    }
    if (code == FAM_OK) {
        *ret_shown = shown;
    }
    return code;
}

static void answer(struct job *job, Fam__V1__TranslateResponse_Closure closure, struct fam_status *status)
{
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__TranslateResponse response = FAM__V1__TRANSLATE_RESPONSE__INIT;
    if (fam_translate_show(job->context, &reply, &job->entry, job->user.country, &response.entry, status) != FAM_OK) {
        count(job, "error");
        fam_call_fail(job->call, status);
        return;
    }
    count(job, "success");
    if (job->hit.count > 0) {
        fam_metrics_add(job->context->metrics, FAM_M_SAFETY_HITS, FAM_LABELS(safety_label(job->hit.kinds[0])), 1);
    }
    closure(&response, job->call);
}

/* The same key again: the answer is rebuilt from the entry, nothing is counted a second time. */
static void answer_again(struct job *job, const struct fam_uuid *entry_id, Fam__V1__TranslateResponse_Closure closure)
{
    struct fam_status status;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    fam_auto(fam_entry_done) struct fam_entry entry;
    memset(&entry, 0, sizeof(entry));
    Fam__V1__TranslateResponse response = FAM__V1__TRANSLATE_RESPONSE__INIT;
    enum fam_code code = fam_entry_get(job->context->store, job->author, entry_id, &entry, &status);
    if (code == FAM_OK) {
        code = fam_translate_show(job->context, &reply, &entry, job->user.country, &response.entry, &status);
    } else {
        code = fam_service_hide(&status);
    }
    if (code != FAM_OK) {
        fam_call_fail(job->call, &status);
        return;
    }
    closure(&response, job->call);
}

static void read_and_answer(struct job *job, Fam__V1__TranslateResponse_Closure closure)
{
    struct fam_status status;
    bool replayed = false;
    enum fam_code code = fam_translate_read(job->context->translate, &job->input, &job->entry.reading, &status);
    if (code == FAM_OK) {
        code = store(job, &replayed, &status);
        /* An emergency is answered even when it can't be written down. */
        if (code == FAM_UNAVAILABLE && job->hit.count > 0) {
            code = FAM_OK;
        }
    }
    if (code != FAM_OK) {
        count(job, "error");
        fam_call_fail(job->call, &status);
        return;
    }
    if (replayed) {
        answer_again(job, &job->entry.entry_id, closure);
        return;
    }
    describe(job);
    answer(job, closure, &status);
    undescribe(job);
}

static void run(struct job *job, Fam__V1__TranslateResponse_Closure closure)
{
    struct fam_status status;
    struct fam_status prepare_status;
    enum fam_code prepared = prepare(job, &prepare_status);
    settle_defaults(job);
    size_t replay_size = 0;
    const void *replay = fam_call_replay(job->call, &replay_size);
    struct fam_uuid entry_id;
    if (prepared == FAM_OK && replay != NULL && fam_ids_uuid(replay, replay_size, 0, &entry_id)) {
        answer_again(job, &entry_id, closure);
        return;
    }
    enum fam_code code = fam_translate_check(job->context->translate, &job->input, &job->hit, &status);
    if (code == FAM_OK && prepared != FAM_OK && !(prepared == FAM_UNAVAILABLE && job->hit.count > 0)) {
        code = prepared;
        status = prepare_status;
    }
    job->input.hit = &job->hit;
    /* A bot names its user, but for an emergency while the database can't tell who that is. */
    if (code == FAM_OK && job->author == NULL && job->hit.count == 0 &&
        fam_call_principal(job->call)->role == FAM_ROLE_BOT) {
        code = fam_fail_field(&status, "acting_user_id", "Translate acts for a user: acting_user_id is required");
    }
    bool taken = false;
    if (code == FAM_OK) {
        code = take_limit(job, &taken, &status);
    }
    if (code != FAM_OK) {
        if (code != FAM_RESOURCE_EXHAUSTED && code != FAM_PERMISSION_DENIED && code != FAM_INVALID_ARGUMENT) {
            count(job, "error");
        }
        fam_call_fail(job->call, &status);
        return;
    }
    read_and_answer(job, closure);
}

void fam_translate_call(struct fam_services_context *context, const Fam__V1__TranslateRequest *request,
                        Fam__V1__TranslateResponse_Closure closure, struct fam_call *call)
{
    fam_auto(job_done) struct job job;
    memset(&job, 0, sizeof(job));
    job.context = context;
    job.request = request;
    job.call = call;
    start(&job);
    run(&job, closure);
}
