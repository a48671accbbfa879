/* uuid.h: UUIDs, version 7 (RFC 9562, section 5.7). Thread-safe; no state but the operating system's random source. */
#ifndef FAM_BASE_UUID_H
#define FAM_BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

FAM_BEGIN_DECLS

struct fam_uuid {
    uint8_t bytes[16];
};

enum { FAM_UUID_TEXT_SIZE = 37 }; /* 36 characters and the NUL */

/* 48 bits of Unix milliseconds, then random bits. */
struct fam_uuid fam_uuid_v7(void);
/* Lower-case canonical text into `ret_text`. */
void fam_uuid_format(const struct fam_uuid *uuid, char ret_text[FAM_UUID_TEXT_SIZE]);
/* Accepts the canonical form in either case. False, *ret_uuid untouched, for NULL and for anything else. */
bool fam_uuid_parse(const char *text, struct fam_uuid *ret_uuid);
bool fam_uuid_equal(const struct fam_uuid *a, const struct fam_uuid *b);
bool fam_uuid_is_nil(const struct fam_uuid *uuid);

FAM_END_DECLS

#endif
