/* claude_sim_models.c: the models that are known, and what each takes; see claude_sim_state.h. */
#include <string.h>

#include "sim/claude_sim_state.h"

#define MILLION 1000000
#define ALL_EFFORTS (CS_EFFORT | CS_EFFORT_MAX | CS_EFFORT_XHIGH)

static const struct cs_model models[] = {
    {"claude-fable-5-1", "Claude Fable 5.1", MILLION, 128000, 512,
     CS_ADAPTS | CS_THINKS | CS_ALWAYS_THINKS | ALL_EFFORTS},
    {"claude-opus-5-5", "Claude Opus 5.5", MILLION, 128000, 512,
     CS_ADAPTS | CS_THINKS | CS_ALWAYS_THINKS | ALL_EFFORTS},
    {"claude-sonnet-5-5", "Claude Sonnet 5.5", MILLION, 128000, 512,
     CS_ADAPTS | CS_THINKS | CS_ALWAYS_THINKS | CS_BETWEEN_TOOLS | ALL_EFFORTS},
    {"claude-haiku-5-5", "Claude Haiku 5.5", MILLION, 128000, 512,
     CS_ADAPTS | CS_THINKS | CS_FORCES_TOOLS | ALL_EFFORTS},
    {"claude-fable-5", "Claude Fable 5", MILLION, 128000, 512,
     CS_ADAPTS | CS_THINKS | CS_ALWAYS_THINKS | CS_FORCES_TOOLS | ALL_EFFORTS},
    {"claude-opus-5", "Claude Opus 5", MILLION, 128000, 512, CS_ADAPTS | CS_THINKS | CS_FORCES_TOOLS | ALL_EFFORTS},
    {"claude-sonnet-5", "Claude Sonnet 5", MILLION, 128000, 1024,
     CS_ADAPTS | CS_THINKS | CS_FORCES_TOOLS | ALL_EFFORTS},
    {"claude-opus-4-8", "Claude Opus 4.8", MILLION, 128000, 1024, CS_ADAPTS | CS_FORCES_TOOLS | ALL_EFFORTS},
    {"claude-opus-4-7", "Claude Opus 4.7", MILLION, 128000, 2048, CS_ADAPTS | CS_FORCES_TOOLS | ALL_EFFORTS},
    {"claude-opus-4-6", "Claude Opus 4.6", MILLION, 128000, 4096,
     CS_SAMPLES | CS_BUDGETS | CS_ADAPTS | CS_FORCES_TOOLS | CS_EFFORT | CS_EFFORT_MAX},
    {"claude-sonnet-4-6", "Claude Sonnet 4.6", MILLION, 128000, 1024,
     CS_SAMPLES | CS_BUDGETS | CS_ADAPTS | CS_FORCES_TOOLS | CS_EFFORT | CS_EFFORT_MAX},
    {"claude-opus-4-5-20251101", "Claude Opus 4.5", 200000, 64000, 4096,
     CS_SAMPLES | CS_PREFILLS | CS_BUDGETS | CS_FORCES_TOOLS | CS_EFFORT},
    {"claude-sonnet-4-5-20250929", "Claude Sonnet 4.5", 200000, 64000, 1024,
     CS_SAMPLES | CS_PREFILLS | CS_BUDGETS | CS_FORCES_TOOLS},
    {"claude-haiku-4-5-20251001", "Claude Haiku 4.5", 200000, 64000, 4096,
     CS_SAMPLES | CS_PREFILLS | CS_BUDGETS | CS_FORCES_TOOLS},
};

/* "claude-haiku-4-5" is an alias of the id with a date. */
static bool is_named(const struct cs_model *model, const char *id)
{
    size_t length = strlen(id);
    if (strcmp(model->id, id) == 0) {
        return true;
    }
    return strncmp(model->id, id, length) == 0 && model->id[length] == '-' && strlen(model->id + length) == 9;
}

const struct cs_model *cs_model_find(const char *id)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(models); i++) {
        if (is_named(&models[i], id)) {
            return &models[i];
        }
    }
    return NULL;
}

const struct cs_model *cs_model_at(size_t index)
{
    return index < FAM_ARRAY_SIZE(models) ? &models[index] : NULL;
}
