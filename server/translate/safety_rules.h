/* safety_rules.h: the rule files of the safety detector, read into tables that match fast. Internal to the detector.
 *
 * Files are UTF-8, lines with columns split by tabs; # begins a comment line. The head of data/safety_ru.tsv and
 * docs/safety.md tell an author of rules how to write them. In short:
 *
 *   filler  words …                 words that do not count as distance
 *   common  words …                 right words that are never taken for a misspelling of a rule's word
 *   class   name   words …          a named list; used as @name
 *   idiom   pattern   example       what its words match no rule may use
 *   <kind>  pattern   example       suicide, self_harm, … (the names of SafetyKind in lower case)
 *   <kind>! pattern   example       the same, said plainly: an idiom that begins in another clause hides nothing of it,
 * unless it is written "idiom!"
 *
 * The tables are immutable once read; reading is bounded by the sizes below. */
#ifndef FAM_TRANSLATE_SAFETY_RULES_H
#define FAM_TRANSLATE_SAFETY_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "translate/safety.h"
#include "translate/safety_words.h"

enum {
    FAM_SAFETY_PHRASE_MAX = 6, /* words in a_phrase_like_this */
    FAM_SAFETY_STEPS_MAX = 8,  /* items in a pattern */
    FAM_SAFETY_GAP_MAX = 12,
    FAM_SAFETY_GAP_DEFAULT = 3,  /* of ".." and "~" */
    FAM_SAFETY_MATCHES_MAX = 16, /* dictionary words that one word of a text may stand for */
    FAM_SAFETY_NONE = 0xFFFF,
};

/* A dictionary word: in full, as a stem, or both. */
struct fam_safety_entry {
    struct fam_safety_word word;
    uint16_t full; /* id of "word", or FAM_SAFETY_NONE */
    uint16_t stem; /* id of "word*", or FAM_SAFETY_NONE */
    bool common;
};

/* One misspelling of an entry: the entry's word with one letter left out, by its hash. */
struct fam_safety_slip {
    uint32_t hash;
    uint32_t entry;
};

enum { FAM_SAFETY_FILTER_BITS = 1 << 18 };

struct fam_safety_dictionary {
    struct fam_safety_entry *entries;
    size_t count, capacity;
    uint32_t *slots; /* entry + 1, open addressing */
    size_t slot_count;
    struct fam_safety_slip *slips; /* sorted by hash */
    size_t slip_count, slip_capacity;
    uint8_t *filter; /* FAM_SAFETY_FILTER_BITS bits: hashes that occur in slips */
};

/* A way to match an element: words in a row. */
struct fam_safety_phrase {
    uint16_t element;
    uint8_t count;
    uint16_t words[FAM_SAFETY_PHRASE_MAX];
};

/* An element is what stands between two spaces of a pattern: alternatives. */
struct fam_safety_element {
    char *text; /* as written in the file, with the group's number before it: equal texts are one element */
};

struct fam_safety_step {
    uint16_t element;
    uint16_t forbidden; /* element that must not stand in the gap before this step, or FAM_SAFETY_NONE */
    uint8_t gap;        /* words allowed between the step before and this one */
    bool either_side;
};

struct fam_safety_rule {
    Fam__V1__SafetyKind kind; /* unspecified: an idiom */
    bool is_firm; /* said plainly: no idiom that reaches into this clause from another hides it, but a firm one does */
    uint8_t step_count;
    bool ends_clause;         /* nothing that counts may stand between the last step and the end of its clause */
    uint16_t forbidden_after; /* element, or FAM_SAFETY_NONE */
    uint8_t after_gap;        /* words after the last step that forbidden_after looks at */
    struct fam_safety_step steps[FAM_SAFETY_STEPS_MAX];
};

struct fam_safety_class {
    char *name;  /* with the group's number */
    char *words; /* split by spaces */
};

struct fam_safety {
    struct fam_safety_dictionary plain, translit;
    size_t word_count; /* ids given out */
    bool *filler;      /* by word id */
    size_t filler_capacity;
    struct fam_safety_phrase *phrases;
    size_t phrase_count, phrase_capacity;
    uint32_t *first;   /* by word id: index into by_word; word_count + 1 of them */
    uint32_t *by_word; /* phrases that begin with the word */
    struct fam_safety_element *elements;
    size_t element_count, element_capacity;
    struct fam_safety_class *classes;
    size_t class_count, class_capacity;
    struct fam_safety_rule *rules;
    size_t rule_count, rule_capacity;
};

struct fam_safety_file {
    const char *name; /* for messages */
    const char *text;
    size_t size;
    size_t group; /* files of one group (a language) share their classes */
};

/* INTERNAL names the file, the line and what is wrong with it. */
struct fam_safety *fam_safety_new_from(const struct fam_safety_file *files, size_t count,
                                       struct fam_status *status) FAM_MUST_CHECK;

/* "suicide" and so on; unspecified when there is no such kind. */
Fam__V1__SafetyKind fam_safety_kind_named(const char *name);

/* safety_dictionary.c */
bool fam_safety_dictionary_init(struct fam_safety_dictionary *dictionary) FAM_MUST_CHECK;
void fam_safety_dictionary_done(struct fam_safety_dictionary *dictionary);
/* The entry of exactly this word, made when there is none. NULL when memory is short. */
struct fam_safety_entry *fam_safety_dictionary_add(struct fam_safety_dictionary *dictionary,
                                                   const struct fam_safety_word *word);
/* After the last add. `shortest`: length from which a word may be misspelled. */
bool fam_safety_dictionary_seal(struct fam_safety_dictionary *dictionary, size_t shortest) FAM_MUST_CHECK;
/* Adds the ids that the word stands for to ids[*count], each once, up to FAM_SAFETY_MATCHES_MAX; *ret_known tells
 * whether the word is one of the dictionary in full or a common one. */
void fam_safety_dictionary_find(const struct fam_safety_dictionary *dictionary, const struct fam_safety_word *word,
                                uint16_t *ids, size_t *count, bool *ret_known);
/* The same for a misspelled word: one letter wrong, missing, too many, or two swapped. `sound_only`: only what sounds
 * alike and swaps. */
void fam_safety_dictionary_guess(const struct fam_safety_dictionary *dictionary, const struct fam_safety_word *word,
                                 bool sound_only, uint16_t *ids, size_t *count);

#endif
