#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/text.h"
#include "translate/offline.h"
#include "translate/offline_compose.h"
#include "translate/offline_tsv.h"

extern const unsigned char fam_data_reading_plan_tsv[];
extern const size_t fam_data_reading_plan_tsv_size;
extern const unsigned char fam_data_templates_ru_tsv[];
extern const size_t fam_data_templates_ru_tsv_size;
extern const unsigned char fam_data_templates_en_tsv[];
extern const size_t fam_data_templates_en_tsv_size;

enum { RU = FAM__V1__LANGUAGE__LANGUAGE_RU, EN = FAM__V1__LANGUAGE__LANGUAGE_EN, BANDS = 7 };

static struct fam_offline *make(void)
{
    struct fam_status status = {.code = FAM_OK};
    struct fam_offline *offline = fam_offline_new(&status);
    cr_assert_not_null(offline, "%s", status.message);
    return offline;
}

static struct fam_reading_input input_of(const char *phrase, int band, int language)
{
    return (struct fam_reading_input){.phrase = phrase,
                                      .happened_before = "",
                                      .age_band = (Fam__V1__AgeBand)band,
                                      .language = (Fam__V1__Language)language,
                                      .child_name = ""};
}

static Fam__V1__Reading *read_input(const struct fam_offline *offline, const struct fam_reading_input *input)
{
    struct fam_status status = {.code = FAM_OK};
    Fam__V1__Reading *reading = NULL;
    cr_assert_eq(fam_offline_read(offline, input, &reading, &status), FAM_OK, "%s", status.message);
    cr_assert_not_null(reading);
    return reading;
}

static Fam__V1__Reading *read_phrase(const struct fam_offline *offline, const char *phrase, int band, int language)
{
    struct fam_reading_input input = input_of(phrase, band, language);
    return read_input(offline, &input);
}

static void drop(Fam__V1__Reading *reading)
{
    fam__v1__reading__free_unpacked(reading, NULL);
}

/* What every text of every reading must keep to. */

static const char *const banned_ru[] = {"всегда",      "никогда", "диагноз",     "депресс",       "аутиз",  "сдвг",
                                        "невроз",      "психоз",  "болезн",      "лечени",        "терапи", "симптом",
                                        "расстройств", "манипул", "виноваты вы", "плохой родител"};
static const char *const banned_en[] = {"always",   "never",     "diagnos",   "depress", "autis",
                                        "adhd",     "disorder",  "symptom",   "therapy", "illness",
                                        "neurotic", "manipulat", "bad parent"};

static void check_words(const char *text, int language)
{
    char *normal = fam_text_normalise(text);
    cr_assert_not_null(normal);
    const char *const *banned = language == RU ? banned_ru : banned_en;
    size_t count = language == RU ? FAM_ARRAY_SIZE(banned_ru) : FAM_ARRAY_SIZE(banned_en);
    for (size_t i = 0; i < count; i++) {
        cr_expect_null(strstr(normal, banned[i]), "\"%s\" in: %s", banned[i], text);
    }
    free(normal);
}

static void check_signs(const char *text)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
    cr_expect_null(strpbrk(text, "{}<>*_`[]\n\t\""), "markup or placeholder in: %s", text);
    cr_expect_null(strstr(text, "  "), "two spaces in: %s", text);
    while (*at != '\0') {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t step = utf8proc_iterate(at, -1, &c);
        cr_assert_gt(step, 0);
        cr_expect_neq(utf8proc_category(c), UTF8PROC_CATEGORY_SO, "emoji in: %s", text);
        at += step;
    }
    cr_expect_not_null(strchr(".!?", text[strlen(text) - 1]), "no end of sentence in: %s", text);
}

static void check_text(const char *text, size_t most, int language)
{
    cr_assert_not_null(text);
    size_t length = fam_utf8_length(text);
    cr_expect_gt(length, 0);
    cr_expect_leq(length, most, "%zu of %zu characters: %s", length, most, text);
    check_words(text, language);
    check_signs(text);
}

static void check_responses(const Fam__V1__Reading *reading, int language)
{
    unsigned kinds = 0;
    cr_assert_eq(reading->n_responses, 3);
    for (size_t i = 0; i < 3; i++) {
        const Fam__V1__SuggestedResponse *response = reading->responses[i];
        check_text(response->text, FAM_OFFLINE_SAY_CHARS, language);
        check_text(response->why, FAM_OFFLINE_WHY_CHARS, language);
        check_text(response->expect, FAM_OFFLINE_EXPECT_CHARS, language);
        cr_expect_null(strstr(response->text, "«"), "a quote in: %s", response->text);
        cr_expect_null(strstr(response->text, "“"), "a quote in: %s", response->text);
        cr_expect_eq(kinds & (1u << (unsigned)response->kind), 0u, "a kind twice");
        kinds |= 1u << (unsigned)response->kind;
    }
}

static void check_reading(const Fam__V1__Reading *reading, int language)
{
    cr_expect_eq(reading->engine, FAM__V1__ENGINE__ENGINE_OFFLINE);
    cr_expect_eq((int)reading->language, language);
    cr_expect_neq(reading->input_kind, FAM__V1__INPUT_KIND__INPUT_KIND_UNSPECIFIED);
    cr_expect_neq(reading->certainty, FAM__V1__CERTAINTY__CERTAINTY_UNSPECIFIED);
    cr_assert_not_null(reading->primary);
    cr_expect_neq(reading->primary->emotion, FAM__V1__EMOTION__EMOTION_UNSPECIFIED);
    cr_expect(reading->primary->intensity >= 1 && reading->primary->intensity <= 5);
    cr_expect_leq(reading->n_secondary, 3);
    cr_expect(reading->n_needs >= 1 && reading->n_needs <= 3);
    check_text(reading->going_on, FAM_OFFLINE_GOING_CHARS, language);
    check_text(reading->second_reading, FAM_OFFLINE_SECOND_CHARS, language);
    check_text(reading->need_text, FAM_OFFLINE_NEED_CHARS, language);
    check_text(reading->avoid, FAM_OFFLINE_AVOID_CHARS, language);
    check_text(reading->activity, FAM_OFFLINE_ACTIVITY_CHARS, language);
    check_responses(reading, language);
    const char *start = language == RU ? "Возможно и другое: " : "It may also be ";
    cr_expect_eq(strncmp(reading->second_reading, start, strlen(start)), 0, "%s", reading->second_reading);
    cr_expect_str_eq(reading->prompt_version, fam_offline_version());
    cr_expect_eq(reading->version, 0);
    cr_expect_eq(reading->created_at_ms, 0);
}

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

Test(offline, every_russian_combination_of_templates_is_whole_and_short_enough, .timeout = 60)
{
    check_all_combinations(RU);
}

Test(offline, every_english_combination_of_templates_is_whole_and_short_enough, .timeout = 60)
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

Test(offline, every_placeholder_has_a_text_for_every_age)
{
    struct templates *templates = make_templates();
    check_entries(templates, &templates->ru);
    check_entries(templates, &templates->en);
    free_templates(templates);
}

Test(offline, both_languages_have_the_same_keys_fields_and_ages)
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
Test(offline, russian_texts_do_not_tell_the_sex_of_child_or_parent)
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

/* Phrases. */

struct expected {
    const char *phrase;
    int band;
    Fam__V1__Emotion emotion;
    Fam__V1__InputKind kind;
};

#define SAID FAM__V1__INPUT_KIND__INPUT_KIND_CHILD_SAID
#define BEHAVIOUR FAM__V1__INPUT_KIND__INPUT_KIND_BEHAVIOUR
#define OUTBURST FAM__V1__INPUT_KIND__INPUT_KIND_PARENT_OUTBURST
#define FEELS(name) FAM__V1__EMOTION__EMOTION_##name

static const struct expected phrases[] = {
    {"Нет!", 1, FEELS(ANGER), SAID},
    {"Отстань", 4, FEELS(ANGER), SAID},
    {"No!", 2, FEELS(ANGER), SAID},
    {"Ненавижу тебя!", 3, FEELS(ANGER), SAID},
    {"Ты плохая мама", 2, FEELS(ANGER), SAID},
    {"Меня никто не любит", 3, FEELS(LONELINESS), SAID},
    {"Не пойду в школу", 3, FEELS(ANXIETY), SAID},
    {"Это нечестно", 3, FEELS(ANGER), SAID},
    {"Мне скучно", 2, FEELS(BOREDOM), SAID},
    {"Я боюсь темноты", 2, FEELS(FEAR), SAID},
    {"I hate school", 4, FEELS(ANGER), SAID},
    {"You love her more than me", 3, FEELS(JEALOUSY), SAID},
    {"Я сам это сделал!", 2, FEELS(PRIDE), SAID},
    {"Я сама это сделала!", 2, FEELS(PRIDE), SAID},
    {"Спасибо тебе, мама", 3, FEELS(GRATITUDE), SAID},
    {"Мама, я тебя люблю", 2, FEELS(LOVE), SAID},
    {"молчит второй день", 4, FEELS(SADNESS), BEHAVIOUR},
    {"slams doors, won't come out", 5, FEELS(ANGER), BEHAVIOUR},
    {"умираю со смеху", 4, FEELS(JOY), SAID},
    {"убью тебя в майнкрафте", 3, FEELS(EXCITEMENT), SAID},
    {"this homework is killing me", 4, FEELS(FRUSTRATION), SAID},
    {"😡😡", 3, FEELS(ANGER), SAID},
    {"❤️", 2, FEELS(LOVE), SAID},
    {"ненавижуу тебяяяя!!!", 3, FEELS(ANGER), SAID},
    {"мне страшна и боюс темноты", 2, FEELS(FEAR), SAID},
    {"I'm not scared", 3, FEELS(CALM), SAID},
    {"Мне не весело", 3, FEELS(SADNESS), SAID},
    {"Дочка говорит, что её никто не любит", 3, FEELS(LONELINESS), SAID},
};

Test(offline, phrases_of_every_kind_are_read)
{
    struct fam_offline *offline = make();
    for (size_t i = 0; i < FAM_ARRAY_SIZE(phrases); i++) {
        Fam__V1__Reading *reading = read_phrase(offline, phrases[i].phrase, phrases[i].band, RU);
        cr_expect_eq(reading->primary->emotion, phrases[i].emotion, "%s: emotion %d", phrases[i].phrase,
                     (int)reading->primary->emotion);
        cr_expect_eq(reading->input_kind, phrases[i].kind, "%s: kind %d", phrases[i].phrase, (int)reading->input_kind);
        check_reading(reading, RU);
        drop(reading);
    }
    fam_offline_free(offline);
}

Test(offline, an_outburst_of_the_parent_gets_words_of_repair_first)
{
    static const char *const outbursts[] = {"я на неё наорал", "Наорала на сына из-за уроков", "I yelled at him",
                                            "Я сорвалась на ребёнка", "I lost my temper with my daughter"};
    struct fam_offline *offline = make();
    for (size_t i = 0; i < FAM_ARRAY_SIZE(outbursts); i++) {
        for (int band = 0; band < BANDS; band++) {
            for (int language = RU; language <= EN; language++) {
                Fam__V1__Reading *reading = read_phrase(offline, outbursts[i], band, language);
                cr_expect_eq(reading->input_kind, OUTBURST, "%s", outbursts[i]);
                cr_expect_eq(reading->responses[0]->kind, FAM__V1__RESPONSE_KIND__RESPONSE_KIND_REPAIR);
                const char *text = reading->responses[0]->text;
                cr_expect(strstr(text, "рост") != NULL || strstr(text, "рошу прощения") != NULL ||
                              strstr(text, "orry") != NULL || strstr(text, "apologise") != NULL,
                          "no apology: %s", text);
                check_reading(reading, language);
                drop(reading);
            }
        }
    }
    fam_offline_free(offline);
}

Test(offline, what_is_not_understood_is_admitted_without_drama)
{
    static const char *const unclear[] = {"…", "...",          "ывапролд", "qwrtzp",      "42",
                                          "?", "Пошёл гулять", "",         "\xE2\x80\x8B"};
    struct fam_offline *offline = make();
    for (size_t i = 0; i < FAM_ARRAY_SIZE(unclear); i++) {
        for (int language = RU; language <= EN; language++) {
            Fam__V1__Reading *reading = read_phrase(offline, unclear[i], 0, language);
            cr_expect_eq(reading->certainty, FAM__V1__CERTAINTY__CERTAINTY_LOW, "%s", unclear[i]);
            cr_expect_eq(reading->primary->emotion, FEELS(CALM), "%s", unclear[i]);
            cr_expect_eq(reading->primary->intensity, 1);
            cr_expect_not_null(strpbrk(reading->going_on, "?.") != NULL ? reading->going_on : NULL);
            check_reading(reading, language);
            drop(reading);
        }
    }
    fam_offline_free(offline);
}

Test(offline, the_answer_is_in_the_language_asked_for_whatever_the_phrase)
{
    struct fam_offline *offline = make();
    Fam__V1__Reading *english = read_phrase(offline, "Меня никто не любит", 3, EN);
    Fam__V1__Reading *russian = read_phrase(offline, "Nobody loves me", 3, RU);
    cr_expect_eq(english->primary->emotion, FEELS(LONELINESS));
    cr_expect_eq(russian->primary->emotion, FEELS(LONELINESS));
    cr_expect_eq(fam_language_of(english->going_on), FAM__V1__LANGUAGE__LANGUAGE_EN);
    cr_expect_eq(fam_language_of(russian->going_on), FAM__V1__LANGUAGE__LANGUAGE_RU);
    drop(english);
    drop(russian);
    fam_offline_free(offline);
}

Test(offline, age_changes_both_the_reading_and_the_words)
{
    struct fam_offline *offline = make();
    Fam__V1__Reading *small = read_phrase(offline, "Ненавижу тебя!", 2, RU);
    Fam__V1__Reading *big = read_phrase(offline, "Ненавижу тебя!", 5, RU);
    cr_expect_lt(small->primary->intensity, big->primary->intensity);
    cr_expect_neq(small->needs[0], big->needs[0]);
    cr_expect_str_neq(small->going_on, big->going_on);
    drop(small);
    drop(big);
    fam_offline_free(offline);
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

Test(offline, words_differ_between_the_bands)
{
    check_age_differences(RU);
    check_age_differences(EN);
}

Test(offline, the_same_input_gives_the_same_reading_and_other_phrases_vary)
{
    static const char *const bored[] = {"Мне скучно", "Скучно!", "Как же скучно", "мне так скучно", "Скукота"};
    struct fam_offline *offline = make();
    bool varied = false;
    char first[1024] = "";
    for (size_t i = 0; i < FAM_ARRAY_SIZE(bored); i++) {
        Fam__V1__Reading *one = read_phrase(offline, bored[i], 3, RU);
        Fam__V1__Reading *two = read_phrase(offline, bored[i], 3, RU);
        size_t size = fam__v1__reading__get_packed_size(one);
        uint8_t *a = malloc(size);
        uint8_t *b = malloc(size);
        cr_assert(a != NULL && b != NULL);
        cr_assert_eq(fam__v1__reading__get_packed_size(two), size);
        cr_assert_eq(fam__v1__reading__pack(one, a), size);
        cr_assert_eq(fam__v1__reading__pack(two, b), size);
        cr_expect_eq(memcmp(a, b, size), 0);
        free(a);
        free(b);
        varied = varied || (i > 0 && strcmp(first, one->responses[0]->text) != 0);
        (void)snprintf(first, sizeof(first), "%s", one->responses[0]->text);
        drop(one);
        drop(two);
    }
    cr_expect(varied);
    fam_offline_free(offline);
}

Test(offline, the_name_is_used_when_it_can_stand_in_a_sentence)
{
    static const char *const odd[] = {"<b>Маша</b>", "Маша {close}", "Аааааааааааааааааааааааааааа", "Маша\nПетя", "😀"};
    struct fam_offline *offline = make();
    struct fam_reading_input input = input_of("Мне грустно", 3, RU);
    input.child_name = "Маша";
    Fam__V1__Reading *reading = read_input(offline, &input);
    cr_expect_eq(strncmp(reading->responses[0]->text, "Маша, ", strlen("Маша, ")), 0, "%s",
                 reading->responses[0]->text);
    cr_expect_null(strstr(reading->responses[1]->text, "Маша"));
    drop(reading);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(odd); i++) {
        input.child_name = odd[i];
        reading = read_input(offline, &input);
        cr_expect_null(strstr(reading->responses[0]->text, odd[i]));
        check_reading(reading, RU);
        drop(reading);
    }
    fam_offline_free(offline);
}

Test(offline, place_and_what_happened_before_are_taken_into_account)
{
    struct fam_offline *offline = make();
    struct fam_reading_input input = input_of("Отстань", 4, RU);
    Fam__V1__Reading *plain = read_input(offline, &input);
    input.happened_before = "В школе надо мной смеялись весь день, и мне стыдно";
    Fam__V1__Reading *told = read_input(offline, &input);
    cr_expect_str_neq(plain->going_on, told->going_on);
    bool shame = told->primary->emotion == FEELS(SHAME);
    for (size_t i = 0; i < told->n_secondary; i++) {
        shame = shame || told->secondary[i]->emotion == FEELS(SHAME);
    }
    cr_expect(shame);
    drop(plain);
    drop(told);
    input = input_of("Мне плохо", 4, RU);
    input.place = FAM__V1__PLACE__PLACE_SCHOOL;
    Fam__V1__Reading *school = read_input(offline, &input);
    cr_expect_not_null(strstr(school->going_on, "школ"), "%s", school->going_on);
    drop(school);
    input = input_of("ммм", 4, RU);
    input.happened_before = "Мы поссорились, и мне грустно";
    Fam__V1__Reading *only_before = read_input(offline, &input);
    cr_expect_eq(only_before->certainty, FAM__V1__CERTAINTY__CERTAINTY_LOW);
    cr_expect_eq(only_before->primary->emotion, FEELS(SADNESS));
    drop(only_before);
    fam_offline_free(offline);
}

Test(offline, loud_and_strong_words_raise_the_intensity_and_weak_ones_lower_it)
{
    struct fam_offline *offline = make();
    Fam__V1__Reading *plain = read_phrase(offline, "мне грустно", 3, RU);
    Fam__V1__Reading *strong = read_phrase(offline, "мне очень грустно", 3, RU);
    Fam__V1__Reading *loud = read_phrase(offline, "МНЕ ГРУСТНО!!!", 3, RU);
    Fam__V1__Reading *weak = read_phrase(offline, "мне немного грустно", 3, RU);
    cr_expect_gt(strong->primary->intensity, plain->primary->intensity);
    cr_expect_gt(loud->primary->intensity, plain->primary->intensity);
    cr_expect_lt(weak->primary->intensity, plain->primary->intensity);
    drop(plain);
    drop(strong);
    drop(loud);
    drop(weak);
    fam_offline_free(offline);
}

Test(offline, words_of_despair_or_harm_are_never_made_light_of)
{
    static const char *const grave[] = {
        "Не хочу больше жить", "I want to die", "Папа меня бьёт", "Dad hits me",
        "Ненавижу школу! Ненавижу всех! Достали! Бесите! Не хочу больше жить. Отстаньте, ненавижу вас!"};
    struct fam_offline *offline = make();
    for (size_t i = 0; i < FAM_ARRAY_SIZE(grave); i++) {
        for (int band = 0; band < BANDS; band++) {
            Fam__V1__Reading *reading = read_phrase(offline, grave[i], band, EN);
            cr_expect_geq(reading->primary->intensity, 4, "%s", grave[i]);
            cr_expect(strstr(reading->activity, "no time") != NULL || strstr(reading->activity, "Calm matters") != NULL,
                      "%s: %s", grave[i], reading->activity);
            drop(reading);
        }
    }
    fam_offline_free(offline);
}

Test(offline, long_texts_are_read_to_the_bound_and_quickly, .timeout = 20)
{
    enum { BIG = 64 * 1024 };
    struct fam_offline *offline = make();
    static const char sentence[] = "Сегодня в школе было плохо, все смеялись, а я не знаю, что делать. ";
    char *text = malloc(BIG);
    cr_assert_not_null(text);
    text[0] = '\0';
    for (size_t size = 0; size + sizeof(sentence) < BIG; size += sizeof(sentence) - 1) {
        memcpy(text + size, sentence, sizeof(sentence));
    }
    Fam__V1__Reading *reading = read_phrase(offline, text, 4, RU);
    check_reading(reading, RU);
    drop(reading);
    text[fam_utf8_offset(text, 2000)] = '\0';
    reading = read_phrase(offline, text, 4, RU);
    check_reading(reading, RU);
    drop(reading);
    memset(text, 'a', BIG - 1);
    text[BIG - 1] = '\0';
    reading = read_phrase(offline, text, 4, EN);
    cr_expect_eq(reading->certainty, FAM__V1__CERTAINTY__CERTAINTY_LOW);
    drop(reading);
    free(text);
    fam_offline_free(offline);
}

Test(offline, bad_input_is_refused_and_the_next_one_is_read)
{
    struct fam_offline *offline = make();
    struct fam_status status = {.code = FAM_OK};
    Fam__V1__Reading *reading = NULL;
    struct fam_reading_input input = input_of("\xff\xfe", 3, RU);
    cr_expect_eq(fam_offline_read(offline, &input, &reading, &status), FAM_INVALID_ARGUMENT);
    cr_expect_null(reading);
    input = input_of("Мне грустно", 3, RU);
    input.happened_before = "\xc3";
    cr_expect_eq(fam_offline_read(offline, &input, &reading, &status), FAM_INVALID_ARGUMENT);
    input.happened_before = "";
    input.age_band = (Fam__V1__AgeBand)77;
    cr_expect_eq(fam_offline_read(offline, &input, &reading, &status), FAM_INVALID_ARGUMENT);
    cr_expect_str_eq(status.field, "age_band");
    input.age_band = FAM__V1__AGE_BAND__AGE_BAND_7_9;
    cr_assert_eq(fam_offline_read(offline, &input, &reading, &status), FAM_OK);
    check_reading(reading, RU);
    drop(reading);
    fam_offline_free(offline);
}

Test(offline, the_language_of_a_text_is_told_by_its_letters)
{
    cr_expect_eq(fam_language_of("Привет"), FAM__V1__LANGUAGE__LANGUAGE_RU);
    cr_expect_eq(fam_language_of("Hello"), FAM__V1__LANGUAGE__LANGUAGE_EN);
    cr_expect_eq(fam_language_of("Он сказал wow"), FAM__V1__LANGUAGE__LANGUAGE_RU);
    cr_expect_eq(fam_language_of("she said да"), FAM__V1__LANGUAGE__LANGUAGE_EN);
    cr_expect_eq(fam_language_of("😡 42 …"), FAM__V1__LANGUAGE__LANGUAGE_UNSPECIFIED);
    cr_expect_eq(fam_language_of(""), FAM__V1__LANGUAGE__LANGUAGE_UNSPECIFIED);
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
    {"a\tb\tc\td\te\tf\tg\th\ti\n", "too many columns"},
    {"\xff\n", "not UTF-8"},
};

Test(offline, a_faulty_lexicon_is_refused_with_its_line)
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

Test(offline, a_faulty_template_file_is_refused_with_its_line)
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

Test(offline, a_missing_template_is_an_error_and_no_crash)
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

Test(offline, ages_are_ranges_at_the_borders_of_the_bands)
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
