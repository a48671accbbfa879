/* session.h: conversations: short-lived state of a client, kept in Redis for a day after the last use.
 *
 * One hash `fam:{USER}:session:ID` a session, with its draft beside it (`…:draft`, which expires by itself an hour
 * after the draft was first stored), and one hash `fam:{USER}:sessions` from client to id. All keys of a user share the
 * hash tag. An id is 127 random bits; it is good only together with its user. State, draft and each field's value are
 * sealed by the caller's sealer before they leave, so nothing personal can be read in Redis; names of fields can.
 *
 * Every operation is one atomic script, and no server keeps a copy: what was ended is gone for the next call at any of
 * them, and no update that was on its way brings it back. All fail with UNAVAILABLE while Redis is away. Thread-safe.
 */
#ifndef FAM_SESSION_SESSION_H
#define FAM_SESSION_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/secret.h"
#include "base/status.h"
#include "base/uuid.h"

struct fam_redis;
struct fam_sessions;

enum {
    FAM_SESSION_ID_SIZE = 23,     /* 22 characters of base64url and the NUL */
    FAM_SESSION_CLIENT_SIZE = 33, /* 1 to 32 characters of [a-z0-9_-] and the NUL */
    FAM_SESSION_STATE_BYTES = 8192,
    FAM_SESSION_DRAFT_CHARS = 2000,
    FAM_SESSION_NAME_SIZE = 33, /* a field's: 1 to 32 characters of [a-z0-9_.] and the NUL */
    FAM_SESSION_VALUE_BYTES = 1024,
    FAM_SESSION_FIELDS = 32,
    FAM_SESSION_CLIENTS = 16, /* live sessions of one user */
    /* Longer than any question waits and than a night: words that come to it in the morning are known to be its answer,
     * and no phrase that others may see. */
    FAM_SESSION_TTL_MS = 24 * 60 * 60 * 1000,
    FAM_SESSION_DRAFT_TTL_MS = 60 * 60 * 1000
};
/* Redis's scripts count in doubles. */
#define FAM_SESSION_FENCE_MAX (UINT64_C(1) << 52)

/* Seals and opens under the user's key. `row` is the session's id, `column` "session.state", "session.draft" or
 * "field.NAME", 38 bytes at most: both are bound in as associated data. `open` answers DATA_LOSS for what can't be
 * opened (the key is gone, or it is not ours): such a session is dropped. Called on the caller's thread; may block;
 * thread-safe. */
struct fam_session_sealer {
    void *context;
    enum fam_code (*seal)(void *context, const struct fam_uuid *user, const char *row, const char *column,
                          const void *plain, size_t size, struct fam_buf *ret_sealed, struct fam_status *status);
    enum fam_code (*open)(void *context, const struct fam_uuid *user, const char *row, const char *column,
                          const void *sealed, size_t size, struct fam_buf *ret_plain, struct fam_status *status);
};

struct fam_sessions_options {
    struct fam_redis *redis; /* borrowed */
    struct fam_session_sealer sealer;
    uint32_t ttl_ms;       /* since the last use; 0: FAM_SESSION_TTL_MS */
    uint32_t draft_ttl_ms; /* since the draft was stored; 0: FAM_SESSION_DRAFT_TTL_MS */
};

/* What a client keeps by name. */
struct fam_session_field {
    char name[FAM_SESSION_NAME_SIZE];
    struct fam_secret value; /* never empty */
};

/* One session as it is now. Free with fam_session_done. */
struct fam_session {
    char id[FAM_SESSION_ID_SIZE];
    char client[FAM_SESSION_CLIENT_SIZE];
    struct fam_uuid user;
    uint64_t version; /* 1 when new */
    int64_t created_at_ms;
    int64_t last_activity_ms;
    int64_t last_update_id;
    struct fam_secret state;          /* may be empty */
    struct fam_secret draft;          /* UTF-8; may be empty */
    struct fam_session_field *fields; /* by name; NULL without any */
    size_t field_count;
};

struct fam_session_field_change {
    const char *name;
    const void *value; /* 1 to FAM_SESSION_VALUE_BYTES */
    size_t size;       /* 0 removes the field */
};

struct fam_session_change {
    bool merge; /* the fields alone: version, state, last_update_id and draft are not looked at, and nothing of them is
                   changed but the version, which counts up */
    uint64_t version; /* that the caller has seen */
    uint64_t fence;   /* of the lead that the caller has; 0: none, and the stored one stays */
    const void *state;
    size_t state_size;
    int64_t last_update_id;
    const char *draft; /* valid UTF-8; NULL or "": none. The same text as before keeps its clock. */
    const struct fam_session_field_change *fields; /* others stay; each name once */
    size_t field_count;
};

/* What may be told about a session to those who must not see what it keeps. */
struct fam_session_summary {
    char id[FAM_SESSION_ID_SIZE];
    char client[FAM_SESSION_CLIENT_SIZE];
    uint64_t version;
    int64_t created_at_ms;
    int64_t last_activity_ms;
    int64_t last_update_id;
    char names[FAM_SESSION_FIELDS][FAM_SESSION_NAME_SIZE]; /* of its fields, in order */
    size_t name_count;
};

struct fam_sessions *fam_sessions_new(const struct fam_sessions_options *options,
                                      struct fam_status *status) FAM_MUST_CHECK;
/* Takes NULL. */
void fam_sessions_free(struct fam_sessions *sessions);
void fam_session_done(struct fam_session *session);

/* The user's live session of this client, or a new one; two at once get the same. RESOURCE_EXHAUSTED when the user has
 * live sessions of 16 other clients. */
enum fam_code fam_sessions_create(struct fam_sessions *sessions, const struct fam_uuid *user, const char *client,
                                  struct fam_session *ret_session, bool *ret_created,
                                  struct fam_status *status) FAM_MUST_CHECK;
/* NOT_FOUND for an id that is not this user's, that expired, or that is no id. Counts as use. */
enum fam_code fam_sessions_get(struct fam_sessions *sessions, const struct fam_uuid *user, const char *id,
                               struct fam_session *ret_session, struct fam_status *status) FAM_MUST_CHECK;
/* Replaces state, last_update_id and draft and sets the named fields if the version is still change->version; then it
 * counts one up. With `merge` it sets the named fields alone, whatever the version. Either counts as use. Nothing
 * changes with ABORTED (reason VERSION_MISMATCH; LEAD_LOST when the session was changed under a higher fence),
 * NOT_FOUND when the session is gone, RESOURCE_EXHAUSTED (TOO_MANY_FIELDS) when it would hold more than
 * FAM_SESSION_FIELDS, and INVALID_ARGUMENT for what is too large or no name. */
enum fam_code fam_sessions_update(struct fam_sessions *sessions, const struct fam_uuid *user, const char *id,
                                  const struct fam_session_change *change, struct fam_session *ret_session,
                                  struct fam_status *status) FAM_MUST_CHECK;
/* FAM_OK also when there is none. */
enum fam_code fam_sessions_delete(struct fam_sessions *sessions, const struct fam_uuid *user, const char *id,
                                  struct fam_status *status) FAM_MUST_CHECK;
/* The user's live sessions, newest activity first; no use of them. *ret_list is an array of *ret_count
 * (FAM_SESSION_CLIENTS at most); free() it. Damaged ones are left out. */
enum fam_code fam_sessions_list(struct fam_sessions *sessions, const struct fam_uuid *user,
                                struct fam_session_summary **ret_list, size_t *ret_count,
                                struct fam_status *status) FAM_MUST_CHECK;
/* Ends all of them at once; *ret_deleted is how many were live. With `dry_run` it counts only. */
enum fam_code fam_sessions_delete_all(struct fam_sessions *sessions, const struct fam_uuid *user, bool dry_run,
                                      size_t *ret_deleted, struct fam_status *status) FAM_MUST_CHECK;

#endif
