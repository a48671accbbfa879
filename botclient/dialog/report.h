/* report.h: see turn.h; reports: a picture with the most important words below it, all words on a tap, and the archive.
 * The server makes the sentences and the picture; labels of closed lists are added here. */
#ifndef FAM_DIALOG_REPORT_H
#define FAM_DIALOG_REPORT_H

#include "dialog/turn.h"
#include "fam/v1/checkin.pb-c.h"

/* report.c */
enum fam_code fam_report_command(struct fam_turn *turn);
enum fam_code fam_report_press(struct fam_turn *turn);
enum fam_code fam_report_open(struct fam_turn *turn);
/* One that the server tells of by itself: with its picture when that is to be had. *ret_message_id is its message. */
enum fam_code fam_report_deliver(struct fam_turn *turn, const Fam__V1__Report *report, int64_t *ret_message_id);

/* reports.c: the archive. */
enum fam_code fam_reports_page(struct fam_turn *turn);

/* report_view.c */
/* All of it; at most `most` units of what is shown (0: no bound), the least important left out first: *ret_shortened.
 */
void fam_report_lay_out(const struct fam_locale *locale, const Fam__V1__Report *report, size_t most,
                        struct fam_html *html, bool *ret_shortened);
/* The days of a report, as the server reckoned them by the clock of that time. Either date is NULL where the server
 * does not tell: then the days of the moments by the clock of `zone`. `until_ms` is the first moment that is not in it.
 */
struct fam_report_span {
    const Fam__V1__Date *first, *last;
    const char *zone;
    int64_t from_ms, until_ms;
};
/* "Неделя, 23.11.2026 – 29.11.2026". */
void fam_report_title(const struct fam_locale *locale, Fam__V1__ReportPeriod period, const struct fam_report_span *span,
                      char *ret_title, size_t size);
/* "Неделя"; "" for an unknown one. */
const char *fam_report_period(const struct fam_locale *locale, Fam__V1__ReportPeriod period);

#endif
