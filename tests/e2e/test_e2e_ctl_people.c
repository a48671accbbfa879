/* famctl and the people whom the service is for, against a running famserver: lists without a word of theirs, one of
 * them opened for a reason, and told of it; an export, an erasure, a word to everybody; the service in numbers. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/compiler.h"
#include "fam/v1/family.pb-c.h"
#include "system.h"

enum { OUT_BYTES = 65536, ID = FAM_UUID_TEXT_SIZE };

static const char WHY[] = "support case 4711";
static const char WORDS[] = "Ненавижу тебя, не пойду в школу!";
static const char FEEDBACK[] = "Спасибо, стало тише";

static struct system s;
static struct person parent, other;
static char user[ID], other_user[ID], family[ID], child[ID], entry[ID], feedback[ID];
static char servers[64], token[96], out[OUT_BYTES];

static int run(const char *const words[])
{
    const char *const env[] = {servers, token, "LC_ALL=C.UTF-8", "TZ=UTC", "ASAN_OPTIONS=detect_leaks=0", NULL};
    const char *argv[24] = {FAM_BIN_DIR "/famctl"};
    for (size_t i = 0; words[i] != NULL; i++) {
        argv[i + 1] = words[i];
    }
    return proc_run(argv, env, NULL, out, sizeof(out));
}
#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static void tell(const struct person *person, const char *words, const char *key, char ret_id[ID])
{
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    cr_assert_eq(system_translate(&s, person, words, key, &rpc, &status), FAM_OK, "%s", status.message);
    snprintf(ret_id, ID, "%s", system_entry(&rpc)->entry_id);
    fam_rpc_done(&rpc);
}

static void say_to_operators(const struct person *person, const char *words)
{
    Fam__V1__SubmitFeedbackRequest request = FAM__V1__SUBMIT_FEEDBACK_REQUEST__INIT;
    char key[ID];
    fam_uuid_format(&person->user_id, key);
    const struct fam_rpc_options options = {.acting_user = &person->user_id, .idempotency_key = key};
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    request.text = (char *)(uintptr_t)words;
    request.rating = 5;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(s.client, fam__v1__family_service, submit_feedback, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    fam_rpc_done(&rpc);
}

static void start(void)
{
    char unused[ID];
    system_start(&s, NULL);
    snprintf(servers, sizeof(servers), "FAM_SERVERS=tcp://127.0.0.1:%u", s.rpc_port);
    snprintf(token, sizeof(token), "FAM_TOKEN=%s", s.admin_token);
    parent = system_family(&s, 7001, 7);
    other = system_family(&s, 7002, 9);
    fam_uuid_format(&parent.user_id, user);
    fam_uuid_format(&other.user_id, other_user);
    fam_uuid_format(&parent.family_id, family);
    fam_uuid_format(&parent.child_id, child);
    tell(&parent, WORDS, "t1", entry);
    tell(&other, "Уходи!", "t2", unused);
    say_to_operators(&other, "Слишком длинно");
    say_to_operators(&parent, FEEDBACK);
    char sql[160];
    snprintf(sql, sizeof(sql), "SELECT feedback_id FROM feedback WHERE user_id = '%s'", user);
    cr_assert(pg_server_sql(s.pg.conninfo, sql, feedback, sizeof(feedback)));
}

static void stop(void)
{
    system_stop(&s);
}

TestSuite(e2e_ctl_people, .init = start, .fini = stop, .timeout = 240);

/* Rows where the column is the id (or whatever text). */
static int64_t count(const char *table, const char *column, const char *id)
{
    char sql[256];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s WHERE %s = '%s'", table, column, id);
    return system_count(&s, sql);
}

static int64_t notices(const char *user_id)
{
    return count("notifications", "kind = 'notice' AND user_id", user_id);
}

static int64_t audited(const char *method)
{
    return count("audit_log", "reason = 'support case 4711' AND substr(method, 8)", method);
}

static void expect_no_word(void)
{
    static const char *const THEIRS[] = {"Ненавижу", "Уходи", "тише", "длинно", "7001", "7002"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(THEIRS); i++) {
        cr_expect_null(strstr(out, THEIRS[i]), "\"%s\" is shown in %s", THEIRS[i], out);
    }
}

Test(e2e_ctl_people, lists_show_ids_and_counts_and_tell_nobody)
{
    static const char *const LISTS[][3] = {{"user", "list"}, {"family", "list"}, {"entry", "list"}};
    static const char *const FORMATS[] = {"table", "json"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(LISTS); i++) {
        for (size_t j = 0; j < 2; j++) {
            cr_assert_eq(RUN(LISTS[i][0], LISTS[i][1], "-o", FORMATS[j]), 0, "%s", out);
            cr_expect_not_null(strstr(out, i == 1 ? family : user), "%s list: %s", LISTS[i][0], out);
            cr_expect_eq(out[0] == '{', j == 1);
            expect_no_word();
        }
    }
    /* Pages: the newest, and what its token leads to. */
    cr_assert_eq(RUN("user", "list", "--limit", "1"), 0, "%s", out);
    cr_expect_not_null(strstr(out, other_user), "the newest: %s", out);
    cr_expect_null(strstr(out, user), "%s", out);
    char *after = strstr(out, "--after");
    cr_assert_not_null(after, "%s", out);
    char next[256] = "";
    cr_assert_eq(sscanf(after + strlen("--after"), " %255s", next), 1, "%s", out);
    cr_assert_eq(RUN("user", "list", "--limit", "1", "--after", next), 0, "%s", out);
    cr_expect_not_null(strstr(out, user), "%s", out);
    cr_expect_eq(notices(user) + notices(other_user), 0);
}

Test(e2e_ctl_people, what_opens_a_person_needs_a_reason_is_audited_and_told)
{
    const struct {
        const char *words[8], *shows, *method;
    } looks[] = {
        {{"user", "show", user}, "processing", "FamilyService/GetUser"},
        {{"family", "show", "--user", user}, child, "FamilyService/GetFamily"},
        {{"child", "list", "--user", user}, child, "FamilyService/GetFamily"},
        {{"child", "show", child, "--user", user}, "7_9", "FamilyService/GetFamily"},
        {{"entry", "list", "--user", user}, entry, "TranslationService/ListEntries"},
        {{"entry", "show", entry, "--user", user}, WORDS, "TranslationService/GetEntry"},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(looks); i++) {
        const char *words[12] = {NULL};
        size_t size = 0;
        while (looks[i].words[size] != NULL) {
            words[size] = looks[i].words[size];
            size++;
        }
        int64_t before = audited(looks[i].method);
        cr_expect_eq(run(words), 5, "%s %s without a reason: %s", words[0], words[1], out);
        expect_no_word();
        cr_expect_eq(audited(looks[i].method), before);
        words[size] = "--reason";
        words[size + 1] = WHY;
        cr_assert_eq(run(words), 0, "%s %s: %s", words[0], words[1], out);
        cr_expect_not_null(strstr(out, looks[i].shows), "%s %s shows %s: %s", words[0], words[1], looks[i].shows, out);
        cr_expect_eq(audited(looks[i].method), before + 1, "%s %s", words[0], words[1]);
    }
    cr_expect_geq(notices(user), 1);
    cr_expect_leq(notices(user), 2, "once an hour");
    cr_expect_eq(notices(other_user), 0);
    cr_expect_neq(RUN("entry", "show", entry, "--user", other_user, "--reason", WHY), 0, "another's: %s", out);
    expect_no_word();
    cr_assert_eq(RUN("audit", "list", "--user", user), 0, "%s", out);
    cr_expect_not_null(strstr(out, WHY), "%s", out);
}

Test(e2e_ctl_people, feedback_is_listed_without_words_and_one_of_it_is_opened)
{
    cr_expect_eq(RUN("feedback", "list"), 5, "%s", out);
    cr_expect_eq(RUN("feedback", "show", feedback), 5, "%s", out);
    cr_expect_eq(notices(user) + notices(other_user), 0);
    cr_assert_eq(RUN("feedback", "show", feedback, "--reason", WHY), 0, "%s", out);
    cr_expect_not_null(strstr(out, FEEDBACK), "%s", out);
    cr_expect_null(strstr(out, "длинно"), "one, and no other: %s", out);
    cr_expect_geq(notices(user), 1);
    cr_expect_eq(notices(other_user), 0, "whose words were not opened is not told that they were");
    cr_assert_eq(RUN("feedback", "list", "--reason", WHY), 0, "%s", out);
    cr_expect_not_null(strstr(out, feedback), "%s", out);
    expect_no_word();
    cr_expect_eq(RUN("feedback", "show", family, "--reason", WHY), 1, "there is none of that id: %s", out);
}

Test(e2e_ctl_people, a_family_is_exported_into_files_that_nobody_else_reads)
{
    char dir[96], path[160];
    struct stat info;
    snprintf(dir, sizeof(dir), "%s/export", s.dir);
    cr_expect_eq(RUN("family", "export", family, "--out", dir), 5, "%s", out);
    cr_assert_eq(RUN("family", "export", family, "--out", dir, "--reason", WHY), 0, "%s", out);
    expect_no_word();
    static const char *const ENDS[] = {"json", "html"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s.%s", dir, user, ENDS[i]);
        cr_assert_eq(stat(path, &info), 0, "%s", path);
        cr_expect_eq(info.st_mode & 0777, 0600);
        char *text = proc_read_file(path);
        cr_assert_not_null(text);
        cr_expect_not_null(strstr(text, WORDS), "%s", path);
        cr_expect_null(strstr(text, "Уходи"), "%s", path);
        free(text);
    }
    cr_expect_eq(notices(other_user), 0);
    cr_expect_geq(notices(user), 1);
    cr_expect_neq(RUN("family", "export", family, "--out", dir, "--reason", WHY), 0, "what is there stays: %s", out);
    cr_expect_eq(RUN("family", "export", user, "--out", dir, "--reason", WHY), 1, "no such family: %s", out);
}

Test(e2e_ctl_people, a_family_is_erased_after_its_id_was_typed_and_no_other)
{
    cr_assert_eq(RUN("family", "delete", family, "--reason", WHY, "--dry-run"), 0, "%s", out);
    cr_expect_not_null(strstr(out, "Nothing was changed"), "%s", out);
    cr_expect_neq(RUN("family", "delete", family, "--reason", WHY), 0, "without a terminal: %s", out);
    cr_expect_neq(RUN("family", "delete", family, "--reason", WHY, "--confirm", user), 0, "another id: %s", out);
    cr_expect_neq(RUN("family", "delete", family, "--confirm", family), 0, "without a reason: %s", out);
    cr_expect_eq(system_count(&s, "SELECT count(*) FROM keys.user_keys"), 2);
    cr_assert_eq(RUN("family", "delete", family, "--reason", WHY, "--confirm", family), 0, "%s", out);
    cr_expect_not_null(strstr(out, "Receipt"), "%s", out);
    cr_expect_eq(count("keys.user_keys", "user_id", user), 0);
    cr_expect_eq(count("keys.user_keys", "user_id", other_user), 1);
    cr_expect_neq(RUN("user", "show", user, "--reason", WHY), 0, "%s", out);
    cr_expect_eq(RUN("user", "show", other_user, "--reason", WHY), 0, "%s", out);
    cr_expect_neq(RUN("family", "delete", family, "--reason", WHY, "--confirm", family), 0, "it is gone: %s", out);
}

Test(e2e_ctl_people, numbers_and_a_word_to_everybody_hold_nothing_of_anybody)
{
    cr_assert_eq(RUN("stats"), 0, "%s", out);
    cr_expect_not_null(strstr(out, "Families"), "%s", out);
    expect_no_word();
    cr_assert_eq(RUN("stats", "-o", "json"), 0, "%s", out);
    cr_expect_not_null(strstr(out, "\"users\":\t2"), "%s", out);
    cr_expect_not_null(strstr(out, "\"entries\":\t2"), "%s", out);
    cr_expect_null(strstr(out, user), "%s", out);
    cr_assert_eq(RUN("retention", "-o", "json"), 0, "%s", out);
    cr_expect_not_null(strstr(out, "\"default_days\":\t90"), "%s", out);
    cr_expect_not_null(strstr(out, "\"overdue_rows\":\t0"), "%s", out);
    system_consent(&s, &parent, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_NOTIFICATIONS, true);
    cr_expect_eq(RUN("broadcast", "--ru", "Завтра перерыв"), 2, "both languages are needed: %s", out);
    cr_assert_eq(RUN("broadcast", "--ru", "Завтра перерыв", "--en", "A break", "--dry-run", "-o", "json"), 0, "%s",
                 out);
    cr_expect_not_null(strstr(out, "\"would_tell\":\t1"), "%s", out);
    cr_expect_neq(RUN("broadcast", "--ru", "Завтра перерыв", "--en", "A break"), 0, "nobody said yes: %s", out);
    cr_expect_eq(system_count(&s, "SELECT count(*) FROM broadcasts"), 0);
    cr_assert_eq(RUN("broadcast", "--ru", "Завтра перерыв", "--en", "A break", "--yes"), 0, "%s", out);
    cr_expect_eq(system_count(&s, "SELECT count(*) FROM broadcasts"), 1);
    snprintf(token, sizeof(token), "FAM_TOKEN=%s", s.bot_token);
    static const char *const CLOSED[][3] = {{"stats"}, {"retention"}, {"user", "list"}, {"family", "list"}};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(CLOSED); i++) {
        cr_expect_eq(run(CLOSED[i]), 5, "with a bot's token: %s", out);
    }
}
