/* checkin_answers.c: questions and answers: StartCheckin, AnswerQuestion, SkipCheckin, ListCheckins. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "metrics/metrics.h"
#include "services/checkin_call.h"
#include "services/checkin_view.h"
#include "store/column.h"
#include "store/words.h"

/* What an answer looks like: the check-in as it is now, and the question that comes next. */
struct shown {
    Fam__V1__Checkin *checkin;
    Fam__V1__Question *question; /* NULL: finished */
    char *kind_words;
};

static bool is_open(const struct fam_checkin *checkin)
{
    return checkin->state == FAM__V1__CHECKIN_STATE__CHECKIN_STATE_SENT ||
           checkin->state == FAM__V1__CHECKIN_STATE__CHECKIN_STATE_STARTED;
}

/* The index into `way` of the question with this id; way->count: it is not on the way. */
static size_t place_of(const struct fam_checkin_set *set, const struct fam_checkin_way *way, const char *question_id)
{
    size_t at = 0;
    while (at < way->count && strcmp(set->questions[way->questions[at]].id, question_id) != 0) {
        at++;
    }
    return at;
}

static enum fam_code not_asked(struct fam_status *status)
{
    return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "NOT_ASKED", 0,
                           "this question is not on the way that the check-in has taken");
}

/* `question_id` "": the next one; with one, also of a completed check-in, while it may be changed. */
static enum fam_code pick_question(struct fam_reply *reply, const struct fam_checkin_person *person,
                                   const struct fam_checkin *checkin, const char *question_id,
                                   Fam__V1__Question **ret_question, struct fam_status *status)
{
    const struct fam_checkin_set *set = NULL;
    struct fam_checkin_way way;
    bool may_change =
        is_open(checkin) || (checkin->state == FAM__V1__CHECKIN_STATE__CHECKIN_STATE_COMPLETED && !checkin->is_over);
    *ret_question = NULL;
    if (!fam_checkin_person_way(person, checkin, &set, &way) || !may_change) {
        return FAM_OK;
    }
    size_t at = way.is_complete ? way.count : way.count - 1;
    if (question_id[0] != '\0') {
        at = place_of(set, &way, question_id);
        if (at == way.count) {
            return not_asked(status);
        }
    }
    if (at < way.count) {
        *ret_question = fam_reply_question(reply, person, &set->questions[way.questions[at]], checkin);
    }
    return FAM_OK;
}

static enum fam_code show(struct fam_services_context *context, const struct fam_call *call,
                          const struct fam_uuid *checkin_id, const char *question_id, struct fam_reply *reply,
                          struct shown *ret_shown, struct fam_status *status)
{
    fam_auto(fam_checkin_person_done) struct fam_checkin_person person = {.questions = NULL};
    fam_auto(fam_checkin_done) struct fam_checkin checkin = {.said_count = 0};
    *ret_shown = (struct shown){.kind_words = fam_reply_text(reply, "")};
    enum fam_code code = fam_checkin_person_load(context, call, &person, status);
    if (code == FAM_OK) {
        code = fam_checkin_get(context->store, fam_call_acting_user(call), checkin_id, &checkin, status);
    }
    if (code == FAM_OK) {
        code = pick_question(reply, &person, &checkin, question_id, &ret_shown->question, status);
    }
    if (code != FAM_OK) {
        return fam_service_hide(status);
    }
    ret_shown->checkin = fam_reply_checkin(reply, &person, &checkin);
    if (ret_shown->question == NULL) {
        ret_shown->kind_words = fam_reply_kind_words(reply, &person, &checkin);
    }
    return fam_reply_check(reply, status);
}

/* The one that was asked for, that waits, or that begins. */
static enum fam_code begin_once(struct fam_services_context *context, struct fam_call *call, const char *checkin_id,
                                struct fam_uuid *ret_id, struct fam_status *status)
{
    size_t replay_size = 0;
    const void *replay = fam_call_replay(call, &replay_size);
    struct fam_outcome outcome;
    if (replay != NULL && fam_ids_uuid(replay, replay_size, 0, ret_id)) {
        return FAM_OK;
    }
    enum fam_code code = fam_service_may_store(context, call, status);
    if (code != FAM_OK || checkin_id[0] != '\0') {
        return code != FAM_OK ? code : fam_service_uuid(checkin_id, "checkin_id", ret_id, status);
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    code = fam_checkin_begin(context->store, &mutation, fam_call_acting_user(call),
                             fam_checkin_slot_set(FAM__V1__CHECKIN_SLOT__CHECKIN_SLOT_QUICK), &outcome, status);
    if (code == FAM_OK) {
        fam_call_set_consistency_token(call, outcome.lsn);
        (void)fam_ids_uuid(outcome.ids, outcome.ids_size, 0, ret_id);
    }
    return code == FAM_OK ? FAM_OK : fam_service_hide(status);
}

FAM_CHECKIN_METHOD(start_checkin, StartCheckin)
{
    struct fam_status status;
    struct fam_uuid id = {{0}};
    struct shown shown;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__StartCheckinResponse response = FAM__V1__START_CHECKIN_RESPONSE__INIT;
    enum fam_code code = begin_once(context, call, request->checkin_id, &id, &status);
    if (code == FAM_OK) {
        code = show(context, call, &id, request->question_id, &reply, &shown, &status);
    }
    if (code == FAM_OK) {
        response.checkin = shown.checkin;
        response.question = shown.question;
        response.kind_words = shown.kind_words;
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

/* What is answered; `text` is trimmed. */
struct answering {
    const struct fam_checkin_person *person;
    const char *question_id;
    const char *option_id;
    const char *text;
};

static bool is_child(const struct fam_checkin_person *person, const char *option_id)
{
    struct fam_uuid id;
    bool found = strcmp(option_id, FAM_CHECKIN_NO_CHILD) == 0;
    for (size_t i = 0; fam_uuid_parse(option_id, &id) && i < person->family.child_count; i++) {
        found = found || fam_uuid_equal(&person->family.children[i].child_id, &id);
    }
    return found;
}

static enum fam_code check_answer(const struct answering *answering, const struct fam_checkin_question *question,
                                  struct fam_status *status)
{
    if (question->kind == FAM__V1__QUESTION_KIND__QUESTION_KIND_TEXT) {
        if (answering->option_id[0] != '\0') {
            return fam_fail_field(status, "option_id", "this question is answered in words");
        }
        return answering->text[0] != '\0' || question->may_skip
                   ? FAM_OK
                   : fam_fail_field(status, "text", "this question can't be left out");
    }
    bool known = question->kind == FAM__V1__QUESTION_KIND__QUESTION_KIND_CHILD
                     ? is_child(answering->person, answering->option_id)
                     : fam_checkin_option_find(question, answering->option_id) != NULL;
    if (!known) {
        return fam_fail_field(status, "option_id", "option_id is none of this question's");
    }
    return answering->text[0] == '\0' ? FAM_OK
                                      : fam_fail_field(status, "text", "this question is answered by an option");
}

/* The check-in as it would be with the answer, as far as the way depends on it. */
static void put_answer(const struct answering *answering, struct fam_checkin *checkin)
{
    size_t at = 0;
    while (at < checkin->said_count && strcmp(checkin->said[at].question_id, answering->question_id) != 0) {
        at++;
    }
    if (at == FAM_CHECKIN_ANSWERS_MAX) {
        return;
    }
    checkin->said_count += at == checkin->said_count ? 1 : 0;
    (void)snprintf(checkin->said[at].question_id, sizeof(checkin->said[at].question_id), "%s", answering->question_id);
    (void)snprintf(checkin->said[at].option_id, sizeof(checkin->said[at].option_id), "%s", answering->option_id);
}

/* Whichever child it will be, the words are asked for afterwards: those that were written stay. Behind a question with
 * options nothing is certain. */
static void keep_following(const struct fam_checkin_set *set, const struct fam_checkin_way *way,
                           struct fam_checkin_change *change)
{
    size_t at = way->is_complete ? set->count : way->questions[way->count - 1];
    while (at < set->count && set->questions[at].option_count == 0 && change->keep_count < FAM_CHECKIN_ANSWERS_MAX) {
        at = set->questions[at].next;
        if (at < set->count) {
            change->keep[change->keep_count++] = set->questions[at].id;
        }
    }
}

static enum fam_code decide(void *context, const struct fam_checkin *checkin, struct fam_checkin_change *ret_change,
                            struct fam_status *status)
{
    const struct answering *answering = context;
    const struct fam_checkin_set *set = NULL;
    struct fam_checkin_way way;
    if (!fam_checkin_person_way(answering->person, checkin, &set, &way)) {
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "CHECKIN_OVER", 0, "these questions are asked no more");
    }
    size_t at = place_of(set, &way, answering->question_id);
    if (at == way.count) {
        return not_asked(status);
    }
    enum fam_code code = check_answer(answering, &set->questions[way.questions[at]], status);
    if (code != FAM_OK) {
        return code;
    }
    struct fam_checkin after = *checkin; /* borrows the texts */
    put_answer(answering, &after);
    (void)fam_checkin_person_way(answering->person, &after, &set, &way);
    *ret_change = (struct fam_checkin_change){.question_id = answering->question_id,
                                              .option_id = answering->option_id,
                                              .text = answering->text,
                                              .asked = way.expected,
                                              .is_complete = way.is_complete};
    ret_change->answered = way.is_complete ? way.count : way.count - 1;
    for (size_t i = 0; i < ret_change->answered; i++) {
        ret_change->keep[ret_change->keep_count++] = set->questions[way.questions[i]].id;
    }
    keep_following(set, &way, ret_change);
    return FAM_OK;
}

static void count_end(struct fam_services_context *context, const struct fam_checkin_end *end)
{
    if (end->counts) {
        fam_metrics_add(context->metrics, FAM_M_CHECKINS_COMPLETED,
                        FAM_LABELS(fam_checkin_slot_word(end->slot), fam_checkin_rate(end->answered, end->asked)), 1);
    }
}

static enum fam_code answer_once(struct fam_services_context *context, struct fam_call *call,
                                 const Fam__V1__AnswerQuestionRequest *request, const struct fam_uuid *checkin_id,
                                 struct fam_status *status)
{
    size_t replay_size = 0;
    struct fam_outcome outcome;
    struct fam_checkin_end end;
    fam_auto(fam_checkin_person_done) struct fam_checkin_person person = {.questions = NULL};
    if (fam_call_replay(call, &replay_size) != NULL) {
        return FAM_OK;
    }
    enum fam_code code = fam_service_may_store(context, call, status);
    if (code == FAM_OK) {
        code = fam_checkin_person_load(context, call, &person, status);
    }
    char *text = code == FAM_OK ? strdup(request->text) : NULL;
    if (code == FAM_OK && text == NULL) {
        code = fam_fail_memory(status);
    }
    if (code == FAM_OK) {
        fam_text_trim(text);
        const struct fam_mutation mutation = fam_service_mutation(call);
        struct answering answering = {
            .person = &person, .question_id = request->question_id, .option_id = request->option_id, .text = text};
        code = fam_checkin_answer(context->store, &mutation, fam_call_acting_user(call), checkin_id, decide, &answering,
                                  &end, &outcome, status);
    }
    fam_text_wipe(&text);
    if (code != FAM_OK) {
        return fam_service_hide(status);
    }
    fam_call_set_consistency_token(call, outcome.lsn);
    count_end(context, &end);
    return FAM_OK;
}

FAM_CHECKIN_METHOD(answer_question, AnswerQuestion)
{
    struct fam_status status;
    struct fam_uuid id;
    struct shown shown;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__AnswerQuestionResponse response = FAM__V1__ANSWER_QUESTION_RESPONSE__INIT;
    enum fam_code code = fam_service_uuid(request->checkin_id, "checkin_id", &id, &status);
    if (code == FAM_OK) {
        code = answer_once(context, call, request, &id, &status);
    }
    if (code == FAM_OK) {
        code = show(context, call, &id, "", &reply, &shown, &status);
    }
    if (code == FAM_OK) {
        response.checkin = shown.checkin;
        response.question = shown.question;
        response.kind_words = shown.kind_words;
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

static enum fam_code skip_once(struct fam_services_context *context, struct fam_call *call,
                               const struct fam_uuid *checkin_id, struct fam_status *status)
{
    size_t replay_size = 0;
    struct fam_outcome outcome;
    struct fam_checkin_end end;
    if (fam_call_replay(call, &replay_size) != NULL) {
        return FAM_OK;
    }
    const struct fam_mutation mutation = fam_service_mutation(call);
    if (fam_checkin_skip(context->store, &mutation, fam_call_acting_user(call), checkin_id, &end, &outcome, status) !=
        FAM_OK) {
        return fam_service_hide(status);
    }
    fam_call_set_consistency_token(call, outcome.lsn);
    count_end(context, &end);
    return FAM_OK;
}

FAM_CHECKIN_METHOD(skip_checkin, SkipCheckin)
{
    struct fam_status status;
    struct fam_uuid id;
    struct shown shown = {.checkin = NULL};
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__SkipCheckinResponse response = FAM__V1__SKIP_CHECKIN_RESPONSE__INIT;
    enum fam_code code = fam_service_uuid(request->checkin_id, "checkin_id", &id, &status);
    if (code == FAM_OK) {
        code = skip_once(context, call, &id, &status);
    }
    if (code == FAM_OK) {
        code = show(context, call, &id, "", &reply, &shown, &status);
    }
    response.checkin = shown.checkin;
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}

static enum fam_code show_page(struct fam_services_context *context, const struct fam_call *call,
                               const struct fam_checkin *list, size_t count, bool more, struct fam_reply *reply,
                               Fam__V1__ListCheckinsResponse *response, struct fam_status *status)
{
    fam_auto(fam_checkin_person_done) struct fam_checkin_person person = {.questions = NULL};
    enum fam_code code = fam_checkin_person_load(context, call, &person, status);
    if (code != FAM_OK) {
        return code;
    }
    response->checkins = fam_reply_alloc(reply, (count + 1) * sizeof(*response->checkins));
    for (size_t i = 0; response->checkins != NULL && i < count; i++) {
        response->checkins[response->n_checkins++] = fam_reply_checkin(reply, &person, &list[i]);
    }
    if (more && count > 0) {
        response->next_page_token = fam_reply_uuid(reply, &list[count - 1].checkin_id);
    }
    return fam_reply_check(reply, status);
}

/* Of one id: a list of it, or an empty one. */
static enum fam_code get_alone(struct fam_services_context *context, const struct fam_call *call, const char *id,
                               struct fam_checkin **ret_list, size_t *ret_count, struct fam_status *status)
{
    struct fam_uuid checkin_id;
    enum fam_code code = fam_service_uuid(id, "checkin_id", &checkin_id, status);
    if (code != FAM_OK) {
        return code;
    }
    *ret_list = calloc(1, sizeof(**ret_list));
    if (*ret_list == NULL) {
        return fam_fail_memory(status);
    }
    code = fam_checkin_get(context->store, fam_call_acting_user(call), &checkin_id, *ret_list, status);
    *ret_count = code == FAM_OK ? 1 : 0;
    return code == FAM_NOT_FOUND ? FAM_OK : code;
}

FAM_CHECKIN_METHOD(list_checkins, ListCheckins)
{
    struct fam_status status;
    struct fam_service_page page;
    struct fam_checkin *list = NULL;
    size_t count = 0;
    bool more = false;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ListCheckinsResponse response = FAM__V1__LIST_CHECKINS_RESPONSE__INIT;
    enum fam_code code = fam_service_read_page(request->page_size, request->page_token, &page, &status);
    if (code == FAM_OK && request->checkin_id[0] != '\0') {
        code = get_alone(context, call, request->checkin_id, &list, &count, &status);
    } else if (code == FAM_OK) {
        code = fam_checkin_list(context->store, fam_call_acting_user(call), page.before, page.limit, &list, &count,
                                &more, &status);
    }
    if (code == FAM_OK) {
        code = show_page(context, call, list, count, more, &reply, &response, &status);
    }
    fam_checkins_free(list, count);
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
