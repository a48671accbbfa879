#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reading_checks.h"
#include "store/correction_store.h"

static struct fam_offline *make(void)
{
    struct fam_status status = {.code = FAM_OK};
    struct fam_offline *offline = fam_offline_new(&status);
    cr_assert_not_null(offline, "%s", status.message);
    return offline;
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

static Fam__V1__Reading *read_with_hit(const struct fam_offline *engine, const char *phrase, Fam__V1__SafetyKind kind)
{
    struct fam_safety_hit hit = {.count = kind == FAM__V1__SAFETY_KIND__SAFETY_KIND_UNSPECIFIED ? 0 : 1,
                                 .kinds = {kind}};
    const struct fam_reading_input input = {.phrase = phrase,
                                            .happened_before = "",
                                            .age_band = FAM__V1__AGE_BAND__AGE_BAND_7_9,
                                            .language = FAM__V1__LANGUAGE__LANGUAGE_RU,
                                            .child_name = "",
                                            .hit = &hit};
    Fam__V1__Reading *reading = NULL;
    struct fam_status status;
    cr_assert_eq(fam_offline_read(engine, &input, &reading, &status), FAM_OK);
    return reading;
}

Test(offline, a_danger_that_the_detector_found_is_never_read_lightly)
{
    struct fam_status status;
    struct fam_offline *engine = fam_offline_new(&status);
    const char *const said[] = {"он стоит на подоконнике и говорит что прыгнет", "прощайте, спасибо за всё",
                                "незачем жить", "выпила горсть таблеток"};
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        for (int kind = 1; kind <= 10; kind++) {
            Fam__V1__Reading *reading = read_with_hit(engine, said[i], (Fam__V1__SafetyKind)kind);
            Fam__V1__Emotion emotion = reading->primary->emotion;
            cr_assert(emotion == FAM__V1__EMOTION__EMOTION_SADNESS || emotion == FAM__V1__EMOTION__EMOTION_FEAR ||
                          emotion == FAM__V1__EMOTION__EMOTION_OVERWHELM,
                      "%s, kind %d: emotion %d", said[i], kind, (int)emotion);
            cr_assert_geq(reading->primary->intensity, 4);
            cr_assert_eq(reading->n_responses, 3);
            fam__v1__reading__free_unpacked(reading, NULL);
        }
    }
    fam_offline_free(engine);
}

Test(offline, without_a_hit_nothing_is_read_as_a_danger)
{
    struct fam_status status;
    struct fam_offline *engine = fam_offline_new(&status);
    const char *const said[] = {"не хочу жить с папой", "не хочу жить в этой квартире", "хочу умереть от стыда"};
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        Fam__V1__Reading *reading = read_with_hit(engine, said[i], FAM__V1__SAFETY_KIND__SAFETY_KIND_UNSPECIFIED);
        cr_assert_null(strstr(reading->going_on, "безнадёжность"), "%s", said[i]);
        fam__v1__reading__free_unpacked(reading, NULL);
    }
    fam_offline_free(engine);
}

/* What a parent said that it was. */

static Fam__V1__Emotion read_learned(const struct fam_offline *offline, const char *phrase,
                                     const struct fam_correction *learned)
{
    struct fam_reading_input input = input_of(phrase, 3, RU);
    input.corrections = learned;
    input.correction_count = 1;
    Fam__V1__Reading *reading = read_input(offline, &input);
    Fam__V1__Emotion emotion = reading->primary->emotion;
    fam__v1__reading__free_unpacked(reading, NULL);
    return emotion;
}

/* A correction of `phrase`, as the server keeps it. */
static struct fam_correction correct(const struct fam_offline *offline, const char *phrase, Fam__V1__Emotion it_was)
{
    struct fam_status status = {.code = FAM_OK};
    struct fam_reading_input input = input_of(phrase, 3, RU);
    Fam__V1__Reading *reading = read_input(offline, &input);
    struct fam_correction made = {.emotion = it_was, .instead_of = reading->primary->emotion, .note = ""};
    cr_assert_eq(fam_offline_signal(offline, &input, made.signal, &status), FAM_OK, "%s", status.message);
    fam__v1__reading__free_unpacked(reading, NULL);
    return made;
}

Test(offline, a_correction_counts_again_for_words_of_the_same_situation)
{
    struct fam_offline *offline = make();
    struct fam_correction learned = correct(offline, "Ненавижу тебя!", FEELS(JEALOUSY));
    cr_assert_str_eq(learned.signal, "hate_parent");
    cr_assert_eq(read_learned(offline, "Ненавижу тебя!", &learned), FEELS(JEALOUSY));
    cr_assert_eq(read_learned(offline, "Я тебя ненавижу, ненавижу", &learned), FEELS(JEALOUSY));
    fam_offline_free(offline);
}

Test(offline, a_correction_does_not_override_a_clear_feeling_that_other_words_tell)
{
    struct fam_offline *offline = make();
    struct fam_correction learned = correct(offline, "Нет!", FEELS(SHAME));
    cr_assert_eq(learned.instead_of, FEELS(ANGER));
    cr_assert_eq(read_learned(offline, "Нет!", &learned), FEELS(SHAME));
    cr_assert_eq(read_learned(offline, "Уйди!", &learned), FEELS(ANGER), "anger too, and clearly so");
    cr_assert_eq(read_learned(offline, "Ненавижу тебя!", &learned), FEELS(ANGER));
    cr_assert_eq(read_learned(offline, "Я боюсь темноты", &learned), FEELS(FEAR));
    fam_offline_free(offline);
}

Test(offline, a_correction_without_a_signal_counts_for_vague_words_alone)
{
    struct fam_offline *offline = make();
    struct fam_correction learned = {.emotion = FEELS(SHAME), .instead_of = FEELS(ANGER), .note = ""};
    cr_assert_eq(read_learned(offline, "Нет!", &learned), FEELS(SHAME));
    cr_assert_eq(read_learned(offline, "Ненавижу тебя!", &learned), FEELS(ANGER));
    fam_offline_free(offline);
}

Test(offline, a_signal_is_the_same_with_and_without_corrections_and_empty_for_words_of_no_situation)
{
    struct fam_offline *offline = make();
    struct fam_status status = {.code = FAM_OK};
    char signal[FAM_OFFLINE_SIGNAL];
    struct fam_reading_input input = input_of("Нет!", 3, RU);
    struct fam_correction learned = correct(offline, "Нет!", FEELS(SHAME));
    input.corrections = &learned;
    input.correction_count = 1;
    input.corrected = FEELS(JOY);
    cr_assert_eq(fam_offline_signal(offline, &input, signal, &status), FAM_OK, "%s", status.message);
    cr_assert_str_eq(signal, learned.signal);
    fam_offline_free(offline);
}
