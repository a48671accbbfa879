/* fake_http.h: Telegram by script: a queue of answers and the requests that asked for them. One a test program. */
#ifndef FAM_TESTS_FAKE_HTTP_H
#define FAM_TESTS_FAKE_HTTP_H

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "telegram/api.h"

enum { FAKE_ANSWERS = 64, FAKE_BODY = 8192 };

struct fake_answer {
    unsigned http_status; /* 0: cut off, or with the body "NOT_SENT" no connection */
    const char *body;
};

struct fake_http {
    pthread_mutex_t mutex;
    struct fake_answer answers[FAKE_ANSWERS];
    size_t answer_count, next;
    struct fake_answer otherwise;
    char urls[FAKE_ANSWERS][160];
    char bodies[FAKE_ANSWERS][FAKE_BODY];
    size_t calls;
    void (*on_call)(size_t call);
};

static struct fake_http fake_http = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static enum fam_code fake_perform(struct fam_http_client *http, const struct fam_http_request *request,
                                  struct fam_http_response *ret_response, struct fam_status *status)
{
    (void)http;
    pthread_mutex_lock(&fake_http.mutex);
    size_t call = fake_http.calls++;
    if (call < FAKE_ANSWERS) {
        snprintf(fake_http.urls[call], sizeof(fake_http.urls[call]), "%s", fam_secret_text(request->url));
        snprintf(fake_http.bodies[call], FAKE_BODY, "%s", (const char *)request->body);
    }
    struct fake_answer answer =
        fake_http.next < fake_http.answer_count ? fake_http.answers[fake_http.next++] : fake_http.otherwise;
    pthread_mutex_unlock(&fake_http.mutex);
    if (fake_http.on_call)
        fake_http.on_call(call);
    if (request->abort && atomic_load(request->abort))
        return fam_fail(status, FAM_CANCELLED, "aborted");
    if (answer.http_status == 0)
        return fam_fail_reason(status, FAM_UNAVAILABLE, answer.body ? answer.body : "", 0, "no answer");
    ret_response->http_status = answer.http_status;
    fam_buf_add_text(&ret_response->body, answer.body);
    return FAM_OK;
}

static inline void fake_http_answer(unsigned http_status, const char *body)
{
    cr_assert_lt(fake_http.answer_count, FAKE_ANSWERS);
    fake_http.answers[fake_http.answer_count++] = (struct fake_answer){http_status, body};
}

static inline struct fam_api *fake_http_api(const atomic_bool *abort)
{
    static const char token[] = "123456:ABC-def_1";
    struct fam_secret secret = {0};
    struct fam_status status;
    cr_assert(fam_secret_set(&secret, token, sizeof(token) - 1));
    struct fam_api_options options = {
        .base_url = "https://api.example/", .token = &secret, .abort = abort, .perform = fake_perform};
    struct fam_api *api = fam_api_new(&options, &status);
    cr_assert_not_null(api, "%s", status.message);
    fam_secret_done(&secret);
    return api;
}

#endif
