/* seeded_phrases.c: see seeded_phrases.h. */
#include "seeded_phrases.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "seeded_words.h"

enum { MARKS_MAX = 32768, MARK_SIZE = 48, SLOTS = 16384, OTHERS_SHOWN = 3 };

enum mark_kind {
    MARK_WORD,   /* a whole word */
    MARK_STEM,   /* how a word begins */
    MARK_FIGURES /* figures, whatever stands between them */
};

struct mark {
    char text[MARK_SIZE];
    enum mark_kind kind;
    size_t next; /* in its slot, plus one */
};

struct seeded_phrases {
    uint64_t seed;
    uint64_t state; /* of the phrase that is made */
    struct mark *marks;
    size_t count;
    size_t slots[SLOTS]; /* by the mark's first bytes: the first mark, plus one */
};

struct seeded_phrases *seeded_phrases_new(uint64_t seed)
{
    struct seeded_phrases *phrases = calloc(1, sizeof(*phrases));
    cr_assert_not_null(phrases);
    phrases->seed = seed;
    phrases->marks = calloc(MARKS_MAX, sizeof(*phrases->marks));
    cr_assert_not_null(phrases->marks);
    return phrases;
}

void seeded_phrases_free(struct seeded_phrases *phrases)
{
    free(phrases->marks);
    free(phrases);
}

bool seeded_family_is_russian(size_t family)
{
    return family % 2 == 0;
}

static const struct seeded_people *people_of(size_t family)
{
    const struct seeded_people *all = seeded_family_is_russian(family) ? SEEDED_RU : SEEDED_EN;
    return &all[family / 2 % (SEEDED_FAMILIES / 2)];
}

const char *seeded_parent(size_t family)
{
    return people_of(family)->parent[0];
}

const char *seeded_child(size_t family, size_t child)
{
    return child == 0 ? people_of(family)->child[0] : people_of(family)->sibling[0];
}

/* ---- marks ---- */

/* The first four bytes: every mark has more, and no fold is shorter. */
static size_t slot_of(const char *text)
{
    uint32_t first = 0;
    memcpy(&first, text, sizeof(first));
    return (size_t)(first * 2654435761u >> 16) % SLOTS;
}

static void fold(const char *text, char **ret_folded)
{
    *ret_folded = fam_text_normalise(text);
    cr_assert_not_null(*ret_folded);
}

static void keep(struct seeded_phrases *phrases, const char *text, enum mark_kind kind)
{
    char *folded = NULL;
    fold(text, &folded);
    size_t size = strlen(folded);
    cr_assert(size >= 4 && size < MARK_SIZE, "\"%s\" is no mark", text);
    size_t *slot = &phrases->slots[slot_of(folded)];
    for (size_t i = *slot; i != 0; i = phrases->marks[i - 1].next) {
        if (strcmp(phrases->marks[i - 1].text, folded) == 0) {
            free(folded);
            return;
        }
    }
    cr_assert_lt(phrases->count, MARKS_MAX);
    struct mark *mark = &phrases->marks[phrases->count++];
    memcpy(mark->text, folded, size + 1);
    mark->kind = kind;
    mark->next = *slot;
    *slot = phrases->count;
    free(folded);
}

size_t seeded_marks(const struct seeded_phrases *phrases)
{
    return phrases->count;
}

/* Bytes of words: ASCII letters and figures, and all that is not ASCII (no dashes or quotes among the marks). */
static bool is_word_byte(char c)
{
    return ((unsigned char)c & 0x80) != 0 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool matches(const struct mark *mark, const char *text, const char *at)
{
    size_t size = strlen(mark->text);
    bool starts = at == text || !is_word_byte(at[-1]) || mark->kind == MARK_FIGURES;
    return starts && strncmp(at, mark->text, size) == 0 && (mark->kind != MARK_WORD || !is_word_byte(at[size]));
}

static const char *find(const struct seeded_phrases *phrases, const char *text, bool figures)
{
    size_t size = strlen(text);
    for (size_t at = 0; at + 4 <= size; at++) {
        for (size_t i = phrases->slots[slot_of(text + at)]; i != 0; i = phrases->marks[i - 1].next) {
            const struct mark *mark = &phrases->marks[i - 1];
            if ((mark->kind == MARK_FIGURES) == figures && matches(mark, text, text + at)) {
                return mark->text;
            }
        }
    }
    return NULL;
}

const char *seeded_leak(struct seeded_phrases *phrases, const char *text)
{
    char *folded = NULL;
    fold(text, &folded);
    /* Quotes and dashes of typography would stick to words. */
    static const char *const QUOTES[] = {"«", "»"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(QUOTES); i++) {
        for (char *at = folded; (at = strstr(at, QUOTES[i])) != NULL;) {
            memset(at, ' ', strlen(QUOTES[i]));
        }
    }
    const char *found = find(phrases, folded, false);
    size_t kept = 0;
    for (size_t i = 0; folded[i] != '\0'; i++) {
        if (strchr(" -().+", folded[i]) == NULL) {
            folded[kept++] = folded[i];
        }
    }
    folded[kept] = '\0';
    found = found != NULL ? found : find(phrases, folded, true);
    free(folded);
    return found;
}

/* ---- phrases ---- */

static size_t pick(struct seeded_phrases *phrases, size_t count)
{
    uint64_t z = phrases->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (size_t)((z ^ (z >> 31)) % count);
}

/* Each word of a name is a mark, but for titles and what follows an apostrophe. */
static void put_name(struct seeded_phrases *phrases, struct fam_buf *text, const char *name)
{
    char copy[96];
    char *rest = NULL;
    (void)snprintf(copy, sizeof(copy), "%s", name);
    fam_buf_add_text(text, name);
    for (char *word = strtok_r(copy, " '", &rest); word != NULL; word = strtok_r(NULL, " '", &rest)) {
        if (strlen(word) >= 4 && strcmp(word, "Mrs.") != 0 && strcmp(word, "Coach") != 0) {
            keep(phrases, word, MARK_WORD);
        }
    }
}

/* "%" in the pattern stands for a figure. */
static void put_figures(struct seeded_phrases *phrases, struct fam_buf *text, const char *pattern)
{
    char figures[24];
    size_t count = 0;
    bool country = true; /* what precedes the first drawn figure is no secret */
    for (; *pattern != '\0'; pattern++) {
        char c = *pattern == '%' ? (char)('2' + (int)pick(phrases, 7)) : *pattern;
        country = country && *pattern != '%';
        if (!country && c >= '0' && c <= '9' && count + 1 < sizeof(figures)) {
            figures[count++] = c;
        }
        fam_buf_add_char(text, c);
    }
    figures[count] = '\0';
    keep(phrases, figures, MARK_FIGURES);
}

static void put_thing(struct seeded_phrases *phrases, struct fam_buf *text, const struct seeded_thing *thing)
{
    if (thing->mark == NULL) {
        put_figures(phrases, text, thing->text);
    } else {
        fam_buf_add_text(text, thing->text);
        keep(phrases, thing->mark, MARK_STEM);
    }
}

static void put_school(struct seeded_phrases *phrases, const struct seeded_language *language, struct fam_buf *text,
                       struct seeded_phrase *phrase)
{
    const struct seeded_thing *school = &language->schools[pick(phrases, SEEDED_SCHOOLS)];
    size_t start = text->size;
    put_thing(phrases, text, school);
    const char *name = fam_buf_text(text) + start;
    name += school->mark == NULL ? strcspn(name, "0123456789") : strcspn(name, " ") + 1;
    (void)snprintf(phrase->school, sizeof(phrase->school), "%s", name);
}

/* "$c2": the child in the second form; $s the sibling, $p the parent, $f a friend, $t a teacher; $P a phone, $A an
 * address, $S a school, $H an account, $E a mail address. */
static const char *put_slot(struct seeded_phrases *phrases, const struct seeded_language *language,
                            struct fam_buf *text, const char *slot, struct seeded_phrase *phrase,
                            const size_t friends[2])
{
    const struct seeded_people *people = people_of(phrase->family);
    size_t form = slot[1] >= '1' && slot[1] <= '7' ? (size_t)(slot[1] - '1') : 0;
    switch (slot[0]) {
    case 'c':
        phrase->names_child = true;
        put_name(phrases, text, people->child[form]);
        return slot + 2;
    case 's':
        put_name(phrases, text, people->sibling[form]);
        return slot + 2;
    case 'p':
        put_name(phrases, text, people->parent[form]);
        return slot + 2;
    case 'f':
        put_name(phrases, text, language->friends[friends[0]][form]);
        return slot + 2;
    case 't':
        put_name(phrases, text, language->teachers[friends[1]][form]);
        return slot + 2;
    case 'P':
        put_figures(phrases, text, language->phones[pick(phrases, SEEDED_PHONES)]);
        return slot + 1;
    case 'A':
        put_thing(phrases, text, &language->addresses[pick(phrases, SEEDED_ADDRESSES)]);
        return slot + 1;
    case 'S':
        put_school(phrases, language, text, phrase);
        return slot + 1;
    case 'H':
        put_figures(phrases, text, language->accounts[pick(phrases, SEEDED_ACCOUNTS)]);
        return slot + 1;
    default:
        cr_assert_eq(slot[0], 'E', "a template with \"$%c\"", slot[0]);
        put_figures(phrases, text, language->mails[pick(phrases, SEEDED_MAILS)]);
        return slot + 1;
    }
}

/* The sim's answers name three others at most. */
static size_t count_others(const char *pattern)
{
    size_t count = 0;
    for (; (pattern = strchr(pattern, '$')) != NULL; pattern++) {
        count += strchr("spftS", pattern[1]) != NULL ? 1 : 0;
    }
    return count;
}

void seeded_phrase(struct seeded_phrases *phrases, size_t number, struct seeded_phrase *ret_phrase)
{
    cr_assert_lt(number, SEEDED_PHRASES_MAX);
    memset(ret_phrase, 0, sizeof(*ret_phrase));
    ret_phrase->family = number % SEEDED_FAMILIES;
    bool russian = seeded_family_is_russian(ret_phrase->family);
    const struct seeded_language *language = russian ? &SEEDED_IN_RU : &SEEDED_IN_EN;
    phrases->state = phrases->seed ^ (number + 1) * 0x9e3779b97f4a7c15u;
    const char *pattern = language->patterns[pick(phrases, SEEDED_PATTERNS)];
    size_t others = count_others(pattern);
    size_t friends[2] = {pick(phrases, SEEDED_FRIENDS), pick(phrases, SEEDED_TEACHERS)};
    size_t place = number / 2; /* the languages take turns */
    fam_auto(fam_buf_done) struct fam_buf text = {0};
    fam_buf_addf(&text, "%s «%s». ", language->leads[place % SEEDED_LEADS],
                 language->words[place / SEEDED_LEADS % SEEDED_WORDS]);
    while (*pattern != '\0') {
        if (*pattern == '$') {
            pattern = put_slot(phrases, language, &text, pattern + 1, ret_phrase, friends);
        } else {
            fam_buf_add_char(&text, *pattern++);
        }
    }
    fam_buf_addf(&text, ", %s.", language->ends[place / SEEDED_LEADS / SEEDED_WORDS % SEEDED_ENDS]);
    cr_assert(!text.failed && text.size < sizeof(ret_phrase->text));
    memcpy(ret_phrase->text, fam_buf_text(&text), text.size + 1);
    ret_phrase->shows_school = ret_phrase->school[0] != '\0' && others <= OTHERS_SHOWN;
}
