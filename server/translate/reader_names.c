/* reader_names.c: see reader_names.h. */
#include "translate/reader_names.h"

size_t fam_reader_names(const struct fam_user *author, const struct fam_family *family, const struct fam_child *child,
                        struct fam_known_name ret_names[FAM_PSEUDONYM_KNOWN_MAX])
{
    size_t count = 0;
    ret_names[count++] = (struct fam_known_name){.kind = FAM_KNOWN_PARENT, .name = author->name};
    for (size_t i = 0; i < family->child_count && count < FAM_PSEUDONYM_KNOWN_MAX; i++) {
        const struct fam_child *one = &family->children[i];
        ret_names[count++] =
            (struct fam_known_name){.kind = one == child ? FAM_KNOWN_CHILD : FAM_KNOWN_OTHER_CHILD, .name = one->name};
    }
    for (size_t i = 0; i < family->parent_count && count < FAM_PSEUDONYM_KNOWN_MAX; i++) {
        const struct fam_parent *parent = &family->parents[i];
        if (!fam_uuid_equal(&parent->user_id, &author->user_id)) {
            ret_names[count++] = (struct fam_known_name){.kind = FAM_KNOWN_PARENT, .name = parent->name};
        }
    }
    return count;
}
