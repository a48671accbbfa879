/* session_private.h: what session.c, session_parse.c and session_fields.c share. Private to session/. */
#ifndef FAM_SESSION_SESSION_PRIVATE_H
#define FAM_SESSION_SESSION_PRIVATE_H

#include "redis/redis.h"
#include "session/session.h"

enum { FAM_SESSION_NUMBER_SIZE = 24, FAM_SESSION_WORD_SIZE = 16 };

struct fam_sessions {
    struct fam_redis *redis;
    struct fam_session_sealer sealer;
    char ttl[FAM_SESSION_NUMBER_SIZE];
    char draft_ttl[FAM_SESSION_NUMBER_SIZE];
    struct fam_redis_script create, get, update, delete, list, delete_all;
};

/* ---- session_parse.c: what the scripts answer ---- */

/* The first item: how the script ended. */
enum fam_code fam_session_parse_word(const struct fam_redis_reply *reply, char ret_word[FAM_SESSION_WORD_SIZE],
                                     struct fam_status *status) FAM_MUST_CHECK;
/* An answer with a session, opened; *ret_session stays as it is for one without. DATA_LOSS when it is damaged or can't
 * be opened. *ret_session is for the caller to free whatever happens. */
enum fam_code fam_session_parse(const struct fam_sessions *sessions, const struct fam_uuid *user,
                                const struct fam_redis_reply *reply, struct fam_session *ret_session,
                                struct fam_status *status) FAM_MUST_CHECK;
/* One of the list's. DATA_LOSS when it is damaged. */
enum fam_code fam_session_parse_summary(const struct fam_redis_reply *reply, struct fam_session_summary *ret_summary,
                                        struct fam_status *status) FAM_MUST_CHECK;

/* ---- session_fields.c: fields on their way to Redis ---- */

/* INVALID_ARGUMENT ("fields") for too many, a bad name, one that comes twice, or a value that is too large. */
enum fam_code fam_session_fields_check(const struct fam_session_field_change *fields, size_t count,
                                       struct fam_status *status) FAM_MUST_CHECK;
/* Seals each value and appends all as the update script reads them. They have been checked. */
enum fam_code fam_session_fields_pack(const struct fam_sessions *sessions, const struct fam_uuid *user, const char *id,
                                      const struct fam_session_field_change *fields, size_t count,
                                      struct fam_buf *ret_packed, struct fam_status *status) FAM_MUST_CHECK;
/* 1 to 32 characters of [a-z0-9_.]. */
bool fam_session_name_is_good(const char *name);

enum { FAM_SESSION_COLUMN_SIZE = 6 + FAM_SESSION_NAME_SIZE };
/* What a field's value is sealed as: "field.NAME". */
void fam_session_column(const char *name, char ret_column[FAM_SESSION_COLUMN_SIZE]);

/* Seals; nothing stays nothing. */
enum fam_code fam_session_seal(const struct fam_sessions *sessions, const struct fam_uuid *user, const char *id,
                               const char *column, const void *plain, size_t size, struct fam_buf *ret_sealed,
                               struct fam_status *status) FAM_MUST_CHECK;

#endif
