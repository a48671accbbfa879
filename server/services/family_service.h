/* family_service.h: the methods of FamilyService that have files of their own: children (family_children.c), members
 * and the family itself (family_members.c), invitations (family_invites.c), words to the operators (family_feedback.c).
 * Each answers its call before it returns. Private to services/. */
#ifndef FAM_SERVICES_FAMILY_SERVICE_H
#define FAM_SERVICES_FAMILY_SERVICE_H

#include "services/reply.h"
#include "services/services_private.h"

#define FAM_FAMILY_METHOD(name, Method)                                                                                \
    void fam_service_##name(struct fam_services_context *context, const Fam__V1__##Method##Request *request,           \
                            Fam__V1__##Method##Response_Closure closure, struct fam_call *call)

FAM_FAMILY_METHOD(add_child, AddChild);
FAM_FAMILY_METHOD(update_family, UpdateFamily);
FAM_FAMILY_METHOD(create_invite, CreateInvite);
FAM_FAMILY_METHOD(list_invites, ListInvites);
FAM_FAMILY_METHOD(revoke_invite, RevokeInvite);
FAM_FAMILY_METHOD(preview_invite, PreviewInvite);
FAM_FAMILY_METHOD(join_family, JoinFamily);
FAM_FAMILY_METHOD(leave_family, LeaveFamily);
FAM_FAMILY_METHOD(remove_parent, RemoveParent);
FAM_FAMILY_METHOD(update_child, UpdateChild);
FAM_FAMILY_METHOD(remove_child, RemoveChild);
FAM_FAMILY_METHOD(submit_feedback, SubmitFeedback);

/* The acting user's family as it is now; `family` lives as long as the reply. NOT_FOUND: in none. */
enum fam_code fam_service_show_family(struct fam_services_context *context, const struct fam_call *call,
                                      struct fam_reply *reply, struct fam_family *family, Fam__V1__Family **ret_family,
                                      struct fam_status *status) FAM_MUST_CHECK;

#endif
