/* A third language is one file of texts: here one is made of the English file, with every letter marked, and people
 * talk to the bot in it. Whatever is said without the marks would have been forgotten by that file. */
#include "base/buf.h"
#include "people_world.h"

enum { PSEUDO = 3 };
static const char mark[] = "⟦"; /* begins every text of the made-up language */

static void add_escaped(struct fam_buf *file, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\n') {
            fam_buf_add_text(file, "\\n");
        } else if (*c == '\\') {
            fam_buf_add_text(file, "\\\\");
        } else {
            fam_buf_add_char(file, *c);
        }
    }
}

/* "key = ⟦text⟧" for every text; plurals by another rule than English: all in the category "other". */
static void make_file(struct fam_buf *file, const struct fam_locale *english)
{
    for (size_t i = 0; i < fam_locale_size(english); i++) {
        const char *key = fam_locale_key_at(english, i);
        if (strstr(key, "[one]"))
            continue;
        fam_buf_addf(file, "%s = %s", key, mark);
        add_escaped(file, fam_locale_text_at(english, i));
        fam_buf_add_text(file, "⟧\n");
    }
    cr_assert_not(file->failed);
}

static struct fam_locales *three_languages(struct fam_status *status)
{
    struct fam_locale_source sources[3];
    fam_auto(fam_buf_done) struct fam_buf file = {0};
    struct fam_locales *two = fam_locales_new(status);
    cr_assert_not_null(two);
    fam_buf_init(&file, 1 << 20);
    make_file(&file, fam_locales_get(two, FAM__V1__LANGUAGE__LANGUAGE_EN));
    fam_locale_builtin(0, &sources[0]);
    fam_locale_builtin(1, &sources[1]);
    sources[2] = (struct fam_locale_source){.language = (Fam__V1__Language)PSEUDO,
                                            .code = "qq",
                                            .plural = FAM_PLURAL_NONE,
                                            .data = file.data,
                                            .size = file.size};
    struct fam_locales *three = fam_locales_new_from(sources, 3, status);
    fam_locales_free(two);
    return three;
}

static void set_up(void)
{
    world_locales = three_languages;
    people_start();
    w.language = (Fam__V1__Language)PSEUDO;
}

TestSuite(bot_third_language, .init = set_up, .fini = people_stop);

static bool is_number(const char *text)
{
    return text[strspn(text, "0123456789")] == '\0';
}

/* Answers to the questions of a check-in come from the server, in the languages that it speaks. */
static bool is_of_server(const char *label)
{
    for (size_t i = 0; i < FAKE_QUESTIONS; i++)
        for (size_t o = 0; o < fake_questions[i].option_count; o++)
            if (strcmp(fake_questions[i].labels[o], label) == 0)
                return true;
    return false;
}

/* Everything said so far, and every button, is in the third language. Buttons may be numbers, names of languages in
 * themselves, what people told and what the server asks. */
static void assert_all_is_marked(void)
{
    for (size_t i = 0; i < w.sent_count; i++) {
        cr_assert_not_null(strstr(w.sent[i].text, mark), "not in the third language: %s", w.sent[i].text);
        for (size_t b = 0; b < w.sent[i].keyboard.count; b++) {
            const char *label = w.sent[i].keyboard.buttons[b].label;
            cr_assert(strstr(label, mark) || is_number(label) || is_of_server(label) || strcmp(label, "English") == 0 ||
                          strcmp(label, "Русский") == 0,
                      "a button that is not in the third language: %s", label);
        }
    }
}

static const char *qq(const char *key)
{
    return fam_locale_text(fam_locales_get(w.locales, (Fam__V1__Language)PSEUDO), key);
}

Test(bot_third_language, every_command_and_question_speaks_it)
{
    for (size_t i = 0; fam_command_at(i); i++) {
        char command[40];
        snprintf(command, sizeof(command), "/%s", fam_command_at(i)->name);
        say(command);
        say("/cancel");
    }
    say("/nosuch");
    say("Нет!");
    assert_all_is_marked();
}

Test(bot_third_language, the_onboarding_speaks_it)
{
    w.family = false;
    w.child_count = 0;
    w.processing = w.ai = -1;
    w.country[0] = '\0';
    say("/start");
    press(qq("country.GB"));
    press(qq("consent.yes"));
    press(qq("consent.yes"));
    say("Маша");
    press("7");
    cr_assert_eq(w.child_count, 1);
    assert_all_is_marked();
}

Test(bot_third_language, family_and_settings_speak_it_with_its_own_plurals)
{
    w.retention_days = 1;
    say("/settings");
    cr_assert_not_null(strstr(last()->text, "⟦1 days⟧"), "its rule knows one category: %s", last()->text);
    press(qq("button.retention"));
    press("⟦30 days⟧");
    press(qq("button.consents"));
    say("/family");
    press(qq("button.invite"));
    press(qq("button.as_parent"));
    say("/family");
    press(qq("button.invites"));
    say("/family");
    press(qq("button.zone"));
    press(qq("zone.new_york"));
    say("/children");
    press("Маша");
    press(qq("button.traits"));
    press(qq("trait.shy"));
    assert_all_is_marked();
}
