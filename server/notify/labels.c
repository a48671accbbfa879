/* labels.c: see labels.h. */
#include "notify/labels.h"

#include "base/compiler.h"

const char *fam_lane_label(Fam__V1__Lane lane)
{
    static const char *const LABELS[] = {"other", "answers", "checkins", "reports"};
    return (size_t)lane < FAM_ARRAY_SIZE(LABELS) ? LABELS[lane] : LABELS[0];
}
