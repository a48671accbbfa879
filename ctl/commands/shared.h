/* shared.h: steps that several commands take. Not thread-safe beyond what their arguments are. */
#ifndef FAM_CTL_COMMANDS_SHARED_H
#define FAM_CTL_COMMANDS_SHARED_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdio.h>

#include "base/compiler.h"
#include "base/uuid.h"
#include "ctl.h"

/* The value of a flag, "" when it was not given; borrowed, for a field of a request. */
char *fam_ctl_flag_text(const struct fam_ctl *ctl, const char *flag);
/* The value of a flag whose choices are words of this enum; 0 when it was not given. The table has checked the word. */
int fam_ctl_flag_enum(const struct fam_ctl *ctl, const char *flag, const ProtobufCEnumDescriptor *descriptor);
/* A cell with an enum's value as a word. */
void fam_ctl_word_cell(struct fam_out *out, const ProtobufCEnumDescriptor *descriptor, int value);
/* How the next page is asked for; nothing when there is none. */
void fam_ctl_show_next(struct fam_out *out, const char *token);
/* Options for a call that looks at what belongs to a user, with --reason; the server refuses what is personal without
 * one. `user_id` is borrowed for the call. */
struct fam_rpc_options fam_ctl_opening_call(const struct fam_ctl *ctl, const struct fam_uuid *user_id);
/* A new file for its owner's eyes only; one that exists is not written over. */
enum fam_code fam_ctl_new_file(const char *path, FILE **ret_file, struct fam_status *status) FAM_MUST_CHECK;

enum { FAM_CTL_PEOPLE_MAX = 10, FAM_CTL_ZONE_SIZE = 4 * 64 + 1 };
struct fam_ctl_people {
    char time_zone[FAM_CTL_ZONE_SIZE]; /* of the family */
    struct fam_uuid ids[FAM_CTL_PEOPLE_MAX];
    size_t count;
};
/* Who is in the family; what may be seen of it differs for each of them. NOT_FOUND when there is no such family. */
enum fam_code fam_ctl_find_people(struct fam_ctl *ctl, const char *family_id, struct fam_ctl_people *ret_people,
                                  struct fam_status *status) FAM_MUST_CHECK;

#endif
