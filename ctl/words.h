/* words.h: enum values of the protocol as words: AGE_BAND_7_9 is "7_9", EMOTION_ANGER is "anger". No state. */
#ifndef FAM_CTL_WORDS_H
#define FAM_CTL_WORDS_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/compiler.h"

enum { FAM_WORD_SIZE = 48 };

/* The value's name without the enum's prefix, in lower case; "" for the unspecified value; the number as text for one
 * that this version does not know. */
void fam_word_from_enum(const ProtobufCEnumDescriptor *descriptor, int value, char ret_word[FAM_WORD_SIZE]);
/* The reverse. False, *ret_value untouched, for an unknown word. */
bool fam_word_to_enum(const ProtobufCEnumDescriptor *descriptor, const char *word, int *ret_value) FAM_MUST_CHECK;

#endif
