/* tg_updates.c: the queue of updates and long polling; see tg_state.h.
 *
 * As in the real service: an update is confirmed by a poll with a higher offset and lives 24 hours; of two pollers the
 * earlier is told 409 when the later starts to wait, at once the first time and after 3 s when it happens again
 * within 3 s. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "sim/tg_state.h"

static const char conflict_text[] =
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";

static void drop_first(struct telegram_sim *sim, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(sim->updates[i].text);
    sim->update_count -= count;
    for (size_t i = 0; i < sim->update_count; i++)
        sim->updates[i] = sim->updates[i + count];
}

static int64_t enqueue(struct telegram_sim *sim, int64_t chat_id, char *text, size_t size, int64_t age_ms)
{
    if (!text || sim->update_count == TG_MAX_UPDATES) {
        free(text);
        return 0;
    }
    sim->updates[sim->update_count++] = (struct tg_update){.id = sim->next_update_id,
                                                           .queued_ms = fam_mono_ms() - (uint64_t)age_ms,
                                                           .queued_us = fam_mono_us(),
                                                           .chat_id = chat_id,
                                                           .text = text,
                                                           .size = size};
    return sim->next_update_id++;
}

static bool is_allowed(const struct telegram_sim *sim, const char *kind)
{
    const cJSON *name;
    if (!sim->allowed)
        return true;
    cJSON_ArrayForEach(name, sim->allowed)
    {
        if (cJSON_IsString(name) && strcmp(name->valuestring, kind) == 0)
            return true;
    }
    return false;
}

/* The chat of a message, or of the message of a pressed button; numbers are kept as their text (tg_put_i64). */
static int64_t chat_of(const cJSON *body)
{
    const cJSON *chat = fam_json_get(body, "chat");
    const cJSON *id = fam_json_get(chat ? chat : fam_json_get(fam_json_get(body, "message"), "chat"), "id");
    return cJSON_IsRaw(id) ? strtoll(id->valuestring, NULL, 10) : 0;
}

int64_t tg_update_add(struct telegram_sim *sim, const char *kind, cJSON *body, int64_t age_ms)
{
    if (!is_allowed(sim, kind)) {
        cJSON_Delete(body);
        return 0;
    }
    int64_t chat_id = chat_of(body);
    cJSON *update = cJSON_CreateObject();
    tg_put_i64(update, "update_id", sim->next_update_id);
    cJSON_AddItemToObject(update, kind, body);
    char *text = cJSON_PrintUnformatted(update);
    cJSON_Delete(update);
    return enqueue(sim, chat_id, text, text ? strlen(text) : 0, age_ms);
}

int64_t tg_update_add_raw(struct telegram_sim *sim, const char *bytes, size_t size)
{
    static const char mark[] = "$UPDATE_ID";
    struct fam_buf text = {0};
    const char *end = bytes + size;
    while (bytes < end) {
        const char *here = memmem(bytes, (size_t)(end - bytes), mark, sizeof(mark) - 1);
        fam_buf_add(&text, bytes, (size_t)((here ? here : end) - bytes));
        if (!here)
            break;
        fam_buf_addf(&text, "%" PRId64, sim->next_update_id);
        bytes = here + sizeof(mark) - 1;
    }
    size_t length = text.size;
    return enqueue(sim, 0, fam_buf_take(&text), length, 0);
}

/* Forgets what is below `offset`; a negative one keeps the last -offset updates. */
static void confirm(struct telegram_sim *sim, int64_t offset)
{
    size_t first = 0;
    if (offset < 0)
        first = sim->update_count > (size_t)-offset ? sim->update_count - (size_t)-offset : 0;
    else if (offset > sim->next_update_id)
        return; /* in the future: as if there were none */
    else
        while (first < sim->update_count && sim->updates[first].id < offset)
            first++;
    if (first)
        sim->confirmed = sim->updates[first - 1].id;
    drop_first(sim, first);
}

/* The clock of its chat starts with the first time that it is handed out. */
static void note_handed(struct telegram_sim *sim, struct tg_update *update)
{
    struct tg_chat *chat = update->handed ? NULL : tg_chat_find(sim, update->chat_id);
    if (chat && !chat->handed_us) {
        chat->queued_us = update->queued_us;
        chat->handed_us = fam_mono_us();
    }
    update->handed = true;
}

static void answer_updates(struct telegram_sim *sim, const struct tg_caller *caller, int64_t limit)
{
    struct fam_buf body = {0};
    size_t count = sim->update_count < (size_t)limit ? sim->update_count : (size_t)limit;
    fam_buf_add_text(&body, "{\"ok\":true,\"result\":[");
    for (size_t i = 0; i < count; i++) {
        if (i)
            fam_buf_add_char(&body, ',');
        fam_buf_add(&body, sim->updates[i].text, sim->updates[i].size);
        note_handed(sim, &sim->updates[i]);
        if (body.size > HTTP_SIM_MAX_BODY / 2)
            break;
    }
    fam_buf_add_text(&body, "]}");
    tg_answer_bytes(sim, caller, 200, fam_buf_text(&body), body.size);
    fam_buf_done(&body);
}

static void answer_conflict(struct telegram_sim *sim, const struct tg_caller *caller)
{
    struct tg_error error = {0};
    tg_fail(&error, 409, "%s", conflict_text);
    tg_answer_error(sim, caller, &error);
}

/* The poll that waits has lost to a later one. */
static void end_earlier_poll(struct telegram_sim *sim)
{
    uint64_t now_ms = fam_mono_ms();
    if (!sim->polling)
        return;
    sim->polling = false;
    sim->conflicts++;
    if (now_ms >= sim->next_conflict_ms || sim->loser_count == FAM_ARRAY_SIZE(sim->losers)) {
        sim->next_conflict_ms = now_ms + TG_CONFLICT_PAUSE_MS;
        answer_conflict(sim, &sim->poll.caller);
        return;
    }
    sim->losers[sim->loser_count++] =
        (struct tg_loser){.caller = sim->poll.caller, .at_ms = now_ms + TG_CONFLICT_PAUSE_MS};
}

static void remember_allowed(struct telegram_sim *sim, const cJSON *args)
{
    cJSON *allowed = NULL;
    if (!fam_json_get(args, "allowed_updates") || !tg_arg_json(args, "allowed_updates", &allowed))
        return;
    if (!cJSON_IsArray(allowed)) {
        cJSON_Delete(allowed);
        return;
    }
    cJSON_Delete(sim->allowed);
    sim->allowed = allowed;
    if (cJSON_GetArraySize(allowed) == 0) {
        cJSON_Delete(allowed);
        sim->allowed = NULL;
    }
}

static int64_t clamped(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

void tg_get_updates(struct telegram_sim *sim, const struct tg_caller *caller, const cJSON *args)
{
    uint64_t now_ms = fam_mono_ms();
    int64_t offset = tg_arg_i64(args, "offset", 0);
    int64_t limit = clamped(tg_arg_i64(args, "limit", 100), 1, 100);
    int64_t timeout_s = clamped(tg_arg_i64(args, "timeout", 0), 0, TG_LONGEST_POLL_S);
    /* The service slows down who asks the same again and again. */
    if (sim->limits && offset == sim->last_offset && now_ms < sim->last_poll_ms + 3000 && timeout_s < 3)
        timeout_s = 3;
    sim->last_offset = offset;
    sim->last_poll_ms = now_ms;
    remember_allowed(sim, args);
    confirm(sim, clamped(offset, INT32_MIN, INT32_MAX));
    if (timeout_s == 0 || sim->update_count) {
        answer_updates(sim, caller, limit);
        return;
    }
    end_earlier_poll(sim);
    sim->polling = true;
    sim->poll = (struct tg_poll){
        .caller = *caller, .offset = offset, .limit = limit, .deadline_ms = now_ms + (uint64_t)timeout_s * 1000};
}

static void drop_old(struct telegram_sim *sim, uint64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < sim->update_count; i++) {
        struct tg_update update = sim->updates[i];
        sim->updates[i].text = NULL;
        if ((int64_t)(now_ms - update.queued_ms) >= TG_UPDATE_LIFE_MS)
            free(update.text);
        else
            sim->updates[kept++] = update;
    }
    sim->update_count = kept;
}

int tg_updates_tick(struct telegram_sim *sim, uint64_t now_ms)
{
    uint64_t next_ms = UINT64_MAX;
    drop_old(sim, now_ms);
    if (sim->polling && (sim->update_count || now_ms >= sim->poll.deadline_ms)) {
        sim->polling = false;
        answer_updates(sim, &sim->poll.caller, sim->poll.limit);
    }
    if (sim->polling)
        next_ms = sim->poll.deadline_ms;
    size_t kept = 0;
    for (size_t i = 0; i < sim->loser_count; i++) {
        if (now_ms >= sim->losers[i].at_ms) {
            answer_conflict(sim, &sim->losers[i].caller);
            continue;
        }
        if (sim->losers[i].at_ms < next_ms)
            next_ms = sim->losers[i].at_ms;
        sim->losers[kept++] = sim->losers[i];
    }
    sim->loser_count = kept;
    return next_ms == UINT64_MAX ? -1 : (int)(next_ms - now_ms);
}

void tg_updates_gone(struct telegram_sim *sim, const struct http_sim_exchange *exchange)
{
    size_t kept = 0;
    if (sim->polling && sim->poll.caller.exchange == exchange)
        sim->polling = false;
    for (size_t i = 0; i < sim->loser_count; i++)
        if (sim->losers[i].caller.exchange != exchange)
            sim->losers[kept++] = sim->losers[i];
    sim->loser_count = kept;
}
