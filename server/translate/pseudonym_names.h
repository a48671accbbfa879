/* pseudonym_names.h: the lexicon of first names and of the words that look like names. Internal to the pseudonyms.
 *
 * Read from data/names_*.tsv at start, immutable afterwards, thread-safe. A line of names is a group: one name with its
 * spellings and short forms. All words are folded (pseudonym_text.h). */
#ifndef FAM_TRANSLATE_PSEUDONYM_NAMES_H
#define FAM_TRANSLATE_PSEUDONYM_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

enum {
    FAM_NAME_GROUPS = 8, /* of one short form; Слава has more, but is ambiguous long before */
    FAM_NAME_BASES = 2,  /* that one word may be a form of: Яна is Яна, and Ян in the genitive */
    FAM_NAME_NOMINATIVE_BYTES = 64,
};

enum fam_name_form {
    FAM_NAME_NOMINATIVE,
    FAM_NAME_OBLIQUE,
    FAM_NAME_VOCATIVE,   /* Маш, Кать */
    FAM_NAME_DERIVED,    /* Машенька, made by rule */
    FAM_NAME_POSSESSIVE, /* Машин */
    FAM_NAME_LATIN,      /* Masha */
};

/* What a word of the lists is; a word may be several. */
enum {
    FAM_NAME_WORD_COMMON = 1,  /* an ordinary word too: a name only by a capital within a sentence, or in the family */
    FAM_NAME_WORD_GRAMMAR = 2, /* so ordinary that even a name of the family needs the capital */
    FAM_NAME_WORD_ROLE = 4,    /* a name stands after it: учительница, Mrs */
    FAM_NAME_WORD_STOP = 8,    /* no surname in spite of its capital or its end: Monday, готова */
};

struct fam_name_base {
    char *text; /* the nominative as the data spell it */
    uint16_t groups[FAM_NAME_GROUPS];
    uint8_t group_count;
    bool full; /* not only a short form */
};

struct fam_name_hit {
    uint16_t bases[FAM_NAME_BASES];
    size_t count;
    enum fam_name_form form;                    /* of the first base */
    char nominative[FAM_NAME_NOMINATIVE_BYTES]; /* of the very name: Машенька for Машеньке; "" when it is not known */
};

struct fam_name_slot {
    uint64_t hash; /* 0: empty */
    uint16_t bases[FAM_NAME_BASES];
    uint8_t forms[FAM_NAME_BASES];
    uint8_t count;
    uint8_t flags; /* of the word lists */
};

struct fam_names {
    struct fam_name_base *bases;
    size_t base_count, base_capacity;
    struct fam_name_slot *slots;
    size_t slot_count; /* a power of two */
    size_t used;
    uint16_t groups;
};

enum fam_code fam_names_init(struct fam_names *names, struct fam_status *status) FAM_MUST_CHECK;
void fam_names_done(struct fam_names *names);

bool fam_names_find(const struct fam_names *names, const char *folded, bool cyrillic, struct fam_name_hit *ret_hit);
/* Sum of FAM_NAME_WORD_…; 0: an unlisted word. */
unsigned fam_names_word(const struct fam_names *names, const char *folded);
/* May both be the same person: of one name, where that is not ambiguous, or the same short form? */
bool fam_names_related(const struct fam_names *names, uint16_t a, uint16_t b);

/* Calls `emit` for each case of a folded name, the nominative first; `sex` is f, m, x, or 0 for unknown, when more than
 * the name's own forms may come. Stems that lose a vowel are given by `stem`, or NULL. */
typedef bool fam_name_emit(void *context, const char *form, enum fam_name_form kind);
bool fam_name_inflect(const char *folded, const char *stem, char sex, fam_name_emit *emit, void *context);
/* The same for a surname: Иванов, Иванова, Ивановых …; nothing for what has no surname's end. */
bool fam_name_inflect_surname(const char *folded, fam_name_emit *emit, void *context);
/* Takes the diminutive's or the possessive's end from a Cyrillic word, for each way to do so: `found` gets the name
 * that would be left, its own nominative, and the form; it returns true to stop. */
typedef bool fam_name_found(void *context, const char *name, const char *nominative, enum fam_name_form kind);
bool fam_name_strip(const char *folded, fam_name_found *found, void *context);

/* One spelling for a Russian name in Cyrillic and in Latin letters: Наталья and Natalia meet. False: no such spelling,
 * or shorter than three letters. */
bool fam_name_key(const char *folded, bool cyrillic, char out[FAM_NAME_NOMINATIVE_BYTES]);
uint64_t fam_name_hash(const char *folded);

#endif
