/* Answers: the same cells as text for people and as JSON for programs. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/buf.h"
#include "output.h"

static const struct fam_column columns[] = {{"id", "ID"}, {"status", "STATUS"}, {"count", "COUNT"}, {"at", "AT"}};

static void fill(struct fam_out *out)
{
    const char *words[] = {"a/B", "c/D"};
    fam_out_init(out);
    fam_out_field(out, "status", "Status", FAM_TONED("healthy", FAM_TONE_GOOD));
    fam_out_field(out, "ready", "Ready", FAM_YES_NO(true));
    fam_out_field(out, "methods", "Methods", FAM_WORDS(words, 2));
    fam_out_table(out, "rows", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    fam_out_cell(out, FAM_TEXT("9007199254740993"));
    fam_out_cell(out, FAM_TONED("bad", FAM_TONE_BAD));
    fam_out_cell(out, FAM_NUMBER(INT64_C(9007199254740993)));
    fam_out_cell(out, FAM_TIME(0));
    fam_out_cell(out, FAM_TEXT("2"));
    fam_out_cell(out, FAM_TEXT("да"));
    fam_out_cell(out, FAM_NUMBER(7));
    fam_out_cell(out, FAM_TIME(1000));
    fam_out_note(out, "A remark.");
}

static void assert_rendered(const struct fam_out *out, enum fam_out_format format, struct fam_out_style style,
                            const char *text)
{
    fam_auto(fam_buf_done) struct fam_buf buf = {0};
    cr_assert(fam_out_render(out, format, &style, &buf));
    cr_assert_str_eq(fam_buf_text(&buf), text);
}

Test(ctl_output, a_table_is_aligned_and_has_no_trailing_spaces)
{
    fam_auto(fam_out_done) struct fam_out out;
    fill(&out);
    assert_rendered(&out, FAM_OUT_TABLE, (struct fam_out_style){0},
                    "Status   healthy\n"
                    "Ready    yes\n"
                    "Methods  a/B, c/D\n"
                    "\n"
                    "ID                STATUS  COUNT             AT\n"
                    "9007199254740993  bad     9007199254740993  -\n"
                    "2                 да                     7  1970-01-01T00:00:01.000Z\n"
                    "\n"
                    "A remark.\n");
}

Test(ctl_output, json_keeps_every_digit_and_leaves_remarks_out)
{
    fam_auto(fam_out_done) struct fam_out out;
    fill(&out);
    assert_rendered(&out, FAM_OUT_JSON, (struct fam_out_style){.colour = true},
                    "{\n"
                    "\t\"status\":\t\"healthy\",\n"
                    "\t\"ready\":\ttrue,\n"
                    "\t\"methods\":\t[\"a/B\", \"c/D\"],\n"
                    "\t\"rows\":\t[{\n"
                    "\t\t\t\"id\":\t\"9007199254740993\",\n"
                    "\t\t\t\"status\":\t\"bad\",\n"
                    "\t\t\t\"count\":\t9007199254740993,\n"
                    "\t\t\t\"at\":\tnull\n"
                    "\t\t}, {\n"
                    "\t\t\t\"id\":\t\"2\",\n"
                    "\t\t\t\"status\":\t\"да\",\n"
                    "\t\t\t\"count\":\t7,\n"
                    "\t\t\t\"at\":\t\"1970-01-01T00:00:01.000Z\"\n"
                    "\t\t}]\n"
                    "}\n");
}

Test(ctl_output, colour_comes_only_when_the_style_asks_for_it)
{
    fam_auto(fam_out_done) struct fam_out out;
    fam_out_init(&out);
    fam_out_field(&out, "status", "Status", FAM_TONED("degraded", FAM_TONE_WARN));
    assert_rendered(&out, FAM_OUT_TABLE, (struct fam_out_style){.colour = true}, "Status  \033[33mdegraded\033[0m\n");
    assert_rendered(&out, FAM_OUT_TABLE, (struct fam_out_style){0}, "Status  degraded\n");
}

Test(ctl_output, control_characters_do_not_reach_a_terminal)
{
    fam_auto(fam_out_done) struct fam_out out;
    fam_out_init(&out);
    fam_out_field(&out, "name", "Name",
                  FAM_TEXT("a\033[31mb\xc2\x9b"
                           "c\nd"));
    assert_rendered(&out, FAM_OUT_TABLE, (struct fam_out_style){0}, "Name  a [31mb c d\n");
}

Test(ctl_output, sentences_wrap_between_words_at_the_width)
{
    fam_auto(fam_out_done) struct fam_out out;
    fam_out_init(&out);
    fam_out_field(&out, "text", "Say", FAM_TEXT("Ты сейчас очень сердишься, и я рядом с тобой"));
    assert_rendered(&out, FAM_OUT_TABLE, (struct fam_out_style){.width = 31},
                    "Say  Ты сейчас очень сердишься,\n"
                    "     и я рядом с тобой\n");
}

Test(ctl_output, a_stacked_table_is_one_block_a_row)
{
    static const struct fam_column stacked[] = {{"kind", "Kind"}, {"text", "Say"}};
    fam_auto(fam_out_done) struct fam_out out;
    fam_out_init(&out);
    fam_out_table(&out, "responses", stacked, 2, FAM_LAYOUT_STACKED);
    fam_out_cell(&out, FAM_TEXT("repair"));
    fam_out_cell(&out, FAM_TEXT("one"));
    fam_out_cell(&out, FAM_TEXT("give_space"));
    fam_out_cell(&out, FAM_TEXT(""));
    assert_rendered(&out, FAM_OUT_TABLE, (struct fam_out_style){0},
                    "responses 1\n"
                    "  Kind  repair\n"
                    "  Say   one\n"
                    "\n"
                    "responses 2\n"
                    "  Kind  give_space\n"
                    "  Say   -\n");
}

Test(ctl_output, an_empty_table_still_has_its_header_and_its_array)
{
    fam_auto(fam_out_done) struct fam_out out;
    fam_out_init(&out);
    fam_out_table(&out, "rows", columns, 2, FAM_LAYOUT_COLUMNS);
    assert_rendered(&out, FAM_OUT_TABLE, (struct fam_out_style){0}, "ID  STATUS\n");
    assert_rendered(&out, FAM_OUT_JSON, (struct fam_out_style){0}, "{\n\t\"rows\":\t[]\n}\n");
}

Test(ctl_output, more_than_the_bound_fails_instead_of_growing)
{
    fam_auto(fam_out_done) struct fam_out out;
    fam_auto(fam_buf_done) struct fam_buf buf = {0};
    struct fam_out_style style = {0};
    fam_out_init(&out);
    fam_out_table(&out, "rows", columns, 4, FAM_LAYOUT_COLUMNS);
    for (int i = 0; i <= FAM_OUT_CELLS; i++) {
        fam_out_cell(&out, FAM_NUMBER(i));
    }
    cr_assert(out.failed);
    cr_assert_not(fam_out_render(&out, FAM_OUT_TABLE, &style, &buf));
}

Test(ctl_output, a_cell_without_a_table_fails)
{
    fam_auto(fam_out_done) struct fam_out out;
    fam_out_init(&out);
    fam_out_cell(&out, FAM_NUMBER(1));
    cr_assert(out.failed);
}
