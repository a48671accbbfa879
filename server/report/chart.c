/* chart.c: see chart.h. What stands where. */
#include "report/chart.h"

#include <pango/pangocairo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/chart_private.h"
#include "report/report.h"

enum {
    HEIGHT_MAX = 4000,
    ARENA_BYTES = 256 * 1024,
    RADIUS = 32,
    ROW = 62,
    LINE_SIZE = 400,
    BAR_LABEL = 400,
    BAR_COUNT = 90,
    EMOTIONS_SHOWN = 4,
    HEAD_WEATHER = 180,
    LINE_HEIGHT = 50
};

static const struct fam_type HEADING = {.size = FAM_CHART_HEADING, .bold = true, .ink = FAM_INK_TEXT};
static const struct fam_type TEXT = {.size = FAM_CHART_TEXT, .ink = FAM_INK_TEXT, .lines = 2};
static const struct fam_type QUIET = {.size = FAM_CHART_SMALL, .ink = FAM_INK_QUIET, .lines = 2};

void fam_chart_begin_card(struct fam_canvas *canvas, double height)
{
    fam_canvas_box(canvas, FAM_CHART_MARGIN, canvas->y, FAM_CHART_WIDTH - 2 * FAM_CHART_MARGIN,
                   height + 2 * FAM_CHART_PADDING, RADIUS, FAM_INK_CARD);
    canvas->y += FAM_CHART_PADDING;
}

void fam_chart_end_card(struct fam_canvas *canvas)
{
    canvas->y += FAM_CHART_PADDING + FAM_CHART_GAP;
}

/* From the first to the last day: "23 – 29 ноября", "30 ноября – 6 декабря". */
static const char *range_of(struct fam_canvas *canvas)
{
    const Fam__V1__Report *report = canvas->report;
    if (report->n_days == 0) {
        return "";
    }
    const Fam__V1__Date *from = report->days[0]->date, *until = report->days[report->n_days - 1]->date;
    char day[FAM_WORDS_NUMBER_SIZE];
    (void)snprintf(day, sizeof(day), "%d", from->day);
    bool same_month = from->month == until->month && from->year == until->year;
    const struct fam_word_value values[] = {
        {"from", same_month ? day : fam_words_date(&canvas->words, from->month, from->day)},
        {"until", fam_words_date(&canvas->words, until->month, until->day)}};
    return fam_words_say(&canvas->words, "range", values, FAM_ARRAY_SIZE(values));
}

static const char *mean_of(struct fam_canvas *canvas)
{
    char number[FAM_WORDS_NUMBER_SIZE];
    const struct fam_word_value values[] = {
        {"mood", fam_words_tenths(canvas->words.language, canvas->report->mood, number)}};
    return fam_words_say(&canvas->words, "chart.mean", values, 1);
}

/* An arrow with each word: nothing is said by it alone. */
static void join_trend(struct fam_canvas *canvas, const char *key, Fam__V1__Trend trend, char *text, size_t size)
{
    static const char *const ARROWS[] = {"", "↑", "→", "↓"};
    if (trend > FAM__V1__TREND__TREND_NONE && (size_t)trend < FAM_ARRAY_SIZE(ARROWS)) {
        (void)snprintf(text, size, "%s %s", ARROWS[trend], fam_words_numbered(&canvas->words, key, (int)trend));
    } else {
        (void)snprintf(text, size, "%s", "");
    }
}

static void draw_head(struct fam_canvas *canvas)
{
    static const struct fam_type TITLE = {.size = FAM_CHART_TITLE, .bold = true, .ink = FAM_INK_ON_HEAD};
    static const struct fam_type RANGE = {.size = FAM_CHART_HEADING, .ink = FAM_INK_ON_HEAD};
    static const struct fam_type MEAN = {.size = FAM_CHART_TEXT, .ink = FAM_INK_ON_HEAD};
    const Fam__V1__Report *report = canvas->report;
    const char *title = fam_words_of_period(&canvas->words, "title", report->period, NULL, 0);
    char trend[LINE_SIZE];
    bool has_mean = report->mood > 0;
    double width = has_mean ? FAM_CHART_INNER - HEAD_WEATHER : FAM_CHART_INNER, y = FAM_CHART_MARGIN;
    join_trend(canvas, "chart.trend", report->trend, trend, sizeof(trend));
    double height = 200 + (has_mean ? LINE_HEIGHT : 0) + (trend[0] != '\0' ? LINE_HEIGHT : 0);
    cairo_rectangle(canvas->cr, 0, 0, FAM_CHART_WIDTH, height);
    fam_canvas_ink(canvas, FAM_INK_HEAD);
    cairo_fill(canvas->cr);
    y += fam_canvas_text(canvas, title, FAM_CHART_LEFT, y, width, &TITLE) - 4;
    y += fam_canvas_text(canvas, range_of(canvas), FAM_CHART_LEFT, y, width, &RANGE) + 10;
    if (has_mean) {
        (void)fam_canvas_text(canvas, mean_of(canvas), FAM_CHART_LEFT, y, width, &MEAN);
    }
    if (trend[0] != '\0') {
        (void)fam_canvas_text(canvas, trend, FAM_CHART_LEFT, y + LINE_HEIGHT, width, &MEAN);
    }
    if (has_mean) {
        fam_canvas_weather(canvas, fam_weather_of(report->mood), FAM_CHART_WIDTH - FAM_CHART_LEFT - HEAD_WEATHER / 2.0,
                           height / 2, HEAD_WEATHER);
    }
    canvas->y = height + FAM_CHART_GAP;
}

static void draw_emotions(struct fam_canvas *canvas)
{
    static const struct fam_type COUNT = {
        .size = FAM_CHART_TEXT, .bold = true, .ink = FAM_INK_TEXT, .align = FAM_ALIGN_LEFT};
    const Fam__V1__Report *report = canvas->report;
    size_t shown = report->n_emotions < EMOTIONS_SHOWN ? report->n_emotions : EMOTIONS_SHOWN;
    double heading = FAM_CHART_HEADING * 1.5;
    const char *few = fam_words_text(&canvas->words, "chart.no_emotions");
    double content =
        shown > 0 ? (double)shown * ROW - 10 : fam_canvas_text_height(canvas, few, FAM_CHART_INNER, &QUIET);
    fam_chart_begin_card(canvas, heading + content);
    (void)fam_canvas_text(canvas, fam_words_text(&canvas->words, "chart.emotions"), FAM_CHART_LEFT, canvas->y,
                          FAM_CHART_INNER, &HEADING);
    canvas->y += heading;
    double most = report->n_emotions > 0 ? report->emotions[0]->count : 1,
           full = FAM_CHART_INNER - BAR_LABEL - BAR_COUNT;
    for (size_t i = 0; i < shown; i++) {
        const Fam__V1__ReportEmotion *emotion = report->emotions[i];
        double y = canvas->y + (double)i * ROW, bar = full * emotion->count / most;
        char count[FAM_WORDS_NUMBER_SIZE];
        (void)snprintf(count, sizeof(count), "%d", emotion->count);
        struct fam_type label = TEXT;
        label.lines = 1;
        (void)fam_canvas_text(canvas, fam_words_emotion(&canvas->words, emotion->emotion), FAM_CHART_LEFT, y, BAR_LABEL,
                              &label);
        fam_canvas_box(canvas, FAM_CHART_LEFT + BAR_LABEL + 16, y + 4, bar, 44, 12, FAM_INK_BAR);
        (void)fam_canvas_text(canvas, count, FAM_CHART_LEFT + BAR_LABEL + 32 + bar, y, BAR_COUNT, &COUNT);
    }
    if (report->n_emotions == 0) {
        (void)fam_canvas_text(canvas, few, FAM_CHART_LEFT, canvas->y, FAM_CHART_INNER, &QUIET);
    }
    canvas->y += content;
    fam_chart_end_card(canvas);
}

/* "злость 4, грусть 2", or how many entries there are. */
static void child_line(struct fam_canvas *canvas, const Fam__V1__ReportChild *child, char *line, size_t size)
{
    size_t used = 0;
    line[0] = '\0';
    for (size_t i = 0; i < child->n_emotions; i++) {
        int more = snprintf(line + used, size - used, "%s%s %d", used > 0 ? ", " : "",
                            fam_words_emotion(&canvas->words, child->emotions[i]->emotion), child->emotions[i]->count);
        used = more > 0 && used + (size_t)more < size ? used + (size_t)more : used;
        line[used] = '\0';
    }
    if (used == 0 && child->entries == 0) {
        (void)snprintf(line, size, "%s", fam_words_text(&canvas->words, "chart.child_none"));
    } else if (used == 0) {
        char count[FAM_WORDS_NUMBER_SIZE];
        (void)snprintf(count, sizeof(count), "%d", child->entries);
        const struct fam_word_value values[] = {{"count", count}};
        (void)snprintf(line, size, "%s", fam_words_say(&canvas->words, "chart.child_entries", values, 1));
    }
}

enum { NAME_HEIGHT = 52, CHILD_LINE = 46, CHILD_GAP = 26 };

static double child_height(const Fam__V1__ReportChild *child)
{
    return NAME_HEIGHT + CHILD_LINE + (child->n_worked > 0 ? CHILD_LINE : 0) + CHILD_GAP;
}

static void draw_child(struct fam_canvas *canvas, const Fam__V1__ReportChild *child)
{
    static const struct fam_type NAME = {.size = FAM_CHART_TEXT + 2, .bold = true, .ink = FAM_INK_TEXT};
    static const struct fam_type TREND = {
        .size = FAM_CHART_SMALL + 2, .bold = true, .ink = FAM_INK_TEXT, .align = FAM_ALIGN_RIGHT};
    struct fam_type line_type = QUIET;
    char line[LINE_SIZE];
    double trend_width = FAM_CHART_INNER * 0.36;
    line_type.lines = 1;
    line_type.size = FAM_CHART_SMALL + 2;
    (void)fam_canvas_text(canvas, fam_words_child(&canvas->words, child->name), FAM_CHART_LEFT, canvas->y,
                          FAM_CHART_INNER - trend_width, &NAME);
    join_trend(canvas, "chart.child_trend", child->trend, line, sizeof(line));
    if (line[0] != '\0') {
        (void)fam_canvas_text(canvas, line, FAM_CHART_LEFT + FAM_CHART_INNER - trend_width, canvas->y + 4, trend_width,
                              &TREND);
    }
    child_line(canvas, child, line, sizeof(line));
    (void)fam_canvas_text(canvas, line, FAM_CHART_LEFT, canvas->y + NAME_HEIGHT, FAM_CHART_INNER, &line_type);
    if (child->n_worked > 0) {
        const struct fam_word_value values[] = {{"kind", fam_words_kind(&canvas->words, child->worked[0]->kind)}};
        (void)fam_canvas_text(canvas, fam_words_say(&canvas->words, "chart.worked", values, 1), FAM_CHART_LEFT,
                              canvas->y + NAME_HEIGHT + CHILD_LINE, FAM_CHART_INNER, &line_type);
    }
    canvas->y += child_height(child);
}

static void draw_children(struct fam_canvas *canvas)
{
    const Fam__V1__Report *report = canvas->report;
    size_t shown = report->n_children < FAM_CHART_CHILDREN_MAX ? report->n_children : FAM_CHART_CHILDREN_MAX;
    /* A single child needs no heading. */
    double heading = report->n_children > 1 ? FAM_CHART_HEADING * 1.5 : 0, height = heading - CHILD_GAP;
    if (shown == 0) {
        return;
    }
    for (size_t i = 0; i < shown; i++) {
        height += child_height(report->children[i]);
    }
    bool more = report->n_children > shown;
    fam_chart_begin_card(canvas, height + (more ? CHILD_LINE + CHILD_GAP : 0));
    if (report->n_children > 1) {
        (void)fam_canvas_text(canvas, fam_words_text(&canvas->words, "chart.children"), FAM_CHART_LEFT, canvas->y,
                              FAM_CHART_INNER, &HEADING);
    }
    canvas->y += heading;
    for (size_t i = 0; i < shown; i++) {
        if (i > 0) {
            fam_canvas_line(canvas, FAM_CHART_LEFT, canvas->y - CHILD_GAP / 2.0, FAM_CHART_LEFT + FAM_CHART_INNER,
                            canvas->y - CHILD_GAP / 2.0, false);
        }
        draw_child(canvas, report->children[i]);
    }
    if (more) {
        char count[FAM_WORDS_NUMBER_SIZE];
        (void)snprintf(count, sizeof(count), "%zu", report->n_children - shown);
        const struct fam_word_value values[] = {{"count", count}};
        (void)fam_canvas_text(canvas, fam_words_say(&canvas->words, "chart.more_children", values, 1), FAM_CHART_LEFT,
                              canvas->y, FAM_CHART_INNER, &QUIET);
        canvas->y += CHILD_LINE + CHILD_GAP;
    }
    canvas->y -= CHILD_GAP;
    fam_chart_end_card(canvas);
}

static void draw_kind_words(struct fam_canvas *canvas)
{
    struct fam_type type = TEXT;
    const char *words = canvas->report->kind_words;
    if (words[0] == '\0') {
        return;
    }
    type.lines = 8;
    double height = fam_canvas_text_height(canvas, words, FAM_CHART_INNER, &type);
    fam_chart_begin_card(canvas, height);
    (void)fam_canvas_text(canvas, words, FAM_CHART_LEFT, canvas->y, FAM_CHART_INNER, &type);
    canvas->y += height;
    fam_chart_end_card(canvas);
    canvas->y += FAM_CHART_GAP / 2.0;
}

static void draw_foot(struct fam_canvas *canvas)
{
    struct fam_type type = QUIET;
    char entries[FAM_WORDS_NUMBER_SIZE], checkins[FAM_WORDS_NUMBER_SIZE], line[LINE_SIZE];
    type.align = FAM_ALIGN_CENTRE;
    (void)snprintf(entries, sizeof(entries), "%d", canvas->report->entries);
    (void)snprintf(checkins, sizeof(checkins), "%d", canvas->report->checkins);
    const struct fam_word_value values[] = {{"entries", entries}, {"checkins", checkins}};
    (void)snprintf(line, sizeof(line), "%s  ·  %s",
                   fam_words_say(&canvas->words, "chart.entries", values, FAM_ARRAY_SIZE(values)),
                   fam_words_say(&canvas->words, "chart.checkins", values, FAM_ARRAY_SIZE(values)));
    canvas->y += fam_canvas_text(canvas, line, FAM_CHART_LEFT, canvas->y, FAM_CHART_INNER, &type) + FAM_CHART_MARGIN;
}

static void draw(struct fam_canvas *canvas)
{
    fam_canvas_ink(canvas, FAM_INK_PAPER);
    cairo_paint(canvas->cr);
    draw_head(canvas);
    if (!canvas->report->is_empty) {
        fam_chart_moods(canvas);
        draw_emotions(canvas);
        draw_children(canvas);
    }
    if (canvas->report->is_empty) {
        draw_kind_words(canvas);
    } else {
        draw_foot(canvas);
    }
}

static cairo_status_t write_bytes(void *closure, const unsigned char *data, unsigned int length)
{
    struct fam_buf *png = closure;
    fam_buf_add(png, data, length);
    return png->failed ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

/* The upper part of the surface, as far as it was drawn upon. */
static enum fam_code write_png(cairo_surface_t *surface, int height, struct fam_buf *png, struct fam_status *status)
{
    cairo_surface_flush(surface);
    cairo_surface_t *part =
        cairo_image_surface_create_for_data(cairo_image_surface_get_data(surface), CAIRO_FORMAT_RGB24, FAM_CHART_WIDTH,
                                            height, cairo_image_surface_get_stride(surface));
    fam_buf_init(png, FAM_CHART_BYTES_MAX);
    cairo_status_t written = cairo_surface_write_to_png_stream(part, write_bytes, png);
    cairo_surface_destroy(part);
    return written == CAIRO_STATUS_SUCCESS ? FAM_OK : fam_fail(status, FAM_INTERNAL, "a picture can't be written");
}

static void soften(cairo_t *cr)
{
    /* Letters look the same on every machine that has the font. */
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(cr, options);
    cairo_font_options_destroy(options);
}

static enum fam_code draw_with(struct fam_canvas *canvas, cairo_surface_t *surface, struct fam_buf *png,
                               struct fam_status *status)
{
    soften(canvas->cr);
    if (!fam_canvas_has_font(canvas)) {
        return fam_fail_reason(status, FAM_FAILED_PRECONDITION, "FONT_MISSING", 0,
                               "the font DejaVu Sans is not on this machine");
    }
    draw(canvas);
    if (canvas->words.failed || cairo_status(canvas->cr) != CAIRO_STATUS_SUCCESS) {
        return fam_fail_memory(status);
    }
    int height = canvas->y < HEIGHT_MAX ? (int)canvas->y : HEIGHT_MAX;
    return write_png(surface, height, png, status);
}

enum fam_code fam_chart_draw(const Fam__V1__Report *report, struct fam_buf *ret_png, struct fam_status *status)
{
    struct fam_arena *arena = malloc(sizeof(*arena));
    if (arena == NULL) {
        return fam_fail_memory(status);
    }
    fam_arena_init(arena, ARENA_BYTES);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, FAM_CHART_WIDTH, HEIGHT_MAX);
    struct fam_canvas canvas = {
        .cr = cairo_create(surface), .report = report, .words = {.language = report->language, .arena = arena}};
    enum fam_code code = cairo_status(canvas.cr) == CAIRO_STATUS_SUCCESS ? draw_with(&canvas, surface, ret_png, status)
                                                                         : fam_fail_memory(status);
    cairo_destroy(canvas.cr);
    cairo_surface_destroy(surface);
    fam_arena_done(arena);
    free(arena);
    return code;
}
