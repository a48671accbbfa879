#include "translate/safety_match.h"

#include <stdlib.h>
#include <string.h>

enum {
    SENTENCE_DISTANCE = 2, /* words that the end of a sentence counts for */
    REACH = 32,            /* words, fillers too, that a search looks at on one side */
    AROUND = 1,            /* words that a "!" at the beginning of a pattern looks at */
};

/* A word of the text with what it may stand for. */
struct place {
    uint16_t ids[FAM_SAFETY_MATCHES_MAX];
    uint8_t count;
    bool filler, masked;
    bool clause_before; /* a clause begins here */
    bool firm;          /* of a plain wish said within one clause */
    uint32_t distance;  /* of its left edge from the beginning of the text, in words that count */
};

/* An element found at words start … end. */
struct find {
    uint32_t start, end;
};

struct text {
    const struct fam_safety *safety;
    struct place *places;
    size_t count, capacity;
    struct find *finds; /* of all elements, by element, then by start */
    uint32_t *first;    /* by element: index into finds; element_count + 1 of them */
    uint32_t *back;     /* FAM_SAFETY_STEPS_MAX rows of find_count: the find before, plus 1; 0: not reached */
    size_t find_count;
};

static bool place_is(const struct place *place, uint16_t id)
{
    for (size_t i = 0; i < place->count; i++) {
        if (place->ids[i] == id) {
            return true;
        }
    }
    return false;
}

static bool add_place(struct text *text, const uint16_t *ids, size_t count, bool sentence_before, bool clause_before)
{
    if (text->count == text->capacity) {
        size_t capacity = text->capacity == 0 ? 128 : text->capacity * 2;
        struct place *grown = realloc(text->places, capacity * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        text->places = grown;
        text->capacity = capacity;
    }
    struct place place = {.count = (uint8_t)count, .clause_before = clause_before};
    memcpy(place.ids, ids, count * sizeof *ids);
    for (size_t i = 0; i < count; i++) {
        const struct fam_safety *safety = text->safety;
        place.filler = place.filler || (ids[i] < safety->filler_capacity && safety->filler[ids[i]]);
    }
    if (text->count > 0) {
        const struct place *before = &text->places[text->count - 1];
        place.distance = before->distance + (before->filler ? 0u : 1u) + (sentence_before ? SENTENCE_DISTANCE : 0u);
    }
    text->places[text->count++] = place;
    return true;
}

/* Words typed together ("нехочу", "idontwanttolive"). Every part must be a word of the rules; short
 * parts only of a few, for "вы" + "бил" is one word. */
struct parts {
    uint8_t end[FAM_SAFETY_WORD_MAX + 1]; /* by position: where the part that begins there ends; 0: no way on */
};

static bool may_be_part(const uint8_t *letters, size_t length)
{
    enum { LATIN_MIN = 3, CYRILLIC_MIN = 4 };
    static const char *const short_parts[] = {"i",  "im", "to",       "my",       "me",  "is",
                                              "do", "he", "\x8D\x85", "\x8D\x88", "\x9F"};
    for (size_t i = 0; i < sizeof short_parts / sizeof short_parts[0]; i++) {
        if (strlen(short_parts[i]) == length && memcmp(short_parts[i], letters, length) == 0) {
            return true;
        }
    }
    return length >= (letters[0] >= FAM_SAFETY_CYRILLIC ? (size_t)CYRILLIC_MIN : (size_t)LATIN_MIN);
}

static struct fam_safety_word cut_word(const struct fam_safety_word *whole, size_t from, size_t to)
{
    struct fam_safety_word part = {.length = (uint8_t)(to - from)};
    memcpy(part.letters, whole->letters + from, to - from);
    fam_safety_fold(&part);
    return part;
}

/* Finds the longest parts from the end backwards. A doubled letter was folded, so two parts may share one. */
static void find_parts(const struct text *text, const struct fam_safety_word *whole, struct parts *parts)
{
    memset(parts, 0, sizeof *parts);
    for (size_t from = whole->length; from-- > 0;) {
        for (size_t to = whole->length; to > from && parts->end[from] == 0; to--) {
            bool goes_on = to == whole->length || parts->end[to] != 0 || (to - 1 > from && parts->end[to - 1] != 0);
            bool everything = from == 0 && to == whole->length;
            if (!goes_on || everything || !may_be_part(whole->letters + from, to - from)) {
                continue;
            }
            uint16_t ids[FAM_SAFETY_MATCHES_MAX];
            size_t count = 0;
            bool known = false;
            struct fam_safety_word part = cut_word(whole, from, to);
            fam_safety_dictionary_find(&text->safety->plain, &part, ids, &count, &known);
            parts->end[from] = known && count > 0 ? (uint8_t)to : 0;
        }
    }
}

static bool add_joined(struct text *text, const struct fam_safety_token *token, bool *ret_split)
{
    enum { JOINED_MIN = 5 };
    const struct fam_safety_word *whole = &token->spelling[0];
    struct parts parts;
    if (whole->length < JOINED_MIN) {
        return true;
    }
    find_parts(text, whole, &parts);
    *ret_split = parts.end[0] != 0;
    for (size_t from = 0; *ret_split && from < whole->length;) {
        size_t to = parts.end[from];
        uint16_t ids[FAM_SAFETY_MATCHES_MAX];
        size_t count = 0;
        bool known = false;
        struct fam_safety_word part = cut_word(whole, from, to);
        fam_safety_dictionary_find(&text->safety->plain, &part, ids, &count, &known);
        if (!add_place(text, ids, count, from == 0 && token->sentence_before, from == 0 && token->clause_before)) {
            return false;
        }
        from = to == whole->length || parts.end[to] != 0 ? to : to - 1;
    }
    return true;
}

static bool add_token(struct text *text, const struct fam_safety_token *token)
{
    const struct fam_safety *safety = text->safety;
    uint16_t ids[FAM_SAFETY_MATCHES_MAX];
    size_t count = 0;
    bool known = false;
    for (size_t i = 0; i < FAM_SAFETY_SPELLINGS; i++) {
        fam_safety_dictionary_find(&safety->plain, &token->spelling[i], ids, &count, &known);
    }
    size_t sure = count;
    for (size_t i = 0; !known && i < FAM_SAFETY_SPELLINGS; i++) {
        fam_safety_dictionary_guess(&safety->plain, &token->spelling[i], false, ids, &count);
    }
    if (!known && count == sure) {
        bool split = false;
        if (!add_joined(text, token, &split)) {
            return false;
        }
        if (split) {
            return true;
        }
    }
    bool known_translit = false;
    fam_safety_dictionary_find(&safety->translit, &token->translit, ids, &count, &known_translit);
    if (!known && !known_translit) {
        fam_safety_dictionary_guess(&safety->translit, &token->translit, true, ids, &count);
    }
    return add_place(text, ids, count, token->sentence_before, token->clause_before);
}

static bool is_known(const struct fam_safety *safety, const struct fam_safety_word *word)
{
    uint16_t ids[FAM_SAFETY_MATCHES_MAX];
    size_t count = 0;
    bool known = false;
    fam_safety_dictionary_find(&safety->plain, word, ids, &count, &known);
    return known || count > 0;
}

/* One word with a space in it ("хо чу"): two short words without meaning that have one together. */
static bool typed_apart(const struct fam_safety *safety, const struct fam_safety_token *first,
                        const struct fam_safety_token *second, struct fam_safety_token *ret_joined)
{
    enum { PART_MAX = 4, WHOLE_MIN = 4 };
    const struct fam_safety_word *head = &first->spelling[0], *tail = &second->spelling[0];
    if (head->length > PART_MAX || tail->length > PART_MAX || head->length + tail->length < WHOLE_MIN ||
        second->clause_before || is_known(safety, head) || is_known(safety, tail)) {
        return false;
    }
    *ret_joined =
        (struct fam_safety_token){.sentence_before = first->sentence_before, .clause_before = first->clause_before};
    struct fam_safety_word *word = &ret_joined->spelling[0];
    memcpy(word->letters, head->letters, head->length);
    memcpy(word->letters + head->length, tail->letters, tail->length);
    word->length = (uint8_t)(head->length + tail->length);
    fam_safety_fold(word);
    return is_known(safety, word);
}

/* Does the phrase stand at `at`? Fillers between its words do not count. */
static bool phrase_at(const struct text *text, const struct fam_safety_phrase *phrase, size_t at, uint32_t *ret_end)
{
    size_t end = at, limit = at + REACH < text->count ? at + REACH : text->count;
    for (size_t word = 1; word < phrase->count; word++) {
        size_t next = end + 1;
        while (next < limit && !place_is(&text->places[next], phrase->words[word]) && text->places[next].filler) {
            next++;
        }
        if (next >= limit || !place_is(&text->places[next], phrase->words[word])) {
            return false;
        }
        end = next;
    }
    *ret_end = (uint32_t)end;
    return true;
}

/* Calls for every phrase that stands at a place: counts the finds by element, or puts them down. */
static void each_find(struct text *text, bool store)
{
    const struct fam_safety *safety = text->safety;
    for (size_t at = 0; at < text->count; at++) {
        const struct place *place = &text->places[at];
        for (size_t i = 0; i < place->count; i++) {
            for (uint32_t k = safety->first[place->ids[i]]; k < safety->first[place->ids[i] + 1]; k++) {
                const struct fam_safety_phrase *phrase = &safety->phrases[safety->by_word[k]];
                uint32_t end = 0;
                if (!phrase_at(text, phrase, at, &end)) {
                    continue;
                }
                if (store) {
                    text->finds[text->first[phrase->element]] = (struct find){.start = (uint32_t)at, .end = end};
                }
                text->first[phrase->element + (store ? 0u : 1u)]++;
            }
        }
    }
}

static bool find_elements(struct text *text)
{
    size_t elements = text->safety->element_count;
    text->first = calloc(elements + 2, sizeof *text->first);
    if (text->first == NULL) {
        return false;
    }
    each_find(text, false);
    for (size_t i = 0; i < elements; i++) {
        text->first[i + 1] += text->first[i];
    }
    text->find_count = text->first[elements];
    text->finds = calloc(text->find_count + 1, sizeof *text->finds);
    text->back = calloc((text->find_count + 1) * FAM_SAFETY_STEPS_MAX, sizeof *text->back);
    if (text->finds == NULL || text->back == NULL) {
        return false;
    }
    each_find(text, true);
    for (size_t i = elements; i > 0; i--) {
        text->first[i] = text->first[i - 1];
    }
    text->first[0] = 0;
    return true;
}

/* Index of the first find of the element that starts at or after `start`. */
static size_t first_from(const struct text *text, uint16_t element, size_t start)
{
    size_t low = text->first[element], high = text->first[element + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (text->finds[middle].start < start) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Does a find of the element lie within words from … to - 1? */
static bool stands_between(const struct text *text, uint16_t element, size_t from, size_t to)
{
    if (element == FAM_SAFETY_NONE) {
        return false;
    }
    for (size_t i = first_from(text, element, from); i < text->first[element + 1] && text->finds[i].start < to; i++) {
        if (text->finds[i].end < to) {
            return true;
        }
    }
    return false;
}

/* May `next` follow `before` (both in the order of the text) with this gap? */
static bool follows(const struct text *text, const struct find *before, const struct find *next, uint8_t gap,
                    uint16_t forbidden)
{
    if (next->start <= before->end) {
        return false;
    }
    uint32_t from = text->places[before->end].distance + (text->places[before->end].filler ? 0u : 1u);
    uint32_t to = text->places[next->start].distance;
    return to - from <= gap && !stands_between(text, forbidden, before->end + 1, next->start);
}

static bool masked(const struct text *text, const struct find *find)
{
    for (size_t i = find->start; i <= find->end; i++) {
        if (text->places[i].masked) {
            return true;
        }
    }
    return false;
}

/* Words from which a "!" at the left edge looks: AROUND words that count. */
static size_t left_edge(const struct text *text, size_t start)
{
    size_t from = start, counted = 0;
    while (from > 0 && start - from < REACH && counted < AROUND) {
        from--;
        counted += text->places[from].filler ? 0 : 1;
    }
    return from;
}

/* Words to which a "!" at the right edge looks. Of what is said plainly another clause takes nothing away. */
static size_t right_edge(const struct text *text, const struct fam_safety_rule *rule, size_t end)
{
    size_t to = end + 1, counted = 0;
    while (to < text->count && to - end < REACH && counted < rule->after_gap &&
           !(rule->is_firm && text->places[to].clause_before)) {
        counted += text->places[to].filler ? 0 : 1;
        to++;
    }
    return to;
}

/* Is nothing but fillers left of the clause behind this word? */
static bool ends_clause(const struct text *text, size_t end)
{
    size_t at = end + 1;
    while (at < text->count && at - end < REACH && text->places[at].filler && !text->places[at].clause_before) {
        at++;
    }
    return at == text->count || text->places[at].clause_before;
}

/* May a match of the rule end with this find? */
static bool may_end(const struct text *text, const struct fam_safety_rule *rule, const struct find *find)
{
    return (!rule->ends_clause || ends_clause(text, find->end)) &&
           !stands_between(text, rule->forbidden_after, find->end + 1, right_edge(text, rule, find->end));
}

/* The nearest reached find of the step before, from which this step's find can be reached; plus 1, or 0. */
static uint32_t reach(const struct text *text, const struct fam_safety_rule *rule, size_t step, const struct find *find)
{
    const struct fam_safety_step *this = &rule->steps[step];
    uint16_t element = rule->steps[step - 1].element;
    const uint32_t *row = text->back + (step - 1) * text->find_count;
    size_t from = find->start > REACH ? find->start - REACH : 0;
    uint32_t nearest = 0;
    for (size_t i = first_from(text, element, from); i < text->first[element + 1]; i++) {
        const struct find *before = &text->finds[i];
        if (before->start > find->end + REACH || (nearest != 0 && before->start > find->start)) {
            break;
        }
        if (row[i] != 0 && (follows(text, before, find, this->gap, this->forbidden) ||
                            (this->either_side && follows(text, find, before, this->gap, this->forbidden)))) {
            nearest = (uint32_t)i + 1;
        }
    }
    return nearest;
}

static bool element_occurs(const struct text *text, uint16_t element)
{
    return text->first[element] < text->first[element + 1];
}

static bool rule_may_match(const struct text *text, const struct fam_safety_rule *rule)
{
    for (size_t i = 0; i < rule->step_count; i++) {
        if (!element_occurs(text, rule->steps[i].element)) {
            return false;
        }
    }
    return true;
}

static bool is_idiom(const struct fam_safety_rule *rule)
{
    return rule->kind == FAM__V1__SAFETY_KIND__SAFETY_KIND_UNSPECIFIED;
}

/* Does what was matched, from its last find back to its first, lie within one clause? */
static bool within_clause(const struct text *text, const struct fam_safety_rule *rule, size_t last)
{
    size_t find = last, start = SIZE_MAX, end = 0;
    for (size_t step = rule->step_count; step > 0; step--) {
        start = text->finds[find].start < start ? text->finds[find].start : start;
        end = text->finds[find].end > end ? text->finds[find].end : end;
        find = text->back[(step - 1) * text->find_count + find] - 1;
    }
    for (size_t i = start + 1; i <= end; i++) {
        if (text->places[i].clause_before) {
            return false;
        }
    }
    return true;
}

/* Marks the words of a plain wish as firm, those of an idiom as masked: but an idiom that reaches from one clause into
 * another takes no plain wish with it ("I'm scared, I want to die"), unless it is firm itself. */
static void mask(struct text *text, const struct fam_safety_rule *rule, size_t last)
{
    size_t find = last;
    bool within = within_clause(text, rule, last);
    for (size_t step = rule->step_count; step > 0; step--) {
        for (size_t i = text->finds[find].start; i <= text->finds[find].end; i++) {
            struct place *place = &text->places[i];
            if (is_idiom(rule)) {
                place->masked = place->masked || within || rule->is_firm || !place->firm;
            } else {
                place->firm = place->firm || within;
            }
        }
        find = text->back[(step - 1) * text->find_count + find] - 1;
    }
}

/* Fills the rows of `back` step by step; with `marks` marks every match, in any case tells whether there is one. */
static bool match_rule(struct text *text, const struct fam_safety_rule *rule, bool marks)
{
    bool any = false;
    for (size_t step = 0; step < rule->step_count; step++) {
        const struct fam_safety_step *this = &rule->steps[step];
        uint32_t *row = text->back + step * text->find_count;
        any = false;
        for (size_t i = text->first[this->element]; i < text->first[this->element + 1]; i++) {
            const struct find *find = &text->finds[i];
            if (!marks && masked(text, find)) {
                row[i] = 0;
            } else if (step == 0) {
                row[i] = !stands_between(text, this->forbidden, left_edge(text, find->start), find->start);
            } else {
                row[i] = reach(text, rule, step, find);
            }
            if (step + 1 == rule->step_count && row[i] != 0 && !may_end(text, rule, find)) {
                row[i] = 0;
            }
            any = any || row[i] != 0;
        }
        if (!any) {
            return false;
        }
    }
    const struct fam_safety_step *last = &rule->steps[rule->step_count - 1];
    const uint32_t *row = text->back + (rule->step_count - 1u) * text->find_count;
    for (size_t i = text->first[last->element]; marks && i < text->first[last->element + 1]; i++) {
        if (row[i] != 0) {
            mask(text, rule, i);
        }
    }
    return true;
}

static void mark_rules(struct text *text, bool idioms)
{
    for (size_t i = 0; i < text->safety->rule_count; i++) {
        const struct fam_safety_rule *rule = &text->safety->rules[i];
        if (is_idiom(rule) == idioms && (idioms || rule->is_firm) && rule_may_match(text, rule)) {
            (void)match_rule(text, rule, true);
        }
    }
}

static void match_rules(struct text *text, unsigned *kinds)
{
    for (size_t i = 0; i < text->safety->rule_count; i++) {
        const struct fam_safety_rule *rule = &text->safety->rules[i];
        if (is_idiom(rule) || (*kinds >> rule->kind & 1) != 0) {
            continue;
        }
        if (rule_may_match(text, rule) && match_rule(text, rule, false)) {
            *kinds |= 1u << rule->kind;
        }
    }
}

bool fam_safety_match(const struct fam_safety *safety, const struct fam_safety_token *tokens, size_t count,
                      unsigned *ret_kinds)
{
    struct text text = {.safety = safety};
    bool good = true;
    for (size_t i = 0; good && i < count; i++) {
        struct fam_safety_token joined;
        bool apart = i + 1 < count && typed_apart(safety, &tokens[i], &tokens[i + 1], &joined);
        good = add_token(&text, apart ? &joined : &tokens[i]);
        i += apart ? 1 : 0;
    }
    if (good) {
        *ret_kinds = 0;
    }
    if (good && text.places == NULL) {
        return true; /* no word, nothing to find */
    }
    good = good && find_elements(&text);
    if (good) {
        mark_rules(&text, false); /* plain wishes, before any idiom */
        mark_rules(&text, true);
        match_rules(&text, ret_kinds);
    }
    free(text.places);
    free(text.finds);
    free(text.first);
    free(text.back);
    return good;
}
