/* claude_sim_records.c: what came and how it ended; see claude_sim_state.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "sim/claude_sim_state.h"

bool cs_records_open(struct claude_sim *sim, const char *record_file)
{
    sim->records = calloc(CS_MAX_RECORDS, sizeof(struct cs_record));
    if (!sim->records) {
        errno = ENOMEM;
        return false;
    }
    sim->first_id = 1;
    sim->first_body_id = 1;
    sim->record_file = record_file ? fopen(record_file, "ae") : NULL;
    return !record_file || sim->record_file;
}

struct cs_record *cs_record_find(struct claude_sim *sim, uint64_t id)
{
    struct cs_record *record = &sim->records[id % CS_MAX_RECORDS];
    return id && record->id == id ? record : NULL;
}

static void forget(struct claude_sim *sim, struct cs_record *record)
{
    cs_body_drop(&sim->store, &record->body);
    free(record->problem);
    *record = (struct cs_record){0};
}

/* The oldest bodies go when all of them are too much. */
static void make_room(struct claude_sim *sim)
{
    while (sim->store.bytes > CS_MAX_BODY_BYTES && sim->first_body_id < sim->last_id) {
        struct cs_record *record = cs_record_find(sim, sim->first_body_id++);
        if (record && record->body.kept) {
            cs_body_drop(&sim->store, &record->body);
            sim->stats.bodies_dropped++;
        }
    }
}

/* One line: {"id":1,"at_ms":5,"body":{…}}; a body that is no JSON comes as the text "raw". */
static void write_line(struct claude_sim *sim, const struct cs_record *record, const cJSON *json,
                       const struct http_sim_request *http)
{
    fam_auto(fam_buf_done) struct fam_buf line = {0};
    char *text = json ? cJSON_PrintUnformatted(json) : NULL;
    fam_buf_addf(&line, "{\"id\":%" PRIu64 ",\"at_ms\":%" PRIu64 ",", record->id, record->at_ms);
    if (text) {
        fam_buf_addf(&line, "\"body\":%s}\n", text);
    } else {
        fam_buf_add_text(&line, "\"raw\":");
        fam_json_add_string(&line, http->body);
        fam_buf_add_text(&line, "}\n");
    }
    free(text);
    sim->record_bytes += line.size;
    if (line.failed || sim->record_bytes > CS_MAX_RECORD_FILE ||
        fwrite(fam_buf_text(&line), 1, line.size, sim->record_file) != line.size || fflush(sim->record_file) != 0) {
        fprintf(stderr, "claude-sim: the record file takes no more; requests go on unrecorded\n");
        fclose(sim->record_file);
        sim->record_file = NULL;
    }
}

struct cs_record *cs_record_new(struct claude_sim *sim, const struct cs_request *request,
                                const struct http_sim_request *http)
{
    uint64_t id = ++sim->last_id;
    struct cs_record *record = &sim->records[id % CS_MAX_RECORDS];
    forget(sim, record);
    if (sim->first_id + CS_MAX_RECORDS <= id) {
        sim->first_id = id - CS_MAX_RECORDS + 1;
    }
    if (sim->first_body_id < sim->first_id) {
        sim->first_body_id = sim->first_id;
    }
    *record = (struct cs_record){.id = id,
                                 .at_ms = fam_mono_ms(),
                                 .is_new = request->is_new,
                                 .bearer = request->bearer,
                                 .is_json = request->json != NULL,
                                 .model = request->model};
    cs_body_keep(&sim->store, http->body, http->body_size, &record->body);
    make_room(sim);
    if (sim->record_file) {
        write_line(sim, record, request->json, http);
    }
    sim->stats.requests++;
    sim->minute_requests++;
    sim->in_flight++;
    if (sim->in_flight > sim->most_in_flight) {
        sim->most_in_flight = sim->in_flight;
    }
    return record;
}

void cs_record_over(struct claude_sim *sim, uint64_t id, bool answered)
{
    struct cs_record *record = cs_record_find(sim, id);
    sim->in_flight -= sim->in_flight ? 1 : 0;
    if (!record) { /* forgotten meanwhile */
        return;
    }
    record->ending = answered ? CS_ANSWERED : CS_LEFT;
    record->over_ms = fam_mono_ms();
    sim->stats.answered += answered ? 1 : 0;
    sim->stats.closed_early += answered ? 0 : 1;
    if (record->status >= 0 && record->status < (int)FAM_ARRAY_SIZE(sim->stats.statuses)) {
        sim->stats.statuses[answered ? record->status : 0]++;
    }
}

void cs_records_reset(struct claude_sim *sim)
{
    for (size_t i = 0; i < CS_MAX_RECORDS; i++) {
        if (sim->records[i].id) {
            forget(sim, &sim->records[i]);
        }
    }
    cs_store_done(&sim->store);
    memset(&sim->stats, 0, sizeof(sim->stats));
    memset(sim->cache, 0, sizeof(sim->cache));
    sim->first_id = sim->last_id + 1;
    sim->first_body_id = sim->first_id;
    sim->most_in_flight = sim->in_flight;
}

void cs_records_done(struct claude_sim *sim)
{
    for (size_t i = 0; sim->records && i < CS_MAX_RECORDS; i++) {
        forget(sim, &sim->records[i]);
    }
    free(sim->records);
    cs_store_done(&sim->store);
    if (sim->record_file) {
        fclose(sim->record_file);
    }
}
