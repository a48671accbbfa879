/* claude_sim_usage.c: tokens, and the cache of prompts; see claude_sim_state.h.
 *
 * Tokens are estimated: a quarter of the ASCII bytes and half of the other characters. The cache works by exact prefix:
 * tools, system, messages, up to each block with cache_control; what a request has written the next one reads, for five
 * minutes (or an hour) since the last use. A prefix under the model's minimum is silently not cached. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "sim/claude_sim_state.h"

enum { FIVE_MINUTES_MS = 5 * 60 * 1000, HOUR_MS = 60 * 60 * 1000, BREAKPOINTS = 4 };

struct breakpoint {
    uint64_t key;
    int64_t tokens; /* up to here */
    bool hour;
};

struct prefix {
    uint64_t key;
    int64_t tokens;
    struct breakpoint breakpoints[BREAKPOINTS];
    int count;
};

int64_t cs_tokens(const char *text)
{
    int64_t ascii = 0;
    int64_t others = 0;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        ascii += c < 0x80 ? 1 : 0;
        others += c >= 0xc0 ? 1 : 0;
    }
    return (ascii + 3) / 4 + (others + 1) / 2;
}

static void add_text(struct prefix *prefix, const char *text)
{
    prefix->key = cs_hash(prefix->key, text, strlen(text) + 1);
    prefix->tokens += cs_tokens(text);
}

/* Everything in a block but its breakpoint. */
static void add_value(struct prefix *prefix, const cJSON *value, int depth)
{
    const cJSON *item;
    if (value->string) {
        prefix->key = cs_hash(prefix->key, value->string, strlen(value->string) + 1);
    }
    if (cJSON_IsString(value)) {
        add_text(prefix, value->valuestring);
        return;
    }
    uint64_t plain[2] = {(uint64_t)(value->type & 0xff), (uint64_t)(int64_t)value->valueint};
    prefix->key = cs_hash(prefix->key, plain, sizeof(plain));
    prefix->tokens += cJSON_IsNumber(value) ? 1 : 0;
    if (depth < CS_MAX_DEPTH) {
        cJSON_ArrayForEach(item, value)
        {
            if (!item->string || strcmp(item->string, "cache_control") != 0) {
                add_value(prefix, item, depth + 1);
            }
        }
    }
}

static void add_block(struct prefix *prefix, const cJSON *block)
{
    const cJSON *control = fam_json_get(block, "cache_control");
    const char *ttl = fam_json_string(control, "ttl");
    add_value(prefix, block, 0);
    if (cJSON_IsObject(control) && prefix->count < BREAKPOINTS) {
        prefix->breakpoints[prefix->count++] = (struct breakpoint){
            .key = prefix->key ? prefix->key : 1, .tokens = prefix->tokens, .hour = ttl && strcmp(ttl, "1h") == 0};
    }
}

/* A list of blocks, or one text. */
static void add_blocks(struct prefix *prefix, const cJSON *blocks)
{
    const cJSON *block;
    if (cJSON_IsString(blocks)) {
        add_text(prefix, blocks->valuestring);
        return;
    }
    cJSON_ArrayForEach(block, blocks)
    {
        add_block(prefix, block);
    }
}

static void read_prefix(const struct cs_request *request, struct prefix *ret_prefix)
{
    const cJSON *message;
    const cJSON *whole = fam_json_get(request->json, "cache_control");
    *ret_prefix = (struct prefix){.key = cs_hash(2, request->model->id, strlen(request->model->id))};
    if (request->schema) { /* the format goes into the prompt, before everything */
        add_value(ret_prefix, request->schema, 0);
    }
    add_blocks(ret_prefix, fam_json_get(request->json, "tools"));
    add_blocks(ret_prefix, fam_json_get(request->json, "system"));
    cJSON_ArrayForEach(message, fam_json_get(request->json, "messages"))
    {
        const char *role = fam_json_string(message, "role");
        add_text(ret_prefix, role ? role : "");
        add_blocks(ret_prefix, fam_json_get(message, "content"));
    }
    if (cJSON_IsObject(whole) && ret_prefix->count < BREAKPOINTS) { /* automatic: after the last block */
        ret_prefix->breakpoints[ret_prefix->count++] =
            (struct breakpoint){.key = ret_prefix->key ? ret_prefix->key : 1, .tokens = ret_prefix->tokens};
    }
}

static struct cs_cached *find_cached(struct claude_sim *sim, uint64_t key, uint64_t now_ms)
{
    struct cs_cached *oldest = &sim->cache[0];
    for (size_t i = 0; i < CS_CACHE_ENTRIES; i++) {
        struct cs_cached *entry = &sim->cache[i];
        if (entry->key == key && entry->until_ms > now_ms) {
            return entry;
        }
        if (entry->until_ms < oldest->until_ms) {
            oldest = entry;
        }
    }
    oldest->key = 0;
    return oldest;
}

void cs_usage_count(struct claude_sim *sim, const struct cs_request *request, struct cs_usage *ret_usage)
{
    struct prefix prefix;
    uint64_t now_ms = fam_mono_ms();
    int64_t written = 0;
    *ret_usage = (struct cs_usage){0};
    read_prefix(request, &prefix);
    for (int i = prefix.count; i-- > 0;) {
        const struct breakpoint *point = &prefix.breakpoints[i];
        if (point->tokens < request->model->least_to_cache) {
            continue;
        }
        struct cs_cached *entry = find_cached(sim, point->key, now_ms);
        if (entry->key == point->key) {
            entry->until_ms = now_ms + entry->life_ms;
            ret_usage->read = point->tokens;
            break;
        }
        entry->key = point->key;
        entry->life_ms = point->hour ? HOUR_MS : FIVE_MINUTES_MS;
        entry->until_ms = now_ms + entry->life_ms;
        if (written == 0) { /* the last breakpoint says how long */
            written = point->tokens;
            ret_usage->written_1h = point->hour ? 1 : 0;
        }
    }
    written = written > ret_usage->read ? written - ret_usage->read : 0;
    bool hour = ret_usage->written_1h != 0;
    ret_usage->written_1h = hour ? written : 0;
    ret_usage->written_5m = hour ? 0 : written;
    ret_usage->input = prefix.tokens - ret_usage->read - written + 4;
    sim->stats.cache_writes += written ? 1 : 0;
    sim->stats.cache_reads += ret_usage->read ? 1 : 0;
}
