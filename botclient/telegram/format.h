/* format.h: text for Telegram's HTML style, safe by type.
 *
 * struct fam_html takes text only through functions that escape it; markup comes only from functions that open and
 * close their own tags, and no tag spans a line end. So what people write can't become markup, "can't parse entities"
 * can't happen, and a message can be cut at any line end.
 *
 * The length is counted as Telegram counts it: UTF-16 units of what is shown. Not thread-safe. */
#ifndef FAM_TELEGRAM_FORMAT_H
#define FAM_TELEGRAM_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"

enum { FAM_MESSAGE_UNITS = 4096, FAM_CAPTION_UNITS = 1024 };

struct fam_html {
    struct fam_buf buf;
    size_t units; /* UTF-16 units shown */
};

void fam_html_init(struct fam_html *html);
void fam_html_done(struct fam_html *html);
void fam_html_clear(struct fam_html *html);
/* `text` is valid UTF-8; what is not is replaced by U+FFFD, control characters but \n are dropped. */
void fam_html_add(struct fam_html *html, const char *text);
void fam_html_add_size(struct fam_html *html, const char *text, size_t size);
/* Bold and italic: line ends inside become spaces. Empty text adds nothing. */
void fam_html_add_bold(struct fam_html *html, const char *text);
void fam_html_add_italic(struct fam_html *html, const char *text);
/* Ends the line (unless the text is empty or ends one already); a paragraph leaves one empty line. */
void fam_html_end_line(struct fam_html *html);
void fam_html_end_paragraph(struct fam_html *html);
/* Appends what another one holds. */
void fam_html_append(struct fam_html *html, const struct fam_html *other);
bool fam_html_failed(const struct fam_html *html);
/* The markup; never NULL. */
const char *fam_html_text(const struct fam_html *html);

/* Cuts the next message of at most `max_units` shown units off `*text`, at a paragraph's end when there is one in the
 * second half, else at a line's end, else at a space, else between characters (never inside a tag or an entity). Sets
 * *ret_size to the bytes of the message and moves *text behind them and the white space that follows. False when
 * nothing is left. */
bool fam_html_next_message(const char **text, size_t max_units, const char **ret_start, size_t *ret_size);

#endif
