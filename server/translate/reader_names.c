/* reader_names.c: see reader_names.h. */
#include "translate/reader_names.h"

size_t fam_reader_names(const struct fam_user *author, const struct fam_family *family, const struct fam_child *child,
                        struct fam_known_name ret_names[FAM_READER_NAMES_MAX])
{
    size_t count = 0;
    ret_names[count++] = (struct fam_known_name){.kind = FAM_KNOWN_PARENT, .name = author->name};
    for (size_t i = 0; i < family->child_count && count < FAM_READER_NAMES_MAX; i++) {
        const struct fam_child *one = &family->children[i];
        ret_names[count++] =
            (struct fam_known_name){.kind = one == child ? FAM_KNOWN_CHILD : FAM_KNOWN_OTHER_CHILD, .name = one->name};
    }
    for (size_t i = 0; i < family->parent_count && count < FAM_READER_NAMES_MAX; i++) {
        const struct fam_parent *parent = &family->parents[i];
        if (!fam_uuid_equal(&parent->user_id, &author->user_id)) {
            ret_names[count++] = (struct fam_known_name){.kind = FAM_KNOWN_PARENT, .name = parent->name};
        }
    }
    return count;
}

bool fam_reader_apart(const struct fam_family *family)
{
    return family->parent_count > 1;
}

void fam_reader_profile(struct fam_reader_question *question, const struct fam_family *family,
                        const struct fam_child *child)
{
    question->special_needs = "";
    if (child == NULL || family->profiles_stay || (child->trait_count == 0 && child->special_needs[0] == '\0')) {
        return;
    }
    question->profile_version = child->profile_version;
    question->child_id = &child->child_id;
    question->traits = child->traits;
    question->trait_count = child->trait_count;
    question->special_needs = child->special_needs;
}

void fam_reader_corrections(struct fam_reader_question *question, const struct fam_corrections *learned,
                            const struct fam_correction *it_was)
{
    question->corrections = learned->items;
    question->correction_count = learned->count;
    question->corrections_version = learned->version;
    question->it_was = it_was;
}
