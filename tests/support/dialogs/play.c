/* play.c: see play.h. */
#include "play.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    FIRST_CHAT = 41000000,
    CHATS = 10,
    OUTPUT_SIZE = 1 << 18,
    METRICS_SIZE = 1 << 21,
    WORDS_MAX = 40,
    DAYS_SINCE_BIRTHDAY = 100,
    LONG_MAX_CHARS = 4096, /* Telegram takes no more in a message */
    LONG_WORD = 10,
    DAYS_MAX = 400,
    NOTICES_MS = 30000,
    REDIS_MS = 30000
};

static size_t place_of(char who)
{
    return who == 'G' ? PLAY_PEOPLE - 1 : (size_t)(who - 'A');
}

void play_done(struct play *play)
{
    for (size_t i = 0; i < PLAY_PEOPLE; i++) {
        for (size_t l = 0; l < PLAY_LABELS_MAX; l++) {
            free(play->written[i].labels[l]);
            free(play->found[i].labels[l]);
        }
    }
    seen_rules_done(&play->rules);
    (void)tg_sim_stop(&play->sim);
    free(play);
}

static const struct fam_uuid *user_of(struct play *play, char who)
{
    size_t place = place_of(who);
    if (!play->knows[place]) {
        int64_t id = FIRST_CHAT + (int64_t)play->number * CHATS + (int64_t)place;
        play->users[place] = system_person(play->stage->system, id).user_id;
        play->knows[place] = true;
    }
    return &play->users[place];
}

static bool ask_database(const struct play *play, const char *sql, char *ret_value, size_t size)
{
    return pg_server_sql(play->stage->system->pg.conninfo, sql, ret_value, size);
}

/* "born 7", "code", "user A" … */
static bool put_place(struct play *play, const char *place, FILE *out)
{
    char user[FAM_UUID_TEXT_SIZE];
    char sql[512];
    char value[256] = "";
    char what[16] = "";
    char who = 'A';
    int years = 0, length = 0;
    if (sscanf(place, "born %d", &years) == 1) {
        time_t now = time(NULL);
        struct tm day;
        gmtime_r(&now, &day);
        day.tm_year -= years;
        day.tm_mday -= DAYS_SINCE_BIRTHDAY;
        (void)timegm(&day); /* makes a real date of it */
        fprintf(out, "%02d.%02d.%04d", day.tm_mday, day.tm_mon + 1, day.tm_year + 1900);
        return true;
    }
    if (sscanf(place, "long %d", &length) == 1 && length > 0 && length <= LONG_MAX_CHARS) {
        for (int i = 0; i < length; i++) {
            fputc(i % LONG_WORD == LONG_WORD - 1 && i + 1 < length ? ' ' : 'o', out);
        }
        return true;
    }
    if (strcmp(place, "code") == 0) {
        fputs(play->code, out);
        return play->code[0] != '\0';
    }
    if (sscanf(place, "%15s %c", what, &who) != 2 || who < 'A' || who > 'D') {
        return false;
    }
    fam_uuid_format(user_of(play, who), user);
    if (strcmp(what, "user") == 0) {
        fputs(user, out);
        return true;
    }
    snprintf(sql, sizeof(sql), "SELECT %s FROM %s WHERE user_id = '%s' ORDER BY 1 DESC LIMIT 1",
             strcmp(what, "family") == 0 ? "family_id" : "entry_id",
             strcmp(what, "family") == 0 ? "parents" : "emotion_entries", user);
    if (!ask_database(play, sql, value, sizeof(value))) {
        return false;
    }
    fputs(value, out);
    return value[0] != '\0';
}

char *play_fill(struct play *play, const char *deed)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    while (*deed) {
        size_t plain = strcspn(deed, "{");
        const char *end = strchr(deed + plain, '}');
        fprintf(out, "%.*s", (int)plain, deed);
        deed += plain;
        if (*deed == '\0') {
            break;
        }
        char place[32] = "";
        size_t length = end != NULL ? (size_t)(end - deed) - 1 : sizeof(place);
        if (length < sizeof(place)) {
            snprintf(place, sizeof(place), "%.*s", (int)length, deed + 1);
        }
        if (!put_place(play, place, out)) {
            snprintf(play->error, play->error_size, "%s: there is nothing to put for \"{%s}\"", play->script->path,
                     place);
            fclose(out);
            free(text);
            return NULL;
        }
        deed = end + 1;
    }
    fclose(out);
    return text;
}

static bool keep_label(void *context, const char *label)
{
    struct play_labels *labels = context;
    if (labels->count == PLAY_LABELS_MAX) {
        return false;
    }
    labels->labels[labels->count] = strdup(label);
    return labels->labels[labels->count++] != NULL;
}

void play_remember(struct play *play, const char *expected, const char *seen)
{
    static const char people[] = "ABCDG";
    for (const char *who = people; *who; who++) {
        script_labels(expected, *who, keep_label, &play->written[place_of(*who)]);
        script_labels(seen, *who, keep_label, &play->found[place_of(*who)]);
    }
}

bool play_renew_label(struct play *play, char *label, size_t size)
{
    const struct play_labels *written = &play->written[place_of(play->who)];
    const struct play_labels *found = &play->found[place_of(play->who)];
    for (size_t i = written->count; i > 0; i--) {
        if (strcmp(written->labels[i - 1], label) != 0 || i > found->count) {
            continue;
        }
        char *deed = NULL;
        const char *bracket = strchr(play->step->deed, '[');
        int length = bracket != NULL ? (int)(bracket - play->step->deed) : 0;
        snprintf(label, size, "%s", found->labels[i - 1]);
        if (asprintf(&deed, "%.*s[%s]", length, play->step->deed, label) < 0) {
            return false;
        }
        free(play->step->deed);
        play->step->deed = deed;
        play->deed = deed;
        return true;
    }
    return false;
}

bool play_stored(struct play *play)
{
    char user[FAM_UUID_TEXT_SIZE];
    char sql[1024];
    char value[256] = "";
    fam_uuid_format(user_of(play, play->who), user);
    snprintf(sql, sizeof(sql),
             "WITH mine AS (SELECT entry_id FROM emotion_entries WHERE user_id = '%s') "
             "SELECT 'entries ' || (SELECT count(*) FROM mine) || "
             "', readings ' || (SELECT count(*) FROM readings WHERE entry_id IN (SELECT entry_id FROM mine)) || "
             "', ratings ' || (SELECT count(*) FROM ratings WHERE user_id = '%s')",
             user, user);
    if (!ask_database(play, sql, value, sizeof(value))) {
        return false;
    }
    seen_write_text(value, play->who, '=', play->out);
    return true;
}

bool play_later(struct play *play, bool *ret_comes)
{
    char user[FAM_UUID_TEXT_SIZE];
    char sql[512];
    char value[32] = "";
    fam_uuid_format(user_of(play, play->who), user);
    snprintf(sql, sizeof(sql),
             "WITH due AS (UPDATE notifications SET not_before = now(), expires_at = expires_at + INTERVAL '1 day' "
             "WHERE user_id = '%s' AND state = 'queued' RETURNING 1) SELECT count(*) FROM due",
             user);
    if (!ask_database(play, sql, value, sizeof(value))) {
        return false;
    }
    *ret_comes = strcmp(value, "0") != 0;
    if (!*ret_comes) {
        seen_write_text("nothing is to come", play->who, '=', play->out);
    }
    return true;
}

bool play_sent(struct play *play, const char *phrase)
{
    struct cl_sim claude;
    char line[64];
    if (play->stage->claude_port == 0 || !cl_sim_connect(&claude, play->stage->claude_port)) {
        return false;
    }
    int64_t found = cl_found(&claude, phrase);
    (void)cl_sim_stop(&claude);
    snprintf(line, sizeof(line), "in %lld questions to Claude", (long long)found);
    seen_write_text(line, play->who, '=', play->out);
    return found >= 0;
}

/* Words apart from each other, those in ' ' whole. */
static size_t split(char *text, const char **ret_words, size_t most)
{
    size_t count = 0;
    while (count < most) {
        text += strspn(text, " ");
        if (*text == '\0') {
            break;
        }
        char stop = *text == '\'' ? '\'' : ' ';
        text += stop == '\'' ? 1 : 0;
        ret_words[count++] = text;
        text = strchr(text, stop);
        if (text == NULL) {
            break;
        }
        *text++ = '\0';
    }
    return count;
}

bool play_operator(struct play *play, const char *words)
{
    const struct system *system = play->stage->system;
    char servers[64];
    char token[128];
    char line[64];
    snprintf(servers, sizeof(servers), "FAM_SERVERS=tcp://127.0.0.1:%u", system->rpc_port);
    snprintf(token, sizeof(token), "FAM_TOKEN=%s", system->admin_token);
    const char *const env[] = {servers, token, "TZ=UTC", "TERM=dumb", NULL};
    const char *argv[WORDS_MAX] = {FAM_BIN_DIR "/famctl"};
    char *copy = strdup(words);
    char *output = malloc(OUTPUT_SIZE);
    bool good = copy != NULL && output != NULL;
    if (good) {
        (void)split(copy, argv + 1, WORDS_MAX - 2);
        int code = proc_run(argv, env, NULL, output, OUTPUT_SIZE);
        char *text = seen_settle(&play->rules, output, play->code, sizeof(play->code));
        size_t size = text != NULL ? strlen(text) : 0;
        while (size > 0 && text[size - 1] == '\n') {
            text[--size] = '\0';
        }
        if (size > 0) {
            seen_write_text(text, 'O', '<', play->out);
        }
        if (code != 0) {
            snprintf(line, sizeof(line), "exit code %d", code);
            seen_write_text(line, 'O', '=', play->out);
        }
        good = text != NULL && code >= 0;
        free(text);
    }
    free(copy);
    free(output);
    return good;
}

bool play_over(struct play *play)
{
    char user[FAM_UUID_TEXT_SIZE];
    char sql[256];
    char value[32] = "";
    fam_uuid_format(user_of(play, play->who), user);
    snprintf(sql, sizeof(sql),
             "WITH ended AS (UPDATE checkins SET expires_at = now() WHERE user_id = '%s' AND expires_at > now() "
             "RETURNING 1) SELECT count(*) FROM ended",
             user);
    return ask_database(play, sql, value, sizeof(value)) && strcmp(value, "0") != 0;
}

bool play_due(struct play *play, const char *what)
{
    char user[FAM_UUID_TEXT_SIZE];
    char sql[800];
    char count[32] = "";
    char job[16] = "";
    char slot[16] = "";
    int words = sscanf(what, "%15[a-z] %15[a-z]", job, slot);
    fam_uuid_format(user_of(play, play->who), user);
    if (words == 1 && strcmp(job, "report") == 0) {
        snprintf(
            sql, sizeof(sql),
            "WITH due AS (UPDATE schedules SET next_at = now() WHERE job = 'generate_weekly_report' AND family_id = "
            "(SELECT family_id FROM parents WHERE user_id = '%s') RETURNING 1) SELECT count(*) FROM due",
            user);
    } else if (words == 2 && strcmp(job, "checkin") == 0) {
        snprintf(sql, sizeof(sql),
                 "WITH due AS (UPDATE schedules SET next_at = now() WHERE job = 'send_checkin' AND user_id = '%s' AND "
                 "name = '%s' RETURNING 1) SELECT count(*) FROM due",
                 user, slot);
    } else if (words == 2 && strcmp(job, "reminder") == 0) { /* its check-in comes when it says */
        snprintf(sql, sizeof(sql),
                 "WITH due AS (UPDATE schedules SET next_at = date_trunc('milliseconds', now()) + CASE WHEN name = "
                 "'%s' THEN (SELECT reminder_minutes FROM checkin_settings s WHERE s.user_id = schedules.user_id) * "
                 "INTERVAL '1 minute' ELSE INTERVAL '0' END WHERE job = 'send_checkin' AND user_id = '%s' AND "
                 "name IN ('%s', 'remind:%s') RETURNING 1) SELECT count(*) - 1 FROM due",
                 slot, user, slot, slot);
    } else {
        return false;
    }
    return ask_database(play, sql, count, sizeof(count)) && strcmp(count, "1") == 0;
}

bool play_days(struct play *play, const char *deed)
{
    char user[FAM_UUID_TEXT_SIZE], sql[1024], value[32] = "";
    int days = 0, end = 0;
    if (strcmp(deed, "(a day passes)") == 0) {
        days = 1;
    } else if (sscanf(deed, "(%d days pass)%n", &days, &end) != 1 || deed[end] != '\0' || days < 1 || days > DAYS_MAX) {
        return false;
    }
    fam_uuid_format(user_of(play, play->who), user);
    snprintf(sql, sizeof(sql),
             "WITH span AS (SELECT make_interval(days => %d) AS d), "
             "c AS (UPDATE checkins SET due_at = due_at - d, expires_at = expires_at - d, "
             "finished_at = finished_at - d FROM span WHERE user_id = '%s'), "
             "r AS (UPDATE reports SET from_at = from_at - d, until_at = until_at - d, created_at = created_at - d "
             "FROM span WHERE user_id = '%s'), "
             "e AS (UPDATE emotion_entries SET created_at = created_at - d FROM span WHERE user_id = '%s') SELECT 1",
             days, user, user, user);
    return ask_database(play, sql, value, sizeof(value));
}

bool play_forget_reports(struct play *play)
{
    char user[FAM_UUID_TEXT_SIZE], sql[256], count[32] = "";
    fam_uuid_format(user_of(play, play->who), user);
    snprintf(sql, sizeof(sql),
             "WITH gone AS (DELETE FROM reports WHERE user_id = '%s' RETURNING 1) SELECT count(*) FROM gone", user);
    return ask_database(play, sql, count, sizeof(count)) && strcmp(count, "0") != 0;
}

static bool no_notice_waits(void *context)
{
    char count[32] = "";
    return ask_database(context,
                        "SELECT count(*) FROM notifications JOIN users USING (user_id) WHERE kind = 'notice' AND "
                        "state = 'queued' AND not_before <= now() AND reachable",
                        count, sizeof(count)) &&
           strcmp(count, "0") == 0;
}

bool play_await_notices(struct play *play)
{
    return proc_wait_until(no_notice_waits, play, NOTICES_MS);
}

/* As the server sees it, which looks once a second. */
static bool redis_is_back(void *context)
{
    const struct system *system = context;
    char *body = malloc(METRICS_SIZE);
    bool is_back = body != NULL && system_get(system->http_port, "/metrics", body, METRICS_SIZE) == 200 &&
                   strstr(body, "\nfamily_emotions_redis_up 1\n") != NULL;
    free(body);
    return is_back;
}

bool play_start_redis(struct system *system)
{
    return redis_server_restart(&system->redis) && proc_wait_until(redis_is_back, system, REDIS_MS);
}

bool play_forget_sessions(struct system *system)
{
    struct redisReply *reply = redis_server_command(&system->redis, "FLUSHALL");
    bool good = reply != NULL;
    if (good) {
        freeReplyObject(reply);
    }
    return good;
}
