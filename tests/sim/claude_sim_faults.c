/* claude_sim_faults.c: orders to misbehave; see claude_sim_state.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "sim/claude_sim_state.h"

enum { MOST_HEADERS = 4096 };

const char *cs_spoil_name(enum cs_spoil spoil)
{
    static const char *const names[] = {
#define CS_SPOIL(id, name) name,
#include "sim/claude_sim_spoils.def"
#undef CS_SPOIL
    };
    return spoil < CS_SPOIL_COUNT ? names[spoil] : NULL;
}

const char *cs_error_type(int status)
{
    static const struct {
        int status;
        const char *type;
    } types[] = {{400, "invalid_request_error"}, {401, "authentication_error"}, {402, "billing_error"},
                 {403, "permission_error"},      {404, "not_found_error"},      {413, "request_too_large"},
                 {429, "rate_limit_error"},      {504, "timeout_error"},        {529, "overloaded_error"}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(types); i++) {
        if (types[i].status == status) {
            return types[i].type;
        }
    }
    return status >= 500 ? "api_error" : "invalid_request_error";
}

static int64_t read_count(const cJSON *wish, const char *key, int64_t fallback)
{
    int64_t value = fallback;
    if (!fam_json_i64(wish, key, &value)) {
        return fallback;
    }
    return value < 0 ? 0 : value > INT32_MAX ? INT32_MAX : value;
}

static bool read_cut(const cJSON *wish, struct http_sim_reply *transport, struct cs_error *error)
{
    const char *where = fam_json_string(wish, "cut");
    if (!where) {
        transport->cut = fam_json_bool(wish, "cut") ? HTTP_SIM_CUT_AT_ONCE : HTTP_SIM_WHOLE;
        return true;
    }
    if (strcmp(where, "in_headers") == 0) {
        transport->cut = HTTP_SIM_CUT_IN_HEADERS;
    } else if (strcmp(where, "after_headers") == 0) {
        transport->cut = HTTP_SIM_CUT_AFTER_HEADERS;
    } else if (strcmp(where, "reset") == 0) {
        transport->cut = HTTP_SIM_RESET;
    } else {
        return cs_refuse(error, "cut is true, \"in_headers\", \"after_headers\" or \"reset\"");
    }
    return true;
}

static bool read_spoil(const cJSON *wish, enum cs_spoil *ret_spoil, struct cs_error *error)
{
    const char *name = fam_json_string(wish, "answer");
    *ret_spoil = CS_SPOIL_NONE;
    for (unsigned i = 0; name && i < CS_SPOIL_COUNT; i++) {
        if (strcmp(cs_spoil_name((enum cs_spoil)i), name) == 0) {
            *ret_spoil = (enum cs_spoil)i;
            return true;
        }
    }
    return !name || cs_refuse(error, "answer \"%.40s\" is not known; /control/faults lists them", name);
}

/* A typing error in a test must not pass as fair weather. */
static bool check_wish(const cJSON *wish, struct cs_error *error)
{
    static const char *const known[] = {
        "path",       "contains",         "probability", "skip",         "times", "answer", "status",      "error_type",
        "message",    "headers",          "retry_after", "should_retry", "html",  "body",   "answer_text", "delay_ms",
        "drip_bytes", "drip_interval_ms", "truncate",    "cut",          "hang",  NULL};
    const cJSON *headers = fam_json_get(wish, "headers");
    const cJSON *header;
    if (headers && !cJSON_IsObject(headers)) {
        return cs_refuse(error, "headers is an object of texts");
    }
    cJSON_ArrayForEach(header, headers)
    {
        if (!cJSON_IsString(header) || strpbrk(header->valuestring, "\r\n") || strpbrk(header->string, "\r\n: ")) {
            return cs_refuse(error, "headers is an object of texts");
        }
    }
    return cs_check_members(wish, "", known, error);
}

static void read_selection(struct cs_fault *fault)
{
    const cJSON *probability = fam_json_get(fault->wish, "probability");
    const char *path = fam_json_string(fault->wish, "path");
    fault->path = path ? path : "/v1/messages";
    fault->contains = fam_json_string(fault->wish, "contains");
    fault->probability = cJSON_IsNumber(probability) ? probability->valuedouble : 1;
    fault->skip = read_count(fault->wish, "skip", 0);
    fault->times = read_count(fault->wish, "times", fault->contains || probability ? -1 : 1);
}

bool cs_fault_add(struct claude_sim *sim, const cJSON *wish, char *raw, size_t raw_size, struct cs_error *error)
{
    enum cs_spoil spoil;
    struct http_sim_reply transport = {0};
    if (sim->fault_count == CS_MAX_FAULTS) {
        return cs_refuse(error, "there may be %d faults", CS_MAX_FAULTS);
    }
    if (!check_wish(wish, error) || !read_spoil(wish, &spoil, error) || !read_cut(wish, &transport, error)) {
        return false;
    }
    cJSON *copy = cJSON_Duplicate(wish, 1);
    if (!copy) {
        return cs_refuse(error, "memory is short");
    }
    transport.delay_ms = (uint32_t)read_count(copy, "delay_ms", 0);
    transport.drip_bytes = (size_t)read_count(copy, "drip_bytes", 0);
    transport.drip_interval_ms = (uint32_t)read_count(copy, "drip_interval_ms", 20);
    transport.truncate = fam_json_get(copy, "truncate") != NULL;
    transport.truncate_at = (size_t)read_count(copy, "truncate", 0);
    transport.hang = fam_json_bool(copy, "hang");
    struct cs_fault *fault = &sim->faults[sim->fault_count++];
    *fault = (struct cs_fault){.wish = copy,
                               .raw = raw,
                               .raw_size = raw_size,
                               .spoil = spoil,
                               .status = (int)read_count(copy, "status", 0),
                               .error_type = fam_json_string(copy, "error_type"),
                               .message = fam_json_string(copy, "message"),
                               .body = fam_json_string(copy, "body"),
                               .answer_text = fam_json_string(copy, "answer_text"),
                               .html = fam_json_bool(copy, "html"),
                               .transport = transport};
    read_selection(fault);
    return true;
}

uint64_t cs_random(struct claude_sim *sim)
{
    uint64_t z = sim->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

const struct cs_fault *cs_fault_take(struct claude_sim *sim, const char *path, const char *asked)
{
    for (size_t i = 0; i < sim->fault_count; i++) {
        struct cs_fault *fault = &sim->faults[i];
        if (fault->times == 0 || strcmp(fault->path, path) != 0 ||
            (fault->contains && !strstr(asked, fault->contains))) {
            continue;
        }
        if (fault->probability < 1 && (double)(cs_random(sim) >> 11) / 9007199254740992.0 >= fault->probability) {
            continue;
        }
        if (fault->skip > 0) {
            fault->skip--;
            continue;
        }
        fault->times -= fault->times > 0 ? 1 : 0;
        return fault;
    }
    return NULL;
}

void cs_faults_clear(struct claude_sim *sim)
{
    for (size_t i = 0; i < sim->fault_count; i++) {
        cJSON_Delete(sim->faults[i].wish);
        free(sim->faults[i].raw);
    }
    sim->fault_count = 0;
}

int64_t cs_faults_left(const struct claude_sim *sim)
{
    int64_t left = 0;
    for (size_t i = 0; i < sim->fault_count; i++) {
        left += sim->faults[i].times > 0 ? sim->faults[i].times : sim->faults[i].times < 0 ? 1 : 0;
    }
    return left;
}

/* A number of seconds, "date:5" for the HTTP date in five seconds, or any text as it is. */
static void add_retry_after(const cJSON *retry_after, struct fam_buf *headers)
{
    if (cJSON_IsNumber(retry_after)) {
        fam_buf_addf(headers, "retry-after: %.15g\r\n", retry_after->valuedouble);
        return;
    }
    if (!cJSON_IsString(retry_after) || strpbrk(retry_after->valuestring, "\r\n")) {
        return;
    }
    if (strncmp(retry_after->valuestring, "date:", 5) != 0) {
        fam_buf_addf(headers, "retry-after: %s\r\n", retry_after->valuestring);
        return;
    }
    char date[64];
    struct tm parts;
    time_t at = time(NULL) + strtol(retry_after->valuestring + 5, NULL, 10);
    if (gmtime_r(&at, &parts) && strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &parts) > 0) {
        fam_buf_addf(headers, "retry-after: %s\r\n", date);
    }
}

void cs_fault_headers(const struct cs_fault *fault, struct fam_buf *headers)
{
    const cJSON *header;
    const cJSON *should_retry = fam_json_get(fault->wish, "should_retry");
    add_retry_after(fam_json_get(fault->wish, "retry_after"), headers);
    if (should_retry) {
        fam_buf_addf(headers, "x-should-retry: %s\r\n", cJSON_IsTrue(should_retry) ? "true" : "false");
    }
    cJSON_ArrayForEach(header, fam_json_get(fault->wish, "headers"))
    {
        if (headers->size + strlen(header->string) + strlen(header->valuestring) < MOST_HEADERS) {
            fam_buf_addf(headers, "%s: %s\r\n", header->string, header->valuestring);
        }
    }
}
