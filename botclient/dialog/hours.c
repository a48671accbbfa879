#include "dialog/hours.h"

#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "base/text.h"

enum { TEXT_SIZE = 64, FIRST_OF_NIGHT = 9, LAST_OF_NIGHT = 11 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* One or two digits. -1: none. */
static int read_number(const char **at)
{
    int number = 0, digits = 0;
    for (; digits < 2 && is_digit(**at); digits++, (*at)++) {
        number = 10 * number + (**at - '0');
    }
    return digits > 0 && !is_digit(**at) ? number : -1;
}

static void skip_blanks(const char **at)
{
    *at += strspn(*at, " \t\n");
}

static bool skip_word(const char **at, const char *word)
{
    size_t size = strlen(word);
    if (strncmp(*at, word, size) != 0) {
        return false;
    }
    *at += size;
    return true;
}

/* Words that tell the half of the day, lower and upper case as phones write them. The night has hours of both. */
static const struct {
    const char *word;
    bool is_late, is_night;
} halves[] = {
    {"am", false, false}, {"AM", false, false},  {"a.m.", false, false},  {"утра", false, false}, {"pm", true, false},
    {"PM", true, false},  {"p.m.", true, false}, {"вечера", true, false}, {"дня", true, false},   {"ночи", false, true},
};

static int by_half(const char **at, int hour)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(halves); i++) {
        if (hour >= 1 && hour <= 12 && skip_word(at, halves[i].word)) {
            bool before_midnight = halves[i].is_night && hour >= FIRST_OF_NIGHT && hour <= LAST_OF_NIGHT;
            return hour % 12 + (halves[i].is_late || before_midnight ? 12 : 0);
        }
    }
    return hour;
}

/* Minutes since midnight, and *at behind it. -1: no time stands there. */
static int read_time(const char **at)
{
    int hour = read_number(at), minute = 0;
    if (hour < 0) {
        return -1;
    }
    if ((**at == ':' || **at == '.') && is_digit((*at)[1])) {
        const char *start = ++*at;
        minute = read_number(at);
        if (*at - start != 2) {
            return -1;
        }
    }
    const char *behind = *at;
    skip_blanks(at);
    const char *word = *at;
    hour = by_half(at, hour);
    if (*at == word) {
        *at = behind;
    }
    return hour <= 23 && minute >= 0 && minute <= 59 ? 60 * hour + minute : -1;
}

static bool copy(const char *text, char ret_copy[TEXT_SIZE])
{
    if (strlen(text) >= TEXT_SIZE) {
        return false;
    }
    memcpy(ret_copy, text, strlen(text) + 1);
    fam_text_trim(ret_copy);
    return true;
}

static bool skip_one_of(const char **at, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (skip_word(at, words[i])) {
            return true;
        }
    }
    return false;
}

bool fam_hour_parse(const char *text, char ret_hour[FAM_HOUR_SIZE])
{
    static const char *const before[] = {"в ", "В ", "at ", "At "};
    char trimmed[TEXT_SIZE];
    const char *at = trimmed;
    if (!copy(text, trimmed)) {
        return false;
    }
    (void)skip_one_of(&at, before, FAM_ARRAY_SIZE(before));
    skip_blanks(&at);
    int minutes = read_time(&at);
    if (minutes < 0 || *at) {
        return false;
    }
    fam_hour_format(minutes, ret_hour);
    return true;
}

bool fam_hours_parse(const char *text, char ret_from[FAM_HOUR_SIZE], char ret_until[FAM_HOUR_SIZE])
{
    static const char *const before[] = {"с ", "С ", "from ", "From "};
    static const char *const between[] = {"-", "–", "—", "до ", "to ", "until "};
    char trimmed[TEXT_SIZE];
    const char *at = trimmed;
    if (!copy(text, trimmed)) {
        return false;
    }
    (void)skip_one_of(&at, before, FAM_ARRAY_SIZE(before));
    skip_blanks(&at);
    int from = read_time(&at);
    skip_blanks(&at);
    if (from < 0 || !skip_one_of(&at, between, FAM_ARRAY_SIZE(between))) {
        return false;
    }
    skip_blanks(&at);
    int until = read_time(&at);
    if (until < 0 || *at || from == until) {
        return false;
    }
    fam_hour_format(from, ret_from);
    fam_hour_format(until, ret_until);
    return true;
}

int fam_hour_minutes(const char *hour)
{
    if (strlen(hour) != FAM_HOUR_SIZE - 1 || hour[2] != ':' || !is_digit(hour[0]) || !is_digit(hour[1]) ||
        !is_digit(hour[3]) || !is_digit(hour[4])) {
        return -1;
    }
    int minutes = 60 * (10 * (hour[0] - '0') + hour[1] - '0') + 10 * (hour[3] - '0') + hour[4] - '0';
    return minutes < FAM_DAY_MINUTES && hour[3] < '6' ? minutes : -1;
}

void fam_hour_format(int minutes, char ret_hour[FAM_HOUR_SIZE])
{
    unsigned within = (unsigned)minutes % FAM_DAY_MINUTES;
    ret_hour[0] = (char)('0' + within / 600);
    ret_hour[1] = (char)('0' + within / 60 % 10);
    ret_hour[2] = ':';
    ret_hour[3] = (char)('0' + within % 60 / 10);
    ret_hour[4] = (char)('0' + within % 10);
    ret_hour[5] = '\0';
}

const char *fam_hour_shown(const char *hour)
{
    return fam_hour_minutes(hour) >= 0 && hour[0] == '0' ? hour + 1 : hour;
}

bool fam_hour_is_within(const char *hour, const char *from, const char *until)
{
    int at = fam_hour_minutes(hour), start = fam_hour_minutes(from), end = fam_hour_minutes(until);
    if (at < 0 || start < 0 || end < 0) {
        return false;
    }
    return start <= end ? at >= start && at < end : at >= start || at < end;
}
