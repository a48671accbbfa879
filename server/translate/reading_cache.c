/* reading_cache.c: keys and round trips; reading_codec.c knows the values. */
#include "translate/reading_cache.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "metrics/metrics.h"
#include "redis/redis.h"
#include "store/store.h"
#include "translate/reading_codec.h"

#define PREFIX "fam:{reading}:"
#define CLAIM ":claim"

enum {
    TTL_DEFAULT_S = 86400,
    NAME_SIZE = sizeof(PREFIX) + 2 * FAM_CACHE_KEY_SIZE,
    CLAIM_SIZE = NAME_SIZE + sizeof(CLAIM),
    NUMBER_SIZE = 24,
    SCAN_MAX = 100000,
    SCAN_BATCH = 64,
    OWNER_SIZE = FAM_CACHE_KEY_SIZE / 2,
};

/* KEYS: value, claim, value, claim …  ARGV: claimant, time of the claim in ms. A value, 1 (claimed) or 2 (elsewhere).
 */
static const char GET_OR_CLAIM[] = "local out = {}\n"
                                   "for i = 1, #KEYS, 2 do\n"
                                   "  local value = redis.call('GET', KEYS[i])\n"
                                   "  if value then out[#out + 1] = value\n"
                                   "  elseif redis.call('SET', KEYS[i + 1], ARGV[1], 'NX', 'PX', ARGV[2]) then\n"
                                   "    out[#out + 1] = 1\n"
                                   "  elseif redis.call('GET', KEYS[i + 1]) == ARGV[1] then out[#out + 1] = 1\n"
                                   "  else out[#out + 1] = 2 end\n"
                                   "end\n"
                                   "return out\n";

/* KEYS: value, claim …  ARGV: seconds to live, value …  What was there already, or 1. */
static const char GET_OR_SET[] = "local out = {}\n"
                                 "for i = 1, #KEYS, 2 do\n"
                                 "  local value = redis.call('GET', KEYS[i])\n"
                                 "  if value then out[#out + 1] = value\n"
                                 "  else\n"
                                 "    redis.call('SET', KEYS[i], ARGV[(i + 1) / 2 + 1], 'EX', ARGV[1])\n"
                                 "    out[#out + 1] = 1\n"
                                 "  end\n"
                                 "  redis.call('DEL', KEYS[i + 1])\n"
                                 "end\n"
                                 "return out\n";

/* KEYS: claims.  ARGV: claimant. */
static const char UNCLAIM[] = "for i = 1, #KEYS do\n"
                              "  if redis.call('GET', KEYS[i]) == ARGV[1] then redis.call('DEL', KEYS[i]) end\n"
                              "end\n"
                              "return 0\n";

struct fam_reading_cache {
    struct fam_reading_cache_options options;
    char ttl[NUMBER_SIZE];
    struct fam_redis_script get_or_claim, get_or_set, unclaim;
    atomic_uint_fast64_t hits, misses, claims_waited, compressed;
};

struct names {
    char value[FAM_CACHE_BATCH][NAME_SIZE];
    char claim[FAM_CACHE_BATCH][CLAIM_SIZE];
    struct fam_redis_arg args[2 * FAM_CACHE_BATCH]; /* value, claim, value, claim … */
};

struct fam_reading_cache *fam_reading_cache_new(const struct fam_reading_cache_options *options,
                                                struct fam_status *status)
{
    struct fam_reading_cache *cache = calloc(1, sizeof(*cache));
    if (cache == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    cache->options = *options;
    (void)snprintf(cache->ttl, sizeof(cache->ttl), "%" PRIu32, options->ttl_s == 0 ? TTL_DEFAULT_S : options->ttl_s);
    cache->get_or_claim.source = GET_OR_CLAIM;
    cache->get_or_set.source = GET_OR_SET;
    cache->unclaim.source = UNCLAIM;
    return cache;
}

void fam_reading_cache_free(struct fam_reading_cache *cache)
{
    free(cache);
}

static void add_field(struct fam_buf *buf, const void *data, size_t size)
{
    unsigned char length[4] = {(unsigned char)(size >> 24), (unsigned char)(size >> 16), (unsigned char)(size >> 8),
                               (unsigned char)size};
    fam_buf_add(buf, length, sizeof(length));
    fam_buf_add(buf, data, size);
}

static bool add_normalised(struct fam_buf *buf, const char *text)
{
    char *normal = fam_text_normalise(text);
    if (normal == NULL) {
        return false;
    }
    size_t size = strlen(normal);
    add_field(buf, normal, size);
    sodium_memzero(normal, size);
    free(normal);
    return true;
}

/* What the keys of one person's own readings begin with. */
static enum fam_code owner_mark(struct fam_reading_cache *cache, const struct fam_uuid *owner,
                                unsigned char ret_mark[OWNER_SIZE], struct fam_status *status)
{
    static const char label[] = "owner:";
    unsigned char input[sizeof(label) - 1 + sizeof(owner->bytes)], hmac[FAM_HMAC_SIZE];
    memcpy(input, label, sizeof(label) - 1);
    memcpy(input + sizeof(label) - 1, owner->bytes, sizeof(owner->bytes));
    enum fam_code code = fam_store_hmac(cache->options.store, FAM_HMAC_CACHE, input, sizeof(input), hmac, status);
    if (code == FAM_OK) {
        memcpy(ret_mark, hmac, OWNER_SIZE);
    }
    return code;
}

enum fam_code fam_reading_cache_key(struct fam_reading_cache *cache, const struct fam_cache_question *question,
                                    struct fam_cache_key *ret_key, struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf buf = {.data = NULL};
    const uint32_t numbers[] = {(uint32_t)question->place, (uint32_t)question->age_band, (uint32_t)question->language,
                                question->profile_version};
    bool good = add_normalised(&buf, question->phrase) && add_normalised(&buf, question->happened_before);
    add_field(&buf, numbers, sizeof(numbers)); /* in this machine's order: servers of one database are of one kind */
    add_field(&buf, "claude", strlen("claude"));
    add_field(&buf, question->model, strlen(question->model));
    add_field(&buf, question->prompt_version, strlen(question->prompt_version));
    if (question->profile_child != NULL) {
        add_field(&buf, question->profile_child->bytes, sizeof(question->profile_child->bytes));
    }
    if (question->owner != NULL) {
        add_field(&buf, question->owner->bytes, sizeof(question->owner->bytes));
    }
    if (!good || buf.failed) {
        return fam_fail_memory(status);
    }
    enum fam_code code =
        fam_store_hmac(cache->options.store, FAM_HMAC_CACHE, buf.data, buf.size, ret_key->bytes, status);
    if (code == FAM_OK && question->owner != NULL) {
        code = owner_mark(cache, question->owner, ret_key->bytes, status);
    }
    return code;
}

static void name_keys(const struct fam_cache_key *keys, size_t count, struct names *ret_names)
{
    for (size_t i = 0; i < count; i++) {
        char hex[2 * FAM_CACHE_KEY_SIZE + 1];
        (void)sodium_bin2hex(hex, sizeof(hex), keys[i].bytes, FAM_CACHE_KEY_SIZE);
        (void)snprintf(ret_names->value[i], NAME_SIZE, PREFIX "%s", hex);
        (void)snprintf(ret_names->claim[i], CLAIM_SIZE, PREFIX "%s" CLAIM, hex);
        ret_names->args[2 * i] = FAM_REDIS_ARG(ret_names->value[i]);
        ret_names->args[2 * i + 1] = FAM_REDIS_ARG(ret_names->claim[i]);
    }
}

static enum fam_code check_count(size_t count, struct fam_status *status)
{
    if (count == 0 || count > FAM_CACHE_BATCH) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "1 to %d readings at a time", FAM_CACHE_BATCH);
    }
    return FAM_OK;
}

/* A value that does not open counts as absent. False: absent. */
static bool take_value(struct fam_reading_cache *cache, const struct fam_key *key, const struct fam_cache_key *place,
                       const struct fam_redis_reply *item, struct fam_cached_reading *ret_cached)
{
    size_t size = 0;
    struct fam_status ignored;
    (void)cache;
    *ret_cached = (struct fam_cached_reading){.reading = NULL};
    if (item == NULL || fam_redis_reply_type(item) != FAM_REDIS_TEXT) {
        return false;
    }
    const char *data = fam_redis_reply_text(item, &size);
    return fam_reading_decode(key, place, data, size, ret_cached, &ignored) == FAM_OK;
}

static void count_look(struct fam_reading_cache *cache, enum fam_cache_outcome outcome)
{
    static const char *const RESULTS[] = {"hit", "miss", "elsewhere"};
    atomic_fetch_add(outcome == FAM_CACHE_HIT ? &cache->hits : &cache->misses, 1);
    if (outcome == FAM_CACHE_ELSEWHERE) {
        atomic_fetch_add(&cache->claims_waited, 1);
    }
    fam_metrics_add(cache->options.metrics, FAM_M_CACHE_LOOKUPS, FAM_LABELS(RESULTS[outcome]), 1);
}

enum fam_code fam_reading_cache_get_multiple(struct fam_reading_cache *cache, const struct fam_cache_key *keys,
                                             size_t count, struct fam_cached_reading *ret_readings,
                                             struct fam_status *status)
{
    struct names names;
    struct fam_redis_arg args[1 + FAM_CACHE_BATCH] = {FAM_REDIS_ARG("MGET")};
    fam_auto(fam_key_done) struct fam_key key;
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    enum fam_code code = check_count(count, status);
    if (code == FAM_OK) {
        code = fam_store_cache_key(cache->options.store, &key, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    name_keys(keys, count, &names);
    for (size_t i = 0; i < count; i++) {
        args[1 + i] = names.args[2 * i];
    }
    code = fam_redis_call(cache->options.redis, args, 1 + count, &reply, status);
    if (code == FAM_OK) {
        code = fam_redis_reply_expect(reply, FAM_REDIS_ARRAY, status);
    }
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        (void)take_value(cache, &key, &keys[i], fam_redis_reply_item(reply, i), &ret_readings[i]);
    }
    return code;
}

enum fam_code fam_reading_cache_remove(struct fam_reading_cache *cache, const struct fam_cache_key *key,
                                       struct fam_status *status)
{
    struct fam_redis_arg args[2] = {FAM_REDIS_ARG("DEL")};
    struct names names;
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    name_keys(key, 1, &names);
    args[1] = names.args[0];
    return fam_redis_call(cache->options.redis, args, FAM_ARRAY_SIZE(args), &reply, status);
}

/* Values of a batch on their way to Redis. */
struct values {
    unsigned char *data[FAM_CACHE_BATCH];
    size_t size[FAM_CACHE_BATCH];
    size_t count;
};

static void values_done(struct values *values)
{
    for (size_t i = 0; i < values->count; i++) {
        free(values->data[i]);
    }
}

static enum fam_code encode_all(struct fam_reading_cache *cache, const struct fam_key *key,
                                const struct fam_cache_key *keys, size_t count,
                                const struct fam_cached_reading *readings, struct values *values,
                                struct fam_status *status)
{
    for (size_t i = 0; i < count; i++) {
        bool compressed = false;
        enum fam_code code =
            fam_reading_encode(key, &keys[i], &readings[i], &values->data[i], &values->size[i], &compressed, status);
        if (code != FAM_OK) {
            return code;
        }
        values->count++;
        atomic_fetch_add(&cache->compressed, compressed ? 1 : 0);
    }
    return FAM_OK;
}

enum fam_code fam_reading_cache_set_multiple(struct fam_reading_cache *cache, const struct fam_cache_key *keys,
                                             size_t count, const struct fam_cached_reading *readings,
                                             struct fam_status *status)
{
    struct names names;
    struct fam_redis_arg args[FAM_CACHE_BATCH][5];
    struct fam_redis_command commands[FAM_CACHE_BATCH] = {{.args = NULL}};
    struct fam_redis_reply *replies[FAM_CACHE_BATCH] = {NULL};
    fam_auto(fam_key_done) struct fam_key key;
    fam_auto(values_done) struct values values = {.count = 0};
    enum fam_code code = check_count(count, status);
    if (code == FAM_OK) {
        code = fam_store_cache_key(cache->options.store, &key, status);
    }
    if (code == FAM_OK) {
        code = encode_all(cache, &key, keys, count, readings, &values, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    name_keys(keys, count, &names);
    for (size_t i = 0; i < count; i++) {
        args[i][0] = FAM_REDIS_ARG("SET");
        args[i][1] = names.args[2 * i];
        args[i][2] = (struct fam_redis_arg){.data = values.data[i], .size = values.size[i]};
        args[i][3] = FAM_REDIS_ARG("EX");
        args[i][4] = FAM_REDIS_ARG(cache->ttl);
        commands[i] = (struct fam_redis_command){.args = args[i], .count = 5};
    }
    code = fam_redis_pipeline(cache->options.redis, commands, count, replies, status);
    if (code != FAM_OK) {
        return code;
    }
    for (size_t i = 0; i < count; i++) {
        struct fam_status one;
        enum fam_code set = fam_redis_reply_expect(replies[i], FAM_REDIS_TEXT, &one);
        fam_redis_reply_free(replies[i]);
        if (set != FAM_OK && code == FAM_OK) {
            code = set;
            *status = one;
        }
    }
    return code;
}

enum fam_code fam_reading_cache_get_or_set(struct fam_reading_cache *cache, const struct fam_cache_key *keys,
                                           size_t count, const struct fam_cached_reading *readings,
                                           struct fam_cached_reading *ret_readings, struct fam_status *status)
{
    struct names names;
    struct fam_redis_arg args[1 + FAM_CACHE_BATCH] = {FAM_REDIS_ARG(cache->ttl)};
    fam_auto(fam_key_done) struct fam_key key;
    fam_auto(values_done) struct values values = {.count = 0};
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    enum fam_code code = check_count(count, status);
    if (code == FAM_OK) {
        code = fam_store_cache_key(cache->options.store, &key, status);
    }
    if (code == FAM_OK) {
        code = encode_all(cache, &key, keys, count, readings, &values, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    name_keys(keys, count, &names);
    for (size_t i = 0; i < count; i++) {
        args[1 + i] = (struct fam_redis_arg){.data = values.data[i], .size = values.size[i]};
    }
    code = fam_redis_eval(cache->options.redis, &cache->get_or_set, names.args, 2 * count, args, 1 + count, &reply,
                          status);
    if (code == FAM_OK) {
        code = fam_redis_reply_expect(reply, FAM_REDIS_ARRAY, status);
    }
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        (void)take_value(cache, &key, &keys[i], fam_redis_reply_item(reply, i), &ret_readings[i]);
    }
    return code;
}

enum fam_code fam_reading_cache_get_or_claim(struct fam_reading_cache *cache, const struct fam_cache_key *keys,
                                             size_t count, const struct fam_uuid *claim, uint32_t claim_ms,
                                             struct fam_cached_reading *ret_readings,
                                             enum fam_cache_outcome *ret_outcomes, struct fam_status *status)
{
    struct names names;
    char claimant[FAM_UUID_TEXT_SIZE];
    char milliseconds[NUMBER_SIZE];
    fam_auto(fam_key_done) struct fam_key key;
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    enum fam_code code = check_count(count, status);
    if (code == FAM_OK) {
        code = fam_store_cache_key(cache->options.store, &key, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    name_keys(keys, count, &names);
    fam_uuid_format(claim, claimant);
    (void)snprintf(milliseconds, sizeof(milliseconds), "%" PRIu32, claim_ms == 0 ? 1 : claim_ms);
    const struct fam_redis_arg args[] = {FAM_REDIS_ARG(claimant), FAM_REDIS_ARG(milliseconds)};
    code = fam_redis_eval(cache->options.redis, &cache->get_or_claim, names.args, 2 * count, args, FAM_ARRAY_SIZE(args),
                          &reply, status);
    if (code == FAM_OK) {
        code = fam_redis_reply_expect(reply, FAM_REDIS_ARRAY, status);
    }
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        const struct fam_redis_reply *item = fam_redis_reply_item(reply, i);
        bool elsewhere = item != NULL && fam_redis_reply_integer(item) == 2;
        ret_outcomes[i] = take_value(cache, &key, &keys[i], item, &ret_readings[i]) ? FAM_CACHE_HIT
                          : elsewhere                                               ? FAM_CACHE_ELSEWHERE
                                                                                    : FAM_CACHE_CLAIMED;
        count_look(cache, ret_outcomes[i]);
    }
    return code;
}

void fam_reading_cache_unclaim(struct fam_reading_cache *cache, const struct fam_cache_key *keys, size_t count,
                               const struct fam_uuid *claim)
{
    struct names names;
    struct fam_redis_arg claims[FAM_CACHE_BATCH];
    char claimant[FAM_UUID_TEXT_SIZE];
    struct fam_status ignored; /* the claim expires by itself */
    fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
    if (check_count(count, &ignored) != FAM_OK) {
        return;
    }
    name_keys(keys, count, &names);
    for (size_t i = 0; i < count; i++) {
        claims[i] = names.args[2 * i + 1];
    }
    fam_uuid_format(claim, claimant);
    const struct fam_redis_arg args[] = {FAM_REDIS_ARG(claimant)};
    (void)!fam_redis_eval(cache->options.redis, &cache->unclaim, claims, count, args, FAM_ARRAY_SIZE(args), &reply,
                          &ignored);
}

/* ---- for operators ---- */

typedef enum fam_code visit_fn(struct fam_reading_cache *cache, const struct fam_redis_arg *names, size_t count,
                               void *context, struct fam_status *status);

static bool is_claim(const char *name, size_t size)
{
    const size_t end = sizeof(CLAIM) - 1;
    return size > end && memcmp(name + size - end, CLAIM, end) == 0;
}

static enum fam_code visit_page(struct fam_reading_cache *cache, const struct fam_redis_reply *page, visit_fn *visit,
                                void *context, size_t *seen, struct fam_status *status)
{
    struct fam_redis_arg names[SCAN_BATCH];
    size_t count = 0;
    enum fam_code code = FAM_OK;
    size_t total = fam_redis_reply_count(page);
    for (size_t i = 0; code == FAM_OK && i < total; i++) {
        size_t size = 0;
        const char *name = fam_redis_reply_text(fam_redis_reply_item(page, i), &size);
        if (!is_claim(name, size)) {
            names[count++] = (struct fam_redis_arg){.data = name, .size = size};
        }
        if (count > 0 && (count == SCAN_BATCH || i + 1 == total)) {
            code = visit(cache, names, count, context, status);
            *seen += count;
            count = 0;
        }
    }
    if (code == FAM_OK && count > 0) {
        code = visit(cache, names, count, context, status);
        *seen += count;
    }
    return code;
}

static enum fam_code walk(struct fam_reading_cache *cache, const char *pattern, visit_fn *visit, void *context,
                          struct fam_status *status)
{
    char cursor[NUMBER_SIZE] = "0";
    size_t seen = 0;
    do {
        const struct fam_redis_arg args[] = {FAM_REDIS_ARG("SCAN"),  FAM_REDIS_ARG(cursor),  FAM_REDIS_ARG("MATCH"),
                                             FAM_REDIS_ARG(pattern), FAM_REDIS_ARG("COUNT"), FAM_REDIS_ARG("500")};
        fam_auto(fam_redis_reply_done) struct fam_redis_reply *reply = NULL;
        enum fam_code code = fam_redis_call(cache->options.redis, args, FAM_ARRAY_SIZE(args), &reply, status);
        if (code == FAM_OK) {
            code = fam_redis_reply_expect(reply, FAM_REDIS_ARRAY, status);
        }
        if (code == FAM_OK) {
            code = visit_page(cache, fam_redis_reply_item(reply, 1), visit, context, &seen, status);
        }
        if (code != FAM_OK) {
            return code;
        }
        (void)snprintf(cursor, sizeof(cursor), "%s", fam_redis_reply_text(fam_redis_reply_item(reply, 0), NULL));
    } while (strcmp(cursor, "0") != 0 && seen < SCAN_MAX);
    return FAM_OK;
}

static enum fam_code measure(struct fam_reading_cache *cache, const struct fam_redis_arg *names, size_t count,
                             void *context, struct fam_status *status)
{
    struct fam_reading_cache_stats *stats = context;
    struct fam_redis_arg args[SCAN_BATCH][2];
    struct fam_redis_command commands[SCAN_BATCH] = {{.args = NULL}};
    struct fam_redis_reply *replies[SCAN_BATCH] = {NULL};
    for (size_t i = 0; i < count; i++) {
        args[i][0] = FAM_REDIS_ARG("STRLEN");
        args[i][1] = names[i];
        commands[i] = (struct fam_redis_command){.args = args[i], .count = 2};
    }
    enum fam_code code = fam_redis_pipeline(cache->options.redis, commands, count, replies, status);
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        int64_t size = fam_redis_reply_integer(replies[i]);
        stats->entries += size > 0 ? 1 : 0;
        stats->bytes += size > 0 ? (uint64_t)size : 0;
        fam_redis_reply_free(replies[i]);
    }
    return code;
}

enum fam_code fam_reading_cache_stats(struct fam_reading_cache *cache, struct fam_reading_cache_stats *ret_stats,
                                      struct fam_status *status)
{
    struct fam_reading_cache_stats stats = {
        .hits = atomic_load(&cache->hits),
        .misses = atomic_load(&cache->misses),
        .claims_waited = atomic_load(&cache->claims_waited),
        .compressed = atomic_load(&cache->compressed),
        .redis_up = fam_redis_is_up(cache->options.redis),
    };
    enum fam_code code = stats.redis_up ? walk(cache, PREFIX "*", measure, &stats, status) : FAM_OK;
    if (code == FAM_OK || code == FAM_UNAVAILABLE) {
        stats.redis_up = stats.redis_up && code == FAM_OK;
        *ret_stats = stats;
        return FAM_OK;
    }
    return code;
}

struct clearing {
    bool dry_run;
    uint64_t count;
};

static enum fam_code clear_some(struct fam_reading_cache *cache, const struct fam_redis_arg *names, size_t count,
                                void *context, struct fam_status *status)
{
    struct clearing *clearing = context;
    clearing->count += count;
    if (clearing->dry_run) {
        return FAM_OK;
    }
    struct fam_redis_command commands[SCAN_BATCH] = {{.args = NULL}};
    struct fam_redis_arg args[SCAN_BATCH][2];
    struct fam_redis_reply *replies[SCAN_BATCH] = {NULL};
    for (size_t i = 0; i < count; i++) {
        args[i][0] = FAM_REDIS_ARG("UNLINK");
        args[i][1] = names[i];
        commands[i] = (struct fam_redis_command){.args = args[i], .count = 2};
    }
    enum fam_code code = fam_redis_pipeline(cache->options.redis, commands, count, replies, status);
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        fam_redis_reply_free(replies[i]);
    }
    return code;
}

enum fam_code fam_reading_cache_clear(struct fam_reading_cache *cache, bool dry_run, uint64_t *ret_count,
                                      struct fam_status *status)
{
    struct clearing clearing = {.dry_run = dry_run};
    enum fam_code code = walk(cache, PREFIX "*", clear_some, &clearing, status);
    if (code == FAM_OK) {
        *ret_count = clearing.count;
    }
    return code;
}

enum fam_code fam_reading_cache_forget(struct fam_reading_cache *cache, const struct fam_uuid *owner,
                                       struct fam_status *status)
{
    unsigned char mark[OWNER_SIZE];
    char hex[2 * OWNER_SIZE + 1], pattern[NAME_SIZE + 2];
    struct clearing clearing = {.dry_run = false};
    enum fam_code code = owner_mark(cache, owner, mark, status);
    if (code == FAM_OK) {
        (void)sodium_bin2hex(hex, sizeof(hex), mark, sizeof(mark));
        (void)snprintf(pattern, sizeof(pattern), PREFIX "%s*", hex);
        code = walk(cache, pattern, clear_some, &clearing, status);
    }
    return code;
}
