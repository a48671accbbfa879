#include <string.h>

#include "translate/pseudonym_spans.h"

enum { NAME_WORDS = 6, QUOTED_WORDS = 8 };

/* Places of children, with the cases that a name or number stands beside. */
static const char nouns[] =
    " школа школы школе школу школой гимназия гимназии гимназию гимназией лицей лицея лицее лицею лицеем интернат "
    "интерната интернате детсад детсада детсаде детсаду садик садика садике садику садиком сад сада саду садом ясли "
    "яслях колледж колледжа колледже колледжем техникум техникума техникуме училище училища училищу институт института "
    "институте университет университета университете кружок кружка кружке кружку секция секции секцию клуб клуба клубе "
    "клубу студия студии студию лагерь лагеря лагере поликлиника поликлиники поликлинике поликлинику больница больницы "
    "больнице больницу академия академии академию центр центра центре прогимназия прогимназии кадетка кадетку "
    "музыкалка музыкалке художка художке сош оош доу мдоу мбдоу мбоу мкоу маоу гбоу моу ";
/* After a small bare number these are counted: "2 школы". */
static const char counted[] = " школы гимназии лицея садика сада кружка секции клуба студии лагеря центра больницы ";
static const char ordinal_ends[] = " я й ю ой ая ую ом го му ей ем ый ий ые ых ";

static const char english_nouns[] =
    " school academy college kindergarten preschool nursery daycare university institute "
    "camp club montessori ";
static const char qualifiers[] = " elementary primary middle high grammar preparatory prep secondary nursery junior "
                                 "senior public charter infant infants community catholic christian private boarding "
                                 "language music art dance summer swim football soccer chess ";
static const char levels[] = " elementary primary middle high grammar prep preparatory secondary ";

bool fam_pseudonym_counts(const struct fam_pseudonym_words *words, size_t i)
{
    return fam_pseudonym_gap(words, i, " |-") &&
           fam_pseudonym_among(
               words, i + 1,
               " год года лет годика годиков день дня дней час часа часов минут минуты минуту секунд раз раза урок "
               "урока "
               "уроков детей ребенка человек человека мест места класс класса классе классов учеников мальчика "
               "мальчиков "
               "девочек девочки друга друзей кружков кружка процентов рублей рубля комнаты комнат недели недель неделю "
               "месяц месяца месяцев градусов градуса метров машин машины собаки собак кошки кошек века конфет страниц "
               "страницы задач задачи раза-два этаж этаже этажа й "
               "year years day days hour hours minute minutes times kids children people boys girls classes lessons "
               "weeks "
               "week months month friends dollars percent pages miles cars dogs cats more other times seconds ");
}

static bool is_word(const struct fam_pseudonym_words *words, size_t i)
{
    return i < words->count && !words->items[i].number;
}

static bool is_number(const struct fam_pseudonym_words *words, size_t i)
{
    return i < words->count && words->items[i].number;
}

static bool is_noun(const struct fam_pseudonym_words *words, size_t i)
{
    return is_word(words, i) && fam_pseudonym_among(words, i, nouns);
}

/* The word before whose end a quotation closes that opens after word i; i when none does. */
static size_t quoted(const struct fam_pseudonym_words *words, size_t i)
{
    if (!fam_pseudonym_gap(words, i, " \"|\"")) {
        return i;
    }
    for (size_t k = i + 1; k < words->count && k <= i + QUOTED_WORDS; k++) {
        const char *gap = words->text + words->items[k].end;
        size_t size = (k + 1 < words->count ? words->items[k + 1].start : words->size) - words->items[k].end;
        static const char *const closing[] = {"\"", "»", "”", "“"};
        for (size_t c = 0; c < FAM_ARRAY_SIZE(closing); c++) {
            if (size >= strlen(closing[c]) && memcmp(gap, closing[c], strlen(closing[c])) == 0) {
                return k;
            }
        }
    }
    return i;
}

static size_t quote_size(const struct fam_pseudonym_words *words, size_t last)
{
    return words->text[words->items[last].end] == '"'                   ? 1
           : strncmp(words->text + words->items[last].end, "»", 2) == 0 ? 2
                                                                        : 3;
}

static size_t add(const struct fam_pseudonym_words *words, size_t first, size_t last, bool with_quote,
                  struct fam_pseudonym_spans *spans)
{
    struct fam_pseudonym_span span = {.start = words->items[first].start,
                                      .end = words->items[last].end,
                                      .kind = FAM_HIDDEN_SCHOOL,
                                      .known = FAM_PSEUDONYM_NOT_KNOWN};
    span.end += with_quote ? quote_size(words, last) : 0;
    fam_pseudonym_spans_add(spans, &span);
    return last + 1;
}

/* "№ 57", "57", "номер 57", "57 А" after the noun at `last`; returns the last word taken. */
static size_t take_number(const struct fam_pseudonym_words *words, size_t last)
{
    size_t at = last;
    bool marked = fam_pseudonym_gap(words, last, " #| # |#");
    if (fam_pseudonym_gap(words, last, " ") && fam_pseudonym_among(words, last + 1, " номер n no н ") &&
        fam_pseudonym_gap(words, last + 1, " |. |.| #")) {
        at = last + 1;
        marked = true;
    }
    bool joined = marked || fam_pseudonym_gap(words, at, " |-");
    if (!joined || !is_number(words, at + 1) || (!marked && fam_pseudonym_counts(words, at + 1))) {
        return last;
    }
    at++;
    bool letter = is_word(words, at + 1) && words->items[at + 1].letters == 1 && fam_pseudonym_gap(words, at, "|-");
    return letter ? at + 1 : at;
}

/* "имени Пушкина", "им. Н. И. Лобачевского" after `last`. */
static size_t take_honour(const struct fam_pseudonym_words *words, size_t last)
{
    if (!fam_pseudonym_gap(words, last, " ") || !fam_pseudonym_among(words, last + 1, " имени им ") ||
        !fam_pseudonym_gap(words, last + 1, " |. |.")) {
        return last;
    }
    size_t at = last + 1;
    for (size_t taken = 0; taken < 4; taken++) {
        bool near = fam_pseudonym_gap(words, at, " |-") || at == last + 1 || words->items[at].letters == 1;
        if (!near || !is_word(words, at + 1) || (!words->items[at + 1].capital && taken > 0)) {
            break;
        }
        at++;
    }
    return at;
}

/* A name of its own: "садик Солнышко". A child's name there is the child. */
static size_t take_proper(const struct fam_pseudonym_words *words, const struct fam_names *names, size_t last)
{
    struct fam_name_hit hit;
    for (size_t taken = 0; taken < 3; taken++) {
        const struct fam_pseudonym_word *word = &words->items[last + 1 < words->count ? last + 1 : last];
        if (last + 1 >= words->count || !fam_pseudonym_gap(words, last, " |-") || !word->capital || word->number ||
            word->letters < 3 || (fam_names_word(names, word->folded) & FAM_NAME_WORD_STOP) != 0 ||
            fam_names_find(names, word->folded, word->cyrillic, &hit)) {
            break;
        }
        last++;
    }
    return last;
}

static size_t find_russian(const struct fam_pseudonym_words *words, const struct fam_names *names, size_t i,
                           struct fam_pseudonym_spans *spans)
{
    size_t first = i, noun = i;
    if (is_number(words, i)) { /* "57-я школа", "57 школа", "57-я музыкальная школа" */
        bool ordinal = fam_pseudonym_gap(words, i, "-|") && fam_pseudonym_among(words, i + 1, ordinal_ends);
        noun = ordinal ? i + 2 : i + 1;
        if (noun >= words->count || !fam_pseudonym_gap(words, noun - 1, " ")) {
            return i;
        }
        bool kind = ordinal && !is_noun(words, noun) && is_noun(words, noun + 1) && fam_pseudonym_gap(words, noun, " ");
        noun += kind ? 1 : 0;
        if (!is_noun(words, noun) ||
            (!ordinal && words->items[i].letters < 2 && fam_pseudonym_among(words, noun, counted))) {
            return i;
        }
    } else if (!is_noun(words, i)) {
        return i;
    }
    size_t last = take_honour(words, take_number(words, noun));
    size_t end = quoted(words, last);
    bool with_quote = end != last;
    if (!with_quote) {
        end = take_honour(words, take_proper(words, names, last));
    }
    return end == i ? i : add(words, first, end, with_quote, spans);
}

static bool is_name_word(const struct fam_pseudonym_words *words, const struct fam_names *names, size_t i)
{
    const struct fam_pseudonym_word *word = &words->items[i];
    return !word->number && !word->cyrillic && (fam_names_word(names, word->folded) & FAM_NAME_WORD_STOP) == 0 &&
           word->letters >= 2;
}

/* How far a school's name reaches to the left of `noun`; `noun` itself when it has none. */
static size_t name_start(const struct fam_pseudonym_words *words, const struct fam_names *names, size_t noun)
{
    size_t first = noun;
    bool named = false, level = false;
    for (size_t taken = 0; taken < NAME_WORDS && first > 0; taken++) {
        size_t before = first - 1;
        bool possessive =
            fam_pseudonym_is(words, before, "s") && before > 0 && fam_pseudonym_gap(words, before - 1, "'");
        bool near = fam_pseudonym_gap(words, before, " |-|. |'");
        bool qualifier = fam_pseudonym_among(words, before, qualifiers);
        if (!near || (fam_pseudonym_gap(words, before, ". ") && !fam_pseudonym_is(words, before, "st"))) {
            break;
        }
        if (qualifier || possessive) {
            level = level || fam_pseudonym_among(words, before, levels);
            first = before;
            continue;
        }
        bool capital = words->items[before].capital;
        if (!is_name_word(words, names, before) || !(capital || (level && !named))) {
            break;
        }
        static const char plain[] =
            " new old every another elementary big small local same different whole to of in at "
            "from near after before his her own this good bad best first second third my hate like "
            "hates likes love loves starts started start skip skips about for with ";
        if (fam_pseudonym_among(words, before, plain)) {
            break;
        }
        named = true;
        first = before;
    }
    return named ? first : noun;
}

static size_t find_english(const struct fam_pseudonym_words *words, const struct fam_names *names, size_t i,
                           struct fam_pseudonym_spans *spans)
{
    bool noun = fam_pseudonym_among(words, i, english_nouns);
    bool level = words->items[i].capital && fam_pseudonym_among(words, i, levels) && i > 0 &&
                 words->items[i - 1].capital && fam_pseudonym_gap(words, i - 1, " ");
    size_t last = i;
    if (fam_pseudonym_among(words, i, " ps ms is ") && words->items[i].upper && is_number(words, i + 1) &&
        fam_pseudonym_gap(words, i, " |")) {
        return add(words, i, i + 1, false, spans);
    }
    if (!noun && !level) {
        return i;
    }
    if (level && fam_pseudonym_gap(words, i, " ") && fam_pseudonym_among(words, i + 1, english_nouns)) {
        return i; /* the noun comes next */
    }
    size_t first = name_start(words, names, i);
    size_t number = noun ? take_number(words, i) : i;
    if (number != i && (words->items[number].letters >= 2 || !fam_pseudonym_gap(words, i, " "))) {
        last = number;
    }
    if (noun && fam_pseudonym_gap(words, last, " ") && fam_pseudonym_is(words, last + 1, "of") &&
        fam_pseudonym_gap(words, last + 1, " ") && last + 2 < words->count && words->items[last + 2].capital) {
        last += 2;
        last = take_proper(words, names, last);
    }
    if (words->items[i].capital && first == i && last == i && fam_pseudonym_among(words, i, " camp academy ")) {
        last = take_proper(words, names, i);
    }
    size_t end = quoted(words, last);
    bool with_quote = noun && end != last;
    last = with_quote ? end : last;
    return first == i && last == i ? i : add(words, first, last, with_quote, spans);
}

void fam_pseudonym_find_schools(const struct fam_pseudonym_words *words, const struct fam_names *names,
                                struct fam_pseudonym_spans *spans)
{
    for (size_t i = 0; i < words->count;) {
        size_t next = words->items[i].number || words->items[i].cyrillic ? find_russian(words, names, i, spans)
                                                                         : find_english(words, names, i, spans);
        i = next == i ? i + 1 : next;
    }
}
