/* questions_private.h: between questions.c and questions_read.c. */
#ifndef FAM_CHECKIN_QUESTIONS_PRIVATE_H
#define FAM_CHECKIN_QUESTIONS_PRIVATE_H

#include "checkin/questions.h"

enum { FAM_CHECKIN_RU, FAM_CHECKIN_EN };

/* "key = text" lines of one language, cut in place. */
enum { FAM_CHECKIN_TEXTS_MAX = 256 };
struct fam_checkin_texts {
    char *data;
    size_t count;
    const char *keys[FAM_CHECKIN_TEXTS_MAX];
    const char *values[FAM_CHECKIN_TEXTS_MAX];
};
/* NULL: there is none. */
const char *fam_checkin_texts_find(const struct fam_checkin_texts *texts, const char *key);

struct fam_checkin_questions {
    struct fam_checkin_texts texts[FAM_CHECKIN_LANGUAGES];
    size_t set_count;
    struct fam_checkin_set sets[FAM_CHECKIN_SETS_MAX];
};

#endif
