/* chart.h: the picture of a report: a PNG of 1080 pixels' width, made to be read on a phone without a tap.
 *
 * It shows the mood by day (of a quarter: by week), the main feelings and the children, or kind words when there was
 * nothing, in the report's own language. What a colour says is also said by a number, a shape or a word. Its letters
 * are DejaVu Sans. The same report always gives the same picture on one machine. Thread-safe: each thread has fonts of
 * its own. */
#ifndef FAM_REPORT_CHART_H
#define FAM_REPORT_CHART_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/status.h"
#include "fam/v1/checkin.pb-c.h"

enum { FAM_CHART_WIDTH = 1080, FAM_CHART_BYTES_MAX = 512 * 1024, FAM_CHART_CHILDREN_MAX = 5 };

/* The PNG into *ret_png, an empty buffer; free it with fam_buf_done. FAILED_PRECONDITION (reason "FONT_MISSING"): there
 * is no DejaVu Sans on this machine. */
enum fam_code fam_chart_draw(const Fam__V1__Report *report, struct fam_buf *ret_png,
                             struct fam_status *status) FAM_MUST_CHECK;

#endif
