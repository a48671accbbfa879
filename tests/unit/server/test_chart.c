/* The pictures of reports: of seeded families, in both languages, against references that were looked at.
 *
 * References stand in tests/references/reports. Fonts and their rasterisers differ a little between machines, so
 * pictures are compared as they look: shrunk to cells of 12 pixels, each within a tolerance, as far down as both go,
 * and of one height to a pixel or two. FAM_RENEW_REFERENCES=1 writes them anew; look at each before it is committed. */
#include <cairo/cairo.h>
#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include "../../support/report_fixture.h"
#include "base/buf.h"
#include "report/chart.h"

enum { CELL = 12, ARENA = 1 << 20, TOLERANCE = 40, FAR_CELLS_PER_MILLE = 4, HEIGHT_TOLERANCE = 2 };

#define RU FAM__V1__LANGUAGE__LANGUAGE_RU
#define EN FAM__V1__LANGUAGE__LANGUAGE_EN

static const char *language_name(Fam__V1__Language language)
{
    return language == EN ? "en" : "ru";
}

/* The picture of the facts; OK is expected. */
static void draw_facts(const char *name, const struct fam_facts *facts, struct fam_buf *png)
{
    struct fam_status status = {0};
    struct fam_arena *arena = malloc(sizeof(*arena));
    Fam__V1__Report *report = NULL;
    cr_assert_not_null(arena);
    fam_arena_init(arena, ARENA);
    cr_assert_eq(fam_report_of(facts, arena, &report, &status), FAM_OK, "%s: %s", name, status.message);
    cr_assert_eq(fam_chart_draw(report, png, &status), FAM_OK, "%s: %s", name, status.message);
    fam_arena_done(arena);
    free(arena);
}

static void draw(const struct fixture_family *family, Fam__V1__Language language, struct fam_buf *png)
{
    struct fam_facts *facts = fixture_new(family->period, language);
    family->seed(facts);
    draw_facts(family->name, facts, png);
    fixture_free(facts);
}

struct source {
    const struct fam_buf *png;
    size_t at;
};

static cairo_status_t read_bytes(void *closure, unsigned char *data, unsigned int length)
{
    struct source *source = closure;
    if (source->at + length > source->png->size)
        return CAIRO_STATUS_READ_ERROR;
    memcpy(data, source->png->data + source->at, length);
    source->at += length;
    return CAIRO_STATUS_SUCCESS;
}

static cairo_surface_t *decode(const struct fam_buf *png)
{
    struct source source = {.png = png};
    return cairo_image_surface_create_from_png_stream(read_bytes, &source);
}

/* The mean of a channel within a cell. */
static int mean(cairo_surface_t *picture, int cell_x, int cell_y, int channel)
{
    const unsigned char *data = cairo_image_surface_get_data(picture);
    int stride = cairo_image_surface_get_stride(picture), sum = 0;
    for (int y = cell_y * CELL; y < (cell_y + 1) * CELL; y++) {
        for (int x = cell_x * CELL; x < (cell_x + 1) * CELL; x++)
            sum += data[y * stride + x * 4 + channel];
    }
    return sum / (CELL * CELL);
}

static int height_of(cairo_surface_t *picture)
{
    return cairo_image_surface_get_height(picture);
}

/* Per mille of the cells in which two pictures of one width differ by more than the tolerance; of those that both
 * have. */
static int far_cells(cairo_surface_t *a, cairo_surface_t *b)
{
    int columns = cairo_image_surface_get_width(a) / CELL, far = 0;
    int rows = (height_of(a) < height_of(b) ? height_of(a) : height_of(b)) / CELL;
    for (int y = 0; y < rows; y++) {
        for (int x = 0; x < columns; x++) {
            int most = 0;
            for (int channel = 0; channel < 3; channel++) {
                int difference = abs(mean(a, x, y, channel) - mean(b, x, y, channel));
                most = difference > most ? difference : most;
            }
            far += most > TOLERANCE ? 1 : 0;
        }
    }
    return far * 1000 / (columns * rows);
}

static void path_of(const struct fixture_family *family, Fam__V1__Language language, char path[512])
{
    (void)snprintf(path, 512, FAM_SOURCE_DIR "/tests/references/reports/%s_%s.png", family->name,
                   language_name(language));
}

static void renew(const char *path, const struct fam_buf *png)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fwrite(png->data, 1, png->size, file), png->size);
    cr_assert_eq(fclose(file), 0);
}

static void compare(const struct fixture_family *family, Fam__V1__Language language)
{
    fam_auto(fam_buf_done) struct fam_buf png = {0};
    char path[512];
    path_of(family, language, path);
    draw(family, language, &png);
    if (getenv("FAM_RENEW_REFERENCES") != NULL)
        renew(path, &png);
    cairo_surface_t *drawn = decode(&png), *reference = cairo_image_surface_create_from_png(path);
    cr_assert_eq(cairo_surface_status(drawn), CAIRO_STATUS_SUCCESS, "%s", path);
    cr_assert_eq(cairo_surface_status(reference), CAIRO_STATUS_SUCCESS, "%s is not there", path);
    cr_assert_eq(cairo_image_surface_get_width(drawn), FAM_CHART_WIDTH);
    cr_assert_eq(cairo_image_surface_get_width(reference), FAM_CHART_WIDTH);
    cr_expect_leq(abs(height_of(drawn) - height_of(reference)), HEIGHT_TOLERANCE, "%s is %d high, and drawn %d", path,
                  height_of(reference), height_of(drawn));
    cr_expect_leq(far_cells(drawn, reference), FAR_CELLS_PER_MILLE, "%s looks different", path);
    cairo_surface_destroy(drawn);
    cairo_surface_destroy(reference);
}

Test(chart, pictures_of_seeded_families_look_like_their_references_in_both_languages, .timeout = 120)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(FIXTURE_FAMILIES); i++) {
        compare(&FIXTURE_FAMILIES[i], RU);
        compare(&FIXTURE_FAMILIES[i], EN);
    }
}

static cairo_surface_t *reference_of(size_t family, Fam__V1__Language language)
{
    char path[512];
    path_of(&FIXTURE_FAMILIES[family], language, path);
    cairo_surface_t *picture = cairo_image_surface_create_from_png(path);
    cr_assert_eq(cairo_surface_status(picture), CAIRO_STATUS_SUCCESS, "%s is not there", path);
    return picture;
}

/* The comparison itself: no reference passes for another, whether it is of the same height or not. */
Test(chart, no_reference_passes_for_that_of_another_family_or_language, .timeout = 120)
{
    enum { FAMILIES = FAM_ARRAY_SIZE(FIXTURE_FAMILIES) };
    cairo_surface_t *pictures[2 * FAMILIES];
    for (size_t i = 0; i < 2 * FAMILIES; i++)
        pictures[i] = reference_of(i / 2, i % 2 == 0 ? RU : EN);
    for (size_t i = 0; i < 2 * FAMILIES; i++) {
        cr_expect_eq(far_cells(pictures[i], pictures[i]), 0);
        for (size_t j = 0; j < i; j++)
            cr_expect_gt(far_cells(pictures[i], pictures[j]), FAR_CELLS_PER_MILLE, "%s passes for %s",
                         FIXTURE_FAMILIES[i / 2].name, FIXTURE_FAMILIES[j / 2].name);
    }
    for (size_t i = 0; i < 2 * FAMILIES; i++)
        cairo_surface_destroy(pictures[i]);
}

struct artist {
    size_t first;
    struct fam_buf pictures[FAM_ARRAY_SIZE(FIXTURE_FAMILIES)];
};

static void *draw_all(void *context)
{
    struct artist *artist = context;
    size_t count = FAM_ARRAY_SIZE(FIXTURE_FAMILIES);
    for (size_t i = 0; i < count; i++) {
        size_t at = (artist->first + i) % count;
        draw(&FIXTURE_FAMILIES[at], RU, &artist->pictures[at]);
    }
    return NULL;
}

Test(chart, threads_that_draw_at_once_draw_the_same, .timeout = 120)
{
    enum { ARTISTS = 4 };
    static struct artist artists[ARTISTS];
    pthread_t threads[ARTISTS];
    for (size_t i = 0; i < ARTISTS; i++) {
        artists[i].first = i;
        cr_assert_eq(pthread_create(&threads[i], NULL, draw_all, &artists[i]), 0);
    }
    for (size_t i = 0; i < ARTISTS; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < ARTISTS; i++) {
        for (size_t j = 0; j < FAM_ARRAY_SIZE(FIXTURE_FAMILIES); j++) {
            const struct fam_buf *one = &artists[0].pictures[j], *other = &artists[i].pictures[j];
            cr_expect_eq(one->size, other->size, "%s", FIXTURE_FAMILIES[j].name);
            cr_expect(one->size == other->size && memcmp(one->data, other->data, one->size) == 0, "%s",
                      FIXTURE_FAMILIES[j].name);
        }
    }
    for (size_t i = 0; i < ARTISTS; i++) {
        for (size_t j = 0; j < FAM_ARRAY_SIZE(FIXTURE_FAMILIES); j++)
            fam_buf_done(&artists[i].pictures[j]);
    }
}

/* Whatever a parent called their children. */
Test(chart, names_of_any_kind_and_ten_children_fit, .timeout = 60)
{
    static const char *const NAMES[] = {
        "",
        "Иннокентий-Александр Константинопольский-Переяславский",
        "line\nbreak\r\nand\ttab",
        "\xd9\x85\xd8\xad\xd9\x85\xd8\xaf",
        "<b>&amp;</b> %s {child}",
        "\xf0\x9f\xa6\x8a\xf0\x9f\x8f\xbd",
        "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
        ("\xe2\x80\xae"
         "reversed"),
        "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww",
        "Ы",
    };
    fam_auto(fam_buf_done) struct fam_buf png = {0};
    struct fam_facts *facts = fixture_new(FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK, RU);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(NAMES); i++) {
        int child = fixture_child(facts, NAMES[i]);
        for (int j = 0; j < 3; j++)
            (void)fixture_entry(facts, j, child, E(OVERWHELM), 3);
    }
    draw_facts("ten children", facts, &png);
    cairo_surface_t *picture = decode(&png);
    cr_expect_leq(cairo_image_surface_get_height(picture), 2 * FAM_CHART_WIDTH, "a phone shows it whole");
    cairo_surface_destroy(picture);
    fixture_free(facts);
}

Test(chart, where_there_is_no_font_it_says_so, .timeout = 60)
{
    fam_auto(fam_buf_done) struct fam_buf png = {0};
    struct fam_status status = {0};
    Fam__V1__Report report = FAM__V1__REPORT__INIT;
    char path[] = "/tmp/fam-fonts-XXXXXX";
    int file = mkstemp(path);
    static const char CONFIG[] = "<?xml version=\"1.0\"?><fontconfig></fontconfig>";
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, CONFIG, sizeof(CONFIG) - 1), (ssize_t)sizeof(CONFIG) - 1);
    cr_assert_eq(close(file), 0);
    cr_assert_eq(setenv("FONTCONFIG_FILE", path, 1), 0);
    report.period = FAM__V1__REPORT_PERIOD__REPORT_PERIOD_WEEK;
    cr_expect_eq(fam_chart_draw(&report, &png, &status), FAM_FAILED_PRECONDITION);
    cr_expect_str_eq(status.reason, "FONT_MISSING");
    cr_assert_eq(unlink(path), 0);
}

/* What libraries keep for the next picture is kept once. Sanitizers have allocators of their own: there it counts 0. */
Test(chart, a_hundred_pictures_take_no_more_memory_than_a_few, .timeout = 120)
{
    enum { WARM = 3, MORE = 30, GROWTH = 64 * 1024 };
    size_t before = 0;
    for (int i = 0; i < WARM + MORE; i++) {
        fam_auto(fam_buf_done) struct fam_buf png = {0};
        draw(&FIXTURE_FAMILIES[2], i % 2 == 0 ? RU : EN, &png);
        before = i + 1 == WARM ? mallinfo2().uordblks : before;
    }
    size_t after = mallinfo2().uordblks;
    cr_expect_leq(after, before + GROWTH);
}
