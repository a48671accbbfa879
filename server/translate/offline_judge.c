#include "translate/offline_judge.h"

#include <string.h>

#include "store/correction_store.h"
#include "translate/offline_evidence.h"
#include "translate/offline_tsv.h"

enum {
    CONTEXT_PERCENT = 40,
    ALONE_PERCENT = 60,      /* what happened before, when the phrase itself tells nothing */
    SECONDARY_PERCENT = 35,  /* of the primary's score */
    SITUATION_PERCENT = 50,  /* its emotion, of the primary's score */
    THIRD_NEED_PERCENT = 60, /* of the second need's score */
    CLEAR_SCORE = 50,
    FAIR_SCORE = 25,
    PLACE_SCORE = 4,
    PLAN_NEED_SCORE = 12,
    GRAVE_STRENGTH = 4,
    USUAL_STRENGTH = 3,
};

static const char *plan_words(const struct fam_offline_bench *bench, uint16_t key, enum fam_offline_field field,
                              Fam__V1__AgeBand band)
{
    return fam_offline_pick(bench->plan, &key, 1, field, band, 0);
}

/* Calls for each word of a plan's entry would need a callback; entries are short, so they are parsed in place. */
static size_t parse_plan(const char *words, int (*named)(const char *), int *ids, size_t max)
{
    char copy[128];
    size_t count = 0;
    size_t size = words == NULL ? 0 : strlen(words);
    if (size == 0 || size >= sizeof(copy)) {
        return 0;
    }
    memcpy(copy, words, size + 1);
    char *at = copy;
    for (char *word = fam_offline_next_word(&at); word != NULL && count < max; word = fam_offline_next_word(&at)) {
        int id = named(word);
        if (id != 0) {
            ids[count++] = id;
        }
    }
    return count;
}

static uint16_t place_key(const struct fam_offline_bench *bench, Fam__V1__Place place)
{
    switch (place) {
    case FAM__V1__PLACE__PLACE_HOME:
        return fam_offline_keys_find(bench->keys, "place_home");
    case FAM__V1__PLACE__PLACE_SCHOOL:
        return fam_offline_keys_find(bench->keys, "place_school");
    case FAM__V1__PLACE__PLACE_FRIENDS:
        return fam_offline_keys_find(bench->keys, "place_friends");
    default:
        return FAM_OFFLINE_NO_KEY;
    }
}

/* A place tips the scale between what the words allow; it never makes an emotion of its own. */
static void lean_to_place(const struct fam_offline_bench *bench, const struct fam_reading_input *input,
                          struct fam_offline_evidence *evidence)
{
    int ids[4];
    uint16_t key = place_key(bench, input->place);
    if (key == FAM_OFFLINE_NO_KEY) {
        return;
    }
    size_t count = parse_plan(plan_words(bench, key, FAM_OFFLINE_LEAN, input->age_band), fam_offline_emotion_named, ids,
                              FAM_ARRAY_SIZE(ids));
    for (size_t i = 0; i < count; i++) {
        evidence->emotions[ids[i]] += evidence->emotions[ids[i]] > 0 ? PLACE_SCORE : 0;
    }
    count = parse_plan(plan_words(bench, key, FAM_OFFLINE_NEEDS_, input->age_band), fam_offline_need_named, ids,
                       FAM_ARRAY_SIZE(ids));
    for (size_t i = 0; i < count; i++) {
        evidence->needs[ids[i]] += PLACE_SCORE;
    }
}

static void gather_text(const struct fam_offline_bench *bench, struct fam_offline_text *text,
                        const struct fam_reading_input *input, int percent, bool whole,
                        struct fam_offline_evidence *evidence)
{
    bool neither = !text->has_cyrillic && !text->has_latin;
    bool russian = text->has_cyrillic || (neither && input->language == FAM__V1__LANGUAGE__LANGUAGE_RU);
    bool english = text->has_latin || (neither && !russian);
    if (russian) {
        fam_offline_gather(bench->ru, text, input->age_band, percent, whole, evidence);
    }
    /* Emoji stand in both lexicons: in a text of both scripts they are counted once. */
    if (english && (!russian || text->words > 0)) {
        fam_offline_gather(bench->en, text, input->age_band, russian ? percent / 2 : percent, whole, evidence);
    }
}

static Fam__V1__InputKind kind_of(const struct fam_offline_evidence *evidence, const struct fam_offline_text *text)
{
    if (evidence->outburst) {
        return FAM__V1__INPUT_KIND__INPUT_KIND_PARENT_OUTBURST;
    }
    bool reported = evidence->said || evidence->speaks || text->quoted;
    if (!reported && (evidence->behaviour || (evidence->third && !evidence->first))) {
        return FAM__V1__INPUT_KIND__INPUT_KIND_BEHAVIOUR;
    }
    return FAM__V1__INPUT_KIND__INPUT_KIND_CHILD_SAID;
}

static int strongest(const int *scores, size_t count, const int *strength)
{
    int best = 0;
    for (size_t i = 1; i <= count; i++) {
        bool more = scores[i] > scores[best];
        bool stronger = strength != NULL && scores[i] == scores[best] && strength[i] > strength[best];
        if (scores[i] > 0 && (best == 0 || more || stronger)) {
            best = (int)i;
        }
    }
    return best;
}

static void choose_emotions(struct fam_offline_evidence *evidence, bool loud, struct fam_offline_finding *finding)
{
    int scores[FAM_OFFLINE_EMOTIONS + 1];
    memcpy(scores, evidence->emotions, sizeof(scores));
    int primary = evidence->emotion_of[evidence->grave];
    if (primary == 0) {
        primary = strongest(scores, FAM_OFFLINE_EMOTIONS, evidence->strength);
    }
    int intensity = evidence->strength[primary] + (loud ? 1 : 0);
    finding->primary =
        (struct fam_offline_emotion){.id = (Fam__V1__Emotion)primary, .intensity = intensity > 5 ? 5 : intensity};
    int least = scores[primary] * SECONDARY_PERCENT / 100;
    scores[primary] = 0;
    for (size_t i = 0; i < FAM_OFFLINE_SECONDARY_MAX; i++) {
        int next = strongest(scores, FAM_OFFLINE_EMOTIONS, evidence->strength);
        if (next == 0 || scores[next] < least) {
            break;
        }
        finding->secondary[finding->secondary_count++] =
            (struct fam_offline_emotion){.id = (Fam__V1__Emotion)next, .intensity = evidence->strength[next]};
        scores[next] = 0;
    }
}

static void choose_situation(const struct fam_offline_evidence *evidence, struct fam_offline_finding *finding)
{
    int best = 0;
    int top = evidence->emotions[finding->primary.id];
    if (evidence->grave != FAM_OFFLINE_NO_KEY) {
        finding->situation = evidence->grave;
        return;
    }
    for (size_t key = FAM_OFFLINE_EMOTIONS + 1; key < FAM_OFFLINE_KEYS_MAX; key++) {
        int emotion = evidence->emotion_of[key];
        bool fits = emotion == 0 || evidence->emotions[emotion] * 100 >= top * SITUATION_PERCENT;
        if (evidence->situations[key] > best && fits) {
            best = evidence->situations[key];
            finding->situation = (uint16_t)key;
        }
    }
}

static void choose_needs(const struct fam_offline_bench *bench, Fam__V1__AgeBand band,
                         struct fam_offline_evidence *evidence, struct fam_offline_finding *finding)
{
    int ids[4];
    uint16_t emotion = (uint16_t)finding->primary.id;
    size_t count = parse_plan(plan_words(bench, emotion, FAM_OFFLINE_NEEDS_, band), fam_offline_need_named, ids,
                              FAM_ARRAY_SIZE(ids));
    for (size_t i = 0; i < count; i++) {
        evidence->needs[ids[i]] += PLAN_NEED_SCORE - 2 * (int)i;
    }
    int last = 0;
    for (size_t i = 0; i < FAM_OFFLINE_NEEDS_MAX; i++) {
        int need = strongest(evidence->needs, FAM_OFFLINE_NEEDS, NULL);
        if (need == 0 || (i == 2 && evidence->needs[need] * 100 < last * THIRD_NEED_PERCENT)) {
            break;
        }
        finding->needs[finding->need_count++] = (Fam__V1__Need)need;
        last = evidence->needs[need];
        evidence->needs[need] = 0;
    }
    if (finding->need_count == 0) {
        finding->needs[finding->need_count++] = FAM__V1__NEED__NEED_UNDERSTANDING;
    }
}

static Fam__V1__Certainty certainty_of(const struct fam_offline_evidence *evidence,
                                       const struct fam_offline_finding *finding)
{
    int top = evidence->emotions[finding->primary.id];
    int second = 0;
    for (size_t i = 0; i < finding->secondary_count; i++) {
        int score = evidence->emotions[finding->secondary[i].id];
        second = score > second ? score : second;
    }
    /* Behaviour and an outburst do not tell the child's feeling themselves: it is inferred. */
    bool plain_case = finding->kind == FAM__V1__INPUT_KIND__INPUT_KIND_CHILD_SAID &&
                      (finding->situation != FAM_OFFLINE_NO_KEY || evidence->widest >= 2);
    if (top >= CLEAR_SCORE && plain_case && second * 10 <= top * 8) {
        return FAM__V1__CERTAINTY__CERTAINTY_HIGH;
    }
    return top >= FAIR_SCORE ? FAM__V1__CERTAINTY__CERTAINTY_MEDIUM : FAM__V1__CERTAINTY__CERTAINTY_LOW;
}

/* Nothing was understood: say so, and ask what happened. An ordinary sentence is the likeliest case. */
static void admit_ignorance(const struct fam_offline_bench *bench, const struct fam_offline_text *text,
                            struct fam_offline_finding *finding)
{
    bool behaviour = finding->kind == FAM__V1__INPUT_KIND__INPUT_KIND_BEHAVIOUR;
    bool loud = text->loud && text->words > 0;
    finding->certainty = FAM__V1__CERTAINTY__CERTAINTY_LOW;
    finding->primary.id = loud ? FAM__V1__EMOTION__EMOTION_FRUSTRATION : FAM__V1__EMOTION__EMOTION_CALM;
    finding->primary.intensity = loud ? 2 : 1;
    finding->situation = fam_offline_keys_find(bench->keys, behaviour ? "behaviour_unknown"
                                                            : loud    ? "unknown_loud"
                                                                      : "unknown");
}

/* Which situation answers a danger. A parent's own outburst keeps the words of repair. */
static const char *situation_of(Fam__V1__SafetyKind kind, const struct fam_offline_evidence *evidence)
{
    switch (kind) {
    case FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE:
    case FAM__V1__SAFETY_KIND__SAFETY_KIND_SELF_HARM:
        return "despair";
    case FAM__V1__SAFETY_KIND__SAFETY_KIND_VIOLENCE_AT_HOME:
    case FAM__V1__SAFETY_KIND__SAFETY_KIND_SEXUAL_ABUSE:
    case FAM__V1__SAFETY_KIND__SAFETY_KIND_BULLYING:
        return evidence->outburst ? "" : "harmed";
    case FAM__V1__SAFETY_KIND__SAFETY_KIND_PARENT_CRISIS:
        return evidence->outburst ? "" : "danger";
    default:
        return "danger";
    }
}

static void forget_light_emotions(struct fam_offline_evidence *evidence)
{
    static const Fam__V1__Emotion LIGHT[] = {
        FAM__V1__EMOTION__EMOTION_JOY,       FAM__V1__EMOTION__EMOTION_EXCITEMENT, FAM__V1__EMOTION__EMOTION_PRIDE,
        FAM__V1__EMOTION__EMOTION_LOVE,      FAM__V1__EMOTION__EMOTION_GRATITUDE,  FAM__V1__EMOTION__EMOTION_CALM,
        FAM__V1__EMOTION__EMOTION_SURPRISE,  FAM__V1__EMOTION__EMOTION_BOREDOM,    FAM__V1__EMOTION__EMOTION_CONFUSION,
        FAM__V1__EMOTION__EMOTION_TIREDNESS,
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(LIGHT); i++) {
        evidence->emotions[LIGHT[i]] = 0;
    }
}

static void follow_detector(const struct fam_offline_bench *bench, const struct fam_safety_hit *hit,
                            struct fam_offline_evidence *evidence)
{
    if (hit == NULL) {
        return;
    }
    if (evidence->grave != FAM_OFFLINE_NO_KEY) {
        evidence->situations[evidence->grave] = 0;
        evidence->grave = FAM_OFFLINE_NO_KEY;
    }
    if (hit->count == 0) {
        return;
    }
    forget_light_emotions(evidence);
    const char *name = situation_of(hit->kinds[0], evidence);
    uint16_t key = name[0] == '\0' ? FAM_OFFLINE_NO_KEY : fam_offline_keys_find(bench->keys, name);
    bool despair = strcmp(name, "despair") == 0;
    int emotion = despair ? FAM__V1__EMOTION__EMOTION_SADNESS : FAM__V1__EMOTION__EMOTION_FEAR;
    evidence->emotions[emotion] += CLEAR_SCORE;
    evidence->strength[emotion] = GRAVE_STRENGTH;
    if (key != FAM_OFFLINE_NO_KEY) {
        evidence->grave = key;
        evidence->emotion_of[key] = (uint8_t)emotion;
    }
}

/* The situation that the words tell of as they stand. */
static uint16_t situation_now(const struct fam_offline_evidence *evidence, int primary)
{
    struct fam_offline_finding finding = {.primary.id = (Fam__V1__Emotion)primary, .situation = FAM_OFFLINE_NO_KEY};
    if (primary != 0) {
        choose_situation(evidence, &finding);
    }
    return finding.situation;
}

/* What was learned earlier, for words like those that it was learned of: they meet the same situation of the lexicon,
 * or they read as what was wrong then and tell too little to contradict. 0: nothing. */
static int learned_for(const struct fam_offline_bench *bench, const struct fam_reading_input *input,
                       const struct fam_offline_evidence *evidence, int primary)
{
    uint16_t situation = situation_now(evidence, primary);
    bool leads = situation != FAM_OFFLINE_NO_KEY &&
                 (evidence->emotion_of[situation] == 0 || evidence->emotion_of[situation] == primary);
    for (size_t i = 0; i < input->correction_count && primary != 0; i++) {
        const struct fam_correction *correction = &input->corrections[i];
        bool same = leads && strcmp(bench->keys->names[situation], correction->signal) == 0;
        bool vague = (int)correction->instead_of == primary && evidence->emotions[primary] < FAIR_SCORE;
        if ((same || vague) && correction->emotion != FAM__V1__EMOTION__EMOTION_UNSPECIFIED) {
            return (int)correction->emotion;
        }
    }
    return 0;
}

/* What a parent knows counts more than the lexicon. The next of what was read stays as a secondary feeling. */
static void follow_author(const struct fam_offline_bench *bench, const struct fam_reading_input *input,
                          struct fam_offline_evidence *evidence)
{
    int primary = strongest(evidence->emotions, FAM_OFFLINE_EMOTIONS, evidence->strength);
    int wanted = (int)input->corrected;
    if (wanted == 0) {
        wanted = learned_for(bench, input, evidence, primary);
    }
    if (wanted <= 0 || wanted > FAM_OFFLINE_EMOTIONS || wanted == primary || evidence->grave != FAM_OFFLINE_NO_KEY) {
        return;
    }
    evidence->emotions[wanted] = (primary == 0 ? FAIR_SCORE : evidence->emotions[primary]) + PLACE_SCORE;
    if (evidence->strength[wanted] == 0) {
        evidence->strength[wanted] = primary == 0 ? USUAL_STRENGTH : evidence->strength[primary];
    }
    for (size_t key = FAM_OFFLINE_EMOTIONS + 1; key < FAM_OFFLINE_KEYS_MAX; key++) { /* told of the other feeling */
        bool other = evidence->emotion_of[key] != 0 && evidence->emotion_of[key] != wanted;
        evidence->situations[key] = other ? 0 : evidence->situations[key];
    }
}

enum fam_code fam_offline_judge(const struct fam_offline_bench *bench, const struct fam_reading_input *input,
                                struct fam_offline_finding *ret_finding, struct fam_status *status)
{
    struct fam_offline_finding finding = {.situation = FAM_OFFLINE_NO_KEY};
    struct fam_offline_evidence evidence = {.hits = 0};
    struct fam_offline_text phrase = {.storage = NULL};
    struct fam_offline_text before = {.storage = NULL};
    enum fam_code code = fam_offline_text_init(&phrase, input->phrase, status);
    if (code == FAM_OK) {
        code = fam_offline_text_init(&before, input->happened_before, status);
    }
    if (code == FAM_OK) {
        gather_text(bench, &phrase, input, 100, true, &evidence);
        finding.kind = kind_of(&evidence, &phrase);
        finding.hash = phrase.hash;
        finding.has_context = before.words > 0;
        bool told = evidence.hits > 0 || (input->hit != NULL && input->hit->count > 0);
        gather_text(bench, &before, input, told ? CONTEXT_PERCENT : ALONE_PERCENT, false, &evidence);
        lean_to_place(bench, input, &evidence);
        follow_detector(bench, input->hit, &evidence);
        follow_author(bench, input, &evidence);
        choose_emotions(&evidence, phrase.loud, &finding);
        if (finding.primary.id == FAM__V1__EMOTION__EMOTION_UNSPECIFIED) {
            admit_ignorance(bench, &phrase, &finding);
        } else {
            choose_situation(&evidence, &finding);
            finding.certainty = told ? certainty_of(&evidence, &finding) : FAM__V1__CERTAINTY__CERTAINTY_LOW;
        }
        choose_needs(bench, input->age_band, &evidence, &finding);
        *ret_finding = finding;
    }
    fam_offline_text_done(&phrase);
    fam_offline_text_done(&before);
    return code;
}
