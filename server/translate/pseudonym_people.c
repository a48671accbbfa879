#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "translate/pseudonym_spans.h"

enum { WORDS_AFTER = 3 }; /* patronymic, surname, and one more */

struct search {
    const struct fam_pseudonym_words *words;
    const struct fam_names *names;
    const struct fam_pseudonym_family *family;
};

/* A word that is a name. */
struct person {
    int known;
    struct fam_name_hit hit;
    enum fam_name_form form;
    bool sure; /* needs no capital and no neighbour to be one */
};

static const char naming[] = " зовут звать имя named called name ";
static const char titles[] = " mr mrs ms dr ";

static const struct fam_pseudonym_word *word_at(const struct search *search, size_t i)
{
    static const struct fam_pseudonym_word none = {.number = true};
    return i < search->words->count ? &search->words->items[i] : &none;
}

static unsigned flags_at(const struct search *search, size_t i)
{
    return i < search->words->count ? fam_names_word(search->names, search->words->items[i].folded) : 0;
}

static bool ends(const char *word, const char *end)
{
    size_t size = strlen(word), tail = strlen(end);
    return size > tail && strcmp(word + size - tail, end) == 0;
}

/* "in May" is a month. */
static bool is_month(const struct search *search, size_t i)
{
    return fam_pseudonym_among(search->words, i, " may april june august ") && i > 0 &&
           (fam_pseudonym_among(search->words, i - 1,
                                " in last next this of until till since by every early late mid before after on ") ||
            word_at(search, i - 1)->number || word_at(search, i + 1)->number);
}

/* Somebody whose is told by a possessive. */
static bool is_kin(const struct search *search, size_t i)
{
    return fam_pseudonym_gap(search->words, i - 1, " ") &&
           ((flags_at(search, i) & FAM_NAME_WORD_ROLE) != 0 ||
            fam_pseudonym_among(search->words, i, " мама мамы маме маму мамой папа папы папе папу папой родители "));
}

/* "зовут Вера", "зовут её вера". */
static bool is_named(const struct search *search, size_t i)
{
    return (i > 0 && fam_pseudonym_among(search->words, i - 1, naming)) ||
           (i > 1 && fam_pseudonym_among(search->words, i - 2, naming) &&
            fam_pseudonym_among(search->words, i - 1, " ее его меня тебя их нас is was him her me "));
}

/* Is the word in the lexicon, or of the family? */
static bool look_up(const struct search *search, const struct fam_pseudonym_word *word, struct person *person)
{
    *person = (struct person){.known = FAM_PSEUDONYM_NOT_KNOWN};
    bool listed = fam_names_find(search->names, word->folded, word->cyrillic, &person->hit);
    person->form = person->hit.form;
    person->known = fam_pseudonym_family_find(search->family, search->names, word, &person->hit, &person->form);
    return listed || person->known != FAM_PSEUDONYM_NOT_KNOWN;
}

/* "emmas toy", typed without its apostrophe. */
static bool look_up_possessive(const struct search *search, const struct fam_pseudonym_word *word,
                               struct person *person, unsigned *flags)
{
    struct fam_pseudonym_word owner = *word;
    size_t size = strlen(owner.folded);
    if (word->cyrillic || size < 4 || owner.folded[size - 1] != 's' || *flags != 0) {
        return false;
    }
    owner.folded[size - 1] = '\0';
    *flags = fam_names_word(search->names, owner.folded);
    return look_up(search, &owner, person) && person->form == FAM_NAME_NOMINATIVE;
}

/* Is word i a first name, or of the family? */
static bool is_name(const struct search *search, size_t i, struct person *person)
{
    const struct fam_pseudonym_word *word = word_at(search, i);
    if (word->number || word->letters < 2) {
        return false;
    }
    unsigned flags = flags_at(search, i);
    if (!look_up(search, word, person) && !look_up_possessive(search, word, person, &flags)) {
        return false;
    }
    if (person->form == FAM_NAME_POSSESSIVE && is_kin(search, i + 1)) {
        person->sure = true; /* "машина мама" */
        return true;
    }
    bool inside = word->capital && !word->opens && !is_month(search, i);
    if (person->known != FAM_PSEUDONYM_NOT_KNOWN) {
        bool called = person->form == FAM_NAME_VOCATIVE && fam_pseudonym_gap(search->words, i, ", |! |!|,|... ");
        bool plain_form = person->form != FAM_NAME_VOCATIVE && person->form != FAM_NAME_POSSESSIVE;
        bool own = (plain_form || called) && word->capital && !is_month(search, i);
        person->sure = (flags & FAM_NAME_WORD_GRAMMAR) == 0 || inside || own;
        return true;
    }
    bool plain = (flags & (FAM_NAME_WORD_COMMON | FAM_NAME_WORD_GRAMMAR | FAM_NAME_WORD_STOP)) == 0;
    /* "sayd" is no Саид: what Latin letters only resemble needs a capital or some length. */
    bool short_one = word->letters < 3 || (person->form == FAM_NAME_VOCATIVE && word->letters < 4) ||
                     (person->form == FAM_NAME_LATIN && word->letters < 5 && !word->capital);
    bool named = is_named(search, i) && (flags & FAM_NAME_WORD_STOP) == 0;
    bool role = i > 0 && word->capital && (flags_at(search, i - 1) & FAM_NAME_WORD_ROLE) != 0 &&
                fam_pseudonym_gap(search->words, i - 1, " |. ");
    person->sure = (plain && !short_one) || inside || named || role;
    return true;
}

/* The name from which a patronymic is made stands in the genitive before its end: Иван-а, Серге-я, Васил-ия. */
static bool is_patronymic_of(const struct search *search, const char *stem, size_t size)
{
    static const char *const tails[] = {"а", "я", "ия"};
    char name[2 * FAM_PSEUDONYM_WORD_BYTES];
    size_t soft = strlen("ь");
    for (size_t i = 0; i < FAM_ARRAY_SIZE(tails); i++) {
        bool drop = i == 2 && size > soft && memcmp(stem + size - soft, "ь", soft) == 0;
        struct fam_name_hit hit;
        (void)snprintf(name, sizeof(name), "%.*s%s", (int)(drop ? size - soft : size), stem, tails[i]);
        if (fam_names_find(search->names, name, true, &hit) &&
            (hit.form == FAM_NAME_OBLIQUE || hit.form == FAM_NAME_NOMINATIVE)) {
            return true;
        }
    }
    return false;
}

/* Ivanovich, Ivanovna in any case; *ret_stem is how much of the word all cases share, *ret_end the nominative's rest.
 */
static bool is_patronymic(const struct search *search, size_t i, size_t *ret_stem, const char **ret_end)
{
    static const struct {
        const char *suffix, *cases, *nominative;
    } rows[] = {{"ович", "0 а у ем ом е и", "ович"},
                {"евич", "0 а у ем ом е и", "евич"},
                {"овна", "0", "овна"},
                {"овн", "ы е у ой", "овна"},
                {"евна", "0", "евна"},
                {"евн", "ы е у ой", "евна"},
                {"инична", "0", "инична"},
                {"иничн", "ы е у ой", "инична"},
                {"ична", "0", "ична"},
                {"ичн", "ы е у ой", "ична"},
                {"ич", "0 а у ом ем е", "ич"},
                {"ыч", "0 а у ом ем е", "ыч"}};
    const struct fam_pseudonym_word *word = word_at(search, i);
    bool possible = strstr(word->folded, "ич") != NULL || strstr(word->folded, "ыч") != NULL ||
                    strstr(word->folded, "вн") != NULL || strstr(word->folded, "лна") != NULL ||
                    strstr(word->folded, "лну") != NULL || strstr(word->folded, "лны") != NULL ||
                    strstr(word->folded, "лне") != NULL || strstr(word->folded, "анн") != NULL;
    if (word->number || !word->cyrillic || !possible) {
        return false;
    }
    size_t size = strlen(word->folded);
    *ret_end = "";
    *ret_stem = size;
    if (fam_pseudonym_among(search->words, i,
                            " пална палны палне палну михална сергевна николавна алексевна иванна саныч палыч "
                            "михалыч саныча палыча михалыча марьиванна марьиванны марьиванне марьиванну ")) {
        return true;
    }
    for (size_t row = 0; row < FAM_ARRAY_SIZE(rows); row++) {
        for (const char *at = rows[row].cases; *at != '\0';) {
            char end[32];
            size_t length = strcspn(at, " ");
            (void)snprintf(end, sizeof(end), "%s%.*s", rows[row].suffix, *at == '0' ? 0 : (int)length, at);
            if (ends(word->folded, end) && is_patronymic_of(search, word->folded, size - strlen(end))) {
                *ret_stem = size - strlen(end);
                *ret_end = rows[row].nominative;
                return true;
            }
            at += length + (at[length] == ' ' ? 1 : 0);
        }
    }
    return false;
}

static bool has_surname_end(const char *word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ends(word, list[i])) {
            return true;
        }
    }
    return false;
}

/* By its end alone; the ends that ordinary small-letter words share ("уроков", "картина") need the capital. */
static bool looks_like_surname(const struct search *search, size_t i, bool capital)
{
    static const char *const any[] = {"ова", "ева", "овой", "евой", "ову", "еву"};
    static const char *const capitals[] = {"ов",    "ев",    "ин",   "ына",  "ина",  "ский", "ская", "цкий", "цкая",
                                           "ова",   "ева",   "овой", "евой", "ову",  "еву",  "овым", "евым", "ову",
                                           "скому", "ского", "ской", "скую", "ским", "енко", "чук",  "ову"};
    const struct fam_pseudonym_word *word = word_at(search, i);
    if (word->number || !word->cyrillic || word->letters < (capital ? 5 : 6) ||
        (flags_at(search, i) & (FAM_NAME_WORD_STOP | FAM_NAME_WORD_COMMON | FAM_NAME_WORD_GRAMMAR)) != 0) {
        return false;
    }
    return capital ? has_surname_end(word->folded, capitals, FAM_ARRAY_SIZE(capitals))
                   : has_surname_end(word->folded, any, FAM_ARRAY_SIZE(any));
}

/* What a surname keeps in all its cases, as a number. */
static uint64_t surname_extra(const struct fam_pseudonym_word *word)
{
    static const char *const tails[] = {"ого", "ому", "ыми", "ой", "ым", "ых", "ом", "ем", "ей", "ую",
                                        "ая",  "ий",  "ый",  "им", "а",  "у",  "е",  "ы",  "ю",  "я"};
    char stem[FAM_PSEUDONYM_WORD_BYTES];
    memcpy(stem, word->folded, sizeof(stem));
    for (size_t i = 0; word->cyrillic && i < FAM_ARRAY_SIZE(tails); i++) {
        if (ends(stem, tails[i])) {
            stem[strlen(stem) - strlen(tails[i])] = '\0';
            break;
        }
    }
    return fam_name_hash(stem);
}

static bool is_initial(const struct search *search, size_t i)
{
    const struct fam_pseudonym_word *word = word_at(search, i);
    return !word->number && word->letters == 1 && word->capital && search->words->text[word->end] == '.';
}

/* The O of O'Brien at word i. */
static bool is_o_apostrophe(const struct search *search, size_t i)
{
    return word_at(search, i)->letters == 1 && fam_pseudonym_among(search->words, i, " o d ") &&
           word_at(search, i)->capital && fam_pseudonym_gap(search->words, i, "'") && word_at(search, i + 1)->capital &&
           word_at(search, i + 1)->letters > 2;
}

/* A capitalised word that may be a surname. */
static bool is_proper(const struct search *search, size_t i)
{
    const struct fam_pseudonym_word *word = word_at(search, i);
    return !word->number && word->capital && word->letters >= 2 &&
           (flags_at(search, i) & (FAM_NAME_WORD_STOP | FAM_NAME_WORD_ROLE)) == 0;
}

/* May word i go on with the person whose last word is before it? */
static bool goes_on(const struct search *search, size_t first, int known, size_t i)
{
    const struct fam_pseudonym_word *word = word_at(search, i), *begin = word_at(search, first);
    struct person other;
    if (i >= search->words->count || word->number || word->cyrillic != begin->cyrillic) {
        return false;
    }
    bool hyphen = fam_pseudonym_gap(search->words, i - 1, "-");
    if (!hyphen && !fam_pseudonym_gap(search->words, i - 1, " |. |.|'")) {
        return false;
    }
    if (fam_pseudonym_gap(search->words, i - 1, ". |.") && !is_initial(search, i - 1)) {
        return false;
    }
    if (fam_pseudonym_gap(search->words, i - 1, "'") && word_at(search, i - 1)->letters != 1) {
        return false; /* O'Brien, but not Emma's */
    }
    if (is_initial(search, i) || is_o_apostrophe(search, i)) {
        return true;
    }
    bool name = is_name(search, i, &other);
    if (name && other.known == known && known != FAM_PSEUDONYM_NOT_KNOWN) {
        return true; /* both words of "Sarah Parker" */
    }
    if (name && other.sure && !(word->capital && looks_like_surname(search, i, true))) {
        unsigned flags = flags_at(search, i);
        bool middle = !word->cyrillic && other.known == FAM_PSEUDONYM_NOT_KNOWN && word->capital &&
                      (flags & FAM_NAME_WORD_COMMON) != 0; /* Emma Rose */
        return (hyphen && other.known == FAM_PSEUDONYM_NOT_KNOWN) || middle;
    }
    return is_proper(search, i) || looks_like_surname(search, i, word->upper && begin->upper && word->letters > 4);
}

/* A small first letter, as data-made nominatives have, becomes a capital. */
static void put_name(char *out, size_t size, const char *name)
{
    utf8proc_int32_t c = 0;
    utf8proc_uint8_t bytes[5] = {0};
    utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)name, -1, &c);
    if (step > 0) {
        (void)utf8proc_encode_char(utf8proc_toupper(c), bytes);
        (void)snprintf(out, size, "%s%s", (const char *)bytes, name + step);
    }
}

/* Name, or name and patronymic, in the nominative; left empty for more, unless the name stands in it already. */
static void set_nominative(const struct search *search, size_t first, size_t last, const struct person *person,
                           struct fam_pseudonym_span *span)
{
    size_t stem = 0;
    const char *end = "";
    char patronymic[2 * FAM_PSEUDONYM_WORD_BYTES];
    if (person->hit.nominative[0] == '\0') {
        return;
    }
    put_name(span->nominative, sizeof(span->nominative), person->hit.nominative);
    if (last == first) {
        return;
    }
    size_t size = strlen(span->nominative);
    if (last == first + 1 && is_patronymic(search, last, &stem, &end) && end[0] != '\0' &&
        stem + strlen(end) < FAM_PSEUDONYM_WORD_BYTES) {
        (void)snprintf(patronymic, sizeof(patronymic), "%.*s%s", (int)stem, word_at(search, last)->folded, end);
        span->nominative[size++] = ' ';
        put_name(span->nominative + size, sizeof(span->nominative) - size, patronymic);
    } else {
        span->nominative[0] = '\0';
    }
}

static enum fam_pseudonym_kind kind_of(const struct search *search, int known)
{
    static const enum fam_pseudonym_kind kinds[] = {FAM_HIDDEN_CHILD, FAM_HIDDEN_OTHER_CHILD, FAM_HIDDEN_PARENT};
    return known == FAM_PSEUDONYM_NOT_KNOWN ? FAM_HIDDEN_PERSON : kinds[search->family->names[known].kind];
}

/* Nobody calls a child by the patronymic: "Мария Ивановна" is not the Маша of the family. */
static bool is_other_adult(const struct search *search, size_t first, size_t last, int known)
{
    size_t stem = 0;
    const char *end = "";
    enum fam_name_form form;
    const struct fam_name_hit none = {.count = 0};
    if (known == FAM_PSEUDONYM_NOT_KNOWN || search->family->names[known].kind == FAM_KNOWN_PARENT) {
        return false;
    }
    for (size_t i = first + 1; i <= last; i++) {
        if (is_patronymic(search, i, &stem, &end)) {
            return fam_pseudonym_family_find(search->family, search->names, word_at(search, i), &none, &form) != known;
        }
    }
    return false;
}

/* Adds the person of words first … last; `name` is the index of the first name, or beyond `last` when there is none.
 * Returns the word after. */
static size_t add_person(const struct search *search, size_t first, size_t last, size_t name,
                         const struct person *person, struct fam_pseudonym_spans *spans)
{
    struct fam_pseudonym_span span = {.start = word_at(search, first)->start,
                                      .end = word_at(search, last)->end,
                                      .known = person->known,
                                      .kind = kind_of(search, person->known)};
    size_t stem = 0;
    const char *end = "";
    span.end += is_initial(search, last) ? 1 : 0;
    if (is_other_adult(search, first, last, person->known)) {
        span.known = FAM_PSEUDONYM_NOT_KNOWN;
        span.kind = FAM_HIDDEN_PERSON;
    }
    for (size_t i = first; i <= last; i++) {
        if (i == name || is_initial(search, i)) {
            continue;
        }
        if (is_patronymic(search, i, &stem, &end)) {
            char part[FAM_PSEUDONYM_WORD_BYTES];
            (void)snprintf(part, sizeof(part), "%.*s", (int)stem, word_at(search, i)->folded);
            span.extra = fam_name_hash(part);
            break;
        }
        span.extra = surname_extra(word_at(search, i));
    }
    if (name <= last) {
        memcpy(span.bases, person->hit.bases, sizeof(span.bases));
        span.base_count = person->hit.count;
        if (first == name) {
            set_nominative(search, first, last, person, &span);
        }
    }
    fam_pseudonym_spans_add(spans, &span);
    return last + 1;
}

static size_t extend(const struct search *search, size_t first)
{
    struct person person;
    int known = is_name(search, first, &person) ? person.known : FAM_PSEUDONYM_NOT_KNOWN;
    size_t last = first, stem = 0;
    const char *end = "";
    for (size_t taken = 0; taken < WORDS_AFTER; taken++) {
        bool patronymic = fam_pseudonym_gap(search->words, last, " |-") && is_patronymic(search, last + 1, &stem, &end);
        if (!patronymic && !goes_on(search, first, known, last + 1)) {
            break;
        }
        last++;
        if (fam_pseudonym_gap(search->words, last, ". ") && !is_initial(search, last)) {
            break;
        }
    }
    return last;
}

/* Is an unsure name proved by what follows: "Вера Ивановна", "Grace Kelly"? */
static bool is_proved(const struct search *search, size_t first, size_t last)
{
    return last > first && word_at(search, first)->capital;
}

static size_t take_name(const struct search *search, size_t i, struct fam_pseudonym_spans *spans)
{
    struct person person;
    if (!is_name(search, i, &person)) {
        return i;
    }
    size_t last = extend(search, i);
    return person.sure || is_proved(search, i, last) ? add_person(search, i, last, i, &person, spans) : i;
}

/* "Иванова Маша", "ИВАНОВ МАКСИМ". */
static size_t take_surname_and_name(const struct search *search, size_t i, struct fam_pseudonym_spans *spans)
{
    struct person person;
    const struct fam_pseudonym_word *surname = word_at(search, i), *name = word_at(search, i + 1);
    bool written = (surname->capital && name->capital) || (surname->upper && name->upper);
    return written && looks_like_surname(search, i, true) && is_name(search, i + 1, &person)
               ? add_person(search, i, extend(search, i + 1), i + 1, &person, spans)
               : i;
}

/* "Иванова Маша", "Петров И. И.", "И. И. Петров", "J. Smith". */
static size_t take_surname_first(const struct search *search, size_t i, struct fam_pseudonym_spans *spans)
{
    struct person person = {.known = FAM_PSEUDONYM_NOT_KNOWN};
    size_t next = i + 1, none = search->words->count;
    if (is_initial(search, i)) {
        while (next < i + WORDS_AFTER && is_initial(search, next) &&
               fam_pseudonym_gap(search->words, next - 1, ".|. ")) {
            next++;
        }
        bool surname = is_proper(search, next) && word_at(search, next)->letters >= 3 &&
                       fam_pseudonym_gap(search->words, next - 1, ".|. ");
        return surname ? add_person(search, i, next, none, &person, spans) : i;
    }
    if (!word_at(search, i)->cyrillic || !fam_pseudonym_gap(search->words, i, " ")) {
        return i;
    }
    if (is_proper(search, i) && is_initial(search, next)) {
        size_t last = next;
        last += is_initial(search, last + 1) && fam_pseudonym_gap(search->words, last, ".|. ") ? 1 : 0;
        return add_person(search, i, last, none, &person, spans);
    }
    return take_surname_and_name(search, i, spans);
}

/* "учительница Петрова", "Mrs Jones", "mr smith". */
static size_t take_after_role(const struct search *search, size_t i, struct fam_pseudonym_spans *spans)
{
    const struct person person = {.known = FAM_PSEUDONYM_NOT_KNOWN};
    struct person first;
    size_t next = i + 1;
    if ((flags_at(search, i) & FAM_NAME_WORD_ROLE) == 0 || !fam_pseudonym_gap(search->words, i, " |. ")) {
        return i;
    }
    const struct fam_pseudonym_word *word = word_at(search, next);
    bool titled = fam_pseudonym_among(search->words, i, titles);
    bool sentence = fam_pseudonym_gap(search->words, i, ". ") && !titled;
    bool small = (titled && word->letters >= 3 && (flags_at(search, next) & FAM_NAME_WORD_STOP) == 0) ||
                 looks_like_surname(search, next, false);
    if (word->number || sentence || !(is_proper(search, next) || small) || is_name(search, next, &first)) {
        return i;
    }
    return add_person(search, next, extend(search, next), search->words->count, &person, spans);
}

/* Alone: "у Ивановны", "а Петров опять". */
static size_t take_alone(const struct search *search, size_t i, struct fam_pseudonym_spans *spans)
{
    const struct person person = {.known = FAM_PSEUDONYM_NOT_KNOWN};
    const struct fam_pseudonym_word *word = word_at(search, i);
    size_t stem = 0;
    const char *end = "";
    bool surname = word->capital && !word->opens && looks_like_surname(search, i, true);
    if (is_o_apostrophe(search, i)) {
        return add_person(search, i, i + 1, search->words->count, &person, spans);
    }
    if (!surname && !is_patronymic(search, i, &stem, &end)) {
        return i;
    }
    return add_person(search, i, i, search->words->count, &person, spans);
}

void fam_pseudonym_find_people(const struct fam_pseudonym_words *words, const struct fam_names *names,
                               const struct fam_pseudonym_family *family, struct fam_pseudonym_spans *spans)
{
    static size_t (*const takes[])(const struct search *, size_t, struct fam_pseudonym_spans *) = {
        take_surname_first, take_name, take_after_role, take_alone};
    const struct search search = {.words = words, .names = names, .family = family};
    for (size_t i = 0; i < words->count;) {
        size_t next = i;
        for (size_t k = 0; k < FAM_ARRAY_SIZE(takes) && next == i && !words->items[i].number; k++) {
            next = takes[k](&search, i, spans);
            if (next != i && takes[k] == take_after_role) {
                break;
            }
        }
        i = next == i ? i + 1 : next;
    }
}
