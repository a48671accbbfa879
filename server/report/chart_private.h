/* chart_private.h: between what stands where (chart.c, chart_mood.c) and how it is drawn (chart_draw.c). Lengths are
 * pixels, x from the left and y from the top. */
#ifndef FAM_REPORT_CHART_PRIVATE_H
#define FAM_REPORT_CHART_PRIVATE_H

#include <cairo/cairo.h>
#include <stdbool.h>

#include "report/chart.h"
#include "report/words.h"

enum {
    FAM_CHART_MARGIN = 32,  /* around cards */
    FAM_CHART_PADDING = 34, /* within them */
    FAM_CHART_GAP = 22,     /* between them */
    FAM_CHART_LEFT = FAM_CHART_MARGIN + FAM_CHART_PADDING,
    FAM_CHART_INNER = FAM_CHART_WIDTH - 2 * FAM_CHART_LEFT,
    /* Sizes of letters. A phone shows the picture at about a third: 34 are 11 points. */
    FAM_CHART_TITLE = 68,
    FAM_CHART_HEADING = 44,
    FAM_CHART_TEXT = 40,
    FAM_CHART_SMALL = 34
};

enum fam_ink {
    FAM_INK_PAPER,
    FAM_INK_CARD,
    FAM_INK_TEXT,
    FAM_INK_QUIET, /* less important text; still 4.5 : 1 on a card */
    FAM_INK_LINE,
    FAM_INK_HEAD, /* the band at the top */
    FAM_INK_ON_HEAD,
    FAM_INK_BAR, /* feelings */
    FAM_INK_SUN,
    FAM_INK_CLOUD,
    FAM_INK_RAIN,
    FAM_INK_MOOD_1, /* hard … */
    FAM_INK_MOOD_2,
    FAM_INK_MOOD_3,
    FAM_INK_MOOD_4 /* … to good */
};

/* A mood as weather. */
enum fam_weather { FAM_WEATHER_RAIN, FAM_WEATHER_CLOUD, FAM_WEATHER_MIXED, FAM_WEATHER_SUN };

/* A picture on its way. */
struct fam_canvas {
    cairo_t *cr;
    const Fam__V1__Report *report;
    struct fam_words words;
    double y; /* where the next thing goes */
};

enum fam_align { FAM_ALIGN_LEFT, FAM_ALIGN_CENTRE, FAM_ALIGN_RIGHT };
/* How a text is set within `width`: wrapped into `lines` at most, and cut with an ellipsis behind. */
struct fam_type {
    int size;
    bool bold;
    enum fam_ink ink;
    enum fam_align align;
    int lines;
};
/* Draws the text with its top at `y`; returns its height. */
double fam_canvas_text(struct fam_canvas *canvas, const char *text, double x, double y, double width,
                       const struct fam_type *type);
/* Its height alone, and its width on one line. */
double fam_canvas_text_height(struct fam_canvas *canvas, const char *text, double width, const struct fam_type *type);
double fam_canvas_text_width(struct fam_canvas *canvas, const char *text, const struct fam_type *type);
void fam_canvas_ink(struct fam_canvas *canvas, enum fam_ink ink);
void fam_canvas_box(struct fam_canvas *canvas, double x, double y, double width, double height, double radius,
                    enum fam_ink ink);
void fam_canvas_line(struct fam_canvas *canvas, double x1, double y1, double x2, double y2, bool dashed);
/* In the square of `size` whose middle is x, y. */
void fam_canvas_weather(struct fam_canvas *canvas, enum fam_weather weather, double x, double y, double size);
enum fam_weather fam_weather_of(double mood);
/* Is there a font with our letters? */
bool fam_canvas_has_font(struct fam_canvas *canvas);

/* The card of moods, from canvas->y on; none without moods. */
void fam_chart_moods(struct fam_canvas *canvas);
/* The box of a card that is `height` high within; the content starts at canvas->y. fam_chart_end_card goes behind it.
 */
void fam_chart_begin_card(struct fam_canvas *canvas, double height);
void fam_chart_end_card(struct fam_canvas *canvas);

#endif
