/* fake_people.h: the FamilyService of fake_server.h, with one family of the user FAKE_TOKEN_ID and one child; and the
 * methods of the fake OpsService that tell of people and of the service as a whole. */
#ifndef FAM_TESTS_FAKE_CTL_PEOPLE_H
#define FAM_TESTS_FAKE_CTL_PEOPLE_H

#include "fake_server.h"
#include "fam/v1/family.pb-c.h"

struct fake_people {
    Fam__V1__FamilyService_Service base;
    struct fake_scene *scene;
};

void fake_people_init(struct fake_people *people, struct fake_scene *scene);

/* fake_server.c */
struct fake_scene *fake_ops_scene(Fam__V1__OpsService_Service *service);

#define FAKE_OPS_METHOD(name, Method)                                                                                  \
    void fake_##name(Fam__V1__OpsService_Service *service, const Fam__V1__##Method##Request *request,                  \
                     Fam__V1__##Method##Response_Closure closure, void *closure_data)
FAKE_OPS_METHOD(list_entry_summaries, ListEntrySummaries);
FAKE_OPS_METHOD(list_feedback, ListFeedback);
FAKE_OPS_METHOD(erase_family, EraseFamily);
FAKE_OPS_METHOD(get_retention, GetRetention);
FAKE_OPS_METHOD(get_stats, GetStats);
FAKE_OPS_METHOD(broadcast, Broadcast);

#endif
