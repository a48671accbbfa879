/* reading_codec.h: a cached reading as bytes: packed, compressed above 1 KiB, sealed. Thread-safe; no I/O. */
#ifndef FAM_TRANSLATE_READING_CODEC_H
#define FAM_TRANSLATE_READING_CODEC_H

#include <stdbool.h>
#include <stddef.h>

#include "store/seal.h"
#include "translate/reading_cache.h"

enum { FAM_CACHE_COMPRESS_ABOVE = 1024 };

/* *ret_data is malloc'ed. OUT_OF_RANGE: over FAM_CACHE_VALUE_BYTES. */
enum fam_code fam_reading_encode(const struct fam_key *key, const struct fam_cache_key *place,
                                 const struct fam_cached_reading *cached, unsigned char **ret_data, size_t *ret_size,
                                 bool *ret_compressed, struct fam_status *status) FAM_MUST_CHECK;
/* DATA_LOSS: of another place, another key, damaged, or of a format that this version does not know. */
enum fam_code fam_reading_decode(const struct fam_key *key, const struct fam_cache_key *place, const void *data,
                                 size_t size, struct fam_cached_reading *ret_cached,
                                 struct fam_status *status) FAM_MUST_CHECK;

#endif
