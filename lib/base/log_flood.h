/* log_flood.h: which lines of a flood are written. Private to the log, which guards it with its lock. */
#ifndef FAM_BASE_LOG_FLOOD_H
#define FAM_BASE_LOG_FLOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

enum {
    FAM_LOG_FLOOD_KEPT = 100,  /* of the lines that are too many each hundredth is written */
    FAM_LOG_FLOOD_EVENTS = 64, /* told apart at the same time; more are not thinned out */
};

/* Start with {0} and `bound`. */
struct fam_log_flood {
    uint32_t bound; /* lines of one event and level in a second, before they are thinned out; 0: they never are */
    struct fam_log_flood_event {
        const char *event; /* constant text, told apart by its address; NULL: free */
        enum fam_log_level level;
        uint64_t second;
        uint32_t lines;    /* in this second */
        uint64_t left_out; /* not told of yet */
    } events[FAM_LOG_FLOOD_EVENTS];
};

/* Is this line to be written? *ret_left_out is how many of its kind were left out before, to be said with it. */
bool fam_log_flood_take(struct fam_log_flood *flood, enum fam_log_level level, const char *event, uint64_t now_ms,
                        uint64_t *ret_left_out);

#endif
