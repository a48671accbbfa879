/* How rules are found in a text. */
#include <stdlib.h>

#include "translate/offline_lexicon.h"

enum { CANDIDATES_MAX = 1024 };

struct candidate {
    struct fam_offline_hit hit;
    uint16_t rank; /* more words first, then idioms, then more weight */
};

bool fam_offline_lexicon_has(const struct fam_offline_lexicon *lexicon, const struct fam_offline_token *token,
                             enum fam_offline_class_id id)
{
    for (size_t i = 0; i < token->term_count; i++) {
        if ((lexicon->term_classes[token->terms[i]] & (1u << id)) != 0) {
            return true;
        }
    }
    return false;
}

static bool step_takes(const struct fam_offline_lexicon *lexicon, const struct fam_offline_step *step,
                       const struct fam_offline_token *token)
{
    for (size_t i = 0; i < token->term_count; i++) {
        for (size_t j = 0; j < step->choice_count; j++) {
            if (lexicon->choices[step->first_choice + j] == token->terms[i]) {
                return true;
            }
        }
    }
    return false;
}

/* Nothing but fillers and signs between `from` and `to`? */
static bool only_fillers(const struct fam_offline_lexicon *lexicon, const struct fam_offline_text *text, size_t from,
                         size_t to)
{
    for (size_t i = from; i < to; i++) {
        const struct fam_offline_token *token = &text->tokens[i];
        if (token->is_word && !fam_offline_lexicon_has(lexicon, token, FAM_OFFLINE_CLASS_FILLER)) {
            return false;
        }
    }
    return true;
}

static bool match_rule(const struct fam_offline_lexicon *lexicon, const struct fam_offline_text *text,
                       const struct fam_offline_rule *rule, size_t start, struct fam_offline_hit *ret_hit)
{
    if (rule->at_start && !only_fillers(lexicon, text, 0, start)) {
        return false;
    }
    size_t at = start;
    *ret_hit = (struct fam_offline_hit){.rule = rule};
    for (size_t i = 0; i < rule->step_count; i++) {
        const struct fam_offline_step *step = &rule->steps[i];
        size_t reach = i == 0 || !step->gap_before ? 1 : FAM_OFFLINE_GAP + 1;
        bool found = false;
        for (size_t jump = 0; jump < reach && at + jump < text->count && !found; jump++) {
            const struct fam_offline_token *token = &text->tokens[at + jump];
            if (token->sentence != text->tokens[start].sentence) {
                break;
            }
            if (step_takes(lexicon, step, token)) {
                ret_hit->tokens[ret_hit->count++] = (uint16_t)(at + jump);
                at += jump + 1;
                found = true;
            }
        }
        if (!found && !step->optional) {
            return false;
        }
    }
    return !rule->at_end || only_fillers(lexicon, text, at, text->count);
}

static uint16_t rank_of(const struct fam_offline_hit *hit)
{
    unsigned weight = 0;
    for (size_t i = 0; i < hit->rule->emotion_count; i++) {
        weight = hit->rule->emotions[i].weight > weight ? hit->rule->emotions[i].weight : weight;
    }
    unsigned borders = (hit->rule->at_start ? 1u : 0u) + (hit->rule->at_end ? 1u : 0u);
    return (uint16_t)(hit->count * 16u + borders * 6u + (hit->rule->idiom ? 15u : 0u) + weight);
}

static int compare(const void *a, const void *b)
{
    const struct candidate *one = a;
    const struct candidate *two = b;
    if (one->rank != two->rank) {
        return one->rank > two->rank ? -1 : 1;
    }
    if (one->hit.tokens[0] != two->hit.tokens[0]) {
        return one->hit.tokens[0] < two->hit.tokens[0] ? -1 : 1;
    }
    return one->hit.rule < two->hit.rule ? -1 : one->hit.rule > two->hit.rule ? 1 : 0;
}

static size_t collect(const struct fam_offline_lexicon *lexicon, const struct fam_offline_text *text, uint8_t band,
                      struct candidate *candidates)
{
    size_t count = 0;
    for (size_t i = 0; i < text->count; i++) {
        const struct fam_offline_token *token = &text->tokens[i];
        for (size_t j = 0; j < token->term_count; j++) {
            uint32_t first = lexicon->first_of_term[token->terms[j]];
            uint32_t last = lexicon->first_of_term[token->terms[j] + 1];
            for (uint32_t k = first; k < last && count < CANDIDATES_MAX; k++) {
                const struct fam_offline_rule *rule = &lexicon->rules[lexicon->rules_of_term[k]];
                struct candidate *candidate = &candidates[count];
                if ((rule->bands & band) != 0 && match_rule(lexicon, text, rule, i, &candidate->hit)) {
                    candidate->rank = rank_of(&candidate->hit);
                    count++;
                }
            }
        }
    }
    return count;
}

static bool is_free(const bool *taken, const struct fam_offline_hit *hit)
{
    for (size_t i = 0; i < hit->count; i++) {
        if (taken[hit->tokens[i]]) {
            return false;
        }
    }
    return true;
}

size_t fam_offline_lexicon_match(const struct fam_offline_lexicon *lexicon, struct fam_offline_text *text,
                                 Fam__V1__AgeBand band, struct fam_offline_hit hits[FAM_OFFLINE_HITS_MAX])
{
    struct candidate candidates[CANDIDATES_MAX];
    bool taken[FAM_OFFLINE_TOKENS_MAX] = {false};
    size_t count = 0;
    for (size_t i = 0; i < text->count; i++) {
        fam_offline_vocabulary_match(&lexicon->vocabulary, &text->tokens[i]);
    }
    size_t found = collect(lexicon, text, (uint8_t)(1u << (unsigned)band), candidates);
    qsort(candidates, found, sizeof(candidates[0]), compare);
    for (size_t i = 0; i < found && count < FAM_OFFLINE_HITS_MAX; i++) {
        if (is_free(taken, &candidates[i].hit)) {
            hits[count++] = candidates[i].hit;
            for (size_t j = 0; j < candidates[i].hit.count; j++) {
                taken[candidates[i].hit.tokens[j]] = true;
            }
        }
    }
    return count;
}
