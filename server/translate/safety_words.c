#include "translate/safety_words.h"

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"

/* Letters of а … я as indices; the source is UTF-8, so they are named here once. */
enum {
    CY_A = FAM_SAFETY_CYRILLIC,
    CY_B,
    CY_V,
    CY_G,
    CY_D,
    CY_E,
    CY_ZH,
    CY_Z,
    CY_I,
    CY_J,
    CY_K,
    CY_L,
    CY_M,
    CY_N,
    CY_O,
    CY_P,
    CY_R,
    CY_S,
    CY_T,
    CY_U,
    CY_F,
    CY_H,
    CY_TS,
    CY_CH,
    CY_SH,
    CY_SHCH,
    CY_HARD,
    CY_Y,
    CY_SOFT,
    CY_EH,
    CY_YU,
    CY_YA,
};

/* What a character is for the splitting of words. */
enum mark {
    MARK_LETTER,  /* *letter is set */
    MARK_NOTHING, /* drop: apostrophes and stress marks */
    MARK_END,     /* one of . ! ? ; */
    MARK_SPACE,
};

struct scan {
    const unsigned char *at;
    struct fam_safety_token *tokens;
    size_t count, capacity;
    struct fam_safety_word raw; /* the word being read */
    bool sentence;              /* a sentence ended since the last word */
    bool clause;                /* or a clause */
    bool any_cyrillic;
};

static uint32_t decode(const unsigned char *at, size_t *ret_size)
{
    uint32_t first = at[0];
    size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    uint32_t code = size == 1 ? first : first & (0xFFu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xC0) != 0x80) {
            *ret_size = i;
            return 0xFFFD;
        }
        code = code << 6 | (at[i] & 0x3Fu);
    }
    *ret_size = size;
    return code;
}

static bool is_latin(uint8_t letter)
{
    return letter >= 'a' && letter <= 'z';
}

static bool is_cyrillic(uint8_t letter)
{
    return letter >= CY_A && letter <= CY_YA;
}

static bool is_word_byte(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte >= 0x80;
}

/* Letters of neighbouring alphabets that a Russian keyboard's owner mixes in, and Greek look-alikes. */
static uint8_t other_letter(uint32_t code)
{
    static const struct {
        uint16_t code;
        uint8_t letter;
    } table[] = {
        {0x0451, CY_E}, {0x0454, CY_E}, {0x0456, CY_I}, {0x0457, CY_I}, {0x0491, CY_G}, {0x045E, CY_U}, {0x04D9, CY_A},
        {0x049B, CY_K}, {0x04A3, CY_N}, {0x04E9, CY_O}, {0x04B1, CY_U}, {0x04AF, CY_U}, {0x04BB, CY_H}, {0x0493, CY_G},
        {0x03B1, 'a'},  {0x03B5, 'e'},  {0x03B9, 'i'},  {0x03BA, 'k'},  {0x03BD, 'v'},  {0x03BF, 'o'},  {0x03C1, 'p'},
        {0x03C4, 't'},  {0x03C5, 'u'},  {0x03C7, 'x'},  {0x0131, 'i'},  {0x00E0, 'a'},  {0x00E1, 'a'},  {0x00E4, 'a'},
        {0x00E7, 'c'},  {0x00E8, 'e'},  {0x00E9, 'e'},  {0x00EA, 'e'},  {0x00ED, 'i'},  {0x00EF, 'i'},  {0x00F1, 'n'},
        {0x00F3, 'o'},  {0x00F6, 'o'},  {0x00FA, 'u'},  {0x00FC, 'u'},  {0x0455, 's'},  {0x0458, 'j'},  {0x0501, 'd'},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].code == code) {
            return table[i].letter;
        }
    }
    return 0;
}

static enum mark classify(const struct scan *scan, uint32_t code, size_t size, uint8_t *ret_letter)
{
    bool inside = scan->raw.length > 0 && is_word_byte(scan->at[size]);
    if ((code >= 'a' && code <= 'z') || (code >= '0' && code <= '9')) {
        *ret_letter = (uint8_t)code;
        return MARK_LETTER;
    }
    if (code >= 0x0430 && code <= 0x044F) {
        *ret_letter = (uint8_t)(FAM_SAFETY_CYRILLIC + (code - 0x0430));
        return MARK_LETTER;
    }
    if (inside && (code == '*' || code == '@' || code == '$' || code == '#')) {
        *ret_letter = code == '@' ? 'a' : code == '$' ? 's' : '*';
        return MARK_LETTER;
    }
    if (inside && (code == '!' || code == '|') && is_latin(scan->raw.letters[scan->raw.length - 1]) &&
        is_latin(scan->at[size])) {
        *ret_letter = 'i';
        return MARK_LETTER;
    }
    if (code == '\'' || code == '`' || code == 0x2019 || code == 0x2018 || code == 0x02BC || code == 0x00B4 ||
        (code >= 0x0300 && code <= 0x036F) || (code >= 0x0483 && code <= 0x0489)) {
        return MARK_NOTHING;
    }
    if (code == '.' || code == '!' || code == '?' || code == ';') {
        return MARK_END;
    }
    *ret_letter = other_letter(code);
    return *ret_letter != 0 ? MARK_LETTER : MARK_SPACE;
}

/* The Cyrillic letter that looks like (or replaces) a Latin letter or a digit; 0: none. */
static uint8_t cyrillic_twin(uint8_t letter)
{
    switch (letter) {
    case 'a':
        return CY_A;
    case 'b':
        return CY_V;
    case 'c':
        return CY_S;
    case 'e':
        return CY_E;
    case 'h':
        return CY_N;
    case 'k':
        return CY_K;
    case 'm':
        return CY_M;
    case 'o':
    case '0':
        return CY_O;
    case 'p':
        return CY_R;
    case 't':
        return CY_T;
    case 'u':
    case 'i':
    case '1':
        return CY_I;
    case 'x':
        return CY_H;
    case 'y':
        return CY_U;
    case 'r':
        return CY_G;
    case 'n':
        return CY_P;
    case '3':
        return CY_Z;
    case '4':
        return CY_CH;
    case '6':
        return CY_B;
    case '*':
        return '*';
    default:
        return 0;
    }
}

/* The Latin letter that looks like a Cyrillic one, or stands behind a digit; 0: none. */
static uint8_t latin_twin(uint8_t letter)
{
    switch (letter) {
    case CY_A:
    case '4':
        return 'a';
    case CY_V:
        return 'b';
    case CY_S:
        return 'c';
    case CY_E:
    case '3':
        return 'e';
    case CY_N:
        return 'h';
    case CY_K:
        return 'k';
    case CY_M:
        return 'm';
    case CY_O:
    case '0':
        return 'o';
    case CY_R:
        return 'p';
    case CY_T:
        return 't';
    case CY_H:
        return 'x';
    case CY_U:
        return 'y';
    case CY_I:
    case '1':
        return 'i';
    case '5':
        return 's';
    case '7':
        return 't';
    case '*':
        return '*';
    default:
        return 0;
    }
}

/* The whole word in one alphabet, or an empty word when some letter has no twin there. */
static struct fam_safety_word in_alphabet(const struct fam_safety_word *raw, bool cyrillic)
{
    struct fam_safety_word word = {.length = raw->length};
    for (size_t i = 0; i < raw->length; i++) {
        uint8_t letter = raw->letters[i];
        bool native = cyrillic ? is_cyrillic(letter) : is_latin(letter);
        word.letters[i] = native ? letter : cyrillic ? cyrillic_twin(letter) : latin_twin(letter);
        if (word.letters[i] == 0) {
            word.length = 0;
            return word;
        }
    }
    return word;
}

/* Replaces `from` by `to` letters at `at`; `to` is never longer. */
static void shorten(struct fam_safety_word *word, size_t at, size_t from, const uint8_t *to, size_t to_length)
{
    memcpy(word->letters + at, to, to_length);
    memmove(word->letters + at + to_length, word->letters + at + from, word->length - at - from);
    word->length = (uint8_t)(word->length - (from - to_length));
}

static bool starts_at(const struct fam_safety_word *word, size_t at, const uint8_t *letters, size_t length)
{
    return at + length <= word->length && memcmp(word->letters + at, letters, length) == 0;
}

static void fold_doubles(struct fam_safety_word *word)
{
    size_t kept = 0;
    for (size_t i = 0; i < word->length; i++) {
        if (kept == 0 || word->letters[i] != word->letters[kept - 1]) {
            word->letters[kept++] = word->letters[i];
        }
    }
    word->length = (uint8_t)kept;
}

void fam_safety_fold(struct fam_safety_word *word)
{
    static const uint8_t reflexive_soft[] = {CY_T, CY_SOFT, CY_S, CY_YA}, reflexive[] = {CY_T, CY_S, CY_YA};
    static const uint8_t reflexive_folded[] = {CY_TS, CY_A};
    fold_doubles(word);
    if (word->length == 2 && word->letters[0] == CY_N && word->letters[1] == CY_I) {
        word->letters[1] = CY_E; /* "ни хочу" */
    }
    for (size_t i = 0; i < word->length; i++) {
        uint8_t before = i > 0 ? word->letters[i - 1] : 0;
        if (before == CY_ZH || before == CY_SH || before == CY_CH || before == CY_SHCH) {
            uint8_t letter = word->letters[i];
            word->letters[i] = letter == CY_Y ? CY_I : letter == CY_YA ? CY_A : letter == CY_YU ? CY_U : letter;
        }
        if (starts_at(word, i, reflexive_soft, sizeof reflexive_soft)) {
            shorten(word, i, sizeof reflexive_soft, reflexive_folded, sizeof reflexive_folded);
        } else if (starts_at(word, i, reflexive, sizeof reflexive)) {
            shorten(word, i, sizeof reflexive, reflexive_folded, sizeof reflexive_folded);
        }
    }
}

struct fam_safety_word fam_safety_translit_key(const struct fam_safety_word *word)
{
    static const uint8_t sch[] = {CY_S, CY_CH}, tsya[] = {CY_TS, CY_YA}, tsa[] = {CY_TS, CY_A}, sh = CY_SH;
    struct fam_safety_word key = {0};
    for (size_t i = 0; i < word->length; i++) {
        uint8_t letter = word->letters[i];
        if (letter == CY_SOFT || letter == CY_HARD) {
            continue;
        }
        letter = letter == CY_Y || letter == CY_J ? CY_I : letter == CY_EH ? CY_E : letter == CY_SHCH ? CY_SH : letter;
        key.letters[key.length++] = letter;
    }
    for (size_t i = 0; i < key.length; i++) {
        if (starts_at(&key, i, sch, sizeof sch)) {
            shorten(&key, i, sizeof sch, &sh, 1);
        } else if (starts_at(&key, i, tsya, sizeof tsya)) {
            shorten(&key, i, sizeof tsya, tsa, sizeof tsa);
        }
    }
    fold_doubles(&key);
    return key;
}

/* Longest first within a first letter. */
static const struct {
    const char *latin;
    uint8_t cyrillic[2];
} translit_table[] = {
    {"shch", {CY_SH, 0}}, {"sch", {CY_SH, 0}}, {"zh", {CY_ZH, 0}}, {"kh", {CY_H, 0}},  {"ch", {CY_CH, 0}},
    {"sh", {CY_SH, 0}},   {"ts", {CY_TS, 0}},  {"yo", {CY_E, 0}},  {"jo", {CY_E, 0}},  {"io", {CY_E, 0}},
    {"ya", {CY_YA, 0}},   {"ja", {CY_YA, 0}},  {"ia", {CY_YA, 0}}, {"yu", {CY_YU, 0}}, {"ju", {CY_YU, 0}},
    {"iu", {CY_YU, 0}},   {"ye", {CY_E, 0}},   {"je", {CY_E, 0}},  {"ie", {CY_E, 0}},  {"ji", {CY_ZH, CY_I}},
    {"a", {CY_A, 0}},     {"b", {CY_B, 0}},    {"c", {CY_TS, 0}},  {"d", {CY_D, 0}},   {"e", {CY_E, 0}},
    {"f", {CY_F, 0}},     {"g", {CY_G, 0}},    {"h", {CY_H, 0}},   {"i", {CY_I, 0}},   {"j", {CY_I, 0}},
    {"k", {CY_K, 0}},     {"l", {CY_L, 0}},    {"m", {CY_M, 0}},   {"n", {CY_N, 0}},   {"o", {CY_O, 0}},
    {"p", {CY_P, 0}},     {"q", {CY_K, 0}},    {"r", {CY_R, 0}},   {"s", {CY_S, 0}},   {"t", {CY_T, 0}},
    {"u", {CY_U, 0}},     {"v", {CY_V, 0}},    {"w", {CY_V, 0}},   {"x", {CY_H, 0}},   {"y", {CY_I, 0}},
    {"z", {CY_Z, 0}},     {"4", {CY_CH, 0}},   {"6", {CY_SH, 0}},  {"0", {CY_O, 0}},   {"*", {'*', 0}},
};

/* Empty when a letter has no Russian spelling. */
static struct fam_safety_word transliterate(const struct fam_safety_word *latin)
{
    struct fam_safety_word word = {0};
    size_t at = 0;
    while (at < latin->length) {
        size_t row = 0, used = 0;
        for (; row < sizeof translit_table / sizeof translit_table[0]; row++) {
            used = strlen(translit_table[row].latin);
            if (starts_at(latin, at, (const uint8_t *)translit_table[row].latin, used)) {
                break;
            }
        }
        if (row == sizeof translit_table / sizeof translit_table[0]) {
            return (struct fam_safety_word){0};
        }
        for (size_t i = 0; i < 2 && translit_table[row].cyrillic[i] != 0; i++) {
            word.letters[word.length++] = translit_table[row].cyrillic[i];
        }
        at += used;
    }
    return fam_safety_translit_key(&word);
}

/* Chooses the alphabet of a word that mixes two, and its other possible spelling. */
static void spell(const struct fam_safety_word *raw, bool text_has_cyrillic, struct fam_safety_token *token)
{
    bool latin = false, cyrillic = false;
    for (size_t i = 0; i < raw->length; i++) {
        latin = latin || is_latin(raw->letters[i]);
        cyrillic = cyrillic || is_cyrillic(raw->letters[i]);
    }
    struct fam_safety_word as_latin = in_alphabet(raw, false), as_cyrillic = in_alphabet(raw, true);
    if (!latin && !cyrillic) {
        token->spelling[0] = *raw;
    } else if (!latin) {
        token->spelling[0] = as_cyrillic.length > 0 ? as_cyrillic : *raw;
    } else if (!cyrillic) {
        token->spelling[0] = as_latin.length > 0 ? as_latin : *raw;
        token->spelling[1] = text_has_cyrillic ? as_cyrillic : (struct fam_safety_word){0};
        token->translit = transliterate(raw);
    } else {
        token->spelling[0] = as_cyrillic.length > 0 ? as_cyrillic : as_latin.length > 0 ? as_latin : *raw;
        token->spelling[1] = as_cyrillic.length > 0 ? as_latin : (struct fam_safety_word){0};
    }
    fam_safety_fold(&token->spelling[0]);
    fam_safety_fold(&token->spelling[1]);
}

/* Commas, colons, brackets, quotation marks, long dashes, new lines. A hyphen stands between words. */
static bool ends_clause(uint32_t code)
{
    static const uint32_t SIGNS[] = {',', ':', '(', ')', '"', '\n', 0xAB, 0xBB, 0x2013, 0x2014, 0x201C, 0x201D, 0x201E};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(SIGNS); i++) {
        if (code == SIGNS[i]) {
            return true;
        }
    }
    return false;
}

/* A word that begins a clause without a comma. */
static bool is_conjunction(const struct fam_safety_word *word)
{
    static const char *const WORDS[] = {"and", "but", "or", "then", "и", "а", "но", "или", "потом", "поэтому"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(WORDS); i++) {
        const unsigned char *at = (const unsigned char *)WORDS[i];
        size_t length = 0;
        bool equal = true;
        for (size_t size = 0; equal && *at != 0; at += size, length++) {
            uint32_t code = decode(at, &size);
            uint32_t letter = code < 0x80 ? code : FAM_SAFETY_CYRILLIC + (code - 0x0430);
            equal = length < word->length && word->letters[length] == letter;
        }
        if (equal && length == word->length) {
            return true;
        }
    }
    return false;
}

static bool end_word(struct scan *scan)
{
    if (scan->raw.length == 0) {
        return true;
    }
    if (scan->count == scan->capacity) {
        size_t capacity = scan->capacity == 0 ? 64 : scan->capacity * 2;
        struct fam_safety_token *grown = realloc(scan->tokens, capacity * sizeof *grown);
        if (grown == NULL) {
            return false;
        }
        scan->tokens = grown;
        scan->capacity = capacity;
    }
    struct fam_safety_token *token = &scan->tokens[scan->count++];
    *token = (struct fam_safety_token){
        .sentence_before = scan->sentence,
        .clause_before = scan->sentence || scan->clause || is_conjunction(&scan->raw),
    };
    token->spelling[0] = scan->raw; /* spelled out when the whole text is known */
    scan->raw.length = 0;
    scan->sentence = scan->clause = false;
    return true;
}

/* A stretched word ("умерееееееее…") must not lose its end to the cut, so a letter counts three times at most. */
static void add_letter(struct fam_safety_word *word, uint8_t letter)
{
    size_t length = word->length;
    if (length >= FAM_SAFETY_WORD_MAX) {
        return;
    }
    if (length >= 2 && word->letters[length - 1] == letter && word->letters[length - 2] == letter) {
        return;
    }
    word->letters[word->length++] = letter;
}

/* Four or more words of one letter each are one word typed apart. */
static size_t join_spaced(struct fam_safety_token *tokens, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count;) {
        size_t run = 0;
        while (i + run < count && tokens[i + run].spelling[0].length == 1) {
            run++;
        }
        if (run < 4) {
            tokens[kept++] = tokens[i++];
            continue;
        }
        struct fam_safety_token joined = {.sentence_before = tokens[i].sentence_before,
                                          .clause_before = tokens[i].clause_before};
        for (size_t k = 0; k < run; k++) {
            add_letter(&joined.spelling[0], tokens[i + k].spelling[0].letters[0]);
        }
        tokens[kept++] = joined;
        i += run;
    }
    return kept;
}

static bool scan_text(struct scan *scan)
{
    while (*scan->at != 0) {
        size_t size = 0;
        uint8_t letter = 0;
        uint32_t code = decode(scan->at, &size);
        switch (classify(scan, code, size, &letter)) {
        case MARK_LETTER:
            scan->any_cyrillic = scan->any_cyrillic || is_cyrillic(letter);
            add_letter(&scan->raw, letter);
            break;
        case MARK_NOTHING:
            break;
        case MARK_END: {
            /* Dots in a row are a pause, and a dot inside a word is disguise; neither ends a sentence. */
            bool pause = code == '.' && (scan->at[1] == '.' || is_word_byte(scan->at[1]));
            if (!end_word(scan)) {
                return false;
            }
            scan->sentence = !pause;
            scan->clause = true;
            while (pause && scan->at[size] == '.') {
                size++;
            }
            break;
        }
        case MARK_SPACE:
            if (!end_word(scan)) {
                return false;
            }
            scan->clause = scan->clause || ends_clause(code);
            break;
        }
        scan->at += size;
    }
    return end_word(scan);
}

bool fam_safety_tokenise(const char *text, struct fam_safety_token **ret_tokens, size_t *ret_count)
{
    struct scan scan = {.at = (const unsigned char *)text};
    if (!scan_text(&scan)) {
        free(scan.tokens);
        return false;
    }
    if (scan.tokens == NULL) {
        *ret_tokens = NULL;
        *ret_count = 0;
        return true;
    }
    scan.count = join_spaced(scan.tokens, scan.count);
    for (size_t i = 0; i < scan.count; i++) {
        struct fam_safety_word raw = scan.tokens[i].spelling[0];
        spell(&raw, scan.any_cyrillic, &scan.tokens[i]);
    }
    *ret_tokens = scan.tokens;
    *ret_count = scan.count;
    return true;
}
