#include "words.h"

#include <stdio.h>
#include <string.h>

/* Length of "AGE_BAND_", which value 0, AGE_BAND_UNSPECIFIED, tells. */
static size_t prefix_size(const ProtobufCEnumDescriptor *descriptor)
{
    static const char suffix[] = "UNSPECIFIED";
    const ProtobufCEnumValue *zero = protobuf_c_enum_descriptor_get_value(descriptor, 0);
    size_t size = zero == NULL ? 0 : strlen(zero->name);
    if (size < sizeof(suffix) - 1 || strcmp(zero->name + size - (sizeof(suffix) - 1), suffix) != 0) {
        return 0;
    }
    return size - (sizeof(suffix) - 1);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static void word_of(const ProtobufCEnumDescriptor *descriptor, const char *name, char ret_word[FAM_WORD_SIZE])
{
    size_t prefix = prefix_size(descriptor);
    size_t i = 0;
    for (const char *at = strlen(name) > prefix ? name + prefix : name; *at != '\0' && i + 1 < FAM_WORD_SIZE; at++) {
        ret_word[i++] = lower(*at);
    }
    ret_word[i] = '\0';
}

void fam_word_from_enum(const ProtobufCEnumDescriptor *descriptor, int value, char ret_word[FAM_WORD_SIZE])
{
    const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(descriptor, value);
    if (value == 0) {
        ret_word[0] = '\0';
    } else if (known == NULL) {
        snprintf(ret_word, FAM_WORD_SIZE, "%d", value);
    } else {
        word_of(descriptor, known->name, ret_word);
    }
}

bool fam_word_to_enum(const ProtobufCEnumDescriptor *descriptor, const char *word, int *ret_value)
{
    for (unsigned i = 0; i < descriptor->n_values; i++) {
        char known[FAM_WORD_SIZE];
        word_of(descriptor, descriptor->values[i].name, known);
        if (descriptor->values[i].value != 0 && strcmp(known, word) == 0) {
            *ret_value = descriptor->values[i].value;
            return true;
        }
    }
    return false;
}
