#include "username.h"

#include <cjson/cJSON.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "telegram/api.h"

enum { CALL_MS = 5000, ANSWER_MAX = 64 * 1024 };

struct fam_username {
    struct fam_api *api;
    pthread_mutex_t mutex;
    char name[FAM_USERNAME_SIZE]; /* "": not known yet */
};

struct fam_username *fam_username_new(struct fam_api *api, struct fam_status *status)
{
    struct fam_username *username = calloc(1, sizeof(*username));
    if (!username) {
        fam_fail_memory(status);
        return NULL;
    }
    username->api = api;
    pthread_mutex_init(&username->mutex, NULL);
    return username;
}

void fam_username_free(struct fam_username *username)
{
    if (!username) {
        return;
    }
    pthread_mutex_destroy(&username->mutex);
    free(username);
}

/* Letters, digits and underscores: what goes into a link must be nothing else. */
static bool is_name(const char *name)
{
    size_t size = name ? strlen(name) : 0;
    return size > 0 && size < FAM_USERNAME_SIZE &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == size;
}

static bool ask_telegram(struct fam_api *api, char ret_name[FAM_USERNAME_SIZE])
{
    struct fam_api_result result;
    cJSON *root = NULL;
    fam_api_call(api, "getMe", "{}", CALL_MS, NULL, &result);
    if (result.outcome == FAM_API_OK) {
        root = fam_json_parse(fam_buf_text(&result.body), result.body.size, ANSWER_MAX);
    }
    fam_api_result_done(&result);
    const char *name = fam_json_string(fam_json_get(root, "result"), "username");
    bool found = is_name(name);
    if (found) {
        memcpy(ret_name, name, strlen(name) + 1);
    }
    cJSON_Delete(root);
    return found;
}

enum fam_code fam_username_get(void *context, char ret_name[FAM_USERNAME_SIZE], struct fam_status *status)
{
    struct fam_username *username = context;
    char asked[FAM_USERNAME_SIZE] = "";
    pthread_mutex_lock(&username->mutex);
    memcpy(ret_name, username->name, FAM_USERNAME_SIZE);
    pthread_mutex_unlock(&username->mutex);
    if (ret_name[0]) {
        return FAM_OK;
    }
    if (!ask_telegram(username->api, asked)) {
        return fam_fail_reason(status, FAM_UNAVAILABLE, "TELEGRAM", 0, "Telegram does not tell the bot's name");
    }
    pthread_mutex_lock(&username->mutex);
    memcpy(username->name, asked, FAM_USERNAME_SIZE);
    pthread_mutex_unlock(&username->mutex);
    memcpy(ret_name, asked, FAM_USERNAME_SIZE);
    return FAM_OK;
}
