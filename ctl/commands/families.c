/* child, family export, family delete: what belongs to one family; opened and erased with a reason only. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/uuid.h"
#include "commands/commands.h"
#include "commands/shared.h"
#include "ctl.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "words.h"

enum {
    CHUNKS_MAX = 4096, /* of a file of 256 KiB each */
    TRAITS_MAX = 16,
    PATH_SIZE = 1024
};

/* ---- children ---- */

/* "2019-03-12", or the year alone. */
static void birth_cell(struct fam_out *out, const Fam__V1__Date *birth)
{
    char text[24] = "";
    if (birth != NULL && birth->month != 0) {
        (void)snprintf(text, sizeof(text), "%04d-%02d-%02d", birth->year, birth->month, birth->day);
    } else if (birth != NULL) {
        (void)snprintf(text, sizeof(text), "%04d", birth->year);
    }
    fam_out_cell(out, FAM_TEXT(text));
}

static void show_children(struct fam_out *out, const Fam__V1__Family *family)
{
    static const struct fam_column columns[] = {
        {"child_id", "ID"}, {"name", "NAME"}, {"age_years", "AGE"}, {"age_band", "AGE BAND"}};
    fam_out_table(out, "children", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < family->n_children; i++) {
        fam_out_cell(out, FAM_TEXT(family->children[i]->child_id));
        fam_out_cell(out, FAM_TEXT(family->children[i]->name));
        fam_out_cell(out, FAM_NUMBER(family->children[i]->age_years));
        fam_ctl_word_cell(out, &fam__v1__age_band__descriptor, (int)family->children[i]->age_band);
    }
}

static void show_child(struct fam_out *out, const Fam__V1__Child *child)
{
    static const struct fam_column columns[] = {{"child_id", "Id"},
                                                {"name", "Name"},
                                                {"birth", "Born"},
                                                {"age_years", "Age"},
                                                {"age_band", "Age band"},
                                                {"traits", "Traits"},
                                                {"special_needs", "Special needs"}};
    char words[TRAITS_MAX][FAM_WORD_SIZE];
    const char *traits[TRAITS_MAX];
    size_t count = child->n_traits < TRAITS_MAX ? child->n_traits : TRAITS_MAX;
    for (size_t i = 0; i < count; i++) {
        fam_word_from_enum(&fam__v1__trait__descriptor, (int)child->traits[i], words[i]);
        traits[i] = words[i];
    }
    fam_out_table(out, "children", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_STACKED);
    fam_out_cell(out, FAM_TEXT(child->child_id));
    fam_out_cell(out, FAM_TEXT(child->name));
    birth_cell(out, child->birth);
    fam_out_cell(out, FAM_NUMBER(child->age_years));
    fam_ctl_word_cell(out, &fam__v1__age_band__descriptor, (int)child->age_band);
    fam_out_cell(out, FAM_WORDS(traits, count));
    fam_out_cell(out, FAM_TEXT(child->special_needs));
}

/* All children of the user's family, or (`child_id`) one of them. */
static enum fam_code open_children(struct fam_ctl *ctl, const char *child_id, struct fam_status *status)
{
    Fam__V1__GetFamilyRequest request = FAM__V1__GET_FAMILY_REQUEST__INIT;
    struct fam_uuid user_id = {{0}};
    (void)fam_uuid_parse(fam_parsed_value(ctl->parsed, "--user"), &user_id);
    const struct fam_rpc_options options = fam_ctl_opening_call(ctl, &user_id);
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__family_service, get_family, &rpc, &request, status);
    const Fam__V1__Family *family =
        code == FAM_OK ? ((const Fam__V1__GetFamilyResponse *)fam_rpc_response(&rpc))->family : NULL;
    const Fam__V1__Child *child = NULL;
    for (size_t i = 0; child_id != NULL && family != NULL && i < family->n_children; i++) {
        child = strcmp(family->children[i]->child_id, child_id) == 0 ? family->children[i] : child;
    }
    if (child != NULL) {
        show_child(&ctl->out, child);
    } else if (child_id != NULL && code == FAM_OK) {
        code = fam_fail(status, FAM_NOT_FOUND, "that user's family has no such child");
    } else if (family != NULL) {
        show_children(&ctl->out, family);
    }
    fam_rpc_done(&rpc);
    return code;
}

enum fam_code fam_ctl_child_list(struct fam_ctl *ctl, struct fam_status *status)
{
    return open_children(ctl, NULL, status);
}

enum fam_code fam_ctl_child_show(struct fam_ctl *ctl, struct fam_status *status)
{
    return open_children(ctl, ctl->parsed->arguments[0], status);
}

/* ---- export ---- */

static enum fam_code fill_file(struct fam_ctl *ctl, const struct fam_uuid *user_id, Fam__V1__ExportFormat format,
                               FILE *file, int64_t *ret_bytes, struct fam_status *status)
{
    Fam__V1__ExportFamilyRequest request = FAM__V1__EXPORT_FAMILY_REQUEST__INIT;
    const struct fam_rpc_options options = fam_ctl_opening_call(ctl, user_id);
    char token[1024] = "";
    enum fam_code code = FAM_OK;
    request.format = format;
    request.page_token = token;
    for (int chunk = 0; code == FAM_OK && (chunk == 0 || token[0] != '\0'); chunk++) {
        struct fam_rpc rpc;
        if (chunk == CHUNKS_MAX) {
            return fam_fail(status, FAM_OUT_OF_RANGE, "the export has no end");
        }
        fam_rpc_init(&rpc, &options);
        code = FAM_RPC(ctl->client, fam__v1__family_service, export_family, &rpc, &request, status);
        if (code == FAM_OK) {
            const Fam__V1__ExportFamilyResponse *response =
                (const Fam__V1__ExportFamilyResponse *)fam_rpc_response(&rpc);
            (void)snprintf(token, sizeof(token), "%s", response->next_page_token);
            *ret_bytes += (int64_t)response->chunk.len;
            if (fwrite(response->chunk.data, 1, response->chunk.len, file) != response->chunk.len) {
                code = fam_fail(status, FAM_UNKNOWN, "the export can't be written: %s", strerror(errno));
            }
        }
        fam_rpc_done(&rpc);
    }
    return code;
}

/* A file that is not whole does not stay. */
static enum fam_code write_file(struct fam_ctl *ctl, const struct fam_uuid *user_id, Fam__V1__ExportFormat format,
                                struct fam_status *status)
{
    char path[PATH_SIZE];
    char user[FAM_UUID_TEXT_SIZE];
    FILE *file = NULL;
    int64_t bytes = 0;
    fam_uuid_format(user_id, user);
    int length = snprintf(path, sizeof(path), "%s/%s.%s", fam_parsed_value(ctl->parsed, "--out"), user,
                          format == FAM__V1__EXPORT_FORMAT__EXPORT_FORMAT_JSON ? "json" : "html");
    if (length < 0 || (size_t)length >= sizeof(path)) {
        return fam_usage(status, "the name of the folder is too long");
    }
    enum fam_code code = fam_ctl_new_file(path, &file, status);
    if (code != FAM_OK) {
        return code;
    }
    code = fill_file(ctl, user_id, format, file, &bytes, status);
    if (fclose(file) != 0 && code == FAM_OK) {
        code = fam_fail(status, FAM_UNKNOWN, "%s can't be written: %s", path, strerror(errno));
    }
    if (code != FAM_OK) {
        (void)unlink(path);
        return code;
    }
    fam_out_cell(&ctl->out, FAM_TEXT(user));
    fam_out_cell(&ctl->out, FAM_TEXT(path));
    fam_out_cell(&ctl->out, FAM_NUMBER(bytes));
    return FAM_OK;
}

enum fam_code fam_ctl_family_export(struct fam_ctl *ctl, struct fam_status *status)
{
    static const struct fam_column columns[] = {{"user_id", "USER"}, {"file", "FILE"}, {"bytes", "BYTES"}};
    const char *dir = fam_parsed_value(ctl->parsed, "--out");
    struct fam_ctl_people people;
    enum fam_code code = fam_ctl_find_people(ctl, ctl->parsed->arguments[0], &people, status);
    if (code == FAM_OK && mkdir(dir, 0700) != 0 && errno != EEXIST) {
        code = fam_fail(status, FAM_FAILED_PRECONDITION, "the folder can't be made: %s", strerror(errno));
    }
    if (code != FAM_OK) {
        return code;
    }
    fam_out_table(&ctl->out, "files", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < people.count && code == FAM_OK; i++) {
        code = write_file(ctl, &people.ids[i], FAM__V1__EXPORT_FORMAT__EXPORT_FORMAT_JSON, status);
        if (code == FAM_OK) {
            code = write_file(ctl, &people.ids[i], FAM__V1__EXPORT_FORMAT__EXPORT_FORMAT_HTML, status);
        }
    }
    return code;
}

/* ---- delete ---- */

static void show_receipt(struct fam_out *out, const Fam__V1__Receipt *receipt)
{
    static const struct fam_column columns[] = {
        {"name", "RECEIVED BY"}, {"count", "TIMES"}, {"first_at", "FIRST AT"}, {"last_at", "LAST AT"}};
    fam_out_field(out, "receipt_id", "Receipt", FAM_TEXT(receipt->receipt_id));
    fam_out_field(out, "erased_at", "Keys destroyed at", FAM_TIME(receipt->erased_at_ms));
    fam_out_field(out, "copies_until", "Last copy of a key until", FAM_TIME(receipt->copies_until_ms));
    fam_out_table(out, "recipients", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < receipt->n_recipients; i++) {
        fam_out_cell(out, FAM_TEXT(receipt->recipients[i]->name));
        fam_out_cell(out, FAM_NUMBER(receipt->recipients[i]->count));
        fam_out_cell(out, FAM_TIME(receipt->recipients[i]->first_ms));
        fam_out_cell(out, FAM_TIME(receipt->recipients[i]->last_ms));
    }
}

/* Counts (`dry_run`), or erases and shows the receipt. */
static enum fam_code erase(struct fam_ctl *ctl, bool dry_run, int64_t *ret_people, int64_t *ret_entries,
                           struct fam_status *status)
{
    Fam__V1__EraseFamilyRequest request = FAM__V1__ERASE_FAMILY_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    char key[FAM_CTL_KEY_SIZE];
    struct fam_rpc rpc;
    fam_ctl_key(key);
    options.idempotency_key = key;
    options.reason = fam_parsed_value(ctl->parsed, "--reason");
    request.family_id = ctl->parsed->arguments[0];
    request.dry_run = dry_run;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, erase_family, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__EraseFamilyResponse *response = (const Fam__V1__EraseFamilyResponse *)fam_rpc_response(&rpc);
        *ret_people = response->people;
        *ret_entries = response->entries;
        if (!dry_run) {
            fam_out_field(&ctl->out, "people", "People erased", FAM_NUMBER(response->people));
            fam_out_field(&ctl->out, "entries", "Entries erased", FAM_NUMBER(response->entries));
        }
        if (response->receipt != NULL) {
            show_receipt(&ctl->out, response->receipt);
        }
    }
    fam_rpc_done(&rpc);
    return code;
}

enum fam_code fam_ctl_family_delete(struct fam_ctl *ctl, struct fam_status *status)
{
    const char *family_id = ctl->parsed->arguments[0];
    int64_t people = 0, entries = 0;
    char question[256];
    enum fam_code code = erase(ctl, true, &people, &entries, status);
    if (code == FAM_OK && fam_ctl_is_dry_run(ctl)) {
        fam_out_field(&ctl->out, "people", "People to be erased", FAM_NUMBER(people));
        fam_out_field(&ctl->out, "entries", "Entries to be erased", FAM_NUMBER(entries));
        fam_out_note(&ctl->out, "Nothing was changed.");
        return FAM_OK;
    }
    if (code == FAM_OK) {
        (void)snprintf(question, sizeof(question),
                       "%" PRId64 " people and %" PRId64 " entries are erased for good. Type the family's id to go on:",
                       people, entries);
        code = fam_ctl_confirm_typed(ctl, question, family_id, "nothing was erased", status);
    }
    return code == FAM_OK ? erase(ctl, false, &people, &entries, status) : code;
}
