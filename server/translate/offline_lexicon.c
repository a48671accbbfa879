#include "translate/offline_lexicon.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "translate/offline_tsv.h"

enum { CHOICES_MAX = 60000, RULES_MAX = 4000 };

static const char *const built_in_classes[FAM_OFFLINE_CLASS_BUILT_IN] = {
    [FAM_OFFLINE_CLASS_NEGATION] = "negation", [FAM_OFFLINE_CLASS_STRONG] = "strong", [FAM_OFFLINE_CLASS_WEAK] = "weak",
    [FAM_OFFLINE_CLASS_FILLER] = "filler",     [FAM_OFFLINE_CLASS_THIRD] = "third",   [FAM_OFFLINE_CLASS_SAYS] = "says",
    [FAM_OFFLINE_CLASS_FIRST] = "first",
};

/* What the reader of one file carries along. */
struct reader {
    struct fam_offline_lexicon *lexicon;
    const struct fam_offline_keys *keys;
    struct fam_offline_tsv tsv;
};

static enum fam_code fail(const struct reader *reader, const char *what, const char *detail, struct fam_status *status)
{
    return fam_offline_tsv_fail(&reader->tsv, what, detail, status);
}

static bool add_choice(struct fam_offline_lexicon *lexicon, uint16_t term)
{
    if (lexicon->choice_count == lexicon->choice_capacity) {
        size_t capacity = lexicon->choice_capacity == 0 ? 1024 : 2 * lexicon->choice_capacity;
        uint16_t *choices = capacity > CHOICES_MAX ? NULL : realloc(lexicon->choices, capacity * sizeof(*choices));
        if (choices == NULL) {
            return false;
        }
        lexicon->choices = choices;
        lexicon->choice_capacity = capacity;
    }
    lexicon->choices[lexicon->choice_count++] = term;
    return true;
}

static const struct fam_offline_class *find_class(const struct fam_offline_lexicon *lexicon, const char *name)
{
    for (size_t i = 0; i < lexicon->class_count; i++) {
        if (strcmp(lexicon->classes[i].name, name) == 0) {
            return &lexicon->classes[i];
        }
    }
    return NULL;
}

/* "слово", "основа*", "😡", "))", or "@class", as choices. */
static enum fam_code add_alternative(struct reader *reader, char *word, struct fam_status *status)
{
    struct fam_offline_lexicon *lexicon = reader->lexicon;
    if (word[0] == '@') {
        const struct fam_offline_class *class = find_class(lexicon, word + 1);
        if (class == NULL) {
            return fail(reader, "no such class", word, status);
        }
        for (size_t i = 0; i < class->choice_count; i++) {
            if (!add_choice(lexicon, lexicon->choices[class->first_choice + i])) {
                return fam_fail_memory(status);
            }
        }
        return FAM_OK;
    }
    size_t size = strlen(word);
    bool stem = size > 1 && word[size - 1] == '*';
    if (stem) {
        word[size - 1] = '\0';
    }
    char letters[FAM_OFFLINE_WORD_BYTES];
    size_t letter_bytes = 0;
    const char *after = fam_offline_cut_word(word, letters, &letter_bytes);
    if (letter_bytes > 0 && *after != '\0') {
        return fail(reader, "a word of a pattern has a sign in it", word, status);
    }
    uint16_t term = word[0] == '\0'
                        ? FAM_OFFLINE_NO_TERM
                        : fam_offline_vocabulary_add(&lexicon->vocabulary, letter_bytes > 0 ? letters : word, stem);
    if (term == FAM_OFFLINE_NO_TERM || !add_choice(lexicon, term)) {
        return fail(reader, "no room for the word, or it is empty", word, status);
    }
    return FAM_OK;
}

/* "a|b*|@class" */
static enum fam_code add_alternatives(struct reader *reader, char *text, uint32_t *ret_first, uint16_t *ret_count,
                                      struct fam_status *status)
{
    *ret_first = (uint32_t)reader->lexicon->choice_count;
    char *at = text;
    while (at != NULL) {
        char *bar = strchr(at, '|');
        if (bar != NULL) {
            *bar++ = '\0';
        }
        enum fam_code code = add_alternative(reader, at, status);
        if (code != FAM_OK) {
            return code;
        }
        at = bar;
    }
    *ret_count = (uint16_t)(reader->lexicon->choice_count - *ret_first);
    return FAM_OK;
}

static bool mentions_negation(const struct fam_offline_lexicon *lexicon, const struct fam_offline_step *step)
{
    const struct fam_offline_class *negation = find_class(lexicon, built_in_classes[FAM_OFFLINE_CLASS_NEGATION]);
    for (size_t i = 0; negation != NULL && i < step->choice_count; i++) {
        for (size_t j = 0; j < negation->choice_count; j++) {
            if (lexicon->choices[step->first_choice + i] == lexicon->choices[negation->first_choice + j]) {
                return true;
            }
        }
    }
    return false;
}

static enum fam_code add_step(struct reader *reader, struct fam_offline_rule *rule, char *word, bool gap,
                              struct fam_status *status)
{
    if (rule->step_count == FAM_OFFLINE_STEPS_MAX) {
        return fail(reader, "too many words in the pattern", "", status);
    }
    struct fam_offline_step *step = &rule->steps[rule->step_count++];
    step->gap_before = gap;
    step->optional = word[0] == '?';
    enum fam_code code =
        add_alternatives(reader, word + (step->optional ? 1 : 0), &step->first_choice, &step->choice_count, status);
    if (code == FAM_OK) {
        rule->negates = rule->negates || (!step->optional && mentions_negation(reader->lexicon, step));
    }
    return code;
}

static enum fam_code parse_pattern(struct reader *reader, struct fam_offline_rule *rule, const char *pattern,
                                   struct fam_status *status)
{
    char *normal = fam_text_normalise(pattern);
    if (normal == NULL) {
        return fam_fail_memory(status);
    }
    enum fam_code code = FAM_OK;
    bool gap = false;
    char *at = normal;
    for (char *word = fam_offline_next_word(&at); word != NULL && code == FAM_OK; word = fam_offline_next_word(&at)) {
        if (strcmp(word, "^") == 0) {
            rule->at_start = true;
        } else if (strcmp(word, "$") == 0) {
            rule->at_end = true;
        } else if (strcmp(word, "..") == 0) {
            gap = true;
        } else {
            code = add_step(reader, rule, word, gap, status);
            gap = false;
        }
    }
    free(normal);
    bool needs_a_word = true;
    for (size_t i = 0; i < rule->step_count; i++) {
        needs_a_word = needs_a_word && rule->steps[i].optional;
    }
    if (code == FAM_OK && (needs_a_word || rule->steps[0].gap_before || gap)) {
        code = fail(reader, "a pattern needs a word that must be there, and a gap has words on both sides", pattern,
                    status);
    }
    return code;
}

/* "anger:4 sadness:2" */
static enum fam_code parse_effects(struct reader *reader, char *text, int (*named)(const char *),
                                   struct fam_offline_effect *effects, uint8_t *ret_count, struct fam_status *status)
{
    *ret_count = 0;
    if (strcmp(text, "-") == 0) {
        return FAM_OK;
    }
    for (char *word = fam_offline_next_word(&text); word != NULL; word = fam_offline_next_word(&text)) {
        char *colon = strchr(word, ':');
        if (colon == NULL || colon[1] < '1' || colon[1] > '5' || colon[2] != '\0') {
            return fail(reader, "expected name:1 to name:5", word, status);
        }
        *colon = '\0';
        int id = named(word);
        if (id == 0 || *ret_count == FAM_OFFLINE_EFFECTS_MAX) {
            return fail(reader, "unknown name or too many", word, status);
        }
        effects[(*ret_count)++] = (struct fam_offline_effect){.id = (uint8_t)id, .weight = (uint8_t)(colon[1] - '0')};
    }
    return FAM_OK;
}

static enum fam_code parse_tags(struct reader *reader, struct fam_offline_rule *rule, char *text,
                                struct fam_status *status)
{
    for (char *word = fam_offline_next_word(&text); word != NULL; word = fam_offline_next_word(&text)) {
        if (word[0] == '@') {
            rule->situation = fam_offline_keys_find(reader->keys, word + 1);
            if (rule->situation <= FAM_OFFLINE_EMOTIONS) {
                return fail(reader, "no template has this situation", word, status);
            }
        } else if (strcmp(word, "said") == 0) {
            rule->kind = FAM__V1__INPUT_KIND__INPUT_KIND_CHILD_SAID;
        } else if (strcmp(word, "behaviour") == 0) {
            rule->kind = FAM__V1__INPUT_KIND__INPUT_KIND_BEHAVIOUR;
        } else if (strcmp(word, "outburst") == 0) {
            rule->kind = FAM__V1__INPUT_KIND__INPUT_KIND_PARENT_OUTBURST;
        } else if (strcmp(word, "grave") == 0) {
            rule->grave = true;
        } else if (strcmp(word, "idiom") == 0) {
            rule->idiom = true;
        } else if (strcmp(word, "plain") == 0) {
            rule->plain = true;
        } else if (strcmp(word, "-") != 0) {
            return fail(reader, "unknown tag", word, status);
        }
    }
    return FAM_OK;
}

static enum fam_code parse_rule(struct reader *reader, struct fam_status *status)
{
    struct fam_offline_lexicon *lexicon = reader->lexicon;
    char **columns = reader->tsv.columns;
    struct fam_offline_rule rule = {.situation = FAM_OFFLINE_NO_KEY};
    if (reader->tsv.column_count < 3 || reader->tsv.column_count > 5) {
        return fail(reader, "a rule has pattern, ages, emotions, and may have needs and tags", "", status);
    }
    if (lexicon->rule_count == RULES_MAX) {
        return fail(reader, "too many rules", "", status);
    }
    if (!fam_offline_parse_ages(columns[1], &rule.bands)) {
        return fail(reader, "wrong ages", columns[1], status);
    }
    enum fam_code code = parse_pattern(reader, &rule, columns[0], status);
    if (code == FAM_OK) {
        code = parse_effects(reader, columns[2], fam_offline_emotion_named, rule.emotions, &rule.emotion_count, status);
    }
    if (code == FAM_OK && reader->tsv.column_count > 3) {
        code = parse_effects(reader, columns[3], fam_offline_need_named, rule.needs, &rule.need_count, status);
    }
    if (code == FAM_OK && reader->tsv.column_count > 4) {
        code = parse_tags(reader, &rule, columns[4], status);
    }
    if (code != FAM_OK) {
        return code;
    }
    if (lexicon->rule_count == lexicon->rule_capacity) {
        size_t capacity = lexicon->rule_capacity == 0 ? 256 : 2 * lexicon->rule_capacity;
        struct fam_offline_rule *rules = realloc(lexicon->rules, capacity * sizeof(*rules));
        if (rules == NULL) {
            return fam_fail_memory(status);
        }
        lexicon->rules = rules;
        lexicon->rule_capacity = capacity;
    }
    lexicon->rules[lexicon->rule_count++] = rule;
    return FAM_OK;
}

/* "!class  name  words …" */
static enum fam_code parse_class(struct reader *reader, struct fam_status *status)
{
    struct fam_offline_lexicon *lexicon = reader->lexicon;
    char **columns = reader->tsv.columns;
    if (reader->tsv.column_count != 3 || lexicon->class_count == FAM_OFFLINE_CLASSES_MAX ||
        strlen(columns[1]) >= FAM_OFFLINE_KEY_BYTES || find_class(lexicon, columns[1]) != NULL) {
        return fail(reader, "a class has a name of its own and words, and there are not too many", "", status);
    }
    char *normal = fam_text_normalise(columns[2]);
    if (normal == NULL) {
        return fam_fail_memory(status);
    }
    for (char *space = strchr(normal, ' '); space != NULL; space = strchr(space, ' ')) {
        *space = '|';
    }
    struct fam_offline_class *class = &lexicon->classes[lexicon->class_count];
    enum fam_code code = add_alternatives(reader, normal, &class->first_choice, &class->choice_count, status);
    free(normal);
    if (code == FAM_OK) {
        memcpy(class->name, columns[1], strlen(columns[1]) + 1);
        lexicon->class_count++;
    }
    return code;
}

/* "!turned  joy  disappointment:2" */
static enum fam_code parse_turned(struct reader *reader, struct fam_status *status)
{
    struct fam_offline_effect effects[FAM_OFFLINE_EFFECTS_MAX];
    uint8_t count = 0;
    char **columns = reader->tsv.columns;
    int emotion = reader->tsv.column_count == 3 ? fam_offline_emotion_named(columns[1]) : 0;
    if (emotion == 0) {
        return fail(reader, "expected an emotion and what it turns to", "", status);
    }
    enum fam_code code = parse_effects(reader, columns[2], fam_offline_emotion_named, effects, &count, status);
    if (code == FAM_OK && count != 1) {
        code = fail(reader, "expected one emotion", "", status);
    }
    if (code == FAM_OK) {
        reader->lexicon->turned[emotion] = effects[0];
    }
    return code;
}

static enum fam_code parse_file(struct reader *reader, struct fam_status *status)
{
    bool more = false;
    enum fam_code code = fam_offline_tsv_next(&reader->tsv, &more, status);
    while (code == FAM_OK && more) {
        const char *first = reader->tsv.columns[0];
        if (strcmp(first, "!class") == 0) {
            code = parse_class(reader, status);
        } else if (strcmp(first, "!turned") == 0) {
            code = parse_turned(reader, status);
        } else {
            code = parse_rule(reader, status);
        }
        if (code == FAM_OK) {
            code = fam_offline_tsv_next(&reader->tsv, &more, status);
        }
    }
    return code;
}

static enum fam_code mark_classes(struct fam_offline_lexicon *lexicon, const char *file, struct fam_status *status)
{
    lexicon->term_classes = calloc(lexicon->vocabulary.count + 1, sizeof(*lexicon->term_classes));
    if (lexicon->term_classes == NULL) {
        return fam_fail_memory(status);
    }
    for (unsigned id = 0; id < FAM_OFFLINE_CLASS_BUILT_IN; id++) {
        const struct fam_offline_class *class = find_class(lexicon, built_in_classes[id]);
        if (class == NULL) {
            return fam_fail(status, FAM_INTERNAL, "%s: the class %s is missing", file, built_in_classes[id]);
        }
        for (size_t i = 0; i < class->choice_count; i++) {
            uint8_t *mask = &lexicon->term_classes[lexicon->choices[class->first_choice + i]];
            *mask = (uint8_t)(*mask | (1u << id));
        }
    }
    return FAM_OK;
}

/* The terms that a hit of the rule may begin with: those of its steps up to the first that must be there.
 * Counts them in first[term + 2], or, when `out` is given, writes the rule's number at out[first[term + 1]++]. */
static size_t index_rule(const struct fam_offline_lexicon *lexicon, size_t number, uint32_t *first, uint32_t *out)
{
    const struct fam_offline_rule *rule = &lexicon->rules[number];
    size_t total = 0;
    bool optional = true;
    for (size_t i = 0; i < rule->step_count && optional; i++) {
        const struct fam_offline_step *step = &rule->steps[i];
        for (size_t j = 0; j < step->choice_count; j++) {
            size_t term = lexicon->choices[step->first_choice + j];
            if (out == NULL) {
                first[term + 2]++;
            } else {
                out[first[term + 1]++] = (uint32_t)number;
            }
            total++;
        }
        optional = step->optional;
    }
    return total;
}

/* A table from the terms of first steps to rules: counted first, filled then. */
static enum fam_code index_rules(struct fam_offline_lexicon *lexicon, struct fam_status *status)
{
    size_t terms = lexicon->vocabulary.count;
    size_t total = 0;
    uint32_t *first = calloc(terms + 2, sizeof(*first));
    if (first == NULL) {
        return fam_fail_memory(status);
    }
    lexicon->first_of_term = first;
    for (size_t i = 0; i < lexicon->rule_count; i++) {
        total += index_rule(lexicon, i, first, NULL);
    }
    for (size_t i = 2; i < terms + 2; i++) {
        first[i] += first[i - 1];
    }
    lexicon->rules_of_term = malloc((total + 1) * sizeof(*lexicon->rules_of_term));
    if (lexicon->rules_of_term == NULL) {
        return fam_fail_memory(status);
    }
    for (size_t i = 0; i < lexicon->rule_count; i++) {
        (void)index_rule(lexicon, i, first, lexicon->rules_of_term);
    }
    return FAM_OK;
}

enum fam_code fam_offline_lexicon_init(struct fam_offline_lexicon *lexicon, const struct fam_offline_keys *keys,
                                       const struct fam_offline_file *files, size_t file_count,
                                       struct fam_status *status)
{
    memset(lexicon, 0, sizeof(*lexicon));
    if (!fam_offline_vocabulary_init(&lexicon->vocabulary)) {
        return fam_fail_memory(status);
    }
    for (size_t i = 0; i < file_count; i++) {
        struct reader reader = {.lexicon = lexicon, .keys = keys};
        fam_offline_tsv_init(&reader.tsv, files[i].name, files[i].data, files[i].size);
        enum fam_code code = parse_file(&reader, status);
        if (code != FAM_OK) {
            return code;
        }
    }
    enum fam_code code = mark_classes(lexicon, file_count > 0 ? files[0].name : "lexicon", status);
    return code == FAM_OK ? index_rules(lexicon, status) : code;
}

void fam_offline_lexicon_done(struct fam_offline_lexicon *lexicon)
{
    fam_offline_vocabulary_done(&lexicon->vocabulary);
    free(lexicon->choices);
    free(lexicon->rules);
    free(lexicon->term_classes);
    free(lexicon->first_of_term);
    free(lexicon->rules_of_term);
    memset(lexicon, 0, sizeof(*lexicon));
}
