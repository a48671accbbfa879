/* bell.h: wakes the leases that wait for notifications, in this process and in others. */
#ifndef FAM_NOTIFY_BELL_H
#define FAM_NOTIFY_BELL_H

struct fam_bell;

/* After the COMMIT that wrote notifications. Never blocks; takes NULL. Leases of this process look at once; others are
 * told by one NOTIFY for all that was rung meanwhile, and only while one of them waits. */
void fam_bell_ring(struct fam_bell *bell);

#endif
