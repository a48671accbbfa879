/* pseudonym_things.h: what a request has hidden, and by which placeholder. Internal to the pseudonyms. */
#ifndef FAM_TRANSLATE_PSEUDONYM_THINGS_H
#define FAM_TRANSLATE_PSEUDONYM_THINGS_H

#include "base/buf.h"
#include "translate/pseudonym_spans.h"

struct fam_pseudonym_thing {
    enum fam_pseudonym_kind kind;
    unsigned number; /* from 1 within the kind; of FAM_HIDDEN_CHILD meaningless */
    int known;
    uint16_t bases[FAM_NAME_BASES];
    size_t base_count;
    uint64_t extra;
    char *key;       /* of what is no person: the same for all spellings */
    char *canonical; /* what the plain placeholder becomes */
    char **forms;    /* other spellings; the first is written {….2} */
    size_t form_count;
};

struct fam_pseudonym_things {
    struct fam_pseudonym_thing *items;
    size_t count, capacity;
    unsigned numbers[FAM_HIDDEN_KINDS];
};

/* Writes the placeholder of the span's spelling (`size` bytes at `spelling`) to `out`. RESOURCE_EXHAUSTED: memory, too
 * many things or spellings. */
enum fam_code fam_pseudonym_things_hide(struct fam_pseudonym_things *things, const struct fam_names *names,
                                        const struct fam_pseudonym_family *family,
                                        const struct fam_pseudonym_span *span, const char *spelling, size_t size,
                                        struct fam_buf *out, struct fam_status *status) FAM_MUST_CHECK;
/* What the placeholder `name` (without braces) stands for; NULL when nothing. Borrowed. */
const char *fam_pseudonym_things_find(const struct fam_pseudonym_things *things,
                                      const struct fam_pseudonym_family *family, const char *name, size_t size);
/* Wipes. */
void fam_pseudonym_things_done(struct fam_pseudonym_things *things);

#endif
