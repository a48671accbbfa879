/* labels.h: lanes as the metrics name them. */
#ifndef FAM_NOTIFY_LABELS_H
#define FAM_NOTIFY_LABELS_H

#include "fam/v1/notification.pb-c.h"

/* Static storage. */
const char *fam_lane_label(Fam__V1__Lane lane);

#endif
