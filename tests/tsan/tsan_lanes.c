/* Lanes and pacer under ThreadSanitizer: updates come in while others are handled. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lanes.h"
#include "pacer.h"

enum { UPDATES = 3000, CHATS = 9 };

struct world {
    struct fam_pacer *pacer;
    int64_t last[CHATS]; /* without a lock: the lanes keep a chat's updates apart */
    atomic_int handled;
    atomic_int faults;
};

static enum fam_handled handle(void *context, struct fam_job *job, uint32_t *ret_delay_ms)
{
    struct world *world = context;
    size_t chat = (size_t)job->update->chat_id - 1;
    if (job->update->update_id < world->last[chat])
        atomic_fetch_add(&world->faults, 1);
    world->last[chat] = job->update->update_id;
    (void)fam_pacer_take(world->pacer, job->update->chat_id, FAM_PACE_ANSWERS, (uint64_t)job->update->update_id);
    if (job->update->update_id % 11 == 0 && job->attempt < 3) {
        *ret_delay_ms = 1;
        return FAM_HANDLE_AGAIN;
    }
    atomic_fetch_add(&world->handled, 1);
    return FAM_HANDLED;
}

static struct fam_update *make(int id)
{
    char json[160];
    int size = snprintf(json, sizeof(json),
                        "{\"update_id\":%d,\"message\":{\"message_id\":1,\"from\":{\"id\":1},\"chat\":{\"id\":%d,"
                        "\"type\":\"private\"},\"text\":\"x\"}}",
                        id, 1 + id * 7 % CHATS);
    return fam_update_parse(json, (size_t)size);
}

int main(void)
{
    static struct world world;
    struct fam_status status;
    world.pacer = fam_pacer_new(0);
    struct fam_lanes_options options = {.workers = 6, .capacity = 50, .handle = handle, .context = &world};
    struct fam_lanes *lanes = fam_lanes_new(&options, &status);
    if (!world.pacer || !lanes)
        return 1;
    for (int id = 1; id <= UPDATES;) {
        struct fam_update *update = make(id);
        if (!update)
            return 1;
        if (fam_lanes_put(lanes, update) == FAM_LANES_TAKEN)
            id++;
        else
            (void)fam_lanes_wait_idle(lanes, 1);
        (void)fam_lanes_busy(lanes);
    }
    bool idle = fam_lanes_wait_idle(lanes, 30000);
    bool marked = fam_lanes_offset(lanes) == UPDATES + 1;
    fam_lanes_free(lanes);
    fam_pacer_free(world.pacer);
    int handled = atomic_load(&world.handled), faults = atomic_load(&world.faults);
    if (!idle || !marked || handled != UPDATES || faults != 0) {
        fprintf(stderr, "idle %d, marked %d, handled %d, faults %d\n", idle, marked, handled, faults);
        return 1;
    }
    return 0;
}
