/* The JSON back end: one object, with an array of objects for each table. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "output.h"

static cJSON *words_value(const char *joined)
{
    cJSON *array = cJSON_CreateArray();
    const char *at = joined;
    while (array != NULL && *at != '\0') {
        size_t length = strcspn(at, "\n");
        char *word = strndup(at, length);
        cJSON *item = word == NULL ? NULL : cJSON_CreateString(word);
        free(word);
        if (item == NULL || !cJSON_AddItemToArray(array, item)) {
            cJSON_Delete(item);
            cJSON_Delete(array);
            return NULL;
        }
        at += length + (at[length] == '\n' ? 1 : 0);
    }
    return array;
}

static cJSON *cell_value(const struct fam_out_cell *cell)
{
    char text[FAM_RFC3339_SIZE];
    switch (cell->type) {
    case FAM_CELL_TEXT:
        return cJSON_CreateString(cell->text);
    case FAM_CELL_NUMBER:
        /* Raw, because cJSON prints through a double and loses digits near 2^53. */
        snprintf(text, sizeof(text), "%" PRId64, cell->number);
        return cJSON_CreateRaw(text);
    case FAM_CELL_BOOL:
        return cJSON_CreateBool(cell->number != 0);
    case FAM_CELL_TIME:
        if (cell->number == 0) {
            return cJSON_CreateNull();
        }
        fam_rfc3339(cell->number, text);
        return cJSON_CreateString(text);
    case FAM_CELL_WORDS:
        return words_value(cell->text);
    }
    return NULL;
}

static bool add_cells(cJSON *object, const struct fam_out_cell *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cJSON *value = cell_value(&cells[i]);
        if (value == NULL || !cJSON_AddItemToObject(object, cells[i].column.key, value)) {
            cJSON_Delete(value);
            return false;
        }
    }
    return true;
}

static bool add_table(cJSON *root, const struct fam_out_part *part)
{
    cJSON *array = cJSON_AddArrayToObject(root, part->key);
    if (array == NULL) {
        return false;
    }
    for (size_t i = 0; i + part->column_count <= part->cell_count; i += part->column_count) {
        cJSON *row = cJSON_CreateObject();
        if (row == NULL || !cJSON_AddItemToArray(array, row)) {
            cJSON_Delete(row);
            return false;
        }
        if (!add_cells(row, &part->cells[i], part->column_count)) {
            return false;
        }
    }
    return true;
}

bool fam_out_render_json(const struct fam_out *out, struct fam_buf *buf)
{
    cJSON *root = cJSON_CreateObject();
    bool ok = root != NULL && (!out->dry_run || cJSON_AddTrueToObject(root, "dry_run") != NULL);
    for (size_t i = 0; ok && i < out->part_count; i++) {
        const struct fam_out_part *part = &out->parts[i];
        if (part->key == NULL || part->layout == FAM_LAYOUT_VERBATIM) {
            ok = add_cells(root, part->cells, part->cell_count);
        } else if (part->key[0] != '\0') {
            ok = add_table(root, part);
        }
    }
    char *text = ok ? cJSON_Print(root) : NULL;
    cJSON_Delete(root);
    if (text == NULL) {
        return false;
    }
    fam_buf_add_text(buf, text);
    fam_buf_add_char(buf, '\n');
    cJSON_free(text);
    return true;
}
