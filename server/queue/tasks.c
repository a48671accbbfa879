#include "queue/tasks.h"

#include <stdint.h>
#include <string.h>

#include "store/task_store.h"

enum { LONGEST_TIMEOUT_MS = 6 * 60 * 60 * 1000 };

static bool is_name(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz", allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    size_t length = text == NULL ? 0 : strnlen(text, FAM_TASK_TYPE_SIZE);
    return length > 0 && length < FAM_TASK_TYPE_SIZE && strchr(letters, text[0]) != NULL &&
           strspn(text, allowed) == length;
}

enum fam_code fam_task_table_add(struct fam_task_table *table, const struct fam_task_type *type,
                                 struct fam_status *status)
{
    if (!is_name(type->type) || type->run == NULL || type->batch < 1 || type->batch > FAM_TASK_CLAIM_MAX ||
        type->timeout_ms < 1 || type->timeout_ms > LONGEST_TIMEOUT_MS) {
        return fam_fail(status, FAM_INVALID_ARGUMENT,
                        "a type of task has a name, a handler, a batch of 1 to %d and a time-out of 1 ms to 6 h",
                        FAM_TASK_CLAIM_MAX);
    }
    if (fam_task_table_find(table, type->type) != SIZE_MAX) {
        return fam_fail(status, FAM_ALREADY_EXISTS, "the type %.64s has a handler", type->type);
    }
    if (table->count == FAM_TASK_TYPES_MAX) {
        return fam_fail(status, FAM_RESOURCE_EXHAUSTED, "there are %d types of tasks at most", FAM_TASK_TYPES_MAX);
    }
    table->types[table->count++] = *type;
    return FAM_OK;
}

size_t fam_task_table_find(const struct fam_task_table *table, const char *type)
{
    for (size_t i = 0; i < table->count; i++) {
        if (strcmp(table->types[i].type, type) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}
