/* notification_private.h: what the files of notification_store.h share. */
#ifndef FAM_STORE_NOTIFICATION_PRIVATE_H
#define FAM_STORE_NOTIFICATION_PRIVATE_H

#include "store/notification_store.h"
#include "store/seal.h"

/* Where a sealed value of a notification stands: `body`, `message` (chat id, message id: 16 bytes). */
struct fam_place fam_notification_place(const char *column, const struct fam_uuid *notification_id,
                                        const struct fam_uuid *user_id);
const char *fam_notification_kind_word(Fam__V1__NotificationKind kind);
Fam__V1__NotificationKind fam_notification_kind_of_word(const char *word);

#endif
