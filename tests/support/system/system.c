#include "system.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { STOP_MS = 40000 }; /* for a sanitized build on a busy machine */

static void set(char **env, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void set(char **env, const char *format, ...)
{
    size_t at = 0;
    while (env[at] != NULL) {
        at++;
    }
    cr_assert_lt(at + 1, SYSTEM_ENV_MAX);
    va_list args;
    va_start(args, format);
    cr_assert_geq(vasprintf(&env[at], format, args), 0);
    va_end(args);
}

static void set_common(char **env)
{
    set(env, "PATH=%s", getenv("PATH"));
    set(env, "FAM_ENVIRONMENT=test");
    set(env, "FAM_LOG_FORMAT=json");
    /* Sanitizers report where the parent asks for it. */
    if (getenv("ASAN_OPTIONS") != NULL) {
        set(env, "ASAN_OPTIONS=%s", getenv("ASAN_OPTIONS"));
    }
    if (getenv("UBSAN_OPTIONS") != NULL) {
        set(env, "UBSAN_OPTIONS=%s", getenv("UBSAN_OPTIONS"));
    }
}

static void make_server_env(struct system *system, const char *const *extra)
{
    char **env = system->server_env;
    set_common(env);
    set(env, "DATABASE_URL=%s", system->pg.url);
    set(env, "REDIS_URL=%s", system->redis.url);
    set(env, "FAM_MASTER_KEY=v1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    set(env, "FAM_LISTEN=tcp://127.0.0.1:%u", system->rpc_port);
    set(env, "FAM_HTTP_LISTEN=127.0.0.1:%u", system->http_port);
    for (; extra != NULL && *extra != NULL; extra++) {
        set(env, "%s", *extra);
    }
    /* What comes first counts: a test may have named another. */
    set(env, "FAM_LEDGER_FILE=%s/erasure.ledger", system->dir);
}

static void run_once(struct system *system, const char *first, const char *second, const char *third, char *ret_out,
                     size_t size)
{
    const char *argv[] = {FAM_BIN_DIR "/famserver", first, second, third, NULL};
    int code = proc_run(argv, (const char *const *)system->server_env, NULL, ret_out, size);
    cr_assert_eq(code, 0, "famserver %s exits with %d: %s", first, code, ret_out);
    ret_out[strcspn(ret_out, "\n")] = '\0';
}

static void keep_token(const char *out, char ret_token[64])
{
    cr_assert_lt(strlen(out), 64);
    memcpy(ret_token, out, strlen(out) + 1);
}

void system_start(struct system *system, const char *const *extra)
{
    memset(system, 0, sizeof(*system));
    cr_assert(proc_tmpdir(system->dir, sizeof(system->dir)));
    bool is_migrated = false;
    cr_assert(pg_server_start_migrated(&system->pg, &is_migrated));
    cr_assert(redis_server_start(&system->redis, false));
    system->rpc_port = proc_free_port();
    system->http_port = proc_free_port();
    system->bot_http_port = proc_free_port();
    make_server_env(system, extra);
    char out[4096];
    if (!is_migrated) {
        run_once(system, "--migrate", NULL, NULL, out, sizeof(out));
        cr_assert(pg_server_keep_migrated(&system->pg));
    }
    run_once(system, "--create-token", "bot", "123456", out, sizeof(out));
    keep_token(out, system->bot_token);
    run_once(system, "--create-token", "admin", "tester", out, sizeof(out));
    keep_token(out, system->admin_token);
    system_run_server(system);
    cr_assert(system_wait_ready(system, SYSTEM_READY_MS), "famserver is not ready");
    system->client = system_client(system, system->bot_token);
}

void system_run_server(struct system *system)
{
    char name[32];
    snprintf(name, sizeof(name), "famserver-%d", system->server_starts++);
    const char *argv[] = {FAM_BIN_DIR "/famserver", NULL};
    cr_assert(proc_start(&system->server, system->dir, name, argv, (const char *const *)system->server_env, NULL));
}

void system_start_bot(struct system *system)
{
    cr_assert(tg_sim_start(&system->telegram, system->dir, false));
    char **env = system->bot_env;
    set_common(env);
    set(env, "FAM_SERVERS=tcp://127.0.0.1:%u", system->rpc_port);
    set(env, "FAM_TOKEN=%s", system->bot_token);
    set(env, "FAM_BOT_HTTP_LISTEN=127.0.0.1:%u", system->bot_http_port);
    set(env, "TELEGRAM_API_URL=%s", system->telegram.base_url);
    set(env, "TELEGRAM_BOT_TOKEN=%s", TG_TEST_TOKEN);
    system_run_bot(system);
    cr_assert(tg_wait_calls(&system->telegram, "getUpdates", 1, SYSTEM_READY_MS), "the bot does not poll");
}

void system_run_bot(struct system *system)
{
    char name[32];
    snprintf(name, sizeof(name), "fambot-%d", system->bot_starts++);
    const char *argv[] = {FAM_BIN_DIR "/fambot", NULL};
    cr_assert(proc_start(&system->bot, system->dir, name, argv, (const char *const *)system->bot_env, NULL));
}

static void free_env(char **env)
{
    for (size_t i = 0; i < SYSTEM_ENV_MAX; i++) {
        free(env[i]);
        env[i] = NULL;
    }
}

void system_stop(struct system *system)
{
    fam_client_free(system->client);
    if (proc_is_running(&system->bot)) {
        cr_expect_eq(proc_stop(&system->bot, SIGTERM, STOP_MS), 0, "fambot must end with 0");
    }
    if (system->telegram.port != 0) {
        (void)tg_sim_stop(&system->telegram);
    }
    if (proc_is_running(&system->server)) {
        cr_expect_eq(proc_stop(&system->server, SIGTERM, STOP_MS), 0, "famserver must end with 0");
    }
    redis_server_stop(&system->redis);
    pg_server_stop(&system->pg);
    free_env(system->server_env);
    free_env(system->bot_env);
    proc_rmtree(system->dir);
}

struct fam_client *system_client(const struct system *system, const char *token)
{
    char url[64];
    snprintf(url, sizeof(url), "tcp://127.0.0.1:%u", system->rpc_port);
    struct fam_status status = {.message = ""};
    struct fam_client *client =
        fam_client_new(&(struct fam_client_options){.urls = url, .token = token, .version = "test/1"}, &status);
    cr_assert_not_null(client, "%s", status.message);
    return client;
}

int system_get(uint16_t port, const char *path, char *ret_body, size_t size)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval timeout = {.tv_sec = 10};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    char request[2048];
    int length = snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\nHost: test\r\n\r\n", path);
    int status = 0;
    ret_body[0] = '\0';
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
        write(fd, request, (size_t)length) == length) {
        size_t used = 0;
        ssize_t got = 0;
        while (used + 1 < size && (got = read(fd, ret_body + used, size - used - 1)) > 0) {
            used += (size_t)got;
        }
        ret_body[used] = '\0';
        (void)sscanf(ret_body, "HTTP/%*s %d", &status);
        char *body = strstr(ret_body, "\r\n\r\n");
        if (body != NULL) {
            memmove(ret_body, body + 4, strlen(body + 4) + 1);
        }
    }
    close(fd);
    return status;
}

static bool is_ready(void *context)
{
    char body[1024];
    return system_get(((struct system *)context)->http_port, "/health/ready", body, sizeof(body)) == 200;
}

static bool is_ready_or_dead(void *context)
{
    return is_ready(context) || !proc_is_running(&((struct system *)context)->server);
}

void system_print_log(const struct proc *server, const char *why)
{
    char *log = proc_read_file(server->err_path);
    fprintf(stderr, "%s; the log of famserver:\n%s\n", why, log != NULL ? log : "(none)");
    free(log);
}

bool system_wait_ready(struct system *system, int timeout_ms)
{
    bool ready = proc_wait_until(is_ready_or_dead, system, timeout_ms) && is_ready(system);
    if (!ready) {
        system_print_log(&system->server, "famserver is not ready");
    }
    return ready;
}

void system_pause_rereads(struct system *system)
{
    (void)system_count(system, "INSERT INTO queue_pauses (type, paused_by) VALUES ('process_emotion_batch', 'test'); "
                               "SELECT 1");
}

int64_t system_count(struct system *system, const char *sql)
{
    char value[256];
    cr_assert(pg_server_sql(system->pg.conninfo, sql, value, sizeof(value)), "%s: %s", sql, value);
    return strtoll(value, NULL, 10);
}

static bool file_contains(const char *path, const char *text)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    size_t size = strlen(text);
    static char chunk[1 << 20];
    size_t kept = 0;
    bool found = false;
    ssize_t got = 0;
    while (!found && (got = read(fd, chunk + kept, sizeof(chunk) - kept)) > 0) {
        size_t filled = kept + (size_t)got;
        found = memmem(chunk, filled, text, size) != NULL;
        kept = filled < size ? filled : size - 1;
        memmove(chunk, chunk + filled - kept, kept);
    }
    close(fd);
    return found;
}

static bool tree_contains(const char *path, const char *text, int depth, char *ret_where, size_t size)
{
    struct stat info;
    if (lstat(path, &info) != 0) {
        return false;
    }
    if (S_ISREG(info.st_mode)) {
        if (file_contains(path, text)) {
            snprintf(ret_where, size, "%s", path);
            return true;
        }
        return false;
    }
    DIR *dir = S_ISDIR(info.st_mode) && depth < 12 ? opendir(path) : NULL;
    bool found = false;
    struct dirent *entry = NULL;
    while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
        char below[4096];
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
            found = tree_contains(below, text, depth + 1, ret_where, size);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return found;
}

bool system_contains(struct system *system, const char *text, char *ret_where, size_t size)
{
    char path[64];
    const struct proc *programs[] = {&system->server, &system->bot};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "/proc/%d/cmdline", programs[i]->pid);
        if (programs[i]->pid != 0 && file_contains(path, text)) {
            snprintf(ret_where, size, "arguments of process %zu", i);
            return true;
        }
    }
    if (tree_contains(system->dir, text, 0, ret_where, size) ||
        tree_contains(system->pg.dir, text, 0, ret_where, size) ||
        tree_contains(system->redis.dir, text, 0, ret_where, size)) {
        return true;
    }
    if (redis_server_contains(&system->redis, text)) {
        snprintf(ret_where, size, "Redis");
        return true;
    }
    static char page[1 << 20];
    const uint16_t ports[] = {system->http_port, system->bot_http_port};
    const char *const paths[] = {"/metrics", "/health"};
    for (size_t i = 0; i < 4; i++) {
        if (system_get(ports[i / 2], paths[i % 2], page, sizeof(page)) != 0 && strstr(page, text) != NULL) {
            snprintf(ret_where, size, "%s of port %u", paths[i % 2], ports[i / 2]);
            return true;
        }
    }
    return false;
}

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

struct person system_person(struct system *system, int64_t telegram_id)
{
    struct person person = {.telegram_id = telegram_id};
    Fam__V1__RegisterUserRequest request = FAM__V1__REGISTER_USER_REQUEST__INIT;
    request.telegram_id = telegram_id;
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &(struct fam_rpc_options){.read_only = true});
    cr_assert_eq(FAM_RPC(system->client, fam__v1__family_service, register_user, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    const Fam__V1__RegisterUserResponse *response = (const Fam__V1__RegisterUserResponse *)fam_rpc_response(&rpc);
    cr_assert(fam_uuid_parse(response->user->user_id, &person.user_id));
    fam_rpc_done(&rpc);
    return person;
}

static struct fam_rpc_options change_options(const struct person *person, const char *what, char ret_key[96])
{
    char user_id[FAM_UUID_TEXT_SIZE]; /* keys are stored as they are: nobody's Telegram id must be in one */
    fam_uuid_format(&person->user_id, user_id);
    snprintf(ret_key, 96, "%s:%s", user_id, what);
    return (struct fam_rpc_options){.acting_user = &person->user_id, .idempotency_key = ret_key};
}

void system_consent(struct system *system, const struct person *person, Fam__V1__ConsentPurpose purpose, bool granted)
{
    static int counter;
    char what[32];
    char key[96];
    snprintf(what, sizeof(what), "consent-%d-%d", (int)purpose, counter++);
    const struct fam_rpc_options options = change_options(person, what, key);
    Fam__V1__SetConsentRequest request = FAM__V1__SET_CONSENT_REQUEST__INIT;
    request.purpose = purpose;
    request.granted = granted;
    request.text_version = borrow("1");
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(system->client, fam__v1__family_service, set_consent, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    fam_rpc_done(&rpc);
}

static void set_country(struct system *system, const struct person *person)
{
    char key[96];
    const struct fam_rpc_options options = change_options(person, "country", key);
    Fam__V1__UpdateUserRequest request = FAM__V1__UPDATE_USER_REQUEST__INIT;
    request.country = borrow("RU");
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(system->client, fam__v1__family_service, update_user, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    fam_rpc_done(&rpc);
}

static void make_family(struct system *system, struct person *person)
{
    char key[96];
    const struct fam_rpc_options options = change_options(person, "family", key);
    Fam__V1__CreateFamilyRequest request = FAM__V1__CREATE_FAMILY_REQUEST__INIT;
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(system->client, fam__v1__family_service, create_family, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    const Fam__V1__CreateFamilyResponse *response = (const Fam__V1__CreateFamilyResponse *)fam_rpc_response(&rpc);
    cr_assert(fam_uuid_parse(response->family->family_id, &person->family_id));
    fam_rpc_done(&rpc);
}

static void add_child(struct system *system, struct person *person, int age)
{
    char key[96];
    const struct fam_rpc_options options = change_options(person, "child", key);
    Fam__V1__AddChildRequest request = FAM__V1__ADD_CHILD_REQUEST__INIT;
    Fam__V1__Date birth = FAM__V1__DATE__INIT;
    time_t now = time(NULL);
    struct tm today;
    gmtime_r(&now, &today);
    birth.year = today.tm_year + 1900 - age - 1;
    birth.month = 12;
    birth.day = 31; /* had the birthday on no day of this year but the last */
    if (today.tm_mon == 11 && today.tm_mday >= 30) {
        birth.year++;
    }
    request.birth = &birth;
    request.name = borrow("");
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(system->client, fam__v1__family_service, add_child, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    const Fam__V1__AddChildResponse *response = (const Fam__V1__AddChildResponse *)fam_rpc_response(&rpc);
    cr_assert(fam_uuid_parse(response->child->child_id, &person->child_id));
    fam_rpc_done(&rpc);
}

struct person system_family(struct system *system, int64_t telegram_id, int age)
{
    struct person person = system_person(system, telegram_id);
    set_country(system, &person);
    system_consent(system, &person, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, true);
    system_consent(system, &person, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, true);
    make_family(system, &person);
    add_child(system, &person, age);
    return person;
}

enum fam_code system_translate(struct system *system, const struct person *person, const char *phrase, const char *key,
                               struct fam_rpc *rpc, struct fam_status *status)
{
    const struct fam_rpc_options options = {.acting_user = &person->user_id, .idempotency_key = key};
    Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
    request.phrase = borrow(phrase);
    fam_rpc_init(rpc, &options);
    enum fam_code code = FAM_RPC(system->client, fam__v1__translation_service, translate, rpc, &request, status);
    rpc->options = NULL; /* it ends with this function */
    return code;
}

const Fam__V1__Entry *system_entry(const struct fam_rpc *rpc)
{
    const Fam__V1__TranslateResponse *response = (const Fam__V1__TranslateResponse *)fam_rpc_response(rpc);
    cr_assert_not_null(response);
    cr_assert_not_null(response->entry);
    return response->entry;
}
