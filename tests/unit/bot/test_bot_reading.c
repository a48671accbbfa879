/* The layout of answers: what comes first, what fits, what is left out. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "dialog/reading.h"

#define TXT(text) ((char *)(uintptr_t)(text))

static struct fam_locales *locales;
static struct fam_html html;

static void set_up(void)
{
    struct fam_status status;
    locales = fam_locales_new(&status);
    cr_assert_not_null(locales);
    fam_html_init(&html);
}

static void tear_down(void)
{
    fam_html_done(&html);
    fam_locales_free(locales);
}

TestSuite(bot_reading, .init = set_up, .fini = tear_down);

struct sample {
    Fam__V1__Entry entry;
    Fam__V1__Reading reading;
    Fam__V1__EmotionScore primary, second;
    Fam__V1__EmotionScore *secondary[1];
    Fam__V1__Need needs[2];
    Fam__V1__SuggestedResponse responses[3];
    Fam__V1__SuggestedResponse *pointers[3];
    Fam__V1__SafetyHelp safety;
    Fam__V1__HelpLine lines[3];
    Fam__V1__HelpLine *line_pointers[3];
    char *steps[4];
};

static void fill_reading(struct sample *s)
{
    fam__v1__entry__init(&s->entry);
    fam__v1__reading__init(&s->reading);
    fam__v1__emotion_score__init(&s->primary);
    fam__v1__emotion_score__init(&s->second);
    s->entry.reading = &s->reading;
    s->primary.emotion = FAM__V1__EMOTION__EMOTION_ANGER;
    s->second.emotion = FAM__V1__EMOTION__EMOTION_SADNESS;
    s->secondary[0] = &s->second;
    s->reading.primary = &s->primary;
    s->reading.secondary = s->secondary;
    s->reading.n_secondary = 1;
    s->reading.engine = FAM__V1__ENGINE__ENGINE_OFFLINE;
    s->reading.certainty = FAM__V1__CERTAINTY__CERTAINTY_HIGH;
    s->reading.going_on = TXT("Похоже, <обида> накопилась & выходит злостью.");
    s->reading.second_reading = TXT("ребёнок просто устал.");
    s->needs[0] = FAM__V1__NEED__NEED_CLOSENESS;
    s->needs[1] = FAM__V1__NEED__NEED_REST;
    s->reading.needs = s->needs;
    s->reading.n_needs = 2;
    s->reading.need_text = TXT("Побыть рядом без разговоров.");
    s->reading.avoid = TXT("Не стыдите за слова.");
    s->reading.activity = TXT("Порисуйте вместе.");
    for (int i = 0; i < 3; i++) {
        fam__v1__suggested_response__init(&s->responses[i]);
        s->responses[i].kind = (Fam__V1__ResponseKind)(i + 1);
        s->responses[i].text = TXT("Ты очень злишься. Я рядом.");
        s->responses[i].why = TXT("Названное чувство слабеет.");
        s->responses[i].expect = TXT("Может заплакать, это хорошо.");
        s->pointers[i] = &s->responses[i];
    }
    s->reading.responses = s->pointers;
    s->reading.n_responses = 3;
}

static void fill_safety(struct sample *s)
{
    static const char *const names[3] = {"Детский телефон доверия", "Единый номер помощи", "Справочник линий помощи"};
    fam__v1__safety_help__init(&s->safety);
    s->entry.safety = &s->safety;
    s->safety.kind = FAM__V1__SAFETY_KIND__SAFETY_KIND_SUICIDE;
    s->safety.opening = TXT("Спасибо, что написали. Сначала самое важное:");
    s->safety.first_step = TXT("Будьте рядом с ребёнком и спросите прямо и спокойно.");
    for (int i = 0; i < 3; i++) {
        fam__v1__help_line__init(&s->lines[i]);
        s->lines[i].name = TXT(names[i]);
        s->line_pointers[i] = &s->lines[i];
    }
    s->lines[0].number = TXT("8-800-2000-122");
    s->lines[0].hours = TXT("круглосуточно, бесплатно");
    s->lines[1].number = TXT("112");
    s->lines[2].url = TXT("https://example.org/lines");
    s->safety.lines = s->line_pointers;
    s->safety.n_lines = 3;
    for (int i = 0; i < 4; i++)
        s->steps[i] = TXT("Не оставляйте ребёнка одного и уберите опасные предметы подальше.");
    s->safety.steps = s->steps;
    s->safety.n_steps = 4;
    s->safety.privacy_note = TXT("Живой человек переписку не читает.");
}

static const struct fam_locale *ru(void)
{
    return fam_locales_get(locales, FAM__V1__LANGUAGE__LANGUAGE_RU);
}

Test(bot_reading, an_answer_has_all_its_parts_in_order_and_escapes_them)
{
    static struct sample s;
    bool shortened;
    static const char *const parts[] = {"Что происходит",
                                        "&lt;обида&gt;",
                                        "&amp;",
                                        "Очень похоже:",
                                        "злость",
                                        "грусть",
                                        "Что нужно:",
                                        "близость, отдых",
                                        "Побыть рядом",
                                        "Что можно сказать",
                                        "1. ",
                                        "назвать чувство",
                                        "«Ты очень злишься",
                                        "3. ",
                                        "Чего избегать.",
                                        "Не стыдите",
                                        "не психолог"};
    fill_reading(&s);
    fam_reading_layout(&html, ru(), &s.entry, NULL, &shortened);
    const char *at = fam_html_text(&html);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        at = strstr(at, parts[i]);
        cr_assert_not_null(at, "\"%s\" is missing or out of order in:\n%s", parts[i], fam_html_text(&html));
    }
    cr_assert_leq(html.units, FAM_ANSWER_UNITS);
    cr_assert_not(shortened);
    cr_assert_null(strchr(fam_html_text(&html), '{'));
}

Test(bot_reading, who_made_it_is_said_in_one_line)
{
    static struct sample s;
    bool shortened;
    fill_reading(&s);
    s.reading.engine = FAM__V1__ENGINE__ENGINE_CLAUDE;
    fam_reading_layout(&html, ru(), &s.entry, NULL, &shortened);
    cr_assert_not_null(strstr(fam_html_text(&html), T(ru(), "reading.by_ai")));
    fam_html_clear(&html);
    const struct fam_locale *en = fam_locales_get(locales, FAM__V1__LANGUAGE__LANGUAGE_EN);
    s.reading.engine = FAM__V1__ENGINE__ENGINE_OFFLINE;
    fam_reading_layout(&html, en, &s.entry, "Now for Masha, 7.", &shortened);
    cr_assert_eq(strncmp(fam_html_text(&html), "<i>Now for Masha, 7.</i>", 24), 0);
    cr_assert_not_null(strstr(fam_html_text(&html), "built-in guide"));
    cr_assert_not_null(strstr(fam_html_text(&html), "Very likely:</b> anger, also sadness."));
}

Test(bot_reading, too_long_a_reading_loses_parts_and_never_passes_1500)
{
    static struct sample s;
    static char long_text[6001];
    bool shortened;
    for (size_t size = 100; size <= 3000; size += 100) {
        fill_reading(&s);
        for (size_t i = 0; i < size; i++)
            memcpy(long_text + 2 * i, i % 9 ? "ж" : "  ", 2);
        long_text[2 * size] = '\0';
        s.reading.need_text = s.reading.second_reading = long_text;
        if (size > 900)
            s.reading.going_on = long_text;
        fam_html_clear(&html);
        fam_reading_layout(&html, ru(), &s.entry, NULL, &shortened);
        cr_assert_leq(html.units, FAM_ANSWER_UNITS, "%zu: %zu", size, html.units);
        cr_assert_not_null(strstr(fam_html_text(&html), "не психолог"), "%zu", size);
        cr_assert(shortened || size < 600);
    }
}

Test(bot_reading, on_danger_help_comes_first_within_its_bounds_for_every_kind)
{
    static struct sample s;
    bool shortened;
    for (int kind = 1; kind <= 10; kind++) {
        fill_reading(&s);
        fill_safety(&s);
        s.safety.kind = (Fam__V1__SafetyKind)kind;
        fam_html_clear(&html);
        fam_reading_layout(&html, ru(), &s.entry, "Теперь с учётом возраста: Маша, 7 лет.", &shortened);
        const char *text = fam_html_text(&html);
        cr_assert_eq(strncmp(text, s.safety.opening, strlen(s.safety.opening)), 0, "%s", text);
        cr_assert_leq(fam_utf16_length(s.safety.opening), 60);
        const char *number = strstr(text, "8-800-2000-122");
        cr_assert_not_null(number);
        char head[4000];
        snprintf(head, sizeof(head), "%.*s", (int)(number - text) + 14, text);
        cr_assert_leq(fam_utf16_length(head), FAM_SAFETY_HEAD_UNITS);
        cr_assert_not_null(strstr(head, s.safety.first_step));
        cr_assert_null(strstr(head, "Что происходит"));
        cr_assert_leq(html.units, FAM_ANSWER_UNITS);
        for (size_t i = 0; i < s.safety.n_steps; i++)
            cr_assert_not_null(strstr(text, s.safety.steps[i]));
        cr_assert_not_null(strstr(text, "https://example.org/lines"));
        cr_assert_not_null(strstr(text, s.safety.privacy_note));
        cr_assert_lt((size_t)(strstr(text, s.safety.privacy_note) - text), (size_t)(strstr(text, "Маша") - text),
                     "the child's name stands below the help");
    }
}

Test(bot_reading, the_help_is_never_cut_however_long_it_is)
{
    static struct sample s;
    bool shortened;
    static char step[1400];
    fill_reading(&s);
    fill_safety(&s);
    memset(step, 'x', sizeof(step) - 1);
    s.steps[1] = step;
    s.lines[0].hours =
        TXT("каждый день, кроме праздничных дней, с девяти утра до девяти вечера по московскому времени, "
            "бесплатно с любого телефона, также с мобильного, разговор анонимный, перезвонят сами при "
            "потере связи, детям, подросткам и родителям");
    fam_reading_layout(&html, ru(), &s.entry, NULL, &shortened);
    cr_assert_not_null(strstr(fam_html_text(&html), step));
    cr_assert_not_null(strstr(fam_html_text(&html), s.safety.privacy_note));
    cr_assert_not_null(strstr(fam_html_text(&html), "не психолог"));
    cr_assert(shortened);
    const char *number = strstr(fam_html_text(&html), "8-800");
    cr_assert_not_null(number);
    cr_assert_null(strstr(fam_html_text(&html), "с девяти утра"), "hours that do not fit are left out");
    cr_assert_leq(html.units, 4096);
}

Test(bot_reading, details_show_why_and_what_to_expect)
{
    static struct sample s;
    fill_reading(&s);
    fam_reading_why(&html, ru(), &s.reading, 1);
    cr_assert_not_null(strstr(fam_html_text(&html), "<b>2. дать побыть одному</b>"));
    cr_assert_not_null(strstr(fam_html_text(&html), "Названное чувство слабеет."));
    cr_assert_not_null(strstr(fam_html_text(&html), "Может заплакать"));
    fam_html_clear(&html);
    fam_reading_why(&html, ru(), &s.reading, 3);
    cr_assert_eq(html.units, 0);
    fam_reading_activity(&html, ru(), &s.reading);
    cr_assert_not_null(strstr(fam_html_text(&html), "Порисуйте вместе."));
}

Test(bot_reading, an_entry_with_gaps_is_laid_out_all_the_same)
{
    Fam__V1__Entry entry = FAM__V1__ENTRY__INIT;
    Fam__V1__Reading reading = FAM__V1__READING__INIT;
    bool shortened;
    fam_reading_layout(&html, ru(), &entry, NULL, &shortened);
    cr_assert_eq(html.units, 0);
    entry.reading = &reading;
    fam_reading_layout(&html, ru(), &entry, NULL, &shortened);
    cr_assert_gt(html.units, 0);
}
