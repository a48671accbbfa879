#include "translate/pseudonym_text.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum {
    CYRILLIC_FIRST = 0x400,
    CYRILLIC_LAST = 0x52f,
    CYRILLIC_IE = 0x435,
    CYRILLIC_IO = 0x451,
    CYRILLIC_I = 0x438,
    CYRILLIC_SHORT_I = 0x439,
    BREVE = 0x306,
    LETTERS_MAX = FAM_PSEUDONYM_WORD_BYTES - 1,
    FOLD_MAX = 24, /* characters that one may fold to */
    GAP_MAX = 8,
};

/* A word while it is read. */
struct reading {
    utf8proc_int32_t letters[LETTERS_MAX];
    size_t count;
    size_t uppers, lowers;
    bool first_upper;
    bool cyrillic, latin;
};

static bool is_letter(utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

/* Accents and invisible characters do not end a word. */
static bool is_dropped(utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME || category == UTF8PROC_CATEGORY_CF;
}

/* The value of a decimal digit of any script, or -1. */
static int digit_value(utf8proc_int32_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    utf8proc_int32_t folded[FOLD_MAX];
    int last = 0;
    if (c < 0x80 || utf8proc_category(c) != UTF8PROC_CATEGORY_ND ||
        utf8proc_decompose_char(c, folded, FOLD_MAX, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &last) != 1) {
        return -1;
    }
    return folded[0] >= '0' && folded[0] <= '9' ? folded[0] - '0' : 0;
}

static void push(struct reading *reading, utf8proc_int32_t c)
{
    if (reading->count < LETTERS_MAX) {
        reading->letters[reading->count++] = c;
    }
}

static void add_letter(struct reading *reading, utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    bool upper = category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT;
    reading->first_upper = reading->first_upper || (upper && reading->uppers + reading->lowers == 0);
    reading->uppers += upper ? 1 : 0;
    reading->lowers += upper ? 0 : 1;
    if (c >= CYRILLIC_FIRST && c <= CYRILLIC_LAST) {
        reading->cyrillic = true;
        c = utf8proc_tolower(c);
        push(reading, c == CYRILLIC_IO ? CYRILLIC_IE : c);
        return;
    }
    reading->latin = true;
    utf8proc_int32_t folded[FOLD_MAX];
    int last = 0;
    utf8proc_ssize_t size =
        utf8proc_decompose_char(c, folded, FOLD_MAX, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD, &last);
    for (utf8proc_ssize_t i = 0; i < size && i < FOLD_MAX; i++) {
        if (is_letter(folded[i])) {
            push(reading, folded[i]);
        }
    }
}

static void add_dropped(struct reading *reading, utf8proc_int32_t c)
{
    if (c == BREVE && reading->count > 0 && reading->letters[reading->count - 1] == CYRILLIC_I) {
        reading->letters[reading->count - 1] = CYRILLIC_SHORT_I;
    }
}

/* The twin of a letter in the other of the two alphabets, or 0. */
static utf8proc_int32_t twin(utf8proc_int32_t c, bool to_cyrillic)
{
    static const struct {
        uint16_t latin, cyrillic;
    } twins[] = {{'a', 0x430}, {'b', 0x432}, {'c', 0x441}, {'e', 0x435}, {'h', 0x43d},
                 {'i', 0x456}, {'k', 0x43a}, {'m', 0x43c}, {'n', 0x43f}, {'o', 0x43e},
                 {'p', 0x440}, {'t', 0x442}, {'u', 0x438}, {'x', 0x445}, {'y', 0x443}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(twins); i++) {
        if (c == (to_cyrillic ? twins[i].latin : twins[i].cyrillic)) {
            return to_cyrillic ? twins[i].cyrillic : twins[i].latin;
        }
    }
    return 0;
}

static bool put_into(struct reading *reading, bool to_cyrillic)
{
    utf8proc_int32_t letters[LETTERS_MAX] = {0};
    for (size_t i = 0; i < reading->count; i++) {
        utf8proc_int32_t c = reading->letters[i];
        bool native = (c >= CYRILLIC_FIRST && c <= CYRILLIC_LAST) == to_cyrillic;
        letters[i] = native ? c : twin(c, to_cyrillic);
        if (letters[i] == 0) {
            return false;
        }
    }
    memcpy(reading->letters, letters, reading->count * sizeof(letters[0]));
    reading->cyrillic = to_cyrillic;
    return true;
}

static void finish(struct reading *reading, struct fam_pseudonym_word *word)
{
    if (reading->cyrillic && reading->latin && !put_into(reading, true)) {
        (void)put_into(reading, false);
    }
    size_t size = 0;
    for (size_t i = 0; i < reading->count;) {
        size_t run = 1;
        while (i + run < reading->count && reading->letters[i + run] == reading->letters[i]) {
            run++;
        }
        for (size_t k = 0; k < (run >= 3 ? 1 : run); k++) {
            utf8proc_uint8_t bytes[4];
            size_t step = (size_t)utf8proc_encode_char(reading->letters[i], bytes);
            if (size + step < FAM_PSEUDONYM_WORD_BYTES) {
                memcpy(word->folded + size, bytes, step);
                size += step;
                word->letters++;
            }
        }
        i += run;
    }
    word->folded[size] = '\0';
    word->cyrillic = reading->cyrillic;
    word->capital = reading->first_upper && (reading->lowers > 0 || reading->uppers == 1);
    word->upper = reading->lowers == 0 && reading->uppers > 1;
}

/* Reads the word that begins at `at`; false when no word begins there. */
static bool read_word(const char *text, size_t at, struct fam_pseudonym_word *word)
{
    struct reading reading = {.count = 0};
    *word = (struct fam_pseudonym_word){.start = at, .end = at};
    bool begun = false;
    while (text[at] != '\0') {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)text + at, -1, &c);
        if (step <= 0) {
            break;
        }
        int digit = digit_value(c);
        if (digit >= 0 && (!begun || word->number)) {
            word->number = true;
            if (word->letters < LETTERS_MAX) {
                word->folded[word->letters++] = (char)('0' + digit);
            }
        } else if (is_letter(c) && !word->number) {
            add_letter(&reading, c);
        } else if (!(begun && is_dropped(c))) {
            break;
        } else {
            add_dropped(&reading, c);
        }
        begun = true;
        at += (size_t)step;
        word->end = at;
    }
    if (begun && !word->number) {
        finish(&reading, word);
    }
    sodium_memzero(&reading, sizeof(reading));
    return begun;
}

static bool append(struct fam_pseudonym_words *words, const struct fam_pseudonym_word *word)
{
    if (words->count == words->capacity) {
        size_t capacity = words->capacity == 0 ? 64 : 2 * words->capacity;
        struct fam_pseudonym_word *items = malloc(capacity * sizeof(*items));
        if (items == NULL) {
            return false;
        }
        if (words->count > 0) {
            memcpy(items, words->items, words->count * sizeof(*items));
            sodium_memzero(words->items, words->count * sizeof(*items));
        }
        free(words->items);
        words->items = items;
        words->capacity = capacity;
    }
    words->items[words->count++] = *word;
    return true;
}

/* After these a capital letter is only the beginning. */
static bool opens_after(utf8proc_int32_t c)
{
    return c == '.' || c == '!' || c == '?' || c == '\n' || c == '"' || c == ':' || c == 0x2026 || c == 0xab ||
           c == 0x201c || c == 0x201e || c == 0x2018 || c == 0x2014;
}

bool fam_pseudonym_words_init(struct fam_pseudonym_words *words, const char *text)
{
    *words = (struct fam_pseudonym_words){.text = text, .size = strlen(text)};
    bool opens = true;
    for (size_t at = 0; at < words->size;) {
        struct fam_pseudonym_word word;
        utf8proc_int32_t c = 0;
        if (read_word(text, at, &word)) {
            word.opens = opens;
            opens = false;
            at = word.end;
            if (!append(words, &word)) {
                fam_pseudonym_words_done(words);
                return false;
            }
            continue;
        }
        utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)text + at, -1, &c);
        opens = opens || opens_after(c);
        at += step > 0 ? (size_t)step : 1;
    }
    return true;
}

void fam_pseudonym_words_done(struct fam_pseudonym_words *words)
{
    if (words->items != NULL) {
        sodium_memzero(words->items, words->count * sizeof(*words->items));
    }
    free(words->items);
    *words = (struct fam_pseudonym_words){.count = 0};
}

bool fam_pseudonym_fold(const char *text, char out[FAM_PSEUDONYM_WORD_BYTES])
{
    struct fam_pseudonym_word word;
    if (!read_word(text, 0, &word) || word.number || text[word.end] != '\0') {
        return false;
    }
    memcpy(out, word.folded, FAM_PSEUDONYM_WORD_BYTES);
    return true;
}

/* One sign of a gap for all that are written alike: spaces, dashes, quotes, apostrophes, № as '#'; 0: anything else. */
static char gap_sign(utf8proc_int32_t c)
{
    static const utf8proc_int32_t quotes[] = {'"', 0xab, 0xbb, 0x201c, 0x201d, 0x201e, 0x201f};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(quotes); i++) {
        if (c == quotes[i]) {
            return '"';
        }
    }
    if (c == '\t' || utf8proc_category(c) == UTF8PROC_CATEGORY_ZS) {
        return ' ';
    }
    if (c == 0x2116) {
        return '#';
    }
    if (c == 0x2019 || c == 0x2018 || c == 0x2bc || c == '`') {
        return '\'';
    }
    if (utf8proc_category(c) == UTF8PROC_CATEGORY_PD) {
        return '-';
    }
    return c < 0x80 ? (char)c : '\0';
}

/* False when the gap is too long, or holds what no pattern names. */
static bool read_gap(const struct fam_pseudonym_words *words, size_t i, char out[GAP_MAX])
{
    size_t at = words->items[i].end, size = 0;
    size_t end = i + 1 < words->count ? words->items[i + 1].start : words->size;
    while (at < end) {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)words->text + at, -1, &c);
        char sign = step > 0 ? gap_sign(c) : '\0';
        at += step > 0 ? (size_t)step : 1;
        if (sign == ' ' && size > 0 && out[size - 1] == ' ') {
            continue;
        }
        if (sign == '\0' || size + 1 >= GAP_MAX) {
            return false;
        }
        out[size++] = sign;
    }
    out[size] = '\0';
    return true;
}

bool fam_pseudonym_gap(const struct fam_pseudonym_words *words, size_t i, const char *allowed)
{
    char gap[GAP_MAX];
    if (i >= words->count || !read_gap(words, i, gap)) {
        return false;
    }
    size_t size = strlen(gap);
    for (const char *at = allowed;; at++) {
        size_t length = strcspn(at, "|");
        if (length == size && memcmp(at, gap, size) == 0) {
            return true;
        }
        at += length;
        if (*at == '\0') {
            return false;
        }
    }
}

bool fam_pseudonym_is(const struct fam_pseudonym_words *words, size_t i, const char *word)
{
    return i < words->count && strcmp(words->items[i].folded, word) == 0;
}

bool fam_pseudonym_among(const struct fam_pseudonym_words *words, size_t i, const char *list)
{
    if (i >= words->count) {
        return false;
    }
    const char *word = words->items[i].folded;
    size_t size = strlen(word);
    for (const char *at = strstr(list, word); at != NULL && size > 0; at = strstr(at + 1, word)) {
        if (at > list && at[-1] == ' ' && at[size] == ' ') {
            return true;
        }
    }
    return false;
}
