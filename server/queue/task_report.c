/* task_report.c: see task_report.h. */
#include "queue/task_report.h"

#include <stdlib.h>
#include <string.h>

#include "queue/task_due.h"
#include "store/entry_store.h"

enum {
    WEEK_MS = 7 * 24 * 60 * 60 * 1000,
    PAGES_MAX = 100, /* ten thousand entries of one week: more say nothing new */
    EMOTIONS_MAX = 64,
    SHOWN = 3
};

/* A person's week. */
struct week {
    int64_t from_ms, until_ms;
    int32_t entries, rated, helped;
    int32_t emotions[EMOTIONS_MAX]; /* by number */
};

static void add(struct week *week, const struct fam_entry *entry)
{
    week->entries++;
    if (entry->reading->primary != NULL) {
        unsigned emotion = (unsigned)entry->reading->primary->emotion;
        if (emotion > 0 && emotion < EMOTIONS_MAX) {
            week->emotions[emotion]++;
        }
    }
    week->rated += entry->has_rating ? 1 : 0;
    week->helped += entry->has_rating && (entry->helped == FAM__V1__HELPED__HELPED_YES ||
                                          entry->helped == FAM__V1__HELPED__HELPED_A_LITTLE)
                        ? 1
                        : 0;
}

/* The person's own entries of the week, newest first, page by page. */
static enum fam_code look_back(struct fam_store *store, const struct fam_run *run, const struct fam_uuid *user_id,
                               struct week *week, struct fam_status *status)
{
    struct fam_uuid last;
    const struct fam_uuid *before = NULL;
    bool more = true;
    for (int page = 0; more && page < PAGES_MAX; page++) {
        struct fam_entry *entries = NULL;
        size_t count = 0;
        if (fam_run_is_cancelled(run)) {
            return fam_fail(status, FAM_DEADLINE_EXCEEDED, "the time for this report is over");
        }
        enum fam_code code =
            fam_entry_list(store, user_id, NULL, before, FAM_ENTRY_PAGE_MAX, &entries, &count, &more, status);
        if (code != FAM_OK) {
            return code;
        }
        for (size_t i = 0; i < count; i++) {
            if (entries[i].created_at_ms >= week->from_ms && entries[i].created_at_ms < week->until_ms) {
                add(week, &entries[i]);
            }
            more = more && entries[i].created_at_ms >= week->from_ms;
            last = entries[i].entry_id;
            before = &last;
        }
        fam_entries_free(entries, count);
    }
    return FAM_OK;
}

/* The number of the most frequent one that is left; 0: none. Takes it out. */
static unsigned take_most_frequent(struct week *week, int32_t *ret_count)
{
    unsigned best = 0;
    for (unsigned i = 1; i < EMOTIONS_MAX; i++) {
        best = week->emotions[i] > week->emotions[best] ? i : best;
    }
    *ret_count = week->emotions[best];
    week->emotions[best] = 0;
    return *ret_count > 0 ? best : 0;
}

static bool pack(struct week *week, struct fam_due_message *message)
{
    Fam__V1__WeekSummary summary = FAM__V1__WEEK_SUMMARY__INIT;
    Fam__V1__EmotionCount counts[SHOWN];
    Fam__V1__EmotionCount *list[SHOWN];
    summary.from_ms = week->from_ms;
    summary.until_ms = week->until_ms;
    summary.entries = week->entries;
    summary.rated = week->rated;
    summary.helped = week->helped;
    summary.emotions = list;
    for (size_t i = 0; i < SHOWN; i++) {
        fam__v1__emotion_count__init(&counts[i]);
        counts[i].emotion = (Fam__V1__Emotion)take_most_frequent(week, &counts[i].count);
        list[i] = &counts[i];
        summary.n_emotions += counts[i].count > 0 ? 1 : 0;
    }
    message->size = fam__v1__week_summary__get_packed_size(&summary);
    message->body = malloc(message->size + 1);
    if (message->body != NULL) {
        (void)fam__v1__week_summary__pack(&summary, message->body);
    }
    return message->body != NULL;
}

/* Adds a message for the person unless the week was empty. */
static enum fam_code tell(struct fam_due_run *due, const struct fam_uuid *user_id, struct fam_due_message *messages,
                          size_t *count, struct fam_status *status)
{
    struct week week = {.from_ms = due->due.due_ms - WEEK_MS, .until_ms = due->due.due_ms};
    enum fam_code code = look_back(due->context->store, due->run, user_id, &week, status);
    if (code != FAM_OK || week.entries == 0) {
        return code;
    }
    struct fam_due_message *message = &messages[*count];
    *message = (struct fam_due_message){
        .user_id = user_id,
        .lane = FAM__V1__LANE__LANE_REPORTS,
        .kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_WEEKLY_REPORT,
    };
    if (!pack(&week, message)) {
        return fam_fail_memory(status);
    }
    (*count)++;
    return FAM_OK;
}

static void report(struct fam_handlers *context, struct fam_run *run)
{
    struct fam_due_run due;
    struct fam_due_message messages[FAM_RECIPIENTS_MAX];
    struct fam_status status;
    size_t count = 0;
    if (!fam_due_open(context, run, &due)) {
        return;
    }
    for (size_t i = 0; i < due.count; i++) {
        if (tell(&due, &due.people[i], messages, &count, &status) != FAM_OK) {
            fam_due_discard(messages, count);
            fam_due_fail(&due, &status);
            return;
        }
    }
    fam_due_send(&due, "report", messages, count);
}

void fam_task_report(void *context, struct fam_run *const *runs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        report(context, runs[i]);
    }
}
