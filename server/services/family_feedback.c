/* family_feedback.c: fam.v1.FamilyService: a word to those who run the service. */
#include "services/family_service.h"
#include "store/feedback_store.h"

FAM_FAMILY_METHOD(submit_feedback, SubmitFeedback)
{
    struct fam_status status;
    Fam__V1__SubmitFeedbackResponse response = FAM__V1__SUBMIT_FEEDBACK_RESPONSE__INIT;
    size_t replay_size = 0;
    if (fam_call_replay(call, &replay_size) != NULL) {
        closure(&response, call);
        return;
    }
    enum fam_code code = fam_service_may_store(context, call, &status);
    if (code == FAM_OK) {
        const struct fam_mutation mutation = fam_service_mutation(call);
        struct fam_outcome outcome;
        code = fam_feedback_add(context->store, &mutation, fam_call_acting_user(call), request->text, request->rating,
                                &outcome, &status);
        code = code == FAM_OK ? FAM_OK : fam_service_hide(&status);
        if (code == FAM_OK) {
            fam_call_set_consistency_token(call, outcome.lsn);
        }
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
