/* checkin_world.h: a server with the check-ins of one person, Anna, by RPC. */
#ifndef FAM_TESTS_CHECKIN_WORLD_H
#define FAM_TESTS_CHECKIN_WORLD_H

#include <stdatomic.h>

#include "support/notification_fixture.h"
#include "support/notify_node.h"

static struct checkin_world {
    struct store_fixture f;
    struct notify_node node;
    struct fam_uuid anna, family;
    atomic_uint keys; /* a new idempotency key for each call */
} c;

static inline void world_start(void)
{
    memset(&c, 0, sizeof(c));
    store_fixture_start(&c.f);
    node_start(&c.node, c.f.pg.conninfo, 0);
    c.anna = make_person(c.f.store, 1);
    c.family = make_family(c.f.store, &c.anna);
}

static inline void world_stop(void)
{
    node_stop(&c.node);
    store_fixture_stop(&c.f);
}

static inline char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

struct world_call {
    char key[32];
    struct fam_rpc_options options;
    struct fam_rpc rpc;
    struct fam_status status;
};

static inline void call_init(struct world_call *call, const struct fam_uuid *user_id)
{
    memset(call, 0, sizeof(*call));
    (void)snprintf(call->key, sizeof(call->key), "key-%u", atomic_fetch_add(&c.keys, 1));
    call->options = (struct fam_rpc_options){.acting_user = user_id, .idempotency_key = call->key};
    fam_rpc_init(&call->rpc, &call->options);
}

/* Runs a method of CheckinService for `user_id`; the answer lives until fam_rpc_done(&call->rpc). */
#define CALL(call, user_id, method, request)                                                                           \
    (call_init((call), (user_id)),                                                                                     \
     FAM_RPC(c.node.bot, fam__v1__checkin_service, method, &(call)->rpc, (request), &(call)->status))
#define ANSWER(call, Type) ((const Fam__V1__##Type##Response *)fam_rpc_response(&(call)->rpc))

/* `checkin_id` "" for the one that waits, or a quick one; "" in ret_question: it is finished. */
struct world_step {
    char checkin_id[FAM_UUID_TEXT_SIZE];
    char question[64];
    char words[512];
    Fam__V1__CheckinState state;
    size_t answers;
};

static inline void step_take(struct world_step *step, const Fam__V1__Checkin *checkin,
                             const Fam__V1__Question *question, const char *words)
{
    (void)snprintf(step->checkin_id, sizeof(step->checkin_id), "%s", checkin->checkin_id);
    (void)snprintf(step->question, sizeof(step->question), "%s", question == NULL ? "" : question->question_id);
    (void)snprintf(step->words, sizeof(step->words), "%s", words);
    step->state = checkin->state;
    step->answers = checkin->n_answers;
}

static inline enum fam_code begin(const struct fam_uuid *user_id, const char *checkin_id, struct world_step *ret_step)
{
    Fam__V1__StartCheckinRequest request = FAM__V1__START_CHECKIN_REQUEST__INIT;
    struct world_call call;
    request.checkin_id = borrow(checkin_id);
    enum fam_code code = CALL(&call, user_id, start_checkin, &request);
    if (code == FAM_OK) {
        const Fam__V1__StartCheckinResponse *answer = ANSWER(&call, StartCheckin);
        step_take(ret_step, answer->checkin, answer->question, answer->kind_words);
    } else {
        (void)snprintf(ret_step->words, sizeof(ret_step->words), "%.200s %.200s", call.status.reason,
                       call.status.message);
    }
    fam_rpc_done(&call.rpc);
    return code;
}

/* `reply` is an option's id, or words after a "=". */
static inline enum fam_code reply_to(const struct fam_uuid *user_id, const char *question, const char *reply,
                                     struct world_step *step, struct fam_status *ret_status)
{
    Fam__V1__AnswerQuestionRequest request = FAM__V1__ANSWER_QUESTION_REQUEST__INIT;
    struct world_call call;
    request.checkin_id = step->checkin_id;
    request.question_id = borrow(question);
    if (reply[0] == '=') {
        request.text = borrow(reply + 1);
    } else {
        request.option_id = borrow(reply);
    }
    enum fam_code code = CALL(&call, user_id, answer_question, &request);
    *ret_status = call.status;
    if (code == FAM_OK) {
        const Fam__V1__AnswerQuestionResponse *answer = ANSWER(&call, AnswerQuestion);
        step_take(step, answer->checkin, answer->question, answer->kind_words);
    }
    fam_rpc_done(&call.rpc);
    return code;
}

/* Asserts that it is taken, and which question follows. */
static inline void say(const char *question, const char *reply, struct world_step *step, const char *expected)
{
    struct fam_status status;
    cr_assert_eq(reply_to(&c.anna, question, reply, step, &status), FAM_OK, "%s: %s", question, status.message);
    cr_assert_str_eq(step->question, expected, "after %s: \"%s\", not \"%s\"", question, step->question, expected);
}

/* Asserts that it is refused, with this reason. */
static inline void refuse(const char *question, const char *reply, struct world_step *step, enum fam_code expected,
                          const char *reason)
{
    struct fam_status status;
    cr_assert_eq(reply_to(&c.anna, question, reply, step, &status), expected, "%s: %s", question, status.message);
    if (reason != NULL) {
        cr_assert_str_eq(status.reason, reason, "%s", status.reason);
    }
}

static inline double completed(const char *type, const char *rate)
{
    return fam_metrics_value(c.node.metrics, FAM_M_CHECKINS_COMPLETED, FAM_LABELS(type, rate));
}

#endif
