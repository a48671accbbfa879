/* report.c: see report.h. What is counted, and what the counts carry. */
#include "report/report.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "report/report_private.h"

enum { WEIGHT_UNKNOWN = 3 };

bool fam_emotion_is_good(Fam__V1__Emotion emotion)
{
    return emotion >= FAM__V1__EMOTION__EMOTION_JOY && emotion <= FAM__V1__EMOTION__EMOTION_CALM;
}

double fam_tally_mean(const struct fam_tally_mood *mood)
{
    return mood->count > 0 ? mood->sum / mood->count : 0;
}

bool fam_tally_has_mean(const struct fam_tally *tally)
{
    return tally->now.count >= FAM_REPORT_MOODS_MIN && tally->now.days >= FAM_REPORT_MOODS_DAYS;
}

static void add_mood(struct fam_tally_mood *mood, int value)
{
    mood->count++;
    mood->sum += value;
}

/* The day of a moment within its period. */
static size_t day_of(const struct fam_local_day *days, size_t count, int64_t at_ms)
{
    size_t day = 0;
    while (day + 1 < count && days[day + 1].start_ms <= at_ms) {
        day++;
    }
    return day;
}

static void count_weight(struct fam_tally_child *child, const struct fam_fact_entry *entry, bool is_now)
{
    if (entry->emotion == FAM__V1__EMOTION__EMOTION_UNSPECIFIED) {
        return;
    }
    double weight = entry->intensity > 0 ? entry->intensity : WEIGHT_UNKNOWN;
    weight = fam_emotion_is_good(entry->emotion)                    ? weight
             : entry->emotion == FAM__V1__EMOTION__EMOTION_SURPRISE ? 0
                                                                    : -weight;
    *(is_now ? &child->weighed : &child->weighed_before) += 1;
    *(is_now ? &child->weight : &child->weight_before) += weight;
}

static bool has_helped(const struct fam_fact_entry *entry)
{
    return entry->helped == FAM__V1__HELPED__HELPED_YES || entry->helped == FAM__V1__HELPED__HELPED_A_LITTLE;
}

static void count_child(struct fam_tally_child *child, const struct fam_fact_entry *entry, bool is_now, bool is_before)
{
    child->entries += is_now ? 1 : 0;
    if (entry->has_danger) {
        return;
    }
    if (is_now || is_before) {
        count_weight(child, entry, is_now);
    }
    if (is_now) {
        child->told++;
        child->emotions[entry->emotion]++;
    }
    if (entry->is_rated && entry->used > 0 && (size_t)entry->used < FAM_TALLY_KINDS) {
        child->kinds[entry->used].rated++;
        child->kinds[entry->used].helped += has_helped(entry) ? 1 : 0;
    }
}

/* What a later version knows, this one can't speak of. */
static bool is_known(const ProtobufCEnumDescriptor *descriptor, int value)
{
    return protobuf_c_enum_descriptor_get_value(descriptor, value) != NULL;
}

static void count_entry(struct fam_draft *draft, struct fam_fact_entry entry)
{
    const struct fam_facts *facts = draft->facts;
    struct fam_tally *tally = &draft->tally;
    bool is_now = entry.at_ms >= facts->from_ms && entry.at_ms < facts->until_ms;
    bool is_before = entry.at_ms >= facts->before_ms && entry.at_ms < facts->from_ms;
    if ((size_t)entry.emotion >= FAM_TALLY_EMOTIONS || !is_known(&fam__v1__emotion__descriptor, (int)entry.emotion)) {
        entry.emotion = FAM__V1__EMOTION__EMOTION_UNSPECIFIED;
    }
    if (!is_known(&fam__v1__response_kind__descriptor, (int)entry.used)) {
        entry.used = FAM__V1__RESPONSE_KIND__RESPONSE_KIND_UNSPECIFIED;
    }
    if (is_now) {
        tally->entries++;
        tally->day_entries[day_of(facts->days, facts->day_count, entry.at_ms)]++;
    }
    if (is_now && !entry.has_danger) {
        tally->told++;
        tally->emotions[entry.emotion]++;
    }
    if (entry.child >= 0) {
        count_child(&tally->children[entry.child], &entry, is_now, is_before);
    }
}

static void count_moods(struct fam_draft *draft)
{
    const struct fam_facts *facts = draft->facts;
    struct fam_tally *tally = &draft->tally;
    size_t last_before = FAM_REPORT_DAYS_MAX;
    for (size_t i = 0; i < facts->mood_count; i++) {
        const struct fam_checkin_mood *mood = &facts->moods[i];
        if (mood->at_ms < facts->from_ms) {
            size_t day = day_of(facts->before, facts->day_count, mood->at_ms);
            add_mood(&tally->before, mood->mood);
            tally->before.days += day != last_before ? 1 : 0;
            last_before = day;
            continue;
        }
        size_t day = day_of(facts->days, facts->day_count, mood->at_ms);
        tally->checkins++;
        tally->now.days += tally->days[day].count == 0 ? 1 : 0;
        add_mood(&tally->now, mood->mood);
        add_mood(&tally->days[day], mood->mood);
        if ((size_t)mood->slot < FAM_TALLY_SLOTS) {
            add_mood(&tally->slots[mood->slot], mood->mood);
        }
    }
}

Fam__V1__Emotion fam_tally_emotion(const int *emotions, unsigned taken, int least, int *ret_count)
{
    unsigned best = 0;
    for (unsigned i = 1; i < FAM_TALLY_EMOTIONS; i++) {
        bool is_left = (taken & (1U << i)) == 0 && emotions[i] >= least;
        best = is_left && (best == 0 || emotions[i] > emotions[best]) ? i : best;
    }
    *ret_count = best > 0 ? emotions[best] : 0;
    return (Fam__V1__Emotion)best;
}

Fam__V1__ResponseKind fam_tally_worked(const struct fam_tally_child *child, unsigned taken)
{
    unsigned best = 0;
    for (unsigned i = 1; i < FAM_TALLY_KINDS; i++) {
        const struct fam_tally_kind *kind = &child->kinds[i], *other = &child->kinds[best];
        /* Two of three at least. */
        if ((taken & (1U << i)) != 0 || kind->rated < FAM_REPORT_RATED_MIN || kind->helped * 3 < kind->rated * 2) {
            continue;
        }
        int more = kind->helped * other->rated - other->helped * kind->rated;
        best = best == 0 || more > 0 || (more == 0 && kind->rated > other->rated) ? i : best;
    }
    return (Fam__V1__ResponseKind)best;
}

static Fam__V1__Trend trend_of(double difference)
{
    double least = FAM_REPORT_TREND_TENTHS / 10.0;
    return difference >= least    ? FAM__V1__TREND__TREND_BETTER
           : difference <= -least ? FAM__V1__TREND__TREND_HARDER
                                  : FAM__V1__TREND__TREND_SAME;
}

static bool carries_trend(const struct fam_tally_mood *mood)
{
    return mood->count >= FAM_REPORT_TREND_MOODS && mood->days >= FAM_REPORT_TREND_DAYS;
}

static void *make(struct fam_draft *draft, size_t size)
{
    void *made = fam_arena_alloc(draft->arena, size);
    draft->words.failed = draft->words.failed || made == NULL;
    if (made != NULL) {
        memset(made, 0, size);
    }
    return made;
}

/* `told`: entries that they were counted of. */
static size_t make_emotions(struct fam_draft *draft, const int *emotions, int told, size_t max,
                            Fam__V1__ReportEmotion ***ret_list)
{
    unsigned taken = 0;
    size_t made = 0;
    *ret_list = make(draft, max * sizeof(**ret_list));
    while (told >= FAM_REPORT_ENTRIES_MIN && *ret_list != NULL && made < max) {
        int count = 0;
        Fam__V1__Emotion emotion = fam_tally_emotion(emotions, taken, FAM_REPORT_EMOTION_MIN, &count);
        Fam__V1__ReportEmotion *line = count > 0 ? make(draft, sizeof(*line)) : NULL;
        if (line == NULL) {
            break;
        }
        fam__v1__report_emotion__init(line);
        line->emotion = emotion;
        line->count = count;
        taken |= 1U << (unsigned)emotion;
        (*ret_list)[made++] = line;
    }
    return made;
}

static size_t make_worked(struct fam_draft *draft, const struct fam_tally_child *child,
                          Fam__V1__ReportWorked ***ret_list)
{
    unsigned taken = 0;
    size_t made = 0;
    *ret_list = make(draft, FAM_REPORT_CHILD_WORKED * sizeof(**ret_list));
    while (*ret_list != NULL && made < FAM_REPORT_CHILD_WORKED) {
        Fam__V1__ResponseKind kind = fam_tally_worked(child, taken);
        Fam__V1__ReportWorked *line = kind > 0 ? make(draft, sizeof(*line)) : NULL;
        if (line == NULL) {
            break;
        }
        fam__v1__report_worked__init(line);
        line->kind = kind;
        line->rated = child->kinds[kind].rated;
        line->helped = child->kinds[kind].helped;
        taken |= 1U << (unsigned)kind;
        (*ret_list)[made++] = line;
    }
    return made;
}

static void fill_child(struct fam_draft *draft, size_t index, Fam__V1__ReportChild *child)
{
    const struct fam_tally_child *tally = &draft->tally.children[index];
    char *id = make(draft, FAM_UUID_TEXT_SIZE);
    fam__v1__report_child__init(child);
    if (id == NULL) {
        return;
    }
    fam_uuid_format(&draft->facts->children[index].child_id, id);
    child->child_id = id;
    child->name = draft->facts->children[index].name;
    child->entries = tally->entries;
    if (tally->weighed >= FAM_REPORT_CHILD_TREND && tally->weighed_before >= FAM_REPORT_CHILD_TREND) {
        child->trend = trend_of(tally->weight / tally->weighed - tally->weight_before / tally->weighed_before);
    }
    child->n_emotions = make_emotions(draft, tally->emotions, tally->told, FAM_REPORT_CHILD_EMOTIONS, &child->emotions);
    child->n_worked = make_worked(draft, tally, &child->worked);
}

static void make_children(struct fam_draft *draft)
{
    Fam__V1__Report *report = draft->report;
    size_t count = draft->facts->child_count;
    Fam__V1__ReportChild *children = make(draft, (count + 1) * sizeof(*children));
    report->children = make(draft, (count + 1) * sizeof(*report->children));
    for (size_t i = 0; children != NULL && report->children != NULL && i < count; i++) {
        fill_child(draft, i, &children[i]);
        report->children[report->n_children++] = &children[i];
    }
}

static void make_days(struct fam_draft *draft)
{
    Fam__V1__Report *report = draft->report;
    size_t count = draft->facts->day_count;
    Fam__V1__ReportDay *days = make(draft, (count + 1) * sizeof(*days));
    Fam__V1__Date *dates = make(draft, (count + 1) * sizeof(*dates));
    report->days = make(draft, (count + 1) * sizeof(*report->days));
    for (size_t i = 0; days != NULL && dates != NULL && report->days != NULL && i < count; i++) {
        const struct fam_local_day *day = &draft->facts->days[i];
        fam__v1__report_day__init(&days[i]);
        fam__v1__date__init(&dates[i]);
        dates[i].year = day->year;
        dates[i].month = day->month;
        dates[i].day = day->day;
        days[i].date = &dates[i];
        days[i].mood = fam_tally_mean(&draft->tally.days[i]);
        days[i].checkins = draft->tally.days[i].count;
        days[i].entries = draft->tally.day_entries[i];
        report->days[report->n_days++] = &days[i];
    }
}

static void make_head(struct fam_draft *draft)
{
    const struct fam_facts *facts = draft->facts;
    const struct fam_tally *tally = &draft->tally;
    Fam__V1__Report *report = draft->report;
    fam__v1__report__init(report);
    report->period = facts->period;
    report->from_ms = facts->from_ms;
    report->until_ms = facts->until_ms;
    report->time_zone = (char *)(uintptr_t)facts->time_zone;
    report->language = facts->language;
    report->entries = tally->entries;
    report->checkins = tally->checkins;
    report->mood = fam_tally_has_mean(tally) ? fam_tally_mean(&tally->now) : 0;
    if (carries_trend(&tally->now) && carries_trend(&tally->before)) {
        report->trend = trend_of(fam_tally_mean(&tally->now) - fam_tally_mean(&tally->before));
    }
    report->is_empty = tally->entries == 0 && tally->checkins == 0;
}

enum fam_code fam_report_of(const struct fam_facts *facts, struct fam_arena *arena, Fam__V1__Report **ret_report,
                            struct fam_status *status)
{
    struct fam_draft *draft = calloc(1, sizeof(*draft));
    if (draft == NULL) {
        return fam_fail_memory(status);
    }
    draft->facts = facts;
    draft->arena = arena;
    draft->words = (struct fam_words){.language = facts->language, .arena = arena};
    draft->report = make(draft, sizeof(*draft->report));
    if (draft->report != NULL) {
        for (size_t i = 0; i < facts->entry_count; i++) {
            count_entry(draft, facts->entries[i]);
        }
        count_moods(draft);
        make_head(draft);
        make_days(draft);
        draft->report->n_emotions = make_emotions(draft, draft->tally.emotions, draft->tally.told, FAM_REPORT_EMOTIONS,
                                                  &draft->report->emotions);
        make_children(draft);
        fam_report_sentences(draft);
    }
    bool failed = draft->words.failed;
    *ret_report = draft->report;
    sodium_memzero(draft, sizeof(*draft));
    free(draft);
    return failed ? fam_fail_memory(status) : FAM_OK;
}
