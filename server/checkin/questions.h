/* questions.h: what a check-in asks, and which way through its questions follows from the answers.
 *
 * The sets are data: checkin/data/checkin_sets.tsv, whose head describes it, with the texts in checkin_ru.locale and
 * checkin_en.locale. They are read and checked once; afterwards nothing changes and all functions are thread-safe. */
#ifndef FAM_CHECKIN_QUESTIONS_H
#define FAM_CHECKIN_QUESTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/status.h"
#include "fam/v1/checkin.pb-c.h"

enum {
    FAM_CHECKIN_SETS_MAX = 8,
    FAM_CHECKIN_QUESTIONS_MAX = 8,
    FAM_CHECKIN_OPTIONS_MAX = 10,
    FAM_CHECKIN_ID_SIZE = 33, /* a-z, 0-9, _; with the NUL */
    FAM_CHECKIN_LANGUAGES = 2,
    FAM_CHECKIN_END = FAM_CHECKIN_QUESTIONS_MAX, /* in place of a question's index */
};

/* The question that the reports read moods from: a scale of options "1" (hard) to "5" (good). */
#define FAM_CHECKIN_MOOD "mood"
/* The answer of a child's question that means nobody in particular. */
#define FAM_CHECKIN_NO_CHILD "none"

struct fam_checkin_option {
    char id[FAM_CHECKIN_ID_SIZE];
    size_t next; /* index of a later question, or FAM_CHECKIN_END */
    const char *label[FAM_CHECKIN_LANGUAGES];
};

struct fam_checkin_question {
    char id[FAM_CHECKIN_ID_SIZE];
    Fam__V1__QuestionKind kind;
    bool may_skip;
    size_t next; /* of a text or a child, as of an option */
    size_t option_count;
    struct fam_checkin_option options[FAM_CHECKIN_OPTIONS_MAX];
    const char *text[FAM_CHECKIN_LANGUAGES];
};

struct fam_checkin_set {
    char name[FAM_CHECKIN_ID_SIZE];
    size_t count;
    struct fam_checkin_question questions[FAM_CHECKIN_QUESTIONS_MAX];
};

struct fam_checkin_questions;

/* Of the built-in files. INTERNAL names the fault and its line. */
struct fam_checkin_questions *fam_checkin_questions_new(struct fam_status *status) FAM_MUST_CHECK;
/* The same of given files: for tests. */
struct fam_checkin_files {
    const char *sets, *ru, *en;
};
struct fam_checkin_questions *fam_checkin_questions_read(const struct fam_checkin_files *files,
                                                         struct fam_status *status) FAM_MUST_CHECK;
/* Takes NULL. */
void fam_checkin_questions_free(struct fam_checkin_questions *questions);

/* NULL: none of this name (any more). */
const struct fam_checkin_set *fam_checkin_set_find(const struct fam_checkin_questions *questions, const char *name);
/* The set's question or the question's option of an id; FAM_CHECKIN_END or NULL: none. */
size_t fam_checkin_question_find(const struct fam_checkin_set *set, const char *id);
const struct fam_checkin_option *fam_checkin_option_find(const struct fam_checkin_question *question, const char *id);
/* In the person's language; unspecified counts as Russian, as everywhere. */
const char *fam_checkin_question_text(const struct fam_checkin_question *question, Fam__V1__Language language);
const char *fam_checkin_option_label(const struct fam_checkin_option *option, Fam__V1__Language language);
/* Texts of no question, such as "child.none" or "kind.hard"; "" when there is none of this key. */
const char *fam_checkin_text(const struct fam_checkin_questions *questions, const char *key,
                             Fam__V1__Language language);

/* An answer as far as the way depends on it; borrowed. */
struct fam_checkin_given {
    const char *question_id;
    const char *option_id; /* "" of a text */
};
/* Which questions are asked, in their order: all that are answered, and the first one that is not. */
struct fam_checkin_way {
    size_t count;
    size_t questions[FAM_CHECKIN_QUESTIONS_MAX]; /* indices into the set */
    bool is_complete;                            /* the last one is answered, too */
    size_t expected; /* questions in all, if the shortest way is taken from here: at least `count` */
};
/* Answers that are not on the way are passed over, as is one whose option the set does not know. With fewer than two
 * children the child is not asked for. */
void fam_checkin_way_find(const struct fam_checkin_set *set, const struct fam_checkin_given *given, size_t given_count,
                          bool several_children, struct fam_checkin_way *ret_way);

/* The set that is asked at an hour; NULL for an unspecified one. */
const char *fam_checkin_slot_set(Fam__V1__CheckinSlot slot);
/* "08:00" …; NULL for those without an hour of their own. */
const char *fam_checkin_slot_time(Fam__V1__CheckinSlot slot);

/* Label value of the metric: "0", "1-49", "50-99", "100", of the questions that were to be asked. */
const char *fam_checkin_rate(size_t answered, size_t asked);

#endif
