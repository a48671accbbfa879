/* What becomes of a question to Claude when the one who asked has no more patience, or is gone. */
#include "reader_world.h"

static void start(void)
{
    world_start();
}

static void stop(void)
{
    world_stop();
}

TestSuite(reader, .init = start, .fini = stop, .timeout = 120);

/* One who asks. */
struct asker {
    struct fam_reader_wait *wait;
    struct fam_uuid entry_id;
    pthread_mutex_t lock;
    bool ready;
};

static void on_ready(void *context)
{
    struct asker *asker = context;
    pthread_mutex_lock(&asker->lock);
    asker->ready = true;
    pthread_mutex_unlock(&asker->lock);
}

static bool is_ready(struct asker *asker)
{
    pthread_mutex_lock(&asker->lock);
    bool ready = asker->ready;
    pthread_mutex_unlock(&asker->lock);
    return ready;
}

static void begin(struct asker *asker, const char *phrase, bool goes_on, bool has_time)
{
    struct fam_status status = {0};
    const struct fam_reading_input input = {
        .phrase = phrase, .happened_before = "", .language = FAM__V1__LANGUAGE__LANGUAGE_RU, .child_name = ""};
    memset(asker, 0, sizeof(*asker));
    cr_assert_eq(pthread_mutex_init(&asker->lock, NULL), 0);
    asker->entry_id = fam_uuid_v7();
    asker->wait = fam_reader_wait_new(w.reader, on_ready, asker, &status);
    cr_assert_not_null(asker->wait);
    const struct fam_reader_question question = {
        .input = &input,
        .author = &w.author,
        .entry_id = &asker->entry_id,
        .timeout_ms = WORLD_WAIT_MS,
        .began_ms = fam_mono_ms(),
        .goes_on = goes_on,
        .has_time = has_time,
    };
    bool ready = false;
    cr_assert_eq(fam_reader_start(asker->wait, &question, &ready, &status), FAM_OK, "%s", status.message);
    if (ready) {
        on_ready(asker);
    }
}

/* Waits until the question has ended, and takes what came of it. */
static enum fam_code end(struct asker *asker, struct fam_status *status)
{
    struct fam_reader_result result = {.reading = NULL};
    uint64_t until_ms = fam_mono_ms() + WORLD_WAIT_MS;
    while (!is_ready(asker) && fam_mono_ms() < until_ms) {
        world_nap();
    }
    cr_assert(is_ready(asker), "the question does not end");
    enum fam_code code = fam_reader_take(asker->wait, &result, status);
    if (code == FAM_OK) {
        cr_expect_eq(result.reading->engine, FAM__V1__ENGINE__ENGINE_CLAUDE);
        fam__v1__reading__free_unpacked(result.reading, NULL);
    }
    fam_reader_wait_free(asker->wait);
    return code;
}

/* Readings in the cache. */
static bool wait_cached(uint64_t count)
{
    struct fam_reading_cache_stats stats = {0};
    struct fam_status status = {0};
    uint64_t until_ms = fam_mono_ms() + WORLD_WAIT_MS;
    while (fam_mono_ms() < until_ms) {
        if (fam_reading_cache_stats(w.cache, &stats, &status) == FAM_OK && stats.entries == count) {
            return true;
        }
        world_nap();
    }
    return false;
}

Test(reader, a_call_whose_askers_patience_ended_goes_on_and_its_answer_is_kept)
{
    struct asker asker, later;
    struct fam_status status = {0};
    world_make_reader(200, WORLD_CLAUDE_TIMEOUT_MS, 4);
    cr_assert(cl_fault(&w.sim, "{\"delay_ms\":1500,\"times\":1}"));
    begin(&asker, "Уходи!", true, false);
    cr_assert_eq(end(&asker, &status), FAM_DEADLINE_EXCEEDED);
    cr_expect_str_eq(status.reason, "TIMEOUT");
    cr_assert(wait_cached(1), "the answer is not kept");
    begin(&later, "Уходи!", true, false);
    cr_assert_eq(end(&later, &status), FAM_OK, "%s", status.message);
    cr_expect_eq(world_asked(), 1, "it is paid once");
    cr_expect_eq(cl_stat(&w.sim, "closed_early"), 0);
}

Test(reader, who_asks_again_while_the_call_goes_on_joins_it)
{
    struct asker asker, later;
    struct fam_status status = {0};
    world_make_reader(200, WORLD_CLAUDE_TIMEOUT_MS, 4);
    cr_assert(cl_fault(&w.sim, "{\"delay_ms\":2500,\"times\":1}"));
    begin(&asker, "Уходи!", true, false);
    cr_assert_eq(end(&asker, &status), FAM_DEADLINE_EXCEEDED);
    begin(&later, "Уходи!", false, true);
    cr_assert_eq(end(&later, &status), FAM_OK, "%s", status.message);
    cr_expect_eq(world_asked(), 1);
    cr_expect_eq(fam_metrics_value(w.metrics, FAM_M_CACHE_LOOKUPS, FAM_LABELS("shared")), 1);
}

Test(reader, a_call_whose_asker_is_gone_is_cut)
{
    struct asker asker;
    struct fam_status status = {0};
    world_make_reader(WORLD_WAIT_MS, WORLD_WAIT_MS, 4);
    cr_assert(cl_fault(&w.sim, "{\"hang\":true,\"times\":1}"));
    begin(&asker, "Уходи!", true, false);
    cr_assert(cl_wait(&w.sim, "{\"requests\":1}", WORLD_WAIT_MS));
    fam_reader_cancel(asker.wait);
    cr_assert_eq(end(&asker, &status), FAM_CANCELLED);
    cr_expect(cl_wait(&w.sim, "{\"closed_early\":1,\"idle\":true}", WORLD_WAIT_MS), "the call is not cut");
}

Test(reader, what_goes_on_is_not_cut_by_a_later_asker_who_leaves)
{
    struct asker asker, later;
    struct fam_status status = {0};
    world_make_reader(200, WORLD_CLAUDE_TIMEOUT_MS, 4);
    cr_assert(cl_fault(&w.sim, "{\"delay_ms\":3000,\"times\":1}"));
    begin(&asker, "Уходи!", true, false);
    cr_assert_eq(end(&asker, &status), FAM_DEADLINE_EXCEEDED);
    begin(&later, "Уходи!", false, true);
    fam_reader_cancel(later.wait);
    cr_assert_eq(end(&later, &status), FAM_CANCELLED);
    cr_assert(wait_cached(1), "the answer is not kept");
    cr_expect_eq(world_asked(), 1);
    cr_expect_eq(cl_stat(&w.sim, "closed_early"), 0);
}

Test(reader, without_the_wish_and_above_the_bound_a_call_is_cut_when_patience_ends)
{
    struct asker asker[3];
    struct fam_status status = {0};
    world_make_reader(300, WORLD_WAIT_MS, 1);
    cr_assert(cl_fault(&w.sim, "{\"hang\":true,\"times\":3}"));
    begin(&asker[0], "Уходи!", false, false);
    begin(&asker[1], "Останься!", true, false);
    begin(&asker[2], "Молчи!", true, false);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(end(&asker[i], &status), FAM_DEADLINE_EXCEEDED);
    }
    cr_expect(cl_wait(&w.sim, "{\"closed_early\":2}", WORLD_WAIT_MS), "one did not ask for it, and one is too many");
    struct fam_claude_state state;
    fam_claude_get_state(w.claude, &state);
    cr_expect_eq(state.in_flight, 1);
}

Test(reader, an_answer_that_comes_late_and_is_not_fit_to_show_is_not_kept)
{
    struct asker asker, later;
    struct fam_status status = {0};
    world_make_reader(200, WORLD_CLAUDE_TIMEOUT_MS, 4);
    cr_assert(cl_fault(&w.sim, "{\"answer\":\"unknown_placeholder\",\"delay_ms\":1500,\"times\":1}"));
    begin(&asker, "Уходи!", true, false);
    cr_assert_eq(end(&asker, &status), FAM_DEADLINE_EXCEEDED);
    uint64_t until_ms = fam_mono_ms() + WORLD_WAIT_MS;
    while (fam_metrics_value(w.metrics, FAM_M_GUARD_REFUSALS, FAM_LABELS("GUARD_PLACEHOLDER")) < 1 &&
           fam_mono_ms() < until_ms) {
        world_nap();
    }
    cr_expect_eq(fam_metrics_value(w.metrics, FAM_M_GUARD_REFUSALS, FAM_LABELS("GUARD_PLACEHOLDER")), 1);
    begin(&later, "Уходи!", false, true);
    cr_assert_eq(end(&later, &status), FAM_OK, "%s", status.message);
    cr_expect_eq(world_asked(), 2);
}
