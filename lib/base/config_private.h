/* config_private.h: the table of config.def, shared by config.c and config_check.c. */
#ifndef FAM_BASE_CONFIG_PRIVATE_H
#define FAM_BASE_CONFIG_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/config.h"

enum fam_cfg_type {
    FAM_CFG_STRING,
    FAM_CFG_URL,
    FAM_CFG_URLS,
    FAM_CFG_ADDRESS,
    FAM_CFG_DURATION_MS,
    FAM_CFG_COUNT,
    FAM_CFG_ENUM,
    FAM_CFG_PATH,
    FAM_CFG_SECRET,
    FAM_CFG_MONEY,
};

struct fam_config_row {
    const char *name;
    enum fam_cfg_type type;
    const char *fallback;
    int64_t min, max;
    unsigned programs;
    const char *help;
    size_t offset; /* in struct fam_config */
};

extern const struct fam_config_row fam_config_rows[];
extern const size_t fam_config_row_count;

/* config_check.c: each names the setting and what is allowed. */
enum fam_code fam_config_check_names(char *const *environ_, struct fam_status *status);
enum fam_code fam_config_check_text(const struct fam_config_row *row, const char *value, struct fam_status *status);
enum fam_code fam_config_check_secret(const struct fam_config_row *row, const char *value, struct fam_status *status);
enum fam_code fam_config_parse_number(const struct fam_config_row *row, const char *value, uint32_t *ret_number,
                                      struct fam_status *status);
/* "" is 0. */
enum fam_code fam_config_parse_money(const struct fam_config_row *row, const char *value, uint64_t *ret_micro_usd,
                                     struct fam_status *status);

#endif
