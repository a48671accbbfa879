/* sentences.c: what a report says in words; see report.h.
 *
 * Of dangers nothing is said: a report comes by itself, at an hour at which anybody may look at the phone. Nothing that
 * anybody wrote is in here: no words of an entry, and a good moment is only named (good.c). */
#include <stdio.h>
#include <string.h>

#include "report/report_private.h"

enum { TOPICS_MAX = 16, LIST_SIZE = 400, TOPIC_KEY = 64 };

/* Up to FAM_REPORT_SENTENCES of a kind. */
static void add(struct fam_draft *draft, char ***list, size_t *count, const char *sentence)
{
    if (*list == NULL) {
        *list = fam_arena_alloc(draft->arena, FAM_REPORT_SENTENCES * sizeof(**list));
    }
    if (*list == NULL) {
        draft->words.failed = true;
    } else if (*count < FAM_REPORT_SENTENCES) {
        (*list)[(*count)++] = (char *)(uintptr_t)sentence;
    }
}

#define ADD(draft, field, sentence) add((draft), &(draft)->report->field, &(draft)->report->n_##field, (sentence))

static bool has_room(const struct fam_draft *draft)
{
    return draft->report->n_attention < FAM_REPORT_SENTENCES;
}

/* "4 of 6", as values. */
struct share {
    char count[FAM_WORDS_NUMBER_SIZE], all[FAM_WORDS_NUMBER_SIZE];
};

static struct share share_of(int count, int all)
{
    struct share share;
    (void)snprintf(share.count, sizeof(share.count), "%d", count);
    (void)snprintf(share.all, sizeof(share.all), "%d", all);
    return share;
}

/* Two moods, side by side. */
struct pair {
    char now[FAM_WORDS_NUMBER_SIZE], before[FAM_WORDS_NUMBER_SIZE];
};

static struct pair pair_of(const struct fam_draft *draft, double now, double before)
{
    struct pair pair = {.now = ""};
    (void)fam_words_tenths(draft->words.language, now, pair.now);
    (void)fam_words_tenths(draft->words.language, before, pair.before);
    return pair;
}

static const char *child_name(struct fam_draft *draft, size_t index)
{
    return fam_words_child(&draft->words, draft->facts->children[index].name);
}

/* ---- what needs attention, each with its step ---- */

static void say_hard_days(struct fam_draft *draft)
{
    const struct fam_tally *tally = &draft->tally;
    int hard = 0;
    for (size_t i = 0; i < draft->facts->day_count; i++) {
        const struct fam_tally_mood *day = &tally->days[i];
        hard += day->count > 0 && fam_tally_mean(day) <= FAM_REPORT_HARD_MOOD ? 1 : 0;
    }
    if (hard < FAM_REPORT_OFTEN || hard * 2 < tally->now.days) {
        return;
    }
    struct share share = share_of(hard, tally->now.days);
    const struct fam_word_value values[] = {{"count", share.count}, {"all", share.all}};
    ADD(draft, attention, fam_words_say(&draft->words, "attention.hard_days", values, 2));
    ADD(draft, steps, fam_words_text(&draft->words, "step.self"));
}

/* How to help with a feeling: several share a step. */
static const char *step_of(Fam__V1__Emotion emotion)
{
    switch (emotion) {
    case FAM__V1__EMOTION__EMOTION_ANGER:
    case FAM__V1__EMOTION__EMOTION_FRUSTRATION:
    case FAM__V1__EMOTION__EMOTION_DISGUST:
        return "step.anger";
    case FAM__V1__EMOTION__EMOTION_SADNESS:
    case FAM__V1__EMOTION__EMOTION_LONELINESS:
    case FAM__V1__EMOTION__EMOTION_DISAPPOINTMENT:
        return "step.sadness";
    case FAM__V1__EMOTION__EMOTION_FEAR:
    case FAM__V1__EMOTION__EMOTION_ANXIETY:
        return "step.fear";
    case FAM__V1__EMOTION__EMOTION_SHAME:
    case FAM__V1__EMOTION__EMOTION_GUILT:
        return "step.shame";
    case FAM__V1__EMOTION__EMOTION_JEALOUSY:
        return "step.jealousy";
    case FAM__V1__EMOTION__EMOTION_TIREDNESS:
    case FAM__V1__EMOTION__EMOTION_OVERWHELM:
        return "step.tired";
    default:
        return "step.restless";
    }
}

/* A hard feeling that is half of what a child's entries tell. *ret_count 0: none. */
static Fam__V1__Emotion frequent(const struct fam_tally_child *child, int *ret_count)
{
    unsigned good = 1U << FAM__V1__EMOTION__EMOTION_SURPRISE;
    for (unsigned i = FAM__V1__EMOTION__EMOTION_JOY; i <= FAM__V1__EMOTION__EMOTION_CALM; i++) {
        good |= 1U << i;
    }
    Fam__V1__Emotion emotion = fam_tally_emotion(child->emotions, good, FAM_REPORT_OFTEN, ret_count);
    *ret_count = *ret_count * 2 >= child->entries ? *ret_count : 0;
    return emotion;
}

static void say_feelings(struct fam_draft *draft)
{
    const struct fam_tally *tally = &draft->tally;
    unsigned said = 0;
    /* Two children at most, so that other things have room; the most frequent first. */
    for (int round = 0; round < 2; round++) {
        size_t best = FAM_CHILDREN_MAX;
        int most = 0;
        for (size_t i = 0; i < draft->facts->child_count; i++) {
            int count = 0;
            (void)frequent(&tally->children[i], &count);
            if ((said & (1U << i)) == 0 && count > most) {
                best = i;
                most = count;
            }
        }
        if (best == FAM_CHILDREN_MAX || !has_room(draft)) {
            return;
        }
        Fam__V1__Emotion emotion = frequent(&tally->children[best], &most);
        struct share share = share_of(most, tally->children[best].entries);
        const struct fam_word_value values[] = {{"child", child_name(draft, best)},
                                                {"emotion", fam_words_emotion(&draft->words, emotion)},
                                                {"count", share.count},
                                                {"all", share.all}};
        ADD(draft, attention, fam_words_say(&draft->words, "attention.emotion", values, FAM_ARRAY_SIZE(values)));
        ADD(draft, steps, fam_words_say(&draft->words, step_of(emotion), values, FAM_ARRAY_SIZE(values)));
        said |= 1U << best;
    }
}

struct topic {
    const char *id;
    int count;
};

/* What was hard, how often. *ret_all: all that were told. */
static size_t count_topics(const struct fam_facts *facts, struct topic topics[TOPICS_MAX], int *ret_all)
{
    size_t count = 0;
    *ret_all = 0;
    for (size_t i = 0; i < facts->mood_count; i++) {
        const struct fam_checkin_mood *mood = &facts->moods[i];
        size_t at = 0;
        if (mood->at_ms < facts->from_ms || mood->about[0] == '\0') {
            continue;
        }
        (*ret_all)++;
        while (at < count && strcmp(topics[at].id, mood->about) != 0) {
            at++;
        }
        if (at == TOPICS_MAX) {
            continue;
        }
        if (at == count) {
            topics[count++] = (struct topic){.id = mood->about};
        }
        topics[at].count++;
    }
    return count;
}

/* What comes again at its hour, so that one can talk about it beforehand. A quarrel may be one with the partner, and
 * nobody is told to arrange for the next. */
static bool can_be_prepared(const char *topic)
{
    static const char *const routines[] = {"getting_ready", "meals", "school", "homework", "bedtime", "screens"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(routines); i++) {
        if (strcmp(topic, routines[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void say_topic(struct fam_draft *draft)
{
    struct topic topics[TOPICS_MAX];
    int all = 0;
    size_t count = count_topics(draft->facts, topics, &all);
    const struct topic *best = NULL;
    char best_key[TOPIC_KEY] = "";
    for (size_t i = 0; i < count; i++) {
        char key[TOPIC_KEY];
        (void)snprintf(key, sizeof(key), "topic.%s", topics[i].id);
        /* "Something else" has no text: it is no topic that one can talk about. */
        if ((best == NULL || topics[i].count > best->count) && fam_words_has(draft->words.language, key)) {
            best = &topics[i];
            memcpy(best_key, key, sizeof(key));
        }
    }
    if (best == NULL || best->count < FAM_REPORT_OFTEN || best->count * 2 < all || !has_room(draft)) {
        return;
    }
    struct share share = share_of(best->count, all);
    const struct fam_word_value values[] = {
        {"topic", fam_words_text(&draft->words, best_key)}, {"count", share.count}, {"all", share.all}};
    ADD(draft, attention, fam_words_say(&draft->words, "attention.topic", values, FAM_ARRAY_SIZE(values)));
    if (can_be_prepared(best->id)) {
        ADD(draft, steps, fam_words_say(&draft->words, "step.topic", values, FAM_ARRAY_SIZE(values)));
    }
}

/* A time of the day that is harder than the others. */
static void say_slot(struct fam_draft *draft)
{
    const struct fam_tally *tally = &draft->tally;
    for (int slot = FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_MORNING; slot <= FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_EVENING;
         slot++) {
        const struct fam_tally_mood *here = &tally->slots[slot];
        struct fam_tally_mood others = {.count = tally->now.count - here->count, .sum = tally->now.sum - here->sum};
        if (here->count < FAM_REPORT_SLOT_MOODS || others.count < FAM_REPORT_SLOT_MOODS ||
            fam_tally_mean(&others) - fam_tally_mean(here) < FAM_REPORT_SLOT_TENTHS / 10.0 || !has_room(draft)) {
            continue;
        }
        struct pair pair = pair_of(draft, fam_tally_mean(here), fam_tally_mean(&others));
        const struct fam_word_value values[] = {{"now", pair.now}, {"before", pair.before}};
        char key[32];
        (void)snprintf(key, sizeof(key), "attention.slot.%d", slot);
        ADD(draft, attention, fam_words_say(&draft->words, key, values, 2));
        ADD(draft, steps, fam_words_numbered(&draft->words, "step.slot", slot));
    }
}

static const char *trend_sentence(struct fam_draft *draft, const char *key)
{
    struct pair pair = pair_of(draft, fam_tally_mean(&draft->tally.now), fam_tally_mean(&draft->tally.before));
    const struct fam_word_value values[] = {{"now", pair.now}, {"before", pair.before}};
    return fam_words_of_period(&draft->words, key, draft->facts->period, values, 2);
}

static const char *child_sentence(struct fam_draft *draft, const char *key, size_t index)
{
    const struct fam_word_value values[] = {{"child", child_name(draft, index)}};
    return fam_words_of_period(&draft->words, key, draft->facts->period, values, 1);
}

static void say_attention(struct fam_draft *draft)
{
    const Fam__V1__Report *report = draft->report;
    say_hard_days(draft);
    say_feelings(draft);
    say_topic(draft);
    say_slot(draft);
    if (report->trend == FAM__V1__TREND__TREND_HARDER && has_room(draft)) {
        ADD(draft, attention, trend_sentence(draft, "attention.trend"));
    }
    for (size_t i = 0; i < report->n_children && has_room(draft); i++) {
        if (report->children[i]->trend == FAM__V1__TREND__TREND_HARDER) {
            ADD(draft, attention, child_sentence(draft, "attention.child", i));
        }
    }
}

/* ---- what was good ---- */

/* The last good moment that the reader told of. Its words stay with the check-in: fam_report_add_good. */
static void note_good_moment(struct fam_draft *draft)
{
    const struct fam_facts *facts = draft->facts;
    for (size_t i = facts->mood_count; i > 0 && facts->moods[i - 1].at_ms >= facts->from_ms; i--) {
        if (facts->moods[i - 1].good[0] != '\0') {
            char *id = fam_arena_alloc(draft->arena, FAM_UUID_TEXT_SIZE);
            draft->words.failed = draft->words.failed || id == NULL;
            if (id != NULL) {
                fam_uuid_format(&facts->moods[i - 1].checkin_id, id);
                draft->report->good_checkin_id = id;
            }
            return;
        }
    }
}

/* The one best day, when it was a good one. */
static void say_best_day(struct fam_draft *draft)
{
    const struct fam_tally *tally = &draft->tally;
    const struct fam_facts *facts = draft->facts;
    double best = 0;
    size_t best_day = 0;
    bool is_alone = false;
    for (size_t i = 0; i < facts->day_count; i++) {
        double mood = fam_tally_mean(&tally->days[i]);
        is_alone = mood > best || (is_alone && mood < best);
        best_day = mood > best ? i : best_day;
        best = mood > best ? mood : best;
    }
    if (tally->now.days < FAM_REPORT_BEST_DAYS || best < FAM_REPORT_GOOD_MOOD || !is_alone) {
        return;
    }
    const struct fam_local_day *day = &facts->days[best_day];
    char mood[FAM_WORDS_NUMBER_SIZE];
    const struct fam_word_value values[] = {
        {"weekday", fam_words_numbered(&draft->words, "weekday", fam_words_weekday(day->year, day->month, day->day))},
        {"date", fam_words_date(&draft->words, day->month, day->day)},
        {"mood", fam_words_tenths(draft->words.language, best, mood)}};
    ADD(draft, positive, fam_words_say(&draft->words, "positive.best", values, FAM_ARRAY_SIZE(values)));
}

static void say_good_feelings(struct fam_draft *draft)
{
    char list[LIST_SIZE] = "";
    size_t size = 0;
    for (int i = FAM__V1__EMOTION__EMOTION_JOY; i <= FAM__V1__EMOTION__EMOTION_CALM; i++) {
        int count = draft->tally.emotions[i];
        if (count < FAM_REPORT_EMOTION_MIN) {
            continue;
        }
        int more = snprintf(list + size, sizeof(list) - size, "%s%s (%d)", size > 0 ? ", " : "",
                            fam_words_emotion(&draft->words, (Fam__V1__Emotion)i), count);
        size = more > 0 && size + (size_t)more < sizeof(list) ? size + (size_t)more : size;
        list[size] = '\0';
    }
    if (size > 0) {
        const struct fam_word_value values[] = {{"list", list}};
        ADD(draft, positive, fam_words_say(&draft->words, "positive.feelings", values, 1));
    }
}

static void say_worked(struct fam_draft *draft)
{
    for (size_t i = 0; i < draft->report->n_children; i++) {
        const Fam__V1__ReportChild *child = draft->report->children[i];
        if (child->n_worked == 0) {
            continue;
        }
        struct share share = share_of(child->worked[0]->helped, child->worked[0]->rated);
        const struct fam_word_value values[] = {{"child", child_name(draft, i)},
                                                {"kind", fam_words_kind(&draft->words, child->worked[0]->kind)},
                                                {"count", share.count},
                                                {"all", share.all}};
        ADD(draft, positive, fam_words_say(&draft->words, "positive.worked", values, FAM_ARRAY_SIZE(values)));
        ADD(draft, steps, fam_words_say(&draft->words, "step.worked", values, FAM_ARRAY_SIZE(values)));
        return;
    }
}

static void say_positive(struct fam_draft *draft)
{
    Fam__V1__Report *report = draft->report;
    note_good_moment(draft);
    say_worked(draft);
    say_best_day(draft);
    if (report->trend == FAM__V1__TREND__TREND_BETTER) {
        ADD(draft, positive, trend_sentence(draft, "positive.trend"));
    }
    for (size_t i = 0; i < report->n_children; i++) {
        if (report->children[i]->trend == FAM__V1__TREND__TREND_BETTER) {
            ADD(draft, positive, child_sentence(draft, "positive.child", i));
        }
    }
    say_good_feelings(draft);
    if (report->good_checkin_id[0] != '\0' && report->n_positive == FAM_REPORT_SENTENCES) {
        report->n_positive--; /* the good moment comes first, and there are not more than before */
    }
}

static bool tells_what_worked(const Fam__V1__Report *report)
{
    for (size_t i = 0; i < report->n_children; i++) {
        if (report->children[i]->n_worked > 0) {
            return true;
        }
    }
    return false;
}

static const char *kind_words(struct fam_draft *draft)
{
    const struct fam_tally *tally = &draft->tally;
    if (draft->report->is_empty) {
        return fam_words_of_period(&draft->words, "kind.empty", draft->facts->period, NULL, 0);
    }
    if (tally->entries < FAM_REPORT_ENTRIES_MIN && tally->now.count < FAM_REPORT_MOODS_MIN) {
        /* What helps is told of a longer time than the period. */
        return fam_words_text(&draft->words, tells_what_worked(draft->report) ? "kind.few_worked" : "kind.few");
    }
    double mood = draft->report->mood;
    if (mood > 0 ? mood <= FAM_REPORT_HARD_MEAN : draft->report->n_attention >= 2) {
        return fam_words_of_period(&draft->words, "kind.hard", draft->facts->period, NULL, 0);
    }
    return fam_words_of_period(&draft->words, "kind.usual", draft->facts->period, NULL, 0);
}

void fam_report_sentences(struct fam_draft *draft)
{
    if (!draft->report->is_empty) {
        say_attention(draft);
        say_positive(draft);
    }
    if (!draft->report->is_empty && draft->report->n_steps == 0) {
        ADD(draft, steps, fam_words_text(&draft->words, "step.together"));
    }
    draft->report->kind_words = (char *)(uintptr_t)kind_words(draft);
}
