/* claude_wire.h: the Messages API as bytes: a question's body, and what an answer's body means. Thread-safe; no state.
 */
#ifndef FAM_TRANSLATE_CLAUDE_WIRE_H
#define FAM_TRANSLATE_CLAUDE_WIRE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/status.h"
#include "translate/claude.h"
#include "translate/claude_models.h"

/* Everything constant comes first, the user's text last: the API caches by the longest equal beginning, and the
 * breakpoint stands on the system text. Appends to `body`, which needs a limit. INVALID_ARGUMENT: a text is no UTF-8 or
 * the schema no JSON object; OUT_OF_RANGE: it does not fit. */
enum fam_code fam_claude_wire_question(const struct fam_claude_model *model, const struct fam_claude_prompt *prompt,
                                       struct fam_buf *body, struct fam_status *status) FAM_MUST_CHECK;

/* The body of an answer with status 200. Its stop reason decides first; an answer is one text block, found by its type,
 * that holds one JSON object. Fails with the reasons REFUSAL, MAX_TOKENS, CONTEXT and INVALID_ANSWER of claude.h.
 * ret_answer->usage is filled in every case (0: the body does not tell), model and text when it succeeds; free with
 * fam_secret_done(&ret_answer->text). */
enum fam_code fam_claude_wire_answer(const struct fam_claude_model *model, const char *body, size_t size,
                                     struct fam_claude_answer *ret_answer, struct fam_status *status) FAM_MUST_CHECK;

/* The error's type in capitals, "AUTHENTICATION_ERROR", when it is one of those documented; else "REJECTED". A
 * constant. */
const char *fam_claude_wire_error(const char *body, size_t size);

#endif
