#include <stdio.h>
#include <string.h>

#include "translate/pseudonym_names.h"
#include "translate/pseudonym_text.h"

enum { CYRILLIC_BYTES = 2 }; /* of a letter а … я in UTF-8 */

struct stem {
    char text[FAM_PSEUDONYM_WORD_BYTES];
    fam_name_emit *emit;
    void *context;
};

static bool ends(const char *word, const char *end)
{
    size_t size = strlen(word), tail = strlen(end);
    return size > tail && strcmp(word + size - tail, end) == 0;
}

/* Is the last letter of `word` one of `letters`? */
static bool last_among(const char *word, const char *letters)
{
    size_t size = strlen(word);
    if (size < CYRILLIC_BYTES) {
        return false;
    }
    for (const char *at = letters; *at != '\0'; at += CYRILLIC_BYTES) {
        if (memcmp(word + size - CYRILLIC_BYTES, at, CYRILLIC_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

static void cut(struct stem *stem, const char *word, size_t letters)
{
    size_t size = strlen(word);
    size_t dropped = letters * CYRILLIC_BYTES;
    size_t kept = size > dropped ? size - dropped : 0;
    memcpy(stem->text, word, kept);
    stem->text[kept] = '\0';
}

/* The stem with each of the ends, split by spaces; "0" is no end. */
static bool put(const struct stem *stem, const char *list, enum fam_name_form kind)
{
    char form[2 * FAM_PSEUDONYM_WORD_BYTES];
    for (const char *at = list; *at != '\0';) {
        size_t size = strcspn(at, " ");
        bool none = size == 1 && *at == '0';
        int written = snprintf(form, sizeof(form), "%s%.*s", stem->text, none ? 0 : (int)size, at);
        if (written <= 0 || written >= FAM_PSEUDONYM_WORD_BYTES) {
            return true; /* too long to be met in a text */
        }
        if (!stem->emit(stem->context, form, kind)) {
            return false;
        }
        at += size + (at[size] == ' ' ? 1 : 0);
    }
    return true;
}

static bool inflect_a(struct stem *stem, const char *word)
{
    cut(stem, word, 1);
    bool hush = last_among(stem->text, "жчшщ"), velar = last_among(stem->text, "кгх");
    const char *cases = hush                          ? "и е у ей ой ею"
                        : velar                       ? "и е у ой ою"
                        : last_among(stem->text, "ц") ? "ы е у ей ой"
                                                      : "ы е у ой ою";
    return put(stem, cases, FAM_NAME_OBLIQUE) && put(stem, "0", FAM_NAME_VOCATIVE);
}

static bool inflect_ya(struct stem *stem, const char *word)
{
    cut(stem, word, 1);
    bool vowel = last_among(stem->text, "аеиоуыэюя"), after_i = last_among(stem->text, "и");
    if (ends(word, "ья") || after_i) {
        return put(stem, after_i ? "и ю ей ею" : "и е ю ей ею", FAM_NAME_OBLIQUE);
    }
    return put(stem, "и е ю ей ею", FAM_NAME_OBLIQUE) && put(stem, vowel ? "й" : "ь", FAM_NAME_VOCATIVE);
}

static bool inflect_consonant(struct stem *stem, const char *word)
{
    cut(stem, word, 0);
    return put(stem, last_among(word, "жчшщц") ? "а у ем ом е" : "а у ом е", FAM_NAME_OBLIQUE);
}

bool fam_name_inflect(const char *folded, const char *short_stem, char sex, fam_name_emit *emit, void *context)
{
    struct stem stem = {.emit = emit, .context = context};
    if (!emit(context, folded, FAM_NAME_NOMINATIVE)) {
        return false;
    }
    if (sex == 'x') {
        return true;
    }
    if (short_stem != NULL) {
        return inflect_consonant(&stem, short_stem);
    }
    if (ends(folded, "а")) {
        return inflect_a(&stem, folded);
    }
    if (ends(folded, "я")) {
        return inflect_ya(&stem, folded);
    }
    if (ends(folded, "ий")) {
        cut(&stem, folded, 1);
        return put(&stem, "я ю ем и", FAM_NAME_OBLIQUE);
    }
    if (ends(folded, "й")) {
        cut(&stem, folded, 1);
        return put(&stem, "я ю ем е", FAM_NAME_OBLIQUE);
    }
    if (ends(folded, "ь")) {
        cut(&stem, folded, 1);
        return put(&stem, sex == 'f' ? "и ью" : sex == 'm' ? "я ю ем е" : "я ю ем е и ью", FAM_NAME_OBLIQUE);
    }
    if (sex != 'f' && last_among(folded, "бвгджзклмнпрстфхцчшщ")) {
        return inflect_consonant(&stem, folded);
    }
    return true;
}

bool fam_name_inflect_surname(const char *folded, fam_name_emit *emit, void *context)
{
    static const char *const short_ends[] = {"ов", "ев", "ин", "ын"};
    struct stem stem = {.emit = emit, .context = context};
    bool female = ends(folded, "а");
    cut(&stem, folded, female ? 1 : 0);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(short_ends); i++) {
        if (ends(stem.text, short_ends[i])) {
            return put(&stem, "0 а у ым е ы ых ыми ой ою", FAM_NAME_OBLIQUE);
        }
    }
    cut(&stem, folded, 2);
    if ((ends(folded, "ий") || ends(folded, "ая") || ends(folded, "ой")) && last_among(stem.text, "к")) {
        return put(&stem, "ий ой ого ому им ом ая ую ие их ими", FAM_NAME_OBLIQUE);
    }
    return true;
}

/* Ends of diminutives, with their cases: the nominative's end first. */
static const struct {
    const char *suffix;
    const char *cases;
    bool of_consonant; /* also of a name without -а: Максим, Максимка */
    bool of_vowel;     /* of a name in -а or -я */
} diminutives[] = {
    {"к", "а и е у ой", true, true},     {"ьк", "а и е у ой", true, true},    {"йк", "а и е у ой", false, true},
    {"еньк", "а и е у ой", false, true}, {"оньк", "а и е у ой", false, true}, {"ечк", "а и е у ой", false, true},
    {"очк", "а и е у ой", false, true},  {"ичк", "а и е у ой", false, true},  {"ушк", "а и е у ой", true, true},
    {"юшк", "а и е у ой", false, true},  {"ул", "я и е ю ей ь", false, true}, {"юл", "я и е ю ей ь", false, true},
    {"ун", "я и е ю ей ь", false, true}, {"юн", "я и е ю ей ь", false, true}, {"ус", "я и е ю ей ь", false, true},
    {"юс", "я и е ю ей ь", false, true}, {"уш", "а и е у ей 0", true, true},  {"юш", "а и е у ей 0", false, true},
    {"ютк", "а и е у ой", false, true},  {"утк", "а и е у ой", false, true},  {"ик", "0 а у ом е", true, false},
    {"чик", "0 а у ом е", true, false},
};

struct strip {
    const char *word;
    size_t size; /* of the word, bytes */
    fam_name_found *found;
    void *context;
};

/* Is called with the length of suffix and end, which the word has. */
typedef bool strip_visit(const struct strip *strip, size_t row, size_t tail);

/* Tries the names that may be before a diminutive's suffix. */
static bool try_stem(const struct strip *strip, size_t row, size_t tail)
{
    static const char *const tails[] = {"а", "я", ""};
    const char *suffix = diminutives[row].suffix, *first = diminutives[row].cases;
    size_t kept = strip->size - tail;
    size_t first_size = *first == '0' ? 0 : strcspn(first, " ");
    char nominative[2 * FAM_PSEUDONYM_WORD_BYTES], name[2 * FAM_PSEUDONYM_WORD_BYTES];
    (void)snprintf(nominative, sizeof(nominative), "%.*s%s%.*s", (int)kept, strip->word, suffix, (int)first_size,
                   first);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(tails); i++) {
        if (tails[i][0] == '\0' ? !diminutives[row].of_consonant : !diminutives[row].of_vowel) {
            continue;
        }
        (void)snprintf(name, sizeof(name), "%.*s%s", (int)kept, strip->word, tails[i]);
        if (strip->found(strip->context, name, nominative, FAM_NAME_DERIVED)) {
            return true;
        }
    }
    return false;
}

/* Calls `visit` for each end of `cases` with which the word ends after `suffix`, two letters or more before them. */
static bool for_ends(const struct strip *strip, const char *suffix, const char *cases, size_t row, strip_visit *visit)
{
    size_t suffix_size = strlen(suffix);
    const char *word_end = strip->word + strip->size;
    for (const char *at = cases; *at != '\0';) {
        size_t length = strcspn(at, " "), end = *at == '0' ? 0 : length, tail = suffix_size + end;
        if (strip->size >= tail + 2 * CYRILLIC_BYTES && memcmp(word_end - end, at, end) == 0 &&
            memcmp(word_end - tail, suffix, suffix_size) == 0 && visit(strip, row, tail)) {
            return true;
        }
        at += length + (at[length] == ' ' ? 1 : 0);
    }
    return false;
}

static bool try_possessive(const struct strip *strip, size_t row, size_t tail)
{
    (void)row;
    char name[2 * FAM_PSEUDONYM_WORD_BYTES];
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(name, sizeof(name), "%.*s%s", (int)(strip->size - tail), strip->word, i == 0 ? "а" : "я");
        if (strip->found(strip->context, name, "", FAM_NAME_POSSESSIVE)) {
            return true;
        }
    }
    return false;
}

/* Does a letter that every diminutive and possessive has stand near the word's end? Most words end here. */
static bool may_be_stripped(const struct strip *strip)
{
    enum { REACH = 4 }; /* letters of the longest end with the suffix's last letter */
    static const char *const letters[] = {"к", "л", "н", "с", "ш"};
    for (size_t back = 1; back <= REACH && back * CYRILLIC_BYTES < strip->size; back++) {
        for (size_t i = 0; i < FAM_ARRAY_SIZE(letters); i++) {
            if (memcmp(strip->word + strip->size - back * CYRILLIC_BYTES, letters[i], CYRILLIC_BYTES) == 0) {
                return true;
            }
        }
    }
    return false;
}

bool fam_name_strip(const char *folded, fam_name_found *found, void *context)
{
    struct strip strip = {.word = folded, .size = strlen(folded), .found = found, .context = context};
    if (!may_be_stripped(&strip)) {
        return false;
    }
    for (size_t row = 0; row < FAM_ARRAY_SIZE(diminutives); row++) {
        if (for_ends(&strip, diminutives[row].suffix, diminutives[row].cases, row, try_stem)) {
            return true;
        }
    }
    return for_ends(&strip, "ин", "0 а о ы у ой ого ому им ым ых ом ыми", 0, try_possessive);
}

/* Latin letters, the longest row first within a first letter, and what they stand for. */
static const struct {
    const char *latin, *cyrillic;
} translit[] = {
    {"shch", "ш"}, {"sch", "ш"}, {"zh", "ж"}, {"kh", "х"}, {"ch", "ч"}, {"sh", "ш"}, {"ts", "ц"}, {"yo", "е"},
    {"jo", "е"},   {"ya", "я"},  {"ja", "я"}, {"ia", "я"}, {"yu", "ю"}, {"ju", "ю"}, {"iu", "ю"}, {"ye", "е"},
    {"je", "е"},   {"ph", "ф"},  {"th", "т"}, {"ck", "к"}, {"a", "а"},  {"b", "б"},  {"c", "к"},  {"d", "д"},
    {"e", "е"},    {"f", "ф"},   {"g", "г"},  {"h", "х"},  {"i", "и"},  {"j", "и"},  {"k", "к"},  {"l", "л"},
    {"m", "м"},    {"n", "н"},   {"o", "о"},  {"p", "п"},  {"q", "к"},  {"r", "р"},  {"s", "с"},  {"t", "т"},
    {"u", "у"},    {"v", "в"},   {"w", "в"},  {"x", "кс"}, {"y", "и"},  {"z", "з"},
};

/* A Cyrillic letter as the key spells it; NULL: not a Russian letter. */
static const char *key_letter(const char *at)
{
    static const char *const changed[][2] = {{"ь", ""},  {"ъ", ""},  {"й", "и"}, {"ы", "и"}, {"э", "е"},
                                             {"щ", "ш"}, {"і", "и"}, {"ї", "и"}, {"є", "е"}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(changed); i++) {
        if (memcmp(at, changed[i][0], CYRILLIC_BYTES) == 0) {
            return changed[i][1];
        }
    }
    return NULL;
}

/* Appends a letter of the key: doubled letters once, ия as я. */
static bool key_add(char *out, size_t *size, const char *letter)
{
    size_t step = strlen(letter);
    if (*size >= CYRILLIC_BYTES && step == CYRILLIC_BYTES) {
        char *last = out + *size - CYRILLIC_BYTES;
        if (memcmp(last, letter, CYRILLIC_BYTES) == 0) {
            return true;
        }
        if (memcmp(last, "и", CYRILLIC_BYTES) == 0 && strcmp(letter, "я") == 0) {
            *size -= CYRILLIC_BYTES;
        }
    }
    if (*size + step >= FAM_NAME_NOMINATIVE_BYTES) {
        return false;
    }
    for (size_t i = 0; i < step; i++) {
        out[(*size)++] = letter[i];
    }
    return true;
}

bool fam_name_key(const char *folded, bool cyrillic, char out[FAM_NAME_NOMINATIVE_BYTES])
{
    size_t size = 0;
    for (const char *at = folded; *at != '\0';) {
        const char *letter = NULL;
        char own[CYRILLIC_BYTES + 1] = "";
        if (cyrillic) {
            if (((unsigned char)*at & 0xe0) != 0xc0) {
                return false;
            }
            memcpy(own, at, CYRILLIC_BYTES);
            letter = key_letter(at);
            letter = letter == NULL ? own : letter;
            at += CYRILLIC_BYTES;
        } else {
            for (size_t row = 0; row < FAM_ARRAY_SIZE(translit) && letter == NULL; row++) {
                size_t used = strlen(translit[row].latin);
                if (strncmp(at, translit[row].latin, used) == 0) {
                    letter = translit[row].cyrillic;
                    at += used;
                }
            }
        }
        if (letter == NULL || !key_add(out, &size, letter)) {
            return false;
        }
    }
    out[size] = '\0';
    return size >= 3 * CYRILLIC_BYTES;
}
