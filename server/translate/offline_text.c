#include "translate/offline_text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/text.h"

enum {
    CYRILLIC_FIRST = 0x400,
    CYRILLIC_LAST = 0x52f,
    APOSTROPHE = 0x2019,
    MODIFIER_APOSTROPHE = 0x2bc,
    SKIN_FIRST = 0x1f3fb,
    SKIN_LAST = 0x1f3ff,
    LOUD_LETTERS_MIN = 4,
};

static utf8proc_int32_t next_char(const char *at, size_t *ret_size)
{
    utf8proc_int32_t c = 0;
    utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)at, -1, &c);
    *ret_size = step > 0 ? (size_t)step : 1;
    return step > 0 ? c : 0xfffd;
}

static bool is_letter(utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) || category == UTF8PROC_CATEGORY_ND;
}

static bool is_apostrophe(utf8proc_int32_t c)
{
    return c == '\'' || c == APOSTROPHE || c == MODIFIER_APOSTROPHE || c == '`';
}

static bool is_emoji(utf8proc_int32_t c)
{
    return utf8proc_category(c) == UTF8PROC_CATEGORY_SO && !(c >= SKIN_FIRST && c <= SKIN_LAST);
}

const char *fam_offline_cut_word(const char *at, char *out, size_t *ret_size)
{
    size_t size = 0;
    while (*at != '\0') {
        size_t step = 0;
        utf8proc_int32_t c = next_char(at, &step);
        if (is_letter(c)) {
            if (size + step < FAM_OFFLINE_WORD_BYTES) {
                memcpy(out + size, at, step);
                size += step;
            }
        } else if (!is_apostrophe(c) || size == 0) {
            break;
        }
        at += step;
    }
    out[size] = '\0';
    *ret_size = size;
    return at;
}

/* Three or more equal letters in a row become one: "неееет" → "нет". */
static bool squeeze(char *word)
{
    bool squeezed = false;
    char *out = word;
    const char *at = word;
    while (*at != '\0') {
        size_t step = 0;
        (void)next_char(at, &step);
        size_t run = 1;
        while (strncmp(at + run * step, at, step) == 0) {
            run++;
        }
        size_t keep = run >= 3 ? 1 : run;
        memmove(out, at, keep * step);
        out += keep * step;
        squeezed = squeezed || run >= 3;
        at += run * step;
    }
    *out = '\0';
    return squeezed;
}

static bool only_digits(const char *word)
{
    return word[strspn(word, "0123456789")] == '\0';
}

/* The state of cutting one text. */
struct cutter {
    struct fam_offline_text *text;
    char *out; /* where the next token's letters go */
    uint16_t sentence, clause;
};

static struct fam_offline_token *add_token(struct cutter *cutter, const char *word, size_t size)
{
    struct fam_offline_text *text = cutter->text;
    if (text->count == FAM_OFFLINE_TOKENS_MAX) {
        return NULL;
    }
    struct fam_offline_token *token = &text->tokens[text->count++];
    memset(token, 0, sizeof(*token));
    memcpy(cutter->out, word, size + 1);
    token->text = cutter->out;
    token->sentence = cutter->sentence;
    token->clause = cutter->clause;
    cutter->out += size + 1;
    return token;
}

static void add_word(struct cutter *cutter, char *word)
{
    struct fam_offline_text *text = cutter->text;
    bool stretched = !only_digits(word) && squeeze(word);
    struct fam_offline_token *token = add_token(cutter, word, strlen(word));
    if (token == NULL) {
        return;
    }
    size_t step = 0;
    utf8proc_int32_t c = next_char(word, &step);
    token->stretched = stretched;
    token->is_word = true;
    token->cyrillic = c >= CYRILLIC_FIRST && c <= CYRILLIC_LAST;
    text->words++;
    text->has_cyrillic = text->has_cyrillic || token->cyrillic;
    text->has_latin = text->has_latin || (!token->cyrillic && !only_digits(word));
    text->loud = text->loud || stretched;
}

/* ":)", ")))", ":-(" and the like become "))" and "((". Returns the bytes taken, 0 when it is no smiley. */
static size_t smiley(const char *at, const char **ret_token)
{
    bool eyes = at[0] == ':' || at[0] == ';' || at[0] == '=';
    size_t start = 0;
    if (eyes) {
        start = at[1] == '-' ? 2 : 1;
    }
    char mouth = at[start];
    if (mouth != '(' && mouth != ')') {
        return 0;
    }
    size_t run = 1;
    while (at[start + run] == mouth) {
        run++;
    }
    if (!eyes && run < 2) {
        return 0;
    }
    *ret_token = mouth == '(' ? "((" : "))";
    return start + run;
}

static void break_at(struct cutter *cutter, utf8proc_int32_t c)
{
    switch (c) {
    case '.':
    case '!':
    case '?':
        cutter->sentence++;
        cutter->clause++;
        break;
    case ',':
    case ';':
    case ':':
    case '(':
    case ')':
    case 0x2014: /* — */
    case 0x2013: /* – */
        cutter->clause++;
        break;
    default:
        break;
    }
}

static void cut(struct cutter *cutter, const char *at)
{
    char word[FAM_OFFLINE_WORD_BYTES];
    while (*at != '\0') {
        size_t size = 0;
        const char *after = fam_offline_cut_word(at, word, &size);
        if (size > 0) {
            add_word(cutter, word);
            at = after;
            continue;
        }
        const char *token = NULL;
        size_t taken = smiley(at, &token);
        if (taken > 0) {
            (void)add_token(cutter, token, strlen(token));
            at += taken;
            continue;
        }
        size_t step = 0;
        utf8proc_int32_t c = next_char(at, &step);
        if (is_emoji(c)) {
            memcpy(word, at, step);
            word[step] = '\0';
            (void)add_token(cutter, word, step);
        }
        break_at(cutter, c);
        at += step;
    }
}

static bool is_quote(utf8proc_int32_t c)
{
    return c == '"' || c == 0xab || c == 0xbb || (c >= 0x201c && c <= 0x201f);
}

/* Loudness is seen in the text as it was written. */
static void listen(struct fam_offline_text *text, const char *source)
{
    size_t capitals = 0;
    size_t letters = 0;
    size_t marks = 0;
    while (*source != '\0') {
        size_t step = 0;
        utf8proc_int32_t c = next_char(source, &step);
        source += step;
        utf8proc_category_t category = utf8proc_category(c);
        capitals += category == UTF8PROC_CATEGORY_LU ? 1 : 0;
        letters += category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL ? 1 : 0;
        marks = c == '!' ? marks + 1 : 0;
        text->loud = text->loud || marks >= 2;
        text->quoted = text->quoted || is_quote(c);
    }
    text->loud = text->loud || (letters >= LOUD_LETTERS_MIN && capitals * 5 >= letters * 4);
}

static uint64_t hash_of(const char *text)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    }
    return hash;
}

enum fam_code fam_offline_text_init(struct fam_offline_text *text, const char *source, struct fam_status *status)
{
    memset(text, 0, sizeof(*text));
    if (!fam_utf8_valid(source, strlen(source))) {
        return fam_fail(status, FAM_INVALID_ARGUMENT, "the text is not valid UTF-8");
    }
    char *normal = fam_text_normalise(source);
    if (normal == NULL) {
        return fam_fail_memory(status);
    }
    size_t size = strlen(normal);
    size_t most = size < FAM_OFFLINE_TOKENS_MAX ? size + 1 : FAM_OFFLINE_TOKENS_MAX;
    text->tokens = malloc(most * sizeof(*text->tokens));
    /* Each token takes its bytes and a NUL; a smiley is at most as long as what it stands for, or two bytes for ":)".
     */
    text->storage = malloc(2 * size + 2);
    if (text->tokens == NULL || text->storage == NULL) {
        free(normal);
        return fam_fail_memory(status);
    }
    struct cutter cutter = {.text = text, .out = text->storage};
    cut(&cutter, normal);
    listen(text, source);
    text->hash = hash_of(normal);
    free(normal);
    return FAM_OK;
}

void fam_offline_text_done(struct fam_offline_text *text)
{
    free(text->tokens);
    free(text->storage);
    memset(text, 0, sizeof(*text));
}
