/* claude_sim_views.c: what /control/ tells about requests and counts; see claude_sim_state.h. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "sim/claude_sim_state.h"

enum { PAGE_BYTES = 8 * 1024 * 1024, MOST_TEXTS = 256 };

cJSON *cs_view_stats(const struct claude_sim *sim)
{
    const struct cs_stats *stats = &sim->stats;
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {{"requests", stats->requests},
                  {"in_flight", sim->in_flight},
                  {"most_in_flight", sim->most_in_flight},
                  {"answered", stats->answered},
                  {"closed_early", stats->closed_early},
                  {"invalid", stats->invalid},
                  {"faulty", stats->faulty},
                  {"others", stats->others},
                  {"cache_writes", stats->cache_writes},
                  {"cache_reads", stats->cache_reads},
                  {"input_tokens", stats->input_tokens},
                  {"output_tokens", stats->output_tokens},
                  {"connections", http_sim_connections(sim->http)},
                  {"connections_accepted", http_sim_accepted(sim->http)},
                  {"bodies_dropped", stats->bodies_dropped},
                  {"faults_left", (uint64_t)cs_faults_left(sim)},
                  {"last_id", sim->last_id},
                  {"now_ms", fam_mono_ms()}};
    cJSON *view = cJSON_CreateObject();
    cJSON *statuses = cJSON_AddObjectToObject(view, "statuses");
    for (size_t i = 0; i < FAM_ARRAY_SIZE(counts); i++) {
        cJSON_AddNumberToObject(view, counts[i].name, (double)counts[i].value);
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(stats->statuses); i++) {
        char name[16];
        snprintf(name, sizeof(name), "%zu", i);
        if (stats->statuses[i]) {
            cJSON_AddNumberToObject(statuses, name, (double)stats->statuses[i]);
        }
    }
    return view;
}

static void add_body(const struct claude_sim *sim, const struct cs_record *record, struct fam_buf *json)
{
    fam_auto(fam_buf_done) struct fam_buf body = {0};
    cs_body_restore(&sim->store, &record->body, &body);
    if (!record->body.kept) {
        fam_buf_add_text(json, ",\"body\":null");
    } else if (record->is_json) {
        fam_buf_add_text(json, ",\"body\":");
        fam_buf_add(json, fam_buf_text(&body), body.size);
    } else {
        bool is_text = fam_utf8_valid(fam_buf_text(&body), body.size);
        fam_buf_add_text(json, ",\"raw\":");
        fam_json_add_string(json, is_text ? fam_buf_text(&body) : "(no text)");
    }
}

static void add_record(const struct claude_sim *sim, const struct cs_record *record, bool bodies, struct fam_buf *json)
{
    static const char *const endings[] = {"in_flight", "answered", "closed_early"};
    fam_buf_addf(json,
                 "{\"id\":%" PRIu64 ",\"at_ms\":%" PRIu64 ",\"over_ms\":%" PRIu64
                 ",\"ending\":\"%s\",\"status\":%d,\"model\":\"%s\",\"version\":\"%s\",\"auth\":\"%s\","
                 "\"faulty\":%s,\"answer\":\"%s\"",
                 record->id, record->at_ms, record->over_ms, endings[record->ending], record->status,
                 record->model ? record->model->id : "", record->is_new ? "2026-10-21" : "2023-06-01",
                 record->bearer ? "bearer" : "x-api-key", record->faulty ? "true" : "false",
                 cs_spoil_name(record->spoil));
    if (record->problem) {
        fam_buf_add_text(json, ",\"problem\":");
        fam_json_add_string(json, record->problem);
    }
    if (bodies) {
        add_body(sim, record, json);
    }
    fam_buf_add_char(json, '}');
}

/* "next" is the id to go on after, "more" whether there is anything. */
void cs_view_requests(struct claude_sim *sim, uint64_t after, int64_t limit, bool bodies, struct fam_buf *ret_json)
{
    uint64_t id = after < sim->first_id ? sim->first_id : after + 1;
    const char *comma = "";
    fam_buf_add_text(ret_json, "{\"requests\":[");
    for (; id <= sim->last_id && limit-- > 0 && ret_json->size < PAGE_BYTES; id++) {
        const struct cs_record *record = cs_record_find(sim, id);
        if (record) {
            fam_buf_add_text(ret_json, comma);
            add_record(sim, record, bodies, ret_json);
            comma = ",";
        }
    }
    fam_buf_addf(ret_json, "],\"next\":%" PRIu64 ",\"more\":%s}", id - 1, id <= sim->last_id ? "true" : "false");
}

static uint64_t count_bodies_with(struct claude_sim *sim, const char *text, uint64_t *ret_first)
{
    uint64_t count = 0;
    fam_auto(fam_buf_done) struct fam_buf body = {0};
    for (uint64_t id = sim->first_id; id <= sim->last_id; id++) {
        const struct cs_record *record = cs_record_find(sim, id);
        if (!record || !record->body.kept) {
            continue;
        }
        fam_buf_clear(&body);
        cs_body_restore(&sim->store, &record->body, &body);
        if (memmem(fam_buf_text(&body), body.size, text, strlen(text))) {
            *ret_first = count ? *ret_first : id;
            count++;
        }
    }
    return count;
}

/* In how many of the kept bodies does each text stand, and in which first. */
void cs_view_found(struct claude_sim *sim, const cJSON *texts, struct fam_buf *ret_json)
{
    const cJSON *text;
    int asked = 0;
    uint64_t searched = 0;
    for (uint64_t id = sim->first_id; id <= sim->last_id; id++) {
        const struct cs_record *record = cs_record_find(sim, id);
        searched += record && record->body.kept ? 1 : 0;
    }
    fam_buf_addf(ret_json, "{\"searched\":%" PRIu64 ",\"found\":[", searched);
    cJSON_ArrayForEach(text, texts)
    {
        uint64_t first = 0;
        if (!cJSON_IsString(text) || !text->valuestring[0] || asked == MOST_TEXTS) {
            continue;
        }
        uint64_t count = count_bodies_with(sim, text->valuestring, &first);
        fam_buf_add_text(ret_json, asked++ ? ",{\"text\":" : "{\"text\":");
        fam_json_add_string(ret_json, text->valuestring);
        fam_buf_addf(ret_json, ",\"count\":%" PRIu64 ",\"first_id\":%" PRIu64 "}", count, first);
    }
    fam_buf_add_text(ret_json, "]}");
}
