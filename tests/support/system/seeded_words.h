/* seeded_words.h: what seeded_phrases.c makes its families and phrases of. */
#ifndef FAM_TESTS_SEEDED_WORDS_H
#define FAM_TESTS_SEEDED_WORDS_H

enum {
    SEEDED_FORMS = 7, /* Russian: the six cases, then a pet name; English: plain, with 's, small letters, pet name, … */
    SEEDED_PEOPLE = 8,
    SEEDED_FRIENDS = 8,
    SEEDED_TEACHERS = 4,
    SEEDED_PHONES = 5,
    SEEDED_ADDRESSES = 8,
    SEEDED_SCHOOLS = 6,
    SEEDED_ACCOUNTS = 5,
    SEEDED_MAILS = 3,
    SEEDED_LEADS = 22,
    SEEDED_WORDS = 20,
    SEEDED_ENDS = 12,
    SEEDED_PATTERNS = 16,
};

/* A family: what it calls its people, in all forms. */
struct seeded_people {
    const char *parent[SEEDED_FORMS];
    const char *child[SEEDED_FORMS];
    const char *sibling[SEEDED_FORMS];
};

/* A thing, and how the word in it begins that must not leave; NULL: it has figures to be drawn, each a "%". */
struct seeded_thing {
    const char *text;
    const char *mark;
};

struct seeded_language {
    const char *friends[SEEDED_FRIENDS][SEEDED_FORMS];
    const char *teachers[SEEDED_TEACHERS][SEEDED_FORMS];
    const char *phones[SEEDED_PHONES]; /* each "%" is a figure */
    struct seeded_thing addresses[SEEDED_ADDRESSES];
    struct seeded_thing schools[SEEDED_SCHOOLS];
    const char *accounts[SEEDED_ACCOUNTS];
    const char *mails[SEEDED_MAILS];
    /* Ordinary words: of these a phrase's own are made. */
    const char *leads[SEEDED_LEADS];
    const char *words[SEEDED_WORDS];
    const char *ends[SEEDED_ENDS];
    const char *patterns[SEEDED_PATTERNS];
};

extern const struct seeded_people SEEDED_RU[SEEDED_PEOPLE], SEEDED_EN[SEEDED_PEOPLE];
extern const struct seeded_language SEEDED_IN_RU, SEEDED_IN_EN;

#endif
