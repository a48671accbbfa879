/* Many threads write to one log while its level changes; nothing is lost without being counted. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"

enum { THREADS = 4, LINES = 2000 };

static void *write_lines(void *context)
{
    struct fam_log *log = context;
    for (int i = 0; i < LINES; i++) {
        FAM_LOG(log, FAM_LOG_INFO, "test", "line", FAM_I64("number", i));
        if (i % 500 == 0) {
            fam_log_set_level(log, i % 1000 == 0 ? FAM_LOG_DEBUG : FAM_LOG_INFO);
        }
    }
    return NULL;
}

static uint64_t count_lines(FILE *file)
{
    uint64_t count = 0;
    rewind(file);
    for (int c; (c = fgetc(file)) != EOF;) {
        count += c == '\n' ? 1 : 0;
    }
    return count;
}

int main(void)
{
    pthread_t threads[THREADS];
    struct fam_status status = {0};
    FILE *file = tmpfile();
    if (file == NULL) {
        return 2;
    }
    struct fam_log_options options = {
        .program = "test", .level = FAM_LOG_INFO, .format = FAM_LOG_JSON, .fd = fileno(file), .ring_bytes = 64 * 1024};
    struct fam_log *log = fam_log_new(&options, &status);
    if (log == NULL) {
        return 2;
    }
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, write_lines, log) != 0) {
            return 2;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    uint64_t dropped = fam_log_dropped(log);
    fam_log_free(log);
    uint64_t written = count_lines(file);
    fclose(file);
    printf("%ju written, %ju dropped\n", (uintmax_t)written, (uintmax_t)dropped);
    /* A line that tells of dropped ones may come on top. */
    return written + dropped >= (uint64_t)THREADS * LINES ? 0 : 1;
}
