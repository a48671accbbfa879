#include "net/sentry_event.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/uuid.h"

enum { WORD_BYTES_MAX = 128 };

/* ---- what may go out ---- */

/* Strings of these fields alone, and where: what one looks for is a tag. */
static const char *const TAGS[] = {"code", "reason", "method", "service", "request_id"};
static const char *const EXTRAS[] = {"state"};

static bool is_among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* One word: "NO_DATABASE", "fam.v1.OpsService/Health", "half-open". A sentence might be anybody's. */
static bool is_word(const char *text)
{
    static const char ALLOWED[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/-";
    size_t size = text == NULL ? 0 : strspn(text, ALLOWED);
    return size > 0 && size <= WORD_BYTES_MAX && text[size] == '\0';
}

/* Numbers with such a name are somebody's: chat_id, user_id, update_id. */
static bool names_somebody(const char *name)
{
    size_t size = strlen(name);
    return strcmp(name, "id") == 0 || (size > 3 && strcmp(name + size - 3, "_id") == 0);
}

static bool is_tag(const struct fam_field *field)
{
    return field->type == FAM_FIELD_STRING && is_among(field->name, TAGS, FAM_ARRAY_SIZE(TAGS)) &&
           is_word(field->value.string);
}

static bool is_extra(const struct fam_field *field)
{
    if (!is_word(field->name)) {
        return false;
    }
    switch (field->type) {
    case FAM_FIELD_STRING:
        return is_among(field->name, EXTRAS, FAM_ARRAY_SIZE(EXTRAS)) && is_word(field->value.string);
    case FAM_FIELD_BOOL:
        return true;
    case FAM_FIELD_DOUBLE:
        return isfinite(field->value.number) && !names_somebody(field->name);
    case FAM_FIELD_I64:
    case FAM_FIELD_U64:
        return !names_somebody(field->name);
    default:
        return false;
    }
}

/* The value of a tag, or "". */
static const char *tag_of(const struct fam_sentry_line *line, const char *name)
{
    for (size_t i = 0; i < line->field_count; i++) {
        if (is_tag(&line->fields[i]) && strcmp(line->fields[i].name, name) == 0) {
            return line->fields[i].value.string;
        }
    }
    return "";
}

/* ---- JSON ---- */

/* Starts a member behind others. */
static void add_member(struct fam_buf *out, const char *name, const char *text)
{
    fam_buf_addf(out, ",\"%s\":", name);
    fam_json_add_string(out, text);
}

static void add_extra(struct fam_buf *out, const struct fam_field *field)
{
    fam_json_add_string(out, field->name);
    fam_buf_add_char(out, ':');
    switch (field->type) {
    case FAM_FIELD_STRING:
        fam_json_add_string(out, field->value.string);
        break;
    case FAM_FIELD_BOOL:
        fam_buf_add_text(out, field->value.boolean ? "true" : "false");
        break;
    case FAM_FIELD_I64:
        fam_buf_addf(out, "%" PRId64, field->value.i64);
        break;
    case FAM_FIELD_U64:
        fam_buf_addf(out, "%" PRIu64, field->value.u64);
        break;
    default:
        fam_buf_addf(out, "%.6g", field->value.number);
        break;
    }
}

void fam_sentry_new_id(char ret_id[FAM_SENTRY_ID_SIZE])
{
    char text[FAM_UUID_TEXT_SIZE];
    const struct fam_uuid uuid = fam_uuid_v7();
    fam_uuid_format(&uuid, text);
    size_t size = 0;
    for (const char *at = text; *at != '\0' && size + 1 < FAM_SENTRY_ID_SIZE; at++) {
        if (*at != '-') {
            ret_id[size++] = *at;
        }
    }
    ret_id[size] = '\0';
}

/* The event's head, up to its environment. No server_name and no user; infer_ip keeps Sentry from making the address of
 * the connection the user's. */
static void add_head(struct fam_buf *json, const struct fam_sentry_origin *origin, const char *id, const char *level,
                     const char *logger)
{
    char now[FAM_RFC3339_SIZE];
    fam_rfc3339(fam_wall_ms(), now);
    fam_buf_addf(json, "{\"event_id\":\"%s\",\"timestamp\":\"%s\",\"platform\":\"native\",\"level\":\"%s\"", id, now,
                 level);
    add_member(json, "logger", logger);
    bool known = origin->revision[0] != '\0' && strcmp(origin->revision, "unknown") != 0;
    fam_buf_addf(json, ",\"release\":\"family-emotions@%s%s%s\"", origin->version, known ? "+" : "",
                 known ? origin->revision : "");
    add_member(json, "environment", origin->environment);
    fam_buf_addf(json,
                 ",\"sdk\":{\"name\":\"family-emotions\",\"version\":\"%s\",\"settings\":{\"infer_ip\":\"never\"}}",
                 origin->version);
}

static const char *level_name(enum fam_log_level level)
{
    static const char *const NAMES[] = {"debug", "info", "warning", "error"};
    return (size_t)level < FAM_ARRAY_SIZE(NAMES) ? NAMES[level] : "error";
}

static void add_line(struct fam_buf *json, const struct fam_sentry_origin *origin, const struct fam_sentry_line *line,
                     const char *id)
{
    add_head(json, origin, id, level_name(line->level), line->source);
    fam_buf_add_text(json, ",\"logentry\":{\"formatted\":");
    fam_json_add_string(json, line->event);
    fam_buf_add_text(json, "},\"tags\":{\"program\":");
    fam_json_add_string(json, origin->program);
    for (size_t i = 0; i < line->field_count; i++) {
        if (is_tag(&line->fields[i])) {
            add_member(json, line->fields[i].name, line->fields[i].value.string);
        }
    }
    fam_buf_addf(json, "},\"extra\":{\"repeats\":%" PRIu64, line->repeats);
    for (size_t i = 0; i < line->field_count; i++) {
        if (is_extra(&line->fields[i])) {
            fam_buf_add_char(json, ',');
            add_extra(json, &line->fields[i]);
        }
    }
    fam_buf_add_text(json, "},\"fingerprint\":[");
    const char *parts[] = {origin->program, line->source, line->event, tag_of(line, "code"), tag_of(line, "reason")};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(parts); i++) {
        fam_buf_add_text(json, i == 0 ? "" : ",");
        fam_json_add_string(json, parts[i]);
    }
    fam_buf_add_text(json, "]}");
}

static void add_frame(struct fam_buf *json, const struct fam_sentry_frame *frame)
{
    fam_buf_addf(json, "{\"instruction_addr\":\"0x%" PRIx64 "\",\"in_app\":%s", frame->address,
                 frame->in_app ? "true" : "false");
    if (frame->function[0] != '\0') {
        add_member(json, "function", frame->function);
    }
    if (frame->file[0] != '\0') {
        add_member(json, "filename", frame->file);
    }
    if (frame->line > 0) {
        fam_buf_addf(json, ",\"lineno\":%d", frame->line);
    }
    if (frame->module[0] != '\0') {
        add_member(json, "package", frame->module);
    }
    fam_buf_add_char(json, '}');
}

/* "SEGV_MAPERR in fam_x (server/x.c:12)": of our own code, if it was there. */
static void add_value(struct fam_buf *json, const struct fam_sentry_crash *crash)
{
    fam_auto(fam_buf_done) struct fam_buf value = {0};
    size_t at = 0;
    while (at < crash->frame_count && !crash->frames[at].in_app) {
        at++;
    }
    fam_buf_add_text(&value, crash->cause[0] == '\0' ? crash->signal : crash->cause);
    if (at < crash->frame_count && crash->frames[at].function[0] != '\0') {
        fam_buf_addf(&value, " in %s (%s:%d)", crash->frames[at].function, crash->frames[at].file,
                     crash->frames[at].line);
    }
    add_member(json, "value", fam_buf_text(&value));
}

static void add_crash(struct fam_buf *json, const struct fam_sentry_origin *origin,
                      const struct fam_sentry_crash *crash, const char *id)
{
    add_head(json, origin, id, "fatal", "crash");
    fam_buf_add_text(json, ",\"tags\":{\"program\":");
    fam_json_add_string(json, origin->program);
    add_member(json, "thread", crash->thread);
    fam_buf_add_text(json, "},\"exception\":{\"values\":[{\"type\":");
    fam_json_add_string(json, crash->signal);
    add_value(json, crash);
    fam_buf_addf(json,
                 ",\"mechanism\":{\"type\":\"signalhandler\",\"handled\":false,\"synthetic\":true,\"meta\":{\"signal\":"
                 "{\"number\":%d,\"code\":%d",
                 crash->signal_number, crash->cause_number);
    add_member(json, "name", crash->signal);
    if (crash->cause[0] != '\0') {
        add_member(json, "code_name", crash->cause);
    }
    fam_buf_add_text(json, "}}},\"stacktrace\":{\"frames\":[");
    for (size_t i = crash->frame_count; i > 0; i--) { /* Sentry wants the oldest first */
        add_frame(json, &crash->frames[i - 1]);
        fam_buf_add_text(json, i > 1 ? "," : "");
    }
    fam_buf_add_text(json, "]}}]}}");
}

/* ---- the envelope ---- */

/* https://develop.sentry.dev/sdk/data-model/envelopes/: a line of headers, an item's line of headers, its bytes. */
static void add_envelope(struct fam_buf *out, const char *id, const struct fam_buf *json)
{
    char now[FAM_RFC3339_SIZE];
    fam_rfc3339(fam_wall_ms(), now);
    fam_buf_addf(out, "{\"event_id\":\"%s\",\"sent_at\":\"%s\"}\n", id, now);
    fam_buf_addf(out, "{\"type\":\"event\",\"content_type\":\"application/json\",\"length\":%zu}\n", json->size);
    fam_buf_add(out, fam_buf_text(json), json->size);
    fam_buf_add_char(out, '\n');
    out->failed = out->failed || json->failed;
}

void fam_sentry_line_envelope(const struct fam_sentry_origin *origin, const struct fam_sentry_line *line,
                              struct fam_buf *out)
{
    char id[FAM_SENTRY_ID_SIZE];
    fam_auto(fam_buf_done) struct fam_buf json = {0};
    fam_buf_init(&json, FAM_SENTRY_BODY_BYTES);
    fam_sentry_new_id(id);
    add_line(&json, origin, line, id);
    add_envelope(out, id, &json);
}

void fam_sentry_crash_envelope(const struct fam_sentry_origin *origin, const struct fam_sentry_crash *crash,
                               struct fam_buf *out)
{
    char id[FAM_SENTRY_ID_SIZE];
    fam_auto(fam_buf_done) struct fam_buf json = {0};
    fam_buf_init(&json, FAM_SENTRY_BODY_BYTES);
    fam_sentry_new_id(id);
    add_crash(&json, origin, crash, id);
    add_envelope(out, id, &json);
}

/* FNV-1a, 64 bits, with the NULs between the parts. */
uint64_t fam_sentry_line_key(const struct fam_sentry_origin *origin, const struct fam_sentry_line *line)
{
    const char *parts[] = {origin->program, line->source, line->event, tag_of(line, "code"), tag_of(line, "reason")};
    uint64_t key = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(parts); i++) {
        for (size_t at = 0, size = strlen(parts[i]); at <= size; at++) {
            key = (key ^ (unsigned char)parts[i][at]) * UINT64_C(0x100000001b3);
        }
    }
    return key;
}
