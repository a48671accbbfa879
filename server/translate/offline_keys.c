#include "translate/offline_keys.h"

#include <ctype.h>
#include <string.h>

#include "fam/v1/types.pb-c.h"

void fam_offline_keys_init(struct fam_offline_keys *keys)
{
    static const char prefix[] = "EMOTION_";
    const ProtobufCEnumDescriptor *list = &fam__v1__emotion__descriptor;
    memset(keys, 0, sizeof(*keys));
    keys->count = FAM_OFFLINE_EMOTIONS + 1;
    for (int value = 1; value <= FAM_OFFLINE_EMOTIONS; value++) {
        const ProtobufCEnumValue *emotion = protobuf_c_enum_descriptor_get_value(list, value);
        if (emotion == NULL) {
            continue;
        }
        const char *name = emotion->name + sizeof(prefix) - 1;
        for (size_t i = 0; i < FAM_OFFLINE_KEY_BYTES - 1 && name[i] != '\0'; i++) {
            keys->names[value][i] = (char)tolower((unsigned char)name[i]);
        }
    }
}

uint16_t fam_offline_keys_find(const struct fam_offline_keys *keys, const char *name)
{
    for (uint16_t i = 1; i < keys->count; i++) {
        if (strcmp(keys->names[i], name) == 0) {
            return i;
        }
    }
    return FAM_OFFLINE_NO_KEY;
}

uint16_t fam_offline_keys_add(struct fam_offline_keys *keys, const char *name)
{
    uint16_t known = fam_offline_keys_find(keys, name);
    size_t size = strlen(name);
    if (known != FAM_OFFLINE_NO_KEY || size == 0 || size >= FAM_OFFLINE_KEY_BYTES ||
        keys->count == FAM_OFFLINE_KEYS_MAX) {
        return known;
    }
    memcpy(keys->names[keys->count], name, size + 1);
    return keys->count++;
}
