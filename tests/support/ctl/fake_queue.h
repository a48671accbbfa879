/* fake_queue.h: the queue methods of the fake OpsService, for fake_server.c. */
#ifndef FAM_TESTS_FAKE_QUEUE_H
#define FAM_TESTS_FAKE_QUEUE_H

#include "fake_server.h"

/* fake_server.c */
struct fake_scene *fake_ops_scene(Fam__V1__OpsService_Service *service);

#define FAKE_QUEUE_METHOD(name, Method)                                                                                \
    void fake_##name(Fam__V1__OpsService_Service *service, const Fam__V1__##Method##Request *request,                  \
                     Fam__V1__##Method##Response_Closure closure, void *closure_data)
FAKE_QUEUE_METHOD(get_queue_stats, GetQueueStats);
FAKE_QUEUE_METHOD(list_tasks, ListTasks);
FAKE_QUEUE_METHOD(get_task, GetTask);
FAKE_QUEUE_METHOD(retry_tasks, RetryTasks);
FAKE_QUEUE_METHOD(delete_tasks, DeleteTasks);
FAKE_QUEUE_METHOD(pause_queue, PauseQueue);
FAKE_QUEUE_METHOD(resume_queue, ResumeQueue);
FAKE_QUEUE_METHOD(list_schedules, ListSchedules);

#endif
