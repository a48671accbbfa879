#include "translate/guard.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "translate/guard_text.h"
#include "translate/offline_compose.h"
#include "translate/offline_tsv.h"
#include "translate/safety_rules.h"

enum {
    RESPONSES = 3,
    SECONDARY_MAX = 3,
    NEEDS_MAX = 3,
    INTENSITY_MAX = 5,
    PATH_BYTES = 64,
    TEXTS_MAX = 16,
    NAME_MAX_BYTES = 40
};

struct fam_guard {
    struct fam_guard_rules rules;
};

/* One answer on its way to a Reading. */
struct check {
    const struct fam_guard *guard;
    Fam__V1__Language language;
    Fam__V1__Reading *reading;
    Fam__V1__SafetyKind *risk;
    size_t *risk_count;
    const char *texts[TEXTS_MAX]; /* for the search of repeats */
    size_t text_count;
    struct fam_status *status;
};

struct fam_guard *fam_guard_new(struct fam_status *status)
{
    struct fam_guard *guard = calloc(1, sizeof(*guard));
    if (guard == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    if (fam_guard_rules_init(&guard->rules, status) != FAM_OK) {
        free(guard);
        return NULL;
    }
    return guard;
}

void fam_guard_free(struct fam_guard *guard)
{
    if (guard != NULL) {
        fam_guard_rules_done(&guard->rules);
        free(guard);
    }
}

static enum fam_code refuse(const struct check *check, const char *reason, const char *field)
{
    enum fam_code code =
        fam_fail_reason(check->status, FAM_INVALID_ARGUMENT, reason, 0, "the answer is not fit to show: %s", field);
    (void)snprintf(check->status->field, sizeof(check->status->field), "%s", field);
    return code;
}

/* Exactly the members of `names`, each once. */
static enum fam_code check_members(const struct check *check, const cJSON *object, const char *const *names,
                                   size_t count, const char *path)
{
    unsigned seen = 0;
    if (!cJSON_IsObject(object)) {
        return refuse(check, "GUARD_SCHEMA", path);
    }
    for (const cJSON *member = object->child; member != NULL; member = member->next) {
        size_t i = 0;
        while (i < count && strcmp(names[i], member->string) != 0) {
            i++;
        }
        if (i == count || (seen & 1u << i) != 0) {
            return refuse(check, "GUARD_SCHEMA", path); /* the unknown name is not repeated: it is text from outside */
        }
        seen |= 1u << i;
    }
    for (size_t i = 0; i < count; i++) {
        if ((seen & 1u << i) == 0) {
            return refuse(check, "GUARD_SCHEMA", names[i]);
        }
    }
    return FAM_OK;
}

static enum fam_code check_list(const struct check *check, const cJSON *list, size_t least, size_t most,
                                const char *path)
{
    size_t count = 0;
    for (const cJSON *item = cJSON_IsArray(list) ? list->child : NULL; item != NULL && count <= most;
         item = item->next) {
        count++;
    }
    return !cJSON_IsArray(list) || count < least || count > most ? refuse(check, "GUARD_SCHEMA", path) : FAM_OK;
}

/* A name of a closed list: small letters and _ alone, as the schema spells them. */
static enum fam_code read_name(const struct check *check, const cJSON *item, const char *path, const char **ret_name)
{
    const char *name = cJSON_GetStringValue(item);
    if (name == NULL) {
        return refuse(check, "GUARD_SCHEMA", path);
    }
    size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz_");
    if (size == 0 || size > NAME_MAX_BYTES || name[size] != '\0') {
        return refuse(check, "GUARD_ENUM", path);
    }
    *ret_name = name;
    return FAM_OK;
}

/* The value of `name` in a list whose first value is 1. */
static enum fam_code read_enum(const struct check *check, const cJSON *item, const char *const *names, size_t count,
                               const char *path, int *ret_value)
{
    const char *name = "";
    enum fam_code code = read_name(check, item, path, &name);
    for (size_t i = 0; code == FAM_OK && i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            *ret_value = (int)i + 1;
            return FAM_OK;
        }
    }
    return code == FAM_OK ? refuse(check, "GUARD_ENUM", path) : code;
}

/* By a function that gives 0 for what is not in its list. */
static enum fam_code read_named(const struct check *check, const cJSON *item, int (*named)(const char *name),
                                const char *path, int *ret_value)
{
    const char *name = "";
    enum fam_code code = read_name(check, item, path, &name);
    *ret_value = code == FAM_OK ? named(name) : 0;
    return code == FAM_OK && *ret_value == 0 ? refuse(check, "GUARD_ENUM", path) : code;
}

static int risk_named(const char *name)
{
    return (int)fam_safety_kind_named(name);
}

static enum fam_code read_text(struct check *check, const cJSON *object, const char *key, size_t max_chars,
                               const char *path, char **ret_text)
{
    const char *text = fam_json_string(object, key), *reason = NULL;
    if (text == NULL) {
        return refuse(check, "GUARD_SCHEMA", path);
    }
    enum fam_code code =
        fam_guard_check_text(&check->guard->rules, text, max_chars, check->language, &reason, check->status);
    if (code != FAM_OK || reason != NULL) {
        return code != FAM_OK ? code : refuse(check, reason, path);
    }
    for (size_t i = 0; i < check->text_count; i++) {
        if (strcmp(check->texts[i], text) == 0) {
            return refuse(check, "GUARD_REPEAT", path);
        }
    }
    check->texts[check->text_count++] = text;
    *ret_text = strdup(text);
    return *ret_text == NULL ? fam_fail_memory(check->status) : FAM_OK;
}

static enum fam_code read_score(const struct check *check, const cJSON *item, const char *path,
                                Fam__V1__EmotionScore **ret_score)
{
    static const char *const members[] = {"emotion", "intensity"};
    int emotion = 0;
    int64_t intensity = 0;
    enum fam_code code = check_members(check, item, members, FAM_ARRAY_SIZE(members), path);
    if (code == FAM_OK) {
        code = read_named(check, fam_json_get(item, "emotion"), fam_offline_emotion_named, path, &emotion);
    }
    if (code != FAM_OK) {
        return code;
    }
    if (!fam_json_i64(item, "intensity", &intensity)) {
        return refuse(check, "GUARD_SCHEMA", path);
    }
    if (intensity < 1 || intensity > INTENSITY_MAX) {
        return refuse(check, "GUARD_ENUM", path);
    }
    Fam__V1__EmotionScore *score = malloc(sizeof(*score));
    if (score == NULL) {
        return fam_fail_memory(check->status);
    }
    fam__v1__emotion_score__init(score);
    score->emotion = (Fam__V1__Emotion)emotion;
    score->intensity = (int32_t)intensity;
    *ret_score = score;
    return FAM_OK;
}

static enum fam_code read_emotions(const struct check *check, const cJSON *root)
{
    Fam__V1__Reading *reading = check->reading;
    const cJSON *list = fam_json_get(root, "secondary");
    enum fam_code code = read_score(check, fam_json_get(root, "primary"), "primary", &reading->primary);
    if (code == FAM_OK) {
        code = check_list(check, list, 0, SECONDARY_MAX, "secondary");
    }
    if (code != FAM_OK) {
        return code;
    }
    reading->secondary = calloc(SECONDARY_MAX, sizeof(reading->secondary[0]));
    if (reading->secondary == NULL) {
        return fam_fail_memory(check->status);
    }
    for (const cJSON *item = list->child; item != NULL; item = item->next) {
        char path[PATH_BYTES];
        size_t at = reading->n_secondary;
        (void)snprintf(path, sizeof(path), "secondary[%zu]", at);
        code = read_score(check, item, path, &reading->secondary[at]);
        if (code != FAM_OK) {
            return code;
        }
        reading->n_secondary++;
        bool twice = reading->secondary[at]->emotion == reading->primary->emotion;
        for (size_t i = 0; i < at; i++) {
            twice = twice || reading->secondary[i]->emotion == reading->secondary[at]->emotion;
        }
        if (twice) {
            return refuse(check, "GUARD_REPEAT", path);
        }
    }
    return FAM_OK;
}

static enum fam_code read_needs(const struct check *check, const cJSON *root)
{
    Fam__V1__Reading *reading = check->reading;
    const cJSON *list = fam_json_get(root, "needs");
    enum fam_code code = check_list(check, list, 1, NEEDS_MAX, "needs");
    if (code != FAM_OK) {
        return code;
    }
    reading->needs = calloc(NEEDS_MAX, sizeof(reading->needs[0]));
    if (reading->needs == NULL) {
        return fam_fail_memory(check->status);
    }
    for (const cJSON *item = list->child; item != NULL; item = item->next) {
        char path[PATH_BYTES];
        int need = 0;
        (void)snprintf(path, sizeof(path), "needs[%zu]", reading->n_needs);
        code = read_named(check, item, fam_offline_need_named, path, &need);
        for (size_t i = 0; code == FAM_OK && i < reading->n_needs; i++) {
            code = (int)reading->needs[i] == need ? refuse(check, "GUARD_REPEAT", path) : FAM_OK;
        }
        if (code != FAM_OK) {
            return code;
        }
        reading->needs[reading->n_needs++] = (Fam__V1__Need)need;
    }
    return FAM_OK;
}

static enum fam_code read_risk(const struct check *check, const cJSON *root)
{
    const cJSON *list = fam_json_get(root, "risk");
    enum fam_code code = check_list(check, list, 0, FAM_SAFETY_MAX_KINDS, "risk");
    for (const cJSON *item = code == FAM_OK ? list->child : NULL; item != NULL; item = item->next) {
        char path[PATH_BYTES];
        int kind = 0;
        (void)snprintf(path, sizeof(path), "risk[%zu]", *check->risk_count);
        code = read_named(check, item, risk_named, path, &kind);
        for (size_t i = 0; code == FAM_OK && i < *check->risk_count; i++) {
            code = (int)check->risk[i] == kind ? refuse(check, "GUARD_REPEAT", path) : FAM_OK;
        }
        if (code != FAM_OK) {
            return code;
        }
        check->risk[(*check->risk_count)++] = (Fam__V1__SafetyKind)kind;
    }
    return code;
}

static enum fam_code read_response(struct check *check, const cJSON *item, Fam__V1__SuggestedResponse *response,
                                   size_t at)
{
    static const char *const members[] = {"kind", "text", "why", "expect"};
    static const char *const kinds[] = {"name_feeling", "give_space", "set_limit", "solve_together", "repair"};
    const struct {
        const char *key;
        size_t max_chars;
        char **field;
    } texts[] = {{"text", FAM_OFFLINE_SAY_CHARS, &response->text},
                 {"why", FAM_OFFLINE_WHY_CHARS, &response->why},
                 {"expect", FAM_OFFLINE_EXPECT_CHARS, &response->expect}};
    char path[PATH_BYTES];
    int kind = 0;
    (void)snprintf(path, sizeof(path), "responses[%zu]", at);
    enum fam_code code = check_members(check, item, members, FAM_ARRAY_SIZE(members), path);
    if (code == FAM_OK) {
        (void)snprintf(path, sizeof(path), "responses[%zu].kind", at);
        code = read_enum(check, fam_json_get(item, "kind"), kinds, FAM_ARRAY_SIZE(kinds), path, &kind);
    }
    for (size_t i = 0; code == FAM_OK && i < at; i++) {
        bool twice = (int)check->reading->responses[i]->kind == kind;
        code = twice ? refuse(check, "GUARD_REPEAT", path) : FAM_OK;
    }
    response->kind = (Fam__V1__ResponseKind)kind;
    for (size_t i = 0; code == FAM_OK && i < FAM_ARRAY_SIZE(texts); i++) {
        (void)snprintf(path, sizeof(path), "responses[%zu].%s", at, texts[i].key);
        code = read_text(check, item, texts[i].key, texts[i].max_chars, path, texts[i].field);
    }
    return code;
}

static enum fam_code read_responses(struct check *check, const cJSON *root)
{
    Fam__V1__Reading *reading = check->reading;
    const cJSON *list = fam_json_get(root, "responses");
    enum fam_code code = check_list(check, list, RESPONSES, RESPONSES, "responses");
    if (code != FAM_OK) {
        return code;
    }
    reading->responses = calloc(RESPONSES, sizeof(reading->responses[0]));
    if (reading->responses == NULL) {
        return fam_fail_memory(check->status);
    }
    for (const cJSON *item = list->child; code == FAM_OK && item != NULL; item = item->next) {
        Fam__V1__SuggestedResponse *response = malloc(sizeof(*response));
        if (response == NULL) {
            return fam_fail_memory(check->status);
        }
        fam__v1__suggested_response__init(response);
        reading->responses[reading->n_responses++] = response;
        code = read_response(check, item, response, reading->n_responses - 1);
    }
    return code;
}

static enum fam_code read_texts(struct check *check, const cJSON *root)
{
    Fam__V1__Reading *reading = check->reading;
    const struct {
        const char *key;
        size_t max_chars;
        char **field;
    } texts[] = {{"going_on", FAM_OFFLINE_GOING_CHARS, &reading->going_on},
                 {"second_reading", FAM_OFFLINE_SECOND_CHARS, &reading->second_reading},
                 {"need_text", FAM_OFFLINE_NEED_CHARS, &reading->need_text},
                 {"avoid", FAM_OFFLINE_AVOID_CHARS, &reading->avoid},
                 {"activity", FAM_OFFLINE_ACTIVITY_CHARS, &reading->activity}};
    enum fam_code code = FAM_OK;
    for (size_t i = 0; code == FAM_OK && i < FAM_ARRAY_SIZE(texts); i++) {
        code = read_text(check, root, texts[i].key, texts[i].max_chars, texts[i].key, texts[i].field);
    }
    return code;
}

static enum fam_code read_reading(struct check *check, const cJSON *root)
{
    static const char *const members[] = {"risk",  "input_kind", "certainty", "primary", "secondary", "going_on",
                                          "needs", "need_text",  "responses", "avoid",   "activity",  "second_reading"};
    static const char *const inputs[] = {"child_said", "behaviour", "parent_outburst"};
    static const char *const certainties[] = {"low", "medium", "high"};
    int input = 0, certainty = 0;
    enum fam_code code = check_members(check, root, members, FAM_ARRAY_SIZE(members), "answer");
    if (code == FAM_OK) {
        code = read_enum(check, fam_json_get(root, "input_kind"), inputs, FAM_ARRAY_SIZE(inputs), "input_kind", &input);
    }
    if (code == FAM_OK) {
        code = read_enum(check, fam_json_get(root, "certainty"), certainties, FAM_ARRAY_SIZE(certainties), "certainty",
                         &certainty);
    }
    check->reading->input_kind = (Fam__V1__InputKind)input;
    check->reading->certainty = (Fam__V1__Certainty)certainty;
    code = code == FAM_OK ? read_risk(check, root) : code;
    code = code == FAM_OK ? read_emotions(check, root) : code;
    code = code == FAM_OK ? read_needs(check, root) : code;
    code = code == FAM_OK ? read_texts(check, root) : code;
    return code == FAM_OK ? read_responses(check, root) : code;
}

enum fam_code fam_guard_check(const struct fam_guard *guard, const char *json, size_t size, Fam__V1__Language language,
                              const char *prompt_version, Fam__V1__Reading **ret_reading,
                              Fam__V1__SafetyKind ret_risk[FAM_SAFETY_MAX_KINDS], size_t *ret_risk_count,
                              struct fam_status *status)
{
    *ret_risk_count = 0;
    struct check check = {
        .guard = guard, .language = language, .risk = ret_risk, .risk_count = ret_risk_count, .status = status};
    cJSON *root = fam_json_parse(json, size, FAM_GUARD_JSON_MAX);
    if (root == NULL) {
        return refuse(&check, "GUARD_JSON", "answer");
    }
    check.reading = malloc(sizeof(*check.reading));
    if (check.reading == NULL) {
        cJSON_Delete(root);
        return fam_fail_memory(status);
    }
    fam__v1__reading__init(check.reading);
    check.reading->engine = FAM__V1__ENGINE__ENGINE_CLAUDE;
    check.reading->language = language;
    enum fam_code code = read_reading(&check, root);
    if (code == FAM_OK) {
        check.reading->prompt_version = strdup(prompt_version);
        code = check.reading->prompt_version == NULL ? fam_fail_memory(status) : FAM_OK;
    }
    cJSON_Delete(root);
    if (code != FAM_OK) {
        *ret_risk_count = 0;
        fam__v1__reading__free_unpacked(check.reading, NULL);
        return code;
    }
    *ret_reading = check.reading;
    return FAM_OK;
}
