/* test_config.c: configuration from the environment (lib/base/config.h). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"

enum { SETTINGS_MAX = 8 };

/* Loads from up to SETTINGS_MAX settings. */
static enum fam_code load(enum fam_program program, const char *const *settings, struct fam_config *config,
                          struct fam_status *status)
{
    char *entries[SETTINGS_MAX + 1] = {NULL};
    for (size_t i = 0; i < SETTINGS_MAX && settings[i] != NULL; i++) {
        entries[i] = (char *)(uintptr_t)settings[i];
    }
    return fam_config_load(program, entries, config, status);
}

#define SETTINGS(...) ((const char *const[SETTINGS_MAX + 1]){__VA_ARGS__})

static void assert_refused(enum fam_program program, const char *setting, const char *hint)
{
    struct fam_config config;
    struct fam_status status = {0};
    cr_assert_eq(load(program, SETTINGS(setting), &config, &status), FAM_INVALID_ARGUMENT, "%s", setting);
    size_t name = strcspn(setting, "=");
    cr_assert(strncmp(status.message, setting, name) == 0, "%s: %s", setting, status.message);
    cr_assert_not_null(strstr(status.message, hint), "%s: %s", setting, status.message);
    cr_assert_null(config.listen);
    fam_config_done(&config);
}

static void assert_taken(enum fam_program program, const char *setting)
{
    struct fam_config config;
    struct fam_status status = {0};
    cr_assert_eq(load(program, SETTINGS(setting), &config, &status), FAM_OK, "%s: %s", setting, status.message);
    fam_config_done(&config);
}

Test(config, an_empty_environment_gives_the_defaults_of_the_table)
{
    static const enum fam_program programs[] = {FAM_PROGRAM_SERVER, FAM_PROGRAM_BOT, FAM_PROGRAM_CTL};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(programs); i++) {
        struct fam_config config;
        struct fam_status status = {0};
        cr_assert_eq(load(programs[i], SETTINGS(NULL), &config, &status), FAM_OK, "%s", status.message);
        cr_assert_str_eq(config.listen, "tcp://127.0.0.1:7000");
        cr_assert_str_eq(config.data_dir, "");
        cr_assert_str_eq(config.log_level, "info");
        cr_assert_eq(config.workers, 16);
        cr_assert_eq(config.drain_ms, 30000);
        cr_assert(fam_secret_is_empty(&config.database_url));
        fam_config_done(&config);
        cr_assert_null(config.listen);
        fam_config_done(&config);
    }
}

Test(config, settings_replace_defaults_and_an_empty_one_is_not_set)
{
    struct fam_config config;
    struct fam_status status = {0};
    cr_assert_eq(load(FAM_PROGRAM_SERVER,
                      SETTINGS("FAM_WORKERS=3", "FAM_LISTEN=tcp://10.0.0.1:7000,tcp://[::1]:0", "FAM_LOG_LEVEL=",
                               "DATABASE_URL=postgresql://u:p@h/d", "PATH=/bin", "not a setting", "FAM_DATA_DIR=/x"),
                      &config, &status),
                 FAM_OK, "%s", status.message);
    cr_assert_eq(config.workers, 3);
    cr_assert_str_eq(config.listen, "tcp://10.0.0.1:7000,tcp://[::1]:0");
    cr_assert_str_eq(config.log_level, "info");
    cr_assert_str_eq(config.data_dir, "/x");
    cr_assert_str_eq(fam_secret_text(&config.database_url), "postgresql://u:p@h/d");
    fam_config_done(&config);
}

Test(config, another_programs_settings_are_known_but_not_judged)
{
    struct fam_config config;
    struct fam_status status = {0};
    cr_assert_eq(
        load(FAM_PROGRAM_CTL, SETTINGS("FAM_WORKERS=no number", "DATABASE_URL=x", "FAM_LANES=0"), &config, &status),
        FAM_OK, "%s", status.message);
    cr_assert_eq(config.workers, 16);
    cr_assert(fam_secret_is_empty(&config.database_url));
    fam_config_done(&config);
}

Test(config, an_unknown_name_is_refused_with_the_nearest_known_one)
{
    assert_refused(FAM_PROGRAM_SERVER, "FAM_WORKER=3", "FAM_WORKERS");
    assert_refused(FAM_PROGRAM_SERVER, "FAM_LOGLEVEL=debug", "FAM_LOG_LEVEL");
    assert_refused(FAM_PROGRAM_CTL, "FAM_COMPLETELY_DIFFERENT=1", "--help");
    assert_refused(FAM_PROGRAM_CTL, "FAM_WORKERS_FILE=/x", "no setting");
    assert_refused(FAM_PROGRAM_CTL, "FAM_=", "no setting");
    assert_taken(FAM_PROGRAM_SERVER, "FAMILY=x");
}

Test(config, an_absurd_name_is_refused_without_harm)
{
    char setting[400];
    memset(setting, 'A', sizeof(setting));
    memcpy(setting, "FAM_", 4);
    memcpy(setting + sizeof(setting) - 3, "=1", 3);
    struct fam_config config;
    struct fam_status status = {0};
    cr_assert_eq(load(FAM_PROGRAM_BOT, SETTINGS(setting), &config, &status), FAM_INVALID_ARGUMENT);
    assert_taken(FAM_PROGRAM_BOT, "FAM_LANES=4");
}

Test(config, numbers_are_whole_and_within_their_range)
{
    static const char *const wrong[] = {"FAM_WORKERS=0",   "FAM_WORKERS=257",  "FAM_WORKERS=-1",
                                        "FAM_WORKERS=1.5", "FAM_WORKERS=0x10", "FAM_WORKERS= 3",
                                        "FAM_WORKERS=3 ",  "FAM_WORKERS=+3",   "FAM_WORKERS=99999999999999999999"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(wrong); i++) {
        assert_refused(FAM_PROGRAM_SERVER, wrong[i], "from 1 to 256");
    }
    assert_refused(FAM_PROGRAM_SERVER, "FAM_DRAIN_MS=30s", "milliseconds");
    assert_taken(FAM_PROGRAM_SERVER, "FAM_WORKERS=256");
    assert_taken(FAM_PROGRAM_SERVER, "FAM_DRAIN_MS=0");
}

Test(config, words_are_of_the_tables_list)
{
    assert_refused(FAM_PROGRAM_BOT, "FAM_LOG_LEVEL=verbose", "one of: debug info warn error off");
    assert_refused(FAM_PROGRAM_BOT, "FAM_LOG_LEVEL=INFO", "one of");
    assert_refused(FAM_PROGRAM_BOT, "FAM_LOG_FORMAT=auto:", "one of: auto json text");
    assert_refused(FAM_PROGRAM_BOT, "FAM_LOG_FORMAT=terminal,", "one of");
    assert_refused(FAM_PROGRAM_SERVER, "FAM_RPC_AFFINITY=core", "one of");
    assert_taken(FAM_PROGRAM_SERVER, "FAM_READY_REQUIRES=database,redis");
    assert_taken(FAM_PROGRAM_BOT, "FAM_DEFAULT_LANGUAGE=en");
}

Test(config, rpc_addresses_are_tcp_with_a_port)
{
    static const char *const wrong[] = {"FAM_LISTEN=127.0.0.1:7000",
                                        "FAM_LISTEN=tcp://",
                                        "FAM_LISTEN=tcp://host",
                                        "FAM_LISTEN=tcp://:",
                                        "FAM_LISTEN=tcp://host:",
                                        "FAM_LISTEN=tcp://host:port",
                                        "FAM_LISTEN=tcp://host:70000",
                                        "FAM_LISTEN=http://host:1",
                                        "FAM_LISTEN=tcp://host:1,",
                                        "FAM_LISTEN=tcp://host:1,,tcp://host:2",
                                        "FAM_LISTEN=tcp://host:1, tcp://host:2",
                                        "FAM_LISTEN=tcp://a:1,b:2"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(wrong); i++) {
        assert_refused(FAM_PROGRAM_SERVER, wrong[i], "tcp://HOST:PORT");
    }
    assert_refused(FAM_PROGRAM_SERVER, "FAM_LISTEN=ipc:///run/fam.sock", "ipc:// is refused");
    assert_taken(FAM_PROGRAM_CTL, "FAM_SERVERS=tcp://a.example:1,tcp://[fe80::1]:65535");
}

Test(config, the_bot_api_is_reached_by_http_without_a_password_in_its_address)
{
    assert_refused(FAM_PROGRAM_BOT, "TELEGRAM_API_URL=api.telegram.org", "http");
    assert_refused(FAM_PROGRAM_BOT, "TELEGRAM_API_URL=file:///etc/passwd", "http");
    assert_refused(FAM_PROGRAM_BOT, "TELEGRAM_API_URL=https://", "http");
    assert_refused(FAM_PROGRAM_BOT, "TELEGRAM_API_URL=https://a b", "http");
    assert_refused(FAM_PROGRAM_BOT, "TELEGRAM_API_URL=https://name:word@host", "password");
    assert_taken(FAM_PROGRAM_BOT, "TELEGRAM_API_URL=http://127.0.0.1:8081");
    assert_taken(FAM_PROGRAM_BOT, "TELEGRAM_API_URL=HTTPS://api.example");
    assert_taken(FAM_PROGRAM_BOT, "TELEGRAM_API_URL=https://api.example/x@y");
}

Test(config, names_are_of_bounded_length_and_valid_text)
{
    assert_refused(FAM_PROGRAM_BOT, "FAM_ENVIRONMENT=123456789012345678901234567890123", "1 to 32");
    assert_refused(FAM_PROGRAM_BOT, "FAM_ENVIRONMENT=\xff", "UTF-8");
    assert_taken(FAM_PROGRAM_BOT, "FAM_ENVIRONMENT=двадцать букв и ещё одиннадцать");
}

Test(config, redis_over_tls_is_refused_and_its_password_not_repeated)
{
    struct fam_config config;
    struct fam_status status = {0};
    cr_assert_eq(load(FAM_PROGRAM_SERVER, SETTINGS("REDIS_URL=rediss://u:hunter2@h/0"), &config, &status),
                 FAM_INVALID_ARGUMENT);
    cr_assert_not_null(strstr(status.message, "REDIS_URL"));
    cr_assert_null(strstr(status.message, "hunter2"));
    assert_taken(FAM_PROGRAM_SERVER, "REDIS_URL=redis://h/0");
}

static const char *write_file(const void *data, size_t size)
{
    static char setting[64];
    char path[] = "/tmp/fam-config-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, data, size), (ssize_t)size);
    cr_assert_eq(close(fd), 0);
    snprintf(setting, sizeof(setting), "FAM_TOKEN_FILE=%s", path);
    return setting;
}

static void remove_file(const char *setting)
{
    cr_assert_eq(unlink(strchr(setting, '=') + 1), 0);
}

Test(config, a_secret_may_come_from_a_file)
{
    static const char *const rows[][2] = {{"fam_abc\n", "fam_abc"},
                                          {"fam_abc", "fam_abc"},
                                          {"fam_abc\r\n", "fam_abc"},
                                          {"a\n\n", "a\n"},
                                          {" spaced ", " spaced "},
                                          {"\n", ""},
                                          {"", ""}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        struct fam_config config;
        struct fam_status status = {0};
        const char *setting = write_file(rows[i][0], strlen(rows[i][0]));
        cr_assert_eq(load(FAM_PROGRAM_BOT, SETTINGS(setting), &config, &status), FAM_OK, "%s", status.message);
        cr_assert_str_eq(fam_secret_text(&config.token), rows[i][1], "row %zu", i);
        fam_config_done(&config);
        remove_file(setting);
    }
}

Test(config, a_secret_given_twice_is_refused)
{
    struct fam_config config;
    struct fam_status status = {0};
    cr_assert_eq(load(FAM_PROGRAM_BOT, SETTINGS("FAM_TOKEN=hunter2", "FAM_TOKEN_FILE=/x"), &config, &status),
                 FAM_INVALID_ARGUMENT);
    cr_assert_not_null(strstr(status.message, "FAM_TOKEN_FILE"));
    cr_assert_null(strstr(status.message, "hunter2"));
    const char *setting = write_file("x", 1);
    cr_assert_eq(load(FAM_PROGRAM_BOT, SETTINGS("FAM_TOKEN=", setting), &config, &status), FAM_OK);
    cr_assert_str_eq(fam_secret_text(&config.token), "x");
    fam_config_done(&config);
    remove_file(setting);
}

Test(config, a_secrets_file_must_be_a_small_regular_one_without_nul)
{
    static char big[64 * 1024 + 1];
    memset(big, 'k', sizeof(big));
    assert_refused(FAM_PROGRAM_BOT, "FAM_TOKEN_FILE=/nonexistent/file", "can't be read");
    assert_refused(FAM_PROGRAM_BOT, "FAM_TOKEN_FILE=/tmp", "regular file");
    assert_refused(FAM_PROGRAM_BOT, "FAM_TOKEN_FILE=/dev/zero", "regular file");
    const char *setting = write_file(big, sizeof(big));
    assert_refused(FAM_PROGRAM_BOT, setting, "64 KiB");
    remove_file(setting);
    setting = write_file("a\0b", 3);
    assert_refused(FAM_PROGRAM_BOT, setting, "NUL");
    remove_file(setting);
    setting = write_file(big, sizeof(big) - 1);
    assert_taken(FAM_PROGRAM_BOT, setting);
    remove_file(setting);
}

Test(config, a_pipe_as_a_secrets_file_does_not_hang_the_start, .timeout = 20)
{
    char folder[] = "/tmp/fam-config-XXXXXX";
    char setting[80];
    cr_assert_not_null(mkdtemp(folder));
    snprintf(setting, sizeof(setting), "FAM_TOKEN_FILE=%s/pipe", folder);
    cr_assert_eq(mkfifo(strchr(setting, '=') + 1, 0600), 0);
    assert_refused(FAM_PROGRAM_BOT, setting, "regular file");
    remove_file(setting);
    cr_assert_eq(rmdir(folder), 0);
}

static char *print(void (*fn)(enum fam_program program, const struct fam_config *config, FILE *out),
                   enum fam_program program, const struct fam_config *config)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    cr_assert_not_null(out);
    fn(program, config, out);
    cr_assert_eq(fclose(out), 0);
    return text;
}

Test(config, printing_names_each_setting_of_the_program_and_no_secret)
{
    struct fam_config config;
    struct fam_status status = {0};
    cr_assert_eq(load(FAM_PROGRAM_BOT, SETTINGS("FAM_TOKEN=hunter2", "FAM_LANES=5"), &config, &status), FAM_OK);
    char *text = print(fam_config_print, FAM_PROGRAM_BOT, &config);
    cr_assert_not_null(strstr(text, "FAM_TOKEN=(set)\n"));
    cr_assert_not_null(strstr(text, "TELEGRAM_BOT_TOKEN=(empty)\n"));
    cr_assert_not_null(strstr(text, "FAM_LANES=5\n"));
    cr_assert_not_null(strstr(text, "TELEGRAM_API_URL=https://api.telegram.org\n"));
    cr_assert_null(strstr(text, "hunter2"));
    cr_assert_null(strstr(text, "DATABASE_URL"));
    free(text);
    fam_config_done(&config);
}

static void help(enum fam_program program, const struct fam_config *config, FILE *out)
{
    (void)config;
    fam_config_help(program, out);
}

Test(config, help_tells_default_range_and_the_file_of_a_secret)
{
    char *text = print(help, FAM_PROGRAM_SERVER, NULL);
    cr_assert_not_null(strstr(text, "FAM_WORKERS"));
    cr_assert_not_null(strstr(text, "(1 to 256) [16]"));
    cr_assert_not_null(strstr(text, "(0 to 600000 ms) [30000]"));
    cr_assert_not_null(strstr(text, "FAM_MASTER_KEY_FILE"));
    cr_assert_null(strstr(text, "TELEGRAM_BOT_TOKEN"));
    free(text);
}

Test(config, an_address_is_split_into_host_and_port)
{
    static const struct {
        const char *address;
        const char *host; /* NULL: refused */
        uint16_t port;
    } rows[] = {{"127.0.0.1:8000", "127.0.0.1", 8000},
                {"localhost:0", "localhost", 0},
                {"[::1]:65535", "::1", 65535},
                {"0.0.0.0:080", "0.0.0.0", 80},
                {"", NULL, 0},
                {"host", NULL, 0},
                {":80", NULL, 0},
                {"[]:80", NULL, 0},
                {"[::1:80", NULL, 0},
                {"::1]:80", NULL, 0},
                {"::1:80", NULL, 0},
                {"::1", NULL, 0},
                {"a:b:80", NULL, 0},
                {"host:", NULL, 0},
                {"host:65536", NULL, 0},
                {"host:99999999999999999999999", NULL, 0},
                {"host:-1", NULL, 0},
                {"host: 80", NULL, 0},
                {"host:80x", NULL, 0},
                {"ho st:80", NULL, 0},
                {"a-host-name-that-is-longer-than-the-space:80", NULL, 0}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        char host[32] = "untouched";
        uint16_t port = 7;
        cr_assert_eq(fam_config_split_address(rows[i].address, host, sizeof(host), &port), rows[i].host != NULL,
                     "row %zu", i);
        cr_assert_str_eq(host, rows[i].host != NULL ? rows[i].host : "untouched", "row %zu", i);
        cr_assert_eq(port, rows[i].host != NULL ? rows[i].port : 7, "row %zu", i);
    }
}

Test(config, http_addresses_are_checked_at_the_start)
{
    assert_refused(FAM_PROGRAM_SERVER, "FAM_HTTP_LISTEN=8000", "HOST:PORT");
    assert_refused(FAM_PROGRAM_BOT, "FAM_BOT_HTTP_LISTEN=localhost:99999", "65535");
    assert_taken(FAM_PROGRAM_SERVER, "FAM_HTTP_LISTEN=127.0.0.1:0");
}

static void assert_money(const char *setting, uint64_t micro_usd, const char *line)
{
    struct fam_config config;
    struct fam_status status = {0};
    char *text = NULL;
    size_t size = 0;
    cr_assert_eq(load(FAM_PROGRAM_SERVER, SETTINGS(setting), &config, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(config.claude_budget_day, micro_usd, "%s", setting);
    FILE *out = open_memstream(&text, &size);
    cr_assert_not_null(out);
    fam_config_print(FAM_PROGRAM_SERVER, &config, out);
    cr_assert_eq(fclose(out), 0);
    cr_assert_not_null(strstr(text, line), "%s", text);
    free(text);
    fam_config_done(&config);
}

Test(config, money_is_a_decimal_number_of_dollars)
{
    assert_money("FAM_CLAUDE_BUDGET_DAY=5.00", 5000000, "\nFAM_CLAUDE_BUDGET_DAY=5.00\n");
    assert_money("FAM_CLAUDE_BUDGET_DAY=12", 12000000, "\nFAM_CLAUDE_BUDGET_DAY=12.00\n");
    assert_money("FAM_CLAUDE_BUDGET_DAY=0.125", 125000, "\nFAM_CLAUDE_BUDGET_DAY=0.125\n");
    assert_money("FAM_CLAUDE_BUDGET_DAY=", 0, "\nFAM_CLAUDE_BUDGET_DAY=\n");
    assert_money("FAM_CLAUDE_BUDGET_DAY=0", 0, "\nFAM_CLAUDE_BUDGET_DAY=\n");
    assert_money("FAM_CLAUDE_BUDGET_DAY=1000000", UINT64_C(1000000000000), "\nFAM_CLAUDE_BUDGET_DAY=1000000.00\n");
}

Test(config, money_of_another_form_or_out_of_range_is_refused)
{
    assert_refused(FAM_PROGRAM_SERVER, "FAM_CLAUDE_BUDGET_DAY=5,00", "US dollars");
    assert_refused(FAM_PROGRAM_SERVER, "FAM_CLAUDE_BUDGET_DAY=$5", "US dollars");
    assert_refused(FAM_PROGRAM_SERVER, "FAM_CLAUDE_BUDGET_DAY=-1", "US dollars");
    assert_refused(FAM_PROGRAM_SERVER, "FAM_CLAUDE_BUDGET_DAY=1000000.01", "1000000");
}

Test(config, one_secret_is_read_by_its_name_without_the_others)
{
    char one[] = "DATABASE_URL=postgresql:///x", two[] = "SENTRY_DSN=https://k@h/1", three[] = "FAM_NONSENSE=1",
         four[] = "SENTRY_DSN_FILE=/nowhere";
    char *entries[] = {one, two, three, NULL};
    char *both[] = {two, four, NULL};
    struct fam_secret secret = {.data = NULL};
    struct fam_status status = {0};
    cr_assert_eq(fam_config_secret("SENTRY_DSN", entries, &secret, &status), FAM_OK, "%s", status.message);
    cr_assert_str_eq(fam_secret_text(&secret), "https://k@h/1");
    fam_secret_done(&secret);
    cr_assert_eq(fam_config_secret("FAM_TOKEN", entries, &secret, &status), FAM_OK);
    cr_assert(fam_secret_is_empty(&secret));
    cr_assert_eq(fam_config_secret("SENTRY_DSN", both, &secret, &status), FAM_INVALID_ARGUMENT);
    cr_assert_eq(fam_config_secret("SENTRY_DSN", both + 1, &secret, &status), FAM_INVALID_ARGUMENT);
    cr_assert_null(strstr(status.message, "nowhere"), "%s", status.message);
}
