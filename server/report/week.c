/* week.c: a week's report as its notification names it. See report.h. */
#include <stdlib.h>

#include "fam/v1/notification.pb-c.h"
#include "report/report.h"

enum { SHOWN = 3 };

enum fam_code fam_report_week_pack(const Fam__V1__Report *report, void **ret_body, size_t *ret_size,
                                   struct fam_status *status)
{
    Fam__V1__WeekSummary summary = FAM__V1__WEEK_SUMMARY__INIT;
    Fam__V1__EmotionCount counts[SHOWN];
    Fam__V1__EmotionCount *list[SHOWN];
    summary.report_id = report->report_id;
    summary.from_ms = report->from_ms;
    summary.until_ms = report->until_ms;
    summary.entries = report->entries;
    summary.emotions = list;
    for (size_t i = 0; i < SHOWN && i < report->n_emotions; i++) {
        fam__v1__emotion_count__init(&counts[i]);
        counts[i].emotion = report->emotions[i]->emotion;
        counts[i].count = report->emotions[i]->count;
        list[summary.n_emotions++] = &counts[i];
    }
    *ret_size = fam__v1__week_summary__get_packed_size(&summary);
    *ret_body = malloc(*ret_size + 1);
    if (*ret_body == NULL) {
        return fam_fail_memory(status);
    }
    (void)fam__v1__week_summary__pack(&summary, *ret_body);
    return FAM_OK;
}
