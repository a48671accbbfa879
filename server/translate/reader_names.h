/* reader_names.h: the names of a family that must not leave, in the order that gives equal questions equal
 * placeholders, whoever asks: a call, or a task that asks again. */
#ifndef FAM_TRANSLATE_READER_NAMES_H
#define FAM_TRANSLATE_READER_NAMES_H

#include <stddef.h>

#include "store/family_store.h"
#include "store/user_store.h"
#include "translate/pseudonym.h"

/* The author's name, those of the children (`child`, of `family`, is the one that is talked of; NULL: none) and of the
 * other parents; FAM_PSEUDONYM_KNOWN_MAX at most. What does not fit is refused by the pseudonyms, and then nothing
 * leaves. Borrowed from user and family. */
size_t fam_reader_names(const struct fam_user *author, const struct fam_family *family, const struct fam_child *child,
                        struct fam_known_name ret_names[FAM_PSEUDONYM_KNOWN_MAX]);

#endif
