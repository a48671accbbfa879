/* json.h: strict reading of JSON from outside, on cJSON. Thread-safe; no state.
 *
 * cJSON alone takes trailing bytes, invalid UTF-8, control bytes, numbers out of range or with a zero in front, and any
 * case of a key, and ends a string at \u0000; all of these are refused here. Getters compare keys exactly and check
 * types; absent and of another type are told apart only where it says so. */
#ifndef FAM_BASE_JSON_H
#define FAM_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct cJSON;

/* One JSON value of at most `max_size` bytes and 64 levels, or NULL. Free with cJSON_Delete. */
struct cJSON *fam_json_parse(const char *text, size_t size, size_t max_size) FAM_MUST_CHECK;
/* Member `key` of an object, NULL when `object` is NULL, no object, or lacks it. */
struct cJSON *fam_json_get(const struct cJSON *object, const char *key);
/* A string member; NULL when absent or of another type. Borrowed from the object. */
const char *fam_json_string(const struct cJSON *object, const char *key);
/* An integral number with |x| < 2^53. False, *ret_value untouched, otherwise. */
bool fam_json_i64(const struct cJSON *object, const char *key, int64_t *ret_value) FAM_MUST_CHECK;
/* False when absent or of another type. */
bool fam_json_bool(const struct cJSON *object, const char *key);

struct fam_buf;
/* Appends `text` as a JSON string with its quotes (RFC 8259 escapes). */
void fam_json_add_string(struct fam_buf *buf, const char *text);

#endif
