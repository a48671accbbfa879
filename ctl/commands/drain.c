/* drain: the first half of a stop, of one named server. */
#include "commands/commands.h"
#include "ctl.h"
#include "fam/v1/ops.pb-c.h"

enum fam_code fam_ctl_drain(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__DrainRequest request = FAM__V1__DRAIN_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    /* There is no way back, so nothing is left to chance. */
    enum fam_code code = fam_ctl_check_one_server(ctl, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_out_field(&ctl->out, "server", "Server", FAM_TEXT(fam_ctl_servers(ctl)));
    if (fam_ctl_is_dry_run(ctl)) {
        fam_out_note(&ctl->out, "It would refuse new calls and finish those in flight. Nothing was changed.");
        return FAM_OK;
    }
    options.retry.attempts = 1;
    fam_rpc_init(&rpc, &options);
    code = FAM_RPC(ctl->client, fam__v1__ops_service, drain, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__DrainResponse *response = (const Fam__V1__DrainResponse *)fam_rpc_response(&rpc);
        fam_out_field(&ctl->out, "calls_in_flight", "Calls in flight", FAM_NUMBER(response->calls_in_flight));
        fam_out_note(&ctl->out, "It refuses new calls now. SIGTERM ends the process; there is no way back.");
    }
    fam_rpc_done(&rpc);
    return code;
}
