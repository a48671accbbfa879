/* words.c: see words.h. */
#include "report/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

enum { KEY_SIZE = 64, TEXT_MAX = 2000 };

extern const unsigned char fam_data_report_ru_locale[], fam_data_report_en_locale[];
extern const size_t fam_data_report_ru_locale_size, fam_data_report_en_locale_size;

/* The text of a key, as a part of the file; NULL when it has none. */
static const char *find(Fam__V1__Language language, const char *key, size_t *ret_size)
{
    bool english = language == FAM__V1__LANGUAGE__LANGUAGE_EN;
    const char *at = (const char *)(english ? fam_data_report_en_locale : fam_data_report_ru_locale);
    const char *end = at + (english ? fam_data_report_en_locale_size : fam_data_report_ru_locale_size);
    size_t length = strlen(key);
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        line_end = line_end == NULL ? end : line_end;
        if ((size_t)(line_end - at) > length + 3 && memcmp(at, key, length) == 0 &&
            memcmp(at + length, " = ", 3) == 0) {
            *ret_size = (size_t)(line_end - at) - length - 3;
            return at + length + 3;
        }
        at = line_end + 1;
    }
    return NULL;
}

bool fam_words_has(Fam__V1__Language language, const char *key)
{
    size_t size = 0;
    return find(language, key, &size) != NULL;
}

static const struct fam_word_value *value_at(const char *at, size_t left, const struct fam_word_value *values,
                                             size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(values[i].name);
        if (left >= length + 2 && memcmp(at + 1, values[i].name, length) == 0 && at[length + 1] == '}') {
            return &values[i];
        }
    }
    return NULL;
}

const char *fam_words_say(struct fam_words *words, const char *key, const struct fam_word_value *values, size_t count)
{
    fam_auto(fam_buf_done) struct fam_buf made;
    size_t size = 0;
    const char *text = find(words->language, key, &size);
    fam_buf_init(&made, TEXT_MAX);
    for (size_t i = 0; text != NULL && i < size;) {
        const struct fam_word_value *value = text[i] == '{' ? value_at(text + i, size - i, values, count) : NULL;
        if (value != NULL) {
            fam_buf_add_text(&made, value->value);
            i += strlen(value->name) + 2;
        } else {
            fam_buf_add_char(&made, text[i++]);
        }
    }
    char *kept = text != NULL && !made.failed ? fam_arena_alloc(words->arena, made.size + 1) : NULL;
    if (kept == NULL) {
        words->failed = true;
        return "";
    }
    memcpy(kept, fam_buf_text(&made), made.size + 1);
    return kept;
}

const char *fam_words_text(struct fam_words *words, const char *key)
{
    return fam_words_say(words, key, NULL, 0);
}

const char *fam_words_numbered(struct fam_words *words, const char *key, int number)
{
    char full[KEY_SIZE];
    (void)snprintf(full, sizeof(full), "%s.%d", key, number);
    return fam_words_text(words, full);
}

const char *fam_words_of_period(struct fam_words *words, const char *key, Fam__V1__ReportPeriod period,
                                const struct fam_word_value *values, size_t count)
{
    char full[KEY_SIZE];
    const char *word = fam_report_period_word(period);
    (void)snprintf(full, sizeof(full), "%s.%s", key, word != NULL ? word : "");
    return fam_words_say(words, full, values, count);
}

static const char *of_enum(struct fam_words *words, const ProtobufCEnumDescriptor *descriptor, int value)
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(descriptor, value);
    if (found == NULL) {
        words->failed = true;
        return "";
    }
    return fam_words_text(words, found->name);
}

const char *fam_words_emotion(struct fam_words *words, Fam__V1__Emotion emotion)
{
    return of_enum(words, &fam__v1__emotion__descriptor, (int)emotion);
}

const char *fam_words_kind(struct fam_words *words, Fam__V1__ResponseKind kind)
{
    return of_enum(words, &fam__v1__response_kind__descriptor, (int)kind);
}

const char *fam_words_child(struct fam_words *words, const char *name)
{
    return name[0] != '\0' ? name : fam_words_text(words, "child.unnamed");
}

const char *fam_words_tenths(Fam__V1__Language language, double value, char ret_text[FAM_WORDS_NUMBER_SIZE])
{
    long tenths = lround(value * 10);
    const char *point = language == FAM__V1__LANGUAGE__LANGUAGE_EN ? "." : ",";
    if (tenths % 10 == 0) {
        (void)snprintf(ret_text, FAM_WORDS_NUMBER_SIZE, "%ld", tenths / 10);
    } else {
        (void)snprintf(ret_text, FAM_WORDS_NUMBER_SIZE, "%ld%s%ld", tenths / 10, point, tenths % 10);
    }
    return ret_text;
}

int fam_words_weekday(int year, int month, int day)
{
    static const int SHIFTS[] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
    int y = month < 3 ? year - 1 : year;
    int from_sunday = (y + y / 4 - y / 100 + y / 400 + SHIFTS[month >= 1 && month <= 12 ? month - 1 : 0] + day) % 7;
    return from_sunday == 0 ? 7 : from_sunday;
}

static const char *date_of(struct fam_words *words, const char *key, const char *months, int month, int day)
{
    char number[FAM_WORDS_NUMBER_SIZE];
    (void)snprintf(number, sizeof(number), "%d", day);
    const struct fam_word_value values[] = {{"day", number}, {"month", fam_words_numbered(words, months, month)}};
    return fam_words_say(words, key, values, FAM_ARRAY_SIZE(values));
}

const char *fam_words_date(struct fam_words *words, int month, int day)
{
    return date_of(words, "date", "month", month, day);
}

const char *fam_words_short_date(struct fam_words *words, int month, int day)
{
    return date_of(words, "short_date", "short_month", month, day);
}
