/* prompt.h: what Claude is told and asked.
 *
 * The system text is constant for a language and an age band, byte for byte, so that it can be cached by the API; what
 * the parent wrote, now and into the child's profile, comes after it, alone in the user message, as one JSON object
 * whose strings are data. Texts and
 * schema are files, server/translate/data/prompt_<language>_v<N>.txt and reading_schema_v<N>.json, compiled in.
 * No I/O; thread-safe; immutable after fam_prompts_new. docs/claude.md tells how to change a prompt. */
#ifndef FAM_TRANSLATE_PROMPT_H
#define FAM_TRANSLATE_PROMPT_H

#include "base/compiler.h"
#include "base/status.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/translation.pb-c.h"

struct fam_prompts;

/* What the author said that a feeling was. */
struct fam_prompt_correction {
    Fam__V1__Emotion emotion;    /* unspecified: told by the note alone */
    Fam__V1__Emotion instead_of; /* what was read; unspecified: unknown */
    const char *note;            /* as the phrase; "" when there is none */
};

struct fam_prompt_input {
    const char *phrase;          /* valid UTF-8, everything personal hidden (pseudonym.h) */
    const char *happened_before; /* the same; "" when not told */
    Fam__V1__Place place;
    Fam__V1__AgeBand age_band;  /* unspecified: any age */
    Fam__V1__Language language; /* of the answer; not unspecified */
    /* The child's profile: not in the message when there is neither. */
    const Fam__V1__Trait *traits;
    size_t trait_count;
    const char *special_needs; /* as the phrase; "" or NULL when not told */
    /* Of this child by this author, the newest first: not in the message when there are none. */
    const struct fam_prompt_correction *corrections;
    size_t correction_count;
    const struct fam_prompt_correction *it_was; /* of this very phrase; NULL: none */
};

struct fam_prompt {
    const char *system;  /* borrowed from the fam_prompts; the same pointer and bytes for a language and age band */
    char *user;          /* malloc'ed; one JSON object */
    const char *schema;  /* borrowed; a JSON schema for output_config.format */
    const char *version; /* borrowed; "claude-2-ru-1a2b3c4d": the digits change with any byte of prompt or schema */
};

/* INTERNAL names the faulty file. */
struct fam_prompts *fam_prompts_new(struct fam_status *status) FAM_MUST_CHECK;
void fam_prompts_free(struct fam_prompts *prompts);
/* INVALID_ARGUMENT: no prompt for the language, an unknown age band or trait, bad UTF-8. Release with fam_prompt_done,
 * which wipes; after a failure *ret_prompt is empty. */
enum fam_code fam_prompt_build(const struct fam_prompts *prompts, const struct fam_prompt_input *input,
                               struct fam_prompt *ret_prompt, struct fam_status *status) FAM_MUST_CHECK;
void fam_prompt_done(struct fam_prompt *prompt);
/* The version that fam_prompt_build gives for the language, for cache keys; NULL: there is no prompt for it. */
const char *fam_prompts_version(const struct fam_prompts *prompts, Fam__V1__Language language);

#endif
