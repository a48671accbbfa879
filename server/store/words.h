/* words.h: the closed lists of the API as the words that the tables hold. Thread-safe; no state.
 *
 * *_word returns NULL for what the table does not take; fam_*_of returns the unspecified value for an unknown word. */
#ifndef FAM_STORE_WORDS_H
#define FAM_STORE_WORDS_H

#include "fam/v1/checkin.pb-c.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "fam/v1/types.pb-c.h"

const char *fam_language_word(Fam__V1__Language value);
Fam__V1__Language fam_language_of_word(const char *word);
const char *fam_source_word(Fam__V1__RegistrationSource value);
Fam__V1__RegistrationSource fam_source_of_word(const char *word);
const char *fam_purpose_word(Fam__V1__ConsentPurpose value);
Fam__V1__ConsentPurpose fam_purpose_of_word(const char *word);
const char *fam_engine_word(Fam__V1__Engine value);
const char *fam_parent_role_word(Fam__V1__ParentRole value);
Fam__V1__ParentRole fam_parent_role_of_word(const char *word);
const char *fam_token_role_word(Fam__V1__Role value);
Fam__V1__Role fam_token_role_of_word(const char *word);
const char *fam_checkin_slot_word(Fam__V1__CheckinSlot value);
Fam__V1__CheckinSlot fam_checkin_slot_of_word(const char *word);
const char *fam_checkin_state_word(Fam__V1__CheckinState value);
Fam__V1__CheckinState fam_checkin_state_of_word(const char *word);

#endif
