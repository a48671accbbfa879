/* Words that were meant for a question are never an entry that others may see: not when their message is edited, and
 * not when they come late. The person of all these tests shows new entries to the family, and lets the AI read them. */
#include "dialog/checkin.h"
#include "people_world.h"

static void sharing_start(void)
{
    people_start();
    with_relatives();
    w.share_entries = true;
    w.ai = 1;
}

TestSuite(bot_offer, .init = sharing_start, .fini = people_stop);

static struct fam_state state_now(void)
{
    struct fam_state state;
    fam_state_parse(w.state, w.state_size, &state);
    return state;
}

/* The message that was written. */
static int64_t write_down(const char *text)
{
    struct fam_update update = world_message(text);
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    return update.message_id;
}

/* How many messages came of the edit. */
static size_t edit(int64_t message_id, const char *text)
{
    size_t before = w.sent_count;
    struct fam_update update = world_message(text);
    update.kind = FAM_UPDATE_EDITED;
    update.message_id = message_id;
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    return w.sent_count - before;
}

static void wait_ms(int64_t ms)
{
    w.wall_ms += ms;
}

enum { MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS };

/* ---- edits ---- */

Test(bot_offer, a_note_that_is_edited_is_changed_in_its_check_in_alone)
{
    say("/checkin");
    press("Трудным");
    press("Сон");
    int64_t note = write_down("Сорвлась на мужа");
    cr_assert_str_eq(w.checkin.answers[2], "Сорвлась на мужа");
    cr_assert_eq(edit(note, "Сорвалась на мужа, стыдно перед детьми за этот вечер"), 1);
    cr_assert_str_eq(last()->text, ru("checkin.edited"));
    cr_assert_str_eq(w.checkin.answers[2], "Сорвалась на мужа, стыдно перед детьми за этот вечер");
    cr_assert_eq(w.entry_count, 0, "nothing that the family or the AI could see");
    edit(note, "Сорвалась на мужа");
    cr_assert_str_eq(w.checkin.answers[2], "Сорвалась на мужа", "as often as one likes");
    cr_assert_eq(w.entry_count, 0);
}

Test(bot_offer, a_note_is_remembered_while_other_things_are_said)
{
    say("/checkin");
    press("Хорошим");
    int64_t note = write_down("Ели морожное");
    write_down("Не пойду в школу");
    say("/feedback");
    write_down("Хороший бот");
    edit(note, "Ели мороженое");
    cr_assert_str_eq(w.checkin.answers[3], "Ели мороженое");
    cr_assert_eq(w.entry_count, 1, "of the phrase alone");
    cr_assert_str_eq(w.feedback, "Хороший бот");
}

Test(bot_offer, a_note_that_is_edited_when_the_check_in_is_over_changes_nothing)
{
    say("/checkin");
    press("Хорошим");
    int64_t note = write_down("Ели морожное");
    w.checkin.state = FAM__V1__CHECKIN_STATE__CHECKIN_STATE_MISSED;
    cr_assert_eq(edit(note, "Ели мороженое, а вечером поссорились из-за уроков и экрана"), 1);
    cr_assert_str_eq(last()->text, ru("checkin.edit_late"));
    cr_assert_str_eq(w.checkin.answers[3], "Ели морожное");
    cr_assert_eq(w.entry_count, 0);
}

Test(bot_offer, words_that_were_taken_back_do_not_come_back_by_an_edit)
{
    say("/checkin");
    press("Хорошим");
    int64_t note = write_down("Ели мороженое");
    press(ru("button.change"));
    press(ru("button.needs_none"));
    cr_assert_str_eq(w.checkin.answers[3], "");
    cr_assert_eq(edit(note, "Ели мороженое вдвоём"), 0);
    cr_assert_str_eq(w.checkin.answers[3], "");
    cr_assert_eq(w.entry_count, 0);
}

Test(bot_offer, a_note_that_was_too_long_can_be_made_shorter)
{
    char words[FAM_CHECKIN_CHARS + 2];
    memset(words, 'a', sizeof(words) - 1);
    words[sizeof(words) - 1] = '\0';
    say("/checkin");
    press("Хорошим");
    int64_t note = write_down(words);
    cr_assert_str_eq(last()->text, ru("checkin.long"));
    edit(note, "Погуляли");
    cr_assert_str_eq(w.checkin.answers[3], "Погуляли");
    assert_last_says("Спасибо, что остановились");
    cr_assert_eq(state_now().step, FAM_STEP_NONE, "the question is answered");
    cr_assert_eq(w.entry_count, 0);
}

Test(bot_offer, a_note_that_is_edited_into_a_danger_is_answered_with_help_and_kept_nowhere)
{
    say("/checkin");
    press("Трудным");
    press("Сон");
    int64_t note = write_down("Она сказала");
    cr_assert_eq(edit(note, "Она сказала: не хочу больше жить"), 1);
    assert_last_says("8-800-2000-122");
    assert_last_says("Call for yourself.");
    cr_assert(last()->protect);
    cr_assert_not_null(find_button(last(), ru("button.remove")));
    cr_assert_str_eq(w.checkin.answers[2], "Она сказала");
    cr_assert_eq(w.entry_count, 0);
}

Test(bot_offer, an_edit_waits_while_nobody_can_tell_whether_it_is_a_danger)
{
    say("/checkin");
    press("Трудным");
    press("Сон");
    int64_t note = write_down("Она сказала");
    struct fam_update update = world_message("Она сказала: не хочу больше жить");
    update.kind = FAM_UPDATE_EDITED;
    update.message_id = note;
    w.fail_method = FAM_BACKEND_TRANSLATE;
    w.fail_code = FAM_UNAVAILABLE;
    w.fail_before = 1;
    cr_assert_eq(world_handle(&update), FAM_HANDLE_AGAIN);
    cr_assert_eq(world_handle(&update), FAM_HANDLED);
    assert_last_says("8-800-2000-122");
    cr_assert_eq(w.entry_count, 0);
}

static void ask_for_feedback(void)
{
    say("/feedback");
}

static void ask_for_needs(void)
{
    say("/children");
    press("Маша");
    press(ru("button.needs"));
}

static void ask_for_words(void)
{
    write_down("Нет!");
    say("/history");
    press(ru("button.filter"));
    press(ru("button.words"));
}

static void ask_for_note(void)
{
    write_down("Нет!");
    press(ru("button.not_so"));
}

static void ask_for_name(void)
{
    say("/settings");
    press(ru("button.my_name"));
}

static void ask_for_zone(void)
{
    say("/family");
    press(ru("button.zone"));
}

Test(bot_offer, an_edited_answer_to_any_other_question_is_no_phrase_and_stays_as_it_was)
{
    static const struct {
        const char *what;
        void (*ask)(void);
        const char *answer;
    } rows[] = {{"feedback", ask_for_feedback, "Спасибо вам"},
                {"needs", ask_for_needs, "Громкие звуки"},
                {"search", ask_for_words, "школа"},
                {"note", ask_for_note, "Он просто устал"},
                {"name", ask_for_name, "Анна"},
                {"zone", ask_for_zone, "Казань"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rows[i].ask();
        size_t entries = w.entry_count;
        int64_t message = write_down(rows[i].answer);
        cr_assert_eq(edit(message, "Мы с мужем вчера очень сильно поссорились при детях"), 0, "%s", rows[i].what);
        cr_assert_eq(w.entry_count, entries, "%s", rows[i].what);
    }
}

Test(bot_offer, what_nobody_remembers_is_read_only_when_the_person_says_so)
{
    int64_t first = write_down("Нет!");
    write_down("Да!");
    cr_assert_eq(edit(first, "Нет и нет!"), 1);
    cr_assert_str_eq(last()->text, ru("offer.edited"));
    cr_assert_eq(last()->reply_to, first, "Telegram keeps the words, and nobody else");
    cr_assert_eq(w.entry_count, 2);
    cr_assert_str_eq(w.draft, "");
    cr_assert_eq(edit(first, "Нет и ещё раз нет!"), 0, "it is offered once");
    struct sent offer = w.sent[w.sent_count - 1];
    press_on(&offer, ru("button.read"));
    cr_assert_eq(w.entry_count, 3);
    cr_assert_str_eq(w.entries[2].phrase, "Нет и ещё раз нет!", "as it stands in the chat now");
    cr_assert(last()->is_edit, "in the place of the offer");
    cr_assert_eq(last()->message_id, offer.message_id);
    edit(first, "Нет!!");
    cr_assert_eq(w.calls[FAM_BACKEND_REVISE_ENTRY], 1, "from then on it is the last phrase");
}

Test(bot_offer, an_offer_that_is_tapped_twice_makes_one_entry)
{
    edit(3, "Уйди!");
    struct sent offer = *last();
    press_on(&offer, ru("button.read"));
    size_t sent = w.sent_count;
    press_on(&offer, ru("button.read"));
    cr_assert_eq(w.entry_count, 1);
    cr_assert_eq(w.sent_count, sent);
}

Test(bot_offer, an_offer_whose_words_are_out_of_sight_says_so)
{
    edit(3, "Уйди!");
    struct sent offer = *last();
    w.said_count = 0;
    press_on(&offer, ru("button.read"));
    cr_assert_str_eq(last()->text, ru("offer.gone"));
    cr_assert_eq(w.entry_count, 0);
}

Test(bot_offer, offered_words_that_became_a_danger_are_answered_by_a_message_that_rings)
{
    edit(3, "Уйди!");
    struct sent offer = *last();
    cr_assert_eq(edit(3, "не хочу больше жить"), 1);
    assert_last_says("8-800-2000-122");
    press_on(&offer, ru("button.read"));
    cr_assert_not(last()->is_edit);
    cr_assert(last()->protect);
}

Test(bot_offer, an_edit_after_the_session_was_lost_is_no_phrase)
{
    say("/checkin");
    press("Хорошим");
    int64_t note = write_down("Ели морожное");
    w.state_size = 0;
    edit(note, "Ели мороженое, а потом я накричала на мужа при детях");
    cr_assert_str_eq(last()->text, ru("offer.edited"));
    cr_assert_eq(w.entry_count, 0);
    w.redis_away = true;
    edit(note, "Ели мороженое, а потом я накричала на мужа");
    cr_assert_eq(w.entry_count, 0, "nor while there are no sessions");
}

Test(bot_offer, a_phrase_that_the_limit_refused_is_not_taken_for_the_one_before)
{
    int64_t first = write_down("Нет!");
    w.fail_method = FAM_BACKEND_TRANSLATE;
    w.fail_code = FAM_RESOURCE_EXHAUSTED;
    w.fail_reason = "LIMIT_HOUR";
    w.fail_before = 1;
    int64_t second = write_down("Не пойду в школу");
    cr_assert_eq(w.entry_count, 1);
    edit(second, "Не пойду в школу!");
    cr_assert_str_eq(w.entries[0].phrase, "Нет!", "the first entry keeps its words");
    edit(first, "Нет-нет!");
    cr_assert_str_eq(w.entries[0].phrase, "Нет-нет!");
}

/* ---- late words ---- */

Test(bot_offer, a_note_written_an_hour_later_is_still_the_note)
{
    say("/checkin");
    press("Трудным");
    press("Сон");
    wait_ms(65 * MINUTE_MS);
    say("Сорвалась на мужа");
    cr_assert_str_eq(w.checkin.answers[2], "Сорвалась на мужа");
    cr_assert_eq(w.entry_count, 0);
}

Test(bot_offer, a_note_for_a_check_in_that_is_over_is_offered_to_be_read_and_kept_nowhere)
{
    say("/checkin");
    press("Трудным");
    press("Сон");
    wait_ms(10 * HOUR_MS);
    w.checkin.state = FAM__V1__CHECKIN_STATE__CHECKIN_STATE_MISSED;
    int64_t note = write_down("Вчера сорвалась на мужа");
    cr_assert_str_eq(last()->text, ru("offer.checkin"));
    cr_assert_eq(last()->reply_to, note);
    cr_assert_eq(w.entry_count, 0);
    cr_assert_str_eq(w.draft, "");
    cr_assert_null(strstr(w.state, "сорвалась"));
    cr_assert_eq(w.checkin.number, 1, "and no new one is begun by it");
    cr_assert_eq(state_now().step, FAM_STEP_NONE);
    cr_assert_eq(edit(note, "Вчера я сорвалась на мужа"), 0, "its button reads whatever stands there");
    struct sent offer = w.sent[w.sent_count - 1];
    press_on(&offer, ru("button.checkin_now"));
    assert_last_says("Каким был день?");
    cr_assert_eq(w.entry_count, 0);
}

Test(bot_offer, late_words_become_an_entry_when_the_person_says_so)
{
    say("/checkin");
    press("Хорошим");
    w.checkin.state = FAM__V1__CHECKIN_STATE__CHECKIN_STATE_MISSED;
    say("Не пойду в школу");
    cr_assert_eq(w.entry_count, 0);
    press(ru("button.read"));
    cr_assert_eq(w.entry_count, 1);
    assert_last_says("reading of Не пойду в школу");
    say("Ненавижу тебя!");
    cr_assert_eq(w.entry_count, 2, "and what comes then is a phrase as ever");
}

Test(bot_offer, a_note_for_a_check_in_that_ends_this_moment_is_late_too)
{
    say("/checkin");
    press("Хорошим");
    w.fail_method = FAM_BACKEND_ANSWER_QUESTION;
    w.fail_code = FAM_FAILED_PRECONDITION;
    w.fail_reason = "CHECKIN_OVER";
    w.fail_before = 1;
    say("Гуляли");
    cr_assert_str_eq(last()->text, ru("offer.checkin"));
    cr_assert_eq(w.entry_count, 0);
}

Test(bot_offer, a_late_call_for_help_is_answered_at_once)
{
    say("/checkin");
    press("Хорошим");
    w.checkin.state = FAM__V1__CHECKIN_STATE__CHECKIN_STATE_MISSED;
    size_t before = w.sent_count;
    say("Она сказала: не хочу больше жить");
    cr_assert_eq(w.sent_count, before + 1, "and nothing else is said");
    assert_last_says("8-800-2000-122");
}

Test(bot_offer, late_words_for_any_question_that_takes_words_are_offered_to_be_read)
{
    static const struct {
        const char *what;
        void (*ask)(void);
    } rows[] = {
        {"feedback", ask_for_feedback}, {"needs", ask_for_needs}, {"search", ask_for_words}, {"note", ask_for_note}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rows[i].ask();
        size_t entries = w.entry_count;
        wait_ms(HOUR_MS + MINUTE_MS);
        write_down("Мы с мужем вчера сильно поссорились");
        cr_assert_str_eq(last()->text, ru("offer.late"), "%s", rows[i].what);
        cr_assert_eq(w.entry_count, entries, "%s", rows[i].what);
        cr_assert_eq(state_now().step, FAM_STEP_NONE, "%s", rows[i].what);
    }
    cr_assert_eq(w.feedback_count, 0, "nor do those who run the service get them");
    cr_assert_str_eq(w.entries[0].note, "");
}

Test(bot_offer, an_hour_later_nobody_waits_for_a_name_and_a_text_is_a_phrase)
{
    ask_for_name();
    wait_ms(HOUR_MS - MINUTE_MS);
    say("Не хочу!");
    cr_assert_eq(w.entry_count, 0);
    cr_assert_str_eq(last()->text, ru("settings.ask_name"));
    wait_ms(HOUR_MS + MINUTE_MS);
    say("Не хочу!");
    cr_assert_eq(w.entry_count, 1);
    cr_assert_eq(state_now().step, FAM_STEP_NONE);
    cr_assert_str_eq(w.name, "Анна");
}

Test(bot_offer, a_session_brings_back_which_words_were_whose)
{
    char text[FAM_STATE_BYTES];
    struct fam_state state = {.answered_id = 7,
                              .words_id = 9,
                              .words_checkin = "01935f6e-7c1a-7000-8000-00000000002a",
                              .words_question = "note",
                              .used_ms = 1795000000000},
                     again;
    size_t size = fam_state_format(&state, text);
    fam_state_parse(text, size, &again);
    cr_assert_eq(memcmp(&state, &again, sizeof(state)), 0);
}
