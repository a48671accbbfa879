/* The texts of report pictures stand apart, are whole, and large enough for a phone: of every seeded family, every
 * period, in both languages.
 *
 * This program has a pango_cairo_show_layout of its own, which notes where a text would be drawn: pictures here have no
 * letters, and the notes are what is looked at. */
#include <pango/pangocairo.h>

#include "../../support/report_fixture.h"
#include "base/buf.h"
#include "report/chart.h"

enum { ARENA = 1 << 20, TEXTS_MAX = 400, TEXT_SIZE = 200, APART = 4, LETTERS_MIN = 34 };

#define RU FAM__V1__LANGUAGE__LANGUAGE_RU
#define EN FAM__V1__LANGUAGE__LANGUAGE_EN

/* In pixels of the picture, of the letters themselves. */
struct drawn {
    char text[TEXT_SIZE];
    double left, top, right, bottom;
    int size; /* of the letters */
    bool is_cut;
};
static struct drawn drawn[TEXTS_MAX];
static size_t drawn_count;

void pango_cairo_show_layout(cairo_t *cr, PangoLayout *layout)
{
    PangoRectangle ink;
    double x = 0, y = 0;
    cairo_get_current_point(cr, &x, &y);
    pango_layout_get_pixel_extents(layout, &ink, NULL);
    cr_assert_lt(drawn_count, (size_t)TEXTS_MAX);
    struct drawn *made = &drawn[drawn_count++];
    *made =
        (struct drawn){.left = x + ink.x,
                       .top = y + ink.y,
                       .right = x + ink.x + ink.width,
                       .bottom = y + ink.y + ink.height,
                       .size = pango_font_description_get_size(pango_layout_get_font_description(layout)) / PANGO_SCALE,
                       .is_cut = pango_layout_is_ellipsized(layout)};
    (void)snprintf(made->text, sizeof(made->text), "%s", pango_layout_get_text(layout));
}

/* Closer than APART, or one upon the other. */
static bool touch(const struct drawn *a, const struct drawn *b)
{
    return a->left < b->right + APART && b->left < a->right + APART && a->top < b->bottom && b->top < a->bottom;
}

static void draw(const struct fam_facts *facts, const char *name)
{
    fam_auto(fam_buf_done) struct fam_buf png = {0};
    struct fam_status status = {0};
    struct fam_arena *arena = malloc(sizeof(*arena));
    Fam__V1__Report *report = NULL;
    drawn_count = 0;
    cr_assert_not_null(arena);
    fam_arena_init(arena, ARENA);
    cr_assert_eq(fam_report_of(facts, arena, &report, &status), FAM_OK, "%s: %s", name, status.message);
    cr_assert_eq(fam_chart_draw(report, &png, &status), FAM_OK, "%s: %s", name, status.message);
    cr_assert_geq(drawn_count, 2, "%s: title and days, at least", name);
    fam_arena_done(arena);
    free(arena);
}

static void expect_apart(const char *name)
{
    for (size_t i = 0; i < drawn_count; i++) {
        const struct drawn *one = &drawn[i];
        cr_expect_geq(one->size, LETTERS_MIN, "%s: \"%s\" is too small", name, one->text);
        cr_expect(one->left >= 0 && one->right <= FAM_CHART_WIDTH, "%s: \"%s\" leaves the picture", name, one->text);
        for (size_t j = i + 1; j < drawn_count; j++)
            cr_expect_not(touch(one, &drawn[j]), "%s: \"%s\" and \"%s\" touch", name, one->text, drawn[j].text);
    }
}

static void each(const struct fixture_family *family, Fam__V1__ReportPeriod period, Fam__V1__Language language)
{
    char name[80];
    (void)snprintf(name, sizeof(name), "%s, period %d, %s", family->name, (int)period, language == EN ? "en" : "ru");
    struct fam_facts *facts = fixture_new(period, language);
    family->seed(facts);
    draw(facts, name);
    expect_apart(name);
    for (size_t i = 0; i < drawn_count; i++)
        cr_expect_not(drawn[i].is_cut, "%s: \"%s\" is cut", name, drawn[i].text);
    fixture_free(facts);
}

Test(chart_texts, stand_apart_and_are_whole_in_both_languages_and_all_periods, .timeout = 300)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(FIXTURE_FAMILIES) * 3; i++) {
        each(&FIXTURE_FAMILIES[i / 3], (Fam__V1__ReportPeriod)(i % 3 + 1), RU);
        each(&FIXTURE_FAMILIES[i / 3], (Fam__V1__ReportPeriod)(i % 3 + 1), EN);
    }
}

/* The widest numbers, beside each other. */
Test(chart_texts, of_columns_with_tenths_stand_apart, .timeout = 60)
{
    for (int period = 1; period <= FAM__V1__REPORT_PERIOD__REPORT_PERIOD_QUARTER; period++) {
        struct fam_facts *facts = fixture_new((Fam__V1__ReportPeriod)period, RU);
        for (int day = 0; day < (int)facts->day_count; day++) {
            (void)fixture_mood(facts, day, MORNING, day % 2 == 0 ? 10 : 8);
            (void)fixture_mood(facts, day, EVENING, 10);
        }
        draw(facts, "columns");
        expect_apart("columns");
        fixture_free(facts);
    }
}

/* However long a name is, it is cut before it meets what stands beside it. */
Test(chart_texts, of_a_child_with_a_long_name_stand_apart, .timeout = 60)
{
    static const Fam__V1__Language LANGUAGES[] = {RU, EN};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(LANGUAGES); i++) {
        struct fam_facts *facts = fixture_new(FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK, LANGUAGES[i]);
        int child = fixture_child(facts, "Иннокентий-Александр Константинопольский-Переяславский");
        for (int day = 0; day < 6; day++) {
            (void)fixture_entry(facts, day - 7, child, E(JOY), 5);
            (void)fixture_entry(facts, day, child, E(DISAPPOINTMENT), 5);
        }
        draw(facts, "a long name");
        expect_apart("a long name");
        fixture_free(facts);
    }
}
