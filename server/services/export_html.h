/* export_html.h: the export as one readable page: rows of JSON become lists of names and values, in the person's
 * language (server/locales/export_*.locale). All that came from people is escaped; the page loads nothing from
 * anywhere. Private to services/. */
#ifndef FAM_SERVICES_EXPORT_HTML_H
#define FAM_SERVICES_EXPORT_HTML_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/status.h"
#include "fam/v1/types.pb-c.h"

/* `made` is the day of the export. */
void fam_export_html_head(struct fam_buf *html, Fam__V1__Language language, const char *made);
void fam_export_html_table(struct fam_buf *html, Fam__V1__Language language, const char *table);
/* One row as fam_export_rows gives it. INTERNAL when it is no object. */
enum fam_code fam_export_html_row(struct fam_buf *html, Fam__V1__Language language, const char *json,
                                  struct fam_status *status) FAM_MUST_CHECK;
/* `is_empty`: the table had no row. */
void fam_export_html_table_end(struct fam_buf *html, Fam__V1__Language language, bool is_empty);
void fam_export_html_foot(struct fam_buf *html);

#endif
