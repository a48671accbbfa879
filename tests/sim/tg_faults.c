/* tg_faults.c: orders to misbehave; see tg_state.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "sim/tg_state.h"

static enum http_sim_cut read_cut(const cJSON *wish)
{
    const char *where = fam_json_string(wish, "cut");
    if (where && strcmp(where, "in_headers") == 0)
        return HTTP_SIM_CUT_IN_HEADERS;
    if (where && strcmp(where, "after_headers") == 0)
        return HTTP_SIM_CUT_AFTER_HEADERS;
    return where || tg_arg_bool(wish, "cut") ? HTTP_SIM_CUT_AT_ONCE : HTTP_SIM_WHOLE;
}

static int64_t read_count(const cJSON *wish, const char *key, int64_t fallback)
{
    int64_t value = tg_arg_i64(wish, key, fallback);
    return value < 0 ? 0 : value > INT32_MAX ? INT32_MAX : value;
}

/* A fault that only slows or shortens the answer lets the call take effect; one that replaces it does not, unless the
 * test says so. */
static bool applies_by_default(const struct tg_damage *damage)
{
    return damage->status == 0 && damage->cut == HTTP_SIM_WHOLE && !damage->hang && !damage->html && !damage->body;
}

bool tg_fault_add(struct telegram_sim *sim, const cJSON *wish, struct tg_error *error)
{
    const char *method = fam_json_string(wish, "method");
    cJSON *owner = cJSON_Duplicate(wish, 1);
    if (sim->fault_count == TG_MAX_FAULTS || !owner || !method || strlen(method) >= sizeof(sim->faults[0].method)) {
        cJSON_Delete(owner);
        return tg_fail(error, 400, "a fault needs a method (or \"*\"), and there may be %d of them", TG_MAX_FAULTS);
    }
    struct tg_fault *fault = &sim->faults[sim->fault_count];
    *fault = (struct tg_fault){.owner = owner,
                               .chat_id = tg_arg_i64(wish, "chat_id", 0),
                               .skip = read_count(wish, "skip", 0),
                               .times = read_count(wish, "times", 1)};
    for (size_t i = 0; method[i]; i++)
        fault->method[i] = (char)(method[i] >= 'A' && method[i] <= 'Z' ? method[i] | 32 : method[i]);
    struct tg_damage *damage = &fault->damage;
    *damage = (struct tg_damage){.on = true,
                                 .status = (int)read_count(wish, "status", 0),
                                 .retry_after_s = (uint32_t)read_count(wish, "retry_after", 0),
                                 .html = tg_arg_bool(wish, "html"),
                                 .truncate = fam_json_get(wish, "truncate") != NULL,
                                 .truncate_at = (size_t)read_count(wish, "truncate", 0),
                                 .cut = read_cut(wish),
                                 .hang = tg_arg_bool(wish, "hang"),
                                 .delay_ms = (uint32_t)read_count(wish, "delay_ms", 0),
                                 .drip_bytes = (size_t)read_count(wish, "drip_bytes", 0),
                                 .drip_interval_ms = (uint32_t)read_count(wish, "drip_interval_ms", 20),
                                 .description = fam_json_string(owner, "description"),
                                 .body = fam_json_string(owner, "body")};
    damage->apply = fam_json_get(wish, "apply") ? tg_arg_bool(wish, "apply") : applies_by_default(damage);
    sim->fault_count++;
    return true;
}

struct tg_damage tg_fault_take(struct telegram_sim *sim, const char *method, int64_t chat_id)
{
    for (size_t i = 0; i < sim->fault_count; i++) {
        struct tg_fault *fault = &sim->faults[i];
        if (fault->times == 0 || (fault->chat_id && fault->chat_id != chat_id))
            continue;
        if (strcmp(fault->method, "*") != 0 && strcmp(fault->method, method) != 0)
            continue;
        if (fault->skip > 0) {
            fault->skip--;
            continue;
        }
        fault->times--;
        return fault->damage;
    }
    return (struct tg_damage){0};
}

void tg_faults_done(struct telegram_sim *sim)
{
    for (size_t i = 0; i < sim->fault_count; i++)
        cJSON_Delete(sim->faults[i].owner);
    sim->fault_count = 0;
}
