/* famseed: puts a family into a running server, the way the bot's onboarding would: a parent who consented to
 * processing and to AI, in Russia, with a child of seven. Run again for the same person it changes nothing.
 *
 *   FAM_SERVERS=tcp://127.0.0.1:7000 FAM_TOKEN=<token of a bot> famseed TELEGRAM_ID
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/uuid.h"
#include "fam/v1/family.pb-c.h"
#include "rpc/client.h"

enum { CHILD_AGE = 7, WAIT_MS = 10000, KEY_SIZE = 96 };

struct seed {
    struct fam_client *client;
    struct fam_uuid user_id;
    int64_t telegram_id;
    bool in_family;
};

static struct fam_rpc_options options_for(const struct seed *seed, const char *what, char ret_key[KEY_SIZE])
{
    snprintf(ret_key, KEY_SIZE, "seed:%" PRId64 ":%s", seed->telegram_id, what);
    return (struct fam_rpc_options){
        .timeout_ms = WAIT_MS, .acting_user = &seed->user_id, .idempotency_key = ret_key, .request_id = "seed"};
}

static enum fam_code register_user(struct seed *seed, struct fam_status *status)
{
    Fam__V1__RegisterUserRequest request = FAM__V1__REGISTER_USER_REQUEST__INIT;
    char key[KEY_SIZE];
    struct fam_rpc rpc;
    struct fam_rpc_options options = options_for(seed, "user", key);
    options.acting_user = NULL;
    request.telegram_id = seed->telegram_id;
    request.language = FAM__V1__LANGUAGE__LANGUAGE_RU;
    request.source = FAM__V1__REGISTRATION_SOURCE__REGISTRATION_SOURCE_TELEGRAM;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(seed->client, fam__v1__family_service, register_user, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__RegisterUserResponse *response = (const Fam__V1__RegisterUserResponse *)fam_rpc_response(&rpc);
        if (response->user == NULL || !fam_uuid_parse(response->user->user_id, &seed->user_id)) {
            code = fam_fail(status, FAM_INTERNAL, "the server registered nobody");
        } else {
            seed->in_family = response->user->family_id[0] != '\0';
        }
    }
    fam_rpc_done(&rpc);
    return code;
}

static enum fam_code set_country(struct seed *seed, struct fam_status *status)
{
    Fam__V1__UpdateUserRequest request = FAM__V1__UPDATE_USER_REQUEST__INIT;
    char country[] = "RU";
    char key[KEY_SIZE];
    struct fam_rpc rpc;
    struct fam_rpc_options options = options_for(seed, "country", key);
    request.language = FAM__V1__LANGUAGE__LANGUAGE_RU;
    request.country = country;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(seed->client, fam__v1__family_service, update_user, &rpc, &request, status);
    fam_rpc_done(&rpc);
    return code;
}

static enum fam_code consent(struct seed *seed, Fam__V1__ConsentPurpose purpose, const char *what,
                             struct fam_status *status)
{
    Fam__V1__SetConsentRequest request = FAM__V1__SET_CONSENT_REQUEST__INIT;
    char version[] = "1";
    char key[KEY_SIZE];
    struct fam_rpc rpc;
    struct fam_rpc_options options = options_for(seed, what, key);
    request.purpose = purpose;
    request.granted = true;
    request.text_version = version;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(seed->client, fam__v1__family_service, set_consent, &rpc, &request, status);
    fam_rpc_done(&rpc);
    return code;
}

static enum fam_code create_family(struct seed *seed, struct fam_status *status)
{
    Fam__V1__CreateFamilyRequest request = FAM__V1__CREATE_FAMILY_REQUEST__INIT;
    char key[KEY_SIZE];
    struct fam_rpc rpc;
    struct fam_rpc_options options = options_for(seed, "family", key);
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(seed->client, fam__v1__family_service, create_family, &rpc, &request, status);
    fam_rpc_done(&rpc);
    return code;
}

/* Born on this day seven years ago; on 28 February instead of a 29th that the year lacks. */
static enum fam_code add_child(struct seed *seed, struct fam_status *status)
{
    Fam__V1__AddChildRequest request = FAM__V1__ADD_CHILD_REQUEST__INIT;
    Fam__V1__Date birth = FAM__V1__DATE__INIT;
    char key[KEY_SIZE];
    struct fam_rpc rpc;
    struct fam_rpc_options options = options_for(seed, "child", key);
    struct tm today;
    time_t now = time(NULL);
    if (gmtime_r(&now, &today) == NULL) {
        return fam_fail(status, FAM_INTERNAL, "the clock can't be read");
    }
    birth.year = today.tm_year + 1900 - CHILD_AGE;
    birth.month = today.tm_mon + 1;
    birth.day = today.tm_mday > 28 ? 28 : today.tm_mday;
    request.birth = &birth;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(seed->client, fam__v1__family_service, add_child, &rpc, &request, status);
    fam_rpc_done(&rpc);
    return code;
}

static enum fam_code run(struct seed *seed, struct fam_status *status)
{
    enum fam_code code = register_user(seed, status);
    if (code != FAM_OK || seed->in_family) {
        return code;
    }
    code = set_country(seed, status);
    if (code == FAM_OK) {
        code = consent(seed, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_PROCESSING, "processing", status);
    }
    if (code == FAM_OK) {
        code = consent(seed, FAM__V1__CONSENT_PURPOSE__CONSENT_PURPOSE_AI, "ai", status);
    }
    if (code == FAM_OK) {
        code = create_family(seed, status);
    }
    return code == FAM_OK ? add_child(seed, status) : code;
}

int main(int argc, char **argv)
{
    const char *servers = getenv("FAM_SERVERS");
    const char *token = getenv("FAM_TOKEN");
    struct seed seed = {0};
    struct fam_status status = {0};
    char *end = NULL;
    signal(SIGPIPE, SIG_IGN);
    errno = 0;
    seed.telegram_id = argc == 2 ? strtoll(argv[1], &end, 10) : 0;
    if (servers == NULL || token == NULL || seed.telegram_id <= 0 || errno != 0 || *end != '\0') {
        fprintf(stderr, "usage: FAM_SERVERS=URL FAM_TOKEN=TOKEN famseed TELEGRAM_ID\n");
        return 2;
    }
    struct fam_client_options options = {.urls = servers, .token = token, .version = "famseed"};
    seed.client = fam_client_new(&options, &status);
    enum fam_code code = seed.client == NULL ? status.code : run(&seed, &status);
    fam_client_free(seed.client);
    if (code != FAM_OK) {
        fprintf(stderr, "famseed: %s (%s)\n", status.message, fam_code_name(code));
        return 1;
    }
    return 0;
}
