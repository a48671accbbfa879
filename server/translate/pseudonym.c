#include "translate/pseudonym.h"

#include <protobuf-c/protobuf-c.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "translate/pseudonym_things.h"

enum { OUTPUT_MAX = 1024 * 1024, PLACEHOLDER_MAX = 32, SPANS_MAX = 64 * 1024 };

struct fam_pseudonymiser {
    struct fam_names names;
};

struct fam_pseudonyms {
    const struct fam_pseudonymiser *pseudonymiser;
    struct fam_pseudonym_family family;
    struct fam_pseudonym_things things;
};

struct fam_pseudonymiser *fam_pseudonymiser_new(struct fam_status *status)
{
    struct fam_pseudonymiser *pseudonymiser = calloc(1, sizeof(*pseudonymiser));
    if (pseudonymiser == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    if (fam_names_init(&pseudonymiser->names, status) != FAM_OK) {
        free(pseudonymiser);
        return NULL;
    }
    return pseudonymiser;
}

void fam_pseudonymiser_free(struct fam_pseudonymiser *pseudonymiser)
{
    if (pseudonymiser != NULL) {
        fam_names_done(&pseudonymiser->names);
        free(pseudonymiser);
    }
}

struct fam_pseudonyms *fam_pseudonyms_new(const struct fam_pseudonymiser *pseudonymiser,
                                          const struct fam_known_name *known, size_t count, struct fam_status *status)
{
    struct fam_pseudonyms *pseudonyms = calloc(1, sizeof(*pseudonyms));
    if (pseudonyms == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    pseudonyms->pseudonymiser = pseudonymiser;
    if (fam_pseudonym_family_init(&pseudonyms->family, &pseudonymiser->names, known, count, status) != FAM_OK) {
        free(pseudonyms);
        return NULL;
    }
    return pseudonyms;
}

void fam_pseudonyms_free(struct fam_pseudonyms *pseudonyms)
{
    if (pseudonyms != NULL) {
        fam_pseudonym_things_done(&pseudonyms->things);
        fam_pseudonym_family_done(&pseudonyms->family);
        free(pseudonyms);
    }
}

void fam_pseudonym_spans_add(struct fam_pseudonym_spans *spans, const struct fam_pseudonym_span *span)
{
    if (spans->count == spans->capacity) {
        size_t capacity = spans->capacity == 0 ? 16 : 2 * spans->capacity;
        struct fam_pseudonym_span *items = spans->count >= SPANS_MAX ? NULL : calloc(capacity, sizeof(*items));
        if (items == NULL) {
            spans->failed = true;
            return;
        }
        if (spans->count > 0) {
            memcpy(items, spans->items, spans->count * sizeof(*items));
            sodium_memzero(spans->items, spans->count * sizeof(*items));
        }
        free(spans->items);
        spans->items = items;
        spans->capacity = capacity;
    }
    spans->items[spans->count++] = *span;
}

void fam_pseudonym_spans_done(struct fam_pseudonym_spans *spans)
{
    if (spans->items != NULL) {
        sodium_memzero(spans->items, spans->count * sizeof(*spans->items));
    }
    free(spans->items);
    *spans = (struct fam_pseudonym_spans){.count = 0};
}

/* From left to right; of those that begin together the longest, of equals what is no person ("Lincoln School"). */
static int compare_spans(const void *a, const void *b)
{
    const struct fam_pseudonym_span *first = a, *second = b;
    if (first->start != second->start) {
        return first->start < second->start ? -1 : 1;
    }
    if (first->end != second->end) {
        return first->end > second->end ? -1 : 1;
    }
    return (int)second->kind - (int)first->kind;
}

/* The first byte at or after `at`, before `end`, at which something is left to hide; `end` when only signs are left. */
static size_t skip_signs(const char *text, size_t at, size_t end)
{
    while (at < end && strchr(" ,.;:-'\"!?()/", text[at]) != NULL) {
        at++;
    }
    return at;
}

/* Writes the text with each span as its placeholder. What sticks out of an earlier span is hidden by itself. */
static enum fam_code write_hidden(struct fam_pseudonyms *pseudonyms, const char *text,
                                  const struct fam_pseudonym_spans *spans, struct fam_buf *out,
                                  struct fam_status *status)
{
    size_t at = 0;
    for (size_t i = 0; i < spans->count; i++) {
        struct fam_pseudonym_span span = spans->items[i];
        if (span.end <= at) {
            continue;
        }
        if (span.start < at) {
            span.start = skip_signs(text, at, span.end);
            span.nominative[0] = '\0'; /* of the whole, not of this rest */
        }
        if (span.start >= span.end) {
            continue;
        }
        fam_buf_add(out, text + at, span.start - at);
        enum fam_code code =
            fam_pseudonym_things_hide(&pseudonyms->things, &pseudonyms->pseudonymiser->names, &pseudonyms->family,
                                      &span, text + span.start, span.end - span.start, out, status);
        if (code != FAM_OK) {
            return code;
        }
        at = span.end;
    }
    fam_buf_add_text(out, text + at);
    return FAM_OK;
}

enum fam_code fam_pseudonyms_hide(struct fam_pseudonyms *pseudonyms, const char *text, struct fam_secret *ret_text,
                                  struct fam_status *status)
{
    const struct fam_names *names = &pseudonyms->pseudonymiser->names;
    struct fam_pseudonym_words words;
    size_t size = strlen(text);
    if (size > FAM_PSEUDONYM_TEXT_MAX || !fam_utf8_valid(text, size)) {
        return fam_fail_field(status, "text", "the text is too long or no UTF-8");
    }
    if (!fam_pseudonym_words_init(&words, text)) {
        return fam_fail_memory(status);
    }
    fam_auto(fam_pseudonym_spans_done) struct fam_pseudonym_spans spans = {.count = 0};
    fam_pseudonym_find_people(&words, names, &pseudonyms->family, &spans);
    fam_pseudonym_find_schools(&words, names, &spans);
    fam_pseudonym_find_addresses(&words, names, &spans);
    fam_pseudonym_find_contacts(&words, &spans);
    fam_pseudonym_words_done(&words);
    if (spans.failed) {
        return fam_fail_memory(status);
    }
    if (spans.count > 0) {
        qsort(spans.items, spans.count, sizeof(*spans.items), compare_spans);
    }
    fam_auto(fam_buf_done) struct fam_buf out = {0};
    fam_buf_init(&out, OUTPUT_MAX);
    enum fam_code code = write_hidden(pseudonyms, text, &spans, &out, status);
    if (code == FAM_OK && (out.failed || !fam_secret_set(ret_text, fam_buf_text(&out), out.size))) {
        code = fam_fail_memory(status);
    }
    return code;
}

static enum fam_code refuse(struct fam_status *status)
{
    return fam_fail_reason(status, FAM_INVALID_ARGUMENT, "GUARD_PLACEHOLDER", 0,
                           "a placeholder that this request did not give out");
}

enum fam_code fam_pseudonyms_restore(const struct fam_pseudonyms *pseudonyms, const char *text, char **ret_text,
                                     struct fam_status *status)
{
    fam_auto(fam_buf_done) struct fam_buf out = {0};
    fam_buf_init(&out, OUTPUT_MAX);
    for (const char *at = text; *at != '\0';) {
        size_t plain = strcspn(at, "{}");
        fam_buf_add(&out, at, plain);
        at += plain;
        if (*at == '\0') {
            break;
        }
        size_t name = strcspn(at + 1, "{}");
        const char *found = *at != '{' || at[1 + name] != '}' || name > PLACEHOLDER_MAX
                                ? NULL
                                : fam_pseudonym_things_find(&pseudonyms->things, &pseudonyms->family, at + 1, name);
        if (found == NULL) {
            return refuse(status);
        }
        fam_buf_add_text(&out, found);
        at += name + 2;
    }
    char *taken = out.failed ? NULL : out.size == 0 ? strdup("") : fam_buf_take(&out);
    if (taken == NULL) {
        return fam_fail_memory(status);
    }
    *ret_text = taken;
    return FAM_OK;
}

static enum fam_code restore_field(const struct fam_pseudonyms *pseudonyms, char **field, struct fam_status *status)
{
    char *restored = NULL;
    if (*field == NULL || *field == protobuf_c_empty_string) {
        return FAM_OK;
    }
    enum fam_code code = fam_pseudonyms_restore(pseudonyms, *field, &restored, status);
    if (code == FAM_OK) {
        free(*field);
        *field = restored;
    }
    return code;
}

enum fam_code fam_pseudonyms_restore_reading(const struct fam_pseudonyms *pseudonyms, Fam__V1__Reading *reading,
                                             struct fam_status *status)
{
    char **const fields[] = {&reading->going_on, &reading->second_reading, &reading->need_text, &reading->avoid,
                             &reading->activity};
    enum fam_code code = FAM_OK;
    for (size_t i = 0; code == FAM_OK && i < FAM_ARRAY_SIZE(fields); i++) {
        code = restore_field(pseudonyms, fields[i], status);
    }
    for (size_t i = 0; code == FAM_OK && i < reading->n_responses; i++) {
        char **const parts[] = {&reading->responses[i]->text, &reading->responses[i]->why,
                                &reading->responses[i]->expect};
        for (size_t k = 0; code == FAM_OK && k < FAM_ARRAY_SIZE(parts); k++) {
            code = restore_field(pseudonyms, parts[k], status);
        }
    }
    return code;
}

size_t fam_pseudonyms_count(const struct fam_pseudonyms *pseudonyms)
{
    return pseudonyms->things.count;
}
