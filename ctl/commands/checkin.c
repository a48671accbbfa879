/* checkin list|show|send: check-ins of one person; the answers one check-in at a time, with a reason. */
#include <string.h>

#include "base/uuid.h"
#include "commands/commands.h"
#include "commands/not_sent.h"
#include "commands/shared.h"
#include "ctl.h"
#include "fam/v1/checkin.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "words.h"

/* For the user of --user; the caller ends *rpc. */
static enum fam_code list(struct fam_ctl *ctl, const Fam__V1__ListCheckinsRequest *request, struct fam_rpc *rpc,
                          const Fam__V1__ListCheckinsResponse **ret_response, struct fam_status *status)
{
    struct fam_uuid user_id = {{0}};
    (void)fam_uuid_parse(fam_parsed_value(ctl->parsed, "--user"), &user_id);
    const struct fam_rpc_options options = fam_ctl_opening_call(ctl, &user_id);
    fam_rpc_init(rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__checkin_service, list_checkins, rpc, request, status);
    *ret_response = code == FAM_OK ? (const Fam__V1__ListCheckinsResponse *)fam_rpc_response(rpc) : NULL;
    return code;
}

/* When, which, how it ended; not a word of what was answered, nor how much was asked, which tells a hard day. */
static void show_list(struct fam_out *out, const Fam__V1__ListCheckinsResponse *response)
{
    static const struct fam_column columns[] = {
        {"checkin_id", "ID"}, {"slot", "SLOT"}, {"state", "STATE"}, {"due_at", "DUE AT"}, {"finished_at", "ENDED AT"}};
    fam_out_table(out, "checkins", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_checkins; i++) {
        const Fam__V1__Checkin *checkin = response->checkins[i];
        fam_out_cell(out, FAM_TEXT(checkin->checkin_id));
        fam_ctl_word_cell(out, &fam__v1__checkin_slot__descriptor, (int)checkin->slot);
        fam_ctl_word_cell(out, &fam__v1__checkin_state__descriptor, (int)checkin->state);
        fam_out_cell(out, FAM_TIME(checkin->due_at_ms));
        fam_out_cell(out, FAM_TIME(checkin->finished_at_ms));
    }
    fam_ctl_show_next(out, response->next_page_token);
}

enum fam_code fam_ctl_checkin_list(struct fam_ctl *ctl, struct fam_status *status)
{
    const Fam__V1__ListCheckinsResponse *response = NULL;
    struct fam_rpc rpc;
    Fam__V1__ListCheckinsRequest request = FAM__V1__LIST_CHECKINS_REQUEST__INIT;
    request.page_size = (int32_t)fam_parsed_number(ctl->parsed, "--limit", 20);
    request.page_token = fam_ctl_flag_text(ctl, "--after");
    enum fam_code code = list(ctl, &request, &rpc, &response, status);
    if (code == FAM_OK) {
        show_list(&ctl->out, response);
    }
    fam_rpc_done(&rpc);
    return code;
}

static void show_one(struct fam_out *out, const Fam__V1__Checkin *checkin)
{
    static const struct fam_column columns[] = {
        {"question_id", "Question"}, {"question", "Asked"}, {"option_id", "Option"}, {"answer", "Answer"}};
    char slot[FAM_WORD_SIZE], state[FAM_WORD_SIZE];
    fam_word_from_enum(&fam__v1__checkin_slot__descriptor, (int)checkin->slot, slot);
    fam_word_from_enum(&fam__v1__checkin_state__descriptor, (int)checkin->state, state);
    fam_out_field(out, "checkin_id", "Id", FAM_TEXT(checkin->checkin_id));
    fam_out_field(out, "slot", "Slot", FAM_TEXT(slot));
    fam_out_field(out, "state", "State", FAM_TEXT(state));
    fam_out_field(out, "due_at", "Due at", FAM_TIME(checkin->due_at_ms));
    fam_out_field(out, "finished_at", "Ended at", FAM_TIME(checkin->finished_at_ms));
    fam_out_field(out, "expires_at", "Missed at", FAM_TIME(checkin->expires_at_ms));
    fam_out_field(out, "asked", "Questions asked", FAM_NUMBER(checkin->asked));
    fam_out_table(out, "answers", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_STACKED);
    for (size_t i = 0; i < checkin->n_answers; i++) {
        fam_out_cell(out, FAM_TEXT(checkin->answers[i]->question_id));
        fam_out_cell(out, FAM_TEXT(checkin->answers[i]->question));
        fam_out_cell(out, FAM_TEXT(checkin->answers[i]->option_id));
        fam_out_cell(out, FAM_TEXT(checkin->answers[i]->answer));
    }
}

enum fam_code fam_ctl_checkin_show(struct fam_ctl *ctl, struct fam_status *status)
{
    const Fam__V1__ListCheckinsResponse *response = NULL;
    struct fam_rpc rpc;
    Fam__V1__ListCheckinsRequest request = FAM__V1__LIST_CHECKINS_REQUEST__INIT;
    request.checkin_id = ctl->parsed->arguments[0];
    enum fam_code code = list(ctl, &request, &rpc, &response, status);
    if (code == FAM_OK && response->n_checkins != 1) {
        code = fam_fail(status, FAM_NOT_FOUND, "that user has no such check-in");
    }
    if (code == FAM_OK) {
        show_one(&ctl->out, response->checkins[0]);
    }
    fam_rpc_done(&rpc);
    return code;
}

enum fam_code fam_ctl_checkin_send(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__SendCheckinRequest request = FAM__V1__SEND_CHECKIN_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    char key[FAM_CTL_KEY_SIZE], slot[FAM_WORD_SIZE];
    struct fam_rpc rpc;
    fam_ctl_key(key);
    options.idempotency_key = key;
    options.reason = fam_parsed_value(ctl->parsed, "--reason");
    request.user_id = ctl->parsed->arguments[0];
    request.slot = (Fam__V1__CheckinSlot)fam_ctl_flag_enum(ctl, "--slot", &fam__v1__checkin_slot__descriptor);
    request.dry_run = fam_ctl_is_dry_run(ctl);
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, send_checkin, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__SendCheckinResponse *response = (const Fam__V1__SendCheckinResponse *)fam_rpc_response(&rpc);
        fam_word_from_enum(&fam__v1__checkin_slot__descriptor, (int)response->slot, slot);
        fam_ctl_show_sent(ctl, response->not_sent, response->notification_id);
        fam_out_field(&ctl->out, "slot", "Slot", FAM_TEXT(slot));
    }
    fam_rpc_done(&rpc);
    return code;
}
