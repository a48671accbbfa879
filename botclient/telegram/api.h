/* api.h: one call of the Bot API (https://core.telegram.org/bots/api): JSON in, a classified result out.
 *
 * The address of a call holds the bot's token: it lives in a struct fam_secret and no log line, error or metric repeats
 * it. Calls block, with a deadline, and end soon after `abort` becomes true. No retries here. Thread-safe. */
#ifndef FAM_TELEGRAM_API_H
#define FAM_TELEGRAM_API_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/secret.h"
#include "base/status.h"
#include "net/http_client.h"

struct fam_metrics;

enum fam_api_outcome {
    FAM_API_OK,
    FAM_API_UNCHANGED,    /* "message is not modified" */
    FAM_API_FLOOD,        /* 429: wait retry_after_s */
    FAM_API_BLOCKED,      /* blocked by the user, chat not found, kicked: for good */
    FAM_API_MIGRATED,     /* the group became a supergroup: migrate_to */
    FAM_API_NO_MESSAGE,   /* the message to edit, delete or answer is gone, or the callback is too old */
    FAM_API_REJECTED,     /* any other 400 */
    FAM_API_CONFLICT,     /* 409: another poller or a webhook */
    FAM_API_UNAUTHORIZED, /* 401, 404: the token is wrong or revoked */
    FAM_API_UNAVAILABLE,  /* 5xx, no connection, cut off, not JSON; unless is_unsent it may have been carried out */
    FAM_API_ABORTED
};

struct fam_api_result {
    enum fam_api_outcome outcome;
    bool is_unsent;         /* with UNAVAILABLE: it never left, as without a connection */
    unsigned http_status;   /* 0: none came */
    uint32_t retry_after_s; /* at least 1 with FLOOD */
    int64_t migrate_to;
    int64_t message_id;  /* of the message that was sent, 0: none */
    struct fam_buf body; /* the whole answer when OK */
};

struct fam_api_options {
    struct fam_http_client *http;   /* borrowed */
    const char *base_url;           /* copied */
    const struct fam_secret *token; /* copied */
    struct fam_metrics *metrics;    /* may be NULL */
    const atomic_bool *abort;       /* for all calls; borrowed */
    /* For tests: instead of fam_http_perform. */
    enum fam_code (*perform)(struct fam_http_client *http, const struct fam_http_request *request,
                             struct fam_http_response *ret_response, struct fam_status *status);
};

struct fam_api;

/* INVALID_ARGUMENT: the token has not the form digits:letters. */
struct fam_api *fam_api_new(const struct fam_api_options *options, struct fam_status *status) FAM_MUST_CHECK;
void fam_api_free(struct fam_api *api);
/* The id of the bot: the digits before the colon of its token. */
const char *fam_api_bot_id(const struct fam_api *api);

/* `json` is the object of parameters. `abort` replaces that of the options when it is not NULL. Fills *ret_result in
 * every case; free with fam_api_result_done. */
void fam_api_call(struct fam_api *api, const char *method, const char *json, uint32_t timeout_ms,
                  const atomic_bool *abort, struct fam_api_result *ret_result);

/* One file of a multipart form. */
struct fam_api_file {
    const char *field;        /* "document", "photo" */
    const char *file_name;    /* letters, digits, '.', '_', '-' alone: anything else becomes '_' */
    const char *content_type; /* "text/html" */
    const void *data;
    size_t size;
};

/* The same with a file: `fields` are name and value in turn, `field_count` pairs, together at most 40 KiB (UNAVAILABLE
 * beyond). The whole body is built in memory: once the file's size more. */
void fam_api_upload(struct fam_api *api, const char *method, const char *const *fields, size_t field_count,
                    const struct fam_api_file *file, uint32_t timeout_ms, struct fam_api_result *ret_result);
void fam_api_result_done(struct fam_api_result *result);

#endif
