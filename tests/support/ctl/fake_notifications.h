/* fake_notifications.h: the NotificationService of fake_server.h: one notification that failed. */
#ifndef FAM_TESTS_FAKE_CTL_NOTIFICATIONS_H
#define FAM_TESTS_FAKE_CTL_NOTIFICATIONS_H

#include "fake_server.h"
#include "fam/v1/notification.pb-c.h"

struct fake_notifications {
    Fam__V1__NotificationService_Service base;
    struct fake_scene *scene;
};

void fake_notifications_init(struct fake_notifications *notifications, struct fake_scene *scene);

#endif
