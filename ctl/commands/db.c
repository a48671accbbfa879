/* db status, db migrate: the database's schema, through the server. */
#include "commands/commands.h"
#include "ctl.h"
#include "fam/v1/ops.pb-c.h"

static const struct fam_column columns[] = {{"version", "VERSION"}, {"name", "NAME"}, {"applied_at", "APPLIED AT"}};

static void show_migration(struct fam_out *out, const Fam__V1__Migration *migration)
{
    bool applied = migration->applied_at[0] != '\0';
    fam_out_cell(out, FAM_NUMBER(migration->version));
    fam_out_cell(out, FAM_TEXT(migration->name));
    fam_out_cell(out, applied ? FAM_TEXT(migration->applied_at) : FAM_TONED("", FAM_TONE_WARN));
}

static enum fam_code show_status(struct fam_ctl *ctl, bool pending_only, struct fam_status *status)
{
    Fam__V1__MigrationStatusRequest request = FAM__V1__MIGRATION_STATUS_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, migration_status, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__MigrationStatusResponse *response =
            (const Fam__V1__MigrationStatusResponse *)fam_rpc_response(&rpc);
        size_t pending = 0;
        for (size_t i = 0; i < response->n_migrations; i++) {
            pending += response->migrations[i]->applied_at[0] == '\0' ? 1 : 0;
        }
        fam_out_field(&ctl->out, "pending", "Pending", FAM_NUMBER(pending));
        fam_out_table(&ctl->out, "migrations", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
        for (size_t i = 0; i < response->n_migrations; i++) {
            if (!pending_only || response->migrations[i]->applied_at[0] == '\0') {
                show_migration(&ctl->out, response->migrations[i]);
            }
        }
    }
    fam_rpc_done(&rpc);
    return code;
}

enum fam_code fam_ctl_db_status(struct fam_ctl *ctl, struct fam_status *status)
{
    return show_status(ctl, false, status);
}

enum fam_code fam_ctl_db_migrate(struct fam_ctl *ctl, struct fam_status *status)
{
    if (fam_parsed_value(ctl->parsed, "--dry-run") != NULL) {
        return show_status(ctl, true, status);
    }
    Fam__V1__MigrateRequest request = FAM__V1__MIGRATE_REQUEST__INIT;
    char key[FAM_CTL_KEY_SIZE];
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    fam_ctl_key(key);
    options.idempotency_key = key;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, migrate, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__MigrateResponse *response = (const Fam__V1__MigrateResponse *)fam_rpc_response(&rpc);
        fam_out_field(&ctl->out, "applied", "Applied", FAM_NUMBER(response->n_applied));
        fam_out_table(&ctl->out, "migrations", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
        for (size_t i = 0; i < response->n_applied; i++) {
            show_migration(&ctl->out, response->applied[i]);
        }
    }
    fam_rpc_done(&rpc);
    return code;
}
