/* people_world.h: a settled person with a family, for tests of conversations about people. */
#ifndef FAM_TESTS_PEOPLE_WORLD_H
#define FAM_TESTS_PEOPLE_WORLD_H

#include "fake_world.h"

static inline void people_start(void)
{
    world_start();
    world_settled();
    snprintf(w.name, sizeof(w.name), "Анна");
    snprintf(w.family_country, sizeof(w.family_country), "RU");
}

static inline void people_stop(void)
{
    world_stop();
}

static inline const char *ru(const char *key)
{
    return fam_locale_text(fam_locales_get(w.locales, FAM__V1__LANGUAGE__LANGUAGE_RU), key);
}

static inline void assert_last_says(const char *part)
{
    cr_assert_not_null(strstr(last()->text, part), "\"%s\" is not in: %s", part, last()->text);
}

/* A second parent and a grandmother. */
static inline void with_relatives(void)
{
    w.parents[0] = (struct world_parent){.name = "Пётр", .role = FAM__V1__PARENT_ROLE__PARENT_ROLE_PARENT};
    w.parents[1] = (struct world_parent){.name = "<Вера>", .role = FAM__V1__PARENT_ROLE__PARENT_ROLE_READER};
    w.parent_count = 2;
}

/* A newcomer with the link of an invitation. */
static inline void newcomer(Fam__V1__ParentRole role)
{
    w.family = false;
    w.child_count = 0;
    w.processing = w.ai = -1;
    w.country[0] = w.name[0] = '\0';
    w.offered = "AAECAwQFBgcICQoLDA0ODw";
    w.offered_role = role;
}

#endif
