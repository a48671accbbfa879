/* column.c: see column.h. */
#include "store/column.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void fam_sealed_done(struct fam_sealed *sealed)
{
    free(sealed->data);
    *sealed = (struct fam_sealed){0};
}

enum fam_code fam_column_bytes(struct fam_params *params, const struct fam_key *key, const struct fam_place *place,
                               const void *data, size_t size, struct fam_sealed *ret_sealed, struct fam_status *status)
{
    fam_sealed_done(ret_sealed);
    enum fam_code code = fam_seal_close(key, place, data, size, &ret_sealed->data, &ret_sealed->size, status);
    if (code == FAM_OK) {
        fam_param_bytes(params, ret_sealed->data, ret_sealed->size);
    }
    return code;
}

enum fam_code fam_column_text(struct fam_params *params, const struct fam_key *key, const struct fam_place *place,
                              const char *text, struct fam_sealed *ret_sealed, struct fam_status *status)
{
    const char *value = text ? text : "";
    return fam_column_bytes(params, key, place, value, strlen(value), ret_sealed, status);
}

enum fam_code fam_column_open(const struct fam_rows *rows, size_t row, int column, const struct fam_key *key,
                              const struct fam_place *place, struct fam_secret *ret_value, struct fam_status *status)
{
    size_t size = 0;
    const unsigned char *sealed = fam_rows_bytes(rows, row, column, &size);
    return fam_seal_open(key, place, sealed, size, ret_value, status);
}

enum fam_code fam_column_open_text(const struct fam_rows *rows, size_t row, int column, const struct fam_key *key,
                                   const struct fam_place *place, char **ret_text, struct fam_status *status)
{
    fam_auto(fam_secret_done) struct fam_secret value = {0};
    *ret_text = NULL;
    if (!fam_rows_is_null(rows, row, column)) {
        enum fam_code code = fam_column_open(rows, row, column, key, place, &value, status);
        if (code != FAM_OK) {
            return code;
        }
    }
    *ret_text = strdup(fam_secret_text(&value));
    return *ret_text ? FAM_OK : fam_fail_memory(status);
}

void fam_column_switch(struct fam_params *params, Fam__V1__Switch value)
{
    if (value == FAM__V1__SWITCH__SWITCH_ON || value == FAM__V1__SWITCH__SWITCH_OFF) {
        fam_param_bool(params, value == FAM__V1__SWITCH__SWITCH_ON);
    } else {
        fam_param_null(params);
    }
}

void fam_put_i64(unsigned char out[8], int64_t value)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (unsigned char)((uint64_t)value >> (56 - 8 * i));
    }
}

int64_t fam_get_i64(const unsigned char in[8])
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) {
        value = value << 8 | in[i];
    }
    return (int64_t)value;
}

void fam_text_wipe(char **text)
{
    if (*text) {
        sodium_memzero(*text, strlen(*text));
    }
    free(*text);
    *text = NULL;
}
