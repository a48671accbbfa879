#include "translate/guard_echo.h"

#include <stdlib.h>
#include <string.h>

extern const unsigned char fam_data_prompt_ru_v2_txt[];
extern const size_t fam_data_prompt_ru_v2_txt_size;
extern const unsigned char fam_data_prompt_en_v2_txt[];
extern const size_t fam_data_prompt_en_v2_txt_size;

/* FNV-1a over the folded words from i on; the end of each counts. */
static uint64_t hash_run(const struct fam_pseudonym_words *words, size_t i)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t k = i; k < i + FAM_GUARD_ECHO_WORDS; k++) {
        const unsigned char *at = (const unsigned char *)words->items[k].folded;
        do {
            hash = (hash ^ *at) * 0x100000001b3u;
        } while (*at++ != '\0');
    }
    return hash;
}

static enum fam_code add_prompt(struct fam_guard_echo *echo, const unsigned char *data, size_t size,
                                struct fam_status *status)
{
    struct fam_pseudonym_words words = {.count = 0};
    char *text = strndup((const char *)data, size);
    if (text == NULL || !fam_pseudonym_words_init(&words, text)) {
        free(text);
        return fam_fail_memory(status);
    }
    enum fam_code code = FAM_OK;
    uint64_t *runs = realloc(echo->runs, (echo->count + words.count + 1) * sizeof(*runs));
    if (runs == NULL) {
        code = fam_fail_memory(status);
    } else {
        echo->runs = runs;
        for (size_t i = 0; i + FAM_GUARD_ECHO_WORDS <= words.count; i++) {
            runs[echo->count++] = hash_run(&words, i);
        }
    }
    fam_pseudonym_words_done(&words);
    free(text);
    return code;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

enum fam_code fam_guard_echo_init(struct fam_guard_echo *echo, struct fam_status *status)
{
    *echo = (struct fam_guard_echo){.runs = NULL};
    enum fam_code code = add_prompt(echo, fam_data_prompt_ru_v2_txt, fam_data_prompt_ru_v2_txt_size, status);
    if (code == FAM_OK) {
        code = add_prompt(echo, fam_data_prompt_en_v2_txt, fam_data_prompt_en_v2_txt_size, status);
    }
    if (code != FAM_OK) {
        fam_guard_echo_done(echo);
        return code;
    }
    qsort(echo->runs, echo->count, sizeof(*echo->runs), compare);
    return FAM_OK;
}

void fam_guard_echo_done(struct fam_guard_echo *echo)
{
    free(echo->runs);
    *echo = (struct fam_guard_echo){.runs = NULL};
}

bool fam_guard_echo_has(const struct fam_guard_echo *echo, const struct fam_pseudonym_words *words)
{
    for (size_t i = 0; i + FAM_GUARD_ECHO_WORDS <= words->count; i++) {
        uint64_t hash = hash_run(words, i);
        if (bsearch(&hash, echo->runs, echo->count, sizeof(*echo->runs), compare) != NULL) {
            return true;
        }
    }
    return false;
}
