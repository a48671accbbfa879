/* column.h: sealed values on their way into parameters and out of rows. For the stores. */
#ifndef FAM_STORE_COLUMN_H
#define FAM_STORE_COLUMN_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "base/status.h"
#include "fam/v1/family.pb-c.h"
#include "store/db.h"
#include "store/seal.h"

/* Fits fam_auto. */
struct fam_sealed {
    unsigned char *data;
    size_t size;
};
void fam_sealed_done(struct fam_sealed *sealed);

/* Seals into *ret_sealed, which must live until the statement ran, and adds it to the parameters. */
enum fam_code fam_column_bytes(struct fam_params *params, const struct fam_key *key, const struct fam_place *place,
                               const void *data, size_t size, struct fam_sealed *ret_sealed,
                               struct fam_status *status) FAM_MUST_CHECK;
enum fam_code fam_column_text(struct fam_params *params, const struct fam_key *key, const struct fam_place *place,
                              const char *text, struct fam_sealed *ret_sealed,
                              struct fam_status *status) FAM_MUST_CHECK;
/* Opens a column; NULL in the row is DATA_LOSS. */
enum fam_code fam_column_open(const struct fam_rows *rows, size_t row, int column, const struct fam_key *key,
                              const struct fam_place *place, struct fam_secret *ret_value,
                              struct fam_status *status) FAM_MUST_CHECK;
/* As malloc'ed text; NULL in the row is "". */
enum fam_code fam_column_open_text(const struct fam_rows *rows, size_t row, int column, const struct fam_key *key,
                                   const struct fam_place *place, char **ret_text,
                                   struct fam_status *status) FAM_MUST_CHECK;

/* A setting that may stay as it is: SQL NULL for what is neither on nor off. */
void fam_column_switch(struct fam_params *params, Fam__V1__Switch value);

/* Big-endian 64-bit numbers inside sealed values. */
void fam_put_i64(unsigned char out[8], int64_t value);
int64_t fam_get_i64(const unsigned char in[8]);
/* Wipes and frees personal text; takes NULL. Leaves NULL. */
void fam_text_wipe(char **text);

#endif
