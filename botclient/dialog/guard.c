/* The messenger of a turn: passes on what this process may still send.
 *
 * A turn belongs to the lead under which it began. When that has ended (the process was stopped for a while, or the
 * server could not be asked) another process may be at the same update: whatever is sent now would be sent twice. */
#include "dialog/turn.h"

static bool may_send(void *context)
{
    struct fam_turn *turn = context;
    const struct fam_lead *lead = turn->dialog->options.lead;
    if (!lead) {
        return true;
    }
    return turn->is_alone ? lead->role(lead->context, NULL) == FAM_LEAD_ALONE : lead->holds(lead->context, turn->fence);
}

enum fam_code fam_turn_check_lead(struct fam_turn *turn, struct fam_status *status)
{
    if (!turn->guard.may || turn->guard.may(turn->guard.context)) {
        return FAM_OK;
    }
    return fam_fail_reason(status, FAM_ABORTED, "LEAD_LOST", 0, "another process of this bot leads");
}

static const struct fam_messenger *below(const struct fam_turn *turn)
{
    return turn->dialog->options.messenger;
}

static enum fam_code send_message(void *context, const struct fam_outgoing *message, int64_t *ret_message_id,
                                  struct fam_status *status)
{
    struct fam_turn *turn = context;
    struct fam_outgoing guarded = *message;
    guarded.guard = &turn->guard;
    enum fam_code code = fam_turn_check_lead(turn, status);
    return code == FAM_OK ? below(turn)->send(below(turn)->context, &guarded, ret_message_id, status) : code;
}

static enum fam_code edit_message(void *context, const struct fam_outgoing *message, struct fam_status *status)
{
    struct fam_turn *turn = context;
    struct fam_outgoing guarded = *message;
    guarded.guard = &turn->guard;
    enum fam_code code = fam_turn_check_lead(turn, status);
    return code == FAM_OK ? below(turn)->edit(below(turn)->context, &guarded, status) : code;
}

static enum fam_code remove_message(void *context, int64_t chat_id, int64_t message_id, struct fam_status *status)
{
    struct fam_turn *turn = context;
    enum fam_code code = fam_turn_check_lead(turn, status);
    return code == FAM_OK ? below(turn)->remove(below(turn)->context, chat_id, message_id, status) : code;
}

static enum fam_code remove_all(void *context, int64_t chat_id, const int64_t *message_ids, size_t count,
                                struct fam_status *status)
{
    struct fam_turn *turn = context;
    enum fam_code code = fam_turn_check_lead(turn, status);
    return code == FAM_OK ? below(turn)->remove_all(below(turn)->context, chat_id, message_ids, count, status) : code;
}

static enum fam_code send_document(void *context, const struct fam_document *document, int64_t *ret_message_id,
                                   struct fam_status *status)
{
    struct fam_turn *turn = context;
    struct fam_document guarded = *document;
    guarded.guard = &turn->guard;
    enum fam_code code = fam_turn_check_lead(turn, status);
    return code == FAM_OK ? below(turn)->send_document(below(turn)->context, &guarded, ret_message_id, status) : code;
}

static enum fam_code send_photo(void *context, const struct fam_photo *photo, int64_t *ret_message_id,
                                struct fam_status *status)
{
    struct fam_turn *turn = context;
    struct fam_photo guarded = *photo;
    guarded.guard = &turn->guard;
    enum fam_code code = fam_turn_check_lead(turn, status);
    return code == FAM_OK ? below(turn)->send_photo(below(turn)->context, &guarded, ret_message_id, status) : code;
}

static void answer_callback(void *context, const char *callback_id, const char *text, bool alert)
{
    struct fam_turn *turn = context;
    struct fam_status status;
    if (fam_turn_check_lead(turn, &status) == FAM_OK) {
        below(turn)->answer_callback(below(turn)->context, callback_id, text, alert);
    }
}

static void typing(void *context, int64_t chat_id)
{
    struct fam_turn *turn = context;
    struct fam_status status;
    if (fam_turn_check_lead(turn, &status) == FAM_OK) {
        below(turn)->typing(below(turn)->context, chat_id);
    }
}

static void uploading(void *context, int64_t chat_id, bool is_photo)
{
    struct fam_turn *turn = context;
    struct fam_status status;
    if (fam_turn_check_lead(turn, &status) == FAM_OK) {
        below(turn)->uploading(below(turn)->context, chat_id, is_photo);
    }
}

void fam_turn_guard(struct fam_turn *turn)
{
    turn->guard = (struct fam_guard){.context = turn, .may = may_send};
    turn->messenger = (struct fam_messenger){.context = turn,
                                             .send = send_message,
                                             .edit = edit_message,
                                             .remove = remove_message,
                                             .remove_all = remove_all,
                                             .send_document = send_document,
                                             .send_photo = send_photo,
                                             .answer_callback = answer_callback,
                                             .typing = typing,
                                             .uploading = uploading};
}
