/* stage.c: see stage.h. */
#include "stage.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "play.h"
#include "sim/tg_state.h"

enum { DEED_MS = 90000, UNASKED_MS = 60000, STOP_MS = 40000, FIRST_CHAT = 41000000, CHATS = 10, CALL_MS = 20000 };

static int64_t chat_of(const struct play *play, char who)
{
    int64_t id = FIRST_CHAT + (int64_t)play->number * CHATS + (who == 'G' ? 9 : who - 'A');
    return who == 'G' ? -id : id;
}

static size_t place_of(char who)
{
    return who == 'G' ? PLAY_PEOPLE - 1 : (size_t)(who - 'A');
}

static bool fail(struct play *play, const char *why)
{
    snprintf(play->error, play->error_size, "%s: \"%.60s\": %s", play->script->path, play->deed, why);
    return false;
}

/* A wish for the simulator, with who it is. */
static cJSON *new_wish(const struct play *play, char who, const char *kind)
{
    static const char *const names[2][4] = {{"Анна", "Борис", "Вера", "Глеб"}, {"Anna", "Boris", "Vera", "Gleb"}};
    cJSON *wish = cJSON_CreateObject();
    tg_put_i64(wish, "chat_id", chat_of(play, who));
    tg_put_text(wish, "kind", kind);
    cJSON *from = cJSON_AddObjectToObject(wish, "from");
    size_t person = who == 'G' ? 0 : place_of(who);
    bool russian = strcmp(play->script->language, "ru") == 0;
    tg_put_i64(from, "id", chat_of(play, who == 'G' ? 'A' : who));
    tg_put_text(from, "first_name", names[russian ? 0 : 1][person]);
    tg_put_text(from, "language_code", play->script->language);
    cJSON_AddBoolToObject(from, "is_bot", 0);
    if (who == 'G') {
        tg_put_text(wish, "chat_type", "supergroup");
        tg_put_text(wish, "title", "4B");
    }
    return wish;
}

/* The update's id; 0: the simulator refused, or the bot wants no such updates. */
static int64_t post(struct play *play, cJSON *wish, bool is_message)
{
    cJSON *answer = NULL;
    int64_t id = 0;
    int64_t message = 0;
    int status = sim_client_post_json(play->sim.client, "/control/update", wish, &answer);
    if (status == 200 && fam_json_i64(answer, "update_id", &id) && is_message &&
        fam_json_i64(answer, "message_id", &message)) {
        play->last_message[place_of(play->who)] = message;
    }
    play->refused = status != 200;
    cJSON_Delete(answer);
    return id;
}

/* Sleeps in the simulator until the bot has confirmed the update. */
static bool await_confirmed(struct play *play, int64_t update_id)
{
    uint64_t start_ms = fam_mono_ms();
    int64_t confirmed = 0;
    int64_t seq = 0;
    while (confirmed < update_id && fam_mono_ms() - start_ms < DEED_MS) {
        char path[256];
        cJSON *news = NULL;
        snprintf(path, sizeof(path),
                 "/control/wait?chat_id=%" PRId64 "&after=%" PRId64 "&confirmed=%" PRId64 "&timeout_ms=5000",
                 chat_of(play, play->who), seq, update_id);
        bool good = sim_client_get(play->sim.client, path, CALL_MS, &news) == 200 &&
                    fam_json_i64(news, "confirmed", &confirmed) && fam_json_i64(news, "seq", &seq);
        cJSON_Delete(news);
        if (!good) {
            return fail(play, "the simulator of Telegram does not answer");
        }
    }
    return confirmed >= update_id || fail(play, "the bot does not get done with it");
}

/* The newest message of a person's chat that has a button with that label, and what the button carries. */
static bool find_button(struct play *play, char who, const char *label, int64_t *ret_message, char *ret_data,
                        size_t size)
{
    cJSON *news = tg_messages(&play->sim, chat_of(play, who), 0);
    const cJSON *message, *row, *button;
    bool found = false;
    cJSON_ArrayForEach(message, fam_json_get(news, "messages"))
    {
        const cJSON *history = fam_json_get(message, "history");
        const cJSON *latest = cJSON_GetArrayItem(history, cJSON_GetArraySize(history) - 1);
        int64_t id = 0;
        if (fam_json_bool(message, "deleted") || !fam_json_i64(message, "message_id", &id)) {
            continue;
        }
        cJSON_ArrayForEach(row, fam_json_get(latest, "buttons"))
        {
            cJSON_ArrayForEach(button, row)
            {
                const char *text = fam_json_string(button, "text");
                const char *data = fam_json_string(button, "data");
                if (text != NULL && data != NULL && strcmp(text, label) == 0 && (!found || id >= *ret_message)) {
                    snprintf(ret_data, size, "%s", data);
                    *ret_message = id;
                    found = true;
                }
            }
        }
    }
    cJSON_Delete(news);
    return found;
}

/* "late" is a press that Telegram thinks too old to be answered, "twice" a double tap, and "foreign" the button of
 * whoever is A, which somebody else sends from an own chat. */
static bool press(struct play *play, const char *label, const char *kind)
{
    bool foreign = strcmp(kind, "foreign") == 0;
    char data[128];
    int64_t message = 0;
    int64_t own = 0;
    if (!find_button(play, foreign ? 'A' : play->who, label, &message, data, sizeof(data))) {
        return false;
    }
    if (foreign) {
        own = play->shown_message[place_of(play->who)];
    }
    for (int times = strcmp(kind, "twice") == 0 ? 2 : 1; times > 0; times--) {
        cJSON *wish = new_wish(play, play->who, "press");
        tg_put_i64(wish, "message_id", foreign ? own : message);
        tg_put_text(wish, "data", data);
        if (strcmp(kind, "late") == 0) {
            cJSON_AddBoolToObject(wish, "expired", 1);
        }
        play->update_id = post(play, wish, false);
    }
    return !play->refused;
}

/* "[label]", with what stands before it. */
static bool do_press(struct play *play, const char *deed, const char *kind)
{
    char label[256];
    size_t size = strlen(deed);
    if (size < 3 || deed[size - 1] != ']' || size - 2 >= sizeof(label)) {
        return fail(play, "a button stands in [ ]");
    }
    snprintf(label, sizeof(label), "%.*s", (int)(size - 2), deed + 1);
    return press(play, label, kind) ||
           (play->stage->renew && play_renew_label(play, label, sizeof(label)) && press(play, label, kind)) ||
           fail(play, "there is no such button");
}

static bool do_text(struct play *play, const char *text)
{
    cJSON *wish = new_wish(play, play->who, "text");
    tg_put_text(wish, "text", text);
    play->update_id = post(play, wish, true);
    return !play->refused || fail(play, "the simulator takes no such text");
}

static bool do_edit(struct play *play, const char *text)
{
    cJSON *wish = new_wish(play, play->who, "edit");
    tg_put_i64(wish, "message_id", play->last_message[place_of(play->who)]);
    tg_put_text(wish, "text", text);
    play->update_id = post(play, wish, false);
    return !play->refused || fail(play, "there is no message to edit");
}

static bool do_times(struct play *play, const char *words)
{
    char *text = NULL;
    long times = strtol(words, &text, 10);
    if (times < 1 || times > 200 || strncmp(text, ") ", 2) != 0) {
        return fail(play, "\"(times N) text\"");
    }
    for (long i = 0; i < times; i++) {
        if (!do_text(play, text + 2)) {
            return false;
        }
    }
    play->only_last = true;
    return true;
}

/* Restarts are for the main thread: the programs die with the thread that started them. */
static bool do_to_all(struct play *play, const char *what)
{
    struct system *system = play->stage->system;
    bool gently = strncmp(what, "(restart ", 9) == 0;
    if (strcmp(what, "(lose sessions)") == 0) {
        return play_forget_sessions(system) || fail(play, "Redis does not answer");
    }
    if (strcmp(what, "(kill redis)") == 0) {
        redis_server_kill(&system->redis);
        return true;
    }
    if (strcmp(what, "(start redis)") == 0) {
        return play_start_redis(system) || fail(play, "Redis does not come back");
    }
    if (strstr(what, " bot)") != NULL) {
        int code = proc_stop(&system->bot, gently ? SIGTERM : SIGKILL, STOP_MS);
        system_run_bot(system);
        return !gently || code == 0 || fail(play, "fambot does not end with 0");
    }
    if (strstr(what, " server)") != NULL) {
        int code = proc_stop(&system->server, gently ? SIGTERM : SIGKILL, STOP_MS);
        system_run_server(system);
        return (!gently || code == 0 || fail(play, "famserver does not end with 0")) &&
               (system_wait_ready(system, SYSTEM_READY_MS) || fail(play, "famserver does not come back"));
    }
    return fail(play, "restart or kill bot or server, kill or start redis, or lose sessions");
}

/* Until anybody sees something that no deed asked for. */
static bool await_unasked(struct play *play)
{
    uint64_t start_ms = fam_mono_ms();
    while (fam_mono_ms() - start_ms < UNASKED_MS) {
        for (char who = 'A'; who <= 'D'; who++) {
            struct tg_shown *shown = &play->shown;
            if (tg_wait_event(&play->sim, chat_of(play, who), play->seen[place_of(who)], 100, shown)) {
                return true;
            }
        }
    }
    return fail(play, "nothing came");
}

static bool do_in_brackets(struct play *play, const char *deed)
{
    static const char *const kinds[] = {"photo",      "voice",   "sticker", "location", "document", "video",
                                        "video_note", "contact", "block",   "unblock",  "join",     "kick"};
    char word[32] = "";
    const char *rest = strstr(deed, ") ");
    if (strncmp(deed, "(times ", 7) == 0) {
        return do_times(play, deed + 7);
    }
    if (script_is_to_all(deed)) {
        return do_to_all(play, deed);
    }
    if (strstr(deed, "day passes)") != NULL || strstr(deed, "days pass)") != NULL) {
        return play_days(play, deed) || fail(play, "\"(a day passes)\" or \"(5 days pass)\"");
    }
    if (strcmp(deed, "(reports gone)") == 0) {
        return play_forget_reports(play) || fail(play, "there is no report that could go");
    }
    if (strcmp(deed, "(wait)") == 0) {
        return await_unasked(play);
    }
    if (strncmp(deed, "(due ", 5) == 0) {
        return play_due(play, deed + 5) || fail(play, "the schedule has nothing of that kind");
    }
    if (strcmp(deed, "(over)") == 0) {
        return play_over(play) || fail(play, "no check-in is open");
    }
    if (strcmp(deed, "(stored)") == 0) {
        return play_stored(play) || fail(play, "the database does not answer");
    }
    if (strcmp(deed, "(later)") == 0) {
        bool comes = false;
        if (!play_later(play, &comes)) {
            return fail(play, "the database does not answer");
        }
        return !comes || await_unasked(play);
    }
    if (strncmp(deed, "(sent) ", 7) == 0) {
        return play_sent(play, deed + 7) || fail(play, "the simulator of Claude does not answer");
    }
    if (strncmp(deed, "(edit) ", 7) == 0) {
        return do_edit(play, deed + 7);
    }
    snprintf(word, sizeof(word), "%.*s", (int)strcspn(deed + 1, ")"), deed + 1);
    if (rest != NULL && rest[2] == '[') {
        return do_press(play, rest + 2, word);
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(word, kinds[i]) == 0) {
            play->update_id = post(play, new_wish(play, play->who, kinds[i]), false);
            return !play->refused || fail(play, "the simulator takes no such deed");
        }
    }
    return fail(play, "there is no such deed");
}

/* What a deed stands for, with the places in it filled. */
static bool do_deed(struct play *play, const char *deed)
{
    play->update_id = 0;
    play->refused = false;
    play->only_last = false;
    if (play->who == 'O') {
        return play_operator(play, deed);
    }
    bool good = deed[0] == '['   ? do_press(play, deed, "")
                : deed[0] == '(' ? do_in_brackets(play, deed)
                                 : do_text(play, deed);
    return good && (play->update_id == 0 || await_confirmed(play, play->update_id));
}

/* Does a version of a message look like the one before it? Nobody sees that the buttons carry other data now. */
static bool looks_the_same(const cJSON *news, const struct sim_event *event)
{
    char labels[2][4096];
    const cJSON *message, *version;
    const cJSON *before = NULL;
    if (event->kind != SIM_EVENT_TEXT && event->kind != SIM_EVENT_BUTTONS) {
        return false;
    }
    cJSON_ArrayForEach(message, fam_json_get(news, "messages"))
    {
        int64_t id = 0;
        if (!fam_json_i64(message, "message_id", &id) || id != event->message_id) {
            continue;
        }
        cJSON_ArrayForEach(version, fam_json_get(message, "history"))
        {
            int64_t seq = 0;
            before = fam_json_i64(version, "seq", &seq) && (uint64_t)seq < event->seq ? version : before;
        }
    }
    const char *text = fam_json_string(before, "text");
    (void)sim_event_buttons(event->buttons, labels[0], sizeof(labels[0]));
    (void)sim_event_buttons(fam_json_get(before, "buttons"), labels[1], sizeof(labels[1]));
    return text != NULL && strcmp(text, event->text) == 0 && strcmp(labels[0], labels[1]) == 0;
}

/* What one of them sees now. Of many answers alike the last one is enough. */
static bool look_at(struct play *play, char who, FILE *out)
{
    size_t place = place_of(who);
    uint64_t after = play->seen[place];
    cJSON *news = tg_messages(&play->sim, chat_of(play, who), after);
    struct sim_event event;
    struct sim_event next;
    bool is_there = news != NULL && sim_event_next(news, after, &event);
    while (is_there) {
        bool more = sim_event_next(news, event.seq, &next);
        if ((!more || !play->only_last) && !looks_the_same(news, &event)) {
            seen_write(&play->rules, &event, who, play->code, sizeof(play->code), out);
        }
        if (event.kind == SIM_EVENT_SENT) {
            play->shown_message[place] = event.message_id;
        }
        play->seen[place] = event.seq;
        event = next;
        is_there = more;
    }
    cJSON_Delete(news);
    return news != NULL || fail(play, "the simulator of Telegram does not answer");
}

static bool look(struct play *play, FILE *out)
{
    bool good = true;
    for (const char *who = "ABCDG"; good && *who; who++) {
        good = look_at(play, *who, out);
    }
    return good;
}

static bool acts_of_others(const struct script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        if (script->steps[i].who != 'A') {
            return true;
        }
    }
    return false;
}

static char *play_step(struct play *play, struct script_step *step)
{
    char *lines = NULL;
    size_t size = 0;
    char *deed = play_fill(play, step->deed);
    FILE *out = open_memstream(&lines, &size);
    if (deed == NULL || out == NULL) {
        free(deed);
        return NULL;
    }
    play->step = step;
    play->who = step->who;
    play->deed = step->deed;
    play->out = out;
    bool good = do_deed(play, deed);
    good = good && (!play->has_others || play_await_notices(play) || fail(play, "a notice does not come"));
    good = good && look(play, out);
    fclose(out);
    free(deed);
    if (!good) {
        free(lines);
        return NULL;
    }
    play_remember(play, step->expected, lines);
    return lines;
}

/* A message that is shown while the bot is killed may come twice, which no conversation can foresee. */
static void announce(const struct play *play, const struct script_step *step)
{
    const struct stage *stage = play->stage;
    if (stage->before_deed != NULL && strcmp(step->deed, "(wait)") != 0) {
        stage->before_deed(stage->context);
    }
}

/* What was seen before a deed that can't be done often tells why. */
static void add_seen(const struct play *play, const char *lines)
{
    size_t size = strlen(play->error);
    if (lines != NULL && size + 1 < play->error_size) {
        snprintf(play->error + size, play->error_size - size, "; seen before it:\n%s", lines);
    }
}

static bool play_script(struct play *play, struct script *script, bool hidden, FILE *out)
{
    bool good = true;
    char *lines = NULL;
    play->has_others = acts_of_others(script);
    for (size_t i = 0; good && i < script->count; i++) {
        if (!hidden) {
            announce(play, &script->steps[i]);
        }
        char *next = play_step(play, &script->steps[i]);
        good = next != NULL;
        if (!good) {
            add_seen(play, lines);
        } else if (!hidden) {
            script_write_step(script, i, next, out);
        }
        free(lines);
        lines = next;
    }
    free(lines);
    return good;
}

static struct script *find(const struct stage *stage, const char *name)
{
    for (size_t i = 0; i < stage->count; i++) {
        if (strcmp(stage->scripts[i]->name, name) == 0) {
            return stage->scripts[i];
        }
    }
    return NULL;
}

char *stage_play(struct stage *stage, size_t number, char *ret_error, size_t size)
{
    struct script *script = stage->scripts[number];
    struct play *play = calloc(1, sizeof(*play));
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    snprintf(ret_error, size, "%s: memory is short", script->path);
    if (play == NULL || out == NULL) {
        free(play);
        return NULL;
    }
    play->stage = stage;
    play->script = script;
    play->number = stage->before_deed != NULL ? STAGE_SCRIPTS_MAX + number : number;
    play->error = ret_error;
    play->error_size = size;
    play->deed = "";
    seen_rules_init(&play->rules);
    bool good = tg_sim_connect(&play->sim, stage->system->telegram.port);
    script_write_head(script, out);
    for (size_t i = 0; good && i < script->given_count; i++) {
        struct script *given = find(stage, script->given[i]);
        good = given != NULL ? play_script(play, given, true, out) : fail(play, "no conversation of a given name");
    }
    good = good && play_script(play, script, false, out);
    script_write_tail(script, out);
    fclose(out);
    play_done(play);
    if (!good) {
        free(text);
        return NULL;
    }
    return text;
}
