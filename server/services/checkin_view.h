/* checkin_view.h: check-ins and questions as answers of the API: in the person's language, with the children's names.
 */
#ifndef FAM_SERVICES_CHECKIN_VIEW_H
#define FAM_SERVICES_CHECKIN_VIEW_H

#include "checkin/questions.h"
#include "services/reply.h"
#include "services/services_private.h"
#include "store/checkin_store.h"

/* Who is asked. */
struct fam_checkin_person {
    const struct fam_checkin_questions *questions;
    struct fam_translate *translate; /* knows whom one can call */
    Fam__V1__Language language;
    char country[3];          /* where help is looked for: the person's, else the family's; "" when neither was told */
    struct fam_family family; /* without children when the person is in none */
};
/* Of the acting user. PERMISSION_DENIED: no such user. Free with fam_checkin_person_done. */
enum fam_code fam_checkin_person_load(struct fam_services_context *context, const struct fam_call *call,
                                      struct fam_checkin_person *ret_person, struct fam_status *status) FAM_MUST_CHECK;
void fam_checkin_person_done(struct fam_checkin_person *person);

/* The way through the check-in's questions; false: its set is not known (any more). */
bool fam_checkin_person_way(const struct fam_checkin_person *person, const struct fam_checkin *checkin,
                            const struct fam_checkin_set **ret_set, struct fam_checkin_way *ret_way);

/* NULL when memory is short, see fam_reply_check. What is returned lives as long as the reply. */
Fam__V1__Checkin *fam_reply_checkin(struct fam_reply *reply, const struct fam_checkin_person *person,
                                    const struct fam_checkin *checkin);
/* `checkin` may be NULL: then nothing was answered before. */
Fam__V1__Question *fam_reply_question(struct fam_reply *reply, const struct fam_checkin_person *person,
                                      const struct fam_checkin_question *question, const struct fam_checkin *checkin);
/* Thanks for a finished one; after a hard one with a line for grown-ups and the emergency number of the person's
 * country. */
char *fam_reply_kind_words(struct fam_reply *reply, const struct fam_checkin_person *person,
                           const struct fam_checkin *checkin);

#endif
