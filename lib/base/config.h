/* config.h: configuration from the environment, by the one table in config.def.
 *
 * Every secret may also come from a file named in NAME_FILE (a trailing newline is dropped; the file must be a regular
 * one of at most 64 KiB); both at once is an error. A wrong value, and an unknown name that starts with FAM_, is named
 * together with what is allowed, and stops the start. Rooms get filled structs; only main() calls this.
 *
 * Loaded once before threads start; read-only and thread-safe afterwards. */
#ifndef FAM_BASE_CONFIG_H
#define FAM_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/compiler.h"
#include "base/secret.h"
#include "base/status.h"

enum fam_program { FAM_PROGRAM_SERVER = 1, FAM_PROGRAM_BOT = 2, FAM_PROGRAM_CTL = 4 };

/* C types of the members by the table's types. Strings are never NULL. */
typedef char *fam_cfg_STRING;
typedef char *fam_cfg_URL;
typedef char *fam_cfg_URLS; /* checked, still comma-separated */
typedef char *fam_cfg_ADDRESS;
typedef char *fam_cfg_ENUM;
typedef char *fam_cfg_PATH;
typedef uint32_t fam_cfg_DURATION_MS;
typedef uint32_t fam_cfg_COUNT;
typedef struct fam_secret fam_cfg_SECRET;
typedef uint64_t fam_cfg_MONEY; /* micro-dollars; 0: none */

struct fam_config {
#define FAM_CFG(member, name, type, fallback, min, max, programs, help) fam_cfg_##type member;
#include "base/config.def"
#undef FAM_CFG
};

/* Reads `environ_`, a NULL-terminated array of NAME=value (main passes environ). On failure *status names the first
 * fault, *ret_config is empty. Free with fam_config_done. */
enum fam_code fam_config_load(enum fam_program program, char *const *environ_, struct fam_config *ret_config,
                              struct fam_status *status) FAM_MUST_CHECK;
void fam_config_done(struct fam_config *config);
/* One secret by its name, from NAME or NAME_FILE, and nothing else: for a helper that must not hold the others. Empty
 * when it is not set. */
enum fam_code fam_config_secret(const char *name, char *const *environ_, struct fam_secret *ret_secret,
                                struct fam_status *status) FAM_MUST_CHECK;

/* --check-config: NAME=value, a line each, "(set)" or "(empty)" for secrets, in the table's order. */
void fam_config_print(enum fam_program program, const struct fam_config *config, FILE *out);
/* The environment part of --help: name, default, range, meaning. */
void fam_config_help(enum fam_program program, FILE *out);

/* "host:port" of an ADDRESS into its parts. False when `host` is too small. */
bool fam_config_split_address(const char *address, char *ret_host, size_t host_size, uint16_t *ret_port);

#endif
