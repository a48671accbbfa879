#include "base/log_flood.h"

enum { PROBES = 4 };

/* The place of this event; NULL: all that it could have are taken by others that were busy in the last second. */
static struct fam_log_flood_event *place_of(struct fam_log_flood *flood, enum fam_log_level level, const char *event,
                                            uint64_t second)
{
    size_t start = (size_t)(((uintptr_t)event >> 3) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
    struct fam_log_flood_event *free_place = NULL;
    for (size_t i = 0; i < PROBES; i++) {
        struct fam_log_flood_event *place = &flood->events[(start + i) % FAM_LOG_FLOOD_EVENTS];
        if (place->event == event && place->level == level) {
            return place;
        }
        if (free_place == NULL && (place->event == NULL || (place->second + 1 < second && place->left_out == 0))) {
            free_place = place;
        }
    }
    if (free_place != NULL) {
        *free_place = (struct fam_log_flood_event){.event = event, .level = level, .second = second};
    }
    return free_place;
}

bool fam_log_flood_take(struct fam_log_flood *flood, enum fam_log_level level, const char *event, uint64_t now_ms,
                        uint64_t *ret_left_out)
{
    uint64_t second = now_ms / 1000;
    struct fam_log_flood_event *place = flood->bound == 0 ? NULL : place_of(flood, level, event, second);
    *ret_left_out = 0;
    if (place == NULL) {
        return true;
    }
    if (place->second != second) {
        place->second = second;
        place->lines = 0;
    }
    place->lines += place->lines < UINT32_MAX ? 1 : 0;
    bool written = place->lines <= flood->bound || (place->lines - flood->bound) % FAM_LOG_FLOOD_KEPT == 0;
    if (!written) {
        place->left_out++;
    } else if (place->lines == 1) {
        *ret_left_out = place->left_out;
        place->left_out = 0;
    }
    return written;
}
