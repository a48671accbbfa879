/* doctor: everything that is usually wrong, looked at in one go, each with what mends it. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/config.h"
#include "commands/commands.h"
#include "commands/doctor.h"
#include "context.h"
#include "fam/v1/ops.pb-c.h"

/* The file starts with the judgements that need no server. */

void fam_doctor_add(struct fam_doctor *doctor, enum fam_finding finding, const char *check, const char *fix,
                    const char *format, ...)
{
    static const char *const words[] = {"ok", "warn", "fail"};
    static const enum fam_tone tones[] = {FAM_TONE_GOOD, FAM_TONE_WARN, FAM_TONE_BAD};
    char detail[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    struct fam_out *out = &doctor->ctl->out;
    fam_out_cell(out, FAM_TONED(words[finding], tones[finding]));
    fam_out_cell(out, FAM_TEXT(check));
    fam_out_cell(out, FAM_TEXT(detail));
    fam_out_cell(out, FAM_TEXT(finding == FAM_FINDING_OK ? "" : fix));
    doctor->counts[finding]++;
}

static void check_configuration(struct fam_doctor *doctor)
{
    const struct fam_ctl *ctl = doctor->ctl;
    if (ctl->config == NULL) {
        doctor->exit_code = FAM_EXIT_USAGE;
        fam_doctor_add(doctor, FAM_FINDING_FAIL, "configuration", "correct the setting; docs/configuration.md has all",
                       "%s", ctl->config_status.message);
        return;
    }
    fam_doctor_add(doctor, FAM_FINDING_OK, "configuration", "", "every setting is readable%s%s",
                   ctl->context[0] == '\0' ? "" : "; context ", ctl->context);
}

static bool is_setting(const char *entry)
{
    static const char *const names[] = {
#define FAM_CFG(member, name, type, fallback, min, max, programs, help) name,
#include "base/config.def"
#undef FAM_CFG
    };
    size_t size = strcspn(entry, "=");
    for (size_t i = 0; i < FAM_ARRAY_SIZE(names); i++) {
        size_t length = strlen(names[i]);
        if (strncmp(entry, names[i], length) == 0 &&
            (size == length || (size == length + 5 && strncmp(entry + length, "_FILE", 5) == 0))) {
            return true;
        }
    }
    return false;
}

static void check_names(struct fam_doctor *doctor)
{
    for (char *const *entry = doctor->ctl->settings; *entry != NULL; entry++) {
        if (strncmp(*entry, "FAM_", 4) == 0 && !is_setting(*entry)) {
            fam_doctor_add(doctor, FAM_FINDING_FAIL, "names of settings", "correct its spelling, or unset it",
                           "%.*s is no setting", (int)strcspn(*entry, "="), *entry);
            return;
        }
    }
    fam_doctor_add(doctor, FAM_FINDING_OK, "names of settings", "", "every FAM_ name is known");
}

static void check_locale(struct fam_doctor *doctor)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    const char *value = NULL;
    for (size_t i = 0; value == NULL && i < FAM_ARRAY_SIZE(names); i++) {
        value = fam_environ_get(doctor->ctl->environ_, names[i]);
    }
    bool utf8 = value != NULL && (strcasestr(value, "utf-8") != NULL || strcasestr(value, "utf8") != NULL);
    fam_doctor_add(doctor, utf8 ? FAM_FINDING_OK : FAM_FINDING_WARN, "locale",
                   "export LC_ALL=C.UTF-8, or Cyrillic letters may show as something else", "%s",
                   value == NULL ? "none is set" : value);
}

static void check_token_file(struct fam_doctor *doctor)
{
    struct fam_status why = {.message = ""};
    const char *path = fam_environ_get(doctor->ctl->settings, "FAM_TOKEN_FILE");
    if (path == NULL) {
        bool set = fam_environ_get(doctor->ctl->settings, "FAM_TOKEN") != NULL;
        fam_doctor_add(doctor, set ? FAM_FINDING_OK : FAM_FINDING_WARN, "token file",
                       "set FAM_TOKEN_FILE; 'famserver --create-token admin NAME' makes a token", "%s",
                       set ? "the token comes from the environment" : "no token is set");
    } else if (fam_context_check_token_file(path, &why) != FAM_OK) {
        fam_doctor_add(doctor, FAM_FINDING_WARN, "token file", "chmod 600 the file", "%s", why.message);
    } else {
        fam_doctor_add(doctor, FAM_FINDING_OK, "token file", "", "only its owner and group can read it");
    }
}

static void check_bot_token(struct fam_doctor *doctor)
{
    const char *token = fam_environ_get(doctor->ctl->settings, "TELEGRAM_BOT_TOKEN");
    const char *file = fam_environ_get(doctor->ctl->settings, "TELEGRAM_BOT_TOKEN_FILE");
    static const char fix[] = "set TELEGRAM_BOT_TOKEN_FILE where fambot runs; @BotFather gives the token";
    if (token != NULL) {
        size_t digits = strspn(token, "0123456789");
        bool good = digits > 0 && token[digits] == ':' && strlen(token + digits) > 20;
        fam_doctor_add(doctor, good ? FAM_FINDING_OK : FAM_FINDING_FAIL, "bot token", fix, "%s",
                       good ? "set, in Telegram's form" : "set, but not of the form NUMBER:LETTERS");
    } else if (file != NULL) {
        bool there = access(file, R_OK) == 0;
        fam_doctor_add(doctor, there ? FAM_FINDING_OK : FAM_FINDING_FAIL, "bot token", fix, "%s",
                       there ? "in a file" : "its file can't be read");
    } else {
        fam_doctor_add(doctor, FAM_FINDING_WARN, "bot token", fix, "not in this environment");
    }
}

static bool is_local(const char *url)
{
    const char *host = strstr(url, "://");
    host = host == NULL ? url : host + 3;
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "localhost", 9) == 0 || strncmp(host, "[::1]", 5) == 0;
}

static void check_tls(struct fam_doctor *doctor)
{
    bool tls = false;
    bool open = false;
    for (size_t i = 0; i < doctor->server_count; i++) {
        bool secure = strncmp(doctor->servers[i].url, "tls+", 4) == 0;
        tls = tls || secure;
        open = open || (!secure && !is_local(doctor->servers[i].url));
    }
    const struct fam_config *config = doctor->ctl->config;
    bool half = (config->tls_cert_file[0] == '\0') != (config->tls_key_file[0] == '\0');
    const char *files[] = {config->tls_ca_file, config->tls_cert_file, config->tls_key_file};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(files); i++) {
        if (files[i][0] != '\0' && access(files[i], R_OK) != 0) {
            fam_doctor_add(doctor, FAM_FINDING_FAIL, "TLS", "correct the name, or the file's mode",
                           "%.120s can't be read: %s", files[i], strerror(errno));
            return;
        }
    }
    if (half) {
        fam_doctor_add(doctor, FAM_FINDING_FAIL, "TLS", "set both FAM_TLS_CERT_FILE and FAM_TLS_KEY_FILE, or none",
                       "a certificate without its key, or a key without its certificate");
    } else if (open) {
        fam_doctor_add(doctor, FAM_FINDING_WARN, "TLS", "use tls+tcp:// for servers on other machines",
                       "a server on another machine is called without TLS: the token travels in the open");
    } else if (tls && config->tls_ca_file[0] == '\0') {
        fam_doctor_add(doctor, FAM_FINDING_FAIL, "TLS", "name the servers' CA in FAM_TLS_CA_FILE",
                       "tls+tcp:// is used and no CA is named");
    } else {
        fam_doctor_add(doctor, FAM_FINDING_OK, "TLS", "", tls ? "servers are called with TLS" : "not needed: local");
    }
}

static void check_disk(struct fam_doctor *doctor)
{
    const char *folder = fam_environ_get(doctor->ctl->settings, "FAM_DATA_DIR");
    struct statvfs room;
    folder = folder != NULL ? folder : "/var/log";
    if (statvfs(folder, &room) != 0 || room.f_blocks == 0) {
        fam_doctor_add(doctor, FAM_FINDING_WARN, "disk", "correct FAM_DATA_DIR", "%.100s can't be looked at: %s",
                       folder, strerror(errno));
        return;
    }
    unsigned percent = (unsigned)((uint64_t)room.f_bavail * 100 / room.f_blocks);
    enum fam_finding finding = percent < 3 ? FAM_FINDING_FAIL : percent < 10 ? FAM_FINDING_WARN : FAM_FINDING_OK;
    fam_doctor_add(doctor, finding, "disk", "make room: old logs and backups first", "%u %% of %.100s is free", percent,
                   folder);
}

/* Connects within two seconds; -1 when nobody is there. */
static int connect_to(const char *host, uint16_t port)
{
    char service[8];
    struct addrinfo *list = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    const struct timeval patience = {.tv_sec = 2};
    snprintf(service, sizeof(service), "%u", (unsigned)port);
    if (getaddrinfo(host, service, &hints, &list) != 0) {
        return -1;
    }
    int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
                    connect(fd, list->ai_addr, list->ai_addrlen) != 0)) {
        (void)close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    return fd;
}

static bool serves_metrics(const char *host, uint16_t port)
{
    static const char request[] = "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n";
    char answer[16] = "";
    size_t size = 0;
    int fd = connect_to(host, port);
    if (fd < 0) {
        return false;
    }
    bool ok = send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) == (ssize_t)sizeof(request) - 1;
    while (ok && size < sizeof(answer) - 1) {
        ssize_t got = recv(fd, answer + size, sizeof(answer) - 1 - size, 0);
        ok = got > 0;
        size += ok ? (size_t)got : 0;
    }
    (void)close(fd);
    return ok && strncmp(answer, "HTTP/1.", 7) == 0 && strncmp(answer + 8, " 200", 4) == 0;
}

static void check_metrics(struct fam_doctor *doctor)
{
    char host[128];
    uint16_t port = 0;
    const char *address = doctor->ctl->config->http_listen;
    bool local = false;
    for (size_t i = 0; i < doctor->server_count; i++) {
        local = local || is_local(doctor->servers[i].url);
    }
    if (!local) {
        fam_doctor_add(doctor, FAM_FINDING_OK, "metrics", "", "not looked at: no server is on this machine");
        return;
    }
    if (!fam_config_split_address(address, host, sizeof(host), &port) || !serves_metrics(host, port)) {
        fam_doctor_add(doctor, FAM_FINDING_WARN, "metrics", "set FAM_HTTP_LISTEN as for famserver",
                       "/metrics does not answer at %.100s", address);
        return;
    }
    fam_doctor_add(doctor, FAM_FINDING_OK, "metrics", "", "/metrics answers at %.100s", address);
}

static int exit_of(const struct fam_doctor *doctor)
{
    const char *fail_on = fam_parsed_value(doctor->ctl->parsed, "--fail-on");
    if (doctor->exit_code != 0) {
        return doctor->exit_code;
    }
    if (doctor->counts[FAM_FINDING_FAIL] > 0) {
        return FAM_EXIT_UNHEALTHY;
    }
    bool strict = fail_on != NULL && strcmp(fail_on, "degraded") == 0;
    return strict && doctor->counts[FAM_FINDING_WARN] > 0 ? FAM_EXIT_UNHEALTHY : FAM_EXIT_DONE;
}

enum fam_code fam_ctl_doctor(struct fam_ctl *ctl, struct fam_status *status)
{
    static const struct fam_column columns[] = {
        {"result", "RESULT"}, {"check", "CHECK"}, {"finding", "FINDING"}, {"fix", "FIX"}};
    (void)status;
    struct fam_doctor doctor = {.ctl = ctl};
    fam_out_table(&ctl->out, "checks", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    check_configuration(&doctor);
    check_names(&doctor);
    check_locale(&doctor);
    check_token_file(&doctor);
    check_bot_token(&doctor);
    if (ctl->config != NULL) {
        fam_doctor_ask_servers(&doctor);
        check_tls(&doctor);
        check_metrics(&doctor);
    }
    check_disk(&doctor);
    fam_out_field(&ctl->out, "ok", "Ok", FAM_NUMBER(doctor.counts[FAM_FINDING_OK]));
    fam_out_field(&ctl->out, "warnings", "Warnings", FAM_NUMBER(doctor.counts[FAM_FINDING_WARN]));
    fam_out_field(&ctl->out, "failures", "Failures", FAM_NUMBER(doctor.counts[FAM_FINDING_FAIL]));
    ctl->exit_code = exit_of(&doctor);
    fam_doctor_done(&doctor);
    return FAM_OK;
}
