/* pseudonym.h: placeholders for everything personal before a text leaves, and their restoration in what comes back.
 *
 * Hidden are: names of the family (every Russian case, the usual diminutives, Latin spelling, any case of letters),
 * first names that the lexicon knows, patronymics, surnames beside them, schools, kindergartens and clubs, phones,
 * e-mails,
 * @handles, links, street addresses, full birth dates and long numbers. Ages and short numbers stay.
 *
 *   {CHILD} the child asked about · {CHILD_1} another child of the family · {PARENT_1} · {PERSON_1} anybody else
 *   {SCHOOL_1} {ADDRESS_1} {PHONE_1} {EMAIL_1} {HANDLE_1} {URL_1} {DATE_1} {NUMBER_1}
 *   {OPEN} {CLOSE} a brace that the parent wrote, so that nobody but us can write a placeholder
 *
 * One thing has one placeholder in all texts of a request, numbered as things appear. A second spelling of it (another
 * case, small letters, Latin letters) is the same placeholder with the spelling's number, {CHILD.2}; so restoring gives
 * back the very text that was hidden, while a plain {CHILD} becomes the name as the family wrote it, a plain {PERSON_1}
 * the name in the nominative where it is known, and any other the spelling that came first.
 *
 * The lexicon (server/translate/data/names_*.tsv) is one for the process, immutable and thread-safe. A request's
 * placeholders belong to one thread. No I/O; time is linear in the text, memory bounded. No status holds a text. */
#ifndef FAM_TRANSLATE_PSEUDONYM_H
#define FAM_TRANSLATE_PSEUDONYM_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "base/status.h"
#include "fam/v1/translation.pb-c.h"

struct fam_pseudonymiser;
struct fam_pseudonyms;

enum {
    FAM_PSEUDONYM_TEXT_MAX = 64 * 1024, /* bytes of a text to hide */
    FAM_PSEUDONYM_KNOWN_MAX = 64,       /* names of a family; more are refused */
    FAM_PSEUDONYM_THINGS_MAX = 512,     /* different things in a request; more are refused */
};

enum fam_known_kind {
    FAM_KNOWN_CHILD,       /* the child asked about; at most one */
    FAM_KNOWN_OTHER_CHILD, /* of the same family */
    FAM_KNOWN_PARENT,      /* any adult of the family */
};

struct fam_known_name {
    enum fam_known_kind kind;
    const char *name; /* valid UTF-8 as the family wrote it; may hold several words; "" is left out */
};

/* INTERNAL names the faulty line of the data. */
struct fam_pseudonymiser *fam_pseudonymiser_new(struct fam_status *status) FAM_MUST_CHECK;
void fam_pseudonymiser_free(struct fam_pseudonymiser *pseudonymiser);

/* Copies the names; `pseudonymiser` must outlive it. NULL with INVALID_ARGUMENT (too many names, bad UTF-8) or
 * RESOURCE_EXHAUSTED. */
struct fam_pseudonyms *fam_pseudonyms_new(const struct fam_pseudonymiser *pseudonymiser,
                                          const struct fam_known_name *known, size_t count,
                                          struct fam_status *status) FAM_MUST_CHECK;
/* Wipes what it held; takes NULL. */
void fam_pseudonyms_free(struct fam_pseudonyms *pseudonyms);

/* INVALID_ARGUMENT: bad UTF-8, or longer than FAM_PSEUDONYM_TEXT_MAX. RESOURCE_EXHAUSTED: memory, or too many things;
 * then nothing may leave. *ret_text is set only on FAM_OK. */
enum fam_code fam_pseudonyms_hide(struct fam_pseudonyms *pseudonyms, const char *text, struct fam_secret *ret_text,
                                  struct fam_status *status) FAM_MUST_CHECK;
/* *ret_text is malloc'ed and holds personal text. INVALID_ARGUMENT with reason GUARD_PLACEHOLDER: a placeholder that
 * this request never gave out, or a stray brace; the caller treats that as an unfit answer. */
enum fam_code fam_pseudonyms_restore(const struct fam_pseudonyms *pseudonyms, const char *text, char **ret_text,
                                     struct fam_status *status) FAM_MUST_CHECK;
/* All texts of the reading, in place; on failure some are restored and some not: drop the reading. */
enum fam_code fam_pseudonyms_restore_reading(const struct fam_pseudonyms *pseudonyms, Fam__V1__Reading *reading,
                                             struct fam_status *status) FAM_MUST_CHECK;
/* Different things hidden so far; 0: the texts held nothing personal. */
size_t fam_pseudonyms_count(const struct fam_pseudonyms *pseudonyms);

#endif
