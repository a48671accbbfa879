/* translate: one phrase, as a parent would send it. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/uuid.h"
#include "commands/commands.h"
#include "ctl.h"
#include "fam/v1/translation.pb-c.h"
#include "words.h"

enum { PHRASE_CHARS = 2000, PHRASE_BYTES = 4 * PHRASE_CHARS + 1024 };

struct age_range {
    uint32_t oldest;
    Fam__V1__AgeBand band;
};

static Fam__V1__AgeBand band_of(uint32_t years)
{
    static const struct age_range ranges[] = {
        {3, FAM__V1__AGE_BAND__AGE_BAND_2_3},    {6, FAM__V1__AGE_BAND__AGE_BAND_4_6},
        {9, FAM__V1__AGE_BAND__AGE_BAND_7_9},    {12, FAM__V1__AGE_BAND__AGE_BAND_10_12},
        {15, FAM__V1__AGE_BAND__AGE_BAND_13_15}, {UINT32_MAX, FAM__V1__AGE_BAND__AGE_BAND_16_17},
    };
    size_t i = 0;
    while (years > ranges[i].oldest) {
        i++;
    }
    return ranges[i].band;
}

/* From the arguments, which are wiped so that process lists show it no longer, or from standard input. */
static enum fam_code read_phrase(struct fam_ctl *ctl, char phrase[PHRASE_BYTES + 1], struct fam_status *status)
{
    char *word = ctl->parsed->argument_count > 0 ? ctl->parsed->arguments[0] : NULL;
    size_t size = 0;
    if (word != NULL && strcmp(word, "-") != 0) {
        size = strnlen(word, PHRASE_BYTES);
        memcpy(phrase, word, size);
        sodium_memzero(word, strlen(word));
    } else {
        if (ctl->io->in_terminal) {
            fprintf(ctl->io->err, "What did the child say? End with Ctrl-D on a line of its own.\n");
        }
        size = fread(phrase, 1, PHRASE_BYTES, ctl->io->in);
        if (ferror(ctl->io->in)) {
            return fam_fail(status, FAM_UNKNOWN, "standard input can't be read");
        }
    }
    phrase[size] = '\0';
    if (!fam_utf8_valid(phrase, size)) {
        return fam_usage(status, "the phrase is not UTF-8 text");
    }
    fam_text_trim(phrase);
    if (phrase[0] == '\0') {
        return fam_usage(status, "the phrase is empty: give it on standard input");
    }
    if (size == PHRASE_BYTES || fam_utf8_length(phrase) > PHRASE_CHARS) {
        return fam_usage(status, "the phrase is longer than %d characters", PHRASE_CHARS);
    }
    return FAM_OK;
}

static enum fam_code check_flags(const struct fam_parsed *parsed, struct fam_status *status)
{
    const char *user = fam_parsed_value(parsed, "--user");
    const char *child = fam_parsed_value(parsed, "--child");
    if (child != NULL && fam_parsed_value(parsed, "--age") != NULL) {
        return fam_usage(status, "--child and --age are given: the child's age is known");
    }
    if (child != NULL && user == NULL) {
        return fam_usage(status, "--child needs --user, whose child it is");
    }
    if (user != NULL && fam_parsed_value(parsed, "--reason") == NULL) {
        return fam_usage(status, "--user needs --reason: acting for a user is audited");
    }
    return FAM_OK;
}

static int enum_flag(const struct fam_parsed *parsed, const char *flag, const ProtobufCEnumDescriptor *descriptor)
{
    const char *word = fam_parsed_value(parsed, flag);
    int value = 0;
    if (word == NULL || !fam_word_to_enum(descriptor, word, &value)) {
        return 0;
    }
    return value;
}

static void fill_request(const struct fam_parsed *parsed, char *phrase, Fam__V1__TranslateRequest *request)
{
    uint32_t age = fam_parsed_number(parsed, "--age", 0);
    request->phrase = phrase;
    if (age != 0) {
        request->age_band = band_of(age);
    }
    const char *child = fam_parsed_value(parsed, "--child");
    if (child != NULL) {
        request->child_id = (char *)child;
    }
    request->language = (Fam__V1__Language)enum_flag(parsed, "--language", &fam__v1__language__descriptor);
    request->place = (Fam__V1__Place)enum_flag(parsed, "--place", &fam__v1__place__descriptor);
}

static void show_word(struct fam_out *out, const char *key, const char *title,
                      const ProtobufCEnumDescriptor *descriptor, int value)
{
    char word[FAM_WORD_SIZE];
    fam_word_from_enum(descriptor, value, word);
    fam_out_field(out, key, title, FAM_TEXT(word));
}

static void show_safety(struct fam_out *out, const Fam__V1__SafetyHelp *safety)
{
    static const struct fam_column columns[] = {
        {"name", "Name"}, {"number", "Number"}, {"hours", "Hours"}, {"url", "Page"}, {"verified_on", "Verified on"}};
    char kind[FAM_WORD_SIZE];
    fam_word_from_enum(&fam__v1__safety_kind__descriptor, (int)safety->kind, kind);
    fam_out_field(out, "safety_kind", "Safety", FAM_TONED(kind, FAM_TONE_BAD));
    fam_out_field(out, "safety_opening", "Opening", FAM_TEXT(safety->opening));
    fam_out_field(out, "safety_first_step", "First step", FAM_TEXT(safety->first_step));
    fam_out_field(out, "safety_steps", "Then", FAM_WORDS(safety->steps, safety->n_steps));
    fam_out_table(out, "safety_lines", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_STACKED);
    for (size_t i = 0; i < safety->n_lines; i++) {
        fam_out_cell(out, FAM_TEXT(safety->lines[i]->name));
        fam_out_cell(out, FAM_TEXT(safety->lines[i]->number));
        fam_out_cell(out, FAM_TEXT(safety->lines[i]->hours));
        fam_out_cell(out, FAM_TEXT(safety->lines[i]->url));
        fam_out_cell(out, FAM_TEXT(safety->lines[i]->verified_on));
    }
}

static void show_responses(struct fam_out *out, const Fam__V1__Reading *reading)
{
    static const struct fam_column columns[] = {
        {"kind", "Kind"}, {"text", "Say"}, {"why", "Why"}, {"expect", "Expect"}};
    fam_out_table(out, "responses", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_STACKED);
    for (size_t i = 0; i < reading->n_responses; i++) {
        char kind[FAM_WORD_SIZE];
        fam_word_from_enum(&fam__v1__response_kind__descriptor, (int)reading->responses[i]->kind, kind);
        fam_out_cell(out, FAM_TEXT(kind));
        fam_out_cell(out, FAM_TEXT(reading->responses[i]->text));
        fam_out_cell(out, FAM_TEXT(reading->responses[i]->why));
        fam_out_cell(out, FAM_TEXT(reading->responses[i]->expect));
    }
}

static void show_needs(struct fam_out *out, const Fam__V1__Reading *reading)
{
    char words[4][FAM_WORD_SIZE];
    const char *needs[4];
    size_t count = reading->n_needs < FAM_ARRAY_SIZE(needs) ? reading->n_needs : FAM_ARRAY_SIZE(needs);
    for (size_t i = 0; i < count; i++) {
        fam_word_from_enum(&fam__v1__need__descriptor, (int)reading->needs[i], words[i]);
        needs[i] = words[i];
    }
    fam_out_field(out, "needs", "Needs", FAM_WORDS(needs, count));
}

static void show_reading(struct fam_out *out, const Fam__V1__Reading *reading)
{
    show_word(out, "engine", "Engine", &fam__v1__engine__descriptor, (int)reading->engine);
    show_word(out, "language", "Language", &fam__v1__language__descriptor, (int)reading->language);
    show_word(out, "certainty", "Certainty", &fam__v1__certainty__descriptor, (int)reading->certainty);
    if (reading->primary != NULL) {
        show_word(out, "emotion", "Emotion", &fam__v1__emotion__descriptor, (int)reading->primary->emotion);
        fam_out_field(out, "intensity", "Intensity, 1-5", FAM_NUMBER(reading->primary->intensity));
    }
    fam_out_field(out, "going_on", "Going on", FAM_TEXT(reading->going_on));
    fam_out_field(out, "second_reading", "It may also be", FAM_TEXT(reading->second_reading));
    show_needs(out, reading);
    fam_out_field(out, "need_text", "In words", FAM_TEXT(reading->need_text));
    show_responses(out, reading);
    fam_out_field(out, "avoid", "Avoid", FAM_TEXT(reading->avoid));
    fam_out_field(out, "activity", "Activity", FAM_TEXT(reading->activity));
}

static void show_entry(struct fam_out *out, const Fam__V1__Entry *entry)
{
    if (entry->safety != NULL) {
        show_safety(out, entry->safety);
    }
    fam_out_field(out, "entry_id", "Entry", FAM_TEXT(entry->entry_id));
    show_word(out, "age_band", "Age", &fam__v1__age_band__descriptor, (int)entry->age_band);
    if (entry->reading != NULL) {
        show_reading(out, entry->reading);
    }
}

enum fam_code fam_ctl_translate(struct fam_ctl *ctl, struct fam_status *status)
{
    char phrase[PHRASE_BYTES + 1];
    char key[FAM_CTL_KEY_SIZE];
    struct fam_uuid user_id;
    Fam__V1__TranslateRequest request = FAM__V1__TRANSLATE_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    enum fam_code code = check_flags(ctl->parsed, status);
    if (code == FAM_OK) {
        code = read_phrase(ctl, phrase, status);
    }
    if (code == FAM_OK) {
        fill_request(ctl->parsed, phrase, &request);
        fam_ctl_key(key);
        options.idempotency_key = key;
        options.reason = fam_parsed_value(ctl->parsed, "--reason");
        if (fam_uuid_parse(fam_parsed_value(ctl->parsed, "--user"), &user_id)) {
            options.acting_user = &user_id;
        }
        fam_rpc_init(&rpc, &options);
        code = FAM_RPC(ctl->client, fam__v1__translation_service, translate, &rpc, &request, status);
        if (code == FAM_OK) {
            const Fam__V1__TranslateResponse *response = (const Fam__V1__TranslateResponse *)fam_rpc_response(&rpc);
            if (response->entry != NULL) {
                show_entry(&ctl->out, response->entry);
            }
        }
        fam_rpc_done(&rpc);
    }
    sodium_memzero(phrase, sizeof(phrase));
    return code;
}
