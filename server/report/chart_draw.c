/* chart_draw.c: letters, boxes, lines and weather; see chart_private.h. */
#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>

#include "report/chart_private.h"

#define FONT "DejaVu Sans"
#define PI 3.14159265358979323846

void fam_canvas_ink(struct fam_canvas *canvas, enum fam_ink ink)
{
    static const unsigned INKS[] = {
        [FAM_INK_PAPER] = 0xf6f1e7,   [FAM_INK_CARD] = 0xffffff,   [FAM_INK_TEXT] = 0x26303a,
        [FAM_INK_QUIET] = 0x5b6670,   [FAM_INK_LINE] = 0xd9d5cb,   [FAM_INK_HEAD] = 0x24505c,
        [FAM_INK_ON_HEAD] = 0xffffff, [FAM_INK_BAR] = 0x5f93a0,    [FAM_INK_SUN] = 0xf2a81d,
        [FAM_INK_CLOUD] = 0x93a5b1,   [FAM_INK_RAIN] = 0x2f6fa8,   [FAM_INK_MOOD_1] = 0x9db4cc,
        [FAM_INK_MOOD_2] = 0xc6d5dd,  [FAM_INK_MOOD_3] = 0xf7d88f, [FAM_INK_MOOD_4] = 0xf4b04f,
    };
    unsigned rgb = INKS[ink];
    cairo_set_source_rgb(canvas->cr, (rgb >> 16 & 0xff) / 255.0, (rgb >> 8 & 0xff) / 255.0, (rgb & 0xff) / 255.0);
}

/* Free with g_object_unref. */
static PangoLayout *lay_out(struct fam_canvas *canvas, const char *text, double width, const struct fam_type *type)
{
    static const PangoAlignment ALIGNS[] = {PANGO_ALIGN_LEFT, PANGO_ALIGN_CENTER, PANGO_ALIGN_RIGHT};
    PangoLayout *layout = pango_cairo_create_layout(canvas->cr);
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family_static(font, FONT);
    pango_font_description_set_weight(font, type->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_absolute_size(font, (double)type->size * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_text(layout, text, -1);
    /* A name with a line break is one line all the same. */
    pango_layout_set_single_paragraph_mode(layout, type->lines <= 1);
    if (width > 0) {
        pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
        pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
        pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
        pango_layout_set_height(layout, -(type->lines > 0 ? type->lines : 1));
        pango_layout_set_alignment(layout, ALIGNS[type->align]);
    }
    return layout;
}

double fam_canvas_text(struct fam_canvas *canvas, const char *text, double x, double y, double width,
                       const struct fam_type *type)
{
    int drawn_width = 0, height = 0;
    PangoLayout *layout = lay_out(canvas, text, width, type);
    pango_layout_get_pixel_size(layout, &drawn_width, &height);
    fam_canvas_ink(canvas, type->ink);
    cairo_move_to(canvas->cr, x, y);
    pango_cairo_show_layout(canvas->cr, layout);
    g_object_unref(layout);
    return height;
}

double fam_canvas_text_height(struct fam_canvas *canvas, const char *text, double width, const struct fam_type *type)
{
    int height = 0;
    PangoLayout *layout = lay_out(canvas, text, width, type);
    pango_layout_get_pixel_size(layout, NULL, &height);
    g_object_unref(layout);
    return height;
}

double fam_canvas_text_width(struct fam_canvas *canvas, const char *text, const struct fam_type *type)
{
    int width = 0;
    PangoLayout *layout = lay_out(canvas, text, 0, type);
    pango_layout_get_pixel_size(layout, &width, NULL);
    g_object_unref(layout);
    return width;
}

void fam_canvas_box(struct fam_canvas *canvas, double x, double y, double width, double height, double radius,
                    enum fam_ink ink)
{
    double r = fmin(radius, fmin(width, height) / 2);
    cairo_new_sub_path(canvas->cr);
    cairo_arc(canvas->cr, x + width - r, y + r, r, -PI / 2, 0);
    cairo_arc(canvas->cr, x + width - r, y + height - r, r, 0, PI / 2);
    cairo_arc(canvas->cr, x + r, y + height - r, r, PI / 2, PI);
    cairo_arc(canvas->cr, x + r, y + r, r, PI, 3 * PI / 2);
    cairo_close_path(canvas->cr);
    fam_canvas_ink(canvas, ink);
    cairo_fill(canvas->cr);
}

void fam_canvas_line(struct fam_canvas *canvas, double x1, double y1, double x2, double y2, bool dashed)
{
    static const double DASHES[] = {10, 10};
    cairo_set_dash(canvas->cr, DASHES, dashed ? 2 : 0, 0);
    cairo_set_line_width(canvas->cr, 2);
    fam_canvas_ink(canvas, FAM_INK_LINE);
    cairo_move_to(canvas->cr, x1, y1);
    cairo_line_to(canvas->cr, x2, y2);
    cairo_stroke(canvas->cr);
    cairo_set_dash(canvas->cr, DASHES, 0, 0);
}

enum fam_weather fam_weather_of(double mood)
{
    return mood >= 8   ? FAM_WEATHER_SUN
           : mood >= 6 ? FAM_WEATHER_MIXED
           : mood > 4  ? FAM_WEATHER_CLOUD
                       : FAM_WEATHER_RAIN;
}

static void draw_sun(struct fam_canvas *canvas, double x, double y, double size)
{
    double r = size * 0.24;
    fam_canvas_ink(canvas, FAM_INK_SUN);
    cairo_arc(canvas->cr, x, y, r, 0, 2 * PI);
    cairo_fill(canvas->cr);
    cairo_set_line_width(canvas->cr, size * 0.07);
    cairo_set_line_cap(canvas->cr, CAIRO_LINE_CAP_ROUND);
    for (int i = 0; i < 8; i++) {
        double angle = i * PI / 4;
        cairo_move_to(canvas->cr, x + cos(angle) * r * 1.45, y + sin(angle) * r * 1.45);
        cairo_line_to(canvas->cr, x + cos(angle) * r * 1.9, y + sin(angle) * r * 1.9);
        cairo_stroke(canvas->cr);
    }
    cairo_set_line_cap(canvas->cr, CAIRO_LINE_CAP_BUTT);
}

static void draw_cloud(struct fam_canvas *canvas, double x, double y, double size)
{
    fam_canvas_box(canvas, x - size * 0.40, y - size * 0.02, size * 0.80, size * 0.26, size * 0.13, FAM_INK_CLOUD);
    cairo_arc(canvas->cr, x - size * 0.14, y - size * 0.02, size * 0.17, 0, 2 * PI);
    cairo_fill(canvas->cr);
    cairo_arc(canvas->cr, x + size * 0.12, y - size * 0.06, size * 0.22, 0, 2 * PI);
    cairo_fill(canvas->cr);
}

static void draw_rain(struct fam_canvas *canvas, double x, double y, double size)
{
    fam_canvas_ink(canvas, FAM_INK_RAIN);
    cairo_set_line_width(canvas->cr, size * 0.07);
    cairo_set_line_cap(canvas->cr, CAIRO_LINE_CAP_ROUND);
    for (int i = -1; i <= 1; i++) {
        cairo_move_to(canvas->cr, x + i * size * 0.22 + size * 0.04, y + size * 0.32);
        cairo_line_to(canvas->cr, x + i * size * 0.22 - size * 0.04, y + size * 0.46);
        cairo_stroke(canvas->cr);
    }
    cairo_set_line_cap(canvas->cr, CAIRO_LINE_CAP_BUTT);
}

void fam_canvas_weather(struct fam_canvas *canvas, enum fam_weather weather, double x, double y, double size)
{
    switch (weather) {
    case FAM_WEATHER_SUN:
        draw_sun(canvas, x, y, size);
        break;
    case FAM_WEATHER_MIXED:
        draw_sun(canvas, x - size * 0.14, y - size * 0.14, size * 0.8);
        draw_cloud(canvas, x + size * 0.08, y + size * 0.16, size * 0.8);
        break;
    case FAM_WEATHER_CLOUD:
        draw_cloud(canvas, x, y, size);
        break;
    case FAM_WEATHER_RAIN:
        draw_cloud(canvas, x, y - size * 0.1, size);
        draw_rain(canvas, x, y - size * 0.06, size);
        break;
    }
}

bool fam_canvas_has_font(struct fam_canvas *canvas)
{
    PangoContext *context = pango_cairo_create_context(canvas->cr);
    PangoFontFamily **families = NULL;
    int count = 0;
    bool found = false;
    pango_context_list_families(context, &families, &count);
    for (int i = 0; i < count && !found; i++) {
        found = strcmp(pango_font_family_get_name(families[i]), FONT) == 0;
    }
    g_free(families);
    g_object_unref(context);
    return found;
}
