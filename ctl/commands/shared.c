/* shared.c: see shared.h. */
#include "commands/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fam/v1/ops.pb-c.h"
#include "words.h"

enum {
    PAGE = 100,
    PAGES_MAX = 1000 /* of families, on the way to one */
};

char *fam_ctl_flag_text(const struct fam_ctl *ctl, const char *flag)
{
    static char nothing[] = "";
    const char *value = fam_parsed_value(ctl->parsed, flag);
    return value == NULL ? nothing : (char *)(uintptr_t)value;
}

int fam_ctl_flag_enum(const struct fam_ctl *ctl, const char *flag, const ProtobufCEnumDescriptor *descriptor)
{
    int value = 0;
    const char *word = fam_parsed_value(ctl->parsed, flag);
    if (word == NULL || !fam_word_to_enum(descriptor, word, &value)) {
        return 0;
    }
    return value;
}

void fam_ctl_word_cell(struct fam_out *out, const ProtobufCEnumDescriptor *descriptor, int value)
{
    char word[FAM_WORD_SIZE];
    fam_word_from_enum(descriptor, value, word);
    fam_out_cell(out, FAM_TEXT(word));
}

void fam_ctl_show_next(struct fam_out *out, const char *token)
{
    if (token[0] != '\0') {
        fam_out_field(out, "next", "More with --after", FAM_TEXT(token));
    }
}

struct fam_rpc_options fam_ctl_opening_call(const struct fam_ctl *ctl, const struct fam_uuid *user_id)
{
    struct fam_rpc_options options = fam_ctl_call(ctl);
    options.read_only = true;
    options.acting_user = user_id;
    options.reason = fam_parsed_value(ctl->parsed, "--reason");
    return options;
}

enum fam_code fam_ctl_new_file(const char *path, FILE **ret_file, struct fam_status *status)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    *ret_file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (*ret_file != NULL) {
        return FAM_OK;
    }
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    return fam_fail(status, FAM_FAILED_PRECONDITION, "%s can't be made: %s", path, strerror(error));
}

static bool take_people(const Fam__V1__ListFamiliesResponse *response, const char *family_id,
                        struct fam_ctl_people *people)
{
    for (size_t i = 0; i < response->n_families; i++) {
        const Fam__V1__FamilySummary *family = response->families[i];
        if (strcmp(family->family_id, family_id) != 0) {
            continue;
        }
        (void)snprintf(people->time_zone, sizeof(people->time_zone), "%s", family->time_zone);
        for (size_t u = 0; u < family->n_user_ids && people->count < FAM_CTL_PEOPLE_MAX; u++) {
            people->count += fam_uuid_parse(family->user_ids[u], &people->ids[people->count]) ? 1 : 0;
        }
        return true;
    }
    return false;
}

enum fam_code fam_ctl_find_people(struct fam_ctl *ctl, const char *family_id, struct fam_ctl_people *ret_people,
                                  struct fam_status *status)
{
    Fam__V1__ListFamiliesRequest request = FAM__V1__LIST_FAMILIES_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    char token[512] = "";
    bool found = false;
    enum fam_code code = FAM_OK;
    *ret_people = (struct fam_ctl_people){.count = 0};
    options.read_only = true;
    request.page_size = PAGE;
    request.page_token = token;
    for (int page = 0; page < PAGES_MAX && code == FAM_OK && !found && (page == 0 || token[0] != '\0'); page++) {
        struct fam_rpc rpc;
        fam_rpc_init(&rpc, &options);
        code = FAM_RPC(ctl->client, fam__v1__ops_service, list_families, &rpc, &request, status);
        if (code == FAM_OK) {
            const Fam__V1__ListFamiliesResponse *response =
                (const Fam__V1__ListFamiliesResponse *)fam_rpc_response(&rpc);
            found = take_people(response, family_id, ret_people);
            (void)snprintf(token, sizeof(token), "%s", response->next_page_token);
        }
        fam_rpc_done(&rpc);
    }
    return code != FAM_OK || found ? code : fam_fail(status, FAM_NOT_FOUND, "there is no family %s", family_id);
}
