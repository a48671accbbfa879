#include "translate/help_data.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "translate/safety_rules.h"

enum {
    COLUMNS_MAX = 13,
    LINE_COLUMNS = 13,
    STEP_COLUMNS = 4,
    STEPS_MAX = 500,
    STEPS_MIN = 3,
    OWN_STEPS_MIN = 2,
    ANY = 0x7FFFFFFF
};

/* Walks the records of a file that is cut in place. */
struct walk {
    const char *file;
    char *at;
    size_t line;
    char *column[COLUMNS_MAX];
    struct fam_status *status;
};

static enum fam_code faulty(const struct walk *walk, const char *what, const char *item)
{
    return fam_fail(walk->status, FAM_INTERNAL, "%s, line %zu: %s \"%.60s\"", walk->file, walk->line, what, item);
}

/* The next record with exactly `columns` columns; *ret_more is false at the end. */
static enum fam_code next_record(struct walk *walk, size_t columns, bool *ret_more)
{
    *ret_more = false;
    while (walk->at != NULL && *walk->at != '\0') {
        char *line = strsep(&walk->at, "\n");
        walk->line++;
        if (*line == '\0' || *line == '#') {
            continue;
        }
        size_t found = 0;
        while (line != NULL && found < columns) {
            walk->column[found++] = strsep(&line, "\t");
        }
        if (found != columns || line != NULL) {
            return faulty(walk, "wrong count of columns (tabs) in the record of", walk->column[0]);
        }
        *ret_more = true;
        return FAM_OK;
    }
    return FAM_OK;
}

static enum fam_code begin(struct walk *walk, const char *text, size_t size, char **ret_copy)
{
    if (size > FAM_HELP_FILE_MAX_BYTES) {
        return fam_fail(walk->status, FAM_INTERNAL, "%s: larger than %d bytes", walk->file, FAM_HELP_FILE_MAX_BYTES);
    }
    if (!fam_utf8_valid(text, size)) {
        return fam_fail(walk->status, FAM_INTERNAL, "%s: is not UTF-8", walk->file);
    }
    *ret_copy = malloc(size + 1);
    if (*ret_copy == NULL) {
        return fam_fail_memory(walk->status);
    }
    memcpy(*ret_copy, text, size);
    (*ret_copy)[size] = '\0';
    walk->at = *ret_copy;
    return FAM_OK;
}

bool fam_help_in_eu(const char *country)
{
    static const char members[] = "AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE";
    if (strlen(country) != 2) {
        return false;
    }
    const char *found = strstr(members, country);
    return found != NULL && (found - members) % 3 == 0;
}

static bool upper(char letter)
{
    return letter >= 'A' && letter <= 'Z';
}

static bool valid_country(const char *text)
{
    return strcmp(text, "*") == 0 || (strlen(text) == 2 && upper(text[0]) && upper(text[1]));
}

static bool valid_date(const char *text)
{
    static const char shape[] = "dddd-dd-dd";
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == 'd' ? !digit : text[i] != '-') {
            return false;
        }
    }
    return text[sizeof shape - 1] == '\0';
}

/* Calls for each word of "a,b,c"; cuts a copy on the stack. */
static bool parse_set(const char *text, bool (*bit_of)(const char *, unsigned *), uint32_t *ret_set)
{
    char copy[256];
    size_t length = strlen(text);
    if (length >= sizeof copy) {
        return false;
    }
    memcpy(copy, text, length + 1);
    uint32_t set = 0;
    char *rest = copy;
    for (const char *word = strsep(&rest, ","); word != NULL; word = strsep(&rest, ",")) {
        unsigned bit = 0;
        if (!bit_of(word, &bit)) {
            return false;
        }
        set |= 1u << bit;
    }
    *ret_set = set;
    return true;
}

static bool kind_bit(const char *word, unsigned *ret_bit)
{
    *ret_bit = (unsigned)fam_safety_kind_named(word);
    return *ret_bit != 0;
}

static bool age_bit(const char *word, unsigned *ret_bit)
{
    static const char *const bands[] = {"?", "2-3", "4-6", "7-9", "10-12", "13-15", "16-17", "adult"};
    for (unsigned i = 0; i < sizeof bands / sizeof bands[0]; i++) {
        if (strcmp(word, bands[i]) == 0) {
            *ret_bit = i;
            return true;
        }
    }
    return false;
}

static bool parse_ages(const char *text, uint32_t *ret_ages)
{
    if (strcmp(text, "*") == 0) {
        *ret_ages = ANY;
        return true;
    }
    return parse_set(text, age_bit, ret_ages);
}

static enum fam_code check_row(const struct walk *walk, const struct fam_help_row *row)
{
    if (!valid_country(row->country)) {
        return faulty(walk, "country must be two capitals, EU or *, not", row->country);
    }
    if (*row->number == '\0' && *row->url == '\0') {
        return faulty(walk, "needs a number or a url:", row->name[FAM_HELP_EN]);
    }
    size_t number_max = row->emergency ? FAM_HELP_EMERGENCY_MAX : FAM_HELP_NUMBER_MAX;
    if (fam_utf8_length(row->number) > number_max) {
        return faulty(walk, "the number is too long:", row->number);
    }
    if (*row->number == '\0' && (row->emergency || fam_utf8_length(row->url) > FAM_HELP_NUMBER_MAX + 8)) {
        return faulty(walk, "needs a number (or a url of at most 32 characters):", row->url);
    }
    for (size_t i = 0; i < FAM_HELP_LANGUAGES; i++) {
        if (*row->name[i] == '\0' || fam_utf8_length(row->name[i]) > FAM_HELP_NAME_MAX) {
            return faulty(walk, "the name must have 1 to 50 characters:", row->name[i]);
        }
    }
    if (strncmp(row->source, "https://", 8) != 0 && strncmp(row->source, "http://", 7) != 0) {
        return faulty(walk, "the source must be a URL, not", row->source);
    }
    return valid_date(row->verified_on) ? FAM_OK
                                        : faulty(walk, "verified_on must be YYYY-MM-DD, not", row->verified_on);
}

static enum fam_code read_row(const struct walk *walk, struct fam_help_row *row)
{
    char *const *column = walk->column;
    *row = (struct fam_help_row){
        .country = column[0],
        .topics = column[2],
        .number = column[5],
        .name = {column[6], column[7]},
        .hours = {column[8], column[9]},
        .url = column[10],
        .source = column[11],
        .verified_on = column[12],
        .emergency = strcmp(column[2], "emergency") == 0,
        .kinds = ANY,
    };
    if (!row->emergency && strcmp(row->topics, "*") != 0 && !parse_set(row->topics, kind_bit, &row->kinds)) {
        return faulty(walk, "unknown topic in", row->topics);
    }
    if (!parse_ages(column[3], &row->ages)) {
        return faulty(walk, "unknown age in", column[3]);
    }
    char *end = NULL;
    unsigned long rank = strtoul(column[4], &end, 10);
    if (*column[4] < '0' || *column[4] > '9' || *end != '\0' || rank < 1 || rank > 99) {
        return faulty(walk, "rank must be 1 to 99, not", column[4]);
    }
    row->rank = (unsigned)rank;
    return check_row(walk, row);
}

static bool has_emergency(const struct fam_help_lines *lines, const char *country)
{
    for (size_t i = 0; i < lines->count; i++) {
        if (lines->rows[i].emergency && lines->rows[i].ages == ANY && strcmp(lines->rows[i].country, country) == 0) {
            return true;
        }
    }
    return false;
}

static enum fam_code check_lines(const char *file, const struct fam_help_lines *lines, struct fam_status *status)
{
    if (!has_emergency(lines, "*")) {
        return fam_fail(status, FAM_INTERNAL, "%s: needs an emergency row for country *", file);
    }
    for (size_t i = 0; i < lines->count; i++) {
        if (!has_emergency(lines, lines->rows[i].country)) {
            return fam_fail(status, FAM_INTERNAL, "%s: country %.2s needs an emergency row for all ages", file,
                            lines->rows[i].country);
        }
    }
    return FAM_OK;
}

enum fam_code fam_help_lines_read(const char *file, const char *text, size_t size, struct fam_help_lines *ret_lines,
                                  struct fam_status *status)
{
    struct walk walk = {.file = file, .status = status};
    struct fam_help_lines lines = {0};
    enum fam_code code = begin(&walk, text, size, &lines.text);
    lines.rows = code == FAM_OK ? calloc(FAM_HELP_LINES_MAX, sizeof *lines.rows) : NULL;
    if (code == FAM_OK && lines.rows == NULL) {
        code = fam_fail_memory(status);
    }
    bool more = true;
    while (code == FAM_OK && more && lines.rows != NULL) {
        code = next_record(&walk, LINE_COLUMNS, &more);
        if (code != FAM_OK || !more) {
            break;
        }
        code = lines.count < FAM_HELP_LINES_MAX ? read_row(&walk, &lines.rows[lines.count])
                                                : faulty(&walk, "too many lines at", walk.column[0]);
        lines.count++;
    }
    code = code == FAM_OK ? check_lines(file, &lines, status) : code;
    if (code != FAM_OK) {
        fam_help_lines_done(&lines);
        return code;
    }
    *ret_lines = lines;
    return FAM_OK;
}

void fam_help_lines_done(struct fam_help_lines *lines)
{
    free(lines->text);
    free(lines->rows);
    *lines = (struct fam_help_lines){0};
}

static enum fam_code set_once(const struct walk *walk, const char **slot, const char *text, size_t max)
{
    if (*slot != NULL) {
        return faulty(walk, "comes twice:", walk->column[1]);
    }
    if (*text == '\0' || fam_utf8_length(text) > max) {
        return faulty(walk, "is empty or too long:", text);
    }
    *slot = text;
    return FAM_OK;
}

static enum fam_code read_step(const struct walk *walk, struct fam_help_steps *steps)
{
    enum { TEXT_MAX = 400 };
    const char *part = walk->column[1], *text = walk->column[3];
    if (strcmp(walk->column[0], "*") == 0) {
        return strcmp(part, "opening") == 0            ? set_once(walk, &steps->opening, text, FAM_HELP_OPENING_MAX)
               : strcmp(part, "privacy_note") == 0     ? set_once(walk, &steps->privacy_note, text, TEXT_MAX)
               : strcmp(part, "own_privacy_note") == 0 ? set_once(walk, &steps->own_privacy_note, text, TEXT_MAX)
                                                       : faulty(walk, "unknown part for *:", part);
    }
    Fam__V1__SafetyKind kind = fam_safety_kind_named(walk->column[0]);
    uint32_t ages = 0;
    if (kind == FAM__V1__SAFETY_KIND__SAFETY_KIND_UNSPECIFIED) {
        return faulty(walk, "unknown kind", walk->column[0]);
    }
    if (!parse_ages(walk->column[2], &ages)) {
        return faulty(walk, "unknown age in", walk->column[2]);
    }
    bool own = strncmp(part, "own_", strlen("own_")) == 0;
    part += own ? strlen("own_") : 0;
    if (strcmp(part, "first_step") == 0) {
        const char **slot = own ? &steps->own_first_step[kind] : &steps->first_step[kind];
        /* {emergency} is about as long as the longest number, so the bar holds for what is shown too. */
        size_t spare = strstr(text, FAM_HELP_EMERGENCY) == NULL ? 0 : FAM_HELP_EMERGENCY_MAX - 11;
        return set_once(walk, slot, text, FAM_HELP_FIRST_STEP_MAX - spare);
    }
    if (steps->steps == NULL || strcmp(part, "step") != 0 || *text == '\0' || fam_utf8_length(text) > TEXT_MAX ||
        steps->count == STEPS_MAX) {
        return faulty(walk, "unknown part, empty, too long or too many:", part);
    }
    steps->steps[steps->count++] = (struct fam_help_step){.kind = kind, .ages = ages, .own = own, .text = text};
    return FAM_OK;
}

static enum fam_code check_steps(const char *file, const struct fam_help_steps *steps, struct fam_status *status)
{
    if (steps->opening == NULL || steps->privacy_note == NULL || steps->own_privacy_note == NULL) {
        return fam_fail(status, FAM_INTERNAL, "%s: needs an opening, a privacy_note and an own_privacy_note", file);
    }
    for (int kind = 1; kind < FAM_HELP_KINDS; kind++) {
        size_t count = 0, own = 0;
        for (size_t i = 0; i < steps->count; i++) {
            const struct fam_help_step *step = &steps->steps[i];
            bool for_any = step->kind == (Fam__V1__SafetyKind)kind && step->ages == ANY;
            count += for_any && !step->own ? 1 : 0;
            own += for_any && step->own ? 1 : 0;
        }
        if (steps->first_step[kind] == NULL || count < STEPS_MIN) {
            return fam_fail(status, FAM_INTERNAL, "%s: kind %d needs a first_step and three steps for any age", file,
                            kind);
        }
        if (steps->own_first_step[kind] != NULL ? own < OWN_STEPS_MIN : own > 0) {
            return fam_fail(status, FAM_INTERNAL, "%s: kind %d needs an own_first_step and two own_steps, or none",
                            file, kind);
        }
    }
    return FAM_OK;
}

enum fam_code fam_help_steps_read(const char *file, const char *text, size_t size, struct fam_help_steps *ret_steps,
                                  struct fam_status *status)
{
    struct walk walk = {.file = file, .status = status};
    struct fam_help_steps steps = {0};
    enum fam_code code = begin(&walk, text, size, &steps.text);
    steps.steps = code == FAM_OK ? calloc(STEPS_MAX, sizeof *steps.steps) : NULL;
    if (code == FAM_OK && steps.steps == NULL) {
        code = fam_fail_memory(status);
    }
    bool more = true;
    while (code == FAM_OK && more) {
        code = next_record(&walk, STEP_COLUMNS, &more);
        if (code == FAM_OK && more) {
            code = read_step(&walk, &steps);
        }
    }
    code = code == FAM_OK ? check_steps(file, &steps, status) : code;
    if (code != FAM_OK) {
        fam_help_steps_done(&steps);
        return code;
    }
    *ret_steps = steps;
    return FAM_OK;
}

void fam_help_steps_done(struct fam_help_steps *steps)
{
    free(steps->text);
    free(steps->steps);
    *steps = (struct fam_help_steps){0};
}
