/* notice_store.c: see notice_store.h. */
#include "store/notice_store.h"

#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/notification_store.h"

enum { LIFETIME_MS = 7 * 24 * 60 * 60 * 1000 };

enum fam_code fam_notice_add(struct fam_store *store, struct fam_db *db, const struct fam_notice_new *notice,
                             bool *ret_added, struct fam_status *status)
{
    Fam__V1__Notice message = FAM__V1__NOTICE__INIT;
    *ret_added = false;
    message.at_ms = fam_wall_ms();
    message.kind = notice->kind;
    if (notice->name != NULL) {
        message.name = (char *)(uintptr_t)notice->name;
    }
    size_t size = fam__v1__notice__get_packed_size(&message);
    unsigned char *body = malloc(size + 1);
    if (body == NULL) {
        return fam_fail_memory(status);
    }
    const struct fam_notification_new notification = {.user_id = notice->user_id,
                                                      .lane = FAM__V1__LANE__LANE_REPORTS,
                                                      .kind = FAM__V1__NOTIFICATION_KIND__NOTIFICATION_KIND_NOTICE,
                                                      .body = body,
                                                      .body_size = fam__v1__notice__pack(&message, body),
                                                      .unique_key = notice->unique_key,
                                                      .lifetime_ms = LIFETIME_MS};
    enum fam_code code = fam_notification_add(store, db, &notification, ret_added, status);
    sodium_memzero(body, size);
    free(body);
    return code;
}
