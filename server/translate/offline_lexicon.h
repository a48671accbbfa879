/* offline_lexicon.h: the rules of one language: patterns of words and what they tell.
 *
 * docs/readings.md tells authors of rules how the file is written. A rule is a row of steps; a step is a choice of
 * terms. Matching collects hits; where two hits want the same word, the one of more words wins, so that an idiom beats
 * the words it is made of. Internal to the engine; immutable once read. */
#ifndef FAM_TRANSLATE_OFFLINE_LEXICON_H
#define FAM_TRANSLATE_OFFLINE_LEXICON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "fam/v1/translation.pb-c.h"
#include "translate/offline_keys.h"
#include "translate/offline_text.h"
#include "translate/offline_vocabulary.h"

enum {
    FAM_OFFLINE_STEPS_MAX = 10,
    FAM_OFFLINE_HITS_MAX = 256, /* what a longer text has more is not looked at */
    FAM_OFFLINE_EFFECTS_MAX = 4,
    FAM_OFFLINE_CLASSES_MAX = 32,
    FAM_OFFLINE_GAP = 3, /* words that ".." may jump over */
};

struct fam_offline_effect {
    uint8_t id;     /* an emotion or a need */
    uint8_t weight; /* 1 to 5 */
};

struct fam_offline_step {
    uint32_t first_choice; /* into choices */
    uint16_t choice_count;
    bool optional;
    bool gap_before;
};

struct fam_offline_rule {
    struct fam_offline_step steps[FAM_OFFLINE_STEPS_MAX];
    uint8_t step_count;
    bool at_start, at_end;
    bool negates; /* the pattern itself says "not" */
    bool grave;   /* its situation is what the answer is about, whatever else is said */
    bool idiom;   /* beats other rules of as many words */
    bool plain;   /* what stands around it ("not") does not turn it */
    uint8_t bands;
    uint8_t emotion_count, need_count;
    struct fam_offline_effect emotions[FAM_OFFLINE_EFFECTS_MAX];
    struct fam_offline_effect needs[FAM_OFFLINE_EFFECTS_MAX];
    uint16_t situation;      /* FAM_OFFLINE_NO_KEY when none */
    Fam__V1__InputKind kind; /* unspecified: tells nothing of it */
};

/* Lists of terms that change what stands near. */
enum fam_offline_class_id {
    FAM_OFFLINE_CLASS_NEGATION, /* "не", "not" */
    FAM_OFFLINE_CLASS_STRONG,   /* "очень" */
    FAM_OFFLINE_CLASS_WEAK,     /* "немного" */
    FAM_OFFLINE_CLASS_FILLER,   /* "мам", "ну": not counted at the borders */
    FAM_OFFLINE_CLASS_THIRD,    /* "он", "дочь", "my son": the text tells about the child */
    FAM_OFFLINE_CLASS_SAYS,     /* "говорит": what follows was said */
    FAM_OFFLINE_CLASS_FIRST,    /* "я", "me": somebody speaks */
    FAM_OFFLINE_CLASS_BUILT_IN,
};

struct fam_offline_class {
    char name[FAM_OFFLINE_KEY_BYTES];
    uint32_t first_choice;
    uint16_t choice_count;
};

struct fam_offline_lexicon {
    struct fam_offline_vocabulary vocabulary;
    uint16_t *choices; /* terms */
    size_t choice_count, choice_capacity;
    struct fam_offline_rule *rules;
    size_t rule_count, rule_capacity;
    struct fam_offline_class classes[FAM_OFFLINE_CLASSES_MAX];
    size_t class_count;
    uint8_t *term_classes;   /* by term: bit of enum fam_offline_class_id */
    uint32_t *first_of_term; /* by term, one more than terms: into rules_of_term */
    uint32_t *rules_of_term;
    struct fam_offline_effect turned[FAM_OFFLINE_EMOTIONS + 1]; /* what a negated emotion becomes; id 0: nothing */
};

struct fam_offline_hit {
    const struct fam_offline_rule *rule;
    uint16_t tokens[FAM_OFFLINE_STEPS_MAX];
    uint8_t count; /* of tokens */
};

/* `files` are read one after the other. INTERNAL names file and line. Release with …_done, also after a failure. */
struct fam_offline_file {
    const char *name;
    const unsigned char *data;
    size_t size;
};
enum fam_code fam_offline_lexicon_init(struct fam_offline_lexicon *lexicon, const struct fam_offline_keys *keys,
                                       const struct fam_offline_file *files, size_t file_count,
                                       struct fam_status *status) FAM_MUST_CHECK;
void fam_offline_lexicon_done(struct fam_offline_lexicon *lexicon);

/* Fills the terms of the text's tokens and finds the rules that hold for the age band. Hits do not overlap. */
size_t fam_offline_lexicon_match(const struct fam_offline_lexicon *lexicon, struct fam_offline_text *text,
                                 Fam__V1__AgeBand band, struct fam_offline_hit hits[FAM_OFFLINE_HITS_MAX]);
/* Is the token in the class? Its terms must have been filled. */
bool fam_offline_lexicon_has(const struct fam_offline_lexicon *lexicon, const struct fam_offline_token *token,
                             enum fam_offline_class_id id);

#endif
