/* offline_judge.h: from hits to a finding: kind of input, emotions, needs, situation, certainty.
 *
 * Internal to the engine; no state. */
#ifndef FAM_TRANSLATE_OFFLINE_JUDGE_H
#define FAM_TRANSLATE_OFFLINE_JUDGE_H

#include "translate/offline.h"
#include "translate/offline_lexicon.h"
#include "translate/offline_templates.h"

enum { FAM_OFFLINE_SECONDARY_MAX = 3, FAM_OFFLINE_NEEDS_MAX = 3 };

struct fam_offline_emotion {
    Fam__V1__Emotion id;
    int32_t intensity; /* 1 to 5 */
};

struct fam_offline_finding {
    Fam__V1__InputKind kind;
    Fam__V1__Certainty certainty;
    struct fam_offline_emotion primary;
    struct fam_offline_emotion secondary[FAM_OFFLINE_SECONDARY_MAX];
    size_t secondary_count;
    Fam__V1__Need needs[FAM_OFFLINE_NEEDS_MAX];
    size_t need_count;  /* at least one */
    uint16_t situation; /* FAM_OFFLINE_NO_KEY when none */
    bool has_context;   /* something was told of what happened before */
    uint64_t hash;
};

/* What the judge looks into. */
struct fam_offline_bench {
    const struct fam_offline_keys *keys;
    const struct fam_offline_templates *plan;
    const struct fam_offline_lexicon *ru;
    const struct fam_offline_lexicon *en;
};

enum fam_code fam_offline_judge(const struct fam_offline_bench *bench, const struct fam_reading_input *input,
                                struct fam_offline_finding *ret_finding, struct fam_status *status) FAM_MUST_CHECK;

#endif
