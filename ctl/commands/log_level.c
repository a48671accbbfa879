/* log level: from which level on one server writes its log. */
#include "commands/commands.h"
#include "ctl.h"
#include "fam/v1/ops.pb-c.h"

enum fam_code fam_ctl_log_level(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__SetLogLevelRequest request = FAM__V1__SET_LOG_LEVEL_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    enum fam_code code = fam_ctl_check_one_server(ctl, status);
    if (code != FAM_OK) {
        return code;
    }
    request.level = ctl->parsed->arguments[0];
    fam_out_field(&ctl->out, "server", "Server", FAM_TEXT(fam_ctl_servers(ctl)));
    fam_out_field(&ctl->out, "level", "Level", FAM_TEXT(request.level));
    if (fam_ctl_is_dry_run(ctl)) {
        fam_out_note(&ctl->out, "It would write its log from this level on. Nothing was changed.");
        return FAM_OK;
    }
    fam_rpc_init(&rpc, &options);
    code = FAM_RPC(ctl->client, fam__v1__ops_service, set_log_level, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__SetLogLevelResponse *response = (const Fam__V1__SetLogLevelResponse *)fam_rpc_response(&rpc);
        fam_out_field(&ctl->out, "previous", "Until now", FAM_TEXT(response->previous));
        fam_out_note(&ctl->out, "It holds until the server ends; FAM_LOG_LEVEL counts at its next start.");
    }
    fam_rpc_done(&rpc);
    return code;
}
