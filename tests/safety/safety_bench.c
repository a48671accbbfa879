/* safety-bench [FOLDER]: the safety detector against its corpus (corpus_ru.tsv, corpus_en.tsv in FOLDER).
 *
 * A line of the corpus: text, kind that must be among those found ("a,b": either; "none": nothing may be found),
 * class, set (held: written before the rules; dev: while they grew; fresh: after them). Prints every miss and false
 * alarm, recall by class, false alarms and the time of a check; exit 1 when a number is below its bar, 2 when the
 * corpus can't be read. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "translate/safety.h"
#include "translate/safety_rules.h"

enum { SETS = 3, ROWS_MIN = 400, SAMPLES_MAX = 1 << 16, REPEATS = 5 };

/* Classes with the share that must be right. For a text without danger: the share that is left alone. */
static const struct {
    const char *name;
    double bar;
} classes[] = {{"explicit", 0.98}, {"indirect", 0.90}, {"typo", 0.95},  {"translit", 0.95},
               {"parent", 0.95},   {"negated", 0.95},  {"idiom", 0.97}, {"neutral", 0.97}};
enum { CLASSES = sizeof classes / sizeof classes[0] };

static const char *const sets[SETS] = {"held", "dev", "fresh"};

struct score {
    size_t rows, right;
};

struct tally {
    struct score by_class[SETS][CLASSES];
    struct score safe; /* all texts without danger: right means no alarm */
    size_t rows, gravest_rows, gravest_right;
    uint64_t ns[SAMPLES_MAX];
    size_t samples;
};

static int compare_ns(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

static uint64_t now_ns(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static bool timed_check(const struct fam_safety *safety, const char *text, struct fam_safety_hit *hit,
                        struct tally *tally)
{
    struct fam_status status;
    uint64_t best_ns = UINT64_MAX; /* of some repeats: other programs on the machine are not what is measured */
    for (int i = 0; i < REPEATS; i++) {
        uint64_t start_ns = now_ns();
        if (fam_safety_check(safety, text, hit, &status) != FAM_OK) {
            (void)fprintf(stderr, "safety-bench: %s\n", status.message);
            return false;
        }
        uint64_t took_ns = now_ns() - start_ns;
        best_ns = took_ns < best_ns ? took_ns : best_ns;
    }
    if (tally->samples < SAMPLES_MAX) {
        tally->ns[tally->samples++] = best_ns;
    }
    return true;
}

static bool among(const struct fam_safety_hit *hit, const char *kinds, bool first_only)
{
    char copy[128];
    (void)snprintf(copy, sizeof copy, "%s", kinds);
    char *rest = copy;
    for (char *name = strsep(&rest, ","); name != NULL; name = strsep(&rest, ",")) {
        for (size_t i = 0; i < hit->count && (i == 0 || !first_only); i++) {
            if (hit->kinds[i] == fam_safety_kind_named(name)) {
                return true;
            }
        }
    }
    return false;
}

static size_t index_of(const char *name, bool of_class)
{
    size_t count = of_class ? (size_t)CLASSES : (size_t)SETS;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(of_class ? classes[i].name : sets[i], name) == 0) {
            return i;
        }
    }
    return count;
}

static bool judge(const struct fam_safety *safety, char *line, size_t number, struct tally *tally)
{
    char *rest = line;
    const char *text = strsep(&rest, "\t"), *kinds = strsep(&rest, "\t"), *class_name = strsep(&rest, "\t");
    if (class_name == NULL || rest == NULL) {
        (void)fprintf(stderr, "safety-bench: line %zu needs four columns\n", number);
        return false;
    }
    size_t class = index_of(class_name, true), set = index_of(rest, false);
    struct fam_safety_hit hit;
    if (class == CLASSES || set == SETS) {
        (void)fprintf(stderr, "safety-bench: line %zu: unknown class or set\n", number);
        return false;
    }
    if (!timed_check(safety, text, &hit, tally)) {
        return false;
    }
    bool safe = strcmp(kinds, "none") == 0, right = safe ? hit.count == 0 : among(&hit, kinds, false);
    struct score *score = &tally->by_class[set][class];
    score->rows++;
    score->right += right ? 1 : 0;
    tally->rows++;
    tally->safe.rows += safe ? 1 : 0;
    tally->safe.right += safe && right ? 1 : 0;
    tally->gravest_rows += safe ? 0 : 1;
    tally->gravest_right += !safe && among(&hit, kinds, true) ? 1 : 0;
    if (!right) {
        (void)printf("  %s line %zu [%s, %s] %s: %s", safe ? "false alarm" : "miss", number, class_name, rest, kinds,
                     text);
        for (size_t i = 0; i < hit.count; i++) {
            (void)printf(
                " <%s>",
                protobuf_c_enum_descriptor_get_value(&fam__v1__safety_kind__descriptor, (int)hit.kinds[i])->name);
        }
        (void)printf("\n");
    }
    return true;
}

static bool read_corpus(const struct fam_safety *safety, const char *path, struct tally *tally)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        (void)fprintf(stderr, "safety-bench: %s: %s\n", path, strerror(errno));
        return false;
    }
    char *line = NULL;
    size_t capacity = 0, number = 0;
    bool good = true;
    for (ssize_t length = getline(&line, &capacity, file); good && length >= 0;
         length = getline(&line, &capacity, file)) {
        number++;
        line[strcspn(line, "\n")] = '\0';
        good = line[0] == '\0' || line[0] == '#' || judge(safety, line, number, tally);
    }
    free(line);
    (void)fclose(file);
    return good;
}

static double share(struct score score)
{
    return score.rows == 0 ? 1.0 : (double)score.right / (double)score.rows;
}

static bool report(const char *language, struct tally *tally)
{
    static const double time_bar_ms = 2.0, alarm_bar = 0.03;
    bool good = tally->rows >= ROWS_MIN;
    (void)printf("%s: %zu phrases (at least %d)\n", language, tally->rows, ROWS_MIN);
    (void)printf("  %-10s %9s %9s %9s %9s %6s\n", "class", sets[0], sets[1], sets[2], "share", "bar");
    for (size_t i = 0; i < CLASSES; i++) {
        struct score all = {0, 0};
        (void)printf("  %-10s", classes[i].name);
        for (size_t set = 0; set < SETS; set++) {
            struct score score = tally->by_class[set][i];
            all.rows += score.rows;
            all.right += score.right;
            (void)printf(" %5zu/%-3zu", score.right, score.rows);
        }
        good = good && share(all) >= classes[i].bar;
        (void)printf(" %9.3f %6.2f%s\n", share(all), classes[i].bar, share(all) < classes[i].bar ? "  BELOW" : "");
    }
    double alarms = 1.0 - share(tally->safe);
    good = good && alarms <= alarm_bar;
    (void)printf("  false alarms %zu of %zu: %.3f, bar %.2f%s\n", tally->safe.rows - tally->safe.right,
                 tally->safe.rows, alarms, alarm_bar, alarms > alarm_bar ? "  ABOVE" : "");
    (void)printf("  expected kind is the first of those found: %zu of %zu\n", tally->gravest_right,
                 tally->gravest_rows);
    qsort(tally->ns, tally->samples, sizeof *tally->ns, compare_ns);
    double p99_ms = tally->samples == 0 ? 0 : (double)tally->ns[tally->samples * 99 / 100] / 1e6;
    double median_ms = tally->samples == 0 ? 0 : (double)tally->ns[tally->samples / 2] / 1e6;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
    bool timed = false; /* such a build says nothing about speed */
#else
    bool timed = true;
#endif
    good = good && (!timed || p99_ms < time_bar_ms);
    (void)printf("  time of a check: median %.3f ms, p99 %.3f ms, bar %.1f ms%s\n\n", median_ms, p99_ms, time_bar_ms,
                 timed ? (p99_ms < time_bar_ms ? "" : "  ABOVE") : " (not judged in this build)");
    return good;
}

int main(int argc, char **argv)
{
    static const char *const languages[] = {"ru", "en"};
    const char *folder = argc > 1 ? argv[1] : CORPUS_DIR;
    struct fam_status status;
    struct fam_safety *safety = fam_safety_new(&status);
    struct tally *tally = malloc(sizeof *tally);
    bool good = safety != NULL && tally != NULL, passed = true;
    if (safety == NULL) {
        (void)fprintf(stderr, "safety-bench: %s\n", status.message);
    }
    for (size_t i = 0; good && i < sizeof languages / sizeof languages[0]; i++) {
        char path[4096];
        memset(tally, 0, sizeof *tally);
        good = snprintf(path, sizeof path, "%s/corpus_%s.tsv", folder, languages[i]) < (int)sizeof path &&
               read_corpus(safety, path, tally);
        passed = good && report(languages[i], tally) && passed;
    }
    free(tally);
    fam_safety_free(safety);
    return !good ? 2 : passed ? 0 : 1;
}
