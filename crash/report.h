/* report.h: what a crash looks like in the log. */
#ifndef FAM_CRASH_REPORT_H
#define FAM_CRASH_REPORT_H

#include "base/log.h"
#include "record.h"
#include "stack.h"

/* One line at level error: signal, cause, thread, and the newest frames as frame_0, frame_1, … "function file:line". */
void fam_crash_report(struct fam_log *log, const struct fam_crash_record *record, const struct fam_stack *stack);

#endif
