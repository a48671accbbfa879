#include "pacer.h"

#include <pthread.h>
#include <stdlib.h>

enum { BUCKETS = 128, WAYS = 8, BURST = 3 };
enum { CHAT_STEP_MS = 1000, GROUP_STEP_MS = 3000, ALL_PER_SECOND = 25, ALL_BURST = 5 };
enum { OTHERS_PERCENT = 80, REPORTS_BURST = 1 };

/* A bucket by its theoretical arrival time: it is full when that lies in the past. */
struct chat {
    int64_t id; /* 0: free */
    uint64_t arrival_ms;
    uint64_t blocked_until_ms;
};

struct fam_pacer {
    pthread_mutex_t mutex;
    struct chat chats[BUCKETS][WAYS];
    struct chat all;
    struct chat others; /* what is no answer */
    uint64_t all_step_ms;
    uint64_t others_step_ms;
    struct chat last_flood; /* the chat that was told to wait last */
};

struct fam_pacer *fam_pacer_new(uint32_t per_second)
{
    struct fam_pacer *pacer = calloc(1, sizeof(*pacer));
    if (pacer) {
        pthread_mutex_init(&pacer->mutex, NULL);
        pacer->all_step_ms = 1000 / (per_second ? per_second : ALL_PER_SECOND);
        pacer->others_step_ms = (pacer->all_step_ms * 100 + OTHERS_PERCENT - 1) / OTHERS_PERCENT;
    }
    return pacer;
}

void fam_pacer_free(struct fam_pacer *pacer)
{
    if (!pacer) {
        return;
    }
    pthread_mutex_destroy(&pacer->mutex);
    free(pacer);
}

static uint64_t last_use(const struct chat *chat)
{
    return chat->arrival_ms > chat->blocked_until_ms ? chat->arrival_ms : chat->blocked_until_ms;
}

static struct chat *find(struct fam_pacer *pacer, int64_t chat_id)
{
    uint64_t hash = (uint64_t)chat_id * 0x9E3779B97F4A7C15u;
    struct chat *ways = pacer->chats[(hash >> 32) % BUCKETS];
    struct chat *oldest = &ways[0];
    for (int i = 0; i < WAYS; i++) {
        if (ways[i].id == chat_id) {
            return &ways[i];
        }
        if (last_use(&ways[i]) < last_use(oldest)) {
            oldest = &ways[i];
        }
    }
    *oldest = (struct chat){.id = chat_id};
    return oldest;
}

/* When may the next one go? */
static uint64_t due_ms(const struct chat *chat, uint64_t step_ms, uint64_t burst)
{
    uint64_t slack_ms = step_ms * (burst - 1);
    uint64_t due = chat->arrival_ms > slack_ms ? chat->arrival_ms - slack_ms : 0;
    return due > chat->blocked_until_ms ? due : chat->blocked_until_ms;
}

static void count(struct chat *chat, uint64_t step_ms, uint64_t now_ms)
{
    chat->arrival_ms = (chat->arrival_ms > now_ms ? chat->arrival_ms : now_ms) + step_ms;
}

uint32_t fam_pacer_take(struct fam_pacer *pacer, int64_t chat_id, enum fam_pace pace, uint64_t now_ms)
{
    uint64_t step_ms = chat_id < 0 ? GROUP_STEP_MS : CHAT_STEP_MS;
    pthread_mutex_lock(&pacer->mutex);
    struct chat *chat = find(pacer, chat_id);
    uint64_t due = due_ms(chat, step_ms, BURST), due_all = due_ms(&pacer->all, pacer->all_step_ms, ALL_BURST);
    if (due_all > due) {
        due = due_all;
    }
    uint64_t others_burst = pace == FAM_PACE_REPORTS ? REPORTS_BURST : ALL_BURST;
    uint64_t due_others = pace == FAM_PACE_ANSWERS ? 0 : due_ms(&pacer->others, pacer->others_step_ms, others_burst);
    if (due_others > due) {
        due = due_others;
    }
    if (due <= now_ms) {
        if (pace != FAM_PACE_ANSWERS) {
            count(&pacer->others, pacer->others_step_ms, now_ms);
        }
        count(chat, step_ms, now_ms);
        count(&pacer->all, pacer->all_step_ms, now_ms);
    }
    pthread_mutex_unlock(&pacer->mutex);
    uint64_t wait_ms = due > now_ms ? due - now_ms : 0;
    return wait_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)wait_ms;
}

uint32_t fam_pacer_wait_ms(struct fam_pacer *pacer, int64_t chat_id, uint64_t now_ms)
{
    uint64_t step_ms = chat_id < 0 ? GROUP_STEP_MS : CHAT_STEP_MS;
    pthread_mutex_lock(&pacer->mutex);
    uint64_t due = due_ms(find(pacer, chat_id), step_ms, BURST);
    uint64_t due_all = due_ms(&pacer->all, pacer->all_step_ms, ALL_BURST);
    pthread_mutex_unlock(&pacer->mutex);
    due = due_all > due ? due_all : due;
    uint64_t wait_ms = due > now_ms ? due - now_ms : 0;
    return wait_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)wait_ms;
}

void fam_pacer_flood(struct fam_pacer *pacer, int64_t chat_id, uint64_t now_ms, uint64_t until_ms)
{
    pthread_mutex_lock(&pacer->mutex);
    struct chat *chat = find(pacer, chat_id);
    if (chat->blocked_until_ms < until_ms) {
        chat->blocked_until_ms = until_ms;
    }
    struct chat *last = &pacer->last_flood;
    if (last->id != 0 && last->id != chat_id && last->blocked_until_ms > now_ms &&
        pacer->all.blocked_until_ms < until_ms) {
        pacer->all.blocked_until_ms = until_ms;
    }
    *last = (struct chat){.id = chat_id, .blocked_until_ms = until_ms};
    pthread_mutex_unlock(&pacer->mutex);
}
