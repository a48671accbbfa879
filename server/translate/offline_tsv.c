#include "translate/offline_tsv.h"

#include <ctype.h>
#include <protobuf-c/protobuf-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fam/v1/types.pb-c.h"

void fam_offline_tsv_init(struct fam_offline_tsv *tsv, const char *file, const unsigned char *data, size_t size)
{
    memset(tsv, 0, sizeof(*tsv));
    tsv->file = file;
    tsv->at = (const char *)data;
    tsv->end = tsv->at + size;
}

enum fam_code fam_offline_tsv_fail(const struct fam_offline_tsv *tsv, const char *what, const char *detail,
                                   struct fam_status *status)
{
    return fam_fail(status, FAM_INTERNAL, "%s, line %u: %s%s%.60s", tsv->file, tsv->line, what,
                    detail[0] == '\0' ? "" : ": ", detail);
}

static bool is_comment(const char *line)
{
    return line[0] == '\0' || (line[0] == '#' && (line[1] == ' ' || line[1] == '\0'));
}

static enum fam_code split(struct fam_offline_tsv *tsv, struct fam_status *status)
{
    char *at = tsv->text;
    tsv->column_count = 0;
    while (at != NULL) {
        if (tsv->column_count == FAM_OFFLINE_COLUMNS_MAX) {
            return fam_offline_tsv_fail(tsv, "too many columns", "", status);
        }
        tsv->columns[tsv->column_count++] = at;
        at = strchr(at, '\t');
        if (at != NULL) {
            *at++ = '\0';
        }
    }
    return FAM_OK;
}

enum fam_code fam_offline_tsv_next(struct fam_offline_tsv *tsv, bool *ret_more, struct fam_status *status)
{
    while (tsv->at < tsv->end) {
        const char *newline = memchr(tsv->at, '\n', (size_t)(tsv->end - tsv->at));
        const char *stop = newline == NULL ? tsv->end : newline;
        size_t size = (size_t)(stop - tsv->at);
        tsv->line++;
        if (size >= sizeof(tsv->text)) {
            return fam_offline_tsv_fail(tsv, "the line is too long", "", status);
        }
        if (!fam_utf8_valid(tsv->at, size)) {
            return fam_offline_tsv_fail(tsv, "not UTF-8", "", status);
        }
        memcpy(tsv->text, tsv->at, size);
        tsv->text[size] = '\0';
        tsv->at = newline == NULL ? tsv->end : newline + 1;
        if (!is_comment(tsv->text)) {
            *ret_more = true;
            return split(tsv, status);
        }
    }
    *ret_more = false;
    return FAM_OK;
}

static bool parse_range(const char *text, uint8_t *bands)
{
    static const int first[] = {2, 4, 7, 10, 13, 16};
    static const int last[] = {3, 6, 9, 12, 15, 17};
    char *end = NULL;
    long from = strtol(text, &end, 10);
    if (end == text || *end != '-') {
        return false;
    }
    const char *second = end + 1;
    long to = strtol(second, &end, 10);
    if (end == second || *end != '\0') {
        return false;
    }
    bool starts = false;
    bool stops = false;
    for (size_t i = 0; i < FAM_ARRAY_SIZE(first); i++) {
        starts = starts || from == first[i];
        stops = stops || to == last[i];
        if (first[i] >= from && last[i] <= to) {
            *bands = (uint8_t)(*bands | (1u << (i + 1)));
        }
    }
    return starts && stops && from < to;
}

bool fam_offline_parse_ages(const char *text, uint8_t *ret_bands)
{
    enum { ALL_BANDS = 0x7f };
    char copy[64];
    if (strcmp(text, "*") == 0) {
        *ret_bands = ALL_BANDS;
        return true;
    }
    int written = snprintf(copy, sizeof(copy), "%s", text);
    if (written <= 0 || (size_t)written >= sizeof(copy)) {
        return false;
    }
    uint8_t bands = 0;
    char *next = NULL;
    for (char *part = strtok_r(copy, ",", &next); part != NULL; part = strtok_r(NULL, ",", &next)) {
        if (strcmp(part, "?") == 0) {
            bands = (uint8_t)(bands | 1u);
        } else if (!parse_range(part, &bands)) {
            return false;
        }
    }
    *ret_bands = bands;
    return bands != 0;
}

char *fam_offline_next_word(char **text)
{
    char *at = *text + strspn(*text, " ");
    if (*at == '\0') {
        return NULL;
    }
    char *end = at + strcspn(at, " ");
    if (*end != '\0') {
        *end++ = '\0';
    }
    *text = end;
    return at;
}

static int named(const ProtobufCEnumDescriptor *list, const char *prefix, const char *name)
{
    char full[64];
    int written = snprintf(full, sizeof(full), "%s%s", prefix, name);
    if (written <= 0 || (size_t)written >= sizeof(full)) {
        return 0;
    }
    for (char *c = full; *c != '\0'; c++) {
        *c = (char)toupper((unsigned char)*c);
    }
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(list, full);
    return value == NULL ? 0 : value->value;
}

int fam_offline_emotion_named(const char *name)
{
    return named(&fam__v1__emotion__descriptor, "EMOTION_", name);
}

int fam_offline_need_named(const char *name)
{
    return named(&fam__v1__need__descriptor, "NEED_", name);
}
