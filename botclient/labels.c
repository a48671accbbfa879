/* Labels of the closed lists: the key is a prefix and the name of the value in the proto, in lower case. */
#include <stdio.h>
#include <string.h>

#include "locale.h"

static const char *label(const struct fam_locale *locale, const ProtobufCEnumDescriptor *descriptor, int value,
                         const char *prefix, size_t skip)
{
    char key[64];
    const ProtobufCEnumValue *found = value > 0 ? protobuf_c_enum_descriptor_get_value(descriptor, value) : NULL;
    if (!found || strlen(found->name) <= skip) {
        return "";
    }
    snprintf(key, sizeof(key), "%s%s", prefix, found->name + skip);
    for (char *c = key; *c; c++) {
        if (*c >= 'A' && *c <= 'Z') {
            *c = (char)(*c + ('a' - 'A'));
        }
    }
    const char *text = fam_locale_text(locale, key);
    return text == key ? "" : text;
}

const char *fam_label_emotion(const struct fam_locale *locale, Fam__V1__Emotion value)
{
    return label(locale, &fam__v1__emotion__descriptor, (int)value, "emotion.", sizeof("EMOTION_") - 1);
}

const char *fam_label_need(const struct fam_locale *locale, Fam__V1__Need value)
{
    return label(locale, &fam__v1__need__descriptor, (int)value, "need.", sizeof("NEED_") - 1);
}

const char *fam_label_response(const struct fam_locale *locale, Fam__V1__ResponseKind value)
{
    return label(locale, &fam__v1__response_kind__descriptor, (int)value, "response.", sizeof("RESPONSE_KIND_") - 1);
}

const char *fam_label_certainty(const struct fam_locale *locale, Fam__V1__Certainty value)
{
    return label(locale, &fam__v1__certainty__descriptor, (int)value, "certainty.", sizeof("CERTAINTY_") - 1);
}

const char *fam_label_age(const struct fam_locale *locale, Fam__V1__AgeBand value)
{
    return label(locale, &fam__v1__age_band__descriptor, (int)value, "age.", sizeof("AGE_BAND_") - 1);
}
