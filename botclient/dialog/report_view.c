/* A report in words. It is put together from parts of different weight: below a picture there is room for 1,024 units,
 * and what does not fit is left out from the least important on. */
#include <stdio.h>
#include <string.h>

#include "dialog/report.h"
#include "dialog/zones.h"

/* In the order of reading. */
enum part {
    PART_TITLE,
    PART_COUNTS,
    PART_MOOD,
    PART_EMOTIONS,
    PART_CHILDREN,
    PART_POSITIVE,
    PART_ATTENTION,
    PART_STEPS,
    PART_KIND,
    PARTS
};

enum { LIST_SIZE = 300, LINE_SIZE = 600, GAP_UNITS = 2, EMOTIONS_A_CHILD = 3, TITLE_SIZE = 200 };

/* The least important first; what is not here always stays. */
static const enum part dropped_first[] = {PART_COUNTS,    PART_EMOTIONS, PART_CHILDREN, PART_KIND,
                                          PART_ATTENTION, PART_POSITIVE, PART_MOOD};

struct parts {
    struct fam_html html[PARTS];
};

static void parts_done(struct parts *parts)
{
    for (size_t i = 0; i < PARTS; i++) {
        fam_html_done(&parts->html[i]);
    }
}

const char *fam_report_period(const struct fam_locale *locale, Fam__V1__ReportPeriod period)
{
    switch ((int)period) {
    case FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK:
        return T(locale, "report.week");
    case FAM__V1__REPORT_PERIOD__REPORT_PERIOD_MONTH:
        return T(locale, "report.month");
    case FAM__V1__REPORT_PERIOD__REPORT_PERIOD_QUARTER:
        return T(locale, "report.quarter");
    default:
        return "";
    }
}

static void write_day(const struct fam_locale *locale, const Fam__V1__Date *date, const char *zone, int64_t at_ms,
                      char ret_text[FAM_MOMENT_SIZE])
{
    if (date) {
        fam_zone_date(locale, date->year, date->month, date->day, ret_text);
    } else {
        fam_zone_day(locale, zone, at_ms, ret_text);
    }
}

void fam_report_title(const struct fam_locale *locale, Fam__V1__ReportPeriod period, const struct fam_report_span *span,
                      char *ret_title, size_t size)
{
    char from[FAM_MOMENT_SIZE], until[FAM_MOMENT_SIZE];
    write_day(locale, span->first, span->zone, span->from_ms, from);
    write_day(locale, span->last, span->zone, span->until_ms - 1, until);
    const struct fam_arg args[] = {{"period", fam_report_period(locale, period)}, {"from", from}, {"until", until}};
    fam_locale_format(ret_title, size, T(locale, "report.title"), args, 3);
}

static void add_filled(struct fam_html *html, const char *text, const struct fam_arg *args, size_t count)
{
    fam_locale_add_html(html, text, args, count);
    fam_html_end_line(html);
}

static void add_counts(const struct fam_locale *locale, const Fam__V1__Report *report, struct fam_html *html)
{
    char entries[32], checkins[32];
    snprintf(entries, sizeof(entries), "%d", report->entries);
    snprintf(checkins, sizeof(checkins), "%d", report->checkins);
    const struct fam_arg args[] = {{"entries", entries}, {"checkins", checkins}};
    /* Of what there was not, nothing is said. */
    add_filled(html,
               report->checkins == 0  ? T(locale, "report.counts_entries")
               : report->entries == 0 ? T(locale, "report.counts_checkins")
                                      : T(locale, "report.counts"),
               args, 2);
}

static const char *trend_text(const struct fam_locale *locale, Fam__V1__Trend trend)
{
    switch ((int)trend) {
    case FAM__V1__TREND__TREND_BETTER:
        return T(locale, "report.better");
    case FAM__V1__TREND__TREND_SAME:
        return T(locale, "report.same");
    case FAM__V1__TREND__TREND_HARDER:
        return T(locale, "report.harder");
    default:
        return "";
    }
}

static void add_mood(const struct fam_locale *locale, const Fam__V1__Report *report, struct fam_html *html)
{
    char whole[16], tenth[16];
    if (!(report->mood >= 1 && report->mood <= 10)) {
        return;
    }
    int tenths = (int)(report->mood * 10 + 0.5);
    snprintf(whole, sizeof(whole), "%d", tenths / 10);
    snprintf(tenth, sizeof(tenth), "%d", tenths % 10);
    const struct fam_arg args[] = {{"whole", whole}, {"tenth", tenth}};
    add_filled(html, tenths % 10 == 0 ? T(locale, "report.mood_whole") : T(locale, "report.mood"), args, 2);
    /* What a sentence below tells with its numbers is said once. */
    fam_html_add(html, report->trend_is_told ? "" : trend_text(locale, report->trend));
    fam_html_end_line(html);
}

/* "злость (4), грусть (2)"; "" for none. */
static void list_emotions(const struct fam_locale *locale, Fam__V1__ReportEmotion **emotions, size_t count,
                          char ret_list[LIST_SIZE])
{
    ret_list[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *label = fam_label_emotion(locale, emotions[i]->emotion);
        size_t used = strlen(ret_list);
        if (*label && used + strlen(label) + 24 < LIST_SIZE) {
            snprintf(ret_list + used, LIST_SIZE - used, "%s%s (%d)", used > 0 ? ", " : "", label, emotions[i]->count);
        }
    }
}

static void add_emotions(const struct fam_locale *locale, const Fam__V1__Report *report, struct fam_html *html)
{
    char list[LIST_SIZE];
    list_emotions(locale, report->emotions, report->n_emotions, list);
    const struct fam_arg args[] = {{"list", list}};
    if (*list) {
        add_filled(html, T(locale, "report.emotions"), args, 1);
    }
}

/* Which kinds of answer worked for this child, by this reader's own word. */
static void add_worked(const struct fam_locale *locale, const Fam__V1__ReportChild *child, struct fam_html *html)
{
    char list[LIST_SIZE] = "";
    for (size_t i = 0; i < child->n_worked; i++) {
        char helped[32], rated[32], item[LIST_SIZE];
        const char *label = fam_label_response(locale, child->worked[i]->kind);
        size_t used = strlen(list);
        snprintf(helped, sizeof(helped), "%d", child->worked[i]->helped);
        snprintf(rated, sizeof(rated), "%d", child->worked[i]->rated);
        const struct fam_arg args[] = {{"kind", label}, {"helped", helped}, {"rated", rated}};
        fam_locale_format(item, sizeof(item), T(locale, "report.worked_one"), args, 3);
        if (*label && used + strlen(item) + 3 < LIST_SIZE) {
            snprintf(list + used, sizeof(list) - used, "%s%s", used > 0 ? ", " : "", item);
        }
    }
    const struct fam_arg args[] = {{"list", list}};
    if (*list) {
        add_filled(html, T(locale, "report.worked"), args, 1);
    }
}

static void add_child(const struct fam_locale *locale, const Fam__V1__ReportChild *child, struct fam_html *html)
{
    char number[32], entries[64], list[LIST_SIZE], line[LINE_SIZE];
    size_t shown = child->n_emotions < EMOTIONS_A_CHILD ? child->n_emotions : EMOTIONS_A_CHILD;
    snprintf(number, sizeof(number), "%d", child->entries);
    const struct fam_arg count[] = {{"n", number}};
    fam_locale_format(entries, sizeof(entries), fam_locale_plural(locale, "report.entries", child->entries), count, 1);
    list_emotions(locale, child->emotions, shown, list);
    const struct fam_arg args[] = {{"entries", entries}, {"list", list}};
    fam_html_add_bold(html, child->name[0] ? child->name : T(locale, "children.no_name"));
    fam_html_add(html, ": ");
    fam_locale_format(line, sizeof(line), *list ? T(locale, "report.child") : T(locale, "report.child_count"), args, 2);
    fam_html_add(html, line);
    fam_html_end_line(html);
    fam_html_add(html, child->trend_is_told ? "" : trend_text(locale, child->trend));
    fam_html_end_line(html);
    add_worked(locale, child, html);
}

/* Those with entries, and how many entries are about none of them, so that the numbers add up. */
static void add_children(const struct fam_locale *locale, const Fam__V1__Report *report, struct fam_html *html)
{
    char number[32], entries[64];
    int others = report->entries;
    for (size_t i = 0; i < report->n_children; i++) {
        others -= report->children[i]->entries;
        if (report->children[i]->entries > 0) {
            add_child(locale, report->children[i], html);
        }
    }
    if (others <= 0 || others == report->entries) {
        return;
    }
    snprintf(number, sizeof(number), "%d", others);
    const struct fam_arg count[] = {{"n", number}};
    fam_locale_format(entries, sizeof(entries), fam_locale_plural(locale, "report.entries", others), count, 1);
    const struct fam_arg args[] = {{"entries", entries}};
    add_filled(html, T(locale, "report.others"), args, 1);
}

static void add_sentences(struct fam_html *html, const char *title, char **sentences, size_t count)
{
    if (count == 0) {
        return;
    }
    fam_html_add_bold(html, title);
    fam_html_end_line(html);
    for (size_t i = 0; i < count; i++) {
        fam_html_add(html, "• ");
        fam_html_add(html, sentences[i]);
        fam_html_end_line(html);
    }
}

static void write_parts(const struct fam_locale *locale, const Fam__V1__Report *report, struct parts *parts)
{
    char title[TITLE_SIZE];
    struct fam_html *html = parts->html;
    const struct fam_report_span span = {.first = report->n_days > 0 ? report->days[0]->date : NULL,
                                         .last = report->n_days > 0 ? report->days[report->n_days - 1]->date : NULL,
                                         .zone = report->time_zone,
                                         .from_ms = report->from_ms,
                                         .until_ms = report->until_ms};
    fam_report_title(locale, report->period, &span, title, sizeof(title));
    fam_html_add_bold(&html[PART_TITLE], title);
    if (!report->is_empty) {
        add_counts(locale, report, &html[PART_COUNTS]);
        add_mood(locale, report, &html[PART_MOOD]);
        add_emotions(locale, report, &html[PART_EMOTIONS]);
        add_children(locale, report, &html[PART_CHILDREN]);
        add_sentences(&html[PART_POSITIVE], T(locale, "report.positive"), report->positive, report->n_positive);
        add_sentences(&html[PART_ATTENTION], T(locale, "report.attention"), report->attention, report->n_attention);
        add_sentences(&html[PART_STEPS], T(locale, "report.steps"), report->steps, report->n_steps);
    }
    fam_html_add(&html[PART_KIND],
                 report->is_empty && !report->kind_words[0] ? T(locale, "report.empty") : report->kind_words);
}

static size_t total_units(const struct parts *parts)
{
    size_t units = 0;
    for (size_t i = 0; i < PARTS; i++) {
        units += parts->html[i].units > 0 ? parts->html[i].units + GAP_UNITS : 0;
    }
    return units;
}

void fam_report_lay_out(const struct fam_locale *locale, const Fam__V1__Report *report, size_t most,
                        struct fam_html *html, bool *ret_shortened)
{
    fam_auto(parts_done) struct parts parts = {0};
    *ret_shortened = false;
    for (size_t i = 0; i < PARTS; i++) {
        fam_html_init(&parts.html[i]);
    }
    write_parts(locale, report, &parts);
    for (size_t i = 0; most > 0 && i < FAM_ARRAY_SIZE(dropped_first) && total_units(&parts) > most; i++) {
        struct fam_html *part = &parts.html[dropped_first[i]];
        *ret_shortened = *ret_shortened || part->units > 0;
        fam_html_clear(part);
    }
    for (size_t i = 0; i < PARTS; i++) {
        if (parts.html[i].units > 0) {
            fam_html_end_paragraph(html);
            fam_html_append(html, &parts.html[i]);
        }
    }
    *ret_shortened = *ret_shortened || (most > 0 && html->units > most);
}
