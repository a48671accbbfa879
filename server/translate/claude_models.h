/* claude_models.h: what the models of the Claude API take and cost, from data/claude_models.tsv. Thread-safe; no state.
 */
#ifndef FAM_TRANSLATE_CLAUDE_MODELS_H
#define FAM_TRANSLATE_CLAUDE_MODELS_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

struct fam_claude_usage;

struct fam_claude_model {
    char id[64];       /* as asked for */
    char version[16];  /* header anthropic-version */
    char thinking[16]; /* thinking.type; "": the field is left out */
    char effort[16];   /* output_config.effort; "": left out */
    uint32_t max_tokens;
    /* Micro-dollars per million tokens. */
    uint64_t input_price, cache_write_price, cache_read_price, output_price;
};

/* The row of the id, of the id before a date ("-20251001"), or "*". INVALID_ARGUMENT: no id of a model (letters,
 * digits, '-', '.', ':'; 1 to 63 of them); INTERNAL: a fault in the table. */
enum fam_code fam_claude_model_find(const char *id, struct fam_claude_model *ret_model,
                                    struct fam_status *status) FAM_MUST_CHECK;
/* What the tokens of *usage cost, in micro-dollars, rounded up. */
uint64_t fam_claude_model_cost(const struct fam_claude_model *model, const struct fam_claude_usage *usage);

#endif
