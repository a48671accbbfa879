#include "translate/translate.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"
#include "metrics/metrics.h"

struct fam_translate {
    struct fam_safety *safety;
    struct fam_help *help;
    struct fam_offline *offline;
    struct fam_metrics *metrics;
    struct fam_log *log;
};

struct fam_translate *fam_translate_new(const char *data_dir, struct fam_metrics *metrics, struct fam_log *log,
                                        struct fam_status *status)
{
    struct fam_translate *translate = calloc(1, sizeof(*translate));
    if (translate == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    translate->metrics = metrics;
    translate->log = log;
    translate->safety = fam_safety_new(status);
    translate->help = translate->safety == NULL ? NULL : fam_help_new(data_dir, status);
    translate->offline = translate->help == NULL ? NULL : fam_offline_new(status);
    if (translate->offline == NULL) {
        fam_translate_free(translate);
        return NULL;
    }
    char fault[256];
    if (fam_help_last_error(translate->help, fault, sizeof(fault))) {
        FAM_LOG(log, FAM_LOG_ERROR, "translate", "help_lines.tsv in FAM_DATA_DIR can't be used: the built-in list is",
                FAM_STR("fault", fault));
    }
    return translate;
}

void fam_translate_free(struct fam_translate *translate)
{
    if (translate == NULL) {
        return;
    }
    fam_offline_free(translate->offline);
    fam_help_free(translate->help);
    fam_safety_free(translate->safety);
    free(translate);
}

static void merge(struct fam_safety_hit *into, const struct fam_safety_hit *other)
{
    for (size_t i = 0; i < other->count; i++) {
        bool known = false;
        for (size_t j = 0; j < into->count; j++) {
            known = known || into->kinds[j] == other->kinds[i];
        }
        if (!known && into->count < FAM_SAFETY_MAX_KINDS) {
            into->kinds[into->count++] = other->kinds[i];
        }
    }
}

enum fam_code fam_translate_check(const struct fam_translate *translate, const struct fam_reading_input *input,
                                  struct fam_safety_hit *ret_hit, struct fam_status *status)
{
    struct fam_safety_hit before = {.count = 0};
    struct fam_safety_hit phrase = {.count = 0};
    enum fam_code code = fam_safety_check(translate->safety, input->phrase, &phrase, status);
    if (code == FAM_OK && input->happened_before[0] != '\0') {
        code = fam_safety_check(translate->safety, input->happened_before, &before, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    merge(&phrase, &before);
    *ret_hit = phrase;
    return FAM_OK;
}

enum fam_code fam_translate_read(const struct fam_translate *translate, const struct fam_reading_input *input,
                                 Fam__V1__Reading **ret_reading, struct fam_status *status)
{
    enum fam_code code = fam_offline_read(translate->offline, input, ret_reading, status);
    if (code == FAM_OK) {
        fam_metrics_add(translate->metrics, FAM_M_READINGS, FAM_LABELS("offline"), 1);
    }
    return code;
}

enum fam_code fam_translate_signal(const struct fam_translate *translate, const struct fam_reading_input *input,
                                   char ret_signal[FAM_OFFLINE_SIGNAL], struct fam_status *status)
{
    return fam_offline_signal(translate->offline, input, ret_signal, status);
}

enum fam_code fam_translate_help(struct fam_translate *translate, const struct fam_safety_hit *hit, const char *country,
                                 Fam__V1__Language language, Fam__V1__AgeBand age_band, Fam__V1__SafetyHelp **ret_help,
                                 struct fam_status *status)
{
    return fam_help_make(translate->help, hit, country, language, age_band, ret_help, status);
}

enum fam_code fam_translate_help_own(struct fam_translate *translate, const struct fam_safety_hit *hit,
                                     const char *country, Fam__V1__Language language, Fam__V1__SafetyHelp **ret_help,
                                     struct fam_status *status)
{
    return fam_help_make_own(translate->help, hit, country, language, ret_help, status);
}

void fam_translate_numbers(struct fam_translate *translate, const char *country, Fam__V1__Language language,
                           struct fam_help_numbers *ret_numbers)
{
    fam_help_find_numbers(translate->help, country, language, ret_numbers);
}
