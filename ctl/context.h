/* context.h: named servers in a file of the operator, so that one word replaces several settings.
 *
 *   current = production
 *
 *   [production]
 *   servers = tls+tcp://10.0.0.5:7000,tls+tcp://10.0.0.6:7000
 *   token-file = /etc/famctl/production.token
 *
 * A context fills settings that the environment leaves open; options of the command line win over both. It never holds
 * a token, only the name of its file, which nobody but its owner (and its group, for reading) may touch. */
#ifndef FAM_CTL_CONTEXT_H
#define FAM_CTL_CONTEXT_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/status.h"

enum { FAM_CONTEXTS_MAX = 32, FAM_CONTEXT_KEYS = 6, FAM_CONTEXT_NAME_SIZE = 33, FAM_CONTEXT_PATH_SIZE = 1024 };
enum { FAM_CONTEXTS_BYTES = 64 * 1024 };

struct fam_context_key {
    const char *key;     /* in the file */
    const char *setting; /* in the environment */
};
/* FAM_CONTEXT_KEYS of them. */
extern const struct fam_context_key fam_context_keys[];

struct fam_context {
    char name[FAM_CONTEXT_NAME_SIZE];
    char *values[FAM_CONTEXT_KEYS]; /* by the table; NULL: not given */
};

struct fam_contexts {
    char current[FAM_CONTEXT_NAME_SIZE]; /* "" when none is chosen */
    struct fam_context list[FAM_CONTEXTS_MAX];
    size_t count;
};
void fam_contexts_done(struct fam_contexts *contexts);

/* FAM_CTL_CONTEXTS, else famctl/contexts in XDG_CONFIG_HOME or ~/.config. "" when none of them is set. */
void fam_contexts_path(char *const *environ_, char ret_path[FAM_CONTEXT_PATH_SIZE]);
/* Reads the text of a file of at most FAM_CONTEXTS_BYTES; `path` is for messages, which name the line. */
enum fam_code fam_contexts_parse(const char *text, size_t size, const char *path, struct fam_contexts *ret_contexts,
                                 struct fam_status *status) FAM_MUST_CHECK;
/* A file that is not there holds no contexts. One that others may write is refused. */
enum fam_code fam_contexts_load(const char *path, struct fam_contexts *ret_contexts,
                                struct fam_status *status) FAM_MUST_CHECK;
/* NULL when there is none of that name. */
const struct fam_context *fam_contexts_find(const struct fam_contexts *contexts, const char *name);
/* Writes `name` as the current one, keeping all else in the file; replaces the file at once or not at all. */
enum fam_code fam_contexts_use(const char *path, const char *name, struct fam_status *status) FAM_MUST_CHECK;

/* A copy of the environment with the settings that it lacks and the context has. Free with fam_context_environ_free.
 * NULL when memory is short. */
char **fam_context_environ(char *const *environ_, const struct fam_context *context) FAM_MUST_CHECK;
void fam_context_environ_free(char **environ_);

/* May only its owner write, and nobody outside its group read the file? FAILED_PRECONDITION says how to mend it. */
enum fam_code fam_context_check_token_file(const char *path, struct fam_status *status) FAM_MUST_CHECK;

/* A setting of the environment; NULL when it is not there or empty. */
const char *fam_environ_get(char *const *environ_, const char *name);

#endif
