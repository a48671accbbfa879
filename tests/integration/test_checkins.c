/* CheckinService: questions, answers, and what becomes of a check-in. */
#include "checkin_world.h"

#include "metrics/metrics.h"
#include "store/checkin_store.h"
#include "store/column.h"
#include "store/entry_private.h"
#include "store/export_store.h"
#include "store/privacy_store.h"

#define OPEN "SELECT count(*) FROM checkins WHERE finished_at IS NULL"

TestSuite(checkins, .init = world_start, .fini = world_stop, .timeout = 120);

static void sql(const char *text)
{
    char all[1200];
    (void)snprintf(all, sizeof(all), "%s; SELECT 1", text);
    expect_sql(c.f.pg.conninfo, all, "1");
}

/* The longest way: a quarrel with this child. `note` as say() takes words. */
static void mark_hard(const char *child_id, const char *note, struct world_step *step)
{
    say("mood", "1", step, "about");
    say("about", "quarrel", step, "with");
    say("with", "child", step, "child");
    say("child", child_id, step, "note");
    say("note", note, step, "");
}

Test(checkins, a_quick_one_is_answered_by_two_taps)
{
    struct world_step step;
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    cr_expect_str_eq(step.question, "mood");
    say("mood", "5", &step, "good");
    cr_expect_eq(step.state, FAM__V1__CHECKIN_STATE__CHECKIN_STATE_STARTED);
    say("good", "=  Он меня обнял  ", &step, "");
    cr_expect_eq(step.state, FAM__V1__CHECKIN_STATE__CHECKIN_STATE_COMPLETED);
    cr_expect_str_neq(step.words, "");
    cr_expect_eq(completed("quick", "100"), 1);
    expect_sql(c.f.pg.conninfo, "SELECT slot || ' ' || state FROM checkins", "quick completed");
}

Test(checkins, a_hard_day_asks_what_about_with_whom_which_child_and_for_a_note)
{
    struct world_step step;
    struct fam_uuid child = make_child(c.f.store, &c.anna, "Маша");
    char id[FAM_UUID_TEXT_SIZE];
    (void)make_child(c.f.store, &c.anna, "Петя");
    fam_uuid_format(&child, id);
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    mark_hard(id, "=", &step);
    cr_expect_not_null(strstr(step.words, "8-800-2000-122"), "whom one can call in the family's country: %s",
                       step.words);
    cr_expect_not_null(strstr(step.words, "звоните 112."), "and its emergency number: %s", step.words);
    cr_expect_eq(step.answers, 5);
    cr_expect_eq(completed("quick", "100"), 1);
    struct fam_checkin_mood *moods = NULL;
    struct fam_status status;
    size_t count = 0;
    cr_assert_eq(fam_checkin_moods(c.f.store, &c.anna, 0, INT64_MAX / 1000000, &moods, &count, &status), FAM_OK, "%s",
                 status.message);
    cr_assert_eq(count, 1);
    cr_expect_eq(moods[0].mood, 2);
    cr_expect_str_eq(moods[0].about, "quarrel");
    cr_expect_str_eq(moods[0].with, "child");
    cr_expect(fam_uuid_equal(&moods[0].child_id, &child));
    cr_expect_str_eq(moods[0].note, "");
    fam_checkin_moods_free(moods, count);
}

Test(checkins, what_was_said_comes_back_in_the_person_s_language_with_names)
{
    struct world_step step;
    struct world_call call;
    struct fam_uuid child = make_child(c.f.store, &c.anna, "Маша");
    char id[FAM_UUID_TEXT_SIZE];
    (void)make_child(c.f.store, &c.anna, "Петя");
    fam_uuid_format(&child, id);
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    say("mood", "2", &step, "about");
    say("about", "meals", &step, "with");
    say("with", "child", &step, "child");
    say("child", id, &step, "note");
    say("note", "=Суп на полу", &step, "");
    Fam__V1__ListCheckinsRequest request = FAM__V1__LIST_CHECKINS_REQUEST__INIT;
    cr_assert_eq(CALL(&call, &c.anna, list_checkins, &request), FAM_OK, "%s", call.status.message);
    const Fam__V1__ListCheckinsResponse *answer = ANSWER(&call, ListCheckins);
    cr_assert_eq(answer->n_checkins, 1);
    cr_assert_eq(answer->checkins[0]->n_answers, 5);
    cr_expect_str_eq(answer->checkins[0]->answers[0]->answer, "Трудно");
    cr_expect_str_eq(answer->checkins[0]->answers[1]->answer, "Еда");
    cr_expect_str_eq(answer->checkins[0]->answers[3]->answer, "Маша");
    cr_expect_str_eq(answer->checkins[0]->answers[4]->answer, "Суп на полу");
    cr_expect_eq(answer->checkins[0]->expires_at_ms, 0);
    fam_rpc_done(&call.rpc);
}

Test(checkins, the_answers_stand_sealed)
{
    struct world_step step;
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    say("mood", "3", &step, "note");
    say("note", "=Supersecret", &step, "");
    expect_sql(c.f.pg.conninfo,
               "SELECT count(*) FILTER (WHERE answers IS NOT NULL) || ' ' || "
               "count(*) FILTER (WHERE position('Supersecret'::bytea IN answers) > 0 "
               "OR position('note'::bytea IN answers) > 0) FROM checkins",
               "1 0");
}

/* Whoever reads the database can't tell a hard day from a good one. */
Test(checkins, a_hard_one_and_a_good_one_leave_the_same_behind)
{
    struct world_step step;
    struct fam_uuid child = make_child(c.f.store, &c.anna, "Маша");
    char id[FAM_UUID_TEXT_SIZE];
    (void)make_child(c.f.store, &c.anna, "Петя");
    fam_uuid_format(&child, id);
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    say("mood", "5", &step, "good");
    say("good", "=", &step, "");
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    mark_hard(id, "=Устала", &step);
    expect_sql(c.f.pg.conninfo,
               "SELECT count(*) || ' ' || count(DISTINCT octet_length(answers)) || ' ' || "
               "count(DISTINCT to_jsonb(k) - ARRAY['checkin_id', 'due_at', 'expires_at', 'finished_at', 'answers']) "
               "FROM checkins k",
               "2 1 1");
    expect_sql(c.f.pg.conninfo, "SELECT count(*) FROM checkin_answers", "0");
}

/* As the program before wrote it: a row for each answer. */
static void write_apart(const struct world_step *step, const char *question, const char *option, const char *text)
{
    fam_auto(fam_key_done) struct fam_key key = {{0}};
    fam_auto(fam_rows_done) struct fam_rows rows = {0};
    fam_auto(fam_sealed_done) struct fam_sealed sealed = {0};
    static const struct fam_statement insert = {
        "test_apart",
        "WITH k AS (UPDATE checkins SET state = 'started', asked = 4, answered = answered + 1 WHERE checkin_id = $1) "
        "INSERT INTO checkin_answers (checkin_id, question_id, position, body) SELECT $1, $2, "
        "(SELECT count(*) FROM checkin_answers), $3",
        "insert", "checkin_answers"};
    struct fam_place place = {.table = "checkin_answers", .column = "body", .owner = c.anna};
    struct fam_params params = {0};
    struct fam_status status;
    struct fam_db *db = NULL;
    Fam__V1__CheckinAnswer answer = FAM__V1__CHECKIN_ANSWER__INIT;
    unsigned char body[256];
    answer.question_id = borrow(question);
    answer.option_id = borrow(option);
    answer.answer = borrow(text);
    cr_assert(fam_uuid_parse(step->checkin_id, &place.row));
    cr_assert_leq(fam__v1__checkin_answer__get_packed_size(&answer), sizeof(body));
    size_t size = fam__v1__checkin_answer__pack(&answer, body);
    cr_assert_eq(fam_store_get(c.f.store, &db, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(fam_entry_author_key(c.f.store, db, &c.anna, &key, &status), FAM_OK, "%s", status.message);
    fam_param_uuid(&params, &place.row);
    fam_param_text(&params, question);
    cr_assert_eq(fam_column_bytes(&params, &key, &place, body, size, &sealed, &status), FAM_OK);
    cr_assert_eq(fam_db_exec(db, &insert, &params, &rows, &status), FAM_OK, "%s", status.message);
    fam_store_put(c.f.store, db);
}

Test(checkins, what_the_program_before_wrote_is_read_and_becomes_one_value_with_the_next_answer)
{
    struct world_step step;
    struct fam_checkin_mood *moods = NULL;
    struct fam_status status;
    size_t count = 0;
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    write_apart(&step, "mood", "2", "");
    write_apart(&step, "about", "meals", "");
    cr_assert_eq(fam_checkin_moods(c.f.store, &c.anna, 0, INT64_MAX / 1000000, &moods, &count, &status), FAM_OK, "%s",
                 status.message);
    cr_assert_eq(count, 1);
    cr_expect_eq(moods[0].mood, 4);
    cr_expect_str_eq(moods[0].about, "meals");
    fam_checkin_moods_free(moods, count);
    say("with", "myself", &step, "note");
    cr_expect_eq(step.answers, 3);
    expect_sql(c.f.pg.conninfo,
               "SELECT (answers IS NOT NULL) || ' ' || asked || ' ' || answered || ' ' || "
               "(SELECT count(*) FROM checkin_answers) FROM checkins",
               "true 0 0 0");
    /* Both side by side: to the one before this one is not answered yet, so it begins anew. */
    write_apart(&step, "mood", "5", "");
    cr_assert_eq(begin(&c.anna, step.checkin_id, &step), FAM_OK);
    cr_expect_eq(step.answers, 1);
    say("good", "=", &step, "");
    cr_expect_eq(step.state, FAM__V1__CHECKIN_STATE__CHECKIN_STATE_COMPLETED);
}

Test(checkins, one_that_opens_no_more_keeps_no_other_from_being_missed)
{
    struct world_step step;
    struct fam_checkin_end *ends = calloc(FAM_CHECKIN_SWEEP_MAX, sizeof(*ends));
    struct fam_uuid boris = make_person(c.f.store, 2);
    struct fam_status status;
    size_t count = 0, none = 0;
    cr_assert_not_null(ends);
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    say("mood", "1", &step, "about");
    sql("UPDATE checkins SET answers = 'damaged'");
    cr_assert_eq(begin(&boris, "", &step), FAM_OK, "%s", step.words);
    cr_assert_eq(reply_to(&boris, "mood", "5", &step, &status), FAM_OK, "%s", status.message);
    sql("UPDATE checkins SET due_at = due_at - INTERVAL '2 hours', expires_at = expires_at - INTERVAL '2 hours'");
    cr_assert_eq(fam_checkin_sweep(c.f.store, ends, &count, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(count, 2);
    for (size_t i = 0; i < count; i++) {
        cr_expect(ends[i].counts);
        none += ends[i].asked == 0 && ends[i].answered == 0 ? 1 : 0;
    }
    cr_expect_eq(none, 1);
    expect_sql(c.f.pg.conninfo, "SELECT count(*) FROM checkins WHERE state = 'missed'", "2");
    free(ends);
}

Test(checkins, a_changed_answer_forgets_what_followed_from_the_earlier_one_alone)
{
    struct world_step step;
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    say("mood", "1", &step, "about");
    say("about", "quarrel", &step, "with");
    say("mood", "4", &step, "good");
    cr_expect_eq(step.answers, 1);
    say("mood", "2", &step, "about");
    say("about", "quarrel", &step, "with");
    say("about", "meals", &step, "with");
    say("with", "myself", &step, "note");
    say("note", "=x", &step, "");
    /* A completed one, too, and it is counted once. */
    say("with", "partner", &step, "");
    cr_expect_eq(step.state, FAM__V1__CHECKIN_STATE__CHECKIN_STATE_COMPLETED);
    say("mood", "5", &step, "good");
    cr_expect_eq(step.state, FAM__V1__CHECKIN_STATE__CHECKIN_STATE_STARTED);
    say("good", "=", &step, "");
    cr_expect_eq(completed("quick", "100"), 1);
    cr_expect_eq(step.answers, 2);
}

Test(checkins, words_stay_while_it_is_asked_for_the_child)
{
    struct world_step step;
    struct fam_uuid child = make_child(c.f.store, &c.anna, "Маша");
    char id[FAM_UUID_TEXT_SIZE];
    (void)make_child(c.f.store, &c.anna, "Петя");
    fam_uuid_format(&child, id);
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    say("mood", "1", &step, "about");
    say("about", "quarrel", &step, "with");
    say("with", "myself", &step, "note");
    say("note", "=x", &step, "");
    say("with", "child", &step, "child");
    cr_expect_eq(step.state, FAM__V1__CHECKIN_STATE__CHECKIN_STATE_STARTED);
    say("child", id, &step, "");
    cr_expect_eq(step.answers, 5);
    /* What was good is another question. */
    say("mood", "5", &step, "good");
    say("good", "=", &step, "");
    cr_expect_eq(step.answers, 2);
}

Test(checkins, a_question_can_be_shown_again_with_its_answer)
{
    struct world_step step;
    struct world_call call;
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    say("mood", "1", &step, "about");
    Fam__V1__StartCheckinRequest request = FAM__V1__START_CHECKIN_REQUEST__INIT;
    request.checkin_id = step.checkin_id;
    request.question_id = borrow("mood");
    cr_assert_eq(CALL(&call, &c.anna, start_checkin, &request), FAM_OK, "%s", call.status.message);
    cr_assert_not_null(ANSWER(&call, StartCheckin)->question);
    cr_expect_str_eq(ANSWER(&call, StartCheckin)->question->question_id, "mood");
    cr_expect_str_eq(ANSWER(&call, StartCheckin)->question->answer_option, "1");
    cr_expect_eq(ANSWER(&call, StartCheckin)->question->n_options, 5);
    fam_rpc_done(&call.rpc);
    request.question_id = borrow("good");
    cr_assert_eq(CALL(&call, &c.anna, start_checkin, &request), FAM_FAILED_PRECONDITION);
    cr_expect_str_eq(call.status.reason, "NOT_ASKED");
    fam_rpc_done(&call.rpc);
}

Test(checkins, what_is_no_answer_is_refused_and_changes_nothing)
{
    struct world_step step;
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    refuse("good", "=x", &step, FAM_FAILED_PRECONDITION, "NOT_ASKED");
    refuse("mood", "6", &step, FAM_INVALID_ARGUMENT, NULL);
    refuse("mood", "=gut", &step, FAM_INVALID_ARGUMENT, NULL);
    say("mood", "5", &step, "good");
    refuse("good", "1", &step, FAM_INVALID_ARGUMENT, NULL);
    cr_assert_eq(begin(&c.anna, step.checkin_id, &step), FAM_OK);
    cr_expect_eq(step.answers, 1);
}

Test(checkins, one_that_was_begun_goes_on_where_it_stands)
{
    struct world_step first, second;
    cr_assert_eq(begin(&c.anna, "", &first), FAM_OK);
    say("mood", "1", &first, "about");
    cr_assert_eq(begin(&c.anna, "", &second), FAM_OK);
    cr_expect_str_eq(second.checkin_id, first.checkin_id);
    cr_expect_str_eq(second.question, "about");
    expect_sql(c.f.pg.conninfo, OPEN, "1");
}

static void *begin_one(void *context)
{
    cr_assert_eq(begin(&c.anna, "", context), FAM_OK);
    return NULL;
}

Test(checkins, two_taps_at_once_begin_one)
{
    struct world_step steps[8];
    run_at_once(begin_one, steps, sizeof(steps[0]), 8);
    expect_sql(c.f.pg.conninfo, OPEN, "1");
}

Test(checkins, not_now_leaves_it_out_without_a_word)
{
    struct world_step step;
    struct world_call call;
    Fam__V1__SkipCheckinRequest request = FAM__V1__SKIP_CHECKIN_REQUEST__INIT;
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    request.checkin_id = step.checkin_id;
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(CALL(&call, &c.anna, skip_checkin, &request), FAM_OK, "%s", call.status.message);
        cr_expect_eq(ANSWER(&call, SkipCheckin)->checkin->state, FAM__V1__CHECKIN_STATE__CHECKIN_STATE_SKIPPED);
        fam_rpc_done(&call.rpc);
    }
    cr_expect_eq(completed("quick", "0"), 1);
    refuse("mood", "5", &step, FAM_FAILED_PRECONDITION, "CHECKIN_OVER");
}

Test(checkins, after_two_hours_it_is_missed_and_what_was_answered_counts)
{
    struct world_step step;
    struct fam_checkin_end *ends = calloc(FAM_CHECKIN_SWEEP_MAX, sizeof(*ends));
    struct fam_status status;
    size_t count = 0;
    cr_assert_not_null(ends);
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    say("mood", "1", &step, "about");
    expect_sql(c.f.pg.conninfo, "SELECT expires_at - due_at FROM checkins", "02:00:00");
    sql("UPDATE checkins SET due_at = due_at - INTERVAL '2 hours', expires_at = expires_at - INTERVAL '2 hours'");
    /* Before anybody has swept it, too. */
    refuse("about", "meals", &step, FAM_FAILED_PRECONDITION, "CHECKIN_OVER");
    cr_assert_eq(begin(&c.anna, step.checkin_id, &step), FAM_OK);
    cr_expect_eq(step.state, FAM__V1__CHECKIN_STATE__CHECKIN_STATE_MISSED);
    cr_expect_str_eq(step.question, "");
    cr_assert_eq(fam_checkin_sweep(c.f.store, ends, &count, &status), FAM_OK, "%s", status.message);
    cr_assert_eq(count, 1);
    cr_expect(ends[0].counts);
    cr_expect_eq(ends[0].asked, 4);
    cr_expect_eq(ends[0].answered, 1);
    cr_assert_eq(fam_checkin_sweep(c.f.store, ends, &count, &status), FAM_OK);
    cr_expect_eq(count, 0);
    free(ends);
    struct fam_checkin_mood *moods = NULL;
    cr_assert_eq(fam_checkin_moods(c.f.store, &c.anna, 0, INT64_MAX / 1000000, &moods, &count, &status), FAM_OK);
    cr_expect_eq(count, 1);
    fam_checkin_moods_free(moods, count);
}

Test(checkins, what_is_somebody_else_s_can_neither_be_seen_nor_answered)
{
    struct world_step step, other = {.question = ""};
    struct fam_uuid boris = make_person(c.f.store, 2);
    struct fam_status status;
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    cr_assert_eq(begin(&boris, step.checkin_id, &other), FAM_PERMISSION_DENIED);
    cr_assert_eq(reply_to(&boris, "mood", "5", &step, &status), FAM_PERMISSION_DENIED);
    expect_sql(c.f.pg.conninfo, "SELECT count(*) FROM checkins WHERE answers IS NOT NULL", "0");
}

Test(checkins, nothing_is_kept_of_one_who_does_not_consent)
{
    struct world_step step;
    struct fam_uuid boris = make_user(c.f.store, 2);
    cr_assert_eq(begin(&boris, "", &step), FAM_FAILED_PRECONDITION);
    expect_sql(c.f.pg.conninfo, "SELECT count(*) FROM checkins", "0");
}

Test(checkins, a_repeat_with_the_same_key_answers_once)
{
    struct world_step step;
    struct world_call call;
    Fam__V1__AnswerQuestionRequest request = FAM__V1__ANSWER_QUESTION_REQUEST__INIT;
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    say("mood", "4", &step, "good");
    request.checkin_id = step.checkin_id;
    request.question_id = borrow("good");
    request.text = borrow("Гуляли");
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(CALL(&call, &c.anna, answer_question, &request), FAM_OK, "%s", call.status.message);
        cr_expect_eq(ANSWER(&call, AnswerQuestion)->checkin->state, FAM__V1__CHECKIN_STATE__CHECKIN_STATE_COMPLETED);
        fam_rpc_done(&call.rpc);
        atomic_fetch_sub(&c.keys, 1);
    }
    cr_expect_eq(completed("quick", "100"), 1);
}

static size_t table_named(const char *name)
{
    size_t table = 0;
    while (table < fam_export_table_count() && strcmp(fam_export_table_name(table), name) != 0) {
        table++;
    }
    cr_assert_lt(table, fam_export_table_count(), "%s", name);
    return table;
}

Test(checkins, everything_that_was_answered_is_in_the_export_opened)
{
    struct world_step step;
    struct fam_export_cursor cursor = {.number = 0};
    struct fam_export_row *rows = NULL;
    struct fam_status status;
    size_t count = 0, words = 0;
    for (int i = 0; i < FAM_EXPORT_PAGE + 3; i++) { /* more than a page */
        cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
        say("mood", "3", &step, "note");
        say("note", "=Суп на полу", &step, "");
    }
    size_t all = 0;
    do {
        cr_assert_eq(fam_export_rows(c.f.store, &c.anna, table_named("checkins"), &cursor, &rows, &count, &status),
                     FAM_OK, "%s", status.message);
        for (size_t i = 0; i < count; i++) {
            cr_assert_not_null(rows[i].json);
            words += strstr(rows[i].json, "Суп на полу") != NULL ? 1 : 0;
            cursor = rows[i].cursor;
        }
        all += count;
        fam_export_rows_free(rows, count);
    } while (count == FAM_EXPORT_PAGE);
    cr_expect_eq(all, FAM_EXPORT_PAGE + 3);
    cr_expect_eq(words, FAM_EXPORT_PAGE + 3);
}

Test(checkins, the_privacy_report_counts_them)
{
    struct world_step step;
    struct fam_privacy privacy;
    struct fam_status status;
    bool found = false;
    cr_assert_eq(begin(&c.anna, "", &step), FAM_OK, "%s", step.words);
    cr_assert_eq(fam_privacy_read(c.f.store, &c.anna, 90, &privacy, &status), FAM_OK, "%s", status.message);
    for (size_t i = 0; i < privacy.stored_count; i++) {
        const struct fam_stored *stored = &privacy.stored[i];
        if (stored->kind == FAM__V1__STORED_KIND__STORED_KIND_CHECKINS) {
            found = true;
            cr_expect_eq(stored->count, 1);
            cr_expect_eq(stored->kept_until_ms - stored->oldest_ms, (int64_t)90 * 86400 * 1000);
        }
    }
    cr_expect(found);
}
