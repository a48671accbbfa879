/* follow_up_private.h: the parts of statements that ask later how it went, and take the question back. See
 * follow_up_store.h. */
#ifndef FAM_STORE_FOLLOW_UP_PRIVATE_H
#define FAM_STORE_FOLLOW_UP_PRIVATE_H

/* For a WITH clause. What waits goes, by itself or agreed to; what a bot has in hand is sent. */
#define FAM_FOLLOW_UP_CANCEL(where)                                                                                    \
    "DELETE FROM notifications WHERE kind = 'follow_up' AND state = 'queued' AND NOT leased AND " where

/* For a WITH clause. The ordinary question: four hours after the answer; what would come between 21:00 and 9:00 by the
 * family's clock waits until 10:00. One within 24 hours, and by the unique key one a day of UTC; for those who agreed
 * to messages and have the switch on, of an entry that is not rated. `id` NULL: none. It has no body: what it asks
 * about stands with the entry. */
#define FAM_FOLLOW_UP_INSERT(entry_id, version, id, user_id)                                                           \
    "INSERT INTO notifications (notification_id, user_id, lane, kind, entry_id, reading_version, unique_key, "         \
    "not_before, expires_at) "                                                                                         \
    "SELECT " id "::uuid, u.user_id, 2, 'follow_up', " entry_id ", " version ", "                                      \
    "'follow_up:' || u.user_id::text || ':' || (now() AT TIME ZONE 'UTC')::date::text, t.due, "                        \
    "t.due + INTERVAL '12 hours' FROM users u "                                                                        \
    "LEFT JOIN LATERAL (SELECT f.time_zone FROM parents p JOIN families f USING (family_id) "                          \
    "WHERE p.user_id = u.user_id ORDER BY p.created_at, p.parent_id LIMIT 1) z ON true "                               \
    "CROSS JOIN LATERAL (SELECT CASE WHEN next_local_time(now() + INTERVAL '4 hours', '09:00', NULL, z.time_zone) "    \
    "< next_local_time(now() + INTERVAL '4 hours', '21:00', NULL, z.time_zone) "                                       \
    "THEN next_local_time(now() + INTERVAL '4 hours', '10:00', NULL, z.time_zone) "                                    \
    "ELSE now() + INTERVAL '4 hours' END AS due) t "                                                                   \
    "WHERE " id "::uuid IS NOT NULL AND u.user_id = " user_id " AND u.follow_up AND u.erased_at IS NULL "              \
    "AND coalesce((SELECT granted FROM consents c WHERE c.user_id = u.user_id AND c.purpose = 'notifications' "        \
    "ORDER BY changed_at DESC, consent_id DESC LIMIT 1), false) "                                                      \
    "AND NOT EXISTS (SELECT 1 FROM ratings r WHERE r.entry_id = " entry_id ") "                                        \
    "AND NOT EXISTS (SELECT 1 FROM notifications o WHERE o.user_id = u.user_id AND o.kind = 'follow_up' "              \
    "AND o.created_at > now() - INTERVAL '24 hours') "                                                                 \
    "ON CONFLICT (unique_key) WHERE unique_key IS NOT NULL DO NOTHING"

#endif
