/* victim.c: a program that crashes, for test_crash.c: crash-victim HOW WORDS [FILE]. The words are where a program's
 * words are: in its arguments, its environment, its heap and on the stacks of the functions that are in the report. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crash.h"

enum { WORDS_SIZE = 256 };

static void (*volatile nowhere)(void);
static volatile int zero;
static const char *how;

static void __attribute__((noinline)) victim_inner(const char *words)
{
    char here[WORDS_SIZE];
    (void)snprintf(here, sizeof(here), "%s", words);
    *(volatile char *)(uintptr_t)(strlen(here) - strlen(words)) = 1; /* the line that crashes */
    printf("%s\n", here);
}

static void __attribute__((noinline)) victim_overflow(const char *words, int depth)
{
    volatile char here[4096];
    here[0] = words[depth % (int)strlen(words)];
    if (zero == 0) {
        victim_overflow(words, depth + 1);
    }
    here[1] = here[0]; /* no tail call */
}

/* Put into its caller by the compiler. */
static inline __attribute__((always_inline)) int victim_inlined(int number)
{
    return number / zero;
}

static void __attribute__((noinline)) victim_middle(const char *words)
{
    char here[WORDS_SIZE];
    (void)snprintf(here, sizeof(here), "%s in the middle", words);
    if (strcmp(how, "abort") == 0) {
        abort();
    } else if (strcmp(how, "null-call") == 0) {
        nowhere();
    } else if (strcmp(how, "divide") == 0) {
        (void)snprintf(here, sizeof(here), "%d", victim_inlined((int)strlen(words)));
    } else if (strcmp(how, "overflow") == 0) {
        victim_overflow(words, 0);
    } else {
        victim_inner(here);
    }
    printf("%s\n", here);
}

static void victim_outer(const char *words)
{
    char *copy = strdup(words);
    if (copy != NULL) {
        victim_middle(copy);
        printf("%s\n", copy);
    }
    free(copy);
}

static void *run_outer(void *words)
{
    void *stack = fam_crash_thread_begin();
    victim_outer(words);
    fam_crash_thread_end(stack);
    return NULL;
}

/* Appends a byte every millisecond: whoever looks sees whether this thread still goes on. */
static void *keep_writing(void *path)
{
    FILE *file = fopen(path, "ae");
    while (file != NULL && fputc('.', file) != EOF && fflush(file) == 0) {
        (void)usleep(1000);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct fam_status status = {.message = ""};
    pthread_t threads[4];
    if (argc < 3) {
        return 2;
    }
    how = argv[1];
    if (fam_crash_install("crash-victim", &status) != FAM_OK) {
        fprintf(stderr, "%s\n", status.message);
        return 3;
    }
    if (argc > 3 && pthread_create(&threads[0], NULL, keep_writing, argv[3]) != 0) {
        return 4;
    }
    struct stat written = {.st_size = 0};
    while (argc > 3 && (stat(argv[3], &written) != 0 || written.st_size == 0)) { /* until the thread is at work */
        (void)usleep(1000);
    }
    if (strcmp(how, "overflow-thread") == 0) {
        how = "overflow";
        (void)pthread_create(&threads[1], NULL, run_outer, argv[2]);
        (void)pthread_join(threads[1], NULL);
    }
    if (strcmp(how, "threads") == 0) {
        for (size_t i = 0; i < 4; i++) {
            (void)pthread_create(&threads[i], NULL, run_outer, argv[2]);
        }
        for (size_t i = 0; i < 4; i++) {
            (void)pthread_join(threads[i], NULL);
        }
    }
    victim_outer(argv[2]);
    return 0;
}
