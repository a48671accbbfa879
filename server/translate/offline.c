#include "translate/offline.h"

#include <stdlib.h>
#include <string.h>

#include "translate/offline_compose.h"
#include "translate/offline_judge.h"

extern const unsigned char fam_data_lexicon_ru_tsv[];
extern const size_t fam_data_lexicon_ru_tsv_size;
extern const unsigned char fam_data_lexicon_en_tsv[];
extern const size_t fam_data_lexicon_en_tsv_size;
extern const unsigned char fam_data_lexicon_emoji_tsv[];
extern const size_t fam_data_lexicon_emoji_tsv_size;
extern const unsigned char fam_data_reading_plan_tsv[];
extern const size_t fam_data_reading_plan_tsv_size;
extern const unsigned char fam_data_templates_ru_tsv[];
extern const size_t fam_data_templates_ru_tsv_size;
extern const unsigned char fam_data_templates_en_tsv[];
extern const size_t fam_data_templates_en_tsv_size;

struct fam_offline {
    struct fam_offline_keys keys;
    struct fam_offline_templates plan;
    struct fam_offline_templates texts_ru, texts_en;
    struct fam_offline_lexicon lexicon_ru, lexicon_en;
};

const char *fam_offline_version(void)
{
    return "offline-1";
}

static enum fam_code load_templates(struct fam_offline *offline, struct fam_status *status)
{
    enum fam_code code = fam_offline_templates_init(&offline->plan, &offline->keys, "reading_plan.tsv",
                                                    fam_data_reading_plan_tsv, fam_data_reading_plan_tsv_size, status);
    if (code == FAM_OK) {
        code = fam_offline_templates_init(&offline->texts_ru, &offline->keys, "templates_ru.tsv",
                                          fam_data_templates_ru_tsv, fam_data_templates_ru_tsv_size, status);
    }
    if (code == FAM_OK) {
        code = fam_offline_templates_init(&offline->texts_en, &offline->keys, "templates_en.tsv",
                                          fam_data_templates_en_tsv, fam_data_templates_en_tsv_size, status);
    }
    return code;
}

static enum fam_code load_lexicons(struct fam_offline *offline, struct fam_status *status)
{
    const struct fam_offline_file emoji = {"lexicon_emoji.tsv", fam_data_lexicon_emoji_tsv,
                                           fam_data_lexicon_emoji_tsv_size};
    const struct fam_offline_file ru[] = {{"lexicon_ru.tsv", fam_data_lexicon_ru_tsv, fam_data_lexicon_ru_tsv_size},
                                          emoji};
    const struct fam_offline_file en[] = {{"lexicon_en.tsv", fam_data_lexicon_en_tsv, fam_data_lexicon_en_tsv_size},
                                          emoji};
    enum fam_code code = fam_offline_lexicon_init(&offline->lexicon_ru, &offline->keys, ru, FAM_ARRAY_SIZE(ru), status);
    return code == FAM_OK
               ? fam_offline_lexicon_init(&offline->lexicon_en, &offline->keys, en, FAM_ARRAY_SIZE(en), status)
               : code;
}

struct fam_offline *fam_offline_new(struct fam_status *status)
{
    struct fam_offline *offline = calloc(1, sizeof(*offline));
    if (offline == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    fam_offline_keys_init(&offline->keys);
    enum fam_code code = load_templates(offline, status);
    if (code == FAM_OK) {
        code = load_lexicons(offline, status);
    }
    if (code != FAM_OK) {
        fam_offline_free(offline);
        return NULL;
    }
    return offline;
}

void fam_offline_free(struct fam_offline *offline)
{
    if (offline == NULL) {
        return;
    }
    fam_offline_lexicon_done(&offline->lexicon_ru);
    fam_offline_lexicon_done(&offline->lexicon_en);
    fam_offline_templates_done(&offline->plan);
    fam_offline_templates_done(&offline->texts_ru);
    fam_offline_templates_done(&offline->texts_en);
    free(offline);
}

static enum fam_code judge(const struct fam_offline *offline, const struct fam_reading_input *input,
                           struct fam_offline_finding *ret_finding, struct fam_status *status)
{
    const struct fam_offline_bench bench = {
        .keys = &offline->keys, .plan = &offline->plan, .ru = &offline->lexicon_ru, .en = &offline->lexicon_en};
    if (input->age_band > FAM__V1__AGE_BAND__AGE_BAND_16_17) {
        return fam_fail_field(status, "age_band", "unknown age band");
    }
    return fam_offline_judge(&bench, input, ret_finding, status);
}

enum fam_code fam_offline_read(const struct fam_offline *offline, const struct fam_reading_input *input,
                               Fam__V1__Reading **ret_reading, struct fam_status *status)
{
    struct fam_offline_finding finding;
    enum fam_code code = judge(offline, input, &finding, status);
    if (code != FAM_OK) {
        return code;
    }
    bool russian = input->language == FAM__V1__LANGUAGE__LANGUAGE_RU;
    return fam_offline_compose(&offline->keys, &offline->plan, russian ? &offline->texts_ru : &offline->texts_en, input,
                               &finding, ret_reading, status);
}

enum fam_code fam_offline_signal(const struct fam_offline *offline, const struct fam_reading_input *input,
                                 char ret_signal[FAM_OFFLINE_SIGNAL], struct fam_status *status)
{
    struct fam_reading_input plain = *input;
    struct fam_offline_finding finding = {.situation = FAM_OFFLINE_NO_KEY};
    _Static_assert((int)FAM_OFFLINE_SIGNAL == (int)FAM_OFFLINE_KEY_BYTES, "a signal is a name of the engine's");
    plain.corrections = NULL;
    plain.correction_count = 0;
    plain.corrected = FAM__V1__EMOTION__EMOTION_UNSPECIFIED;
    ret_signal[0] = '\0';
    enum fam_code code = judge(offline, &plain, &finding, status);
    if (code == FAM_OK && finding.situation != FAM_OFFLINE_NO_KEY) {
        memcpy(ret_signal, offline->keys.names[finding.situation], FAM_OFFLINE_SIGNAL);
    }
    return code;
}
