/* The conversations in tests/dialogs/ru and en: everything that a parent does and sees, through Telegram's simulator,
 * fambot, famserver and, where an operator acts, famctl. A file is the specification: what is seen must be what stands
 * there, to the letter.
 *
 * FAM_DIALOGS_RENEW=1 writes down what is seen instead; FAM_DIALOGS_ONLY=NAME plays one, or those that fit a pattern.
 * See scripts/dialogs. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <fnmatch.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "claude_world.h"
#include "dialogs/stage.h"

enum { PLAYERS = 24, TEXT_MAX = 1 << 20, STOP_MS = 40000 };

static struct {
    struct stage stage;
    atomic_size_t next;
    pthread_mutex_t mutex; /* over what is printed */
    int failed, played;
    bool claude, alone; /* which conversations are played now */
    char dir[64];
} run = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* Conversations that are played in step: none begins its next deed before bot and server were killed for all of them,
 * which so costs as many kills as the longest one has deeds. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int playing, waiting, round;
} rounds = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static int by_name(const void *a, const void *b)
{
    return strcmp((*(struct script *const *)a)->name, (*(struct script *const *)b)->name);
}

static void read_all(struct stage *stage, const char *language)
{
    char folder[512];
    snprintf(folder, sizeof(folder), "%s/tests/dialogs/%s", FAM_SOURCE_DIR, language);
    DIR *dir = opendir(folder);
    cr_assert_not_null(dir, "%s", folder);
    stage->scripts = calloc(STAGE_SCRIPTS_MAX, sizeof(struct script *));
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const char *end = strrchr(entry->d_name, '.');
        char path[800];
        char error[1024] = "";
        if (end == NULL || strcmp(end, ".dialog") != 0) {
            continue;
        }
        cr_assert_lt(stage->count, STAGE_SCRIPTS_MAX);
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        stage->scripts[stage->count] = script_read(path, language, error, sizeof(error));
        cr_assert_not_null(stage->scripts[stage->count], "%s", error);
        stage->count++;
    }
    closedir(dir);
    qsort(stage->scripts, stage->count, sizeof(struct script *), by_name);
}

static bool is_with_kills(void)
{
    return run.stage.before_deed != NULL;
}

static void print_difference(const struct script *script, const char *seen)
{
    char path[256];
    static char diff[TEXT_MAX];
    snprintf(path, sizeof(path), "%s/%s.%s", run.dir, script->name, is_with_kills() ? "killed" : "seen");
    FILE *file = fopen(path, "we");
    if (file == NULL || fputs(seen, file) < 0 || fclose(file) != 0) {
        fprintf(stderr, "%s: what is seen can't be written down\n", script->path);
        return;
    }
    const char *argv[] = {"diff",       "-u", "--label", "as it is written", "--label", "as it is seen",
                          script->path, path, NULL};
    (void)proc_run(argv, NULL, NULL, diff, sizeof(diff));
    fprintf(stderr, "%s%s:\n%s\n", script->path, is_with_kills() ? " (killed before each deed)" : "", diff);
}

static bool write_down(const struct script *script, const char *seen)
{
    FILE *file = fopen(script->path, "we");
    return file != NULL && fputs(seen, file) >= 0 && fclose(file) == 0;
}

static void play_one(size_t number)
{
    struct script *script = run.stage.scripts[number];
    char error[4096] = "";
    char *written = proc_read_file(script->path);
    char *seen = stage_play(&run.stage, number, error, sizeof(error));
    bool good = seen != NULL && written != NULL && strcmp(seen, written) == 0;
    pthread_mutex_lock(&run.mutex);
    run.played++;
    if (seen == NULL) {
        fprintf(stderr, "%s%s\n", error, is_with_kills() ? " (killed before each deed)" : "");
    } else if (!good && run.stage.renew) {
        good = write_down(script, seen);
    } else if (!good) {
        print_difference(script, seen);
    }
    run.failed += good ? 0 : 1;
    pthread_mutex_unlock(&run.mutex);
    free(seen);
    free(written);
}

static bool is_wanted(const struct script *script)
{
    const char *only = getenv("FAM_DIALOGS_ONLY");
    return script->with_claude == run.claude && script_is_alone(script) == run.alone &&
           (only == NULL || only[0] == '\0' || fnmatch(only, script->name, FNM_EXTMATCH) == 0);
}

static void *player(void *unused)
{
    (void)unused;
    for (size_t at; (at = atomic_fetch_add(&run.next, 1)) < run.stage.count;) {
        if (is_wanted(run.stage.scripts[at])) {
            play_one(at);
        }
    }
    return NULL;
}

static void play_together(void)
{
    pthread_t threads[PLAYERS];
    run.alone = false;
    atomic_store(&run.next, 0);
    for (int i = 0; i < PLAYERS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, player, NULL), 0);
    }
    for (int i = 0; i < PLAYERS; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void play_alone(void)
{
    run.alone = true;
    atomic_store(&run.next, 0);
    (void)player(NULL);
}

static void await_round(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&rounds.mutex);
    int round = rounds.round;
    rounds.waiting++;
    pthread_cond_broadcast(&rounds.changed);
    while (rounds.round == round) {
        pthread_cond_wait(&rounds.changed, &rounds.mutex);
    }
    pthread_mutex_unlock(&rounds.mutex);
}

static void *player_in_step(void *number)
{
    play_one(*(const size_t *)number);
    pthread_mutex_lock(&rounds.mutex);
    rounds.playing--;
    pthread_cond_broadcast(&rounds.changed);
    pthread_mutex_unlock(&rounds.mutex);
    return NULL;
}

static void kill_both(void)
{
    struct system *system = run.stage.system;
    (void)proc_stop(&system->bot, SIGKILL, STOP_MS);
    (void)proc_stop(&system->server, SIGKILL, STOP_MS);
    system_run_server(system);
    system_run_bot(system);
    cr_assert(system_wait_ready(system, SYSTEM_READY_MS), "famserver does not come back");
}

/* The programs die with the thread that started them: so the main one kills, while all others wait. */
static void lead_rounds(void)
{
    pthread_mutex_lock(&rounds.mutex);
    while (rounds.playing > 0) {
        if (rounds.waiting < rounds.playing) {
            pthread_cond_wait(&rounds.changed, &rounds.mutex);
            continue;
        }
        kill_both();
        rounds.waiting = 0;
        rounds.round++;
        pthread_cond_broadcast(&rounds.changed);
    }
    pthread_mutex_unlock(&rounds.mutex);
}

/* Those marked so once more, with kills; nothing is written down of it. */
static void play_killed(void)
{
    pthread_t threads[STAGE_SCRIPTS_MAX];
    size_t numbers[STAGE_SCRIPTS_MAX], count = 0;
    run.alone = false;
    run.stage.renew = false;
    run.stage.before_deed = await_round;
    for (size_t i = 0; i < run.stage.count; i++) {
        if (is_wanted(run.stage.scripts[i]) && run.stage.scripts[i]->with_kills) {
            numbers[count++] = i;
        }
    }
    rounds.playing = (int)count;
    rounds.waiting = 0;
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, player_in_step, &numbers[i]), 0);
    }
    lead_rounds();
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
    }
    run.stage.before_deed = NULL;
}

static void play_all(const char *language, struct system *system, uint16_t claude_port)
{
    run.stage.system = system;
    run.stage.claude_port = claude_port;
    run.claude = claude_port != 0;
    const char *renew = getenv("FAM_DIALOGS_RENEW");
    run.stage.renew = renew != NULL && renew[0] == '1';
    cr_assert(proc_tmpdir(run.dir, sizeof(run.dir)));
    read_all(&run.stage, language);
    play_together();
    play_alone();
    play_killed();
    for (size_t i = 0; i < run.stage.count; i++) {
        script_free(run.stage.scripts[i]);
    }
    free(run.stage.scripts);
    proc_rmtree(run.dir);
    const char *only = getenv("FAM_DIALOGS_ONLY");
    cr_expect_eq(run.failed, 0, "%d of %d conversations are not as they are written", run.failed, run.played);
    cr_expect(run.played > 0 || (only != NULL && only[0] != '\0'), "nothing was played");
}

static void play_without_claude(const char *language)
{
    static struct system system;
    system_start(&system, NULL);
    system_start_bot(&system);
    play_all(language, &system, 0);
    system_stop(&system);
}

/* A parent waits for Claude as long as it takes, so that a busy machine shows the same answers. */
static void play_with_claude(const char *language)
{
    static struct claude_world world;
    static const char *const settings[] = {"FAM_CLAUDE_PATIENCE_MS=60000", NULL};
    claude_world_start(&world, settings);
    system_start_bot(&world.system);
    play_all(language, &world.system, world.claude.port);
    claude_world_stop(&world);
}

Test(dialogs, in_russian, .timeout = 600)
{
    play_without_claude("ru");
}

Test(dialogs, in_english, .timeout = 600)
{
    play_without_claude("en");
}

Test(dialogs, in_russian_with_claude, .timeout = 600)
{
    play_with_claude("ru");
}

Test(dialogs, in_english_with_claude, .timeout = 600)
{
    play_with_claude("en");
}
