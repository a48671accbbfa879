/* test_log.c: the structured log (lib/base/log.h). */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/log_flood.h"
#include "base/text.h"

/* What a log wrote into a temporary file. */
struct sink {
    struct fam_log *log;
    FILE *file;
};

static struct sink sink_of(enum fam_log_level level, enum fam_log_format format)
{
    struct fam_status status = {0};
    struct sink sink = {.file = tmpfile()};
    cr_assert_not_null(sink.file);
    const struct fam_log_options options = {
        .program = "test", .level = level, .format = format, .fd = fileno(sink.file)};
    sink.log = fam_log_new(&options, &status);
    cr_assert_not_null(sink.log, "%s", status.message);
    return sink;
}

/* Ends the log; the text is free()d by the caller. */
static char *drain(struct sink *sink)
{
    fam_log_free(sink->log);
    long size = lseek(fileno(sink->file), 0, SEEK_END) >= 0 ? lseek(fileno(sink->file), 0, SEEK_CUR) : -1;
    cr_assert_geq(size, 0);
    char *text = calloc((size_t)size + 1, 1);
    cr_assert_not_null(text);
    cr_assert_eq(pread(fileno(sink->file), text, (size_t)size, 0), size);
    fclose(sink->file);
    return text;
}

/* The only line of a JSON log. */
static cJSON *drain_json(struct sink *sink)
{
    char *text = drain(sink);
    size_t size = strlen(text);
    cr_assert_gt(size, 0);
    cr_assert_leq(size, 4096);
    cr_assert_eq(strchr(text, '\n'), text + size - 1, "%s", text);
    cJSON *root = fam_json_parse(text, size, size);
    cr_assert_not_null(root, "%s", text);
    free(text);
    return root;
}

Test(log, a_json_line_has_time_level_program_source_event_and_fields)
{
    struct sink sink = sink_of(FAM_LOG_INFO, FAM_LOG_JSON);
    FAM_LOG(sink.log, FAM_LOG_WARN, "rpc", "call finished", FAM_STR("code", "OK"), FAM_I64("minus", -5),
            FAM_U64("big", UINT64_C(9000000000)), FAM_DBL("seconds", 0.25), FAM_BOOL("late", true),
            FAM_DBL("none", NAN));
    cJSON *line = drain_json(&sink);
    int64_t number = 0;
    cr_assert_str_eq(fam_json_string(line, "level"), "warn");
    cr_assert_str_eq(fam_json_string(line, "program"), "test");
    cr_assert_str_eq(fam_json_string(line, "source"), "rpc");
    cr_assert_str_eq(fam_json_string(line, "event"), "call finished");
    cr_assert_str_eq(fam_json_string(line, "code"), "OK");
    cr_assert_eq(strlen(fam_json_string(line, "ts")), 24);
    cr_assert(fam_json_i64(line, "minus", &number) && number == -5);
    cr_assert(fam_json_i64(line, "big", &number) && number == 9000000000);
    cr_assert(fam_json_bool(line, "late"));
    cr_assert(fabs(fam_json_get(line, "seconds")->valuedouble - 0.25) < 1e-9);
    cr_assert(cJSON_IsNull(fam_json_get(line, "none")));
    cJSON_Delete(line);
}

Test(log, a_text_line_can_be_read_and_quotes_what_is_not_a_word)
{
    struct sink sink = sink_of(FAM_LOG_DEBUG, FAM_LOG_TEXT);
    FAM_LOG(sink.log, FAM_LOG_INFO, "room", "it happened", FAM_STR("word", "plain"), FAM_STR("two", "two words"),
            FAM_STR("empty", ""), FAM_STR("escape", "\033[2J"), FAM_STR("return", "a\rb"), FAM_I64("n", 7));
    char *text = drain(&sink);
    const char *after_time = strchr(text, ' ');
    cr_assert_str_eq(after_time, " INFO  room: it happened word=plain two=\"two words\" empty=\"\" "
                                 "escape=\"\\u001b[2J\" return=\"a\\rb\" n=7\n");
    free(text);
}

Test(log, lines_below_the_level_are_not_written)
{
    struct sink sink = sink_of(FAM_LOG_WARN, FAM_LOG_TEXT);
    FAM_LOG0(sink.log, FAM_LOG_INFO, "room", "hidden");
    cr_assert_not(fam_log_enabled(sink.log, FAM_LOG_INFO));
    cr_assert(fam_log_enabled(sink.log, FAM_LOG_ERROR));
    fam_log_set_level(sink.log, FAM_LOG_DEBUG);
    FAM_LOG0(sink.log, FAM_LOG_DEBUG, "room", "shown");
    fam_log_set_level(sink.log, FAM_LOG_OFF);
    FAM_LOG0(sink.log, FAM_LOG_ERROR, "room", "hidden");
    FAM_LOG0(sink.log, FAM_LOG_OFF, "room", "hidden");
    char *text = drain(&sink);
    cr_assert_null(strstr(text, "hidden"));
    cr_assert_not_null(strstr(text, "room: shown\n"));
    free(text);
}

Test(log, no_log_takes_everything_in_silence)
{
    const struct fam_status status = {.code = FAM_INTERNAL};
    FAM_LOG0(NULL, FAM_LOG_ERROR, "room", "nothing");
    fam_log_status(NULL, FAM_LOG_ERROR, "room", "nothing", &status);
    fam_log_set_level(NULL, FAM_LOG_DEBUG);
    cr_assert_not(fam_log_enabled(NULL, FAM_LOG_ERROR));
    cr_assert_eq(fam_log_dropped(NULL), 0);
    fam_log_free(NULL);
}

Test(log, levels_are_read_by_name)
{
    enum fam_log_level level = FAM_LOG_WARN;
    cr_assert(fam_log_level_parse("debug", &level));
    cr_assert_eq(level, FAM_LOG_DEBUG);
    cr_assert(fam_log_level_parse("off", &level));
    cr_assert_eq(level, FAM_LOG_OFF);
    cr_assert_not(fam_log_level_parse("DEBUG", &level));
    cr_assert_not(fam_log_level_parse("", &level));
    cr_assert_eq(level, FAM_LOG_OFF);
}

Test(log, an_error_becomes_code_reason_and_message)
{
    struct sink sink = sink_of(FAM_LOG_INFO, FAM_LOG_JSON);
    struct fam_status status = {0};
    (void)fam_fail_reason(&status, FAM_UNAVAILABLE, "NO_DATABASE", 5, "PostgreSQL does not answer");
    fam_log_status(sink.log, FAM_LOG_ERROR, "store", "connection lost", &status);
    cJSON *line = drain_json(&sink);
    cr_assert_str_eq(fam_json_string(line, "code"), "UNAVAILABLE");
    cr_assert_str_eq(fam_json_string(line, "reason"), "NO_DATABASE");
    cr_assert_str_eq(fam_json_string(line, "message"), "PostgreSQL does not answer");
    cJSON_Delete(line);
}

Test(log, values_become_valid_text_of_bounded_length)
{
    char longest[2000];
    for (size_t i = 0; i + 2 < sizeof(longest); i += 2) {
        memcpy(longest + i + 1, "я", 2);
    }
    longest[0] = 'x'; /* so that byte 512 is inside a character */
    longest[sizeof(longest) - 1] = '\0';
    struct sink sink = sink_of(FAM_LOG_INFO, FAM_LOG_JSON);
    FAM_LOG(sink.log, FAM_LOG_INFO, "room", "event", FAM_STR("long", longest), FAM_STR("bytes", "a\xff\xd0"),
            FAM_STR("null", NULL), FAM_STR("quote", "a\"b\nc"));
    cJSON *line = drain_json(&sink);
    cr_assert_eq(strlen(fam_json_string(line, "long")), 511);
    cr_assert_str_eq(fam_json_string(line, "bytes"), "a??");
    cr_assert_str_eq(fam_json_string(line, "null"), "");
    cr_assert_str_eq(fam_json_string(line, "quote"), "a\"b\nc");
    cJSON_Delete(line);
}

Test(log, a_line_has_24_fields_at_most)
{
    struct fam_field fields[40];
    for (size_t i = 0; i < FAM_ARRAY_SIZE(fields); i++) {
        fields[i] = FAM_I64("f", (int64_t)i);
    }
    struct sink sink = sink_of(FAM_LOG_INFO, FAM_LOG_JSON);
    fam_log_write(sink.log, FAM_LOG_INFO, "room", "event", fields, FAM_ARRAY_SIZE(fields));
    cJSON *line = drain_json(&sink);
    cr_assert_eq(cJSON_GetArraySize(line), 5 + 24);
    cJSON_Delete(line);
}

Test(log, of_too_long_a_line_the_fields_that_fit_stay)
{
    char value[600];
    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    struct fam_field fields[24] = {FAM_STR("first", "here")};
    for (size_t i = 1; i < FAM_ARRAY_SIZE(fields); i++) {
        fields[i] = FAM_STR("filler", value);
    }
    for (int format = FAM_LOG_JSON; format <= FAM_LOG_TEXT; format++) {
        struct sink sink = sink_of(FAM_LOG_INFO, (enum fam_log_format)format);
        fam_log_write(sink.log, FAM_LOG_INFO, "room", "long event", fields, FAM_ARRAY_SIZE(fields));
        char *text = drain(&sink);
        size_t size = strlen(text);
        cr_assert_leq(size, 4096);
        cr_assert_gt(size, 3000, "%zu", size);
        cr_assert_eq(text[size - 1], '\n');
        cr_assert_not_null(strstr(text, "long event"));
        cr_assert_not_null(strstr(text, "here"));
        cr_assert_not_null(strstr(text, "cut"));
        if (format == FAM_LOG_JSON) {
            cJSON *line = fam_json_parse(text, size, size);
            cr_assert_not_null(line);
            cJSON_Delete(line);
        }
        free(text);
    }
}

enum { THREADS = 8, LINES = 400 };

static void *write_lines(void *log)
{
    for (int i = 0; i < LINES; i++) {
        FAM_LOG(log, FAM_LOG_INFO, "thread", "line", FAM_I64("number", i), FAM_STR("text", "some words"));
    }
    return NULL;
}

Test(log, lines_of_many_threads_stay_whole_and_each_is_written_or_counted)
{
    struct sink sink = sink_of(FAM_LOG_INFO, FAM_LOG_JSON);
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, write_lines, sink.log), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    }
    uint64_t dropped = fam_log_dropped(sink.log);
    char *text = drain(&sink);
    uint64_t lines = 0;
    for (char *at = text, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        cJSON *line = fam_json_parse(at, (size_t)(end - at), 4096);
        cr_assert_not_null(line);
        lines += strcmp(fam_json_string(line, "source"), "thread") == 0 ? 1 : 0;
        cJSON_Delete(line);
    }
    cr_assert_eq(lines + dropped, THREADS * LINES, "%" PRIu64 " lines, %" PRIu64 " dropped", lines, dropped);
    free(text);
}

/* A pipe that nobody reads: the writer stands still once it is full. */
static struct fam_log *stuck_log(int ends[2])
{
    struct fam_status status = {0};
    cr_assert_eq(pipe(ends), 0);
    cr_assert_gt(fcntl(ends[1], F_SETPIPE_SZ, 4096), 0);
    const struct fam_log_options options = {
        .program = "test", .format = FAM_LOG_JSON, .fd = ends[1], .ring_bytes = 8192};
    struct fam_log *log = fam_log_new(&options, &status);
    cr_assert_not_null(log);
    return log;
}

static void *read_all(void *argument)
{
    int *fd = argument;
    static char text[1 << 20];
    size_t size = 0;
    for (ssize_t got; size < sizeof(text) - 1 && (got = read(*fd, text + size, sizeof(text) - 1 - size)) > 0;) {
        size += (size_t)got;
    }
    text[size] = '\0';
    return text;
}

Test(log, when_nobody_reads_lines_are_dropped_and_the_next_one_says_how_many, .timeout = 60)
{
    int ends[2];
    struct fam_log *log = stuck_log(ends);
    uint64_t before = fam_mono_ms();
    for (int i = 0; i < 1000; i++) {
        FAM_LOG(log, FAM_LOG_INFO, "test", "filler", FAM_I64("number", i));
    }
    cr_assert_lt(fam_mono_ms() - before, 5000, "logging waits");
    uint64_t dropped = fam_log_dropped(log);
    cr_assert_gt(dropped, 0);
    pthread_t reader;
    cr_assert_eq(pthread_create(&reader, NULL, read_all, &ends[0]), 0);
    uint64_t again = dropped;
    do { /* until there is room again */
        again = fam_log_dropped(log);
        FAM_LOG0(log, FAM_LOG_INFO, "test", "after the gap");
    } while (fam_log_dropped(log) != again && fam_mono_ms() - before < 30000);
    fam_log_free(log);
    cr_assert_eq(close(ends[1]), 0);
    void *text = NULL;
    cr_assert_eq(pthread_join(reader, &text), 0);
    uint64_t told = 0;
    for (const char *at = text; (at = strstr(at, "\"lines\":")) != NULL; at++) {
        told += strtoull(at + strlen("\"lines\":"), NULL, 10);
    }
    cr_assert_eq(told, again, "told %" PRIu64 " of %" PRIu64, told, again);
    cr_assert_not_null(strstr(text, "after the gap"));
    close(ends[0]);
}

Test(log, the_end_waits_two_seconds_at_most_for_a_reader, .timeout = 30)
{
    int ends[2];
    struct fam_log *log = stuck_log(ends);
    for (int i = 0; i < 1000; i++) {
        FAM_LOG(log, FAM_LOG_INFO, "test", "filler", FAM_I64("number", i));
    }
    uint64_t before = fam_mono_ms();
    fam_log_free(log);
    cr_assert_lt(fam_mono_ms() - before, 5000);
}

Test(log, a_descriptor_that_does_not_block_loses_nothing, .timeout = 60)
{
    int ends[2];
    struct fam_log *log = stuck_log(ends);
    cr_assert_eq(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    for (int i = 0; i < 60; i++) { /* more than the pipe holds, less than the ring */
        FAM_LOG(log, FAM_LOG_INFO, "test", "line", FAM_I64("number", i));
    }
    cr_assert_eq(fam_log_dropped(log), 0);
    pthread_t reader;
    cr_assert_eq(pthread_create(&reader, NULL, read_all, &ends[0]), 0);
    fam_log_free(log);
    cr_assert_eq(close(ends[1]), 0);
    void *text = NULL;
    cr_assert_eq(pthread_join(reader, &text), 0);
    for (int i = 0; i < 60; i++) {
        char expected[32];
        snprintf(expected, sizeof(expected), "\"number\":%d}", i);
        cr_assert_not_null(strstr(text, expected), "%s", expected);
    }
    close(ends[0]);
}

Test(log, a_broken_descriptor_does_no_harm)
{
    int ends[2];
    struct fam_log *log = stuck_log(ends);
    signal(SIGPIPE, SIG_IGN);
    close(ends[0]);
    for (int i = 0; i < 1000; i++) {
        FAM_LOG0(log, FAM_LOG_INFO, "test", "nobody reads this");
    }
    fam_log_free(log);
    close(ends[1]);
}

/* What an observer was told. */
struct watched {
    atomic_uint lines;
    const char *source, *event;
    enum fam_log_level level;
    size_t fields;
};

static void watch(void *context, enum fam_log_level level, const char *source, const char *event,
                  const struct fam_field *fields, size_t field_count)
{
    struct watched *watched = context;
    (void)fields;
    watched->level = level;
    watched->source = source;
    watched->event = event;
    watched->fields = field_count;
    atomic_fetch_add(&watched->lines, 1);
}

Test(log, an_observer_is_told_of_lines_at_or_above_its_level_and_of_no_others)
{
    struct sink sink = sink_of(FAM_LOG_DEBUG, FAM_LOG_JSON);
    struct watched watched = {.lines = 0};
    fam_log_observe(sink.log, FAM_LOG_ERROR, watch, &watched);
    FAM_LOG0(sink.log, FAM_LOG_WARN, "room", "below");
    cr_assert_eq(atomic_load(&watched.lines), 0);
    FAM_LOG(sink.log, FAM_LOG_ERROR, "store", "database is away", FAM_STR("code", "UNAVAILABLE"), FAM_I64("n", 3));
    cr_assert_eq(atomic_load(&watched.lines), 1);
    cr_assert_str_eq(watched.source, "store");
    cr_assert_str_eq(watched.event, "database is away");
    cr_assert_eq(watched.level, FAM_LOG_ERROR);
    cr_assert_eq(watched.fields, 2);
    fam_log_observe(sink.log, FAM_LOG_OFF, NULL, NULL);
    FAM_LOG0(sink.log, FAM_LOG_ERROR, "room", "unseen");
    cr_assert_eq(atomic_load(&watched.lines), 1);
    free(drain(&sink));
}

Test(log, an_observer_is_told_also_of_lines_that_are_not_written)
{
    struct sink sink = sink_of(FAM_LOG_OFF, FAM_LOG_JSON);
    struct watched watched = {.lines = 0};
    cr_assert_not(fam_log_enabled(sink.log, FAM_LOG_ERROR));
    fam_log_observe(sink.log, FAM_LOG_ERROR, watch, &watched);
    cr_assert(fam_log_enabled(sink.log, FAM_LOG_ERROR));
    cr_assert_not(fam_log_enabled(sink.log, FAM_LOG_WARN));
    FAM_LOG0(sink.log, FAM_LOG_ERROR, "room", "seen");
    FAM_LOG0(sink.log, FAM_LOG_OFF, "room", "no level of a line");
    cr_assert_eq(atomic_load(&watched.lines), 1);
    char *text = drain(&sink);
    cr_assert_str_eq(text, "");
    free(text);
}

/* An observer that would hang if the log still held its lock. */
static void ask_back(void *context, enum fam_log_level level, const char *source, const char *event,
                     const struct fam_field *fields, size_t field_count)
{
    (void)level, (void)source, (void)event, (void)fields, (void)field_count;
    struct sink *sink = context;
    FAM_LOG0(sink->log, FAM_LOG_INFO, "observer", "a line of its own");
}

Test(log, an_observer_runs_under_no_lock_of_the_log, .timeout = 20)
{
    struct sink sink = sink_of(FAM_LOG_INFO, FAM_LOG_TEXT);
    fam_log_observe(sink.log, FAM_LOG_ERROR, ask_back, &sink);
    FAM_LOG0(sink.log, FAM_LOG_ERROR, "room", "first");
    char *text = drain(&sink);
    const char *first = strstr(text, "room: first\n");
    cr_assert_not_null(first, "%s", text);
    cr_assert_not_null(strstr(first, "observer: a line of its own\n"), "%s", text);
    free(text);
}

/* ---- floods ---- */

Test(log_flood, what_is_written_over_a_thousand_times_a_second_is_thinned_out_and_counted)
{
    static struct fam_log_flood flood = {.bound = 1000};
    static const char event[] = "call finished", other[] = "call refused";
    uint64_t left_out = 0, written = 0;
    for (int i = 0; i < 3000; i++) {
        written += fam_log_flood_take(&flood, FAM_LOG_INFO, event, 5000 + (uint64_t)i % 1000, &left_out) ? 1 : 0;
        cr_assert_eq(left_out, 0);
    }
    cr_assert_eq(written, 1000 + 20);
    cr_assert(fam_log_flood_take(&flood, FAM_LOG_INFO, other, 5999, &left_out), "others are not touched");
    cr_assert(fam_log_flood_take(&flood, FAM_LOG_WARN, event, 5999, &left_out), "nor is another level");
    cr_assert(fam_log_flood_take(&flood, FAM_LOG_INFO, event, 6000, &left_out));
    cr_assert_eq(left_out, 1980);
    cr_assert(fam_log_flood_take(&flood, FAM_LOG_INFO, event, 6001, &left_out));
    cr_assert_eq(left_out, 0, "said once");
}

Test(log_flood, more_events_than_have_a_place_are_all_written)
{
    static struct fam_log_flood flood = {.bound = 1000};
    static char events[1000][8];
    uint64_t left_out = 0;
    for (size_t i = 0; i < 1000; i++) {
        cr_assert(fam_log_flood_take(&flood, FAM_LOG_INFO, events[i], 1000, &left_out));
    }
}

Test(log_flood, the_log_says_how_many_lines_are_missing)
{
    struct fam_status status = {0};
    struct sink sink = {.file = tmpfile()};
    cr_assert_not_null(sink.file);
    const struct fam_log_options options = {
        .program = "test", .level = FAM_LOG_INFO, .format = FAM_LOG_JSON, .fd = fileno(sink.file), .flood = 1000};
    sink.log = fam_log_new(&options, &status);
    cr_assert_not_null(sink.log, "%s", status.message);
    uint64_t second = fam_mono_ms() / 1000;
    while (fam_mono_ms() / 1000 == second) { /* from the start of a second on */
        usleep(1000);
    }
    for (int i = 0; i < 1500; i++) {
        FAM_LOG(sink.log, FAM_LOG_INFO, "test", "flood", FAM_I64("i", i));
    }
    second = fam_mono_ms() / 1000;
    while (fam_mono_ms() / 1000 == second) {
        usleep(1000);
    }
    FAM_LOG(sink.log, FAM_LOG_INFO, "test", "flood", FAM_I64("i", -1));
    char *text = drain(&sink);
    cr_assert_not_null(strstr(text, "\"event\":\"lines of a flood were left out\""), "%.2000s", text);
    cr_assert_not_null(strstr(text, "\"of\":\"flood\""));
    cr_assert_not_null(strstr(text, "\"i\":-1"));
    free(text);
}
