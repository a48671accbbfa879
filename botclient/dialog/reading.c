#include "dialog/reading.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* What a reading is made of, the first to be left out last. */
enum detail {
    DETAIL_GOING_ON,
    DETAIL_SAY,
    DETAIL_CERTAINTY,
    DETAIL_AVOID,
    DETAIL_SECOND,
    DETAIL_NEED,
    DETAIL_NEED_TEXT,
    DETAIL_ALL
};

static bool has(const char *text)
{
    return text && *text;
}

/* "Title: text" with the title in bold. */
static void add_titled(struct fam_html *html, const char *title, const char *text)
{
    if (!has(text)) {
        return;
    }
    fam_html_add_bold(html, title);
    fam_html_add(html, " ");
    fam_html_add(html, text);
    fam_html_end_line(html);
}

static bool is_quoted(const char *text)
{
    return strncmp(text, "«", 2) == 0 || strncmp(text, "“", 3) == 0 || *text == '"';
}

static void add_quoted(struct fam_html *html, const struct fam_locale *locale, const char *text)
{
    if (is_quoted(text)) {
        fam_html_add(html, text);
        return;
    }
    const struct fam_arg args[] = {{"text", text}};
    fam_locale_add_html(html, T(locale, "reading.quote"), args, 1);
}

static void add_label(struct fam_html *html, const char *label, bool first)
{
    if (!*label) {
        return;
    }
    if (!first) {
        fam_html_add(html, ", ");
    }
    fam_html_add(html, label);
}

/* "Very likely: anger, also sadness, fear." */
static void add_certainty(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Reading *reading)
{
    const char *certainty = fam_label_certainty(locale, reading->certainty);
    const char *primary = reading->primary ? fam_label_emotion(locale, reading->primary->emotion) : "";
    if (!*certainty || !*primary) {
        return;
    }
    fam_html_add_bold(html, certainty);
    fam_html_add(html, " ");
    fam_html_add(html, primary);
    for (size_t i = 0; i < reading->n_secondary; i++) {
        const char *label = fam_label_emotion(locale, reading->secondary[i]->emotion);
        if (!*label) {
            continue;
        }
        fam_html_add(html, i == 0 ? T(locale, "reading.also") : ", ");
        fam_html_add(html, label);
    }
    fam_html_add(html, ".");
    fam_html_end_line(html);
}

static void add_need(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Reading *reading,
                     bool with_text)
{
    if (reading->n_needs == 0) {
        return;
    }
    fam_html_add_bold(html, T(locale, "reading.need"));
    fam_html_add(html, " ");
    for (size_t i = 0; i < reading->n_needs; i++) {
        add_label(html, fam_label_need(locale, reading->needs[i]), i == 0);
    }
    fam_html_add(html, ".");
    if (with_text && has(reading->need_text)) {
        fam_html_add(html, " ");
        fam_html_add(html, reading->need_text);
    }
    fam_html_end_line(html);
}

static void add_say(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Reading *reading)
{
    if (reading->n_responses == 0) {
        return;
    }
    fam_html_end_paragraph(html);
    fam_html_add_bold(html, T(locale, "reading.say"));
    fam_html_end_line(html);
    for (size_t i = 0; i < reading->n_responses; i++) {
        char number[32];
        const char *label = fam_label_response(locale, reading->responses[i]->kind);
        snprintf(number, sizeof(number), "%zu. ", i + 1);
        fam_html_add(html, number);
        if (*label) {
            fam_html_add_italic(html, label);
            fam_html_add(html, ": ");
        }
        add_quoted(html, locale, reading->responses[i]->text);
        fam_html_end_line(html);
    }
    fam_html_end_paragraph(html);
}

static void add_footer(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Reading *reading)
{
    fam_html_end_paragraph(html);
    fam_html_add_italic(html, reading->engine == FAM__V1__ENGINE__ENGINE_CLAUDE ? T(locale, "reading.by_ai")
                                                                                : T(locale, "reading.by_rules"));
}

static void add_reading(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Reading *reading,
                        enum detail details)
{
    add_titled(html, T(locale, "reading.going_on"), reading->going_on);
    if (details > DETAIL_SECOND && has(reading->second_reading)) { /* it says itself that it may also be so */
        fam_html_add(html, reading->second_reading);
        fam_html_end_line(html);
    }
    if (details > DETAIL_CERTAINTY) {
        add_certainty(html, locale, reading);
    }
    if (details > DETAIL_NEED) {
        add_need(html, locale, reading, details > DETAIL_NEED_TEXT);
    }
    if (details > DETAIL_SAY) {
        add_say(html, locale, reading);
    }
    if (details > DETAIL_AVOID) {
        add_titled(html, T(locale, "reading.avoid"), reading->avoid);
    }
    add_footer(html, locale, reading);
}

/* "Name: number (hours)"; a directory without a number shows its address. */
static void add_line(struct fam_html *html, const Fam__V1__HelpLine *line, bool with_hours)
{
    fam_html_add(html, line->name);
    fam_html_add(html, ": ");
    fam_html_add_bold(html, has(line->number) ? line->number : line->url);
    if (with_hours && has(line->hours)) {
        fam_html_add(html, " (");
        fam_html_add(html, line->hours);
        fam_html_add(html, ")");
    }
    fam_html_end_line(html);
}

/* What a locked phone and a hurried reader see. */
static void add_head(struct fam_html *html, const Fam__V1__SafetyHelp *safety, bool with_hours)
{
    fam_html_add(html, safety->opening);
    fam_html_end_line(html);
    fam_html_add(html, safety->first_step);
    fam_html_end_line(html);
    if (safety->n_lines > 0) {
        add_line(html, safety->lines[0], with_hours);
    }
}

static void add_steps(struct fam_html *html, char *const *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fam_html_add(html, "— ");
        fam_html_add(html, steps[i]);
        fam_html_end_line(html);
    }
    fam_html_end_paragraph(html);
}

static void add_safety(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__SafetyHelp *safety)
{
    add_head(html, safety, true);
    if (html->units > FAM_SAFETY_HEAD_UNITS) {
        fam_html_clear(html);
        add_head(html, safety, false);
    }
    fam_html_end_paragraph(html);
    add_steps(html, safety->steps, safety->n_steps);
    if (safety->n_lines > 1) {
        fam_html_add_bold(html, T(locale, "safety.more_lines"));
        fam_html_end_line(html);
        for (size_t i = 1; i < safety->n_lines; i++) {
            add_line(html, safety->lines[i], true);
        }
        fam_html_end_paragraph(html);
    }
    if (safety->n_child_steps > 0) {
        fam_html_add_bold(html, T(locale, "safety.for_child"));
        fam_html_end_line(html);
        add_steps(html, safety->child_steps, safety->n_child_steps);
    }
    if (has(safety->privacy_note)) {
        fam_html_add_italic(html, safety->privacy_note);
    }
    fam_html_end_paragraph(html);
}

static void add_heading(struct fam_html *html, const char *heading)
{
    if (!has(heading)) {
        return;
    }
    fam_html_add_italic(html, heading);
    fam_html_end_paragraph(html);
}

/* The reading cut to its first sentence or two, when even the least of it is too long. */
static void add_cut(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Reading *reading,
                    size_t room)
{
    struct fam_html least;
    fam_html_init(&least);
    add_footer(&least, locale, reading);
    size_t title = fam_utf16_length(T(locale, "reading.going_on")) + 4;
    if (room > least.units + title && has(reading->going_on)) {
        size_t chars = (room - least.units - title) / 2; /* a character is at most two units */
        size_t size = fam_utf8_offset(reading->going_on, chars);
        fam_html_add_bold(html, T(locale, "reading.going_on"));
        fam_html_add(html, " ");
        fam_html_add_size(html, reading->going_on, size);
        if (reading->going_on[size]) {
            fam_html_add(html, "…");
        }
        fam_html_end_paragraph(html);
    }
    fam_html_append(html, &least);
    fam_html_done(&least);
}

void fam_reading_layout(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Entry *entry,
                        const char *heading, bool *ret_shortened)
{
    *ret_shortened = false;
    if (entry->safety) {
        add_safety(html, locale, entry->safety);
    }
    if (!entry->reading) {
        return;
    }
    add_heading(html, heading);
    if (entry->safety) {
        fam_html_add_bold(html, T(locale, "safety.reading"));
        fam_html_end_line(html);
    }
    size_t room = html->units < FAM_ANSWER_UNITS ? FAM_ANSWER_UNITS - html->units : 0;
    struct fam_html part;
    fam_html_init(&part);
    for (int details = DETAIL_ALL; details > DETAIL_GOING_ON; details--) {
        fam_html_clear(&part);
        add_reading(&part, locale, entry->reading, (enum detail)details);
        *ret_shortened = details < DETAIL_ALL;
        if (part.units <= room) {
            break;
        }
    }
    if (part.units <= room) {
        fam_html_append(html, &part);
    } else {
        add_cut(html, locale, entry->reading, room);
    }
    fam_html_done(&part);
}

void fam_reading_full(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Reading *reading)
{
    add_reading(html, locale, reading, DETAIL_ALL);
}

void fam_reading_why(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Reading *reading,
                     size_t index)
{
    if (index >= reading->n_responses) {
        return;
    }
    char title[128];
    const Fam__V1__SuggestedResponse *response = reading->responses[index];
    snprintf(title, sizeof(title), "%zu. %s", index + 1, fam_label_response(locale, response->kind));
    fam_html_add_bold(html, title);
    fam_html_end_line(html);
    add_quoted(html, locale, response->text);
    fam_html_end_paragraph(html);
    add_titled(html, T(locale, "reading.why"), response->why);
    add_titled(html, T(locale, "reading.expect"), response->expect);
}

void fam_reading_activity(struct fam_html *html, const struct fam_locale *locale, const Fam__V1__Reading *reading)
{
    if (!has(reading->activity)) {
        return;
    }
    fam_html_add_bold(html, T(locale, "reading.activity"));
    fam_html_end_line(html);
    fam_html_add(html, reading->activity);
}
