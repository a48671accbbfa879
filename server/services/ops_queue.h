/* ops_queue.h: the queue methods of OpsService. Each answers its call before it returns. They show and change rows of
 * PostgreSQL, and then tell the queue in Redis; while Redis is away its sweep finds out later. */
#ifndef FAM_SERVICES_OPS_QUEUE_H
#define FAM_SERVICES_OPS_QUEUE_H

#include "services/services_private.h"

void fam_ops_get_queue_stats(struct fam_services_context *context, const Fam__V1__GetQueueStatsRequest *request,
                             Fam__V1__GetQueueStatsResponse_Closure closure, struct fam_call *call);
void fam_ops_list_tasks(struct fam_services_context *context, const Fam__V1__ListTasksRequest *request,
                        Fam__V1__ListTasksResponse_Closure closure, struct fam_call *call);
void fam_ops_get_task(struct fam_services_context *context, const Fam__V1__GetTaskRequest *request,
                      Fam__V1__GetTaskResponse_Closure closure, struct fam_call *call);
void fam_ops_retry_tasks(struct fam_services_context *context, const Fam__V1__RetryTasksRequest *request,
                         Fam__V1__RetryTasksResponse_Closure closure, struct fam_call *call);
void fam_ops_delete_tasks(struct fam_services_context *context, const Fam__V1__DeleteTasksRequest *request,
                          Fam__V1__DeleteTasksResponse_Closure closure, struct fam_call *call);
void fam_ops_pause_queue(struct fam_services_context *context, const Fam__V1__PauseQueueRequest *request,
                         Fam__V1__PauseQueueResponse_Closure closure, struct fam_call *call);
void fam_ops_resume_queue(struct fam_services_context *context, const Fam__V1__ResumeQueueRequest *request,
                          Fam__V1__ResumeQueueResponse_Closure closure, struct fam_call *call);

#endif
