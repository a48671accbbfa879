/* The closed list of emotions by kinship, so that a choice is two taps among few. */
#include "dialog/history.h"

static const Fam__V1__Emotion groups[FAM_EMOTION_GROUPS][FAM_EMOTION_GROUP_SIZE] = {
    {FAM__V1__EMOTION__EMOTION_ANGER, FAM__V1__EMOTION__EMOTION_FRUSTRATION, FAM__V1__EMOTION__EMOTION_JEALOUSY,
     FAM__V1__EMOTION__EMOTION_DISAPPOINTMENT, FAM__V1__EMOTION__EMOTION_DISGUST},
    {FAM__V1__EMOTION__EMOTION_SADNESS, FAM__V1__EMOTION__EMOTION_LONELINESS, FAM__V1__EMOTION__EMOTION_SHAME,
     FAM__V1__EMOTION__EMOTION_GUILT, FAM__V1__EMOTION__EMOTION_TIREDNESS, FAM__V1__EMOTION__EMOTION_BOREDOM},
    {FAM__V1__EMOTION__EMOTION_FEAR, FAM__V1__EMOTION__EMOTION_ANXIETY, FAM__V1__EMOTION__EMOTION_OVERWHELM,
     FAM__V1__EMOTION__EMOTION_CONFUSION, FAM__V1__EMOTION__EMOTION_SURPRISE},
    {FAM__V1__EMOTION__EMOTION_JOY, FAM__V1__EMOTION__EMOTION_EXCITEMENT, FAM__V1__EMOTION__EMOTION_PRIDE,
     FAM__V1__EMOTION__EMOTION_LOVE, FAM__V1__EMOTION__EMOTION_GRATITUDE, FAM__V1__EMOTION__EMOTION_CALM},
};

const Fam__V1__Emotion *fam_emotion_group(size_t group)
{
    return groups[group];
}

const char *fam_emotion_group_name(const struct fam_locale *locale, size_t group)
{
    switch (group) {
    case 0:
        return T(locale, "feelings.anger");
    case 1:
        return T(locale, "feelings.sadness");
    case 2:
        return T(locale, "feelings.fear");
    default:
        return T(locale, "feelings.joy");
    }
}
