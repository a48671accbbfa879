/* pseudonym_spans.h: where a text holds something personal. Internal to the pseudonyms.
 *
 * Three finders look at the same text and add spans; spans may overlap and come in any order. Each looks ahead a
 * bounded way, so all are linear in the text. */
#ifndef FAM_TRANSLATE_PSEUDONYM_SPANS_H
#define FAM_TRANSLATE_PSEUDONYM_SPANS_H

#include "translate/pseudonym.h"
#include "translate/pseudonym_names.h"
#include "translate/pseudonym_text.h"

enum fam_pseudonym_kind {
    FAM_HIDDEN_CHILD,
    FAM_HIDDEN_OTHER_CHILD,
    FAM_HIDDEN_PARENT,
    FAM_HIDDEN_PERSON,
    FAM_HIDDEN_SCHOOL,
    FAM_HIDDEN_ADDRESS,
    FAM_HIDDEN_PHONE,
    FAM_HIDDEN_EMAIL,
    FAM_HIDDEN_HANDLE,
    FAM_HIDDEN_URL,
    FAM_HIDDEN_DATE,
    FAM_HIDDEN_NUMBER,
    FAM_HIDDEN_OPEN,
    FAM_HIDDEN_CLOSE,
    FAM_HIDDEN_KINDS,
};

enum { FAM_PSEUDONYM_NOMINATIVE_BYTES = 128, FAM_PSEUDONYM_NOT_KNOWN = -1 };

struct fam_pseudonym_span {
    size_t start, end; /* bytes */
    enum fam_pseudonym_kind kind;
    /* Of people only. */
    int known;                                       /* index of the family's name, or FAM_PSEUDONYM_NOT_KNOWN */
    uint16_t bases[FAM_NAME_BASES];                  /* of the first name */
    size_t base_count;                               /* 0: no first name */
    uint64_t extra;                                  /* of patronymic or surname, the same in all cases; 0: none */
    char nominative[FAM_PSEUDONYM_NOMINATIVE_BYTES]; /* "" when it is not known */
};

struct fam_pseudonym_spans {
    struct fam_pseudonym_span *items;
    size_t count, capacity;
    bool failed; /* memory was short */
};

void fam_pseudonym_spans_add(struct fam_pseudonym_spans *spans, const struct fam_pseudonym_span *span);
/* Wipes. */
void fam_pseudonym_spans_done(struct fam_pseudonym_spans *spans);

/* The family's names, prepared. */
struct fam_pseudonym_known_form {
    uint64_t hash; /* of the form, or of its key where `key` is true */
    int known;
    bool key;
    enum fam_name_form form;
};

struct fam_pseudonym_known {
    enum fam_known_kind kind;
    char *name; /* as the family wrote it */
    uint16_t bases[2 * FAM_NAME_BASES];
    size_t base_count;
};

struct fam_pseudonym_family {
    struct fam_pseudonym_known *names;
    size_t count;
    struct fam_pseudonym_known_form *forms; /* sorted by key, hash, known */
    size_t form_count, form_capacity;
};

/* INVALID_ARGUMENT, RESOURCE_EXHAUSTED as fam_pseudonyms_new. */
enum fam_code fam_pseudonym_family_init(struct fam_pseudonym_family *family, const struct fam_names *names,
                                        const struct fam_known_name *known, size_t count,
                                        struct fam_status *status) FAM_MUST_CHECK;
void fam_pseudonym_family_done(struct fam_pseudonym_family *family);
/* The family's name that word i is a form of, or FAM_PSEUDONYM_NOT_KNOWN. `hit` is what the lexicon knows of the word,
 * or has count 0; *ret_form is set for a name. */
int fam_pseudonym_family_find(const struct fam_pseudonym_family *family, const struct fam_names *names,
                              const struct fam_pseudonym_word *word, const struct fam_name_hit *hit,
                              enum fam_name_form *ret_form);

void fam_pseudonym_find_people(const struct fam_pseudonym_words *words, const struct fam_names *names,
                               const struct fam_pseudonym_family *family, struct fam_pseudonym_spans *spans);
/* Schools, kindergartens, clubs; addresses. */
void fam_pseudonym_find_schools(const struct fam_pseudonym_words *words, const struct fam_names *names,
                                struct fam_pseudonym_spans *spans);
void fam_pseudonym_find_addresses(const struct fam_pseudonym_words *words, const struct fam_names *names,
                                  struct fam_pseudonym_spans *spans);
/* Phones, e-mails, handles, links, dates, long numbers, braces. */
void fam_pseudonym_find_contacts(const struct fam_pseudonym_words *words, struct fam_pseudonym_spans *spans);
/* Is a number at word i followed by what it counts ("3 года")? */
bool fam_pseudonym_counts(const struct fam_pseudonym_words *words, size_t i);

#endif
