#include "translate/claude_models.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "translate/claude.h"
#include "translate/offline_tsv.h"

extern const unsigned char fam_data_claude_models_tsv[];
extern const size_t fam_data_claude_models_tsv_size;

enum { COLUMNS = 9, DATE_DIGITS = 8, TOKENS_MOST = 128000, MILLION = 1000000 };

static const char ID_CHARS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:_";

static bool is_row_of(const char *row, const char *id)
{
    size_t size = strlen(row);
    if (strncmp(row, id, size) != 0) {
        return false;
    }
    return id[size] == '\0' || (id[size] == '-' && strspn(id + size + 1, "0123456789") == DATE_DIGITS &&
                                id[size + 1 + DATE_DIGITS] == '\0');
}

/* "-" stands for none. */
static bool copy(char *ret_text, size_t size, const char *column)
{
    const char *text = strcmp(column, "-") == 0 ? "" : column;
    return snprintf(ret_text, size, "%s", text) < (int)size;
}

static bool read_row(char *const *columns, struct fam_claude_model *model)
{
    char *end = NULL;
    unsigned long tokens = strtoul(columns[4], &end, 10);
    model->max_tokens = (uint32_t)tokens;
    return copy(model->version, sizeof(model->version), columns[1]) &&
           copy(model->thinking, sizeof(model->thinking), columns[2]) &&
           copy(model->effort, sizeof(model->effort), columns[3]) && *end == '\0' && tokens >= 1 &&
           tokens <= TOKENS_MOST && fam_text_millionths(columns[5], &model->input_price) &&
           fam_text_millionths(columns[6], &model->cache_write_price) &&
           fam_text_millionths(columns[7], &model->cache_read_price) &&
           fam_text_millionths(columns[8], &model->output_price);
}

enum fam_code fam_claude_model_find(const char *id, struct fam_claude_model *ret_model, struct fam_status *status)
{
    struct fam_offline_tsv tsv;
    bool more = false;
    bool found = false;
    *ret_model = (struct fam_claude_model){.max_tokens = 0};
    if (id[0] == '\0' || id[strspn(id, ID_CHARS)] != '\0' || !copy(ret_model->id, sizeof(ret_model->id), id)) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "FAM_CLAUDE_MODEL is no name of a model, like claude-haiku-5-5");
    }
    fam_offline_tsv_init(&tsv, "claude_models.tsv", fam_data_claude_models_tsv, fam_data_claude_models_tsv_size);
    enum fam_code code = fam_offline_tsv_next(&tsv, &more, status);
    while (code == FAM_OK && more && !found) {
        if (tsv.column_count != COLUMNS) {
            return fam_offline_tsv_fail(&tsv, "not nine columns", "", status);
        }
        found = strcmp(tsv.columns[0], "*") == 0 || is_row_of(tsv.columns[0], id);
        if (!read_row(tsv.columns, ret_model)) {
            return fam_offline_tsv_fail(&tsv, "not a row of a model", tsv.columns[0], status);
        }
        code = fam_offline_tsv_next(&tsv, &more, status);
    }
    if (code == FAM_OK && !found) {
        return fam_fail(status, FAM_INTERNAL, "claude_models.tsv has no row *");
    }
    return code;
}

uint64_t fam_claude_model_cost(const struct fam_claude_model *model, const struct fam_claude_usage *usage)
{
    uint64_t parts = usage->input_tokens * model->input_price + usage->cache_write_tokens * model->cache_write_price +
                     usage->cache_read_tokens * model->cache_read_price + usage->output_tokens * model->output_price;
    return (parts + MILLION - 1) / MILLION;
}
