#include "services/schema.h"

#include <string.h>

extern const unsigned char fam_data_fam_descriptors_pb[];
extern const size_t fam_data_fam_descriptors_pb_size;

/* Field numbers in the messages of descriptor.proto, of which paths are made. */
enum { FILE_MESSAGE = 4, FILE_ENUM = 5, FILE_SERVICE = 6, MESSAGE_NESTED = 3, MESSAGE_ENUM = 4, SERVICE_METHOD = 2 };
enum { PATH_ROOM = 14 }; /* leaves room for a field */

enum fam_code fam_schema_open(struct fam_schema *schema, struct fam_status *status)
{
    schema->files =
        fam__descriptor__file_set__unpack(NULL, fam_data_fam_descriptors_pb_size, fam_data_fam_descriptors_pb);
    return schema->files == NULL ? fam_fail_memory(status) : FAM_OK;
}

void fam_schema_done(struct fam_schema *schema)
{
    fam__descriptor__file_set__free_unpacked(schema->files, NULL);
    schema->files = NULL;
}

const void *fam_schema_bytes(size_t *ret_size)
{
    *ret_size = fam_data_fam_descriptors_pb_size;
    return fam_data_fam_descriptors_pb;
}

/* What follows `prefix` and the separator in `name`, or NULL. */
static const char *rest_after(const char *name, const char *prefix, char separator)
{
    size_t size = strlen(prefix);
    return strncmp(name, prefix, size) == 0 && name[size] == separator ? name + size + 1 : NULL;
}

static void add_step(struct fam_schema_place *place, int32_t field, size_t index)
{
    place->path[place->path_size++] = field;
    place->path[place->path_size++] = (int32_t)index;
}

static bool find_enum(Fam__Descriptor__Enum *const *enums, size_t count, int32_t field, const char *name,
                      struct fam_schema_place *place)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(enums[i]->name, name) == 0) {
            add_step(place, field, i);
            place->enumeration = enums[i];
            return true;
        }
    }
    return false;
}

/* Down through nested messages, as far as the name goes. */
static bool find_message(Fam__Descriptor__Message *const *messages, size_t count, const char *name,
                         struct fam_schema_place *place)
{
    int32_t field = FILE_MESSAGE;
    for (size_t i = 0; i < count && place->path_size < PATH_ROOM;) {
        const char *rest = rest_after(name, messages[i]->name, '.');
        if (strcmp(messages[i]->name, name) == 0) {
            add_step(place, field, i);
            place->message = messages[i];
            return true;
        }
        if (rest == NULL) {
            i++;
            continue;
        }
        const Fam__Descriptor__Message *outer = messages[i];
        add_step(place, field, i);
        if (find_enum(outer->enum_type, outer->n_enum_type, MESSAGE_ENUM, rest, place)) {
            return true;
        }
        messages = outer->nested_type;
        count = outer->n_nested_type;
        name = rest;
        field = MESSAGE_NESTED;
        i = 0;
    }
    return false;
}

static bool find_method(const Fam__Descriptor__File *file, const char *name, struct fam_schema_place *place)
{
    for (size_t i = 0; i < file->n_service; i++) {
        const Fam__Descriptor__Service *service = file->service[i];
        const char *rest = rest_after(name, service->name, '/');
        for (size_t j = 0; rest != NULL && j < service->n_method; j++) {
            if (strcmp(service->method[j]->name, rest) == 0) {
                add_step(place, FILE_SERVICE, i);
                add_step(place, SERVICE_METHOD, j);
                place->method = service->method[j];
                return true;
            }
        }
    }
    return false;
}

bool fam_schema_find(const struct fam_schema *schema, const char *name, struct fam_schema_place *ret_place)
{
    name += *name == '.' ? 1 : 0;
    for (size_t i = 0; i < schema->files->n_file; i++) {
        const Fam__Descriptor__File *file = schema->files->file[i];
        const char *rest = rest_after(name, file->package, '.');
        if (rest == NULL) {
            continue;
        }
        *ret_place = (struct fam_schema_place){.file = file};
        if (find_method(file, rest, ret_place) ||
            find_enum(file->enum_type, file->n_enum_type, FILE_ENUM, rest, ret_place) ||
            find_message(file->message_type, file->n_message_type, rest, ret_place)) {
            return true;
        }
    }
    return false;
}

/* One paragraph: every run of white space is a space, none at the ends. */
static char *flatten(const char *text, struct fam_reply *reply)
{
    char *made = fam_reply_text(reply, text);
    size_t size = 0;
    for (const char *at = made; *at != '\0'; at++) {
        bool space = *at == ' ' || *at == '\n' || *at == '\t' || *at == '\r';
        if (!space) {
            made[size++] = *at;
        } else if (size > 0 && made[size - 1] != ' ') {
            made[size++] = ' ';
        }
    }
    size -= size > 0 && made[size - 1] == ' ' ? 1 : 0;
    if (size < strlen(made)) {
        made[size] = '\0';
    }
    return made;
}

char *fam_schema_comment(const struct fam_schema_place *place, struct fam_reply *reply)
{
    const Fam__Descriptor__SourceInfo *info = place->file->source_code_info;
    for (size_t i = 0; info != NULL && i < info->n_location; i++) {
        const Fam__Descriptor__Location *location = info->location[i];
        if (location->n_path == place->path_size &&
            memcmp(location->path, place->path, place->path_size * sizeof(place->path[0])) == 0) {
            bool above = location->leading_comments[0] != '\0';
            return flatten(above ? location->leading_comments : location->trailing_comments, reply);
        }
    }
    return fam_reply_text(reply, "");
}

char *fam_schema_comment_of(const struct fam_schema_place *place, int32_t kind, size_t index, struct fam_reply *reply)
{
    struct fam_schema_place below = *place;
    add_step(&below, kind, index);
    return fam_schema_comment(&below, reply);
}
