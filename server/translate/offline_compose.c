#include "translate/offline_compose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/buf.h"
#include "base/text.h"
#include "translate/offline_tsv.h"

enum { RESPONSES = 3, TEXT_BYTES_MAX = 4096 };

struct composer {
    const struct fam_offline_keys *keys;
    const struct fam_offline_templates *plan;
    const struct fam_offline_templates *texts;
    const struct fam_reading_input *input;
    const struct fam_offline_finding *finding;
    uint16_t chain[FAM_OFFLINE_CHAIN_MAX]; /* situation, emotion, group, "any" */
    const char *name;                      /* of the child, or "" */
    struct fam_status *status;
};

static enum fam_code missing(const struct composer *composer, const char *what)
{
    const char *situation = composer->keys->names[composer->chain[0]];
    return fam_fail(composer->status, FAM_INTERNAL, "no template for %s of %s %s in age band %d", what,
                    composer->keys->names[composer->chain[1]], situation, (int)composer->input->age_band);
}

/* A name that can stand in a sentence: letters, spaces, hyphens and apostrophes, not too long. */
static const char *usable_name(const char *name)
{
    size_t length = fam_utf8_length(name);
    if (length == 0 || length > FAM_OFFLINE_NAME_CHARS) {
        return "";
    }
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)name;
    while (*at != '\0') {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t step = utf8proc_iterate(at, -1, &c);
        utf8proc_category_t category = step > 0 ? utf8proc_category(c) : UTF8PROC_CATEGORY_CN;
        bool letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_MC;
        if (!letter && c != ' ' && c != '-' && c != '\'') {
            return "";
        }
        at += step;
    }
    return name;
}

static const char *snippet(const struct composer *composer, const char *name)
{
    uint16_t key = fam_offline_keys_find(composer->keys, name);
    return key == FAM_OFFLINE_NO_KEY ? NULL
                                     : fam_offline_pick(composer->texts, &key, 1, FAM_OFFLINE_TEXT,
                                                        composer->input->age_band, composer->finding->hash);
}

static void add_capitalised(struct fam_buf *buf, const char **at)
{
    utf8proc_int32_t c = 0;
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)*at, -1, &c);
    if (step > 0) {
        fam_buf_add(buf, bytes, (size_t)utf8proc_encode_char(utf8proc_toupper(c), bytes));
        *at += step;
    }
}

/* "{name}ты злишься. {close}" → "Маша, ты злишься. Я рядом." or "Ты злишься. Я рядом." */
static bool expand(const struct composer *composer, const char *text, struct fam_buf *buf)
{
    const char *at = text;
    while (*at != '\0') {
        const char *open = strchr(at, '{');
        const char *close = open == NULL ? NULL : strchr(open, '}');
        if (close == NULL) {
            fam_buf_add_text(buf, at);
            return open == NULL;
        }
        char name[FAM_OFFLINE_KEY_BYTES];
        size_t size = (size_t)(close - open - 1);
        if (size >= sizeof(name)) {
            return false;
        }
        memcpy(name, open + 1, size);
        name[size] = '\0';
        fam_buf_add(buf, at, (size_t)(open - at));
        at = close + 1;
        if (strcmp(name, "name") != 0) {
            const char *words = snippet(composer, name);
            if (words == NULL) {
                return false;
            }
            fam_buf_add_text(buf, words);
        } else if (composer->name[0] != '\0') {
            fam_buf_addf(buf, "%s, ", composer->name);
        } else {
            add_capitalised(buf, &at);
        }
    }
    return true;
}

static enum fam_code make_text(const struct composer *composer, const char *template, const char *what, char **ret_text)
{
    struct fam_buf buf = {0};
    fam_buf_init(&buf, TEXT_BYTES_MAX);
    if (template == NULL || !expand(composer, template, &buf)) {
        fam_buf_done(&buf);
        return missing(composer, what);
    }
    char *text = fam_buf_take(&buf);
    if (text == NULL) {
        fam_buf_done(&buf);
        return fam_fail_memory(composer->status);
    }
    *ret_text = text;
    return FAM_OK;
}

static enum fam_code fill(const struct composer *composer, enum fam_offline_field field, const char *what,
                          char **ret_text)
{
    const char *template = fam_offline_pick(composer->texts, composer->chain, FAM_OFFLINE_CHAIN_MAX, field,
                                            composer->input->age_band, composer->finding->hash);
    return make_text(composer, template, what, ret_text);
}

/* What was told of place and before sharpens the first sentence, when there is room. */
static const char *circumstance(const struct composer *composer)
{
    if (composer->finding->has_context) {
        return snippet(composer, "context");
    }
    switch (composer->input->place) {
    case FAM__V1__PLACE__PLACE_SCHOOL:
        return snippet(composer, "place_school");
    case FAM__V1__PLACE__PLACE_FRIENDS:
        return snippet(composer, "place_friends");
    default:
        return NULL;
    }
}

static enum fam_code fill_going_on(const struct composer *composer, Fam__V1__Reading *reading)
{
    char *text = NULL;
    enum fam_code code = fill(composer, FAM_OFFLINE_GOING, "what is going on", &text);
    if (code != FAM_OK || text == NULL) {
        return code;
    }
    const char *more = circumstance(composer);
    if (more == NULL || fam_utf8_length(text) + 1 + fam_utf8_length(more) > FAM_OFFLINE_GOING_CHARS) {
        reading->going_on = text;
        return FAM_OK;
    }
    size_t size = strlen(text) + 1 + strlen(more) + 1;
    reading->going_on = malloc(size);
    if (reading->going_on == NULL) {
        free(text);
        return fam_fail_memory(composer->status);
    }
    (void)snprintf(reading->going_on, size, "%s %s", text, more);
    free(text);
    return FAM_OK;
}

static enum fam_code fill_score(const struct composer *composer, struct fam_offline_emotion emotion,
                                Fam__V1__EmotionScore **ret_score)
{
    Fam__V1__EmotionScore *score = malloc(sizeof(*score));
    if (score == NULL) {
        return fam_fail_memory(composer->status);
    }
    fam__v1__emotion_score__init(score);
    score->emotion = emotion.id;
    score->intensity = emotion.intensity;
    *ret_score = score;
    return FAM_OK;
}

static enum fam_code fill_emotions(const struct composer *composer, Fam__V1__Reading *reading)
{
    const struct fam_offline_finding *finding = composer->finding;
    enum fam_code code = fill_score(composer, finding->primary, &reading->primary);
    if (code != FAM_OK || finding->secondary_count == 0) {
        return code;
    }
    reading->secondary = calloc(finding->secondary_count, sizeof(*reading->secondary));
    if (reading->secondary == NULL) {
        return fam_fail_memory(composer->status);
    }
    for (size_t i = 0; i < finding->secondary_count && code == FAM_OK; i++) {
        code = fill_score(composer, finding->secondary[i], &reading->secondary[i]);
        reading->n_secondary += code == FAM_OK ? 1 : 0;
    }
    return code;
}

static enum fam_code fill_needs(const struct composer *composer, Fam__V1__Reading *reading)
{
    static const char prefix[] = "need_";
    const struct fam_offline_finding *finding = composer->finding;
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&fam__v1__need__descriptor, (int)finding->needs[0]);
    char name[FAM_OFFLINE_KEY_BYTES];
    (void)snprintf(name, sizeof(name), "%s", value == NULL ? "" : value->name);
    for (char *c = name; *c != '\0'; c++) {
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    }
    reading->needs = calloc(finding->need_count, sizeof(*reading->needs));
    if (reading->needs == NULL) {
        return fam_fail_memory(composer->status);
    }
    reading->n_needs = finding->need_count;
    for (size_t i = 0; i < finding->need_count; i++) {
        reading->needs[i] = finding->needs[i];
    }
    /* A situation may say what matters in words of its own. */
    const char *own = fam_offline_pick(composer->texts, composer->chain, 1, FAM_OFFLINE_TEXT, composer->input->age_band,
                                       finding->hash);
    if (own != NULL) {
        return make_text(composer, own, "a need", &reading->need_text);
    }
    return make_text(composer, strncmp(name, prefix, sizeof(prefix) - 1) == 0 ? snippet(composer, name) : NULL,
                     "a need", &reading->need_text);
}

static Fam__V1__ResponseKind kind_named(const char *name)
{
    static const char *const names[] = {"", "name", "space", "limit", "solve", "repair"};
    for (size_t i = 1; i < FAM_ARRAY_SIZE(names); i++) {
        if (strcmp(names[i], name) == 0) {
            return (Fam__V1__ResponseKind)i;
        }
    }
    return FAM__V1__RESPONSE_KIND__RESPONSE_KIND_UNSPECIFIED;
}

/* Three kinds, each once, as the plan orders them. */
static bool choose_kinds(const struct composer *composer, Fam__V1__ResponseKind kinds[RESPONSES])
{
    char copy[64];
    unsigned seen = 0;
    size_t count = 0;
    const char *words = fam_offline_pick(composer->plan, composer->chain, FAM_OFFLINE_CHAIN_MAX, FAM_OFFLINE_KINDS,
                                         composer->input->age_band, composer->finding->hash);
    int written = words == NULL ? -1 : snprintf(copy, sizeof(copy), "%s", words);
    if (written < 0 || (size_t)written >= sizeof(copy)) {
        return false;
    }
    char *at = copy;
    for (char *word = fam_offline_next_word(&at); word != NULL; word = fam_offline_next_word(&at)) {
        Fam__V1__ResponseKind kind = kind_named(word);
        if (kind == FAM__V1__RESPONSE_KIND__RESPONSE_KIND_UNSPECIFIED || count == RESPONSES ||
            (seen & (1u << (unsigned)kind)) != 0) {
            return false;
        }
        seen |= 1u << (unsigned)kind;
        kinds[count++] = kind;
    }
    return count == RESPONSES;
}

static enum fam_code fill_response(const struct composer *composer, Fam__V1__ResponseKind kind,
                                   Fam__V1__SuggestedResponse *response)
{
    response->kind = kind;
    enum fam_code code =
        fill(composer, fam_offline_response_field(kind, FAM_OFFLINE_SAY), "a response", &response->text);
    if (code == FAM_OK) {
        code =
            fill(composer, fam_offline_response_field(kind, FAM_OFFLINE_WHY), "why a response works", &response->why);
    }
    if (code == FAM_OK) {
        code =
            fill(composer, fam_offline_response_field(kind, FAM_OFFLINE_EXPECT), "what to expect", &response->expect);
    }
    return code;
}

static enum fam_code fill_responses(const struct composer *composer, Fam__V1__Reading *reading)
{
    Fam__V1__ResponseKind kinds[RESPONSES];
    if (!choose_kinds(composer, kinds)) {
        return missing(composer, "three kinds of response");
    }
    reading->responses = calloc(RESPONSES, sizeof(*reading->responses));
    if (reading->responses == NULL) {
        return fam_fail_memory(composer->status);
    }
    enum fam_code code = FAM_OK;
    for (size_t i = 0; i < RESPONSES && code == FAM_OK; i++) {
        Fam__V1__SuggestedResponse *response = malloc(sizeof(*response));
        if (response == NULL) {
            return fam_fail_memory(composer->status);
        }
        fam__v1__suggested_response__init(response);
        reading->responses[reading->n_responses++] = response;
        code = fill_response(composer, kinds[i], response);
    }
    return code;
}

static enum fam_code fill_reading(const struct composer *composer, Fam__V1__Reading *reading)
{
    const struct fam_offline_finding *finding = composer->finding;
    reading->engine = FAM__V1__ENGINE__ENGINE_OFFLINE;
    reading->language = composer->input->language;
    reading->input_kind = finding->kind;
    reading->certainty = finding->certainty;
    enum fam_code code = fill_emotions(composer, reading);
    if (code == FAM_OK) {
        code = fill_going_on(composer, reading);
    }
    if (code == FAM_OK) {
        code = fill(composer, FAM_OFFLINE_SECOND, "a second reading", &reading->second_reading);
    }
    if (code == FAM_OK) {
        code = fill_needs(composer, reading);
    }
    if (code == FAM_OK) {
        code = fill_responses(composer, reading);
    }
    if (code == FAM_OK) {
        code = fill(composer, FAM_OFFLINE_AVOID, "what to avoid", &reading->avoid);
    }
    if (code == FAM_OK) {
        code = fill(composer, FAM_OFFLINE_ACTIVITY, "an activity", &reading->activity);
    }
    if (code == FAM_OK) {
        reading->prompt_version = strdup(fam_offline_version());
        code = reading->prompt_version == NULL ? fam_fail_memory(composer->status) : FAM_OK;
    }
    return code;
}

enum fam_code fam_offline_compose(const struct fam_offline_keys *keys, const struct fam_offline_templates *plan,
                                  const struct fam_offline_templates *texts, const struct fam_reading_input *input,
                                  const struct fam_offline_finding *finding, Fam__V1__Reading **ret_reading,
                                  struct fam_status *status)
{
    uint16_t emotion = (uint16_t)finding->primary.id;
    const char *group = fam_offline_pick(plan, &emotion, 1, FAM_OFFLINE_GROUP, input->age_band, 0);
    struct composer composer = {
        .keys = keys,
        .plan = plan,
        .texts = texts,
        .input = input,
        .finding = finding,
        .chain = {finding->situation, emotion, group == NULL ? FAM_OFFLINE_NO_KEY : fam_offline_keys_find(keys, group),
                  fam_offline_keys_find(keys, "any")},
        .name = usable_name(input->child_name),
        .status = status,
    };
    Fam__V1__Reading *reading = malloc(sizeof(*reading));
    if (reading == NULL) {
        return fam_fail_memory(status);
    }
    fam__v1__reading__init(reading);
    enum fam_code code = fill_reading(&composer, reading);
    if (code != FAM_OK) {
        fam__v1__reading__free_unpacked(reading, NULL);
        return code;
    }
    *ret_reading = reading;
    return FAM_OK;
}
