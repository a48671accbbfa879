/* json_private.h: what the two halves of the JSON codec share. Private to it. */
#ifndef FAM_RPC_JSON_PRIVATE_H
#define FAM_RPC_JSON_PRIVATE_H

#include "rpc/json_codec.h"

enum { FAM_JSON_NUMBER_MAX = 400 }; /* characters of a number */

/* Where in the message we are: "more[2].name". Longer ones are cut. */
struct fam_json_path {
    char text[256];
    size_t size;
};

/* Both return the size before, for fam_json_path_cut. */
size_t fam_json_path_field(struct fam_json_path *path, const char *name);
size_t fam_json_path_index(struct fam_json_path *path, size_t index);
void fam_json_path_cut(struct fam_json_path *path, size_t size);

/* The text being read; `at` moves on. */
struct fam_json_scan {
    const char *start;
    const char *at;
    const char *end;
};

void fam_json_skip_space(struct fam_json_scan *scan);
/* Skips white space, then `c` if it is next. */
bool fam_json_take(struct fam_json_scan *scan, char c);
/* Is the next byte (after white space) `c`? */
bool fam_json_next_is(struct fam_json_scan *scan, char c);
/* true, false, null: takes it when it is next. */
bool fam_json_take_word(struct fam_json_scan *scan, const char *word);
/* Appends the string that is next, unescaped, to *ret_text. NULL when it was good, else what is wrong with it. */
const char *fam_json_scan_string(struct fam_json_scan *scan, struct fam_buf *ret_text);
/* Copies the number that is next (RFC 8259); false when there is none, or a longer one. */
bool fam_json_scan_number(struct fam_json_scan *scan, char ret_number[FAM_JSON_NUMBER_MAX + 1]);
/* The exact value of such a number, "1.5e1" is 15; false when it is no whole number or does not fit. */
bool fam_json_whole(const char *number, bool *ret_negative, uint64_t *ret_magnitude);

#endif
