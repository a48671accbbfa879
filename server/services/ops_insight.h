/* ops_insight.h: what operators may know of how the service is used: entries in ids and times, numbers, retention; and
 * what people told them. Each answers its call before it returns. Private to services/. */
#ifndef FAM_SERVICES_OPS_INSIGHT_H
#define FAM_SERVICES_OPS_INSIGHT_H

#include "services/services_private.h"

void fam_ops_list_entry_summaries(struct fam_services_context *context,
                                  const Fam__V1__ListEntrySummariesRequest *request,
                                  Fam__V1__ListEntrySummariesResponse_Closure closure, struct fam_call *call);
/* Opens text of people: needs a reason, and each of them is told. */
void fam_ops_list_feedback(struct fam_services_context *context, const Fam__V1__ListFeedbackRequest *request,
                           Fam__V1__ListFeedbackResponse_Closure closure, struct fam_call *call);
void fam_ops_get_retention(struct fam_services_context *context, const Fam__V1__GetRetentionRequest *request,
                           Fam__V1__GetRetentionResponse_Closure closure, struct fam_call *call);
void fam_ops_get_stats(struct fam_services_context *context, const Fam__V1__GetStatsRequest *request,
                       Fam__V1__GetStatsResponse_Closure closure, struct fam_call *call);

#endif
