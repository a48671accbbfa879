/* translate_job.c: see translate_job.h. */
#include "services/translate_job.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "family/age.h"
#include "metrics/metrics.h"
#include "queue/queue.h"
#include "services/translate_call.h"
#include "services/translate_reread.h"
#include "session/limits.h"
#include "store/person_store.h"
#include "translate/mention.h"
#include "translate/reader_names.h"

enum {
    ANSWER_SPARE_MS = 500, /* what storing and answering need of the call's time */
    ASK_MIN_MS = 300,      /* less is not worth a question */
};

void fam_job_init(struct fam_job *job, struct fam_services_context *context, struct fam_call *call,
                  const Fam__V1__TranslateRequest *request, const struct fam_mutation *mutation)
{
    *job = (struct fam_job){
        .context = context,
        .call = call,
        .request = request,
        .mutation = *mutation,
        .author = fam_call_acting_user(call),
        .entry_id = fam_uuid_v7(),
        .started_us = fam_mono_us(),
        .input = {.phrase = request->phrase,
                  .happened_before = request->happened_before,
                  .place = request->place,
                  .age_band = request->age_band,
                  .language = request->language,
                  .child_name = ""},
    };
}

void fam_job_init_again(struct fam_job *job, struct fam_services_context *context, struct fam_call *call,
                        const Fam__V1__TranslateRequest *request, const struct fam_mutation *mutation,
                        const struct fam_again *again)
{
    fam_job_init(job, context, call, request, mutation);
    job->again = again;
    job->entry_id = again->before.entry_id;
    if (again->correction != NULL) {
        job->input.corrected = again->correction->emotion;
    }
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

static void count(const struct fam_job *job, const char *success)
{
    struct fam_metrics *metrics = job->context->metrics;
    fam_metrics_add(metrics, FAM_M_TRANSLATIONS,
                    FAM_LABELS(fam_age_group(job->input.age_band), language_label(job->input.language), success), 1);
    fam_metrics_observe(metrics, FAM_M_TRANSLATION_SECONDS, NULL, (double)(fam_mono_us() - job->started_us) / 1e6);
}

/* Words that the writers say of themselves are no phrase of a child: help is the whole answer, and nothing is kept. */
static bool is_own(const struct fam_job *job)
{
    return job->request->whose == FAM__V1__WHOSE_WORDS__WHOSE_WORDS_OWN;
}

static enum fam_code choose_child(struct fam_job *job, struct fam_status *status)
{
    const char *wanted = job->request->child_id;
    if (job->again != NULL) { /* the entry's, unless that was removed since */
        const struct fam_entry *before = &job->again->before;
        for (size_t i = 0; before->has_child && i < job->family.child_count; i++) {
            if (fam_uuid_equal(&job->family.children[i].child_id, &before->child_id)) {
                job->child = &job->family.children[i];
            }
        }
        return FAM_OK;
    }
    if (is_own(job)) {
        return FAM_OK;
    }
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
static enum fam_code find_people(struct fam_job *job, struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    if (job->author != NULL) {
        code = fam_person_load(job->context->store, job->author, &job->user, &job->family, status);
        code = code == FAM_OK ? FAM_OK : fam_service_hide(status);
    } else {
        snprintf(job->user.help_country, sizeof(job->user.help_country), "%s", job->request->country);
    }
    if (code == FAM_OK) {
        code = choose_child(job, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    struct fam_reading_input *input = &job->input;
    if (job->child != NULL) {
        input->child_name = job->child->name;
    }
    if (job->child != NULL && job->again == NULL) { /* an entry keeps the age of its day */
        input->age_band = fam_age_band(fam_age_years(&job->child->birth, &job->family.today));
    }
    if (input->language == FAM__V1__LANGUAGE__LANGUAGE_UNSPECIFIED && job->author != NULL) {
        input->language = job->user.language;
    }
    return FAM_OK;
}

static void settle_defaults(struct fam_job *job)
{
    if (job->input.language == FAM__V1__LANGUAGE__LANGUAGE_UNSPECIFIED) {
        job->input.language = job->context->default_language;
    }
    job->age_unknown = !is_own(job) && job->input.age_band == FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED;
}

/* Counts once an entry. A safety hit is answered all the same. */
static enum fam_code take_limit(struct fam_job *job, struct fam_status *status)
{
    if (job->author == NULL) {
        return FAM_OK;
    }
    uint32_t retry_after_ms = 0;
    enum fam_limit_window window = FAM_LIMIT_NONE;
    enum fam_code code = fam_limits_take(job->context->limits, job->author, &retry_after_ms, &window, status);
    job->limited = code == FAM_OK;
    return job->hit.count > 0 ? FAM_OK : code;
}

void fam_job_failed(struct fam_job *job, enum fam_code code)
{
    /* What the caller did, or may not do, says nothing about the service. */
    if (code != FAM_RESOURCE_EXHAUSTED && code != FAM_PERMISSION_DENIED && code != FAM_INVALID_ARGUMENT &&
        code != FAM_CANCELLED) {
        count(job, "error");
    }
    if (job->limited) {
        fam_limits_give_back(job->context->limits, job->author);
        job->limited = false;
    }
}

static bool consents(const struct fam_job *job, Fam__V1__ConsentPurpose purpose)
{
    return job->author != NULL && !is_own(job) && fam_user_consents(&job->user, purpose);
}

static void add_kinds(struct fam_job *job, const Fam__V1__SafetyKind *kinds, size_t count)
{
    for (size_t i = 0; i < count && job->hit.count < FAM_SAFETY_MAX_KINDS; i++) {
        bool known = false;
        for (size_t j = 0; j < job->hit.count; j++) {
            known = known || job->hit.kinds[j] == kinds[i];
        }
        if (!known) {
            job->hit.kinds[job->hit.count++] = kinds[i];
        }
    }
}

/* Claude is asked for those who consented to it, unless their family wants no AI, for what will be stored, and never in
 * an emergency: that is answered at once. Everything is as it stood in the database when this call began. */
static bool may_ask(const struct fam_job *job)
{
    return job->context->reader != NULL && job->hit.count == 0 && !job->family.no_ai &&
           consents(job, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING) &&
           consents(job, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI) &&
           fam_call_remaining_ms(job->call) > ANSWER_SPARE_MS + ASK_MIN_MS;
}

/* What this author said about this child before. Without a database there is nothing to be learned from. */
static enum fam_code load_learned(struct fam_job *job, struct fam_status *status)
{
    struct fam_status away;
    if (job->author == NULL) {
        return FAM_OK;
    }
    const struct fam_uuid *child_id = job->child == NULL ? NULL : &job->child->child_id;
    enum fam_code code = fam_corrections_load(job->context->store, job->author, child_id, &job->learned, &away);
    job->input.corrections = job->learned.items;
    job->input.correction_count = job->learned.count;
    if (code != FAM_OK && job->hit.count == 0) {
        *status = away;
        return code;
    }
    return FAM_OK;
}

/* What was found in an entry stays, and a parent's note is looked at like the child's words. */
static enum fam_code add_known_dangers(struct fam_job *job, struct fam_status *status)
{
    if (job->again == NULL) {
        return FAM_OK;
    }
    struct fam_safety_hit more = {.count = 0};
    const struct fam_entry *before = &job->again->before;
    if (job->again->correction != NULL) {
        struct fam_reading_input note = job->input;
        note.phrase = job->again->correction->note;
        note.happened_before = "";
        if (fam_translate_check(job->context->translate, &note, &more, status) != FAM_OK) {
            return status->code;
        }
    }
    add_kinds(job, more.kinds, more.count);
    add_kinds(job, before->safety, before->safety_count);
    return FAM_OK;
}

void fam_job_replay(struct fam_job *job, const void *ids, size_t size)
{
    job->replayed = fam_ids_uuid(ids, size, 0, &job->entry_id);
}

enum fam_code fam_job_prepare(struct fam_job *job, bool *ret_ask, struct fam_status *status)
{
    struct fam_status people_status;
    *ret_ask = false;
    enum fam_code people = find_people(job, &people_status);
    settle_defaults(job);
    if (people == FAM_OK && job->replayed) {
        return FAM_OK;
    }
    job->replayed = false;
    enum fam_code code = fam_translate_check(job->context->translate, &job->input, &job->hit, status);
    if (code == FAM_OK) {
        code = add_known_dangers(job, status);
    }
    if (code == FAM_OK && people != FAM_OK && !(people == FAM_UNAVAILABLE && job->hit.count > 0)) {
        code = people;
        *status = people_status;
    }
    job->input.hit = &job->hit;
    /* A bot names its user, but for an emergency while the database can't tell who that is. */
    if (code == FAM_OK && job->author == NULL && job->hit.count == 0 &&
        fam_call_principal(job->call)->role == FAM_ROLE_BOT) {
        code = fam_fail_field(status, "acting_user_id", "Translate acts for a user: acting_user_id is required");
    }
    if (code == FAM_OK && is_own(job) && job->hit.count == 0) {
        code = fam_fail_field(
            status, "whose",
            "whose: the writer's own words are answered when there is a danger in them, and not otherwise");
    }
    if (code == FAM_OK && people == FAM_OK) {
        code = load_learned(job, status);
    }
    if (code == FAM_OK) {
        code = take_limit(job, status);
    }
    *ret_ask = code == FAM_OK && may_ask(job);
    return code;
}

bool fam_job_open(struct fam_job *job, void (*ready)(void *context), void *context)
{
    struct fam_status ignored; /* memory is short: the built-in engine answers */
    job->wait = fam_reader_wait_new(job->context->reader, ready, context, &ignored);
    return job->wait != NULL;
}

static bool is_correction(const struct fam_job *job)
{
    return job->again != NULL && job->again->correction != NULL;
}

/* What the author says that it was; only of a correction. */
static struct fam_correction said_now(const struct fam_job *job)
{
    const struct fam_again *again = job->again;
    if (!is_correction(job)) {
        return (struct fam_correction){.note = ""};
    }
    const Fam__V1__EmotionScore *read = again->before.reading->primary;
    return (struct fam_correction){.emotion = again->correction->emotion,
                                   .instead_of = read == NULL ? FAM__V1__EMOTION__EMOTION_UNSPECIFIED : read->emotion,
                                   .note = again->correction->note};
}

bool fam_job_ask(struct fam_job *job)
{
    struct fam_known_name names[FAM_READER_NAMES_MAX];
    uint32_t left_ms = fam_call_remaining_ms(job->call);
    struct fam_reader_question question = {
        .input = &job->input,
        .names = names,
        .name_count = fam_reader_names(&job->user, &job->family, job->child, names),
        .author = job->author,
        .entry_id = &job->entry_id,
        .apart = fam_reader_apart(&job->family),
        .timeout_ms = left_ms > ANSWER_SPARE_MS ? left_ms - ANSWER_SPARE_MS : 1,
        .began_ms = fam_call_began_ms(job->call),
        .goes_on = true, /* what is slow is delivered as a better reading */
    };
    fam_reader_profile(&question, &job->family, job->child);
    const struct fam_correction it_was = said_now(job);
    fam_reader_corrections(&question, &job->learned, is_correction(job) ? &it_was : NULL);
    bool ready = false;
    struct fam_status status;
    struct fam_services_context *context = job->context;
    job->asked = true; /* before it may be gone */
    if (fam_reader_start(job->wait, &question, &ready, &status) != FAM_OK) {
        FAM_LOG(context->log, FAM_LOG_WARN, "translate", "Claude can't be asked: the built-in engine answers",
                FAM_STR("reason", status.reason), FAM_STR("code", fam_code_name(status.code)));
        job->asked = false;
        return false;
    }
    return !ready;
}

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* The family that a new entry may be shown to, if its author wants that of all new ones: never one with a danger, or
 * that speaks of a grown-up of the family. NULL: none. */
static const struct fam_uuid *family_to_show(const struct fam_job *job)
{
    bool mentioned = true;
    struct fam_status ignored; /* what can't be looked at stays private */
    if (!job->user.has_family || job->hit.count > 0 ||
        fam_mention_of_family(&job->family, job->request->phrase, job->request->happened_before, &mentioned,
                              &ignored) != FAM_OK ||
        mentioned) {
        return NULL;
    }
    return &job->family.family_id;
}

/* The answer as an entry that was never stored: entry_id stays nil. The texts are the request's: only borrowed. */
static void describe(struct fam_job *job)
{
    struct fam_entry *entry = &job->entry;
    entry->has_child = job->child != NULL;
    if (job->child != NULL) {
        entry->child_id = job->child->child_id;
    }
    job->described = true;
    entry->phrase = borrow(job->request->phrase);
    entry->happened_before = borrow(job->request->happened_before);
    entry->place = job->input.place;
    entry->age_band = job->input.age_band;
    entry->age_unknown = job->age_unknown;
    entry->language = job->input.language;
    entry->safety_count = job->hit.count;
    memcpy(entry->safety, job->hit.kinds, job->hit.count * sizeof(job->hit.kinds[0]));
    entry->created_at_ms = fam_wall_ms();
    entry->is_shared = !fam_uuid_is_nil(&entry->entry_id) && job->user.share_entries && family_to_show(job) != NULL;
    if (entry->reading != NULL) {
        entry->reading->version = 1;
        entry->reading->created_at_ms = entry->created_at_ms;
    }
}

static void undescribe(struct fam_job *job)
{
    if (job->described) {
        job->entry.phrase = NULL;
        job->entry.happened_before = NULL;
        job->described = false;
    }
}

static enum fam_code add_entry(struct fam_job *job, const struct fam_reread *reread, struct fam_outcome *ret_outcome,
                               struct fam_status *status)
{
    const struct fam_entry_new entry = {
        .user_id = job->author,
        .entry_id = &job->entry_id,
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
        .shared_family = family_to_show(job),
        .task = reread == NULL ? NULL : &reread->task,
        .task_id = reread == NULL ? NULL : &reread->task_id,
    };
    uint64_t deadline_ms = fam_mono_ms() + fam_call_remaining_ms(job->call);
    return fam_entry_add(job->context->store, &job->mutation, &entry, deadline_ms, ret_outcome, status);
}

/* Other words that must not be shown as a matter of course hide the entry, until its author shows it again. */
static enum fam_code renew_entry(struct fam_job *job, const struct fam_reread *reread, struct fam_outcome *ret_outcome,
                                 struct fam_status *status)
{
    const struct fam_again *again = job->again;
    const struct fam_entry *before = &again->before;
    struct fam_correction correction = said_now(job);
    if (is_correction(job)) {
        _Static_assert((int)FAM_OFFLINE_SIGNAL == (int)FAM_CORRECTION_SIGNAL, "a signal is kept as it is");
        enum fam_code code = fam_translate_signal(job->context->translate, &job->input, correction.signal, status);
        if (code != FAM_OK) {
            return code;
        }
    }
    const struct fam_entry_renewal renewal = {
        .user_id = job->author,
        .entry_id = &job->entry_id,
        .reading = job->entry.reading,
        .danger_count = job->hit.count,
        .danger = job->hit.kinds,
        .phrase = again->revision == NULL ? NULL : again->revision->phrase,
        .correction = is_correction(job) ? &correction : NULL,
        .hide = again->revision != NULL && before->is_shared && family_to_show(job) == NULL,
        .task = reread == NULL ? NULL : &reread->task,
        .task_id = reread == NULL ? NULL : &reread->task_id,
    };
    return fam_entry_renew(job->context->store, &job->mutation, &renewal, ret_outcome, status);
}

/* With consent: a reading is stored before it is answered. */
static enum fam_code store(struct fam_job *job, bool *ret_rebuild, struct fam_status *status)
{
    *ret_rebuild = false;
    if (!consents(job, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING)) {
        return FAM_OK;
    }
    struct fam_reread reread;
    bool again = fam_reread_plan(job, &reread);
    struct fam_outcome outcome;
    enum fam_code code = job->again == NULL ? add_entry(job, again ? &reread : NULL, &outcome, status)
                                            : renew_entry(job, again ? &reread : NULL, &outcome, status);
    if (code != FAM_OK) {
        return fam_service_hide(status);
    }
    *ret_rebuild = outcome.replayed || job->again != NULL;
    if (again && !outcome.replayed) {
        const struct fam_task_ref ref = {
            .task_id = reread.task_id,
            .priority = reread.task.priority,
            .not_before_ms = reread.task.delay_ms == 0 ? 0 : fam_wall_ms() + (int64_t)reread.task.delay_ms};
        fam_queue_push(job->context->queue, &ref, 1);
    }
    (void)fam_ids_uuid(outcome.ids, outcome.ids_size, 0, &job->entry.entry_id);
    fam_call_set_consistency_token(job->call, outcome.lsn);
    return FAM_OK;
}

/* The same key again: the answer is rebuilt from the entry, nothing is counted a second time. */
static enum fam_code show_again(struct fam_job *job, const struct fam_uuid *entry_id, struct fam_reply *reply,
                                Fam__V1__Entry **ret_shown, struct fam_status *status)
{
    struct fam_uuid wanted = *entry_id;
    undescribe(job);
    fam_entry_done(&job->entry);
    memset(&job->entry, 0, sizeof(job->entry));
    if (fam_entry_get(job->context->store, job->author, &wanted, &job->entry, status) != FAM_OK) {
        return fam_service_hide(status);
    }
    return fam_translate_show(job->context, reply, &job->entry, job->user.help_country, ret_shown, status);
}

/* What became of the question to Claude, under the id that the bot's and the server's lines have, too. */
static void log_answer(const struct fam_job *job, enum fam_code code, const struct fam_status *taken)
{
    FAM_LOG(job->context->log, FAM_LOG_INFO, "translate", "claude answered",
            FAM_STR("request_id", fam_call_request_id(job->call)), FAM_STR("code", fam_code_name(code)),
            FAM_STR("reason", code == FAM_OK ? "" : taken->reason),
            FAM_U64("duration_us", fam_mono_us() - job->started_us));
}

/* Claude's reading when it came, else the built-in one. CANCELLED: nobody waits for either. */
static enum fam_code read_phrase(struct fam_job *job, struct fam_status *status)
{
    struct fam_reader_result result = {.reading = NULL};
    struct fam_status taken;
    enum fam_code asked = FAM_UNAVAILABLE;
    if (job->asked) {
        asked = fam_reader_take(job->wait, &result, &taken);
        log_answer(job, asked, &taken);
        job->slow = asked == FAM_DEADLINE_EXCEEDED;
    }
    if (asked == FAM_OK) {
        job->entry.reading = result.reading;
        add_kinds(job, result.risk, result.risk_count); /* Claude can add a danger, never take one away */
        fam_metrics_add(job->context->metrics, FAM_M_READINGS, FAM_LABELS("claude"), 1);
        return FAM_OK;
    }
    if (job->wait != NULL && fam_call_is_cancelled(job->call)) {
        return fam_fail(status, FAM_CANCELLED, "the caller does not wait for the reading any more");
    }
    return fam_translate_read(job->context->translate, &job->input, &job->entry.reading, status);
}

enum fam_code fam_job_finish(struct fam_job *job, struct fam_reply *reply, Fam__V1__Entry **ret_shown,
                             struct fam_status *status)
{
    if (job->replayed) {
        return show_again(job, &job->entry_id, reply, ret_shown, status);
    }
    bool rebuild = false;
    enum fam_code code = is_own(job) ? FAM_OK : read_phrase(job, status);
    if (code == FAM_OK) {
        code = store(job, &rebuild, status);
        /* An emergency is answered even when it can't be written down. */
        if (code == FAM_UNAVAILABLE && job->hit.count > 0) {
            code = FAM_OK;
        }
    }
    if (code == FAM_OK && rebuild && job->again == NULL) {
        return show_again(job, &job->entry.entry_id, reply, ret_shown, status);
    }
    if (code == FAM_OK && rebuild) {
        code = show_again(job, &job->entry.entry_id, reply, ret_shown, status);
    } else if (code == FAM_OK) {
        describe(job);
        code = (is_own(job) ? fam_translate_show_own : fam_translate_show)(job->context, reply, &job->entry,
                                                                           job->user.help_country, ret_shown, status);
    }
    if (code == FAM_OK) {
        count(job, "success");
        job->limited = false;
    }
    if (code == FAM_OK && job->hit.count > 0) {
        fam_metrics_add(job->context->metrics, FAM_M_SAFETY_HITS, FAM_LABELS(safety_label(job->hit.kinds[0])), 1);
    }
    return code;
}

void fam_job_done(struct fam_job *job)
{
    fam_reader_wait_free(job->wait);
    undescribe(job);
    fam_entry_done(&job->entry);
    fam_corrections_done(&job->learned);
    fam_family_done(&job->family);
    fam_user_done(&job->user);
}
