/* reader_names.h: what a question to Claude takes from the family, the same whoever asks: a call, or a task that asks
 * again. Names that must not leave, in the order that gives equal questions equal placeholders; the child's profile. */
#ifndef FAM_TRANSLATE_READER_NAMES_H
#define FAM_TRANSLATE_READER_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "store/correction_store.h"
#include "store/family_store.h"
#include "store/user_store.h"
#include "translate/pseudonym.h"
#include "translate/reader.h"

/* One more than the pseudonyms take: they refuse that, and then nothing leaves. */
enum { FAM_READER_NAMES_MAX = FAM_PSEUDONYM_KNOWN_MAX + 1 };

/* The author's name, those of the children (`child`, of `family`, is the one that is talked of; NULL: none) and of the
 * other parents. Borrowed from user and family. */
size_t fam_reader_names(const struct fam_user *author, const struct fam_family *family, const struct fam_child *child,
                        struct fam_known_name ret_names[FAM_READER_NAMES_MAX]);
/* Answers of this author are not shared: others of the family would see, by the list of what was sent to Claude for
 * them or by the time that it takes, whether a phrase was asked before. */
bool fam_reader_apart(const struct fam_family *family);
/* Traits and special needs of the child (NULL: none), where any were told and every parent of the family consents to an
 * AI: nobody knows which of them wrote it. `family` is that of fam_person_load. Borrowed from the child. */
void fam_reader_profile(struct fam_reader_question *question, const struct fam_family *family,
                        const struct fam_child *child);

/* What the author said about feelings of this child before, and (NULL: nothing) about this very phrase. Borrowed. */
void fam_reader_corrections(struct fam_reader_question *question, const struct fam_corrections *learned,
                            const struct fam_correction *it_was);

#endif
