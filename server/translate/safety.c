#include "translate/safety.h"

#include <stdlib.h>

#include "base/text.h"
#include "translate/safety_match.h"
#include "translate/safety_rules.h"
#include "translate/safety_words.h"

#define DATA(name)                                                                                                     \
    extern const unsigned char fam_data_##name##_tsv[];                                                                \
    extern const size_t fam_data_##name##_tsv_size
DATA(safety_ru);
DATA(safety_idioms_ru);
DATA(safety_common_ru);
DATA(safety_en);
DATA(safety_idioms_en);
DATA(safety_common_en);
#undef DATA

/* The gravest first: what can't wait an hour, then danger to life, then harm by others, then the rest. */
static const Fam__V1__SafetyKind gravity[FAM_SAFETY_MAX_KINDS] = {
    FAM__V1__SAFETY_KIND__SAFETY_KIND_MEDICAL_EMERGENCY, FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE,
    FAM__V1__SAFETY_KIND__SAFETY_KIND_SEXUAL_ABUSE,      FAM__V1__SAFETY_KIND__SAFETY_KIND_VIOLENCE_AT_HOME,
    FAM__V1__SAFETY_KIND__SAFETY_KIND_SELF_HARM,         FAM__V1__SAFETY_KIND__SAFETY_KIND_PARENT_CRISIS,
    FAM__V1__SAFETY_KIND__SAFETY_KIND_BULLYING,          FAM__V1__SAFETY_KIND__SAFETY_KIND_RUNNING_AWAY,
    FAM__V1__SAFETY_KIND__SAFETY_KIND_SUBSTANCES,        FAM__V1__SAFETY_KIND__SAFETY_KIND_EATING_DISORDER,
};

struct fam_safety *fam_safety_new(struct fam_status *status)
{
    enum { RUSSIAN, ENGLISH };
#define FILE_OF(file, language)                                                                                        \
    {                                                                                                                  \
#file ".tsv", (const char *)fam_data_##file##_tsv, fam_data_##file##_tsv_size, language                        \
    }
    const struct fam_safety_file files[] = {
        FILE_OF(safety_ru, RUSSIAN), FILE_OF(safety_idioms_ru, RUSSIAN), FILE_OF(safety_common_ru, RUSSIAN),
        FILE_OF(safety_en, ENGLISH), FILE_OF(safety_idioms_en, ENGLISH), FILE_OF(safety_common_en, ENGLISH),
    };
#undef FILE_OF
    return fam_safety_new_from(files, sizeof files / sizeof files[0], status);
}

enum fam_code fam_safety_check(const struct fam_safety *safety, const char *text, struct fam_safety_hit *ret_hit,
                               struct fam_status *status)
{
    char *normal = fam_text_normalise(text);
    struct fam_safety_token *tokens = NULL;
    size_t count = 0;
    unsigned kinds = 0;
    bool good = normal != NULL && fam_safety_tokenise(normal, &tokens, &count) &&
                fam_safety_match(safety, tokens, count, &kinds);
    free(normal);
    free(tokens);
    if (!good) {
        return fam_fail_memory(status);
    }
    *ret_hit = (struct fam_safety_hit){0};
    for (size_t i = 0; i < FAM_SAFETY_MAX_KINDS; i++) {
        if ((kinds >> gravity[i] & 1) != 0) {
            ret_hit->kinds[ret_hit->count++] = gravity[i];
        }
    }
    return FAM_OK;
}
