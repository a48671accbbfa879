/* app_commands.c: what famserver does once and exits: --migrate, --create-token. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app_private.h"
#include "base/clock.h"
#include "services/ops_tokens.h"
#include "store/migrate.h"
#include "store/token_store.h"

enum { DATABASE_WAIT_MS = 30000, DATABASE_PAUSE_MS = 200 };

enum fam_code fam_app_migrate(struct fam_app *app, struct fam_status *status)
{
    struct fam_migration applied[FAM_MIGRATIONS_MAX];
    size_t count = 0;
    uint64_t until_ms = fam_mono_ms() + DATABASE_WAIT_MS;
    enum fam_code code = FAM_OK;
    do {
        code = fam_migrate_apply(fam_store_pool(app->store), applied, &count, status);
        if (code == FAM_UNAVAILABLE) {
            const struct timespec pause = {.tv_nsec = DATABASE_PAUSE_MS * 1000000L};
            (void)nanosleep(&pause, NULL);
        }
    } while (code == FAM_UNAVAILABLE && fam_mono_ms() < until_ms);
    if (code != FAM_OK) {
        return code;
    }
    for (size_t i = 0; i < count; i++) {
        printf("applied %04u %s\n", applied[i].version, applied[i].name);
    }
    printf("schema is at %u\n", fam_migrate_wanted());
    return FAM_OK;
}

static bool parse_role(const char *text, Fam__V1__Role *ret_role)
{
    static const char *const NAMES[] = {"", "bot", "service", "admin", "metrics"};
    for (size_t i = 1; i < FAM_ARRAY_SIZE(NAMES); i++) {
        if (strcmp(text, NAMES[i]) == 0) {
            *ret_role = (Fam__V1__Role)i;
            return true;
        }
    }
    return false;
}

enum fam_code fam_app_create_token(struct fam_app *app, const char *role, const char *name, struct fam_status *status)
{
    struct fam_token_new token = {.name = name};
    if (!parse_role(role, &token.role)) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "%.32s is no role; a role is one of bot, service, admin, metrics",
                        role);
    }
    if (token.role == FAM__V1__ROLE__ROLE_SERVICE) {
        return fam_fail(status, FAM_INVALID_ARGUMENT,
                        "a service's token names its methods: use famctl token create service %.64s --method …", name);
    }
    char secret[FAM_TOKEN_SIZE];
    struct fam_outcome outcome;
    enum fam_code code = fam_token_check(&token, status);
    if (code == FAM_OK) {
        code = fam_token_create(app->store, NULL, &token, secret, &outcome, status);
    }
    if (code == FAM_OK) {
        printf("%s\n", secret);
        sodium_memzero(secret, sizeof(secret));
    }
    return code;
}
