/* session_fields.c: fields on their way to Redis, see session_private.h. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "session/session_private.h"

bool fam_session_name_is_good(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_.";
    size_t length = name ? strnlen(name, FAM_SESSION_NAME_SIZE) : 0;
    return length > 0 && length < FAM_SESSION_NAME_SIZE && strspn(name, allowed) == length;
}

void fam_session_column(const char *name, char ret_column[FAM_SESSION_COLUMN_SIZE])
{
    (void)snprintf(ret_column, FAM_SESSION_COLUMN_SIZE, "field.%s", name);
}

enum fam_code fam_session_seal(const struct fam_sessions *sessions, const struct fam_uuid *user, const char *id,
                               const char *column, const void *plain, size_t size, struct fam_buf *ret_sealed,
                               struct fam_status *status)
{
    const struct fam_session_sealer *sealer = &sessions->sealer;
    if (size == 0) {
        return FAM_OK;
    }
    enum fam_code code = sealer->seal(sealer->context, user, id, column, plain, size, ret_sealed, status);
    if (!code && ret_sealed->failed) {
        code = fam_fail_memory(status);
    }
    return code;
}

enum fam_code fam_session_fields_check(const struct fam_session_field_change *fields, size_t count,
                                       struct fam_status *status)
{
    if (count > FAM_SESSION_FIELDS) {
        return fam_fail_field(status, "fields", "a session has %d fields at most", FAM_SESSION_FIELDS);
    }
    for (size_t i = 0; i < count; i++) {
        if (!fam_session_name_is_good(fields[i].name)) {
            return fam_fail_field(status, "fields", "a field's name is 1 to 32 characters of a-z, 0-9, _ and .");
        }
        if (fields[i].size > FAM_SESSION_VALUE_BYTES) {
            return fam_fail_field(status, "fields", "a field takes %d bytes at most", FAM_SESSION_VALUE_BYTES);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(fields[i].name, fields[j].name) == 0) {
                return fam_fail_field(status, "fields", "field %zu of the list was named before", i + 1);
            }
        }
    }
    return FAM_OK;
}

static void add_size(struct fam_buf *packed, size_t size)
{
    unsigned char bytes[4];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (unsigned char)(size >> (8 * i));
    }
    fam_buf_add(packed, bytes, sizeof(bytes));
}

enum fam_code fam_session_fields_pack(const struct fam_sessions *sessions, const struct fam_uuid *user, const char *id,
                                      const struct fam_session_field_change *fields, size_t count,
                                      struct fam_buf *ret_packed, struct fam_status *status)
{
    for (size_t i = 0; i < count; i++) {
        fam_auto(fam_buf_done) struct fam_buf sealed = {0};
        char column[FAM_SESSION_COLUMN_SIZE];
        size_t length = strlen(fields[i].name);
        fam_session_column(fields[i].name, column);
        enum fam_code code =
            fam_session_seal(sessions, user, id, column, fields[i].value, fields[i].size, &sealed, status);
        if (code) {
            return code;
        }
        fam_buf_add_char(ret_packed, (char)length);
        fam_buf_add(ret_packed, fields[i].name, length);
        add_size(ret_packed, sealed.size);
        fam_buf_add(ret_packed, fam_buf_text(&sealed), sealed.size);
    }
    return ret_packed->failed ? fam_fail_memory(status) : FAM_OK;
}
