/* guard.h: is this answer fit to show?
 *
 * Claude's text is taken for what it is, bytes from outside: strict JSON, the schema checked by hand (no unknown and no
 * double members), closed lists, lengths, then every text for its language, signs and words. One fault refuses the
 * whole answer; nothing is repaired. Word lists are data (server/translate/data/guard_ru.tsv, guard_en.tsv), compiled
 * in; both run on every text. No I/O; thread-safe; immutable after fam_guard_new. */
#ifndef FAM_TRANSLATE_GUARD_H
#define FAM_TRANSLATE_GUARD_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/status.h"
#include "fam/v1/translation.pb-c.h"
#include "translate/safety.h"

struct fam_guard;

enum { FAM_GUARD_JSON_MAX = 64 * 1024 }; /* bytes of an answer */

/* Reasons of a refusal, as status->reason; stable, for metrics and the disclosure's outcome:
 *   GUARD_JSON         no strict JSON, too long, too deep
 *   GUARD_SCHEMA       a member missing, unknown, twice, or of another type; a list too short or too long
 *   GUARD_ENUM         a value outside its closed list
 *   GUARD_LENGTH       a text empty or too long
 *   GUARD_REPEAT       two responses of one kind, an emotion, need or text twice
 *   GUARD_CONTROL      control, bidi or invisible characters, line breaks
 *   GUARD_PLACEHOLDER  a brace that is not part of a placeholder of a known shape
 *   GUARD_MARKUP       HTML, Markdown, code, emoji
 *   GUARD_LINK         a link or a domain
 *   GUARD_CONTACT      an e-mail or a phone number
 *   GUARD_MENTION      @name
 *   GUARD_LANGUAGE     mostly letters of another script
 *   GUARD_DIAGNOSIS    a diagnosis or a doctor's word
 *   GUARD_BLAME        blame of the child or the parent
 *   GUARD_HARM         a method of harm
 *   GUARD_LEAK         talk of prompts, models or instructions; ten words in a row of a prompt */

/* INTERNAL names the faulty line of the data. */
struct fam_guard *fam_guard_new(struct fam_status *status) FAM_MUST_CHECK;
void fam_guard_free(struct fam_guard *guard);

/* `json` is the text block of Claude's answer; placeholders are still inside. On FAM_OK *ret_reading is malloc'ed
 * throughout (fam__v1__reading__free_unpacked(reading, NULL)), engine CLAUDE, prompt_version set, version and
 * created_at_ms 0, and ret_risk holds *ret_risk_count kinds to add to what the detector found, each once.
 * INVALID_ARGUMENT: unfit, with a reason of the list above and the field in status->field ("responses[1].text"); the
 * message never holds any of the answer. RESOURCE_EXHAUSTED: memory is short. */
enum fam_code fam_guard_check(const struct fam_guard *guard, const char *json, size_t size, Fam__V1__Language language,
                              const char *prompt_version, Fam__V1__Reading **ret_reading,
                              Fam__V1__SafetyKind ret_risk[FAM_SAFETY_MAX_KINDS], size_t *ret_risk_count,
                              struct fam_status *status) FAM_MUST_CHECK;

#endif
