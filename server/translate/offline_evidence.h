/* offline_evidence.h: what the hits of one text add up to. Internal to the engine; no state. */
#ifndef FAM_TRANSLATE_OFFLINE_EVIDENCE_H
#define FAM_TRANSLATE_OFFLINE_EVIDENCE_H

#include "translate/offline_lexicon.h"

struct fam_offline_evidence {
    int emotions[FAM_OFFLINE_EMOTIONS + 1]; /* tenths of a rule's weight, added up */
    int strength[FAM_OFFLINE_EMOTIONS + 1]; /* the strongest single word, 1 to 5 */
    int needs[FAM_OFFLINE_NEEDS + 1];
    int situations[FAM_OFFLINE_KEYS_MAX];
    uint8_t emotion_of[FAM_OFFLINE_KEYS_MAX]; /* the emotion that a situation's rule leads with; 0: none */
    bool outburst, said, behaviour;
    bool speaks;       /* "he says": what follows are words */
    bool third, first; /* about the child; in the first person */
    uint16_t grave;    /* a situation that goes before all others, or FAM_OFFLINE_NO_KEY */
    size_t widest;     /* words of the longest rule that was hit */
    size_t hits;
};

/* Adds what the text tells, weighed by `percent`. Only the phrase itself (`whole`) tells of kind and situation. */
void fam_offline_gather(const struct fam_offline_lexicon *lexicon, struct fam_offline_text *text, Fam__V1__AgeBand band,
                        int percent, bool whole, struct fam_offline_evidence *evidence);

#endif
