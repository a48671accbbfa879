/* report_private.h: between counting (report.c) and saying (sentences.c). */
#ifndef FAM_REPORT_REPORT_PRIVATE_H
#define FAM_REPORT_REPORT_PRIVATE_H

#include "report/report.h"
#include "report/words.h"

enum { FAM_TALLY_EMOTIONS = 32, FAM_TALLY_KINDS = 8, FAM_TALLY_SLOTS = 8 };

/* Several moods. */
struct fam_tally_mood {
    int count;
    int days; /* on which there are some */
    double sum;
};

struct fam_tally_kind {
    int rated, helped;
};

struct fam_tally_child {
    int entries;                                  /* of the period */
    int told;                                     /* those of them without a danger: of which something is told */
    int emotions[FAM_TALLY_EMOTIONS];             /* by number */
    int weighed, weighed_before;                  /* entries with a feeling, of the period and of the one before */
    double weight, weight_before;                 /* hard ones count down, good ones up, by their intensity */
    struct fam_tally_kind kinds[FAM_TALLY_KINDS]; /* of FAM_FACTS_WORKED_DAYS */
};

struct fam_tally {
    int entries, checkins;
    int told; /* entries without a danger */
    int emotions[FAM_TALLY_EMOTIONS];
    struct fam_tally_mood now, before;
    struct fam_tally_mood slots[FAM_TALLY_SLOTS]; /* by number; days are not counted */
    struct fam_tally_mood days[FAM_REPORT_DAYS_MAX];
    int day_entries[FAM_REPORT_DAYS_MAX];
    struct fam_tally_child children[FAM_CHILDREN_MAX];
};

/* A report on its way. */
struct fam_draft {
    const struct fam_facts *facts;
    struct fam_arena *arena;
    struct fam_words words;
    struct fam_tally tally;
    Fam__V1__Report *report;
};

double fam_tally_mean(const struct fam_tally_mood *mood);
/* Are there enough of the period for a mean? */
bool fam_tally_has_mean(const struct fam_tally *tally);
/* What worked for a child: the best kind that is left of `taken` (a bit each), or unspecified. */
Fam__V1__ResponseKind fam_tally_worked(const struct fam_tally_child *child, unsigned taken);
/* The most frequent emotion that is left of `taken` and was there `least` times; *ret_count. Or unspecified. */
Fam__V1__Emotion fam_tally_emotion(const int *emotions, unsigned taken, int least, int *ret_count);

/* Attention, positive moments, steps, and kind words. Failures are the draft's: words.failed. */
void fam_report_sentences(struct fam_draft *draft);

#endif
