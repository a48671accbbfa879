#include "bot.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend.h"
#include "base/clock.h"
#include "base/log.h"
#include "callback.h"
#include "delivery.h"
#include "dialog/deliver.h"
#include "dialog/dialog.h"
#include "fam/v1/ops.pb-c.h"
#include "lanes.h"
#include "leader.h"
#include "locale.h"
#include "menu.h"
#include "metrics/metrics.h"
#include "net/http_client.h"
#include "net/sentry.h"
#include "pages.h"
#include "poller.h"
#include "rpc/client.h"
#include "sender.h"
#include "telegram/api.h"
#include "username.h"

enum {
    UPDATES_IN_MEMORY = 100, /* a poll brings no more */
    STACK_BYTES = 384 * 1024,
    MENU_RETRY_MS = 30000,
    REPORT_MS = 10000,
    REPORT_PATIENCE_MS = 2000,
    FIRST_POLL_MS = 60000,
    STEP_MS = 100,
    CONFIRM_MS = 2000,
    AFTER_DRAIN_MS = 2000
};

struct fam_bot {
    const struct fam_config *config;
    struct fam_log *log;
    struct fam_sentry *sentry; /* may be NULL */
    struct fam_metrics *metrics;
    struct fam_locales *locales;
    struct fam_callback_signer signer;
    struct fam_http_client *http;
    struct fam_api *api;
    struct fam_client *client;
    struct fam_backend backend;
    struct fam_sender *sender;
    struct fam_username *username;
    struct fam_dialog *dialog;
    struct fam_lanes *lanes;
    char holder[FAM_HOLDER_SIZE]; /* names this process to the server */
    struct fam_leader *leader;
    struct fam_delivery *delivery;
    struct fam_poller *poller;
    struct fam_bot_pages *pages;
    uint64_t started_ms;
    atomic_bool stop;   /* no more polls */
    atomic_bool cut;    /* the poll that is under way ends: stopping, or another process leads */
    atomic_bool abort;  /* nothing more at all */
    atomic_bool unlead; /* the lead is asked for no more */
    pthread_t poll_thread;
    pthread_t chores_thread;
    pthread_t lead_thread;
    bool has_poll_thread;
    bool has_chores_thread;
    bool has_lead_thread;
};

static Fam__V1__Language default_language(const struct fam_bot *bot)
{
    return fam_locale_language_of(bot->config->default_language);
}

static void set_gauges(struct fam_metrics *metrics, void *context)
{
    struct fam_bot *bot = context;
    fam_metrics_set(metrics, FAM_M_BOT_LANES, NULL, (double)fam_lanes_busy(bot->lanes));
    fam_metrics_set(metrics, FAM_M_BOT_OLDEST_UPDATE, NULL, (double)fam_lanes_oldest_ms(bot->lanes) / 1000);
    fam_metrics_set(metrics, FAM_M_BOT_LEADING, NULL, fam_leader_role(bot->leader, NULL) == FAM_LEAD_HELD ? 1 : 0);
    fam_metrics_set(metrics, FAM_M_BOT_DELIVERY_WAITING, NULL, (double)fam_delivery_waiting(bot->delivery));
    fam_metrics_set(metrics, FAM_M_LOG_DROPPED, NULL, (double)fam_log_dropped(bot->log));
    struct fam_client_stats rpc;
    fam_client_stats(bot->client, &rpc);
    fam_metrics_set(metrics, FAM_M_RPC_CLIENT_RETRIES, NULL, (double)rpc.retries);
    fam_metrics_set(metrics, FAM_M_RPC_CLIENT_FAILOVERS, NULL, (double)rpc.failovers);
    fam_metrics_set(metrics, FAM_M_RPC_CLIENT_STALLS, NULL, (double)rpc.stalls);
    fam_metrics_set(metrics, FAM_M_RPC_CLIENT_SERVERS, NULL, (double)rpc.connected);
}

static bool make_net(struct fam_bot *bot, struct fam_status *status)
{
    const struct fam_config *config = bot->config;
    struct fam_http_client_options http = {.user_agent = "fambot/" FAM_VERSION,
                                           .proxy = fam_secret_text(&config->telegram_proxy),
                                           .allow_plain_http = strncasecmp(config->telegram_api_url, "http://", 7) == 0,
                                           .handles = config->lanes + 2 + FAM_DELIVERY_SENDERS};
    const struct fam_tls_options tls = {.cert_file = config->tls_cert_file,
                                        .key_file = config->tls_key_file,
                                        .ca_file = config->tls_ca_file,
                                        .server_name = config->tls_server_name};
    struct fam_client_options rpc = {.urls = config->servers,
                                     .token = fam_secret_text(&config->token),
                                     .version = "fambot/" FAM_VERSION,
                                     .tls = &tls};
    if (http.handles > 64) {
        http.handles = 64;
    }
    if (!(bot->http = fam_http_client_new(&http, status))) {
        return false;
    }
    struct fam_api_options api = {.http = bot->http,
                                  .base_url = config->telegram_api_url,
                                  .token = &config->telegram_bot_token,
                                  .metrics = bot->metrics,
                                  .abort = &bot->abort};
    if (!(bot->api = fam_api_new(&api, status)) || !(bot->client = fam_client_new(&rpc, status))) {
        return false;
    }
    if (!(bot->username = fam_username_new(bot->api, status))) {
        return false;
    }
    fam_backend_init(&bot->backend, bot->client);
    struct fam_sender_options sender = {
        .api = bot->api, .log = bot->log, .abort = &bot->abort, .per_second = (uint32_t)config->telegram_rate};
    return (bot->sender = fam_sender_new(&sender, status)) != NULL;
}

/* On the leader's thread. */
static void on_lead(void *context, enum fam_lead_event event)
{
    struct fam_bot *bot = context;
    bool is_lost = event == FAM_LEAD_LOST;
    atomic_store(&bot->cut, is_lost || atomic_load(&bot->stop));
    fam_lanes_hold(bot->lanes, is_lost);
    if (is_lost || event == FAM_LEAD_TAKEN) {
        fam_lanes_reset(bot->lanes);
    }
    fam_lanes_wake(bot->lanes);
}

static bool may_poll(void *leader)
{
    return fam_leader_role(leader, NULL) != FAM_LEAD_NONE;
}

static void note_conflict(void *leader)
{
    fam_leader_conflict(leader);
}

static bool enter_chat(void *lanes, int64_t chat_id)
{
    return fam_lanes_enter(lanes, chat_id);
}

static void leave_chat(void *lanes, int64_t chat_id)
{
    fam_lanes_leave(lanes, chat_id);
}

/* Shows a notification, in the pace of its lane. */
static enum fam_code show(void *context, const Fam__V1__Notification *notification, const struct fam_guard *guard,
                          int64_t *ret_message_id, struct fam_status *status)
{
    const struct fam_bot *bot = context;
    enum fam_pace pace = notification->lane == FAM__V1__LANE__LANE_ANSWERS    ? FAM_PACE_ANSWERS
                         : notification->lane == FAM__V1__LANE__LANE_CHECKINS ? FAM_PACE_CHECKINS
                                                                              : FAM_PACE_REPORTS;
    const struct fam_notice notice = {
        .notification = notification, .messenger = fam_sender_notifier(bot->sender, pace), .guard = guard};
    return fam_dialog_deliver(bot->dialog, &notice, ret_message_id, status);
}

static bool make_lead(struct fam_bot *bot, struct fam_status *status)
{
    fam_holder_make(bot->holder);
    const struct fam_leader_options leader = {.backend = &bot->backend,
                                              .holder = bot->holder,
                                              .ttl_ms = (uint32_t)bot->config->lead_ms,
                                              .changed = on_lead,
                                              .context = bot,
                                              .log = bot->log,
                                              .metrics = bot->metrics};
    return (bot->leader = fam_leader_new(&leader, status)) != NULL;
}

static bool make_delivery(struct fam_bot *bot, struct fam_status *status)
{
    const struct fam_delivery_options delivery = {
        .backend = &bot->backend,
        .holder = bot->holder,
        .lease_ms = (uint32_t)bot->config->lease_ms,
        .chats = {.context = bot->lanes, .enter = enter_chat, .leave = leave_chat},
        .show = show,
        .context = bot,
        .log = bot->log,
        .metrics = bot->metrics};
    return (bot->delivery = fam_delivery_new(&delivery, status)) != NULL;
}

static bool make_rooms(struct fam_bot *bot, struct fam_status *status)
{
    if (!make_lead(bot, status)) {
        return false;
    }
    struct fam_dialog_options dialog = {.backend = &bot->backend,
                                        .messenger = fam_sender_messenger(bot->sender),
                                        .lead = fam_leader_lead(bot->leader),
                                        .signer = &bot->signer,
                                        .locales = bot->locales,
                                        .default_language = default_language(bot),
                                        .bot_id = fam_api_bot_id(bot->api),
                                        .username = fam_username_get,
                                        .self = bot->username,
                                        .log = bot->log,
                                        .metrics = bot->metrics};
    if (!(bot->dialog = fam_dialog_new(&dialog, status))) {
        return false;
    }
    struct fam_lanes_options lanes = {.workers = bot->config->lanes,
                                      .capacity = UPDATES_IN_MEMORY,
                                      .handle = fam_dialog_handle,
                                      .context = bot->dialog};
    if (!(bot->lanes = fam_lanes_new(&lanes, status)) || !make_delivery(bot, status)) {
        return false;
    }
    fam_lanes_hold(bot->lanes, true);
    fam_metrics_on_scrape(bot->metrics, set_gauges, bot);
    fam_metrics_on_scrape(bot->metrics, fam_sentry_on_scrape, bot->sentry);
    struct fam_poller_options poller = {.api = bot->api,
                                        .lanes = bot->lanes,
                                        .log = bot->log,
                                        .metrics = bot->metrics,
                                        .stop = &bot->stop,
                                        .cut = &bot->cut,
                                        .may_poll = may_poll,
                                        .conflict = note_conflict,
                                        .lead = bot->leader};
    if (!(bot->poller = fam_poller_new(&poller, status))) {
        return false;
    }
    struct fam_bot_pages_options pages = {.address = bot->config->bot_http_listen,
                                          .metrics = bot->metrics,
                                          .client = bot->client,
                                          .poller = bot->poller,
                                          .leader = bot->leader,
                                          .version = FAM_VERSION};
    return (bot->pages = fam_bot_pages_new(&pages, status)) != NULL;
}

static bool make(struct fam_bot *bot, struct fam_status *status)
{
    if (fam_secret_is_empty(&bot->config->telegram_bot_token)) {
        fam_fail(status, FAM_INVALID_ARGUMENT, "TELEGRAM_BOT_TOKEN is empty: @BotFather gives one");
        return false;
    }
    if (!(bot->metrics = fam_metrics_new(FAM_PROGRAM_BOT, FAM_VERSION, NULL, 0, status)) ||
        !(bot->locales = fam_locales_new(status))) {
        return false;
    }
    if (!fam_callback_init(&bot->signer, &bot->config->telegram_bot_token)) {
        fam_fail_memory(status);
        return false;
    }
    return make_net(bot, status) && make_rooms(bot, status);
}

struct fam_bot *fam_bot_new(const struct fam_config *config, struct fam_log *log, struct fam_sentry *sentry,
                            struct fam_status *status)
{
    struct fam_bot *bot = calloc(1, sizeof(*bot));
    if (!bot) {
        fam_fail_memory(status);
        return NULL;
    }
    bot->config = config;
    bot->started_ms = fam_mono_ms();
    bot->log = log;
    bot->sentry = sentry;
    if (make(bot, status)) {
        return bot;
    }
    fam_bot_free(bot);
    return NULL;
}

static void *poll_updates(void *context)
{
    struct fam_bot *bot = context;
    fam_poller_run(bot->poller);
    return NULL;
}

static void *keep_lead(void *context)
{
    struct fam_bot *bot = context;
    fam_leader_run(bot->leader, &bot->unlead);
    return NULL;
}

/* How the bot is doing, for the server's health. A report that does not arrive is not repeated: the next one says more.
 */
static void report(struct fam_bot *bot)
{
    uint64_t age_ms = fam_poller_age_ms(bot->poller);
    bool is_standby = fam_leader_role(bot->leader, NULL) == FAM_LEAD_NONE;
    if (age_ms == UINT64_MAX && !is_standby && fam_mono_ms() - bot->started_ms < FIRST_POLL_MS) {
        return; /* the first poll is still on its way: nothing is known yet */
    }
    char version[] = FAM_VERSION;
    Fam__V1__ReportBotRequest request = FAM__V1__REPORT_BOT_REQUEST__INIT;
    request.version = version;
    request.instance = bot->holder;
    request.standby = is_standby;
    request.polled = age_ms != UINT64_MAX;
    request.poll_age_ms = age_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)age_ms;
    request.unhandled_updates = (uint32_t)fam_lanes_pending(bot->lanes);
    const struct fam_rpc_options options = {.timeout_ms = REPORT_PATIENCE_MS, .read_only = true};
    struct fam_status status;
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    if (FAM_RPC(bot->client, fam__v1__ops_service, report_bot, &rpc, &request, &status) != FAM_OK) {
        fam_log_status(bot->log, FAM_LOG_DEBUG, "bot", "the server did not hear how the bot is doing", &status);
    }
    fam_rpc_done(&rpc);
}

/* Telegram's menus, until it could be asked once, and reports to the server. */
static void *do_chores(void *context)
{
    struct fam_bot *bot = context;
    uint64_t next_menu_ms = 0, next_report_ms = 0;
    while (!atomic_load(&bot->stop)) {
        if (fam_mono_ms() >= next_report_ms) {
            report(bot);
            next_report_ms = fam_mono_ms() + REPORT_MS;
        }
        if (fam_mono_ms() >= next_menu_ms) {
            bool published = fam_menu_publish(bot->api, bot->locales, default_language(bot), bot->log);
            next_menu_ms = published ? UINT64_MAX : fam_mono_ms() + MENU_RETRY_MS;
        }
        struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
        nanosleep(&step, NULL);
    }
    return NULL;
}

enum fam_code fam_bot_start(struct fam_bot *bot, struct fam_status *status)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    bot->has_poll_thread = pthread_create(&bot->poll_thread, &attributes, poll_updates, bot) == 0;
    bot->has_chores_thread = pthread_create(&bot->chores_thread, &attributes, do_chores, bot) == 0;
    bot->has_lead_thread = pthread_create(&bot->lead_thread, &attributes, keep_lead, bot) == 0;
    pthread_attr_destroy(&attributes);
    if (!bot->has_poll_thread || !bot->has_chores_thread || !bot->has_lead_thread) {
        return fam_fail(status, FAM_RESOURCE_EXHAUSTED, "no threads to poll Telegram");
    }
    if (fam_delivery_start(bot->delivery, status) != FAM_OK) {
        return status->code;
    }
    FAM_LOG(bot->log, FAM_LOG_INFO, "bot", "started", FAM_STR("version", FAM_VERSION),
            FAM_STR("bot_id", fam_api_bot_id(bot->api)), FAM_STR("holder", bot->holder),
            FAM_U64("http_port", fam_bot_http_port(bot)), FAM_U64("lanes", bot->config->lanes));
    return FAM_OK;
}

/* What was handled since the last poll, so that it does not come again after the start. */
static void confirm(struct fam_bot *bot)
{
    char json[96];
    struct fam_api_result result;
    int64_t offset = fam_lanes_offset(bot->lanes);
    if (offset == 0 || fam_leader_role(bot->leader, NULL) == FAM_LEAD_NONE) {
        return;
    }
    snprintf(json, sizeof(json), "{\"offset\":%" PRId64 ",\"limit\":1,\"timeout\":0}", offset);
    fam_api_call(bot->api, "getUpdates", json, CONFIRM_MS, NULL, &result);
    fam_api_result_done(&result);
}

/* Given back when nothing of it is left: then another process goes on at once. */
static void end_lead(struct fam_bot *bot)
{
    atomic_store(&bot->unlead, true);
    fam_leader_wake(bot->leader);
    if (bot->has_lead_thread) {
        pthread_join(bot->lead_thread, NULL);
        fam_leader_release(bot->leader);
    }
    bot->has_lead_thread = false;
}

bool fam_bot_stop(struct fam_bot *bot)
{
    FAM_LOG0(bot->log, FAM_LOG_INFO, "bot", "stopping");
    uint64_t until_ms = fam_mono_ms() + bot->config->drain_ms;
    atomic_store(&bot->stop, true);
    atomic_store(&bot->cut, true);
    fam_lanes_wake(bot->lanes);
    fam_delivery_stop(bot->delivery);
    if (bot->has_poll_thread) {
        pthread_join(bot->poll_thread, NULL);
    }
    bot->has_poll_thread = false;
    bool drained = fam_lanes_stop(bot->lanes, bot->config->drain_ms);
    confirm(bot);
    end_lead(bot);
    uint64_t now_ms = fam_mono_ms();
    bool delivered = fam_delivery_join(bot->delivery, now_ms < until_ms ? (uint32_t)(until_ms - now_ms) : 0);
    atomic_store(&bot->abort, true);
    if (bot->has_chores_thread) {
        pthread_join(bot->chores_thread, NULL);
    }
    bot->has_chores_thread = false;
    drained = drained || fam_lanes_stop(bot->lanes, AFTER_DRAIN_MS);
    delivered = delivered || fam_delivery_join(bot->delivery, AFTER_DRAIN_MS);
    FAM_LOG(bot->log, FAM_LOG_INFO, "bot", "stopped", FAM_U64("unconfirmed", fam_lanes_pending(bot->lanes)),
            FAM_BOOL("drained", drained && delivered));
    return drained && delivered;
}

uint16_t fam_bot_http_port(const struct fam_bot *bot)
{
    return fam_bot_pages_port(bot->pages);
}

void fam_bot_free(struct fam_bot *bot)
{
    if (!bot) {
        return;
    }
    atomic_store(&bot->stop, true);
    atomic_store(&bot->cut, true);
    atomic_store(&bot->abort, true);
    atomic_store(&bot->unlead, true);
    if (bot->has_lead_thread) {
        pthread_join(bot->lead_thread, NULL);
    }
    if (bot->has_poll_thread) {
        pthread_join(bot->poll_thread, NULL);
    }
    if (bot->has_chores_thread) {
        pthread_join(bot->chores_thread, NULL);
    }
    fam_bot_pages_free(bot->pages);
    fam_delivery_free(bot->delivery);
    fam_lanes_free(bot->lanes);
    fam_poller_free(bot->poller);
    fam_dialog_free(bot->dialog);
    fam_leader_free(bot->leader);
    fam_sender_free(bot->sender);
    fam_client_free(bot->client);
    fam_username_free(bot->username);
    fam_api_free(bot->api);
    fam_http_client_free(bot->http);
    fam_callback_done(&bot->signer);
    fam_locales_free(bot->locales);
    fam_metrics_free(bot->metrics);
    free(bot);
}
