/* The simulator of Telegram when it misbehaves on demand, and when its peers do. */
#include "telegram_sim_world.h"

TestSuite(telegram_sim_weather, .init = set_up, .fini = tear_down, .timeout = 60);

Test(telegram_sim_weather, flood_limits_hold_for_a_chat_and_over_all_when_switched_on)
{
    cJSON *answer = NULL;
    int64_t retry_s = 0;
    int64_t too_many = 0;
    tg_do(&world.sim, CHAT, "unblock");
    for (int i = 0; i < 10; i++)
        expect_good("sendMessage", "{\"chat_id\":7001,\"text\":\"a\"}");
    cr_assert(tg_limits(&world.sim, true));
    tg_do(&world.sim, 8, "unblock");
    for (int i = 0; i < 3; i++)
        expect_good("sendMessage", "{\"chat_id\":8,\"text\":\"a\"}");
    cr_expect_eq(call("sendMessage", "{\"chat_id\":8,\"text\":\"a\"}", &answer), 429);
    cr_expect(fam_json_i64(fam_json_get(answer, "parameters"), "retry_after", &retry_s));
    cr_expect(retry_s >= 1 && retry_s <= 3);
    cJSON_Delete(answer);
    uint64_t start_ms = fam_mono_ms();
    for (int chat = 100; chat < 140; chat++) {
        char json[80];
        tg_do(&world.sim, chat, "unblock");
        snprintf(json, sizeof(json), "{\"chat_id\":%d,\"text\":\"a\"}", chat);
        too_many += call("sendMessage", json, NULL) == 429;
    }
    if (fam_mono_ms() - start_ms < 900)
        cr_expect_gt(too_many, 0, "40 chats within a second");
    cr_expect_eq(tg_status_count(&world.sim, 429), too_many + 1);
}

/* ---- misbehaviour: each fault, then a good call ---- */

Test(telegram_sim_weather, a_fault_replaces_so_many_answers_and_then_all_is_well)
{
    cJSON *answer = NULL;
    int64_t retry_s = 0;
    tg_do(&world.sim, CHAT, "unblock");
    static const char json[] = "{\"chat_id\":7001,\"text\":\"a\"}";
    cr_assert(tg_fault(&world.sim, "{\"method\":\"sendMessage\",\"times\":2,\"status\":429,\"retry_after\":7}"));
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(call("sendMessage", json, &answer), 429);
        cr_expect(fam_json_i64(fam_json_get(answer, "parameters"), "retry_after", &retry_s) && retry_s == 7);
        cr_expect_str_eq(fam_json_string(answer, "description"), "Too Many Requests: retry after 7");
        cJSON_Delete(answer);
    }
    expect_good("sendMessage", json);
    cr_assert(tg_fault(&world.sim, "{\"method\":\"*\",\"html\":true}"));
    cr_expect_eq(call("sendMessage", json, &answer), 502);
    cr_expect_null(answer, "a page is no JSON");
    expect_good("sendMessage", json);
    cr_assert(tg_fault(&world.sim, "{\"method\":\"sendMessage\",\"chat_id\":1,\"status\":500}"));
    expect_good("sendMessage", json);
    cr_assert(tg_fault(&world.sim, "{\"method\":\"sendMessage\",\"skip\":1,\"status\":403}"));
    expect_good("sendMessage", json);
    expect_error("sendMessage", json, 403, "Forbidden: bot was blocked by the user");
    cr_assert(tg_fault(&world.sim, "{\"method\":\"sendMessage\",\"times\":5,\"body\":\"{\\\"ok\\\":tr\"}"));
    cr_expect_eq(call("sendMessage", json, &answer), 200);
    cr_expect_null(answer);
    cr_assert(tg_clear_faults(&world.sim));
    expect_good("sendMessage", json);
}

Test(telegram_sim_weather, an_answer_can_be_cut_or_lost_with_and_without_effect)
{
    static const struct {
        const char *fault;
        bool delivered;
    } rows[] = {
        {"{\"method\":\"sendMessage\",\"cut\":true}", false},
        {"{\"method\":\"sendMessage\",\"cut\":\"in_headers\"}", false},
        {"{\"method\":\"sendMessage\",\"cut\":\"after_headers\",\"apply\":true}", true},
        {"{\"method\":\"sendMessage\",\"truncate\":10}", true},
        {"{\"method\":\"sendMessage\",\"truncate\":0,\"apply\":false,\"html\":true}", false},
    };
    static const char json[] = "{\"chat_id\":7001,\"text\":\"a\"}";
    struct tg_shown shown;
    tg_do(&world.sim, CHAT, "unblock");
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        uint64_t after = tg_now(&world.sim);
        cr_assert(tg_fault(&world.sim, rows[i].fault));
        cJSON *answer = NULL;
        call("sendMessage", json, &answer); /* libcurl takes headers that end early for a 200 without a body */
        cr_expect_null(answer, "%s", rows[i].fault);
        cr_expect_eq(tg_wait_event(&world.sim, CHAT, after, 0, &shown), rows[i].delivered, "%s", rows[i].fault);
        expect_good("sendMessage", json);
    }
}

Test(telegram_sim_weather, an_answer_can_be_late_slow_or_never_come)
{
    static const char json[] = "{\"chat_id\":7001,\"text\":\"a\"}";
    tg_do(&world.sim, CHAT, "unblock");
    uint64_t start_ms = fam_mono_ms();
    cr_assert(tg_fault(&world.sim, "{\"method\":\"sendMessage\",\"delay_ms\":300}"));
    expect_good("sendMessage", json);
    cr_expect_geq(fam_mono_ms() - start_ms, 300);
    start_ms = fam_mono_ms();
    cr_assert(tg_fault(&world.sim, "{\"method\":\"sendMessage\",\"drip_bytes\":50,\"drip_interval_ms\":30}"));
    expect_good("sendMessage", json);
    cr_expect_geq(fam_mono_ms() - start_ms, 150);
    cr_assert(tg_fault(&world.sim, "{\"method\":\"getMe\",\"hang\":true}"));
    cr_expect_eq(sim_client_get(world.bot, BOT "/getMe", 300, NULL), 0);
    expect_good("getMe", "{}");
}

/* ---- the server below ---- */

/* Sends bytes on a connection of its own and reads until `count` answers came or the peer closes. */
static void exchange(const char *bytes, size_t size, int count, char *ret_text, size_t ret_size)
{
    struct timeval limit = {.tv_sec = 10};
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(world.sim.port)};
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t used = 0;
    cr_assert_eq(connect(fd, (struct sockaddr *)&where, sizeof(where)), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    cr_assert_eq(send(fd, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
    ret_text[0] = '\0';
    for (;;) {
        int seen = 0;
        for (const char *at = ret_text; (at = strstr(at, "HTTP/1.1 ")); at++)
            seen++;
        ssize_t got = 0;
        bool whole = seen >= count && used > 0 && ret_text[used - 1] == '}';
        if (!whole && used + 1 < ret_size)
            got = recv(fd, ret_text + used, ret_size - 1 - used, 0);
        if (got <= 0)
            break;
        used += (size_t)got;
        ret_text[used] = '\0';
    }
    close(fd);
}

Test(telegram_sim_weather, one_connection_carries_many_requests_and_chunked_bodies)
{
    static const char bytes[] = "GET " BOT "/getMe HTTP/1.1\r\nHost: a\r\n\r\n"
                                "POST " BOT "/sendMessage HTTP/1.1\r\nContent-Type: application/json\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n"
                                "f;x=y\r\n{\"chat_id\":7001\r\n"
                                "C\r\n,\"text\":\"ok\"\r\n1\r\n}\r\n0\r\nTrailer: t\r\n\r\n";
    char text[4096];
    tg_do(&world.sim, CHAT, "unblock");
    exchange(bytes, sizeof(bytes) - 1, 2, text, sizeof(text));
    cr_expect_not_null(strstr(text, "\"username\""));
    cr_expect_not_null(strstr(text, "\"text\":\"ok\""), "%s", text);
    cr_expect_not_null(strstr(text, "Connection: keep-alive"));
}

Test(telegram_sim_weather, garbage_is_refused_and_the_next_caller_served)
{
    static const struct {
        const char *bytes;
        const char *status;
    } rows[] = {
        {"nonsense\r\n\r\n", "400"},
        {"GET noslash HTTP/1.1\r\n\r\n", "400"},
        {"GET / HTTP/3.0\r\n\r\n", "400"},
        {"POST /x HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"},
        {"POST /x HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "413"},
        {"POST /x HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", "501"},
        {"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(rows); i++) {
        char text[1024];
        exchange(rows[i].bytes, strlen(rows[i].bytes), 1, text, sizeof(text));
        cr_expect_eq(strncmp(text + strlen("HTTP/1.1 "), rows[i].status, 3), 0, "%s: %s", rows[i].bytes, text);
        expect_good("getMe", "{}");
    }
    cr_expect_eq(sim_client_post(world.sim.client, "/control/update", "{\"chat_id\":", 11, NULL), 400);
    cr_expect_eq(tg_update(&world.sim, "{\"chat_id\":1,\"kind\":\"dance\"}"), 0);
    cr_expect_eq(sim_client_post(world.sim.client, "/control/nothing", "", 0, NULL), 404);
    cr_expect_gt(tg_say(&world.sim, CHAT, "good"), 0);
}

Test(telegram_sim_weather, it_keeps_silent_and_ends_with_0)
{
    char path[600];
    tg_say(&world.sim, CHAT, "secretword");
    cr_expect_eq(tg_sim_stop(&world.sim), 0);
    static const char *const files[] = {"telegram-sim.out", "telegram-sim.err"};
    for (size_t i = 0; i < FAM_ARRAY_SIZE(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", world.dir, files[i]);
        char *text = proc_read_file(path);
        cr_expect(text == NULL || !strstr(text, "secretword"));
        free(text);
    }
}

Test(telegram_sim_weather, wrong_usage_is_told_with_exit_2)
{
    char out[4096];
    const char *const help[] = {FAM_BIN_DIR "/telegram-sim", "--help", NULL};
    const char *const wrong[] = {FAM_BIN_DIR "/telegram-sim", "--port", "99999", NULL};
    const char *const token[] = {FAM_BIN_DIR "/telegram-sim", "--token", "none", NULL};
    cr_expect_eq(proc_run(help, NULL, NULL, out, sizeof(out)), 0);
    cr_expect_not_null(strstr(out, "Examples:"));
    cr_expect_eq(proc_run(wrong, NULL, NULL, out, sizeof(out)), 2);
    cr_expect_eq(proc_run(token, NULL, NULL, out, sizeof(out)), 1);
}
