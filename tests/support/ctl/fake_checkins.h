/* fake_checkins.h: the CheckinService of fake_server.h: two check-ins, on a page each, and one report of the user
 * FAKE_TOKEN_ID; and the methods of the fake OpsService that have them sent. */
#ifndef FAM_TESTS_FAKE_CTL_CHECKINS_H
#define FAM_TESTS_FAKE_CTL_CHECKINS_H

#include "fake_people.h"
#include "fake_server.h"
#include "fam/v1/checkin.pb-c.h"

/* The id of the check-in on the second page. */
#define FAKE_CHECKIN_ID "01935f6e-7c1a-7000-8000-00000000002c"
/* What stands in the file of the picture; 12 bytes, with a zero among them. */
#define FAKE_PICTURE "\x89PNG\r\n\x1a\n\0\1\2"
enum { FAKE_PICTURE_SIZE = 12 };

struct fake_checkins {
    Fam__V1__CheckinService_Service base;
    struct fake_scene *scene;
};

void fake_checkins_init(struct fake_checkins *checkins, struct fake_scene *scene);

FAKE_OPS_METHOD(send_checkin, SendCheckin);
FAKE_OPS_METHOD(send_report, SendReport);

#endif
