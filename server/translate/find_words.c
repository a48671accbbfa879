#include "translate/find_words.h"

#include <libstemmer.h>
#include <sodium.h>
#include <string.h>

static void stem(const struct fam_find *find, const struct fam_pseudonym_word *word, char out[FAM_PSEUDONYM_WORD_BYTES])
{
    memcpy(out, word->folded, FAM_PSEUDONYM_WORD_BYTES);
    if (word->number) {
        return;
    }
    struct sb_stemmer *stemmer = word->cyrillic ? find->russian : find->english;
    const sb_symbol *stemmed = sb_stemmer_stem(stemmer, (const sb_symbol *)word->folded, (int)strlen(word->folded));
    int size = sb_stemmer_length(stemmer);
    /* A stem is never longer than its word, by more than a letter; what is not understood stays as it is. */
    if (stemmed != NULL && size > 0 && size < FAM_PSEUDONYM_WORD_BYTES) {
        memcpy(out, stemmed, (size_t)size);
        memset(out + size, 0, FAM_PSEUDONYM_WORD_BYTES - (size_t)size);
    }
}

static enum fam_code add_words(struct fam_find *find, const char *query, struct fam_status *status)
{
    fam_auto(fam_pseudonym_words_done) struct fam_pseudonym_words words = {.text = NULL};
    if (!fam_pseudonym_words_init(&words, query)) {
        return fam_fail_memory(status);
    }
    if (words.count == 0 || words.count > FAM_FIND_WORDS_MAX) {
        return fam_fail_field(status, "query", "query holds 1 to %d words", FAM_FIND_WORDS_MAX);
    }
    for (size_t i = 0; i < words.count; i++) {
        stem(find, &words.items[i], find->stems[find->count++]);
    }
    return FAM_OK;
}

enum fam_code fam_find_init(struct fam_find *find, const char *query, struct fam_status *status)
{
    find->russian = sb_stemmer_new("russian", "UTF_8");
    find->english = sb_stemmer_new("english", "UTF_8");
    if (find->russian == NULL || find->english == NULL) {
        return fam_fail_memory(status);
    }
    return add_words(find, query, status);
}

void fam_find_done(struct fam_find *find)
{
    sb_stemmer_delete(find->russian);
    sb_stemmer_delete(find->english);
    sodium_memzero(find, sizeof(*find));
}

/* Marks what stands in the text. */
static enum fam_code look(struct fam_find *find, const char *text, unsigned *found, struct fam_status *status)
{
    fam_auto(fam_pseudonym_words_done) struct fam_pseudonym_words words = {.text = NULL};
    if (!fam_pseudonym_words_init(&words, text)) {
        return fam_fail_memory(status);
    }
    for (size_t i = 0; i < words.count; i++) {
        char stemmed[FAM_PSEUDONYM_WORD_BYTES];
        stem(find, &words.items[i], stemmed);
        for (size_t j = 0; j < find->count; j++) {
            *found |= strcmp(stemmed, find->stems[j]) == 0 ? 1U << j : 0;
        }
    }
    return FAM_OK;
}

enum fam_code fam_find_match(struct fam_find *find, const char *const *texts, size_t count, bool *ret_match,
                             struct fam_status *status)
{
    unsigned found = 0;
    unsigned all = (1U << find->count) - 1;
    enum fam_code code = FAM_OK;
    for (size_t i = 0; code == FAM_OK && found != all && i < count; i++) {
        if (texts[i] != NULL && texts[i][0] != '\0') {
            code = look(find, texts[i], &found, status);
        }
    }
    *ret_match = code == FAM_OK && found == all;
    return code;
}
