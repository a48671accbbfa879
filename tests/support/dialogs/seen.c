/* seen.c: see seen.h. */
#include "seen.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* Where a pattern has a group, the group alone is replaced. */
static const struct {
    const char *pattern, *place;
} rules_table[SEEN_RULES] = {
    {"[?&]start=([A-Za-z0-9_-]{8,})", "{code}"},
    {"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "{id}"},
    {"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z?", "{time}"},
    {"[0-9]{4}-[0-9]{2}-[0-9]{2}", "{date}"},
    {"[0-9]{1,2}\\.[0-9]{2}\\.[0-9]{4}", "{date}"},
    {"[0-9]{1,2} (января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря)( [0-9]{4})?",
     NULL},
    {"[0-9]{1,2} (January|February|March|April|May|June|July|August|September|October|November|December)( [0-9]{4})?",
     NULL},
    {"(^|[^0-9:])([0-9]{1,2}:[0-9]{2})($|[^0-9:])", "{time}"},
    {"через ([0-9]+ (минут|час)[а-я]*)", "{wait}"},
    {"in ([0-9]+ (minute|hour)s?)", "{wait}"},
    {"([0-9]+) bytes", "{size}"},
    {"(понедельник|вторник|среда|четверг|пятница|суббота|воскресенье), \\{date\\}", "{weekday}"},
    {"(Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday), \\{date\\}", "{weekday}"},
};

void seen_rules_init(struct seen_rules *rules)
{
    memset(rules, 0, sizeof(*rules));
    while (rules->count < SEEN_RULES && rules_table[rules->count].pattern != NULL) {
        cr_assert_eq(regcomp(&rules->patterns[rules->count], rules_table[rules->count].pattern, REG_EXTENDED), 0);
        rules->count++;
    }
}

void seen_rules_done(struct seen_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        regfree(&rules->patterns[i]);
    }
}

/* The part of a match that is replaced. A time of day is the second group, for the first tells what may stand before.
 */
static regmatch_t part_of(size_t rule, const regmatch_t matches[4])
{
    static const size_t groups[SEEN_RULES] = {[0] = 1, [7] = 2, [8] = 1, [9] = 1, [10] = 1, [11] = 1, [12] = 1};
    return matches[groups[rule]];
}

static char *replace(const struct seen_rules *rules, size_t rule, const char *text, char *ret_code, size_t size)
{
    char *result = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&result, &length);
    cr_assert_not_null(out);
    regmatch_t matches[4];
    const char *place = rules_table[rule].place != NULL ? rules_table[rule].place : "{date}";
    while (regexec(&rules->patterns[rule], text, 4, matches, 0) == 0) {
        regmatch_t part = part_of(rule, matches);
        fprintf(out, "%.*s%s", (int)part.rm_so, text, place);
        if (rule == 0) {
            snprintf(ret_code, size, "%.*s", (int)(part.rm_eo - part.rm_so), text + part.rm_so);
        }
        text += part.rm_eo;
    }
    fputs(text, out);
    fclose(out);
    return result;
}

char *seen_settle(const struct seen_rules *rules, const char *text, char *ret_code, size_t size)
{
    char *result = strdup(text);
    for (size_t rule = 0; rule < rules->count && result != NULL; rule++) {
        char *next = replace(rules, rule, result, ret_code, size);
        free(result);
        result = next;
    }
    return result;
}

static void put_mark(char who, char mark, FILE *out)
{
    if (who != 'A') {
        fputc(who, out);
    }
    fputc(mark, out);
}

void seen_write_text(const char *text, char who, char mark, FILE *out)
{
    for (const char *line = text;; mark = '|') {
        size_t size = strcspn(line, "\n");
        bool last = line[size] == '\0';
        const char *next = line + size + 1;
        while (size > 0 && line[size - 1] == ' ') {
            size--;
        }
        put_mark(who, mark, out);
        fprintf(out, size > 0 ? " %.*s\n" : "%.*s\n", (int)size, line);
        if (last) {
            return;
        }
        line = next;
    }
}

static void write_buttons(const struct seen_rules *rules, const cJSON *buttons, char who, char *ret_code, size_t size,
                          FILE *out)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, buttons)
    {
        const cJSON *button;
        put_mark(who, '+', out);
        cJSON_ArrayForEach(button, row)
        {
            const char *label = fam_json_string(button, "text");
            const char *url = fam_json_string(button, "url");
            char *settled = seen_settle(rules, url != NULL ? url : "", ret_code, size);
            fprintf(out, " [%s]", label != NULL ? label : "");
            if (url != NULL) {
                fprintf(out, " (%s)", settled);
            }
            free(settled);
        }
        fputc('\n', out);
    }
}

void seen_write(const struct seen_rules *rules, const struct sim_event *event, char who, char *ret_code, size_t size,
                FILE *out)
{
    if (event->kind == SIM_EVENT_ANSWERED && event->text[0] == '\0') {
        return;
    }
    static const char marks[] = {[SIM_EVENT_SENT] = '<',
                                 [SIM_EVENT_TEXT] = '~',
                                 [SIM_EVENT_BUTTONS] = '~',
                                 [SIM_EVENT_DELETED] = '-',
                                 [SIM_EVENT_ANSWERED] = '!'};
    if (event->kind == SIM_EVENT_DELETED || event->kind == SIM_EVENT_BUTTONS) {
        put_mark(who, marks[event->kind], out);
        fputs(event->kind == SIM_EVENT_DELETED ? " (a message is gone)\n" : " (other buttons)\n", out);
        if (event->kind == SIM_EVENT_DELETED) {
            return;
        }
    } else {
        char *text = seen_settle(rules, event->text, ret_code, size);
        seen_write_text(text, who, marks[event->kind], out);
        free(text);
    }
    if (event->is_protected && event->kind == SIM_EVENT_SENT) {
        put_mark(who, '+', out);
        fputs(" (protected)\n", out);
    }
    write_buttons(rules, event->buttons, who, ret_code, size, out);
}
