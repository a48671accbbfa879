/* method.h: what a server knows about a method beside its descriptor: who may call it and how.
 *
 * protobuf-c keeps no options at run time, so one table of the program lists every method; fam_methods_check refuses a
 * table that lacks a method of a served service, or names one that does not exist. */
#ifndef FAM_RPC_METHOD_H
#define FAM_RPC_METHOD_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/status.h"

/* Bits; numbers follow the order of fam.v1.Role. */
enum fam_role { FAM_ROLE_BOT = 1, FAM_ROLE_SERVICE = 2, FAM_ROLE_ADMIN = 4, FAM_ROLE_METRICS = 8 };

enum fam_method_flag {
    FAM_METHOD_ACTING_USER = 1,     /* refused without acting_user_id */
    FAM_METHOD_IDEMPOTENT_KEY = 2,  /* refused without idempotency_key */
    FAM_METHOD_PERSONAL = 4,        /* answers with personal text: admins need a reason, services the right to it */
    FAM_METHOD_INLINE = 8,          /* may be answered on the transport's thread: no I/O, no lock held across I/O */
    FAM_METHOD_WITHOUT_SCHEMA = 16, /* served even while the schema is behind or the database is away */
    FAM_METHOD_PUBLIC = 32,         /* needs no token */
    FAM_METHOD_LONG_POLL = 128,     /* waits for something to happen: counted by a bound of its own, and not timed */
    FAM_METHOD_BOT_ACTING_USER = 64 /* acting_user_id is required of a bot and optional for others */
};

enum { FAM_TIMEOUT_DEFAULT_MS = 30000 };

struct fam_method {
    const char *name;    /* full: "fam.v1.OpsService/Health" */
    unsigned roles;      /* of enum fam_role */
    unsigned flags;      /* of enum fam_method_flag */
    uint32_t timeout_ms; /* when the caller names none; 0: 30,000 */
};

/* A rule for one field of one message; fields without a rule are checked for UTF-8, NUL and enums only. */
struct fam_field_rule {
    const char *field; /* full name: "fam.v1.TranslateRequest.phrase" */
    bool required;     /* present and not empty (a message: set; a number or enum: not 0) */
    int64_t min, max;  /* strings: code points; bytes: size; repeated: count; numbers: value. 0, 0: unbounded */
    /* Of a repeated message: the server counts the elements and does not look into them. The handler checks each by
     * fam_call_check, so that one which breaks a rule fails alone. */
    bool per_item;
};

#endif
