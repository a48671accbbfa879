#include "commands/queue_words.h"

#include <stdlib.h>
#include <string.h>

#include "words.h"

enum { SPAN_LENGTH_MAX = 9, DAY_S = 86400, YEAR_DAYS = 366 };

enum fam_code fam_span_ms(const char *text, const char *flag, int64_t *ret_ms, struct fam_status *status)
{
    static const char UNITS[] = "smhd";
    static const int64_t SECONDS[] = {1, 60, 3600, DAY_S};
    char *end = NULL;
    size_t size = strlen(text);
    if (size >= 2 && size <= SPAN_LENGTH_MAX && text[0] >= '0' && text[0] <= '9') {
        int64_t count = strtoll(text, &end, 10);
        const char *unit = end[0] == '\0' || end[1] != '\0' ? NULL : strchr(UNITS, end[0]);
        if (unit != NULL && count > 0 && count * SECONDS[unit - UNITS] <= (int64_t)YEAR_DAYS * DAY_S) {
            *ret_ms = count * SECONDS[unit - UNITS] * 1000;
            return FAM_OK;
        }
    }
    return fam_usage(status, "%s \"%.32s\" is no span of time such as 90s, 30m, 2h, 3d, up to a year", flag, text);
}

static char *flag_text(const struct fam_ctl *ctl, const char *flag)
{
    static char nothing[] = "";
    const char *value = fam_parsed_value(ctl->parsed, flag);
    return value == NULL ? nothing : (char *)(uintptr_t)value; /* packing only reads */
}

enum fam_code fam_task_filter_read(const struct fam_ctl *ctl, Fam__V1__TaskFilter *ret_filter,
                                   struct fam_status *status)
{
    int value = 0;
    *ret_filter = (Fam__V1__TaskFilter)FAM__V1__TASK_FILTER__INIT;
    ret_filter->type = flag_text(ctl, "--type");
    ret_filter->reason = flag_text(ctl, "--failure");
    ret_filter->task_ids = (char **)(uintptr_t)ctl->parsed->arguments;
    ret_filter->n_task_ids = ctl->parsed->argument_count;
    /* Both are among the choices of the flag, which the parser has checked. */
    if (fam_word_to_enum(&fam__v1__task_state__descriptor, flag_text(ctl, "--state"), &value)) {
        ret_filter->state = (Fam__V1__TaskState)value;
    }
    if (fam_word_to_enum(&fam__v1__priority__descriptor, flag_text(ctl, "--priority"), &value)) {
        ret_filter->priority = (Fam__V1__Priority)value;
    }
    const char *older = fam_parsed_value(ctl->parsed, "--older");
    return older == NULL ? FAM_OK : fam_span_ms(older, "--older", &ret_filter->older_than_ms, status);
}

bool fam_task_filter_is_empty(const Fam__V1__TaskFilter *filter)
{
    return filter->n_task_ids == 0 && filter->state == FAM__V1__TASK_STATE__TASK_STATE_UNSPECIFIED &&
           filter->type[0] == '\0' && filter->priority == FAM__V1__PRIORITY__PRIORITY_UNSPECIFIED &&
           filter->reason[0] == '\0' && filter->older_than_ms == 0;
}

void fam_age_words(int64_t ms, char ret_words[FAM_AGE_SIZE])
{
    int64_t seconds = ms / 1000;
    if (seconds < 60) {
        (void)snprintf(ret_words, FAM_AGE_SIZE, "%.1f s", (double)ms / 1000);
    } else if (seconds < 2 * 3600) {
        (void)snprintf(ret_words, FAM_AGE_SIZE, "%lld min", (long long)(seconds / 60));
    } else if (seconds < 2 * DAY_S) {
        (void)snprintf(ret_words, FAM_AGE_SIZE, "%lld h", (long long)(seconds / 3600));
    } else {
        (void)snprintf(ret_words, FAM_AGE_SIZE, "%lld d", (long long)(seconds / DAY_S));
    }
}

enum fam_code fam_queue_stats_fetch(struct fam_ctl *ctl, struct fam_rpc *rpc, const struct fam_rpc_options *options,
                                    const Fam__V1__GetQueueStatsResponse **ret_stats, struct fam_status *status)
{
    Fam__V1__GetQueueStatsRequest request = FAM__V1__GET_QUEUE_STATS_REQUEST__INIT;
    fam_rpc_init(rpc, options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, get_queue_stats, rpc, &request, status);
    if (code == FAM_OK) {
        *ret_stats = (const Fam__V1__GetQueueStatsResponse *)fam_rpc_response(rpc);
    }
    return code;
}

int64_t fam_queue_running(const Fam__V1__GetQueueStatsResponse *stats)
{
    int64_t running = 0;
    for (size_t i = 0; i < stats->n_types; i++) {
        running += stats->types[i]->running;
    }
    return running;
}
