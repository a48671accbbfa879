/* notify_node.h: one server of notifications on a store_fixture's database, as famserver builds it, with a client of a
 * bot and one of an operator. Several nodes on one database are several servers. */
#ifndef FAM_TESTS_NOTIFY_NODE_H
#define FAM_TESTS_NOTIFY_NODE_H

#include "fam/v1/session.pb-c.h"
#include "metrics/metrics.h"
#include "notify/bell.h"
#include "notify/notify.h"
#include "rpc/client.h"
#include "rpc/server.h"
#include "services/methods.h"
#include "services/services.h"
#include "support/notification_fixture.h"
#include "translate/translate.h"

struct notify_node {
    struct fam_store *store;
    struct fam_metrics *metrics;
    struct fam_translate *translate;
    struct fam_leases *leases;
    struct fam_bell *bell;
    struct fam_server *server;
    struct fam_services *services;
    struct fam_client *bot, *admin;
};

/* Waits for a condition, a minute at most. */
#define NODE_WAIT(condition)                                                                                           \
    do {                                                                                                               \
        uint64_t until_ms = fam_mono_ms() + 60000;                                                                     \
        while (!(condition) && fam_mono_ms() < until_ms)                                                               \
            nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);                                                   \
        cr_assert(condition);                                                                                          \
    } while (0)

static inline enum fam_code node_authenticate(void *context, const char *token, bool may_block, bool *ret_would_block,
                                              struct fam_principal *ret_principal, struct fam_status *status)
{
    (void)context;
    (void)may_block;
    (void)status;
    *ret_would_block = false;
    bool admin = strcmp(token, "admin") == 0;
    ret_principal->role = admin ? FAM_ROLE_ADMIN : FAM_ROLE_BOT;
    snprintf(ret_principal->scope, sizeof(ret_principal->scope), "%s", admin ? "admin:ops" : "bot:100");
    return FAM_OK;
}

static inline struct fam_client *node_client(const struct notify_node *node, const char *token)
{
    char url[64];
    struct fam_status status = {0};
    snprintf(url, sizeof(url), "tcp://127.0.0.1:%u", (unsigned)fam_server_port(node->server, 0));
    const struct fam_client_options options = {.urls = url, .token = token, .version = "test/1"};
    struct fam_client *client = fam_client_new(&options, &status);
    cr_assert(client, "%s", status.message);
    return client;
}

static inline void node_serve(struct notify_node *node)
{
    static const char *const urls[] = {"tcp://127.0.0.1:0"};
    struct fam_status status = {0};
    const struct fam_server_options options = {.urls = urls,
                                               .url_count = 1,
                                               .methods = fam_methods,
                                               .method_count = fam_method_count,
                                               .rules = fam_field_rules,
                                               .rule_count = fam_field_rule_count,
                                               .calls = 8,
                                               .workers = 4,
                                               .metrics = node->metrics,
                                               .hooks = {.authenticate = node_authenticate}};
    node->server = fam_server_new(&options, &status);
    cr_assert(node->server, "%s", status.message);
    const struct fam_services_context context = {.store = node->store,
                                                 .translate = node->translate,
                                                 .leases = node->leases,
                                                 .bell = node->bell,
                                                 .server = node->server,
                                                 .metrics = node->metrics,
                                                 .default_language = FAM__V1__LANGUAGE__LANGUAGE_RU};
    node->services = fam_services_new(&context, &status);
    cr_assert(node->services, "%s", status.message);
    cr_assert_eq(fam_services_register(node->services, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_server_start(node->server, &status), FAM_OK, "%s", status.message);
}

/* `look_ms` as in fam_bell_options: very long where a test is about being woken. */
static inline void node_start(struct notify_node *node, const char *conninfo, uint32_t look_ms)
{
    struct fam_status status = {0};
    size_t count = 0;
    memset(node, 0, sizeof(*node));
    node->store = store_open(conninfo, KEY_V1, 4);
    const char *const *methods = fam_method_names(&count);
    node->metrics = fam_metrics_new(1, "test", methods, count, &status);
    cr_assert(node->metrics, "%s", status.message);
    node->translate = fam_translate_new(NULL, node->metrics, NULL, &status);
    cr_assert(node->translate, "%s", status.message);
    node->leases = fam_leases_new(node->metrics, &status);
    cr_assert(node->leases, "%s", status.message);
    const struct fam_pool_options pool = {.conninfo = conninfo, .statement_timeout_ms = 5000, .metrics = node->metrics};
    const struct fam_bell_options bell = {
        .pool = &pool, .leases = node->leases, .look_ms = look_ms, .metrics = node->metrics};
    node->bell = fam_bell_new(&bell, &status);
    cr_assert(node->bell, "%s", status.message);
    node_serve(node);
    node->bot = node_client(node, "bot");
    node->admin = node_client(node, "admin");
}

static inline void node_stop(struct notify_node *node)
{
    fam_client_free(node->bot);
    fam_client_free(node->admin);
    fam_server_free(node->server);
    fam_services_free(node->services);
    fam_bell_free(node->bell);
    fam_leases_free(node->leases);
    fam_translate_free(node->translate);
    fam_store_free(node->store);
    fam_metrics_free(node->metrics);
}

/* ---- Lease ---- */

struct node_lease {
    struct fam_rpc_options options;
    struct fam_rpc rpc;
};

static inline void lease_begin(struct notify_node *node, struct node_lease *lease, uint32_t wait_ms, int32_t max_others)
{
    Fam__V1__LeaseRequest request = FAM__V1__LEASE_REQUEST__INIT;
    /* Each of another process: a second call of one would end the first. */
    static unsigned processes;
    char holder[32];
    snprintf(holder, sizeof(holder), "bot-%u", ++processes);
    lease->options = (struct fam_rpc_options){.timeout_ms = 60000};
    request.holder = holder;
    request.max = 8;
    request.max_others = max_others;
    request.wait_ms = wait_ms;
    fam_rpc_init(&lease->rpc, &lease->options);
    fam__v1__notification_service__lease(fam_client_service(node->bot, &fam__v1__notification_service__descriptor),
                                         &request, NULL, &lease->rpc);
}

/* The caller ends it by fam_rpc_done. */
static inline const Fam__V1__LeaseResponse *lease_end(struct node_lease *lease)
{
    struct fam_status status = {0};
    cr_assert_eq(fam_rpc_wait(&lease->rpc, &status), FAM_OK, "%s", status.message);
    return (const Fam__V1__LeaseResponse *)fam_rpc_response(&lease->rpc);
}

static inline const Fam__V1__LeaseResponse *lease_now(struct notify_node *node, struct node_lease *lease)
{
    lease_begin(node, lease, 0, 8);
    return lease_end(lease);
}

static inline void expect_leased(struct notify_node *node, size_t count)
{
    struct node_lease lease;
    const Fam__V1__LeaseResponse *response = lease_now(node, &lease);
    cr_assert_eq(response->n_notifications, count, "%zu, not %zu", response->n_notifications, count);
    fam_rpc_done(&lease.rpc);
}

static inline void node_ack(struct notify_node *node, const Fam__V1__Notification *notification)
{
    Fam__V1__AckRequest request = FAM__V1__ACK_REQUEST__INIT;
    struct fam_status status = {0};
    struct fam_rpc rpc;
    request.notification_id = notification->notification_id;
    request.lease_token = notification->lease_token;
    request.chat_id = notification->chat_id;
    request.message_id = 500;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(node->bot, fam__v1__notification_service, ack, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    fam_rpc_done(&rpc);
}

static inline void node_nack(struct notify_node *node, const Fam__V1__Notification *notification,
                             Fam__V1__NackReason reason)
{
    Fam__V1__NackRequest request = FAM__V1__NACK_REQUEST__INIT;
    struct fam_status status = {0};
    struct fam_rpc rpc;
    request.notification_id = notification->notification_id;
    request.lease_token = notification->lease_token;
    request.reason = reason;
    fam_rpc_init(&rpc, NULL);
    cr_assert_eq(FAM_RPC(node->bot, fam__v1__notification_service, nack, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    fam_rpc_done(&rpc);
}

#endif
