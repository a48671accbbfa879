/* script.c: see script.h. */
#include "script.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "support/proc.h"

enum line_kind { LINE_BLANK, LINE_COMMENT, LINE_SETTING, LINE_DEED, LINE_SEEN, LINE_STRANGE };

struct reader {
    struct script *script;
    struct fam_buf before, deed, expected;
    bool in_step;
    bool deed_is_open; /* the line before was one of this deed */
    char who;
    char *error;
    size_t error_size;
    int number;
};

static bool fail(struct reader *reader, const char *why)
{
    snprintf(reader->error, reader->error_size, "%s:%d: %s", reader->script->path, reader->number, why);
    return false;
}

/* The letter in front counts for B to D, G and O; without one it is A. */
static enum line_kind kind_of(const char *line, char *ret_who, const char **ret_rest)
{
    *ret_who = 'A';
    *ret_rest = line;
    if (!*line) {
        return LINE_BLANK;
    }
    if (*line == '#') {
        return LINE_COMMENT;
    }
    if (*line == ':') {
        return LINE_SETTING;
    }
    const char *mark = line;
    if (strchr("BCDGO", *line) != NULL) {
        *ret_who = *line;
        mark++;
    }
    if (*mark == '\0' || (mark[1] != '\0' && mark[1] != ' ')) {
        return LINE_STRANGE;
    }
    *ret_rest = mark[1] == ' ' ? mark + 2 : mark + 1;
    return *mark == '>' ? LINE_DEED : strchr("<|+~=-!*", *mark) != NULL ? LINE_SEEN : LINE_STRANGE;
}

static bool end_step(struct reader *reader)
{
    struct script *script = reader->script;
    if (!reader->in_step) {
        return true;
    }
    if (script->count == SCRIPT_STEPS_MAX) {
        return fail(reader, "too many deeds in one file");
    }
    struct script_step *step = &script->steps[script->count++];
    step->who = reader->who;
    step->deed = strdup(fam_buf_text(&reader->deed));
    step->expected = strdup(fam_buf_text(&reader->expected));
    fam_buf_clear(&reader->deed);
    fam_buf_clear(&reader->expected);
    reader->in_step = false;
    return step->deed != NULL && step->expected != NULL;
}

static bool take_setting(struct reader *reader, const char *line)
{
    struct script *script = reader->script;
    char word[32] = "";
    char value[64] = "";
    int words = sscanf(line, ": %31s %63s", word, value);
    if (script->count > 0 || reader->in_step) {
        return fail(reader, "settings stand before the first deed");
    }
    if (words == 1 && strcmp(word, "claude") == 0) {
        script->with_claude = true;
    } else if (words == 1 && strcmp(word, "killed") == 0) {
        script->with_kills = true;
    } else if (words == 2 && strcmp(word, "language") == 0 && strlen(value) < sizeof(script->language)) {
        memcpy(script->language, value, strlen(value) + 1);
    } else if (words == 2 && strcmp(word, "given") == 0 && script->given_count < SCRIPT_GIVEN_MAX) {
        memcpy(script->given[script->given_count++], value, sizeof(value));
    } else {
        return fail(reader, "settings are \": claude\", \": killed\", \": language CODE\" and \": given NAME\"");
    }
    fam_buf_addf(&reader->before, "%s\n", line);
    return true;
}

static bool take_deed(struct reader *reader, char who, const char *rest)
{
    struct script *script = reader->script;
    if (reader->deed_is_open && who == reader->who) {
        fam_buf_addf(&reader->deed, "\n%s", rest);
        return true;
    }
    if (!end_step(reader)) {
        return false;
    }
    char *before = strdup(fam_buf_text(&reader->before));
    if (script->count == 0) {
        script->head = before;
    } else if (script->count < SCRIPT_STEPS_MAX) {
        script->steps[script->count].before = before;
    } else {
        free(before);
    }
    fam_buf_clear(&reader->before);
    fam_buf_add_text(&reader->deed, rest);
    reader->who = who;
    reader->in_step = true;
    reader->deed_is_open = true;
    return true;
}

static bool take_line(struct reader *reader, const char *line)
{
    char who;
    const char *rest;
    enum line_kind kind = kind_of(line, &who, &rest);
    if (kind == LINE_DEED) {
        return take_deed(reader, who, rest);
    }
    reader->deed_is_open = false;
    switch (kind) {
    case LINE_BLANK:
        return end_step(reader);
    case LINE_COMMENT:
        fam_buf_addf(&reader->before, "%s\n", line);
        return end_step(reader);
    case LINE_SETTING:
        return take_setting(reader, line);
    case LINE_SEEN:
        fam_buf_addf(&reader->expected, "%s\n", line);
        return reader->in_step || fail(reader, "something is seen before anything was done");
    case LINE_DEED:
    case LINE_STRANGE:
        break;
    }
    return fail(reader, "a line begins with one of > < | + ~ = - ! * # :");
}

struct script *script_read(const char *path, const char *language, char *ret_error, size_t size)
{
    char *text = proc_read_file(path);
    struct script *script = calloc(1, sizeof(*script));
    if (text == NULL || script == NULL) {
        snprintf(ret_error, size, "%s can't be read", path);
        free(text);
        free(script);
        return NULL;
    }
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    snprintf(script->path, sizeof(script->path), "%s", path);
    snprintf(script->name, sizeof(script->name), "%.*s", (int)strcspn(base, "."), base);
    snprintf(script->language, sizeof(script->language), "%s", language);
    struct reader reader = {.script = script, .error = ret_error, .error_size = size};
    bool good = true;
    for (char *line = text, *end; good && *line; line = end) {
        end = line + strcspn(line, "\n");
        end += *end ? (*end = '\0', 1) : 0;
        reader.number++;
        good = take_line(&reader, line);
    }
    good = good && end_step(&reader) && (script->count > 0 || fail(&reader, "nobody does anything"));
    script->tail = strdup(fam_buf_text(&reader.before));
    fam_buf_done(&reader.before);
    fam_buf_done(&reader.deed);
    fam_buf_done(&reader.expected);
    free(text);
    if (!good) {
        script_free(script);
        return NULL;
    }
    return script;
}

void script_free(struct script *script)
{
    if (script == NULL) {
        return;
    }
    for (size_t i = 0; i < SCRIPT_STEPS_MAX; i++) {
        free(script->steps[i].before);
        free(script->steps[i].deed);
        free(script->steps[i].expected);
    }
    free(script->head);
    free(script->tail);
    free(script);
}

bool script_is_to_all(const char *deed)
{
    static const char *const deeds[] = {"(restart ", "(kill ", "(start ", "(lose "};
    for (size_t d = 0; d < sizeof(deeds) / sizeof(deeds[0]); d++) {
        if (strncmp(deed, deeds[d], strlen(deeds[d])) == 0) {
            return true;
        }
    }
    return false;
}

bool script_is_alone(const struct script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        if (script_is_to_all(script->steps[i].deed)) {
            return true;
        }
    }
    return false;
}

void script_write_head(const struct script *script, FILE *out)
{
    fputs(script->head != NULL ? script->head : "", out);
}

void script_write_step(const struct script *script, size_t step, const char *seen, FILE *out)
{
    const struct script_step *it = &script->steps[step];
    fprintf(out, "\n%s", it->before != NULL ? it->before : "");
    for (const char *line = it->deed;; line++) {
        size_t size = strcspn(line, "\n");
        if (it->who != 'A') {
            fputc(it->who, out);
        }
        fprintf(out, size > 0 ? "> %.*s\n" : ">%.*s\n", (int)size, line);
        line += size;
        if (!*line) {
            break;
        }
    }
    fputs(seen, out);
}

void script_write_tail(const struct script *script, FILE *out)
{
    if (script->tail != NULL && *script->tail) {
        fprintf(out, "\n%s", script->tail);
    }
}

void script_labels(const char *lines, char who, bool (*found)(void *context, const char *label), void *context)
{
    const char prefix[4] = {who == 'A' ? '+' : who, who == 'A' ? ' ' : '+', who == 'A' ? '\0' : ' ', '\0'};
    size_t prefix_size = strlen(prefix);
    for (const char *line = lines; *line; line += strcspn(line, "\n"), line += *line ? 1 : 0) {
        if (strncmp(line, prefix, prefix_size) != 0) {
            continue;
        }
        const char *end = line + strcspn(line, "\n");
        for (const char *at = line + prefix_size; at < end && *at == '[';) {
            const char *close = at;
            while (close < end && !(*close == ']' && (close + 1 == end || close[1] == ' '))) {
                close++;
            }
            char label[256];
            snprintf(label, sizeof(label), "%.*s", (int)(close - at - 1), at + 1);
            if (!found(context, label)) {
                return;
            }
            at = close + 2;
        }
    }
}
