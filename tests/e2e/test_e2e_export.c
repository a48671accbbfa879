/* ExportFamily against running programs: every row of the person is in it, nothing private of others, and the page can
 * be read by a browser. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "system.h"

enum { CHUNK_MAX = 256 * 1024, FILE_MAX = 64 * 1024 * 1024 };

static struct system s;

TestSuite(e2e_export, .timeout = 240);

static char *borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* The whole file; *ret_chunks (may be NULL) is in how many answers it came. */
static void fetch(const struct person *person, Fam__V1__ExportFormat format, struct fam_buf *ret_file,
                  size_t *ret_chunks)
{
    const struct fam_rpc_options options = {.acting_user = &person->user_id};
    char token[600] = "";
    size_t chunks = 0;
    fam_buf_init(ret_file, FILE_MAX);
    do {
        Fam__V1__ExportFamilyRequest request = FAM__V1__EXPORT_FAMILY_REQUEST__INIT;
        struct fam_status status = {.message = ""};
        struct fam_rpc rpc;
        request.format = format;
        request.page_token = token;
        fam_rpc_init(&rpc, &options);
        cr_assert_eq(FAM_RPC(s.client, fam__v1__family_service, export_family, &rpc, &request, &status), FAM_OK, "%s",
                     status.message);
        const Fam__V1__ExportFamilyResponse *response = (const Fam__V1__ExportFamilyResponse *)fam_rpc_response(&rpc);
        cr_assert_leq(response->chunk.len, (size_t)CHUNK_MAX);
        cr_assert_neq(response->file_name[0], '\0');
        fam_buf_add(ret_file, response->chunk.data, response->chunk.len);
        snprintf(token, sizeof(token), "%s", response->next_page_token);
        fam_rpc_done(&rpc);
        cr_assert_lt(++chunks, (size_t)1000);
    } while (token[0] != '\0');
    cr_assert_not(ret_file->failed);
    if (ret_chunks != NULL) {
        *ret_chunks = chunks;
    }
}

static cJSON *fetch_json(const struct person *person, size_t *ret_chunks)
{
    struct fam_buf file;
    fetch(person, FAM__V1__EXPORT_FORMAT__EXPORT_FORMAT_JSON, &file, ret_chunks);
    cJSON *json = fam_json_parse(fam_buf_text(&file), file.size, FILE_MAX);
    cr_assert_not_null(json, "the export is no JSON");
    fam_buf_done(&file);
    return json;
}

/* The id of the entry, which lasts until the next call. */
static char *tell(const struct person *person, const char *phrase, const char *key)
{
    static char entry_id[FAM_UUID_TEXT_SIZE];
    struct fam_rpc rpc;
    struct fam_status status = {.message = ""};
    cr_assert_eq(system_translate(&s, person, phrase, key, &rpc, &status), FAM_OK, "%s", status.message);
    snprintf(entry_id, sizeof(entry_id), "%s", system_entry(&rpc)->entry_id);
    fam_rpc_done(&rpc);
    return entry_id;
}

/* Somebody else in the same family. */
static struct person join(int64_t telegram_id, const struct person *first)
{
    char sql[512], user[FAM_UUID_TEXT_SIZE], family[FAM_UUID_TEXT_SIZE];
    struct person person = system_person(&s, telegram_id);
    system_consent(&s, &person, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, true);
    fam_uuid_format(&person.user_id, user);
    fam_uuid_format(&first->family_id, family);
    person.family_id = first->family_id;
    person.child_id = first->child_id;
    snprintf(sql, sizeof(sql),
             "INSERT INTO parents (parent_id, family_id, user_id, role) VALUES (gen_random_uuid(), '%s', '%s', "
             "'parent')",
             family, user);
    cr_assert(pg_server_sql(s.pg.conninfo, sql, NULL, 0));
    return person;
}

/* As the log says after an operator opened an entry in somebody's name, or was refused. */
static void log_look(const struct person *as, const char *whose)
{
    char sql[640], user[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&as->user_id, user);
    snprintf(sql, sizeof(sql),
             "INSERT INTO audit_log (audit_id, principal, method, user_id, target_id, reason, request_id) SELECT "
             "gen_random_uuid(), 'admin:olga', 'fam.v1.TranslationService/GetEntry', '%s', entry_id, 'x', '' FROM "
             "emotion_entries WHERE user_id = '%s'",
             user, whose);
    cr_assert(pg_server_sql(s.pg.conninfo, sql, NULL, 0));
}

static void say_to_operators(const struct person *person, const char *text)
{
    Fam__V1__SubmitFeedbackRequest request = FAM__V1__SUBMIT_FEEDBACK_REQUEST__INIT;
    const struct fam_rpc_options options = {.acting_user = &person->user_id, .idempotency_key = "feedback"};
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    request.text = borrow(text);
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(s.client, fam__v1__family_service, submit_feedback, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    fam_rpc_done(&rpc);
}

static size_t rows_of(const cJSON *json, const char *table)
{
    const cJSON *list = fam_json_get(json, table);
    cr_assert(cJSON_IsArray(list), "the export has no list %s", table);
    return (size_t)cJSON_GetArraySize(list);
}

/* Tables that hold something of people and are not in the export; docs/privacy.md says why of each. */
static const char EXCEPTIONS[] = " idempotency_keys tasks task_attempts job_runs keys.user_keys keys.entry_keys "
                                 "keys.family_keys ";

Test(e2e_export, every_table_of_the_schema_with_rows_of_people_is_in_it)
{
    char tables[4096];
    system_start(&s, NULL);
    struct person parent = system_family(&s, 7001, 7);
    cJSON *json = fetch_json(&parent, NULL);
    cr_assert(pg_server_sql(s.pg.conninfo,
                            "SELECT string_agg(DISTINCT CASE table_schema WHEN 'public' THEN '' ELSE 'keys.' END || "
                            "table_name, ' ') FROM information_schema.columns WHERE table_schema IN ('public', 'keys') "
                            "AND column_name IN ('user_id', 'created_by', 'family_id', 'entry_id', 'child_id', "
                            "'task_id', 'schedule_id') AND udt_name = 'uuid'",
                            tables, sizeof(tables)));
    char *rest = NULL;
    for (char *table = strtok_r(tables, " ", &rest); table != NULL; table = strtok_r(NULL, " ", &rest)) {
        char word[128];
        snprintf(word, sizeof(word), " %s ", table);
        cr_expect(fam_json_get(json, table) != NULL || strstr(EXCEPTIONS, word) != NULL,
                  "%s is neither exported nor an exception", table);
    }
    cJSON_Delete(json);
    system_stop(&s);
}

Test(e2e_export, all_rows_are_there_however_many_chunks_it_takes)
{
    const char *const extra[] = {"FAM_LIMIT_TRANSLATIONS_HOUR=100000", "FAM_LIMIT_TRANSLATIONS_DAY=100000", NULL};
    system_start(&s, extra);
    struct person parent = system_family(&s, 7001, 7);
    for (int i = 0; i < 120; i++) {
        char phrase[128], key[32];
        snprintf(phrase, sizeof(phrase), "Ненавижу тебя! «%d» <b>& \"уходи\"", i);
        snprintf(key, sizeof(key), "t%d", i);
        tell(&parent, phrase, key);
    }
    say_to_operators(&parent, "Спасибо <script>alert(1)</script>");
    size_t chunks = 0;
    cJSON *json = fetch_json(&parent, &chunks);
    cr_expect_gt(chunks, (size_t)1);
    cr_expect_str_eq(fam_json_string(json, "format"), "family-emotions-export/1");
    cr_expect_eq(rows_of(json, "users"), 1);
    cr_expect_eq(rows_of(json, "parents"), 1);
    cr_expect_eq(rows_of(json, "children"), 1);
    cr_expect_eq(rows_of(json, "consents"), 2);
    cr_expect_eq(rows_of(json, "emotion_entries"), 120);
    cr_expect_eq((int64_t)rows_of(json, "readings"), system_count(&s, "SELECT count(*) FROM readings"));
    cr_expect_eq(rows_of(json, "feedback"), 1);
    const cJSON *user = cJSON_GetArrayItem(fam_json_get(json, "users"), 0);
    int64_t telegram_id = 0;
    cr_expect(fam_json_i64(user, "telegram_id", &telegram_id));
    cr_expect_eq(telegram_id, 7001);
    const cJSON *first = cJSON_GetArrayItem(fam_json_get(json, "emotion_entries"), 0);
    cr_expect_str_eq(fam_json_string(first, "phrase"), "Ненавижу тебя! «0» <b>& \"уходи\"");
    const cJSON *reading = fam_json_get(cJSON_GetArrayItem(fam_json_get(json, "readings"), 0), "body");
    cr_expect_neq(fam_json_string(reading, "goingOn")[0], '\0');
    cr_expect_str_eq(fam_json_string(cJSON_GetArrayItem(fam_json_get(json, "feedback"), 0), "body"),
                     "Спасибо <script>alert(1)</script>");
    cJSON_Delete(json);
    system_stop(&s);
}

Test(e2e_export, nothing_private_of_another_parent_is_in_it)
{
    system_start(&s, NULL);
    struct person first = system_family(&s, 7001, 7), second = join(7002, &first),
                  stranger = system_family(&s, 7003, 7);
    tell(&first, "Папа меня обидел вчера", "t1");
    tell(&second, "Не хочу спать совсем", "t2");
    tell(&stranger, "Я люблю кашу", "t3");
    const Fam__V1__ExportFormat formats[] = {FAM__V1__EXPORT_FORMAT__EXPORT_FORMAT_JSON,
                                             FAM__V1__EXPORT_FORMAT__EXPORT_FORMAT_HTML};
    for (size_t i = 0; i < 2; i++) {
        struct fam_buf file;
        fetch(&second, formats[i], &file, NULL);
        cr_expect_not_null(strstr(fam_buf_text(&file), "Не хочу спать совсем"));
        cr_expect_null(strstr(fam_buf_text(&file), "обидел"));
        cr_expect_null(strstr(fam_buf_text(&file), "кашу"));
        cr_expect_null(strstr(fam_buf_text(&file), "7001"));
        fam_buf_done(&file);
    }
    system_stop(&s);
}

Test(e2e_export, the_log_of_looks_names_what_is_ones_own_and_nothing_of_others)
{
    system_start(&s, NULL);
    struct person first = system_family(&s, 7001, 7), second = join(7002, &first);
    char first_id[FAM_UUID_TEXT_SIZE], second_id[FAM_UUID_TEXT_SIZE], entry[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&first.user_id, first_id);
    fam_uuid_format(&second.user_id, second_id);
    tell(&first, "Папа меня обидел вчера", "t1");
    cr_assert(pg_server_sql(s.pg.conninfo, "SELECT entry_id::text FROM emotion_entries", entry, sizeof(entry)));
    tell(&second, "Не хочу спать совсем", "t2");
    log_look(&second, first_id);
    log_look(&second, second_id);
    cJSON *json = fetch_json(&second, NULL);
    cr_expect_eq(rows_of(json, "audit_log"), 2, "that somebody looked is told in any case");
    size_t named = 0;
    const cJSON *row = NULL;
    cJSON_ArrayForEach(row, fam_json_get(json, "audit_log"))
    {
        const char *target = fam_json_string(row, "target_id");
        named += target != NULL ? 1 : 0;
        cr_expect(target == NULL || strcmp(target, entry) != 0, "an entry of another parent is named");
    }
    cr_expect_eq(named, (size_t)1, "the own entry is named");
    cJSON_Delete(json);
    struct fam_buf file;
    fetch(&second, FAM__V1__EXPORT_FORMAT__EXPORT_FORMAT_HTML, &file, NULL);
    cr_expect_null(strstr(fam_buf_text(&file), entry));
    cr_expect_null(strstr(fam_buf_text(&file), "GetEntry"), "a method is told in words");
    cr_expect_null(strstr(fam_buf_text(&file), "PLACE_"));
    cr_expect_null(strstr(fam_buf_text(&file), "AGE_BAND_"));
    cr_expect_null(strstr(fam_buf_text(&file), "INPUT_KIND_"));
    cr_expect_null(strstr(fam_buf_text(&file), "+00:00"));
    fam_buf_done(&file);
    system_stop(&s);
}

static void share(const struct person *person, const char *entry_id, bool shared, const char *key)
{
    Fam__V1__ShareEntryRequest request = FAM__V1__SHARE_ENTRY_REQUEST__INIT;
    const struct fam_rpc_options options = {.acting_user = &person->user_id, .idempotency_key = key};
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    request.entry_id = borrow(entry_id);
    request.shared = shared;
    fam_rpc_init(&rpc, &options);
    cr_assert_eq(FAM_RPC(s.client, fam__v1__translation_service, share_entry, &rpc, &request, &status), FAM_OK, "%s",
                 status.message);
    fam_rpc_done(&rpc);
}

/* In how many of the two files the words stand. */
static int files_with(const struct person *person, const char *words)
{
    const Fam__V1__ExportFormat formats[] = {FAM__V1__EXPORT_FORMAT__EXPORT_FORMAT_JSON,
                                             FAM__V1__EXPORT_FORMAT__EXPORT_FORMAT_HTML};
    int found = 0;
    for (size_t i = 0; i < 2; i++) {
        struct fam_buf file;
        fetch(person, formats[i], &file, NULL);
        found += strstr(fam_buf_text(&file), words) != NULL;
        fam_buf_done(&file);
    }
    return found;
}

Test(e2e_export, what_another_parent_shows_is_in_it_as_long_as_it_is_shown)
{
    system_start(&s, NULL);
    struct person first = system_family(&s, 7001, 7), second = join(7002, &first), left = join(7003, &first);
    char shown[FAM_UUID_TEXT_SIZE];
    tell(&first, "Это тайна совсем", "t1");
    snprintf(shown, sizeof(shown), "%s", tell(&first, "Не буду есть кашу", "t2"));
    share(&first, shown, true, "s1");
    cJSON *json = fetch_json(&second, NULL);
    cr_assert_eq(rows_of(json, "shared_entries"), 1);
    cr_expect_eq(rows_of(json, "shared_readings"), 1);
    cr_expect_eq(rows_of(json, "emotion_entries"), 0, "it is not theirs");
    const cJSON *entry = cJSON_GetArrayItem(fam_json_get(json, "shared_entries"), 0);
    cr_expect_str_eq(fam_json_string(entry, "phrase"), "Не буду есть кашу");
    cr_expect_str_eq(fam_json_string(entry, "entry_id"), shown);
    const cJSON *reading = fam_json_get(cJSON_GetArrayItem(fam_json_get(json, "shared_readings"), 0), "body");
    cr_expect_neq(fam_json_string(reading, "goingOn")[0], '\0');
    cJSON_Delete(json);
    cr_expect_eq(files_with(&second, "Не буду есть кашу"), 2);
    cr_expect_eq(files_with(&second, "тайна"), 0);
    cr_expect_eq(files_with(&second, "7001"), 0, "the other's account is not shown along");
    /* Whoever has left sees nothing of it any more. */
    char sql[200], user[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(&left.user_id, user);
    cr_expect_eq(files_with(&left, "Не буду есть кашу"), 2);
    snprintf(sql, sizeof(sql), "DELETE FROM parents WHERE user_id = '%s'", user);
    cr_assert(pg_server_sql(s.pg.conninfo, sql, NULL, 0));
    cr_expect_eq(files_with(&left, "Не буду есть кашу"), 0);
    /* And when it is hidden again nobody does but its author. */
    share(&first, shown, false, "s2");
    json = fetch_json(&second, NULL);
    cr_expect_eq(rows_of(json, "shared_entries"), 0);
    cr_expect_eq(rows_of(json, "shared_readings"), 0);
    cJSON_Delete(json);
    cr_expect_eq(files_with(&second, "Не буду есть кашу"), 0);
    cr_expect_eq(files_with(&first, "Не буду есть кашу"), 2);
    system_stop(&s);
}

Test(e2e_export, a_token_that_is_none_and_somebody_who_is_erased_are_refused)
{
    system_start(&s, NULL);
    struct person parent = system_family(&s, 7001, 7);
    const struct fam_rpc_options options = {.acting_user = &parent.user_id};
    const char *const tokens[] = {"x",
                                  "99.0.00000000-0000-0000-0000-000000000000.0",
                                  "1.2.x.0",
                                  "0.0.0.0",
                                  "1.0.00000000-0000-0000-0000-000000000000",
                                  "-1.0.x.0",
                                  "1.0.00000000-0000-0000-0000-000000000000.99999999999"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(tokens); i++) {
        Fam__V1__ExportFamilyRequest request = FAM__V1__EXPORT_FAMILY_REQUEST__INIT;
        struct fam_status status = {.message = ""};
        struct fam_rpc rpc;
        request.format = FAM__V1__EXPORT_FORMAT__EXPORT_FORMAT_JSON;
        request.page_token = borrow(tokens[i]);
        fam_rpc_init(&rpc, &options);
        cr_expect_eq(FAM_RPC(s.client, fam__v1__family_service, export_family, &rpc, &request, &status),
                     FAM_INVALID_ARGUMENT, "%s", tokens[i]);
        fam_rpc_done(&rpc);
    }
    cr_assert(pg_server_sql(s.pg.conninfo, "UPDATE users SET erased_at = now()", NULL, 0));
    Fam__V1__ExportFamilyRequest request = FAM__V1__EXPORT_FAMILY_REQUEST__INIT;
    struct fam_status status = {.message = ""};
    struct fam_rpc rpc;
    request.format = FAM__V1__EXPORT_FORMAT__EXPORT_FORMAT_JSON;
    fam_rpc_init(&rpc, &options);
    cr_expect_eq(FAM_RPC(s.client, fam__v1__family_service, export_family, &rpc, &request, &status),
                 FAM_PERMISSION_DENIED);
    fam_rpc_done(&rpc);
    system_stop(&s);
}

static const char *find_browser(void)
{
    static const char *const PATHS[] = {"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(PATHS); i++) {
        if (access(PATHS[i], X_OK) == 0) {
            return PATHS[i];
        }
    }
    return NULL;
}

Test(e2e_export, a_browser_shows_the_page_and_runs_nothing_in_it)
{
    const char *browser = find_browser();
    if (browser == NULL) {
        cr_skip_test("chromium is not installed");
    }
    system_start(&s, NULL);
    struct person parent = system_family(&s, 7001, 7);
    tell(&parent, "Ненавижу тебя!", "t1");
    say_to_operators(&parent, "Спасибо <script>document.title='stolen'</script> & до свидания");
    struct fam_buf file;
    char path[160], url[192], profile[192];
    static char dom[1 << 20];
    fetch(&parent, FAM__V1__EXPORT_FORMAT__EXPORT_FORMAT_HTML, &file, NULL);
    snprintf(path, sizeof(path), "%s/export.html", s.dir);
    FILE *out = fopen(path, "we");
    cr_assert_not_null(out);
    cr_assert_eq(fwrite(file.data, 1, file.size, out), file.size);
    cr_assert_eq(fclose(out), 0);
    fam_buf_done(&file);
    snprintf(url, sizeof(url), "file://%s", path);
    snprintf(profile, sizeof(profile), "--user-data-dir=%s/browser", s.dir);
    const char *const argv[] = {browser,
                                "--headless",
                                "--no-sandbox",
                                "--disable-gpu",
                                "--disable-dev-shm-usage",
                                "--no-first-run",
                                "--disable-sync",
                                profile,
                                "--dump-dom",
                                url,
                                NULL};
    cr_assert_eq(proc_run(argv, NULL, NULL, dom, sizeof(dom)), 0, "%s", dom);
    cr_expect_not_null(strstr(dom, "<h1>Ваши данные в Family Emotions</h1>"));
    cr_expect_not_null(strstr(dom, "<dd>Ненавижу тебя!</dd>"));
    cr_expect_not_null(strstr(dom, "Спасибо &lt;script&gt;"));
    cr_expect_null(strstr(dom, "<title>stolen"));
    cr_expect_not_null(strstr(dom, "</html>"));
    system_stop(&s);
}
