/* sqlstate.c: see sqlstate.h. */
#include "store/sqlstate.h"

#include <stdio.h>
#include <string.h>

#include "base/compiler.h"

struct meaning {
    const char *prefix; /* the longest that fits wins: exact codes stand before their classes */
    enum fam_code code;
    uint32_t retry_after_ms;
    const char *words;
};

static const struct meaning meanings[] = {
    {"57014", FAM_DEADLINE_EXCEEDED, 0, "the database took too long"},
    {"57P", FAM_UNAVAILABLE, 200, "the database is shutting down or starting"},
    {"08", FAM_UNAVAILABLE, 100, "the connection to the database was lost"},
    {"25P03", FAM_UNAVAILABLE, 100, "the transaction was idle for too long"},
    {"25006", FAM_UNAVAILABLE, 1000, "the database is read-only"},
    {"26000", FAM_UNAVAILABLE, 100, "a prepared statement was dropped"},
    {"40001", FAM_ABORTED, 50, "another transaction was faster"},
    {"40P01", FAM_ABORTED, 50, "two transactions blocked each other"},
    {"55P03", FAM_ABORTED, 200, "another transaction holds the row for too long"},
    {"53", FAM_RESOURCE_EXHAUSTED, 1000, "the database is out of room, memory or connections"},
    {"23505", FAM_ALREADY_EXISTS, 0, "it exists already"},
    {"23503", FAM_NOT_FOUND, 0, "what this refers to does not exist"},
    {"23514", FAM_INVALID_ARGUMENT, 0, "the database refuses the value"},
    {"22", FAM_INVALID_ARGUMENT, 0, "the database refuses the value"},
    {"42P01", FAM_FAILED_PRECONDITION, 0, "the schema is behind: run famserver --migrate"},
    {"42703", FAM_FAILED_PRECONDITION, 0, "the schema is behind: run famserver --migrate"},
    {"3F000", FAM_FAILED_PRECONDITION, 0, "the schema is behind: run famserver --migrate"},
    {"42501", FAM_INTERNAL, 0, "the database role lacks a right"},
};

enum fam_code fam_sqlstate_fail(const char *sqlstate, const char *constraint, struct fam_status *status)
{
    struct meaning found = {"", FAM_INTERNAL, 0, "the database refused a statement"};
    char reason[32];
    for (size_t i = 0; i < FAM_ARRAY_SIZE(meanings); i++) {
        if (strncmp(sqlstate, meanings[i].prefix, strlen(meanings[i].prefix)) == 0) {
            found = meanings[i];
            break;
        }
    }
    snprintf(reason, sizeof(reason), "SQLSTATE_%.5s", sqlstate);
    return fam_fail_reason(status, found.code, reason, found.retry_after_ms, "%s%s%s (SQLSTATE %.5s)", found.words,
                           constraint ? ", constraint " : "", constraint ? constraint : "", sqlstate);
}

bool fam_sqlstate_is(const struct fam_status *status, const char *sqlstate)
{
    return strncmp(status->reason, "SQLSTATE_", 9) == 0 && strcmp(status->reason + 9, sqlstate) == 0;
}
