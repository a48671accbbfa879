/* rows.c: parameters and results; see db.h. */
#include <assert.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/db.h"

static int add(struct fam_params *params, const char *value, size_t size, int format)
{
    assert(params->count < FAM_PARAMS_MAX && size <= INT_MAX);
    int at = params->count++;
    params->values[at] = value;
    params->lengths[at] = (int)size;
    params->formats[at] = format;
    return at;
}

void fam_param_null(struct fam_params *params)
{
    (void)add(params, NULL, 0, 0);
}

void fam_param_uuid(struct fam_params *params, const struct fam_uuid *uuid)
{
    (void)add(params, uuid ? (const char *)uuid->bytes : NULL, sizeof(uuid->bytes), 1);
}

void fam_param_text(struct fam_params *params, const char *text)
{
    (void)add(params, text, 0, 0);
}

void fam_param_bytes(struct fam_params *params, const void *data, size_t size)
{
    (void)add(params, data, size, 1);
}

void fam_param_i64(struct fam_params *params, int64_t value)
{
    int at = add(params, "", 0, 0);
    snprintf(params->numbers[at], sizeof(params->numbers[at]), "%" PRId64, value);
    params->values[at] = params->numbers[at];
}

void fam_param_bool(struct fam_params *params, bool value)
{
    (void)add(params, value ? "t" : "f", 0, 0);
}

void fam_rows_done(struct fam_rows *rows)
{
    PQclear(rows->result);
    rows->result = NULL;
}

size_t fam_rows_count(const struct fam_rows *rows)
{
    int count = rows->result ? PQntuples(rows->result) : 0;
    return count > 0 ? (size_t)count : 0;
}

static const unsigned char *cell(const struct fam_rows *rows, size_t row, int column, int *ret_size)
{
    assert(row < fam_rows_count(rows) && column >= 0 && column < PQnfields(rows->result));
    *ret_size = PQgetlength(rows->result, (int)row, column);
    return (const unsigned char *)PQgetvalue(rows->result, (int)row, column);
}

bool fam_rows_is_null(const struct fam_rows *rows, size_t row, int column)
{
    assert(row < fam_rows_count(rows) && column >= 0 && column < PQnfields(rows->result));
    return PQgetisnull(rows->result, (int)row, column) != 0;
}

struct fam_uuid fam_rows_uuid(const struct fam_rows *rows, size_t row, int column)
{
    struct fam_uuid uuid = {{0}};
    int size = 0;
    const unsigned char *data = cell(rows, row, column, &size);
    if (fam_rows_is_null(rows, row, column)) {
        return uuid;
    }
    assert(size == (int)sizeof(uuid.bytes));
    memcpy(uuid.bytes, data, sizeof(uuid.bytes));
    return uuid;
}

int64_t fam_rows_i64(const struct fam_rows *rows, size_t row, int column)
{
    int size = 0;
    const unsigned char *data = cell(rows, row, column, &size);
    if (fam_rows_is_null(rows, row, column)) {
        return 0;
    }
    assert(size == 1 || size == 2 || size == 4 || size == 8);
    /* Big-endian two's complement of `size` bytes. */
    uint64_t value = size > 1 && data[0] & 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < size; i++) {
        value = value << 8 | data[i];
    }
    return (int64_t)value;
}

const char *fam_rows_text(const struct fam_rows *rows, size_t row, int column)
{
    int size = 0;
    return (const char *)cell(rows, row, column, &size);
}

const unsigned char *fam_rows_bytes(const struct fam_rows *rows, size_t row, int column, size_t *ret_size)
{
    int size = 0;
    const unsigned char *data = cell(rows, row, column, &size);
    *ret_size = 0;
    if (fam_rows_is_null(rows, row, column)) {
        return NULL;
    }
    *ret_size = (size_t)size;
    return data;
}

size_t fam_rows_affected(const struct fam_rows *rows)
{
    const char *text = rows->result ? PQcmdTuples(rows->result) : "";
    return strtoul(text, NULL, 10);
}
