#include "services/ops_schedule.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/reply.h"
#include "store/schedule_list.h"

enum { TOKEN_SIZE = 24 + FAM_UUID_TEXT_SIZE };

/* "microseconds:id" of the last one of the page before. */
struct place {
    int64_t after_us;
    struct fam_uuid id;
    bool is_set;
};

static enum fam_code read_token(const char *token, struct place *ret_place, struct fam_status *status)
{
    *ret_place = (struct place){.is_set = token[0] != '\0'};
    if (!ret_place->is_set) {
        return FAM_OK;
    }
    char *end = NULL;
    ret_place->after_us = strtoll(token, &end, 10);
    if (end == token || *end != ':' || !fam_uuid_parse(end + 1, &ret_place->id)) {
        return fam_fail_field(status, "page_token", "page_token comes from the page before, unchanged");
    }
    return FAM_OK;
}

static void list_free(void *list)
{
    free(*(void **)list);
}

static char *reply_id(struct fam_reply *reply, const struct fam_uuid *id)
{
    return fam_uuid_is_nil(id) ? fam_reply_text(reply, "") : fam_reply_uuid(reply, id);
}

static Fam__V1__Schedule *reply_schedule(struct fam_reply *reply, const struct fam_schedule_view *view)
{
    Fam__V1__Schedule *made = fam_reply_alloc(reply, sizeof(*made));
    if (made == NULL) {
        return NULL;
    }
    fam__v1__schedule__init(made);
    made->schedule_id = fam_reply_uuid(reply, &view->schedule_id);
    made->job = fam_reply_text(reply, view->job);
    made->name = fam_reply_text(reply, view->name);
    made->family_id = reply_id(reply, &view->family_id);
    made->user_id = reply_id(reply, &view->user_id);
    made->every_ms = view->every_ms;
    made->local_time = fam_reply_text(reply, view->local_time);
    made->weekday = view->weekday;
    made->time_zone = fam_reply_text(reply, view->time_zone);
    made->enabled = view->is_on;
    made->next_at_ms = view->next_at_us / 1000;
    made->last_due_at_ms = view->last_due_at_ms;
    made->last_outcome = fam_reply_text(reply, view->last_outcome);
    return made;
}

static enum fam_code read_list(struct fam_services_context *context, const Fam__V1__ListSchedulesRequest *request,
                               struct fam_schedule_view **ret_list, size_t *ret_count, bool *ret_more,
                               struct fam_status *status)
{
    struct place place;
    struct fam_uuid family_id;
    struct fam_schedule_filter filter = {.job = request->job};
    size_t limit = request->page_size == 0 ? FAM_SERVICE_PAGE_DEFAULT : (size_t)request->page_size;
    enum fam_code code = read_token(request->page_token, &place, status);
    if (code == FAM_OK && request->family_id[0] != '\0') {
        code = fam_service_uuid(request->family_id, "family_id", &family_id, status);
        filter.family_id = &family_id;
    }
    return code != FAM_OK ? code
                          : fam_schedule_list(context->store, &filter, place.after_us, place.is_set ? &place.id : NULL,
                                              limit, ret_list, ret_count, ret_more, status);
}

void fam_ops_list_schedules(struct fam_services_context *context, const Fam__V1__ListSchedulesRequest *request,
                            Fam__V1__ListSchedulesResponse_Closure closure, struct fam_call *call)
{
    struct fam_status status;
    fam_auto(list_free) struct fam_schedule_view *list = NULL;
    size_t count = 0;
    bool more = false;
    fam_auto(fam_reply_done) struct fam_reply reply;
    fam_reply_init(&reply);
    Fam__V1__ListSchedulesResponse response = FAM__V1__LIST_SCHEDULES_RESPONSE__INIT;
    enum fam_code code = read_list(context, request, &list, &count, &more, &status);
    if (code == FAM_OK) {
        char token[TOKEN_SIZE] = "";
        response.schedules = fam_reply_alloc(&reply, (count + 1) * sizeof(*response.schedules));
        for (size_t i = 0; response.schedules != NULL && i < count; i++) {
            response.schedules[i] = reply_schedule(&reply, &list[i]);
        }
        response.n_schedules = count;
        if (more && count > 0) {
            char id[FAM_UUID_TEXT_SIZE];
            fam_uuid_format(&list[count - 1].schedule_id, id);
            (void)snprintf(token, sizeof(token), "%" PRId64 ":%s", list[count - 1].next_at_us, id);
        }
        response.next_page_token = fam_reply_text(&reply, token);
        code = fam_reply_check(&reply, &status);
    }
    FAM_SERVICE_ANSWER(code, &status, closure, &response, call);
}
