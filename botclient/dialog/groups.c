/* Groups: one kind sentence a group, nothing about a family. Which groups have heard it is remembered in a small table
 * of this process; after a restart a group may hear it again, once. */
#include <pthread.h>
#include <stdlib.h>

#include "dialog/turn.h"

enum { GROUPS = 512 };

struct fam_groups {
    pthread_mutex_t mutex;
    int64_t chats[GROUPS]; /* a ring: the oldest is forgotten */
    size_t next;
};

struct fam_groups *fam_groups_new(void)
{
    struct fam_groups *groups = calloc(1, sizeof(*groups));
    if (groups) {
        pthread_mutex_init(&groups->mutex, NULL);
    }
    return groups;
}

void fam_groups_free(struct fam_groups *groups)
{
    if (!groups) {
        return;
    }
    pthread_mutex_destroy(&groups->mutex);
    free(groups);
}

/* True the first time. */
static bool is_new(struct fam_groups *groups, int64_t chat_id)
{
    bool found = false;
    pthread_mutex_lock(&groups->mutex);
    for (size_t i = 0; i < GROUPS && !found; i++) {
        found = groups->chats[i] == chat_id;
    }
    if (!found) {
        groups->chats[groups->next] = chat_id;
        groups->next = (groups->next + 1) % GROUPS;
    }
    pthread_mutex_unlock(&groups->mutex);
    return !found;
}

enum fam_code fam_groups_handle(struct fam_turn *turn)
{
    if (turn->update->kind == FAM_UPDATE_MESSAGE && turn->update->media == FAM_MEDIA_SERVICE) {
        return FAM_OK;
    }
    if (!is_new(turn->dialog->groups, turn->update->chat_id)) {
        return FAM_OK;
    }
    return fam_turn_say(turn, T(turn->locale, "group.private_only"));
}
