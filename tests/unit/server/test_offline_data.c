#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reading_checks.h"
#include "translate/offline_tsv.h"

extern const unsigned char fam_data_reading_plan_tsv[];
extern const size_t fam_data_reading_plan_tsv_size;
extern const unsigned char fam_data_templates_ru_tsv[];
extern const size_t fam_data_templates_ru_tsv_size;
extern const unsigned char fam_data_templates_en_tsv[];
extern const size_t fam_data_templates_en_tsv_size;

#define SAID FAM__V1__INPUT_KIND__INPUT_KIND_CHILD_SAID
#define FEELS(name) FAM__V1__EMOTION__EMOTION_##name

/* The templates alone, without a phrase. */
struct templates {
    struct fam_offline_keys keys;
    struct fam_offline_templates plan, ru, en;
};

static struct templates *make_templates(void)
{
    struct fam_status status = {.code = FAM_OK};
    struct templates *templates = calloc(1, sizeof(*templates));
    cr_assert_not_null(templates);
    fam_offline_keys_init(&templates->keys);
    cr_assert_eq(fam_offline_templates_init(&templates->plan, &templates->keys, "plan", fam_data_reading_plan_tsv,
                                            fam_data_reading_plan_tsv_size, &status),
                 FAM_OK);
    cr_assert_eq(fam_offline_templates_init(&templates->ru, &templates->keys, "ru", fam_data_templates_ru_tsv,
                                            fam_data_templates_ru_tsv_size, &status),
                 FAM_OK);
    cr_assert_eq(fam_offline_templates_init(&templates->en, &templates->keys, "en", fam_data_templates_en_tsv,
                                            fam_data_templates_en_tsv_size, &status),
                 FAM_OK);
    return templates;
}

static void free_templates(struct templates *templates)
{
    fam_offline_templates_done(&templates->plan);
    fam_offline_templates_done(&templates->ru);
    fam_offline_templates_done(&templates->en);
    free(templates);
}

static bool is_situation(const struct templates *templates, uint16_t key)
{
    return key == FAM_OFFLINE_NO_KEY ||
           (key > FAM_OFFLINE_EMOTIONS && templates->ru.counts[key][FAM_OFFLINE_GOING] > 0);
}

static void check_combination(const struct templates *templates, uint16_t situation, int emotion, int band,
                              int language, uint64_t hash)
{
    /* 24 characters, the longest name that is used. */
    struct fam_reading_input input = input_of("", band, language);
    input.child_name = "Александра-Аполлинариями";
    struct fam_status status = {.code = FAM_OK};
    Fam__V1__Reading *reading = NULL;
    struct fam_offline_finding finding = {.kind = FAM__V1__INPUT_KIND__INPUT_KIND_CHILD_SAID,
                                          .certainty = FAM__V1__CERTAINTY__CERTAINTY_LOW,
                                          .primary = {.id = (Fam__V1__Emotion)emotion, .intensity = 3},
                                          .needs = {(Fam__V1__Need)(1 + hash % FAM_OFFLINE_NEEDS)},
                                          .need_count = 1,
                                          .situation = situation,
                                          .has_context = hash % 3 == 0,
                                          .hash = hash * 0x9e3779b97f4a7c15u};
    input.place = (Fam__V1__Place)(hash % 5);
    const struct fam_offline_templates *texts = language == RU ? &templates->ru : &templates->en;
    cr_assert_eq(fam_offline_compose(&templates->keys, &templates->plan, texts, &input, &finding, &reading, &status),
                 FAM_OK, "%s", status.message);
    check_reading(reading, language);
    drop(reading);
}

static void check_all_combinations(int language)
{
    struct templates *templates = make_templates();
    cr_assert_eq(fam_utf8_length("Александра-Аполлинариями"), FAM_OFFLINE_NAME_CHARS);
    for (uint16_t situation = 0; situation < templates->keys.count; situation++) {
        if (!is_situation(templates, situation)) {
            continue;
        }
        for (int emotion = 1; emotion <= FAM_OFFLINE_EMOTIONS; emotion++) {
            for (int band = 0; band < BANDS; band++) {
                for (uint64_t hash = 0; hash < (situation == 0 ? 42 : 4); hash++) {
                    check_combination(templates, situation, emotion, band, language, hash);
                }
            }
        }
    }
    free_templates(templates);
}

Test(offline_data, every_russian_combination_of_templates_is_whole_and_short_enough, .timeout = 60)
{
    check_all_combinations(RU);
}

Test(offline_data, every_english_combination_of_templates_is_whole_and_short_enough, .timeout = 60)
{
    check_all_combinations(EN);
}

/* Each entry on its own, so that no alternative escapes by the luck of the hash. */
static void check_entries(const struct templates *templates, const struct fam_offline_templates *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        const struct fam_offline_entry *entry = &texts->entries[i];
        const char *open = strchr(entry->text, '{');
        for (; open != NULL; open = strchr(open + 1, '{')) {
            char name[FAM_OFFLINE_KEY_BYTES] = "";
            cr_assert_eq(sscanf(open, "{%31[a-z_]}", name), 1, "%s", entry->text);
            uint16_t key = fam_offline_keys_find(&templates->keys, name);
            for (int band = 0; band < BANDS; band++) {
                cr_expect(strcmp(name, "name") == 0 ||
                              fam_offline_pick(texts, &key, 1, FAM_OFFLINE_TEXT, (Fam__V1__AgeBand)band, 0) != NULL,
                          "{%s} has no text for band %d: %s", name, band, entry->text);
            }
            cr_expect(strcmp(name, "name") != 0 || open == entry->text, "{name} stands at the start: %s", entry->text);
        }
    }
}

Test(offline_data, every_placeholder_has_a_text_for_every_age)
{
    struct templates *templates = make_templates();
    check_entries(templates, &templates->ru);
    check_entries(templates, &templates->en);
    free_templates(templates);
}

Test(offline_data, both_languages_have_the_same_keys_fields_and_ages)
{
    struct templates *templates = make_templates();
    for (uint16_t key = 1; key < templates->keys.count; key++) {
        for (size_t field = FAM_OFFLINE_GOING; field < FAM_OFFLINE_FIELDS; field++) {
            unsigned bands[2] = {0, 0};
            const struct fam_offline_templates *both[2] = {&templates->ru, &templates->en};
            for (size_t i = 0; i < 2; i++) {
                for (size_t j = 0; j < both[i]->counts[key][field]; j++) {
                    bands[i] |= both[i]->entries[both[i]->first[key][field] + j].bands;
                }
            }
            cr_expect_eq(bands[0], bands[1], "%s, field %zu", templates->keys.names[key], field);
        }
    }
    free_templates(templates);
}

/* "ты устал", "я была": a past tense would tell a sex that is not known. */
Test(offline_data, russian_texts_do_not_tell_the_sex_of_child_or_parent)
{
    static const char *const endings[] = {"л", "ла", "лся", "лась", "ен", "ена"};
    static const char *const words[] = {"рад",  "рада", "готов", "готова",  "должен",   "должна", "один",
                                        "одна", "сам",  "сама",  "виноват", "виновата", "уверен", "согласен"};
    struct templates *templates = make_templates();
    for (size_t i = 0; i < templates->ru.count; i++) {
        char *text = fam_text_normalise(templates->ru.entries[i].text);
        cr_assert_not_null(text);
        bool person = false;
        char *next = NULL;
        for (char *word = strtok_r(text, " .,!?:;{}«»", &next); word != NULL;
             word = strtok_r(NULL, " .,!?:;{}«»", &next)) {
            for (size_t j = 0; person && j < FAM_ARRAY_SIZE(endings); j++) {
                size_t size = strlen(word);
                size_t end = strlen(endings[j]);
                cr_expect(size <= end || strcmp(word + size - end, endings[j]) != 0, "%s in: %s", word,
                          templates->ru.entries[i].text);
            }
            for (size_t j = 0; person && j < FAM_ARRAY_SIZE(words); j++) {
                cr_expect_str_neq(word, words[j], "in: %s", templates->ru.entries[i].text);
            }
            bool between = strcmp(word, "не") == 0 || strcmp(word, "так") == 0 || strcmp(word, "уже") == 0;
            person = strcmp(word, "ты") == 0 || strcmp(word, "я") == 0 || (person && between);
        }
        free(text);
    }
    free_templates(templates);
}

static void check_age_differences(int language)
{
    struct templates *templates = make_templates();
    const struct fam_offline_templates *texts = language == RU ? &templates->ru : &templates->en;
    for (int emotion = 1; emotion <= FAM_OFFLINE_EMOTIONS; emotion++) {
        char texts_of[BANDS][3][1024];
        for (int band = 1; band < BANDS; band++) {
            struct fam_status status = {.code = FAM_OK};
            Fam__V1__Reading *reading = NULL;
            struct fam_reading_input input = input_of("", band, language);
            struct fam_offline_finding finding = {.kind = SAID,
                                                  .primary = {.id = (Fam__V1__Emotion)emotion, .intensity = 3},
                                                  .needs = {FAM__V1__NEED__NEED_REST},
                                                  .need_count = 1};
            cr_assert_eq(
                fam_offline_compose(&templates->keys, &templates->plan, texts, &input, &finding, &reading, &status),
                FAM_OK, "%s", status.message);
            for (size_t i = 0; i < 3; i++) {
                (void)snprintf(texts_of[band][i], sizeof(texts_of[band][i]), "%s", reading->responses[i]->text);
            }
            drop(reading);
            for (int other = 1; other < band; other++) {
                cr_expect_str_neq(texts_of[band][0], texts_of[other][0], "emotion %d, bands %d and %d", emotion, band,
                                  other);
            }
        }
        for (size_t i = 0; i < 3; i++) {
            cr_expect_str_neq(texts_of[1][i], texts_of[5][i]);
            cr_expect_lt(fam_utf8_length(texts_of[1][0]), 60, "too long for two years: %s", texts_of[1][0]);
        }
    }
    free_templates(templates);
}

Test(offline_data, words_differ_between_the_bands)
{
    check_age_differences(RU);
    check_age_differences(EN);
}

/* Faulty data files name their line. */

static const char classes[] = "!class\tnegation\tне\n!class\tstrong\tочень\n!class\tweak\tчуть\n!class\tfiller\tну\n"
                              "!class\tthird\tон\n!class\tsays\tговорит\n!class\tfirst\tя\n";

struct faulty {
    const char *data;
    const char *message; /* part of what the error says */
};

static const struct faulty lexicons[] = {
    {"слово\t*\n", "line 8: a rule has"},
    {"слово\t3-5\tanger:3\n", "wrong ages"},
    {"слово\t*\twrath:3\n", "unknown name"},
    {"слово\t*\tanger:6\n", "expected name:1"},
    {"слово\t*\tanger:3\tmoney:1\n", "unknown name"},
    {"слово\t*\tanger:3\t-\t@nowhere\n", "no template has this situation"},
    {"слово\t*\tanger:3\t-\tloudly\n", "unknown tag"},
    {"@nobody\t*\tanger:3\n", "no such class"},
    {"..  слово\t*\tanger:3\n", "a pattern needs"},
    {"?слово\t*\tanger:3\n", "a pattern needs"},
    {"сло-во\t*\tanger:3\n", "has a sign in it"},
    {"a||b\t*\tanger:3\n", "it is empty"},
    {"a b c d e f g h i j k\t*\tanger:3\n", "too many words"},
    {"!turned\tjoy\n", "expected an emotion"},
    {"!class\tstrong\tочень\n", "a class has a name of its own"},
    {"a\tb\tc\td\te\tf\tg\th\ti\tj\tk\n", "too many columns"},
    {"\xff\n", "not UTF-8"},
};

Test(offline_data, a_faulty_lexicon_is_refused_with_its_line)
{
    struct fam_offline_keys keys;
    fam_offline_keys_init(&keys);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(lexicons); i++) {
        char data[2048];
        struct fam_status status = {.code = FAM_OK};
        struct fam_offline_lexicon lexicon;
        int size = snprintf(data, sizeof(data), "%s%s", classes, lexicons[i].data);
        const struct fam_offline_file file = {"words.tsv", (const unsigned char *)data, (size_t)size};
        cr_expect_eq(fam_offline_lexicon_init(&lexicon, &keys, &file, 1, &status), FAM_INTERNAL, "%s",
                     lexicons[i].data);
        cr_expect_not_null(strstr(status.message, "words.tsv, line 8"), "%s", status.message);
        cr_expect_not_null(strstr(status.message, lexicons[i].message), "%s", status.message);
        fam_offline_lexicon_done(&lexicon);
    }
    struct fam_status status = {.code = FAM_OK};
    struct fam_offline_lexicon lexicon;
    const struct fam_offline_file bare = {"words.tsv", (const unsigned char *)"x\t*\tanger:1\n", 12};
    cr_expect_eq(fam_offline_lexicon_init(&lexicon, &keys, &bare, 1, &status), FAM_INTERNAL);
    cr_expect_not_null(strstr(status.message, "the class negation is missing"), "%s", status.message);
    fam_offline_lexicon_done(&lexicon);
    const struct fam_offline_file good = {"words.tsv", (const unsigned char *)classes, sizeof(classes) - 1};
    cr_expect_eq(fam_offline_lexicon_init(&lexicon, &keys, &good, 1, &status), FAM_OK, "%s", status.message);
    fam_offline_lexicon_done(&lexicon);
}

static const struct faulty template_files[] = {
    {"anger\tgoing\t*\n", "expected keys"},
    {"anger\tcoming\t*\tx\n", "unknown field"},
    {"anger\tgoing\t4-5\tx\n", "wrong ages"},
    {"anger\tgoing\t6-4\tx\n", "wrong ages"},
    {"anger\tgoing\tall\tx\n", "wrong ages"},
    {"anger\tgoing\t*\t\n", "expected keys"},
    {"a_key_that_is_longer_than_any_key_may_be\tgoing\t*\tx\n", "the key is too long"},
    {"", "no templates"},
};

Test(offline_data, a_faulty_template_file_is_refused_with_its_line)
{
    for (size_t i = 0; i < FAM_ARRAY_SIZE(template_files); i++) {
        struct fam_offline_keys keys;
        struct fam_offline_templates *templates = calloc(1, sizeof(*templates));
        struct fam_status status = {.code = FAM_OK};
        cr_assert_not_null(templates);
        fam_offline_keys_init(&keys);
        cr_expect_eq(fam_offline_templates_init(templates, &keys, "texts.tsv",
                                                (const unsigned char *)template_files[i].data,
                                                strlen(template_files[i].data), &status),
                     FAM_INTERNAL);
        cr_expect_not_null(strstr(status.message, "texts.tsv"), "%s", status.message);
        cr_expect_not_null(strstr(status.message, template_files[i].message), "%s", status.message);
        fam_offline_templates_done(templates);
        free(templates);
    }
}

Test(offline_data, a_missing_template_is_an_error_and_no_crash)
{
    static const char data[] = "anger\tgoing\t*\tx.\n";
    struct fam_offline_keys keys;
    struct fam_offline_templates *texts = calloc(1, sizeof(*texts));
    struct fam_status status = {.code = FAM_OK};
    Fam__V1__Reading *reading = NULL;
    cr_assert_not_null(texts);
    fam_offline_keys_init(&keys);
    cr_assert_eq(
        fam_offline_templates_init(texts, &keys, "texts.tsv", (const unsigned char *)data, sizeof(data) - 1, &status),
        FAM_OK);
    struct fam_reading_input input = input_of("", 3, RU);
    struct fam_offline_finding finding = {.kind = SAID,
                                          .primary = {.id = FEELS(ANGER), .intensity = 3},
                                          .needs = {FAM__V1__NEED__NEED_REST},
                                          .need_count = 1};
    cr_expect_eq(fam_offline_compose(&keys, texts, texts, &input, &finding, &reading, &status), FAM_INTERNAL);
    cr_expect_not_null(strstr(status.message, "no template for a second reading of anger"), "%s", status.message);
    cr_expect_null(reading);
    fam_offline_templates_done(texts);
    free(texts);
}

Test(offline_data, ages_are_ranges_at_the_borders_of_the_bands)
{
    uint8_t bands = 0;
    cr_expect(fam_offline_parse_ages("*", &bands) && bands == 0x7f);
    cr_expect(fam_offline_parse_ages("2-6", &bands) && bands == 0x06);
    cr_expect(fam_offline_parse_ages("7-12,?", &bands) && bands == 0x19);
    cr_expect(fam_offline_parse_ages("?", &bands) && bands == 0x01);
    cr_expect_not(fam_offline_parse_ages("", &bands));
    cr_expect_not(fam_offline_parse_ages("2-", &bands));
    cr_expect_not(fam_offline_parse_ages("2-7", &bands));
}
