/* metrics get: the series of a metric, as they are now. */
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"
#include "ctl.h"
#include "samples.h"

/* NAME itself, or a histogram's parts. */
static bool is_of(const struct fam_sample *sample, const char *wanted)
{
    static const char *const PARTS[] = {"", "_bucket", "_sum", "_count"};
    size_t size = strlen(wanted);
    if (strncmp(sample->name, wanted, size) != 0) {
        return false;
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(PARTS); i++) {
        if (strcmp(sample->name + size, PARTS[i]) == 0) {
            return true;
        }
    }
    return false;
}

static size_t show(struct fam_out *out, const struct fam_samples *samples, const char *wanted)
{
    static const struct fam_column COLUMNS[] = {{"name", "NAME"}, {"labels", "LABELS"}, {"value", "VALUE"}};
    size_t shown = 0;
    fam_out_table(out, "series", COLUMNS, FAM_ARRAY_SIZE(COLUMNS), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < samples->count; i++) {
        const struct fam_sample *sample = &samples->items[i];
        if (is_of(sample, wanted)) {
            char value[32];
            (void)snprintf(value, sizeof(value), "%.15g", sample->value);
            fam_out_cell(out, FAM_TEXT(sample->name));
            fam_out_cell(out, FAM_TEXT(sample->labels));
            fam_out_cell(out, FAM_TEXT(value));
            shown++;
        }
    }
    return shown;
}

enum fam_code fam_ctl_metrics_get(struct fam_ctl *ctl, struct fam_status *status)
{
    char name[160];
    const char *wanted = ctl->parsed->arguments[0];
    struct fam_samples samples;
    enum fam_code code = fam_samples_fetch(ctl, &samples, status);
    if (code != FAM_OK) {
        return code;
    }
    /* The prefix that nearly all have may be left out. */
    (void)snprintf(name, sizeof(name), "family_emotions_%s", wanted);
    bool known = false;
    for (size_t i = 0; i < samples.count && !known; i++) {
        known = is_of(&samples.items[i], wanted);
    }
    if (show(&ctl->out, &samples, known ? wanted : name) == 0) {
        code = fam_fail(status, FAM_NOT_FOUND,
                        "the server has no metric \"%.128s\", or nothing was counted there yet; docs/metrics.md names "
                        "all of them",
                        wanted);
    }
    fam_samples_done(&samples);
    return code;
}
