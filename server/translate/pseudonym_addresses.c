#include <string.h>

#include "translate/pseudonym_spans.h"

enum { NAME_WORDS = 4, TAIL_PARTS = 8 };

/* Kinds of streets in full; a name in small letters needs a house number after it. */
static const char streets[] =
    " улица улице улицу улицы улицей проспект проспекта проспекте проспекту переулок переулка "
    "переулке переулку бульвар бульвара бульваре бульвару набережная набережной набережную шоссе "
    "площадь площади проезд проезда проезде аллея аллее аллею тупик тупике микрорайон "
    "микрорайоне квартал квартале ";
/* Shortened; the dot is often left out. */
static const char shorts[] = " ул просп пер наб бул мкр мкрн бр ";
/* So short that they need the dot and a capital. */
static const char dotted[] = " пр пл ш туп кв-л пос дер ";
static const char houses[] = " д дом доме дома корп корпус к стр строение владение вл ";
static const char rooms[] = " кв квартира квартире квартиру подъезд подъезде домофон офис оф комната ";
static const char cities[] = " г гор город городе города ";

static const char types[] =
    " street st avenue ave road rd lane ln drive dr court ct boulevard blvd place pl way terrace "
    "crescent close square sq parkway pkwy circle highway hwy gardens grove row walk mews ";
/* Types that are ordinary words too seldom to be wrong after a number in small letters. */
static const char plain_types[] = " street avenue ave road lane boulevard blvd drive crescent terrace ";
/* What stands before such a type without being its name. */
static const char no_names[] = " down up across along same next street road our dirt busy main on long to of for in at "
                               "from by into kids minutes miles blocks hours times ";
static const char units[] = " apt apartment flat suite unit ";

static bool is_number(const struct fam_pseudonym_words *words, size_t i)
{
    return i < words->count && words->items[i].number;
}

static bool is_word(const struct fam_pseudonym_words *words, size_t i)
{
    return i < words->count && !words->items[i].number;
}

static bool is_capital(const struct fam_pseudonym_words *words, size_t i)
{
    return is_word(words, i) && (words->items[i].capital || words->items[i].upper);
}

static size_t add(const struct fam_pseudonym_words *words, size_t first, size_t last, struct fam_pseudonym_spans *spans)
{
    const struct fam_pseudonym_span span = {.start = words->items[first].start,
                                            .end = words->items[last].end,
                                            .kind = FAM_HIDDEN_ADDRESS,
                                            .known = FAM_PSEUDONYM_NOT_KNOWN};
    fam_pseudonym_spans_add(spans, &span);
    return last + 1;
}

/* "5", "5а", "5/2", "5-7" at word i; returns the last word of it. */
static size_t house_number(const struct fam_pseudonym_words *words, size_t i)
{
    size_t last = i;
    for (size_t taken = 0; taken < 2; taken++) {
        bool letter = is_word(words, last + 1) && words->items[last + 1].letters <= 2 &&
                      fam_pseudonym_gap(words, last, taken == 0 ? "|/|-|\"" : "|/");
        bool second =
            is_number(words, last + 1) && fam_pseudonym_gap(words, last, words->items[last].number ? "/" : "|/");
        last += letter || second ? 1 : 0;
    }
    return last;
}

/* Numbers of house, block and flat after word `last`, as far as they go; *ret_any tells whether there was one. */
static size_t take_tail(const struct fam_pseudonym_words *words, size_t last, bool *ret_any)
{
    for (size_t part = 0; part < TAIL_PARTS; part++) {
        size_t at = last + 1;
        if (at >= words->count || !fam_pseudonym_gap(words, last, " |, |,|. |.|-")) {
            break;
        }
        if (is_word(words, at) && (fam_pseudonym_among(words, at, houses) || fam_pseudonym_among(words, at, rooms)) &&
            fam_pseudonym_gap(words, at, " |. |.|| #|.#")) {
            at++;
        } else if (fam_pseudonym_gap(words, last, ". |.")) {
            break;
        }
        if (!is_number(words, at) || (at == last + 1 && fam_pseudonym_counts(words, at))) {
            break;
        }
        last = house_number(words, at);
        *ret_any = true;
    }
    return last;
}

/* "40 лет Октября": a street is named after so many years of something. */
static bool is_jubilee(const struct fam_pseudonym_words *words, size_t i)
{
    return is_number(words, i) && fam_pseudonym_gap(words, i, " ") && fam_pseudonym_is(words, i + 1, "лет") &&
           fam_pseudonym_gap(words, i + 1, " ") && is_capital(words, i + 2);
}

/* The name after a kind of street at word i: returns its last word, i when there is none. */
static size_t take_street_name(const struct fam_pseudonym_words *words, size_t i, bool small)
{
    size_t last = i;
    for (size_t taken = 0; taken < NAME_WORDS && last + 1 < words->count; taken++) {
        bool near = fam_pseudonym_gap(words, last, taken == 0 ? " |. |.| \"|. \"" : " |-|. ");
        bool number =
            is_number(words, last + 1) && is_capital(words, last + 2) && fam_pseudonym_gap(words, last + 1, " |-");
        bool ordinal = taken == 0 && is_number(words, last + 1) && fam_pseudonym_gap(words, last + 1, "-");
        bool word = is_capital(words, last + 1) || (small && taken == 0 && is_word(words, last + 1)) ||
                    (ordinal || (taken == 1 && is_number(words, last) && is_word(words, last + 1)));
        bool dot = taken > 0 && fam_pseudonym_gap(words, last, ". ") && words->items[last].letters > 2;
        bool jubilee = taken == 0 && is_jubilee(words, last + 1);
        if (!near || dot || !(number || word || jubilee)) {
            break;
        }
        last += jubilee ? 2 : 1;
    }
    return last;
}

/* A small-letter name of a street looks like a genitive or an adjective: гагарина, мира, садовая. */
static bool small_name_fits(const struct fam_pseudonym_words *words, size_t i)
{
    static const char *const tails[] = {"а", "я", "й", "ы", "и", "х", "о"};
    const char *word = words->items[i].folded;
    size_t size = strlen(word);
    for (size_t t = 0; t < FAM_ARRAY_SIZE(tails); t++) {
        if (size > 6 && memcmp(word + size - 2, tails[t], 2) == 0) {
            return !fam_pseudonym_among(words, i,
                                        " была были было около почти играла играли стояла стояли гуляла гуляли ");
        }
    }
    return false;
}

/* A city before the street: "г. Москва, ул. …", "в Казани на улице …". Returns where the address begins. */
static size_t take_city(const struct fam_pseudonym_words *words, size_t first)
{
    size_t at = first;
    if (at > 0 && fam_pseudonym_is(words, at - 1, "на") && fam_pseudonym_gap(words, at - 1, " ")) {
        at--;
    }
    bool comma = at == first;
    if (at == 0 || !fam_pseudonym_gap(words, at - 1, comma ? ", |," : " |, ") || !is_capital(words, at - 1) ||
        words->items[at - 1].letters < 3) {
        return first;
    }
    at--;
    if (at > 0 && is_capital(words, at - 1) && words->items[at - 1].letters > 2 &&
        fam_pseudonym_gap(words, at - 1, " |-")) {
        at--;
    }
    if (at > 0 && fam_pseudonym_among(words, at - 1, cities) && fam_pseudonym_gap(words, at - 1, " |. |.")) {
        at--;
    }
    return at;
}

/* "пр-т", "пр-кте", "б-р" at word i: two words with a dash. Returns the second, i when there is none. */
static size_t take_dashed_kind(const struct fam_pseudonym_words *words, size_t i)
{
    bool avenue = fam_pseudonym_is(words, i, "пр") && fam_pseudonym_among(words, i + 1, " т те ту кт кте кту д де ду ");
    bool boulevard = fam_pseudonym_is(words, i, "б") && fam_pseudonym_among(words, i + 1, " р ре ру ");
    return (avenue || boulevard) && fam_pseudonym_gap(words, i, "-") ? i + 1 : i;
}

/* "улица Гагарина 3", "ул. Ленина, д. 5, кв. 12", "Тверская улица, 7". */
static size_t find_street(const struct fam_pseudonym_words *words, size_t i, struct fam_pseudonym_spans *spans)
{
    size_t kind = take_dashed_kind(words, i);
    bool full = fam_pseudonym_among(words, i, streets), brief = kind > i || fam_pseudonym_among(words, i, shorts);
    bool strict = (fam_pseudonym_among(words, i, dotted) && words->text[words->items[i].end] == '.') ||
                  fam_pseudonym_is(words, i, "жк"); /* without a dot, and with a capital all the same */
    bool any = false;
    if (!full && !brief && !strict) {
        return i;
    }
    size_t first = i, last = take_street_name(words, kind, !strict);
    bool before = full && i > 0 && is_capital(words, i - 1) && !words->items[i - 1].opens &&
                  fam_pseudonym_gap(words, i - 1, " ") && words->items[i - 1].letters > 3;
    const struct fam_pseudonym_word *name = last > kind ? &words->items[kind + 1] : NULL;
    bool capital = name != NULL && (name->capital || name->upper || name->number);
    if (name == NULL && !before) {
        /* "Садовая улица, 3" at the beginning of a sentence */
        before = full && i > 0 && is_capital(words, i - 1) && fam_pseudonym_gap(words, i - 1, " ");
        last = take_tail(words, i, &any);
        return before && any ? add(words, take_city(words, i - 1), last, spans) : i;
    }
    if (before && !capital) {
        first = i - 1;
        last = i;
    }
    size_t end = take_tail(words, last, &any);
    bool fits = capital || before || brief || (any && small_name_fits(words, kind + 1));
    return fits ? add(words, take_city(words, first), end, spans) : i;
}

/* "дом 5, кв. 12", "кв. 12", "квартира 7". */
static size_t find_flat(const struct fam_pseudonym_words *words, size_t i, struct fam_pseudonym_spans *spans)
{
    bool house = fam_pseudonym_among(words, i, houses), room = fam_pseudonym_among(words, i, rooms), any = false;
    if ((!house && !room) || !is_number(words, i + 1) || !fam_pseudonym_gap(words, i, " |. |.|| #|.#") ||
        fam_pseudonym_counts(words, i + 1)) {
        return i;
    }
    size_t last = house_number(words, i + 1), end = take_tail(words, last, &any);
    bool flat = room && !fam_pseudonym_among(words, i, " подъезд подъезде комната ");
    bool second = any && is_word(words, last + 1);
    return flat || second ? add(words, i, end, spans) : i;
}

/* "SW1A 1AA": words of letters and digits meet without a gap. Returns the last word, or i - 1 when there is none. */
static bool is_postcode(const struct fam_pseudonym_words *words, size_t i, size_t *ret_last)
{
    if (!is_capital(words, i) || words->items[i].letters > 2 || words->items[i].cyrillic || !is_number(words, i + 1) ||
        !fam_pseudonym_gap(words, i, "") || words->items[i + 1].letters > 2) {
        return false;
    }
    size_t at = i + 1;
    if (is_capital(words, at + 1) && words->items[at + 1].letters == 1 && fam_pseudonym_gap(words, at, "")) {
        at++;
    }
    if (!fam_pseudonym_gap(words, at, " ") || !is_number(words, at + 1) || words->items[at + 1].letters != 1 ||
        !fam_pseudonym_gap(words, at + 1, "") || !is_capital(words, at + 2) || words->items[at + 2].letters != 2) {
        return false;
    }
    *ret_last = at + 2;
    return true;
}

/* ", apt 4B", ", Springfield, IL 62704", ", London NW1 6XE". */
static size_t take_english_tail(const struct fam_pseudonym_words *words, const struct fam_names *names, size_t last)
{
    for (size_t part = 0; part < TAIL_PARTS; part++) {
        size_t at = last + 1, end = 0;
        if (at >= words->count || !fam_pseudonym_gap(words, last, " |, |. |., |,| #|, #")) {
            break;
        }
        bool comma = fam_pseudonym_gap(words, last, ", |., |,");
        if (fam_pseudonym_among(words, at, units) && is_number(words, at + 1) &&
            fam_pseudonym_gap(words, at, " |. | #|. #")) {
            last = house_number(words, at + 1);
        } else if (is_number(words, at) &&
                   (fam_pseudonym_gap(words, last, " #|, #") || words->items[at].letters == 5)) {
            last = house_number(words, at);
        } else if (is_postcode(words, at, &end)) {
            last = end;
        } else if (is_word(words, at) && words->items[at].upper && words->items[at].letters == 2) {
            last = at; /* a state */
        } else if (comma && is_capital(words, at) && words->items[at].letters > 2 &&
                   (fam_names_word(names, words->items[at].folded) & FAM_NAME_WORD_STOP) == 0) {
            struct fam_name_hit hit;
            bool person = fam_names_find(names, words->items[at].folded, false, &hit) &&
                          (fam_names_word(names, words->items[at].folded) & FAM_NAME_WORD_COMMON) == 0; /* London */
            bool two =
                is_capital(words, at + 1) && words->items[at + 1].letters > 2 && fam_pseudonym_gap(words, at, " ");
            if (person) {
                break;
            }
            last = two ? at + 1 : at;
        } else {
            break;
        }
    }
    return last;
}

/* "12 Baker Street", "on Baker Street", "221B baker street". */
static size_t find_english(const struct fam_pseudonym_words *words, const struct fam_names *names, size_t i,
                           struct fam_pseudonym_spans *spans)
{
    if (!fam_pseudonym_among(words, i, types) || i == 0 || words->items[i].cyrillic) {
        return i;
    }
    size_t first = i;
    bool capitals = words->items[i].capital || words->items[i].upper, number = false;
    for (size_t taken = 0; taken < NAME_WORDS && first > 0; taken++) {
        size_t before = first - 1;
        const struct fam_pseudonym_word *word = &words->items[before];
        bool ordinal = is_word(words, before) && fam_pseudonym_among(words, before, " th st nd rd ") && before > 0 &&
                       is_number(words, before - 1) && fam_pseudonym_gap(words, before - 1, "");
        /* "12 Main St", and not "down main street" */
        bool numbered = (word->capital || word->upper) && before > 0 && is_number(words, before - 1);
        if (!fam_pseudonym_gap(words, before, " |. |") || word->number ||
            (!ordinal && (fam_names_word(names, word->folded) & FAM_NAME_WORD_STOP) != 0) ||
            (!numbered && fam_pseudonym_among(words, before, no_names))) {
            break;
        }
        capitals = capitals && (ordinal || word->capital || word->upper);
        first = ordinal ? before - 1 : before;
    }
    size_t letter = first > 0 && is_word(words, first - 1) && words->items[first - 1].letters == 1 ? 1 : 0;
    if (first > letter && is_number(words, first - 1 - letter) && fam_pseudonym_gap(words, first - 1, " |, |") &&
        first < i) {
        first -= 1 + letter;
        number = true;
    } else if (first < i && first > 0 && is_number(words, first - 1) && fam_pseudonym_gap(words, first - 1, "")) {
        first -= 1;
        number = true;
    }
    bool named = first < i && capitals && fam_pseudonym_among(words, i, plain_types);
    bool small = first < i && number && (capitals || fam_pseudonym_among(words, i, plain_types));
    return named || small ? add(words, first, take_english_tail(words, names, i), spans) : i;
}

/* "PO Box 1234". */
static size_t find_box(const struct fam_pseudonym_words *words, size_t i, struct fam_pseudonym_spans *spans)
{
    bool box = fam_pseudonym_is(words, i, "po") && fam_pseudonym_is(words, i + 1, "box") && is_number(words, i + 2) &&
               fam_pseudonym_gap(words, i, " ") && fam_pseudonym_gap(words, i + 1, " | #");
    return box ? add(words, i, i + 2, spans) : i;
}

static size_t find_english_unit(const struct fam_pseudonym_words *words, size_t i, struct fam_pseudonym_spans *spans)
{
    size_t last = i;
    if (is_postcode(words, i, &last)) {
        return add(words, i, last, spans);
    }
    if (fam_pseudonym_among(words, i, " apt apartment flat suite ") && is_number(words, i + 1) &&
        fam_pseudonym_gap(words, i, " |. | #|. #") && !fam_pseudonym_counts(words, i + 1)) {
        return add(words, i, house_number(words, i + 1), spans);
    }
    if (i + 1 < words->count && words->items[i].upper && words->items[i].letters == 2 && is_number(words, i + 1) &&
        words->items[i + 1].letters == 5 && fam_pseudonym_gap(words, i, " ")) {
        return add(words, i, i + 1, spans);
    }
    return i;
}

void fam_pseudonym_find_addresses(const struct fam_pseudonym_words *words, const struct fam_names *names,
                                  struct fam_pseudonym_spans *spans)
{
    for (size_t i = 0; i < words->count;) {
        size_t next = i;
        if (!words->items[i].number && words->items[i].cyrillic) {
            next = find_street(words, i, spans);
            next = next == i ? find_flat(words, i, spans) : next;
        } else if (!words->items[i].number) {
            next = find_english(words, names, i, spans);
            next = next == i ? find_english_unit(words, i, spans) : next;
            next = next == i ? find_box(words, i, spans) : next;
        }
        i = next == i ? i + 1 : next;
    }
}
