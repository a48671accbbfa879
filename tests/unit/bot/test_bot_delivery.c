/* Notifications on their way: which goes first, what Telegram's answers become, and a share for answers. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "delivery.h"
#include "metrics/metrics.h"

enum { MANY = 64, LEASE_MS = 60000 };

#define TXT(text) ((char *)(uintptr_t)(text))

static struct {
    pthread_mutex_t mutex;
    /* What the server has. */
    struct {
        char id[16];
        Fam__V1__Lane lane;
        int64_t chat_id;
        bool is_leased;
    } queue[MANY];
    size_t queued;
    int32_t max, max_others; /* of the last lease */
    enum fam_code lease_code, ack_code;
    int ack_failures;
    /* What it heard. */
    char told[8192];
    /* What was shown, in order; and what the messenger says to it. */
    char shown[MANY][16];
    size_t shown_count;
    enum fam_code show_code;
    const char *show_reason;
    uint32_t show_retry_ms;
    uint64_t show_takes_ms;
    int64_t taken[MANY]; /* chats that somebody else has */
    size_t taken_count;
    bool asks_guard;
} world = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static uint64_t clock_ms;
static struct fam_delivery *delivery;
static struct fam_metrics *metrics;

static uint64_t now_ms(void)
{
    return clock_ms;
}

static void add(const char *id, Fam__V1__Lane lane, int64_t chat_id)
{
    cr_assert_lt(world.queued, (size_t)MANY);
    snprintf(world.queue[world.queued].id, sizeof(world.queue[0].id), "%s", id);
    world.queue[world.queued].lane = lane;
    world.queue[world.queued++].chat_id = chat_id;
}

static void release_message(void *owner)
{
    protobuf_c_message_free_unpacked(owner, NULL);
}

static void answer(struct fam_backend_reply *reply, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(size + 1);
    protobuf_c_message_pack(message, bytes);
    ProtobufCMessage *copy = protobuf_c_message_unpack(message->descriptor, NULL, size, bytes);
    free(bytes);
    *reply = (struct fam_backend_reply){.message = copy, .owner = copy, .release = release_message};
}

static void lease(const Fam__V1__LeaseRequest *request, struct fam_backend_reply *reply)
{
    Fam__V1__LeaseResponse response = FAM__V1__LEASE_RESPONSE__INIT;
    Fam__V1__Notification list[MANY], *pointers[MANY];
    int32_t others = 0;
    world.max = request->max;
    world.max_others = request->max_others;
    for (size_t i = 0; i < world.queued && (int32_t)response.n_notifications < request->max; i++) {
        bool is_answer = world.queue[i].lane == FAM__V1__LANE__LANE_ANSWERS;
        if (world.queue[i].is_leased || (!is_answer && others >= request->max_others))
            continue;
        others += is_answer ? 0 : 1;
        world.queue[i].is_leased = true;
        Fam__V1__Notification *one = &list[response.n_notifications];
        fam__v1__notification__init(one);
        one->notification_id = world.queue[i].id;
        one->lease_token = TXT("token");
        one->lease_ms = request->lease_ms;
        one->lane = world.queue[i].lane;
        one->chat_id = world.queue[i].chat_id;
        pointers[response.n_notifications++] = one;
    }
    response.notifications = pointers;
    answer(reply, &response.base);
}

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void tell(const char *format, ...)
{
    va_list args;
    size_t used = strlen(world.told);
    va_start(args, format);
    vsnprintf(world.told + used, sizeof(world.told) - used, format, args);
    va_end(args);
}

static enum fam_code perform(const struct fam_backend_call *call, struct fam_backend_reply *reply,
                             struct fam_status *status)
{
    static const char *const reasons[] = {"?", "later", "unavailable", "blocked", "rejected"};
    Fam__V1__AckResponse acked = FAM__V1__ACK_RESPONSE__INIT;
    Fam__V1__NackResponse nacked = FAM__V1__NACK_RESPONSE__INIT;
    if (call->method == FAM_BACKEND_LEASE) {
        cr_assert_not_null(call->cancel, "a long poll can be cut");
        if (world.lease_code != FAM_OK)
            return fam_fail(status, world.lease_code, "away");
        lease((const Fam__V1__LeaseRequest *)call->request, reply);
    } else if (call->method == FAM_BACKEND_ACK) {
        const Fam__V1__AckRequest *request = (const Fam__V1__AckRequest *)call->request;
        if (world.ack_code != FAM_OK && world.ack_failures-- > 0)
            return fam_fail(status, world.ack_code, "away");
        cr_assert_str_eq(request->lease_token, "token");
        tell("ack %s %lld/%lld;", request->notification_id, (long long)request->chat_id,
             (long long)request->message_id);
        answer(reply, &acked.base);
    } else {
        cr_assert_eq(call->method, FAM_BACKEND_NACK);
        const Fam__V1__NackRequest *request = (const Fam__V1__NackRequest *)call->request;
        tell("nack %s %s %u%s;", request->notification_id, reasons[request->reason], request->retry_after_ms,
             request->maybe_shown ? " maybe" : "");
        answer(reply, &nacked.base);
    }
    return FAM_OK;
}

static enum fam_code call_server(void *context, const struct fam_backend_call *call, struct fam_backend_reply *reply,
                                 struct fam_status *status)
{
    (void)context;
    pthread_mutex_lock(&world.mutex);
    enum fam_code code = perform(call, reply, status);
    pthread_mutex_unlock(&world.mutex);
    return code;
}

static enum fam_code show(void *context, const Fam__V1__Notification *notification, const struct fam_guard *guard,
                          int64_t *ret_message_id, struct fam_status *status)
{
    (void)context;
    clock_ms += world.show_takes_ms;
    if (world.asks_guard && !guard->may(guard->context))
        return fam_fail_reason(status, FAM_ABORTED, "LEAD_LOST", 0, "not ours");
    if (world.show_code != FAM_OK)
        return fam_fail_reason(status, world.show_code, world.show_reason, world.show_retry_ms, "fault");
    pthread_mutex_lock(&world.mutex);
    snprintf(world.shown[world.shown_count++], sizeof(world.shown[0]), "%s", notification->notification_id);
    pthread_mutex_unlock(&world.mutex);
    *ret_message_id = 500;
    return FAM_OK;
}

static bool enter(void *context, int64_t chat_id)
{
    bool is_free = true;
    (void)context;
    pthread_mutex_lock(&world.mutex);
    for (size_t i = 0; i < world.taken_count; i++)
        is_free &= world.taken[i] != chat_id;
    if (is_free)
        world.taken[world.taken_count++] = chat_id;
    pthread_mutex_unlock(&world.mutex);
    return is_free;
}

static void leave(void *context, int64_t chat_id)
{
    (void)context;
    pthread_mutex_lock(&world.mutex);
    for (size_t i = 0; i < world.taken_count; i++)
        if (world.taken[i] == chat_id)
            world.taken[i] = world.taken[--world.taken_count];
    pthread_mutex_unlock(&world.mutex);
}

static struct fam_backend backend = {.call = call_server};

static void set_up(void)
{
    struct fam_status status;
    clock_ms = 1000000;
    metrics = fam_metrics_new(2, "test", NULL, 0, &status);
    cr_assert_not_null(metrics);
    const struct fam_delivery_options options = {.backend = &backend,
                                                 .holder = "me",
                                                 .lease_ms = LEASE_MS,
                                                 .chats = {.enter = enter, .leave = leave},
                                                 .show = show,
                                                 .metrics = metrics,
                                                 .now_ms = now_ms};
    delivery = fam_delivery_new(&options, &status);
    cr_assert_not_null(delivery);
}

static void tear_down(void)
{
    fam_delivery_free(delivery);
    fam_metrics_free(metrics);
}

TestSuite(bot_delivery, .init = set_up, .fini = tear_down);

static void send_all(void)
{
    for (int i = 0; i < MANY && fam_delivery_send_next(delivery, false); i++)
        ;
}

static void assert_counted(const char *lane, const char *result, int times)
{
    char wanted[200];
    fam_auto(fam_buf_done) struct fam_buf page = {0};
    snprintf(wanted, sizeof(wanted), "family_emotions_bot_deliveries_total{lane=\"%s\",result=\"%s\"} %d\n", lane,
             result, times);
    fam_metrics_write(metrics, &page);
    cr_assert_not_null(strstr(fam_buf_text(&page), wanted), "%s", wanted);
}

Test(bot_delivery, answers_go_before_check_ins_before_reports_and_the_older_first)
{
    add("r1", FAM__V1__LANE__LANE_REPORTS, 1);
    add("c1", FAM__V1__LANE__LANE_CHECKINS, 2);
    add("a1", FAM__V1__LANE__LANE_ANSWERS, 3);
    add("c2", FAM__V1__LANE__LANE_CHECKINS, 4);
    add("a2", FAM__V1__LANE__LANE_ANSWERS, 5);
    cr_assert(fam_delivery_fetch(delivery, 0));
    cr_assert_eq(fam_delivery_waiting(delivery), 5);
    send_all();
    const char *const order[] = {"a1", "a2", "c1", "c2", "r1"};
    cr_assert_eq(world.shown_count, 5);
    for (size_t i = 0; i < 5; i++)
        cr_assert_str_eq(world.shown[i], order[i]);
    cr_assert_eq(fam_delivery_waiting(delivery), 0);
    assert_counted("answers", "shown", 2);
    assert_counted("checkins", "shown", 2);
    assert_counted("reports", "shown", 1);
}

Test(bot_delivery, a_share_and_a_sender_are_always_free_for_answers)
{
    for (int i = 0; i < 40; i++) {
        char id[16];
        snprintf(id, sizeof(id), "r%d", i);
        add(id, FAM__V1__LANE__LANE_REPORTS, 100 + i);
    }
    cr_assert(fam_delivery_fetch(delivery, 0));
    cr_assert_eq(world.max, FAM_DELIVERY_IN_HAND);
    cr_assert_eq(world.max_others, FAM_DELIVERY_OTHERS);
    cr_assert_eq(fam_delivery_waiting(delivery), FAM_DELIVERY_OTHERS);
    add("a1", FAM__V1__LANE__LANE_ANSWERS, 1);
    cr_assert(fam_delivery_fetch(delivery, 0));
    cr_assert_eq(world.max, FAM_DELIVERY_IN_HAND - FAM_DELIVERY_OTHERS);
    cr_assert_eq(world.max_others, 0);
    cr_assert_eq(fam_delivery_waiting(delivery), FAM_DELIVERY_OTHERS + 1);
    cr_assert(fam_delivery_send_next(delivery, true));
    cr_assert_str_eq(world.shown[0], "a1");
    cr_assert_not(fam_delivery_send_next(delivery, true), "the reserved sender takes nothing else");
}

Test(bot_delivery, what_is_shown_is_acknowledged_with_its_message)
{
    add("a1", FAM__V1__LANE__LANE_ANSWERS, 77);
    cr_assert(fam_delivery_fetch(delivery, 0));
    send_all();
    cr_assert_str_eq(world.told, "ack a1 77/500;");
}

Test(bot_delivery, each_outcome_becomes_the_right_word_to_the_server)
{
    static const struct {
        enum fam_code code;
        const char *reason;
        uint32_t retry_ms;
        const char *told;
        const char *result;
    } rows[] = {
        {FAM_RESOURCE_EXHAUSTED, "FLOOD", 30000, "nack a1 later 30000;", "later"},
        {FAM_PERMISSION_DENIED, "BLOCKED", 0, "nack a1 blocked 0;", "blocked"},
        {FAM_INVALID_ARGUMENT, "REJECTED", 0, "nack a1 rejected 0;", "rejected"},
        {FAM_NOT_FOUND, "NO_MESSAGE", 0, "nack a1 rejected 0;", "rejected"},
        {FAM_UNAVAILABLE, "UNCLEAR", 0, "nack a1 unavailable 0 maybe;", "unavailable"},
        {FAM_UNAVAILABLE, "TELEGRAM", 0, "nack a1 unavailable 0;", "unavailable"},
        {FAM_CANCELLED, "STOPPING", 0, "nack a1 later 0;", "later"},
        {FAM_UNAVAILABLE, "", 0, "nack a1 later 5000;", "later"},
        {FAM_UNIMPLEMENTED, "", 0, "nack a1 later 60000;", "later"},
        {FAM_ABORTED, "LEAD_LOST", 0, "", "lost"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world.queued = 0;
        world.told[0] = '\0';
        world.queue[0].is_leased = false;
        world.show_code = rows[i].code;
        world.show_reason = rows[i].reason;
        world.show_retry_ms = rows[i].retry_ms;
        add("a1", FAM__V1__LANE__LANE_ANSWERS, 77);
        cr_assert(fam_delivery_fetch(delivery, 0));
        cr_assert(fam_delivery_send_next(delivery, false));
        cr_assert_str_eq(world.told, rows[i].told, "row %zu: %s", i, world.told);
        cr_assert_eq(fam_delivery_waiting(delivery), 0);
        cr_assert_eq(world.taken_count, 0, "the chat is free again");
    }
    assert_counted("answers", "later", 4);
    assert_counted("answers", "unavailable", 2);
    assert_counted("answers", "lost", 1);
}

Test(bot_delivery, a_chat_that_has_to_wait_a_moment_holds_up_no_other)
{
    add("a1", FAM__V1__LANE__LANE_ANSWERS, 1);
    add("a2", FAM__V1__LANE__LANE_ANSWERS, 2);
    cr_assert(fam_delivery_fetch(delivery, 0));
    world.show_code = FAM_RESOURCE_EXHAUSTED;
    world.show_reason = "FLOOD";
    world.show_retry_ms = 900;
    cr_assert(fam_delivery_send_next(delivery, false));
    cr_assert_str_eq(world.told, "", "a short wait is waited here");
    world.show_code = FAM_OK;
    cr_assert(fam_delivery_send_next(delivery, false));
    cr_assert_str_eq(world.shown[0], "a2");
    cr_assert_not(fam_delivery_send_next(delivery, false), "not yet");
    clock_ms += 900;
    cr_assert(fam_delivery_send_next(delivery, false));
    cr_assert_str_eq(world.shown[1], "a1");
}

Test(bot_delivery, a_chat_that_is_being_answered_is_left_alone)
{
    add("a1", FAM__V1__LANE__LANE_ANSWERS, 1);
    add("c2", FAM__V1__LANE__LANE_CHECKINS, 2);
    cr_assert(fam_delivery_fetch(delivery, 0));
    cr_assert(enter(NULL, 1));
    cr_assert(fam_delivery_send_next(delivery, false));
    cr_assert_str_eq(world.shown[0], "c2");
    cr_assert_not(fam_delivery_send_next(delivery, false));
    leave(NULL, 1);
    cr_assert(fam_delivery_send_next(delivery, false));
    cr_assert_str_eq(world.shown[1], "a1");
}

Test(bot_delivery, after_the_end_of_its_lease_nothing_is_sent_or_said)
{
    add("a1", FAM__V1__LANE__LANE_ANSWERS, 1);
    add("a2", FAM__V1__LANE__LANE_ANSWERS, 2);
    cr_assert(fam_delivery_fetch(delivery, 0));
    world.asks_guard = true;
    world.show_takes_ms = LEASE_MS; /* stopped between the layout and the request */
    cr_assert(fam_delivery_send_next(delivery, false));
    world.show_takes_ms = 0;
    cr_assert(fam_delivery_send_next(delivery, false));
    cr_assert_eq(world.shown_count, 0);
    cr_assert_str_eq(world.told, "");
    assert_counted("answers", "lost", 2);
}

Test(bot_delivery, the_ack_is_repeated_until_the_server_heard_it)
{
    add("a1", FAM__V1__LANE__LANE_ANSWERS, 1);
    cr_assert(fam_delivery_fetch(delivery, 0));
    world.ack_code = FAM_UNAVAILABLE;
    world.ack_failures = 3;
    cr_assert(fam_delivery_send_next(delivery, false));
    cr_assert_str_eq(world.told, "ack a1 1/500;");
    assert_counted("answers", "shown", 1);
}

Test(bot_delivery, an_ack_that_is_refused_is_counted_apart)
{
    add("a1", FAM__V1__LANE__LANE_ANSWERS, 1);
    cr_assert(fam_delivery_fetch(delivery, 0));
    world.ack_code = FAM_ABORTED;
    world.ack_failures = 1;
    cr_assert(fam_delivery_send_next(delivery, false));
    assert_counted("answers", "unacked", 1);
}

Test(bot_delivery, a_stop_gives_back_what_was_not_begun)
{
    struct fam_status status;
    add("a1", FAM__V1__LANE__LANE_ANSWERS, 1);
    add("r1", FAM__V1__LANE__LANE_REPORTS, 2);
    cr_assert(fam_delivery_fetch(delivery, 0));
    cr_assert(fam_delivery_join(delivery, 0));
    cr_assert_not_null(strstr(world.told, "nack a1 later 0;"), "%s", world.told);
    cr_assert_not_null(strstr(world.told, "nack r1 later 0;"), "%s", world.told);
    cr_assert_eq(fam_delivery_waiting(delivery), 0);
    cr_assert_eq(fam_delivery_start(delivery, &status), FAM_OK);
    cr_assert(fam_delivery_join(delivery, 20000), "threads end at once");
}

Test(bot_delivery, the_threads_deliver_everything_once)
{
    struct fam_status status;
    for (int i = 0; i < MANY; i++) {
        char id[16];
        snprintf(id, sizeof(id), "n%d", i);
        add(id, (Fam__V1__Lane)(1 + i % 3), 1 + i % 7);
    }
    cr_assert_eq(fam_delivery_start(delivery, &status), FAM_OK);
    size_t shown = 0;
    for (uint64_t until_ms = fam_mono_ms() + 20000; shown < MANY && fam_mono_ms() < until_ms;) {
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        pthread_mutex_lock(&world.mutex);
        shown = world.shown_count;
        pthread_mutex_unlock(&world.mutex);
    }
    cr_assert(fam_delivery_join(delivery, 20000));
    cr_assert_eq(shown, MANY);
    for (int i = 0; i < MANY; i++) {
        char wanted[32];
        snprintf(wanted, sizeof(wanted), "ack n%d ", i);
        const char *first = strstr(world.told, wanted);
        cr_assert_not_null(first, "%s", wanted);
        cr_assert_null(strstr(first + 1, wanted));
    }
}
