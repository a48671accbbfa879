/* ops_queue_private.h: what ops_queue.c and ops_pause.c share. */
#ifndef FAM_SERVICES_OPS_QUEUE_PRIVATE_H
#define FAM_SERVICES_OPS_QUEUE_PRIVATE_H

#include "services/reply.h"
#include "store/audit_store.h"
#include "store/task_store.h"

/* Who calls what, and why; borrowed from the call. */
struct fam_audit fam_ops_queue_audit(const struct fam_call *call);
Fam__V1__QueuePause *fam_ops_reply_pause(struct fam_reply *reply, const struct fam_pause *pause);

#endif
