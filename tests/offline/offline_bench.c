/* offline-bench: reads every phrase of the corpus with the built-in engine and prints how often its reading is one of
 * the acceptable ones, every miss, and how long it takes.
 *
 *   offline-bench [FOLDER]      the folder of corpus_ru.tsv and corpus_en.tsv; default: the one of the source tree
 *
 * A phrase counts as right when primary emotion, first need and kind of input are all acceptable. Exit 1: the held-out
 * part of a language is below the bar, or p99 is above its bound; 2: the corpus can't be read. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "translate/offline.h"
#include "translate/offline_tsv.h"

enum {
    PHRASES_MAX = 1000,
    ROUNDS = 20,
    HELD_PERCENT_MIN = 80,
    P99_US_MAX = 2000,
    FILE_BYTES_MAX = 1 << 20,
};

/* What sanitizers slow down is not measured against the bound. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { INSTRUMENTED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { INSTRUMENTED = 1 };
#else
enum { INSTRUMENTED = 0 };
#endif
#else
enum { INSTRUMENTED = 0 };
#endif

struct part {
    const char *name;
    size_t right, count;
};

struct bench {
    struct fam_offline *offline;
    Fam__V1__Language language;
    struct part parts[2]; /* dev, held */
    double *times_us;
    size_t time_count;
};

static Fam__V1__AgeBand band_of(const char *age)
{
    static const int last[] = {3, 6, 9, 12, 15};
    char *end = NULL;
    long years = strtol(age, &end, 10);
    if (end == age) {
        return FAM__V1__AGE_BAND__AGE_BAND_UNSPECIFIED;
    }
    int band = 1;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(last); i++) {
        band += years > last[i] ? 1 : 0;
    }
    return (Fam__V1__AgeBand)band;
}

/* Is the value's name (lower case, without the prefix) one of the words? "*" is any. */
static bool among(const char *words, const ProtobufCEnumDescriptor *list, int number, size_t prefix, char *ret_name,
                  size_t size)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(list, number);
    char copy[256];
    (void)snprintf(ret_name, size, "%s", value == NULL ? "?" : value->name + prefix);
    for (char *c = ret_name; *c != '\0'; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    (void)snprintf(copy, sizeof(copy), "%s", words);
    char *at = copy;
    for (char *word = fam_offline_next_word(&at); word != NULL; word = fam_offline_next_word(&at)) {
        if (strcmp(word, "*") == 0 || strcmp(word, ret_name) == 0) {
            return true;
        }
    }
    return false;
}

static const char *kind_name(Fam__V1__InputKind kind)
{
    static const char *const names[] = {"?", "said", "behaviour", "outburst"};
    return (size_t)kind < FAM_ARRAY_SIZE(names) ? names[kind] : "?";
}

static void judge(struct bench *bench, char **columns, const Fam__V1__Reading *reading)
{
    char emotion[64];
    char need[64];
    bool right = among(columns[2], &fam__v1__emotion__descriptor, (int)reading->primary->emotion, strlen("EMOTION_"),
                       emotion, sizeof(emotion));
    right =
        among(columns[3], &fam__v1__need__descriptor, (int)reading->needs[0], strlen("NEED_"), need, sizeof(need)) &&
        right;
    right = strcmp(columns[4], kind_name(reading->input_kind)) == 0 && right;
    struct part *part = &bench->parts[strcmp(columns[5], "held") == 0 ? 1 : 0];
    part->count++;
    part->right += right ? 1 : 0;
    if (!right) {
        printf("miss %s  %s (%s)  is %s %s %s  wanted %s | %s | %s\n", part->name, columns[0], columns[1], emotion,
               need, kind_name(reading->input_kind), columns[2], columns[3], columns[4]);
    }
}

static bool read_phrase(struct bench *bench, char **columns)
{
    struct fam_status status = {.code = FAM_OK};
    const struct fam_reading_input input = {.phrase = columns[0],
                                            .happened_before = "",
                                            .age_band = band_of(columns[1]),
                                            .language = bench->language,
                                            .child_name = ""};
    for (size_t i = 0; i < ROUNDS; i++) {
        struct timespec start;
        struct timespec end;
        Fam__V1__Reading *reading = NULL;
        (void)clock_gettime(CLOCK_MONOTONIC, &start);
        enum fam_code code = fam_offline_read(bench->offline, &input, &reading, &status);
        (void)clock_gettime(CLOCK_MONOTONIC, &end);
        if (code != FAM_OK) {
            fprintf(stderr, "offline-bench: %s\n", status.message);
            return false;
        }
        bench->times_us[bench->time_count++] =
            (double)(end.tv_sec - start.tv_sec) * 1e6 + (double)(end.tv_nsec - start.tv_nsec) / 1e3;
        if (i == 0) {
            judge(bench, columns, reading);
        }
        fam__v1__reading__free_unpacked(reading, NULL);
    }
    return true;
}

static unsigned char *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    unsigned char *data = file == NULL ? NULL : malloc(FILE_BYTES_MAX);
    if (data != NULL) {
        *ret_size = fread(data, 1, FILE_BYTES_MAX, file);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return data;
}

static int compare(const void *a, const void *b)
{
    double one = *(const double *)a;
    double two = *(const double *)b;
    return one < two ? -1 : one > two ? 1 : 0;
}

static bool report(struct bench *bench, const char *language)
{
    bool passed = true;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(bench->parts); i++) {
        const struct part *part = &bench->parts[i];
        double percent = part->count == 0 ? 0 : 100.0 * (double)part->right / (double)part->count;
        printf("%s %-4s %zu of %zu right (%.1f %%)\n", language, part->name, part->right, part->count, percent);
        passed = passed && (i == 0 || percent >= HELD_PERCENT_MIN);
    }
    qsort(bench->times_us, bench->time_count, sizeof(*bench->times_us), compare);
    double p99 = bench->time_count == 0 ? 0 : bench->times_us[bench->time_count * 99 / 100];
    printf("%s p50 %.0f us, p99 %.0f us of %zu readings\n", language,
           bench->time_count == 0 ? 0 : bench->times_us[bench->time_count / 2], p99, bench->time_count);
    return passed && (INSTRUMENTED || p99 <= P99_US_MAX);
}

/* 0, 1 or 2, as the program exits. */
static int run(struct bench *bench, const char *folder, const char *language)
{
    char path[4096];
    struct fam_offline_tsv tsv;
    struct fam_status status = {.code = FAM_OK};
    size_t size = 0;
    size_t phrases = 0;
    bool more = false;
    (void)snprintf(path, sizeof(path), "%s/corpus_%s.tsv", folder, language);
    unsigned char *data = read_file(path, &size);
    if (data == NULL) {
        fprintf(stderr, "offline-bench: can't read %s\n", path);
        return 2;
    }
    fam_offline_tsv_init(&tsv, path, data, size);
    enum fam_code code = fam_offline_tsv_next(&tsv, &more, &status);
    while (code == FAM_OK && more && phrases < PHRASES_MAX) {
        if (tsv.column_count != 6) {
            code = fam_offline_tsv_fail(&tsv, "expected six columns", "", &status);
        } else if (!read_phrase(bench, tsv.columns)) {
            code = FAM_INTERNAL;
        } else {
            phrases++;
            code = fam_offline_tsv_next(&tsv, &more, &status);
        }
    }
    free(data);
    if (code != FAM_OK) {
        fprintf(stderr, "offline-bench: %s\n", status.message);
        return 2;
    }
    return report(bench, language) ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : FAM_CORPUS_DIR;
    struct fam_status status = {.code = FAM_OK};
    struct fam_offline *offline = fam_offline_new(&status);
    double *times = malloc(sizeof(*times) * PHRASES_MAX * ROUNDS);
    if (offline == NULL || times == NULL) {
        fprintf(stderr, "offline-bench: %s\n", offline == NULL ? status.message : "not enough memory");
        fam_offline_free(offline);
        free(times);
        return 2;
    }
    int worst = 0;
    static const char *const languages[] = {"ru", "en"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(languages); i++) {
        struct bench bench = {.offline = offline,
                              .language = (Fam__V1__Language)(i + 1),
                              .parts = {{.name = "dev"}, {.name = "held"}},
                              .times_us = times};
        int result = run(&bench, folder, languages[i]);
        worst = result > worst ? result : worst;
    }
    free(times);
    fam_offline_free(offline);
    return worst;
}
