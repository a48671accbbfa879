#include "dialog/birth.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utf8proc.h>

#include "base/compiler.h"
#include "base/text.h"

enum { YOUNGEST = 2, OLDEST = 17, TEXT_MAX = 64, MONTHS = 12, WORDS_MAX = 4 };

static struct tm day_of(int64_t today_ms)
{
    time_t seconds = (time_t)(today_ms / 1000);
    struct tm today = {0};
    gmtime_r(&seconds, &today);
    return today;
}

int fam_birth_year_of_age(int age, int64_t today_ms)
{
    struct tm today = day_of(today_ms);
    return today.tm_year + 1900 - age - (today.tm_mon < 6 ? 1 : 0);
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool is_date(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1900 || year > 2200 || month < 1 || month > 12 || day < 1) {
        return false;
    }
    return day <= days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* Up to three numbers of at most four digits with one separator; what follows them in *ret_rest. */
static size_t read_numbers(const char *text, int numbers[3], const char **ret_rest)
{
    size_t count = 0;
    char separator = '\0';
    while (count < 3) {
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits > 4) {
            return 0;
        }
        numbers[count++] = (int)strtol(text, NULL, 10);
        text += digits;
        if (count == 3 || !*text || !strchr(".-/", *text) || (separator && *text != separator)) {
            break;
        }
        separator = *text++;
    }
    *ret_rest = text;
    return count;
}

static bool is_years(const char *rest)
{
    static const char *const words[] = {"лет",    "год",       "года", "г",        "г.",          "годик", "годика",
                                        "years",  "years old", "year", "year old", "yo",          "y.o.",  "y/o",
                                        "летний", "yr",        "yrs",  "г.р.",     "years of age"};
    while (*rest == ' ' || *rest == '-') {
        rest++;
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(words); i++) {
        if (strcasecmp(rest, words[i]) == 0) {
            return true;
        }
    }
    return !*rest;
}

static enum fam_birth_parse check_date(int year, int month, int day, int64_t today_ms, struct fam_birth *ret_birth)
{
    struct tm today = day_of(today_ms);
    if (!is_date(year, month, day)) {
        return FAM_BIRTH_NO_DATE;
    }
    int age = today.tm_year + 1900 - year;
    if (month > today.tm_mon + 1 || (month == today.tm_mon + 1 && day > today.tm_mday)) {
        age--;
    }
    if (age < YOUNGEST || age > OLDEST) {
        return FAM_BIRTH_RANGE;
    }
    *ret_birth = (struct fam_birth){year, month, day};
    return FAM_BIRTH_GOOD;
}

/* Of a month's name by how it begins ("марта", "март", "mar", "March"); 0: none. */
static int month_of(const char *word)
{
    static const char *const russian[] = {"янв", "фев", "мар", "апр", "мая", "июн",
                                          "июл", "авг", "сен", "окт", "ноя", "дек"};
    static const char *const english[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                          "jul", "aug", "sep", "oct", "nov", "dec"};
    for (int month = 0; month < MONTHS; month++) {
        if (strncmp(word, russian[month], strlen(russian[month])) == 0 ||
            strncmp(word, english[month], strlen(english[month])) == 0) {
            return month + 1;
        }
    }
    return strcmp(word, "май") == 0 ? 5 : 0;
}

/* "12", "12th," of up to four digits; 0: no number. */
static int number_of(const char *word)
{
    static const char *const tails[] = {"", "st", "nd", "rd", "th", "го", "-го"};
    size_t digits = strspn(word, "0123456789");
    for (size_t i = 0; digits >= 1 && digits <= 4 && i < FAM_ARRAY_SIZE(tails); i++) {
        if (strcmp(word + digits, tails[i]) == 0) {
            return (int)strtol(word, NULL, 10);
        }
    }
    return 0;
}

/* The words of a normalised text, in place. More than fit: 0. */
static size_t split(char *plain, char *words[WORDS_MAX])
{
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(plain, " ,", &rest); word; word = strtok_r(NULL, " ,", &rest)) {
        if (count == WORDS_MAX) {
            return 0;
        }
        words[count++] = word;
    }
    return count;
}

/* "12 марта 2019", "12 марта 2019 г.", "March 12, 2019". */
static enum fam_birth_parse read_date_in_words(char **words, size_t count, int64_t today_ms,
                                               struct fam_birth *ret_birth)
{
    if (count < 3 || count > 4 || (count == 4 && !is_years(words[3]))) {
        return FAM_BIRTH_OTHER;
    }
    bool month_first = month_of(words[0]) > 0;
    int month = month_of(words[month_first ? 0 : 1]);
    int day = number_of(words[month_first ? 1 : 0]);
    int year = number_of(words[2]);
    return month > 0 && day > 0 && year > 999 ? check_date(year, month, day, today_ms, ret_birth) : FAM_BIRTH_OTHER;
}

/* "семь", "семь лет", "seven years old". */
static enum fam_birth_parse read_age_in_words(char **words, size_t count, int64_t today_ms, struct fam_birth *ret_birth)
{
    static const char *const ages[][2] = {{"два", "two"},
                                          {"три", "three"},
                                          {"четыре", "four"},
                                          {"пять", "five"},
                                          {"шесть", "six"},
                                          {"семь", "seven"},
                                          {"восемь", "eight"},
                                          {"девять", "nine"},
                                          {"десять", "ten"},
                                          {"одиннадцать", "eleven"},
                                          {"двенадцать", "twelve"},
                                          {"тринадцать", "thirteen"},
                                          {"четырнадцать", "fourteen"},
                                          {"пятнадцать", "fifteen"},
                                          {"шестнадцать", "sixteen"},
                                          {"семнадцать", "seventeen"}};
    if (count < 1 || count > 3 || (count > 1 && !is_years(words[1])) || (count == 3 && strcmp(words[2], "old") != 0)) {
        return FAM_BIRTH_OTHER;
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(ages); i++) {
        if (strcmp(words[0], ages[i][0]) == 0 || strcmp(words[0], ages[i][1]) == 0) {
            *ret_birth = (struct fam_birth){.year = fam_birth_year_of_age(YOUNGEST + (int)i, today_ms)};
            return FAM_BIRTH_GOOD;
        }
    }
    return FAM_BIRTH_OTHER;
}

static enum fam_birth_parse read_words(const char *text, int64_t today_ms, struct fam_birth *ret_birth)
{
    char *words[WORDS_MAX];
    char *plain = fam_text_normalise(text);
    size_t count = plain ? split(plain, words) : 0;
    enum fam_birth_parse parsed = read_date_in_words(words, count, today_ms, ret_birth);
    if (parsed == FAM_BIRTH_OTHER) {
        parsed = read_age_in_words(words, count, today_ms, ret_birth);
    }
    free(plain);
    return parsed;
}

/* A year alone counts as born on 1 July, as everywhere; so nobody is taken whose age would be shown as eighteen. */
static bool is_year_of_child(int year, int64_t today_ms)
{
    return year >= fam_birth_year_of_age(OLDEST, today_ms) && year <= day_of(today_ms).tm_year + 1900 - YOUNGEST;
}

enum fam_birth_parse fam_birth_parse(const char *text, int64_t today_ms, struct fam_birth *ret_birth)
{
    char trimmed[TEXT_MAX];
    int numbers[3];
    const char *rest = NULL;
    if (strlen(text) >= sizeof(trimmed)) {
        return FAM_BIRTH_OTHER;
    }
    memcpy(trimmed, text, strlen(text) + 1);
    fam_text_trim(trimmed);
    size_t count = read_numbers(trimmed, numbers, &rest);
    if (count == 3 && (!*rest || is_years(rest))) {
        return numbers[0] > 31 ? check_date(numbers[0], numbers[1], numbers[2], today_ms, ret_birth)
                               : check_date(numbers[2], numbers[1], numbers[0], today_ms, ret_birth);
    }
    if (count != 1 || !is_years(rest)) {
        return read_words(trimmed, today_ms, ret_birth);
    }
    int number = numbers[0];
    if (number >= YOUNGEST && number <= OLDEST) {
        *ret_birth = (struct fam_birth){.year = fam_birth_year_of_age(number, today_ms)};
        return FAM_BIRTH_GOOD;
    }
    if (!is_year_of_child(number, today_ms)) {
        return FAM_BIRTH_RANGE;
    }
    *ret_birth = (struct fam_birth){.year = number};
    return FAM_BIRTH_GOOD;
}

static bool is_letter(utf8proc_int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_MC) || point == '-' || point == '\'' ||
           point == 0x2019;
}

static bool begins_word(utf8proc_int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

static bool is_upper(utf8proc_int32_t point)
{
    return utf8proc_category(point) == UTF8PROC_CATEGORY_LU;
}

/* Endings of verbs in Russian ("повешусь", "боюсь", "умру"), and words that children cry. A name with such an ending
 * is taken for what the child said, which is answered; the other way round a call for help would be swallowed. */
static bool reads_like_phrase(const char *plain)
{
    static const char *const endings[] = {"сь", "ся", "ть", "чь", "ешь", "ишь", "у", "ю", "овал", "овала"};
    static const char *const words[] = {"нет",   "да",     "help",   "die",      "dead",   "no",
                                        "yes",   "hate",   "смерть", "помогите", "больно", "страшно",
                                        "плохо", "stop",   "killed", "suicide",  "суицид", "ненавижу",
                                        "мама",  "умерла", "избил",  "избила",   "боль",   "rape"};
    static const char *const names[] = {
        "лу",   "ксю",   "мэтью", "мэттью", "эндрю",  "анью",    "рю",     "ю",    "су",   "ру",    "вася", "ася",
        "тася", "стася", "леся",  "олеся",  "алеся",  "люся",    "дуся",   "муся", "нюся", "ксюся", "тося", "зося",
        "гося", "фрося", "руся",  "мася",   "маруся", "настася", "варюся", "бася", "кася", "лася",  "русь"};
    size_t size = strlen(plain);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(names); i++) {
        if (strcmp(plain, names[i]) == 0) {
            return false;
        }
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(endings); i++) {
        size_t ending = strlen(endings[i]);
        if (size > ending && strcmp(plain + size - ending, endings[i]) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(words); i++) {
        if (strcmp(plain, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Signs and pictures that people put into names, "Коля 😀", "Том & Ко": they are kept, and say nothing. */
static bool is_ornament(utf8proc_int32_t point)
{
    utf8proc_category_t category = utf8proc_category(point);
    return (point < 0x80 && point > 0 && strchr("&<>\"()", (char)point)) || point == 0xab || point == 0xbb ||
           point == 0x200d || category == UTF8PROC_CATEGORY_SO || category == UTF8PROC_CATEGORY_SK;
}

/* The letters and spaces of a name: what it says. */
static bool is_phrase(const char *name)
{
    char letters[FAM_NAME_SIZE];
    size_t size = 0;
    utf8proc_int32_t point;
    for (const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)name; *at;) {
        utf8proc_ssize_t used = utf8proc_iterate(at, -1, &point);
        if (used <= 0) {
            return true;
        }
        if (point == ' ' || is_letter(point)) {
            memcpy(letters + size, at, (size_t)used);
            size += (size_t)used;
        }
        at += used;
    }
    letters[size] = '\0';
    char *plain = fam_text_normalise(letters);
    bool found = plain && reads_like_phrase(plain);
    free(plain);
    return found;
}

bool fam_name_parse(const char *text, char ret_name[FAM_NAME_SIZE])
{
    char name[FAM_NAME_SIZE];
    size_t words = 0, capitals = 0;
    bool in_word = false;
    if (strlen(text) >= sizeof(name)) {
        return false;
    }
    memcpy(name, text, strlen(text) + 1);
    fam_text_trim(name);
    if (!*name || fam_utf8_length(name) > FAM_NAME_CHARS) {
        return false;
    }
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)name;
    while (*at) {
        utf8proc_int32_t point;
        utf8proc_ssize_t used = utf8proc_iterate(at, -1, &point);
        if (used <= 0 || !(point == ' ' || is_letter(point) || is_ornament(point))) {
            return false;
        }
        if (begins_word(point) && !in_word) {
            words++;
            capitals += is_upper(point);
        }
        in_word = point != ' ' && (in_word || begins_word(point));
        at += used;
    }
    /* Two words are a name when both begin like one: «Анна Мария», not «хочу умереть». */
    if (words == 0 || words > 2 || (words == 2 && capitals < 2) || is_phrase(name)) {
        return false;
    }
    memcpy(ret_name, name, strlen(name) + 1);
    return true;
}
