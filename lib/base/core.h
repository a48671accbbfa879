/* core.h: what is left of a short text when only what it says counts, for comparing what people type with the label of
 * a button. Thread-safe; no state. */
#ifndef FAM_BASE_CORE_H
#define FAM_BASE_CORE_H

#include "base/compiler.h"

/* Normalised (fam_text_normalise), and without whatever is neither letter nor digit at both ends: "«Очень хорошо!»
 * 🙂" is
 * "очень хорошо", "5/5." is "5/5", "🙂" is "". Returns malloc'ed text (free()), or NULL when memory is
 * short or `text` is not valid UTF-8. */
char *fam_text_core(const char *text) FAM_MUST_CHECK;

#endif
