/* fake_sessions.h: the SessionService of fake_server.h: one session, of the user FAKE_TOKEN_ID. */
#ifndef FAM_TESTS_FAKE_CTL_SESSIONS_H
#define FAM_TESTS_FAKE_CTL_SESSIONS_H

#include "fake_server.h"
#include "fam/v1/session.pb-c.h"

struct fake_sessions {
    Fam__V1__SessionService_Service base;
    struct fake_scene *scene;
};

void fake_sessions_init(struct fake_sessions *sessions, struct fake_scene *scene);

#endif
