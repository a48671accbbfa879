/* user, family, entry, audit: who is there, in ids and counts; the texts only one at a time, with a reason. */
#include <string.h>

#include "base/uuid.h"
#include "commands/commands.h"
#include "commands/entry_view.h"
#include "ctl.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/ops.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "words.h"

/* The two flags of every list. */
static int32_t page_size(const struct fam_ctl *ctl)
{
    return (int32_t)fam_parsed_number(ctl->parsed, "--limit", 20);
}

static char *text_flag(const struct fam_ctl *ctl, const char *flag)
{
    static char nothing[] = "";
    const char *value = fam_parsed_value(ctl->parsed, flag);
    return value == NULL ? nothing : (char *)(uintptr_t)value;
}

static void show_next(struct fam_out *out, const char *token)
{
    if (token[0] != '\0') {
        fam_out_field(out, "next", "More with --after", FAM_TEXT(token));
    }
}

static void word_cell(struct fam_out *out, const ProtobufCEnumDescriptor *descriptor, int value)
{
    char word[FAM_WORD_SIZE];
    fam_word_from_enum(descriptor, value, word);
    fam_out_cell(out, FAM_TEXT(word));
}

static void word_field(struct fam_out *out, const char *key, const char *title,
                       const ProtobufCEnumDescriptor *descriptor, int value)
{
    char word[FAM_WORD_SIZE];
    fam_word_from_enum(descriptor, value, word);
    fam_out_field(out, key, title, FAM_TEXT(word));
}

/* Options for a call that opens what belongs to a user; the server refuses it without a reason. */
static struct fam_rpc_options opening_call(const struct fam_ctl *ctl, const struct fam_uuid *user_id)
{
    struct fam_rpc_options options = fam_ctl_call(ctl);
    options.read_only = true;
    options.acting_user = user_id;
    options.reason = fam_parsed_value(ctl->parsed, "--reason");
    return options;
}

static void show_users(struct fam_out *out, const Fam__V1__ListUsersResponse *response)
{
    static const struct fam_column columns[] = {{"user_id", "ID"},
                                                {"language", "LANGUAGE"},
                                                {"country", "COUNTRY"},
                                                {"source", "SOURCE"},
                                                {"family_id", "FAMILY"},
                                                {"entries", "ENTRIES"},
                                                {"created_at", "CREATED AT"},
                                                {"last_seen_at", "LAST SEEN AT"}};
    fam_out_table(out, "users", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_users; i++) {
        const Fam__V1__UserSummary *user = response->users[i];
        fam_out_cell(out, FAM_TEXT(user->user_id));
        word_cell(out, &fam__v1__language__descriptor, (int)user->language);
        fam_out_cell(out, FAM_TEXT(user->country));
        word_cell(out, &fam__v1__registration_source__descriptor, (int)user->source);
        fam_out_cell(out, FAM_TEXT(user->family_id));
        fam_out_cell(out, FAM_NUMBER(user->entries));
        fam_out_cell(out, FAM_TIME(user->created_at_ms));
        fam_out_cell(out, FAM_TIME(user->last_seen_at_ms));
    }
    show_next(out, response->next_page_token);
}

enum fam_code fam_ctl_user_list(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__ListUsersRequest request = FAM__V1__LIST_USERS_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    request.page_size = page_size(ctl);
    request.page_token = text_flag(ctl, "--after");
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, list_users, &rpc, &request, status);
    if (code == FAM_OK) {
        show_users(&ctl->out, (const Fam__V1__ListUsersResponse *)fam_rpc_response(&rpc));
    }
    fam_rpc_done(&rpc);
    return code;
}

static void show_user(struct fam_out *out, const Fam__V1__User *user)
{
    static const struct fam_column columns[] = {
        {"purpose", "CONSENT TO"}, {"granted", "GIVEN"}, {"changed_at", "SINCE"}, {"text_version", "TEXT"}};
    fam_out_field(out, "user_id", "Id", FAM_TEXT(user->user_id));
    fam_out_field(out, "name", "Name", FAM_TEXT(user->name));
    word_field(out, "language", "Language", &fam__v1__language__descriptor, (int)user->language);
    fam_out_field(out, "country", "Country", FAM_TEXT(user->country));
    fam_out_field(out, "family_id", "Family", FAM_TEXT(user->family_id));
    fam_out_field(out, "created_at", "Created at", FAM_TIME(user->created_at_ms));
    fam_out_table(out, "consents", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < user->n_consents; i++) {
        const Fam__V1__Consent *consent = user->consents[i];
        word_cell(out, &fam__v1__consent_purpose__descriptor, (int)consent->purpose);
        fam_out_cell(out, FAM_YES_NO(consent->granted));
        fam_out_cell(out, FAM_TIME(consent->changed_at_ms));
        fam_out_cell(out, FAM_TEXT(consent->text_version));
    }
}

enum fam_code fam_ctl_user_show(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__GetUserRequest request = FAM__V1__GET_USER_REQUEST__INIT;
    struct fam_uuid user_id = {{0}};
    (void)fam_uuid_parse(ctl->parsed->arguments[0], &user_id);
    const struct fam_rpc_options options = opening_call(ctl, &user_id);
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__family_service, get_user, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__GetUserResponse *response = (const Fam__V1__GetUserResponse *)fam_rpc_response(&rpc);
        if (response->user != NULL) {
            show_user(&ctl->out, response->user);
        }
    }
    fam_rpc_done(&rpc);
    return code;
}

static void show_families(struct fam_out *out, const Fam__V1__ListFamiliesResponse *response)
{
    static const struct fam_column columns[] = {
        {"family_id", "ID"},    {"country", "COUNTRY"},       {"time_zone", "TIME ZONE"},
        {"parents", "PARENTS"}, {"readers", "READERS"},       {"children", "CHILDREN"},
        {"entries", "ENTRIES"}, {"created_at", "CREATED AT"}, {"user_ids", "USERS"}};
    fam_out_table(out, "families", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_families; i++) {
        const Fam__V1__FamilySummary *family = response->families[i];
        fam_out_cell(out, FAM_TEXT(family->family_id));
        fam_out_cell(out, FAM_TEXT(family->country));
        fam_out_cell(out, FAM_TEXT(family->time_zone));
        fam_out_cell(out, FAM_NUMBER(family->parents));
        fam_out_cell(out, FAM_NUMBER(family->readers));
        fam_out_cell(out, FAM_NUMBER(family->children));
        fam_out_cell(out, FAM_NUMBER(family->entries));
        fam_out_cell(out, FAM_TIME(family->created_at_ms));
        fam_out_cell(out, FAM_WORDS(family->user_ids, family->n_user_ids));
    }
    show_next(out, response->next_page_token);
}

enum fam_code fam_ctl_family_list(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__ListFamiliesRequest request = FAM__V1__LIST_FAMILIES_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    request.page_size = page_size(ctl);
    request.page_token = text_flag(ctl, "--after");
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, list_families, &rpc, &request, status);
    if (code == FAM_OK) {
        show_families(&ctl->out, (const Fam__V1__ListFamiliesResponse *)fam_rpc_response(&rpc));
    }
    fam_rpc_done(&rpc);
    return code;
}

static void show_family(struct fam_out *out, const Fam__V1__Family *family)
{
    static const struct fam_column parents[] = {
        {"parent_id", "PARENT"}, {"user_id", "USER"}, {"role", "ROLE"}, {"name", "NAME"}};
    static const struct fam_column children[] = {
        {"child_id", "CHILD"}, {"name", "NAME"}, {"age_years", "AGE"}, {"age_band", "AGE BAND"}};
    fam_out_field(out, "family_id", "Id", FAM_TEXT(family->family_id));
    fam_out_field(out, "name", "Name", FAM_TEXT(family->name));
    fam_out_field(out, "country", "Country", FAM_TEXT(family->country));
    fam_out_field(out, "time_zone", "Time zone", FAM_TEXT(family->time_zone));
    fam_out_field(out, "created_at", "Created at", FAM_TIME(family->created_at_ms));
    fam_out_table(out, "parents", parents, FAM_ARRAY_SIZE(parents), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < family->n_parents; i++) {
        fam_out_cell(out, FAM_TEXT(family->parents[i]->parent_id));
        fam_out_cell(out, FAM_TEXT(family->parents[i]->user_id));
        word_cell(out, &fam__v1__parent_role__descriptor, (int)family->parents[i]->role);
        fam_out_cell(out, FAM_TEXT(family->parents[i]->name));
    }
    fam_out_table(out, "children", children, FAM_ARRAY_SIZE(children), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < family->n_children; i++) {
        fam_out_cell(out, FAM_TEXT(family->children[i]->child_id));
        fam_out_cell(out, FAM_TEXT(family->children[i]->name));
        fam_out_cell(out, FAM_NUMBER(family->children[i]->age_years));
        word_cell(out, &fam__v1__age_band__descriptor, (int)family->children[i]->age_band);
    }
}

static void user_flag(const struct fam_ctl *ctl, struct fam_uuid *ret_user_id)
{
    *ret_user_id = (struct fam_uuid){{0}};
    (void)fam_uuid_parse(fam_parsed_value(ctl->parsed, "--user"), ret_user_id);
}

enum fam_code fam_ctl_family_show(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__GetFamilyRequest request = FAM__V1__GET_FAMILY_REQUEST__INIT;
    struct fam_uuid user_id;
    user_flag(ctl, &user_id);
    const struct fam_rpc_options options = opening_call(ctl, &user_id);
    struct fam_rpc rpc;
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__family_service, get_family, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__GetFamilyResponse *response = (const Fam__V1__GetFamilyResponse *)fam_rpc_response(&rpc);
        if (response->family != NULL) {
            show_family(&ctl->out, response->family);
        }
    }
    fam_rpc_done(&rpc);
    return code;
}

/* When, whose, read by what; not a word of what was said. */
static void show_entries(struct fam_out *out, const Fam__V1__ListEntriesResponse *response)
{
    static const struct fam_column columns[] = {
        {"entry_id", "ID"},   {"created_at", "CREATED AT"}, {"child_id", "CHILD"},      {"age_band", "AGE BAND"},
        {"engine", "ENGINE"}, {"version", "VERSION"},       {"delivered", "DELIVERED"}, {"rated", "RATED"}};
    fam_out_table(out, "entries", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_entries; i++) {
        const Fam__V1__Entry *entry = response->entries[i];
        fam_out_cell(out, FAM_TEXT(entry->entry_id));
        fam_out_cell(out, FAM_TIME(entry->created_at_ms));
        fam_out_cell(out, FAM_TEXT(entry->child_id));
        word_cell(out, &fam__v1__age_band__descriptor, (int)entry->age_band);
        word_cell(out, &fam__v1__engine__descriptor, entry->reading == NULL ? 0 : (int)entry->reading->engine);
        fam_out_cell(out, FAM_NUMBER(entry->reading == NULL ? 0 : entry->reading->version));
        fam_out_cell(out, FAM_YES_NO(entry->delivery != NULL));
        fam_out_cell(out, FAM_YES_NO(entry->rating != NULL));
    }
    show_next(out, response->next_page_token);
}

static void show_summaries(struct fam_out *out, const Fam__V1__ListEntrySummariesResponse *response)
{
    static const struct fam_column columns[] = {
        {"entry_id", "ID"},   {"created_at", "CREATED AT"}, {"user_id", "USER"},      {"family_id", "FAMILY"},
        {"engine", "ENGINE"}, {"readings", "READINGS"},     {"language", "LANGUAGE"}, {"shared", "SHARED"}};
    fam_out_table(out, "entries", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_entries; i++) {
        const Fam__V1__EntrySummary *entry = response->entries[i];
        fam_out_cell(out, FAM_TEXT(entry->entry_id));
        fam_out_cell(out, FAM_TIME(entry->created_at_ms));
        fam_out_cell(out, FAM_TEXT(entry->user_id));
        fam_out_cell(out, FAM_TEXT(entry->family_id));
        word_cell(out, &fam__v1__engine__descriptor, (int)entry->engine);
        fam_out_cell(out, FAM_NUMBER(entry->readings));
        word_cell(out, &fam__v1__language__descriptor, (int)entry->language);
        fam_out_cell(out, FAM_YES_NO(entry->shared));
    }
    show_next(out, response->next_page_token);
}

static enum fam_code list_summaries(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__ListEntrySummariesRequest request = FAM__V1__LIST_ENTRY_SUMMARIES_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    request.page_size = page_size(ctl);
    request.page_token = text_flag(ctl, "--after");
    request.family_id = text_flag(ctl, "--family");
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, list_entry_summaries, &rpc, &request, status);
    if (code == FAM_OK) {
        show_summaries(&ctl->out, (const Fam__V1__ListEntrySummariesResponse *)fam_rpc_response(&rpc));
    }
    fam_rpc_done(&rpc);
    return code;
}

static enum fam_code list_of_user(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__ListEntriesRequest request = FAM__V1__LIST_ENTRIES_REQUEST__INIT;
    struct fam_uuid user_id;
    user_flag(ctl, &user_id);
    const struct fam_rpc_options options = opening_call(ctl, &user_id);
    struct fam_rpc rpc;
    request.page_size = page_size(ctl);
    request.page_token = text_flag(ctl, "--after");
    request.child_id = text_flag(ctl, "--child");
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__translation_service, list_entries, &rpc, &request, status);
    if (code == FAM_OK) {
        show_entries(&ctl->out, (const Fam__V1__ListEntriesResponse *)fam_rpc_response(&rpc));
    }
    fam_rpc_done(&rpc);
    return code;
}

enum fam_code fam_ctl_entry_list(struct fam_ctl *ctl, struct fam_status *status)
{
    bool user = fam_parsed_value(ctl->parsed, "--user") != NULL;
    if (!user && fam_parsed_value(ctl->parsed, "--child") != NULL) {
        return fam_usage(status, "--child goes with --user: whose child it is");
    }
    if (user && fam_parsed_value(ctl->parsed, "--family") != NULL) {
        return fam_usage(status, "say --user or --family, not both");
    }
    return user ? list_of_user(ctl, status) : list_summaries(ctl, status);
}

enum fam_code fam_ctl_entry_show(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__GetEntryRequest request = FAM__V1__GET_ENTRY_REQUEST__INIT;
    struct fam_uuid user_id;
    user_flag(ctl, &user_id);
    const struct fam_rpc_options options = opening_call(ctl, &user_id);
    struct fam_rpc rpc;
    request.entry_id = ctl->parsed->arguments[0];
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__translation_service, get_entry, &rpc, &request, status);
    if (code == FAM_OK) {
        const Fam__V1__GetEntryResponse *response = (const Fam__V1__GetEntryResponse *)fam_rpc_response(&rpc);
        if (response->entry != NULL) {
            fam_out_field(&ctl->out, "phrase", "Phrase", FAM_TEXT(response->entry->phrase));
            fam_out_field(&ctl->out, "created_at", "Created at", FAM_TIME(response->entry->created_at_ms));
            fam_out_field(&ctl->out, "child_id", "Child", FAM_TEXT(response->entry->child_id));
            fam_entry_show(&ctl->out, response->entry);
        }
    }
    fam_rpc_done(&rpc);
    return code;
}

static void show_audit(struct fam_out *out, const Fam__V1__ListAuditResponse *response)
{
    static const struct fam_column columns[] = {{"at", "AT"},
                                                {"principal", "WHO"},
                                                {"method", "METHOD"},
                                                {"user_id", "USER"},
                                                {"target_id", "TARGET"},
                                                {"reason", "REASON"},
                                                {"request_id", "REQUEST"}};
    fam_out_table(out, "records", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < response->n_records; i++) {
        const Fam__V1__AuditRecord *record = response->records[i];
        fam_out_cell(out, FAM_TIME(record->at_ms));
        fam_out_cell(out, FAM_TEXT(record->principal));
        fam_out_cell(out, FAM_TEXT(record->method));
        fam_out_cell(out, FAM_TEXT(record->user_id));
        fam_out_cell(out, FAM_TEXT(record->target_id));
        fam_out_cell(out, FAM_TEXT(record->reason));
        fam_out_cell(out, FAM_TEXT(record->request_id));
    }
    show_next(out, response->next_page_token);
}

enum fam_code fam_ctl_audit_list(struct fam_ctl *ctl, struct fam_status *status)
{
    Fam__V1__ListAuditRequest request = FAM__V1__LIST_AUDIT_REQUEST__INIT;
    struct fam_rpc_options options = fam_ctl_call(ctl);
    struct fam_rpc rpc;
    options.read_only = true;
    request.page_size = page_size(ctl);
    request.page_token = text_flag(ctl, "--after");
    request.user_id = text_flag(ctl, "--user");
    fam_rpc_init(&rpc, &options);
    enum fam_code code = FAM_RPC(ctl->client, fam__v1__ops_service, list_audit, &rpc, &request, status);
    if (code == FAM_OK) {
        show_audit(&ctl->out, (const Fam__V1__ListAuditResponse *)fam_rpc_response(&rpc));
    }
    fam_rpc_done(&rpc);
    return code;
}
