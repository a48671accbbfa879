/* words.h: the sentences of reports in both languages, from server/locales/report_{ru,en}.locale. Thread-safe; no state
 * but the caller's. */
#ifndef FAM_REPORT_WORDS_H
#define FAM_REPORT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "fam/v1/types.pb-c.h"
#include "report/facts.h"
#include "rpc/arena.h"

enum { FAM_WORDS_NUMBER_SIZE = 32 };

/* Where texts are made. */
struct fam_words {
    Fam__V1__Language language; /* RU or EN */
    struct fam_arena *arena;    /* texts live as long as it */
    bool failed;                /* memory was short, or a text is missing */
};

/* What stands for {name}. */
struct fam_word_value {
    const char *name;
    const char *value;
};

/* Is there such a text? */
bool fam_words_has(Fam__V1__Language language, const char *key);
/* The text with its values; {…} that nothing is given for stays. Never NULL: "" sets `failed`. */
const char *fam_words_say(struct fam_words *words, const char *key, const struct fam_word_value *values, size_t count);
/* Without values. */
const char *fam_words_text(struct fam_words *words, const char *key);
/* The texts "KEY.N", and "KEY.week", "KEY.month", "KEY.quarter". */
const char *fam_words_numbered(struct fam_words *words, const char *key, int number);
const char *fam_words_of_period(struct fam_words *words, const char *key, Fam__V1__ReportPeriod period,
                                const struct fam_word_value *values, size_t count);
const char *fam_words_emotion(struct fam_words *words, Fam__V1__Emotion emotion);
const char *fam_words_kind(struct fam_words *words, Fam__V1__ResponseKind kind);
/* A child's name, or a word for one that has none. */
const char *fam_words_child(struct fam_words *words, const char *name);
/* 7 or 7.2 (7,2), to a tenth; into the caller's buffer, which is returned. */
const char *fam_words_tenths(Fam__V1__Language language, double value, char ret_text[FAM_WORDS_NUMBER_SIZE]);
/* 1 (Monday) to 7. */
int fam_words_weekday(int year, int month, int day);
/* "25 ноября". */
const char *fam_words_date(struct fam_words *words, int month, int day);
/* "25.11", "25 Nov". */
const char *fam_words_short_date(struct fam_words *words, int month, int day);

#endif
