#include "dialog/view.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"

static void read_text(const cJSON *object, const char *key, char *ret_text, size_t size)
{
    const char *text = fam_json_string(object, key);
    if (text && strlen(text) < size) {
        memcpy(ret_text, text, strlen(text) + 1);
    }
}

static int read_number(const cJSON *object, const char *key, int most)
{
    int64_t value = 0;
    return fam_json_i64(object, key, &value) && value > 0 && value <= most ? (int)value : 0;
}

void fam_view_parse(const cJSON *object, struct fam_view *ret_view)
{
    struct fam_uuid uuid;
    const char *child = fam_json_string(object, "c");
    *ret_view = (struct fam_view){0};
    ret_view->kind = (enum fam_view_kind)read_number(object, "k", FAM_VIEW_KINDS - 1);
    if (ret_view->kind == FAM_VIEW_NONE) {
        return;
    }
    if (!fam_json_i64(object, "m", &ret_view->message_id) || ret_view->message_id < 0) {
        ret_view->message_id = 0;
    }
    ret_view->page = read_number(object, "g", INT32_MAX);
    read_text(object, "t", ret_view->token, sizeof(ret_view->token));
    read_text(object, "n", ret_view->next, sizeof(ret_view->next));
    if (child && fam_uuid_parse(child, &uuid)) {
        fam_uuid_format(&uuid, ret_view->child_id);
    }
    ret_view->emotion = read_number(object, "e", UINT8_MAX);
    ret_view->period = (enum fam_view_period)read_number(object, "d", FAM_PERIODS - 1);
    read_text(object, "q", ret_view->query, sizeof(ret_view->query));
}

static void add_text(struct fam_buf *json, const char *key, const char *text)
{
    if (*text) {
        fam_buf_addf(json, ",\"%s\":", key);
        fam_json_add_string(json, text);
    }
}

static void add_number(struct fam_buf *json, const char *key, int64_t value)
{
    if (value > 0) {
        fam_buf_addf(json, ",\"%s\":%" PRId64, key, value);
    }
}

void fam_view_format(const struct fam_view *view, struct fam_buf *json)
{
    fam_buf_addf(json, "{\"k\":%d", (int)view->kind);
    add_number(json, "m", view->message_id);
    add_number(json, "g", view->page);
    add_text(json, "t", view->token);
    add_text(json, "n", view->next);
    add_text(json, "c", view->child_id);
    add_number(json, "e", view->emotion);
    add_number(json, "d", (int64_t)view->period);
    add_text(json, "q", view->query);
    fam_buf_add_char(json, '}');
}

void fam_view_rewind(struct fam_view *view)
{
    view->page = 0;
    view->token[0] = view->next[0] = '\0';
}
