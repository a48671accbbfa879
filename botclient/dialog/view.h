/* view.h: the list that stands in a message at this moment, with what was chosen for it and where its pages begin; part
 * of the session's state, as one object of it. Names: k kind, m message, g page, t its token, n the next page's token,
 * c child, e emotion, d period, q words. One list at a time; a button of an older one opens it anew. Thread-safe; no
 * state of its own. */
#ifndef FAM_DIALOG_VIEW_H
#define FAM_DIALOG_VIEW_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/uuid.h"

enum fam_view_kind {
    FAM_VIEW_NONE,
    FAM_VIEW_HISTORY,
    FAM_VIEW_DISCLOSURES,
    FAM_VIEW_EXPORTED,
    FAM_VIEW_REPORTED, /* no list: which period (in `page`) was shown last from this message */
    FAM_VIEW_REPORTS,
    FAM_VIEW_KINDS
};
enum fam_view_period { FAM_PERIOD_ALL, FAM_PERIOD_WEEK, FAM_PERIOD_MONTH, FAM_PERIODS };

enum { FAM_TOKEN_SIZE = 129, FAM_QUERY_CHARS = 60, FAM_QUERY_SIZE = 4 * FAM_QUERY_CHARS + 1 };

struct fam_view {
    enum fam_view_kind kind;
    int64_t message_id;                /* where it stands */
    int64_t page;                      /* from 0 */
    char token[FAM_TOKEN_SIZE];        /* of this page; "" for the first */
    char next[FAM_TOKEN_SIZE];         /* of the next one; "" for none */
    char child_id[FAM_UUID_TEXT_SIZE]; /* "" for all */
    int emotion;                       /* of fam.v1.Emotion; 0: all */
    enum fam_view_period period;
    char query[FAM_QUERY_SIZE]; /* words looked for; "" for none */
};

/* NULL and anything that is not ours give an empty view. */
void fam_view_parse(const cJSON *object, struct fam_view *ret_view);
void fam_view_format(const struct fam_view *view, struct fam_buf *json);
/* Back to the first page. */
void fam_view_rewind(struct fam_view *view);

#endif
