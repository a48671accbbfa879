/* seeded_phrases.h: families and phrases made from a seed, with everything personal in them known.
 *
 * Families have a parent and two children with names, Russian ones and English ones in turn. A phrase tells of them,
 * of strangers, phones, addresses, schools, accounts and mail addresses, as parents type them: in all cases, in pet
 * names, in small letters. What was typed leaves marks; seeded_leak() looks for all of them in a text that left. Two
 * phrases differ in ordinary words, so they also differ when everything personal is hidden. All of it is invented. */
#ifndef FAM_TESTS_SEEDED_PHRASES_H
#define FAM_TESTS_SEEDED_PHRASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEEDED_FAMILIES = 16, SEEDED_PHRASES_MAX = 10560, SEEDED_TEXT_SIZE = 1024 };

struct seeded_phrase {
    char text[SEEDED_TEXT_SIZE];
    size_t family;     /* which family's parent wrote it */
    bool names_child;  /* the child asked about is named in it */
    char school[64];   /* a part of the school's name that an answer may show; "" when none stands in it */
    bool shows_school; /* few enough others are named for an answer to name all of them */
};

struct seeded_phrases;

struct seeded_phrases *seeded_phrases_new(uint64_t seed);
void seeded_phrases_free(struct seeded_phrases *phrases);

bool seeded_family_is_russian(size_t family);
const char *seeded_parent(size_t family);
/* 0: the child asked about, 1: another. */
const char *seeded_child(size_t family, size_t child);

/* Makes the phrase of that number, below SEEDED_PHRASES_MAX, and keeps its marks. */
void seeded_phrase(struct seeded_phrases *phrases, size_t number, struct seeded_phrase *ret_phrase);
size_t seeded_marks(const struct seeded_phrases *phrases);
/* The first mark of any phrase so far that stands in the text, whatever the case of its letters and the blanks and
 * dashes between its figures; NULL when none does. Owned by `phrases`. */
const char *seeded_leak(struct seeded_phrases *phrases, const char *text);

#endif
