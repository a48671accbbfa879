/* words.c: see words.h. */
#include "store/words.h"

#include <stddef.h>
#include <string.h>

#include "base/compiler.h"

/* The word of value n stands at index n; index 0 is the unspecified value. */
static const char *const languages[] = {NULL, "ru", "en"};
static const char *const sources[] = {NULL, "telegram", "invite", "api"};
static const char *const purposes[] = {NULL, "processing", "ai", "notifications"};
static const char *const engines[] = {NULL, "offline", "claude"};
static const char *const parent_roles[] = {NULL, "parent", "reader"};
static const char *const token_roles[] = {NULL, "bot", "service", "admin", "metrics"};
static const char *const checkin_slots[] = {NULL, "morning", "afternoon", "evening", "own", "quick"};
static const char *const checkin_states[] = {NULL, "sent", "started", "completed", "skipped", "missed"};

static const char *word(const char *const *words, size_t count, int value)
{
    return value > 0 && (size_t)value < count ? words[value] : NULL;
}

static int value_of(const char *const *words, size_t count, const char *text)
{
    for (size_t i = 1; i < count; i++) {
        if (strcmp(words[i], text) == 0) {
            return (int)i;
        }
    }
    return 0;
}

const char *fam_language_word(Fam__V1__Language value)
{
    return word(languages, FAM_ARRAY_SIZE(languages), (int)value);
}

Fam__V1__Language fam_language_of_word(const char *text)
{
    return (Fam__V1__Language)value_of(languages, FAM_ARRAY_SIZE(languages), text);
}

const char *fam_source_word(Fam__V1__RegistrationSource value)
{
    return word(sources, FAM_ARRAY_SIZE(sources), (int)value);
}

Fam__V1__RegistrationSource fam_source_of_word(const char *text)
{
    return (Fam__V1__RegistrationSource)value_of(sources, FAM_ARRAY_SIZE(sources), text);
}

const char *fam_purpose_word(Fam__V1__ConsentPurpose value)
{
    return word(purposes, FAM_ARRAY_SIZE(purposes), (int)value);
}

Fam__V1__ConsentPurpose fam_purpose_of_word(const char *text)
{
    return (Fam__V1__ConsentPurpose)value_of(purposes, FAM_ARRAY_SIZE(purposes), text);
}

const char *fam_engine_word(Fam__V1__Engine value)
{
    return word(engines, FAM_ARRAY_SIZE(engines), (int)value);
}

const char *fam_parent_role_word(Fam__V1__ParentRole value)
{
    return word(parent_roles, FAM_ARRAY_SIZE(parent_roles), (int)value);
}

Fam__V1__ParentRole fam_parent_role_of_word(const char *text)
{
    return (Fam__V1__ParentRole)value_of(parent_roles, FAM_ARRAY_SIZE(parent_roles), text);
}

const char *fam_token_role_word(Fam__V1__Role value)
{
    return word(token_roles, FAM_ARRAY_SIZE(token_roles), (int)value);
}

Fam__V1__Role fam_token_role_of_word(const char *text)
{
    return (Fam__V1__Role)value_of(token_roles, FAM_ARRAY_SIZE(token_roles), text);
}

const char *fam_checkin_slot_word(Fam__V1__CheckinSlot value)
{
    return word(checkin_slots, FAM_ARRAY_SIZE(checkin_slots), (int)value);
}

Fam__V1__CheckinSlot fam_checkin_slot_of_word(const char *text)
{
    return (Fam__V1__CheckinSlot)value_of(checkin_slots, FAM_ARRAY_SIZE(checkin_slots), text);
}

const char *fam_checkin_state_word(Fam__V1__CheckinState value)
{
    return word(checkin_states, FAM_ARRAY_SIZE(checkin_states), (int)value);
}

Fam__V1__CheckinState fam_checkin_state_of_word(const char *text)
{
    return (Fam__V1__CheckinState)value_of(checkin_states, FAM_ARRAY_SIZE(checkin_states), text);
}
