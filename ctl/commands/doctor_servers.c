/* doctor, the half that asks servers. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "commands/doctor.h"
#include "fam/v1/ops.pb-c.h"
#include "words.h"

enum { CLOCK_WARN_MS = 5000, CLOCK_FAIL_MS = 60000 };

static struct fam_rpc_options question(const struct fam_doctor *doctor)
{
    struct fam_rpc_options options = fam_ctl_call(doctor->ctl);
    options.read_only = true;
    return options;
}

void fam_doctor_done(struct fam_doctor *doctor)
{
    free(doctor->urls);
    doctor->urls = NULL;
}

static void split_servers(struct fam_doctor *doctor)
{
    char *rest = NULL;
    doctor->urls = strdup(fam_ctl_servers(doctor->ctl));
    for (char *url = doctor->urls == NULL ? NULL : strtok_r(doctor->urls, ",", &rest);
         url != NULL && doctor->server_count < FAM_DOCTOR_SERVERS; url = strtok_r(NULL, ",", &rest)) {
        doctor->servers[doctor->server_count++].url = url;
    }
}

static void check_server(struct fam_doctor *doctor, size_t index)
{
    struct fam_status why = {.message = ""};
    struct fam_rpc rpc;
    const char *url = doctor->servers[index].url;
    const struct fam_rpc_options options = question(doctor);
    Fam__V1__ServerInfoRequest request = FAM__V1__SERVER_INFO_REQUEST__INIT;
    struct fam_client *client = fam_ctl_client(doctor->ctl, url, &why);
    enum fam_code code = client == NULL ? why.code : FAM_OK;
    if (code == FAM_OK) {
        fam_rpc_init(&rpc, &options);
        code = FAM_RPC(client, fam__v1__ops_service, server_info, &rpc, &request, &why);
        if (code == FAM_OK) {
            const Fam__V1__ServerInfoResponse *info = (const Fam__V1__ServerInfoResponse *)fam_rpc_response(&rpc);
            snprintf(doctor->servers[index].version, sizeof(doctor->servers[index].version), "%s", info->version);
            fam_doctor_add(doctor, info->draining ? FAM_FINDING_WARN : FAM_FINDING_OK, "server",
                           "wait for its stop, or start it again", "%.100s answers%s", url,
                           info->draining ? ", and is stopping" : "");
        }
        fam_rpc_done(&rpc);
    }
    if (code != FAM_OK) {
        doctor->exit_code = doctor->exit_code != 0 ? doctor->exit_code : fam_ctl_exit_code(&why);
        fam_doctor_add(doctor, FAM_FINDING_FAIL, "server", "start famserver there, or correct FAM_SERVERS",
                       "%.100s: %s", url, why.message);
    }
    fam_client_free(client);
}

static void check_versions(struct fam_doctor *doctor)
{
    for (size_t i = 0; i < doctor->server_count; i++) {
        const char *version = doctor->servers[i].version;
        if (version[0] != '\0' && strcmp(version, FAM_VERSION) != 0) {
            fam_doctor_add(doctor, FAM_FINDING_WARN, "versions", "install the same version everywhere",
                           "%.100s is %s, famctl is %s", doctor->servers[i].url, version, FAM_VERSION);
            return;
        }
    }
    fam_doctor_add(doctor, FAM_FINDING_OK, "versions", "", "all are %s", FAM_VERSION);
}

static bool parse_time(const char *text, int64_t *ret_unix_ms)
{
    struct tm parts = {.tm_year = 0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == NULL) {
        return false;
    }
    *ret_unix_ms = (int64_t)timegm(&parts) * 1000;
    return true;
}

/* The report's age has its bound; what is left is the difference of the clocks. */
static void check_clock(struct fam_doctor *doctor, const Fam__V1__HealthResponse *health)
{
    int64_t theirs = 0;
    uint32_t age_ms = 0;
    if (!parse_time(health->checked_at, &theirs)) {
        fam_doctor_add(doctor, FAM_FINDING_WARN, "clock", "update the server", "the server tells no time");
        return;
    }
    for (size_t i = 0; i < health->n_checks; i++) {
        age_ms = health->checks[i]->age_ms > age_ms ? health->checks[i]->age_ms : age_ms;
    }
    int64_t apart = llabs(fam_wall_ms() - theirs);
    apart = apart > (int64_t)age_ms ? apart - (int64_t)age_ms : 0;
    enum fam_finding finding = apart > CLOCK_FAIL_MS   ? FAM_FINDING_FAIL
                               : apart > CLOCK_WARN_MS ? FAM_FINDING_WARN
                                                       : FAM_FINDING_OK;
    fam_doctor_add(doctor, finding, "clock", "set both clocks by NTP: timedatectl set-ntp true",
                   "at most %" PRId64 " s apart", apart / 1000 + 1);
}

static const char *fix_of(const char *dependency)
{
    if (strcmp(dependency, "database") == 0) {
        return "start PostgreSQL, check DATABASE_URL; the server's log has more";
    }
    if (strcmp(dependency, "redis") == 0) {
        return "start Redis, check REDIS_URL; until then conversations are forgotten";
    }
    return "the server's log has more: famctl logs --level warn";
}

static void check_health(struct fam_doctor *doctor, const Fam__V1__HealthResponse *health)
{
    check_clock(doctor, health);
    for (size_t i = 0; i < health->n_checks; i++) {
        const Fam__V1__HealthCheck *check = health->checks[i];
        char name[64];
        bool healthy = check->status == FAM__V1__HEALTH_STATUS__HEALTH_STATUS_HEALTHY;
        bool degraded = check->status == FAM__V1__HEALTH_STATUS__HEALTH_STATUS_DEGRADED;
        snprintf(name, sizeof(name), "health: %s", check->name);
        fam_doctor_add(doctor,
                       healthy    ? FAM_FINDING_OK
                       : degraded ? FAM_FINDING_WARN
                                  : FAM_FINDING_FAIL,
                       name, fix_of(check->name), "%s", healthy ? "healthy" : check->reason);
    }
}

static void ask_health(struct fam_doctor *doctor, struct fam_client *client)
{
    struct fam_status why = {.message = ""};
    struct fam_rpc rpc;
    const struct fam_rpc_options options = question(doctor);
    Fam__V1__HealthRequest request = FAM__V1__HEALTH_REQUEST__INIT;
    fam_rpc_init(&rpc, &options);
    if (FAM_RPC(client, fam__v1__ops_service, health, &rpc, &request, &why) == FAM_OK) {
        check_health(doctor, (const Fam__V1__HealthResponse *)fam_rpc_response(&rpc));
    } else {
        fam_doctor_add(doctor, FAM_FINDING_FAIL, "health", "the server's log has more", "%s", why.message);
    }
    fam_rpc_done(&rpc);
}

static void ask_ready(struct fam_doctor *doctor, struct fam_client *client)
{
    struct fam_status why = {.message = ""};
    struct fam_rpc rpc;
    const struct fam_rpc_options options = question(doctor);
    Fam__V1__ReadyRequest request = FAM__V1__READY_REQUEST__INIT;
    fam_rpc_init(&rpc, &options);
    if (FAM_RPC(client, fam__v1__ops_service, ready, &rpc, &request, &why) == FAM_OK) {
        const Fam__V1__ReadyResponse *ready = (const Fam__V1__ReadyResponse *)fam_rpc_response(&rpc);
        fam_doctor_add(doctor, ready->ready ? FAM_FINDING_OK : FAM_FINDING_FAIL, "readiness",
                       "mend what it names; FAM_READY_REQUIRES says what readiness takes", "%s",
                       ready->ready ? "calls may be sent here" : ready->reason);
    } else {
        fam_doctor_add(doctor, FAM_FINDING_FAIL, "readiness", "the server's log has more", "%s", why.message);
    }
    fam_rpc_done(&rpc);
}

/* An operators' method that works without the database: what comes back tells about the token. */
static void judge_claude(struct fam_doctor *doctor, const Fam__V1__GetClaudeResponse *claude)
{
    bool closed = claude->breaker == NULL || claude->breaker->state == FAM__V1__BREAKER_STATE__BREAKER_STATE_CLOSED;
    bool spent = claude->budget_micro_usd > 0 && claude->spent_today_micro_usd >= claude->budget_micro_usd;
    fam_doctor_add(doctor, claude->enabled ? FAM_FINDING_OK : FAM_FINDING_WARN, "Claude",
                   "set FAM_CLAUDE=on and ANTHROPIC_API_KEY_FILE for famserver, if that is wanted", "%s",
                   claude->enabled ? claude->model : claude->why_disabled);
    if (!claude->enabled) {
        return;
    }
    fam_doctor_add(doctor, closed ? FAM_FINDING_OK : FAM_FINDING_WARN, "Claude's breaker",
                   "see 'famctl logs --level warn' for why; 'famctl claude breaker reset' tries again", "%s",
                   closed ? "closed: calls are made" : "open after failures: answers come from the offline rules");
    if (claude->budget_micro_usd == 0) {
        fam_doctor_add(doctor, FAM_FINDING_OK, "Claude's budget", "", "%lld micro-USD today, no budget is set",
                       (long long)claude->spent_today_micro_usd);
        return;
    }
    fam_doctor_add(doctor, spent ? FAM_FINDING_WARN : FAM_FINDING_OK, "Claude's budget",
                   "wait for tomorrow, or raise FAM_CLAUDE_BUDGET_DAY", "%lld of %lld micro-USD today",
                   (long long)claude->spent_today_micro_usd, (long long)claude->budget_micro_usd);
}

static void judge_token(struct fam_doctor *doctor, const struct fam_status *why)
{
    static const char fix[] = "'famserver --create-token admin NAME' on the server makes one; FAM_TOKEN_FILE names it";
    switch (why->code) {
    case FAM_UNAUTHENTICATED:
        doctor->exit_code = doctor->exit_code != 0 ? doctor->exit_code : FAM_EXIT_DENIED;
        fam_doctor_add(doctor, FAM_FINDING_FAIL, "token", fix, "%s", why->message);
        return;
    case FAM_PERMISSION_DENIED:
        doctor->exit_code = doctor->exit_code != 0 ? doctor->exit_code : FAM_EXIT_DENIED;
        fam_doctor_add(doctor, FAM_FINDING_FAIL, "token", fix, "it is valid, but its role is not admin");
        return;
    case FAM_OK:
    case FAM_FAILED_PRECONDITION:
        fam_doctor_add(doctor, FAM_FINDING_OK, "token", "", "valid, role admin");
        return;
    default:
        fam_doctor_add(doctor, FAM_FINDING_WARN, "token", "mend the database first", "can't be looked up: %s",
                       why->message);
    }
}

static bool ask_claude(struct fam_doctor *doctor, struct fam_client *client)
{
    struct fam_status why = {.code = FAM_OK};
    struct fam_rpc rpc;
    const struct fam_rpc_options options = question(doctor);
    Fam__V1__GetClaudeRequest request = FAM__V1__GET_CLAUDE_REQUEST__INIT;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(client, fam__v1__ops_service, get_claude, &rpc, &request, &why);
    judge_token(doctor, &why);
    if (code == FAM_OK) {
        judge_claude(doctor, (const Fam__V1__GetClaudeResponse *)fam_rpc_response(&rpc));
    } else if (code == FAM_FAILED_PRECONDITION) {
        fam_doctor_add(doctor, FAM_FINDING_WARN, "Claude", "answers come from the offline rules; nothing is broken",
                       "%s", why.message);
    }
    fam_rpc_done(&rpc);
    return code == FAM_OK || code == FAM_FAILED_PRECONDITION;
}

static void ask_cache(struct fam_doctor *doctor, struct fam_client *client)
{
    struct fam_status why = {.message = ""};
    struct fam_rpc rpc;
    const struct fam_rpc_options options = question(doctor);
    Fam__V1__GetCacheStatsRequest request = FAM__V1__GET_CACHE_STATS_REQUEST__INIT;
    fam_rpc_init(&rpc, &options);
    if (FAM_RPC(client, fam__v1__ops_service, get_cache_stats, &rpc, &request, &why) == FAM_OK) {
        const Fam__V1__GetCacheStatsResponse *stats = (const Fam__V1__GetCacheStatsResponse *)fam_rpc_response(&rpc);
        fam_doctor_add(doctor, stats->redis_up ? FAM_FINDING_OK : FAM_FINDING_WARN, "cache", fix_of("redis"), "%s",
                       stats->redis_up ? "Redis keeps it" : "Redis is away: every phrase is read anew");
    } else {
        fam_doctor_add(doctor, FAM_FINDING_WARN, "cache", fix_of("redis"), "%s", why.message);
    }
    fam_rpc_done(&rpc);
}

static void ask_schema(struct fam_doctor *doctor, struct fam_client *client)
{
    struct fam_status why = {.message = ""};
    struct fam_rpc rpc;
    const struct fam_rpc_options options = question(doctor);
    Fam__V1__MigrationStatusRequest request = FAM__V1__MIGRATION_STATUS_REQUEST__INIT;
    size_t pending = 0;
    fam_rpc_init(&rpc, &options);
    if (FAM_RPC(client, fam__v1__ops_service, migration_status, &rpc, &request, &why) == FAM_OK) {
        const Fam__V1__MigrationStatusResponse *list = (const Fam__V1__MigrationStatusResponse *)fam_rpc_response(&rpc);
        for (size_t i = 0; i < list->n_migrations; i++) {
            pending += list->migrations[i]->applied_at[0] == '\0' ? 1 : 0;
        }
        fam_doctor_add(doctor, pending > 0 ? FAM_FINDING_FAIL : FAM_FINDING_OK, "schema", "famctl db migrate",
                       pending > 0 ? "%zu migrations are missing" : "current, %zu migrations are missing", pending);
    } else {
        fam_doctor_add(doctor, FAM_FINDING_FAIL, "schema", fix_of("database"), "%s", why.message);
    }
    fam_rpc_done(&rpc);
}

static bool runs(const Fam__V1__QueueWorker *worker, const char *type)
{
    for (size_t i = 0; i < worker->n_types; i++) {
        if (strcmp(worker->types[i], type) == 0) {
            return true;
        }
    }
    return false;
}

/* Workers that are alive, and go on; of one type, or of any (NULL). */
static size_t count_workers(const Fam__V1__GetQueueStatsResponse *stats, const char *type)
{
    size_t count = 0;
    for (size_t i = 0; i < stats->n_workers; i++) {
        const Fam__V1__QueueWorker *worker = stats->workers[i];
        count += worker->alive && !worker->stopping && (type == NULL || runs(worker, type)) ? 1 : 0;
    }
    return count;
}

static void judge_queue(struct fam_doctor *doctor, const Fam__V1__GetQueueStatsResponse *stats)
{
    static const char fix[] = "start famserver, of role all or worker; docs/queue.md, \"Workers\"";
    size_t workers = count_workers(stats, NULL);
    if (!stats->redis_up) {
        fam_doctor_add(doctor, FAM_FINDING_WARN, "workers", fix_of("redis"), "Redis is away: no task is run");
        return;
    }
    if (workers == 0) {
        fam_doctor_add(doctor, FAM_FINDING_WARN, "workers", fix, "no worker is running: tasks wait");
        return;
    }
    fam_doctor_add(doctor, FAM_FINDING_OK, "workers", "", "%zu %s", workers, workers == 1 ? "runs" : "run");
    for (size_t i = 0; i < stats->n_types; i++) {
        const Fam__V1__QueueTypeStats *type = stats->types[i];
        if (type->ready + type->waiting > 0 && count_workers(stats, type->type) == 0) {
            fam_doctor_add(doctor, FAM_FINDING_WARN, "workers", "install the same version everywhere",
                           "no worker that runs knows %.64s, of which %" PRId64 " wait", type->type,
                           type->ready + type->waiting);
        }
    }
}

static void ask_queue(struct fam_doctor *doctor, struct fam_client *client)
{
    struct fam_status why = {.message = ""};
    struct fam_rpc rpc;
    const struct fam_rpc_options options = question(doctor);
    Fam__V1__GetQueueStatsRequest request = FAM__V1__GET_QUEUE_STATS_REQUEST__INIT;
    fam_rpc_init(&rpc, &options);
    if (FAM_RPC(client, fam__v1__ops_service, get_queue_stats, &rpc, &request, &why) == FAM_OK) {
        judge_queue(doctor, (const Fam__V1__GetQueueStatsResponse *)fam_rpc_response(&rpc));
    } else {
        fam_doctor_add(doctor, FAM_FINDING_WARN, "workers", fix_of("database"), "%s", why.message);
    }
    fam_rpc_done(&rpc);
}

void fam_doctor_ask_servers(struct fam_doctor *doctor)
{
    struct fam_status why = {.message = ""};
    size_t answering = SIZE_MAX;
    split_servers(doctor);
    for (size_t i = 0; i < doctor->server_count; i++) {
        check_server(doctor, i);
        answering = answering == SIZE_MAX && doctor->servers[i].version[0] != '\0' ? i : answering;
    }
    if (answering == SIZE_MAX) {
        return;
    }
    check_versions(doctor);
    struct fam_client *client = fam_ctl_client(doctor->ctl, doctor->servers[answering].url, &why);
    if (client == NULL) {
        return;
    }
    ask_health(doctor, client);
    ask_ready(doctor, client);
    if (ask_claude(doctor, client)) {
        ask_cache(doctor, client);
        ask_schema(doctor, client);
        ask_queue(doctor, client);
    }
    fam_client_free(client);
}
