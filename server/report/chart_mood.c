/* chart_mood.c: the card of moods: a column for each day, or for each week of a quarter; see chart_private.h. */
#include <stdio.h>

#include "report/chart_private.h"

enum {
    PLOT_HEIGHT = 250, /* of a mood of 10 */
    PLOT_TOP = 104,    /* for the weather above the highest column */
    PLOT_TOP_LOW = 56, /* for its number alone */
    LABELS = 100,      /* below */
    SCALE = 64,        /* the numbers at the left */
    SCALE_LINE = 48,   /* for their words, where they don't stand beside the heading */
    SCALE_GAP = 24,    /* between the two, where they do */
    DATE_WIDTH = 120,
    WEEK_DAYS = 7,
    COLUMNS_MAX = FAM_REPORT_DAYS_MAX,
    COLUMNS_WEATHER = 7, /* so many columns have room for weather, … */
    COLUMNS_NUMBERS = 13 /* … and so many for numbers */
};

static const struct fam_type HEADING = {.size = FAM_CHART_HEADING, .bold = true, .ink = FAM_INK_TEXT};
static const struct fam_type SCALE_BESIDE = {.size = FAM_CHART_SMALL, .ink = FAM_INK_QUIET, .align = FAM_ALIGN_RIGHT};
static const struct fam_type SCALE_BELOW = {.size = FAM_CHART_SMALL, .ink = FAM_INK_QUIET, .align = FAM_ALIGN_LEFT};

struct column {
    double mood; /* 0: none */
    const Fam__V1__Date *date;
    bool weekend;
};

struct plot {
    struct column columns[COLUMNS_MAX];
    size_t count;
    double x, width, base; /* of the columns; where they stand */
};

/* Days, or the means of weeks. */
static void fill(const Fam__V1__Report *report, struct plot *plot)
{
    bool by_week = report->period == FAM__V1__REPORT_PERIOD__REPORT_PERIOD_QUARTER;
    size_t step = by_week ? WEEK_DAYS : 1;
    for (size_t i = 0; i < report->n_days && plot->count < COLUMNS_MAX; i += step) {
        struct column *column = &plot->columns[plot->count++];
        double sum = 0;
        int count = 0;
        for (size_t day = i; day < i + step && day < report->n_days; day++) {
            /* A day with more check-ins counts as one: a week is the mean of its days. */
            sum += report->days[day]->mood;
            count += report->days[day]->mood > 0 ? 1 : 0;
        }
        const Fam__V1__Date *date = report->days[i]->date;
        *column = (struct column){.mood = count > 0 ? sum / count : 0, .date = date};
    }
}

static bool has_moods(const struct plot *plot)
{
    for (size_t i = 0; i < plot->count; i++) {
        if (plot->columns[i].mood > 0) {
            return true;
        }
    }
    return false;
}

static double height_of(double mood)
{
    return mood / 10 * PLOT_HEIGHT;
}

/* Where easy and hard are: lines with numbers and words. */
static void draw_scale(struct fam_canvas *canvas, const struct plot *plot)
{
    static const struct fam_type NUMBER = {.size = FAM_CHART_SMALL, .ink = FAM_INK_QUIET, .align = FAM_ALIGN_LEFT};
    static const int MARKS[] = {10, 5};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(MARKS); i++) {
        char text[FAM_WORDS_NUMBER_SIZE];
        double y = plot->base - height_of(MARKS[i]);
        (void)snprintf(text, sizeof(text), "%d", MARKS[i]);
        (void)fam_canvas_text(canvas, text, FAM_CHART_LEFT, y - FAM_CHART_SMALL * 0.6, SCALE, &NUMBER);
        fam_canvas_line(canvas, plot->x, y, plot->x + plot->width, y, true);
    }
    fam_canvas_line(canvas, plot->x, plot->base, plot->x + plot->width, plot->base, false);
}

static enum fam_ink ink_of(double mood)
{
    static const enum fam_ink INKS[] = {[FAM_WEATHER_RAIN] = FAM_INK_MOOD_1,
                                        [FAM_WEATHER_CLOUD] = FAM_INK_MOOD_2,
                                        [FAM_WEATHER_MIXED] = FAM_INK_MOOD_3,
                                        [FAM_WEATHER_SUN] = FAM_INK_MOOD_4};
    return INKS[fam_weather_of(mood)];
}

static void draw_column(struct fam_canvas *canvas, const struct plot *plot, size_t index)
{
    static const struct fam_type NUMBER = {
        .size = FAM_CHART_TEXT, .bold = true, .ink = FAM_INK_TEXT, .align = FAM_ALIGN_CENTRE};
    static const struct fam_type SMALL_NUMBER = {
        .size = FAM_CHART_SMALL, .bold = true, .ink = FAM_INK_TEXT, .align = FAM_ALIGN_CENTRE};
    static const struct fam_type NONE = {.size = FAM_CHART_TEXT, .ink = FAM_INK_QUIET, .align = FAM_ALIGN_CENTRE};
    const struct column *column = &plot->columns[index];
    double step = plot->width / (double)plot->count, x = plot->x + step * (double)index;
    double top = plot->base - height_of(column->mood), bar = step * 0.62;
    bool has_weather = plot->count <= COLUMNS_WEATHER;
    if (column->mood <= 0) {
        if (plot->count <= COLUMNS_NUMBERS) {
            (void)fam_canvas_text(canvas, "–", x, plot->base - FAM_CHART_TEXT * 1.4, step, &NONE);
        }
        return;
    }
    fam_canvas_box(canvas, x + (step - bar) / 2, top, bar, plot->base - top, has_weather ? 14 : 6,
                   ink_of(column->mood));
    if (plot->count <= COLUMNS_NUMBERS) {
        char text[FAM_WORDS_NUMBER_SIZE];
        const struct fam_type *type = has_weather ? &NUMBER : &SMALL_NUMBER;
        (void)fam_words_tenths(canvas->words.language, column->mood, text);
        double above = has_weather ? -2 : type->size * 1.3; /* a broad column has its number inside */
        (void)fam_canvas_text(canvas, text, x - 10, top - above, step + 20, type);
    }
    if (has_weather) {
        fam_canvas_weather(canvas, fam_weather_of(column->mood), x + step / 2, top - 52, 96);
    }
}

/* A week names each day; else a date stands where there is room. */
static void draw_labels(struct fam_canvas *canvas, const struct plot *plot)
{
    static const struct fam_type DAY = {
        .size = FAM_CHART_TEXT, .bold = true, .ink = FAM_INK_TEXT, .align = FAM_ALIGN_CENTRE};
    static const struct fam_type DATE = {.size = FAM_CHART_SMALL, .ink = FAM_INK_QUIET, .align = FAM_ALIGN_CENTRE};
    double step = plot->width / (double)plot->count;
    size_t every = plot->count <= COLUMNS_WEATHER ? 1 : plot->count <= COLUMNS_NUMBERS ? 3 : 7;
    for (size_t i = 0; i < plot->count; i += every) {
        const Fam__V1__Date *date = plot->columns[i].date;
        double x = plot->x + step * (double)i;
        char text[FAM_WORDS_NUMBER_SIZE * 2];
        if (every == 1) {
            int weekday = fam_words_weekday(date->year, date->month, date->day);
            (void)fam_canvas_text(canvas, fam_words_numbered(&canvas->words, "short_day", weekday), x, plot->base + 10,
                                  step, &DAY);
            (void)snprintf(text, sizeof(text), "%d", date->day);
            (void)fam_canvas_text(canvas, text, x, plot->base + 58, step, &DATE);
        } else {
            (void)snprintf(text, sizeof(text), "%d.%02d", date->day, date->month);
            fam_canvas_line(canvas, x + step / 2, plot->base, x + step / 2, plot->base + 12, false);
            double left = x + step / 2 - DATE_WIDTH / 2.0, most = plot->x + plot->width - DATE_WIDTH + 12;
            (void)fam_canvas_text(canvas, text, left < most ? left : most, plot->base + 16, DATE_WIDTH, &DATE);
        }
    }
}

/* "10 is easy, 1 is hard": beside the heading, or below it where the words of the language leave no room. */
static bool scale_fits(struct fam_canvas *canvas, const char *title, const char *scale)
{
    return fam_canvas_text_width(canvas, title, &HEADING) + SCALE_GAP +
               fam_canvas_text_width(canvas, scale, &SCALE_BESIDE) <=
           FAM_CHART_INNER;
}

/* Columns with what stands above and below them. */
static void draw_plot(struct fam_canvas *canvas, struct plot *plot, double top, double labels)
{
    plot->x = FAM_CHART_LEFT + SCALE;
    plot->width = FAM_CHART_INNER - SCALE;
    plot->base = canvas->y + top + PLOT_HEIGHT;
    draw_scale(canvas, plot);
    for (size_t i = 0; i < plot->count; i++) {
        draw_column(canvas, plot, i);
    }
    draw_labels(canvas, plot);
    canvas->y = plot->base + labels;
}

void fam_chart_moods(struct fam_canvas *canvas)
{
    static const struct fam_type NONE = {.size = FAM_CHART_TEXT, .ink = FAM_INK_QUIET, .lines = 2};
    struct plot plot = {.count = 0};
    fill(canvas->report, &plot);
    bool moods = has_moods(&plot);
    bool by_week = canvas->report->period == FAM__V1__REPORT_PERIOD__REPORT_PERIOD_QUARTER;
    const char *title = fam_words_text(&canvas->words, by_week ? "chart.mood.weeks" : "chart.mood");
    const char *scale = fam_words_text(&canvas->words, "chart.scale");
    bool beside = scale_fits(canvas, title, scale);
    double top = plot.count <= COLUMNS_WEATHER ? PLOT_TOP : PLOT_TOP_LOW;
    double labels = plot.count <= COLUMNS_WEATHER ? LABELS : LABELS - 44;
    double heading = FAM_CHART_HEADING * 1.5, line = moods && !beside ? SCALE_LINE : 0;
    fam_chart_begin_card(canvas, heading + line + (moods ? top + PLOT_HEIGHT + labels : FAM_CHART_TEXT * 1.5));
    (void)fam_canvas_text(canvas, title, FAM_CHART_LEFT, canvas->y, FAM_CHART_INNER, &HEADING);
    if (moods) {
        (void)fam_canvas_text(canvas, scale, FAM_CHART_LEFT, canvas->y + (beside ? 8 : heading - 4), FAM_CHART_INNER,
                              beside ? &SCALE_BESIDE : &SCALE_BELOW);
        canvas->y += heading + line;
        draw_plot(canvas, &plot, top, labels);
    } else {
        canvas->y += heading;
        (void)fam_canvas_text(canvas, fam_words_text(&canvas->words, "chart.no_mood"), FAM_CHART_LEFT, canvas->y,
                              FAM_CHART_INNER, &NONE);
        canvas->y += FAM_CHART_TEXT * 1.5;
    }
    fam_chart_end_card(canvas);
}
