/* http_private.h: what http_client.c, http_call.c and http_engine.c share.
 *
 * A call is in one of three places: in the client's queue (guarded by the lock), among the engine's transfers (the
 * engine's thread alone), or over. Its flags `cancelled` and `over` are guarded by the lock. */
#ifndef FAM_NET_HTTP_PRIVATE_H
#define FAM_NET_HTTP_PRIVATE_H

#include <curl/curl.h>
#include <pthread.h>

#include "net/http_client.h"

struct fam_http_call {
    struct fam_http_client *client;
    struct fam_http_call *previous, *next; /* in the one list it is in */
    fam_http_done *done;
    void *context;
    bool cancelled, over;
    const atomic_bool *abort;
    uint64_t deadline_ms;
    /* Of the transfer. */
    CURL *easy;
    struct fam_secret url;
    struct curl_slist *headers;
    char *body; /* a copy; NULL: GET */
    size_t body_size;
    size_t sent; /* bytes of the body that libcurl took */
    uint32_t connect_timeout_ms, stall_timeout_ms;
    bool too_large;
    bool has_head; /* the empty line after the headers came */
    struct fam_http_response response;
};

struct fam_http_list {
    struct fam_http_call *first, *last;
    size_t size;
};

struct fam_http_client {
    char *user_agent;
    char *proxy;
    bool allow_plain_http;
    size_t max_transfers, queue_max;
    const char *const *wanted;
    size_t wanted_count;
    uint32_t (*tick)(void *context);
    void *tick_context;

    CURLM *multi; /* the engine's thread alone, but for curl_multi_wakeup */
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a call is over */
    struct fam_http_list queue;
    bool any_cancelled; /* look for them */
    bool woken;         /* a wake-up is on its way */
    bool stopping;

    struct fam_http_list transfers; /* the engine's thread alone */
};

/* http_engine.c */
void *fam_http_engine_run(void *client);
/* With the lock held. */
void fam_http_engine_wake(struct fam_http_client *client);
void fam_http_list_add(struct fam_http_list *list, struct fam_http_call *call);
void fam_http_list_remove(struct fam_http_list *list, struct fam_http_call *call);

/* http_call.c: on the engine's thread. */
/* Makes call->easy for the `left_ms` until the deadline. On failure *status is filled. */
enum fam_code fam_http_call_set_up(struct fam_http_call *call, uint32_t left_ms, struct fam_status *status);
/* After the transfer: fills call->response, or *status. */
enum fam_code fam_http_call_finish(struct fam_http_call *call, CURLcode result, struct fam_status *status);
/* Frees what only the transfer needed, and wipes it. */
void fam_http_call_clear(struct fam_http_call *call);

#endif
