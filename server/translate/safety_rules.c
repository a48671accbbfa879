#include "translate/safety_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { COLUMNS_MAX = 3, TABLE_MAX = 0xFFF0, LINE_MAX_BYTES = 16384, ITEM_MAX_BYTES = 6144 };

struct reader {
    struct fam_safety *safety;
    const struct fam_safety_file *file;
    size_t line;
    struct fam_status *status;
};

static const struct {
    const char *name;
    Fam__V1__SafetyKind kind;
} kind_names[] = {
    {"suicide", FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE},
    {"self_harm", FAM__V1__SAFETY_KIND__SAFETY_KIND_SELF_HARM},
    {"violence_at_home", FAM__V1__SAFETY_KIND__SAFETY_KIND_VIOLENCE_AT_HOME},
    {"sexual_abuse", FAM__V1__SAFETY_KIND__SAFETY_KIND_SEXUAL_ABUSE},
    {"bullying", FAM__V1__SAFETY_KIND__SAFETY_KIND_BULLYING},
    {"eating_disorder", FAM__V1__SAFETY_KIND__SAFETY_KIND_EATING_DISORDER},
    {"substances", FAM__V1__SAFETY_KIND__SAFETY_KIND_SUBSTANCES},
    {"running_away", FAM__V1__SAFETY_KIND__SAFETY_KIND_RUNNING_AWAY},
    {"medical_emergency", FAM__V1__SAFETY_KIND__SAFETY_KIND_MEDICAL_EMERGENCY},
    {"parent_crisis", FAM__V1__SAFETY_KIND__SAFETY_KIND_PARENT_CRISIS},
};

Fam__V1__SafetyKind fam_safety_kind_named(const char *name)
{
    for (size_t i = 0; i < sizeof kind_names / sizeof kind_names[0]; i++) {
        if (strcmp(kind_names[i].name, name) == 0) {
            return kind_names[i].kind;
        }
    }
    return FAM__V1__SAFETY_KIND__SAFETY_KIND_UNSPECIFIED;
}

static bool faulty(struct reader *reader, const char *what, const char *item)
{
    (void)fam_fail(reader->status, FAM_INTERNAL, "%s, line %zu: %s \"%.60s\"", reader->file->name, reader->line, what,
                   item);
    return false;
}

static bool no_memory(struct reader *reader)
{
    (void)fam_fail_memory(reader->status);
    return false;
}

/* Room for one more of `size` bytes in *array. */
static bool grow(void **array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return true;
    }
    size_t larger = *capacity == 0 ? 64 : *capacity * 2;
    void *grown = realloc(*array, larger * size);
    if (grown == NULL) {
        return false;
    }
    *array = grown;
    *capacity = larger;
    return true;
}

static bool has_cyrillic(const struct fam_safety_word *word)
{
    for (size_t i = 0; i < word->length; i++) {
        if (word->letters[i] >= FAM_SAFETY_CYRILLIC) {
            return true;
        }
    }
    return false;
}

/* Reads "слово" or "слов*" into its folded letters. */
static bool read_word(struct reader *reader, const char *text, struct fam_safety_word *ret_word, bool *ret_stem)
{
    char plain[160];
    size_t length = strlen(text);
    bool stem = length > 0 && text[length - 1] == '*';
    length -= stem ? 1 : 0;
    if (length == 0 || length >= sizeof plain) {
        return faulty(reader, "not a word:", text);
    }
    memcpy(plain, text, length);
    plain[length] = '\0';
    char *normal = fam_text_normalise(plain);
    struct fam_safety_token *tokens = NULL;
    size_t count = 0;
    bool made = normal != NULL && fam_safety_tokenise(normal, &tokens, &count);
    free(normal);
    if (!made) {
        return no_memory(reader);
    }
    bool one = count == 1;
    if (one) {
        *ret_word = tokens[0].spelling[0];
        *ret_stem = stem;
    }
    free(tokens);
    return one || faulty(reader, "must be one word (join words by _):", text);
}

/* The id of a word or stem, given out on first sight. */
static bool word_id(struct reader *reader, const char *text, uint16_t *ret_id)
{
    struct fam_safety *safety = reader->safety;
    struct fam_safety_word word;
    bool stem = false;
    if (!read_word(reader, text, &word, &stem)) {
        return false;
    }
    struct fam_safety_entry *entry = fam_safety_dictionary_add(&safety->plain, &word);
    if (entry == NULL) {
        return no_memory(reader);
    }
    uint16_t *id = stem ? &entry->stem : &entry->full;
    if (*id == FAM_SAFETY_NONE) {
        if (safety->word_count >= TABLE_MAX) {
            return faulty(reader, "too many words at", text);
        }
        *id = (uint16_t)safety->word_count++;
    }
    *ret_id = *id;
    if (!has_cyrillic(&word)) {
        return true;
    }
    struct fam_safety_word key = fam_safety_translit_key(&word);
    entry = fam_safety_dictionary_add(&safety->translit, &key);
    if (entry == NULL) {
        return no_memory(reader);
    }
    /* Words that only a soft sign tells apart ("бить", "бит") share a key: the first in the files has it. */
    uint16_t *twin = stem ? &entry->stem : &entry->full;
    *twin = *twin == FAM_SAFETY_NONE ? *ret_id : *twin;
    return true;
}

static bool add_phrase(struct reader *reader, size_t element, const char *text)
{
    struct fam_safety *safety = reader->safety;
    struct fam_safety_phrase phrase = {.element = (uint16_t)element};
    char copy[256];
    size_t length = strlen(text);
    if (length >= sizeof copy) {
        return faulty(reader, "too long:", text);
    }
    memcpy(copy, text, length + 1);
    char *rest = copy;
    for (char *word = strsep(&rest, "_"); word != NULL; word = strsep(&rest, "_")) {
        if (phrase.count == FAM_SAFETY_PHRASE_MAX) {
            return faulty(reader, "too many words joined by _ in", text);
        }
        if (!word_id(reader, word, &phrase.words[phrase.count++])) {
            return false;
        }
    }
    void *array = safety->phrases;
    if (!grow(&array, safety->phrase_count, &safety->phrase_capacity, sizeof *safety->phrases)) {
        return no_memory(reader);
    }
    safety->phrases = array;
    safety->phrases[safety->phrase_count++] = phrase;
    return true;
}

static const struct fam_safety_class *find_class(const struct reader *reader, const char *name)
{
    char key[128];
    int written = snprintf(key, sizeof key, "%zu/%s", reader->file->group, name);
    for (size_t i = 0; written > 0 && (size_t)written < sizeof key && i < reader->safety->class_count; i++) {
        if (strcmp(reader->safety->classes[i].name, key) == 0) {
            return &reader->safety->classes[i];
        }
    }
    return NULL;
}

/* The words of a class, into the element. */
static bool add_class(struct reader *reader, size_t element, const char *name)
{
    const struct fam_safety_class *class = find_class(reader, name);
    if (class == NULL) {
        return faulty(reader, "no class before this line is called", name);
    }
    char *words = strdup(class->words);
    if (words == NULL) {
        return no_memory(reader);
    }
    char *rest = words;
    bool good = true;
    for (char *word = strsep(&rest, " "); good && word != NULL; word = strsep(&rest, " ")) {
        good = *word == '\0' || add_phrase(reader, element, word);
    }
    free(words);
    return good;
}

/* The element for "a|b|@class", made when it is new. */
static bool element_id(struct reader *reader, const char *text, uint16_t *ret_id)
{
    struct fam_safety *safety = reader->safety;
    char key[ITEM_MAX_BYTES], parts[ITEM_MAX_BYTES];
    int written = snprintf(key, sizeof key, "%zu/%s", reader->file->group, text);
    if (written < 0 || (size_t)written >= sizeof key || safety->element_count >= TABLE_MAX) {
        return faulty(reader, "too long or too many:", text);
    }
    for (size_t i = 0; i < safety->element_count; i++) {
        if (strcmp(safety->elements[i].text, key) == 0) {
            *ret_id = (uint16_t)i;
            return true;
        }
    }
    void *array = safety->elements;
    if (!grow(&array, safety->element_count, &safety->element_capacity, sizeof *safety->elements)) {
        return no_memory(reader);
    }
    safety->elements = array;
    size_t element = safety->element_count++;
    safety->elements[element].text = strdup(key);
    if (safety->elements[element].text == NULL) {
        return no_memory(reader);
    }
    *ret_id = (uint16_t)element;
    memcpy(parts, text, strlen(text) + 1);
    char *rest = parts;
    for (char *part = strsep(&rest, "|"); part != NULL; part = strsep(&rest, "|")) {
        if (!(part[0] == '@' ? add_class(reader, element, part + 1) : add_phrase(reader, element, part))) {
            return false;
        }
    }
    return true;
}

/* ".." "..5" "~" "~5" */
static bool read_gap(struct reader *reader, const char *item, struct fam_safety_step *step)
{
    const char *number = item[0] == '~' ? item + 1 : item + 2;
    unsigned long gap = FAM_SAFETY_GAP_DEFAULT;
    if (*number != '\0') {
        char *end = NULL;
        gap = strtoul(number, &end, 10);
        if (*number < '0' || *number > '9' || *end != '\0' || gap > FAM_SAFETY_GAP_MAX) {
            return faulty(reader, "a gap is .. or ..1 to ..12, ~ or ~1 to ~12, not", item);
        }
    }
    step->gap = (uint8_t)gap;
    step->either_side = item[0] == '~';
    return true;
}

static const struct fam_safety_step fresh_step = {.element = FAM_SAFETY_NONE, .forbidden = FAM_SAFETY_NONE};

static bool read_item(struct reader *reader, const char *item, struct fam_safety_step *step,
                      struct fam_safety_rule *rule)
{
    if (item[0] == '~' || (item[0] == '.' && item[1] == '.')) {
        return rule->step_count > 0 ? read_gap(reader, item, step) : faulty(reader, "a pattern can't begin with", item);
    }
    if (strcmp(item, "$") == 0) {
        rule->ends_clause = rule->step_count > 0;
        return rule->ends_clause || faulty(reader, "a pattern can't begin with", item);
    }
    if (rule->ends_clause) {
        return faulty(reader, "nothing may come after $, but there is", item);
    }
    if (item[0] == '!') {
        return step->forbidden == FAM_SAFETY_NONE ? element_id(reader, item + 1, &step->forbidden)
                                                  : faulty(reader, "two ! in one place:", item);
    }
    if (rule->step_count == FAM_SAFETY_STEPS_MAX) {
        return faulty(reader, "the pattern is too long at", item);
    }
    if (!element_id(reader, item, &step->element)) {
        return false;
    }
    rule->steps[rule->step_count++] = *step;
    *step = fresh_step;
    return true;
}

static bool read_pattern(struct reader *reader, char *pattern, Fam__V1__SafetyKind kind, bool is_firm)
{
    struct fam_safety *safety = reader->safety;
    struct fam_safety_rule rule = {.kind = kind, .is_firm = is_firm, .forbidden_after = FAM_SAFETY_NONE};
    struct fam_safety_step step = fresh_step;
    char *rest = pattern;
    for (char *item = strsep(&rest, " "); item != NULL; item = strsep(&rest, " ")) {
        if (*item != '\0' && !read_item(reader, item, &step, &rule)) {
            return false;
        }
    }
    if (rule.step_count == 0 || (step.gap != 0 && (step.forbidden == FAM_SAFETY_NONE || step.either_side))) {
        return faulty(reader, "the pattern needs a word at its end", "");
    }
    rule.forbidden_after = step.forbidden;
    rule.after_gap = step.gap != 0 ? step.gap : 1;
    void *array = safety->rules;
    if (!grow(&array, safety->rule_count, &safety->rule_capacity, sizeof *safety->rules)) {
        return no_memory(reader);
    }
    safety->rules = array;
    safety->rules[safety->rule_count++] = rule;
    return true;
}

static bool read_filler(struct reader *reader, char *words)
{
    struct fam_safety *safety = reader->safety;
    char *rest = words;
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
        uint16_t id = 0;
        if (*word == '\0') {
            continue;
        }
        if (!word_id(reader, word, &id)) {
            return false;
        }
        while (safety->filler_capacity <= id) {
            void *array = safety->filler;
            size_t before = safety->filler_capacity;
            if (!grow(&array, before, &safety->filler_capacity, sizeof *safety->filler)) {
                return no_memory(reader);
            }
            safety->filler = array;
            memset(safety->filler + before, 0, (safety->filler_capacity - before) * sizeof *safety->filler);
        }
        safety->filler[id] = true;
    }
    return true;
}

static bool read_common(struct reader *reader, char *words)
{
    char *rest = words;
    for (char *text = strsep(&rest, " "); text != NULL; text = strsep(&rest, " ")) {
        struct fam_safety_word word;
        bool stem = false;
        if (*text == '\0') {
            continue;
        }
        if (!read_word(reader, text, &word, &stem)) {
            return false;
        }
        struct fam_safety_entry *entry = fam_safety_dictionary_add(&reader->safety->plain, &word);
        if (entry == NULL) {
            return no_memory(reader);
        }
        entry->common = true;
    }
    return true;
}

/* A class goes on when its name comes again. "@other" in it stands for the words of a class before. */
static bool read_class(struct reader *reader, const char *name, char *words)
{
    struct fam_safety *safety = reader->safety;
    struct fam_safety_class *class = (struct fam_safety_class *)(uintptr_t)find_class(reader, name);
    if (class == NULL) {
        void *array = safety->classes;
        if (!grow(&array, safety->class_count, &safety->class_capacity, sizeof *safety->classes)) {
            return no_memory(reader);
        }
        safety->classes = array;
        class = &safety->classes[safety->class_count++];
        *class = (struct fam_safety_class){.words = strdup("")};
        if (class->words == NULL || asprintf(&class->name, "%zu/%s", reader->file->group, name) < 0) {
            class->name = NULL;
            return no_memory(reader);
        }
    }
    char *rest = words;
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
        const struct fam_safety_class *other = word[0] == '@' ? find_class(reader, word + 1) : NULL;
        if (word[0] == '@' && other == NULL) {
            return faulty(reader, "no class before this line is called", word);
        }
        char *longer = NULL;
        if (asprintf(&longer, "%s %s", class->words, other != NULL ? other->words : word) < 0) {
            return no_memory(reader);
        }
        free(class->words);
        class->words = longer;
    }
    return true;
}

static bool read_line(struct reader *reader, char *line)
{
    char *column[COLUMNS_MAX + 1] = {0};
    size_t columns = 0;
    char *rest = line;
    while (rest != NULL && columns <= COLUMNS_MAX) {
        column[columns++] = strsep(&rest, "\t");
    }
    char *what = column[0];
    bool list = strcmp(what, "filler") == 0 || strcmp(what, "common") == 0;
    if (columns != (list ? 2u : 3u)) {
        return faulty(reader, list ? "needs 2 columns split by tabs:" : "needs 3 columns split by tabs:", what);
    }
    if (list) {
        return what[0] == 'f' ? read_filler(reader, column[1]) : read_common(reader, column[1]);
    }
    if (strcmp(what, "class") == 0) {
        return read_class(reader, column[1], column[2]);
    }
    size_t length = strlen(what);
    bool is_firm = length > 0 && what[length - 1] == '!';
    if (is_firm) {
        what[length - 1] = '\0';
    }
    Fam__V1__SafetyKind kind = fam_safety_kind_named(what);
    if (kind == FAM__V1__SAFETY_KIND__SAFETY_KIND_UNSPECIFIED && strcmp(what, "idiom") != 0) {
        return faulty(reader, "is neither filler, common, class, idiom nor a kind:", what);
    }
    if (column[2][0] == '\0') {
        return faulty(reader, "needs an example in the third column:", column[1]);
    }
    return read_pattern(reader, column[1], kind, is_firm);
}

static bool read_file(struct reader *reader)
{
    const char *at = reader->file->text, *end = at + reader->file->size;
    if (!fam_utf8_valid(at, reader->file->size)) {
        return faulty(reader, "is not UTF-8", "");
    }
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop == NULL ? end : stop;
        size_t length = (size_t)(stop - at);
        reader->line++;
        if (length >= LINE_MAX_BYTES) {
            return faulty(reader, "the line is too long", "");
        }
        if (length > 0 && at[0] != '#') {
            char *line = strndup(at, length);
            bool good = line == NULL ? no_memory(reader) : read_line(reader, line);
            free(line);
            if (!good) {
                return false;
            }
        }
        at = stop + 1;
    }
    return true;
}

/* Index from a word to the phrases that begin with it. */
static bool index_phrases(struct fam_safety *safety)
{
    safety->first = calloc(safety->word_count + 2, sizeof *safety->first);
    safety->by_word = calloc(safety->phrase_count + 1, sizeof *safety->by_word);
    if (safety->first == NULL || safety->by_word == NULL) {
        return false;
    }
    for (size_t i = 0; i < safety->phrase_count; i++) {
        safety->first[safety->phrases[i].words[0] + 1]++;
    }
    for (size_t i = 0; i < safety->word_count; i++) {
        safety->first[i + 1] += safety->first[i];
    }
    for (size_t i = 0; i < safety->phrase_count; i++) {
        safety->by_word[safety->first[safety->phrases[i].words[0]]++] = (uint32_t)i;
    }
    for (size_t i = safety->word_count; i > 0; i--) {
        safety->first[i] = safety->first[i - 1];
    }
    safety->first[0] = 0;
    return true;
}

struct fam_safety *fam_safety_new_from(const struct fam_safety_file *files, size_t count, struct fam_status *status)
{
    enum { SHORTEST_MISSPELLED = 4, SHORTEST_TRANSLIT_MISSPELLED = 5 };
    struct fam_safety *safety = calloc(1, sizeof *safety);
    if (safety == NULL || !fam_safety_dictionary_init(&safety->plain) ||
        !fam_safety_dictionary_init(&safety->translit)) {
        (void)fam_fail_memory(status);
        fam_safety_free(safety);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        struct reader reader = {.safety = safety, .file = &files[i], .status = status};
        if (!read_file(&reader)) {
            fam_safety_free(safety);
            return NULL;
        }
    }
    if (!fam_safety_dictionary_seal(&safety->plain, SHORTEST_MISSPELLED) ||
        !fam_safety_dictionary_seal(&safety->translit, SHORTEST_TRANSLIT_MISSPELLED) || !index_phrases(safety)) {
        (void)fam_fail_memory(status);
        fam_safety_free(safety);
        return NULL;
    }
    return safety;
}

void fam_safety_free(struct fam_safety *safety)
{
    if (safety == NULL) {
        return;
    }
    fam_safety_dictionary_done(&safety->plain);
    fam_safety_dictionary_done(&safety->translit);
    for (size_t i = 0; i < safety->element_count; i++) {
        free(safety->elements[i].text);
    }
    for (size_t i = 0; i < safety->class_count; i++) {
        free(safety->classes[i].name);
        free(safety->classes[i].words);
    }
    free(safety->filler);
    free(safety->phrases);
    free(safety->first);
    free(safety->by_word);
    free(safety->elements);
    free(safety->classes);
    free(safety->rules);
    free(safety);
}
