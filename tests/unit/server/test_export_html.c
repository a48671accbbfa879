/* The readable export: no code of ours is left in it, times are times, and what people wrote stays what they wrote. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fam/v1/family.pb-c.h"
#include "fam/v1/notification.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "services/export_html.h"
#include "services/methods.h"
#include "store/schedule_store.h"

enum { HTML_MAX = 1 << 20, ROW_SIZE = 1024 };

static const Fam__V1__Language LANGUAGES[] = {FAM__V1__LANGUAGE__LANGUAGE_RU, FAM__V1__LANGUAGE__LANGUAGE_EN};

/* The row as a page shows it; lives until the next call. */
static const char *show(Fam__V1__Language language, const char *json)
{
    static char shown[HTML_MAX];
    struct fam_buf html;
    struct fam_status status = {.message = ""};
    fam_buf_init(&html, HTML_MAX);
    cr_assert_eq(fam_export_html_row(&html, language, json, &status), FAM_OK, "%s", status.message);
    snprintf(shown, sizeof(shown), "%s", fam_buf_text(&html));
    fam_buf_done(&html);
    return shown;
}

static void expect_word(const char *column, const char *word)
{
    char json[ROW_SIZE], raw[ROW_SIZE];
    snprintf(json, sizeof(json), "{\"%s\":\"%s\"}", column, word);
    snprintf(raw, sizeof(raw), "<dd>%s</dd>", word);
    for (size_t i = 0; i < FAM_ARRAY_SIZE(LANGUAGES); i++) {
        cr_expect_null(strstr(show(LANGUAGES[i], json), raw), "%s of %s has no text in language %d", word, column,
                       (int)LANGUAGES[i]);
    }
}

Test(export_html, every_word_of_the_api_has_a_text_in_both_languages)
{
    static const struct {
        const char *column;
        const ProtobufCEnumDescriptor *words;
    } COLUMNS[] = {{"place", &fam__v1__place__descriptor},          {"age_band", &fam__v1__age_band__descriptor},
                   {"inputKind", &fam__v1__input_kind__descriptor}, {"certainty", &fam__v1__certainty__descriptor},
                   {"language", &fam__v1__language__descriptor},    {"helped", &fam__v1__helped__descriptor},
                   {"emotion", &fam__v1__emotion__descriptor},      {"instead_of", &fam__v1__emotion__descriptor},
                   {"needs", &fam__v1__need__descriptor},           {"kind", &fam__v1__response_kind__descriptor},
                   {"traits", &fam__v1__trait__descriptor},         {"engine", &fam__v1__engine__descriptor},
                   {"safety", &fam__v1__safety_kind__descriptor},   {"told_of", &fam__v1__safety_kind__descriptor},
                   {"kind", &fam__v1__notice_kind__descriptor}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(COLUMNS); i++) {
        for (unsigned value = 0; value < COLUMNS[i].words->n_values; value++) {
            expect_word(COLUMNS[i].column, COLUMNS[i].words->values[value].name);
        }
    }
}

/* As the tables hold them. */
Test(export_html, every_word_of_the_database_has_a_text_in_both_languages)
{
    static const char *const WORDS[][2] = {{"job", FAM_JOB_CHECKIN},     {"job", FAM_JOB_WEEKLY_REPORT},
                                           {"kind", "better_reading"},   {"kind", "checkin"},
                                           {"kind", "weekly_report"},    {"kind", "notice"},
                                           {"kind", "follow_up"},        {"kind", "broadcast"},
                                           {"state", "queued"},          {"state", "delivered"},
                                           {"state", "failed"},          {"state", "expired"},
                                           {"source", "invite"},         {"source", "api"},
                                           {"purpose", "processing"},    {"purpose", "ai"},
                                           {"purpose", "notifications"}, {"role", "reader"},
                                           {"language", "ru"},           {"language", "en"},
                                           {"engine", "offline"},        {"engine", "claude"},
                                           {"recipient", "anthropic"}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(WORDS); i++) {
        expect_word(WORDS[i][0], WORDS[i][1]);
    }
}

Test(export_html, every_method_by_which_an_operator_opens_something_has_a_text)
{
    const unsigned opens = FAM_METHOD_PERSONAL | FAM_METHOD_ACTING_USER;
    size_t seen = 0;
    for (size_t i = 0; i < fam_method_count; i++) {
        if ((fam_methods[i].roles & FAM_ROLE_ADMIN) != 0 && (fam_methods[i].flags & opens) != 0) {
            expect_word("method", fam_methods[i].name);
            seen++;
        }
    }
    cr_expect_gt(seen, (size_t)10);
}

/* `depth` of messages inside messages. */
static void expect_columns(const ProtobufCMessageDescriptor *message, int depth)
{
    for (unsigned i = 0; i < message->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->fields[i];
        char name[64] = "", json[ROW_SIZE], raw[ROW_SIZE];
        size_t size = 0;
        for (const char *at = field->name; *at != '\0' && size + 1 < sizeof(name); at++) {
            bool is_upper = at > field->name && at[-1] == '_' && *at >= 'a' && *at <= 'z';
            if (*at != '_') {
                name[size++] = is_upper ? (char)(*at - 'a' + 'A') : *at;
            }
        }
        snprintf(json, sizeof(json), "{\"%s\":true}", name);
        snprintf(raw, sizeof(raw), "<dt>%s</dt>", name);
        cr_expect_null(strstr(show(FAM__V1__LANGUAGE__LANGUAGE_RU, json), raw), "%s of %s has no text", name,
                       message->name);
        if (field->type == PROTOBUF_C_TYPE_MESSAGE && depth > 0) {
            expect_columns(field->descriptor, depth - 1);
        }
    }
}

Test(export_html, whatever_is_inside_a_seal_has_a_name)
{
    expect_columns(&fam__v1__reading__descriptor, 2);
    expect_columns(&fam__v1__checkin_prompt__descriptor, 2);
    expect_columns(&fam__v1__week_summary__descriptor, 2);
    expect_columns(&fam__v1__notice__descriptor, 2);
    expect_columns(&fam__v1__follow_up__descriptor, 2);
}

static void expect_value(const char *json, const char *russian, const char *english)
{
    const char *const values[] = {russian, english};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(LANGUAGES); i++) {
        char wanted[ROW_SIZE];
        snprintf(wanted, sizeof(wanted), "<dd>%s</dd>", values[i]);
        const char *shown = show(LANGUAGES[i], json);
        cr_expect_not_null(strstr(shown, wanted), "%s is shown as %s", json, shown);
    }
}

Test(export_html, times_and_durations_are_shown_as_such)
{
    static const char *const moment = "2026-12-01 09:30 UTC";
    expect_value("{\"created_at\":\"2026-12-01T09:30:15.123456+00:00\"}", moment, moment);
    expect_value("{\"at\":\"2026-12-01T09:30:15+00:00\"}", moment, moment);
    expect_value("{\"not_before\":\"2026-12-01T09:30:15+00:00\"}", moment, moment);
    expect_value("{\"createdAtMs\":\"1796117415123\"}", moment, moment);
    expect_value("{\"atMs\":1796117415123}", moment, moment);
    expect_value("{\"late_ms\":7200000}", "2 ч", "2 h");
    expect_value("{\"every_ms\":90061000}", "1 дн. 1 ч 1 мин 1 с", "1 d 1 h 1 min 1 s");
    expect_value("{\"late_ms\":0}", "0", "0");
    expect_value("{\"weekday\":7}", "воскресенье", "Sunday");
    expect_value("{\"chat_id\":-1001234567890}", "-1001234567890", "-1001234567890");
}

Test(export_html, what_people_wrote_stays_as_they_wrote_it)
{
    static const char *const time = "2026-12-01T09:30:15+00:00";
    expect_value("{\"phrase\":\"PLACE_HOME\"}", "PLACE_HOME", "PLACE_HOME");
    expect_value("{\"phrase\":\"2026-12-01T09:30:15+00:00\"}", time, time);
    expect_value("{\"created_at\":\"<b>\"}", "&lt;b&gt;", "&lt;b&gt;");
}
