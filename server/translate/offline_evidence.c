#include "translate/offline_evidence.h"

#include <string.h>

enum {
    NEAR = 2,            /* words before a hit in which "not" or "very" counts */
    OUTBURST_FACTOR = 3, /* the parent's own outburst is what the answer is about */
    TENTHS = 10,
};

static bool near_has(const struct fam_offline_lexicon *lexicon, const struct fam_offline_text *text, size_t at,
                     enum fam_offline_class_id id)
{
    for (size_t back = 1; back <= NEAR && back <= at; back++) {
        const struct fam_offline_token *token = &text->tokens[at - back];
        if (token->clause == text->tokens[at].clause && fam_offline_lexicon_has(lexicon, token, id)) {
            return true;
        }
    }
    return false;
}

static void add_emotion(struct fam_offline_evidence *evidence, struct fam_offline_effect effect, int shift, int percent)
{
    int strength = effect.weight + shift;
    strength = strength < 1 ? 1 : strength > 5 ? 5 : strength;
    evidence->emotions[effect.id] += effect.weight * TENTHS * percent / 100;
    if (strength > evidence->strength[effect.id]) {
        evidence->strength[effect.id] = strength;
    }
}

static void add_situation(struct fam_offline_evidence *evidence, const struct fam_offline_hit *hit)
{
    const struct fam_offline_rule *rule = hit->rule;
    if (rule->situation == FAM_OFFLINE_NO_KEY) {
        return;
    }
    int weight = rule->emotion_count == 0 ? 2 : rule->emotions[0].weight;
    evidence->situations[rule->situation] += weight * TENTHS + hit->count;
    if (rule->grave && evidence->grave == FAM_OFFLINE_NO_KEY) {
        evidence->grave = rule->situation;
    }
    if (rule->emotion_count > 0) {
        evidence->emotion_of[rule->situation] = rule->emotions[0].id;
    }
}

static void add_kind(struct fam_offline_evidence *evidence, Fam__V1__InputKind kind)
{
    evidence->outburst = evidence->outburst || kind == FAM__V1__INPUT_KIND__INPUT_KIND_PARENT_OUTBURST;
    evidence->behaviour = evidence->behaviour || kind == FAM__V1__INPUT_KIND__INPUT_KIND_BEHAVIOUR;
    evidence->said = evidence->said || kind == FAM__V1__INPUT_KIND__INPUT_KIND_CHILD_SAID;
}

/* "не", "not" before the words turns joy into its lack, and takes the edge off a fear. */
static void add_turned(const struct fam_offline_lexicon *lexicon, const struct fam_offline_rule *rule, int percent,
                       struct fam_offline_evidence *evidence)
{
    for (size_t i = 0; i < rule->emotion_count; i++) {
        struct fam_offline_effect turned = lexicon->turned[rule->emotions[i].id];
        if (turned.id != 0) {
            add_emotion(evidence, turned, 0, percent);
            evidence->hits++;
        }
    }
}

static void add_hit(const struct fam_offline_lexicon *lexicon, const struct fam_offline_text *text,
                    const struct fam_offline_hit *hit, int percent, bool whole, struct fam_offline_evidence *evidence)
{
    const struct fam_offline_rule *rule = hit->rule;
    size_t at = hit->tokens[0];
    if (!rule->negates && !rule->plain && near_has(lexicon, text, at, FAM_OFFLINE_CLASS_NEGATION)) {
        add_turned(lexicon, rule, percent, evidence);
        return;
    }
    size_t after = (size_t)hit->tokens[hit->count - 1] + 1;
    bool strong = near_has(lexicon, text, at, FAM_OFFLINE_CLASS_STRONG) ||
                  (after < text->count && text->tokens[after].clause == text->tokens[at].clause &&
                   fam_offline_lexicon_has(lexicon, &text->tokens[after], FAM_OFFLINE_CLASS_STRONG));
    bool weak = near_has(lexicon, text, at, FAM_OFFLINE_CLASS_WEAK);
    int shift = (strong ? 1 : 0) - (weak ? 1 : 0);
    bool outburst = rule->kind == FAM__V1__INPUT_KIND__INPUT_KIND_PARENT_OUTBURST;
    for (size_t i = 0; i < rule->emotion_count; i++) {
        add_emotion(evidence, rule->emotions[i], shift, outburst ? percent * OUTBURST_FACTOR : percent);
    }
    for (size_t i = 0; i < rule->need_count; i++) {
        evidence->needs[rule->needs[i].id] +=
            rule->needs[i].weight * TENTHS * (outburst ? percent * OUTBURST_FACTOR : percent) / 100;
    }
    evidence->hits++;
    if (whole) {
        add_situation(evidence, hit);
        add_kind(evidence, rule->kind);
        evidence->widest = hit->count > evidence->widest ? hit->count : evidence->widest;
    }
}

/* Third person, first person and "says" outside of what rules have taken. */
static void look_around(const struct fam_offline_lexicon *lexicon, const struct fam_offline_text *text,
                        const struct fam_offline_hit *hits, size_t count, struct fam_offline_evidence *evidence)
{
    bool taken[FAM_OFFLINE_TOKENS_MAX] = {false};
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < hits[i].count; j++) {
            taken[hits[i].tokens[j]] = true;
        }
    }
    for (size_t i = 0; i < text->count; i++) {
        const struct fam_offline_token *token = &text->tokens[i];
        evidence->third = evidence->third || fam_offline_lexicon_has(lexicon, token, FAM_OFFLINE_CLASS_THIRD);
        evidence->first = evidence->first || fam_offline_lexicon_has(lexicon, token, FAM_OFFLINE_CLASS_FIRST);
        evidence->speaks =
            evidence->speaks || (!taken[i] && fam_offline_lexicon_has(lexicon, token, FAM_OFFLINE_CLASS_SAYS) &&
                                 !near_has(lexicon, text, i, FAM_OFFLINE_CLASS_NEGATION));
    }
}

void fam_offline_gather(const struct fam_offline_lexicon *lexicon, struct fam_offline_text *text, Fam__V1__AgeBand band,
                        int percent, bool whole, struct fam_offline_evidence *evidence)
{
    struct fam_offline_hit hits[FAM_OFFLINE_HITS_MAX];
    size_t count = fam_offline_lexicon_match(lexicon, text, band, hits);
    for (size_t i = 0; i < count; i++) {
        add_hit(lexicon, text, &hits[i], percent, whole, evidence);
    }
    if (whole) {
        look_around(lexicon, text, hits, count, evidence);
    }
}
