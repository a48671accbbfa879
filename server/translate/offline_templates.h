/* offline_templates.h: the sentences of one language, and the plan that all languages share.
 *
 * An entry is (key, field, ages, text); several entries of the same key, field and age are alternatives, of which the
 * phrase's hash picks one. docs/readings.md tells authors how the files are written. Internal to the engine; immutable
 * once read. */
#ifndef FAM_TRANSLATE_OFFLINE_TEMPLATES_H
#define FAM_TRANSLATE_OFFLINE_TEMPLATES_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"
#include "fam/v1/translation.pb-c.h"
#include "translate/offline_keys.h"

enum fam_offline_field {
    FAM_OFFLINE_GROUP,  /* plan: the emotion's group */
    FAM_OFFLINE_KINDS,  /* plan: three kinds of response */
    FAM_OFFLINE_NEEDS_, /* plan: needs, the first the strongest */
    FAM_OFFLINE_LEAN,   /* plan: emotions that a place makes likelier */
    FAM_OFFLINE_GOING,
    FAM_OFFLINE_SECOND,
    FAM_OFFLINE_AVOID,
    FAM_OFFLINE_ACTIVITY,
    FAM_OFFLINE_TEXT,     /* of needs and snippets */
    FAM_OFFLINE_RESPONSE, /* five kinds × (text, why, expect), in the order of ResponseKind */
    FAM_OFFLINE_FIELDS = FAM_OFFLINE_RESPONSE + 15,
};

enum fam_offline_part { FAM_OFFLINE_SAY, FAM_OFFLINE_WHY, FAM_OFFLINE_EXPECT };

enum { FAM_OFFLINE_CHAIN_MAX = 4 };

struct fam_offline_entry {
    uint16_t key;
    uint8_t field;
    uint8_t bands;
    uint32_t order;
    char *text;
};

struct fam_offline_templates {
    struct fam_offline_entry *entries; /* sorted by key, field, order */
    size_t count, capacity;
    uint16_t first[FAM_OFFLINE_KEYS_MAX][FAM_OFFLINE_FIELDS];
    uint8_t counts[FAM_OFFLINE_KEYS_MAX][FAM_OFFLINE_FIELDS];
};

/* Adds what it meets to `keys`. INTERNAL names file and line. Release with …_done, also after a failure. */
enum fam_code fam_offline_templates_init(struct fam_offline_templates *templates, struct fam_offline_keys *keys,
                                         const char *file, const unsigned char *data, size_t size,
                                         struct fam_status *status) FAM_MUST_CHECK;
void fam_offline_templates_done(struct fam_offline_templates *templates);

enum fam_offline_field fam_offline_response_field(Fam__V1__ResponseKind kind, enum fam_offline_part part);
/* The first key of the chain that has the field for the band answers; `hash` picks among its alternatives. NULL: none
 * has. The text belongs to the templates. */
const char *fam_offline_pick(const struct fam_offline_templates *templates, const uint16_t *chain, size_t chain_count,
                             enum fam_offline_field field, Fam__V1__AgeBand band, uint64_t hash);

#endif
