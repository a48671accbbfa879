/* text.h: UTF-8 and Unicode (by utf8proc). Thread-safe; no state. */
#ifndef FAM_BASE_TEXT_H
#define FAM_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/* Is it well-formed UTF-8 (RFC 3629: no surrogates, nothing above U+10FFFF, no overlong forms) without U+0000? */
bool fam_utf8_valid(const char *text, size_t size);
/* Code points of valid UTF-8. */
size_t fam_utf8_length(const char *text);
/* UTF-16 code units of valid UTF-8: Telegram's measure of length. */
size_t fam_utf16_length(const char *text);
/* The largest n <= max_bytes at which valid UTF-8 can be cut without splitting a character. */
size_t fam_utf8_cut(const char *text, size_t max_bytes);
/* The byte offset after `max_chars` code points (or the end). */
size_t fam_utf8_offset(const char *text, size_t max_chars);

/* For comparison and look-up, never for showing: NFKC, default case folding, ё → е, zero-width and control characters
 * removed, every run of white space one space, trimmed. Returns malloc'ed text (free()), or NULL when memory is short
 * or `text` is not valid UTF-8. */
char *fam_text_normalise(const char *text) FAM_MUST_CHECK;

/* A decimal without a sign, "5", "5.00", "0.125": at most 12 digits before the point and 6 behind it, as millionths.
 * False, *ret_millionths untouched, for anything else. */
bool fam_text_millionths(const char *text, uint64_t *ret_millionths) FAM_MUST_CHECK;

/* Trims white space (Unicode's) at both ends, in place. */
void fam_text_trim(char *text);

#endif
