/* clock.h: time. Monotonic where something is measured, wall clock where something is dated. Thread-safe. */
#ifndef FAM_BASE_CLOCK_H
#define FAM_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* CLOCK_MONOTONIC in nanoseconds, microseconds, milliseconds. */
uint64_t fam_mono_ns(void);
uint64_t fam_mono_us(void);
uint64_t fam_mono_ms(void);
/* Unix time in milliseconds. */
int64_t fam_wall_ms(void);

enum { FAM_RFC3339_SIZE = 32 };
/* "2026-11-23T18:51:07.123Z" (RFC 3339, UTC); outside the years 0000 to 9999 the nearest end of them. */
void fam_rfc3339(int64_t unix_ms, char ret_text[FAM_RFC3339_SIZE]);

#endif
