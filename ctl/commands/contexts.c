/* context list, show, use. */
#include <string.h>

#include "commands/commands.h"
#include "context.h"
#include "ctl.h"

static enum fam_code load(struct fam_ctl *ctl, char path[FAM_CONTEXT_PATH_SIZE], struct fam_contexts *ret_contexts,
                          struct fam_status *status)
{
    fam_contexts_path(ctl->environ_, path);
    if (path[0] == '\0') {
        return fam_usage(status, "there is no file of contexts: set FAM_CTL_CONTEXTS or HOME");
    }
    return fam_contexts_load(path, ret_contexts, status);
}

enum fam_code fam_ctl_context_list(struct fam_ctl *ctl, struct fam_status *status)
{
    static const struct fam_column columns[] = {{"current", "CURRENT"}, {"name", "NAME"}, {"servers", "SERVERS"}};
    char path[FAM_CONTEXT_PATH_SIZE];
    fam_auto(fam_contexts_done) struct fam_contexts contexts = {.count = 0};
    enum fam_code code = load(ctl, path, &contexts, status);
    if (code != FAM_OK) {
        return code;
    }
    fam_out_field(&ctl->out, "file", "File", FAM_TEXT(path));
    fam_out_table(&ctl->out, "contexts", columns, FAM_ARRAY_SIZE(columns), FAM_LAYOUT_COLUMNS);
    for (size_t i = 0; i < contexts.count; i++) {
        fam_out_cell(&ctl->out, FAM_YES_NO(strcmp(contexts.list[i].name, contexts.current) == 0));
        fam_out_cell(&ctl->out, FAM_TEXT(contexts.list[i].name));
        fam_out_cell(&ctl->out, FAM_TEXT(contexts.list[i].values[0]));
    }
    return FAM_OK;
}

static enum fam_code find(const struct fam_contexts *contexts, const char *name, const struct fam_context **ret_context,
                          struct fam_status *status)
{
    if (name[0] == '\0') {
        return fam_usage(status, "no context is chosen; 'famctl context use NAME' chooses one");
    }
    *ret_context = fam_contexts_find(contexts, name);
    if (*ret_context == NULL) {
        return fam_usage(status, "there is no context \"%.32s\"; 'famctl context list' shows them", name);
    }
    return FAM_OK;
}

enum fam_code fam_ctl_context_show(struct fam_ctl *ctl, struct fam_status *status)
{
    char path[FAM_CONTEXT_PATH_SIZE];
    const struct fam_context *context = NULL;
    fam_auto(fam_contexts_done) struct fam_contexts contexts = {.count = 0};
    enum fam_code code = load(ctl, path, &contexts, status);
    if (code == FAM_OK) {
        const char *name = ctl->parsed->argument_count > 0 ? ctl->parsed->arguments[0] : contexts.current;
        code = find(&contexts, name, &context, status);
    }
    if (code != FAM_OK || context == NULL) {
        return code;
    }
    fam_out_field(&ctl->out, "name", "Name", FAM_TEXT(context->name));
    for (size_t i = 0; i < FAM_CONTEXT_KEYS; i++) {
        if (context->values[i] != NULL) {
            fam_out_field(&ctl->out, fam_context_keys[i].key, fam_context_keys[i].key, FAM_TEXT(context->values[i]));
        }
        if (context->values[i] != NULL && strcmp(fam_context_keys[i].key, "token-file") == 0) {
            struct fam_status why = {.message = ""};
            bool good = fam_context_check_token_file(context->values[i], &why) == FAM_OK;
            fam_out_field(&ctl->out, "token_file_check", "token-file check",
                          FAM_TONED(good ? "ok" : why.message, good ? FAM_TONE_GOOD : FAM_TONE_BAD));
        }
    }
    return FAM_OK;
}

enum fam_code fam_ctl_context_use(struct fam_ctl *ctl, struct fam_status *status)
{
    char path[FAM_CONTEXT_PATH_SIZE];
    const struct fam_context *context = NULL;
    fam_auto(fam_contexts_done) struct fam_contexts contexts = {.count = 0};
    enum fam_code code = load(ctl, path, &contexts, status);
    if (code == FAM_OK) {
        code = find(&contexts, ctl->parsed->arguments[0], &context, status);
    }
    if (code == FAM_OK && !fam_ctl_is_dry_run(ctl)) {
        code = fam_contexts_use(path, context->name, status);
    }
    if (code == FAM_OK) {
        fam_out_field(&ctl->out, "before", "Before", FAM_TEXT(contexts.current));
        fam_out_field(&ctl->out, fam_ctl_is_dry_run(ctl) ? "would_use" : "current",
                      fam_ctl_is_dry_run(ctl) ? "Would be" : "Now", FAM_TEXT(context->name));
        if (fam_ctl_is_dry_run(ctl)) {
            fam_out_note(&ctl->out, "Nothing was changed.");
        }
    }
    return code;
}
