/* What an entry looks like, for every command that shows one. */
#include "commands/entry_view.h"

#include "base/compiler.h"
#include "output.h"
#include "words.h"

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

void fam_entry_show(struct fam_out *out, const Fam__V1__Entry *entry)
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
