/* export_call.c: see export_call.h. */
#include "services/export_call.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "services/export_html.h"
#include "store/export_store.h"

enum { TOKEN_SIZE = 80, DAY_SIZE = 11, READ_BYTES = 8 * 1024 * 1024, FILE_SIZE = 64 };

/* Where the file goes on. */
struct position {
    size_t table;
    bool is_open; /* rows of this table have been written */
    struct fam_export_cursor cursor;
};

/* An export on its way through one call. */
struct export
{
    struct fam_services_context *context;
    const struct fam_uuid *user_id;
    bool is_html;
    Fam__V1__Language language;
    char day[DAY_SIZE];
    struct position at;
    struct fam_buf *out;
};

static void today(char ret_day[DAY_SIZE])
{
    time_t now = (time_t)(fam_wall_ms() / 1000);
    struct tm utc;
    (void)gmtime_r(&now, &utc);
    (void)strftime(ret_day, DAY_SIZE, "%Y-%m-%d", &utc);
}

/* table.open.id.number */
static void format_token(const struct position *at, char ret_token[TOKEN_SIZE])
{
    char id[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&at->cursor.id, id);
    (void)snprintf(ret_token, TOKEN_SIZE, "%zu.%d.%s.%" PRId32, at->table, at->is_open ? 1 : 0, id, at->cursor.number);
}

static bool read_number(const char **text, long most, char end, long *ret_number)
{
    char *after = NULL;
    if (**text < '0' || **text > '9') {
        return false;
    }
    *ret_number = strtol(*text, &after, 10);
    bool good = *after == end && *ret_number <= most;
    *text = *after == '\0' ? after : after + 1;
    return good;
}

static enum fam_code read_token(const char *token, struct position *ret_at, struct fam_status *status)
{
    long table = 0, is_open = 0, number = 0;
    char id[FAM_UUID_TEXT_SIZE];
    const char *at = token;
    *ret_at = (struct position){.table = 0};
    if (token[0] == '\0') {
        return FAM_OK;
    }
    bool good = read_number(&at, (long)fam_export_table_count() - 1, '.', &table) && read_number(&at, 1, '.', &is_open);
    if (good) {
        (void)snprintf(id, sizeof(id), "%s", at);
        good = fam_uuid_parse(id, &ret_at->cursor.id) && at[FAM_UUID_TEXT_SIZE - 1] == '.';
    }
    if (good) {
        at += FAM_UUID_TEXT_SIZE;
        good = read_number(&at, INT32_MAX, '\0', &number);
    }
    if (!good) {
        return fam_fail_field(status, "page_token", "page_token comes from the page before, unchanged");
    }
    ret_at->table = (size_t)table;
    ret_at->is_open = is_open != 0;
    ret_at->cursor.number = (int32_t)number;
    return FAM_OK;
}

/* ---- the file's parts ---- */

static void add_head(struct export *export)
{
    if (export->is_html) {
        fam_export_html_head(export->out, export->language, export->day);
    } else {
        fam_buf_addf(export->out, "{\"format\":\"family-emotions-export/1\",\"made_on\":\"%s\"", export->day);
    }
}

static void add_table(struct export *export)
{
    const char *name = fam_export_table_name(export->at.table);
    if (export->is_html) {
        fam_export_html_table(export->out, export->language, name);
    } else {
        fam_buf_addf(export->out, ",\n\"%s\":[", name);
    }
}

static void add_table_end(struct export *export)
{
    if (export->is_html) {
        fam_export_html_table_end(export->out, export->language, !export->at.is_open);
    } else {
        fam_buf_add_char(export->out, ']');
    }
}

static void add_foot(struct export *export)
{
    if (export->is_html) {
        fam_export_html_foot(export->out);
    } else {
        fam_buf_add_text(export->out, "}\n");
    }
}

static enum fam_code format_row(const struct export *export, const char *json, bool is_first, struct fam_buf *row,
                                struct fam_status *status)
{
    if (export->is_html) {
        return fam_export_html_row(row, export->language, json, status);
    }
    fam_buf_add_text(row, is_first ? "\n" : ",\n");
    fam_buf_add_text(row, json);
    return FAM_OK;
}

/* Room for what ends a table, begins the next and ends the file. */
enum { SPARE_BYTES = 4096 };

/* Up to a page of rows. *ret_full: the chunk has no room for the next one. */
static enum fam_code add_rows(struct export *export, const struct fam_export_row *rows, size_t count, bool *ret_full,
                              struct fam_status *status)
{
    *ret_full = false;
    for (size_t i = 0; i < count; i++) {
        fam_auto(fam_buf_done) struct fam_buf row;
        fam_buf_init(&row, READ_BYTES);
        if (rows[i].json != NULL) {
            enum fam_code code = format_row(export, rows[i].json, !export->at.is_open, &row, status);
            if (code != FAM_OK) {
                return code;
            }
        }
        if (row.failed) {
            return fam_fail_memory(status);
        }
        if (export->out->size > SPARE_BYTES && export->out->size + row.size + SPARE_BYTES > FAM_EXPORT_CHUNK_BYTES) {
            *ret_full = true;
            return FAM_OK;
        }
        fam_buf_add(export->out, row.data, row.size);
        export->at.cursor = rows[i].cursor;
        export->at.is_open = export->at.is_open || rows[i].json != NULL;
    }
    return FAM_OK;
}

/* The rest of one table, or as much as there is room for. */
static enum fam_code add_table_rows(struct export *export, bool *ret_full, struct fam_status *status)
{
    size_t count = FAM_EXPORT_PAGE;
    *ret_full = false;
    while (count == FAM_EXPORT_PAGE && !*ret_full) {
        struct fam_export_row *rows = NULL;
        enum fam_code code = fam_export_rows(export->context->store, export->user_id, export->at.table,
                                             &export->at.cursor, &rows, &count, status);
        if (code == FAM_OK) {
            code = add_rows(export, rows, count, ret_full, status);
        }
        fam_export_rows_free(rows, count);
        if (code != FAM_OK) {
            return code;
        }
    }
    return FAM_OK;
}

/* *ret_complete: that was the end of the file. */
static enum fam_code fill_chunk(struct export *export, bool is_first, bool *ret_complete, struct fam_status *status)
{
    bool full = false, resumed = !is_first;
    *ret_complete = false;
    if (is_first) {
        add_head(export);
    }
    while (export->at.table < fam_export_table_count()) {
        if (!resumed) {
            add_table(export);
        }
        resumed = false;
        enum fam_code code = add_table_rows(export, &full, status);
        if (code != FAM_OK || full) {
            return code;
        }
        add_table_end(export);
        export->at = (struct position){.table = export->at.table + 1};
    }
    add_foot(export);
    *ret_complete = true;
    return FAM_OK;
}

static enum fam_code begin(struct fam_services_context *context, const struct fam_call *call,
                           const Fam__V1__ExportFamilyRequest *request, struct export *export,
                           struct fam_status *status)
{
    fam_auto(fam_user_done) struct fam_user user = {.name = NULL};
    *export = (struct export){.context = context,
                              .user_id = fam_call_acting_user(call),
                              .is_html = request->format == FAM__V1__EXPORT_FORMAT__EXPORT_FORMAT_HTML,
                              .out = export->out};
    today(export->day);
    enum fam_code code = read_token(request->page_token, &export->at, status);
    if (code == FAM_OK) {
        code = fam_user_get(context->store, export->user_id, &user, status);
    }
    export->language = user.language;
    return code;
}

void fam_service_export_family(struct fam_services_context *context, const Fam__V1__ExportFamilyRequest *request,
                               Fam__V1__ExportFamilyResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    fam_auto(fam_buf_done) struct fam_buf out;
    fam_buf_init(&out, READ_BYTES);
    struct export export = {.out = &out};
    char token[TOKEN_SIZE] = "", file_name[FILE_SIZE];
    bool complete = false;
    Fam__V1__ExportFamilyResponse response = FAM__V1__EXPORT_FAMILY_RESPONSE__INIT;
    enum fam_code code = begin(context, call, request, &export, &status);
    if (code == FAM_OK) {
        code = fill_chunk(&export, request->page_token[0] == '\0', &complete, &status);
    }
    if (code == FAM_OK && out.failed) {
        code = fam_fail_memory(&status);
    }
    if (code != FAM_OK) {
        (void)fam_service_hide(&status);
        fam_call_fail(call, &status);
        return;
    }
    if (!complete) {
        format_token(&export.at, token);
    }
    (void)snprintf(file_name, sizeof(file_name), "family-emotions-%s.%s", export.day, export.is_html ? "html" : "json");
    response.chunk = (ProtobufCBinaryData){.len = out.size, .data = (uint8_t *)out.data};
    response.next_page_token = token;
    response.file_name = file_name;
    closure(&response, call);
}
