/* The embedded .proto files (services/schema.h): every method, field and comment is found. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "services/methods.h"
#include "services/schema.h"

static struct fam_schema schema;
static struct fam_reply reply;

static void set_up(void)
{
    struct fam_status status;
    cr_assert_eq(fam_schema_open(&schema, &status), FAM_OK);
    fam_reply_init(&reply);
}

static void tear_down(void)
{
    fam_reply_done(&reply);
    fam_schema_done(&schema);
}

TestSuite(reflection, .init = set_up, .fini = tear_down);

Test(reflection, every_method_of_the_table_has_a_comment_in_its_proto)
{
    for (size_t i = 0; i < fam_method_count; i++) {
        struct fam_schema_place place;
        cr_assert(fam_schema_find(&schema, fam_methods[i].name, &place), "%s", fam_methods[i].name);
        cr_assert_not_null(place.method);
        cr_assert_str_not_empty(fam_schema_comment(&place, &reply), "%s has no comment", fam_methods[i].name);
        struct fam_schema_place input;
        cr_assert(fam_schema_find(&schema, place.method->input_type, &input));
        cr_assert_not_null(input.message);
    }
}

Test(reflection, every_rule_names_a_field_of_the_protos)
{
    for (size_t i = 0; i < fam_field_rule_count; i++) {
        char name[128];
        snprintf(name, sizeof(name), "%s", fam_field_rules[i].field);
        char *dot = strrchr(name, '.');
        *dot = '\0';
        struct fam_schema_place place;
        cr_assert(fam_schema_find(&schema, name, &place) && place.message != NULL, "%s", name);
        bool found = false;
        for (size_t j = 0; j < place.message->n_field; j++) {
            found = found || strcmp(place.message->field[j]->name, dot + 1) == 0;
        }
        cr_assert(found, "%s", fam_field_rules[i].field);
    }
}

Test(reflection, comments_above_and_behind_are_read_as_one_paragraph)
{
    struct fam_schema_place place;
    cr_assert(fam_schema_find(&schema, "fam.v1.TranslateRequest", &place));
    cr_assert_str_eq(fam_schema_comment_of(&place, FAM_SCHEMA_FIELD, 0, &reply),
                     "What the child said or did: 1 to 2,000 characters, also a single word.");
    cr_assert(fam_schema_find(&schema, ".fam.v1.EmotionScore", &place), "a dot in front is taken");
    cr_assert_str_eq(fam_schema_comment_of(&place, FAM_SCHEMA_FIELD, 1, &reply), "1 to 5");
    cr_assert_str_eq(fam_schema_comment_of(&place, FAM_SCHEMA_FIELD, 0, &reply), "");
    cr_assert(fam_schema_find(&schema, "fam.v1.SafetyKind", &place));
    cr_assert_str_eq(fam_schema_comment_of(&place, FAM_SCHEMA_ENUM_VALUE, 4, &reply), "grooming too");
}

Test(reflection, what_is_no_full_name_is_not_found)
{
    static const char *const names[] = {"",
                                        ".",
                                        "fam",
                                        "fam.v1",
                                        "fam.v1.",
                                        "fam.v1.OpsService",
                                        "OpsService",
                                        "fam.v1.OpsService/",
                                        "fam.v1.Entry.",
                                        "fam.v1.Entry.Nothing",
                                        "fam.v1.OpsService.Health",
                                        "fam.v1.OpsService/Health/x",
                                        "fam.rpc.v1.Nothing"};
    struct fam_schema_place place;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        cr_assert_not(fam_schema_find(&schema, names[i], &place), "%s", names[i]);
    }
    cr_assert(fam_schema_find(&schema, "fam.rpc.v1.Request", &place), "the envelope is described, too");
}
