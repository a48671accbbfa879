#include "translate/prompt.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/buf.h"
#include "base/text.h"

extern const unsigned char fam_data_prompt_ru_v2_txt[];
extern const size_t fam_data_prompt_ru_v2_txt_size;
extern const unsigned char fam_data_prompt_en_v2_txt[];
extern const size_t fam_data_prompt_en_v2_txt_size;
extern const unsigned char fam_data_reading_schema_v1_json[];
extern const size_t fam_data_reading_schema_v1_json_size;

enum { BANDS = 7, LANGUAGES = 3, SYSTEM_MAX = 64 * 1024, USER_MAX = 512 * 1024, VERSION_BYTES = 40, DIGEST = 4 };

/* In the order of AgeBand, "any" for an unknown age. */
static const char *const band_names[BANDS] = {"any", "2-3", "4-6", "7-9", "10-12", "13-15", "16-17"};
static const char *const place_names[] = {"unknown", "home", "school", "friends", "other"};
/* The user message's constant parts; the digest of the version covers them. */
enum user_part {
    PART_PLACE,
    PART_BEFORE,
    PART_TRAITS,
    PART_NEEDS,
    PART_CHILD_END,
    PART_LEARNED,
    PART_IT_WAS,
    PART_PHRASE,
    PART_END
};
static const char *const user_parts[] = {
    [PART_PLACE] = "{\"place\":\"",
    [PART_BEFORE] = "\",\"happened_before\":",
    [PART_TRAITS] = ",\"child\":{\"traits\":[",
    [PART_NEEDS] = "],\"special_needs\":",
    [PART_CHILD_END] = "}",
    [PART_LEARNED] = ",\"corrections\":[",
    [PART_IT_WAS] = ",\"it_was\":",
    [PART_PHRASE] = ",\"phrase\":",
    [PART_END] = "}",
};
/* In the order of Trait. */
static const char *const trait_names[] = {NULL,      "active",   "calm",    "shy",    "sociable", "sensitive",
                                          "anxious", "stubborn", "curious", "dreamy", "impulsive"};
static const char mark[] = "\n=== ";

struct language {
    char *systems[BANDS];
    char version[VERSION_BYTES];
};

struct fam_prompts {
    struct language languages[LANGUAGES];
    char *schema;
};

/* The text of `band`: everything before the first mark, then the part of that age. */
static char *system_of(const char *text, size_t band)
{
    char heading[32];
    const char *constant = strstr(text, mark);
    (void)snprintf(heading, sizeof(heading), "%s%s\n", mark, band_names[band]);
    const char *part = strstr(text, heading);
    if (constant == NULL || part == NULL) {
        return NULL;
    }
    part += strlen(heading);
    const char *end = strstr(part, mark);
    size_t size = end == NULL ? strlen(part) : (size_t)(end - part);
    struct fam_buf out = {0};
    fam_buf_init(&out, SYSTEM_MAX);
    fam_buf_add(&out, text, (size_t)(constant - text));
    fam_buf_add_text(&out, "\n\n# Age\n");
    fam_buf_add(&out, part, size);
    while (out.size > 0 && out.data[out.size - 1] == '\n') {
        out.data[--out.size] = '\0';
    }
    char *taken = fam_buf_take(&out);
    fam_buf_done(&out);
    return taken;
}

static enum fam_code make_version(struct language *language, const char *name, const char *schema,
                                  struct fam_status *status)
{
    unsigned char digest[crypto_generichash_BYTES];
    char hex[2 * DIGEST + 1];
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof(digest));
    for (size_t i = 0; i < BANDS; i++) {
        (void)crypto_generichash_update(&state, (const unsigned char *)language->systems[i],
                                        strlen(language->systems[i]) + 1);
    }
    for (size_t i = 0; i < FAM_ARRAY_SIZE(user_parts); i++) {
        (void)crypto_generichash_update(&state, (const unsigned char *)user_parts[i], strlen(user_parts[i]) + 1);
    }
    (void)crypto_generichash_update(&state, (const unsigned char *)schema, strlen(schema));
    (void)crypto_generichash_final(&state, digest, sizeof(digest));
    (void)sodium_bin2hex(hex, sizeof(hex), digest, DIGEST);
    int written = snprintf(language->version, sizeof(language->version), "%s-%s", name, hex);
    return written > 0 && (size_t)written < sizeof(language->version)
               ? FAM_OK
               : fam_fail(status, FAM_INTERNAL, "the prompt's version %s is too long", name);
}

static enum fam_code load(struct fam_prompts *prompts, Fam__V1__Language id, const char *name,
                          const unsigned char *data, size_t size, struct fam_status *status)
{
    struct language *language = &prompts->languages[id];
    if (!fam_utf8_valid((const char *)data, size)) {
        return fam_fail(status, FAM_INTERNAL, "the prompt of %s is no UTF-8", name);
    }
    for (size_t i = 0; i < BANDS; i++) {
        language->systems[i] = system_of((const char *)data, i);
        if (language->systems[i] == NULL) {
            return fam_fail(status, FAM_INTERNAL, "the prompt of %s lacks the age %s", name, band_names[i]);
        }
    }
    return make_version(language, name, prompts->schema, status);
}

struct fam_prompts *fam_prompts_new(struct fam_status *status)
{
    struct fam_prompts *prompts = calloc(1, sizeof(*prompts));
    if (prompts == NULL) {
        (void)fam_fail_memory(status);
        return NULL;
    }
    prompts->schema = strndup((const char *)fam_data_reading_schema_v1_json, fam_data_reading_schema_v1_json_size);
    enum fam_code code = prompts->schema == NULL ? fam_fail_memory(status) : FAM_OK;
    if (code == FAM_OK) {
        prompts->schema[strcspn(prompts->schema, "\n")] = '\0';
        code = load(prompts, FAM__V1__LANGUAGE__LANGUAGE_RU, "claude-2-ru", fam_data_prompt_ru_v2_txt,
                    fam_data_prompt_ru_v2_txt_size, status);
    }
    if (code == FAM_OK) {
        code = load(prompts, FAM__V1__LANGUAGE__LANGUAGE_EN, "claude-2-en", fam_data_prompt_en_v2_txt,
                    fam_data_prompt_en_v2_txt_size, status);
    }
    if (code != FAM_OK) {
        fam_prompts_free(prompts);
        return NULL;
    }
    return prompts;
}

void fam_prompts_free(struct fam_prompts *prompts)
{
    if (prompts == NULL) {
        return;
    }
    for (size_t i = 0; i < LANGUAGES; i++) {
        for (size_t band = 0; band < BANDS; band++) {
            free(prompts->languages[i].systems[band]);
        }
    }
    free(prompts->schema);
    free(prompts);
}

const char *fam_prompts_version(const struct fam_prompts *prompts, Fam__V1__Language language)
{
    bool known = language > 0 && (size_t)language < LANGUAGES && prompts->languages[language].systems[0] != NULL;
    return known ? prompts->languages[language].version : NULL;
}

/* Is it safer to see the character's number than the character: what can end a tag, what is not seen, what turns text
 * around? */
static bool is_escaped(utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return c == '<' || c == '>' || c == '&' || category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ||
           category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP || category == UTF8PROC_CATEGORY_CO ||
           category == UTF8PROC_CATEGORY_CN;
}

static void add_escape(struct fam_buf *out, utf8proc_int32_t c)
{
    if (c > 0xffff) {
        unsigned rest = (unsigned)c - 0x10000;
        fam_buf_addf(out, "\\u%04x\\u%04x", 0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ff));
    } else {
        fam_buf_addf(out, "\\u%04x", (unsigned)c);
    }
}

/* `text` as a JSON string whose bytes hold nothing invisible. */
static void add_string(struct fam_buf *out, const char *text)
{
    fam_buf_add_char(out, '"');
    for (const char *at = text; *at != '\0';) {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)at, -1, &c);
        if (step <= 0) {
            break; /* the text was checked before */
        }
        if (c == '"' || c == '\\') {
            fam_buf_addf(out, "\\%c", (char)c);
        } else if (c == '\n') {
            fam_buf_add_text(out, "\\n");
        } else if (is_escaped(c)) {
            add_escape(out, c);
        } else {
            fam_buf_add(out, at, (size_t)step);
        }
        at += step;
    }
    fam_buf_add_char(out, '"');
}

static enum fam_code check_input(const struct fam_prompt_input *input, const char *needs, struct fam_status *status)
{
    if ((size_t)input->age_band >= BANDS || (size_t)input->place >= FAM_ARRAY_SIZE(place_names)) {
        return fam_fail_field(status, "age_band", "unknown age band or place");
    }
    for (size_t i = 0; i < input->trait_count; i++) {
        if (input->traits[i] == FAM__V1__TRAIT__TRAIT_UNSPECIFIED ||
            (size_t)input->traits[i] >= FAM_ARRAY_SIZE(trait_names)) {
            return fam_fail_field(status, "traits", "unknown trait");
        }
    }
    if (!fam_utf8_valid(input->phrase, strlen(input->phrase)) ||
        !fam_utf8_valid(input->happened_before, strlen(input->happened_before)) ||
        !fam_utf8_valid(needs, strlen(needs))) {
        return fam_fail_field(status, "phrase", "the text is no UTF-8");
    }
    return FAM_OK;
}

static void add_child(struct fam_buf *user, const struct fam_prompt_input *input, const char *needs)
{
    if (input->trait_count == 0 && needs[0] == '\0') {
        return;
    }
    fam_buf_add_text(user, user_parts[PART_TRAITS]);
    for (size_t i = 0; i < input->trait_count; i++) {
        fam_buf_addf(user, "%s\"%s\"", i > 0 ? "," : "", trait_names[input->traits[i]]);
    }
    fam_buf_add_text(user, user_parts[PART_NEEDS]);
    add_string(user, needs);
    fam_buf_add_text(user, user_parts[PART_CHILD_END]);
}

/* An emotion as the schema names it. False: none of the list. */
static bool add_emotion(struct fam_buf *user, Fam__V1__Emotion emotion)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(&fam__v1__emotion__descriptor, (int)emotion);
    size_t prefix = strlen("EMOTION_");
    if (value == NULL || emotion == FAM__V1__EMOTION__EMOTION_UNSPECIFIED) {
        return false;
    }
    for (const char *at = value->name + prefix; *at != '\0'; at++) {
        fam_buf_add_char(user, *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at);
    }
    return true;
}

static void add_correction(struct fam_buf *user, const struct fam_prompt_correction *correction)
{
    fam_buf_add_text(user, "{\"read_as\":\"");
    (void)add_emotion(user, correction->instead_of);
    fam_buf_add_text(user, "\",\"was\":\"");
    (void)add_emotion(user, correction->emotion);
    fam_buf_add_text(user, "\",\"note\":");
    add_string(user, correction->note);
    fam_buf_add_char(user, '}');
}

static void add_learned(struct fam_buf *user, const struct fam_prompt_input *input)
{
    for (size_t i = 0; i < input->correction_count; i++) {
        fam_buf_add_text(user, i == 0 ? user_parts[PART_LEARNED] : ",");
        add_correction(user, &input->corrections[i]);
    }
    if (input->correction_count > 0) {
        fam_buf_add_char(user, ']');
    }
    if (input->it_was != NULL) {
        fam_buf_add_text(user, user_parts[PART_IT_WAS]);
        add_correction(user, input->it_was);
    }
}

static enum fam_code check_notes(const struct fam_prompt_input *input, struct fam_status *status)
{
    bool good = input->it_was == NULL || fam_utf8_valid(input->it_was->note, strlen(input->it_was->note));
    for (size_t i = 0; good && i < input->correction_count; i++) {
        good = fam_utf8_valid(input->corrections[i].note, strlen(input->corrections[i].note));
    }
    return good ? FAM_OK : fam_fail_field(status, "note", "the text is no UTF-8");
}

enum fam_code fam_prompt_build(const struct fam_prompts *prompts, const struct fam_prompt_input *input,
                               struct fam_prompt *ret_prompt, struct fam_status *status)
{
    *ret_prompt = (struct fam_prompt){.user = NULL};
    const char *version = fam_prompts_version(prompts, input->language);
    if (version == NULL) {
        return fam_fail_field(status, "language", "there is no prompt for this language");
    }
    const char *needs = input->special_needs == NULL ? "" : input->special_needs;
    enum fam_code code = check_input(input, needs, status);
    if (code == FAM_OK) {
        code = check_notes(input, status);
    }
    if (code != FAM_OK) {
        return code;
    }
    struct fam_buf user = {0};
    fam_buf_init(&user, USER_MAX);
    fam_buf_add_text(&user, user_parts[PART_PLACE]);
    fam_buf_add_text(&user, place_names[input->place]);
    fam_buf_add_text(&user, user_parts[PART_BEFORE]);
    add_string(&user, input->happened_before);
    add_child(&user, input, needs);
    add_learned(&user, input);
    fam_buf_add_text(&user, user_parts[PART_PHRASE]);
    add_string(&user, input->phrase);
    fam_buf_add_text(&user, user_parts[PART_END]);
    char *taken = fam_buf_take(&user);
    fam_buf_done(&user);
    if (taken == NULL) {
        return fam_fail_memory(status);
    }
    *ret_prompt = (struct fam_prompt){.system = prompts->languages[input->language].systems[input->age_band],
                                      .user = taken,
                                      .schema = prompts->schema,
                                      .version = version};
    return FAM_OK;
}

void fam_prompt_done(struct fam_prompt *prompt)
{
    if (prompt->user != NULL) {
        sodium_memzero(prompt->user, strlen(prompt->user));
        free(prompt->user);
    }
    *prompt = (struct fam_prompt){.user = NULL};
}
