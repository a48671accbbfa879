#include "services/reply.h"

#include <string.h>

#include "family/age.h"

enum { REPLY_BYTES_MAX = 8 << 20 };

static char EMPTY[] = "";

void fam_reply_init(struct fam_reply *reply)
{
    reply->failed = false;
    reply->kept_count = 0;
    fam_arena_init(&reply->arena, REPLY_BYTES_MAX);
}

void fam_reply_done(struct fam_reply *reply)
{
    for (size_t i = 0; i < reply->kept_count; i++) {
        protobuf_c_message_free_unpacked(reply->kept[i], NULL);
    }
    reply->kept_count = 0;
    fam_arena_done(&reply->arena);
}

enum fam_code fam_reply_check(const struct fam_reply *reply, struct fam_status *status)
{
    return reply->failed ? fam_fail_memory(status) : FAM_OK;
}

void *fam_reply_alloc(struct fam_reply *reply, size_t size)
{
    void *memory = fam_arena_alloc(&reply->arena, size);
    if (memory == NULL) {
        reply->failed = true;
        return NULL;
    }
    return memset(memory, 0, size);
}

char *fam_reply_text(struct fam_reply *reply, const char *text)
{
    if (text == NULL || text[0] == '\0') {
        return EMPTY;
    }
    size_t size = strlen(text) + 1;
    char *copy = fam_arena_alloc(&reply->arena, size);
    if (copy == NULL) {
        reply->failed = true;
        return EMPTY;
    }
    return memcpy(copy, text, size);
}

char *fam_reply_uuid(struct fam_reply *reply, const struct fam_uuid *uuid)
{
    char text[FAM_UUID_TEXT_SIZE];
    fam_uuid_format(uuid, text);
    return fam_reply_text(reply, text);
}

void fam_reply_keep(struct fam_reply *reply, ProtobufCMessage *message)
{
    if (reply->kept_count == FAM_REPLY_KEPT_MAX) {
        protobuf_c_message_free_unpacked(message, NULL);
        reply->failed = true;
        return;
    }
    reply->kept[reply->kept_count++] = message;
}

Fam__V1__Consent **fam_reply_consents(struct fam_reply *reply, const struct fam_consent *consents, size_t count)
{
    Fam__V1__Consent **list = fam_reply_alloc(reply, (count + 1) * sizeof(*list));
    for (size_t i = 0; list != NULL && i < count; i++) {
        list[i] = fam_reply_alloc(reply, sizeof(*list[i]));
        if (list[i] == NULL) {
            return NULL;
        }
        fam__v1__consent__init(list[i]);
        list[i]->purpose = consents[i].purpose;
        list[i]->granted = consents[i].granted;
        list[i]->changed_at_ms = consents[i].changed_at_ms;
        list[i]->text_version = fam_reply_text(reply, consents[i].text_version);
    }
    return list;
}

Fam__V1__User *fam_reply_user(struct fam_reply *reply, const struct fam_user *user)
{
    Fam__V1__User *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__user__init(made);
    made->user_id = fam_reply_uuid(reply, &user->user_id);
    made->language = user->language;
    made->country = fam_reply_text(reply, user->country);
    made->name = fam_reply_text(reply, user->name);
    made->family_id = user->has_family ? fam_reply_uuid(reply, &user->family_id) : EMPTY;
    made->role = user->has_family ? user->role : FAM__V1__PARENT_ROLE__PARENT_ROLE_UNSPECIFIED;
    made->share_entries = user->share_entries;
    made->no_follow_up = user->no_follow_up;
    made->created_at_ms = user->created_at_ms;
    made->consents = fam_reply_consents(reply, user->consents, user->consent_count);
    made->n_consents = made->consents == NULL ? 0 : user->consent_count;
    return made;
}

Fam__V1__Child *fam_reply_child(struct fam_reply *reply, const struct fam_child *child, struct fam_date today)
{
    Fam__V1__Child *made = fam_reply_alloc(reply, sizeof(*made));
    Fam__V1__Date *birth = fam_reply_alloc(reply, sizeof(*birth));
    if (made == NULL || birth == NULL) {
        return NULL;
    }
    fam__v1__child__init(made);
    fam__v1__date__init(birth);
    birth->year = child->birth.year;
    birth->month = child->birth.month;
    birth->day = child->birth.day;
    made->child_id = fam_reply_uuid(reply, &child->child_id);
    made->name = fam_reply_text(reply, child->name);
    made->birth = birth;
    made->age_years = fam_age_years(&child->birth, &today);
    made->age_band = fam_age_band(made->age_years);
    made->special_needs = fam_reply_text(reply, child->special_needs);
    made->traits = fam_reply_alloc(reply, (child->trait_count + 1) * sizeof(*made->traits));
    for (size_t i = 0; made->traits != NULL && i < child->trait_count; i++) {
        made->traits[i] = child->traits[i];
        made->n_traits++;
    }
    return made;
}

static Fam__V1__Parent *reply_parent(struct fam_reply *reply, const struct fam_parent *parent)
{
    Fam__V1__Parent *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__parent__init(made);
    made->parent_id = fam_reply_uuid(reply, &parent->parent_id);
    made->user_id = fam_reply_uuid(reply, &parent->user_id);
    made->role = parent->role;
    made->name = fam_reply_text(reply, parent->name);
    return made;
}

Fam__V1__Family *fam_reply_family(struct fam_reply *reply, const struct fam_family *family)
{
    Fam__V1__Family *made = fam_reply_alloc(reply, sizeof(*made));
    Fam__V1__Parent **parents = fam_reply_alloc(reply, (family->parent_count + 1) * sizeof(*parents));
    Fam__V1__Child **children = fam_reply_alloc(reply, (family->child_count + 1) * sizeof(*children));
    if (made == NULL || parents == NULL || children == NULL) {
        return NULL;
    }
    fam__v1__family__init(made);
    made->family_id = fam_reply_uuid(reply, &family->family_id);
    made->name = fam_reply_text(reply, family->name);
    made->country = fam_reply_text(reply, family->country);
    made->time_zone = fam_reply_text(reply, family->time_zone);
    made->no_ai = family->no_ai;
    made->retention_days = family->retention_days;
    made->created_at_ms = family->created_at_ms;
    for (size_t i = 0; i < family->parent_count; i++) {
        parents[i] = reply_parent(reply, &family->parents[i]);
    }
    for (size_t i = 0; i < family->child_count; i++) {
        children[i] = fam_reply_child(reply, &family->children[i], family->today);
    }
    made->parents = parents;
    made->n_parents = reply->failed ? 0 : family->parent_count;
    made->children = children;
    made->n_children = reply->failed ? 0 : family->child_count;
    return made;
}

static void add_delivery(struct fam_reply *reply, Fam__V1__Entry *made, const struct fam_entry *entry)
{
    made->delivery = fam_reply_alloc(reply, sizeof(*made->delivery));
    if (made->delivery != NULL) {
        fam__v1__delivery__init(made->delivery);
        made->delivery->chat_id = entry->chat_id;
        made->delivery->message_id = entry->message_id;
    }
}

static void add_rating(struct fam_reply *reply, Fam__V1__Entry *made, const struct fam_entry *entry)
{
    made->rating = fam_reply_alloc(reply, sizeof(*made->rating));
    if (made->rating != NULL) {
        fam__v1__rating__init(made->rating);
        made->rating->helped = entry->helped;
        made->rating->used_response = entry->used_response;
        made->rating->comment = fam_reply_text(reply, entry->comment);
    }
}

static void add_correction(struct fam_reply *reply, Fam__V1__Entry *made, const struct fam_entry *entry)
{
    made->correction = fam_reply_alloc(reply, sizeof(*made->correction));
    if (made->correction != NULL) {
        fam__v1__correction__init(made->correction);
        made->correction->emotion = entry->corrected;
        made->correction->note = fam_reply_text(reply, entry->correction);
    }
}

Fam__V1__Entry *fam_reply_entry(struct fam_reply *reply, const struct fam_entry *entry)
{
    Fam__V1__Entry *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__entry__init(made);
    made->entry_id = fam_uuid_is_nil(&entry->entry_id) ? EMPTY : fam_reply_uuid(reply, &entry->entry_id);
    made->child_id = entry->has_child ? fam_reply_uuid(reply, &entry->child_id) : EMPTY;
    made->phrase = fam_reply_text(reply, entry->phrase);
    made->age_band = entry->age_band;
    made->age_unknown = entry->age_unknown;
    made->created_at_ms = entry->created_at_ms;
    made->reading = entry->reading;
    if (entry->has_delivery) {
        add_delivery(reply, made, entry);
    }
    if (entry->has_rating) {
        add_rating(reply, made, entry);
    }
    if (entry->has_correction) {
        add_correction(reply, made, entry);
    }
    made->own = true;
    made->shared = entry->is_shared;
    made->revised_at_ms = entry->revised_at_ms;
    return made;
}

Fam__V1__Invite *fam_reply_invite(struct fam_reply *reply, const struct fam_invite *invite)
{
    Fam__V1__Invite *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__invite__init(made);
    made->invite_id = fam_reply_uuid(reply, &invite->invite_id);
    made->role = invite->role;
    made->created_at_ms = invite->created_at_ms;
    made->expires_at_ms = invite->expires_at_ms;
    made->created_by = fam_reply_uuid(reply, &invite->created_by);
    return made;
}

Fam__V1__Token *fam_reply_token(struct fam_reply *reply, const struct fam_token *token)
{
    Fam__V1__Token *made = fam_reply_alloc(reply, sizeof(*made));
    char **methods = fam_reply_alloc(reply, (token->method_count + 1) * sizeof(*methods));
    if (made == NULL || methods == NULL) {
        return NULL;
    }
    fam__v1__token__init(made);
    made->token_id = fam_reply_uuid(reply, &token->token_id);
    made->role = token->role;
    made->name = fam_reply_text(reply, token->name);
    made->personal_text = token->personal_text;
    made->created_at_ms = token->created_at_ms;
    made->last_used_at_ms = token->last_used_at_ms;
    made->revoked_at_ms = token->revoked_at_ms;
    for (size_t i = 0; i < token->method_count; i++) {
        methods[i] = fam_reply_text(reply, token->methods[i]);
    }
    made->methods = methods;
    made->n_methods = token->method_count;
    return made;
}
