/* sweep.c: one pass over rows and Redis; see sweep.h. */
#include "queue/sweep.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "queue/queue_private.h"
#include "store/task_sweep_store.h"

enum {
    LEASE_SLACK_MS = 5000, /* Redis hears of an extension after PostgreSQL */
    DUE_SLACK_MS = 1000,
    AHEAD_MS = 2000, /* a claim's time that lies so far ahead: the clock went back */
    SCAN_PAGES_MAX = 10000000,
    REAPS_MAX = 10000,
    MARK_LIFE_MS = 3600000,
    MARK_SIZE = 64
};

/* What is compared at a time. */
struct page {
    struct fam_task_row rows[FAM_QUEUE_PAGE];
    struct fam_queue_look looks[FAM_QUEUE_PAGE];
    struct fam_queue_repair repairs[FAM_QUEUE_PAGE];
    struct fam_task_death deaths[FAM_QUEUE_PAGE];
    struct fam_uuid ids[FAM_QUEUE_PAGE];
    size_t picked[FAM_QUEUE_PAGE]; /* places in rows and looks */
};

struct sweep {
    struct fam_queue *queue;
    struct fam_store *store;
    struct fam_sweep_report *report;
    struct page *page;
};

/* ---- what belongs where ---- */

enum finding { RIGHT, WRONG, EXPIRED };

static unsigned bit_of(unsigned place, enum fam_priority priority)
{
    return place << ((unsigned)priority - 1U);
}

/* UUIDs of version 7 begin with their birth: a rebuilt queue has the order in which tasks came. */
static int64_t birth_us(const struct fam_uuid *id)
{
    int64_t ms = 0;
    for (size_t i = 0; i < 6; i++) {
        ms = ms * 256 + id->bytes[i];
    }
    return ms * 1000 % INT64_C(10000000000000000);
}

static bool is_claimed(const struct fam_task_row *row, const struct fam_queue_look *look)
{
    return (look->places & FAM_PLACE_LEASE) && look->has_token && look->priority == row->priority;
}

/* A row that is leased: Redis says the same. */
static enum finding judge_leased(const struct fam_task_row *row, const struct fam_queue_look *look,
                                 struct fam_queue_repair *repair)
{
    int64_t apart = look->lease_ms - row->leased_until_ms;
    repair->target = FAM_QUEUE_LEASED;
    repair->token = row->token;
    repair->score = row->leased_until_ms;
    bool is_right = look->places == (FAM_PLACE_LEASE | FAM_PLACE_HOLD) && is_claimed(row, look) &&
                    fam_uuid_equal(&look->token, &row->token) && apart <= LEASE_SLACK_MS && apart >= -LEASE_SLACK_MS;
    return is_right ? RIGHT : WRONG;
}

/* A row that nobody holds, claimed in Redis: not begun yet, or its holder's time is over. */
static enum finding judge_claimed(const struct fam_task_row *row, const struct fam_queue_look *look, int64_t now_ms,
                                  struct fam_queue_repair *repair)
{
    int64_t length = look->lease_ms - look->claimed_ms;
    bool is_over = row->has_lease && fam_uuid_equal(&look->token, &row->token);
    if (is_over || look->lease_ms <= now_ms) {
        return EXPIRED;
    }
    repair->target = FAM_QUEUE_LEASED;
    repair->token = look->token;
    repair->score = look->lease_ms;
    if (look->claimed_ms > now_ms + AHEAD_MS || look->lease_ms > now_ms + FAM_TASK_LEASE_MAX_MS) {
        length = length < 0 || length > FAM_TASK_LEASE_MAX_MS ? FAM_TASK_LEASE_MAX_MS : length;
        repair->score = now_ms + length;
        return WRONG;
    }
    return look->places == (FAM_PLACE_LEASE | FAM_PLACE_HOLD) ? RIGHT : WRONG;
}

static enum finding judge_free(const struct fam_task_row *row, const struct fam_queue_look *look, int64_t now_ms,
                               struct fam_queue_repair *repair)
{
    unsigned ready = bit_of(FAM_PLACE_READY, row->priority), delayed = bit_of(FAM_PLACE_DELAYED, row->priority);
    if (row->not_before_ms == 0) {
        repair->target = FAM_QUEUE_READY;
        repair->score = birth_us(&row->task_id);
        return look->places == ready || (look->places == delayed && look->delayed_ms <= now_ms) ? RIGHT : WRONG;
    }
    int64_t apart = look->delayed_ms - row->not_before_ms;
    repair->target = FAM_QUEUE_DELAYED;
    repair->score = row->not_before_ms;
    return look->places == delayed && apart <= DUE_SLACK_MS && apart >= -DUE_SLACK_MS ? RIGHT : WRONG;
}

static enum finding judge(const struct fam_task_row *row, const struct fam_queue_look *look, int64_t now_ms,
                          struct fam_queue_repair *repair)
{
    *repair = (struct fam_queue_repair){
        .task_id = row->task_id, .seen_places = look->places, .seen_token = look->token, .priority = row->priority};
    if (row->state != FAM_TASK_ROW_QUEUED) {
        return look->places == 0 ? RIGHT : WRONG;
    }
    if (row->is_leased) {
        return judge_leased(row, look, repair);
    }
    return is_claimed(row, look) ? judge_claimed(row, look, now_ms, repair) : judge_free(row, look, now_ms, repair);
}

/* ---- one page ---- */

static void count_repair(struct fam_sweep_report *report, const struct fam_queue_repair *repair)
{
    if (repair->target == FAM_QUEUE_NOWHERE) {
        report->removed++;
    } else if (repair->target == FAM_QUEUE_LEASED && !(repair->seen_places & FAM_PLACE_LEASE)) {
        report->leased++;
    } else if (repair->seen_places == 0) {
        report->pushed++;
    } else {
        report->moved++;
    }
}

static enum fam_code apply(struct sweep *sweep, size_t repairs, size_t deaths, struct fam_status *status)
{
    struct page *page = sweep->page;
    struct fam_task_times times = fam_queue_times(sweep->queue);
    size_t done = 0;
    enum fam_code code = FAM_OK;
    if (deaths) {
        code = fam_task_died(sweep->store, &times, page->deaths, deaths, status);
        sweep->report->returned += code == FAM_OK ? deaths : 0;
    }
    for (size_t i = 0; code == FAM_OK && i < deaths; i++) {
        page->repairs[repairs + i] = fam_queue_repair_of_death(&page->deaths[i]);
    }
    if (code == FAM_OK && repairs + deaths) {
        code = fam_queue_repair(sweep->queue, page->repairs, repairs + deaths, &done, status);
    }
    for (size_t i = 0; code == FAM_OK && i < repairs; i++) {
        count_repair(sweep->report, &page->repairs[i]);
    }
    return code;
}

/* The rows that looked wrong, once more: what still is wrong after Redis was looked at was wrong while it was. */
static enum fam_code heal(struct sweep *sweep, size_t picked, int64_t now_ms, struct fam_status *status)
{
    struct page *page = sweep->page;
    struct fam_task_times times = fam_queue_times(sweep->queue);
    size_t repairs = 0, deaths = 0;
    for (size_t i = 0; i < picked; i++) {
        page->ids[i] = page->rows[page->picked[i]].task_id;
    }
    enum fam_code code = fam_task_rows_of(sweep->store, &times, page->ids, picked, page->rows, status);
    for (size_t i = 0; code == FAM_OK && i < picked; i++) {
        const struct fam_queue_look *look = &page->looks[page->picked[i]];
        struct fam_queue_repair repair;
        enum finding finding = judge(&page->rows[i], look, now_ms, &repair);
        if (finding == EXPIRED) {
            page->deaths[deaths++] = (struct fam_task_death){
                .task_id = page->rows[i].task_id, .token = look->token, .has_started = look->has_started};
        } else if (finding == WRONG) {
            page->repairs[repairs++] = repair;
        }
    }
    return code == FAM_OK ? apply(sweep, repairs, deaths, status) : code;
}

static enum fam_code clamp(struct sweep *sweep, size_t count, bool *ret_clamped, struct fam_status *status)
{
    struct page *page = sweep->page;
    struct fam_task_times times = fam_queue_times(sweep->queue);
    size_t ahead = 0, clamped = 0;
    *ret_clamped = false;
    for (size_t i = 0; i < count; i++) {
        if (page->rows[i].state == FAM_TASK_ROW_QUEUED && page->rows[i].is_ahead) {
            page->ids[ahead++] = page->rows[i].task_id;
        }
    }
    if (ahead == 0) {
        return FAM_OK;
    }
    enum fam_code code = fam_task_clamp(sweep->store, &times, page->ids, ahead, &clamped, status);
    sweep->report->clamped += clamped;
    *ret_clamped = clamped > 0;
    for (size_t i = 0; i < count; i++) {
        page->ids[i] = page->rows[i].task_id;
    }
    if (code == FAM_OK && clamped) {
        code = fam_task_rows_of(sweep->store, &times, page->ids, count, page->rows, status);
    }
    return code;
}

/* The page's rows against what Redis holds of them. */
static enum fam_code compare(struct sweep *sweep, size_t count, struct fam_status *status)
{
    struct page *page = sweep->page;
    bool clamped = false;
    int64_t now_ms = 0;
    size_t picked = 0;
    enum fam_code code = clamp(sweep, count, &clamped, status);
    if (code == FAM_OK) {
        code = fam_queue_look(sweep->queue, &page->rows->task_id, sizeof(*page->rows), count, page->looks, &now_ms,
                              status);
    }
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        struct fam_queue_repair ignored;
        if (judge(&page->rows[i], &page->looks[i], now_ms, &ignored) != RIGHT) {
            page->picked[picked++] = i;
        }
    }
    return code == FAM_OK && picked ? heal(sweep, picked, now_ms, status) : code;
}

/* ---- the two halves ---- */

static enum fam_code sweep_rows(struct sweep *sweep, struct fam_status *status)
{
    struct fam_task_times times = fam_queue_times(sweep->queue);
    struct fam_uuid after = {{0}};
    size_t count = 0;
    do {
        enum fam_code code =
            fam_task_rows_after(sweep->store, &times, &after, FAM_QUEUE_PAGE, sweep->page->rows, &count, status);
        if (code == FAM_OK && count) {
            after = sweep->page->rows[count - 1].task_id;
            code = compare(sweep, count, status);
        }
        if (code != FAM_OK) {
            return code;
        }
        sweep->report->rows += count;
    } while (count == FAM_QUEUE_PAGE);
    return FAM_OK;
}

/* Members of one answer of ZSCAN or HSCAN, which come with a value each. */
static enum fam_code compare_members(struct sweep *sweep, const struct fam_redis_reply *members,
                                     struct fam_status *status)
{
    struct fam_task_times times = fam_queue_times(sweep->queue);
    size_t items = fam_redis_reply_count(members);
    enum fam_code code = FAM_OK;
    for (size_t at = 0; code == FAM_OK && at < items;) {
        size_t count = 0;
        for (; at < items && count < FAM_QUEUE_PAGE; at += 2) {
            count += fam_queue_read_uuid(members, at, &sweep->page->ids[count]);
        }
        if (count) {
            code = fam_task_rows_of(sweep->store, &times, sweep->page->ids, count, sweep->page->rows, status);
            code = code == FAM_OK ? compare(sweep, count, status) : code;
        }
        sweep->report->entries += count;
    }
    return code;
}

static enum fam_code sweep_key(struct sweep *sweep, size_t key, struct fam_status *status)
{
    char cursor[24] = "0", page[8];
    snprintf(page, sizeof(page), "%d", FAM_QUEUE_PAGE);
    for (size_t i = 0; i < SCAN_PAGES_MAX; i++) {
        fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
        const struct fam_redis_arg args[] = {FAM_REDIS_ARG(key == FAM_QUEUE_HOLDS ? "HSCAN" : "ZSCAN"),
                                             FAM_REDIS_ARG(fam_queue_keys[key]), FAM_REDIS_ARG(cursor),
                                             FAM_REDIS_ARG("COUNT"), FAM_REDIS_ARG(page)};
        enum fam_code code = fam_redis_call(sweep->queue->redis, args, 5, &reply, status);
        if (code == FAM_OK) {
            code = fam_redis_reply_expect(fam_redis_reply_item(reply, 1), FAM_REDIS_ARRAY, status);
        }
        if (code == FAM_OK) {
            snprintf(cursor, sizeof(cursor), "%s", fam_redis_reply_text(fam_redis_reply_item(reply, 0), NULL));
            code = compare_members(sweep, fam_redis_reply_item(reply, 1), status);
        }
        if (code != FAM_OK || strcmp(cursor, "0") == 0) {
            return code;
        }
    }
    return fam_fail(status, FAM_INTERNAL, "a scan of the queue does not end");
}

/* ---- the whole ---- */

/* A key that a Redis that is wiped or exchanged during the sweep does not have at its end. */
static enum fam_code set_mark(struct fam_queue *queue, const char *mark, struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    char life[16];
    snprintf(life, sizeof(life), "%d", MARK_LIFE_MS);
    const struct fam_redis_arg args[] = {FAM_REDIS_ARG("SET"), FAM_REDIS_ARG(mark), FAM_REDIS_ARG("1"),
                                         FAM_REDIS_ARG("PX"), FAM_REDIS_ARG(life)};
    return fam_redis_call(queue->redis, args, 5, &reply, status);
}

static enum fam_code take_mark(struct fam_queue *queue, const char *mark, struct fam_status *status)
{
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    const struct fam_redis_arg args[] = {FAM_REDIS_ARG("DEL"), FAM_REDIS_ARG(mark)};
    enum fam_code code = fam_redis_call(queue->redis, args, 2, &reply, status);
    if (code == FAM_OK && fam_redis_reply_integer(reply) != 1) {
        code = fam_fail(status, FAM_ABORTED, "Redis was wiped or exchanged during the sweep");
    }
    return code;
}

static enum fam_code run(struct sweep *sweep, struct fam_status *status)
{
    enum fam_code code = FAM_OK;
    size_t reaped = 1;
    for (size_t i = 0; code == FAM_OK && reaped && i < REAPS_MAX; i++) {
        code = fam_queue_reap(sweep->queue, &reaped, status);
        sweep->report->returned += code == FAM_OK ? reaped : 0;
    }
    if (code == FAM_OK) {
        code = sweep_rows(sweep, status);
    }
    for (size_t key = 0; code == FAM_OK && key <= FAM_QUEUE_HOLDS; key++) {
        code = sweep_key(sweep, key, status);
    }
    return code;
}

enum fam_code fam_sweep_run(struct fam_queue *queue, struct fam_store *store, struct fam_sweep_report *ret_report,
                            struct fam_status *status)
{
    struct sweep sweep = {.queue = queue, .store = store, .report = ret_report};
    char mark[MARK_SIZE];
    *ret_report = (struct fam_sweep_report){0};
    snprintf(mark, sizeof(mark), "fam:{queue}:sweep:%08x%08x", randombytes_random(), randombytes_random());
    sweep.page = calloc(1, sizeof(*sweep.page));
    if (!sweep.page) {
        return fam_fail_memory(status);
    }
    bool has_missed = atomic_exchange(&queue->has_missed, false);
    enum fam_code code = set_mark(queue, mark, status);
    if (code == FAM_OK) {
        code = run(&sweep, status);
    }
    if (code == FAM_OK) {
        code = take_mark(queue, mark, status);
    }
    if (code == FAM_OK) {
        code = fam_queue_new_epoch(queue, status);
    }
    if (code != FAM_OK && has_missed) {
        atomic_store(&queue->has_missed, true);
    }
    free(sweep.page);
    return code;
}
