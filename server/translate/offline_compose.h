/* offline_compose.h: from a finding to a Reading. Internal to the engine; no state. */
#ifndef FAM_TRANSLATE_OFFLINE_COMPOSE_H
#define FAM_TRANSLATE_OFFLINE_COMPOSE_H

#include "translate/offline_judge.h"

/* Most characters of each text, so that a whole answer fits into 1,500. */
enum {
    FAM_OFFLINE_GOING_CHARS = 240,
    FAM_OFFLINE_SECOND_CHARS = 160,
    FAM_OFFLINE_NEED_CHARS = 140,
    FAM_OFFLINE_SAY_CHARS = 180,
    FAM_OFFLINE_WHY_CHARS = 200,
    FAM_OFFLINE_EXPECT_CHARS = 160,
    FAM_OFFLINE_AVOID_CHARS = 160,
    FAM_OFFLINE_ACTIVITY_CHARS = 220,
    FAM_OFFLINE_NAME_CHARS = 24, /* a longer name is left out */
};

/* INTERNAL names what the templates lack. *ret_reading is malloc'ed throughout. */
enum fam_code fam_offline_compose(const struct fam_offline_keys *keys, const struct fam_offline_templates *plan,
                                  const struct fam_offline_templates *texts, const struct fam_reading_input *input,
                                  const struct fam_offline_finding *finding, Fam__V1__Reading **ret_reading,
                                  struct fam_status *status) FAM_MUST_CHECK;

#endif
