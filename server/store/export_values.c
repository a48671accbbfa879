/* export_values.c: what stands inside the seals, as JSON; see export_private.h. */
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "base/json.h"
#include "fam/v1/checkin.pb-c.h"
#include "fam/v1/family.pb-c.h"
#include "fam/v1/notification.pb-c.h"
#include "fam/v1/translation.pb-c.h"
#include "rpc/json_codec.h"
#include "store/checkin_private.h"
#include "store/column.h"
#include "store/entry_private.h"
#include "store/export_private.h"
#include "store/family_private.h"

enum { PROFILE_HEAD = 1 + FAM_TRAITS_MAX, CORRECTION_HEAD = 2, NUMBER_SIZE = 8 };

static enum fam_code unknown(struct fam_status *status)
{
    return fam_fail(status, FAM_DATA_LOSS, "a sealed value is of no known format");
}

/* Its name in the API; a number that has none stays a number. */
static void add_word(struct fam_buf *json, const ProtobufCEnumDescriptor *words, int value)
{
    const ProtobufCEnumValue *word = protobuf_c_enum_descriptor_get_value(words, value);
    if (word != NULL) {
        fam_json_add_string(json, word->name);
    } else {
        fam_buf_addf(json, "%d", value);
    }
}

static void add_words(struct fam_buf *json, const ProtobufCEnumDescriptor *words, const unsigned char *values,
                      size_t size)
{
    fam_buf_add_char(json, '[');
    for (size_t i = 0; i < size && values[i] != 0; i++) {
        fam_buf_add_text(json, i > 0 ? "," : "");
        add_word(json, words, values[i]);
    }
    fam_buf_add_char(json, ']');
}

static enum fam_code add_date(const struct fam_secret *value, struct fam_buf *json, struct fam_status *status)
{
    struct fam_date date;
    enum fam_code code = fam_date_decode(value, &date, status);
    if (code == FAM_OK && date.month == 0) {
        fam_buf_addf(json, "\"%04d\"", date.year);
    } else if (code == FAM_OK) {
        fam_buf_addf(json, "\"%04d-%02d-%02d\"", date.year, date.month, date.day);
    }
    return code;
}

static enum fam_code add_profile(const struct fam_secret *value, struct fam_buf *json, struct fam_status *status)
{
    if (value->size < PROFILE_HEAD) {
        return unknown(status);
    }
    fam_buf_add_text(json, "{\"traits\":");
    add_words(json, &fam__v1__trait__descriptor, value->data + 1, FAM_TRAITS_MAX);
    fam_buf_add_text(json, ",\"special_needs\":");
    fam_json_add_string(json, fam_secret_text(value) + PROFILE_HEAD);
    fam_buf_add_char(json, '}');
    return FAM_OK;
}

static enum fam_code add_context(const struct fam_secret *value, struct fam_buf *json, struct fam_status *status)
{
    if (value->size < FAM_CONTEXT_HEAD || value->data[0] != FAM_CONTEXT_FORMAT) {
        return unknown(status);
    }
    fam_buf_add_text(json, "{\"place\":");
    add_word(json, &fam__v1__place__descriptor, value->data[1]);
    fam_buf_add_text(json, ",\"age_band\":");
    add_word(json, &fam__v1__age_band__descriptor, value->data[2]);
    fam_buf_addf(json, ",\"age_unknown\":%s,\"happened_before\":", value->data[3] != 0 ? "true" : "false");
    fam_json_add_string(json, fam_secret_text(value) + FAM_CONTEXT_HEAD);
    fam_buf_add_char(json, '}');
    return FAM_OK;
}

static enum fam_code add_chat(const struct fam_secret *value, struct fam_buf *json, struct fam_status *status)
{
    if (value->size < FAM_CHAT_SIZE) {
        return unknown(status);
    }
    fam_buf_addf(json, "{\"chat_id\":%" PRId64 ",\"message_id\":%" PRId64 ",\"told_of\":", fam_get_i64(value->data),
                 fam_get_i64(value->data + NUMBER_SIZE));
    add_words(json, &fam__v1__safety_kind__descriptor, value->data + FAM_CHAT_SIZE, value->size - FAM_CHAT_SIZE);
    fam_buf_add_char(json, '}');
    return FAM_OK;
}

static enum fam_code add_rating(const struct fam_secret *value, struct fam_buf *json, struct fam_status *status)
{
    if (value->size < FAM_RATING_HEAD) {
        return unknown(status);
    }
    fam_buf_add_text(json, "{\"helped\":");
    add_word(json, &fam__v1__helped__descriptor, value->data[0]);
    fam_buf_addf(json, ",\"used_response\":%d,\"comment\":", value->data[1]);
    fam_json_add_string(json, fam_secret_text(value) + FAM_RATING_HEAD);
    fam_buf_add_char(json, '}');
    return FAM_OK;
}

static enum fam_code add_correction(const struct fam_secret *value, struct fam_buf *json, struct fam_status *status)
{
    if (value->size < CORRECTION_HEAD) {
        return unknown(status);
    }
    fam_buf_add_text(json, "{\"emotion\":");
    add_word(json, &fam__v1__emotion__descriptor, value->data[0]);
    fam_buf_add_text(json, ",\"instead_of\":");
    add_word(json, &fam__v1__emotion__descriptor, value->data[1]);
    fam_buf_add_text(json, ",\"note\":");
    fam_json_add_string(json, fam_secret_text(value) + CORRECTION_HEAD);
    fam_buf_add_char(json, '}');
    return FAM_OK;
}

static enum fam_code add_message(const ProtobufCMessageDescriptor *descriptor, const struct fam_secret *value,
                                 struct fam_buf *json, struct fam_status *status)
{
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, NULL, value->size, value->data);
    if (message == NULL) {
        return unknown(status);
    }
    enum fam_code code = fam_json_from_message(message, NULL, json, status);
    protobuf_c_message_free_unpacked(message, NULL);
    return code;
}

static enum fam_code add_answers(const struct fam_secret *value, struct fam_buf *json, struct fam_status *status)
{
    struct fam_secret packed = *value; /* borrows */
    return sodium_unpad(&packed.size, value->data, value->size, FAM_CHECKIN_BLOCK) == 0
               ? add_message(&fam__v1__checkin_answers__descriptor, &packed, json, status)
               : unknown(status);
}

static enum fam_code add_notification(const char *kind, const struct fam_secret *value, struct fam_buf *json,
                                      struct fam_status *status)
{
    static const struct {
        const char *kind;
        const ProtobufCMessageDescriptor *descriptor;
    } MESSAGES[] = {
        {"checkin", &fam__v1__checkin_prompt__descriptor}, {"weekly_report", &fam__v1__week_summary__descriptor},
        {"notice", &fam__v1__notice__descriptor},          {"follow_up", &fam__v1__follow_up__descriptor},
        {"broadcast", &fam__v1__broadcast__descriptor},    {"checkin_reminder", &fam__v1__checkin_reminder__descriptor},
    };
    for (size_t i = 0; i < FAM_ARRAY_SIZE(MESSAGES); i++) {
        if (strcmp(kind, MESSAGES[i].kind) == 0) {
            return add_message(MESSAGES[i].descriptor, value, json, status);
        }
    }
    return unknown(status);
}

enum fam_code fam_export_value(enum fam_export_form form, const struct fam_secret *value, const char *kind,
                               struct fam_buf *json, struct fam_status *status)
{
    switch (form) {
    case FAM_EXPORT_TEXT:
        fam_json_add_string(json, fam_secret_text(value));
        return FAM_OK;
    case FAM_EXPORT_NUMBER:
        if (value->size != NUMBER_SIZE) {
            return unknown(status);
        }
        fam_buf_addf(json, "%" PRId64, fam_get_i64(value->data));
        return FAM_OK;
    case FAM_EXPORT_DATE:
        return add_date(value, json, status);
    case FAM_EXPORT_PROFILE:
        return add_profile(value, json, status);
    case FAM_EXPORT_CONTEXT:
        return add_context(value, json, status);
    case FAM_EXPORT_SAFETY:
        add_words(json, &fam__v1__safety_kind__descriptor, value->data, value->size);
        return FAM_OK;
    case FAM_EXPORT_READING:
        return add_message(&fam__v1__reading__descriptor, value, json, status);
    case FAM_EXPORT_CHAT:
        return add_chat(value, json, status);
    case FAM_EXPORT_RATING:
        return add_rating(value, json, status);
    case FAM_EXPORT_CORRECTION:
        return add_correction(value, json, status);
    case FAM_EXPORT_NOTIFICATION:
        return add_notification(kind, value, json, status);
    case FAM_EXPORT_ANSWERS:
        return add_answers(value, json, status);
    case FAM_EXPORT_ANSWER:
        return add_message(&fam__v1__checkin_answer__descriptor, value, json, status);
    case FAM_EXPORT_REPORT:
        return add_message(&fam__v1__report__descriptor, value, json, status);
    }
    return unknown(status);
}
