#include "dialog/dialog.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "dialog/checkin.h"
#include "dialog/privacy.h"
#include "dialog/states.h"
#include "dialog/turn.h"
#include "metrics/metrics.h"

enum {
    RETRY_MS = 500,
    RETRY_MAX_MS = 15000,
    PATIENCE_MS = 6000,            /* then the parent is told that it takes a moment */
    INTERNAL_ATTEMPTS = 5,         /* a server that fails each time fails for good */
    LOST_ATTEMPTS = 8,             /* a lead that the server grants and refuses at once */
    SLOW_ATTEMPTS = 20,            /* so does one that is connected and never answers in time */
    QUESTION_MS = 3600000,         /* without a word from the person: then nobody waits for a name any more */
    NO_LEAD_MS = 100,              /* until it is known who leads */
    ALONE_MS = 2000,               /* between looks whether an emergency can be helped */
    FLOOD_GIVE_UP_MS = 600000,     /* one chat must not hold back the others for longer */
    TELEGRAM_GIVE_UP_MS = 86400000 /* while Telegram is away nobody else is held back; it keeps updates for a day */
};

enum note { NOTE_TOLD_TO_WAIT = 1, NOTE_CALLBACK_ANSWERED = 2, NOTE_HELPED = 4, NOTE_OWES_HELP = 8 };

struct fam_dialog *fam_dialog_new(const struct fam_dialog_options *options, struct fam_status *status)
{
    struct fam_dialog *dialog = calloc(1, sizeof(*dialog));
    struct fam_groups *groups = fam_groups_new();
    struct fam_exports *exports = fam_exports_new();
    if (!dialog || !groups || !exports) {
        free(dialog);
        fam_groups_free(groups);
        fam_exports_free(exports);
        fam_fail_memory(status);
        return NULL;
    }
    dialog->options = *options;
    dialog->groups = groups;
    dialog->exports = exports;
    if (!dialog->options.wall_ms) {
        dialog->options.wall_ms = fam_wall_ms;
    }
    return dialog;
}

void fam_dialog_free(struct fam_dialog *dialog)
{
    if (!dialog) {
        return;
    }
    fam_groups_free(dialog->groups);
    fam_exports_free(dialog->exports);
    free(dialog);
}

/* "/start payload" and "/start@some_bot" are "start". NULL: no command at all. */
static const char *command_of(const char *text, size_t *ret_size)
{
    if (text[0] != '/' || !((text[1] >= 'a' && text[1] <= 'z') || (text[1] >= 'A' && text[1] <= 'Z'))) {
        return NULL;
    }
    *ret_size = strcspn(text + 1, "@ \n\t");
    return text + 1;
}

static enum fam_code run_command(struct fam_turn *turn, const char *name, size_t size)
{
    const struct fam_command_row *command = fam_command_find(name, size);
    return command ? command->run(turn) : fam_turn_say(turn, T(turn->locale, "command.unknown"));
}

/* Was the question asked so long ago that a text need not be meant for it? A check-in knows itself how long it waits.
 */
static bool is_late(const struct fam_turn *turn)
{
    const struct fam_state *state = &turn->state;
    return state->step != FAM_STEP_NONE && !fam_checkin_is_asked(turn) && state->used_ms > 0 &&
           turn->dialog->options.wall_ms() - state->used_ms > QUESTION_MS;
}

/* After help nothing is asked again by itself: whoever asks for help has other things to do. A check-in's question goes
 * on waiting, so that what is written next about the person's own day is no entry; any other is left, and its buttons
 * and its command lead back to it. */
static enum fam_code stand_back(struct fam_turn *turn)
{
    if (!fam_checkin_is_asked(turn)) {
        fam_state_leave(&turn->state);
    }
    return FAM_OK;
}

/* A danger in what the writers say of themselves: they are helped, and nothing is kept of it. */
static enum fam_code help_writer(struct fam_turn *turn)
{
    bool is_helped = false;
    enum fam_code code = fam_emergency_answer(turn, FAM__V1__WHOSE_WORDS__WHOSE_WORDS_OWN, &is_helped);
    if (code == FAM_OK && !is_helped) {
        code = fam_fail(turn->status, FAM_INTERNAL, "a danger without help");
    }
    if (code != FAM_OK) {
        return code;
    }
    turn->state.answered_id = turn->update->message_id; /* edited it is no phrase either */
    return stand_back(turn);
}

/* A question never takes a call for help for its answer: that is looked at before the question reads the text. */
static enum fam_code answer_question(struct fam_turn *turn)
{
    const struct fam_state_row *state = fam_state_row(turn->state.step);
    bool is_danger = false, taken = false;
    enum fam_code code = state->ask ? fam_emergency_check(turn, &is_danger) : FAM_OK;
    if (code == FAM_OK && !is_danger && is_late(turn)) {
        return fam_offer_late(turn);
    }
    if (code == FAM_OK && is_danger && state->is_own) {
        return help_writer(turn);
    }
    if (code == FAM_OK && !is_danger && state->read_text) {
        code = state->read_text(turn, &taken);
    }
    bool is_unfit = !taken && state->unfit && !is_danger && fam_answer_is_short(turn->update->text);
    if (code == FAM_OK && (taken || is_unfit)) {
        turn->state.answered_id = turn->update->message_id;
    }
    if (code != FAM_OK || taken) {
        return code;
    }
    code = is_unfit ? fam_turn_say(turn, fam_locale_text(turn->locale, state->unfit)) : fam_answer_phrase(turn);
    if (code != FAM_OK || !state->ask) {
        return code;
    }
    is_danger = is_danger || (turn->state.had_safety && turn->state.phrase_id == turn->update->message_id);
    return is_danger ? stand_back(turn) : state->ask(turn);
}

static enum fam_code take_text(struct fam_turn *turn)
{
    if (is_late(turn) && fam_state_row(turn->state.step)->unfit) {
        fam_state_leave(&turn->state);
    }
    return answer_question(turn);
}

static bool has_words(const char *text)
{
    return text[strspn(text, " \t\r\n")] != '\0';
}

/* What nobody can read, told by what was asked. */
static const char *media_text(const struct fam_turn *turn)
{
    switch ((int)turn->state.step) {
    case FAM_STEP_NONE:
        break;
    case FAM_STEP_CHECKIN:
        return T(turn->locale, "media.checkin_words");
    case FAM_STEP_CHECKIN_TAP:
        return T(turn->locale, "media.checkin_tap");
    default:
        return T(turn->locale, "media.question");
    }
    bool is_heard = turn->update->media == FAM_MEDIA_VOICE || turn->update->media == FAM_MEDIA_VIDEO;
    return is_heard ? T(turn->locale, "media.voice") : T(turn->locale, "media.other");
}

static enum fam_code take_message(struct fam_turn *turn)
{
    size_t size;
    const struct fam_update *update = turn->update;
    const char *command = update->media == FAM_MEDIA_NONE ? command_of(update->text, &size) : NULL;
    if (command) {
        return run_command(turn, command, size);
    }
    if (has_words(update->text)) {
        return take_text(turn);
    }
    return update->media == FAM_MEDIA_SERVICE ? FAM_OK : fam_turn_say(turn, media_text(turn));
}

static enum fam_code press(struct fam_turn *turn)
{
    const struct fam_action_row *action = fam_action_find(turn->pressed.action);
    return action ? action->run(turn) : FAM_OK;
}

static enum fam_code route(struct fam_turn *turn)
{
    if (turn->update->kind == FAM_UPDATE_CALLBACK) {
        return press(turn);
    }
    if (turn->update->kind == FAM_UPDATE_EDITED) {
        return has_words(turn->update->text) ? fam_answer_edited(turn) : FAM_OK;
    }
    return take_message(turn);
}

/* Ends the clock on the button at once. False: the button is not one to act on. */
static bool greet_button(struct fam_turn *turn, struct fam_job *job)
{
    const struct fam_dialog_options *options = &turn->dialog->options;
    const struct fam_messenger *messenger = &turn->messenger;
    enum fam_callback_verdict verdict = fam_callback_verify(options->signer, turn->update->data, turn->update->from_id,
                                                            options->wall_ms(), &turn->pressed);
    const char *text = verdict == FAM_CALLBACK_VALID   ? ""
                       : verdict == FAM_CALLBACK_STALE ? T(turn->locale, "button.stale")
                                                       : T(turn->locale, "button.foreign");
    if (!(job->notes & NOTE_CALLBACK_ANSWERED)) {
        messenger->answer_callback(messenger->context, turn->update->callback_id, text, false);
    }
    job->notes |= NOTE_CALLBACK_ANSWERED;
    return verdict == FAM_CALLBACK_VALID && turn->update->chat_type == FAM_CHAT_PRIVATE;
}

static enum fam_code take_private(struct fam_turn *turn)
{
    enum fam_code code = fam_turn_begin(turn);
    if (code != FAM_OK || turn->is_old) {
        return code;
    }
    code = route(turn);
    return code == FAM_OK ? fam_turn_commit(turn) : code;
}

/* Blocked, or unblocked: what waits for this person is held until they are back. (A message makes them reachable by
 * itself: RegisterUser does.) */
static enum fam_code take_membership(struct fam_turn *turn)
{
    bool is_back = turn->update->membership == FAM_MEMBERSHIP_ADDED;
    fam_auto(fam_backend_reply_done) struct fam_backend_reply reply = {0};
    Fam__V1__SetReachabilityRequest request = FAM__V1__SET_REACHABILITY_REQUEST__INIT;
    request.reachable = is_back;
    enum fam_code code = fam_turn_begin_again(turn);
    if (code == FAM_OK) {
        code = fam_turn_call(turn, FAM_BACKEND_SET_REACHABILITY, "reachable", &request.base, &reply);
    }
    if (code == FAM_OK) {
        FAM_LOG(turn->dialog->options.log, FAM_LOG_INFO, "dialog",
                is_back ? "unblocked by a person" : "blocked by a person", FAM_STR("request_id", turn->request_id));
    }
    return code;
}

static enum fam_code take_update(struct fam_turn *turn, struct fam_job *job)
{
    const struct fam_update *update = turn->update;
    switch (update->kind) {
    case FAM_UPDATE_OTHER:
        return FAM_OK;
    case FAM_UPDATE_MEMBER:
        if (update->chat_type == FAM_CHAT_GROUP && update->membership == FAM_MEMBERSHIP_ADDED) {
            return fam_groups_handle(turn);
        }
        if (update->chat_type == FAM_CHAT_PRIVATE && update->membership != FAM_MEMBERSHIP_SAME) {
            return take_membership(turn);
        }
        return FAM_OK;
    case FAM_UPDATE_CALLBACK:
        return greet_button(turn, job) ? take_private(turn) : FAM_OK;
    case FAM_UPDATE_MESSAGE:
    case FAM_UPDATE_EDITED:
        break;
    }
    if (update->chat_type == FAM_CHAT_PRIVATE) {
        return take_private(turn);
    }
    return update->kind == FAM_UPDATE_MESSAGE ? fam_groups_handle(turn) : FAM_OK;
}

static uint32_t backoff_ms(const struct fam_job *job, const struct fam_status *status)
{
    unsigned doublings = job->attempt > 6 ? 6 : job->attempt - 1;
    uint32_t wait_ms = (uint32_t)RETRY_MS << doublings;
    if (wait_ms > RETRY_MAX_MS) {
        wait_ms = RETRY_MAX_MS;
    }
    wait_ms = wait_ms / 2 + randombytes_uniform(wait_ms / 2 + 1);
    uint32_t asked_ms = status->retry_after_ms > RETRY_MAX_MS ? RETRY_MAX_MS : status->retry_after_ms;
    return asked_ms > wait_ms ? asked_ms : wait_ms;
}

/* One sentence, once, when it takes longer; not for what nobody waits for. */
static void tell_to_wait(struct fam_turn *turn, struct fam_job *job)
{
    struct fam_status before = *turn->status;
    if (job->notes & NOTE_TOLD_TO_WAIT || fam_mono_ms() - job->first_ms < PATIENCE_MS ||
        turn->update->chat_type != FAM_CHAT_PRIVATE || turn->update->kind == FAM_UPDATE_EDITED ||
        turn->update->kind == FAM_UPDATE_MEMBER) {
        return;
    }
    job->notes |= NOTE_TOLD_TO_WAIT;
    (void)fam_turn_say(turn, T(turn->locale, "error.wait"));
    *turn->status = before;
}

enum verdict { DONE, AGAIN, GIVE_UP, LOST };

static enum verdict judge_messenger(const struct fam_job *job, const struct fam_status *status)
{
    uint64_t age_ms = fam_mono_ms() - job->first_ms;
    if (strcmp(status->reason, "BLOCKED") == 0 || strcmp(status->reason, "NO_MESSAGE") == 0) {
        return DONE;
    }
    if (strcmp(status->reason, "STOPPING") == 0) {
        return AGAIN;
    }
    if (strcmp(status->reason, "FLOOD") == 0) {
        return status->retry_after_ms > FLOOD_GIVE_UP_MS || age_ms > FLOOD_GIVE_UP_MS ? GIVE_UP : AGAIN;
    }
    return age_ms > TELEGRAM_GIVE_UP_MS || strcmp(status->reason, "REJECTED") == 0 ? GIVE_UP : AGAIN;
}

static bool is_messenger(const struct fam_status *status)
{
    static const char *const reasons[] = {"BLOCKED", "NO_MESSAGE", "REJECTED", "FLOOD", "TELEGRAM", "STOPPING"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(reasons); i++) {
        if (strcmp(status->reason, reasons[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Another process leads: it gets this update too, for it was not confirmed. Only a server whose leads were set back
 * (from a backup) refuses one that it has granted again and again: then what was done is done. */
static enum verdict judge_lost(const struct fam_turn *turn, const struct fam_job *job)
{
    const struct fam_lead *lead = turn->dialog->options.lead;
    uint64_t fence;
    if (!lead || (lead->role(lead->context, &fence) == FAM_LEAD_HELD && fence == turn->fence)) {
        if (job->attempt >= LOST_ATTEMPTS) {
            return DONE;
        }
        if (lead) {
            lead->doubt(lead->context);
        }
    }
    return LOST;
}

static enum verdict judge(struct fam_turn *turn, struct fam_job *job, enum fam_code code)
{
    const struct fam_backend *backend = turn->dialog->options.backend;
    if (code == FAM_OK) {
        return DONE;
    }
    if (strcmp(turn->status->reason, "LEAD_LOST") == 0) {
        return judge_lost(turn, job);
    }
    if (is_messenger(turn->status)) {
        return judge_messenger(job, turn->status);
    }
    switch (code) {
    case FAM_UNAVAILABLE:
    case FAM_RESOURCE_EXHAUSTED:
    case FAM_UNAUTHENTICATED:
    case FAM_ABORTED:
    case FAM_CANCELLED:
        return AGAIN;
    case FAM_DEADLINE_EXCEEDED:
        return job->attempt >= SLOW_ATTEMPTS && backend->is_connected(backend->context) ? GIVE_UP : AGAIN;
    case FAM_INTERNAL:
    case FAM_UNKNOWN:
    case FAM_DATA_LOSS:
        return job->attempt >= INTERNAL_ATTEMPTS ? GIVE_UP : AGAIN;
    case FAM_OK:
    case FAM_INVALID_ARGUMENT:
    case FAM_NOT_FOUND:
    case FAM_ALREADY_EXISTS:
    case FAM_PERMISSION_DENIED:
    case FAM_FAILED_PRECONDITION:
    case FAM_OUT_OF_RANGE:
    case FAM_UNIMPLEMENTED:
        break;
    }
    return GIVE_UP;
}

static void log_failure(const struct fam_turn *turn, enum fam_log_level level, const char *event, unsigned attempt)
{
    FAM_LOG(turn->dialog->options.log, level, "dialog", event, FAM_STR("request_id", turn->request_id),
            FAM_STR("kind", fam_update_kind_name(turn->update->kind)),
            FAM_STR("code", fam_code_name(turn->status->code)), FAM_STR("reason", turn->status->reason),
            FAM_U64("attempt", attempt));
}

/* An emergency does not wait until the server knows who writes. */
static void help_meanwhile(struct fam_turn *turn, struct fam_job *job)
{
    const struct fam_update *update = turn->update;
    bool phrase = update->kind == FAM_UPDATE_MESSAGE || update->kind == FAM_UPDATE_EDITED;
    if (turn->user || job->notes & NOTE_HELPED || !phrase || update->chat_type != FAM_CHAT_PRIVATE ||
        !update->text[0]) {
        return;
    }
    struct fam_status before = *turn->status;
    if (fam_emergency_meanwhile(turn)) {
        job->notes |= NOTE_HELPED | NOTE_TOLD_TO_WAIT;
    }
    *turn->status = before;
}

/* Says sorry, marks the update as handled. */
static void give_up(struct fam_turn *turn, const struct fam_job *job)
{
    log_failure(turn, FAM_LOG_ERROR, "an update could not be answered", job->attempt);
    if (turn->update->chat_type == FAM_CHAT_PRIVATE && turn->update->kind != FAM_UPDATE_MEMBER) {
        (void)fam_turn_say(turn, T(turn->locale, "error.sorry"));
    }
    if (turn->user) {
        (void)fam_turn_commit(turn);
    }
}

/* An update that does not come again. */
static void end_update(struct fam_turn *turn, const struct fam_job *job, enum verdict verdict, enum fam_code code,
                       uint64_t begun_us)
{
    const struct fam_dialog *dialog = turn->dialog;
    const char *kind = fam_update_kind_name(job->update->kind);
    if (verdict == GIVE_UP) {
        give_up(turn, job);
    } else if (code != FAM_OK) {
        log_failure(turn, FAM_LOG_INFO, "a message could not be delivered", job->attempt);
    }
    FAM_LOG(dialog->options.log, FAM_LOG_INFO, "dialog", "update handled", FAM_STR("request_id", turn->request_id),
            FAM_STR("kind", kind), FAM_STR("code", fam_code_name(code)),
            FAM_U64("duration_us", fam_mono_us() - begun_us));
    if (turn->owes_help) {
        fam_turn_count_help(turn, strcmp(turn->status->reason, "BLOCKED") == 0 ? "blocked" : "missed");
    }
    fam_metrics_add(dialog->options.metrics, FAM_M_BOT_UPDATES, FAM_LABELS(kind, verdict == DONE ? "ok" : "error"), 1);
}

/* The lead that everything of this turn belongs to. */
static enum fam_lead_role begin_under_lead(struct fam_turn *turn)
{
    const struct fam_lead *lead = turn->dialog->options.lead;
    enum fam_lead_role role = lead ? lead->role(lead->context, &turn->fence) : FAM_LEAD_HELD;
    turn->is_alone = role == FAM_LEAD_ALONE;
    fam_turn_guard(turn);
    return role;
}

static void wait_for_server(struct fam_turn *turn, struct fam_job *job)
{
    log_failure(turn, FAM_LOG_WARN, "an update waits", job->attempt);
    if (!is_messenger(turn->status)) {
        help_meanwhile(turn, job);
        tell_to_wait(turn, job);
    }
    job->notes = turn->owes_help ? job->notes | NOTE_OWES_HELP : job->notes & ~(unsigned)NOTE_OWES_HELP;
}

enum fam_handled fam_dialog_handle(void *context, struct fam_job *job, uint32_t *ret_delay_ms)
{
    const struct fam_dialog *dialog = context;
    struct fam_status status = {0};
    Fam__V1__Language language = fam_locale_language_of(job->update->language_code);
    if (language == FAM__V1__LANGUAGE__LANGUAGE_UNSPECIFIED) {
        language = dialog->options.default_language;
    }
    struct fam_turn turn = {.dialog = dialog,
                            .update = job->update,
                            .locale = fam_locales_get(dialog->options.locales, language),
                            .owes_help = (job->notes & NOTE_OWES_HELP) != 0,
                            .status = &status};
    snprintf(turn.request_id, sizeof(turn.request_id), "tg-%s-%" PRId64, dialog->options.bot_id,
             job->update->update_id);
    enum fam_lead_role role = begin_under_lead(&turn);
    if (role == FAM_LEAD_NONE) {
        *ret_delay_ms = NO_LEAD_MS;
        return FAM_HANDLE_AGAIN;
    }
    uint64_t begun_us = fam_mono_us();
    enum fam_code code = role == FAM_LEAD_HELD
                             ? take_update(&turn, job)
                             : fam_fail(&status, FAM_UNAVAILABLE, "the server does not tell who leads");
    enum verdict verdict = judge(&turn, job, code);
    if (verdict == LOST) {
        log_failure(&turn, FAM_LOG_INFO, "an update is left to the process that leads", job->attempt);
        *ret_delay_ms = NO_LEAD_MS;
    } else if (verdict == AGAIN) {
        wait_for_server(&turn, job);
        *ret_delay_ms = role == FAM_LEAD_ALONE ? ALONE_MS : backoff_ms(job, &status);
    } else {
        end_update(&turn, job, verdict, code, begun_us);
    }
    fam_turn_done(&turn);
    return verdict == AGAIN || verdict == LOST ? FAM_HANDLE_AGAIN : FAM_HANDLED;
}
