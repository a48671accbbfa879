/* export_private.h: between the files of the export: which tables there are (export_tables.c), rows (export_store.c),
 * and what stands inside the seals (export_values.c). */
#ifndef FAM_STORE_EXPORT_PRIVATE_H
#define FAM_STORE_EXPORT_PRIVATE_H

#include "base/buf.h"
#include "base/secret.h"
#include "store/db.h"
#include "store/export_store.h"

/* Under which key a row's sealed columns are. */
enum fam_export_key {
    FAM_EXPORT_CLEAR,  /* there are none */
    FAM_EXPORT_USER,   /* of the owner */
    FAM_EXPORT_FAMILY, /* of the owner */
    FAM_EXPORT_ENTRY,  /* the entry's, wrapped by its author's, the owner's */
    FAM_EXPORT_SHARED  /* the entry's, wrapped by the family's */
};

/* What is inside a sealed column. */
enum fam_export_form {
    FAM_EXPORT_TEXT,
    FAM_EXPORT_NUMBER,
    FAM_EXPORT_DATE,
    FAM_EXPORT_PROFILE,
    FAM_EXPORT_CONTEXT,
    FAM_EXPORT_SAFETY,
    FAM_EXPORT_READING,
    FAM_EXPORT_CHAT,
    FAM_EXPORT_RATING,
    FAM_EXPORT_CORRECTION,
    FAM_EXPORT_NOTIFICATION,
    FAM_EXPORT_ANSWER,  /* of a check-in, apart */
    FAM_EXPORT_ANSWERS, /* all of a check-in */
    FAM_EXPORT_REPORT
};

/* A sealed column; in the order of the statement's columns from FAM_EXPORT_SEALED on. */
struct fam_export_column {
    const char *table, *column; /* its place */
    enum fam_export_form form;
};

/* Columns of each statement; $1 the person, $2 and $3 the cursor, $4 how many. */
enum {
    FAM_EXPORT_ID,        /* uuid: the cursor, and the row's place */
    FAM_EXPORT_PART,      /* integer: the cursor, and the part of a reading's place */
    FAM_EXPORT_PLAIN,     /* text: the clear columns, a JSON object */
    FAM_EXPORT_OWNER,     /* uuid: whose key it is, and the owner of the place */
    FAM_EXPORT_WRAP,      /* bytea: the entry's key; NULL: gone, or none needed */
    FAM_EXPORT_FAMILY_ID, /* uuid: of a shared entry, whose key unwraps */
    FAM_EXPORT_KIND,      /* text: which message a notification holds */
    FAM_EXPORT_ENTRY_ID,  /* uuid: whose key it is, of what is under an entry's */
    FAM_EXPORT_SEALED
};

enum { FAM_EXPORT_COLUMNS = 4 };
struct fam_export_table {
    const char *name;
    enum fam_export_key key;
    bool of_owner; /* the place's row is the owner, not the cursor */
    struct fam_statement statement;
    struct fam_export_column columns[FAM_EXPORT_COLUMNS]; /* ends with one without a table */
};
extern const struct fam_export_table fam_export_tables[];
extern const size_t fam_export_tables_count;

/* Appends the value as JSON. `kind`: of a notification. DATA_LOSS for what can't be understood. */
enum fam_code fam_export_value(enum fam_export_form form, const struct fam_secret *value, const char *kind,
                               struct fam_buf *json, struct fam_status *status) FAM_MUST_CHECK;

#endif
