#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "translate/guard.h"
#include "translate/offline_compose.h"

extern const unsigned char fam_data_guard_ru_tsv[], fam_data_guard_en_tsv[];
extern const size_t fam_data_guard_ru_tsv_size, fam_data_guard_en_tsv_size;

enum { RU = FAM__V1__LANGUAGE__LANGUAGE_RU, EN = FAM__V1__LANGUAGE__LANGUAGE_EN, PATTERNS_MIN = 80 };

static const char answer_en[] =
    "{\"risk\":[],\"input_kind\":\"child_said\",\"certainty\":\"medium\",\"primary\":{\"emotion\":\"anger\","
    "\"intensity\":4},"
    "\"secondary\":[{\"emotion\":\"sadness\",\"intensity\":2}],\"going_on\":\"Most likely {CHILD} is angry & hurt.\","
    "\"second_reading\":\"It may also be plain tiredness.\",\"needs\":[\"autonomy\",\"rest\"],\"need_text\":\"To "
    "decide a bit more alone.\","
    "\"responses\":[{\"kind\":\"name_feeling\",\"text\":\"{CHILD}, you are so angry.\",\"why\":\"A named feeling gets "
    "smaller.\",\"expect\":\"There may be tears first.\"},"
    "{\"kind\":\"give_space\",\"text\":\"I am here when you want me.\",\"why\":\"Closeness without pressure "
    "calms.\",\"expect\":\"It can take ten minutes.\"},"
    "{\"kind\":\"set_limit\",\"text\":\"Be angry, but I won't let you hit.\",\"why\":\"A kind limit is "
    "safe.\",\"expect\":\"A second protest is likely.\"}],"
    "\"avoid\":\"Arguing now, for nobody can listen yet.\",\"activity\":\"Draw the anger together, as big as it is.\"}";

static const char answer_ru[] = "{\"risk\":[\"bullying\"],\"input_kind\":\"behaviour\",\"certainty\":\"low\","
                                "\"primary\":{\"emotion\":\"fear\",\"intensity\":1},"
                                "\"secondary\":[],\"going_on\":\"Трудно сказать, но {CHILD} может бояться — {PERSON_1} "
                                "рядом.\",\"second_reading\":\"Возможно и другое: усталость.\","
                                "\"needs\":[\"safety\"],\"need_text\":\"Знать, что рядом «свои».\","
                                "\"responses\":[{\"kind\":\"repair\",\"text\":\"Прости, я накричала. Я "
                                "рядом.\",\"why\":\"Мириться учатся у взрослых.\",\"expect\":\"Сначала тишина.\"},"
                                "{\"kind\":\"give_space\",\"text\":\"Я посижу с тобой молча.\",\"why\":\"Близость без "
                                "вопросов успокаивает.\",\"expect\":\"Слова придут позже.\"},"
                                "{\"kind\":\"solve_together\",\"text\":\"Давай решим, кому сказать.\",\"why\":\"Вместе "
                                "не так страшно.\",\"expect\":\"Ответ будет не сразу.\"}],"
                                "\"avoid\":\"Выспрашивать подробности.\",\"activity\":\"Испечь что-нибудь вдвоём.\"}";

static struct fam_status status;

static struct fam_guard *rules(void)
{
    struct fam_guard *guard = fam_guard_new(&status);
    cr_assert_not_null(guard, "%s", status.message);
    return guard;
}

static Fam__V1__Reading *accept(const struct fam_guard *guard, const char *json, int language,
                                Fam__V1__SafetyKind *risk, size_t *count)
{
    Fam__V1__Reading *reading = NULL;
    cr_assert_eq(fam_guard_check(guard, json, strlen(json), (Fam__V1__Language)language, "claude-1-xx", &reading, risk,
                                 count, &status),
                 FAM_OK, "%s in %s", status.reason, status.field);
    return reading;
}

/* `field` may be NULL: any. */
static void expect_refused_bytes(const struct fam_guard *guard, const char *json, size_t size, int language,
                                 const char *reason, const char *field)
{
    Fam__V1__Reading *reading = NULL;
    Fam__V1__SafetyKind risk[FAM_SAFETY_MAX_KINDS];
    size_t count = 99;
    status = (struct fam_status){.code = FAM_OK};
    cr_expect_eq(fam_guard_check(guard, json, size, (Fam__V1__Language)language, "v", &reading, risk, &count, &status),
                 FAM_INVALID_ARGUMENT, "taken, expected %s: %s", reason, json);
    cr_expect_str_eq(status.reason, reason, "%s, not %s: %.200s", status.reason, reason, json);
    cr_expect(field == NULL || strcmp(status.field, field) == 0, "%s, not %s: %.200s", status.field,
              field == NULL ? "" : field, json);
    cr_expect_null(reading);
    cr_expect_eq(count, (size_t)0);
}

static void expect_refused(const struct fam_guard *guard, const char *json, int language, const char *reason,
                           const char *field)
{
    expect_refused_bytes(guard, json, strlen(json), language, reason, field);
}

/* The answer with `member` replaced by the JSON value `value`; "responses[1].text" reaches into a list. NULL: the
 * member is taken out. free(). */
static char *with(const char *answer, const char *member, const char *value)
{
    cJSON *root = fam_json_parse(answer, strlen(answer), FAM_GUARD_JSON_MAX), *object = root;
    cr_assert_not_null(root);
    const char *bracket = strchr(member, '['), *key = member;
    if (bracket != NULL) {
        object = cJSON_GetArrayItem(fam_json_get(root, "responses"), bracket[1] - '0');
        key = strchr(member, '.') + 1;
    }
    cr_assert_not_null(fam_json_get(object, key), "%s", member);
    if (value == NULL) {
        cJSON_DeleteItemFromObjectCaseSensitive(object, key);
    } else {
        cJSON *item = cJSON_ParseWithLength(value, strlen(value));
        cr_assert_not_null(item, "%s", value);
        cr_assert(cJSON_ReplaceItemInObjectCaseSensitive(object, key, item));
    }
    char *text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    cr_assert_not_null(text);
    return text;
}

static void expect_member(const struct fam_guard *guard, const char *answer, int language, const char *member,
                          const char *value, const char *reason)
{
    char *json = with(answer, member, value);
    expect_refused(guard, json, language, reason, NULL);
    free(json);
}

static char *quoted(const char *text)
{
    struct fam_buf buf = {0};
    fam_json_add_string(&buf, text);
    char *taken = fam_buf_take(&buf);
    cr_assert_not_null(taken);
    return taken;
}

static void expect_text(const struct fam_guard *guard, int language, const char *member, const char *text,
                        const char *reason)
{
    char *value = quoted(text);
    char *json = with(language == RU ? answer_ru : answer_en, member, value);
    expect_refused(guard, json, language, reason, member);
    free(value);
    free(json);
}

static void expect_fine(const struct fam_guard *guard, int language, const char *member, const char *text)
{
    Fam__V1__SafetyKind risk[FAM_SAFETY_MAX_KINDS];
    size_t count = 0;
    char *value = quoted(text);
    char *json = with(language == RU ? answer_ru : answer_en, member, value);
    Fam__V1__Reading *reading = accept(guard, json, language, risk, &count);
    fam__v1__reading__free_unpacked(reading, NULL);
    free(value);
    free(json);
}

Test(guard, a_fit_answer_becomes_a_reading)
{
    struct fam_guard *guard = rules();
    Fam__V1__SafetyKind risk[FAM_SAFETY_MAX_KINDS];
    size_t count = 9;
    Fam__V1__Reading *reading = accept(guard, answer_en, EN, risk, &count);
    cr_expect_eq(count, (size_t)0);
    cr_expect_eq((int)reading->engine, (int)FAM__V1__ENGINE__ENGINE_CLAUDE);
    cr_expect_eq((int)reading->language, EN);
    cr_expect_eq((int)reading->input_kind, (int)FAM__V1__INPUT_KIND__INPUT_KIND_CHILD_SAID);
    cr_expect_eq((int)reading->certainty, (int)FAM__V1__CERTAINTY__CERTAINTY_MEDIUM);
    cr_expect_eq((int)reading->primary->emotion, (int)FAM__V1__EMOTION__EMOTION_ANGER);
    cr_expect_eq(reading->primary->intensity, 4);
    cr_expect_eq(reading->n_secondary, (size_t)1);
    cr_expect_eq((int)reading->secondary[0]->emotion, (int)FAM__V1__EMOTION__EMOTION_SADNESS);
    cr_expect_eq(reading->n_needs, (size_t)2);
    cr_expect_eq((int)reading->needs[1], (int)FAM__V1__NEED__NEED_REST);
    cr_expect_str_eq(reading->going_on, "Most likely {CHILD} is angry & hurt.");
    cr_expect_str_eq(reading->second_reading, "It may also be plain tiredness.");
    cr_expect_eq(reading->n_responses, (size_t)3);
    cr_expect_eq((int)reading->responses[2]->kind, (int)FAM__V1__RESPONSE_KIND__RESPONSE_KIND_SET_LIMIT);
    cr_expect_str_eq(reading->responses[1]->why, "Closeness without pressure calms.");
    cr_expect_str_eq(reading->prompt_version, "claude-1-xx");
    cr_expect_eq(reading->version, 0);
    cr_expect_eq(reading->created_at_ms, (int64_t)0);
    fam__v1__reading__free_unpacked(reading, NULL);
    reading = accept(guard, answer_ru, RU, risk, &count);
    cr_expect_eq(count, (size_t)1);
    cr_expect_eq((int)risk[0], (int)FAM__V1__SAFETY_KIND__SAFETY_KIND_BULLYING);
    cr_expect_eq((int)reading->responses[0]->kind, (int)FAM__V1__RESPONSE_KIND__RESPONSE_KIND_REPAIR);
    fam__v1__reading__free_unpacked(reading, NULL);
    fam_guard_free(guard);
}

Test(guard, what_is_no_strict_json_is_refused)
{
    static const char *const texts[] = {"",
                                        "null x",
                                        "{",
                                        "{}}",
                                        "Here is the answer: {}",
                                        "```json\n{}\n```",
                                        "{\"a\":01}",
                                        "{\"a\":1e999}",
                                        "{\"a\":\"\\ud800\"}",
                                        "{\"a\":\"\\u0000\"}",
                                        "{\"a\":\"\xff\"}",
                                        "{\"a\":\"line\nbreak\"}",
                                        "{'a':1}",
                                        "{\"a\":1,}"};
    struct fam_guard *guard = rules();
    for (size_t i = 0; i < FAM_ARRAY_SIZE(texts); i++) {
        expect_refused(guard, texts[i], EN, "GUARD_JSON", "answer");
    }
    expect_refused_bytes(guard, "{}\0", 3, EN, "GUARD_JSON", "answer");
    char *deep = malloc(FAM_GUARD_JSON_MAX + 2);
    cr_assert_not_null(deep);
    memset(deep, '[', 200);
    memset(deep + 200, ']', 200);
    expect_refused_bytes(guard, deep, 400, EN, "GUARD_JSON", "answer");
    memset(deep, ' ', FAM_GUARD_JSON_MAX + 1);
    memcpy(deep, answer_en, strlen(answer_en));
    expect_refused_bytes(guard, deep, FAM_GUARD_JSON_MAX + 1, EN, "GUARD_JSON", "answer");
    free(deep);
    fam_guard_free(guard);
}

Test(guard, every_member_is_needed_and_no_other)
{
    static const char *const members[] = {"risk",
                                          "input_kind",
                                          "certainty",
                                          "primary",
                                          "secondary",
                                          "going_on",
                                          "second_reading",
                                          "needs",
                                          "need_text",
                                          "responses",
                                          "avoid",
                                          "activity",
                                          "responses[0].kind",
                                          "responses[1].text",
                                          "responses[2].why",
                                          "responses[0].expect"};
    struct fam_guard *guard = rules();
    for (size_t i = 0; i < FAM_ARRAY_SIZE(members); i++) {
        expect_member(guard, answer_en, EN, members[i], NULL, "GUARD_SCHEMA");
        expect_member(guard, answer_en, EN, members[i], "true", "GUARD_SCHEMA");
        expect_member(guard, answer_en, EN, members[i], "null", "GUARD_SCHEMA");
        expect_member(guard, answer_en, EN, members[i], "17", "GUARD_SCHEMA");
    }
    char json[sizeof(answer_en) + 64];
    (void)snprintf(json, sizeof(json), "{\"extra\":1,%s", answer_en + 1);
    expect_refused(guard, json, EN, "GUARD_SCHEMA", "answer");
    (void)snprintf(json, sizeof(json), "{\"certainty\":\"low\",%s", answer_en + 1);
    expect_refused(guard, json, EN, "GUARD_SCHEMA", "answer");
    (void)snprintf(json, sizeof(json), "{\"Risk\":[],%s", answer_en + 1);
    expect_refused(guard, json, EN, "GUARD_SCHEMA", "answer");
    (void)snprintf(json, sizeof(json), "[%s]", answer_en);
    expect_refused(guard, json, EN, "GUARD_SCHEMA", "answer");
    expect_member(guard, answer_en, EN, "primary", "{\"emotion\":\"joy\",\"intensity\":3,\"x\":1}", "GUARD_SCHEMA");
    expect_member(guard, answer_en, EN, "primary", "{\"emotion\":\"joy\",\"intensity\":3.5}", "GUARD_SCHEMA");
    expect_member(guard, answer_en, EN, "primary", "{\"emotion\":\"joy\",\"intensity\":\"3\"}", "GUARD_SCHEMA");
    fam_guard_free(guard);
}

Test(guard, lists_have_their_lengths)
{
    struct fam_guard *guard = rules();
    expect_member(guard, answer_en, EN, "needs", "[]", "GUARD_SCHEMA");
    expect_member(guard, answer_en, EN, "needs", "[\"rest\",\"play\",\"help\",\"order\"]", "GUARD_SCHEMA");
    expect_member(guard, answer_en, EN, "responses", "[]", "GUARD_SCHEMA");
    expect_member(guard, answer_en, EN, "secondary",
                  "[{\"emotion\":\"joy\",\"intensity\":1},{\"emotion\":\"fear\",\"intensity\":1},{\"emotion\":"
                  "\"shame\",\"intensity\":1},"
                  "{\"emotion\":\"guilt\",\"intensity\":1}]",
                  "GUARD_SCHEMA");
    expect_member(guard, answer_en, EN, "risk", "[1,2,3,4,5,6,7,8,9,10,11]", "GUARD_SCHEMA");
    fam_guard_free(guard);
}

Test(guard, lists_are_closed)
{
    struct fam_guard *guard = rules();
    expect_member(guard, answer_en, EN, "risk", "[\"nothing\"]", "GUARD_ENUM");
    expect_member(guard, answer_en, EN, "risk", "[\"unspecified\"]", "GUARD_ENUM");
    expect_member(guard, answer_en, EN, "input_kind", "\"CHILD_SAID\"", "GUARD_ENUM");
    expect_member(guard, answer_en, EN, "certainty", "\"sure\"", "GUARD_ENUM");
    expect_member(guard, answer_en, EN, "needs", "[\"Rest\"]", "GUARD_ENUM");
    expect_member(guard, answer_en, EN, "needs", "[\"money\"]", "GUARD_ENUM");
    expect_member(guard, answer_en, EN, "primary", "{\"emotion\":\"rage\",\"intensity\":3}", "GUARD_ENUM");
    expect_member(guard, answer_en, EN, "primary", "{\"emotion\":\"unspecified\",\"intensity\":3}", "GUARD_ENUM");
    expect_member(guard, answer_en, EN, "primary", "{\"emotion\":\"joy\",\"intensity\":0}", "GUARD_ENUM");
    expect_member(guard, answer_en, EN, "primary", "{\"emotion\":\"joy\",\"intensity\":6}", "GUARD_ENUM");
    expect_member(guard, answer_en, EN, "responses[0].kind", "\"hug\"", "GUARD_ENUM");
    expect_member(guard, answer_en, EN, "responses[0].kind", "\"\"", "GUARD_ENUM");
    fam_guard_free(guard);
}

Test(guard, nothing_is_said_twice)
{
    struct fam_guard *guard = rules();
    expect_member(guard, answer_en, EN, "risk", "[\"bullying\",\"bullying\"]", "GUARD_REPEAT");
    expect_member(guard, answer_en, EN, "needs", "[\"rest\",\"rest\"]", "GUARD_REPEAT");
    expect_member(guard, answer_en, EN, "secondary", "[{\"emotion\":\"anger\",\"intensity\":1}]", "GUARD_REPEAT");
    expect_member(guard, answer_en, EN, "responses[1].kind", "\"name_feeling\"", "GUARD_REPEAT");
    expect_member(guard, answer_en, EN, "responses[2].text", "\"I am here when you want me.\"", "GUARD_REPEAT");
    expect_member(guard, answer_en, EN, "activity", "\"Arguing now, for nobody can listen yet.\"", "GUARD_REPEAT");
    fam_guard_free(guard);
}

Test(guard, texts_are_neither_empty_nor_longer_than_an_answer_can_hold)
{
    static const struct {
        const char *member;
        size_t most;
    } texts[] = {{"going_on", FAM_OFFLINE_GOING_CHARS},       {"second_reading", FAM_OFFLINE_SECOND_CHARS},
                 {"need_text", FAM_OFFLINE_NEED_CHARS},       {"responses[0].text", FAM_OFFLINE_SAY_CHARS},
                 {"responses[1].why", FAM_OFFLINE_WHY_CHARS}, {"responses[2].expect", FAM_OFFLINE_EXPECT_CHARS},
                 {"avoid", FAM_OFFLINE_AVOID_CHARS},          {"activity", FAM_OFFLINE_ACTIVITY_CHARS}};
    struct fam_guard *guard = rules();
    char text[1024] = "";
    for (size_t i = 0; i < FAM_ARRAY_SIZE(texts); i++) {
        expect_text(guard, RU, texts[i].member, "", "GUARD_LENGTH");
        text[0] = '\0';
        for (size_t k = 0; k < texts[i].most / 2; k++) {
            memcpy(text + 3 * k, "ы ", strlen("ы ") + 1);
        }
        cr_assert_eq(fam_utf8_length(text), texts[i].most);
        expect_fine(guard, RU, texts[i].member, text);
        memcpy(text + strlen(text), "ы", strlen("ы") + 1);
        expect_text(guard, RU, texts[i].member, text, "GUARD_LENGTH");
    }
    char *huge = malloc(10001);
    cr_assert_not_null(huge);
    memset(huge, 'a', 10000);
    huge[10000] = '\0';
    expect_text(guard, EN, "avoid", huge, "GUARD_LENGTH");
    free(huge);
    fam_guard_free(guard);
}

Test(guard, texts_are_plain_words_of_their_language)
{
    static const struct {
        int language;
        const char *text, *reason;
    } cases[] = {
        {EN, "A line\nbreak.", "GUARD_CONTROL"},
        {EN, "A tab\there.", "GUARD_CONTROL"},
        {EN, "Turned \xe2\x80\xae around.", "GUARD_CONTROL"},
        {EN,
         "Hid\xe2\x80\x8b"
         "den.",
         "GUARD_CONTROL"},
        {RU, "Мяг\xc2\xadкий.", "GUARD_CONTROL"},
        {EN, "Bad \xef\xbf\xbd sign.", "GUARD_CONTROL"},
        {EN, "{Child} is sad.", "GUARD_PLACEHOLDER"},
        {EN, "{CHILD is sad.", "GUARD_PLACEHOLDER"},
        {EN, "CHILD} is sad.", "GUARD_PLACEHOLDER"},
        {EN, "{PERSON} is sad.", "GUARD_PLACEHOLDER"},
        {EN, "{PERSON_0} is sad.", "GUARD_PLACEHOLDER"},
        {EN, "{NAME_1} is sad.", "GUARD_PLACEHOLDER"},
        {EN, "{OPEN} is sad.", "GUARD_PLACEHOLDER"},
        {EN, "{} is sad.", "GUARD_PLACEHOLDER"},
        {EN, "<b>Bold</b> words.", "GUARD_MARKUP"},
        {EN, "Some **bold** words.", "GUARD_MARKUP"},
        {EN, "Some _soft_ words.", "GUARD_MARKUP"},
        {EN, "A `code` word.", "GUARD_MARKUP"},
        {EN, "# Heading", "GUARD_MARKUP"},
        {EN, "- a list", "GUARD_MARKUP"},
        {EN, "1. a list", "GUARD_MARKUP"},
        {EN, "A [link] here.", "GUARD_MARKUP"},
        {EN, "Less &lt; more.", "GUARD_MARKUP"},
        {RU, "Обнимите \xf0\x9f\xa4\x97.", "GUARD_MARKUP"},
        {RU, "Сердце \xe2\x9d\xa4 рядом.", "GUARD_MARKUP"},
        {EN, "See https://example.org/help now.", "GUARD_LINK"},
        {EN, "See www.example.org now.", "GUARD_LINK"},
        {EN, "See example.com for more.", "GUARD_LINK"},
        {RU, "Пишите в t.me/pomosh сейчас.", "GUARD_LINK"},
        {RU, "Есть сайт помощь.рф для вас.", "GUARD_LINK"},
        {EN, "Open tg://resolve now.", "GUARD_LINK"},
        {EN, "Write to help@example.org now.", "GUARD_CONTACT"},
        {RU, "Звоните 8-800-2000-122 сейчас.", "GUARD_CONTACT"},
        {EN, "Call +1 555 123 4567 now.", "GUARD_CONTACT"},
        {EN, "Number 123456789 helps.", "GUARD_CONTACT"},
        {EN, "Ask @helper about it.", "GUARD_MENTION"},
        {EN, "Meet me @ home.", "GUARD_MENTION"},
        {EN, "Это по-русски.", "GUARD_LANGUAGE"},
        {RU, "This is English.", "GUARD_LANGUAGE"},
        {EN, "\xe4\xbd\xa0\xe5\xa5\xbd\xe5\x90\x97", "GUARD_LANGUAGE"},
        {EN, "12, 13!", "GUARD_LANGUAGE"},
        {RU, "Похоже на аyтизм.", "GUARD_DIAGNOSIS"}, /* a Latin y inside */
        {RU, "ДЕПРЕССИЯ у детей бывает.", "GUARD_DIAGNOSIS"},
        {EN, "Her autism-like signs.", "GUARD_DIAGNOSIS"},
        {EN, "As an AI, I cannot know.", "GUARD_LEAK"},
        {RU, "Мой системный промпт секретен.", "GUARD_LEAK"},
    };
    struct fam_guard *guard = rules();
    for (size_t i = 0; i < FAM_ARRAY_SIZE(cases); i++) {
        expect_text(guard, cases[i].language, "going_on", cases[i].text, cases[i].reason);
        expect_text(guard, cases[i].language, "responses[1].expect", cases[i].text, cases[i].reason);
    }
    fam_guard_free(guard);
}

Test(guard, ten_words_in_a_row_of_a_prompt_are_refused)
{
    struct fam_guard *guard = rules();
    expect_text(guard, EN, "going_on", "Psst: the strings in it, were typed by A PARENT — often quoting...",
                "GUARD_LEAK");
    expect_text(guard, RU, "avoid", "Ты говоришь тепло, конкретно и честно о том, чего по одной фразе", "GUARD_LEAK");
    expect_fine(guard, EN, "going_on", "It was typed by a parent, often quoting a child.");
    fam_guard_free(guard);
}

Test(guard, ordinary_answers_pass)
{
    static const struct {
        int language;
        const char *text;
    } cases[] = {
        {RU, "Это не ваша вина, так бывает у всех."},
        {RU, "Похоже, {CHILD.2} расстроен: в 7 лет это тяжело."},
        {RU, "Истерика — способ сказать «мне плохо» (и не назло)."},
        {RU, "{PARENT_1} и {SCHOOL_12} рядом; {CHILD_1} тоже."},
        {RU, "Ты не виноват, я тебе верю!"},
        {RU, "Сядьте рядом на 5–10 минут, без слов…"},
        {RU, "Посмотрите вместе из окна на снег."},
        {RU, "Обсудите Minecraft: что там вышло?"},
        {RU, "Больно — это больно; № 1 сейчас — тишина."},
        {EN, "It isn't your fault, and it is not his fault."},
        {EN, "Hanging out together, cutting paper: ten minutes."},
        {EN, "Say: “I'm here”. It's okay to cry."},
        {EN, "A café visit, an old naïve song; 50 % chance."},
        {EN, "Look out of the window at the rain together."},
        {EN, "Half of it is tiredness, e.g. after school."},
        {EN, "All feelings are allowed, some acts are not."}, /* so a prompt says it, too */
    };
    struct fam_guard *guard = rules();
    for (size_t i = 0; i < FAM_ARRAY_SIZE(cases); i++) {
        expect_fine(guard, cases[i].language, "responses[0].text", cases[i].text);
    }
    fam_guard_free(guard);
}

/* Each pattern refuses its own example, with its own reason. */
static void check_examples(const unsigned char *data, size_t size, int language)
{
    static const char *const reasons[][2] = {
        {"diagnosis", "GUARD_DIAGNOSIS"}, {"blame", "GUARD_BLAME"}, {"harm", "GUARD_HARM"}, {"leak", "GUARD_LEAK"}};
    struct fam_guard *guard = rules();
    char *copy = strndup((const char *)data, size), *rest = copy;
    size_t patterns = 0;
    cr_assert_not_null(copy);
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        const char *name = strsep(&line, "\t");
        (void)strsep(&line, "\t");
        for (size_t i = 0; line != NULL && i < FAM_ARRAY_SIZE(reasons); i++) {
            if (strcmp(reasons[i][0], name) == 0) {
                expect_text(guard, language, "avoid", line, reasons[i][1]);
                patterns++;
            }
        }
    }
    cr_expect_geq(patterns, (size_t)PATTERNS_MIN);
    free(copy);
    fam_guard_free(guard);
}

Test(guard, every_russian_pattern_refuses_its_example)
{
    check_examples(fam_data_guard_ru_tsv, fam_data_guard_ru_tsv_size, RU);
}

Test(guard, every_english_pattern_refuses_its_example)
{
    check_examples(fam_data_guard_en_tsv, fam_data_guard_en_tsv_size, EN);
}

Test(guard, no_status_holds_the_answer)
{
    struct fam_guard *guard = rules();
    expect_text(guard, RU, "going_on", "Секретное слово аутизм.", "GUARD_DIAGNOSIS");
    cr_expect_null(strstr(status.message, "Секретное"));
    char json[sizeof(answer_en) + 64];
    (void)snprintf(json, sizeof(json), "{\"secretname\":1,%s", answer_en + 1);
    expect_refused(guard, json, EN, "GUARD_SCHEMA", "answer");
    cr_expect_null(strstr(status.message, "secretname"));
    fam_guard_free(guard);
}
