#include "translate/guard_text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/text.h"
#include "translate/offline_tsv.h"
#include "translate/pseudonym_spans.h"

extern const unsigned char fam_data_guard_ru_tsv[];
extern const size_t fam_data_guard_ru_tsv_size;
extern const unsigned char fam_data_guard_en_tsv[];
extern const size_t fam_data_guard_en_tsv_size;

enum {
    PATTERNS_MAX = 4096,
    COLUMNS = 3,
    RIGHT_SCRIPT_OF_TEN = 6, /* letters of the answer's script, of ten */
    FIRST_SYMBOL = 0x2190,   /* arrows and what follows; № and ° come before */
    REPLACEMENT = 0xfffd,
};

static const char *reason_named(const char *name)
{
    static const char *const reasons[FAM_GUARD_REASONS][2] = {
        {"diagnosis", "GUARD_DIAGNOSIS"}, {"blame", "GUARD_BLAME"}, {"harm", "GUARD_HARM"}, {"leak", "GUARD_LEAK"}};
    for (size_t i = 0; i < FAM_GUARD_REASONS; i++) {
        if (strcmp(reasons[i][0], name) == 0) {
            return reasons[i][1];
        }
    }
    return NULL;
}

/* "!не|ни" as " не ни ". */
static char *read_not_after(const char *word)
{
    size_t size = strlen(word);
    char *list = malloc(size + 2);
    if (list == NULL) {
        return NULL;
    }
    memcpy(list, word, size);
    list[0] = ' ';
    for (size_t i = 0; i < size; i++) {
        list[i] = list[i] == '|' ? ' ' : list[i];
    }
    list[size] = ' ';
    list[size + 1] = '\0';
    return list;
}

static enum fam_code add_word(struct fam_guard_pattern *pattern, const struct fam_offline_tsv *tsv, char *word,
                              struct fam_status *status)
{
    struct fam_pseudonym_words words;
    size_t size = strlen(word);
    bool stem = size > 1 && word[size - 1] == '*';
    word[size - (stem ? 1 : 0)] = '\0';
    if (!fam_pseudonym_words_init(&words, word)) {
        return fam_fail_memory(status);
    }
    enum fam_code code = FAM_OK;
    if (words.count == 0 || pattern->count + words.count > FAM_GUARD_PATTERN_WORDS) {
        code = fam_offline_tsv_fail(tsv, "no word, or too many words in a pattern", word, status);
    }
    for (size_t i = 0; code == FAM_OK && i < words.count; i++) {
        pattern->words[pattern->count] = strdup(words.items[i].folded);
        pattern->stem[pattern->count] = stem && i + 1 == words.count;
        code = pattern->words[pattern->count++] == NULL ? fam_fail_memory(status) : FAM_OK;
    }
    fam_pseudonym_words_done(&words);
    return code;
}

static enum fam_code read_pattern(struct fam_guard_rules *rules, struct fam_offline_tsv *tsv, struct fam_status *status)
{
    const char *reason = reason_named(tsv->columns[0]);
    if (reason == NULL || tsv->column_count != COLUMNS) {
        return fam_offline_tsv_fail(tsv, "expected diagnosis, blame, harm or leak, a pattern, an example", "", status);
    }
    if (rules->count == rules->capacity) {
        size_t capacity = rules->capacity == 0 ? 128 : 2 * rules->capacity;
        struct fam_guard_pattern *patterns =
            rules->count >= PATTERNS_MAX ? NULL : realloc(rules->patterns, capacity * sizeof(*patterns));
        if (patterns == NULL) {
            return fam_fail_memory(status);
        }
        rules->patterns = patterns;
        rules->capacity = capacity;
    }
    struct fam_guard_pattern *pattern = &rules->patterns[rules->count++];
    *pattern = (struct fam_guard_pattern){.reason = reason};
    enum fam_code code = FAM_OK;
    char *rest = tsv->columns[1];
    for (char *word = fam_offline_next_word(&rest); code == FAM_OK && word != NULL;
         word = fam_offline_next_word(&rest)) {
        if (word[0] == '!' && pattern->not_after == NULL) {
            pattern->not_after = read_not_after(word);
            code = pattern->not_after == NULL ? fam_fail_memory(status) : FAM_OK;
        } else {
            code = add_word(pattern, tsv, word, status);
        }
    }
    return code == FAM_OK && pattern->count == 0 ? fam_offline_tsv_fail(tsv, "an empty pattern", "", status) : code;
}

static enum fam_code load(struct fam_guard_rules *rules, const char *file, const unsigned char *data, size_t size,
                          struct fam_status *status)
{
    struct fam_offline_tsv tsv;
    bool more = true;
    fam_offline_tsv_init(&tsv, file, data, size);
    enum fam_code code = fam_offline_tsv_next(&tsv, &more, status);
    while (code == FAM_OK && more) {
        code = read_pattern(rules, &tsv, status);
        code = code == FAM_OK ? fam_offline_tsv_next(&tsv, &more, status) : code;
    }
    return code;
}

enum fam_code fam_guard_rules_init(struct fam_guard_rules *rules, struct fam_status *status)
{
    *rules = (struct fam_guard_rules){.count = 0};
    enum fam_code code = load(rules, "guard_ru.tsv", fam_data_guard_ru_tsv, fam_data_guard_ru_tsv_size, status);
    if (code == FAM_OK) {
        code = load(rules, "guard_en.tsv", fam_data_guard_en_tsv, fam_data_guard_en_tsv_size, status);
    }
    if (code == FAM_OK) {
        code = fam_guard_echo_init(&rules->echo, status);
    }
    if (code != FAM_OK) {
        fam_guard_rules_done(rules);
    }
    return code;
}

void fam_guard_rules_done(struct fam_guard_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        for (size_t k = 0; k < rules->patterns[i].count; k++) {
            free(rules->patterns[i].words[k]);
        }
        free(rules->patterns[i].not_after);
    }
    free(rules->patterns);
    fam_guard_echo_done(&rules->echo);
    *rules = (struct fam_guard_rules){.count = 0};
}

static utf8proc_int32_t decode(const char *at, size_t *ret_step)
{
    utf8proc_int32_t c = 0;
    utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)at, -1, &c);
    *ret_step = step > 0 ? (size_t)step : 1;
    return step > 0 ? c : REPLACEMENT;
}

/* Kinds of placeholders that an answer may hold. */
static bool is_placeholder(const char *name, size_t size)
{
    static const char *const kinds[] = {"CHILD", "PARENT", "PERSON", "SCHOOL", "ADDRESS", "PHONE",
                                        "EMAIL", "HANDLE", "URL",    "DATE",   "NUMBER"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(kinds); i++) {
        size_t kind = strlen(kinds[i]);
        if (size < kind || memcmp(name, kinds[i], kind) != 0) {
            continue;
        }
        const char *at = name + kind, *end = name + size;
        bool plain = i == 0 && (at == end || *at == '.');
        if (!plain && (at == end || *at != '_')) {
            continue;
        }
        for (int part = plain ? 1 : 0; part < 2 && at < end; part++) { /* _number, then .spelling */
            size_t digits = strspn(at + 1, "0123456789");
            bool sign = *at == (part == 0 ? '_' : '.');
            if (!sign || digits == 0 || digits > 3 || at[1] == '0') {
                return false;
            }
            at += 1 + digits;
        }
        return at == end;
    }
    return false;
}

/* Overwrites placeholders with spaces; false when a brace is left. */
static bool blank_placeholders(char *text)
{
    for (char *at = strpbrk(text, "{}"); at != NULL; at = strpbrk(at, "{}")) {
        size_t size = strcspn(at + 1, "{}");
        if (*at != '{' || at[1 + size] != '}' || !is_placeholder(at + 1, size)) {
            return false;
        }
        memset(at, ' ', size + 2);
    }
    return true;
}

static bool has_control(const char *text)
{
    for (const char *at = text; *at != '\0';) {
        size_t step = 0;
        utf8proc_int32_t c = decode(at, &step);
        switch (utf8proc_category(c)) {
        case UTF8PROC_CATEGORY_CC:
        case UTF8PROC_CATEGORY_CF:
        case UTF8PROC_CATEGORY_CO:
        case UTF8PROC_CATEGORY_CS:
        case UTF8PROC_CATEGORY_CN:
        case UTF8PROC_CATEGORY_ZL:
        case UTF8PROC_CATEGORY_ZP:
            return true;
        default:
            break;
        }
        if (c == REPLACEMENT) {
            return true;
        }
        at += step;
    }
    return false;
}

/* &lt; and &#60; */
static bool has_entity(const char *text)
{
    for (const char *at = strchr(text, '&'); at != NULL; at = strchr(at + 1, '&')) {
        size_t size = strspn(at + 1, "#0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (size > 0 && at[1 + size] == ';') {
            return true;
        }
    }
    return false;
}

static bool has_markup(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    bool list = strncmp(text, "- ", 2) == 0 || strncmp(text, "• ", strlen("• ")) == 0 ||
                (digits > 0 && (text[digits] == '.' || text[digits] == ')') && text[digits + 1] == ' ');
    if (list || strpbrk(text, "<>`*_#[]|~^\\") != NULL || has_entity(text)) {
        return true;
    }
    for (const char *at = text; *at != '\0';) {
        size_t step = 0;
        utf8proc_int32_t c = decode(at, &step);
        utf8proc_category_t category = utf8proc_category(c);
        bool symbol = c >= FIRST_SYMBOL && (category == UTF8PROC_CATEGORY_SO || category == UTF8PROC_CATEGORY_SK);
        if (symbol || category == UTF8PROC_CATEGORY_ME || (c >= 0xfe00 && c <= 0xfe0f)) {
            return true;
        }
        at += step;
    }
    return false;
}

static bool is_in_language(const char *text, Fam__V1__Language language)
{
    size_t right = 0, letters = 0;
    for (const char *at = text; *at != '\0';) {
        size_t step = 0;
        utf8proc_int32_t c = decode(at, &step);
        utf8proc_category_t category = utf8proc_category(c);
        if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) {
            bool cyrillic = c >= 0x400 && c <= 0x52f, latin = c <= 0x24f;
            letters++;
            right += (language == FAM__V1__LANGUAGE__LANGUAGE_RU ? cyrillic : latin) ? 1 : 0;
        }
        at += step;
    }
    return letters > 0 && 10 * right >= RIGHT_SCRIPT_OF_TEN * letters;
}

static bool matches(const struct fam_guard_pattern *pattern, const struct fam_pseudonym_words *words, size_t i)
{
    if (i + pattern->count > words->count ||
        (pattern->not_after != NULL && i > 0 && fam_pseudonym_among(words, i - 1, pattern->not_after))) {
        return false;
    }
    for (size_t k = 0; k < pattern->count; k++) {
        const char *word = words->items[i + k].folded;
        size_t size = strlen(pattern->words[k]);
        if (strncmp(word, pattern->words[k], size) != 0 || (!pattern->stem[k] && word[size] != '\0')) {
            return false;
        }
    }
    return true;
}

static const char *find_word(const struct fam_guard_rules *rules, const struct fam_pseudonym_words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        for (size_t k = 0; k < rules->count; k++) {
            if (matches(&rules->patterns[k], words, i)) {
                return rules->patterns[k].reason;
            }
        }
    }
    return NULL;
}

/* Links, addresses and handles, as the pseudonyms find them in a parent's text. */
static const char *find_contact(const struct fam_pseudonym_spans *spans)
{
    for (size_t i = 0; i < spans->count; i++) {
        switch (spans->items[i].kind) {
        case FAM_HIDDEN_URL:
            return "GUARD_LINK";
        case FAM_HIDDEN_EMAIL:
        case FAM_HIDDEN_PHONE:
        case FAM_HIDDEN_NUMBER:
            return "GUARD_CONTACT";
        case FAM_HIDDEN_HANDLE:
            return "GUARD_MENTION";
        default:
            break;
        }
    }
    return NULL;
}

static const char *check_signs(const char *text, Fam__V1__Language language)
{
    if (strstr(text, "://") != NULL) {
        return "GUARD_LINK";
    }
    if (strchr(text, '@') != NULL) {
        return "GUARD_MENTION";
    }
    return is_in_language(text, language) ? NULL : "GUARD_LANGUAGE";
}

enum fam_code fam_guard_check_text(const struct fam_guard_rules *rules, const char *text, size_t max_chars,
                                   Fam__V1__Language language, const char **ret_reason, struct fam_status *status)
{
    size_t length = fam_utf8_length(text);
    *ret_reason = length == 0 || length > max_chars ? "GUARD_LENGTH" : has_control(text) ? "GUARD_CONTROL" : NULL;
    if (*ret_reason != NULL) {
        return FAM_OK;
    }
    char *plain = strdup(text);
    if (plain == NULL) {
        return fam_fail_memory(status);
    }
    struct fam_pseudonym_words words = {.count = 0};
    fam_auto(fam_pseudonym_spans_done) struct fam_pseudonym_spans spans = {.count = 0};
    enum fam_code code = FAM_OK;
    if (!blank_placeholders(plain)) {
        *ret_reason = "GUARD_PLACEHOLDER";
    } else if (!fam_pseudonym_words_init(&words, plain)) {
        code = fam_fail_memory(status);
    } else {
        fam_pseudonym_find_contacts(&words, &spans);
        code = spans.failed ? fam_fail_memory(status) : FAM_OK;
        const char *signs = has_markup(plain) ? "GUARD_MARKUP" : find_contact(&spans);
        signs = signs == NULL ? check_signs(plain, language) : signs;
        signs = signs == NULL ? find_word(rules, &words) : signs;
        *ret_reason = signs == NULL && fam_guard_echo_has(&rules->echo, &words) ? "GUARD_LEAK" : signs;
        fam_pseudonym_words_done(&words);
    }
    free(plain);
    return code;
}
