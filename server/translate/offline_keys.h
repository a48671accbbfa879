/* offline_keys.h: the names that lexicon and templates share: emotions, needs, groups of emotions, situations,
 * snippets.
 *
 * Numbers 1 … FAM_OFFLINE_EMOTIONS are the emotions of the proto; other names get numbers as they are met in the
 * templates. Internal to the engine; immutable after the templates are read. */
#ifndef FAM_TRANSLATE_OFFLINE_KEYS_H
#define FAM_TRANSLATE_OFFLINE_KEYS_H

#include <stdint.h>

#include "base/compiler.h"

enum {
    FAM_OFFLINE_EMOTIONS = 22,
    FAM_OFFLINE_NEEDS = 14,
    FAM_OFFLINE_KEYS_MAX = 192,
    FAM_OFFLINE_KEY_BYTES = 32,
    FAM_OFFLINE_NO_KEY = 0,
};

struct fam_offline_keys {
    uint16_t count; /* the next number; 0 is no key */
    char names[FAM_OFFLINE_KEYS_MAX][FAM_OFFLINE_KEY_BYTES];
};

void fam_offline_keys_init(struct fam_offline_keys *keys);
/* The number of a name, or FAM_OFFLINE_NO_KEY. */
uint16_t fam_offline_keys_find(const struct fam_offline_keys *keys, const char *name);
/* The same, made when there is none; FAM_OFFLINE_NO_KEY when the name is too long or there are too many. */
uint16_t fam_offline_keys_add(struct fam_offline_keys *keys, const char *name);

#endif
